//! Filling depressions: every cell gets the lowest level at which water can leave it.
//!
//! The level of a cell is the least, over all ways to the rim, of the highest cell on the way. It
//! has one value, whatever the order of the work. Priority-Flood (Barnes, Lehman & Mulla 2014,
//! Computers & Geosciences 62) finds it within a patch; patches are joined by the graph of the
//! lowest passes between their basins (Barnes 2016, Computers & Geosciences 96), so that they are
//! flooded at the same time, and a raster larger than memory is flooded one patch after another.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use crate::cells::{Shape, height, narrow, order};
use crate::patch::{Patch, Window};

/// The basin of everything outside.
const OUTSIDE: u32 = 0;
/// A cell that no basin has reached yet.
const DRY: u32 = u32::MAX;
/// A cell of the frame, or without data.
const WALL: u32 = u32::MAX - 1;

/// The lowest pass between two basins, or to the outside.
type Pass = ([u32; 2], u32);

/// A patch flooded on its own: levels from its border inwards, and what joins it to others.
pub(crate) struct Flooded {
    inner: Shape,
    /// Levels, line by line without the frame; `NaN` outside.
    levels: Vec<f32>,
    /// The basin of each cell: [`OUTSIDE`], then 1 to `basins`.
    labels: Vec<u32>,
    basins: u32,
    passes: Vec<Pass>,
}

/// What remains of a flooded patch for the graph: its border, its basins and their passes.
pub(crate) struct Border {
    basins: u32,
    passes: Vec<Pass>,
    /// North, south, west and east: basin and level, [`WALL`] where there is no data.
    sides: [Vec<(u32, u32)>; 4],
}

struct Flood<'a> {
    patch: &'a Patch,
    labels: Vec<u32>,
    levels: Vec<f32>,
    /// Cells that wait, lowest first: order of the level, then place.
    heap: BinaryHeap<Reverse<u64>>,
    /// Cells at the level of the flood: they need no order.
    pond: Vec<u32>,
    basins: u32,
    passes: Vec<Pass>,
}

impl Flood<'_> {
    /// The border of the patch and the rim of the data are where water may leave.
    fn seed(&mut self) {
        let Shape { rows, columns } = self.patch.inner;
        for row in 0..rows {
            for column in 0..columns {
                let at = self.patch.at(row, column);
                let here = self.patch.heights[at];
                if here.is_nan() {
                    continue;
                }
                self.labels[at] = DRY;
                let border = row == 0 || column == 0 || row + 1 == rows || column + 1 == columns;
                if border || self.patch.is_rim(at) {
                    self.heap.push(Reverse(u64::from(order(here)) << 32 | at as u64));
                }
            }
        }
    }

    fn run(&mut self) {
        loop {
            if let Some(at) = self.pond.pop() {
                self.spread(at as usize);
                continue;
            }
            let Some(Reverse(next)) = self.heap.pop() else { break };
            let at = (next & 0xffff_ffff) as usize;
            if self.labels[at] == DRY {
                self.labels[at] = if self.patch.is_rim(at) {
                    OUTSIDE
                } else {
                    self.basins += 1;
                    self.basins
                };
                self.levels[at] = self.patch.heights[at];
            } else if next >> 32 != u64::from(order(self.levels[at])) {
                continue;
            }
            self.spread(at);
        }
    }

    /// Takes the dry neighbours of a cell into its basin; notes passes into other basins.
    fn spread(&mut self, at: usize) {
        let (label, level) = (self.labels[at], self.levels[at]);
        for step in self.patch.steps {
            let next = at.wrapping_add_signed(step);
            let other = self.labels[next];
            if other == label {
                continue;
            }
            if other == WALL {
                if label != OUTSIDE && self.patch.heights[next].is_nan() {
                    self.passes.push(([OUTSIDE, label], order(level)));
                }
                continue;
            }
            if other != DRY {
                let pass = order(level).max(order(self.levels[next]));
                self.passes.push(([label.min(other), label.max(other)], pass));
                continue;
            }
            self.labels[next] = label;
            let above = self.patch.heights[next];
            if level < above {
                self.levels[next] = above;
                self.heap.push(Reverse(u64::from(order(above)) << 32 | next as u64));
            } else {
                self.levels[next] = level;
                self.pond.push(narrow(next));
            }
        }
    }
}

/// Floods a patch from its border and its rim.
pub(crate) fn flood(patch: &Patch) -> Flooded {
    let count = patch.heights.len();
    let mut flood = Flood {
        patch,
        labels: vec![WALL; count],
        levels: vec![f32::NAN; count],
        heap: BinaryHeap::new(),
        pond: Vec::new(),
        basins: 0,
        passes: Vec::new(),
    };
    flood.seed();
    flood.run();
    let Flood { labels, levels, basins, mut passes, .. } = flood;
    lowest(&mut passes);
    let lines = |row: usize| patch.at(row, 0)..patch.at(row, 0) + patch.inner.columns;
    let rows = 0..patch.inner.rows;
    Flooded {
        inner: patch.inner,
        levels: rows.clone().flat_map(|row| &levels[lines(row)]).copied().collect(),
        labels: rows.flat_map(|row| &labels[lines(row)]).copied().collect(),
        basins,
        passes,
    }
}

/// Keeps the lowest of the passes between the same two basins.
fn lowest(passes: &mut Vec<Pass>) {
    passes.sort_unstable();
    passes.dedup_by_key(|(pair, _)| *pair);
}

impl Flooded {
    /// What the graph needs to know.
    pub(crate) fn border(&self) -> Border {
        let Shape { rows, columns } = self.inner;
        let cell = |row: usize, column: usize| {
            let at = row * columns + column;
            (self.labels[at], order(self.levels[at]))
        };
        Border {
            basins: self.basins,
            passes: self.passes.clone(),
            sides: [
                (0..columns).map(|column| cell(0, column)).collect(),
                (0..columns).map(|column| cell(rows - 1, column)).collect(),
                (0..rows).map(|row| cell(row, 0)).collect(),
                (0..rows).map(|row| cell(row, columns - 1)).collect(),
            ],
        }
    }

    /// Raises every cell to the level at which its basin runs over: `levels[basin]`.
    pub(crate) fn raise(mut self, levels: &[u32]) -> Vec<f32> {
        for (level, label) in self.levels.iter_mut().zip(&self.labels) {
            if *label != WALL {
                *level = height(order(*level).max(levels[*label as usize]));
            }
        }
        self.levels
    }
}

/// Levels at which the basins of all patches run over, patch by patch; the first of each is that
/// of the outside. `across` is the number of patches in a row.
pub(crate) fn join(borders: &[Border], across: usize) -> Vec<Vec<u32>> {
    let mut firsts = Vec::with_capacity(borders.len());
    let mut count = 1_usize;
    for border in borders {
        firsts.push(count);
        count += border.basins as usize;
    }
    let mut passes = Vec::new();
    for (border, first) in borders.iter().zip(&firsts) {
        let whole = |label: u32| global(label, *first);
        passes.extend(border.passes.iter().map(|([a, b], level)| ([whole(*a), whole(*b)], *level)));
    }
    for tile in 0..borders.len() {
        seams(borders, &firsts, (tile, across), &mut passes);
    }
    lowest(&mut passes);
    let levels = run_over(&passes, count);
    borders
        .iter()
        .zip(&firsts)
        .map(|(border, first)| {
            std::iter::once(0).chain(levels[*first..][..border.basins as usize].iter().copied())
        })
        .map(Iterator::collect)
        .collect()
}

fn global(label: u32, first: usize) -> u32 {
    if label == OUTSIDE { OUTSIDE } else { narrow(first + label as usize - 1) }
}

/// Passes from one patch to those in the east, the south and the two southern corners.
fn seams(
    borders: &[Border],
    firsts: &[usize],
    (tile, across): (usize, usize),
    passes: &mut Vec<Pass>,
) {
    let mut meet = |a: (usize, (u32, u32)), b: (usize, (u32, u32))| {
        let ((tile_a, (label_a, level_a)), (tile_b, (label_b, level_b))) = (a, b);
        if label_a == WALL || label_b == WALL {
            return;
        }
        let (a, b) = (global(label_a, firsts[tile_a]), global(label_b, firsts[tile_b]));
        if a != b {
            passes.push(([a.min(b), a.max(b)], level_a.max(level_b)));
        }
    };
    let [_, south, _, east] = &borders[tile].sides;
    let column = tile % across;
    let mut side_by_side = |here: &[(u32, u32)], other: usize, there: &[(u32, u32)]| {
        for (index, cell) in here.iter().enumerate() {
            let beside = index.saturating_sub(1)..(index + 2).min(there.len());
            for next in &there[beside] {
                meet((tile, *cell), (other, *next));
            }
        }
    };
    if column + 1 < across {
        side_by_side(east, tile + 1, &borders[tile + 1].sides[2]);
    }
    let below = tile + across;
    if below < borders.len() {
        side_by_side(south, below, &borders[below].sides[0]);
        if 0 < column {
            let north = &borders[below - 1].sides[0];
            meet((tile, south[0]), (below - 1, north[north.len() - 1]));
        }
        if column + 1 < across {
            meet((tile, south[south.len() - 1]), (below + 1, borders[below + 1].sides[0][0]));
        }
    }
}

/// The level of each basin: the least, over all ways to the outside, of the highest pass.
fn run_over(passes: &[Pass], count: usize) -> Vec<u32> {
    let mut starts = vec![0_u32; count + 1];
    for ([a, b], _) in passes {
        starts[*a as usize] += 1;
        starts[*b as usize] += 1;
    }
    let mut total = 0;
    for start in &mut starts {
        total += std::mem::replace(start, total);
    }
    let mut next = starts.clone();
    let mut links = vec![(0_u32, 0_u32); passes.len() * 2];
    for ([a, b], level) in passes {
        for (from, to) in [(*a, *b), (*b, *a)] {
            let slot = &mut next[from as usize];
            links[*slot as usize] = (to, *level);
            *slot += 1;
        }
    }
    let mut levels = vec![u32::MAX; count];
    levels[OUTSIDE as usize] = 0;
    let mut heap = BinaryHeap::from([Reverse((0_u32, OUTSIDE))]);
    while let Some(Reverse((level, basin))) = heap.pop() {
        let basin = basin as usize;
        if levels[basin] < level {
            continue;
        }
        for (to, pass) in &links[starts[basin] as usize..starts[basin + 1] as usize] {
            let over = level.max(*pass);
            if over < levels[*to as usize] {
                levels[*to as usize] = over;
                heap.push(Reverse((over, *to)));
            }
        }
    }
    levels
}

/// Fills the depressions of a raster in memory, in patches of `edge` x `edge` cells at the same
/// time. The edge changes no bit.
pub(crate) fn fill(values: &[f32], shape: Shape, edge: usize) -> Vec<f32> {
    let windows = Window::cover(shape, edge);
    let flooded: Vec<Flooded> =
        windows.par_iter().map(|window| flood(&Patch::cut(values, shape, window))).collect();
    let borders: Vec<Border> = flooded.par_iter().map(Flooded::border).collect();
    let levels = join(&borders, shape.columns.div_ceil(edge));
    let raised: Vec<Vec<f32>> = flooded
        .into_par_iter()
        .zip(&levels)
        .map(|(flooded, levels)| flooded.raise(levels))
        .collect();
    let mut filled = vec![f32::NAN; values.len()];
    let across = shape.columns.div_ceil(edge);
    filled.par_chunks_mut(shape.columns).enumerate().for_each(|(row, line)| {
        let tiles = row / edge * across..(row / edge + 1) * across;
        for (window, raised) in windows[tiles.clone()].iter().zip(&raised[tiles]) {
            let width = window.columns.len();
            let from = &raised[(row - window.rows.start) * width..][..width];
            line[window.columns.clone()].copy_from_slice(from);
        }
    });
    filled
}
