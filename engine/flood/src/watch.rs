//! What is recorded while the water moves: greatest depth, speed and force, arrival, duration.

use std::ops::Range;

use crate::real::Real;
use crate::simd::{firsts, rows};

/// Depths that arrival and duration speak of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Water has arrived at this depth, m.
    pub arrival_depth_m: f64,
    /// Duration counts the time at or above this depth, m.
    pub duration_depth_m: f64,
}

impl Default for Thresholds {
    /// 0.1 m, and the 0.5 m above which people cannot walk (浸水継続時間 of the ministry's manual).
    fn default() -> Self {
        Self { arrival_depth_m: 0.1, duration_depth_m: 0.5 }
    }
}

/// Time as the watch sees it: of a step, or of something that happens at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight<R> {
    pub start_s: R,
    pub end_s: R,
}

/// Records of the cells of a tile.
#[derive(Clone, Debug)]
pub(crate) struct Watch<R> {
    arrival_depth: R,
    duration_depth: R,
    /// Greatest depth, m.
    pub depth: Vec<R>,
    /// Square of the greatest speed, m²/s².
    pub speed_squared: Vec<R>,
    /// Greatest v² h, m³/s².
    pub force: Vec<R>,
    /// Time of arrival, s; infinite if water never arrived.
    pub arrival: Vec<R>,
    /// Time at or above the depth of duration, s; while there, less the time now.
    duration: Vec<R>,
}

impl<R: Real> Watch<R> {
    pub(crate) fn new(start: &[R], thresholds: Thresholds) -> Self {
        let zero = || vec![R::ZERO; start.len()];
        let arrival_depth = R::of(thresholds.arrival_depth_m);
        let first = |h: &R| if arrival_depth <= *h { R::ZERO } else { R::of(f64::INFINITY) };
        Self {
            arrival_depth,
            duration_depth: R::of(thresholds.duration_depth_m),
            depth: start.to_vec(),
            speed_squared: zero(),
            force: zero(),
            arrival: start.iter().map(first).collect(),
            duration: zero(),
        }
    }

    /// All that is recorded, in the order of a saved state.
    pub(crate) fn records(&self) -> [&Vec<R>; 5] {
        [&self.depth, &self.speed_squared, &self.force, &self.arrival, &self.duration]
    }

    /// The same, to be set.
    pub(crate) fn records_mut(&mut self) -> [&mut Vec<R>; 5] {
        let Self { depth, speed_squared, force, arrival, duration, .. } = self;
        [depth, speed_squared, force, arrival, duration]
    }

    /// Time in s that a cell of depth `h` has been at or above the depth of duration.
    pub(crate) fn duration(&self, at: usize, h: R, now_s: R) -> R {
        let so_far = self.duration[at];
        if self.duration_depth <= h { so_far + now_s } else { so_far }
    }

    /// Takes in cells that had the depths `before` at the start of a step and have `h` at its end.
    pub(crate) fn step(
        &mut self,
        cells: Range<usize>,
        [before, h]: [&[R]; 2],
        speed: &[R],
        sight: Sight<R>,
    ) {
        let depth = &mut self.depth[cells.clone()];
        let greatest = &mut self.speed_squared[cells.clone()];
        let limits = [self.arrival_depth, self.duration_depth];
        let mut crossed = 0;
        let force = &mut self.force[cells.clone()];
        greatest_lanes([before, h, speed], limits, depth, greatest, force, &mut crossed);
        if crossed != 0 {
            self.cross(cells, [before, h], sight);
        }
    }

    /// Takes in cells whose depth was changed from `before` to `h` at once.
    pub(crate) fn change(&mut self, cells: Range<usize>, [before, h]: [&[R]; 2], now_s: R) {
        for (most, h) in self.depth[cells.clone()].iter_mut().zip(h) {
            *most = most.most(*h);
        }
        self.cross(cells, [before, h], Sight { start_s: now_s, end_s: now_s });
    }

    fn cross(&mut self, cells: Range<usize>, depths: [&[R]; 2], sight: Sight<R>) {
        let (arrival, duration) = (&mut self.arrival[cells.clone()], &mut self.duration[cells]);
        let limits = [self.arrival_depth, self.duration_depth];
        cross_lanes(depths, limits, [sight.start_s, sight.end_s], arrival, duration);
    }
}

rows! {
    /// The greatest depths, squares of speed and forces so far, and whether a cell crossed one of
    /// the two limits. (To look for arrivals and sum durations in every step took twice as long.)
    fn greatest_lanes<R>(
        rows: [&[R]; 3],
        limits: [R; 2],
        depth: &mut [R],
        greatest: &mut [R],
        force: &mut [R],
        crossed: &mut u32,
    ) {
        let n = depth.len();
        let [before, h, speed] = firsts(rows, n);
        let (greatest, force) = (&mut greatest[..n], &mut force[..n]);
        let [arrives, lasts] = limits;
        let mut any = 0;
        for i in 0..n {
            depth[i] = depth[i].most(h[i]);
            greatest[i] = greatest[i].most(speed[i]);
            force[i] = force[i].most(speed[i] * h[i]);
            any |= u32::from((arrives <= before[i]) != (arrives <= h[i]));
            any |= u32::from((lasts <= before[i]) != (lasts <= h[i]));
        }
        *crossed |= any;
    }

    /// Arrivals, and durations from where they began to where they ended.
    fn cross_lanes<R>(
        depths: [&[R]; 2],
        limits: [R; 2],
        times: [R; 2],
        arrival: &mut [R],
        duration: &mut [R],
    ) {
        let n = arrival.len();
        let ([before, h], duration) = (firsts(depths, n), &mut duration[..n]);
        let ([arrives, lasts], [start_s, end_s]) = (limits, times);
        let never = R::of(f64::INFINITY);
        for i in 0..n {
            arrival[i] = arrival[i].least(if arrives <= h[i] { end_s } else { never });
            let began = if lasts <= h[i] { start_s } else { R::ZERO };
            let ended = if lasts <= before[i] { start_s } else { R::ZERO };
            duration[i] += ended - began;
        }
    }
}
