//! The terrain model: the land at its cell size, with channels cut and levees raised, draining.

use jomo_core::grid::{Grid, Placement};
use rayon::prelude::*;

use super::SampleError;
use super::drainage::breach;
use super::noise::{Stream, cell, ramp};
use super::relief::Land;
use super::rivers::{LEVEE_SETBACK_M, River};
use super::settings::Plan;

/// Heights are whole multiples of this: exact in `f32` up to 65 km, 4 mm apart.
const UNIT_M: f64 = 1.0 / 256.0;
/// The terrain and how many of its cells were lowered to let water out.
pub(super) struct Terrain {
    pub(super) heights: Grid<f32>,
    pub(super) cut: usize,
}

impl Terrain {
    /// Height of the cell at a place `[east, south]` of the north-west corner.
    pub(super) fn height_m(&self, [x, y]: [f64; 2]) -> f64 {
        let [rows, columns] = self.heights.shape();
        let size = self.heights.placement().cell_size_m;
        f64::from(
            self.heights.at(cell(y / size, rows), cell(x / size, columns)).unwrap_or_default(),
        )
    }
}

/// Builds the terrain; rows in parallel, the same bits on any number of threads.
pub(super) fn terrain(plan: &Plan, land: &Land, rivers: &[River]) -> Result<Terrain, SampleError> {
    let size = plan.cell_size_m;
    let n = cell(plan.extent_m / size + 0.5, usize::MAX);
    let rough = Stream::new(plan.seed, "terrain");
    let nearest = nearest_points(n, size, rivers);
    let mut units = vec![0_i32; n * n];
    units.par_chunks_mut(n).enumerate().for_each(|(row, out)| {
        for (column, out) in out.iter_mut().enumerate() {
            let at = [(column as f64 + 0.5) * size, (row as f64 + 0.5) * size];
            let natural = natural_m(land, rough, at);
            let shaped = match nearest[row * n + column] {
                NONE => natural,
                packed => {
                    let (river, point) = unpacked(packed);
                    shaped_m(&rivers[river], point, at, natural)
                }
            };
            *out = whole(shaped / UNIT_M);
        }
    });
    let cut = breach(n, &mut units);
    let values = units.par_iter().map(|units| narrowed(f64::from(*units) * UNIT_M)).collect();
    let placement = Placement { zone: plan.zone, origin_m: plan.north_west_m(), cell_size_m: size };
    Ok(Terrain { heights: Grid::new([n, n], placement, values)?, cut })
}

/// The land with gullies and spurs that its 40 m lattice cannot hold; plains stay plain.
fn natural_m(land: &Land, rough: Stream, at: [f64; 2]) -> f64 {
    let height = land.height_m(at);
    let slope = land.slope(at);
    height + rough.rough(at, 120.0, 3) * 7.0 * ramp(0.04, 0.5, slope)
}

/// The ground beside a river: bed, bank, levee where there is one.
fn shaped_m(river: &River, point: usize, at: [f64; 2], natural: f64) -> f64 {
    let away = super::rivers::distance(river.line[point], at);
    let half = 0.5 * river.width_at(point);
    let bed = river.bed_m[point];
    if away <= half {
        return natural.min(bed + 0.5 * (away / half).powi(2));
    }
    // Gravel fills the bottom of a tributary's valley.
    let bottom = bed + 1.5 + 0.012 * away;
    let natural =
        bottom + (natural - bottom) * ramp(0.3, 1.0, (away - half) / river.valley_at(point));
    // Banks stand at 1:1.5, gorges at 1:1.
    let cut = natural.min(bed + 0.5 + 0.67 * (away - half) + 0.02 * (away - half).powi(2));
    let Some(crest) = river.levee_m[point] else { return cut };
    let from_crest = ((away - half - LEVEE_SETBACK_M).abs() - 3.0).max(0.0);
    cut.max(crest - from_crest / 2.5)
}

const NONE: u64 = u64::MAX;

fn packed(river: usize, point: usize) -> u64 {
    (river as u64) << 32 | point as u64
}

fn unpacked(packed: u64) -> (usize, usize) {
    let low = |bits: u64| usize::try_from(bits & 0xFFFF_FFFF).unwrap_or_default();
    (low(packed >> 32), low(packed))
}

/// The river point that shapes each cell: the one whose bed and banks are nearest.
fn nearest_points(n: usize, size: f64, rivers: &[River]) -> Vec<u64> {
    let mut nearest = vec![NONE; n * n];
    let mut distances = vec![f32::INFINITY; n * n];
    for (index, river) in rivers.iter().enumerate() {
        for (point, [x, y]) in river.line.iter().enumerate() {
            let half = 0.5 * river.width_at(point);
            let reach = half + river.valley_at(point).max(60.0);
            let range =
                |middle: f64| cell((middle - reach) / size, n)..=cell((middle + reach) / size, n);
            for row in range(*y) {
                for column in range(*x) {
                    let centre = [(column as f64 + 0.5) * size, (row as f64 + 0.5) * size];
                    let away = super::rivers::distance(centre, [*x, *y]);
                    // Beds before banks: a tributary keeps its bed through the levee.
                    let key = narrowed(away - half);
                    let slot = row * n + column;
                    if away < reach && key < distances[slot] {
                        distances[slot] = key;
                        nearest[slot] = packed(index, point);
                    }
                }
            }
        }
    }
    nearest
}

#[expect(clippy::cast_possible_truncation, reason = "heights of the sample lie within ±8,000 km")]
fn whole(units: f64) -> i32 {
    units.round() as i32
}

#[expect(clippy::cast_possible_truncation, reason = "multiples of 1/256 below 65 km are exact")]
fn narrowed(metres: f64) -> f32 {
    metres as f32
}
