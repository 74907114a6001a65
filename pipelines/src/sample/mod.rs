//! The fictional sample region (架空): a basin of 20 x 20 km with terrain, rivers, gauges,
//! municipalities, shelters, rain, a flood and what it can reach, in the formats that the real ones come in.
//!
//! Everything follows from [`Settings`]: the same settings give the same bytes on any number of
//! threads. Each theme draws its own random numbers, so that a theme added later changes none of
//! the earlier ones.

mod cover;
mod dam;
mod drainage;
mod facilities;
mod features;
mod flood;
mod folder;
mod gauges;
mod hazards;
mod municipalities;
mod names;
mod noise;
mod rain;
mod rain_history;
mod relief;
mod rivers;
mod settings;
mod shelters;
mod terrain;
mod valley;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use jomo_core::grid::GridError;
use jomo_core::message::{Arguments, Coded};
use jomo_core::projection::ProjectionError;
use jomo_format::geotiff::{self, GeoTiffError, Meaning};
use jomo_format::grib2::GribError;
use jomo_store::sha256_hex;

use crate::run::ENGINE_VERSION;
use folder::Folder;
use gauges::Ground;
use municipalities::Areas;
use names::Names;
use rain::Event;
use settings::Plan;
pub use settings::Settings;
use valley::Valley;

/// What was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Files below the directory, in the order of their names.
    pub files: Vec<PathBuf>,
    /// Rows and columns of the terrain.
    pub cells: [usize; 2],
    /// Cells of the terrain that were lowered to let water out.
    pub cut_cells: usize,
    /// Number of rivers.
    pub rivers: usize,
    /// Number of gauges.
    pub gauges: usize,
    /// Number of reports of the gauges.
    pub readings: usize,
}

/// Why no sample region was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// The cell size does not fit the lattice of the relief.
    #[error("a cell of {cell_size_m} m does not fit; 5, 10, 20, 40 and 80 m do")]
    CellSize {
        /// The cell size as given.
        cell_size_m: f64,
    },
    /// A file built into the program is damaged.
    #[error("the built-in {file} is damaged: {reason}")]
    Recipe {
        /// Name of the file in `data-samples/fictional`.
        file: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The directory holds something else than a sample region.
    #[error("{} is not empty and holds no sample region", path.display())]
    Occupied {
        /// The directory.
        path: PathBuf,
    },
    /// A file or directory was not written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The event leaves the range of time.
    #[error("no rain event fits around {time}")]
    ReferenceTime {
        /// The reference time as given.
        time: jiff::Timestamp,
    },
    /// The rain was not encoded.
    #[error(transparent)]
    Rain(#[from] GribError),
    /// The terrain was not encoded.
    #[error(transparent)]
    Terrain(#[from] GeoTiffError),
    /// A raster of the wrong shape.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// A place that the zone does not reach.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
}

impl Coded for SampleError {
    fn code(&self) -> &'static str {
        match self {
            Self::CellSize { .. } => "sample-cell-size",
            Self::Recipe { .. } => "sample-recipe",
            Self::Occupied { .. } => "sample-occupied",
            Self::Write { .. } => "sample-write",
            Self::ReferenceTime { .. } => "sample-reference-time",
            Self::Rain(fault) => fault.code(),
            Self::Terrain(fault) => fault.code(),
            Self::Grid(_) | Self::Projection(_) => "sample-inner",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::CellSize { cell_size_m } => vec![("cell", cell_size_m.to_string())],
            Self::Recipe { file, reason } => {
                vec![("file", (*file).to_owned()), ("reason", reason.clone())]
            }
            Self::Occupied { path } => vec![("path", path.display().to_string())],
            Self::Write { path, source } => {
                vec![("path", path.display().to_string()), ("reason", source.to_string())]
            }
            Self::ReferenceTime { time } => vec![("time", time.to_string())],
            Self::Rain(fault) => fault.arguments(),
            Self::Terrain(fault) => fault.arguments(),
            Self::Grid(fault) => vec![("reason", fault.to_string())],
            Self::Projection(fault) => vec![("reason", fault.to_string())],
        }
    }
}

/// The region file, with a place for the bounding box.
const REGION: &str = include_str!("../../../data-samples/fictional/region.template.toml");
/// No-data of the terrain; every cell has a height.
const NO_DATA: f64 = -9_999.0;

/// Makes the sample region in `out`: built beside it as `OUT.part`, then moved there. A region
/// made before is replaced.
///
/// # Errors
/// If `out` holds something else ([`SampleError::Occupied`]), or cannot be written.
pub fn generate(settings: &Settings, out: &Path) -> Result<Summary, SampleError> {
    let plan = &Plan::new(settings)?;
    folder::check(out)?;
    let names = &Names::new()?;
    let valley = Valley::new(plan);
    let land = &relief::land(plan, &valley);
    let rivers = &rivers::rivers(land, &valley);
    let terrain = &terrain::terrain(plan, land, rivers)?;
    let areas = &Areas::new(plan);
    if names.municipality.len() < areas.rings.len() {
        let reason = format!("{} municipalities need a name", areas.rings.len());
        return Err(SampleError::Recipe { file: "names.toml", reason });
    }
    let event = Event::new(plan)?;
    let ground = Ground { plan, names, land, rivers, areas, terrain };
    let gauges = gauges::gauges(&ground);
    let readings = gauges::readings(plan, &event, &gauges)?;

    let mut folder = Folder::begin(out)?;
    let meaning = Meaning { no_data: Some(NO_DATA), ..Meaning::default() };
    folder.put("terrain/dem.tif", &geotiff::write(&terrain.heights, &meaning)?)?;
    folder.put("rivers.geojson", features::rivers(plan, names, rivers)?.as_bytes())?;
    folder.put("banks.geojson", features::banks(plan, names, rivers, terrain)?.as_bytes())?;
    folder
        .put("municipalities.geojson", features::municipalities(plan, names, areas)?.as_bytes())?;
    folder.put("gauges.csv", gauges::table(plan, &gauges)?.as_bytes())?;
    folder.put("gauge_levels.csv", gauges::series(&readings).as_bytes())?;
    folder.put("shelters.geojson", shelters::shelters(&ground)?.as_bytes())?;
    for (name, bytes) in rain::files(plan, &event)? {
        folder.put(&format!("rain/{name}"), &bytes)?;
    }
    put_surroundings(&mut folder, &ground, &event)?;
    flood::put(&mut folder, &ground, &event, &gauges)?;
    folder.put("region.toml", region(plan)?.as_bytes())?;
    Ok(Summary {
        files: folder.finish(&source(plan, names))?,
        cells: terrain.heights.shape(),
        cut_cells: terrain.cut,
        rivers: rivers.len(),
        gauges: gauges.len(),
        readings: readings.len(),
    })
}

/// Themes around the river: what water can reach, what covers the ground, a dam, slopes that may
/// slide, and the rain of the hours before.
fn put_surroundings(
    folder: &mut Folder,
    ground: &Ground<'_>,
    event: &Event,
) -> Result<(), SampleError> {
    folder.put("facilities.geojson", facilities::facilities(ground)?.as_bytes())?;
    folder.put("hazard_zones.geojson", hazards::hazard_zones(ground)?.as_bytes())?;
    folder.put("landcover.tif", &cover::land_cover(ground)?)?;
    for (name, text) in dam::files(ground, event)? {
        folder.put(name, text.as_bytes())?;
    }
    for (name, bytes) in rain_history::files(ground.plan, event)? {
        folder.put(&format!("rain/{name}"), &bytes)?;
    }
    if ground.plan.event {
        for (name, bytes) in rain_history::archive(ground.plan, event)? {
            folder.put(&format!("event/{name}"), &bytes)?;
        }
    }
    Ok(())
}

/// The region file; with an archive of the event, that is where rain arrives.
fn region(plan: &Plan) -> Result<String, SampleError> {
    let bbox = plan.bbox_deg()?.map(|degrees| degrees.to_string()).join(", ");
    let spool = if plan.event { "event" } else { "rain" };
    Ok(REGION.replace("{bbox}", &bbox).replace("{spool}", spool))
}

/// Whether `out` already holds what [`generate`] would make of these settings.
///
/// # Errors
/// If the settings are unsound.
pub fn is_current(settings: &Settings, out: &Path) -> Result<bool, SampleError> {
    let plan = Plan::new(settings)?;
    Ok(folder::is_current(out, &source(&plan, &Names::new()?)))
}

/// Whether a file lies in a sample region: what is made from it is fictional.
#[must_use]
pub fn made(file: &Path) -> bool {
    let folders = file.parent().into_iter().flat_map(Path::ancestors).take(2);
    folders.into_iter().any(folder::is_ours)
}

/// What `SOURCE.toml` says besides its mark.
fn source(plan: &Plan, names: &Names) -> String {
    let Plan { seed, reference_time, cell_size_m, event, .. } = plan;
    let recipe = sha256_hex([settings::RECIPE, REGION, flood::CASE].concat().as_bytes());
    let title = names.marked(names.prefecture());
    format!(
        "title = \"{title}\"\ntitle_en = \"Fictional basin: no place, facility or reading is real\"\n\
         origin = \"made by a program, from no real data\"\nlicence = \"MIT OR Apache-2.0\"\n\
         fictional = true\nseed = {seed}\nreference_time = \"{reference_time}\"\n\
         cell_size_m = {cell_size_m:?}\nevent = {event}\nrecipe_sha256 = \"{recipe}\"\n\
         engine_version = \"{ENGINE_VERSION}\"\n"
    )
}
