//! The two precisions of the solver: `f32` computes, `f64` checks.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// A floating-point number of the solver.
///
/// Every function is free of calls and branches, so that loops over rows become vector code, and
/// rounds each operation once, so that scalar and vector code give the same bits.
pub trait Real:
    Copy
    + Default
    + PartialOrd
    + Send
    + Sync
    + std::fmt::Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// 2.
    const TWO: Self;
    /// ½.
    const HALF: Self;
    /// ¼.
    const QUARTER: Self;
    /// Bits of the significand, the hidden one included.
    const DIGITS: i32;
    /// Bytes of one number in a restart file.
    const BYTES: usize;

    /// The nearest number.
    fn of(value: f64) -> Self;

    /// The same number.
    fn wide(self) -> f64;

    /// Square root, correctly rounded.
    #[must_use]
    fn root(self) -> Self;

    /// Magnitude.
    #[must_use]
    fn magnitude(self) -> Self;

    /// `x^(-1/3)` of a positive number within 2 units in the last place; finite for 0.
    #[must_use]
    fn inverse_cube_root(self) -> Self;

    /// Whether it is neither `NaN` nor infinite.
    fn is_number(self) -> bool;

    /// Appends the little-endian bytes.
    fn put(self, out: &mut Vec<u8>);

    /// The number of little-endian bytes; `None` unless there are [`Real::BYTES`] of them.
    fn take(bytes: &[u8]) -> Option<Self>;

    /// The lesser of two numbers, for a value that is kept in place.
    ///
    /// [`Real::at_most`] there becomes a masked store, which costs 18 cycles and more on some
    /// processors.
    #[must_use]
    fn least(self, other: Self) -> Self;

    /// The greater of two numbers, for a value that is kept in place.
    #[must_use]
    fn most(self, other: Self) -> Self;

    /// The lesser; `self` if `other` is `NaN`.
    #[inline(always)]
    #[must_use]
    fn at_most(self, other: Self) -> Self {
        if other < self { other } else { self }
    }

    /// The greater; `self` if `other` is `NaN`.
    #[inline(always)]
    #[must_use]
    fn at_least(self, other: Self) -> Self {
        if self < other { other } else { self }
    }

    /// Between two bounds, the lower of which is not above the upper.
    #[inline(always)]
    #[must_use]
    fn within(self, low: Self, high: Self) -> Self {
        self.at_least(low).at_most(high)
    }
}

/// One step of third order towards `x^(-1/3)`: with `e = 1 - x y³`,
/// `y (1 + e/3 + 2e²/9)`.
macro_rules! refine {
    ($x:expr, $y:expr) => {{
        let e = 1.0 - (($x * $y) * $y) * $y;
        $y + $y * (e * (1.0 / 3.0 + e * (2.0 / 9.0)))
    }};
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const TWO: Self = 2.0;
    const HALF: Self = 0.5;
    const QUARTER: Self = 0.25;
    const DIGITS: i32 = 24;
    const BYTES: usize = 4;

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the one place that narrows, rounded once")]
    fn of(value: f64) -> Self {
        value as Self
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn magnitude(self) -> Self {
        self.abs()
    }

    /// The first guess divides the exponent by -3 in the bits of the number; its relative error
    /// is at most 0.035, that of two refinements 3e-11 before rounding.
    #[inline(always)]
    fn inverse_cube_root(self) -> Self {
        let guess = Self::from_bits(0x54a2_1000 - self.to_bits() / 3);
        let once = refine!(self, guess);
        refine!(self, once)
    }

    #[inline(always)]
    fn least(self, other: Self) -> Self {
        self.min(other)
    }

    #[inline(always)]
    fn most(self, other: Self) -> Self {
        self.max(other)
    }

    #[inline(always)]
    fn is_number(self) -> bool {
        self.is_finite()
    }

    fn put(self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }

    fn take(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_le_bytes(bytes.try_into().ok()?))
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const TWO: Self = 2.0;
    const HALF: Self = 0.5;
    const QUARTER: Self = 0.25;
    const DIGITS: i32 = 53;
    const BYTES: usize = 8;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn magnitude(self) -> Self {
        self.abs()
    }

    #[inline(always)]
    fn inverse_cube_root(self) -> Self {
        let guess = Self::from_bits(0x553e_ecaa_aaaa_ac00 - self.to_bits() / 3);
        let once = refine!(self, guess);
        let twice = refine!(self, once);
        refine!(self, twice)
    }

    #[inline(always)]
    fn least(self, other: Self) -> Self {
        self.min(other)
    }

    #[inline(always)]
    fn most(self, other: Self) -> Self {
        self.max(other)
    }

    #[inline(always)]
    fn is_number(self) -> bool {
        self.is_finite()
    }

    fn put(self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }

    fn take(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_le_bytes(bytes.try_into().ok()?))
    }
}

/// The greatest of some numbers, or 0 if none is above it.
pub(crate) fn greatest<R: Real>(values: &[R]) -> R {
    let (wide, rest) = values.as_chunks::<16>();
    let mut most = [R::ZERO; 16];
    for values in wide {
        most.iter_mut().zip(values).for_each(|(most, value)| *most = most.most(*value));
    }
    most.iter().chain(rest).fold(R::ZERO, |most, value| most.at_least(*value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_cube_roots_are_right_to_the_last_places() {
        let mut worst = [0.0_f64; 2];
        for step in 0..40_000 {
            let depth_m = 1e-9 * 1.001_f64.powi(step);
            if 1e6 < depth_m {
                break;
            }
            let narrow = f32::of(depth_m);
            let exact = narrow.wide().powf(-1.0 / 3.0);
            worst[0] = worst[0].max((narrow.inverse_cube_root().wide() / exact - 1.0).abs());
            let exact = depth_m.powf(-1.0 / 3.0);
            worst[1] = worst[1].max((depth_m.inverse_cube_root() / exact - 1.0).abs());
        }
        assert!(worst[0] < 3e-7, "{worst:?}");
        assert!(worst[1] < 1e-15, "{worst:?}");
        assert!(0.0_f32.inverse_cube_root().is_finite() && 0.0_f64.inverse_cube_root().is_finite());
    }
}
