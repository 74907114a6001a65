//! Rasters: rows from north to south, columns from west to east, a pixel is an area.

use crate::projection::Zone;

/// Where a raster lies: a planar zone, the outer north-west corner and the cell size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// The planar zone.
    pub zone: Zone,
    /// Outer north-west corner `[easting, northing]` in metres.
    pub origin_m: [f64; 2],
    /// Edge of a cell in metres.
    pub cell_size_m: f64,
}

/// A raster of `[rows, columns]` values in memory, row 0 in the north.
///
/// No-data is `NaN` in grids of floats and 0 in grids of classes (codes start at 1).
#[derive(Clone, Debug, PartialEq)]
pub struct Grid<T> {
    shape: [usize; 2],
    placement: Placement,
    values: Vec<T>,
}

/// Why a grid was not made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// The number of values is not rows times columns.
    #[error("a grid of {} x {} cells needs as many values, not {found}", shape[0], shape[1])]
    Shape {
        /// Rows and columns.
        shape: [usize; 2],
        /// Number of values given.
        found: usize,
    },
    /// The cell size is not a positive number.
    #[error("a cell of {cell_size_m} m is not a cell")]
    CellSize {
        /// The cell size as given.
        cell_size_m: f64,
    },
}

impl<T: Copy> Grid<T> {
    /// A grid from its values, row by row from the north.
    ///
    /// # Errors
    /// If the values do not fill the shape, or the cell size is not positive.
    pub fn new(shape: [usize; 2], placement: Placement, values: Vec<T>) -> Result<Self, GridError> {
        let cell_size_m = placement.cell_size_m;
        if !(cell_size_m.is_finite() && 0.0 < cell_size_m) {
            return Err(GridError::CellSize { cell_size_m });
        }
        if shape[0].checked_mul(shape[1]) != Some(values.len()) {
            return Err(GridError::Shape { shape, found: values.len() });
        }
        Ok(Self { shape, placement, values })
    }

    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Where it lies.
    #[must_use]
    pub fn placement(&self) -> Placement {
        self.placement
    }

    /// All values, row by row from the north.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// One row; `None` beyond the last.
    #[must_use]
    pub fn row(&self, row: usize) -> Option<&[T]> {
        let columns = self.shape[1];
        if self.shape[0] <= row {
            return None;
        }
        self.values.get(row * columns..(row + 1) * columns)
    }

    /// One value; `None` outside.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> Option<T> {
        self.row(row)?.get(column).copied()
    }

    /// Row and column of the cell at a place, `[easting, northing]` in metres; `None` outside. A
    /// place on a border belongs to the cell in the south and the east.
    #[must_use]
    pub fn cell_at(&self, [x, y]: [f64; 2]) -> Option<[usize; 2]> {
        let Placement { origin_m, cell_size_m, .. } = self.placement;
        let step = |metres: f64| (metres / cell_size_m).floor();
        let (row, column) = (step(origin_m[1] - y), step(x - origin_m[0]));
        if !(0.0 <= row && 0.0 <= column) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 or more; what is too large is beyond the grid"
        )]
        let cell = [row as usize, column as usize];
        (cell[0] < self.shape[0] && cell[1] < self.shape[1]).then_some(cell)
    }

    /// The value at a place, `[easting, northing]` in metres; `None` outside.
    #[must_use]
    pub fn value_at(&self, at_m: [f64; 2]) -> Option<T> {
        let [row, column] = self.cell_at(at_m)?;
        self.at(row, column)
    }

    /// Centre of a cell, `[easting, northing]` in metres.
    #[must_use]
    pub fn centre_m(&self, row: usize, column: usize) -> [f64; 2] {
        let Placement { origin_m, cell_size_m, .. } = self.placement;
        let along = |index: usize| (index as f64 + 0.5) * cell_size_m;
        [origin_m[0] + along(column), origin_m[1] - along(row)]
    }
}

impl std::fmt::Display for Grid<f32> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [rows, columns] = self.shape;
        let Placement { zone, origin_m: [x, y], cell_size_m } = self.placement;
        let known = crate::reduce::summary(&self.values);
        writeln!(f, "grid {rows} x {columns} cells of {cell_size_m} m")?;
        writeln!(f, "├─ EPSG:{} north-west corner [{x}, {y}]", zone.epsg())?;
        if known.count == 0 {
            return write!(f, "└─ no data");
        }
        let hole = 100.0 * (1.0 - known.count as f64 / self.values.len() as f64);
        write!(f, "└─ {} to {}, {hole:.1} % no data", known.min, known.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Placement = Placement { zone: Zone::IX, origin_m: [0.0, 30.0], cell_size_m: 10.0 };

    #[test]
    fn a_grid_prints_itself() {
        let grid = Grid::new([1, 4], PLACE, vec![1.0, f32::NAN, 3.0, 2.5]).unwrap();
        insta::assert_snapshot!(grid, @r"
        grid 1 x 4 cells of 10 m
        ├─ EPSG:6677 north-west corner [0, 30]
        └─ 1 to 3, 25.0 % no data
        ");
    }

    #[test]
    fn row_0_lies_in_the_north() {
        let grid = Grid::new([3, 2], PLACE, vec![0_u8; 6]).unwrap();
        let centre = |row, column| grid.centre_m(row, column).map(f64::to_bits);
        assert_eq!(centre(0, 0), [5.0_f64, 25.0].map(f64::to_bits));
        assert_eq!(centre(2, 1), [15.0_f64, 5.0].map(f64::to_bits));
        assert_eq!(grid.at(3, 0), None);
    }

    #[test]
    fn the_cell_of_its_centre_is_the_cell() {
        let grid = Grid::new([3, 2], PLACE, vec![0_u8, 1, 2, 3, 4, 5]).unwrap();
        for (row, column) in [(0, 0), (0, 1), (2, 1)] {
            assert_eq!(grid.cell_at(grid.centre_m(row, column)), Some([row, column]));
        }
        // On a border, and on the edges of the grid.
        assert_eq!(grid.value_at([10.0, 20.0]), Some(3));
        assert_eq!(grid.value_at([0.0, 30.0]), Some(0));
        let outside =
            [[-0.1, 25.0], [20.0, 25.0], [5.0, 30.1], [5.0, 0.0], [f64::NAN, 5.0], [1e300, 5.0]];
        for at_m in outside {
            assert_eq!(grid.value_at(at_m), None, "{at_m:?}");
        }
    }

    #[test]
    fn impossible_grids_are_refused() {
        assert!(Grid::new([2, 2], PLACE, vec![0_u8; 3]).is_err());
        assert!(Grid::new([usize::MAX, 2], PLACE, vec![0_u8; 3]).is_err());
        let no_size = Placement { cell_size_m: f64::NAN, ..PLACE };
        assert!(Grid::new([1, 1], no_size, vec![0_u8]).is_err());
    }
}
