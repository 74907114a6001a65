//! How many cells drain through each cell.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use jomo_core::grid::Grid;
use rayon::prelude::*;

use crate::cells::{STEPS, Shape};
use crate::condition::same_place;
use crate::error::TerrainError;
use crate::flow::{Flow, OUTSIDE, comes_back, receiver};

/// Number of cells whose water passes each cell, itself included; 0 outside.
///
/// Cells wait for their donors by a counter; whoever delivers the last donor carries on
/// downstream. Sums of whole numbers are the same in any order. Touches 10 bytes a cell.
///
/// # Errors
/// None on flow as [`Flow::new`] gives it.
pub fn accumulation(flow: &Flow) -> Result<Grid<u32>, TerrainError> {
    let codes = flow.codes().values();
    let shape = Shape::new(flow.codes().shape());
    let waiting: Vec<AtomicU8> = (0..codes.len())
        .into_par_iter()
        .map(|cell| AtomicU8::new(donors(codes, shape, cell)))
        .collect();
    let sums: Vec<AtomicU32> =
        codes.par_iter().map(|code| AtomicU32::new(u32::from(*code != OUTSIDE))).collect();
    // A cell without donors starts a way. Starts are told by the directions, not by the counters,
    // which fall to 0 while others work.
    (0..codes.len()).into_par_iter().for_each(|start| {
        if codes[start] == OUTSIDE || donors(codes, shape, start) != 0 {
            return;
        }
        let mut cell = start;
        while let Some(next) = receiver(codes, shape, cell) {
            let sum = sums[cell].load(Ordering::Relaxed);
            sums[next].fetch_add(sum, Ordering::Relaxed);
            // Acquire and release: the last to come sees the sums of all that came before.
            if waiting[next].fetch_sub(1, Ordering::AcqRel) != 1 {
                return;
            }
            cell = next;
        }
    });
    let sums = sums.into_par_iter().map(AtomicU32::into_inner).collect();
    same_place(flow.codes(), sums)
}

/// Number of neighbours whose water comes here.
fn donors(codes: &[u8], shape: Shape, cell: usize) -> u8 {
    let [row, column] = shape.place(cell);
    let inner = 0 < row && row + 1 < shape.rows && 0 < column && column + 1 < shape.columns;
    if inner {
        let width = shape.columns.cast_signed();
        return STEPS
            .into_iter()
            .enumerate()
            .map(|(step, (rows, columns))| {
                let other = cell.wrapping_add_signed(rows * width + columns);
                u8::from(comes_back(codes[other], step))
            })
            .sum();
    }
    shape.neighbours(cell).map(|(step, other)| u8::from(comes_back(codes[other], step))).sum()
}
