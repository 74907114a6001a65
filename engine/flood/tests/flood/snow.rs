//! Snow between the rain of the members and their hillsides.

use jiff::{SignedDuration, Timestamp};
use jomo_flood::basin::{Basin, Ensemble, Member, ModelSpread, Temperatures};
use jomo_flood::rainfall::{self, Cells, Cube, Product, Source, Spread, Timeline};
use jomo_flood::river::{Settings, Works};
use jomo_flood::runoff::{Element, Land, Receiver, Slopes, SnowModel};
use jomo_flood::waterway::{Node, Waterway};

const NODES: u32 = 6;
/// Steps of ten minutes: six hours of rain, and as many as a test runs.
const RAIN: usize = 36;
const STEPS: usize = 216;
/// Members of the tests: a block and a half.
const MEMBERS: usize = 6;

fn start() -> Timestamp {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

/// A river with a hillside of 1 km² beside each of its nodes, the upper half under one rain cell and
/// the lower half under another.
fn basin() -> Basin {
    let node = |index: u32| Node {
        reach: 0,
        station_m: 100.0 + 200.0 * f64::from(index),
        at_m: [200.0 * f64::from(index), 0.0],
        length_m: 200.0,
        width_m: 10.0,
        bed_m: 100.0 - f64::from(index),
        crest_m: [110.0; 2],
        upstream_m2: 1e6 * f64::from(index + 1),
        downstream: (index + 1 < NODES).then_some(index + 1),
    };
    let element = |index: u32| Element {
        area_m2: 1e6,
        length_m: 500.0,
        slope: 0.2,
        receiver: Receiver::Node(index),
        rain_cell: u32::from(NODES / 2 <= index),
        land: 0,
    };
    let waterway = Waterway::new((0..NODES).map(node).collect()).unwrap();
    let elements = (0..NODES).map(element).collect();
    let slopes = Slopes::new(elements, Land::CLASSES.to_vec(), NODES as usize).unwrap();
    Basin::new(waterway, slopes, Works::default(), &[NODES - 1]).unwrap()
}

fn timeline() -> Timeline {
    Timeline {
        start: start(),
        step_s: 600,
        steps: STEPS,
        now: start() + SignedDuration::from_hours(48),
    }
}

/// Six hours of rain in mm/h, alike everywhere: the members differ by amount alone.
fn cube(rate_mm_h: f32) -> Cube {
    let cells = Cells::new([139.0, 36.0, 139.025, 36.01], [1, 2]).unwrap();
    let hour = |number: i64| {
        let at = |hours: i64| start() + SignedDuration::from_hours(hours);
        Product {
            source: Source::Analysis,
            reference_time: at(number + 1),
            from: at(number),
            to: at(number + 1),
            amount_mm: vec![rate_mm_h; 2],
        }
    };
    Cube::join(cells, (0..6).map(hour).collect(), &timeline()).unwrap()
}

fn members() -> Vec<Member> {
    let all = rainfall::members(MEMBERS, 7, &Spread::default()).unwrap();
    all.into_iter().map(|rain| Member::new(rain, &ModelSpread::default(), 0.3)).collect()
}

fn bare(basin: &Basin) -> Ensemble {
    Ensemble::new(basin, members(), &Settings::default(), 1).unwrap()
}

/// Freezing by `cold_c` until the rain is over, `warm_c` from then on, at the height of the sea; the
/// cells are `heights_m` high.
fn air([cold_c, warm_c]: [f64; 2], heights_m: [f64; 2]) -> Temperatures {
    let of = |step| if step < RAIN { cold_c } else { warm_c };
    Temperatures::new(&timeline(), (0..STEPS).map(of).collect(), heights_m.to_vec()).unwrap()
}

fn under(ensemble: Ensemble, basin: &Basin, start_m: f64, air: Temperatures) -> Ensemble {
    ensemble.with_snow(basin, SnowModel::USUAL, start_m, air).unwrap()
}

fn run(ensemble: &mut Ensemble, basin: &Basin, cube: &Cube, steps: std::ops::Range<usize>) {
    for step in steps {
        ensemble.step(basin, cube, step).unwrap();
    }
}

/// While it freezes the rivers are those of a dry day, bit by bit, and what fell lies; when it thaws
/// they rise, until the snow is gone. Nothing is lost on the way.
#[test]
fn what_falls_in_the_cold_comes_with_the_thaw() {
    let (basin, rain, dry) = (basin(), cube(5.0), cube(0.0));
    let mut snowy = under(bare(&basin), &basin, 0.0, air([-5.0, 10.0], [0.0; 2]));
    let mut calm = bare(&basin);
    run(&mut snowy, &basin, &rain, 0..RAIN);
    run(&mut calm, &basin, &dry, 0..RAIN);
    let outlet = NODES as usize - 1;
    assert_eq!(snowy.depths_m(outlet), calm.depths_m(outlet));
    let lying = snowy.snow_m3(&basin).unwrap();
    // Member 0 takes the rain as it is: 30 mm over 6 km².
    assert!((lying[0] / 180_000.0 - 1.0).abs() < 1e-6, "{lying:?}");
    assert!(lying.iter().all(|water| 0.0 < *water), "{lying:?}");
    assert!(snowy.volume_error(&basin) < 1e-12, "{:e}", snowy.volume_error(&basin));
    let mut most: f64 = 0.0;
    for step in RAIN..STEPS {
        snowy.step(&basin, &rain, step).unwrap();
        calm.step(&basin, &dry, step).unwrap();
        most = most.max(snowy.discharges_m3_s(outlet)[0] - calm.discharges_m3_s(outlet)[0]);
    }
    // 45 mm a day melt: 30 mm are gone in 16 h.
    assert_eq!(snowy.snow_m3(&basin).unwrap()[0].to_bits(), 0.0_f64.to_bits());
    assert!(0.1 < most, "{most}");
    assert!(snowy.volume_error(&basin) < 1e-9, "{:e}", snowy.volume_error(&basin));
}

/// Snow of the start melts at the rate of its degrees, and no faster: 4 °C are 18 mm a day.
#[test]
fn snow_melts_by_the_degree() {
    let basin = basin();
    let mut snowy = under(bare(&basin), &basin, 0.1, air([4.0, 4.0], [0.0; 2]));
    run(&mut snowy, &basin, &cube(0.0), 0..144);
    for water in snowy.snow_m3(&basin).unwrap() {
        assert!((water / 6e6 - 0.082).abs() < 1e-12, "{water}");
    }
    assert!(snowy.volume_error(&basin) < 1e-12, "{:e}", snowy.volume_error(&basin));
}

/// At 5 °C by the sea it rains below and snows at 1,500 m.
#[test]
fn it_snows_where_it_is_high() {
    let basin = basin();
    let mut snowy = under(bare(&basin), &basin, 0.0, air([5.0; 2], [1_500.0, 0.0]));
    run(&mut snowy, &basin, &cube(5.0), 0..RAIN);
    let half = snowy.snow_m3(&basin).unwrap()[0];
    assert!((half / 90_000.0 - 1.0).abs() < 1e-6, "{half}");
}

/// Where no temperature is known rain stays rain, bit by bit, and snow stays where it lies: before
/// and after what was given, over cells without a height.
#[test]
fn without_temperatures_rain_stays_rain() {
    let (basin, cube) = (basin(), cube(5.0));
    let mut plain = bare(&basin);
    run(&mut plain, &basin, &cube, 0..RAIN);
    let outlet = NODES as usize - 1;
    let later = Timeline { start: start() + SignedDuration::from_hours(6), ..timeline() };
    let after = Temperatures::new(&later, vec![-9.0; STEPS], vec![0.0; 2]).unwrap();
    let before = Temperatures::new(&timeline(), vec![], vec![0.0; 2]).unwrap();
    let unknown = air([f64::NAN; 2], [0.0; 2]);
    let without = air([-9.0; 2], [f64::NAN; 2]);
    for air in [after, before, unknown, without] {
        let mut snowy = under(bare(&basin), &basin, 0.02, air);
        run(&mut snowy, &basin, &cube, 0..RAIN);
        assert_eq!(snowy.depths_m(outlet), plain.depths_m(outlet));
        assert!((snowy.snow_m3(&basin).unwrap()[0] - 120_000.0).abs() < 1e-6);
    }
    for wrong in [
        Temperatures::new(&timeline(), vec![f64::INFINITY], vec![0.0]),
        Temperatures::new(&timeline(), vec![0.0], vec![f64::NEG_INFINITY]),
        Temperatures::new(&Timeline { step_s: 0, ..timeline() }, vec![], vec![]),
    ] {
        assert!(wrong.is_err());
    }
}

/// Any number of threads, and any pause on the way, makes the same bytes; a state without snow is
/// another one, and damaged ones are refused.
#[test]
fn snow_goes_on_from_a_state() {
    let (basin, cube) = (basin(), cube(5.0));
    let river = Settings::default();
    let lay = |ensemble| under(ensemble, &basin, 0.05, air([-1.0, 6.0], [200.0, 0.0]));
    let through = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut ensemble = lay(bare(&basin));
            run(&mut ensemble, &basin, &cube, 0..72);
            ensemble.save(&basin)
        })
    };
    let whole = through(1);
    assert!(whole == through(2), "two threads make something else");
    let mut first = lay(bare(&basin));
    run(&mut first, &basin, &cube, 0..40);
    let saved = first.save(&basin);
    let load = |bytes: &[u8]| Ensemble::load(&basin, members(), &river, 1, bytes);
    // The snow of the state, not that which would be assumed.
    let taken = load(&saved).unwrap();
    let mut again = under(taken, &basin, 9.0, air([-1.0, 6.0], [200.0, 0.0]));
    run(&mut again, &basin, &cube, 40..72);
    assert!(whole == again.save(&basin), "a state goes on otherwise");
    assert!(again.volume_error(&basin) < 1e-9, "{:e}", again.volume_error(&basin));
    // From state to state, for its snow alone.
    let mut other = bare(&basin);
    assert_eq!(other.snow_m3(&basin), None);
    other.take_snow(&load(&saved).unwrap());
    assert_eq!(other.snow_m3(&basin), first.snow_m3(&basin));
    let without = bare(&basin).save(&basin);
    assert_eq!(saved.len() - without.len(), (3 + 2) * 4 * 8 * 2);
    assert_eq!(load(&without).unwrap().snow_m3(&basin), None);
    for end in (0..saved.len()).step_by(7) {
        assert!(load(&saved[..end]).is_err(), "{end}");
    }
    for place in (0..saved.len()).step_by(5) {
        let mut damaged = saved.clone();
        damaged[place] ^= 4;
        assert!(load(&damaged).is_err(), "{place}");
    }
}
