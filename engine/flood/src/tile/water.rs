//! Water put on, taken from and read out of a tile, outside of the steps.

use std::ops::Range;

use crate::cell::DRY_M;
use crate::face::GRAVITY;
use crate::real::{Real, greatest};
use crate::simd::rows;
use crate::simulation::Field;
use crate::tile::Tile;

/// Sum and what rounding left over from it (Knuth's two-sum).
#[inline(always)]
fn two_sum<R: Real>(a: R, b: R) -> (R, R) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

rows! {
    /// Lets rain fall on cells, m.
    fn rain_lanes<R>(h: &mut [R], low: &mut [R], falls: &[R]) {
        let n = h.len();
        let (low, falls) = (&mut low[..n], &falls[..n]);
        for i in 0..n {
            (h[i], low[i]) = two_sum(h[i], falls[i] + low[i]);
        }
    }
}

impl<R: Real> Tile<R> {
    /// Adds `depth` m to one cell; where it is negative, no more than there is. Gives what was
    /// added, m.
    pub(crate) fn pour(&mut self, at: usize, depth: R, now_s: R) -> f64 {
        let before = self.h[at];
        let added = if depth < R::ZERO {
            -self.take(at, -depth)
        } else {
            (self.h[at], self.low[at]) = two_sum(before, depth + self.low[at]);
            depth.wide()
        };
        self.signal = self.signal.at_least(self.signal_of(at));
        if let Some(watch) = &mut self.watch {
            watch.change(at..at + 1, [&[before], &[self.h[at]]], now_s);
        }
        added
    }

    /// Adds the portion of its zone to every cell, then takes `drained` m where there is as much.
    /// Gives what was taken from all cells together, in m.
    pub(crate) fn rain<'z>(
        &mut self,
        portions: &[R],
        (drained, now_s): (R, R),
        zones_of_row: impl Fn(usize) -> Option<&'z [u32]>,
    ) -> f64 {
        let [rows, columns] = self.shape;
        let mut sum = 0.0;
        let mut deepest = R::ZERO;
        let portion = |zone: usize| portions.get(zone).copied().unwrap_or(R::ZERO);
        let (mut before, mut falls) = (Vec::with_capacity(columns), vec![portion(0); columns]);
        for row in 0..rows {
            let range = row * columns..(row + 1) * columns;
            let (zones, inside) = (zones_of_row(row), self.inside.as_ref());
            if zones.is_some() || inside.is_some() {
                for (i, fall) in falls.iter_mut().enumerate() {
                    let share = inside.map_or(R::ONE, |inside| inside[range.start + i]);
                    *fall = share * portion(zones.map_or(0, |zones| zones[i] as usize));
                }
            }
            before.clear();
            before.extend_from_slice(&self.h[range.clone()]);
            let low = &mut self.low[range.clone()];
            rain_lanes(&mut self.h[range.clone()], low, &falls);
            if R::ZERO < drained {
                sum += self.drain(range.clone(), drained);
            }
            let h = &self.h[range.clone()];
            deepest = deepest.at_least(greatest(h));
            if let Some(watch) = &mut self.watch {
                watch.change(range, [&before, h], now_s);
            }
        }
        if R::of(DRY_M) <= deepest {
            let most = portions.iter().fold(R::ZERO, |a, b| a.at_least(*b));
            let wave = (R::of(GRAVITY) * most).root();
            // A film below the depth that moves has no signal yet.
            self.signal = (self.signal + wave).at_least((R::of(GRAVITY) * deepest).root());
        }
        sum
    }

    /// Takes `drained` m from each of some cells, or what there is. Gives the sum, in m.
    fn drain(&mut self, cells: Range<usize>, drained: R) -> f64 {
        let mut sum = 0.0;
        for at in cells {
            if self.holds(at) {
                sum += self.take(at, drained);
            }
        }
        sum
    }

    /// Takes `depth` m from a cell, or all that there is, with its momentum. Gives what was taken.
    fn take(&mut self, at: usize, depth: R) -> f64 {
        let (before, low) = (self.h[at], self.low[at]);
        let (left, rest) = two_sum(before, low - depth);
        if left <= R::ZERO {
            // Also what rounding left over: alone it would be a depth below zero.
            self.h[at] = R::ZERO;
            self.low[at] = R::ZERO;
            self.east[at] = R::ZERO;
            self.south[at] = R::ZERO;
            return before.wide() + low.wide();
        }
        // What is too shallow to move has no momentum: no step may come by to take it away.
        let kept = if left < R::of(DRY_M) { R::ZERO } else { left / before };
        self.h[at] = left;
        self.low[at] = rest;
        self.east[at] = self.east[at] * kept;
        self.south[at] = self.south[at] * kept;
        depth.wide()
    }

    /// Signal speed of a cell, m/s.
    fn signal_of(&self, at: usize) -> R {
        let h = self.h[at];
        if h < R::of(DRY_M) {
            return R::ZERO;
        }
        let fastest = self.east[at].magnitude().at_least(self.south[at].magnitude());
        fastest / h + (R::of(GRAVITY) * h).root()
    }

    /// Sets the signal speed from the cells, when water was put in place from outside.
    pub(crate) fn listen(&mut self) {
        let cells = 0..self.h.len();
        self.signal = cells.map(|at| self.signal_of(at)).fold(R::ZERO, R::at_least);
    }

    /// The cell with the fastest signal, in the domain, and its speed in m/s.
    pub(crate) fn fastest(&self) -> ([usize; 2], f64) {
        let cells = 0..self.h.len();
        let (at, speed) = cells
            .map(|at| (at, self.signal_of(at)))
            .fold((0, R::ZERO), |best, cell| if best.1 < cell.1 { cell } else { best });
        (self.cell(at), speed.wide())
    }

    /// Row and column in the domain.
    fn cell(&self, at: usize) -> [usize; 2] {
        [self.origin[0] + at / self.shape[1], self.origin[1] + at % self.shape[1]]
    }

    /// The first value that is not a number, by its name and cell, or a negative depth.
    pub(crate) fn broken(&self) -> Option<(&'static str, [usize; 2])> {
        let find = |values: &[R]| values.iter().position(|value| !value.is_number());
        let depth = find(&self.h).or_else(|| self.h.iter().position(|h| *h < R::ZERO));
        if let Some(at) = depth {
            return Some(("depth", self.cell(at)));
        }
        let at = find(&self.east).or_else(|| find(&self.south))?;
        Some(("discharge", self.cell(at)))
    }

    /// Sum of all depths in m, what rounding left over included.
    pub(crate) fn depth_sum(&self) -> f64 {
        let wide = |values: &[R]| values.iter().map(|value| value.wide()).sum::<f64>();
        let rows = self.h.chunks(self.shape[1]).zip(self.low.chunks(self.shape[1]));
        rows.map(|(h, low)| wide(h) + wide(low)).sum()
    }

    /// Whether a cell belongs to the domain.
    pub(crate) fn holds(&self, at: usize) -> bool {
        self.inside.as_ref().is_none_or(|inside| R::ZERO < inside[at])
    }

    /// Depth (m) and velocity to the east and north (m/s) of a cell; `None` outside the domain.
    pub(crate) fn motion(&self, at: usize) -> Option<[f64; 3]> {
        if !self.holds(at) {
            return None;
        }
        let h = self.h[at].wide();
        let speed = |q: R| if h < DRY_M { 0.0 } else { q.wide() / h };
        Some([h, speed(self.east[at]), 0.0 - speed(self.south[at])])
    }

    /// Copies a field into columns `left..` of a band of full rows, `width` cells wide, that starts
    /// with the first row of the tile.
    pub(crate) fn copy(
        &self,
        (field, now_s): (Field, f64),
        [left, width]: [usize; 2],
        band: &mut [f32],
    ) {
        let [rows, columns] = self.shape;
        for row in 0..rows {
            for column in 0..columns {
                let at = row * columns + column;
                if self.holds(at) {
                    band[row * width + left + column] = self.value(field, at, now_s);
                }
            }
        }
    }

    fn value(&self, field: Field, at: usize, now_s: f64) -> f32 {
        let narrow = |value: R| f32::of(value.wide());
        let watched = self.watch.as_deref();
        let seen = |value: fn(&crate::watch::Watch<R>) -> &Vec<R>| {
            watched.map_or(f32::NAN, |watch| narrow(value(watch)[at]))
        };
        match field {
            Field::Depth => narrow(self.h[at]),
            Field::DischargeEast => narrow(self.east[at]),
            Field::DischargeNorth => narrow(R::ZERO - self.south[at]),
            Field::GreatestDepth => seen(|watch| &watch.depth),
            Field::GreatestSpeed => seen(|watch| &watch.speed_squared).sqrt(),
            Field::GreatestForce => seen(|watch| &watch.force),
            Field::Arrival => {
                let time_s = seen(|watch| &watch.arrival);
                if time_s.is_infinite() { f32::NAN } else { time_s }
            }
            Field::Duration => watched
                .map_or(f32::NAN, |watch| narrow(watch.duration(at, self.h[at], R::of(now_s)))),
        }
    }
}
