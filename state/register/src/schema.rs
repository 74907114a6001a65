//! The schema and its versions: each step is a file of SQL, run once in one transaction.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::backup::Backup;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::error::RegisterError;
use crate::register::{beside, micros, private_file, rename_to_nothing, settle, sync};

/// `JOMO`: what `file` and every `SQLite` program show as the application id.
pub(crate) const APPLICATION_ID: i64 = 0x4A4F_4D4F;

/// Each step brings the schema whose number is its place in the list to the next one.
const STEPS: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// The schema that this program writes.
pub(crate) const VERSION: u32 = 2;

/// Fills an empty file.
pub(crate) fn make(connection: &mut Connection, now: Timestamp) -> Result<(), RegisterError> {
    settle(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in STEPS {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    let made = micros(now).to_be_bytes();
    transaction.execute("INSERT INTO meta (name, value) VALUES ('created_us', ?1)", [made])?;
    transaction.commit()?;
    Ok(())
}

fn number(connection: &Connection, pragma: &str) -> Result<i64, RegisterError> {
    Ok(connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))?)
}

/// Refuses every file that is not a register.
pub(crate) fn recognise(connection: &Connection, path: &Path) -> Result<(), RegisterError> {
    let other = |reason| RegisterError::NotARegister { path: path.to_owned(), reason };
    let found = connection.query_row("PRAGMA application_id", [], |row| row.get::<_, i64>(0));
    match found {
        Ok(APPLICATION_ID) => Ok(()),
        Ok(found) => Err(other(format!("application id {found:#010x}"))),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(other("not a SQLite file".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Refuses a schema that is not this program's.
pub(crate) fn current(connection: &Connection, path: &Path) -> Result<(), RegisterError> {
    let found = number(connection, "user_version")?;
    let known = i64::from(VERSION);
    if found == known {
        return Ok(());
    }
    if known < found {
        return Err(RegisterError::Newer { path: path.to_owned(), found, known });
    }
    Err(RegisterError::Schema { object: format!("version {found}") })
}

/// Brings an older schema up to date; the file as it was is copied beside it first.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), RegisterError> {
    let found = number(connection, "user_version")?;
    let known = i64::from(VERSION);
    if found == known {
        return Ok(());
    }
    if known < found {
        return Err(RegisterError::Newer { path: path.to_owned(), found, known });
    }
    if found < 1 {
        return Err(RegisterError::Schema { object: format!("version {found}") });
    }
    keep_copy(connection, path, found)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster: each step asks again under the lock.
    for (version, step) in (0_i64..).zip(STEPS) {
        if number(&transaction, "user_version")? == version {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", version + 1)?;
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Copies the file to `<name>.schema-<version>`, or to the first such name with a number that is
/// free.
fn keep_copy(connection: &Connection, path: &Path, version: i64) -> Result<(), RegisterError> {
    let part = beside(path, &format!(".part-{}", std::process::id()));
    copy(connection, &part)?;
    for number in 0..1_000 {
        let suffix = match number {
            0 => format!(".schema-{version}"),
            number => format!(".schema-{version}.{number}"),
        };
        match rename_to_nothing(&part, &beside(path, &suffix)) {
            Err(RegisterError::Exists { .. }) => {}
            result => return result,
        }
    }
    Err(RegisterError::Exists { path: beside(path, &format!(".schema-{version}")) })
}

/// Copies the whole database as it is at this moment into a new single file; writers go on.
pub(crate) fn copy(connection: &Connection, to: &Path) -> Result<(), RegisterError> {
    private_file(to)?;
    let mut copy = Connection::open(to)?;
    {
        // All pages in one step: one snapshot, whatever other connections write meanwhile.
        let backup = Backup::new(connection, &mut copy)?;
        backup.step(-1)?;
    }
    // The copy is one file without companions, until it is opened as a register.
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get::<_, String>(0))?;
    copy.close().map_err(|(_, error)| error)?;
    sync(to)
}

/// Tables, indices and triggers of a database, by name.
fn objects(connection: &Connection) -> Result<Vec<(String, String)>, RegisterError> {
    let mut statement = connection.prepare(
        "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Compares the schema with the one that this program makes: a trigger that was taken away, a
/// view that was slipped in.
pub(crate) fn verify(connection: &Connection) -> Result<(), RegisterError> {
    let sample = Connection::open_in_memory()?;
    for step in STEPS {
        sample.execute_batch(step)?;
    }
    let (expected, found) = (objects(&sample)?, objects(connection)?);
    let different = expected.iter().find(|object| !found.contains(object));
    match different.or_else(|| found.iter().find(|object| !expected.contains(object))) {
        None => Ok(()),
        Some((object, _)) => Err(RegisterError::Schema { object: object.clone() }),
    }
}
