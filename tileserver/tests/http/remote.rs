//! A store in an object store: the same bytes as from a folder, and 503 when it is away.

use std::process::Command;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use jomo_core::layer::{Access, Mode};
use jomo_store::LayerStage;

use crate::fixture::{PUBLISHED, Server, Shop, archive, at, places, rain};
use crate::stand_in::StandIn;

/// The same publication in a folder and in the S3 stand-in.
fn shops(server: &StandIn) -> [Shop; 2] {
    let shops = [Shop::new(), Shop { store: server.store(), ..Shop::new() }];
    for shop in &shops {
        shop.publish(&[places(), rain(Mode::Replay)], "a", at(PUBLISHED));
    }
    shops
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_store_gives_the_same_bytes_as_a_folder() {
    let stand_in = StandIn::shared();
    let [folder, remote] = shops(&stand_in);
    let [near, far] = [Server::new(&folder), Server::new(&remote)];
    let version = folder.version("places");
    assert_eq!(version, remote.version("places"));
    let mut addresses = vec![
        "/catalog.json".to_owned(),
        "/tiles/places.json".to_owned(),
        format!("/archives/places/{version}/-.pmtiles"),
    ];
    for (z, x, y) in [(4, 14, 6), (4, 14, 5), (5, 28, 12), (8, 226, 100)] {
        addresses.push(format!("/tiles/places/{z}/{x}/{y}"));
        addresses.push(format!("/tiles/places/{version}/-/{z}/{x}/{y}.mvt"));
        addresses.push(format!("/tiles/rain/{z}/{x}/{y}?time=latest"));
    }
    let mut tiles = 0;
    for address in &addresses {
        for headers in [&[][..], &["accept-encoding: gzip"], &["range: bytes=100-299"]] {
            let (a, b) = (near.get(address, headers).await, far.get(address, headers).await);
            assert_eq!((a.status, &a.body), (b.status, &b.body), "{address} {headers:?}");
            for name in ["etag", "content-type", "cache-control", "content-range", "content-length"]
            {
                assert_eq!(a.header(name), b.header(name), "{name} of {address} {headers:?}");
            }
            tiles += usize::from(a.status == StatusCode::OK);
        }
    }
    assert!(9 < tiles, "{tiles}");
    let tag = near.get("/tiles/places/4/14/6", &[]).await.header("etag").to_owned();
    let known = far.get("/tiles/places/4/14/6", &[&format!("if-none-match: {tag}")]).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
}

/// An archive of several parts is passed on whole, and any range of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_archive_comes_in_parts() {
    let stand_in = StandIn::shared();
    let shop = Shop { store: stand_in.store(), ..Shop::new() };
    let mut random = 7_u64;
    let noise = std::iter::repeat_with(|| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 56) as u8
    });
    let bytes = archive(&noise.take(5 << 19).collect::<Vec<_>>());
    let stage = shop.dir.path().join("stage");
    let mut staged = LayerStage::begin(&stage, "places").unwrap();
    std::fs::write(staged.path("tiles.pmtiles").unwrap(), &bytes).unwrap();
    staged.add("tiles.pmtiles").unwrap();
    staged.finish(places(), at(PUBLISHED)).unwrap();
    shop.store.publish(&stage, None, at(PUBLISHED)).unwrap();
    let server = Server::new(&shop);
    let address = format!("/archives/places/{}/-.pmtiles", shop.version("places"));
    let whole = server.get(&address, &[]).await;
    assert!(whole.body == bytes && 2 << 20 < bytes.len(), "{} bytes", whole.body.len());
    for (from, to) in [(0, 0), (1_000_000, 2_200_000), (2_000_000, bytes.len() - 1)] {
        let part = server.get(&address, &[&format!("range: bytes={from}-{to}")]).await;
        assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
        assert!(part.body == bytes[from..=to], "{from}-{to}");
    }
}

/// Neither a hanging nor a missing object store hangs an answer; the generation stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_is_told_in_bounded_time() {
    let stand_in = StandIn::own();
    let shop = Shop { store: stand_in.store(), ..Shop::new() };
    let id = shop.publish(&[places()], "a", at(PUBLISHED));
    let version = shop.version("places");
    let server = Server::new(&shop);
    let signal = |name: &str| {
        let pid = stand_in.pid().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    };
    signal("-STOP");
    let began = Instant::now();
    // Three at once wait for one fetch, and for no longer than one.
    let ask = || server.get("/tiles/places/4/14/6", &[]);
    let (first, second, third) = tokio::join!(ask(), ask(), ask());
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    for answer in [first, second, third] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.header("retry-after"), "5");
        assert_eq!(answer.header("jomo-generation"), id);
        assert_eq!(answer.json()["code"], "store-unreachable");
    }
    assert_eq!(server.get("/health/ready", &[]).await.status, StatusCode::OK);
    assert_eq!(server.get("/tiles/places.json", &[]).await.status, StatusCode::OK);
    signal("-CONT");
    let mut answer = ask().await;
    for _ in 0..20 {
        if answer.status == StatusCode::OK {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        answer = ask().await;
    }
    assert_eq!(answer.status, StatusCode::OK, "once it is back");
    // What has been fetched is answered without it.
    drop(stand_in);
    assert_eq!(ask().await.status, StatusCode::OK);
    let address = format!("/archives/places/{version}/-.pmtiles");
    assert_eq!(server.get(&address, &[]).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(shop.store.current_id(Access::Public).is_err());
    assert!(server.app.refresh(&shop.store).is_err());
    assert_eq!(ask().await.header("jomo-generation"), id);
}
