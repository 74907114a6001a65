//! Jobs: command lines that people queue and a worker runs.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::RegisterError;
use crate::people::parse_id;
use crate::register::{Register, Writing, micros, time_at};
use crate::secret::new_id;
use crate::words::{JobWords, Source};

/// How often a worker may take a job: one that kills its worker three times will do so again.
pub const ATTEMPTS: u32 = 3;

/// How many jobs of one person may wait: a day's files of one desk.
pub const WAITING_EACH: u32 = 20;
/// How many jobs of all people may wait.
pub const WAITING_ALL: u32 = 200;
/// A job that was cancelled before it began keeps its place for this long: whoever queues and
/// cancels in turns fills the register as well.
const PLACE_KEPT: SignedDuration = SignedDuration::from_hours(1);

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

const SELECT: &str = "SELECT job.id, kind, words, source, job.by, person.login, organisation,
    job.created_us, started_us, finished_us, state, stage, done, total, message, attempts,
    cancel_requested, revision FROM job LEFT JOIN person ON person.id = job.by";

fn job(row: &Row<'_>) -> Result<Job, RegisterError> {
    let time = |index| row.get::<_, Option<i64>>(index)?.map(time_at).transpose();
    let count = |value: i64| u64::try_from(value).map_err(RegisterError::damaged);
    let source: String = row.get(3)?;
    let stands: String = row.get(10)?;
    let at: Option<String> = row.get(11)?;
    let progress = match at {
        None => None,
        Some(stage) => {
            let done = row.get::<_, Option<i64>>(12)?.unwrap_or(0);
            let total = row.get::<_, Option<i64>>(13)?.map(count).transpose()?;
            Some(JobProgress { stage, done: count(done)?, total })
        }
    };
    let message: Option<String> = row.get(14)?;
    let message = message.as_deref().map(serde_json::from_str).transpose();
    Ok(Job {
        id: parse_id(&row.get::<_, String>(0)?)?,
        kind: row.get(1)?,
        words: serde_json::from_str(&row.get::<_, String>(2)?).map_err(RegisterError::damaged)?,
        source: if source == "local" { Source::Local } else { Source::Remote },
        by: row.get::<_, Option<String>>(4)?.as_deref().map(parse_id).transpose()?,
        login: row.get(5)?,
        organisation: row.get(6)?,
        created: time_at(row.get(7)?)?,
        started: time(8)?,
        finished: time(9)?,
        state: JobState::named(&stands)
            .ok_or_else(|| RegisterError::damaged(format!("unknown state {stands:?}")))?,
        progress,
        message: message.map_err(RegisterError::damaged)?,
        attempts: row.get(15)?,
        cancel_requested: row.get(16)?,
        revision: count(row.get(17)?)?,
    })
}

fn find(connection: &Connection, id: Uuid) -> Result<Option<Job>, RegisterError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE job.id = ?1"))?;
    statement.query_row([id.to_string()], |row| Ok(job(row))).optional()?.transpose()
}

impl Writing<'_> {
    fn known_job(&self, id: Uuid) -> Result<Job, RegisterError> {
        find(&self.transaction, id)?.ok_or_else(|| RegisterError::unknown("job", &id))
    }

    /// Whether one more job may wait, of this person and of all.
    fn check_quota(&self, by: Option<Uuid>, now: Timestamp) -> Result<(), RegisterError> {
        let kept = now.checked_sub(PLACE_KEPT).unwrap_or(Timestamp::MIN);
        let waiting = |by: Option<String>| -> Result<u32, RegisterError> {
            let query = "SELECT count(*) FROM job WHERE (?1 IS NULL OR by = ?1)
                AND (state = 'queued'
                     OR (state = 'cancelled' AND started_us IS NULL AND ?2 < finished_us))";
            Ok(self.transaction.query_row(query, params![by, micros(kept)], |row| row.get(0))?)
        };
        if let Some(by) = by
            && WAITING_EACH <= waiting(Some(by.to_string()))?
        {
            return Err(RegisterError::JobQuota { whose: "person", limit: WAITING_EACH });
        }
        if WAITING_ALL <= waiting(None)? {
            return Err(RegisterError::JobQuota { whose: "all", limit: WAITING_ALL });
        }
        Ok(())
    }

    /// Ends what workers that have died cannot end.
    fn bury(&self, now: Timestamp) -> Result<(), RegisterError> {
        let lost = json!({ "status": "failed", "errors": [{ "code": "job-worker-lost" }] });
        self.transaction.execute(
            "UPDATE job SET state = 'cancelled', finished_us = ?1, revision = revision + 1
             WHERE state = 'running' AND lease_until_us <= ?1 AND cancel_requested = 1",
            [micros(now)],
        )?;
        self.transaction.execute(
            "UPDATE job SET state = 'failed', finished_us = ?1, message = ?2,
             revision = revision + 1
             WHERE state = 'running' AND lease_until_us <= ?1 AND ?3 <= attempts",
            params![micros(now), lost.to_string(), ATTEMPTS],
        )?;
        Ok(())
    }
}

impl Register {
    /// Queues a job.
    ///
    /// # Errors
    /// If the person or the organisation is unknown; [`RegisterError::JobQuota`] if
    /// [`WAITING_EACH`] jobs of the person or [`WAITING_ALL`] in all wait already.
    pub fn enqueue(
        &mut self,
        words: JobWords,
        by: Option<Uuid>,
        organisation: Option<&str>,
        now: Timestamp,
    ) -> Result<Job, RegisterError> {
        let JobWords { kind, words, source } = words;
        let id = new_id(now)?;
        let source = match source {
            Source::Local => "local",
            Source::Remote => "remote",
        };
        self.write(|writing| {
            by.map(|by| writing.person(by)).transpose()?;
            organisation.map(|id| writing.organisation(id)).transpose()?;
            writing.check_quota(by, now)?;
            writing.transaction.execute(
                "INSERT INTO job (id, kind, words, source, by, organisation, created_us, state,
                 attempts, cancel_requested, revision)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'queued', 0, 0, 1)",
                params![
                    id.to_string(),
                    kind,
                    json!(words).to_string(),
                    source,
                    by.map(|by| by.to_string()),
                    organisation,
                    micros(now)
                ],
            )?;
            writing.known_job(id)
        })
    }

    /// Takes the oldest job that waits, or one whose worker has let its lease run out. A job
    /// that has been taken [`ATTEMPTS`] times fails instead.
    ///
    /// # Errors
    /// If the register cannot be written.
    pub fn claim(
        &mut self,
        worker: &str,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<Job>, RegisterError> {
        let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
        self.write(|writing| {
            writing.bury(now)?;
            let next: Option<String> = writing
                .transaction
                .query_row(
                    "SELECT id FROM job WHERE state = 'queued'
                     OR (state = 'running' AND lease_until_us <= ?1)
                     ORDER BY created_us, id LIMIT 1",
                    [micros(now)],
                    |row| row.get(0),
                )
                .optional()?;
            let Some(id) = next else { return Ok(None) };
            writing.transaction.execute(
                "UPDATE job SET state = 'running', worker = ?2, started_us = ?3, lease_us = ?4,
                 lease_until_us = ?5, attempts = attempts + 1, stage = NULL, done = NULL,
                 total = NULL, revision = revision + 1 WHERE id = ?1",
                params![id, worker, micros(now), lease, micros(now).saturating_add(lease)],
            )?;
            writing.known_job(parse_id(&id)?).map(Some)
        })
    }

    /// Says that the worker lives, keeps the progress, extends the lease, and tells the worker
    /// whether to stop.
    ///
    /// # Errors
    /// If the register cannot be written.
    pub fn heartbeat(
        &mut self,
        id: Uuid,
        worker: &str,
        progress: Option<&JobProgress>,
        now: Timestamp,
    ) -> Result<Heartbeat, RegisterError> {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let stage = progress.map(|progress| progress.stage.as_str());
        let done = progress.map(|progress| number(progress.done));
        let total = progress.and_then(|progress| progress.total).map(number);
        self.write(|writing| {
            let held = writing.transaction.execute(
                "UPDATE job SET lease_until_us = ?3 + lease_us,
                 revision = revision + (?4 IS NOT NULL AND (stage, done, total) IS NOT (?4, ?5, ?6)),
                 stage = coalesce(?4, stage),
                 done = CASE WHEN ?4 IS NULL THEN done ELSE ?5 END,
                 total = CASE WHEN ?4 IS NULL THEN total ELSE ?6 END
                 WHERE id = ?1 AND worker = ?2 AND state = 'running'",
                params![id.to_string(), worker, micros(now), stage, done, total],
            )?;
            let cancel = find(&writing.transaction, id)?.is_some_and(|job| job.cancel_requested);
            Ok(Heartbeat { cancel, lost: held == 0 })
        })
    }

    /// Ends an attempt.
    ///
    /// # Errors
    /// [`RegisterError::JobLost`] if the job is no longer this worker's.
    pub fn finish(
        &mut self,
        id: Uuid,
        worker: &str,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Job, RegisterError> {
        let (state, message) = match outcome {
            Outcome::Done(message) => (JobState::Done, Some(message)),
            Outcome::Failed(message) => (JobState::Failed, Some(message)),
            Outcome::Cancelled => (JobState::Cancelled, None),
            Outcome::Returned => (JobState::Queued, None),
        };
        self.write(|writing| {
            let job = writing.known_job(id)?;
            let returned = state == JobState::Queued && !job.cancel_requested;
            let state = if state.is_terminal() || returned { state } else { JobState::Cancelled };
            // An attempt that was broken off by its worker's own end does not count.
            let query = if returned {
                "UPDATE job SET state = ?3, message = ?4, worker = NULL, lease_until_us = NULL,
                 started_us = NULL, stage = NULL, done = NULL, total = NULL,
                 attempts = attempts - 1, revision = revision + 1 + 0 * ?5
                 WHERE id = ?1 AND worker = ?2 AND state = 'running'"
            } else {
                "UPDATE job SET state = ?3, message = ?4, finished_us = ?5,
                 revision = revision + 1 WHERE id = ?1 AND worker = ?2 AND state = 'running'"
            };
            let held = writing.transaction.execute(
                query,
                params![
                    id.to_string(),
                    worker,
                    state.name(),
                    message.map(|message| message.to_string()),
                    micros(now)
                ],
            )?;
            if held == 0 {
                let (id, worker) = (id.to_string(), worker.to_owned());
                return Err(RegisterError::JobLost { id, worker });
            }
            writing.known_job(id)
        })
    }

    /// Asks for a job to be stopped: one that waits is cancelled at once, one that runs by its
    /// worker, one that has ended stays as it is.
    ///
    /// # Errors
    /// If there is no such job.
    pub fn request_cancel(
        &mut self,
        id: Uuid,
        by: Option<Uuid>,
        now: Timestamp,
    ) -> Result<Job, RegisterError> {
        let by = by.map(|by| by.to_string());
        self.write(|writing| {
            let job = writing.known_job(id)?;
            let key = id.to_string();
            match job.state {
                JobState::Queued => {
                    writing.transaction.execute(
                        "UPDATE job SET state = 'cancelled', cancel_requested = 1, cancelled_by = ?3,
                         finished_us = ?2, revision = revision + 1 WHERE id = ?1",
                        params![key, micros(now), by],
                    )?;
                }
                JobState::Running if !job.cancel_requested => {
                    writing.transaction.execute(
                        "UPDATE job SET cancel_requested = 1, cancelled_by = ?2,
                         revision = revision + 1 WHERE id = ?1",
                        params![key, by],
                    )?;
                }
                _ => {}
            }
            writing.known_job(id)
        })
    }

    /// One job.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn job(&self, id: Uuid) -> Result<Option<Job>, RegisterError> {
        find(&self.connection, id)
    }

    /// Jobs, newest first.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, RegisterError> {
        let query = format!(
            "{SELECT} WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR job.by = ?2)
             ORDER BY job.created_us DESC, job.id DESC LIMIT ?3"
        );
        let limit = if filter.limit == 0 { 100 } else { filter.limit.min(1_000) };
        let mut statement = self.connection.prepare_cached(&query)?;
        let state = filter.state.map(JobState::name);
        let mut rows =
            statement.query(params![state, filter.by.map(|by| by.to_string()), limit])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(job(row)?);
        }
        Ok(all)
    }
}
