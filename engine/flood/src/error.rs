//! What can be wrong with a case, and with a run.

use jomo_core::message::{Arguments, Coded};

/// Why a flood was not computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FloodError {
    /// A domain without cells.
    #[error("a domain of {} x {} cells has no cells", shape[0], shape[1])]
    NoCells {
        /// Rows and columns.
        shape: [usize; 2],
    },
    /// The cell size is not a positive number.
    #[error("a cell of {cell_size_m} m is not a cell")]
    CellSize {
        /// The cell size as given.
        cell_size_m: f64,
    },
    /// A raster does not fit the domain.
    #[error("{what} has {found} values for {} x {} cells", shape[0], shape[1])]
    Count {
        /// Which raster.
        what: &'static str,
        /// Rows and columns of the domain.
        shape: [usize; 2],
        /// Number of values given.
        found: usize,
    },
    /// A height that no ground has.
    #[error("bed of {height_m} m at row {}, column {}", cell[0], cell[1])]
    Bed {
        /// Row and column.
        cell: [usize; 2],
        /// The height as given.
        height_m: f64,
    },
    /// Every cell of the bed is no-data.
    #[error("all {} x {} cells of the bed are no-data", shape[0], shape[1])]
    AllOutside {
        /// Rows and columns.
        shape: [usize; 2],
    },
    /// A roughness that no surface has.
    #[error("Manning's n of {roughness} at row {}, column {}", cell[0], cell[1])]
    Roughness {
        /// Row and column.
        cell: [usize; 2],
        /// The roughness as given.
        roughness: f64,
    },
    /// A depth or velocity at the start that cannot be.
    #[error("{what} of {value} at the start, at row {}, column {}", cell[0], cell[1])]
    Start {
        /// Which quantity.
        what: &'static str,
        /// Row and column.
        cell: [usize; 2],
        /// The value as given.
        value: f64,
    },
    /// A time series that is empty, out of order or not finite.
    #[error("{what}: value {} is out of order or not a number", row + 1)]
    Series {
        /// Which series.
        what: String,
        /// Index of the value; 0 for an empty series.
        row: usize,
    },
    /// A place outside the domain.
    #[error("{what} at row {row}, column {column} lies outside the domain")]
    Outside {
        /// What stands there.
        what: String,
        /// Row, from 0.
        row: i64,
        /// Column, from 0.
        column: i64,
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
    /// The state holds a value that is not a number.
    #[error("after {time_s} s, the {what} at row {}, column {} is not a number", cell[0], cell[1])]
    Broken {
        /// Simulated time in s.
        time_s: f64,
        /// Which quantity.
        what: &'static str,
        /// Row and column.
        cell: [usize; 2],
    },
    /// The flow became so fast that time stands still.
    #[error("after {time_s} s, steps of {step_s} s at row {}, column {}", cell[0], cell[1])]
    Stalled {
        /// Simulated time in s.
        time_s: f64,
        /// Length of the step in s.
        step_s: f64,
        /// Row and column of the cell that limits it.
        cell: [usize; 2],
    },
    /// A saved state is not one of this domain, or is damaged.
    #[error("saved state, byte {offset}: {expected} expected")]
    Saved {
        /// Place in the file.
        offset: usize,
        /// What was expected there.
        expected: &'static str,
    },
}

impl Coded for FloodError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoCells { .. } => "flood-no-cells",
            Self::CellSize { .. } => "flood-cell-size",
            Self::Count { .. } => "flood-count",
            Self::Bed { .. } => "flood-bed",
            Self::AllOutside { .. } => "flood-all-outside",
            Self::Roughness { .. } => "flood-roughness",
            Self::Start { .. } => "flood-start",
            Self::Series { .. } => "flood-series",
            Self::Outside { .. } => "flood-outside",
            Self::Setting { .. } => "flood-setting",
            Self::Broken { .. } => "flood-broken",
            Self::Stalled { .. } => "flood-stalled",
            Self::Saved { .. } => "flood-saved",
        }
    }

    fn arguments(&self) -> Arguments {
        let cell = |[row, column]: [usize; 2]| {
            vec![("row", (row + 1).to_string()), ("column", (column + 1).to_string())]
        };
        let shape = |[rows, columns]: [usize; 2]| {
            vec![("rows", rows.to_string()), ("columns", columns.to_string())]
        };
        let mut told = match self {
            Self::NoCells { shape: s }
            | Self::AllOutside { shape: s }
            | Self::Count { shape: s, .. } => shape(*s),
            Self::CellSize { cell_size_m } => vec![("size", cell_size_m.to_string())],
            Self::Bed { cell: c, .. }
            | Self::Roughness { cell: c, .. }
            | Self::Start { cell: c, .. }
            | Self::Broken { cell: c, .. }
            | Self::Stalled { cell: c, .. } => cell(*c),
            Self::Series { row, .. } => vec![("row", (row + 1).to_string())],
            Self::Outside { row, column, .. } => {
                vec![("row", (row + 1).to_string()), ("column", (column + 1).to_string())]
            }
            Self::Setting { value, expected, .. } => {
                vec![("value", value.to_string()), ("expected", (*expected).to_owned())]
            }
            Self::Saved { offset, expected } => {
                vec![("offset", offset.to_string()), ("expected", (*expected).to_owned())]
            }
        };
        match self {
            Self::Count { what, found, .. } => {
                told.extend([("what", (*what).to_owned()), ("found", found.to_string())]);
            }
            Self::Bed { height_m, .. } => told.push(("value", height_m.to_string())),
            Self::Roughness { roughness, .. } => told.push(("value", roughness.to_string())),
            Self::Start { what, value, .. } => {
                told.extend([("what", (*what).to_owned()), ("value", value.to_string())]);
            }
            Self::Series { what, .. } | Self::Outside { what, .. } => {
                told.push(("what", what.clone()));
            }
            Self::Setting { what, .. } => told.push(("what", (*what).to_owned())),
            Self::Broken { time_s, what, .. } => {
                told.extend([("time", format!("{time_s:.3}")), ("what", (*what).to_owned())]);
            }
            Self::Stalled { time_s, step_s, .. } => {
                told.extend([("time", format!("{time_s:.3}")), ("step", format!("{step_s:e}"))]);
            }
            _ => {}
        }
        told
    }
}
