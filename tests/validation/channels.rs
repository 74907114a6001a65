//! Steady flow in channels.

use jomo_flood::{Flow, Real, Scheme, Series, Start};

use crate::flows::{Bump, Made, mean_difference, relative_l1};
use crate::lab::{Flume, Ran, each, level};
use crate::plot::Plot;
use crate::report::{Outcome, Row};

const AXES: [&str; 2] = ["距離 distance (m)", "高さ height (m)"];

/// Bed, exact surface and those of the f32 runs.
pub(crate) fn plot(bed: &[f64], runs: &[(&'static str, Ran)]) -> Plot {
    let lines = runs.iter().filter(|(variant, _)| variant.contains("f32"));
    Plot {
        axes: AXES,
        bed: runs[0].1.places.iter().zip(bed).map(|(x, z)| [*x, *z]).collect(),
        exact: runs[0].1.exact_surface(bed),
        lines: lines.map(|(name, ran)| ((*name).to_owned(), ran.surface(bed))).collect(),
        ..Plot::default()
    }
}

/// Fall of a plane and depth on it; cells of `dx`.
#[derive(Clone, Copy)]
struct Slope {
    fall: f64,
    depth: f64,
    dx: f64,
}

const CELLS: usize = 200;
const ROUGHNESS: f64 = 0.03;

/// The greatest relative error of the depth in the middle half of a slope, after eight times what
/// its water needs from end to end.
fn even<R: Real>(scheme: Scheme, slope: Slope) -> Ran {
    let q = slope.depth.powf(5.0 / 3.0) * slope.fall.sqrt() / ROUGHNESS;
    let places = Flume::middles(CELLS, slope.dx);
    let flume = Flume {
        dx: slope.dx,
        bed: places.iter().map(|x| 2_500.0 - slope.fall * x).collect(),
        roughness: ROUGHNESS,
        start: Start::default(),
        ends: [Flow::Discharge(Series::constant(q * slope.dx)), Flow::Open { slope: slope.fall }],
    };
    let end_s = 8.0 * CELLS as f64 * slope.dx * slope.depth / q;
    flume.ran::<R>(scheme, end_s, vec![slope.depth; CELLS])
}

fn evenness(slopes: &[Slope]) -> Vec<Row> {
    let mut rows = Vec::new();
    for slope in slopes {
        for (variant, ran) in each!(even, *slope) {
            let middle = &ran.found[CELLS / 4..3 * CELLS / 4];
            let off = middle.iter().map(|h| (h - slope.depth).abs() / slope.depth);
            let name = format!("S {}, {} m, {variant}", slope.fall, slope.depth);
            rows.push(ran.row(&name, "depth, relative", off.fold(0.0, f64::max), 0.01));
        }
    }
    rows
}

pub(crate) fn uniform() -> Outcome {
    let slope = |fall, depth| Slope { fall, depth, dx: 10.0 };
    let slopes =
        [slope(0.001, 1.0), slope(0.003, 0.8), slope(0.01, 0.5), slope(0.03, 0.5), slope(0.1, 0.5)];
    let grid = "200 × 1, dx 10 m, n 0.03, 2,500 m";
    Outcome { id: "uniform-flow", grid, rows: evenness(&slopes), plot: None, tables: Vec::new() }
}

pub(crate) fn films() -> Outcome {
    let slope = |depth| Slope { fall: 1.0, depth, dx: 10.0 };
    let slopes = [slope(0.001), slope(0.002), slope(0.005), slope(0.01), slope(0.02)];
    let grid = "200 × 1, dx 10 m, n 0.03, 45°, 2,500 m";
    Outcome { id: "films", grid, rows: evenness(&slopes), plot: None, tables: Vec::new() }
}

/// A channel made for its depth, with 200 cells, until the water is steady.
fn made<R: Real>(scheme: Scheme, made: fn() -> Made, end: fn(f64, f64) -> Flow) -> (Vec<f64>, Ran) {
    let made = made();
    let dx = made.length / CELLS as f64;
    let places = Flume::middles(CELLS, dx);
    let bed = made.bed(&places);
    let exact: Vec<f64> = places.iter().map(|x| (made.depth)(*x)).collect();
    let outlet = (made.depth)(made.length);
    let fall = (bed[CELLS - 2] - bed[CELLS - 1]) / dx;
    let flume = Flume {
        dx,
        bed: bed.clone(),
        roughness: made.roughness,
        start: level(CELLS, outlet),
        ends: [Flow::Discharge(Series::constant(made.q * dx)), end(outlet, fall)],
    };
    (bed, flume.ran::<R>(scheme, 7_200.0, exact))
}

type MadeRuns = Vec<(&'static str, (Vec<f64>, Ran))>;

fn made_outcome(id: &'static str, grid: &'static str, runs: MadeRuns) -> Outcome {
    let bed = runs[0].1.0.clone();
    let runs: Vec<(&str, Ran)> = runs.into_iter().map(|(name, (_, ran))| (name, ran)).collect();
    let row = |(variant, ran): &(&'static str, Ran)| {
        ran.row(variant, "MAE, m", mean_difference(&ran.found, &ran.exact), 0.005)
    };
    Outcome {
        id,
        grid,
        rows: runs.iter().map(row).collect(),
        plot: Some(plot(&bed, &runs)),
        tables: Vec::new(),
    }
}

/// Slow water: its level is given.
fn stage(outlet: f64, _: f64) -> Flow {
    Flow::Stage(Series::constant(outlet))
}

/// Fast water: it leaves as it comes.
fn leaves(_: f64, fall: f64) -> Flow {
    Flow::Open { slope: fall.max(0.0) }
}

pub(crate) fn made_slow() -> Outcome {
    let runs = each!(made, Made::slow, stage);
    made_outcome("macdonald-subcritical", "200 × 1, dx 5 m, q 2 m²/s, n 0.033, t 2 h", runs)
}

pub(crate) fn made_turning() -> Outcome {
    let runs = each!(made, Made::turning, leaves);
    made_outcome("macdonald-transcritical", "200 × 1, dx 5 m, q 2 m²/s, n 0.033, t 2 h", runs)
}

pub(crate) fn made_jumping() -> Outcome {
    let runs = each!(made, Made::jumping, stage);
    made_outcome("macdonald-jump", "200 × 1, dx 0.5 m, q 2 m²/s, n 0.0328, t 2 h", runs)
}

/// Flow over the bump, from rest at a level, until it is steady.
fn over<R: Real>(scheme: Scheme, bump: fn() -> Bump, start_m: f64, east: Flow) -> Ran {
    let (cells, dx, bump) = (250, 0.1, bump());
    let places = Flume::middles(cells, dx);
    let flume = Flume {
        dx,
        bed: places.iter().map(|x| Bump::bed(*x)).collect(),
        roughness: 0.0,
        start: level(cells, start_m),
        ends: [Flow::Discharge(Series::constant(bump.q * dx)), east],
    };
    let exact = places.iter().map(|x| bump.depth(*x)).collect();
    flume.ran::<R>(scheme, 500.0, exact)
}

fn bump_outcome(id: &'static str, runs: &[(&'static str, Ran)], bound: f64) -> Outcome {
    let row = |(variant, ran): &(&'static str, Ran)| {
        ran.row(variant, "L1", relative_l1(&ran.found, &ran.exact), bound)
    };
    let bed: Vec<f64> = runs[0].1.places.iter().map(|x| Bump::bed(*x)).collect();
    let rows = runs.iter().map(row).collect();
    Outcome {
        id,
        grid: "250 × 1, dx 0.1 m, n 0, t 500 s",
        rows,
        plot: Some(plot(&bed, runs)),
        tables: Vec::new(),
    }
}

pub(crate) fn bump_slow() -> Outcome {
    let east = || Flow::Stage(Series::constant(2.0));
    let runs = each!(over, || Bump::slow(4.42, 2.0), 2.0, east());
    bump_outcome("bump-subcritical", &runs, 0.005)
}

/// From dry ground: over an open end, deep water would stay deep.
pub(crate) fn bump_fast() -> Outcome {
    let runs = each!(over, || Bump::fast(1.53), 0.0, Flow::Open { slope: 0.0 });
    bump_outcome("bump-transcritical", &runs, 0.01)
}

pub(crate) fn bump_jumping() -> Outcome {
    let east = || Flow::Stage(Series::constant(0.33));
    let runs = each!(over, || Bump::jumping(0.18, 0.33), 0.33, east());
    bump_outcome("bump-jump", &runs, 0.01)
}
