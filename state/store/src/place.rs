//! Where a store is: a folder of this machine or a prefix in an object store.
//!
//! Both know the same few operations on keys such as `public/current`; what publishes, rolls back
//! and collects is written once above them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::StoreError;
use crate::folder::{Folder, Lock};
use crate::objects::Objects;
use crate::read::LayerVersion;

/// Largest document (`layer.json`, a generation) that is read, in bytes. The largest known, a
/// layer with thousands of valid times, has about 1 MiB.
pub(crate) const DOCUMENT_MAX: u64 = 16 << 20;

/// Where a store is. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A folder; writers exclude each other by a lock.
    Folder(Folder),
    /// An object store; writers find out by a conditional put that another one was faster.
    Objects(Objects),
}

/// A document as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The content.
    pub(crate) bytes: Vec<u8>,
    /// What the place calls this state of the document.
    pub(crate) tag: Tag,
}

/// A state of a document: the entity tag of an object store, nothing under a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tag(pub(crate) Option<String>);

/// How a conditional write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is written.
    Done,
    /// Somebody else has written there; nothing has changed.
    Moved,
}

impl Place {
    /// The address of a key, to be shown to people.
    pub(crate) fn shown(&self, key: &str) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.path(key),
            Self::Objects(objects) => objects.shown(key),
        }
    }

    /// Begins to write: takes the lock where there is one and removes what a dead writer left.
    pub(crate) fn begin_write(&self) -> Result<Option<Lock>, StoreError> {
        match self {
            Self::Folder(folder) => folder.begin_write().map(Some),
            Self::Objects(_) => Ok(None),
        }
    }

    /// Reads a document; `None` if there is none.
    pub(crate) fn read(&self, key: &str) -> Result<Option<Found>, StoreError> {
        let found = match self {
            Self::Folder(folder) => folder.read(key, DOCUMENT_MAX),
            Self::Objects(objects) => objects.read(key, DOCUMENT_MAX),
        }?;
        match found {
            Some(found) if DOCUMENT_MAX < found.bytes.len() as u64 => Err(StoreError::document(
                &self.shown(key),
                &format!("longer than {DOCUMENT_MAX} bytes"),
            )),
            found => Ok(found),
        }
    }

    /// Writes a document that does not change afterwards.
    pub(crate) fn create(&self, key: &str, bytes: Vec<u8>) -> Result<Put, StoreError> {
        match self {
            Self::Folder(folder) => folder.replace(key, &bytes).map(|()| Put::Done),
            Self::Objects(objects) => objects.create(key, bytes),
        }
    }

    /// Replaces a document if it is still as it was seen; `None`: if it is still not there.
    pub(crate) fn swap(
        &self,
        key: &str,
        bytes: Vec<u8>,
        seen: Option<&Tag>,
    ) -> Result<Put, StoreError> {
        match self {
            Self::Folder(folder) => folder.replace(key, &bytes).map(|()| Put::Done),
            Self::Objects(objects) => objects.swap(key, bytes, seen),
        }
    }

    /// Copies a staged version to where it is published, checking every file.
    pub(crate) fn copy_version(&self, staged: &LayerVersion, key: &str) -> Result<(), StoreError> {
        match self {
            Self::Folder(folder) => folder.copy_version(staged, key),
            Self::Objects(objects) => objects.copy_version(staged, key),
        }
    }

    /// Names directly below a key; none if there is nothing.
    pub(crate) fn names(&self, key: &str) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Folder(folder) => folder.names(key),
            Self::Objects(objects) => objects.names(key),
        }
    }

    /// Bytes of all files below a key, and how long ago the newest was written where that matters:
    /// another writer may be at work only where there is no lock.
    pub(crate) fn weigh(&self, key: &str) -> Result<Weight, StoreError> {
        match self {
            Self::Folder(folder) => Ok(Weight { bytes: folder.size(key)?, age: Duration::MAX }),
            Self::Objects(objects) => objects.weigh(key),
        }
    }

    /// Removes a document.
    pub(crate) fn remove(&self, key: &str) -> Result<(), StoreError> {
        match self {
            Self::Folder(folder) => folder.remove(key),
            Self::Objects(objects) => objects.remove(key),
        }
    }

    /// Removes everything below a key, and folders above it that are empty then.
    pub(crate) fn remove_all(&self, key: &str) -> Result<(), StoreError> {
        match self {
            Self::Folder(folder) => folder.remove_all(key),
            Self::Objects(objects) => objects.remove_all(key),
        }
    }

    /// Size of a file; `None` if there is none.
    pub(crate) fn length(&self, key: &str) -> Result<Option<u64>, StoreError> {
        match self {
            Self::Folder(folder) => folder.length(key),
            Self::Objects(objects) => objects.length(key),
        }
    }
}

/// What stands below a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weight {
    /// Bytes of all files.
    pub(crate) bytes: u64,
    /// Since the newest was written.
    pub(crate) age: Duration,
}

/// The last part of a path, as text.
pub(crate) fn last_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
