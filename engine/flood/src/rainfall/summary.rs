//! What a cube holds: gaps, origins, means over a basin.

use jiff::SignedDuration;

use super::{Cube, Source};

/// Cells without data in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The step.
    pub step: usize,
    /// Number of its cells without data.
    pub cells: usize,
}

/// Where the rain of a step comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepOrigin {
    /// Share of the cells by source, in the order of [`Source::ALL`].
    pub shares: [f64; 4],
    /// Share of the cells without data.
    pub missing: f64,
    /// Time from the oldest reference time in use to now; `None` without data.
    pub oldest_age: Option<SignedDuration>,
}

impl StepOrigin {
    /// The source of most cells; `None` without data.
    #[must_use]
    pub fn main(&self) -> Option<Source> {
        let best = |best: Option<Source>, source: Source| {
            let share = |source: Source| self.shares[source.rank()];
            let is_more = best.map_or(0.0, share) < share(source);
            if is_more { Some(source) } else { best }
        };
        Source::ALL.into_iter().fold(None, best)
    }
}

/// Mean rain over a basin in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BasinMean {
    /// Mean rate over the part with data in mm/h; `NaN` if there is none.
    pub rate_mm_h: f64,
    /// Share of the basin with data.
    pub covered: f64,
}

impl Cube {
    /// The steps with cells without data, in their order.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        let mut rates = vec![0.0; self.cells().count()];
        let mut gaps = Vec::new();
        for step in 0..self.timeline().steps {
            let cells = if self.has_products(step) {
                self.rates(step, &mut rates);
                rates.iter().filter(|rate| rate.is_nan()).count()
            } else {
                rates.len()
            };
            if 0 < cells {
                gaps.push(Gap { step, cells });
            }
        }
        gaps
    }

    /// The last step in which a cell has data; `None` if there is none.
    #[must_use]
    pub fn last_with_data(&self) -> Option<usize> {
        let mut rates = vec![0.0; self.cells().count()];
        (0..self.timeline().steps).rev().find(|step| {
            self.rates(*step, &mut rates);
            rates.iter().any(|rate| !rate.is_nan())
        })
    }

    /// Where the rain of a step comes from.
    #[must_use]
    pub fn step_origin(&self, step: usize) -> StepOrigin {
        let mut counts = [0_u32; 4];
        let mut oldest = None;
        let count = u32::try_from(self.cells().count()).unwrap_or(u32::MAX);
        for cell in 0..count {
            let Some(origin) = self.origin(step, cell) else { continue };
            counts[origin.source.rank()] += 1;
            let time = origin.reference_time;
            oldest = Some(oldest.map_or(time, |known: jiff::Timestamp| known.min(time)));
        }
        let share = |cells: u32| f64::from(cells) / f64::from(count);
        let missing = count - counts.iter().sum::<u32>();
        StepOrigin {
            shares: counts.map(share),
            missing: share(missing),
            oldest_age: oldest.map(|time| self.timeline().now.duration_since(time)),
        }
    }

    /// Mean of each step over a basin: cells and their weights (areas). Cells beyond the window
    /// and weights that are not positive count as nothing.
    #[must_use]
    pub fn basin_mean(&self, weights: &[(u32, f64)]) -> Vec<BasinMean> {
        let mut rates = vec![0.0; self.cells().count()];
        let of_step = |step: usize| {
            self.rates(step, &mut rates);
            mean(&rates, weights)
        };
        (0..self.timeline().steps).map(of_step).collect()
    }
}

/// Mean of rates over cells with weights, over those with data.
fn mean(rates: &[f32], weights: &[(u32, f64)]) -> BasinMean {
    let (mut sum, mut with_data, mut all) = (0.0, 0.0, 0.0);
    for (cell, weight) in weights {
        let Some(rate) = rates.get(*cell as usize).filter(|_| 0.0 < *weight) else { continue };
        all += weight;
        if !rate.is_nan() {
            with_data += weight;
            sum += weight * f64::from(*rate);
        }
    }
    let covered = if 0.0 < all { with_data / all } else { 0.0 };
    BasinMean { rate_mm_h: if 0.0 < with_data { sum / with_data } else { f64::NAN }, covered }
}
