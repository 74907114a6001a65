//! Layers with something restricted: two versions that come and go together.

use std::fs;
use std::time::Duration;

use jomo_core::feature::{Field, FieldType};
use jomo_core::layer::{Access, InputFile, Layer, Run, Text};
use jomo_core::organisation::OrganisationKind;
use jomo_store::{LayerStage, LiveIds, Retention, Store, StoreError, public_run_key, sha256_hex};
use tempfile::TempDir;

use crate::places::{Place, everywhere};
use crate::{at, content, content_of, layer, put, stage};

pub(crate) fn restricted(field: &str) -> Field {
    let field = Field::new(field, FieldType::Text, Text::default());
    Field { restricted: true, ..field }
}

/// Stages both versions of `plots`, each with a content of its own.
pub(crate) fn stage_pair(
    mut public: Layer,
    mut whole: Layer,
    contents: [&str; 2],
    minute: i64,
) -> TempDir {
    jomo_store::seal_pair(&mut public, &mut whole).unwrap();
    stage_as_is(public, whole, contents, minute)
}

fn stage_as_is(public: Layer, whole: Layer, contents: [&str; 2], minute: i64) -> TempDir {
    let staged = stage(contents[0], public, at(minute));
    let mut more = LayerStage::begin_restricted(staged.path(), &whole.id).unwrap();
    fs::write(more.path("features.fgb").unwrap(), contents[1]).unwrap();
    more.add("features.fgb").unwrap();
    more.finish(whole, at(minute)).unwrap();
    staged
}

pub(crate) fn whole() -> Layer {
    let audience = vec![OrganisationKind::ForestryEnterprise];
    let fields = vec![restricted("owner")];
    Layer { access: Access::Restricted, audience, fields, ..layer("plots") }
}

pub(crate) fn put_pair(store: &Store, content: &str, minute: i64) -> LiveIds {
    try_pair(store, content, minute).unwrap()
}

pub(crate) fn try_pair(store: &Store, content: &str, minute: i64) -> Result<LiveIds, StoreError> {
    let contents = [content, &format!("{content} and owner")];
    let staged = stage_pair(layer("plots"), whole(), contents, minute);
    let published = store.publish(staged.path(), None, at(minute))?;
    let id = |access| published.generations.get(&access).cloned();
    Ok(LiveIds { public: id(Access::Public), restricted: id(Access::Restricted) })
}

fn put_alone(store: &Store, id: &str, minute: i64) -> String {
    let lone = Layer { access: Access::Restricted, ..layer(id) };
    let staged = stage(&format!("{minute}"), lone, at(minute));
    let published = store.publish(staged.path(), None, at(minute)).unwrap();
    published.generations[&Access::Restricted].clone()
}

fn both(store: &Store) -> [String; 2] {
    [content(store, "plots"), content_of(store, Access::Restricted, "plots")]
}

#[test]
fn both_versions_go_live_together_and_back_together() {
    everywhere(|Place { store, .. }| {
        put(&store, "gauges", "g", 0);
        let first = put_pair(&store, "a", 1);
        assert_eq!(store.live().unwrap(), Some(first.clone()));
        put(&store, "gauges", "h", 2);
        let second = put_pair(&store, "b", 3);
        assert_eq!(both(&store), ["b", "b and owner"]);
        let restricted = store.current(Access::Restricted).unwrap().unwrap();
        assert_eq!(restricted.document.partner, second.public);
        assert!(restricted.layers["plots"].layer.fields[0].restricted);

        store.rollback(None, at(4)).unwrap();
        assert_eq!(both(&store), ["a", "a and owner"]);
        assert_eq!(content(&store, "gauges"), "h");
        assert_eq!(store.live().unwrap().unwrap().restricted, first.restricted);
        store.rollback(second.public.as_deref(), at(5)).unwrap();
        assert_eq!(store.live().unwrap(), Some(second));
        assert_eq!(both(&store), ["b", "b and owner"]);
    });
}

/// Before the first pair there was nothing restricted, so there is nothing after going back.
#[test]
fn going_back_before_the_first_pair_leaves_nothing_restricted() {
    everywhere(|Place { store, .. }| {
        let before = put(&store, "gauges", "g", 0);
        put_pair(&store, "a", 1);
        assert_eq!(store.rollback(None, at(2)).unwrap(), before);
        let restricted = store.current(Access::Restricted).unwrap().unwrap();
        assert!(restricted.layers.is_empty() && store.live().unwrap().is_some());
        put_pair(&store, "b", 3);
        assert_eq!(both(&store), ["b", "b and owner"]);
    });
}

/// What is restricted alone is not part of a pair and stays where it is.
#[test]
fn going_back_leaves_lone_restricted_layers_that_agree() {
    everywhere(|Place { store, .. }| {
        put_pair(&store, "a", 0);
        put(&store, "gauges", "g", 1);
        put(&store, "gauges", "h", 2);
        let lone = put_alone(&store, "notes", 3);
        store.rollback(None, at(4)).unwrap();
        assert_eq!(store.live().unwrap().unwrap().restricted, Some(lone));
        assert_eq!(content(&store, "gauges"), "g");
    });
}

#[test]
fn no_public_version_is_published_without_the_restricted_one() {
    everywhere(|Place { store, .. }| {
        let live = put_pair(&store, "a", 0);
        let lone = stage("x", layer("plots"), at(1));
        let fault = store.publish(lone.path(), None, at(1)).unwrap_err();
        assert!(matches!(fault, StoreError::OtherAccess { .. }), "{fault}");
        assert_eq!(store.live().unwrap(), Some(live));
        // From public to a pair and from restricted to a pair are deliberate: both are staged.
        put(&store, "roads", "r", 2);
        put_alone(&store, "notes", 3);
        for id in ["roads", "notes"] {
            let (public, whole) = (layer(id), Layer { id: id.to_owned(), ..whole() });
            let whole = Layer { run: public.run.clone(), ..whole };
            let staged = stage_pair(public, whole, ["p", "w"], 4);
            store.publish(staged.path(), None, at(4)).unwrap();
        }
    });
}

#[test]
fn a_public_version_that_tells_too_much_is_refused() {
    let mut telling = vec![
        Layer { fields: vec![restricted("owner")], ..layer("plots") },
        Layer { audience: vec![OrganisationKind::Owner], ..layer("plots") },
    ];
    let named = Field::new("owner", FieldType::Text, Text::default());
    telling.push(Layer { fields: vec![named], ..layer("plots") });
    for style in [
        r#"{"type":"symbol","layout":{"text-field":["to-string",["get","owner"]]}}"#,
        r#"{"type":"symbol","layout":{"text-field":"{owner}"}}"#,
        r#"{"type":"fill","filter":["has","owner"]}"#,
    ] {
        let style = vec![serde_json::from_str(style).unwrap()];
        telling.push(Layer { style, ..layer("plots") });
    }
    let folder = TempDir::new().unwrap();
    let store = Store::create(folder.path().join("store")).unwrap();
    for public in telling {
        let staged = stage_pair(public, whole(), ["p", "w"], 0);
        let fault = store.publish(staged.path(), None, at(0)).unwrap_err();
        assert!(matches!(fault, StoreError::NotForPublic { .. }), "{fault}");
    }
    assert_eq!(store.current_id(Access::Restricted).unwrap(), None);
}

/// The run of the public version is of the same run, and tells nothing to check a guess by.
#[test]
fn a_public_version_that_tells_of_its_run_is_refused() {
    let folder = TempDir::new().unwrap();
    let store = Store::create(folder.path().join("store")).unwrap();
    let input = InputFile { name: "plots.csv".to_owned(), bytes: 7, sha256: sha256_hex(b"plots") };
    let whole = || {
        let mut whole = whole();
        whole.run.inputs.push(input.clone());
        whole
    };
    let tampered: [fn(&mut Layer, &mut Layer); 7] = [
        |public, whole| public.run = whole.run.clone(),
        |public, whole| public.run.key.clone_from(&whole.run.key),
        |public, whole| public.run.seal.clone_from(&whole.run.seal),
        |public, whole| public.run.inputs.clone_from(&whole.run.inputs),
        |public, _| public.run.settings_sha256 = sha256_hex(b"settings"),
        |_, whole| whole.run.seal = None,
        |_, whole| whole.run.key = "another run".to_owned(),
    ];
    for (n, tamper) in tampered.into_iter().enumerate() {
        let (mut public, mut whole) = (layer("plots"), whole());
        jomo_store::seal_pair(&mut public, &mut whole).unwrap();
        tamper(&mut public, &mut whole);
        let staged = stage_as_is(public, whole, ["p", "w"], 0);
        let fault = store.publish(staged.path(), None, at(0)).unwrap_err();
        let told = match fault {
            StoreError::UnequalPair { part, .. } => part.to_owned(),
            StoreError::NotForPublic { part, .. } => part,
            fault => panic!("{n}: {fault}"),
        };
        assert!(["run", "run.seal"].contains(&told.as_str()), "{n}: {told}");
    }
    let lone = Layer { run: Run { seal: Some("s".to_owned()), ..whole().run }, ..layer("plots") };
    let fault = store.publish(stage("p", lone, at(0)).path(), None, at(0)).unwrap_err();
    assert!(matches!(fault, StoreError::NotForPublic { .. }), "{fault}");

    // Readers of the restricted version trace the public one to its inputs.
    let staged = stage_pair(layer("plots"), whole(), ["p", "w"], 0);
    store.publish(staged.path(), None, at(0)).unwrap();
    let run = |access| {
        let generation = store.current(access).unwrap().unwrap();
        let version = generation.layers["plots"].clone();
        assert_eq!(generation.document.layers["plots"].run, version.layer.run.key);
        version.layer.run
    };
    let (public, whole) = (run(Access::Public), run(Access::Restricted));
    assert_eq!((&public.inputs, &whole.inputs), (&Vec::new(), &vec![input]));
    assert_eq!(public.key, public_run_key(whole.seal.as_deref().unwrap(), &whole.key));
}

#[test]
fn collection_keeps_partners() {
    everywhere(|Place { store, .. }| {
        let store = store.with_grace(Duration::ZERO);
        put_pair(&store, "old", 0);
        let pair = put_pair(&store, "a", 1);
        for minute in 2..8 {
            put(&store, "gauges", &minute.to_string(), minute);
        }
        store.collect(Retention { generations: 1 }).unwrap();
        // The public partner lies six generations back, and the live restricted one needs it.
        assert!(store.live().unwrap().is_some());
        let kept = pair.public.unwrap();
        assert_eq!(store.generation(Access::Public, &kept).unwrap().id, kept);
        assert_eq!(both(&store), ["a", "a and owner"]);
        store.rollback(Some(&kept), at(9)).unwrap();
        assert_eq!(store.live().unwrap().unwrap().restricted, pair.restricted);
    });
}

/// A writer that died between the two switches: the next one ends what it began.
#[test]
fn half_a_switch_is_ended_by_the_next_writer() {
    let folder = TempDir::new().unwrap();
    let store = Store::create(folder.path().join("store")).unwrap();
    let current = |root: &str| folder.path().join("store").join(root).join("current");
    let first = put_pair(&store, "a", 0);
    let second = put_pair(&store, "b", 1);
    fs::write(current("public"), first.public.as_ref().unwrap()).unwrap();
    assert_eq!(store.live().unwrap(), None, "readers wait");
    put(&store, "gauges", "g", 2);
    assert_eq!(both(&store), ["b", "b and owner"]);
    assert_eq!(store.live().unwrap().unwrap().restricted, second.restricted);

    // Where another publication has come between, what was begun is taken back.
    put_pair(&store, "c", 3);
    store.rollback(None, at(4)).unwrap();
    let third = put(&store, "gauges", "h", 5);
    let newer = fs::read_dir(folder.path().join("store/restricted/generations")).unwrap();
    let newest = newer.map(|e| e.unwrap().file_name().into_string().unwrap()).max().unwrap();
    fs::write(current("restricted"), newest.trim_end_matches(".json")).unwrap();
    assert_eq!(store.live().unwrap(), None);
    put(&store, "gauges", "i", 6);
    assert_eq!(both(&store), ["b", "b and owner"]);
    assert!(store.generation(Access::Public, &third).is_ok());
}
