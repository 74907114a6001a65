//! Water at the start, and water put in by hand.

use crate::basin_error::BasinError;
use crate::face::GRAVITY;
use crate::real::Real;
use crate::river::channel::NONE;
use crate::river::{River, RiverLedger};

/// A steady start begins at normal depth and is carried on for this time with the same inflow, so
/// that the pools above rises of the bed fill: two hours in steps of ten minutes.
const SETTLING_S: f64 = 7_200.0;
const SETTLING_STEPS: u32 = 12;

impl<const W: usize> River<W> {
    /// Starts from the steady flow that a lateral inflow in m³/s (one for each node, 0 where it is
    /// negative) keeps up, land beside it dry and levees whole. The balance starts anew; time does
    /// not.
    ///
    /// # Errors
    /// As [`River::advance`].
    pub fn set_normal(&mut self, lateral_m3_s: &[[f64; W]]) -> Result<(), BasinError> {
        self.check_lateral(lateral_m3_s)?;
        let inflow: Vec<[f64; W]> =
            lateral_m3_s.iter().map(|inflow| inflow.map(|value| value.max(0.0))).collect();
        let nodes = self.volume_m3.len();
        for at in 0..nodes {
            self.discharge_m3_s[at] = inflow[self.channels.node_of_place[at] as usize];
        }
        for at in 0..nodes {
            let next = self.channels.places[at].next;
            if next != NONE {
                for lane in 0..W {
                    self.discharge_m3_s[next as usize][lane] += self.discharge_m3_s[at][lane];
                }
            }
        }
        for at in 0..nodes {
            for lane in 0..W {
                let place = &self.channels.places[at];
                let manning = (place.resistance / GRAVITY).sqrt();
                let carried = self.discharge_m3_s[at][lane] * manning * self.roughness[lane];
                let depth = normal_depth(place.width_m, carried / place.slope.sqrt());
                self.volume_m3[at][lane] = depth * place.area_m2;
            }
        }
        for _ in 0..SETTLING_STEPS {
            self.step(SETTLING_S / f64::from(SETTLING_STEPS), &inflow);
        }
        for pond in &mut self.ponds {
            (pond.volume_m3, pond.spilled_m3, pond.recent_m3) = ([0.0; W], [0.0; W], [0.0; W]);
        }
        for gap in &mut self.gaps {
            (gap.waited_s, gap.opened_s) = ([0.0; W], [f64::MAX; W]);
        }
        self.ledger = RiverLedger::default();
        self.ledger.start_m3 = self.ledger().storage_m3;
        self.check()
    }

    /// Fills or draws a node to a depth in m, as the level of a reservoir is observed; what flows
    /// through stays. The volume is counted as a correction.
    ///
    /// # Errors
    /// A depth that is negative or above 1,000 m; no such node.
    pub fn fill(&mut self, node: usize, depth_m: f64) -> Result<(), BasinError> {
        if self.volume_m3.len() <= node {
            let expected = self.volume_m3.len();
            return Err(BasinError::Count { what: "nodes", expected, found: node + 1 });
        }
        if !(0.0..=1e3).contains(&depth_m) {
            let expected = "0 to 1000 m";
            return Err(BasinError::Setting { what: "depth", value: depth_m, expected });
        }
        let at = self.place(node);
        let volume_m3 = depth_m * self.channels.places[at].area_m2;
        for lane in 0..W {
            self.ledger.corrected_m3[lane] += volume_m3 - self.volume_m3[at][lane];
            self.volume_m3[at][lane] = volume_m3;
        }
        Ok(())
    }

    /// Multiplies the depth of a node by factors, and the discharge through its lower end by their
    /// power of 5/3, which is what the depth of a wide channel carries. Gives the volume added in
    /// m³; it is counted as a correction.
    ///
    /// # Errors
    /// A factor that is negative or above 100; no such node.
    pub fn scale_depth(&mut self, node: usize, factors: [f64; W]) -> Result<[f64; W], BasinError> {
        if self.volume_m3.len() <= node {
            let expected = self.volume_m3.len();
            return Err(BasinError::Count { what: "nodes", expected, found: node + 1 });
        }
        if let Some(value) = factors.iter().find(|factor| !(0.0..=100.0).contains(*factor)) {
            let expected = "0 to 100";
            return Err(BasinError::Setting { what: "depth factor", value: *value, expected });
        }
        let at = self.place(node);
        let mut added = [0.0; W];
        for lane in 0..W {
            let factor = factors[lane];
            let before = self.volume_m3[at][lane];
            self.volume_m3[at][lane] = before * factor;
            let root = factor.cbrt();
            self.discharge_m3_s[at][lane] *= factor * root * root;
            added[lane] = self.volume_m3[at][lane] - before;
            self.ledger.corrected_m3[lane] += added[lane];
        }
        Ok(added)
    }
}

/// Depth in m at which a rectangle of a width carries `A R^(2/3)`, by Newton's method from the
/// depth of a wide channel, which is never too deep.
fn normal_depth(width_m: f64, carried: f64) -> f64 {
    if carried <= 0.0 {
        return 0.0;
    }
    let mut depth = ((carried / width_m).ln() * 0.6).exp();
    for _ in 0..50 {
        let wetted = width_m + 2.0 * depth;
        let radius = width_m * depth / wetted;
        let flow = width_m * depth * radius * radius.inverse_cube_root();
        let slope = flow * ((5.0 / 3.0) / depth - (4.0 / 3.0) / wetted);
        let change = (carried - flow) / slope;
        depth = (depth + change).max(0.1 * depth);
        if change.abs() <= 1e-12 * depth {
            break;
        }
    }
    depth
}
