//! Records, verdicts and their history.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// A record that people edit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// `UUIDv7`.
    pub id: Uuid,
    /// What kind of thing it describes.
    pub kind: String,
    /// 1 when created, one more with every change.
    pub revision: u64,
    /// What everybody with access may read.
    pub content: Value,
    /// Personal values, where they were asked for and can be opened.
    pub personal: Option<Value>,
    /// Whose personal values they are.
    pub subject: Uuid,
    /// Deleted, until it is purged.
    pub deleted: bool,
    /// Whose record it is.
    pub organisation: String,
    /// Five-digit code of the municipality that it lies in.
    pub municipality: Option<String>,
    /// When last changed.
    pub updated: Timestamp,
    /// Who last changed it.
    pub by: Uuid,
}

/// A record to be made.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// What kind of thing it describes.
    pub kind: String,
    /// What everybody with access may read.
    pub content: Value,
    /// Personal values; need the master key.
    pub personal: Option<Value>,
    /// Whose personal values they are; by default of nobody known outside this record.
    pub subject: Option<Uuid>,
    /// Whose record it is.
    pub organisation: String,
    /// Five-digit code of the municipality that it lies in.
    pub municipality: Option<String>,
}

/// New values of a record.
#[derive(Clone, Debug)]
pub struct RecordChange {
    /// The revision that the change was made on.
    pub expected_revision: u64,
    /// What everybody with access may read.
    pub content: Value,
    /// Personal values; `None` leaves them as they are.
    pub personal: Option<Value>,
}

/// Part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Only what comes after this id.
    pub after: Option<Uuid>,
    /// At most this many, 1 to 1,000.
    pub limit: u32,
}

/// One link of the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// Its place, from 1 on.
    pub seq: u64,
    /// When.
    pub time: Timestamp,
    /// Who.
    pub actor: Uuid,
    /// The table that was changed.
    pub table: String,
    /// The key of the row that was changed.
    pub subject: String,
    /// What was done: `create`, `update`, `delete`, ….
    pub kind: String,
    /// The record as it stood after the edit, unless that has been purged.
    pub record: Option<Record>,
    /// Hash of the link.
    pub hash: [u8; 32],
}

/// A person's verdict to be kept.
#[derive(Clone, Debug)]
pub struct NewVerdict {
    /// The layer that it speaks of.
    pub layer: String,
    /// Longitude and latitude.
    pub position: [f64; 2],
    /// Geometry as `GeoJSON`.
    pub geometry: Option<Value>,
    /// Class of the thing that was judged.
    pub class: String,
    /// Key of the run that the person saw.
    pub run_key: String,
    /// What the person says: e.g. `confirmed`, `rejected`.
    pub verdict: String,
    /// Whose verdict it is.
    pub organisation: String,
}

/// A person's verdict on something computed: bound to a place, never to a computed id.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// `UUIDv7`.
    pub id: Uuid,
    /// The layer that it speaks of.
    pub layer: String,
    /// Longitude and latitude.
    pub position: [f64; 2],
    /// Geometry as `GeoJSON`.
    pub geometry: Option<Value>,
    /// Class of the thing that was judged.
    pub class: String,
    /// Key of the run that the person saw.
    pub run_key: String,
    /// What the person says.
    pub verdict: String,
    /// Whose verdict it is.
    pub organisation: String,
    /// Taken back.
    pub withdrawn: bool,
    /// Who.
    pub by: Uuid,
    /// When.
    pub at: Timestamp,
}
