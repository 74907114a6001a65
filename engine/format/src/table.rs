//! Tables of places: CSV with a header and columns for longitude and latitude.
//!
//! UTF-8 (with or without a byte order mark) or CP932, LF or CRLF. An empty cell is an absent
//! value. A row shorter than the header, or with text beyond it, is counted and kept out; rows
//! are numbered from 1 after the header, blank lines not counted.

use std::collections::HashMap;

use geo_types::{Geometry, Point};

use crate::vector::{
    Cell, Collector, GeometryFault, ReadOptions, Row, VectorError, VectorRead, decode,
};

/// Usual names of the longitude column, folded, the most telling first. Column names of input
/// files are data, not texts for people.
const LON_NAMES: [&str; 5] = ["lon", "lng", "longitude", "経度", "x"];

/// Usual names of the latitude column, likewise.
const LAT_NAMES: [&str; 4] = ["lat", "latitude", "緯度", "y"];

/// Reads a CSV table with one point per row.
///
/// # Errors
/// [`VectorError`]: no header, repeated names, no columns for the position, unusable ids.
pub fn read(bytes: &[u8], options: &ReadOptions) -> Result<VectorRead, VectorError> {
    let text = decode(bytes, options.encoding)?;
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    let header = match records.next() {
        None => return Err(VectorError::NoHeader),
        Some(record) => header_names(&record.map_err(|error| unsound(&error))?)?,
    };
    let (lon, lat) = position_columns(&header, options)?;

    let mut collector = Collector::new(options);
    let mut columns = Vec::with_capacity(header.len());
    for (place, name) in header.iter().enumerate() {
        let is_position = place == lon || place == lat;
        columns.push(if is_position { None } else { Some(collector.column(name)?) });
    }
    for (number, record) in (1_u64..).zip(records) {
        let record = record.map_err(|error| unsound(&error))?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if record.len() < header.len() {
            collector.fault("row-short", number);
            continue;
        }
        if record.iter().skip(header.len()).any(|cell| !cell.trim().is_empty()) {
            collector.fault("row-long", number);
            continue;
        }
        let position = position(record.get(lon), record.get(lat));
        let cells = columns.iter().zip(&record).filter_map(|(column, text)| {
            let written = || Cell::Written(text.to_owned());
            column.filter(|_| !text.trim().is_empty()).map(|column| (column, written()))
        });
        let row = Row { number, member: None, cells: cells.collect() };
        match position {
            Err(Unreadable) => collector.fault("position-not-a-number", number),
            Ok(point) => {
                collector.add(row, point.map(Geometry::Point).ok_or(GeometryFault::Missing))?;
            }
        }
    }
    collector.finish(None)
}

/// A coordinate that is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// The position of a row, `None` where both or either of its cells are empty. Full-width digits
/// are read as numbers.
///
/// # Errors
/// [`Unreadable`] where a cell holds something else than a number.
pub fn position(lon: Option<&str>, lat: Option<&str>) -> Result<Option<Point<f64>>, Unreadable> {
    let number = |cell: Option<&str>| {
        let text = fold(cell.unwrap_or_default());
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => Err(Unreadable),
        }
    };
    Ok(match (number(lon)?, number(lat)?) {
        (Some(lon), Some(lat)) => Some(Point::new(lon, lat)),
        _ => None,
    })
}

/// The column names; a nameless column is called by its place.
pub(crate) fn header_names(record: &csv::StringRecord) -> Result<Vec<String>, VectorError> {
    let mut seen = HashMap::new();
    let mut repeated = Vec::new();
    let mut names = Vec::with_capacity(record.len());
    for (place, name) in (1..).zip(record) {
        let name = match name.trim() {
            "" => format!("column_{place}"),
            name => name.to_owned(),
        };
        let uses: &mut u64 = seen.entry(name.clone()).or_default();
        *uses += 1;
        if *uses == 2 {
            repeated.push(name.clone());
        }
        names.push(name);
    }
    if repeated.is_empty() { Ok(names) } else { Err(VectorError::HeaderRepeated { repeated }) }
}

/// Where longitude and latitude stand: in the columns that the options name, else in those with
/// their usual names.
///
/// # Errors
/// [`VectorError::NoColumn`], [`VectorError::NoPosition`].
pub fn position_columns(
    header: &[String],
    options: &ReadOptions,
) -> Result<(usize, usize), VectorError> {
    let folded: Vec<String> = header.iter().map(|name| fold(name)).collect();
    let find = |asked: Option<&String>, usual: &[&str]| match asked {
        Some(field) => match header.iter().position(|name| name == field) {
            Some(place) => Ok(Some(place)),
            None => Err(VectorError::NoColumn { field: field.clone(), columns: header.to_vec() }),
        },
        None => Ok(usual.iter().find_map(|usual| folded.iter().position(|name| name == usual))),
    };
    let lon = find(options.lon_field.as_ref(), &LON_NAMES)?;
    let lat = find(options.lat_field.as_ref(), &LAT_NAMES)?;
    let what = match (lon, lat) {
        (Some(lon), Some(lat)) => return Ok((lon, lat)),
        (None, Some(_)) => "longitude",
        (Some(_), None) => "latitude",
        (None, None) => "longitude, latitude",
    };
    Err(VectorError::NoPosition { what, columns: header.to_vec() })
}

/// Full-width ASCII made half-width, lower case, without blanks around: what Unicode's NFKC does
/// to the names and numbers met in these tables.
fn fold(text: &str) -> String {
    let narrow = |character: char| match character {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
        }
        '\u{3000}' => ' ',
        other => other,
    };
    text.chars().map(narrow).flat_map(char::to_lowercase).collect::<String>().trim().to_owned()
}

pub(crate) fn unsound(error: &csv::Error) -> VectorError {
    let line = error.position().map_or(0, csv::Position::line);
    VectorError::Table { line, reason: error.to_string() }
}

#[cfg(test)]
mod tests;
