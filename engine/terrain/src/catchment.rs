//! Which reach each cell drains into.

use std::sync::atomic::{AtomicU32, Ordering};

use jomo_core::grid::Grid;
use rayon::prelude::*;

use crate::cells::narrow;
use crate::condition::same_place;
use crate::error::TerrainError;
use crate::flow::{Flow, OUTSIDE};
use crate::stream::{NONE, Network};

/// The reach that each cell drains into: its index + 1; 0 outside and where water leaves without
/// meeting a stream. The basin is [`crate::stream::Reach::basin`] of that reach.
///
/// # Errors
/// A network of another raster.
pub fn catchments(flow: &Flow, network: &Network) -> Result<Grid<u32>, TerrainError> {
    let codes = flow.codes();
    if codes.shape() != network.shape || codes.placement() != network.placement {
        let (expected, found) = (codes.shape(), network.shape);
        return Err(TerrainError::Mismatch { what: "network", expected, found });
    }
    let labels: Vec<AtomicU32> = codes
        .values()
        .par_iter()
        .map(|code| AtomicU32::new(if *code == OUTSIDE { 0 } else { NONE }))
        .collect();
    network.reaches.par_iter().enumerate().for_each(|(index, reach)| {
        for cell in &network.cells[reach.cells.clone()] {
            labels[*cell as usize].store(narrow(index + 1), Ordering::Relaxed);
        }
    });
    // Each cell has one right label: whoever finds it first, and however often it is written.
    (0..labels.len()).into_par_iter().for_each(|start| {
        let mut end = start;
        let label = loop {
            let label = labels[end].load(Ordering::Relaxed);
            if label != NONE {
                break label;
            }
            let Some(next) = flow.receiver(end) else { break 0 };
            end = next;
        };
        let mut cell = start;
        while labels[cell].load(Ordering::Relaxed) == NONE {
            labels[cell].store(label, Ordering::Relaxed);
            let Some(next) = flow.receiver(cell) else { break };
            cell = next;
        }
    });
    let labels = labels.into_par_iter().map(AtomicU32::into_inner).collect();
    same_place(codes, labels)
}
