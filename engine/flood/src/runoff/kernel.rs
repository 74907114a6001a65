//! One element through one step: into the soil, through it, over it. Every law is solved for the
//! end of the step (implicitly), so no step is too long to be stable; what leaves is what is
//! missing from the balance, so none is lost.

use super::land::{Infiltration, Land, retention_m};
use super::{Members, slopes::Plan};

/// Times Newton's rule is applied. From a first guess within 20 % the fifth pass is exact to the
/// last bits (error of the fourth: 1e-9 of the depth).
const PASSES: usize = 5;

/// Depths below this are solved for as if they were this deep, in m: numbers too small for the
/// processor's fast path would cost a hundred times as much.
const LEAST_M: f64 = 1e-60;

/// A kind of ground as the members of a block see it.
#[derive(Clone, Debug)]
pub(crate) struct Ground<const W: usize> {
    pub(crate) capacity_m: [f64; W],
    law: Law<W>,
    ponding_m: f64,
    /// One over the roughness.
    smooth: [f64; W],
    /// Lateral conductivity over porosity, in m/s.
    lateral_m_s: [f64; W],
    /// Percolation of a full soil over what it holds, in 1/s.
    percolation_per_s: [f64; W],
    pub(crate) deep_loss: f64,
}

#[derive(Clone, Debug)]
enum Law<const W: usize> {
    GreenAmpt { conductivity_m_s: [f64; W], front_m: f64 },
    CurveNumber { retention_m: [f64; W] },
}

impl<const W: usize> Ground<W> {
    pub(crate) fn new(land: &Land, members: &Members<W>) -> Self {
        let capacity_m = members.soil_depth.map(|factor| land.capacity_m() * factor);
        let law = match land.infiltration {
            Infiltration::GreenAmpt { conductivity_m_s, suction_m } => Law::GreenAmpt {
                conductivity_m_s: members.conductivity.map(|factor| conductivity_m_s * factor),
                front_m: suction_m * land.porosity,
            },
            Infiltration::CurveNumber { curve_number } => Law::CurveNumber {
                retention_m: members.soil_depth.map(|factor| retention_m(curve_number) * factor),
            },
        };
        let over = |value: f64, by: f64| if 0.0 < by { value / by } else { 0.0 };
        let lateral_m_s = over(land.lateral_conductivity_m_s, land.porosity);
        Self {
            law,
            ponding_m: land.ponding_m,
            smooth: members.roughness.map(|factor| 1.0 / (land.roughness * factor)),
            lateral_m_s: members.conductivity.map(|factor| lateral_m_s * factor),
            percolation_per_s: capacity_m.map(|capacity| over(land.percolation_m_s, capacity)),
            deep_loss: land.deep_loss,
            capacity_m,
        }
    }
}

/// Water of an element, in m over its area: the state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Water<const W: usize> {
    pub(crate) surface_m: [f64; W],
    pub(crate) soil_m: [f64; W],
}

/// What leaves an element within a step, in m over its area.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaving<const W: usize> {
    /// Over the ground.
    pub(crate) over_m: [f64; W],
    /// In the soil, down the slope.
    pub(crate) under_m: [f64; W],
    /// Into the slow store, or deeper.
    pub(crate) sunk: [f64; W],
}

/// Carries an element through `step_s`: `rain_m` falls and `coming` flows in; gives what leaves.
#[inline(always)]
pub(crate) fn advance<const W: usize>(
    water: &mut Water<W>,
    ground: &Ground<W>,
    plan: &Plan,
    step_s: f64,
    [rain_m, over_m, under_m]: [&[f64; W]; 3],
) -> Leaving<W> {
    let mut ponded_m = [0.0; W];
    for lane in 0..W {
        ponded_m[lane] = water.surface_m[lane] + (rain_m[lane] + over_m[lane]);
    }
    let wanted_m = match &ground.law {
        Law::GreenAmpt { conductivity_m_s, front_m } => {
            green_ampt_m(&water.soil_m, conductivity_m_s, *front_m, step_s)
        }
        Law::CurveNumber { retention_m } => curve_number_m(&water.soil_m, retention_m, rain_m),
    };
    let mut left = Leaving { over_m: [0.0; W], under_m: [0.0; W], sunk: [0.0; W] };
    let mut free_m = [0.0; W];
    let mut rate = [0.0; W];
    for lane in 0..W {
        let capacity_m = ground.capacity_m[lane];
        let soil_m = water.soil_m[lane];
        let room_m = (capacity_m - soil_m).max(0.0);
        let taken_m = wanted_m[lane].min(ponded_m[lane]).min(room_m);
        let lateral = step_s * plan.soil * ground.lateral_m_s[lane];
        let sinking = step_s * ground.percolation_per_s[lane];
        let drained = lateral + sinking;
        let held_m = soil_m + taken_m + under_m[lane];
        let kept_m = (held_m / (1.0 + drained)).min(capacity_m);
        let gone_m = (held_m - kept_m).min(drained * kept_m);
        // Without any outflow both are 0, and so is the share.
        let percolated_m = gone_m * (sinking / drained.max(f64::MIN_POSITIVE));
        water.soil_m[lane] = kept_m;
        left.sunk[lane] = percolated_m;
        left.under_m[lane] = gone_m - percolated_m;
        let risen_m = held_m - kept_m - gone_m;
        let above_m = ponded_m[lane] - taken_m + risen_m;
        free_m[lane] = (above_m - ground.ponding_m).max(0.0);
        water.surface_m[lane] = above_m - free_m[lane];
        rate[lane] = step_s * plan.surface * ground.smooth[lane];
    }
    let still_m = remaining_m(&free_m, &rate);
    for lane in 0..W {
        water.surface_m[lane] += still_m[lane];
        left.over_m[lane] = free_m[lane] - still_m[lane];
    }
    left
}

/// What ponded ground takes in within a step, in m: Green-Ampt `f = K (1 + front / F)` with the
/// mean of `f F` over the step, `F1² - F0² = 2 K dt (front + (F0 + F1) / 2)`; exact both where
/// suction rules and where gravity does.
#[inline(always)]
fn green_ampt_m<const W: usize>(
    soil_m: &[f64; W],
    conductivity_m_s: &[f64; W],
    front_m: f64,
    step_s: f64,
) -> [f64; W] {
    let mut wanted_m = [0.0; W];
    for lane in 0..W {
        let conducted_m = conductivity_m_s[lane] * step_s;
        let wet_m = soil_m[lane];
        let square = wet_m * wet_m + conducted_m * (2.0 * front_m + wet_m);
        let root = (conducted_m * conducted_m + 4.0 * square).sqrt();
        wanted_m[lane] = (0.5 * (conducted_m + root) - wet_m).max(0.0);
    }
    wanted_m
}

/// What the curve number keeps of the rain of a step, in m. The water in the soil tells how much
/// of the storm has fallen.
#[inline(always)]
fn curve_number_m<const W: usize>(
    soil_m: &[f64; W],
    retention_m: &[f64; W],
    rain_m: &[f64; W],
) -> [f64; W] {
    let mut wanted_m = [0.0; W];
    for lane in 0..W {
        let (most_m, wet_m) = (retention_m[lane], soil_m[lane]);
        let first_m = 0.2 * most_m;
        let lost_m = (wet_m - first_m).max(0.0);
        // A soil that is full has no rain that filled it: a retention of a billionth is left.
        let left_m = (most_m - lost_m).max(1e-9 * most_m).max(f64::MIN_POSITIVE);
        let fallen_m = if wet_m < first_m { wet_m } else { first_m + most_m * lost_m / left_m };
        let excess_m = (fallen_m + rain_m[lane] - first_m).max(0.0);
        let kept_m = most_m * excess_m / (excess_m + most_m).max(f64::MIN_POSITIVE);
        let after_m = (fallen_m + rain_m[lane]).min(first_m) + kept_m;
        wanted_m[lane] = (after_m - wet_m).max(0.0);
    }
    wanted_m
}

/// The root `x` of `x + rate x^(5/3) = depth` for every lane: what a kinematic wave leaves.
///
/// With `y = x^(1/3)` it is the polynomial `y³ (1 + rate y²) = depth`, without any power to take.
#[inline(always)]
pub(crate) fn remaining_m<const W: usize>(depth_m: &[f64; W], rate: &[f64; W]) -> [f64; W] {
    let mut y = [0.0; W];
    for lane in 0..W {
        let whole = rough_power(depth_m[lane].max(LEAST_M), 1.0 / 3.0);
        let shrunk = rough_power(1.0 + 5.0 / 3.0 * rate[lane] * whole * whole, -0.2);
        y[lane] = whole * shrunk;
    }
    for _ in 0..PASSES {
        for lane in 0..W {
            let square = y[lane] * y[lane];
            let excess =
                y[lane] * square * (1.0 + rate[lane] * square) - depth_m[lane].max(LEAST_M);
            y[lane] -= excess / (square * (3.0 + 5.0 * rate[lane] * square));
        }
    }
    let mut remaining_m = [0.0; W];
    for lane in 0..W {
        remaining_m[lane] = (y[lane] * y[lane] * y[lane]).min(depth_m[lane]).max(0.0);
    }
    remaining_m
}

/// A power of a positive number within 7 %: the exponent and the first digits of a float are
/// nearly its logarithm (Schraudolph 1999). Only operations that vectors have.
#[inline(always)]
fn rough_power(value: f64, power: f64) -> f64 {
    /// The upper half of the bits of 1, less what makes the error as often positive as negative.
    const ONE: f64 = 1_072_693_248.0 - 45_000.0;
    /// 2^52: added to a whole number below it, the number stands in the last bits.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let top = f64::from_bits((value.to_bits() >> 32) | WHOLE.to_bits()) - WHOLE;
    let scaled = ONE + power * (top - ONE);
    f64::from_bits((scaled + WHOLE).to_bits() << 32)
}
