//! Records that people edit, and their history.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::access::Grant;
use crate::chain::Act;
use crate::error::RegisterError;
use crate::history::at_revision;
use crate::people::{check_plain, parse_id};
use crate::register::{Register, Writing, micros, time_at};
use crate::secret::new_id;
use crate::{read_log, seal};

/// Largest content of a record in bytes of JSON, personal values apart: a form, not a file.
const CONTENT_MAX: usize = 1 << 20;
/// Most bytes of JSON in a part of a list; a thousand of the largest contents would be 1 GiB.
const PART_BYTES: usize = 4 << 20;
/// Most items in a part of a list.
pub(crate) const PART_ITEMS: u32 = 1_000;
/// Deepest nesting of a content; what is written can always be read back (the reader of JSON
/// stops at 128).
const DEPTH_MAX: usize = 32;

/// A record that people edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// Whose personal values they are; the id of the record itself where nobody else was named.
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

/// Whose a record is: enough to say who may see it, without a look at its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordOwner {
    /// What kind of thing it describes.
    pub kind: String,
    /// Whose record it is.
    pub organisation: String,
    /// Five-digit code of the municipality that it lies in.
    pub municipality: Option<String>,
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
    /// Whose personal values they are; by default nobody's who is known outside this record.
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

/// A part of a list, and where it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T, K> {
    /// What the part holds.
    pub items: Vec<T>,
    /// `after` of the next part; `None` at the end.
    pub next: Option<K>,
}

/// Collects a part of a list from a query for one row more than `limit`: it ends there, or where
/// the rows have [`PART_BYTES`], and never before the first.
pub(crate) fn part<T, K>(
    limit: u32,
    mut next: impl FnMut() -> Result<Option<(T, K, usize)>, RegisterError>,
) -> Result<Listing<T, K>, RegisterError> {
    let (mut items, mut last, mut bytes) = (Vec::new(), None, 0);
    while let Some((item, key, size)) = next()? {
        if last.is_some() && (limit as usize <= items.len() || PART_BYTES < bytes + size) {
            return Ok(Listing { items, next: last });
        }
        bytes += size;
        items.push(item);
        last = Some(key);
    }
    Ok(Listing { items, next: None })
}

const COLUMNS: &str = "id, kind, revision, content, subject, sealed, deleted, organisation,
    municipality, updated_us, by";

fn place(id: Uuid) -> String {
    format!("record {id}")
}

/// A record and its sealed values.
type Stored = (Record, Option<Vec<u8>>);

/// A row of `record` as it stands.
fn record(row: &Row<'_>) -> Result<Stored, RegisterError> {
    let content: String = row.get(3)?;
    let revision: i64 = row.get(2)?;
    let record = Record {
        id: parse_id(&row.get::<_, String>(0)?)?,
        kind: row.get(1)?,
        revision: u64::try_from(revision).map_err(RegisterError::damaged)?,
        content: serde_json::from_str(&content).map_err(RegisterError::damaged)?,
        personal: None,
        subject: parse_id(&row.get::<_, String>(4)?)?,
        deleted: row.get(6)?,
        organisation: row.get(7)?,
        municipality: row.get(8)?,
        updated: time_at(row.get(9)?)?,
        by: parse_id(&row.get::<_, String>(10)?)?,
    };
    Ok((record, row.get(5)?))
}

fn find(connection: &Connection, id: Uuid) -> Result<Option<Stored>, RegisterError> {
    let query = format!("SELECT {COLUMNS} FROM record WHERE id = ?1");
    let mut statement = connection.prepare_cached(&query)?;
    statement.query_row([id.to_string()], |row| Ok(record(row))).optional()?.transpose()
}

/// The content as it is stored.
fn content_text(content: &Value) -> Result<String, RegisterError> {
    let refused = |value: &str, expected| Err(RegisterError::invalid("content", value, expected));
    if DEPTH_MAX < depth(content, DEPTH_MAX) {
        return refused("", "JSON nested at most 32 deep");
    }
    let text = content.to_string();
    if CONTENT_MAX < text.len() {
        return refused("", "at most 1 MiB of JSON");
    }
    Ok(text)
}

/// Levels of nesting, counted no further than one beyond `limit`.
fn depth(value: &Value, limit: usize) -> usize {
    let deepest = |depths: &mut dyn Iterator<Item = usize>| depths.max().unwrap_or(0);
    if limit == 0 {
        return 1;
    }
    match value {
        Value::Array(list) => 1 + deepest(&mut list.iter().map(|item| depth(item, limit - 1))),
        Value::Object(map) => 1 + deepest(&mut map.values().map(|item| depth(item, limit - 1))),
        _ => 0,
    }
}

/// Whether a text can be the kind of a record: `[a-z0-9_-]{1,64}`.
#[must_use]
pub fn is_kind(text: &str) -> bool {
    check_plain("kind", text).is_ok()
}

fn check_municipality(code: Option<&str>) -> Result<(), RegisterError> {
    let plain = |code: &str| code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit());
    match code {
        Some(code) if !plain(code) => {
            Err(RegisterError::invalid("municipality", code, "a five-digit code"))
        }
        _ => Ok(()),
    }
}

impl Writing<'_> {
    fn seal_personal(
        &self,
        [subject, id]: [Uuid; 2],
        personal: Option<&Value>,
        act: Act,
    ) -> Result<Option<Vec<u8>>, RegisterError> {
        let Some(value) = personal else { return Ok(None) };
        content_text(value)?;
        let (subject, place) = (subject.to_string(), place(id));
        seal::seal(&self.transaction, self.master, [&subject, &place], value, act.now).map(Some)
    }

    /// The record, if it is still at the revision expected.
    fn expect(&self, id: Uuid, expected: u64, mine: &Mine<'_>) -> Result<Record, RegisterError> {
        let found = find(&self.transaction, id)?;
        let (theirs, _) = found.ok_or_else(|| RegisterError::unknown("record", &id))?;
        if theirs.revision == expected && !theirs.deleted {
            return Ok(theirs);
        }
        let (content, personal) = match mine {
            Mine::Change(change) => (change.content.clone(), change.personal.clone()),
            Mine::Deletion => (theirs.content.clone(), None),
        };
        let deleted = matches!(mine, Mine::Deletion);
        let mine = Record { revision: expected, content, personal, deleted, ..theirs.clone() };
        Err(RegisterError::Conflict {
            expected,
            found: theirs.revision,
            base: at_revision(&self.transaction, id, expected)?.map(Box::new),
            mine: Box::new(mine),
            theirs: Box::new(theirs),
        })
    }
}

/// What the caller wants of a record.
enum Mine<'a> {
    Change(&'a RecordChange),
    Deletion,
}

impl Register {
    /// Makes a record.
    ///
    /// # Errors
    /// If the kind or municipality is not plain, the content too large or deep, there are
    /// personal values but no master key, or the organisation is unknown.
    pub fn create_record(
        &mut self,
        new: NewRecord,
        by: Uuid,
        now: Timestamp,
    ) -> Result<Record, RegisterError> {
        check_plain("kind", &new.kind)?;
        check_municipality(new.municipality.as_deref())?;
        let content = content_text(&new.content)?;
        let id = new_id(now)?;
        let (key, act) = (id.to_string(), Act { by, now });
        let subject = new.subject.unwrap_or(id);
        self.write(|writing| {
            writing.organisation(&new.organisation)?;
            let sealed = writing.seal_personal([subject, id], new.personal.as_ref(), act)?;
            writing.transaction.execute(
                "INSERT INTO record VALUES (?1, ?2, 1, ?3, ?4, ?5, 0, ?6, ?7, ?8, ?9)",
                params![
                    key,
                    new.kind,
                    content,
                    subject.to_string(),
                    sealed,
                    new.organisation,
                    new.municipality,
                    micros(now),
                    by.to_string()
                ],
            )?;
            writing.edit("record", &key, "create", act)
        })?;
        let made = self.read_record(id)?.ok_or_else(|| RegisterError::unknown("record", &id))?;
        Ok(Record { personal: new.personal, ..made })
    }

    /// Whose a record is, also a deleted one. The content is not read: how long the answer takes
    /// does not tell how large it is.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn record_owner(&self, id: Uuid) -> Result<Option<RecordOwner>, RegisterError> {
        let query = "SELECT kind, organisation, municipality FROM record WHERE id = ?1";
        let mut statement = self.connection.prepare_cached(query)?;
        let owner = statement.query_row([id.to_string()], |row| {
            let (kind, organisation, municipality) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(RecordOwner { kind, organisation, municipality })
        });
        Ok(owner.optional()?)
    }

    /// Reads a record, also a deleted one, without its personal values.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn read_record(&self, id: Uuid) -> Result<Option<Record>, RegisterError> {
        Ok(find(&self.connection, id)?.map(|(record, _)| record))
    }

    /// Reads a record with its personal values; the log keeps that `reader` has read them.
    ///
    /// # Errors
    /// If the register cannot be read or written.
    pub fn read_personal(
        &mut self,
        id: Uuid,
        reader: Uuid,
        now: Timestamp,
    ) -> Result<Option<Record>, RegisterError> {
        let Some((mut record, sealed)) = find(&self.connection, id)? else { return Ok(None) };
        let (subject, place) = (record.subject.to_string(), place(id));
        let at = [subject.as_str(), &place];
        record.personal =
            seal::open(&self.connection, self.master.as_ref(), at, sealed.as_deref())?;
        if record.personal.is_some() {
            // Logged before it is handed out.
            self.write(|writing| read_log::add(&writing.transaction, reader, at, now))?;
        }
        Ok(Some(record))
    }

    /// Records of a kind in the order of their ids, deleted ones and personal values left out.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn list_records(&self, kind: &str, page: Page) -> Result<Vec<Record>, RegisterError> {
        let query = format!(
            "SELECT {COLUMNS} FROM record
             WHERE kind = ?1 AND id > ?2 AND deleted = 0 ORDER BY id LIMIT ?3"
        );
        let after = page.after.map(|id| id.to_string()).unwrap_or_default();
        let mut statement = self.connection.prepare_cached(&query)?;
        let mut rows = statement.query(params![kind, after, page.limit.clamp(1, PART_ITEMS)])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(record(row)?.0);
        }
        Ok(all)
    }

    /// Records of a kind that any of these grants reaches, in the order of their ids, deleted ones
    /// and personal values left out. A part may be shorter than asked for: it has at most 4 MiB,
    /// or one record.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn visible_records(
        &self,
        kind: &str,
        grants: &[Grant],
        page: Page,
    ) -> Result<Listing<Record, Uuid>, RegisterError> {
        let reached: Vec<_> = grants
            .iter()
            .map(|g| json!({ "organisation": g.organisation, "area": g.area }))
            .collect();
        let query = format!(
            "SELECT {COLUMNS}, octet_length(content) FROM record
             WHERE kind = ?1 AND id > ?2 AND deleted = 0 AND EXISTS (
                 SELECT 1 FROM json_each(?3) AS g
                 WHERE g.value ->> 'organisation' = record.organisation
                 AND (g.value ->> 'area' = 'all' OR record.municipality IN (
                     SELECT a.value FROM json_each(g.value -> 'area') AS a)))
             ORDER BY id LIMIT ?4"
        );
        let after = page.after.map(|id| id.to_string()).unwrap_or_default();
        let limit = page.limit.clamp(1, PART_ITEMS);
        let mut statement = self.connection.prepare_cached(&query)?;
        let mut rows =
            statement.query(params![kind, after, json!(reached).to_string(), limit + 1])?;
        part(limit, || {
            let Some(row) = rows.next()? else { return Ok(None) };
            let (record, size) = (record(row)?.0, row.get::<_, i64>(11)?);
            let size = usize::try_from(size).map_err(RegisterError::damaged)?;
            let id = record.id;
            Ok(Some((record, id, size)))
        })
    }

    /// Changes a record that is still at the revision expected.
    ///
    /// # Errors
    /// [`RegisterError::Conflict`] with both versions if it is not, or has been deleted.
    pub fn update_record(
        &mut self,
        id: Uuid,
        change: RecordChange,
        by: Uuid,
        now: Timestamp,
    ) -> Result<Record, RegisterError> {
        let content = content_text(&change.content)?;
        let (key, act) = (id.to_string(), Act { by, now });
        self.write(|writing| {
            let theirs = writing.expect(id, change.expected_revision, &Mine::Change(&change))?;
            let owner = [theirs.subject, id];
            let sealed = writing.seal_personal(owner, change.personal.as_ref(), act)?;
            writing.transaction.execute(
                "UPDATE record SET revision = revision + 1, content = ?2,
                 sealed = coalesce(?3, sealed), updated_us = ?4, by = ?5 WHERE id = ?1",
                params![key, content, sealed, micros(now), by.to_string()],
            )?;
            writing.edit("record", &key, "update", act)
        })?;
        let made = self.read_record(id)?.ok_or_else(|| RegisterError::unknown("record", &id))?;
        Ok(Record { personal: change.personal, ..made })
    }

    /// Deletes a record that is still at the revision expected. Its content stays in the history
    /// until it is purged.
    ///
    /// # Errors
    /// [`RegisterError::Conflict`] with both versions if it is not, or has been deleted.
    pub fn delete_record(
        &mut self,
        id: Uuid,
        expected_revision: u64,
        by: Uuid,
        now: Timestamp,
    ) -> Result<Record, RegisterError> {
        let (key, act) = (id.to_string(), Act { by, now });
        self.write(|writing| {
            writing.expect(id, expected_revision, &Mine::Deletion)?;
            writing.transaction.execute(
                "UPDATE record SET revision = revision + 1, deleted = 1, updated_us = ?2, by = ?3
                 WHERE id = ?1",
                params![key, micros(now), by.to_string()],
            )?;
            writing.edit("record", &key, "delete", act)
        })?;
        self.read_record(id)?.ok_or_else(|| RegisterError::unknown("record", &id))
    }
}
