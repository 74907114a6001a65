//! How many cells drain through each cell.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use jomo_core::grid::Grid;
use rayon::prelude::*;

use crate::cells::{STEPS, Shape};
use crate::condition::same_place;
use crate::error::TerrainError;
use crate::flow::{Flow, OUTSIDE, comes_back};

/// Number of cells whose water passes each cell, itself included; 0 outside.
///
/// Cells wait for their donors by a counter; whoever delivers the last donor carries on
/// downstream. Sums of whole numbers are the same in any order. Works on 7 bytes a cell.
///
/// # Errors
/// None on flow as [`Flow::new`] gives it.
pub fn accumulation(flow: &Flow) -> Result<Grid<u32>, TerrainError> {
    let codes = flow.codes().values();
    let donors = donors(codes, Shape::new(flow.codes().shape()));
    let waiting: Vec<AtomicU8> = donors.par_iter().map(|count| AtomicU8::new(*count)).collect();
    let sums: Vec<AtomicU32> =
        codes.par_iter().map(|code| AtomicU32::new(u32::from(*code != OUTSIDE))).collect();
    // A cell without donors starts a way. The counters do not tell: they fall to 0 as others work.
    donors.par_iter().enumerate().filter(|(_, count)| **count == 0).for_each(|(start, _)| {
        let mut cell = start;
        while let Some(next) = flow.receiver(cell) {
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

/// For each cell the number of neighbours whose water comes here.
fn donors(codes: &[u8], shape: Shape) -> Vec<u8> {
    let mut donors = vec![0_u8; codes.len()];
    if donors.is_empty() {
        return donors;
    }
    donors.par_chunks_mut(shape.columns).enumerate().for_each(|(row, out)| {
        for (step, (rows, columns)) in STEPS.into_iter().enumerate() {
            let other = row.checked_add_signed(rows).filter(|row| *row < shape.rows);
            let Some(other) = other else { continue };
            let line = &codes[other * shape.columns..][..shape.columns];
            // Columns that have a neighbour on this side.
            let here = &mut out[usize::from(columns < 0)..];
            let there = &line[usize::from(0 < columns)..];
            for (count, code) in here.iter_mut().zip(there) {
                *count += u8::from(comes_back(*code, step));
            }
        }
    });
    donors
}
