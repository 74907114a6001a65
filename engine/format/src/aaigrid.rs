//! ASCII grids of Esri (`AAIGrid`): a header of six keys and rows of numbers from the north.
//!
//! Read as text of any line length through a buffer; nothing is allocated by a number of the
//! header. Keys in any case and order: `ncols`, `nrows`, `xllcorner` or `xllcenter`, `yllcorner` or
//! `yllcenter`, `cellsize` (or GDAL's `dx` and `dy`), `nodata_value` (-9999 if absent, as the
//! format says). The format knows no CRS.
//!
//! Source: Esri, `ArcGIS` Desktop help, "Esri ASCII raster format".

use std::io::BufRead;

use jomo_core::message::{Arguments, Coded};

use crate::geotiff::Place;

/// Longest word: a number in full digits has 24.
const WORD_MAX: usize = 64;
/// Number that stands for no data unless the header says otherwise.
const NO_DATA: f64 = -9_999.0;
/// Keys of the header.
const KEYS: [&str; 10] = [
    "ncols",
    "nrows",
    "xllcorner",
    "xllcenter",
    "yllcorner",
    "yllcenter",
    "cellsize",
    "dx",
    "dy",
    "nodata_value",
];

/// An ASCII grid in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct AsciiGrid {
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Where it lies; never with a CRS.
    pub place: Place,
    /// Values row by row from the north; no data is `NaN`.
    pub values: Vec<f64>,
}

/// Why an ASCII grid could not be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AsciiGridError {
    /// The file could not be read.
    #[error("{reason}")]
    Io {
        /// The system's reason.
        reason: String,
    },
    /// The header does not give what a grid needs.
    #[error("line {line}: {expected} expected, found {found:?}")]
    Header {
        /// Line, from 1.
        line: u64,
        /// What was expected.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A word that is no finite number.
    #[error("line {line}: {found:?} is not a number")]
    Number {
        /// Line, from 1.
        line: u64,
        /// What stands there.
        found: String,
    },
    /// More cells than are read.
    #[error("{columns} x {rows} cells are more than {limit}")]
    TooLarge {
        /// Columns as stated.
        columns: u64,
        /// Rows as stated.
        rows: u64,
        /// The limit.
        limit: u64,
    },
    /// Too few or too many values.
    #[error("{expected} values announced, {found} found")]
    Count {
        /// Rows times columns.
        expected: u64,
        /// Values in the file; one more than expected stands for any number more.
        found: u64,
    },
}

impl Coded for AsciiGridError {
    fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "aaigrid-io",
            Self::Header { .. } => "aaigrid-header",
            Self::Number { .. } => "aaigrid-number",
            Self::TooLarge { .. } => "aaigrid-too-large",
            Self::Count { .. } => "aaigrid-count",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Io { reason } => vec![("reason", reason.clone())],
            Self::Header { line, expected, found } => vec![
                ("line", line.to_string()),
                ("key", (*expected).to_owned()),
                ("word", found.clone()),
            ],
            Self::Number { line, found } => {
                vec![("line", line.to_string()), ("word", found.clone())]
            }
            Self::TooLarge { columns, rows, limit } => vec![
                ("columns", columns.to_string()),
                ("rows", rows.to_string()),
                ("limit", limit.to_string()),
            ],
            Self::Count { expected, found } => {
                vec![("cells", expected.to_string()), ("found", found.to_string())]
            }
        }
    }
}

/// Reads a grid of at most `cells_max` cells.
///
/// ```
/// let text = "ncols 2\nnrows 1\nxllcorner 0\nyllcorner 10\ncellsize 5\n1.5 -9999\n";
/// let grid = jomo_format::aaigrid::read(text.as_bytes(), 100)?;
/// assert_eq!((grid.shape, grid.place.origin), ([1, 2], [0.0, 15.0]));
/// assert!(grid.values[1].is_nan());
/// # Ok::<(), jomo_format::aaigrid::AsciiGridError>(())
/// ```
///
/// # Errors
/// Any [`AsciiGridError`]; hostile bytes end in one, too.
pub fn read(source: impl BufRead, cells_max: u64) -> Result<AsciiGrid, AsciiGridError> {
    let mut words = Words { source, line: 1, word: Vec::new() };
    let mut header = Header::default();
    while words.next()? && words.names_a_key() {
        header.take(&mut words)?;
    }
    let (shape, place) = header.check(words.line, cells_max)?;
    let no_data = header.of("nodata_value").unwrap_or(NO_DATA);
    let expected = shape[0] as u64 * shape[1] as u64;
    let mut values = Vec::new();
    while !words.word.is_empty() {
        if expected == values.len() as u64 {
            return Err(AsciiGridError::Count { expected, found: expected.saturating_add(1) });
        }
        values.push(words.value(no_data)?);
        words.next()?;
    }
    if (values.len() as u64) < expected {
        return Err(AsciiGridError::Count { expected, found: values.len() as u64 });
    }
    Ok(AsciiGrid { shape, place, values })
}

/// Words between blanks, one at a time.
struct Words<R> {
    source: R,
    /// Line of the word, from 1.
    line: u64,
    word: Vec<u8>,
}

impl<R: BufRead> Words<R> {
    /// Goes to the next word; `false` at the end, where the word is empty.
    fn next(&mut self) -> Result<bool, AsciiGridError> {
        self.word.clear();
        loop {
            let io = |fault: std::io::Error| AsciiGridError::Io { reason: fault.to_string() };
            let buffer = match self.source.fill_buf() {
                Err(fault) if fault.kind() == std::io::ErrorKind::Interrupted => continue,
                buffer => buffer.map_err(io)?,
            };
            if buffer.is_empty() {
                return Ok(!self.word.is_empty());
            }
            let mut used = 0;
            let mut ended = false;
            for byte in buffer {
                if byte.is_ascii_whitespace() {
                    if !self.word.is_empty() {
                        // The blank is left for the next word, so that `line` is that of this one.
                        ended = true;
                        break;
                    }
                    self.line += u64::from(*byte == b'\n');
                } else {
                    self.word.push(*byte);
                }
                used += 1;
                if WORD_MAX < self.word.len() {
                    return Err(self.not_a_number());
                }
            }
            self.source.consume(used);
            if ended {
                return Ok(true);
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.word).into_owned()
    }

    /// Whether the word begins like a key: `nan` and `inf` are values.
    fn names_a_key(&self) -> bool {
        self.word.first().is_some_and(u8::is_ascii_alphabetic) && self.number().is_none()
    }

    fn number(&self) -> Option<f64> {
        std::str::from_utf8(&self.word).ok()?.parse().ok()
    }

    fn value(&self, no_data: f64) -> Result<f64, AsciiGridError> {
        match self.number() {
            Some(value) if value.to_bits() == no_data.to_bits() || value.is_nan() => Ok(f64::NAN),
            Some(value) if value.is_finite() => Ok(value),
            _ => Err(self.not_a_number()),
        }
    }

    fn not_a_number(&self) -> AsciiGridError {
        AsciiGridError::Number { line: self.line, found: self.text() }
    }
}

/// The keys read so far.
#[derive(Default)]
struct Header {
    /// Number and line of each key.
    values: [Option<(f64, u64)>; KEYS.len()],
}

impl Header {
    /// Takes the key at the word and the number after it.
    fn take(&mut self, words: &mut Words<impl BufRead>) -> Result<(), AsciiGridError> {
        let name = words.text();
        let fault = |line, expected, found| Err(AsciiGridError::Header { line, expected, found });
        let Some(place) = KEYS.iter().position(|key| key.eq_ignore_ascii_case(&name)) else {
            return fault(words.line, "ncols, nrows, xllcorner, yllcorner, cellsize", name);
        };
        if self.values[place].is_some() {
            return fault(words.line, "each key once", name);
        }
        words.next()?;
        let number = words.number().filter(|number| number.is_finite() || KEYS[place] == KEYS[9]);
        let Some(number) = number else { return Err(words.not_a_number()) };
        self.values[place] = Some((number, words.line));
        Ok(())
    }

    fn entry(&self, name: &str) -> Option<(f64, u64)> {
        KEYS.iter().position(|key| *key == name).and_then(|place| self.values[place])
    }

    fn of(&self, name: &str) -> Option<f64> {
        self.entry(name).map(|(number, _)| number)
    }

    /// Shape and place, once all keys are there; `line` is where the header ends.
    fn check(&self, line: u64, cells_max: u64) -> Result<([usize; 2], Place), AsciiGridError> {
        let fault = |expected: &'static str, found: Option<f64>| AsciiGridError::Header {
            line: self.entry(expected).map_or(line, |(_, line)| line),
            expected,
            found: found.map_or_else(String::new, |found| found.to_string()),
        };
        let count = |name| {
            let found = self.of(name);
            found.and_then(whole).ok_or_else(|| fault(name, found))
        };
        let (columns, rows) = (count("ncols")?, count("nrows")?);
        let size = |name| {
            let found = self.of(name).or_else(|| self.of("cellsize"));
            found.filter(|size| 0.0 < *size).ok_or_else(|| fault("cellsize", found))
        };
        let cell = [size("dx")?, size("dy")?];
        if columns.checked_mul(rows).is_none_or(|cells| cells_max < cells) {
            return Err(AsciiGridError::TooLarge { columns, rows, limit: cells_max });
        }
        let corner = |corner, centre, size: f64| {
            let from_centre = self.of(centre).map(|centre| centre - 0.5 * size);
            self.of(corner).or(from_centre).ok_or_else(|| fault(corner, None))
        };
        let west = corner("xllcorner", "xllcenter", cell[0])?;
        let south = corner("yllcorner", "yllcenter", cell[1])?;
        let north = south + rows as f64 * cell[1];
        if !north.is_finite() {
            return Err(fault("yllcorner", Some(south)));
        }
        let index = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
        Ok(([index(rows), index(columns)], Place { epsg: None, origin: [west, north], cell }))
    }
}

/// A number of rows or columns.
fn whole(value: f64) -> Option<u64> {
    let is_count = value.fract() == 0.0 && (1.0..=4_294_967_295.0).contains(&value);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    is_count.then_some(value as u64)
}

#[cfg(test)]
mod tests;
