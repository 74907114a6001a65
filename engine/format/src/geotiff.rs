//! `GeoTIFF`, read by windows and written as COG, of any size in bounded memory.
//!
//! [`CogWriter`] takes rows and writes a cloud-optimised file; [`Reader`] gives windows of files
//! in tiles or strips, and [`Rows`] feeds them to the strip walk. [`read`] and [`write()`] are the
//! short way for a raster in memory.

mod assemble;
mod block;
mod cog;
mod directory;
mod error;
mod lzw;
mod place;
mod predict;
mod read;
mod reduce;
mod sample;
mod spill;

use std::io::Cursor;

use jomo_core::grid::{Grid, Placement};
use rayon::prelude::*;

pub use cog::{CogWriter, Colour, Effort, Layout};
pub use error::GeoTiffError;
pub use place::{Meaning, Place};
pub use read::{Reader, ReaderLimits, Rows, Window};
pub use reduce::Overviews;
pub use sample::{Sample, SampleType};

/// How much a raster in memory may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest number of cells.
    pub cells: u64,
}

impl Default for Limits {
    /// 256 M cells: four times the prefecture at 10 m, 1 GiB of `f32`.
    fn default() -> Self {
        Self { cells: 1 << 28 }
    }
}

/// The stored numbers of a raster, row by row from the north.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// Bytes.
    U8(Vec<u8>),
    /// Two-byte unsigned integers.
    U16(Vec<u16>),
    /// Four-byte floats.
    F32(Vec<f32>),
}

/// A raster of one band in a planar zone of JGD2011, as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Where it lies.
    pub placement: Placement,
    /// The stored numbers.
    pub values: Values,
    /// What they mean.
    pub meaning: Meaning,
}

impl Raster {
    /// The raster in the units of its meaning: scale and offset applied, no data as `NaN`.
    ///
    /// # Errors
    /// If the numbers do not fill the shape (a raster changed after reading).
    pub fn into_grid(self) -> Result<Grid<f32>, GeoTiffError> {
        fn mean<T: Sample>(stored: &[T], meaning: Meaning) -> Vec<f32> {
            let value = |stored: &T| f32::from_f64(meaning.of(stored.to_f64()));
            stored.par_iter().map(value).collect()
        }
        let values = match &self.values {
            Values::U8(stored) => mean(stored, self.meaning),
            Values::U16(stored) => mean(stored, self.meaning),
            Values::F32(stored) => mean(stored, self.meaning),
        };
        Ok(Grid::new(self.shape, self.placement, values)?)
    }
}

/// Reads a whole raster of one band of `u8`, `u16` or `f32` in a planar zone of JGD2011.
///
/// # Errors
/// Any [`GeoTiffError`]; hostile bytes end in one, too.
pub fn read(bytes: &[u8], limits: Limits) -> Result<Raster, GeoTiffError> {
    // Each block is read once: the cache only bounds how many are unpacked at a time.
    let limits_of_reader = ReaderLimits { cache_bytes: 16 << 20, ..ReaderLimits::default() };
    let mut reader = Reader::open(Cursor::new(bytes), limits_of_reader)?;
    let shape = reader.shape();
    let [rows, columns] = shape.map(|size| size as u64);
    let cells = rows.saturating_mul(columns);
    if limits.cells < cells {
        return Err(GeoTiffError::TooLarge { columns, rows, limit: limits.cells });
    }
    // DEFLATE and LZW cannot unfold a byte into more than 3,840; blocks say more exactly.
    let length = bytes.len() as u64;
    if length.saturating_mul(3_840) < cells {
        return Err(GeoTiffError::Truncated { columns, rows, bytes: length });
    }
    let wrong =
        |found: String| GeoTiffError::Samples { expected: "one band of u8, u16 or f32", found };
    if reader.bands() != 1 {
        return Err(wrong(format!("{} bands of {}", reader.bands(), reader.sample().name())));
    }
    let placement = reader.place().planar()?;
    let meaning = reader.meanings()[0];
    let mut all = Whole { shape, reader: &mut reader };
    let values = match all.reader.sample() {
        SampleType::U8 => Values::U8(all.numbers()?),
        SampleType::U16 => Values::U16(all.numbers()?),
        SampleType::F32 => Values::F32(all.numbers()?),
        other => return Err(wrong(other.name().to_owned())),
    };
    Ok(Raster { shape, placement, values, meaning })
}

struct Whole<'a, 'b> {
    shape: [usize; 2],
    reader: &'a mut Reader<Cursor<&'b [u8]>>,
}

impl Whole<'_, '_> {
    fn numbers<T: Sample>(&mut self) -> Result<Vec<T>, GeoTiffError> {
        let mut out = vec![T::default(); self.shape[0] * self.shape[1]];
        self.reader.read([0, 0], &Window::whole(self.shape), &mut out)?;
        Ok(out)
    }
}

/// Writes a grid as a COG in memory; the same bytes on any number of threads.
///
/// # Errors
/// If no-data is no number of the sample type, or the grid is empty.
pub fn write<T: Sample>(grid: &Grid<T>, meaning: &Meaning) -> Result<Vec<u8>, GeoTiffError> {
    let overviews = if T::TYPE.is_float() { Overviews::Average } else { Overviews::Nearest };
    let layout = Layout {
        meaning: *meaning,
        overviews,
        ..Layout::new(grid.shape(), grid.placement().into())
    };
    let mut writer = CogWriter::in_memory(&layout)?;
    writer.write_rows(grid.values())?;
    writer.finish_in_memory()
}

#[cfg(test)]
mod tests;
