//! Rivers and the plain beside them, computed together.
//!
//! The channel lives in the one-dimensional model only: cells from crest to crest are raised to the
//! lower crest. Behind both crests the plain has a row of cells that the weir law joins to it. For
//! a short interval these cells are land beside the river ([`Pond`]), with the water that really
//! stands on them; what then went over the crest runs on or off them evenly through the next steps
//! of the plain. What the plain could not give, and what it rounded, is settled with the river at
//! the next interval: no volume is lost.

use crate::basin_error::BasinError;
use crate::case::{Forcing, Start, Water};
use crate::error::FloodError;
use crate::ground::{Ground, Roughness};
use crate::ledger::Ledger;
use crate::river::channel::NONE;
use crate::river::terrain::levee_reach_m;
use crate::river::{Pond, River, RiverLedger};
use crate::simulation::Simulation;
use crate::waterway::{Node, Waterway};

/// Longest interval between two exchanges, s: a wave of 2 m/s crosses two cells of 10 m.
pub const EXCHANGE_S: f64 = 10.0;

/// Why rivers and plain were not computed together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CoupledError {
    /// The rivers.
    #[error(transparent)]
    River(#[from] BasinError),
    /// The plain.
    #[error(transparent)]
    Plain(#[from] FloodError),
}

impl jomo_core::message::Coded for CoupledError {
    fn code(&self) -> &'static str {
        match self {
            Self::River(fault) => fault.code(),
            Self::Plain(fault) => fault.code(),
        }
    }

    fn arguments(&self) -> jomo_core::message::Arguments {
        match self {
            Self::River(fault) => fault.arguments(),
            Self::Plain(fault) => fault.arguments(),
        }
    }
}

/// The plain: ground with the place of its corner, and what acts on it.
#[derive(Clone, Debug)]
pub struct Plain {
    /// Bed and roughness as surveyed, channels included.
    pub ground: Ground,
    /// Outer north-west corner `[easting, northing]` in m, in the system of the nodes.
    pub origin_m: [f64; 2],
    /// Rim, rain and losses.
    pub forcing: Forcing,
    /// How it is computed.
    pub settings: crate::case::Settings,
    /// For each cell the node whose land it is, where water that stood on that land at the start
    /// goes; elsewhere, and where this is empty, such water goes back into the channel.
    pub node_of_cell: Vec<u32>,
}

/// One side of one node, and its cells among those fed.
#[derive(Clone, Debug)]
struct Side {
    node: usize,
    pond: usize,
    cells: std::ops::Range<usize>,
    /// What the plain owes to the river (or, negative, the river to the plain), m³.
    owed_m3: f64,
}

/// Rivers and plain.
#[derive(Clone, Debug)]
pub struct Coupled {
    river: River<1>,
    plain: Simulation<f32>,
    sides: Vec<Side>,
    cells: Vec<[usize; 2]>,
    beds_m: Vec<f64>,
    cell_area_m2: f64,
    fed_m3: f64,
}

/// The balance of rivers and plain together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoupledLedger {
    /// Of the rivers.
    pub river: RiverLedger<1>,
    /// Of the plain.
    pub plain: Ledger,
    /// Over the crests to the plain, less what came back, m³.
    pub spilled_m3: f64,
    /// On its way between the two, m³.
    pub pending_m3: f64,
}

impl CoupledLedger {
    /// What is stored less what must be, m³.
    #[must_use]
    pub fn error_m3(&self) -> f64 {
        let lost = self.spilled_m3 + self.pending_m3 - self.river.exchanged_m3[0];
        self.river.error_m3()[0] + self.plain.error_m3() + lost
    }

    /// The error as a share of all the water that there was.
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        let river = self.river.start_m3[0] + self.river.lateral_m3[0];
        let plain = self.plain.start_m3 + self.plain.rain_m3 + self.plain.rim_m3.max(0.0);
        let water = river + (-self.river.outflow_m3[0]).max(0.0) + plain;
        if 0.0 < water { self.error_m3() / water } else { 0.0 }
    }
}

impl Coupled {
    /// Joins a river in its present state, with its works, to a plain that is dry but for the water
    /// that stands beside the river. Where the river lies outside the plain, its ponds stay as they
    /// are; inside, the plain takes their place: what stood in the ponds of a node lies level on the
    /// lowest cells of its land.
    ///
    /// # Errors
    /// Those of the ground and of the plain.
    pub fn new(
        mut river: River<1>,
        waterway: &Waterway,
        plain: Plain,
    ) -> Result<Self, CoupledError> {
        if river.volume_m3.len() != waterway.nodes().len() {
            let (expected, found) = (river.volume_m3.len(), waterway.nodes().len());
            return Err(BasinError::Count { what: "nodes", expected, found }.into());
        }
        let strip = Strip::new(waterway, &plain);
        let ground = strip.raised(waterway, &plain.ground)?;
        let (depth_m, stood_m3) = strip.flooded(&mut river, &plain.node_of_cell, &ground);
        let start = Start { water: Some(Water::Depth(depth_m)), ..Start::default() };
        let mut simulation = Simulation::new(&ground, &start, plain.forcing, plain.settings)?;
        let mut sides = Vec::new();
        let (mut cells, mut beds_m) = (Vec::new(), Vec::new());
        let columns = ground.shape()[1];
        for ((node, side), members) in &strip.banks {
            let first = cells.len();
            for cell in members {
                cells.push([cell / columns, cell % columns]);
                beds_m.push(ground.bed_m()[*cell]);
            }
            let lowest_m = beds_m[first..].iter().copied().fold(f64::INFINITY, f64::min);
            let mut ponds = [None; 2];
            let area_m2 = ground.cell_size_m().powi(2) * members.len() as f64;
            ponds[*side] = Some(Pond { area_m2, floor_m: lowest_m });
            river.lay_out(u32::try_from(*node).unwrap_or(NONE), ponds);
            let at = river.place(*node);
            let pond = river.channels.places[at].ponds[*side] as usize;
            // Water on land that was a pond before goes back; it spills again.
            let before = std::mem::replace(&mut river.ponds[pond].volume_m3, [0.0]);
            crate::river::add(&mut river.volume_m3[at], before);
            let cells = first..cells.len();
            sides.push(Side { node: *node, pond, cells, owed_m3: 0.0 });
        }
        simulation.place_feeds(&ground, &cells)?;
        let cell_area_m2 = ground.cell_size_m().powi(2);
        let fed_m3 = simulation.storage_m3();
        // What the depths of the plain rounded.
        if let Some(side) = sides.first_mut() {
            side.owed_m3 = stood_m3 - fed_m3;
        }
        Ok(Self { river, plain: simulation, sides, cells, beds_m, cell_area_m2, fed_m3 })
    }

    /// The rivers.
    #[must_use]
    pub fn river(&self) -> &River<1> {
        &self.river
    }

    /// The rivers, to let levees breach.
    pub fn river_mut(&mut self) -> &mut River<1> {
        &mut self.river
    }

    /// The plain.
    #[must_use]
    pub fn plain(&self) -> &Simulation<f32> {
        &self.plain
    }

    /// Cells that are joined to rivers: row, column.
    #[must_use]
    pub fn bank_cells(&self) -> &[[usize; 2]] {
        &self.cells
    }

    /// Computes `seconds` with steady lateral inflow of the nodes in m³/s.
    ///
    /// # Errors
    /// Those of [`River::advance`] and [`Simulation::advance_to`].
    pub fn advance(&mut self, seconds: f64, lateral_m3_s: &[[f64; 1]]) -> Result<(), CoupledError> {
        let count = (seconds / EXCHANGE_S).ceil().max(1.0);
        let interval_s = seconds / count;
        let start_s = self.plain.time_s();
        let mut rates = vec![0.0; self.cells.len()];
        let mut done = 0.0;
        while done < count {
            done += 1.0;
            self.look_at_banks();
            self.river.advance(interval_s, lateral_m3_s)?;
            self.share_out(interval_s, &mut rates);
            self.plain.set_feeds(&rates)?;
            self.plain.run_to(start_s + interval_s * done)?;
            self.settle();
        }
        Ok(self.plain.check()?)
    }

    fn depth_m(&self, cell: usize) -> f64 {
        self.plain.at(self.cells[cell]).map_or(0.0, |[depth, ..]| depth)
    }

    /// Shows the river the water that stands along its banks.
    fn look_at_banks(&mut self) {
        for index in 0..self.sides.len() {
            let side = &self.sides[index];
            let (mut volume, mut levels, mut wet, mut lowest_m) = (0.0, 0.0, 0.0, f64::INFINITY);
            for cell in side.cells.clone() {
                let depth = self.depth_m(cell);
                let bed_m = self.beds_m[cell];
                lowest_m = lowest_m.min(bed_m);
                if crate::cell::DRY_M <= depth {
                    volume += depth * self.cell_area_m2;
                    levels += bed_m + depth;
                    wet += 1.0;
                }
            }
            let level_m = if 0.0 < wet { levels / wet } else { lowest_m };
            let pond = &mut self.river.ponds[side.pond];
            let moved = volume - pond.volume_m3[0];
            self.river.ledger.exchanged_m3[0] -= moved;
            pond.volume_m3 = [volume];
            pond.land.floor_m = level_m - volume / pond.land.area_m2;
        }
    }

    /// Shares what went over each crest among the cells of the bank, as rates in m³/s: evenly on
    /// the way out; on the way back by what stands there above the crest.
    fn share_out(&mut self, interval_s: f64, rates: &mut [f64]) {
        for index in 0..self.sides.len() {
            let side = &mut self.sides[index];
            let pond = &mut self.river.ponds[side.pond];
            let moved = pond.recent_m3[0];
            // The pond was the plain: its water is counted there.
            self.river.ledger.exchanged_m3[0] += pond.volume_m3[0];
            pond.volume_m3 = [0.0];
            side.owed_m3 += moved;
            let crest_m = if 0.0 < pond.gap_m[0] { pond.gap_sill_m } else { pond.crest_m };
            let cells = side.cells.clone();
            let weight = |cell: usize| {
                if 0.0 <= moved {
                    return 1.0;
                }
                let depth = self.depth_m(cell);
                let above_m = self.beds_m[cell] + depth - crest_m;
                // A little of all that is wet: rounding may ask for more than stands above.
                depth.min(above_m.max(0.0)) + 1e-6 * depth
            };
            let whole: f64 = cells.clone().map(weight).sum();
            for cell in cells {
                let share = if 0.0 < whole { weight(cell) / whole } else { 0.0 };
                rates[cell] = moved * share / interval_s;
            }
        }
    }

    /// Settles with the river what the plain did not take or give.
    fn settle(&mut self) {
        let fed: Vec<f64> = self.plain.fed_m3().collect();
        for side in &mut self.sides {
            let moved: f64 = fed[side.cells.clone()].iter().sum();
            self.fed_m3 += moved;
            side.owed_m3 -= moved;
            // Positive: left the river but did not reach the plain.
            let at = self.river.place(side.node);
            let volume = &mut self.river.volume_m3[at][0];
            let back = side.owed_m3.max(-*volume);
            *volume += back;
            side.owed_m3 -= back;
            self.river.ledger.exchanged_m3[0] -= back;
        }
    }

    /// The balance of both together.
    #[must_use]
    pub fn ledger(&self) -> CoupledLedger {
        CoupledLedger {
            river: self.river.ledger(),
            plain: self.plain.ledger(),
            spilled_m3: self.fed_m3,
            pending_m3: self.sides.iter().map(|side| side.owed_m3).sum(),
        }
    }
}

/// Cells under rivers and behind their crests.
struct Strip {
    /// Node that lies over a cell.
    over: Vec<u32>,
    /// Cells by node and side.
    banks: Vec<((usize, usize), Vec<usize>)>,
}

/// Where a cell lies: distance from the river in m, node, side.
type Lie = (f64, u32, usize);

impl Strip {
    fn new(waterway: &Waterway, plain: &Plain) -> Self {
        let crests = crests_away(waterway, plain);
        let cell_m = plain.ground.cell_size_m();
        let nearest = nearest(waterway, plain, &crests);
        let mut over = vec![NONE; nearest.len()];
        let mut banks = std::collections::BTreeMap::<(usize, usize), Vec<usize>>::new();
        for (cell, (away, node, side)) in nearest.into_iter().enumerate() {
            let Some(crests) = crests.get(node as usize) else { continue };
            if plain.ground.bed_m()[cell].is_nan() {
                continue;
            }
            if away <= crests[side] {
                over[cell] = node;
            } else if away <= crests[side] + cell_m {
                banks.entry((node as usize, side)).or_default().push(cell);
            }
        }
        Self { over, banks: banks.into_iter().collect() }
    }

    /// Puts what stands in the ponds of each node on its land: depths of all cells in m, and the
    /// whole volume in m³.
    fn flooded(
        &self,
        river: &mut River<1>,
        node_of_cell: &[u32],
        ground: &Ground,
    ) -> (Vec<f64>, f64) {
        let mut depth_m = vec![0.0; ground.bed_m().len()];
        let mut land = std::collections::BTreeMap::<u32, Vec<usize>>::new();
        for (cell, (node, over)) in node_of_cell.iter().zip(&self.over).enumerate() {
            let is_land = *over == NONE && !ground.bed_m()[cell].is_nan();
            if is_land && (*node as usize) < river.volume_m3.len() && !self.banks.is_empty() {
                land.entry(*node).or_default().push(cell);
            }
        }
        let cell_m2 = ground.cell_size_m().powi(2);
        let mut whole_m3 = 0.0;
        for (node, mut cells) in land {
            let place = &river.channels.places[river.place(node as usize)];
            let mut volume_m3 = 0.0;
            for pond in place.ponds {
                if let Some(pond) = river.ponds.get_mut(pond as usize) {
                    volume_m3 += std::mem::replace(&mut pond.volume_m3, [0.0])[0];
                }
            }
            river.ledger.exchanged_m3[0] += volume_m3;
            whole_m3 += volume_m3;
            let bed_m = |cell: &usize| ground.bed_m()[*cell];
            cells.sort_by(|a, b| bed_m(a).total_cmp(&bed_m(b)));
            let level_m =
                level_over(&cells.iter().map(bed_m).collect::<Vec<_>>(), volume_m3 / cell_m2);
            for cell in cells {
                depth_m[cell] = (level_m - bed_m(&cell)).max(0.0);
            }
        }
        (depth_m, whole_m3)
    }

    /// The ground with the channels filled to the lower crest.
    fn raised(&self, waterway: &Waterway, ground: &Ground) -> Result<Ground, FloodError> {
        let mut bed_m = ground.bed_m().to_vec();
        for (bed_m, node) in bed_m.iter_mut().zip(&self.over) {
            if let Some(node) = waterway.nodes().get(*node as usize) {
                *bed_m = bed_m.max(node.crest_m[0].min(node.crest_m[1]));
            }
        }
        let roughness: Roughness = ground.roughness().clone();
        Ground::new(ground.shape(), ground.cell_size_m(), bed_m, roughness)
    }
}

/// The level at which water of `depth_sum_m` in all stands on cells with rising beds, m.
fn level_over(beds_m: &[f64], depth_sum_m: f64) -> f64 {
    let mut sum_m = 0.0;
    let mut level_m = f64::NEG_INFINITY;
    for (below, bed_m) in beds_m.iter().enumerate() {
        if 0 < below && level_m <= *bed_m {
            break;
        }
        sum_m += bed_m;
        level_m = (depth_sum_m + sum_m) / (below as f64 + 1.0);
    }
    level_m
}

/// For every cell near a river the nearest stretch of it.
fn nearest(waterway: &Waterway, plain: &Plain, crests: &[[f64; 2]]) -> Vec<Lie> {
    let nodes = waterway.nodes();
    let [rows, columns] = plain.ground.shape();
    let cell_m = plain.ground.cell_size_m();
    let mut nearest: Vec<Lie> = vec![(f64::INFINITY, NONE, 0); rows * columns];
    for (index, node) in (0_u32..).zip(nodes) {
        let Some(next) = node.downstream else { continue };
        let (a, b) = (node.at_m, nodes[next as usize].at_m);
        let widest = [index, next].into_iter().flat_map(|node| crests[node as usize]);
        let margin_m = widest.fold(0.0, f64::max) + 2.0 * cell_m;
        let along = [b[0] - a[0], b[1] - a[1]];
        let long = along[0] * along[0] + along[1] * along[1];
        for [row, column] in Window::around(plain, [a, b], margin_m).cells() {
            let off = [
                plain.origin_m[0] + (column as f64 + 0.5) * cell_m - a[0],
                plain.origin_m[1] - (row as f64 + 0.5) * cell_m - a[1],
            ];
            let dot = off[0] * along[0] + off[1] * along[1];
            let share = if 0.0 < long { (dot / long).clamp(0.0, 1.0) } else { 0.0 };
            let away = (off[0] - share * along[0]).hypot(off[1] - share * along[1]);
            // Left of one who looks downstream the cross product is positive.
            let left = 0.0 < along[0] * off[1] - along[1] * off[0];
            let known = &mut nearest[row * columns + column];
            if away < known.0 {
                *known = (away, if share < 0.5 { index } else { next }, usize::from(!left));
            }
        }
    }
    nearest
}

/// How far from the middle of each node the highest ground of either side lies, m: where its crest
/// was found ([`Waterway::from_terrain`]).
fn crests_away(waterway: &Waterway, plain: &Plain) -> Vec<[f64; 2]> {
    let nodes = waterway.nodes();
    let mut course: Vec<[f64; 2]> = vec![[0.0; 2]; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        if let Some(next) = node.downstream {
            let below = nodes[next as usize].at_m;
            course[index] = [below[0] - node.at_m[0], below[1] - node.at_m[1]];
            // An outlet goes on as the river above it does.
            if nodes[next as usize].downstream.is_none() {
                course[next as usize] = course[index];
            }
        }
    }
    let cell_m = plain.ground.cell_size_m();
    let one = |(node, course): (&Node, &[f64; 2])| {
        let long = course[0].hypot(course[1]).max(f64::MIN_POSITIVE);
        let left = [-course[1] / long, course[0] / long];
        let half_m = 0.5 * node.width_m.max(cell_m);
        [1.0, -1.0].map(|side| {
            let mut best_m = f64::NEG_INFINITY;
            let mut away_m = half_m;
            let mut step_m = 0.0;
            while step_m <= levee_reach_m(node.width_m, cell_m) {
                let out = side * (half_m + step_m);
                let place = [node.at_m[0] + out * left[0], node.at_m[1] + out * left[1]];
                let height_m = plain.height_m(place).unwrap_or(f64::NEG_INFINITY);
                if best_m < height_m {
                    best_m = height_m;
                    // To the far edge of the cell that was met, on the mean of its crossings.
                    let edge_m = if 0.0 < step_m { 0.75 * cell_m } else { 0.0 };
                    away_m = half_m + step_m + edge_m;
                }
                step_m += 0.5 * cell_m;
            }
            away_m
        })
    };
    nodes.iter().zip(&course).map(one).collect()
}

impl Plain {
    fn height_m(&self, [x, y]: [f64; 2]) -> Option<f64> {
        let cell_m = self.ground.cell_size_m();
        let [rows, columns] = self.ground.shape();
        let (row, column) = ((self.origin_m[1] - y) / cell_m, (x - self.origin_m[0]) / cell_m);
        if !(0.0 <= row && row < rows as f64 && 0.0 <= column && column < columns as f64) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within the raster, as just asked"
        )]
        let at = row as usize * columns + column as usize;
        self.ground.bed_m().get(at).copied().filter(|height| !height.is_nan())
    }
}

/// Rows and columns of the plain around some points.
struct Window {
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
}

impl Window {
    fn around(plain: &Plain, points: [[f64; 2]; 2], margin_m: f64) -> Self {
        let cell_m = plain.ground.cell_size_m();
        let [rows, columns] = plain.ground.shape();
        let (low, high) = (
            [0, 1].map(|axis| points[0][axis].min(points[1][axis]) - margin_m),
            [0, 1].map(|axis| points[0][axis].max(points[1][axis]) + margin_m),
        );
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to the raster"
        )]
        let index = |cells: f64, most: usize| cells.clamp(0.0, most as f64) as usize;
        Self {
            rows: index((plain.origin_m[1] - high[1]) / cell_m, rows)
                ..index((plain.origin_m[1] - low[1]) / cell_m + 1.0, rows),
            columns: index((low[0] - plain.origin_m[0]) / cell_m, columns)
                ..index((high[0] - plain.origin_m[0]) / cell_m + 1.0, columns),
        }
    }

    fn cells(&self) -> impl Iterator<Item = [usize; 2]> + '_ {
        let columns = self.columns.clone();
        self.rows.clone().flat_map(move |row| columns.clone().map(move |column| [row, column]))
    }
}
