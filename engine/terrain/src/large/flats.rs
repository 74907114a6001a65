//! Distances over flats that reach across tiles.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use rayon::prelude::*;

use super::Drained;
use super::sheet::{Scratch, Sheet};
use crate::cells::narrow;
use crate::flat::Flats;
use crate::flow::LEVEL;
use crate::patch::{Patch, Window};

/// From where the distances of a flat count.
#[derive(Clone, Copy)]
enum Seed {
    /// Cells beside a way on.
    Low,
    /// Cells beside higher ground.
    High,
}

/// A tile with its frame: heights, codes and the distances as far as they are known.
struct Tile {
    patch: Patch,
    codes: Vec<u8>,
    distances: Vec<u32>,
}

impl<S: Scratch> Drained<'_, S> {
    /// Gives every cell of a flat its way.
    pub(super) fn resolve(&mut self, distances: &[Sheet<u32>; 2]) -> Result<(), S::Error> {
        let windows = self.windows();
        let mut flat = Vec::new();
        for (tile, window) in windows.iter().enumerate() {
            let codes = self.codes.read(self.scratch, window, 0)?;
            let zeros = vec![0; codes.len()];
            for sheet in distances {
                sheet.write(self.scratch, window, &zeros)?;
            }
            if codes.contains(&LEVEL) {
                flat.push(tile);
            }
        }
        self.measure(&distances[0], Seed::Low, (&windows, &flat))?;
        self.measure(&distances[1], Seed::High, (&windows, &flat))?;
        // Codes change only after all ways are known: a neighbour must still see what is level.
        // Until the sums are made, their sheet keeps the ways.
        for tile in &flat {
            let window = &windows[*tile];
            let tile = self.tile(window, &distances[0])?;
            let away = distances[1].read(self.scratch, window, 1)?;
            self.upstream.write(self.scratch, window, &tile.ways(&away))?;
        }
        for tile in flat {
            let window = &windows[tile];
            let mut codes = self.codes.read(self.scratch, window, 0)?;
            let ways = self.upstream.read(self.scratch, window, 0)?;
            for (code, way) in codes.iter_mut().zip(ways).filter(|(code, _)| **code == LEVEL) {
                *code = u8::try_from(way).unwrap_or(LEVEL);
            }
            self.codes.write(self.scratch, window, &codes)?;
        }
        Ok(())
    }

    /// Distances of one kind: tiles whose frame has changed are measured again, until none has.
    fn measure(
        &mut self,
        sheet: &Sheet<u32>,
        seed: Seed,
        (windows, flat): (&[Window], &[usize]),
    ) -> Result<(), S::Error> {
        let flat: BTreeSet<usize> = flat.iter().copied().collect();
        let across = self.shape.columns.div_ceil(self.edge);
        let tiles = crate::cells::Shape { rows: windows.len().div_ceil(across), columns: across };
        let mut first = true;
        let mut open = flat.clone();
        while !open.is_empty() {
            let mut changed = BTreeSet::new();
            let round: Vec<usize> = open.into_iter().collect();
            for batch in round.chunks(Self::batch()) {
                let read = |tile: &usize| self.tile(&windows[*tile], sheet);
                let read = batch.iter().map(read).collect::<Result<Vec<_>, _>>()?;
                let measured: Vec<Option<Vec<u32>>> =
                    read.into_par_iter().map(|tile| tile.measured(first.then_some(seed))).collect();
                for (tile, distances) in batch.iter().zip(measured) {
                    let Some(distances) = distances else { continue };
                    sheet.write(self.scratch, &windows[*tile], &distances)?;
                    changed.insert(*tile);
                }
            }
            let beside = changed.iter().flat_map(|tile| tiles.neighbours(*tile));
            open = beside.map(|(_, tile)| tile).filter(|tile| flat.contains(tile)).collect();
            first = false;
        }
        Ok(())
    }

    fn tile(&mut self, window: &Window, sheet: &Sheet<u32>) -> Result<Tile, S::Error> {
        let heights = self.cut.read(self.scratch, window, 1)?;
        Ok(Tile {
            patch: Patch::framed(window.shape(), heights),
            codes: self.codes.read(self.scratch, window, 1)?,
            distances: sheet.read(self.scratch, window, 1)?,
        })
    }
}

impl Tile {
    fn flats(&self) -> Flats<'_> {
        let inner = self.patch.inner;
        let shape = crate::cells::Shape { rows: inner.rows + 2, columns: inner.columns + 2 };
        Flats { heights: &self.patch.heights, codes: &self.codes, shape }
    }

    /// Cells of the tile, without the frame, by their place in it.
    fn cells(&self) -> impl Iterator<Item = usize> {
        let inner = self.patch.inner;
        (0..inner.rows).flat_map(move |row| {
            let first = self.patch.at(row, 0);
            first..first + inner.columns
        })
    }

    /// Distances from the seeds of the tile, on the first round, and from its frame; `None` if
    /// nothing changed.
    fn measured(mut self, seeds: Option<Seed>) -> Option<Vec<u32>> {
        let mut heap = BinaryHeap::new();
        let cells: Vec<usize> = self.cells().filter(|cell| self.codes[*cell] == LEVEL).collect();
        let mut inside = vec![false; self.codes.len()];
        for cell in &cells {
            inside[*cell] = true;
        }
        let mut offers = Vec::new();
        let flats = self.flats();
        for cell in cells {
            for next in self.patch.around(cell) {
                let begins = match seeds {
                    Some(Seed::Low) => flats.is_exit(cell, next),
                    Some(Seed::High) => self.patch.heights[cell] < self.patch.heights[next],
                    None => false,
                };
                if begins {
                    offers.push((cell, 1));
                }
                let known = self.distances[next];
                let framed = !inside[next] && self.codes[next] == LEVEL && known != 0;
                if framed && flats.level(cell, next) {
                    offers.push((cell, known + 1));
                }
            }
        }
        for (cell, distance) in offers {
            if nearer(distance, self.distances[cell]) {
                self.distances[cell] = distance;
                heap.push(Reverse((distance, narrow(cell))));
            }
        }
        if heap.is_empty() {
            return None;
        }
        while let Some(Reverse((distance, cell))) = heap.pop() {
            let cell = cell as usize;
            if self.distances[cell] < distance {
                continue;
            }
            for next in self.patch.around(cell) {
                let closer = inside[next] && nearer(distance + 1, self.distances[next]);
                if closer && self.flats().level(cell, next) {
                    self.distances[next] = distance + 1;
                    heap.push(Reverse((distance + 1, narrow(next))));
                }
            }
        }
        Some(self.cells().map(|cell| self.distances[cell]).collect())
    }

    /// Ways of the cells of flats; of the others the number does not matter.
    fn ways(&self, away: &[u32]) -> Vec<u32> {
        let flats = self.flats();
        self.cells()
            .map(|cell| {
                let level = self.codes[cell] == LEVEL;
                u32::from(if level { flats.way(cell, &self.distances, away) } else { LEVEL })
            })
            .collect()
    }
}

/// Whether a distance is less than one that may be unknown (0).
fn nearer(distance: u32, known: u32) -> bool {
    known == 0 || distance < known
}
