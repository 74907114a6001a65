//! Fluxes through the faces of a row of cells: HLLC with surface reconstruction.
//!
//! A face has a left and a right cell, in the direction of the axis. Momentum fluxes are kept as
//! the **difference** from the hydrostatic pressure of the face's own side: at rest they are
//! exactly zero, and the small force of a water surface is not lost among large pressures.
//!
//! The bed enters as one number per face, `dz = z_right - z_left`. The part of it that the water
//! surface follows drives the flow (`slope`), the rest is a step that the flow climbs
//! (`step = clamp(h_low - h_high, 0, |dz|)`): a lake at rest sees steps only, uniform flow slopes
//! only. `docs/methods/shallow-water.md` proves what follows from it.
//!
//! Sources: Toro (2001), Shock-Capturing Methods for Free-Surface Shallow Flows, §10.4 (HLLC) and
//! §6.3 (wave speeds); Audusse et al. (2004), SIAM J. Sci. Comput. 25(6) (hydrostatic steps);
//! Xia, Liang, Ming and Hou (2017), Water Resour. Res. 53 (surface reconstruction).

use std::ops::Range;

use crate::real::Real;
use crate::simd::rows;

/// Acceleration of gravity in m/s², standard (ISO 80000-3).
pub const GRAVITY: f64 = 9.806_65;

/// The water on one side of the faces of a row: depth (m), velocity along the axis and across
/// it (m/s), celerity √(g h) (m/s), and of the whole cell depth and velocity along. Cells too shallow to move have no velocity and no celerity:
/// between two of them nothing flows.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a, R> {
    pub h: &'a [R],
    pub along: &'a [R],
    pub across: &'a [R],
    pub celerity: &'a [R],
    pub stock: &'a [R],
    pub drift: &'a [R],
}

/// Fluxes of a row of faces, per metre of face: mass (m²/s), momentum along the axis as the left
/// and as the right cell feel it, momentum across it (m³/s²).
#[derive(Clone, Debug, Default)]
pub(crate) struct Fluxes<R> {
    pub mass: Vec<R>,
    pub left: Vec<R>,
    pub right: Vec<R>,
    pub across: Vec<R>,
}

impl<R: Real> Fluxes<R> {
    pub(crate) fn with_faces(count: usize) -> Self {
        let zero = || vec![R::ZERO; count];
        Self { mass: zero(), left: zero(), right: zero(), across: zero() }
    }

    fn fields(&mut self) -> [&mut Vec<R>; 4] {
        [&mut self.mass, &mut self.left, &mut self.right, &mut self.across]
    }

    /// Makes it one of no faces, in the room that it has.
    pub(crate) fn clear(&mut self) {
        self.fields().into_iter().for_each(Vec::clear);
    }

    /// Makes it one of `count` faces that nothing passes, in the room that it has.
    pub(crate) fn reset(&mut self, count: usize) {
        for values in self.fields() {
            values.clear();
            values.resize(count, R::ZERO);
        }
    }

    /// Takes over what another holds, in the room that it has.
    pub(crate) fn follow(&mut self, other: &Self) {
        self.mass.clone_from(&other.mass);
        self.left.clone_from(&other.left);
        self.right.clone_from(&other.right);
        self.across.clone_from(&other.across);
    }

    /// Copies faces to the place `to`.
    pub(crate) fn carry(&mut self, faces: Range<usize>, to: usize) {
        for values in self.fields() {
            values.copy_within(faces.clone(), to);
        }
    }
}

/// One side of a face, as numbers.
#[derive(Clone, Copy)]
pub(crate) struct Cell<R> {
    pub h: R,
    pub along: R,
    pub across: R,
    pub celerity: R,
    /// Depth of the whole cell: what it has to give.
    pub stock: R,
    /// Velocity along the axis of the whole cell.
    pub drift: R,
}

/// Flux through one face.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flux<R> {
    pub mass: R,
    pub left: R,
    pub right: R,
    pub across: R,
}

/// What all faces of a step share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FaceScale<R> {
    /// Half of gravity.
    pub half_gravity: R,
    /// `dx / (4 dt)`, a little less: the speed at which a face drains a quarter of a cell in one
    /// step.
    pub drain: R,
}

impl<R: Real> FaceScale<R> {
    /// `dx_per_dt` in m/s.
    pub(crate) fn new(dx_per_dt: f64) -> Self {
        // The margin keeps the four faces of a cell below all of its water after rounding.
        let margin = 1.0 - 2.0_f64.powi(4 - R::DIGITS);
        Self { half_gravity: R::of(0.5 * GRAVITY), drain: R::of(0.25 * dx_per_dt * margin) }
    }
}

/// Flux through one face; `dz` is the bed of the right cell above that of the left, in m.
///
/// Mirroring the face (cells swapped, velocities along the axis and `dz` negated) negates mass
/// and swaps the momenta bit for bit.
#[inline(always)]
pub(crate) fn flux<R: Real>(l: Cell<R>, r: Cell<R>, dz: R, scale: FaceScale<R>) -> Flux<R> {
    let low = l.h.at_most(r.h);
    // Depths at the face: the lower cell loses the step.
    let hl = (l.h - dz.at_least(R::ZERO)).at_least(low).at_most(l.h);
    let hr = (r.h + dz.at_most(R::ZERO)).at_least(low).at_most(r.h);
    // The part of the bed that the surface follows.
    let rise = (r.h - l.h) + dz;
    let slope = rise.within(dz.at_most(R::ZERO), dz.at_least(R::ZERO));
    // Depth on which the slope acts: the mean, but no more than twice the shallower.
    let weight = (R::HALF * (l.h + r.h)).at_most(low + low);
    let push = scale.half_gravity * weight * slope;

    // Einfeldt's bounds with the middle state of two rarefactions; next to dry ground the front
    // runs at u ± 2c.
    let middle = R::HALF * (l.along + r.along) + (l.celerity - r.celerity);
    let spread = R::HALF * (l.celerity + r.celerity) + R::QUARTER * (l.along - r.along);
    let mut sl = (l.along - l.celerity).at_most(middle - spread);
    let mut sr = (r.along + r.celerity).at_least(middle + spread);
    sl = if l.celerity <= R::ZERO { r.along - R::TWO * r.celerity } else { sl };
    sr = if r.celerity <= R::ZERO { l.along + R::TWO * l.celerity } else { sr };
    sl = sl.at_most(R::ZERO);
    sr = sr.at_least(R::ZERO);
    let apart = sr - sl;
    let inverse = R::ONE / (if R::ZERO < apart { apart } else { R::ONE });

    let ql = hl * l.along;
    let qr = hr * r.along;
    let kinetic_l = ql * l.along;
    let kinetic_r = qr * r.along;
    let deepening = hr - hl;
    let quickening = qr - ql;
    // Where the surface follows the bed, mass has no upwinding. Twice that of momentum there holds
    // waves along the diagonal as well as those along an axis; bounded by the slope, so that it
    // fades with it.
    let bound = apart * (slope + slope).magnitude();
    let held = quickening + quickening.within(-bound, bound);
    let jump = (kinetic_r - kinetic_l) + scale.half_gravity * deepening * (hr + hl);
    let mass = ((sr * ql - sl * qr) + (sl * sr) * deepening) * inverse;
    // Never more than a share of the giving cell; the shares of its four faces make one whole.
    let most = scale.drain + scale.drain;
    let give = l.stock * (scale.drain + R::HALF * l.drift.within(-most, most));
    let take = r.stock * (scale.drain - R::HALF * r.drift.within(-most, most));
    let mass = mass.within(-take, give);
    let left = (kinetic_l + (sl * (sr * held - jump)) * inverse) + push;
    let right = (kinetic_r + (sr * (sl * held - jump)) * inverse) - push;
    let across = mass * (if R::ZERO < mass { l.across } else { r.across });
    Flux { mass, left, right, across }
}

/// Fluxes of a run of faces, as many as `dz` has, to the place `at` of `out` on.
pub(crate) fn flux_row<R: Real>(
    sides: [Side<'_, R>; 2],
    dz: &[R],
    scale: FaceScale<R>,
    out: &mut Fluxes<R>,
    at: usize,
) {
    let Fluxes { mass, left, right, across } = out;
    let [mass, left, right, across] = [mass, left, right, across].map(|values| &mut values[at..]);
    flux_lanes(sides, dz, scale, mass, left, right, across);
}

/// Fluxes from each of a run of cells to the next, as many as `dz` has. What a cell feels at its
/// near face goes to `near`, what it feels at its far face to `far`, both at the place of the face:
/// where the run passes from one row to the next, they are set apart afterwards.
pub(crate) fn flux_run<R: Real>(
    sides: [Side<'_, R>; 2],
    dz: &[R],
    scale: FaceScale<R>,
    [near, far]: [&mut Fluxes<R>; 2],
) {
    let Fluxes { mass, right: force, across, .. } = near;
    let out = [mass, force, across, &mut far.mass, &mut far.left, &mut far.across];
    let [mass, force, across, far_mass, far_force, far_across] = out.map(Vec::as_mut_slice);
    run_lanes(sides, dz, scale, mass, force, across, far_mass, far_force, far_across);
}

/// Numbers of a row that go at once.
const LANES: usize = 8;

/// A row in pieces that fill whole vectors: what is left over is computed as a last vector that
/// overlaps the one before. (A row of 64 cells has 65 faces; the last one alone took a sixth of
/// the time.)
#[inline(always)]
fn pieces(count: usize) -> [Range<usize>; 2] {
    let over = count % LANES;
    if over == 0 || count < LANES {
        [0..count, 0..0]
    } else {
        [0..count - over, count - LANES..count]
    }
}

impl<'a, R: Real> Side<'a, R> {
    #[inline(always)]
    fn part(self, faces: &Range<usize>) -> Self {
        let cut = |values: &'a [R]| &values[faces.clone()];
        Self {
            h: cut(self.h),
            along: cut(self.along),
            across: cut(self.across),
            celerity: cut(self.celerity),
            stock: cut(self.stock),
            drift: cut(self.drift),
        }
    }

    #[inline(always)]
    fn cell(self, i: usize) -> Cell<R> {
        Cell {
            h: self.h[i],
            along: self.along[i],
            across: self.across[i],
            celerity: self.celerity[i],
            stock: self.stock[i],
            drift: self.drift[i],
        }
    }
}

rows! {
    /// The loop of [`flux_row`].
    fn flux_lanes<R>(
        sides: [Side<'_, R>; 2],
        dz: &[R],
        scale: FaceScale<R>,
        mass: &mut [R],
        to_left: &mut [R],
        to_right: &mut [R],
        across: &mut [R],
    ) {
        for faces in pieces(dz.len()) {
            let (l, r) = (sides[0].part(&faces), sides[1].part(&faces));
            let dz = &dz[faces.clone()];
            let (mass, across) = (&mut mass[faces.clone()], &mut across[faces.clone()]);
            let (to_left, to_right) = (&mut to_left[faces.clone()], &mut to_right[faces]);
            for i in 0..dz.len() {
                let f = flux(l.cell(i), r.cell(i), dz[i], scale);
                mass[i] = f.mass;
                to_left[i] = f.left;
                to_right[i] = f.right;
                across[i] = f.across;
            }
        }
    }

    /// The loop of [`flux_run`].
    fn run_lanes<R>(
        sides: [Side<'_, R>; 2],
        dz: &[R],
        scale: FaceScale<R>,
        mass: &mut [R],
        force: &mut [R],
        across: &mut [R],
        far_mass: &mut [R],
        far_force: &mut [R],
        far_across: &mut [R],
    ) {
        for faces in pieces(dz.len()) {
            let (l, r) = (sides[0].part(&faces), sides[1].part(&faces));
            let dz = &dz[faces.clone()];
            let (mass, far_mass) = (&mut mass[faces.clone()], &mut far_mass[faces.clone()]);
            let (across, far_across) = (&mut across[faces.clone()], &mut far_across[faces.clone()]);
            let (force, far_force) = (&mut force[faces.clone()], &mut far_force[faces]);
            for i in 0..dz.len() {
                let f = flux(l.cell(i), r.cell(i), dz[i], scale);
                mass[i] = f.mass;
                far_mass[i] = f.mass;
                far_force[i] = f.left;
                force[i] = f.right;
                across[i] = f.across;
                far_across[i] = f.across;
            }
        }
    }
}
