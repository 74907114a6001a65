//! Water that swings in a bowl, its shore moving all the time.

use jomo_flood::{Forcing, Ground, Real, Roughness, Scheme, Simulation, Start, Water};

use crate::flows::{Bowl, relative_l1};
use crate::lab::{Ran, depths, each, settings};
use crate::plot::Plot;
use crate::report::Outcome;

const BOWL: Bowl = Bowl { a: 1.0, h0: 0.1 };
/// Shore of the water in rings at the start, and the tilt of the plane.
const SHORE_M: f64 = 0.8;
const TILT_M: f64 = 0.5;
const PHASE: &str = "phase, periods";

/// A bowl 4 m wide and its water.
struct Basin {
    cells: usize,
    depth: fn([f64; 2], f64) -> f64,
    speed_m_s: f64,
}

impl Basin {
    fn axis(&self, i: usize) -> f64 {
        (i as f64 + 0.5) * 4.0 / self.cells as f64 - 2.0
    }

    /// Places `[x, y]` from the middle, + to the east and to the north.
    fn places(&self) -> Vec<[f64; 2]> {
        let places = (0..self.cells)
            .flat_map(|i| (0..self.cells).map(move |j| [self.axis(j), -self.axis(i)]));
        places.collect()
    }

    fn begin<R: Real>(&self, scheme: Scheme) -> Simulation<R> {
        let (shape, dx) = ([self.cells, self.cells], 4.0 / self.cells as f64);
        let bed = self.places().iter().map(|place| BOWL.bed(*place)).collect();
        let ground = Ground::new(shape, dx, bed, Roughness::Uniform(0.0)).unwrap();
        let depth: Vec<f64> = self.places().iter().map(|place| (self.depth)(*place, 0.0)).collect();
        let still = vec![0.0; depth.len()];
        let north = vec![self.speed_m_s; depth.len()];
        let start = Start { water: Some(Water::Depth(depth)), velocity_m_s: Some([still, north]) };
        Simulation::new(&ground, &start, Forcing::default(), settings(scheme)).unwrap()
    }

    /// After a number of periods, against what is exact.
    fn after<R: Real>(&self, run: &mut Simulation<R>, end_s: f64) -> Ran {
        run.advance_to(end_s).unwrap();
        let ledger = run.ledger();
        Ran {
            places: (0..self.cells).map(|i| self.axis(i)).collect(),
            found: depths(run),
            exact: self.places().iter().map(|place| (self.depth)(*place, end_s)).collect(),
            steps: ledger.steps,
            mass: ledger.relative_error().abs(),
        }
    }

    /// The row of cells next to the middle, on the bed.
    fn cut(&self, ran: &Ran, values: &[f64]) -> Vec<[f64; 2]> {
        let row = self.cells / 2;
        let line = |j: usize| {
            let x = ran.places[j];
            [x, values[row * self.cells + j] + BOWL.bed([x, -self.axis(row)])]
        };
        (0..self.cells).filter(|j| ran.places[*j].abs() < 1.3).map(line).collect()
    }

    /// Bed and exact surface of that cut.
    fn plot(&self, ran: &Ran) -> Plot {
        Plot {
            axes: ["中心からの距離 distance from the middle (m)", "高さ height (m)"],
            bed: self.cut(ran, &vec![0.0; ran.found.len()]),
            exact: self.cut(ran, &ran.exact),
            lines: Vec::new(),
            ..Plot::default()
        }
    }
}

fn rings<R: Real>(scheme: Scheme) -> (Basin, [Ran; 2]) {
    let depth = |place, t| BOWL.radial_depth(SHORE_M, place, t);
    let basin = Basin { cells: 200, depth, speed_m_s: 0.0 };
    let mut run = basin.begin::<R>(scheme);
    let rans = [1.0, 3.0].map(|periods| basin.after(&mut run, periods * BOWL.radial_period()));
    (basin, rans)
}

pub(crate) fn radial() -> Outcome {
    let runs = each!(rings);
    let (mut rows, mut plot) = (Vec::new(), None);
    for (variant, (basin, [once, thrice])) in &runs {
        let bound = if variant.starts_with("1st") { 0.05 } else { 0.02 };
        rows.push(once.row(variant, "L1", relative_l1(&once.found, &once.exact), bound));
        let three = relative_l1(&thrice.found, &thrice.exact);
        let told = format!("{variant}, 3 periods");
        rows.push(thrice.told(&told, "L1", three));
        let plot = plot.get_or_insert_with(|| basin.plot(once));
        if variant.contains("f32") {
            plot.lines.push(((*variant).to_owned(), basin.cut(once, &once.found)));
        }
    }
    let grid = "4 m × 4 m, dx 0.02 m, 1 and 3 periods";
    Outcome { id: "thacker-radial", grid, rows, plot, tables: Vec::new() }
}

/// Angle of the middle of all water, as a share of a turn.
fn angle(basin: &Basin, depths: &[f64]) -> f64 {
    let places = basin.places();
    let sum = |axis: usize| places.iter().zip(depths).map(|(p, h)| p[axis] * h).sum::<f64>();
    sum(1).atan2(sum(0)) / std::f64::consts::TAU
}

fn tilted<R: Real>(scheme: Scheme, cells: usize) -> (Basin, Ran) {
    let depth = |place, t| BOWL.planar_depth(TILT_M, place, t);
    let speed_m_s = BOWL.planar_start(TILT_M);
    let basin = Basin { cells, depth, speed_m_s };
    let mut run = basin.begin::<R>(scheme);
    let ran = basin.after(&mut run, 3.0 * BOWL.planar_period());
    (basin, ran)
}

/// Error of the phase after three periods, as a share of a period.
fn late(basin: &Basin, ran: &Ran) -> f64 {
    let late = angle(basin, &ran.found) - angle(basin, &ran.exact);
    (late - late.round()).abs()
}

pub(crate) fn planar() -> Outcome {
    let runs = each!(tilted, 200);
    let (mut rows, mut plot) = (Vec::new(), None);
    for (variant, (basin, ran)) in &runs {
        rows.push(ran.row(variant, PHASE, late(basin, ran), 0.02));
        let off = relative_l1(&ran.found, &ran.exact);
        rows.push(ran.told(variant, "L1", off));
        let plot = plot.get_or_insert_with(|| basin.plot(ran));
        if variant.contains("f32") {
            plot.lines.push(((*variant).to_owned(), basin.cut(ran, &ran.found)));
        }
    }
    for (name, scheme) in [("1st f32", Scheme::First), ("2nd f32", Scheme::Second)] {
        for (cells, dx) in [(50, 0.08), (100, 0.04)] {
            let (basin, ran) = tilted::<f32>(scheme, cells);
            rows.push(ran.told(&format!("{name}, dx {dx} m"), PHASE, late(&basin, &ran)));
        }
    }
    let grid = "4 m × 4 m, dx 0.02 m, 3 periods";
    Outcome { id: "thacker-planar", grid, rows, plot, tables: Vec::new() }
}
