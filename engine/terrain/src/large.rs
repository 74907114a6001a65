//! Rasters larger than memory: the same heights, directions and sums, tile by tile.
//!
//! Heights, directions, distances and sums lie in a [`Scratch`]; in memory are a few tiles and
//! what joins them: the borders of all tiles and the passes between their basins, about
//! `200 / edge` bytes for each cell of the raster. Every bit is that of the functions in memory.
//!
//! 1. Cuts: a tile is read with `2 reach + 1` cells around it, so that every way that may end in
//!    it is found again, from the heights as given.
//! 2. Filling: each tile is flooded on its own, the basins of all tiles are joined, and each tile
//!    is flooded again and raised (Barnes 2016).
//! 3. Directions; over flats, distances that go on from tile to tile until none changes.
//! 4. Sums: each tile adds up what falls on it, its border cells are joined, and each tile is added
//!    up again with what flows in (Barnes 2017, Computers & Geosciences 103).

use std::ops::Range;

use jomo_core::grid::Placement;
use jomo_core::walk::RowSource;
use rayon::prelude::*;

use self::sheet::Sheet;
use crate::breach::{Breach, cuts};
use crate::cells::{Shape, narrow};
use crate::condition::{Conditioning, check_settings, check_size};
use crate::error::TerrainError;
use crate::fill::{Border, flood, join};
use crate::flow::{OUTSIDE, steepest_row};
use crate::patch::{Patch, Window};
use crate::stream::{Network, StreamCell, Streams, check_threshold, way_on};

mod flats;
mod sheet;
mod sums;

pub use self::sheet::Scratch;

/// Why a raster larger than memory was not computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LargeError<E> {
    /// The heights or the settings.
    #[error(transparent)]
    Terrain(#[from] TerrainError),
    /// The heights could not be read, or the scratch failed.
    #[error("the heights or the scratch could not be read or written")]
    Scratch(#[source] E),
}

/// Conditioned heights, directions and sums in a scratch.
#[derive(Debug)]
pub struct Drained<'a, S> {
    scratch: &'a mut S,
    shape: Shape,
    edge: usize,
    cut: Sheet<f32>,
    codes: Sheet<u8>,
    upstream: Sheet<u32>,
}

/// Conditions a raster and lets it run off: what [`crate::condition()`], [`crate::Flow::new`] and
/// [`crate::accumulation()`] give, bit by bit, with tiles of `conditioning.patch_cells`. The scratch
/// takes 21 bytes a cell.
///
/// # Errors
/// As the functions in memory; whatever the source and the scratch fail with.
pub fn drain<'a, S: Scratch>(
    source: &mut impl RowSource<Error = S::Error>,
    scratch: &'a mut S,
    conditioning: &Conditioning,
) -> Result<Drained<'a, S>, LargeError<S::Error>> {
    check_settings(conditioning)?;
    let most = source.shape();
    check_size(most)?;
    let shape = Shape::new(most);
    let given: Sheet<f32> = Sheet::new(0, shape);
    let cut: Sheet<f32> = Sheet::new(given.end(), shape);
    let codes: Sheet<u8> = Sheet::new(cut.end(), shape);
    let distances = [Sheet::new(codes.end(), shape), Sheet::new(codes.end() + given.end(), shape)];
    let upstream: Sheet<u32> = Sheet::new(distances[1].end(), shape);
    let edge = conditioning.patch_cells;
    load(source, scratch, &given)?;
    let mut drained = Drained { scratch, shape, edge, cut, codes, upstream };
    drained.cut(&given, conditioning.breach).map_err(LargeError::Scratch)?;
    drained.fill().map_err(LargeError::Scratch)?;
    drained.steepest().map_err(LargeError::Scratch)?;
    drained.resolve(&distances).map_err(LargeError::Scratch)?;
    drained.sum().map_err(LargeError::Scratch)?;
    Ok(drained)
}

/// Copies the heights into the scratch, and refuses what the functions in memory refuse.
fn load<S: Scratch>(
    source: &mut impl RowSource<Error = S::Error>,
    scratch: &mut S,
    sheet: &Sheet<f32>,
) -> Result<(), LargeError<S::Error>> {
    let shape = sheet.shape;
    let lines = lines(shape);
    let mut known = false;
    let mut rows = Vec::new();
    for first in (0..shape.rows).step_by(lines) {
        let window =
            Window { rows: first..(first + lines).min(shape.rows), columns: 0..shape.columns };
        rows.resize(window.rows.len() * shape.columns, f32::NAN);
        source.read(window.rows.clone(), &mut rows).map_err(LargeError::Scratch)?;
        if let Some(at) = rows.iter().position(|height| height.is_infinite()) {
            let [row, column] = shape.place(at);
            let cell = [first + row, column];
            return Err(TerrainError::Height { cell, height_m: rows[at] }.into());
        }
        known |= !rows.iter().all(|height| height.is_nan());
        sheet.write(scratch, &window, &rows).map_err(LargeError::Scratch)?;
    }
    if known {
        return Ok(());
    }
    Err(TerrainError::NoHeights { shape: [shape.rows, shape.columns] }.into())
}

/// Rows that are read at a time: 4 M cells, at least one row.
fn lines(shape: Shape) -> usize {
    ((4 << 20) / shape.columns.max(1)).max(1)
}

impl<S: Scratch> Drained<'_, S> {
    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        [self.shape.rows, self.shape.columns]
    }

    /// Conditioned heights of some rows, one after the other, in m.
    ///
    /// # Errors
    /// If the scratch fails.
    pub fn heights(&mut self, rows: Range<usize>) -> Result<Vec<f32>, S::Error> {
        self.cut.read(self.scratch, &self.lines(rows), 0)
    }

    /// Codes of the directions of some rows, as in [`crate::Flow`].
    ///
    /// # Errors
    /// If the scratch fails.
    pub fn codes(&mut self, rows: Range<usize>) -> Result<Vec<u8>, S::Error> {
        self.codes.read(self.scratch, &self.lines(rows), 0)
    }

    /// Number of cells that drain through each cell of some rows.
    ///
    /// # Errors
    /// If the scratch fails.
    pub fn upstream(&mut self, rows: Range<usize>) -> Result<Vec<u32>, S::Error> {
        self.upstream.read(self.scratch, &self.lines(rows), 0)
    }

    /// The streams on which at least `threshold_cells` cells drain together: what [`Network::new`]
    /// gives, bit by bit. The streams are held in memory, 16 bytes for each of their cells.
    ///
    /// # Errors
    /// A threshold of 0; if the scratch fails.
    pub fn network(
        &mut self,
        placement: Placement,
        threshold_cells: u32,
    ) -> Result<Network, LargeError<S::Error>> {
        check_threshold(threshold_cells)?;
        let mut cells = Vec::new();
        for rows in self.strips() {
            let found = self.stream_cells(rows, threshold_cells).map_err(LargeError::Scratch)?;
            cells.extend(found);
        }
        Ok(Network::of(placement, &Streams { shape: self.shape, cells }, threshold_cells))
    }

    /// The cells on streams of some rows.
    fn stream_cells(
        &mut self,
        rows: Range<usize>,
        threshold_cells: u32,
    ) -> Result<Vec<StreamCell>, S::Error> {
        let window = self.lines(rows.clone());
        let inner = window.shape();
        let heights = self.cut.read(self.scratch, &window, 0)?;
        let sums = self.upstream.read(self.scratch, &window, 0)?;
        let codes = self.codes.read(self.scratch, &window, 1)?;
        let framed = Shape { rows: inner.rows + 2, columns: inner.columns + 2 };
        let first = rows.start * self.shape.columns;
        let of = |at: usize| {
            let [row, column] = inner.place(at);
            let here = (row + 1) * framed.columns + column + 1;
            let outside =
                |step| framed.step(here, step).is_none_or(|other| codes[other] == OUTSIDE);
            let (way_on, leaves) = way_on(codes[here], outside);
            let (upstream, height) = (sums[at], heights[at]);
            StreamCell { cell: narrow(first + at), upstream, height, way_on, leaves }
        };
        Ok((0..sums.len()).filter(|at| threshold_cells <= sums[*at]).map(of).collect())
    }

    fn strips(&self) -> impl Iterator<Item = Range<usize>> + use<S> {
        let (rows, lines) = (self.shape.rows, lines(self.shape));
        (0..rows).step_by(lines).map(move |first| first..(first + lines).min(rows))
    }

    fn lines(&self, rows: Range<usize>) -> Window {
        Window { rows: rows.start..rows.end.min(self.shape.rows), columns: 0..self.shape.columns }
    }

    fn windows(&self) -> Vec<Window> {
        Window::cover(self.shape, self.edge)
    }

    /// Tiles in work at the same time: enough for all threads, whatever their number.
    fn batch() -> usize {
        2 * rayon::current_num_threads()
    }

    fn cut(&mut self, given: &Sheet<f32>, limits: Option<Breach>) -> Result<(), S::Error> {
        let reach = limits.map_or(0, |limits| limits.reach_cells);
        for batch in self.windows().chunks(Self::batch()) {
            let read = |window: &Window| given.read(self.scratch, window, 2 * reach + 1);
            let wide = batch.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            let tiles: Vec<Vec<f32>> = (wide, batch)
                .into_par_iter()
                .map(|(wide, window)| cut_tile(wide, window, limits))
                .collect();
            for (window, tile) in batch.iter().zip(tiles) {
                self.cut.write(self.scratch, window, &tile)?;
            }
        }
        Ok(())
    }

    fn fill(&mut self) -> Result<(), S::Error> {
        let windows = self.windows();
        let mut borders: Vec<Border> = Vec::with_capacity(windows.len());
        for batch in windows.chunks(Self::batch()) {
            let patches = self.patches(batch)?;
            borders.par_extend(patches.par_iter().map(|patch| flood(patch).border()));
        }
        let levels = join(&borders, self.shape.columns.div_ceil(self.edge));
        drop(borders);
        for (batch, levels) in windows.chunks(Self::batch()).zip(levels.chunks(Self::batch())) {
            let patches = self.patches(batch)?;
            let raised: Vec<Vec<f32>> = (patches, levels)
                .into_par_iter()
                .map(|(patch, levels)| flood(&patch).raise(levels))
                .collect();
            for (window, raised) in batch.iter().zip(raised) {
                self.cut.write(self.scratch, window, &raised)?;
            }
        }
        Ok(())
    }

    fn patches(&mut self, windows: &[Window]) -> Result<Vec<Patch>, S::Error> {
        let read = |window: &Window| {
            let heights = self.cut.read(self.scratch, window, 1)?;
            Ok(Patch::framed(window.shape(), heights))
        };
        windows.iter().map(read).collect()
    }

    fn steepest(&mut self) -> Result<(), S::Error> {
        for batch in self.windows().chunks(Self::batch()) {
            let patches = self.patches(batch)?;
            let codes: Vec<Vec<u8>> = patches.par_iter().map(codes_of).collect();
            for (window, codes) in batch.iter().zip(codes) {
                self.codes.write(self.scratch, window, &codes)?;
            }
        }
        Ok(())
    }
}

fn codes_of(patch: &Patch) -> Vec<u8> {
    let mut codes = vec![OUTSIDE; patch.inner.rows * patch.inner.columns];
    for (row, out) in codes.chunks_exact_mut(patch.inner.columns).enumerate() {
        let line = |below: usize| &patch.heights[(row + below) * patch.width()..][..patch.width()];
        steepest_row([line(0), line(1), line(2)], out);
    }
    codes
}

/// A tile with its cuts, from the heights within `2 reach + 1` cells.
fn cut_tile(wide: Vec<f32>, window: &Window, limits: Option<Breach>) -> Vec<f32> {
    let inner = window.shape();
    let reach = limits.map_or(0, |limits| limits.reach_cells);
    let frame = 2 * reach + 1;
    let shape = Shape { rows: inner.rows + 2 * frame, columns: inner.columns + 2 * frame };
    let mut heights = wide;
    if let Some(limits) = limits {
        // Pits within reach; beyond the raster there is no height, hence no pit.
        let pits = Window {
            rows: frame - reach..frame + inner.rows + reach,
            columns: frame - reach..frame + inner.columns + reach,
        };
        for (cell, level) in cuts(&heights, shape, limits, &pits) {
            let here = &mut heights[cell as usize];
            *here = here.min(level);
        }
    }
    heights
        .chunks_exact(shape.columns)
        .skip(frame)
        .take(inner.rows)
        .flat_map(|line| &line[frame..frame + inner.columns])
        .copied()
        .collect()
}
