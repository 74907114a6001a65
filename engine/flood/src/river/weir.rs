//! Flow over a crest.

use crate::face::GRAVITY;

/// Heads of a drowned weir nearer to each other than this, m, pass water in proportion to their
/// difference: the root of the law has no slope at equal levels.
const LEVEL_M: f64 = 0.002;

/// Discharge over a crest in m²/s per metre of it, by the law of Honma: heads above the crest are
/// `high_m` and `low_m`, `low_m <= high_m`. Free flow `0.35 h1 √(2 g h1)`, drowned from
/// `h2/h1 >= 2/3` on `0.91 h2 √(2 g (h1 - h2))`; the two meet within 0.1 %.
///
/// ```
/// use jomo_flood::river::weir_m2_s;
/// let free = weir_m2_s(1.0, 0.0);
/// assert!((free - 0.35 * (2.0_f64 * 9.80665).sqrt()).abs() < 1e-12);
/// assert!((weir_m2_s(1.0, 2.0 / 3.0) / free - 1.0).abs() < 1e-3);
/// ```
///
/// Source: Honma, M. (1940), Discharge coefficients of trapezoidal weirs, Journal of JSCE 26(6),
/// 635-645 and 26(9), 849-862, in the form of the ministry's manual for maps of inundation.
#[must_use]
pub fn weir_m2_s(high_m: f64, low_m: f64) -> f64 {
    if high_m <= 0.0 {
        return 0.0;
    }
    if 3.0 * low_m < 2.0 * high_m {
        0.35 * high_m * (2.0 * GRAVITY * high_m).sqrt()
    } else {
        0.91 * low_m * (2.0 * GRAVITY * (high_m - low_m).max(0.0)).sqrt()
    }
}

/// Discharge per metre and its derivatives by the higher and by the lower head (m/s).
#[inline(always)]
pub(crate) fn weir(high_m: f64, low_m: f64) -> [f64; 3] {
    if high_m <= 0.0 {
        return [0.0; 3];
    }
    if 3.0 * low_m < 2.0 * high_m {
        let flow = weir_m2_s(high_m, low_m);
        return [flow, 1.5 * flow / high_m, 0.0];
    }
    let fall = high_m - low_m;
    if fall < LEVEL_M {
        let by_fall = 0.91 * low_m * (2.0 * GRAVITY / LEVEL_M).sqrt();
        let flow = by_fall * fall;
        return [flow, by_fall, (flow / low_m - by_fall).min(0.0)];
    }
    let flow = weir_m2_s(high_m, low_m);
    let by_fall = 0.5 * flow / fall;
    [flow, by_fall, (flow / low_m - by_fall).min(0.0)]
}

/// Flow over a crest of `length_m` from a river at `level_m` to land at `land_m` whose level rises
/// by 1 m in a step where `pace` m²/s come, and its derivative by the level of the river; negative
/// where it runs back.
///
/// No more passes in a step than brings the land to the level of the river, or, on the way back,
/// down to the river or the crest: however long the step, levels do not swing past each other.
#[inline(always)]
pub(crate) fn spill(
    [level_m, land_m]: [f64; 2],
    crest_m: f64,
    [length_m, pace]: [f64; 2],
) -> [f64; 2] {
    let (high_m, low_m) = (level_m.max(land_m), level_m.min(land_m));
    if high_m <= crest_m {
        return [0.0; 2];
    }
    let [flow, by_high, by_low] =
        weir(high_m - crest_m, (low_m - crest_m).max(0.0)).map(|value| value * length_m);
    let most = (high_m - low_m.max(crest_m)) * pace;
    match (land_m <= level_m, flow <= most) {
        (true, true) => [flow, by_high],
        (true, false) => [most, pace],
        (false, true) => [-flow, -by_low],
        (false, false) => [-most, if crest_m < level_m { pace } else { 0.0 }],
    }
}

/// Flow over a crest and through a gap in it together, no more than levels the water.
#[inline(always)]
pub(crate) fn through(
    over: [f64; 2],
    both: [f64; 2],
    (sill_m, width_m): (f64, f64),
    pace: f64,
) -> [f64; 2] {
    let gap = spill(both, sill_m, [width_m, pace]);
    let most = (both[0].max(both[1]) - both[0].min(both[1]).max(sill_m)).max(0.0) * pace;
    let [flow, by_level] = [over[0] + gap[0], over[1] + gap[1]];
    if flow.abs() <= most { [flow, by_level] } else { [most.copysign(flow), pace] }
}
