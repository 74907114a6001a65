//! A twin experiment: a basin whose truth is known to us and not to the forecast.
//!
//! The truth runs with rain that is 1.3 times what the forecast is told, with noise besides, and
//! with ground, soil and river that the forecast does not know. Three gauges tell its levels with
//! an error of 5 cm, one of them only above its start level. Twenty members, and the same model
//! without any gauge (the open loop), forecast six hours ahead. Memory and spread of the error are
//! fitted to readings of training events only; the settings of twin and filter were chosen on some of
//! those events with the truth in view (`docs/methods/assimilation.md`), the scored ones were not.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts")]

use jomo_flood::assimilate::{Bounds, Observation, Observed, Radius, Settings, Wander, Zones};
use jomo_flood::river::{self, River};
use jomo_flood::runoff::{Element, Land, Members, Receiver, Runoff, Slopes, Start};
use jomo_flood::waterway::{Node, Waterway};

use crate::chance::Dice;

/// Members of the ensemble.
pub(crate) const MEMBERS: usize = 20;
/// Members that are computed together.
const LANES: usize = 4;
/// Between readings, and steps of the model, in s.
pub(crate) const STEP_S: f64 = 600.0;
/// Between forecasts, in steps.
pub(crate) const EVERY: usize = 6;
/// Longest lead, in steps: six hours.
pub(crate) const LEADS: usize = 36;
/// First and last forecast, in steps: two to fourteen hours after the start.
const FORECASTS: [usize; 2] = [12, 84];
/// Steps of an event.
const STEPS: usize = FORECASTS[1] + LEADS + 1;
/// Error of a reading, in m.
pub(crate) const SIGMA_M: f64 = 0.05;
/// What the filter takes for it: twice as much, for what a section of the model cannot show.
const FILTER_SIGMA_M: f64 = 0.1;
/// Rain cells.
const CELLS: usize = 4;
/// What the truth's rain is to what the forecast is told.
const HIDDEN_RAIN: f64 = 1.3;
/// Nodes of the gauges: on the left tributary, in the middle, at the end.
pub(crate) const GAUGES: [usize; 3] = [17, 49, 69];
/// Start level of the first gauge above its bed, in m: below it that gauge is silent.
const START_M: f64 = 0.6;

/// Numbers by chance.
struct Chance(Dice);

impl Chance {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.share()
    }

    /// Standard normal (Box and Muller).
    fn normal(&mut self) -> f64 {
        let [radius, turn] = [1.0 - self.0.share(), self.0.share()];
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * turn).cos()
    }
}

/// The basin: a river of 50 nodes, two tributaries of 20 and 10, V-shaped valleys, 35 km².
pub(crate) struct Basin {
    pub(crate) waterway: Waterway,
    slopes: Slopes,
    zones: Zones,
    elements_of_zone: Vec<Vec<usize>>,
}

impl Basin {
    pub(crate) fn new() -> Self {
        // Nodes 0 to 19: left tributary, to 40; 20 to 29: right tributary, to 55; 30 to 79: river.
        let count = 80;
        let next = |node: usize| match node {
            19 => Some(40),
            29 => Some(55),
            79 => None,
            _ => Some(node + 1),
        };
        let area_m2 = 440_000.0_f64;
        let mut upstream_m2 = vec![area_m2; count];
        let order = (0..count).filter(|node| *node < 30).chain(30..count);
        for node in order {
            if let Some(below) = next(node) {
                upstream_m2[below] += upstream_m2[node];
            }
        }
        let slope = |node: usize| match node {
            0..20 => 0.015,
            20..30 => 0.02,
            30..50 => 0.010,
            _ => 0.004,
        };
        let length_m = 200.0;
        let mut bed_m = vec![0.0; count];
        for node in (0..count).rev() {
            bed_m[node] = next(node).map_or(100.0, |below| bed_m[below] + slope(node) * length_m);
        }
        let nodes = (0..count).map(|node| {
            let width_m = 5.0 * (upstream_m2[node] * 1e-6).powf(0.35);
            Node {
                reach: 0,
                station_m: 0.0,
                at_m: [place(node, length_m)[0], place(node, length_m)[1]],
                length_m,
                width_m,
                bed_m: bed_m[node],
                // High banks: what spills is another test.
                crest_m: [bed_m[node] + 15.0; 2],
                upstream_m2: upstream_m2[node],
                downstream: next(node).map(|below| u32::try_from(below).unwrap()),
            }
        });
        let waterway = Waterway::new(nodes.collect()).unwrap();
        let slopes = hillsides(count, area_m2);
        let gauges = GAUGES.map(|node| u32::try_from(node).unwrap());
        let zones = Zones::new(&waterway, &gauges, Radius::default()).unwrap();
        let mut elements_of_zone = vec![Vec::new(); GAUGES.len()];
        for (element, node) in slopes.node_of_elements().enumerate() {
            elements_of_zone[zones.zone_of()[node as usize] as usize].push(element);
        }
        Self { waterway, slopes, zones, elements_of_zone }
    }

    fn bed_m(&self, gauge: usize) -> f64 {
        self.waterway.nodes()[GAUGES[gauge]].bed_m
    }

    /// Start level of a gauge: only the first one has one that matters.
    pub(crate) fn start_m(&self, gauge: usize) -> Option<f64> {
        (gauge == 0).then(|| self.bed_m(0) + START_M)
    }

    /// Level from which heights at a gauge are counted.
    pub(crate) fn base_m(&self, gauge: usize) -> f64 {
        self.bed_m(gauge)
    }
}

/// Where a node lies, in m: the river runs south, the tributaries come in from both sides.
fn place(node: usize, length_m: f64) -> [f64; 2] {
    let along = |steps: usize| length_m * steps as f64;
    match node {
        0..20 => [-along(20 - node), -along(10)],
        20..30 => [along(30 - node), -along(25)],
        _ => [0.0, -along(node - 30)],
    }
}

/// Four bands of hillside for each node: forest above, then field, at the foot paddies or, at the
/// lower river, town.
fn hillsides(nodes: usize, area_m2: f64) -> Slopes {
    let lands = vec![Land::FOREST, Land::FIELD, Land::PADDY, Land::URBAN];
    let mut elements = Vec::new();
    for node in 0..nodes {
        let rain_cell = match node {
            0..20 => 0,
            20..30 => 1,
            30..55 => 2,
            _ => 3,
        };
        let foot = if node < 60 { 2 } else { 3 };
        for band in 0..4_u8 {
            let next = u32::try_from(elements.len() + 1).unwrap();
            elements.push(Element {
                area_m2: area_m2 / 4.0,
                length_m: 275.0,
                slope: [0.5, 0.35, 0.2, 0.05][usize::from(band)],
                receiver: if band == 3 {
                    Receiver::Node(u32::try_from(node).unwrap())
                } else {
                    Receiver::Element(next)
                },
                rain_cell,
                land: [0, 0, 1, foot][usize::from(band)],
            });
        }
    }
    Slopes::new(elements, lands, nodes).unwrap()
}

/// What sets one run of the model apart from another.
#[derive(Clone, Copy)]
struct Draw {
    roughness: f64,
    soil_depth: f64,
    conductivity: f64,
    manning: f64,
    wetness: f64,
}

impl Draw {
    /// What the forecast believes.
    const CENTRE: Self =
        Self { roughness: 1.0, soil_depth: 1.0, conductivity: 1.0, manning: 1.0, wetness: 0.4 };

    /// By chance about that: spreads of the logarithms, and of the wetness. They are such that
    /// members without gauges differ about as much as they err against readings.
    fn by_chance(chance: &mut Chance, wetness: f64) -> Self {
        let mut factor = |spread: f64| (spread * chance.normal()).clamp(-0.9, 0.9).exp();
        let (roughness, soil_depth) = (factor(0.15), factor(0.12));
        let (conductivity, manning) = (factor(0.24), factor(0.07));
        let wetness = (wetness + 0.07 * chance.normal()).clamp(0.05, 0.9);
        Self { roughness, soil_depth, conductivity, manning, wetness }
    }
}

/// `W` runs of the model.
#[derive(Clone)]
struct Model<const W: usize> {
    runoff: Runoff<W>,
    river: River<W>,
    lateral_m3_s: Vec<[f64; W]>,
}

impl<const W: usize> Model<W> {
    fn new(basin: &Basin, draws: &[Draw; W]) -> Self {
        let of = |value: fn(&Draw) -> f64| std::array::from_fn(|lane| value(&draws[lane]));
        let members = Members {
            roughness: of(|draw| draw.roughness),
            soil_depth: of(|draw| draw.soil_depth),
            conductivity: of(|draw| draw.conductivity),
        };
        let start = Start { wetness: of(|draw| draw.wetness), base_flow_m3_s_km2: [0.03; W] };
        let mut runoff = Runoff::new(&basin.slopes, &members, &start).unwrap();
        let settings = river::Settings { step_s: 300.0, ..river::Settings::default() };
        let mut river = River::new(&basin.waterway, settings).unwrap();
        river.set_roughness(of(|draw| draw.manning)).unwrap();
        let mut lateral_m3_s = vec![[0.0; W]; basin.waterway.nodes().len()];
        runoff.step(&basin.slopes, &[[0.0; W]; CELLS], STEP_S, &mut lateral_m3_s).unwrap();
        river.set_normal(&lateral_m3_s).unwrap();
        Self { runoff, river, lateral_m3_s }
    }

    /// A step with rain in mm/h for each cell.
    fn step(&mut self, basin: &Basin, rain_mm_h: &[[f64; W]; CELLS]) {
        let rain = rain_mm_h.map(|lanes| lanes.map(|rate| rate / 3.6e6));
        self.runoff.step(&basin.slopes, &rain, STEP_S, &mut self.lateral_m3_s).unwrap();
        self.river.advance(STEP_S, &self.lateral_m3_s).unwrap();
    }

    fn level_m(&self, gauge: usize) -> [f64; W] {
        self.river.level_m(GAUGES[gauge])
    }
}

/// Rain of an event, as the forecast is told it and as it is, in mm/h by step and cell.
struct Storm {
    told: Vec<[f64; CELLS]>,
    real: Vec<[f64; CELLS]>,
}

impl Storm {
    /// One to three pulses of 5 to 45 mm/h, strongest in one cell, over half a day.
    fn draw(chance: &mut Chance) -> Self {
        let pulses = chance.between(1.0, 4.0) as usize;
        let mut told = vec![[0.0; CELLS]; STEPS];
        for _ in 0..pulses {
            let (middle, width) = (chance.between(8.0, 66.0), chance.between(4.0, 18.0));
            let strength = chance.between(5.0, 45.0) / (pulses as f64).sqrt();
            let share: [f64; CELLS] = std::array::from_fn(|_| chance.between(0.5, 1.2));
            for (step, cells) in told.iter_mut().enumerate() {
                let away = (step as f64 - middle) / width;
                for (cell, share) in cells.iter_mut().zip(share) {
                    *cell += strength * share * (-away * away).exp();
                }
            }
        }
        let mut noise: [f64; CELLS] = std::array::from_fn(|_| 0.15 * chance.normal());
        let mut real = told.clone();
        for cells in &mut real {
            for (cell, noise) in cells.iter_mut().zip(&mut noise) {
                *cell *= HIDDEN_RAIN * (*noise - 0.01).exp();
                // An error of the analysis that lasts about an hour.
                *noise = 0.85 * *noise + 0.15 * (1.0_f64 - 0.85 * 0.85).sqrt() * chance.normal();
            }
        }
        Self { told, real }
    }

    /// What is forecast at `now` for a step: wrong in strength and in time, the more the farther
    /// it is ahead. `strength` and `shift` are standard normal, drawn with each forecast.
    fn forecast(&self, now: usize, step: usize, [strength, shift]: [f64; 2]) -> [f64; CELLS] {
        let lead_h = (step - now) as f64 / 6.0;
        let moved = step as f64 + shift * 0.6 * lead_h.sqrt();
        let place = (moved.max(0.0) as usize).min(STEPS - 1);
        let factor = (strength * growth(lead_h) - 0.5 * growth(lead_h).powi(2)).exp();
        self.told[place].map(|rate| rate * factor)
    }
}

/// Spread of the logarithm of a rain forecast's strength: grows to 0.5 within six hours.
fn growth(lead_h: f64) -> f64 {
    (0.12 * lead_h.sqrt()).min(0.3)
}

/// A forecast for one gauge at one time.
pub(crate) struct Forecast {
    pub(crate) event: u32,
    /// Step of the event at which it is made.
    pub(crate) now: usize,
    pub(crate) gauge: usize,
    /// Reading at the time; `None` if silent.
    pub(crate) reading_m: Option<f64>,
    /// Start level of a silent gauge whose silence is taken for a low river.
    pub(crate) silent_below_m: Option<f64>,
    /// Rise of the readings over half an hour, in m/h.
    pub(crate) rise_m_h: Option<f64>,
    /// Level of each member now, after the readings have been brought in.
    pub(crate) now_m: Vec<f64>,
    /// Level of the open loop now.
    pub(crate) open_now_m: f64,
    /// Level by lead, from the first step on, and member.
    pub(crate) members_m: Vec<Vec<f64>>,
    /// Level of the open loop by lead.
    pub(crate) open_m: Vec<f64>,
    /// Readings to come; `None` where the gauge is silent.
    pub(crate) readings_m: Vec<Option<f64>>,
    /// The truth to come.
    pub(crate) truth_m: Vec<f64>,
}

/// The truth of an event: levels and readings by gauge and step.
struct Truth {
    levels_m: Vec<[f64; 3]>,
    readings_m: Vec<[Option<f64>; 3]>,
}

impl Truth {
    fn run(basin: &Basin, storm: &Storm, wetness: f64, chance: &mut Chance) -> Self {
        // Ground and river of the truth: the same for all events, unknown to the forecast.
        let hidden =
            Draw { roughness: 1.2, soil_depth: 0.85, conductivity: 0.7, manning: 1.12, wetness };
        let mut model = Model::<1>::new(basin, &[hidden]);
        let (mut levels_m, mut readings_m) = (Vec::new(), Vec::new());
        for real in &storm.real {
            model.step(basin, &real.map(|rate| [rate]));
            let levels = [0, 1, 2].map(|gauge| model.level_m(gauge)[0]);
            let readings = [0, 1, 2].map(|gauge: usize| {
                let reading = levels[gauge] + SIGMA_M * chance.normal();
                basin.start_m(gauge).is_none_or(|start| start <= reading).then_some(reading)
            });
            levels_m.push(levels);
            readings_m.push(readings);
        }
        Self { levels_m, readings_m }
    }
}

/// An ensemble on its way through an event.
struct Ensemble {
    blocks: Vec<Model<LANES>>,
    /// Logarithm of the rain factor by zone and member.
    rain: Vec<Vec<f64>>,
}

/// How the rain factor goes on.
const WANDER: Wander = Wander { memory_h: 12.0, spread: 0.35 };

impl Ensemble {
    fn new(basin: &Basin, chance: &mut Chance) -> Self {
        let draws: Vec<Draw> =
            (0..MEMBERS).map(|_| Draw::by_chance(chance, Draw::CENTRE.wetness)).collect();
        let blocks = draws
            .chunks_exact(LANES)
            .map(|lanes| Model::new(basin, lanes.try_into().unwrap()))
            .collect();
        let zones = basin.zones.count();
        // One factor for the basin and one for each zone: rain is wrong alike nearby.
        let shared: Vec<f64> = (0..MEMBERS).map(|_| chance.normal()).collect();
        let rain = (0..zones)
            .map(|_| {
                let own = |shared: &f64| WANDER.spread * (0.8 * shared + 0.6 * chance.normal());
                shared.iter().map(own).collect()
            })
            .collect();
        Self { blocks, rain }
    }

    /// Rain of the members of a block: `rates` by cell, times the factor of the zone of the cell,
    /// times `more` of each member.
    fn rain_mm_h(
        &self,
        block: usize,
        rates: impl Fn(usize) -> [f64; CELLS],
        more: impl Fn(usize) -> f64,
    ) -> [[f64; LANES]; CELLS] {
        // Rain cells lie in the zones of the gauges: left tributary, right, upper and lower river.
        let zone_of_cell = [0, 2, 1, 2];
        std::array::from_fn(|cell| {
            std::array::from_fn(|lane| {
                let member = LANES * block + lane;
                rates(member)[cell] * self.rain[zone_of_cell[cell]][member].exp() * more(member)
            })
        })
    }

    fn step(&mut self, basin: &Basin, told: [f64; CELLS], chance: &mut Chance) {
        for block in 0..self.blocks.len() {
            let rain = self.rain_mm_h(block, |_| told, |_| 1.0);
            self.blocks[block].step(basin, &rain);
        }
        let shared: Vec<f64> = (0..MEMBERS).map(|_| chance.normal()).collect();
        for zone in &mut self.rain {
            for (factor, shared) in zone.iter_mut().zip(&shared) {
                let normal = 0.8 * shared + 0.6 * chance.normal();
                *factor = WANDER.after(*factor, STEP_S / 3_600.0, normal);
            }
        }
    }

    fn levels_m(&self, gauge: usize) -> Vec<f64> {
        self.blocks.iter().flat_map(|block| block.level_m(gauge)).collect()
    }

    /// Brings the readings of a step in.
    fn assimilate(&mut self, basin: &Basin, readings_m: [Option<f64>; 3]) {
        let observations: Vec<Observation> = (0..GAUGES.len())
            .map(|gauge| Observation {
                predicted: self.levels_m(gauge),
                observed: match (readings_m[gauge], basin.start_m(gauge)) {
                    (Some(level), _) => Observed::Exact(level),
                    (None, start) => Observed::AtMost(start.unwrap()),
                },
                sigma: FILTER_SIGMA_M,
            })
            .collect();
        let settings = Settings::default();
        let (blends, _) = basin.zones.blends(&observations, &[0, 1, 2], &settings).unwrap();
        for (zone, rain) in self.rain.iter_mut().enumerate() {
            blends.blend(zone, rain);
            for rain in rain {
                *rain = rain.clamp(-1.2, 1.2);
            }
        }
        let zone_of = basin.zones.zone_of();
        for (node, zone) in zone_of.iter().enumerate() {
            let depths = self.all(|block| block.river.depth_m(node));
            let factors = blends.factors(*zone as usize, &depths, Bounds::DEPTH);
            for (block, factors) in self.blocks.iter_mut().zip(factors.chunks_exact(LANES)) {
                block.river.scale_depth(node, factors.try_into().unwrap()).unwrap();
            }
        }
        for (zone, elements) in basin.elements_of_zone.iter().enumerate() {
            for element in elements {
                let surface = self.all(|block| block.runoff.surface_m(*element).unwrap());
                let soil = self.all(|block| block.runoff.soil_m(*element).unwrap());
                let surface = blends.factors(zone, &surface, Bounds::SURFACE);
                let soil = blends.factors(zone, &soil, Bounds::SOIL);
                let lanes = surface.chunks_exact(LANES).zip(soil.chunks_exact(LANES));
                for (block, (surface, soil)) in self.blocks.iter_mut().zip(lanes) {
                    let (surface, soil) = (surface.try_into().unwrap(), soil.try_into().unwrap());
                    block.runoff.scale_surface(&basin.slopes, surface, [*element]);
                    block.runoff.scale_soil(&basin.slopes, soil, [*element]);
                }
            }
        }
    }

    /// A value of each member.
    fn all(&self, read: impl Fn(&Model<LANES>) -> [f64; LANES]) -> Vec<f64> {
        self.blocks.iter().flat_map(read).collect()
    }

    /// Levels by gauge, lead and member.
    fn forecast(
        &self,
        basin: &Basin,
        rain: impl Fn(usize) -> [f64; CELLS],
        chance: &mut Chance,
    ) -> [Vec<Vec<f64>>; 3] {
        // What the members differ in ahead: the forecast rain's strength, about as wrong as it is.
        let normals: Vec<f64> = (0..MEMBERS).map(|_| chance.normal()).collect();
        let mut levels: [Vec<Vec<f64>>; 3] = std::array::from_fn(|_| vec![Vec::new(); LEADS]);
        for block in 0..self.blocks.len() {
            let mut model = self.blocks[block].clone();
            for lead in 1..=LEADS {
                let spread = growth(lead as f64 / 6.0);
                let more = |member: usize| (spread * normals[member]).exp();
                let rates = rain(lead);
                let rain = self.rain_mm_h(block, |_| rates, more);
                model.step(basin, &rain);
                for (gauge, levels) in levels.iter_mut().enumerate() {
                    levels[lead - 1].extend(model.level_m(gauge));
                }
            }
        }
        levels
    }
}

/// Runs one event: truth, open loop and ensemble, and all forecasts for all gauges.
pub(crate) fn event(basin: &Basin, number: u32, seed: u64) -> Vec<Forecast> {
    let mut chance = Chance(Dice::new(seed + (u64::from(number) << 32)));
    let storm = Storm::draw(&mut chance);
    let wetness = chance.between(0.2, 0.6);
    let truth = Truth::run(basin, &storm, wetness, &mut chance);
    let mut open = Model::<1>::new(basin, &[Draw::CENTRE]);
    let mut ensemble = Ensemble::new(basin, &mut chance);
    let mut forecasts = Vec::new();
    for now in 0..=FORECASTS[1] {
        open.step(basin, &storm.told[now].map(|rate| [rate]));
        ensemble.step(basin, storm.told[now], &mut chance);
        ensemble.assimilate(basin, truth.readings_m[now]);
        if now < FORECASTS[0] || !(now - FORECASTS[0]).is_multiple_of(EVERY) {
            continue;
        }
        let wrong = [chance.normal(), chance.normal()];
        let rain = |lead: usize| storm.forecast(now, now + lead, wrong);
        let members = ensemble.forecast(basin, rain, &mut chance);
        let mut ahead = open.clone();
        let mut open_m: [Vec<f64>; 3] = Default::default();
        for lead in 1..=LEADS {
            ahead.step(basin, &rain(lead).map(|rate| [rate]));
            for (gauge, levels) in open_m.iter_mut().enumerate() {
                levels.push(ahead.level_m(gauge)[0]);
            }
        }
        for (gauge, (members_m, open_m)) in members.into_iter().zip(open_m).enumerate() {
            let reading = |step: usize| truth.readings_m[step][gauge];
            let rise = || Some((reading(now)? - reading(now - 3)?) / 0.5);
            forecasts.push(Forecast {
                event: number,
                now,
                gauge,
                reading_m: reading(now),
                silent_below_m: basin.start_m(gauge),
                rise_m_h: rise(),
                now_m: ensemble.levels_m(gauge),
                open_now_m: open.level_m(gauge)[0],
                members_m,
                open_m,
                readings_m: (1..=LEADS).map(|lead| reading(now + lead)).collect(),
                truth_m: (1..=LEADS).map(|lead| truth.levels_m[now + lead][gauge]).collect(),
            });
        }
    }
    forecasts
}
