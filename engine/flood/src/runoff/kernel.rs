//! One element through one step: into the soil, through it, over it. Every law is solved for the
//! end of the step (implicitly), so no step is too long to be stable; what leaves is what is
//! missing from the balance, so none is lost.

use super::land::{Infiltration, Land, retention_m};
use super::{Members, slopes::Plan};

/// Times Halley's rule is applied. From a first guess within 20 % the third pass is exact to the
/// last bits; Newton's rule needs five, and each waits for a division.
const PASSES: usize = 3;

/// Power of the water in the fine pores that creeps out of them (Tachikawa et al. 2004, RRI).
const POWER: f64 = 4.0;

/// Least water of fine pores, in m: without any, all soils are beyond them.
const FINE_MIN_M: f64 = 1e-12;

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
    /// Lateral conductivity over porosity, by [`POWER`], in m/s.
    creep_m_s: [f64; W],
    /// Water that fills the fine pores, in m.
    fine_m: [f64; W],
    /// What a full soil lets flow along the slope, over the creep of full fine pores, in m.
    full_m: [f64; W],
    per_fine_m: [f64; W],
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
        let creep_m_s = over(land.lateral_conductivity_m_s, land.porosity) / POWER;
        let fine_m = capacity_m.map(|capacity| (land.matrix_share * capacity).max(FINE_MIN_M));
        let full_m = |lane: usize| POWER * capacity_m[lane] - (POWER - 1.0) * fine_m[lane];
        Self {
            law,
            ponding_m: land.ponding_m,
            smooth: members.roughness.map(|factor| 1.0 / (land.roughness * factor)),
            creep_m_s: members.conductivity.map(|factor| creep_m_s * factor),
            full_m: std::array::from_fn(|lane| full_m(lane).max(0.0)),
            per_fine_m: fine_m.map(|fine| 1.0 / fine),
            fine_m,
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
        let (capacity_m, fine_m) = (ground.capacity_m[lane], ground.fine_m[lane]);
        let (soil_m, coming_m) = (water.soil_m[lane], under_m[lane]);
        let creep = step_s * plan.soil * ground.creep_m_s[lane];
        let sinking = step_s * ground.percolation_per_s[lane];
        // What leaves a full soil within the step makes room for more.
        let most_m = capacity_m * (1.0 + sinking) + creep * ground.full_m[lane];
        let room_m = greater(most_m - soil_m - coming_m, 0.0);
        let taken_m = lesser(lesser(wanted_m[lane], ponded_m[lane]), room_m);
        let held_m = soil_m + taken_m + coming_m;
        let share = creeping(held_m * ground.per_fine_m[lane], creep, sinking);
        let kept_m = lesser(lesser(share * fine_m, capacity_m), held_m);
        let sunk_m = sinking * kept_m;
        let crept_m = creep * flow_of(kept_m * ground.per_fine_m[lane]) * fine_m;
        let leaving_m = crept_m + sunk_m;
        // A soil that is not full lets nothing out at its surface.
        let gone_m = held_m - kept_m;
        let gone_m = if kept_m < capacity_m { gone_m } else { lesser(gone_m, leaving_m) };
        // Without any outflow both are 0, and so is the share.
        let percolated_m = gone_m * (sunk_m / greater(leaving_m, f64::MIN_POSITIVE));
        water.soil_m[lane] = kept_m;
        left.sunk[lane] = percolated_m;
        left.under_m[lane] = gone_m - percolated_m;
        let risen_m = held_m - kept_m - gone_m;
        let above_m = ponded_m[lane] - taken_m + risen_m;
        free_m[lane] = greater(above_m - ground.ponding_m, 0.0);
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

/// Flow along the slope over the creep of full fine pores, by the share of them that the water in
/// the soil would fill: its fourth power up to 1, and straight on beyond.
#[inline(always)]
fn flow_of(share: f64) -> f64 {
    let square = share * share;
    if share < 1.0 { square * square } else { 1.0 + POWER * (share - 1.0) }
}

/// The root `z` of `z (1 + sinking) + creep flow_of(z) = held`: beyond 1 a straight line, below it
/// two passes of Halley's rule from above. For a creep of up to 1 (steps of 300 s: 5 times the
/// steepest and shortest elements) it is within 1e-5; the balance does not hang on it.
#[inline(always)]
fn creeping(held: f64, creep: f64, sinking: f64) -> f64 {
    let line = (held + (POWER - 1.0) * creep) / (1.0 + sinking + POWER * creep);
    let mut z = lesser(held, line);
    for _ in 0..2 {
        let square = z * z;
        let excess = z * (1.0 + sinking) + creep * square * square - held;
        let slope = 1.0 + sinking + POWER * creep * square * z;
        let bend = POWER * (POWER - 1.0) * creep * square;
        z -= 2.0 * excess * slope / (2.0 * slope * slope - excess * bend);
    }
    if line < 1.0 { z } else { line }
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
        wanted_m[lane] = greater(0.5 * (conducted_m + root) - wet_m, 0.0);
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
        let whole = rough_power(greater(depth_m[lane], LEAST_M), 1.0 / 3.0);
        let shrunk = rough_power(1.0 + 5.0 / 3.0 * rate[lane] * whole * whole, -0.2);
        y[lane] = whole * shrunk;
    }
    for _ in 0..PASSES {
        for lane in 0..W {
            let square = y[lane] * y[lane];
            let pull = rate[lane] * square;
            let excess = y[lane] * square * (1.0 + pull) - greater(depth_m[lane], LEAST_M);
            let slope = square * (3.0 + 5.0 * pull);
            let bend = y[lane] * (6.0 + 20.0 * pull);
            y[lane] -= 2.0 * excess * slope / (2.0 * slope * slope - excess * bend);
        }
    }
    let mut remaining_m = [0.0; W];
    for lane in 0..W {
        remaining_m[lane] = lesser(y[lane] * y[lane] * y[lane], depth_m[lane]);
    }
    remaining_m
}

/// The lesser of two numbers: one instruction, as no number here is `NaN`.
#[inline(always)]
fn lesser(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// The greater of two numbers, likewise.
#[inline(always)]
fn greater(a: f64, b: f64) -> f64 {
    if b < a { a } else { b }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The equation holds to rounding over all depths and rates that can occur, and far beyond.
    #[test]
    fn what_remains_solves_its_equation() {
        for depth in -40..=3 {
            for rate in -12..=12 {
                for part in [1.0, 1.9, 3.7, 6.1] {
                    let (depth_m, rate) = (part * 10_f64.powi(depth), 1.3 * 10_f64.powi(rate));
                    let [left_m] = remaining_m(&[depth_m], &[rate]);
                    let balance = left_m + rate * left_m.cbrt().powi(5);
                    assert!((balance / depth_m - 1.0).abs() < 1e-13, "{depth_m:e} {rate:e}");
                }
            }
        }
    }

    #[test]
    fn water_in_the_soil_solves_its_equation() {
        for creep in [0.0, 1e-3, 0.05, 0.3, 1.0] {
            for sinking in [0.0, 1e-3, 0.2] {
                for part in 0..60 {
                    let held = f64::from(part) * 0.05;
                    let z = creeping(held, creep, sinking);
                    let balance = z * (1.0 + sinking) + creep * flow_of(z);
                    assert!((balance - held).abs() <= 1e-5 * held, "{held} {creep} {sinking} {z}");
                }
            }
        }
    }

    #[test]
    fn nothing_and_no_outflow_remain() {
        let [none, all] = remaining_m(&[0.0, 0.5], &[3.0, 0.0]);
        assert!(none <= 0.0 && (all - 0.5).abs() < 1e-15, "{none} {all}");
    }
}
