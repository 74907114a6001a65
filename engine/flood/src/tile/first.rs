//! A step of first order, in bands of rows.
//!
//! A band is a run of cells: several rows go through each kernel at once. (With one row at a time,
//! calls, checks and setting up the loops took over a third of all instructions.) Between rows the
//! run is right as it stands. Between columns, the last cell of a row meets the first of the next:
//! the fluxes of those faces are computed apart, a whole side of the tile at once, and put in place.

use std::ops::Range;

use crate::cell::{After, Around, Conserved, DRY_M, Motion, motion_row};
use crate::face::{Fluxes, Side, flux_row, flux_run};
use crate::joint::Joint;
use crate::real::Real;
use crate::rim::Rim;
use crate::simd::rows;
use crate::tile::{Compass, Edges, Halo, Pace, Strip, Tile, put_ghosts, take_ghosts};

/// Cells of a band, about. With fewer, what a call costs shows (256: a tenth of the time); what all
/// kernels touch fits into 256 KiB.
const BAND_CELLS: usize = 2048;

/// Rows of a band.
pub(crate) fn band_rows(columns: usize) -> usize {
    (BAND_CELLS / columns).max(1)
}

/// Room for a band; one per thread.
#[derive(Debug, Default)]
pub(crate) struct Band<R> {
    /// Motion of the row before the band, of the band and of the row after it.
    rows: Motion<R>,
    /// Fluxes through the lines of faces before each row and after the last.
    lines: Fluxes<R>,
    /// What cells feel in the west, and at the place of the next cell what they feel in the east.
    near: Fluxes<R>,
    far: Fluxes<R>,
    /// Columns on both sides of a side of the tile, the bed and the fluxes between them.
    outside: Motion<R>,
    inside: Motion<R>,
    rises: Vec<R>,
    west: Fluxes<R>,
    east: Fluxes<R>,
    pub after: After<R>,
}

impl<R: Real> Band<R> {
    /// Grows to what a tile needs.
    pub(crate) fn fit(&mut self, [rows, columns]: [usize; 2]) {
        let cells = band_rows(columns) * columns;
        if self.near.mass.len() < cells + 1 || self.rows.h.len() < cells + 2 * columns {
            self.rows = Motion::with_cells(cells + 2 * columns);
            self.lines = Fluxes::with_faces(cells + columns);
            self.near = Fluxes::with_faces(cells + 1);
            self.far = Fluxes::with_faces(cells + 1);
            self.after = After::with_cells(cells);
        }
        if self.rises.len() < rows {
            self.outside = Motion::with_cells(rows);
            self.inside = Motion::with_cells(rows);
            self.rises = vec![R::ZERO; rows];
            self.west = Fluxes::with_faces(rows);
            self.east = Fluxes::with_faces(rows);
        }
    }
}

/// What surrounds a tile in a step.
pub(crate) struct Surroundings<'a, 'j, R> {
    /// The tile's own outermost cells.
    pub own: &'a Edges<R>,
    /// Those of its neighbours.
    pub around: [&'a Strip<R>; 4],
    pub joints: &'a mut [Joint<'j, R>; 4],
}

impl<R: Real> Tile<R> {
    /// One step in place, from the cells around it as they were before the step.
    ///
    /// Only rows next to water are computed: elsewhere nothing flows. (Of tiles of 32 cells along a
    /// flooded river that was three cells in ten.) Gives how many cells were computed.
    pub(crate) fn step(
        &mut self,
        surroundings: Surroundings<'_, '_, R>,
        pace: Pace<R>,
        band: &mut Band<R>,
    ) -> usize {
        let [rows, columns] = self.shape;
        let Surroundings { own, around, joints } = surroundings;
        band.fit(self.shape);
        let mut rims = std::mem::take(&mut self.rims);
        let ghosts = take_ghosts(&mut rims);
        let halo = Halo::new(&ghosts, around);
        let work = self.rows_at_work(&halo, &rims, joints);
        let mut gates = Gates { rims: &mut rims, joints, pace };
        let places = work.len().min(band_rows(columns)) * columns;
        band.after.signal[..places].fill(R::ZERO);
        if !work.is_empty() {
            for side in [Compass::West, Compass::East] {
                self.sides(side, [&own.sides[side.index()], halo.side(side)], pace, band);
                let fluxes = if side == Compass::West { &mut band.west } else { &mut band.east };
                gates.act(side, rows, 0, fluxes);
            }
            self.bands(work.clone(), &halo, &mut gates, band);
        }
        put_ghosts(&mut rims, ghosts);
        self.rims = rims;
        self.gather_signal(&band.after.signal[..places]);
        work.len() * columns
    }

    /// Computes rows of a tile, a band at a time.
    fn bands(
        &mut self,
        work: Range<usize>,
        halo: &Halo<'_, R>,
        gates: &mut Gates<'_, '_, R>,
        band: &mut Band<R>,
    ) {
        let ([rows, columns], pace) = (self.shape, gates.pace);
        let height = band_rows(columns);
        let start = work.start * columns;
        let before = match work.start {
            0 => halo.side(Compass::North).row(0..columns),
            _ => self.conserved(start - columns..start),
        };
        motion_row(before, &mut band.rows, 0);
        motion_row(self.conserved(start..start + columns), &mut band.rows, columns);
        let line = [0, columns].map(|from| southward(&band.rows, from));
        flux_row(line, &self.dz_rows[start..start + columns], pace.face, &mut band.lines, 0);
        if work.start == 0 {
            gates.act(Compass::North, columns, 0, &mut band.lines);
        }
        for first in work.clone().step_by(height) {
            let cells = first * columns..(first + height).min(work.end) * columns;
            let count = cells.len();
            let below = cells.start + columns..(cells.end + columns).min(rows * columns);
            motion_row(self.conserved(below), &mut band.rows, 2 * columns);
            if cells.end == rows * columns {
                let south = halo.side(Compass::South).row(0..columns);
                motion_row(south, &mut band.rows, count + columns);
            }
            self.fluxes(cells.clone(), pace, band);
            if cells.end == rows * columns {
                gates.act(Compass::South, columns, count, &mut band.lines);
            }
            let Band { rows: motion, near, far, lines, after, .. } = &mut *band;
            let around = Around {
                mass: [&near.mass, &far.mass[1..], &lines.mass, &lines.mass[columns..]],
                east: [&near.right, &far.left[1..], &lines.across, &lines.across[columns..]],
                south: [&near.across, &far.across[1..], &lines.right, &lines.left[columns..]],
            };
            let before = &motion.h[columns..columns + count];
            self.advance((cells, before), around, pace, after);
            band.rows.carry(count..count + 2 * columns, 0);
            band.lines.carry(count..count + columns, 0);
        }
    }

    /// The rows in which anything can change: from the first to the last that holds water, has it
    /// beside it, or is let water in.
    fn rows_at_work(
        &self,
        halo: &Halo<'_, R>,
        rims: &[Option<Box<Rim<R>>>; 4],
        joints: &[Joint<'_, R>; 4],
    ) -> Range<usize> {
        let [rows, columns] = self.shape;
        if rims.iter().any(Option::is_some) {
            return 0..rows;
        }
        let dry = R::of(DRY_M);
        let wet = |row: &usize| {
            let mut any = 0;
            wet_lanes(&self.h[row * columns..(row + 1) * columns], dry, &mut any);
            any != 0
        };
        let first = (0..rows).find(wet);
        let mut hull = first.map(|first| {
            let last = (first + 1..rows).rev().find(wet);
            [first, last.unwrap_or(first)]
        });
        if hull == Some([0, rows - 1]) {
            return 0..rows;
        }
        let mut stirs = |row: usize| {
            let [first, last] = hull.unwrap_or([row; 2]);
            hull = Some([first.min(row), last.max(row)]);
        };
        for side in Compass::ALL {
            let (strip, joint) = (halo.side(side), &joints[side.index()]);
            let acts = |place: &usize| dry <= strip.h[*place] || joint.lets_in(*place);
            match side {
                Compass::North if (0..columns).any(|place| acts(&place)) => stirs(0),
                Compass::South if (0..columns).any(|place| acts(&place)) => stirs(rows - 1),
                Compass::North | Compass::South => {}
                Compass::West | Compass::East => {
                    (0..rows).find(acts).into_iter().for_each(&mut stirs);
                    (0..rows).rev().find(acts).into_iter().for_each(&mut stirs);
                }
            }
        }
        // The row beside one that holds water takes some of it.
        hull.map_or(0..0, |[first, last]| first.saturating_sub(1)..(last + 2).min(rows))
    }

    /// Fluxes through a western or eastern side, between the columns on both sides of it.
    fn sides(
        &self,
        side: Compass,
        [own, beyond]: [&Strip<R>; 2],
        pace: Pace<R>,
        band: &mut Band<R>,
    ) {
        let [rows, columns] = self.shape;
        let Band { outside, inside, rises, west, east, .. } = band;
        motion_row(beyond.row(0..rows), outside, 0);
        motion_row(own.row(0..rows), inside, 0);
        if side == Compass::East {
            let dz = &self.dz_east[..rows];
            return flux_row([inside, outside].map(|c| eastward(c, 0)), dz, pace.face, east, 0);
        }
        let first = self.dz_columns.iter().step_by(columns);
        rises.iter_mut().zip(first).for_each(|(rise, dz)| *rise = *dz);
        flux_row([outside, inside].map(|c| eastward(c, 0)), &rises[..rows], pace.face, west, 0);
    }

    /// Fluxes through the faces after each row of a band and between its columns.
    fn fluxes(&self, cells: Range<usize>, pace: Pace<R>, band: &mut Band<R>) {
        let columns = self.shape[1];
        let Band { rows, lines, near, far, west, east, .. } = band;
        let count = cells.len();
        let dz = &self.dz_rows[cells.start + columns..cells.end + columns];
        let sides = [columns, 2 * columns].map(|from| southward(rows, from));
        flux_row(sides, dz, pace.face, lines, columns);
        let sides = [columns - 1, columns].map(|from| eastward(rows, from));
        flux_run(sides, &self.dz_columns[cells.clone()], pace.face, [near, far]);
        let first = cells.start / columns;
        let put = |run: &mut [R], side: &[R]| {
            run.iter_mut()
                .step_by(columns)
                .zip(&side[first..])
                .for_each(|(face, own)| *face = *own);
        };
        put(&mut near.mass[..count], &west.mass);
        put(&mut near.right[..count], &west.right);
        put(&mut near.across[..count], &west.across);
        put(&mut far.mass[columns..=count], &east.mass);
        put(&mut far.left[columns..=count], &east.left);
        put(&mut far.across[columns..=count], &east.across);
    }

    fn conserved(&self, cells: Range<usize>) -> Conserved<'_, R> {
        Conserved {
            h: &self.h[cells.clone()],
            east: &self.east[cells.clone()],
            south: &self.south[cells],
        }
    }
}

rows! {
    /// Whether any of some cells is deep enough to move.
    fn wet_lanes<R>(h: &[R], dry: R, any: &mut u32) {
        let mut found = 0;
        for depth in h {
            found |= u32::from(dry <= *depth);
        }
        *any |= found;
    }
}

/// What acts on fluxes at the sides of a tile.
struct Gates<'a, 'j, R> {
    rims: &'a mut [Option<Box<Rim<R>>>; 4],
    joints: &'a mut [Joint<'j, R>; 4],
    pace: Pace<R>,
}

impl<R: Real> Gates<'_, '_, R> {
    /// Acts on the fluxes of a whole side, which lie from `from` on.
    fn act(&mut self, side: Compass, count: usize, from: usize, fluxes: &mut Fluxes<R>) {
        if let Some(rim) = &mut self.rims[side.index()] {
            for place in 0..count {
                rim.pass(side, [place, from + place], fluxes, self.pace.volume_m3);
            }
        }
        let joint = &mut self.joints[side.index()];
        if !matches!(joint, Joint::Even) {
            for place in 0..count {
                joint.act(side, [place, from + place], fluxes, self.pace.face.drain);
            }
        }
    }
}

/// Cells from one on as one side of faces between rows: the axis points south.
fn southward<R>(motion: &Motion<R>, from: usize) -> Side<'_, R> {
    let Motion { h, east, south, celerity } = motion;
    let [h, along, across, celerity] = [h, south, east, celerity].map(|values| &values[from..]);
    Side { h, along, across, celerity, stock: h, drift: along }
}

/// Cells from one on as one side of faces between columns: the axis points east.
fn eastward<R>(motion: &Motion<R>, from: usize) -> Side<'_, R> {
    let Motion { h, east, south, celerity } = motion;
    let [h, along, across, celerity] = [h, east, south, celerity].map(|values| &values[from..]);
    Side { h, along, across, celerity, stock: h, drift: along }
}
