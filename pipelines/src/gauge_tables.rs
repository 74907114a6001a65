//! Gauges and their readings as forecasts take them: tables read, levels checked, readings judged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_core::layer::InputFile;
use jomo_core::message::{Arguments, Coded};
use jomo_flood::gauge::{
    CrisisLevels, Datum, Faults as ReadingFaults, Gauge, GaugeError, Kind, Limits, Observation,
    Reading, Readings, ReferenceLevels, Span, Told, check, check_alone, observation, risen,
};
use jomo_format::gauge_csv::{self, DatumCell, GaugeRow, LevelCells};
use jomo_words::{Language, say};

use crate::failure::{CommandError, Exit, Failure};
use crate::source::Source;

/// Largest table that is read, in bytes: a year of ten-minute readings of 500 gauges has 2 GB,
/// and is cut by its archive long before.
pub(crate) const TABLE_MAX: u64 = 512 << 20;
/// Minutes between reports of a reference station whose table does not say.
const REFERENCE_INTERVAL_MIN: u32 = 10;
/// Feed of the gauges of a family whose table does not name one: the two families report by systems
/// of their own.
const FEEDS: [&str; 2] = ["crisis", "reference"];
/// How long before a high reading another gauge may have stood in a flood to support it: a wave goes
/// through the rivers of a prefecture within half a day.
const SUPPORT: SignedDuration = SignedDuration::from_hours(12);

/// A gauge with its place and its readings.
#[derive(Clone, Debug)]
pub struct Station {
    /// Its row in the table of gauges, from 1 after the header.
    pub row: u64,
    /// Its levels and datum.
    pub gauge: Gauge,
    /// Its name.
    pub name: String,
    /// Municipality as the table writes it.
    pub municipality: Option<String>,
    /// Longitude and latitude in degrees.
    pub lon_lat: Option<[f64; 2]>,
    /// What brings its reports.
    pub feed: String,
    /// Its readings in ascending time.
    pub readings: Readings,
    /// For each reading, whether it is used: quality control has nothing against it but perhaps its
    /// height.
    pub sound: Vec<bool>,
    /// Instants at which it reported a level that cannot be read.
    pub unreadable: BTreeSet<Timestamp>,
}

impl Station {
    /// The last reading at or before a time that quality control has nothing against.
    #[must_use]
    pub fn last_sound(&self, time: Timestamp) -> Option<Reading> {
        self.sound_until(time).next()
    }

    /// The readings at or before a time that are used, the last one first.
    fn sound_until(&self, time: Timestamp) -> impl Iterator<Item = Reading> {
        let readings = self.readings.as_slice();
        let end = readings.partition_point(|reading| reading.time <= time);
        let of = |index: usize| self.sound[index].then(|| readings[index]);
        (0..end).rev().filter_map(of)
    }
}

/// What a gauge says at a time, of what had come by then from it and from its feed.
#[must_use]
pub fn said(stations: &[Station], index: usize, time: Timestamp) -> Observation {
    let station = &stations[index];
    // A report that cannot be read is one all the same: a gauge beyond its range is no low river.
    let unreadable = station.unreadable.range(..=time).next_back().copied();
    let reported = station.readings.last_at(time).map(|last| last.time).max(unreadable);
    let feed = stations.iter().enumerate();
    let others = feed.filter(|(other, of)| *other != index && of.feed == station.feed);
    let mut sound = station.sound_until(time);
    // A stuck gauge that goes on reporting proves nothing of the others.
    let heard = |station: &Station| station.sound_until(time).next().map(|last| last.time);
    let told = Told {
        last: sound.next(),
        before: sound.next(),
        reported,
        others: others.filter_map(|(_, other)| heard(other)).max(),
    };
    observation(&station.gauge, &told, time)
}

/// A gauge of a fictional region that is not labelled as invented.
///
/// What is computed of real observations is for officials; that of a fictional region is public.
#[derive(Debug, thiserror::Error)]
#[error("row {row}: gauge {id} ({name}) of a fictional region is not labelled {label}")]
pub struct Unlabelled {
    row: u64,
    id: String,
    name: String,
    label: String,
}

impl Coded for Unlabelled {
    fn code(&self) -> &'static str {
        "gauge-not-fictional"
    }

    fn arguments(&self) -> Arguments {
        let Self { row, id, name, label } = self;
        let row = row.to_string();
        let told = [("row", &row), ("id", id), ("name", name), ("label", label)];
        told.map(|(key, value)| (key, value.clone())).to_vec()
    }
}

/// A reading that quality control doubts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// What is wrong with it.
    pub code: &'static str,
    /// Index of its gauge.
    pub station: usize,
    /// When it was taken.
    pub time: Timestamp,
}

/// All gauges of a region.
#[derive(Debug, Default)]
pub struct Stations {
    /// The gauges, in the order of the table.
    pub stations: Vec<Station>,
    /// Files of readings without a single sound row, by what is wrong with their rows.
    pub faults: Faults,
    /// Rows kept out and gauges refused, by code: facts of the tables, the same whenever they are
    /// read.
    pub standing: Faults,
    /// Readings that quality control doubts, of any age.
    pub doubts: Vec<Doubt>,
    /// The files.
    pub inputs: Vec<InputFile>,
    /// Files of readings that could not be read: what they hold is missing.
    pub unread: Vec<Failure>,
}

impl Stations {
    /// What a gauge says at a time.
    #[must_use]
    pub fn said(&self, index: usize, time: Timestamp) -> Observation {
        said(&self.stations, index, time)
    }

    /// Readings after a time that quality control doubts or that cannot be read.
    #[must_use]
    pub fn doubted_after(&self, time: Timestamp) -> Faults {
        let mut faults = Faults::default();
        for station in &self.stations {
            if let Some(last) = station.unreadable.range(time..).next_back() {
                faults.add("reading-unreadable", || format!("{} {last}", station.gauge.id));
            }
        }
        for doubt in self.doubts.iter().filter(|doubt| time < doubt.time) {
            let id = &self.stations[doubt.station].gauge.id;
            faults.add(doubt.code, || format!("{id} {}", doubt.time));
        }
        faults
    }

    /// Everything that was kept out or doubted.
    #[must_use]
    pub fn all_faults(&self) -> Faults {
        let mut faults = self.faults.clone();
        faults.merge(self.standing.clone());
        faults.merge(self.doubted_after(Timestamp::MIN));
        faults
    }

    /// Takes gauges of a fictional region only if each is labelled so in its name, as those of the
    /// sample are: what is forecast from them is public.
    ///
    /// # Errors
    /// All gauges that are not.
    pub fn require_fictional(&self, table: &Path) -> Result<(), Failure> {
        let label = say(Language::Ja, "word-fictional", &[]);
        let mut failure: Option<Failure> = None;
        for station in self.stations.iter().filter(|station| !station.name.contains(&label)) {
            let Station { row, name, .. } = station;
            let (row, id, name, label) =
                (*row, station.gauge.id.clone(), name.clone(), label.clone());
            let fault = Unlabelled { row, id, name, label };
            if let Some(known) = &mut failure {
                known.errors.push(Box::new(fault));
            } else {
                failure = Some(Failure::new(Exit::Blocked, fault).at(table));
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// The gauges and readings, all of them.
    ///
    /// # Errors
    /// The first file that could not be read.
    pub fn whole(mut self) -> Result<Self, Failure> {
        if self.unread.is_empty() { Ok(self) } else { Err(self.unread.swap_remove(0)) }
    }
}

/// Counts files that could not be read, so that a run goes on without them and tells so.
pub(crate) fn count_unread(unread: &[Failure], faults: &mut Faults) {
    for failure in unread {
        let name = failure.place.as_deref().map(Path::new).and_then(Path::file_name);
        let name = || name.unwrap_or_default().to_string_lossy().into_owned();
        for error in &failure.errors {
            faults.add(error.code(), name);
        }
    }
}

/// Reads the table of gauges and the readings up to `until`: one file, or every `*.csv` of a
/// folder in the order of their names, of which the later says what a reading is.
///
/// A file of readings that cannot be read is kept with what is wrong: [`Stations::unread`].
///
/// # Errors
/// If the table of gauges cannot be read as a whole; a bad row or gauge is counted and kept out.
pub fn stations(
    table: &Path,
    readings: Option<&Path>,
    until: Timestamp,
) -> Result<Stations, Failure> {
    let mut all = Stations::default();
    let source = Source::read(table, TABLE_MAX)?;
    let rows = gauge_csv::gauges(&source.bytes).map_err(|fault| Failure::input(table, fault))?;
    all.inputs.push(source.file);
    all.standing.merge(rows.faults);
    let mut levels: BTreeMap<String, BTreeMap<Timestamp, f64>> = BTreeMap::new();
    let mut unreadable: BTreeMap<String, BTreeSet<Timestamp>> = BTreeMap::new();
    let (tables, unread) = read_all(readings, gauge_csv::readings);
    all.unread = unread;
    for (file, read) in tables {
        all.inputs.push(file);
        // Files lie there for days, with the same bad rows whenever they are read. One without any
        // sound row has brought nothing, and that is no matter of course.
        let rows = if read.readings.is_empty() { &mut all.faults } else { &mut all.standing };
        rows.merge(read.faults);
        for (id, times) in read.unreadable {
            unreadable.entry(id).or_default().extend(times.range(..=until));
        }
        for (id, rows) in read.readings {
            let known = levels.entry(id).or_default();
            known.extend(
                rows.iter().filter(|row| row.time <= until).map(|row| (row.time, row.level_m)),
            );
        }
    }
    let mut found = Vec::new();
    for row in rows.gauges {
        match gauge(&row) {
            Ok(gauge) => {
                let own = levels.remove(&row.id).unwrap_or_default();
                let lost = unreadable.remove(&row.id).unwrap_or_default();
                if let Some((mut station, doubts)) =
                    judged(row, gauge, own, until, &mut all.standing)
                {
                    station.unreadable = lost;
                    all.stations.push(station);
                    found.push(doubts);
                }
            }
            Err(fault) => all.standing.add(fault.code(), || row.id.clone()),
        }
    }
    doubt(&mut all, &mut found);
    // A table without one sound gauge is no matter of course.
    if all.stations.is_empty() {
        all.faults.merge(std::mem::take(&mut all.standing));
    }
    for id in levels.into_keys() {
        all.standing.add("reading-without-gauge", || id);
    }
    Ok(all)
}

/// Every file of readings by `read`, and what could not be read.
pub(crate) fn read_all<T, E: Coded + Send + Sync + 'static>(
    readings: Option<&Path>,
    read: fn(&[u8]) -> Result<T, E>,
) -> (Vec<(InputFile, T)>, Vec<Failure>) {
    let (mut tables, mut unread) = (Vec::new(), Vec::new());
    let one = |path: &PathBuf| {
        let source = Source::read(path, TABLE_MAX)?;
        let table = read(&source.bytes).map_err(|fault| Failure::input(path, fault))?;
        Ok((source.file, table))
    };
    match reading_files(readings) {
        Err(failure) => unread.push(failure),
        Ok(files) => {
            for table in files.iter().map(one) {
                match table {
                    Ok(table) => tables.push(table),
                    Err(failure) => unread.push(failure),
                }
            }
        }
    }
    (tables, unread)
}

/// The files of readings: one, or those of a folder in the order of their names.
fn reading_files(readings: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
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

/// A gauge with its readings and what is wrong with each by itself.
fn judged(
    row: GaugeRow,
    gauge: Gauge,
    levels: BTreeMap<Timestamp, f64>,
    until: Timestamp,
    faults: &mut Faults,
) -> Option<(Station, Vec<ReadingFaults>)> {
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
    let GaugeRow { row, name, municipality, lon_lat, feed, .. } = row;
    let family = FEEDS[usize::from(matches!(gauge.kind, Kind::Reference { .. }))];
    let feed = feed.unwrap_or_else(|| family.to_owned());
    let sound = Vec::new();
    let unreadable = BTreeSet::new();
    let station =
        Station { row, gauge, name, municipality, lon_lat, feed, readings, sound, unreadable };
    Some((station, found.unwrap_or_default()))
}

/// Asks the neighbours about the highest readings, counts what is doubted, and says which readings
/// are used. Whatever is wrong with a reading, it does not support another one.
fn doubt(all: &mut Stations, found: &mut [Vec<ReadingFaults>]) {
    let limits = Limits::default();
    let high: Vec<Vec<Timestamp>> = all
        .stations
        .iter()
        .zip(&*found)
        .map(|(station, found)| risen(&station.gauge, &station.readings, found, &limits))
        .collect();
    for (index, (station, found)) in all.stations.iter_mut().zip(found).enumerate() {
        check_alone(&station.gauge, &station.readings, found, &limits, |time| {
            high.iter().enumerate().any(|(other, times)| {
                let end = times.partition_point(|known| *known <= time);
                let last = end.checked_sub(1).map(|last| times[last]);
                other != index && last.is_some_and(|last| time.duration_since(last) <= SUPPORT)
            })
        });
        for (reading, own) in station.readings.as_slice().iter().zip(&*found) {
            for fault in own.iter() {
                all.doubts.push(Doubt { code: fault.code(), station: index, time: reading.time });
            }
        }
        station.sound = found.iter().map(|faults| faults.are_used()).collect();
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const GAUGES: &str = "code,name,start_level,warn_level,flood_level,feed\n\
        A,a,10,,12,\nB,b,10,,12,\nC,c,10,,12,other\n";

    /// Stations with rows of gauge, hours and minutes of 2030-07-01, level; at 12:00.
    fn read(rows: &[(&str, &str, f64)]) -> Stations {
        let folder = tempfile::tempdir().unwrap();
        let [table, readings] = ["gauges.csv", "readings.csv"].map(|name| folder.path().join(name));
        std::fs::write(&table, GAUGES).unwrap();
        let mut text = String::from("code,obs_time,level\n");
        for (id, at, level) in rows {
            writeln!(text, "{id},2030-07-01T{at}:00Z,{level}").unwrap();
        }
        std::fs::write(&readings, text).unwrap();
        stations(&table, Some(&readings), "2030-07-01T12:00:00Z".parse().unwrap()).unwrap()
    }

    /// A level far above the overflow level that nobody saw coming is used while another gauge
    /// rises, and not otherwise.
    #[test]
    fn neighbours_are_asked_about_the_highest_levels() {
        let back = ("A", "11:50", 14.0);
        let alone = read(&[back]);
        assert_eq!(alone.stations[0].sound, [false]);
        let found = |all: &Stations| all.doubts.iter().map(|doubt| doubt.code).collect::<Vec<_>>();
        let told = found(&alone);
        assert_eq!(told, ["reading-too-high", "reading-alone"]);
        let flood = read(&[("B", "09:00", 10.2), ("B", "10:00", 11.4), back]);
        assert_eq!(flood.stations[0].sound, [true]);
        assert_eq!(found(&flood), ["reading-too-high"]);
        // Too long ago, too late, and its own.
        for rows in [
            vec![("B", "10:50", 10.2), ("B", "11:51", 11.4), back],
            vec![("A", "02:00", 10.2), ("A", "03:00", 11.4), back],
        ] {
            let index = usize::from(rows[0].0 == "A") * 2;
            assert!(!read(&rows).stations[0].sound[index], "{rows:?}");
        }
    }

    /// What is wrong with the tables is the same whenever they are read; what is wrong with a reading
    /// is told as long as it matters.
    #[test]
    fn facts_of_tables_stand_and_doubts_pass() {
        let noon: Timestamp = "2030-07-01T12:00:00Z".parse().unwrap();
        let all = read(&[("A", "08:00", 14.0), ("Z", "09:00", 1.0), ("B", "11:00", 9.0)]);
        let codes = |faults: &Faults| {
            let codes = faults.iter().map(|(code, fault)| format!("{code} {}", fault.places[0]));
            codes.collect::<Vec<_>>()
        };
        assert_eq!(codes(&all.standing), ["reading-without-gauge Z"]);
        assert!(all.faults.is_empty());
        let within = |hours| all.doubted_after(noon - SignedDuration::from_hours(hours));
        assert!(within(3).is_empty() && within(4).is_empty());
        let told =
            ["reading-alone A 2030-07-01T08:00:00Z", "reading-too-high A 2030-07-01T08:00:00Z"];
        assert_eq!(codes(&within(5)), told);
        assert_eq!(all.all_faults().total(), 3);
    }

    /// A file of which no row is sound has brought nothing: that is of this cycle. Bad rows among
    /// sound ones stand there for days.
    #[test]
    fn a_file_without_a_sound_row_is_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        let [table, readings] = ["gauges.csv", "readings.csv"].map(|name| folder.path().join(name));
        std::fs::write(&table, format!("{GAUGES}D,d,10,,9,\n")).unwrap();
        let told = |rows: &str| {
            std::fs::write(&readings, format!("code,obs_time,level\n{rows}")).unwrap();
            let until = "2030-07-01T12:00:00Z".parse().unwrap();
            let all = stations(&table, Some(&readings), until).unwrap();
            [all.faults, all.standing]
                .map(|faults| faults.iter().map(|(code, _)| code.to_owned()).collect::<Vec<_>>())
        };
        let order = "gauge-level-order".to_owned();
        let bad = "reading-time".to_owned();
        assert_eq!(told("A,soon,9\n"), [vec![bad.clone()], vec![order.clone()]]);
        let mixed = "A,soon,9\nA,2030-07-01T11:00:00Z,9\n";
        assert_eq!(told(mixed), [vec![], vec![order, bad]]);
    }

    /// Real gauges make no invented forecast: each that is not labelled is named, with its row.
    #[test]
    fn gauges_of_a_fictional_region_are_labelled() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("gauges.csv");
        let label = say(Language::Ja, "word-fictional", &[]);
        let read = |names: [String; 3]| {
            let [a, b, c] = names;
            let rows = format!("A,{a},10,,12\nshort\nB,{b},10,,12\nC,{c},10,,12\n");
            std::fs::write(&table, format!("code,name,start_level,warn_level,flood_level\n{rows}"))
                .unwrap();
            stations(&table, None, Timestamp::UNIX_EPOCH).unwrap().require_fictional(&table)
        };
        let labelled = |name: &str| format!("{name}({label})");
        assert!(read(["a", "b", "c"].map(labelled)).is_ok());
        let refused = read([labelled("a"), "b".to_owned(), "c".to_owned()]).unwrap_err();
        assert_eq!(refused.exit, Exit::Blocked);
        assert!(refused.place.as_ref().unwrap().ends_with("gauges.csv"));
        let told: Vec<String> =
            refused.errors.iter().map(|error| format!("{} {error}", error.code())).collect();
        assert_eq!(told.len(), 2);
        assert!(told[0].starts_with("gauge-not-fictional row 3: gauge B (b)"), "{told:?}");
        assert!(told[1].starts_with("gauge-not-fictional row 4: gauge C (c)"), "{told:?}");
    }

    /// What a gauge says depends on the others of its feed.
    #[test]
    fn a_feed_speaks_for_its_gauges() {
        let now = "2030-07-01T12:00:00Z".parse().unwrap();
        let silent = ("A", "06:00", 9.0);
        let is_below = |all: &Stations| matches!(all.said(0, now), Observation::BelowStart { .. });
        assert!(is_below(&read(&[silent, ("B", "11:50", 10.2)])));
        assert!(!is_below(&read(&[silent, ("B", "11:30", 10.2)])));
        assert!(!is_below(&read(&[silent, ("C", "11:50", 10.2)])));
        assert!(!is_below(&read(&[silent])));
        // One that reports what nobody believes proves nothing.
        assert!(!is_below(&read(&[silent, ("B", "11:50", 14.0)])));
    }
}
