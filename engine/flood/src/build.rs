//! From ground, start and forcing to tiles.

use rayon::prelude::*;

use crate::case::{Forcing, Scheme, Settings, Start, TimeStep, Water};
use crate::error::FloodError;
use crate::face::GRAVITY;
use crate::ground::{Ground, Lattice, Roughness};
use crate::layout::Layout;
use crate::rain::Rain;
use crate::real::Real;
use crate::rim::{Flow, Gate, Rim, Stretch};
use crate::simulation::Reach;
use crate::tile::{Before, Compass, FaceResistance, Outer, Resistance, Strip, Tile, band_rows};
use crate::watch::Watch;

/// Bed of a cell outside the domain above one inside, m: a wall that no water climbs.
const WALL_M: f64 = 1e30;

/// # Errors
/// If a number of the forcing or of the settings is out of its range.
pub(crate) fn check(forcing: &Forcing, settings: Settings) -> Result<(), FloodError> {
    let setting = |what, value, expected| Err(FloodError::Setting { what, value, expected });
    // Of the local inertial scheme: de Almeida et al. (2012), 0.2 to 0.7.
    let (most, expected) = match settings.scheme {
        Scheme::Inertial => (0.7, "0 < cfl <= 0.7"),
        Scheme::First | Scheme::Second => (0.5, "0 < cfl <= 0.5"),
    };
    if !(0.0 < settings.cfl && settings.cfl <= most) {
        return setting("cfl", settings.cfl, expected);
    }
    if settings.time_step == TimeStep::Local && settings.scheme != Scheme::First {
        let number = settings.scheme.number() as f64;
        return setting("time_step", number, "\"global\" with any scheme but the first-order HLLC");
    }
    if !(8..=1_024).contains(&settings.tile_edge) {
        return setting("tile_edge", settings.tile_edge as f64, "8 .. 1024");
    }
    if !(forcing.drainage_mm_h.is_finite() && 0.0 <= forcing.drainage_mm_h) {
        return setting("drainage_mm_h", forcing.drainage_mm_h, ">= 0");
    }
    if let Some(watch) = settings.watch {
        for (what, value) in [
            ("arrival_depth_m", watch.arrival_depth_m),
            ("duration_depth_m", watch.duration_depth_m),
        ] {
            if !(value.is_finite() && 0.0 < value) {
                return setting(what, value, "> 0");
            }
        }
    }
    forcing.infiltration.check()?;
    if usize::from(u16::MAX) <= forcing.rim.len() {
        return setting("boundary", forcing.rim.len() as f64, "< 65535 stretches");
    }
    for stretch in &forcing.rim {
        match stretch.flow {
            Flow::Open { slope } if !(0.0..=1.0).contains(&slope) => {
                return setting("slope", slope, "0 .. 1");
            }
            _ => {}
        }
    }
    Ok(())
}

/// The conditions of the rim; the first is the wall of all faces that no stretch holds.
pub(crate) fn flows(rim: &[Stretch]) -> Vec<Flow> {
    std::iter::once(Flow::Wall).chain(rim.iter().map(|stretch| stretch.flow.clone())).collect()
}

/// The tile of a cell and the cell's place in it.
///
/// # Errors
/// If the cell is not in the domain.
pub(crate) fn place(
    ground: &Ground,
    layout: &Layout,
    cell: [usize; 2],
) -> Result<(usize, usize), FloodError> {
    let [_, columns] = ground.shape();
    let inside =
        layout.find(cell).filter(|_| !ground.bed_m()[cell[0] * columns + cell[1]].is_nan());
    let number = |index: usize| i64::try_from(index).unwrap_or(i64::MAX);
    inside.ok_or(FloodError::Outside {
        what: "source".to_owned(),
        row: number(cell[0]),
        column: number(cell[1]),
    })
}

/// Everything that a tile is cut out of.
struct Cutter<'a> {
    ground: &'a Ground,
    start: &'a Start,
    forcing: &'a Forcing,
    lattice: Lattice,
    settings: Settings,
}

/// All tiles, wet as at the start.
///
/// # Errors
/// If the start does not fit the ground.
pub(crate) fn tiles<R: Real>(
    ground: &Ground,
    start: &Start,
    forcing: &Forcing,
    layout: &Layout,
    (settings, lattice): (Settings, Lattice),
) -> Result<Vec<Tile<R>>, FloodError> {
    check_start(ground, start)?;
    let cutter = Cutter { ground, start, forcing, lattice, settings };
    Ok((0..layout.len()).into_par_iter().map(|tile| cutter.tile(layout, tile)).collect())
}

fn check_start(ground: &Ground, start: &Start) -> Result<(), FloodError> {
    let shape = ground.shape();
    let count = |what, found| {
        let fits = found == ground.bed_m().len();
        fits.then_some(()).ok_or(FloodError::Count { what, shape, found })
    };
    let cell = |at: usize| [at / shape[1], at % shape[1]];
    let inside = |at: usize| !ground.bed_m()[at].is_nan();
    let fault = |what, at: usize, value| Err(FloodError::Start { what, cell: cell(at), value });
    match &start.water {
        Some(Water::Depth(depths)) => {
            count("depth", depths.len())?;
            let bad = |at: &usize| inside(*at) && !(0.0..=1e4).contains(&depths[*at]);
            if let Some(at) = (0..depths.len()).find(bad) {
                return fault("depth", at, depths[at]);
            }
        }
        Some(Water::Level(levels)) => {
            count("level", levels.len())?;
            let bad = |at: &usize| inside(*at) && 1e4 < levels[*at] - ground.bed_m()[*at];
            if let Some(at) = (0..levels.len()).find(bad) {
                return fault("level", at, levels[at]);
            }
        }
        None => {}
    }
    for values in start.velocity_m_s.iter().flatten() {
        count("velocity", values.len())?;
        let bad = |at: &usize| inside(*at) && !(-1e3..=1e3).contains(&values[*at]);
        if let Some(at) = (0..values.len()).find(bad) {
            return fault("velocity", at, values[at]);
        }
    }
    Ok(())
}

/// The lattice that a ground and the water on it ask for.
pub(crate) fn lattice<R: Real>(ground: &Ground, start: &Start) -> Lattice {
    Lattice::new(ground.relief_m(), deepest_m(ground, start), R::DIGITS)
}

/// Greatest depth at the start, m.
fn deepest_m(ground: &Ground, start: &Start) -> f64 {
    let bed = ground.bed_m();
    match &start.water {
        Some(Water::Depth(depths)) => {
            let inside = depths.iter().zip(bed).filter(|(_, z)| !z.is_nan());
            inside.map(|(h, _)| *h).fold(0.0, f64::max)
        }
        Some(Water::Level(levels)) => {
            levels.iter().zip(bed).map(|(level, z)| level - z).fold(0.0, f64::max)
        }
        None => 0.0,
    }
}

impl Cutter<'_> {
    /// Bed on the lattice, m; `None` outside the domain or beyond its rim.
    fn bed(&self, row: Option<usize>, column: Option<usize>) -> Option<f64> {
        let [rows, columns] = self.ground.shape();
        let row = row.filter(|row| *row < rows)?;
        let column = column.filter(|column| *column < columns)?;
        let z = self.ground.bed_m()[row * columns + column];
        (!z.is_nan()).then(|| self.lattice.round(z))
    }

    /// Bed of the second cell above the first.
    fn rise<R: Real>(&self, from: [Option<usize>; 2], to: [Option<usize>; 2]) -> R {
        match (self.bed(from[0], from[1]), self.bed(to[0], to[1])) {
            (Some(a), Some(b)) => R::of(b - a),
            (Some(_), None) => R::of(WALL_M),
            (None, Some(_)) => R::of(-WALL_M),
            (None, None) => R::ZERO,
        }
    }

    fn tile<R: Real>(&self, layout: &Layout, index: usize) -> Tile<R> {
        let (origin, shape) = layout.extent(index);
        let [rows, columns] = shape;
        let cells =
            || (0..rows).flat_map(|r| (0..columns).map(move |c| [origin[0] + r, origin[1] + c]));
        let dz_columns = (0..rows)
            .flat_map(|r| (0..columns).map(move |c| [origin[0] + r, origin[1] + c]))
            .map(|[r, c]| self.rise([Some(r), c.checked_sub(1)], [Some(r), Some(c)]))
            .collect();
        let beyond = origin[1] + columns;
        let dz_east = (origin[0]..origin[0] + rows)
            .map(|r| self.rise([Some(r), Some(beyond - 1)], [Some(r), Some(beyond)]))
            .collect();
        let dz_rows = (0..=rows)
            .flat_map(|r| (0..columns).map(move |c| [origin[0] + r, origin[1] + c]))
            .map(|[r, c]| self.rise([r.checked_sub(1), Some(c)], [Some(r), Some(c)]))
            .collect();
        let whole = cells().all(|[r, c]| self.bed(Some(r), Some(c)).is_some());
        let inside = |[r, c]: [usize; 2]| match self.bed(Some(r), Some(c)) {
            Some(_) => R::ONE,
            None => R::ZERO,
        };
        let h: Vec<R> = cells().map(|cell| self.depth(cell)).collect();
        let watch = self.settings.watch;
        let mut tile = Tile {
            origin,
            shape,
            low: vec![R::ZERO; h.len()],
            east: cells().zip(&h).map(|(cell, h)| self.discharge(cell, *h, 0)).collect(),
            south: cells().zip(&h).map(|(cell, h)| R::ZERO - self.discharge(cell, *h, 1)).collect(),
            dz_columns,
            dz_east,
            dz_rows,
            resistance: self.resistance(cells(), columns),
            face_resistance: FaceResistance::None,
            void: !whole && cells().map(inside).all(|share| share == R::ZERO),
            inside: (!whole).then(|| cells().map(inside).collect()),
            rims: Default::default(),
            shown: 0,
            signal: R::ZERO,
            watch: watch.map(|thresholds| Box::new(Watch::new(&h, thresholds))),
            outer: Outer::default(),
            fed: false,
            before: Before::default(),
            midway: false,
            h,
        };
        if self.settings.scheme == Scheme::Inertial {
            tile.face_resistance = self.face_resistance(origin, shape);
        }
        if self.settings.scheme == Scheme::Second {
            tile.outer = self.outer(origin, shape);
        }
        for side in Compass::ALL {
            if layout.neighbour(index, side).is_none() {
                let rim = self.rim(&mut tile, side);
                tile.rims[side.index()] = Some(Box::new(rim));
            }
        }
        tile.listen();
        tile
    }

    /// Rise of the bed over the faces one cell outside a tile, by side; 0 beyond the rim.
    fn outer<R: Real>(&self, [top, left]: [usize; 2], [rows, columns]: [usize; 2]) -> Outer<R> {
        let [height, width] = self.ground.shape();
        let across = |row: Option<usize>, next: Option<usize>| -> Vec<R> {
            let both = row.zip(next).filter(|(_, next)| *next < height);
            let rise = |column: usize| match both {
                Some((row, next)) => {
                    self.rise([Some(row), Some(column)], [Some(next), Some(column)])
                }
                None => R::ZERO,
            };
            (left..left + columns).map(rise).collect()
        };
        let along = |column: Option<usize>, next: Option<usize>| -> Vec<R> {
            let both = column.zip(next).filter(|(_, next)| *next < width);
            let rise = |row: usize| match both {
                Some((column, next)) => {
                    self.rise([Some(row), Some(column)], [Some(row), Some(next)])
                }
                None => R::ZERO,
            };
            (top..top + rows).map(rise).collect()
        };
        [
            across(top.checked_sub(2), top.checked_sub(1)),
            along(left.checked_sub(2), left.checked_sub(1)),
            along(Some(left + columns), Some(left + columns + 1)),
            across(Some(top + rows), Some(top + rows + 1)),
        ]
    }

    fn depth<R: Real>(&self, [row, column]: [usize; 2]) -> R {
        let at = row * self.ground.shape()[1] + column;
        let Some(bed_m) = self.bed(Some(row), Some(column)) else { return R::ZERO };
        match &self.start.water {
            None => R::ZERO,
            Some(Water::Depth(depths)) => R::of(depths[at]),
            Some(Water::Level(levels)) => R::of((self.lattice.round(levels[at]) - bed_m).max(0.0)),
        }
    }

    /// Discharge per metre to the east (axis 0) or north (axis 1).
    fn discharge<R: Real>(&self, [row, column]: [usize; 2], depth: R, axis: usize) -> R {
        let at = row * self.ground.shape()[1] + column;
        match &self.start.velocity_m_s {
            Some(velocity) if crate::simulation::moves(depth.wide()) => {
                R::of(velocity[axis][at]) * depth
            }
            _ => R::ZERO,
        }
    }

    fn resistance<R: Real>(
        &self,
        cells: impl Iterator<Item = [usize; 2]>,
        columns: usize,
    ) -> Resistance<R> {
        let width = self.ground.shape()[1];
        let of = |at: usize| {
            let n = self.ground.manning(at);
            R::of(if n.is_nan() { 0.0 } else { GRAVITY * n * n })
        };
        match self.ground.roughness() {
            Roughness::Uniform(_) => Resistance::Uniform(vec![of(0); band_rows(columns) * columns]),
            Roughness::Cells(_) => {
                Resistance::Cells(cells.map(|[r, c]| of(r * width + c)).collect())
            }
        }
    }

    /// `g n²` of the faces of a tile; on the rim that of the cell inside.
    fn face_resistance<R: Real>(
        &self,
        [top, left]: [usize; 2],
        [rows, columns]: [usize; 2],
    ) -> FaceResistance<R> {
        let of = |n: f64| if n.is_nan() { 0.0 } else { GRAVITY * n * n };
        if let Roughness::Uniform(n) = self.ground.roughness() {
            return FaceResistance::Uniform(vec![R::of(of(*n)); columns + 1]);
        }
        let [height, width] = self.ground.shape();
        let cell = |row: Option<usize>, column: Option<usize>| {
            let row = row.filter(|row| *row < height)?;
            let column = column.filter(|column| *column < width)?;
            Some(of(self.ground.manning(row * width + column)))
        };
        let mean = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => R::of(0.5 * (a + b)),
            (one, other) => R::of(one.or(other).unwrap_or(0.0)),
        };
        let along = (top..top + rows).flat_map(|r| (left..=left + columns).map(move |c| [r, c]));
        let across = (top..=top + rows).flat_map(|r| (left..left + columns).map(move |c| [r, c]));
        FaceResistance::Faces([
            along
                .map(|[r, c]| mean(cell(Some(r), c.checked_sub(1)), cell(Some(r), Some(c))))
                .collect(),
            across
                .map(|[r, c]| mean(cell(r.checked_sub(1), Some(c)), cell(Some(r), Some(c))))
                .collect(),
        ])
    }

    /// The rim on a side of a tile; sets the bed differences of its faces.
    fn rim<R: Real>(&self, tile: &mut Tile<R>, side: Compass) -> Rim<R> {
        let [rows, columns] = tile.shape;
        let length = match side {
            Compass::North | Compass::South => columns,
            Compass::West | Compass::East => rows,
        };
        let mut stretches = Vec::with_capacity(length);
        let mut bed_m = Vec::with_capacity(length);
        let mut resistance = Vec::with_capacity(length);
        for i in 0..length {
            let (cell, along) = match side {
                Compass::North => ([tile.origin[0], tile.origin[1] + i], tile.origin[1] + i),
                Compass::South => {
                    ([tile.origin[0] + rows - 1, tile.origin[1] + i], tile.origin[1] + i)
                }
                Compass::West => ([tile.origin[0] + i, tile.origin[1]], tile.origin[0] + i),
                Compass::East => {
                    ([tile.origin[0] + i, tile.origin[1] + columns - 1], tile.origin[0] + i)
                }
            };
            let bed = self.bed(Some(cell[0]), Some(cell[1]));
            let stretch = if bed.is_some() { self.stretch(side, along) } else { 0 };
            let fall_m = match stretch.checked_sub(1).map(|given| &self.forcing.rim[given].flow) {
                Some(Flow::Open { slope }) => slope * self.ground.cell_size_m(),
                _ => 0.0,
            };
            *tile.rise_mut(side, i) = R::of(match side {
                Compass::North | Compass::West => fall_m,
                Compass::South | Compass::East => -fall_m,
            });
            self.beyond(tile, side, i, stretch);
            stretches.push(u16::try_from(stretch).unwrap_or(0));
            bed_m.push(bed.unwrap_or(f64::NAN));
            let manning = self.ground.manning(cell[0] * self.ground.shape()[1] + cell[1]);
            resistance.push(R::of(GRAVITY * manning * manning));
        }
        Rim {
            stretches,
            bed_m,
            resistance,
            discharge: vec![R::ZERO; length],
            ghost: Strip::dry(length * self.settings.scheme.halo()),
            gates: vec![Gate::Closed; length],
            given: Vec::new(),
            inflow_m3: 0.0,
        }
    }

    /// Sets the rise of the bed over the outer face beyond a face of the rim: an open one falls on
    /// as it does over the rim, a wall mirrors the bed, and elsewhere it is level.
    fn beyond<R: Real>(&self, tile: &mut Tile<R>, side: Compass, at: usize, stretch: usize) {
        if tile.outer[side.index()].is_empty() {
            return;
        }
        let [rows, columns] = tile.shape;
        let rim = *tile.rise_mut(side, at);
        let inner = match side {
            Compass::North if 1 < rows => tile.dz_rows[columns + at],
            Compass::South if 1 < rows => tile.dz_rows[(rows - 1) * columns + at],
            Compass::West if 1 < columns => tile.dz_columns[at * columns + 1],
            Compass::East if 1 < columns => tile.dz_columns[at * columns + columns - 1],
            _ => R::ZERO,
        };
        let flow =
            stretch.checked_sub(1).map_or(&Flow::Wall, |given| &self.forcing.rim[given].flow);
        tile.outer[side.index()][at] = match flow {
            Flow::Open { .. } => rim,
            Flow::Wall => R::ZERO - inner,
            Flow::Discharge(_) | Flow::Stage(_) => R::ZERO,
        };
    }

    /// Index into the flows of the stretch that holds a face; 0 is the wall.
    fn stretch(&self, side: Compass, along: usize) -> usize {
        let middle_m = (along as f64 + 0.5) * self.ground.cell_size_m();
        let holds = |stretch: &Stretch| {
            let [from, to] = stretch.range_m.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
            stretch.side == side && from <= middle_m && middle_m < to
        };
        self.forcing.rim.iter().rposition(holds).map_or(0, |given| given + 1)
    }
}

/// The cells along each stretch of the rim, in their order along the sides.
pub(crate) fn reaches<R: Real>(tiles: &[Tile<R>], stretches: usize) -> Vec<Reach> {
    let dry = || Reach { cells: Vec::new(), lowest_m: f64::INFINITY };
    let mut reaches: Vec<Reach> = (0..stretches).map(|_| dry()).collect();
    for (index, tile) in tiles.iter().enumerate() {
        for side in Compass::ALL {
            let Some(rim) = &tile.rims[side.index()] else { continue };
            for (at, (stretch, bed_m)) in rim.stretches.iter().zip(&rim.bed_m).enumerate() {
                if !bed_m.is_nan() {
                    let reach = &mut reaches[usize::from(*stretch)];
                    reach.cells.push((index, side, at));
                    reach.lowest_m = reach.lowest_m.min(*bed_m);
                }
            }
        }
    }
    for reach in &mut reaches {
        reach.cells.sort_by_key(|(index, side, at)| {
            let origin = tiles[*index].origin;
            (*side, origin[usize::from(side.is_row())] + at)
        });
    }
    reaches
}

/// Cells of the domain in each zone of rain.
pub(crate) fn cells_of_zone(ground: &Ground, rain: Option<&Rain>) -> Vec<u64> {
    let inside = |at: &usize| !ground.bed_m()[*at].is_nan();
    let cells = (0..ground.bed_m().len()).filter(inside);
    let mut counts = vec![0; rain.map_or(1, Rain::zones)];
    match rain.and_then(Rain::zone_of_cell) {
        None => counts[0] = cells.count() as u64,
        Some(zones) => cells.for_each(|at| {
            if let Some(count) = counts.get_mut(zones[at] as usize) {
                *count += 1;
            }
        }),
    }
    counts
}
