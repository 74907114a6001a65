//! One implicit step of all trees.

use std::ops::Range;

use crate::river::channel::{NONE, Place};
use crate::river::lanes::Lanes;
use crate::river::link::{Link, Passed, normal};
use crate::river::works::Now;
use crate::river::{Effort, River, add};

/// Newton's method ends when no depth of the tree changes by more than this share of it …
const NEAR: f64 = 1e-3;
/// … or by this many m: the error that is left is about the square of that.
const NEAR_M: f64 = 1e-4;
/// Corrections after which only half of each is taken, and after which a member takes this step in
/// quarters instead. Steps of a minute on floods of real networks take 2 to 5.
const FULL: u32 = 8;
const MOST: u32 = 20;
/// How often a step is quartered. After that it is left as it is; volumes are exact even then.
const QUARTERED: u32 = 5;
/// No correction makes water deeper than so many times the depth and so many m.
const DEEPER: [f64; 2] = [3.0, 2.0];

/// Room for a step, by place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work<const W: usize> {
    /// Lateral inflow of the step in m³/s, and what of it comes in the part under way, m³.
    inflow_m3_s: Vec<[f64; W]>,
    pub lateral_m3: Vec<[f64; W]>,
    /// Depth at the end of the step as far as it is known, m.
    depth_m: Vec<Lanes<W>>,
    links: Vec<Link<W>>,
    passed: Vec<Passed<W>>,
    equations: Vec<Equation<W>>,
    /// Volumes moved through the links, m³.
    pub moved_m3: Vec<[f64; W]>,
    /// Whether any pond is active in the tree under way.
    pub spills: bool,
    /// What works do in the step, by law.
    works: Vec<Now<W>>,
    pub effort: Effort,
}

/// The balance of a node: `diagonal * change = right + coupled * change of the next node`.
#[derive(Clone, Copy, Debug, Default)]
struct Equation<const W: usize> {
    diagonal: Lanes<W>,
    right: Lanes<W>,
    coupled: Lanes<W>,
    change: Lanes<W>,
}

impl<const W: usize> Work<W> {
    pub(crate) fn with_nodes(nodes: usize) -> Self {
        Self {
            inflow_m3_s: vec![[0.0; W]; nodes],
            lateral_m3: vec![[0.0; W]; nodes],
            depth_m: vec![Lanes::ZERO; nodes],
            links: vec![Link::default(); nodes],
            passed: vec![Passed::default(); nodes],
            equations: vec![Equation::default(); nodes],
            moved_m3: vec![[0.0; W]; nodes],
            spills: false,
            works: Vec::new(),
            effort: Effort::default(),
        }
    }
}

impl<const W: usize> River<W> {
    pub(crate) fn step(&mut self, step_s: f64, lateral_m3_s: &[[f64; W]]) {
        for (place, node) in self.channels.node_of_place.iter().enumerate() {
            self.work.inflow_m3_s[place] = lateral_m3_s[*node as usize];
        }
        self.set_works(step_s);
        self.watch_levees(step_s);
        for tree in 0..self.channels.trees.len() {
            self.step_tree(self.channels.trees[tree].clone(), step_s);
        }
    }

    /// One step of one tree, with the widest vectors of the processor; the bits are the same.
    #[expect(
        unsafe_code,
        reason = "a function with a processor feature is called after asking for it"
    )]
    fn step_tree(&mut self, tree: Range<usize>, step_s: f64) {
        #[cfg(target_arch = "x86_64")]
        if 1 < W && std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor was just asked for the only feature that is needed.
            return unsafe { self.step_tree_wide(tree, step_s) };
        }
        self.step_tree_plain(tree, step_s);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn step_tree_wide(&mut self, tree: Range<usize>, step_s: f64) {
        self.step_tree_plain(tree, step_s);
    }

    #[inline(always)]
    fn step_tree_plain(&mut self, tree: Range<usize>, step_s: f64) {
        let failed = self.attempt(tree.clone(), step_s, [true; W]);
        if failed.contains(&true) {
            self.quarter(tree, step_s, failed, 1);
        }
    }

    /// A step of some members; gives those for which no solution was found, which stay where they
    /// were.
    #[inline(always)]
    fn attempt(&mut self, tree: Range<usize>, step_s: f64, members: [bool; W]) -> [bool; W] {
        self.prepare(tree.clone(), step_s);
        let failed = self.solve(tree.clone(), step_s, members);
        if failed.contains(&true) {
            for at in tree.clone() {
                let before = self.work.links[at].before;
                for lane in (0..W).filter(|lane| failed[*lane]) {
                    self.discharge_m3_s[at][lane] = before.0[lane];
                }
            }
        }
        let through = std::array::from_fn(|lane| members[lane] && !failed[lane]);
        self.settle(tree, step_s, through);
        failed
    }

    /// The same step in four parts.
    #[cold]
    fn quarter(&mut self, tree: Range<usize>, step_s: f64, members: [bool; W], depth: u32) {
        let part_s = 0.25 * step_s;
        for _ in 0..4 {
            if QUARTERED <= depth {
                self.prepare(tree.clone(), part_s);
                let failed = self.solve(tree.clone(), part_s, members);
                self.work.effort.unfinished += u64::from(failed.contains(&true));
                self.settle(tree.clone(), part_s, members);
                continue;
            }
            let failed = self.attempt(tree.clone(), part_s, members);
            if failed.contains(&true) {
                self.quarter(tree.clone(), part_s, failed, depth + 1);
            }
        }
    }

    /// What works do in a step that begins now.
    fn set_works(&mut self, step_s: f64) {
        self.work.works.clear();
        if self.laws.is_empty() {
            return;
        }
        let during = [self.time_s, self.time_s + step_s];
        self.work.works.resize(self.laws.len(), Now::Closed);
        for (at, place) in self.channels.places.iter().enumerate() {
            if place.law == NONE {
                continue;
            }
            let mut flows_in = Lanes(self.work.inflow_m3_s[at]);
            for above in self.channels.inflows(at) {
                flows_in = flows_in + Lanes(self.discharge_m3_s[*above as usize]);
            }
            self.work.works[place.law as usize] =
                self.laws[place.law as usize].now(during, flows_in);
        }
    }

    /// Sets up the links of a tree from the state before the step.
    #[inline(always)]
    fn prepare(&mut self, tree: Range<usize>, step_s: f64) {
        let work = &mut self.work;
        for at in tree.clone() {
            let by_area = 1.0 / self.channels.places[at].area_m2;
            work.depth_m[at] = Lanes(self.volume_m3[at]) * by_area;
            work.lateral_m3[at] = (Lanes(work.inflow_m3_s[at]) * step_s).0;
        }
        let factors = Lanes(self.roughness);
        for at in tree {
            let place = &self.channels.places[at];
            let below = lower_level(place, work, at) - Lanes::of(place.next_bed_m);
            let before = Lanes(self.discharge_m3_s[at]);
            let mut link = Link::new(place, [work.depth_m[at], below], (before, step_s));
            link.drag = factors * factors * (step_s * place.resistance);
            work.links[at] = link;
        }
    }

    /// Newton's method for the depths and discharges of a tree at the end of the step. Gives the
    /// members for which it did not end.
    #[inline(always)]
    fn solve(&mut self, tree: Range<usize>, step_s: f64, members: [bool; W]) -> [bool; W] {
        self.work.effort.solved += 1;
        let mut open = members;
        for round in 0..MOST {
            self.balance(tree.clone(), step_s);
            eliminate(&self.channels.places, &mut self.work, tree.clone(), step_s);
            let effort = &mut self.work.effort;
            effort.corrections += 1;
            effort.most = effort.most.max(round + 1);
            let share = if round < FULL { 1.0 } else { 0.5 };
            open = self.correct(tree.clone(), share, open);
            if !open.contains(&true) {
                break;
            }
        }
        open
    }

    /// The balance of every node without its links.
    #[inline(always)]
    fn balance(&mut self, tree: Range<usize>, step_s: f64) {
        for at in tree {
            let place = &self.channels.places[at];
            let area_m2 = place.area_m2;
            let stored = Lanes(self.volume_m3[at]) + Lanes(self.work.lateral_m3[at]);
            let equation = &mut self.work.equations[at];
            equation.diagonal = Lanes::of(area_m2);
            equation.right = stored - self.work.depth_m[at] * area_m2;
            if place.ponds == [NONE; 2] {
                continue;
            }
            let levels = Lanes::of(place.bed_m) + self.work.depth_m[at];
            for pond in place.ponds {
                let Some(pond) = self.ponds.get_mut(pond as usize) else { continue };
                if pond.rests(levels.0) {
                    continue;
                }
                self.work.spills = true;
                pond.flow_at(levels.0, step_s);
                equation.diagonal = equation.diagonal + Lanes(pond.by_level) * step_s;
                equation.right = equation.right - Lanes(pond.flow) * step_s;
            }
        }
    }

    /// Up the rivers: corrects the depths of the open members and follows their discharges along
    /// the derivatives, which keeps the balance of every node. Gives what stays open.
    #[inline(always)]
    fn correct(&mut self, tree: Range<usize>, share: f64, open: [bool; W]) -> [bool; W] {
        let work = &mut self.work;
        let mut far = [false; W];
        let [times, more] = DEEPER.map(Lanes::of);
        for at in tree.rev() {
            let next = self.channels.places[at].next;
            let below = match next {
                NONE => Lanes::ZERO,
                next => work.equations[next as usize].change,
            };
            let equation = &mut work.equations[at];
            let change = equation.change + equation.coupled * below;
            equation.change = change;
            let passed = &work.passed[at];
            let flow = passed.flow + passed.by_above * change + passed.by_below * below;
            let depth = work.depth_m[at];
            let corrected = (depth + change * share).at_least(Lanes::ZERO);
            let corrected = corrected.at_most(depth * times + more);
            let moved = (corrected - depth).abs();
            for (lane, open) in open.into_iter().enumerate() {
                if open {
                    self.discharge_m3_s[at][lane] = flow.0[lane];
                    let limit = NEAR_M + NEAR * depth.0[lane];
                    far[lane] |= limit < moved.0[lane] || !moved.0[lane].is_finite();
                    work.depth_m[at].0[lane] = corrected.0[lane];
                }
            }
            for pond in self.channels.places[at].ponds {
                let pond = self.ponds.get_mut(pond as usize).filter(|pond| pond.active);
                let Some(pond) = pond else { continue };
                for (lane, open) in open.into_iter().enumerate() {
                    if open {
                        pond.settled[lane] = pond.flow[lane] + pond.by_level[lane] * change.0[lane];
                    }
                }
            }
        }
        far
    }

    /// Volumes of some members after the step, from the discharges.
    #[inline(always)]
    fn settle(&mut self, tree: Range<usize>, step_s: f64, members: [bool; W]) {
        let members = Lanes(members.map(|member| if member { 1.0 } else { 0.0 }));
        let moves_s = members * step_s;
        for at in tree.clone() {
            self.work.moved_m3[at] = (Lanes(self.discharge_m3_s[at]) * moves_s).0;
            self.work.lateral_m3[at] = (Lanes(self.work.lateral_m3[at]) * members).0;
            add(&mut self.volume_m3[at], self.work.lateral_m3[at]);
            for pond in self.channels.places[at].ponds {
                let pond = self.ponds.get_mut(pond as usize).filter(|pond| pond.active);
                if let Some(pond) = pond {
                    let moved = pond.take(moves_s.0);
                    add(&mut self.volume_m3[at], moved.map(|volume| -volume));
                }
            }
        }
        for at in tree.clone() {
            let next = self.channels.places[at].next;
            let moved = self.work.moved_m3[at];
            add(&mut self.volume_m3[at], moved.map(|volume| -volume));
            if next != NONE {
                add(&mut self.volume_m3[next as usize], moved);
            }
        }
        self.repair(tree.clone(), step_s);
        self.rest_ponds(tree.clone());
        let ledger = &mut self.ledger;
        add(&mut ledger.outflow_m3, self.work.moved_m3[tree.end - 1]);
        for lateral in &self.work.lateral_m3[tree] {
            add(&mut ledger.lateral_m3, lateral.map(|volume| volume.max(0.0)));
            add(&mut ledger.taken_m3, lateral.map(|volume| (-volume).max(0.0)));
        }
    }
}

/// Down the rivers: discharges and derivatives of all links, and the elimination of each node.
#[inline(always)]
fn eliminate<const W: usize>(
    places: &[Place],
    work: &mut Work<W>,
    tree: Range<usize>,
    step_s: f64,
) {
    for at in tree {
        let place = &places[at];
        let depth = work.depth_m[at];
        let below = lower_level(place, work, at);
        let link = &work.links[at];
        let passed = match work.works.get(place.law as usize) {
            Some(works) => works.pass(place, link, [Lanes::of(place.bed_m) + depth, below]),
            None if place.next == NONE => normal(place, depth, (link.drag, step_s)),
            None => link.pass(Lanes::of(place.bed_m) + depth, below),
        };
        work.passed[at] = passed;
        let (flow, by_above, by_below) =
            (passed.flow * step_s, passed.by_above * step_s, passed.by_below * step_s);
        let equation = &mut work.equations[at];
        let inverse = (equation.diagonal + by_above).inverse();
        let change = (equation.right - flow) * inverse;
        let coupled = -by_below * inverse;
        equation.change = change;
        equation.coupled = coupled;
        let Some(lower) = work.equations.get_mut(place.next as usize) else { continue };
        lower.diagonal = lower.diagonal - (by_below + by_above * coupled);
        lower.right = lower.right + flow + by_above * change;
    }
}

/// Level below the link of a place: that of the next node, or of the water outside.
#[inline(always)]
fn lower_level<const W: usize>(place: &Place, work: &Work<W>, at: usize) -> Lanes<W> {
    if let Some(depth) = work.depth_m.get(place.next as usize) {
        return place.next_level(*depth);
    }
    match work.works.get(place.law as usize) {
        Some(Now::Stage(level_m)) => Lanes::of(level_m.max(place.bed_m)),
        _ => place.next_level(work.depth_m[at]),
    }
}
