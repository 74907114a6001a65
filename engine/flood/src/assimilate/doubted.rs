//! How far a gauge is believed of a model that keeps differing from it.

/// Shares of the square of an error that 95 % of means of one to six such squares do not exceed
/// (chi-square distribution, by the number of errors over that number).
const ALLOWED: [f64; 6] = [3.84, 3.00, 2.60, 2.37, 2.21, 2.10];

/// Standard deviation of an observation, in its unit, for a gauge at which the members were wrong
/// by `errors` (observed minus their middle, before they were corrected; the newest last) and
/// differ by `spread` now. `sigma` is what is taken while the errors are as large as these two say.
///
/// Members that keep being wrong by more have a fault that they do not share out among themselves:
/// a section, a datum, a rating. What is beyond is put to the account of the observation, so that
/// the filter does not pour water into a river until its level fits; the error is carried on as one
/// of the level instead. At most the last six errors count.
///
/// Source: after Desroziers, G. et al. (2005), Diagnosis of observation, background and analysis
/// error statistics in observation space, Quarterly Journal of the Royal Meteorological Society
/// 131, 3385-3396: mean square of innovation = variance of members + variance of observation.
#[must_use]
pub fn believed_sigma(sigma: f64, spread: f64, errors: &[f64]) -> f64 {
    let recent = &errors[errors.len().saturating_sub(ALLOWED.len())..];
    let Some(allowed) = recent.len().checked_sub(1).map(|place| ALLOWED[place]) else {
        return sigma;
    };
    let square = recent.iter().map(|error| error * error).sum::<f64>() / recent.len() as f64;
    let beyond = square - allowed * (sigma * sigma + spread * spread);
    if beyond.is_finite() { sigma.hypot(beyond.max(0.0).sqrt()) } else { sigma }
}
