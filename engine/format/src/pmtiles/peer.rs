//! Numbers of tiles beside those of another implementation.

use jomo_core::hilbert::{tile_at, tile_number};
use jomo_core::mercator::TileId;
use proptest::prelude::*;

#[test]
fn numbers_equal_those_of_the_peer() {
    for z in 0..=6 {
        for y in 0..1 << z {
            for x in 0..1 << z {
                let number = tile_number(TileId::new(z, x, y).unwrap());
                let peer = pmtiles::TileId::from(pmtiles::TileCoord::new(z, x, y).unwrap());
                assert_eq!(number, peer.value(), "{z}/{x}/{y}");
            }
        }
    }
}

proptest! {
    #[test]
    fn tiles_equal_those_of_the_peer(number in 0..(4_u64.pow(25) - 1) / 3) {
        let tile = tile_at(number).unwrap();
        let peer = pmtiles::TileCoord::from(pmtiles::TileId::new(number).unwrap());
        prop_assert_eq!((peer.z(), peer.x(), peer.y()), (tile.z(), tile.x(), tile.y()));
    }
}
