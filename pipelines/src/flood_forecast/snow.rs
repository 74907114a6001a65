//! Snow in the cycle: what is known of the air over the rain cells, what snow lies at the start, and
//! what the record says of it.
//!
//! `docs/methods/runoff.md` (snow) tells the assumptions.

use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_core::frame::Position;
use jomo_core::grid::Grid;
use jomo_core::layer::InputFile;
use jomo_core::projection::{Zone, forward};
use jomo_flood::BasinError;
use jomo_flood::basin::{Basin, Ensemble, Temperatures};
use jomo_flood::rainfall::{Cells, Timeline};
use jomo_flood::runoff::SnowModel;
use serde_json::{Value, json};

use super::model::Model;
use super::state::Saved;
use crate::failure::{Exit, Failure};
use crate::gauge_tables::count_unread;
use crate::region::Snow as Settings;
use crate::temperature_table::TemperatureTable;

/// Temperatures are late when the newest became known longer ago, min: stations report every hour.
const LATE_MIN: i64 = 120;
/// The height of a rain cell is the mean of so many places along each of its sides.
const PLACES: u32 = 8;

/// What a cycle knows of snow.
pub(super) struct SnowCover {
    settings: Settings,
    known: TemperatureTable,
    /// The snow of a state that is too old to go on from in anything else.
    pub(super) older: Option<Saved>,
}

impl SnowCover {
    /// Reads what was known of the air at a time.
    pub(super) fn read(settings: &Settings, until: Timestamp) -> Self {
        let known = TemperatureTable::read(&settings.temperatures, until);
        Self { settings: settings.clone(), known, older: None }
    }

    /// Refuses a table that is not whole.
    pub(super) fn whole(mut self) -> Result<Self, Failure> {
        self.known = self.known.whole()?;
        Ok(self)
    }

    /// The tables, and the state whose snow lies at the start.
    pub(super) fn inputs(&self) -> impl Iterator<Item = InputFile> + '_ {
        let older = self.older.as_ref().map(|saved| saved.file.clone());
        self.known.inputs.iter().cloned().chain(older)
    }

    /// What settings and inputs make of it.
    pub(super) fn settled(&self) -> Value {
        json!({
            "melt_mm_c_day": self.settings.melt_mm_c_day,
            "start_mm": self.settings.start_mm,
        })
    }

    /// What is missing: files, temperatures that are old, steps that have none; and, standing, rows
    /// that are kept out.
    pub(super) fn count(&self, timeline: &Timeline, [faults, standing]: [&mut Faults; 2]) {
        faults.merge(self.known.faults.clone());
        standing.merge(self.known.standing.clone());
        count_unread(&self.known.unread, faults);
        let Some(age_min) = self.age_min(timeline.now) else {
            let name = self.settings.temperatures.file_name().unwrap_or_default();
            faults.add("forecast-temperature-none", || name.to_string_lossy().into_owned());
            return;
        };
        if LATE_MIN < age_min {
            faults.add("forecast-temperature-late", || format!("{age_min} min"));
        }
        let known = self.sea_level_c(timeline);
        let end = known.iter().rposition(|known| !known.is_nan()).map_or(0, |last| last + 1);
        for step in (0..end).filter(|step| known[*step].is_nan()) {
            faults.add("forecast-temperature-gap", || timeline.begin(step).to_string());
        }
        if end < timeline.steps {
            faults.add("forecast-temperature-short", || timeline.begin(end).to_string());
        }
    }

    /// Counts snow that no state of the hour before tells.
    pub(super) fn count_start(&self, reference: Timestamp, faults: &mut Faults) {
        match &self.older {
            Some(saved) => {
                let age_h = reference.duration_since(saved.time).as_hours();
                faults.add("forecast-snow-old", || format!("{age_h} h"));
            }
            None => {
                faults.add("forecast-snow-assumed", || format!("{} mm", self.settings.start_mm));
            }
        }
    }

    fn age_min(&self, reference: Timestamp) -> Option<i64> {
        self.known.newest().map(|newest| reference.duration_since(newest).as_mins())
    }

    /// The temperature in the middle of each step at the height of the sea; `NaN` where it is not
    /// known: there all falls as rain, and snow stays as it is.
    fn sea_level_c(&self, timeline: &Timeline) -> Vec<f64> {
        let half = SignedDuration::from_secs(i64::from(timeline.step_s) / 2);
        let of = |step| {
            let middle = timeline.begin(step).saturating_add(half).unwrap_or(Timestamp::MAX);
            self.known.sea_level_c(middle).unwrap_or(f64::NAN)
        };
        (0..timeline.steps).map(of).collect()
    }

    /// What members are put under.
    pub(super) fn air(
        &self,
        model: &Model,
        (cells, timeline): (&Cells, &Timeline),
    ) -> Result<SnowAir, BasinError> {
        let heights_m = heights_m(&model.heights, cells, model.basin.slopes().under_rain_m2());
        let snow = SnowModel { melt_mm_c_day: self.settings.melt_mm_c_day, ..SnowModel::USUAL };
        let start_m = self.settings.start_mm / 1_000.0;
        let air = Temperatures::new(timeline, self.sea_level_c(timeline), heights_m)?;
        Ok(SnowAir { snow, start_m, air })
    }

    /// The members under snow: that of their own state, else of an older one, else assumed.
    pub(super) fn over(
        &self,
        mut ensemble: Ensemble,
        (model, seed): (&Model, u64),
        on: (&Cells, &Timeline),
    ) -> Result<Ensemble, Failure> {
        if let Some(saved) = &self.older {
            ensemble.take_snow(&saved.members(model, ensemble.members().to_vec(), seed)?);
        }
        let over = self.air(model, on).and_then(|air| air.over(&model.basin, ensemble));
        over.map_err(|fault| Failure::new(Exit::Failed, fault))
    }

    /// What the record of the run says: water in the snow at the reference time as a mean over the
    /// basin, the least, the middle and the greatest of the members.
    pub(super) fn tell(
        &self,
        (basin, ensemble): (&Basin, &Ensemble),
        timeline: &Timeline,
        state: Option<&Saved>,
    ) -> Value {
        let area_m2 = basin.slopes().area_m2();
        let mut water_mm: Vec<f64> = ensemble.snow_m3(basin).unwrap_or_default();
        for water in &mut water_mm {
            *water *= if 0.0 < area_m2 { 1_000.0 / area_m2 } else { 0.0 };
        }
        water_mm.sort_by(f64::total_cmp);
        let middle = jomo_flood::ensemble::quantile(&water_mm, 0.5);
        let rounded = |value: Option<f64>| value.map(|mm| (1_000.0 * mm).round() / 1_000.0);
        let known = self.sea_level_c(timeline);
        let until = known.iter().rposition(|known| !known.is_nan());
        let began = match (state, &self.older) {
            (Some(_), _) => "saved",
            (None, Some(_)) => "older",
            (None, None) => "assumed",
        };
        json!({
            "began": began,
            "snow_of": state.or(self.older.as_ref()).map(|saved| saved.time),
            "water_mm": [
                rounded(water_mm.first().copied()),
                rounded(middle),
                rounded(water_mm.last().copied()),
            ],
            "stations": self.known.count(),
            "newest": self.known.newest(),
            "age_min": self.age_min(timeline.now),
            "known_until": until.map(|last| timeline.begin(last + 1)),
        })
    }
}

/// How snow falls and melts over a model in the steps of a cube.
pub(super) struct SnowAir {
    snow: SnowModel,
    start_m: f64,
    air: Temperatures,
}

impl SnowAir {
    /// Members under snow: that which lies already, else as much as is assumed.
    pub(super) fn over(&self, basin: &Basin, ensemble: Ensemble) -> Result<Ensemble, BasinError> {
        ensemble.with_snow(basin, self.snow, self.start_m, self.air.clone())
    }
}

/// Mean height of the ground under each rain cell, m; `NaN` for one without ground.
fn heights_m(ground: &Grid<f32>, cells: &Cells, under_rain_m2: &[f64]) -> Vec<f64> {
    let zone = ground.placement().zone;
    let of = |(cell, area_m2): (u32, &f64)| {
        if 0.0 < *area_m2 { height_m(ground, cells, (zone, cell)) } else { f64::NAN }
    };
    (0_u32..).zip(under_rain_m2).map(of).collect()
}

fn height_m(ground: &Grid<f32>, cells: &Cells, (zone, cell): (Zone, u32)) -> f64 {
    let ([lon, lat], [width, height]) = (cells.centre_deg(cell), cells.step_deg());
    let along = |place: u32| (f64::from(place) + 0.5) / f64::from(PLACES) - 0.5;
    let (mut sum_m, mut count) = (0.0, 0_u32);
    for place in 0..PLACES * PLACES {
        let at = [lon + along(place % PLACES) * width, lat + along(place / PLACES) * height];
        let Ok(at) = forward(zone, Position::lon_lat(at)) else { continue };
        let ground_m = ground.value_at(at.xy).filter(|ground_m| ground_m.is_finite());
        if let Some(ground_m) = ground_m {
            sum_m += f64::from(ground_m);
            count += 1;
        }
    }
    if 0 < count { sum_m / f64::from(count) } else { f64::NAN }
}

#[cfg(test)]
mod tests;
