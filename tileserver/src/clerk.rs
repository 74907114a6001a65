//! The clerk keeps the register: a thread of its own for calls and one for sign-in.
//!
//! `SQLite` blocks, and a password costs some 50 ms of computing on purpose. Neither happens on a
//! thread that answers requests, and a flood of sign-ins does not keep those out who are in.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use jomo_core::message::Coded;
use jomo_register::{MasterKey, Register, RegisterError};
use tokio::sync::oneshot;

use crate::problem::Problem;

/// Calls that wait. One takes about 0.1 ms, so a full queue is 30 ms of work.
const CALLS: usize = 256;

/// Sign-ins that wait: a second of work.
const SIGN_INS: usize = 16;

/// How long a call may take from being asked to being answered.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);

/// The same for a sign-in, which waits behind others.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(15);

type Call = Box<dyn FnOnce(&mut Register) + Send>;

/// A register that can be asked from many tasks.
#[derive(Debug)]
pub struct Clerk {
    calls: SyncSender<Call>,
    sign_ins: SyncSender<Call>,
    path: PathBuf,
}

impl Clerk {
    /// Opens a register, without names where no key is given.
    ///
    /// # Errors
    /// If the register or the key cannot be used, or the system gives no thread.
    pub fn open(path: &Path, key_file: Option<&Path>) -> Result<Self, ClerkError> {
        let open = || {
            let key = key_file.map(MasterKey::read).transpose()?;
            Register::open(path, key)
        };
        Self::with(path, open()?, open()?)
    }

    /// A clerk with two connections to the register at `path`.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn with(path: &Path, calls: Register, sign_ins: Register) -> Result<Self, ClerkError> {
        let calls = lane("register", calls, CALLS)?;
        let sign_ins = lane("sign-in", sign_ins, SIGN_INS)?;
        Ok(Self { calls, sign_ins, path: path.to_owned() })
    }

    /// The register's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Asks the register something short.
    ///
    /// # Errors
    /// [`Problem::Busy`] if too many wait or the answer does not come in time; else the problem
    /// that the register's refusal means.
    pub async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Register) -> Result<T, RegisterError> + Send + 'static,
    ) -> Result<T, Problem> {
        ask(&self.calls, CALL_TIMEOUT, work).await
    }

    /// Asks the register something that checks a password.
    ///
    /// # Errors
    /// As [`Clerk::call`].
    pub async fn sign_in<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Register) -> Result<T, RegisterError> + Send + 'static,
    ) -> Result<T, Problem> {
        ask(&self.sign_ins, SIGN_IN_TIMEOUT, work).await
    }
}

/// Why there is no clerk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClerkError {
    /// The register or its key.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The operating system gives no thread.
    #[error("no thread for the register: {0}")]
    Thread(#[from] std::io::Error),
}

fn lane(name: &str, register: Register, places: usize) -> std::io::Result<SyncSender<Call>> {
    let (calls, waiting) = sync_channel(places);
    std::thread::Builder::new().name(name.to_owned()).spawn(move || work(register, &waiting))?;
    Ok(calls)
}

/// Ends when the clerk is dropped.
fn work(mut register: Register, waiting: &Receiver<Call>) {
    while let Ok(call) = waiting.recv() {
        // A call that panics must not end all later ones; its transaction is rolled back.
        if catch_unwind(AssertUnwindSafe(|| call(&mut register))).is_err() {
            tracing::error!("a call of the register was broken off");
        }
    }
}

async fn ask<T: Send + 'static>(
    lane: &SyncSender<Call>,
    timeout: Duration,
    work: impl FnOnce(&mut Register) -> Result<T, RegisterError> + Send + 'static,
) -> Result<T, Problem> {
    let (reply, answer) = oneshot::channel();
    let call = move |register: &mut Register| {
        // Whoever has gone needs no answer, and no work.
        if !reply.is_closed() {
            let _ = reply.send(work(register));
        }
    };
    if lane.try_send(Box::new(call)).is_err() {
        tracing::warn!("the register has too much to do");
        return Err(Problem::Busy);
    }
    match tokio::time::timeout(timeout, answer).await {
        Ok(Ok(result)) => result.map_err(|error| problem(&error)),
        Ok(Err(_)) => Err(Problem::RegisterFailed),
        Err(_) => {
            tracing::warn!("the register did not answer in time");
            Err(Problem::Busy)
        }
    }
}

/// What a refusal of the register means to a caller outside.
fn problem(error: &RegisterError) -> Problem {
    match error {
        RegisterError::SignInRefused => Problem::SignInRefused,
        RegisterError::TooManyTries { retry_after_s } => {
            Problem::TooManyTries { retry_after_s: *retry_after_s }
        }
        RegisterError::JobRefused { .. }
        | RegisterError::JobValue { .. }
        | RegisterError::JobIncomplete { .. }
        | RegisterError::JobRepeated { .. } => {
            Problem::JobRefused { code: error.code(), arguments: error.arguments() }
        }
        RegisterError::JobQuota { .. } => Problem::JobQuota { arguments: error.arguments() },
        RegisterError::Unknown { kind: "record", .. } => Problem::RecordUnknown,
        RegisterError::Unknown { .. } => Problem::JobUnknown,
        error => {
            tracing::error!(code = error.code(), %error, "the register failed");
            Problem::RegisterFailed
        }
    }
}
