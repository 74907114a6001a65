//! The nodes of a waterway in the order in which they are solved, with what does not change.

use std::ops::Range;

use crate::face::GRAVITY;
use crate::river::Settings;
use crate::river::lanes::Lanes;
use crate::waterway::Waterway;

/// "Nothing downstream" among places.
pub(crate) const NONE: u32 = u32::MAX;

/// A node and the link through its lower end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Plan area in m²: volume over depth.
    pub area_m2: f64,
    pub bed_m: f64,
    pub width_m: f64,
    /// Bed of the next node; at an outlet that of the node itself.
    pub next_bed_m: f64,
    /// Distance to the middle of the next node in m.
    pub reach_m: f64,
    /// `g n²` before the factors of members.
    pub resistance: f64,
    /// Slope of normal flow: that of the bed, at least the least slope.
    pub slope: f64,
    /// Place of the next node; [`NONE`] at an outlet.
    pub next: u32,
    /// What stands at its lower end, among the laws of the river; [`NONE`] for open channel.
    pub law: u32,
    /// Ponds to the left and right, among those of the river.
    pub ponds: [u32; 2],
    pub crest_m: [f64; 2],
    /// Length along the stream in m.
    pub length_m: f64,
}

impl Place {
    /// Level of the next node at a depth of it.
    #[inline(always)]
    pub(crate) fn next_level<const W: usize>(&self, depth: Lanes<W>) -> Lanes<W> {
        Lanes::of(self.next_bed_m) + depth
    }
}

/// Nodes ordered by trees; in a tree whatever flows into a node stands before it, and the stem of
/// a river in a row, so that a pass over the rivers is nearly a pass over memory.
#[derive(Clone, Debug)]
pub(crate) struct Channels {
    pub places: Vec<Place>,
    /// Places of each tree, its outlet last.
    pub trees: Vec<Range<usize>>,
    pub node_of_place: Vec<u32>,
    pub place_of_node: Vec<u32>,
    /// Places that flow into each place: a range of `inflows` for each.
    first_inflow: Vec<u32>,
    inflows: Vec<u32>,
}

impl Channels {
    pub(crate) fn new(waterway: &Waterway, settings: &Settings) -> Self {
        let nodes = waterway.nodes();
        let (node_of_place, trees) = order(waterway);
        let mut place_of_node = vec![0; nodes.len()];
        for (place, node) in (0_u32..).zip(&node_of_place) {
            place_of_node[*node as usize] = place;
        }
        // An outlet falls on as the river above it does.
        let mut fall: Vec<Option<f64>> = vec![None; nodes.len()];
        for node in nodes {
            let Some(next) = node.downstream else { continue };
            let below = &nodes[next as usize];
            let slope = (node.bed_m - below.bed_m) / (0.5 * (node.length_m + below.length_m));
            let steepest = fall[next as usize].map_or(slope, |known: f64| known.max(slope));
            fall[next as usize] = Some(steepest);
        }
        let place = |index: &u32| {
            let index = *index as usize;
            let node = &nodes[index];
            let below = node.downstream.map(|next| &nodes[next as usize]);
            let reach_m = 0.5 * (node.length_m + below.map_or(node.length_m, |n| n.length_m));
            let own = below.map(|below| (node.bed_m - below.bed_m) / reach_m);
            let slope = own.or(fall[index]).unwrap_or(0.0).max(settings.least_slope);
            let manning = settings.manning[index.min(settings.manning.len() - 1)];
            Place {
                area_m2: node.length_m * node.width_m,
                bed_m: node.bed_m,
                width_m: node.width_m,
                next_bed_m: below.map_or(node.bed_m, |below| below.bed_m),
                reach_m,
                resistance: GRAVITY * manning * manning,
                slope,
                next: node.downstream.map_or(NONE, |next| place_of_node[next as usize]),
                law: NONE,
                ponds: [NONE; 2],
                crest_m: node.crest_m,
                length_m: node.length_m,
            }
        };
        let places: Vec<Place> = node_of_place.iter().map(place).collect();
        let (first_inflow, inflows) = inflows(&places);
        Self { places, trees, node_of_place, place_of_node, first_inflow, inflows }
    }

    /// Places that flow into a place.
    pub(crate) fn inflows(&self, place: usize) -> &[u32] {
        let [from, to] = [self.first_inflow[place], self.first_inflow[place + 1]];
        &self.inflows[from as usize..to as usize]
    }
}

/// For each place where its inflows begin, and the inflows.
fn inflows(places: &[Place]) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0_u32; places.len() + 1];
    for place in places.iter().filter(|place| place.next != NONE) {
        first[place.next as usize + 1] += 1;
    }
    for at in 0..places.len() {
        first[at + 1] += first[at];
    }
    let mut free = first.clone();
    let mut inflows = vec![0_u32; places.iter().filter(|place| place.next != NONE).count()];
    for (at, place) in (0_u32..).zip(places) {
        if place.next != NONE {
            let slot = &mut free[place.next as usize];
            inflows[*slot as usize] = at;
            *slot += 1;
        }
    }
    (first, inflows)
}

/// Nodes by place, and the places of each tree.
fn order(waterway: &Waterway) -> (Vec<u32>, Vec<Range<usize>>) {
    let nodes = waterway.nodes();
    let mut above: Vec<Vec<u32>> = vec![Vec::new(); nodes.len()];
    let mut count = vec![1_u32; nodes.len()];
    for (index, node) in (0_u32..).zip(nodes) {
        if let Some(next) = node.downstream {
            above[next as usize].push(index);
            count[next as usize] += count[index as usize];
        }
    }
    let mut order: Vec<u32> = Vec::with_capacity(nodes.len());
    let mut trees = Vec::new();
    let outlets = (0_u32..).zip(nodes).filter(|(_, node)| node.downstream.is_none());
    for (outlet, _) in outlets {
        let first = order.len();
        // From the outlet up, the longest river first; then turned round.
        let mut waiting = vec![outlet];
        while let Some(node) = waiting.pop() {
            order.push(node);
            let mut inflows = above[node as usize].clone();
            inflows.sort_by_key(|inflow| (count[*inflow as usize], *inflow));
            waiting.extend(inflows);
        }
        order[first..].reverse();
        trees.push(first..order.len());
    }
    (order, trees)
}
