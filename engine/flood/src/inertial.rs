//! The local inertial equations: cheap members of an ensemble.
//!
//! Depth lives in cells, discharge on faces. Advection is left out, so a jump or fast flow is not
//! what it should be; over plains it is close, for a third of the work.
//!
//! Sources: Bates, Horritt and Fewtrell (2010), J. Hydrol. 387, eq. 12; de Almeida, Bates, Freer
//! and Souvignet (2012), Water Resour. Res. 48, eq. 8 (`θ = 0.9`).

use crate::cell::{DRY_M, StepScale};
use crate::face::GRAVITY;
use crate::real::Real;
use crate::simd::rows;

/// Weight of a face's own discharge against the mean of those before and after it.
const OWN_WEIGHT: f64 = 0.9;

/// A face: depths on both sides (m), rise of the bed (m), its discharge, those of the faces before
/// and after it along the axis (m²/s), and `g n²`.
#[derive(Clone, Copy)]
pub(crate) struct InertialFace<R> {
    pub left: R,
    pub right: R,
    pub dz: R,
    pub own: R,
    pub before: R,
    pub after: R,
    pub resistance: R,
}

/// What all faces of a step share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InertialScale<R> {
    pub dt: R,
    pub dt_per_dx: R,
    /// `dx / (4 dt)`, a little less.
    pub drain: R,
}

impl<R: Real> InertialScale<R> {
    pub(crate) fn new(step: StepScale<R>, drain: R) -> Self {
        Self { dt: step.dt, dt_per_dx: step.dt_per_dx, drain }
    }
}

/// Discharge through a face after a step, m²/s, and the signal speed there, m/s.
///
/// Flow is at most critical, and takes at most a quarter of the giving cell.
#[inline(always)]
pub(crate) fn discharge<R: Real>(face: InertialFace<R>, scale: InertialScale<R>) -> (R, R) {
    let gravity = R::of(GRAVITY);
    let rise = (face.right - face.left) + face.dz;
    // Depth of the flow: the higher surface above the higher bed.
    let left = face.left - face.dz.at_least(R::ZERO);
    let depth = left.at_least(face.right + face.dz.at_most(R::ZERO));
    let wet = R::of(DRY_M) <= depth;
    let depth = if wet { depth } else { R::ONE };
    let (own, spread) = (R::of(OWN_WEIGHT), R::of(0.5 * (1.0 - OWN_WEIGHT)));
    let mixed = own * face.own + spread * (face.before + face.after);
    let pushed = mixed - gravity * depth * (scale.dt_per_dx * rise);
    let y = depth.inverse_cube_root();
    let y2 = y * y;
    let drag = scale.dt * face.resistance * ((y2 * y2) * (y2 * y)) * face.own.magnitude();
    let celerity = (gravity * depth).root();
    let critical = depth * celerity;
    let passed = (pushed / (R::ONE + drag)).within(-critical, critical);
    let passed = passed.within(-(face.right * scale.drain), face.left * scale.drain);
    let passed = if wet { passed } else { R::ZERO };
    let signal = passed.magnitude() / depth + celerity;
    (passed, if wet { signal } else { R::ZERO })
}

/// Faces of a row: depths before and after, bed, discharges shifted by one, `g n²`.
#[derive(Clone, Copy)]
pub(crate) struct InertialFaces<'a, R> {
    pub left: &'a [R],
    pub right: &'a [R],
    pub dz: &'a [R],
    pub own: &'a [R],
    pub before: &'a [R],
    pub after: &'a [R],
    pub resistance: &'a [R],
}

rows! {
    /// Discharges of a row of faces, as many as `dz` has; signal speeds are gathered by column.
    pub(crate) fn discharge_row<R>(
        faces: InertialFaces<'_, R>,
        scale: InertialScale<R>,
        out: &mut [R],
        signal: &mut [R],
    ) {
        let n = faces.dz.len();
        let InertialFaces { left, right, dz, own, before, after, resistance } = faces;
        let (left, right, own) = (&left[..n], &right[..n], &own[..n]);
        let (before, after, resistance) = (&before[..n], &after[..n], &resistance[..n]);
        let (out, signal) = (&mut out[..n], &mut signal[..n]);
        for i in 0..n {
            let face = InertialFace {
                left: left[i],
                right: right[i],
                dz: dz[i],
                own: own[i],
                before: before[i],
                after: after[i],
                resistance: resistance[i],
            };
            let (passed, fast) = discharge(face, scale);
            out[i] = passed;
            signal[i] = signal[i].most(fast);
        }
    }

    /// Depths of a row after a step, from the discharges of its faces: through those from west to
    /// east (one more than cells), in the north and in the south. Gives the square of the flow
    /// speed, from the mean discharge of opposite faces.
    pub(crate) fn store_row<R>(
        faces: [&[R]; 3],
        dt_per_dx: R,
        h: &mut [R],
        low: &mut [R],
        speed: &mut [R],
    ) {
        let n = h.len();
        let [columns, north, south] = faces;
        let (west, east) = (&columns[..n], &columns[1..][..n]);
        let (north, south) = (&north[..n], &south[..n]);
        let (low, speed) = (&mut low[..n], &mut speed[..n]);
        for i in 0..n {
            let gain = low[i] - dt_per_dx * ((east[i] - west[i]) + (south[i] - north[i]));
            let depth = h[i] + gain;
            let part = depth - h[i];
            low[i] = (h[i] - (depth - part)) + (gain - part);
            h[i] = depth;
            let inverse = if R::of(DRY_M) <= depth { R::HALF / depth } else { R::ZERO };
            let (u, v) = ((east[i] + west[i]) * inverse, (south[i] + north[i]) * inverse);
            speed[i] = u * u + v * v;
        }
    }
}
