//! What happens inside the cells of a row: velocities before a step, new state after it.

use std::ops::Range;

use crate::face::GRAVITY;
use crate::real::Real;
use crate::simd::{firsts, rows};

/// Depth in m below which water does not move; the water itself is kept.
pub const DRY_M: f64 = 1e-4;

/// Films thinner than this, m, are held to a lower speed.
const FILM_M: f64 = 0.01;
/// Greatest speed along an axis, m/s, of films and of all other water. The limits lie above any
/// flow that the equations hold for; without them momentum left in a film that was drained in one
/// step gave speeds of 1e6 m/s, and steps as short as that.
const FILM_SPEED_M_S: f64 = 20.0;
const SPEED_M_S: f64 = 100.0;

/// Depth, velocities and celerity of a row of cells, with room for halo on both sides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Motion<R> {
    pub h: Vec<R>,
    /// Along the row, + to the east, m/s.
    pub east: Vec<R>,
    /// Across the rows, + to the south, m/s.
    pub south: Vec<R>,
    pub celerity: Vec<R>,
}

impl<R: Real> Motion<R> {
    /// Copies cells to the place `to`.
    pub(crate) fn carry(&mut self, cells: Range<usize>, to: usize) {
        for values in [&mut self.h, &mut self.east, &mut self.south, &mut self.celerity] {
            values.copy_within(cells.clone(), to);
        }
    }

    pub(crate) fn with_cells(count: usize) -> Self {
        let zero = || vec![R::ZERO; count];
        Self { h: zero(), east: zero(), south: zero(), celerity: zero() }
    }
}

/// A row of conserved values: depth (m), discharge per metre to the east and to the south (m²/s).
#[derive(Clone, Copy)]
pub(crate) struct Conserved<'a, R> {
    pub h: &'a [R],
    pub east: &'a [R],
    pub south: &'a [R],
}

/// A row of conserved values to be advanced; `low` is what rounding left over from `h`.
pub(crate) struct Advancing<'a, R> {
    pub h: &'a mut [R],
    pub low: &'a mut [R],
    pub east: &'a mut [R],
    pub south: &'a mut [R],
}

/// Velocities and celerities of a row, from `at` on in `out`.
pub(crate) fn motion_row<R: Real>(row: Conserved<'_, R>, out: &mut Motion<R>, at: usize) {
    let n = row.h.len();
    let (h, u) = (&mut out.h[at..at + n], &mut out.east[at..at + n]);
    let (v, c) = (&mut out.south[at..at + n], &mut out.celerity[at..at + n]);
    motion_lanes(row, h, u, v, c);
}

rows! {
    /// The loop of [`motion_row`].
    fn motion_lanes<R>(
        row: Conserved<'_, R>,
        h: &mut [R],
        u: &mut [R],
        v: &mut [R],
        c: &mut [R],
    ) {
        let n = h.len();
        let (depth, east, south) = (&row.h[..n], &row.east[..n], &row.south[..n]);
        let (u, v, c) = (&mut u[..n], &mut v[..n], &mut c[..n]);
        let (dry, gravity) = (R::of(DRY_M), R::of(GRAVITY));
        for i in 0..n {
            let depth = depth[i];
            let wet = dry <= depth;
            let inverse = if wet { R::ONE / depth } else { R::ZERO };
            h[i] = depth;
            u[i] = east[i] * inverse;
            v[i] = south[i] * inverse;
            c[i] = if wet { (gravity * depth).root() } else { R::ZERO };
        }
    }
}

/// Fluxes around cells, as the cells feel them: through their faces in the west, east, north and
/// south.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a, R> {
    pub mass: [&'a [R]; 4],
    /// Momentum to the east.
    pub east: [&'a [R]; 4],
    /// Momentum to the south.
    pub south: [&'a [R]; 4],
}

/// Length of a step, in the two forms in which it is needed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepScale<R> {
    /// Step in s.
    pub dt: R,
    /// Step over cell size, s/m.
    pub dt_per_dx: R,
}

/// Motion of a row after a step, for the choice of the next step and for what is watched.
#[derive(Clone, Debug, Default)]
pub(crate) struct After<R> {
    /// Greatest signal speed so far at each place of a run, m/s.
    pub signal: Vec<R>,
    /// Square of the flow speed, m²/s².
    pub speed_squared: Vec<R>,
    /// Room for the share of the discharge that friction leaves.
    pub kept: Vec<R>,
}

impl<R: Real> After<R> {
    pub(crate) fn with_cells(count: usize) -> Self {
        let zero = || vec![R::ZERO; count];
        Self { signal: zero(), speed_squared: zero(), kept: zero() }
    }
}

/// One Euler step of a run of cells with fully implicit Manning friction:
/// `q (1 + dt g n² |q| h^(-7/3)) = q*`, of which the positive root is taken.
///
/// `resistance` is `g n²` in m^(1/3)·m/s² · s². Depth is added in two parts (Knuth's two-sum), so
/// that a film running into a deep pond is not lost to rounding.
///
/// Source of the friction: Xia and Liang (2018), Adv. Water Resour. 117, 87-97.
pub(crate) fn advance_row<R: Real>(
    cells: &mut Advancing<'_, R>,
    around: Around<'_, R>,
    resistance: &[R],
    step: StepScale<R>,
    after: &mut After<R>,
) {
    let n = cells.h.len();
    let After { signal, speed_squared, kept } = after;
    let Advancing { h, low, east, south } = cells;
    let kept = &mut kept[..n];
    // In parts with few operations each, so that the processor has several vectors under way.
    store_lanes(h, low, around.mass, step.dt_per_dx);
    push_lanes(east, around.east, step.dt_per_dx);
    push_lanes(south, around.south, step.dt_per_dx);
    drag_lanes(h, resistance, step.dt, kept);
    keep_lanes(east, south, kept);
    settle_lanes(h, kept, east, south, signal, speed_squared);
}

rows! {
    /// Depths after a step, from the mass fluxes in the west, east, north and south.
    fn store_lanes<R>(h: &mut [R], low: &mut [R], masses: [&[R]; 4], k: R) {
        let n = h.len();
        let ([w, e, n_, s], low) = (firsts(masses, n), &mut low[..n]);
        for i in 0..n {
            let gain = low[i] - k * ((e[i] - w[i]) + (s[i] - n_[i]));
            let depth = h[i] + gain;
            let part = depth - h[i];
            low[i] = (h[i] - (depth - part)) + (gain - part);
            h[i] = depth;
        }
    }

    /// Discharges after a step without friction.
    fn push_lanes<R>(discharge: &mut [R], pushes: [&[R]; 4], k: R) {
        let count = discharge.len();
        let [w, e, n, s] = firsts(pushes, count);
        for i in 0..count {
            discharge[i] -= k * ((e[i] - w[i]) + (s[i] - n[i]));
        }
    }

    /// Drag `dt g n² h^(-7/3)`.
    fn drag_lanes<R>(h: &[R], resistance: &[R], dt: R, drag: &mut [R]) {
        let n = drag.len();
        let (h, resistance) = (&h[..n], &resistance[..n]);
        for i in 0..n {
            let y = h[i].inverse_cube_root();
            let y2 = y * y;
            drag[i] = dt * resistance[i] * (y2 * y2) * (y2 * y);
        }
    }

    /// From the drag to the share of the discharge that friction leaves.
    fn keep_lanes<R>(east: &[R], south: &[R], kept: &mut [R]) {
        let n = kept.len();
        let (east, south) = (&east[..n], &south[..n]);
        let four = R::TWO + R::TWO;
        for i in 0..n {
            let pushed = (east[i] * east[i] + south[i] * south[i]).root();
            kept[i] = R::TWO / (R::ONE + (R::ONE + four * (kept[i] * pushed)).root());
        }
    }

    /// Discharges after friction, the square of the flow speed, and the signal speed so far.
    fn settle_lanes<R>(
        h: &[R],
        kept: &[R],
        east: &mut [R],
        south: &mut [R],
        signal: &mut [R],
        speed: &mut [R],
    ) {
        let n = h.len();
        let (kept, east, south) = (&kept[..n], &mut east[..n], &mut south[..n]);
        let (signal, speed) = (&mut signal[..n], &mut speed[..n]);
        let (dry, gravity) = (R::of(DRY_M), R::of(GRAVITY));
        let (film, film_speed) = (R::of(FILM_M), R::of(FILM_SPEED_M_S));
        let speed_limit = R::of(SPEED_M_S);
        for i in 0..n {
            let wet = dry <= h[i];
            let inverse = if wet { R::ONE / h[i] } else { R::ZERO };
            let cap = h[i] * (if h[i] < film { film_speed } else { speed_limit });
            let new_east = if wet { (east[i] * kept[i]).within(-cap, cap) } else { R::ZERO };
            let new_south = if wet { (south[i] * kept[i]).within(-cap, cap) } else { R::ZERO };
            east[i] = new_east;
            south[i] = new_south;
            let (u, v) = (new_east * inverse, new_south * inverse);
            speed[i] = u * u + v * v;
            let fastest = u.magnitude().at_least(v.magnitude()) + (gravity * h[i]).root();
            signal[i] = signal[i].most(if wet { fastest } else { R::ZERO });
        }
    }
}
