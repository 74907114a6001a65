//! Members, each with a Gaussian about it.

use super::quantile;

/// Halvings of the search for a quantile: the range of levels, some metres, to less than 1e-13 m.
const HALVINGS: u32 = 48;
/// Spreads beyond the outermost member within which every quantile lies: the share outside is
/// less than 1e-15.
const REACH: f64 = 8.0;

/// Quantiles of a forecast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bands {
    /// 5 %.
    pub p05: f64,
    /// 10 %.
    pub p10: f64,
    /// 50 %.
    pub p50: f64,
    /// 90 %.
    pub p90: f64,
    /// 95 %.
    pub p95: f64,
}

/// The distribution of a forecast: every member has the same weight and the same Gaussian.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    sorted: Vec<f64>,
    spread: f64,
}

impl Mixture {
    /// Members in any order, and the standard deviation about each; 0 for the members alone.
    /// `None` without members, with one that is not finite, or with a spread that is none.
    #[must_use]
    pub fn new(members: &[f64], spread: f64) -> Option<Self> {
        let is_sound = spread.is_finite()
            && 0.0 <= spread
            && !members.is_empty()
            && members.iter().all(|member| member.is_finite());
        if !is_sound {
            return None;
        }
        let mut sorted = members.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self { sorted, spread })
    }

    /// Chance that the value is at or above `threshold`. Of members alone it is the share of them;
    /// it is 0 or 1 only if they all agree.
    #[must_use]
    pub fn exceedance(&self, threshold: f64) -> f64 {
        let chance = |member: &f64| {
            if self.spread <= 0.0 {
                f64::from(u8::from(threshold <= *member))
            } else {
                above((threshold - member) / self.spread)
            }
        };
        self.sorted.iter().map(chance).sum::<f64>() / self.sorted.len() as f64
    }

    /// Continuous ranked probability score of a value, in the unit of the members: the mean absolute
    /// error for a forecast that is sure, less for one that says how unsure it is. It is least on
    /// average for the distribution that values come from.
    ///
    /// Source: Grimit, E. P. et al. (2006), The continuous ranked probability score for circular
    /// variables and its application to mesoscale forecast ensemble verification, Quarterly Journal
    /// of the Royal Meteorological Society 132, 2925-2942 (mixtures of normal distributions).
    #[must_use]
    pub fn crps(&self, value: f64) -> f64 {
        let count = self.sorted.len() as f64;
        let to_value: f64 =
            self.sorted.iter().map(|member| distance(value - member, self.spread)).sum();
        let two = self.spread * std::f64::consts::SQRT_2;
        let mut apart = 0.0;
        for (index, one) in self.sorted.iter().enumerate() {
            let others = self.sorted[index + 1..].iter();
            apart += 2.0 * others.map(|other| distance(other - one, two)).sum::<f64>();
        }
        apart += count * distance(0.0, two);
        to_value / count - 0.5 * apart / (count * count)
    }

    /// The value below which a share (0 to 1, exclusive) of the distribution lies; the ends are
    /// taken for shares outside. Of members alone it is their [`quantile`].
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        let share = share.clamp(0.0, 1.0);
        let [first, last] = [self.sorted[0], self.sorted[self.sorted.len() - 1]];
        if self.spread <= 0.0 {
            return quantile(&self.sorted, share).unwrap_or(first);
        }
        let (mut low, mut high) = (first - REACH * self.spread, last + REACH * self.spread);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if 1.0 - share <= self.exceedance(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }

    /// The quantiles that are published.
    #[must_use]
    pub fn bands(&self) -> Bands {
        let [p05, p10, p50, p90, p95] =
            [0.05, 0.1, 0.5, 0.9, 0.95].map(|share| self.quantile(share));
        Bands { p05, p10, p50, p90, p95 }
    }
}

/// Mean size of a normal number with a mean and a standard deviation.
fn distance(mean: f64, spread: f64) -> f64 {
    if spread <= 0.0 {
        return mean.abs();
    }
    let z = mean / spread;
    let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    spread * 2.0 * density + mean * (1.0 - 2.0 * above(z))
}

/// Chance that a standard normal number is at or above `z`, to 1.2e-7 of itself.
///
/// Source: Press, W. H. et al. (1992), Numerical Recipes in C, second edition, section 6.2, the
/// Chebyshev fit of the complementary error function.
fn above(z: f64) -> f64 {
    let x = z.abs() * std::f64::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * x);
    let coefficients = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let series = coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * t + coefficient);
    let tail = 0.5 * t * (series - x * x).exp();
    if z < 0.0 { 1.0 - tail } else { tail }
}
