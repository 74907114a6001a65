//! What the filter moves in a basin: around each gauge, discharge, soil and rain.
//!
//! Every node of a waterway belongs to the zone of one gauge: the first gauge downstream of it;
//! where there is none, the gauge whose water it carries on; where no gauge is above or below, the
//! nearest one. A slope belongs to the zone of the node that it drains to. A zone has three
//! variables ([`Quantity`]), natural logarithms, so that no correction makes a discharge, a soil
//! or a rain negative.
//!
//! One cycle: [`Zones::states`] from the members, [`update`](super::update) with
//! [`Zones::taper`], then [`Zones::factors`] per member and quantity, to multiply the model's
//! depths, soil water and rain by; [`Wander`] carries the rain factor to the next cycle.

use super::filter::Target;
use super::states::States;
use super::taper::gaspari_cohn;
use crate::basin_error::BasinError;
use crate::waterway::{Node, Waterway};

/// One of the variables of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Discharge at the gauge, in m³/s.
    Discharge,
    /// Water in the soil of the zone's slopes, in any unit.
    Soil,
    /// What rain is multiplied by.
    Rain,
}

impl Quantity {
    /// All, in the order of a zone's variables.
    pub const ALL: [Self; 3] = [Self::Discharge, Self::Soil, Self::Rain];
}

/// How far a gauge reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Radius {
    /// Half width of the taper in m. Along the river between gauges whose water meets or follows,
    /// in the plane otherwise.
    pub half_width_m: f64,
    /// Most that one update may change the logarithm of a quantity, in the order of
    /// [`Quantity::ALL`].
    pub most: [f64; 3],
}

impl Default for Radius {
    /// 20 km, the size of a storm cell with its surroundings and of the basins of small rivers;
    /// a discharge at most times or by 3, a soil by 1.35, a rain by 2 in one update.
    fn default() -> Self {
        Self { half_width_m: 20_000.0, most: [1.1, 0.3, 0.7] }
    }
}

/// Zones of gauges over the nodes of a waterway.
#[derive(Clone, Debug, PartialEq)]
pub struct Zones {
    gauges: Vec<u32>,
    zone_of: Vec<u32>,
    weight_of: Vec<f64>,
    /// `[gauge][zone]`, 1 where they are one.
    tapers: Vec<f64>,
    radius: Radius,
}

impl Zones {
    /// Zones of the gauges at `gauges`, one node each.
    ///
    /// # Errors
    /// No gauge, a gauge at a node that is not there or has a gauge already, or a radius that is
    /// not positive.
    pub fn new(waterway: &Waterway, gauges: &[u32], radius: Radius) -> Result<Self, BasinError> {
        let nodes = waterway.nodes();
        if radius.half_width_m.is_nan() || radius.half_width_m <= 0.0 {
            let (what, value) = ("half_width_m", radius.half_width_m);
            return Err(BasinError::Setting { what, value, expected: "above 0" });
        }
        if let Some(bad) = radius.most.into_iter().find(|most| !(0.0..=5.0).contains(most)) {
            return Err(BasinError::Setting { what: "most", value: bad, expected: "0 to 5" });
        }
        if gauges.is_empty() {
            return Err(BasinError::Count { what: "gauges", expected: 1, found: 0 });
        }
        let mut zone_at: Vec<Option<u32>> = vec![None; nodes.len()];
        for (index, gauge) in gauges.iter().enumerate() {
            let free = zone_at.get_mut(*gauge as usize).filter(|zone| zone.is_none());
            let Some(zone) = free else {
                let expected = "a node of its own";
                return Err(BasinError::Item { what: "gauge", index, expected });
            };
            *zone = u32::try_from(index).ok();
        }
        let (zone_of, weight_of) = spread(nodes, gauges, zone_at, radius.half_width_m);
        let along = stations(nodes);
        let tapers = gauges
            .iter()
            .flat_map(|from| gauges.iter().map(|to| [*from as usize, *to as usize]))
            .map(|pair| gaspari_cohn(distance_m(nodes, &along, pair), radius.half_width_m))
            .collect();
        Ok(Self { gauges: gauges.to_vec(), zone_of, weight_of, tapers, radius })
    }

    /// Number of zones, one per gauge.
    #[must_use]
    pub fn count(&self) -> usize {
        self.gauges.len()
    }

    /// Node of each gauge.
    #[must_use]
    pub fn gauges(&self) -> &[u32] {
        &self.gauges
    }

    /// Zone of each node.
    #[must_use]
    pub fn zone_of(&self) -> &[u32] {
        &self.zone_of
    }

    /// How much of its zone's correction each node takes: 1 above and below the gauge on its own
    /// water, less with the distance elsewhere.
    #[must_use]
    pub fn weight_of(&self) -> &[f64] {
        &self.weight_of
    }

    /// Index of a variable in the states.
    #[must_use]
    pub fn variable(zone: usize, quantity: Quantity) -> usize {
        Quantity::ALL.len() * zone + quantity as usize
    }

    /// States of the members. `value(zone, quantity, member)` is the quantity itself, not its
    /// logarithm; what is not positive counts as a millionth.
    ///
    /// # Errors
    /// As [`States::new`].
    pub fn states(
        &self,
        members: usize,
        value: impl Fn(usize, Quantity, usize) -> f64,
    ) -> Result<States, BasinError> {
        let mut values = Vec::with_capacity(Quantity::ALL.len() * self.count() * members);
        for zone in 0..self.count() {
            for quantity in Quantity::ALL {
                values.extend((0..members).map(|member| {
                    let value = value(zone, quantity, member);
                    // A maximum alone would make a number of what is none.
                    if value.is_nan() { value } else { value.max(1e-6).ln() }
                }));
            }
        }
        States::new(members, values)
    }

    /// The taper for [`update`](super::update), where observation `i` is of the gauge
    /// `gauge_of[i]`: gauges without an observation are left out of that list.
    pub fn taper(&self, gauge_of: &[usize]) -> impl Fn(usize, Target) -> f64 {
        let reach = self.reach(gauge_of);
        move |observation, target| match target {
            Target::Variable(variable) => reach(observation, variable / Quantity::ALL.len()),
            Target::Observation(other) => {
                gauge_of.get(other).map_or(0.0, |zone| reach(observation, *zone))
            }
        }
    }

    /// How far an observation acts in a zone, 0 to 1.
    pub(super) fn reach(&self, gauge_of: &[usize]) -> impl Fn(usize, usize) -> f64 {
        move |observation, zone| {
            let rows = &mut self.tapers.chunks_exact(self.count());
            let row = gauge_of.get(observation).and_then(|gauge| rows.nth(*gauge));
            row.and_then(|row| row.get(zone)).copied().unwrap_or(0.0)
        }
    }

    /// What to multiply each zone's quantity by, for one member, so that it goes from what it was
    /// `before` the update to what it is `after`, within the most that is allowed.
    ///
    /// A depth goes by the 3/5 power of the discharge (Manning's law, wide section).
    #[must_use]
    pub fn factors(
        &self,
        [before, after]: [&States; 2],
        quantity: Quantity,
        member: usize,
    ) -> Vec<f64> {
        let most = self.radius.most[quantity as usize];
        let value = |states: &States, zone| {
            states.variable(Self::variable(zone, quantity)).get(member).copied()
        };
        let change = |zone| Some(value(after, zone)? - value(before, zone)?);
        (0..self.count()).map(|zone| change(zone).unwrap_or(0.0).clamp(-most, most).exp()).collect()
    }

    /// The factor of a node from those of the zones: the zone's, to the power of its weight.
    #[must_use]
    pub fn at_node(&self, factors: &[f64], node: usize) -> f64 {
        let zone = self.zone_of.get(node).and_then(|zone| factors.get(*zone as usize));
        let weight = self.weight_of.get(node).copied().unwrap_or(0.0);
        // Most nodes lie on the water of their gauge, and need no power.
        match zone {
            Some(factor) if 1.0 <= weight => *factor,
            Some(factor) => factor.powf(weight),
            None => 1.0,
        }
    }
}

/// Zone and weight of every node.
fn spread(
    nodes: &[Node],
    gauges: &[u32],
    mut zone_of: Vec<Option<u32>>,
    half_width_m: f64,
) -> (Vec<u32>, Vec<f64>) {
    let mut weight_of = vec![1.0; nodes.len()];
    // Upwards from each gauge: whatever flows to it.
    for index in (0..nodes.len()).rev() {
        if let Some(next) = nodes[index].downstream {
            zone_of[index] = zone_of[index].or(zone_of[next as usize]);
        }
    }
    // Downwards from the last gauge of each river: the larger water where two meet, and that part
    // of it that the gauge has seen.
    let mut largest_m2 = vec![0.0; nodes.len()];
    let is_above: Vec<bool> = zone_of.iter().map(Option::is_some).collect();
    for (index, node) in nodes.iter().enumerate() {
        let (Some(zone), Some(next)) = (zone_of[index], node.downstream) else { continue };
        let next = next as usize;
        if is_above[next] || node.upstream_m2 <= largest_m2[next] {
            continue;
        }
        largest_m2[next] = node.upstream_m2;
        zone_of[next] = Some(zone);
        let seen_m2 = nodes[gauges[zone as usize] as usize].upstream_m2;
        weight_of[next] = (seen_m2 / nodes[next].upstream_m2).clamp(0.0, 1.0);
    }
    // The rest by distance.
    let nearest = |node: &Node| {
        let away = |gauge: &u32| plane_m(node, &nodes[*gauge as usize]);
        let near = gauges.iter().map(away).enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        near.map_or((0, f64::INFINITY), |(zone, away_m)| (u32::try_from(zone).unwrap_or(0), away_m))
    };
    let zones = zone_of.into_iter().enumerate().map(|(index, zone)| {
        zone.unwrap_or_else(|| {
            let (zone, away_m) = nearest(&nodes[index]);
            weight_of[index] = gaspari_cohn(away_m, half_width_m);
            zone
        })
    });
    let zones = zones.collect();
    (zones, weight_of)
}

/// Distance of each node's upper end from where its water leaves, in m.
fn stations(nodes: &[Node]) -> Vec<f64> {
    let mut along = vec![0.0; nodes.len()];
    for (index, node) in nodes.iter().enumerate().rev() {
        along[index] = node.length_m + node.downstream.map_or(0.0, |next| along[next as usize]);
    }
    along
}

/// Distance in m between two nodes: along the river where one flows to the other.
fn distance_m(nodes: &[Node], along: &[f64], [a, b]: [usize; 2]) -> f64 {
    let (upper, lower) = (a.min(b), a.max(b));
    let mut place = upper;
    while place < lower {
        let Some(next) = nodes[place].downstream else { break };
        place = next as usize;
    }
    if place == lower { (along[upper] - along[lower]).abs() } else { plane_m(&nodes[a], &nodes[b]) }
}

fn plane_m(a: &Node, b: &Node) -> f64 {
    (a.at_m[0] - b.at_m[0]).hypot(a.at_m[1] - b.at_m[1])
}

/// How a rain factor goes on by itself: its logarithm returns to 0 and is stirred so that its
/// spread, left alone, stays what it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wander {
    /// Time in h after which a share of 1/e is left.
    pub memory_h: f64,
    /// Standard deviation of the logarithm without gauges.
    pub spread: f64,
}

impl Wander {
    /// The logarithm `hours` later; `normal` is a standard normal number of the caller's stream.
    #[must_use]
    pub fn after(&self, logarithm: f64, hours: f64, normal: f64) -> f64 {
        let kept = (-hours / self.memory_h).exp();
        let stirred = (-(-2.0 * hours / self.memory_h).exp_m1()).max(0.0).sqrt();
        kept * logarithm + self.spread * stirred * normal
    }
}
