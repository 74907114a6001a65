//! Tiles: the unit of work. A tile owns its cells; what its neighbours need lies in its [`Edges`].

mod inertial;
mod second;
mod water;

pub(crate) use inertial::FlatRoom;
pub(crate) use second::{Before, HALO, Outer, Room};

use crate::cell::{
    Advancing, After, Around, Conserved, DRY_M, Motion, StepScale, advance_row, motion_row,
};
use crate::face::{FaceScale, Fluxes, Side, flux_row};
use crate::joint::Joint;
use crate::real::Real;
use crate::rim::Rim;
use crate::watch::{Sight, Watch};

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

    pub(crate) fn row(&self, range: std::ops::Range<usize>) -> Conserved<'_, R> {
        Conserved {
            h: &self.h[range.clone()],
            east: &self.east[range.clone()],
            south: &self.south[range],
        }
    }

    /// Whether no water in it moves.
    fn is_still(&self) -> bool {
        let dry = R::of(DRY_M);
        self.h.iter().all(|depth| *depth < dry)
    }
}

/// The outermost cells of a tile on its four sides, `depth` cells deep, for its neighbours to
/// read. The strip of a side is stored outermost line first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edges<R> {
    pub sides: [Strip<R>; 4],
    still: [bool; 4],
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
            still: [true; 4],
            registers: std::array::from_fn(|_| Fluxes::with_faces(0)),
        }
    }

    /// Whether no water on a side moves.
    pub(crate) fn is_still(&self, side: Compass) -> bool {
        self.still[side.index()]
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
    /// Bed of a cell above its western neighbour, m: `rows` x `columns + 1` faces.
    pub dz_columns: Vec<R>,
    /// Bed of a cell above its northern neighbour, m: `rows + 1` x `columns` faces.
    pub dz_rows: Vec<R>,
    /// `g n²` of each cell, or of all.
    pub resistance: Resistance<R>,
    /// `g n²` of the faces, for the local inertial scheme.
    pub face_resistance: FaceResistance<R>,
    /// 1 inside the domain and 0 outside; `None` where all cells are inside.
    pub inside: Option<Vec<R>>,
    /// Sides on the rim of the domain.
    pub rims: [Option<Box<Rim<R>>>; 4],
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
    /// One row, the same for all rows.
    Uniform(Vec<R>),
    /// Cell by cell.
    Cells(Vec<R>),
}

impl<R> Resistance<R> {
    #[inline(always)]
    pub(crate) fn row(&self, row: usize, columns: usize) -> &[R] {
        match self {
            Self::Uniform(values) => &values[..columns],
            Self::Cells(values) => &values[row * columns..(row + 1) * columns],
        }
    }
}

/// Cells around a tile, as the step sees them.
struct Halo<'a, R> {
    sides: [&'a Strip<R>; 4],
}

impl<'a, R> Halo<'a, R> {
    #[inline(always)]
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
    #[inline(always)]
    fn column_faces(&self, row: usize, columns: usize) -> &[R] {
        match self {
            Self::None => &[],
            Self::Uniform(values) => values,
            Self::Faces([faces, _]) => &faces[row * (columns + 1)..(row + 1) * (columns + 1)],
        }
    }

    #[inline(always)]
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
    above: Motion<R>,
    here: Motion<R>,
    row: Fluxes<R>,
    north: Fluxes<R>,
    south: Fluxes<R>,
    pub after: After<R>,
}

impl<R: Real> Scratch<R> {
    pub(crate) fn with_columns(columns: usize) -> Self {
        Self {
            above: Motion::with_cells(columns + 2),
            here: Motion::with_cells(columns + 2),
            row: Fluxes::with_faces(columns + 1),
            north: Fluxes::with_faces(columns),
            south: Fluxes::with_faces(columns),
            after: After {
                signal: vec![R::ZERO; columns],
                speed_squared: vec![R::ZERO; columns],
                kept: vec![R::ZERO; columns],
            },
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
            sight: Sight { end_s: R::of(end_s), dt_s: R::of(dt_s) },
        }
    }
}

impl<R: Real> Tile<R> {
    /// One row of the halo-wide motion: row -1 lies in the north, row `rows` in the south.
    #[inline(always)]
    fn load(&self, row: usize, halo: &Halo<'_, R>, out: &mut Motion<R>) {
        let [rows, columns] = self.shape;
        if row == 0 {
            return motion_row(halo.side(Compass::North).row(0..columns), out, 1);
        }
        if row == rows + 1 {
            return motion_row(halo.side(Compass::South).row(0..columns), out, 1);
        }
        let row = row - 1;
        let range = row * columns..(row + 1) * columns;
        let cells = Conserved {
            h: &self.h[range.clone()],
            east: &self.east[range.clone()],
            south: &self.south[range],
        };
        motion_row(cells, out, 1);
        motion_row(halo.side(Compass::West).row(row..row + 1), out, 0);
        motion_row(halo.side(Compass::East).row(row..row + 1), out, columns + 1);
    }

    /// One first-order step in place, from the cells around it as they were before the step.
    #[inline(always)]
    pub(crate) fn step(
        &mut self,
        around: [&Strip<R>; 4],
        pace: Pace<R>,
        scratch: &mut Scratch<R>,
        joints: &mut [Joint<'_, R>; 4],
    ) {
        let [rows, columns] = self.shape;
        let mut rims = std::mem::take(&mut self.rims);
        let ghosts = take_ghosts(&mut rims);
        let halo = Halo::new(&ghosts, around);
        scratch.after.signal[..columns].fill(R::ZERO);
        self.load(0, &halo, &mut scratch.above);
        for line in 1..=rows + 1 {
            self.load(line, &halo, &mut scratch.here);
            let faces = (line - 1) * columns..line * columns;
            flux_row(
                southward(&scratch.above, columns),
                southward(&scratch.here, columns),
                &self.dz_rows[faces],
                pace.face,
                &mut scratch.south,
            );
            for side in [Compass::North, Compass::South] {
                if side.ends(line - 1, rows) {
                    pass_row(&mut rims, side, &mut scratch.south, columns, pace);
                    let joint = &mut joints[side.index()];
                    for column in 0..columns {
                        joint.act(side, [column; 2], &mut scratch.south, pace.face.drain);
                    }
                }
            }
            if 1 < line {
                self.advance(line - 2, pace, scratch);
            }
            if line <= rows {
                let faces = (line - 1) * (columns + 1)..line * (columns + 1);
                let here = &scratch.here;
                flux_row(
                    eastward(here, 0),
                    eastward(here, 1),
                    &self.dz_columns[faces],
                    pace.face,
                    &mut scratch.row,
                );
                for (side, face) in [(Compass::West, 0), (Compass::East, columns)] {
                    if let Some(rim) = &mut rims[side.index()] {
                        rim.pass(side, [line - 1, face], &mut scratch.row, pace.volume_m3);
                    }
                    let joint = &mut joints[side.index()];
                    joint.act(side, [line - 1, face], &mut scratch.row, pace.face.drain);
                }
            }
            std::mem::swap(&mut scratch.above, &mut scratch.here);
            std::mem::swap(&mut scratch.north, &mut scratch.south);
        }
        put_ghosts(&mut rims, ghosts);
        self.rims = rims;
        self.gather_signal(&scratch.after);
    }

    /// The greatest signal speed of all columns.
    #[inline(always)]
    fn gather_signal(&mut self, after: &After<R>) {
        let fastest = after.signal[..self.shape[1]].iter();
        self.signal = fastest.fold(R::ZERO, |most, speed| most.at_least(*speed));
    }

    #[inline(always)]
    fn advance(&mut self, row: usize, pace: Pace<R>, scratch: &mut Scratch<R>) {
        let columns = self.shape[1];
        let range = row * columns..(row + 1) * columns;
        let mut cells = Advancing {
            h: &mut self.h[range.clone()],
            low: &mut self.low[range.clone()],
            east: &mut self.east[range.clone()],
            south: &mut self.south[range.clone()],
        };
        let around = Around { row: &scratch.row, north: &scratch.north, south: &scratch.south };
        let resistance = self.resistance.row(row, columns);
        advance_row(&mut cells, around, resistance, pace.step, &mut scratch.after);
        if let Some(watch) = &mut self.watch {
            watch.row(range.clone(), &self.h[range], &scratch.after.speed_squared, pace.sight);
        }
    }

    /// Copies the outermost cells, `depth` deep, for the neighbours. A tile less deep repeats its
    /// innermost line.
    pub(crate) fn show(&self, edges: &mut Edges<R>, depth: usize) {
        let [rows, columns] = self.shape;
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
            edges.still[side.index()] = edges.sides[side.index()].is_still();
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
#[inline(always)]
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

/// A row as one side of the faces between rows: the axis points south.
#[inline(always)]
fn southward<R>(motion: &Motion<R>, columns: usize) -> Side<'_, R> {
    let cells = 1..columns + 1;
    Side {
        h: &motion.h[cells.clone()],
        along: &motion.south[cells.clone()],
        across: &motion.east[cells.clone()],
        celerity: &motion.celerity[cells.clone()],
        stock: &motion.h[cells.clone()],
        drift: &motion.south[cells],
    }
}

/// A row from a column on, as one side of the faces between columns: the axis points east.
#[inline(always)]
fn eastward<R>(motion: &Motion<R>, from: usize) -> Side<'_, R> {
    Side {
        h: &motion.h[from..],
        along: &motion.east[from..],
        across: &motion.south[from..],
        celerity: &motion.celerity[from..],
        stock: &motion.h[from..],
        drift: &motion.east[from..],
    }
}
