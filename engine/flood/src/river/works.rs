//! What people built, and what acts on rivers from outside: outlets, sills, gates, dams, land
//! beside the river that takes what spills.

use crate::basin_error::BasinError;
use crate::face::GRAVITY;
use crate::river::channel::{Channels, NONE, Place};
use crate::river::lanes::Lanes;
use crate::river::link::{Link, Passed};
use crate::river::weir::weir;
use crate::river::{Pond, River};
use crate::series::Series;

/// Contraction of a jet under a gate with a sharp edge (Henry 1950; von Mises 1917: 0.611).
const CONTRACTION: f64 = 0.61;
/// A dam with less water than this depth, m, releases less.
const EMPTY_M: f64 = 0.1;

/// Works on rivers; nodes by index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Works {
    /// How water leaves outlets; normal flow at those not named.
    pub outlets: Vec<(u32, Outlet)>,
    /// What stands at the lower end of nodes.
    pub barriers: Vec<(u32, Barrier)>,
    /// Land beside nodes, left and right, that takes what spills over the crest; without it a
    /// bank is a wall without end.
    pub ponds: Vec<(u32, [Option<Pond>; 2])>,
}

/// How water leaves.
#[derive(Clone, Debug, PartialEq)]
pub enum Outlet {
    /// Normal flow on a bed that falls on as above.
    Normal,
    /// Into water of a given level in m over time (a main river, a lake): backwater, and inflow
    /// where it stands higher. Outflow is at most critical.
    Stage(Series),
    /// Not at all.
    Closed,
}

/// What stands at the lower end of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Barrier {
    /// A ground sill, drop or weir: Honma's law.
    Sill {
        /// Level of its crest in m.
        crest_m: f64,
        /// Length of its crest across the river in m.
        width_m: f64,
    },
    /// A gate that water passes below, or a culvert as high as its opening. Where the water does
    /// not reach the edge it is a weir.
    Gate {
        /// Level of its sill in m.
        sill_m: f64,
        /// Width of the opening in m.
        width_m: f64,
        /// Height of the opening in m over time.
        opening_m: Series,
        /// Which way it lets water pass.
        passes: Passes,
    },
    /// A dam with a reservoir on its node.
    Dam(Dam),
}

/// Which way water passes a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passes {
    /// Both ways.
    BothWays,
    /// Downstream only: a flap.
    Downstream,
}

/// A dam: observed release, then a rule, and a spillway that nobody can close.
#[derive(Clone, Debug, PartialEq)]
pub struct Dam {
    /// Area of the reservoir in m².
    pub area_m2: f64,
    /// Level of the spillway's crest in m, and its length in m: Honma's law above it.
    pub spillway_m: [f64; 2],
    /// Observed release in m³/s; after its last point the rule holds.
    pub release: Series,
    /// What is released after the last observation.
    pub rule: Rule,
}

/// What a dam releases when no observation tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// The last observed release.
    Hold,
    /// What flows in.
    Inflow,
    /// What flows in up to a discharge, and a share of what is above: the flood control of most
    /// dams (一定率一定量).
    Cut {
        /// Where control begins, m³/s.
        from_m3_s: f64,
        /// Share released of what is above, 0 (all is kept) to 1.
        share: f64,
    },
}

impl Works {
    fn check(&self, channels: &Channels) -> Result<(), BasinError> {
        let nodes = channels.places.len();
        let known = |node: u32| (node as usize) < nodes;
        let item = |what, index, expected| Err(BasinError::Item { what, index, expected });
        for (index, (node, _)) in self.outlets.iter().enumerate() {
            let ends = |node: u32| {
                channels.places[channels.place_of_node[node as usize] as usize].next == NONE
            };
            if !(known(*node) && ends(*node)) {
                return item("outlet", index, "a node without one downstream");
            }
        }
        let positive = |value: f64| value.is_finite() && 0.0 < value;
        for (index, (node, barrier)) in self.barriers.iter().enumerate() {
            let sound = match barrier {
                Barrier::Sill { crest_m, width_m } => crest_m.is_finite() && positive(*width_m),
                Barrier::Gate { sill_m, width_m, .. } => sill_m.is_finite() && positive(*width_m),
                Barrier::Dam(dam) => {
                    let shares = match dam.rule {
                        Rule::Cut { from_m3_s, share } => {
                            from_m3_s.is_finite()
                                && 0.0 <= from_m3_s
                                && (0.0..=1.0).contains(&share)
                        }
                        Rule::Hold | Rule::Inflow => true,
                    };
                    let [crest_m, length_m] = dam.spillway_m;
                    positive(dam.area_m2) && crest_m.is_finite() && positive(length_m) && shares
                }
            };
            if !(known(*node) && sound) {
                return item("barrier", index, "a known node and sound sizes");
            }
        }
        for (index, (node, ponds)) in self.ponds.iter().enumerate() {
            let sound = |pond: &Pond| positive(pond.area_m2) && pond.floor_m.is_finite();
            if !(known(*node) && ponds.iter().flatten().all(sound)) {
                return item("pond", index, "a known node, an area and a floor");
            }
        }
        Ok(())
    }
}

/// A work at its place.
#[derive(Clone, Debug)]
pub(crate) enum Law {
    Stage(Series),
    Closed,
    Barrier(Barrier),
}

/// What a work does in the step under way.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Now<const W: usize> {
    /// Water outside at a level.
    Stage(f64),
    Closed,
    Sill([f64; 2]),
    /// Sill and width, opening.
    Gate([f64; 2], f64, Passes),
    /// Release in m³/s, crest and length of the spillway.
    Dam(Lanes<W>, [f64; 2]),
}

impl Law {
    /// `flows_in` is what flows into the node, m³/s.
    pub(crate) fn now<const W: usize>(
        &self,
        [from_s, to_s]: [f64; 2],
        flows_in: Lanes<W>,
    ) -> Now<W> {
        match self {
            Self::Stage(series) => Now::Stage(series.at(to_s)),
            Self::Closed => Now::Closed,
            Self::Barrier(Barrier::Sill { crest_m, width_m }) => Now::Sill([*crest_m, *width_m]),
            Self::Barrier(Barrier::Gate { sill_m, width_m, opening_m, passes }) => {
                Now::Gate([*sill_m, *width_m], opening_m.at(to_s).max(0.0), *passes)
            }
            Self::Barrier(Barrier::Dam(dam)) => {
                let observed = Lanes::of(dam.release.mean(from_s, to_s).max(0.0));
                let release = match dam.rule {
                    _ if from_s < dam.release.end_s() => observed,
                    Rule::Hold => observed,
                    Rule::Inflow => flows_in.map(|inflow| inflow.max(0.0)),
                    Rule::Cut { from_m3_s, share } => flows_in.map(|inflow| {
                        let above = (inflow - from_m3_s).max(0.0);
                        inflow.clamp(0.0, from_m3_s) + share * above
                    }),
                };
                Now::Dam(release, dam.spillway_m)
            }
        }
    }
}

impl<const W: usize> Now<W> {
    /// What passes between the levels above and below.
    pub(crate) fn pass(
        &self,
        place: &Place,
        link: &Link<W>,
        [above, below]: [Lanes<W>; 2],
    ) -> Passed<W> {
        let mut out = Passed::default();
        let mut set = |lane: usize, [flow, by_above, by_below]: [f64; 3]| {
            out.flow.0[lane] = flow;
            out.by_above.0[lane] = by_above.max(0.0);
            out.by_below.0[lane] = by_below.min(0.0);
        };
        match *self {
            Self::Closed => {}
            Self::Stage(_) => {
                let passed = link.pass(above, below);
                for lane in 0..W {
                    let flow = passed.flow.0[lane];
                    let high = if 0.0 < flow { above.0[lane] } else { below.0[lane] };
                    let depth = (high - place.bed_m).max(0.0);
                    let critical = place.width_m * depth * (GRAVITY * depth).sqrt();
                    if flow.abs() <= critical {
                        set(lane, [flow, passed.by_above.0[lane], 0.0]);
                    } else if 0.0 < flow {
                        set(lane, [critical, 1.5 * critical / depth.max(1e-9), 0.0]);
                    } else {
                        set(lane, [-critical, 0.0, 0.0]);
                    }
                }
            }
            Self::Sill([crest_m, width_m]) => {
                for lane in 0..W {
                    set(lane, over(crest_m, width_m, [above.0[lane], below.0[lane]]));
                }
            }
            Self::Gate(sill, opening_m, passes) => {
                for lane in 0..W {
                    let flow = under(sill, opening_m, [above.0[lane], below.0[lane]]);
                    if !(passes == Passes::Downstream && flow[0] < 0.0) {
                        set(lane, flow);
                    }
                }
            }
            Self::Dam(release, [crest_m, length_m]) => {
                for lane in 0..W {
                    let [flow, by_above, _] =
                        over(crest_m, length_m, [above.0[lane], f64::NEG_INFINITY]);
                    let depth = above.0[lane] - place.bed_m;
                    let filled = (depth / EMPTY_M).clamp(0.0, 1.0);
                    let rises = if filled < 1.0 { 1.0 / EMPTY_M } else { 0.0 };
                    let release = release.0[lane];
                    set(lane, [flow + release * filled, by_above + release * rises, 0.0]);
                }
            }
        }
        out
    }
}

/// Honma's law between two levels, positive downstream, with derivatives.
fn over(crest_m: f64, width_m: f64, [above, below]: [f64; 2]) -> [f64; 3] {
    if below <= above {
        weir(above - crest_m, (below - crest_m).max(0.0)).map(|value| value * width_m)
    } else {
        let [flow, by_high, by_low] = weir(below - crest_m, (above - crest_m).max(0.0));
        [-flow, -by_low, -by_high].map(|value| value * width_m)
    }
}

/// Under a gate: `0.61 b a √(2 g (h1 - max(h2, 0.61 a)))`, or over its sill if that is less.
fn under([sill_m, width_m]: [f64; 2], opening_m: f64, [above, below]: [f64; 2]) -> [f64; 3] {
    let free = over(sill_m, width_m, [above, below]);
    let (high, low) = (above.max(below) - sill_m, above.min(below) - sill_m);
    if high <= opening_m {
        return free;
    }
    let jet_m = CONTRACTION * opening_m;
    let fall = high - low.max(jet_m);
    let rate = CONTRACTION * width_m * opening_m * (2.0 * GRAVITY).sqrt();
    // In proportion to the difference where levels are nearly equal, as over weirs.
    let even_m = 0.002;
    let (flow, by_fall) = if fall < even_m {
        (rate * fall / even_m.sqrt(), rate / even_m.sqrt())
    } else {
        (rate * fall.sqrt(), 0.5 * rate / fall.sqrt())
    };
    if free[0].abs() <= flow {
        return free;
    }
    let by_low = if jet_m < low { -by_fall } else { 0.0 };
    if below <= above { [flow, by_fall, by_low] } else { [-flow, -by_low, -by_fall] }
}

impl<const W: usize> River<W> {
    /// Puts works in place; those of a node that has some already are replaced. Water that is
    /// there stays.
    ///
    /// # Errors
    /// [`BasinError::Item`] with the first work at no such node, or of impossible sizes.
    pub fn install(&mut self, works: Works) -> Result<(), BasinError> {
        works.check(&self.channels)?;
        for (node, outlet) in works.outlets {
            let at = self.place(node as usize);
            let place = &mut self.channels.places[at];
            // From the middle of the node to its end.
            place.reach_m = 0.5 * place.length_m;
            match outlet {
                Outlet::Normal => self.channels.places[at].law = NONE,
                Outlet::Stage(series) => self.rule(at, Law::Stage(series)),
                Outlet::Closed => self.rule(at, Law::Closed),
            }
        }
        for (node, barrier) in works.barriers {
            let at = self.place(node as usize);
            if let Barrier::Dam(dam) = &barrier {
                self.channels.places[at].area_m2 = dam.area_m2;
            }
            self.rule(at, Law::Barrier(barrier));
        }
        for (node, ponds) in works.ponds {
            self.lay_out(node, ponds);
        }
        Ok(())
    }

    fn rule(&mut self, at: usize, law: Law) {
        let place = &mut self.channels.places[at];
        if let Some(known) = self.laws.get_mut(place.law as usize) {
            *known = law;
        } else {
            place.law = u32::try_from(self.laws.len()).unwrap_or(NONE);
            self.laws.push(law);
        }
    }
}
