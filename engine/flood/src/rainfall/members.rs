//! Members of an ensemble: how wrong the rain of a forecast may be.

use crate::basin_error::BasinError;
use crate::verify::Numbers;

/// Distance in h between two values of a member's series of errors.
const KNOT_H: f64 = 1.0 / 6.0;
/// Values of that series: two days; the last one holds beyond.
const KNOTS: usize = 288;
/// Draws farther out than this are cut, which takes 1.1 % off the standard deviation: a member is
/// a possible forecast, not an accident.
const FARTHEST: f64 = 2.5;

/// How far the rain of members spreads.
///
/// A standard deviation grows with the lead time `t` from 0 towards its greatest value `m` as
/// `m (1 - exp(-g t / m))`, `g` being its growth at first. The default values are assumptions, to
/// be replaced by those of the site's own verification.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// How many older reference times of forecasts members may use instead of the newest.
    pub lags: u32,
    /// Growth of the error of place at first, in km/h, east and north each.
    pub shift_km_per_h: f64,
    /// Greatest standard deviation of place, in km.
    pub shift_most_km: f64,
    /// Growth of the error of the logarithm of the rate at first, in 1/h.
    pub log_per_h: f64,
    /// Its greatest standard deviation.
    pub log_most: f64,
    /// Time in h after which errors of the rate are correlated by 1/e.
    pub memory_h: f64,
    /// Standard deviation of the logarithm of observed rain, one error for all of it.
    pub observed_log: f64,
}

impl Default for Spread {
    fn default() -> Self {
        Self {
            lags: 2,
            shift_km_per_h: 4.0,
            shift_most_km: 20.0,
            log_per_h: 0.2,
            log_most: 0.6,
            memory_h: 3.0,
            observed_log: 0.1,
        }
    }
}

impl Spread {
    /// No spread at all: every member is the forecast.
    pub const NONE: Self = Self {
        lags: 0,
        shift_km_per_h: 0.0,
        shift_most_km: 0.0,
        log_per_h: 0.0,
        log_most: 0.0,
        memory_h: 1.0,
        observed_log: 0.0,
    };

    /// Accepts sound settings.
    ///
    /// # Errors
    /// [`BasinError::Setting`] with the first one out of its range.
    pub fn check(&self) -> Result<(), BasinError> {
        let settings = [
            ("lags", f64::from(self.lags), 100.0, "0 to 100"),
            ("shift_km_per_h", self.shift_km_per_h, 100.0, "0 to 100"),
            ("shift_most_km", self.shift_most_km, 100.0, "0 to 100"),
            ("log_per_h", self.log_per_h, 2.0, "0 to 2"),
            ("log_most", self.log_most, 2.0, "0 to 2"),
            ("observed_log", self.observed_log, 1.0, "0 to 1"),
        ];
        for (what, value, most, expected) in settings {
            if !(0.0 <= value && value <= most) {
                return Err(BasinError::Setting { what, value, expected });
            }
        }
        if !(0.0 < self.memory_h && self.memory_h <= 1_000.0) {
            let (what, value) = ("memory_h", self.memory_h);
            return Err(BasinError::Setting { what, value, expected: "more than 0 to 1000" });
        }
        Ok(())
    }
}

/// What one member makes of the rain.
#[derive(Clone, Debug, PartialEq)]
pub struct Perturbation {
    /// How many of the newest reference times of forecasts it does without.
    pub lag: u32,
    /// Standard normal number for the wetness of the soil, drawn with the rest.
    pub soil: f64,
    /// Standard normal number for the roughness of beds and slopes, drawn with the rest.
    pub roughness: f64,
    towards: [f64; 2],
    observed: f64,
    /// Standard normal series, one value for each [`KNOT_H`] from now on.
    series: Vec<f64>,
    spread: Spread,
}

impl Perturbation {
    /// The forecast itself.
    #[must_use]
    pub fn none() -> Self {
        Self {
            lag: 0,
            soil: 0.0,
            roughness: 0.0,
            towards: [0.0; 2],
            observed: 0.0,
            series: Vec::new(),
            spread: Spread::NONE,
        }
    }

    /// Shift to the east and to the north in km of a forecast made `lead_h` before.
    #[must_use]
    pub fn shift_km(&self, lead_h: f64) -> [f64; 2] {
        let Spread { shift_km_per_h, shift_most_km, .. } = self.spread;
        self.towards.map(|towards| towards * grown(shift_km_per_h, shift_most_km, lead_h))
    }

    /// Factor `ahead_h` after now of a forecast made `lead_h` before; its mean over many members
    /// is 1.
    #[must_use]
    pub fn forecast_factor(&self, lead_h: f64, ahead_h: f64) -> f64 {
        let sigma = grown(self.spread.log_per_h, self.spread.log_most, lead_h);
        let value = self.series.get(knot(ahead_h)).or(self.series.last());
        log_normal(sigma, value.copied().unwrap_or(0.0))
    }

    /// Factor of observed rain.
    #[must_use]
    pub fn observed_factor(&self) -> f64 {
        log_normal(self.spread.observed_log, self.observed)
    }
}

/// Draws `count` members. The first is the forecast itself; a member does not depend on how many
/// there are.
///
/// # Errors
/// As [`Spread::check`].
pub fn members(count: usize, seed: u64, spread: &Spread) -> Result<Vec<Perturbation>, BasinError> {
    spread.check()?;
    let mut seeds = Numbers::new(seed);
    let member = |number: usize| {
        let mut draw = Normal(Numbers::new(seeds.next()));
        if number == 0 { Perturbation::none() } else { drawn(spread, &mut draw) }
    };
    Ok((0..count).map(member).collect())
}

fn drawn(spread: &Spread, draw: &mut Normal) -> Perturbation {
    let lag = u32::try_from(draw.0.below(spread.lags as usize + 1)).unwrap_or(0);
    let [soil, roughness] = [draw.next(), draw.next()];
    let towards = [draw.next(), draw.next()];
    let observed = draw.next();
    let keep = (-KNOT_H / spread.memory_h).exp();
    let renew = (1.0 - keep * keep).sqrt();
    let mut value = draw.next();
    let mut series = Vec::with_capacity(KNOTS);
    for _ in 0..KNOTS {
        series.push(value.clamp(-FARTHEST, FARTHEST));
        value = keep * value + renew * draw.next();
    }
    Perturbation { lag, soil, roughness, towards, observed, series, spread: *spread }
}

/// A standard deviation that begins to grow by `growth` and tends to `most`.
fn grown(growth: f64, most: f64, lead_h: f64) -> f64 {
    if most <= 0.0 { 0.0 } else { most * (1.0 - (-growth * lead_h.max(0.0) / most).exp()) }
}

/// A log-normal factor whose mean is 1; exactly 1 where there is no spread.
fn log_normal(sigma: f64, normal: f64) -> f64 {
    (sigma * normal - 0.5 * sigma * sigma).exp()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
fn knot(ahead_h: f64) -> usize {
    (ahead_h.max(0.0) / KNOT_H) as usize
}

/// Standard normal numbers by the method of Box and Muller (1958), cut at [`FARTHEST`].
struct Normal(Numbers);

impl Normal {
    fn next(&mut self) -> f64 {
        let radius = (-2.0 * self.0.unit().ln()).sqrt();
        let angle = std::f64::consts::TAU * self.0.unit();
        (radius * angle.cos()).clamp(-FARTHEST, FARTHEST)
    }
}
