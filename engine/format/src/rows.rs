//! Rows of CSV tables whose columns are found by name: what the tables of gauges, dams, basins, bands
//! and temperatures share.
//!
//! UTF-8 or CP932, LF or CRLF. Column names are compared without case and underscores, in any
//! order; columns that nobody asks for are not read. Blank rows are skipped. Nothing is allocated
//! by a number of the file.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jomo_core::fault::Faults;
use jomo_core::message::{Arguments, Coded, Names};

use crate::table::{header_names, position, unsound};
use crate::vector::{VectorError, decode};

/// Longest id, as ids are everywhere.
const ID_MAX: usize = 64;

/// What a table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableKind {
    /// River gauges, or their readings.
    Gauges,
    /// Dams, or their releases.
    Dams,
    /// Basins of the storage function method.
    StorageBasins,
    /// Bands of forecasts at gauges.
    Bands,
    /// Temperatures of the air.
    Temperatures,
}

/// Why a table could not be read as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// No text, no header, or a header with repeated names.
    #[error(transparent)]
    Text(#[from] VectorError),
    /// Columns that must be there are not.
    #[error("no column {}; the columns are {}", missing.join(", "), Names(columns))]
    Columns {
        /// What the table is about.
        kind: TableKind,
        /// Names of all columns that are missing.
        missing: Vec<&'static str>,
        /// The columns of the file.
        columns: Vec<String>,
    },
}

impl Coded for TableError {
    fn code(&self) -> &'static str {
        let kind = match self {
            Self::Text(error) => return error.code(),
            Self::Columns { kind, .. } => kind,
        };
        match kind {
            TableKind::Gauges => "gauge-csv-columns",
            TableKind::Dams => "dam-csv-columns",
            TableKind::StorageBasins => "storage-csv-columns",
            TableKind::Bands => "dressing-columns",
            TableKind::Temperatures => "temperature-csv-columns",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Text(error) => error.arguments(),
            Self::Columns { missing, columns, .. } => vec![
                ("missing", missing.join(", ")),
                ("columns", Names(columns).shown()),
                ("more", Names(columns).more()),
            ],
        }
    }
}

/// A table with its columns found by name.
pub struct Rows<'a> {
    text: Cow<'a, str>,
    columns: BTreeMap<String, usize>,
    width: usize,
}

impl<'a> Rows<'a> {
    /// Reads the header; all of `needed` must be there, and all columns of one of `families`.
    ///
    /// # Errors
    /// [`TableError`]: no text, no header, names that are not told apart, columns that are missing
    /// (of the first family if none is whole).
    pub fn new(
        bytes: &'a [u8],
        kind: TableKind,
        needed: &[&'static str],
        families: &[&[&'static str]],
    ) -> Result<Self, TableError> {
        let text = decode(bytes, None)?;
        let mut record = csv::StringRecord::new();
        if !reader(&text).read_record(&mut record).map_err(|error| unsound(&error))? {
            return Err(VectorError::NoHeader.into());
        }
        let names = header_names(&record)?;
        let places = names.iter().enumerate();
        let columns: BTreeMap<String, usize> =
            places.map(|(place, name)| (folded(name), place)).collect();
        if columns.len() < names.len() {
            let alike = |name: &&String| columns[&folded(name)] != place_of(&names, name);
            let repeated = names.iter().filter(alike).cloned().collect();
            return Err(VectorError::HeaderRepeated { repeated }.into());
        }
        let is_missing = |name: &&&'static str| !columns.contains_key(&folded(name));
        let mut missing: Vec<_> = needed.iter().filter(is_missing).copied().collect();
        if families.iter().all(|family| family.iter().any(|name| is_missing(&name))) {
            missing.extend(families.first().into_iter().copied().flatten().filter(is_missing));
        }
        if missing.is_empty() {
            Ok(Self { text, columns, width: names.len() })
        } else {
            Err(TableError::Columns { kind, missing, columns: names })
        }
    }

    /// Gives every row that is not blank to `take`, and counts the code that it may answer with at
    /// `row <number>`. A row of another width than the header is counted and not given.
    ///
    /// # Errors
    /// [`TableError::Text`] where the text is no table.
    pub fn each(
        &self,
        faults: &mut Faults,
        mut take: impl FnMut(&Row<'_>) -> Result<(), &'static str>,
    ) -> Result<(), TableError> {
        self.all(|number, row| {
            if let Err(code) = row.and_then(|row| take(&row)) {
                faults.add(code, || format!("row {number}"));
            }
        })
    }

    /// Gives every row that is not blank to `take` with its number from 1 after the header, or
    /// `row-short` for one shorter than the header and `row-long` for one with text beyond it.
    ///
    /// # Errors
    /// [`TableError::Text`] where the text is no table.
    pub fn all(
        &self,
        mut take: impl FnMut(u64, Result<Row<'_>, &'static str>),
    ) -> Result<(), TableError> {
        for (number, record) in (1_u64..).zip(reader(&self.text).into_records().skip(1)) {
            let record = record.map_err(|error| unsound(&error))?;
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            let beyond = record.iter().skip(self.width).any(|cell| !cell.trim().is_empty());
            let row = if record.len() < self.width {
                Err("row-short")
            } else if beyond {
                Err("row-long")
            } else {
                Ok(Row { record: &record, columns: &self.columns })
            };
            take(number, row);
        }
        Ok(())
    }
}

/// One row.
pub struct Row<'a> {
    record: &'a csv::StringRecord,
    columns: &'a BTreeMap<String, usize>,
}

impl Row<'_> {
    /// The cell of a column without blanks around, empty if there is no such column.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        let place = self.columns.get(&folded(name));
        place.and_then(|place| self.record.get(*place)).unwrap_or_default().trim()
    }

    /// An id: 1 to 64 printable ASCII characters without spaces.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<String> {
        let id = self.text(name);
        let is_sound =
            (1..=ID_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        is_sound.then(|| id.to_owned())
    }

    /// A number within bounds, these included.
    ///
    /// # Errors
    /// `code` for anything else; an empty cell is none.
    pub fn number(
        &self,
        name: &str,
        [low, high]: [f64; 2],
        code: &'static str,
    ) -> Result<Option<f64>, &'static str> {
        match self.text(name) {
            "" => Ok(None),
            text => match text.parse::<f64>() {
                Ok(value) if (low..=high).contains(&value) => Ok(Some(value)),
                _ => Err(code),
            },
        }
    }

    /// Longitude and latitude in degrees from the columns `lon` and `lat`; `None` where a cell is
    /// empty.
    ///
    /// # Errors
    /// `position-not-a-number`, `geometry-outside`.
    pub fn lon_lat(&self) -> Result<Option<[f64; 2]>, &'static str> {
        let point = position(Some(self.text("lon")), Some(self.text("lat")))
            .map_err(|_unreadable| "position-not-a-number")?;
        let lon_lat = point.map(|point| [point.x(), point.y()]);
        if lon_lat.is_some_and(|[lon, lat]| 180.0 < lon.abs() || 90.0 < lat.abs()) {
            return Err("geometry-outside");
        }
        Ok(lon_lat)
    }
}

fn reader(text: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// Where a name stands that is there once.
fn place_of(names: &[String], name: &String) -> usize {
    names.iter().position(|other| other == name).unwrap_or_default()
}

/// A column name without case and underscores.
fn folded(name: &str) -> String {
    let letters = name.chars().filter(|character| *character != '_');
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A missing column is told with the code of what the table is about, and what is there.
    #[test]
    fn each_kind_has_its_code() {
        use TableKind::{Bands, Dams, Gauges, StorageBasins, Temperatures};
        let told = [Gauges, Dams, StorageBasins, Bands, Temperatures].map(|kind| {
            let error = Rows::new(b"Code,b_c\n", kind, &["code", "x"], &[]).err().unwrap();
            let facts = error.arguments().into_iter().map(|(name, fact)| format!("{name}={fact}"));
            format!("{}: {error} ({})", error.code(), facts.collect::<Vec<_>>().join("; "))
        });
        insta::assert_snapshot!(told.join("\n"), @r"
        gauge-csv-columns: no column x; the columns are Code, b_c (missing=x; columns=Code, b_c; more=none)
        dam-csv-columns: no column x; the columns are Code, b_c (missing=x; columns=Code, b_c; more=none)
        storage-csv-columns: no column x; the columns are Code, b_c (missing=x; columns=Code, b_c; more=none)
        dressing-columns: no column x; the columns are Code, b_c (missing=x; columns=Code, b_c; more=none)
        temperature-csv-columns: no column x; the columns are Code, b_c (missing=x; columns=Code, b_c; more=none)
        ");
    }

    /// Names without case and underscores, blanks around cells, rows without text.
    #[test]
    fn cells_are_found_by_name() {
        let text = "\u{feff}B_C, Code ,lat,lon\r\n 1.5 , x1 ,36,139,,\r\n,,,\r\n2,y,36,181\r\n3,z,36\r\n4,w,36,139,5\r\n";
        let rows = Rows::new(text.as_bytes(), TableKind::Dams, &["code", "bc"], &[]).unwrap();
        let (mut faults, mut taken) = (Faults::default(), Vec::new());
        rows.each(&mut faults, |row| {
            let number = row.number("bC", [0.0, 2.0], "too-much")?;
            taken.push((row.id("code"), number, row.lon_lat()?, row.text("none").to_owned()));
            Ok(())
        })
        .unwrap();
        let first = (Some("x1".to_owned()), Some(1.5), Some([139.0, 36.0]), String::new());
        assert_eq!(taken, [first]);
        let told: Vec<String> =
            faults.iter().map(|(code, f)| format!("{code} {}", f.places.join(" "))).collect();
        assert_eq!(told, ["geometry-outside row 3", "row-long row 5", "row-short row 4"]);
    }
}
