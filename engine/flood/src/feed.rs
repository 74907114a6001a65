//! Many cells that water enters or leaves at rates set from outside, such as those along a bank.

use crate::build;
use crate::error::FloodError;
use crate::ground::Ground;
use crate::real::Real;
use crate::simulation::Simulation;

/// Cells that are fed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feeds {
    /// By tile: each tile is shown to its neighbours once a step.
    cells: Vec<Feed>,
    /// Places of the cells as they were given.
    given: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Feed {
    tile: usize,
    at: usize,
    rate_m3_s: f64,
    /// What really went in since the rates were set, m³.
    moved_m3: f64,
}

impl Feeds {
    /// Whether any water runs.
    pub(crate) fn run(&self) -> bool {
        self.cells.iter().any(|feed| feed.rate_m3_s != 0.0)
    }

    /// For each of `tiles` the greatest of what `of` makes of its inflows in m³/s; 0 without any.
    pub(crate) fn by_tile(&self, tiles: usize, of: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut greatest = vec![0.0_f64; tiles];
        for feed in self.cells.iter().filter(|feed| 0.0 < feed.rate_m3_s) {
            greatest[feed.tile] = greatest[feed.tile].max(of(feed.rate_m3_s));
        }
        greatest
    }

    /// The greatest rate of inflow, m³/s.
    pub(crate) fn fastest_m3_s(&self) -> f64 {
        self.cells.iter().map(|feed| feed.rate_m3_s).fold(0.0, f64::max)
    }
}

impl<R: Real> Simulation<R> {
    /// Names the cells to feed, row and column each; all rates are 0.
    ///
    /// # Errors
    /// [`FloodError::Outside`] for a cell that is not in the domain.
    pub fn place_feeds(&mut self, ground: &Ground, cells: &[[usize; 2]]) -> Result<(), FloodError> {
        let mut feeds = Vec::with_capacity(cells.len());
        for cell in cells {
            let (tile, at) = build::place(ground, &self.layout, *cell)?;
            feeds.push(Feed { tile, at, rate_m3_s: 0.0, moved_m3: 0.0 });
        }
        let mut by_tile: Vec<usize> = (0..feeds.len()).collect();
        by_tile.sort_by_key(|index| (feeds[*index].tile, *index));
        let mut given = vec![0; feeds.len()];
        for (place, index) in by_tile.iter().enumerate() {
            given[*index] = place;
        }
        feeds.sort_by_key(|feed| feed.tile);
        self.feeds = Feeds { cells: feeds, given };
        Ok(())
    }

    /// Sets the rates of the fed cells in m³/s, in their order; negative ones take water out, but
    /// no more than there is. What was moved is counted anew from here.
    ///
    /// # Errors
    /// [`FloodError::Count`] for another number of rates than of cells.
    pub fn set_feeds(&mut self, rates_m3_s: &[f64]) -> Result<(), FloodError> {
        if rates_m3_s.len() != self.feeds.cells.len() {
            let found = rates_m3_s.len();
            return Err(FloodError::Count { what: "feeds", shape: self.shape(), found });
        }
        for (place, rate) in self.feeds.given.iter().zip(rates_m3_s) {
            let feed = &mut self.feeds.cells[*place];
            (feed.rate_m3_s, feed.moved_m3) = (*rate, 0.0);
        }
        Ok(())
    }

    /// What really went into each fed cell since its rate was set, m³: less than asked where there
    /// was less to take.
    pub fn fed_m3(&self) -> impl Iterator<Item = f64> + '_ {
        self.feeds.given.iter().map(|place| self.feeds.cells[*place].moved_m3)
    }

    /// Lets water in and out at the fed cells.
    pub(crate) fn feed(&mut self, step_s: f64) {
        if !self.feeds.run() {
            return;
        }
        let (area_m2, now_s) = (self.cell_size_m * self.cell_size_m, R::of(self.time_s));
        let depth = self.settings.scheme.halo();
        for group in self.feeds.cells.chunk_by_mut(|a, b| a.tile == b.tile) {
            let index = group[0].tile;
            let mut changed = false;
            for feed in group.iter_mut().filter(|feed| feed.rate_m3_s != 0.0) {
                let wanted = R::of(feed.rate_m3_s * step_s / area_m2);
                let added_m3 = self.tiles[index].pour(feed.at, wanted, now_s) * area_m2;
                feed.moved_m3 += added_m3;
                self.ledger.count_source(added_m3);
                changed = true;
            }
            if changed {
                self.tiles[index].show(&mut self.edges[0][index], depth);
                self.signal_m_s = self.signal_m_s.max(self.tiles[index].signal.wide());
            }
        }
    }
}
