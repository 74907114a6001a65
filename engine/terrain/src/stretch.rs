//! Which stretch of river each cell drains into, and how far it has to go.
//!
//! A stretch is what one pair of points of [`crate::banks()`] stands for, and has its index. The
//! cells of a hillside are found by walking up from the stream against the directions, so that
//! nothing of the size of the raster is kept but one bit a cell.

use crate::bank::Bank;
use crate::cells::{Shape, narrow, step_length};
use crate::error::TerrainError;
use crate::flow::{OUTLET, comes_back};
use crate::stream::Network;

/// The stretch of every cell on a stream: its index in `banks`, in the order of
/// [`Network::cells`]. A cell on the border of two belongs to the lower one.
///
/// A stretch shorter than a cell may have none.
///
/// # Errors
/// Banks that do not stand in the order of the reaches, or a reach without any.
pub fn stretch_of_cells(network: &Network, banks: &[Bank]) -> Result<Vec<u32>, TerrainError> {
    let mut stretches = Vec::with_capacity(network.cells().len());
    let mut first = 0;
    for (index, reach) in network.reaches().iter().enumerate() {
        let own = |bank: &&Bank| bank.reach as usize == index;
        let count = banks[first..].iter().take_while(own).count();
        let fault = TerrainError::Mismatch {
            what: "banks",
            expected: [network.reaches().len(), 1],
            found: [index, 1],
        };
        let Some(last) = count.checked_sub(1) else { return Err(fault) };
        let own = &banks[first..first + count];
        let mut station_m = 0.0;
        let mut before: Option<[f64; 2]> = None;
        for cell in network.cells().get(reach.cells.clone()).unwrap_or_default() {
            let [x, y] = network.centre_m(*cell);
            station_m += before.map_or(0.0, |[x0, y0]| (x - x0).hypot(y - y0));
            before = Some([x, y]);
            let ends_above = |bank: &Bank| bank.station_m + 0.5 * bank.span_m <= station_m;
            let at = own.partition_point(ends_above).min(last);
            stretches.push(narrow(first + at));
        }
        first += count;
    }
    if first != banks.len() {
        let (expected, found) = ([first, 1], [banks.len(), 1]);
        return Err(TerrainError::Mismatch { what: "banks", expected, found });
    }
    Ok(stretches)
}

/// A cell on the way to a stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draining {
    /// The cell, by its index in the raster.
    pub cell: usize,
    /// The cell that its water goes to; `None` for a cell on the stream.
    pub next: Option<usize>,
    /// Length of the step to it, in m; 0 for a cell on the stream.
    pub step_m: f64,
    /// Length of the way to the stream along the middles of the cells, in m.
    pub distance_m: f64,
}

/// The ground above the streams.
#[derive(Clone, Debug)]
pub struct Hillsides<'a> {
    codes: &'a [u8],
    shape: Shape,
    cell_size_m: f64,
    /// One bit a cell: whether it is on a stream.
    streams: Vec<u64>,
}

impl<'a> Hillsides<'a> {
    /// Streams and the directions ([`crate::Flow::codes`] or [`crate::Prepared::codes`]) that
    /// they were found by.
    ///
    /// # Errors
    /// Directions of another raster.
    pub fn new(network: &Network, codes: &'a [u8]) -> Result<Self, TerrainError> {
        let shape = Shape::new(network.shape());
        if codes.len() != shape.rows * shape.columns {
            let (expected, found) = (network.shape(), [codes.len(), 1]);
            return Err(TerrainError::Mismatch { what: "flow", expected, found });
        }
        let mut streams = vec![0_u64; codes.len().div_ceil(64)];
        for cell in network.cells() {
            let cell = *cell as usize;
            if let Some(word) = streams.get_mut(cell / 64) {
                *word |= 1 << (cell % 64);
            }
        }
        let cell_size_m = network.placement().cell_size_m;
        Ok(Self { codes, shape, cell_size_m, streams })
    }

    /// Visits a cell of a stream and all cells whose water reaches the stream there, each after
    /// the one that it flows into. The order follows from the directions alone.
    ///
    /// Ends on any directions: a cell has one way on, so no cell is met twice.
    pub fn visit(&self, stream_cell: u32, mut see: impl FnMut(Draining)) {
        let cell = stream_cell as usize;
        if self.codes.len() <= cell {
            return;
        }
        let mut waiting = vec![Draining { cell, next: None, step_m: 0.0, distance_m: 0.0 }];
        while let Some(here) = waiting.pop() {
            see(here);
            for (step, other) in self.shape.neighbours(here.cell) {
                let code = self.codes[other];
                if OUTLET <= code || !comes_back(code, step) || self.is_stream(other) {
                    continue;
                }
                let step_m = self.cell_size_m * step_length(step);
                let distance_m = here.distance_m + step_m;
                let next = Some(here.cell);
                waiting.push(Draining { cell: other, next, step_m, distance_m });
            }
        }
    }

    fn is_stream(&self, cell: usize) -> bool {
        self.streams[cell / 64] >> (cell % 64) & 1 == 1
    }
}
