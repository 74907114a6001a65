//! Searches with known answers, and one for the parameters of a hillside.

use std::sync::atomic::{AtomicU32, Ordering};

use jomo_flood::calibrate::{End, Measure, Parameter, Record, Scale, Search, calibrate, cost};
use jomo_flood::runoff::{Land, Members, Runoff, Start};

use crate::runoff::plane;

fn linear(name: &'static str, range: [f64; 2]) -> Parameter {
    Parameter { name, range, scale: Scale::Linear }
}

/// Rosenbrock's valley: the bottom is bent and nearly flat.
fn rosenbrock(x: &[f64]) -> f64 {
    let bends = x.windows(2).map(|pair| 100.0 * (pair[1] - pair[0] * pair[0]).powi(2));
    let slopes = x.windows(2).map(|pair| (1.0 - pair[0]).powi(2));
    bends.sum::<f64>() + slopes.sum::<f64>()
}

#[test]
fn the_bottom_of_a_bent_valley_is_found() {
    let parameters = [linear("x", [-3.0, 3.0]), linear("y", [-3.0, 3.0])];
    for seed in 0..5 {
        let search = Search { seed, closeness: 1e-6, ..Search::default() };
        let found = calibrate(&parameters, &search, rosenbrock).unwrap();
        assert!(found.best.values.iter().all(|x| (x - 1.0).abs() < 1e-3), "{:?}", found.best);
        assert_eq!(found.end, End::Close);
        assert!(found.history.is_sorted_by(|before, after| after <= before));
        assert!(found.last.is_sorted_by(|a, b| a.cost <= b.cost));
    }
}

/// Rastrigin's function: 11 hollows along each axis; only one is the deepest.
#[test]
fn the_deepest_of_many_hollows_is_found() {
    let rastrigin = |x: &[f64]| {
        let waves = |x: &f64| x * x - 10.0 * (2.0 * std::f64::consts::PI * x).cos() + 10.0;
        x.iter().map(waves).sum::<f64>()
    };
    let parameters = [linear("x", [-5.0, 5.5]), linear("y", [-5.5, 5.0])];
    let search = Search { complexes: 12, ..Search::default() };
    let found = calibrate(&parameters, &search, rastrigin).unwrap();
    assert!(found.best.cost < 1e-3, "{:?}", found.best);
}

/// The same bits on any number of threads, other ones with another seed.
#[test]
fn threads_do_not_change_what_is_found() {
    let parameters = [linear("x", [-3.0, 3.0]), linear("y", [-3.0, 3.0]), linear("z", [-3.0, 3.0])];
    let on = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let search = Search { seed, runs: 600, ..Search::default() };
        pool.install(|| calibrate(&parameters, &search, rosenbrock).unwrap())
    };
    assert_eq!(on(1, 7), on(3, 7));
    assert_ne!(on(2, 7).best, on(2, 8).best);
}

/// Runs are counted, and a cost that is no number is never the best.
#[test]
fn runs_that_break_down_lose() {
    let ran = AtomicU32::new(0);
    let broken = |x: &[f64]| {
        ran.fetch_add(1, Ordering::Relaxed);
        if x[0] < 0.5 { f64::NAN } else { x[0] }
    };
    let search = Search { runs: 200, ..Search::default() };
    let found = calibrate(&[linear("x", [0.0, 1.0])], &search, broken).unwrap();
    assert!((found.best.values[0] - 0.5).abs() < 1e-3, "{:?}", found.best);
    assert_eq!(found.runs, ran.into_inner());
}

#[test]
fn searches_without_sense_are_refused() {
    let with = |parameters: &[Parameter], search: &Search| {
        calibrate(parameters, search, |_| 0.0).unwrap_err().to_string()
    };
    let sound = linear("x", [0.0, 1.0]);
    let faults = [
        with(&[], &Search::default()),
        with(&[linear("k", [1.0, 1.0])], &Search::default()),
        with(&[Parameter { scale: Scale::Logarithm, ..sound }], &Search::default()),
        with(&[sound], &Search { complexes: 0, ..Search::default() }),
        with(&[sound], &Search { closeness: f64::NAN, ..Search::default() }),
    ];
    insta::assert_snapshot!(faults.join("\n"), @"
    parameters: 0 where 32 are expected
    k = 1: expected a range that rises, above 0 for a logarithm
    x = 0: expected a range that rises, above 0 for a logarithm
    complexes = 0: expected 1 to 1000
    closeness = NaN: expected 0 to 1
    ");
}

#[test]
fn costs_are_those_of_the_scores() {
    let observed = [1.0, 2.0, f64::NAN, 4.0];
    let record = |modelled| Record { modelled, observed: &observed, weight: 1.0 };
    for measure in [Measure::Nse, Measure::LogNse, Measure::Kge] {
        assert!(cost(measure, &[record(&[1.0, 2.0, 9.0, 4.0])]).abs() < 1e-12);
        assert!(cost(measure, &[record(&[1.0, f64::NAN, 9.0, 4.0])]).is_nan());
        assert!(0.9 < cost(measure, &[record(&[2.0, 2.0, 2.0, 2.0])]));
    }
    assert!(cost(Measure::Nse, &[]).is_nan());
    // Weights: a perfect record of weight 3 beside one as good as the mean.
    let mean = [7.0 / 3.0; 4];
    let both = [Record { weight: 3.0, ..record(&[1.0, 2.0, 0.0, 4.0]) }, record(&mean)];
    assert!((cost(Measure::Nse, &both) - 0.25).abs() < 1e-12);
}

/// Discharge of a hillside through a storm.
fn hillside(roughness: f64, soil_depth: f64, conductivity: f64) -> Vec<f64> {
    let slopes = plane(5, 500.0, 0.3, Land::FOREST);
    let members =
        Members { roughness: [roughness], soil_depth: [soil_depth], conductivity: [conductivity] };
    let start = Start { wetness: [0.4], base_flow_m3_s_km2: [0.02] };
    let mut runoff = Runoff::<1>::new(&slopes, &members, &start).unwrap();
    let rain = |step: i32| if (12..60).contains(&step) { 25.0 / 3.6e6 } else { 0.0 };
    let mut lateral = [[0.0]];
    (0..144)
        .map(|step| {
            runoff.step(&slopes, &[[rain(step)]], 600.0, &mut lateral).unwrap();
            lateral[0][0]
        })
        .collect()
}

/// Parameters that made a hydrograph are found again from it.
#[test]
fn the_parameters_of_a_hillside_are_found_again() {
    let hidden = [1.6, 0.7, 2.2];
    let observed = hillside(hidden[0], hidden[1], hidden[2]);
    let factor = |name| Parameter { name, range: [0.25, 4.0], scale: Scale::Logarithm };
    let parameters = [factor("roughness"), factor("soil_depth"), factor("conductivity")];
    let search = Search { runs: 1_500, ..Search::default() };
    let found = calibrate(&parameters, &search, |values| {
        let modelled = hillside(values[0], values[1], values[2]);
        cost(Measure::Nse, &[Record { modelled: &modelled, observed: &observed, weight: 1.0 }])
    })
    .unwrap();
    assert!(found.best.cost < 1e-4, "{:?} after {} runs", found.best, found.runs);
    for (value, hidden) in found.best.values.iter().zip(hidden) {
        assert!((value / hidden - 1.0).abs() < 0.05, "{:?}", found.best);
    }
}
