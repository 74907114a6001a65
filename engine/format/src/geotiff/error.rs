//! Why a raster was not read or written.

use jomo_core::grid::GridError;
use jomo_core::message::{Arguments, Coded};

/// Why a `GeoTIFF` was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeoTiffError {
    /// The operating system refused.
    #[error("{action}: {source}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The bytes are no TIFF.
    #[error("{what} at byte {offset}: expected {expected}, found {found}")]
    Malformed {
        /// The part of the file.
        what: &'static str,
        /// Where it stands.
        offset: u64,
        /// What the format demands.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A TIFF of a kind that is not read.
    #[error("{what} is {found}; {expected} can be read")]
    Unsupported {
        /// The property.
        what: &'static str,
        /// Its value.
        found: String,
        /// The values that are read.
        expected: &'static str,
    },
    /// More cells than the limit.
    #[error("{columns} x {rows} cells are more than the limit of {limit}")]
    TooLarge {
        /// Columns as declared.
        columns: u64,
        /// Rows as declared.
        rows: u64,
        /// The limit in cells.
        limit: u64,
    },
    /// One tile or strip, or the buffers of a writer, need more memory than the limit.
    #[error("{what} of {bytes} bytes is more than the limit of {limit}")]
    Memory {
        /// What needs the memory.
        what: &'static str,
        /// Bytes needed.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Fewer bytes than the declared cells can be packed into.
    #[error("{columns} x {rows} cells cannot come out of {bytes} bytes")]
    Truncated {
        /// Columns as declared.
        columns: u64,
        /// Rows as declared.
        rows: u64,
        /// Bytes there.
        bytes: u64,
    },
    /// A tile or strip does not unpack.
    #[error("block {index}: expected {expected} bytes, found {found}")]
    Block {
        /// Number of the tile or strip in its image, row by row.
        index: u64,
        /// Its size.
        expected: u64,
        /// What came out.
        found: String,
    },
    /// The samples are of another type than asked for.
    #[error("samples are {found}; {expected} wanted")]
    Samples {
        /// The type wanted.
        expected: &'static str,
        /// The type found.
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
    /// The rows do not run from north to south, or the image is turned.
    #[error("the image is turned or south is up: {found:?}")]
    NotNorthUp {
        /// Pixel scale or transformation.
        found: Vec<f64>,
    },
    /// Another CRS than the one wanted.
    #[error("CRS is {}, not a planar zone of JGD2011 (EPSG:6669-6692)", name(*epsg))]
    Crs {
        /// The EPSG code, if any.
        epsg: Option<u32>,
    },
    /// A window, band or level outside the raster.
    #[error("{what} {found} is outside the raster of {limit}")]
    Outside {
        /// Rows, columns, band or level.
        what: &'static str,
        /// What was asked for.
        found: usize,
        /// What there is.
        limit: usize,
    },
    /// The caller gave or asked for another number of cells than the raster has.
    #[error("{expected} cells wanted, {found} given")]
    Cells {
        /// Cells that fit.
        expected: u64,
        /// Cells given.
        found: u64,
    },
    /// The no-data number is none of the numbers that the samples can hold.
    #[error("no-data {value} is no {sample}")]
    NoData {
        /// The number.
        value: f64,
        /// The sample type.
        sample: &'static str,
    },
    /// The numbers do not fill the grid.
    #[error(transparent)]
    Grid(#[from] GridError),
}

impl GeoTiffError {
    pub(super) fn io(action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { action, source }
    }
}

fn name(epsg: Option<u32>) -> String {
    epsg.map_or_else(|| "not given".to_owned(), |code| format!("EPSG:{code}"))
}

impl Coded for GeoTiffError {
    fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "geotiff-io",
            Self::Malformed { .. } => "geotiff-unreadable",
            Self::Unsupported { .. } => "geotiff-unsupported",
            Self::TooLarge { .. } => "geotiff-too-large",
            Self::Memory { .. } => "geotiff-memory",
            Self::Truncated { .. } => "geotiff-truncated",
            Self::Block { .. } => "geotiff-block",
            Self::Samples { .. } => "geotiff-samples",
            Self::Placement { .. } => "geotiff-placement",
            Self::NotNorthUp { .. } => "geotiff-not-north-up",
            Self::Crs { .. } => "geotiff-crs",
            Self::Outside { .. } => "geotiff-outside",
            Self::Cells { .. } => "geotiff-cells",
            Self::NoData { .. } => "geotiff-no-data",
            Self::Grid(_) => "geotiff-grid",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Io { action, source } => {
                vec![("action", (*action).to_owned()), ("reason", source.to_string())]
            }
            Self::Malformed { what, offset, expected, found } => vec![
                ("what", (*what).to_owned()),
                ("offset", offset.to_string()),
                ("expected", expected.clone()),
                ("found", found.clone()),
            ],
            Self::Unsupported { what, found, expected } => vec![
                ("what", (*what).to_owned()),
                ("found", found.clone()),
                ("expected", (*expected).to_owned()),
            ],
            Self::TooLarge { columns, rows, limit } => vec![
                ("columns", columns.to_string()),
                ("rows", rows.to_string()),
                ("limit", limit.to_string()),
            ],
            Self::Memory { what, bytes, limit } => vec![
                ("what", (*what).to_owned()),
                ("bytes", bytes.to_string()),
                ("limit", limit.to_string()),
            ],
            Self::Truncated { columns, rows, bytes } => vec![
                ("columns", columns.to_string()),
                ("rows", rows.to_string()),
                ("bytes", bytes.to_string()),
            ],
            Self::Block { index, expected, found } => vec![
                ("index", index.to_string()),
                ("expected", expected.to_string()),
                ("found", found.clone()),
            ],
            Self::Samples { expected, found } => {
                vec![("expected", (*expected).to_owned()), ("found", found.clone())]
            }
            Self::Placement { tag, found } => {
                vec![("tag", (*tag).to_owned()), ("found", format!("{found:?}"))]
            }
            Self::NotNorthUp { found } => vec![("found", format!("{found:?}"))],
            Self::Crs { epsg } => vec![("found", name(*epsg))],
            Self::Outside { what, found, limit } => vec![
                ("what", (*what).to_owned()),
                ("found", found.to_string()),
                ("limit", limit.to_string()),
            ],
            Self::Cells { expected, found } => {
                vec![("expected", expected.to_string()), ("found", found.to_string())]
            }
            Self::NoData { value, sample } => {
                vec![("value", value.to_string()), ("sample", (*sample).to_owned())]
            }
            Self::Grid(reason) => vec![("reason", reason.to_string())],
        }
    }
}
