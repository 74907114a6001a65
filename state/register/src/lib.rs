//! The register: what people edit, and who they are. One SQLite file of an office.
//!
//! Every change of a record, a verdict, a grant or a person is an edit of a chain of hashes that
//! can be verified by another program (`docs/spec/register.md`). Personal values are sealed with
//! a key for each subject, wrapped by a master key that lies in a file of its own: without that
//! file they read as absent, and destroying one subject's key erases them for good while the
//! chain still verifies.
//!
//! Times are arguments; only random bytes are taken from the system.

mod access;
mod error;
mod job;
mod people;
mod record;
mod register;
mod secret;

pub use access::{Area, Grant, Principal, Role, Via};
pub use error::RegisterError;
pub use job::{
    Heartbeat, Job, JobFilter, JobProgress, JobState, JobWords, Outcome, Source, upload_path,
};
pub use jomo_core::organisation::OrganisationKind;
pub use people::{ApiKey, NewKey, NewPerson, Organisation, Person, SignedIn};
pub use record::{Edit, NewRecord, NewVerdict, Page, Record, RecordChange, Verdict};
pub use register::{ChainReport, Manifest, PasswordCost, Register};
pub use secret::{MasterKey, Secret};
pub use uuid::Uuid;

/// The person of whoever works at the command line of the machine itself, in edits and logs.
pub const OPERATOR: Uuid = Uuid::nil();
