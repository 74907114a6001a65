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
