//! Rings of whole units: cleaning, area, and which hole belongs to which shell.
//!
//! Coordinates are whole numbers in `f64`; differences within a tile and its surroundings are far
//! below 2^26, so cross products are exact.

use std::cmp::Ordering;

use crate::paths::{Bounds, Point};

/// A shell and its holes; rings do not repeat their first point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) shell: Vec<Point>,
    pub(crate) holes: Vec<Vec<Point>>,
}

/// Rounds half up, the same for every tile.
pub(crate) fn whole([x, y]: Point) -> Point {
    [(x + 0.5).floor(), (y + 0.5).floor()]
}

/// Twice the area of the triangle; positive if `c` lies to the left of `a -> b` (x right, y up).
pub(crate) fn cross(a: Point, b: Point, c: Point) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Twice the area by the surveyor's formula; positive for shells in tiles (y downwards).
pub(crate) fn area2(ring: &[Point]) -> f64 {
    let Some((&first, rest)) = ring.split_first() else { return 0.0 };
    rest.windows(2).map(|pair| cross(first, pair[0], pair[1])).sum()
}

/// Drops points equal to their predecessor.
pub(crate) fn without_repeats(points: impl IntoIterator<Item = Point>) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    for point in points {
        if kept.last() != Some(&point) {
            kept.push(point);
        }
    }
    kept
}

/// Drops repeated points and spikes (there and back on the same line) from a ring; what remains
/// has no edge of zero length, and is empty if it had no area at all.
pub(crate) fn clean_ring(points: impl IntoIterator<Item = Point>) -> Vec<Point> {
    let mut ring: Vec<Point> = Vec::new();
    for point in points {
        push_clean(&mut ring, point);
    }
    // The end of the ring meets its start.
    loop {
        let length = ring.len();
        if length < 3 {
            return Vec::new();
        }
        let (last, first) = (ring[length - 1], ring[0]);
        if Some(&first) == ring.get(length - 1) || is_spike(ring[length - 2], last, first) {
            ring.pop();
        } else if is_spike(last, first, ring[1]) {
            ring.remove(0);
        } else {
            return ring;
        }
    }
}

fn push_clean(ring: &mut Vec<Point>, point: Point) {
    while let [.., before, tip] = ring[..]
        && is_spike(before, tip, point)
    {
        ring.pop();
    }
    if ring.last() != Some(&point) {
        ring.push(point);
    }
}

/// Whether the way `a -> b -> c` turns back on itself.
fn is_spike(a: Point, b: Point, c: Point) -> bool {
    let ahead = (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]);
    // Whole numbers: below 0.5 is zero.
    ahead < 0.0 && cross(a, b, c).abs() < 0.5
}

/// Where a point lies with regard to a ring.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Inside,
    Border,
    Outside,
}

fn place(point: Point, ring: &[Point]) -> Place {
    let [x, y] = point;
    let mut inside = false;
    let mut from = ring[ring.len() - 1];
    for &to in ring {
        let (low, high) = if from[1] < to[1] { (from, to) } else { (to, from) };
        if low[1] <= y && y <= high[1] {
            let turn = cross(low, high, point);
            let within_x = from[0].min(to[0]) <= x && x <= from[0].max(to[0]);
            if within_x && turn.abs() < 0.5 {
                return Place::Border;
            }
            // Half-open in y, so that a vertex on the ray counts once.
            if y < high[1] && 0.0 < turn {
                inside = !inside;
            }
        }
        from = to;
    }
    if inside { Place::Inside } else { Place::Outside }
}

/// Where the ring `inner` lies with regard to `outer`, given that their edges do not cross: the
/// first of its vertices, then of its edges' middles, that is not on the border decides.
fn ring_place(inner: &[Point], outer: &[Point]) -> Place {
    let middles = (0..inner.len()).map(|index| {
        let (a, b) = (inner[index], inner[(index + 1) % inner.len()]);
        [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])]
    });
    inner
        .iter()
        .copied()
        .chain(middles)
        .map(|point| place(point, outer))
        .find(|found| *found != Place::Border)
        .unwrap_or(Place::Border)
}

/// Puts every hole behind the smallest shell around it. Shells have positive area, holes negative;
/// the order of shells, and of the holes of one shell, is kept. Returns the number of holes that
/// lie in no shell.
pub(crate) fn group(rings: Vec<Vec<Point>>) -> (Vec<Group>, usize) {
    let (shells, holes): (Vec<_>, Vec<_>) = rings.into_iter().partition(|ring| 0.0 < area2(ring));
    let mut groups: Vec<Group> =
        shells.into_iter().map(|shell| Group { shell, holes: Vec::new() }).collect();
    if let [only] = &mut groups[..] {
        only.holes = holes;
        return (groups, 0);
    }
    let boxes: Vec<(Bounds, f64)> = groups
        .iter()
        .map(|group| (Bounds::around(group.shell.iter().copied()), area2(&group.shell)))
        .collect();
    let mut homeless = 0;
    for hole in holes {
        let bounds = Bounds::around(hole.iter().copied());
        let home = (0..groups.len())
            .filter(|&index| boxes[index].0.holds(&bounds))
            .filter(|&index| ring_place(&hole, &groups[index].shell) != Place::Outside)
            .min_by(|&a, &b| boxes[a].1.total_cmp(&boxes[b].1));
        match home {
            Some(home) => groups[home].holes.push(hole),
            None => homeless += 1,
        }
    }
    (groups, homeless)
}

/// Drops holes that leave their shell, cross it or cross or cover another hole, so that every
/// polygon has its holes inside and apart. Returns the number dropped.
pub(crate) fn drop_bad_holes(group: &mut Group) -> usize {
    if group.holes.is_empty() {
        return 0;
    }
    let before = group.holes.len();
    let mut bad = crossing_holes(group);
    let boxes: Vec<Bounds> =
        group.holes.iter().map(|hole| Bounds::around(hole.iter().copied())).collect();
    for (index, hole) in group.holes.iter().enumerate() {
        if bad[index] {
            continue;
        }
        let outside = hole.iter().any(|&point| place(point, &group.shell) == Place::Outside);
        // Two good holes overlap if one has a point of the other inside, or if they are the same.
        let overlaps = (0..index).filter(|&other| !bad[other]).any(|other| {
            let other_hole = &group.holes[other];
            boxes[index].touches(&boxes[other])
                && (hole.iter().any(|&point| place(point, other_hole) == Place::Inside)
                    || other_hole.iter().any(|&point| place(point, hole) == Place::Inside)
                    || ring_place(hole, other_hole) != Place::Outside)
        });
        bad[index] = outside || overlaps || ring_place(hole, &group.shell) == Place::Border;
    }
    let mut verdicts = bad.into_iter();
    group.holes.retain(|_| verdicts.next() == Some(false));
    before - group.holes.len()
}

/// An edge of a polygon for the search of crossings.
struct Edge {
    a: Point,
    b: Point,
    /// 0 is the shell, `n` the hole `n - 1`.
    ring: usize,
}

/// For each hole, whether an edge of it properly crosses an edge of the shell or of a hole before
/// it. Edges are swept from west to east.
fn crossing_holes(group: &Group) -> Vec<bool> {
    let mut edges: Vec<Edge> = Vec::new();
    for (ring, points) in std::iter::once(&group.shell).chain(&group.holes).enumerate() {
        for index in 0..points.len() {
            let (a, b) = (points[index], points[(index + 1) % points.len()]);
            edges.push(if a[0] < b[0] { Edge { a, b, ring } } else { Edge { a: b, b: a, ring } });
        }
    }
    edges.sort_by(|one, two| one.a[0].total_cmp(&two.a[0]));
    let mut crosses = vec![false; group.holes.len()];
    for (index, one) in edges.iter().enumerate() {
        for two in edges[index + 1..].iter().take_while(|two| two.a[0] <= one.b[0]) {
            let later = one.ring.max(two.ring);
            if one.ring != two.ring && !crosses[later - 1] && properly_cross(one, two) {
                crosses[later - 1] = true;
            }
        }
    }
    crosses
}

/// Whether the two edges cross at a point inside of both.
fn properly_cross(one: &Edge, two: &Edge) -> bool {
    let side = |edge: &Edge, point| cross(edge.a, edge.b, point).partial_cmp(&0.0);
    let apart = |edge: &Edge, p, q| {
        matches!(
            (side(edge, p), side(edge, q)),
            (Some(Ordering::Less), Some(Ordering::Greater))
                | (Some(Ordering::Greater), Some(Ordering::Less))
        )
    };
    let overlap_y = one.a[1].min(one.b[1]) <= two.a[1].max(two.b[1])
        && two.a[1].min(two.b[1]) <= one.a[1].max(one.b[1]);
    overlap_y && apart(one, two.a, two.b) && apart(two, one.a, one.b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [Point; 4] = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]];

    fn hole(x: f64, y: f64, side: f64) -> Vec<Point> {
        vec![[x, y], [x, y + side], [x + side, y + side], [x + side, y]]
    }

    #[test]
    fn spikes_and_repeats_go() {
        let ring = [
            [0.0, 0.0],
            [0.0, 0.0],
            [10.0, 0.0],
            [20.0, 0.0],
            [10.0, 0.0],
            [10.0, 10.0],
            [0.0, 10.0],
        ];
        assert_eq!(clean_ring(ring), SQUARE.to_vec());
        assert_eq!(
            clean_ring([[0.0, 0.0], [5.0, 5.0], [0.0, 0.0], [7.0, 7.0]]),
            Vec::<Point>::new()
        );
        assert_eq!(clean_ring([[5.0, 0.0], [9.0, 0.0], [0.0, 0.0], [0.0, 9.0]]).len(), 3);
    }

    #[test]
    fn places_are_exact_at_vertices() {
        assert_eq!(place([5.0, 5.0], &SQUARE), Place::Inside);
        assert_eq!(place([10.0, 10.0], &SQUARE), Place::Border);
        assert_eq!(place([11.0, 10.0], &SQUARE), Place::Outside);
        assert_eq!(place([-1.0, 0.0], &SQUARE), Place::Outside);
        let diamond = [[0.0, -5.0], [5.0, 0.0], [0.0, 5.0], [-5.0, 0.0]];
        assert_eq!(place([-6.0, 0.0], &diamond), Place::Outside);
        assert_eq!(place([-4.0, 0.0], &diamond), Place::Inside);
    }

    #[test]
    fn holes_that_leave_cross_or_overlap_are_dropped() {
        let holes = vec![
            hole(1.0, 1.0, 3.0),
            hole(8.0, 8.0, 4.0),
            hole(2.0, 2.0, 1.0),
            hole(1.0, 1.0, 3.0),
            hole(4.0, 4.0, 2.0),
            hole(20.0, 20.0, 1.0),
        ];
        let mut polygon = Group { shell: SQUARE.to_vec(), holes };
        assert_eq!(drop_bad_holes(&mut polygon), 4);
        // The two that stay touch at a corner.
        assert_eq!(polygon.holes, vec![hole(1.0, 1.0, 3.0), hole(4.0, 4.0, 2.0)]);
    }

    #[test]
    fn a_hole_goes_to_the_smallest_shell_around_it() {
        let mut island = hole(3.0, 3.0, 4.0);
        island.reverse();
        let rings = vec![
            SQUARE.to_vec(),
            hole(2.0, 2.0, 6.0),
            island.clone(),
            hole(4.0, 4.0, 1.0),
            hole(30.0, 3.0, 1.0),
        ];
        let (groups, homeless) = group(rings);
        assert_eq!(homeless, 1);
        assert_eq!(groups[0].holes, vec![hole(2.0, 2.0, 6.0)]);
        assert_eq!(groups[1].shell, island);
        assert_eq!(groups[1].holes, vec![hole(4.0, 4.0, 1.0)]);
    }
}
