//! The files of one step of a layer: features, and tiles built from them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use geo_types::{Coord, Geometry, LineString};
use jiff::Timestamp;
use jomo_core::feature::{FeatureTable, Field, FieldType, check_ids};
use jomo_core::layer::Layer;
use jomo_format::flatgeobuf;
use jomo_format::pmtiles::{Meta, PmTilesError, Writer};
use jomo_store::{LayerStage, LayerVersion};
use jomo_tile::{BuildError, LayerSource, Report, Settings, build};
use serde_json::{Map, Value, json};

use crate::failure::{CommandError, Exit, Failure};

/// Writes `features[/<time>].fgb` and `tiles[/<time>].pmtiles` of one step.
///
/// # Errors
/// If an id is unsound, a tile cannot be built, or the disk refuses.
pub fn write_step(
    stage: &mut LayerStage,
    layer: &Layer,
    time: Option<Timestamp>,
    features: &FeatureTable,
    sources: &[LayerSource<'_>],
) -> Result<Report, Failure> {
    check_ids(features.features.iter().map(|feature| feature.id.as_str()))
        .map_err(|fault| Failure::new(Exit::Input, CommandError::Id(fault)))?;
    let name = LayerVersion::features_name(time);
    let path = stage.path(&name)?;
    let fail =
        |source: std::io::Error| Failure::new(Exit::Failed, CommandError::io(&path, &source));
    let mut out = BufWriter::new(File::create(&path).map_err(fail)?);
    flatgeobuf::write(features, &layer.id, &mut out)
        .map_err(|fault| Failure::new(Exit::Failed, fault).at(&path))?;
    out.flush().map_err(fail)?;
    drop(out);
    stage.add(&name)?;

    let name = LayerVersion::tiles_name(time);
    let path = stage.path(&name)?;
    let report = write_archive(&path, &meta(layer), sources, &Settings::default())?;
    stage.add(&name)?;
    Ok(report)
}

/// Builds tiles into a new archive.
///
/// # Errors
/// If a tile cannot be built, or the disk refuses.
pub fn write_archive(
    path: &Path,
    meta: &Meta,
    sources: &[LayerSource<'_>],
    settings: &Settings,
) -> Result<Report, Failure> {
    let disk = |fault: std::io::Error| Failure::new(Exit::Failed, CommandError::io(path, &fault));
    let archive = |fault: PmTilesError| Failure::new(Exit::Failed, fault).at(path);
    let out = BufWriter::new(File::create(path).map_err(disk)?);
    let mut writer = Writer::new(out, meta).map_err(archive)?;
    let report = build(sources, settings, |tile, bytes| writer.add(tile, bytes));
    let report = report.map_err(|fault| {
        let of_input = matches!(fault, BuildError::TooManyTiles { .. });
        let exit = if of_input { Exit::Input } else { Exit::Failed };
        Failure::new(exit, fault).at(path)
    })?;
    writer.finish().map_err(archive)?;
    Ok(report)
}

fn meta(layer: &Layer) -> Meta {
    Meta {
        min_zoom: layer.minzoom,
        max_zoom: layer.maxzoom,
        bounds_deg: layer.bbox,
        metadata: json!({
            "name": layer.title.ja,
            "description": layer.title.en,
            "attribution": layer.attribution.ja,
            "type": "overlay",
            "vector_layers": [{
                "id": layer.id,
                "minzoom": layer.minzoom,
                "maxzoom": layer.maxzoom,
                "fields": field_types(&layer.fields),
            }],
        }),
    }
}

/// Fields with their types, as the metadata of an archive names them.
#[must_use]
pub fn field_types(fields: &[Field]) -> Map<String, Value> {
    let kind = |kind| match kind {
        FieldType::Bool => "Boolean",
        FieldType::Int | FieldType::Float => "Number",
        FieldType::Text => "String",
    };
    fields.iter().map(|field| (field.name.clone(), kind(field.kind).into())).collect()
}

/// West, south, east, north of all features; `None` without any position.
#[must_use]
pub fn bounds(table: &FeatureTable) -> Option<[f64; 4]> {
    let mut bounds: Option<[f64; 4]> = None;
    for feature in &table.features {
        visit(&feature.geometry, &mut |position| {
            let [west, south, east, north] =
                bounds.unwrap_or([position.x, position.y, position.x, position.y]);
            bounds = Some([
                west.min(position.x),
                south.min(position.y),
                east.max(position.x),
                north.max(position.y),
            ]);
        });
    }
    bounds
}

fn visit(geometry: &Geometry<f64>, see: &mut impl FnMut(Coord<f64>)) {
    match geometry {
        Geometry::Point(point) => see(point.0),
        Geometry::MultiPoint(points) => points.iter().for_each(|point| see(point.0)),
        Geometry::LineString(line) => line.coords().for_each(|position| see(*position)),
        Geometry::MultiLineString(lines) => {
            lines.iter().flat_map(LineString::coords).for_each(|position| see(*position));
        }
        Geometry::Polygon(polygon) => {
            polygon.exterior().coords().for_each(|position| see(*position));
        }
        Geometry::MultiPolygon(polygons) => {
            let rings = polygons.iter().flat_map(|polygon| polygon.exterior().coords());
            rings.for_each(|position| see(*position));
        }
        // Readers give none of the other kinds.
        _ => {}
    }
}

/// A cell of a table that people open in a spreadsheet: quoted where it must be, and never taken
/// for a formula.
#[must_use]
pub fn csv_cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_breaks_its_row() {
        let told = ["plain", "=1+1", "-3", "a,b", "say \"it\"", "two\nlines"].map(csv_cell);
        let expected = ["plain", "'=1+1", "'-3", "\"a,b\"", "\"say \"\"it\"\"\"", "\"two\nlines\""];
        assert_eq!(told, expected);
    }
}
