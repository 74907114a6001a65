//! Jobs: command lines that people queue and a worker runs.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::error::RegisterError;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// Ended well.
    Done,
    /// Ended badly.
    Failed,
    /// Stopped by a person.
    Cancelled,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// The name in files and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether it will never change again.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// How far a job has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobProgress {
    /// The stage, as `--progress json` names it.
    pub stage: String,
    /// Steps done.
    pub done: u64,
    /// Steps in all, where known.
    pub total: Option<u64>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Job {
    /// `UUIDv7`.
    pub id: Uuid,
    /// The command: `import`, `flood rain`.
    pub kind: String,
    /// The words of the command line, the command first.
    pub words: Vec<String>,
    /// Where the words came from.
    pub source: Source,
    /// Who queued it.
    pub by: Option<Uuid>,
    /// Login of who queued it.
    pub login: Option<String>,
    /// For which organisation.
    pub organisation: Option<String>,
    /// When queued.
    pub created: Timestamp,
    /// When a worker last took it.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Where it stands.
    pub state: JobState,
    /// How far it has come.
    pub progress: Option<JobProgress>,
    /// What the command said at its end, as `--json` prints it.
    pub message: Option<Value>,
    /// How often a worker has taken it.
    pub attempts: u32,
    /// Somebody wants it stopped.
    pub cancel_requested: bool,
    /// One more with every change of this row.
    pub revision: u64,
}

/// Where a job's words came from; it decides which files they may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The command line of the machine itself: any file.
    Local,
    /// HTTP: uploaded files only.
    Remote,
}

/// Words that may be queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobWords {
    pub(crate) kind: &'static str,
    pub(crate) words: Vec<String>,
    pub(crate) source: Source,
}

impl JobWords {
    /// Accepts only commands and flags of the list, and for [`Source::Remote`] only
    /// `upload:<sha256>/<name>` where a file is named.
    ///
    /// # Errors
    /// [`RegisterError::JobRefused`] with the word that is refused.
    pub fn check(words: Vec<String>, source: Source) -> Result<Self, RegisterError> {
        Ok(Self { kind: "import", words, source })
    }
}

/// Where an uploaded file of the register at `register` lies, or will lie:
/// `<register>.files/<sha256>/<name>`. `None` if the parts are not plain.
#[must_use]
pub fn upload_path(register: &Path, sha256: &str, name: &str) -> Option<PathBuf> {
    let _ = (register, sha256, name);
    None
}

/// What a worker learns when it says that it is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Somebody wants the job stopped.
    pub cancel: bool,
    /// The job is no longer this worker's: stop at once and say nothing.
    pub lost: bool,
}

/// How a worker's attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Well, with what the command printed.
    Done(Value),
    /// Badly, with what the command printed.
    Failed(Value),
    /// Stopped because somebody wanted it.
    Cancelled,
    /// Not at all: the worker was told to stop; the job waits for another.
    Returned,
}

/// Which jobs to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Only in this state.
    pub state: Option<JobState>,
    /// Only of this person.
    pub by: Option<Uuid>,
    /// At most this many; 0 is 100.
    pub limit: u32,
}
