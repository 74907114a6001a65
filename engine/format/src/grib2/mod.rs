//! GRIB2 files of the Japan Meteorological Agency: rain, soil water index, landslide risk.
//!
//! A file holds messages, a message holds one or more fields ([`Submessage`]). Read here: grid
//! template 3.0, product templates 4.0, 4.50000, 4.50008, 4.50009 and 4.50011, run-length
//! packing 5.200 without a bitmap. Anything else is a typed error that names what was found.
//! The octets and their sources are in `docs/methods/grib2.md`.
//!
//! ```
//! use jomo_format::grib2::{self, FileWriter, Identification, LatLonGrid, Product};
//!
//! let time = "2030-01-01T00:00:00Z".parse()?;
//! let grid = LatLonGrid::from_outer([138.4, 36.0, 139.7, 37.1], 132, 104)
//!     .ok_or("not a grid")?;
//! let mut writer = FileWriter::new(Identification::analysis(time), grid);
//! let levels = vec![2; 132 * 104];
//! writer.field(&Product::rain_analysis(time), &grib2::rain_levels_2017(), &levels)?;
//! let bytes = writer.finish();
//!
//! let fields = grib2::read(&bytes)?;
//! let window = grid.window_of([138.4, 36.0, 138.6, 36.2]).ok_or("outside")?;
//! let rain_mm = fields[0].decode(&window)?;
//! assert_eq!(rain_mm.value_at(0, 0), Some(0.4));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod grid;
mod levels;
mod octets;
mod product;
mod run_length;
mod section;
mod write;

#[cfg(test)]
mod tests;

pub use error::{Feature, GribError, ProductPart};
pub use grid::{LatLonGrid, Window};
pub use levels::{LevelGrid, LevelTable, Levels, rain_levels_2017};
pub use product::{
    Blend, Identification, Interval, Process, Product, Quantity, RainOperations, Remarks, Source,
    Surface,
};
pub use section::{Submessage, read};
pub use write::FileWriter;

/// Cells of the largest plane that is decoded at once, 268 million: the largest product known,
/// the union of the 250 m nowcast, has 9,120 x 12,320 = 112 million.
pub const CELLS_MAX: usize = 1 << 28;
