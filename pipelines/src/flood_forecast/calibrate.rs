//! `jomo flood calibrate`: the factors of a basin that make an observed flood out of its rain.
//!
//! One run is the model of the forecast with one unperturbed member and no gauge that corrects it.
//! `docs/methods/runoff.md` (calibration) tells the objective and what it cannot tell.

mod score;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_core::message::{Arguments, Coded};
use jomo_flood::basin::{Ensemble, Member, ModelSpread};
use jomo_flood::calibrate::{End, Found, Parameter, Scale, Search, calibrate};
use jomo_flood::rainfall::{Cube, Perturbation, Product, Source as RainSource, Timeline};
use serde_json::json;

use self::score::{MODEL, Readings, Scores};
use super::model::{BasinFile, Given, LandCover, Model};
use super::record::STEP_MIN;
use super::snow::{SnowAir, SnowCover};
use super::storage::StorageTable;
use super::work::FIRST_WETNESS;
use crate::dam_tables::{Dams, dams};
use crate::failure::{CommandError, Exit, Failure};
use crate::flood::{FACTORS, Parameters};
use crate::flood_prepare::named;
use crate::gauge_tables::stations;
use crate::outcome::Outcome;
use crate::rainfall::{Arrived, read_spool};
use crate::region::Region;
use crate::run::{Context, Made, Plan, Target, record_failure_of};

/// Name of the command in records.
const COMMAND: &str = "flood calibrate";
/// Name of the file of parameters in its folder.
const FILE: &str = "parameters.toml";
/// Longest window, h.
const LONGEST_H: i64 = 240;
/// Share of the window before the check begins, where the flags do not say.
const CALIBRATED_SHARE: f64 = 2.0 / 3.0;
/// Runs for each complex of the search, and most complexes.
const RUNS_OF_COMPLEX: u32 = 100;
const COMPLEXES_MOST: u32 = 4;
/// Range of the wetness at the start: searched too, and not handed on, because it is of that day.
const WETNESS: [f64; 2] = [0.05, 0.9];

/// Arguments of `jomo flood calibrate`.
#[derive(Clone, Debug, Args)]
pub struct CalibrateArguments {
    /// Region file, or the folder it is in.
    pub region: PathBuf,
    /// Begin of the window of readings.
    #[arg(long)]
    pub from: Timestamp,
    /// End of the window.
    #[arg(long)]
    pub to: Timestamp,
    /// Readings from here on are kept back to check what was found.
    #[arg(long)]
    pub check_from: Option<Timestamp>,
    /// Readings instead of those that the region file names.
    #[arg(long)]
    pub readings: Option<PathBuf>,
    /// A folder for the result.
    #[arg(long)]
    pub out: PathBuf,
    /// No new round of the search begins after this many runs of the model.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub runs: u32,
    /// Seed of the search.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Why nothing was calibrated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrateError {
    /// Times that make no window.
    #[error("from {from} by {check_from} to {to}: expected rising times within {LONGEST_H} h")]
    Window {
        /// Begin.
        from: Timestamp,
        /// Where the check begins.
        check_from: Timestamp,
        /// End.
        to: Timestamp,
    },
    /// No observed rain in the window.
    #[error("no observed rain from {from} to {to}")]
    NoRain {
        /// Begin of the window with its warm-up.
        from: Timestamp,
        /// End.
        to: Timestamp,
    },
    /// No gauge with enough sound readings.
    #[error("no gauge of {gauges} has {} sound readings in the window", score::LEAST)]
    NoReadings {
        /// Gauges of the model.
        gauges: usize,
    },
    /// No run of the model gave numbers.
    #[error("none of {runs} runs gave a number")]
    NoRun {
        /// Runs made.
        runs: u32,
    },
}

impl Coded for CalibrateError {
    fn code(&self) -> &'static str {
        match self {
            Self::Window { .. } => "calibrate-window",
            Self::NoRain { .. } => "calibrate-no-rain",
            Self::NoReadings { .. } => "calibrate-no-readings",
            Self::NoRun { .. } => "calibrate-no-run",
        }
    }

    fn arguments(&self) -> Arguments {
        let text = jomo_core::time::jst_text;
        match self {
            Self::Window { from, check_from, to } => vec![
                ("from", text(*from)),
                ("check", text(*check_from)),
                ("to", text(*to)),
                ("hours", LONGEST_H.to_string()),
            ],
            Self::NoRain { from, to } => vec![("from", text(*from)), ("to", text(*to))],
            Self::NoReadings { gauges } => {
                vec![("gauges", gauges.to_string()), ("least", score::LEAST.to_string())]
            }
            Self::NoRun { runs } => vec![("runs", runs.to_string())],
        }
    }
}

/// Searches and writes what was found.
///
/// # Errors
/// If the region lacks what is needed, the window holds no rain or no readings, or the result
/// cannot be written.
pub fn run(arguments: &CalibrateArguments, context: &Context) -> Result<Outcome, Failure> {
    let target = Target::Out(arguments.out.clone());
    let plan = Plan {
        command: COMMAND,
        settings: BTreeMap::new(),
        inputs: Vec::new(),
        layers: Vec::new(),
    };
    record_failure_of(plan, &target, context, |plan| {
        let window = Window::new(arguments)?;
        let region = Region::open(&arguments.region)?;
        context.progress.stage("read", None);
        let inputs = Inputs::read(arguments, &region, &window)?;
        inputs.complete(plan, (arguments, &region, &window));
        if let Some(unchanged) = plan.unchanged(context, &target)? {
            return Ok(unchanged);
        }
        plan.clone().execute(context, &target, |_, folder| {
            let work = Work { arguments, region: &region, window, context };
            let (text, made) = work.make(inputs)?;
            let path = folder.join(FILE);
            std::fs::write(&path, text)
                .map_err(|fault| Failure::new(Exit::Failed, CommandError::io(&path, &fault)))?;
            Ok(made)
        })
    })
}

/// Times of a calibration, all at full steps but the readings' own.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Window {
    from: Timestamp,
    check_from: Timestamp,
    to: Timestamp,
}

impl Window {
    fn new(arguments: &CalibrateArguments) -> Result<Self, Failure> {
        let CalibrateArguments { from, to, check_from, .. } = *arguments;
        let length_s = to.as_second().saturating_sub(from.as_second());
        #[expect(clippy::cast_possible_truncation, reason = "times are whole seconds of 240 h")]
        let calibrated_s = (CALIBRATED_SHARE * length_s as f64) as i64;
        let check_from =
            check_from.or_else(|| from.checked_add(SignedDuration::from_secs(calibrated_s)).ok());
        let check_from = check_from.unwrap_or(to);
        if from < check_from && check_from < to && length_s <= 3_600 * LONGEST_H {
            return Ok(Self { from, check_from, to });
        }
        Err(Failure::new(Exit::Usage, CalibrateError::Window { from, check_from, to }))
    }

    /// Begin of the first step: the warm-up before the window, at full ten minutes.
    fn start(&self, region: &Region) -> Timestamp {
        let warm_up_s = 3_600 * i64::from(region.forecasts.warm_up_hours);
        let step_s = 60 * STEP_MIN;
        let start_s = (self.from.as_second() - warm_up_s).div_euclid(step_s) * step_s;
        Timestamp::from_second(start_s).unwrap_or(self.from)
    }
}

/// What a calibration reads.
struct Inputs {
    basin: BasinFile,
    land: Option<LandCover>,
    stations: crate::gauge_tables::Stations,
    dams: Dams,
    snow: Option<SnowCover>,
    rain: Arrived,
}

impl Inputs {
    fn read(
        arguments: &CalibrateArguments,
        region: &Region,
        window: &Window,
    ) -> Result<Self, Failure> {
        let basin = BasinFile::read(region)?;
        let land = region.rivers.land.as_deref().map(LandCover::read).transpose()?;
        let table = named(region.gauges.table.as_ref(), "gauges.table")?;
        let readings = arguments.readings.as_deref().or(region.gauges.readings.as_deref());
        let stations = stations(table, readings, window.to)?.whole()?;
        let dams = match region.rivers.dams.as_deref() {
            Some(table) => dams(table, region.rivers.releases.as_deref(), window.to)?.whole()?,
            None => Dams::default(),
        };
        let snow = region.snow.as_ref().map(|settings| SnowCover::read(settings, window.to));
        let snow = snow.map(SnowCover::whole).transpose()?;
        let spool = named(region.rainfall.spool.as_ref(), "rainfall.spool")?;
        let start = window.start(region);
        let mut rain = read_spool(spool, region, [start, window.to], window.to)?;
        // What was foreseen is no observation.
        rain.products.retain(|product| product.source == RainSource::Analysis);
        if rain.products.is_empty() {
            let fault = CalibrateError::NoRain { from: start, to: window.to };
            return Err(Failure::new(Exit::Input, fault));
        }
        Ok(Self { basin, land, stations, dams, snow, rain })
    }

    fn complete(
        &self,
        plan: &mut Plan,
        (arguments, region, window): (&CalibrateArguments, &Region, &Window),
    ) {
        plan.settings = BTreeMap::from([
            ("region".to_owned(), json!(region.id)),
            ("from".to_owned(), json!(window.from)),
            ("check_from".to_owned(), json!(window.check_from)),
            ("to".to_owned(), json!(window.to)),
            ("start".to_owned(), json!(window.start(region))),
            ("runs".to_owned(), json!(arguments.runs)),
            ("seed".to_owned(), json!(arguments.seed)),
            ("roughness".to_owned(), json!(region.rivers.roughness)),
        ]);
        plan.inputs = vec![self.basin.file().clone()];
        plan.inputs.extend(self.land.as_ref().map(|land| land.file.clone()));
        plan.inputs.extend(self.stations.inputs.iter().cloned());
        plan.inputs.extend(self.dams.inputs.iter().cloned());
        let snow = self.snow.as_ref();
        plan.settings.extend(snow.map(|snow| ("snow".to_owned(), snow.settled())));
        plan.inputs.extend(snow.into_iter().flat_map(SnowCover::inputs));
        plan.inputs.extend(self.rain.inputs.iter().cloned());
    }
}

struct Work<'a> {
    arguments: &'a CalibrateArguments,
    region: &'a Region,
    window: Window,
    context: &'a Context,
}

/// What every run shares.
struct Trial<'a> {
    model: &'a Model,
    cube: Cube,
    snow: Option<SnowAir>,
    start: Timestamp,
}

impl Work<'_> {
    /// The text of the parameter file, and what the record says.
    fn make(&self, mut inputs: Inputs) -> Result<(String, Made), Failure> {
        let Self { region, window, arguments, context } = self;
        context.progress.stage("model", None);
        let prepared = inputs.basin.open(region.zone)?;
        let start = window.start(region);
        let given = Given {
            cells: &inputs.rain.cells,
            stations: &inputs.stations,
            land: inputs.land.as_ref(),
            dams: &inputs.dams,
            storage: &StorageTable::default(),
            parameters: None,
            start,
        };
        let model = Model::new(region, &prepared, &given)?;
        let products = std::mem::take(&mut inputs.rain.products);
        let cube = cube(&inputs.rain, products, [start, window.to])?;
        let readings = Readings::new(&model, &inputs.stations, [window.from, window.to]);
        let split = window.check_from;
        if !readings.can_be_scored(split) {
            let fault = CalibrateError::NoReadings { gauges: model.gauges.len() };
            return Err(Failure::new(Exit::Input, fault));
        }
        let mut snow = None;
        if let Some(known) = &inputs.snow {
            let mut standing = Faults::default();
            known.count(cube.timeline(), [&mut inputs.rain.faults, &mut standing]);
            inputs.rain.faults.merge(standing);
            let air = known.air(&model, (&inputs.rain.cells, cube.timeline()));
            snow = Some(air.map_err(|fault| Failure::new(Exit::Failed, fault))?);
        }
        let trial = Trial { model: &model, cube, snow, start };
        context.progress.stage("calibrate", Some(u64::from(arguments.runs)));
        // A complex has 11 points, and few runs are better spent on one that evolves than on many.
        let complexes = (arguments.runs / RUNS_OF_COMPLEX).clamp(1, COMPLEXES_MOST);
        let (seed, runs) = (arguments.seed, arguments.runs);
        let search = Search { seed, runs, complexes, ..Search::default() };
        let steps = trial.steps_until(split);
        let found = calibrate(&parameters(), &search, |values| {
            let levels = trial.levels_m(values, steps);
            levels.map_or(f64::NAN, |levels| readings.cost(start, &levels, split))
        })
        .map_err(|fault| Failure::new(Exit::Failed, fault))?;
        if !found.best.cost.is_finite() {
            let fault = CalibrateError::NoRun { runs: found.runs };
            return Err(Failure::new(Exit::Failed, fault));
        }
        let all = trial.cube.timeline().steps;
        let scores = |values: &[f64]| {
            let levels = trial.levels_m(values, all);
            let levels = levels.map_err(|fault| Failure::new(Exit::Failed, fault))?;
            Ok::<_, Failure>(readings.scores(start, &levels, split))
        };
        let [before, after] = [scores(&UNCALIBRATED)?, scores(&found.best.values)?];
        Ok(self.tell((&found, &inputs), (&before, &after), &readings))
    }

    fn tell(
        &self,
        (found, inputs): (&Found, &Inputs),
        (before, after): (&Scores, &Scores),
        readings: &Readings,
    ) -> (String, Made) {
        let Self { region, window, .. } = self;
        let factors = factors_of(&found.best.values);
        let text = jomo_core::time::jst_text;
        let source = format!(
            "jomo flood calibrate, {}: {} to {}, checked from {}",
            region.id,
            text(window.from),
            text(window.to),
            text(window.check_from)
        );
        let mut made = Made { faults: inputs.stations.all_faults(), ..Made::default() };
        made.faults.merge(inputs.dams.faults.clone());
        made.faults.merge(inputs.dams.standing.clone());
        made.faults.merge(inputs.rain.faults.clone());
        if !after.is_better_checked(before) {
            made.faults.add("calibrate-not-better", || MODEL.to_owned());
        }
        made.counts.extend([
            ("runs".to_owned(), u64::from(found.runs)),
            ("gauges".to_owned(), readings.gauges() as u64),
        ]);
        let ranges = |index: usize| {
            let values = found.last.iter().map(|point| point.values[index]);
            values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
                [low.min(value), high.max(value)]
            })
        };
        let names = FACTORS.iter().map(|(name, _)| *name).chain(["wetness"]);
        let spread: BTreeMap<&str, [f64; 2]> =
            names.enumerate().map(|(index, name)| (name, ranges(index))).collect();
        made.more.extend([
            ("parameters".to_owned(), Parameters::told(factors)),
            ("wetness_at_start".to_owned(), json!(found.best.values[FACTORS.len()])),
            ("cost".to_owned(), json!(found.best.cost)),
            ("cost_by_round".to_owned(), json!(found.history)),
            ("ended".to_owned(), json!(if found.end == End::Close { "close" } else { "runs" })),
            ("range_of_last_points".to_owned(), json!(spread)),
            ("uncalibrated".to_owned(), before.told()),
            ("calibrated".to_owned(), after.told()),
        ]);
        (Parameters::text(factors, &source), made)
    }
}

/// The model without any calibration.
const UNCALIBRATED: [f64; 5] = [1.0, 1.0, 1.0, 1.0, FIRST_WETNESS];

fn parameters() -> Vec<Parameter> {
    let factors = FACTORS.iter().map(|(name, range)| Parameter {
        name,
        range: *range,
        scale: Scale::Logarithm,
    });
    let wetness = Parameter { name: "wetness", range: WETNESS, scale: Scale::Linear };
    factors.chain([wetness]).collect()
}

fn factors_of(values: &[f64]) -> [f64; 4] {
    std::array::from_fn(|index| values.get(index).copied().unwrap_or(1.0))
}

fn cube(
    rain: &Arrived,
    products: Vec<Product>,
    [start, to]: [Timestamp; 2],
) -> Result<Cube, Failure> {
    let (length_s, each_s) = (to.as_second() - start.as_second(), 60 * STEP_MIN);
    let steps = usize::try_from((length_s + each_s - 1).div_euclid(each_s)).unwrap_or(0);
    let timeline = Timeline { start, step_s: 600, steps, now: to };
    Cube::join(rain.cells, products, &timeline).map_err(|fault| Failure::new(Exit::Input, fault))
}

impl Trial<'_> {
    fn steps_until(&self, time: Timestamp) -> usize {
        let timeline = self.cube.timeline();
        (0..timeline.steps).take_while(|step| timeline.begin(*step) < time).count()
    }

    /// Levels over the gauges' beds at the start and after each step, `[gauge][step]`, m.
    fn levels_m(
        &self,
        values: &[f64],
        steps: usize,
    ) -> Result<Vec<Vec<f64>>, jomo_flood::BasinError> {
        let Model { basin, gauges, dams, .. } = self.model;
        let factors = factors_of(values);
        let wetness = values.get(FACTORS.len()).copied().unwrap_or(FIRST_WETNESS);
        let member = Member::new(Perturbation::none(), &ModelSpread::default(), wetness);
        let member = super::work::with_factors(member, factors);
        let river = super::model::with_channel(&self.model.river, factors[0]);
        let mut ensemble = Ensemble::new(basin, vec![member], &river, 1)?;
        if let Some(snow) = &self.snow {
            ensemble = snow.over(basin, ensemble)?;
        }
        for dam in &dams.dams {
            ensemble.fill(dam.node as usize, dam.first_depth_m(self.start))?;
        }
        let mut levels = vec![Vec::with_capacity(steps + 1); gauges.len()];
        let mut take = |ensemble: &Ensemble| {
            for (gauge, levels) in gauges.iter().zip(&mut levels) {
                let depth_m = ensemble.depths_m(gauge.node as usize).first().copied();
                levels.push(depth_m.unwrap_or(f64::NAN));
            }
        };
        take(&ensemble);
        for step in 0..steps {
            ensemble.step(basin, &self.cube, step)?;
            let timeline = self.cube.timeline();
            let within = [timeline.begin(step), timeline.begin(step + 1)];
            for dam in &dams.dams {
                if let Some(depth_m) = dam.depth_within_m(within) {
                    ensemble.fill(dam.node as usize, depth_m)?;
                }
            }
            take(&ensemble);
        }
        Ok(levels)
    }
}
