//! What covers the ground: forest, paddy, field, town, water, on the lattice of the relief.

use jomo_core::grid::{Grid, Placement};
use jomo_format::geotiff::{self, Meaning};
use rayon::prelude::*;

use super::SampleError;
use super::gauges::Ground;
use super::noise::{Stream, cell};
use super::rivers::distance;

/// Codes of the classes; 0 is no data.
const FOREST: u8 = 1;
const PADDY: u8 = 2;
const FIELD: u8 = 3;
const TOWN: u8 = 4;
const WATER: u8 = 5;
/// Ground steeper than this is forest, m/m; ground flatter than the other can be flooded paddy.
const FOREST_SLOPE: f64 = 0.10;
const PADDY_SLOPE: f64 = 0.02;
/// A river narrower than this is not seen between its banks.
const SEEN_M: f64 = 20.0;
/// Towns are places where the noise of this wavelength is high.
const TOWN_M: f64 = 2_200.0;
const TOWN_OVER: f64 = 0.28;

/// The raster as a file.
pub(super) fn land_cover(ground: &Ground<'_>) -> Result<Vec<u8>, SampleError> {
    let land = ground.land;
    let stream = Stream::new(ground.plan.seed, "cover");
    let class = |at: usize| {
        let place = land.centre(at);
        let slope = land.slopes[at];
        let floor = land.places[at].floor_m.is_some();
        if FOREST_SLOPE < slope || (!floor && 0.5 * FOREST_SLOPE < slope) {
            FOREST
        } else if TOWN_OVER < stream.rough(place, TOWN_M, 3) {
            TOWN
        } else if slope < PADDY_SLOPE {
            PADDY
        } else {
            FIELD
        }
    };
    let mut classes: Vec<u8> = (0..land.n * land.n).into_par_iter().map(class).collect();
    for river in ground.rivers {
        for (point, [x, y]) in river.line.iter().enumerate() {
            let half = 0.5 * river.width_at(point);
            if 2.0 * half < SEEN_M {
                continue;
            }
            let range = |middle: f64| {
                cell((middle - half) / land.cell_m, land.n)
                    ..=cell((middle + half) / land.cell_m, land.n)
            };
            for at in range(*y).flat_map(|row| range(*x).map(move |column| row * land.n + column)) {
                if distance(land.centre(at), [*x, *y]) <= half {
                    classes[at] = WATER;
                }
            }
        }
    }
    let placement = Placement {
        zone: ground.plan.zone,
        origin_m: ground.plan.north_west_m(),
        cell_size_m: land.cell_m,
    };
    let grid = Grid::new([land.n, land.n], placement, classes)?;
    let meaning = Meaning { no_data: Some(0.0), ..Meaning::default() };
    Ok(geotiff::write(&grid, &meaning)?)
}
