//! Sources of cells: GDAL's, elevation tiles, elevation meshes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use gdal::Dataset;
use gdal::raster::{ColorInterpretation, GdalDataType, RasterBand};
use jomo_core::mercator::TileId;
use jomo_format::geotiff::{Colour, Meaning, SampleType, Window};
use jomo_format::gsi;
use serde_json::{Value, json};

use super::error::RasterError;
use super::mesh::Mosaic;
use super::{Number, RasterRequest, WORLD_FILES, file_name};
use crate::crs::Crs;
use crate::drivers;
use crate::error::IngestError;
use crate::sniff::{self, Format};
use crate::warp::{Affine, Cells};

/// How much of a file tells an elevation mesh from other XML.
const HEAD: u64 = 4_096;
/// Longest text tile.
const TILE_BYTES_MAX: u64 = 2 << 20;
/// Bands of one raster.
const BANDS_MAX: usize = 1_024;

/// What marks the cells without data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Holes {
    /// A stored number; in floats `NaN` as well.
    Number(f64),
    /// A band of opacity.
    Opacity,
}

enum Origin {
    Gdal { dataset: Dataset, mask: Option<usize>, added: bool },
    Mosaic(Box<Mosaic>),
    Tile { tile: TileId, heights: Vec<f32> },
}

/// A source with all that is known of it.
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) driver: &'static str,
    pub(super) shape: [usize; 2],
    pub(super) bands: usize,
    pub(super) sample: SampleType,
    pub(super) affine: Affine,
    pub(super) crs: Option<(Crs, &'static str)>,
    pub(super) meaning: Meaning,
    pub(super) colour: Colour,
    pub(super) holes: Holes,
    /// The band that tells which cells hold data.
    opacity: Option<usize>,
    origin: Origin,
}

impl Opened {
    /// Opens a file by its content.
    pub(super) fn open(
        source: &Path,
        request: &RasterRequest,
        work: &Path,
    ) -> Result<Self, IngestError> {
        if is_mesh(source)? {
            return Self::mosaic(Mosaic::read(source, false, work)?, source, "FGD DEM");
        }
        let format = sniff::sniff(source)?;
        let beside = WORLD_FILES.iter().any(|world| source.with_extension(world).is_file());
        let no_place =
            !beside && request.tile.is_none() && gsi::address(&file_name(source)).is_err();
        match format {
            Format::Zip => Self::mosaic(Mosaic::read(source, true, work)?, source, "FGD DEM"),
            Format::Csv => Self::tile(source, request, "GSI text"),
            Format::Png if request.tile.is_some() || !beside && !no_place => {
                Self::tile(source, request, "GSI PNG")
            }
            Format::Png if no_place => Err(RasterError::Place { name: file_name(source) }.into()),
            Format::Tiff | Format::Png | Format::Jpeg => Self::gdal(source, format, request),
            _ => {
                let (name, found) = (file_name(source), "no raster".to_owned());
                Err(IngestError::Format { name, found })
            }
        }
    }

    /// One band of heights.
    fn heights(source: &Path, driver: &'static str, shape: [usize; 2], origin: Origin) -> Self {
        Self {
            name: file_name(source),
            driver,
            shape,
            bands: 1,
            sample: SampleType::F32,
            affine: Affine::north_up([0.0; 2], [1.0; 2]),
            crs: None,
            meaning: Meaning::default(),
            colour: Colour::Values,
            holes: Holes::Number(f64::NAN),
            opacity: None,
            origin,
        }
    }

    fn mosaic(mosaic: Mosaic, source: &Path, driver: &'static str) -> Result<Self, IngestError> {
        let (shape, affine) = (mosaic.shape(), mosaic.affine());
        let crs = mosaic.epsg().map(Crs::from_epsg).transpose()?.map(|crs| (crs, "file"));
        let opened = Self::heights(source, driver, shape, Origin::Mosaic(Box::new(mosaic)));
        Ok(Self { affine, crs, ..opened })
    }

    fn tile(
        source: &Path,
        request: &RasterRequest,
        driver: &'static str,
    ) -> Result<Self, IngestError> {
        let tile = match &request.tile {
            Some(given) => gsi::address(given)
                .map_err(|_fault| RasterError::Address { given: given.clone() })?,
            None => gsi::address(&source.to_string_lossy()).map_err(RasterError::from)?,
        };
        let fail = |fault: std::io::Error| IngestError::io(source, &fault);
        let mut bytes = Vec::new();
        let file = File::open(source).map_err(fail)?;
        file.take(TILE_BYTES_MAX).read_to_end(&mut bytes).map_err(fail)?;
        let heights = if driver == "GSI PNG" { gsi::png(&bytes) } else { gsi::text(&bytes) };
        let heights = heights.map_err(RasterError::from)?;
        let place = gsi::place(tile);
        let crs = place.epsg.map(Crs::from_epsg).transpose()?.map(|crs| (crs, "format"));
        let origin = Origin::Tile { tile, heights };
        let opened = Self::heights(source, driver, [gsi::EDGE; 2], origin);
        Ok(Self { affine: Affine::north_up(place.origin, place.cell), crs, ..opened })
    }

    fn gdal(source: &Path, format: Format, request: &RasterRequest) -> Result<Self, IngestError> {
        let name = file_name(source);
        let dataset = drivers::open(source, format, &[])?;
        let (columns, rows) = dataset.raster_size();
        let bands = dataset.raster_count();
        let samples = |found: String| RasterError::Samples {
            found,
            expected: "u8, u16, u32, i16, i32, f32, f64, the same in at most 1024 bands",
        };
        if bands == 0 || BANDS_MAX < bands {
            return Err(samples(format!("{bands} bands")).into());
        }
        let no_place = |_fault| RasterError::Place { name: name.clone() };
        let affine = Affine::of_gdal(&dataset.geo_transform().map_err(no_place)?);
        let crs = match dataset.spatial_ref() {
            Ok(found) if request.crs.is_none() => Some((Crs::from_spatial_ref(&found)?, "file")),
            _ => None,
        };
        let unreadable = |fault| read_fault(&name, &fault);
        let all: Vec<RasterBand<'_>> =
            dataset.rasterbands().collect::<Result<_, _>>().map_err(unreadable)?;
        let kinds: Vec<GdalDataType> = all.iter().map(RasterBand::band_type).collect();
        let sample = kinds.iter().all(|kind| *kind == kinds[0]).then(|| sample(kinds[0])).flatten();
        let sample = sample.ok_or_else(|| samples(format!("{kinds:?}")))?;
        let first = &all[0];
        let colours: Vec<_> = all.iter().map(RasterBand::color_interpretation).collect();
        let opacity = colours.iter().position(|own| *own == ColorInterpretation::AlphaBand);
        let photo = colours.first() == Some(&ColorInterpretation::RedBand) && 3 <= bands;
        let flags = first.mask_flags().map_err(unreadable)?;
        let masked = flags.is_per_dataset() && !flags.is_alpha();
        let number = request.no_data.or_else(|| first.no_data_value());
        let (holes, added) = match number {
            Some(number) => (Holes::Number(number), false),
            None if sample.is_float() => (Holes::Number(f64::NAN), false),
            None if opacity.is_some() => (Holes::Opacity, false),
            None if sample == SampleType::U8 && bands == 3 => (Holes::Opacity, true),
            None => return Err(RasterError::NoData { sample: sample.name() }.into()),
        };
        let colour = match (photo, opacity) {
            (true, Some(3)) => Colour::RgbAlpha,
            (true, _) if added => Colour::RgbAlpha,
            (true, _) => Colour::Rgb,
            _ => Colour::Values,
        };
        let meaning = Meaning {
            no_data: None,
            scale: first.scale().unwrap_or(1.0),
            offset: first.offset().unwrap_or(0.0),
        };
        drop(all);
        let mask = masked.then_some(1).or(opacity.map(|band| band + 1));
        Ok(Self {
            name,
            driver: format.label(),
            shape: [rows, columns],
            bands: bands + usize::from(added),
            sample,
            affine,
            crs,
            meaning,
            colour,
            holes,
            opacity: if added { Some(bands) } else { opacity.filter(|_| !masked) },
            origin: Origin::Gdal { dataset, mask, added },
        })
    }

    /// What an elevation source says of itself.
    pub(super) fn elevation(&self) -> Value {
        match &self.origin {
            Origin::Gdal { .. } => Value::Null,
            Origin::Mosaic(mosaic) => json!(mosaic.report()),
            Origin::Tile { tile, .. } => {
                json!({ "tile": format!("{}/{}/{}", tile.z(), tile.x(), tile.y()) })
            }
        }
    }
}

/// Whether a file is XML of the elevation model.
fn is_mesh(source: &Path) -> Result<bool, IngestError> {
    let fail = |fault: std::io::Error| IngestError::io(source, &fault);
    let mut head = Vec::new();
    File::open(source).map_err(fail)?.take(HEAD).read_to_end(&mut head).map_err(fail)?;
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
    let schema = b"fgd.gsi.go.jp/spec";
    Ok(text.starts_with(b"<") && head.windows(schema.len()).any(|part| part == schema))
}

fn sample(kind: GdalDataType) -> Option<SampleType> {
    Some(match kind {
        GdalDataType::UInt8 => SampleType::U8,
        GdalDataType::UInt16 => SampleType::U16,
        GdalDataType::UInt32 => SampleType::U32,
        GdalDataType::Int16 => SampleType::I16,
        GdalDataType::Int32 => SampleType::I32,
        GdalDataType::Float32 => SampleType::F32,
        GdalDataType::Float64 => SampleType::F64,
        _ => return None,
    })
}

fn read_fault(name: &str, fault: &gdal::errors::GdalError) -> IngestError {
    let (_, first) = drivers::take_failures();
    let reason = if first.is_empty() { fault.to_string() } else { first };
    IngestError::Read { name: name.to_owned(), reason }
}

/// Reads a window of a band.
fn band<T: Number>(
    band: &RasterBand<'_>,
    window: &Window,
    out: &mut [T],
) -> gdal::errors::Result<()> {
    let corner = [window.columns.start, window.rows.start];
    let [left, top] = corner.map(|index| isize::try_from(index).unwrap_or(isize::MAX));
    let size = (window.columns.len(), window.rows.len());
    band.read_into_slice((left, top), size, size, out, None)
}

impl<T: Number> Cells<T> for Opened {
    fn shape(&self) -> [usize; 2] {
        self.shape
    }

    fn bands(&self) -> usize {
        self.bands
    }

    fn opacity(&self) -> Option<usize> {
        self.opacity
    }

    fn read(&mut self, number: usize, window: &Window, out: &mut [T]) -> Result<(), IngestError> {
        let heights = |own: &[f32], out: &mut [T]| {
            for (out, own) in out.iter_mut().zip(own) {
                *out = T::from_f64(f64::from(*own));
            }
        };
        match &mut self.origin {
            Origin::Gdal { added: true, .. } if Some(number) == self.opacity => {
                let mut mask = vec![u8::MAX; out.len()];
                Cells::<T>::mask(self, window, &mut mask)?;
                for (out, mask) in out.iter_mut().zip(mask) {
                    *out = T::from_f64(f64::from(mask));
                }
                Ok(())
            }
            Origin::Gdal { dataset, .. } => {
                let read = dataset.rasterband(number + 1).and_then(|own| band(&own, window, out));
                read.map_err(|fault| read_fault(&self.name, &fault))
            }
            Origin::Mosaic(mosaic) => {
                let mut own = vec![0.0; out.len()];
                let read = mosaic.heights(window, &mut own);
                read.map_err(|fault| IngestError::io(Path::new(&self.name), &fault))?;
                heights(&own, out);
                Ok(())
            }
            Origin::Tile { heights: all, .. } => {
                let rows = all.chunks_exact(gsi::EDGE).skip(window.rows.start);
                for (row, out) in rows.zip(out.chunks_exact_mut(window.columns.len())) {
                    heights(&row[window.columns.clone()], out);
                }
                Ok(())
            }
        }
    }

    fn mask(&mut self, window: &Window, out: &mut [u8]) -> Result<bool, IngestError> {
        let Origin::Gdal { dataset, mask: Some(number), .. } = &self.origin else {
            return Ok(false);
        };
        let read = dataset.rasterband(*number).and_then(|own| match self.opacity {
            // A band of opacity is its own mask.
            Some(opacity) if opacity + 1 == *number => band(&own, window, out),
            _ => band(&own.open_mask_band()?, window, out),
        });
        read.map_err(|fault| read_fault(&self.name, &fault))?;
        Ok(true)
    }
}
