//! Unsteady flow in the rivers: one-dimensional, on the nodes of a [`Waterway`].
//!
//! Water is stored at nodes and flows through links, each from a node to the one downstream. A
//! step solves continuity and the local inertial equation of all links of a tree of rivers
//! together and fully implicitly (Newton's method; the matrix of a tree is eliminated in one pass
//! down the rivers and one up): its length is that of the flood, not of the shortest node. Volumes
//! follow from the discharges alone, so they add up to rounding whatever Newton's method left.
//!
//! Every number of the state is `W` numbers, one for each member of an ensemble. No lane looks at
//! another: the same bits come out for a member alone and for members together.
//!
//! `docs/methods/river.md` gives equations, limits, measured errors and sources.
//!
//! ```
//! use jomo_flood::river::{River, Settings};
//! use jomo_flood::waterway::{Node, Waterway};
//! let node = |index: u32| Node {
//!     reach: 0,
//!     station_m: 50.0 + 100.0 * f64::from(index),
//!     at_m: [100.0 * f64::from(index), 0.0],
//!     length_m: 100.0,
//!     width_m: 10.0,
//!     bed_m: 20.0 - 0.2 * f64::from(index),
//!     crest_m: [25.0, 25.0],
//!     upstream_m2: 1e6,
//!     downstream: (index < 9).then_some(index + 1),
//! };
//! let waterway = Waterway::new((0..10).map(node).collect())?;
//! let mut river = River::<1>::new(&waterway, Settings::default())?;
//! let mut lateral_m3_s = vec![[0.0]; 10];
//! lateral_m3_s[0] = [10.0];
//! river.advance(36_000.0, &lateral_m3_s)?;
//! let [discharge] = river.discharge_m3_s(9);
//! assert!((discharge - 10.0).abs() < 1e-3);
//! # Ok::<(), jomo_flood::BasinError>(())
//! ```

mod breach;
mod channel;
mod coupled;
mod lanes;
mod ledger;
mod link;
mod pond;
mod repair;
mod save;
mod single;
mod solve;
mod start;
mod terrain;
mod weir;
mod works;

pub use breach::{Breach, BreachRule, Trigger};
pub use coupled::{Coupled, CoupledError, CoupledLedger, EXCHANGE_S, Plain};
pub use ledger::RiverLedger;
pub use pond::Pond;
pub use terrain::GivenCrest;
pub use weir::weir_m2_s;
pub use works::{Barrier, Dam, Outlet, Passes, Rule, Works};

use crate::basin_error::BasinError;
use crate::river::breach::Gap;
use crate::river::channel::Channels;
use crate::river::pond::Placed;
use crate::river::solve::Work;
use crate::river::works::Law;
use crate::waterway::Waterway;

/// How rivers are computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Manning's n in s/m^(1/3): one number for all nodes, or one for each.
    pub manning: Vec<f64>,
    /// Longest step in s; a call of [`River::advance`] takes equal steps of at most this length.
    pub step_s: f64,
    /// Least slope of the flow out of an outlet and of a steady start, m/m.
    pub least_slope: f64,
}

impl Default for Settings {
    /// 0.035 s/m^(1/3), between clean lowland rivers (0.025-0.033) and mountain streams over
    /// gravel and boulders (0.04-0.05; Chow 1959, table 5-6), until it is calibrated. Steps of
    /// 60 s: a wave of 3 m/s passes one node of 200 m in one.
    fn default() -> Self {
        Self { manning: vec![0.035], step_s: 60.0, least_slope: 1e-4 }
    }
}

impl Settings {
    fn check(&self, nodes: usize) -> Result<(), BasinError> {
        let setting = |what, value, expected| Err(BasinError::Setting { what, value, expected });
        if ![1, nodes].contains(&self.manning.len()) {
            let (what, found) = ("roughness of nodes", self.manning.len());
            return Err(BasinError::Count { what, expected: nodes, found });
        }
        if let Some(manning) = self.manning.iter().find(|n| !(0.005..=1.0).contains(*n)) {
            return setting("manning", *manning, "0.005 to 1 s/m^(1/3)");
        }
        if !(0.01..=3_600.0).contains(&self.step_s) {
            return setting("step_s", self.step_s, "0.01 to 3600 s");
        }
        if !(1e-7..=1.0).contains(&self.least_slope) {
            return setting("least_slope", self.least_slope, "1e-7 to 1");
        }
        Ok(())
    }
}

/// What the solution of steps took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Trees times steps.
    pub solved: u64,
    /// Corrections of Newton's method over all of them.
    pub corrections: u64,
    /// Most corrections that one needed.
    pub most: u32,
    /// Solved less precisely than wanted; volumes are exact even there.
    pub unfinished: u64,
}

/// Rivers in motion: depth of every node and discharge of every link, for `W` members.
#[derive(Clone, Debug)]
pub struct River<const W: usize> {
    channels: Channels,
    settings: Settings,
    time_s: f64,
    /// Volume in each node in m³, by place in [`Channels`].
    volume_m3: Vec<[f64; W]>,
    /// Discharge through the lower end of each node in m³/s, by place.
    discharge_m3_s: Vec<[f64; W]>,
    /// Factors on Manning's n.
    roughness: [f64; W],
    ledger: RiverLedger<W>,
    laws: Vec<Law>,
    ponds: Vec<Placed<W>>,
    gaps: Vec<Gap<W>>,
    work: Work<W>,
}

impl<const W: usize> River<W> {
    /// Dry rivers; water leaves every outlet at normal depth.
    ///
    /// # Errors
    /// A setting outside its range, or not as many roughnesses as nodes.
    pub fn new(waterway: &Waterway, settings: Settings) -> Result<Self, BasinError> {
        settings.check(waterway.nodes().len())?;
        let channels = Channels::new(waterway, &settings);
        let nodes = channels.places.len();
        Ok(Self {
            channels,
            settings,
            time_s: 0.0,
            volume_m3: vec![[0.0; W]; nodes],
            discharge_m3_s: vec![[0.0; W]; nodes],
            roughness: [1.0; W],
            ledger: RiverLedger::default(),
            laws: Vec::new(),
            ponds: Vec::new(),
            gaps: Vec::new(),
            work: Work::with_nodes(nodes),
        })
    }

    /// Time since the start in s, or as [`River::set_time_s`] counts it.
    #[must_use]
    pub fn time_s(&self) -> f64 {
        self.time_s
    }

    /// Counts time from another moment: series of works and times of breaches are of this clock.
    /// When a levee gave way stays as it was told.
    ///
    /// # Errors
    /// A time that is not finite.
    pub fn set_time_s(&mut self, time_s: f64) -> Result<(), BasinError> {
        if !time_s.is_finite() {
            let expected = "a finite number";
            return Err(BasinError::Setting { what: "time_s", value: time_s, expected });
        }
        self.time_s = time_s;
        Ok(())
    }

    /// Computes `seconds` with steady lateral inflow in m³/s, one for each node: what slopes give.
    /// Where it is negative water is taken out, but no more than there is.
    ///
    /// # Errors
    /// [`BasinError::Setting`] for a time that is not positive, [`BasinError::Count`] for another
    /// number of inflows than of nodes, [`BasinError::Broken`] with the first node whose inflow or
    /// depth is not a number.
    pub fn advance(&mut self, seconds: f64, lateral_m3_s: &[[f64; W]]) -> Result<(), BasinError> {
        if !(seconds.is_finite() && 0.0 < seconds) {
            let expected = "more than 0";
            return Err(BasinError::Setting { what: "seconds", value: seconds, expected });
        }
        self.check_lateral(lateral_m3_s)?;
        for pond in &mut self.ponds {
            pond.recent_m3 = [0.0; W];
        }
        let count = (seconds / self.settings.step_s).ceil().max(1.0);
        let (start_s, length_s) = (self.time_s, seconds / count);
        let mut done = 0.0;
        while done < count {
            done += 1.0;
            self.step(length_s, lateral_m3_s);
            self.time_s = start_s + length_s * done;
        }
        self.check()
    }

    fn check_lateral(&self, lateral_m3_s: &[[f64; W]]) -> Result<(), BasinError> {
        let (expected, found) = (self.volume_m3.len(), lateral_m3_s.len());
        if expected != found {
            return Err(BasinError::Count { what: "lateral inflows", expected, found });
        }
        let broken = |inflow: &[f64; W]| !inflow.iter().all(|value| value.is_finite());
        match lateral_m3_s.iter().position(broken) {
            Some(index) => Err(BasinError::Broken { what: "lateral inflow", index }),
            None => Ok(()),
        }
    }

    fn check(&self) -> Result<(), BasinError> {
        let sound = |values: &[f64; W]| values.iter().all(|value| value.is_finite());
        let both = self.volume_m3.iter().zip(&self.discharge_m3_s);
        match both.clone().position(|(volume, flow)| !(sound(volume) && sound(flow))) {
            Some(place) => {
                let index = self.channels.node_of_place[place] as usize;
                Err(BasinError::Broken { what: "depth of node", index })
            }
            None => Ok(()),
        }
    }

    fn place(&self, node: usize) -> usize {
        self.channels.place_of_node[node] as usize
    }

    /// Depth of a node in m.
    ///
    /// # Panics
    /// For no such node, as indexing does.
    #[must_use]
    pub fn depth_m(&self, node: usize) -> [f64; W] {
        let place = self.place(node);
        let area_m2 = self.channels.places[place].area_m2;
        self.volume_m3[place].map(|volume| volume / area_m2)
    }

    /// Level of the water in a node in m; that of the bed where it is dry.
    ///
    /// # Panics
    /// For no such node.
    #[must_use]
    pub fn level_m(&self, node: usize) -> [f64; W] {
        let bed_m = self.channels.places[self.place(node)].bed_m;
        self.depth_m(node).map(|depth| bed_m + depth)
    }

    /// Discharge out of a node through its lower end in m³/s; negative where it runs back.
    ///
    /// # Panics
    /// For no such node.
    #[must_use]
    pub fn discharge_m3_s(&self, node: usize) -> [f64; W] {
        self.discharge_m3_s[self.place(node)]
    }

    /// Factors on Manning's n, one for each member.
    ///
    /// # Errors
    /// A factor outside 0.1 to 10.
    pub fn set_roughness(&mut self, factors: [f64; W]) -> Result<(), BasinError> {
        if let Some(value) = factors.iter().find(|factor| !(0.1..=10.0).contains(*factor)) {
            let expected = "0.1 to 10";
            return Err(BasinError::Setting { what: "roughness", value: *value, expected });
        }
        self.roughness = factors;
        Ok(())
    }

    /// The work so far.
    #[must_use]
    pub fn effort(&self) -> Effort {
        self.work.effort
    }

    /// The water balance so far.
    #[must_use]
    pub fn ledger(&self) -> RiverLedger<W> {
        let mut ledger = self.ledger;
        ledger.storage_m3 = [0.0; W];
        for volume in &self.volume_m3 {
            add(&mut ledger.storage_m3, *volume);
        }
        for pond in &self.ponds {
            add(&mut ledger.storage_m3, pond.volume_m3);
        }
        ledger
    }
}

/// Adds numbers, lane by lane.
#[inline(always)]
pub(crate) fn add<const W: usize>(sums: &mut [f64; W], values: [f64; W]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}
