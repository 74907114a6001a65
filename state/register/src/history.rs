//! The history of a record, read from the chain.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::chain::{Encoded, decode};
use crate::error::RegisterError;
use crate::people::parse_id;
use crate::record::{Listing, PART_ITEMS, Record, part};
use crate::register::{Register, time_at};

/// One link of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
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

const SELECT: &str =
    "SELECT edit.seq, time_us, actor, place, subject, kind, hash, edit_body.content
    FROM edit LEFT JOIN edit_body ON edit_body.seq = edit.seq
    WHERE place = 'record' AND subject = ?1";

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

/// An edit and the bytes of its content.
fn edit(row: &Row<'_>) -> Result<(Edit, usize), RegisterError> {
    let content: Option<Vec<u8>> = row.get(7)?;
    let edit = Edit {
        seq: u64::try_from(row.get::<_, i64>(0)?).map_err(RegisterError::damaged)?,
        time: time_at(row.get(1)?)?,
        actor: parse_id(&row.get::<_, String>(2)?)?,
        table: row.get(3)?,
        subject: row.get(4)?,
        kind: row.get(5)?,
        hash: row.get(6)?,
        record: content.as_deref().and_then(decoded),
    };
    Ok((edit, content.map_or(0, |content| content.len())))
}

/// A record as it stood at a revision; `None` if it never did, or that has been purged.
pub(crate) fn at_revision(
    connection: &Connection,
    id: Uuid,
    revision: u64,
) -> Result<Option<Record>, RegisterError> {
    // Every edit of a record raises its revision by one, from 1 on.
    let Some(before) = revision.checked_sub(1).and_then(|before| i64::try_from(before).ok()) else {
        return Ok(None);
    };
    let query = format!("{SELECT} ORDER BY edit.seq LIMIT 1 OFFSET ?2");
    let mut statement = connection.prepare_cached(&query)?;
    let found = statement.query_row(params![id.to_string(), before], |row| Ok(edit(row)));
    let record = found.optional()?.transpose()?.and_then(|(edit, _)| edit.record);
    Ok(record.filter(|record| record.revision == revision))
}

impl Register {
    /// Edits of a record, oldest first, each with the record as it then stood.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn history(&self, id: Uuid) -> Result<Vec<Edit>, RegisterError> {
        let mut statement =
            self.connection.prepare_cached(&format!("{SELECT} ORDER BY edit.seq"))?;
        let mut rows = statement.query([id.to_string()])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(edit(row)?.0);
        }
        Ok(all)
    }

    /// Edits of a record behind the one whose `seq` is `after`, oldest first, at most `limit` (1
    /// to 1,000) and 4 MiB of them, or one.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn edits(
        &self,
        id: Uuid,
        after: u64,
        limit: u32,
    ) -> Result<Listing<Edit, u64>, RegisterError> {
        let (after, limit) = (i64::try_from(after).unwrap_or(i64::MAX), limit.clamp(1, PART_ITEMS));
        let query = format!("{SELECT} AND edit.seq > ?2 ORDER BY edit.seq LIMIT ?3");
        let mut statement = self.connection.prepare_cached(&query)?;
        let mut rows = statement.query(params![id.to_string(), after, limit + 1])?;
        part(limit, || {
            let Some(row) = rows.next()? else { return Ok(None) };
            let (edit, size) = edit(row)?;
            let seq = edit.seq;
            Ok(Some((edit, seq, size)))
        })
    }
}
