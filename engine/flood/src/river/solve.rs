//! One implicit step of all trees.

use std::ops::Range;

use crate::face::GRAVITY;
use crate::river::channel::NONE;
use crate::river::link::{Link, Passed, inertial, mean_weight, normal};
use crate::river::{River, add};

/// Newton's method ends when no depth of the tree changes by more than this share of it …
const NEAR: f64 = 1e-4;
/// … or by this many m: the error that is left is about the square of that.
const NEAR_M: f64 = 1e-5;
/// Corrections after which only half of each is taken, and after which the step is left as it is:
/// volumes are exact even then. Measured on floods of real networks: 2 to 4, at most 9.
const FULL: usize = 8;
const MOST: usize = 30;

/// Room for a step, by place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work<const W: usize> {
    /// Lateral volume of the step in m³.
    pub lateral_m3: Vec<[f64; W]>,
    pub depth_m: Vec<[f64; W]>,
    link: Vec<[Link; W]>,
    passed: Vec<[Passed; W]>,
    diagonal: Vec<[f64; W]>,
    right: Vec<[f64; W]>,
    /// By how much the depth of a node changes with that of the next.
    coupled: Vec<[f64; W]>,
    pub change: Vec<[f64; W]>,
    /// Most corrections that a step needed, and steps that did not end.
    pub corrections: usize,
    pub unfinished: u64,
}

impl<const W: usize> Work<W> {
    pub(crate) fn with_nodes(nodes: usize) -> Self {
        let none = || vec![[0.0; W]; nodes];
        let link = Link { width_m: 1.0, bed_m: 0.0, mean: 0.0, before: 0.0, push: 0.0, drag: 0.0 };
        Self {
            lateral_m3: none(),
            depth_m: none(),
            link: vec![[link; W]; nodes],
            passed: vec![[[0.0; 3]; W]; nodes],
            diagonal: none(),
            right: none(),
            coupled: none(),
            change: none(),
            corrections: 0,
            unfinished: 0,
        }
    }
}

impl<const W: usize> River<W> {
    pub(crate) fn step(&mut self, step_s: f64, lateral_m3_s: &[[f64; W]]) {
        for (place, node) in self.channels.node_of_place.iter().enumerate() {
            let lateral = lateral_m3_s[*node as usize];
            self.work.lateral_m3[place] = lateral.map(|inflow| inflow * step_s);
        }
        for tree in 0..self.channels.trees.len() {
            let tree = self.channels.trees[tree].clone();
            self.prepare(tree.clone(), step_s);
            self.solve(tree.clone(), step_s);
            self.settle(tree, step_s);
        }
    }

    /// Sets up the links of a tree from the state before the step.
    fn prepare(&mut self, tree: Range<usize>, step_s: f64) {
        for at in tree.clone() {
            let place = &self.channels.places[at];
            let by_area = 1.0 / place.area_m2;
            self.work.depth_m[at] = self.volume_m3[at].map(|volume| volume * by_area);
        }
        for at in tree {
            let place = &self.channels.places[at];
            if place.next == NONE {
                continue;
            }
            let below = place.next as usize;
            let push = GRAVITY * step_s / place.reach_m;
            for lane in 0..W {
                let levels = [
                    place.bed_m + self.work.depth_m[at][lane],
                    place.next_bed_m + self.work.depth_m[below][lane],
                ];
                let mean = mean_weight(place, levels);
                let high = place.bed_m.max(place.next_bed_m);
                let middle = 0.5 * (place.bed_m + place.next_bed_m);
                self.work.link[at][lane] = Link {
                    width_m: place.width_m,
                    bed_m: (1.0 - mean) * high + mean * middle,
                    mean,
                    before: self.discharge_m3_s[at][lane],
                    push,
                    drag: step_s * place.resistance * self.roughness[lane] * self.roughness[lane],
                };
            }
        }
    }

    /// Newton's method for the depths and discharges of a tree at the end of the step.
    fn solve(&mut self, tree: Range<usize>, step_s: f64) {
        let mut open = [true; W];
        for round in 0..MOST {
            self.eliminate(tree.clone(), step_s);
            let share = if round < FULL { 1.0 } else { 0.5 };
            open = self.correct(tree.clone(), share, open);
            if !open.contains(&true) {
                self.work.corrections = self.work.corrections.max(round + 1);
                return;
            }
        }
        self.work.corrections = MOST;
        self.work.unfinished += 1;
    }

    /// Down the rivers: discharges and derivatives of all links, and the elimination of each node.
    fn eliminate(&mut self, tree: Range<usize>, step_s: f64) {
        let work = &mut self.work;
        for at in tree.clone() {
            let area_m2 = self.channels.places[at].area_m2;
            for lane in 0..W {
                work.diagonal[at][lane] = area_m2;
                let stored = self.volume_m3[at][lane] + work.lateral_m3[at][lane];
                work.right[at][lane] = stored - area_m2 * work.depth_m[at][lane];
            }
        }
        for at in tree {
            let place = &self.channels.places[at];
            if place.next == NONE {
                for lane in 0..W {
                    let resistance = place.resistance * self.roughness[lane] * self.roughness[lane];
                    let passed = normal(place, resistance, work.depth_m[at][lane]);
                    work.passed[at][lane] = passed;
                    let diagonal = work.diagonal[at][lane] + step_s * passed[1];
                    let right = work.right[at][lane] - step_s * passed[0];
                    work.change[at][lane] = right / diagonal;
                    work.coupled[at][lane] = 0.0;
                }
                continue;
            }
            let below = place.next as usize;
            for lane in 0..W {
                let link = &work.link[at][lane];
                let above_m = place.bed_m + work.depth_m[at][lane];
                let below_m = place.next_bed_m + work.depth_m[below][lane];
                let passed = inertial(link, above_m, below_m);
                work.passed[at][lane] = passed;
                let [flow, by_above, by_below] = passed.map(|value| step_s * value);
                let inverse = 1.0 / (work.diagonal[at][lane] + by_above);
                let change = (work.right[at][lane] - flow) * inverse;
                let coupled = -by_below * inverse;
                work.change[at][lane] = change;
                work.coupled[at][lane] = coupled;
                work.diagonal[below][lane] -= by_below + by_above * coupled;
                work.right[below][lane] += flow + by_above * change;
            }
        }
    }

    /// Up the rivers: corrects the depths of the open members and follows their discharges along
    /// the derivatives, which keeps the balance of every node. Gives what stays open.
    fn correct(&mut self, tree: Range<usize>, share: f64, open: [bool; W]) -> [bool; W] {
        let work = &mut self.work;
        let mut far = [0.0_f64; W];
        for at in tree.rev() {
            let next = self.channels.places[at].next;
            for lane in 0..W {
                let below = if next == NONE { 0.0 } else { work.change[next as usize][lane] };
                let change = work.change[at][lane] + work.coupled[at][lane] * below;
                work.change[at][lane] = change;
                if !open[lane] {
                    continue;
                }
                let [flow, by_above, by_below] = work.passed[at][lane];
                self.discharge_m3_s[at][lane] = flow + by_above * change + by_below * below;
                let depth = work.depth_m[at][lane];
                let limit = NEAR_M + NEAR * depth;
                let corrected = (depth + share * change).max(0.0);
                far[lane] = far[lane].max((corrected - depth).abs() / limit);
                work.depth_m[at][lane] = corrected;
            }
        }
        std::array::from_fn(|lane| open[lane] && 1.0 < far[lane])
    }

    /// Volumes after the step, from the discharges.
    fn settle(&mut self, tree: Range<usize>, step_s: f64) {
        let work = &mut self.work;
        for at in tree.clone() {
            for lane in 0..W {
                work.change[at][lane] = step_s * self.discharge_m3_s[at][lane];
                self.volume_m3[at][lane] += work.lateral_m3[at][lane];
            }
        }
        for at in tree.clone() {
            let next = self.channels.places[at].next;
            let moved = work.change[at];
            add(&mut self.volume_m3[at], moved.map(|volume| -volume));
            if next != NONE {
                add(&mut self.volume_m3[next as usize], moved);
            }
        }
        self.repair(tree.clone(), step_s);
        let ledger = &mut self.ledger;
        let outlet = tree.end - 1;
        add(&mut ledger.outflow_m3, self.work.change[outlet]);
        for lateral in &self.work.lateral_m3[tree] {
            add(&mut ledger.lateral_m3, lateral.map(|volume| volume.max(0.0)));
            add(&mut ledger.taken_m3, lateral.map(|volume| (-volume).max(0.0)));
        }
    }
}
