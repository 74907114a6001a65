//! Geometry as the format holds it: flat lists of coordinates and the ends of their parts.

use flatbuffers::{FlatBufferBuilder, WIPOffset};
use flatgeobuf::{Geometry as Table, GeometryArgs, GeometryType};
use geo_types::{Coord, Geometry, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};

use crate::vector::{GeometryFault, Ring, line, polygon};

/// The geometry in a verified table, its positions not yet checked.
pub(super) fn geometry(table: &Table, kind: GeometryType) -> Result<Geometry<f64>, GeometryFault> {
    Ok(match kind {
        GeometryType::Point => {
            Geometry::Point(Point(*ring(table)?.first().ok_or(GeometryFault::Empty)?))
        }
        GeometryType::MultiPoint => {
            Geometry::MultiPoint(MultiPoint(ring(table)?.into_iter().map(Point).collect()))
        }
        GeometryType::LineString => Geometry::LineString(line(ring(table)?)?),
        GeometryType::MultiLineString => {
            let lines = rings(table)?.into_iter().map(line).collect::<Result<_, _>>()?;
            Geometry::MultiLineString(MultiLineString(lines))
        }
        GeometryType::Polygon => Geometry::Polygon(polygon(rings(table)?)?),
        GeometryType::MultiPolygon => {
            let parts = table.parts().ok_or(GeometryFault::Empty)?;
            let polygons = parts.iter().map(|part| polygon(rings(&part)?));
            Geometry::MultiPolygon(MultiPolygon(polygons.collect::<Result<_, _>>()?))
        }
        _ => return Err(GeometryFault::Type),
    })
}

/// All positions of a table.
fn ring(table: &Table) -> Result<Ring, GeometryFault> {
    let Some(xy) = table.xy() else { return Ok(Ring::new()) };
    if xy.len() % 2 != 0 {
        return Err(GeometryFault::Form);
    }
    let mut numbers = xy.iter();
    let mut positions = Ring::with_capacity(xy.len() / 2);
    while let (Some(x), Some(y)) = (numbers.next(), numbers.next()) {
        positions.push(Coord { x, y });
    }
    Ok(positions)
}

/// The positions of a table, cut at its ends; without ends they are one part.
fn rings(table: &Table) -> Result<Vec<Ring>, GeometryFault> {
    let positions = ring(table)?;
    let Some(ends) = table.ends().filter(|ends| 1 < ends.len()) else {
        return Ok(vec![positions]);
    };
    let mut rest = positions.as_slice();
    let mut start = 0_u32;
    let mut parts = Vec::new();
    for end in ends {
        let length = end.checked_sub(start).ok_or(GeometryFault::Form)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (part, behind) = rest.split_at_checked(length).ok_or(GeometryFault::Form)?;
        parts.push(part.to_vec());
        (rest, start) = (behind, end);
    }
    if rest.is_empty() { Ok(parts) } else { Err(GeometryFault::Form) }
}

/// The type of a geometry that can be written.
pub(super) fn kind(geometry: &Geometry<f64>) -> Result<GeometryType, &'static str> {
    Ok(match geometry {
        Geometry::Point(_) => GeometryType::Point,
        Geometry::MultiPoint(_) => GeometryType::MultiPoint,
        Geometry::LineString(_) => GeometryType::LineString,
        Geometry::MultiLineString(_) => GeometryType::MultiLineString,
        Geometry::Polygon(_) => GeometryType::Polygon,
        Geometry::MultiPolygon(_) => GeometryType::MultiPolygon,
        _ => return Err("a geometry other than point, line, polygon and their multiples"),
    })
}

/// Appends a geometry as a table. `kind` is its own type, or `Unknown` where the header says it.
pub(super) fn write<'a>(
    builder: &mut FlatBufferBuilder<'a>,
    geometry: &Geometry<f64>,
    kind: GeometryType,
) -> Result<WIPOffset<Table<'a>>, &'static str> {
    match geometry {
        Geometry::Point(point) => flat(builder, [&[point.0][..]], kind),
        Geometry::MultiPoint(points) => {
            let positions: Ring = points.0.iter().map(|point| point.0).collect();
            flat(builder, [positions.as_slice()], kind)
        }
        Geometry::LineString(line) => flat(builder, [line.0.as_slice()], kind),
        Geometry::MultiLineString(lines) => {
            flat(builder, lines.0.iter().map(|line| line.0.as_slice()), kind)
        }
        Geometry::Polygon(polygon) => flat(builder, rings_of(polygon), kind),
        Geometry::MultiPolygon(polygons) => {
            if polygons.0.is_empty() {
                return Err("a geometry without positions");
            }
            let parts = polygons
                .0
                .iter()
                .map(|polygon| flat(builder, rings_of(polygon), GeometryType::Unknown))
                .collect::<Result<Vec<_>, _>>()?;
            let parts = Some(builder.create_vector(&parts));
            let table = GeometryArgs { parts, type_: kind, ..GeometryArgs::default() };
            Ok(Table::create(builder, &table))
        }
        _ => Err("a geometry other than point, line, polygon and their multiples"),
    }
}

fn rings_of(polygon: &Polygon<f64>) -> impl Iterator<Item = &[Coord<f64>]> {
    std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(|ring| ring.0.as_slice())
}

fn flat<'a, 'p>(
    builder: &mut FlatBufferBuilder<'a>,
    parts: impl IntoIterator<Item = &'p [Coord<f64>]>,
    kind: GeometryType,
) -> Result<WIPOffset<Table<'a>>, &'static str> {
    let mut xy = Vec::new();
    let mut ends = Vec::new();
    for part in parts {
        if part.is_empty() {
            return Err("a geometry without positions");
        }
        for position in part {
            if !position.x.is_finite() || !position.y.is_finite() {
                return Err("a position is not finite");
            }
            xy.extend([position.x, position.y]);
        }
        ends.push(u32::try_from(xy.len() / 2).ok().ok_or(super::write::TOO_LONG)?);
    }
    if xy.is_empty() {
        return Err("a geometry without positions");
    }
    if super::write::PART_MAX / 8 < xy.len() {
        return Err(super::write::TOO_LONG);
    }
    let xy = Some(builder.create_vector(&xy));
    let ends = (1 < ends.len()).then(|| builder.create_vector(&ends));
    Ok(Table::create(builder, &GeometryArgs { xy, ends, type_: kind, ..GeometryArgs::default() }))
}
