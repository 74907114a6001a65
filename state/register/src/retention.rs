//! What is kept for how long, and its removal.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::params;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chain::Act;
use crate::error::RegisterError;
use crate::people::parse_id;
use crate::register::{Register, Writing, micros};
use crate::{seal, uploads};

/// For how long what is over is kept. The numbers are those of an office to confirm.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeepDays {
    /// Jobs that have ended.
    pub jobs: u32,
    /// Files that were handed in, after the last job that reads them has ended.
    pub uploads: u32,
    /// Messages that have been sent.
    pub outbox: u32,
    /// Who has read personal values.
    pub read_log: u32,
    /// Records that were deleted, of every kind that is not named.
    pub deleted_records: u32,
    /// Records that were deleted, by kind.
    pub deleted_records_of: BTreeMap<String, u32>,
}

impl Default for KeepDays {
    /// A month for files that were handed in, a quarter for what machines did, three years for who read what, a year to undo a
    /// deletion.
    fn default() -> Self {
        Self {
            jobs: 90,
            uploads: 30,
            outbox: 90,
            read_log: 1_095,
            deleted_records: 365,
            deleted_records_of: BTreeMap::new(),
        }
    }
}

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PurgeReport {
    /// Jobs.
    pub jobs: u64,
    /// Files that were handed in.
    pub uploads: u64,
    /// Messages.
    pub outbox: u64,
    /// Lines of the log of readings.
    pub readings: u64,
    /// Sessions that were over.
    pub sessions: u64,
    /// Records with their history, by kind.
    pub records: BTreeMap<String, u64>,
}

/// The instant `days` before `now`.
fn before(now: Timestamp, days: u32) -> i64 {
    micros(now).saturating_sub(i64::from(days) * 86_400 * 1_000_000)
}

impl Writing<'_> {
    fn purge_records(
        &self,
        keep: &KeepDays,
        act: Act,
    ) -> Result<BTreeMap<String, u64>, RegisterError> {
        let mut statement = self.transaction.prepare(
            "SELECT id, kind, subject, updated_us FROM record WHERE deleted = 1 ORDER BY id",
        )?;
        let deleted: Vec<(String, String, String, i64)> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
            .collect::<Result<_, _>>()?;
        let mut purged = BTreeMap::new();
        for (id, kind, subject, updated) in deleted {
            let days = keep.deleted_records_of.get(&kind).copied();
            if before(act.now, days.unwrap_or(keep.deleted_records)) < updated {
                continue;
            }
            let bodies = self.bodies("record", &id)?;
            self.transaction.execute("DELETE FROM record WHERE id = ?1", [&id])?;
            if subject == id {
                seal::destroy(&self.transaction, &subject)?;
            }
            self.edit_removing(["record", &id], "purge", act, &bodies)?;
            *purged.entry(kind).or_insert(0) += 1;
        }
        Ok(purged)
    }
}

impl Register {
    /// Removes what has been kept long enough. The chain keeps that there was a record, and that
    /// it was purged.
    ///
    /// # Errors
    /// If the register cannot be written.
    pub fn purge(
        &mut self,
        keep: &KeepDays,
        by: Uuid,
        now: Timestamp,
    ) -> Result<PurgeReport, RegisterError> {
        let files = self.files();
        let report = self.write(|writing| {
            // While the register is held: no job can ask for a file that is about to go.
            let until = before(now, keep.uploads);
            let uploads = uploads::purge(&writing.transaction, &files, until, now)?;
            let remove = |query: &str, days| -> Result<u64, RegisterError> {
                let removed = writing.transaction.execute(query, params![before(now, days)])?;
                Ok(removed as u64)
            };
            Ok(PurgeReport {
                uploads,
                jobs: remove("DELETE FROM job WHERE finished_us <= ?1", keep.jobs)?,
                outbox: remove("DELETE FROM outbox WHERE done_us <= ?1", keep.outbox)?,
                readings: remove("DELETE FROM read_log WHERE time_us <= ?1", keep.read_log)?,
                sessions: remove("DELETE FROM session WHERE expires_us <= ?1", 0)?,
                records: writing.purge_records(keep, Act { by, now })?,
            })
        })?;
        self.forget_log()?;
        Ok(report)
    }

    /// Ids of subjects that have a key: whose values can still be opened.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn subjects(&self) -> Result<Vec<Uuid>, RegisterError> {
        let mut statement =
            self.connection.prepare_cached("SELECT subject FROM subject_key ORDER BY subject")?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(parse_id(&row.get::<_, String>(0)?)?);
        }
        Ok(all)
    }
}
