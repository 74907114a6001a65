//! Who opened whose personal values.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::Serialize;
use uuid::Uuid;

use crate::error::RegisterError;
use crate::people::parse_id;
use crate::register::{Register, micros, time_at};

/// One reading of personal values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// When.
    pub time: Timestamp,
    /// Who read.
    pub reader: Uuid,
    /// Whose values.
    pub subject: Uuid,
    /// Where they stand: `person <id>`, `record <id>`.
    pub place: String,
}

pub(crate) fn add(
    connection: &Connection,
    reader: Uuid,
    [subject, place]: [&str; 2],
    now: Timestamp,
) -> Result<(), RegisterError> {
    connection.execute(
        "INSERT INTO read_log (time_us, reader, subject, place) VALUES (?1, ?2, ?3, ?4)",
        params![micros(now), reader.to_string(), subject, place],
    )?;
    Ok(())
}

impl Register {
    /// Readings of one subject's personal values, oldest first: what the subject may ask for.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn readings(&self, subject: Uuid) -> Result<Vec<Reading>, RegisterError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT time_us, reader, place FROM read_log WHERE subject = ?1 ORDER BY time_us, rowid",
        )?;
        let mut rows = statement.query([subject.to_string()])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let (time, reader) = (time_at(row.get(0)?)?, parse_id(&row.get::<_, String>(1)?)?);
            all.push(Reading { time, reader, subject, place: row.get(2)? });
        }
        Ok(all)
    }
}
