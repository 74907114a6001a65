//! A dam on the largest tributary, and what it took in and let out during the event.

use std::fmt::Write as _;

use super::SampleError;
use super::gauges::{Ground, jst};
use super::noise::{cell, ramp};
use super::rain::Event;
use super::rivers::River;

/// Number of its river, and share of its length from the head.
const RIVER: usize = 2;
const SHARE: f64 = 0.45;
/// Id; no real one begins with 9.
const ID: &str = "9000001";
/// Minutes from the reference time that the record begins and ends, and between two lines.
const FROM_MIN: i64 = -12 * 60;
const TO_MIN: i64 = 18 * 60;
const EVERY_MIN: usize = 10;
/// Release that harms nobody, m³/s for each km², and the share of more that is let through.
const HARMLESS_M3_S_KM2: f64 = 0.8;
const LET_THROUGH: f64 = 0.4;
/// Area of the lake, m² for each m² of the basin.
const LAKE_SHARE: f64 = 0.012;
/// Height of the spillway's crest over the normal level, and its length, m.
const CREST_OVER_M: f64 = 10.0;
const CREST_M: f64 = 60.0;

/// The table of dams and the record of releases: two files.
pub(super) fn files(
    ground: &Ground<'_>,
    event: &Event,
) -> Result<[(&'static str, String); 2], SampleError> {
    let mut table = String::from(
        "id,name,river,lat,lon,basin_km2,normal_level_m,lake_km2,crest_level_m,crest_length_m,\
         flood_m3_s,release_share\n",
    );
    let mut record = String::from("id,time,inflow_m3_s,outflow_m3_s,level_m\n");
    if let Some(river) = ground.rivers.get(RIVER - 1) {
        let point = cell(SHARE * river.line.len() as f64, river.line.len());
        let [lon, lat] = ground.plan.lon_lat(river.line[point])?;
        let name = ground.names.marked(&ground.names.dam.name);
        let basin_km2 = river.basin_km2[point];
        let level_m = normal_level_m(river, point);
        let (lake_km2, crest_m) = (LAKE_SHARE * basin_km2, level_m + CREST_OVER_M);
        let flood_m3_s = HARMLESS_M3_S_KM2 * basin_km2;
        // Writing to a string does not fail.
        let _ = writeln!(
            table,
            "{ID},{name},river-{RIVER:02},{lat:.6},{lon:.6},{basin_km2:.2},{level_m:.2},\
             {lake_km2:.3},{crest_m:.2},{CREST_M},{flood_m3_s:.1},{LET_THROUGH}"
        );
        releases(ground, event, (river, point), &mut record)?;
    }
    Ok([("dam.csv", table), ("dam_release.csv", record)])
}

fn normal_level_m(river: &River, point: usize) -> f64 {
    river.bed_m[point] + 25.0
}

/// Rain at the middle of the basin through two linear reservoirs, as behind the gauges; the lake
/// takes in what is over the harmless release, and gives it back afterwards.
fn releases(
    ground: &Ground<'_>,
    event: &Event,
    (river, point): (&River, usize),
    record: &mut String,
) -> Result<(), SampleError> {
    let (plan, land) = (ground.plan, ground.land);
    let basin_km2 = river.basin_km2[point];
    let source = land.nearest_basin(river.line[point], 1e6 * basin_km2);
    let cell_m2 = land.cell_m * land.cell_m;
    let middle = [0, 1].map(|axis| {
        let sums = land.routing.accumulate(|at| land.centre(at)[axis] * cell_m2);
        sums[source] / land.basin_m2[source]
    });
    let middle = plan.lon_lat(middle)?;
    let step_s = 60.0 * EVERY_MIN as f64;
    let keep = (-step_s / 3_600.0 / (0.175 * basin_km2.powf(0.4))).exp();
    let harmless = HARMLESS_M3_S_KM2 * basin_km2;
    let (mut fallen, mut first, mut second, mut stored_m3) = (0.0, 0.3, 0.3, 0.0_f64);
    for minute in (FROM_MIN..=TO_MIN).step_by(EVERY_MIN) {
        let rain = event.rain_mm_h((minute as f64 - 5.0) / 60.0, middle);
        fallen += rain * step_s / 3_600.0;
        let runoff = 0.3 + rain * (0.25 + 0.55 * ramp(0.0, 120.0, fallen));
        first = keep * first + (1.0 - keep) * runoff;
        second = keep * second + (1.0 - keep) * first;
        let inflow = plan.flood.runoff_share * second * basin_km2 / 3.6;
        let wanted = if harmless < inflow {
            harmless + LET_THROUGH * (inflow - harmless)
        } else if 0.0 < stored_m3 {
            harmless
        } else {
            inflow
        };
        let outflow = wanted.min(inflow + stored_m3 / step_s);
        stored_m3 += step_s * (inflow - outflow);
        let level_m = normal_level_m(river, point) + stored_m3 / (1e6 * LAKE_SHARE * basin_km2);
        let time = jst(plan, minute)?;
        let _ = writeln!(record, "{ID},{time},{inflow:.1},{outflow:.1},{level_m:.2}");
    }
    Ok(())
}
