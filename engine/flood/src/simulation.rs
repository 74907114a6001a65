//! A flood in progress.

use rayon::prelude::*;

use crate::bench::{Bench, Pool};
use crate::build;
use crate::case::{Forcing, Scheme, Settings, Start, TimeStep};
use crate::cell::DRY_M;
use crate::error::FloodError;
use crate::face::GRAVITY;
use crate::feed::Feeds;
use crate::ground::{Ground, Lattice};
use crate::layout::Layout;
use crate::ledger::Ledger;
use crate::rain::{Rain, Sky};
use crate::real::Real;
use crate::rim::{Flow, Imposed, weight};
use crate::series::Series;
use crate::tile::{Compass, Edges, Pace, Strip, Tile};

/// Steps shorter than this, s, are a fault of the input.
const LEAST_STEP_S: f64 = 1e-7;

/// A flood in progress: the state of all cells at one time.
///
/// The same bits come out on any number of threads and for any tile size.
#[derive(Clone, Debug)]
pub struct Simulation<R> {
    shape: [usize; 2],
    pub(crate) cell_size_m: f64,
    pub(crate) settings: Settings,
    pub(crate) lattice: Lattice,
    pub(crate) layout: Layout,
    pub(crate) tiles: Vec<Tile<R>>,
    /// Edges before and after a step, in turns.
    pub(crate) edges: [Vec<Edges<R>>; 2],
    pub(crate) flows: Vec<Flow>,
    pub(crate) reaches: Vec<Reach>,
    pub(crate) sources: Vec<PlacedSource>,
    pub(crate) feeds: Feeds,
    pub(crate) sky: Sky,
    /// Cells of the domain in each zone of rain.
    cells_of_zone: Vec<u64>,
    pub(crate) time_s: f64,
    /// Greatest signal speed, m/s.
    pub(crate) signal_m_s: f64,
    pub(crate) ledger: Ledger,
    /// Room for the threads, kept from step to step.
    pub(crate) benches: Pool<Bench<R>>,
}

/// The cells along a stretch of the rim, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach {
    /// Tile, side and place along it.
    pub cells: Vec<(usize, Compass, usize)>,
    /// Lowest bed, m.
    pub lowest_m: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct PlacedSource {
    pub tile: usize,
    pub at: usize,
    pub discharge: Series,
}

impl<R: Real> Simulation<R> {
    /// Puts water on the ground.
    ///
    /// # Errors
    /// If the start, the forcing or a setting does not fit the ground; the error names the place.
    pub fn new(
        ground: &Ground,
        start: &Start,
        forcing: Forcing,
        settings: Settings,
    ) -> Result<Self, FloodError> {
        let lattice = build::lattice::<R>(ground, start);
        Self::on_lattice(ground, start, forcing, settings, lattice)
    }

    /// Like [`Simulation::new`], with a bed on a given lattice.
    pub(crate) fn on_lattice(
        ground: &Ground,
        start: &Start,
        forcing: Forcing,
        settings: Settings,
        lattice: Lattice,
    ) -> Result<Self, FloodError> {
        build::check(&forcing, settings)?;
        let layout = Layout::new(ground.shape(), settings.tile_edge);
        let flows = build::flows(&forcing.rim);
        let mut tiles = build::tiles::<R>(ground, start, &forcing, &layout, (settings, lattice))?;
        let mut sources = Vec::new();
        for source in forcing.sources {
            let (tile, at) = build::place(ground, &layout, source.cell)?;
            tiles[tile].fed = true;
            sources.push(PlacedSource { tile, at, discharge: source.discharge });
        }
        let edges: Vec<Edges<R>> = tiles
            .iter_mut()
            .map(|tile| {
                let mut edges = Edges::dry(tile.shape, settings.scheme.halo());
                tile.show(&mut edges, settings.scheme.halo());
                edges
            })
            .collect();
        let reaches = build::reaches(&tiles, flows.len());
        let sky = Sky::new(forcing.rain, forcing.infiltration, forcing.drainage_mm_h);
        let cells_of_zone = build::cells_of_zone(ground, sky.rain());
        let mut simulation = Self {
            shape: ground.shape(),
            cell_size_m: ground.cell_size_m(),
            settings,
            lattice,
            layout,
            edges: [edges.clone(), edges],
            tiles,
            flows,
            reaches,
            sources,
            feeds: Feeds::default(),
            sky,
            cells_of_zone,
            time_s: 0.0,
            signal_m_s: 0.0,
            ledger: Ledger::default(),
            benches: Pool::default(),
        };
        simulation.signal_m_s = simulation.fastest().1;
        simulation.ledger.start_m3 = simulation.storage_m3();
        Ok(simulation)
    }

    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Simulated time in s.
    #[must_use]
    pub fn time_s(&self) -> f64 {
        self.time_s
    }

    /// Computes up to a time, which is met exactly.
    ///
    /// # Errors
    /// If a value stops being a number, or time stands still; the error names the cell.
    pub fn advance_to(&mut self, end_s: f64) -> Result<(), FloodError> {
        self.run_to(end_s)?;
        self.check()
    }

    /// Like [`Simulation::advance_to`], for many short ways: whether all values are numbers is left
    /// to the last of them (a fifth of the time when it was asked every 10 s).
    pub(crate) fn run_to(&mut self, end_s: f64) -> Result<(), FloodError> {
        while self.time_s < end_s {
            self.step(end_s)?;
        }
        // What is looked at holds all the rain that fell.
        if self.sky.waits() {
            self.let_rain();
        }
        Ok(())
    }

    /// One step, at most up to `end_s`.
    fn step(&mut self, end_s: f64) -> Result<(), FloodError> {
        let signal_m_s = self.signal_m_s.max(self.entering_m_s());
        let allowed_s = self.settings.cfl * self.cell_size_m / signal_m_s;
        let left_s = end_s - self.time_s;
        let most_s = self.sky.patience_s().min(self.foresight_s()).min(left_s);
        let step_s = allowed_s.min(most_s);
        if step_s < LEAST_STEP_S && step_s < left_s || !step_s.is_finite() {
            let (cell, _) = self.fastest();
            return Err(FloodError::Stalled { time_s: self.time_s, step_s, cell });
        }
        let step_s = match self.settings.time_step {
            TimeStep::Global => {
                let next_s = if left_s <= step_s { end_s } else { self.time_s + step_s };
                let step_s = next_s - self.time_s;
                self.move_water(step_s, next_s);
                step_s
            }
            TimeStep::Local => self.move_locally(allowed_s, most_s),
        };
        let next_s = if left_s <= step_s { end_s } else { self.time_s + step_s };
        self.time_s = next_s;
        self.let_in(next_s - step_s, next_s);
        self.feed(step_s);
        let due = self.sky.gather(next_s - step_s, next_s);
        let area_m2 = self.cell_size_m * self.cell_size_m;
        let fallen = self.sky.count(&self.cells_of_zone);
        self.ledger.rain_m3 += fallen[0] * area_m2;
        self.ledger.infiltration_m3 += fallen[1] * area_m2;
        if due {
            self.let_rain();
        }
        self.ledger.steps += 1;
        Ok(())
    }

    fn move_water(&mut self, step_s: f64, end_s: f64) {
        let pace = Pace::<R>::new(step_s, self.cell_size_m, end_s);
        let (start_s, during) = (end_s - step_s, [end_s - step_s, end_s]);
        match self.settings.scheme {
            Scheme::First | Scheme::Inertial => {
                let imposed = self.imposed(end_s - 0.5 * step_s, during);
                self.pass(&imposed, pace, Turn::Whole);
            }
            Scheme::Second => {
                // Each stage moves water over the rim, and half of each is kept.
                let half = Pace { volume_m3: 0.5 * pace.volume_m3, ..pace };
                let imposed = self.imposed(start_s, during);
                self.pass(&imposed, half, Turn::FirstStage);
                let imposed = self.imposed(end_s, during);
                self.pass(&imposed, half, Turn::SecondStage);
            }
        }
    }

    /// Lets every tile that has anything to do take its turn.
    fn pass(&mut self, imposed: &[Imposed], pace: Pace<R>, turn: Turn) {
        let (columns, scheme) = (self.layout.longest_edge(), self.settings.scheme);
        let (layout, benches) = (&self.layout, &self.benches);
        let [before, after] = &mut self.edges;
        let view = View { scheme, layout, edges: before, nothing: Strip::dry(0) };
        let (signal, updates) = self
            .tiles
            .par_iter_mut()
            .zip(after.par_iter_mut())
            .enumerate()
            .map(|(index, (tile, show))| {
                if !view.works(index, tile, imposed) {
                    show.follow(&view.edges[index]);
                    return (R::ZERO, 0);
                }
                view.prepare(index, tile, imposed, pace);
                let around = (&view.edges[index], view.around(index));
                let new = || Bench::new(scheme, columns);
                let cells = benches.with(new, |bench| bench.turn(tile, around, pace, turn));
                tile.show(show, scheme.halo());
                (tile.signal, cells as u64)
            })
            .reduce(|| (R::ZERO, 0), |a, b| (a.0.at_least(b.0), a.1 + b.1));
        self.edges.swap(0, 1);
        self.signal_m_s = signal.wide();
        if turn != Turn::FirstStage {
            self.ledger.cell_updates += updates;
        }
    }

    /// What the stretches of the rim impose: levels at a time, discharges as the mean of a step, so
    /// that all of their water comes in.
    pub(crate) fn imposed(&self, time_s: f64, [from_s, to_s]: [f64; 2]) -> Vec<Imposed> {
        let one = |(stretch, flow): (usize, &Flow)| match flow {
            Flow::Wall => Imposed::Wall,
            Flow::Open { slope } => Imposed::Open { slope: *slope },
            Flow::Stage(series) => Imposed::Stage { level_m: series.at(time_s) },
            Flow::Discharge(series) => {
                let lowest_m = self.reaches[stretch].lowest_m;
                let dry = self.rim_cells(stretch).all(|(h, _)| h < 1e-3);
                let weights = self.rim_cells(stretch).map(|(h, bed)| weight(h, bed, lowest_m, dry));
                let whole = even_sum(&weights.collect::<Vec<f64>>()) * self.cell_size_m;
                let mean = series.mean(from_s, to_s);
                let per_weight = if 0.0 < whole { mean / whole } else { 0.0 };
                Imposed::Discharge { per_weight, lowest_m, dry }
            }
        };
        self.flows.iter().enumerate().map(one).collect()
    }

    /// Depth and bed of the cells along a stretch, in m.
    pub(crate) fn rim_cells(&self, stretch: usize) -> impl Iterator<Item = (f64, f64)> {
        self.reaches[stretch].cells.iter().filter_map(|(tile, side, at)| {
            let rim = self.tiles[*tile].rims[side.index()].as_ref()?;
            let depth = self.edges[0][*tile].sides[side.index()].h[*at];
            Some((depth.wide(), rim.bed_m[*at]))
        })
    }

    /// Lets water in and out at the sources.
    fn let_in(&mut self, from_s: f64, to_s: f64) {
        let area_m2 = self.cell_size_m * self.cell_size_m;
        for source in &self.sources {
            let volume_m3 = source.discharge.integral(from_s, to_s);
            let tile = &mut self.tiles[source.tile];
            let added = tile.pour(source.at, R::of(volume_m3 / area_m2), R::of(to_s));
            self.ledger.count_source(added * area_m2);
            tile.show(&mut self.edges[0][source.tile], self.settings.scheme.halo());
            self.signal_m_s = self.signal_m_s.max(tile.signal.wide());
        }
    }

    /// Puts the waiting rain on the cells, and takes what the drains take.
    fn let_rain(&mut self) {
        let area_m2 = self.cell_size_m * self.cell_size_m;
        let portions: Vec<R> = self.sky.portions();
        let (drained, now_s) =
            (R::of(std::mem::take(&mut self.sky.to_drain_m)), R::of(self.time_s));
        let layout = &self.layout;
        let zone_of_cell = self.sky.rain().and_then(Rain::zone_of_cell);
        let (columns, depth) = (self.shape[1], self.settings.scheme.halo());
        let sums: Vec<f64> = self
            .tiles
            .par_iter_mut()
            .zip(self.edges[0].par_iter_mut())
            .enumerate()
            .map(|(index, (tile, edges))| {
                let ([top, left], _) = layout.extent(index);
                let taken = tile.rain(&portions, (drained, now_s), |row| {
                    zone_of_cell.map(|zones| &zones[(top + row) * columns + left..])
                });
                tile.show(edges, depth);
                taken
            })
            .collect();
        let most = portions.iter().fold(R::ZERO, |a, b| a.at_least(*b));
        self.signal_m_s = self.tiles.iter().fold(0.0, |a, tile| tile.signal.wide().max(a));
        self.signal_m_s += (GRAVITY * most.wide()).sqrt();
        self.ledger.drained_m3 += sums.iter().sum::<f64>() * area_m2;
    }

    /// Shows the edges of all tiles to their neighbours, when state was set from outside.
    pub(crate) fn show_all(&mut self) {
        let depth = self.settings.scheme.halo();
        for (tile, edges) in self.tiles.iter_mut().zip(&mut self.edges[0]) {
            tile.show(edges, depth);
        }
        let [shown, other] = &mut self.edges;
        other.clone_from(shown);
    }

    /// Volume of water in the domain, m³.
    #[must_use]
    pub fn storage_m3(&self) -> f64 {
        let tiles: Vec<f64> = self.tiles.par_iter().map(Tile::depth_sum).collect();
        tiles.iter().sum::<f64>() * self.cell_size_m * self.cell_size_m
    }

    /// The water balance so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let mut ledger = self.ledger;
        let rims = self.tiles.iter().flat_map(|tile| tile.rims.iter().flatten());
        ledger.rim_m3 = rims.map(|rim| rim.inflow_m3).sum();
        ledger.storage_m3 = self.storage_m3();
        let cells = self.cells_of_zone.iter().zip(&self.sky.waiting_m);
        let waiting = cells.map(|(cells, depth_m)| *cells as f64 * depth_m).sum::<f64>();
        ledger.waiting_m3 = waiting * self.cell_size_m * self.cell_size_m;
        ledger
    }

    /// The cell with the fastest signal and its speed in m/s: it limits the step.
    #[must_use]
    pub fn fastest(&self) -> ([usize; 2], f64) {
        let tiles: Vec<([usize; 2], f64)> = self.tiles.par_iter().map(Tile::fastest).collect();
        tiles.into_iter().fold(([0, 0], 0.0), |a, b| if a.1 < b.1 { b } else { a })
    }

    pub(crate) fn check(&self) -> Result<(), FloodError> {
        let broken = self.tiles.par_iter().find_map_first(Tile::broken);
        match broken {
            Some((what, cell)) => Err(FloodError::Broken { time_s: self.time_s, what, cell }),
            None => Ok(()),
        }
    }

    /// Copies one field into a raster, row by row; `outside` stands where there is no domain.
    #[must_use]
    pub fn raster(&self, field: Field, outside: f32) -> Vec<f32> {
        let [rows, columns] = self.shape;
        let mut out = vec![outside; rows * columns];
        let grid = self.layout.grid();
        let mut bands = Vec::with_capacity(grid[0]);
        let mut rest = out.as_mut_slice();
        for row in 0..grid[0] {
            let tile = self.layout.tile([row, 0]);
            let height = tile.map_or(0, |tile| self.layout.extent(tile).1[0]);
            let (band, after) = rest.split_at_mut(height * columns);
            bands.push(band);
            rest = after;
        }
        bands.into_par_iter().enumerate().for_each(|(row, band)| {
            for column in 0..grid[1] {
                if let Some(tile) = self.layout.tile([row, column]) {
                    let ([_, left], _) = self.layout.extent(tile);
                    self.tiles[tile].copy((field, self.time_s), [left, columns], band);
                }
            }
        });
        out
    }

    /// Depth (m) and velocity to the east and to the north (m/s) of a cell; `None` outside.
    #[must_use]
    pub fn at(&self, cell: [usize; 2]) -> Option<[f64; 3]> {
        let (tile, at) = self.layout.find(cell)?;
        self.tiles[tile].motion(at)
    }
}

/// A sum that is the same bits forwards and backwards, as a map may be turned.
fn even_sum(values: &[f64]) -> f64 {
    let (first, second) = values.split_at(values.len() / 2);
    let (middle, second) = second.split_at(values.len() % 2);
    let pairs = first.iter().zip(second.iter().rev()).map(|(a, b)| a + b);
    pairs.chain(middle.iter().copied()).sum()
}

/// Part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A step in one go.
    Whole,
    /// The first Euler step of second order.
    FirstStage,
    /// The second, and the mean of both.
    SecondStage,
}

/// What tiles see of each other during a turn.
pub(crate) struct View<'a, R> {
    pub scheme: Scheme,
    pub layout: &'a Layout,
    pub edges: &'a [Edges<R>],
    pub nothing: Strip<R>,
}

impl<R: Real> View<'_, R> {
    /// The edge that faces a side of a tile.
    fn facing(&self, tile: usize, side: Compass) -> Option<(&Edges<R>, Compass)> {
        self.layout.neighbour(tile, side).map(|other| (&self.edges[other], side.opposite()))
    }

    /// Whether anything can change in a tile: it moves, a neighbour's edge moves, water enters, or
    /// it is in the middle of a step.
    pub(crate) fn works(&self, index: usize, tile: &Tile<R>, imposed: &[Imposed]) -> bool {
        let stirs =
            |side| self.facing(index, side).is_some_and(|(edges, side)| !edges.is_still(side));
        R::ZERO < tile.signal
            || tile.midway
            || Compass::ALL.into_iter().any(stirs)
            || tile.rims.iter().flatten().any(|rim| rim.drives(imposed))
    }

    pub(crate) fn prepare(
        &self,
        index: usize,
        tile: &mut Tile<R>,
        imposed: &[Imposed],
        pace: Pace<R>,
    ) {
        for side in Compass::ALL {
            if let Some(rim) = &mut tile.rims[side.index()] {
                let inner = &self.edges[index].sides[side.index()];
                if self.scheme == Scheme::Inertial {
                    rim.prepare_flat(side, inner, imposed, pace.face.drain);
                } else {
                    rim.prepare(side, inner, imposed, pace.face.drain);
                }
            }
        }
    }

    pub(crate) fn around(&self, index: usize) -> [&Strip<R>; 4] {
        Compass::ALL.map(|side| {
            let facing = self.facing(index, side);
            facing.map_or(&self.nothing, |(edges, side)| &edges.sides[side.index()])
        })
    }
}

/// What can be copied out of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Depth, m.
    Depth,
    /// Discharge per metre to the east, m²/s.
    DischargeEast,
    /// Discharge per metre to the north, m²/s.
    DischargeNorth,
    /// Greatest depth so far, m.
    GreatestDepth,
    /// Greatest speed so far, m/s.
    GreatestSpeed,
    /// Greatest `v² h` so far, m³/s².
    GreatestForce,
    /// Time at which water arrived, s; `NaN` where it never did.
    Arrival,
    /// Time at or above the depth of duration, s.
    Duration,
}

/// Water that is not worth a step.
pub(crate) fn moves(depth_m: f64) -> bool {
    DRY_M <= depth_m
}
