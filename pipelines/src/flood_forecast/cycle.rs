//! One cycle of the hydrological model: from the last known state through what was observed to
//! the reference time, and from there through the forecast of the rain.

use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_flood::BasinError;
use jomo_flood::assimilate::{Analysis, Observed, Outcome, Settings};
use jomo_flood::basin::{Ensemble, Saying};
use jomo_flood::ensemble::{Dressing, quantile};
use jomo_flood::gauge::{ErrorMemory, Observation, observation};
use jomo_flood::rainfall::Cube;
use serde::{Deserialize, Serialize};

use super::model::{Model, ModelGauge};
use super::record::{BankForecast, Dressed, FIRST_MEMORY, GaugeForecast, MemberLevels};
use crate::dressing_table::{Dressings, Origin};
use crate::gauge_tables::Stations;

/// Standard deviation of a level at a gauge, m: 5 cm of the gauge and its waves, and 10 cm of what
/// a rectangle of up to 200 m cannot show.
const SIGMA_M: f64 = 0.11;
/// Minutes between two times at which silence is taken for an observation: it says less than a
/// level, and says the same again and again.
const SILENCE_EVERY_MIN: i64 = 60;
/// Errors at a gauge that are kept to learn from.
const ERRORS_KEPT: usize = 288;

/// What the model was wrong by at a gauge: time in s, observed less median of the members before
/// they were corrected, m.
pub(super) type ErrorRecord = (i64, f64);

/// What is known of a gauge from cycle to cycle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct GaugeRecord {
    /// Its id.
    pub(super) id: String,
    /// Errors in ascending time.
    pub(super) errors: Vec<ErrorRecord>,
}

/// The members at the reference time.
pub(super) struct Now {
    pub(super) ensemble: Ensemble,
    pub(super) records: Vec<GaugeRecord>,
    /// Observations used, not believed, and silences with which all members agreed.
    pub(super) used: u64,
    pub(super) rejected: Vec<String>,
    pub(super) agreed: u64,
}

/// What a cycle is about.
pub(super) struct Cycle<'a> {
    pub(super) model: &'a Model,
    pub(super) stations: &'a Stations,
    pub(super) dressings: &'a Dressings,
    pub(super) cube: &'a Cube,
    pub(super) reference_time: Timestamp,
}

impl Cycle<'_> {
    /// Steps of the cube before the reference time.
    pub(super) fn past_steps(&self) -> usize {
        let timeline = self.cube.timeline();
        (0..timeline.steps).take_while(|step| timeline.begin(*step) < self.reference_time).count()
    }

    /// Carries the members from the start of the cube to the reference time.
    pub(super) fn catch_up(&self, start: Now, each: impl Fn(usize)) -> Result<Now, BasinError> {
        let mut now = start;
        for step in 0..self.past_steps() {
            now.ensemble.step(&self.model.basin, self.cube, step)?;
            self.fill(&mut now, step)?;
            self.listen(&mut now, self.cube.timeline().begin(step + 1))?;
            each(step);
        }
        Ok(now)
    }

    /// Lakes stand as high as was observed in a step.
    fn fill(&self, now: &mut Now, step: usize) -> Result<(), BasinError> {
        let timeline = self.cube.timeline();
        let within = [timeline.begin(step), timeline.begin(step + 1)];
        let dams = &self.model.dams.dams;
        dams.iter().try_for_each(|dam| match dam.depth_within_m(within) {
            Some(depth_m) => now.ensemble.fill(dam.node as usize, depth_m),
            None => Ok(()),
        })
    }

    /// Lets the gauges speak at the end of a step.
    fn listen(&self, now: &mut Now, time: Timestamp) -> Result<(), BasinError> {
        let basin = &self.model.basin;
        let mut sayings = Vec::new();
        for (index, gauge) in self.model.gauges.iter().enumerate() {
            let Some(depth_m) = self.said(gauge, time) else { continue };
            if let Observed::Exact(level) = depth_m {
                let mut depths = now.ensemble.at_gauge(basin, index).depths_m;
                depths.sort_by(f64::total_cmp);
                let median = quantile(&depths, 0.5).unwrap_or(level);
                let errors = &mut now.records[index].errors;
                errors.push((time.as_second(), level - median));
                let surplus = errors.len().saturating_sub(ERRORS_KEPT);
                errors.drain(..surplus);
            }
            sayings.push(Saying { gauge: index, depth_m, sigma_m: SIGMA_M });
        }
        let analysis = now.ensemble.assimilate(basin, &sayings, &Settings::default())?;
        if let Some(analysis) = analysis {
            self.count(now, &sayings, &analysis, time);
        }
        Ok(())
    }

    fn count(&self, now: &mut Now, sayings: &[Saying], analysis: &Analysis, time: Timestamp) {
        for (saying, outcome) in sayings.iter().zip(&analysis.outcomes) {
            match outcome {
                Outcome::Used { .. } => now.used += 1,
                Outcome::Agreed => now.agreed += 1,
                Outcome::Rejected { .. } => {
                    let station = self.model.gauges[saying.gauge].station;
                    let id = &self.stations.stations[station].gauge.id;
                    now.rejected.push(format!("{id} {time}"));
                }
            }
        }
    }

    /// What a gauge says in the step that ends at a time, as a depth over the bed of its node.
    fn said(&self, gauge: &ModelGauge, time: Timestamp) -> Option<Observed> {
        let station = &self.stations.stations[gauge.station];
        let last = station.last_sound(time);
        match observation(&station.gauge, last, time) {
            // A reading speaks once, in the step in which it was taken.
            Observation::Level(reading) => {
                let step = SignedDuration::from_secs(self.cube.timeline().step_s.into());
                let fresh = time.duration_since(reading.time) < step;
                fresh.then(|| Observed::Exact((reading.level_m - gauge.bed_m).max(0.0)))
            }
            Observation::BelowStart { start_m, .. } => {
                let on_the_hour = time.as_second().rem_euclid(60 * SILENCE_EVERY_MIN) == 0;
                on_the_hour.then(|| Observed::AtMost((start_m - gauge.bed_m).max(0.0)))
            }
            Observation::SilentHigh { .. } | Observation::Outage { .. } => None,
        }
    }

    /// What a gauge says at the reference time.
    pub(super) fn observed(&self, gauge: &ModelGauge) -> Observation {
        let station = &self.stations.stations[gauge.station];
        observation(&station.gauge, station.last_sound(self.reference_time), self.reference_time)
    }
}

/// The forecast of the members.
pub(super) struct Ahead {
    /// By gauge of the model.
    pub(super) gauges: Vec<GaugeForecast>,
    /// By node.
    pub(super) banks: Vec<BankForecast>,
    /// Mean flow into each node in the steps of the inundation, `[step][node][member]`, m³/s.
    pub(super) lateral_m3_s: Vec<f32>,
    /// What of each member's water is over the banks at the end of the inundation's lead, m³.
    pub(super) overflow_m3: Vec<f64>,
    pub(super) faults: Faults,
}

impl Cycle<'_> {
    /// Carries the members through the forecast; inflows are kept for the first
    /// `inundation_steps`.
    pub(super) fn ahead(
        &self,
        now: &mut Now,
        inundation_steps: usize,
        each: impl Fn(usize),
    ) -> Result<Ahead, BasinError> {
        let basin = &self.model.basin;
        let (nodes, members) = (basin.waterway().nodes(), now.ensemble.count());
        let gauges_now = self.levels_now(now);
        let dressed = self.dressed(now);
        let past = self.past_steps();
        let steps = self.cube.timeline().steps - past;
        let mut levels: Vec<Vec<Vec<f64>>> =
            vec![Vec::with_capacity(steps); self.model.gauges.len()];
        let mut banks = vec![BankForecast::NONE; nodes.len()];
        let mut lateral_m3_s = Vec::with_capacity(inundation_steps * nodes.len() * members);
        let mut overflow_m3 = vec![0.0_f64; members];
        for step in 0..steps {
            now.ensemble.step(basin, self.cube, past + step)?;
            for (gauge, levels) in self.model.gauges.iter().zip(&mut levels) {
                let depths = now.ensemble.depths_m(gauge.node as usize);
                levels.push(depths.into_iter().map(|depth| depth + gauge.bed_m).collect());
            }
            let is_inundated = step < inundation_steps;
            for (index, (node, bank)) in nodes.iter().zip(&mut banks).enumerate() {
                let mut depths = now.ensemble.depths_m(index);
                if is_inundated {
                    let flow = |member| narrowed(now.ensemble.lateral_m3_s(index, member));
                    lateral_m3_s.extend((0..members).map(flow));
                }
                depths.sort_by(f64::total_cmp);
                bank.take(step, &depths, node.crest_m.map(|crest| crest - node.bed_m));
            }
            if step + 1 == inundation_steps {
                overflow_m3 = now.ensemble.spilled_m3();
            }
            each(step);
        }
        let mut faults = Faults::default();
        let mut gauges = Vec::new();
        let members = gauges_now.into_iter().zip(levels).zip(dressed);
        for (gauge, ((now_m, then_m), dressed)) in self.model.gauges.iter().zip(members) {
            let station = &self.stations.stations[gauge.station];
            let told = (gauge.station, station);
            let members = MemberLevels { now_m, then_m };
            let forecast = dressed.and_then(|dressed| {
                GaugeForecast::new(told, self.observed(gauge), members, &dressed)
            });
            match forecast {
                Some(forecast) => gauges.push(forecast),
                None => faults.add("forecast-not-a-number", || station.gauge.id.clone()),
            }
        }
        Ok(Ahead { gauges, banks, lateral_m3_s, overflow_m3, faults })
    }

    /// Levels of the corrected members at each gauge now, in its datum.
    fn levels_now(&self, now: &Now) -> Vec<Vec<f64>> {
        let of = |(index, gauge): (usize, &ModelGauge)| {
            let depths = now.ensemble.at_gauge(&self.model.basin, index).depths_m;
            depths.into_iter().map(|depth| depth + gauge.bed_m).collect()
        };
        self.model.gauges.iter().enumerate().map(of).collect()
    }

    /// How the members at each gauge become a forecast: by what was fitted to kept forecasts, else
    /// by its own latest errors, else by a guess.
    fn dressed(&self, now: &Now) -> Vec<Option<Dressed>> {
        let of = |(index, gauge): (usize, &ModelGauge)| {
            let id = &self.stations.stations[gauge.station].gauge.id;
            if let Some((dressing, origin)) = self.dressings.of(id) {
                return Some(Dressed { dressing: dressing.clone(), origin });
            }
            let hours = |(second, error): &ErrorRecord| [*second as f64 / 3_600.0, *error];
            let errors: Vec<[f64; 2]> = now.records[index].errors.iter().map(hours).collect();
            let (memory, origin) = match ErrorMemory::fit(&errors) {
                Some(memory) => (memory, Origin::Errors),
                None => (FIRST_MEMORY, Origin::Guess),
            };
            Some(Dressed { dressing: Dressing::guess(memory)?, origin })
        };
        self.model.gauges.iter().enumerate().map(of).collect()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "flows of 7 digits, kept for one run")]
fn narrowed(value: f64) -> f32 {
    value as f32
}
