//! `GeoTIFF` with one band of `u8`, `u16` or `f32` in a planar zone of JGD2011.
//!
//! Written: classic TIFF, tiles of 256 cells, DEFLATE, predictor 2 (integers) or 3 (floats), the
//! EPSG code as a `GeoKey`, no-data as GDAL's tag 42113, scale and offset as GDAL's tag 42112. The
//! bytes do not depend on the number of threads. Read: whatever layout the `tiff` crate knows,
//! with a limit on cells, and never more memory than the bytes at hand can unfold to.
//!
//! Sources: TIFF 6.0 (1992) sections 8 and 15; Adobe Photoshop TIFF Technical Note 3 (2005),
//! predictor 3; OGC 19-008r4 (`GeoTIFF` 1.1); GDAL's `GTiff` driver page.

use std::io::{Cursor, Write};

use jomo_core::grid::{Grid, GridError, Placement};
use jomo_core::message::{Arguments, Coded};
use jomo_core::projection::Zone;
use rayon::prelude::*;
use tiff::decoder::{Decoder, DecodingResult};
use tiff::encoder::{DirectoryEncoder, TiffEncoder, TiffKindStandard};
use tiff::tags::Tag;

/// Edge of a tile in cells, the size that GDAL's COG driver writes by default is 512; 256 reads
/// less for a small window.
const TILE: usize = 256;
/// DEFLATE cannot unfold one byte into more than 1,032.
const DEFLATE_RATIO_MAX: u64 = 1_032;

const GDAL_METADATA: Tag = Tag::Unknown(42_112);
const KEY_MODEL_TYPE: u32 = 1_024;
const KEY_RASTER_TYPE: u32 = 1_025;
const KEY_PROJECTED_CRS: u32 = 3_072;
const KEY_LINEAR_UNIT: u32 = 3_076;
const RASTER_IS_POINT: u32 = 2;

/// How much a reader accepts.
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

/// What the stored numbers mean: `value = stored * scale + offset`, except `no_data`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Meaning {
    /// The stored number that stands for no data. `NaN` is no data in floats in any case.
    pub no_data: Option<f64>,
    /// Factor.
    pub scale: f64,
    /// Summand.
    pub offset: f64,
}

impl Default for Meaning {
    fn default() -> Self {
        Self { no_data: None, scale: 1.0, offset: 0.0 }
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

/// A raster as stored.
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

/// Why a `GeoTIFF` was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeoTiffError {
    /// The bytes are no TIFF that the `tiff` crate can read.
    #[error("not a readable TIFF: {0}")]
    Tiff(#[from] tiff::TiffError),
    /// More cells than the limit.
    #[error("{columns} x {rows} cells are more than the limit of {limit}")]
    TooLarge {
        /// Columns as declared.
        columns: u32,
        /// Rows as declared.
        rows: u32,
        /// The limit in cells.
        limit: u64,
    },
    /// Fewer bytes than the declared cells can be packed into.
    #[error("{columns} x {rows} cells cannot come out of {bytes} bytes")]
    Truncated {
        /// Columns as declared.
        columns: u32,
        /// Rows as declared.
        rows: u32,
        /// Length of the file.
        bytes: u64,
    },
    /// Not one band of `u8`, `u16` or `f32`.
    #[error("samples are {found}; one band of u8, u16 or f32 is read")]
    Samples {
        /// The sample type as found.
        found: String,
    },
    /// No usable place on the ground.
    #[error("tag {tag} is missing or unusable: {found:?}")]
    Placement {
        /// Name of the tag.
        tag: &'static str,
        /// What it holds.
        found: Vec<f64>,
    },
    /// Another CRS than a planar zone of JGD2011.
    #[error("CRS is {}, not a planar zone of JGD2011 (EPSG:6669-6692)", name(*epsg))]
    Crs {
        /// The projected EPSG code, if any.
        epsg: Option<u32>,
    },
    /// The numbers do not fill the grid.
    #[error(transparent)]
    Grid(#[from] GridError),
}

fn name(epsg: Option<u32>) -> String {
    epsg.map_or_else(|| "not given".to_owned(), |code| format!("EPSG:{code}"))
}

impl Coded for GeoTiffError {
    fn code(&self) -> &'static str {
        match self {
            Self::Tiff(_) => "geotiff-unreadable",
            Self::TooLarge { .. } => "geotiff-too-large",
            Self::Truncated { .. } => "geotiff-truncated",
            Self::Samples { .. } => "geotiff-samples",
            Self::Placement { .. } => "geotiff-placement",
            Self::Crs { .. } => "geotiff-crs",
            Self::Grid(_) => "geotiff-grid",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Tiff(reason) => vec![("reason", reason.to_string())],
            Self::TooLarge { columns, rows, limit } => vec![
                ("columns", columns.to_string()),
                ("rows", rows.to_string()),
                ("limit", limit.to_string()),
            ],
            Self::Truncated { columns, rows, bytes } => vec![
                ("columns", columns.to_string()),
                ("rows", rows.to_string()),
                ("bytes", bytes.to_string()),
            ],
            Self::Samples { found } => vec![("found", found.clone())],
            Self::Placement { tag, found } => {
                vec![("tag", (*tag).to_owned()), ("found", format!("{found:?}"))]
            }
            Self::Crs { epsg } => vec![("found", name(*epsg))],
            Self::Grid(reason) => vec![("reason", reason.to_string())],
        }
    }
}

impl Raster {
    /// The raster in the units of its meaning: scale and offset applied, no data as `NaN`.
    ///
    /// # Errors
    /// If the numbers do not fill the shape (a raster changed after reading).
    pub fn into_grid(self) -> Result<Grid<f32>, GeoTiffError> {
        let Meaning { no_data, scale, offset } = self.meaning;
        let mean = |stored: f64| {
            if no_data == Some(stored) { f32::NAN } else { narrowed(stored.mul_add(scale, offset)) }
        };
        let values = match self.values {
            Values::U8(stored) => stored.par_iter().map(|v| mean(f64::from(*v))).collect(),
            Values::U16(stored) => stored.par_iter().map(|v| mean(f64::from(*v))).collect(),
            Values::F32(stored) => stored.par_iter().map(|v| mean(f64::from(*v))).collect(),
        };
        Ok(Grid::new(self.shape, self.placement, values)?)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "grids store f32")]
fn narrowed(value: f64) -> f32 {
    value as f32
}

/// Reads a raster.
///
/// # Errors
/// Any [`GeoTiffError`]; hostile bytes end in one, too.
pub fn read(bytes: &[u8], limits: Limits) -> Result<Raster, GeoTiffError> {
    let mut decoder = Decoder::new(Cursor::new(bytes))?;
    let (columns, rows) = decoder.dimensions()?;
    let cells = u64::from(columns) * u64::from(rows);
    if limits.cells < cells {
        return Err(GeoTiffError::TooLarge { columns, rows, limit: limits.cells });
    }
    let length = bytes.len() as u64;
    if length.saturating_mul(DEFLATE_RATIO_MAX) < cells {
        return Err(GeoTiffError::Truncated { columns, rows, bytes: length });
    }
    let placement = placement(&mut decoder)?;
    let meaning = meaning(&mut decoder);
    let room = usize::try_from(cells.saturating_mul(4)).unwrap_or(usize::MAX);
    let mut decoding = tiff::decoder::Limits::default();
    decoding.decoding_buffer_size = room;
    // One tile or strip on its way; a single strip may be the whole image.
    decoding.intermediate_buffer_size = room.max(1 << 20);
    decoder = decoder.with_limits(decoding);
    let wrong = |found: String| GeoTiffError::Samples { found };
    let colour = decoder.colortype()?;
    if !matches!(colour, tiff::ColorType::Gray(8 | 16 | 32)) {
        return Err(wrong(format!("{colour:?}")));
    }
    let values = match decoder.read_image()? {
        DecodingResult::U8(values) => Values::U8(values),
        DecodingResult::U16(values) => Values::U16(values),
        DecodingResult::F32(values) => Values::F32(values),
        _ => return Err(wrong(format!("{colour:?}, signed or 32-bit integers"))),
    };
    let shape = [rows as usize, columns as usize];
    Ok(Raster { shape, placement, values, meaning })
}

type Bytes<'a> = Decoder<Cursor<&'a [u8]>>;

fn placement(decoder: &mut Bytes<'_>) -> Result<Placement, GeoTiffError> {
    let keys = keys(decoder);
    let epsg = keys.iter().find(|key| key.0 == KEY_PROJECTED_CRS).map(|key| key.1);
    let zone = epsg.and_then(Zone::from_epsg).ok_or(GeoTiffError::Crs { epsg })?;
    let is_point = keys.contains(&(KEY_RASTER_TYPE, RASTER_IS_POINT));
    let scale = doubles(decoder, Tag::ModelPixelScaleTag);
    let tie = doubles(decoder, Tag::ModelTiepointTag);
    let [cell_x, cell_y, ..] = scale[..] else {
        return Err(GeoTiffError::Placement { tag: "ModelPixelScale", found: scale });
    };
    let square = cell_x.is_finite() && 0.0 < cell_x && (cell_x - cell_y).abs() <= 1e-6 * cell_x;
    if !square {
        return Err(GeoTiffError::Placement { tag: "ModelPixelScale", found: scale });
    }
    let [column, row, _, easting, northing, ..] = tie[..] else {
        return Err(GeoTiffError::Placement { tag: "ModelTiepoint", found: tie });
    };
    // Of a point raster, the tie is the middle of its cell.
    let half = if is_point { 0.5 } else { 0.0 };
    let origin_m = [easting - (column + half) * cell_x, northing + (row + half) * cell_x];
    if !origin_m.iter().all(|value| value.is_finite()) {
        return Err(GeoTiffError::Placement { tag: "ModelTiepoint", found: tie });
    }
    Ok(Placement { zone, origin_m, cell_size_m: cell_x })
}

/// Short `GeoKeys` as pairs of key and value.
fn keys(decoder: &mut Bytes<'_>) -> Vec<(u32, u32)> {
    let directory: Vec<u32> =
        decoder.find_tag_unsigned_vec(Tag::GeoKeyDirectoryTag).ok().flatten().unwrap_or_default();
    let entries = directory.chunks_exact(4).skip(1);
    entries.filter(|entry| entry[1] == 0).map(|entry| (entry[0], entry[3])).collect()
}

fn doubles(decoder: &mut Bytes<'_>, tag: Tag) -> Vec<f64> {
    decoder.get_tag_f64_vec(tag).unwrap_or_default()
}

fn meaning(decoder: &mut Bytes<'_>) -> Meaning {
    let number = |text: &str| text.trim_matches(['\0', ' ', '\n']).parse::<f64>().ok();
    let no_data = decoder.get_tag_ascii_string(Tag::GdalNodata).ok();
    let metadata = decoder.get_tag_ascii_string(GDAL_METADATA).unwrap_or_default();
    let finite = |role| item(&metadata, role).and_then(number).filter(|value| value.is_finite());
    Meaning {
        no_data: no_data.as_deref().and_then(number),
        scale: finite("scale").unwrap_or(1.0),
        offset: finite("offset").unwrap_or(0.0),
    }
}

/// The text of the first `<Item … role="ROLE" …>TEXT</Item>` for sample 0 in GDAL's XML.
fn item<'a>(metadata: &'a str, role: &str) -> Option<&'a str> {
    let wanted = format!("role=\"{role}\"");
    metadata.split("<Item").skip(1).find_map(|element| {
        let (attributes, rest) = element.split_once('>')?;
        let first = !attributes.contains("sample=") || attributes.contains("sample=\"0\"");
        let text = rest.split_once("</Item")?.0;
        (first && attributes.contains(&wanted)).then_some(text)
    })
}

mod sealed {
    /// The kinds of number that a raster is written with.
    pub trait Sample: Copy + Default + Send + Sync {
        /// Bits of a number.
        const BITS: u16;
        /// TIFF sample format: 1 unsigned, 3 float.
        const FORMAT: u16;
        /// TIFF predictor.
        const PREDICTOR: u16;
        /// Appends one row of a tile, predicted.
        fn predict(row: &[Self], out: &mut Vec<u8>);
    }
}
use sealed::Sample;

impl Sample for u8 {
    const BITS: u16 = 8;
    const FORMAT: u16 = 1;
    const PREDICTOR: u16 = 2;
    fn predict(row: &[Self], out: &mut Vec<u8>) {
        let mut before = 0;
        for value in row {
            out.push(value.wrapping_sub(before));
            before = *value;
        }
    }
}

impl Sample for u16 {
    const BITS: u16 = 16;
    const FORMAT: u16 = 1;
    const PREDICTOR: u16 = 2;
    fn predict(row: &[Self], out: &mut Vec<u8>) {
        let mut before = 0;
        for value in row {
            out.extend(value.wrapping_sub(before).to_ne_bytes());
            before = *value;
        }
    }
}

impl Sample for f32 {
    const BITS: u16 = 32;
    const FORMAT: u16 = 3;
    const PREDICTOR: u16 = 3;
    /// The most significant bytes of all values first, and so on; then differences of bytes.
    fn predict(row: &[Self], out: &mut Vec<u8>) {
        let mut before = 0;
        for plane in 0..4 {
            for value in row {
                let byte = value.to_be_bytes()[plane];
                out.push(byte.wrapping_sub(before));
                before = byte;
            }
        }
    }
}

/// Writes a grid of `u8`, `u16` or `f32`; the same bytes on any number of threads.
///
/// # Errors
/// [`GeoTiffError::TooLarge`] above `u32::MAX` bytes, which is what classic TIFF can address.
pub fn write<T: Sample>(grid: &Grid<T>, meaning: &Meaning) -> Result<Vec<u8>, GeoTiffError> {
    let [rows, columns] = grid.shape();
    let size = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let (width, height) = (size(columns), size(rows));
    let bits = u64::from(width) * u64::from(height) * u64::from(T::BITS);
    if u64::from(u32::MAX) * 8 < bits {
        let limit = u64::from(u32::MAX) * 8 / u64::from(T::BITS);
        return Err(GeoTiffError::TooLarge { columns: width, rows: height, limit });
    }
    let across = columns.div_ceil(TILE);
    let tiles: Vec<Vec<u8>> = (0..across * rows.div_ceil(TILE))
        .into_par_iter()
        .map(|index| tile(grid, [index / across * TILE, index % across * TILE]))
        .collect::<std::io::Result<_>>()
        .map_err(tiff::TiffError::from)?;

    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes)?;
    let mut directory = encoder.image_directory()?;
    let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
    for tile in &tiles {
        let offset = directory.write_data(&tile[..])?;
        offsets.push(u32::try_from(offset).map_err(tiff::TiffError::from)?);
        lengths.push(size(tile.len()));
    }
    directory.write_tag(Tag::ImageWidth, width)?;
    directory.write_tag(Tag::ImageLength, height)?;
    directory.write_tag(Tag::BitsPerSample, T::BITS)?;
    directory.write_tag(Tag::Compression, 8_u16)?;
    directory.write_tag(Tag::PhotometricInterpretation, 1_u16)?;
    directory.write_tag(Tag::SamplesPerPixel, 1_u16)?;
    directory.write_tag(Tag::PlanarConfiguration, 1_u16)?;
    directory.write_tag(Tag::Predictor, T::PREDICTOR)?;
    directory.write_tag(Tag::TileWidth, size(TILE))?;
    directory.write_tag(Tag::TileLength, size(TILE))?;
    directory.write_tag(Tag::TileOffsets, &offsets[..])?;
    directory.write_tag(Tag::TileByteCounts, &lengths[..])?;
    directory.write_tag(Tag::SampleFormat, T::FORMAT)?;
    place(&mut directory, grid.placement(), meaning)?;
    directory.finish()?;
    Ok(bytes.into_inner())
}

/// One tile, padded on the right and below by its nearest cells, predicted and packed.
fn tile<T: Sample>(grid: &Grid<T>, [top, left]: [usize; 2]) -> std::io::Result<Vec<u8>> {
    let mut plain = Vec::with_capacity(TILE * TILE * usize::from(T::BITS / 8));
    let mut line = Vec::with_capacity(TILE);
    for row in top..top + TILE {
        if let Some(cells) = grid.row(row) {
            line.clear();
            line.extend_from_slice(&cells[left..cells.len().min(left + TILE)]);
            let last = line.last().copied().unwrap_or_default();
            line.resize(TILE, last);
        }
        T::predict(&line, &mut plain);
    }
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&plain)?;
    packed.finish()
}

type Directory<'a> = DirectoryEncoder<'a, &'a mut Cursor<Vec<u8>>, TiffKindStandard>;

fn place(
    directory: &mut Directory<'_>,
    placement: Placement,
    meaning: &Meaning,
) -> Result<(), GeoTiffError> {
    let Placement { zone, origin_m: [x, y], cell_size_m: cell } = placement;
    let short = |value: u32| u16::try_from(value).unwrap_or_default();
    let keys = [
        (KEY_MODEL_TYPE, 1),
        (KEY_RASTER_TYPE, 1),
        (KEY_PROJECTED_CRS, zone.epsg()),
        (KEY_LINEAR_UNIT, 9_001),
    ];
    let mut shorts = vec![1, 1, 0, short(keys.len().try_into().unwrap_or_default())];
    for (key, value) in keys {
        shorts.extend([short(key), 0, 1, short(value)]);
    }
    directory.write_tag(Tag::ModelPixelScaleTag, &[cell, cell, 0.0][..])?;
    directory.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, x, y, 0.0][..])?;
    directory.write_tag(Tag::GeoKeyDirectoryTag, &shorts[..])?;
    let Meaning { no_data, scale, offset } = meaning;
    if let Some(no_data) = no_data {
        let text = if no_data.is_nan() { "nan".to_owned() } else { no_data.to_string() };
        directory.write_tag(Tag::GdalNodata, text.as_str())?;
    }
    if *meaning != (Meaning { no_data: *no_data, ..Meaning::default() }) {
        let text = format!(
            "<GDALMetadata>\n  <Item name=\"SCALE\" sample=\"0\" role=\"scale\">{scale}</Item>\n  \
             <Item name=\"OFFSET\" sample=\"0\" role=\"offset\">{offset}</Item>\n</GDALMetadata>\n"
        );
        directory.write_tag(GDAL_METADATA, text.as_str())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
