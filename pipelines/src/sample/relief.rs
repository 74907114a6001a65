//! Hills and mountains: uplift against erosion by streams until ridges and valleys stand, on a
//! lattice that is refined twice (160, 80, 40 m).
//!
//! Sources: Braun, J., Willett, S. D. (2013), A very efficient O(n) method, Geomorphology 180-181
//! (implicit stream power with exponent 1); threshold slopes after Burbank et al. (1996), Nature
//! 379.

use rayon::prelude::*;

use super::drainage::{Routing, neighbours};
use super::noise::{Stream, ramp};
use super::settings::Plan;
use super::valley::{Place, Valley};

/// Cells of the lattice along an edge and steps of erosion, coarse to fine.
const LEVELS: [(usize, usize); 3] = [(125, 44), (250, 16), (500, 6)];
/// Duration of a step; uplift is told as a slope at one square metre of basin.
const STEP: f64 = 0.6;
/// Depth of the main channel below the floor on this lattice, so that water finds it.
const CHANNEL_M: f64 = 4.0;

/// The land at 40 m.
pub(super) struct Land {
    /// Cells along an edge.
    pub(super) n: usize,
    /// Cell in metres.
    pub(super) cell_m: f64,
    /// Heights, row by row from the north.
    pub(super) heights: Vec<f64>,
    /// Slopes, m/m.
    pub(super) slopes: Vec<f64>,
    /// What the valley is at each cell.
    pub(super) places: Vec<Place>,
    /// Where water runs.
    pub(super) routing: Routing,
    /// Basin of each cell, square metres.
    pub(super) basin_m2: Vec<f64>,
}

impl Land {
    /// Centre of a cell.
    pub(super) fn centre(&self, at: usize) -> [f64; 2] {
        centre(self.n, self.cell_m, at)
    }

    /// The cell around a place whose basin is nearest in size to the one wanted.
    pub(super) fn nearest_basin(&self, [x, y]: [f64; 2], wanted_m2: f64) -> usize {
        let index = |metres: f64| super::noise::cell(metres / self.cell_m, self.n);
        let at = index(y) * self.n + index(x);
        let error = |cell: usize| (self.basin_m2[cell] - wanted_m2).abs();
        let around = neighbours(self.n, at).map(|(next, _)| next);
        around.fold(at, |best, next| if error(next) < error(best) { next } else { best })
    }

    /// Slope of the cell that holds a place, m/m.
    pub(super) fn slope(&self, [x, y]: [f64; 2]) -> f64 {
        let index = |metres: f64| super::noise::cell(metres / self.cell_m, self.n);
        self.slopes[index(y) * self.n + index(x)]
    }

    /// Height of the land between the centres of its cells (Catmull-Rom in both directions).
    pub(super) fn height_m(&self, [x, y]: [f64; 2]) -> f64 {
        let (u, v) = (x / self.cell_m - 0.5, y / self.cell_m - 0.5);
        let last = self.n as f64 - 1.0;
        let (left, top) = (u.floor(), v.floor());
        let index = |place: f64| super::noise::cell(place.clamp(0.0, last), self.n);
        let columns = [-1.0, 0.0, 1.0, 2.0].map(|step| index(left + step));
        let rows = [-1.0, 0.0, 1.0, 2.0].map(|step| {
            let row = index(top + step) * self.n;
            super::valley::cubic(columns.map(|column| self.heights[row + column]), u - left)
        });
        super::valley::cubic(rows, v - top)
    }
}

fn slope(n: usize, cell_m: f64, heights: &[f64], at: usize) -> f64 {
    let (row, column) = (at / n, at % n);
    let height = |row: usize, column: usize| heights[row.min(n - 1) * n + column.min(n - 1)];
    let east = height(row, column + 1) - height(row, column.saturating_sub(1));
    let south = height(row + 1, column) - height(row.saturating_sub(1), column);
    east.hypot(south) / (2.0 * cell_m)
}

fn centre(n: usize, cell_m: f64, at: usize) -> [f64; 2] {
    [(at % n) as f64, (at / n) as f64].map(|index| (index + 0.5) * cell_m)
}

/// Raises the land and lets streams cut it.
pub(super) fn land(plan: &Plan, valley: &Valley) -> Land {
    let rough = Stream::new(plan.seed, "relief");
    let mut before: Option<(usize, Vec<f64>)> = None;
    let (mut n, mut heights, mut places) = (1, Vec::new(), Vec::new());
    for (cells, steps) in LEVELS {
        n = cells;
        let cell_m = plan.extent_m / n as f64;
        places = (0..n * n)
            .into_par_iter()
            .map(|at| valley.place(centre(n, cell_m, at)))
            .collect::<Vec<_>>();
        heights = start(n, cell_m, before.as_ref(), (&places, rough));
        let uplift: Vec<f64> = (0..n * n)
            .into_par_iter()
            .map(|at| places[at].foothills * uplift(plan, rough, centre(n, cell_m, at)))
            .collect();
        for _ in 0..steps {
            erode(
                n,
                cell_m,
                &mut heights,
                &Forces { places: &places, uplift: &uplift, steepest: plan.relief.steepest, rough },
            );
            creep(n, &mut heights, &places);
        }
        before = Some((n, heights.clone()));
    }
    let cell_m = plan.extent_m / n as f64;
    for (height, place) in heights.iter_mut().zip(&places) {
        if place.from_river_m < 0.75 * cell_m {
            *height -= CHANNEL_M;
        }
    }
    let mouth = valley.course[valley.course.len() - 1];
    let is_outlet: Vec<bool> = (0..n * n)
        .map(|at| {
            let [x, y] = centre(n, cell_m, at);
            at % n == n - 1 && (x - mouth[0]).hypot(y - mouth[1]) < 1.5 * cell_m
        })
        .collect();
    let routing = Routing::new(n, &heights, &is_outlet, |_, _| 1.0);
    let basin_m2 = routing.accumulate(|_| cell_m * cell_m);
    let slopes = (0..n * n).into_par_iter().map(|at| slope(n, cell_m, &heights, at)).collect();
    Land { n, cell_m, heights, slopes, places, routing, basin_m2 }
}

/// Uplift: mountains in the north-west, hills in the south-east, ranges and gaps between.
fn uplift(plan: &Plan, rough: Stream, at: [f64; 2]) -> f64 {
    let share = (at[0] + at[1]) / (2.0 * plan.extent_m);
    let north = 0.12 * (at[0] - at[1]) / plan.extent_m;
    let mountain = ramp(0.72, 0.12, share - north + 0.10 * rough.rough(at, 6_000.0, 2));
    let hills = plan.relief.hills_m;
    let mean = hills + (plan.relief.mountains_m - hills) * mountain.powf(1.4);
    mean * (1.0 + 0.55 * rough.rough([at[0] + 2e5, at[1]], 3_500.0, 3)).max(0.25)
}

fn start(
    n: usize,
    cell_m: f64,
    before: Option<&(usize, Vec<f64>)>,
    (places, rough): (&[Place], Stream),
) -> Vec<f64> {
    let raised = |at: usize| {
        let noise = rough.rough(centre(n, cell_m, at), 8.0 * cell_m, 3);
        let Some((half, coarse)) = before else { return 60.0 + 20.0 * noise };
        let (row, column) = (at / n * half / n, at % n * half / n);
        coarse[row * half + column] + 3.0 * noise
    };
    (0..n * n).into_par_iter().map(|at| places[at].floor_m.unwrap_or_else(|| raised(at))).collect()
}

/// What shapes the land, per cell.
struct Forces<'a> {
    places: &'a [Place],
    uplift: &'a [f64],
    steepest: f64,
    rough: Stream,
}

/// One implicit step: each cell after the cell that it drains into.
fn erode(n: usize, cell_m: f64, heights: &mut [f64], forces: &Forces<'_>) {
    let Forces { places, uplift, steepest, rough } = *forces;
    let is_floor: Vec<bool> = places.iter().map(|place| place.floor_m.is_some()).collect();
    let index = |at: usize| i64::from(super::drainage::short(at));
    let rock = |at: usize, next: usize| 0.3 + 1.4 * rough.unit(index(at), index(next));
    let routing = Routing::new(n, heights, &is_floor, rock);
    let basin = routing.accumulate(|_| cell_m * cell_m);
    for at in &routing.order {
        let at = *at as usize;
        let Some(next) = routing.downstream(at) else { continue };
        let diagonal = at % n != next % n && at / n != next / n;
        let run = if diagonal { cell_m * std::f64::consts::SQRT_2 } else { cell_m };
        let cutting = basin[at].sqrt() * STEP / run;
        let height = (heights[at] + STEP * uplift[at] + cutting * heights[next]) / (1.0 + cutting);
        // A soil-covered slope does not stand steeper; nor does water run level.
        heights[at] = height.clamp(heights[next] + 1e-3 * run, heights[next] + steepest * run);
    }
}

/// Rounds the ridges: soil creeps.
fn creep(n: usize, heights: &mut Vec<f64>, places: &[Place]) {
    let smooth = |at: usize| {
        let (sum, weight) =
            neighbours(n, at).fold((0.0, 0.0), |(sum, weight), (next, distance)| {
                (sum + heights[next] / distance, weight + 1.0 / distance)
            });
        if places[at].floor_m.is_some() { heights[at] } else { 0.5 * (heights[at] + sum / weight) }
    };
    let rounded = (0..n * n).into_par_iter().map(smooth).collect();
    *heights = rounded;
}
