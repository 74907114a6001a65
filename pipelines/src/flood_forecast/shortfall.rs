//! Water that a gauge shows and the members lack, for the plain: where rain was missed, a river
//! that a gauge sees over its banks must not stay in them on the map.

use std::collections::BTreeMap;

use jomo_flood::gauge::Observation;
use jomo_flood::river::Settings;
use jomo_flood::waterway::Node;

use super::beside::{Beside, main_inflows};
use super::cycle::middle;
use super::judged::FIRST_MEMORY;
use super::model::ModelGauge;
use super::record::{GaugeForecast, MemberLevels};

/// Seconds of a step.
const STEP_S: f64 = 600.0;
/// Highest level over the higher crest that a flow is found for, m: above it the river leaves its
/// bed by itself, and a wrong datum must not drown a valley.
const OVER_CREST_M: f64 = 1.0;
/// Exponent of the depth in the flow of a wide channel (Manning).
const RATING: f64 = 5.0 / 3.0;

/// A stretch of river beside a gauge that stands above its members.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stretch {
    /// Index of the gauge's station.
    station: usize,
    /// Node of the gauge.
    pub(super) node: u32,
    /// What a level above the gauge's datum is above the bed of its node: level less this, m.
    bed_m: f64,
    /// Greatest depth at the gauge that a flow is found for, m.
    most_m: f64,
    /// Nodes of the stretch: share of the gauge's error, and surface of the node, m².
    nodes: Vec<(u32, f64, f64)>,
    /// Nodes at which water is added, from the gauge up, and the share of the flow.
    pub(super) inlets: Vec<(u32, f64)>,
    /// The next such gauge down the river, as an index of stretches.
    pub(super) below: Option<usize>,
    /// Flow past the gauge at a depth of 1 m by Manning's equation for a wide channel, m³/s.
    flow_m3_s: f64,
}

/// Flow added at a node by step, m³/s.
pub(super) type Added = Vec<(u32, Vec<f64>)>;

/// The stretches of the gauges that the model is far from, upper ones before those below them.
pub(super) fn stretches(
    nodes: &[Node],
    river: &Settings,
    gauges: &[ModelGauge],
    beside: &[Beside],
) -> Vec<Stretch> {
    let inflows = main_inflows(nodes);
    let mut found: Vec<Stretch> = Vec::new();
    for gauge in gauges {
        let own: Vec<(u32, f64)> =
            beside.iter().filter_map(|place| place.share_of(gauge.node)).collect();
        let share = |node: u32| own.iter().find(|(at, _)| *at == node).map(|(_, share)| *share);
        let Some(first) = share(gauge.node) else { continue };
        let mut inlets = vec![(gauge.node, first)];
        while let Some((last, _)) = inlets.last().copied() {
            let Some(above) = inflows[last as usize] else { break };
            let Some(share) = share(above) else { break };
            inlets.push((above, share));
        }
        let slope = slope(nodes, &inlets).max(river.least_slope);
        // The flow that is missed shrinks up the river as the error does; the rest comes in between.
        for place in 1..inlets.len() {
            inlets[place - 1].1 -= inlets[place].1;
        }
        let node = &nodes[gauge.node as usize];
        let [left, right] = node.crest_m.map(|crest| crest - node.bed_m);
        let surface = |(at, share): &(u32, f64)| {
            let node = &nodes[*at as usize];
            (*at, *share, node.width_m * node.length_m)
        };
        found.push(Stretch {
            station: gauge.station,
            node: gauge.node,
            bed_m: gauge.bed_m,
            most_m: left.max(right) + OVER_CREST_M,
            nodes: own.iter().map(surface).collect(),
            inlets,
            below: None,
            flow_m3_s: node.width_m * slope.sqrt() / manning(river, gauge.node),
        });
    }
    found.sort_by(|a, b| {
        let drained = |stretch: &Stretch| nodes[stretch.node as usize].upstream_m2;
        drained(a).total_cmp(&drained(b)).then(a.node.cmp(&b.node))
    });
    let at: Vec<u32> = found.iter().map(|stretch| stretch.node).collect();
    for stretch in &mut found {
        let mut next = nodes[stretch.node as usize].downstream;
        while let Some(node) = next {
            stretch.below = at.iter().position(|gauge| *gauge == node);
            next = nodes[node as usize].downstream.filter(|_| stretch.below.is_none());
        }
    }
    found
}

/// Manning's n of a node.
fn manning(river: &Settings, node: u32) -> f64 {
    let of_node = river.manning.get(node as usize);
    of_node.or(river.manning.first()).copied().unwrap_or(f64::INFINITY)
}

/// Mean fall of the bed from the upper end of a stretch to its gauge; one node alone has none.
fn slope(nodes: &[Node], inlets: &[(u32, f64)]) -> f64 {
    let node = |(at, _): &(u32, f64)| &nodes[*at as usize];
    let length = |two: &[(u32, f64)]| 0.5 * (node(&two[0]).length_m + node(&two[1]).length_m);
    let length_m: f64 = inlets.windows(2).map(length).sum();
    let ends = inlets.first().map(node).zip(inlets.last().map(node));
    let fall_m = ends.map_or(0.0, |(gauge, top)| top.bed_m - gauge.bed_m);
    if 0.0 < length_m { fall_m / length_m } else { 0.0 }
}

impl Stretch {
    /// Depth of a member at the gauge at a step, and with the error that was heard, m.
    fn depths_m(&self, forecast: &GaugeForecast, member: usize, step: usize) -> Option<[f64; 2]> {
        let levels_m = forecast.members.then_m.get(step)?;
        let own_m = levels_m.get(member)? - self.bed_m;
        let told_m = own_m + short_m(forecast, step)?;
        let are_known = own_m.is_finite() && told_m.is_finite();
        are_known.then_some([own_m.max(0.0), told_m.min(self.most_m)])
    }

    /// What a member's flow lacks at the gauge at a step, m³/s, 0 or more.
    fn lacks_m3_s(&self, forecast: &GaugeForecast, member: usize, step: usize) -> f64 {
        let lack = self.depths_m(forecast, member, step).map(|[own_m, told_m]| {
            self.flow_m3_s * (told_m.max(own_m).powf(RATING) - own_m.powf(RATING))
        });
        lack.filter(|lack| lack.is_finite()).unwrap_or(0.0)
    }
}

/// What the gauge stood over the middle of the members when it was last heard, as much of it as
/// lasts until a step, and no more than its band says then, m. `None` if it says no level.
fn short_m(forecast: &GaugeForecast, step: usize) -> Option<f64> {
    let Observation::Level(reading) = forecast.observation else { return None };
    let MemberLevels { now_m, age_h, then_m } = &forecast.members;
    let lead_h = age_h + (step + 1) as f64 * STEP_S / 3_600.0;
    let heard_m = reading.level_m - middle(now_m.clone());
    let told_m = forecast.bands.get(step)?.p50 - middle(then_m.get(step)?.clone());
    let short_m = [FIRST_MEMORY.expected_m(heard_m, lead_h), told_m];
    short_m.iter().all(|short| short.is_finite()).then(|| short_m[0].min(short_m[1]))
}

/// The water that a member lacks, by node and step.
///
/// What a gauge stood over the middle of the members when it was heard, as it fades with the time,
/// is put upon the member's own level there. The two levels are taken for flows by Manning's equation
/// for a wide channel, `Q = w h^(5/3) S^(1/2) / n`, and the difference is added along the stretch
/// above the gauge in the measure in which the error fades up the river; what gauges further up
/// already add is not added again. The river first fills to the level: that volume comes in the
/// first step. A gauge below the members takes nothing away.
pub(super) fn added(
    stretches: &[Stretch],
    gauges: &[GaugeForecast],
    (member, steps): (usize, usize),
) -> Added {
    let forecast = |stretch: &Stretch| gauges.iter().find(|told| told.station == stretch.station);
    let mut above = vec![vec![0.0; steps]; stretches.len()];
    let mut added: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (index, stretch) in stretches.iter().enumerate() {
        let Some(told) = forecast(stretch) else { continue };
        let own: Vec<f64> = (0..steps)
            .map(|step| stretch.lacks_m3_s(told, member, step) - above[index][step])
            .map(|flow| flow.max(0.0))
            .collect();
        let passing: Vec<f64> = above[index].iter().zip(&own).map(|(a, b)| a + b).collect();
        if let Some(below) = stretch.below.and_then(|below| above.get_mut(below)) {
            for (above, passing) in below.iter_mut().zip(passing) {
                *above += passing;
            }
        }
        for (node, share) in &stretch.inlets {
            let flows = added.entry(*node).or_insert_with(|| vec![0.0; steps]);
            for (flow, own) in flows.iter_mut().zip(&own) {
                *flow += share * own;
            }
        }
        let depths = stretch.depths_m(told, member, 0);
        let rise_m = depths.map_or(0.0, |[own_m, told_m]| (told_m - own_m).max(0.0));
        for (node, share, surface_m2) in &stretch.nodes {
            let flows = added.entry(*node).or_insert_with(|| vec![0.0; steps]);
            if let Some(first) = flows.first_mut() {
                *first += share * rise_m * surface_m2 / STEP_S;
            }
        }
    }
    added.retain(|_, flows| flows.iter().any(|flow| 0.0 < *flow));
    added.into_iter().collect()
}

/// Volume of added water, m³.
pub(super) fn volume_m3(added: &Added) -> f64 {
    // From 0.0: an empty sum of floats is -0.0, and would be written so.
    added.iter().flat_map(|(_, flows)| flows).fold(0.0, |sum, flow| sum + STEP_S * flow)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jomo_flood::ensemble::Bands;
    use jomo_flood::gauge::Reading;

    use super::*;
    use crate::dressing_table::Origin;

    /// A stretch of three nodes of 20 x 100 m, shares 1, 0.5 and 0.2, that carries 10 m³/s at a depth
    /// of 1 m.
    fn stretch(station: usize, node: u32, below: Option<usize>) -> Stretch {
        Stretch {
            station,
            node,
            bed_m: 100.0,
            most_m: 5.0,
            nodes: vec![(node, 1.0, 2e3), (node + 1, 0.5, 2e3), (node + 2, 0.2, 2e3)],
            inlets: vec![(node, 0.5), (node + 1, 0.3), (node + 2, 0.2)],
            below,
            flow_m3_s: 10.0,
        }
    }

    /// A gauge whose members stand 1 and 2 m over the bed, heard `short_m` over their middle, and
    /// with a band so high that it bounds nothing.
    fn forecast(station: usize, short_m: f64) -> GaugeForecast {
        let now_m = vec![101.0, 102.0];
        let reading = Reading { time: Timestamp::UNIX_EPOCH, level_m: 101.5 + short_m };
        GaugeForecast {
            station,
            observation: Observation::Level(reading),
            origin: Origin::Guess,
            disagrees_m: Some(1.0),
            bands: vec![Bands { p05: 0.0, p10: 0.0, p50: 190.0, p90: 200.0, p95: 200.0 }; 2],
            thresholds_m: [None; 2],
            chances: [None, None],
            members: MemberLevels { then_m: vec![now_m.clone(); 2], now_m, age_h: 0.0 },
        }
    }

    /// Error that is left of one metre after so many steps, m.
    fn kept(steps: f64) -> f64 {
        (-steps / 6.0 / 1.5).exp()
    }

    /// Flow that lacks where a member of some depth stands `short_m` too low, m³/s.
    fn lack(depth_m: f64, short_m: f64) -> f64 {
        10.0 * ((depth_m + short_m).powf(5.0 / 3.0) - depth_m.powf(5.0 / 3.0))
    }

    fn flows(added: &Added, step: usize) -> Vec<f64> {
        added.iter().map(|(_, flows)| flows[step]).collect()
    }

    fn are_near(found: &[f64], expected: &[f64]) -> bool {
        found.len() == expected.len()
            && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9)
    }

    /// What lacks is found by the rating and fades; the shares of the inlets bring all of it past
    /// the gauge, and the first step fills the river to the level besides.
    #[test]
    fn what_lacks_is_added_above_the_gauge() {
        let added = added(&[stretch(0, 5, None)], &[forecast(0, 1.0)], (0, 2));
        let lacks = [1.0, 2.0].map(|steps| lack(1.0, kept(steps)));
        assert!(are_near(&flows(&added, 1), &[0.5, 0.3, 0.2].map(|share| share * lacks[1])));
        let fill = kept(1.0) * 2e3 / 600.0;
        let of = |inlet: f64, share: f64| inlet * lacks[0] + share * fill;
        assert!(are_near(&flows(&added, 0), &[of(0.5, 1.0), of(0.3, 0.5), of(0.2, 0.2)]));
        let water = 600.0 * (lacks[0] + lacks[1]) + 1.7 * kept(1.0) * 2e3;
        assert!((volume_m3(&added) - water).abs() < 1e-6);
    }

    /// A gauge below its members takes nothing away; members keep their own differences; a level
    /// far over the banks asks for no more than one a metre over them, and none for more than the
    /// band says.
    #[test]
    fn nothing_is_taken_away() {
        let stretches = [stretch(0, 5, None)];
        let of = |short_m, member| added(&stretches, &[forecast(0, short_m)], (member, 2));
        assert!(of(0.0, 0).is_empty() && of(-1.0, 0).is_empty() && of(-1.0, 1).is_empty());
        let expected = 0.5 * lack(2.0, kept(2.0));
        assert!((flows(&of(1.0, 1), 1)[0] - expected).abs() < 1e-9);
        assert_eq!(of(50.0, 1), of(5.0, 1));
        assert_ne!(of(5.0, 1), of(2.0, 1));
        for broken in [f64::NAN, f64::INFINITY] {
            assert!(of(broken, 0).is_empty());
        }
        let mut banded = forecast(0, 1.0);
        for band in &mut banded.bands {
            band.p50 = 101.75;
        }
        let expected = 0.5 * lack(1.0, 0.25);
        assert!((flows(&added(&stretches, &[banded], (0, 2)), 1)[0] - expected).abs() < 1e-9);
        // An hour old, and silent.
        let mut old = forecast(0, 1.0);
        old.members.age_h = 1.0;
        let expected = 0.5 * lack(1.0, kept(8.0));
        assert!((flows(&added(&stretches, &[old], (0, 2)), 1)[0] - expected).abs() < 1e-9);
        let last = Reading { time: Timestamp::UNIX_EPOCH, level_m: 105.0 };
        let silent =
            GaugeForecast { observation: Observation::SilentHigh { last }, ..forecast(0, 1.0) };
        assert!(added(&stretches, &[silent], (0, 2)).is_empty());
    }

    /// What a gauge further up adds is not added twice, and less below than above is none.
    #[test]
    fn water_is_added_once() {
        let stretches = [stretch(0, 5, Some(1)), stretch(1, 15, None)];
        let by = |above_m, below_m| {
            added(&stretches, &[forecast(0, above_m), forecast(1, below_m)], (0, 2))
        };
        let both = by(1.0, 2.0);
        assert_eq!(both.len(), 6);
        let [above, below] = [1.0, 2.0].map(|short_m| lack(1.0, short_m * kept(2.0)));
        assert!(are_near(&flows(&both, 1)[..3], &[0.5, 0.3, 0.2].map(|share| share * above)));
        let rest = [0.5, 0.3, 0.2].map(|share| share * (below - above));
        assert!(are_near(&flows(&both, 1)[3..], &rest));
        // The river below fills to its level, and no more comes in there.
        let fed = |added: &Added| flows(added, 1).iter().filter(|flow| 0.0 < **flow).count();
        assert_eq!((by(1.0, 0.5).len(), fed(&by(1.0, 0.5))), (6, 3));
        // Past a gauge between two that lacks nothing all of it still flows.
        let three = [stretch(0, 5, Some(1)), stretch(1, 15, Some(2)), stretch(2, 25, None)];
        let told = [forecast(0, 1.0), forecast(1, -1.0), forecast(2, 1.0)];
        assert_eq!(fed(&added(&three, &told, (0, 2))), 3);
        // A river that is all but dry, or flows back, fills too.
        let mut dry = forecast(0, 1.0);
        for levels_m in dry.members.then_m.iter_mut().chain([&mut dry.members.now_m]) {
            levels_m.fill(100.0);
        }
        dry.observation =
            Observation::Level(Reading { time: Timestamp::UNIX_EPOCH, level_m: 102.0 });
        let dry = added(&stretches[..1], &[dry], (0, 2));
        assert!((flows(&dry, 1)[0] - 0.5 * lack(0.0, 2.0 * kept(2.0))).abs() < 1e-9);
        // A gauge further up that stands lower than its members asks for no more below.
        assert_eq!(by(-0.5, 1.0), by(0.0, 1.0));
    }
}
