//! How sure the extent is: where the low, the middle and the high case flood.

use std::path::Path;

use geo_types::Geometry;
use jomo_core::feature::{Code, Feature, Field, FieldType, Value};
use jomo_core::layer::{Layer, LegendEntry, Symbol};
use jomo_coverage::polygonise;
use jomo_words::both;
use serde_json::json;

use super::hits::{CASE_COLORS, Cases};
use super::layers::{Issue, Look};
use crate::failure::{Exit, Failure};
use crate::flood_layers::{Corners, LayersError, SHOWN_FROM_M};

/// Id of the layer.
pub(super) const BAND: &str = "flood_band";
const ZOOMS: std::ops::RangeInclusive<u8> = 6..=14;

/// Class of each cell: 3 where even the low case floods, 2 the middle, 1 the high alone, 0 none.
fn classes(cases: &Cases) -> Vec<u8> {
    let [low, middle, high] = &cases.depth_m;
    let is_wet = |depth: f32| SHOWN_FROM_M <= f64::from(depth);
    let cells = low.values().iter().zip(middle.values()).zip(high.values());
    cells
        .map(|((low, middle), high)| match () {
            () if is_wet(*low) => 3,
            () if is_wet(*middle) => 2,
            () if is_wet(*high) => 1,
            () => 0,
        })
        .collect()
}

/// The layer of the band.
pub(super) fn put(issue: &Issue<'_>, stage: &Path, cases: &Cases) -> Result<Layer, Failure> {
    let grid = &cases.depth_m[0];
    let corners = Corners::new(grid.shape(), grid.placement())
        .map_err(|fault| Failure::new(Exit::Input, LayersError::Place(fault)))?;
    let polygons = polygonise(grid.shape(), &classes(cases), |row, column| corners.at(row, column));
    let features = polygons
        .into_iter()
        .map(|(class, polygon)| Feature {
            id: format!("case-{class}"),
            geometry: Geometry::MultiPolygon(polygon),
            values: vec![Some(Value::Int(i64::from(class)))],
        })
        .collect();
    let mut field = Field::new("case", FieldType::Int, both("field-flood-band"));
    let mut color = vec![json!("match"), json!(["get", "case"])];
    let mut legend = Vec::new();
    for (class, css) in (1..).zip(CASE_COLORS) {
        let label = both(&format!("flood-band-{class}"));
        color.extend([json!(class), json!(css)]);
        field.codes.push(Code {
            value: json!(class),
            label: label.clone(),
            color: Some(css.to_owned()),
        });
        legend.insert(0, LegendEntry { label, color: css.to_owned(), symbol: Symbol::Fill });
    }
    color.push(json!(CASE_COLORS[0]));
    let look = Look {
        id: BAND,
        fields: vec![field],
        style: vec![json!({
            "type": "fill",
            "paint": { "fill-color": color, "fill-opacity": 0.45, "fill-antialias": false },
        })],
        legend,
        zooms: ZOOMS,
        hidden: true,
    };
    issue.put(stage, look, features, Vec::new())
}
