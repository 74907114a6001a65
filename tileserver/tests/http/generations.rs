//! Readers see generation N or N+1, never a mix; a broken one is never seen.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jomo_core::Timestamp;
use jomo_core::layer::{Layer, Mode};
use jomo_server::serving::KEPT_GENERATIONS;
use jomo_server::watch::watch;

use crate::fixture::{PUBLISHED, Server, Shop, at, places, rain};

fn seconds_later(seconds: i64) -> Timestamp {
    Timestamp::from_second(at(PUBLISHED).as_second() + seconds).unwrap()
}

#[tokio::test]
async fn an_empty_store_is_served_and_then_filled() {
    let shop = Shop::new();
    let server = Server::new(&shop);
    let catalogue = server.get("/catalog.json", &[]).await;
    assert_eq!((catalogue.status.as_u16(), catalogue.header("jomo-generation")), (200, "none"));
    assert!(catalogue.json()["generation"].is_null());
    let ready = server.get("/health/ready", &[]).await;
    assert_eq!((ready.status.as_u16(), ready.json()["code"].as_str()), (503, Some("not-ready")));
    assert_eq!(server.get("/health/live", &[]).await.status, 200);

    let _watcher = watch(Arc::clone(&server.app), shop.store.clone()).unwrap();
    shop.publish(&[places()], "one", at(PUBLISHED));
    let start = Instant::now();
    while server.get("/health/ready", &[]).await.status != 200 {
        assert!(start.elapsed() < Duration::from_secs(5), "not picked up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Every generation says its own number in every layer; the header must fit the bytes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_never_mix_generations() {
    let shop = Shop::new();
    let other = Layer { id: "other".to_owned(), ..places() };
    let publish =
        |n: i64| shop.publish(&[places(), other.clone()], &format!("n{n}"), seconds_later(n));
    let mut names = vec![(publish(0), "n0".to_owned())];
    let server = Arc::new(Server::new(&shop));
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = ["places", "other", "places", "other"]
        .into_iter()
        .map(|layer| {
            let (server, done) = (Arc::clone(&server), Arc::clone(&done));
            tokio::spawn(async move {
                let mut seen = vec![];
                while !done.load(Ordering::Relaxed) {
                    let answer = server.get(&format!("/tiles/{layer}/4/14/6"), &[]).await;
                    let said = String::from_utf8(answer.body.to_vec()).unwrap();
                    let said = said.split(' ').nth(1).unwrap().to_owned();
                    seen.push((answer.header("jomo-generation").to_owned(), said));
                    tokio::task::yield_now().await;
                }
                seen
            })
        })
        .collect();
    for n in 1..=12 {
        names.push((publish(n), format!("n{n}")));
        server.app.refresh(&shop.store).unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    done.store(true, Ordering::Relaxed);
    let mut total = 0;
    for reader in readers {
        let seen = reader.await.unwrap();
        total += seen.len();
        for pair in seen {
            assert!(names.contains(&pair), "{pair:?}");
        }
    }
    assert!(50 < total, "{total} answers");
}

#[tokio::test]
async fn earlier_versions_stay_for_a_while() {
    let shop = Shop::new();
    let server = Server::new(&shop);
    let mut versions = vec![];
    for n in 0..=5 {
        shop.publish(&[places()], &format!("n{n}"), seconds_later(n));
        server.app.refresh(&shop.store).unwrap();
        versions.push(shop.version("places"));
    }
    let restarted = Server::new(&shop);
    for server in [&server, &restarted] {
        for (n, version) in versions.iter().enumerate() {
            let answer = server.get(&format!("/tiles/places/{version}/-/4/14/6"), &[]).await;
            let kept = versions.len() - 1 - n <= KEPT_GENERATIONS;
            assert_eq!(answer.status, if kept { 200 } else { 404 }, "{n}");
            if kept {
                assert_eq!(answer.body, format!("places n{n} None").as_bytes());
            }
        }
    }
}

/// An unchanged tile keeps its tag across generations: browsers keep their copies.
#[tokio::test]
async fn an_unchanged_tile_keeps_its_tag() {
    let shop = Shop::new();
    shop.publish(&[places(), rain(Mode::Replay)], "same", at(PUBLISHED));
    let server = Server::new(&shop);
    let tag = |answer: crate::fixture::Answer| answer.header("etag").to_owned();
    let before = tag(server.get("/tiles/places/4/14/6", &[]).await);
    let generation = shop.publish(&[places()], "same", seconds_later(60));
    server.app.refresh(&shop.store).unwrap();
    let after = server.get("/tiles/places/4/14/6", &[]).await;
    assert_eq!(after.header("jomo-generation"), generation);
    assert_eq!(tag(after), before);
}

#[tokio::test]
async fn a_broken_generation_is_refused_and_shown() {
    let shop = Shop::new();
    let good = shop.publish(&[places()], "good", at(PUBLISHED));
    let server = Server::new(&shop);
    let bad = shop.publish(&[places()], "bad", seconds_later(60));
    let version = shop.version("places");
    let archive = shop.path().join(format!("public/layers/places/{version}/tiles.pmtiles"));
    let bytes = fs::read(&archive).unwrap();
    fs::remove_file(&archive).unwrap();
    fs::write(&archive, &bytes[..bytes.len() - 1]).unwrap();
    for _ in 0..2 {
        assert!(server.app.refresh(&shop.store).is_err());
        let status = server.get("/status.json", &[]).await.json();
        assert_eq!(
            (&status["generation"], &status["fault"]["code"]),
            (&good.as_str().into(), &"store-content".into())
        );
        let tile = server.get("/tiles/places/4/14/6", &[]).await;
        assert_eq!(tile.body, b"places good None".as_slice());
        assert_eq!(tile.header("jomo-generation"), good);
        assert_eq!(server.get("/health/ready", &[]).await.status, 200);
    }
    fs::remove_file(&archive).unwrap();
    fs::write(&archive, &bytes).unwrap();
    server.app.refresh(&shop.store).unwrap();
    let status = server.get("/status.json", &[]).await.json();
    assert_eq!(
        (&status["generation"], &status["fault"]),
        (&bad.as_str().into(), &serde_json::Value::Null)
    );
    fs::remove_file(shop.path().join("public/current")).unwrap();
    assert!(server.app.refresh(&shop.store).is_err());
    assert_eq!(server.get("/tiles/places/4/14/6", &[]).await.header("jomo-generation"), bad);
}

/// A forecast of our own that somebody put into the public folder by hand is not served.
#[tokio::test]
async fn what_may_not_be_public_is_refused() {
    let shop = Shop::new();
    shop.publish(&[rain(Mode::Replay)], "one", at(PUBLISHED));
    let version = shop.version("rain");
    let path = shop.path().join(format!("public/layers/rain/{version}/layer.json"));
    let text = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, text.replace("\"relayed\"", "\"forecast\"")).unwrap();
    let server = Server::of(jomo_server::page::Page::default());
    assert!(server.app.refresh(&shop.store).is_err());
    assert_eq!(server.get("/tiles/rain.json", &[]).await.status, 404);
}
