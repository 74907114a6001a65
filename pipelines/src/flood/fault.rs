//! What can be wrong with a case and its files, each with the line where it stands.

use jomo_core::message::{Arguments, Coded};

/// One fault of a case file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CaseFault {
    /// Not TOML.
    #[error("line {line}: not TOML: {reason}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// The parser's words.
        reason: String,
    },
    /// A key that nobody reads.
    #[error("line {line}: unknown key `{key}`, did you mean `{nearest}`?")]
    UnknownKey {
        /// Line, from 1.
        line: usize,
        /// The key with its table.
        key: String,
        /// The most similar known key, or all of them.
        nearest: String,
    },
    /// A key that must be there.
    #[error("line {line}: `{key}` is missing")]
    MissingKey {
        /// Line of the table, from 1.
        line: usize,
        /// The key with its table; several of which one is needed.
        key: String,
    },
    /// A value of the wrong type or out of range.
    #[error("line {line}: `{key}` = {found}: expected {expected}")]
    Value {
        /// Line, from 1.
        line: usize,
        /// The key with its table.
        key: String,
        /// The value as found.
        found: String,
        /// What is accepted.
        expected: &'static str,
    },
    /// Keys of which only one may stand.
    #[error("line {line}: of `{key}` only one may stand")]
    Both {
        /// Line of the second, from 1.
        line: usize,
        /// The keys with their table.
        key: String,
    },
    /// A key that this kind does not take.
    #[error("line {line}: `{key}` is not used with kind = \"{kind}\"")]
    NotUsed {
        /// Line, from 1.
        line: usize,
        /// The key with its table.
        key: String,
        /// The kind.
        kind: String,
    },
    /// Two gauges of one name.
    #[error("line {line}: the gauge {id:?} is there already")]
    RepeatedGauge {
        /// Line of the second, from 1.
        line: usize,
        /// The id.
        id: String,
    },
    /// A place beside the raster.
    #[error("line {line}: `{key}` = [{}, {}] lies outside {bounds:?}", at[0], at[1])]
    Beside {
        /// Line, from 1.
        line: usize,
        /// The key with its table.
        key: String,
        /// The place, in the CRS of the elevation model.
        at: [f64; 2],
        /// West, south, east, north of the elevation model.
        bounds: [f64; 4],
    },
    /// A place where the elevation model has no data.
    #[error("line {line}: `{key}`: no elevation at row {}, column {}", cell[0] + 1, cell[1] + 1)]
    NoGround {
        /// Line, from 1.
        line: usize,
        /// The key with its table.
        key: String,
        /// Row and column, from 0.
        cell: [usize; 2],
    },
    /// A stretch of a side that holds no cell.
    #[error("line {line}: `{key}`: no cell from {} to {} m of {length_m} m", range_m[0], range_m[1])]
    EmptyStretch {
        /// Line, from 1.
        line: usize,
        /// The side.
        key: String,
        /// From and to, m.
        range_m: [f64; 2],
        /// Length of the side, m.
        length_m: f64,
    },
    /// More outputs than a folder should hold.
    #[error("line {line}: {outputs} outputs are more than {limit}")]
    TooManyOutputs {
        /// Line, from 1.
        line: usize,
        /// Number of outputs.
        outputs: f64,
        /// The limit.
        limit: u64,
    },
    /// A run that ends before the state from which it goes on.
    #[error("line {line}: {duration_s} s is not after {time_s} s, the time of the saved state")]
    EndsBefore {
        /// Line, from 1.
        line: usize,
        /// End of the run.
        duration_s: f64,
        /// Time of the saved state.
        time_s: f64,
    },
}

impl CaseFault {
    /// Line where it stands, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        match self {
            Self::Syntax { line, .. }
            | Self::UnknownKey { line, .. }
            | Self::MissingKey { line, .. }
            | Self::Value { line, .. }
            | Self::Both { line, .. }
            | Self::NotUsed { line, .. }
            | Self::RepeatedGauge { line, .. }
            | Self::Beside { line, .. }
            | Self::NoGround { line, .. }
            | Self::EmptyStretch { line, .. }
            | Self::TooManyOutputs { line, .. }
            | Self::EndsBefore { line, .. } => *line,
        }
    }
}

impl Coded for CaseFault {
    fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "flood-case-syntax",
            Self::UnknownKey { .. } => "flood-case-unknown-key",
            Self::MissingKey { .. } => "flood-case-missing-key",
            Self::Value { .. } => "flood-case-value",
            Self::Both { .. } => "flood-case-both",
            Self::NotUsed { .. } => "flood-case-not-used",
            Self::RepeatedGauge { .. } => "flood-case-gauge",
            Self::Beside { .. } => "flood-case-beside",
            Self::NoGround { .. } => "flood-case-no-ground",
            Self::EmptyStretch { .. } => "flood-case-stretch",
            Self::TooManyOutputs { .. } => "flood-case-outputs",
            Self::EndsBefore { .. } => "flood-case-ends-before",
        }
    }

    fn arguments(&self) -> Arguments {
        let of =
            |line: &usize, key: &String| vec![("line", line.to_string()), ("key", key.clone())];
        let and = |mut told: Arguments, more: Vec<(&'static str, String)>| {
            told.extend(more);
            told
        };
        match self {
            Self::Syntax { line, reason } => {
                vec![("line", line.to_string()), ("reason", reason.clone())]
            }
            Self::UnknownKey { line, key, nearest } => {
                and(of(line, key), vec![("nearest", nearest.clone())])
            }
            Self::MissingKey { line, key } | Self::Both { line, key } => of(line, key),
            Self::Value { line, key, found, expected } => and(
                of(line, key),
                vec![("value", found.clone()), ("expected", (*expected).to_owned())],
            ),
            Self::NotUsed { line, key, kind } => and(of(line, key), vec![("kind", kind.clone())]),
            Self::RepeatedGauge { line, id } => {
                vec![("line", line.to_string()), ("id", id.clone())]
            }
            Self::Beside { line, key, at, bounds } => and(
                of(line, key),
                vec![
                    ("x", shown(at[0])),
                    ("y", shown(at[1])),
                    ("west", shown(bounds[0])),
                    ("south", shown(bounds[1])),
                    ("east", shown(bounds[2])),
                    ("north", shown(bounds[3])),
                ],
            ),
            Self::NoGround { line, key, cell: [row, column] } => and(
                of(line, key),
                vec![("row", (row + 1).to_string()), ("column", (column + 1).to_string())],
            ),
            Self::EmptyStretch { line, key, range_m: [from, to], length_m } => and(
                of(line, key),
                vec![("from", shown(*from)), ("to", shown(*to)), ("length", shown(*length_m))],
            ),
            Self::TooManyOutputs { line, outputs, limit } => vec![
                ("line", line.to_string()),
                ("outputs", shown(*outputs)),
                ("limit", limit.to_string()),
            ],
            Self::EndsBefore { line, duration_s, time_s } => vec![
                ("line", line.to_string()),
                ("duration", shown(*duration_s)),
                ("time", shown(*time_s)),
            ],
        }
    }
}

/// A number as people read it: without the 300 digits that some have.
fn shown(number: f64) -> String {
    let plain = number.to_string();
    if plain.len() <= 20 { plain } else { format!("{number:e}") }
}

/// Why a file that a case names cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    /// A raster that does not lie on the elevation model.
    #[error("{what} {found} differs from {expected} of {dem}")]
    Mismatch {
        /// `shape`, `origin`, `cell` or `crs`.
        what: &'static str,
        /// Of the raster.
        found: String,
        /// Of the elevation model.
        expected: String,
        /// The elevation model.
        dem: String,
    },
    /// Cells that are not square.
    #[error("cells of {width} x {height} are not square")]
    NotSquare {
        /// Width of a cell.
        width: f64,
        /// Height of a cell.
        height: f64,
    },
    /// Degrees instead of metres.
    #[error("EPSG:{epsg} is in degrees")]
    Degrees {
        /// The CRS.
        epsg: u32,
    },
    /// A raster of several bands.
    #[error("{bands} bands instead of one")]
    Bands {
        /// Bands of the file.
        bands: usize,
    },
    /// A series without its header.
    #[error("line 1: {found:?} is not the header `time_s,value`")]
    Header {
        /// The first line.
        found: String,
    },
    /// A row of a series that cannot be read.
    #[error("line {line}: {found:?} is not a time and a value")]
    Row {
        /// Line, from 1.
        line: u64,
        /// The row.
        found: String,
    },
    /// A time that does not follow the one before.
    #[error("line {line}: {time_s} s does not come after {before_s} s")]
    Order {
        /// Line, from 1.
        line: u64,
        /// The time.
        time_s: f64,
        /// That of the row before.
        before_s: f64,
    },
    /// A value that cannot be.
    #[error("line {line}: {value}: expected {expected}")]
    Range {
        /// Line, from 1.
        line: u64,
        /// The value.
        value: f64,
        /// The unit and the values that can be.
        expected: &'static str,
    },
    /// A series without a row.
    #[error("no row below the header")]
    NoRows,
    /// Gridded rain on a ground whose CRS is not known to us.
    #[error("gridded rain needs EPSG 6669 to 6692, not {epsg:?}")]
    Zone {
        /// The CRS of the elevation model.
        epsg: Option<u32>,
    },
    /// Cells outside the rain's grid, or without data there.
    #[error("{cells} cells have no rain at {time}")]
    NoRain {
        /// Cells of the domain.
        cells: u64,
        /// End of the hour.
        time: jiff::Timestamp,
    },
    /// Rain of some time is missing.
    #[error("no rain for {from}, the run ends at {end}")]
    RainGap {
        /// First moment without rain.
        from: jiff::Timestamp,
        /// End of the run.
        end: jiff::Timestamp,
    },
}

impl Coded for FileFault {
    fn code(&self) -> &'static str {
        match self {
            Self::Mismatch { .. } => "flood-file-mismatch",
            Self::NotSquare { .. } => "flood-file-not-square",
            Self::Degrees { .. } => "flood-file-degrees",
            Self::Bands { .. } => "flood-file-bands",
            Self::Header { .. } => "flood-file-header",
            Self::Row { .. } => "flood-file-row",
            Self::Order { .. } => "flood-file-order",
            Self::Range { .. } => "flood-file-range",
            Self::NoRows => "flood-file-no-rows",
            Self::Zone { .. } => "flood-file-zone",
            Self::NoRain { .. } => "flood-file-no-rain",
            Self::RainGap { .. } => "flood-file-rain-gap",
        }
    }

    fn arguments(&self) -> Arguments {
        let jst = jomo_core::time::jst_text;
        match self {
            Self::Mismatch { what, found, expected, dem } => vec![
                ("which", (*what).to_owned()),
                ("own", found.clone()),
                ("other", expected.clone()),
                ("dem", dem.clone()),
            ],
            Self::NotSquare { width, height } => {
                vec![("width", shown(*width)), ("height", shown(*height))]
            }
            Self::Degrees { epsg } => vec![("epsg", epsg.to_string())],
            Self::Bands { bands } => vec![("bands", bands.to_string())],
            Self::Header { found } => vec![("row", found.clone())],
            Self::Row { line, found } => vec![("line", line.to_string()), ("row", found.clone())],
            Self::Order { line, time_s, before_s } => vec![
                ("line", line.to_string()),
                ("time", shown(*time_s)),
                ("before", shown(*before_s)),
            ],
            Self::Range { line, value, expected } => vec![
                ("line", line.to_string()),
                ("value", shown(*value)),
                ("expected", (*expected).to_owned()),
            ],
            Self::NoRows => Vec::new(),
            Self::Zone { epsg } => {
                vec![("epsg", epsg.map_or_else(|| "none".to_owned(), |epsg| epsg.to_string()))]
            }
            Self::NoRain { cells, time } => {
                vec![("cells", cells.to_string()), ("time", jst(*time))]
            }
            Self::RainGap { from, end } => vec![("from", jst(*from)), ("end", jst(*end))],
        }
    }
}
