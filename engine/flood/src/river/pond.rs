//! Land beside a river that takes what spills over the crest.

use crate::river::channel::NONE;
use crate::river::weir::{spill, through};
use crate::river::{River, add};

/// Land beside a node: a basin with upright walls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pond {
    /// Plan area in m².
    pub area_m2: f64,
    /// Level of the ground in m.
    pub floor_m: f64,
}

/// A pond in its place, with its water.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed<const W: usize> {
    pub land: Pond,
    /// Level of the ground when it was laid out, m.
    pub ground_m: f64,
    /// Width of a breach and level of its sill, m.
    pub gap_m: [f64; W],
    pub gap_sill_m: f64,
    pub crest_m: f64,
    /// Length of the crest in m.
    pub length_m: f64,
    pub volume_m3: [f64; W],
    /// Over the crest since the start and in the last call, less what came back, m³.
    pub spilled_m3: [f64; W],
    pub recent_m3: [f64; W],
    /// Flow in the step under way, and its derivative by the level of the river.
    pub flow: [f64; W],
    pub by_level: [f64; W],
    /// The flow that the step ends with, m³/s, and what it moved, m³.
    pub settled: [f64; W],
    pub moved_m3: [f64; W],
    /// Whether any member's water reached the crest in the step under way.
    pub active: bool,
}

impl<const W: usize> Placed<W> {
    pub(crate) fn level_m(&self, lane: usize) -> f64 {
        self.land.floor_m + self.volume_m3[lane] / self.land.area_m2
    }

    /// Whether no water on either side reaches the crest or the gap, and none did in this step.
    #[inline(always)]
    pub(crate) fn rests(&self, levels: [f64; W]) -> bool {
        let gap = self.gap_m.iter().any(|width_m| 0.0 < *width_m);
        let lowest_m = if gap { self.gap_sill_m.min(self.crest_m) } else { self.crest_m };
        let below =
            |(lane, level_m): (usize, f64)| level_m <= lowest_m && self.level_m(lane) <= lowest_m;
        !self.active && levels.into_iter().enumerate().all(below)
    }

    /// Computes the flow at levels of the river.
    #[inline(always)]
    pub(crate) fn flow_at(&mut self, levels: [f64; W], step_s: f64) {
        self.active = true;
        for (lane, level_m) in levels.into_iter().enumerate() {
            let both = [level_m, self.level_m(lane)];
            let gap_m = self.gap_m[lane];
            let pace = self.land.area_m2 / step_s;
            let mut spilled = spill(both, self.crest_m, [self.length_m - gap_m, pace]);
            if 0.0 < gap_m {
                spilled = through(spilled, both, (self.gap_sill_m, gap_m), pace);
            }
            let [flow, by_level] = spilled;
            self.flow[lane] = flow;
            self.by_level[lane] = by_level.max(0.0);
        }
    }

    /// Moves what flowed in a step of each member; gives the volume, m³.
    pub(crate) fn take(&mut self, step_s: [f64; W]) -> [f64; W] {
        let mut moved = [0.0; W];
        let flows = self.settled.into_iter().zip(step_s);
        for ((moved, (settled, step_s)), volume) in moved.iter_mut().zip(flows).zip(self.volume_m3)
        {
            // No more comes back than there is.
            *moved = if 0.0 < step_s { (step_s * settled).max(-volume) } else { 0.0 };
        }
        self.moved_m3 = [0.0; W];
        self.count(moved);
        moved
    }

    /// Counts a volume that went over the crest, m³.
    pub(crate) fn count(&mut self, moved: [f64; W]) {
        add(&mut self.moved_m3, moved);
        add(&mut self.volume_m3, moved);
        add(&mut self.spilled_m3, moved);
        add(&mut self.recent_m3, moved);
    }
}

impl<const W: usize> River<W> {
    /// Ends a step of the ponds of a tree.
    pub(crate) fn rest_ponds(&mut self, tree: std::ops::Range<usize>) {
        if !std::mem::take(&mut self.work.spills) {
            return;
        }
        for place in &self.channels.places[tree] {
            for pond in place.ponds {
                let Some(pond) = self.ponds.get_mut(pond as usize) else { continue };
                (pond.active, pond.settled, pond.moved_m3) = (false, [0.0; W], [0.0; W]);
            }
        }
    }

    pub(crate) fn lay_out(&mut self, node: u32, ponds: [Option<Pond>; 2]) {
        let at = self.place(node as usize);
        for (side, land) in ponds.into_iter().enumerate() {
            let Some(land) = land else { continue };
            let place = &mut self.channels.places[at];
            let known = place.ponds[side] as usize;
            if let Some(placed) = self.ponds.get_mut(known) {
                (placed.land, placed.ground_m) = (land, land.floor_m);
                continue;
            }
            place.ponds[side] = u32::try_from(self.ponds.len()).unwrap_or(NONE);
            let zero = [0.0; W];
            self.ponds.push(Placed {
                land,
                ground_m: land.floor_m,
                gap_m: zero,
                gap_sill_m: land.floor_m,
                crest_m: place.crest_m[side],
                length_m: place.length_m,
                volume_m3: zero,
                spilled_m3: zero,
                recent_m3: zero,
                flow: zero,
                by_level: zero,
                settled: zero,
                moved_m3: zero,
                active: false,
            });
        }
    }

    fn pond(&self, node: usize, side: usize) -> Option<&Placed<W>> {
        let place = &self.channels.places[self.place(node)];
        self.ponds.get(place.ponds[side] as usize)
    }

    fn on_sides(&self, node: usize, of: impl Fn(&Placed<W>) -> [f64; W]) -> [[f64; W]; 2] {
        [0, 1].map(|side| self.pond(node, side).map_or([0.0; W], &of))
    }

    /// Water that went over the left and the right crest of a node since the start, less what came
    /// back, in m³.
    ///
    /// # Panics
    /// For no such node.
    #[must_use]
    pub fn spilled_m3(&self, node: usize) -> [[f64; W]; 2] {
        self.on_sides(node, |pond| pond.spilled_m3)
    }

    /// The same in the last call of [`River::advance`].
    ///
    /// # Panics
    /// For no such node.
    #[must_use]
    pub fn just_spilled_m3(&self, node: usize) -> [[f64; W]; 2] {
        self.on_sides(node, |pond| pond.recent_m3)
    }

    /// Level of the water on the land to the left and right of a node, that of the ground where it
    /// is dry, in m; `NaN` where there is no pond.
    ///
    /// # Panics
    /// For no such node.
    #[must_use]
    pub fn pond_level_m(&self, node: usize) -> [[f64; W]; 2] {
        [0, 1].map(|side| match self.pond(node, side) {
            Some(pond) => std::array::from_fn(|lane| pond.level_m(lane)),
            None => [f64::NAN; W],
        })
    }
}
