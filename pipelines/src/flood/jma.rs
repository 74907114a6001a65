//! Gridded rain of the Japan Meteorological Agency over a domain: a series for each 1 km cell.
//!
//! The files hold totals of an hour. An hour that begins where the last one ended follows it; of
//! hours that overlap (analyses come every 30 minutes) the one that begins latest is taken, up to
//! where the next one taken begins. Within an hour the rate is constant. Of two totals of one hour
//! that with the later reference time counts: an analysis replaces the forecast before it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use jomo_core::frame::Position;
use jomo_core::projection::{Zone, inverse};
use jomo_flood::{FloodError, Rain, Series};
use jomo_format::grib2::{self, LatLonGrid, Quantity, Submessage, Window};
use rayon::prelude::*;

use super::case::FileName;
use super::fault::FileFault;
use super::raster::Frame;
use crate::failure::BoxedError;
use crate::rain::RainError;
use crate::source::Source;

/// Largest GRIB2 file that is read, in bytes; the largest known product has 120 MB.
const GRIB_MAX: u64 = 512 << 20;
/// An hour.
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Time in s in which the rate changes from one hour to the next: a series is a broken line. It
/// shifts a millionth of a second of rain.
const TURN_S: f64 = 1e-6;

/// Ground on which it rains.
pub(super) struct Domain<'a> {
    pub(super) frame: &'a Frame,
    /// `NaN` outside.
    pub(super) bed_m: &'a [f64],
}

/// An error with the file that it is about.
pub(super) type Placed = (Option<String>, BoxedError);

/// Reads the rain of a run that begins at `start` and lasts `duration_s`.
///
/// # Errors
/// If a file is no sound GRIB2, if there is no rain for part of the time or of the domain, or if
/// the domain has no planar CRS of JGD2011.
pub(super) fn read(
    files: &[FileName],
    domain: &Domain<'_>,
    start: Timestamp,
    duration_s: f64,
) -> Result<Rain, Vec<Placed>> {
    let one = |error: BoxedError| vec![(None, error)];
    let epsg = domain.frame.place.epsg;
    let zone = epsg.and_then(Zone::from_epsg);
    let zone = zone.ok_or_else(|| one(Box::new(FileFault::Zone { epsg })))?;
    let sources = read_files(files)?;
    let fields = hours(files, &sources)?;
    let taken = cover(&fields, start, duration_s).map_err(|fault| one(Box::new(fault)))?;
    let Some(grid) = taken.first().map(|hour| *hour.field.grid()) else {
        return Err(one(Box::new(RainError::NoRain { found: Vec::new() })));
    };
    if let Some(other) = taken.iter().find(|hour| *hour.field.grid() != grid) {
        let (first, second) = (grid.bounds_deg(), other.field.grid().bounds_deg());
        return Err(one(Box::new(RainError::Grids { first, second })));
    }
    let cells = cells_of_grid(domain, zone, &grid);
    let beside = cells.iter().filter(|cell| **cell == BESIDE).count() as u64;
    if 0 < beside {
        let fault = FileFault::NoRain { cells: beside, time: taken[0].end };
        return Err(one(Box::new(fault)));
    }
    zones(&taken, grid.columns, cells, start).map_err(one)
}

fn read_files(files: &[FileName]) -> Result<Vec<Source>, Vec<Placed>> {
    let mut faults = Vec::new();
    let mut sources = Vec::new();
    for file in files {
        match Source::read(&file.path, GRIB_MAX) {
            Ok(source) => sources.push(source),
            Err(failure) => {
                let place = Some(file.path.display().to_string());
                faults.extend(failure.errors.into_iter().map(|error| (place.clone(), error)));
            }
        }
    }
    if faults.is_empty() { Ok(sources) } else { Err(faults) }
}

/// A total of an hour.
struct Hour<'a> {
    /// Begin, and end of what is used of it.
    begin: Timestamp,
    end: Timestamp,
    field: &'a Submessage<'a>,
}

/// The hourly totals by their end; of two for one hour the one with the later reference time.
fn hours<'a>(
    files: &[FileName],
    sources: &'a [Source],
) -> Result<BTreeMap<Timestamp, Submessage<'a>>, Vec<Placed>> {
    let (mut found, mut others, mut faults) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (file, source) in files.iter().zip(sources) {
        let place = Some(file.path.display().to_string());
        let fields = match grib2::read(&source.bytes) {
            Ok(fields) => fields,
            Err(fault) => {
                faults.push((place, Box::new(fault) as BoxedError));
                continue;
            }
        };
        for field in fields {
            let product = field.product();
            if product.quantity() != Some(Quantity::HourlyRain) {
                others.push(format!("{}/{}", product.category, product.number));
                continue;
            }
            let reference = |field: &Submessage<'_>| field.identification().reference_time;
            let time = product.valid_time;
            let newer = |known: &Submessage<'_>| reference(known) <= reference(&field);
            if found.get(&time).is_none_or(newer) {
                found.insert(time, field);
            }
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    if found.is_empty() {
        others.sort();
        others.dedup();
        return Err(vec![(None, Box::new(RainError::NoRain { found: others }))]);
    }
    Ok(found)
}

/// The hours that cover a run, one after the other.
fn cover<'a>(
    fields: &'a BTreeMap<Timestamp, Submessage<'a>>,
    start: Timestamp,
    duration_s: f64,
) -> Result<Vec<Hour<'a>>, FileFault> {
    let length = SignedDuration::try_from_secs_f64(duration_s).unwrap_or(SignedDuration::MAX);
    let end = start.checked_add(length).unwrap_or(Timestamp::MAX);
    let mut taken: Vec<Hour<'a>> = Vec::new();
    let mut now = start;
    while now < end {
        let begin = |valid: &Timestamp| valid.checked_sub(HOUR).unwrap_or(Timestamp::MIN);
        // The ends of hours rise with their begins: the last one that has begun by now.
        let last = fields.iter().rev().find(|(valid, _)| begin(valid) <= now);
        let Some((valid, field)) = last.filter(|(valid, _)| now < **valid) else {
            return Err(FileFault::RainGap { from: now, end });
        };
        taken.push(Hour { begin: now, end: *valid, field });
        now = *valid;
    }
    Ok(taken)
}

/// A cell of the raster that is not in the domain.
const OUTSIDE: u32 = u32::MAX;
/// A cell of the domain that is not in the rain's grid.
const BESIDE: u32 = u32::MAX - 1;

/// Number in the rain's grid, row by row, of each cell of the domain.
fn cells_of_grid(domain: &Domain<'_>, zone: Zone, grid: &LatLonGrid) -> Vec<u32> {
    let [west, _, _, north] = grid.bounds_deg();
    let [dx, dy] = grid.step_deg();
    let Frame { shape: [_, columns], place, .. } = domain.frame;
    let cell = |at: usize| {
        let (row, column) = (at / columns, at % columns);
        let easting = place.origin[0] + (column as f64 + 0.5) * place.cell[0];
        let northing = place.origin[1] - (row as f64 + 0.5) * place.cell[1];
        let [lon, lat] = inverse(Position::planar(zone, [easting, northing])).ok()?.xy;
        let row = index((north - lat) / dy, grid.rows)?;
        row.checked_mul(grid.columns)?.checked_add(index((lon - west) / dx, grid.columns)?)
    };
    let inside = |at: usize| !domain.bed_m[at].is_nan();
    (0..domain.bed_m.len())
        .into_par_iter()
        .map(|at| if inside(at) { cell(at).unwrap_or(BESIDE) } else { OUTSIDE })
        .collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
fn index(steps: f64, count: u32) -> Option<u32> {
    (0.0 <= steps && steps < f64::from(count)).then_some(steps as u32)
}

/// A series for each cell of the rain's grid that the domain touches.
fn zones(
    taken: &[Hour<'_>],
    columns: u32,
    mut cells: Vec<u32>,
    start: Timestamp,
) -> Result<Rain, BoxedError> {
    let boxed = |fault: FloodError| Box::new(fault) as BoxedError;
    let touched: BTreeSet<u32> = cells.iter().copied().filter(|cell| *cell != OUTSIDE).collect();
    let places: Vec<[u32; 2]> =
        touched.iter().map(|cell| [cell / columns, cell % columns]).collect();
    let numbers: BTreeMap<u32, u32> = touched.into_iter().zip(0..).collect();
    for cell in &mut cells {
        // Where there is no domain no rain falls, whatever the zone.
        *cell = numbers.get(cell).copied().unwrap_or(0);
    }
    let window = window(&places);
    let mut points: Vec<Vec<[f64; 2]>> = vec![Vec::new(); places.len()];
    for hour in taken {
        // Cutting out a window stops early; damage behind it says that the file is not whole.
        let rain = hour.field.check().and_then(|()| hour.field.decode(&window));
        let rain = rain.map_err(|fault| Box::new(fault) as BoxedError)?;
        let seconds = |time: Timestamp| time.duration_since(start).as_secs_f64();
        let (from_s, to_s) = (seconds(hour.begin), seconds(hour.end));
        let mut missing = BTreeSet::new();
        for (zone, (place, points)) in (0_u32..).zip(places.iter().zip(&mut points)) {
            let own = |at: u32, first: u32| usize::try_from(at - first).unwrap_or(usize::MAX);
            let at = [own(place[0], window.rows.start), own(place[1], window.columns.start)];
            match rain.value_at(at[0], at[1]) {
                Some(rate) => points.extend([[from_s, rate], [to_s - TURN_S, rate]]),
                None => drop(missing.insert(zone)),
            }
        }
        if !missing.is_empty() {
            let cells = cells.iter().filter(|zone| missing.contains(zone)).count() as u64;
            return Err(Box::new(FileFault::NoRain { cells, time: hour.end }));
        }
    }
    let series = points.into_iter().map(|points| Series::new("jma", points));
    let series = series.collect::<Result<Vec<_>, _>>().map_err(boxed)?;
    Rain::zoned(series, cells).map_err(boxed)
}

/// The window that holds these cells.
fn window(places: &[[u32; 2]]) -> Window {
    let range = |axis: usize| {
        let all = places.iter().map(|place| place[axis]);
        let (low, high) = all.fold((u32::MAX, 0), |(a, b), at| (a.min(at), b.max(at)));
        low..high.saturating_add(1)
    };
    Window { rows: range(0), columns: range(1) }
}
