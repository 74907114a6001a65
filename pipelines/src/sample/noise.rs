//! Numbers from a counter: the same for the same seed, theme and place, on any thread.

/// The random numbers of one theme (terrain, rain, names, …). Themes do not share numbers, so a
/// theme added later changes none of the earlier ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream(u64);

impl Stream {
    pub(super) fn new(seed: u64, theme: &str) -> Self {
        let folded = theme.bytes().fold(0, |sum, byte| mixed(sum ^ u64::from(byte)));
        Self(mixed(seed ^ folded))
    }

    /// The number at a place of the lattice.
    pub(super) fn bits(self, x: i64, y: i64) -> u64 {
        mixed(mixed(self.0 ^ x.cast_unsigned()).wrapping_add(y.cast_unsigned()))
    }

    /// Uniform in `0..1`.
    pub(super) fn unit(self, x: i64, y: i64) -> f64 {
        (self.bits(x, y) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Smooth noise in `-1..1` that changes over about one unit: gradients on the lattice.
    ///
    /// Source: Perlin, K. (2002), Improving noise, SIGGRAPH.
    pub(super) fn smooth(self, x: f64, y: f64) -> f64 {
        let (left, top) = (x.floor(), y.floor());
        let (u, v) = (x - left, y - top);
        let slope = |dx: f64, dy: f64| {
            let bits = self.bits(lattice(left + dx), lattice(top + dy));
            let component = |part: u64| (part & 0xFFFF) as f64 / 32_767.5 - 1.0;
            component(bits) * (u - dx) + component(bits >> 16) * (v - dy)
        };
        let ease = |t: f64| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
        let between = |a: f64, b: f64, t: f64| a + (b - a) * t;
        let above = between(slope(0.0, 0.0), slope(1.0, 0.0), ease(u));
        let below = between(slope(0.0, 1.0), slope(1.0, 1.0), ease(u));
        // Gradients of at most length √2: the sum of four stays within ±1.
        between(above, below, ease(v))
    }

    /// Noise over `wavelength_m` and `octaves` halvings of it, about `-1..1`.
    pub(super) fn rough(self, [x, y]: [f64; 2], wavelength_m: f64, octaves: u32) -> f64 {
        let (mut sum, mut weight, mut size) = (0.0, 1.0, wavelength_m);
        for octave in 0..octaves {
            // Lattices of the octaves must not coincide.
            let shift = 17.31 * f64::from(octave);
            sum += weight * self.smooth(x / size + shift, y / size - shift);
            weight *= 0.5;
            size *= 0.5;
        }
        sum
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014).
fn mixed(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[expect(clippy::cast_possible_truncation, reason = "whole numbers far below 2^53")]
pub(super) fn lattice(whole: f64) -> i64 {
    whole as i64
}

/// The cell of `0..count` that holds a place given in cells; places outside take the nearest.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped into the range before the cast"
)]
pub(super) fn cell(place: f64, count: usize) -> usize {
    place.floor().clamp(0.0, count.saturating_sub(1) as f64) as usize
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(super) fn ramp(low: f64, high: f64, value: f64) -> f64 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn noise_is_bounded_and_zero_on_the_lattice(seed in 0_u64..99, x in -1e5..1e5_f64, y in -1e5..1e5_f64) {
            let stream = Stream::new(seed, "test");
            prop_assert!(stream.smooth(x, y).abs() <= 1.0);
            prop_assert!(stream.smooth(x.floor(), y.floor()).abs() < 1e-12);
        }
    }

    /// Ids and seeds of themes never change: pinned.
    #[test]
    fn the_numbers_of_a_theme_are_pinned() {
        let stream = Stream::new(20_260_901, "relief");
        insta::assert_snapshot!(format!("{:016x} {:.6}", stream.bits(3, -7), stream.unit(3, -7)), @"b839a0b7d8a92486 0.719629");
        assert_ne!(stream.bits(0, 0), Stream::new(20_260_901, "rain").bits(0, 0));
    }
}
