//! What is known of a gauge from cycle to cycle: where its members stood, what was forecast for it,
//! and how wrong that was.

use jiff::Timestamp;
use jomo_flood::gauge::ErrorMemory;
use serde::{Deserialize, Serialize};

use super::record::STEP_MIN;
use crate::gauge_tables::Station;

/// How fast the error of a model at a gauge fades, and how large it is thought before any forecast
/// has been judged: a guess of an hour and a half and 0.3 m, stated in `run.json`.
pub(super) const FIRST_MEMORY: ErrorMemory = ErrorMemory { memory_h: 1.5, spread_m: 0.3 };
/// An error of the model above it is told, in m: 62 gauges of Gunma have 0.60 m (median) between
/// their danger and their overflow level; a model wrong by nearly that cannot tell the two apart.
pub(super) const DISAGREES_M: f64 = 0.5;
/// … and, where a spread has been fitted to earlier forecasts, above so many of it.
const DISAGREES_SPREADS: f64 = 3.0;

/// Errors at a gauge that are kept: two days of readings every ten minutes.
const ERRORS_KEPT: usize = 288;
/// Where the members stood is kept for as long as a reading counts as fresh, in s: three intervals
/// of an hour, and a step.
const PAST_KEPT_S: i64 = 3 * 3_600 + 60 * STEP_MIN;
/// Forecasts are judged over so many hours, and kept for as long, in s.
const MADE_KEPT_S: i64 = 6 * 3_600;
/// Steps of a forecast that are kept to be judged.
pub(super) const MADE_STEPS: usize = 36;
/// Least time in s between two kept forecasts: cycles every ten minutes say nearly the same.
const MADE_EVERY_S: i64 = 1_800;
/// Errors that say whether the model disagrees now, in s before the reference time; and the leads
/// of judged forecasts that do, in h.
const LATELY_S: i64 = 3_600;
const ABOUT_AN_HOUR: std::ops::RangeInclusive<f64> = 0.8..=1.2;

/// What the model was wrong by at a gauge: time in s, observed less median of the members before
/// they were corrected, m.
pub(super) type ErrorRecord = (i64, f64);

/// Levels of the members at a gauge, in its datum, after readings were brought in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Past {
    pub(super) second: i64,
    pub(super) levels_m: Vec<f64>,
}

/// A forecast of the model, kept to be judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    /// When it was made, s.
    pub(super) second: i64,
    /// The error of the middle of the members that it began with, m, and when that was heard, s.
    pub(super) error_m: f64,
    pub(super) heard_second: i64,
    /// Middle of the members at each step after it, m.
    pub(super) levels_m: Vec<f64>,
}

/// What is known of a gauge from cycle to cycle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GaugeRecord {
    /// Its id.
    pub(super) id: String,
    /// Errors in ascending time.
    pub(super) errors: Vec<ErrorRecord>,
    /// Members in ascending time.
    pub(super) past: Vec<Past>,
    /// Forecasts in ascending time.
    pub(super) made: Vec<Made>,
}

/// A number of millimetres.
fn rounded(level_m: f64) -> f64 {
    (1_000.0 * level_m).round() / 1_000.0
}

impl GaugeRecord {
    /// Takes an error.
    pub(super) fn err(&mut self, second: i64, error_m: f64) {
        self.errors.push((second, error_m));
        let surplus = self.errors.len().saturating_sub(ERRORS_KEPT);
        self.errors.drain(..surplus);
    }

    /// Errors of the last hour, the newest last.
    pub(super) fn lately(&self, second: i64) -> Vec<f64> {
        let from = second - LATELY_S;
        let lately = self.errors.iter().filter(|(at, _)| from < *at && *at <= second);
        lately.map(|(_, error)| *error).collect()
    }

    /// Takes where the members stand.
    pub(super) fn stand(&mut self, second: i64, levels_m: &[f64]) {
        self.past.retain(|past| second - PAST_KEPT_S <= past.second && past.second < second);
        let levels_m = levels_m.iter().copied().map(rounded).collect();
        self.past.push(Past { second, levels_m });
    }

    /// Takes a forecast; one made shortly after another is passed over.
    pub(super) fn make(&mut self, made: Made) {
        let second = made.second;
        self.made.retain(|made| second - MADE_KEPT_S <= made.second && made.second < second);
        if self.made.last().is_none_or(|last| MADE_EVERY_S <= second - last.second) {
            let levels_m = made.levels_m.into_iter().map(rounded).collect();
            self.made.push(Made { levels_m, ..made });
        }
    }

    /// Whether there is a forecast made at about a time.
    pub(super) fn has_made(&self, second: i64) -> bool {
        self.made.iter().any(|made| (made.second - second).abs() < MADE_EVERY_S)
    }

    /// Where the members stood at a time: linear between two steps. `None` where it is not known.
    pub(super) fn levels_at(&self, second: i64) -> Option<Vec<f64>> {
        let after = self.past.partition_point(|past| past.second < second);
        let next = self.past.get(after)?;
        if next.second == second {
            return Some(next.levels_m.clone());
        }
        let before = self.past.get(after.checked_sub(1)?)?;
        let step_s = next.second - before.second;
        if 2 * 60 * STEP_MIN < step_s || before.levels_m.len() != next.levels_m.len() {
            return None;
        }
        let part = (second - before.second) as f64 / step_s as f64;
        let levels = before.levels_m.iter().zip(&next.levels_m);
        Some(levels.map(|(from, to)| from + part * (to - from)).collect())
    }

    /// Errors of the kept forecasts, each carried on by the error that it began with: lead in h
    /// since that was heard, and error in m. One list for each forecast with a reading after it.
    pub(super) fn judged(&self, station: &Station, until: Timestamp) -> Vec<Vec<[f64; 2]>> {
        let step_s = 60 * STEP_MIN;
        let of = |made: &Made| {
            let told = (1_i64..).zip(&made.levels_m);
            let errors = told.filter_map(|(number, level_m)| {
                let time = Timestamp::from_second(made.second + number * step_s).ok()?;
                let reading = (time <= until).then(|| station.last_sound(time))??;
                let is_new = time.as_second() - reading.time.as_second() < step_s;
                let lead_h = (time.as_second() - made.heard_second) as f64 / 3_600.0;
                let carried_m = level_m + FIRST_MEMORY.expected_m(made.error_m, lead_h);
                is_new.then_some([lead_h, reading.level_m - carried_m])
            });
            errors.collect::<Vec<_>>()
        };
        self.made.iter().map(of).filter(|errors| !errors.is_empty()).collect()
    }

    /// How far the model is off where that is far: the root mean square of its errors in the last
    /// hour before they were corrected, of its forecasts an hour ahead, or of the newest of these,
    /// the greatest, in m.
    /// `spreads_m` is what was fitted, ten minutes and an hour ahead.
    pub(super) fn disagrees(
        &self,
        judged: &[Vec<[f64; 2]>],
        until: Timestamp,
        spreads_m: Option<[f64; 2]>,
    ) -> Option<f64> {
        let lately = self.lately(until.as_second());
        let ahead = judged.iter().flatten().filter(|[lead_h, _]| ABOUT_AN_HOUR.contains(lead_h));
        let ahead: Vec<f64> = ahead.map(|[_, error]| *error).collect();
        // The calm hours before a flood must not hide that the newest of them was wrong.
        let newest = judged.iter().rev().map(|errors| {
            let ahead = errors.iter().filter(|[lead_h, _]| ABOUT_AN_HOUR.contains(lead_h));
            ahead.map(|[_, error]| *error).collect::<Vec<f64>>()
        });
        let newest = newest.into_iter().find(|errors| !errors.is_empty()).unwrap_or_default();
        let found = [lately, ahead, newest].map(|errors| root_mean_square(&errors));
        let [soon, later] = spreads_m.map_or([DISAGREES_M; 2], |spreads_m| {
            spreads_m.map(|spread_m| DISAGREES_M.max(DISAGREES_SPREADS * spread_m))
        });
        let limits_m = [soon, later, later];
        let beyond = found.into_iter().zip(limits_m).filter(|(found, limit)| limit < found);
        beyond.map(|(found, _)| found).reduce(f64::max)
    }
}

fn root_mean_square(errors: &[f64]) -> f64 {
    let squares: f64 = errors.iter().map(|error| error * error).sum();
    (squares / errors.len().max(1) as f64).sqrt()
}

/// How the error of the model lasts at each gauge: what its own judged forecasts say, drawn towards
/// those of all gauges, and these towards the guess.
pub(super) fn memories(judged: &[Vec<Vec<[f64; 2]>>]) -> Vec<ErrorMemory> {
    let all: Vec<Vec<[f64; 2]>> = judged.iter().flatten().cloned().collect();
    let of_all = FIRST_MEMORY.learned(&all);
    judged.iter().map(|own| of_all.learned(own)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jomo_flood::gauge::{CrisisLevels, Datum, Gauge, Kind, Reading, Readings};

    use super::*;

    const NOON_S: i64 = 1_909_137_600;

    /// A gauge with a reading every ten minutes from noon on.
    fn station(levels_m: &[f64]) -> Station {
        let time = |step: i64| Timestamp::from_second(NOON_S + 600 * step).unwrap();
        let reading =
            |(step, level_m): (i64, &f64)| Reading { time: time(step), level_m: *level_m };
        let readings: Vec<Reading> = (0..).zip(levels_m).map(reading).collect();
        Station {
            row: 1,
            gauge: Gauge {
                id: "G1".to_owned(),
                kind: Kind::Crisis(CrisisLevels::new(1.0, Some(3.0), 4.0).unwrap()),
                datum: Datum::Unstated,
            },
            name: "G1".to_owned(),
            municipality: None,
            lon_lat: None,
            sound: vec![true; readings.len()],
            unreadable: BTreeSet::new(),
            feed: "crisis".to_owned(),
            readings: Readings::new(readings).unwrap(),
        }
    }

    fn made(second: i64, error_m: f64, levels_m: &[f64]) -> Made {
        Made { second, error_m, heard_second: second, levels_m: levels_m.to_vec() }
    }

    /// A forecast is judged by the readings that came, with the error that it was carried on by.
    #[test]
    fn forecasts_are_judged_by_what_came() {
        let station = station(&[2.0, 2.2, 2.4, 2.6]);
        let mut record = GaugeRecord::default();
        // The model stood half a metre too low, and stays where it is.
        record.make(made(NOON_S, 0.5, &[1.5; 36]));
        let until = |step: i64| Timestamp::from_second(NOON_S + 600 * step).unwrap();
        let judged = record.judged(&station, until(3));
        let expected = |step: f64| {
            let lead_h = step / 6.0;
            [lead_h, 0.5 + 0.2 * step - 0.5 * (-lead_h / 1.5).exp()]
        };
        assert_eq!(judged.len(), 1);
        for (found, step) in judged[0].iter().zip([1.0, 2.0, 3.0]) {
            let [lead_h, error_m] = expected(step);
            assert!((found[0] - lead_h).abs() < 1e-9 && (found[1] - error_m).abs() < 1e-9);
        }
        // What comes after the reference time is not known; without a reading nothing is judged.
        assert_eq!(record.judged(&station, until(1))[0].len(), 1);
        assert!(record.judged(&station, until(0)).is_empty());
        // A guess alone, then what the gauge's own and all forecasts say.
        let far = vec![vec![[1.0, 2.0]]];
        let [own, other] = [0, 1].map(|place| memories(&[far.clone(), Vec::new()])[place].spread_m);
        assert!(FIRST_MEMORY.spread_m < other && other < own, "{other} {own}");
        assert_eq!(memories(&[Vec::new()]), [FIRST_MEMORY]);
    }

    /// Members are known for three hours, between two steps by the time.
    #[test]
    fn members_are_known_at_the_time_of_a_reading() {
        let mut record = GaugeRecord::default();
        for step in 0..25_i64 {
            record.stand(NOON_S + 600 * step, &[step as f64, 2.0 * step as f64]);
        }
        assert_eq!(record.past.len(), 20);
        let last = NOON_S + 600 * 24;
        assert_eq!(record.levels_at(last), Some(vec![24.0, 48.0]));
        assert_eq!(record.levels_at(last - 300), Some(vec![23.5, 47.0]));
        assert_eq!(record.levels_at(last - 3 * 3_600), Some(vec![6.0, 12.0]));
        for unknown in [last + 1, last - 4 * 3_600] {
            assert_eq!(record.levels_at(unknown), None);
        }
        // Cycles of every hour with a break in between: nothing is made up.
        record.stand(last + 3_600, &[30.0, 60.0]);
        assert_eq!(record.levels_at(last + 1_800), None);
    }

    /// Told where the last hour's errors, or those of forecasts an hour ahead, are large; the limit
    /// is three of the spreads where they are known.
    #[test]
    fn a_model_far_off_is_told() {
        let until = Timestamp::from_second(NOON_S).unwrap();
        let record = |age_s: i64, error_m: f64| {
            let mut record = GaugeRecord::default();
            record.err(NOON_S - age_s, error_m);
            record
        };
        let none: [Vec<[f64; 2]>; 0] = [];
        assert_eq!(record(600, -0.7).disagrees(&none, until, None), Some(0.7));
        assert_eq!(record(600, 0.5).disagrees(&none, until, None), None);
        assert_eq!(record(3_600, 9.0).disagrees(&none, until, None), None);
        assert_eq!(record(600, 0.7).disagrees(&none, until, Some([0.3, 0.1])), None);
        assert_eq!(record(600, 0.7).disagrees(&none, until, Some([0.2, 9.0])), Some(0.7));
        let ahead = [vec![[0.5, 9.0], [1.0, -1.5]]];
        assert_eq!(record(600, 0.1).disagrees(&ahead, until, None), Some(1.5));
        assert_eq!(record(600, 0.1).disagrees(&ahead, until, Some([0.1, 0.5])), None);
        // Ten calm forecasts do not hide that the newest was wrong.
        let mut judged = vec![vec![[1.0, 0.05]]; 10];
        assert_eq!(record(600, 0.1).disagrees(&judged, until, None), None);
        judged.extend([vec![[1.0, 0.9]], vec![[0.2, 0.1]]]);
        assert_eq!(record(600, 0.1).disagrees(&judged, until, None), Some(0.9));
    }

    /// One forecast in half an hour, for six hours.
    #[test]
    fn forecasts_are_kept_sparingly() {
        let mut record = GaugeRecord::default();
        for step in 0..60 {
            record.make(made(NOON_S + 600 * step, 0.0, &[1.0]));
        }
        let seconds: Vec<i64> = record.made.iter().map(|made| made.second - NOON_S).collect();
        assert!(seconds.windows(2).all(|two| two[1] - two[0] == 1_800), "{seconds:?}");
        assert_eq!(record.made.len(), 12);
        assert!(record.has_made(NOON_S + 600 * 56) && !record.has_made(NOON_S));
    }
}
