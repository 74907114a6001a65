//! What a gauge says at an instant, silence included.

use jiff::{SignedDuration, Timestamp};

use super::Reading;
use super::level::{CrisisLevel, Gauge, Kind, ReferenceLevel};

/// Interval of a gauge for times of danger above its start level.
///
/// Source: specifications of the ministry's gauges for times of danger, ten minutes; some
/// prefectures use five.
const CRISIS_INTERVAL_MIN: u32 = 10;
/// Intervals after which a report is late: two may be lost on the way.
const INTERVALS_MISSED: u32 = 3;
/// After it the daily report is overdue: a day and an hour.
const DAILY_REPORT: SignedDuration = SignedDuration::from_hours(25);

/// What is known of the level at a gauge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Observation {
    /// A fresh reading.
    Level(Reading),
    /// The gauge is silent and should be: the level is below `start_m`, which is a censored
    /// observation, not a missing one.
    BelowStart {
        /// Its start level in m.
        start_m: f64,
        /// The last report.
        last: Reading,
    },
    /// The gauge fell silent at or above its danger level (overflow level where it has none; for a
    /// reference station the evacuation-judgement level). No river falls from there to the start
    /// level between two reports: the gauge may be washed away or cut off. An emergency, and never
    /// an observation.
    SilentHigh {
        /// The last report.
        last: Reading,
    },
    /// Nothing is known.
    Outage {
        /// The last report; `None` if there was none yet.
        last: Option<Reading>,
    },
}

/// What `gauge` says at `now`, `last` being its last report of any kind at or before it.
///
/// A reading counts as fresh for three intervals. Then a reference station is out. A gauge for
/// times of danger is below its start level until its daily report is overdue (more than 25 h
/// after the last report), unless it fell silent high. A report dated after `now` is none.
///
/// ```
/// use jomo_flood::gauge::{CrisisLevels, Datum, Gauge, Kind, Observation, Reading, observation};
/// let kind = Kind::Crisis(CrisisLevels::new(10.0, Some(11.0), 12.0)?);
/// let gauge = Gauge { id: "G1".to_owned(), kind, datum: Datum::Unstated };
/// let last = Reading { time: "2030-07-01T00:00:00Z".parse()?, level_m: 10.1 };
/// let at = |time: &str| time.parse().map(|now| observation(&gauge, Some(last), now));
/// assert_eq!(at("2030-07-01T00:30:00Z")?, Observation::Level(last));
/// assert_eq!(at("2030-07-02T01:00:00Z")?, Observation::BelowStart { start_m: 10.0, last });
/// assert_eq!(at("2030-07-02T01:00:01Z")?, Observation::Outage { last: Some(last) });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn observation(gauge: &Gauge, last: Option<Reading>, now: Timestamp) -> Observation {
    let Some(last) = last.filter(|last| last.time <= now) else {
        return Observation::Outage { last: None };
    };
    let age = now.duration_since(last.time);
    let interval_min = match gauge.kind {
        Kind::Crisis(_) => CRISIS_INTERVAL_MIN,
        Kind::Reference { interval_min, .. } => interval_min,
    };
    let fresh_min = i64::from(interval_min) * i64::from(INTERVALS_MISSED);
    if age <= SignedDuration::from_mins(fresh_min) {
        return Observation::Level(last);
    }
    match gauge.kind {
        Kind::Reference { levels, .. } => {
            if Some(ReferenceLevel::EvacuationJudgement) <= levels.reached(last.level_m) {
                Observation::SilentHigh { last }
            } else {
                Observation::Outage { last: Some(last) }
            }
        }
        Kind::Crisis(levels) => {
            if Some(CrisisLevel::Danger) <= levels.reached(last.level_m) {
                Observation::SilentHigh { last }
            } else if age <= DAILY_REPORT {
                Observation::BelowStart { start_m: levels.start_m(), last }
            } else {
                Observation::Outage { last: Some(last) }
            }
        }
    }
}
