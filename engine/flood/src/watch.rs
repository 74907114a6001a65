//! What is recorded while the water moves: greatest depth, speed and force, arrival, duration.

use std::ops::Range;

use crate::real::Real;

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

/// Time as the watch sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight<R> {
    /// Time at the end of the step, s.
    pub end_s: R,
    /// Length of the step, s.
    pub dt_s: R,
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
    /// Time at or above the depth of duration, s.
    pub duration: Vec<R>,
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

    /// Takes in a row after a step.
    #[inline(always)]
    pub(crate) fn row(&mut self, cells: Range<usize>, h: &[R], speed: &[R], sight: Sight<R>) {
        watch_lanes(
            h,
            &speed[..h.len()],
            [self.arrival_depth, self.duration_depth, sight.end_s, sight.dt_s],
            &mut self.depth[cells.clone()],
            &mut self.speed_squared[cells.clone()],
            &mut self.force[cells.clone()],
            &mut self.arrival[cells.clone()],
            &mut self.duration[cells],
        );
    }
}

/// The loop of [`Watch::row`].
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "only arguments are known not to overlap")]
fn watch_lanes<R: Real>(
    h: &[R],
    speed: &[R],
    [arrives, lasts, end_s, dt_s]: [R; 4],
    depth: &mut [R],
    greatest: &mut [R],
    force: &mut [R],
    arrival: &mut [R],
    duration: &mut [R],
) {
    let never = R::of(f64::INFINITY);
    for i in 0..h.len() {
        depth[i] = depth[i].most(h[i]);
        greatest[i] = greatest[i].most(speed[i]);
        force[i] = force[i].most(speed[i] * h[i]);
        arrival[i] = arrival[i].least(if arrives <= h[i] { end_s } else { never });
        duration[i] += if lasts <= h[i] { dt_s } else { R::ZERO };
    }
}
