//! The rain event: a convective band (線状降水帯) that crosses the basin, and its files in JMA's
//! encoding of hourly rain on the 1 km grid.

use jiff::Timestamp;
use jomo_format::grib2::{
    FileWriter, Identification, LatLonGrid, LevelTable, Product, rain_levels_2017,
};
use rayon::prelude::*;

use super::SampleError;
use super::noise::{Stream, ramp};
use super::settings::Plan;

/// Beyond this distance from the basin there is no radar: missing.
const COVERAGE_KM: f64 = 150.0;
/// Kilometres of a degree of latitude.
const KM_PER_DEGREE: f64 = 111.2;
/// Samples of an hour.
const STEPS: u32 = 6;
/// Hours of the forecast.
pub(super) const LEADS: u8 = 6;

/// The event as a function of time and place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    middle_deg: [f64; 2],
    /// Kilometres of a degree of longitude and of latitude.
    degree_km: [f64; 2],
    stream: Stream,
}

impl Event {
    pub(super) fn new(plan: &Plan) -> Result<Self, SampleError> {
        let middle_deg = plan.lon_lat([0.5 * plan.extent_m; 2])?;
        let degree_km = [KM_PER_DEGREE * middle_deg[1].to_radians().cos(), KM_PER_DEGREE];
        Ok(Self { middle_deg, degree_km, stream: Stream::new(plan.seed, "rain") })
    }

    /// East and north of the middle of the basin, kilometres.
    fn place_km(&self, lon_lat: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis| (lon_lat[axis] - self.middle_deg[axis]) * self.degree_km[axis])
    }

    /// Rain `hours` after the reference time, mm/h: 0 to 120.
    pub(super) fn rain_mm_h(&self, hours: f64, lon_lat: [f64; 2]) -> f64 {
        let [east, north] = self.place_km(lon_lat);
        // The band lies from west-south-west to east-north-east and moves south-eastwards.
        let (sin, cos) = 28_f64.to_radians().sin_cos();
        let along = east * cos + north * sin;
        let across = north * cos - east * sin;
        let centre = 13.0 - 4.5 * hours + 5.0 * self.stream.smooth(along / 45.0, 0.5);
        let strength = ramp(-5.0, 1.5, hours) * ramp(9.0, 4.5, hours);
        let shape = |distance: f64, size: f64| (-0.5 * (distance / size).powi(2)).exp();
        // Cells are born upwind and run along the band, 40 km an hour.
        let cells =
            self.stream.rough([1_000.0 * (along - 40.0 * hours), 1_000.0 * across], 16_000.0, 2);
        let band = 100.0 * shape(across - centre, 7.5) * shape(along, 70.0) * (0.85 + 0.6 * cells);
        let around = 7.0 * shape(across - centre, 32.0) * shape(along, 110.0);
        let rain = strength * (band.max(0.0) + around);
        if rain < 0.05 { 0.0 } else { rain.min(120.0) }
    }

    /// Rain of the hour that ends `hours` after the reference time, mm.
    pub(super) fn hourly_mm(&self, hours: f64, lon_lat: [f64; 2]) -> f64 {
        let step = |n: u32| hours - 1.0 + (f64::from(n) + 0.5) / f64::from(STEPS);
        (0..STEPS).map(|n| self.rain_mm_h(step(n), lon_lat)).sum::<f64>() / f64::from(STEPS)
    }

    /// Rain of that hour as one would see it who is `miss` wrong.
    pub(super) fn missed_mm(&self, hours: f64, lon_lat: [f64; 2], miss: &Miss) -> f64 {
        let place = [0, 1].map(|axis| lon_lat[axis] - miss.shift_km[axis] / self.degree_km[axis]);
        miss.factor * self.hourly_mm(hours, place)
    }

    /// Hourly rain as levels of a grid; 0 out of the radar's sight.
    pub(super) fn levels(
        &self,
        grid: &LatLonGrid,
        table: &LevelTable,
        reach_km: f64,
        rain_mm: impl Fn([f64; 2]) -> f64 + Sync,
    ) -> Vec<u8> {
        let values: Vec<f64> =
            (1..=u8::MAX).map_while(|level| table.value(u16::from(level))).collect();
        let columns = grid.columns as usize;
        let mut levels = vec![0_u8; columns * grid.rows as usize];
        levels.par_chunks_mut(columns).zip(0..grid.rows).for_each(|(out, row)| {
            let [_, north] = self.place_km(grid.centre_deg(row, 0));
            if reach_km <= north.abs() {
                return;
            }
            for (cell, column) in out.iter_mut().zip(0_u32..) {
                let place = grid.centre_deg(row, column);
                let [east, north] = self.place_km(place);
                if east.hypot(north) < reach_km {
                    *cell = level_of(&values, rain_mm(place));
                }
            }
        });
        levels
    }

    /// The hourly rain on JMA's grid.
    fn exact(&self, hours: f64, table: &LevelTable) -> Vec<u8> {
        let rain_mm = |place: [f64; 2]| self.hourly_mm(hours, place);
        self.levels(&LatLonGrid::JMA_1KM, table, COVERAGE_KM, rain_mm)
    }
}

/// How wrong a forecast is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Miss {
    /// How far it puts the rain to the east and to the north.
    pub(super) shift_km: [f64; 2],
    /// How much too much it tells.
    pub(super) factor: f64,
}

/// The highest level whose value is reached; more than nothing is at least the second.
fn level_of(values: &[f64], rain_mm: f64) -> u8 {
    let reached = values.partition_point(|value| *value <= rain_mm);
    let level = if 0.0 < rain_mm { reached.max(2) } else { 1 };
    u8::try_from(level).unwrap_or(u8::MAX)
}

/// Marks a message as a test product (code table 1.3), which no command publishes for a real
/// region.
pub(super) fn invented(identification: Identification) -> Identification {
    Identification { status: 1, ..identification }
}

/// Name of a file in the form of the agency's.
pub(super) fn name(time: Timestamp, product: &str) -> String {
    let stamp = time.strftime("%Y%m%d%H%M%S");
    format!("Z__C_RJTD_{stamp}_SRF_GPV_Ggis1km_Prr60lv_{product}_fictional_grib2.bin")
}

/// The analysis at the reference time and the forecast of six hours: name and bytes.
pub(super) fn files(plan: &Plan, event: &Event) -> Result<Vec<(String, Vec<u8>)>, SampleError> {
    let table = rain_levels_2017();
    let time = plan.reference_time;
    let name = |product: &str| name(time, product);
    let mut analysis =
        FileWriter::new(invented(Identification::analysis(time)), LatLonGrid::JMA_1KM);
    analysis.field(&Product::rain_analysis(time), &table, &event.exact(0.0, &table))?;
    let mut forecast =
        FileWriter::new(invented(Identification::forecast(time)), LatLonGrid::JMA_1KM);
    for lead in 1..=LEADS {
        let product =
            Product::rain_forecast(time, lead).ok_or(SampleError::ReferenceTime { time })?;
        forecast.field(&product, &table, &event.exact(f64::from(lead), &table))?;
    }
    Ok(vec![(name("ANAL"), analysis.finish()), (name("FH01-06"), forecast.finish())])
}
