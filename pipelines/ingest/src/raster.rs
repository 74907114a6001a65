//! Rasters of any accepted format, as a cloud-optimised `GeoTIFF` in a planar zone of JGD2011.

mod error;
mod mesh;
mod open;

use std::path::Path;

use gdal::raster::GdalType;
use jomo_core::projection::Zone;
use jomo_format::geotiff::{CogWriter, Layout, Meaning, Overviews, Place, Sample, SampleType};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use crate::warp::Resampling;
pub use error::RasterError;

use crate::crs::{Crs, CrsError, Operation};
use crate::error::IngestError;
use crate::report::CrsReport;
use crate::warp::{BLOCK, Target, Warp};
use open::{Holes, Opened};

/// Name of the result in its folder.
pub const NAME: &str = "raster.tif";

/// Extensions of the files that say where a picture lies.
pub(crate) const WORLD_FILES: [&str; 6] = ["wld", "pgw", "jgw", "tfw", "pngw", "jpgw"];

/// What to read and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RasterRequest {
    /// EPSG code of the result, a planar zone of JGD2011.
    pub to_crs: u32,
    /// EPSG code of the source, over what the file says.
    pub crs: Option<u32>,
    /// How values are made; by default what suits the source.
    pub resampling: Option<Resampling>,
    /// Edge of a cell of the result in metres; by default what suits the source.
    pub cell_size_m: Option<f64>,
    /// The stored number for no data, over what the file says.
    pub no_data: Option<f64>,
    /// Address `z/x/y` of an elevation tile, over its name.
    pub tile: Option<String>,
}

/// A number that GDAL and we know.
pub(crate) trait Number: Sample + GdalType {}
impl<T: Sample + GdalType> Number for T {}

/// Reads `source`, writes [`NAME`] into `out`; `work` is a folder for what has to wait. Returns
/// the report and the driver of the source.
///
/// # Errors
/// [`IngestError`].
pub fn run(
    source: &Path,
    request: &RasterRequest,
    out: &Path,
    work: &Path,
) -> Result<(Value, &'static str), IngestError> {
    let zone = Zone::from_epsg(request.to_crs)
        .ok_or(IngestError::Target { epsg: request.to_crs, expected: "6669-6692" })?;
    let opened = Opened::open(source, request, work)?;
    let driver = opened.driver;
    let report = match opened.sample {
        SampleType::U8 => make::<u8>(opened, request, zone, out),
        SampleType::U16 => make::<u16>(opened, request, zone, out),
        SampleType::U32 => make::<u32>(opened, request, zone, out),
        SampleType::I16 => make::<i16>(opened, request, zone, out),
        SampleType::I32 => make::<i32>(opened, request, zone, out),
        SampleType::F64 => make::<f64>(opened, request, zone, out),
        _ => make::<f32>(opened, request, zone, out),
    }?;
    Ok((report, driver))
}

/// The CRS of the source: what the caller says, then the file, then the format.
fn reference(opened: &Opened, request: &RasterRequest) -> Result<(Crs, &'static str), IngestError> {
    match (request.crs, &opened.crs) {
        (Some(code), _) => Ok((Crs::from_epsg(code)?, "override")),
        (None, Some((crs, found_by))) => Ok((crs.clone(), found_by)),
        (None, None) => Err(CrsError::Missing { layer: opened.name.clone() }.into()),
    }
}

/// What suits: means where cells are made coarser, distances between heights or colours, and the
/// nearest cell for whole numbers of one band, which may be classes.
fn resampling(opened: &Opened, target: &Target, cell_m: f64) -> Resampling {
    let classes = !opened.sample.is_float() && opened.bands < 3;
    match target.cell_size_m / cell_m {
        _ if classes => Resampling::Nearest,
        1.5.. => Resampling::Average,
        _ => Resampling::Bilinear,
    }
}

fn make<T: Number>(
    mut opened: Opened,
    request: &RasterRequest,
    zone: Zone,
    out: &Path,
) -> Result<Value, IngestError> {
    let (crs, found_by) = reference(&opened, request)?;
    let operation = Operation::new(&crs)?.to_zone(zone);
    let outside = || IngestError::from(RasterError::Outside);
    let to_cells = opened.affine.inverse().ok_or_else(outside)?;
    let way = (&operation, zone);
    let target = Target::around(&opened.affine, opened.shape, way, request.cell_size_m)?;
    let suited = Target::around(&opened.affine, opened.shape, way, None)?;
    let chosen = resampling(&opened, &target, suited.cell_size_m);
    let resampling = request.resampling.unwrap_or(chosen);
    let (absent, fill, no_data) = match opened.holes {
        Holes::Number(number) if T::TYPE.is_float() => (Some(number), f64::NAN, Some(f64::NAN)),
        Holes::Number(number) => (Some(number), number, Some(number)),
        Holes::Opacity => (None, 0.0, None),
    };
    let mean = resampling != Resampling::Nearest;
    let layout = Layout {
        bands: opened.bands,
        meaning: Meaning { no_data, ..opened.meaning },
        colour: opened.colour,
        overviews: if mean { Overviews::Average } else { Overviews::Nearest },
        ..Layout::new(
            target.shape,
            Place {
                epsg: Some(zone.epsg()),
                origin: target.origin_m,
                cell: [target.cell_size_m; 2],
            },
        )
    };
    let warp = Warp { operation: &operation, to_cells, target, resampling, absent, fill };
    let mut writer = CogWriter::<T>::create(&out.join(NAME), &layout).map_err(RasterError::from)?;
    let mut seen = Seen::default();
    let line = target.shape[1] * opened.bands;
    let mut strip = vec![T::default(); BLOCK.min(target.shape[0]) * line];
    for first in (0..target.shape[0]).step_by(BLOCK) {
        let rows = BLOCK.min(target.shape[0] - first);
        let strip = &mut strip[..rows * line];
        warp.strip(&mut opened, first, strip)?;
        seen.add(strip, opened.bands, layout.meaning);
        writer.write_rows(strip).map_err(RasterError::from)?;
    }
    let bytes = writer.finish().map_err(RasterError::from)?;
    let positions = CrsReport {
        source: crs.label(),
        found_by,
        operation: operation.name().to_owned(),
        accuracy_m: operation.accuracy_m(),
        unrevised: 0,
    };
    let [rows, columns] = target.shape;
    Ok(json!({
        "file": NAME,
        "bytes": bytes,
        "rows": rows,
        "columns": columns,
        "bands": opened.bands,
        "sample": T::TYPE.name(),
        "epsg": zone.epsg(),
        "origin_m": target.origin_m,
        "cell_size_m": target.cell_size_m,
        "resampling": resampling,
        "no_data": no_data.map(|number| if number.is_nan() { json!("nan") } else { json!(number) }),
        "scale": opened.meaning.scale,
        "offset": opened.meaning.offset,
        "crs": positions,
        "first_band": seen.report(),
        "elevation": opened.elevation(),
    }))
}

/// Smallest, largest and number of the values of the first band.
#[derive(Default)]
struct Seen {
    range: Option<[f64; 2]>,
    known: u64,
    cells: u64,
}

impl Seen {
    fn add<T: Sample>(&mut self, strip: &[T], bands: usize, meaning: Meaning) {
        for stored in strip.iter().step_by(bands) {
            self.cells += 1;
            let value = meaning.of(stored.to_f64());
            if !value.is_nan() {
                self.known += 1;
                let [low, high] = self.range.unwrap_or([value; 2]);
                self.range = Some([low.min(value), high.max(value)]);
            }
        }
    }

    fn report(&self) -> Value {
        json!({ "cells": self.cells, "known": self.known, "range": self.range })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
