//! A store in a folder: every step leaves it readable.
//!
//! Files and folders get their final name by a rename after they have been synced. A process
//! killed at any point leaves names that begin with a dot; the next writer removes them under the
//! lock.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::StoreError;
use crate::place::{Found, Tag, last_name};
use crate::read::LayerVersion;
use crate::stage::{check_staged, sha256_file};

/// How long a publication waits for another one, in steps of 50 ms. One takes about 0.1 s.
const LOCK_TRIES: u32 = 200;
const LOCK_STEP: Duration = Duration::from_millis(50);

/// The folder of a store.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

/// Holds the lock of a store until it is dropped.
pub(crate) struct Lock {
    _file: File,
}

impl Folder {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn path(&self, key: &str) -> PathBuf {
        if key.is_empty() { self.root.clone() } else { self.root.join(key) }
    }

    /// Under the lock nobody else writes: names with a dot belong to a process that died.
    pub(crate) fn begin_write(&self) -> Result<Lock, StoreError> {
        let lock = self.lock()?;
        for root in ["public", "restricted"] {
            let layers = format!("{root}/layers");
            let mut folders = vec![root.to_owned(), format!("{root}/generations")];
            folders.extend(self.names(&layers)?.iter().map(|layer| format!("{layers}/{layer}")));
            for folder in folders {
                for name in self.names(&folder)?.iter().filter(|name| name.starts_with('.')) {
                    let path = self.path(&folder).join(name);
                    if path.is_dir() {
                        fs::remove_dir_all(&path)
                            .map_err(|source| StoreError::io(&path, source))?;
                    } else {
                        fs::remove_file(&path).map_err(|source| StoreError::io(&path, source))?;
                    }
                }
            }
        }
        Ok(lock)
    }

    fn lock(&self) -> Result<Lock, StoreError> {
        let path = self.root.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|source| StoreError::io(&path, source))?;
        for _ in 0..LOCK_TRIES {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(LOCK_STEP),
                Err(fault) => return Err(StoreError::io(&path, fault.into())),
            }
        }
        Err(StoreError::Locked { path })
    }

    /// At most one byte more than `limit` is read.
    pub(crate) fn read(&self, key: &str, limit: u64) -> Result<Option<Found>, StoreError> {
        let path = self.path(key);
        let file = match File::open(&path) {
            Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|source| StoreError::io(&path, source))?,
        };
        let mut bytes = Vec::new();
        let read = file.take(limit + 1).read_to_end(&mut bytes);
        read.map_err(|source| StoreError::io(&path, source))?;
        Ok(Some(Found { bytes, tag: Tag::default() }))
    }

    pub(crate) fn replace(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(|source| StoreError::io(folder, source))?;
        let part = folder.join(format!(".{}", last_name(&path)));
        write_synced(&part, bytes)?;
        rename(&part, &path)
    }

    pub(crate) fn copy_version(&self, staged: &LayerVersion, key: &str) -> Result<(), StoreError> {
        let target = self.path(key);
        if target.exists() {
            // Versions are immutable and named by their content.
            return LayerVersion::open(&target).map(drop);
        }
        let part = target.with_file_name(format!(".{}", last_name(&target)));
        let result = fill(staged, &part).and_then(|()| rename(&part, &target));
        if result.is_err() {
            // The first error is the one to tell; what stays is removed by the next publication.
            let _ = fs::remove_dir_all(&part);
            self.remove_if_empty(target.parent());
        }
        result
    }

    pub(crate) fn names(&self, key: &str) -> Result<Vec<String>, StoreError> {
        names(&self.path(key))
    }

    pub(crate) fn size(&self, key: &str) -> Result<u64, StoreError> {
        size(&self.path(key))
    }

    pub(crate) fn length(&self, key: &str) -> Result<Option<u64>, StoreError> {
        let path = self.path(key);
        match fs::metadata(&path) {
            Ok(meta) => Ok(Some(meta.len())),
            Err(fault) if fault.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::io(&path, source)),
        }
    }

    pub(crate) fn remove(&self, key: &str) -> Result<(), StoreError> {
        let path = self.path(key);
        fs::remove_file(&path).map_err(|source| StoreError::io(&path, source))
    }

    pub(crate) fn remove_all(&self, key: &str) -> Result<(), StoreError> {
        let path = self.path(key);
        // Gone at once, whole; the rest of a removal that is broken off goes with the next write.
        let part = path.with_file_name(format!(".{}", last_name(&path)));
        rename(&path, &part)?;
        fs::remove_dir_all(&part).map_err(|source| StoreError::io(&part, source))?;
        self.remove_if_empty(path.parent());
        Ok(())
    }

    /// The folder of a layer without versions means nothing to anybody.
    fn remove_if_empty(&self, folder: Option<&Path>) {
        if let Some(folder) = folder.filter(|folder| *folder != self.root) {
            // Refused by the operating system while anything is in it.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Writes the files of a staged version to `part`, checks and syncs them.
fn fill(staged: &LayerVersion, part: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(part).map_err(|source| StoreError::io(part, source))?;
    let mut folders = BTreeSet::from([part.to_owned()]);
    for (name, listed) in &staged.layer.files {
        let (source, target) = (staged.dir().join(name), part.join(name));
        let folder = target.parent().unwrap_or(part);
        fs::create_dir_all(folder).map_err(|fault| StoreError::io(folder, fault))?;
        folders.insert(folder.to_owned());
        let plain = fs::symlink_metadata(&source).is_ok_and(|meta| meta.is_file());
        if !plain {
            return Err(StoreError::document(&source, &"not a plain file"));
        }
        fs::copy(&source, &target).map_err(|fault| StoreError::io(&source, fault))?;
        check_staged(&source, listed, &sha256_file(&target)?)?;
        sync(&target)?;
    }
    let text = serde_json::to_vec_pretty(&staged.layer);
    let text = text.map_err(|fault| StoreError::document(part, &fault))?;
    write_synced(&part.join("layer.json"), &text)?;
    folders.iter().try_for_each(|folder| sync(folder))
}

fn size(path: &Path) -> Result<u64, StoreError> {
    let meta = fs::symlink_metadata(path).map_err(|source| StoreError::io(path, source))?;
    if !meta.is_dir() {
        return Ok(meta.len());
    }
    names(path)?.iter().try_fold(0, |sum, name| Ok(sum + size(&path.join(name))?))
}

/// Names in a folder; none if there is no such folder.
fn names(folder: &Path) -> Result<Vec<String>, StoreError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| StoreError::io(folder, source))? {
        let entry = entry.map_err(|source| StoreError::io(folder, source))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

/// Forces a file or folder to the disk.
fn sync(path: &Path) -> Result<(), StoreError> {
    let file = File::open(path).map_err(|source| StoreError::io(path, source))?;
    file.sync_all().map_err(|source| StoreError::io(path, source))
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| StoreError::io(path, source))
}

/// Renames and forces the folder to the disk: only then is the new name there to stay.
fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|source| StoreError::io(to, source))?;
    to.parent().map_or(Ok(()), sync)
}
