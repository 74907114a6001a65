//! A store in an object store: whoever replaces `current` first has published.
//!
//! There is no lock. Files get names that nobody else uses, and `current` is replaced only if it
//! still has the entity tag that the writer saw. All calls block the calling thread, which must
//! not be one that answers requests; [`RemoteFile`] is for those.

use std::fs::File;
use std::future::Future;
use std::io::Read;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{
    Error, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, UpdateVersion,
};
use tokio::runtime::Runtime;

use crate::StoreError;
use crate::place::{Found, Put, Tag, Weight};
use crate::read::LayerVersion;
use crate::stage::{Hasher, check_staged};

/// Longest time for one operation with all its retries. An upload is many operations.
const OPERATION_MAX: Duration = Duration::from_mins(1);
/// Longest time for the bytes of a tile or of a directory: a person waits for them.
const RANGE_MAX: Duration = Duration::from_secs(4);
/// Bytes of one part of an upload. S3 wants 5 MiB or more of all but the last, and at most 10,000
/// parts: enough for 80 GB.
const PART: usize = 8 << 20;

/// A prefix in an object store.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: Key,
    address: String,
}

impl Objects {
    /// `address` is how people name the store.
    pub(crate) fn new(store: Arc<dyn ObjectStore>, prefix: Key, address: &str) -> Self {
        Self { store, prefix, address: address.trim_end_matches('/').to_owned() }
    }

    pub(crate) fn shown(&self, key: &str) -> PathBuf {
        PathBuf::from(if key.is_empty() {
            self.address.clone()
        } else {
            format!("{}/{key}", self.address)
        })
    }

    /// Whether the bucket answers.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.names("") {
            Ok(_) => Ok(()),
            Err(StoreError::NoObject { path }) => Err(StoreError::Missing { path }),
            // The client tells a list of what is not there from other refusals by its text only.
            Err(StoreError::Unreachable { path, reason }) if reason.contains("NoSuchBucket") => {
                Err(StoreError::Missing { path })
            }
            Err(fault) => Err(fault),
        }
    }

    pub(crate) fn read(&self, key: &str, limit: u64) -> Result<Option<Found>, StoreError> {
        let (store, place) = (Arc::clone(&self.store), self.key(key));
        let read = wait(OPERATION_MAX, async move {
            let result = store.get_opts(&place, GetOptions::default()).await?;
            let (size, tag) = (result.meta.size, Tag(result.meta.e_tag.clone()));
            // What is longer than any document is not fetched.
            let bytes = if limit < size { Vec::new() } else { result.bytes().await?.to_vec() };
            Ok((size, Found { bytes, tag }))
        });
        let (size, found) = match self.told(key, read) {
            Err(StoreError::NoObject { .. }) => return Ok(None),
            result => result?,
        };
        let length = found.bytes.len() as u64;
        if size == length {
            return Ok(Some(found));
        }
        if limit < size {
            let reason = format!("longer than {limit} bytes");
            return Err(StoreError::document(&self.shown(key), &reason));
        }
        let (expected, found) = (format!("{size} bytes"), format!("{length} bytes"));
        Err(StoreError::Content { path: self.shown(key), expected, found })
    }

    pub(crate) fn create(&self, key: &str, bytes: Vec<u8>) -> Result<Put, StoreError> {
        self.put(key, bytes, PutMode::Create)
    }

    pub(crate) fn swap(
        &self,
        key: &str,
        bytes: Vec<u8>,
        seen: Option<&Tag>,
    ) -> Result<Put, StoreError> {
        let mode = match seen {
            None => PutMode::Create,
            Some(Tag(Some(tag))) => {
                PutMode::Update(UpdateVersion { e_tag: Some(tag.clone()), version: None })
            }
            Some(Tag(None)) => {
                let reason = "the object store gives no entity tags".to_owned();
                return Err(StoreError::Unreachable { path: self.shown(key), reason });
            }
        };
        self.put(key, bytes, mode)
    }

    fn put(&self, key: &str, bytes: Vec<u8>, mode: PutMode) -> Result<Put, StoreError> {
        let (store, place) = (Arc::clone(&self.store), self.key(key));
        let options = PutOptions { mode, ..PutOptions::default() };
        let put = wait(OPERATION_MAX, async move {
            match store.put_opts(&place, PutPayload::from(bytes), options).await {
                Ok(_) => Ok(Put::Done),
                // S3 answers 404 where an object to be replaced has been removed.
                Err(
                    Error::AlreadyExists { .. }
                    | Error::Precondition { .. }
                    | Error::NotFound { .. },
                ) => Ok(Put::Moved),
                Err(fault) => Err(fault),
            }
        });
        self.told(key, put)
    }

    /// Uploads every file, the document that makes the version one last. Sizes and hashes are
    /// taken from the very bytes that are sent.
    pub(crate) fn copy_version(&self, staged: &LayerVersion, key: &str) -> Result<(), StoreError> {
        for (name, listed) in &staged.layer.files {
            let source = staged.dir().join(name);
            let plain = std::fs::symlink_metadata(&source).is_ok_and(|meta| meta.is_file());
            if !plain {
                return Err(StoreError::document(&source, &"not a plain file"));
            }
            let mut file = File::open(&source).map_err(|fault| StoreError::io(&source, fault))?;
            let mut next = || -> Result<Vec<u8>, StoreError> {
                let mut part = Vec::new();
                let read = (&mut file).take(PART as u64).read_to_end(&mut part);
                read.map_err(|fault| StoreError::io(&source, fault))?;
                Ok(part)
            };
            let target = format!("{key}/{name}");
            let mut hasher = Hasher::default();
            let first = next()?;
            hasher.update(&first);
            if first.len() < PART {
                check_staged(&source, listed, &hasher.finish())?;
                self.put(&target, first, PutMode::Overwrite)?;
                continue;
            }
            let mut upload = self.begin_upload(&target)?;
            let mut part = first;
            while !part.is_empty() {
                let sent = wait(OPERATION_MAX, upload.put_part(PutPayload::from(part)));
                self.told(&target, sent)?;
                part = next()?;
                hasher.update(&part);
            }
            // Until it is completed nobody sees an upload.
            check_staged(&source, listed, &hasher.finish())?;
            let done = wait(OPERATION_MAX, async move { upload.complete().await.map(drop) });
            self.told(&target, done)?;
        }
        let document = format!("{key}/layer.json");
        let text = serde_json::to_vec_pretty(&staged.layer);
        let text = text.map_err(|fault| StoreError::document(&self.shown(&document), &fault))?;
        self.put(&document, text, PutMode::Overwrite).map(drop)
    }

    fn begin_upload(
        &self,
        key: &str,
    ) -> Result<Box<dyn object_store::MultipartUpload>, StoreError> {
        let (store, place) = (Arc::clone(&self.store), self.key(key));
        let begun = wait(OPERATION_MAX, async move {
            store.put_multipart_opts(&place, PutMultipartOptions::default()).await
        });
        self.told(key, begun)
    }

    pub(crate) fn names(&self, key: &str) -> Result<Vec<String>, StoreError> {
        let (store, place) = (Arc::clone(&self.store), self.key(key));
        let listed = wait(OPERATION_MAX, async move {
            let found = store.list_with_delimiter(Some(&place)).await?;
            let last = |key: &Key| key.filename().map(str::to_owned);
            let files = found.objects.iter().filter_map(|object| last(&object.location));
            Ok(found.common_prefixes.iter().filter_map(last).chain(files).collect())
        });
        self.told(key, listed)
    }

    pub(crate) fn weigh(&self, key: &str) -> Result<Weight, StoreError> {
        let mut objects = self.below(key)?;
        if objects.is_empty() {
            objects.extend(
                self.head(key)?.map(|meta| (meta.location.clone(), meta.size, since(&meta))),
            );
        }
        let newest = objects.iter().map(|(_, _, written)| *written).max().unwrap_or_default();
        let now = std::time::SystemTime::now();
        let age = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let bytes = objects.iter().map(|(_, size, _)| *size).sum();
        Ok(Weight { bytes, age: age.saturating_sub(newest) })
    }

    /// All objects below a key, with size and time of writing since 1970.
    fn below(&self, key: &str) -> Result<Vec<(Key, u64, Duration)>, StoreError> {
        let (store, place) = (Arc::clone(&self.store), self.key(key));
        let listed = wait(OPERATION_MAX, async move {
            let objects: Vec<_> = store.list(Some(&place)).try_collect().await?;
            Ok(objects.into_iter().map(|o| (o.location.clone(), o.size, since(&o))).collect())
        });
        self.told(key, listed)
    }

    pub(crate) fn remove(&self, key: &str) -> Result<(), StoreError> {
        self.remove_object(key, self.key(key))
    }

    fn remove_object(&self, key: &str, place: Key) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        let removed = wait(OPERATION_MAX, async move { store.delete(&place).await });
        match self.told(key, removed) {
            Err(StoreError::NoObject { .. }) => Ok(()),
            result => result,
        }
    }

    pub(crate) fn remove_all(&self, key: &str) -> Result<(), StoreError> {
        let mut objects = self.below(key)?;
        // Without its document a version is none, whatever happens to the rest.
        objects.sort_by_key(|(place, _, _)| place.filename() != Some("layer.json"));
        objects.into_iter().try_for_each(|(place, _, _)| self.remove_object(key, place))
    }

    pub(crate) fn length(&self, key: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.head(key)?.map(|meta| meta.size))
    }

    fn head(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
        let (store, place) = (Arc::clone(&self.store), self.key(key));
        let head = wait(OPERATION_MAX, async move { store.head(&place).await });
        match self.told(key, head) {
            Err(StoreError::NoObject { .. }) => Ok(None),
            result => result.map(Some),
        }
    }

    /// A file to be read in parts.
    pub(crate) fn file(&self, key: &str, length: u64) -> RemoteFile {
        RemoteFile { objects: self.clone(), key: key.to_owned(), length }
    }

    fn key(&self, key: &str) -> Key {
        key.split('/').filter(|part| !part.is_empty()).fold(self.prefix.clone(), Key::join)
    }

    fn told<T>(&self, key: &str, result: Result<T, Fault>) -> Result<T, StoreError> {
        let path = self.shown(key);
        result.map_err(|fault| match fault {
            Fault::Slow(limit) => {
                StoreError::Unreachable { path, reason: format!("no answer in {limit:?}") }
            }
            Fault::Stopped => StoreError::Unreachable { path, reason: "broken off".to_owned() },
            Fault::Store(Error::NotFound { .. }) => StoreError::NoObject { path },
            Fault::Store(fault) => StoreError::Unreachable { path, reason: fault.to_string() },
            Fault::Runtime(source) => StoreError::Io { path, source },
        })
    }
}

/// When an object was written, since 1970.
fn since(object: &ObjectMeta) -> Duration {
    Duration::from_secs(u64::try_from(object.last_modified.timestamp()).unwrap_or(0))
}

/// A published file in an object store, read in parts.
#[derive(Clone, Debug)]
pub struct RemoteFile {
    objects: Objects,
    key: String,
    length: u64,
}

impl RemoteFile {
    /// Its length in bytes, as `layer.json` says.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Reads a part, in bounded time. May be awaited on any runtime.
    ///
    /// # Errors
    /// If the object store refuses, is slow, or gives another number of bytes than asked for.
    pub async fn range(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let Self { objects, key, .. } = self;
        let (store, place) = (Arc::clone(&objects.store), objects.key(key));
        let asked = range.end.saturating_sub(range.start);
        let read = start(RANGE_MAX, async move { store.get_range(&place, range).await });
        let read = match read {
            Ok(task) => task.await.unwrap_or(Err(Fault::Stopped)),
            Err(fault) => Err(fault),
        };
        self.checked(asked, objects.told(key, read)?)
    }

    /// Reads a part and blocks the thread meanwhile.
    ///
    /// # Errors
    /// As [`Self::range`].
    pub fn range_blocking(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let Self { objects, key, .. } = self;
        let (store, place) = (Arc::clone(&objects.store), objects.key(key));
        let asked = range.end.saturating_sub(range.start);
        let read = wait(OPERATION_MAX, async move { store.get_range(&place, range).await });
        self.checked(asked, objects.told(key, read)?)
    }

    fn checked(&self, asked: u64, bytes: Bytes) -> Result<Bytes, StoreError> {
        if bytes.len() as u64 == asked {
            return Ok(bytes);
        }
        let path = self.objects.shown(&self.key);
        let (expected, found) = (format!("{asked} bytes"), format!("{} bytes", bytes.len()));
        Err(StoreError::Content { path, expected, found })
    }
}

/// Why an operation did not succeed.
enum Fault {
    /// The object store says so.
    Store(Error),
    /// It has not answered in this time.
    Slow(Duration),
    /// The thread that did it is gone.
    Stopped,
    /// There are no threads to do it.
    Runtime(std::io::Error),
}

/// Threads for the network, made at the first use and kept: a runtime cannot be dropped by a
/// thread that belongs to another one.
fn runtime() -> Result<&'static Runtime, Fault> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let made = builder.worker_threads(2).thread_name("store-net").enable_all().build();
    let made = made.map_err(Fault::Runtime)?;
    if let Err(second) = RUNTIME.set(made) {
        // Another thread was first, and an asynchronous one may not wait for this one to end.
        second.shutdown_background();
    }
    RUNTIME.get().ok_or_else(|| Fault::Runtime(std::io::Error::other("no runtime")))
}

type Task<T> = tokio::task::JoinHandle<Result<T, Fault>>;

fn start<T: Send + 'static>(
    limit: Duration,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<Task<T>, Fault> {
    Ok(runtime()?.spawn(async move {
        match tokio::time::timeout(limit, work).await {
            Ok(result) => result.map_err(Fault::Store),
            Err(_) => Err(Fault::Slow(limit)),
        }
    }))
}

/// Waits for an operation, wherever the caller runs: a channel blocks a thread of any runtime,
/// where `block_on` would panic.
fn wait<T: Send + 'static>(
    limit: Duration,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Fault> {
    let (sender, receiver) = mpsc::channel();
    let task = start(limit, work)?;
    runtime()?.spawn(async move {
        // A caller that is gone needs no answer.
        let _ = sender.send(task.await.unwrap_or(Err(Fault::Stopped)));
    });
    receiver.recv().unwrap_or(Err(Fault::Stopped))
}
