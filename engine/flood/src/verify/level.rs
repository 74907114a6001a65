//! Scores of levels.

use std::collections::BTreeMap;

/// The pairs that are whole.
fn pairs(forecast: &[f64], observed: &[f64]) -> Vec<[f64; 2]> {
    let both = forecast.iter().zip(observed).map(|(forecast, observed)| [*forecast, *observed]);
    both.filter(|pair| pair.iter().all(|value| value.is_finite())).collect()
}

/// Mean of a quantity of each pair; `None` without pairs.
fn mean_of(pairs: &[[f64; 2]], quantity: impl Fn([f64; 2]) -> f64) -> Option<f64> {
    let sum: f64 = pairs.iter().map(|pair| quantity(*pair)).sum();
    (!pairs.is_empty()).then(|| sum / pairs.len() as f64)
}

/// Root mean square error, in the unit of the values.
#[must_use]
pub fn rmse(forecast: &[f64], observed: &[f64]) -> Option<f64> {
    mean_of(&pairs(forecast, observed), |[f, o]| (f - o) * (f - o)).map(f64::sqrt)
}

/// Mean absolute error, in the unit of the values.
#[must_use]
pub fn mae(forecast: &[f64], observed: &[f64]) -> Option<f64> {
    mean_of(&pairs(forecast, observed), |[f, o]| (f - o).abs())
}

/// Mean error, forecast minus observed, in the unit of the values.
#[must_use]
pub fn bias(forecast: &[f64], observed: &[f64]) -> Option<f64> {
    mean_of(&pairs(forecast, observed), |[f, o]| f - o)
}

/// Nash-Sutcliffe efficiency: 1 for a perfect forecast, 0 for one no better than the mean of the
/// observations, without lower bound. `None` if the observations do not differ.
///
/// ```
/// // Errors 1, 0, -1 against deviations -1, 0, 1: 1 - 2 / 2.
/// assert_eq!(jomo_flood::verify::nse(&[2.0, 2.0, 2.0], &[1.0, 2.0, 3.0]), Some(0.0));
/// ```
///
/// Source: Nash, J. E. and Sutcliffe, J. V. (1970), River flow forecasting through conceptual
/// models part I, Journal of Hydrology 10(3), 282-290.
#[must_use]
pub fn nse(forecast: &[f64], observed: &[f64]) -> Option<f64> {
    let pairs = pairs(forecast, observed);
    let mean = mean_of(&pairs, |[_, o]| o)?;
    let variance = mean_of(&pairs, |[_, o]| (o - mean) * (o - mean))?;
    let error = mean_of(&pairs, |[f, o]| (f - o) * (f - o))?;
    (0.0 < variance).then(|| 1.0 - error / variance)
}

/// The Kling-Gupta efficiency and its three parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Efficiency {
    /// `1 - sqrt((correlation - 1)² + (variability - 1)² + (ratio - 1)²)`; 1 is perfect.
    pub kge: f64,
    /// Pearson's correlation.
    pub correlation: f64,
    /// Standard deviation of the forecasts over that of the observations.
    pub variability: f64,
    /// Mean of the forecasts over that of the observations.
    pub ratio: f64,
}

/// Kling-Gupta efficiency. `None` if forecasts or observations do not differ, or the mean of the
/// observations is 0.
///
/// The ratio of means depends on what levels are measured from: give discharge, or height above a
/// level that means something at that gauge, never levels above a datum.
///
/// Source: Gupta, H. V., Kling, H., Yilmaz, K. K. and Martinez, G. F. (2009), Decomposition of the
/// mean squared error and NSE performance criteria, Journal of Hydrology 377, 80-91.
#[must_use]
pub fn kge(forecast: &[f64], observed: &[f64]) -> Option<Efficiency> {
    let pairs = pairs(forecast, observed);
    let (forecast_mean, observed_mean) =
        (mean_of(&pairs, |[f, _]| f)?, mean_of(&pairs, |[_, o]| o)?);
    let deviation = |[f, o]: [f64; 2]| [f - forecast_mean, o - observed_mean];
    let forecast_variance = mean_of(&pairs, |pair| deviation(pair)[0].powi(2))?;
    let observed_variance = mean_of(&pairs, |pair| deviation(pair)[1].powi(2))?;
    let covariance = mean_of(&pairs, |pair| deviation(pair)[0] * deviation(pair)[1])?;
    if forecast_variance <= 0.0 || observed_variance <= 0.0 || observed_mean.abs() <= 0.0 {
        return None;
    }
    let correlation = covariance / (forecast_variance.sqrt() * observed_variance.sqrt());
    let variability = (forecast_variance / observed_variance).sqrt();
    let ratio = forecast_mean / observed_mean;
    let away = [correlation, variability, ratio].map(|part| (part - 1.0) * (part - 1.0));
    let kge = 1.0 - away.iter().sum::<f64>().sqrt();
    Some(Efficiency { kge, correlation, variability, ratio })
}

/// Errors of the forecasts of one lead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeadScore {
    /// Pairs that are whole.
    pub count: usize,
    /// Root mean square error.
    pub rmse: f64,
    /// Mean absolute error.
    pub mae: f64,
}

/// Errors by lead in minutes; a lead without a whole pair is not in it.
#[must_use]
pub fn by_lead(leads_min: &[u32], forecast: &[f64], observed: &[f64]) -> BTreeMap<u32, LeadScore> {
    let mut lists: BTreeMap<u32, [Vec<f64>; 2]> = BTreeMap::new();
    for ((lead, forecast), observed) in leads_min.iter().zip(forecast).zip(observed) {
        let [forecasts, observations] = lists.entry(*lead).or_default();
        forecasts.push(*forecast);
        observations.push(*observed);
    }
    let score = |[forecast, observed]: [Vec<f64>; 2]| {
        let count = pairs(&forecast, &observed).len();
        Some(LeadScore {
            count,
            rmse: rmse(&forecast, &observed)?,
            mae: mae(&forecast, &observed)?,
        })
    };
    lists.into_iter().filter_map(|(lead, lists)| Some((lead, score(lists)?))).collect()
}

/// Share of the observations inside their bands `[low, high]`, bounds included. A 90 % band that
/// is right covers 0.9. A band with a bound missing is left out, one turned round covers nothing.
#[must_use]
pub fn coverage(bands: &[[f64; 2]], observed: &[f64]) -> Option<f64> {
    let mut covered = 0_usize;
    let mut count = 0_usize;
    for ([low, high], observed) in bands.iter().zip(observed) {
        if low.is_nan() || high.is_nan() || observed.is_nan() {
            continue;
        }
        count += 1;
        covered += usize::from(low <= observed && observed <= high);
    }
    (0 < count).then(|| covered as f64 / count as f64)
}
