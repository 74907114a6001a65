//! The attribute table beside a shapefile, read to the letter.
//!
//! GDAL takes the type of a column from its header. Real tables contradict it: KSJ P23 declares
//! crest heights without decimals and holds `4.500`, which GDAL cuts to 4. Here a number is what
//! its digits say, and text is decoded strictly, so that nothing changes without being counted.
//!
//! Source: dBASE III table file format (dBASE, ESRI Shapefile Technical Description, 1998).

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use encoding_rs::{SHIFT_JIS, UTF_8};
use jomo_core::feature::{FieldType, Value};

use crate::error::IngestError;
use crate::vector::Encoding;

/// Most columns that the format has room for (dBASE IV and later).
const COLUMNS_MAX: usize = 2_046;
/// Bytes of the header before the columns, and of each column.
const PART: usize = 32;
/// Ends the list of columns.
const END: u8 = 0x0d;
/// Magnitude below which every integer is exact in a 64-bit float, and thus in JavaScript.
const EXACT: u64 = 1 << 53;

/// An open table.
#[derive(Debug)]
pub struct Table {
    file: BufReader<File>,
    columns: Vec<Column>,
    header_length: u64,
    record_length: usize,
    records: u64,
    /// The record that the file stands before.
    next: u64,
    record: Vec<u8>,
    name: String,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    name: Vec<u8>,
    kind: Kind,
    start: usize,
    end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Whole,
    Decimal,
    Logical,
    Date,
    /// A pointer into another file, or binary.
    Other,
}

/// One value of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// Nothing there.
    Absent,
    /// A value.
    Value(Value),
    /// Text with marks where bytes do not fit the encoding.
    Marked(String),
    /// No number in a column of numbers.
    NoNumber,
}

impl Table {
    /// Opens a table and reads its header.
    ///
    /// # Errors
    /// [`IngestError::Read`] for a header that contradicts itself, [`IngestError::Io`].
    pub fn open(path: &Path) -> Result<Self, IngestError> {
        let fail = |fault: &std::io::Error| IngestError::io(path, fault);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let unsound =
            |reason: &str| IngestError::Read { name: name.clone(), reason: reason.to_owned() };
        let file = File::open(path).map_err(|fault| fail(&fault))?;
        let length = file.metadata().map_err(|fault| fail(&fault))?.len();
        let mut file = BufReader::new(file);
        let mut head = [0; PART];
        file.read_exact(&mut head).map_err(|_fault| unsound("the header ends early"))?;
        let stated = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
        let header_length = u16::from_le_bytes([head[8], head[9]]);
        let record_length = usize::from(u16::from_le_bytes([head[10], head[11]]));
        if usize::from(header_length) <= PART || record_length == 0 {
            return Err(unsound("the header states no columns"));
        }
        let mut rest = vec![0; usize::from(header_length) - PART];
        file.read_exact(&mut rest).map_err(|_fault| unsound("the header ends early"))?;
        let columns = columns(&rest, record_length).map_err(unsound)?;
        let header_length = u64::from(header_length);
        let there = length.saturating_sub(header_length) / record_length as u64;
        Ok(Self {
            file,
            columns,
            header_length,
            record_length,
            records: stated.min(there),
            next: 0,
            record: vec![0; record_length],
            name,
        })
    }

    /// Names and declared types of the columns that hold attributes, with their numbers.
    pub fn columns(&self) -> impl Iterator<Item = (usize, &[u8], FieldType)> {
        self.columns.iter().enumerate().filter_map(|(number, column)| {
            let kind = match column.kind {
                Kind::Whole => FieldType::Int,
                Kind::Decimal => FieldType::Float,
                Kind::Logical => FieldType::Bool,
                Kind::Text | Kind::Date => FieldType::Text,
                Kind::Other => return None,
            };
            Some((number, column.name.as_slice(), kind))
        })
    }

    /// Goes to a record, counted from 0; false where the table has none.
    ///
    /// # Errors
    /// [`IngestError::Read`] if the file cannot be read.
    pub fn seek(&mut self, number: u64) -> Result<bool, IngestError> {
        if self.records <= number {
            return Ok(false);
        }
        let fail = |fault: std::io::Error| IngestError::Read {
            name: self.name.clone(),
            reason: fault.to_string(),
        };
        if self.next != number {
            let place = self.header_length + number * self.record_length as u64;
            self.file.seek(SeekFrom::Start(place)).map_err(fail)?;
        }
        self.file.read_exact(&mut self.record).map_err(fail)?;
        self.next = number + 1;
        Ok(true)
    }

    /// The value of a column in the record last gone to.
    #[must_use]
    pub fn value(&self, column: usize, encoding: Encoding) -> Entry {
        let Some(column) = self.columns.get(column) else { return Entry::Absent };
        let bytes = self.record.get(column.start..column.end).unwrap_or_default();
        match column.kind {
            Kind::Other => Entry::Absent,
            Kind::Text => text(bytes, encoding),
            Kind::Whole | Kind::Decimal => number(bytes),
            Kind::Logical => match bytes.first() {
                Some(b't' | b'T' | b'y' | b'Y') => Entry::Value(Value::Bool(true)),
                Some(b'f' | b'F' | b'n' | b'N') => Entry::Value(Value::Bool(false)),
                _ => Entry::Absent,
            },
            Kind::Date => match bytes {
                date if date.len() == 8 && date.iter().all(u8::is_ascii_digit) => {
                    let text = String::from_utf8_lossy(date);
                    let (year, rest) = text.split_at(4);
                    let (month, day) = rest.split_at(2);
                    Entry::Value(Value::Text(format!("{year}-{month}-{day}")))
                }
                other => text(other, encoding),
            },
        }
    }
}

/// Text in an encoding: sound, or marked where it is not.
pub(crate) fn decode(bytes: &[u8], encoding: Encoding) -> Result<String, String> {
    let (decoded, unfit) = match encoding {
        Encoding::Utf8 => UTF_8.decode_without_bom_handling(bytes),
        Encoding::Cp932 => SHIFT_JIS.decode_without_bom_handling(bytes),
        Encoding::Latin1 => (encoding_rs::mem::decode_latin1(bytes), false),
    };
    if unfit { Err(decoded.into_owned()) } else { Ok(decoded.into_owned()) }
}

fn text(bytes: &[u8], encoding: Encoding) -> Entry {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let bytes = bytes[..end].trim_ascii_end();
    if bytes.is_empty() {
        return Entry::Absent;
    }
    match decode(bytes, encoding) {
        Ok(text) => Entry::Value(Value::Text(text)),
        Err(marked) => Entry::Marked(marked),
    }
}

/// Blanks and stars stand for no value.
fn number(bytes: &[u8]) -> Entry {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let Ok(text) = std::str::from_utf8(bytes[..end].trim_ascii()) else { return Entry::NoNumber };
    if text.bytes().all(|byte| byte == b'*') {
        return Entry::Absent;
    }
    let whole = text.parse::<i64>().ok().filter(|value| value.unsigned_abs() <= EXACT);
    match (whole, text.parse::<f64>()) {
        (Some(value), _) => Entry::Value(Value::Int(value)),
        (None, Ok(value)) if value.is_finite() => Entry::Value(Value::Float(value)),
        _ => Entry::NoNumber,
    }
}

fn columns(bytes: &[u8], record_length: usize) -> Result<Vec<Column>, &'static str> {
    let mut columns = Vec::new();
    // The first byte of a record says whether it is deleted.
    let mut start = 1;
    for part in bytes.chunks_exact(PART) {
        if part[0] == END {
            break;
        }
        if COLUMNS_MAX <= columns.len() {
            return Err("too many columns");
        }
        let kind = match part[11] {
            b'C' => Kind::Text,
            b'N' | b'F' if part[17] == 0 => Kind::Whole,
            b'N' | b'F' => Kind::Decimal,
            b'L' => Kind::Logical,
            b'D' => Kind::Date,
            _ => Kind::Other,
        };
        // Wide text keeps its width in two bytes.
        let high = if kind == Kind::Text { usize::from(part[17]) << 8 } else { 0 };
        let end = start + usize::from(part[16]) + high;
        if record_length < end {
            return Err("the columns are wider than the records");
        }
        let name = part[..11].split(|byte| *byte == 0).next().unwrap_or_default();
        columns.push(Column { name: name.trim_ascii().to_owned(), kind, start, end });
        start = end;
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_their_digits_say() {
        for (text, expected) in [
            ("   4.500", Entry::Value(Value::Float(4.5))),
            ("50", Entry::Value(Value::Int(50))),
            ("007", Entry::Value(Value::Int(7))),
            ("-1.5e2", Entry::Value(Value::Float(-150.0))),
            ("9007199254740993", Entry::Value(Value::Float(9_007_199_254_740_992.0))),
            ("    ", Entry::Absent),
            ("*****", Entry::Absent),
            ("12a", Entry::NoNumber),
            ("nan", Entry::NoNumber),
            ("1e999", Entry::NoNumber),
        ] {
            assert_eq!(number(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn text_is_decoded_to_the_letter() {
        let (cp932, _, _) = SHIFT_JIS.encode("愛媛県知事  ");
        let whole = Entry::Value(Value::Text("愛媛県知事".to_owned()));
        assert_eq!(text(&cp932, Encoding::Cp932), whole);
        // A character cut in half by the width of the column.
        assert!(
            matches!(text(&cp932[..9], Encoding::Cp932), Entry::Marked(text) if text.starts_with("愛媛県知"))
        );
        assert!(matches!(text(&cp932, Encoding::Utf8), Entry::Marked(_)));
        assert_eq!(text(b"  \0x", Encoding::Utf8), Entry::Absent);
    }
}
