//! Features of any accepted format, as canonical `FlatGeobuf`: lon/lat of JGD2011, as everything
//! that is published, or a planar zone for programs that measure.

mod attributes;
mod layer;
mod text;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use gdal::vector::LayerAccess;
use jomo_core::feature::FeatureTable;
use jomo_core::frame::Position;
use jomo_core::projection::{self, Zone};
use jomo_format::flatgeobuf;
use jomo_format::vector::{Limits, VectorRead};
use serde::{Deserialize, Serialize};

use crate::archive;
use crate::crs::{Crs, CrsError, Operation};
use crate::drivers;
use crate::error::IngestError;
use crate::report::{CrsReport, FieldReport, LayerReport};
use crate::sniff::{self, Format};

pub use text::{Encoding, Used as TextUsed};

/// What to read and how.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct VectorRequest {
    /// EPSG code of the source, over what the file says.
    pub crs: Option<u32>,
    /// Encoding of attribute tables, over what the file says.
    pub encoding: Option<Encoding>,
    /// The one layer to read; otherwise all.
    pub layer: Option<String>,
    /// Columns of the position, for tables.
    pub position: [Option<String>; 2],
    /// Most features of a layer.
    pub max_features: Option<usize>,
    /// EPSG code of a planar zone for the result; otherwise lon/lat.
    pub planar: Option<u32>,
}

/// One file to read: the source itself or a part of an archive.
struct Set {
    name: String,
    path: PathBuf,
    format: Format,
}

/// Reads `source` and writes one file for each layer into `out`; archives are unpacked into
/// `work`. Returns what was read and the driver of the source.
///
/// # Errors
/// [`IngestError`] for a file that cannot be used as a whole.
pub fn run(
    source: &Path,
    request: &VectorRequest,
    out: &Path,
    work: &Path,
) -> Result<(Vec<LayerReport>, &'static str), IngestError> {
    let format = sniff::sniff(source)?;
    let mut layers = Vec::new();
    let mut known = Vec::new();
    let mut files = Files { out, taken: BTreeSet::new() };
    for set in sets(source, format, work)? {
        read_set(&set, request, &mut known, |mut read, name| {
            if let Some(zone) = request.planar.and_then(Zone::from_epsg) {
                project(&mut read.read, zone);
            }
            let file = files.write(&read.read.table, name, request.planar)?;
            layers.push(read.report(name, file));
            Ok(())
        })?;
    }
    if layers.is_empty() {
        return Err(match &request.layer {
            Some(layer) => IngestError::Layer { layer: layer.clone(), known },
            None => IngestError::NoLayer { name: file_name(source) },
        });
    }
    Ok((layers, format.label()))
}

/// Brings lon/lat into a zone; features that reach beyond it are counted and kept out.
fn project(read: &mut VectorRead, zone: Zone) {
    let VectorRead { table: FeatureTable { features, .. }, faults, .. } = read;
    features.retain_mut(|feature| {
        let mut within = true;
        crate::wkb::positions_mut(
            &mut feature.geometry,
            &mut |position| match projection::forward(
                zone,
                Position::lon_lat([position.x, position.y]),
            ) {
                Ok(planar) => [position.x, position.y] = planar.xy,
                Err(_) => within = false,
            },
        );
        if !within {
            faults.add("crs-outside-zone", || feature.id.clone());
        }
        within
    });
}

fn sets(source: &Path, format: Format, work: &Path) -> Result<Vec<Set>, IngestError> {
    if format.is_raster() {
        let (name, found) = (file_name(source), "a raster".to_owned());
        return Err(IngestError::Format { name, found });
    }
    if format == Format::Zip {
        let found = archive::unpack(source, work)?;
        let set = |found: archive::Found| {
            let archive::Found { name, path, format } = found;
            Set { name, path, format }
        };
        return Ok(found.into_iter().map(set).collect());
    }
    if matches!(format, Format::Kmz | Format::Xlsx) {
        archive::weigh(source)?;
    }
    let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(vec![Set { name, path: named_right(source, format, work)?, format }])
}

/// A path whose extension the driver accepts: some look at the name before the content.
fn named_right(source: &Path, format: Format, work: &Path) -> Result<PathBuf, IngestError> {
    let wanted = match format {
        Format::Kml => "kml",
        Format::Kmz => "kmz",
        Format::Xlsx => "xlsx",
        _ => return Ok(source.to_owned()),
    };
    if source.extension().is_some_and(|extension| extension == wanted) {
        return Ok(source.to_owned());
    }
    let copy = work.join(format!("source.{wanted}"));
    let copied = File::open(source).and_then(|mut from| {
        // Without its permissions, which nobody may set behind the walls.
        std::io::copy(&mut from, &mut File::create(&copy)?)
    });
    copied.map_err(|fault| IngestError::io(&copy, &fault))?;
    Ok(copy)
}

/// One layer, read.
pub(crate) struct LayerRead {
    pub(crate) read: VectorRead,
    pub(crate) crs: CrsReport,
    pub(crate) encoding: text::Used,
}

impl LayerRead {
    fn report(&self, name: &str, file: String) -> LayerReport {
        let VectorRead { table, faults, .. } = &self.read;
        LayerReport {
            name: name.to_owned(),
            file,
            features: table.features.len() as u64,
            geometry: crate::report::geometry_of(table),
            fields: table.fields.iter().map(FieldReport::from).collect(),
            crs: self.crs.clone(),
            encoding: self.encoding,
            bbox: crate::report::bbox_of(table),
            faults: faults.clone(),
        }
    }
}

fn read_set(
    set: &Set,
    request: &VectorRequest,
    known: &mut Vec<String>,
    mut take: impl FnMut(LayerRead, &str) -> Result<(), IngestError>,
) -> Result<(), IngestError> {
    let wanted = |name: &str| request.layer.as_deref().is_none_or(|layer| layer == name);
    if set.format == Format::Csv {
        known.push(set.name.clone());
        if wanted(&set.name) {
            take(layer::table(&set.path, &set.name, request)?, &set.name)?;
        }
        return Ok(());
    }
    let encoding = text::of(set.format, &set.path, request.encoding)?;
    let dataset = drivers::open(&set.path, set.format, open_options(set.format))?;
    let only = dataset.layer_count() == 1;
    for index in 0..dataset.layer_count() {
        let unreadable = |fault: gdal::errors::GdalError| IngestError::Read {
            name: set.name.clone(),
            reason: fault.to_string(),
        };
        let mut layer = dataset.layer(index).map_err(unreadable)?;
        // A file with one layer gives it its own name, which archives have lost.
        let name =
            if only && set.format == Format::Shapefile { set.name.clone() } else { layer.name() };
        known.push(name.clone());
        let empty = set.format == Format::Gpx && layer.try_feature_count() == Some(0);
        if wanted(&name) && !empty {
            let source = layer::Source { name: &name, path: &set.path, format: set.format };
            take(layer::read(&mut layer, &source, encoding, request)?, &name)?;
        }
    }
    Ok(())
}

/// Open options of GDAL. The table beside a shapefile is ours to read: of its text GDAL gets
/// bytes that are valid in any case.
fn open_options(format: Format) -> &'static [&'static str] {
    match format {
        Format::Shapefile => &["ENCODING=ISO-8859-1"],
        Format::GeoPackage => &["IMMUTABLE=YES", "LIST_ALL_TABLES=NO"],
        _ => &[],
    }
}

/// The CRS of a layer and the way to JGD2011: what the caller says comes before what the file
/// says, and what the format says stands where the file can say nothing.
pub(crate) fn operation(
    name: &str,
    of_file: Option<Crs>,
    of_format: Option<u32>,
    given: Option<u32>,
) -> Result<(Crs, Operation, &'static str), IngestError> {
    let (crs, found_by) = match (given, of_file, of_format) {
        (Some(code), ..) => (Crs::from_epsg(code)?, "override"),
        (None, Some(crs), _) => (crs, "file"),
        (None, None, Some(code)) => (Crs::from_epsg(code)?, "format"),
        (None, None, None) => return Err(CrsError::Missing { layer: name.to_owned() }.into()),
    };
    let operation = Operation::new(&crs)?;
    Ok((crs, operation, found_by))
}

pub(crate) fn limits(request: &VectorRequest) -> Limits {
    let all = Limits::default();
    Limits {
        features: request.max_features.map_or(all.features, |most| most.min(all.features)),
        ..all
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The files written so far.
struct Files<'a> {
    out: &'a Path,
    taken: BTreeSet<String>,
}

impl Files<'_> {
    /// Writes a layer under a plain ASCII name of its own.
    fn write(
        &mut self,
        table: &FeatureTable,
        name: &str,
        planar: Option<u32>,
    ) -> Result<String, IngestError> {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let stem: String = name.chars().take(60).map(plain).collect();
        let stem = if stem.bytes().any(|byte| byte != b'_') { stem } else { "layer".to_owned() };
        let mut file = format!("{stem}.fgb");
        let mut number = 2;
        while !self.taken.insert(file.to_lowercase()) {
            file = format!("{stem}-{number}.fgb");
            number += 1;
        }
        let path = self.out.join(&file);
        let fail = |fault: &std::io::Error| IngestError::io(&path, fault);
        let mut to = BufWriter::new(File::create(&path).map_err(|fault| fail(&fault))?);
        // 4326 is what every reader knows, and the same here (null shift).
        let epsg = planar.and_then(|code| i32::try_from(code).ok()).unwrap_or(4326);
        flatgeobuf::write_in(table, name, epsg, &mut to)?;
        to.flush().map_err(|fault| fail(&fault))?;
        Ok(file)
    }
}
