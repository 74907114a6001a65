//! `jomo flood rain`: JMA's gridded rain over a region, published as time-stepped tiles.
//!
//! Each valid time becomes one feature per cell with data, zero included. Tiles up to zoom 9
//! hold the cells of a class as one polygon, because cells are there smaller than a pixel.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use geo_types::{Geometry, LineString, Polygon};
use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_core::feature::{Code, Feature, FeatureTable, Field, FieldType, Value};
use jomo_core::layer::{Access, Kind, Layer, LegendEntry, Mode, SPEC_VERSION, Symbol};
use jomo_core::mesh::GridSquare;
use jomo_core::message::{Arguments, Coded, Names};
use jomo_coverage::polygonise;
use jomo_format::grib2::{self, GribError, LatLonGrid, LevelGrid, Quantity, Submessage};
use jomo_store::LayerStage;
use jomo_tile::LayerSource;
use jomo_words::both;
use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::layer_files::write_step;
use crate::outcome::Outcome;
use crate::region::Region;
use crate::run::{Context, Made, Plan, Target, record_failure};
use crate::source::Source;

/// Name of the command in records.
const COMMAND: &str = "flood rain";
/// Id of the layer.
pub const LAYER: &str = "rain_forecast";
/// Largest GRIB2 file that is read, in bytes; the largest known product has 120 MB.
const GRIB_MAX: u64 = 512 << 20;
/// Zooms with one polygon per class, and with single cells.
const CLASS_ZOOMS: std::ops::RangeInclusive<u8> = 4..=9;
const CELL_ZOOMS: std::ops::RangeInclusive<u8> = 10..=11;
/// How long after its reference time a product can still be live.
const LIVE_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// How far ahead of our clock a reference time may lie: clocks differ by seconds, not minutes.
pub(crate) const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(10);

/// Lower bounds of the classes in mm/h and their colours. Class 1 is no rain; the bounds and
/// colours of 2 to 9 are those of 気象庁ホームページにおける気象情報の配色に関する設定指針.
const CLASSES: [(f64, &str); 9] = [
    (f64::NEG_INFINITY, "#ffffff"),
    (0.0, "#f2f2ff"),
    (1.0, "#a0d2ff"),
    (5.0, "#218cff"),
    (10.0, "#0041ff"),
    (20.0, "#faf500"),
    (30.0, "#ff9900"),
    (50.0, "#ff2800"),
    (80.0, "#b40068"),
];

/// What to publish rain from.
#[derive(Clone, Debug)]
pub struct RainRequest {
    /// GRIB2 files.
    pub grib: Vec<PathBuf>,
    /// The region file.
    pub region: PathBuf,
    /// Where the layer goes.
    pub target: Target,
}

/// Why rain could not be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RainError {
    /// No field of the files is rain.
    #[error("no precipitation among the fields {}", Names(found))]
    NoRain {
        /// What the files hold.
        found: Vec<String>,
    },
    /// No cell of the region holds data.
    #[error("no cell of the region {bbox:?} holds data")]
    NoData {
        /// The region's box in degrees.
        bbox: [f64; 4],
    },
    /// The region lies outside the grid.
    #[error("the region {bbox:?} lies outside the grid {grid:?}")]
    Outside {
        /// The region's box in degrees.
        bbox: [f64; 4],
        /// The grid's box in degrees.
        grid: [f64; 4],
    },
    /// Two files have different grids.
    #[error("the files have different grids: {first:?} and {second:?}")]
    Grids {
        /// Box of the first grid in degrees.
        first: [f64; 4],
        /// Box of the other grid in degrees.
        second: [f64; 4],
    },
    /// A product that its issuer marks as a test, for a real region.
    #[error("production status {status} is not operational")]
    NotOperational {
        /// Section 1, octet 20 (code table 1.3).
        status: u8,
    },
    /// A product that is no test, for a region that is invented: its forecast would be public
    /// (気象業務法 17条).
    #[error("the operational product of {reference} is not for a region with `fictional = true`")]
    Operational {
        /// Reference time of the product.
        reference: Timestamp,
    },
    /// The reference time lies in the future.
    #[error("reference time {reference} is after the clock {now}")]
    Future {
        /// As the file says.
        reference: Timestamp,
        /// Our clock.
        now: Timestamp,
    },
}

impl Coded for RainError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoRain { .. } => "rain-none",
            Self::NoData { .. } => "rain-no-data",
            Self::Outside { .. } => "rain-outside",
            Self::Grids { .. } => "rain-grids",
            Self::NotOperational { .. } => "rain-not-operational",
            Self::Operational { .. } => "rain-operational",
            Self::Future { .. } => "rain-future",
        }
    }

    fn arguments(&self) -> Arguments {
        let corners = |[west, south, east, north]: &[f64; 4]| {
            format!("{west:.3}, {south:.3}, {east:.3}, {north:.3}")
        };
        match self {
            Self::NoRain { found } => {
                vec![("found", Names(found).shown()), ("more", Names(found).more())]
            }
            Self::NoData { bbox } => vec![("bbox", corners(bbox))],
            Self::Outside { bbox, grid } => vec![("bbox", corners(bbox)), ("grid", corners(grid))],
            Self::Grids { first, second } => {
                vec![("first", corners(first)), ("second", corners(second))]
            }
            Self::NotOperational { status } => vec![("status", status.to_string())],
            Self::Operational { reference } => vec![
                ("reference", jomo_core::time::jst_text(*reference)),
                ("key", "fictional = true".to_owned()),
            ],
            Self::Future { reference, now } => vec![
                ("reference", jomo_core::time::jst_text(*reference)),
                ("now", jomo_core::time::jst_text(*now)),
            ],
        }
    }
}

/// Reads the files, cuts out the region and publishes the layer.
///
/// # Errors
/// If a file is not sound GRIB2, holds no rain over the region, or the result cannot be written.
pub fn run(request: &RainRequest, context: &Context) -> Result<Outcome, Failure> {
    record_failure(COMMAND, &request.target, context, || publish(request, context))
}

fn publish(request: &RainRequest, context: &Context) -> Result<Outcome, Failure> {
    let region = Region::open(&request.region)?;
    context.progress.stage("read", None);
    let mut sources = Vec::new();
    for path in &request.grib {
        sources.push(Source::read(path, GRIB_MAX)?);
    }
    let chosen = choose(request, &sources, &region)?;
    let reference_time = latest(&chosen.steps, context.now)?;
    let mode = mode(&region, reference_time, context.now);
    let inputs = sources.iter().map(|source| source.file.clone()).collect();
    let plan = plan(&region, mode, inputs);
    plan.execute(context, &request.target, |plan, stage| {
        make(&Work { plan, region: &region, mode, reference_time, chosen: &chosen, context }, stage)
    })
}

fn plan(region: &Region, mode: Mode, inputs: Vec<jomo_core::layer::InputFile>) -> Plan {
    Plan {
        command: COMMAND,
        settings: BTreeMap::from([
            ("bbox".to_owned(), json!(region.bbox)),
            ("region".to_owned(), json!(region.id)),
            ("mode".to_owned(), json!(mode)),
            ("valid_for_min".to_owned(), json!(region.rainfall.valid_for_min)),
            ("attribution".to_owned(), json!(region.rainfall.attribution)),
            ("licence".to_owned(), json!(region.rainfall.licence)),
        ]),
        inputs,
        layers: vec![LAYER.to_owned()],
    }
}

/// The rain of the newest reference time: an older run beside it is superseded, and an analysis
/// gives way to the forecast that begins with it, so that a layer is one product of one moment.
fn choose<'a>(
    request: &RainRequest,
    sources: &'a [Source],
    region: &Region,
) -> Result<Chosen<'a>, Failure> {
    let mut found = Vec::new();
    let mut others = Vec::new();
    for (path, source) in request.grib.iter().zip(sources) {
        for field in grib2::read(&source.bytes).map_err(|fault| Failure::input(path, fault))? {
            // Cutting out a window stops early; damage behind it says that the file is not whole.
            field.check().map_err(|fault| Failure::input(path, fault))?;
            let product = field.product();
            if product.quantity() != Some(Quantity::HourlyRain) {
                others.push(format!("{}/{}", product.category, product.number));
                continue;
            }
            let fits = check_status(&field, region);
            fits.map_err(|error| Failure::new(Exit::Blocked, error).at(path))?;
            found.push((path, field));
        }
    }
    let rank = |field: &Submessage<'_>| (field.identification().reference_time, is_forecast(field));
    let Some(best) = found.iter().map(|(_, field)| rank(field)).max() else {
        others.sort();
        others.dedup();
        let failure = Failure::new(Exit::Input, RainError::NoRain { found: others });
        return Err(match request.grib.first() {
            Some(path) => failure.at(path),
            None => failure,
        });
    };
    let mut chosen = Chosen { steps: BTreeMap::new(), forecast: best.1, superseded: 0 };
    let mut grid: Option<LatLonGrid> = None;
    for (path, field) in found {
        if rank(&field) != best {
            chosen.superseded += 1;
            continue;
        }
        let own = *field.grid();
        let first = *grid.get_or_insert(own);
        if first != own {
            let (first, second) = (first.bounds_deg(), own.bounds_deg());
            return Err(Failure::input(path, RainError::Grids { first, second }));
        }
        chosen.steps.insert(field.product().valid_time, field);
    }
    Ok(chosen)
}

/// Tests are for invented regions, operational products for real ones: what is made of real rain is
/// never marked as invented, which would make it public.
pub(crate) fn check_status(field: &Submessage<'_>, region: &Region) -> Result<(), RainError> {
    let product = field.identification();
    match (product.status, region.fictional) {
        (0, true) => Err(RainError::Operational { reference: product.reference_time }),
        (0, false) | (1.., true) => Ok(()),
        (status, false) => Err(RainError::NotOperational { status }),
    }
}

/// The fields of one product and one reference time, by valid time.
struct Chosen<'a> {
    steps: BTreeMap<Timestamp, Submessage<'a>>,
    forecast: bool,
    superseded: u64,
}

/// Whether a field lies ahead of its reference time.
fn is_forecast(field: &Submessage<'_>) -> bool {
    field.identification().reference_time < field.product().valid_time
}

fn latest(
    steps: &BTreeMap<Timestamp, Submessage<'_>>,
    now: Timestamp,
) -> Result<Timestamp, Failure> {
    let times = steps.values().map(|field| field.identification().reference_time);
    let reference = times.max().unwrap_or(now);
    if now.saturating_add(CLOCK_SKEW).is_ok_and(|limit| limit < reference) {
        return Err(Failure::new(Exit::Blocked, RainError::Future { reference, now }));
    }
    Ok(reference)
}

/// Live only within a day of its reference time: anything older is a replay.
pub(crate) fn mode(region: &Region, reference_time: Timestamp, now: Timestamp) -> Mode {
    if region.fictional {
        Mode::Fictional
    } else if now.duration_since(reference_time) <= LIVE_WITHIN {
        Mode::Live
    } else {
        Mode::Replay
    }
}

struct Work<'a> {
    plan: &'a Plan,
    region: &'a Region,
    mode: Mode,
    reference_time: Timestamp,
    chosen: &'a Chosen<'a>,
    context: &'a Context,
}

fn make(work: &Work<'_>, stage: &Path) -> Result<Made, Failure> {
    let mut stage = LayerStage::begin(stage, LAYER)?;
    let mut layer = describe(work);
    let mut counts = BTreeMap::from([("superseded".to_owned(), work.chosen.superseded)]);
    work.context.progress.stage("rain", Some(work.chosen.steps.len() as u64));
    for (done, (&time, field)) in (1..).zip(&work.chosen.steps) {
        let grid = field.grid();
        let outside = || RainError::Outside { bbox: work.region.bbox, grid: grid.bounds_deg() };
        let window = grid.window_of(work.region.bbox);
        let window = window.ok_or_else(|| Failure::new(Exit::Input, outside()))?;
        let rain =
            field.decode(&window).map_err(|fault: GribError| Failure::new(Exit::Input, fault))?;
        let cells = cells(grid, &rain);
        let classes = class_polygons(grid, &rain);
        let published = FeatureTable {
            fields: layer.fields[..1].to_vec(),
            features: cells
                .features
                .iter()
                .map(|cell| Feature { values: cell.values[..1].to_vec(), ..cell.clone() })
                .collect(),
        };
        let sources = [
            LayerSource { name: LAYER, table: &classes, zooms: CLASS_ZOOMS },
            LayerSource { name: LAYER, table: &cells, zooms: CELL_ZOOMS },
        ];
        let report = write_step(&mut stage, &layer, Some(time), &published, &sources)?;
        layer.feature_count = layer.feature_count.max(published.features.len() as u64);
        layer.bbox = outline(grid, &window);
        *counts.entry("features".to_owned()).or_insert(0) += published.features.len() as u64;
        *counts.entry("tiles".to_owned()).or_insert(0) += report.tiles;
        work.context.progress.step("rain", done);
    }
    if layer.feature_count == 0 {
        let error = RainError::NoData { bbox: work.region.bbox };
        return Err(Failure::new(Exit::Input, error));
    }
    let layer = stage.finish(layer, work.context.now)?;
    Ok(Made { layers: vec![layer], faults: Faults::default(), counts, ..Made::default() })
}

/// One feature per cell with data: its square, `rain_mm` and `rain_class`.
fn cells(grid: &LatLonGrid, rain: &LevelGrid) -> FeatureTable {
    let [rows, columns] = rain.shape();
    let window = rain.window();
    let mut features = Vec::with_capacity(rows * columns);
    for (row, row_of_grid) in (0..rows).zip(window.rows.clone()) {
        for (column, column_of_grid) in (0..columns).zip(window.columns.clone()) {
            let Some(rain_mm) = rain.value_at(row, column) else { continue };
            let (id, bounds) = place(grid, row_of_grid, column_of_grid);
            let geometry = Geometry::Polygon(rectangle(bounds));
            let class = i64::from(class_of(rain_mm));
            let values = vec![Some(Value::Float(rain_mm)), Some(Value::Int(class))];
            features.push(Feature { id, geometry, values });
        }
    }
    FeatureTable { fields: fields(), features }
}

/// Code of the standard grid square where the grid is JMA's 1 km grid, else row and column.
fn place(grid: &LatLonGrid, row: u32, column: u32) -> (String, [f64; 4]) {
    match GridSquare::new(row, column) {
        Some(square) if *grid == LatLonGrid::JMA_1KM => {
            (square.code().to_string(), square.bounds_deg())
        }
        _ => {
            let window = grib2::Window { rows: row..row + 1, columns: column..column + 1 };
            (format!("r{row}c{column}"), grid.bounds_of(&window))
        }
    }
}

/// Outer edges of the cells of a window, to the last bit those of its corner cells.
fn outline(grid: &LatLonGrid, window: &grib2::Window) -> [f64; 4] {
    let last = |range: &std::ops::Range<u32>| range.end.saturating_sub(1);
    let (_, [west, _, _, north]) = place(grid, window.rows.start, window.columns.start);
    let (_, [_, south, east, _]) = place(grid, last(&window.rows), last(&window.columns));
    [west, south, east, north]
}

fn rectangle([west, south, east, north]: [f64; 4]) -> Polygon<f64> {
    let ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
    Polygon::new(LineString::from(ring.to_vec()), Vec::new())
}

/// The class of an amount, 1 to 9; 0 is no data.
fn class_of(rain_mm: f64) -> u8 {
    if rain_mm <= 0.0 {
        return 1;
    }
    let below = CLASSES.iter().skip(1).take_while(|(from, _)| *from <= rain_mm).count();
    u8::try_from(below + 1).unwrap_or(u8::MAX)
}

fn class_polygons(grid: &LatLonGrid, rain: &LevelGrid) -> FeatureTable {
    let [rows, columns] = rain.shape();
    let mut classes = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        classes.extend((0..columns).map(|column| rain.value_at(row, column).map_or(0, class_of)));
    }
    let window = rain.window();
    let [first_row, first_column] = [window.rows.start, window.columns.start];
    let corner = |row: usize, column: usize| {
        let at = |first: u32, step: usize| first + u32::try_from(step).unwrap_or(u32::MAX - first);
        let (row, column) = (at(first_row, row), at(first_column, column));
        let (_, [west, _, _, north]) = place(grid, row, column);
        [west, north]
    };
    let polygons = polygonise([rows, columns], &classes, corner);
    let features = polygons
        .into_iter()
        .map(|(class, polygon)| Feature {
            id: format!("class-{class}"),
            geometry: Geometry::MultiPolygon(polygon),
            values: vec![Some(Value::Int(i64::from(class)))],
        })
        .collect();
    FeatureTable { fields: fields()[1..].to_vec(), features }
}

fn fields() -> Vec<Field> {
    let mut class = Field::new("rain_class", FieldType::Int, both("field-rain-class"));
    class.codes = (1..)
        .zip(CLASSES)
        .map(|(value, (_, color))| Code {
            value: json!(value),
            label: both(&format!("rain-class-{value}")),
            color: Some(color.to_owned()),
        })
        .collect();
    vec![Field::new("rain_mm", FieldType::Float, both("field-rain-mm")).with_unit("mm"), class]
}

fn describe(work: &Work<'_>) -> Layer {
    let Work { plan, region, mode, reference_time, chosen, .. } = work;
    let valid_for = SignedDuration::try_from_secs_f64(60.0 * region.rainfall.valid_for_min);
    let expires = valid_for.ok().and_then(|time| reference_time.checked_add(time).ok());
    let title = both(match (chosen.forecast, region.fictional) {
        (true, false) => "layer-rain",
        (true, true) => "layer-rain-fictional",
        (false, false) => "layer-rain-analysis",
        (false, true) => "layer-rain-analysis-fictional",
    });
    let default_credit = || both("credit-jma");
    Layer {
        spec: SPEC_VERSION,
        id: LAYER.to_owned(),
        version: String::new(),
        title,
        kind: Kind::Relayed,
        mode: *mode,
        access: Access::Public,
        audience: Vec::new(),
        row_access: None,
        attribution: region.rainfall.attribution.clone().unwrap_or_else(default_credit),
        licence: region.rainfall.licence.clone().unwrap_or_else(|| both("licence-jma").ja),
        source_crs: "EPSG:6668".to_owned(),
        bbox: region.bbox,
        minzoom: *CLASS_ZOOMS.start(),
        maxzoom: *CELL_ZOOMS.end(),
        fields: fields(),
        style: style(),
        legend: legend(),
        legend_title: None,
        hidden: false,
        feature_count: 0,
        reference_time: Some(*reference_time),
        valid_times: chosen.steps.keys().copied().collect(),
        expires: expires.filter(|_| *mode == Mode::Live),
        clock: (*mode != Mode::Live).then_some(*reference_time),
        run: plan.provenance(&Faults::default(), &Faults::default()),
        files: BTreeMap::new(),
    }
}

/// Fills by class; no rain is drawn as a faint veil, so that it differs from no data.
fn style() -> Vec<serde_json::Value> {
    let mut color = vec![json!("match"), json!(["get", "rain_class"])];
    let mut opacity = color.clone();
    for (class, (_, css)) in (1..).zip(CLASSES) {
        color.extend([json!(class), json!(css)]);
        opacity.extend([json!(class), json!(if class == 1 { 0.3 } else { 0.75 })]);
    }
    color.push(json!("#00000000"));
    opacity.push(json!(0));
    vec![json!({
        "type": "fill",
        "paint": {
            "fill-color": color,
            "fill-opacity": opacity,
            "fill-antialias": false,
        },
    })]
}

fn legend() -> Vec<LegendEntry> {
    (1..)
        .zip(CLASSES)
        .map(|(class, (_, color))| LegendEntry {
            label: both(&format!("rain-class-{class}")),
            color: color.to_owned(),
            symbol: Symbol::Fill,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bounds of the classes belong to the upper class, as in JMA's own maps.
    #[test]
    fn amounts_fall_into_their_class() {
        let classes = [
            (0.0, 1),
            (0.4, 2),
            (1.0, 3),
            (4.0, 3),
            (5.0, 4),
            (10.0, 5),
            (20.0, 6),
            (30.0, 7),
            (50.0, 8),
            (79.0, 8),
            (80.0, 9),
            (255.0, 9),
        ];
        for (rain_mm, class) in classes {
            assert_eq!(class_of(rain_mm), class, "{rain_mm} mm");
        }
    }
}
