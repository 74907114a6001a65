//! Two opinions of one level: what the members say, and what the gauge says by itself.

use super::mixture::Mixture;

/// Least spread in m: the resolution of a gauge, 1 cm, as a rounding error.
const SPREAD_MIN_M: f64 = 0.003;

/// Members with the standard deviation of a model's error, and a level with its own.
///
/// A model errs by `model_m` in all; what its members differ by is part of that, and the rest is
/// put about each. With a level `alone = [level, standard deviation]` known from the gauge itself,
/// each member is drawn to it by the weights of the two variances (Bates and Granger 1969). The
/// spread takes the two errors as going together, not as cancelling, and adds how far the two are
/// apart: where they contradict each other, the answer is wide.
///
/// `None` where [`Mixture::new`] refuses, or a standard deviation is none.
///
/// Source: Bates, J. M. and Granger, C. W. J. (1969), The combination of forecasts, Operational
/// Research Quarterly 20, 451-468.
#[must_use]
pub fn joined(members_m: &[f64], model_m: f64, alone: Option<[f64; 2]>) -> Option<Mixture> {
    let count = members_m.len() as f64;
    let mean = members_m.iter().sum::<f64>() / count;
    let variance = members_m.iter().map(|member| (member - mean).powi(2)).sum::<f64>() / count;
    if !(variance.is_finite() && 0.0 <= model_m) {
        return None;
    }
    let rest_m = (model_m * model_m - variance).max(0.0).sqrt().max(SPREAD_MIN_M);
    let Some([level_m, doubt_m]) = alone else { return Mixture::new(members_m, rest_m) };
    let (of_model, of_gauge) = (variance.max(model_m * model_m), doubt_m * doubt_m);
    let both = of_model + of_gauge;
    if !(0.0 < both && 0.0 <= doubt_m) {
        return None;
    }
    let weight = of_gauge / both;
    let levels: Vec<f64> =
        members_m.iter().map(|member| level_m + weight * (member - level_m)).collect();
    let spread_m = (1.0 - weight) * doubt_m + weight * rest_m;
    let apart_m = (weight * (1.0 - weight)).sqrt() * (mean - level_m);
    Mixture::new(&levels, spread_m.hypot(apart_m).max(SPREAD_MIN_M))
}
