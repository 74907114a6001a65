//! Bands, chances, arrival times and representatives of ensembles.
#![allow(clippy::float_cmp, reason = "exact values are meant")]

use jiff::Timestamp;
use jomo_flood::ensemble::{Mixture, quantile, reaches, representatives};
use proptest::prelude::*;

#[test]
fn a_mixture_of_one_is_the_normal_distribution() {
    let one = Mixture::new(&[3.0], 0.5).unwrap();
    let bands = one.bands();
    // Quantiles of the standard normal distribution from tables.
    for (found, z) in [
        (bands.p05, -1.644_853_6),
        (bands.p10, -1.281_551_6),
        (bands.p50, 0.0),
        (bands.p90, 1.281_551_6),
        (bands.p95, 1.644_853_6),
    ] {
        assert!((found - (3.0 + 0.5 * z)).abs() < 1e-6, "{found} {z}");
    }
    assert!((one.exceedance(3.5) - 0.158_655_25).abs() < 1e-7);
    assert!((one.exceedance(2.5) - 0.841_344_75).abs() < 1e-7);
}

#[test]
fn members_alone_are_their_own_quantiles() {
    let members = [4.0, 1.0, 3.0, 2.0, 5.0];
    let alone = Mixture::new(&members, 0.0).unwrap();
    let bands = alone.bands();
    assert_eq!([bands.p50, bands.p90], [3.0, 4.6]);
    assert_eq!(alone.exceedance(4.0), 0.4);
    assert_eq!(quantile(&[], 0.5), None);
    assert_eq!(quantile(&[1.0], 1.5), None);
    for (members, spread) in
        [(vec![], 0.0), (vec![f64::NAN], 0.0), (vec![1.0], f64::NAN), (vec![1.0], -1.0)]
    {
        assert_eq!(Mixture::new(&members, spread), None);
    }
}

proptest! {
    /// Quantiles rise with their share, and the chance at a quantile is what is left.
    #[test]
    fn quantiles_and_chances_belong_together(
        members in proptest::collection::vec(-5.0..5.0_f64, 1..24),
        spread in 0.01..2.0_f64,
        share in 0.01..0.99_f64,
    ) {
        let mixture = Mixture::new(&members, spread).unwrap();
        let level = mixture.quantile(share);
        prop_assert!((mixture.exceedance(level) - (1.0 - share)).abs() < 1e-6);
        prop_assert!(level <= mixture.quantile(share + 0.005));
        prop_assert!(mixture.exceedance(level + 0.1) <= mixture.exceedance(level));
        let mut turned = members.clone();
        turned.reverse();
        prop_assert_eq!(Mixture::new(&turned, spread).unwrap(), mixture);
    }
}

#[test]
fn the_first_time_at_the_threshold_is_its_arrival() {
    let start: Timestamp = "2030-07-01T00:00:00Z".parse().unwrap();
    let times: Vec<Timestamp> =
        (0..4).map(|n| start + jiff::SignedDuration::from_mins(10 * n)).collect();
    assert_eq!(reaches(&times, &[1.0, f64::NAN, 2.0, 3.0], 2.0), Some(times[2]));
    assert_eq!(reaches(&times, &[1.0; 4], 2.0), None);
    assert_eq!(reaches(&times, &[], 2.0), None);
}

#[test]
fn three_members_stand_for_all() {
    let volumes: Vec<f64> = (0..21).map(f64::from).rev().collect();
    assert_eq!(representatives(&volumes), Some([18, 10, 2]));
    assert_eq!(representatives(&[0.0; 5]), Some([0; 3]));
    assert_eq!(representatives(&[]), None);
    assert_eq!(representatives(&[0.0, f64::NAN]), None);
}
