//! Positions that know which frame they are in, so that a mix does not compile.

use crate::projection::Zone;

/// A coordinate frame.
pub trait Frame: Copy + PartialEq {}

/// Longitude and latitude in degrees, JGD2011 (EPSG:6668). Also used for WGS 84 and CRS84: the
/// shift between them is taken as null, which is within about a metre in Japan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LonLat;

/// Web Mercator (EPSG:3857), for tiles only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebMercator;

/// A metric plane: one zone of the plane rectangular system or of UTM. The EPSG axis order is
/// northing first; positions here are always `[easting, northing]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planar(pub Zone);

impl Frame for LonLat {}
impl Frame for WebMercator {}
impl Frame for Planar {}

/// A position `[x, y]` in frame `F`: `[longitude, latitude]` or `[easting, northing]`.
///
/// Distances exist in a planar frame only; Web Mercator metres are not metres:
/// ```compile_fail
/// use jomo_core::frame::Position;
/// let a = Position::web_mercator([0.0, 0.0]);
/// a.distance_m(a); // no such method
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position<F: Frame> {
    /// The two coordinates in the units of the frame.
    pub xy: [f64; 2],
    frame: F,
}

impl Position<LonLat> {
    /// Wraps `[longitude, latitude]` in degrees.
    #[must_use]
    pub fn lon_lat(xy: [f64; 2]) -> Self {
        Self { xy, frame: LonLat }
    }
}

impl Position<WebMercator> {
    /// Wraps Web Mercator coordinates.
    #[must_use]
    pub fn web_mercator(xy: [f64; 2]) -> Self {
        Self { xy, frame: WebMercator }
    }
}

impl Position<Planar> {
    /// Wraps `[easting, northing]` in metres of `zone`.
    #[must_use]
    pub fn planar(zone: Zone, xy: [f64; 2]) -> Self {
        Self { xy, frame: Planar(zone) }
    }

    /// The zone of this position.
    #[must_use]
    pub fn zone(self) -> Zone {
        self.frame.0
    }

    /// Distance in the plane, in metres; `None` between two zones.
    #[must_use]
    pub fn distance_m(self, other: Self) -> Option<f64> {
        let [dx, dy] = [self.xy[0] - other.xy[0], self.xy[1] - other.xy[1]];
        (self.frame == other.frame).then(|| dx.hypot(dy))
    }
}
