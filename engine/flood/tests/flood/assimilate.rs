//! The filter against the Kalman filter, bounds, tapers; zones of gauges; what members say.
#![allow(clippy::float_cmp, reason = "exact values are meant")]

use jomo_flood::BasinError;
use jomo_flood::assimilate::{
    Bounds, Observation, Observed, Outcome, Quantity, Radius, Settings, States, Target, Wander,
    Zones, believed_sigma, gaspari_cohn, update,
};
use jomo_flood::waterway::{Node, Waterway};
use proptest::prelude::*;

fn mean(row: &[f64]) -> f64 {
    row.iter().sum::<f64>() / row.len() as f64
}

fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let (am, bm) = (mean(a), mean(b));
    a.iter().zip(b).map(|(x, y)| (x - am) * (y - bm)).sum::<f64>() / (a.len() as f64 - 1.0)
}

const PLAIN: Settings = Settings { relaxation: 0.0, reject_sigmas: 1e9 };

fn everywhere(_: usize, _: Target) -> f64 {
    1.0
}

/// Three variables of six members, no two of them alike.
fn rows() -> [Vec<f64>; 3] {
    [
        vec![1.0, 2.0, 4.0, 3.0, 0.5, 1.7],
        vec![0.3, 0.1, 0.9, -0.2, 0.4, 0.6],
        vec![10.0, 12.0, 11.0, 15.0, 9.0, 8.0],
    ]
}

fn states() -> States {
    States::new(6, rows().concat()).unwrap()
}

fn exact(predicted: Vec<f64>, level: f64, sigma: f64) -> Observation {
    Observation { predicted, observed: Observed::Exact(level), sigma }
}

proptest! {
    /// One exact observation of a linear model gives the mean and all covariances of the Kalman
    /// filter, with no sampling noise at all.
    #[test]
    fn one_observation_is_the_kalman_filter(
        weights in proptest::array::uniform3(-2.0..2.0_f64),
        level in -20.0..20.0_f64,
        sigma in 0.05..5.0_f64,
    ) {
        let rows = rows();
        let predicted: Vec<f64> =
            (0..6).map(|k| (0..3).map(|v| weights[v] * rows[v][k]).sum()).collect();
        let variance = covariance(&predicted, &predicted);
        prop_assume!(1e-6 < variance);
        let mut after = states();
        let observation = exact(predicted.clone(), level, sigma);
        let analysis = update(&mut after, &[observation], everywhere, &PLAIN).unwrap();
        let total = variance + sigma * sigma;
        let gain = |v: usize| covariance(&rows[v], &predicted) / total;
        for v in 0..3 {
            let expected = mean(&rows[v]) + gain(v) * (level - mean(&predicted));
            prop_assert!((mean(after.variable(v)) - expected).abs() < 1e-9);
            for w in 0..3 {
                let expected = covariance(&rows[v], &rows[w]) - gain(v) * gain(w) * total;
                let found = covariance(after.variable(v), after.variable(w));
                prop_assert!((found - expected).abs() < 1e-9 * (1.0 + expected.abs()), "{v} {w}");
            }
        }
        // The prediction of the observation stays what the model makes of the variables.
        for k in 0..6 {
            let again: f64 = (0..3).map(|v| weights[v] * after.variable(v)[k]).sum();
            prop_assert!((again - analysis.predicted[0][k]).abs() < 1e-9);
        }
    }

    /// Two independent observations: either order ends at the same mean and covariance.
    #[test]
    fn the_order_of_observations_does_not_matter(one in -5.0..5.0_f64, two in -5.0..20.0_f64) {
        let first = exact(rows()[0].clone(), one, 0.5);
        let second = exact(rows()[2].clone(), two, 0.7);
        let (mut forth, mut back) = (states(), states());
        update(&mut forth, &[first.clone(), second.clone()], everywhere, &PLAIN).unwrap();
        update(&mut back, &[second, first], everywhere, &PLAIN).unwrap();
        for v in 0..3 {
            let (a, b) = (forth.variable(v), back.variable(v));
            prop_assert!((mean(a) - mean(b)).abs() < 1e-9);
            prop_assert!((covariance(a, a) - covariance(b, b)).abs() < 1e-9);
        }
    }

    /// A silent gauge moves members above its start level towards it, none past it, no other one;
    /// nothing moves where all are below.
    #[test]
    fn silence_is_a_bound(start in -1.0..5.0_f64, sigma in 0.01..2.0_f64) {
        let mut after = states();
        let silent = Observation {
            predicted: rows()[0].clone(),
            observed: Observed::AtMost(start),
            sigma,
        };
        let analysis = update(&mut after, &[silent], everywhere, &PLAIN).unwrap();
        let all_below = rows()[0].iter().all(|level| *level <= start);
        prop_assert_eq!(analysis.outcomes[0] == Outcome::Agreed, all_below);
        for (was, is) in rows()[0].iter().zip(&analysis.predicted[0]) {
            if *was <= start {
                prop_assert_eq!(was.to_bits(), is.to_bits());
            } else {
                prop_assert!(start <= *is && is < was, "{was} -> {is}, start {start}");
            }
        }
    }

    /// The taper never grows with the distance and stays between 0 and 1.
    #[test]
    fn a_taper_falls(distance in 0.0..3.0_f64, step in 0.0..0.5_f64) {
        let [near, far] = [distance, distance + step].map(|d| gaspari_cohn(d, 1.0));
        prop_assert!(far <= near + 1e-12 && near <= 1.0 && 0.0 <= far);
    }
}

#[test]
fn what_the_taper_leaves_out_keeps_its_bits() {
    let taper = |_: usize, target: Target| f64::from(u8::from(target == Target::Variable(1)));
    let mut after = states();
    let observation = exact(rows()[1].clone(), 5.0, 0.1);
    update(&mut after, &[observation], taper, &Settings { relaxation: 0.3, ..PLAIN }).unwrap();
    assert_eq!(after.variable(0), rows()[0]);
    assert_eq!(after.variable(2), rows()[2]);
    assert_ne!(after.variable(1), rows()[1]);
}

#[test]
fn relaxation_gives_back_its_share_of_the_spread() {
    let spread = |row: &[f64]| covariance(row, row).sqrt();
    let of = |relaxation| {
        let mut after = states();
        let observation = exact(rows()[0].clone(), 2.5, 0.4);
        update(&mut after, &[observation], everywhere, &Settings { relaxation, ..PLAIN }).unwrap();
        (mean(after.variable(0)), spread(after.variable(0)))
    };
    let before = spread(&rows()[0]);
    let (bare_mean, bare) = of(0.0);
    for share in [0.25, 0.5, 1.0] {
        let (mean, relaxed) = of(share);
        assert!((relaxed - (bare + share * (before - bare))).abs() < 1e-12);
        assert!((mean - bare_mean).abs() < 1e-12);
    }
}

#[test]
fn what_is_too_far_is_not_believed_and_told() {
    let mut after = states();
    let far = exact(rows()[0].clone(), 60.0, 0.1);
    let near = exact(rows()[0].clone(), 2.0, 0.1);
    let settings = Settings { relaxation: 0.5, reject_sigmas: 5.0 };
    let analysis = update(&mut after, &[far], everywhere, &settings).unwrap();
    assert_eq!(after, states());
    assert_eq!(analysis.rejected(), 1);
    let analysis = update(&mut after, &[near], everywhere, &settings).unwrap();
    assert_eq!(analysis.rejected(), 0);
    assert!(matches!(analysis.outcomes[0], Outcome::Used { .. }));
}

#[test]
fn what_is_not_sound_is_refused() {
    assert!(matches!(States::new(1, vec![1.0]), Err(BasinError::Setting { .. })));
    assert!(matches!(States::new(2, vec![1.0; 3]), Err(BasinError::Count { .. })));
    let hole = BasinError::Broken { what: "variable", index: 1 };
    assert_eq!(States::new(2, vec![1.0, 1.0, f64::NAN, 1.0]), Err(hole));
    let bad = [
        exact(vec![1.0; 5], 1.0, 1.0),
        exact(vec![f64::NAN; 6], 1.0, 1.0),
        exact(vec![1.0; 6], f64::INFINITY, 1.0),
        exact(vec![1.0; 6], 1.0, 0.0),
    ];
    for observation in bad {
        let mut after = states();
        update(&mut after, &[observation], everywhere, &PLAIN).unwrap_err();
        assert_eq!(after, states());
    }
    for settings in
        [Settings { relaxation: 1.5, ..PLAIN }, Settings { reject_sigmas: f64::NAN, ..PLAIN }]
    {
        update(&mut states(), &[], everywhere, &settings).unwrap_err();
    }
}

/// Members that all say the same cannot be moved, and nothing breaks.
#[test]
fn members_without_spread_stay() {
    let mut after = states();
    let observation = exact(vec![2.0; 6], 3.0, 0.5);
    update(&mut after, &[observation], everywhere, &PLAIN).unwrap();
    assert_eq!(after, states());
}

fn node(at_m: [f64; 2], upstream_m2: f64, downstream: Option<u32>) -> Node {
    Node {
        reach: 0,
        station_m: 0.0,
        at_m,
        length_m: 1_000.0,
        width_m: 10.0,
        bed_m: 0.0,
        crest_m: [3.0, 3.0],
        upstream_m2,
        downstream,
    }
}

/// Nodes 0 -> 2 -> 3 -> 5, 1 -> 3, 4 -> 5; 6 on its own, far away.
fn rivers() -> Waterway {
    Waterway::new(vec![
        node([0.0, 3_000.0], 10e6, Some(2)),
        node([2_000.0, 3_000.0], 8e6, Some(3)),
        node([0.0, 2_000.0], 12e6, Some(3)),
        node([0.0, 1_000.0], 24e6, Some(5)),
        node([3_000.0, 500.0], 20e6, Some(5)),
        node([0.0, 0.0], 48e6, None),
        node([90_000.0, 0.0], 5e6, None),
    ])
    .unwrap()
}

#[test]
fn nodes_belong_to_the_gauge_that_sees_their_water() {
    let zones = Zones::new(&rivers(), &[2, 3], Radius::default()).unwrap();
    assert_eq!(zones.zone_of(), [0, 1, 0, 1, 1, 1, 1]);
    let weights = zones.weight_of();
    assert_eq!(weights[..4], [1.0; 4]);
    // Below the last gauge: half of the water is what the gauge has seen.
    assert!((weights[5] - 0.5).abs() < 1e-12);
    assert!(0.9 < weights[4] && weights[4] < 1.0);
    assert_eq!(weights[6], 0.0);
    let factors = [4.0, 9.0];
    assert_eq!(zones.at_node(&factors, 0), 4.0);
    assert!((zones.at_node(&factors, 5) - 3.0).abs() < 1e-12);
    assert_eq!(zones.at_node(&factors, 6), 1.0);
    // Gauges one node apart on one river, and observations of the second gauge only.
    let taper = zones.taper(&[1]);
    assert_eq!(taper(0, Target::Observation(0)), 1.0);
    let soil = Zones::variable(0, Quantity::Soil);
    assert_eq!(taper(0, Target::Variable(soil)), gaspari_cohn(1_000.0, 20_000.0));
    assert_eq!(taper(0, Target::Variable(6)), 0.0);
    assert_eq!(taper(1, Target::Variable(0)), 0.0);
}

#[test]
fn factors_bring_the_model_where_the_filter_is() {
    let zones = Zones::new(&rivers(), &[2, 3], Radius::default()).unwrap();
    let value = |zone: usize, quantity: Quantity, member: usize| match quantity {
        Quantity::Discharge => 10.0 + member as f64,
        Quantity::Soil => 100.0 * (1 + zone) as f64,
        Quantity::Rain => 1.0,
    };
    let before = zones.states(3, value).unwrap();
    let after = zones
        .states(3, |zone, quantity, member| {
            value(zone, quantity, member) * if quantity == Quantity::Discharge { 1.5 } else { 9.0 }
        })
        .unwrap();
    let pair = [&before, &after];
    let factor = zones.factors(pair, Quantity::Discharge, 2);
    assert!(factor.iter().all(|factor| (factor - 1.5).abs() < 1e-12));
    let factor = zones.factors(pair, Quantity::Soil, 0);
    assert!(factor.iter().all(|factor| (factor - 0.3_f64.exp()).abs() < 1e-12));
}

#[test]
fn zones_refuse_what_is_not_there() {
    let radius = Radius::default();
    for gauges in [vec![], vec![7], vec![2, 2]] {
        Zones::new(&rivers(), &gauges, radius).unwrap_err();
    }
    Zones::new(&rivers(), &[2], Radius { half_width_m: 0.0, ..radius }).unwrap_err();
    Zones::new(&rivers(), &[2], Radius { most: [f64::NAN; 3], ..radius }).unwrap_err();
    let zones = Zones::new(&rivers(), &[2], radius).unwrap();
    zones.states(2, |_, _, _| f64::NAN).unwrap_err();
}

#[test]
fn a_rain_factor_keeps_its_spread() {
    let wander = Wander { memory_h: 6.0, spread: 0.4 };
    // The variance after is that before times the share kept, and what is stirred in.
    let kept = wander.after(1.0, 2.0, 0.0);
    let stirred = wander.after(0.0, 2.0, 1.0);
    assert!((kept - (-1.0_f64 / 3.0).exp()).abs() < 1e-12);
    assert!((0.16 * kept * kept + stirred * stirred - 0.16).abs() < 1e-12);
}

/// Blending a variable with the weights of a zone is what the filter does to it.
#[test]
fn blends_do_what_the_filter_does() {
    let zones = Zones::new(&rivers(), &[2, 3], Radius::default()).unwrap();
    let observations = [
        exact(rows()[0].clone(), 2.5, 0.4),
        Observation { predicted: rows()[2].clone(), observed: Observed::AtMost(9.5), sigma: 0.7 },
    ];
    for relaxation in [0.0, 0.5] {
        let settings = Settings { relaxation, ..PLAIN };
        let (blends, analysis) = zones.blends(&observations, &[0, 1], &settings).unwrap();
        // Every row as a variable of each zone.
        let mut after = States::new(6, [rows().concat(), rows().concat()].concat()).unwrap();
        let again = update(&mut after, &observations, zones.taper(&[0, 1]), &settings).unwrap();
        assert_eq!(analysis, again);
        for zone in 0..2 {
            for (row, values) in rows().iter().enumerate() {
                let mut values = values.clone();
                blends.blend(zone, &mut values);
                let expected = after.variable(3 * zone + row);
                for (value, expected) in values.iter().zip(expected) {
                    assert!((value - expected).abs() < 1e-9, "{zone} {row}");
                }
            }
        }
    }
    zones.blends(&[], &[], &PLAIN).unwrap_err();
}

#[test]
fn factors_of_blends_stay_in_their_bounds() {
    let zones = Zones::new(&rivers(), &[2], Radius::default()).unwrap();
    let observation = exact(rows()[0].clone(), 60.0, 0.1);
    let (blends, _) = zones.blends(&[observation], &[0], &PLAIN).unwrap();
    let bounds = Bounds { floor: 1e-3, most: 0.5 };
    let factors = blends.factors(0, &[1.0, 2.0, 4.0, 3.0, 0.0, 1.7], bounds);
    assert!(factors.iter().all(|factor| factor.ln().abs() <= 0.5 + 1e-12));
    assert!(1.6 < factors[2]);
    assert_eq!(factors[4], 1.0, "nothing times anything is nothing");
    assert_eq!(blends.factors(0, &[0.0; 6], bounds), [1.0; 6]);
    // No such zone, or not as many members: nothing changes.
    assert_eq!(blends.factors(1, &[2.0; 6], bounds), [1.0; 6]);
    assert_eq!(blends.factors(0, &[2.0; 5], bounds), [1.0; 5]);
}

/// A gauge is believed as far as errors are what members and gauge explain, and no farther.
#[test]
fn a_model_that_stays_wrong_is_not_pulled() {
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}");
    near(believed_sigma(0.11, 0.3, &[]), 0.11);
    near(believed_sigma(0.11, 0.3, &[0.4, -0.3, 0.5, 0.1, -0.4, 0.2]), 0.11);
    // One large error is half luck, six of them are none.
    let explained = 0.11_f64.powi(2) + 0.09;
    near(believed_sigma(0.11, 0.3, &[0.6]), 0.11);
    near(believed_sigma(0.11, 0.3, &[2.0]), 0.11_f64.hypot((4.0 - 3.84 * explained).sqrt()));
    near(believed_sigma(0.11, 0.3, &[2.0; 6]), 0.11_f64.hypot((4.0 - 2.1 * explained).sqrt()));
    // Older errors do not count.
    let grown = [[9.0; 4].as_slice(), &[0.1; 6]].concat();
    near(believed_sigma(0.11, 0.3, &grown), 0.11);
    near(believed_sigma(0.11, 0.3, &[f64::NAN]), 0.11);
}
