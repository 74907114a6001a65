//! One cycle of the hydrological model: from the last known state through what was observed to
//! the reference time, and from there through the forecast of the rain.

use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_flood::BasinError;
use jomo_flood::assimilate::{Analysis, Observed, Outcome, Settings, believed_sigma};
use jomo_flood::basin::{Ensemble, Saying};
use jomo_flood::ensemble::quantile;
use jomo_flood::gauge::{Observation, Reading, Trend};
use jomo_flood::rainfall::Cube;

use super::judged::{GaugeRecord, MADE_STEPS, Made, memories};
use super::model::{Model, ModelGauge};
use super::record::{
    BankForecast, Dress, Dressed, GaugeForecast, MemberLevels, STEP_MIN, Said, heard, spoken,
};
use super::shortfall::{Stretch, stretches};
use crate::dressing_table::{Dressings, Origin};
use crate::gauge_tables::Stations;

/// Standard deviation of a level at a gauge, m: 5 cm of the gauge and its waves, and 10 cm of what
/// a rectangle of up to 200 m cannot show.
const SIGMA_M: f64 = 0.11;
/// Minutes between two times at which silence is taken for an observation: it says less than a
/// level, and says the same again and again.
const SILENCE_EVERY_MIN: i64 = 60;
/// A level is carried on from a reading that is so old at most, h: what a river did three hours ago
/// tells little.
const SPOKEN_H: f64 = 3.0;
/// Readings before the reference time from which a gauge speaks for itself, h.
const TREND_H: i64 = 10;
/// Hours before the reference time from which a cold start makes forecasts of what has come since,
/// to be judged by: the hours for which short forecasts matter, half an hour's work in all.
const HINDCASTS_H: [i64; 3] = [3, 2, 1];

/// The members at the reference time.
pub(super) struct Now {
    pub(super) ensemble: Ensemble,
    pub(super) records: Vec<GaugeRecord>,
    /// Observations used, not believed, and silences with which all members agreed.
    pub(super) used: u64,
    pub(super) rejected: Vec<String>,
    pub(super) agreed: u64,
    /// Gauges of the model and times at which their silence was not believed.
    pub(super) doubted: Vec<(usize, Timestamp)>,
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

    /// Carries the members from the start of the cube to the reference time. On the way forecasts
    /// are made of what has come since, unless earlier cycles have kept theirs.
    pub(super) fn catch_up(&self, start: Now, each: impl Fn(usize)) -> Result<Now, BasinError> {
        let mut now = start;
        let timeline = self.cube.timeline();
        let reference_s = self.reference_time.as_second();
        for step in 0..self.past_steps() {
            now.ensemble.step(&self.model.basin, self.cube, step)?;
            self.fill(&mut now, step)?;
            let time = timeline.begin(step + 1);
            self.listen(&mut now, time)?;
            let age_s = reference_s - time.as_second();
            let is_known = now.records.iter().any(|record| record.has_made(time.as_second()));
            if HINDCASTS_H.iter().any(|hours| 3_600 * hours == age_s) && !is_known {
                self.hindcast(&mut now, step + 1)?;
            }
            each(step);
        }
        Ok(now)
    }

    /// Lets the members run from a step to the reference time without hearing a gauge.
    fn hindcast(&self, now: &mut Now, from: usize) -> Result<(), BasinError> {
        let mut made = self.begun(now, self.cube.timeline().begin(from));
        let mut free = now.ensemble.clone();
        for step in from..self.past_steps() {
            free.step(&self.model.basin, self.cube, step)?;
            self.tell_middles(&free, &mut made);
        }
        for (record, made) in now.records.iter_mut().zip(made) {
            record.make(made);
        }
        Ok(())
    }

    /// Forecasts that begin at a time, with the error of the middle of the members.
    fn begun(&self, now: &Now, time: Timestamp) -> Vec<Made> {
        let of = |(gauge, record): (&ModelGauge, &GaugeRecord)| {
            let said = self.observed_at(gauge, time);
            let heard_second = match said {
                Observation::Level(reading) => reading.time.as_second(),
                _ => time.as_second(),
            };
            let levels_m = record.levels_at(heard_second);
            let error_m = levels_m.map_or(0.0, |levels| heard(said).error_m(middle(levels)));
            let levels_m = Vec::with_capacity(MADE_STEPS);
            Made { second: time.as_second(), error_m, heard_second, levels_m }
        };
        self.model.gauges.iter().zip(&now.records).map(of).collect()
    }

    fn tell_middles(&self, ensemble: &Ensemble, made: &mut [Made]) {
        for (gauge, made) in self.model.gauges.iter().zip(made) {
            if made.levels_m.len() < MADE_STEPS {
                made.levels_m.push(middle(ensemble.depths_m(gauge.node as usize)) + gauge.bed_m);
            }
        }
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
            let Some(depth_m) = self.spoken(gauge, time) else { continue };
            let mut sigma_m = SIGMA_M;
            if let Observed::Exact(level) = depth_m {
                let depths = now.ensemble.at_gauge(basin, index).depths_m;
                let spread_m = deviation(&depths);
                let record = &mut now.records[index];
                record.err(time.as_second(), level - middle(depths));
                sigma_m = believed_sigma(SIGMA_M, spread_m, &record.lately(time.as_second()));
            }
            sayings.push(Saying { gauge: index, depth_m, sigma_m });
        }
        let sayings = self.believed(now, sayings, time);
        let analysis = now.ensemble.assimilate(basin, &sayings, &Settings::default())?;
        if let Some(analysis) = analysis {
            self.count(now, &sayings, &analysis, time);
        }
        for (gauge, levels_m) in self.levels_of(now).into_iter().enumerate() {
            now.records[gauge].stand(time.as_second(), &levels_m);
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
    fn spoken(&self, gauge: &ModelGauge, time: Timestamp) -> Option<Observed> {
        match self.observed_at(gauge, time) {
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

    /// What a gauge says at a time.
    pub(super) fn observed_at(&self, gauge: &ModelGauge, time: Timestamp) -> Observation {
        self.stations.said(gauge.station, time)
    }

    /// What a gauge says at the reference time, and of itself.
    fn said(&self, gauge: &ModelGauge) -> Said {
        let observation = self.observed_at(gauge, self.reference_time);
        let station = &self.stations.stations[gauge.station];
        let age_h = |reading: &Reading| {
            self.reference_time.duration_since(reading.time).as_secs_f64() / 3_600.0
        };
        let trend = spoken(observation).filter(|last| age_h(last) <= SPOKEN_H).and_then(|last| {
            let readings = station.readings.as_slice().iter().zip(&station.sound);
            let heard = readings.filter(|(reading, sound)| {
                **sound && reading.time <= last.time && age_h(reading) <= TREND_H as f64
            });
            let heard: Vec<Reading> = heard.map(|(reading, _)| *reading).collect();
            Trend::of(&heard)
        });
        Said { observation, trend }
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
    /// Rivers beside gauges that the model is far from.
    pub(super) stretches: Vec<Stretch>,
    /// Discharges of the members at the outlets of the storage functions,
    /// `[step][outlet][member]`, m³/s.
    pub(super) outlets_m3_s: Vec<Vec<Vec<f64>>>,
    /// What of each member's water is over the banks at the end of the inundation's lead, m³.
    pub(super) overflow_m3: Vec<f64>,
    /// Share of the water that appeared or vanished.
    pub(super) volume_error: f64,
    pub(super) faults: Faults,
}

impl Cycle<'_> {
    /// Carries a copy of the members through the forecast; inflows are kept for the first
    /// `inundation_steps`. What is forecast goes into the records, to be judged later.
    pub(super) fn ahead(
        &self,
        now: &mut Now,
        inundation_steps: usize,
        each: impl Fn(usize),
    ) -> Result<Ahead, BasinError> {
        let basin = &self.model.basin;
        let (nodes, members) = (basin.waterway().nodes(), now.ensemble.count());
        let mut ensemble = now.ensemble.clone();
        let mut made = self.begun(now, self.reference_time);
        let past = self.past_steps();
        let steps = self.cube.timeline().steps - past;
        let mut levels: Vec<Vec<Vec<f64>>> =
            vec![Vec::with_capacity(steps); self.model.gauges.len()];
        let mut banks = vec![BankForecast::NONE; nodes.len()];
        let dressed = self.dressed(now);
        let mut beside = self.beside(now, &dressed);
        let stretches = stretches(nodes, &self.model.river, &self.model.gauges, &beside);
        let mut lateral_m3_s = Vec::with_capacity(inundation_steps * nodes.len() * members);
        let mut overflow_m3 = vec![0.0_f64; members];
        let mut outlets_m3_s = Vec::new();
        for step in 0..steps {
            ensemble.step(basin, self.cube, past + step)?;
            for (gauge, levels) in self.model.gauges.iter().zip(&mut levels) {
                let depths = ensemble.depths_m(gauge.node as usize);
                levels.push(depths.into_iter().map(|depth| depth + gauge.bed_m).collect());
            }
            self.tell_middles(&ensemble, &mut made);
            let outlets = self.model.storage.nodes();
            outlets_m3_s.push(outlets.map(|node| ensemble.discharges_m3_s(node)).collect());
            let is_inundated = step < inundation_steps;
            for (index, (node, bank)) in nodes.iter().zip(&mut banks).enumerate() {
                let mut depths = ensemble.depths_m(index);
                if is_inundated {
                    let flow = |member| narrowed(ensemble.lateral_m3_s(index, member));
                    lateral_m3_s.extend((0..members).map(flow));
                }
                depths.sort_by(f64::total_cmp);
                bank.take(step, &depths, node.crest_m.map(|crest| crest - node.bed_m));
            }
            for place in &mut beside {
                place.take(ensemble.depths_m(place.node));
            }
            if step + 1 == inundation_steps {
                overflow_m3 = ensemble.spilled_m3();
            }
            each(step);
        }
        let (gauges, mut faults) = self.gauges(now, levels, dressed);
        for place in &beside {
            let node = &nodes[place.node];
            let crests_m = node.crest_m.map(|crest| crest - node.bed_m);
            place.carry(&mut banks[place.node], &gauges, crests_m);
        }
        faults.merge(self.outages(now));
        for (record, made) in now.records.iter_mut().zip(made) {
            record.make(made);
        }
        let volume_error = ensemble.volume_error(basin);
        Ok(Ahead {
            gauges,
            banks,
            lateral_m3_s,
            stretches,
            outlets_m3_s,
            overflow_m3,
            volume_error,
            faults,
        })
    }

    /// The forecast at every gauge from its members by step.
    fn gauges(
        &self,
        now: &Now,
        levels: Vec<Vec<Vec<f64>>>,
        dressed: Vec<Dressed>,
    ) -> (Vec<GaugeForecast>, Faults) {
        let levels_now = self.levels_of(now);
        let mut faults = Faults::default();
        let mut gauges = Vec::new();
        for (index, (then_m, dressed)) in levels.into_iter().zip(dressed).enumerate() {
            let gauge = &self.model.gauges[index];
            let station = &self.stations.stations[gauge.station];
            let mut said = self.said(gauge);
            said.observation = self.weighed(now, index, said.observation);
            // What was heard is compared with the members of that time.
            let heard = match said.observation {
                Observation::Level(reading) => {
                    let levels = now.records[index].levels_at(reading.time.as_second());
                    let age = self.reference_time.duration_since(reading.time);
                    levels.map(|levels| (levels, age.as_secs_f64() / 3_600.0))
                }
                _ => None,
            };
            let (now_m, age_h) = heard.unwrap_or_else(|| (levels_now[index].clone(), 0.0));
            let members = MemberLevels { now_m, age_h, then_m };
            let told = (gauge.station, station);
            let id = &station.gauge.id;
            if let Some(error_m) = dressed.disagrees_m {
                faults.add("forecast-model-disagrees", || format!("{id} {error_m:.1} m"));
            }
            match GaugeForecast::new(told, &said, members, &dressed, self.reference_time) {
                Some(forecast) => gauges.push(forecast),
                None => faults.add("forecast-not-a-number", || id.clone()),
            }
        }
        (gauges, faults)
    }

    /// Levels of the members at each gauge, in its datum.
    fn levels_of(&self, now: &Now) -> Vec<Vec<f64>> {
        let of = |(index, gauge): (usize, &ModelGauge)| {
            let depths = now.ensemble.at_gauge(&self.model.basin, index).depths_m;
            depths.into_iter().map(|depth| depth + gauge.bed_m).collect()
        };
        self.model.gauges.iter().enumerate().map(of).collect()
    }

    /// How the members at each gauge become a forecast: by what was fitted to kept forecasts, unless
    /// the model now errs beyond it; else by how wrong its latest forecasts were.
    fn dressed(&self, now: &Now) -> Vec<Dressed> {
        let until = self.reference_time;
        let stations = self.model.gauges.iter().map(|gauge| &self.stations.stations[gauge.station]);
        let judged: Vec<_> = stations
            .clone()
            .zip(&now.records)
            .map(|(station, record)| record.judged(station, until))
            .collect();
        let memories = memories(&judged);
        let of = |(index, station): (usize, &crate::gauge_tables::Station)| {
            let (record, judged) = (&now.records[index], &judged[index]);
            let fitted = self.dressings.of(&station.gauge.id);
            let spreads_m = fitted
                .map(|(fitted, _)| [STEP_MIN as f64 / 60.0, 1.0].map(|h| fitted.at(h).spread_m));
            let disagrees_m = record.disagrees(judged, until, spreads_m);
            if let (Some((dressing, origin)), None) = (fitted, disagrees_m) {
                return Dressed { dress: Dress::Fitted(dressing.clone()), origin, disagrees_m };
            }
            let origin = if judged.is_empty() { Origin::Guess } else { Origin::Errors };
            Dressed { dress: Dress::Judged(memories[index]), origin, disagrees_m }
        };
        stations.enumerate().map(of).collect()
    }
}

/// The middle of levels.
pub(super) fn middle(mut levels: Vec<f64>) -> f64 {
    levels.sort_by(f64::total_cmp);
    quantile(&levels, 0.5).unwrap_or(f64::NAN)
}

/// Standard deviation of levels.
pub(super) fn deviation(levels: &[f64]) -> f64 {
    let count = levels.len().max(1) as f64;
    let mean = levels.iter().sum::<f64>() / count;
    (levels.iter().map(|level| (level - mean).powi(2)).sum::<f64>() / count).sqrt()
}

#[expect(clippy::cast_possible_truncation, reason = "flows of 7 digits, kept for one run")]
fn narrowed(value: f64) -> f32 {
    value as f32
}
