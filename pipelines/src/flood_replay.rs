//! `jomo flood replay`: the forecasts of a past event, made again as if each time were now.
//!
//! Every cycle knows only what had its reference time by then, keeps its states in the folder of
//! the replay, and leaves `levels.csv` and its record: what `jomo flood verify` scores. Nothing is
//! published as live.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use jomo_core::message::{Arguments, Coded};
use jomo_core::time::compact;
use serde_json::{Value, json};

use crate::failure::{CommandError, Exit, Failure};
use crate::flood_forecast::{self, ForecastArguments};
use crate::outcome::Outcome;
use crate::region::Region;
use crate::run::{Context, Made, Plan, Target, record_failure_of};

/// Name of the command in records.
const COMMAND: &str = "flood replay";
/// Most cycles of a replay: a month of ten-minute cycles.
const CYCLES_MAX: i64 = 4_464;
/// A cycle is ten minutes.
const CYCLE_MIN: i64 = 10;

/// Arguments of `jomo flood replay`.
#[derive(Clone, Debug, Args)]
pub struct ReplayArguments {
    /// Region file, or the folder it is in.
    pub region: PathBuf,
    /// First reference time.
    #[arg(long)]
    pub from: Timestamp,
    /// Last reference time.
    #[arg(long)]
    pub to: Timestamp,
    /// Minutes between two forecasts, a multiple of ten.
    #[arg(long, default_value_t = CYCLE_MIN, value_parser = clap::value_parser!(i64).range(CYCLE_MIN..=1_440))]
    pub every_min: i64,
    /// A folder for the forecasts.
    #[arg(long)]
    pub out: PathBuf,
    /// Forecast the levels only, without the inundation.
    #[arg(long)]
    pub levels_only: bool,
}

/// Why nothing was replayed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The last time lies before the first, or there are too many cycles.
    #[error("{cycles} cycles from {from} to {to}: expected 1 to {CYCLES_MAX}")]
    Span {
        /// First reference time.
        from: Timestamp,
        /// Last reference time.
        to: Timestamp,
        /// Number of cycles; less than 1 if the times are the wrong way round.
        cycles: i64,
    },
    /// The interval is not a multiple of ten minutes.
    #[error("every {every_min} min: expected a multiple of {CYCLE_MIN}")]
    Every {
        /// As given.
        every_min: i64,
    },
    /// No cycle of all could be made.
    #[error("none of {cycles} cycles could be made; the first failed with {code}")]
    None {
        /// Number of cycles.
        cycles: usize,
        /// Code of the first error.
        code: String,
    },
}

impl Coded for ReplayError {
    fn code(&self) -> &'static str {
        match self {
            Self::Span { .. } => "replay-span",
            Self::Every { .. } => "replay-every",
            Self::None { .. } => "replay-none",
        }
    }

    fn arguments(&self) -> Arguments {
        let text = jomo_core::time::jst_text;
        match self {
            Self::Span { from, to, cycles } => vec![
                ("from", text(*from)),
                ("to", text(*to)),
                ("cycles", cycles.to_string()),
                ("limit", CYCLES_MAX.to_string()),
            ],
            Self::Every { every_min } => vec![("minutes", every_min.to_string())],
            Self::None { cycles, code } => {
                vec![("cycles", cycles.to_string()), ("code", code.clone())]
            }
        }
    }
}

/// Replays the cycles between two times.
///
/// # Errors
/// Times that make no sense, or if no cycle can be made. A cycle that cannot be made is counted
/// and the next one goes on: so does the feed of a real night.
pub fn run(arguments: &ReplayArguments, context: &Context) -> Result<Outcome, Failure> {
    let target = Target::Out(arguments.out.clone());
    let plan = Plan {
        command: COMMAND,
        settings: BTreeMap::new(),
        inputs: Vec::new(),
        layers: Vec::new(),
    };
    record_failure_of(plan, &target, context, |plan| {
        let times = times(arguments)?;
        let region = Region::open(&arguments.region)?;
        plan.settings = BTreeMap::from([
            ("region".to_owned(), json!(region.id)),
            ("from".to_owned(), json!(arguments.from)),
            ("to".to_owned(), json!(arguments.to)),
            ("every_min".to_owned(), json!(arguments.every_min)),
            ("levels_only".to_owned(), json!(arguments.levels_only)),
            // What lies in the spool may change between two replays: each is a run of its own.
            ("begun".to_owned(), json!(context.now)),
        ]);
        plan.clone()
            .execute(context, &target, |_, folder| cycles(arguments, &times, folder, context))
    })
}

fn times(arguments: &ReplayArguments) -> Result<Vec<Timestamp>, Failure> {
    let ReplayArguments { from, to, every_min, .. } = *arguments;
    if every_min % CYCLE_MIN != 0 {
        return Err(Failure::new(Exit::Usage, ReplayError::Every { every_min }));
    }
    let step = 60 * every_min;
    let cycles = (to.as_second() - from.as_second()).div_euclid(step) + 1;
    if !(1..=CYCLES_MAX).contains(&cycles) {
        return Err(Failure::new(Exit::Usage, ReplayError::Span { from, to, cycles }));
    }
    let at = |number: i64| from.checked_add(SignedDuration::from_secs(number * step)).ok();
    Ok((0..cycles).filter_map(at).collect())
}

fn cycles(
    arguments: &ReplayArguments,
    times: &[Timestamp],
    folder: &Path,
    context: &Context,
) -> Result<Made, Failure> {
    let state = folder.join("state");
    let mut told: Vec<Value> = Vec::new();
    let mut first_error: Option<String> = None;
    let mut made = Made::default();
    context.progress.stage("replay", Some(times.len() as u64));
    // Progress of single cycles would bury that of the replay.
    let quiet = Context { progress: crate::progress::Progress::none(), ..context.clone() };
    for (done, time) in (1..).zip(times) {
        let began = Instant::now();
        let out = folder.join(compact(*time));
        let forecast = ForecastArguments {
            region: arguments.region.clone(),
            at: Some(*time),
            store: None,
            out: Some(out.clone()),
            state: Some(state.clone()),
            levels_only: arguments.levels_only,
            replay: true,
        };
        let as_then = Context { now: *time, ..quiet.clone() };
        let result = flood_forecast::run(&forecast, &as_then);
        let took_s = (1_000.0 * began.elapsed().as_secs_f64()).round() / 1_000.0;
        match result {
            Ok(outcome) => {
                let faults = outcome.faults.without_places();
                told.push(json!({ "at": time, "took_s": took_s, "faults": faults }));
                *made.counts.entry("cycles".to_owned()).or_insert(0) += 1;
            }
            Err(failure) => {
                let codes: Vec<&str> = failure.errors.iter().map(|error| error.code()).collect();
                first_error.get_or_insert_with(|| codes.join(", "));
                told.push(json!({ "at": time, "took_s": took_s, "errors": codes }));
                made.faults.add("replay-cycle", || time.to_string());
            }
        }
        context.progress.step("replay", done);
    }
    if let (Some(code), None) = (first_error, made.counts.get("cycles")) {
        let cycles = times.len();
        return Err(Failure::new(Exit::Failed, ReplayError::None { cycles, code }));
    }
    // States are large, and the next replay begins cold as this one did.
    if state.is_dir() {
        fs::remove_dir_all(&state)
            .map_err(|fault| Failure::new(Exit::Failed, CommandError::io(&state, &fault)))?;
    }
    made.more.insert("cycles".to_owned(), json!(told));
    Ok(made)
}
