//! Tables of river gauges and of their readings: CSV with a header, as people hand it on.
//!
//! Two tables belong together. That of **gauges** has one row per gauge with the levels at which
//! something is to be done. These are of two families and never mixed: gauges for times of danger
//! report above a start level only (columns `start_level`, `warn_level`, `flood_level`), reference
//! stations report always and stand for a reach (columns `standby_level`, `caution_level`,
//! `judgement_level`, `danger_level`). That of **readings** has one row per gauge and instant.
//!
//! Levels are in metres above the gauge's own datum: never compare them across gauges. The tables
//! seen in the field do not name the datum; where a table has the column `datum`, it is `tp`
//! (Tokyo Peil), `zero` (gauge zero, its height in `zero_height` if known) or `overflow` (0 is
//! the level at which the river spills, as some prefectures publish it).
//!
//! UTF-8 or CP932, LF or CRLF. Blank rows are skipped; a bad row is counted under a stable code
//! (`gauge-*`, `reading-*`, `row-*`) with its number from 1 after the header, and kept out. Column
//! names are compared without case and underscores. Nothing is allocated by a number of the file.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jomo_core::fault::Faults;
use jomo_core::message::{Arguments, Coded, Names};

use crate::table::{header_names, position, unsound};
use crate::vector::{VectorError, decode};

/// Largest magnitude of a level in m: no gauge of Japan stands higher than 3,776 m, and a code for
/// a missing value (-9999, 99999) is no level.
const LEVEL_MAX_M: f64 = 4_000.0;
/// Longest id of a gauge, as ids are everywhere.
const ID_MAX: usize = 64;
/// Longest interval of a reference station: a day in minutes.
const INTERVAL_MAX_MIN: u32 = 1_440;

/// What a level is measured from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DatumCell {
    /// The table does not say.
    Unstated,
    /// Mean sea level of Tokyo Bay.
    TokyoPeil,
    /// The zero of the gauge, and its height above Tokyo Peil in m if known.
    GaugeZero(Option<f64>),
    /// The level at which the river spills is 0.
    Overflow,
}

/// The levels of one gauge as the table has them, in m; an empty cell is `None`. Their order is
/// checked where they are used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LevelCells {
    /// A gauge for times of danger, silent below its start level.
    Crisis {
        /// Where it begins to report.
        start: Option<f64>,
        /// Its danger level.
        danger: Option<f64>,
        /// Where the river spills.
        overflow: Option<f64>,
    },
    /// A reference station.
    Reference {
        /// Where flood fighters stand by.
        standby: Option<f64>,
        /// Flood caution.
        caution: Option<f64>,
        /// Where evacuation is judged.
        judgement: Option<f64>,
        /// Flood danger.
        danger: Option<f64>,
    },
}

/// One row of the table of gauges.
#[derive(Clone, Debug, PartialEq)]
pub struct GaugeRow {
    /// Code of the gauge, 1 to 64 printable ASCII characters without spaces.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Municipality as the table writes it.
    pub municipality: Option<String>,
    /// Longitude and latitude in degrees.
    pub lon_lat: Option<[f64; 2]>,
    /// What its levels are measured from.
    pub datum: DatumCell,
    /// Its levels.
    pub levels: LevelCells,
    /// Minutes between its reports, if the table says so.
    pub interval_min: Option<u32>,
}

/// One reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadingRow {
    /// When it was taken.
    pub time: Timestamp,
    /// Level in m above the gauge's datum.
    pub level_m: f64,
    /// How many of its levels the issuer says are reached: 1 to 3 (written 1, 11, 111).
    pub reached: Option<u8>,
}

/// The table of gauges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GaugesRead {
    /// The sound rows, in the order of the file.
    pub gauges: Vec<GaugeRow>,
    /// The rows kept out.
    pub faults: Faults,
}

/// The table of readings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadingsRead {
    /// The sound readings by gauge, each in ascending time.
    pub readings: BTreeMap<String, Vec<ReadingRow>>,
    /// The rows kept out.
    pub faults: Faults,
}

/// Why a table of gauges or readings could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GaugeCsvError {
    /// No text, no header, or a header with repeated names.
    #[error(transparent)]
    Table(#[from] VectorError),
    /// Columns that must be there are not.
    #[error("no column {}; the columns are {}", missing.join(", "), Names(columns))]
    Columns {
        /// Names of all columns that are missing.
        missing: Vec<&'static str>,
        /// The columns of the file.
        columns: Vec<String>,
    },
}

impl Coded for GaugeCsvError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::Columns { .. } => "gauge-csv-columns",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Table(error) => error.arguments(),
            Self::Columns { missing, columns } => vec![
                ("missing", missing.join(", ")),
                ("columns", Names(columns).shown()),
                ("more", Names(columns).more()),
            ],
        }
    }
}

/// Reads the table of gauges: `code`, `name`, and the levels of either family.
///
/// ```
/// use jomo_format::gauge_csv::{LevelCells, gauges};
/// let text = "code,name,start_level,warn_level,flood_level\nG1,Bridge,79.9,,81.18\n";
/// let read = gauges(text.as_bytes())?;
/// let levels =
///     LevelCells::Crisis { start: Some(79.9), danger: None, overflow: Some(81.18) };
/// assert_eq!((read.gauges[0].levels, read.faults.total()), (levels, 0));
/// # Ok::<(), jomo_format::gauge_csv::GaugeCsvError>(())
/// ```
///
/// # Errors
/// [`GaugeCsvError`]: no text, no header, no columns for code, name and a family of levels.
pub fn gauges(bytes: &[u8]) -> Result<GaugesRead, GaugeCsvError> {
    let mut read = GaugesRead::default();
    let mut seen = BTreeSet::new();
    let rows = Rows::new(bytes, &["code", "name"], &[&CRISIS, &REFERENCE])?;
    rows.each(&mut read.faults, |row| {
        let gauge = gauge(row)?;
        if !seen.insert(gauge.id.clone()) {
            return Err("gauge-id-repeated");
        }
        read.gauges.push(gauge);
        Ok(())
    })?;
    Ok(read)
}

/// Reads the table of readings: `code`, `obs_time` (RFC 3339 with an offset), `level`, and the
/// optional column `over` (1, 11 or 111: how many levels are reached).
///
/// Two rows of one gauge and instant: the later one is kept out, counted as `reading-repeated` if
/// the levels agree, else as `reading-contradicts`.
///
/// # Errors
/// [`GaugeCsvError`]: no text, no header, no such columns.
pub fn readings(bytes: &[u8]) -> Result<ReadingsRead, GaugeCsvError> {
    let mut faults = Faults::default();
    let mut found: BTreeMap<String, BTreeMap<Timestamp, ReadingRow>> = BTreeMap::new();
    let rows = Rows::new(bytes, &["code", "obs_time", "level"], &[])?;
    rows.each(&mut faults, |row| {
        let id = row.id()?;
        let time: Timestamp = row.text("obs_time").parse().map_err(|_refused| "reading-time")?;
        let level_m = row.level("level", "reading-level")?.ok_or("reading-level")?;
        let reached = match row.text("over") {
            "" => None,
            "1" => Some(1),
            "11" => Some(2),
            "111" => Some(3),
            _ => return Err("reading-over"),
        };
        let series = found.entry(id).or_default();
        match series.get(&time) {
            Some(first) if first.level_m.to_bits() == level_m.to_bits() => Err("reading-repeated"),
            Some(_) => Err("reading-contradicts"),
            None => {
                series.insert(time, ReadingRow { time, level_m, reached });
                Ok(())
            }
        }
    })?;
    let in_order = |(id, series): (String, BTreeMap<_, _>)| (id, series.into_values().collect());
    Ok(ReadingsRead { readings: found.into_iter().map(in_order).collect(), faults })
}

/// Columns of the levels of a gauge for times of danger.
const CRISIS: [&str; 3] = ["start_level", "warn_level", "flood_level"];
/// Columns of the levels of a reference station.
const REFERENCE: [&str; 4] = ["standby_level", "caution_level", "judgement_level", "danger_level"];

/// A row of the table of gauges, or the code of its fault.
fn gauge(row: &Row<'_>) -> Result<GaugeRow, &'static str> {
    let id = row.id()?;
    let name = row.text("name").to_owned();
    let lon_lat = position(Some(row.text("lon")), Some(row.text("lat")))
        .map_err(|_unreadable| "position-not-a-number")?;
    let datum = match row.text("datum").to_ascii_lowercase().as_str() {
        "" => DatumCell::Unstated,
        "tp" => DatumCell::TokyoPeil,
        "zero" => DatumCell::GaugeZero(row.level("zero_height", "gauge-level")?),
        "overflow" => DatumCell::Overflow,
        _ => return Err("gauge-datum"),
    };
    let interval_min = match row.text("interval_min") {
        "" => None,
        text => {
            let minutes = text.parse().ok().filter(|m| (1..=INTERVAL_MAX_MIN).contains(m));
            Some(minutes.ok_or("gauge-interval")?)
        }
    };
    let city = row.text("city");
    let municipality = (!city.is_empty()).then(|| city.to_owned());
    let lon_lat = lon_lat.map(|point| [point.x(), point.y()]);
    if lon_lat.is_some_and(|[lon, lat]| 180.0 < lon.abs() || 90.0 < lat.abs()) {
        return Err("geometry-outside");
    }
    Ok(GaugeRow { id, name, municipality, lon_lat, datum, levels: levels(row)?, interval_min })
}

/// The levels of a row: of one family, told by the cells that are filled, and by the column
/// `kind` (`crisis` or `reference`) where there is one.
fn levels(row: &Row<'_>) -> Result<LevelCells, &'static str> {
    let level = |name| row.level(name, "gauge-level");
    let [start, danger, overflow] = [level(CRISIS[0])?, level(CRISIS[1])?, level(CRISIS[2])?];
    let crisis = LevelCells::Crisis { start, danger, overflow };
    let has_crisis = [start, danger, overflow].iter().any(Option::is_some);
    let [standby, caution] = [level(REFERENCE[0])?, level(REFERENCE[1])?];
    let [judgement, danger] = [level(REFERENCE[2])?, level(REFERENCE[3])?];
    let reference = LevelCells::Reference { standby, caution, judgement, danger };
    let has_reference = [standby, caution, judgement, danger].iter().any(Option::is_some);
    match (row.text("kind").to_ascii_lowercase().as_str(), has_crisis, has_reference) {
        ("" | "crisis" | "reference", true, true)
        | ("crisis", _, true)
        | ("reference", true, _) => Err("gauge-levels-mixed"),
        ("" | "crisis", true, false) => Ok(crisis),
        ("" | "reference", false, true) => Ok(reference),
        ("" | "crisis" | "reference", false, false) => Err("gauge-levels-none"),
        _ => Err("gauge-kind"),
    }
}

/// A table with its columns found by name.
pub(crate) struct Rows<'a> {
    text: std::borrow::Cow<'a, str>,
    columns: BTreeMap<String, usize>,
    width: usize,
}

impl<'a> Rows<'a> {
    /// Reads the header; all of `needed` must be there, and all columns of one of `families`.
    pub(crate) fn new(
        bytes: &'a [u8],
        needed: &[&'static str],
        families: &[&[&'static str]],
    ) -> Result<Self, GaugeCsvError> {
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
            Err(GaugeCsvError::Columns { missing, columns: names })
        }
    }

    /// Gives every row that is not blank to `take` and counts the code that it may answer with.
    pub(crate) fn each(
        &self,
        faults: &mut Faults,
        mut take: impl FnMut(&Row<'_>) -> Result<(), &'static str>,
    ) -> Result<(), VectorError> {
        for (number, record) in (1_u64..).zip(reader(&self.text).into_records().skip(1)) {
            let record = record.map_err(|error| unsound(&error))?;
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            let beyond = record.iter().skip(self.width).any(|cell| !cell.trim().is_empty());
            let taken = if record.len() < self.width {
                Err("row-short")
            } else if beyond {
                Err("row-long")
            } else {
                take(&Row { record: &record, columns: &self.columns })
            };
            if let Err(code) = taken {
                faults.add(code, || format!("row {number}"));
            }
        }
        Ok(())
    }
}

/// One row.
pub(crate) struct Row<'a> {
    record: &'a csv::StringRecord,
    columns: &'a BTreeMap<String, usize>,
}

impl Row<'_> {
    /// The cell of a column, empty if there is no such column.
    pub(crate) fn text(&self, name: &str) -> &str {
        let place = self.columns.get(&folded(name));
        place.and_then(|place| self.record.get(*place)).unwrap_or_default().trim()
    }

    fn id(&self) -> Result<String, &'static str> {
        self.id_of("code").ok_or("gauge-id")
    }

    /// An id: 1 to 64 printable ASCII characters without spaces.
    pub(crate) fn id_of(&self, name: &str) -> Option<String> {
        let id = self.text(name);
        let is_sound =
            (1..=ID_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        is_sound.then(|| id.to_owned())
    }

    /// A number within bounds; an empty cell is none, `code` is that of anything else.
    pub(crate) fn number(
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

    /// A level in m; an empty cell is none, `code` is that of anything else.
    fn level(&self, name: &str, code: &'static str) -> Result<Option<f64>, &'static str> {
        self.number(name, [-LEVEL_MAX_M, LEVEL_MAX_M], code)
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
mod tests;
