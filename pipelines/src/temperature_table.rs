//! Temperatures of the air as forecasts take them: what was known at a time, at the height of the sea.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_core::layer::InputFile;
use jomo_flood::runoff::at_height_c;
use jomo_format::temperature_csv;

use crate::failure::Failure;
use crate::gauge_tables::read_all;

/// A temperature is carried on for so long, and a line drawn from one to the next over as much at
/// most: in six hours of a clear day the air warms by as much as sleet is wide, and longer would make
/// a night of a noon.
pub const CARRIED: SignedDuration = SignedDuration::from_hours(6);

/// A temperature, reduced to the height of the sea.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Known {
    issued: Timestamp,
    sea_level_c: f64,
}

/// All temperatures of a region.
#[derive(Debug, Default)]
pub struct TemperatureTable {
    /// By station, in ascending time.
    stations: BTreeMap<String, BTreeMap<Timestamp, Known>>,
    /// Files without a single sound row, by what is wrong with their rows.
    pub faults: Faults,
    /// Rows kept out, by code: facts of the tables, the same whenever they are read.
    pub standing: Faults,
    /// The files.
    pub inputs: Vec<InputFile>,
    /// Files that could not be read: what they hold is missing.
    pub unread: Vec<Failure>,
}

impl TemperatureTable {
    /// Reads what was known at a time: one file, or every `*.csv` of a folder in the order of their
    /// names. Of one station and instant that counts which was issued last, of the same issue that
    /// of the later file. A bad row is counted and kept out, and so is a file.
    #[must_use]
    pub fn read(path: &Path, until: Timestamp) -> Self {
        let mut all = Self::default();
        let (tables, unread) = read_all(Some(path), temperature_csv::temperatures);
        all.unread = unread;
        for (file, read) in tables {
            all.inputs.push(file);
            let rows = if read.stations.is_empty() { &mut all.faults } else { &mut all.standing };
            rows.merge(read.faults);
            for (id, rows) in read.stations {
                let own = all.stations.entry(id).or_default();
                for row in rows.iter().filter(|row| row.issued <= until) {
                    let sea_level_c = at_height_c(row.temperature_c, row.height_m, 0.0);
                    let known = Known { issued: row.issued, sea_level_c };
                    let first = own.entry(row.time).or_insert(known);
                    if first.issued <= known.issued {
                        *first = known;
                    }
                }
            }
        }
        all.stations.retain(|_, series| !series.is_empty());
        all
    }

    /// All of it.
    ///
    /// # Errors
    /// The first file that could not be read.
    pub fn whole(mut self) -> Result<Self, Failure> {
        if self.unread.is_empty() { Ok(self) } else { Err(self.unread.swap_remove(0)) }
    }

    /// Number of stations of which something is known.
    #[must_use]
    pub fn count(&self) -> usize {
        self.stations.len()
    }

    /// When the newest of what is known became known.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        let all = self.stations.values().flat_map(BTreeMap::values);
        all.map(|known| known.issued).max()
    }

    /// The temperature at a time, at the height of the sea, in °C: the mean of the stations that
    /// tell one, each along a line between two times that are [`CARRIED`] apart at most, else the
    /// last one for as long. `None` where none does.
    #[must_use]
    pub fn sea_level_c(&self, time: Timestamp) -> Option<f64> {
        let told = self.stations.values().filter_map(|series| at(series, time));
        let (sum, count) = told.fold((0.0, 0_u32), |(sum, count), c| (sum + c, count + 1));
        (0 < count).then(|| sum / f64::from(count))
    }
}

fn at(series: &BTreeMap<Timestamp, Known>, time: Timestamp) -> Option<f64> {
    let (before, last) = series.range(..=time).next_back()?;
    let next = series.range(time..).next();
    let length = |to: Timestamp| to.duration_since(*before);
    match next.filter(|(after, _)| *before < **after && length(**after) <= CARRIED) {
        Some((after, next)) => {
            let share = length(time).as_secs_f64() / length(*after).as_secs_f64();
            Some(last.sea_level_c + share * (next.sea_level_c - last.sea_level_c))
        }
        None => (length(time) <= CARRIED).then_some(last.sea_level_c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "id,height_m,time,temperature_c,issued\n";

    fn time(hour: &str) -> Timestamp {
        format!("2026-03-01T{hour}:00Z").parse().unwrap()
    }

    fn read(rows: &[&str], until: &str) -> TemperatureTable {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("temperatures.csv");
        std::fs::write(&path, [&[HEADER], rows].concat().concat()).unwrap();
        TemperatureTable::read(&path, time(until))
    }

    fn told(all: &TemperatureTable, hour: &str) -> Option<f64> {
        all.sea_level_c(time(hour)).map(|c| (1e9 * c).round() / 1e9)
    }

    /// Lines between rows, the last one carried on, nothing before the first; at the sea's height.
    #[test]
    fn a_temperature_is_carried_for_six_hours() {
        let all = read(
            &[
                "A,1000,2026-03-01T03:00:00Z,-2,\n",
                "A,1000,2026-03-01T06:00:00Z,1,\n",
                "A,1000,2026-03-01T12:00:01Z,4,\n",
            ],
            "13:00",
        );
        // 1,000 m are 6.5 °C.
        for (hour, expected) in [
            ("02:59", None),
            ("03:00", Some(4.5)),
            ("05:00", Some(6.5)),
            ("06:00", Some(7.5)),
            // The next row is more than six hours on.
            ("12:00", Some(7.5)),
            ("13:00", Some(10.5)),
            ("18:00", Some(10.5)),
            ("18:01", None),
        ] {
            assert_eq!(told(&all, hour), expected, "{hour}");
        }
    }

    /// What was issued later is not known, and of what is known the last issue counts.
    #[test]
    fn only_what_was_known_counts() {
        let rows = [
            "A,0,2026-03-01T09:00:00Z,1,2026-03-01T00:00:00Z\n",
            "A,0,2026-03-01T09:00:00Z,3,2026-03-01T06:00:00Z\n",
            "A,0,2026-03-01T09:00:00Z,5,\n",
            "B,0,2026-03-01T09:00:00Z,7,2026-03-01T07:00:00Z\n",
        ];
        for (until, expected, newest) in [
            ("05:00", Some(1.0), Some("00:00")),
            ("06:00", Some(3.0), Some("06:00")),
            ("08:00", Some(5.0), Some("07:00")),
            ("09:00", Some(6.0), Some("09:00")),
        ] {
            let all = read(&rows, until);
            assert_eq!(told(&all, "09:00"), expected, "{until}");
            assert_eq!(all.newest(), newest.map(time), "{until}");
        }
        let none = read(&rows[2..3], "08:59");
        assert_eq!((none.count(), none.newest(), told(&none, "09:00")), (0, None, None));
    }

    /// A file that is no table is missing, and told; the others of its folder count.
    #[test]
    fn what_cannot_be_read_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let row = "A,0,2026-03-01T09:00:00Z,2,\n";
        for (name, text) in [
            ("a.csv", format!("{HEADER}{row}A,0,2026-03-01T10:00:00Z,-99,\n")),
            ("b.csv", String::new()),
            ("c.csv", "id,time\nA,2026-03-01T09:00:00Z\n".to_owned()),
            ("d.csv", format!("{HEADER}A,0,2026-03-01T09:00:00Z,NaN,\nA,0,20")),
            ("e.csv", format!("{HEADER}A,1e308,2026-03-01T09:00:00Z,2,\n")),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let all = TemperatureTable::read(folder.path(), time("12:00"));
        assert_eq!(told(&all, "09:00"), Some(2.0));
        let codes = all.unread.iter().map(|failure| failure.errors[0].code());
        assert_eq!(codes.collect::<Vec<_>>(), ["table-no-header", "temperature-csv-columns"]);
        let counted = |faults: &Faults| -> Vec<(String, u64)> {
            faults.iter().map(|(code, fault)| (code.to_owned(), fault.count)).collect()
        };
        let number = |count| ("temperature-number".to_owned(), count);
        assert_eq!(counted(&all.faults), [("row-short".to_owned(), 1), number(2)]);
        assert_eq!(counted(&all.standing), [number(1)]);
        assert_eq!(
            TemperatureTable::read(&folder.path().join("none"), time("12:00")).unread.len(),
            1
        );
    }
}
