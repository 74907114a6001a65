//! The same laws wherever the store is.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jomo_core::layer::{Access, Layer};
use jomo_store::{Retention, Store, StoreError};
use tempfile::TempDir;

use crate::stand_in::StandIn;
use crate::{at, content, layer, put, stage};

/// A store and what keeps it there.
pub(crate) struct Place {
    pub(crate) store: Store,
    pub(crate) name: &'static str,
    _folder: Option<TempDir>,
    _server: Option<Arc<StandIn>>,
}

/// Runs a test in a folder, in memory and against the S3 stand-in.
pub(crate) fn everywhere(test: impl Fn(Place)) {
    let folder = TempDir::new().unwrap();
    let store = Store::create(folder.path().join("store")).unwrap();
    test(Place { store, name: "folder", _folder: Some(folder), _server: None });
    let memory = Arc::new(object_store::memory::InMemory::new());
    let store = Store::on(memory, "memory://test");
    test(Place { store, name: "memory", _folder: None, _server: None });
    let server = StandIn::shared();
    let store = server.store();
    test(Place { store, name: "S3", _folder: None, _server: Some(server) });
}

#[test]
fn generations_follow_each_other_and_go_back() {
    everywhere(|Place { store, .. }| {
        assert_eq!(store.current_id(Access::Public).unwrap(), None);
        let first = put(&store, "gauges", "a", 0);
        put(&store, "shelters", "s", 1);
        let third = put(&store, "gauges", "b", 2);
        let live = store.current(Access::Public).unwrap().unwrap();
        assert_eq!(live.id, third);
        assert_eq!(
            (content(&store, "gauges"), content(&store, "shelters")),
            ("b".into(), "s".into())
        );
        store.rollback(Some(&first), at(3)).unwrap();
        assert_eq!(content(&store, "gauges"), "a");
        assert!(matches!(store.rollback(None, at(3)), Err(StoreError::NoGeneration { id: None })));
        for unknown in ["20300101T000000Z-00000000", "../current", ""] {
            let fault = store.rollback(Some(unknown), at(2)).unwrap_err();
            assert!(matches!(fault, StoreError::NoGeneration { .. }), "{unknown}: {fault}");
        }
        // What is published after going back goes on from there.
        put(&store, "gauges", "c", 4);
        let live = store.current(Access::Public).unwrap().unwrap();
        assert_eq!(live.document.previous, Some(first));
    });
}

#[test]
fn what_is_wrong_is_refused_and_changes_nothing() {
    everywhere(|Place { store, .. }| {
        let base = put(&store, "gauges", "a", 0);
        let staged = stage("b", layer("gauges"), at(1));
        std::fs::write(staged.path().join("gauges/features.fgb"), "c").unwrap();
        let fault = store.publish(staged.path(), None, at(1)).unwrap_err();
        assert!(matches!(fault, StoreError::Content { .. }), "{fault}");
        assert_eq!(store.current_id(Access::Public).unwrap(), Some(base.clone()));

        put(&store, "gauges", "b", 1);
        let late = stage("c", layer("gauges"), at(2));
        let fault = store.publish(late.path(), Some(&base), at(2)).unwrap_err();
        assert!(matches!(fault, StoreError::Moved { .. }), "{fault}");
        let expired = Layer { expires: Some(at(2)), ..layer("rain") };
        let fault = store.publish(stage("r", expired, at(3)).path(), None, at(3)).unwrap_err();
        assert!(matches!(fault, StoreError::Expired { .. }), "{fault}");
        assert_eq!(content(&store, "gauges"), "b");
    });
}

#[test]
fn collection_keeps_what_is_named() {
    everywhere(|Place { store, .. }| {
        for minute in 0..6 {
            put(&store, "gauges", &minute.to_string(), minute);
        }
        let collected = store.clone().with_grace(Duration::ZERO);
        let collected = collected.collect(Retention { generations: 2 }).unwrap();
        assert_eq!((collected.generations, collected.versions), (3, 3));
        assert_eq!(content(&store, "gauges"), "5");
        store.rollback(None, at(9)).unwrap();
        assert_eq!(content(&store, "gauges"), "4");
    });
}

/// Another writer may be about to name what nobody names yet.
#[test]
fn collection_leaves_young_objects_alone() {
    let store = Store::on(Arc::new(object_store::memory::InMemory::new()), "memory://test");
    for minute in 0..4 {
        put(&store, "gauges", &minute.to_string(), minute);
    }
    let collected = store.collect(Retention { generations: 0 }).unwrap();
    assert_eq!((collected.generations, collected.versions), (0, 0));
}

/// Eight writers at once: whoever is told that it has published stands in the chain.
#[test]
fn of_racing_writers_none_is_lost() {
    const WRITERS: usize = 8;
    const ROUNDS: i64 = 3;
    everywhere(|Place { store, .. }| {
        let acknowledged: Vec<String> = thread::scope(|scope| {
            let write = |writer: usize| {
                let store = store.clone();
                move || {
                    let id = format!("layer_{writer}");
                    (0..ROUNDS).map(|round| put(&store, &id, &format!("{round}"), round)).collect()
                }
            };
            let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(write(writer))).collect();
            writers
                .into_iter()
                .flat_map(|writer| -> Vec<String> { writer.join().unwrap() })
                .collect()
        });
        let mut chain = Vec::new();
        let mut next = store.current_id(Access::Public).unwrap();
        while let Some(id) = next {
            next = store.generation(Access::Public, &id).unwrap().document.previous;
            chain.push(id);
        }
        for id in &acknowledged {
            assert!(chain.contains(id), "{id} is lost");
        }
        assert_eq!(chain.len(), WRITERS * usize::try_from(ROUNDS).unwrap());
        for writer in 0..WRITERS {
            assert_eq!(content(&store, &format!("layer_{writer}")), (ROUNDS - 1).to_string());
        }
    });
}

/// More than one part of an upload, and no part at all.
#[test]
fn files_of_any_size_come_back_whole() {
    everywhere(|Place { store, name, .. }| {
        for length in [0, 1, (8 << 20) - 1, 8 << 20, (16 << 20) + 3] {
            let bytes: Vec<u8> = (b'a'..=b'z').cycle().take(length).collect();
            let text = String::from_utf8(bytes).unwrap();
            let minute = i64::try_from(length).unwrap();
            let staged = stage(&text, layer("gauges"), at(minute));
            let began = Instant::now();
            store.publish(staged.path(), None, at(minute)).unwrap();
            let published = began.elapsed();
            let began = Instant::now();
            assert!(content(&store, "gauges") == text, "{length} bytes");
            let read = began.elapsed();
            println!("{name}: {length} bytes published in {published:?}, read in {read:?}");
        }
    });
}

#[test]
fn addresses_that_name_no_store_are_told() {
    let open = |address: &str, keys: bool| {
        let environment = |name: &str| {
            let key = keys && name.starts_with("AWS_") && name.contains("ACCESS_KEY");
            key.then(|| "x".to_owned())
        };
        Store::open_in(address, &environment).unwrap_err()
    };
    let told = |address: &str, keys| open(address, keys).to_string();
    assert_eq!(told("s3://", true), "s3://: no bucket: s3://bucket/prefix");
    assert_eq!(told("s3://a/b", false), "s3://a/b: AWS_ACCESS_KEY_ID is not set");
    let known = "is none of file://, s3://, memory://";
    assert_eq!(told("gs://a/b", true), format!("gs://a/b: gs:// {known}"));
    assert!(matches!(open("file://relative", true), StoreError::Address { .. }));
    assert!(matches!(open("no/such/folder", true), StoreError::Missing { .. }));
    // A bucket that is not there.
    let server = StandIn::shared();
    let fault = Store::open_in("s3://no-such-bucket/a", &|name| server.variable(name));
    assert!(matches!(fault, Err(StoreError::Missing { .. })), "{fault:?}");
    // In the clear only to this machine.
    let far = |name: &str| match name {
        "AWS_ENDPOINT_URL" => Some("http://192.0.2.1:9".to_owned()),
        name => server.variable(name),
    };
    let fault = Store::open_in("s3://jomo-test/a", &far).unwrap_err();
    assert!(matches!(fault, StoreError::Unreachable { .. }), "{fault}");
}
