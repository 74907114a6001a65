//! A gauge carried on by what it says alone: its level, its rise, and how far both can be trusted.
//!
//! The rise goes on and fades, `level + rise m (1 - exp(-lead / m))` with `m` an hour; the doubt
//! grows with the lead and with the steepest rise or fall seen of late, because a river that moves
//! fast can turn fast. No model is asked: this is what is left when one is wrong.

use super::{Reading, hours};

/// Time in h after which a share of 1/e of a rise is left.
const RISE_MEMORY_H: f64 = 1.0;
/// Readings that make the rise, in h before the last: two steps of a gauge that reports every
/// ten minutes, so that one reading wrong by a centimetre turns it by 3 cm/h, and no more, because
/// the rise of half an hour lags behind (RMSE half an hour ahead 0.171 against 0.162 m, measured on
/// made gauges).
const RISE_H: f64 = 1.0 / 3.0 + 1e-6;
/// Longest gap between two readings that tell of a rise, in h.
const GAP_H: f64 = 1.5 + 1e-6;
/// Readings that tell how steep the river was and how well its rise was carried on, in h.
const STEEPEST_H: f64 = 3.0 + 1e-6;
const JUDGED_H: f64 = 6.0 + 1e-6;
/// Least of the steepest rise, in m/h. With it the doubt an hour ahead is 3.5 cm: the level of the
/// real gauges of Gunma an hour later differs by 3.3 cm (`docs/methods/gauges.md`, section 5).
const QUIET_M_H: f64 = 0.1;
/// Rise that must be thought of where only one reading is known, in m/h: rivers of some ten to a
/// hundred km2 rise by one or two metres an hour in a flood.
const UNKNOWN_M_H: f64 = 1.0;
/// Fastest rise that is believed of a model, in m/h: what is faster is a fault of it.
const FASTEST_M_H: f64 = 3.0;
/// Standard deviation of a reading and of waves, in m.
const READING_M: f64 = 0.03;
/// Doubt an hour ahead as a share of the steepest rise, m for each m/h: a rise that fades in an
/// hour or goes on, or turns, differs by a third of itself.
const TURN: f64 = 0.35;
/// Lead in h at which the doubt grows no more, by 1/e: a flood of a small river is over.
const GROWTH_H: f64 = 6.0;
/// Least time in h between two readings that count.
const APART_H: f64 = 1.0 / 60.0 - 1e-6;
/// Forecasts of an average gauge from which the judgement of one starts.
const PRIOR_FORECASTS: f64 = 6.0;

/// What a gauge says of its own hours to come. Leads are counted from its last reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    last: Reading,
    /// m/h; `None` with one reading.
    rise_m_h: Option<f64>,
    steepest_m_h: f64,
    /// How many times larger its errors were than it said; at least 1.
    widened: f64,
}

impl Trend {
    /// Of readings in ascending time, the last of them the newest; those that are doubted must
    /// have been left out. `None` without a reading.
    ///
    /// It judges itself: what it would have said at each reading of the last six hours is compared
    /// with the readings after it (up to three hours later), and where it erred by more than it
    /// said, its doubt grows by as much. It never shrinks: a steady rise tells nothing of the peak.
    #[must_use]
    pub fn of(readings: &[Reading]) -> Option<Self> {
        let readings = &thinned(readings);
        let bare = Self::bare(readings)?;
        let after = |age_h: f64| {
            readings.partition_point(|reading| age_h < hours(reading.time, bare.last.time))
        };
        let first = after(JUDGED_H);
        let (mut sum, mut count) = (PRIOR_FORECASTS, PRIOR_FORECASTS);
        for origin in first..readings.len() {
            let Some(told) = Self::bare(&readings[..=origin]) else { continue };
            if told.rise_m_h.is_none() {
                continue;
            }
            let came = readings[origin + 1..]
                .iter()
                .map(|reading| (hours(told.last.time, reading.time), reading.level_m))
                .take_while(|(lead_h, _)| *lead_h <= STEEPEST_H);
            let (mut squares, mut leads) = (0.0, 0_u32);
            for (lead_h, level_m) in came {
                squares += ((level_m - told.level_m(lead_h)) / told.doubt_m(lead_h)).powi(2);
                leads += 1;
            }
            if 0 < leads {
                // Errors of one forecast go together: it counts once.
                sum += squares / f64::from(leads);
                count += 1.0;
            }
        }
        Some(Self { widened: (sum / count).sqrt().max(1.0), ..bare })
    }

    /// Without a judgement of itself.
    fn bare(readings: &[Reading]) -> Option<Self> {
        let last = *readings.last()?;
        let age_h = |reading: &Reading| hours(reading.time, last.time);
        let since = |age: f64| readings.partition_point(|reading| age < age_h(reading));
        let pairs = readings[since(STEEPEST_H)..].windows(2).map(|two| {
            let gap_h = hours(two[0].time, two[1].time);
            (gap_h, (two[1].level_m - two[0].level_m) / gap_h)
        });
        let steep = pairs.filter(|(gap_h, _)| *gap_h <= GAP_H);
        let steepest_m_h = steep.map(|(_, rise)| rise.abs()).fold(QUIET_M_H, f64::max);
        let recent = &readings[since(RISE_H)..];
        let before = &readings[readings.len().saturating_sub(2)..];
        let rise_m_h = slope(recent).or_else(|| {
            let is_near = before.first().is_some_and(|reading| age_h(reading) <= GAP_H);
            slope(before).filter(|_| is_near)
        });
        let is_sound = last.level_m.is_finite() && steepest_m_h.is_finite();
        is_sound.then_some(Self { last, rise_m_h, steepest_m_h, widened: 1.0 })
    }

    /// The same where something else foresees a rise or fall of as many m/h: a river that has been
    /// calm says nothing of rain to come, so its calm is no reason to believe it the more. At most
    /// 3 m/h count.
    #[must_use]
    pub fn before_a_move(self, rise_m_h: f64) -> Self {
        if !rise_m_h.is_finite() {
            return self;
        }
        let steepest_m_h = self.steepest_m_h.max(rise_m_h.abs().min(FASTEST_M_H));
        Self { steepest_m_h, ..self }
    }

    /// The reading that it starts from.
    #[must_use]
    pub fn last(&self) -> Reading {
        self.last
    }

    /// The rise in m/h; `None` with a single reading.
    #[must_use]
    pub fn rise_m_h(&self) -> Option<f64> {
        self.rise_m_h
    }

    /// The level `lead_h` after the last reading, in the gauge's datum, m.
    #[must_use]
    pub fn level_m(&self, lead_h: f64) -> f64 {
        let carried_h = -RISE_MEMORY_H * (-lead_h / RISE_MEMORY_H).exp_m1();
        self.last.level_m + self.rise_m_h.unwrap_or(0.0) * carried_h
    }

    /// Standard deviation of a reading about it, m.
    #[must_use]
    pub fn doubt_m(&self, lead_h: f64) -> f64 {
        let grown_h = -GROWTH_H * (-lead_h.max(0.0) / GROWTH_H).exp_m1();
        let turned_m = match self.rise_m_h {
            Some(_) => TURN * self.steepest_m_h * grown_h.powf(1.5),
            None => self.steepest_m_h.max(UNKNOWN_M_H) * grown_h,
        };
        self.widened * READING_M.hypot(turned_m)
    }
}

/// The readings that count, no two within a minute of each other: what they cost is bounded.
fn thinned(readings: &[Reading]) -> Vec<Reading> {
    let Some(last) = readings.last() else { return Vec::new() };
    let from = readings.partition_point(|one| JUDGED_H + STEEPEST_H < hours(one.time, last.time));
    let mut kept = vec![*last];
    let mut next = last.time;
    for reading in readings[from..].iter().rev() {
        if APART_H <= hours(reading.time, next) {
            kept.push(*reading);
            next = reading.time;
        }
    }
    kept.reverse();
    kept
}

/// Rise by least squares, m/h. `None` with fewer than two readings.
fn slope(readings: &[Reading]) -> Option<f64> {
    let first = readings.first()?;
    let count = readings.len() as f64;
    let at = |reading: &Reading| hours(first.time, reading.time);
    let middle_h = readings.iter().map(at).sum::<f64>() / count;
    let middle_m = readings.iter().map(|reading| reading.level_m).sum::<f64>() / count;
    let (mut both, mut square) = (0.0, 0.0);
    for reading in readings {
        let away_h = at(reading) - middle_h;
        both += away_h * (reading.level_m - middle_m);
        square += away_h * away_h;
    }
    (0.0 < square).then(|| both / square)
}
