//! Waters without heights.

use jomo_core::grid::Grid;
use jomo_terrain::{Conditioning, with_waters};
use proptest::prelude::*;

use crate::sample::{Made, bits, grid, noise, rough};

fn mask(dem: &Grid<f32>, is_water: impl Fn(usize, usize) -> bool) -> Grid<u8> {
    let [rows, columns] = dem.shape();
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    let values = cells.map(|(row, column)| u8::from(is_water(row, column))).collect();
    Grid::new(dem.shape(), dem.placement(), values).unwrap()
}

/// A river of three columns without heights, in a valley that falls to the south: it is one
/// stream, and its brooks reach it.
#[test]
fn a_river_without_heights_is_a_stream_again() {
    let dem = grid([30, 21], |row, column| {
        let aside = column.abs_diff(10);
        if aside < 2 { f32::NAN } else { 80.0 - 0.5 * row as f32 + 3.0 * aside as f32 }
    });
    let holes = Made::new(&dem, &Conditioning::default(), 100);
    let apart: Vec<u32> = holes.network.reaches().iter().map(|r| r.upstream_cells).collect();
    assert_eq!(apart.len(), 2, "a brook along each shore: {apart:?}");
    let river = mask(&dem, |_, column| column.abs_diff(10) < 2);
    let closed = with_waters(&dem, &river, 1.0).unwrap();
    // The shore stands at 86 m in the north; the nearest of the first row also touches the second.
    assert_eq!(closed.at(0, 9), Some(80.0 + 6.0 - 0.5 - 1.0));
    assert_eq!(closed.at(0, 10), Some(80.0 + 6.0 - 1.0 - 1.0));
    let made = Made::new(&closed, &Conditioning::default(), 100);
    // Both slopes drain into the middle of the river.
    let [east, west] = [18, 2].map(|column| made.catchments.at(5, column).unwrap());
    let basin = |label: u32| made.network.reaches()[label as usize - 1].basin;
    assert_eq!(basin(east), basin(west));
    let last = &made.network.reaches()[basin(east) as usize];
    assert!(500 < last.upstream_cells, "{}", last.upstream_cells);
}

proptest! {
    /// Heights that are there stay; waters get the height of some shore, less the drop; nothing
    /// else turns into data.
    #[test]
    fn only_waters_get_heights(dem in rough(), seed in any::<u64>(), drop_m in 0.0..5.0_f32) {
        let water = mask(&dem, |row, column| noise(seed, row, column) < 0.6);
        let closed = with_waters(&dem, &water, drop_m).unwrap();
        for cell in 0..dem.values().len() {
            let (before, after) = (dem.values()[cell], closed.values()[cell]);
            if !before.is_nan() {
                prop_assert_eq!(before.to_bits(), after.to_bits());
            } else if water.values()[cell] == 0 {
                prop_assert!(after.is_nan());
            } else if !after.is_nan() {
                let shore = |height: &f32| (height - drop_m).to_bits() == after.to_bits();
                prop_assert!(dem.values().iter().any(shore));
            }
        }
        let again = with_waters(&closed, &water, drop_m).unwrap();
        prop_assert_eq!(bits(&again), bits(&closed));
    }
}

#[test]
fn unsound_waters_are_refused() {
    let dem = grid([3, 3], |_, _| 1.0);
    let other = mask(&grid([3, 4], |_, _| 1.0), |_, _| true);
    let told = [
        with_waters(&dem, &other, 1.0).unwrap_err().to_string(),
        with_waters(&dem, &mask(&dem, |_, _| true), f32::NAN).unwrap_err().to_string(),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    water: 3 x 4 values, 3 x 3 in the same place expected
    below_shore_m = NaN: expected 0 to 100
    ");
}
