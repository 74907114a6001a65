//! Why the register refuses.

use std::io;
use std::path::{Path, PathBuf};

use jomo_core::message::{Arguments, Coded};
use rusqlite::ErrorCode;

use crate::record::Record;

/// Why the register could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// There is no file.
    #[error("no register at {}", path.display())]
    Missing {
        /// The file as given.
        path: PathBuf,
    },
    /// There is a file already.
    #[error("{} exists", path.display())]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a register: {reason}", path.display())]
    NotARegister {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// A newer program has written the file.
    #[error("{} has schema {found}, this program knows {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The schema of this program.
        known: i64,
    },
    /// A table, index or trigger is not as this program makes it.
    #[error("{object} of the schema is not as it should be")]
    Schema {
        /// Its name.
        object: String,
    },
    /// The file is damaged.
    #[error("the register is damaged: {reason}")]
    Damaged {
        /// What was found.
        reason: String,
    },
    /// Another process holds the register.
    #[error("another process has kept the register for too long")]
    Busy,
    /// The database refused.
    #[error("database: {reason}")]
    Database {
        /// Its reason.
        reason: String,
    },
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Its reason.
        #[source]
        source: io::Error,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {reason}")]
    Random {
        /// Its reason.
        reason: String,
    },
    /// The key file holds something else.
    #[error("{} does not hold 64 hexadecimal digits", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
    },
    /// Others may read the key file.
    #[error("{} has mode {mode:o}, 600 is demanded", path.display())]
    KeyFileMode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The register is sealed with another key.
    #[error("the register is sealed with another key")]
    WrongKey,
    /// Personal values cannot be written without the master key.
    #[error("personal values need the key file")]
    KeyNeeded,
    /// Wrong login or wrong password: one error for both.
    #[error("sign-in refused")]
    SignInRefused,
    /// Too many wrong passwords for this login.
    #[error("too many failed sign-ins; again in {retry_after_s} s")]
    TooManyTries {
        /// Seconds until the next try counts.
        retry_after_s: u64,
    },
    /// A password is too short or too long.
    #[error("a password has {least} to {most} characters")]
    Password {
        /// Least number of characters.
        least: usize,
        /// Most.
        most: usize,
    },
    /// The record was changed by somebody else meanwhile.
    #[error("revision {expected} was expected, the record is at {found}")]
    Conflict {
        /// The revision that the change was made on.
        expected: u64,
        /// The revision that stands.
        found: u64,
        /// The record that the change was made on, unless that has been purged or never was.
        base: Option<Box<Record>>,
        /// The record as the caller wants it.
        mine: Box<Record>,
        /// The record as it stands.
        theirs: Box<Record>,
    },
    /// Nobody would be left who administers.
    #[error("nobody would be left with a grant as administrator")]
    LastAdministrator,
    /// A value cannot be used.
    #[error("{what} {value:?}: expected {expected}")]
    Invalid {
        /// What it is.
        what: &'static str,
        /// The value.
        value: String,
        /// What is accepted.
        expected: &'static str,
    },
    /// A word of a job is not allowed.
    #[error("a job may not contain {word:?}")]
    JobRefused {
        /// The word.
        word: String,
    },
    /// A flag of a job has a value that its command does not take.
    #[error("{flag} {value:?}: expected {expected}")]
    JobValue {
        /// The flag.
        flag: &'static str,
        /// Its value; empty where there is none.
        value: String,
        /// What is accepted.
        expected: String,
    },
    /// A job lacks something that its command needs.
    #[error("a job lacks {missing}")]
    JobIncomplete {
        /// The flag or file.
        missing: &'static str,
    },
    /// A flag of a job stands twice.
    #[error("a job may say {flag} only once")]
    JobRepeated {
        /// The flag.
        flag: &'static str,
    },
    /// As many jobs wait as may.
    #[error("{limit} jobs of {whose} wait already")]
    JobQuota {
        /// `person`, or `all` people.
        whose: &'static str,
        /// The most that may wait.
        limit: u32,
    },
    /// A file that was handed in is no longer there.
    #[error("the uploaded file {name:?} is not there")]
    UploadMissing {
        /// Its name.
        name: String,
    },
    /// The job is no longer this worker's.
    #[error("job {id} is no longer held by {worker}")]
    JobLost {
        /// The job.
        id: String,
        /// The worker.
        worker: String,
    },
    /// There is no such thing.
    #[error("no {kind} {id:?}")]
    Unknown {
        /// What was looked for.
        kind: &'static str,
        /// Its id as given.
        id: String,
    },
    /// There is such a thing already.
    #[error("{kind} {id:?} exists")]
    Taken {
        /// What it is.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// The id of an organisation leads to the same layers as that of another.
    #[error("organisation {id:?} cannot be told from {other:?} in the ids of layers")]
    TooAlike {
        /// The id.
        id: String,
        /// That which is there.
        other: String,
    },
    /// The person's values have been erased.
    #[error("person {id} has been erased")]
    Erased {
        /// The person.
        id: String,
    },
    /// An edit, or the row that it speaks of, has been changed from outside.
    #[error("edit {edit} of {subject} does not hold: {reason}")]
    ChainBroken {
        /// The first edit that does not hold.
        edit: u64,
        /// Table and key of the row that it speaks of.
        subject: String,
        /// What does not hold.
        reason: &'static str,
    },
    /// A backup is not what its manifest says.
    #[error("{}: {reason}", path.display())]
    Backup {
        /// The file of the backup.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl RegisterError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    #[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
    pub(crate) fn damaged(reason: impl ToString) -> Self {
        Self::Damaged { reason: reason.to_string() }
    }

    pub(crate) fn unknown(kind: &'static str, id: &(impl ToString + ?Sized)) -> Self {
        Self::Unknown { kind, id: id.to_string() }
    }

    pub(crate) fn invalid(what: &'static str, value: &str, expected: &'static str) -> Self {
        // A hostile value may be long; the error shows its beginning.
        let value = value.chars().take(80).collect();
        Self::Invalid { what, value, expected }
    }

    /// Whether the error is the breach of a uniqueness rule.
    pub(crate) fn taken(self, kind: &'static str, id: &str) -> Self {
        match self {
            Self::Database { reason } if reason.contains("UNIQUE constraint") => {
                Self::Taken { kind, id: id.to_owned() }
            }
            other => other,
        }
    }
}

impl From<rusqlite::Error> for RegisterError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            // Without a code: a column that is missing, of another type or outside its range.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) | None => {
                Self::damaged(error)
            }
            Some(_) => Self::Database { reason: error.to_string() },
        }
    }
}

impl Coded for RegisterError {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "register-missing",
            Self::Exists { .. } => "register-exists",
            Self::NotARegister { .. } => "register-other-file",
            Self::Newer { .. } => "register-newer",
            Self::Schema { .. } => "register-schema",
            Self::Damaged { .. } => "register-damaged",
            Self::Busy => "register-busy",
            Self::Database { .. } => "register-database",
            Self::Io { .. } => "register-io",
            Self::Random { .. } => "register-random",
            Self::KeyFile { .. } => "register-key-file",
            Self::KeyFileMode { .. } => "register-key-file-mode",
            Self::WrongKey => "register-wrong-key",
            Self::KeyNeeded => "register-key-needed",
            Self::SignInRefused => "sign-in-refused",
            Self::TooManyTries { .. } => "too-many-tries",
            Self::Password { .. } => "register-password",
            Self::Conflict { .. } => "register-conflict",
            Self::LastAdministrator => "register-last-administrator",
            Self::Invalid { .. } => "register-invalid",
            Self::JobRefused { .. } => "job-refused",
            Self::JobValue { .. } => "job-value",
            Self::JobIncomplete { .. } => "job-incomplete",
            Self::JobRepeated { .. } => "job-repeated",
            Self::JobQuota { .. } => "job-quota",
            Self::UploadMissing { .. } => "job-upload-missing",
            Self::JobLost { .. } => "register-job-lost",
            Self::Unknown { .. } => "register-unknown",
            Self::Taken { .. } => "register-taken",
            Self::TooAlike { .. } => "register-too-alike",
            Self::Erased { .. } => "register-erased",
            Self::ChainBroken { .. } => "register-chain-broken",
            Self::Backup { .. } => "register-backup",
        }
    }

    fn arguments(&self) -> Arguments {
        let shown = |path: &Path| path.display().to_string();
        match self {
            Self::Missing { path } | Self::Exists { path } | Self::KeyFile { path } => {
                vec![("path", shown(path))]
            }
            Self::NotARegister { path, reason } | Self::Backup { path, reason } => {
                vec![("path", shown(path)), ("reason", reason.clone())]
            }
            Self::Newer { path, found, known } => vec![
                ("path", shown(path)),
                ("found", found.to_string()),
                ("known", known.to_string()),
            ],
            Self::Schema { object } => vec![("object", object.clone())],
            Self::Damaged { reason } | Self::Database { reason } | Self::Random { reason } => {
                vec![("reason", reason.clone())]
            }
            Self::Io { path, source } => {
                vec![("path", shown(path)), ("reason", source.to_string())]
            }
            Self::KeyFileMode { path, mode } => {
                vec![("path", shown(path)), ("mode", format!("{mode:o}"))]
            }
            Self::Busy
            | Self::WrongKey
            | Self::KeyNeeded
            | Self::SignInRefused
            | Self::LastAdministrator => Vec::new(),
            Self::TooManyTries { retry_after_s } => {
                vec![("seconds", retry_after_s.to_string())]
            }
            Self::Password { least, most } => {
                vec![("least", least.to_string()), ("most", most.to_string())]
            }
            Self::Conflict { expected, found, .. } => {
                vec![("expected", expected.to_string()), ("found", found.to_string())]
            }
            Self::Invalid { what, value, expected } => vec![
                ("what", (*what).to_owned()),
                ("value", value.clone()),
                ("expected", (*expected).to_owned()),
            ],
            Self::JobRefused { word } => vec![("word", word.clone())],
            Self::JobValue { flag, value, expected } => vec![
                ("flag", (*flag).to_owned()),
                ("value", value.clone()),
                ("expected", expected.clone()),
            ],
            Self::JobIncomplete { missing } => vec![("missing", (*missing).to_owned())],
            Self::JobRepeated { flag } => vec![("flag", (*flag).to_owned())],
            Self::JobQuota { whose, limit } => {
                vec![("whose", (*whose).to_owned()), ("limit", limit.to_string())]
            }
            Self::UploadMissing { name } => vec![("name", name.clone())],
            Self::JobLost { id, worker } => vec![("id", id.clone()), ("worker", worker.clone())],
            Self::Unknown { kind, id } | Self::Taken { kind, id } => {
                vec![("kind", (*kind).to_owned()), ("id", id.clone())]
            }
            Self::TooAlike { id, other } => vec![("id", id.clone()), ("other", other.clone())],
            Self::Erased { id } => vec![("id", id.clone())],
            Self::ChainBroken { edit, subject, reason } => vec![
                ("edit", edit.to_string()),
                ("subject", subject.clone()),
                ("reason", (*reason).to_owned()),
            ],
        }
    }
}
