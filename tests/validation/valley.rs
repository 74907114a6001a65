//! Local steps against the global step, in the flood of a valley.

use jomo_flood::{
    Compass, Field, Flow, Forcing, Ground, Rain, Real, Roughness, Series, Settings, Simulation,
    Start, Stretch, TimeStep,
};

use crate::chance::Dice;
use crate::plot::Plot;
use crate::report::{Outcome, Row};

const SHAPE: [usize; 2] = [300, 160];
const CELL_M: f64 = 10.0;
/// While the front still runs, near the peak, and after it.
const TIMES_S: [f64; 3] = [1_200.0, 3_600.0, 7_200.0];

/// A river 40 m wide and 2.5 m deep in bends through a plain of 500 m, between slopes of 1:4.
fn ground() -> Ground {
    let mut dice = Dice::new(11);
    let (mut bed, mut roughness) = (Vec::new(), Vec::new());
    for row in 0..SHAPE[0] {
        for column in 0..SHAPE[1] {
            let (y, x) = (row as f64 * CELL_M, (column as f64 + 0.5) * CELL_M);
            let away = (x - 800.0 - 150.0 * (y / 400.0).sin()).abs();
            let river = away < 20.0;
            let side = 0.005 * away.min(250.0) + 0.25 * (away - 250.0).max(0.0);
            let depth = if river { 2.5 } else { 0.0 };
            bed.push(300.0 - 0.004 * y + side - depth + 0.1 * dice.share());
            roughness.push(if river { 0.03 } else { 0.06 });
        }
    }
    Ground::new(SHAPE, CELL_M, bed, Roughness::Cells(roughness)).unwrap()
}

/// A flood wave of 400 m³/s and an hour of 30 mm of rain.
fn forcing() -> Forcing {
    let wave = vec![[0.0, 20.0], [1_800.0, 400.0], [3_600.0, 150.0], [7_200.0, 40.0]];
    let inflow = Flow::Discharge(Series::new("inflow", wave).unwrap());
    let rain = vec![[0.0, 30.0], [3_600.0, 30.0], [3_601.0, 0.0]];
    Forcing {
        rim: vec![
            Stretch { side: Compass::North, range_m: Some([770.0, 830.0]), flow: inflow },
            Stretch { side: Compass::South, range_m: None, flow: Flow::Open { slope: 0.004 } },
        ],
        rain: Some(Rain::uniform(Series::new("rain", rain).unwrap())),
        ..Forcing::default()
    }
}

/// Depths at the times, greatest depths, error of mass, steps and updates of cells.
struct Flood {
    depths: Vec<Vec<f32>>,
    greatest: Vec<f32>,
    mass: f64,
    steps: u64,
    updates: f64,
}

fn flood<R: Real>(time_step: TimeStep, cfl: f64, tile_edge: usize) -> Flood {
    let settings = Settings { time_step, cfl, tile_edge, ..Settings::default() };
    let mut run = Simulation::<R>::new(&ground(), &Start::default(), forcing(), settings).unwrap();
    let mut depths = Vec::new();
    let mut mass = 0.0_f64;
    for time_s in TIMES_S {
        run.advance_to(time_s).unwrap();
        depths.push(run.raster(Field::Depth, 0.0));
        mass = mass.max(run.ledger().relative_error().abs());
    }
    let ledger = run.ledger();
    let greatest = run.raster(Field::GreatestDepth, 0.0);
    Flood { depths, greatest, mass, steps: ledger.steps, updates: ledger.cell_updates as f64 }
}

fn unlike(one: &[f32], other: &[f32]) -> f64 {
    let pairs = one.iter().zip(other);
    let off: f64 = pairs.map(|(a, b)| f64::from((a - b).abs())).sum();
    off / one.iter().map(|a| f64::from(*a)).sum::<f64>()
}

fn compare<R: Real>(precision: &str, mass_bound: f64, rows: &mut Vec<Row>) -> [Flood; 2] {
    let global = flood::<R>(TimeStep::Global, 0.5, 64);
    let local = flood::<R>(TimeStep::Local, 0.5, 16);
    let run = Some((local.steps, local.mass));
    let mut add = |what: &str, norm, value, bound| {
        rows.push(Row { variant: format!("{what}, {precision}"), norm, value, bound, run });
    };
    for (at, what, bound) in
        [(1, "t 3,600 s", Some(1e-4)), (2, "t 7,200 s", Some(1e-4)), (0, "t 1,200 s", None)]
    {
        add(what, "L1", unlike(&global.depths[at], &local.depths[at]), bound);
    }
    add("greatest depth", "L1", unlike(&global.greatest, &local.greatest), Some(1e-4));
    add("t 0–7,200 s", "mass", local.mass, Some(mass_bound));
    add("cell updates", "share of global", local.updates / global.updates, None);
    [global, local]
}

/// Greatest depth across the valley, half way down.
fn cut(flood: &Flood) -> Vec<[f64; 2]> {
    let row = SHAPE[0] / 2;
    let cells = &flood.greatest[row * SHAPE[1]..(row + 1) * SHAPE[1]];
    let at = |(column, depth): (usize, &f32)| [(column as f64 + 0.5) * CELL_M, f64::from(*depth)];
    cells.iter().enumerate().map(at).collect()
}

pub(crate) fn local_steps() -> Outcome {
    let mut rows = Vec::new();
    let [global, local] = compare::<f32>("f32", 1e-7, &mut rows);
    compare::<f64>("f64", 1e-12, &mut rows);
    // What the length of the steps alone changes: local steps use 0.9 of what is allowed.
    let shorter = flood::<f32>(TimeStep::Global, 0.45, 64);
    for (at, what) in [(0, "t 1,200 s"), (1, "t 3,600 s"), (2, "t 7,200 s")] {
        let variant = format!("global steps of 0.9, {what}, f32");
        let value = unlike(&global.depths[at], &shorter.depths[at]);
        let run = Some((shorter.steps, shorter.mass));
        rows.push(Row { variant, norm: "L1", value, bound: None, run });
    }
    let plot = Plot {
        axes: ["谷を横切る距離 distance across the valley (m)", "最大水深 greatest depth (m)"],
        reference: "全体で一つの刻み one step for all",
        exact: cut(&global),
        lines: vec![("タイルごとの刻み local steps".to_owned(), cut(&local))],
        ..Plot::default()
    };
    let grid = "160 × 300, dx 10 m, n 0.03 / 0.06, 400 m³/s, 30 mm/h × 1 h, tile 16, t 2 h";
    Outcome { id: "local-steps", grid, rows, plot: Some(plot), tables: Vec::new() }
}
