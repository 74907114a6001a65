//! Arithmetic on the numbers of all members at once.
//!
//! Loops of `W` turns over plain arrays, which the compiler turns into vectors. Nothing is fused or
//! reordered, so a member has the same bits among others as alone.

use std::ops::{Add, Mul, Neg, Sub};

/// One number of each member.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lanes<const W: usize>(pub [f64; W]);

impl<const W: usize> Lanes<W> {
    pub(crate) const ZERO: Self = Self([0.0; W]);

    #[inline(always)]
    pub(crate) fn of(value: f64) -> Self {
        Self([value; W])
    }

    #[inline(always)]
    pub(crate) fn map(self, change: impl Fn(f64) -> f64) -> Self {
        Self(self.0.map(change))
    }

    #[inline(always)]
    pub(crate) fn zip(self, other: Self, join: impl Fn(f64, f64) -> f64) -> Self {
        let mut out = self.0;
        out.iter_mut().zip(other.0).for_each(|(a, b)| *a = join(*a, b));
        Self(out)
    }

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        self.map(f64::sqrt)
    }

    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        self.map(f64::abs)
    }

    #[inline(always)]
    pub(crate) fn inverse(self) -> Self {
        self.map(|value| 1.0 / value)
    }

    #[inline(always)]
    pub(crate) fn at_least(self, least: Self) -> Self {
        self.zip(least, |value, least| if value < least { least } else { value })
    }

    #[inline(always)]
    pub(crate) fn at_most(self, most: Self) -> Self {
        self.zip(most, |value, most| if most < value { most } else { value })
    }

    /// `below` where `value <= limit`, else `self`.
    #[inline(always)]
    pub(crate) fn unless(self, value: Self, limit: Self, below: Self) -> Self {
        let mut out = self.0;
        let limits = value.0.into_iter().zip(limit.0);
        for ((out, (value, limit)), below) in out.iter_mut().zip(limits).zip(below.0) {
            *out = if value <= limit { below } else { *out };
        }
        Self(out)
    }

    /// `x^(-1/3)` of positive numbers to 1e-10: a guess by bits and two refinements of third order.
    ///
    /// The guess divides the upper half of the bits by three, for which processors have a
    /// multiplication of whole vectors.
    #[inline(always)]
    pub(crate) fn inverse_cube_root(self) -> Self {
        let guess = self.map(|value| {
            let third = ((value.to_bits() >> 32) * 0xaaaa_aaab) >> 33;
            f64::from_bits(0x553e_ecaa_u64.wrapping_sub(third) << 32)
        });
        let refine = |y: Self| {
            let rest = Self::of(1.0) - self * (y * y * y);
            y + y * rest * (Self::of(1.0 / 3.0) + rest * Self::of(2.0 / 9.0))
        };
        refine(refine(guess))
    }
}

impl<const W: usize> Default for Lanes<W> {
    fn default() -> Self {
        Self::ZERO
    }
}

impl<const W: usize> Add for Lanes<W> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl<const W: usize> Sub for Lanes<W> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl<const W: usize> Mul for Lanes<W> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
}

impl<const W: usize> Mul<f64> for Lanes<W> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, factor: f64) -> Self {
        self.map(|a| a * factor)
    }
}

impl<const W: usize> Neg for Lanes<W> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_cube_roots_are_close() {
        let mut worst = 0.0_f64;
        for step in 0..30_000 {
            let value = 1e-9 * 1.0015_f64.powi(step);
            if 1e9 < value {
                break;
            }
            let [root] = Lanes([value]).inverse_cube_root().0;
            worst = worst.max((root * value.cbrt() - 1.0).abs());
        }
        assert!(worst < 1e-10, "{worst:e}");
    }
}
