//! Silent gauges: which of them are taken for low rivers, and what is told of the others.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_flood::assimilate::Observed;
use jomo_flood::basin::Saying;
use jomo_flood::gauge::{FEED_ALIVE, Observation, OutageCause, Silence, believed};
use jomo_flood::runoff::Slopes;
use jomo_flood::waterway::Node;

use super::cycle::{Cycle, Now};
use crate::gauge_tables::Stations;

/// A silence that was not believed is doubted until gauges are asked again, an hour later.
const DOUBTED: SignedDuration = SignedDuration::from_mins(60);
/// Mean rain over a catchment in [`RAIN_STEPS`] from which its river rises, so that a gauge of which
/// nothing is known is out of order, in mm: a judgement.
const RAIN_MM: f64 = 10.0;
/// Steps of ten minutes: three hours.
const RAIN_STEPS: usize = 18;

impl Cycle<'_> {
    /// What gauges say in a step, without the silences that are likelier outages than low rivers.
    pub(super) fn believed(
        &self,
        now: &mut Now,
        sayings: Vec<Saying>,
        time: Timestamp,
    ) -> Vec<Saying> {
        let mut silences = Vec::new();
        for saying in &sayings {
            let Observed::AtMost(start_m) = saying.depth_m else { continue };
            let depths = now.ensemble.at_gauge(&self.model.basin, saying.gauge).depths_m;
            let station = &self.stations.stations[self.model.gauges[saying.gauge].station];
            let last = station.readings.last_at(time).map_or(time, |last| last.time);
            let age_h = time.duration_since(last).as_secs_f64() / 3_600.0;
            let below = depths.into_iter().map(|depth| depth <= start_m).collect();
            silences.push(Silence { age_h, below });
        }
        let mut verdicts = believed(&silences).into_iter();
        let mut kept = Vec::with_capacity(sayings.len());
        for saying in sayings {
            let is_silent = matches!(saying.depth_m, Observed::AtMost(_));
            if is_silent && verdicts.next() == Some(false) {
                now.doubted.push((saying.gauge, time));
            } else {
                kept.push(saying);
            }
        }
        kept
    }

    /// What a gauge of the model says at the reference time, a silence that was not believed being
    /// none.
    pub(super) fn weighed(&self, now: &Now, gauge: usize, said: Observation) -> Observation {
        let is_doubted = now.doubted.iter().rev().any(|(other, time)| {
            *other == gauge && self.reference_time.duration_since(*time) < DOUBTED
        });
        match said {
            Observation::BelowStart { last, .. } if is_doubted => {
                Observation::Outage { last: Some(last), cause: OutageCause::Unproven }
            }
            said => said,
        }
    }

    /// Gauges and feeds that should say something and do not.
    pub(super) fn outages(&self, now: &Now) -> Faults {
        let mut faults = Faults::default();
        let (above_mm, basin_mm) = self.rain_mm();
        let mut in_rain = BTreeSet::new();
        for (index, gauge) in self.model.gauges.iter().enumerate() {
            let said = self.weighed(now, index, self.observed_at(gauge, self.reference_time));
            let rain_mm = above_mm.get(gauge.node as usize).copied().unwrap_or_default();
            let station = &self.stations.stations[gauge.station];
            // One that was never heard has not fallen silent.
            let was_heard = station.readings.last_at(self.reference_time).is_some();
            if RAIN_MM <= rain_mm && is_unknown(said) && was_heard {
                in_rain.insert(index);
                let code = "forecast-gauge-silent-in-rain";
                faults.add(code, || format!("{} {rain_mm:.0} mm", station.gauge.id));
            }
        }
        for (gauge, time) in &now.doubted {
            let is_now = self.reference_time.duration_since(*time) < DOUBTED;
            if is_now && !in_rain.contains(gauge) {
                let station = &self.stations.stations[self.model.gauges[*gauge].station];
                let place = || format!("{} {time}", station.gauge.id);
                faults.add("forecast-silence-doubted", place);
            }
        }
        for (index, station) in self.stations.stations.iter().enumerate() {
            let (code, last) = match self.stations.said(index, self.reference_time) {
                Observation::SilentHigh { last } => ("forecast-gauge-silent-high", last),
                Observation::Outage { last: Some(last), cause: OutageCause::Stopped } => {
                    ("forecast-gauge-stopped", last)
                }
                _ => continue,
            };
            faults.add(code, || format!("{} {}", station.gauge.id, last.time));
        }
        // Gauges that are not in the model have no catchment: for them the whole basin speaks.
        if self.has_readings() && (RAIN_MM <= basin_mm || !in_rain.is_empty()) {
            for (feed, gauges) in silent_feeds(self.stations, self.reference_time) {
                faults.add("forecast-feed-silent", || format!("{feed} ({gauges})"));
            }
        }
        faults
    }

    /// Whether readings are asked for at all: the first input is the table of gauges.
    fn has_readings(&self) -> bool {
        2 <= self.stations.inputs.len() + self.stations.unread.len()
    }

    /// Rain of the last steps in mm: the mean over what drains to each node, and over the basin.
    fn rain_mm(&self) -> (Vec<f64>, f64) {
        let (cube, end) = (self.cube, self.past_steps());
        let hours = f64::from(cube.timeline().step_s) / 3_600.0;
        let mut rates = vec![0.0; cube.cells().count()];
        let mut fallen_mm = vec![0.0; rates.len()];
        for step in end.saturating_sub(RAIN_STEPS)..end {
            cube.rates(step, &mut rates);
            for (fallen_mm, rate) in fallen_mm.iter_mut().zip(&rates) {
                // What is not known counts as none, and is told as a gap.
                if !rate.is_nan() {
                    *fallen_mm += hours * f64::from(*rate);
                }
            }
        }
        let basin = &self.model.basin;
        above_mm(basin.slopes(), basin.waterway().nodes(), &fallen_mm)
    }
}

/// Whether nothing is known of the level of a gauge, for a reason that no other fault tells.
fn is_unknown(said: Observation) -> bool {
    match said {
        Observation::Outage { cause, .. } => cause != OutageCause::Stopped,
        Observation::Level(_) | Observation::BelowStart { .. } | Observation::SilentHigh { .. } => {
            false
        }
    }
}

/// Mean of what fell on the rain cells over what drains to each node, and over all slopes.
fn above_mm(slopes: &Slopes, nodes: &[Node], fallen_mm: &[f64]) -> (Vec<f64>, f64) {
    let mut drained = vec![[0.0_f64; 2]; nodes.len()];
    for (element, node) in slopes.elements().iter().zip(slopes.node_of_elements()) {
        let fallen = fallen_mm.get(element.rain_cell as usize).copied().unwrap_or_default();
        let [water, area] = &mut drained[node as usize];
        *water += fallen * element.area_m2;
        *area += element.area_m2;
    }
    let mean = |[water, area]: [f64; 2]| if 0.0 < area { water / area } else { 0.0 };
    let sum = |all: [f64; 2], one: &[f64; 2]| [all[0] + one[0], all[1] + one[1]];
    let whole = mean(drained.iter().fold([0.0; 2], sum));
    // Whatever flows into a node comes before it.
    for (index, node) in nodes.iter().enumerate() {
        if let Some(next) = node.downstream {
            drained[next as usize] = sum(drained[next as usize], &drained[index]);
        }
    }
    (drained.into_iter().map(mean).collect(), whole)
}

/// Feeds of two gauges and more of which none has reported for as long as a feed is alive, and how
/// many gauges they have.
fn silent_feeds(stations: &Stations, now: Timestamp) -> Vec<(String, usize)> {
    let mut feeds = BTreeMap::<&str, (usize, Option<Timestamp>)>::new();
    for station in &stations.stations {
        let newest = station.readings.last_at(now).map(|last| last.time);
        let feed = feeds.entry(&station.feed).or_default();
        *feed = (feed.0 + 1, feed.1.max(newest));
    }
    let is_silent = |newest: Option<Timestamp>| {
        newest.is_none_or(|newest| FEED_ALIVE < now.duration_since(newest))
    };
    feeds
        .into_iter()
        .filter(|(_, (gauges, newest))| 2 <= *gauges && is_silent(*newest))
        .map(|(feed, (gauges, _))| (feed.to_owned(), gauges))
        .collect()
}

#[cfg(test)]
mod tests {
    use jomo_flood::gauge::Reading;
    use jomo_flood::runoff::{Element, Land, Receiver};

    use super::*;

    /// A cloudburst over one tributary rains on the gauge there, not on its neighbour, and on the
    /// one below both by the share of the area; over the whole basin it is no rain to speak of.
    #[test]
    fn rain_is_that_of_the_own_catchment() {
        let node = |upstream_m2, downstream| Node {
            reach: 0,
            station_m: 0.0,
            at_m: [0.0; 2],
            length_m: 100.0,
            width_m: 5.0,
            bed_m: 0.0,
            crest_m: [2.0; 2],
            upstream_m2,
            downstream,
        };
        // Two brooks, their meeting, and the river far below.
        let nodes = [node(1e6, Some(2)), node(1e6, Some(2)), node(2e6, Some(3)), node(10e6, None)];
        let slope = |area_m2, receiver, rain_cell| Element {
            area_m2,
            length_m: 100.0,
            slope: 0.1,
            receiver,
            rain_cell,
            land: 0,
        };
        let elements = vec![
            slope(0.5e6, Receiver::Element(1), 0),
            slope(0.5e6, Receiver::Node(0), 0),
            slope(1e6, Receiver::Node(1), 1),
            slope(8e6, Receiver::Node(3), 1),
        ];
        let slopes = Slopes::new(elements, Land::CLASSES.to_vec(), nodes.len()).unwrap();
        let (above, whole) = above_mm(&slopes, &nodes, &[40.0, 0.0]);
        assert_eq!(above, [40.0, 0.0, 20.0, 4.0]);
        assert!((whole - 4.0).abs() < 1e-12 && whole < RAIN_MM);
        // A node on which nothing drains has no rain.
        let slopes = Slopes::new(Vec::new(), Land::CLASSES.to_vec(), nodes.len()).unwrap();
        assert_eq!(above_mm(&slopes, &nodes, &[40.0]), (vec![0.0; 4], 0.0));
    }

    /// What is overdue, unproven or doubted is not known; a low river is, and a gauge that stopped
    /// high has a fault of its own.
    #[test]
    fn what_is_not_known_in_rain_is_told() {
        let reading = Reading { time: Timestamp::UNIX_EPOCH, level_m: 1.0 };
        let outage = |cause| Observation::Outage { last: Some(reading), cause };
        for cause in [OutageCause::Overdue, OutageCause::Unproven, OutageCause::Doubted] {
            assert!(is_unknown(outage(cause)), "{cause:?}");
        }
        for said in [
            outage(OutageCause::Stopped),
            Observation::Level(reading),
            Observation::SilentHigh { last: reading },
        ] {
            assert!(!is_unknown(said), "{said:?}");
        }
    }
}
