//! A store in a folder.

use std::fs;
use std::path::Path;

use jomo_core::layer::{Access, Kind, Layer, Mode};
use jomo_store::{LayerStage, Retention, Store, StoreError, sha256_file};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::{at, content, layer, put, stage};

fn empty() -> (TempDir, Store) {
    let folder = TempDir::new().unwrap();
    let store = Store::create(folder.path().join("store")).unwrap();
    (folder, store)
}

#[test]
fn a_generation_names_every_layer_and_keeps_those_untouched() {
    let (_folder, store) = empty();
    assert_eq!(store.current_id(Access::Public).unwrap(), None);
    let first = put(&store, "gauges", "a", 0);
    let second = put(&store, "shelters", "b", 1);
    let generation = store.current(Access::Public).unwrap().unwrap();
    assert_eq!(generation.id, second);
    assert_eq!(generation.document.previous.as_deref(), Some(first.as_str()));
    assert_eq!(generation.layers.keys().collect::<Vec<_>>(), ["gauges", "shelters"]);
    assert_eq!((content(&store, "gauges"), content(&store, "shelters")), ("a".into(), "b".into()));
}

#[test]
fn a_file_that_is_not_as_listed_is_refused_and_nothing_changes() {
    let (folder, store) = empty();
    let before = put(&store, "gauges", "a", 0);
    let staged = stage("b", layer("gauges"), at(1));
    fs::write(staged.path().join("gauges/features.fgb"), "c").unwrap();
    let fault = store.publish(staged.path(), None, at(1)).unwrap_err();
    assert!(matches!(fault, StoreError::Content { .. }), "{fault}");
    assert_eq!(store.current_id(Access::Public).unwrap(), Some(before));
    assert_eq!(content(&store, "gauges"), "a");
    let versions = fs::read_dir(folder.path().join("store/public/layers/gauges")).unwrap();
    assert_eq!(versions.count(), 1, "no trace of the refused version");
}

#[cfg(unix)]
#[test]
fn a_link_in_the_stage_is_refused() {
    let (folder, store) = empty();
    let staged = stage("secret", layer("gauges"), at(0));
    let file = staged.path().join("gauges/features.fgb");
    let secret = folder.path().join("secret");
    fs::rename(&file, &secret).unwrap();
    std::os::unix::fs::symlink(&secret, &file).unwrap();
    assert!(matches!(store.publish(staged.path(), None, at(0)), Err(StoreError::Document { .. })));
    assert_eq!(store.current_id(Access::Public).unwrap(), None);
}

#[test]
fn names_cannot_leave_the_version() {
    let folder = TempDir::new().unwrap();
    let stage = LayerStage::begin(folder.path(), "gauges").unwrap();
    for name in ["../x", "/etc/x", "a/../x", ".x", "a//b", "layer.json", "", "a\0b", "前橋"] {
        assert!(stage.path(name).is_err(), "{name:?}");
    }
}

/// 気象業務法 17条: a computed forecast never reaches the public root.
#[test]
fn a_computed_forecast_is_kept_out_of_the_public_root() {
    let (folder, store) = empty();
    let forecast = Layer { kind: Kind::Forecast, ..layer("levels") };
    let staged = stage("a", forecast.clone(), at(0));
    let fault = store.publish(staged.path(), None, at(0)).unwrap_err();
    assert!(matches!(fault, StoreError::NotPublic { .. }), "{fault}");
    assert!(!folder.path().join("store/public").exists());

    let staged = stage("a", Layer { access: Access::Restricted, ..forecast }, at(0));
    store.publish(staged.path(), None, at(0)).unwrap();
    assert!(store.current(Access::Restricted).unwrap().is_some());
    assert_eq!(store.current_id(Access::Public).unwrap(), None);
    assert!(!folder.path().join("store/public").exists(), "the public root holds no byte of it");

    let staged = stage("a", Layer { mode: Mode::Fictional, ..layer("levels") }, at(1));
    let fault = store.publish(staged.path(), None, at(1)).unwrap_err();
    assert!(matches!(fault, StoreError::OtherAccess { .. }), "{fault}");
}

#[test]
fn both_roots_name_each_other_when_published_together() {
    let (_folder, store) = empty();
    let staged = stage("a", layer("gauges"), at(0));
    let mut more = LayerStage::begin(staged.path(), "plots").unwrap();
    fs::write(more.path("features.fgb").unwrap(), "b").unwrap();
    more.add("features.fgb").unwrap();
    more.finish(Layer { access: Access::Restricted, ..layer("plots") }, at(0)).unwrap();
    let published = store.publish(staged.path(), None, at(0)).unwrap();
    let public = store.current(Access::Public).unwrap().unwrap();
    let restricted = store.current(Access::Restricted).unwrap().unwrap();
    assert_eq!(public.document.partner.as_ref(), Some(&restricted.id));
    assert_eq!(restricted.document.partner.as_ref(), Some(&public.id));
    assert_eq!(published.generations.len(), 2);
    assert!(!public.layers.contains_key("plots"));
}

#[test]
fn going_back_shows_the_old_content_again() {
    let (_folder, store) = empty();
    let first = put(&store, "gauges", "a", 0);
    put(&store, "gauges", "b", 1);
    assert_eq!(store.rollback(None, at(2)).unwrap(), first);
    assert_eq!(content(&store, "gauges"), "a");
    assert!(matches!(store.rollback(None, at(2)), Err(StoreError::NoGeneration { id: None })));
    for unknown in ["20300101T000000Z-00000000", "../current", ""] {
        let fault = store.rollback(Some(unknown), at(2)).unwrap_err();
        assert!(matches!(fault, StoreError::NoGeneration { .. }), "{unknown}: {fault}");
    }
}

/// Stale data never becomes current by going back; a layer that does not change is no hindrance.
#[test]
fn going_back_to_an_expired_live_layer_is_refused() {
    let (_folder, store) = empty();
    let rain = |content: &str, minute| {
        let live = Layer { expires: Some(at(minute + 60)), ..layer("rain") };
        store.publish(stage(content, live, at(minute)).path(), None, at(minute)).unwrap();
    };
    rain("old", 0);
    rain("new", 10);
    let fault = store.rollback(None, at(60)).unwrap_err();
    assert!(matches!(fault, StoreError::RollbackStale { .. }), "{fault}");
    assert_eq!(content(&store, "rain"), "new");
    put(&store, "gauges", "a", 80);
    put(&store, "gauges", "b", 90);
    store.rollback(None, at(100)).unwrap();
    assert_eq!((content(&store, "gauges"), content(&store, "rain")), ("a".into(), "new".into()));
}

/// Of one kind of now, newer data never give way to older ones: real ones while they are valid,
/// invented ones for good. Events of the past are replayed in any order, and what is invented never
/// stands in the way of what is real.
#[test]
fn older_data_do_not_replace_newer() {
    let put = |store: &Store, mode, reference, minute| {
        let expires = (mode == Mode::Live).then(|| at(reference + 60));
        let layer = Layer { mode, reference_time: Some(at(reference)), expires, ..layer("rain") };
        let content = format!("{mode:?} {reference}");
        store.publish(stage(&content, layer, at(minute)).path(), None, at(minute)).map(|_| ())
    };
    for (live, next, is_refused) in [
        ((Mode::Live, 50), (Mode::Live, 40), true),
        ((Mode::Fictional, 50), (Mode::Fictional, 40), true),
        ((Mode::Fictional, 50), (Mode::Fictional, 50), false),
        ((Mode::Fictional, 50), (Mode::Fictional, 51), false),
        ((Mode::Fictional, 50), (Mode::Live, 40), false),
        ((Mode::Replay, 50), (Mode::Replay, 40), false),
    ] {
        let (_folder, store) = empty();
        put(&store, live.0, live.1, 60).unwrap();
        match put(&store, next.0, next.1, 61) {
            Err(StoreError::Older { .. }) => assert!(is_refused, "{live:?} {next:?}"),
            Err(fault) => panic!("{live:?} {next:?}: {fault}"),
            Ok(()) => assert!(!is_refused, "{live:?} {next:?}"),
        }
        let stands = if is_refused { live } else { next };
        assert_eq!(content(&store, "rain"), format!("{:?} {}", stands.0, stands.1));
    }
}

#[test]
fn a_layer_that_moved_since_the_run_began_is_not_overwritten() {
    let (_folder, store) = empty();
    let base = put(&store, "gauges", "a", 0);
    put(&store, "shelters", "x", 1);
    let staged = stage("b", layer("gauges"), at(2));
    store.publish(staged.path(), Some(&base), at(2)).unwrap();
    let late = stage("c", layer("gauges"), at(3));
    let fault = store.publish(late.path(), Some(&base), at(3)).unwrap_err();
    assert!(matches!(fault, StoreError::Moved { .. }), "{fault}");
    assert_eq!(content(&store, "gauges"), "b");
}

#[test]
fn collection_keeps_what_is_named_and_removes_the_rest() {
    let (folder, store) = empty();
    for minute in 0..6 {
        put(&store, "gauges", &minute.to_string(), minute);
    }
    let collected = store.collect(Retention { generations: 2 }).unwrap();
    assert_eq!((collected.generations, collected.versions), (3, 3));
    assert_eq!(content(&store, "gauges"), "5");
    store.rollback(None, at(9)).unwrap();
    assert_eq!(content(&store, "gauges"), "4");
    let generations = fs::read_dir(folder.path().join("store/public/generations")).unwrap();
    assert_eq!(generations.count(), 3);
}

#[test]
fn leftovers_of_a_dead_writer_are_removed_and_never_read() {
    let (folder, store) = empty();
    put(&store, "gauges", "a", 0);
    let public = folder.path().join("store/public");
    fs::write(public.join(".current"), "20300101T000000Z-00000000").unwrap();
    fs::create_dir_all(public.join("layers/gauges/.20300101T000000Z-00000000/tiles")).unwrap();
    fs::write(public.join("generations/.x.json"), "{").unwrap();
    assert_eq!(content(&store, "gauges"), "a");
    put(&store, "gauges", "b", 1);
    assert!(!public.join(".current").exists());
    assert!(!public.join("generations/.x.json").exists());
    assert!(!public.join("layers/gauges/.20300101T000000Z-00000000").exists());
}

/// Ids ascend even if somebody sets the clock back, so that collection drops the oldest.
#[test]
fn a_clock_set_back_does_not_confuse_the_order() {
    let (_folder, store) = empty();
    let first = put(&store, "gauges", "a", 10);
    let second = put(&store, "gauges", "b", 0);
    assert!(first[..16] <= second[..16], "{first} {second}");
}

/// Every prefix and many flips of each document: a typed error or a sound answer, never a panic.
#[test]
fn damaged_documents_end_in_typed_errors() {
    let (folder, store) = empty();
    put(&store, "gauges", "a", 0);
    let public = folder.path().join("store/public");
    let generation = store.current(Access::Public).unwrap().unwrap();
    let documents = [
        public.join("current"),
        public.join("generations").join(format!("{}.json", generation.id)),
        generation.layers["gauges"].dir().join("layer.json"),
    ];
    for path in documents {
        let sound = fs::read(&path).unwrap();
        let read = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            store.current(Access::Public)
        };
        for length in 0..sound.len() {
            let cut = read(&sound[..length]);
            let trimmed = sound[length..].iter().all(u8::is_ascii_whitespace);
            assert!(cut.is_err() || trimmed, "{} of {} bytes", length, path.display());
        }
        let mut random = 1_u64;
        for _ in 0..2_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let mut flipped = sound.clone();
            let place = usize::try_from(random >> 33).unwrap() % flipped.len();
            flipped[place] ^= 1 << (random >> 60 & 7);
            drop(read(&flipped));
        }
        fs::write(&path, &sound).unwrap();
    }
    assert_eq!(content(&store, "gauges"), "a");
}

proptest! {
    /// Whatever stands in `current`, the reader neither panics nor leaves the store.
    #[test]
    fn no_current_leads_out_of_the_store(text in ".{0,60}") {
        let (folder, store) = empty();
        fs::create_dir_all(folder.path().join("store/public")).unwrap();
        fs::write(folder.path().join("store/public/current"), &text).unwrap();
        prop_assert!(store.current(Access::Public).is_err());
    }
}

#[test]
fn a_store_that_is_not_there_is_named() {
    let fault = Store::open(Path::new("no/such/store")).unwrap_err();
    assert_eq!(fault.to_string(), "no store at no/such/store");
}

#[test]
fn the_hash_is_sha_256() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("abc");
    fs::write(&path, "abc").unwrap();
    let file = sha256_file(&path).unwrap();
    assert_eq!(file.bytes, 3);
    // FIPS 180-2, appendix B.1.
    assert!(file.sha256.starts_with("ba7816bf8f01cfea414140de5dae2223"), "{}", file.sha256);
}
