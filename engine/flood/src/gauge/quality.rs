//! Quality control of readings: range, rate, stuck, apart from its start level, erratic, and what
//! neighbours say of the highest.
//!
//! A fault is a reason to look (camera, neighbours, rain), no proof; a reading keeps all the faults
//! found in it and is never deleted or changed. Height alone is no reason not to use a reading: the
//! flood of a century stands higher than any limit ([`Faults::are_used`]).

use jiff::Timestamp;

use super::level::{Gauge, Kind, ReferenceLevel};
use super::{Reading, Readings, Span, hours};

/// What can be wrong with a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Higher above the overflow level (reference station: above its highest level) than water
    /// stands beside a spilling river. To be confirmed, and used until then.
    TooHigh,
    /// Lower below the lowest level than the bed can lie.
    TooLow,
    /// The level changed faster than water does, to or from this reading.
    Rate,
    /// One of a long run of readings that are all the same.
    Stuck,
    /// Of a run of readings that began and ended well above the start level: the water neither
    /// came from it nor went back to it. A shifted datum, a wrong level in the register, or a
    /// sensor that sees something else.
    Apart,
    /// Of a run that goes up and down from reading to reading by decimetres.
    Erratic,
    /// Too high, and nothing supports it: the water was not seen to rise there, and no other gauge
    /// stands high.
    Alone,
}

impl Fault {
    /// All faults, in the order of their bits.
    pub const ALL: [Self; 7] = [
        Self::TooHigh,
        Self::TooLow,
        Self::Rate,
        Self::Stuck,
        Self::Apart,
        Self::Erratic,
        Self::Alone,
    ];

    /// Stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooHigh => "reading-too-high",
            Self::TooLow => "reading-too-low",
            Self::Rate => "reading-rate",
            Self::Stuck => "reading-stuck",
            Self::Apart => "reading-apart",
            Self::Erratic => "reading-erratic",
            Self::Alone => "reading-alone",
        }
    }
}

/// The faults of one reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults(u8);

impl Faults {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the reading is used all the same: nothing is wrong with it but its height.
    #[must_use]
    pub fn are_used(self) -> bool {
        self.0 & !(1 << Fault::TooHigh as u8) == 0
    }

    /// Whether `fault` is one of them.
    #[must_use]
    pub fn contains(self, fault: Fault) -> bool {
        self.0 & 1 << fault as u8 != 0
    }

    /// They, in the order of [`Fault::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(move |fault| self.contains(*fault))
    }

    fn add(&mut self, fault: Fault) {
        self.0 |= 1 << fault as u8;
    }
}

/// What the rules allow. The defaults are judgements, made with the archive of Gunma in view;
/// `docs/methods/gauges.md` gives a reason for each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Most above the overflow level in m: a river that spills spreads, it hardly rises.
    pub above_overflow_m: f64,
    /// Most above the highest level of a reference station in m.
    pub above_highest_m: f64,
    /// Most below the lowest level in m.
    pub below_lowest_m: f64,
    /// Change allowed between two readings, however close, in m.
    pub jump_m: f64,
    /// Change allowed besides, in m/h.
    pub rate_m_h: f64,
    /// Shortest run of equal readings that is a stuck sensor, in h.
    pub stuck_h: f64,
    /// Most that readings of such a run differ from its first, in m.
    pub stuck_m: f64,
    /// Most that a run may begin and end above the start level, in m.
    pub apart_m: f64,
    /// Median change from reading to reading of an erratic run, in m.
    pub erratic_m: f64,
    /// Share of reversals in an erratic run.
    pub erratic_share: f64,
    /// Fewest readings of a stuck or erratic run.
    pub run_min: usize,
    /// Longest gap inside a run in h, but for a stuck one, which the daily report continues.
    pub gap_h: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            above_overflow_m: 1.0,
            above_highest_m: 5.0,
            below_lowest_m: 10.0,
            jump_m: 1.5,
            rate_m_h: 1.5,
            stuck_h: 24.0,
            stuck_m: 0.005,
            apart_m: 0.5,
            erratic_m: 0.1,
            erratic_share: 0.5,
            run_min: 12,
            gap_h: 3.0,
        }
    }
}

/// Longest gap inside a run of equal readings in h: that of the daily report.
const STUCK_GAP_H: f64 = 25.0;

/// The faults of every reading. `record` is the time for which all reports of the gauge would be
/// in the series; live, it ends now.
///
/// A run that the record cuts off at either end is not told to be [`Fault::Apart`]. Runs of
/// reference stations never are, as they have no start level.
#[must_use]
pub fn check(gauge: &Gauge, readings: &Readings, record: Span, limits: &Limits) -> Vec<Faults> {
    let readings = readings.as_slice();
    let mut faults = vec![Faults::default(); readings.len()];
    range(gauge, readings, limits, &mut faults);
    rate(readings, limits, &mut faults);
    stuck(readings, limits, &mut faults);
    for run in runs(readings, limits.gap_h) {
        let part = &readings[run.clone()];
        if is_erratic(part, limits) {
            mark(&mut faults[run.clone()], Fault::Erratic);
        }
        let is_whole = limits.gap_h < hours(record.start, part[0].time)
            && limits.gap_h < hours(part[part.len() - 1].time, record.end);
        if let Kind::Crisis(levels) = &gauge.kind
            && is_whole
            && stands_apart(part, levels.start_m(), limits)
        {
            mark(&mut faults[run.clone()], Fault::Apart);
        }
    }
    faults
}

/// Marks as [`Fault::Alone`] the readings that are too high and that nothing supports. Two things do:
/// the water was seen to rise there without a jump and without a gap, from where no flood is; or
/// `others_rise` at the time, that is another gauge of the region has [risen](risen) before. Others do
/// not support a gauge that was [`Fault::Apart`] earlier in the record. Only what came before a
/// reading counts, so that it can be judged when it comes.
pub fn check_alone(
    gauge: &Gauge,
    readings: &Readings,
    faults: &mut [Faults],
    limits: &Limits,
    others_rise: impl Fn(Timestamp) -> bool,
) {
    let seen = seen_to_rise(gauge, readings, faults, limits);
    let mut was_apart = false;
    for ((reading, faults), seen) in readings.as_slice().iter().zip(faults).zip(seen) {
        let is_supported = seen || !was_apart && others_rise(reading.time);
        if faults.contains(Fault::TooHigh) && !is_supported {
            faults.add(Fault::Alone);
        }
        was_apart |= faults.contains(Fault::Apart);
    }
}

/// Times at which the gauge stands in a flood that it was seen to rise to: at a sound reading that is
/// no low one, after a low one without a jump or a gap between them.
#[must_use]
pub fn risen(
    gauge: &Gauge,
    readings: &Readings,
    faults: &[Faults],
    limits: &Limits,
) -> Vec<Timestamp> {
    let seen = seen_to_rise(gauge, readings, faults, limits);
    let all = readings.as_slice().iter().zip(faults).zip(seen);
    all.filter(|((reading, faults), seen)| {
        *seen && faults.is_empty() && !is_low(gauge, reading.level_m, limits)
    })
    .map(|((reading, _), _)| reading.time)
    .collect()
}

/// Whether a level is none of a flood: no more above the start level than a run may begin
/// (`limits.apart_m`), or below the lowest level of a reference station.
fn is_low(gauge: &Gauge, level_m: f64, limits: &Limits) -> bool {
    match &gauge.kind {
        Kind::Crisis(levels) => level_m - levels.start_m() <= limits.apart_m,
        Kind::Reference { levels, .. } => levels.reached(level_m).is_none(),
    }
}

/// For each reading whether a low one stands before it in its run, without a jump since.
fn seen_to_rise(
    gauge: &Gauge,
    readings: &Readings,
    faults: &[Faults],
    limits: &Limits,
) -> Vec<bool> {
    let mut seen = Vec::with_capacity(faults.len());
    for run in runs(readings.as_slice(), limits.gap_h) {
        let mut was_low = false;
        for (reading, faults) in readings.as_slice()[run.clone()].iter().zip(&faults[run]) {
            was_low = !faults.contains(Fault::Rate)
                && (was_low || is_low(gauge, reading.level_m, limits));
            seen.push(was_low);
        }
    }
    seen
}

fn mark(faults: &mut [Faults], fault: Fault) {
    for faults in faults {
        faults.add(fault);
    }
}

fn range(gauge: &Gauge, readings: &[Reading], limits: &Limits, faults: &mut [Faults]) {
    let (low_m, high_m) = match &gauge.kind {
        Kind::Crisis(levels) => (
            levels.start_m() - limits.below_lowest_m,
            levels.overflow_m() + limits.above_overflow_m,
        ),
        Kind::Reference { levels, .. } => {
            let mut given =
                ReferenceLevel::ALL.into_iter().filter_map(|level| levels.level_m(level));
            // There is at least one level.
            let lowest = given.next().unwrap_or_default();
            let highest = given.next_back().unwrap_or(lowest);
            (lowest - limits.below_lowest_m, highest + limits.above_highest_m)
        }
    };
    for (reading, faults) in readings.iter().zip(faults) {
        if high_m < reading.level_m {
            faults.add(Fault::TooHigh);
        } else if reading.level_m < low_m {
            faults.add(Fault::TooLow);
        }
    }
}

fn rate(readings: &[Reading], limits: &Limits, faults: &mut [Faults]) {
    for (place, pair) in readings.windows(2).enumerate() {
        let gap_h = hours(pair[0].time, pair[1].time);
        let change_m = (pair[1].level_m - pair[0].level_m).abs();
        if gap_h <= limits.gap_h && limits.jump_m + limits.rate_m_h * gap_h < change_m {
            mark(&mut faults[place..place + 2], Fault::Rate);
        }
    }
}

/// Marks runs whose readings stay within `stuck_m` of their first one.
fn stuck(readings: &[Reading], limits: &Limits, faults: &mut [Faults]) {
    let mut start = 0;
    for end in 1..=readings.len() {
        let first = readings[start];
        let goes_on = readings.get(end).is_some_and(|next| {
            let is_near = hours(readings[end - 1].time, next.time) <= STUCK_GAP_H;
            is_near && (next.level_m - first.level_m).abs() <= limits.stuck_m
        });
        if goes_on {
            continue;
        }
        let is_long = limits.stuck_h <= hours(first.time, readings[end - 1].time);
        if is_long && limits.run_min <= end - start {
            mark(&mut faults[start..end], Fault::Stuck);
        }
        start = end;
    }
}

/// The series cut where a gap is longer than `gap_h`.
fn runs(readings: &[Reading], gap_h: f64) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for end in 1..=readings.len() {
        let ends =
            readings.get(end).is_none_or(|next| gap_h < hours(readings[end - 1].time, next.time));
        if ends {
            found.push(start..end);
            start = end;
        }
    }
    found
}

fn stands_apart(run: &[Reading], start_m: f64, limits: &Limits) -> bool {
    let is_apart = |reading: &Reading| limits.apart_m < reading.level_m - start_m;
    run.first().is_some_and(is_apart) && run.last().is_some_and(is_apart)
}

fn is_erratic(run: &[Reading], limits: &Limits) -> bool {
    // The share of reversals needs two changes.
    if run.len() < limits.run_min.max(3) {
        return false;
    }
    let changes: Vec<f64> = run.windows(2).map(|pair| pair[1].level_m - pair[0].level_m).collect();
    let reversals = changes.windows(2).filter(|pair| pair[0] * pair[1] < 0.0).count();
    let mut sizes: Vec<f64> = changes.iter().map(|change| change.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    limits.erratic_m <= sizes[sizes.len() / 2]
        && limits.erratic_share <= reversals as f64 / (changes.len() - 1) as f64
}
