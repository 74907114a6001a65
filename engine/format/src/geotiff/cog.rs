//! Writing cloud-optimised `GeoTIFF` (COG) from rows, without ever holding the raster.
//!
//! The file is laid out as GDAL's COG driver does it: header, a note on the layout, all
//! directories with their lists, then the tiles of the coarsest overview first and of the raster
//! last, each image row by row, each tile between its length and a copy of its last four bytes.
//! Tiles of 256 cells, DEFLATE, predictor 2 (integers) or 3 (floats), classic TIFF while 4 GiB
//! hold it, else `BigTIFF`. The bytes depend on the rows only: not on threads, strips or the path.
//!
//! Bands are stored pixel by pixel: whoever looks at a photograph wants all its bands, and GDAL's
//! COG driver knows no other order before 3.11.
//!
//! Sources: GDAL's COG and `GTiff` driver pages ("header ghost area"); TIFF 6.0 (1992).

use std::io::Write;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::assemble::{self, Head};
use super::block::{Scratch, pack};
use super::error::GeoTiffError;
use super::place::{Meaning, Place};
use super::reduce::{Overviews, halve};
use super::sample::{Absent, Sample};
use super::spill::{Spill, Temporary};

/// Edge of a tile in cells. GDAL's COG driver writes 512; 256 reads a quarter of the cells for the
/// one web map tile that a window usually is.
pub(super) const TILE: usize = 256;

/// What the bands of a raster are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Measured or computed values.
    Values,
    /// Red, green, blue, and whatever follows.
    Rgb,
    /// Red, green, blue, opacity, and whatever follows.
    RgbAlpha,
}

/// How hard to pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// DEFLATE level 1: about twice as fast, files a tenth larger.
    Fast,
    /// DEFLATE level 6.
    Usual,
}

/// A raster that is going to be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Numbers of a pixel.
    pub bands: usize,
    /// Where it lies.
    pub place: Place,
    /// What the numbers mean, in all bands.
    pub meaning: Meaning,
    /// What the bands are.
    pub colour: Colour,
    /// How overviews are made.
    pub overviews: Overviews,
    /// How hard to pack.
    pub effort: Effort,
    /// Most bytes that the writer's buffers may take; see [`Layout::buffer_bytes`].
    pub memory_bytes: u64,
    /// Longest classic TIFF; a longer file becomes a `BigTIFF`.
    pub classic_bytes: u64,
}

impl Layout {
    /// One band of values with averaged overviews, no no-data number, 1 GiB of buffers.
    #[must_use]
    pub fn new(shape: [usize; 2], place: Place) -> Self {
        Self {
            shape,
            bands: 1,
            place,
            meaning: Meaning::default(),
            colour: Colour::Values,
            overviews: Overviews::Average,
            effort: Effort::Usual,
            memory_bytes: 1 << 30,
            classic_bytes: u64::from(u32::MAX),
        }
    }

    /// Rows and columns of the raster and of each overview: halved until one tile holds it.
    #[must_use]
    pub fn levels(&self) -> Vec<[usize; 2]> {
        let mut levels = vec![self.shape];
        let mut shape = self.shape;
        while self.overviews != Overviews::None && TILE < shape[0].max(shape[1]) {
            shape = shape.map(|size| size.div_ceil(2));
            levels.push(shape);
        }
        levels
    }

    /// Bound on the writer's buffers in bytes, for numbers of `sample_bytes`: 256 rows of each
    /// level and their packed tiles, and 16 bytes for each tile.
    ///
    /// With one row of tiles of the raster as the unit: 2 for the rows of all levels (1 + 1/2 +
    /// 1/4 + …), 1 for packed tiles, 1 for the halved rows on their way. Threads add half a
    /// megabyte each for the packer.
    #[must_use]
    pub fn buffer_bytes(&self, sample_bytes: usize) -> u64 {
        let wide = |value: usize| value as u64;
        let across = wide(self.shape[1].div_ceil(TILE));
        let tile = wide(TILE * TILE * sample_bytes).saturating_mul(wide(self.bands));
        let tiles = across.saturating_mul(wide(self.shape[0].div_ceil(TILE)));
        across
            .saturating_mul(tile)
            .saturating_mul(4)
            .saturating_add(tiles.saturating_mul(16 * 4 / 3))
    }
}

/// One level on its way: rows that do not fill a row of tiles yet, and tiles packed so far.
struct Level<T> {
    shape: [usize; 2],
    /// Fewer than a row of tiles.
    rows: Vec<T>,
    /// Rows taken so far.
    taken: usize,
    spill: Spill,
    /// Length of each tile, row by row.
    lengths: Vec<u32>,
}

/// Writes a COG from rows of pixels.
///
/// Finished tiles wait in files beside the target, which are removed when the writer is dropped;
/// the target appears complete or not at all.
pub struct CogWriter<T: Sample> {
    layout: Layout,
    absent: Absent<T>,
    levels: Vec<Level<T>>,
    target: Option<PathBuf>,
}

impl<T: Sample> CogWriter<T> {
    /// Begins a file at `target`.
    ///
    /// # Errors
    /// If the files beside the target cannot be made, the shape is empty, no-data is no number of
    /// the sample type, or the buffers need more than `layout.memory_bytes`.
    pub fn create(target: &Path, layout: &Layout) -> Result<Self, GeoTiffError> {
        Self::begin(layout, Some(target.to_owned()))
    }

    /// Begins a file in memory.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn in_memory(layout: &Layout) -> Result<Self, GeoTiffError> {
        Self::begin(layout, None)
    }

    fn begin(layout: &Layout, target: Option<PathBuf>) -> Result<Self, GeoTiffError> {
        let Layout { shape: [rows, columns], bands, meaning, memory_bytes, .. } = *layout;
        let limit = u64::from(u32::MAX);
        let (wide_rows, wide_columns) = (rows as u64, columns as u64);
        if rows == 0 || columns == 0 || limit < wide_rows.max(wide_columns) {
            return Err(GeoTiffError::TooLarge { columns: wide_columns, rows: wide_rows, limit });
        }
        if bands == 0 || usize::from(u16::MAX) < bands {
            let found = bands.to_string();
            return Err(GeoTiffError::Unsupported { what: "bands", found, expected: "1 to 65535" });
        }
        let bytes = layout.buffer_bytes(size_of::<T>());
        if memory_bytes < bytes {
            let what = "writing rows of this width";
            return Err(GeoTiffError::Memory { what, bytes, limit: memory_bytes });
        }
        let no_data = |value| GeoTiffError::NoData { value, sample: T::TYPE.name() };
        let absent = Absent::new(meaning.no_data)
            .ok_or_else(|| no_data(meaning.no_data.unwrap_or_default()))?;
        let mut levels = Vec::new();
        for (part, shape) in layout.levels().into_iter().enumerate() {
            let spill = match &target {
                Some(target) => Spill::File(
                    Temporary::beside(target, part + 1).map_err(GeoTiffError::io("create"))?,
                ),
                None => Spill::Memory(Vec::new()),
            };
            let room = TILE.min(shape[0]) * shape[1] * bands;
            let rows = Vec::with_capacity(room);
            levels.push(Level { shape, rows, taken: 0, spill, lengths: Vec::new() });
        }
        Ok(Self { layout: *layout, absent, levels, target })
    }

    /// Takes the next rows from the north, any number of whole ones, pixel by pixel.
    ///
    /// # Errors
    /// If they are no whole rows, too many, or the disk is full.
    pub fn write_rows(&mut self, rows: &[T]) -> Result<(), GeoTiffError> {
        let [all, columns] = self.layout.shape;
        let line = columns * self.layout.bands;
        let left = (all - self.levels[0].taken) * line;
        if !rows.len().is_multiple_of(line) || left < rows.len() {
            return Err(GeoTiffError::Cells { expected: left as u64, found: rows.len() as u64 });
        }
        self.push(0, rows)
    }

    /// Takes rows at a level; whole rows of tiles go on to the spill and, halved, to the next
    /// level.
    fn push(&mut self, number: usize, mut rows: &[T]) -> Result<(), GeoTiffError> {
        let Layout { bands, overviews, effort, .. } = self.layout;
        while !rows.is_empty() {
            let level = &mut self.levels[number];
            let line = level.shape[1] * bands;
            let room = TILE * line - level.rows.len();
            let (now, later) = rows.split_at(room.min(rows.len()));
            level.rows.extend_from_slice(now);
            level.taken += now.len() / line;
            rows = later;
            let full = level.rows.len() == TILE * line || level.taken == level.shape[0];
            if !full {
                continue;
            }
            level.pack(bands, effort)?;
            let coarser = number + 1;
            let halved = (coarser < self.levels.len()).then(|| {
                let level = &self.levels[number];
                halve(&level.rows, [level.shape[1], bands], overviews, self.absent)
            });
            self.levels[number].rows.clear();
            if let Some(halved) = halved {
                self.push(coarser, &halved)?;
            }
        }
        Ok(())
    }

    /// Ends the file, which then stands at the target; its length in bytes.
    ///
    /// # Errors
    /// If rows are missing or the disk is full.
    pub fn finish(mut self) -> Result<u64, GeoTiffError> {
        let Some(target) = self.target.take() else {
            return Ok(self.finish_in_memory()?.len() as u64);
        };
        let io = GeoTiffError::io;
        let mut out = Temporary::beside(&target, 0).map_err(io("create"))?;
        let length = self.assemble(&mut out.file)?;
        out.keep(&target).map_err(io("put the file in its place"))?;
        Ok(length)
    }

    /// Ends a file in memory.
    ///
    /// # Errors
    /// If rows are missing.
    pub fn finish_in_memory(mut self) -> Result<Vec<u8>, GeoTiffError> {
        let mut out = Vec::new();
        self.assemble(&mut out)?;
        Ok(out)
    }

    fn assemble(&mut self, out: &mut impl Write) -> Result<u64, GeoTiffError> {
        let [rows, columns] = self.layout.shape;
        if self.levels[0].taken < rows {
            let cells = |rows: usize| rows as u64 * columns as u64 * self.layout.bands as u64;
            let (expected, found) = (cells(rows), cells(self.levels[0].taken));
            return Err(GeoTiffError::Cells { expected, found });
        }
        let images = self.levels.iter().map(|level| (level.shape, &level.lengths[..])).collect();
        let Head { bytes, length } = assemble::head(&self.layout, T::TYPE, &images);
        out.write_all(&bytes).map_err(GeoTiffError::io("write"))?;
        for level in self.levels.iter_mut().rev() {
            level.spill.pour(out).map_err(GeoTiffError::io("write"))?;
        }
        Ok(length)
    }
}

impl<T: Sample> Level<T> {
    /// Packs the rows at hand into a row of tiles.
    fn pack(&mut self, bands: usize, effort: Effort) -> Result<(), GeoTiffError> {
        let level = match effort {
            Effort::Fast => flate2::Compression::fast(),
            Effort::Usual => flate2::Compression::default(),
        };
        let rows: Vec<&[T]> = self.rows.chunks_exact(self.shape[1] * bands).collect();
        let tiles = (0..self.shape[1].div_ceil(TILE))
            .into_par_iter()
            .map_init(Scratch::default, |scratch, tile| {
                pack(&rows, [TILE, tile * TILE, bands], level, scratch)
            })
            .collect::<std::io::Result<Vec<_>>>()
            .map_err(GeoTiffError::io("pack"))?;
        for tile in tiles {
            let length = u32::try_from(tile.len()).unwrap_or(u32::MAX);
            let last = tile.last_chunk::<4>().copied().unwrap_or_default();
            let spill = &mut self.spill;
            spill
                .append(&length.to_le_bytes())
                .and_then(|()| spill.append(&tile))
                .and_then(|()| spill.append(&last))
                .map_err(GeoTiffError::io("write"))?;
            self.lengths.push(length);
        }
        Ok(())
    }
}
