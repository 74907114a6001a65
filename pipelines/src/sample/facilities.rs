//! Facilities that a flood can reach: for people who need care, schools, hospitals, underpasses and
//! bridges. They stand on the plain near rivers.

use serde_json::{Value, json};

use super::SampleError;
use super::features::{collection, feature};
use super::gauges::Ground;
use super::noise::{Stream, cell};
use super::rivers::distance;
use super::shelters::over_river;

/// Kind of the facilities that stand on rivers.
const BRIDGE: &str = "bridge";
/// Least distance between two, metres, and the candidates that are looked at.
const APART_M: f64 = 220.0;
const CANDIDATES: i64 = 40_000;
/// Where they stand: distance from a river, height over its bed, slope.
const FROM_RIVER_M: std::ops::Range<f64> = 60.0..1_200.0;
const OVER_RIVER_M: std::ops::Range<f64> = 1.0..7.5;
const STEEPEST: f64 = 0.04;
/// Height of the underside of a bridge over the ground of its banks, metres.
const SOFFIT_M: f64 = 0.6;

/// Places on low ground, the first draws first.
fn sites(ground: &Ground<'_>, count: usize) -> Vec<[f64; 2]> {
    let stream = Stream::new(ground.plan.seed, "facilities");
    let mut sites: Vec<[f64; 2]> = Vec::new();
    for candidate in 0..CANDIDATES {
        if sites.len() == count {
            break;
        }
        let at = [0, 1].map(|axis| stream.unit(candidate, axis) * ground.plan.extent_m);
        let is_low = || {
            let (over_m, from_m) = over_river(ground, at);
            FROM_RIVER_M.contains(&from_m) && OVER_RIVER_M.contains(&over_m)
        };
        let is_apart = || sites.iter().all(|other| APART_M < distance(*other, at));
        if ground.land.slope(at) < STEEPEST && is_apart() && is_low() {
            sites.push(at);
        }
    }
    sites
}

/// Places on rivers with a height for the underside: at two shares of each of the larger rivers.
fn bridges(ground: &Ground<'_>, count: usize) -> Vec<([f64; 2], f64)> {
    let shares = [0.82, 0.45];
    let places = shares.iter().flat_map(|share| {
        ground.rivers.iter().map(move |river| {
            let point = cell(share * river.line.len() as f64, river.line.len());
            let banks = river.banks(point).map(|bank| ground.terrain.height_m(bank));
            (river.line[point], banks[0].max(banks[1]) + SOFFIT_M)
        })
    });
    places.take(count).collect()
}

pub(super) fn facilities(ground: &Ground<'_>) -> Result<String, SampleError> {
    let names = ground.names;
    let on_land: usize =
        names.facility.iter().filter(|group| group.kind != BRIDGE).map(|group| group.count).sum();
    let mut low = sites(ground, on_land).into_iter().map(|at| (at, None));
    let mut features = Vec::new();
    for group in &names.facility {
        let places: Vec<([f64; 2], Option<f64>)> = if group.kind == BRIDGE {
            let crossings = bridges(ground, group.count).into_iter();
            crossings.map(|(at, soffit_m)| (at, Some(soffit_m))).collect()
        } else {
            low.by_ref().take(group.count).collect()
        };
        for (serial, (at, soffit_m)) in places.into_iter().enumerate() {
            let Some(area) = ground.areas.at(at) else { continue };
            let municipality = &names.municipality[area];
            let place = &municipality.places[serial % municipality.places.len()];
            let what = &group.names[serial % group.names.len()];
            let centimetres = |metres: f64| (metres * 100.0).round() / 100.0;
            let properties = json!({
                "id": format!("facility-{:03}", features.len() + 1),
                "name": names.marked(&format!("{place}{what}")),
                "kind": group.kind,
                "municipality": municipality.code,
                "city": names.municipality(area),
                "soffit_m": soffit_m.map_or(Value::Null, |metres| centimetres(metres).into()),
            });
            let geometry = json!({ "type": "Point", "coordinates": ground.plan.lon_lat(at)? });
            features.push(feature(&geometry, &properties));
        }
    }
    Ok(collection(&features))
}
