//! The three tanks: closed forms, laws, and the agency's own states.

#[allow(dead_code, reason = "tests/validation uses the rest")]
mod agency;

use jomo_flood::soil_water::{
    SoilGrid, SoilLedger, Steps, TankModel, TankRows, Tanks, soil_water_row,
};
use proptest::prelude::*;

use crate::chance::Dice;

const JMA: TankModel = TankModel::JMA;

fn tanks(upper_mm: f64, middle_mm: f64, lower_mm: f64) -> Tanks {
    Tanks { upper_mm, middle_mm, lower_mm }
}

/// A day after the start without rain, in `count` steps.
fn after_a_day(start: Tanks, count: u32) -> Tanks {
    JMA.advance(start, 0.0, Steps::new(&JMA, 24.0, count).unwrap()).0
}

/// Below its outlets a tank loses the same share in each step, and finer steps come to the
/// exponential with half the error each time the step is halved.
#[test]
fn a_single_tank_drains_exponentially() {
    for (start, floor, of) in [
        (tanks(10.0, 0.0, 0.0), 0.12, (|t| t.upper_mm) as fn(Tanks) -> f64),
        (tanks(0.0, 10.0, 0.0), 0.05, |t| t.middle_mm),
        (tanks(0.0, 0.0, 10.0), 0.01, |t| t.lower_mm),
    ] {
        let geometric = 10.0 * (1.0 - floor / 6.0_f64).powi(144);
        assert!((of(after_a_day(start, 144)) - geometric).abs() < 1e-12);
        let exact = 10.0 * (-floor * 24.0_f64).exp();
        let error = |count| of(after_a_day(start, count)) - exact;
        assert!(error(144).abs() <= exact * floor * floor * 24.0 / 12.0 * 1.01, "{floor}");
        let order = error(288) / error(576);
        assert!((1.98..2.02).contains(&order), "{floor}: {order}");
    }
}

/// Water poured into the upper tank below its outlets goes down as three decays in a row
/// (Bateman's equations).
#[test]
fn a_cascade_below_the_outlets_is_that_of_bateman() {
    let [a, b, c] = JMA.floors_per_h;
    let t = 24.0_f64;
    let (ea, eb, ec) = ((-a * t).exp(), (-b * t).exp(), (-c * t).exp());
    let exact = tanks(
        12.0 * ea,
        12.0 * a * (ea / (b - a) + eb / (a - b)),
        12.0 * a
            * b
            * (ea / ((b - a) * (c - a)) + eb / ((a - b) * (c - b)) + ec / ((a - c) * (b - c))),
    );
    let found = after_a_day(tanks(12.0, 0.0, 0.0), 100_000);
    for (found, exact) in [
        (found.upper_mm, exact.upper_mm),
        (found.middle_mm, exact.middle_mm),
        (found.lower_mm, exact.lower_mm),
    ] {
        assert!((found - exact).abs() < 1e-4 && 0.1 < exact, "{found} or {exact}");
    }
}

/// Steady rain fills the tanks until what comes in goes out; the depths are worked by hand.
#[test]
fn steady_rain_comes_to_the_known_depths() {
    let mut state = Tanks::default();
    for _ in 0..24 * 200 {
        state = JMA.advance(state, 20.0, Steps::HOUR).0;
    }
    // 0.37 u = 20 + 0.10 x 15 + 0.15 x 60; 0.10 m = 0.12 u + 0.05 x 15; 0.02 l = 0.05 m + 0.15.
    let upper = 30.5 / 0.37;
    let middle = (0.12 * upper + 0.75) / 0.10;
    let lower = (0.05 * middle + 0.15) / 0.02;
    for (found, exact) in
        [(state.upper_mm, upper), (state.middle_mm, middle), (state.lower_mm, lower)]
    {
        assert!((found - exact).abs() < 1e-6, "{found} or {exact}");
    }
}

/// One step by hand: from 30, 20, 40 mm with 6 mm of rain in ten minutes.
#[test]
fn one_step_is_as_worked_by_hand() {
    let (after, flow) = JMA.advance(tanks(30.0, 20.0, 40.0), 6.0, Steps::TEN_MINUTES);
    let expected = [
        (after.upper_mm, 30.0 + 6.0 - 0.25 - 0.6),
        (after.middle_mm, 20.0 + 0.6 - 0.25 / 6.0 - 1.0 / 6.0),
        (after.lower_mm, 40.0 + 1.0 / 6.0 - 0.25 / 6.0 - 0.4 / 6.0),
        (flow.side_mm(), 0.25 + 0.5 / 6.0),
        (flow.deep_mm, 0.4 / 6.0),
    ];
    for (place, (found, expected)) in expected.into_iter().enumerate() {
        assert!((found - expected).abs() < 1e-12, "{place}: {found} or {expected}");
    }
}

#[test]
fn steps_that_would_empty_a_tank_are_refused() {
    assert!(Steps::new(&JMA, 1.0, 0).is_none());
    assert!(Steps::new(&JMA, -1.0, 1).is_none());
    assert!(Steps::new(&JMA, f64::NAN, 1).is_none());
    assert!(Steps::new(&JMA, f64::INFINITY, 1).is_none());
    // 1 / 0.37 h is the longest.
    assert!(Steps::new(&JMA, 2.70, 1).is_some() && Steps::new(&JMA, 2.71, 1).is_none());
}

#[test]
fn what_is_unknown_stays_unknown() {
    for rain in [f64::NAN, -0.1, f64::INFINITY] {
        assert!(JMA.advance(tanks(1.0, 2.0, 3.0), rain, Steps::HOUR).0.index_mm().is_nan());
    }
    let start = [tanks(1.0, 2.0, 3.0), Tanks::NO_DATA, tanks(1.0, f64::NAN, 3.0)];
    let mut grid = SoilGrid::new([1, 3], &start).unwrap();
    let ledger = grid.advance(&JMA, Steps::HOUR, &[1.0, 1.0, 1.0]).unwrap();
    assert_eq!(ledger.cells_without_data, 2);
    assert!(ledger.error().abs() < 1e-12);
    for cell in [1, 2] {
        let known = grid.tanks(cell).unwrap();
        assert!([known.upper_mm, known.middle_mm, known.lower_mm].iter().all(|mm| mm.is_nan()));
        assert!(grid.side_mm()[cell].is_nan());
    }
    assert!(grid.advance(&JMA, Steps::HOUR, &[1.0]).is_none());
    assert_eq!((grid.shape(), grid.tanks(3)), ([1, 3], None));
    assert!(SoilGrid::new([2, 2], &start).is_none());
    assert!(Tanks::from_index(f64::NAN, 3.0).index_mm().is_nan());
    assert!(Tanks::from_index(3.0, f64::NAN).index_mm().is_nan());
    assert_eq!(Tanks::from_index(10.0, 11.0), tanks(11.0, 0.0, 0.0));
}

proptest! {
    /// No water appears or vanishes, no tank is below empty, and more rain never leaves less.
    #[test]
    fn water_is_kept(
        start in (0.0..300.0_f64, 0.0..200.0_f64, 0.0..300.0_f64),
        rain_mm in prop::collection::vec(0.0..80.0_f64, 1..60),
        more_mm in 0.0..5.0_f64,
    ) {
        let start = tanks(start.0, start.1, start.2);
        let (mut state, mut wetter) = (start, start);
        let (mut gone, mut fallen) = (0.0, 0.0);
        for rain in rain_mm {
            let (next, flow) = JMA.advance(state, rain, Steps::HOUR);
            wetter = JMA.advance(wetter, rain + more_mm, Steps::HOUR).0;
            (state, gone, fallen) = (next, gone + flow.side_mm() + flow.deep_mm, fallen + rain);
            for mm in [next.upper_mm, next.middle_mm, next.lower_mm, flow.upper_mm,
                       flow.middle_mm, flow.lower_mm, flow.deep_mm] {
                prop_assert!(0.0 <= mm);
            }
            prop_assert!(state.upper_mm <= wetter.upper_mm + 1e-9);
            prop_assert!(state.middle_mm <= wetter.middle_mm + 1e-9);
            prop_assert!(state.lower_mm <= wetter.lower_mm + 1e-9);
        }
        let all = start.index_mm() + fallen;
        prop_assert!((all - gone - state.index_mm()).abs() <= 1e-12 * all.max(1.0));
    }

    /// An hour is six steps of ten minutes, bit for bit; a row is its cells.
    #[test]
    fn an_hour_is_six_steps(start in (0.0..300.0_f64, 0.0..200.0_f64, 0.0..300.0_f64),
                            rain in 0.0..80.0_f32) {
        let start = tanks(start.0, start.1, start.2);
        let rain_mm = f64::from(rain);
        let mut by_steps = start;
        for _ in 0..6 {
            by_steps = JMA.advance(by_steps, rain_mm / 6.0, Steps::TEN_MINUTES).0;
        }
        let (hour, flow) = JMA.advance(start, rain_mm, Steps::HOUR);
        prop_assert_eq!(hour, by_steps);
        let (mut upper, mut middle, mut lower) =
            ([start.upper_mm; 2], [start.middle_mm; 2], [start.lower_mm; 2]);
        let mut side = [0.0; 2];
        let mut rows = TankRows {
            upper_mm: &mut upper, middle_mm: &mut middle, lower_mm: &mut lower, side_mm: &mut side,
        };
        let ledger = soil_water_row(&JMA, Steps::HOUR, &[rain, rain], &mut rows);
        prop_assert_eq!((upper[1], middle[1], lower[1]), (hour.upper_mm, hour.middle_mm, hour.lower_mm));
        prop_assert_eq!(side.map(f64::to_bits), [flow.side_mm().to_bits(); 2]);
        prop_assert!(ledger.error().abs() <= 1e-12);
    }
}

/// The number of threads changes no bit, neither of the tanks nor of the ledger.
#[test]
fn threads_change_no_bit() {
    let shape = [37, 53];
    let mut dice = Dice::new(11);
    let cells = shape[0] * shape[1];
    let start: Vec<Tanks> = (0..cells)
        .map(|_| tanks(200.0 * dice.share(), 100.0 * dice.share(), 100.0 * dice.share()))
        .collect();
    let rain: Vec<f32> = (0..cells).map(|cell| (cell % 40) as f32).collect();
    let run = |threads| -> (SoilGrid, SoilLedger) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut grid = SoilGrid::new(shape, &start).unwrap();
            let ledger = grid.advance(&JMA, Steps::HOUR, &rain).unwrap();
            (grid, ledger)
        })
    };
    let (one, three) = (run(1), run(3));
    assert_eq!(one, three);
    assert!(one.1.error().abs() < 1e-12);
}
