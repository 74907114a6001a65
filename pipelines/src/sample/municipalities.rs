//! Municipalities: a seamless partition of the region, made of borders that two of them share.

use std::collections::BTreeMap;

use super::noise::Stream;
use super::settings::Plan;

/// Distance between the points of a border, metres.
const PITCH_M: f64 = 250.0;
/// Farthest that a border strays from the straight line, metres.
const STRAY_M: f64 = 900.0;

/// The outer ring of each municipality, clockwise, not closed.
pub(super) struct Areas {
    pub(super) rings: Vec<Vec<[f64; 2]>>,
}

impl Areas {
    pub(super) fn new(plan: &Plan) -> Self {
        let stream = Stream::new(plan.seed, "municipalities");
        let corner = |at: usize| plan.municipalities.corners_km[at].map(|km| km * 1_000.0);
        let mut borders: BTreeMap<(usize, usize), Vec<[f64; 2]>> = BTreeMap::new();
        let mut rings = Vec::new();
        for corners in &plan.municipalities.rings {
            let mut ring = Vec::new();
            for (index, from) in corners.iter().enumerate() {
                let to = corners[(index + 1) % corners.len()];
                let key = (*from.min(&to), *from.max(&to));
                let border = borders.entry(key).or_insert_with(|| {
                    let ends = [corner(key.0), corner(key.1)];
                    border(ends, plan.extent_m, stream)
                });
                // Without its last point, with which the next border begins.
                let count = border.len() - 1;
                if *from == key.0 {
                    ring.extend(border.iter().take(count));
                } else {
                    ring.extend(border.iter().rev().take(count));
                }
            }
            rings.push(ring);
        }
        Self { rings }
    }

    /// The municipality that holds a place.
    pub(super) fn at(&self, place: [f64; 2]) -> Option<usize> {
        self.rings.iter().position(|ring| holds(ring, place))
    }
}

/// Straight along the edge of the region, straying inside it.
fn border([from, to]: [[f64; 2]; 2], extent_m: f64, stream: Stream) -> Vec<[f64; 2]> {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length = dx.hypot(dy);
    let pieces = (length / PITCH_M).ceil();
    let on_edge = [0, 1].iter().any(|axis| {
        let (a, b) = (from[*axis], to[*axis]);
        (a - b).abs() < 1e-6 && (a.abs() < 1e-6 || (a - extent_m).abs() < 1e-6)
    });
    let reach = if on_edge { 0.0 } else { STRAY_M };
    let mut line = Vec::new();
    let mut step = 0.0;
    while step <= pieces {
        let t = step / pieces;
        let at = [from[0] + t * dx, from[1] + t * dy];
        // Zero at both ends, so that borders meet in their corners.
        let stray = reach * 4.0 * t * (1.0 - t) * stream.rough(at, 2_500.0, 4);
        line.push([at[0] - dy / length * stray, at[1] + dx / length * stray]);
        step += 1.0;
    }
    line
}

/// Even-odd rule.
fn holds(ring: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let mut inside = false;
    for (index, a) in ring.iter().enumerate() {
        let b = ring[(index + 1) % ring.len()];
        if (a[1] <= y) != (b[1] <= y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) {
            inside = !inside;
        }
    }
    inside
}

/// Area of a ring, square metres, positive clockwise as seen on a map.
#[cfg(test)]
pub(super) fn area_m2(ring: &[[f64; 2]]) -> f64 {
    let pairs = ring.iter().zip(ring.iter().cycle().skip(1));
    0.5 * pairs.map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Settings;

    /// The sum of the areas is that of the region, and each has some.
    #[test]
    fn municipalities_cover_the_region_without_a_gap() {
        let plan = Plan::new(&Settings::default()).unwrap();
        let areas = Areas::new(&plan);
        let sizes: Vec<f64> = areas.rings.iter().map(|ring| area_m2(ring)).collect();
        let sum: f64 = sizes.iter().sum();
        assert!((sum - 4e8).abs() < 1e-3, "{sum}");
        assert!(sizes.iter().all(|size| 2e7 < *size), "{sizes:?}");
        // Each place lies in exactly one.
        for n in 0..4_000_u32 {
            let at = [f64::from(n % 63) * 317.0 + 3.0, f64::from(n / 63) * 311.0 + 5.0];
            let count = areas.rings.iter().filter(|ring| holds(ring, at)).count();
            assert_eq!(count, 1, "{at:?}");
        }
    }
}
