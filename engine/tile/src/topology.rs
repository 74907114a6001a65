//! Shared borders: paths cut into arcs, each simplified once for all who use it.
//!
//! A vertex where paths meet, part or end is a *junction*; junctions never move and never go. Two
//! paths that run through the same vertices between two junctions use the same arc, whichever way
//! they run, so whatever is done to the arc is done to both sides of the border. Borders are
//! recognised by equal coordinates, to the last bit.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::paths::Point;

/// Whether a path ends where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathKind {
    /// A ring, its first point not repeated.
    Closed,
    /// A line.
    Open,
}

/// Paths cut into arcs.
#[derive(Debug, Default)]
pub(crate) struct Topology {
    vertices: Vec<Point>,
    /// Vertex numbers of all arcs, one arc after the other.
    members: Vec<u32>,
    /// For each member, the largest tolerance at which it goes; infinite at the ends of an arc. Empty
    /// where nothing was weighed ([`Self::uncut`]).
    weights: Vec<f64>,
    /// Where each arc ends in `members`.
    arc_ends: Vec<usize>,
    /// Arcs of all paths, one path after the other.
    uses: Vec<Use>,
    /// Where each path ends in `uses`.
    path_ends: Vec<usize>,
}

/// One use of an arc by a path.
#[derive(Clone, Copy, Debug)]
struct Use {
    arc: u32,
    way: Way,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Along,
    Against,
}

/// Multiplies and folds. Collisions crafted into a file would only slow down its own build, so
/// the defence of the standard hasher is not needed.
#[derive(Default)]
struct CoordinateHasher(u64);

impl Hasher for CoordinateHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        // The golden ratio in 64 bits, as in Fibonacci hashing (Knuth, volume 3, 6.4).
        let mixed = u128::from(self.0.rotate_left(32) ^ word) * 0x9e37_79b9_7f4a_7c15;
        let (low, high) = (mixed & u128::from(u64::MAX), mixed >> 64);
        self.0 = u64::try_from(low ^ high).unwrap_or_default();
    }
}

type Map<K, V> = HashMap<K, V, BuildHasherDefault<CoordinateHasher>>;

impl Topology {
    /// Cuts paths into arcs and weighs their vertices. Every path has a point.
    pub(crate) fn of<'a>(paths: impl Iterator<Item = (PathKind, &'a [Point])>) -> Self {
        let mut topology = Self::default();
        let mut numbers: Map<[u64; 2], u32> = Map::default();
        let mut numbered: Vec<(PathKind, Vec<u32>)> = Vec::new();
        for (kind, points) in paths {
            let path = points.iter().map(|&point| topology.number(point, &mut numbers)).collect();
            numbered.push((kind, path));
        }
        let junctions = junctions(&numbered, topology.vertices.len());
        let mut arcs: Map<[u32; 2], u32> = Map::default();
        for (kind, path) in &numbered {
            topology.cut(*kind, path, &junctions, &mut arcs);
            topology.path_ends.push(topology.uses.len());
        }
        topology.weigh();
        topology
    }

    /// Keeps each path as one arc of its own, without weights: enough where nothing is simplified,
    /// and rounding alone treats both sides of a border alike.
    pub(crate) fn uncut(paths: impl Iterator<Item = Vec<Point>>) -> Self {
        let mut topology = Self::default();
        for path in paths {
            let start = topology.vertices.len();
            topology.vertices.extend(path);
            topology.members.extend((start..topology.vertices.len()).map(index_u32));
            let arc = index_u32(topology.arc_ends.len());
            topology.arc_ends.push(topology.members.len());
            topology.uses.push(Use { arc, way: Way::Along });
            topology.path_ends.push(topology.uses.len());
        }
        topology
    }

    fn number(&mut self, point: Point, numbers: &mut Map<[u64; 2], u32>) -> u32 {
        // Adding zero turns -0 into 0.
        let key = point.map(|coordinate| (coordinate + 0.0).to_bits());
        *numbers.entry(key).or_insert_with(|| {
            self.vertices.push(point);
            index_u32(self.vertices.len() - 1)
        })
    }

    /// Cuts one path at its junctions.
    fn cut(
        &mut self,
        kind: PathKind,
        path: &[u32],
        junctions: &[bool],
        arcs: &mut Map<[u32; 2], u32>,
    ) {
        let is_junction = |vertex: u32| junctions[vertex as usize];
        if kind == PathKind::Open {
            return self.cut_open(path, junctions, arcs);
        }
        let start = match path.iter().position(|&vertex| is_junction(vertex)) {
            Some(junction) => junction,
            // A ring of its own starts at its lowest vertex, so that the ring of a hole and of
            // what fills it are one arc.
            None => (0..path.len()).min_by_key(|&at| path[at]).unwrap_or(0),
        };
        let turned: Vec<u32> =
            (start..=start + path.len()).map(|at| path[at % path.len()]).collect();
        self.cut_open(&turned, junctions, arcs);
    }

    fn cut_open(&mut self, path: &[u32], junctions: &[bool], arcs: &mut Map<[u32; 2], u32>) {
        let mut start = 0;
        for at in 1..path.len() {
            if junctions[path[at] as usize] || at + 1 == path.len() {
                self.add_use(&path[start..=at], arcs);
                start = at;
            }
        }
        if path.len() == 1 {
            self.add_use(path, arcs);
        }
    }

    /// Finds or makes the arc through `members`. Between junctions there is one way only, so its
    /// first two vertices name an arc, read from its lower end.
    fn add_use(&mut self, members: &[u32], arcs: &mut Map<[u32; 2], u32>) {
        let (first, last) = (members[0], members[members.len() - 1]);
        let second = members.get(1).copied().unwrap_or(first);
        let second_last = members.get(members.len().wrapping_sub(2)).copied().unwrap_or(first);
        let along = (first, second) <= (last, second_last);
        let (key, way) =
            if along { ([first, second], Way::Along) } else { ([last, second_last], Way::Against) };
        let arc = *arcs.entry(key).or_insert_with(|| {
            match way {
                Way::Along => self.members.extend(members),
                Way::Against => self.members.extend(members.iter().rev()),
            }
            self.arc_ends.push(self.members.len());
            index_u32(self.arc_ends.len() - 1)
        });
        self.uses.push(Use { arc, way });
    }

    fn arc(&self, arc: usize) -> std::ops::Range<usize> {
        let start = arc.checked_sub(1).map_or(0, |before| self.arc_ends[before]);
        start..self.arc_ends[arc]
    }

    fn path(&self, path: usize) -> &[Use] {
        let start = path.checked_sub(1).map_or(0, |before| self.path_ends[before]);
        &self.uses[start..self.path_ends[path]]
    }

    /// Number of arcs.
    pub(crate) fn arcs(&self) -> usize {
        self.arc_ends.len()
    }

    /// The arcs that a path uses.
    pub(crate) fn arcs_of(&self, path: usize) -> impl Iterator<Item = usize> {
        self.path(path).iter().map(|part| part.arc as usize)
    }

    /// The points of a path at a tolerance given for each arc, in the units of the points. Of a
    /// closed path the first point comes again at the end.
    pub(crate) fn points(
        &self,
        path: usize,
        tolerance: impl Fn(usize) -> f64,
    ) -> impl Iterator<Item = Point> {
        self.path(path).iter().enumerate().flat_map(move |(order, part)| {
            let arc = self.arc(part.arc as usize);
            let tolerance = tolerance(part.arc as usize);
            let (length, start) = (arc.len(), arc.start);
            // The first vertex of an arc is the last of the arc before.
            let skip = usize::from(0 < order);
            (skip..length)
                .map(move |at| match part.way {
                    Way::Along => start + at,
                    Way::Against => start + length - 1 - at,
                })
                .filter(move |&member| tolerance <= 0.0 || tolerance < self.weights[member])
                .map(|member| self.vertices[self.members[member] as usize])
        })
    }

    /// Weighs the vertices of each arc by Douglas and Peucker (1973), The Canadian Cartographer
    /// 10(2): a vertex stays at a tolerance if the distance that split its stretch, and all
    /// distances above it, are larger. One pass so serves all tolerances.
    fn weigh(&mut self) {
        self.weights = vec![f64::INFINITY; self.members.len()];
        let mut open: Vec<(usize, usize, f64)> = Vec::new();
        for arc in 0..self.arcs() {
            let range = self.arc(arc);
            open.push((range.start, range.end - 1, f64::INFINITY));
            while let Some((from, to, above)) = open.pop() {
                let Some((split, distance)) = self.farthest(from, to) else { continue };
                let weight = distance.min(above);
                self.weights[split] = weight;
                open.push((from, split, weight));
                open.push((split, to, weight));
            }
        }
    }

    /// The member strictly between `from` and `to` that is farthest from their chord.
    fn farthest(&self, from: usize, to: usize) -> Option<(usize, f64)> {
        let position = |member: usize| self.vertices[self.members[member] as usize];
        let (a, b) = (position(from), position(to));
        let mut best: Option<(usize, f64)> = None;
        for member in from + 1..to {
            let distance2 = distance2_to_segment(position(member), a, b);
            if best.is_none_or(|(_, farthest)| farthest < distance2) {
                best = Some((member, distance2));
            }
        }
        best.map(|(member, distance2)| (member, distance2.sqrt()))
    }
}

/// Whether a vertex is a junction: an end of a line, or passed with different neighbours.
fn junctions(paths: &[(PathKind, Vec<u32>)], vertices: usize) -> Vec<bool> {
    let mut junctions = vec![false; vertices];
    let mut neighbours: Vec<Option<[u32; 2]>> = vec![None; vertices];
    for (kind, path) in paths {
        let length = path.len();
        for (at, &vertex) in path.iter().enumerate() {
            let is_end = *kind == PathKind::Open && (at == 0 || at + 1 == length);
            let before = path[(at + length - 1) % length];
            let after = path[(at + 1) % length];
            let pair = [before.min(after), before.max(after)];
            let known = *neighbours[vertex as usize].get_or_insert(pair);
            junctions[vertex as usize] |= is_end || known != pair;
        }
    }
    junctions
}

fn distance2_to_segment(p: Point, a: Point, b: Point) -> f64 {
    let [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    let length2 = dx * dx + dy * dy;
    let share = if 0.0 < length2 {
        (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let [ex, ey] = [p[0] - a[0] - share * dx, p[1] - a[1] - share * dy];
    ex * ex + ey * ey
}

/// Numbers of vertices and arcs. A table of 2^32 vertices would need 64 GiB before it came here.
fn index_u32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
