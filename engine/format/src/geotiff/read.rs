//! Windows of a `GeoTIFF` of any size, through a bounded cache of unpacked blocks.

use std::collections::HashMap;
use std::io::{Read, Seek};
use std::ops::Range;
use std::sync::Arc;

use jomo_core::walk::RowSource;
use rayon::prelude::*;

use super::block::unpack;
use super::directory::{File, Image, tag};
use super::error::GeoTiffError;
use super::place::{Meaning, Place};
use super::sample::{Sample, SampleType};

/// Bands of one image; photographs of many spectral channels have a few hundred.
const BANDS_MAX: usize = 1_024;

/// How much memory a reader may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReaderLimits {
    /// Largest tile or strip in bytes, unpacked.
    pub block_bytes: u64,
    /// Bytes of unpacked blocks that are kept; one row of blocks is what reading by rows needs.
    pub cache_bytes: usize,
}

impl Default for ReaderLimits {
    /// Blocks of 256 MiB (an uncompressed file of one strip may be larger than its tiles would
    /// be) and a cache of 64 MiB: one row of 256-cell tiles of `f32` over 65,536 columns.
    fn default() -> Self {
        Self { block_bytes: 256 << 20, cache_bytes: 64 << 20 }
    }
}

/// A window of a raster: rows and columns, the end not included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows from the north.
    pub rows: Range<usize>,
    /// Columns from the west.
    pub columns: Range<usize>,
}

impl Window {
    /// All of a raster of these rows and columns.
    #[must_use]
    pub fn whole(shape: [usize; 2]) -> Self {
        Self { rows: 0..shape[0], columns: 0..shape[1] }
    }

    fn cells(&self) -> u64 {
        (self.rows.len() as u64).saturating_mul(self.columns.len() as u64)
    }
}

/// An unpacked block, shared by the cache and whoever copies from it.
type Block = Arc<Vec<u8>>;

/// Unpacked blocks by level and number, the least lately used one goes first.
#[derive(Debug, Default)]
struct Cache {
    blocks: HashMap<(usize, usize), (Block, u64)>,
    bytes: usize,
    clock: u64,
}

impl Cache {
    fn take(&mut self, key: (usize, usize)) -> Option<Block> {
        self.clock += 1;
        let (block, used) = self.blocks.get_mut(&key)?;
        *used = self.clock;
        Some(Arc::clone(block))
    }

    fn put(&mut self, key: (usize, usize), block: &Block, limit: usize) {
        if limit < block.len() {
            return;
        }
        while limit - block.len() < self.bytes {
            let oldest = self.blocks.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| *key);
            let Some((dropped, _)) = oldest.and_then(|key| self.blocks.remove(&key)) else { break };
            self.bytes -= dropped.len();
        }
        self.clock += 1;
        self.bytes += block.len();
        self.blocks.insert(key, (Arc::clone(block), self.clock));
    }
}

/// An open `GeoTIFF`, tiled or in strips, classic or big, with its overviews.
///
/// Read: 1 to 1,024 bands of one sample type, pixel by pixel or band by band; plain, LZW or
/// DEFLATE; predictors 1, 2 and 3. Refused with an error that names the reason: other packings
/// (JPEG, ZSTD), masks, images that are turned, rubber sheets.
#[derive(Debug)]
pub struct Reader<R> {
    file: File<R>,
    images: Vec<Image>,
    place: Place,
    meanings: Vec<Meaning>,
    cache: Cache,
    limits: ReaderLimits,
}

impl<R: Read + Seek> Reader<R> {
    /// Opens a raster; reads its directories only.
    ///
    /// # Errors
    /// Any [`GeoTiffError`]; hostile bytes end in one, too.
    pub fn open(source: R, limits: ReaderLimits) -> Result<Self, GeoTiffError> {
        let (mut file, first) = File::open(source)?;
        let directories = file.directories(first)?;
        let Some(main) = directories.first() else {
            return Err(GeoTiffError::Malformed {
                what: "TIFF header",
                offset: 4,
                expected: "the place of a directory".to_owned(),
                found: "0".to_owned(),
            });
        };
        let mut images = vec![file.image(main, limits.block_bytes)?];
        let (bands, sample) = (images[0].bands, images[0].sample);
        if BANDS_MAX < bands {
            let found = bands.to_string();
            return Err(GeoTiffError::Unsupported { what: "bands", found, expected: "1 to 1024" });
        }
        for directory in &directories[1..] {
            let kind = file.first(directory, tag::SUBFILE)?.unwrap_or_default();
            if kind & 4 != 0 {
                let found = "a mask".to_owned();
                let expected = "no-data by number or NaN";
                return Err(GeoTiffError::Unsupported { what: "no-data", found, expected });
            }
            let image = if kind & 1 == 1 {
                file.image(directory, limits.block_bytes)?
            } else {
                // Another page, not an overview.
                continue;
            };
            let smaller = images.last().is_some_and(|last| {
                image.shape[0] <= last.shape[0] && image.shape[1] <= last.shape[1]
            });
            if smaller && image.bands == bands && image.sample == sample {
                images.push(image);
            }
        }
        let place = Place::read(&mut file, main)?;
        let meanings = Meaning::read(&mut file, main, bands)?;
        Ok(Self { file, images, place, meanings, cache: Cache::default(), limits })
    }

    /// Rows and columns of each level: the raster, then its overviews, finest first.
    #[must_use]
    pub fn levels(&self) -> Vec<[usize; 2]> {
        self.images.iter().map(|image| image.shape).collect()
    }

    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.images[0].shape
    }

    /// Rows and columns of a tile or strip: windows along them are read fastest.
    #[must_use]
    pub fn block(&self) -> [usize; 2] {
        self.images[0].block
    }

    /// Number of bands.
    #[must_use]
    pub fn bands(&self) -> usize {
        self.images[0].bands
    }

    /// Kind of the stored numbers.
    #[must_use]
    pub fn sample(&self) -> SampleType {
        self.images[0].sample
    }

    /// Where the raster lies.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// What the stored numbers of each band mean.
    #[must_use]
    pub fn meanings(&self) -> &[Meaning] {
        &self.meanings
    }

    /// Reads the stored numbers of one band, row by row; `level` 0 is the raster itself.
    ///
    /// # Errors
    /// If the window is outside, `out` is of another size, the samples are of another type, or
    /// blocks are broken.
    pub fn read<T: Sample>(
        &mut self,
        [level, band]: [usize; 2],
        window: &Window,
        out: &mut [T],
    ) -> Result<(), GeoTiffError> {
        inside("band", band + 1, self.bands())?;
        self.cells(level, window, [band, 1], out)
    }

    /// Reads the stored numbers of all bands, pixel by pixel.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_pixels<T: Sample>(
        &mut self,
        level: usize,
        window: &Window,
        out: &mut [T],
    ) -> Result<(), GeoTiffError> {
        self.cells(level, window, [0, self.bands()], out)
    }

    /// Reads the values of one band in their unit: scale and offset applied, no data as `NaN`.
    ///
    /// # Errors
    /// As [`Self::read`], but any sample type will do.
    pub fn read_values(
        &mut self,
        [level, band]: [usize; 2],
        window: &Window,
        out: &mut [f32],
    ) -> Result<(), GeoTiffError> {
        macro_rules! by {
            ($($kind:ident $number:ty),*) => {
                match self.sample() {
                    $(SampleType::$kind => {
                        let mut stored = vec![<$number>::default(); out.len()];
                        self.read([level, band], window, &mut stored)?;
                        let meaning = self.meanings[band];
                        for (out, stored) in out.iter_mut().zip(&stored) {
                            *out = f32::from_f64(meaning.of(stored.to_f64()));
                        }
                        Ok(())
                    })*
                }
            };
        }
        by!(U8 u8, U16 u16, U32 u32, I16 i16, I32 i32, F32 f32, F64 f64)
    }

    /// One band as a source of rows, in its unit.
    ///
    /// # Errors
    /// If there is no such band.
    pub fn rows(self, band: usize) -> Result<Rows<R>, GeoTiffError> {
        inside("band", band + 1, self.bands())?;
        Ok(Rows { reader: self, band })
    }

    fn cells<T: Sample>(
        &mut self,
        level: usize,
        window: &Window,
        [band, bands]: [usize; 2],
        out: &mut [T],
    ) -> Result<(), GeoTiffError> {
        inside("level", level + 1, self.images.len())?;
        let Image { shape, sample, planar, .. } = self.images[level];
        if sample != T::TYPE {
            let found = sample.name().to_owned();
            return Err(GeoTiffError::Samples { expected: T::TYPE.name(), found });
        }
        inside("row", window.rows.end, shape[0])?;
        inside("column", window.columns.end, shape[1])?;
        let expected = window.cells().saturating_mul(bands as u64);
        if expected != out.len() as u64 {
            return Err(GeoTiffError::Cells { expected, found: out.len() as u64 });
        }
        if expected == 0 {
            return Ok(());
        }
        if planar {
            for own in 0..bands {
                let target = Target { window, first: 0, bands: 1, own: [own, bands] };
                self.plane(level, band + own, &target, out)?;
            }
            Ok(())
        } else {
            let target = Target { window, first: band, bands, own: [0, bands] };
            self.plane(level, 0, &target, out)
        }
    }

    /// Copies the part of a window that lies in one plane of blocks.
    fn plane<T: Sample>(
        &mut self,
        level: usize,
        plane: usize,
        target: &Target<'_>,
        out: &mut [T],
    ) -> Result<(), GeoTiffError> {
        let image = &self.images[level];
        let [down, across] = image.blocks();
        let [height, width] = image.block;
        let cell = image.block_bands() * image.sample.bytes();
        // As many blocks at a time as the cache holds, and as keep all threads busy.
        let batch = (self.limits.cache_bytes / (height * width * cell)).max(1);
        let rows = target.window.rows.start / height..target.window.rows.end.div_ceil(height);
        let columns =
            target.window.columns.start / width..target.window.columns.end.div_ceil(width);
        for row in rows {
            let all: Vec<usize> = columns.clone().collect();
            for columns in all.chunks(batch) {
                let numbers: Vec<usize> =
                    columns.iter().map(|column| (plane * down + row) * across + column).collect();
                let blocks = self.blocks(level, row, &numbers)?;
                let image = &self.images[level];
                for (column, block) in columns.iter().zip(&blocks) {
                    copy(image, [row, *column], block, target, out);
                }
            }
        }
        Ok(())
    }

    /// These blocks of one block row, unpacked on all threads.
    fn blocks(
        &mut self,
        level: usize,
        row: usize,
        numbers: &[usize],
    ) -> Result<Vec<Block>, GeoTiffError> {
        let image = &self.images[level];
        let rows = image.rows_of(row);
        let mut packed = Vec::new();
        let mut found: Vec<Option<Block>> = Vec::with_capacity(numbers.len());
        for (place, number) in numbers.iter().enumerate() {
            let known = self.cache.take((level, *number));
            if known.is_none() {
                let (at, length) = (image.offsets[*number], image.lengths[*number]);
                // Neither place nor length: a block that was never written.
                let bytes = if length == 0 { None } else { Some(self.file.block(at, length)?) };
                packed.push((place, *number, bytes));
            }
            found.push(known);
        }
        let (big_endian, meaning) = (self.file.big_endian, self.meanings[0]);
        let fresh: Vec<(usize, usize, Block)> = packed
            .into_par_iter()
            .map(|(place, number, bytes)| {
                let block = match bytes {
                    Some(bytes) => unpack(image, number, rows, bytes, big_endian)?,
                    None => empty(image, rows, meaning.no_data.unwrap_or_default()),
                };
                Ok((place, number, Arc::new(block)))
            })
            .collect::<Result<_, GeoTiffError>>()?;
        for (place, number, block) in fresh {
            self.cache.put((level, number), &block, self.limits.cache_bytes);
            found[place] = Some(block);
        }
        Ok(found.into_iter().flatten().collect())
    }
}

fn inside(what: &'static str, found: usize, limit: usize) -> Result<(), GeoTiffError> {
    if found <= limit { Ok(()) } else { Err(GeoTiffError::Outside { what, found, limit }) }
}

/// A block that the file leaves out: no data, or 0.
fn empty(image: &Image, rows: usize, value: f64) -> Vec<u8> {
    fn one<T: Sample>(value: f64) -> Vec<u8> {
        let mut bytes = vec![0; size_of::<T>()];
        T::from_f64(value).put(&mut bytes);
        bytes
    }
    let number = match image.sample {
        SampleType::U8 => one::<u8>(value),
        SampleType::U16 => one::<u16>(value),
        SampleType::U32 => one::<u32>(value),
        SampleType::I16 => one::<i16>(value),
        SampleType::I32 => one::<i32>(value),
        SampleType::F32 => one::<f32>(value),
        SampleType::F64 => one::<f64>(value),
    };
    number.repeat(rows * image.block[1] * image.block_bands())
}

/// Where the numbers of a block go.
struct Target<'a> {
    window: &'a Window,
    /// First band in the block, and how many of them.
    first: usize,
    bands: usize,
    /// Place of the first band in a pixel of `out`, and its bands.
    own: [usize; 2],
}

/// Copies the part of a block that lies in the window.
fn copy<T: Sample>(
    image: &Image,
    [down, across]: [usize; 2],
    block: &[u8],
    target: &Target<'_>,
    out: &mut [T],
) {
    let ([height, width], bytes) = (image.block, image.sample.bytes());
    let (top, left) = (down * height, across * width);
    let Window { rows, columns } = target.window;
    let (from_row, to_row) = (rows.start.max(top), rows.end.min(top + height));
    let (from, to) = (columns.start.max(left), columns.end.min(left + width));
    let pixel = image.block_bands() * bytes;
    let [place, stride] = target.own;
    for row in from_row..to_row {
        let start = ((row - top) * width + from - left) * pixel;
        let cells = &block[start..start + (to - from) * pixel];
        let begin = ((row - rows.start) * columns.len() + from - columns.start) * stride;
        let line = &mut out[begin..begin + (to - from) * stride];
        for (cell, values) in cells.chunks_exact(pixel).zip(line.chunks_exact_mut(stride)) {
            let stored = cell[target.first * bytes..].chunks_exact(bytes).take(target.bands);
            for (value, stored) in values[place..].iter_mut().zip(stored) {
                *value = T::take(stored);
            }
        }
    }
}

/// One band of a `GeoTIFF` as a source of rows, in its unit, no data as `NaN`.
#[derive(Debug)]
pub struct Rows<R> {
    reader: Reader<R>,
    band: usize,
}

impl<R: Read + Seek> RowSource for Rows<R> {
    type Error = GeoTiffError;

    fn shape(&self) -> [usize; 2] {
        self.reader.shape()
    }

    fn read(&mut self, rows: Range<usize>, out: &mut [f32]) -> Result<(), GeoTiffError> {
        let window = Window { rows, columns: 0..self.reader.shape()[1] };
        self.reader.read_values([0, self.band], &window, out)
    }
}
