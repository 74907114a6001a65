//! Files as memory: the one place of this crate with unsafe code.

use std::fs::File;
use std::path::Path;

use bytes::Bytes;
use memmap2::Mmap;

use crate::StoreError;

/// A published file as memory: mapped read-only, or fetched from an object store. Cheap to clone;
/// the memory lives as long as any clone.
#[derive(Clone, Debug)]
pub struct Mapped {
    bytes: Bytes,
}

impl Mapped {
    /// Maps a whole file.
    ///
    /// # Errors
    /// If the file cannot be opened or mapped.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(|source| StoreError::io(path, source))?;
        #[expect(
            unsafe_code,
            reason = "published files are written under another name, synced and renamed, and \
                      never changed or truncated afterwards (docs/spec/published-store.md)"
        )]
        // SAFETY: the contents behind the map do not change, see the reason above.
        let map = unsafe { Mmap::map(&file) }.map_err(|source| StoreError::io(path, source))?;
        Ok(Self { bytes: Bytes::from_owner(map) })
    }

    pub(crate) fn fetched(bytes: Bytes) -> Self {
        Self { bytes }
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Mapped> for Bytes {
    fn from(mapped: Mapped) -> Self {
        mapped.bytes
    }
}
