//! An object store that fails: readers see N or N+1, and the next publication mends the rest.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use jomo_core::layer::Access;
use jomo_store::{Retention, Store};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result,
};

use crate::pairs::{put_pair, try_pair};
use crate::withdrawal::{put_wide, stage_narrow};
use crate::{at, content, content_of, put};

/// What happens to the chosen operation.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    /// It is not carried out.
    Refused,
    /// It is carried out, and the answer is lost.
    AnswerLost,
    /// A new object is cut short, then refused; an answer is cut short.
    Truncated,
    /// It takes a while.
    Late,
}

/// An object store in memory that fails at one operation and, like a network that is gone, at all
/// that follow until it is mended.
#[derive(Debug)]
struct Troubled {
    inner: Arc<InMemory>,
    left: Arc<AtomicU64>,
    trouble: Trouble,
}

const NEVER: u64 = u64::MAX / 2;

impl Troubled {
    fn new(trouble: Trouble) -> Arc<Self> {
        Arc::new(Self {
            inner: Arc::new(InMemory::new()),
            left: Arc::new(AtomicU64::new(NEVER)),
            trouble,
        })
    }

    fn fail_after(&self, operations: u64) {
        self.left.store(operations, Ordering::SeqCst);
    }

    async fn strikes(&self) -> Result<bool> {
        strikes(&self.left, self.trouble).await
    }
}

/// Whether this operation is the one that fails.
async fn strikes(left: &AtomicU64, trouble: Trouble) -> Result<bool> {
    let left =
        left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| Some(left.saturating_sub(1)));
    match left.unwrap_or(0) {
        0 if trouble == Trouble::Late => Ok(false),
        0 => Err(refusal()),
        1 if trouble == Trouble::Late => {
            tokio::time::sleep(Duration::from_millis(30)).await;
            Ok(false)
        }
        1 if trouble == Trouble::Refused => Err(refusal()),
        1 => Ok(true),
        _ => Ok(false),
    }
}

fn refusal() -> Error {
    Error::Generic { store: "Troubled", source: "the network is gone".into() }
}

impl fmt::Display for Troubled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Troubled")
    }
}

#[async_trait]
impl ObjectStore for Troubled {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let strikes = self.strikes().await?;
        // Object stores show a new object whole or not at all; only what nobody names yet is cut.
        if strikes && self.trouble == Trouble::Truncated && options.mode == PutMode::Overwrite {
            let whole = Bytes::from(payload);
            let half = PutPayload::from(whole.slice(..whole.len() / 2));
            self.inner.put_opts(location, half, options).await?;
            return Err(refusal());
        }
        let put = self.inner.put_opts(location, payload, options).await?;
        if strikes { Err(refusal()) } else { Ok(put) }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let strikes = self.strikes().await?;
        let result = self.inner.get_opts(location, options).await?;
        if strikes && self.trouble == Trouble::Truncated {
            let GetResult { meta, range, attributes, extensions, .. } = &result;
            let (meta, range) = (meta.clone(), range.clone());
            let (attributes, extensions) = (attributes.clone(), extensions.clone());
            let bytes = result.bytes().await?;
            let half = bytes.slice(..bytes.len() / 2);
            let stream = futures_util::stream::once(async move { Ok(half) });
            let payload = object_store::GetResultPayload::Stream(Box::pin(stream));
            return Ok(GetResult { payload, meta, range, attributes, extensions });
        }
        if strikes { Err(refusal()) } else { Ok(result) }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.strikes().await?;
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        // Object stores remove objects one by one, and so does this one.
        let (left, trouble) = (Arc::clone(&self.left), self.trouble);
        let inner = Arc::clone(&self.inner);
        let delete = move |location: Result<Path>| {
            let (left, inner) = (Arc::clone(&left), Arc::clone(&inner));
            async move {
                let location = location?;
                let strikes = strikes(&left, trouble).await?;
                inner.delete(&location).await?;
                if strikes { Err(refusal()) } else { Ok(location) }
            }
        };
        locations.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.strikes().await?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// A narrowing that fails at any of its operations: whole and public, or withdrawn; the next write
/// ends what is left, and nothing wide stays.
#[test]
fn a_narrowing_that_breaks_off_is_ended_by_the_next_write() {
    for trouble in [Trouble::Refused, Trouble::AnswerLost, Trouble::Late] {
        let mut operations = 0;
        for strike in 1.. {
            let objects = Troubled::new(trouble);
            let store = Store::on(Arc::clone(&objects) as _, "memory://troubled");
            let first = put_wide(&store, "wide", 0);
            put_wide(&store, "wider", 1);
            objects.fail_after(strike);
            let narrow = store.publish(stage_narrow(2).path(), None, at(2));
            let struck = objects.left.swap(NEVER, Ordering::SeqCst) == 0;
            let live = content(&store, "plots");
            assert!(["wider", "narrow"].contains(&live.as_str()), "{strike}: {live}");
            assert!(narrow.is_err() || live == "narrow", "{trouble:?} at {strike}");
            match strike % 2 {
                0 => drop(store.collect(Retention { generations: 9 }).unwrap()),
                _ => drop(put(&store, "gauges", "g", 3)),
            }
            // Ended or taken back; once it has been ended the rest is gone.
            if content(&store, "plots") == "narrow" {
                let left = objects.inner.list(None).map(|object| object.unwrap().location);
                let left: Vec<String> =
                    futures_util::FutureExt::now_or_never(left.map(|l| l.to_string()).collect())
                        .unwrap();
                let versions = left.iter().filter(|name| {
                    name.starts_with("public/layers/plots/") && name.ends_with("/features.fgb")
                });
                assert_eq!(versions.count(), 1, "{trouble:?} at {strike}: {left:?}");
                assert!(store.rollback(Some(&first), at(4)).is_err());
            }
            if !struck {
                assert_eq!(live, "narrow");
                break;
            }
            operations = strike;
        }
        println!("{trouble:?}: {operations} operations, each struck once");
        assert!(20 < operations, "{operations}");
    }
}

/// The live content of each root, which belong together; `None` while readers wait.
fn seen(store: &Store) -> Option<String> {
    store.live().unwrap()?;
    let public = content(store, "plots");
    assert_eq!(content_of(store, Access::Restricted, "plots"), format!("{public} and owner"));
    Some(public)
}

#[test]
fn trouble_at_any_operation_leaves_n_or_n_plus_1() {
    for trouble in [Trouble::Refused, Trouble::AnswerLost, Trouble::Truncated, Trouble::Late] {
        let mut operations = 0;
        for strike in 1.. {
            let objects = Troubled::new(trouble);
            let store = Store::on(Arc::clone(&objects) as _, "memory://troubled");
            put(&store, "gauges", "g", 0);
            put_pair(&store, "a", 1);
            objects.fail_after(strike);
            let result = try_pair(&store, "b", 2);
            let struck = objects.left.swap(NEVER, Ordering::SeqCst) == 0;
            let after = seen(&store);
            match &result {
                Ok(_) => assert_eq!(after.as_deref(), Some("b"), "{trouble:?} at {strike}"),
                Err(_) => assert!(
                    after.as_deref().is_none_or(|content| ["a", "b"].contains(&content)),
                    "{trouble:?} at {strike}: {after:?}"
                ),
            }
            assert_eq!(content(&store, "gauges"), "g");
            // Whatever was left: the next publication finds its way.
            put_pair(&store, "c", 3);
            assert_eq!(seen(&store).as_deref(), Some("c"), "{trouble:?} at {strike}");
            store.rollback(None, at(4)).unwrap();
            let back = seen(&store).unwrap();
            assert!(["a", "b"].contains(&back.as_str()), "{trouble:?} at {strike}: {back}");
            if !struck {
                break;
            }
            operations = strike;
        }
        println!("{trouble:?}: {operations} operations, each struck once");
        assert!(10 < operations, "{operations}");
    }
}
