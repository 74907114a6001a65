//! The bytes of a feature's values: pairs of a column's number and its value.

use flatgeobuf::ColumnType;
use jomo_core::feature::Value;

use crate::vector::Cell;

/// A column of the file.
pub(super) struct Column {
    /// How its values are written.
    pub(super) kind: ColumnType,
    /// Its column in the table; `None` for one that is left out.
    pub(super) place: Option<usize>,
}

/// The values of a feature, checked byte by byte.
pub(super) fn cells(bytes: &[u8], columns: &[Column]) -> Result<Vec<(usize, Cell)>, &'static str> {
    let mut bytes = bytes;
    let mut cells = Vec::new();
    while !bytes.is_empty() {
        let number = u16::from_le_bytes(take(&mut bytes)?);
        let column = columns.get(usize::from(number)).ok_or("a value of an unknown column")?;
        let value = value(&mut bytes, column.kind)?;
        cells.extend(column.place.zip(value).map(|(place, value)| (place, Cell::Typed(value))));
    }
    Ok(cells)
}

/// One value; `None` for one that is no number, or of a column that is left out.
fn value(bytes: &mut &[u8], kind: ColumnType) -> Result<Option<Value>, &'static str> {
    let finite = |value: f64| value.is_finite().then_some(Value::Float(value));
    Ok(match kind {
        ColumnType::Bool => Some(Value::Bool(take::<1>(bytes)? != [0])),
        ColumnType::Byte => Some(Value::Int(i8::from_le_bytes(take(bytes)?).into())),
        ColumnType::UByte => Some(Value::Int(u8::from_le_bytes(take(bytes)?).into())),
        ColumnType::Short => Some(Value::Int(i16::from_le_bytes(take(bytes)?).into())),
        ColumnType::UShort => Some(Value::Int(u16::from_le_bytes(take(bytes)?).into())),
        ColumnType::Int => Some(Value::Int(i32::from_le_bytes(take(bytes)?).into())),
        ColumnType::UInt => Some(Value::Int(u32::from_le_bytes(take(bytes)?).into())),
        ColumnType::Long => Some(Value::Int(i64::from_le_bytes(take(bytes)?))),
        ColumnType::ULong => {
            let value = u64::from_le_bytes(take(bytes)?);
            Some(i64::try_from(value).map_or_else(|_| Value::Text(value.to_string()), Value::Int))
        }
        ColumnType::Float => finite(f32::from_le_bytes(take(bytes)?).into()),
        ColumnType::Double => finite(f64::from_le_bytes(take(bytes)?)),
        ColumnType::String | ColumnType::Json | ColumnType::DateTime => {
            let text = std::str::from_utf8(take_sized(bytes)?).ok().ok_or("text is not UTF-8")?;
            Some(Value::Text(text.to_owned()))
        }
        ColumnType::Binary => {
            take_sized(bytes)?;
            None
        }
        _ => return Err("a column of an unknown type"),
    })
}

fn take<const LENGTH: usize>(bytes: &mut &[u8]) -> Result<[u8; LENGTH], &'static str> {
    let (head, rest) = bytes.split_first_chunk().ok_or("the values end early")?;
    *bytes = rest;
    Ok(*head)
}

fn take_sized<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], &'static str> {
    let length = u32::from_le_bytes(take(bytes)?);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let (head, rest) = bytes.split_at_checked(length).ok_or("the values end early")?;
    *bytes = rest;
    Ok(head)
}

/// Appends the value of column `number`.
pub(super) fn push(bytes: &mut Vec<u8>, number: u16, value: &Value) -> Result<(), &'static str> {
    bytes.extend_from_slice(&number.to_le_bytes());
    match value {
        Value::Bool(value) => bytes.push(u8::from(*value)),
        Value::Int(value) => bytes.extend_from_slice(&value.to_le_bytes()),
        Value::Float(value) if !value.is_finite() => return Err("a value is not finite"),
        Value::Float(value) => bytes.extend_from_slice(&value.to_le_bytes()),
        Value::Text(text) => push_text(bytes, text)?,
    }
    Ok(())
}

fn push_text(bytes: &mut Vec<u8>, text: &str) -> Result<(), &'static str> {
    let length = u32::try_from(text.len()).ok().ok_or("a text of 4 GiB")?;
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    Ok(())
}
