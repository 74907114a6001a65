//! The main valley: course and level of the river, flood plain and terraces beside it.
//!
//! Places are `[east, south]` in metres from the north-west corner of the region.

use super::noise::{Stream, ramp};
use super::settings::{Plan, Stem};

/// Distance between two points of the course, metres.
const PITCH_M: f64 = 40.0;
/// How much farther than the nearest a reach may be to still count, metres, and the distance from
/// the river within which that matters: beyond, no place is level.
const BLEND_M: f64 = 80.0;
const BLENDED_M: f64 = 4_000.0;
/// Share of the course, from the mouth, that has a flood plain with levees.
pub(super) const PLAIN_SHARE: f64 = 0.5;

/// The main valley.
pub(super) struct Valley {
    /// Course from the head to the mouth.
    pub(super) course: Vec<[f64; 2]>,
    /// Distance of each point of the course from the mouth, metres.
    pub(super) to_mouth_m: Vec<f64>,
    stem: Stem,
    rough: Stream,
}

/// What the valley is at one place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Distance from the river, metres.
    pub(super) from_river_m: f64,
    /// Level of the valley floor or terrace; `None` on the slopes.
    pub(super) floor_m: Option<f64>,
    /// Share of the uplift: hills rise gently behind the plain, mountains at once.
    pub(super) foothills: f64,
}

impl Valley {
    pub(super) fn new(plan: &Plan) -> Self {
        let rough = Stream::new(plan.seed, "valley");
        let course = course(&plan.stem.course_km, rough);
        let mut to_mouth_m = vec![0.0; course.len()];
        for at in (0..course.len().saturating_sub(1)).rev() {
            to_mouth_m[at] = to_mouth_m[at + 1] + distance(course[at], course[at + 1]);
        }
        Self { course, to_mouth_m, stem: plan.stem.clone(), rough }
    }

    pub(super) fn length_m(&self) -> f64 {
        self.to_mouth_m.first().copied().unwrap_or(1.0)
    }

    /// Level of the valley floor at the river.
    pub(super) fn level_m(&self, to_mouth_m: f64) -> f64 {
        let share = to_mouth_m / self.length_m();
        self.stem.mouth_level_m
            + self.stem.plain_slope * to_mouth_m
            + self.stem.rise_m * share.powi(3)
    }

    /// Half the width of the flood plain: 1.0-1.7 km near the mouth, 70 m in the mountains.
    fn half_width_m(share: f64) -> f64 {
        70.0 + 330.0 * ramp(0.85, 0.5, share)
            + 650.0 * ramp(0.62, 0.38, share)
            + 600.0 * ramp(0.4, 0.1, share)
    }

    /// Squared distance and index of the nearest point of the course: first among every fourth,
    /// then around the best of those.
    fn nearest(&self, at: [f64; 2]) -> (f64, usize) {
        let square = |index: usize| {
            let point = self.course[index];
            ((point[0] - at[0]).powi(2) + (point[1] - at[1]).powi(2), index)
        };
        let better =
            |best: (f64, usize), next: (f64, usize)| if next.0 < best.0 { next } else { best };
        let last = self.course.len() - 1;
        let coarse = (0..=last).step_by(4).map(square).fold((f64::INFINITY, 0), better);
        let around = coarse.1.saturating_sub(3)..=(coarse.1 + 3).min(last);
        around.map(square).fold(coarse, better)
    }

    /// Distance to the mouth, blended over all reaches that are about as near as the nearest:
    /// inside a bend, the nearest point alone would jump from one reach to another, and the plain
    /// with it.
    fn smooth_to_mouth_m(&self, at: [f64; 2], (from_river_m, nearest): (f64, usize)) -> f64 {
        if BLENDED_M < from_river_m {
            return self.to_mouth_m[nearest];
        }
        let (mut sum, mut weight) = (0.0, 0.0);
        for (point, to_mouth_m) in self.course.iter().zip(&self.to_mouth_m).step_by(3) {
            let farther_m = distance(*point, at) - from_river_m;
            if farther_m < 8.0 * BLEND_M {
                let share = (-farther_m / BLEND_M).exp();
                sum += share * to_mouth_m;
                weight += share;
            }
        }
        if 0.0 < weight { sum / weight } else { self.to_mouth_m[nearest] }
    }

    pub(super) fn place(&self, at: [f64; 2]) -> Place {
        let (square, nearest) = self.nearest(at);
        let from_river_m = square.sqrt();
        let to_mouth_m = self.smooth_to_mouth_m(at, (from_river_m, nearest));
        let share = to_mouth_m / self.length_m();
        let uneven = 1.0 + 0.42 * self.rough.rough(at, 1_700.0, 3);
        let plain = Self::half_width_m(share) * uneven.max(0.35);
        // Terraces stand along the middle course, on one side more than on the other.
        let present = ramp(0.78, 0.66, share) * ramp(0.12, 0.25, share);
        let width = |offset: f64| {
            let wave = self.rough.rough([at[0] + offset, at[1] - offset], 2_600.0, 2);
            present * (260.0 + 620.0 * wave).clamp(0.0, 900.0)
        };
        let low = plain + width(0.0);
        let high = low + width(40_000.0);
        let floor_m = (from_river_m < high.max(70.0)).then(|| {
            let risers = 7.0 * ramp(plain, plain + 45.0, from_river_m)
                + 11.0 * ramp(low, low + 60.0, from_river_m) * ramp(0.0, 80.0, high - low);
            let waves = 0.45 * self.rough.rough([at[0], at[1] + 90_000.0], 700.0, 3);
            let cross = 0.0016 * from_river_m + 0.4 * ramp(0.0, 150.0, from_river_m);
            self.level_m(to_mouth_m) + risers + cross + waves * ramp(0.0, 200.0, from_river_m)
        });
        let behind = ramp(0.0, 3_000.0, from_river_m - high);
        let foothills = 1.0 - 0.8 * (1.0 - behind) * ramp(0.8, 0.6, share);
        Place { from_river_m, floor_m, foothills }
    }
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// A smooth line through the given points (Catmull-Rom), with meanders of about 1.5 km.
fn course(points_km: &[[f64; 2]], rough: Stream) -> Vec<[f64; 2]> {
    let last = points_km.len() - 1;
    let mut line = Vec::new();
    for piece in 0..last {
        let point = |at: usize| points_km[at.min(last)].map(|km| km * 1_000.0);
        let knots = [piece.saturating_sub(1), piece, piece + 1, piece + 2].map(point);
        let steps = 60;
        for step in 0..steps {
            let share = f64::from(step) / f64::from(steps);
            line.push([0, 1].map(|axis| cubic(knots.map(|knot| knot[axis]), share)));
        }
    }
    line.push(points_km[last].map(|km| km * 1_000.0));
    let meandering: Vec<[f64; 2]> = line
        .iter()
        .map(|at| {
            // None at the mouth, which stays on the edge.
            let reach = 260.0 * ramp(0.0, 1_500.0, distance(*at, line[line.len() - 1]));
            let shift = |offset: f64| reach * rough.rough([at[0] + offset, at[1]], 1_500.0, 2);
            [at[0] + shift(3e5), at[1] + shift(6e5)]
        })
        .collect();
    resampled(&meandering, PITCH_M)
}

/// Catmull-Rom spline between the second and the third of four values.
pub(super) fn cubic([before, from, to, after]: [f64; 4], share: f64) -> f64 {
    let slope = (to - before) * 0.5;
    let bend = before - 2.5 * from + 2.0 * to - 0.5 * after;
    let twist = 0.5 * (after - before) + 1.5 * (from - to);
    from + share * (slope + share * (bend + share * twist))
}

/// The same line with points at equal distances of about `pitch_m`; its ends stay.
pub(super) fn resampled(line: &[[f64; 2]], pitch_m: f64) -> Vec<[f64; 2]> {
    let mut along = vec![0.0];
    for pair in line.windows(2) {
        along.push(along[along.len() - 1] + distance(pair[0], pair[1]));
    }
    let length = along[along.len() - 1];
    let pieces = (length / pitch_m).round().max(1.0);
    let mut out = Vec::new();
    let mut piece = 0;
    let mut step = 0.0;
    while step <= pieces {
        let wanted = length * step / pieces;
        while piece + 2 < along.len() && along[piece + 1] < wanted {
            piece += 1;
        }
        let gap = along[piece + 1] - along[piece];
        let t = if 0.0 < gap { ((wanted - along[piece]) / gap).clamp(0.0, 1.0) } else { 0.0 };
        out.push(
            [0, 1].map(|axis| line[piece][axis] + t * (line[piece + 1][axis] - line[piece][axis])),
        );
        step += 1.0;
    }
    out
}
