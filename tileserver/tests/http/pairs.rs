//! The two roots switch together, and a half-written pair is never served.

use std::fs;

use jomo_core::Timestamp;
use jomo_core::layer::{Access, Layer};
use jomo_server::identity::Trust;

use crate::fixture::{Answer, PUBLISHED, Server, Shop, at, places};
use crate::office::{Office, nests};

fn later(minutes: i64) -> Timestamp {
    Timestamp::from_second(at(PUBLISHED).as_second() + 60 * minutes).unwrap()
}

async fn said(office: &Office, layer: &str, who: &[&str]) -> String {
    let answer: Answer = office.get(&format!("/tiles/{layer}/4/14/6"), who).await;
    String::from_utf8_lossy(&answer.body).into_owned()
}

#[tokio::test]
async fn half_a_pair_waits_for_the_other_half() {
    let office = Office::new();
    let cookie = office.cookie("vera").await;
    let refresh = || office.server.app.refresh(&office.shop.store);
    let current = |root: &str| office.shop.path().join(root).join("current");
    let old = fs::read(current("public")).unwrap();
    office.shop.publish(&[places(), nests()], "two", later(1));
    let new = fs::read(current("public")).unwrap();

    // As if the publisher had died between the two renames.
    fs::write(current("public"), &old).unwrap();
    for _ in 0..3 {
        refresh().unwrap();
        assert_eq!(said(&office, "places", &[]).await, "places one None");
        assert_eq!(said(&office, "nests", &[&cookie]).await, "nests one None");
    }
    // A server that starts now sees the same.
    let mut restarted =
        Office { server: office.server, shop: office.shop, register: office.register };
    restarted.restart();
    assert_eq!(said(&restarted, "nests", &[&cookie]).await, "nests one None");

    fs::write(restarted.shop.path().join("public/current"), &new).unwrap();
    restarted.server.app.refresh(&restarted.shop.store).unwrap();
    assert_eq!(said(&restarted, "places", &[]).await, "places two None");
    assert_eq!(said(&restarted, "nests", &[&cookie]).await, "nests two None");

    // Rolled back in public alone: the restricted side goes back with it.
    fs::write(restarted.shop.path().join("public/current"), &old).unwrap();
    restarted.server.app.refresh(&restarted.shop.store).unwrap();
    assert_eq!(said(&restarted, "places", &[]).await, "places one None");
    assert_eq!(said(&restarted, "nests", &[&cookie]).await, "nests one None");
}

/// Public layers go on without the restricted ones: a partner that was live before is enough.
#[tokio::test]
async fn a_partner_may_be_an_ancestor() {
    let office = Office::new();
    let cookie = office.cookie("vera").await;
    for n in 1..=6 {
        office.shop.publish(&[places()], &format!("n{n}"), later(n));
        office.server.app.refresh(&office.shop.store).unwrap();
    }
    assert_eq!(said(&office, "places", &[]).await, "places n6 None");
    assert_eq!(said(&office, "nests", &[&cookie]).await, "nests one None");
    let answer = office.get("/catalog.json", &[&cookie]).await;
    let pair = answer.header("jomo-generation").to_owned();
    let id = |access| office.shop.store.current_id(access).unwrap().unwrap();
    assert_eq!(pair, format!("{}+{}", id(Access::Public), id(Access::Restricted)));
    assert_eq!(answer.json()["generation"], pair.as_str());
    let status = office.get("/status.json", &[&cookie]).await.json();
    assert_eq!((&status["generation"], &status["layer_count"]), (&pair.into(), &2.into()));

    // Retention has removed the ancestor: it was live all the same.
    office.shop.store.collect(jomo_store::Retention { generations: 1 }).unwrap();
    let mut restarted =
        Office { server: office.server, shop: office.shop, register: office.register };
    restarted.restart();
    assert_eq!(said(&restarted, "nests", &[&cookie]).await, "nests one None");
}

/// A layer with something restricted is in both roots: its readers get the whole of it, at the
/// address where all others get the public part.
#[tokio::test]
async fn readers_get_the_whole_layer() {
    let whole = Layer { access: Access::Restricted, ..places() };
    let office = Office::of(&[places(), whole], Trust::default());
    let (vera, otto) = (office.cookie("vera").await, office.cookie("otto").await);
    let pinned = |access| {
        let generation = office.shop.store.current(access).unwrap().unwrap();
        let version = &generation.layers["places"].layer.version;
        format!("/tiles/places/{version}/-/4/14/6")
    };
    let (public, restricted) = (pinned(Access::Public), pinned(Access::Restricted));
    assert_eq!(said(&office, "places", &[&vera]).await, "places one None whole");
    for path in ["/tiles/places/4/14/6", &public] {
        let plain = office.get(path, &[]).await;
        assert_eq!(plain.body, b"places one None".as_slice(), "{path}");
        assert!(plain.header("cache-control").starts_with("public"), "{path}");
        // A cache must not give it to those who are to get the whole.
        assert!(plain.header("vary").contains("Cookie, Authorization"), "{path}");
        let other = office.get(path, &[&otto]).await;
        assert_eq!((&other.headers, &other.body), (&plain.headers, &plain.body), "{path}");
    }
    // A map that was opened before signing in keeps its tiles.
    let before = office.get(&public, &[&vera]).await;
    assert_eq!(before.body, b"places one None".as_slice());
    let own = office.get(&restricted, &[&vera]).await;
    assert_eq!(own.body, b"places one None whole".as_slice());
    assert_eq!(own.header("cache-control"), "no-store");
    assert_eq!(own.header("access-control-allow-origin"), "");
    let hidden = office.get(&restricted, &[&otto]).await;
    assert_eq!(hidden.json()["code"], "version-unknown");
    let unknown = office.get(&public.replace("2026", "2025"), &[&otto]).await;
    assert_eq!((&hidden.headers, &hidden.body), (&unknown.headers, &unknown.body));
    for (who, access) in [(vec![], "public"), (vec![vera.as_str()], "restricted")] {
        let catalogue = office.get("/catalog.json", &who).await.json();
        let layers = catalogue["layers"].as_array().unwrap();
        assert_eq!((layers.len(), &layers[0]["access"]), (1, &access.into()));
        let tile_json = office.get("/tiles/places.json", &who).await;
        assert_eq!(tile_json.json()["layer"]["access"], access);
    }
}

/// What is told besides the bytes is the same for a layer with a restricted version and for one
/// without: the names of all headers, and the values of those that do not depend on the bytes.
#[tokio::test]
async fn headers_do_not_tell_which_layers_have_a_restricted_version() {
    let twin = Layer { id: "twins".to_owned(), ..places() };
    let whole = Layer { access: Access::Restricted, ..twin.clone() };
    let office = Office::of(&[places(), twin, whole], Trust::default());
    let cookie = office.cookie("otto").await;
    let (plain, paired) = (office.shop.version("places"), office.shop.version("twins"));
    let addresses = |layer: &str, version: &str| {
        [
            format!("/tiles/{layer}.json"),
            format!("/tiles/{layer}.json?time=20261122T000000Z"),
            format!("/tiles/{layer}/4/14/6"),
            format!("/tiles/{layer}/4/14/5"),
            format!("/tiles/{layer}/5/28/12"),
            format!("/tiles/{layer}/22/0/0"),
            format!("/tiles/{layer}/{version}/-/4/14/6"),
            format!("/tiles/{layer}/20200101T000000Z-00000000/-/4/14/6"),
            format!("/archives/{layer}/{version}/-.pmtiles"),
        ]
    };
    for (of_plain, of_pair) in
        addresses("places", &plain).into_iter().zip(addresses("twins", &paired))
    {
        for more in [vec![], vec![cookie.as_str()], vec!["accept-encoding: gzip"]] {
            let answers = [office.get(&of_plain, &more).await, office.get(&of_pair, &more).await];
            let headers = answers.each_ref().map(|answer| {
                let mut headers: Vec<_> = answer
                    .headers
                    .iter()
                    .map(|(name, value)| match name.as_str() {
                        "etag" | "content-length" => (name.as_str(), "by the bytes"),
                        name => (name, value.to_str().unwrap()),
                    })
                    .collect();
                headers.sort_unstable();
                headers
            });
            assert_eq!(answers[0].status, answers[1].status, "{of_plain}");
            assert_eq!(headers[0], headers[1], "{of_plain}");
            assert!(answers[0].header("vary").contains("Cookie, Authorization"), "{of_plain}");
        }
    }
}

/// A host that mounts the public root alone forgets what is withdrawn, open or not.
#[tokio::test]
async fn a_host_of_the_public_root_drops_what_is_withdrawn() {
    let shop = Shop::new();
    shop.publish(&[places(), Layer { id: "roads".to_owned(), ..places() }], "one", at(PUBLISHED));
    let (places_old, roads_old) = (shop.version("places"), shop.version("roads"));
    let server = Server::new(&shop);
    let whole = Layer { access: Access::Restricted, ..places() };
    shop.publish(&[places(), whole, Layer { id: "roads".to_owned(), ..places() }], "two", later(1));
    fs::remove_dir_all(shop.path().join("restricted")).unwrap();
    server.app.refresh(&shop.store).unwrap();
    let restarted = Server::new(&shop);
    let old = |layer: &str, version: &str| format!("/tiles/{layer}/{version}/-/4/14/6");
    for server in [&server, &restarted] {
        let answer = server.get("/tiles/places/4/14/6", &[]).await;
        assert_eq!(answer.body, b"places two None".as_slice());
        let gone = server.get(&old("places", &places_old), &[]).await;
        assert_eq!(gone.json()["code"], "version-unknown");
        let archive = format!("/archives/places/{places_old}/-.pmtiles");
        assert_eq!(server.get(&archive, &[]).await.json()["code"], "version-unknown");
    }
    // An earlier version of a layer that nobody has narrowed stays.
    assert_eq!(server.get(&old("roads", &roads_old), &[]).await.status, 200);
}

/// What was public by mistake and is restricted now is gone for the public, in all its versions.
#[tokio::test]
async fn what_becomes_restricted_is_gone_at_once() {
    let layer = Layer { id: "nests".to_owned(), ..places() };
    let office = Office::of(&[places(), layer], Trust::default());
    let version = office.version_of("nests");
    let pinned = format!("/tiles/nests/{version}/-/4/14/6");
    assert_eq!(office.get(&pinned, &[]).await.status, 200);
    // By hand, as the store refuses to publish a layer of the other root.
    let root = office.shop.path().join("public");
    let id = office.shop.store.current_id(Access::Public).unwrap().unwrap();
    let text = fs::read_to_string(root.join(format!("generations/{id}.json"))).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
    document["layers"].as_object_mut().unwrap().remove("nests");
    let next = format!("20261122T000100Z-{}", "0".repeat(8));
    document["id"] = next.as_str().into();
    document["previous"] = id.as_str().into();
    fs::write(root.join(format!("generations/{next}.json")), document.to_string()).unwrap();
    fs::write(root.join("current"), &next).unwrap();
    office.server.app.refresh(&office.shop.store).unwrap();
    assert_eq!(office.get(&pinned, &[]).await.status, 200, "an old version of a public layer");
    office.shop.publish(&[nests()], "two", later(2));
    office.server.app.refresh(&office.shop.store).unwrap();
    let gone = office.get(&pinned, &[]).await;
    assert_eq!((gone.status.as_u16(), gone.json()["code"].as_str()), (404, Some("layer-unknown")));
    let cookie = office.cookie("vera").await;
    assert_eq!(said(&office, "nests", &[&cookie]).await, "nests two None");
}

/// So is what was public whole and is public in part now: its earlier versions hold the rest.
#[tokio::test]
async fn what_becomes_restricted_in_part_leaves_no_public_version() {
    let office = Office::of(&[places()], Trust::default());
    let old = format!("/tiles/places/{}/-/4/14/6", office.version_of("places"));
    let whole = Layer { access: Access::Restricted, ..places() };
    office.shop.publish(&[places(), whole], "two", later(1));
    office.server.app.refresh(&office.shop.store).unwrap();
    assert_eq!(said(&office, "places", &[]).await, "places two None");
    let gone = office.get(&old, &[]).await;
    assert_eq!(gone.json()["code"], "version-unknown");
    let archive = format!("/archives/places/{}/-.pmtiles", old.split('/').nth(3).unwrap());
    assert_eq!(office.get(&archive, &[]).await.json()["code"], "version-unknown");
}

/// A restricted forecast is served; the same in the public root is refused.
#[tokio::test]
async fn each_root_holds_its_own() {
    let office = Office::new();
    let id = office.shop.store.current_id(Access::Restricted).unwrap().unwrap();
    let version = office.version_of("nests");
    let path = office.shop.path().join(format!("restricted/layers/nests/{version}/layer.json"));
    let text = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, text.replace("\"restricted\"", "\"public\"")).unwrap();
    let mut restarted =
        Office { server: office.server, shop: office.shop, register: office.register };
    restarted.server = crate::office::serve(
        &restarted.register,
        Trust::default(),
        jomo_server::app::PeopleLimits::default(),
    );
    assert!(restarted.server.app.refresh(&restarted.shop.store).is_err(), "{id}");
    assert_eq!(restarted.get("/tiles/nests/4/14/6", &[]).await.status, 404);
}
