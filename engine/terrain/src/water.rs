//! Heights for waters that have none.
//!
//! Height models by laser measure the ground and leave lakes and wide rivers without heights. To
//! [`crate::condition()`] they are outside: every brook would end at the shore of the river that it
//! belongs to. Here they get heights from their shores, for water to find its way through them.

use jomo_core::grid::Grid;

use crate::cells::{Shape, narrow};
use crate::condition::{check_size, same_place};
use crate::error::TerrainError;
use crate::stream::same_lattice;

/// Heights with a surface for every water: cells without height where `is_water` is not 0 get the
/// lowest of the heights of their nearest shores, less `below_shore_m` (banks stand above the
/// water). Nearest is counted in steps over cells of water; water without a shore stays without
/// height. All other cells are kept.
///
/// The surface is no measurement: it leads water along a river and says nothing about its level.
///
/// # Errors
/// More than 2^32 - 1 cells; a raster of water that does not lie on the heights; a drop that is
/// not 0 to 100 m.
pub fn with_waters(
    dem: &Grid<f32>,
    is_water: &Grid<u8>,
    below_shore_m: f32,
) -> Result<Grid<f32>, TerrainError> {
    check_size(dem.shape())?;
    same_lattice("water", dem, is_water)?;
    if !(0.0..=100.0).contains(&below_shore_m) {
        let (value, expected) = (f64::from(below_shore_m), "0 to 100");
        return Err(TerrainError::Setting { what: "below_shore_m", value, expected });
    }
    let shape = Shape::new(dem.shape());
    let mut heights = dem.values().to_vec();
    let open =
        |heights: &[f32], cell: usize| heights[cell].is_nan() && is_water.values()[cell] != 0;
    let mut edge: Vec<u32> = (0..heights.len())
        .filter(|cell| open(&heights, *cell))
        .filter(|cell| shape.neighbours(*cell).any(|(_, next)| !heights[next].is_nan()))
        .map(narrow)
        .collect();
    let mut drop_m = below_shore_m;
    while !edge.is_empty() {
        // Heights of one ring come from those of the ring before, in any order.
        let ring: Vec<f32> = edge
            .iter()
            .map(|cell| {
                let shores = shape.neighbours(*cell as usize).map(|(_, next)| heights[next]);
                shores.fold(f32::NAN, f32::min) - drop_m
            })
            .collect();
        for (cell, height) in edge.iter().zip(ring) {
            heights[*cell as usize] = height;
        }
        drop_m = 0.0;
        let beyond = edge.iter().flat_map(|cell| shape.neighbours(*cell as usize));
        let mut next: Vec<u32> =
            beyond.map(|(_, cell)| cell).filter(|cell| open(&heights, *cell)).map(narrow).collect();
        next.sort_unstable();
        next.dedup();
        edge = next;
    }
    same_place(dem, heights)
}
