//! What an ensemble says: bands, chances, when a level is reached, which members stand for it.
//!
//! The members of a forecast differ in rain, soil and river. What they do not differ in (the error
//! of the model itself, of the gauge, of a section) is added as a Gaussian about each member, its
//! spread fitted to earlier forecasts at the gauge ([`Dressing`], [`fit`]): the answer is a
//! [`Mixture`]. Without that spread it is the members alone.

mod dressing;
mod fit;
mod joined;
mod mixture;

pub use dressing::{Dressing, Heard, LeadDressing};
pub use fit::{CASES_MIN, Earlier, fit};
pub use joined::joined;
pub use mixture::{Bands, Mixture};

use jiff::Timestamp;

/// Leads for which forecasts are fitted and scored, in min: each step of the first hour, then the
/// hours that people ask for, to 36 h.
pub const LEADS_MIN: [u32; 18] =
    [10, 20, 30, 40, 50, 60, 90, 120, 180, 240, 300, 360, 540, 720, 1_080, 1_440, 1_800, 2_160];

/// The quantile of sorted values, linear between them. `None` without values or with a share not
/// between 0 and 1.
///
/// ```
/// use jomo_flood::ensemble::quantile;
/// assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
/// ```
///
/// Source: Hyndman, R. J. and Fan, Y. (1996), Sample quantiles in statistical packages, The
/// American Statistician 50(4), 361-365, type 7.
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    if !(0.0..=1.0).contains(&share) {
        return None;
    }
    let place = share * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of values"
    )]
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    Some(sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64))
}

/// When a series first reaches a threshold: the first valid time at which it is at or above it.
/// `None` if it never is; a value that is missing (`NaN`) reaches nothing.
#[must_use]
pub fn reaches(times: &[Timestamp], values: &[f64], threshold: f64) -> Option<Timestamp> {
    let mut pairs = times.iter().zip(values);
    pairs.find(|(_, value)| threshold <= **value).map(|(time, _)| *time)
}

/// The members nearest to the 10 %, 50 % and 90 % quantile of a quantity, say of the volume that
/// leaves the rivers: those that are computed on the plain. Among equals the lower number; the
/// same member may stand for several. `None` without members or with a value that is `NaN`.
#[must_use]
pub fn representatives(values: &[f64]) -> Option<[usize; 3]> {
    if values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let nearest = |share| {
        let level = quantile(&sorted, share)?;
        let away = |member: &usize| (values[*member] - level).abs();
        (0..values.len()).min_by(|a, b| away(a).total_cmp(&away(b)))
    };
    Some([nearest(0.1)?, nearest(0.5)?, nearest(0.9)?])
}
