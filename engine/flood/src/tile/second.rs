//! A step of second order: two Euler steps with reconstructed water, and their mean (Heun).

use crate::cell::{After, Around, Conserved, DRY_M, Motion, motion_row};
use crate::face::{Fluxes, GRAVITY, flux_row};
use crate::real::Real;
use crate::simd::{firsts, rows};
use crate::slopes::{Profile, eastward, profile_row, southward, step_row, tilt_row};
use crate::tile::{Compass, Halo, Pace, Scratch, Strip, Tile, pass_row, put_ghosts, take_ghosts};

/// Cells around a tile that reconstruction looks at.
pub(crate) const HALO: usize = 2;

/// Water of a tile before a step; empty where the scheme has no use for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Before<R> {
    h: Vec<R>,
    low: Vec<R>,
    east: Vec<R>,
    south: Vec<R>,
}

/// Room for a step of second order.
#[derive(Debug)]
pub(crate) struct Room<R> {
    /// Three rows: the one that gets its profile, and those before and after it.
    rows: [Motion<R>; 3],
    along: Profile<R>,
    above: Profile<R>,
    here: Profile<R>,
    steps: Vec<R>,
    wide: Vec<R>,
}

impl<R: Real> Room<R> {
    pub(crate) fn with_columns(columns: usize) -> Self {
        let row = || Motion::with_cells(columns + 2 * HALO);
        Self {
            rows: [row(), row(), row()],
            along: Profile::with_cells(columns + 2),
            above: Profile::with_cells(columns),
            here: Profile::with_cells(columns),
            steps: vec![R::ZERO; columns + 1],
            wide: vec![R::ZERO; columns + 3],
        }
    }
}

/// Rise of the bed over the faces one cell outside a tile, by side, m.
pub(crate) type Outer<R> = [Vec<R>; 4];

impl<R: Real> Tile<R> {
    /// Keeps the water as it is before a step.
    pub(crate) fn keep(&mut self) {
        let Before { h, low, east, south } = &mut self.before;
        h.clone_from(&self.h);
        low.clone_from(&self.low);
        east.clone_from(&self.east);
        south.clone_from(&self.south);
        self.midway = true;
    }

    /// Row `line` of the motion with its halo: 0 and 1 lie in the north, `rows + 2` and
    /// `rows + 3` in the south.
    fn load_wide(&self, line: usize, halo: &Halo<'_, R>, out: &mut Motion<R>) {
        let [rows, columns] = self.shape;
        let beyond = |strip: &Strip<R>, away: usize, out: &mut Motion<R>| {
            motion_row(strip.row(away * columns..(away + 1) * columns), out, HALO);
        };
        if line < HALO {
            return beyond(halo.side(Compass::North), HALO - 1 - line, out);
        }
        if rows + HALO <= line {
            return beyond(halo.side(Compass::South), line - rows - HALO, out);
        }
        let row = line - HALO;
        let range = row * columns..(row + 1) * columns;
        let cells = Conserved {
            h: &self.h[range.clone()],
            east: &self.east[range.clone()],
            south: &self.south[range],
        };
        motion_row(cells, out, HALO);
        for away in 0..HALO {
            let cell = away * rows + row..away * rows + row + 1;
            motion_row(halo.side(Compass::West).row(cell.clone()), out, HALO - 1 - away);
            motion_row(halo.side(Compass::East).row(cell), out, HALO + columns + away);
        }
    }

    /// One Euler step with reconstructed water, in place.
    pub(crate) fn stage(
        &mut self,
        around: [&Strip<R>; 4],
        pace: Pace<R>,
        scratch: &mut Scratch<R>,
        room: &mut Room<R>,
    ) {
        let [rows, columns] = self.shape;
        // Only the mean of both stages is recorded.
        let watch = self.watch.take();
        let mut rims = std::mem::take(&mut self.rims);
        let ghosts = take_ghosts(&mut rims);
        let halo = Halo::new(&ghosts, around);
        for line in 0..2 {
            self.load_wide(line, &halo, &mut room.rows[line + 1]);
        }
        // Line `l` has row `l - 1` of the tile in the middle.
        for line in 0..=rows + 1 {
            room.rows.rotate_left(1);
            self.load_wide(line + 2, &halo, &mut room.rows[2]);
            let lanes = [0, 1, 2].map(|row| southward(&room.rows[row], HALO, columns));
            let dz = [self.dz_row(line), self.dz_row(line + 1)];
            profile_row(lanes, dz, &mut room.here);
            if 0 < line {
                let dz = self.dz_row(line);
                step_row(dz, &room.above.half_rise, &room.here.half_rise, &mut room.steps);
                let sides = [room.above.after(0), room.here.before(0)];
                flux_row(sides, &room.steps[..columns], pace.face, &mut scratch.south, 0);
                if line == 1 {
                    pass_row(&mut rims, Compass::North, &mut scratch.south, columns, pace);
                } else if line == rows + 1 {
                    pass_row(&mut rims, Compass::South, &mut scratch.south, columns, pace);
                }
                let (above, here) = (&room.above.tilt[..columns], &room.here.tilt);
                tilt_row(above, here, &mut scratch.south.left, &mut scratch.south.right);
            }
            if 1 < line {
                let Scratch { row, north, south, after } = &mut *scratch;
                let around = Around {
                    mass: [&row.mass, &row.mass[1..], &north.mass, &south.mass],
                    east: [&row.right, &row.left[1..], &north.across, &south.across],
                    south: [&row.across, &row.across[1..], &north.right, &south.left],
                };
                // Nobody watches the first of two stages.
                let cells = (line - 2) * columns..(line - 1) * columns;
                self.advance((cells, &[]), around, pace, after);
            }
            if 0 < line && line <= rows {
                self.columns(line - 1, pace, &mut scratch.row, room);
                for (side, face) in [(Compass::West, 0), (Compass::East, columns)] {
                    if let Some(rim) = &mut rims[side.index()] {
                        rim.pass(side, [line - 1, face], &mut scratch.row, pace.volume_m3);
                    }
                }
                let (before, after) = (&room.along.tilt[..=columns], &room.along.tilt[1..]);
                tilt_row(before, after, &mut scratch.row.left, &mut scratch.row.right);
            }
            std::mem::swap(&mut room.above, &mut room.here);
            std::mem::swap(&mut scratch.north, &mut scratch.south);
        }
        put_ghosts(&mut rims, ghosts);
        self.rims = rims;
        self.watch = watch;
    }

    /// Fluxes from column to column of a row whose motion lies in the middle of the room.
    fn columns(&self, row: usize, pace: Pace<R>, out: &mut Fluxes<R>, room: &mut Room<R>) {
        let columns = self.shape[1];
        let Room { rows, along, steps, wide, .. } = room;
        let lanes = [0, 1, 2].map(|from| eastward(&rows[1], from, columns + 2));
        // The faces of the row with those one cell outside on both ends.
        wide[0] = self.outer[Compass::West.index()][row];
        self.copy_rises(row, &mut wide[1..]);
        wide[columns + 2] = self.outer[Compass::East.index()][row];
        profile_row(lanes, [&wide[..columns + 2], &wide[1..columns + 3]], along);
        let inner = &wide[1..columns + 2];
        step_row(inner, &along.half_rise, &along.half_rise[1..], steps);
        flux_row([along.after(0), along.before(1)], &steps[..=columns], pace.face, out, 0);
    }

    /// Rise of the bed over the faces north of row `line - 1`, the outer ones included.
    fn dz_row(&self, line: usize) -> &[R] {
        let [rows, columns] = self.shape;
        if line == 0 {
            return &self.outer[Compass::North.index()];
        }
        if line == rows + 2 {
            return &self.outer[Compass::South.index()];
        }
        &self.dz_rows[(line - 1) * columns..line * columns]
    }

    /// The mean of the water before the step and after both stages; what is recorded is recorded
    /// here.
    pub(crate) fn settle(&mut self, pace: Pace<R>, after: &mut After<R>) {
        let before = &self.before;
        self.midway = false;
        let [rows, columns] = self.shape;
        after.signal[..columns].fill(R::ZERO);
        for row in 0..rows {
            let range = row * columns..(row + 1) * columns;
            settle_lanes(
                [&before.h, &before.low, &before.east, &before.south]
                    .map(|values| &values[range.clone()]),
                &mut self.h[range.clone()],
                &mut self.low[range.clone()],
                &mut self.east[range.clone()],
                &mut self.south[range.clone()],
                &mut after.signal[..columns],
                &mut after.speed_squared[..columns],
            );
            if let Some(watch) = &mut self.watch {
                let depths = [&before.h[range.clone()], &self.h[range.clone()]];
                watch.step(range, depths, &after.speed_squared, pace.sight);
            }
        }
        self.gather_signal(&after.signal[..columns]);
    }
}

rows! {
    /// The loop of [`Tile::settle`].
    fn settle_lanes<R>(
        before: [&[R]; 4],
        h: &mut [R],
        low: &mut [R],
        east: &mut [R],
        south: &mut [R],
        signal: &mut [R],
        speed: &mut [R],
    ) {
        let n = h.len();
        let [before_h, before_low, before_east, before_south] = firsts(before, n);
        let (low, east, south) = (&mut low[..n], &mut east[..n], &mut south[..n]);
        let (signal, speed) = (&mut signal[..n], &mut speed[..n]);
        let (dry, gravity) = (R::of(DRY_M), R::of(GRAVITY));
        for i in 0..n {
            let (a, b) = (R::HALF * before_h[i], R::HALF * h[i]);
            let rest = R::HALF * (before_low[i] + low[i]);
            let sum = a + b;
            let part = sum - a;
            let lost = (a - (sum - part)) + (b - part) + rest;
            let depth = sum + lost;
            low[i] = lost - (depth - sum);
            h[i] = depth;
            let wet = dry <= depth;
            let inverse = if wet { R::ONE / depth } else { R::ZERO };
            let mean = |before: R, after: R| {
                let mean = R::HALF * (before + after);
                if wet { mean } else { R::ZERO }
            };
            east[i] = mean(before_east[i], east[i]);
            south[i] = mean(before_south[i], south[i]);
            let (u, v) = (east[i] * inverse, south[i] * inverse);
            speed[i] = u * u + v * v;
            let fastest = u.magnitude().at_least(v.magnitude()) + (gravity * depth).root();
            signal[i] = signal[i].most(if wet { fastest } else { R::ZERO });
        }
    }
}
