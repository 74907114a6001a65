//! Sums of cells that drain from tile to tile.

use rayon::prelude::*;

use super::Drained;
use super::sheet::Scratch;
use crate::cells::{Shape, narrow};
use crate::flow::{OUTSIDE, receiver};
use crate::patch::Window;
use crate::stream::NONE;

/// What a tile hands on: for each cell of its border, in their order, the cells of the tile that
/// drain through it, and the border cell by which water from it leaves the tile.
struct Handed {
    sums: Vec<u32>,
    ends: Vec<u32>,
}

/// The tile that water goes to, and the place among its border cells; `None` if it stays.
type Leave = Option<(u32, u32)>;

/// Cells of the border of a tile, by their place in it: north, south, then both ends of each row
/// between.
fn border(inner: Shape) -> Vec<usize> {
    let Shape { rows, columns } = inner;
    let mut cells: Vec<usize> = (0..columns).collect();
    if 1 < rows {
        cells.extend((rows - 1) * columns..rows * columns);
    }
    for row in 1..rows.saturating_sub(1) {
        cells.push(row * columns);
        if 1 < columns {
            cells.push((row + 1) * columns - 1);
        }
    }
    cells
}

/// Sums within a tile from what each cell starts with, and the cells in an order in which each
/// comes after its donors.
fn add_up(codes: &[u8], inner: Shape, mut sums: Vec<u32>) -> (Vec<u32>, Vec<u32>) {
    let mut waiting = vec![0_u8; codes.len()];
    for next in (0..codes.len()).filter_map(|cell| receiver(codes, inner, cell)) {
        waiting[next] += 1;
    }
    let mut order: Vec<u32> =
        (0..codes.len()).filter(|cell| waiting[*cell] == 0).map(narrow).collect();
    let mut done = 0;
    while let Some(cell) = order.get(done).map(|cell| *cell as usize) {
        done += 1;
        let Some(next) = receiver(codes, inner, cell) else { continue };
        sums[next] += sums[cell];
        waiting[next] -= 1;
        if waiting[next] == 0 {
            order.push(narrow(next));
        }
    }
    (sums, order)
}

fn ones(codes: &[u8]) -> Vec<u32> {
    codes.iter().map(|code| u32::from(*code != OUTSIDE)).collect()
}

fn handed(codes: &[u8], inner: Shape) -> Handed {
    let (sums, order) = add_up(codes, inner, ones(codes));
    let mut ends: Vec<u32> = (0..codes.len()).map(narrow).collect();
    for cell in order.into_iter().rev() {
        if let Some(next) = receiver(codes, inner, cell as usize) {
            ends[cell as usize] = ends[next];
        }
    }
    let cells = border(inner);
    let mut places = vec![NONE; codes.len()];
    for (index, cell) in cells.iter().enumerate() {
        places[*cell] = narrow(index);
    }
    Handed {
        sums: cells.iter().map(|cell| sums[*cell]).collect(),
        // Water that ends at an outlet within the tile may end inside it: NONE.
        ends: cells.iter().map(|cell| places[ends[*cell] as usize]).collect(),
    }
}

impl<S: Scratch> Drained<'_, S> {
    pub(super) fn sum(&mut self) -> Result<(), S::Error> {
        let windows = self.windows();
        let mut handed_on = Vec::with_capacity(windows.len());
        let mut leaves = Vec::with_capacity(windows.len());
        for batch in windows.chunks(Self::batch()) {
            let read = |window: &Window| self.codes.read(self.scratch, window, 0);
            let codes = batch.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            handed_on.par_extend(
                (&codes, batch)
                    .into_par_iter()
                    .map(|(codes, window)| handed(codes, window.shape())),
            );
            leaves
                .extend(codes.iter().zip(batch).map(|(codes, window)| self.leaves(codes, window)));
        }
        let inflow = inflow(&handed_on, &leaves);
        for (batch, inflow) in windows.chunks(Self::batch()).zip(inflow.chunks(Self::batch())) {
            let read = |window: &Window| self.codes.read(self.scratch, window, 0);
            let codes = batch.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            let sums: Vec<Vec<u32>> = (codes, batch, inflow)
                .into_par_iter()
                .map(|(codes, window, inflow)| {
                    let mut start = ones(&codes);
                    for (cell, inflow) in border(window.shape()).into_iter().zip(inflow) {
                        start[cell] += inflow;
                    }
                    add_up(&codes, window.shape(), start).0
                })
                .collect();
            for (window, sums) in batch.iter().zip(sums) {
                self.upstream.write(self.scratch, window, &sums)?;
            }
        }
        Ok(())
    }

    /// For each border cell whose water goes into another tile: that tile, and the place among its
    /// border cells.
    fn leaves(&self, codes: &[u8], window: &Window) -> Vec<Leave> {
        let inner = window.shape();
        let across = self.shape.columns.div_ceil(self.edge);
        let leave = |cell: usize| {
            if receiver(codes, inner, cell).is_some() {
                return None;
            }
            let step = usize::from(*codes.get(cell)?).checked_sub(1).filter(|step| *step < 8)?;
            let [row, column] = inner.place(cell);
            let whole =
                (window.rows.start + row) * self.shape.columns + window.columns.start + column;
            let [row, column] = self.shape.place(self.shape.step(whole, step)?);
            let (down, right) = (row / self.edge, column / self.edge);
            let rows = self.edge.min(self.shape.rows - down * self.edge);
            let columns = self.edge.min(self.shape.columns - right * self.edge);
            let inner = Shape { rows, columns };
            let place = border_place(inner, [row - down * self.edge, column - right * self.edge]);
            Some((narrow(down * across + right), narrow(place)))
        };
        border(inner).into_iter().map(leave).collect()
    }
}

/// The place of a border cell in the order of [`border`].
fn border_place(inner: Shape, [row, column]: [usize; 2]) -> usize {
    let Shape { rows, columns } = inner;
    if row == 0 {
        column
    } else if row + 1 == rows {
        columns + column
    } else {
        let first = 2 * columns + (row - 1) * columns.min(2);
        first + usize::from(0 < column)
    }
}

/// What flows into each border cell from other tiles.
///
/// Two nodes for each border cell: what comes in there from outside, and what leaves through it in
/// all. The first adds to the second of the cell by which the water leaves the tile, the second to
/// the first of the cell beyond.
fn inflow(handed: &[Handed], leaves: &[Vec<Leave>]) -> Vec<Vec<u32>> {
    let mut inflow: Vec<Vec<u32>> = handed.iter().map(|tile| vec![0; tile.sums.len()]).collect();
    let mut outflow: Vec<Vec<u32>> = handed.iter().map(|tile| tile.sums.clone()).collect();
    let mut waiting_in = inflow.clone();
    let mut waiting_out = inflow.clone();
    for (tile, handed) in handed.iter().enumerate() {
        for end in handed.ends.iter().filter(|end| **end != NONE) {
            waiting_out[tile][*end as usize] += 1;
        }
        for (tile, place) in leaves[tile].iter().flatten() {
            waiting_in[*tile as usize][*place as usize] += 1;
        }
    }
    let mut ready: Vec<(usize, usize)> = Vec::new();
    for (tile, waiting) in waiting_in.iter().enumerate() {
        let free = waiting.iter().enumerate().filter(|(_, count)| **count == 0);
        ready.extend(free.map(|(place, _)| (tile, place)));
    }
    while let Some((tile, place)) = ready.pop() {
        let end = handed[tile].ends[place];
        if end == NONE {
            continue;
        }
        let end = end as usize;
        outflow[tile][end] += inflow[tile][place];
        waiting_out[tile][end] -= 1;
        if 0 < waiting_out[tile][end] {
            continue;
        }
        let Some((next, there)) = leaves[tile][end] else { continue };
        let (next, there) = (next as usize, there as usize);
        inflow[next][there] += outflow[tile][end];
        waiting_in[next][there] -= 1;
        if waiting_in[next][there] == 0 {
            ready.push((next, there));
        }
    }
    inflow
}
