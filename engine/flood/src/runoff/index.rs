//! A runoff index for every node, from the tanks of the soil water index: an opinion on streams
//! without a gauge that shares neither soil nor hillsides with [`super::Runoff`].
//!
//! After the basin runoff index (流域雨量指数) of the Japan Meteorological Agency: what leaves the
//! sides of the tanks runs down the rivers, and the index is the square root of the discharge. The
//! numbers are not the agency's: their grid, channels and routing differ.

use crate::basin_error::BasinError;
use crate::waterway::Waterway;

use super::kernel::remaining_m;
use super::slopes::Slopes;

/// Roughness of the channels, in s/m^(1/3): natural streams (Chow 1959).
const ROUGHNESS: f64 = 0.04;
/// Least slope of a channel.
const SLOPE_MIN: f64 = 5e-4;
/// Longest step within a call, in s.
const STEP_MAX_S: f64 = 300.0;

/// Channels with the water in them.
#[derive(Clone, Debug, PartialEq)]
pub struct RunoffIndex {
    channels: Vec<Channel>,
    /// Mean discharge of the last step, in m³/s.
    discharge_m3_s: Vec<f64>,
    /// Room for what comes into each node within a part of a step, in m³.
    coming_m3: Vec<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Channel {
    area_m2: f64,
    /// Square root of the slope over roughness and length.
    rate: f64,
    downstream: Option<u32>,
    depth_m: f64,
}

impl RunoffIndex {
    /// Empty channels: rectangles without banks, which never spill.
    #[must_use]
    pub fn new(waterway: &Waterway) -> Self {
        let nodes = waterway.nodes();
        let channels: Vec<Channel> = nodes
            .iter()
            .map(|node| {
                let below = node.downstream.and_then(|next| nodes.get(next as usize));
                let slope = below.map_or(0.0, |below| {
                    (node.bed_m - below.bed_m) / (0.5 * (node.length_m + below.length_m))
                });
                Channel {
                    area_m2: node.width_m * node.length_m,
                    rate: slope.max(SLOPE_MIN).sqrt() / (ROUGHNESS * node.length_m),
                    downstream: node.downstream,
                    depth_m: 0.0,
                }
            })
            .collect();
        let none = vec![0.0; channels.len()];
        Self { channels, discharge_m3_s: none.clone(), coming_m3: none }
    }

    /// Flow into each node from what left the tanks of each rain cell in `step_s`, in m³/s; and
    /// the area in m² of the hillsides whose rain cell has no data, which give nothing.
    ///
    /// # Errors
    /// Fewer rain cells than the hillsides name; a step that is not above 0.
    pub fn lateral_m3_s(
        slopes: &Slopes,
        side_mm: &[f64],
        step_s: f64,
    ) -> Result<(Vec<f64>, f64), BasinError> {
        check_step(step_s)?;
        let (expected, found) = (slopes.rain_cells(), side_mm.len());
        if found < expected {
            return Err(BasinError::Count { what: "rain cells", expected, found });
        }
        let mut lateral_m3_s = vec![0.0; slopes.nodes()];
        let mut without_m2 = 0.0;
        for plan in &slopes.plans {
            let side_mm = side_mm[plan.rain_cell as usize];
            if side_mm.is_finite() {
                let volume_m3 = plan.area_m2 * side_mm.max(0.0) / 1_000.0;
                lateral_m3_s[plan.node as usize] += volume_m3 / step_s;
            } else {
                without_m2 += plan.area_m2;
            }
        }
        Ok((lateral_m3_s, without_m2))
    }

    /// Lets the flow into each node run down for `step_s`.
    ///
    /// # Errors
    /// Another number of nodes; a flow below 0 or not finite; a step that is not above 0. Nothing
    /// has changed then.
    pub fn step(&mut self, lateral_m3_s: &[f64], step_s: f64) -> Result<(), BasinError> {
        check_step(step_s)?;
        let (expected, found) = (self.channels.len(), lateral_m3_s.len());
        if expected != found {
            return Err(BasinError::Count { what: "nodes", expected, found });
        }
        let is_sound = |flow: &f64| flow.is_finite() && 0.0 <= *flow;
        if let Some(index) = lateral_m3_s.iter().position(|flow| !is_sound(flow)) {
            return Err(BasinError::Item { what: "node", index, expected: "a flow of 0 or more" });
        }
        let count = (step_s / STEP_MAX_S).ceil();
        let part_s = step_s / count;
        self.discharge_m3_s.fill(0.0);
        let mut done = 0.5;
        while done < count {
            for index in 0..self.channels.len() {
                let came_m3 = std::mem::take(&mut self.coming_m3[index]);
                let channel = &mut self.channels[index];
                let there_m =
                    channel.depth_m + (came_m3 + lateral_m3_s[index] * part_s) / channel.area_m2;
                let [still_m] = remaining_m(&[there_m], &[part_s * channel.rate]);
                channel.depth_m = still_m;
                let left_m3 = (there_m - still_m) * channel.area_m2;
                self.discharge_m3_s[index] += left_m3 / step_s;
                if let Some(next) = channel.downstream {
                    self.coming_m3[next as usize] += left_m3;
                }
            }
            done += 1.0;
        }
        Ok(())
    }

    /// Mean discharge of each node in the last step, in m³/s.
    #[must_use]
    pub fn discharge_m3_s(&self) -> &[f64] {
        &self.discharge_m3_s
    }

    /// The index of a node: the square root of its discharge in m³/s.
    #[must_use]
    pub fn index(&self, node: usize) -> Option<f64> {
        self.discharge_m3_s.get(node).map(|discharge| discharge.sqrt())
    }

    /// Water in the channels, in m³.
    #[must_use]
    pub fn stored_m3(&self) -> f64 {
        self.channels.iter().map(|channel| channel.depth_m * channel.area_m2).sum()
    }
}

fn check_step(step_s: f64) -> Result<(), BasinError> {
    if step_s.is_finite() && 0.0 < step_s && step_s <= super::CALL_MAX_S {
        return Ok(());
    }
    let (what, expected) = ("step_s", "above 0, at most 86400");
    Err(BasinError::Setting { what, value: step_s, expected })
}
