//! How far a gauge reaches.

/// Weight of a correlation over a distance: 1 at 0, 0.21 at `half_width_m`, 0 from twice that on,
/// smooth between, and positive definite in three dimensions.
///
/// With 20 members the correlation of two things that have nothing to do with each other is
/// about 0.23 in size; over long distances that is most of what is found. Negative distances
/// count as positive, a half width of 0 or less leaves the place itself.
///
/// ```
/// use jomo_flood::assimilate::gaspari_cohn;
/// assert_eq!(gaspari_cohn(0.0, 5_000.0), 1.0);
/// assert!((gaspari_cohn(5_000.0, 5_000.0) - 5.0 / 24.0).abs() < 1e-12);
/// assert_eq!(gaspari_cohn(10_000.0, 5_000.0), 0.0);
/// ```
///
/// Source: Gaspari, G. and Cohn, S. E. (1999), Construction of correlation functions in two and
/// three dimensions, QJRMS 125, 723-757, equation 4.10.
#[must_use]
pub fn gaspari_cohn(distance_m: f64, half_width_m: f64) -> f64 {
    let distance_m = distance_m.abs();
    if distance_m <= 0.0 {
        return 1.0;
    }
    if half_width_m <= 0.0 || distance_m.is_nan() || half_width_m.is_nan() {
        return 0.0;
    }
    let z = distance_m / half_width_m;
    if z <= 1.0 {
        (((-0.25 * z + 0.5) * z + 0.625) * z - 5.0 / 3.0) * z * z + 1.0
    } else if z < 2.0 {
        let inner = ((((z / 12.0 - 0.5) * z + 0.625) * z + 5.0 / 3.0) * z - 5.0) * z + 4.0;
        (inner - 2.0 / (3.0 * z)).max(0.0)
    } else {
        0.0
    }
}
