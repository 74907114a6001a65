//! Streams: where enough cells drain together, cut into reaches at every confluence.

use std::ops::Range;

use jomo_core::grid::{Grid, Placement};
use rayon::prelude::*;

use crate::cells::{STEPS, Shape, narrow, step_length};
use crate::condition::Conditioned;
use crate::error::TerrainError;
use crate::flow::{Flow, OUTSIDE, code, comes_back};

/// "None" among 32-bit indices.
pub(crate) const NONE: u32 = u32::MAX;

/// One reach: the stream between two confluences, or above the first or below the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// Its cells in [`Network::cells`], from upstream to downstream.
    pub cells: Range<usize>,
    /// The reach that it flows into; `None` at an outlet.
    pub downstream: Option<u32>,
    /// The step from its last cell, as in [`Flow`]: 1 to 8, to the next reach or to the outside.
    pub way_on: u8,
    /// The last reach on the way: all reaches of one basin share it.
    pub basin: u32,
    /// Order of Strahler (1957): 1 without a reach above; where two or more of the highest order
    /// `n` meet, `n + 1`.
    pub strahler: u8,
    /// Length along the middles of the cells, to the first cell of the next reach, or half a step
    /// beyond the last cell at an outlet, in m. The lengths of a way add up.
    pub length_m: f64,
    /// Mean slope over this length (m/m) of the conditioned heights; 0 over filled ground.
    pub slope: f64,
    /// Cells that drain through its last cell.
    pub upstream_cells: u32,
    /// Cells that drain into it and into no reach above.
    pub own_cells: u32,
}

/// The streams of a raster.
///
/// Reaches stand in order of drained area (then of the place of their last cell): whatever flows
/// into a reach comes before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub(crate) placement: Placement,
    pub(crate) shape: [usize; 2],
    pub(crate) threshold_cells: u32,
    pub(crate) cells: Vec<u32>,
    pub(crate) reaches: Vec<Reach>,
}

impl Network {
    /// The streams on which at least `threshold_cells` cells drain together.
    ///
    /// # Errors
    /// Rasters that do not lie on each other; a threshold of 0.
    pub fn new(
        conditioned: &Conditioned,
        flow: &Flow,
        upstream: &Grid<u32>,
        threshold_cells: u32,
    ) -> Result<Self, TerrainError> {
        let heights = conditioned.heights();
        same_lattice("flow", heights, flow.codes())?;
        same_lattice("upstream cells", heights, upstream)?;
        check_threshold(threshold_cells)?;
        let shape = Shape::new(heights.shape());
        let (codes, sums) = (flow.codes().values(), upstream.values());
        let cells = (0..codes.len())
            .into_par_iter()
            .filter(|cell| threshold_cells <= sums[*cell] && codes[*cell] != OUTSIDE)
            .map(|cell| {
                let outside =
                    |step| shape.step(cell, step).is_none_or(|other| codes[other] == OUTSIDE);
                let (way_on, leaves) = way_on(codes[cell], outside);
                let (upstream, height) = (sums[cell], heights.values()[cell]);
                StreamCell { cell: narrow(cell), upstream, height, way_on, leaves }
            })
            .collect();
        Ok(Self::of(heights.placement(), &Streams { shape, cells }, threshold_cells))
    }

    /// The network of streams.
    pub(crate) fn of(placement: Placement, streams: &Streams, threshold_cells: u32) -> Self {
        let paths = streams.paths();
        let mut network = Self {
            placement,
            shape: [streams.shape.rows, streams.shape.columns],
            threshold_cells,
            cells: Vec::with_capacity(streams.cells.len()),
            reaches: Vec::with_capacity(paths.len()),
        };
        for path in &paths {
            network.take(path, streams);
        }
        network.join(&paths, streams);
        network.order();
        network
    }

    /// The reaches.
    #[must_use]
    pub fn reaches(&self) -> &[Reach] {
        &self.reaches
    }

    /// Cells of all reaches, by their index in the raster; each belongs to one reach.
    #[must_use]
    pub fn cells(&self) -> &[u32] {
        &self.cells
    }

    /// Where the raster lies.
    #[must_use]
    pub fn placement(&self) -> Placement {
        self.placement
    }

    /// Rows and columns of the raster.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Cells that had to drain together.
    #[must_use]
    pub fn threshold_cells(&self) -> u32 {
        self.threshold_cells
    }

    /// Middle of a cell, `[easting, northing]` in m.
    #[must_use]
    pub fn centre_m(&self, cell: u32) -> [f64; 2] {
        let [row, column] = Shape::new(self.shape).place(cell as usize);
        let Placement { origin_m, cell_size_m, .. } = self.placement;
        let along = |index: usize| (index as f64 + 0.5) * cell_size_m;
        [origin_m[0] + along(column), origin_m[1] - along(row)]
    }

    /// The id of a reach: zone, easting and northing of the middle of its last cell in centimetres,
    /// such as `6677_-6989500_3950500`. It does not change when the raster is extended, or with the
    /// order of the work; `None` for no such reach.
    #[must_use]
    pub fn id(&self, reach: usize) -> Option<String> {
        let last = *self.cells.get(self.reaches.get(reach)?.cells.clone())?.last()?;
        let [east, north] = self.centre_m(last).map(|metres| (metres * 100.0).round());
        Some(format!("{}_{}_{}", self.placement.zone.epsg(), east + 0.0, north + 0.0))
    }

    /// Area of one cell in m².
    #[must_use]
    pub fn cell_area_m2(&self) -> f64 {
        self.placement.cell_size_m * self.placement.cell_size_m
    }

    /// Area that drains through the end of each reach, in m².
    pub fn upstream_m2(&self) -> impl Iterator<Item = f64> {
        let area = self.cell_area_m2();
        self.reaches.iter().map(move |reach| f64::from(reach.upstream_cells) * area)
    }

    /// Adds a path as a reach, with its length and slope.
    fn take(&mut self, path: &[StreamCell], streams: &Streams) {
        let from = self.cells.len();
        self.cells.extend(path.iter().map(|cell| cell.cell));
        let (first, last) = (path[0], path[path.len() - 1]);
        let steps = path.iter().map(StreamCell::step_cells);
        let length_m = self.placement.cell_size_m * steps.sum::<f64>();
        let end = streams.receiver(last).unwrap_or(last);
        let drop = f64::from(first.height) - f64::from(end.height);
        self.reaches.push(Reach {
            cells: from..self.cells.len(),
            downstream: None,
            way_on: last.way_on,
            basin: NONE,
            strahler: 1,
            length_m,
            slope: drop / length_m,
            upstream_cells: last.upstream,
            own_cells: last.upstream,
        });
    }

    /// Finds what each reach flows into.
    fn join(&mut self, paths: &[Vec<StreamCell>], streams: &Streams) {
        let mut heads: Vec<(u32, u32)> =
            paths.iter().enumerate().map(|(index, path)| (path[0].cell, narrow(index))).collect();
        heads.sort_unstable();
        for (reach, path) in self.reaches.iter_mut().zip(paths) {
            reach.downstream = streams.receiver(path[path.len() - 1]).and_then(|next| {
                let at = heads.binary_search_by_key(&next.cell, |(head, _)| *head).ok()?;
                Some(heads[at].1)
            });
        }
    }

    /// Strahler orders, own cells and basins: down the network once, and up once.
    fn order(&mut self) {
        // The highest order that flows in, and how many bring it.
        let mut inflow = vec![(0_u8, 0_u8); self.reaches.len()];
        for index in 0..self.reaches.len() {
            let (highest, count) = inflow[index];
            let strahler = if 1 < count { highest.saturating_add(1) } else { highest.max(1) };
            self.reaches[index].strahler = strahler;
            let Some(below) = self.reaches[index].downstream else { continue };
            let (highest, count) = &mut inflow[below as usize];
            match strahler.cmp(highest) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => *count += 1,
                std::cmp::Ordering::Greater => (*highest, *count) = (strahler, 1),
            }
            let drained = self.reaches[index].upstream_cells;
            let own = &mut self.reaches[below as usize].own_cells;
            // Not less than nothing, should the sums be those of other heights.
            *own = own.saturating_sub(drained);
        }
        for index in (0..self.reaches.len()).rev() {
            self.reaches[index].basin = match self.reaches[index].downstream {
                Some(below) => self.reaches[below as usize].basin,
                None => narrow(index),
            };
        }
    }
}

/// A cell on a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamCell {
    pub(crate) cell: u32,
    pub(crate) upstream: u32,
    pub(crate) height: f32,
    /// The step onwards, 1 to 8.
    pub(crate) way_on: u8,
    /// Whether that step leads outside.
    pub(crate) leaves: bool,
}

impl StreamCell {
    /// Length of the way from here onwards, in cells; half a step at an outlet.
    fn step_cells(&self) -> f64 {
        let length = step_length(usize::from(self.way_on) - 1);
        if self.leaves { 0.5 * length } else { length }
    }
}

/// The step onwards from a cell of a code, and whether it leads outside: at an outlet the first
/// straight step for which `outside` holds, else the first diagonal one.
pub(crate) fn way_on(code_here: u8, outside: impl Fn(usize) -> bool) -> (u8, bool) {
    if (1..=8).contains(&code_here) {
        return (code_here, false);
    }
    let mut straight_first = (0..STEPS.len()).step_by(2).chain((1..STEPS.len()).step_by(2));
    (code(straight_first.find(|step| outside(*step)).unwrap_or(0)), true)
}

/// All cells on streams, in the order of their places: one or two of a hundred cells.
pub(crate) struct Streams {
    pub(crate) shape: Shape,
    pub(crate) cells: Vec<StreamCell>,
}

impl Streams {
    fn at(&self, cell: usize) -> Option<StreamCell> {
        let found = self.cells.binary_search_by_key(&cell, |stream| stream.cell as usize).ok()?;
        Some(self.cells[found])
    }

    fn receiver(&self, from: StreamCell) -> Option<StreamCell> {
        if from.leaves {
            return None;
        }
        self.at(self.shape.step(from.cell as usize, usize::from(from.way_on) - 1)?)
    }

    /// Whether a reach begins here: no stream comes in, or more than one.
    fn is_head(&self, here: StreamCell) -> bool {
        let comes = |(step, other): (usize, usize)| {
            let stream = self.at(other).filter(|other| !other.leaves);
            stream.is_some_and(|other| comes_back(other.way_on, step))
        };
        self.shape.neighbours(here.cell as usize).filter(|next| comes(*next)).count() != 1
    }

    /// Cells of every reach from upstream to downstream; reaches in order of drained area, then
    /// of the place of their last cell.
    fn paths(&self) -> Vec<Vec<StreamCell>> {
        let mut paths: Vec<Vec<StreamCell>> = self
            .cells
            .par_iter()
            .filter(|cell| self.is_head(**cell))
            .map(|head| self.path(*head))
            .collect();
        paths.par_sort_unstable_by_key(|path| {
            let last = path[path.len() - 1];
            (last.upstream, last.cell)
        });
        paths
    }

    fn path(&self, head: StreamCell) -> Vec<StreamCell> {
        let mut path = vec![head];
        let mut cell = head;
        while let Some(next) = self.receiver(cell)
            && !self.is_head(next)
        {
            path.push(next);
            cell = next;
        }
        path
    }
}

/// Refuses a threshold that every cell would reach.
pub(crate) fn check_threshold(threshold_cells: u32) -> Result<(), TerrainError> {
    if 0 < threshold_cells {
        return Ok(());
    }
    let expected = "1 or more";
    Err(TerrainError::Setting { what: "threshold_cells", value: 0.0, expected })
}

/// Refuses a raster that does not lie on the heights.
pub(crate) fn same_lattice<T: Copy>(
    what: &'static str,
    heights: &Grid<f32>,
    other: &Grid<T>,
) -> Result<(), TerrainError> {
    if heights.shape() == other.shape() && heights.placement() == other.placement() {
        return Ok(());
    }
    Err(TerrainError::Mismatch { what, expected: heights.shape(), found: other.shape() })
}
