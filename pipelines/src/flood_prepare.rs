//! `jomo flood prepare`: from the elevation model of a region to its prepared basin, once for all
//! forecasts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use jomo_core::grid::Grid;
use jomo_core::message::{Arguments, Coded};
use jomo_format::geotiff::{self, Limits};
use jomo_terrain::{
    Basin, Conditioning, Flow, Network, SectionRule, accumulation, banks, catchments, condition,
    prepared, sections,
};
use serde_json::json;

use crate::failure::{CommandError, Exit, Failure};
use crate::outcome::Outcome;
use crate::region::{Region, Rivers};
use crate::run::{Context, Made, Plan, Target, record_failure};
use crate::source::Source;

/// Name of the command in records.
const COMMAND: &str = "flood prepare";
/// The prepared basin in its folder.
pub const BASIN_FILE: &str = "basin.jomo";
/// Largest elevation model that is read, in bytes.
const DEM_MAX: u64 = 8 << 30;
/// Distance between two places on a bank, m.
const PITCH_M: f64 = 200.0;

/// Arguments of `jomo flood prepare`.
#[derive(Clone, Debug, Args)]
pub struct PrepareArguments {
    /// Region file, or the folder it is in.
    pub region: PathBuf,
    /// A folder for the basin; by default the one that the region file names.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// Why no basin was prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The region file lacks a key that this command needs.
    #[error("the region has no `{key}`")]
    Lacks {
        /// The key with its table.
        key: &'static str,
    },
    /// The area of a stream is not at least one cell, or more cells than can be counted.
    #[error("rivers.stream_km2 = {stream_km2}: {cells} cells of {cell_size_m} m")]
    Threshold {
        /// As in the region file.
        stream_km2: f64,
        /// Cells of that area.
        cells: f64,
        /// Edge of a cell.
        cell_size_m: f64,
    },
}

impl Coded for PrepareError {
    fn code(&self) -> &'static str {
        match self {
            Self::Lacks { .. } => "forecast-region-key",
            Self::Threshold { .. } => "forecast-stream-area",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Lacks { key } => vec![("key", (*key).to_owned())],
            Self::Threshold { stream_km2, cells, cell_size_m } => vec![
                ("area", stream_km2.to_string()),
                ("cells", format!("{cells:.1}")),
                ("size", cell_size_m.to_string()),
            ],
        }
    }
}

/// A path that the region must name.
///
/// # Errors
/// With the key that is missing.
pub fn named<'a>(path: Option<&'a PathBuf>, key: &'static str) -> Result<&'a Path, Failure> {
    path.map(PathBuf::as_path).ok_or_else(|| Failure::new(Exit::Input, PrepareError::Lacks { key }))
}

/// Prepares the basin of a region.
///
/// # Errors
/// If the region names no elevation model, the model has faults, or the result cannot be written.
pub fn run(arguments: &PrepareArguments, context: &Context) -> Result<Outcome, Failure> {
    let region = Region::open(&arguments.region)?;
    let out = match &arguments.out {
        Some(out) => out.clone(),
        None => named(region.rivers.basin.as_ref(), "rivers.basin")?.to_owned(),
    };
    let target = Target::Out(out);
    record_failure(COMMAND, &target, context, || prepare(&region, &target, context))
}

fn prepare(region: &Region, target: &Target, context: &Context) -> Result<Outcome, Failure> {
    let path = named(region.terrain.dem.as_ref(), "terrain.dem")?;
    context.progress.stage("read", None);
    let source = Source::read(path, DEM_MAX)?;
    let Rivers { stream_km2, width, depth, .. } = region.rivers;
    let plan = Plan {
        command: COMMAND,
        settings: BTreeMap::from([
            ("region".to_owned(), json!(region.id)),
            ("stream_km2".to_owned(), json!(stream_km2)),
            ("width".to_owned(), json!(width)),
            ("depth".to_owned(), json!(depth)),
        ]),
        inputs: vec![source.file.clone()],
        layers: Vec::new(),
    };
    plan.execute(context, target, |_, folder| {
        let dem = geotiff::read(&source.bytes, Limits::default())
            .and_then(geotiff::Raster::into_grid)
            .map_err(|fault| Failure::input(path, fault))?;
        drop(source);
        context.progress.stage("terrain", None);
        write(&dem, &region.rivers, &folder.join(BASIN_FILE))
            .map_err(|failure| if failure.place.is_some() { failure } else { failure.at(path) })
    })
}

/// From heights to the file.
fn write(dem: &Grid<f32>, rivers: &Rivers, path: &Path) -> Result<Made, Failure> {
    let input = |fault| Failure::new(Exit::Input, fault);
    let cell_size_m = dem.placement().cell_size_m;
    let cells = (1e6 * rivers.stream_km2 / (cell_size_m * cell_size_m)).round();
    if !(1.0..=f64::from(u32::MAX)).contains(&cells) {
        let stream_km2 = rivers.stream_km2;
        let fault = PrepareError::Threshold { stream_km2, cells, cell_size_m };
        return Err(Failure::new(Exit::Input, fault));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "just checked")]
    let threshold = cells as u32;
    let conditioned = condition(dem, &Conditioning::default()).map_err(input)?;
    let flow = Flow::new(&conditioned).map_err(input)?;
    let upstream = accumulation(&flow).map_err(input)?;
    let network = Network::new(&conditioned, &flow, &upstream, threshold).map_err(input)?;
    let rule = SectionRule { width: rivers.width, depth: rivers.depth };
    let sections = sections(&network, &rule, &[]).map_err(input)?;
    let banks = banks(&network, &sections, PITCH_M).map_err(input)?;
    let catchments = catchments(&flow, &network).map_err(input)?;
    let basin = Basin {
        conditioned: &conditioned,
        flow: &flow,
        upstream: &upstream,
        catchments: &catchments,
        network: &network,
        sections: &sections,
        banks: &banks,
    };
    let fail = |source: std::io::Error| Failure::new(Exit::Failed, CommandError::io(path, &source));
    let mut out = BufWriter::new(File::create(path).map_err(fail)?);
    prepared::write(&basin, &mut out).and_then(|()| out.flush()).map_err(fail)?;
    let count = |number: usize| number as u64;
    let counts = BTreeMap::from([
        ("cells".to_owned(), count(dem.values().len())),
        ("lowered".to_owned(), count(conditioned.lowered)),
        ("raised".to_owned(), count(conditioned.raised)),
        ("reaches".to_owned(), count(network.reaches().len())),
        ("banks".to_owned(), count(banks.len())),
    ]);
    Ok(Made { counts, ..Made::default() })
}
