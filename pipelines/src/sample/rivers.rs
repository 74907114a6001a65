//! Rivers: the main stem and the largest tributaries, with levels of their beds.

use super::drainage::neighbours;
use super::relief::Land;
use super::valley::{PLAIN_SHARE, Valley, resampled};

/// Smallest basin of a river that has a name, and at which its line begins, square metres.
const NAMED_BASIN_M2: f64 = 5.0e6;
const HEAD_BASIN_M2: f64 = 0.35e6;
/// Shortest river, metres.
const SHORTEST_M: f64 = 2_400.0;
/// Points of a river lie this far apart, metres.
pub(super) const PITCH_M: f64 = 10.0;

/// One river from its head to its mouth.
#[derive(Clone, Debug)]
pub(super) struct River {
    /// 1 is the main stem, then by basin; the id of names and features.
    pub(super) number: usize,
    /// Number of the river that it joins; 0 for the sea.
    pub(super) joins: usize,
    /// 1 for the main stem, 2 for its tributaries, and so on.
    pub(super) rank: usize,
    /// Points from head to mouth.
    pub(super) line: Vec<[f64; 2]>,
    /// Level of the bed at each point, metres.
    pub(super) bed_m: Vec<f64>,
    /// Basin at each point, square kilometres.
    pub(super) basin_km2: Vec<f64>,
    /// Crest of the levee at each point, where there is one.
    pub(super) levee_m: Vec<Option<f64>>,
}

impl River {
    /// Width of the bed for a basin, metres: 4 √A, as of gravel rivers of Japan's hills.
    pub(super) fn width_at(&self, point: usize) -> f64 {
        (4.0 * self.basin_km2[point].sqrt()).clamp(4.0, 90.0)
    }

    /// Half the width of the gravel bottom beside a tributary, metres.
    pub(super) fn valley_at(&self, point: usize) -> f64 {
        (26.0 * self.basin_km2[point].sqrt()).clamp(30.0, 260.0)
    }

    pub(super) fn length_m(&self) -> f64 {
        self.line.windows(2).map(|pair| distance(pair[0], pair[1])).sum()
    }

    /// Middle of the left and of the right bank at a point.
    pub(super) fn banks(&self, point: usize) -> [[f64; 2]; 2] {
        let [x, y] = self.line[point];
        let before = self.line[point.saturating_sub(4)];
        let after = self.line[(point + 4).min(self.line.len() - 1)];
        let length = distance(before, after).max(1e-9);
        let (east, south) = ((after[0] - before[0]) / length, (after[1] - before[1]) / length);
        let away = 0.5 * self.width_at(point)
            + if self.levee_m[point].is_some() { LEVEE_SETBACK_M } else { 4.0 };
        // South is positive here: downstream (east, south) has its left hand at (south, -east).
        [[x + south * away, y - east * away], [x - south * away, y + east * away]]
    }
}

/// Distance of the middle of a levee from the edge of the bed, metres.
pub(super) const LEVEE_SETBACK_M: f64 = 22.0;
/// Height of a levee over the plain and depth of the bed below it, metres.
const LEVEE_M: f64 = 2.6;

/// The rivers of the land, the main stem first.
pub(super) fn rivers(land: &Land, valley: &Valley) -> Vec<River> {
    let mut rivers = vec![stem(land, valley)];
    // The river that owns each cell of the lattice; 0 is none.
    let mut owner = vec![0_usize; land.n * land.n];
    for (at, place) in land.places.iter().enumerate() {
        if place.from_river_m < 0.75 * land.cell_m {
            owner[at] = 1;
        }
    }
    while let Some((mouth, joins)) = next_mouth(land, &owner) {
        let path = upstream(land, &owner, mouth);
        let number = rivers.len() + 1;
        for cell in &path {
            owner[*cell] = number;
        }
        let host = rivers.iter().find(|river| river.number == joins);
        let tributary = host.map(|host| tributary(land, &path, number, host));
        match tributary {
            Some(river) if SHORTEST_M < river.length_m() => rivers.push(river),
            // Too short for a name: its cells stay taken, so that it is not found again.
            _ => path.iter().for_each(|cell| owner[*cell] = usize::MAX),
        }
    }
    rivers
}

/// The cell with the largest basin that drains into a river without being one.
fn next_mouth(land: &Land, owner: &[usize]) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize)> = None;
    for at in 0..owner.len() {
        let Some(next) = land.routing.downstream(at) else { continue };
        let joins = owner[next];
        let takes = owner[at] == 0 && joins != 0 && joins != usize::MAX;
        let larger = best.is_none_or(|(other, _)| land.basin_m2[other] < land.basin_m2[at]);
        if takes && NAMED_BASIN_M2 < land.basin_m2[at] && larger {
            best = Some((at, joins));
        }
    }
    best
}

/// Cells from the mouth up along the largest basin.
fn upstream(land: &Land, owner: &[usize], mouth: usize) -> Vec<usize> {
    let mut path = vec![mouth];
    let mut at = mouth;
    loop {
        let feeder = neighbours(land.n, at)
            .map(|(next, _)| next)
            .filter(|next| land.routing.downstream(*next) == Some(at) && owner[*next] == 0)
            .max_by(|a, b| land.basin_m2[*a].total_cmp(&land.basin_m2[*b]));
        match feeder {
            Some(next) if HEAD_BASIN_M2 < land.basin_m2[next] => {
                path.push(next);
                at = next;
            }
            _ => return path,
        }
    }
}

fn stem(land: &Land, valley: &Valley) -> River {
    let line = resampled(&valley.course, PITCH_M);
    let share = |point: usize| 1.0 - point as f64 / (line.len() - 1) as f64;
    let floor = |point: usize| valley.level_m(share(point) * valley.length_m());
    let mut basin_km2: Vec<f64> = line.iter().map(|at| 1e-6 * largest_basin(land, *at)).collect();
    rising(&mut basin_km2);
    let bed_m = (0..line.len()).map(|point| floor(point) - 4.0 + 1.5 * share(point)).collect();
    let levee_m =
        (0..line.len()).map(|p| (share(p) < PLAIN_SHARE).then(|| floor(p) + LEVEE_M)).collect();
    River { number: 1, joins: 0, rank: 1, line, bed_m, basin_km2, levee_m }
}

/// The largest basin within a cell of a place.
fn largest_basin(land: &Land, [x, y]: [f64; 2]) -> f64 {
    let index = |metres: f64| super::noise::cell(metres / land.cell_m, land.n);
    let at = index(y) * land.n + index(x);
    neighbours(land.n, at).map(|(next, _)| land.basin_m2[next]).fold(land.basin_m2[at], f64::max)
}

fn rising(values: &mut [f64]) {
    for at in 1..values.len() {
        values[at] = values[at].max(values[at - 1]);
    }
}

fn tributary(land: &Land, path: &[usize], number: usize, host: &River) -> River {
    let mut corners: Vec<[f64; 2]> =
        path.iter().rev().step_by(2).map(|cell| land.centre(*cell)).collect();
    let mouth = land.centre(path[0]);
    // It joins a little downstream of the nearest point, as rivers do.
    let nearest = (0..host.line.len())
        .min_by(|a, b| distance(host.line[*a], mouth).total_cmp(&distance(host.line[*b], mouth)))
        .unwrap_or_default();
    let junction = (nearest + 4).min(host.line.len() - 1);
    corners.push(host.line[junction]);
    for _ in 0..3 {
        corners = rounded(&corners);
    }
    let line = resampled(&corners, PITCH_M);
    let mut basin_km2: Vec<f64> = line.iter().map(|at| 1e-6 * largest_basin(land, *at)).collect();
    // Near the mouth, the largest basin around is the host's.
    let own = 1e-6 * land.basin_m2[path[0]];
    for basin in &mut basin_km2 {
        *basin = basin.min(own);
    }
    rising(&mut basin_km2);

    let last = line.len() - 1;
    let mut bed_m = Vec::with_capacity(line.len());
    let mut lowest = f64::INFINITY;
    for (point, at) in line.iter().enumerate() {
        let depth = 1.0 + 0.5 * basin_km2[point].sqrt().min(4.0);
        lowest = lowest.min(land.height_m(*at) - depth);
        // Not below the host, and still falling where the host's level holds it up.
        let backwater = host.bed_m[junction] + 0.2 + 0.0008 * PITCH_M * (last - point) as f64;
        bed_m.push(lowest.max(backwater));
    }
    let levee_m = vec![None; line.len()];
    let rank = host.rank + 1;
    River { number, joins: host.number, rank, line, bed_m, basin_km2, levee_m }
}

/// Corners cut at a quarter and three quarters (Chaikin 1974); ends stay.
fn rounded(line: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut out = vec![line[0]];
    for pair in line.windows(2) {
        for t in [0.25, 0.75] {
            out.push([0, 1].map(|axis| pair[0][axis] + t * (pair[1][axis] - pair[0][axis])));
        }
    }
    out.push(line[line.len() - 1]);
    out
}

pub(super) fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}
