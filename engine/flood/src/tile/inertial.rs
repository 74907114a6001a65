//! A step of the local inertial equations.

use crate::inertial::{InertialFaces, InertialScale, discharge_row, store_row};
use crate::real::Real;
use crate::tile::{
    Compass, HALO, Halo, Pace, Scratch, Strip, Tile, pass_row, put_ghosts, take_ghosts,
};

/// Rows of depths and discharges with their halo.
#[derive(Debug, Default)]
struct Row<R> {
    h: Vec<R>,
    east: Vec<R>,
    south: Vec<R>,
}

/// Room for a step.
#[derive(Debug)]
pub(crate) struct FlatRoom<R> {
    /// Rows two and one before the one in work, and that row.
    rows: [Row<R>; 3],
    signal: Vec<R>,
    /// Rise of the bed over the faces between the columns of a row.
    rises: Vec<R>,
}

impl<R: Real> FlatRoom<R> {
    pub(crate) fn with_columns(columns: usize) -> Self {
        let zero = || vec![R::ZERO; columns + 2 * HALO];
        let row = || Row { h: zero(), east: zero(), south: zero() };
        Self {
            rows: [row(), row(), row()],
            signal: vec![R::ZERO; columns + 1],
            rises: vec![R::ZERO; columns + 1],
        }
    }
}

impl<R: Real> Tile<R> {
    /// Copies line `line` of the tile with its halo: 0 and 1 lie in the north.
    fn load_flat(&self, line: usize, halo: &Halo<'_, R>, out: &mut Row<R>) {
        let [rows, columns] = self.shape;
        let inner = HALO..HALO + columns;
        let beyond = |strip: &Strip<R>, away: usize, out: &mut Row<R>| {
            let cells = strip.row(away * columns..(away + 1) * columns);
            out.h[inner.clone()].copy_from_slice(cells.h);
            out.east[inner.clone()].copy_from_slice(cells.east);
            out.south[inner.clone()].copy_from_slice(cells.south);
        };
        if line < HALO {
            return beyond(halo.side(Compass::North), HALO - 1 - line, out);
        }
        if rows + HALO <= line {
            return beyond(halo.side(Compass::South), line - rows - HALO, out);
        }
        let row = line - HALO;
        let range = row * columns..(row + 1) * columns;
        out.h[inner.clone()].copy_from_slice(&self.h[range.clone()]);
        out.east[inner.clone()].copy_from_slice(&self.east[range.clone()]);
        out.south[inner.clone()].copy_from_slice(&self.south[range]);
        for away in 0..HALO {
            let (west, east) = (halo.side(Compass::West), halo.side(Compass::East));
            let at = away * rows + row;
            for (strip, to) in [(west, HALO - 1 - away), (east, HALO + columns + away)] {
                out.h[to] = strip.h[at];
                out.east[to] = strip.east[at];
                out.south[to] = strip.south[at];
            }
        }
    }

    /// One step in place.
    pub(crate) fn flat_step(
        &mut self,
        around: [&Strip<R>; 4],
        pace: Pace<R>,
        scratch: &mut Scratch<R>,
        room: &mut FlatRoom<R>,
    ) {
        let [rows, columns] = self.shape;
        let mut rims = std::mem::take(&mut self.rims);
        let ghosts = take_ghosts(&mut rims);
        let halo = Halo::new(&ghosts, around);
        let scale = InertialScale::new(pace.step, pace.face.drain);
        room.signal.fill(R::ZERO);
        for line in 0..=HALO {
            self.load_flat(line, &halo, &mut room.rows[line]);
        }
        // Faces in the north of row `line`, then those between its columns.
        for line in 0..=rows {
            if 0 < line {
                room.rows.rotate_left(1);
                self.load_flat(line + HALO, &halo, &mut room.rows[2]);
            }
            self.cross(line, scale, &mut scratch.south.mass, room);
            if line == 0 {
                pass_row(&mut rims, Compass::North, &mut scratch.south, columns, pace);
            } else if line == rows {
                pass_row(&mut rims, Compass::South, &mut scratch.south, columns, pace);
            }
            let faces = &scratch.south.mass[..columns];
            for side in [Compass::North, Compass::South] {
                if let (Some(rim), true) = (&mut rims[side.index()], side.ends(line, rows)) {
                    rim.discharge.copy_from_slice(faces);
                }
            }
            if 0 < line {
                let row = line - 1;
                let range = row * columns..(row + 1) * columns;
                store_row(
                    [&scratch.row.mass, &scratch.north.mass, &scratch.south.mass],
                    scale.dt_per_dx,
                    &mut self.h[range.clone()],
                    &mut self.low[range.clone()],
                    &mut scratch.after.speed_squared,
                );
                self.east[range.clone()].copy_from_slice(&scratch.row.mass[1..=columns]);
                self.south[range.clone()].copy_from_slice(&scratch.south.mass[..columns]);
                if let Some(watch) = &mut self.watch {
                    let speed = &scratch.after.speed_squared;
                    let before = &room.rows[1].h[HALO..HALO + columns];
                    watch.step(range.clone(), [before, &self.h[range]], speed, pace.sight);
                }
            }
            if line < rows {
                self.along(line, scale, &mut scratch.row.mass, room);
                for (side, face) in [(Compass::West, 0), (Compass::East, columns)] {
                    if let Some(rim) = &mut rims[side.index()] {
                        rim.pass(side, [line, face], &mut scratch.row, pace.volume_m3);
                        rim.discharge[line] = scratch.row.mass[face];
                    }
                }
            }
            std::mem::swap(&mut scratch.north, &mut scratch.south);
        }
        put_ghosts(&mut rims, ghosts);
        self.rims = rims;
        self.signal = room.signal.iter().fold(R::ZERO, |most, speed| most.at_least(*speed));
    }

    /// Faces in the north of a row; the room holds that row third.
    fn cross(&self, row: usize, scale: InertialScale<R>, out: &mut [R], room: &mut FlatRoom<R>) {
        let columns = self.shape[1];
        let inner = HALO..HALO + columns;
        let faces = row * columns..(row + 1) * columns;
        let [before, above, here] = &room.rows;
        let faces = InertialFaces {
            left: &above.h[inner.clone()],
            right: &here.h[inner.clone()],
            dz: &self.dz_rows[faces],
            own: &above.south[inner.clone()],
            before: &before.south[inner.clone()],
            after: &here.south[inner],
            resistance: self.face_resistance.row_faces(row, columns),
        };
        discharge_row(faces, scale, out, &mut room.signal);
    }

    /// Faces between the columns of a row; the room holds it third.
    fn along(&self, row: usize, scale: InertialScale<R>, out: &mut [R], room: &mut FlatRoom<R>) {
        let columns = self.shape[1];
        self.copy_rises(row, &mut room.rises);
        let here = &room.rows[2];
        let faces = InertialFaces {
            left: &here.h[HALO - 1..],
            right: &here.h[HALO..],
            dz: &room.rises[..=columns],
            own: &here.east[HALO - 1..],
            before: &here.east[HALO - 2..],
            after: &here.east[HALO..],
            resistance: self.face_resistance.column_faces(row, columns),
        };
        discharge_row(faces, scale, out, &mut room.signal);
    }
}
