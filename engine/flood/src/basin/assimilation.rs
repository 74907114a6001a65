//! Gauges pull the members together.

use super::{Basin, Ensemble, LANES};
use crate::assimilate::{Analysis, Blends, Bounds, Observation, Observed, Settings, Zones};
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

    /// Moves the water of rivers and slopes and the rain of all zones towards what the gauges say,
    /// each node and element by its own correlation with them. `None` without
    /// gauges, without anything said, or with a single member, which has no spread to learn from.
    ///
    /// # Errors
    /// Something said that [`Zones::blends`] refuses.
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
        let said = |saying: &Saying| Observation {
            predicted: self.at_gauge(basin, saying.gauge).depths_m,
            observed: saying.depth_m,
            sigma: saying.sigma_m,
        };
        let observations: Vec<Observation> = sayings.iter().map(said).collect();
        let gauge_of: Vec<usize> = sayings.iter().map(|saying| saying.gauge).collect();
        let (blends, analysis) = zones.blends(&observations, &gauge_of, settings)?;
        self.blend(basin, zones, &blends)?;
        Ok(Some(analysis))
    }

    fn blend(&mut self, basin: &Basin, zones: &Zones, blends: &Blends) -> Result<(), BasinError> {
        let count = self.members.len();
        for (zone, rain) in self.rain_log.chunks_exact_mut(count).enumerate() {
            blends.blend(zone, rain);
        }
        let factors = |node: usize, values: &[f64], bounds: Bounds| {
            let zone = zones.zone_of()[node] as usize;
            let mut factors = blends.factors(zone, values, bounds);
            let weight = zones.weight_of()[node];
            // Most nodes lie on the water of their gauge, and need no power.
            if weight < 1.0 {
                for factor in &mut factors {
                    *factor = factor.powf(weight);
                }
            }
            factors
        };
        let lanes = |factors: &[f64], number: usize| -> [f64; LANES] {
            std::array::from_fn(|lane| factors[(LANES * number + lane).min(count - 1)])
        };
        for node in (0..basin.waterway.nodes().len()).filter(|node| !basin.is_reservoir(*node)) {
            let depth = factors(node, &self.depths_m(node), Bounds::DEPTH);
            for (number, block) in self.blocks.iter_mut().enumerate() {
                block.river.scale_depth(node, lanes(&depth, number))?;
            }
        }
        for (element, node) in basin.slopes.node_of_elements().enumerate() {
            let node = node as usize;
            let surface = self.gather(|block| stored(block.runoff.surface_m(element)));
            let soil = self.gather(|block| stored(block.runoff.soil_m(element)));
            let surface = factors(node, &surface, Bounds::SURFACE);
            let soil = factors(node, &soil, Bounds::SOIL);
            for (number, block) in self.blocks.iter_mut().enumerate() {
                let runoff = &mut block.runoff;
                runoff.scale_surface(&basin.slopes, lanes(&surface, number), [element]);
                runoff.scale_soil(&basin.slopes, lanes(&soil, number), [element]);
            }
        }
        Ok(())
    }
}

/// Water of an element; there is one for each element of the basin.
fn stored(of_lanes: Option<[f64; LANES]>) -> [f64; LANES] {
    of_lanes.unwrap_or([0.0; LANES])
}
