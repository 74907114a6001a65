//! Files that people handed in for jobs to read: gone when their time is over, and with whoever
//! handed them in.
//!
//! No row speaks of a file; the words of the jobs that name it say whose it is and whether it is
//! still wanted. A file that no job names is nobody's.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::error::RegisterError;
use crate::register::micros;
use crate::words::is_upload;

/// A file that has just come waits for its job at least this long, in microseconds: an hour.
const GRACE_US: i64 = 3_600 * 1_000_000;

/// A job that names a file.
struct Use {
    by: Option<String>,
    /// When it ended, if it has.
    finished_us: Option<i64>,
}

/// A file in its place.
struct Upload {
    path: PathBuf,
    /// `<sha256>/<name>`.
    name: String,
    modified_us: i64,
}

/// Removes the files that came before `until` (microseconds) and whose jobs ended before it.
pub(crate) fn purge(
    connection: &Connection,
    folder: &Path,
    until_us: i64,
    now: Timestamp,
) -> Result<u64, RegisterError> {
    let uses = uses(connection)?;
    let waits_until = until_us.min(micros(now).saturating_sub(GRACE_US));
    let mut removed = 0;
    for upload in uploads(folder)? {
        let jobs = uses.get(&upload.name).map(Vec::as_slice).unwrap_or_default();
        let is_over =
            jobs.iter().all(|job| job.finished_us.is_some_and(|finished| finished <= until_us));
        if is_over && upload.modified_us <= waits_until {
            remove(&upload.path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Removes the files that only jobs of this person name, and those that no job names: nobody can
/// say that they are not theirs. Their jobs that have not ended are cancelled.
pub(crate) fn erase(
    connection: &Connection,
    folder: &Path,
    person: &str,
    now: Timestamp,
) -> Result<(), RegisterError> {
    connection.execute(
        "UPDATE job SET state = 'cancelled', cancel_requested = 1, finished_us = ?2,
         revision = revision + 1 WHERE by = ?1 AND state = 'queued'",
        params![person, micros(now)],
    )?;
    connection.execute(
        "UPDATE job SET cancel_requested = 1, revision = revision + 1
         WHERE by = ?1 AND state = 'running' AND cancel_requested = 0",
        [person],
    )?;
    let uses = uses(connection)?;
    for upload in uploads(folder)? {
        let jobs = uses.get(&upload.name).map(Vec::as_slice).unwrap_or_default();
        if jobs.iter().all(|job| job.by.as_deref() == Some(person)) {
            remove(&upload.path)?;
        }
    }
    Ok(())
}

/// Jobs by the file that they name.
fn uses(connection: &Connection) -> Result<BTreeMap<String, Vec<Use>>, RegisterError> {
    let mut statement = connection.prepare("SELECT words, by, finished_us FROM job")?;
    let mut rows = statement.query([])?;
    let mut uses: BTreeMap<String, Vec<Use>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let words: String = row.get(0)?;
        let words: Vec<String> = serde_json::from_str(&words).map_err(RegisterError::damaged)?;
        for name in words.iter().filter_map(|word| word.strip_prefix("upload:")) {
            let found = Use { by: row.get(1)?, finished_us: row.get(2)? };
            uses.entry(name.to_owned()).or_default().push(found);
        }
    }
    Ok(uses)
}

/// The files in the folder; what does not look like one of them is left alone.
fn uploads(folder: &Path) -> Result<Vec<Upload>, RegisterError> {
    let mut found = Vec::new();
    for home in entries(folder)? {
        for path in entries(&home)? {
            let name = |path: &Path| path.file_name()?.to_str().map(str::to_owned);
            let (Some(sha256), Some(name)) = (name(&home), name(&path)) else { continue };
            let Ok(meta) = path.symlink_metadata() else { continue };
            if !meta.is_file() || !is_upload(&sha256, &name) {
                continue;
            }
            let modified = meta.modified().map_err(|source| RegisterError::io(&path, source))?;
            let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
            let modified_us = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
            found.push(Upload { path, name: format!("{sha256}/{name}"), modified_us });
        }
    }
    Ok(found)
}

/// What lies in a folder; nothing if there is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, RegisterError> {
    let fault = |source| RegisterError::io(folder, source);
    let is_folder = folder.symlink_metadata().is_ok_and(|found| found.is_dir());
    if !is_folder {
        return Ok(Vec::new());
    }
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(fault)?,
    };
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(fault)).collect()
}

fn remove(path: &Path) -> Result<(), RegisterError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(RegisterError::io(path, error));
        }
        _ => {}
    }
    if let Some(home) = path.parent() {
        // Refused by the system while another name of the same content lies in it.
        let _ = fs::remove_dir(home);
    }
    Ok(())
}
