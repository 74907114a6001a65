//! Rasters of a case: `GeoTIFF` or ASCII grid, which must lie on the elevation model.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use jomo_flood::FloodError;
use jomo_format::aaigrid;
use jomo_format::geotiff::{Place, Reader, ReaderLimits, Sample, SampleType, Window};

use super::case::FileName;
use super::fault::FileFault;
use crate::failure::{BoxedError, CommandError};

/// Most cells of a domain: 14 GiB at the 55 bytes that a cell of first order takes with its records.
const CELLS_MAX: u64 = 1 << 28;
/// Differences of corner and cell that are rounding, as a share of a cell.
const TOUCH: f64 = 1e-3;
/// Sizes of a cell, m: from laboratory flumes to what no flood is resolved by.
const CELL_M: std::ops::RangeInclusive<f64> = 0.001..=1e5;
/// Greatest height or depth of ground, m. Below lie -9999 and other numbers for no data that a file
/// has not declared; a domain with them would be a pit into which all water falls.
const HEIGHT_M: f64 = 9_000.0;

/// A raster in memory.
#[derive(Clone, Debug)]
pub(super) struct Raster {
    pub(super) frame: Frame,
    /// Row by row from the north; no data is `NaN`.
    pub(super) values: Vec<f64>,
}

/// Where a raster lies.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// The file, as the case names it.
    pub(super) file: String,
    /// Rows and columns.
    pub(super) shape: [usize; 2],
    pub(super) place: Place,
}

impl Frame {
    /// West, south, east, north.
    pub(super) fn bounds(&self) -> [f64; 4] {
        let [rows, columns] = self.shape.map(|size| size as f64);
        let ([west, north], [width, height]) = (self.place.origin, self.place.cell);
        [west, north - rows * height, west + columns * width, north]
    }

    /// The cell that holds a place; the rim belongs to the cells inside.
    pub(super) fn cell(&self, [x, y]: [f64; 2]) -> Option<[usize; 2]> {
        let ([west, north], [width, height]) = (self.place.origin, self.place.cell);
        let [_, south, east, _] = self.bounds();
        if !(west <= x && x <= east && south <= y && y <= north) {
            return None;
        }
        let at = |steps: f64, count: usize| (floor(steps)).min(count - 1);
        Some([at((north - y) / height, self.shape[0]), at((x - west) / width, self.shape[1])])
    }

    /// Whether cells are square metres, of a size that ground is surveyed in.
    fn check(&self) -> Result<(), BoxedError> {
        let Place { epsg, cell: [width, height], .. } = self.place;
        if let Some(epsg) = epsg.filter(|code| is_geographic(*code)) {
            return Err(boxed(FileFault::Degrees { epsg }));
        }
        if 1e-6 * width < (width - height).abs() {
            return Err(boxed(FileFault::NotSquare { width, height }));
        }
        if !CELL_M.contains(&width) {
            return Err(boxed(FloodError::CellSize { cell_size_m: width }));
        }
        Ok(())
    }

    /// Refuses a raster that does not lie on `dem`.
    fn check_on(&self, dem: &Self) -> Result<(), BoxedError> {
        let fault = |what, found: String, expected: String| {
            Err(boxed(FileFault::Mismatch { what, found, expected, dem: dem.file.clone() }))
        };
        let shape = |[rows, columns]: [usize; 2]| format!("{columns} x {rows}");
        if self.shape != dem.shape {
            return fault("shape", shape(self.shape), shape(dem.shape));
        }
        let [width, height] = dem.place.cell;
        let text = |[x, y]: [f64; 2]| format!("{x}, {y}");
        let differ = |a: [f64; 2], b: [f64; 2], touch: f64| {
            touch * width < (a[0] - b[0]).abs() || touch * height < (a[1] - b[1]).abs()
        };
        // Over all columns and rows, cells must not drift apart by more than the touch.
        let drift = TOUCH / self.shape[0].max(self.shape[1]) as f64;
        if differ(self.place.cell, dem.place.cell, drift) {
            return fault("cell", text(self.place.cell), text(dem.place.cell));
        }
        if differ(self.place.origin, dem.place.origin, TOUCH) {
            return fault("origin", text(self.place.origin), text(dem.place.origin));
        }
        match (self.place.epsg, dem.place.epsg) {
            (Some(own), Some(other)) if own != other => {
                fault("crs", format!("EPSG:{own}"), format!("EPSG:{other}"))
            }
            _ => Ok(()),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and the caller bounds it by the shape"
)]
fn floor(steps: f64) -> usize {
    steps.floor() as usize
}

/// Codes of geodetic systems: 4000 to 4999 are kept for them by EPSG, the others are those of
/// JGD2011, NAD83(2011), GDA2020 and ITRF.
fn is_geographic(epsg: u32) -> bool {
    matches!(epsg, 4_000..=4_999 | 6_316..=6_322 | 6_666..=6_668 | 7_842..=7_844 | 7_789 | 9_000)
}

/// Reads the elevation model.
///
/// # Errors
/// If the file is no raster of one band, in degrees, of cells that are not square, or holds a
/// height that no ground has.
pub(super) fn read_dem(file: &FileName) -> Result<Raster, BoxedError> {
    let dem = read(file, Frame::check)?;
    if let Some(at) = dem.values.iter().position(|height| HEIGHT_M < height.abs()) {
        let columns = dem.frame.shape[1];
        let cell = [at / columns, at % columns];
        return Err(boxed(FloodError::Bed { cell, height_m: dem.values[at] }));
    }
    Ok(dem)
}

/// Reads a raster that must lie on `dem`.
///
/// # Errors
/// If the file is no raster of one band, or lies elsewhere.
pub(super) fn read_on(file: &FileName, dem: &Frame) -> Result<Vec<f64>, BoxedError> {
    Ok(read(file, |frame| frame.check_on(dem))?.values)
}

fn read(
    file: &FileName,
    check: impl FnOnce(&Frame) -> Result<(), BoxedError>,
) -> Result<Raster, BoxedError> {
    let mut source = open(&file.path)?;
    let mut magic = [0; 2];
    let is_tiff = source.read_exact(&mut magic).is_ok() && [*b"II", *b"MM"].contains(&magic);
    let source = BufReader::with_capacity(1 << 16, open(&file.path)?);
    if is_tiff {
        read_tiff(file, source, check)
    } else {
        let grid = aaigrid::read(source, CELLS_MAX).map_err(boxed)?;
        let frame = Frame { file: file.written.clone(), shape: grid.shape, place: grid.place };
        check(&frame)?;
        Ok(Raster { frame, values: grid.values })
    }
}

fn boxed(error: impl jomo_core::message::Coded + Send + Sync + 'static) -> BoxedError {
    Box::new(error)
}

/// Opens a plain file: opening a pipe would wait for its other end.
pub(super) fn open(path: &Path) -> Result<File, BoxedError> {
    let io = |fault: std::io::Error| boxed(CommandError::io(path, &fault));
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(boxed(CommandError::NotAFile { path: path.display().to_string() }));
    }
    File::open(path).map_err(io)
}

fn read_tiff(
    file: &FileName,
    source: BufReader<File>,
    check: impl FnOnce(&Frame) -> Result<(), BoxedError>,
) -> Result<Raster, BoxedError> {
    // Each block is read once: the cache only bounds how many are unpacked at a time.
    let limits = ReaderLimits { cache_bytes: 16 << 20, ..ReaderLimits::default() };
    let mut reader = Reader::open(source, limits).map_err(boxed)?;
    let (shape, bands) = (reader.shape(), reader.bands());
    if bands != 1 {
        return Err(boxed(FileFault::Bands { bands }));
    }
    let [rows, columns] = shape.map(|size| size as u64);
    if rows.checked_mul(columns).is_none_or(|cells| CELLS_MAX < cells) {
        let fault = aaigrid::AsciiGridError::TooLarge { columns, rows, limit: CELLS_MAX };
        return Err(boxed(fault));
    }
    let frame = Frame { file: file.written.clone(), shape, place: reader.place() };
    check(&frame)?;
    macro_rules! by {
        ($($kind:ident $number:ty),*) => {
            match reader.sample() {
                $(SampleType::$kind => values::<$number>(&mut reader)?,)*
                other => {
                    let (expected, found) = ("u8, u16, u32, i16, i32, f32, f64", other.name().to_owned());
                    let fault = jomo_format::geotiff::GeoTiffError::Samples { expected, found };
                    return Err(boxed(fault));
                }
            }
        };
    }
    let values = by!(U8 u8, U16 u16, U32 u32, I16 i16, I32 i32, F32 f32, F64 f64);
    Ok(Raster { frame, values })
}

/// All values in their unit, by rows of blocks: no second copy of the raster.
fn values<T: Sample>(reader: &mut Reader<BufReader<File>>) -> Result<Vec<f64>, BoxedError> {
    let ([rows, columns], [height, _]) = (reader.shape(), reader.block());
    let meaning = reader.meanings()[0];
    let mut values = Vec::new();
    let mut stored = Vec::new();
    for first in (0..rows).step_by(height.max(1)) {
        let window = Window { rows: first..rows.min(first + height), columns: 0..columns };
        stored.resize(window.rows.len() * columns, T::default());
        reader.read([0, 0], &window, &mut stored).map_err(boxed)?;
        if values.is_empty() {
            // Growing by doubling would hold the raster up to three times. Where there is no room for
            // all of it, growing fails as well.
            let _ = values.try_reserve_exact(rows * columns);
        }
        values.extend(stored.iter().map(|number| meaning.of(number.to_f64())));
    }
    Ok(values)
}
