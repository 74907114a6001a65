//! River gauges of the kind 危機管理型水位計, and the levels that they report during the event.

use jiff::SignedDuration;
use jiff::tz::{Offset, TimeZone};

use super::SampleError;
use super::municipalities::Areas;
use super::names::Names;
use super::noise::{Stream, ramp};
use super::rain::Event;
use super::relief::Land;
use super::rivers::{PITCH_M, River};
use super::settings::Plan;
use super::terrain::Terrain;

/// Where on which river a gauge stands: number of the river, share of its length from the head.
const SITES: [(usize, f64); 12] = [
    (1, 0.32),
    (1, 0.52),
    (1, 0.71),
    (1, 0.93),
    (2, 0.55),
    (2, 0.93),
    (3, 0.50),
    (3, 0.92),
    (4, 0.85),
    (5, 0.80),
    (6, 0.85),
    (7, 0.80),
];
/// Gauges without a danger level, as 8 of the 70 real ones.
const WITHOUT_WARNING: [usize; 2] = [4, 10];
/// Codes begin here; no real one begins with 9.
const FIRST_CODE: usize = 9_000_000_001;
/// Minutes between two reports, and hours of the event around the reference time.
const EVERY_MIN: i64 = 10;
const FROM_H: i64 = -6;
const TO_H: i64 = 18;
/// Runoff at which a river fills its bed, mm/h over the basin.
const BANKFULL_MM_H: f64 = 42.0;

/// One gauge.
#[derive(Clone, Debug)]
pub(super) struct Gauge {
    pub(super) code: usize,
    pub(super) name: String,
    pub(super) town_code: String,
    pub(super) city: String,
    /// Place, `[east, south]` of the north-west corner.
    pub(super) at: [f64; 2],
    pub(super) start_level_m: f64,
    pub(super) warn_level_m: Option<f64>,
    pub(super) flood_level_m: f64,
    bed_m: f64,
    basin_km2: f64,
    /// Middle of its basin.
    middle: [f64; 2],
    /// How much less water than usual its bed holds.
    narrow: f64,
}

/// One report.
pub(super) struct Reading {
    pub(super) code: usize,
    pub(super) time: String,
    pub(super) level_m: f64,
    pub(super) over: u32,
}

/// What gauges are made of.
pub(super) struct Ground<'a> {
    pub(super) plan: &'a Plan,
    pub(super) names: &'a Names,
    pub(super) land: &'a Land,
    pub(super) rivers: &'a [River],
    pub(super) areas: &'a Areas,
    pub(super) terrain: &'a Terrain,
}

fn centimetres(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

pub(super) fn gauges(ground: &Ground<'_>) -> Vec<Gauge> {
    let Ground { plan, names, land, rivers, areas, terrain } = *ground;
    let stream = Stream::new(plan.seed, "gauges");
    let cell_m2 = land.cell_m * land.cell_m;
    let east = land.routing.accumulate(|at| land.centre(at)[0] * cell_m2);
    let south = land.routing.accumulate(|at| land.centre(at)[1] * cell_m2);
    let mut gauges = Vec::new();
    for (index, (number, share)) in SITES.into_iter().enumerate() {
        // A seed may make fewer rivers than there are sites.
        let Some(river) = rivers.get(number - 1) else { continue };
        let point = super::noise::cell(share * river.line.len() as f64, river.line.len());
        let at = river.line[point];
        let Some(area) = areas.at(at) else { continue };
        let basin_km2 = river.basin_km2[point];
        let source = land.nearest_basin(at, 1e6 * basin_km2);
        let middle = [east[source], south[source]].map(|sum| sum / land.basin_m2[source]);
        let bed_m = terrain.height_m(at).max(river.bed_m[point]);
        let depth = (1.6 + 0.35 * basin_km2.sqrt()).min(5.0);
        let serial = i64::from(super::drainage::short(index));
        let level = |fraction: f64| centimetres(bed_m + fraction * depth);
        gauges.push(Gauge {
            code: FIRST_CODE + index,
            name: name(names, river, (point, index)),
            town_code: names.municipality[area].code.clone(),
            city: format!("{}{}", names.prefecture(), names.municipality(area)),
            at,
            start_level_m: level(0.4),
            warn_level_m: (!WITHOUT_WARNING.contains(&index)).then(|| level(0.72)),
            flood_level_m: level(1.0),
            bed_m,
            basin_km2,
            middle,
            narrow: 0.3 + 1.1 * stream.unit(serial, 0),
        });
    }
    gauges
}

/// `<river><kilometres from the mouth>k<bridge>`, in full width as on the real ones.
fn name(names: &Names, river: &River, (point, index): (usize, usize)) -> String {
    let km = (river.line.len() - 1 - point) as f64 * PITCH_M / 1_000.0;
    let wide: String = format!("{km:.1}")
        .chars()
        .filter_map(|digit| char::from_u32(u32::from(digit) + 0xFEE0))
        .collect();
    let (river, _) = names.river(river.number);
    let bridges = &names.gauges.bridges;
    let bridge = &bridges[index % bridges.len()];
    names.marked(&format!("{river}{wide}{}{river}{bridge}", names.gauges.kilometre))
}

/// The table in the columns of the real one.
pub(super) fn table(plan: &Plan, gauges: &[Gauge]) -> Result<String, SampleError> {
    let mut text =
        String::from("code,name,town_code,city,lat,lon,start_level,warn_level,flood_level\n");
    for gauge in gauges {
        let [lon, lat] = plan.lon_lat(gauge.at)?;
        let warn = gauge.warn_level_m.map_or_else(String::new, |level| level.to_string());
        let row = [
            gauge.code.to_string(),
            gauge.name.clone(),
            gauge.town_code.clone(),
            gauge.city.clone(),
            format!("{lat:.6}"),
            format!("{lon:.6}"),
            gauge.start_level_m.to_string(),
            warn,
            gauge.flood_level_m.to_string(),
        ];
        text.push_str(&row.join(","));
        text.push('\n');
    }
    Ok(text)
}

impl Gauge {
    /// 1 at the start level, 11 at the danger level, 111 where the river leaves its bed.
    pub(super) fn over(&self, level_m: f64) -> Option<u32> {
        if self.flood_level_m <= level_m {
            Some(111)
        } else if self.warn_level_m.is_some_and(|warn| warn <= level_m) {
            Some(11)
        } else {
            (self.start_level_m <= level_m).then_some(1)
        }
    }

    /// Reports at and above the start level, every ten minutes: rain at the middle of the basin,
    /// through two linear reservoirs, to a depth by a power of the discharge.
    fn readings(&self, plan: &Plan, event: &Event) -> Result<Vec<Reading>, SampleError> {
        let middle = plan.lon_lat(self.middle)?;
        let step_h = EVERY_MIN as f64 / 60.0;
        // Lag of a basin, hours: minutes for a gully, four hours for the whole.
        let lag_h = 0.35 * self.basin_km2.powf(0.4);
        let keep = (-step_h / (0.5 * lag_h)).exp();
        let (mut fallen, mut first, mut second) = (0.0, 0.3, 0.3);
        let mut readings = Vec::new();
        for minute in (FROM_H * 60..=TO_H * 60).step_by(10) {
            let hours = minute as f64 / 60.0;
            let rain = event.rain_mm_h(hours - 0.5 * step_h, middle);
            fallen += rain * step_h;
            let runoff = 0.3 + rain * (0.25 + 0.55 * ramp(0.0, 120.0, fallen));
            first = keep * first + (1.0 - keep) * runoff;
            second = keep * second + (1.0 - keep) * first;
            let depth = self.flood_level_m - self.bed_m;
            let filled = (second * self.narrow / BANKFULL_MM_H).powf(0.6);
            let level_m = centimetres(self.bed_m + depth * filled);
            if let Some(over) = self.over(level_m) {
                readings.push(Reading { code: self.code, time: jst(plan, minute)?, level_m, over });
            }
        }
        Ok(readings)
    }
}

pub(super) fn jst(plan: &Plan, minute: i64) -> Result<String, SampleError> {
    let time = plan.reference_time;
    let at = time
        .checked_add(SignedDuration::from_mins(minute))
        .ok()
        .ok_or(SampleError::ReferenceTime { time })?;
    let zoned = at.to_zoned(TimeZone::fixed(Offset::constant(9)));
    Ok(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// All reports of all gauges.
pub(super) fn readings(
    plan: &Plan,
    event: &Event,
    gauges: &[Gauge],
) -> Result<Vec<Reading>, SampleError> {
    let mut all = Vec::new();
    for gauge in gauges {
        all.extend(gauge.readings(plan, event)?);
    }
    Ok(all)
}

/// The reports in the columns of the real file.
pub(super) fn series(readings: &[Reading]) -> String {
    let mut text = String::from("code,obs_time,level,over,point,qt\n");
    for Reading { code, time, level_m, over } in readings {
        text.push_str(
            &[code.to_string(), time.clone(), level_m.to_string(), over.to_string()].join(","),
        );
        text.push_str(",1,\n");
    }
    text
}
