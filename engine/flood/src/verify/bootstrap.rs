//! Intervals of a score by resampling blocks of cases with a seed.
//!
//! Sources: Kuensch, H. R. (1989), The jackknife and the bootstrap for general stationary
//! observations, Annals of Statistics 17(3), 1217-1241 (moving blocks); Efron, B. and Tibshirani,
//! R. J. (1993), An introduction to the bootstrap, chapter 13 (percentile interval); Steele, G. L.
//! et al. (2014), Fast splittable pseudorandom number generators, OOPSLA (`SplitMix64`).

use std::ops::Range;

/// What is drawn as a whole.
#[derive(Clone, Copy, Debug)]
pub enum Blocks<'a> {
    /// All runs of `length` cases out of `count` that follow each other in time, drawn until
    /// `count` cases are there; the last is cut.
    Moving {
        /// Cases.
        count: usize,
        /// Cases of a block.
        length: usize,
    },
    /// Whole events, as many as there are; each holds the cases of its range.
    Events(&'a [Range<usize>]),
}

/// How often is drawn, from which seed, and how wide the interval is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draws {
    /// Number of resamples.
    pub resamples: usize,
    /// Seed: the same seed gives the same bits.
    pub seed: u64,
    /// Share of the resamples inside the interval.
    pub share: f64,
}

impl Default for Draws {
    /// 2,000 resamples for a 95 % interval: its ends then vary by some hundredths of its width.
    fn default() -> Self {
        Self { resamples: 2_000, seed: 20_250_912, share: 0.95 }
    }
}

/// An interval of a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Whether 0 lies outside: only then is a difference claimed.
    #[must_use]
    pub fn excludes_zero(&self) -> bool {
        0.0 < self.low || self.high < 0.0
    }
}

/// Length of moving blocks for `count` cases: the cube root, rounded up, the order that makes the
/// error of the estimated variance least (Kuensch 1989).
#[must_use]
pub fn block_length(count: usize) -> usize {
    (1..=count).find(|length| count <= length.saturating_pow(3)).unwrap_or(1)
}

/// The interval of `statistic`, which is given the cases of a resample, some of them repeatedly.
///
/// The interval holds the middle `share` of the values; resamples without a value (`None` or not
/// finite) are left out. `None` if there are no cases, blocks or resamples, `share` is not between
/// 0 and 1, or fewer than half of the resamples have a value.
#[must_use]
pub fn bootstrap(
    blocks: Blocks<'_>,
    draws: Draws,
    statistic: impl Fn(&[usize]) -> Option<f64>,
) -> Option<Interval> {
    let is_sound = 0 < draws.resamples && 0.0 < draws.share && draws.share < 1.0;
    if !is_sound || blocks.is_empty() {
        return None;
    }
    let mut numbers = Numbers(draws.seed);
    let mut cases = Vec::new();
    let mut values = Vec::new();
    for _ in 0..draws.resamples {
        cases.clear();
        blocks.draw(&mut numbers, &mut cases);
        values.extend(statistic(&cases).filter(|value| value.is_finite()));
    }
    if values.len() < draws.resamples.div_ceil(2) {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - draws.share);
    Some(Interval { low: quantile(&values, tail), high: quantile(&values, 1.0 - tail) })
}

impl Blocks<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Moving { count, length } => *count == 0 || *length == 0,
            Self::Events(events) => events.is_empty(),
        }
    }

    fn draw(&self, numbers: &mut Numbers, cases: &mut Vec<usize>) {
        match self {
            Self::Moving { count, length } => {
                let length = (*length).min(*count);
                while cases.len() < *count {
                    let start = numbers.below(count - length + 1);
                    let room = length.min(count - cases.len());
                    cases.extend(start..start + room);
                }
            }
            Self::Events(events) => {
                for _ in 0..events.len() {
                    cases.extend(events[numbers.below(events.len())].clone());
                }
            }
        }
    }
}

/// The quantile of sorted values, linear between them (type 7 of Hyndman and Fan 1996).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of values"
    )]
    let below = (place.floor() as usize).min(sorted.len() - 1);
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

/// `SplitMix64`.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 or more, below `end`, by the high half of a product (Lemire 2019): the bias is less than
    /// one in 2^32 for any number of cases met here.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let wide = u128::from(self.next()) * end as u128;
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// More than 0, at most 1, in steps of 2^-53.
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}
