//! One connection to the register: opening, the schema, and the one way to write.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::error::RegisterError;
use crate::password::PasswordCost;
use crate::schema;
use crate::secret::MasterKey;

/// How long a write waits for another process; a backup or a batch of edits takes less.
const BUSY: Duration = Duration::from_secs(10);

/// One connection to a register: may move between threads, lives on one at a time.
#[derive(Debug)]
pub struct Register {
    pub(crate) connection: Connection,
    pub(crate) path: PathBuf,
    pub(crate) master: Option<MasterKey>,
    pub(crate) cost: PasswordCost,
}

impl Register {
    /// Makes an empty register, readable by its owner alone. It gets its name when it is whole.
    ///
    /// # Errors
    /// [`RegisterError::Exists`] if there is anything at `path`.
    pub fn create(path: &Path, now: Timestamp) -> Result<Self, RegisterError> {
        if path.symlink_metadata().is_ok() {
            return Err(RegisterError::Exists { path: path.to_owned() });
        }
        let part = beside(path, &format!(".part-{}", std::process::id()));
        let made = Self::create_part(&part, now).and_then(|()| rename_to_nothing(&part, path));
        if made.is_err() {
            // The reason of the failure is told; a rest is in nobody's way.
            let _ = fs::remove_file(&part);
        }
        made?;
        Self::open(path, None)
    }

    fn create_part(part: &Path, now: Timestamp) -> Result<(), RegisterError> {
        private_file(part)?;
        let mut connection = Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::make(&mut connection, now)?;
        connection.close().map_err(|(_, error)| error)?;
        sync(part)
    }

    /// Opens a register and brings its schema up to date (the file as it was stays beside it).
    /// Without the master key personal values read as absent and cannot be written. The first
    /// master key that a register is opened with is the only one that it accepts from then on.
    ///
    /// # Errors
    /// If the file is missing, damaged, something else, newer than this program, or sealed with
    /// another key.
    pub fn open(path: &Path, key: Option<MasterKey>) -> Result<Self, RegisterError> {
        Self::open_with(path, key, PasswordCost::OFFICE)
    }

    /// Like [`Register::open`], with another cost of passwords.
    ///
    /// # Errors
    /// Those of [`Register::open`].
    pub fn open_with(
        path: &Path,
        key: Option<MasterKey>,
        cost: PasswordCost,
    ) -> Result<Self, RegisterError> {
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::migrate(&mut connection, path)?;
        connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
        schema::verify(&connection)?;
        let mut register = Self { connection, path: path.to_owned(), master: key, cost };
        register.check_master_key()?;
        Ok(register)
    }

    /// Opens a register for reading alone, without a change to the file: a backup, a check.
    ///
    /// # Errors
    /// Those of [`Register::open`]; an older schema is refused too.
    pub fn open_read_only(path: &Path) -> Result<Self, RegisterError> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        schema::current(&connection, path)?;
        schema::verify(&connection)?;
        let cost = PasswordCost::OFFICE;
        Ok(Self { connection, path: path.to_owned(), master: None, cost })
    }

    /// Version of the schema of every register that is open.
    #[must_use]
    pub const fn schema() -> u32 {
        schema::VERSION
    }

    /// Whether personal values can be read and written.
    #[must_use]
    pub const fn has_master_key(&self) -> bool {
        self.master.is_some()
    }

    /// The folder of uploaded files.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        beside(&self.path, ".files")
    }

    /// One write: everything that `work` does is there afterwards, or nothing.
    pub(crate) fn write<T>(
        &mut self,
        work: impl FnOnce(&Writing<'_>) -> Result<T, RegisterError>,
    ) -> Result<T, RegisterError> {
        let Self { connection, master, .. } = self;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let writing = Writing { transaction, master: master.as_ref() };
        let result = work(&writing)?;
        writing.transaction.commit()?;
        Ok(result)
    }

    /// Every page of the file and every reference between rows.
    ///
    /// # Errors
    /// [`RegisterError::Damaged`] with the first thing found.
    pub fn check_integrity(&self) -> Result<(), RegisterError> {
        let first: String =
            self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if first != "ok" {
            return Err(RegisterError::Damaged { reason: first });
        }
        let mut dangling = self.connection.prepare("PRAGMA foreign_key_check")?;
        let mut rows = dangling.query([])?;
        match rows.next()? {
            None => Ok(()),
            Some(row) => {
                let table: String = row.get(0)?;
                Err(RegisterError::Damaged { reason: format!("a row of {table} points nowhere") })
            }
        }
    }
}

/// A transaction that will be committed whole or not at all.
pub(crate) struct Writing<'a> {
    pub(crate) transaction: Transaction<'a>,
    pub(crate) master: Option<&'a MasterKey>,
}

/// Opens an existing file with the settings that every connection has.
pub(crate) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, RegisterError> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => {
            let (path, reason) = (path.to_owned(), "not a file".to_owned());
            return Err(RegisterError::NotARegister { path, reason });
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(RegisterError::Missing { path: path.to_owned() });
        }
        Err(source) => return Err(RegisterError::io(path, source)),
    }
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    schema::recognise(&connection, path)?;
    settle(&connection)?;
    Ok(connection)
}

/// The settings of every connection.
pub(crate) fn settle(connection: &Connection) -> Result<(), RegisterError> {
    connection.busy_timeout(BUSY)?;
    // A hostile file brings no functions, no virtual tables and no edited schema to life.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // REPLACE would otherwise delete without the triggers that guard the edits.
    connection.pragma_update(None, "recursive_triggers", true)?;
    // A commit survives the loss of power, at the price of one fsync each.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Deleted values are overwritten with zeros in their page, not only unlinked.
    connection.pragma_update(None, "secure_delete", true)?;
    // Sorted values stay out of files that nobody clears.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// `path` with a suffix to its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// An empty file, readable by its owner alone.
pub(crate) fn private_file(path: &Path) -> Result<fs::File, RegisterError> {
    let mut options = fs::OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).map_err(|source| RegisterError::io(path, source))
}

/// Gives a whole file its name, unless something has it already.
pub(crate) fn rename_to_nothing(from: &Path, to: &Path) -> Result<(), RegisterError> {
    let here = rustix::fs::CWD;
    rustix::fs::renameat_with(here, from, here, to, rustix::fs::RenameFlags::NOREPLACE).map_err(
        |error| match error {
            rustix::io::Errno::EXIST => RegisterError::Exists { path: to.to_owned() },
            other => RegisterError::io(to, other.into()),
        },
    )?;
    sync(to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// Brings a file or folder to the disk.
pub(crate) fn sync(path: &Path) -> Result<(), RegisterError> {
    let synced = fs::File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|source| RegisterError::io(path, source))
}

/// Microseconds since 1970: the form of every time in the register.
pub(crate) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// A time as the register will give it back.
pub(crate) fn time_at(micros: i64) -> Result<Timestamp, RegisterError> {
    Timestamp::from_microsecond(micros).map_err(RegisterError::damaged)
}
