//! What has become restricted is no longer public: not by going back, not by an old address, not
//! for a host that has the public root alone.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use jomo_core::feature::{Field, FieldType};
use jomo_core::layer::{Access, Layer, Text};
use jomo_core::organisation::OrganisationKind::{self, Municipality, Prefecture};
use jomo_core::organisation::RowAccess;
use jomo_store::{Retention, Store, StoreError};
use tempfile::TempDir;

use crate::pairs::{put_pair, restricted, stage_pair, whole};
use crate::places::{Place, everywhere};
use crate::{at, content, content_of, layer, put, stage};

fn field(name: &str) -> Field {
    Field::new(name, FieldType::Text, Text::default())
}

/// Publishes `plots` as a layer that is public whole, owners included.
pub(crate) fn put_wide(store: &Store, content: &str, minute: i64) -> String {
    let wide = Layer { fields: vec![field("owner")], ..layer("plots") };
    let staged = stage(content, wide, at(minute));
    let published = store.publish(staged.path(), None, at(minute)).unwrap();
    published.generations[&Access::Public].clone()
}

/// Stages `plots` as a pair whose owners are restricted.
pub(crate) fn stage_narrow(minute: i64) -> TempDir {
    stage_pair(layer("plots"), whole(), ["narrow", "narrow and owner"], minute)
}

fn narrow(store: &Store, minute: i64) -> String {
    let published = store.publish(stage_narrow(minute).path(), None, at(minute)).unwrap();
    published.generations[&Access::Public].clone()
}

/// Versions of `plots` that the live public generation lists as withdrawn.
fn listed(store: &Store) -> usize {
    let live = store.current(Access::Public).unwrap().unwrap().document;
    live.withdrawn.get("plots").map_or(0, BTreeSet::len)
}

#[track_caller]
fn refused(store: &Store, to: &str) {
    let told = store.rollback_target(Some(to), at(99)).unwrap_err();
    let fault = store.rollback(Some(to), at(99)).unwrap_err();
    assert_eq!(told.to_string(), fault.to_string());
    assert!(matches!(&fault, StoreError::RollbackWithdrawn { .. }), "{fault}");
}

#[test]
fn nobody_goes_back_to_what_was_public_by_mistake() {
    everywhere(|Place { store, name, .. }| {
        let before = put(&store, "gauges", "g", 0);
        let wide = put_wide(&store, "wide", 1);
        let wider = put_wide(&store, "wider", 2);
        // Going back leaves a generation beside the line of the live one.
        store.rollback(Some(&wide), at(3)).unwrap();
        let narrowed = narrow(&store, 4);
        assert_eq!(listed(&store), 2, "{name}");
        assert_eq!(content(&store, "gauges"), "g");
        for old in [&wide, &wider] {
            refused(&store, old);
            // Whoever knows the address of the files finds none.
            assert!(store.generation(Access::Public, old).is_err(), "{name}");
        }
        // A reader that sleeps through the going back would not learn of the withdrawal.
        refused(&store, &before);
        assert!(matches!(store.rollback(None, at(99)), Err(StoreError::RollbackWithdrawn { .. })));
        // The list goes on with the generations, and going back ends at the withdrawal.
        put(&store, "gauges", "h", 5);
        assert_eq!(listed(&store), 2);
        assert_eq!(store.rollback(None, at(6)).unwrap(), narrowed);
        assert_eq!(content_of(&store, Access::Restricted, "plots"), "narrow and owner");
        let collected = store.clone().with_grace(Duration::ZERO);
        collected.collect(Retention { generations: 0 }).unwrap();
        assert_eq!((listed(&store), content(&store, "plots")), (2, "narrow".to_owned()));
    });
}

#[test]
fn a_version_with_a_column_that_is_restricted_now_is_withdrawn() {
    everywhere(|Place { store, .. }| {
        let pair = |columns: &[&str], hidden: &[&str], minute| {
            let public: Vec<Field> = columns.iter().map(|name| field(name)).collect();
            let mut all = public.clone();
            all.extend(hidden.iter().map(|name| restricted(name)));
            let public = Layer { fields: public, ..layer("plots") };
            let whole = Layer { fields: all, ..whole() };
            let staged = stage_pair(public, whole, [&format!("{columns:?}"), "w"], minute);
            let published = store.publish(staged.path(), None, at(minute)).unwrap();
            published.generations[&Access::Public].clone()
        };
        let first = pair(&["kind"], &["owner"], 0);
        pair(&["kind", "age"], &["owner"], 1);
        // More columns withhold nothing: there is a way back, and no way on from there.
        assert_eq!(listed(&store), 0);
        store.rollback(Some(&first), at(2)).unwrap();
        let third = pair(&["kind", "age", "height"], &["owner"], 3);
        let fourth = pair(&["kind", "height"], &["owner", "age"], 4);
        // The second and the third have the age. The first one never had, but what is in that
        // column now may have stood in another one then.
        assert_eq!(listed(&store), 3);
        refused(&store, &third);
        refused(&store, &first);
        // A column that is restricted under another name is not public any more either.
        pair(&["kind"], &["owner", "age", "height_m"], 5);
        assert_eq!(listed(&store), 4);
        refused(&store, &fourth);
        assert_eq!(content(&store, "plots"), "[\"kind\"]");
    });
}

/// A column keeps its name, and its old content moves to one that is restricted.
#[test]
fn a_version_before_another_column_was_restricted_is_withdrawn() {
    everywhere(|Place { store, name, .. }| {
        let pair = |memo: &str, hidden: &[&str], minute| {
            let public = Layer { fields: vec![field("memo")], ..layer("plots") };
            let fields = [vec![field("memo")], hidden.iter().map(|n| restricted(n)).collect()];
            let whole = Layer { fields: fields.concat(), ..whole() };
            let staged = stage_pair(public, whole, [memo, "w"], minute);
            let published = store.publish(staged.path(), None, at(minute)).unwrap();
            published.generations[&Access::Public].clone()
        };
        let told = pair("heir unknown", &["owner"], 0);
        // The same columns are restricted: nothing is withdrawn.
        pair("heir unknown still", &["owner"], 1);
        put(&store, "gauges", "g", 2);
        assert_eq!(listed(&store), 0, "{name}");
        pair("-", &["owner", "memo_full"], 3);
        assert_eq!(listed(&store), 2, "{name}");
        refused(&store, &told);
        assert!(store.generation(Access::Public, &told).is_err(), "{name}");
        // The other way round too: what was in the column may stand in another that stays.
        pair("-", &["memo_full"], 4);
        assert_eq!(listed(&store), 3, "{name}");
    });
}

/// The restricted version of the narrow `plots`, for these people.
fn whole_for(audience: &[OrganisationKind]) -> Layer {
    Layer { audience: audience.to_vec(), ..whole() }
}

#[track_caller]
fn refused_for_audience(store: &Store, to: Option<&str>, layer: &str) {
    match store.rollback(to, at(99)).unwrap_err() {
        StoreError::RollbackAudience { layer: named, .. } => assert_eq!(named, layer),
        fault => panic!("{fault}"),
    }
}

#[test]
fn who_has_lost_a_layer_does_not_get_it_back() {
    everywhere(|Place { store, name, .. }| {
        let pair = |content: &str, whole: Layer, minute| {
            let staged = stage_pair(layer("plots"), whole, [content, content], minute);
            store.publish(staged.path(), None, at(minute)).unwrap();
            store.live().unwrap().unwrap()
        };
        let gauges = put(&store, "gauges", "g", 0);
        let both = [Prefecture, Municipality];
        let kept = stage_pair(layer("plots"), whole_for(&both), ["kept", "kept"], 0);
        store.publish(kept.path(), None, at(0)).unwrap();
        let wide = pair("wide", whole_for(&both), 1);
        let narrow = pair("narrow", whole_for(&[]), 2);
        let live = || content_of(&store, Access::Restricted, "plots");
        refused_for_audience(&store, None, "plots");
        refused_for_audience(&store, wide.public.as_deref(), "plots");
        assert_eq!((store.live().unwrap(), live().as_str()), (Some(narrow.clone()), "narrow"));
        // To before there was anything restricted, and on from there.
        store.rollback(Some(&gauges), at(3)).unwrap();
        assert!(store.current(Access::Restricted).unwrap().unwrap().layers.is_empty(), "{name}");
        refused_for_audience(&store, wide.public.as_deref(), "plots");
        let narrowed = narrow.public.as_deref();
        assert_eq!(store.rollback_target(narrowed, at(4)).unwrap(), narrowed.unwrap(), "{name}");
        store.rollback(narrowed, at(4)).unwrap();
        assert_eq!(live(), "narrow", "{name}");
        // What was made for more people is not published again either, and readers have the list.
        let fault = store.publish(kept.path(), None, at(5)).unwrap_err();
        assert!(matches!(fault, StoreError::Withdrawn { .. }), "{name}: {fault}");
        put(&store, "gauges", "h", 6);
        let document = store.current(Access::Restricted).unwrap().unwrap().document;
        assert_eq!(document.withdrawn["plots"].len(), 2, "{name}");
        // For more people it can be made again, and from there is a way back to fewer.
        pair("wide again", whole_for(&both), 7);
        store.rollback(narrow.public.as_deref(), at(8)).unwrap();
        assert_eq!(live(), "narrow", "{name}");
        // Rows that differ in who may see them: fewer see each.
        let by_rows = Layer { row_access: Some(RowAccess::Organisation), ..whole_for(&[]) };
        pair("rows", by_rows, 9);
        refused_for_audience(&store, narrow.public.as_deref(), "plots");
        assert_eq!(live(), "rows", "{name}");
    });
}

/// A layer that is restricted alone, and goes back because another layer does.
#[test]
fn who_has_lost_a_lone_layer_does_not_get_it_back_by_another() {
    everywhere(|Place { store, name, .. }| {
        let lone = |audience: &[OrganisationKind], minute| {
            let notes = Layer { id: "notes".to_owned(), ..whole_for(audience) };
            store.publish(stage("n", notes, at(minute)).path(), None, at(minute)).unwrap();
        };
        put_pair(&store, "a", 0);
        lone(&[Prefecture, Municipality], 1);
        put_pair(&store, "b", 2);
        // Before the narrowing there is a way back, and on.
        let newest = store.live().unwrap().unwrap().public;
        store.rollback(None, at(3)).unwrap();
        store.rollback(newest.as_deref(), at(4)).unwrap();
        lone(&[Municipality], 5);
        refused_for_audience(&store, None, "notes");
        let live = store.live().unwrap().unwrap();
        assert_eq!((live.public, content(&store, "plots").as_str()), (newest, "b"), "{name}");
        // From the narrowing on there is one again.
        put_pair(&store, "c", 6);
        store.rollback(None, at(7)).unwrap();
        assert_eq!(content(&store, "plots"), "b", "{name}");
    });
}

/// The same content at the same moment has another id in every store: by no id that the public
/// root names can a guess be checked.
#[test]
fn no_id_of_a_restricted_version_or_generation_comes_from_its_content() {
    let (partners, versions) = (RefCell::new(BTreeSet::new()), RefCell::new(BTreeSet::new()));
    everywhere(|Place { store, .. }| {
        put_wide(&store, "wide", 0);
        store.publish(stage("w", whole(), at(1)).path(), None, at(1)).unwrap();
        let public = store.current(Access::Public).unwrap().unwrap();
        let restricted = store.current(Access::Restricted).unwrap().unwrap();
        assert_eq!(public.document.partner.as_ref(), Some(&restricted.id));
        assert_eq!(restricted.layers["plots"].layer.run.seal.as_ref().map(String::len), Some(32));
        versions.borrow_mut().insert(restricted.layers["plots"].layer.version.clone());
        partners.borrow_mut().insert(restricted.id);
    });
    assert_eq!((partners.into_inner().len(), versions.into_inner().len()), (3, 3));
}

/// Whoever withholds rows may withhold others next time: no earlier version stays.
#[test]
fn a_version_before_rows_were_withheld_is_withdrawn() {
    everywhere(|Place { store, .. }| {
        let pair = |counts: [u64; 2], minute| {
            let public = Layer { feature_count: counts[0], ..layer("plots") };
            let whole = Layer { feature_count: counts[1], ..whole() };
            let staged = stage_pair(public, whole, ["p", "w"], minute);
            store.publish(staged.path(), None, at(minute)).unwrap();
        };
        pair([9, 9], 0);
        pair([9, 9], 1);
        assert_eq!(listed(&store), 0);
        pair([8, 9], 2);
        assert_eq!(listed(&store), 2);
        pair([8, 9], 3);
        assert_eq!(listed(&store), 3);
        // All rows are public again; the list stays.
        pair([9, 9], 4);
        assert_eq!(listed(&store), 3);
    });
}

/// The way out of the public root: published as restricted alone, a layer leaves it.
#[test]
fn a_layer_that_is_restricted_as_a_whole_leaves_the_public_root() {
    everywhere(|Place { store, .. }| {
        put(&store, "gauges", "g", 0);
        let wide = put_wide(&store, "wide", 1);
        let lone = stage("w", whole(), at(2));
        let published = store.publish(lone.path(), None, at(2)).unwrap();
        assert_eq!(published.generations.len(), 2);
        let public = store.current(Access::Public).unwrap().unwrap();
        assert_eq!(public.layers.keys().collect::<Vec<_>>(), ["gauges"]);
        assert_eq!((listed(&store), store.live().unwrap().is_some()), (1, true));
        assert_eq!(content_of(&store, Access::Restricted, "plots"), "w");
        assert!(store.generation(Access::Public, &wide).is_err());
        refused(&store, &wide);
        // Another one says nothing new to the public.
        let again = store.publish(stage("x", whole(), at(3)).path(), None, at(3)).unwrap();
        assert_eq!(again.generations.keys().collect::<Vec<_>>(), [&Access::Restricted]);
        // A pair leaves it the same way, and may come back as a pair.
        put_pair(&store, "a", 4);
        store.publish(stage("y", whole(), at(5)).path(), None, at(5)).unwrap();
        assert!(!store.current(Access::Public).unwrap().unwrap().layers.contains_key("plots"));
        assert_eq!(listed(&store), 2);
        put_pair(&store, "b", 6);
        assert_eq!(content(&store, "plots"), "b");
    });
}

#[test]
fn what_was_withdrawn_is_not_published_again() {
    everywhere(|Place { store, .. }| {
        let public = Layer { feature_count: 1, ..layer("plots") };
        let first = stage_pair(public, whole(), ["p", "w"], 0);
        store.publish(first.path(), None, at(0)).unwrap();
        narrow(&store, 1);
        assert_eq!(listed(&store), 0, "nothing is withheld");
        let rows = Layer { feature_count: 2, ..whole() };
        let staged = stage_pair(layer("plots"), rows, ["q", "w"], 2);
        store.publish(staged.path(), None, at(2)).unwrap();
        assert_eq!(listed(&store), 2);
        let fault = store.publish(first.path(), None, at(3)).unwrap_err();
        assert!(matches!(fault, StoreError::Withdrawn { .. }), "{fault}");
        assert_eq!(content(&store, "plots"), "q");
    });
}

/// Every file below the public root that holds these bytes.
fn holding(root: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, bytes));
        } else if fs::read(&path).unwrap().windows(bytes.len()).any(|part| part == bytes) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// A publisher that dies: between the two switches, before the files are removed, and within.
#[test]
fn a_death_between_the_steps_is_made_good_by_the_next_write() {
    let folder = TempDir::new().unwrap();
    let store = Store::create(folder.path().join("store")).unwrap();
    let public = folder.path().join("store/public");
    let old = put_wide(&store, "canary of an owner", 0);
    let version = store.current(Access::Public).unwrap().unwrap().layers["plots"].clone();
    let (dir, kept) = (version.dir().to_owned(), folder.path().join("kept"));
    let copy = |from: &Path, to: &Path| {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    };
    copy(&dir, &kept);
    // A publisher that died before anything named what it had copied.
    copy(&dir, &dir.with_file_name("20260101T000000Z-00000000"));
    narrow(&store, 1);
    assert_eq!(holding(&public, b"canary"), Vec::<String>::new());

    // Between the two switches: the restricted root leads, and the public one is as it was.
    copy(&kept, &dir);
    fs::write(public.join("current"), &old).unwrap();
    assert_eq!(
        (store.live().unwrap(), content(&store, "plots").as_str()),
        (None, "canary of an owner")
    );
    put(&store, "gauges", "g", 2);
    assert_eq!(content(&store, "plots"), "narrow");
    assert_eq!(holding(&public, b"canary"), Vec::<String>::new());

    // Before anything is removed; collection does it too, whatever it keeps.
    copy(&kept, &dir);
    store.collect(Retention { generations: 99 }).unwrap();
    assert_eq!(holding(&public, b"canary"), Vec::<String>::new());

    // Within: half of a folder, under its name and under that of a removal.
    fs::create_dir_all(&dir).unwrap();
    fs::copy(kept.join("features.fgb"), dir.join("features.fgb")).unwrap();
    put(&store, "gauges", "h", 3);
    assert_eq!(holding(&public, b"canary"), Vec::<String>::new());
    let name = dir.file_name().unwrap().to_str().unwrap();
    copy(&kept, &dir.with_file_name(format!(".{name}")));
    copy(&kept, &dir);
    store.collect(Retention::default()).unwrap();
    assert_eq!(holding(&public, b"canary"), Vec::<String>::new());
}

/// Nobody is told of a withdrawal by a document that names what it withdraws.
#[test]
fn a_generation_that_names_what_it_withdraws_is_refused() {
    let folder = TempDir::new().unwrap();
    let store = Store::create(folder.path().join("store")).unwrap();
    let id = put_wide(&store, "wide", 0);
    let path = folder.path().join(format!("store/public/generations/{id}.json"));
    let mut document: serde_json::Value =
        serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let version = document["layers"]["plots"]["version"].clone();
    document["withdrawn"] = serde_json::json!({ "plots": [version] });
    fs::write(&path, document.to_string()).unwrap();
    assert!(matches!(store.current(Access::Public), Err(StoreError::Document { .. })));
}
