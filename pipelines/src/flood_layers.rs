//! `jomo flood layers`: the rasters of a simulated flood, published as areas of classes.
//!
//! Each depth raster becomes one step of `flood_depth`; greatest depth, arrival, duration and
//! v² h become a layer each. An area is a 4-connected group of cells of one class; neighbours
//! share their borders to the last bit. Cells that are wet at the start are the river.

mod areas;
mod theme;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_core::grid::Grid;
use jomo_core::layer::{Access, InputFile, Kind, Layer, Mode, SPEC_VERSION, Text};
use jomo_core::message::{Arguments, Coded};
use jomo_core::organisation::OrganisationKind;
use jomo_core::projection::ProjectionError;
use jomo_format::geotiff::{self, Limits};
use jomo_store::{LayerStage, LayerVersion};
use jomo_tile::LayerSource;
use jomo_words::both;
use serde_json::{Value, json};

pub(crate) use self::areas::Corners;
use self::areas::{Areas, Domain, areas};
pub use self::theme::{DRY, Edition, RIVER, SHOWN_FROM_M, Theme};
use crate::failure::{CommandError, Exit, Failure};
use crate::layer_files::write_step;
use crate::outcome::Outcome;
use crate::rain::{CLOCK_SKEW, mode};
use crate::region::Region;
use crate::run::{Context, Made, Plan, Target, read_record, record_failure};
use crate::source::Source;

/// Name of the command in records, and of the one that made the rasters.
const COMMAND: &str = "flood layers";
const SIMULATE: &str = "flood simulate";
/// Largest raster file that is read, in bytes.
const RASTER_MAX: u64 = 4 << 30;
/// Most steps: each is an archive of its own.
const STEPS_MAX: usize = 1_000;
/// Zooms with the larger areas, and with all. A cell of 10 m is 1.2 pixels at zoom 14.
const COARSE_ZOOMS: std::ops::RangeInclusive<u8> = 6..=12;
const FINE_ZOOMS: std::ops::RangeInclusive<u8> = 13..=14;

/// What to publish a flood from.
#[derive(Clone, Debug)]
pub struct LayersRequest {
    /// Folder of a finished `jomo flood simulate`.
    pub run: PathBuf,
    /// The region file.
    pub region: PathBuf,
    /// The moment at which the simulation begins: 初期時刻.
    pub start: Timestamp,
    /// Depth classes on the map.
    pub edition: Edition,
    /// Where the layers go.
    pub target: Target,
}

/// Why a flood could not be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayersError {
    /// The folder holds no finished run of `jomo flood simulate`.
    #[error("{path} holds no finished run of `jomo flood simulate`")]
    NoRun {
        /// The folder.
        path: String,
    },
    /// Arrival or duration of the run is of another depth than the layers say.
    #[error("the run has {key} = {found}, the layers tell of {expected}")]
    Depth {
        /// The setting of the case.
        key: &'static str,
        /// Its value in the run, m.
        found: f64,
        /// The value of the layers, m.
        expected: f64,
    },
    /// There is no depth raster after the start, or too many.
    #[error("{found} depth rasters, 1 to {STEPS_MAX} expected")]
    Steps {
        /// Number found.
        found: usize,
    },
    /// Two rasters lie on different cells.
    #[error("the rasters {first} and {other} have different cells")]
    Cells {
        /// The first one.
        first: String,
        /// The other.
        other: String,
    },
    /// The end of the simulation leaves the range of time, or its start lies ahead.
    #[error("no simulation begins at {start}")]
    Start {
        /// The start as given.
        start: Timestamp,
    },
    /// The rasters lie where the zone does not reach.
    #[error(transparent)]
    Place(#[from] ProjectionError),
}

impl Coded for LayersError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoRun { .. } => "flood-layers-run",
            Self::Depth { .. } => "flood-layers-depth",
            Self::Steps { .. } => "flood-layers-steps",
            Self::Cells { .. } => "flood-layers-cells",
            Self::Start { .. } => "flood-layers-start",
            Self::Place(_) => "flood-layers-place",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::NoRun { path } => vec![("path", path.clone())],
            Self::Depth { key, found, expected } => vec![
                ("key", (*key).to_owned()),
                ("found", found.to_string()),
                ("expected", expected.to_string()),
            ],
            Self::Steps { found } => {
                vec![("found", found.to_string()), ("limit", STEPS_MAX.to_string())]
            }
            Self::Cells { first, other } => {
                vec![("first", first.clone()), ("other", other.clone())]
            }
            Self::Start { start } => vec![("start", jomo_core::time::jst_text(*start))],
            Self::Place(fault) => vec![("reason", fault.to_string())],
        }
    }
}

/// Reads the rasters of a run and publishes its layers.
///
/// # Errors
/// If the run is not finished, its rasters do not fit each other, or the result cannot be written.
pub fn run(request: &LayersRequest, context: &Context) -> Result<Outcome, Failure> {
    record_failure(COMMAND, &request.target, context, || publish(request, context))
}

fn publish(request: &LayersRequest, context: &Context) -> Result<Outcome, Failure> {
    let region = Region::open(&request.region)?;
    let LayersRequest { start, .. } = *request;
    let mode = mode(&region, start, context.now);
    let is_ahead = context.now.saturating_add(CLOCK_SKEW).is_ok_and(|limit| limit < start);
    if is_ahead && mode != Mode::Fictional {
        return Err(Failure::new(Exit::Blocked, LayersError::Start { start }));
    }
    let no_run = || {
        let path = request.run.display().to_string();
        Failure::new(Exit::Input, LayersError::NoRun { path })
    };
    let record = read_record(&request.run).ok_or_else(no_run)?;
    if record.command != SIMULATE || record.status != "done" {
        return Err(no_run());
    }
    check_depths(&record.settings).map_err(|fault| Failure::new(Exit::Input, fault))?;
    context.progress.stage("read", None);
    let rasters = Rasters::read(&request.run, start)?;
    let mut inputs = record.inputs;
    inputs.extend(rasters.files());
    let plan = plan(request, &region, mode, inputs);
    let work = Work {
        region: &region,
        told: Told {
            mode,
            start,
            edition: request.edition,
            valid_for_min: region.rainfall.valid_for_min,
            audience: Vec::new(),
            credit: "credit-flood",
            faults: record.faults,
            standing: record.standing,
        },
        rasters: &rasters,
        context,
    };
    plan.execute(context, &request.target, |plan, stage| make(&work, plan, stage))
}

/// What is told of a flood besides its rasters.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// Whose now it lives in.
    pub(crate) mode: Mode,
    /// The moment at which the computation begins.
    pub(crate) start: Timestamp,
    /// Depth classes on the map.
    pub(crate) edition: Edition,
    /// Minutes for which it is current.
    pub(crate) valid_for_min: f64,
    /// Whose people may see it where it is restricted.
    pub(crate) audience: Vec<OrganisationKind>,
    /// Words of who computed it and what it does not model.
    pub(crate) credit: &'static str,
    /// What was missing or not believed when it was computed: each layer tells it.
    pub(crate) faults: Faults,
    /// What every run keeps out or assumes until somebody mends a table.
    pub(crate) standing: Faults,
}

/// Stages the layers of a flood whose rasters lie in a folder, as part of another run.
///
/// # Errors
/// If the rasters do not fit each other, or the layers cannot be written.
pub(crate) fn stage_layers(
    folder: &Path,
    (region, told): (&Region, Told),
    (plan, stage): (&Plan, &Path),
    context: &Context,
) -> Result<Vec<Layer>, Failure> {
    let rasters = Rasters::read(folder, told.start)?;
    let work = Work { region, told, rasters: &rasters, context };
    Ok(make(&work, plan, stage)?.layers)
}

/// Depths in m that the texts of the layers speak of, by their setting.
const TOLD_DEPTHS_M: [(&str, f64); 2] = [("arrival_depth_m", 0.1), ("duration_depth_m", 0.5)];

fn check_depths(settings: &BTreeMap<String, Value>) -> Result<(), LayersError> {
    let output = settings.get("case").map(|case| &case["output"]);
    for (key, expected) in TOLD_DEPTHS_M {
        let found = output.and_then(|output| output[key].as_f64());
        if let Some(found) = found.filter(|found| found.to_bits() != expected.to_bits()) {
            return Err(LayersError::Depth { key, found, expected });
        }
    }
    Ok(())
}

fn plan(request: &LayersRequest, region: &Region, mode: Mode, inputs: Vec<InputFile>) -> Plan {
    Plan {
        command: COMMAND,
        settings: BTreeMap::from([
            ("region".to_owned(), json!(region.id)),
            ("mode".to_owned(), json!(mode)),
            ("start".to_owned(), json!(request.start)),
            ("edition".to_owned(), json!(request.edition)),
            ("shown_from_m".to_owned(), json!(SHOWN_FROM_M)),
            ("valid_for_min".to_owned(), json!(region.rainfall.valid_for_min)),
            ("licence".to_owned(), json!(region.rainfall.licence)),
        ]),
        inputs,
        layers: Theme::ALL.map(|theme| theme.layer().to_owned()).to_vec(),
    }
}

/// A raster of the run.
struct Raster {
    source: Source,
    grid: Grid<f32>,
}

impl Raster {
    fn read(folder: &Path, name: &str) -> Result<Self, Failure> {
        let path = folder.join(name);
        let source = Source::read(&path, RASTER_MAX)?;
        let grid = geotiff::read(&source.bytes, Limits::default())
            .and_then(geotiff::Raster::into_grid)
            .map_err(|fault| Failure::input(&path, fault))?;
        Ok(Self { source, grid })
    }
}

/// All rasters of a run that are published.
struct Rasters {
    /// Depth at the start, if the run tells it.
    before: Option<Raster>,
    /// Depth by valid time.
    steps: BTreeMap<Timestamp, Raster>,
    /// The other quantities.
    whole: BTreeMap<Theme, Raster>,
}

impl Rasters {
    fn read(folder: &Path, start: Timestamp) -> Result<Self, Failure> {
        let names = depth_rasters(folder)?;
        let steps: Vec<_> = names.iter().filter(|(seconds, _)| 0 < **seconds).collect();
        if steps.is_empty() || STEPS_MAX < steps.len() {
            let error = LayersError::Steps { found: steps.len() };
            return Err(Failure::new(Exit::Input, error).at(folder));
        }
        let first = names.get(&0).map(|name| Raster::read(folder, name)).transpose()?;
        let mut rasters = Self { before: first, steps: BTreeMap::new(), whole: BTreeMap::new() };
        for (seconds, name) in steps {
            let Ok(time) = start.checked_add(SignedDuration::from_secs(*seconds)) else {
                return Err(Failure::new(Exit::Usage, LayersError::Start { start }));
            };
            rasters.steps.insert(time, Raster::read(folder, name)?);
        }
        for theme in Theme::ALL {
            if let Some(name) = theme.raster() {
                rasters.whole.insert(theme, Raster::read(folder, name)?);
            }
        }
        rasters.check().map_err(|error| Failure::new(Exit::Input, error).at(folder))?;
        Ok(rasters)
    }

    fn all(&self) -> impl Iterator<Item = &Raster> {
        self.before.iter().chain(self.steps.values()).chain(self.whole.values())
    }

    fn files(&self) -> impl Iterator<Item = InputFile> {
        self.all().map(|raster| raster.source.file.clone())
    }

    /// One place and shape for all.
    fn check(&self) -> Result<(), LayersError> {
        let place = |raster: &Raster| (raster.grid.shape(), raster.grid.placement());
        let mut all = self.all();
        let Some(first) = all.next() else { return Ok(()) };
        match all.find(|other| place(other) != place(first)) {
            None => Ok(()),
            Some(other) => Err(LayersError::Cells {
                first: first.source.file.name.clone(),
                other: other.source.file.name.clone(),
            }),
        }
    }

    /// Outside is what has no greatest depth; the river is what is wet at the start.
    fn domain(&self) -> Domain {
        let values = |raster: Option<&Raster>, holds: fn(f64) -> bool, count: usize| match raster {
            None => vec![false; count],
            Some(raster) => {
                raster.grid.values().iter().map(|value| holds(f64::from(*value))).collect()
            }
        };
        let greatest = self.whole.get(&Theme::DepthMax);
        let count = greatest.map_or(0, |raster| raster.grid.values().len());
        Domain {
            outside: values(greatest, f64::is_nan, count),
            river: values(self.before.as_ref(), |depth_m| SHOWN_FROM_M <= depth_m, count),
        }
    }
}

/// Depth rasters by their time in whole seconds: `depth_<seconds>.tif`.
fn depth_rasters(folder: &Path) -> Result<BTreeMap<i64, String>, Failure> {
    let fail = |source: &std::io::Error| {
        Failure::new(Exit::Input, CommandError::io(folder, source)).at(folder)
    };
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|source| fail(&source))? {
        let name = entry.map_err(|source| fail(&source))?.file_name();
        let name = name.to_string_lossy().into_owned();
        let seconds = name.strip_prefix("depth_").and_then(|rest| rest.strip_suffix(".tif"));
        let seconds = seconds.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        if let Some(seconds) = seconds.and_then(|text| text.parse().ok()) {
            found.insert(seconds, name);
        }
    }
    Ok(found)
}

struct Work<'a> {
    region: &'a Region,
    told: Told,
    rasters: &'a Rasters,
    context: &'a Context,
}

fn make(work: &Work<'_>, plan: &Plan, stage: &Path) -> Result<Made, Failure> {
    let Work { rasters, context, .. } = work;
    let Some(pattern) = rasters.all().next() else { return Ok(Made::default()) };
    let (shape, placement) = (pattern.grid.shape(), pattern.grid.placement());
    let place = |fault: ProjectionError| Failure::new(Exit::Input, LayersError::Place(fault));
    let corners = Corners::new(shape, placement).map_err(place)?;
    let domain = rasters.domain();
    let mut made = Made::default();
    context.progress.stage("tiles", Some((rasters.steps.len() + rasters.whole.len()) as u64));
    for theme in Theme::ALL {
        let mut layer = describe(work, plan, theme);
        layer.bbox = corners.bounds();
        let begun = match layer.access {
            Access::Public => LayerStage::begin(stage, theme.layer()),
            Access::Restricted => LayerStage::begin_restricted(stage, theme.layer()),
        };
        let mut staged = begun?;
        let steps: Vec<(Option<Timestamp>, &Raster)> = match rasters.whole.get(&theme) {
            Some(raster) => vec![(None, raster)],
            None => rasters.steps.iter().map(|(time, raster)| (Some(*time), raster)).collect(),
        };
        for (time, raster) in steps {
            let areas = areas(theme, &raster.grid, &domain, &corners);
            put(&mut staged, &mut layer, (time, raster), &areas)?;
            *made.counts.entry("features".to_owned()).or_insert(0) +=
                areas.all.features.len() as u64;
            let most = made.counts.entry(format!("{}_cells", theme.layer())).or_insert(0);
            *most = areas.wet_cells.max(*most);
            let done = made.counts.entry("steps".to_owned()).or_insert(0);
            *done += 1;
            context.progress.step("tiles", *done);
        }
        made.layers.push(staged.finish(layer, context.now)?);
    }
    Ok(made)
}

/// Writes features, tiles and raster of one step.
fn put(
    stage: &mut LayerStage,
    layer: &mut Layer,
    (time, raster): (Option<Timestamp>, &Raster),
    areas: &Areas,
) -> Result<(), Failure> {
    let sources = [
        LayerSource { name: &layer.id, table: &areas.coarse, zooms: COARSE_ZOOMS },
        LayerSource { name: &layer.id, table: &areas.all, zooms: FINE_ZOOMS },
    ];
    write_step(stage, layer, time, &areas.all, &sources)?;
    layer.feature_count = layer.feature_count.max(areas.all.features.len() as u64);
    let name = LayerVersion::raster_name(time);
    let path = stage.path(&name)?;
    fs::write(&path, &raster.source.bytes)
        .map_err(|source| Failure::new(Exit::Failed, CommandError::io(&path, &source)))?;
    stage.add(&name)?;
    Ok(())
}

fn describe(work: &Work<'_>, plan: &Plan, theme: Theme) -> Layer {
    let Work { region, told, rasters, .. } = work;
    let Told { mode, start, edition, .. } = *told;
    let fictional = mode == Mode::Fictional;
    let worded =
        |id: &str| both(&if fictional { format!("{id}-fictional") } else { id.to_owned() });
    let valid_for = SignedDuration::try_from_secs_f64(60.0 * told.valid_for_min);
    let expires = valid_for.ok().and_then(|time| start.checked_add(time).ok());
    let is_timed = theme == Theme::Depth;
    Layer {
        spec: SPEC_VERSION,
        id: theme.layer().to_owned(),
        version: String::new(),
        title: worded(&format!("layer-{}", theme.layer().replace('_', "-"))),
        kind: Kind::Forecast,
        mode,
        access: if fictional { Access::Public } else { Access::Restricted },
        audience: if fictional { Vec::new() } else { told.audience.clone() },
        row_access: None,
        attribution: worded(told.credit),
        licence: licence(region, fictional),
        source_crs: format!("EPSG:{}", region.zone.epsg()),
        bbox: region.bbox,
        minzoom: *COARSE_ZOOMS.start(),
        maxzoom: *FINE_ZOOMS.end(),
        fields: theme.fields(),
        style: theme.style(edition),
        legend: theme.legend(edition),
        legend_title: Some(legend_title(theme, edition)),
        // Five views of one flood: the map begins with the one that moves.
        hidden: !is_timed,
        feature_count: 0,
        reference_time: Some(start),
        valid_times: if is_timed { rasters.steps.keys().copied().collect() } else { Vec::new() },
        expires: expires.filter(|_| mode == Mode::Live),
        clock: (mode != Mode::Live).then_some(start),
        run: plan.provenance(&told.faults, &told.standing),
        files: BTreeMap::new(),
    }
}

fn licence(region: &Region, fictional: bool) -> String {
    let stated = region.rainfall.licence.clone().filter(|_| fictional);
    stated.unwrap_or_else(|| both("licence-unknown").ja)
}

fn legend_title(theme: Theme, edition: Edition) -> Text {
    both(match (theme, edition) {
        (Theme::Depth | Theme::DepthMax, Edition::Detailed) => "legend-flood-depth-detailed",
        (Theme::Depth | Theme::DepthMax, Edition::Standard) => "legend-flood-depth-standard",
        (Theme::Arrival, _) => "legend-flood-arrival",
        (Theme::Duration, _) => "legend-flood-duration",
        (Theme::Force, _) => "legend-flood-force",
    })
}
