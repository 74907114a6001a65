//! How well a run fits the gauges.

use jiff::Timestamp;
use jomo_flood::calibrate::{Measure, Record, cost};
use jomo_flood::verify::{bias, kge, nse, rmse};
use serde_json::{Value, json};

use super::super::model::Model;
use super::super::record::STEP_MIN;
use crate::gauge_tables::Stations;

/// Sound readings before the check that a gauge needs to be part of the search, and after it to be
/// part of the check: fewer fit anything.
pub(super) const LEAST: usize = 6;
/// What stands where places of faults do.
pub(super) const MODEL: &str = "model";
/// Of correlation, variability and volume alike, of the height over the bed; the efficiency of Nash
/// and Sutcliffe would be ruled by the gauge whose bed is known worst.
const MEASURE: Measure = Measure::Kge;

/// Readings of one gauge: time in s since 1970 and height over the bed in m, in ascending time.
struct GaugeReadings {
    /// Its place among the gauges of the model.
    gauge: usize,
    id: String,
    depths_m: Vec<[f64; 2]>,
}

/// What runs are compared with.
pub(super) struct Readings {
    gauges: Vec<GaugeReadings>,
}

/// Scores of a run before and in the check.
#[derive(Clone, Debug)]
pub(super) struct Scores {
    /// Of each gauge.
    gauges: Vec<Value>,
    /// What the search makes least, in both.
    costs: [f64; 2],
}

impl Readings {
    /// The readings of a window that quality control has nothing against.
    pub(super) fn new(model: &Model, stations: &Stations, [from, to]: [Timestamp; 2]) -> Self {
        let of = |(index, gauge): (usize, &super::super::model::ModelGauge)| {
            let station = &stations.stations[gauge.station];
            let sound = station.readings.as_slice().iter().zip(&station.sound);
            let within = sound.filter(|(reading, is_sound)| {
                **is_sound && from <= reading.time && reading.time <= to
            });
            let depths_m = within.map(|(reading, _)| {
                [reading.time.as_second() as f64, (reading.level_m - gauge.bed_m).max(0.0)]
            });
            let id = station.gauge.id.clone();
            GaugeReadings { gauge: index, id, depths_m: depths_m.collect() }
        };
        Self { gauges: model.gauges.iter().enumerate().map(of).collect() }
    }

    /// Whether the search has anything to go by.
    pub(super) fn can_be_scored(&self, split: Timestamp) -> bool {
        self.gauges.iter().any(|gauge| LEAST <= gauge.parts(split)[0].len())
    }

    /// Gauges with any reading.
    pub(super) fn gauges(&self) -> usize {
        self.gauges.iter().filter(|gauge| !gauge.depths_m.is_empty()).count()
    }

    /// What the search makes least: the readings before the check.
    pub(super) fn cost(&self, start: Timestamp, levels: &[Vec<f64>], split: Timestamp) -> f64 {
        self.cost_of(start, levels, (split, 0))
    }

    fn cost_of(
        &self,
        start: Timestamp,
        levels: &[Vec<f64>],
        (split, part): (Timestamp, usize),
    ) -> f64 {
        let pairs: Vec<[Vec<f64>; 2]> = self
            .gauges
            .iter()
            .map(|gauge| (gauge, gauge.parts(split)[part]))
            .filter(|(_, readings)| LEAST <= readings.len())
            .map(|(gauge, readings)| pairs(start, &levels[gauge.gauge], readings))
            .collect();
        let records: Vec<Record<'_>> = pairs
            .iter()
            .map(|[modelled, observed]| Record { modelled, observed, weight: 1.0 })
            .collect();
        cost(MEASURE, &records)
    }

    /// All scores of a run.
    pub(super) fn scores(&self, start: Timestamp, levels: &[Vec<f64>], split: Timestamp) -> Scores {
        let told = |gauge: &GaugeReadings| {
            let [before, check] = gauge.parts(split).map(|readings| {
                let [modelled, observed] = pairs(start, &levels[gauge.gauge], readings);
                json!({
                    "readings": readings.len(),
                    "kge": kge(&modelled, &observed).map(|parts| parts.kge),
                    "nse": nse(&modelled, &observed),
                    "rmse_m": rmse(&modelled, &observed),
                    "bias_m": bias(&modelled, &observed),
                })
            });
            json!({ "gauge": gauge.id, "calibration": before, "check": check })
        };
        let with_readings = self.gauges.iter().filter(|gauge| !gauge.depths_m.is_empty());
        let costs = [0, 1].map(|part| self.cost_of(start, levels, (split, part)));
        Scores { gauges: with_readings.map(told).collect(), costs }
    }
}

impl GaugeReadings {
    /// Readings before the check and in it.
    fn parts(&self, split: Timestamp) -> [&[[f64; 2]]; 2] {
        let split_s = split.as_second() as f64;
        let (before, check) =
            self.depths_m.split_at(self.depths_m.partition_point(|[time_s, _]| *time_s < split_s));
        [before, check]
    }
}

/// Modelled and observed at the times of readings; between steps along a straight line.
fn pairs(start: Timestamp, levels: &[f64], readings: &[[f64; 2]]) -> [Vec<f64>; 2] {
    let modelled = readings.iter().map(|[time_s, _]| {
        let steps = (time_s - start.as_second() as f64) / (60.0 * STEP_MIN as f64);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "readings are not before the start; a step beyond the last is not found"
        )]
        let step = steps.max(0.0) as usize;
        let share = steps - step as f64;
        let [low, high] = [step, step + 1].map(|step| levels.get(step).copied());
        match (low, high) {
            (Some(low), Some(high)) => low + share * (high - low),
            (Some(low), None) if share <= 0.0 => low,
            _ => f64::NAN,
        }
    });
    [modelled.collect(), readings.iter().map(|[_, depth_m]| *depth_m).collect()]
}

impl Scores {
    /// Whether what was found is better where it was not looked at.
    pub(super) fn is_better_checked(&self, other: &Self) -> bool {
        self.costs[1] < other.costs[1]
    }

    /// For the record.
    pub(super) fn told(&self) -> Value {
        let number = |cost: f64| cost.is_finite().then_some(1.0 - cost);
        json!({
            "kge_calibration": number(self.costs[0]),
            "kge_check": number(self.costs[1]),
            "gauges": self.gauges,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_000_000_200 + 60 * minute).unwrap()
    }

    #[test]
    fn readings_between_steps_meet_the_line() {
        let levels = [1.0, 2.0, 4.0];
        let times = [0, 5, 10, 18, 20, 21];
        let readings: Vec<[f64; 2]> =
            times.iter().map(|minute| [at(*minute).as_second() as f64, 0.5]).collect();
        let [modelled, observed] = pairs(at(0), &levels, &readings);
        for (found, exact) in modelled.iter().zip([1.0, 1.5, 2.0, 3.6, 4.0]) {
            assert!((found - exact).abs() < 1e-9, "{modelled:?}");
        }
        assert!(modelled[5].is_nan() && observed.len() == 6);
    }

    /// The search does not see what is kept back, and the check sees nothing else.
    #[test]
    fn what_is_kept_back_costs_nothing() {
        let depths_m = (0..20).map(|index: i32| {
            let minute = i64::from(10 * index);
            [at(minute).as_second() as f64, 1.0 + (f64::from(index) * 0.7).sin()]
        });
        let depths_m: Vec<[f64; 2]> = depths_m.collect();
        let gauge = GaugeReadings { gauge: 0, id: "g".to_owned(), depths_m: depths_m.clone() };
        let readings = Readings { gauges: vec![gauge] };
        let exact: Vec<f64> = depths_m.iter().map(|[_, depth]| *depth).collect();
        let split = at(100);
        let mut late = exact.clone();
        late[15] += 0.5;
        let cost = |levels: &[f64]| readings.cost(at(0), &[levels.to_vec()], split);
        assert!(cost(&exact).abs() < 1e-12 && cost(&late).abs() < 1e-12);
        let [good, bad] =
            [&exact, &late].map(|l| readings.scores(at(0), std::slice::from_ref(l), split));
        assert!(good.is_better_checked(&bad) && !bad.is_better_checked(&good));
        // A reading of the moment at which the check begins is part of it.
        let mut first = exact.clone();
        first[10] += 0.5;
        assert!(cost(&first).abs() < 1e-12);
        let first = readings.scores(at(0), &[first], split);
        assert!(good.is_better_checked(&first));
        let mut early = exact.clone();
        early[3] += 0.5;
        assert!(0.01 < cost(&early));
        let early = readings.scores(at(0), &[early], split);
        assert!(!good.is_better_checked(&early));
        // Too few readings are no score.
        assert!(!readings.can_be_scored(at(40)) && readings.can_be_scored(at(60)));
        assert!(readings.cost(at(0), &[exact], at(40)).is_nan());
    }
}
