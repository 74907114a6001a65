//! Documents as gzip, kept while they are asked for.
//!
//! A catalogue is the same for everybody of one class who reaches the server by one name, and
//! compressing it costs ten times as much as writing it. An entry is found by the hash of the
//! plain bytes and used only if the bytes are equal: nobody gets what was packed for others.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Bytes that are kept, plain and packed together.
const KEPT_BYTES: usize = 8 << 20;

/// Compressed documents by the hash of their plain bytes.
#[derive(Debug, Default)]
pub struct Packed {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    by_hash: HashMap<u64, (Bytes, Bytes)>,
    bytes: usize,
}

impl Packed {
    /// `plain`, whose hash is `hash`, as gzip.
    #[must_use]
    pub fn gzip(&self, hash: u64, plain: &Bytes) -> Bytes {
        if let Some((of, packed)) = self.lock().by_hash.get(&hash)
            && of == plain
        {
            return packed.clone();
        }
        // Two who ask at the same time both pack it; nobody waits for the other.
        let packed = gzip(plain);
        let mut entries = self.lock();
        let size = plain.len() + packed.len();
        if KEPT_BYTES < entries.bytes + size {
            // Documents of an old generation are not asked for any more; the others come back.
            *entries = Entries::default();
        }
        if size <= KEPT_BYTES
            && entries.by_hash.insert(hash, (plain.clone(), packed.clone())).is_none()
        {
            entries.bytes += size;
        }
        packed
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::new(6));
    // Writing to memory does not fail.
    let _ = encoder.write_all(plain);
    Bytes::from(encoder.finish().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn plain(packed: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(packed).read_to_end(&mut plain).unwrap();
        plain
    }

    /// Even two documents with one hash are not mixed up.
    #[test]
    fn nobody_gets_the_document_of_others() {
        let packed = Packed::default();
        for text in ["public", "restricted", "public"] {
            let bytes = Bytes::from(text);
            assert_eq!(plain(&packed.gzip(7, &bytes)), text.as_bytes());
            assert_eq!(plain(&packed.gzip(7, &bytes)), text.as_bytes());
        }
    }

    #[test]
    fn memory_is_bounded() {
        let packed = Packed::default();
        for n in 0..20_u64 {
            let length = KEPT_BYTES as u64 / 64;
            let noise: Vec<u8> = (0..length).flat_map(|i| (i * (n + 3)).to_le_bytes()).collect();
            let _ = packed.gzip(n, &Bytes::from(noise));
            assert!(packed.lock().bytes <= KEPT_BYTES);
        }
    }
}
