//! The rivers as a chain of nodes: what runoff flows into and what carries it on.

use crate::basin_error::BasinError;

/// A stretch of river of at most 200 m and its cross-section, a rectangle between two banks.
///
/// Left and right are those of one who looks downstream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// Index of its reach in the network.
    pub reach: u32,
    /// Distance of its middle from the upper end of the reach, in m.
    pub station_m: f64,
    /// Its middle, `[easting, northing]` in m.
    pub at_m: [f64; 2],
    /// Length along the stream, in m.
    pub length_m: f64,
    /// Width between the banks, in m.
    pub width_m: f64,
    /// Level of the bed, in m.
    pub bed_m: f64,
    /// Levels of the left and of the right crest, in m.
    pub crest_m: [f64; 2],
    /// Area that drains to its lower end, in m².
    pub upstream_m2: f64,
    /// The node that it flows into; `None` where the water leaves.
    pub downstream: Option<u32>,
}

impl Node {
    /// Height of the lower crest above the bed, in m.
    #[must_use]
    pub fn bank_full_m(&self) -> f64 {
        self.crest_m[0].min(self.crest_m[1]) - self.bed_m
    }
}

/// Nodes in an order in which whatever flows into a node comes before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waterway(Vec<Node>);

impl Waterway {
    /// Accepts sound chains only, so that one pass from first to last follows the water.
    ///
    /// # Errors
    /// [`BasinError::Item`] with the first node whose numbers are not finite, whose length or
    /// width is not positive, whose crest is not above its bed, or which does not flow onwards.
    pub fn new(nodes: Vec<Node>) -> Result<Self, BasinError> {
        for (index, node) in nodes.iter().enumerate() {
            let numbers = [node.station_m, node.at_m[0], node.at_m[1], node.upstream_m2];
            let [left, right] = node.crest_m;
            let onwards = |next: u32| index < next as usize && (next as usize) < nodes.len();
            let fault = if !numbers.into_iter().all(f64::is_finite) {
                Some("a finite place and area")
            } else if !(node.length_m.is_finite() && 0.0 < node.length_m) {
                Some("a length above 0")
            } else if !(node.width_m.is_finite() && 0.0 < node.width_m) {
                Some("a width above 0")
            } else if !(left.is_finite() && right.is_finite() && node.bed_m < left.min(right)) {
                Some("a bed below both crests")
            } else if !node.downstream.is_none_or(onwards) {
                Some("a later node downstream")
            } else {
                None
            };
            if let Some(expected) = fault {
                return Err(BasinError::Item { what: "node", index, expected });
            }
        }
        Ok(Self(nodes))
    }

    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.0
    }
}
