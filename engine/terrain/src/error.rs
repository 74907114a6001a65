//! What can be wrong with heights and settings.

use jomo_core::message::{Arguments, Coded};

/// Why a terrain was not computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TerrainError {
    /// A raster without a single height.
    #[error("none of the {} x {} cells has a height", shape[0], shape[1])]
    NoHeights {
        /// Rows and columns.
        shape: [usize; 2],
    },
    /// More cells than 32 bits can name.
    #[error("{} x {} cells: at most {most} can be computed", shape[0], shape[1])]
    TooLarge {
        /// Rows and columns.
        shape: [usize; 2],
        /// The greatest number of cells.
        most: usize,
    },
    /// A height that is infinite.
    #[error("height of {height_m} m at row {}, column {}", cell[0], cell[1])]
    Height {
        /// Row and column, from 0.
        cell: [usize; 2],
        /// The height as given.
        height_m: f32,
    },
    /// Two rasters that should lie on each other do not.
    #[error(
        "{what}: {} x {} values, {} x {} in the same place expected",
        found[0], found[1], expected[0], expected[1]
    )]
    Mismatch {
        /// The raster.
        what: &'static str,
        /// Rows and columns of the heights.
        expected: [usize; 2],
        /// Its own.
        found: [usize; 2],
    },
    /// A section is given for a reach that is not there.
    #[error("no reach has the id {id:?}")]
    NoReach {
        /// The id as given.
        id: String,
    },
    /// A setting outside its range.
    #[error("{what} = {value}: expected {expected}")]
    Setting {
        /// Name of the setting.
        what: &'static str,
        /// The value as given.
        value: f64,
        /// Its range.
        expected: &'static str,
    },
}

impl Coded for TerrainError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoHeights { .. } => "terrain-no-heights",
            Self::TooLarge { .. } => "terrain-too-large",
            Self::Height { .. } => "terrain-height",
            Self::Mismatch { .. } => "terrain-mismatch",
            Self::NoReach { .. } => "terrain-no-reach",
            Self::Setting { .. } => "terrain-setting",
        }
    }

    fn arguments(&self) -> Arguments {
        let shape = |[rows, columns]: [usize; 2]| {
            vec![("rows", rows.to_string()), ("columns", columns.to_string())]
        };
        match self {
            Self::NoHeights { shape: s } => shape(*s),
            Self::TooLarge { shape: s, most } => {
                let mut told = shape(*s);
                told.push(("most", most.to_string()));
                told
            }
            Self::Height { cell: [row, column], height_m } => vec![
                ("row", (row + 1).to_string()),
                ("column", (column + 1).to_string()),
                ("value", height_m.to_string()),
            ],
            Self::Mismatch { what, expected: e, found: f } => vec![
                ("what", (*what).to_owned()),
                ("expected", format!("{} x {}", e[0], e[1])),
                ("found", format!("{} x {}", f[0], f[1])),
            ],
            Self::NoReach { id } => vec![("id", jomo_core::message::short(id))],
            Self::Setting { what, value, expected } => vec![
                ("what", (*what).to_owned()),
                ("value", value.to_string()),
                ("expected", (*expected).to_owned()),
            ],
        }
    }
}
