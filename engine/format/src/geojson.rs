//! `GeoJSON` (RFC 7946): a feature collection, one feature, or a sequence of features (one a line, or
//! RFC 8142), in lon/lat.
//!
//! Features are taken one by one while the text is parsed, so that only one of them is held as
//! JSON. Foreign members are ignored. A member `crs` of the older `GeoJSON` is accepted where it
//! names lon/lat: CRS84, EPSG:4326 or EPSG:6668 (in `GeoJSON` always longitude first).

mod json;
mod lines;

use geo_types::{Coord, Geometry, MultiLineString, MultiPoint, MultiPolygon, Point};
use jomo_core::feature::Value;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::vector::{
    Cell, Collector, GeometryFault, ReadOptions, Ring, Row, VectorError, VectorRead, decode, line,
    polygon,
};
use json::Json;

/// Reads a feature collection, one feature or a sequence of features.
///
/// Types: an integer beyond 2^53 becomes text, nested objects and arrays become JSON text, a
/// column that mixes types becomes text. Numbers that 64-bit floats cannot hold, nesting deeper
/// than 128 levels and anything else that is no JSON are errors.
///
/// # Errors
/// [`VectorError`]: no JSON, no features, another CRS, swapped axes, unusable ids.
pub fn read(bytes: &[u8], options: &ReadOptions) -> Result<VectorRead, VectorError> {
    let text = decode(bytes, options.encoding)?;
    if lines::is_sequence(&text) {
        return lines::read(&text, options);
    }
    let mut document = Document::new(Collector::new(options));
    let mut parser = serde_json::Deserializer::from_str(&text);
    let parsed = DocumentSeed(&mut document).deserialize(&mut parser).and_then(|()| parser.end());
    if let Some(error) = document.refused.take() {
        return Err(error);
    }
    parsed.map_err(|error| VectorError::Json {
        line: error.line(),
        column: error.column(),
        reason: reason(&error),
    })?;
    let Document { mut collector, members, has_features, .. } = document;
    match text_member(&members, "type") {
        "FeatureCollection" if has_features => {}
        "Feature" => add_feature(&mut collector, 1, &mut Json::Map(members.clone()))?,
        other => return Err(VectorError::Root { found: other.to_owned() }),
    }
    let crs_epsg = crs_epsg(&members)?;
    collector.finish(crs_epsg)
}

/// The parser's words without the place, which has its own fields.
fn reason(error: &serde_json::Error) -> String {
    let told = error.to_string();
    told.rsplit_once(" at line ").map_or(told.clone(), |(reason, _)| reason.to_owned())
}

/// What the parser has met so far.
struct Document<'a> {
    collector: Collector<'a>,
    /// Members of the root object other than `features`.
    members: Vec<(String, Json)>,
    has_features: bool,
    /// Why the file is refused; the parser is then stopped by an error of its own.
    refused: Option<VectorError>,
}

impl<'a> Document<'a> {
    fn new(collector: Collector<'a>) -> Self {
        Self { collector, members: Vec::new(), has_features: false, refused: None }
    }
}

struct DocumentSeed<'d, 'a>(&'d mut Document<'a>);

impl<'de> DeserializeSeed<'de> for DocumentSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for DocumentSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("a GeoJSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "features" if self.0.has_features => {
                    return Err(A::Error::custom("a second member `features`"));
                }
                "features" => {
                    self.0.has_features = true;
                    map.next_value_seed(FeaturesSeed(self.0))?;
                }
                "type" | "crs" | "id" | "geometry" | "properties" => {
                    let value = map.next_value()?;
                    self.0.members.push((name, value));
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct FeaturesSeed<'d, 'a>(&'d mut Document<'a>);

impl<'de> DeserializeSeed<'de> for FeaturesSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for FeaturesSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("a list of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(mut feature) = list.next_element::<Json>()? {
            number += 1;
            if let Err(error) = add_feature(&mut self.0.collector, number, &mut feature) {
                self.0.refused = Some(error);
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

/// Keeps one feature or counts its fault.
fn add_feature(
    collector: &mut Collector,
    number: u64,
    feature: &mut Json,
) -> Result<(), VectorError> {
    let is_feature = matches!(feature.member("type"), Some(Json::Text(kind)) if kind == "Feature");
    let Json::Map(members) = feature else {
        collector.fault("feature-form", number);
        return Ok(());
    };
    if !is_feature {
        collector.fault("feature-form", number);
        return Ok(());
    }
    let (mut id, mut shape, mut properties) = (Json::Null, Json::Null, Json::Null);
    for (name, value) in members.drain(..) {
        match name.as_str() {
            "id" => id = value,
            "geometry" => shape = value,
            "properties" => properties = value,
            _ => {}
        }
    }
    let mut cells = Vec::new();
    match properties {
        Json::Map(members) => {
            for (name, value) in members {
                let column = collector.column(&name)?;
                cells.extend(cell(value).map(|cell| (column, cell)));
            }
        }
        Json::Null => {}
        _ => {
            collector.fault("feature-form", number);
            return Ok(());
        }
    }
    let row = Row { number, member: cell(id), cells };
    collector.add(row, geometry(&shape))
}

/// A JSON value as a cell; `None` for null.
fn cell(value: Json) -> Option<Cell> {
    let value = match value {
        Json::Null => return None,
        Json::Bool(value) => Value::Bool(value),
        Json::Int(value) => Value::Int(value),
        Json::Long(digits) => Value::Text(digits),
        Json::Float(value) => Value::Float(value),
        Json::Text(text) => Value::Text(text),
        nested @ (Json::List(_) | Json::Map(_)) => Value::Text(nested.to_string()),
    };
    Some(Cell::Typed(value))
}

fn text_member<'m>(members: &'m [(String, Json)], name: &str) -> &'m str {
    match members.iter().rev().find(|(member, _)| member == name) {
        Some((_, Json::Text(text))) => text,
        _ => "",
    }
}

/// The CRS that a member `crs` names, if it is one of those that are lon/lat here.
fn crs_epsg(members: &[(String, Json)]) -> Result<Option<u32>, VectorError> {
    let crs = match members.iter().rev().find(|(name, _)| name == "crs") {
        None | Some((_, Json::Null)) => return Ok(None),
        Some((_, crs)) => crs,
    };
    let named = crs.member("properties").and_then(|properties| properties.member("name"));
    let found = match named {
        Some(Json::Text(name)) => name.clone(),
        _ => crs.to_string().chars().take(200).collect(),
    };
    // Forms met: `urn:ogc:def:crs:OGC:1.3:CRS84`, `urn:ogc:def:crs:EPSG::6668`, `EPSG:4326`,
    // `http://www.opengis.net/def/crs/EPSG/0/4326`.
    let mut parts = found.rsplit([':', '/']);
    let code = parts.next().unwrap_or_default();
    let is_epsg = found.to_ascii_uppercase().contains("EPSG");
    match code {
        "CRS84" | "84" if !is_epsg => Ok(Some(4326)),
        "4326" if is_epsg => Ok(Some(4326)),
        "6668" if is_epsg => Ok(Some(6668)),
        _ => Err(VectorError::Crs { found }),
    }
}

/// The geometry of a feature, its positions not yet checked.
fn geometry(shape: &Json) -> Result<Geometry<f64>, GeometryFault> {
    if *shape == Json::Null {
        return Err(GeometryFault::Missing);
    }
    let Some(Json::Text(kind)) = shape.member("type") else { return Err(GeometryFault::Form) };
    let coordinates = shape.member("coordinates").unwrap_or(&Json::Null);
    Ok(match kind.as_str() {
        "Point" => Geometry::Point(Point(position(coordinates)?)),
        "MultiPoint" => {
            Geometry::MultiPoint(MultiPoint(ring(coordinates)?.into_iter().map(Point).collect()))
        }
        "LineString" => Geometry::LineString(line(ring(coordinates)?)?),
        "MultiLineString" => {
            let lines = list(coordinates)?.iter().map(|part| line(ring(part)?));
            Geometry::MultiLineString(MultiLineString(lines.collect::<Result<_, _>>()?))
        }
        "Polygon" => Geometry::Polygon(polygon(rings(coordinates)?)?),
        "MultiPolygon" => {
            let polygons = list(coordinates)?.iter().map(|part| polygon(rings(part)?));
            Geometry::MultiPolygon(MultiPolygon(polygons.collect::<Result<_, _>>()?))
        }
        _ => return Err(GeometryFault::Type),
    })
}

fn list(value: &Json) -> Result<&[Json], GeometryFault> {
    match value {
        Json::List(list) => Ok(list),
        _ => Err(GeometryFault::Form),
    }
}

fn rings(value: &Json) -> Result<Vec<Ring>, GeometryFault> {
    list(value)?.iter().map(ring).collect()
}

fn ring(value: &Json) -> Result<Ring, GeometryFault> {
    list(value)?.iter().map(position).collect()
}

/// Longitude and latitude; a height and anything behind it is dropped.
fn position(value: &Json) -> Result<Coord<f64>, GeometryFault> {
    let number = |value: &Json| match value {
        Json::Int(value) => Ok(*value as f64),
        Json::Float(value) => Ok(*value),
        _ => Err(GeometryFault::Form),
    };
    match list(value)? {
        [] => Err(GeometryFault::Empty),
        [x, y, ..] => Ok(Coord { x: number(x)?, y: number(y)? }),
        [_] => Err(GeometryFault::Form),
    }
}

#[cfg(test)]
mod tests;
