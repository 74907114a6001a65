//! The error of a model at a gauge, carried into the forecast: it fades with the lead, and doubt
//! grows until it is that of the model without a gauge.
//!
//! An error is observed minus modelled level in m. It is taken for a first-order autoregression in
//! continuous time with mean 0 (an Ornstein-Uhlenbeck process), so that readings may be unevenly
//! spaced: over `t` hours a share `exp(-t / memory)` of it stays.

/// Memories that are tried, in h: from less than the closest readings to a fortnight.
const MEMORY_H: [f64; 2] = [0.05, 336.0];
/// Memories of the first search, evenly spaced in their logarithm; one is 1.08 times the one before.
const TRIED: u32 = 120;
/// Halvings of the second search: the memory is found to a millionth of itself.
const REFINED: u32 = 32;
/// Longest gap over which two errors tell of the memory, in h.
const GAP_H: f64 = 12.0;
/// Fewest pairs of errors for a fit.
const PAIRS_MIN: usize = 10;
/// Least spread in m: the resolution of a gauge, 1 cm, as a rounding error.
const SPREAD_MIN_M: f64 = 0.003;
/// Greatest spread in m that is learned or fitted: no river is less certain.
const SPREAD_MAX_M: f64 = 20.0;

/// How long the error of a model at one gauge lasts, and how large it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorMemory {
    /// Time in h after which a share of 1/e is left.
    pub memory_h: f64,
    /// Standard deviation of the error without a reading, in m.
    pub spread_m: f64,
}

impl ErrorMemory {
    /// The fit of greatest likelihood to errors `[time in h, error in m]` in ascending time; pairs
    /// more than 12 h apart are not used. `None` with fewer than 10 pairs, or where a time does
    /// not rise or a number is not finite.
    #[must_use]
    pub fn fit(errors: &[[f64; 2]]) -> Option<Self> {
        let mut pairs = Vec::new();
        for two in errors.windows(2) {
            let [[from_h, before], [to_h, after]] = [two[0], two[1]];
            let gap_h = to_h - from_h;
            if !(0.0 < gap_h && before.is_finite() && after.is_finite()) {
                return None;
            }
            if gap_h <= GAP_H {
                pairs.push([gap_h, before, after]);
            }
        }
        if pairs.len() < PAIRS_MIN {
            return None;
        }
        let [low, high] = MEMORY_H.map(f64::ln);
        let step = (high - low) / f64::from(TRIED);
        let cost = |log_memory: f64| unlikelihood(&pairs, log_memory.exp());
        let best = (0..=TRIED)
            .map(|n| low + step * f64::from(n))
            .min_by(|a, b| cost(*a).total_cmp(&cost(*b)))?;
        let (mut left, mut right) = ((best - step).max(low), (best + step).min(high));
        for _ in 0..REFINED {
            let third = (right - left) / 3.0;
            if cost(left + third) <= cost(right - third) {
                right -= third;
            } else {
                left += third;
            }
        }
        let memory_h = (0.5 * (left + right)).exp();
        let spread_m = variance(&pairs, memory_h).sqrt().clamp(SPREAD_MIN_M, SPREAD_MAX_M);
        Some(Self { memory_h, spread_m })
    }

    /// What earlier forecasts tell of the spread. Each has its errors `[lead in h, error in m]`, made
    /// with the memory of `self`; they go together, so a forecast counts once, and `self` counts as
    /// one more. It never falls below that of `self`: calm hours tell nothing of the onset of a
    /// flood. A number that is not finite, or a lead that is not positive, is passed over.
    #[must_use]
    pub fn learned(&self, forecasts: &[Vec<[f64; 2]>]) -> Self {
        let (mut sum, mut count) = (self.spread_m * self.spread_m, 1.0);
        for errors in forecasts {
            let squares: Vec<f64> = errors
                .iter()
                .map(|[lead_h, error_m]| error_m.powi(2) / shares(*lead_h, self.memory_h)[1])
                .filter(|square| square.is_finite() && 0.0 <= *square)
                .collect();
            if !squares.is_empty() {
                sum += squares.iter().sum::<f64>() / squares.len() as f64;
                count += 1.0;
            }
        }
        let spread_m = (sum / count).sqrt().max(self.spread_m).clamp(SPREAD_MIN_M, SPREAD_MAX_M);
        Self { spread_m, ..*self }
    }

    /// The error expected `lead_h` after one of `error_m`, to be added to the model's level, in m.
    #[must_use]
    pub fn expected_m(&self, error_m: f64, lead_h: f64) -> f64 {
        error_m * (-lead_h / self.memory_h).exp()
    }

    /// Standard deviation about it, in m: 0 at lead 0, the whole spread in the end.
    #[must_use]
    pub fn doubt_m(&self, lead_h: f64) -> f64 {
        self.spread_m * (-(-2.0 * lead_h / self.memory_h).exp_m1()).max(0.0).sqrt()
    }
}

/// What is left of an error after a gap, and the variance that comes in, as a share.
fn shares(gap_h: f64, memory_h: f64) -> [f64; 2] {
    let kept = (-gap_h / memory_h).exp();
    [kept, -(-2.0 * gap_h / memory_h).exp_m1()]
}

/// Variance of the error that fits a memory best.
fn variance(pairs: &[[f64; 3]], memory_h: f64) -> f64 {
    let sum: f64 = pairs
        .iter()
        .map(|[gap_h, before, after]| {
            let [kept, fresh] = shares(*gap_h, memory_h);
            (after - kept * before).powi(2) / fresh
        })
        .sum();
    sum / pairs.len() as f64
}

/// Minus twice the logarithm of the likelihood per pair, but for a constant.
fn unlikelihood(pairs: &[[f64; 3]], memory_h: f64) -> f64 {
    let fresh: f64 = pairs.iter().map(|[gap_h, ..]| shares(*gap_h, memory_h)[1].ln()).sum();
    let variance = variance(pairs, memory_h).max(SPREAD_MIN_M * SPREAD_MIN_M);
    variance.ln() + fresh / pairs.len() as f64
}
