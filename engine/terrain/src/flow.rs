//! Where water goes from each cell: one of eight neighbours.

use jomo_core::grid::Grid;
use rayon::prelude::*;

use crate::cells::{STEPS, Shape};
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
}

impl Flow {
    /// Directions on conditioned heights: the steepest way down; over flats away from higher and
    /// towards lower ground (Barnes, Lehman & Mulla 2014b, Computers & Geosciences 62). Of equal
    /// ways the first in the order of the codes is taken, over flats a straight one first.
    ///
    /// # Errors
    /// None on heights as [`crate::condition`] gives them.
    pub fn new(conditioned: &Conditioned) -> Result<Self, TerrainError> {
        let heights = &conditioned.heights;
        let mut codes = steepest(heights);
        flat::resolve(heights.values(), &mut codes, Shape::new(heights.shape()));
        Ok(Self { codes: same_place(heights, codes)? })
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
        receiver(self.codes.values(), Shape::new(self.codes.shape()), cell)
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

/// Codes of one row from the rows above, here and below, each framed by one cell. `NaN` is never
/// a way down, and makes its neighbours rim.
pub(crate) fn steepest_row([above, here, below]: [&[f32]; 3], out: &mut [u8]) {
    let lines = [above, here, below];
    for (column, out) in out.iter_mut().enumerate() {
        let height = here[column + 1];
        let (mut best, mut way, mut sum) = (0.0_f32, 0_u8, 0.0_f32);
        for (step, (rows, columns)) in STEPS.into_iter().enumerate() {
            let next =
                lines[1_usize.wrapping_add_signed(rows)][(column + 1).wrapping_add_signed(columns)];
            let weight = if step % 2 == 1 { std::f32::consts::FRAC_1_SQRT_2 } else { 1.0 };
            let drop = (height - next) * weight;
            let steeper = best < drop;
            best = if steeper { drop } else { best };
            way = if steeper { code(step) } else { way };
            sum += next;
        }
        let level = if sum.is_nan() { OUTLET } else { LEVEL };
        let inside = if way == 0 { level } else { way };
        *out = if height.is_nan() { OUTSIDE } else { inside };
    }
}
