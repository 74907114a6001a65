//! The register itself.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::{Grant, Principal};
use crate::error::RegisterError;
use crate::job::{Heartbeat, Job, JobFilter, JobProgress, JobWords, Outcome};
use crate::people::{ApiKey, NewKey, NewPerson, Organisation, Person, SignedIn};
use crate::record::{Edit, NewRecord, NewVerdict, Page, Record, RecordChange, Verdict};
use crate::secret::{MasterKey, Secret};

/// One connection to a register: may move between threads, lives on one at a time.
#[derive(Debug)]
pub struct Register {
    _connection: rusqlite::Connection,
}

/// What a password costs to hash and to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

/// A chain that verifies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainReport {
    /// Number of edits.
    pub edits: u64,
    /// Hash of the last edit, 64 hexadecimal digits.
    pub head: String,
}

/// What `manifest.json` of a backup says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// When.
    pub time: Timestamp,
    /// Name of the copy in the folder.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// SHA-256 over all rows of all tables.
    pub rows_sha256: String,
    /// Version of the schema.
    pub schema: u32,
    /// The chain at that time.
    pub chain: ChainReport,
}

fn unready<T>() -> Result<T, RegisterError> {
    Err(RegisterError::SignInRefused)
}

impl Register {
    /// Makes a register; refuses an existing file.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn create(path: &Path, now: Timestamp) -> Result<Self, RegisterError> {
        let _ = (path, now);
        unready()
    }

    /// Opens a register, bringing its schema up to date. Without the key, personal values read as absent.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn open(path: &Path, key: Option<MasterKey>) -> Result<Self, RegisterError> {
        let _ = (path, key);
        unready()
    }

    /// Like [`Register::open`] with another cost of passwords: tests only need a cheap one.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn open_with(
        path: &Path,
        key: Option<MasterKey>,
        cost: PasswordCost,
    ) -> Result<Self, RegisterError> {
        let _ = (path, key, cost);
        unready()
    }

    /// Signs somebody in; a wrong login and a wrong password give the same error after the same work.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn sign_in(
        &mut self,
        login: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<SignedIn, RegisterError> {
        let _ = (login, password, now);
        unready()
    }

    /// Ends a session; an unknown token is no error.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn sign_out(&mut self, token: &str) -> Result<(), RegisterError> {
        let _ = (token);
        unready()
    }

    /// Who holds this session; `None` if it is unknown or over or its person may not come in.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn session(
        &mut self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Principal>, RegisterError> {
        let _ = (token, now);
        unready()
    }

    /// Who holds this API key; `None` if it is unknown, over or revoked.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn key(&mut self, key: &str, now: Timestamp) -> Result<Option<Principal>, RegisterError> {
        let _ = (key, now);
        unready()
    }

    /// The person whom a trusted proxy has recognised.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn proxied(
        &mut self,
        login: &str,
        now: Timestamp,
    ) -> Result<Option<Principal>, RegisterError> {
        let _ = (login, now);
        unready()
    }

    /// Adds an organisation.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn add_organisation(
        &mut self,
        organisation: &Organisation,
        by: Uuid,
        now: Timestamp,
    ) -> Result<(), RegisterError> {
        let _ = (organisation, by, now);
        unready()
    }

    /// All organisations.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn organisations(&self) -> Result<Vec<Organisation>, RegisterError> {
        let _ = ();
        unready()
    }

    /// Adds a person.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn add_person(
        &mut self,
        person: &NewPerson<'_>,
        by: Uuid,
        now: Timestamp,
    ) -> Result<Person, RegisterError> {
        let _ = (person, by, now);
        unready()
    }

    /// The person of a login.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn person(&self, login: &str) -> Result<Option<Person>, RegisterError> {
        let _ = (login);
        unready()
    }

    /// All persons.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn people(&self) -> Result<Vec<Person>, RegisterError> {
        let _ = ();
        unready()
    }

    /// Gives a person another password and ends their sessions.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn set_password(
        &mut self,
        person: Uuid,
        password: &str,
        by: Uuid,
        now: Timestamp,
    ) -> Result<(), RegisterError> {
        let _ = (person, password, by, now);
        unready()
    }

    /// Keeps a person out: sessions end, keys are refused.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn disable(&mut self, person: Uuid, by: Uuid, now: Timestamp) -> Result<(), RegisterError> {
        let _ = (person, by, now);
        unready()
    }

    /// Gives a permission.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn add_grant(
        &mut self,
        grant: &Grant,
        by: Uuid,
        now: Timestamp,
    ) -> Result<(), RegisterError> {
        let _ = (grant, by, now);
        unready()
    }

    /// Takes a permission back.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn revoke_grant(
        &mut self,
        grant: Uuid,
        by: Uuid,
        now: Timestamp,
    ) -> Result<(), RegisterError> {
        let _ = (grant, by, now);
        unready()
    }

    /// Grants of a person, or all.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn grants(&self, person: Option<Uuid>) -> Result<Vec<Grant>, RegisterError> {
        let _ = (person);
        unready()
    }

    /// Makes an API key: `jomo_<id>_<secret>`, shown this once.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn add_key(
        &mut self,
        person: Uuid,
        key: &NewKey<'_>,
        by: Uuid,
        now: Timestamp,
    ) -> Result<(ApiKey, Secret), RegisterError> {
        let _ = (person, key, by, now);
        unready()
    }

    /// Ends an API key.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn revoke_key(&mut self, id: &str, by: Uuid, now: Timestamp) -> Result<(), RegisterError> {
        let _ = (id, by, now);
        unready()
    }

    /// API keys of a person, or all.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn keys(&self, person: Option<Uuid>) -> Result<Vec<ApiKey>, RegisterError> {
        let _ = (person);
        unready()
    }

    /// Destroys the key of a person's values, their credentials and sessions; the chain still verifies.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn erase(&mut self, person: Uuid, by: Uuid, now: Timestamp) -> Result<(), RegisterError> {
        let _ = (person, by, now);
        unready()
    }

    /// Makes a record.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn create_record(
        &mut self,
        record: NewRecord,
        by: Uuid,
        now: Timestamp,
    ) -> Result<Record, RegisterError> {
        let _ = (record, by, now);
        unready()
    }

    /// Reads a record without its personal values.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn read_record(&self, id: Uuid) -> Result<Option<Record>, RegisterError> {
        let _ = (id);
        unready()
    }

    /// Reads a record with its personal values and logs that `reader` did.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn read_personal(
        &mut self,
        id: Uuid,
        reader: Uuid,
        now: Timestamp,
    ) -> Result<Option<Record>, RegisterError> {
        let _ = (id, reader, now);
        unready()
    }

    /// Records of a kind by id, without personal values.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn list_records(&self, kind: &str, page: Page) -> Result<Vec<Record>, RegisterError> {
        let _ = (kind, page);
        unready()
    }

    /// Changes a record that is still at the revision expected.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn update_record(
        &mut self,
        id: Uuid,
        change: RecordChange,
        by: Uuid,
        now: Timestamp,
    ) -> Result<Record, RegisterError> {
        let _ = (id, change, by, now);
        unready()
    }

    /// Deletes a record that is still at the revision expected.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn delete_record(
        &mut self,
        id: Uuid,
        expected_revision: u64,
        by: Uuid,
        now: Timestamp,
    ) -> Result<Record, RegisterError> {
        let _ = (id, expected_revision, by, now);
        unready()
    }

    /// Edits of a record, oldest first.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn history(&self, id: Uuid) -> Result<Vec<Edit>, RegisterError> {
        let _ = (id);
        unready()
    }

    /// Verifies every link of the chain and that every row is what its last edit says.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn verify_chain(&self) -> Result<ChainReport, RegisterError> {
        let _ = ();
        unready()
    }

    /// Keeps a verdict.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn add_verdict(
        &mut self,
        verdict: NewVerdict,
        by: Uuid,
        now: Timestamp,
    ) -> Result<Verdict, RegisterError> {
        let _ = (verdict, by, now);
        unready()
    }

    /// Takes a verdict back.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn withdraw_verdict(
        &mut self,
        id: Uuid,
        by: Uuid,
        now: Timestamp,
    ) -> Result<(), RegisterError> {
        let _ = (id, by, now);
        unready()
    }

    /// Verdicts on a layer, oldest first.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn verdicts(&self, layer: &str) -> Result<Vec<Verdict>, RegisterError> {
        let _ = (layer);
        unready()
    }

    /// Queues a job.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn enqueue(
        &mut self,
        words: JobWords,
        by: Option<Uuid>,
        organisation: Option<&str>,
        now: Timestamp,
    ) -> Result<Job, RegisterError> {
        let _ = (words, by, organisation, now);
        unready()
    }

    /// Takes the oldest job that waits, or one whose worker has died.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn claim(
        &mut self,
        worker: &str,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<Job>, RegisterError> {
        let _ = (worker, lease, now);
        unready()
    }

    /// Says that the worker lives, extends its lease and tells it whether to stop.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn heartbeat(
        &mut self,
        id: Uuid,
        worker: &str,
        progress: Option<&JobProgress>,
        now: Timestamp,
    ) -> Result<Heartbeat, RegisterError> {
        let _ = (id, worker, progress, now);
        unready()
    }

    /// Ends an attempt.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn finish(
        &mut self,
        id: Uuid,
        worker: &str,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Job, RegisterError> {
        let _ = (id, worker, outcome, now);
        unready()
    }

    /// Asks for a job to be stopped; one that waits is cancelled at once.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn request_cancel(
        &mut self,
        id: Uuid,
        by: Option<Uuid>,
        now: Timestamp,
    ) -> Result<Job, RegisterError> {
        let _ = (id, by, now);
        unready()
    }

    /// One job.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn job(&self, id: Uuid) -> Result<Option<Job>, RegisterError> {
        let _ = (id);
        unready()
    }

    /// Jobs, newest first.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, RegisterError> {
        let _ = (filter);
        unready()
    }

    /// Copies the register into the new folder `dir` while others go on writing, with `manifest.json`.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn backup(&self, dir: &Path, now: Timestamp) -> Result<Manifest, RegisterError> {
        let _ = (dir, now);
        unready()
    }

    /// Puts a backup in place of nothing: verified before it gets its name, never over a file.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn restore(dir: &Path, to: &Path) -> Result<(), RegisterError> {
        let _ = (dir, to);
        unready()
    }
}
