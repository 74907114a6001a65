//! Each forecast level with what the gauge said.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_flood::ensemble::Heard;
use jomo_flood::gauge::{CrisisLevel, Kind, Observation, Reading, ReferenceLevel, STORM_GAP_H};
use jomo_flood::verify::{Case, Chance};

use super::archive::Row;
use crate::gauge_tables::{Station, said};

/// Farthest reading that tells of a valid time: half a step of ten minutes.
const NEAR: SignedDuration = SignedDuration::from_mins(5);
/// Times over which a rise is taken: shorter ones are mostly the rounding of the gauge, longer
/// ones no rise of now.
const RISE: [SignedDuration; 2] = [SignedDuration::from_mins(9), SignedDuration::from_mins(90)];

/// A forecast level and what came.
pub(super) struct Pair<'a> {
    pub(super) row: &'a Row,
    /// What the gauge said when the forecast was made.
    pub(super) heard: Heard,
    pub(super) case: Case,
}

/// All forecast levels of gauges that are in the table, of which something came. Blocks are storms:
/// times with readings, of any gauge, with less than a day between them; a case without a reading
/// is of the storm before it.
pub(super) fn pairs<'a>(
    rows: &'a [Row],
    stations: &[Station],
    faults: &mut Faults,
) -> Vec<Pair<'a>> {
    let gauged = (0..stations.len()).map(|index| Gauged::new(stations, index));
    let known: BTreeMap<&str, Gauged<'_>> =
        gauged.map(|gauged| (stations[gauged.index].gauge.id.as_str(), gauged)).collect();
    let end = stations.iter().filter_map(|station| station.readings.as_slice().last());
    let Some(end) = end.map(|reading| reading.time).max() else { return Vec::new() };
    let mut paired = Vec::new();
    for row in rows {
        let Some(gauged) = known.get(row.gauge.as_str()) else {
            faults.add("verify-gauge-unknown", || row.gauge.clone());
            continue;
        };
        let case = gauged.case(row, end);
        let is_something = case.observed_m.is_finite()
            || case.chances.iter().any(|chance| chance.happened.is_some());
        if is_something {
            paired.push(Pair { row, heard: gauged.heard(row.reference_time), case });
        }
    }
    let mut seen: Vec<Timestamp> = paired
        .iter()
        .filter(|pair| pair.case.observed_m.is_finite())
        .map(|pair| pair.row.valid_time)
        .collect();
    seen.sort();
    let mut starts: Vec<Timestamp> = Vec::new();
    let mut before: Option<Timestamp> = None;
    for time in seen {
        let gap_h = before.map(|before| time.duration_since(before).as_secs_f64() / 3_600.0);
        if gap_h.is_none_or(|gap_h| STORM_GAP_H <= gap_h) {
            starts.push(time);
        }
        before = Some(time);
    }
    for pair in &mut paired {
        let time = pair.row.valid_time;
        let storm = starts.partition_point(|start| *start <= time).saturating_sub(1);
        pair.case.block = u32::try_from(storm).unwrap_or(u32::MAX);
    }
    paired
}

/// A gauge with its sound readings and the levels that matter.
struct Gauged<'a> {
    stations: &'a [Station],
    index: usize,
    sound: Vec<Reading>,
    base_m: f64,
    levels_m: [Option<f64>; 2],
}

impl<'a> Gauged<'a> {
    fn new(stations: &'a [Station], index: usize) -> Self {
        let station = &stations[index];
        let readings = station.readings.as_slice().iter().zip(&station.sound);
        let sound = readings.filter(|(_, sound)| **sound).map(|(reading, _)| *reading).collect();
        let (base_m, levels_m) = match &station.gauge.kind {
            Kind::Crisis(levels) => {
                let danger = levels.level_m(CrisisLevel::Danger);
                (levels.start_m(), [danger, Some(levels.overflow_m())])
            }
            Kind::Reference { levels, .. } => {
                let lowest = ReferenceLevel::ALL.into_iter().find_map(|at| levels.level_m(at));
                // There is at least one level.
                let danger = levels.level_m(ReferenceLevel::FloodDanger);
                (lowest.unwrap_or_default(), [danger, None])
            }
        };
        Self { stations, index, sound, base_m, levels_m }
    }

    /// The reading nearest to a time, if it is near.
    fn near(&self, time: Timestamp) -> Option<f64> {
        let place = self.sound.partition_point(|reading| reading.time < time);
        let around = self.sound[place.saturating_sub(1)..self.sound.len().min(place + 1)].iter();
        let away = |reading: &&Reading| reading.time.duration_since(time).abs();
        around.min_by_key(away).filter(|reading| away(reading) <= NEAR).map(|r| r.level_m)
    }

    /// What the gauge said at a time, as it was known then.
    fn heard(&self, time: Timestamp) -> Heard {
        match said(self.stations, self.index, time) {
            Observation::Level(reading) => Heard::Level(reading.level_m),
            Observation::BelowStart { start_m, .. } => Heard::Silent(start_m),
            Observation::SilentHigh { .. } | Observation::Outage { .. } => Heard::Nothing,
        }
    }

    /// Level and rise at a time, as they were known then.
    fn now(&self, time: Timestamp) -> [f64; 2] {
        let place = self.sound.partition_point(|reading| reading.time <= time);
        let Observation::Level(last) = said(self.stations, self.index, time) else {
            return [f64::NAN; 2];
        };
        let earlier = self.sound[..place].iter().rev().find_map(|reading| {
            let gap = last.time.duration_since(reading.time);
            (RISE[0] <= gap).then_some((gap, reading.level_m))
        });
        let rise_m_h =
            earlier.filter(|(gap, _)| *gap <= RISE[1]).map_or(f64::NAN, |(gap, level)| {
                (last.level_m - level) / (gap.as_secs_f64() / 3_600.0)
            });
        [last.level_m, rise_m_h]
    }

    fn case(&self, row: &Row, end: Timestamp) -> Case {
        let observed = self.near(row.valid_time);
        let [now_m, rise_m_h] = self.now(row.reference_time);
        let is_below_start = || {
            let said = || said(self.stations, self.index, row.valid_time);
            row.valid_time <= end && matches!(said(), Observation::BelowStart { .. })
        };
        let chance = |index: usize| {
            let happened = match (self.levels_m[index], observed) {
                (Some(level), Some(observed)) => Some(level <= observed),
                (Some(_), None) if is_below_start() => Some(false),
                _ => None,
            };
            Chance { probability: row.chances[index], happened }
        };
        Case {
            block: 0,
            lead_min: row.lead_min,
            quantiles_m: row.quantiles_m,
            observed_m: observed.unwrap_or(f64::NAN),
            now_m,
            rise_m_h,
            base_m: self.base_m,
            chances: [chance(0), chance(1)],
        }
    }
}
