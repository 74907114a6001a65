//! Discharge of open channel as a function of the levels at its two ends.

use crate::face::GRAVITY;
use crate::river::channel::Place;
use crate::river::lanes::Lanes;

/// Depth in m below which no water flows on: 1 µm.
pub(crate) const FILM_M: f64 = 1e-6;

/// Discharge in m³/s and its derivatives by the level above (never negative) and by the level
/// below (never positive), in m²/s.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passed<const W: usize> {
    pub flow: Lanes<W>,
    pub by_above: Lanes<W>,
    pub by_below: Lanes<W>,
}

/// Froude number up to which the local acceleration is kept whole. Without advection, waves on water
/// that runs faster than 0.6 of their own speed would grow (their kinematic speed 5/3 u passes the
/// dynamic one); a share of `(0.5/Fr)²` keeps them below it. After Fread, Jin and Lewis (1996).
const WHOLE_INERTIA: f64 = 0.5;
const LEAST_INERTIA: f64 = 1e-3;

/// What does not change of a link while a step is solved.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Link<const W: usize> {
    /// Bed below the depth of the flow: `(1 - w) max(z_i, z_j) + w (z_i + z_j) / 2`.
    pub bed_m: Lanes<W>,
    /// Weight `w` of the mean of both levels against the higher one.
    pub mean: Lanes<W>,
    /// Discharge before the step, m³/s.
    pub before: Lanes<W>,
    /// Share of the local acceleration that is kept, above 0 to 1.
    pub inertia: Lanes<W>,
    /// `dt g n²`.
    pub drag: Lanes<W>,
    /// `g dt / reach`, in m/s.
    pub push: f64,
    pub width_m: f64,
}

impl<const W: usize> Link<W> {
    /// The weight of the mean is 1 for a level pool and 0 where the surface falls by half of the
    /// depth or more from node to node. Up to there pressure from below is felt more than depth is
    /// missed: discharge still falls when the lower level rises (docs/methods/river.md).
    #[inline(always)]
    pub(crate) fn new(
        place: &Place,
        depths: [Lanes<W>; 2],
        (before, step_s): (Lanes<W>, f64),
    ) -> Self {
        let [above, below] = [Lanes::of(place.bed_m) + depths[0], place.next_level(depths[1])];
        let high = Lanes::of(place.bed_m.max(place.next_bed_m));
        let middle = Lanes::of(0.5 * (place.bed_m + place.next_bed_m));
        let depth = (above.at_least(below) - high).at_least(Lanes::of(FILM_M));
        let steep = (above - below).abs() * depth.inverse();
        let mean = (Lanes::of(1.0) - steep * 2.0).at_least(Lanes::ZERO);
        let speed = before * (depth * place.width_m).inverse();
        let froude2 = speed * speed * (depth * GRAVITY).inverse();
        let share = froude2.at_least(Lanes::of(1e-12)).inverse() * (WHOLE_INERTIA * WHOLE_INERTIA);
        Self {
            bed_m: (Lanes::of(1.0) - mean) * high + mean * middle,
            mean,
            before,
            inertia: share.at_most(Lanes::of(1.0)).at_least(Lanes::of(LEAST_INERTIA)),
            drag: Lanes::ZERO,
            push: GRAVITY * step_s / place.reach_m,
            width_m: place.width_m,
        }
    }

    /// The local inertial equation with friction at the end of the step, `s` the share of inertia:
    /// `Q (s + dt g n² |Q| / (A R^(4/3))) = s Q0 + g dt A (level above - level below) / reach`.
    #[inline(always)]
    pub(crate) fn pass(&self, above: Lanes<W>, below: Lanes<W>) -> Passed<W> {
        let [one, two] = [Lanes::of(1.0), Lanes::of(2.0)];
        let half_mean = self.mean * 0.5;
        let high = above.at_least(below);
        let level = (one - self.mean) * high + half_mean * (above + below);
        let depth = level - self.bed_m;
        let film = Lanes::of(FILM_M);
        let wet_depth = depth.unless(depth, film, one);
        let area = wet_depth * self.width_m;
        let wetted = wet_depth * 2.0 + Lanes::of(self.width_m);
        let inverse = (area * wetted).inverse();
        let (by_area, by_wetted) = (inverse * wetted, inverse * area);
        let y = (area * by_wetted).inverse_cube_root();
        let y2 = y * y;
        let drag = self.drag * (y2 * y2) * by_area;
        let (fall, pushing) = (above - below, area * self.push);
        let inertia = self.inertia;
        let pushed = inertia * self.before + pushing * fall;
        let root = (inertia * inertia + drag * pushed.abs() * 4.0).sqrt();
        let inverse = (root * (inertia + root)).inverse();
        let by_root = inverse * (inertia + root);
        let flow = two * pushed * inverse * root;
        // Of ln(drag) by the depth, negated.
        let easing = by_area * (7.0 / 3.0 * self.width_m) - by_wetted * (8.0 / 3.0);
        let by_depth =
            (fall * (self.push * self.width_m) + (pushed - inertia * flow) * easing) * by_root;
        let by_fall = pushing * by_root;
        let upper = (one - half_mean).unless(above, below, half_mean);
        let by_above = (by_depth * upper + by_fall).at_least(Lanes::ZERO);
        let by_below = (by_depth * (one - upper) - by_fall).at_most(Lanes::ZERO);
        let dry = |value: Lanes<W>| value.unless(depth, film, Lanes::ZERO);
        Passed { flow: dry(flow), by_above: dry(by_above), by_below: dry(by_below) }
    }
}

/// Normal flow over the lower end of an outlet, by Manning's formula; `drag` is `dt g n²`.
#[inline(always)]
pub(crate) fn normal<const W: usize>(
    place: &Place,
    depth: Lanes<W>,
    (drag, step_s): (Lanes<W>, f64),
) -> Passed<W> {
    let film = Lanes::of(FILM_M);
    let wet_depth = depth.unless(depth, film, Lanes::of(1.0));
    let area = wet_depth * place.width_m;
    let wetted = wet_depth * 2.0 + Lanes::of(place.width_m);
    let radius = area * wetted.inverse();
    // R^(2/3) = R R^(-1/3).
    let conveyance = area * radius * radius.inverse_cube_root();
    let flow = conveyance * (Lanes::of(GRAVITY * step_s * place.slope) * drag.inverse()).sqrt();
    let by_depth = flow * (wet_depth.inverse() * (5.0 / 3.0) - wetted.inverse() * (4.0 / 3.0));
    let dry = |value: Lanes<W>| value.unless(depth, film, Lanes::ZERO);
    Passed { flow: dry(flow), by_above: dry(by_depth), by_below: Lanes::ZERO }
}
