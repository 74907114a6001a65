//! The Hilbert curve through the tiles of a zoom, and the numbers of tiles in `PMTiles`.

use crate::mercator::{TileId, ZOOM_MAX};

/// Number of a tile in `PMTiles` order: all tiles of lower zooms first, then along the Hilbert
/// curve of its zoom.
///
/// Source: `PMTiles` specification, version 3, chapter 4.1.1 (directory entries).
///
/// ```
/// use jomo_core::mercator::TileId;
/// let tile = TileId::new(1, 0, 1).unwrap();
/// assert_eq!(jomo_core::hilbert::tile_number(tile), 2);
/// ```
#[must_use]
pub fn tile_number(tile: TileId) -> u64 {
    first_of_zoom(tile.z()) + curve_position(tile.z(), [tile.x(), tile.y()])
}

/// Number of the first tile of a zoom: `(4^z - 1) / 3` tiles lie in the zooms below. For zooms
/// up to 25, one beyond the last.
fn first_of_zoom(z: u8) -> u64 {
    ((1_u64 << (2 * u32::from(z))) - 1) / 3
}

/// The tile with that number; `None` beyond zoom 24.
#[must_use]
pub fn tile_at(number: u64) -> Option<TileId> {
    let z = (0..=ZOOM_MAX).find(|z| number < first_of_zoom(z + 1))?;
    let mut rest = number - first_of_zoom(z);
    let [mut x, mut y] = [0_u32, 0];
    for level in 0..z {
        let side = 1_u32 << level;
        let (right, lower) = match rest & 3 {
            0 => (false, false),
            1 => (false, true),
            2 => (true, true),
            _ => (true, false),
        };
        if !lower {
            (x, y) = (y, x);
            if right {
                (x, y) = (side - 1 - x, side - 1 - y);
            }
        }
        x += if right { side } else { 0 };
        y += if lower { side } else { 0 };
        rest >>= 2;
    }
    TileId::new(z, x, y)
}

/// Position of a tile along the Hilbert curve of its zoom. The four children of the tile at
/// position `n` are at `4n..4n + 4` of the next zoom, so a subtree is one run of tiles.
/// Coordinates at or beyond `2^z` are taken modulo `2^z`.
#[must_use]
pub fn curve_position(z: u8, [mut x, mut y]: [u32; 2]) -> u64 {
    let mut position = 0;
    for level in (0..z).rev() {
        let side = 1_u32 << level;
        let (right, lower) = (x & side != 0, y & side != 0);
        let quarter: u64 = match (right, lower) {
            (false, false) => 0,
            (false, true) => 1,
            (true, true) => 2,
            (true, false) => 3,
        };
        position = position << 2 | quarter;
        (x, y) = (x & (side - 1), y & (side - 1));
        if !lower {
            if right {
                (x, y) = (side - 1 - x, side - 1 - y);
            }
            (x, y) = (y, x);
        }
    }
    position
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn there_and_back(number in 0..first_of_zoom(25)) {
            prop_assert_eq!(tile_at(number).map(tile_number), Some(number));
        }

        #[test]
        fn numbers_beyond_zoom_24_have_no_tile(number in first_of_zoom(25)..=u64::MAX) {
            prop_assert_eq!(tile_at(number), None);
        }
    }

    /// The values of the specification's table.
    #[test]
    fn numbers_are_those_of_the_specification() {
        for (z, x, y, number) in
            [(0, 0, 0, 0), (1, 0, 0, 1), (1, 0, 1, 2), (1, 1, 1, 3), (1, 1, 0, 4), (2, 0, 0, 5)]
        {
            assert_eq!(tile_number(TileId::new(z, x, y).unwrap()), number, "{z}/{x}/{y}");
        }
        // The last row of the table: 12/3423/1763.
        assert_eq!(tile_number(TileId::new(12, 3423, 1763).unwrap()), 19_078_479);
        assert_eq!(
            tile_number(TileId::new(24, (1 << 24) - 1, 0).unwrap()),
            (4_u64.pow(25) - 1) / 3 - 1
        );
    }

    /// The curve visits every tile once, and each step goes to a neighbour.
    #[test]
    fn the_curve_is_a_walk_through_all_tiles() {
        for z in 1..=6_u8 {
            let side = 1_u32 << z;
            let along: BTreeMap<u64, [u32; 2]> = (0..side * side)
                .map(|index| [index % side, index / side])
                .map(|tile| (curve_position(z, tile), tile))
                .collect();
            assert_eq!(along.len(), (side * side) as usize);
            let tiles: Vec<[u32; 2]> = along.into_values().collect();
            for pair in tiles.windows(2) {
                assert_eq!(pair[0][0].abs_diff(pair[1][0]) + pair[0][1].abs_diff(pair[1][1]), 1);
            }
            for tile in tiles {
                let parent = curve_position(z - 1, [tile[0] / 2, tile[1] / 2]);
                assert_eq!(curve_position(z, tile) / 4, parent);
            }
        }
    }
}
