//! Geometry as GDAL hands it over: ISO well-known binary, with the height left out.

use geo_types::{Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point};
use jomo_format::vector::{GeometryFault, Ring, line, polygon};

/// Deepest nesting: a multipolygon in a collection in a collection has four.
const DEPTH_MAX: usize = 4;

/// Reads one geometry. A collection of one kind becomes that kind's multiple.
///
/// # Errors
/// [`GeometryFault::Type`] for curves, surfaces and mixed collections, [`GeometryFault::Form`]
/// for unsound bytes, and what is wrong with lines and rings.
pub fn read(bytes: &[u8]) -> Result<Geometry<f64>, GeometryFault> {
    Reader { bytes, little: true }.geometry(0)
}

struct Reader<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], GeometryFault> {
        let (head, rest) = self.bytes.split_first_chunk().ok_or(GeometryFault::Form)?;
        self.bytes = rest;
        Ok(*head)
    }

    fn number(&mut self) -> Result<u32, GeometryFault> {
        let bytes = self.take()?;
        Ok(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn ordinate(&mut self) -> Result<f64, GeometryFault> {
        let bytes = self.take()?;
        Ok(if self.little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    fn position(&mut self, dimensions: usize) -> Result<Coord<f64>, GeometryFault> {
        let position = Coord { x: self.ordinate()?, y: self.ordinate()? };
        for _ in 2..dimensions {
            self.ordinate()?;
        }
        Ok(position)
    }

    fn ring(&mut self, dimensions: usize) -> Result<Ring, GeometryFault> {
        let count = self.count(8 * dimensions)?;
        (0..count).map(|_| self.position(dimensions)).collect()
    }

    /// A number of things of at least `size` bytes each, which must be there.
    fn count(&mut self, size: usize) -> Result<usize, GeometryFault> {
        let count = usize::try_from(self.number()?).map_err(|_fault| GeometryFault::Form)?;
        let needed = count.checked_mul(size).ok_or(GeometryFault::Form)?;
        if needed <= self.bytes.len() { Ok(count) } else { Err(GeometryFault::Form) }
    }

    fn geometry(&mut self, depth: usize) -> Result<Geometry<f64>, GeometryFault> {
        if DEPTH_MAX < depth {
            return Err(GeometryFault::Type);
        }
        self.little = match self.take()? {
            [0] => false,
            [1] => true,
            _ => return Err(GeometryFault::Form),
        };
        let code = self.number()?;
        let dimensions = match code / 1000 {
            0 => 2,
            1 | 2 => 3,
            3 => 4,
            _ => return Err(GeometryFault::Type),
        };
        match code % 1000 {
            1 => Ok(Geometry::Point(Point(self.position(dimensions)?))),
            2 => Ok(Geometry::LineString(line(self.ring(dimensions)?)?)),
            3 => {
                let rings = self.count(4)?;
                let rings = (0..rings).map(|_| self.ring(dimensions)).collect::<Result<_, _>>()?;
                Ok(Geometry::Polygon(polygon(rings)?))
            }
            4..=7 => {
                let parts = self.count(5)?;
                let parts = (0..parts).map(|_| self.geometry(depth + 1));
                gather(parts.collect::<Result<_, _>>()?)
            }
            _ => Err(GeometryFault::Type),
        }
    }
}

/// The multiple of parts of one kind, multiples among them spread out.
fn gather(parts: Vec<Geometry<f64>>) -> Result<Geometry<f64>, GeometryFault> {
    let (mut points, mut lines, mut polygons) =
        (Vec::new(), Vec::<LineString<f64>>::new(), Vec::new());
    for part in parts {
        match part {
            Geometry::Point(point) => points.push(point),
            Geometry::MultiPoint(more) => points.extend(more.0),
            Geometry::LineString(line) => lines.push(line),
            Geometry::MultiLineString(more) => lines.extend(more.0),
            Geometry::Polygon(polygon) => polygons.push(polygon),
            Geometry::MultiPolygon(more) => polygons.extend(more.0),
            _ => return Err(GeometryFault::Type),
        }
    }
    match (points.is_empty(), lines.is_empty(), polygons.is_empty()) {
        (true, true, true) => Err(GeometryFault::Empty),
        (false, true, true) => Ok(Geometry::MultiPoint(MultiPoint(points))),
        (true, false, true) => Ok(Geometry::MultiLineString(MultiLineString(lines))),
        (true, true, false) => Ok(Geometry::MultiPolygon(MultiPolygon(polygons))),
        _ => Err(GeometryFault::Type),
    }
}

/// Calls `see` with every position.
pub fn positions(geometry: &Geometry<f64>, see: &mut impl FnMut(Coord<f64>)) {
    let mut ring = |line: &LineString<f64>| line.0.iter().for_each(|position| see(*position));
    match geometry {
        Geometry::Point(point) => see(point.0),
        Geometry::MultiPoint(points) => points.0.iter().for_each(|point| see(point.0)),
        Geometry::LineString(line) => ring(line),
        Geometry::MultiLineString(lines) => lines.0.iter().for_each(ring),
        Geometry::Polygon(one) => {
            ring(one.exterior());
            one.interiors().iter().for_each(ring);
        }
        Geometry::MultiPolygon(polygons) => {
            for one in &polygons.0 {
                ring(one.exterior());
                one.interiors().iter().for_each(&mut ring);
            }
        }
        // None of the others is read.
        _ => {}
    }
}

/// Calls `see` with every position, which it may change.
pub fn positions_mut(geometry: &mut Geometry<f64>, see: &mut impl FnMut(&mut Coord<f64>)) {
    match geometry {
        Geometry::Point(point) => see(&mut point.0),
        Geometry::MultiPoint(points) => points.0.iter_mut().for_each(|point| see(&mut point.0)),
        Geometry::LineString(line) => line.0.iter_mut().for_each(see),
        Geometry::MultiLineString(lines) => {
            lines.0.iter_mut().flat_map(|line| &mut line.0).for_each(see);
        }
        Geometry::Polygon(one) => rings_mut(one, see),
        Geometry::MultiPolygon(polygons) => {
            polygons.0.iter_mut().for_each(|one| rings_mut(one, see));
        }
        // None of the others is read.
        _ => {}
    }
}

fn rings_mut(polygon: &mut geo_types::Polygon<f64>, see: &mut impl FnMut(&mut Coord<f64>)) {
    polygon.exterior_mut(|ring| ring.0.iter_mut().for_each(&mut *see));
    polygon.interiors_mut(|rings| {
        rings.iter_mut().flat_map(|ring| &mut ring.0).for_each(&mut *see);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wkb(wkt: &str) -> Vec<u8> {
        gdal::vector::Geometry::from_wkt(wkt).unwrap().iso_wkb().unwrap()
    }

    #[test]
    fn every_kind_is_read_as_gdal_means_it() {
        for (wkt, expected) in [
            ("POINT (1 2)", Ok("POINT(")),
            ("POINT ZM (1 2 3 4)", Ok("POINT(")),
            ("LINESTRING Z (1 2 3,4 5 6)", Ok("LINESTRING(")),
            ("POLYGON ((0 0,1 0,1 1,0 0))", Ok("POLYGON(")),
            ("MULTIPOLYGON M (((0 0 9,1 0 9,1 1 9,0 0 9)))", Ok("MULTIPOLYGON(")),
            ("GEOMETRYCOLLECTION (POINT (1 2),MULTIPOINT (3 4,5 6))", Ok("MULTIPOINT(")),
            ("GEOMETRYCOLLECTION (POINT (1 2),LINESTRING (3 4,5 6))", Err(GeometryFault::Type)),
            ("GEOMETRYCOLLECTION EMPTY", Err(GeometryFault::Empty)),
            ("CIRCULARSTRING (0 0,1 1,2 0)", Err(GeometryFault::Type)),
            ("LINESTRING (1 2)", Err(GeometryFault::LineShort)),
            ("POLYGON ((0 0,1 0,1 1,0 2))", Err(GeometryFault::RingOpen)),
        ] {
            let read = read(&wkb(wkt));
            match expected {
                Err(fault) => assert_eq!(read, Err(fault), "{wkt}"),
                Ok(kind) => assert!(format!("{:?}", read.unwrap()).starts_with(kind), "{wkt}"),
            }
        }
        assert_eq!(read(&wkb("POINT Z (1 2 3)")), Ok(Geometry::Point(Point::new(1.0, 2.0))));
    }

    #[test]
    fn no_bytes_panic() {
        let sound =
            wkb("GEOMETRYCOLLECTION (MULTIPOLYGON (((0 0,1 0,1 1,0 0),(0 0,1 0,1 1,0 0))))");
        for end in 0..sound.len() {
            assert!(read(&sound[..end]).is_err());
        }
        for place in 0..sound.len() * 8 {
            let mut flipped = sound.clone();
            flipped[place / 8] ^= 1 << (place % 8);
            let _ = read(&flipped);
        }
        let mut deep = Vec::new();
        for _ in 0..100_000 {
            deep.extend([1, 7, 0, 0, 0, 1, 0, 0, 0]);
        }
        assert_eq!(read(&deep), Err(GeometryFault::Type));
    }
}
