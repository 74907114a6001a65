//! Files that people hand in, for jobs to read.
//!
//! A file is written beside the register while it comes, by a thread of its own, with its digest;
//! it gets its name when it is whole and on the disk. What is not whole leaves nothing.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use jomo_register::upload_path;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};

use crate::answer::json;
use crate::app::{People, PeopleLimits};
use crate::body;
use crate::problem::Problem;

/// Files that come at the same time; each has a thread.
pub const UPLOADS: usize = 4;

/// How long a file may take: 512 MiB at 300 kB/s.
const WHOLE_TIMEOUT: Duration = Duration::from_mins(30);

/// Parts that wait for the disk.
const PARTS: usize = 8;

/// Room that is left on the disk for the register itself, in bytes.
const RESERVE: u64 = 256 << 20;

/// How often the room is looked at, in bytes written.
const LOOK_EVERY: u64 = 16 << 20;

/// Longest name in bytes; file systems take 255.
const NAME_MAX: usize = 120;

/// What has come is removed after this long if nobody finished it: the server was killed.
const LEFTOVER_AGE: Duration = Duration::from_hours(24);

#[derive(Serialize)]
struct FileDocument {
    sha256: String,
    bytes: u64,
    name: String,
}

enum Part {
    Bytes(Bytes),
    End,
}

/// `POST /api/v1/files?name=`: 201.
///
/// # Errors
/// 400, 408, 413; 503 if too many come at the same time; 507.
pub async fn receive(
    people: &People,
    query: Option<&str>,
    body: &mut Body,
) -> Result<Response<Body>, Problem> {
    let name = name_query(query)?;
    if body::declares_more(body, people.limits.file_bytes) {
        return Err(Problem::BodyTooLarge);
    }
    let _place = people.uploads.try_acquire().or(Err(Problem::Busy))?;
    let (parts, waiting) = mpsc::channel(PARTS);
    let (reply, written) = oneshot::channel();
    let register = people.clerk.path().to_owned();
    let write = move || {
        // Nobody waits for the answer if the client has gone.
        let _ = reply.send(write(&register, name, waiting));
    };
    std::thread::Builder::new().name("upload".to_owned()).spawn(write).map_err(|error| {
        tracing::error!(%error, "no thread for an upload");
        Problem::Busy
    })?;
    let fed = tokio::time::timeout(WHOLE_TIMEOUT, feed(people.limits, body, &parts)).await;
    fed.unwrap_or(Err(Problem::BodyTooSlow))?;
    drop(parts);
    let document = match written.await {
        Ok(Ok(document)) => document,
        Ok(Err(error)) => return Err(problem(&error)),
        Err(_) => return Err(Problem::RegisterFailed),
    };
    let mut response = json(serde_json::to_vec(&document).unwrap_or_default());
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// Hands the body on. If the writer has given up, its own error says why.
async fn feed(
    limits: PeopleLimits,
    body: &mut Body,
    parts: &mpsc::Sender<Part>,
) -> Result<(), Problem> {
    let mut length = 0_u64;
    while let Some(part) = body::next(body, limits.body).await {
        let part = part?;
        length += part.len() as u64;
        if limits.file_bytes < length {
            return Err(Problem::BodyTooLarge);
        }
        if parts.send(Part::Bytes(part)).await.is_err() {
            return Ok(());
        }
    }
    let _ = parts.send(Part::End).await;
    Ok(())
}

fn problem(error: &io::Error) -> Problem {
    tracing::error!(%error, "an upload cannot be written");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Problem::StorageFull,
        _ => Problem::RegisterFailed,
    }
}

/// A file that is removed unless it is kept.
struct PartFile {
    path: PathBuf,
    is_kept: bool,
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn write(
    register: &Path,
    name: String,
    mut parts: mpsc::Receiver<Part>,
) -> io::Result<FileDocument> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let folder = folder(register)?;
    make_folder(&folder)?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!(".part-{}-{number}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let mut part_file = PartFile { path, is_kept: false };
    let (mut digest, mut bytes, mut look_at) = (Sha256::new(), 0_u64, 0_u64);
    loop {
        if look_at <= bytes {
            check_room(&folder)?;
            look_at = bytes + LOOK_EVERY;
        }
        match parts.blocking_recv() {
            Some(Part::Bytes(part)) => {
                file.write_all(&part)?;
                digest.update(&part);
                bytes += part.len() as u64;
            }
            Some(Part::End) => break,
            None => return Err(io::Error::other("the client broke off")),
        }
    }
    file.sync_all()?;
    let sha256 = hexadecimal(&digest.finalize());
    let target = upload_path(register, &sha256, &name);
    let target = target.ok_or_else(|| io::Error::other("no name for the file"))?;
    let home = target.parent().unwrap_or(&folder);
    make_folder(home)?;
    match fs::rename(&part_file.path, &target) {
        // A purge has just taken the empty folder away.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_folder(home)?;
            fs::rename(&part_file.path, &target)?;
        }
        renamed => renamed?,
    }
    part_file.is_kept = true;
    File::open(home)?.sync_all()?;
    File::open(&folder)?.sync_all()?;
    Ok(FileDocument { sha256, bytes, name })
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Where the files of a register lie.
fn folder(register: &Path) -> io::Result<PathBuf> {
    let example = upload_path(register, &"0".repeat(64), "file");
    let folder = example.as_deref().and_then(Path::parent).and_then(Path::parent);
    folder.map(Path::to_owned).ok_or_else(|| io::Error::other("no place for files"))
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn check_room(folder: &Path) -> io::Result<()> {
    let room = rustix::fs::statvfs(folder)?;
    if room.f_bavail.saturating_mul(room.f_frsize) < RESERVE {
        return Err(io::ErrorKind::StorageFull.into());
    }
    Ok(())
}

/// Removes what earlier servers left unfinished.
pub fn remove_leftovers(register: &Path) {
    let Ok(folder) = folder(register) else { return };
    let Ok(entries) = fs::read_dir(&folder) else { return };
    for entry in entries.flatten() {
        let is_part = entry.file_name().to_string_lossy().starts_with(".part-");
        let age = entry.metadata().and_then(|meta| meta.modified()).map(|time| time.elapsed());
        if is_part && matches!(age, Ok(Ok(age)) if LEFTOVER_AGE < age) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn name_query(query: Option<&str>) -> Result<String, Problem> {
    let fields = body::fields(query.unwrap_or_default()).ok_or(Problem::QueryUnknown)?;
    match fields.as_slice() {
        [(field, name)] if field == "name" => Ok(plain_name(name)),
        _ => Err(Problem::QueryUnknown),
    }
}

/// A plain file name: the last part of a path, letters and digits of any script, `-`, `_` and `.`,
/// not hidden, the ending kept.
#[must_use]
pub fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let name: String = last.chars().map(plain).collect();
    let name = name.trim_start_matches(['.', '-']);
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 16 => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let stem = if stem.is_empty() { "file" } else { stem };
    let room = NAME_MAX - ending.len();
    let end = stem.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= room);
    format!("{}{ending}", stem.get(..end.last().unwrap_or(0)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_become_plain() {
        for (name, expected) in [
            ("A30a5-11.zip", "A30a5-11.zip"),
            ("前橋市 用途地域.zip", "前橋市_用途地域.zip"),
            ("../../etc/passwd", "passwd"),
            ("C:\\data\\森林.gpkg", "森林.gpkg"),
            ("..", "file"),
            ("", "file"),
            (".bashrc", "bashrc"),
            ("--store", "store"),
            ("a\0b\nc\u{202e}gpj.exe", "a_b_c_gpj.exe"),
            ("/", "file"),
        ] {
            assert_eq!(plain_name(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_full_disk_is_told() {
        let told = |kind: io::ErrorKind| problem(&kind.into());
        assert_eq!(told(io::ErrorKind::StorageFull), Problem::StorageFull);
        assert_eq!(told(io::ErrorKind::QuotaExceeded), Problem::StorageFull);
        assert_eq!(told(io::ErrorKind::PermissionDenied), Problem::RegisterFailed);
    }

    proptest! {
        /// Whatever the client says, the name stays in its folder and the register takes it.
        #[test]
        fn every_name_has_a_place(name in "\\PC{0,200}") {
            let plain = plain_name(&name);
            prop_assert!(plain.len() <= NAME_MAX && !plain.starts_with('.'), "{plain}");
            let place = upload_path(Path::new("r.sqlite"), &"0".repeat(64), &plain);
            let expected = Path::new("r.sqlite.files").join("0".repeat(64)).join(&plain);
            prop_assert_eq!(place, Some(expected));
            prop_assert_eq!(plain_name(&plain), plain);
        }
    }
}
