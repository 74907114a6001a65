//! How a domain is cut into tiles.

use crate::tile::{Compass, HALO};

/// Tiles of a domain, in Morton order: near in space is near in memory.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    shape: [usize; 2],
    edge: usize,
    grid: [usize; 2],
    /// Row and column of each tile in the grid of tiles.
    places: Vec<[usize; 2]>,
    /// Tile at each place, row by row.
    index: Vec<u32>,
}

impl Layout {
    /// Cuts `shape` cells into tiles of `edge` x `edge`; the last ones of a row or column take what
    /// is left: fewer cells, but no single line, which would be less than neighbours look into.
    /// That joins the tiles before it.
    pub(crate) fn new(shape: [usize; 2], edge: usize) -> Self {
        let grid = shape.map(|cells| ((cells + edge - HALO) / edge).max(1));
        let mut places: Vec<[usize; 2]> =
            (0..grid[0]).flat_map(|row| (0..grid[1]).map(move |column| [row, column])).collect();
        places.sort_by_key(|[row, column]| interleaved(*row) << 1 | interleaved(*column));
        let mut index = vec![0; places.len()];
        for (tile, [row, column]) in (0_u32..).zip(&places) {
            index[row * grid[1] + column] = tile;
        }
        Self { shape, edge, grid, places, index }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// First cell and shape of a tile.
    pub(crate) fn extent(&self, tile: usize) -> ([usize; 2], [usize; 2]) {
        let origin = self.places[tile].map(|place| place * self.edge);
        let shape = [0, 1].map(|axis| {
            let last = self.places[tile][axis] + 1 == self.grid[axis];
            if last { self.shape[axis] - origin[axis] } else { self.edge }
        });
        (origin, shape)
    }

    /// Rows and columns of tiles.
    pub(crate) fn grid(&self) -> [usize; 2] {
        self.grid
    }

    /// The tile at a row and column of tiles.
    pub(crate) fn tile(&self, place: [usize; 2]) -> Option<usize> {
        self.at(place)
    }

    /// Rows or columns of the largest tile.
    pub(crate) fn longest_edge(&self) -> usize {
        self.edge + HALO - 1
    }

    /// The tile on a side; `None` on the rim of the domain.
    pub(crate) fn neighbour(&self, tile: usize, side: Compass) -> Option<usize> {
        let [row, column] = self.places[tile];
        let place = match side {
            Compass::North => [row.checked_sub(1)?, column],
            Compass::West => [row, column.checked_sub(1)?],
            Compass::East => [row, column + 1],
            Compass::South => [row + 1, column],
        };
        self.at(place)
    }

    /// The tile that holds a cell, and the place of the cell in it.
    pub(crate) fn find(&self, [row, column]: [usize; 2]) -> Option<(usize, usize)> {
        let place =
            [(row / self.edge).min(self.grid[0] - 1), (column / self.edge).min(self.grid[1] - 1)];
        let tile = self.at(place)?;
        let ([top, left], [rows, columns]) = self.extent(tile);
        let [row, column] = [row - top, column - left];
        (row < rows && column < columns).then_some((tile, row * columns + column))
    }

    fn at(&self, [row, column]: [usize; 2]) -> Option<usize> {
        let columns = self.grid[1];
        if columns <= column {
            return None;
        }
        let tile = *self.index.get(row * columns + column)?;
        usize::try_from(tile).ok()
    }
}

/// The lower 32 bits with a zero bit before each.
fn interleaved(value: usize) -> u64 {
    let mut bits = value as u64 & 0xffff_ffff;
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        bits = (bits | bits << shift) & mask;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_lies_in_one_tile() {
        let layout = Layout::new([130, 70], 64);
        assert_eq!(layout.len(), 6);
        assert_eq!(Layout::new([129, 65], 64).grid(), [2, 1]);
        assert_eq!(Layout::new([1, 1], 64).extent(0), ([0, 0], [1, 1]));
        let mut seen = vec![0; 130 * 70];
        for tile in 0..layout.len() {
            let ([top, left], [rows, columns]) = layout.extent(tile);
            for row in 0..rows {
                for column in 0..columns {
                    seen[(top + row) * 70 + left + column] += 1;
                    let found = layout.find([top + row, left + column]);
                    assert_eq!(found, Some((tile, row * columns + column)));
                }
            }
        }
        assert!(seen.iter().all(|count| *count == 1));
        assert_eq!(layout.find([130, 0]), None);
        assert_eq!(layout.find([0, 70]), None);
    }

    #[test]
    fn neighbours_see_each_other() {
        let layout = Layout::new([200, 300], 64);
        for tile in 0..layout.len() {
            for side in Compass::ALL {
                if let Some(other) = layout.neighbour(tile, side) {
                    assert_eq!(layout.neighbour(other, side.opposite()), Some(tile));
                }
            }
        }
    }
}
