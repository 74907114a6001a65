//! Runoff against closed forms, its laws, and what it refuses.

mod laws;
mod saved;
mod simple;
mod terrain;

use jomo_flood::runoff::{
    Element, Infiltration, Land, Members, Receiver, Runoff, SLOPE_MIN, Slopes, Start,
};
use jomo_flood::verify::nse;

/// Ground that takes nothing in.
pub(crate) const SEALED: Land = Land { roughness: 0.05, ..Land::WATER };

const MM_H: f64 = 1.0 / 3_600_000.0;

/// A plane of equal strips, one below the other.
pub(crate) fn plane(strips: u32, length_m: f64, slope: f64, land: Land) -> Slopes {
    let strip_m = length_m / f64::from(strips);
    let elements = (0..strips)
        .map(|index| Element {
            area_m2: strip_m,
            length_m: strip_m,
            slope,
            receiver: if index + 1 == strips {
                Receiver::Node(0)
            } else {
                Receiver::Element(index + 1)
            },
            rain_cell: 0,
            land: 0,
        })
        .collect();
    Slopes::new(elements, vec![land], 1).unwrap()
}

/// Discharge at the foot of a plane a metre wide, in m³/s: kinematic wave of Lighthill and Whitham
/// (1955) as Woolhiser and Liggett (1967) solved it, for rain that outlasts the rise.
fn plane_m3_s(time_s: f64, rain_m_s: f64, rain_s: f64, length_m: f64, alpha: f64) -> f64 {
    let steady = rain_m_s * length_m;
    if time_s <= rain_s {
        return (alpha * (rain_m_s * time_s).powf(5.0 / 3.0)).min(steady);
    }
    // L = q / r + 5/3 alpha^(3/5) q^(2/5) (t - t_rain)
    let reach = |q: f64| {
        q / rain_m_s + 5.0 / 3.0 * alpha.powf(0.6) * q.powf(0.4) * (time_s - rain_s) - length_m
    };
    let (mut low, mut high) = (0.0, steady);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if reach(middle) < 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[test]
fn a_plane_gives_the_hydrograph_of_the_kinematic_wave() {
    let (length_m, slope, rain) = (200.0, 0.02, 50.0 * MM_H);
    let slopes = plane(100, length_m, slope, SEALED);
    let alpha = slope.sqrt() / SEALED.roughness;
    let mut runoff = Runoff::<1>::new(&slopes, &Members::ALIKE, &Start::DRY).unwrap();
    let (mut modelled, mut exact) = (Vec::new(), Vec::new());
    let step_s = 10.0;
    for step in 0..540 {
        let time_s = f64::from(step) * step_s;
        let rain_now = if time_s < 2_700.0 { rain } else { 0.0 };
        let mut lateral = [[0.0]];
        runoff.step(&slopes, &[[rain_now]], step_s, &mut lateral).unwrap();
        modelled.push(lateral[0][0]);
        exact.push(plane_m3_s(time_s + 0.5 * step_s, rain, 2_700.0, length_m, alpha));
    }
    let score = nse(&modelled, &exact).unwrap();
    assert!(0.995 <= score, "{score}");
    let error = runoff.ledger().error(&runoff.stored_m3(&slopes))[0];
    assert!(error.abs() <= 1e-12, "{error:e}");
}

/// As elements are in a basin: four bands of 125 m, steps of 300 s within calls of 600 s. Implicit
/// steps and few bands spread the rise, so the peak comes some minutes late; no volume is lost.
#[test]
fn coarse_bands_stay_close_to_the_wave() {
    let (length_m, slope, rain) = (500.0, 0.2, 30.0 * MM_H);
    let land = Land { roughness: 0.3, ..SEALED };
    let slopes = plane(4, length_m, slope, land);
    let alpha = slope.sqrt() / land.roughness;
    let mut runoff = Runoff::<1>::new(&slopes, &Members::ALIKE, &Start::DRY).unwrap();
    let (mut modelled, mut exact) = (Vec::new(), Vec::new());
    let steady = (length_m / (alpha * rain.powf(2.0 / 3.0))).powf(0.6);
    assert!(steady < 7_200.0);
    for step in 0..36 {
        let time_s = f64::from(step) * 600.0;
        let mut lateral = [[0.0]];
        let rain_now = if time_s < 7_200.0 { rain } else { 0.0 };
        runoff.step(&slopes, &[[rain_now]], 600.0, &mut lateral).unwrap();
        modelled.push(lateral[0][0]);
        let minutes = (0..60).map(|part| time_s + 10.0 * (f64::from(part) + 0.5));
        let mean = minutes.map(|at| plane_m3_s(at, rain, 7_200.0, length_m, alpha)).sum::<f64>();
        exact.push(mean / 60.0);
    }
    let score = nse(&modelled, &exact).unwrap();
    assert!(0.975 <= score, "{score}");
}

/// Soil that takes all rain: water comes down at `K S / porosity`, so the flow at the foot grows
/// in a straight line until the highest drop has arrived.
#[test]
fn flow_in_the_soil_is_that_of_darcy() {
    let land = Land {
        soil_depth_m: 5.0,
        porosity: 0.2,
        matrix_share: 0.0,
        lateral_conductivity_m_s: 0.004,
        infiltration: Infiltration::GreenAmpt { conductivity_m_s: 1e-4, suction_m: 0.0 },
        ..SEALED
    };
    let (length_m, slope, rain) = (100.0, 0.25, 10.0 * MM_H);
    let slopes = plane(100, length_m, slope, land);
    let mut runoff = Runoff::<1>::new(&slopes, &Members::ALIKE, &Start::DRY).unwrap();
    let speed_m_s = land.lateral_conductivity_m_s * slope / land.porosity;
    let (mut modelled, mut exact) = (Vec::new(), Vec::new());
    for step in 0..600 {
        let mut lateral = [[0.0]];
        runoff.step(&slopes, &[[rain]], 60.0, &mut lateral).unwrap();
        modelled.push(lateral[0][0]);
        exact.push(rain * (speed_m_s * (60.0 * f64::from(step) + 30.0)).min(length_m));
    }
    let score = nse(&modelled, &exact).unwrap();
    assert!(0.995 <= score, "{score}");
    assert!((modelled[599] / exact[599] - 1.0).abs() < 1e-6);
}

/// Fine pores let go with the fourth power of what is there: `z = (1 + 3 v t / 4 L)^(-1/3)`.
#[test]
fn fine_pores_let_go_slowly() {
    let land = Land { matrix_share: 1.0, percolation_m_s: 0.0, ..Land::FOREST };
    let slopes = plane(1, 400.0, 0.3, land);
    let start = Start { wetness: [1.0], ..Start::DRY };
    let mut runoff = Runoff::<1>::new(&slopes, &Members::ALIKE, &start).unwrap();
    let speed_m_s = land.lateral_conductivity_m_s * 0.3 / land.porosity;
    for step in 1..=1_440 {
        runoff.step(&slopes, &[[0.0]], 600.0, &mut [[0.0]]).unwrap();
        let time_s = 600.0 * f64::from(step);
        let exact = (1.0 + 0.75 * speed_m_s * time_s / 400.0).powf(-1.0 / 3.0);
        let found = runoff.soil_wetness(&slopes, [0])[0];
        assert!((found / exact - 1.0).abs() < 2e-3, "{time_s} s: {found} {exact}");
    }
    // After ten days a third is still there.
    assert!((0.3..0.5).contains(&runoff.soil_wetness(&slopes, [0])[0]));
}

/// More rain than the soil can carry down: it fills from the foot, the rest runs over it, and in
/// the end what falls is what leaves.
#[test]
fn full_soil_lets_water_out() {
    let land = Land { percolation_m_s: 0.0, ..Land::FOREST };
    let slopes = plane(10, 500.0, 0.2, land);
    let mut runoff = Runoff::<1>::new(&slopes, &Members::ALIKE, &Start::DRY).unwrap();
    let rain = 50.0 * MM_H;
    let mut lateral = [[0.0]];
    for _ in 0..144 {
        runoff.step(&slopes, &[[rain]], 600.0, &mut lateral).unwrap();
    }
    assert!((lateral[0][0] / (rain * 500.0) - 1.0).abs() < 1e-3, "{}", lateral[0][0]);
    let wet: Vec<f64> = (0..10).map(|at| runoff.soil_wetness(&slopes, [at])[0]).collect();
    assert!(wet[0] < 1.0, "{wet:?}");
    // A full soil carries 0.01 x 0.2 / 0.3 x (0.3 - 3/4 x 0.18) m²/s: the rain of 79 m.
    assert!(wet[1..].iter().all(|wet| (wet - 1.0).abs() < 1e-9), "{wet:?}");
    assert!(runoff.surface_m(0).unwrap()[0] < runoff.surface_m(9).unwrap()[0]);
}

/// The slow store alone: an exponential of 100 h.
#[test]
fn base_flow_falls_as_an_exponential() {
    let slopes = plane(1, 1_000.0, 0.1, SEALED);
    let start = Start { wetness: [0.0], base_flow_m3_s_km2: [0.03] };
    let mut runoff = Runoff::<1>::new(&slopes, &Members::ALIKE, &start).unwrap();
    let mut lateral = [[0.0]];
    for step in 0..600 {
        runoff.step(&slopes, &[[0.0]], 600.0, &mut lateral).unwrap();
        let hours = (f64::from(step) + 0.5) / 6.0;
        let exact = 3e-5 * (-hours / 100.0_f64).exp();
        assert!((lateral[0][0] / exact - 1.0).abs() < 1e-3, "{hours} h: {}", lateral[0][0]);
    }
}

/// What an assimilation puts into the soil is in the ledger, and no soil holds more than it can.
#[test]
fn scaled_soil_is_counted() {
    let slopes = plane(6, 300.0, 0.2, Land::FOREST);
    let start = Start { wetness: [0.5, 0.5, 0.5], base_flow_m3_s_km2: [0.0; 3] };
    let mut runoff = Runoff::<3>::new(&slopes, &Members::ALIKE, &start).unwrap();
    let before = runoff.stored_m3(&slopes);
    let added = runoff.scale_soil(&slopes, [0.5, 9.0, f64::NAN], [0, 1, 99]);
    let after = runoff.stored_m3(&slopes);
    for lane in 0..3 {
        assert!((after[lane] - before[lane] - added[lane]).abs() < 1e-9);
    }
    // Two strips of 50 m², 150 mm each: 7.5 m³ less, 15 m³ more.
    for (added, expected) in added.iter().zip([-7.5, 15.0, 0.0]) {
        assert!((added - expected).abs() < 1e-9, "{added} {expected}");
    }
    runoff.step(&slopes, &[[1e-5; 3]], 3_600.0, &mut [[0.0; 3]]).unwrap();
    let errors = runoff.ledger().error(&runoff.stored_m3(&slopes));
    assert!(errors.iter().all(|error| error.abs() <= 1e-12), "{errors:?}");
}

#[test]
fn what_is_not_sound_is_refused_and_changes_nothing() {
    let slopes = plane(2, 100.0, 0.1, Land::FOREST);
    let mut runoff = Runoff::<1>::new(&slopes, &Members::ALIKE, &Start::DRY).unwrap();
    let before = runoff.save(&slopes);
    let mut step = |rain: &[[f64; 1]], step_s, nodes| {
        runoff.step(&slopes, rain, step_s, &mut vec![[0.0]; nodes]).unwrap_err().to_string()
    };
    let mut faults = vec![
        step(&[[f64::NAN]], 600.0, 1),
        step(&[[-1e-9]], 600.0, 1),
        step(&[], 600.0, 1),
        step(&[[0.0]], 0.0, 1),
        step(&[[0.0]], 1e6, 1),
        step(&[[0.0]], 600.0, 2),
    ];
    let other = plane(3, 100.0, 0.1, Land::FOREST);
    faults.push(runoff.step(&other, &[[0.0]], 600.0, &mut [[0.0]]).unwrap_err().to_string());
    assert_eq!(runoff.save(&slopes), before);
    let bad = Members { roughness: [0.0], ..Members::ALIKE };
    faults.push(Runoff::new(&slopes, &bad, &Start::DRY).unwrap_err().to_string());
    let wet = Start { wetness: [1.5], ..Start::DRY };
    faults.push(Runoff::new(&slopes, &Members::ALIKE, &wet).unwrap_err().to_string());
    let land = Land { roughness: 0.0, ..Land::FOREST };
    faults.push(Slopes::new(vec![], vec![land], 0).unwrap_err().to_string());
    let element = Element { receiver: Receiver::Element(0), ..slopes.elements()[0] };
    faults.push(Slopes::new(vec![element], vec![Land::FOREST], 1).unwrap_err().to_string());
    let element = Element { receiver: Receiver::Node(1), area_m2: f64::INFINITY, ..element };
    faults.push(Slopes::new(vec![element], vec![Land::FOREST], 2).unwrap_err().to_string());
    insta::assert_snapshot!(faults.join("\n"), @"
    rain cell 0: expected rain of 0 to 1 m/s
    rain cell 0: expected rain of 0 to 1 m/s
    rain cells: 0 where 1 are expected
    step_s = 0: expected above 0, at most 86400
    step_s = 1000000: expected above 0, at most 86400
    nodes: 2 where 1 are expected
    elements: 3 where 2 are expected
    roughness = 0: expected above 0
    wetness = 1.5: expected 0 to 1
    land 0: expected a roughness above 0
    element 0: expected a later element or a node downstream
    element 0: expected an area and a length above 0
    ");
}

/// Two hillsides of 800 m into a channel of 1,000 m (Overton and Brakensiek 1970): after the rise
/// what falls is what leaves. The channel is a row of elements 20 m wide.
#[test]
fn a_valley_reaches_its_plateau() {
    let hillside = Land { roughness: 0.015, ..SEALED };
    let channel = Land { roughness: 0.15, ..SEALED };
    let mut elements = Vec::new();
    let mut rows = Vec::new();
    // Down the channel; the hillsides beside each of its elements first.
    let count = 20;
    for _ in 0..count {
        for _ in 0..2 {
            for strip in 0..16_u32 {
                let at = u32::try_from(elements.len()).unwrap();
                let receiver =
                    if strip == 15 { Receiver::Node(0) } else { Receiver::Element(at + 1) };
                elements.push(Element {
                    area_m2: 50.0 * 50.0,
                    length_m: 50.0,
                    slope: 0.05,
                    receiver,
                    rain_cell: 0,
                    land: 0,
                });
            }
        }
        rows.push(elements.len());
        elements.push(Element {
            area_m2: 20.0 * 50.0,
            length_m: 50.0,
            slope: 0.02,
            receiver: Receiver::Node(0),
            rain_cell: 0,
            land: 1,
        });
    }
    for (row, channel) in rows.iter().enumerate() {
        let next = rows.get(row + 1).map(|next| u32::try_from(*next).unwrap());
        elements[*channel].receiver = next.map_or(Receiver::Node(0), Receiver::Element);
        for hillside in [channel - 1, channel - 17] {
            elements[hillside].receiver = Receiver::Element(u32::try_from(*channel).unwrap());
        }
    }
    let slopes = Slopes::new(elements, vec![hillside, channel], 1).unwrap();
    let mut runoff = Runoff::<1>::new(&slopes, &Members::ALIKE, &Start::DRY).unwrap();
    let rain = 10.8 * MM_H;
    let mut lateral = [[0.0]];
    for _ in 0..180 {
        runoff.step(&slopes, &[[rain]], 60.0, &mut lateral).unwrap();
    }
    let plateau = rain * slopes.area_m2();
    assert!((lateral[0][0] / plateau - 1.0).abs() <= 0.005, "{} {plateau}", lateral[0][0]);
}

/// Ponded ground against the implicit solution `F - front ln(1 + F / front) = K t`.
#[test]
fn infiltration_is_that_of_green_and_ampt() {
    let (conductivity_m_s, suction_m, porosity) = (0.65e-2 / 3_600.0, 0.167, 0.34);
    let land = Land {
        soil_depth_m: 10.0,
        porosity,
        ponding_m: 10.0,
        infiltration: Infiltration::GreenAmpt { conductivity_m_s, suction_m },
        ..SEALED
    };
    let slopes = plane(1, 100.0, SLOPE_MIN, land);
    let front_m = suction_m * porosity;
    for (step_s, most) in [(60.0, 0.006), (300.0, 0.012)] {
        let mut runoff = Runoff::<1>::new(&slopes, &Members::ALIKE, &Start::DRY).unwrap();
        let mut worst = 0.0_f64;
        let mut time_s = 0.0;
        while time_s < 36_000.0 {
            runoff.step(&slopes, &[[1e-4]], step_s, &mut [[0.0]]).unwrap();
            time_s += step_s;
            let conducted_m = conductivity_m_s * time_s;
            let mut exact_m = conducted_m + (2.0 * front_m * conducted_m).sqrt();
            for _ in 0..200 {
                exact_m = conducted_m + front_m * (exact_m / front_m).ln_1p();
            }
            worst = worst.max((runoff.soil_m(0).unwrap()[0] / exact_m - 1.0).abs());
        }
        assert!(worst <= most, "{step_s} s: {worst}");
    }
}

/// Handbook (NEH 630.10): curve number 80 and 100 mm give 50.5 mm of runoff.
#[test]
fn the_curve_number_gives_the_handbook_runoff() {
    let infiltration = Infiltration::CurveNumber { curve_number: 80.0 };
    let land = Land { infiltration, ..SEALED };
    let slopes = plane(1, 10.0, 0.5, land);
    let mut runoff = Runoff::<1>::new(&slopes, &Members::ALIKE, &Start::DRY).unwrap();
    for _ in 0..50 {
        runoff.step(&slopes, &[[0.002 / 360.0]], 360.0, &mut [[0.0]]).unwrap();
    }
    let kept_mm = 1_000.0 * runoff.soil_m(0).unwrap()[0];
    assert!((100.0 - kept_mm - 50.54).abs() < 0.01, "{kept_mm}");
}
