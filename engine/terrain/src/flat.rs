//! Ways over flats: away from higher ground and towards lower ground.
//!
//! Of the cells of a flat, `towards` counts the steps to the nearest cell of the same height that
//! has a way on, `away` those from the nearest cell beside higher ground. Water goes to the
//! neighbour with the least `2 towards - away` (Garbrecht & Martz 1997, in the form of Barnes,
//! Lehman & Mulla 2014b). Both counts are distances within the flat: they have one value,
//! whatever the order of the work. `away` differs by at most one between neighbours, hence the
//! neighbour that is one step nearer to the way on always has a smaller number: no cycles.

use rayon::prelude::*;

use crate::cells::{STEPS, Shape, is_diagonal, narrow};
use crate::flow::{LEVEL, OUTSIDE, code};

pub(crate) struct Flats<'a> {
    pub(crate) heights: &'a [f32],
    pub(crate) codes: &'a [u8],
    pub(crate) shape: Shape,
}

impl Flats<'_> {
    /// Whether two heights are the same, by order only.
    pub(crate) fn level(&self, a: usize, b: usize) -> bool {
        self.heights[a] <= self.heights[b] && self.heights[b] <= self.heights[a]
    }

    /// Steps from the cells of `seeds` to every cell of their flats; 0 where no step leads.
    fn distances(&self, seeds: Vec<u32>) -> Vec<u32> {
        let mut distances = vec![0_u32; self.codes.len()];
        for cell in &seeds {
            distances[*cell as usize] = 1;
        }
        let (mut edge, mut next) = (seeds, Vec::new());
        let mut steps = 1;
        while !edge.is_empty() {
            steps += 1;
            for cell in edge.drain(..) {
                let cell = cell as usize;
                for (_, other) in self.shape.neighbours(cell) {
                    let new = self.codes[other] == LEVEL && distances[other] == 0;
                    if new && self.level(cell, other) {
                        distances[other] = steps;
                        next.push(narrow(other));
                    }
                }
            }
            std::mem::swap(&mut edge, &mut next);
        }
        distances
    }

    /// Cells of `cells` with a neighbour for which `holds`.
    fn beside(&self, cells: &[u32], holds: impl Fn(usize, usize) -> bool + Sync) -> Vec<u32> {
        let beside = |cell: &&u32| {
            let cell = **cell as usize;
            self.shape.neighbours(cell).any(|(_, other)| holds(cell, other))
        };
        cells.par_iter().filter(beside).copied().collect()
    }

    /// Whether water may go on from a neighbour of the same height.
    pub(crate) fn is_exit(&self, cell: usize, other: usize) -> bool {
        !matches!(self.codes[other], LEVEL | OUTSIDE) && self.level(cell, other)
    }

    /// The way from a cell of a flat.
    pub(crate) fn way(&self, cell: usize, towards: &[u32], away: &[u32]) -> u8 {
        let mut best = (i64::MAX, false, LEVEL);
        for (step, other) in self.shape.neighbours(cell) {
            let rank = if self.is_exit(cell, other) {
                i64::MIN
            } else if self.codes[other] == LEVEL && self.level(cell, other) {
                2 * i64::from(towards[other]) - i64::from(away[other])
            } else {
                continue;
            };
            best = best.min((rank, is_diagonal(step), code(step)));
        }
        best.2
    }
}

/// Gives every cell of a flat its way. On conditioned heights each flat has one.
pub(crate) fn resolve(heights: &[f32], codes: &mut [u8], shape: Shape) {
    debug_assert_eq!(STEPS.len(), 8, "codes 1 to 8");
    let level: Vec<u32> = codes
        .par_iter()
        .enumerate()
        .filter(|(_, code)| **code == LEVEL)
        .map(|(cell, _)| narrow(cell))
        .collect();
    if level.is_empty() {
        return;
    }
    let flats = Flats { heights, codes, shape };
    let low = flats.beside(&level, |cell, other| flats.is_exit(cell, other));
    let high = flats.beside(&level, |cell, other| heights[cell] < heights[other]);
    let (towards, away) = rayon::join(|| flats.distances(low), || flats.distances(high));
    let ways: Vec<u8> =
        level.par_iter().map(|cell| flats.way(*cell as usize, &towards, &away)).collect();
    for (cell, way) in level.iter().zip(ways) {
        codes[*cell as usize] = way;
    }
}
