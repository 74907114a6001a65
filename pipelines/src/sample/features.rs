//! Rivers, banks, municipalities as `GeoJSON`.

use serde_json::{Map, Value, json};

use super::SampleError;
use super::municipalities::Areas;
use super::names::Names;
use super::rivers::{PITCH_M, River, distance};
use super::settings::Plan;
use super::terrain::Terrain;

/// Length of a bank's piece, metres.
const REACH_M: f64 = 200.0;
/// Half the width over which the crest is looked for across the bank, metres.
const CREST_REACH_M: f64 = 12.0;

/// A feature collection; keys in the order given.
pub(super) fn collection(features: &[Value]) -> String {
    let mut text = String::from("{\"type\":\"FeatureCollection\",\"features\":[\n");
    let lines: Vec<String> = features.iter().map(Value::to_string).collect();
    text.push_str(&lines.join(",\n"));
    text.push_str("\n]}\n");
    text
}

pub(super) fn feature(geometry: &Value, properties: &Value) -> Value {
    json!({ "type": "Feature", "geometry": geometry, "properties": properties })
}

fn line(plan: &Plan, points: impl Iterator<Item = [f64; 2]>) -> Result<Value, SampleError> {
    let points: Vec<[f64; 2]> = points.map(|at| plan.lon_lat(at)).collect::<Result<_, _>>()?;
    Ok(json!({ "type": "LineString", "coordinates": points }))
}

pub(super) fn river_id(number: usize) -> String {
    format!("river-{number:02}")
}

fn centimetres(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Lines from head to mouth.
pub(super) fn rivers(plan: &Plan, names: &Names, rivers: &[River]) -> Result<String, SampleError> {
    let mut features = Vec::new();
    for river in rivers {
        let (name, name_en) = names.river(river.number);
        let widths: f64 = (0..river.line.len()).map(|point| river.width_at(point)).sum();
        let joins = if river.joins == 0 { Value::Null } else { river_id(river.joins).into() };
        let properties = json!({
            "id": river_id(river.number),
            "name": names.marked(&name),
            "name_en": format!("{name_en} (fictional)"),
            "order": river.rank,
            "joins": joins,
            "width_m": centimetres(widths / river.line.len() as f64),
            "length_m": river.length_m().round(),
        });
        let last = river.line.len() - 1;
        let points = (0..=last).filter(|point| point % 3 == 0 || *point == last);
        let geometry = line(plan, points.map(|point| river.line[point]))?;
        features.push(feature(&geometry, &properties));
    }
    Ok(collection(&features))
}

/// Both banks of every river in pieces of 200 m, with the mean height of their crest.
pub(super) fn banks(
    plan: &Plan,
    names: &Names,
    rivers: &[River],
    terrain: &Terrain,
) -> Result<String, SampleError> {
    let mut features = Vec::new();
    let stride = super::noise::cell(REACH_M / PITCH_M, 1_000);
    for river in rivers {
        let name = names.marked(&names.river(river.number).0);
        let last = river.line.len() - 1;
        for (side, letter) in [("left", 'l'), ("right", 'r')].into_iter().enumerate() {
            for (piece, start) in (0..last).step_by(stride).enumerate() {
                let points = start..=(start + stride).min(last);
                let crests: Vec<f64> =
                    points.clone().map(|point| crest_m(terrain, river, point, side)).collect();
                let levee = river.levee_m[start].is_some();
                let properties = json!({
                    "id": format!("bank-{:02}-{}-{piece:03}", river.number, letter.1),
                    "river": river_id(river.number),
                    "name": name,
                    "side": letter.0,
                    "from_mouth_m": (last - start) as f64 * PITCH_M,
                    "crest_m": centimetres(crests.iter().sum::<f64>() / crests.len() as f64),
                    "levee": levee,
                });
                let within = |at: &[f64; 2]| at.map(|metres| metres.clamp(0.0, plan.extent_m));
                let geometry = line(plan, points.map(|point| within(&river.banks(point)[side])))?;
                features.push(feature(&geometry, &properties));
            }
        }
    }
    Ok(collection(&features))
}

/// The highest ground across the bank.
fn crest_m(terrain: &Terrain, river: &River, point: usize, side: usize) -> f64 {
    let bank = river.banks(point)[side];
    let middle = river.line[point];
    let length = distance(bank, middle).max(1e-9);
    let across = [0, 1].map(|axis| (bank[axis] - middle[axis]) / length);
    let crest =
        |offset: f64| terrain.height_m([0, 1].map(|axis| bank[axis] + across[axis] * offset));
    [-1.0, -0.5, 0.0, 0.5, 1.0]
        .map(|share| crest(share * CREST_REACH_M))
        .into_iter()
        .fold(f64::MIN, f64::max)
}

/// Polygons that share every border, outer ring counter-clockwise, keys as in N03.
pub(super) fn municipalities(
    plan: &Plan,
    names: &Names,
    areas: &Areas,
) -> Result<String, SampleError> {
    let mut features = Vec::new();
    for (index, ring) in areas.rings.iter().enumerate() {
        // Clockwise as given.
        let mut points: Vec<[f64; 2]> =
            ring.iter().rev().map(|at| plan.lon_lat(*at)).collect::<Result<_, _>>()?;
        points.push(points[0]);
        let mut properties = Map::new();
        properties.insert("N03_001".to_owned(), names.marked(names.prefecture()).into());
        properties.insert("N03_002".to_owned(), Value::Null);
        properties.insert("N03_003".to_owned(), Value::Null);
        properties.insert("N03_004".to_owned(), names.municipality(index).into());
        properties.insert("N03_007".to_owned(), names.municipality[index].code.clone().into());
        let geometry = json!({ "type": "Polygon", "coordinates": [points] });
        features.push(feature(&geometry, &Value::Object(properties)));
    }
    Ok(collection(&features))
}
