//! Why an elevation mesh was not read.

use jomo_core::message::{Arguments, Coded};

/// Why an elevation mesh was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FgdError {
    /// The stream failed.
    #[error("read: {0}")]
    Io(#[from] std::io::Error),
    /// No well-formed XML.
    #[error("no well-formed XML at byte {offset}: {reason}")]
    Xml {
        /// Where.
        offset: u64,
        /// What the parser says.
        reason: String,
    },
    /// Something that elevation files never have.
    #[error("{what} at byte {offset}")]
    Refused {
        /// A document type, an entity, elements nested too deeply, a text too long.
        what: &'static str,
        /// Where.
        offset: u64,
    },
    /// A part that must be there is not, or the file is another one.
    #[error("`{element}` is missing")]
    Missing {
        /// Name of the element.
        element: &'static str,
    },
    /// An element does not hold what it should.
    #[error("`{element}` at byte {offset}: {found:?}")]
    Content {
        /// Name of the element.
        element: &'static str,
        /// Where it ends.
        offset: u64,
        /// Its text.
        found: String,
    },
    /// More than one mesh in a file.
    #[error("a second mesh at byte {offset}")]
    Second {
        /// Where.
        offset: u64,
    },
    /// More cells than a mesh has.
    #[error("{columns} x {rows} cells are more than a mesh of at most {limit}")]
    TooLarge {
        /// Columns as declared.
        columns: u64,
        /// Rows as declared.
        rows: u64,
        /// The limit in cells.
        limit: u64,
    },
    /// More values than cells.
    #[error("{found} values from cell {start} do not fit {cells} cells")]
    TooManyValues {
        /// Values found, at least.
        found: u64,
        /// Number of the first cell.
        start: u64,
        /// Cells of the mesh.
        cells: u64,
    },
    /// A line of the list that is no surface and height.
    #[error("value {number} at byte {offset}: {found:?}")]
    Value {
        /// Number of the value from 1.
        number: u64,
        /// Where.
        offset: u64,
        /// The line.
        found: String,
    },
    /// Cells that are not square, or not of hundredths of arc seconds.
    #[error("a cell of {} x {} arc seconds is none of this product", arcsec[0], arcsec[1])]
    Cell {
        /// Width and height in arc seconds.
        arcsec: [f64; 2],
    },
    /// An envelope that is not on the lattice of its cells.
    #[error("the envelope from {lower:?} to {upper:?} is not on the lattice of its cells")]
    Envelope {
        /// Latitude and longitude in the south-west.
        lower: [f64; 2],
        /// Latitude and longitude in the north-east.
        upper: [f64; 2],
    },
}

impl Coded for FgdError {
    fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "fgd-io",
            Self::Xml { .. } => "fgd-xml",
            Self::Refused { .. } => "fgd-refused",
            Self::Missing { .. } => "fgd-missing",
            Self::Content { .. } => "fgd-content",
            Self::Second { .. } => "fgd-second",
            Self::TooLarge { .. } => "fgd-too-large",
            Self::TooManyValues { .. } => "fgd-too-many-values",
            Self::Value { .. } => "fgd-value",
            Self::Cell { .. } => "fgd-cell",
            Self::Envelope { .. } => "fgd-envelope",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Io(reason) => vec![("reason", reason.to_string())],
            Self::Xml { offset, reason } => {
                vec![("offset", offset.to_string()), ("reason", reason.clone())]
            }
            Self::Refused { what, offset } => {
                vec![("what", (*what).to_owned()), ("offset", offset.to_string())]
            }
            Self::Missing { element } => vec![("element", (*element).to_owned())],
            Self::Content { element, offset, found } => vec![
                ("element", (*element).to_owned()),
                ("offset", offset.to_string()),
                ("found", found.clone()),
            ],
            Self::Second { offset } => vec![("offset", offset.to_string())],
            Self::TooLarge { columns, rows, limit } => vec![
                ("columns", columns.to_string()),
                ("rows", rows.to_string()),
                ("limit", limit.to_string()),
            ],
            Self::TooManyValues { found, start, cells } => vec![
                ("found", found.to_string()),
                ("start", start.to_string()),
                ("cells", cells.to_string()),
            ],
            Self::Value { number, offset, found } => vec![
                ("number", number.to_string()),
                ("offset", offset.to_string()),
                ("found", found.clone()),
            ],
            Self::Cell { arcsec: [width, height] } => {
                vec![("width", width.to_string()), ("height", height.to_string())]
            }
            Self::Envelope { lower, upper } => {
                vec![("lower", format!("{lower:?}")), ("upper", format!("{upper:?}"))]
            }
        }
    }
}
