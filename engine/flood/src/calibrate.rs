//! Finding the parameters of a model from observations: shuffled complex evolution.
//!
//! Candidates are spread over the whole space by a Latin hypercube. The best points of a few
//! complexes then move by reflections and contractions, each complex on its own, and are shuffled
//! after every round, so that a complex that sits in a hollow is taken out of it by the others.
//!
//! Source: Duan, Q., Sorooshian, S. and Gupta, V. K. (1992), Effective and efficient global
//! optimization for conceptual rainfall-runoff models, Water Resources Research 28(4), 1015-1031.
//!
//! `docs/methods/runoff.md` tells how it is used. Runs of the model go in parallel on the pool of
//! the caller. Each complex draws from a stream of its own, so the same bits come out on any
//! number of threads.
//!
//! ```
//! use jomo_flood::calibrate::{Parameter, Scale, Search, calibrate};
//! let roughness = Parameter { name: "roughness", range: [0.01, 1.0], scale: Scale::Logarithm };
//! let cost = |values: &[f64]| (values[0] / 0.3).ln().powi(2);
//! let found = calibrate(&[roughness], &Search::default(), cost).unwrap();
//! assert!((found.best.values[0] - 0.3).abs() < 1e-3);
//! ```

mod complex;
mod objective;

use rayon::prelude::*;

use crate::basin_error::BasinError;
use crate::verify::Numbers;
use complex::Complex;

pub use objective::{Measure, Record, cost};

/// Most parameters: beyond, no number of runs that a person waits for finds an optimum.
const PARAMETERS_MOST: usize = 32;
/// Most runs of one search.
const RUNS_MOST: u32 = 1_000_000;

/// How a parameter is spread over its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// Evenly in its logarithm: for what is known by its order of magnitude.
    Logarithm,
}

/// A number to be found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, for errors and reports.
    pub name: &'static str,
    /// Least and greatest value.
    pub range: [f64; 2],
    /// How it is spread between them.
    pub scale: Scale,
}

impl Parameter {
    /// The value at a share of the range.
    fn value(&self, share: f64) -> f64 {
        let [low, high] = self.range;
        let value = match self.scale {
            Scale::Linear => low + (high - low) * share,
            Scale::Logarithm => low * (high / low).powf(share),
        };
        value.clamp(low, high)
    }

    fn check(&self) -> Result<(), BasinError> {
        let [low, high] = self.range;
        let least = match self.scale {
            Scale::Linear => f64::NEG_INFINITY,
            Scale::Logarithm => f64::MIN_POSITIVE,
        };
        if low.is_finite() && high.is_finite() && least <= low && low < high {
            return Ok(());
        }
        let expected = "a range that rises, above 0 for a logarithm";
        Err(BasinError::Setting { what: self.name, value: low, expected })
    }
}

/// How long and how widely to search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// Of the random numbers; the same seed finds the same.
    pub seed: u64,
    /// Number of complexes, each of two points more than twice the parameters less one; more find
    /// an optimum among many more surely, and run on more threads.
    pub complexes: u32,
    /// No new round begins after this many runs of the model.
    pub runs: u32,
    /// Stops when all points lie within this share of every range.
    pub closeness: f64,
}

impl Default for Search {
    /// Four complexes, at most 4,000 runs, within a ten-thousandth of every range.
    fn default() -> Self {
        Self { seed: 1, complexes: 4, runs: 4_000, closeness: 1e-4 }
    }
}

impl Search {
    fn check(&self) -> Result<(), BasinError> {
        if !(1..=1_000).contains(&self.complexes) {
            let (what, value) = ("complexes", f64::from(self.complexes));
            return Err(BasinError::Setting { what, value, expected: "1 to 1000" });
        }
        if !(1..=RUNS_MOST).contains(&self.runs) {
            let (what, value) = ("runs", f64::from(self.runs));
            return Err(BasinError::Setting { what, value, expected: "1 to 1000000" });
        }
        if !(0.0..=1.0).contains(&self.closeness) {
            let (what, value) = ("closeness", self.closeness);
            return Err(BasinError::Setting { what, value, expected: "0 to 1" });
        }
        Ok(())
    }
}

/// A set of parameters and what it costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Values in the order of the parameters.
    pub values: Vec<f64>,
    /// What the model was given for them; infinite where it gave no number.
    pub cost: f64,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All points lie close together.
    Close,
    /// The runs are used up.
    Runs,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The best set.
    pub best: Candidate,
    /// All points at the end, the best first: how far they lie apart tells how well each parameter
    /// is known.
    pub last: Vec<Candidate>,
    /// The least cost after the first sample and after each round.
    pub history: Vec<f64>,
    /// Runs of the model.
    pub runs: u32,
    /// Why it ended.
    pub end: End,
}

/// A point of the unit cube and its cost.
#[derive(Clone, Debug)]
struct Point {
    shares: Vec<f64>,
    cost: f64,
}

/// Searches for the parameters of least `cost`. The cost gets values in the order of the
/// parameters; one that is not a number counts as infinite.
///
/// # Errors
/// No parameter or more than 32, a range that does not rise, a search out of its range.
pub fn calibrate(
    parameters: &[Parameter],
    search: &Search,
    cost: impl Fn(&[f64]) -> f64 + Sync,
) -> Result<Found, BasinError> {
    search.check()?;
    if !(1..=PARAMETERS_MOST).contains(&parameters.len()) {
        let found = parameters.len();
        return Err(BasinError::Count { what: "parameters", expected: PARAMETERS_MOST, found });
    }
    parameters.iter().try_for_each(Parameter::check)?;
    let values = |shares: &[f64]| -> Vec<f64> {
        parameters.iter().zip(shares).map(|(parameter, share)| parameter.value(*share)).collect()
    };
    let run = |shares: &[f64]| {
        let cost = cost(&values(shares));
        if cost.is_nan() { f64::INFINITY } else { cost }
    };
    let size = 2 * parameters.len() + 1;
    let complexes = search.complexes as usize;
    let mut points: Vec<Point> = latin_hypercube(search.seed, size * complexes, parameters.len())
        .into_par_iter()
        .map(|shares| Point { cost: run(&shares), shares })
        .collect();
    let mut runs = u32::try_from(points.len()).unwrap_or(u32::MAX);
    sort(&mut points);
    let mut history = vec![points[0].cost];
    let mut round = 0_u64;
    let end = loop {
        if spread(&points) <= search.closeness {
            break End::Close;
        }
        if search.runs <= runs {
            break End::Runs;
        }
        round += 1;
        let evolved: Vec<Complex> = deal(&points, complexes)
            .into_par_iter()
            .enumerate()
            .map(|(index, points)| {
                let stream = stream(search.seed, [round, index as u64]);
                Complex::new(points, stream).evolve(&run)
            })
            .collect();
        runs = evolved.iter().fold(runs, |sum, complex| sum.saturating_add(complex.runs()));
        points = evolved.into_iter().flat_map(Complex::into_points).collect();
        sort(&mut points);
        history.push(points[0].cost);
    };
    let last: Vec<Candidate> = points
        .iter()
        .map(|point| Candidate { values: values(&point.shares), cost: point.cost })
        .collect();
    Ok(Found { best: last[0].clone(), last, history, runs, end })
}

/// Points such that of equal slices of every range each holds one (`McKay`, Beckman and
/// Conover 1979, Technometrics 21(2)).
fn latin_hypercube(seed: u64, count: usize, parameters: usize) -> Vec<Vec<f64>> {
    let mut points = vec![vec![0.0; parameters]; count];
    for parameter in 0..parameters {
        let mut random = stream(seed, [0, parameter as u64]);
        let mut slices: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            slices.swap(last, random.below(last + 1));
        }
        for (point, slice) in points.iter_mut().zip(slices) {
            point[parameter] = (slice as f64 + random.unit()) / count as f64;
        }
    }
    points
}

/// Random numbers of their own for each pair of marks.
fn stream(seed: u64, marks: [u64; 2]) -> Numbers {
    marks.into_iter().fold(Numbers::new(seed), |mut numbers, mark| {
        Numbers::new(numbers.next() ^ mark.wrapping_mul(0xd6e8_feb8_6659_fd93))
    })
}

/// Best first; of equals the one that came first.
fn sort(points: &mut [Point]) {
    points.sort_by(|a, b| a.cost.total_cmp(&b.cost));
}

/// Deals sorted points to the complexes as cards are dealt.
fn deal(points: &[Point], complexes: usize) -> Vec<Vec<Point>> {
    (0..complexes)
        .map(|first| points.iter().skip(first).step_by(complexes).cloned().collect())
        .collect()
}

/// The greatest distance between points along any range.
fn spread(points: &[Point]) -> f64 {
    let parameters = points.first().map_or(0, |point| point.shares.len());
    (0..parameters)
        .map(|parameter| {
            let shares = points.iter().map(|point| point.shares[parameter]);
            let (low, high) =
                shares.fold((f64::INFINITY, 0.0_f64), |(low, high), x| (low.min(x), high.max(x)));
            high - low
        })
        .fold(0.0, f64::max)
}
