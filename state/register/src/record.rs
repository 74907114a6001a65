//! Records that people edit, and their history.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::chain::{Act, Encoded, decode};
use crate::error::RegisterError;
use crate::people::{check_plain, parse_id};
use crate::register::{Register, Writing, micros, time_at};
use crate::secret::new_id;
use crate::{read_log, seal};

/// Largest content of a record in bytes of JSON, personal values apart: a form, not a file.
const CONTENT_MAX: usize = 1 << 20;
/// Deepest nesting of a content; what is written can always be read back (the reader of JSON
/// stops at 128).
const DEPTH_MAX: usize = 32;

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

/// The record of an edit's content.
fn decoded(content: &[u8]) -> Option<Record> {
    let mut row = decode(content)?;
    let mut text = |name: &str| match row.remove(name)? {
        Encoded::Text(text) => Some(text),
        _ => None,
    };
    let id = |text: String| Uuid::parse_str(&text).ok();
    let (key, kind, content) = (text("id")?, text("kind")?, text("content")?);
    let (subject, by) = (text("subject")?, text("by")?);
    let (organisation, municipality) = (text("organisation")?, text("municipality"));
    let mut number = |name: &str| match row.remove(name)? {
        Encoded::Integer(number) => Some(number),
        _ => None,
    };
    Some(Record {
        id: id(key)?,
        kind,
        revision: u64::try_from(number("revision")?).ok()?,
        content: serde_json::from_str(&content).ok()?,
        personal: None,
        subject: id(subject)?,
        deleted: number("deleted")? != 0,
        organisation,
        municipality,
        updated: time_at(number("updated_us")?).ok()?,
        by: id(by)?,
    })
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
        let mut rows = statement.query(params![kind, after, page.limit.clamp(1, 1_000)])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(record(row)?.0);
        }
        Ok(all)
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

    /// Edits of a record, oldest first, each with the record as it then stood.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn history(&self, id: Uuid) -> Result<Vec<Edit>, RegisterError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT edit.seq, time_us, actor, place, subject, kind, hash, edit_body.content
             FROM edit LEFT JOIN edit_body ON edit_body.seq = edit.seq
             WHERE place = 'record' AND subject = ?1 ORDER BY edit.seq",
        )?;
        let mut rows = statement.query([id.to_string()])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let content: Option<Vec<u8>> = row.get(7)?;
            all.push(Edit {
                seq: u64::try_from(row.get::<_, i64>(0)?).map_err(RegisterError::damaged)?,
                time: time_at(row.get(1)?)?,
                actor: parse_id(&row.get::<_, String>(2)?)?,
                table: row.get(3)?,
                subject: row.get(4)?,
                kind: row.get(5)?,
                hash: row.get(6)?,
                record: content.as_deref().and_then(decoded),
            });
        }
        Ok(all)
    }
}
