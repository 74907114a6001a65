//! Reading all features of a file.

use flatbuffers::VerifierOptions;
use flatgeobuf::{
    ColumnType, Crs, Feature, GeometryType, Header, size_prefixed_root_as_feature_with_opts,
    size_prefixed_root_as_header_with_opts,
};
use jomo_core::feature::FieldType;

use super::properties::{Column, cells};
use super::shape::geometry;
use super::{MAGIC, index_length};
use crate::vector::{Collector, GeometryFault, ReadOptions, Row, VectorError, VectorRead};

/// Most bytes of a header; the peers' limit.
const HEADER_MAX: usize = 10 << 20;

/// Reads every feature, in the order of the file. The spatial index is skipped.
///
/// Unsigned integers beyond 63 bits become text, dates and JSON stay text, binary columns are
/// left out, heights and measures of positions too. Floats that are no numbers are absent.
///
/// # Errors
/// [`VectorError`]: not the format, truncated, damaged, another CRS than lon/lat, unusable ids.
pub fn read(bytes: &[u8], options: &ReadOptions) -> Result<VectorRead, VectorError> {
    if bytes.get(..7) != Some(&MAGIC[..7]) || bytes.len() < MAGIC.len() {
        let first = bytes.iter().take(8).map(|byte| format!("{byte:02x}"));
        return Err(VectorError::Magic { found: first.collect() });
    }
    let mut place = MAGIC.len();
    let part = sized_part(bytes, place, "header")?;
    if HEADER_MAX < part.len() {
        return Err(unsound("header", place, "longer than 10 MiB"));
    }
    let header = size_prefixed_root_as_header_with_opts(&bounds(part), part)
        .map_err(|error| unsound("header", place, &error))?;
    let crs_epsg = header.crs().map(crs_epsg).transpose()?.flatten();
    place += part.len();
    place = behind_index(bytes, place, &header)?;

    let mut collector = Collector::new(options);
    let columns = columns(&header, &mut collector)?;
    let announced = header.features_count();
    let mut number = 0_u64;
    while place < bytes.len() {
        number += 1;
        if announced != 0 && announced < number {
            return Err(unsound("count", place, "more features than announced"));
        }
        let part = sized_part(bytes, place, "feature")?;
        let feature = size_prefixed_root_as_feature_with_opts(&bounds(part), part)
            .map_err(|error| unsound("feature", place, &error))?;
        let shape = shape_of(&feature, header.geometry_type());
        let bytes = feature.properties().map(|properties| properties.bytes()).unwrap_or_default();
        let cells = cells(bytes, &columns).map_err(|reason| unsound("feature", place, reason))?;
        collector.add(Row { number, member: None, cells }, shape)?;
        place += part.len();
    }
    if number < announced {
        return Err(unsound("count", place, "fewer features than announced"));
    }
    collector.finish(crs_epsg)
}

fn unsound(part: &'static str, offset: usize, reason: &(impl ToString + ?Sized)) -> VectorError {
    let reason = reason.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    VectorError::Unsound { part, offset, reason }
}

/// A part that begins with its length in 32 bits; the slice includes the length.
fn sized_part<'a>(
    bytes: &'a [u8],
    offset: usize,
    part: &'static str,
) -> Result<&'a [u8], VectorError> {
    let rest = bytes.get(offset..).unwrap_or_default();
    let truncated = |expected| VectorError::Truncated { part, offset, expected, found: rest.len() };
    let length = *rest.first_chunk::<4>().ok_or_else(|| truncated(4))?;
    let length = u64::from(u32::from_le_bytes(length)) + 4;
    let end = usize::try_from(length).unwrap_or(usize::MAX);
    let found = rest.get(..end).ok_or_else(|| truncated(length))?;
    // Root offset, a table and its description take 12 bytes at least.
    if found.len() < 16 { Err(unsound(part, offset, "too short")) } else { Ok(found) }
}

/// How far tables may go. Tables may name the same bytes several times, so that a small file
/// would unfold to a large one: what is read may be eight times the part's own length, where
/// honest writers need less than three times.
fn bounds(part: &[u8]) -> VerifierOptions {
    VerifierOptions {
        max_apparent_size: part.len().saturating_mul(8),
        ignore_missing_null_terminator: true,
        ..VerifierOptions::default()
    }
}

/// Where the features begin.
fn behind_index(bytes: &[u8], place: usize, header: &Header) -> Result<usize, VectorError> {
    let (features, node_size) = (header.features_count(), header.index_node_size());
    if node_size == 0 || features == 0 {
        return Ok(place);
    }
    if node_size == 1 {
        return Err(unsound("index", place, "nodes of one child"));
    }
    let found = bytes.len() - place;
    let expected = index_length(features, node_size).unwrap_or(u64::MAX);
    match usize::try_from(expected) {
        Ok(length) if length <= found => Ok(place + length),
        _ => Err(VectorError::Truncated { part: "index", offset: place, expected, found }),
    }
}

fn columns(header: &Header, collector: &mut Collector) -> Result<Vec<Column>, VectorError> {
    let mut columns = Vec::new();
    for column in header.columns().into_iter().flatten() {
        let kind = column.type_();
        let field_type = match kind {
            ColumnType::Bool => Some(FieldType::Bool),
            ColumnType::Float | ColumnType::Double => Some(FieldType::Float),
            ColumnType::String | ColumnType::Json | ColumnType::DateTime => Some(FieldType::Text),
            ColumnType::Binary => None,
            _ => Some(FieldType::Int),
        };
        let place = match field_type {
            Some(field_type) => Some(collector.typed_column(column.name(), field_type)?),
            None => None,
        };
        columns.push(Column { kind, place });
    }
    Ok(columns)
}

fn shape_of(
    feature: &Feature,
    declared: GeometryType,
) -> Result<geo_types::Geometry<f64>, GeometryFault> {
    let found = feature.geometry().ok_or(GeometryFault::Missing)?;
    let kind = if declared == GeometryType::Unknown { found.type_() } else { declared };
    geometry(&found, kind)
}

/// The code of a CRS, if it is one of those that are lon/lat here; `None` if nothing is named.
fn crs_epsg(crs: Crs) -> Result<Option<u32>, VectorError> {
    let organisation = crs.org().unwrap_or("EPSG");
    let code_string = crs.code_string().unwrap_or_default();
    let is_epsg = organisation.eq_ignore_ascii_case("EPSG");
    match crs.code() {
        4326 if is_epsg => return Ok(Some(4326)),
        6668 if is_epsg => return Ok(Some(6668)),
        0 if code_string.eq_ignore_ascii_case("CRS84") => return Ok(Some(4326)),
        0 if code_string.is_empty() && crs.name().is_none() && crs.wkt().is_none() => {
            return Ok(None);
        }
        _ => {}
    }
    let found = match (crs.code(), code_string, crs.name().or(crs.wkt())) {
        (0, "", Some(name)) => name.chars().take(80).collect(),
        (0, code, _) => format!("{organisation}:{code}"),
        (code, ..) => format!("{organisation}:{code}"),
    };
    Err(VectorError::Crs { found })
}
