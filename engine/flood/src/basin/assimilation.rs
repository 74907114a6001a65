//! Gauges pull the members together.

use super::{Basin, Ensemble, LANES};
use crate::assimilate::{
    Analysis, Observation, Observed, Quantity, Settings, States, Zones, update,
};
use crate::basin_error::BasinError;

/// What a gauge says, as a depth over the bed of its node in m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Saying {
    /// Which gauge, by its place in [`Basin::gauges`].
    pub gauge: usize,
    /// The depth, or the one that it is below.
    pub depth_m: Observed,
    /// Standard deviation in m: of the gauge, and of what a rectangle of 200 m cannot show.
    pub sigma_m: f64,
}

/// What the members have at a gauge.
#[derive(Clone, Debug, PartialEq)]
pub struct GaugeState {
    /// Depths in m.
    pub depths_m: Vec<f64>,
    /// Discharges in m³/s.
    pub discharges_m3_s: Vec<f64>,
}

impl Ensemble {
    /// What the members have at a gauge; empty for one that is not there.
    #[must_use]
    pub fn at_gauge(&self, basin: &Basin, gauge: usize) -> GaugeState {
        let node = basin.gauges().get(gauge).map(|node| *node as usize);
        let (depths_m, discharges_m3_s) = node.map_or_else(Default::default, |node| {
            (self.depths_m(node), self.discharges_m3_s(node))
        });
        GaugeState { depths_m, discharges_m3_s }
    }

    /// Moves discharge, soil and rain of all zones towards what the gauges say. `None` without
    /// gauges, without anything said, or with a single member, which has no spread to learn from.
    ///
    /// # Errors
    /// Something said that [`update`] refuses.
    pub fn assimilate(
        &mut self,
        basin: &Basin,
        sayings: &[Saying],
        settings: &Settings,
    ) -> Result<Option<Analysis>, BasinError> {
        let Some(zones) = &basin.zones else { return Ok(None) };
        if sayings.is_empty() || self.members.len() < 2 {
            return Ok(None);
        }
        let before = self.states(basin, zones)?;
        let mut after = before.clone();
        let said = |saying: &Saying| Observation {
            predicted: self.at_gauge(basin, saying.gauge).depths_m,
            observed: saying.depth_m,
            sigma: saying.sigma_m,
        };
        let observations: Vec<Observation> = sayings.iter().map(said).collect();
        let gauge_of: Vec<usize> = sayings.iter().map(|saying| saying.gauge).collect();
        let analysis = update(&mut after, &observations, zones.taper(&gauge_of), settings)?;
        self.apply(basin, zones, [&before, &after])?;
        Ok(Some(analysis))
    }

    fn states(&self, basin: &Basin, zones: &Zones) -> Result<States, BasinError> {
        let count = self.members.len();
        let discharges: Vec<Vec<f64>> =
            zones.gauges().iter().map(|node| self.discharges_m3_s(*node as usize)).collect();
        let soils: Vec<Vec<f64>> = (0..zones.count()).map(|zone| self.soil(basin, zone)).collect();
        zones.states(count, |zone, quantity, member| match quantity {
            Quantity::Discharge => discharges[zone][member],
            Quantity::Soil => soils[zone][member],
            Quantity::Rain => self.rain_log[zone * count + member].exp(),
        })
    }

    /// Share of the soil's store of a zone that is full, by member.
    fn soil(&self, basin: &Basin, zone: usize) -> Vec<f64> {
        let elements = &basin.elements_of_zone[zone];
        self.gather(|block| block.runoff.soil_wetness(&basin.slopes, elements.iter().copied()))
    }

    /// Carries the change of the states into the water of the members.
    fn apply(
        &mut self,
        basin: &Basin,
        zones: &Zones,
        states: [&States; 2],
    ) -> Result<(), BasinError> {
        let count = self.members.len();
        let of = |quantity| -> Vec<Vec<f64>> {
            (0..count).map(|member| zones.factors(states, quantity, member)).collect()
        };
        let [discharge, soil, rain] = Quantity::ALL.map(of);
        for (member, factors) in rain.iter().enumerate() {
            for (zone, factor) in factors.iter().enumerate() {
                self.rain_log[zone * count + member] += factor.ln();
            }
        }
        for (number, block) in self.blocks.iter_mut().enumerate() {
            let member = |lane: usize| (LANES * number + lane).min(count - 1);
            for node in 0..basin.waterway.nodes().len() {
                // A depth goes by the 3/5 power of the discharge (Manning, wide section).
                let factor = std::array::from_fn(|lane| {
                    zones.at_node(&discharge[member(lane)], node).powf(0.6)
                });
                block.river.scale_depth(node, factor)?;
            }
            for (zone, elements) in basin.elements_of_zone.iter().enumerate() {
                let factor = std::array::from_fn(|lane| soil[member(lane)][zone]);
                block.runoff.scale_soil(&basin.slopes, factor, elements.iter().copied());
            }
        }
        Ok(())
    }
}
