//! Archives in an object store: directories in memory, tiles by range reads.
//!
//! A tile that several visitors ask for at once is fetched once, and the latest tiles are kept.
//! Whoever waits does so for a bounded time: an object store that is slow or away costs an answer
//! of 503, never a hanging one, and what is served stays the same generation.

use std::collections::HashMap;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::Frame;
use jomo_core::mercator::TileId;
use jomo_format::pmtiles::{Ends, Index};
use jomo_store::{LayerVersion, RemoteFile, StoreError};
use tokio::sync::{OnceCell, mpsc};

use crate::error::LoadError;
use crate::problem::Problem;

/// Bytes of tiles that are kept: a few thousand, so that what a neighbourhood looks at comes from
/// memory.
const KEPT_BYTES: usize = 64 << 20;

/// Longest wait for bytes, those of another visitor's request included. A map gives up later.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// An archive is passed on in parts of this many bytes.
const PART_BYTES: u64 = 1 << 20;

/// The tiles of one step in an object store.
#[derive(Debug)]
pub struct RemoteArchive {
    file: RemoteFile,
    index: Index,
    /// Tells this archive from all others in the cache.
    number: u64,
}

impl RemoteArchive {
    /// Reads the directories, which blocks the thread.
    ///
    /// # Errors
    /// If they cannot be read or are unsound.
    pub fn open(version: &LayerVersion, name: &str, file: RemoteFile) -> Result<Self, LoadError> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let unsound = |source| StoreError::Tiles { path: version.dir().join(name), source };
        let length = file.length();
        let read = |range: Range<u64>| match range.end.saturating_sub(range.start) {
            0 => Ok(Bytes::new()),
            _ => file.range_blocking(range),
        };
        let head = read(0..length.min(Ends::HEAD))?;
        let rest = Ends::behind(&head, length).map_err(unsound)?;
        let behind = read(rest.clone())?;
        let ends = Ends { head: &head, behind: &behind, behind_offset: rest.start, length };
        let index = Index::open(&ends).map_err(unsound)?;
        Ok(Self { file, index, number: NUMBERS.fetch_add(1, Ordering::Relaxed) })
    }

    /// Where every tile lies.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Length of the archive in bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        usize::try_from(self.file.length()).unwrap_or(usize::MAX)
    }

    /// The bytes of a tile and where they begin, if the archive has it.
    ///
    /// # Errors
    /// [`Problem::StoreUnreachable`].
    pub async fn tile(&self, id: TileId) -> Result<Option<(usize, Bytes)>, Problem> {
        let Some(range) = self.index.tile(id) else { return Ok(None) };
        let start = range.start;
        let cell = cache().cell((self.number, start));
        let fetch = cell.get_or_try_init(|| async {
            let bytes = self.range(range).await?;
            cache().count(bytes.len());
            Ok(bytes)
        });
        match tokio::time::timeout(WAIT_MAX, fetch).await {
            Ok(result) => result.map(|bytes| Some((start, bytes.clone()))),
            Err(_) => Err(Problem::StoreUnreachable),
        }
    }

    async fn range(&self, range: Range<usize>) -> Result<Bytes, Problem> {
        let read = self.file.range(range.start as u64..range.end as u64);
        match tokio::time::timeout(WAIT_MAX, read).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) => {
                tracing::error!(%error, "an object cannot be read");
                Err(Problem::StoreUnreachable)
            }
            Err(_) => Err(Problem::StoreUnreachable),
        }
    }

    /// A part of the archive as a body. The first bytes are there before the answer begins; if
    /// others fail later the connection is broken off, and a client goes on by `If-Range`.
    ///
    /// # Errors
    /// [`Problem::StoreUnreachable`].
    pub async fn body(self: &Arc<Self>, range: Range<usize>) -> Result<Body, Problem> {
        let part = |start: usize| {
            let length = usize::try_from(PART_BYTES).unwrap_or(usize::MAX);
            start..range.end.min(start.saturating_add(length))
        };
        let first = part(range.start);
        let bytes = self.range(first.clone()).await?;
        if first.end == range.end {
            return Ok(Body::from(bytes));
        }
        let (sender, receiver) = mpsc::channel(1);
        let (archive, end) = (Arc::clone(self), range.end);
        tokio::spawn(async move {
            let mut next = Ok(bytes);
            let mut start = first.end;
            loop {
                let is_last = next.is_err();
                // A client that is gone needs no more.
                if sender.send(next).await.is_err() || is_last || end <= start {
                    return;
                }
                let length = usize::try_from(PART_BYTES).unwrap_or(usize::MAX);
                let range = start..end.min(start.saturating_add(length));
                start = range.end;
                next = archive.range(range).await;
            }
        });
        Ok(Body::new(Parts { receiver }))
    }
}

/// A body whose parts come one by one.
struct Parts {
    receiver: mpsc::Receiver<Result<Bytes, Problem>>,
}

impl HttpBody for Parts {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.receiver.poll_recv(context).map(|part| {
            part.map(|part| {
                let broken = |_| std::io::Error::other("the object store broke off");
                part.map(Frame::data).map_err(broken)
            })
        })
    }
}

/// Tiles by archive and place, the latest ones.
#[derive(Debug, Default)]
struct Cache {
    halves: Mutex<Halves>,
}

type Key = (u64, usize);
type Cell = Arc<OnceCell<Bytes>>;

/// What was asked for lately, and what before that. When the first half is full it becomes the
/// second, which is forgotten: what is asked for again moves over.
#[derive(Debug, Default)]
struct Halves {
    recent: HashMap<Key, Cell>,
    earlier: HashMap<Key, Cell>,
    recent_bytes: usize,
}

fn cache() -> &'static Cache {
    static CACHE: OnceLock<Cache> = OnceLock::new();
    CACHE.get_or_init(Cache::default)
}

impl Cache {
    /// The place for a tile. All who ask for one at once get the same, and wait for one fetch.
    fn cell(&self, key: Key) -> Cell {
        let mut halves = self.lock();
        if let Some(cell) = halves.recent.get(&key) {
            return Arc::clone(cell);
        }
        let cell = halves.earlier.remove(&key).unwrap_or_default();
        let bytes = cell.get().map_or(0, Bytes::len);
        halves.recent.insert(key, Arc::clone(&cell));
        halves.add(bytes);
        cell
    }

    /// Counts bytes that have come.
    fn count(&self, bytes: usize) {
        self.lock().add(bytes);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Halves> {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Halves {
    fn add(&mut self, bytes: usize) {
        // An empty place costs something too: its key, and the bookkeeping of the map.
        const OVERHEAD: usize = 128;
        self.recent_bytes += bytes + OVERHEAD;
        if KEPT_BYTES / 2 < self.recent_bytes {
            self.earlier = std::mem::take(&mut self.recent);
            self.recent_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bound holds whatever is asked for, and what is asked for often stays.
    #[test]
    fn the_cache_is_bounded() {
        let cache = Cache::default();
        let fill = |key| {
            let cell = cache.cell(key);
            if cell.get().is_none() {
                cell.set(Bytes::from(vec![0; 1 << 20])).unwrap();
                cache.count(1 << 20);
            }
        };
        for place in 0..1_000 {
            fill((0, place));
            fill((1, 0));
            let halves = cache.lock();
            let kept = halves.recent.len() + halves.earlier.len();
            assert!(kept <= KEPT_BYTES >> 20, "{kept} MiB");
            let often = [&halves.recent, &halves.earlier].iter().any(|h| h.contains_key(&(1, 0)));
            assert!(often, "after {place}");
        }
    }
}
