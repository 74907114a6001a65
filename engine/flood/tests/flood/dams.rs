//! Reservoirs in the hands of members: the clock of their releases, and what gauges leave alone.

use jiff::Timestamp;
use jomo_flood::Series;
use jomo_flood::assimilate::{Observed, Settings as Filter};
use jomo_flood::basin::{Basin, Ensemble, Member, ModelSpread, Saying};
use jomo_flood::rainfall::{self, Cells, Cube, Product, Source, Spread, Timeline};
use jomo_flood::river::{Barrier, Dam, Rule, Settings, Works};
use jomo_flood::runoff::{Element, Land, Receiver, Slopes};
use jomo_flood::waterway::{Node, Waterway};

/// Nodes of the river, and those of the dam and of the gauge.
const NODES: u32 = 12;
const DAM: u32 = 4;
const GAUGE: u32 = 10;
/// How deep the lake is below its usual level, m.
const LAKE_M: f64 = 20.0;

fn start() -> Timestamp {
    "2026-09-01T00:00:00Z".parse().unwrap()
}

/// A river of 12 nodes with a hillside of 1 km² beside each, and a dam that lets 3 m³/s go for an
/// hour from the start, 8 afterwards.
fn basin() -> Basin {
    let second = start().as_second() as f64;
    let points = vec![[second, 3.0], [second + 3_600.0, 3.0], [second + 3_601.0, 8.0]];
    with_dam(Dam {
        area_m2: 2e5,
        spillway_m: [105.0, 20.0],
        release: Series::new("release", points).unwrap(),
        rule: Rule::Hold,
    })
}

fn with_dam(dam: Dam) -> Basin {
    let node = |index: u32| {
        let bed_m = 100.0 - f64::from(index) - if index == DAM { LAKE_M } else { 0.0 };
        Node {
            reach: 0,
            station_m: 100.0 + 200.0 * f64::from(index),
            at_m: [200.0 * f64::from(index), 0.0],
            length_m: 200.0,
            width_m: 10.0,
            bed_m,
            crest_m: [110.0; 2],
            upstream_m2: 1e6 * f64::from(index + 1),
            downstream: (index + 1 < NODES).then_some(index + 1),
        }
    };
    let element = |index: u32| Element {
        area_m2: 1e6,
        length_m: 500.0,
        slope: 0.2,
        receiver: Receiver::Node(index),
        rain_cell: 0,
        land: 0,
    };
    let waterway = Waterway::new((0..NODES).map(node).collect()).unwrap();
    let elements = (0..NODES).map(element).collect();
    let slopes = Slopes::new(elements, Land::CLASSES.to_vec(), NODES as usize).unwrap();
    let works = Works { barriers: vec![(DAM, Barrier::Dam(dam))], ..Works::default() };
    Basin::new(waterway, slopes, works, &[GAUGE]).unwrap()
}

/// Rain of 10 mm/h over everything.
fn cube(steps: usize) -> Cube {
    let cells = Cells::new([139.0, 36.0, 139.1, 36.1], [1, 1]).unwrap();
    let hour = |number: i64| {
        let at = |hours: i64| start() + jiff::SignedDuration::from_hours(hours);
        Product {
            source: Source::Analysis,
            reference_time: at(number + 1),
            from: at(number),
            to: at(number + 1),
            amount_mm: vec![10.0],
        }
    };
    let now = start() + jiff::SignedDuration::from_hours(48);
    let timeline = Timeline { start: start(), step_s: 600, steps, now };
    Cube::join(cells, (0..6).map(hour).collect(), &timeline).unwrap()
}

fn members(count: usize) -> Vec<Member> {
    let all = rainfall::members(count, 7, &Spread::default()).unwrap();
    all.into_iter().map(|rain| Member::new(rain, &ModelSpread::default(), 0.3)).collect()
}

fn ensemble(basin: &Basin) -> Ensemble {
    let mut ensemble = Ensemble::new(basin, members(6), &Settings::default(), 1).unwrap();
    ensemble.fill(DAM as usize, LAKE_M).unwrap();
    ensemble
}

fn releases(ensemble: &Ensemble, m3_s: f64) {
    for discharge in ensemble.discharges_m3_s(DAM as usize) {
        assert!((discharge - m3_s).abs() < 1e-9, "{discharge} where {m3_s} is released");
    }
}

/// A release is told by the clock: from the start, from a saved state, and in the rivers that a
/// member takes to the plain.
#[test]
fn releases_go_by_the_clock() {
    let (basin, cube) = (basin(), cube(12));
    let mut whole = ensemble(&basin);
    for step in 0..6 {
        whole.step(&basin, &cube, step).unwrap();
        releases(&whole, 3.0);
    }
    let river = Settings::default();
    let saved = whole.save(&basin);
    let mut again = Ensemble::load(&basin, members(6), &river, 1, &saved).unwrap();
    let mut alone = whole.river_of(&basin, &river, 2).unwrap();
    assert!((alone.time_s() - start().as_second() as f64 - 3_600.0).abs() < 1e-6);
    for step in 6..12 {
        whole.step(&basin, &cube, step).unwrap();
        again.step(&basin, &cube, step).unwrap();
        alone.advance(600.0, &[[0.0]; NODES as usize]).unwrap();
        releases(&whole, 8.0);
        assert!((alone.discharge_m3_s(DAM as usize)[0] - 8.0).abs() < 1e-9);
    }
    assert_eq!(whole.save(&basin), again.save(&basin));
    assert!(whole.volume_error(&basin) < 1e-9, "{:e}", whole.volume_error(&basin));
}

/// The level of a lake is its own: a gauge below the dam pulls rivers and hillsides, and neither
/// fills nor empties it.
#[test]
fn gauges_leave_lakes_alone() {
    let (basin, cube) = (basin(), cube(12));
    let mut ensemble = ensemble(&basin);
    for step in 0..12 {
        ensemble.step(&basin, &cube, step).unwrap();
    }
    let before = ensemble.depths_m(DAM as usize);
    let below = ensemble.depths_m(GAUGE as usize);
    let saying = Saying { gauge: 0, depth_m: Observed::Exact(1.02 * below[0]), sigma_m: 0.05 };
    ensemble.assimilate(&basin, &[saying], &Filter::default()).unwrap().unwrap();
    assert_eq!(ensemble.depths_m(DAM as usize), before);
    assert_ne!(ensemble.depths_m(GAUGE as usize), below);
}

/// An observed level fills or draws the lake in every member, and the balance knows of it.
#[test]
fn an_observed_level_is_the_level() {
    let (basin, cube) = (basin(), cube(12));
    let mut ensemble = ensemble(&basin);
    ensemble.step(&basin, &cube, 0).unwrap();
    for depth_m in [21.5, 18.0] {
        ensemble.fill(DAM as usize, depth_m).unwrap();
        for found in ensemble.depths_m(DAM as usize) {
            assert!((found - depth_m).abs() < 1e-9, "{found}");
        }
    }
    ensemble.step(&basin, &cube, 1).unwrap();
    assert!(ensemble.volume_error(&basin) < 1e-9, "{:e}", ensemble.volume_error(&basin));
    assert!(ensemble.fill(DAM as usize, -0.1).is_err() && ensemble.fill(99, 1.0).is_err());
}

/// A table may say anything: a lake of 100 m² that is to let out 100,000 m³/s gives what comes in,
/// and no water is made or lost.
#[test]
fn no_dam_gives_more_than_it_has() {
    for (area_m2, release_m3_s, length_m) in
        [(100.0, 1e5, 0.1), (1e11, 0.0, 1e4), (100.0, 0.0, 0.1)]
    {
        let release = Series::constant(release_m3_s);
        let dam = Dam { area_m2, spillway_m: [96.0, length_m], release, rule: Rule::Hold };
        let basin = with_dam(dam);
        let mut ensemble = Ensemble::new(&basin, members(4), &Settings::default(), 1).unwrap();
        ensemble.fill(DAM as usize, LAKE_M).unwrap();
        let cube = cube(36);
        for step in 0..36 {
            ensemble.step(&basin, &cube, step).unwrap();
        }
        assert!(ensemble.volume_error(&basin) < 1e-9, "{:e}", ensemble.volume_error(&basin));
        for depth_m in ensemble.depths_m(DAM as usize) {
            assert!(0.0 <= depth_m, "{depth_m}");
        }
    }
}
