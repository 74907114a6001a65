//! `jomo flood forecast`: one cycle, from rain and gauges to levels along all rivers and the
//! inundation of the plain, published with its reference time and its validity.
//!
//! `docs/methods/forecast.md` tells what is computed how, `docs/guide/river.md` how it is used.

mod band;
mod beside;
mod breach;
pub mod calibrate;
mod cycle;
mod dams;
mod hits;
mod inundation;
mod judged;
mod layers;
mod levels;
mod model;
mod outage;
mod record;
mod shortfall;
mod snow;
mod soil;
mod state;
mod storage;
mod work;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_core::layer::{InputFile, Mode};
use jomo_core::message::{Arguments, Coded};
use jomo_flood::rainfall::{self, Perturbation, Source as RainSource, Spread, Timeline};
use serde_json::{Value, json};

use self::band::BAND;
use self::hits::{Facilities, HITS};
use self::layers::{BANKS, LEVELS};
use self::model::{BasinFile, LandCover};
use self::record::STEP_MIN;
use self::snow::SnowCover;
use self::soil::SOIL;
use self::storage::StorageTable;
use self::work::{StageTimes, Work};
use crate::dam_tables::{Dams, dams};
use crate::dressing_table::Dressings;
use crate::failure::{Exit, Failure};
use crate::flood::{BreachFile, Parameters};
use crate::flood_layers::Theme;
use crate::flood_prepare::named;
use crate::gauge_tables::{Stations, count_unread, stations};
use crate::outcome::Outcome;
use crate::rain::{CLOCK_SKEW, mode};
use crate::rainfall::{Arrived, read_spool};
use crate::region::Region;
use crate::run::{Context, Plan, Target, record_failure_of};

/// Name of the command in records.
const COMMAND: &str = "flood forecast";
/// Readings that quality control doubts are told for so long: a level is carried ahead from one that
/// is three hours old at most, so that an older one is no longer missed by the forecast.
const DOUBTS_TOLD: SignedDuration = SignedDuration::from_hours(3);
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
        if matches!(target, Target::Store(_)) {
            request.check_validity(context)?;
        }
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
    dressings: Dressings,
    dams: Dams,
    snow: Option<SnowCover>,
    storage: StorageTable,
    parameters: Option<Parameters>,
    breaches: Option<(BreachFile, InputFile)>,
    /// Begin of the first step that is computed.
    start: Timestamp,
    state: Option<state::Saved>,
    faults: Faults,
    /// What the tables themselves lack.
    standing: Faults,
}

impl Inputs {
    /// What a state must fit.
    fn key(&self, region: &Region) -> String {
        state::key(self.basin.file(), region, (&self.dams, self.parameters.as_ref()))
    }
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

    /// A store would refuse the result after minutes of work; a folder keeps it for other ends.
    fn check_validity(&self, context: &Context) -> Result<(), Failure> {
        let valid_min = self.region.forecasts.valid_for_min;
        let valid = SignedDuration::try_from_secs_f64(60.0 * valid_min).unwrap_or_default();
        let expires = self.reference_time.saturating_add(valid).unwrap_or(Timestamp::MAX);
        if self.mode == Mode::Live && expires <= context.now {
            let (reference, now) = (self.reference_time, context.now);
            let fault = ForecastError::Stale { reference, expires, now };
            return Err(Failure::new(Exit::Blocked, fault));
        }
        Ok(())
    }

    fn publish(
        &self,
        plan: &mut Plan,
        target: &Target,
        context: &Context,
    ) -> Result<Outcome, Failure> {
        let mut timeline = StageTimes::new(context);
        timeline.begin("read");
        let mut inputs = self.read()?;
        self.complete(plan, &inputs);
        if let Some(unchanged) = plan.unchanged(context, target)? {
            return Ok(unchanged);
        }
        let products = std::mem::take(&mut inputs.rain.products);
        plan.clone().execute(context, target, |plan, stage| {
            let work = Work { request: self, inputs: &inputs, plan, context };
            work.make(stage, timeline, products)
        })
    }

    fn read(&self) -> Result<Inputs, Failure> {
        let Self { region, reference_time, .. } = self;
        let basin = BasinFile::read(region)?;
        let land = region.rivers.land.as_deref().map(LandCover::read).transpose()?;
        let table = named(region.gauges.table.as_ref(), "gauges.table")?;
        let stations = stations(table, region.gauges.readings.as_deref(), *reference_time)?;
        if self.mode == Mode::Fictional {
            stations.require_fictional(table)?;
        }
        let dressing = region.forecasts.dressing.as_deref();
        let dressings = dressing.map(Dressings::read).transpose()?.unwrap_or_default();
        let mut faults = stations.faults.clone();
        faults.merge(stations.doubted_after(earlier(*reference_time, DOUBTS_TOLD)));
        count_unread(&stations.unread, &mut faults);
        let releases = region.rivers.releases.as_deref();
        let dams = match region.rivers.dams.as_deref() {
            Some(table) => dams(table, releases, *reference_time)?,
            None => Dams::default(),
        };
        faults.merge(dams.faults.clone());
        let mut standing = stations.standing.clone();
        standing.merge(dams.standing.clone());
        count_unread(&dams.unread, &mut faults);
        let hours = i64::from(region.forecasts.warm_up_hours);
        let cold = earlier(*reference_time, SignedDuration::from_hours(hours));
        let parameters = region.rivers.parameters.as_deref().map(Parameters::open).transpose()?;
        let breaches = region.rivers.breaches.as_deref().filter(|_| self.is_inundated());
        let breaches = breaches.map(BreachFile::open).transpose()?;
        let key = state::key(basin.file(), region, (&dams, parameters.as_ref()));
        let saved = match self.state_folder() {
            None => None,
            Some(folder) => state::begin(folder, &key, [cold, *reference_time], &mut faults)?,
        };
        let start = saved.as_ref().map_or(cold, |saved| saved.time);
        let snow = self.read_snow((start, saved.is_none()), &key, [&mut faults, &mut standing])?;
        let storage = region.rivers.storage_functions.as_deref();
        let storage = storage.map(|path| StorageTable::read(path, [&mut faults, &mut standing]));
        let spool = named(region.rainfall.spool.as_ref(), "rainfall.spool")?;
        let lead = SignedDuration::from_hours(i64::from(region.forecasts.hours));
        let end = reference_time.checked_add(lead).unwrap_or(Timestamp::MAX);
        let mut rain = read_spool(spool, region, [start, end], *reference_time)?;
        self.check_rain(&mut rain)?;
        faults.merge(rain.faults.clone());
        let facilities = self.is_inundated().then(|| Facilities::read(region)).transpose()?;
        Ok(Inputs {
            basin,
            land,
            facilities,
            rain,
            stations,
            dressings,
            dams,
            snow,
            storage: storage.unwrap_or_default(),
            parameters,
            breaches,
            start,
            state: saved,
            faults,
            standing,
        })
    }

    /// What is known of snow, if it is followed: at a cold start that of an older state.
    fn read_snow(
        &self,
        (start, is_cold): (Timestamp, bool),
        key: &str,
        [faults, standing]: [&mut Faults; 2],
    ) -> Result<Option<SnowCover>, Failure> {
        let Some(settings) = &self.region.snow else { return Ok(None) };
        let mut snow = SnowCover::read(settings, self.reference_time);
        snow.count(&self.timeline(start), [&mut *faults, standing]);
        if is_cold {
            let folder = self.state_folder();
            let older = folder.map(|folder| state::snow_before(folder, key, start)).transpose()?;
            snow.older = older.flatten();
            snow.count_start(self.reference_time, faults);
        }
        Ok(Some(snow))
    }

    /// The steps of a cycle that begins at a time.
    fn timeline(&self, start: Timestamp) -> Timeline {
        let past = self.reference_time.duration_since(start).as_mins() / STEP_MIN;
        let ahead = i64::from(self.region.forecasts.hours) * 60 / STEP_MIN;
        Timeline {
            start,
            step_s: 600,
            steps: usize::try_from(past + ahead).unwrap_or(0),
            now: self.reference_time,
        }
    }

    /// Whether the plain is computed, too.
    fn is_inundated(&self) -> bool {
        !self.arguments.levels_only && 0 < self.region.forecasts.inundation_hours
    }

    fn state_folder(&self) -> Option<&Path> {
        let own = self.arguments.state.as_deref();
        own.or(self.region.forecasts.state.as_deref())
    }

    /// A forecast without rain ahead would promise falling rivers. For some time an older rain
    /// forecast is better than none, while gauges go on reporting: then it is a fault, with the age.
    fn check_rain(&self, rain: &mut Arrived) -> Result<(), Failure> {
        let ahead = rain.products.iter().filter(|product| {
            product.source != RainSource::Analysis
                && product.reference_time <= self.reference_time
                && self.reference_time < product.to
        });
        let newest = ahead.map(|product| product.reference_time).max();
        let valid_for_min = self.region.rainfall.valid_for_min;
        let age_min =
            newest.map(|newest| self.reference_time.duration_since(newest).as_secs_f64() / 60.0);
        let late_min = self.region.forecasts.rain_late_min.max(valid_for_min);
        if let Some(age_min) = age_min.filter(|age_min| *age_min <= late_min) {
            if valid_for_min < age_min {
                rain.faults.add("forecast-rain-late", || format!("{age_min} min"));
            }
            return Ok(());
        }
        let valid_for_min = late_min;
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
            (
                "parameters".to_owned(),
                json!(inputs.parameters.as_ref().map(|known| Parameters::told(known.factors))),
            ),
            ("legal".to_owned(), json!(legal)),
        ]);
        let snow = inputs.snow.as_ref();
        plan.settings.extend(snow.map(|snow| ("snow".to_owned(), snow.settled())));
        plan.inputs = vec![inputs.basin.file().clone()];
        plan.inputs.extend(inputs.land.as_ref().map(|land| land.file.clone()));
        plan.inputs.extend(inputs.state.as_ref().map(|state| state.file.clone()));
        plan.inputs.extend(inputs.stations.inputs.iter().cloned());
        plan.inputs.extend(inputs.parameters.as_ref().map(|known| known.file.clone()));
        plan.inputs.extend(inputs.dressings.input.clone());
        plan.inputs.extend(inputs.breaches.as_ref().map(|(_, file)| file.clone()));
        plan.inputs.extend(inputs.dams.inputs.iter().cloned());
        plan.inputs.extend(snow.into_iter().flat_map(SnowCover::inputs));
        plan.inputs.extend(inputs.storage.input.clone());
        plan.inputs.extend(inputs.rain.inputs.iter().cloned());
        plan.inputs.extend(inputs.facilities.iter().flat_map(|known| known.inputs.iter().cloned()));
        plan.layers = vec![BANKS.to_owned(), LEVELS.to_owned(), SOIL.to_owned()];
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
