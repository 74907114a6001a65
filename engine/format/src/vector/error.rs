//! Why a file of features cannot be read or written.

use jomo_core::message::{Arguments, Coded, Names, short};

/// Why a file of features cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VectorError {
    /// The bytes are neither the encoding asked for nor one that can be told.
    #[error("the text is neither UTF-8 nor CP932: first unfit byte at {offset}")]
    Encoding {
        /// Bytes before the first unfit one, not counting a byte order mark.
        offset: usize,
    },
    /// The text is no JSON.
    #[error("no valid JSON at line {line}, column {column}: {reason}")]
    Json {
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// What the parser says.
        reason: String,
    },
    /// JSON, but no `GeoJSON` features.
    #[error("a FeatureCollection or a Feature is expected, but the type is {found:?}")]
    Root {
        /// The member `type`.
        found: String,
    },
    /// The file names a CRS other than lon/lat.
    #[error("the CRS is {found}, but lon/lat (EPSG:4326, EPSG:6668 or CRS84) is expected")]
    Crs {
        /// The CRS as named.
        found: String,
    },
    /// Latitude stands where longitude is expected, in the whole file.
    #[error("longitude and latitude are swapped: all {positions} positions have 20 to 46 first")]
    AxesSwapped {
        /// Number of positions.
        positions: u64,
    },
    /// No position can be in degrees.
    #[error("the positions are not in degrees: the first is {x}, {y}")]
    NotDegrees {
        /// First coordinate of the first position.
        x: f64,
        /// Second coordinate of the first position.
        y: f64,
    },
    /// Features whose ids are missing, malformed or used before.
    #[error(
        "ids from {source_name}: {missing} missing, {malformed} not 1 to 64 printable ASCII \
         characters, {repeated} used before; rows {rows}", rows = places.join(", ")
    )]
    Ids {
        /// The column, or `id` for the member of the features.
        source_name: String,
        /// Rows without an id.
        missing: u64,
        /// Rows whose id is not 1 to 64 printable ASCII characters without spaces.
        malformed: u64,
        /// Rows whose id an earlier row has.
        repeated: u64,
        /// The first 20 of these rows: number, id, and the earlier row for a repeated one.
        places: Vec<String>,
    },
    /// Two ids hash to the same number.
    #[error("ids {first:?} and {second:?} have the same fid")]
    IdCollision {
        /// The id that comes first.
        first: String,
        /// The id that comes later.
        second: String,
    },
    /// A column named by the caller is not in the file.
    #[error("there is no column {field:?}; the columns are {found}", found = Names(columns))]
    NoColumn {
        /// The column asked for.
        field: String,
        /// The columns of the file.
        columns: Vec<String>,
    },
    /// The file is larger than the limits allow.
    #[error("more than {limit} {what}")]
    TooLarge {
        /// What there is too much of: `features`, `fields` or `values`.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The text is no CSV.
    #[error("no valid CSV at line {line}: {reason}")]
    Table {
        /// Line, counted from 1; 0 where it is not known.
        line: u64,
        /// What the parser says.
        reason: String,
    },
    /// A table without a header.
    #[error("the table is empty: a header is expected in its first line")]
    NoHeader,
    /// A table with a column name used twice.
    #[error("column names used more than once: {found}", found = Names(repeated))]
    HeaderRepeated {
        /// The names.
        repeated: Vec<String>,
    },
    /// A table without columns for longitude and latitude.
    #[error("no column for {what}; the columns are {found}", found = Names(columns))]
    NoPosition {
        /// `longitude`, `latitude` or both.
        what: &'static str,
        /// The columns of the file.
        columns: Vec<String>,
    },
    /// The file is no `FlatGeobuf` file of version 3.
    #[error("no FlatGeobuf file of version 3: the first bytes are {found}")]
    Magic {
        /// The first 8 bytes in hexadecimal.
        found: String,
    },
    /// The file ends early.
    #[error("the file ends early: {part} at {offset} needs {expected} bytes, {found} are left")]
    Truncated {
        /// `header`, `index` or `feature`.
        part: &'static str,
        /// Where the part begins.
        offset: usize,
        /// Bytes that it needs.
        expected: u64,
        /// Bytes that are left.
        found: usize,
    },
    /// A part of the file contradicts the format.
    #[error("unsound {part} at {offset}: {reason}")]
    Unsound {
        /// `header`, `index`, `feature` or `count`.
        part: &'static str,
        /// Where the part begins.
        offset: usize,
        /// What is wrong.
        reason: String,
    },
    /// A table that contradicts itself or cannot be written in the format.
    #[error("feature {id:?} cannot be written: {reason}")]
    Unwritable {
        /// The feature, empty for the table as a whole.
        id: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The destination refuses the bytes.
    #[error("cannot write")]
    Write {
        /// The operating system's reason.
        #[from]
        source: std::io::Error,
    },
}

impl Coded for VectorError {
    fn code(&self) -> &'static str {
        match self {
            Self::Encoding { .. } => "vector-encoding",
            Self::Json { .. } => "geojson-syntax",
            Self::Root { .. } => "geojson-root",
            Self::Crs { .. } => "vector-crs",
            Self::AxesSwapped { .. } => "vector-axes-swapped",
            Self::NotDegrees { .. } => "vector-not-degrees",
            Self::Ids { .. } => "vector-ids",
            Self::IdCollision { .. } => "vector-id-collision",
            Self::NoColumn { .. } => "vector-no-column",
            Self::TooLarge { .. } => "vector-too-large",
            Self::Table { .. } => "table-syntax",
            Self::NoHeader => "table-no-header",
            Self::HeaderRepeated { .. } => "table-header-repeated",
            Self::NoPosition { .. } => "table-no-position",
            Self::Magic { .. } => "flatgeobuf-magic",
            Self::Truncated { .. } => "flatgeobuf-truncated",
            Self::Unsound { .. } => "flatgeobuf-unsound",
            Self::Unwritable { .. } => "vector-unwritable",
            Self::Write { .. } => "vector-write",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Encoding { offset } => vec![("offset", offset.to_string())],
            Self::Json { line, column, reason } => vec![
                ("line", line.to_string()),
                ("column", column.to_string()),
                ("reason", reason.clone()),
            ],
            Self::Root { found } | Self::Crs { found } | Self::Magic { found } => {
                vec![("found", found.clone())]
            }
            Self::AxesSwapped { positions } => vec![("positions", positions.to_string())],
            Self::NotDegrees { x, y } => vec![("x", x.to_string()), ("y", y.to_string())],
            Self::Ids { source_name, missing, malformed, repeated, places } => vec![
                ("field", source_name.clone()),
                ("missing", missing.to_string()),
                ("malformed", malformed.to_string()),
                ("repeated", repeated.to_string()),
                ("places", places.join(", ")),
            ],
            Self::IdCollision { first, second } => {
                vec![("first", first.clone()), ("second", second.clone())]
            }
            Self::NoColumn { field, columns } => {
                vec![
                    ("field", short(field)),
                    ("columns", Names(columns).shown()),
                    ("more", Names(columns).more()),
                ]
            }
            Self::TooLarge { what, limit } => {
                vec![("what", (*what).to_owned()), ("limit", limit.to_string())]
            }
            Self::Table { line, reason } => {
                vec![("line", line.to_string()), ("reason", reason.clone())]
            }
            Self::NoHeader => Vec::new(),
            Self::HeaderRepeated { repeated } => {
                vec![("columns", Names(repeated).shown()), ("more", Names(repeated).more())]
            }
            Self::NoPosition { what, columns } => {
                vec![
                    ("what", (*what).to_owned()),
                    ("columns", Names(columns).shown()),
                    ("more", Names(columns).more()),
                ]
            }
            Self::Truncated { part, offset, expected, found } => vec![
                ("part", (*part).to_owned()),
                ("offset", offset.to_string()),
                ("expected", expected.to_string()),
                ("found", found.to_string()),
            ],
            Self::Unsound { part, offset, reason } => vec![
                ("part", (*part).to_owned()),
                ("offset", offset.to_string()),
                ("reason", reason.clone()),
            ],
            Self::Unwritable { id, reason } => {
                vec![("id", id.clone()), ("reason", (*reason).to_owned())]
            }
            Self::Write { source } => vec![("reason", source.to_string())],
        }
    }
}
