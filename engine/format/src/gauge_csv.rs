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
//! the level at which the river spills, as some prefectures publish it). The column `feed` names what
//! brings the reports of a gauge (carrier, system), so that an outage of all of it can be told.
//!
//! UTF-8 or CP932, LF or CRLF. Blank rows are skipped; a bad row is counted under a stable code
//! (`gauge-*`, `reading-*`, `row-*`) with its number from 1 after the header, and kept out. Column
//! names are compared without case and underscores ([`crate::rows`]).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jomo_core::fault::Faults;

use crate::rows::{Row, Rows, TableError, TableKind};

/// Largest magnitude of a level in m: no gauge of Japan stands higher than 3,776 m, and a code for
/// a missing value (-9999, 99999) is no level.
const LEVEL_MAX_M: f64 = 4_000.0;
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
    /// Its number from 1 after the header.
    pub row: u64,
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
    /// What brings its reports, if the table says so: 1 to 64 printable ASCII characters.
    pub feed: Option<String>,
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
    /// Instants of rows whose level cannot be read, by gauge: it did report then.
    pub unreadable: BTreeMap<String, BTreeSet<Timestamp>>,
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
/// # Ok::<(), jomo_format::rows::TableError>(())
/// ```
///
/// # Errors
/// [`TableError`]: no text, no header, no columns for code, name and a family of levels.
pub fn gauges(bytes: &[u8]) -> Result<GaugesRead, TableError> {
    let mut read = GaugesRead::default();
    let mut seen = BTreeSet::new();
    let rows = Rows::new(bytes, TableKind::Gauges, &["code", "name"], &[&CRISIS, &REFERENCE])?;
    rows.all(|number, row| {
        let sound = row.and_then(|row| gauge(&row, number)).and_then(|gauge| {
            let is_new = seen.insert(gauge.id.clone());
            if is_new { Ok(gauge) } else { Err("gauge-id-repeated") }
        });
        match sound {
            Ok(gauge) => read.gauges.push(gauge),
            Err(code) => read.faults.add(code, || format!("row {number}")),
        }
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
/// [`TableError`]: no text, no header, no such columns.
pub fn readings(bytes: &[u8]) -> Result<ReadingsRead, TableError> {
    let mut faults = Faults::default();
    let mut found: BTreeMap<String, BTreeMap<Timestamp, ReadingRow>> = BTreeMap::new();
    let mut unreadable: BTreeMap<String, BTreeSet<Timestamp>> = BTreeMap::new();
    let rows = Rows::new(bytes, TableKind::Gauges, &["code", "obs_time", "level"], &[])?;
    rows.each(&mut faults, |row| {
        let id = id(row)?;
        let time: Timestamp = row.text("obs_time").parse().map_err(|_refused| "reading-time")?;
        let level_m =
            level(row, "level", "reading-level").and_then(|level| level.ok_or("reading-level"));
        let level_m = level_m.inspect_err(|_code| {
            unreadable.entry(id.clone()).or_default().insert(time);
        })?;
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
    Ok(ReadingsRead { readings: found.into_iter().map(in_order).collect(), faults, unreadable })
}

/// Columns of the levels of a gauge for times of danger.
const CRISIS: [&str; 3] = ["start_level", "warn_level", "flood_level"];
/// Columns of the levels of a reference station.
const REFERENCE: [&str; 4] = ["standby_level", "caution_level", "judgement_level", "danger_level"];

/// A row of the table of gauges, or the code of its fault.
fn gauge(row: &Row<'_>, number: u64) -> Result<GaugeRow, &'static str> {
    let id = id(row)?;
    let name = row.text("name").to_owned();
    let lon_lat = row.lon_lat()?;
    let datum = match row.text("datum").to_ascii_lowercase().as_str() {
        "" => DatumCell::Unstated,
        "tp" => DatumCell::TokyoPeil,
        "zero" => DatumCell::GaugeZero(level(row, "zero_height", "gauge-level")?),
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
    let feed = match row.text("feed") {
        "" => None,
        _ => Some(row.id("feed").ok_or("gauge-feed")?),
    };
    let city = row.text("city");
    let municipality = (!city.is_empty()).then(|| city.to_owned());
    Ok(GaugeRow {
        row: number,
        id,
        name,
        municipality,
        lon_lat,
        datum,
        levels: levels(row)?,
        interval_min,
        feed,
    })
}

/// The levels of a row: of one family, told by the cells that are filled, and by the column
/// `kind` (`crisis` or `reference`) where there is one.
fn levels(row: &Row<'_>) -> Result<LevelCells, &'static str> {
    let level = |name| level(row, name, "gauge-level");
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

/// The code of the gauge that a row is about.
fn id(row: &Row<'_>) -> Result<String, &'static str> {
    row.id("code").ok_or("gauge-id")
}

/// A level in m; an empty cell is none, `code` is that of anything else.
fn level(row: &Row<'_>, name: &str, code: &'static str) -> Result<Option<f64>, &'static str> {
    row.number(name, [-LEVEL_MAX_M, LEVEL_MAX_M], code)
}

#[cfg(test)]
mod tests;
