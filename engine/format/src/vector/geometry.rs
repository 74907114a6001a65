//! Geometry as files give it, checked before it is kept.

use geo_types::{Coord, Geometry, LineString, Polygon};

/// What is wrong with the geometry of one feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GeometryFault {
    /// There is none.
    Missing,
    /// A type other than point, line, polygon and their multiples.
    Type,
    /// Coordinates are not nested as the type asks, or are no numbers.
    Form,
    /// No position at all, or an empty part.
    Empty,
    /// A coordinate is infinite or not a number.
    NotFinite,
    /// Outside -180 to 180 degrees of longitude, -90 to 90 of latitude.
    Outside,
    /// A line of one position.
    LineShort,
    /// A ring of fewer than four positions.
    RingShort,
    /// A ring whose last position is not its first.
    RingOpen,
}

impl GeometryFault {
    /// Every fault.
    pub const ALL: [Self; 9] = [
        Self::Missing,
        Self::Type,
        Self::Form,
        Self::Empty,
        Self::NotFinite,
        Self::Outside,
        Self::LineShort,
        Self::RingShort,
        Self::RingOpen,
    ];

    /// Stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "geometry-missing",
            Self::Type => "geometry-type",
            Self::Form => "geometry-form",
            Self::Empty => "geometry-empty",
            Self::NotFinite => "geometry-not-finite",
            Self::Outside => "geometry-outside",
            Self::LineShort => "geometry-line-short",
            Self::RingShort => "geometry-ring-short",
            Self::RingOpen => "geometry-ring-open",
        }
    }
}

/// Positions of a line or ring as they stand in a file.
pub type Ring = Vec<Coord<f64>>;

/// A line of at least two positions.
///
/// # Errors
/// [`GeometryFault::Empty`] or [`GeometryFault::LineShort`].
pub fn line(positions: Ring) -> Result<LineString<f64>, GeometryFault> {
    match positions.len() {
        0 => Err(GeometryFault::Empty),
        1 => Err(GeometryFault::LineShort),
        _ => Ok(LineString::new(positions)),
    }
}

/// A polygon from its closed rings, the outer one first.
///
/// # Errors
/// [`GeometryFault::Empty`], [`GeometryFault::RingShort`] or [`GeometryFault::RingOpen`].
pub fn polygon(rings: Vec<Ring>) -> Result<Polygon<f64>, GeometryFault> {
    let mut rings = rings.into_iter().map(|ring| {
        match ring.as_slice() {
            [] => return Err(GeometryFault::Empty),
            // Two positions that are not numbers differ from themselves: told as such later.
            [first, .., last] if first != last && is_finite(*first) && is_finite(*last) => {
                return Err(GeometryFault::RingOpen);
            }
            _ if ring.len() < 4 => return Err(GeometryFault::RingShort),
            _ => {}
        }
        Ok(LineString::new(ring))
    });
    let outer = rings.next().ok_or(GeometryFault::Empty)??;
    Ok(Polygon::new(outer, rings.collect::<Result<_, _>>()?))
}

fn is_finite(position: Coord<f64>) -> bool {
    position.x.is_finite() && position.y.is_finite()
}

/// Calls `visit` with every position.
pub(crate) fn positions(geometry: &Geometry<f64>, visit: &mut impl FnMut(Coord<f64>)) {
    let polygon = |polygon: &Polygon<f64>, visit: &mut dyn FnMut(Coord<f64>)| {
        polygon.exterior().0.iter().for_each(|position| visit(*position));
        polygon.interiors().iter().flat_map(|ring| &ring.0).for_each(|position| visit(*position));
    };
    match geometry {
        Geometry::Point(point) => visit(point.0),
        Geometry::LineString(line) => line.0.iter().for_each(|position| visit(*position)),
        Geometry::Polygon(one) => polygon(one, visit),
        Geometry::MultiPoint(points) => points.0.iter().for_each(|point| visit(point.0)),
        Geometry::MultiLineString(lines) => {
            lines.0.iter().flat_map(|line| &line.0).for_each(|position| visit(*position));
        }
        Geometry::MultiPolygon(polygons) => {
            polygons.0.iter().for_each(|one| polygon(one, visit));
        }
        // Readers build no other type.
        Geometry::Line(_)
        | Geometry::GeometryCollection(_)
        | Geometry::Rect(_)
        | Geometry::Triangle(_) => {}
    }
}

/// What the positions of a whole file have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Survey {
    pub(crate) count: u64,
    pub(crate) first: Coord<f64>,
    all_swapped: bool,
    all_beyond_degrees: bool,
}

impl Default for Survey {
    fn default() -> Self {
        let first = Coord { x: 0.0, y: 0.0 };
        Self { count: 0, first, all_swapped: true, all_beyond_degrees: true }
    }
}

impl Survey {
    /// Takes note of the positions of a feature and says whether they are lon/lat.
    pub(crate) fn add(&mut self, geometry: &Geometry<f64>) -> Result<(), GeometryFault> {
        let before = self.count;
        let mut fault = Ok(());
        positions(geometry, &mut |position| {
            if self.count == 0 {
                self.first = position;
            }
            self.count += 1;
            let Coord { x, y } = position;
            // Japan lies within 122-154 E, 20-46 N.
            self.all_swapped &= (20.0..=46.0).contains(&x) && (122.0..=154.0).contains(&y);
            self.all_beyond_degrees &= is_finite(position) && 360.0 < x.abs().max(y.abs());
            if !is_finite(position) {
                fault = Err(GeometryFault::NotFinite);
            } else if fault.is_ok() && (180.0 < x.abs() || 90.0 < y.abs()) {
                fault = Err(GeometryFault::Outside);
            }
        });
        if before == self.count { Err(GeometryFault::Empty) } else { fault }
    }

    /// Whether latitude stands first everywhere.
    pub(crate) fn is_swapped(&self) -> bool {
        0 < self.count && self.all_swapped
    }

    /// Whether no position can be in degrees: metres of a planar system, say.
    pub(crate) fn is_beyond_degrees(&self) -> bool {
        0 < self.count && self.all_beyond_degrees
    }
}
