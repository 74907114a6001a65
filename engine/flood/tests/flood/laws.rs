//! Laws that hold for any ground and any water.

use jomo_flood::{
    Field, Forcing, Ground, Real, Roughness, Scheme, Settings, Simulation, Start, Water,
};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

use crate::chance::{Case, Dice, View};

const SCHEMES: [Scheme; 2] = [Scheme::First, Scheme::Second];
const FIELDS: [Field; 8] = [
    Field::Depth,
    Field::DischargeEast,
    Field::DischargeNorth,
    Field::GreatestDepth,
    Field::GreatestSpeed,
    Field::GreatestForce,
    Field::Arrival,
    Field::Duration,
];

/// A lake of some depth over ground at a datum, with noise and a bump that may emerge.
struct Lake {
    datum_m: f64,
    noise_m: f64,
    bump_m: f64,
    depth_m: f64,
    roughness: f64,
}

impl Lake {
    fn rests<R: Real>(&self, scheme: Scheme) {
        let n = 70;
        let mut dice = Dice::new(7);
        let bed: Vec<f64> = (0..n * n)
            .map(|i| {
                let away = ((i / n) as f64 - 33.0).hypot((i % n) as f64 - 35.0);
                self.datum_m
                    + self.noise_m * dice.share()
                    + self.bump_m * (-away * away / 150.0).exp()
            })
            .collect();
        let ground = Ground::new([n, n], 5.0, bed, Roughness::Uniform(self.roughness)).unwrap();
        let level = vec![self.datum_m + self.depth_m; n * n];
        let start = Start { water: Some(Water::Level(level)), velocity_m_s: None };
        let settings = Settings { scheme, tile_edge: 32, ..Settings::default() };
        let mut run = Simulation::<R>::new(&ground, &start, Forcing::default(), settings).unwrap();
        let before = bits(&run, Field::Depth);
        run.advance_to(100.0).unwrap();
        assert_eq!(before, bits(&run, Field::Depth), "{scheme:?}");
        for field in [Field::DischargeEast, Field::DischargeNorth, Field::GreatestSpeed] {
            assert!(run.raster(field, 0.0).iter().all(|q| *q == 0.0), "{scheme:?} {field:?}");
        }
        assert!(10 < run.ledger().steps);
    }
}

fn bits<R: Real>(run: &Simulation<R>, field: Field) -> Vec<u32> {
    run.raster(field, f32::NAN).iter().map(|value| (value + 0.0).to_bits()).collect()
}

/// All that a run shows, to the last bit; -0 is 0.
fn print<R: Real>(run: &Simulation<R>) -> Vec<(String, Vec<u64>)> {
    let [rows, columns] = run.shape();
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| [row, column]));
    let values = cells.filter_map(|cell| run.at(cell)).flatten();
    let state = values.map(|value| (value + 0.0).to_bits()).collect();
    let whole = vec![run.time_s().to_bits(), run.ledger().steps];
    let rasters = FIELDS.into_iter().map(|field| {
        let wide = bits(run, field).into_iter().map(u64::from).collect();
        (format!("{field:?}"), wide)
    });
    let rest = [("time".to_owned(), whole), ("state".to_owned(), state)];
    rest.into_iter().chain(rasters).collect()
}

/// Fails with the first value that differs.
fn same(told: &str, one: &[(String, Vec<u64>)], other: &[(String, Vec<u64>)]) {
    for ((what, one), (_, other)) in one.iter().zip(other) {
        let differs = one.iter().zip(other).position(|(a, b)| a != b);
        assert_eq!(
            differs,
            None,
            "{told}: {what} differs, values {:?}",
            differs.map(|at| [one[at], other[at]])
        );
    }
}

#[test]
fn a_lake_at_rest_stays_at_rest_bit_for_bit() {
    let flat = Lake { datum_m: 0.0, noise_m: 0.0, bump_m: 0.0, depth_m: 1.0, roughness: 0.0 };
    let lakes = [
        Lake { bump_m: 0.8, ..flat },
        Lake { bump_m: 3.0, ..flat },
        Lake { bump_m: 3.0, datum_m: 2_000.0, ..flat },
        Lake { noise_m: 1.0, datum_m: 2_000.123, depth_m: 0.7, ..flat },
        Lake { noise_m: 1.0, bump_m: 5.0, datum_m: 2_000.0, depth_m: 2.0, roughness: 0.03 },
        Lake { noise_m: 5.0, datum_m: -30.0, depth_m: 15.0, ..flat },
        flat,
    ];
    for lake in lakes {
        for scheme in SCHEMES {
            lake.rests::<f32>(scheme);
            lake.rests::<f64>(scheme);
        }
    }
}

/// The rasters of a run, `north` before `east`, and each with its sign as seen after `view`.
fn seen_from<R: Real>(case: &Case, view: View) {
    let run_to = |case: &Case| {
        let mut run = case.begin::<R>().unwrap();
        for _ in 0..4 {
            let part_s = 5.0 * case.cell_size_m / (1.0 + run.fastest().1);
            run.advance_to(run.time_s() + part_s).unwrap();
        }
        run
    };
    let (here, there) = (run_to(case), run_to(&case.seen(view)));
    assert_eq!(here.ledger().steps, there.ledger().steps);
    let [rows, columns] = there.shape();
    for row in 0..rows {
        for column in 0..columns {
            let original = here.at(view.cell([row, column], case.shape[1]));
            let expected = original.map(|[h, u, v]| {
                let [u, v] = View::velocity([u, v], view);
                [h, u, v]
            });
            // Equal, not alike in bits: -0 is 0.
            assert_eq!(there.at([row, column]), expected, "{view:?} row {row} column {column}");
        }
    }
}

#[test]
fn a_flood_seen_from_the_side_is_the_same_flood() {
    for seed in 0..45 {
        let shape = [[23, 31], [40, 17], [9, 9]][seed % 3];
        let case = Case::random(shape, 900 + u64::try_from(seed).unwrap());
        seen_from::<f32>(&case, View::Transposed);
        seen_from::<f64>(&case, View::Transposed);
        seen_from::<f32>(&case, View::Turned);
    }
}

fn with_threads<R: Real>(case: &Case, threads: usize) -> Vec<(String, Vec<u64>)> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mut run = case.begin::<R>().unwrap();
        for _ in 0..3 {
            let part_s = 3.0 * case.cell_size_m / (1.0 + run.fastest().1);
            run.advance_to(run.time_s() + part_s).unwrap();
        }
        print(&run)
    })
}

#[test]
fn threads_and_tiles_change_no_bit() {
    for seed in 0..6 {
        let case = Case::random([150, 140], 70 + seed);
        for scheme in SCHEMES {
            let of = |edge| case.with(Settings { scheme, tile_edge: edge, ..case.settings });
            let single = with_threads::<f32>(&of(32), 1);
            for (edge, threads) in [(32, 2), (32, 3), (64, 2), (128, 2)] {
                let other = with_threads::<f32>(&of(edge), threads);
                let told = format!("seed {seed}, {scheme:?}, tiles of {edge}, {threads} threads");
                same(&told, &single, &other);
            }
            let wide = with_threads::<f64>(&of(32), 1);
            same(&format!("seed {seed}, f64"), &wide, &with_threads::<f64>(&of(64), 3));
        }
    }
}

/// A pond behind walls in one corner: the tiles of the dry rest are never touched.
#[test]
fn dry_tiles_stay_still() {
    let n = 64;
    let inside = |i: usize| i / n < 10 && i % n < 10;
    let bed = (0..n * n).map(|i| if inside(i) { 0.0 } else { 5.0 }).collect();
    let ground = Ground::new([n, n], 2.0, bed, Roughness::Uniform(0.03)).unwrap();
    let depth = (0..n * n).map(|i| if i < 3 { 4.0 } else { 0.0 }).collect();
    let start = Start { water: Some(Water::Depth(depth)), velocity_m_s: None };
    for scheme in SCHEMES {
        let settings = Settings { scheme, tile_edge: 16, ..Settings::default() };
        let mut run =
            Simulation::<f32>::new(&ground, &start, Forcing::default(), settings).unwrap();
        run.advance_to(20.0).unwrap();
        let ledger = run.ledger();
        assert_eq!(ledger.cell_updates, 16 * 16 * ledger.steps, "{scheme:?}");
        assert!(run.raster(Field::Arrival, 0.0)[16..n].iter().all(|t| t.is_nan()));
    }
}

/// No NaN, no negative depth, no water lost, and steps as long as the water allows.
#[test]
fn floods_by_chance_obey_the_laws() {
    let config = ProptestConfig {
        cases: 500,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(4),
        ..ProptestConfig::default()
    };
    let strategy = (8_usize..=40, 8_usize..=40, any::<u64>());
    TestRunner::new(config)
        .run(&strategy, |(rows, columns, seed)| {
            let case = Case::random([rows, columns], seed);
            let obeyed = if seed % 2 == 0 { case.obey::<f32>(40) } else { case.obey::<f64>(40) };
            obeyed.map(|_| ()).map_err(TestCaseError::fail)
        })
        .unwrap();
}
