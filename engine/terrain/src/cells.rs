//! Cells of a raster and their eight neighbours.

/// Steps to the eight neighbours as (rows, columns), clockwise from the east. This order decides
/// every tie of this crate.
pub(crate) const STEPS: [(isize, isize); 8] =
    [(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)];

/// Whether a step of [`STEPS`] goes along a diagonal.
pub(crate) const fn is_diagonal(step: usize) -> bool {
    step % 2 == 1
}

/// Length of a step in cells.
pub(crate) const fn step_length(step: usize) -> f64 {
    if is_diagonal(step) { std::f64::consts::SQRT_2 } else { 1.0 }
}

/// Most cells of a raster that is computed in memory: a cell is named by 32 bits, of which the
/// highest number means "none".
pub(crate) const MOST_CELLS: usize = 0xffff_ffff;

/// Index of a cell, or a number of cells, in 32 bits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "rasters of more cells are refused at the door"
)]
pub(crate) fn narrow(index: usize) -> u32 {
    debug_assert!(index <= MOST_CELLS, "rasters of more cells are refused at the door");
    index as u32
}

/// Rows and columns of a raster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Shape {
    pub(crate) fn new([rows, columns]: [usize; 2]) -> Self {
        Self { rows, columns }
    }

    /// Row and column of a cell.
    pub(crate) fn place(self, cell: usize) -> [usize; 2] {
        [cell / self.columns, cell % self.columns]
    }

    /// The cell that one step leads to; `None` beyond the edge.
    pub(crate) fn step(self, cell: usize, step: usize) -> Option<usize> {
        self.step_from(self.place(cell), step)
    }

    fn step_from(self, [row, column]: [usize; 2], step: usize) -> Option<usize> {
        let (rows, columns) = STEPS[step];
        let row = row.checked_add_signed(rows).filter(|row| *row < self.rows)?;
        let column = column.checked_add_signed(columns).filter(|column| *column < self.columns)?;
        Some(row * self.columns + column)
    }

    /// The neighbours inside the raster, with the step to each.
    pub(crate) fn neighbours(self, cell: usize) -> impl Iterator<Item = (usize, usize)> {
        let place = self.place(cell);
        (0..STEPS.len()).filter_map(move |step| Some((step, self.step_from(place, step)?)))
    }
}

/// A height as a number whose order is that of the heights; `-0` comes before `0`.
pub(crate) fn order(height: f32) -> u32 {
    let bits = height.to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

/// The height of a number made by [`order`].
pub(crate) fn height(order: u32) -> f32 {
    f32::from_bits(if order >> 31 == 0 { !order } else { order & !(1 << 31) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_heights_is_kept() {
        let rising = [f32::NEG_INFINITY, -2.5, -1e-40, -0.0, 0.0, 1e-40, 0.1, 3_776.0];
        assert!(rising.map(order).is_sorted_by(|a, b| a < b));
        for value in rising {
            assert_eq!(height(order(value)).to_bits(), value.to_bits());
        }
    }

    #[test]
    fn steps_stop_at_the_edge() {
        let shape = Shape::new([2, 3]);
        let of = |cell| shape.neighbours(cell).map(|(_, cell)| cell).collect::<Vec<_>>();
        assert_eq!(of(0), [1, 4, 3]);
        assert_eq!(of(4), [5, 3, 0, 1, 2]);
    }
}
