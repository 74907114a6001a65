//! What a gauge says at an instant, silence included.
//!
//! A gauge for times of danger that says nothing is below its start level **or dead**, and so may be
//! all that brings its reports. Silence is taken for a low river only where the gauge was last seen
//! going down to its start level and others of its feed still report; what the members of a model
//! think of it is weighed last ([`believed`]). `docs/methods/gauges.md` section 2 gives the rule with
//! its numbers.

use jiff::{SignedDuration, Timestamp};

use super::level::{CrisisLevel, CrisisLevels, Gauge, Kind, ReferenceLevel};
use super::{Reading, hours};

/// Interval of a gauge for times of danger above its start level.
///
/// Source: specifications of the ministry's gauges for times of danger, ten minutes; some
/// prefectures use five.
const CRISIS_INTERVAL_MIN: u32 = 10;
/// Intervals after which a report is late: two may be lost on the way.
const INTERVALS_MISSED: u32 = 3;
/// After it the daily report is overdue: a day and an hour.
const DAILY_REPORT: SignedDuration = SignedDuration::from_hours(25);
/// A feed is alive this long after the newest report of another gauge: two intervals.
pub const FEED_ALIVE: SignedDuration = SignedDuration::from_mins(20);
/// Highest above the start level that a river may stand in the last report before it goes below,
/// besides what it fell since the report before, in m. Of the 170 ends of runs in the archive of
/// Gunma 165 are lower (sound gauges; 大箇野川, which ends every evening 0.2 m above, left out).
const NEAR_START_M: f64 = 0.15;
/// Longest gap between two reports that tell of a fall, in h: that of an event.
const FALL_GAP_H: f64 = 3.0;
/// How often a silent gauge has died since its last report, and the most, per h: judgements (no
/// record of failures was seen). One in twenty after a day.
const DIES: [f64; 2] = [0.002, 0.05];
/// How often several silent gauges were cut off at once since the last report of any of them, and
/// the most, per h of a storm: what brings the reports fails with power and lines.
const CUT_OFF: [f64; 2] = [0.02, 0.25];

/// What came from a gauge, and from the others of its feed, until an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Told {
    /// Its last report that quality control has nothing against.
    pub last: Option<Reading>,
    /// The one before that.
    pub before: Option<Reading>,
    /// Time of its last report of any kind.
    pub reported: Option<Timestamp>,
    /// Time of the newest report of any other gauge of the same feed.
    pub others: Option<Timestamp>,
}

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
        /// The last sound report; `None` if there was none yet.
        last: Option<Reading>,
        /// What is missing.
        cause: OutageCause,
    },
}

/// Why nothing is known of the level at a gauge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutageCause {
    /// No report came, or the next one is overdue.
    Overdue,
    /// It stood above its start level, did not go down to it, and stopped.
    Stopped,
    /// It went silent as it should, but nothing proves that it would speak: nobody of its feed
    /// reports (in calm weather as it should be, in rain an outage), or a model contradicts.
    Unproven,
    /// It reports, but nothing that quality control believes.
    Doubted,
}

/// What `gauge` says at `now`.
///
/// A sound reading counts as fresh for three intervals. Then a reference station is out. A gauge for
/// times of danger is below its start level if it was last seen at or going down to it, no longer
/// than 25 h ago (its daily report), and another gauge of its feed has reported within 20 minutes.
/// Reports dated after `now` are none.
///
/// ```
/// use jomo_flood::gauge::{
///     CrisisLevels, Datum, Gauge, Kind, Observation, OutageCause, Reading, Told, observation,
/// };
/// let kind = Kind::Crisis(CrisisLevels::new(10.0, Some(11.0), 12.0)?);
/// let gauge = Gauge { id: "G1".to_owned(), kind, datum: Datum::Unstated };
/// let last = Reading { time: "2030-07-01T00:00:00Z".parse()?, level_m: 9.4 };
/// let now = "2030-07-01T06:00:00Z".parse()?;
/// let told = Told { last: Some(last), others: Some(now), ..Told::default() };
/// let below = Observation::BelowStart { start_m: 10.0, last };
/// assert_eq!(observation(&gauge, &told, now), below);
/// let alone = Told { others: None, ..told };
/// let out = Observation::Outage { last: Some(last), cause: OutageCause::Unproven };
/// assert_eq!(observation(&gauge, &alone, now), out);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn observation(gauge: &Gauge, told: &Told, now: Timestamp) -> Observation {
    let last = told.last.filter(|last| last.time <= now);
    let out = |cause| Observation::Outage { last, cause };
    let reported = told.reported.filter(|time| *time <= now);
    let interval_min = match gauge.kind {
        Kind::Crisis(_) => CRISIS_INTERVAL_MIN,
        Kind::Reference { interval_min, .. } => interval_min,
    };
    let fresh_min = i64::from(interval_min) * i64::from(INTERVALS_MISSED);
    let is_fresh =
        |time: Timestamp| now.duration_since(time) <= SignedDuration::from_mins(fresh_min);
    match last {
        Some(last) if is_fresh(last.time) => return Observation::Level(last),
        _ if reported.is_some_and(is_fresh) => return out(OutageCause::Doubted),
        _ => {}
    }
    let Some(last) = last else { return out(OutageCause::Overdue) };
    let is_high = match gauge.kind {
        Kind::Reference { levels, .. } => {
            Some(ReferenceLevel::EvacuationJudgement) <= levels.reached(last.level_m)
        }
        Kind::Crisis(levels) => Some(CrisisLevel::Danger) <= levels.reached(last.level_m),
    };
    let Kind::Crisis(levels) = gauge.kind else {
        return if is_high { Observation::SilentHigh { last } } else { out(OutageCause::Overdue) };
    };
    match () {
        () if is_high => Observation::SilentHigh { last },
        () if DAILY_REPORT < now.duration_since(last.time) => out(OutageCause::Overdue),
        // What came last was not believed: where the river went is not known.
        () if reported.is_some_and(|reported| last.time < reported) => out(OutageCause::Doubted),
        () if !went_out(levels, last, told.before) => out(OutageCause::Stopped),
        () if told
            .others
            .is_some_and(|other| other <= now && now.duration_since(other) <= FEED_ALIVE) =>
        {
            Observation::BelowStart { start_m: levels.start_m(), last }
        }
        () => out(OutageCause::Unproven),
    }
}

/// Whether the river was last seen below the start level, or going down to it.
fn went_out(levels: CrisisLevels, last: Reading, before: Option<Reading>) -> bool {
    let above_m = last.level_m - levels.start_m();
    let fall_m = before
        .filter(|before| before.time < last.time && hours(before.time, last.time) <= FALL_GAP_H)
        .map(|before| before.level_m - last.level_m);
    above_m <= 0.0 || fall_m.is_some_and(|fall| 0.0 <= fall && above_m <= NEAR_START_M + fall)
}

/// A silence that may be a low river, and what the members of a model make of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Silence {
    /// Hours since the last report.
    pub age_h: f64,
    /// Of each member, whether it stands below the start level. As many for every silence.
    pub below: Vec<bool>,
}

/// Which silences are taken for low rivers: those of which this is likelier than an outage.
///
/// An outage explains a silence always, a living gauge only with the members that stand below its
/// start level. With a chance `w` of an outage that grows with the hours since the last report, and
/// a share `b` of such members, a silence is a low river where `w < (1 - w) b`: never where no member
/// stands below. This is asked of every gauge by itself, and of all those together that most members
/// contradict: `b` is then the share of members that explain all of them at once, `w` the chance
/// that they were cut off together since the last report of any of them.
///
/// ```
/// use jomo_flood::gauge::{Silence, believed};
/// let silence = |age_h, below: usize| Silence { age_h, below: (0..20).map(|m| m < below).collect() };
/// // Half of the members explain it; none does.
/// assert_eq!(believed(&[silence(24.0, 10)]), [true]);
/// assert_eq!(believed(&[silence(1.0, 0)]), [false]);
/// // One of 20 does, three hours after the last report: believed of one gauge, not of two at once.
/// assert_eq!(believed(&[silence(3.0, 1)]), [true]);
/// assert_eq!(believed(&[silence(3.0, 1), silence(3.0, 1)]), [false, false]);
/// ```
#[must_use]
pub fn believed(silences: &[Silence]) -> Vec<bool> {
    let chance = |[per_h, most]: [f64; 2], age_h: f64| (per_h * age_h.max(0.0)).min(most);
    let share = |count: usize, members: usize| count as f64 / members.max(1) as f64;
    let is_low = |w: f64, b: f64| w < (1.0 - w) * b;
    let count = |silence: &Silence| silence.below.iter().filter(|below| **below).count();
    let is_contradicted = |silence: &&Silence| 2 * count(silence) < silence.below.len();
    let group: Vec<&Silence> = silences.iter().filter(is_contradicted).collect();
    let together = group.first().map_or(0, |first| {
        (0..first.below.len())
            .filter(|member| group.iter().all(|one| one.below.get(*member).copied() == Some(true)))
            .count()
    });
    let youngest_h = group.iter().map(|one| one.age_h).fold(f64::INFINITY, f64::min);
    let is_cut_off = 1 < group.len()
        && !is_low(chance(CUT_OFF, youngest_h), share(together, group[0].below.len()));
    let of = |silence: &Silence| {
        let is_alive =
            is_low(chance(DIES, silence.age_h), share(count(silence), silence.below.len()));
        is_alive && !(is_cut_off && is_contradicted(&silence))
    };
    silences.iter().map(of).collect()
}
