//! What was done, as one JSON document.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use geo_types::Geometry;
use jomo_core::fault::Faults;
use jomo_core::feature::{FeatureTable, Field, FieldType};
use jomo_words::{Language, coded_json};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::IngestError;
use crate::sandbox::Walls;
use crate::vector::TextUsed;

/// Name of the report in the folder of the result, and what marks it as ours.
pub const NAME: &str = "report.json";
/// The value of `tool`.
pub const TOOL: &str = "jomo-ingest";

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `jomo-ingest`.
    pub tool: &'static str,
    /// `done`, `faults` or `failed`.
    pub status: &'static str,
    /// The source.
    pub source: Option<SourceReport>,
    /// Layers of features.
    pub layers: Vec<LayerReport>,
    /// The raster, in the words of the module that wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raster: Option<Value>,
    /// The walls that stood.
    pub sandbox: Option<Walls>,
    /// Version of GDAL.
    pub gdal: String,
    /// Version of PROJ that GDAL runs with.
    pub proj: Option<String>,
    /// Why it failed.
    pub errors: Vec<Value>,
}

/// The source as it was found.
#[derive(Clone, Debug, Serialize)]
pub struct SourceReport {
    /// File name.
    pub name: String,
    /// Size.
    pub bytes: u64,
    /// Digest of the content.
    pub sha256: String,
    /// What read it.
    pub driver: Option<&'static str>,
}

/// One layer of features.
#[derive(Clone, Debug, Serialize)]
pub struct LayerReport {
    /// Name in the source.
    pub name: String,
    /// File in the folder of the result.
    pub file: String,
    /// Features written.
    pub features: u64,
    /// `point`, `line`, `polygon`, `mixed` or `none`.
    pub geometry: &'static str,
    /// Columns.
    pub fields: Vec<FieldReport>,
    /// Where the positions come from.
    pub crs: CrsReport,
    /// How the text was read.
    pub encoding: TextUsed,
    /// West, south, east, north in degrees.
    pub bbox: Option<[f64; 4]>,
    /// What was found wrong, by code.
    pub faults: Faults,
}

/// One column.
#[derive(Clone, Debug, Serialize)]
pub struct FieldReport {
    /// Name.
    pub name: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: FieldType,
}

impl From<&Field> for FieldReport {
    fn from(field: &Field) -> Self {
        Self { name: field.name.clone(), kind: field.kind }
    }
}

/// How positions came to JGD2011.
#[derive(Clone, Debug, Serialize)]
pub struct CrsReport {
    /// The CRS of the source.
    pub source: String,
    /// `file`, `override` or `format`.
    pub found_by: &'static str,
    /// What was done.
    pub operation: String,
    /// Stated accuracy in metres.
    pub accuracy_m: Option<f64>,
    /// Positions where JGD2011 has the coordinates of JGD2000 by law.
    pub unrevised: u64,
}

impl SourceReport {
    /// Measures and hashes the file at `path`.
    ///
    /// # Errors
    /// [`IngestError::Io`].
    pub fn of(path: &Path) -> Result<Self, IngestError> {
        let fail = |fault: &std::io::Error| IngestError::io(path, fault);
        let mut file = File::open(path).map_err(|fault| fail(&fault))?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 64 << 10];
        let mut bytes = 0;
        loop {
            let read = file.read(&mut buffer).map_err(|fault| fail(&fault))?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            bytes += read as u64;
        }
        let digits =
            |byte: u8| [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16));
        let digest = hash.finalize();
        let sha256 = digest.iter().flat_map(|byte| digits(*byte)).flatten().collect();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, bytes, sha256, driver: None })
    }
}

/// An error for people and programs.
#[must_use]
pub fn told(error: &IngestError, language: Language) -> Value {
    coded_json(language, error)
}

/// Versions of GDAL and PROJ.
#[must_use]
pub fn versions() -> (String, Option<String>) {
    let mut info = gdal::version::VersionInfo::build_info();
    let proj = info.remove("PROJ_RUNTIME_VERSION");
    (gdal::version::VersionInfo::release_name(), proj)
}

pub(crate) fn geometry_of(table: &FeatureTable) -> &'static str {
    let mut kinds = table.features.iter().map(|feature| match feature.geometry {
        Geometry::Point(_) | Geometry::MultiPoint(_) => "point",
        Geometry::LineString(_) | Geometry::MultiLineString(_) => "line",
        _ => "polygon",
    });
    match kinds.next() {
        None => "none",
        Some(first) if kinds.all(|kind| kind == first) => first,
        Some(_) => "mixed",
    }
}

pub(crate) fn bbox_of(table: &FeatureTable) -> Option<[f64; 4]> {
    let mut bbox: Option<[f64; 4]> = None;
    for feature in &table.features {
        crate::wkb::positions(&feature.geometry, &mut |position| {
            let (x, y) = (position.x, position.y);
            let [west, south, east, north] = bbox.unwrap_or([x, y, x, y]);
            bbox = Some([west.min(x), south.min(y), east.max(x), north.max(y)]);
        });
    }
    bbox
}
