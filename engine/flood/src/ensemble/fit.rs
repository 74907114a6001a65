//! Dressing fitted to readings of earlier events, lead by lead.
//!
//! Three numbers a lead, each by what it is for: the share of the error that is carried on by least
//! squares; the spread so that the band holds as many of the readings as it says; the share of the
//! members' deviations by the continuous ranked probability score among the choices that do. A fit
//! by likelihood alone makes the band too wide, because errors are of many sizes: the few large
//! ones of rising rivers set the spread of all.

use super::dressing::{Heard, LeadDressing, SPREAD_MAX_M};
use super::mixture::Mixture;

/// Fewest forecasts with a reading at the lead. The share inside a band of 90 % is then known to
/// 3 %, were they independent.
pub const CASES_MIN: usize = 100;
/// Share of the readings that the fitted band holds.
const HELD: f64 = 0.9;
/// Shares of the members' deviations that are tried.
const SHARES: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
/// Least spread in m: the resolution of a gauge, 1 cm, as a rounding error.
const SPREAD_MIN_M: f64 = 0.003;
/// Halvings of the search for a spread: from between 3 mm and 20 m to a thousandth of itself.
const HALVINGS: u32 = 14;

/// A forecast of an earlier event at one lead, and what the gauge then read. Levels in m.
#[derive(Clone, Copy, Debug)]
pub struct Earlier<'a> {
    /// Members when the forecast was made, after readings were brought in.
    pub now_m: &'a [f64],
    /// What the gauge said then.
    pub heard: Heard,
    /// The same members at the lead.
    pub then_m: &'a [f64],
    /// What the gauge read at the lead.
    pub reading_m: f64,
}

impl Earlier<'_> {
    fn is_sound(&self) -> bool {
        let heard_m = match self.heard {
            Heard::Level(level_m) | Heard::Silent(level_m) => level_m,
            Heard::Nothing => 0.0,
        };
        let mut numbers = self.now_m.iter().chain(self.then_m).chain([&self.reading_m, &heard_m]);
        !self.then_m.is_empty()
            && self.now_m.len() == self.then_m.len()
            && numbers.all(|number| number.is_finite())
    }

    fn mean_error_m(&self) -> f64 {
        let sum: f64 = self.now_m.iter().map(|now| self.heard.error_m(*now)).sum();
        sum / self.now_m.len() as f64
    }
}

/// Fits one lead. `sigma_m` is the standard deviation of a reading: it is part of what a reading
/// differs by, and is not counted into the spread of the level.
///
/// `None` with fewer than [`CASES_MIN`] forecasts for which something was heard, with a number that
/// is not finite, or with members that are not the same now and then. The same forecasts in the
/// same order give the same bits.
#[must_use]
pub fn fit(lead_h: f64, earlier: &[Earlier<'_>], sigma_m: f64) -> Option<LeadDressing> {
    let known: Vec<&Earlier<'_>> =
        earlier.iter().filter(|one| one.heard != Heard::Nothing).collect();
    let is_sound = CASES_MIN <= known.len() && known.iter().all(|one| one.is_sound());
    if !(is_sound && lead_h.is_finite() && sigma_m.is_finite() && 0.0 <= sigma_m) {
        return None;
    }
    let kept = kept(&known);
    let mut best: Option<(f64, LeadDressing)> = None;
    for share in SHARES {
        let at = LeadDressing { lead_h, kept, share, spread_m: SPREAD_MIN_M };
        let forecasts: Vec<(Vec<f64>, f64)> = known
            .iter()
            .map(|one| (at.carried(one.now_m, one.heard, one.then_m), one.reading_m))
            .collect();
        let spread_m = spread_that_holds(&forecasts, sigma_m)?;
        let score = mean_crps(&forecasts, spread_m.hypot(sigma_m))?;
        if best.is_none_or(|(least, _)| score < least) {
            best = Some((score, LeadDressing { spread_m, ..at }));
        }
    }
    best.map(|(_, at)| at)
}

/// Share of the error that is there at the lead, by least squares of the members' means.
fn kept(earlier: &[&Earlier<'_>]) -> f64 {
    let (mut both, mut square) = (0.0, 0.0);
    for one in earlier {
        let error = one.mean_error_m();
        let mean = one.then_m.iter().sum::<f64>() / one.then_m.len() as f64;
        both += error * (one.reading_m - mean);
        square += error * error;
    }
    if 0.0 < square { (both / square).clamp(0.0, 1.0) } else { 0.0 }
}

/// The least spread with which the band from 5 to 95 % holds 90 % of the readings.
fn spread_that_holds(forecasts: &[(Vec<f64>, f64)], sigma_m: f64) -> Option<f64> {
    let tail = 0.5 * (1.0 - HELD);
    let enough = HELD * forecasts.len() as f64;
    let holds = |spread_m: f64| {
        let mut inside = 0_u32;
        for (levels, reading_m) in forecasts {
            let above = Mixture::new(levels, spread_m.hypot(sigma_m))?.exceedance(*reading_m);
            inside += u32::from((tail..=1.0 - tail).contains(&above));
        }
        Some(enough <= f64::from(inside))
    };
    let (mut low, mut high) = (SPREAD_MIN_M.ln(), SPREAD_MAX_M.ln());
    if holds(SPREAD_MIN_M)? {
        return Some(SPREAD_MIN_M);
    }
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if holds(middle.exp())? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high.exp().min(SPREAD_MAX_M))
}

fn mean_crps(forecasts: &[(Vec<f64>, f64)], spread_m: f64) -> Option<f64> {
    let mut sum = 0.0;
    for (levels, reading_m) in forecasts {
        sum += Mixture::new(levels, spread_m)?.crps(*reading_m);
    }
    Some(sum / forecasts.len() as f64)
}
