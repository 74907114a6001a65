//! A number that the compiler makes no vectors of.

use std::hint::black_box;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use jomo_flood::Real;

/// An `f32` whose comparisons the compiler cannot see through: loops over it go one number at a
/// time, with the same operations in the same order and so the same results.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Lone(f32);

macro_rules! operators {
    ($($operator:ident $function:ident),*) => {$(
        impl $operator for Lone {
            type Output = Self;

            #[inline]
            fn $function(self, other: Self) -> Self {
                Self($operator::$function(self.0, other.0))
            }
        }
    )*};
}

operators!(Add add, Sub sub, Mul mul, Div div);

impl Neg for Lone {
    type Output = Self;

    #[inline]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Lone {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Lone {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Real for Lone {
    const ZERO: Self = Self(0.0);
    const ONE: Self = Self(1.0);
    const TWO: Self = Self(2.0);
    const HALF: Self = Self(0.5);
    const QUARTER: Self = Self(0.25);
    const DIGITS: i32 = <f32 as Real>::DIGITS;
    const BYTES: usize = <f32 as Real>::BYTES;

    #[inline]
    fn of(value: f64) -> Self {
        Self(f32::of(value))
    }

    #[inline]
    fn wide(self) -> f64 {
        self.0.wide()
    }

    #[inline]
    fn root(self) -> Self {
        Self(black_box(self.0).root())
    }

    #[inline]
    fn magnitude(self) -> Self {
        Self(self.0.magnitude())
    }

    #[inline]
    fn inverse_cube_root(self) -> Self {
        Self(black_box(self.0).inverse_cube_root())
    }

    #[inline]
    fn is_number(self) -> bool {
        self.0.is_number()
    }

    fn put(self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(bytes: &[u8]) -> Option<Self> {
        f32::take(bytes).map(Self)
    }

    #[inline]
    fn least(self, other: Self) -> Self {
        self.at_most(other)
    }

    #[inline]
    fn most(self, other: Self) -> Self {
        self.at_least(other)
    }

    #[inline]
    fn at_most(self, other: Self) -> Self {
        if black_box(other < self) { other } else { self }
    }

    #[inline]
    fn at_least(self, other: Self) -> Self {
        if black_box(self < other) { other } else { self }
    }
}
