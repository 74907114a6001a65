//! `jomo work`: runs queued jobs, one after the other, each as a process of its own.
//!
//! A job is the command line of a person. It runs in another process so that whatever becomes of
//! it, a fault, a limit of memory, a kill, the worker is there to say so; and if the worker itself
//! dies, its lease runs out and another takes the job.

pub(crate) mod child;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use jomo_core::message::{Arguments, Coded};
use jomo_register::{
    Job, JobState, JobWords, Outcome as JobOutcome, Register, RegisterError, new_id,
};
use jomo_words::failed_json;
use serde_json::Value;

use self::child::{Child, Ended};
use crate::failure::{CommandError, Failure};
use crate::outcome::{Outcome, Status};
use crate::register::RegisterFlags;
use crate::run::Context;

/// How long a job stays a worker's that says nothing.
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// How often a worker says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How often progress is written, at most.
const PROGRESS: Duration = Duration::from_millis(250);
/// How often a running job is asked whether somebody wants it stopped.
const CANCEL: Duration = Duration::from_millis(500);
/// How long a job that is told to stop may clean up.
const GRACE: Duration = Duration::from_secs(5);
/// How often an idle worker looks for a job, and a busy one at its child.
const IDLE: Duration = Duration::from_millis(500);
const BUSY: Duration = Duration::from_millis(25);

/// Arguments of `jomo work`.
#[derive(Debug, Args)]
pub struct WorkArguments {
    /// The store that jobs publish in.
    #[arg(long)]
    store: String,
    /// The register with the jobs.
    #[arg(long)]
    register: PathBuf,
    /// The key file of the register; jobs themselves need none.
    #[arg(long)]
    key_file: Option<PathBuf>,
    /// Region file for jobs that need one and name none.
    #[arg(long)]
    region: Option<PathBuf>,
    /// Run at most one job, and end.
    #[arg(long)]
    once: bool,
    /// Name of this worker in the register.
    #[arg(long)]
    worker: Option<String>,
}

static AT_WORK: AtomicBool = AtomicBool::new(false);
static STOP: AtomicBool = AtomicBool::new(false);

/// Tells the worker of this process to give its job back and end; `false` if there is none.
#[must_use]
pub fn ask_to_stop() -> bool {
    STOP.store(true, Ordering::SeqCst);
    AT_WORK.load(Ordering::SeqCst)
}

pub(crate) fn stopping() -> bool {
    STOP.load(Ordering::SeqCst)
}

/// While this lives, an interrupt does not end the process: [`stopping`] tells of it.
pub(crate) struct Attending(());

impl Attending {
    pub(crate) fn begin() -> Self {
        AT_WORK.store(true, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Attending {
    fn drop(&mut self) {
        AT_WORK.store(false, Ordering::SeqCst);
    }
}

struct Worker<'a> {
    register: Register,
    name: String,
    arguments: &'a WorkArguments,
    context: &'a Context,
}

/// Runs jobs until told to stop.
///
/// # Errors
/// If the register cannot be used. A job that fails is no failure of the worker.
pub fn run(arguments: &WorkArguments, context: &Context) -> Result<Outcome, Failure> {
    let at = RegisterFlags {
        register: arguments.register.clone(),
        key_file: arguments.key_file.clone(),
    };
    let register = at.open()?;
    if context.dry_run {
        return Ok(Outcome::new(Status::DryRun));
    }
    // Two workers of one name must not hold one job.
    let own = new_id(Timestamp::now())?;
    let name = format!("{} {own}", arguments.worker.as_deref().unwrap_or("worker"));
    let mut worker = Worker { register, name, arguments, context };
    let _attending = Attending::begin();
    worker.serve()
}

impl Worker<'_> {
    fn serve(&mut self) -> Result<Outcome, Failure> {
        let mut outcome = Outcome::new(Status::Done);
        while !stopping() {
            let claimed = match self.register.claim(&self.name, LEASE, Timestamp::now()) {
                // A long write of another process is no reason to end.
                Err(RegisterError::Busy) => None,
                claimed => claimed?,
            };
            match claimed {
                Some(job) => {
                    let state = self.attempt(&job)?;
                    let word = state.map_or("lost", JobState::name);
                    *outcome.counts.entry(word.to_owned()).or_insert(0) += 1;
                    let arguments = [("id", job.id.to_string()), ("state", word.to_owned())];
                    self.context.progress.note("work-ended", &arguments);
                }
                None if self.arguments.once => {}
                None => wait(IDLE),
            }
            if self.arguments.once {
                break;
            }
        }
        Ok(outcome)
    }

    /// Runs a job; `None` if it is another worker's by now.
    fn attempt(&mut self, job: &Job) -> Result<Option<JobState>, Failure> {
        let arguments = [("id", job.id.to_string()), ("words", job.words.join(" "))];
        self.context.progress.note("work-began", &arguments);
        let outcome = match self.line(job) {
            Err(refused) => Some(JobOutcome::Failed(self.told(&refused))),
            Ok(line) => match Child::start(&line) {
                Err(fault) => {
                    let path = std::env::current_exe().unwrap_or_default();
                    Some(JobOutcome::Failed(self.told(&CommandError::io(&path, &fault))))
                }
                Ok(child) => self.attend(job, child)?,
            },
        };
        let Some(outcome) = outcome else { return Ok(None) };
        let mut end =
            || self.register.finish(job.id, &self.name, outcome.clone(), Timestamp::now());
        // The result of hours is worth a second try.
        let ended = match end() {
            Err(RegisterError::Busy) => end(),
            ended => ended,
        };
        match ended {
            Ok(job) => Ok(Some(job.state)),
            Err(RegisterError::JobLost { .. }) => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }

    /// The words of the job, checked again: the register is a file that others can write.
    fn line(&self, job: &Job) -> Result<Vec<String>, RegisterError> {
        let checked = JobWords::check(job.words.clone(), job.source)?;
        let mut line = checked.resolve(&self.arguments.register)?;
        let names = |flag: &str| line.iter().any(|word| word.split('=').next() == Some(flag));
        let region = self.arguments.region.as_ref().and_then(|path| path.to_str());
        let needs_region = checked.kind() == "flood rain" && !names("--region");
        let extra = region.filter(|_| needs_region).map(|region| format!("--region={region}"));
        line.extend(extra);
        line.push(format!("--store={}", self.arguments.store));
        line.extend(["--progress=json", "--json", "--attached"].map(str::to_owned));
        Ok(line)
    }

    /// Stays with a child until it ends; `None` if the job is another worker's by now.
    fn attend(&mut self, job: &Job, mut child: Child) -> Result<Option<JobOutcome>, Failure> {
        let (mut beat, mut asked, mut written) = (Instant::now(), Instant::now(), Instant::now());
        let mut told = None;
        let mut cancelled = false;
        loop {
            if let Some(ended) = child.ended() {
                let progress = child.progress();
                if progress != told {
                    // How far a short job came is of use too; whose it is, the end will tell.
                    let now = Timestamp::now();
                    let _ = self.register.heartbeat(job.id, &self.name, progress.as_ref(), now);
                }
                return Ok(Some(self.judge(ended, cancelled)));
            }
            if PROGRESS <= written.elapsed() || HEARTBEAT <= beat.elapsed() {
                let progress = child.progress();
                if progress != told || HEARTBEAT <= beat.elapsed() {
                    let now = Timestamp::now();
                    match self.register.heartbeat(job.id, &self.name, progress.as_ref(), now) {
                        Ok(heart) if heart.lost => {
                            child.kill();
                            return Ok(None);
                        }
                        Ok(heart) => cancelled |= heart.cancel,
                        Err(RegisterError::Busy) => {}
                        Err(fault) => {
                            child.kill();
                            return Err(fault.into());
                        }
                    }
                    (told, beat) = (progress, Instant::now());
                }
                written = Instant::now();
            }
            if CANCEL <= asked.elapsed() {
                let found = self.register.job(job.id);
                cancelled |= matches!(found, Ok(Some(job)) if job.cancel_requested);
                asked = Instant::now();
            }
            if cancelled || stopping() {
                child.stop(GRACE);
            }
            std::thread::sleep(BUSY);
        }
    }

    /// An error as the message of a failed job; whoever reads it is told in their own language.
    fn told(&self, error: &dyn Coded) -> Value {
        failed_json(self.context.progress.language(), error)
    }

    fn judge(&self, ended: Ended, cancelled: bool) -> JobOutcome {
        let Ended { code, output, errors } = ended;
        let message = serde_json::from_str(&output).unwrap_or_else(|_not_json| {
            let errors = errors.trim();
            let said = if errors.is_empty() { "-" } else { errors };
            self.told(&NoAnswer { said: said.to_owned() })
        });
        let message = self.without_paths(message);
        match code {
            // It was done before it heard that it should stop.
            Some(0 | 4) => JobOutcome::Done(message),
            _ if cancelled => JobOutcome::Cancelled,
            _ if stopping() => JobOutcome::Returned,
            _ => JobOutcome::Failed(message),
        }
    }

    /// People who queue jobs from outside learn nothing of the folders of this machine.
    fn without_paths(&self, message: Value) -> Value {
        let files = self.register.files();
        let store = Path::new(&self.arguments.store);
        let temporary = std::env::temp_dir();
        let named = [(files.as_path(), "upload:"), (store, "STORE"), (&temporary, "TMP")];
        let mut hidden: Vec<(String, &str)> = Vec::new();
        for (path, word) in named {
            // Programs that are asked for a path often answer with the whole of it.
            let whole = path.canonicalize().ok();
            let texts = whole.iter().map(|whole| whole.display().to_string());
            hidden.extend(texts.chain([path.display().to_string()]).map(|text| (text, word)));
        }
        // The longest first: one folder can lie in another.
        hidden.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        let hide = |text: String| {
            hidden.iter().fold(text, |text, (path, word)| hide_path(&text, path, word))
        };
        with_texts(message, &hide)
    }
}

/// `text` with `word` for each place where `path` itself, or a path below it, is named.
fn hide_path(text: &str, path: &str, word: &str) -> String {
    // One letter or a dot is a word of many texts.
    if path.len() < 2 {
        return text.to_owned();
    }
    let of_path = |c: char| c.is_alphanumeric() || "._-/".contains(c);
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(path) {
        let (before, after) = (&rest[..at], &rest[at + path.len()..]);
        let begins = !before.ends_with(of_path) && (at != 0 || !shown.ends_with(of_path));
        shown.push_str(before);
        match after.strip_prefix('/') {
            Some(below) if begins && word.ends_with(':') => {
                shown.push_str(word);
                rest = below;
            }
            _ if begins && !after.starts_with(|c| c != '/' && of_path(c)) => {
                shown.push_str(word);
                rest = after;
            }
            _ => {
                shown.push_str(path);
                rest = after;
            }
        }
    }
    shown.push_str(rest);
    shown
}

/// A value with each of its texts changed.
fn with_texts(value: Value, change: &dyn Fn(String) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(list) => list.into_iter().map(|item| with_texts(item, change)).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(key, item)| (key, with_texts(item, change))).collect()
        }
        other => other,
    }
}

/// Waits, and stops waiting when the worker is told to stop.
fn wait(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time && !stopping() {
        std::thread::sleep(BUSY);
    }
}

/// The process of a job ended without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the job gave no answer: {said}")]
struct NoAnswer {
    /// The last that it said.
    said: String,
}

impl Coded for NoAnswer {
    fn code(&self) -> &'static str {
        "job-no-answer"
    }

    fn arguments(&self) -> Arguments {
        vec![("said", self.said.clone())]
    }
}

#[cfg(test)]
mod tests {
    use super::hide_path;

    #[test]
    fn paths_are_hidden_and_words_stay() {
        for (text, path, word, expected) in [
            ("kml /a/r.files/d7/net.kml", "/a/r.files", "upload:", "kml upload:d7/net.kml"),
            ("`/a/S/.stage-1/x.geojson': no", "/a/S", "STORE", "`STORE/.stage-1/x.geojson': no"),
            ("GeoJSON, --store S", "S", "STORE", "GeoJSON, --store S"),
            (
                "cannot open demo/x, demos, a/demo",
                "demo",
                "STORE",
                "cannot open STORE/x, demos, a/demo",
            ),
            ("demo: 満杯", "demo", "STORE", "STORE: 満杯"),
            ("/a/Sand /a/S", "/a/S", "STORE", "/a/Sand STORE"),
            ("", "/a", "STORE", ""),
        ] {
            assert_eq!(hide_path(text, path, word), expected);
        }
    }
}
