//! The ensemble square-root filter, one observation after the other.

use super::states::{States, covariance, mean};
use crate::basin_error::BasinError;

/// What a gauge said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Observed {
    /// A level.
    Exact(f64),
    /// Nothing, because the level is below this one, its start level.
    AtMost(f64),
}

/// An observation and what each member would have had the gauge say.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Of each member, in the unit of the observation.
    pub predicted: Vec<f64>,
    /// What was observed.
    pub observed: Observed,
    /// Standard deviation of the observation, in its unit: gauge and what the model cannot show.
    pub sigma: f64,
}

/// How strongly observations act.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Share of the lost spread that is given back to each variable, 0 to 1.
    pub relaxation: f64,
    /// An observation farther from the members' mean than this many standard deviations, those of
    /// the members and its own together, is not believed.
    pub reject_sigmas: f64,
}

impl Default for Settings {
    /// Half of the spread given back, five standard deviations.
    fn default() -> Self {
        Self { relaxation: 0.5, reject_sigmas: 5.0 }
    }
}

/// What an observation moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A variable of the state.
    Variable(usize),
    /// What the members predict for another observation.
    Observation(usize),
}

/// What became of an observation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// It moved the members.
    Used {
        /// Observed minus predicted mean, when its turn came.
        innovation: f64,
        /// Standard deviation of the members' predictions then.
        spread: f64,
    },
    /// It was too far from the members to be believed.
    Rejected {
        /// Observed minus predicted mean.
        innovation: f64,
        /// Standard deviation of the members' predictions and its own together.
        expected: f64,
    },
    /// A silent gauge, and every member is below its start level: nothing to correct.
    Agreed,
}

/// What came of all observations.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// Of each observation, in their order.
    pub outcomes: Vec<Outcome>,
    /// What the members predict for each observation afterwards.
    pub predicted: Vec<Vec<f64>>,
}

impl Analysis {
    /// Number of observations that were not believed.
    #[must_use]
    pub fn rejected(&self) -> usize {
        let is_rejected = |outcome: &&Outcome| matches!(outcome, Outcome::Rejected { .. });
        self.outcomes.iter().filter(is_rejected).count()
    }
}

/// Moves the members towards the observations, one after the other in their order.
///
/// For each the members' predictions `y` are moved first: an exact observation shifts their mean
/// by `s²/(s² + sigma²)` of the innovation and shrinks their deviations so that the variance is
/// that of the Kalman filter; a bound pulls each member above it towards it by the same share and
/// leaves the others. What moved is passed on to every variable, and to the predictions of the
/// later observations, by regression: `cov(x, y) / s²` times `taper` (0 to 1, by the number of
/// the observation and what it moves). In the end each variable gets back a share of the spread
/// that it lost.
///
/// # Errors
/// A setting outside its range, an observation without one finite prediction per member, or a
/// `sigma` that is not positive.
///
/// Sources: Whitaker, J. S. and Hamill, T. M. (2002), Ensemble data assimilation without perturbed
/// observations, Monthly Weather Review 130, 1913-1924 (the filter); Anderson, J. L. (2003), A
/// local least squares framework for ensemble filtering, MWR 131, 634-642 (the two steps);
/// Whitaker and Hamill (2012), MWR 140, 3078-3089 (relaxation to the spread before, after the
/// relaxation of Zhang, F. et al. (2004), MWR 132, 1238-1253).
pub fn update(
    states: &mut States,
    observations: &[Observation],
    taper: impl Fn(usize, Target) -> f64,
    settings: &Settings,
) -> Result<Analysis, BasinError> {
    check(states.members(), observations, settings)?;
    let before: Vec<f64> = states.rows_mut().map(|row| covariance(row, row).sqrt()).collect();
    let mut predicted: Vec<Vec<f64>> =
        observations.iter().map(|observation| observation.predicted.clone()).collect();
    let mut outcomes = Vec::with_capacity(observations.len());
    for (number, observation) in observations.iter().enumerate() {
        let prior = predicted[number].clone();
        let variance = covariance(&prior, &prior);
        let (outcome, moved) = moves(observation, &prior, variance, settings.reject_sigmas);
        outcomes.push(outcome);
        let Some(moved) = moved.filter(|_| 0.0 < variance) else { continue };
        for (variable, row) in states.rows_mut().enumerate() {
            let weight = taper(number, Target::Variable(variable)).clamp(0.0, 1.0);
            pass_on(row, &prior, &moved, weight / variance);
        }
        for (other, row) in predicted.iter_mut().enumerate() {
            let weight = if other == number {
                1.0
            } else {
                taper(number, Target::Observation(other)).clamp(0.0, 1.0)
            };
            pass_on(row, &prior, &moved, weight / variance);
        }
    }
    for (row, before) in states.rows_mut().zip(before) {
        relax(row, before, settings.relaxation);
    }
    Ok(Analysis { outcomes, predicted })
}

fn check(
    members: usize,
    observations: &[Observation],
    settings: &Settings,
) -> Result<(), BasinError> {
    if !(0.0..=1.0).contains(&settings.relaxation) {
        let value = settings.relaxation;
        return Err(BasinError::Setting { what: "relaxation", value, expected: "0 to 1" });
    }
    if settings.reject_sigmas.is_nan() || settings.reject_sigmas <= 0.0 {
        let value = settings.reject_sigmas;
        return Err(BasinError::Setting { what: "reject_sigmas", value, expected: "above 0" });
    }
    for (index, observation) in observations.iter().enumerate() {
        let (expected, found) = (members, observation.predicted.len());
        if found != expected {
            return Err(BasinError::Count { what: "predictions of members", expected, found });
        }
        let (Observed::Exact(value) | Observed::AtMost(value)) = observation.observed;
        let numbers = observation.predicted.iter().chain([&value]);
        if !numbers.into_iter().all(|number| number.is_finite()) {
            return Err(BasinError::Broken { what: "observation", index });
        }
        if !(observation.sigma.is_finite() && 0.0 < observation.sigma) {
            let expected = "a standard deviation above 0";
            return Err(BasinError::Item { what: "observation", index, expected });
        }
    }
    Ok(())
}

/// What becomes of an observation, and how far each member's prediction moves.
fn moves(
    observation: &Observation,
    prior: &[f64],
    variance: f64,
    reject_sigmas: f64,
) -> (Outcome, Option<Vec<f64>>) {
    let noise = observation.sigma * observation.sigma;
    let gain = variance / (variance + noise);
    let centre = mean(prior);
    let (Observed::Exact(level) | Observed::AtMost(level)) = observation.observed;
    let innovation = level - centre;
    let expected = (variance + noise).sqrt();
    let is_bound = matches!(observation.observed, Observed::AtMost(_));
    if is_bound && prior.iter().all(|value| *value <= level) {
        return (Outcome::Agreed, None);
    }
    let distance = if is_bound { (-innovation).max(0.0) } else { innovation.abs() };
    if reject_sigmas * expected < distance {
        return (Outcome::Rejected { innovation, expected }, None);
    }
    let moved = if is_bound {
        prior.iter().map(|value| gain * (level - value).min(0.0)).collect()
    } else {
        // The square root of the variance that is left, as a share of the deviation.
        let shrinkage = gain / (1.0 + (noise / (variance + noise)).sqrt());
        prior.iter().map(|value| gain * innovation - shrinkage * (value - centre)).collect()
    };
    (Outcome::Used { innovation, spread: variance.sqrt() }, Some(moved))
}

/// Moves a row of members by its regression on the observation.
fn pass_on(row: &mut [f64], prior: &[f64], moved: &[f64], weight_over_variance: f64) {
    if weight_over_variance <= 0.0 {
        return;
    }
    let slope = covariance(row, prior) * weight_over_variance;
    for (value, moved) in row.iter_mut().zip(moved) {
        *value += slope * moved;
    }
}

/// Gives back a share of the spread that was lost.
fn relax(row: &mut [f64], before: f64, share: f64) {
    let after = covariance(row, row).sqrt();
    if before <= after || after <= 0.0 {
        return;
    }
    let (centre, factor) = (mean(row), 1.0 + share * (before - after) / after);
    for value in row {
        *value = centre + factor * (*value - centre);
    }
}
