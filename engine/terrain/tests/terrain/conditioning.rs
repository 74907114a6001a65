//! Laws of conditioned heights.

use jomo_core::grid::Grid;
use jomo_terrain::{Breach, Conditioning, TerrainError, condition};
use proptest::prelude::*;

use crate::sample::{bits, fill_only, grid, on_threads, rough};

/// Neighbours of a cell; `None` for each that lies beyond the edge.
fn around(shape: [usize; 2], cell: usize) -> impl Iterator<Item = Option<usize>> {
    let [row, column] = [cell / shape[1], cell % shape[1]].map(usize::cast_signed);
    (-1..2_isize)
        .flat_map(|rows| (-1..2_isize).map(move |columns| (rows, columns)))
        .filter(|step| *step != (0, 0))
        .map(move |(rows, columns)| {
            let row = usize::try_from(row + rows).ok().filter(|row| *row < shape[0])?;
            let column = usize::try_from(column + columns).ok().filter(|c| *c < shape[1])?;
            Some(row * shape[1] + column)
        })
}

pub(crate) fn is_rim(dem: &Grid<f32>, cell: usize) -> bool {
    around(dem.shape(), cell).any(|other| other.is_none_or(|cell| dem.values()[cell].is_nan()))
}

/// Levels by their definition: lowered from above until nothing changes.
fn levels(dem: &Grid<f32>) -> Vec<f32> {
    let heights = dem.values();
    let mut levels: Vec<f32> = (0..heights.len())
        .map(|cell| {
            let known = heights[cell].is_nan() || is_rim(dem, cell);
            if known { heights[cell] } else { f32::INFINITY }
        })
        .collect();
    loop {
        let mut changed = false;
        for cell in 0..heights.len() {
            if heights[cell].is_nan() || is_rim(dem, cell) {
                continue;
            }
            let over = around(dem.shape(), cell).flatten().map(|other| levels[other]);
            let level = over.fold(f32::INFINITY, f32::min).max(heights[cell]);
            changed |= level < levels[cell];
            levels[cell] = level;
        }
        if !changed {
            return levels;
        }
    }
}

/// Whether a way that never rises leads from every cell to the rim.
fn drains(heights: &Grid<f32>) -> bool {
    let reached = levels(heights);
    reached.iter().zip(heights.values()).all(|(level, height)| level.to_bits() == height.to_bits())
}

proptest! {
    /// Filled heights are the levels of the definition, in patches of any size, on any threads.
    #[test]
    fn filling_gives_the_lowest_levels(dem in rough(), patch in 2_usize..30) {
        let expected: Vec<u32> = levels(&dem).iter().map(|level| level.to_bits()).collect();
        let whole = condition(&dem, &fill_only(64)).unwrap();
        prop_assert_eq!(&bits(whole.heights()), &expected);
        let parts = on_threads(3, || condition(&dem, &fill_only(patch)).unwrap());
        prop_assert_eq!(&bits(parts.heights()), &expected);
        prop_assert_eq!(whole.lowered, 0);
    }

    /// With cuts, too, everything drains; no cell is lowered beyond the limits, none is raised
    /// above what filling alone would give, and nothing turns into data or out of it.
    #[test]
    fn cuts_keep_their_limits(
        dem in rough(), depth_m in 0.0..12.0_f32, reach_cells in 1_usize..8, patch in 2_usize..30,
    ) {
        let limits = Breach { depth_m, reach_cells };
        let conditioning = Conditioning { breach: Some(limits), patch_cells: patch };
        let made = on_threads(1, || condition(&dem, &conditioning).unwrap());
        prop_assert!(drains(made.heights()));
        let filled = levels(&dem);
        for (cell, (after, before)) in made.heights().values().iter().zip(dem.values()).enumerate() {
            prop_assert_eq!(after.is_nan(), before.is_nan());
            prop_assert!(before.is_nan() || *after <= filled[cell]);
            prop_assert!(before.is_nan() || before - after <= depth_m + 1e-5);
        }
        let again = on_threads(3, || {
            condition(&dem, &Conditioning { patch_cells: 64, ..conditioning }).unwrap()
        });
        prop_assert_eq!(bits(made.heights()), bits(again.heights()));
    }

    /// What runs off is left as it is, cuts or not.
    #[test]
    fn conditioning_twice_changes_nothing(dem in rough()) {
        let first = condition(&dem, &Conditioning::default()).unwrap();
        let second = condition(first.heights(), &Conditioning::default()).unwrap();
        prop_assert_eq!((second.lowered, second.raised), (0, 0));
        prop_assert_eq!(bits(first.heights()), bits(second.heights()));
    }

    /// Filling knows no direction: mirrored and transposed heights give mirrored levels.
    #[test]
    fn filling_knows_no_direction(dem in rough()) {
        let [rows, columns] = dem.shape();
        let filled = condition(&dem, &fill_only(7)).unwrap();
        let mirror = |of: &Grid<f32>| {
            grid([rows, columns], |r, c| of.at(r, columns - 1 - c).unwrap())
        };
        let transpose = |of: &Grid<f32>| grid([columns, rows], |r, c| of.at(c, r).unwrap());
        let other = condition(&mirror(&dem), &fill_only(7)).unwrap();
        prop_assert_eq!(bits(other.heights()), bits(&mirror(filled.heights())));
        let other = condition(&transpose(&dem), &fill_only(7)).unwrap();
        prop_assert_eq!(bits(other.heights()), bits(&transpose(filled.heights())));
    }
}

#[test]
fn unsound_heights_and_settings_are_refused() {
    let refused = |dem: &Grid<f32>, conditioning: Conditioning| {
        condition(dem, &conditioning).unwrap_err().to_string()
    };
    let flat = grid([2, 3], |_, _| 1.0);
    let usual = Conditioning::default();
    let infinite = grid([2, 3], |r, c| if (r, c) == (1, 2) { f32::INFINITY } else { 0.0 });
    let breach = |depth_m, reach_cells| Conditioning {
        breach: Some(Breach { depth_m, reach_cells }),
        ..usual
    };
    let told = [
        refused(&grid([2, 3], |_, _| f32::NAN), usual),
        refused(&grid([0, 3], |_, _| 1.0), usual),
        refused(&infinite, usual),
        refused(&flat, Conditioning { patch_cells: 1, ..usual }),
        refused(&flat, breach(f32::NAN, 3)),
        refused(&flat, breach(1.0, 256)),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    none of the 2 x 3 cells has a height
    none of the 0 x 3 cells has a height
    height of inf m at row 1, column 2
    patch_cells = 1: expected 2 to 32768
    depth_m = NaN: expected 0 to 1000
    reach_cells = 256: expected 1 to 255
    ");
    let error = condition(&infinite, &usual).unwrap_err();
    assert_eq!(error, TerrainError::Height { cell: [1, 2], height_m: f32::INFINITY });
}
