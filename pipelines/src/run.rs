//! One run of a command: its key, its folder, its record, and where the result goes.

mod folders;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use jomo_core::fault::Faults;
use jomo_core::layer::{Access, InputFile, Layer, Run};
use jomo_store::{Store, is_remote, sha256_hex};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::folders::remove_work_in_progress;
use self::folders::{Folders, leave_failed, wait_if_interrupted};
use crate::failure::{CommandError, Exit, Failure};
use crate::outcome::{Outcome, Status};
use crate::progress::Progress;

/// Version of the engine in keys and records.
pub const ENGINE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The content of `run.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRecord {
    /// `done` or `failed`.
    pub status: String,
    /// The command, e.g. `flood rain`.
    pub command: String,
    /// Everything that the result depends on besides the inputs.
    pub settings: BTreeMap<String, Value>,
    /// The inputs by content.
    pub inputs: Vec<InputFile>,
    /// Version of the engine.
    pub engine_version: String,
    /// Seed of the random streams, if any are used.
    pub seed: Option<u64>,
    /// Threads.
    pub threads: usize,
    /// SHA-256 over command, settings, input hashes and engine version.
    pub key: String,
    /// What this run lacked, did not believe or kept out, by code.
    pub faults: Faults,
    /// What every run keeps out or assumes until somebody mends a table, by code.
    #[serde(default)]
    pub standing: Faults,
    /// What was made, by name.
    pub counts: BTreeMap<String, u64>,
    /// Errors of a failed run, by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    /// Seconds of the clock on the wall.
    pub wall_s: f64,
    /// Seconds of all threads.
    pub cpu_s: f64,
    /// Largest resident memory in bytes.
    pub peak_memory_bytes: u64,
    /// What else the command says of its run.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

/// Where a result goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Into a store, published at once.
    Store(PathBuf),
    /// Into a folder, to be published later.
    Out(PathBuf),
}

impl Target {
    /// One of the two flags.
    ///
    /// # Errors
    /// If both or none is given.
    pub fn from_flags(store: Option<PathBuf>, out: Option<PathBuf>) -> Result<Self, Failure> {
        match (store, out) {
            (Some(store), None) => Ok(Self::Store(store)),
            (None, Some(out)) => Ok(Self::Out(out)),
            _ => Err(Failure::new(Exit::Usage, CommandError::NoTarget)),
        }
    }
}

/// What every command gets from its caller.
#[derive(Clone, Debug)]
pub struct Context {
    /// The time of the command.
    pub now: Timestamp,
    /// Threads of the pool that it runs in.
    pub threads: usize,
    /// Recompute even if nothing has changed.
    pub force: bool,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// Where progress is shown.
    pub progress: Progress,
}

/// What a run is about, known before it computes anything.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The command, e.g. `flood rain`.
    pub command: &'static str,
    /// Everything that the result depends on besides the inputs.
    pub settings: BTreeMap<String, Value>,
    /// The inputs.
    pub inputs: Vec<InputFile>,
    /// The layers that it will make; without any, the files that it makes are the result
    /// themselves and stand beside `run.json`.
    pub layers: Vec<String>,
}

/// What a run has made.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// Layers, in the stage.
    pub layers: Vec<Layer>,
    /// What this run lacked, did not believe or kept out.
    pub faults: Faults,
    /// What every run keeps out or assumes until somebody mends a table.
    pub standing: Faults,
    /// Counts by name.
    pub counts: BTreeMap<String, u64>,
    /// What else is to stand in `run.json`.
    pub more: BTreeMap<String, Value>,
}

impl Plan {
    /// The key: equal keys give equal results.
    #[must_use]
    pub fn key(&self) -> String {
        let inputs: Vec<_> = self.inputs.iter().map(|input| input.sha256.as_str()).collect();
        let text = serde_json::json!([self.command, self.settings, inputs, ENGINE_VERSION]);
        sha256_hex(text.to_string().as_bytes())
    }

    /// How the layers of this run came about, with its own faults and the standing ones.
    #[must_use]
    pub fn provenance(&self, faults: &Faults, standing: &Faults) -> Run {
        let settings = serde_json::json!(self.settings).to_string();
        Run {
            command: self.command.to_owned(),
            key: self.key(),
            seal: None,
            settings_sha256: sha256_hex(settings.as_bytes()),
            inputs: self.inputs.clone(),
            engine_version: ENGINE_VERSION.to_owned(),
            faults: faults.clone(),
            standing: standing.clone(),
        }
    }

    /// Carries the plan out: nothing if its key is already there, otherwise `work` fills a
    /// stage, which is then published or put in its folder, whole or not at all.
    ///
    /// # Errors
    /// Whatever `work` fails with; what was there before stays as it was.
    pub fn execute(
        self,
        context: &Context,
        target: &Target,
        work: impl FnOnce(&Self, &Path) -> Result<Made, Failure>,
    ) -> Result<Outcome, Failure> {
        let began = Instant::now();
        let base = self.before(context, target)?;
        let base = match base {
            Before::Unchanged(outcome) => return Ok(*outcome),
            Before::Go(base) => base,
        };
        if context.dry_run {
            return Ok(Outcome::new(Status::DryRun));
        }
        let folders = Folders::begin(target)?;
        let is_staged = !self.layers.is_empty();
        let stage = if is_staged { folders.part.join("stage") } else { folders.part.clone() };
        let made = fs::create_dir_all(&stage)
            .map_err(|source| Failure::new(Exit::Failed, CommandError::io(&stage, &source)))
            .and_then(|()| work(&self, &stage));
        let made = match made {
            Ok(made) => made,
            Err(mut failure) => {
                wait_if_interrupted();
                let record = self.record(context, &Made::default(), began, Some(&failure));
                folders.fail(&record);
                failure.recorded = true;
                return Err(failure);
            }
        };
        let record = self.record(context, &made, began, None);
        let mut outcome = Outcome::of(&record, &made);
        match target {
            Target::Out(_) => folders.keep(&record)?,
            Target::Store(path) => {
                context.progress.stage("publish", None);
                let published = Store::create(path)?.publish(&stage, base.as_deref(), context.now);
                folders.drop_part();
                outcome.generations = published?.generations;
            }
        }
        Ok(outcome)
    }

    /// The outcome if the same result is already there; computing may begin otherwise.
    ///
    /// # Errors
    /// If the target is taken by something else.
    pub fn unchanged(
        &self,
        context: &Context,
        target: &Target,
    ) -> Result<Option<Outcome>, Failure> {
        Ok(match self.before(context, target)? {
            Before::Unchanged(outcome) => Some(*outcome),
            Before::Go(_) => None,
        })
    }

    fn before(&self, context: &Context, target: &Target) -> Result<Before, Failure> {
        let unchanged = || {
            let mut outcome = Outcome::new(Status::Unchanged);
            outcome.key = Some(self.key());
            Ok(Before::Unchanged(Box::new(outcome)))
        };
        match target {
            Target::Store(path) if is_remote(path) || path.exists() => {
                let store = Store::open(path)?;
                let mut live = Vec::new();
                for access in [Access::Public, Access::Restricted] {
                    let generation = store.current(access)?;
                    let layers = generation.map(|known| known.document.layers).unwrap_or_default();
                    live.extend(layers.into_iter().map(|(id, entry)| (id, entry.run)));
                }
                let key = self.key();
                // A layer may stand in both roots: then the restricted one, which comes last, names
                // the run, and both are of it.
                let is_own = |id: &String| {
                    live.iter().rfind(|(known, _)| known == id).is_some_and(|(_, run)| *run == key)
                };
                let is_whole = store.live()?.is_some();
                if !context.force && is_whole && self.layers.iter().all(is_own) {
                    return unchanged();
                }
                Ok(Before::Go(store.current_id(Access::Public)?))
            }
            Target::Out(path) if path.exists() => match read_record(path) {
                Some(record) if record.command == self.command => {
                    let same = record.key == self.key() && record.status == "done";
                    if same && !context.force { unchanged() } else { Ok(Before::Go(None)) }
                }
                _ => {
                    let (path, command) = (path.display().to_string(), self.command.to_owned());
                    Err(Failure::new(Exit::Usage, CommandError::OutOccupied { path, command }))
                }
            },
            Target::Store(_) | Target::Out(_) => Ok(Before::Go(None)),
        }
    }

    fn record(
        &self,
        context: &Context,
        made: &Made,
        began: Instant,
        failure: Option<&Failure>,
    ) -> RunRecord {
        let codes = |failure: &Failure| {
            failure.errors.iter().map(|error| error.code().to_owned()).collect::<Vec<_>>()
        };
        RunRecord {
            status: if failure.is_some() { "failed" } else { "done" }.to_owned(),
            command: self.command.to_owned(),
            settings: self.settings.clone(),
            inputs: self.inputs.clone(),
            engine_version: ENGINE_VERSION.to_owned(),
            seed: None,
            threads: context.threads,
            key: self.key(),
            faults: made.faults.clone(),
            standing: made.standing.clone(),
            counts: made.counts.clone(),
            errors: failure.map(codes).unwrap_or_default(),
            wall_s: began.elapsed().as_secs_f64(),
            cpu_s: cpu_seconds(),
            peak_memory_bytes: peak_memory_bytes(),
            more: made.more.clone(),
        }
    }
}

enum Before {
    Unchanged(Box<Outcome>),
    Go(Option<String>),
}

/// Runs a command; if it fails, leaves the record of that in `DIR.failed`, unless the work has
/// left a fuller one or the command was used wrongly.
///
/// # Errors
/// Those of `work`.
pub fn record_failure(
    command: &'static str,
    target: &Target,
    context: &Context,
    work: impl FnOnce() -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    let (settings, inputs, layers) = (BTreeMap::new(), Vec::new(), Vec::new());
    let plan = Plan { command, settings, inputs, layers };
    record_failure_of(plan, target, context, |_| work())
}

/// Like [`record_failure`]: the record says what `work` has put into the plan before it failed.
///
/// # Errors
/// Those of `work`.
pub fn record_failure_of(
    mut plan: Plan,
    target: &Target,
    context: &Context,
    work: impl FnOnce(&mut Plan) -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    let began = Instant::now();
    let result = work(&mut plan);
    if let (Err(failure), Target::Out(path)) = (&result, target)
        && failure.exit != Exit::Usage
        && !failure.recorded
        && !context.dry_run
    {
        let record = plan.record(context, &Made::default(), began, Some(failure));
        leave_failed(path, &record);
    }
    result
}

/// The record in a folder that a run has left.
#[must_use]
pub fn read_record(folder: &Path) -> Option<RunRecord> {
    let bytes = crate::source::read_bounded(&folder.join("run.json"), 16 << 20).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Largest resident memory of this process in bytes.
pub(crate) fn peak_memory_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status.lines().find_map(|line| {
        line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok()
    });
    kib.unwrap_or(0) * 1024
}
