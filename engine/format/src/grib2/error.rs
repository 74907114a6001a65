//! What can be wrong with a GRIB2 file.

use jomo_core::message::{Arguments, Coded};

/// A part of GRIB2 of which only some values are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// Edition of GRIB (section 0): 2.
    Edition,
    /// Grid definition template (section 3): 3.0.
    GridTemplate,
    /// Points listed per row (section 3, octet 11): none.
    IrregularRows,
    /// Basic angle (section 3): 0, i.e. microdegrees.
    BasicAngle,
    /// Scanning mode (section 3): 0, rows from the north, columns from the west.
    Scanning,
    /// Product definition template (section 4).
    ProductTemplate,
    /// Unit of time (section 4): minute, hour, day, 3, 6, 12 hours, second.
    TimeUnit,
    /// Number of time ranges (section 4): 1.
    TimeRanges,
    /// Data representation template (section 5): 5.200.
    PackingTemplate,
    /// Bits per run-length symbol (section 5): 8 or 16.
    SymbolBits,
    /// Bitmap indicator (section 6): 255, no bitmap.
    Bitmap,
}

impl Feature {
    /// Stable name, the selector of the texts in `words/grib.*.ftl`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Edition => "edition",
            Self::GridTemplate => "grid-template",
            Self::IrregularRows => "irregular-rows",
            Self::BasicAngle => "basic-angle",
            Self::Scanning => "scanning-mode",
            Self::ProductTemplate => "product-template",
            Self::TimeUnit => "time-unit",
            Self::TimeRanges => "time-ranges",
            Self::PackingTemplate => "packing-template",
            Self::SymbolBits => "symbol-bits",
            Self::Bitmap => "bitmap",
        }
    }
}

/// Why a GRIB2 file was not read, or a field not written. Offsets are bytes from the start of
/// the file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GribError {
    /// A message does not begin with `GRIB`.
    #[error("no GRIB message begins at byte {offset}")]
    NoMessage {
        /// Where the message should begin.
        offset: usize,
    },
    /// The bytes end within a message, or a section ends before its content.
    #[error("at byte {offset}: {needed} bytes needed, {left} left")]
    Truncated {
        /// Where the message, section or field begins.
        offset: usize,
        /// Bytes it needs.
        needed: u64,
        /// Bytes there are.
        left: usize,
    },
    /// A message does not end with `7777`.
    #[error("the message does not end with `7777` at byte {offset}")]
    NoEnd {
        /// Where `7777` should stand.
        offset: usize,
    },
    /// Sections do not follow each other as GRIB2 orders them.
    #[error("at byte {offset}: section {found} after section {after}")]
    SectionOrder {
        /// Start of the section.
        offset: usize,
        /// The section before; 0 is the indicator.
        after: u8,
        /// The section found; 8 is the end.
        found: u8,
    },
    /// A section has not the length that its content asks for.
    #[error("at byte {offset}: section {section} has {found} bytes, its content {expected}")]
    SectionLength {
        /// Start of the section.
        offset: usize,
        /// Number of the section.
        section: u8,
        /// Bytes its content asks for.
        expected: usize,
        /// Bytes it says to have.
        found: usize,
    },
    /// Sound GRIB2 that is not read here.
    #[error("at byte {offset}: {} {found} is not supported", what.name())]
    Unsupported {
        /// Start of the section.
        offset: usize,
        /// What it is about.
        what: Feature,
        /// The value found.
        found: u32,
    },
    /// Six numbers that are no date and time.
    #[error("at byte {offset}: no date and time")]
    Time {
        /// Where the date and time stands.
        offset: usize,
    },
    /// Start and length of the interval of a total do not lead to its end.
    #[error("at byte {offset}: the interval ends {stated}, but start and length give {computed}")]
    Interval {
        /// Start of section 4.
        offset: usize,
        /// End that octets 35 to 41 state.
        stated: jiff::Timestamp,
        /// Reference time, forecast time and length added up.
        computed: jiff::Timestamp,
    },
    /// The corners and counts of a grid contradict each other.
    #[error(
        "at byte {offset}: no grid of {columns} x {rows} points lies between {first:?} and \
         {last:?} (longitude, latitude in microdegrees)"
    )]
    Grid {
        /// Start of section 3.
        offset: usize,
        /// Points along a parallel.
        columns: u32,
        /// Points along a meridian.
        rows: u32,
        /// First point, longitude and latitude in microdegrees.
        first: [i32; 2],
        /// Last point, longitude and latitude in microdegrees.
        last: [i32; 2],
    },
    /// A count of points differs from columns times rows.
    #[error("at byte {offset}: {found} points for a grid of {expected}")]
    Count {
        /// Start of section 3 or 5.
        offset: usize,
        /// Columns times rows.
        expected: u64,
        /// The count found.
        found: u64,
    },
    /// The largest level in use is not in the table of levels, or not a symbol.
    #[error("at byte {offset}: level {largest} in use, but the table ends at {table}")]
    Levels {
        /// Start of section 5.
        offset: usize,
        /// Largest level in use (MV).
        largest: u16,
        /// Last level of the table (MVL), or the largest symbol if that is smaller.
        table: u16,
    },
    /// A run length without a level before it.
    #[error("at byte {offset}: a run length without a level")]
    RunStart {
        /// Where the run length stands.
        offset: usize,
    },
    /// The runs do not fill the grid, or overflow it.
    #[error("up to byte {offset}: runs of {found} points for a grid of {expected}")]
    RunTotal {
        /// Where the runs ended or overflowed.
        offset: usize,
        /// Points of the grid.
        expected: u64,
        /// Points of the runs read so far.
        found: u64,
    },
    /// A window is empty or leaves the grid.
    #[error("rows {rows:?}, columns {columns:?} are no window of {} x {} cells", shape[0], shape[1])]
    Window {
        /// Rows asked for.
        rows: std::ops::Range<u32>,
        /// Columns asked for.
        columns: std::ops::Range<u32>,
        /// Rows and columns of the grid.
        shape: [u32; 2],
    },
    /// The window has more cells than are decoded at once.
    #[error("{cells} cells at once, at most {most} are decoded")]
    TooLarge {
        /// Cells of the window.
        cells: u64,
        /// The limit, [`super::CELLS_MAX`].
        most: usize,
    },
    /// Levels to write that do not fill the grid.
    #[error("{found} levels to write for a grid of {expected}")]
    LevelCount {
        /// Cells of the grid.
        expected: u64,
        /// Levels given.
        found: usize,
    },
    /// A level to write that the table does not have.
    #[error("level {level} to write, but the table ends at {table}")]
    LevelUnknown {
        /// The level.
        level: u8,
        /// Last level of the table.
        table: usize,
    },
    /// A product to write whose parts do not belong together.
    #[error("template 4.{template} cannot hold the product: {}", part.name())]
    Product {
        /// Product definition template.
        template: u16,
        /// The part that does not fit.
        part: ProductPart,
    },
}

/// A part of a product that cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProductPart {
    /// Interval and remarks are not those of the template.
    Template,
    /// The discipline or reference time is not that of the message.
    Message,
    /// A time is not a whole number of minutes, or beyond the range of the format.
    Time,
}

impl ProductPart {
    /// Stable name, the selector of the texts in `words/grib.*.ftl`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Template => "template",
            Self::Message => "message",
            Self::Time => "time",
        }
    }
}

impl Coded for GribError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoMessage { .. } => "grib-no-message",
            Self::Truncated { .. } => "grib-truncated",
            Self::NoEnd { .. } => "grib-no-end",
            Self::SectionOrder { .. } => "grib-section-order",
            Self::SectionLength { .. } => "grib-section-length",
            Self::Unsupported { .. } => "grib-unsupported",
            Self::Time { .. } => "grib-time",
            Self::Interval { .. } => "grib-interval",
            Self::Grid { .. } => "grib-grid",
            Self::Count { .. } => "grib-count",
            Self::Levels { .. } => "grib-levels",
            Self::RunStart { .. } => "grib-run-start",
            Self::RunTotal { .. } => "grib-run-total",
            Self::Window { .. } => "grib-window",
            Self::TooLarge { .. } => "grib-too-large",
            Self::LevelCount { .. } => "grib-level-count",
            Self::LevelUnknown { .. } => "grib-level-unknown",
            Self::Product { .. } => "grib-product",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::NoMessage { offset }
            | Self::NoEnd { offset }
            | Self::Time { offset }
            | Self::RunStart { offset } => vec![("offset", offset.to_string())],
            Self::Truncated { offset, needed, left } => vec![
                ("offset", offset.to_string()),
                ("needed", needed.to_string()),
                ("left", left.to_string()),
            ],
            Self::SectionOrder { offset, after, found } => vec![
                ("offset", offset.to_string()),
                ("after", after.to_string()),
                ("found", found.to_string()),
            ],
            Self::SectionLength { offset, section, expected, found } => vec![
                ("offset", offset.to_string()),
                ("section", section.to_string()),
                ("expected", expected.to_string()),
                ("found", found.to_string()),
            ],
            Self::Unsupported { offset, what, found } => vec![
                ("offset", offset.to_string()),
                ("what", what.name().to_owned()),
                ("found", found.to_string()),
            ],
            Self::Interval { offset, stated, computed } => vec![
                ("offset", offset.to_string()),
                ("stated", stated.to_string()),
                ("computed", computed.to_string()),
            ],
            Self::Grid { offset, columns, rows, .. } => vec![
                ("offset", offset.to_string()),
                ("columns", columns.to_string()),
                ("rows", rows.to_string()),
            ],
            Self::Count { offset, expected, found }
            | Self::RunTotal { offset, expected, found } => vec![
                ("offset", offset.to_string()),
                ("expected", expected.to_string()),
                ("found", found.to_string()),
            ],
            Self::Levels { offset, largest, table } => vec![
                ("offset", offset.to_string()),
                ("largest", largest.to_string()),
                ("table", table.to_string()),
            ],
            Self::Window { rows, columns, shape } => vec![
                ("rows", format!("{}..{}", rows.start, rows.end)),
                ("columns", format!("{}..{}", columns.start, columns.end)),
                ("shape", format!("{} x {}", shape[0], shape[1])),
            ],
            Self::TooLarge { cells, most } => {
                vec![("cells", cells.to_string()), ("most", most.to_string())]
            }
            Self::LevelCount { expected, found } => {
                vec![("expected", expected.to_string()), ("found", found.to_string())]
            }
            Self::LevelUnknown { level, table } => {
                vec![("level", level.to_string()), ("table", table.to_string())]
            }
            Self::Product { template, part } => {
                vec![("template", template.to_string()), ("part", part.name().to_owned())]
            }
        }
    }
}
