//! The level an hour ahead from the levels before: the rise goes on in part (a first-order
//! autoregression), and what stands above the start level drains (a recession).
//!
//! `forecast = level + lead (carry x rise - drain x height above the start level)`
//!
//! The two numbers are fitted by least squares over steps of other events: those of the same
//! gauge, drawn towards those of all gauges as if [`PRIOR_STEPS`] steps of an average gauge had
//! been seen. Nothing else goes in: no rain, no upstream gauge, no shape of the event to come.

use std::ops::Range;

use super::{Reading, hours};

/// Leads that count as an hour, in h: the archive's spacing is 40 to 80 minutes.
const LEAD_H: [f64; 2] = [2.0 / 3.0, 4.0 / 3.0];
/// Spacings over which a rise is taken, in h.
const RISE_H: [f64; 2] = [1.0 / 6.0, 1.5];
/// Rounding of instants in h, much less than a second.
const SLACK_H: f64 = 1e-6;

/// How many steps of an average gauge the fit of one gauge starts from: a judgement; the archive
/// of Gunma hardly tells 5 from 80.
pub const PRIOR_STEPS: f64 = 20.0;

/// One forecast to be made, and what came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Level now, in m.
    pub level_m: f64,
    /// Rise since the reading before, in m/h.
    pub rise_m_h: f64,
    /// Height above the start level, in m.
    pub above_start_m: f64,
    /// Time to the next reading in h.
    pub lead_h: f64,
    /// Its level in m.
    pub outcome_m: f64,
}

impl Step {
    fn terms(&self) -> [f64; 3] {
        let carried = self.rise_m_h * self.lead_h;
        let drained = -self.above_start_m * self.lead_h;
        [carried, drained, self.outcome_m - self.level_m]
    }
}

/// The steps of one event: three readings in a row, the last about an hour after the second.
/// A range beyond the readings has none.
#[must_use]
pub fn steps(readings: &[Reading], event: &Range<usize>, start_m: f64) -> Vec<Step> {
    let is_within =
        |gap_h: f64, [low, high]: [f64; 2]| (low - SLACK_H..=high + SLACK_H).contains(&gap_h);
    let three = readings.get(event.clone()).unwrap_or_default().windows(3);
    three
        .filter_map(|three| {
            let gap_h = hours(three[0].time, three[1].time);
            let lead_h = hours(three[1].time, three[2].time);
            (is_within(gap_h, RISE_H) && is_within(lead_h, LEAD_H)).then(|| Step {
                level_m: three[1].level_m,
                rise_m_h: (three[1].level_m - three[0].level_m) / gap_h,
                above_start_m: three[1].level_m - start_m,
                lead_h,
                outcome_m: three[2].level_m,
            })
        })
        .collect()
}

/// Sums that a fit needs; those of several events add up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    steps: f64,
    carried_carried: f64,
    carried_drained: f64,
    drained_drained: f64,
    carried_change: f64,
    drained_change: f64,
}

impl Moments {
    /// Of the steps of one event.
    #[must_use]
    pub fn of(steps: &[Step]) -> Self {
        let one = |step: &Step| {
            let [carried, drained, change] = step.terms();
            Self {
                steps: 1.0,
                carried_carried: carried * carried,
                carried_drained: carried * drained,
                drained_drained: drained * drained,
                carried_change: carried * change,
                drained_change: drained * change,
            }
        };
        steps.iter().map(one).fold(Self::default(), |sum, step| sum.plus(&step, 1.0))
    }

    /// These and `weight` times the others.
    #[must_use]
    pub fn plus(&self, other: &Self, weight: f64) -> Self {
        Self {
            steps: self.steps + weight * other.steps,
            carried_carried: self.carried_carried + weight * other.carried_carried,
            carried_drained: self.carried_drained + weight * other.carried_drained,
            drained_drained: self.drained_drained + weight * other.drained_drained,
            carried_change: self.carried_change + weight * other.carried_change,
            drained_change: self.drained_change + weight * other.drained_change,
        }
    }
}

/// A fitted forecast. The default, two zeros, is persistence: the level stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recession {
    /// Share of the rise that goes on.
    pub carry: f64,
    /// Share of the height above the start level that drains, in 1/h.
    pub drain_per_h: f64,
}

impl Recession {
    /// The fit to `gauge`, drawn towards `all` as if [`PRIOR_STEPS`] of its steps were the gauge's
    /// own. Persistence where there are no steps, or they do not tell the two numbers apart.
    #[must_use]
    pub fn fit(gauge: &Moments, all: &Moments) -> Self {
        if all.steps <= 0.0 {
            return Self::default();
        }
        let sums = gauge.plus(all, PRIOR_STEPS / all.steps);
        let determinant = sums.carried_carried * sums.drained_drained
            - sums.carried_drained * sums.carried_drained;
        // Below it the two columns are one to rounding.
        if determinant <= 1e-9 * sums.carried_carried * sums.drained_drained {
            return Self::default();
        }
        let carry =
            sums.carried_change * sums.drained_drained - sums.drained_change * sums.carried_drained;
        let drain =
            sums.drained_change * sums.carried_carried - sums.carried_change * sums.carried_drained;
        Self { carry: carry / determinant, drain_per_h: drain / determinant }
    }

    /// The level after the step's lead, in m.
    #[must_use]
    pub fn forecast_m(&self, step: &Step) -> f64 {
        let [carried, drained, _] = step.terms();
        step.level_m + self.carry * carried + self.drain_per_h * drained
    }
}
