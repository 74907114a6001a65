//! A rectangle of heights with a frame of one cell around it.

use std::ops::Range;

use crate::cells::{STEPS, Shape};

/// Where a patch lies in its raster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) rows: Range<usize>,
    pub(crate) columns: Range<usize>,
}

impl Window {
    pub(crate) fn shape(&self) -> Shape {
        Shape { rows: self.rows.len(), columns: self.columns.len() }
    }

    /// The windows of at most `edge` x `edge` cells that cover a raster, row by row.
    pub(crate) fn cover(shape: Shape, edge: usize) -> Vec<Self> {
        let span = |from: usize, most: usize| from..(from + edge).min(most);
        (0..shape.rows)
            .step_by(edge)
            .flat_map(|row| (0..shape.columns).step_by(edge).map(move |column| (row, column)))
            .map(|(row, column)| Self {
                rows: span(row, shape.rows),
                columns: span(column, shape.columns),
            })
            .collect()
    }
}

/// Heights of a window and of the cells around it, `NaN` beyond the raster: every cell inside has
/// eight neighbours at fixed distances, and no step asks for the edge.
pub(crate) struct Patch {
    pub(crate) inner: Shape,
    pub(crate) heights: Vec<f32>,
    /// Distances in `heights` to the neighbours, in the order of [`STEPS`].
    pub(crate) steps: [isize; 8],
}

impl Patch {
    /// Cuts a window out of a raster in memory.
    pub(crate) fn cut(values: &[f32], shape: Shape, window: &Window) -> Self {
        let inner = window.shape();
        let width = inner.columns + 2;
        let mut heights = vec![f32::NAN; (inner.rows + 2) * width];
        let columns =
            window.columns.start.saturating_sub(1)..(window.columns.end + 1).min(shape.columns);
        let left = columns.start + 1 - window.columns.start;
        for (line, row) in (window.rows.start..window.rows.end + 2).enumerate() {
            let Some(row) = row.checked_sub(1).filter(|row| *row < shape.rows) else { continue };
            let from = &values[row * shape.columns..][columns.clone()];
            heights[line * width + left..][..from.len()].copy_from_slice(from);
        }
        Self::framed(inner, heights)
    }

    /// A patch of heights that are framed already.
    pub(crate) fn framed(inner: Shape, heights: Vec<f32>) -> Self {
        let width = inner.columns + 2;
        let steps = STEPS.map(|(rows, columns)| rows * width.cast_signed() + columns);
        Self { inner, heights, steps }
    }

    /// Length of a line of `heights`.
    pub(crate) fn width(&self) -> usize {
        self.inner.columns + 2
    }

    /// Place in `heights` of a cell of the window.
    pub(crate) fn at(&self, row: usize, column: usize) -> usize {
        (row + 1) * self.width() + column + 1
    }

    /// The neighbours of a cell of the window, in the order of [`STEPS`].
    pub(crate) fn around(&self, at: usize) -> impl Iterator<Item = usize> {
        self.steps.into_iter().map(move |step| at.wrapping_add_signed(step))
    }

    /// Whether water that stands here may leave: a neighbour is outside.
    pub(crate) fn is_rim(&self, at: usize) -> bool {
        self.around(at).any(|next| self.heights[next].is_nan())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_has_a_frame_of_its_neighbours() {
        let shape = Shape::new([3, 4]);
        let values: Vec<f32> = (0..12_u8).map(f32::from).collect();
        let patch = Patch::cut(&values, shape, &Window { rows: 1..3, columns: 2..4 });
        let shown: Vec<String> = patch.heights.iter().map(f32::to_string).collect();
        assert_eq!(shown.join(" "), "1 2 3 NaN 5 6 7 NaN 9 10 11 NaN NaN NaN NaN NaN");
        assert!(patch.is_rim(patch.at(0, 1)) && !patch.is_rim(patch.at(0, 0)));
    }

    #[test]
    fn windows_cover_every_cell_once() {
        let windows = Window::cover(Shape::new([5, 7]), 3);
        assert_eq!(windows.len(), 6);
        assert_eq!(windows.iter().map(|w| w.rows.len() * w.columns.len()).sum::<usize>(), 35);
        assert_eq!(windows[5], Window { rows: 3..5, columns: 6..7 });
    }
}
