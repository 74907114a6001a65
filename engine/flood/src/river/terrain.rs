//! Nodes from a network of streams, its sections, banks and heights.

use jomo_core::grid::Grid;
use jomo_terrain::bank::Bank;
use jomo_terrain::{Network, Section};

use crate::basin_error::BasinError;
use crate::waterway::{Node, Waterway};

/// The crest is looked for from the bank outwards over this many widths: a levee stands a berm and
/// half of its own base away from the water (river structures ordinance of Japan: a berm of up to
/// some 10 m, sides of 1 : 2 or flatter).
const LEVEE_WIDTHS: f64 = 2.5;
/// … over at least this many cells and at most this many m.
const LEVEE_CELLS: f64 = 2.0;
const LEVEE_MOST_M: f64 = 100.0;

/// How far outwards from a bank a crest is looked for, m.
pub(crate) fn levee_reach_m(width_m: f64, cell_size_m: f64) -> f64 {
    (LEVEE_WIDTHS * width_m).max(LEVEE_CELLS * cell_size_m).min(LEVEE_MOST_M)
}

/// Crests that somebody has surveyed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GivenCrest {
    /// Index of the node.
    pub node: u32,
    /// Levels of the left and of the right crest in m; `None` as the heights say.
    pub crest_m: [Option<f64>; 2],
}

impl Waterway {
    /// One node for each bank, in their order.
    ///
    /// - **Bed**: the lowest height of the stream in the stretch, less the part of the section's
    ///   depth that the heights do not show. What they show is the drop from the lower of the two
    ///   banks to the stream: a model fine enough for the channel is not deepened. Beds never rise
    ///   downstream; where they would, they are lowered.
    /// - **Crest**: the highest ground from the bank outwards over 2.5 widths (at least two cells,
    ///   at most 100 m) — a levee, or the side of a valley — and at least the section's depth above
    ///   the bed; or as given.
    ///
    /// `heights` are the conditioned heights on which the network was found.
    ///
    /// # Errors
    /// [`BasinError::Count`] where sections or heights are not those of the network or banks come
    /// without one; those of [`Waterway::new`], such as a given crest below the bed.
    pub fn from_terrain(
        network: &Network,
        sections: &[Section],
        banks: &[Bank],
        heights: &Grid<f32>,
        crests: &[GivenCrest],
    ) -> Result<Self, BasinError> {
        let count = |what, expected, found| {
            (expected == found).then_some(()).ok_or(BasinError::Count { what, expected, found })
        };
        count("sections", network.reaches().len(), sections.len())?;
        let cells = network.shape()[0] * network.shape()[1];
        count("heights", cells, heights.values().len())?;
        count("rows", network.shape()[0], heights.shape()[0])?;
        if let Some(index) =
            banks.iter().position(|bank| network.reaches().len() <= bank.reach as usize)
        {
            return Err(BasinError::Item { what: "bank", index, expected: "a reach" });
        }
        let survey = Survey::new(network, banks, heights);
        let mut nodes: Vec<Node> = (0..banks.len())
            .map(|index| survey.node(index, sections[banks[index].reach as usize]))
            .collect();
        lower(&mut nodes);
        for given in crests {
            let Some(node) = nodes.get_mut(given.node as usize) else {
                let (expected, found) = (banks.len(), given.node as usize + 1);
                return Err(BasinError::Count { what: "nodes", expected, found });
            };
            for (crest, given) in node.crest_m.iter_mut().zip(given.crest_m) {
                *crest = given.unwrap_or(*crest);
            }
        }
        Self::new(nodes)
    }
}

/// Beds that never rise downstream.
fn lower(nodes: &mut [Node]) {
    for index in 0..nodes.len() {
        let bed_m = nodes[index].bed_m;
        if let Some(next) = nodes[index].downstream.and_then(|next| nodes.get_mut(next as usize)) {
            next.bed_m = next.bed_m.min(bed_m);
        }
    }
}

struct Survey<'a> {
    network: &'a Network,
    banks: &'a [Bank],
    heights: &'a Grid<f32>,
    /// First bank of each reach; `None` for a reach without.
    first: Vec<Option<u32>>,
}

impl<'a> Survey<'a> {
    fn new(network: &'a Network, banks: &'a [Bank], heights: &'a Grid<f32>) -> Self {
        let mut first = vec![None; network.reaches().len()];
        for (index, bank) in (0_u32..).zip(banks) {
            first[bank.reach as usize].get_or_insert(index);
        }
        Self { network, banks, heights, first }
    }

    fn node(&self, index: usize, section: Section) -> Node {
        let bank = &self.banks[index];
        let reach = &self.network.reaches()[bank.reach as usize];
        let sides = [bank.left_m, bank.right_m];
        let at_m = [0, 1].map(|axis| 0.5 * (sides[0][axis] + sides[1][axis]));
        let stream_m = self.lowest_m(bank).or_else(|| self.height_m(at_m)).unwrap_or(0.0);
        let ground = sides.map(|side| self.height_m(side).unwrap_or(stream_m));
        let shown_m = (ground[0].min(ground[1]) - stream_m).max(0.0);
        let bed_m = stream_m - (section.depth_m - shown_m).max(0.0);
        let least_m = bed_m + section.depth_m;
        let crest_m = sides.map(|side| self.crest_m(at_m, side, section.width_m).max(least_m));
        let area_m2 = self.network.cell_area_m2();
        let own_m2 = f64::from(reach.own_cells) * area_m2;
        let drained_m2 = f64::from(reach.upstream_cells) * area_m2;
        // Where a stream begins, what makes it a stream drains already.
        let head_m2 = f64::from(self.network.threshold_cells().min(reach.own_cells)) * area_m2;
        let above_m2 = (drained_m2 - own_m2).max(head_m2);
        let end = ((bank.station_m + 0.5 * bank.span_m) / reach.length_m).clamp(0.0, 1.0);
        Node {
            reach: bank.reach,
            station_m: bank.station_m,
            at_m,
            length_m: bank.span_m,
            width_m: section.width_m,
            bed_m,
            crest_m,
            upstream_m2: above_m2 + end * (drained_m2 - above_m2),
            downstream: self.downstream(index),
        }
    }

    /// The next bank of the same reach, or the first of the reach below that has one.
    fn downstream(&self, index: usize) -> Option<u32> {
        let reach = self.banks[index].reach;
        if self.banks.get(index + 1).is_some_and(|next| next.reach == reach) {
            return u32::try_from(index + 1).ok();
        }
        let mut below = self.network.reaches()[reach as usize].downstream;
        while let Some(next) = below {
            if let Some(first) = self.first[next as usize] {
                return Some(first);
            }
            below = self.network.reaches()[next as usize].downstream;
        }
        None
    }

    fn height_m(&self, at_m: [f64; 2]) -> Option<f64> {
        self.heights.value_at(at_m).filter(|height| !height.is_nan()).map(f64::from)
    }

    /// The lowest height of the stream in the stretch of a bank.
    fn lowest_m(&self, bank: &Bank) -> Option<f64> {
        let reach = &self.network.reaches()[bank.reach as usize];
        let cells = self.network.cells().get(reach.cells.clone())?;
        let [from, to] = [-0.5, 0.5].map(|part| bank.station_m + part * bank.span_m);
        let mut lowest: Option<f64> = None;
        let mut station = 0.0;
        let mut last: Option<[f64; 2]> = None;
        for cell in cells {
            let here = self.network.centre_m(*cell);
            station += last.map_or(0.0, |last| (here[0] - last[0]).hypot(here[1] - last[1]));
            last = Some(here);
            if to < station {
                break;
            }
            let height = self.heights.values().get(*cell as usize).copied().map(f64::from);
            if let Some(height) = height.filter(|height| from <= station && !height.is_nan()) {
                lowest = Some(lowest.map_or(height, |lowest| lowest.min(height)));
            }
        }
        lowest
    }

    /// The highest ground from a bank outwards, or no height at all where there is none.
    fn crest_m(&self, middle: [f64; 2], side: [f64; 2], width_m: f64) -> f64 {
        let cell_size_m = self.heights.placement().cell_size_m;
        let aside = [side[0] - middle[0], side[1] - middle[1]];
        let long = aside[0].hypot(aside[1]);
        let ground = |distance: f64| {
            let share = if 0.0 < long { distance / long } else { 0.0 };
            self.height_m([side[0] + share * aside[0], side[1] + share * aside[1]])
        };
        let far = levee_reach_m(width_m, cell_size_m);
        let mut highest = f64::NEG_INFINITY;
        let mut distance = 0.0;
        while distance <= far {
            highest = ground(distance).map_or(highest, |height| height.max(highest));
            distance += 0.5 * cell_size_m;
        }
        highest
    }
}
