//! Laws of directions and of drained cells.

use jomo_core::grid::Grid;
use jomo_terrain::flow::{OUTLET, OUTSIDE};
use jomo_terrain::{Conditioning, Flow, accumulation, condition};
use proptest::prelude::*;

use crate::sample::{fill_only, grid, noise, on_threads, rough};

fn made(dem: &Grid<f32>, conditioning: &Conditioning) -> (Grid<f32>, Flow, Grid<u32>) {
    let conditioned = condition(dem, conditioning).unwrap();
    let flow = Flow::new(&conditioned).unwrap();
    let upstream = accumulation(&flow).unwrap();
    (conditioned.heights().clone(), flow, upstream)
}

proptest! {
    /// From every cell the water goes down or level, passes more and more cells, and ends at an
    /// outlet on the rim; all outlets together drain all cells.
    #[test]
    fn all_water_leaves(dem in rough(), cut in any::<bool>()) {
        let conditioning = if cut { Conditioning::default() } else { fill_only(8) };
        let (heights, flow, upstream) = on_threads(3, || made(&dem, &conditioning));
        let (codes, sums) = (flow.codes().values(), upstream.values());
        let mut drained = 0_u64;
        for cell in 0..codes.len() {
            prop_assert_eq!(codes[cell] == OUTSIDE, dem.values()[cell].is_nan());
            prop_assert_eq!(sums[cell] == 0, codes[cell] == OUTSIDE);
            match flow.receiver(cell) {
                Some(next) => {
                    prop_assert!(heights.values()[next] <= heights.values()[cell]);
                    prop_assert!(sums[cell] < sums[next]);
                }
                None if codes[cell] == OUTLET => {
                    prop_assert!(crate::conditioning::is_rim(&dem, cell));
                    drained += u64::from(sums[cell]);
                }
                None => prop_assert_eq!(codes[cell], OUTSIDE),
            }
        }
        let cells = dem.values().iter().filter(|height| !height.is_nan()).count();
        prop_assert_eq!(drained, cells as u64);
    }

    /// Each cell drains itself and what its donors drain.
    #[test]
    fn sums_are_those_of_the_donors(dem in rough()) {
        let (_, flow, upstream) = made(&dem, &Conditioning::default());
        let mut sums: Vec<u32> =
            flow.codes().values().iter().map(|code| u32::from(*code != OUTSIDE)).collect();
        for cell in 0..sums.len() {
            if let Some(next) = flow.receiver(cell) {
                sums[next] += upstream.values()[cell];
            }
        }
        prop_assert_eq!(sums.as_slice(), upstream.values());
    }

    /// Threads and patches change no code.
    #[test]
    fn threads_and_patches_change_nothing(dem in rough(), patch in 2_usize..20) {
        let one = on_threads(1, || made(&dem, &fill_only(64)));
        let three = on_threads(3, || made(&dem, &fill_only(patch)));
        prop_assert_eq!(one.1, three.1);
        prop_assert_eq!(one.2, three.2);
    }

    /// On ground without ties, directions turn with the ground.
    #[test]
    fn directions_turn_with_the_ground(seed in any::<u64>(), rows in 2_usize..20, columns in 2_usize..20) {
        let slope = |r: usize, c: usize| (r * 31 + c * 37) as f32 + 25.0 * noise(seed, r, c);
        let (_, _, upstream) = made(&grid([rows, columns], slope), &fill_only(64));
        let mirrored = grid([rows, columns], |r, c| slope(r, columns - 1 - c));
        let transposed = grid([columns, rows], |r, c| slope(c, r));
        let (_, _, other) = made(&mirrored, &fill_only(64));
        let (_, _, third) = made(&transposed, &fill_only(64));
        for row in 0..rows {
            for column in 0..columns {
                let here = upstream.at(row, column);
                prop_assert_eq!(here, other.at(row, columns - 1 - column));
                prop_assert_eq!(here, third.at(column, row));
            }
        }
    }
}

/// The codes of a small raster, by hand: the pit in the middle is filled to 3 and runs off to the
/// south, where the rim is lowest.
#[test]
fn directions_are_those_found_by_hand() {
    let heights =
        [[9.0, 9.0, 9.0, 9.0], [9.0, 1.0, 2.0, 9.0], [9.0, 3.0, 4.0, 9.0], [9.0, 0.0, 9.0, 9.0]];
    let dem = grid([4, 4], |row, column| heights[row][column]);
    let (filled, flow, upstream) = made(&dem, &fill_only(64));
    assert_eq!((filled.at(1, 1), filled.at(1, 2)), (Some(3.0), Some(3.0)));
    let codes = flow.codes().values();
    // East 1, south-east 2, south 3, south-west 4, west 5, north-west 6, north 7.
    assert_eq!(codes, [2, 3, 3, 4, 1, 3, 4, 5, 2, 3, 4, 5, 1, 9, 5, 6]);
    assert_eq!(upstream.at(3, 1), Some(16));
}
