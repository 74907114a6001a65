//! A basin in the hands of an ensemble: rain on hillsides, hillsides into rivers, rivers to the
//! sea, once for each member, and gauges that pull the members together.
//!
//! A [`Basin`] is what does not change: hillsides, rivers, the zones of its gauges. An
//! [`Ensemble`] is the water of all members. Members are computed in blocks of [`LANES`], blocks
//! on all threads of the pool; no member looks at another but in [`Ensemble::assimilate`], so the
//! same bits come out for any number of threads.
//!
//! `docs/methods/forecast.md` gives the cycle, its assumptions and its limits.

mod assimilation;
mod land;
mod saved;
mod snow;

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::assimilate::{Radius, Zones};
use crate::basin_error::BasinError;
use crate::rainfall::{Cube, Perturbation};
use crate::river::{self, Barrier, River, RiverLedger, Works};
use crate::runoff::{self, Runoff, Slopes};
use crate::waterway::Waterway;

pub use assimilation::{GaugeState, Saying};
pub use land::{Beside, Land, PondsOfNode};
pub use snow::Temperatures;

/// Members of a block: four f64 fill the vectors of today's processors.
pub const LANES: usize = 4;

/// Hillsides, rivers and gauges.
#[derive(Clone, Debug)]
pub struct Basin {
    waterway: Waterway,
    slopes: Slopes,
    works: Works,
    zones: Option<Zones>,
    /// Zone of most of the ground under each rain cell.
    zone_of_rain: Vec<u32>,
    /// Elements of each zone.
    elements_of_zone: Vec<Vec<usize>>,
}

impl Basin {
    /// A basin with what stands in and beside its rivers, and with gauges at some of its nodes, one
    /// at most at each.
    ///
    /// # Errors
    /// Slopes of another number of nodes, or gauges that [`Zones::new`] refuses.
    pub fn new(
        waterway: Waterway,
        slopes: Slopes,
        works: Works,
        gauges: &[u32],
    ) -> Result<Self, BasinError> {
        let (expected, found) = (waterway.nodes().len(), slopes.nodes());
        if expected != found {
            return Err(BasinError::Count { what: "nodes", expected, found });
        }
        let zones = match gauges {
            [] => None,
            gauges => Some(Zones::new(&waterway, gauges, Radius::default())?),
        };
        let count = zones.as_ref().map_or(1, Zones::count);
        let mut elements_of_zone = vec![Vec::new(); count];
        let mut areas_m2: Vec<BTreeMap<u32, f64>> = vec![BTreeMap::new(); slopes.rain_cells()];
        let nodes = slopes.node_of_elements();
        for (index, (element, node)) in slopes.elements().iter().zip(nodes).enumerate() {
            let zone = zones.as_ref().map_or(0, |zones| zones.zone_of()[node as usize]);
            elements_of_zone[zone as usize].push(index);
            let under = &mut areas_m2[element.rain_cell as usize];
            *under.entry(zone).or_insert(0.0) += element.area_m2;
        }
        let most = |areas: &BTreeMap<u32, f64>| {
            let best = areas.iter().reduce(|a, b| if a.1 < b.1 { b } else { a });
            best.map_or(0, |(zone, _)| *zone)
        };
        let zone_of_rain = areas_m2.iter().map(most).collect();
        Ok(Self { waterway, slopes, works, zones, zone_of_rain, elements_of_zone })
    }

    /// The rivers.
    #[must_use]
    pub fn waterway(&self) -> &Waterway {
        &self.waterway
    }

    /// The hillsides.
    #[must_use]
    pub fn slopes(&self) -> &Slopes {
        &self.slopes
    }

    /// Whether a node is the reservoir of a dam: its level is observed or computed, and gauges
    /// farther down say nothing of it.
    #[must_use]
    pub fn is_reservoir(&self, node: usize) -> bool {
        let mut dams = self.works.barriers.iter();
        dams.any(|(at, barrier)| *at as usize == node && matches!(barrier, Barrier::Dam(_)))
    }

    /// Nodes of the gauges, in the order in which they were given.
    #[must_use]
    pub fn gauges(&self) -> &[u32] {
        self.zones.as_ref().map_or(&[], Zones::gauges)
    }
}

/// What sets a member apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// What it makes of the rain.
    pub rain: Perturbation,
    /// Factor on the roughness of hillsides and beds.
    pub roughness: f64,
    /// Factor on the water that the soil can hold.
    pub soil_depth: f64,
    /// Factor on the conductivities of the soil.
    pub conductivity: f64,
    /// Share of the soil's store that is full at a cold start, 0 to 1.
    pub wetness: f64,
}

/// How far members spread besides their rain: standard deviations of logarithms. Assumptions, to
/// be replaced by those of a calibration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelSpread {
    /// Of the roughness.
    pub roughness: f64,
    /// Of the water that the soil can hold.
    pub soil_depth: f64,
    /// Of the odds of the wetness at a cold start.
    pub wetness: f64,
}

impl Default for ModelSpread {
    fn default() -> Self {
        Self { roughness: 0.15, soil_depth: 0.25, wetness: 0.6 }
    }
}

impl Member {
    /// A member from its perturbation: roughness and soil by its two numbers, which are 0 for the
    /// first member. `wetness` (0 to 1, exclusive) is the middle of all members.
    #[must_use]
    pub fn new(rain: Perturbation, spread: &ModelSpread, wetness: f64) -> Self {
        let odds = wetness.clamp(0.01, 0.99);
        let odds = odds / (1.0 - odds) * (spread.wetness * rain.soil).exp();
        Self {
            roughness: (spread.roughness * rain.roughness).exp(),
            // A soil that is wetter than thought has less room, too.
            soil_depth: (-spread.soil_depth * rain.soil).exp(),
            conductivity: 1.0,
            wetness: odds / (1.0 + odds),
            rain,
        }
    }
}

/// Water of the members of one block.
#[derive(Clone, Debug)]
struct Block {
    runoff: Runoff<LANES>,
    river: River<LANES>,
    /// Rain of a step, m/s by rain cell.
    rain_m_s: Vec<[f64; LANES]>,
    /// Mean flow of a step into each node, m³/s.
    lateral_m3_s: Vec<[f64; LANES]>,
    /// Rain of one lane in mm/h.
    rates_mm_h: Vec<f32>,
    /// What lies over the hillsides, if anybody asks for it.
    snow: Option<snow::Snow>,
}

impl Block {
    fn new(basin: &Basin, members: &[Member], river: &river::Settings) -> Result<Self, BasinError> {
        let factors = Self::factors(members);
        let start = runoff::Start {
            wetness: lanes(members, |member| member.wetness),
            base_flow_m3_s_km2: [BASE_FLOW_M3_S_KM2; LANES],
        };
        let mut block = Self {
            runoff: Runoff::new(&basin.slopes, &factors, &start)?,
            river: River::new(&basin.waterway, river.clone())?,
            rain_m_s: vec![[0.0; LANES]; basin.slopes.rain_cells()],
            lateral_m3_s: vec![[0.0; LANES]; basin.slopes.nodes()],
            rates_mm_h: Vec::new(),
            snow: None,
        };
        block.river.install(basin.works.clone())?;
        block.river.set_roughness(factors.roughness)?;
        let mut low_m3_s = vec![[0.0; LANES]; basin.slopes.nodes()];
        let nodes = basin.slopes.node_of_elements();
        for (element, node) in basin.slopes.elements().iter().zip(nodes) {
            for flow in &mut low_m3_s[node as usize] {
                *flow += BASE_FLOW_M3_S_KM2 * 1e-6 * element.area_m2;
            }
        }
        block.river.set_normal(&low_m3_s)?;
        Ok(block)
    }

    /// Factors of the members of a block.
    fn factors(members: &[Member]) -> runoff::Members<LANES> {
        runoff::Members {
            roughness: lanes(members, |member| member.roughness),
            soil_depth: lanes(members, |member| member.soil_depth),
            conductivity: lanes(members, |member| member.conductivity),
        }
    }
}

/// A number of each lane; lanes without a member repeat the last.
fn lanes(members: &[Member], value: fn(&Member) -> f64) -> [f64; LANES] {
    std::array::from_fn(|lane| members.get(lane).or(members.last()).map_or(1.0, value))
}

/// Base flow at a cold start, in m³/s per km²: the low flow of Japanese mountain rivers is 1 to 3
/// in 100 km² (渇水比流量, 河川便覧); the rain of the warm-up soon hides it.
const BASE_FLOW_M3_S_KM2: f64 = 0.02;

/// How the rain factors of zones go on between gauges.
const WANDER: crate::assimilate::Wander = crate::assimilate::Wander { memory_h: 6.0, spread: 0.3 };

/// The water of all members.
#[derive(Clone, Debug)]
pub struct Ensemble {
    members: Vec<Member>,
    blocks: Vec<Block>,
    /// Logarithm of what rain is multiplied by, `[zone][member]`.
    rain_log: Vec<f64>,
    /// Seed of how it wanders.
    seed: u64,
    /// By which snow falls and melts; the same for all members.
    temperatures: Option<Arc<Temperatures>>,
}

impl Ensemble {
    /// Members at a cold start: soil as each has it, rivers at low flow.
    ///
    /// # Errors
    /// No member, or one with a number outside its range.
    pub fn new(
        basin: &Basin,
        members: Vec<Member>,
        river: &river::Settings,
        seed: u64,
    ) -> Result<Self, BasinError> {
        if members.is_empty() {
            return Err(BasinError::Count { what: "members", expected: 1, found: 0 });
        }
        let blocks: Result<Vec<Block>, BasinError> =
            members.par_chunks(LANES).map(|members| Block::new(basin, members, river)).collect();
        let zones = basin.elements_of_zone.len();
        let rain_log = vec![0.0; zones * members.len()];
        Ok(Self { rain_log, blocks: blocks?, members, seed, temperatures: None })
    }

    /// Number of members.
    #[must_use]
    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// The members.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Carries all members through a step of a cube of rain. Where it has a gap no rain falls. The
    /// clock of the rivers, by which works act, is that of the cube: seconds since 1970 (UTC).
    ///
    /// # Errors
    /// A cube of other cells, or a block that breaks down.
    pub fn step(&mut self, basin: &Basin, cube: &Cube, step: usize) -> Result<(), BasinError> {
        let (expected, found) = (basin.slopes.rain_cells(), cube.cells().count());
        if found < expected {
            return Err(BasinError::Count { what: "rain cells", expected, found });
        }
        self.wander(cube, step);
        // Works and breaches are told by the clock, and a saved state may begin anywhere.
        let begin = cube.timeline().begin(step);
        let begin_s = begin.as_second() as f64;
        let temperature_c = self.temperatures_c(basin, begin);
        let count = self.members.len();
        let step_s = f64::from(cube.timeline().step_s);
        let (members, rain_log) = (&self.members, &self.rain_log);
        let rain = Rain { basin, cube, step, members, factors_log: rain_log };
        self.blocks.par_iter_mut().enumerate().try_for_each(|(number, block)| {
            for lane in 0..LANES {
                rain.fall(block, lane, (LANES * number + lane).min(count - 1));
            }
            let Block { runoff, river, rain_m_s, lateral_m3_s, snow, .. } = block;
            if let Some(snow) = snow {
                snow.step(&basin.slopes, &temperature_c, rain_m_s, step_s)?;
            }
            river.set_time_s(begin_s)?;
            runoff.step(&basin.slopes, rain_m_s, step_s, lateral_m3_s)?;
            river.advance(step_s, lateral_m3_s)
        })
    }

    /// The factors on rain go on by themselves; the numbers hang on seed, member, zone and time
    /// only, so that a forecast that goes on from a saved state is the one that never stopped.
    fn wander(&mut self, cube: &Cube, step: usize) {
        let count = self.members.len();
        let timeline = cube.timeline();
        let second = timeline.begin(step).as_second().cast_unsigned();
        let hours = f64::from(timeline.step_s) / 3_600.0;
        for (index, log) in self.rain_log.iter_mut().enumerate() {
            let [zone, member] = [index / count, index % count].map(|number| number as u64);
            // The first member is the forecast itself until gauges correct it.
            let normal = if member == 0 { 0.0 } else { normal([self.seed, second, zone, member]) };
            *log = WANDER.after(*log, hours, normal);
        }
    }

    /// Fills the reservoir of a node to a depth in m in all members, as its level is observed.
    ///
    /// # Errors
    /// As [`River::fill`].
    pub fn fill(&mut self, node: usize, depth_m: f64) -> Result<(), BasinError> {
        self.blocks.iter_mut().try_for_each(|block| block.river.fill(node, depth_m))
    }

    /// Depth at a node for every member, in m.
    #[must_use]
    pub fn depths_m(&self, node: usize) -> Vec<f64> {
        self.gather(|block| block.river.depth_m(node))
    }

    /// Discharge out of a node for every member, in m³/s.
    #[must_use]
    pub fn discharges_m3_s(&self, node: usize) -> Vec<f64> {
        self.gather(|block| block.river.discharge_m3_s(node))
    }

    /// Mean flow of the last step into a node from its hillsides, for one member, in m³/s.
    #[must_use]
    pub fn lateral_m3_s(&self, node: usize, member: usize) -> f64 {
        let block = self.blocks.get(member / LANES);
        let flow = block.and_then(|block| block.lateral_m3_s.get(node));
        flow.map_or(0.0, |flow| flow[member % LANES])
    }

    fn gather(&self, value: impl Fn(&Block) -> [f64; LANES]) -> Vec<f64> {
        let mut all: Vec<f64> = self.blocks.iter().flat_map(value).collect();
        all.truncate(self.members.len());
        all
    }

    /// Water that has left the rivers over their banks since the start, less what came back, for
    /// every member, in m³.
    #[must_use]
    pub fn spilled_m3(&self) -> Vec<f64> {
        let nodes = 0..self.blocks.first().map_or(0, |block| block.lateral_m3_s.len());
        self.gather(|block| {
            nodes.clone().fold([0.0; LANES], |sums, node| {
                let [left, right] = block.river.spilled_m3(node);
                std::array::from_fn(|lane| sums[lane] + left[lane] + right[lane])
            })
        })
    }

    /// Water that appeared or vanished in the snow, on the hillsides and in the rivers, as a share
    /// of all that was there: the worst of the members.
    #[must_use]
    pub fn volume_error(&self, basin: &Basin) -> f64 {
        let of = |block: &Block| {
            let slopes = block.runoff.ledger().error(&block.runoff.stored_m3(&basin.slopes));
            let rivers = block.river.ledger().relative_error();
            let snow = block.snow.as_ref().map(|snow| snow.error(&basin.slopes));
            let all = slopes.into_iter().chain(rivers).chain(snow.into_iter().flatten());
            all.fold(0.0, |most: f64, error| most.max(error.abs()))
        };
        self.blocks.iter().map(of).fold(0.0, f64::max)
    }

    /// The rivers of one member as they are now, to be computed with the plain.
    ///
    /// # Errors
    /// No such member.
    pub fn river_of(
        &self,
        basin: &Basin,
        river: &river::Settings,
        member: usize,
    ) -> Result<River<1>, BasinError> {
        let (expected, found) = (self.members.len(), member + 1);
        let block = self.blocks.get(member / LANES).filter(|_| found <= expected);
        let block = block.ok_or(BasinError::Count { what: "members", expected, found })?;
        let mut fresh = River::new(&basin.waterway, river.clone())?;
        fresh.install(basin.works.clone())?;
        block.river.single(member % LANES, fresh)
    }

    /// The balance of the rivers of a member.
    #[must_use]
    pub fn river_ledger(&self, member: usize) -> Option<(RiverLedger<LANES>, usize)> {
        let block = self.blocks.get(member / LANES)?;
        Some((block.river.ledger(), member % LANES))
    }
}

/// The rain of a step.
struct Rain<'a> {
    basin: &'a Basin,
    cube: &'a Cube,
    step: usize,
    members: &'a [Member],
    factors_log: &'a [f64],
}

impl Rain<'_> {
    /// Lets a member's rain fall into a lane.
    fn fall(&self, block: &mut Block, lane: usize, member: usize) {
        let Some(own) = self.members.get(member) else { return };
        let Block { rain_m_s, rates_mm_h, .. } = block;
        rates_mm_h.resize(self.cube.cells().count(), f32::NAN);
        self.cube.rate_of_member(self.step, &own.rain, rates_mm_h);
        let count = self.members.len();
        let factor = |zone: &u32| self.factors_log[*zone as usize * count + member].exp();
        let cells = rain_m_s.iter_mut().zip(&*rates_mm_h).zip(&self.basin.zone_of_rain);
        for ((rain_m_s, rate_mm_h), zone) in cells {
            let rate = f64::from(*rate_mm_h);
            rain_m_s[lane] = if rate.is_nan() { 0.0 } else { rate * factor(zone) / 3.6e6 };
        }
    }
}

/// A standard normal number out of some whole ones: two uniform numbers of `SplitMix64` (Steele et
/// al. 2014) through the transform of Box and Muller (1958).
fn normal(parts: [u64; 4]) -> f64 {
    let mixed = parts.into_iter().fold(0x6a6f_6d6f, |state: u64, part| mix(state ^ mix(part)));
    let unit = |bits: u64| ((bits >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    let (first, second) = (unit(mix(mixed)), unit(mix(mixed.wrapping_add(1))));
    (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos()
}

fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean 0, spread 1, and no number like its neighbours.
    #[test]
    fn the_stream_is_standard_normal() {
        let numbers: Vec<f64> = (0..20_000).map(|n| normal([1, 600 * n, 2, 3])).collect();
        let count = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / count;
        let variance = numbers.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / count;
        let next = numbers.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / count;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03 && next.abs() < 0.02);
    }
}
