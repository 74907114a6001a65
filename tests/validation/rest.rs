//! Lakes at rest, and lakes that swing.

use jomo_flood::{
    Field, Forcing, GRAVITY, Ground, Real, Roughness, Scheme, Settings, Simulation, Start, Water,
};

use crate::chance::Dice;
use crate::lab::{each, level, settings};
use crate::plot::Plot;
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
    Outcome {
        id: "lake-at-rest",
        grid: "70 × 70, dx 5 m, n 0, t 1,000 s",
        rows,
        plot: None,
        tables: Vec::new(),
    }
}

/// Depth of a lake, noise of its bed and height of its swing, m.
#[derive(Clone, Copy)]
struct Swing {
    depth: f64,
    noise: f64,
    height: f64,
}

const SWINGS: [Swing; 3] = [
    Swing { depth: 20.0, noise: 1.0, height: 0.05 },
    Swing { depth: 5.0, noise: 0.3, height: 0.05 },
    Swing { depth: 5.0, noise: 1.0, height: 0.001 },
];
const SWING_CELLS: usize = 60;
const SWING_CELL_M: f64 = 5.0;
const SWING_TIMES: u32 = 20;
const SWING_EVERY_S: f64 = 100.0;

/// Energy above that of rest over time, as a share of that at the start, and the last share.
fn energy<R: Real>(scheme: Scheme, swing: Swing) -> (Vec<[f64; 2]>, (u64, f64)) {
    let cells = SWING_CELLS;
    let mut dice = Dice::new(5);
    let bed: Vec<f64> = (0..cells * cells).map(|_| swing.noise * dice.share()).collect();
    let phase = |at: usize| (std::f64::consts::PI * (at as f64 + 0.5) / cells as f64).cos();
    let level = |i: usize| swing.depth + swing.height * phase(i / cells) * phase(i % cells);
    let water = Water::Level((0..cells * cells).map(level).collect());
    let roughness = Roughness::Uniform(0.0);
    let ground = Ground::new([cells, cells], SWING_CELL_M, bed.clone(), roughness).unwrap();
    let start = Start { water: Some(water), velocity_m_s: None };
    let mut run =
        Simulation::<R>::new(&ground, &start, Forcing::default(), settings(scheme)).unwrap();
    let whole = |run: &Simulation<R>| -> f64 {
        let one = |(i, z): (usize, &f64)| {
            let [h, u, v] = run.at([i / cells, i % cells]).unwrap();
            let above = h + z - swing.depth;
            0.5 * h * (u * u + v * v) + 0.5 * GRAVITY * above * above
        };
        bed.iter().enumerate().map(one).sum()
    };
    let first = whole(&run);
    let mut line = vec![[0.0, 1.0]];
    for k in 1..=SWING_TIMES {
        let time_s = SWING_EVERY_S * f64::from(k);
        run.advance_to(time_s).unwrap();
        line.push([time_s, whole(&run) / first]);
    }
    (line, (run.ledger().steps, run.ledger().relative_error().abs()))
}

pub(crate) fn swings() -> Outcome {
    let mut rows = Vec::new();
    let mut plot = Plot {
        axes: ["時刻 time (s)", "エネルギー energy / E₀ (1)"],
        reference: "増えも減りもしない neither gained nor lost",
        exact: vec![[0.0, 1.0], [SWING_EVERY_S * f64::from(SWING_TIMES), 1.0]],
        ..Plot::default()
    };
    for (at, swing) in SWINGS.into_iter().enumerate() {
        for (variant, (line, run)) in each!(energy, swing) {
            let value = line.iter().skip(1).map(|point| point[1]).fold(0.0, f64::max);
            let told = format!("{} m deep, {} m noise", swing.depth, swing.noise);
            rows.push(Row {
                variant: format!("{told}, swing {} m, {variant}", swing.height),
                norm: "greatest energy, share",
                value,
                bound: Some(1.0),
                run: Some(run),
            });
            if at == 0 && variant.contains("f32") {
                plot.lines.push((variant.to_owned(), line));
            }
        }
    }
    let grid = "60 × 60, dx 5 m, n 0, t 2,000 s";
    Outcome { id: "lake-that-swings", grid, rows, plot: Some(plot), tables: Vec::new() }
}
