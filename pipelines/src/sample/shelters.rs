//! Places to flee to, in the keys of 国土地理院 指定緊急避難場所データ.

use serde_json::{Map, Value, json};

use super::SampleError;
use super::features::{collection, feature};
use super::gauges::Ground;
use super::noise::Stream;
use super::rivers::distance;

/// Number of shelters, and the least distance between two, metres.
const COUNT: usize = 60;
const APART_M: f64 = 450.0;
/// Candidates that are looked at; a few hundred are enough for most seeds.
const CANDIDATES: i64 = 20_000;
/// Steepest ground that a school stands on, m/m, and the most beside a safe one.
const STEEPEST: f64 = 0.07;
const SAFE_SLOPE: f64 = 0.18;
/// Height over the river beyond which a place is designated for floods, metres.
const DRY_M: f64 = 6.0;

struct Site {
    at: [f64; 2],
    area: usize,
    dry: bool,
    firm: bool,
}

fn sites(ground: &Ground<'_>) -> Vec<Site> {
    let stream = Stream::new(ground.plan.seed, "shelters");
    let land = ground.land;
    let mut sites: Vec<Site> = Vec::new();
    for candidate in 0..CANDIDATES {
        if sites.len() == COUNT {
            break;
        }
        let at = [0, 1].map(|axis| {
            let margin = 150.0;
            margin + stream.unit(candidate, axis) * (ground.plan.extent_m - 2.0 * margin)
        });
        let near = |reach: f64| {
            let around = [[0.0, 0.0], [reach, 0.0], [-reach, 0.0], [0.0, reach], [0.0, -reach]];
            around
                .map(|[dx, dy]| land.slope([at[0] + dx, at[1] + dy]))
                .into_iter()
                .fold(0.0, f64::max)
        };
        let crowded = sites.iter().any(|other| distance(other.at, at) < APART_M);
        let (over_river_m, from_river_m) = over_river(ground, at);
        if crowded || STEEPEST < near(40.0) || from_river_m < 90.0 {
            continue;
        }
        let Some(area) = ground.areas.at(at) else { continue };
        sites.push(Site { at, area, dry: DRY_M <= over_river_m, firm: near(200.0) < SAFE_SLOPE });
    }
    sites
}

/// Height over the nearest river's bed, and distance from it.
pub(super) fn over_river(ground: &Ground<'_>, at: [f64; 2]) -> (f64, f64) {
    let mut nearest = (f64::INFINITY, 0.0);
    for river in ground.rivers {
        for (point, place) in river.line.iter().enumerate().step_by(5) {
            let away = distance(*place, at);
            if away < nearest.0 {
                nearest = (away, river.bed_m[point]);
            }
        }
    }
    (ground.terrain.height_m(at) - nearest.1, nearest.0)
}

pub(super) fn shelters(ground: &Ground<'_>) -> Result<String, SampleError> {
    let names = ground.names;
    let keys = &names.shelters.keys;
    let prefecture = names.prefecture();
    let mut counts = vec![0_usize; names.municipality.len()];
    let mut features = Vec::new();
    for (index, site) in sites(ground).into_iter().enumerate() {
        let serial = counts[site.area];
        counts[site.area] += 1;
        let municipality = &names.municipality[site.area];
        let place = &municipality.places[serial % municipality.places.len()];
        let facilities = &names.shelters.facilities;
        // Each place gets each kind of facility once before any comes again.
        let round = serial / municipality.places.len();
        let facility = &facilities[(serial + round) % facilities.len()];
        let flag = |holds: bool| Value::from(if holds { "1" } else { "" });
        let city = format!("{prefecture}{}", names.municipality(site.area));
        let village = &names.shelters.village;
        let mut record = Map::new();
        let mut put = |key: &str, value: Value| record.insert(key.to_owned(), value);
        put(&keys.number, json!(index + 1));
        put(&keys.id, json!(format!("E{}{:05}201", municipality.code, serial + 1)));
        put(&keys.municipality, json!(city));
        put(&keys.name, json!(names.marked(&format!("{place}{facility}"))));
        put(&keys.address, json!(format!("{city}{village}{place}{}", 100 + 37 * serial)));
        put(&keys.flood, flag(site.dry));
        put(&keys.landslide, flag(site.firm));
        put(&keys.storm_surge, flag(false));
        put(&keys.earthquake, flag(true));
        put(&keys.tsunami, flag(false));
        put(&keys.fire, flag(names.shelters.open_spaces.contains(facility)));
        put(&keys.inland_flood, flag(site.dry));
        put(&keys.volcano, flag(false));
        put(&keys.same_address, flag(serial.is_multiple_of(3)));
        put(&keys.remark, flag(false));
        let geometry = json!({ "type": "Point", "coordinates": ground.plan.lon_lat(site.at)? });
        features.push(feature(&geometry, &Value::Object(record)));
    }
    Ok(collection(&features))
}
