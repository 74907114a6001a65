//! Heights on which water runs off everywhere.

use jomo_core::grid::Grid;
use rayon::prelude::*;

use crate::breach::{Breach, MOST_REACH, breach};
use crate::cells::{MOST_CELLS, Shape};
use crate::error::TerrainError;
use crate::fill::fill;

/// How depressions are removed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditioning {
    /// Channels are cut up to these limits before the rest is filled; `None` only fills.
    pub breach: Option<Breach>,
    /// Edge of the patches that are flooded at the same time, in cells. It changes no bit.
    pub patch_cells: usize,
}

impl Default for Conditioning {
    /// Cuts of at most 10 m in depth and 30 cells in reach: road embankments of a model of 5 to
    /// 10 m. Patches of 512 cells take 3 MiB, the second-level cache of today's cores.
    fn default() -> Self {
        Self { breach: Some(Breach { depth_m: 10.0, reach_cells: 30 }), patch_cells: 512 }
    }
}

/// Heights without depressions, and what was changed to get there.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditioned {
    heights: Grid<f32>,
    /// Cells that were lowered.
    pub lowered: usize,
    /// Cells that were raised.
    pub raised: usize,
    /// The greatest lowering in m.
    pub deepest_cut_m: f32,
    /// The greatest raising in m.
    pub deepest_fill_m: f32,
}

impl Conditioned {
    /// The heights in m: from every cell a way that never rises leads to the rim.
    #[must_use]
    pub fn heights(&self) -> &Grid<f32> {
        &self.heights
    }
}

/// Removes every depression: channels are cut where the limits allow it, the rest is filled.
///
/// `NaN` is outside; water leaves at the edge of the raster and beside any cell without height.
/// What runs off already is not raised. The result is the same for any patch and thread count.
///
/// # Errors
/// A raster without heights, with infinite ones or of more than 2^32 - 1 cells; a setting outside
/// its range.
pub fn condition(
    dem: &Grid<f32>,
    conditioning: &Conditioning,
) -> Result<Conditioned, TerrainError> {
    check(dem)?;
    check_settings(conditioning)?;
    let shape = Shape::new(dem.shape());
    let edge = conditioning.patch_cells;
    let filled = match conditioning.breach {
        None => fill(dem.values(), shape, edge),
        Some(limits) => {
            let mut cut = dem.values().to_vec();
            breach(&mut cut, shape, limits);
            fill(&cut, shape, edge)
        }
    };
    let changes = (dem.values(), filled.as_slice())
        .into_par_iter()
        .map(|(before, after)| Change::of(*before, *after))
        .reduce(Change::default, Change::merge);
    let heights = same_place(dem, filled)?;
    Ok(Conditioned {
        heights,
        lowered: changes.lowered,
        raised: changes.raised,
        deepest_cut_m: changes.cut_m,
        deepest_fill_m: changes.fill_m,
    })
}

#[derive(Clone, Copy, Default)]
struct Change {
    lowered: usize,
    raised: usize,
    cut_m: f32,
    fill_m: f32,
}

impl Change {
    fn of(before: f32, after: f32) -> Self {
        let rise = after - before;
        Self {
            lowered: usize::from(rise < 0.0),
            raised: usize::from(0.0 < rise),
            cut_m: (-rise).max(0.0),
            fill_m: rise.max(0.0),
        }
    }

    fn merge(self, other: Self) -> Self {
        Self {
            lowered: self.lowered + other.lowered,
            raised: self.raised + other.raised,
            cut_m: self.cut_m.max(other.cut_m),
            fill_m: self.fill_m.max(other.fill_m),
        }
    }
}

/// A raster of new values in the place of another.
pub(crate) fn same_place<A: Copy, B: Copy>(
    place: &Grid<A>,
    values: Vec<B>,
) -> Result<Grid<B>, TerrainError> {
    let found = [1, values.len()];
    Grid::new(place.shape(), place.placement(), values).map_err(|_unequal| TerrainError::Mismatch {
        what: "values",
        expected: place.shape(),
        found,
    })
}

/// Refuses more cells than 32 bits can name.
pub(crate) fn check_size(shape: [usize; 2]) -> Result<(), TerrainError> {
    match shape[0].checked_mul(shape[1]) {
        Some(cells) if cells <= MOST_CELLS => Ok(()),
        _ => Err(TerrainError::TooLarge { shape, most: MOST_CELLS }),
    }
}

fn check(dem: &Grid<f32>) -> Result<(), TerrainError> {
    let shape = dem.shape();
    check_size(shape)?;
    if let Some(cell) = dem.values().par_iter().position_first(|height| height.is_infinite()) {
        let place = Shape::new(shape).place(cell);
        return Err(TerrainError::Height { cell: place, height_m: dem.values()[cell] });
    }
    if dem.values().par_iter().all(|height| height.is_nan()) {
        return Err(TerrainError::NoHeights { shape });
    }
    Ok(())
}

pub(crate) fn check_settings(conditioning: &Conditioning) -> Result<(), TerrainError> {
    let patch = conditioning.patch_cells;
    if !(2..=1 << 15).contains(&patch) {
        let expected = "2 to 32768";
        return Err(TerrainError::Setting { what: "patch_cells", value: patch as f64, expected });
    }
    let Some(Breach { depth_m, reach_cells }) = conditioning.breach else { return Ok(()) };
    if !(0.0..=1_000.0).contains(&depth_m) {
        let (value, expected) = (f64::from(depth_m), "0 to 1000");
        return Err(TerrainError::Setting { what: "depth_m", value, expected });
    }
    if !(1..=MOST_REACH).contains(&reach_cells) {
        let (value, expected) = (reach_cells as f64, "1 to 255");
        return Err(TerrainError::Setting { what: "reach_cells", value, expected });
    }
    Ok(())
}
