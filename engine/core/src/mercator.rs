//! Web Mercator (EPSG:3857) and its tile scheme. For tiles only: its metres are no metres.

use std::f64::consts::PI;

use crate::frame::{LonLat, Position, WebMercator};

/// Half the width of the world in Web Mercator, in its units: `PI * 6378137`.
pub const HALF_WORLD: f64 = PI * 6_378_137.0;

/// Highest latitude of the square world, in degrees.
pub const LATITUDE_MAX_DEG: f64 = 85.051_128_779_806_59;

/// Highest zoom that any part of Jomo accepts.
pub const ZOOM_MAX: u8 = 24;

/// Projects lon/lat to Web Mercator. Latitudes beyond the square world are moved to its edge.
#[must_use]
pub fn forward(position: Position<LonLat>) -> Position<WebMercator> {
    let [x, y] = to_unit(position.xy);
    Position::web_mercator([(2.0 * x - 1.0) * HALF_WORLD, (1.0 - 2.0 * y) * HALF_WORLD])
}

/// The inverse of [`forward`].
#[must_use]
pub fn inverse(position: Position<WebMercator>) -> Position<LonLat> {
    let [x, y] = position.xy;
    let world = 2.0 * HALF_WORLD;
    Position::lon_lat(from_unit([0.5 + x / world, 0.5 - y / world]))
}

/// Lon/lat in degrees to the unit square of the tile scheme: `[0, 0]` is the north-west corner
/// of tile 0/0/0, `[1, 1]` the south-east one.
#[must_use]
pub fn to_unit([lon_deg, lat_deg]: [f64; 2]) -> [f64; 2] {
    let latitude = lat_deg.clamp(-LATITUDE_MAX_DEG, LATITUDE_MAX_DEG).to_radians();
    [lon_deg / 360.0 + 0.5, 0.5 - latitude.tan().asinh() / (2.0 * PI)]
}

/// The inverse of [`to_unit`].
#[must_use]
pub fn from_unit([x, y]: [f64; 2]) -> [f64; 2] {
    [(x - 0.5) * 360.0, ((0.5 - y) * 2.0 * PI).sinh().atan().to_degrees()]
}

/// A tile of the scheme `z/x/y`, always within `x, y < 2^z` and `z <= 24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    z: u8,
    x: u32,
    y: u32,
}

impl TileId {
    /// Accepts tiles of the scheme only.
    #[must_use]
    pub fn new(z: u8, x: u32, y: u32) -> Option<Self> {
        (z <= ZOOM_MAX && x >> z == 0 && y >> z == 0).then_some(Self { z, x, y })
    }

    /// Zoom.
    #[must_use]
    pub fn z(self) -> u8 {
        self.z
    }

    /// Column from the west.
    #[must_use]
    pub fn x(self) -> u32 {
        self.x
    }

    /// Row from the north.
    #[must_use]
    pub fn y(self) -> u32 {
        self.y
    }

    /// The tile at zoom `z` that holds a position in degrees.
    #[must_use]
    pub fn at(lonlat_deg: [f64; 2], z: u8) -> Option<Self> {
        if z > ZOOM_MAX {
            return None;
        }
        let [x, y] = to_unit(lonlat_deg);
        let n = f64::from(1_u32 << z);
        let index = |unit: f64| {
            let cell = (unit * n).floor().clamp(0.0, n - 1.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped to 0..2^24 above"
            )]
            let cell = cell as u32;
            cell
        };
        (x.is_finite() && y.is_finite()).then(|| Self { z, x: index(x), y: index(y) })
    }

    /// West, south, east, north in degrees.
    #[must_use]
    pub fn bounds_deg(self) -> [f64; 4] {
        let n = f64::from(1_u32 << self.z);
        let corner = |x: u32, y: u32| from_unit([f64::from(x) / n, f64::from(y) / n]);
        let [west, north] = corner(self.x, self.y);
        let [east, south] = corner(self.x + 1, self.y + 1);
        [west, south, east, north]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn there_and_back(lon in -180.0..180.0_f64, lat in -85.0..85.0_f64) {
            let back = inverse(forward(Position::lon_lat([lon, lat]))).xy;
            prop_assert!((back[0] - lon).abs() < 1e-12 * 180.0 && (back[1] - lat).abs() < 1e-11);
        }

        /// A position lies within the bounds of its own tile.
        #[test]
        fn a_tile_holds_its_positions(lon in -179.9..179.9_f64, lat in -84.9..84.9_f64, z in 0_u8..=20) {
            let [west, south, east, north] = TileId::at([lon, lat], z).unwrap().bounds_deg();
            prop_assert!(west <= lon && lon <= east && south - 1e-9 <= lat && lat <= north + 1e-9);
        }
    }

    #[test]
    fn only_tiles_of_the_scheme_exist() {
        assert!(TileId::new(0, 0, 0).is_some());
        for (z, x, y) in [(0, 1, 0), (3, 8, 0), (3, 0, 8), (25, 0, 0), (24, u32::MAX, 0)] {
            assert_eq!(TileId::new(z, x, y), None);
        }
    }

    /// Maebashi's tile, by the formula of the slippy map: 14/14520/6411.
    #[test]
    fn maebashi_has_its_tile() {
        let tile = TileId::at([139.0608, 36.3911], 14).unwrap();
        assert_eq!((tile.x(), tile.y()), (14_520, 6_411));
    }
}
