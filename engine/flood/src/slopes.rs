//! Second order: water within a cell, reconstructed from its neighbours.
//!
//! Surface, depth and velocities vary linearly within a cell, with the slope of least magnitude
//! on its two sides (minmod). The bed within the cell is surface less depth, so that water at rest
//! has a level surface on any bed. Next to a cell that does not move the slopes are zero.
//!
//! Source: van Leer (1979), J. Comput. Phys. 32; Audusse et al. (2004), SIAM J. Sci. Comput.
//! 25(6), §4 (order two).

use crate::cell::Motion;
use crate::face::{GRAVITY, Side};
use crate::real::Real;
use crate::simd::{firsts, rows};

/// Water at the two faces of a row of cells along one axis.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile<R> {
    /// At the face before the cell.
    pub before: Wet<R>,
    /// At the face after it.
    pub after: Wet<R>,
    /// Half of the rise of the bed within the cell, m.
    pub half_rise: Vec<R>,
    /// `g h` times the rise of the surface within the cell, m³/s².
    pub tilt: Vec<R>,
    /// Depth of the cell, m, and velocity along the axis, m/s.
    stock: Vec<R>,
    drift: Vec<R>,
}

/// Water at faces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wet<R> {
    h: Vec<R>,
    along: Vec<R>,
    across: Vec<R>,
    celerity: Vec<R>,
}

impl<R: Real> Wet<R> {
    fn with_cells(count: usize) -> Self {
        let zero = || vec![R::ZERO; count];
        Self { h: zero(), along: zero(), across: zero(), celerity: zero() }
    }
}

impl<R: Real> Profile<R> {
    pub(crate) fn with_cells(count: usize) -> Self {
        let zero = || vec![R::ZERO; count];
        Self {
            before: Wet::with_cells(count),
            after: Wet::with_cells(count),
            half_rise: zero(),
            tilt: zero(),
            stock: zero(),
            drift: zero(),
        }
    }

    /// Cells from `from` on as what lies before their far faces.
    pub(crate) fn after(&self, from: usize) -> Side<'_, R> {
        self.side(&self.after, from)
    }

    /// Cells from `from` on as what lies beyond their near faces.
    pub(crate) fn before(&self, from: usize) -> Side<'_, R> {
        self.side(&self.before, from)
    }

    fn side<'a>(&'a self, wet: &'a Wet<R>, from: usize) -> Side<'a, R> {
        Side {
            h: &wet.h[from..],
            along: &wet.along[from..],
            across: &wet.across[from..],
            celerity: &wet.celerity[from..],
            stock: &self.stock[from..],
            drift: &self.drift[from..],
        }
    }
}

/// A row of cells and its place in the row: depth, velocity along and across the axis, celerity.
pub(crate) type Lanes<'a, R> = [&'a [R]; 4];

/// Cells of a row, with the axis to the east.
#[inline(always)]
pub(crate) fn eastward<R>(motion: &Motion<R>, from: usize, count: usize) -> Lanes<'_, R> {
    [&motion.h, &motion.east, &motion.south, &motion.celerity]
        .map(|values| &values[from..from + count])
}

/// Cells of a row, with the axis to the south.
#[inline(always)]
pub(crate) fn southward<R>(motion: &Motion<R>, from: usize, count: usize) -> Lanes<'_, R> {
    [&motion.h, &motion.south, &motion.east, &motion.celerity]
        .map(|values| &values[from..from + count])
}

/// Profiles of a row of cells `here` between those before and after them; `dz` is the rise of the
/// bed over the face before and over the face after each cell.
pub(crate) fn profile_row<R: Real>(
    [before, here, after]: [Lanes<'_, R>; 3],
    dz: [&[R]; 2],
    out: &mut Profile<R>,
) {
    let n = here[0].len();
    profile_lanes(
        before,
        here,
        after,
        dz,
        &mut out.before.h[..n],
        &mut out.before.along[..n],
        &mut out.before.across[..n],
        &mut out.before.celerity[..n],
        &mut out.after.h[..n],
        &mut out.after.along[..n],
        &mut out.after.across[..n],
        &mut out.after.celerity[..n],
        &mut out.half_rise[..n],
        &mut out.tilt[..n],
    );
    out.stock[..n].copy_from_slice(here[0]);
    out.drift[..n].copy_from_slice(here[1]);
}

/// The difference of least magnitude, or zero where the two disagree in sign.
#[inline(always)]
fn minmod<R: Real>(a: R, b: R) -> R {
    let least = if a.magnitude() < b.magnitude() { a } else { b };
    if R::ZERO < a * b { least } else { R::ZERO }
}

rows! {
    /// The loop of [`profile_row`].
    fn profile_lanes<R>(
        before: Lanes<'_, R>,
        here: Lanes<'_, R>,
        after: Lanes<'_, R>,
        dz: [&[R]; 2],
        before_h: &mut [R],
        before_u: &mut [R],
        before_v: &mut [R],
        before_c: &mut [R],
        after_h: &mut [R],
        after_u: &mut [R],
        after_v: &mut [R],
        after_c: &mut [R],
        half_rise: &mut [R],
        tilt: &mut [R],
    ) {
        let n = tilt.len();
        let [bh, bu, bv, bc] = firsts(before, n);
        let [h, u, v, c] = firsts(here, n);
        let [ah, au, av, ac] = firsts(after, n);
        let [dz_before, dz_after] = firsts(dz, n);
        let (before_h, before_u) = (&mut before_h[..n], &mut before_u[..n]);
        let (before_v, before_c) = (&mut before_v[..n], &mut before_c[..n]);
        let (after_h, after_u) = (&mut after_h[..n], &mut after_u[..n]);
        let (after_v, after_c) = (&mut after_v[..n], &mut after_c[..n]);
        let half_rise = &mut half_rise[..n];
        let gravity = R::of(GRAVITY);
        for i in 0..n {
            let moves = R::ZERO < bc[i].at_most(c[i]).at_most(ac[i]);
            let half = if moves { R::HALF } else { R::ZERO };
            let (deeper, deeper_after) = (h[i] - bh[i], ah[i] - h[i]);
            let surface = half * minmod(deeper + dz_before[i], deeper_after + dz_after[i]);
            let depth = half * minmod(deeper, deeper_after);
            let along = half * minmod(u[i] - bu[i], au[i] - u[i]);
            let across = half * minmod(v[i] - bv[i], av[i] - v[i]);
            let (near, far) = (h[i] - depth, h[i] + depth);
            before_h[i] = near;
            after_h[i] = far;
            before_u[i] = u[i] - along;
            after_u[i] = u[i] + along;
            before_v[i] = v[i] - across;
            after_v[i] = v[i] + across;
            let still = c[i] <= R::ZERO;
            before_c[i] = if still { R::ZERO } else { (gravity * near).root() };
            after_c[i] = if still { R::ZERO } else { (gravity * far).root() };
            half_rise[i] = surface - depth;
            tilt[i] = gravity * h[i] * (surface + surface);
        }
    }

    /// What the bed rises over a face beyond what the profiles of its cells already rose.
    pub(crate) fn step_row<R>(dz: &[R], before: &[R], after: &[R], out: &mut [R]) {
        let n = dz.len();
        let (before, after, out) = (&before[..n], &after[..n], &mut out[..n]);
        for i in 0..n {
            out[i] = dz[i] - (before[i] + after[i]);
        }
    }

    /// Lets the tilt of the surface within cells push them: half of it is put on the face before
    /// and half on the face after each. The tilts are those of the cells before and after these
    /// faces.
    pub(crate) fn tilt_row<R>(before: &[R], after: &[R], left: &mut [R], right: &mut [R]) {
        let n = before.len();
        let (after, left, right) = (&after[..n], &mut left[..n], &mut right[..n]);
        for i in 0..n {
            left[i] += R::HALF * before[i];
            right[i] -= R::HALF * after[i];
        }
    }
}
