//! Commands of a geometry, and the rules of its rings.

use super::Rule;

/// A position in tile units; 32-bit by the specification.
type Point = [i64; 2];

const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE_PATH: u32 = 7;

/// The command stream of one feature.
struct Commands<'a> {
    rest: &'a [u32],
    cursor: Point,
}

impl<'a> Commands<'a> {
    fn new(words: &'a [u32]) -> Self {
        Self { rest: words, cursor: [0, 0] }
    }

    /// The count of the next command, which must be `id`.
    fn expect(&mut self, id: u32) -> Result<usize, Rule> {
        let (&word, rest) = self.rest.split_first().ok_or(Rule::Command)?;
        self.rest = rest;
        let count = (word >> 3) as usize;
        if word & 7 == id && 0 < count { Ok(count) } else { Err(Rule::Command) }
    }

    /// Moves the cursor by the next two parameters.
    fn step(&mut self) -> Result<Point, Rule> {
        let [dx, dy, rest @ ..] = self.rest else { return Err(Rule::Parameters) };
        self.rest = rest;
        for (axis, word) in [dx, dy].into_iter().enumerate() {
            let delta = i64::from(word >> 1) ^ -i64::from(word & 1);
            self.cursor[axis] += delta;
            // 4.3.2: parameters beyond 2^31 - 1 either way are not supported.
            if delta.unsigned_abs() >> 31 != 0 || i32::try_from(self.cursor[axis]).is_err() {
                return Err(Rule::Parameters);
            }
        }
        Ok(self.cursor)
    }

    /// A `MoveTo` of one point and a `LineTo` of at least `edges`, no edge without length.
    fn path(&mut self, edges: usize) -> Result<Vec<Point>, Rule> {
        if self.expect(MOVE_TO)? != 1 {
            return Err(Rule::Command);
        }
        let mut path = vec![self.step()?];
        let count = self.expect(LINE_TO)?;
        if count < edges {
            return Err(Rule::Command);
        }
        for _ in 0..count {
            let before = self.cursor;
            path.push(self.step()?);
            if before == self.cursor {
                return Err(Rule::ZeroLength);
            }
        }
        Ok(path)
    }
}

/// 4.3.4.2: one `MoveTo`.
pub(super) fn check_points(words: &[u32]) -> Result<(), Rule> {
    let mut commands = Commands::new(words);
    for _ in 0..commands.expect(MOVE_TO)? {
        commands.step()?;
    }
    if commands.rest.is_empty() { Ok(()) } else { Err(Rule::Command) }
}

/// 4.3.4.3: pairs of `MoveTo` and `LineTo`.
pub(super) fn check_lines(words: &[u32]) -> Result<(), Rule> {
    let mut commands = Commands::new(words);
    while !commands.rest.is_empty() {
        commands.path(1)?;
    }
    Ok(())
}

/// 4.3.4.4: rings of `MoveTo`, `LineTo` and `ClosePath`; each shell, of positive area, is
/// followed by its holes, of negative area.
pub(super) fn check_polygons(words: &[u32]) -> Result<(), Rule> {
    let mut commands = Commands::new(words);
    let mut polygon: Vec<Vec<Point>> = Vec::new();
    while !commands.rest.is_empty() {
        let ring = commands.path(2)?;
        if commands.expect(CLOSE_PATH)? != 1 {
            return Err(Rule::Command);
        }
        if ring.first() == ring.last() {
            return Err(Rule::ClosedTwice);
        }
        match area2(&ring).signum() {
            0 => return Err(Rule::ZeroArea),
            1 => {
                check_holes(&polygon)?;
                polygon = vec![ring];
            }
            _ if polygon.is_empty() => return Err(Rule::HoleFirst),
            _ => polygon.push(ring),
        }
    }
    check_holes(&polygon)
}

/// Twice the area by the surveyor's formula.
fn area2(ring: &[Point]) -> i128 {
    let closed = ring.iter().zip(ring.iter().cycle().skip(1));
    closed.map(|(a, b)| i128::from(a[0] * b[1]) - i128::from(a[1] * b[0])).sum()
}

/// Which side of `a -> b` the point lies on: -1, 0 or 1.
fn side(a: Point, b: Point, point: Point) -> i128 {
    let [x, y] = [i128::from(b[0] - a[0]), i128::from(b[1] - a[1])];
    (x * i128::from(point[1] - a[1]) - y * i128::from(point[0] - a[0])).signum()
}

/// Position with regard to a ring: -1 outside, 0 on its border, 1 inside.
fn position(point: Point, ring: &[Point]) -> i32 {
    let mut crossings = 0;
    for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        let (lower, upper) = if a[1] <= b[1] { (*a, *b) } else { (*b, *a) };
        let within = |axis: usize| {
            a[axis].min(b[axis]) <= point[axis] && point[axis] <= a[axis].max(b[axis])
        };
        let turn = side(lower, upper, point);
        if turn == 0 && within(0) && within(1) {
            return 0;
        }
        if lower[1] <= point[1] && point[1] < upper[1] && turn == 1 {
            crossings += 1;
        }
    }
    if crossings % 2 == 1 { 1 } else { -1 }
}

/// Holes lie in their shell and do not overlap; they may touch.
fn check_holes(polygon: &[Vec<Point>]) -> Result<(), Rule> {
    let Some((shell, holes)) = polygon.split_first().filter(|(_, holes)| !holes.is_empty()) else {
        return Ok(());
    };
    if holes.iter().flatten().any(|point| position(*point, shell) == -1) {
        return Err(Rule::HoleOutside);
    }
    for (index, hole) in holes.iter().enumerate() {
        for other in &holes[..index] {
            let inside = |points: &[Point], ring: &[Point]| {
                points.iter().any(|point| position(*point, ring) == 1)
            };
            if boxes_touch(hole, other) && (inside(hole, other) || inside(other, hole)) {
                return Err(Rule::HolesOverlap);
            }
        }
    }
    match crossing(polygon) {
        Some((0, _)) => Err(Rule::HoleOutside),
        Some(_) => Err(Rule::HolesOverlap),
        None => Ok(()),
    }
}

fn boxes_touch(one: &[Point], two: &[Point]) -> bool {
    let range = |ring: &[Point], axis: usize| {
        ring.iter().fold((i64::MAX, i64::MIN), |(low, high), point| {
            (low.min(point[axis]), high.max(point[axis]))
        })
    };
    (0..2).all(|axis| {
        let ((low, high), (other_low, other_high)) = (range(one, axis), range(two, axis));
        low <= other_high && other_low <= high
    })
}

/// Two rings, by number, of which an edge of one crosses an edge of the other.
fn crossing(rings: &[Vec<Point>]) -> Option<(usize, usize)> {
    let mut edges: Vec<(Point, Point, usize)> = Vec::new();
    for (ring, points) in rings.iter().enumerate() {
        let closed = points.iter().zip(points.iter().cycle().skip(1));
        edges.extend(closed.map(|(a, b)| (*a.min(b), *a.max(b), ring)));
    }
    edges.sort_unstable();
    for (index, (a, b, ring)) in edges.iter().enumerate() {
        let near = edges[index + 1..].iter().take_while(|(c, _, _)| c[0] <= b[0]);
        for (c, d, other) in near.filter(|(_, _, other)| other != ring) {
            let divided = side(*a, *b, *c) * side(*a, *b, *d) == -1;
            if divided && side(*c, *d, *a) * side(*c, *d, *b) == -1 {
                return Some((*ring.min(other), *ring.max(other)));
            }
        }
    }
    None
}
