//! The kinds of number that a raster is made of.

/// The kind of number of a raster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SampleType {
    /// Bytes.
    U8,
    /// Two-byte unsigned integers.
    U16,
    /// Four-byte unsigned integers.
    U32,
    /// Two-byte signed integers.
    I16,
    /// Four-byte signed integers.
    I32,
    /// Four-byte floats.
    F32,
    /// Eight-byte floats.
    F64,
}

impl SampleType {
    /// Bytes of one number.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Whether the numbers are floats.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// The name in texts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    /// TIFF tag 339: 1 unsigned, 2 signed, 3 float.
    pub(super) const fn format(self) -> u16 {
        match self {
            Self::U8 | Self::U16 | Self::U32 => 1,
            Self::I16 | Self::I32 => 2,
            Self::F32 | Self::F64 => 3,
        }
    }

    /// TIFF tag 317: differences for integers, byte planes and differences for floats.
    pub(super) const fn predictor(self) -> u16 {
        if self.is_float() { 3 } else { 2 }
    }

    pub(super) fn from_tags(bits: u64, format: u64) -> Option<Self> {
        Some(match (bits, format) {
            (8, 1) => Self::U8,
            (16, 1) => Self::U16,
            (32, 1) => Self::U32,
            (16, 2) => Self::I16,
            (32, 2) => Self::I32,
            (32, 3) => Self::F32,
            (64, 3) => Self::F64,
            _ => return None,
        })
    }
}

mod sealed {
    pub trait Bytes: Sized {
        fn put(self, out: &mut [u8]);
        fn take(bytes: &[u8]) -> Self;
    }
}
pub(super) use sealed::Bytes;

/// A number that rasters are made of: `u8`, `u16`, `u32`, `i16`, `i32`, `f32`, `f64`.
pub trait Sample: Bytes + Copy + Default + PartialEq + Send + Sync + 'static {
    /// Its kind.
    const TYPE: SampleType;

    /// The number as `f64`, without loss.
    fn to_f64(self) -> f64;

    /// The nearest number of this kind: integers round half away from zero and stop at their
    /// ends; not-a-number becomes 0 in integers.
    fn from_f64(value: f64) -> Self;
}

macro_rules! sample {
    ($number:ty, $kind:ident, $narrow:expr) => {
        impl Bytes for $number {
            #[inline]
            fn put(self, out: &mut [u8]) {
                out.copy_from_slice(&self.to_le_bytes());
            }
            #[inline]
            fn take(bytes: &[u8]) -> Self {
                let mut own = [0; size_of::<$number>()];
                own.copy_from_slice(bytes);
                Self::from_le_bytes(own)
            }
        }

        impl Sample for $number {
            const TYPE: SampleType = SampleType::$kind;
            #[inline]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline]
            #[expect(
                clippy::allow_attributes,
                reason = "which narrowing lint speaks depends on the number"
            )]
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "rounded before, and a cast from float stops at the ends"
            )]
            fn from_f64(value: f64) -> Self {
                let narrow: fn(f64) -> f64 = $narrow;
                narrow(value) as $number
            }
        }
    };
}
sample!(u8, U8, f64::round);
sample!(u16, U16, f64::round);
sample!(u32, U32, f64::round);
sample!(i16, I16, f64::round);
sample!(i32, I32, f64::round);
sample!(f32, F32, std::convert::identity);

impl Bytes for f64 {
    fn put(self, out: &mut [u8]) {
        out.copy_from_slice(&self.to_le_bytes());
    }
    fn take(bytes: &[u8]) -> Self {
        let mut own = [0; 8];
        own.copy_from_slice(bytes);
        Self::from_le_bytes(own)
    }
}

impl Sample for f64 {
    const TYPE: SampleType = SampleType::F64;
    fn to_f64(self) -> f64 {
        self
    }
    fn from_f64(value: f64) -> Self {
        value
    }
}

/// The stored number that stands for no data, as a number of the kind `T`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Absent<T>(Option<T>);

impl<T: Sample> Absent<T> {
    /// `None` if integers cannot hold the number; floats take the nearest.
    pub(super) fn new(no_data: Option<f64>) -> Option<Self> {
        let Some(value) = no_data else { return Some(Self(None)) };
        let own = T::from_f64(value);
        let exact = T::TYPE.is_float() || own.to_f64().to_bits() == (value + 0.0).to_bits();
        exact.then_some(Self(Some(own)))
    }

    /// Whether a number stands for no data; `NaN` does in any case.
    #[inline]
    #[expect(clippy::eq_op, reason = "only not-a-number differs from itself")]
    pub(super) fn is(&self, value: T) -> bool {
        self.0 == Some(value) || value != value
    }

    /// The number to write where there is no data.
    pub(super) fn value(&self) -> T {
        self.0.unwrap_or_else(|| T::from_f64(f64::NAN))
    }
}
