//! Why the register refuses.

use std::path::PathBuf;

use jomo_core::message::{Arguments, Coded};

use crate::record::Record;

/// Why the register could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The key file cannot be used.
    #[error("{} cannot be used as a key file", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
    },
    /// Wrong login or wrong password: one error for both.
    #[error("sign-in refused")]
    SignInRefused,
    /// Too many wrong passwords for this login.
    #[error("too many failed sign-ins; again in {retry_after_s} s")]
    TooManyTries {
        /// Seconds until the next try counts.
        retry_after_s: u64,
    },
    /// The record was changed by somebody else meanwhile.
    #[error("revision {expected} was expected, the record is at {found}")]
    Conflict {
        /// The revision that the change was made on.
        expected: u64,
        /// The revision that stands.
        found: u64,
        /// The record as the caller wants it.
        mine: Box<Record>,
        /// The record as it stands.
        theirs: Box<Record>,
    },
    /// A word of a job is not allowed.
    #[error("a job may not contain {word:?}")]
    JobRefused {
        /// The word.
        word: String,
    },
    /// There is no such thing.
    #[error("no {kind} {id:?}")]
    Unknown {
        /// What was looked for.
        kind: &'static str,
        /// Its id as given.
        id: String,
    },
}

impl Coded for RegisterError {
    fn code(&self) -> &'static str {
        match self {
            Self::KeyFile { .. } => "register-key-file",
            Self::SignInRefused => "sign-in-refused",
            Self::TooManyTries { .. } => "too-many-tries",
            Self::Conflict { .. } => "register-conflict",
            Self::JobRefused { .. } => "job-refused",
            Self::Unknown { .. } => "register-unknown",
        }
    }

    fn arguments(&self) -> Arguments {
        Vec::new()
    }
}
