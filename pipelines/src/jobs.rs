//! `jomo job`: command lines that wait for a worker.

use clap::Subcommand;
use jomo_register::{Job, JobFilter, JobState, JobWords, RegisterError, Source, Uuid};
use jomo_words::{Language, retold};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::outcome::{Outcome, Status};
use crate::register::{RegisterFlags, wrong_flag};
use crate::run::Context;

const STATES: &str = "queued, running, done, failed, cancelled";

/// Commands on jobs.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Queue a command; its store and its progress are the worker's.
    Add {
        /// The command line, without `jomo`.
        #[arg(last = true, required = true)]
        words: Vec<String>,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// List jobs, newest first.
    List {
        /// Only in this state.
        #[arg(long)]
        state: Option<String>,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// Show one job.
    Show {
        /// Its id.
        #[arg(value_parser = id)]
        id: Uuid,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// Stop a job.
    Cancel {
        /// Its id.
        #[arg(value_parser = id)]
        id: Uuid,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
}

/// An id as it is listed; what is wrong with another is told by its form, in no language.
///
/// # Errors
/// The form.
pub fn id(text: &str) -> Result<Uuid, String> {
    Uuid::parse_str(text).map_err(|_other| "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx".to_owned())
}

/// Runs a command on jobs.
///
/// # Errors
/// Those of the register, and words that may not be queued.
pub fn run(command: JobCommand, context: &Context) -> Result<Outcome, Failure> {
    let language = context.progress.language();
    match command {
        JobCommand::Add { words, at } => {
            let words = JobWords::check(words, Source::Local)?;
            if context.dry_run {
                return Ok(Outcome::new(Status::DryRun));
            }
            let job = at.open()?.enqueue(words, None, None, context.now)?;
            Ok(one("job-added", &job, language))
        }
        JobCommand::List { state, at } => {
            let state = state.map(|word| {
                JobState::named(&word).ok_or_else(|| wrong_flag("state", &word, STATES))
            });
            let filter = JobFilter { state: state.transpose()?, ..JobFilter::default() };
            let jobs = at.open()?.jobs(&filter)?;
            let mut outcome = Outcome::new(Status::Done);
            outcome.lines = jobs.iter().map(line).collect();
            outcome.more.insert("jobs", jobs.iter().map(|job| document(job, language)).collect());
            Ok(outcome)
        }
        JobCommand::Show { id, at } => {
            let job = at.open()?.job(id)?;
            let job =
                job.ok_or_else(|| RegisterError::Unknown { kind: "job", id: id.to_string() })?;
            let mut outcome = Outcome::new(Status::Done);
            outcome.lines = vec![format!("{:#}", document(&job, language))];
            outcome.more.insert("job", document(&job, language));
            Ok(outcome)
        }
        JobCommand::Cancel { id, at } => {
            if context.dry_run {
                return Ok(Outcome::new(Status::DryRun));
            }
            let job = at.open()?.request_cancel(id, None, context.now)?;
            Ok(one("job-cancelled", &job, language))
        }
    }
}

fn one(text: &'static str, job: &Job, language: Language) -> Outcome {
    let arguments = [("id", job.id.to_string()), ("state", job.state.name().to_owned())];
    let mut outcome = Outcome::new(Status::Done).telling(text, &arguments);
    outcome.lines.push(job.id.to_string());
    outcome.more.insert("job", document(job, language));
    outcome
}

fn line(job: &Job) -> String {
    let progress = job.progress.as_ref().map_or_else(String::new, |progress| {
        let total = progress.total.map(|total| format!("/{total}")).unwrap_or_default();
        format!("{} {}{total}", progress.stage, progress.done)
    });
    let (id, state) = (job.id, job.state.name());
    format!("{id}\t{state}\t{}\t{progress}\t{}", job.created, job.words.join(" "))
}

/// A job as the HTTP interface shows it, with the errors of its message in a language.
#[must_use]
pub fn document(job: &Job, language: Language) -> Value {
    json!({
        "id": job.id,
        "kind": job.kind,
        "words": job.words,
        "state": job.state,
        "progress": job.progress,
        "message": job.message.clone().map(|message| retold(language, message)),
        "attempts": job.attempts,
        "created": job.created,
        "started": job.started,
        "finished": job.finished,
        "by": job.login,
        "cancel_requested": job.cancel_requested,
    })
}
