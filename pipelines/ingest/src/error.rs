//! Why a file cannot be taken in.

use std::path::Path;

use jomo_core::message::{Arguments, Coded, Names, short};
use jomo_format::geotiff::GeoTiffError;
use jomo_format::vector::VectorError;

use crate::archive::ArchiveError;
use crate::crs::CrsError;
use crate::raster::RasterError;

/// Why a file cannot be taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// A file or folder could not be read or written.
    #[error("{path}: {reason}")]
    Io {
        /// The file or folder.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// The source is no plain file on a disk: a folder, a pipe, a URL, a driver's own name.
    #[error("{path} is not a plain file")]
    Source {
        /// The source as given.
        path: String,
    },
    /// The folder for the result holds something else.
    #[error("{path} exists and holds no report of jomo-ingest")]
    Occupied {
        /// The folder.
        path: String,
    },
    /// The name of the folder in work is taken by something else.
    #[error("{path} exists and was not left by jomo-ingest")]
    PartOccupied {
        /// The folder.
        path: String,
    },
    /// The result could not be written.
    #[error("{path} cannot be written: {reason}")]
    Out {
        /// The file or folder.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// The content is of none of the formats that are accepted.
    #[error("{name}: {found} is not accepted")]
    Format {
        /// The file.
        name: String,
        /// What the content looks like.
        found: String,
    },
    /// GDAL cannot open the file.
    #[error("{name} cannot be opened as {driver}: {reason}")]
    Open {
        /// The file.
        name: String,
        /// The driver.
        driver: &'static str,
        /// What GDAL says.
        reason: String,
    },
    /// GDAL cannot go on reading.
    #[error("{name} cannot be read: {reason}")]
    Read {
        /// The file or layer.
        name: String,
        /// What GDAL says.
        reason: String,
    },
    /// There is no layer of that name.
    #[error("there is no layer {layer:?}; the layers are {found}", found = Names(known))]
    Layer {
        /// The layer asked for.
        layer: String,
        /// The layers of the file.
        known: Vec<String>,
    },
    /// The file has no layer at all.
    #[error("{name} has no layer")]
    NoLayer {
        /// The file.
        name: String,
    },
    /// The target is none that the canonical file can be in.
    #[error("EPSG:{epsg} cannot be the target: expected {expected}")]
    Target {
        /// The code asked for.
        epsg: u32,
        /// What is accepted.
        expected: &'static str,
    },
    /// A value of a flag is not accepted.
    #[error("--{flag} {value:?}: expected {expected}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// Its value.
        value: String,
        /// What is accepted.
        expected: &'static str,
    },
    /// The walls could not be put up; nothing was read.
    #[error("the sandbox cannot be set up: {what}: {reason}")]
    Sandbox {
        /// Which wall.
        what: &'static str,
        /// The system's reason.
        reason: String,
    },
    /// The memory allowed was not enough.
    #[error("more than {limit_mib} MiB of memory were needed")]
    Memory {
        /// The limit.
        limit_mib: u64,
    },
    /// The time allowed was not enough.
    #[error("not done after {limit_s} s")]
    Time {
        /// The limit.
        limit_s: u64,
    },
    /// The reading process died of a fault.
    #[error("the reading process died: {how}")]
    Crashed {
        /// Signal or exit code.
        how: String,
    },
    /// An archive that cannot be used.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A CRS that cannot be used.
    #[error(transparent)]
    Crs(#[from] CrsError),
    /// A raster that cannot be used.
    #[error(transparent)]
    Raster(#[from] RasterError),
    /// Features that cannot be used.
    #[error(transparent)]
    Vector(#[from] VectorError),
}

impl IngestError {
    /// The system refused `path`.
    #[must_use]
    pub fn io(path: &Path, source: &std::io::Error) -> Self {
        Self::Io { path: path.display().to_string(), reason: source.to_string() }
    }

    /// The system would not write `path`.
    #[must_use]
    pub fn out(path: &Path, source: &std::io::Error) -> Self {
        Self::Out { path: path.display().to_string(), reason: source.to_string() }
    }

    /// The exit code: 2 wrong use, 3 the input is invalid, 1 failed.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Occupied { .. }
            | Self::PartOccupied { .. }
            | Self::Target { .. }
            | Self::Flag { .. } => 2,
            Self::Out { .. }
            | Self::Sandbox { .. }
            | Self::Vector(VectorError::Write { .. })
            | Self::Raster(RasterError::GeoTiff(GeoTiffError::Io { .. })) => 1,
            _ => 3,
        }
    }
}

impl Coded for IngestError {
    fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "ingest-io",
            Self::Source { .. } => "ingest-source",
            Self::Occupied { .. } => "ingest-occupied",
            Self::PartOccupied { .. } => "ingest-part-occupied",
            Self::Out { .. } => "ingest-out",
            Self::Format { .. } => "ingest-format",
            Self::Open { .. } => "ingest-open",
            Self::Read { .. } => "ingest-read",
            Self::Layer { .. } => "ingest-layer",
            Self::NoLayer { .. } => "ingest-no-layer",
            Self::Target { .. } => "ingest-target",
            Self::Flag { .. } => "ingest-flag",
            Self::Sandbox { .. } => "ingest-sandbox",
            Self::Memory { .. } => "ingest-memory",
            Self::Time { .. } => "ingest-time",
            Self::Crashed { .. } => "ingest-crashed",
            Self::Archive(error) => error.code(),
            Self::Crs(error) => error.code(),
            Self::Raster(error) => error.code(),
            Self::Vector(error) => error.code(),
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Io { path, reason } | Self::Out { path, reason } => {
                vec![("path", path.clone()), ("reason", reason.clone())]
            }
            Self::Source { path } | Self::Occupied { path } | Self::PartOccupied { path } => {
                vec![("path", path.clone())]
            }
            Self::Format { name, found } => vec![("name", name.clone()), ("found", found.clone())],
            Self::Open { name, driver, reason } => vec![
                ("name", name.clone()),
                ("driver", (*driver).to_owned()),
                ("reason", reason.clone()),
            ],
            Self::Read { name, reason } => {
                vec![("name", name.clone()), ("reason", reason.clone())]
            }
            Self::Layer { layer, known } => {
                vec![
                    ("layer", short(layer)),
                    ("known", Names(known).shown()),
                    ("more", Names(known).more()),
                ]
            }
            Self::NoLayer { name } => vec![("name", name.clone())],
            Self::Target { epsg, expected } => {
                vec![("epsg", epsg.to_string()), ("expected", (*expected).to_owned())]
            }
            Self::Flag { flag, value, expected } => vec![
                ("flag", (*flag).to_owned()),
                ("value", value.clone()),
                ("expected", (*expected).to_owned()),
            ],
            Self::Sandbox { what, reason } => {
                vec![("what", (*what).to_owned()), ("reason", reason.clone())]
            }
            Self::Memory { limit_mib } => vec![("limit_mib", limit_mib.to_string())],
            Self::Time { limit_s } => vec![("limit_s", limit_s.to_string())],
            Self::Crashed { how } => vec![("how", how.clone())],
            Self::Archive(error) => error.arguments(),
            Self::Crs(error) => error.arguments(),
            Self::Raster(error) => error.arguments(),
            Self::Vector(error) => error.arguments(),
        }
    }
}
