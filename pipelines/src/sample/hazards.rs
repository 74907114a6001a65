//! 土砂災害警戒区域 (sediment disaster hazard zones) in the fields of 国土数値情報 A33: at the feet
//! of steep slopes, and fans below small steep valleys.

use serde_json::{Value, json};

use super::SampleError;
use super::drainage::short;
use super::features::{collection, feature};
use super::gauges::Ground;
use super::noise::Stream;
use super::rivers::distance;

/// Zones of each phenomenon, and the least distance between two, metres.
const COUNT: usize = 40;
const APART_M: f64 = 450.0;
/// `A33_001`: 1 steep slope, 2 debris flow. `A33_002`: 1 zone, 2 special zone.
const STEEP: u8 = 1;
const DEBRIS: u8 = 2;
const ZONE: u8 = 1;
const SPECIAL: u8 = 2;
/// A slope of 30 degrees, and the basins of valleys from which debris flows come, m².
const STEEP_SLOPE: f64 = 0.577;
const BASIN_M2: std::ops::Range<f64> = 6e4..6e5;
const VALLEY_SLOPE: std::ops::Range<f64> = 0.06..0.45;
/// Ground flatter than this below them has houses.
const FOOT_SLOPE: f64 = 0.16;
/// Code of the prefecture: none has it.
const PREFECTURE: &str = "99";

/// A zone: where it begins, which way it goes down, length and half widths at both ends, metres.
struct Zone {
    at: [f64; 2],
    down: [f64; 2],
    phenomenon: u8,
    length_m: f64,
    half_m: [f64; 2],
}

impl Zone {
    /// Corners, counter-clockwise seen on a map, for a share of its length.
    fn corners(&self, share: f64) -> [[f64; 2]; 4] {
        let [x, y] = self.at;
        let [east, south] = self.down;
        let end_m = share * self.length_m;
        let wide = self.half_m[0] + share * (self.half_m[1] - self.half_m[0]);
        let place = |along: f64, left: f64| {
            [x + along * east + left * south, y + along * south - left * east]
        };
        [
            place(0.0, self.half_m[0]),
            place(0.0, -self.half_m[0]),
            place(end_m, -wide),
            place(end_m, wide),
        ]
    }
}

/// The direction in which a lattice cell drains, as a unit vector `[east, south]`.
fn down(ground: &Ground<'_>, at: usize) -> Option<[f64; 2]> {
    let land = ground.land;
    let mut to = at;
    // Over several cells: a lattice has eight directions, a slope has all of them.
    for _ in 0..4 {
        to = land.routing.downstream(to)?;
    }
    let (from, to) = (land.centre(at), land.centre(to));
    let length = distance(from, to);
    (0.0 < length).then(|| [0, 1].map(|axis| (to[axis] - from[axis]) / length))
}

fn zones(ground: &Ground<'_>, phenomenon: u8) -> Vec<Zone> {
    let land = ground.land;
    let stream = Stream::new(ground.plan.seed, "hazards");
    let serial = |at: usize| stream.bits(i64::from(short(at)), i64::from(phenomenon));
    let is_head = |at: &usize| {
        let slope = land.slopes[*at];
        if phenomenon == DEBRIS {
            BASIN_M2.contains(&land.basin_m2[*at]) && VALLEY_SLOPE.contains(&slope)
        } else {
            STEEP_SLOPE < slope
        }
    };
    let mut heads: Vec<usize> = (0..land.n * land.n).filter(is_head).collect();
    heads.sort_by_key(|at| serial(*at));
    let mut zones: Vec<Zone> = Vec::new();
    for at in heads {
        if zones.len() == COUNT {
            break;
        }
        let place = land.centre(at);
        let Some(down) = down(ground, at) else { continue };
        let (length_m, half_m) = if phenomenon == DEBRIS {
            (200.0 + 150.0 * stream.unit(i64::from(short(at)), 7), [15.0, 70.0])
        } else {
            (110.0, [60.0, 60.0])
        };
        let foot = [0, 1].map(|axis| place[axis] + length_m * down[axis]);
        let is_inside = |[x, y]: [f64; 2]| {
            let room = 200.0..ground.plan.extent_m - 200.0;
            room.contains(&x) && room.contains(&y)
        };
        let is_apart = zones.iter().all(|other| APART_M < distance(other.at, place));
        if is_apart && is_inside(place) && is_inside(foot) && land.slope(foot) < FOOT_SLOPE {
            zones.push(Zone { at: place, down, phenomenon, length_m, half_m });
        }
    }
    zones
}

pub(super) fn hazard_zones(ground: &Ground<'_>) -> Result<String, SampleError> {
    let names = ground.names;
    let mut features = Vec::new();
    let zones: Vec<Zone> = [STEEP, DEBRIS].into_iter().flat_map(|p| zones(ground, p)).collect();
    for (serial, zone) in zones.iter().enumerate() {
        let Some(area) = ground.areas.at(zone.at) else { continue };
        let municipality = &names.municipality[area];
        let place = &municipality.places[serial % municipality.places.len()];
        let ending =
            if zone.phenomenon == DEBRIS { &names.hazards.valley } else { &names.hazards.slope };
        for (kind, share) in [(ZONE, 1.0), (SPECIAL, 0.4)] {
            // Not every zone has a special one.
            if kind == SPECIAL && serial % 3 == 0 {
                continue;
            }
            let mut ring = zone
                .corners(share)
                .map(|at| ground.plan.lon_lat(at))
                .into_iter()
                .collect::<Result<Vec<_>, _>>()?;
            ring.push(ring[0]);
            let number = format!("{PREFECTURE}-{}-{:03}", zone.phenomenon, serial + 1);
            let properties = json!({
                "id": format!("{number}-{kind}"),
                "A33_001": zone.phenomenon,
                "A33_002": kind,
                "A33_003": PREFECTURE,
                "A33_004": number,
                "A33_005": names.marked(&format!("{place}{ending}{}", serial + 1)),
                "A33_006": format!("{}{place}", names.municipality(area)),
                "A33_007": "2026-03-31",
                "A33_008": Value::from(u8::from(serial % 3 == 0)),
            });
            let geometry = json!({ "type": "Polygon", "coordinates": [ring] });
            features.push(feature(&geometry, &properties));
        }
    }
    Ok(collection(&features))
}
