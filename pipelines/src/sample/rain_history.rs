//! Rain before and around the reference time: analyses of the hours before, and forecasts as one
//! had them then, which are wrong in place and strength, the more the farther they look ahead.
//!
//! The errors have the spread that members of a forecast assume by default
//! (`jomo_flood::rainfall::Spread`), so that a forecast of this region can be judged fairly.

use jiff::{SignedDuration, Timestamp};
use jomo_format::grib2::{
    FileWriter, Identification, LatLonGrid, LevelTable, Product, rain_levels_2017,
};
use rayon::prelude::*;

use super::SampleError;
use super::noise::{Stream, lattice};
use super::rain::{Event, LEADS, Miss, invented, name};
use super::settings::Plan;

/// Beyond this distance from the basin nothing is told: the region and its margin reach 61 km.
const REACH_KM: f64 = 80.0;
/// Hours of history before the reference time, and hours to which the event goes on.
const HOURS: i64 = 12;
/// Hours before the reference time with a forecast; that of the reference time itself is exact.
const FORECASTS_H: [i64; 2] = [-2, -1];
/// Minutes between two analyses and between two forecasts of the event.
const ANALYSIS_EVERY_MIN: usize = 10;
const FORECAST_EVERY_MIN: i64 = 30;
/// Hours of the forecast on the coarse grid.
const EXTENDED: std::ops::RangeInclusive<u8> = 7..=15;
/// Time in h over which the error of one forecast goes over into that of another.
const MEMORY_H: f64 = 3.0;

/// A file: its name and its bytes.
type NamedFile = (String, Vec<u8>);

/// What happened before the reference time: analyses of every hour, forecasts of two hours, and
/// one to 15 hours on a grid of 5 km.
pub(super) fn files(plan: &Plan, event: &Event) -> Result<Vec<NamedFile>, SampleError> {
    let history = History { plan, event, stream: Stream::new(plan.seed, "rain-history") };
    let mut files = Vec::new();
    for hour in -HOURS..0 {
        files.push(history.analysis(60 * hour, "ANAL")?);
    }
    for hour in FORECASTS_H {
        files.push(history.forecast(60 * hour, "FH01-06")?);
    }
    files.push(history.extended(0)?);
    Ok(files)
}

/// The event as an archive: analyses every ten minutes, forecasts every half hour and to 15 hours
/// every hour, none of them exact.
pub(super) fn archive(plan: &Plan, event: &Event) -> Result<Vec<NamedFile>, SampleError> {
    let history = History { plan, event, stream: Stream::new(plan.seed, "rain-history") };
    let minutes: Vec<i64> = (-60 * HOURS..=60 * HOURS).step_by(ANALYSIS_EVERY_MIN).collect();
    let made = |minute: &i64| {
        let mut files = vec![history.analysis(*minute, "Aper10min_ANAL")?];
        if minute % FORECAST_EVERY_MIN == 0 {
            files.push(history.forecast(*minute, "FH01-06")?);
        }
        if minute % 60 == 0 {
            files.push(history.extended(*minute)?);
        }
        Ok(files)
    };
    let files: Vec<Vec<NamedFile>> =
        minutes.par_iter().map(made).collect::<Result<_, SampleError>>()?;
    Ok(files.into_iter().flatten().collect())
}

struct History<'a> {
    plan: &'a Plan,
    event: &'a Event,
    stream: Stream,
}

impl History<'_> {
    fn time(&self, minute: i64) -> Result<Timestamp, SampleError> {
        let time = self.plan.reference_time;
        let moved = time.checked_add(SignedDuration::from_mins(minute));
        moved.ok().ok_or(SampleError::ReferenceTime { time })
    }

    fn analysis(&self, minute: i64, product: &str) -> Result<NamedFile, SampleError> {
        let (time, table) = (self.time(minute)?, rain_levels_2017());
        let grid = LatLonGrid::JMA_1KM;
        let hours = minute as f64 / 60.0;
        let rain_mm = |place: [f64; 2]| self.event.hourly_mm(hours, place);
        let levels = self.event.levels(&grid, &table, REACH_KM, rain_mm);
        let mut file = FileWriter::new(invented(Identification::analysis(time)), grid);
        file.field(&Product::rain_analysis(time), &table, &levels)?;
        Ok((name(time, product), file.finish()))
    }

    fn forecast(&self, minute: i64, product: &str) -> Result<NamedFile, SampleError> {
        let time = self.time(minute)?;
        let file = self.foreseen(minute, LatLonGrid::JMA_1KM, 1..=LEADS)?;
        Ok((name(time, product), file))
    }

    fn extended(&self, minute: i64) -> Result<NamedFile, SampleError> {
        let time = self.time(minute)?;
        // 3' x 3.75': five by six of the cells of 1 km.
        let grid = LatLonGrid::from_outer([118.0, 20.0, 150.0, 48.0], 560, 512);
        let grid = grid.ok_or(SampleError::ReferenceTime { time })?;
        let file = self.foreseen(minute, grid, EXTENDED)?;
        Ok((name(time, "FH07-15").replace("Ggis1km", "Gll5km"), file))
    }

    /// Hours of a forecast on a grid.
    fn foreseen(
        &self,
        minute: i64,
        grid: LatLonGrid,
        leads: std::ops::RangeInclusive<u8>,
    ) -> Result<Vec<u8>, SampleError> {
        let (time, table) = (self.time(minute)?, rain_levels_2017());
        let mut file = FileWriter::new(invented(Identification::forecast(time)), grid);
        for lead in leads {
            let product =
                Product::rain_forecast(time, lead).ok_or(SampleError::ReferenceTime { time })?;
            file.field(&product, &table, &self.foreseen_levels(minute, &grid, lead, &table))?;
        }
        Ok(file.finish())
    }

    fn foreseen_levels(
        &self,
        minute: i64,
        grid: &LatLonGrid,
        lead: u8,
        table: &LevelTable,
    ) -> Vec<u8> {
        let made_h = minute as f64 / 60.0;
        let lead_h = f64::from(lead);
        let miss = self.miss(made_h, lead_h - 0.5);
        let rain_mm = |place: [f64; 2]| self.event.missed_mm(made_h + lead_h, place, &miss);
        self.event.levels(grid, table, REACH_KM, rain_mm)
    }

    /// How wrong the forecast made at an hour is, `lead_h` ahead.
    fn miss(&self, made_h: f64, lead_h: f64) -> Miss {
        let grown = |growth: f64, most: f64| most * (1.0 - (-growth * lead_h / most).exp());
        let shift = grown(4.0, 20.0);
        let sigma = grown(0.2, 0.6);
        Miss {
            shift_km: [self.error(made_h, 0) * shift, self.error(made_h, 1) * shift],
            factor: (sigma * self.error(made_h, 2) - 0.5 * sigma * sigma).exp(),
        }
    }

    /// A number of about standard normal distribution that turns into another one in three hours.
    fn error(&self, made_h: f64, kind: i64) -> f64 {
        let slot = (made_h / MEMORY_H).floor();
        let share = made_h / MEMORY_H - slot;
        // The sum of four even numbers less its mean has a variance of a third.
        let normal = |slot: f64| {
            let unit = |draw: i64| self.stream.unit(lattice(slot), 4 * kind + draw);
            3.0_f64.sqrt() * ((0..4).map(unit).sum::<f64>() - 2.0)
        };
        (1.0 - share).sqrt() * normal(slot) + share.sqrt() * normal(slot + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Settings;

    /// Errors begin at nothing and grow with the lead; their spread over many forecasts is that
    /// of the members, and one forecast differs little from the next.
    #[test]
    fn forecasts_are_wrong_as_members_assume() {
        let plan = Plan::new(&Settings { cell_size_m: 80.0, ..Settings::default() }).unwrap();
        let event = Event::new(&plan).unwrap();
        let history =
            History { plan: &plan, event: &event, stream: Stream::new(7, "rain-history") };
        let none = history.miss(1.0, 0.0);
        assert_eq!(none, Miss { shift_km: [0.0; 2], factor: 1.0 });
        let count = 20_000_u32;
        for (kind, lead_h, expected) in [(0, 6.0, 13.98), (0, 1.0, 3.63), (2, 3.0, 0.379)] {
            let value = |n: u32| {
                let miss = history.miss(f64::from(n) * 3.0 + 1.5, lead_h);
                if kind == 0 { miss.shift_km[0] } else { miss.factor.ln() }
            };
            let mean = (0..count).map(value).sum::<f64>() / f64::from(count);
            let square = (0..count).map(|n| (value(n) - mean).powi(2)).sum::<f64>();
            let found = (square / f64::from(count)).sqrt();
            assert!((found / expected - 1.0).abs() < 0.03, "{kind} {lead_h}: {found}");
        }
        for half_hour in -24..24 {
            let at = |n: i32| history.miss(0.5 * f64::from(n), 3.0).shift_km[0];
            assert!((at(half_hour + 1) - at(half_hour)).abs() < 15.0);
        }
    }
}
