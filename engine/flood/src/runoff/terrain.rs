//! Elements from a terrain: the hillsides of every stretch of river, cut by flow distance.

use jomo_terrain::bank::Bank;
use jomo_terrain::stretch::{Draining, Hillsides, stretch_of_cells};
use jomo_terrain::{Network, TerrainError};
use rayon::prelude::*;

use super::land::Land;
use super::slopes::{Element, Receiver, Slopes};
use crate::basin_error::BasinError;

/// A terrain with its streams. Stretches have the index of their banks, as nodes have.
#[derive(Clone, Copy)]
pub struct Terrain<'a> {
    /// The streams.
    pub network: &'a Network,
    /// The banks, one pair for each node.
    pub banks: &'a [Bank],
    /// Directions of all cells.
    pub codes: &'a [u8],
    /// Conditioned height of a cell, in m.
    pub height_m: &'a (dyn Fn(usize) -> f32 + Sync),
}

/// What lies over the terrain.
#[derive(Clone, Copy)]
pub struct Cover<'a> {
    /// The rain cell of a place `[easting, northing]`.
    pub rain_cell: &'a (dyn Fn([f64; 2]) -> Option<u32> + Sync),
    /// The kind of ground of a cell of the terrain: an index of the lands.
    pub land: &'a (dyn Fn(usize) -> u8 + Sync),
}

/// Why a terrain gave no elements.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SlopesError {
    /// Streams, banks and directions that do not belong together.
    #[error(transparent)]
    Terrain(#[from] TerrainError),
    /// Elements that are not sound.
    #[error(transparent)]
    Basin(#[from] BasinError),
}

impl jomo_core::message::Coded for SlopesError {
    fn code(&self) -> &'static str {
        match self {
            Self::Terrain(fault) => fault.code(),
            Self::Basin(fault) => fault.code(),
        }
    }

    fn arguments(&self) -> jomo_core::message::Arguments {
        match self {
            Self::Terrain(fault) => fault.arguments(),
            Self::Basin(fault) => fault.arguments(),
        }
    }
}

/// Sums over the cells of a band.
#[derive(Clone, Debug)]
struct Band {
    cells: u64,
    /// Sums of the rows and columns of the cells.
    place: [u64; 2],
    slopes: f64,
    /// Cells that the slopes are of: those that are not on the stream.
    sloping: u64,
    farthest_m: f64,
    lands: Vec<u32>,
}

impl Band {
    fn new(lands: usize) -> Self {
        Self {
            cells: 0,
            place: [0; 2],
            slopes: 0.0,
            sloping: 0,
            farthest_m: 0.0,
            lands: vec![0; lands],
        }
    }

    fn add(&mut self, other: &Self) {
        self.cells += other.cells;
        self.slopes += other.slopes;
        self.sloping += other.sloping;
        self.farthest_m = self.farthest_m.max(other.farthest_m);
        for (own, other) in self.place.iter_mut().zip(other.place) {
            *own += other;
        }
        for (own, other) in self.lands.iter_mut().zip(&other.lands) {
            *own += other;
        }
    }

    /// The kind of ground of most cells; of equals the first.
    fn land(&self) -> usize {
        let best = self.lands.iter().enumerate().rev().max_by_key(|(_, count)| **count);
        best.map_or(0, |(land, _)| land)
    }
}

impl Slopes {
    /// The hillsides of every stretch, cut into bands of `band_m` along the flow (at least two
    /// cells), each draining into the next one down and the lowest into the node. Every cell that
    /// drains into a stream belongs to one element.
    ///
    /// An element has the mean slope of its cells (streams excepted), the kind of ground of most
    /// of them, and the rain cell of their middle.
    ///
    /// # Errors
    /// Parts that do not belong together; a kind of ground or a rain cell that is not there; a
    /// band that is not a length.
    pub fn from_terrain(
        terrain: &Terrain<'_>,
        band_m: f64,
        lands: Vec<Land>,
        cover: &Cover<'_>,
    ) -> Result<Self, SlopesError> {
        if !(band_m.is_finite() && 0.0 < band_m) {
            let (what, expected) = ("band_m", "above 0");
            return Err(BasinError::Setting { what, value: band_m, expected }.into());
        }
        let Terrain { network, banks, codes, .. } = *terrain;
        let nodes = stretch_of_cells(network, banks)?;
        let hillsides = Hillsides::new(network, codes)?;
        let band_m = band_m.max(2.0 * network.placement().cell_size_m);
        let survey = Survey { terrain, cover, hillsides, band_m, lands: lands.len() };
        let reaches: Vec<Vec<(u32, Vec<Band>)>> = network
            .reaches()
            .par_iter()
            .map(|reach| {
                let range = reach.cells.clone();
                let cells = network.cells().get(range.clone()).unwrap_or_default();
                survey.reach(cells, nodes.get(range).unwrap_or_default())
            })
            .collect::<Result<_, BasinError>>()?;
        let stretches: Vec<(u32, Vec<Band>)> = reaches.into_iter().flatten().collect();
        let elements = survey.elements(&stretches)?;
        Ok(Self::new(elements, lands, banks.len())?)
    }
}

struct Survey<'a> {
    terrain: &'a Terrain<'a>,
    cover: &'a Cover<'a>,
    hillsides: Hillsides<'a>,
    band_m: f64,
    lands: usize,
}

impl Survey<'_> {
    /// Bands of the nodes of a reach, from the stream upwards.
    fn reach(&self, cells: &[u32], nodes: &[u32]) -> Result<Vec<(u32, Vec<Band>)>, BasinError> {
        let mut found: Vec<(u32, Vec<Band>)> = Vec::new();
        let mut unknown = None;
        for (cell, node) in cells.iter().zip(nodes) {
            if found.last().is_none_or(|(last, _)| last != node) {
                found.push((*node, Vec::new()));
            }
            let Some((_, bands)) = found.last_mut() else { continue };
            self.hillsides.visit(*cell, |here| {
                if !self.add(here, bands) {
                    unknown = Some(here.cell);
                }
            });
        }
        if let Some(index) = unknown {
            let expected = "a known kind of ground";
            return Err(BasinError::Item { what: "cell", index, expected });
        }
        for (_, bands) in &mut found {
            self.join_top(bands);
        }
        Ok(found)
    }

    /// Adds a cell to its band; whether its kind of ground is known.
    fn add(&self, here: Draining, bands: &mut Vec<Band>) -> bool {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a distance of 0 or more over a length of more than 0"
        )]
        let at = (here.distance_m / self.band_m) as usize;
        while bands.len() <= at {
            bands.push(Band::new(self.lands));
        }
        let band = &mut bands[at];
        let columns = self.terrain.network.shape()[1].max(1);
        band.cells += 1;
        band.place[0] += (here.cell / columns) as u64;
        band.place[1] += (here.cell % columns) as u64;
        band.farthest_m = band.farthest_m.max(here.distance_m);
        if let Some(next) = here.next {
            let height = |cell| f64::from((self.terrain.height_m)(cell));
            let slope = (height(here.cell) - height(next)) / here.step_m;
            band.slopes += if slope.is_finite() { slope.max(0.0) } else { 0.0 };
            band.sloping += 1;
        }
        let land = usize::from((self.cover.land)(here.cell));
        let Some(count) = band.lands.get_mut(land) else { return false };
        *count += 1;
        true
    }

    /// Joins a highest band of less than half the length to the one below it.
    fn join_top(&self, bands: &mut Vec<Band>) {
        if bands.len() < 2 {
            return;
        }
        let Some(top) = bands.pop() else { return };
        let length_m = top.farthest_m - self.band_m * bands.len() as f64;
        match bands.last_mut() {
            Some(below) if length_m < 0.5 * self.band_m => below.add(&top),
            _ => bands.push(top),
        }
    }

    /// The highest bands of all stretches first, the lowest last: neighbours in this order do not
    /// wait for each other's water, which lets the processor work on several at once.
    fn elements(&self, stretches: &[(u32, Vec<Band>)]) -> Result<Vec<Element>, BasinError> {
        let levels = stretches.iter().map(|(_, bands)| bands.len()).max().unwrap_or(0);
        let mut elements = Vec::new();
        // Of each stretch, the element that waits for the one below it.
        let mut above: Vec<Option<usize>> = vec![None; stretches.len()];
        for level in (0..levels).rev() {
            for ((node, bands), above) in stretches.iter().zip(&mut above) {
                if bands.len() <= level {
                    continue;
                }
                let index = elements.len();
                let Ok(number) = u32::try_from(index) else {
                    let expected = "fewer than 2^32 elements";
                    return Err(BasinError::Item { what: "element", index, expected });
                };
                let unknown = |expected| BasinError::Item { what: "element", index, expected };
                elements.push(self.element(*node, bands, level).map_err(unknown)?);
                if let Some(above) = above.replace(index) {
                    elements[above].receiver = Receiver::Element(number);
                }
            }
        }
        Ok(elements)
    }

    /// A band as an element that drains into the node; or what is missing.
    fn element(&self, node: u32, bands: &[Band], level: usize) -> Result<Element, &'static str> {
        let network = self.terrain.network;
        let cell_m = network.placement().cell_size_m;
        let band = &bands[level];
        // Half a cell beyond the middle of the farthest one, half a cell of the stream.
        let length_m = if level + 1 == bands.len() {
            band.farthest_m + cell_m - self.band_m * level as f64
        } else {
            self.band_m
        };
        let land = u8::try_from(band.land()).map_err(|_beyond| "one of 256 kinds of ground")?;
        let middle = band.place.map(|sum| (sum as f64 / band.cells as f64 + 0.5) * cell_m);
        let [west, north] = network.placement().origin_m;
        let rain_cell = (self.cover.rain_cell)([west + middle[1], north - middle[0]]);
        Ok(Element {
            area_m2: band.cells as f64 * network.cell_area_m2(),
            length_m,
            slope: if band.sloping == 0 { 0.0 } else { band.slopes / band.sloping as f64 },
            receiver: Receiver::Node(node),
            rain_cell: rain_cell.ok_or("a rain cell over it")?,
            land,
        })
    }
}
