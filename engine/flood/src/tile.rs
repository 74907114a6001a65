//! Tiles: the unit of work. A tile owns its cells; what its neighbours need lies in its [`Edges`].

mod first;
mod inertial;
mod second;
mod water;

pub(crate) use first::{Band, Surroundings, band_rows};
pub(crate) use inertial::FlatRoom;
pub(crate) use second::{Before, HALO, Outer, Room};

use std::ops::Range;

use crate::cell::{Advancing, After, Around, Conserved, DRY_M, StepScale, advance_row};
use crate::face::{FaceScale, Fluxes, GRAVITY};
use crate::real::{Real, greatest};
use crate::rim::Rim;
use crate::simd::rows;
use crate::watch::{Sight, Watch};

/// Cells whose signals are taken at once.
const LANES: usize = 8;

/// A side of a tile or of the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Compass {
    /// Row 0.
    North,
    /// Column 0.
    West,
    /// Last column.
    East,
    /// Last row.
    South,
}

impl Compass {
    /// All sides.
    pub const ALL: [Self; 4] = [Self::North, Self::West, Self::East, Self::South];

    /// Place in arrays of four.
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Self::North => 0,
            Self::West => 1,
            Self::East => 2,
            Self::South => 3,
        }
    }

    /// Whether it runs along a row of cells.
    #[must_use]
    pub fn is_row(self) -> bool {
        matches!(self, Self::North | Self::South)
    }

    /// Whether the faces before row `line` of `rows` are the rim on this side.
    pub(crate) fn ends(self, line: usize, rows: usize) -> bool {
        match self {
            Self::North => line == 0,
            Self::South => line == rows,
            Self::West | Self::East => false,
        }
    }

    /// The side that faces it.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::North => Self::South,
            Self::West => Self::East,
            Self::East => Self::West,
            Self::South => Self::North,
        }
    }
}

/// Conserved values of a strip of cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Strip<R> {
    pub h: Vec<R>,
    pub east: Vec<R>,
    pub south: Vec<R>,
}

impl<R: Real> Strip<R> {
    pub(crate) fn dry(count: usize) -> Self {
        let zero = || vec![R::ZERO; count];
        Self { h: zero(), east: zero(), south: zero() }
    }

    pub(crate) fn row(&self, range: Range<usize>) -> Conserved<'_, R> {
        Conserved {
            h: &self.h[range.clone()],
            east: &self.east[range.clone()],
            south: &self.south[range],
        }
    }

    /// Greatest signal speed in it, m/s; 0 where no water moves.
    fn signal(&self) -> R {
        let mut fastest = [R::ZERO; LANES];
        signal_lanes(self.row(0..self.h.len()), &mut fastest);
        greatest(&fastest)
    }
}

/// The outermost cells of a tile on its four sides, `depth` cells deep, for its neighbours to
/// read. The strip of a side is stored outermost line first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edges<R> {
    pub sides: [Strip<R>; 4],
    /// Greatest signal speed in the strip of each side, m/s.
    signals: [R; 4],
    /// Which state of the tile they show: two copies with the same number hold the same.
    version: u64,
    /// What passed to slower neighbours; empty unless steps are local.
    pub registers: [Fluxes<R>; 4],
}

impl<R: Real> Edges<R> {
    pub(crate) fn dry(shape: [usize; 2], depth: usize) -> Self {
        let [rows, columns] = shape;
        let along = |side: Compass| match side {
            Compass::North | Compass::South => columns,
            Compass::West | Compass::East => rows,
        };
        Self {
            sides: Compass::ALL.map(|side| Strip::dry(along(side) * depth)),
            signals: [R::ZERO; 4],
            version: 0,
            registers: std::array::from_fn(|_| Fluxes::with_faces(0)),
        }
    }

    /// Takes over what another copy holds, unless it is the same: while a tile rests, nothing is
    /// copied.
    pub(crate) fn follow(&mut self, other: &Self) {
        if self.version != other.version {
            self.clone_from(other);
        }
    }

    /// Whether another copy shows a later state of the tile.
    pub(crate) fn is_older_than(&self, other: &Self) -> bool {
        self.version < other.version
    }

    /// Whether no water on a side moves.
    pub(crate) fn is_still(&self, side: Compass) -> bool {
        self.signals[side.index()] <= R::ZERO
    }

    /// Greatest signal speed in the outermost cells of a side, m/s; 0 where no water moves.
    pub(crate) fn signal(&self, side: Compass) -> R {
        self.signals[side.index()]
    }
}

/// Cells of a tile, row by row from the north.
#[derive(Clone, Debug)]
pub(crate) struct Tile<R> {
    /// Row and column of its first cell in the domain.
    pub origin: [usize; 2],
    /// Rows and columns.
    pub shape: [usize; 2],
    pub h: Vec<R>,
    /// What rounding left over from `h`.
    pub low: Vec<R>,
    pub east: Vec<R>,
    pub south: Vec<R>,
    /// Bed of a cell above its western neighbour, m.
    pub dz_columns: Vec<R>,
    /// Bed of the cells in the east above those of the last column, m.
    pub dz_east: Vec<R>,
    /// Bed of a cell above its northern neighbour, m: `rows + 1` x `columns` faces.
    pub dz_rows: Vec<R>,
    /// `g n²` of each cell, or of all.
    pub resistance: Resistance<R>,
    /// `g n²` of the faces, for the local inertial scheme.
    pub face_resistance: FaceResistance<R>,
    /// 1 inside the domain and 0 outside; `None` where all cells are inside.
    pub inside: Option<Vec<R>>,
    /// Whether all cells are outside.
    pub void: bool,
    /// Sides on the rim of the domain.
    pub rims: [Option<Box<Rim<R>>>; 4],
    /// How often its edges have been shown.
    pub shown: u64,
    /// Greatest signal speed after the last step, m/s; 0 while nothing moves.
    pub signal: R,
    /// What is recorded.
    pub watch: Option<Box<Watch<R>>>,
    /// Rise of the bed one face outside; empty for the first order.
    pub outer: Outer<R>,
    /// Whether a source stands in it.
    pub fed: bool,
    /// Water before a step of second order.
    pub before: Before<R>,
    /// Whether such a step is under way.
    pub midway: bool,
}

/// `g n²`, with Manning's n in s/m^(1/3).
#[derive(Clone, Debug)]
pub(crate) enum Resistance<R> {
    /// One band of rows, the same for all.
    Uniform(Vec<R>),
    /// Cell by cell.
    Cells(Vec<R>),
}

impl<R> Resistance<R> {
    /// That of a run of cells.
    pub(crate) fn of(&self, cells: Range<usize>) -> &[R] {
        match self {
            Self::Uniform(values) => &values[..cells.len()],
            Self::Cells(values) => &values[cells],
        }
    }
}

/// Cells around a tile, as the step sees them.
struct Halo<'a, R> {
    sides: [&'a Strip<R>; 4],
}

impl<'a, R> Halo<'a, R> {
    fn new(ghosts: &'a Ghosts<R>, around: [&'a Strip<R>; 4]) -> Self {
        let side = |side: Compass| ghosts[side.index()].as_ref().unwrap_or(around[side.index()]);
        Self { sides: Compass::ALL.map(side) }
    }

    fn side(&self, side: Compass) -> &'a Strip<R> {
        self.sides[side.index()]
    }
}

/// `g n²` of the faces of a tile: the mean of the two cells.
#[derive(Clone, Debug, Default)]
pub(crate) enum FaceResistance<R> {
    /// Not needed by the scheme.
    #[default]
    None,
    /// One row, the same for all rows.
    Uniform(Vec<R>),
    /// Faces between columns (`rows` x `columns + 1`) and between rows (`rows + 1` x `columns`).
    Faces([Vec<R>; 2]),
}

impl<R> FaceResistance<R> {
    fn column_faces(&self, row: usize, columns: usize) -> &[R] {
        match self {
            Self::None => &[],
            Self::Uniform(values) => values,
            Self::Faces([faces, _]) => &faces[row * (columns + 1)..(row + 1) * (columns + 1)],
        }
    }

    fn row_faces(&self, row: usize, columns: usize) -> &[R] {
        match self {
            Self::None => &[],
            Self::Uniform(values) => values,
            Self::Faces([_, faces]) => &faces[row * columns..(row + 1) * columns],
        }
    }
}

/// Room for the rows in work; one per thread.
#[derive(Debug, Default)]
pub(crate) struct Scratch<R> {
    row: Fluxes<R>,
    north: Fluxes<R>,
    south: Fluxes<R>,
    pub after: After<R>,
}

impl<R: Real> Scratch<R> {
    pub(crate) fn with_columns(columns: usize) -> Self {
        Self {
            row: Fluxes::with_faces(columns + 1),
            north: Fluxes::with_faces(columns),
            south: Fluxes::with_faces(columns),
            after: After::with_cells(columns),
        }
    }
}

/// Scales of one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace<R> {
    pub face: FaceScale<R>,
    pub step: StepScale<R>,
    /// Water that a mass flux of 1 m²/s carries through one face, m³.
    pub volume_m3: f64,
    /// What the watch has to know.
    pub sight: Sight<R>,
}

impl<R: Real> Pace<R> {
    /// `end_s` is the time at the end of the step.
    pub(crate) fn new(dt_s: f64, cell_size_m: f64, end_s: f64) -> Self {
        let dt_per_dx = R::of(dt_s / cell_size_m);
        Self {
            face: FaceScale::new(cell_size_m / dt_s),
            step: StepScale { dt: R::of(dt_s), dt_per_dx },
            volume_m3: dt_per_dx.wide() * cell_size_m * cell_size_m,
            sight: Sight { start_s: R::of(end_s - dt_s), end_s: R::of(end_s) },
        }
    }
}

impl<R: Real> Tile<R> {
    /// Rise of the bed over a face of a side.
    pub(crate) fn rise_mut(&mut self, side: Compass, at: usize) -> &mut R {
        let [rows, columns] = self.shape;
        match side {
            Compass::North => &mut self.dz_rows[at],
            Compass::South => &mut self.dz_rows[rows * columns + at],
            Compass::West => &mut self.dz_columns[at * columns],
            Compass::East => &mut self.dz_east[at],
        }
    }

    /// Copies the rise of the bed over the faces of a row, from the western side to the eastern.
    fn copy_rises(&self, row: usize, out: &mut [R]) {
        let columns = self.shape[1];
        out[..columns].copy_from_slice(&self.dz_columns[row * columns..(row + 1) * columns]);
        out[columns] = self.dz_east[row];
    }

    /// The greatest signal speed of a step.
    fn gather_signal(&mut self, signal: &[R]) {
        self.signal = greatest(signal);
    }

    /// Advances a run of cells from the depths `before`.
    fn advance(
        &mut self,
        (cells, before): (Range<usize>, &[R]),
        around: Around<'_, R>,
        pace: Pace<R>,
        after: &mut After<R>,
    ) {
        let mut advancing = Advancing {
            h: &mut self.h[cells.clone()],
            low: &mut self.low[cells.clone()],
            east: &mut self.east[cells.clone()],
            south: &mut self.south[cells.clone()],
        };
        advance_row(&mut advancing, around, self.resistance.of(cells.clone()), pace.step, after);
        if let Some(watch) = &mut self.watch {
            let depths = [before, &self.h[cells.clone()]];
            watch.step(cells, depths, &after.speed_squared, pace.sight);
        }
    }

    /// Copies the outermost cells, `depth` deep, for the neighbours. A tile less deep repeats its
    /// innermost line.
    pub(crate) fn show(&mut self, edges: &mut Edges<R>, depth: usize) {
        let [rows, columns] = self.shape;
        self.shown += 1;
        edges.version = self.shown;
        for side in Compass::ALL {
            let strip = &mut edges.sides[side.index()];
            let fields = [
                (&self.h, &mut strip.h),
                (&self.east, &mut strip.east),
                (&self.south, &mut strip.south),
            ];
            for (from, to) in fields {
                for line in 0..depth {
                    let lines = if matches!(side, Compass::North | Compass::South) {
                        rows
                    } else {
                        columns
                    };
                    let inward = line.min(lines - 1);
                    let at = match side {
                        Compass::North | Compass::West => inward,
                        Compass::South | Compass::East => lines - 1 - inward,
                    };
                    match side {
                        Compass::North | Compass::South => to[line * columns..(line + 1) * columns]
                            .copy_from_slice(&from[at * columns..(at + 1) * columns]),
                        Compass::West | Compass::East => {
                            let column = from.iter().skip(at).step_by(columns);
                            let out = &mut to[line * rows..(line + 1) * rows];
                            out.iter_mut().zip(column).for_each(|(to, from)| *to = *from);
                        }
                    }
                }
            }
            edges.signals[side.index()] = edges.sides[side.index()].signal();
        }
    }
}

rows! {
    /// Greatest signal speeds of cells, lane by lane: the last few cells fall into the first lanes.
    fn signal_lanes<R>(cells: Conserved<'_, R>, fastest: &mut [R]) {
        let (dry, gravity) = (R::of(DRY_M), R::of(GRAVITY));
        let count = cells.h.len();
        let (east, south) = (&cells.east[..count], &cells.south[..count]);
        let fastest = &mut fastest[..LANES];
        let mut first = 0;
        while first < count {
            let lanes = LANES.min(count - first);
            for (lane, fastest) in fastest.iter_mut().enumerate().take(lanes) {
                let at = first + lane;
                let h = cells.h[at];
                let wet = dry <= h;
                let inverse = if wet { R::ONE / h } else { R::ZERO };
                let speed = east[at].magnitude().at_least(south[at].magnitude()) * inverse;
                let signal = if wet { speed + (gravity * h).root() } else { R::ZERO };
                *fastest = fastest.most(signal);
            }
            first += LANES;
        }
    }
}

/// Cells beyond the rim, by side.
type Ghosts<R> = [Option<Strip<R>>; 4];

/// Takes the cells beyond the rim out, so that the rim can count while they are read.
fn take_ghosts<R: Real>(rims: &mut [Option<Box<Rim<R>>>; 4]) -> Ghosts<R> {
    let mut ghosts = Ghosts::default();
    for (ghost, rim) in ghosts.iter_mut().zip(rims) {
        *ghost = rim.as_mut().map(|rim| std::mem::take(&mut rim.ghost));
    }
    ghosts
}

fn put_ghosts<R: Real>(rims: &mut [Option<Box<Rim<R>>>; 4], ghosts: Ghosts<R>) {
    for (rim, ghost) in rims.iter_mut().zip(ghosts) {
        if let (Some(rim), Some(ghost)) = (rim, ghost) {
            rim.ghost = ghost;
        }
    }
}

/// Lets the rim in the north or south, if there is one, act on a row of faces.
fn pass_row<R: Real>(
    rims: &mut [Option<Box<Rim<R>>>; 4],
    side: Compass,
    fluxes: &mut Fluxes<R>,
    columns: usize,
    pace: Pace<R>,
) {
    if let Some(rim) = &mut rims[side.index()] {
        for column in 0..columns {
            rim.pass(side, [column, column], fluxes, pace.volume_m3);
        }
    }
}
