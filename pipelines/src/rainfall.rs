//! Rain as it arrives: the files of a spool folder, read for forecasts.
//!
//! Any `*.bin` is looked at; what it is follows from its content. A file that cannot be used never
//! stops a cycle: it is counted by a stable code and named. `docs/methods/rainfall.md` tells which
//! products are read and what each becomes.

mod field;
mod spool;

#[cfg(test)]
mod tests;

use std::path::Path;

use jiff::Timestamp;
use jomo_core::fault::Faults;
use jomo_core::layer::InputFile;
use jomo_core::message::{Arguments, Coded};
use jomo_flood::rainfall::{Cells, Product};
use jomo_format::grib2::{LatLonGrid, Window};

use crate::failure::{BoxedError, Exit, Failure};
use crate::rain::RainError;
use crate::region::Region;

pub use spool::{Looked, look, read_spool};

/// How far beyond the region rain is read, in degrees (about 30 km): members shift it.
const MARGIN_DEG: f64 = 0.3;

/// Rain and soil water that have arrived.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Arrived {
    /// Cells of the region and 0.3 degrees around it, those of JMA's 1 km grid.
    pub cells: Cells,
    /// Products whose interval reaches into the window, in the order of their files.
    pub products: Vec<Product>,
    /// The newest analysed soil water index of the window up to the time asked for; one that was
    /// foreseen only where there is none.
    pub soil_water: Option<SoilWater>,
    /// The files that something was taken from, in the order of their names.
    pub inputs: Vec<InputFile>,
    /// What is wrong with files, by code; places are names of files. Files that are too old or
    /// come under two names are no faults, but named in `refused`.
    pub faults: Faults,
    /// The files that were not used and the code of the reason, in the order of their names.
    pub refused: Vec<(String, &'static str)>,
    /// Number of files that are later than the time asked for: they had not arrived then.
    pub later: u64,
}

/// The soil water index (土壌雨量指数) and the water in the first tank.
#[derive(Clone, Debug, PartialEq)]
pub struct SoilWater {
    /// Reference time of the product.
    pub reference_time: Timestamp,
    /// When it holds.
    pub valid_time: Timestamp,
    /// Water in all three tanks for each cell in mm; `NaN` is missing.
    pub total_mm: Vec<f32>,
    /// Water in the first tank in mm; `NaN` is missing.
    pub upper_mm: Vec<f32>,
}

/// Why a sound file of a spool was not used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolFault {
    /// It holds neither rain nor soil water.
    #[error("no rain and no soil water in the file")]
    Other,
    /// A file with another name has the same content.
    #[error("the same content as {name}")]
    Duplicate {
        /// The other file.
        name: String,
    },
    /// Everything in it ended before the time that is looked at.
    #[error("ended at {end}, before {start}")]
    Old {
        /// When its last interval ended.
        end: Timestamp,
        /// Where the window begins.
        start: Timestamp,
    },
    /// An amount that no rain has.
    #[error("{amount_mm} mm of rain in one interval")]
    Amount {
        /// The amount.
        amount_mm: f32,
    },
    /// More fields than any product has.
    #[error("{fields} fields, more than {most}")]
    Fields {
        /// Fields of the file.
        fields: usize,
        /// The most that are read.
        most: usize,
    },
    /// The grid does not reach the region.
    #[error("the grid {grid:?} does not reach the region")]
    Outside {
        /// West, south, east, north in degrees.
        grid: [f64; 4],
    },
}

impl Coded for SpoolFault {
    fn code(&self) -> &'static str {
        match self {
            Self::Other => "rainfall-other",
            Self::Duplicate { .. } => "rainfall-duplicate",
            Self::Old { .. } => "rainfall-old",
            Self::Amount { .. } => "rainfall-amount",
            Self::Fields { .. } => "rainfall-fields",
            Self::Outside { .. } => "rainfall-outside",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Other => Vec::new(),
            Self::Duplicate { name } => vec![("name", name.clone())],
            Self::Old { end, start } => vec![
                ("end", jomo_core::time::jst_text(*end)),
                ("start", jomo_core::time::jst_text(*start)),
            ],
            Self::Amount { amount_mm } => vec![("amount", amount_mm.to_string())],
            Self::Fields { fields, most } => {
                vec![("fields", fields.to_string()), ("most", most.to_string())]
            }
            Self::Outside { grid: [west, south, east, north] } => {
                vec![("grid", format!("{west:.3}, {south:.3}, {east:.3}, {north:.3}"))]
            }
        }
    }
}

/// The cells that rain of a region is read on.
///
/// # Errors
/// If the region lies beside JMA's grid.
pub fn cells_of(region: &Region) -> Result<Cells, Failure> {
    let grid = LatLonGrid::JMA_1KM;
    let [west, south, east, north] = region.bbox;
    let wide = [west - MARGIN_DEG, south - MARGIN_DEG, east + MARGIN_DEG, north + MARGIN_DEG];
    let outside = || RainError::Outside { bbox: region.bbox, grid: grid.bounds_deg() };
    let window = grid.window_of(region.bbox).and_then(|_| grid.window_of(wide));
    let window = window.ok_or_else(|| Failure::new(Exit::Input, outside()))?;
    cells_in(&grid, &window).map_err(|fault| Failure::new(Exit::Input, fault))
}

fn cells_in(grid: &LatLonGrid, window: &Window) -> Result<Cells, jomo_flood::BasinError> {
    let count = |range: &std::ops::Range<u32>| range.end.saturating_sub(range.start);
    Cells::new(grid.bounds_of(window), [count(&window.rows), count(&window.columns)])
}

fn boxed(fault: impl Coded + Send + Sync + 'static) -> BoxedError {
    Box::new(fault)
}

/// Whether a file of this name is looked at: one that is being written has another name.
fn is_product(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with('.') && name.ends_with(".bin")
}
