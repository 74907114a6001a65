//! Who is hit: facilities, shelters, underpasses and bridges that water reaches, when, and in which
//! of the computed cases.

use std::fmt::Write as _;
use std::path::Path;

use geo_types::{Coord, Geometry, LineString, Point, Polygon};
use jiff::{SignedDuration, Timestamp};
use jomo_core::feature::{Code, Feature, FeatureTable, Field, FieldType, Value};
use jomo_core::frame::Position;
use jomo_core::grid::Grid;
use jomo_core::layer::{InputFile, LegendEntry, Symbol};
use jomo_core::projection::forward;
use jomo_format::vector::ReadOptions;
use jomo_words::both;
use serde_json::json;

use super::layers::{Issue, Look, time};
use crate::failure::Failure;
use crate::import::read_features;
use crate::layer_files::csv_cell;
use crate::region::Region;
use crate::source::Source;

/// Id of the layer, and name of the table.
pub(super) const HITS: &str = "flood_hit";
pub(super) const FILE: &str = "hits.csv";
/// The layer of municipalities whose polygons say where a facility stands.
const MUNICIPALITIES: &str = "municipalities";
/// Largest file of facilities, in bytes.
const FILE_MAX: u64 = 256 << 20;
const ZOOMS: std::ops::RangeInclusive<u8> = 8..=14;
/// Colours of the cases: reached in the high, the middle, the low one.
pub(super) const CASE_COLORS: [&str; 3] = ["#c9a227", "#b3541e", "#7a1f1f"];

/// The computed cases, low, middle and high, on the same cells.
pub(super) struct Cases {
    /// Seconds from the reference time at which 0.1 m was reached; `NaN` where it never was.
    pub(super) arrival_s: [Grid<f32>; 3],
    /// Greatest depth, m.
    pub(super) depth_m: [Grid<f32>; 3],
}

/// A place that people care for.
struct Facility {
    id: String,
    name: String,
    kind: String,
    municipality: Option<(String, String)>,
    lon_lat: [f64; 2],
}

/// A facility that water reaches.
struct Hit<'a> {
    facility: &'a Facility,
    /// 3 reached in all cases, 2 in the middle and the high, 1 in the high alone.
    class: u8,
    /// When it is reached in the high and in the middle case.
    reached: [Option<Timestamp>; 2],
    /// Greatest depth in the high case, m.
    depth_m: f64,
}

/// Features, and the columns of id and label.
type Labelled = (FeatureTable, Option<usize>, Option<usize>);

/// The facilities of a region.
pub(super) struct Facilities {
    all: Vec<Facility>,
    pub(super) inputs: Vec<InputFile>,
}

impl Facilities {
    /// Reads the layers that the region names.
    pub(super) fn read(region: &Region) -> Result<Self, Failure> {
        let mut read = Self { all: Vec::new(), inputs: Vec::new() };
        if region.rivers.facilities.is_empty() {
            return Ok(read);
        }
        let areas = read.layer(region, MUNICIPALITIES)?.map(|(table, id, label)| {
            let of = |feature: &Feature| {
                let text = |column: &Option<usize>| column.and_then(|at| text_of(feature, at));
                Some((text(&id)?, text(&label)?, feature.geometry.clone()))
            };
            table.features.iter().filter_map(of).collect::<Vec<_>>()
        });
        let areas = areas.unwrap_or_default();
        for layer in &region.rivers.facilities {
            let Some((table, id, label)) = read.layer(region, layer)? else { continue };
            let kind = table.fields.iter().position(|field| field.name == "kind");
            for feature in &table.features {
                let Some(lon_lat) = middle(&feature.geometry) else { continue };
                let text = |column: Option<usize>| column.and_then(|at| text_of(feature, at));
                let home = areas.iter().find(|(_, _, area)| is_inside(area, lon_lat));
                read.all.push(Facility {
                    id: text(id).unwrap_or_else(|| feature.id.clone()),
                    name: text(label).unwrap_or_default(),
                    kind: text(kind).unwrap_or_else(|| layer.clone()),
                    municipality: home.map(|(code, name, _)| (code.clone(), name.clone())),
                    lon_lat,
                });
            }
        }
        Ok(read)
    }

    /// A layer's features, and the columns of id and label.
    fn layer(&mut self, region: &Region, layer: &str) -> Result<Option<Labelled>, Failure> {
        let description = region.describe(layer);
        let Some(path) = &description.source else { return Ok(None) };
        let source = Source::read(path, FILE_MAX)?;
        let options =
            ReadOptions { id_field: description.id_field.clone(), ..ReadOptions::default() };
        let read = read_features(path, &source.bytes, &options)?;
        self.inputs.push(source.file);
        let column = |name: &Option<String>| {
            let name = name.as_ref()?;
            read.table.fields.iter().position(|field| field.name == *name)
        };
        let (id, label) = (column(&description.id_field), column(&description.label_field));
        Ok(Some((read.table, id, label)))
    }

    /// Those that water reaches, in the order of time, then of municipality and id.
    fn hit<'a>(&'a self, cases: &Cases, reference_time: Timestamp) -> Vec<Hit<'a>> {
        let mut hits: Vec<Hit<'a>> = self
            .all
            .iter()
            .filter_map(|facility| Hit::of(facility, cases, reference_time))
            .collect();
        hits.sort_by(|a, b| {
            let key = |hit: &Hit| {
                let code = hit.facility.municipality.as_ref().map(|(code, _)| code.clone());
                (hit.reached[0], code, hit.facility.id.clone())
            };
            key(a).cmp(&key(b))
        });
        hits
    }
}

impl<'a> Hit<'a> {
    fn of(facility: &'a Facility, cases: &Cases, reference_time: Timestamp) -> Option<Self> {
        let zone = cases.depth_m[0].placement().zone;
        let at = forward(zone, Position::lon_lat(facility.lon_lat)).ok()?.xy;
        // A building is larger than a point, and addresses are not exact: any cell around counts.
        let first = |grid: &Grid<f32>| around(grid, at).fold(f64::NAN, f64::min);
        let arrival: Vec<f64> = cases.arrival_s.iter().map(first).collect();
        let reached = |case: usize| {
            let seconds = arrival[case];
            let after = SignedDuration::try_from_secs_f64(seconds.ceil()).ok();
            after
                .filter(|_| seconds.is_finite())
                .and_then(|after| reference_time.checked_add(after).ok())
        };
        let [low, middle, high] = [0, 1, 2].map(reached);
        let class = match (low, middle, high) {
            (Some(_), ..) => 3,
            (None, Some(_), _) => 2,
            (None, None, Some(_)) => 1,
            (None, None, None) => return None,
        };
        let depth_m = around(&cases.depth_m[2], at).fold(0.0, f64::max);
        // What the low case reaches the high one does not always: the members differ in place.
        let early = [low, middle, high].into_iter().flatten().min();
        Some(Self { facility, class, reached: [early, middle], depth_m })
    }

    fn feature(&self) -> Feature {
        let Facility { id, name, kind, municipality, lon_lat } = self.facility;
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        let (code, municipality) = match municipality {
            Some((code, name)) => (text(code), text(name)),
            None => (None, None),
        };
        let values = vec![
            text(name),
            Some(Value::Int(self.class.into())),
            text(kind),
            code,
            municipality,
            time(self.reached[0]),
            time(self.reached[1]),
            Some(Value::Int(depth_class(self.depth_m))),
        ];
        let geometry = Geometry::Point(Point::from(*lon_lat));
        Feature { id: id.clone(), geometry, values }
    }
}

/// Class of a depth, detailed edition: a place has a class, no depth of its own.
fn depth_class(depth_m: f64) -> i64 {
    let bounds = [0.3, 0.5, 1.0, 3.0, 5.0, 10.0, 20.0];
    1 + i64::try_from(bounds.partition_point(|bound| *bound <= depth_m)).unwrap_or(0)
}

/// Values of the cell at a place and of the eight around it; none outside.
fn around(grid: &Grid<f32>, [x, y]: [f64; 2]) -> impl Iterator<Item = f64> {
    let cell_m = grid.placement().cell_size_m;
    let near = [cell_m, 0.0, -cell_m];
    near.into_iter()
        .flat_map(move |north_m| near.map(|west_m| [x - west_m, y + north_m]))
        .filter_map(|at_m| grid.value_at(at_m).map(f64::from))
        .filter(|value| !value.is_nan())
}

fn text_of(feature: &Feature, column: usize) -> Option<String> {
    let value = feature.values.get(column)?.as_ref()?;
    Some(crate::region::RowFilter::text(value))
}

/// The point of a place: of an outline or a line the middle of its box.
fn middle(geometry: &Geometry<f64>) -> Option<[f64; 2]> {
    let mut bounds: Option<[f64; 4]> = None;
    each_coordinate(geometry, &mut |Coord { x, y }| {
        let [west, south, east, north] = bounds.unwrap_or([x, y, x, y]);
        bounds = Some([west.min(x), south.min(y), east.max(x), north.max(y)]);
    });
    bounds.map(|[west, south, east, north]| [0.5 * (west + east), 0.5 * (south + north)])
}

fn each_coordinate(geometry: &Geometry<f64>, visit: &mut impl FnMut(Coord<f64>)) {
    let mut line = |line: &LineString<f64>| line.0.iter().for_each(|at| visit(*at));
    match geometry {
        Geometry::Point(point) => visit(point.0),
        Geometry::MultiPoint(points) => points.0.iter().for_each(|point| visit(point.0)),
        Geometry::LineString(own) => line(own),
        Geometry::MultiLineString(lines) => lines.0.iter().for_each(line),
        Geometry::Polygon(own) => line(own.exterior()),
        Geometry::MultiPolygon(polygons) => {
            polygons.0.iter().for_each(|polygon| line(polygon.exterior()));
        }
        _ => {}
    }
}

fn is_inside(area: &Geometry<f64>, at: [f64; 2]) -> bool {
    match area {
        Geometry::Polygon(polygon) => in_polygon(polygon, at),
        Geometry::MultiPolygon(polygons) => polygons.0.iter().any(|one| in_polygon(one, at)),
        _ => false,
    }
}

/// Even-odd rule: a ray to the east crosses an odd number of edges.
fn in_polygon(polygon: &Polygon<f64>, [x, y]: [f64; 2]) -> bool {
    let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
    let edges = rings.flat_map(|ring| ring.0.windows(2));
    let crossed = edges.filter(|edge| {
        let (a, b) = (edge[0], edge[1]);
        let spans = (a.y <= y) != (b.y <= y);
        spans && x < a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x)
    });
    crossed.count() % 2 == 1
}

fn fields() -> Vec<Field> {
    let titled = |name: &str, kind, words: &str| Field::new(name, kind, both(words));
    let mut class = titled("case", FieldType::Int, "field-flood-hit");
    class.codes = (1..)
        .zip(CASE_COLORS)
        .map(|(value, color)| Code {
            value: json!(value),
            label: both(&format!("flood-hit-{value}")),
            color: Some(color.to_owned()),
        })
        .collect();
    let mut depth = titled("depth_class", FieldType::Int, "field-depth-class");
    depth.codes = (1..=8)
        .map(|value| Code {
            value: json!(value),
            label: both(&format!("flood-depth-detailed-{value}")),
            color: None,
        })
        .collect();
    vec![
        titled("name", FieldType::Text, "field-name"),
        class,
        titled("kind", FieldType::Text, "field-facility-kind"),
        titled("municipality_code", FieldType::Text, "field-municipality-code"),
        titled("municipality", FieldType::Text, "field-municipality"),
        Field::time("reached_early", both("field-reached-early")),
        Field::time("reached_at", both("field-reached-at")),
        depth,
    ]
}

/// The layer and the table of what is hit.
pub(super) fn put(
    issue: &Issue<'_>,
    stage: &Path,
    facilities: &Facilities,
    cases: &Cases,
) -> Result<(jomo_core::layer::Layer, String), Failure> {
    let hits = facilities.hit(cases, issue.reference_time);
    let mut color = vec![json!("match"), json!(["get", "case"])];
    for (class, css) in (1..).zip(CASE_COLORS) {
        color.extend([json!(class), json!(css)]);
    }
    color.push(json!(CASE_COLORS[0]));
    let entry = |(class, css): (i32, &str)| LegendEntry {
        label: both(&format!("flood-hit-{class}")),
        color: css.to_owned(),
        symbol: Symbol::Circle,
    };
    let look = Look {
        id: HITS,
        fields: fields(),
        style: vec![json!({
            "type": "circle",
            "paint": {
                "circle-color": color,
                "circle-radius": 6,
                "circle-stroke-color": "#1d1d1d",
                "circle-stroke-width": 1.5,
            },
        })],
        legend: vec![
            entry((3, CASE_COLORS[2])),
            entry((2, CASE_COLORS[1])),
            entry((1, CASE_COLORS[0])),
        ],
        zooms: ZOOMS,
        hidden: false,
    };
    let table = table(issue.reference_time, &hits);
    let features = hits.iter().map(Hit::feature).collect();
    let more = vec![(FILE.to_owned(), table.clone().into_bytes())];
    Ok((issue.put(stage, look, features, more)?, table))
}

/// One row for each facility, by time; cells that a spreadsheet would compute are neutralised.
fn table(reference_time: Timestamp, hits: &[Hit<'_>]) -> String {
    let mut text = String::from(
        "reference_time,reached_early,reached_at,municipality_code,municipality,kind,id,name,case,depth_class\n",
    );
    for hit in hits {
        let Facility { id, name, kind, municipality, .. } = hit.facility;
        let told = |time: Option<Timestamp>| time.map_or_else(String::new, |time| time.to_string());
        let (code, municipality) = match municipality {
            Some((code, name)) => (code.as_str(), name.as_str()),
            None => ("", ""),
        };
        let cells = [code, municipality, kind, id, name].map(csv_cell);
        let _ = writeln!(
            text,
            "{reference_time},{},{},{},{},{}",
            told(hit.reached[0]),
            told(hit.reached[1]),
            cells.join(","),
            hit.class,
            depth_class(hit.depth_m),
        );
    }
    text
}
