//! The storage function, snow, and the index from the tanks.

use jomo_flood::runoff::{
    Land, RunoffIndex, SnowModel, Snowpack, StorageBasin, StorageFunction, at_height_c,
};
use jomo_flood::waterway::{Node, Waterway};
use proptest::prelude::*;

use super::{SEALED, plane};

const KIMURA: StorageFunction = StorageFunction {
    area_km2: 36.0,
    k: 25.0,
    p: 0.6,
    lag_h: 0.0,
    primary_ratio: 1.0,
    saturation_mm: 0.0,
    base_flow_m3_s: 0.0,
};

/// Without rain `q^(p-1)` grows by `(1 - p) / (K p)` an hour; with `p = 1` it is an exponential.
#[test]
fn the_recession_is_the_closed_one() {
    for p in [0.3, 0.6, 1.0] {
        let function = StorageFunction { p, ..KIMURA };
        let first = 20.0_f64;
        let stored = function.k * first.powf(p);
        let mut basin = StorageBasin::new(function, 600.0).unwrap().with_stored_mm([stored, 0.0]);
        let q = |t: f64| {
            if p < 1.0 {
                (first.powf(p - 1.0) + (1.0 - p) * t / (function.k * p)).powf(1.0 / (p - 1.0))
            } else {
                first * (-t / function.k).exp()
            }
        };
        let still = |t: f64| function.k * q(t).powf(p);
        for step in 0..144 {
            let [from, to] = [step, step + 1].map(|step| f64::from(step) / 6.0);
            let mean = 6.0 * (still(from) - still(to)) * function.area_km2 / 3.6;
            let flow = basin.advance(0.0);
            assert!((flow / mean - 1.0).abs() < 1e-4, "p {p}, {from} h: {flow} {mean}");
        }
    }
}

/// In the end what falls runs off; first only from the primary part; the lag moves it in time.
#[test]
fn shares_lag_and_base_flow_are_kept() {
    let function = StorageFunction {
        lag_h: 1.25,
        primary_ratio: 0.4,
        saturation_mm: 60.0,
        base_flow_m3_s: 3.0,
        ..KIMURA
    };
    let mut basin = StorageBasin::new(function, 1_800.0).unwrap();
    let flows: Vec<f64> = (0..400).map(|_| basin.advance(5.0)).collect();
    // 10 mm/h over 36 km²: 100 m³/s.
    assert!((flows[399] - 103.0).abs() < 0.01, "{}", flows[399]);
    assert_eq!(flows[..2], [3.0, 3.0]);
    assert!(3.0 < flows[2]);
    let early = StorageFunction { saturation_mm: 1e9, ..function };
    let mut basin = StorageBasin::new(early, 1_800.0).unwrap();
    let flow = (0..400).map(|_| basin.advance(5.0)).last().unwrap();
    assert!((flow - 43.0).abs() < 0.01, "{flow}");
}

/// A basin that goes on from its state is the one that never stopped, and a new storm finds the
/// soil of the second part dry.
#[test]
fn a_storage_basin_goes_on_from_its_state() {
    let function = StorageFunction {
        lag_h: 1.25,
        primary_ratio: 0.4,
        saturation_mm: 60.0,
        base_flow_m3_s: 3.0,
        ..KIMURA
    };
    let fresh = || StorageBasin::new(function, 600.0).unwrap();
    let mut whole = fresh();
    let rain = |step: u32| f64::from(step % 7);
    for step in 0..50 {
        whole.advance(rain(step));
    }
    let mut again = fresh().with_state(&whole.state()).unwrap();
    assert_eq!(again, whole);
    for step in 50..90 {
        assert_eq!(again.advance(rain(step)).to_bits(), whole.advance(rain(step)).to_bits());
    }
    again.begin_storm();
    assert_eq!((again.state().fallen_mm.to_bits(), again.stored_mm()), (0, whole.stored_mm()));
    let state = whole.state();
    let lagless = StorageBasin::new(KIMURA, 600.0).unwrap();
    assert!(lagless.with_state(&state).is_err());
    for wrong in [f64::NAN, f64::INFINITY, -1.0, 1e308] {
        for place in 0..4 {
            let mut state = state.clone();
            match place {
                0 => state.fallen_mm = wrong,
                1 | 2 => state.stored_mm[place - 1] = wrong,
                _ => state.underway_mm_h[2] = wrong,
            }
            assert!(fresh().with_state(&state).is_err(), "{wrong} at {place}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What fell on the part that runs off has left or is still there.
    #[test]
    fn the_storage_function_keeps_water(
        k in 1.0..80.0_f64, p in 0.2..1.0_f64, lag_h in 0.0..6.0_f64, f1 in 0.0..1.0_f64,
        rain in prop::collection::vec(0.0..30.0_f64, 1..60),
    ) {
        let function = StorageFunction {
            k, p, lag_h, primary_ratio: f1, saturation_mm: 100.0, ..KIMURA
        };
        let mut basin = StorageBasin::new(function, 600.0).unwrap();
        let mut out_mm = 0.0;
        for rain_mm in &rain {
            let flow = basin.advance(*rain_mm);
            prop_assert!(0.0 <= flow);
            out_mm += flow * 600.0 / 36e3;
        }
        let fallen: f64 = rain.iter().sum();
        let effective = f1 * fallen + (1.0 - f1) * (fallen - 100.0).max(0.0);
        prop_assert!((out_mm + basin.stored_mm() - effective).abs() <= 1e-9 * (1.0 + effective));
    }

    /// Snow and water together are what fell, in any lane.
    #[test]
    fn snow_keeps_water(days in prop::collection::vec((-10.0..15.0_f64, 0.0..20.0_f64), 1..50)) {
        let mut pack = Snowpack::new(SnowModel::USUAL, vec![[0.0, 0.1]]).unwrap();
        let mut balance = [0.0, 0.1];
        for (temperature_c, rain_mm_h) in days {
            let mut rates = [[rain_mm_h / 3.6e6, 0.5 * rain_mm_h / 3.6e6]];
            let fallen = rates[0];
            pack.step(&[temperature_c], &mut rates, 3_600.0).unwrap();
            for lane in 0..2 {
                prop_assert!(0.0 <= rates[0][lane]);
                balance[lane] += 3_600.0 * (fallen[lane] - rates[0][lane]);
                prop_assert!((pack.water_m()[0][lane] - balance[lane]).abs() < 1e-12);
            }
        }
    }
}

/// A day at 4 °C melts 18 mm; below freezing all that falls stays; 10 mm of rain at 6 °C melt
/// 0.75 mm more.
#[test]
fn snow_melts_by_degrees_and_days() {
    let mut pack = Snowpack::new(SnowModel::USUAL, vec![[0.1]]).unwrap();
    let mut rates = [[0.0]];
    pack.step(&[4.0], &mut rates, 86_400.0).unwrap();
    assert!((rates[0][0] * 86_400.0 - 0.018).abs() < 1e-12);
    let mut rates = [[1e-6]];
    pack.step(&[-2.0], &mut rates, 3_600.0).unwrap();
    assert!(rates[0][0] <= 0.0);
    assert!((pack.water_m()[0][0] - (0.1 - 0.018 + 0.0036)).abs() < 1e-12);
    let mut rates = [[0.010 / 3_600.0]];
    pack.step(&[6.0], &mut rates, 3_600.0).unwrap();
    let melt = 0.0045 * 6.0 / 24.0 + 0.0125 * 6.0 * 0.010;
    assert!((rates[0][0] * 3_600.0 - 0.010 - melt).abs() < 1e-12);
    // Not known: all is rain.
    let mut rates = [[1e-6]];
    let before = pack.clone();
    pack.step(&[f64::NAN], &mut rates, 3_600.0).unwrap();
    assert!(pack == before && rates == [[1e-6]]);
    assert!((at_height_c(20.0, 100.0, 1_100.0) - 13.5).abs() < 1e-12);
}

fn chain(count: u32) -> Waterway {
    let node = |index: u32| Node {
        reach: 0,
        station_m: 200.0 * f64::from(index),
        at_m: [0.0, 0.0],
        length_m: 200.0,
        width_m: 12.0,
        bed_m: 100.0 - f64::from(index),
        crest_m: [200.0, 200.0],
        upstream_m2: 1e6,
        downstream: (index + 1 < count).then_some(index + 1),
    };
    Waterway::new((0..count).map(node).collect()).unwrap()
}

/// A steady flow comes out below as it went in, delayed by the way; the index is its root.
#[test]
fn the_index_is_the_root_of_a_routed_discharge() {
    let mut index = RunoffIndex::new(&chain(30));
    let mut lateral = vec![0.0; 30];
    lateral[0] = 25.0;
    let mut came = 0.0;
    let mut left = 0.0;
    for step in 0..72 {
        index.step(&lateral, 600.0).unwrap();
        came += 25.0 * 600.0;
        left += index.discharge_m3_s()[29] * 600.0;
        if step == 0 {
            assert!(index.index(29).unwrap() < 0.5, "{:?}", index.index(29));
        }
    }
    assert!((index.index(29).unwrap() - 5.0).abs() < 1e-3);
    assert!((came - left - index.stored_m3()).abs() <= 1e-9 * came);
    assert_eq!(index.index(30), None);
}

#[test]
fn tanks_feed_the_nodes_by_area() {
    let slopes = plane(4, 100.0, 0.1, Land { ..SEALED });
    let (flow, without_m2) = RunoffIndex::lateral_m3_s(&slopes, &[6.0], 600.0).unwrap();
    assert!((flow[0] - 100.0 * 0.006 / 600.0).abs() < 1e-15 && without_m2 <= 0.0);
    let (flow, without_m2) = RunoffIndex::lateral_m3_s(&slopes, &[f64::NAN], 600.0).unwrap();
    assert!(flow[0] <= 0.0 && (without_m2 - 100.0).abs() < 1e-9);
    assert!(RunoffIndex::lateral_m3_s(&slopes, &[], 600.0).is_err());
}
