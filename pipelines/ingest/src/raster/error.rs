//! Why a raster was not brought in.

use jomo_core::message::{Arguments, Coded};
use jomo_format::fgd::FgdError;
use jomo_format::geotiff::GeoTiffError;
use jomo_format::gsi::GsiError;

/// Why a raster was not brought in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RasterError {
    /// The result could not be written.
    #[error(transparent)]
    GeoTiff(#[from] GeoTiffError),
    /// An elevation tile could not be read.
    #[error(transparent)]
    Tile(#[from] GsiError),
    /// An elevation mesh could not be read.
    #[error("{name}: {source}")]
    Mesh {
        /// The file, or the part of the archive.
        name: String,
        /// Why.
        source: FgdError,
    },
    /// Meshes of several products in one archive.
    #[error("{name} is {found}; the meshes before it are {expected}")]
    Mixed {
        /// The part of the archive.
        name: String,
        /// Cell size and CRS of the others.
        expected: String,
        /// Those of this one.
        found: String,
    },
    /// The file does not say where it lies.
    #[error("{name} does not say where it lies")]
    Place {
        /// The file.
        name: String,
    },
    /// Numbers of a kind that is not written.
    #[error("the numbers are {found}; {expected} can be brought in")]
    Samples {
        /// The kind.
        found: String,
        /// Those that are.
        expected: &'static str,
    },
    /// No number stands for no data, and the result needs one.
    #[error("no number of the {sample} values stands for no data")]
    NoData {
        /// The kind of number.
        sample: &'static str,
    },
    /// No part of the source can be brought over.
    #[error("no part of the source lies where the target can be")]
    Outside,
    /// The target would be too large.
    #[error(
        "{} x {} = {} cells are more than the limit of {limit}; cells of {fits_m} m fit",
        count(*columns), count(*rows), count(columns * rows)
    )]
    Size {
        /// Columns.
        columns: f64,
        /// Rows.
        rows: f64,
        /// Limit in cells.
        limit: u64,
        /// The smallest cell size that is within it, in metres.
        fits_m: f64,
    },
    /// A cell of the target is larger than all of the source.
    #[error("cells of {cell_m} m are larger than the whole, {extent_m:.3} m")]
    Extent {
        /// Edge of a cell in metres, as asked for.
        cell_m: f64,
        /// The longer side of the source in metres.
        extent_m: f64,
    },
    /// A cell of the target covers too many of the source.
    #[error("one cell covers {cells} cells of the source")]
    Coarse {
        /// Cells of the source.
        cells: u64,
    },
    /// A tile address that is none.
    #[error("{given:?} is no tile")]
    Address {
        /// The value of the flag.
        given: String,
    },
}

/// A number of cells: whole, and short where it is beyond counting.
fn count(cells: f64) -> String {
    if cells < 1e15 { format!("{:.0}", cells.max(1.0)) } else { format!("{cells:.1e}") }
}

/// Metres, short where they are beyond any map.
fn length(metres: f64) -> String {
    if metres < 1e9 { format!("{metres:.3}") } else { format!("{metres:.1e}") }
}

impl Coded for RasterError {
    fn code(&self) -> &'static str {
        match self {
            Self::GeoTiff(error) => error.code(),
            Self::Tile(error) => error.code(),
            Self::Mesh { .. } => "raster-mesh",
            Self::Mixed { .. } => "raster-mixed",
            Self::Place { .. } => "raster-place",
            Self::Samples { .. } => "raster-samples",
            Self::NoData { .. } => "raster-no-data",
            Self::Outside => "raster-outside",
            Self::Size { .. } => "raster-size",
            Self::Extent { .. } => "raster-extent",
            Self::Coarse { .. } => "raster-coarse",
            Self::Address { .. } => "raster-address",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::GeoTiff(error) => error.arguments(),
            Self::Tile(error) => error.arguments(),
            // The text of the mesh's own fault is part of this one, with its own facts.
            Self::Mesh { name, source } => {
                let own = [("name", name.clone()), ("code", source.code().to_owned())];
                own.into_iter().chain(source.arguments()).collect()
            }
            Self::Mixed { name, expected, found } => vec![
                ("name", name.clone()),
                ("expected", expected.clone()),
                ("found", found.clone()),
            ],
            Self::Place { name } => vec![("name", name.clone())],
            Self::Samples { found, expected } => {
                vec![("found", found.clone()), ("expected", (*expected).to_owned())]
            }
            Self::NoData { sample } => vec![("sample", (*sample).to_owned())],
            Self::Outside => Vec::new(),
            Self::Size { columns, rows, limit, fits_m } => vec![
                ("columns", count(*columns)),
                ("rows", count(*rows)),
                ("cells", count(columns * rows)),
                ("limit", limit.to_string()),
                ("fits_m", fits_m.to_string()),
            ],
            Self::Extent { cell_m, extent_m } => {
                vec![("cell_m", length(*cell_m)), ("extent_m", length(*extent_m))]
            }
            Self::Coarse { cells } => vec![("cells", cells.to_string())],
            Self::Address { given } => vec![("given", given.clone())],
        }
    }
}
