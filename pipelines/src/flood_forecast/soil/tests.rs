use jomo_flood::rainfall::{Product, Source, Timeline};
use jomo_flood::river::Works;
use jomo_flood::runoff::{Element, Land, Receiver, Slopes};
use jomo_flood::waterway::{Node, Waterway};

use super::*;

fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-09-01T00:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minutes)
}

/// Two nodes, a hillside on each, two rain cells.
fn basin() -> Basin {
    let node = |index: u32| Node {
        reach: index,
        station_m: 0.0,
        at_m: [200.0 * f64::from(index), 0.0],
        length_m: 200.0,
        width_m: 5.0,
        bed_m: 10.0 - f64::from(index),
        crest_m: [15.0; 2],
        upstream_m2: 1e6,
        downstream: (index == 0).then_some(1),
    };
    let element = |index: u32| Element {
        area_m2: 1e6,
        length_m: 500.0,
        slope: 0.2,
        receiver: Receiver::Node(index),
        rain_cell: index,
        land: 0,
    };
    let waterway = Waterway::new(vec![node(0), node(1)]).unwrap();
    let elements = vec![element(0), element(1)];
    let slopes = Slopes::new(elements, Land::CLASSES.to_vec(), 2).unwrap();
    Basin::new(waterway, slopes, Works::default(), &[]).unwrap()
}

fn cells() -> Cells {
    Cells::new([139.0, 36.0, 139.025, 36.01], [1, 2]).unwrap()
}

/// Two hours of analyses and six of a forecast, from `start` on; the reference time is two hours in.
fn cube(start: i64, steps: usize, rates: [f32; 2]) -> Cube {
    let product = |hour: i64| Product {
        source: if hour < 2 { Source::Analysis } else { Source::Forecast },
        reference_time: at(if hour < 2 { 60 * (hour + 1) } else { 120 }),
        from: at(60 * hour),
        to: at(60 * (hour + 1)),
        amount_mm: rates.to_vec(),
    };
    let timeline = Timeline { start: at(start), step_s: 600, steps, now: at(120) };
    Cube::join(cells(), (0..8).map(product).collect(), &timeline).unwrap()
}

fn known(minutes: i64) -> SoilWater {
    SoilWater {
        reference_time: at(minutes),
        valid_time: at(minutes),
        total_mm: vec![100.0, f32::NAN],
        upper_mm: vec![20.0, f32::NAN],
    }
}

fn begun(cube: &Cube, known: Option<&SoilWater>, saved: Option<&[SavedTanks]>) -> Soil {
    Soil::new(&basin(), cube, known, saved).unwrap()
}

/// The agency's state comes before a saved one, that before an assumption; one from outside the
/// past of the cube, or of other cells, is none.
#[test]
fn tanks_begin_from_what_is_best_known() {
    let cube = cube(0, 48, [5.0; 2]);
    let saved = vec![Some([1.0, 2.0, 3.0]), None];
    assert_eq!(begun(&cube, Some(&known(60)), Some(&saved)).began, Began::Agency(at(60)));
    assert_eq!(begun(&cube, Some(&known(60)), None).step, 6);
    assert_eq!(begun(&cube, Some(&known(130)), Some(&saved)).began, Began::Saved);
    assert_eq!(begun(&cube, Some(&known(-10)), Some(&saved[..1])).began, Began::Assumed);
    assert_eq!(begun(&cube, None, Some(&saved)).saved(), saved);
}

/// The published hours are those of the tank model on the rain of the cube, to the bit.
#[test]
fn hours_ahead_are_those_of_the_tank_model() {
    let (basin, cube) = (basin(), cube(0, 216, [12.0, 0.0]));
    let mut soil = begun(&cube, Some(&known(60)), None);
    soil.until(&basin, &cube, at(120)).unwrap();
    let forecast = soil.ahead(&basin, &cube, at(120)).unwrap();
    let times: Vec<Timestamp> = forecast.steps.iter().map(|step| step.time).collect();
    assert_eq!(times, [120, 180, 240, 300, 360, 420, 480].map(at));
    let mut tanks = Tanks::from_index(100.0, 20.0);
    for (hour, step) in forecast.steps.iter().enumerate() {
        (tanks, _) = TankModel::JMA.advance(tanks, 12.0, Steps::HOUR);
        let [index_mm, upper_mm] = step.tanks_mm[0];
        assert!((index_mm - tanks.index_mm()).abs() < 1e-4, "{hour}: {index_mm} {tanks:?}");
        assert!((upper_mm - tanks.upper_mm).abs() < 1e-4, "{hour}");
        // A cell without a state stays without.
        assert!(step.tanks_mm[1][0].is_nan());
    }
    assert!(0.0 < forecast.steps[6].nodes[0]);
    assert!(forecast.steps[0].nodes[0] < forecast.steps[6].nodes[0]);
}

/// Two cycles that hand on their state are one that never stopped.
#[test]
fn a_saved_state_goes_on_bit_for_bit() {
    let basin = basin();
    let rates = [12.0, f32::NAN];
    let whole_cube = cube(0, 48, rates);
    let mut whole = begun(&whole_cube, None, None);
    whole.until(&basin, &whole_cube, at(120)).unwrap();
    assert_eq!(whole.gap_min, [0, 120]);
    let mut first = begun(&whole_cube, None, None);
    first.until(&basin, &whole_cube, at(60)).unwrap();
    let rest = cube(60, 42, rates);
    let saved = serde_json::to_string(&first.saved()).unwrap();
    let saved: Vec<SavedTanks> = serde_json::from_str(&saved).unwrap();
    let mut second = begun(&rest, None, Some(&saved));
    second.until(&basin, &rest, at(120)).unwrap();
    assert_eq!(second.saved(), whole.saved());
}
