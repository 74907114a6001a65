//! `jomo flood forecast`: one cycle, from rain and gauges to levels along all rivers and the
//! inundation of the plain, published with its reference time and its validity.
//!
//! `docs/methods/forecast.md` tells what is computed how, `docs/guide/river.md` how it is used.

mod band;
mod cycle;
mod hits;
mod inundation;
mod layers;
mod levels;
mod model;
mod record;
mod state;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_core::layer::Mode;
use jomo_core::message::{Arguments, Coded};
use jomo_flood::basin::{Ensemble, Member, ModelSpread};
use jomo_flood::ensemble::representatives;
use jomo_flood::rainfall::{self, Cube, Perturbation, Source as RainSource, Spread, Timeline};
use serde_json::{Value, json};

use self::band::BAND;
use self::cycle::{Ahead, Cycle, GaugeRecord, Now};
use self::hits::{Facilities, HITS};
use self::inundation::Inundation;
use self::layers::{BANKS, BankLines, Issue, LEVELS};
use self::model::{BasinFile, LandCover, Model};
use self::record::{STEP_MIN, valid_times};
use crate::failure::{Exit, Failure};
use crate::flood_layers::{Edition, Theme, Told, stage_layers};
use crate::flood_prepare::named;
use crate::gauge_tables::{Stations, stations};
use crate::outcome::Outcome;
use crate::rain::{CLOCK_SKEW, mode};
use crate::rainfall::{Arrived, read_spool};
use crate::region::Region;
use crate::run::{Context, Made, Plan, Target, record_failure_of};

/// Name of the command in records.
const COMMAND: &str = "flood forecast";
/// Share of the soil's store that is full at a cold start: the middle of the members, which spread
/// from a sixth to four fifths about it. The rain of the warm-up and the gauges do the rest.
const FIRST_WETNESS: f64 = 0.4;

/// Arguments of `jomo flood forecast`.
#[derive(Clone, Debug, Args)]
pub struct ForecastArguments {
    /// Region file, or the folder it is in.
    pub region: PathBuf,
    /// Reference time; what came later is not used. By default now.
    #[arg(long)]
    pub at: Option<Timestamp>,
    /// The store to publish in.
    #[arg(long)]
    pub store: Option<PathBuf>,
    /// A folder for the result, to be published later.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// A folder of states instead of the one that the region file names.
    #[arg(long)]
    pub state: Option<PathBuf>,
    /// Forecast the levels only, without the inundation.
    #[arg(long)]
    pub levels_only: bool,
    /// Whether a past event is made again: then nothing of it is live.
    #[arg(skip)]
    pub replay: bool,
}

/// Why no forecast was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForecastError {
    /// The reference time lies ahead of the clock.
    #[error("reference time {reference} is after the clock {now}")]
    Ahead {
        /// The reference time.
        reference: Timestamp,
        /// Our clock.
        now: Timestamp,
    },
    /// No forecast of rain that holds at the reference time.
    #[error("no rain forecast of the last {valid_for_min} min before {reference}")]
    NoRain {
        /// The reference time.
        reference: Timestamp,
        /// The newest rain forecast.
        newest: Option<Timestamp>,
        /// Minutes for which one holds.
        valid_for_min: f64,
        /// Files that were refused.
        refused: usize,
    },
    /// The forecast would be stale before it could be published.
    #[error("a forecast of {reference} holds until {expires}, and it is {now}")]
    Stale {
        /// The reference time.
        reference: Timestamp,
        /// When it ends.
        expires: Timestamp,
        /// Our clock.
        now: Timestamp,
    },
}

impl Coded for ForecastError {
    fn code(&self) -> &'static str {
        match self {
            Self::Ahead { .. } => "forecast-ahead",
            Self::NoRain { .. } => "forecast-no-rain",
            Self::Stale { .. } => "forecast-stale",
        }
    }

    fn arguments(&self) -> Arguments {
        let text = jomo_core::time::jst_text;
        match self {
            Self::Ahead { reference, now } => {
                vec![("reference", text(*reference)), ("now", text(*now))]
            }
            Self::NoRain { reference, newest, valid_for_min, refused } => vec![
                ("reference", text(*reference)),
                ("newest", newest.map_or_else(|| "none".to_owned(), text)),
                ("minutes", valid_for_min.to_string()),
                ("refused", refused.to_string()),
            ],
            Self::Stale { reference, expires, now } => vec![
                ("reference", text(*reference)),
                ("expires", text(*expires)),
                ("now", text(*now)),
            ],
        }
    }
}

/// Makes a forecast and publishes it, or keeps it in a folder.
///
/// # Errors
/// If the region lacks what is needed, the rain is missing or stale, the model breaks down, or the
/// result cannot be written.
pub fn run(arguments: &ForecastArguments, context: &Context) -> Result<Outcome, Failure> {
    let target = Target::from_flags(arguments.store.clone(), arguments.out.clone())?;
    let plan = Plan {
        command: COMMAND,
        settings: BTreeMap::new(),
        inputs: Vec::new(),
        layers: Vec::new(),
    };
    record_failure_of(plan, &target, context, |plan| {
        let request = Request::new(arguments, context)?;
        request.publish(plan, &target, context)
    })
}

/// A checked request.
struct Request<'a> {
    arguments: &'a ForecastArguments,
    region: Region,
    reference_time: Timestamp,
    mode: Mode,
}

/// Everything that a forecast is made from.
struct Inputs {
    basin: BasinFile,
    land: Option<LandCover>,
    facilities: Option<Facilities>,
    rain: Arrived,
    stations: Stations,
    /// Begin of the first step that is computed.
    start: Timestamp,
    state: Option<state::Saved>,
    faults: Faults,
}

impl<'a> Request<'a> {
    fn new(arguments: &'a ForecastArguments, context: &Context) -> Result<Self, Failure> {
        let region = Region::open(&arguments.region)?;
        let asked = arguments.at.unwrap_or(context.now);
        let reference_time = ten_minutes_before(asked);
        let mode = match mode(&region, reference_time, context.now) {
            Mode::Live if arguments.replay => Mode::Replay,
            mode => mode,
        };
        let latest = context.now.saturating_add(CLOCK_SKEW).unwrap_or(Timestamp::MAX);
        if mode != Mode::Fictional && latest < reference_time {
            let fault = ForecastError::Ahead { reference: reference_time, now: context.now };
            return Err(Failure::new(Exit::Blocked, fault));
        }
        Ok(Self { arguments, region, reference_time, mode })
    }

    fn publish(
        &self,
        plan: &mut Plan,
        target: &Target,
        context: &Context,
    ) -> Result<Outcome, Failure> {
        let mut timeline = StageTimes::new(context);
        timeline.begin("read");
        let inputs = self.read()?;
        self.complete(plan, &inputs);
        if let Some(unchanged) = plan.unchanged(context, target)? {
            return Ok(unchanged);
        }
        plan.clone().execute(context, target, |plan, stage| {
            let work = Work { request: self, inputs: &inputs, plan, context };
            work.make(stage, timeline)
        })
    }

    fn read(&self) -> Result<Inputs, Failure> {
        let Self { region, reference_time, .. } = self;
        let basin = BasinFile::read(region)?;
        let land = region.rivers.land.as_deref().map(LandCover::read).transpose()?;
        let table = named(region.gauges.table.as_ref(), "gauges.table")?;
        let stations = stations(table, region.gauges.readings.as_deref(), *reference_time)?;
        let mut faults = stations.faults.clone();
        let hours = i64::from(region.forecasts.warm_up_hours);
        let cold = earlier(*reference_time, SignedDuration::from_hours(hours));
        let key = state::key(basin.file(), region);
        let saved = match self.state_folder() {
            None => None,
            Some(folder) => state::newest(folder, &key, [cold, *reference_time], &mut faults)?,
        };
        let start = saved.as_ref().map_or(cold, |saved| saved.time);
        let spool = named(region.rainfall.spool.as_ref(), "rainfall.spool")?;
        let lead = SignedDuration::from_hours(i64::from(region.forecasts.hours));
        let end = reference_time.checked_add(lead).unwrap_or(Timestamp::MAX);
        let rain = read_spool(spool, region, [start, end], *reference_time)?;
        self.check_rain(&rain)?;
        faults.merge(rain.faults.clone());
        let facilities = self.is_inundated().then(|| Facilities::read(region)).transpose()?;
        Ok(Inputs { basin, land, facilities, rain, stations, start, state: saved, faults })
    }

    /// Whether the plain is computed, too.
    fn is_inundated(&self) -> bool {
        !self.arguments.levels_only && 0 < self.region.forecasts.inundation_hours
    }

    fn state_folder(&self) -> Option<&Path> {
        let own = self.arguments.state.as_deref();
        own.or(self.region.forecasts.state.as_deref())
    }

    /// A forecast without rain ahead would promise falling rivers.
    fn check_rain(&self, rain: &Arrived) -> Result<(), Failure> {
        let ahead = rain.products.iter().filter(|product| {
            product.source != RainSource::Analysis
                && product.reference_time <= self.reference_time
                && self.reference_time < product.to
        });
        let newest = ahead.map(|product| product.reference_time).max();
        let valid_for_min = self.region.rainfall.valid_for_min;
        let valid = SignedDuration::try_from_secs_f64(60.0 * valid_for_min);
        let oldest = earlier(self.reference_time, valid.unwrap_or(SignedDuration::ZERO));
        if newest.is_some_and(|newest| oldest <= newest) {
            return Ok(());
        }
        let (reference, refused) = (self.reference_time, rain.refused.len());
        let fault = ForecastError::NoRain { reference, newest, valid_for_min, refused };
        Err(Failure::new(Exit::Blocked, fault))
    }

    fn complete(&self, plan: &mut Plan, inputs: &Inputs) {
        let forecasts = &self.region.forecasts;
        let rivers = &self.region.rivers;
        let legal: Vec<Value> = forecasts
            .legal
            .iter()
            .map(|basis| {
                json!({
                    "audience": basis.audience, "basis": basis.basis,
                    "since": basis.since.to_string(), "approver": basis.approver,
                })
            })
            .collect();
        plan.settings = BTreeMap::from([
            ("region".to_owned(), json!(self.region.id)),
            ("mode".to_owned(), json!(self.mode)),
            ("reference_time".to_owned(), json!(self.reference_time)),
            ("start".to_owned(), json!(inputs.start)),
            ("members".to_owned(), json!(forecasts.members)),
            ("seed".to_owned(), json!(forecasts.seed)),
            ("hours".to_owned(), json!(forecasts.hours)),
            ("inundation_hours".to_owned(), json!(forecasts.inundation_hours)),
            ("inundation_km2".to_owned(), json!(forecasts.inundation_km2)),
            ("levels_only".to_owned(), json!(self.arguments.levels_only)),
            ("valid_for_min".to_owned(), json!(forecasts.valid_for_min)),
            ("roughness".to_owned(), json!(rivers.roughness)),
            ("legal".to_owned(), json!(legal)),
        ]);
        plan.inputs = vec![inputs.basin.file().clone()];
        plan.inputs.extend(inputs.land.as_ref().map(|land| land.file.clone()));
        plan.inputs.extend(inputs.state.as_ref().map(|state| state.file.clone()));
        plan.inputs.extend(inputs.stations.inputs.iter().cloned());
        plan.inputs.extend(inputs.rain.inputs.iter().cloned());
        plan.inputs.extend(inputs.facilities.iter().flat_map(|known| known.inputs.iter().cloned()));
        plan.layers = vec![BANKS.to_owned(), LEVELS.to_owned()];
        if self.is_inundated() {
            plan.layers.extend([BAND, HITS].map(str::to_owned));
            plan.layers.extend(Theme::ALL.map(|theme| theme.layer().to_owned()));
        }
    }

    /// What each member makes of the rain of this cycle, and of beds and soil in all cycles.
    fn perturbations(&self) -> Result<Vec<Perturbation>, Failure> {
        let forecasts = &self.region.forecasts;
        let draw = |seed| {
            rainfall::members(forecasts.members, seed, &Spread::default())
                .map_err(|fault| Failure::new(Exit::Failed, fault))
        };
        // The errors of every rain are its own: one set would lean to one side for a whole night.
        let cycle = self.reference_time.as_second().cast_unsigned() / 600;
        let seed = forecasts.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(cycle);
        let mut members = draw(seed)?;
        for (member, lasting) in members.iter_mut().zip(draw(forecasts.seed)?) {
            (member.soil, member.roughness) = (lasting.soil, lasting.roughness);
        }
        Ok(members)
    }
}

fn ten_minutes_before(time: Timestamp) -> Timestamp {
    let step = 60 * STEP_MIN;
    Timestamp::from_second(time.as_second().div_euclid(step) * step).unwrap_or(time)
}

fn earlier(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// When each stage of the cycle began and how long it took.
struct StageTimes {
    began: Instant,
    context: Context,
    stages: Vec<(&'static str, f64)>,
}

impl StageTimes {
    fn new(context: &Context) -> Self {
        Self { began: Instant::now(), context: context.clone(), stages: Vec::new() }
    }

    fn begin(&mut self, stage: &'static str) {
        self.context.progress.stage(stage, None);
        self.stages.push((stage, self.began.elapsed().as_secs_f64()));
    }

    /// Stages with their begin and length in s since the first.
    fn told(&self) -> Value {
        let end = self.began.elapsed().as_secs_f64();
        let ends = self.stages.iter().skip(1).map(|(_, began)| *began).chain([end]);
        let stage = |((stage, began), end): (&(&str, f64), f64)| {
            json!({ "stage": stage, "began_s": millis(*began), "took_s": millis(end - began) })
        };
        json!(self.stages.iter().zip(ends).map(stage).collect::<Vec<_>>())
    }
}

/// Begins of the steps in which a part of the basin has no rain data.
fn gaps<'a>(cube: &'a Cube, model: &'a Model) -> impl Iterator<Item = Timestamp> + 'a {
    let mut rates = vec![0.0; cube.cells().count()];
    let under = model.basin.slopes().under_rain_m2();
    let is_gap = move |step: &usize| {
        cube.rates(*step, &mut rates);
        rates.iter().zip(under).any(|(rate, area)| rate.is_nan() && 0.0 < *area)
    };
    (0..cube.timeline().steps).filter(is_gap).map(|step| cube.timeline().begin(step))
}

fn millis(seconds: f64) -> f64 {
    (1_000.0 * seconds).round() / 1_000.0
}

/// A cycle at work.
struct Work<'a> {
    request: &'a Request<'a>,
    inputs: &'a Inputs,
    plan: &'a Plan,
    context: &'a Context,
}

impl Work<'_> {
    fn make(&self, stage: &Path, mut timeline: StageTimes) -> Result<Made, Failure> {
        let Work { request, inputs, context, .. } = self;
        let region = &request.region;
        let failed = |fault| Failure::new(Exit::Failed, fault);
        timeline.begin("model");
        let prepared = inputs.basin.open(region.zone)?;
        let (cells, land) = (&inputs.rain.cells, inputs.land.as_ref());
        let model = Model::new(region, &prepared, cells, &inputs.stations, land)?;
        let cube = self.cube()?;
        let cycle = Cycle {
            model: &model,
            stations: &inputs.stations,
            cube: &cube,
            reference_time: request.reference_time,
        };
        timeline.begin("catch-up");
        let start = self.start(&model)?;
        let mut now = cycle.catch_up(start, |_| ()).map_err(failed)?;
        if let Some(folder) = request.state_folder() {
            let key = state::key(inputs.basin.file(), region);
            state::save(folder, &key, request.reference_time, &model, &now)?;
        }
        timeline.begin("ahead");
        let hours = region.forecasts.inundation_hours.min(region.forecasts.hours);
        let hours = if request.is_inundated() { hours } else { 0 };
        let steps = usize::try_from(i64::from(hours) * 60 / STEP_MIN).unwrap_or(0);
        let at_reference = (0 < steps).then(|| now.ensemble.clone());
        let ahead = cycle.ahead(&mut now, steps, |_| ()).map_err(failed)?;
        let inundation = match &at_reference {
            None => None,
            Some(ensemble) => {
                timeline.begin("inundation");
                Some(self.inundation(&model, ensemble, &ahead, (steps, stage))?)
            }
        };
        timeline.begin("tiles");
        let times = valid_times(request.reference_time, region.forecasts.hours);
        let issue = Issue {
            region,
            plan: self.plan,
            mode: request.mode,
            reference_time: request.reference_time,
            times: &times,
            context,
        };
        let mut made = self.put(stage, &issue, &prepared, &model, &ahead)?;
        if let Some(inundation) = &inundation {
            self.put_inundation(stage, &issue, inundation, &mut made)?;
        }
        Ok(self.tell(made, &model, &now, &ahead, (&cube, timeline.told())))
    }

    /// The plain of the members that stand for the low, the middle and the high.
    fn inundation(
        &self,
        model: &Model,
        ensemble: &Ensemble,
        ahead: &Ahead,
        (steps, stage): (usize, &Path),
    ) -> Result<Inundation, Failure> {
        let members = representatives(&ahead.overflow_m3).unwrap_or_default();
        let start = inundation::Start {
            model,
            ensemble,
            lateral_m3_s: &ahead.lateral_m3_s,
            members,
            steps,
            least_km2: self.request.region.forecasts.inundation_km2,
        };
        let progress = &self.context.progress;
        let folder = stage.with_file_name("inundation");
        inundation::run(&start, &folder, |done| progress.step("inundation", done as u64))
    }

    fn put_inundation(
        &self,
        stage: &Path,
        issue: &Issue<'_>,
        inundation: &Inundation,
        made: &mut Made,
    ) -> Result<(), Failure> {
        let region = issue.region;
        let told = Told {
            mode: issue.mode,
            start: issue.reference_time,
            edition: Edition::default(),
            valid_for_min: region.forecasts.valid_for_min,
            audience: issue.audience(),
        };
        let (plan, context) = (issue.plan, issue.context);
        made.layers.extend(stage_layers(&inundation.folder, (region, told), (plan, stage), context)?);
        made.layers.push(band::put(issue, stage, &inundation.cases)?);
        if let Some(facilities) = &self.inputs.facilities {
            let (layer, table) = hits::put(issue, stage, facilities, &inundation.cases)?;
            levels::write(&stage.with_file_name(hits::FILE), &table)?;
            made.layers.push(layer);
        }
        made.more.insert("inundation".to_owned(), json!(inundation.told));
        Ok(())
    }

    fn cube(&self) -> Result<Cube, Failure> {
        let Inputs { rain, start, .. } = self.inputs;
        let request = self.request;
        let past = request.reference_time.duration_since(*start).as_mins() / STEP_MIN;
        let ahead = i64::from(request.region.forecasts.hours) * 60 / STEP_MIN;
        let timeline = Timeline {
            start: *start,
            step_s: 600,
            steps: usize::try_from(past + ahead).unwrap_or(0),
            now: request.reference_time,
        };
        Cube::join(rain.cells, rain.products.clone(), &timeline)
            .map_err(|fault| Failure::new(Exit::Input, fault))
    }

    /// The members at the start: as they were saved, or cold.
    fn start(&self, model: &Model) -> Result<Now, Failure> {
        let region = &self.request.region;
        let spread = ModelSpread::default();
        let members: Vec<Member> = self
            .request
            .perturbations()?
            .into_iter()
            .map(|rain| Member::new(rain, &spread, FIRST_WETNESS))
            .collect();
        let seed = region.forecasts.seed;
        let ensemble = Ensemble::new(&model.basin, members, &model.river, seed)
            .map_err(|fault| Failure::new(Exit::Input, fault))?;
        let ids = model.gauges.iter().map(|gauge| {
            let station = &self.inputs.stations.stations[gauge.station];
            station.gauge.id.clone()
        });
        let records = ids.map(|id| GaugeRecord { id, errors: Vec::new() }).collect();
        let now = Now { ensemble, records, used: 0, rejected: Vec::new(), agreed: 0 };
        match &self.inputs.state {
            None => Ok(now),
            Some(saved) => saved.take_up(model, now, seed),
        }
    }

    fn put(
        &self,
        stage: &Path,
        issue: &Issue<'_>,
        prepared: &jomo_terrain::Prepared<'_>,
        model: &Model,
        ahead: &Ahead,
    ) -> Result<Made, Failure> {
        let stations = &self.inputs.stations.stations;
        let network = prepared.network();
        let reach_ids: Vec<String> = (0..network.reaches().len())
            .map(|reach| network.id(reach).unwrap_or_default())
            .collect();
        let lines = BankLines {
            zone: network.placement().zone,
            banks: prepared.banks(),
            nodes: model.basin.waterway().nodes(),
            reach_ids: &reach_ids,
        };
        let table = levels::table(issue, stations, &ahead.gauges);
        if let Some(folder) = stage.parent() {
            levels::write(&folder.join(levels::FILE), &table)?;
        }
        let layers = vec![
            layers::put_banks(issue, stage, &lines, &ahead.banks)?,
            layers::put_gauges(issue, stage, stations, &ahead.gauges)?,
        ];
        Ok(Made { layers, ..Made::default() })
    }

    /// What the record of the run says besides.
    fn tell(
        &self,
        mut made: Made,
        model: &Model,
        now: &Now,
        ahead: &Ahead,
        (cube, timeline): (&Cube, Value),
    ) -> Made {
        let mut faults = self.inputs.faults.clone();
        for (code, id) in &model.left_out {
            faults.add(code, || id.clone());
        }
        for place in &now.rejected {
            faults.add("forecast-observation-rejected", || place.clone());
        }
        let reference = self.request.reference_time;
        for time in gaps(cube, model).take_while(|time| *time < reference) {
            faults.add("forecast-rain-gap", || time.to_string());
        }
        faults.merge(ahead.faults.clone());
        let count = |number: usize| number as u64;
        made.counts.extend([
            ("nodes".to_owned(), count(model.basin.waterway().nodes().len())),
            ("slope_elements".to_owned(), count(model.basin.slopes().elements().len())),
            ("members".to_owned(), count(now.ensemble.count())),
            ("gauges".to_owned(), count(model.gauges.len())),
            ("observations_used".to_owned(), now.used),
            ("silences_agreed".to_owned(), now.agreed),
        ]);
        let rain_until = cube.last_with_data().map(|step| cube.timeline().begin(step + 1));
        made.more.extend([
            ("reference_time".to_owned(), json!(reference)),
            ("rain_until".to_owned(), json!(rain_until)),
            ("timeline".to_owned(), timeline),
            ("volume_error".to_owned(), json!(now.ensemble.volume_error(&model.basin))),
            ("rain_refused".to_owned(), json!(self.inputs.rain.refused)),
            ("cold_start".to_owned(), json!(self.inputs.state.is_none())),
        ]);
        made.faults = faults;
        made
    }
}
