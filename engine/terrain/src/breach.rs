//! Cutting channels out of pits, where a short and shallow cut is enough.
//!
//! Roads, bridges and raised crossings close valleys in a height model; filling would put a lake
//! behind each. Least-cost breaching (Lindsay 2016, Hydrological Processes 30; Lindsay & Dhun
//! 2015, IJGIS 29) looks for the way out of a pit that takes away the least ground. Here every
//! way is sought in the heights **as given**, and the cuts are then applied together: neither the
//! order of the pits nor the number of threads can change a bit.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use crate::cells::{STEPS, Shape, is_diagonal, narrow};
use crate::patch::Window;

/// How far a channel may be cut; what needs more is filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breach {
    /// No cell is lowered by more than this, in m.
    pub depth_m: f32,
    /// No channel leaves the square of this many cells to each side of its pit; at most 255.
    pub reach_cells: usize,
}

/// The greatest reach: a square of 511 x 511 cells is searched in 5 MiB.
pub const MOST_REACH: usize = 255;

/// Parts of a metre that a cut is measured in: whole numbers add up the same in any order.
const PARTS: f32 = 65_536.0;

/// Lengths of a straight and a diagonal step: their ratio is that of the way to 1 %.
const STRAIGHT: u32 = 5;
const DIAGONAL: u32 = 7;

/// A cell on a channel, and the height that the channel has.
pub(crate) type Cut = (u32, f32);

/// The square around one pit.
struct Search {
    reach: usize,
    /// Cost and length of the best way known to each cell of the square.
    best: Vec<(u64, u32)>,
    /// The step that led there.
    from: Vec<u8>,
    touched: Vec<u32>,
    heap: BinaryHeap<Reverse<(u64, u32, u32)>>,
}

/// No way is known.
const FAR: (u64, u32) = (u64::MAX, u32::MAX);

impl Search {
    fn new(reach: usize) -> Self {
        let edge = 2 * reach + 1;
        Self {
            reach,
            best: vec![FAR; edge * edge],
            from: vec![0; edge * edge],
            touched: Vec::new(),
            heap: BinaryHeap::new(),
        }
    }

    fn clear(&mut self) {
        for at in self.touched.drain(..) {
            self.best[at as usize] = FAR;
        }
        self.heap.clear();
    }

    fn offer(&mut self, at: usize, way: (u64, u32), step: usize) {
        if way < self.best[at] {
            if self.best[at] == FAR {
                self.touched.push(narrow(at));
            }
            self.best[at] = way;
            #[expect(clippy::cast_possible_truncation, reason = "one of eight steps")]
            let step = step as u8;
            self.from[at] = step;
            self.heap.push(Reverse((way.0, way.1, narrow(at))));
        }
    }

    /// The cell of the raster at a place of the square.
    fn cell(&self, ground: &Ground<'_>, pit: usize, at: usize) -> Option<usize> {
        let edge = 2 * self.reach + 1;
        let [row, column] = ground.shape.place(pit);
        let row = (row + at / edge).checked_sub(self.reach)?;
        let column = (column + at % edge).checked_sub(self.reach)?;
        (row < ground.shape.rows && column < ground.shape.columns)
            .then_some(row * ground.shape.columns + column)
    }

    /// The place of the square one step on; `None` beyond it.
    fn next(&self, at: usize, step: usize) -> Option<usize> {
        Shape { rows: 2 * self.reach + 1, columns: 2 * self.reach + 1 }.step(at, step)
    }

    /// The cuts that let a pit run off; none if it needs too much, or none at all.
    fn run(&mut self, ground: &Ground<'_>, pit: usize, cuts: &mut Vec<Cut>) {
        self.clear();
        let bottom = ground.values[pit];
        let centre = self.best.len() / 2;
        self.offer(centre, (0, 0), 0);
        while let Some(Reverse((cost, length, at))) = self.heap.pop() {
            let at = at as usize;
            if self.best[at] < (cost, length) {
                continue;
            }
            let Some(cell) = self.cell(ground, pit, at) else { continue };
            let here = ground.values[cell];
            if here < bottom || ground.is_rim(cell) {
                self.trace(ground, (pit, at), cuts);
                return;
            }
            if cost == 0 && cell < pit && here <= bottom {
                // The same flat has an earlier cell, which looks for the way of all.
                return;
            }
            for step in 0..STEPS.len() {
                let Some(next) = self.next(at, step) else { continue };
                let Some(target) = self.cell(ground, pit, next) else { continue };
                let rise = (ground.values[target] - bottom).max(0.0);
                if ground.values[target].is_nan() || ground.limits.depth_m < rise {
                    continue;
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "not negative, and a float beyond u64 becomes its greatest number"
                )]
                let cut = (rise * PARTS) as u64;
                let onward = if is_diagonal(step) { DIAGONAL } else { STRAIGHT };
                self.offer(next, (cost.saturating_add(cut), length + onward), step);
            }
        }
    }

    /// Walks back from the end of the way to the pit and notes every cell above its bottom.
    fn trace(&self, ground: &Ground<'_>, (pit, end): (usize, usize), cuts: &mut Vec<Cut>) {
        let bottom = ground.values[pit];
        let mut at = end;
        while at != self.best.len() / 2 {
            if let Some(cell) = self.cell(ground, pit, at)
                && bottom < ground.values[cell]
            {
                cuts.push((narrow(cell), bottom));
            }
            let back = (usize::from(self.from[at]) + STEPS.len() / 2) % STEPS.len();
            let Some(before) = self.next(at, back) else { return };
            at = before;
        }
    }
}

struct Ground<'a> {
    values: &'a [f32],
    shape: Shape,
    limits: Breach,
}

impl Ground<'_> {
    fn is_rim(&self, cell: usize) -> bool {
        let mut inside = 0;
        for (_, next) in self.shape.neighbours(cell) {
            if self.values[next].is_nan() {
                return true;
            }
            inside += 1;
        }
        inside < STEPS.len()
    }

    /// Whether a cell begins a pit: nothing lower beside it, and no earlier cell as high.
    fn is_pit(&self, cell: usize) -> bool {
        let here = self.values[cell];
        // A NaN is no reason against a pit here; the rim is asked last, because it is rare.
        !here.is_nan()
            && self.shape.neighbours(cell).all(|(_, next)| {
                let other = self.values[next];
                !(other < here || (next < cell && other <= here))
            })
            && !self.is_rim(cell)
    }
}

/// The cuts of all pits in a window, in the order of the pits.
pub(crate) fn cuts(values: &[f32], shape: Shape, limits: Breach, window: &Window) -> Vec<Cut> {
    let ground = Ground { values, shape, limits };
    let per_row: Vec<Vec<Cut>> = window
        .rows
        .clone()
        .into_par_iter()
        .map_init(
            || Search::new(limits.reach_cells.clamp(1, MOST_REACH)),
            |search, row| {
                let mut cuts = Vec::new();
                let first = row * shape.columns;
                for cell in first + window.columns.start..first + window.columns.end {
                    if ground.is_pit(cell) {
                        search.run(&ground, cell, &mut cuts);
                    }
                }
                cuts
            },
        )
        .collect();
    per_row.concat()
}

/// Cuts the channels of all pits into `values`.
pub(crate) fn breach(values: &mut [f32], shape: Shape, limits: Breach) {
    let whole = Window { rows: 0..shape.rows, columns: 0..shape.columns };
    for (cell, level) in cuts(values, shape, limits, &whole) {
        let here = &mut values[cell as usize];
        *here = here.min(level);
    }
}
