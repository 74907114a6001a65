//! Rain on hillsides, and what of it reaches the rivers when.
//!
//! The ground is cut into elements: the cells that drain into one stretch of river, at one
//! distance from it ([`Slopes::from_terrain`]). In each, water infiltrates, flows down in the soil
//! (Darcy), comes out where the soil is full, and flows over the ground as a kinematic wave; what
//! sinks deeper feeds a slow store of the node. All members of a block are computed together, one
//! in each lane of `[f64; W]`, and none looks at another.
//!
//! `docs/methods/runoff.md` gives equations, steps, parameters, limits and sources.

#![expect(clippy::needless_range_loop, reason = "a lane is an index of several arrays at once")]

mod index;
mod kernel;
mod land;
mod ledger;
mod saved;
mod slopes;
mod snow;
mod storage_function;
mod terrain;

use crate::basin_error::BasinError;
use kernel::{Ground, Water, advance};

pub use index::RunoffIndex;
pub use land::{Infiltration, Land};
pub use ledger::Ledger;
pub use slopes::{Element, Receiver, SLOPE_MIN, Slopes};
pub use snow::{LAPSE_C_M, SnowModel, Snowpack, at_height_c};
pub use storage_function::{StorageBasin, StorageFunction, StorageState};
pub use terrain::{Cover, SlopesError, Terrain};

/// Longest step within a call, in s. A kinematic wave of 0.1 to 0.5 m/s crosses an element of
/// 150 m in 300 to 1,500 s.
pub const STEP_MAX_S: f64 = 300.0;

/// Most rain, in m/s: ten thousand times the strongest ever measured; beyond, it is in another unit.
const RAIN_MAX_M_S: f64 = 1.0;

/// Longest call, in s: a day.
const CALL_MAX_S: f64 = 86_400.0;

/// Time in which the slow store loses all but 1/e, in s: 100 h, as the lowest of the three tanks
/// of the soil water index.
pub const SLOW_S: f64 = 360_000.0;

/// What sets the members of a block apart: factors on the parameters of every kind of ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Members<const W: usize> {
    /// On the roughness.
    pub roughness: [f64; W],
    /// On the water that the soil can hold.
    pub soil_depth: [f64; W],
    /// On the conductivities down and along the slope.
    pub conductivity: [f64; W],
}

impl<const W: usize> Members<W> {
    /// All members alike.
    pub const ALIKE: Self =
        Self { roughness: [1.0; W], soil_depth: [1.0; W], conductivity: [1.0; W] };

    fn check(&self) -> Result<(), BasinError> {
        let factors = [
            ("roughness", self.roughness),
            ("soil_depth", self.soil_depth),
            ("conductivity", self.conductivity),
        ];
        for (what, values) in factors {
            for value in values {
                if !(value.is_finite() && 0.0 < value) {
                    return Err(BasinError::Setting { what, value, expected: "above 0" });
                }
            }
        }
        Ok(())
    }
}

impl<const W: usize> Default for Members<W> {
    fn default() -> Self {
        Self::ALIKE
    }
}

/// Water at the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start<const W: usize> {
    /// Share of the soil's store that is full, 0 to 1.
    pub wetness: [f64; W],
    /// Flow from the slow stores, in m³/s per km² of hillside.
    pub base_flow_m3_s_km2: [f64; W],
}

impl<const W: usize> Start<W> {
    /// Soil at field capacity, no base flow.
    pub const DRY: Self = Self { wetness: [0.0; W], base_flow_m3_s_km2: [0.0; W] };

    fn check(&self) -> Result<(), BasinError> {
        for value in self.wetness {
            if !(0.0..=1.0).contains(&value) {
                return Err(BasinError::Setting { what: "wetness", value, expected: "0 to 1" });
            }
        }
        for value in self.base_flow_m3_s_km2 {
            if !(value.is_finite() && 0.0 <= value) {
                let what = "base_flow_m3_s_km2";
                return Err(BasinError::Setting { what, value, expected: "0 or more" });
            }
        }
        Ok(())
    }
}

/// Water on and in the hillsides of `W` members.
#[derive(Clone, Debug)]
pub struct Runoff<const W: usize> {
    grounds: Vec<Ground<W>>,
    waters: Vec<Water<W>>,
    /// In the slow store of each node, in m³.
    slow_m3: Vec<[f64; W]>,
    ledger: Ledger<W>,
    /// Room for what flows into each element within a step, over and under the ground, in m³.
    coming_m3: Vec<[[f64; W]; 2]>,
}

impl<const W: usize> Runoff<W> {
    /// Hillsides without water on them.
    ///
    /// # Errors
    /// A factor or a start outside its range.
    pub fn new(
        slopes: &Slopes,
        members: &Members<W>,
        start: &Start<W>,
    ) -> Result<Self, BasinError> {
        members.check()?;
        start.check()?;
        let grounds: Vec<Ground<W>> =
            slopes.lands().iter().map(|land| Ground::new(land, members)).collect();
        let mut slow_m3 = vec![[0.0; W]; slopes.nodes()];
        let mut waters = Vec::with_capacity(slopes.plans.len());
        for plan in &slopes.plans {
            let capacity_m = &grounds[usize::from(plan.land)].capacity_m;
            let soil_m = std::array::from_fn(|lane| capacity_m[lane] * start.wetness[lane]);
            waters.push(Water { surface_m: [0.0; W], soil_m });
            for (lane, store) in slow_m3[plan.node as usize].iter_mut().enumerate() {
                let flow_m3_s = start.base_flow_m3_s_km2[lane] * 1e-6 * plan.area_m2;
                *store += flow_m3_s * SLOW_S;
            }
        }
        let coming_m3 = vec![[[0.0; W]; 2]; waters.len()];
        let ledger = Ledger::new([0.0; W]);
        let mut runoff = Self { grounds, waters, slow_m3, ledger, coming_m3 };
        runoff.ledger = Ledger::new(runoff.stored_m3(slopes));
        Ok(runoff)
    }

    /// Carries all elements through `step_s`. `rain_m_s` has the mean rain of the step for each
    /// rain cell, `lateral_m3_s` receives the mean flow into each node.
    ///
    /// The step is cut into equal parts of at most [`STEP_MAX_S`].
    ///
    /// # Errors
    /// Hillsides that are not those of [`Runoff::new`]; rain cells or nodes that are missing; rain
    /// that is negative, above 1 m/s or not a number; a step that is not above 0 or longer than a day. Nothing
    /// has changed then.
    pub fn step(
        &mut self,
        slopes: &Slopes,
        rain_m_s: &[[f64; W]],
        step_s: f64,
        lateral_m3_s: &mut [[f64; W]],
    ) -> Result<(), BasinError> {
        self.check(slopes)?;
        check_step(slopes, rain_m_s, step_s)?;
        let (expected, found) = (slopes.nodes(), lateral_m3_s.len());
        if expected != found {
            return Err(BasinError::Count { what: "nodes", expected, found });
        }
        for (rain_m_s, area_m2) in rain_m_s.iter().zip(&slopes.under_rain_m2) {
            for (sum, rain_m_s) in self.ledger.rain_m3.iter_mut().zip(rain_m_s) {
                *sum += rain_m_s * step_s * area_m2;
            }
        }
        lateral_m3_s.fill([0.0; W]);
        let count = (step_s / STEP_MAX_S).ceil().max(1.0);
        let part_s = step_s / count;
        let mut done = 0.5;
        while done < count {
            self.hillsides(slopes, rain_m_s, part_s, lateral_m3_s);
            self.slow(part_s, lateral_m3_s);
            done += 1.0;
        }
        for flow in lateral_m3_s {
            for (flow, sum) in flow.iter_mut().zip(&mut self.ledger.rivers_m3) {
                *sum += *flow;
                *flow /= step_s;
            }
        }
        Ok(())
    }

    /// All elements through a part of a step; what leaves is added to the nodes, in m³.
    fn hillsides(
        &mut self,
        slopes: &Slopes,
        rain_m_s: &[[f64; W]],
        part_s: f64,
        nodes_m3: &mut [[f64; W]],
    ) {
        for (index, plan) in slopes.plans.iter().enumerate() {
            let ground = &self.grounds[usize::from(plan.land)];
            let [over_m3, under_m3] = std::mem::replace(&mut self.coming_m3[index], [[0.0; W]; 2]);
            let rain_m = rain_m_s[plan.rain_cell as usize].map(|rain| rain * part_s);
            let over_m = over_m3.map(|volume| volume * plan.per_m2);
            let under_m = under_m3.map(|volume| volume * plan.per_m2);
            let coming = [&rain_m, &over_m, &under_m];
            let left = advance(&mut self.waters[index], ground, plan, part_s, coming);
            let store = &mut self.slow_m3[plan.node as usize];
            for lane in 0..W {
                let percolated_m3 = left.sunk[lane] * plan.area_m2;
                let deep_m3 = percolated_m3 * ground.deep_loss;
                self.ledger.deep_m3[lane] += deep_m3;
                store[lane] += percolated_m3 - deep_m3;
            }
            match plan.receiver {
                Receiver::Element(next) => {
                    let [over_m3, under_m3] = &mut self.coming_m3[next as usize];
                    for lane in 0..W {
                        over_m3[lane] += left.over_m[lane] * plan.area_m2;
                        under_m3[lane] += left.under_m[lane] * plan.area_m2;
                    }
                }
                Receiver::Node(node) => {
                    let came_m3 = &mut nodes_m3[node as usize];
                    for lane in 0..W {
                        came_m3[lane] += (left.over_m[lane] + left.under_m[lane]) * plan.area_m2;
                    }
                }
            }
        }
    }

    /// The slow stores through a part of a step.
    fn slow(&mut self, part_s: f64, nodes_m3: &mut [[f64; W]]) {
        let share = 1.0 / (1.0 + part_s / SLOW_S);
        for (stores, nodes_m3) in self.slow_m3.iter_mut().zip(nodes_m3) {
            for (store, node_m3) in stores.iter_mut().zip(nodes_m3) {
                let kept_m3 = *store * share;
                *node_m3 += *store - kept_m3;
                *store = kept_m3;
            }
        }
    }

    /// Water in all stores, in m³.
    #[must_use]
    pub fn stored_m3(&self, slopes: &Slopes) -> [f64; W] {
        let mut stored_m3 = [0.0; W];
        for (water, plan) in self.waters.iter().zip(&slopes.plans) {
            for (lane, stored_m3) in stored_m3.iter_mut().enumerate() {
                *stored_m3 += (water.surface_m[lane] + water.soil_m[lane]) * plan.area_m2;
            }
        }
        for store in &self.slow_m3 {
            for (stored_m3, slow_m3) in stored_m3.iter_mut().zip(store) {
                *stored_m3 += slow_m3;
            }
        }
        stored_m3
    }

    /// Where the water came from and went.
    #[must_use]
    pub fn ledger(&self) -> &Ledger<W> {
        &self.ledger
    }

    /// Depth of water over an element, in m.
    #[must_use]
    pub fn surface_m(&self, element: usize) -> Option<[f64; W]> {
        Some(self.waters.get(element)?.surface_m)
    }

    /// Water in the soil of an element, in m.
    #[must_use]
    pub fn soil_m(&self, element: usize) -> Option<[f64; W]> {
        Some(self.waters.get(element)?.soil_m)
    }

    /// Share of the soil's store that is full, as the mean over some elements by the water that
    /// they can hold; 0 where they hold none. Elements that are not there are left out.
    #[must_use]
    pub fn soil_wetness(
        &self,
        slopes: &Slopes,
        elements: impl IntoIterator<Item = usize>,
    ) -> [f64; W] {
        let mut held_m3 = [0.0; W];
        let mut most_m3 = [0.0; W];
        for element in elements {
            let known = self.waters.get(element).zip(slopes.plans.get(element));
            let Some((water, plan)) = known else { continue };
            let Some(ground) = self.grounds.get(usize::from(plan.land)) else { continue };
            for lane in 0..W {
                held_m3[lane] += water.soil_m[lane] * plan.area_m2;
                most_m3[lane] += ground.capacity_m[lane] * plan.area_m2;
            }
        }
        std::array::from_fn(
            |lane| {
                if 0.0 < most_m3[lane] { held_m3[lane] / most_m3[lane] } else { 0.0 }
            },
        )
    }

    /// Multiplies the water in the soil of some elements, up to what the soil can hold; returns
    /// the volume added by member, in m³. Factors that are not finite or below 0 count as 1,
    /// elements that are not there are left out.
    pub fn scale_soil(
        &mut self,
        slopes: &Slopes,
        factor: [f64; W],
        elements: impl IntoIterator<Item = usize>,
    ) -> [f64; W] {
        let mut added_m3 = [0.0; W];
        for element in elements {
            let known = self.waters.get_mut(element).zip(slopes.plans.get(element));
            let Some((water, plan)) = known else { continue };
            let Some(ground) = self.grounds.get(usize::from(plan.land)) else { continue };
            for lane in 0..W {
                if !(factor[lane].is_finite() && 0.0 <= factor[lane]) {
                    continue;
                }
                let before_m = water.soil_m[lane];
                // Of a soil that already holds more than it can, none is taken for that.
                let most_m = ground.capacity_m[lane].max(before_m);
                water.soil_m[lane] = (before_m * factor[lane]).min(most_m);
                added_m3[lane] += (water.soil_m[lane] - before_m) * plan.area_m2;
            }
        }
        for (sum, added_m3) in self.ledger.added_m3.iter_mut().zip(added_m3) {
            *sum += added_m3;
        }
        added_m3
    }

    /// Multiplies the water over some elements; returns the volume added by member, in m³. Factors
    /// that are not finite or below 0 count as 1, elements that are not there are left out.
    pub fn scale_surface(
        &mut self,
        slopes: &Slopes,
        factor: [f64; W],
        elements: impl IntoIterator<Item = usize>,
    ) -> [f64; W] {
        let mut added_m3 = [0.0; W];
        for element in elements {
            let known = self.waters.get_mut(element).zip(slopes.plans.get(element));
            let Some((water, plan)) = known else { continue };
            for lane in 0..W {
                if factor[lane].is_finite() && 0.0 <= factor[lane] {
                    let before_m = water.surface_m[lane];
                    water.surface_m[lane] = before_m * factor[lane];
                    added_m3[lane] += (water.surface_m[lane] - before_m) * plan.area_m2;
                }
            }
        }
        for (sum, added_m3) in self.ledger.added_m3.iter_mut().zip(added_m3) {
            *sum += added_m3;
        }
        added_m3
    }

    fn check(&self, slopes: &Slopes) -> Result<(), BasinError> {
        let counts = [
            ("elements", self.waters.len(), slopes.plans.len()),
            ("kinds of ground", self.grounds.len(), slopes.lands().len()),
            ("nodes", self.slow_m3.len(), slopes.nodes()),
        ];
        for (what, expected, found) in counts {
            if expected != found {
                return Err(BasinError::Count { what, expected, found });
            }
        }
        Ok(())
    }
}

fn check_step<const W: usize>(
    slopes: &Slopes,
    rain_m_s: &[[f64; W]],
    step_s: f64,
) -> Result<(), BasinError> {
    if !(0.0 < step_s && step_s <= CALL_MAX_S) {
        let (what, expected) = ("step_s", "above 0, at most 86400");
        return Err(BasinError::Setting { what, value: step_s, expected });
    }
    let (expected, found) = (slopes.rain_cells(), rain_m_s.len());
    if found < expected {
        return Err(BasinError::Count { what: "rain cells", expected, found });
    }
    let is_sound = |rates: &[f64; W]| rates.iter().all(|rate| (0.0..=RAIN_MAX_M_S).contains(rate));
    match rain_m_s[..expected].iter().position(|rates| !is_sound(rates)) {
        Some(index) => {
            Err(BasinError::Item { what: "rain cell", index, expected: "rain of 0 to 1 m/s" })
        }
        None => Ok(()),
    }
}
