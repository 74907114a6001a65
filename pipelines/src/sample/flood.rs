//! The flood (架空): a case for `jomo flood simulate` on the lower flood plain. The band of rain
//! fills the rivers; the main stem leaves its levees.

use std::fmt::Write as _;

use jomo_core::grid::{Grid, Placement};
use jomo_format::geotiff::{self, Meaning};

use super::SampleError;
use super::features::river_id;
use super::folder::Folder;
use super::gauges::{Gauge, Ground};
use super::noise::{cell, ramp};
use super::rain::Event;
use super::rivers::{LEVEE_SETBACK_M, River, distance};

/// Seconds between two values of a series, and hours of rain before the start that still count.
const EVERY_S: u32 = 600;
const WARM_UP_H: f64 = 9.0;
/// Depth of the water in the beds at the start, m: main stem and others.
const LOW_WATER_M: [f64; 2] = [1.2, 0.3];
/// Basin below which a tributary brings no water of its own, km².
const LEAST_BASIN_KM2: f64 = 2.0;
/// No-data of the terrain outside the plain.
const OUTSIDE: f32 = -9_999.0;

/// The domain: a window of the terrain, without the slopes around the plain.
struct Plain {
    bed_m: Grid<f32>,
    /// Outer north-west corner, `[east, south]` of the region's.
    corner_m: [f64; 2],
}

/// Writes the case and what it names into `flood/`.
pub(super) fn put(
    folder: &mut Folder,
    ground: &Ground<'_>,
    event: &Event,
    gauges: &[Gauge],
) -> Result<(), SampleError> {
    let plain = plain(ground)?;
    let meaning = Meaning { no_data: Some(f64::from(OUTSIDE)), ..Meaning::default() };
    folder.put("flood/dem.tif", &geotiff::write(&plain.bed_m, &meaning)?)?;
    let start = low_water(ground, &plain)?;
    folder.put("flood/depth_start.tif", &geotiff::write(&start, &Meaning::default())?)?;
    let rain = |hours: f64, at: [f64; 2]| -> Result<f64, SampleError> {
        Ok(event.rain_mm_h(hours, ground.plan.lon_lat(at)?))
    };
    let middle = {
        let [west, north, east, south] = ground.plan.flood.window_km;
        [500.0 * (west + east), 500.0 * (north + south)]
    };
    folder.put("flood/rain.csv", series(ground, |hours| rain(hours, middle))?.as_bytes())?;
    let mut inflows = Vec::new();
    for river in ground.rivers {
        let Some(point) = entry(river, &plain) else { continue };
        if river.basin_km2[point] < LEAST_BASIN_KM2 {
            continue;
        }
        let flow = discharge(ground, river, point, &rain)?;
        let name = format!("{}.csv", river_id(river.number));
        folder.put(&format!("flood/{name}"), flow.as_bytes())?;
        inflows.push((river, point, name));
    }
    folder.put("flood/CASE.toml", case(ground, &plain, &inflows, gauges).as_bytes())
}

/// Cuts the window; what rises out of the plain is outside.
fn plain(ground: &Ground<'_>) -> Result<Plain, SampleError> {
    let Ground { plan, terrain, rivers, .. } = *ground;
    let size = plan.cell_size_m;
    let [west, north, east, south] = plan.flood.window_km.map(|km| 1_000.0 * km);
    let count = |length: f64| cell(length / size + 0.5, usize::MAX);
    let [rows, columns] = [count(south - north), count(east - west)];
    let stem = &rivers[0];
    let mut bed_m = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        for column in 0..columns {
            let at = [west + (column as f64 + 0.5) * size, north + (row as f64 + 0.5) * size];
            let height = terrain.height_m(at);
            let limit = stem.bed_m[nearest(stem, at, 16)] + plan.flood.above_bed_m;
            bed_m.push(if height < limit { narrowed(height) } else { OUTSIDE });
        }
    }
    let [left, top] = plan.north_west_m();
    let placement =
        Placement { zone: plan.zone, origin_m: [left + west, top - north], cell_size_m: size };
    Ok(Plain { bed_m: Grid::new([rows, columns], placement, bed_m)?, corner_m: [west, north] })
}

impl Plain {
    /// Row and column of a place; `None` outside.
    fn cell_of(&self, [x, y]: [f64; 2]) -> Option<[usize; 2]> {
        let size = self.bed_m.placement().cell_size_m;
        let [rows, columns] = self.bed_m.shape();
        let [east, south] = [x - self.corner_m[0], y - self.corner_m[1]];
        let end = [columns as f64 * size, rows as f64 * size];
        if !(0.0 <= east && east < end[0] && 0.0 <= south && south < end[1]) {
            return None;
        }
        let [row, column] = [cell(south / size, rows), cell(east / size, columns)];
        let bed = self.bed_m.at(row, column)?;
        (OUTSIDE < bed).then_some([row, column])
    }
}

/// The point of a river nearest to a place: among every `stride`th, then around the best of those.
fn nearest(river: &River, at: [f64; 2], stride: usize) -> usize {
    let best = |points: &mut dyn Iterator<Item = usize>| {
        let from = |point: &usize| distance(river.line[*point], at);
        points.min_by(|a, b| from(a).total_cmp(&from(b))).unwrap_or_default()
    };
    let last = river.line.len() - 1;
    let coarse = best(&mut (0..=last).step_by(stride));
    best(&mut (coarse.saturating_sub(stride)..=(coarse + stride).min(last)))
}

/// The first point of a river in the domain.
fn entry(river: &River, plain: &Plain) -> Option<usize> {
    (0..river.line.len()).find(|point| plain.cell_of(river.line[*point]).is_some())
}

/// Water that stands in the beds at the start.
fn low_water(ground: &Ground<'_>, plain: &Plain) -> Result<Grid<f32>, SampleError> {
    let [rows, columns] = plain.bed_m.shape();
    let mut depth_m = vec![0.0_f32; rows * columns];
    let size = plain.bed_m.placement().cell_size_m;
    for river in ground.rivers {
        let low = LOW_WATER_M[usize::from(river.rank != 1)];
        for (point, at) in river.line.iter().enumerate() {
            let half = 0.5 * river.width_at(point);
            let reach = cell(half / size, 100);
            let Some([row, column]) = plain.cell_of(*at) else { continue };
            for row in row.saturating_sub(reach)..=(row + reach).min(rows - 1) {
                for column in column.saturating_sub(reach)..=(column + reach).min(columns - 1) {
                    let bed = plain.bed_m.at(row, column).unwrap_or(OUTSIDE);
                    let depth = narrowed(river.bed_m[point] + low) - bed;
                    let slot = &mut depth_m[row * columns + column];
                    if OUTSIDE < bed && 0.05 < depth && *slot <= 0.0 {
                        *slot = depth;
                    }
                }
            }
        }
    }
    Ok(Grid::new([rows, columns], plain.bed_m.placement(), depth_m)?)
}

/// What a river brings, m³/s: rain at the middle of its basin, a part of it running off, through
/// two linear reservoirs, as behind the levels of the gauges.
fn discharge(
    ground: &Ground<'_>,
    river: &River,
    point: usize,
    rain: &impl Fn(f64, [f64; 2]) -> Result<f64, SampleError>,
) -> Result<String, SampleError> {
    let land = ground.land;
    let basin_km2 = river.basin_km2[point];
    let cell_m2 = land.cell_m * land.cell_m;
    let source = land.nearest_basin(river.line[point], 1e6 * basin_km2);
    let middle = [0, 1].map(|axis| {
        let sums = land.routing.accumulate(|at| land.centre(at)[axis] * cell_m2);
        sums[source] / land.basin_m2[source]
    });
    let step_h = f64::from(EVERY_S) / 3_600.0;
    let lag_h = 0.35 * basin_km2.powf(0.4);
    let keep = (-step_h / (0.5 * lag_h)).exp();
    let (mut fallen, mut first, mut second) = (0.0, 0.3, 0.3);
    let mut hours = -WARM_UP_H;
    let mut step = |rain: f64| {
        fallen += rain * step_h;
        let runoff = 0.3 + rain * (0.25 + 0.55 * ramp(0.0, 120.0, fallen));
        first = keep * first + (1.0 - keep) * runoff;
        second = keep * second + (1.0 - keep) * first;
        ground.plan.flood.runoff_share * second * basin_km2 / 3.6
    };
    while hours < -0.5 * step_h {
        step(rain(hours + 0.5 * step_h, middle)?);
        hours += step_h;
    }
    series(ground, |hours| Ok(step(rain(hours - 0.5 * step_h, middle)?)))
}

/// A series over the case: `time_s,value`.
fn series(
    ground: &Ground<'_>,
    mut value: impl FnMut(f64) -> Result<f64, SampleError>,
) -> Result<String, SampleError> {
    let mut text = String::from("time_s,value\n");
    for time_s in (0..=ground.plan.flood.duration_s).step_by(EVERY_S as usize) {
        let value = value(f64::from(time_s) / 3_600.0)?;
        // Writing to a string does not fail.
        let _ = writeln!(text, "{time_s},{value:.3}");
    }
    Ok(text)
}

/// The case in the form of `docs/spec/flood-case.md`.
fn case(
    ground: &Ground<'_>,
    plain: &Plain,
    inflows: &[(&River, usize, String)],
    gauges: &[Gauge],
) -> String {
    let settings = ground.plan;
    let flood = &settings.flood;
    let [left, top] = settings.north_west_m();
    let planar = |[x, y]: [f64; 2]| format!("[{:.1}, {:.1}]", left + x, top - y);
    let mut boundary = String::new();
    let mut sources = String::new();
    for (river, point, name) in inflows {
        let at = river.line[*point];
        if river.rank == 1 {
            // Between the crests of the levees.
            let half = 0.5 * river.width_at(*point) + LEVEE_SETBACK_M;
            let [from, to] = [-half, half].map(|away| at[1] - plain.corner_m[1] + away);
            let _ = writeln!(
                boundary,
                "west = {{ kind = \"discharge\", series = \"{name}\", from = {from:.1}, to = {to:.1} }}"
            );
        } else {
            let _ = writeln!(sources, "[[source]]\nat = {}\nseries = \"{name}\"", planar(at));
        }
    }
    let gauges: Vec<String> = gauges
        .iter()
        .filter(|gauge| plain.cell_of(gauge.at).is_some())
        .map(|gauge| format!("{{ id = \"{}\", at = {} }}", gauge.code, planar(gauge.at)))
        .collect();
    CASE.replace("{roughness}", &flood.roughness.to_string())
        .replace("{boundary}", boundary.trim_end())
        .replace("{slope}", &settings.stem.plain_slope.to_string())
        .replace("{sources}", sources.trim_end())
        .replace("{duration_s}", &flood.duration_s.to_string())
        .replace("{every_s}", &flood.output_every_s.to_string())
        .replace("{gauges}", &gauges.join(", "))
}

/// The case file, with places for what is computed.
pub(super) const CASE: &str = include_str!("../../../data-samples/fictional/flood.template.toml");

#[expect(clippy::cast_possible_truncation, reason = "heights of the sample are multiples of 1/256")]
fn narrowed(metres: f64) -> f32 {
    metres as f32
}
