//! Banks beside a gauge that the model is far from: the error found there is carried to them.

use jomo_flood::gauge::Observation;
use jomo_flood::waterway::Node;

use super::cycle::{Cycle, Now, deviation, middle};
use super::record::{BankDoubt, BankForecast, Dressed, GaugeForecast};

/// Distance along the river over which an error keeps a share of 1/e, in m: errors of rain and
/// runoff reach as far as the filter carries them (20 km), those of a section or a datum a few
/// nodes. A judgement between the two, not fitted: kept forecasts tell of gauges only.
const FADES_M: f64 = 5_000.0;
/// Farthest bank that is told, in m: there 14 % of the error is left.
const FAR_M: f64 = 10_000.0;
/// Most that the areas drained at gauge and bank differ by, as a factor: by `D = Cd A^0.2` depths,
/// and errors of depths, then differ by 15 % at most.
const SAME_RIVER: f64 = 2.0;
/// Standard deviations between the 10 and the 90 % quantile of a Gaussian.
const P10_TO_P90: f64 = 2.563_1;

/// A gauge that the model is far from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FarGauge {
    node: u32,
    doubt: BankDoubt,
    /// Standard deviation of the model's error without a reading, m.
    spread_m: f64,
}

/// A node beside such a gauge.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Beside {
    /// Index of the node.
    pub(super) node: usize,
    gauge: FarGauge,
    /// Correlation of the errors here and at the gauge.
    share: f64,
    /// Middle and standard deviation of the members' depths by step, m.
    depths_m: Vec<[f64; 2]>,
}

impl Cycle<'_> {
    /// Nodes beside the gauges that the model is far from, in the order of the nodes.
    pub(super) fn beside(&self, now: &Now, dressed: &[Dressed]) -> Vec<Beside> {
        let gauges = &self.model.gauges;
        let far = gauges.iter().zip(dressed).filter_map(|(gauge, dressed)| {
            let error_m = dressed.disagrees_m?;
            let doubt = BankDoubt { station: gauge.station, error_m };
            // Few forecasts may have been judged yet: what is seen now is the least.
            let spread_m = dressed.spread_m().max(error_m);
            Some(FarGauge { node: gauge.node, doubt, spread_m })
        });
        let far: Vec<FarGauge> = far.collect();
        let heard = gauges.iter().enumerate().filter_map(|(index, gauge)| {
            let said = self.weighed(now, index, self.observed_at(gauge, self.reference_time));
            let is_heard = matches!(said, Observation::Level(_) | Observation::BelowStart { .. });
            is_heard.then_some(gauge.node)
        });
        let heard: Vec<u32> = heard.collect();
        let ends = |node: u32| heard.contains(&node) || self.model.dams.is_lake(node);
        beside(self.model.basin.waterway().nodes(), &far, ends)
    }
}

/// For each node the inflow with the most water: the same river further up.
pub(super) fn main_inflows(nodes: &[Node]) -> Vec<Option<u32>> {
    let mut inflows: Vec<Option<u32>> = vec![None; nodes.len()];
    for (index, node) in (0..).zip(nodes) {
        let Some(next) = node.downstream else { continue };
        let main = &mut inflows[next as usize];
        if main.is_none_or(|main| nodes[main as usize].upstream_m2 < node.upstream_m2) {
            *main = Some(index);
        }
    }
    inflows
}

/// Follows the river of each gauge up and down until an end (not taken itself), a confluence with
/// a larger river, another size of river, or too far; the nearest gauge counts.
fn beside(nodes: &[Node], gauges: &[FarGauge], ends: impl Fn(u32) -> bool) -> Vec<Beside> {
    let inflows = main_inflows(nodes);
    let up = |at: u32| inflows[at as usize];
    let down = |at: u32| {
        let next = nodes[at as usize].downstream;
        next.filter(|next| inflows[*next as usize] == Some(at))
    };
    let ways: [&dyn Fn(u32) -> Option<u32>; 2] = [&up, &down];
    let mut nearest: Vec<Option<(f64, FarGauge)>> = vec![None; nodes.len()];
    for gauge in gauges {
        let own_m2 = nodes[gauge.node as usize].upstream_m2;
        let is_on = |node: u32| {
            let there_m2 = nodes[node as usize].upstream_m2;
            own_m2.max(there_m2) <= SAME_RIVER * own_m2.min(there_m2) && !ends(node)
        };
        for way in ways {
            let (mut at, mut away_m) = (gauge.node, 0.0);
            while away_m <= FAR_M {
                let known = &mut nearest[at as usize];
                if known.is_none_or(|(other_m, _)| away_m < other_m) {
                    *known = Some((away_m, *gauge));
                }
                let Some(next) = way(at).filter(|next| is_on(*next)) else { break };
                away_m += 0.5 * (nodes[at as usize].length_m + nodes[next as usize].length_m);
                at = next;
            }
        }
    }
    let found = nearest.into_iter().enumerate().filter_map(|(node, known)| {
        let (away_m, gauge) = known?;
        Some(Beside { node, gauge, share: (-away_m / FADES_M).exp(), depths_m: Vec::new() })
    });
    found.collect()
}

impl Beside {
    /// The node and its share of the error at a gauge, if it is the nearest one.
    pub(super) fn share_of(&self, gauge: u32) -> Option<(u32, f64)> {
        let node = u32::try_from(self.node).ok()?;
        (self.gauge.node == gauge).then_some((node, self.share))
    }

    /// Takes the depths of all members at the next step.
    pub(super) fn take(&mut self, depths_m: Vec<f64>) {
        let deviation_m = deviation(&depths_m);
        self.depths_m.push([middle(depths_m), deviation_m]);
    }

    /// What the forecasts of gauges say of the bank: the error is an autoregression of the first
    /// order along the river as it is in time, so that a share of what is expected at the gauge is
    /// expected here, and the rest is as unsure as the model without a gauge.
    pub(super) fn carry(
        &self,
        bank: &mut BankForecast,
        gauges: &[GaugeForecast],
        crests_m: [f64; 2],
    ) {
        let FarGauge { doubt, spread_m, .. } = self.gauge;
        let forecast = gauges.iter().find(|forecast| forecast.station == doubt.station);
        let kept = self.share * self.share;
        for (step, [middle_m, deviation_m]) in self.depths_m.iter().enumerate() {
            let told = forecast.and_then(|forecast| error_at(forecast, step));
            let [error_m, unsure_m] = told.unwrap_or([0.0, spread_m]);
            let alone = spread_m.powi(2) + deviation_m.powi(2);
            let variance = kept * unsure_m.powi(2) + (1.0 - kept) * alone;
            bank.raise(step, [middle_m + self.share * error_m, variance.sqrt()], crests_m);
        }
        bank.doubt = Some(doubt);
    }
}

/// What the forecast at a gauge lies over the middle of its members at a step, and its standard
/// deviation, m.
fn error_at(forecast: &GaugeForecast, step: usize) -> Option<[f64; 2]> {
    let band = forecast.bands.get(step)?;
    let members_m = middle(forecast.members.then_m.get(step)?.clone());
    let error = [band.p50 - members_m, (band.p90 - band.p10) / P10_TO_P90];
    error.iter().all(|number| number.is_finite()).then_some(error)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jomo_flood::ensemble::Bands;
    use jomo_flood::gauge::Reading;
    use jomo_flood::river::Settings;

    use super::*;
    use crate::dressing_table::Origin;
    use crate::flood_forecast::model::ModelGauge;
    use crate::flood_forecast::record::{MemberLevels, percent};
    use crate::flood_forecast::shortfall::stretches;

    /// Nodes of 200 m: a brook of 2 km² in ten nodes (0 to 9) that joins a river of 20 km² and more
    /// (10 to 99) at its node 60.
    fn rivers() -> Vec<Node> {
        let node = |index: u32| {
            let (upstream_km2, downstream) = match index {
                0..9 => (2.0, Some(index + 1)),
                9 => (2.0, Some(60)),
                10..60 => (20.0, Some(index + 1)),
                _ => (22.0, Some(index + 1).filter(|next| *next < 100)),
            };
            Node {
                reach: u32::from(9 < index) + u32::from(59 < index),
                station_m: 0.0,
                at_m: [200.0 * f64::from(index), 0.0],
                length_m: 200.0,
                width_m: 20.0,
                bed_m: 200.0 - f64::from(index),
                crest_m: [204.0 - f64::from(index); 2],
                upstream_m2: 1e6 * upstream_km2,
                downstream,
            }
        };
        (0..100).map(node).collect()
    }

    fn far(node: u32, error_m: f64) -> FarGauge {
        let doubt = BankDoubt { station: node as usize, error_m };
        FarGauge { node, doubt, spread_m: error_m }
    }

    fn told(found: &[Beside]) -> Vec<usize> {
        found.iter().map(|beside| beside.node).collect()
    }

    /// Up and down the river to the next gauge, past the mouth of a brook, never into it; the
    /// share falls with the distance.
    #[test]
    fn a_gauge_tells_of_its_own_river() {
        let nodes = rivers();
        let found = beside(&nodes, &[far(55, 1.0)], |node| node == 40);
        assert_eq!(told(&found), (41..100).collect::<Vec<_>>());
        assert!((found[14].share - 1.0).abs() < 1e-12);
        assert!((found[39].share - (-1.0_f64).exp()).abs() < 1e-12, "{}", found[39].share);
        // Ten kilometres are fifty nodes.
        let found = beside(&nodes, &[far(10, 1.0)], |_| false);
        assert_eq!(told(&found), (10..=60).collect::<Vec<_>>());
        // From the brook not on to the river.
        let found = beside(&nodes, &[far(3, 1.0)], |_| false);
        assert_eq!(told(&found), (0..10).collect::<Vec<_>>());
        // Between two such gauges the nearer counts.
        let found = beside(&nodes, &[far(50, 1.0), far(60, 2.0)], |node| [50, 60].contains(&node));
        let of = |node: usize| found.iter().find(|beside| beside.node == node).unwrap().gauge.node;
        assert_eq!([of(50), of(54), of(56), of(60), of(61)], [50, 50, 60, 60, 60]);
        assert!(beside(&nodes, &[], |_| false).is_empty());
    }

    /// Water is added from the gauge up to where its error ends, all of it in the end, and never in
    /// the brook; the next such gauge down the river is known.
    #[test]
    fn what_lacks_comes_in_above_the_gauge() {
        let nodes = rivers();
        let gauge = |node: u32| ModelGauge { station: node as usize, node, bed_m: 0.0 };
        let gauges = [gauge(80), gauge(55), gauge(30), gauge(3)];
        let found = beside(&nodes, &[far(80, 1.0), far(55, 1.0), far(3, 1.0)], |node| {
            [80, 55, 30].contains(&node)
        });
        let stretches = stretches(&nodes, &Settings::default(), &gauges, &found);
        let told: Vec<(u32, u32, Option<usize>)> = stretches
            .iter()
            .map(|stretch| (stretch.node, stretch.inlets.last().unwrap().0, stretch.below))
            .collect();
        assert_eq!(told, [(3, 0, Some(2)), (55, 31, Some(2)), (80, 68, None)]);
        for stretch in &stretches {
            let shares: Vec<f64> = stretch.inlets.iter().map(|(_, share)| *share).collect();
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{shares:?}");
            assert!(shares.iter().all(|share| 0.0 < *share), "{shares:?}");
        }
    }

    /// A river of another size is another river.
    #[test]
    fn a_confluence_of_equals_ends_it() {
        let mut nodes = rivers();
        for node in &mut nodes[60..] {
            node.upstream_m2 = 41e6;
        }
        let found = beside(&nodes, &[far(55, 1.0)], |_| false);
        assert_eq!(told(&found), (10..60).collect::<Vec<_>>());
    }

    /// The forecast at a gauge whose members stand at 1 m over the bed, and which itself will read
    /// `level_m` with a standard deviation of `spread_m`.
    fn forecast(station: usize, level_m: f64, spread_m: f64) -> GaugeForecast {
        let at = |z: f64| level_m + z * spread_m;
        let band = Bands {
            p05: at(-1.644_85),
            p10: at(-1.281_55),
            p50: level_m,
            p90: at(1.281_55),
            p95: at(1.644_85),
        };
        GaugeForecast {
            station,
            observation: Observation::Level(Reading { time: Timestamp::UNIX_EPOCH, level_m }),
            origin: Origin::Guess,
            disagrees_m: Some(1.0),
            bands: vec![band; 6],
            thresholds_m: [None; 2],
            chances: [None, None],
            members: MemberLevels { now_m: vec![1.0], age_h: 0.0, then_m: vec![vec![1.0; 4]; 6] },
        }
    }

    /// Chance within an hour at each node: members of 1 m everywhere, crests of 4 m.
    fn chances(far: &[FarGauge], gauges: &[GaugeForecast]) -> Vec<BankForecast> {
        let nodes = rivers();
        let mut banks = vec![BankForecast::NONE; nodes.len()];
        for bank in &mut banks {
            (0..6).for_each(|step| bank.take(step, &[1.0; 4], [4.0; 2]));
        }
        for mut beside in beside(&nodes, far, |_| false) {
            for _ in 0..6 {
                beside.take(vec![1.0; 4]);
            }
            beside.carry(&mut banks[beside.node], gauges, [4.0; 2]);
        }
        banks
    }

    /// The finding that this is for: a gauge at the crest, members 3 m below it. Beside it the bank
    /// is as likely over as the gauge says, then less with the distance; another river is as its
    /// members say.
    #[test]
    fn a_bank_beside_a_gauge_knows_of_its_error() {
        let banks = chances(&[far(55, 2.5)], &[forecast(55, 4.0, 0.3)]);
        let percents: Vec<i64> = banks.iter().map(|bank| percent(bank.chance[0][0])).collect();
        assert_eq!((percents[55], percents[3]), (50, 0), "{percents:?}");
        assert!((10..=99).all(|node| 1 <= percents[node]), "{percents:?}");
        assert!(percents[55..].is_sorted_by(|a, b| b <= a) && percents[65] < 50, "{percents:?}");
        let doubt = Some(BankDoubt { station: 55, error_m: 2.5 });
        assert_eq!((banks[60].doubt, banks[3].doubt), (doubt, None));
        // Reached by the high at once; the middle stands at the crest where the gauge is.
        assert_eq!(banks[55].reached[0], [Some(0), Some(0)]);
        assert_eq!(banks[60].reached[0], [Some(0), None]);
        assert!((banks[55].depth_m[0] - 4.0).abs() < 1e-9);
    }

    /// A gauge that is lower than the model makes no bank safer, and no chance none.
    #[test]
    fn no_chance_is_lowered() {
        let mut bank = BankForecast::NONE;
        bank.take(0, &[3.0, 5.0], [4.0, 90.0]);
        let members = bank.clone();
        bank.raise(0, [1.0, 0.1], [4.0, 90.0]);
        assert_eq!(bank.chance[0].map(percent), members.chance[0].map(percent));
        assert_eq!(bank.chance[1].map(percent), [1; 5]);
        assert_eq!((bank.depth_m, bank.reached), (members.depth_m, members.reached));
        // Certainty is no more to be had than safety.
        let mut sure = BankForecast::NONE;
        sure.take(0, &[5.0, 5.0], [4.0; 2]);
        assert_eq!(sure.chance[0].map(percent), [100; 5]);
        sure.raise(0, [1.0, 0.1], [4.0; 2]);
        assert_eq!(sure.chance[0].map(percent), [99; 5]);
        // Without a forecast at the gauge the error is unknown, and as large as it was.
        let banks = chances(&[far(55, 2.5)], &[]);
        assert_eq!(percent(banks[55].chance[0][0]), 12);
    }
}
