//! The numbers of tiles: zoom by zoom, within a zoom along a Hilbert curve.

use jomo_core::mercator::{TileId, ZOOM_MAX};

/// Number of tiles in the zooms below `z`: `(4^z - 1) / 3`.
fn first_of_zoom(z: u8) -> u64 {
    ((1_u64 << (2 * u32::from(z))) - 1) / 3
}

/// The number of a tile in `PMTiles`: 0 is tile 0/0/0.
///
/// ```
/// use jomo_core::mercator::TileId;
/// use jomo_format::pmtiles::tile_number;
/// // The table in the specification: 1/0/0, 1/0/1, 1/1/1, 1/1/0 are 1, 2, 3, 4.
/// assert_eq!(TileId::new(1, 1, 0).map(tile_number), Some(4));
/// assert_eq!(TileId::new(12, 3423, 1763).map(tile_number), Some(19_078_479));
/// ```
#[must_use]
pub fn tile_number(tile: TileId) -> u64 {
    let [mut x, mut y] = [u64::from(tile.x()), u64::from(tile.y())];
    let mut number = first_of_zoom(tile.z());
    for level in (0..tile.z()).rev() {
        let half = 1_u64 << level;
        let (right, below) = (x >> level & 1, y >> level & 1);
        number += ((3 * right) ^ below) << (2 * u32::from(level));
        [x, y] = turned([x & (half - 1), y & (half - 1)], half, right, below);
    }
    number
}

/// The tile with that number; `None` beyond zoom 24.
#[must_use]
pub fn tile_at(number: u64) -> Option<TileId> {
    let z = (0..=ZOOM_MAX).find(|z| number < first_of_zoom(z + 1))?;
    let mut rest = number - first_of_zoom(z);
    let [mut x, mut y] = [0, 0];
    for level in 0..z {
        let half = 1_u64 << level;
        let right = rest >> 1 & 1;
        let below = (rest ^ right) & 1;
        [x, y] = turned([x, y], half, right, below);
        x += half * right;
        y += half * below;
        rest >>= 2;
    }
    TileId::new(z, u32::try_from(x).ok()?, u32::try_from(y).ok()?)
}

/// Turns a quarter of the curve, `half` wide, into the position of the quarter `right`, `below`.
fn turned([x, y]: [u64; 2], half: u64, right: u64, below: u64) -> [u64; 2] {
    match (right, below) {
        (_, 1) => [x, y],
        (0, _) => [y, x],
        _ => [half - 1 - y, half - 1 - x],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_equal_those_of_the_peer() {
        let mut expected = 0;
        for z in 0..=6 {
            for y in 0..1 << z {
                for x in 0..1 << z {
                    let number = tile_number(TileId::new(z, x, y).unwrap());
                    let peer = pmtiles::TileId::from(pmtiles::TileCoord::new(z, x, y).unwrap());
                    assert_eq!(number, peer.value(), "{z}/{x}/{y}");
                    expected += 1;
                }
            }
        }
        assert!((0..expected).all(|number| tile_at(number).map(tile_number) == Some(number)));
        assert_eq!(tile_at(first_of_zoom(25)), None);
        assert_eq!(tile_at(u64::MAX), None);
    }

    proptest! {
        #[test]
        fn there_and_back(number in 0..first_of_zoom(25)) {
            let tile = tile_at(number).unwrap();
            prop_assert_eq!(tile_number(tile), number);
            let peer = pmtiles::TileCoord::from(pmtiles::TileId::new(number).unwrap());
            prop_assert_eq!((peer.z(), peer.x(), peer.y()), (tile.z(), tile.x(), tile.y()));
        }

        /// Neighbours on the curve share an edge: the reason for clustering.
        #[test]
        fn the_curve_has_no_jumps(z in 1_u8..=24, part in 0.0..1.0_f64) {
            let count = first_of_zoom(z + 1) - first_of_zoom(z) - 1;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a test")]
            let number = first_of_zoom(z) + (part * count as f64) as u64;
            let [here, next] = [number, number + 1].map(|number| tile_at(number).unwrap());
            prop_assert_eq!(here.x().abs_diff(next.x()) + here.y().abs_diff(next.y()), 1);
        }
    }
}
