//! Streams: where enough cells drain together, cut into reaches at every confluence.

use std::ops::Range;

use jomo_core::grid::{Grid, Placement};
use rayon::prelude::*;

use crate::cells::{STEPS, Shape, narrow, step_length};
use crate::condition::Conditioned;
use crate::error::TerrainError;
use crate::flow::{Flow, OUTSIDE, comes_back};

/// "None" among 32-bit indices.
pub(crate) const NONE: u32 = u32::MAX;

/// One reach: the stream between two confluences, or above the first or below the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// Its cells in [`Network::cells`], from upstream to downstream.
    pub cells: Range<usize>,
    /// The reach that it flows into; `None` at an outlet.
    pub downstream: Option<u32>,
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
        let heights = &conditioned.heights;
        same_lattice("flow", heights, flow.codes())?;
        same_lattice("upstream cells", heights, upstream)?;
        if threshold_cells == 0 {
            let expected = "1 or more";
            return Err(TerrainError::Setting { what: "threshold_cells", value: 0.0, expected });
        }
        let streams = Streams {
            flow,
            codes: flow.codes().values(),
            shape: Shape::new(heights.shape()),
            upstream: upstream.values(),
            threshold: threshold_cells,
        };
        let paths = streams.paths();
        let mut network = Self {
            placement: heights.placement(),
            shape: heights.shape(),
            threshold_cells,
            cells: Vec::with_capacity(paths.iter().map(Vec::len).sum()),
            reaches: Vec::with_capacity(paths.len()),
        };
        network.take(&paths, &streams);
        network.measure(&streams, heights.values());
        network.order();
        Ok(network)
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

    /// The id of a reach: zone and middle of its last cell in decimetres, such as
    /// `6677_-712345_435675`. It does not change when the raster is extended, or with the order of
    /// the work; `None` for no such reach.
    #[must_use]
    pub fn id(&self, reach: usize) -> Option<String> {
        let last = *self.cells.get(self.reaches.get(reach)?.cells.clone())?.last()?;
        let [east, north] = self.centre_m(last).map(|metres| (metres * 10.0).round());
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

    /// Lays the paths end to end and finds what each flows into.
    fn take(&mut self, paths: &[Vec<u32>], streams: &Streams<'_>) {
        let mut heads: Vec<(u32, u32)> =
            paths.iter().enumerate().map(|(index, path)| (path[0], narrow(index))).collect();
        heads.sort_unstable();
        for path in paths {
            let from = self.cells.len();
            self.cells.extend_from_slice(path);
            let last = path[path.len() - 1] as usize;
            let next = streams.flow.receiver(last).map(narrow);
            let downstream = next.and_then(|next| {
                let at = heads.binary_search_by_key(&next, |(head, _)| *head).ok()?;
                Some(heads[at].1)
            });
            self.reaches.push(Reach {
                cells: from..self.cells.len(),
                downstream,
                basin: NONE,
                strahler: 1,
                length_m: 0.0,
                slope: 0.0,
                upstream_cells: streams.upstream[last],
                own_cells: streams.upstream[last],
            });
        }
    }

    /// Length and slope of each reach.
    fn measure(&mut self, streams: &Streams<'_>, heights: &[f32]) {
        let size = self.placement.cell_size_m;
        let cells = &self.cells;
        self.reaches.par_iter_mut().for_each(|reach| {
            let path = &cells[reach.cells.clone()];
            let steps = path.iter().map(|cell| streams.step_cells(*cell as usize));
            reach.length_m = size * steps.sum::<f64>();
            let (first, last) = (path[0] as usize, path[path.len() - 1] as usize);
            let end = streams.flow.receiver(last).unwrap_or(last);
            let drop = f64::from(heights[first]) - f64::from(heights[end]);
            reach.slope = drop / reach.length_m;
        });
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
            self.reaches[below as usize].own_cells -= self.reaches[index].upstream_cells;
        }
        for index in (0..self.reaches.len()).rev() {
            self.reaches[index].basin = match self.reaches[index].downstream {
                Some(below) => self.reaches[below as usize].basin,
                None => narrow(index),
            };
        }
    }
}

/// What the paths are cut from.
struct Streams<'a> {
    flow: &'a Flow,
    codes: &'a [u8],
    shape: Shape,
    upstream: &'a [u32],
    threshold: u32,
}

impl Streams<'_> {
    fn is_stream(&self, cell: usize) -> bool {
        self.threshold <= self.upstream[cell] && self.codes[cell] != OUTSIDE
    }

    /// Whether a reach begins here: no stream comes in, or more than one.
    fn is_head(&self, cell: usize) -> bool {
        let comes = |(step, other): &(usize, usize)| {
            comes_back(self.codes[*other], *step) && self.is_stream(*other)
        };
        self.shape.neighbours(cell).filter(comes).count() != 1
    }

    /// Cells of every reach from upstream to downstream; reaches in order of drained area, then
    /// of the place of their last cell.
    fn paths(&self) -> Vec<Vec<u32>> {
        let heads: Vec<usize> = (0..self.codes.len())
            .into_par_iter()
            .filter(|cell| self.is_stream(*cell) && self.is_head(*cell))
            .collect();
        let mut paths: Vec<Vec<u32>> = heads.par_iter().map(|head| self.path(*head)).collect();
        let rank = |path: &Vec<u32>| {
            let last = path[path.len() - 1];
            (self.upstream[last as usize], last)
        };
        paths.par_sort_unstable_by_key(rank);
        paths
    }

    fn path(&self, head: usize) -> Vec<u32> {
        let mut path = vec![narrow(head)];
        let mut cell = head;
        while let Some(next) = self.flow.receiver(cell)
            && !self.is_head(next)
        {
            path.push(narrow(next));
            cell = next;
        }
        path
    }

    /// Length of the way from a cell onwards, in cells; half a step at an outlet.
    fn step_cells(&self, cell: usize) -> f64 {
        match self.codes[cell] {
            code @ 1..=8 => step_length(usize::from(code) - 1),
            _ => 0.5 * step_length(self.way_out(cell)),
        }
    }

    /// The step that leaves the raster from an outlet: the first straight one, else the first.
    fn way_out(&self, cell: usize) -> usize {
        way_out(self.codes, self.shape, cell)
    }
}

/// The step by which water leaves from an outlet: the first straight one that leads outside, else
/// the first diagonal one.
pub(crate) fn way_out(codes: &[u8], shape: Shape, cell: usize) -> usize {
    let leaves = |step: &usize| match shape.step(cell, *step) {
        Some(other) => codes[other] == OUTSIDE,
        None => true,
    };
    let straight = (0..STEPS.len()).step_by(2);
    let diagonal = (1..STEPS.len()).step_by(2);
    straight.chain(diagonal).find(leaves).unwrap_or(0)
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
