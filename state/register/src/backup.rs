//! Backup while others go on writing, and restoring it.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::chain::{ChainReport, encode_value, frame};
use crate::error::RegisterError;
use crate::register::{Register, beside, micros, private_file, rename_to_nothing, sync, time_at};
use crate::schema;
use crate::secret::to_hex;

/// Name of the copy in the folder of a backup.
const FILE: &str = "register.sqlite";
/// Name of the description beside it.
const MANIFEST: &str = "manifest.json";
/// Largest manifest in bytes.
const MANIFEST_MAX: u64 = 64 << 10;

/// What `manifest.json` of a backup says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// When.
    pub time: Timestamp,
    /// Name of the copy in the folder.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// SHA-256 over all rows of all tables.
    pub rows_sha256: String,
    /// Version of the schema.
    pub schema: u32,
    /// The chain at that time.
    pub chain: ChainReport,
}

impl Manifest {
    /// Reads the manifest of the backup in `dir`.
    ///
    /// # Errors
    /// If it cannot be read or is not one.
    pub fn read(dir: &Path) -> Result<Self, RegisterError> {
        let path = dir.join(MANIFEST);
        let fault = |source| RegisterError::io(&path, source);
        let mut text = Vec::new();
        let file = fs::File::open(&path).map_err(fault)?;
        file.take(MANIFEST_MAX).read_to_end(&mut text).map_err(fault)?;
        let other = |reason: String| RegisterError::Backup { path: path.clone(), reason };
        let manifest: Self =
            serde_json::from_slice(&text).map_err(|error| other(error.to_string()))?;
        if manifest.file != FILE {
            return Err(other(format!("file {:?} instead of {FILE:?}", manifest.file)));
        }
        Ok(manifest)
    }
}

/// Copies a file, or only reads it, and gives its size and digest.
fn digest(from: &Path, mut to: Option<&mut fs::File>) -> Result<(u64, String), RegisterError> {
    let fault = |source| RegisterError::io(from, source);
    let mut file = fs::File::open(from).map_err(fault)?;
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0_u64, vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut buffer).map_err(fault)?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
        hash.update(part);
        bytes += read as u64;
        if let Some(to) = to.as_deref_mut() {
            to.write_all(part).map_err(fault)?;
        }
    }
    Ok((bytes, to_hex(&hash.finalize())))
}

impl Register {
    /// Copies the register into the new folder `dir` (`register.sqlite`, `manifest.json`) while
    /// others go on writing. The copy is verified before the folder gets its name.
    ///
    /// # Errors
    /// [`RegisterError::Exists`] if there is anything at `dir`.
    pub fn backup(&self, dir: &Path, now: Timestamp) -> Result<Manifest, RegisterError> {
        if dir.symlink_metadata().is_ok() {
            return Err(RegisterError::Exists { path: dir.to_owned() });
        }
        let part = beside(dir, &format!(".part-{}", std::process::id()));
        let made = self.backup_part(&part, now).and_then(|manifest| {
            rename_to_nothing(&part, dir)?;
            Ok(manifest)
        });
        if made.is_err() {
            // The reason of the failure is told; a rest is in nobody's way.
            let _ = fs::remove_dir_all(&part);
        }
        let manifest = made?;
        self.connection.execute(
            "INSERT INTO meta (name, value) VALUES ('last_backup_us', ?1)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [micros(now).to_be_bytes()],
        )?;
        Ok(manifest)
    }

    fn backup_part(&self, part: &Path, now: Timestamp) -> Result<Manifest, RegisterError> {
        use std::os::unix::fs::DirBuilderExt;
        let _ = fs::remove_dir_all(part);
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(part);
        made.map_err(|source| RegisterError::io(part, source))?;
        let file = part.join(FILE);
        schema::copy(&self.connection, &file)?;
        let copy = Self::open_read_only(&file)?;
        copy.check_integrity()?;
        let (chain, rows_sha256) = (copy.verify_chain()?, copy.rows_sha256()?);
        drop(copy);
        let (bytes, sha256) = digest(&file, None)?;
        let (file, schema) = (FILE.to_owned(), schema::VERSION);
        let manifest = Manifest { time: now, file, bytes, sha256, rows_sha256, schema, chain };
        let text = serde_json::to_vec_pretty(&manifest).map_err(RegisterError::damaged)?;
        let path = part.join(MANIFEST);
        fs::write(&path, text).map_err(|source| RegisterError::io(&path, source))?;
        sync(&path)?;
        sync(part)?;
        Ok(manifest)
    }

    /// Puts the backup in `dir` at `to`. It gets its name when size, digest, schema, integrity,
    /// chain and rows have been verified; a file that is there is never touched.
    ///
    /// # Errors
    /// [`RegisterError::Exists`], [`RegisterError::Backup`], or what is wrong with the copy.
    pub fn restore(dir: &Path, to: &Path) -> Result<Manifest, RegisterError> {
        let manifest = Manifest::read(dir)?;
        // A log left behind would be played into the restored file.
        for path in [to.to_owned(), beside(to, "-wal"), beside(to, "-journal")] {
            if path.symlink_metadata().is_ok() {
                return Err(RegisterError::Exists { path });
            }
        }
        let part = beside(to, &format!(".part-{}", std::process::id()));
        let restored =
            restore_part(dir, &part, &manifest).and_then(|()| rename_to_nothing(&part, to));
        if restored.is_err() {
            // The reason of the failure is told; a rest is in nobody's way.
            let _ = fs::remove_file(&part);
        }
        restored?;
        Ok(manifest)
    }

    /// When the last backup was made.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn last_backup(&self) -> Result<Option<Timestamp>, RegisterError> {
        let query = "SELECT value FROM meta WHERE name = 'last_backup_us'";
        let bytes: Option<[u8; 8]> =
            self.connection.query_row(query, [], |row| row.get(0)).optional()?;
        bytes.map(|bytes| time_at(i64::from_be_bytes(bytes))).transpose()
    }

    /// SHA-256 over all rows of all tables, the time of the last backup apart: equal registers
    /// have equal ones, whatever their pages look like.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn rows_sha256(&self) -> Result<String, RegisterError> {
        let snapshot = self.connection.unchecked_transaction()?;
        let mut tables = snapshot
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
        let tables: Vec<String> =
            tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut hash = Sha256::new();
        for table in tables {
            hash_table(&snapshot, &table, &mut hash)?;
        }
        Ok(to_hex(&hash.finalize()))
    }
}

fn hash_table(
    connection: &Connection,
    table: &str,
    hash: &mut Sha256,
) -> Result<(), RegisterError> {
    let mut name = Vec::new();
    frame(&mut name, table.as_bytes());
    hash.update(&name);
    let table = table.replace('"', "\"\"");
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\" ORDER BY rowid"))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut bytes = Vec::new();
    while let Some(row) = rows.next()? {
        bytes.clear();
        for column in 0..columns {
            encode_value(&mut bytes, row.get_ref(column)?);
        }
        let backup_time = bytes.windows(14).any(|part| part == b"last_backup_us");
        if table != "meta" || !backup_time {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(&bytes);
        }
    }
    Ok(())
}

fn restore_part(dir: &Path, part: &Path, manifest: &Manifest) -> Result<(), RegisterError> {
    let file = dir.join(FILE);
    let other = |reason: String| RegisterError::Backup { path: file.clone(), reason };
    let found = file.symlink_metadata().map_err(|source| RegisterError::io(&file, source))?;
    if !found.is_file() || found.len() != manifest.bytes {
        return Err(other(format!("{} bytes instead of {}", found.len(), manifest.bytes)));
    }
    let mut copy = private_file(part)?;
    let (_, sha256) = digest(&file, Some(&mut copy))?;
    copy.sync_all().map_err(|source| RegisterError::io(part, source))?;
    drop(copy);
    if sha256 != manifest.sha256 {
        return Err(other(format!("SHA-256 {sha256} instead of {}", manifest.sha256)));
    }
    let restored = Register::open_read_only(part)?;
    restored.check_integrity()?;
    if restored.verify_chain()? != manifest.chain {
        return Err(other("another chain than the manifest says".to_owned()));
    }
    if restored.rows_sha256()? != manifest.rows_sha256 {
        return Err(other("other rows than the manifest says".to_owned()));
    }
    Ok(())
}
