//! Bringing the cells of a raster into a planar zone, block by block, without holding the raster.
//!
//! Each cell of the target is carried back to the source (inverse mapping), so that the target has
//! neither gaps nor overlaps. Within a block the way back is computed at every 16th cell and
//! interpolated where that is right to a hundredth of a source cell, else at every cell. The
//! result depends on neither memory nor threads: blocks stand on a lattice of their own.
//!
//! No data never becomes data: a cell whose nearest source cell has no data has none, whatever its
//! neighbours say; elsewhere cells without data have no weight.

use jomo_core::projection::Zone;
use jomo_format::geotiff::{Sample, Window};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::crs::Operation;
use crate::error::IngestError;
use crate::raster::RasterError;

/// Edge of a block and of the tiles that are written.
pub(crate) const BLOCK: usize = 256;
/// Distance of the cells whose way back is computed.
const STEP: usize = 16;
/// Largest error of an interpolated way back, in source cells.
const ERROR_MAX: f64 = 0.01;
/// Source cells that are read for a block; larger ones are cut into four.
const WINDOW_MAX: usize = 1 << 22;
/// A position this near to the middle of a source cell is there: an aligned raster keeps its bits.
const SNAP: f64 = 1e-6;
/// Most cells of a target: as many as the bytes that the walls let one file have (16 GiB). The
/// prefecture (6,362 km²) fits at 0.61 m.
pub(crate) const CELLS_MAX: u64 = 1 << 34;
/// Points along each edge of the source whose way forward gives the extent of the target.
const EDGE_POINTS: usize = 64;

/// How the value of a target cell comes from source cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resampling {
    /// The source cell that the middle lies in: classes.
    Nearest,
    /// The four around it by distance: heights, photographs.
    Bilinear,
    /// All under the target cell by area: anything made coarser.
    Average,
}

/// A cell may be larger than the source by this much: a size is given in round numbers.
const EXTENT_SLACK: f64 = 1.01;

/// Column and row to `[x, y]`: `origin + column * columns + row * rows`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Affine {
    pub(crate) origin: [f64; 2],
    pub(crate) columns: [f64; 2],
    pub(crate) rows: [f64; 2],
}

impl Affine {
    /// North-west corner and cell of a raster with north up.
    pub(crate) fn north_up(origin: [f64; 2], cell: [f64; 2]) -> Self {
        Self { origin, columns: [cell[0], 0.0], rows: [0.0, -cell[1]] }
    }

    pub(crate) fn at(&self, [u, v]: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis| self.origin[axis] + u * self.columns[axis] + v * self.rows[axis])
    }

    /// As GDAL writes it: x and its steps by column and row, then y and its.
    pub(crate) fn of_gdal(transform: &[f64; 6]) -> Self {
        Self {
            origin: [transform[0], transform[3]],
            columns: [transform[1], transform[4]],
            rows: [transform[2], transform[5]],
        }
    }

    /// The way back; `None` if all lies on a line, or somewhere beyond numbers.
    pub(crate) fn inverse(&self) -> Option<Self> {
        let Self { origin, columns, rows } = *self;
        let area = columns[0] * rows[1] - rows[0] * columns[1];
        let own = Self {
            origin: [
                (rows[0] * origin[1] - rows[1] * origin[0]) / area,
                (columns[1] * origin[0] - columns[0] * origin[1]) / area,
            ],
            columns: [rows[1] / area, -columns[1] / area],
            rows: [-rows[0] / area, columns[0] / area],
        };
        let all = [own.origin, own.columns, own.rows];
        all.iter().flatten().all(|value| value.is_finite()).then_some(own)
    }
}

/// The raster that is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) zone: Zone,
    pub(crate) shape: [usize; 2],
    pub(crate) origin_m: [f64; 2],
    pub(crate) cell_size_m: f64,
}

impl Target {
    /// The smallest raster on the lattice of its cells that holds the source.
    pub(crate) fn around(
        source: &Affine,
        shape: [usize; 2],
        (operation, zone): (&Operation, Zone),
        cell_size_m: Option<f64>,
    ) -> Result<Self, RasterError> {
        let [rows, columns] = shape.map(|size| size as f64);
        let mut points = Vec::new();
        for index in 0..=EDGE_POINTS {
            let part = index as f64 / EDGE_POINTS as f64;
            let (across, down) = (part * columns, part * rows);
            points.extend([[across, 0.0], [across, rows], [0.0, down], [columns, down]]);
        }
        let mut points: Vec<[f64; 2]> = points.into_iter().map(|uv| source.at(uv)).collect();
        operation.forward(&mut points);
        points.retain(|xy| xy.iter().all(|value| value.is_finite()));
        let size_m = match cell_size_m {
            Some(size) => Some(size),
            None => own_size(source, [rows, columns], operation),
        };
        let Some(cell) = size_m.filter(|size| size.is_finite() && 0.0 < *size) else {
            return Err(RasterError::Outside);
        };
        let bound =
            |axis: usize, pick: fn(f64, f64) -> f64| points.iter().map(|xy| xy[axis]).reduce(pick);
        let (Some(west), Some(south)) = (bound(0, f64::min), bound(1, f64::min)) else {
            return Err(RasterError::Outside);
        };
        let (Some(east), Some(north)) = (bound(0, f64::max), bound(1, f64::max)) else {
            return Err(RasterError::Outside);
        };
        let extent_m = (east - west).max(north - south);
        // Beyond that all would be one cell of nearly nothing.
        if let Some(cell_m) = cell_size_m.filter(|size| extent_m * EXTENT_SLACK < *size) {
            return Err(RasterError::Extent { cell_m, extent_m });
        }
        let bounds_m = [west, south, east, north];
        let (corner, size) = on_lattice(bounds_m, cell);
        match fitting(size) {
            Some(shape) => {
                Ok(Self { zone, shape, origin_m: corner.map(|at| at * cell), cell_size_m: cell })
            }
            None => Err(RasterError::Size {
                columns: ((east - west) / cell).round(),
                rows: ((north - south) / cell).round(),
                limit: CELLS_MAX,
                fits_m: smallest(bounds_m),
            }),
        }
    }

    fn middle(&self, row: usize, column: usize) -> [f64; 2] {
        let along = |index: usize| (index as f64 + 0.5) * self.cell_size_m;
        [self.origin_m[0] + along(column), self.origin_m[1] - along(row)]
    }
}

/// North-west corner and size, in cells, of what holds the bounds on the lattice of a cell size.
fn on_lattice(bounds_m: [f64; 4], cell: f64) -> ([f64; 2], [f64; 2]) {
    // An edge within a thousandth of a cell of the lattice is on it.
    let [west, south, ..] = bounds_m.map(|bound| (bound / cell + 1e-3).floor());
    let [.., east, north] = bounds_m.map(|bound| (bound / cell - 1e-3).ceil());
    let size = [north - south, east - west];
    // What is thinner than a cell has one; what is beyond numbers stays there.
    ([west, north], size.map(|cells| if cells < 1.0 { 1.0 } else { cells }))
}

/// Rows and columns, if there are not too many.
fn fitting([rows, columns]: [f64; 2]) -> Option<[usize; 2]> {
    let few = rows * columns <= CELLS_MAX as f64;
    Some([whole(rows)?, whole(columns)?]).filter(|_| few)
}

/// The smallest cell size, of three digits, with which a target fits.
fn smallest([west, south, east, north]: [f64; 4]) -> f64 {
    let (wide_m, high_m) = (east - west, north - south);
    let mut size = (wide_m * high_m / CELLS_MAX as f64).sqrt().max(f64::MIN_POSITIVE);
    // Rounding up by a hundredth at a time fits within a few steps, if anything does.
    for _ in 0..1_000 {
        let digit = 10.0_f64.powf(size.log10().floor() - 2.0);
        let round = (size / digit).ceil();
        // Whole powers divide without a remainder in writing: 0.35, not 0.35000000000000003.
        let round = if digit < 1.0 { round / (1.0 / digit).round() } else { round * digit };
        if fitting(on_lattice([west, south, east, north], round).1).is_some() {
            return round;
        }
        size = round * 1.01;
    }
    size
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie in 1 to 2^32"
)]
fn whole(size: f64) -> Option<usize> {
    (1.0..=4_294_967_295.0).contains(&size).then_some(size as usize)
}

/// The cell size that suits a source: its own where it is in metres, else the nearest of
/// 1, 2, 2.5, 5 times a power of ten to what its middle cell measures.
fn own_size(source: &Affine, [rows, columns]: [f64; 2], operation: &Operation) -> Option<f64> {
    let (u, v) = (columns / 2.0, rows / 2.0);
    let mut ends = [[u - 0.5, v], [u + 0.5, v], [u, v - 0.5], [u, v + 0.5]].map(|uv| source.at(uv));
    operation.forward(&mut ends);
    let length = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
    let measured = (length(ends[0], ends[1]) * length(ends[2], ends[3])).sqrt();
    let own = source.columns[0].hypot(source.columns[1]);
    // The scale of a plane differs from 1 by a thousandth at most within its zone.
    if (measured - own).abs() < 2e-3 * own {
        return Some(own);
    }
    let power = 10.0_f64.powf(measured.log10().floor());
    let nice = [1.0, 2.0, 2.5, 5.0, 10.0].map(|digit| digit * power);
    let far = |size: &f64| (size / measured).ln().abs();
    nice.into_iter().filter(|size| size.is_finite()).min_by(|a, b| far(a).total_cmp(&far(b)))
}

/// Cells of a source, read by windows.
pub(crate) trait Cells<T> {
    /// Rows and columns.
    fn shape(&self) -> [usize; 2];
    /// Numbers of a cell.
    fn bands(&self) -> usize;
    /// Reads one band of a window.
    fn read(&mut self, band: usize, window: &Window, out: &mut [T]) -> Result<(), IngestError>;
    /// Reads which cells of a window hold data, 0 for none; `false` if the source has no such
    /// mask. The mask does not speak of the band that it comes from itself.
    fn mask(&mut self, window: &Window, out: &mut [u8]) -> Result<bool, IngestError>;
    /// The band that the mask comes from.
    fn opacity(&self) -> Option<usize>;
}

/// How to warp.
pub(crate) struct Warp<'a> {
    /// The way from target to source.
    pub(crate) operation: &'a Operation,
    /// From positions of the source to its cells.
    pub(crate) to_cells: Affine,
    /// The result.
    pub(crate) target: Target,
    /// How values come about.
    pub(crate) resampling: Resampling,
    /// The stored number for no data in the source.
    pub(crate) absent: Option<f64>,
    /// The number to write where there is no data.
    pub(crate) fill: f64,
}

/// A part of the target.
#[derive(Clone, Copy, Debug)]
struct Block {
    row: usize,
    column: usize,
    rows: usize,
    columns: usize,
}

/// Where the cells of a block lie in the source, and half the size of one there.
struct Way {
    cells: Vec<[f64; 2]>,
    half: [f64; 2],
}

/// One band of a window of the source.
struct Plane<'a, T> {
    window: &'a Window,
    cells: &'a [T],
    mask: Option<&'a [u8]>,
    absent: Option<T>,
}

impl Warp<'_> {
    /// Fills the rows of the target from `first`, pixel by pixel, at most [`BLOCK`] of them.
    pub(crate) fn strip<T: Sample>(
        &self,
        source: &mut dyn Cells<T>,
        first: usize,
        out: &mut [T],
    ) -> Result<(), IngestError> {
        let columns = self.target.shape[1];
        let rows = out.len() / (columns * source.bands());
        out.fill(T::from_f64(self.fill));
        for column in (0..columns).step_by(BLOCK) {
            let wide = BLOCK.min(columns - column);
            let block = Block { row: first, column, rows, columns: wide };
            self.block(source, block, first, out)?;
        }
        Ok(())
    }

    fn block<T: Sample>(
        &self,
        source: &mut dyn Cells<T>,
        block: Block,
        first: usize,
        out: &mut [T],
    ) -> Result<(), IngestError> {
        let way = self.way(block);
        let Some(window) = window(&way, source.shape(), self.resampling) else { return Ok(()) };
        let cells = window.rows.len().saturating_mul(window.columns.len());
        if WINDOW_MAX < cells && 1 < block.rows.max(block.columns) {
            for part in block.parts() {
                self.block(source, part, first, out)?;
            }
            return Ok(());
        }
        if 16 * WINDOW_MAX < cells {
            return Err(RasterError::Coarse { cells: cells as u64 }.into());
        }
        let mut mask = vec![0; cells];
        let masked = source.mask(&window, &mut mask)?;
        let mut stored = vec![T::default(); cells];
        let (bands, columns, how) = (source.bands(), self.target.shape[1], self.resampling);
        for band in 0..bands {
            source.read(band, &window, &mut stored)?;
            let plane = Plane {
                window: &window,
                cells: &stored,
                mask: (masked && source.opacity() != Some(band)).then_some(&mask),
                absent: self.absent.map(T::from_f64),
            };
            let line = columns * bands;
            let rows = out.par_chunks_mut(line).skip(block.row - first).take(block.rows);
            rows.zip(way.cells.par_chunks(block.columns)).for_each(|(out, cells)| {
                let out = out.chunks_exact_mut(bands).skip(block.column);
                for (pixel, uv) in out.zip(cells) {
                    if let Some(value) = plane.value(*uv, way.half, how) {
                        pixel[band] = value;
                    }
                }
            });
        }
        Ok(())
    }

    /// The way back of every cell of a block.
    fn way(&self, block: Block) -> Way {
        let lattice = |size: usize| size.div_ceil(STEP) + 1;
        let (down, across) = (lattice(block.rows), lattice(block.columns));
        let at = |row: usize, column: usize| {
            self.target.middle(block.row + row * STEP, block.column + column * STEP)
        };
        let mut nodes: Vec<[f64; 2]> = (0..down)
            .flat_map(|row| (0..across).map(move |column| (row, column)))
            .map(|(r, c)| at(r, c))
            .collect();
        self.back(&mut nodes);
        let between = |row: f64, column: f64| {
            let (row, column) = (row / STEP as f64, column / STEP as f64);
            let (top, left) = (floor(row).min(down - 2), floor(column).min(across - 2));
            let (south, east) = (row - top as f64, column - left as f64);
            let pair = |row: usize| {
                let at = row * across + left;
                [0, 1].map(|axis| nodes[at][axis] + east * (nodes[at + 1][axis] - nodes[at][axis]))
            };
            let (upper, lower) = (pair(top), pair(top + 1));
            [0, 1].map(|axis| upper[axis] + south * (lower[axis] - upper[axis]))
        };
        let half_step = STEP as f64 / 2.0;
        let middles: Vec<[f64; 2]> = (0..down - 1)
            .flat_map(|row| (0..across - 1).map(move |column| (row, column)))
            .map(|(row, column)| [row, column].map(|index| index as f64 * STEP as f64 + half_step))
            .collect();
        let mut exact: Vec<[f64; 2]> = middles
            .iter()
            .map(|[row, column]| {
                let [x, y] = self.target.middle(block.row, block.column);
                let cell = self.target.cell_size_m;
                [x + column * cell, y - row * cell]
            })
            .collect();
        self.back(&mut exact);
        let good = middles.iter().zip(&exact).all(|([row, column], exact)| {
            let [u, v] = between(*row, *column);
            (u - exact[0]).abs().max((v - exact[1]).abs()) <= ERROR_MAX
        });
        let every = (0..block.rows).flat_map(|row| (0..block.columns).map(move |c| (row, c)));
        let cells: Vec<[f64; 2]> = if good {
            every.map(|(row, column)| between(row as f64, column as f64)).collect()
        } else {
            let middle = |(row, column)| self.target.middle(block.row + row, block.column + column);
            let mut cells: Vec<[f64; 2]> = every.map(middle).collect();
            self.back(&mut cells);
            cells
        };
        Way { half: self.half(block), cells }
    }

    /// Positions of the target to columns and rows of the source.
    fn back(&self, positions: &mut [[f64; 2]]) {
        self.operation.inverse(positions);
        for position in positions {
            *position = self.to_cells.at(*position);
        }
    }

    /// Half the width and height, in source cells, of the box around the middle cell of a block.
    fn half(&self, block: Block) -> [f64; 2] {
        let [x, y] =
            self.target.middle(block.row + block.rows / 2, block.column + block.columns / 2);
        let half = self.target.cell_size_m / 2.0;
        let mut corners = [
            [x - half, y - half],
            [x - half, y + half],
            [x + half, y - half],
            [x + half, y + half],
        ];
        self.back(&mut corners);
        [0, 1].map(|axis| {
            let bound = |pick: fn(f64, f64) -> f64| corners.iter().map(|uv| uv[axis]).reduce(pick);
            let span = bound(f64::max).zip(bound(f64::min)).map(|(high, low)| (high - low) / 2.0);
            // Finer than the source, a cell still touches one.
            span.filter(|span| span.is_finite()).unwrap_or(0.5).max(0.5)
        })
    }
}

impl Block {
    /// Four parts, or two of a line.
    fn parts(self) -> Vec<Self> {
        let cut = |start: usize, size: usize| {
            let first = size.div_ceil(2);
            [(start, first), (start + first, size - first)]
        };
        let mut parts = Vec::new();
        for (row, rows) in cut(self.row, self.rows) {
            for (column, columns) in cut(self.column, self.columns) {
                if 0 < rows && 0 < columns {
                    parts.push(Self { row, column, rows, columns });
                }
            }
        }
        parts
    }
}

/// Whole part of a number that is not negative; 0 for those that are and for none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from float stops at the ends"
)]
fn floor(value: f64) -> usize {
    value as usize
}

/// The cells of the source that a block needs; `None` if it lies outside.
fn window(way: &Way, shape: [usize; 2], resampling: Resampling) -> Option<Window> {
    let around = match resampling {
        Resampling::Nearest => [0.0; 2],
        Resampling::Bilinear => [1.0; 2],
        Resampling::Average => way.half,
    };
    let range = |axis: usize, size: usize| {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for uv in &way.cells {
            low = low.min(uv[axis]);
            high = high.max(uv[axis]);
        }
        let (low, high) = (low - around[axis], high + around[axis]);
        (low < size as f64 && 0.0 <= high)
            .then(|| floor(low.floor())..(floor(high.floor()) + 1).min(size))
    };
    let (rows, columns) = (range(1, shape[0])?, range(0, shape[1])?);
    (!rows.is_empty() && !columns.is_empty()).then_some(Window { rows, columns })
}

impl<T: Sample> Plane<'_, T> {
    /// The stored number of a source cell; `None` outside and where there is no data.
    fn cell(&self, column: f64, row: f64) -> Option<T> {
        if !(0.0 <= column && 0.0 <= row) {
            return None;
        }
        let (column, row) = (floor(column), floor(row));
        let Window { rows, columns } = self.window;
        if !rows.contains(&row) || !columns.contains(&column) {
            return None;
        }
        let index = (row - rows.start) * columns.len() + column - columns.start;
        if self.mask.is_some_and(|mask| mask[index] == 0) {
            return None;
        }
        let value = self.cells[index];
        (Some(value) != self.absent && !value.to_f64().is_nan()).then_some(value)
    }

    fn value(&self, [u, v]: [f64; 2], half: [f64; 2], how: Resampling) -> Option<T> {
        let nearest = self.cell(u.floor(), v.floor());
        let mean = match how {
            Resampling::Nearest => return nearest,
            Resampling::Bilinear => {
                nearest?;
                self.bilinear([u - 0.5, v - 0.5])
            }
            Resampling::Average => self.average([u, v], half),
        };
        let value = T::from_f64(mean?);
        // 99 and 101 do not become a hole where 100 stands for no data.
        if Some(value) == self.absent { nearest } else { Some(value) }
    }

    /// The mean of four cells by distance; those without data have no weight.
    fn bilinear(&self, position: [f64; 2]) -> Option<f64> {
        let [(column, x), (row, y)] = position.map(|value| {
            let (whole, part) = (value.floor(), value - value.floor());
            match part {
                ..SNAP => (whole, 0.0),
                part if 1.0 - SNAP < part => (whole + 1.0, 0.0),
                part => (whole, part),
            }
        });
        let (mut sum, mut weights) = (0.0, 0.0);
        for (down, wy) in [(0.0, 1.0 - y), (1.0, y)] {
            for (across, wx) in [(0.0, 1.0 - x), (1.0, x)] {
                let weight = wx * wy;
                if weight <= 0.0 {
                    continue;
                }
                if let Some(value) = self.cell(column + across, row + down) {
                    sum += weight * value.to_f64();
                    weights += weight;
                }
            }
        }
        (0.0 < weights).then(|| sum / weights)
    }

    /// The mean of the cells in a box by their share of it.
    fn average(&self, [u, v]: [f64; 2], half: [f64; 2]) -> Option<f64> {
        // Cut to what was read: the box of a wild position has no end.
        let Window { rows, columns } = self.window;
        let cut = |middle: f64, half: f64, range: &std::ops::Range<usize>| {
            ((middle - half).max(range.start as f64), (middle + half).min(range.end as f64))
        };
        let ((west, east), (north, south)) = (cut(u, half[0], columns), cut(v, half[1], rows));
        let (mut sum, mut weights) = (0.0, 0.0);
        let mut row = north.floor();
        while row < south {
            let high = (row + 1.0).min(south) - row.max(north);
            let mut column = west.floor();
            while column < east {
                let weight = high * ((column + 1.0).min(east) - column.max(west));
                if SNAP < weight
                    && let Some(value) = self.cell(column, row)
                {
                    sum += weight * value.to_f64();
                    weights += weight;
                }
                column += 1.0;
            }
            row += 1.0;
        }
        (0.0 < weights).then(|| sum / weights)
    }
}

#[cfg(test)]
mod tests;
