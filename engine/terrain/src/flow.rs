//! Where water goes from each cell: one of eight neighbours.

use jomo_core::grid::Grid;
use rayon::prelude::*;

use crate::cells::{STEPS, Shape, is_diagonal};
use crate::condition::{Conditioned, same_place};
use crate::error::TerrainError;
use crate::flat;
use crate::patch::{Patch, Window};

/// The code of a cell outside.
pub const OUTSIDE: u8 = 0;
/// The code of a cell whose water leaves the raster.
pub const OUTLET: u8 = 9;
/// Within this crate: no neighbour is lower, and the way over the flat is still to be found.
pub(crate) const LEVEL: u8 = 10;

/// Flow directions (D8; O'Callaghan & Mark 1984), without a cycle and without an end but at
/// outlets.
///
/// Codes: [`OUTSIDE`] 0; 1 east, 2 south-east, 3 south, 4 south-west, 5 west, 6 north-west,
/// 7 north, 8 north-east; [`OUTLET`] 9.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    codes: Grid<u8>,
    /// Distance to the cell that each code leads to.
    steps: [isize; 10],
}

impl Flow {
    /// Directions on conditioned heights: the steepest way down; over flats away from higher and
    /// towards lower ground (Barnes, Lehman & Mulla 2014b, Computers & Geosciences 62). Of equal
    /// ways the first in the order of the codes is taken, over flats a straight one first.
    ///
    /// # Errors
    /// None on heights as [`crate::condition()`] gives them.
    pub fn new(conditioned: &Conditioned) -> Result<Self, TerrainError> {
        let heights = conditioned.heights();
        let mut codes = steepest(heights);
        flat::resolve(heights.values(), &mut codes, Shape::new(heights.shape()));
        let mut steps = [0; 10];
        let columns = heights.shape()[1].cast_signed();
        for (step, (row, column)) in STEPS.into_iter().enumerate() {
            steps[step + 1] = row * columns + column;
        }
        Ok(Self { codes: same_place(heights, codes)?, steps })
    }

    /// The codes.
    #[must_use]
    pub fn codes(&self) -> &Grid<u8> {
        &self.codes
    }

    /// The cell that the water of a cell goes to, by its index in the raster; `None` for outlets
    /// and outside.
    #[must_use]
    pub fn receiver(&self, cell: usize) -> Option<usize> {
        // Directions never lead beyond the raster: no need to know row and column.
        match *self.codes.values().get(cell)? {
            code @ 1..=8 => Some(cell.wrapping_add_signed(self.steps[usize::from(code)])),
            _ => None,
        }
    }
}

/// The cell that a code leads to.
pub(crate) fn receiver(codes: &[u8], shape: Shape, cell: usize) -> Option<usize> {
    match codes.get(cell)? {
        code @ 1..=8 => shape.step(cell, usize::from(*code) - 1),
        _ => None,
    }
}

/// The code of a cell that flows along a step.
#[expect(clippy::cast_possible_truncation, reason = "one of eight steps")]
pub(crate) const fn code(step: usize) -> u8 {
    step as u8 + 1
}

/// Whether the water of a neighbour comes here: `step` leads from here to it.
pub(crate) fn comes_back(code_there: u8, step: usize) -> bool {
    code_there == code((step + STEPS.len() / 2) % STEPS.len())
}

/// Directions of steepest descent of all rows; flats stay [`LEVEL`].
fn steepest(heights: &Grid<f32>) -> Vec<u8> {
    let shape = Shape::new(heights.shape());
    let mut codes = vec![OUTSIDE; heights.values().len()];
    if shape.columns == 0 {
        return codes;
    }
    // 64 rows: the two rows read twice cost 3 %.
    let lines = 64;
    codes.par_chunks_mut(lines * shape.columns).enumerate().for_each(|(part, out)| {
        let first = part * lines;
        let rows = first..first + out.len() / shape.columns;
        let window = Window { rows, columns: 0..shape.columns };
        let patch = Patch::cut(heights.values(), shape, &window);
        for (row, out) in out.chunks_exact_mut(shape.columns).enumerate() {
            let line =
                |below: usize| &patch.heights[(row + below) * patch.width()..][..patch.width()];
            steepest_row([line(0), line(1), line(2)], out);
        }
    });
    codes
}

/// Columns that are worked on at a time: their sums stay in the first-level cache.
const PIECE: usize = 256;

/// Codes of one row from the rows above, here and below, each framed by one cell. `NaN` is never
/// a way down, and makes its neighbours rim.
pub(crate) fn steepest_row(lines: [&[f32]; 3], out: &mut [u8]) {
    for (piece, out) in out.chunks_mut(PIECE).enumerate() {
        let first = piece * PIECE;
        let [above, here, below] = lines.map(|line| &line[first..first + out.len() + 2]);
        steepest_piece([above, here, below], out);
    }
}

fn steepest_piece(lines: [&[f32]; 3], out: &mut [u8]) {
    let count = out.len();
    let heights = &lines[1][1..=count];
    let (mut best, mut sums) = ([0.0_f32; PIECE], [0.0_f32; PIECE]);
    let mut ways = [0_u32; PIECE];
    for (step, (rows, columns)) in STEPS.into_iter().enumerate() {
        let next =
            &lines[1_usize.wrapping_add_signed(rows)][1_usize.wrapping_add_signed(columns)..];
        let weight = if is_diagonal(step) { std::f32::consts::FRAC_1_SQRT_2 } else { 1.0 };
        let way = u32::from(code(step));
        let cells = heights.iter().zip(next).zip(&mut best).zip(&mut ways).zip(&mut sums);
        for ((((height, next), best), known), sum) in cells {
            let drop = (height - next) * weight;
            let steeper = *best < drop;
            *best = if steeper { drop } else { *best };
            *known = if steeper { way } else { *known };
            *sum += next;
        }
    }
    for ((out, height), (way, sum)) in out.iter_mut().zip(heights).zip(ways.iter().zip(&sums)) {
        let level = if sum.is_nan() { OUTLET } else { LEVEL };
        #[expect(clippy::cast_possible_truncation, reason = "a code of 0 to 8")]
        let inside = if *way == 0 { level } else { *way as u8 };
        *out = if height.is_nan() { OUTSIDE } else { inside };
    }
}
