//! What a set of parameters costs, from the records of gauges.

use crate::verify::{kge, nse};

/// How well a modelled record fits an observed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Nash-Sutcliffe efficiency: squared errors, so the peaks rule.
    Nse,
    /// Nash-Sutcliffe efficiency of the logarithms of what is above 0: low flow counts as much.
    LogNse,
    /// Kling-Gupta efficiency: correlation, variability and volume alike. Give discharge, or a
    /// height above a level that means something.
    Kge,
}

/// One gauge over one event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record<'a> {
    /// What the model gives.
    pub modelled: &'a [f64],
    /// What was read at the same times; `NaN` where nothing was.
    pub observed: &'a [f64],
    /// Weight among the records.
    pub weight: f64,
}

/// One less the weighted mean of the efficiencies: 0 is perfect. A record that cannot be scored
/// (fewer than two readings that differ) is left out; `NaN` if none can, or where the model gives
/// no number at a time of a reading, so that a run that broke down is never the best.
#[must_use]
pub fn cost(measure: Measure, records: &[Record<'_>]) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for record in records {
        let pairs = record.modelled.iter().zip(record.observed);
        let broken =
            |(modelled, observed): (&f64, &f64)| !observed.is_nan() && !modelled.is_finite();
        if record.modelled.len() != record.observed.len() || pairs.clone().any(broken) {
            return f64::NAN;
        }
        let score = match measure {
            Measure::Nse => nse(record.modelled, record.observed),
            Measure::LogNse => {
                let logarithms = pairs.filter(|(_, observed)| 0.0 < **observed);
                // A modelled 0 is taken for a thousandth: it costs much, but not everything.
                let (modelled, observed): (Vec<f64>, Vec<f64>) = logarithms
                    .map(|(modelled, observed)| (modelled.max(1e-3).ln(), observed.ln()))
                    .unzip();
                nse(&modelled, &observed)
            }
            // A model that never changes has no correlation: as bad as the mean of all readings.
            Measure::Kge => {
                kge(record.modelled, record.observed).map(|parts| parts.kge).or_else(|| {
                    nse(record.modelled, record.observed).map(|_| 1.0 - std::f64::consts::SQRT_2)
                })
            }
        };
        if let Some(score) = score
            && 0.0 < record.weight
        {
            sum += record.weight * (1.0 - score);
            weights += record.weight;
        }
    }
    if 0.0 < weights { sum / weights } else { f64::NAN }
}
