//! Dam breaks over a dry and over a wet bed.

use jomo_flood::{Flow, Forcing, Ground, Real, Roughness, Scheme, Simulation};

use crate::flows::{Stoker, relative_l1, ritter};
use crate::lab::{Flume, Ran, deep, depths, each, settings};
use crate::plot::Plot;
use crate::report::{Outcome, Row};

const END_S: f64 = 300.0;
const LENGTH_M: f64 = 10_000.0;

/// A dam in the middle of a flume that breaks; `exact` is the depth at a distance from it.
fn broken<R: Real>(scheme: Scheme, dx: f64, levels: [f64; 2], exact: fn(f64) -> f64) -> Ran {
    let cells = (1..=1_000).find(|cells| LENGTH_M <= f64::from(*cells) * dx).unwrap();
    let cells = usize::try_from(cells).unwrap();
    let places: Vec<f64> = Flume::middles(cells, dx).iter().map(|x| x - 0.5 * LENGTH_M).collect();
    let depth = places.iter().map(|x| levels[usize::from(0.0 < *x)]).collect();
    let flume = Flume {
        dx,
        bed: vec![0.0; cells],
        roughness: 0.0,
        start: deep(depth),
        ends: [Flow::Wall, Flow::Wall],
    };
    let exact = places.iter().map(|x| exact(*x)).collect();
    Ran { places, ..flume.ran::<R>(scheme, END_S, exact) }
}

/// Cells whose depth is another when the flume of Stoker's dam runs from north to south.
fn turned<R: Real>(scheme: Scheme) -> f64 {
    let cells = 1_000;
    let run = |shape| {
        let ground = Ground::new(shape, 10.0, vec![0.0; cells], Roughness::Uniform(0.0)).unwrap();
        let depth = (0..cells).map(|at| if at < cells / 2 { 2.0 } else { 0.5 });
        let start = deep(depth.collect());
        let mut run =
            Simulation::<R>::new(&ground, &start, Forcing::default(), settings(scheme)).unwrap();
        run.advance_to(END_S).unwrap();
        depths(&run)
    };
    let (along, down) = (run([1, cells]), run([cells, 1]));
    along.iter().zip(&down).filter(|(a, b)| a.to_bits() != b.to_bits()).count() as f64
}

fn mass_bound(variant: &str) -> f64 {
    if variant.contains("f32") { 1e-7 } else { 1e-12 }
}

/// Exact depths, and those of the f32 runs.
fn plot(runs: &[(&'static str, Ran)]) -> Plot {
    let flat = vec![0.0; runs[0].1.found.len()];
    let lines = runs.iter().filter(|(variant, _)| variant.contains("f32"));
    Plot {
        axes: ["堤からの距離 distance from the dam (m)", "水深 depth (m)"],
        exact: runs[0].1.exact_surface(&flat),
        lines: lines.map(|(name, ran)| ((*name).to_owned(), ran.surface(&flat))).collect(),
        ..Plot::default()
    }
}

pub(crate) fn dry() -> Outcome {
    let runs = each!(broken, 10.0, [2.0, 0.0], |x| ritter(2.0, x, END_S));
    let mut rows = Vec::new();
    for (variant, ran) in &runs {
        rows.push(ran.row(variant, "L1", relative_l1(&ran.found, &ran.exact), 0.008));
        rows.push(ran.row(variant, "mass", ran.mass, mass_bound(variant)));
    }
    let grid = "1,000 × 1, dx 10 m, h 2 m | 0 m, t 300 s";
    Outcome { id: "ritter", grid, rows, plot: Some(plot(&runs)), tables: Vec::new() }
}

pub(crate) fn wet() -> Outcome {
    let exact = |x: f64| Stoker::new(2.0, 0.5).depth(x, END_S);
    let coarse = each!(broken, 40.0, [2.0, 0.5], exact);
    let fine = each!(broken, 10.0, [2.0, 0.5], exact);
    let stoker = Stoker::new(2.0, 0.5);
    let mut rows = Vec::new();
    for (runs, dx, bound) in [(&coarse, 40.0, 0.0083), (&fine, 10.0, 0.004)] {
        for (variant, ran) in runs {
            let name = format!("dx {dx} m, {variant}");
            rows.push(ran.row(&name, "L1", relative_l1(&ran.found, &ran.exact), bound));
            let half = 0.5 * (stoker.middle + 0.5);
            let front = ran.found.iter().rposition(|h| half < *h).unwrap();
            // Between the last cell above half of the jump and the next, linearly.
            let [above, below] = [ran.found[front], ran.found[front + 1]];
            let at = ran.places[front] + dx * (above - half) / (above - below);
            let away = (at - stoker.shock * END_S).abs() / dx;
            rows.push(ran.row(&name, "shock, cells", away, 1.0));
            rows.push(ran.row(&name, "mass", ran.mass, mass_bound(variant)));
        }
    }
    for (variant, value) in each!(turned) {
        let variant = format!("dx 10 m, turned by 90°, {variant}");
        rows.push(Row { variant, norm: "differing cells", value, bound: Some(0.0), run: None });
    }
    let grid = "10 km, dx 40 m / 10 m, h 2 m | 0.5 m, t 300 s";
    Outcome { id: "stoker", grid, rows, plot: Some(plot(&fine)), tables: Vec::new() }
}
