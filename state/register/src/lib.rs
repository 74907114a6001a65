//! The register: what people edit, and who they are. One `SQLite` file of an office.
//!
//! Every change of a record, a verdict, a grant or a person is an edit of a chain of hashes that
//! can be verified by another program (`docs/spec/register.md`). Personal values are sealed with
//! a key for each subject, wrapped by a master key that lies in a file of its own: without that
//! file they read as absent, and destroying one subject's key erases them for good while the
//! chain still verifies.
//!
//! Times are arguments; only random bytes are taken from the system. Methods block on the disk:
//! a server calls them on a thread of their own.

mod access;
mod backup;
mod chain;
mod error;
mod grant;
mod history;
mod job;
mod outbox;
mod password;
mod people;
mod read_log;
mod record;
mod register;
mod retention;
mod schema;
mod seal;
mod secret;
mod session;
mod uploads;
mod verdict;
mod words;

pub use access::{Area, Grant, Principal, Role, Via};
pub use backup::Manifest;
pub use chain::ChainReport;
pub use error::RegisterError;
pub use history::Edit;
pub use job::{
    ATTEMPTS, Heartbeat, Job, JobFilter, JobProgress, JobState, Outcome, WAITING_ALL, WAITING_EACH,
};
pub use jomo_core::organisation::OrganisationKind;
pub use outbox::OutboxMessage;
pub use password::PasswordCost;
pub use people::{NewPerson, Organisation, Person};
pub use read_log::Reading;
pub use record::{Listing, NewRecord, Page, Record, RecordChange, RecordOwner, is_kind};
pub use register::Register;
pub use retention::{KeepDays, PurgeReport};
pub use secret::{MasterKey, Secret, new_id};
pub use session::{ApiKey, NewKey, SignedIn};
pub use uuid::Uuid;
pub use verdict::{NewVerdict, Verdict};
pub use words::{JobWords, Source, upload_path};

/// The person of whoever works at the command line of the machine itself, in edits and logs.
pub const OPERATOR: Uuid = Uuid::nil();
