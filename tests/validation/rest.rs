//! Lakes at rest.

use jomo_flood::{Field, Forcing, Ground, Real, Roughness, Scheme, Settings, Simulation};

use crate::chance::Dice;
use crate::lab::{each, level};
use crate::report::{Outcome, Row};

/// A lake: what sets it apart, and bed and level, m.
struct Lake {
    name: &'static str,
    datum: f64,
    noise: f64,
    bump: f64,
    depth: f64,
}

const LAKES: [Lake; 6] = [
    Lake { name: "flat", datum: 0.0, noise: 0.0, bump: 0.0, depth: 1.0 },
    Lake { name: "drowned bump", datum: 0.0, noise: 0.0, bump: 0.8, depth: 2.0 },
    Lake { name: "emerging bump", datum: 0.0, noise: 0.0, bump: 3.0, depth: 2.0 },
    Lake {
        name: "emerging bump, datum 2,000 m",
        datum: 2_000.0,
        noise: 0.0,
        bump: 3.0,
        depth: 2.0,
    },
    Lake {
        name: "1 m noise, datum 2,000.123 m",
        datum: 2_000.123,
        noise: 1.0,
        bump: 3.0,
        depth: 0.7,
    },
    Lake { name: "15 m deep, 5 m noise", datum: -30.0, noise: 5.0, bump: 0.0, depth: 15.0 },
];

const EDGE: usize = 70;

/// Cells whose depth or discharge is another than at the start after 1,000 s.
fn changed<R: Real>(scheme: Scheme, lake: &Lake) -> (f64, u64, f64) {
    let mut dice = Dice::new(1);
    let bed = (0..EDGE * EDGE).map(|i| {
        let away = ((i / EDGE) as f64 - 32.0).hypot((i % EDGE) as f64 - 35.0);
        lake.datum + lake.noise * dice.share() + lake.bump * (-away * away / 150.0).exp()
    });
    let ground = Ground::new([EDGE, EDGE], 5.0, bed.collect(), Roughness::Uniform(0.0)).unwrap();
    let settings = Settings { scheme, ..Settings::default() };
    let start = level(EDGE * EDGE, lake.datum + lake.depth);
    let mut run = Simulation::<R>::new(&ground, &start, Forcing::default(), settings).unwrap();
    let state = |run: &Simulation<R>| {
        let cells =
            (0..EDGE * EDGE).map(|i| run.at([i / EDGE, i % EDGE]).unwrap().map(|x| x + 0.0));
        cells.collect::<Vec<[f64; 3]>>()
    };
    let before = state(&run);
    run.advance_to(1_000.0).unwrap();
    let speeds = run.raster(Field::GreatestSpeed, 0.0);
    let cells = before.iter().zip(state(&run)).zip(speeds);
    let changed = cells
        .filter(|((a, b), speed)| a.map(f64::to_bits) != b.map(f64::to_bits) || 0.0 < *speed)
        .count();
    (changed as f64, run.ledger().steps, run.ledger().relative_error().abs())
}

pub(crate) fn lakes() -> Outcome {
    let mut rows = Vec::new();
    for lake in &LAKES {
        for (variant, (value, steps, mass)) in each!(changed, lake) {
            rows.push(Row {
                variant: format!("{}, {variant}", lake.name),
                norm: "changed cells",
                value,
                bound: Some(0.0),
                run: Some((steps, mass)),
            });
        }
    }
    Outcome { id: "lake-at-rest", grid: "70 × 70, dx 5 m, n 0, t 1,000 s", rows, plot: None }
}
