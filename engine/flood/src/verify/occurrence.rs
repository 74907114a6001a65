//! Scores of whether something happened.

/// Forecasts of an occurrence against what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contingency {
    /// Forecast, and happened.
    pub hits: u64,
    /// Not forecast, but happened.
    pub misses: u64,
    /// Forecast, but did not happen.
    pub false_alarms: u64,
    /// Neither.
    pub correct_rejections: u64,
}

impl Contingency {
    /// Counts pairs of levels that have reached `threshold`; a pair with a `NaN` is left out.
    ///
    /// ```
    /// use jomo_flood::verify::Contingency;
    /// let table = Contingency::of(&[2.0, 2.0, 1.0, 1.0], &[2.0, 1.0, 2.0, f64::NAN], 2.0);
    /// assert_eq!((table.hits, table.misses, table.false_alarms), (1, 1, 1));
    /// assert_eq!(table.critical_success(), Some(1.0 / 3.0));
    /// ```
    #[must_use]
    pub fn of(forecast: &[f64], observed: &[f64], threshold: f64) -> Self {
        let mut table = Self::default();
        for (forecast, observed) in forecast.iter().zip(observed) {
            if forecast.is_nan() || observed.is_nan() {
                continue;
            }
            let cell = match (threshold <= *forecast, threshold <= *observed) {
                (true, true) => &mut table.hits,
                (false, true) => &mut table.misses,
                (true, false) => &mut table.false_alarms,
                (false, false) => &mut table.correct_rejections,
            };
            *cell += 1;
        }
        table
    }

    /// Probability of detection: share of the occurrences that were forecast.
    #[must_use]
    pub fn detection(&self) -> Option<f64> {
        share(self.hits, self.misses)
    }

    /// False-alarm ratio: share of the forecasts after which nothing happened.
    #[must_use]
    pub fn false_alarm_ratio(&self) -> Option<f64> {
        share(self.false_alarms, self.hits)
    }

    /// Critical success index (threat score): hits among all that was forecast or happened.
    #[must_use]
    pub fn critical_success(&self) -> Option<f64> {
        share(self.hits, self.misses.saturating_add(self.false_alarms))
    }
}

/// `part` of `part + rest`.
fn share(part: u64, rest: u64) -> Option<f64> {
    let whole = part as f64 + rest as f64;
    (0.0 < whole).then(|| part as f64 / whole)
}

/// Brier score: mean square of probability minus outcome (1 if it happened); 0 is perfect, a
/// constant 0.5 gives 0.25. A `NaN` probability is left out; `None` if any other is not between 0
/// and 1, as then none of them can be trusted.
///
/// Source: Brier, G. W. (1950), Verification of forecasts expressed in terms of probability,
/// Monthly Weather Review 78(1), 1-3 (here the half of it, for occurrences of two outcomes).
#[must_use]
pub fn brier(probability: &[f64], happened: &[bool]) -> Option<f64> {
    let mut sum = 0.0;
    let mut count = 0_usize;
    for (probability, happened) in probability.iter().zip(happened) {
        if probability.is_nan() {
            continue;
        }
        if !(0.0..=1.0).contains(probability) {
            return None;
        }
        let error = probability - f64::from(u8::from(*happened));
        sum += error * error;
        count += 1;
    }
    (0 < count).then(|| sum / count as f64)
}
