//! Clipping to a box, one half-plane after the other.
//!
//! Polygons keep the topology of the area: where a border leaves the half-plane, it is joined
//! along the cut to the place where the area's border comes back, whichever ring that is on. A
//! ring may so fall into several, and a hole may become part of its shell. Nothing runs twice
//! along the cut, as it does with Sutherland and Hodgman (1974), Reentrant polygon clipping,
//! Comm. ACM 17(1), which remains for rings that cross themselves.

use std::cmp::Ordering;

use crate::paths::{Bounds, Paths, Point};

/// Two crossings closer than this, in units, are taken for the same place: far above the rounding
/// of a crossing (2^-14 at zoom 24), far below a unit.
const SAME_PLACE: f64 = 1e-3;

/// One side of a line parallel to an axis.
#[derive(Clone, Copy, Debug)]
struct HalfPlane {
    axis: usize,
    limit: f64,
    side: Side,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Below,
    Above,
}

/// Clips the rings of polygons: shells with positive area (x to the right, y downwards, by the
/// surveyor's formula), holes with negative area.
pub(crate) fn clip_rings(rings: &Paths, bounds: &Bounds) -> Paths {
    clip(rings, bounds, half_plane_of_rings)
}

/// Clips lines; what lies on the border of the box stays.
pub(crate) fn clip_lines(lines: &Paths, bounds: &Bounds) -> Paths {
    clip(lines, bounds, half_plane_of_lines)
}

fn clip(paths: &Paths, to: &Bounds, half_plane_of: fn(&Paths, HalfPlane) -> Paths) -> Paths {
    let own = paths.bounds();
    let mut clipped: Option<Paths> = None;
    for axis in 0..2 {
        let cuts = [
            (own.min[axis] < to.min[axis], to.min[axis], Side::Above),
            (to.max[axis] < own.max[axis], to.max[axis], Side::Below),
        ];
        for (needed, limit, side) in cuts {
            if needed {
                let half_plane = HalfPlane { axis, limit, side };
                clipped = Some(half_plane_of(clipped.as_ref().unwrap_or(paths), half_plane));
            }
        }
    }
    clipped.unwrap_or_else(|| paths.clone())
}

impl HalfPlane {
    /// Strictly inside.
    fn holds(self, point: Point) -> bool {
        match self.side {
            Side::Below => point[self.axis] < self.limit,
            Side::Above => self.limit < point[self.axis],
        }
    }

    /// Inside or on the line.
    fn admits(self, point: Point) -> bool {
        self.holds(point) || self.is_on(point)
    }

    fn is_on(self, point: Point) -> bool {
        point[self.axis].total_cmp(&self.limit) == Ordering::Equal
    }

    /// Where the segment crosses the line; the same for both directions of the segment.
    fn crossing(self, a: Point, b: Point) -> Point {
        let (axis, along) = (self.axis, 1 - self.axis);
        let (low, high) = if a[axis] < b[axis] { (a, b) } else { (b, a) };
        let share = (self.limit - low[axis]) / (high[axis] - low[axis]);
        let mut point = [self.limit; 2];
        point[along] = if self.is_on(high) {
            high[along]
        } else {
            low[along] + share * (high[along] - low[along])
        };
        point
    }
}

/// A piece of ring within the half-plane; its first and last points lie on the line.
struct Chain {
    ring: usize,
    points: Vec<Point>,
}

fn half_plane_of_rings(rings: &Paths, half_plane: HalfPlane) -> Paths {
    let mut kept = Paths::default();
    let mut chains: Vec<Chain> = Vec::new();
    for (ring, points) in rings.iter().enumerate() {
        let inside = |index: usize| half_plane.holds(points[index % points.len()]);
        let entry = (0..points.len()).find(|&index| !inside(index) && inside(index + 1));
        match entry {
            Some(entry) => {
                let turned = (entry..=entry + points.len()).map(|at| points[at % points.len()]);
                cut_ring(ring, turned, half_plane, &mut chains);
            }
            None if inside(0) => kept.push(points.iter().copied()),
            None => {}
        }
    }
    match exits_to_entries(&chains, half_plane) {
        Some(next) => join(&chains, &next, &mut kept),
        None => {
            for same_ring in chains.chunk_by(|a, b| a.ring == b.ring) {
                kept.push(same_ring.iter().flat_map(|chain| chain.points.iter().copied()));
            }
        }
    }
    kept
}

/// Cuts a ring that starts and ends at the same point outside of the half-plane.
fn cut_ring(
    ring: usize,
    points: impl Iterator<Item = Point>,
    half_plane: HalfPlane,
    chains: &mut Vec<Chain>,
) {
    let mut open: Option<Chain> = None;
    let mut last: Option<Point> = None;
    for point in points {
        match (open.take(), half_plane.holds(point), last) {
            (Some(mut chain), true, _) => {
                chain.points.push(point);
                open = Some(chain);
            }
            (Some(mut chain), false, Some(from)) => {
                chain.points.push(half_plane.crossing(from, point));
                chains.push(chain);
            }
            (None, true, Some(from)) => {
                let points = vec![half_plane.crossing(from, point), point];
                open = Some(Chain { ring, points });
            }
            _ => {}
        }
        last = Some(point);
    }
}

/// One end of a chain on the line.
struct End {
    along: f64,
    chain: usize,
    kind: EndKind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum EndKind {
    Entry,
    Exit,
}

/// For each chain, the one that the area's border goes on with; `None` if the ends do not
/// alternate, as they must along the cut of a valid polygon.
fn exits_to_entries(chains: &[Chain], half_plane: HalfPlane) -> Option<Vec<usize>> {
    let along = 1 - half_plane.axis;
    let end = |chain: usize, kind, point: Option<&Point>| {
        point.map(|point| End { along: point[along], chain, kind })
    };
    let mut ends: Vec<End> = Vec::with_capacity(2 * chains.len());
    for (index, chain) in chains.iter().enumerate() {
        ends.extend(end(index, EndKind::Entry, chain.points.first()));
        ends.extend(end(index, EndKind::Exit, chain.points.last()));
    }
    ends.sort_by(|a, b| a.along.total_cmp(&b.along).then(a.chain.cmp(&b.chain)));
    // The inside of an area lies to the left of its border (x right, y up), so the lower end of
    // each stretch of area on the cut is an exit or an entry by the direction of the cut.
    let exit_first = (half_plane.axis == 0) == (half_plane.side == Side::Below);
    let opening = if exit_first { EndKind::Exit } else { EndKind::Entry };
    alternate(&mut ends, opening)?;
    let mut next = vec![0; chains.len()];
    for pair in ends.chunks_exact(2) {
        let (exit, entry) = if exit_first { (&pair[0], &pair[1]) } else { (&pair[1], &pair[0]) };
        next[exit.chain] = entry.chain;
    }
    Some(next)
}

/// Reorders ends at the same place so that the two kinds take turns; `None` if they cannot.
fn alternate(ends: &mut [End], opening: EndKind) -> Option<()> {
    let mut expected = opening;
    for index in 0..ends.len() {
        let place = ends[index].along + SAME_PLACE;
        let found = (index..ends.len())
            .take_while(|&at| ends[at].along <= place)
            .find(|&at| ends[at].kind == expected)?;
        ends.swap(index, found);
        expected = if expected == EndKind::Exit { EndKind::Entry } else { EndKind::Exit };
    }
    (ends.len().is_multiple_of(2)).then_some(())
}

/// Follows chains from exit to entry until each is used.
fn join(chains: &[Chain], next: &[usize], rings: &mut Paths) {
    let mut used = vec![false; chains.len()];
    for start in 0..chains.len() {
        let mut members = Vec::new();
        let mut chain = start;
        while !used[chain] {
            used[chain] = true;
            members.push(chain);
            chain = next[chain];
        }
        rings.push(members.iter().flat_map(|&member| chains[member].points.iter().copied()));
    }
}

fn half_plane_of_lines(lines: &Paths, half_plane: HalfPlane) -> Paths {
    let mut kept = Paths::default();
    let mut part: Vec<Point> = Vec::new();
    for line in lines.iter() {
        let mut last: Option<Point> = None;
        for &point in line {
            let inside = half_plane.admits(point);
            if let Some(from) = last
                && half_plane.admits(from) != inside
            {
                part.push(half_plane.crossing(from, point));
            }
            if inside {
                part.push(point);
            } else {
                kept.push(part.drain(..));
            }
            last = Some(point);
        }
        kept.push(part.drain(..));
    }
    kept
}
