//! Gauges and their readings as forecasts take them: tables read, levels checked, readings judged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jomo_core::fault::Faults;
use jomo_core::layer::InputFile;
use jomo_core::message::Coded;
use jomo_flood::gauge::{
    CrisisLevels, Datum, Gauge, GaugeError, Kind, Limits, Reading, Readings, ReferenceLevels, Span,
    check,
};
use jomo_format::gauge_csv::{self, DatumCell, GaugeRow, LevelCells};

use crate::failure::{CommandError, Exit, Failure};
use crate::source::Source;

/// Largest table that is read, in bytes: a year of ten-minute readings of 500 gauges has 2 GB,
/// and is cut by its archive long before.
pub(crate) const TABLE_MAX: u64 = 512 << 20;
/// Minutes between reports of a reference station whose table does not say.
const REFERENCE_INTERVAL_MIN: u32 = 10;

/// A gauge with its place and its readings.
#[derive(Clone, Debug)]
pub struct Station {
    /// Its levels and datum.
    pub gauge: Gauge,
    /// Its name.
    pub name: String,
    /// Municipality as the table writes it.
    pub municipality: Option<String>,
    /// Longitude and latitude in degrees.
    pub lon_lat: Option<[f64; 2]>,
    /// Its readings in ascending time.
    pub readings: Readings,
    /// For each reading, whether quality control has nothing against it.
    pub sound: Vec<bool>,
}

impl Station {
    /// The last reading at or before a time that quality control has nothing against.
    #[must_use]
    pub fn last_sound(&self, time: Timestamp) -> Option<Reading> {
        let readings = self.readings.as_slice();
        let end = readings.partition_point(|reading| reading.time <= time);
        (0..end).rev().find(|index| self.sound[*index]).map(|index| readings[index])
    }
}

/// All gauges of a region.
#[derive(Clone, Debug, Default)]
pub struct Stations {
    /// The gauges, in the order of the table.
    pub stations: Vec<Station>,
    /// Rows kept out, gauges refused, readings that quality control doubts, by code.
    pub faults: Faults,
    /// The files.
    pub inputs: Vec<InputFile>,
}

/// Reads the table of gauges and the readings up to `until`: one file, or every `*.csv` of a
/// folder in the order of their names, of which the later says what a reading is.
///
/// # Errors
/// If a table cannot be read as a whole; a bad row or gauge is counted and kept out.
pub fn stations(
    table: &Path,
    readings: Option<&Path>,
    until: Timestamp,
) -> Result<Stations, Failure> {
    let mut all = Stations::default();
    let source = Source::read(table, TABLE_MAX)?;
    let rows = gauge_csv::gauges(&source.bytes).map_err(|fault| Failure::input(table, fault))?;
    all.inputs.push(source.file);
    all.faults.merge(rows.faults);
    let mut levels: BTreeMap<String, BTreeMap<Timestamp, f64>> = BTreeMap::new();
    for path in reading_files(readings)? {
        let source = Source::read(&path, TABLE_MAX)?;
        let read =
            gauge_csv::readings(&source.bytes).map_err(|fault| Failure::input(&path, fault))?;
        all.inputs.push(source.file);
        all.faults.merge(read.faults);
        for (id, rows) in read.readings {
            let known = levels.entry(id).or_default();
            known.extend(
                rows.iter().filter(|row| row.time <= until).map(|row| (row.time, row.level_m)),
            );
        }
    }
    for row in rows.gauges {
        match gauge(&row) {
            Ok(gauge) => {
                let own = levels.remove(&row.id).unwrap_or_default();
                let station = judged(row, gauge, own, until, &mut all.faults);
                all.stations.extend(station);
            }
            Err(fault) => all.faults.add(fault.code(), || row.id.clone()),
        }
    }
    for id in levels.into_keys() {
        all.faults.add("reading-without-gauge", || id);
    }
    Ok(all)
}

/// The files of readings: one, or those of a folder in the order of their names.
pub(crate) fn reading_files(readings: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    let Some(path) = readings else { return Ok(Vec::new()) };
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let fail = |source: &std::io::Error| {
        Failure::new(Exit::Input, CommandError::io(path, source)).at(path)
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|source| fail(&source))? {
        let file = entry.map_err(|source| fail(&source))?.path();
        let is_hidden = file.file_name().is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
        if !is_hidden && file.extension().is_some_and(|extension| extension == "csv") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The gauge of a row.
///
/// # Errors
/// Levels that do not rise, or a missing one without which nothing can be said.
pub fn gauge(row: &GaugeRow) -> Result<Gauge, GaugeError> {
    let kind = match row.levels {
        LevelCells::Crisis { start, danger, overflow } => Kind::Crisis(CrisisLevels::new(
            start.unwrap_or(f64::NAN),
            danger,
            overflow.unwrap_or(f64::NAN),
        )?),
        LevelCells::Reference { standby, caution, judgement, danger } => Kind::Reference {
            levels: ReferenceLevels::new([standby, caution, judgement, danger])?,
            interval_min: row.interval_min.unwrap_or(REFERENCE_INTERVAL_MIN),
        },
    };
    let datum = match row.datum {
        DatumCell::Unstated => Datum::Unstated,
        DatumCell::TokyoPeil => Datum::TokyoPeil,
        DatumCell::GaugeZero(height_m) => Datum::GaugeZero(height_m),
        DatumCell::Overflow => Datum::Overflow,
    };
    Ok(Gauge { id: row.id.clone(), kind, datum })
}

fn judged(
    row: GaugeRow,
    gauge: Gauge,
    levels: BTreeMap<Timestamp, f64>,
    until: Timestamp,
    faults: &mut Faults,
) -> Option<Station> {
    let readings = levels.into_iter().map(|(time, level_m)| Reading { time, level_m }).collect();
    let readings = match Readings::new(readings) {
        Ok(readings) => readings,
        Err(fault) => {
            faults.add(fault.code(), || row.id.clone());
            return None;
        }
    };
    let record = Span::of(readings.as_slice()).map(|span| Span { end: until, ..span });
    let found = record.map(|record| check(&gauge, &readings, record, &Limits::default()));
    let found = found.unwrap_or_default();
    for (reading, own) in readings.as_slice().iter().zip(&found) {
        for fault in own.iter() {
            faults.add(fault.code(), || format!("{} {}", row.id, reading.time));
        }
    }
    let sound = found.iter().map(|faults| faults.is_empty()).collect();
    let GaugeRow { name, municipality, lon_lat, .. } = row;
    Some(Station { gauge, name, municipality, lon_lat, readings, sound })
}
