//! Reductions that give the same bits on any number of threads.
//!
//! Values are taken in blocks of a fixed size; blocks are reduced in parallel, their results
//! combined in order. The grouping depends on the data's length only.

use rayon::prelude::*;

/// Values per block: 16 KiB of `f32`, half a first-level cache.
const BLOCK: usize = 4_096;

/// What a raster holds, no-data left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Number of values that are not `NaN`.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The least; infinite without any value.
    pub min: f32,
    /// The greatest; negative infinite without any value.
    pub max: f32,
}

impl Summary {
    const EMPTY: Self = Self { count: 0, sum: 0.0, min: f32::INFINITY, max: f32::NEG_INFINITY };

    fn of(block: &[f32]) -> Self {
        block.iter().filter(|value| !value.is_nan()).fold(Self::EMPTY, |all, &value| Self {
            count: all.count + 1,
            sum: all.sum + f64::from(value),
            min: all.min.min(value),
            max: all.max.max(value),
        })
    }

    fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    /// Mean of the values; `None` without any.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (0 < self.count).then(|| self.sum / self.count as f64)
    }
}

/// Count, sum, least and greatest value; `NaN` is no data and left out.
#[must_use]
pub fn summary(values: &[f32]) -> Summary {
    let blocks: Vec<Summary> = values.par_chunks(BLOCK).map(Summary::of).collect();
    blocks.into_iter().fold(Summary::EMPTY, Summary::and)
}

/// Sum of finite values, with one rounding per block and value.
#[must_use]
pub fn sum(values: &[f64]) -> f64 {
    let blocks: Vec<f64> = values.par_chunks(BLOCK).map(|block| block.iter().sum()).collect();
    blocks.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
    }

    proptest! {
        #[test]
        fn the_number_of_threads_changes_no_bit(
            seed in any::<u32>(), length in 0_usize..20_000,
        ) {
            let steps = std::iter::successors(Some(seed), |state| {
                Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223))
            });
            let states: Vec<u32> = steps.take(length).collect();
            let values: Vec<f64> = states.iter().map(|state| f64::from(*state) / 7.0).collect();
            let narrow: Vec<f32> = states.iter().map(|state| *state as f32 / 7.0).collect();
            let one = on_threads(1, || (sum(&values).to_bits(), summary(&narrow)));
            for threads in [2, 3] {
                let more = on_threads(threads, || (sum(&values).to_bits(), summary(&narrow)));
                prop_assert_eq!(one, more);
            }
        }
    }

    #[test]
    fn no_data_is_left_out() {
        let summary = summary(&[f32::NAN, 2.0, -1.0, f32::NAN]);
        assert_eq!(summary, Summary { count: 2, sum: 1.0, min: -1.0, max: 2.0 });
        assert_eq!(super::summary(&[f32::NAN]).mean(), None);
    }
}
