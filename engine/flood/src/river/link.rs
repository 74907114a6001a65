//! Discharge of one link as a function of the levels at its two ends.

use crate::face::GRAVITY;
use crate::real::Real;
use crate::river::channel::Place;

/// Depth in m below which no water flows on: 1 µm.
pub(crate) const FILM_M: f64 = 1e-6;

/// Discharge in m³/s and its derivatives by the level above and by the level below, in m²/s.
pub(crate) type Passed = [f64; 3];

/// A link in one step of one member: what does not change while the step is solved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub width_m: f64,
    /// `(1 - w) max(z_i, z_j) + w (z_i + z_j) / 2`: the bed below the depth of the flow.
    pub bed_m: f64,
    /// Weight `w` of the mean of both levels against the higher one.
    pub mean: f64,
    /// Discharge before the step, m³/s.
    pub before: f64,
    /// `g dt / reach`, in m/s.
    pub push: f64,
    /// `dt g n²`.
    pub drag: f64,
}

/// The weight of the mean level: 1 for a level pool, 0 where the surface falls by half of the
/// depth or more from node to node. Up to there pressure from below is felt more than depth is
/// missed, and discharge still falls when the lower level rises (see docs/methods/river.md).
#[inline(always)]
pub(crate) fn mean_weight(place: &Place, levels: [f64; 2]) -> f64 {
    let high = levels[0].max(levels[1]);
    let depth = (high - place.bed_m.max(place.next_bed_m)).max(FILM_M);
    let fall = (levels[0] - levels[1]).abs();
    (1.0 - 2.0 * fall / depth).max(0.0)
}

/// The local inertial equation with friction at the end of the step:
/// `Q (1 + dt g n² |Q| / (A R^(4/3))) = Q0 + g dt A (level above - level below) / reach`.
#[inline(always)]
pub(crate) fn inertial(link: &Link, above: f64, below: f64) -> Passed {
    let forwards = below <= above;
    let high = if forwards { above } else { below };
    let level = (1.0 - link.mean) * high + link.mean * (0.5 * (above + below));
    let depth = level - link.bed_m;
    let wet = FILM_M < depth;
    let depth = if wet { depth } else { 1.0 };
    let width = link.width_m;
    let (area, wetted) = (width * depth, width + 2.0 * depth);
    let (one_by_area, radius) = (1.0 / area, area / wetted);
    let y = radius.inverse_cube_root();
    let y2 = y * y;
    let drag = link.drag * (y2 * y2) * one_by_area;
    let fall = above - below;
    let pushed = link.before + link.push * area * fall;
    let root = (1.0 + 4.0 * drag * pushed.abs()).sqrt();
    let flow = 2.0 * pushed / (1.0 + root);
    // d ln(drag) / d depth, negated.
    let easing = width * one_by_area * (7.0 / 3.0) - (8.0 / 3.0) / wetted;
    let by_root = 1.0 / root;
    let by_depth = (link.push * width * fall + (pushed - flow) * easing) * by_root;
    let by_fall = link.push * area * by_root;
    let half = 0.5 * link.mean;
    let (upper, lower) = if forwards { (1.0 - half, half) } else { (half, 1.0 - half) };
    let by_above = (by_depth * upper + by_fall).max(0.0);
    let by_below = (by_depth * lower - by_fall).min(0.0);
    if wet { [flow, by_above, by_below] } else { [0.0; 3] }
}

/// Normal flow over the lower end of an outlet, by Manning's formula; `drag` is `g n²`.
#[inline(always)]
pub(crate) fn normal(place: &Place, resistance: f64, depth: f64) -> Passed {
    let wet = FILM_M < depth;
    let depth = if wet { depth } else { 1.0 };
    let (area, wetted) = (place.width_m * depth, place.width_m + 2.0 * depth);
    let radius = area / wetted;
    let y = radius.inverse_cube_root();
    // R^(2/3) = R y.
    let flow = area * radius * y * (GRAVITY * place.slope / resistance).sqrt();
    let by_depth = flow * ((5.0 / 3.0) / depth - (4.0 / 3.0) / wetted);
    if wet { [flow, by_depth, 0.0] } else { [0.0; 3] }
}
