//! Sums over cases from which every score follows: those of two sets of cases add up.

use super::hindcast::{Case, Chance};
use super::occurrence::Contingency;

/// Sums over cases.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    count: f64,
    forecast: f64,
    observed: f64,
    forecast_forecast: f64,
    observed_observed: f64,
    forecast_observed: f64,
    error_size: f64,
    bands: f64,
    inside_80: f64,
    inside_90: f64,
    width_90: f64,
    /// Against the level at the time of the forecast.
    pub(super) persistence: Against,
    /// Against the gauge's own past.
    pub(super) autoregression: Against,
    /// Of the danger and the overflow level.
    pub(super) chances: [Chances; 2],
}

impl Sums {
    /// Of one case; `shares` are those of [`Fit::shares`].
    pub(super) fn of(case: &Case, shares: [f64; 2], lead_h: f64) -> Self {
        let mut sums = Self { chances: case.chances.map(Chances::of), ..Self::default() };
        let [p05, p10, p50, p90, p95] = case.quantiles_m;
        let [f, o] = [p50, case.observed_m].map(|level| level - case.base_m);
        if !(f.is_finite() && o.is_finite()) {
            return sums;
        }
        sums.count = 1.0;
        sums.forecast = f;
        sums.observed = o;
        sums.forecast_forecast = f * f;
        sums.observed_observed = o * o;
        sums.forecast_observed = f * o;
        sums.error_size = (f - o).abs();
        if [p05, p10, p90, p95].into_iter().all(f64::is_finite) {
            let inside = |[low, high]: [f64; 2]| {
                f64::from(u8::from(low <= case.observed_m && case.observed_m <= high))
            };
            sums.bands = 1.0;
            sums.inside_80 = inside([p10, p90]);
            sums.inside_90 = inside([p05, p95]);
            sums.width_90 = p95 - p05;
        }
        let now = case.now_m - case.base_m;
        sums.persistence = Against::of(f, now, o);
        let carried = shares[0] * case.rise_m_h * lead_h + shares[1] * now * lead_h;
        sums.autoregression = Against::of(f, now + carried, o);
        sums
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        Self {
            count: self.count + other.count,
            forecast: self.forecast + other.forecast,
            observed: self.observed + other.observed,
            forecast_forecast: self.forecast_forecast + other.forecast_forecast,
            observed_observed: self.observed_observed + other.observed_observed,
            forecast_observed: self.forecast_observed + other.forecast_observed,
            error_size: self.error_size + other.error_size,
            bands: self.bands + other.bands,
            inside_80: self.inside_80 + other.inside_80,
            inside_90: self.inside_90 + other.inside_90,
            width_90: self.width_90 + other.width_90,
            persistence: self.persistence.plus(&other.persistence),
            autoregression: self.autoregression.plus(&other.autoregression),
            chances: [
                self.chances[0].plus(&other.chances[0]),
                self.chances[1].plus(&other.chances[1]),
            ],
        }
    }

    /// Whether nothing can be said.
    pub(super) fn is_empty(&self) -> bool {
        self.count <= 0.0 && self.chances.iter().all(|chances| chances.cases() == 0)
    }

    /// Cases with a level on both sides.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of cases, far below 2^53"
    )]
    pub(super) fn levels(&self) -> u64 {
        self.count as u64
    }

    /// Mean of a sum; `None` without cases.
    fn mean(&self, sum: f64) -> Option<f64> {
        (0.0 < self.count).then(|| sum / self.count)
    }

    fn square(&self) -> f64 {
        self.forecast_forecast - 2.0 * self.forecast_observed + self.observed_observed
    }

    pub(super) fn rmse(&self) -> Option<f64> {
        self.mean(self.square()).map(|square| square.max(0.0).sqrt())
    }

    pub(super) fn mae(&self) -> Option<f64> {
        self.mean(self.error_size)
    }

    pub(super) fn bias(&self) -> Option<f64> {
        self.mean(self.forecast - self.observed)
    }

    /// Variances of forecasts and observations, and their covariance.
    fn variances(&self) -> Option<[f64; 3]> {
        let [f, o] = [self.mean(self.forecast)?, self.mean(self.observed)?];
        Some([
            self.mean(self.forecast_forecast)? - f * f,
            self.mean(self.observed_observed)? - o * o,
            self.mean(self.forecast_observed)? - f * o,
        ])
    }

    /// Nash-Sutcliffe efficiency of heights.
    pub(super) fn nse(&self) -> Option<f64> {
        let [_, observed, _] = self.variances()?;
        let error = self.mean(self.square())?;
        // What is left of equal numbers by rounding is no variance.
        (1e-12 < observed).then(|| 1.0 - error / observed)
    }

    /// Kling-Gupta efficiency of heights.
    pub(super) fn kge(&self) -> Option<f64> {
        let [forecast, observed, both] = self.variances()?;
        let [f, o] = [self.mean(self.forecast)?, self.mean(self.observed)?];
        if forecast <= 1e-12 || observed <= 1e-12 || o.abs() <= 1e-12 {
            return None;
        }
        let parts = [both / (forecast * observed).sqrt(), (forecast / observed).sqrt(), f / o];
        Some(1.0 - parts.map(|part| (part - 1.0) * (part - 1.0)).iter().sum::<f64>().sqrt())
    }

    /// Of the cases with bands.
    fn share(&self, sum: f64) -> Option<f64> {
        (0.0 < self.bands).then(|| sum / self.bands)
    }

    pub(super) fn cover_80(&self) -> Option<f64> {
        self.share(self.inside_80)
    }

    pub(super) fn cover_90(&self) -> Option<f64> {
        self.share(self.inside_90)
    }

    pub(super) fn width_90(&self) -> Option<f64> {
        self.share(self.width_90)
    }
}

/// Errors of a forecast and of another one, over the cases that both have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Against {
    count: f64,
    own_square: f64,
    own_size: f64,
    other_square: f64,
    other_size: f64,
}

impl Against {
    fn of(own: f64, other: f64, observed: f64) -> Self {
        if !other.is_finite() {
            return Self::default();
        }
        let (own, other) = (own - observed, other - observed);
        Self {
            count: 1.0,
            own_square: own * own,
            own_size: own.abs(),
            other_square: other * other,
            other_size: other.abs(),
        }
    }

    fn plus(&self, other: &Self) -> Self {
        Self {
            count: self.count + other.count,
            own_square: self.own_square + other.own_square,
            own_size: self.own_size + other.own_size,
            other_square: self.other_square + other.other_square,
            other_size: self.other_size + other.other_size,
        }
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        (0.0 < self.count).then(|| sum / self.count)
    }

    pub(super) fn other_rmse(&self) -> Option<f64> {
        self.mean(self.other_square).map(f64::sqrt)
    }

    pub(super) fn other_mae(&self) -> Option<f64> {
        self.mean(self.other_size)
    }

    pub(super) fn rmse_gain(&self) -> Option<f64> {
        Some(self.other_rmse()? - self.mean(self.own_square)?.sqrt())
    }

    pub(super) fn mae_gain(&self) -> Option<f64> {
        Some(self.other_mae()? - self.mean(self.own_size)?)
    }
}

/// Forecast chances of an occurrence and what happened. An occurrence counts as forecast where its
/// chance is a half or more.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chances {
    square: f64,
    table: Contingency,
}

impl Chances {
    fn of(chance: Chance) -> Self {
        let (Some(probability), Some(happened)) = (chance.probability, chance.happened) else {
            return Self::default();
        };
        if !(0.0..=1.0).contains(&probability) {
            return Self::default();
        }
        let error = probability - f64::from(u8::from(happened));
        let mut table = Contingency::default();
        match (0.5 <= probability, happened) {
            (true, true) => table.hits = 1,
            (false, true) => table.misses = 1,
            (true, false) => table.false_alarms = 1,
            (false, false) => table.correct_rejections = 1,
        }
        Self { square: error * error, table }
    }

    fn plus(&self, other: &Self) -> Self {
        let (a, b) = (&self.table, &other.table);
        let table = Contingency {
            hits: a.hits + b.hits,
            misses: a.misses + b.misses,
            false_alarms: a.false_alarms + b.false_alarms,
            correct_rejections: a.correct_rejections + b.correct_rejections,
        };
        Self { square: self.square + other.square, table }
    }

    /// Cases of which chance and outcome are known.
    #[must_use]
    pub fn cases(&self) -> u64 {
        let Contingency { hits, misses, false_alarms, correct_rejections } = self.table;
        hits + misses + false_alarms + correct_rejections
    }

    /// Forecasts against outcomes.
    #[must_use]
    pub fn table(&self) -> Contingency {
        self.table
    }

    /// Brier score.
    #[must_use]
    pub fn brier(&self) -> Option<f64> {
        let cases = self.cases();
        (0 < cases).then(|| self.square / cases as f64)
    }
}

/// Sums for the shares of a rise and of a height that are there after a lead.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Fit {
    rise_rise: f64,
    rise_height: f64,
    height_height: f64,
    rise_change: f64,
    height_change: f64,
}

impl Fit {
    /// Of cases of one lead.
    pub(super) fn of(cases: &[&Case], lead_h: f64) -> Self {
        let one = |case: &&Case| {
            let rise = case.rise_m_h * lead_h;
            let height = (case.now_m - case.base_m) * lead_h;
            let change = case.observed_m - case.now_m;
            [rise, height, change].into_iter().all(f64::is_finite).then_some(Self {
                rise_rise: rise * rise,
                rise_height: rise * height,
                height_height: height * height,
                rise_change: rise * change,
                height_change: height * change,
            })
        };
        cases.iter().filter_map(one).fold(Self::default(), |sum, one| sum.plus(&one))
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        self.with(other, 1.0)
    }

    pub(super) fn less(&self, other: &Self) -> Self {
        self.with(other, -1.0)
    }

    fn with(&self, other: &Self, sign: f64) -> Self {
        Self {
            rise_rise: self.rise_rise + sign * other.rise_rise,
            rise_height: self.rise_height + sign * other.rise_height,
            height_height: self.height_height + sign * other.height_height,
            rise_change: self.rise_change + sign * other.rise_change,
            height_change: self.height_change + sign * other.height_change,
        }
    }

    /// Shares of rise and height of least squares; zeros, which is persistence, where the sums do
    /// not tell them apart.
    pub(super) fn shares(&self) -> [f64; 2] {
        let determinant = self.rise_rise * self.height_height - self.rise_height * self.rise_height;
        if determinant <= 1e-9 * self.rise_rise * self.height_height || determinant <= 0.0 {
            return [0.0; 2];
        }
        let rise = self.rise_change * self.height_height - self.height_change * self.rise_height;
        let height = self.height_change * self.rise_rise - self.rise_change * self.rise_height;
        [rise / determinant, height / determinant]
    }
}
