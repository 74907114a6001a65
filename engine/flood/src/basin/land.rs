//! The land beside the rivers: where what spills over the banks can go.

use jomo_core::grid::Grid;
use jomo_terrain::bank::Bank;
use rayon::prelude::*;

use crate::basin_error::BasinError;
use crate::river::Pond;
use crate::waterway::Waterway;

/// Ground up to this far above the lower crest of its node belongs to the land that floods, m: the
/// levels of the low plains along small rivers hardly go beyond.
const POND_ABOVE_M: f64 = 0.5;
/// The least land beside a node, in widths of the river: in a gorge the walls are the limit.
const LEAST_WIDTHS: f64 = 1.0;
/// A node and the ponds to its left and right.
pub type PondsOfNode = (u32, [Option<Pond>; 2]);
/// Rows that one task looks at.
const BAND: usize = 64;

/// What a cell of the terrain is to the rivers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beside {
    /// The nearest node of the reach that it drains to.
    pub node: u32,
    /// Left (0) or right (1) of it.
    pub side: usize,
    /// Distance from the middle of the river, m.
    pub away_m: f64,
}

/// Rivers on their terrain.
#[derive(Clone, Copy)]
pub struct Land<'a> {
    /// The nodes.
    pub waterway: &'a Waterway,
    /// Their banks.
    pub banks: &'a [Bank],
    /// The reach that each cell drains to: its index + 1; 0 for none.
    pub catchments: &'a [u32],
    /// Heights, m.
    pub heights: &'a Grid<f32>,
}

impl Land<'_> {
    /// Banks of each reach as a range.
    fn reaches(&self) -> Vec<std::ops::Range<usize>> {
        let count = self.banks.iter().map(|bank| bank.reach as usize + 1).max().unwrap_or(0);
        let mut ranges = vec![0..0; count];
        for (index, bank) in self.banks.iter().enumerate() {
            let range = &mut ranges[bank.reach as usize];
            *range = if range.end == 0 { index..index + 1 } else { range.start..index + 1 };
        }
        ranges
    }

    fn check(&self) -> Result<(), BasinError> {
        let cells = self.heights.values().len();
        let counts = [
            ("catchments", cells, self.catchments.len()),
            ("banks", self.waterway.nodes().len(), self.banks.len()),
        ];
        for (what, expected, found) in counts {
            if expected != found {
                return Err(BasinError::Count { what, expected, found });
            }
        }
        Ok(())
    }

    /// Where a cell lies; `None` where it drains to no reach.
    fn beside(&self, reaches: &[std::ops::Range<usize>], cell: usize) -> Option<Beside> {
        let reach = self.catchments[cell].checked_sub(1)? as usize;
        let columns = self.heights.shape()[1].max(1);
        let at = self.heights.centre_m(cell / columns, cell % columns);
        let own = reaches.get(reach)?.clone();
        let middle = |index: usize| {
            let Bank { left_m, right_m, .. } = self.banks[index];
            [0, 1].map(|axis| 0.5 * (left_m[axis] + right_m[axis]))
        };
        let away = |index: usize| {
            let [x, y] = middle(index);
            (at[0] - x).powi(2) + (at[1] - y).powi(2)
        };
        let index = own.min_by(|a, b| away(*a).total_cmp(&away(*b)))?;
        let Bank { left_m, right_m, .. } = self.banks[index];
        let [x, y] = middle(index);
        let to_left = [left_m[0] - right_m[0], left_m[1] - right_m[1]];
        let is_left = 0.0 <= (at[0] - x) * to_left[0] + (at[1] - y) * to_left[1];
        let node = u32::try_from(index).ok()?;
        Some(Beside { node, side: usize::from(!is_left), away_m: away(index).sqrt() })
    }

    /// Calls `visit` for every cell with a height that drains to a reach, in bands of rows that are
    /// worked on at the same time; gives what the bands came to, in their order.
    fn bands<T: Send>(
        &self,
        start: impl Fn() -> T + Sync,
        visit: impl Fn(&mut T, usize, Beside, f64) + Sync,
    ) -> Vec<T> {
        let reaches = self.reaches();
        let [rows, columns] = self.heights.shape();
        (0..rows.div_ceil(BAND))
            .into_par_iter()
            .map(|band| {
                let mut sum = start();
                let end = ((band + 1) * BAND).min(rows);
                for cell in band * BAND * columns..end * columns {
                    let height = f64::from(self.heights.values()[cell]);
                    if height.is_nan() {
                        continue;
                    }
                    if let Some(beside) = self.beside(&reaches, cell) {
                        visit(&mut sum, cell, beside, height);
                    }
                }
                sum
            })
            .collect()
    }

    /// A pond for each bank of each node: the ground that the node's reach drains and that stands
    /// no more than half a metre above the crest, at its mean level, and never above the crest.
    ///
    /// # Errors
    /// Parts that do not belong together.
    pub fn ponds(&self) -> Result<Vec<PondsOfNode>, BasinError> {
        self.check()?;
        let nodes = self.waterway.nodes();
        // Whole millimetres: sums without an order.
        let bands = self.bands(
            std::collections::BTreeMap::<(u32, usize), (u64, i64)>::new,
            |sums, _, beside, height| {
                let node = &nodes[beside.node as usize];
                let is_bed = beside.away_m < 0.5 * node.width_m;
                if !is_bed && height <= node.crest_m[beside.side] + POND_ABOVE_M {
                    let sum = sums.entry((beside.node, beside.side)).or_insert((0, 0));
                    sum.0 += 1;
                    sum.1 += millimetres(height);
                }
            },
        );
        let mut sums = vec![[(0_u64, 0_i64); 2]; nodes.len()];
        for ((node, side), (count, height)) in bands.into_iter().flatten() {
            let sum = &mut sums[node as usize][side];
            *sum = (sum.0 + count, sum.1 + height);
        }
        let cell_m2 = self.heights.placement().cell_size_m.powi(2);
        let ponds = (0_u32..).zip(nodes).zip(sums).map(|((index, node), sums)| {
            let least_m2 = LEAST_WIDTHS * node.width_m * node.length_m;
            let pond = |side: usize| {
                let (count, height) = sums[side];
                let crest_m = node.crest_m[side];
                let mean_m = 1e-3 * height as f64 / count.max(1) as f64;
                let floor_m = if count == 0 { crest_m } else { mean_m.clamp(node.bed_m, crest_m) };
                Some(Pond { area_m2: (count as f64 * cell_m2).max(least_m2), floor_m })
            };
            (index, [pond(0), pond(1)])
        });
        Ok(ponds.collect())
    }

    /// For each cell the node beside which it lies, where its ground stands no more than
    /// `above_m` over the lower crest of the node and the node drains at least `least_m2`;
    /// `u32::MAX` elsewhere: the plain that is computed cell by cell.
    ///
    /// # Errors
    /// Parts that do not belong together.
    pub fn plain(&self, above_m: f64, least_m2: f64) -> Result<Vec<u32>, BasinError> {
        self.check()?;
        let nodes = self.waterway.nodes();
        let bands = self.bands(Vec::new, |found: &mut Vec<(usize, u32)>, cell, beside, height| {
            let node = &nodes[beside.node as usize];
            let crest_m = node.bed_m + node.bank_full_m();
            if least_m2 <= node.upstream_m2 && height <= crest_m + above_m {
                found.push((cell, beside.node));
            }
        });
        let mut plain = vec![u32::MAX; self.heights.values().len()];
        for (cell, node) in bands.into_iter().flatten() {
            plain[cell] = node;
        }
        Ok(plain)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "heights of some km")]
fn millimetres(height_m: f64) -> i64 {
    (1e3 * height_m).round() as i64
}
