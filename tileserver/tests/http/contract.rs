//! One row per status, then what each answer carries.

use std::io::Read;

use axum::body::{Body, Bytes};
use axum::http::Request;
use jomo_core::feature::fid;
use jomo_core::layer::{Access, Kind, Layer, Mode};
use jomo_server::page::Page;

use crate::fixture::{FIRST_STEP, PUBLISHED, Server, Shop, at, gzip, levels, places, rain};

const GZIP: &str = "accept-encoding: gzip";

fn inflate(packed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut plain).unwrap();
    plain
}

fn shop() -> (Shop, Server) {
    let shop = Shop::new();
    shop.publish(&[places(), rain(Mode::Replay)], "one", at(PUBLISHED));
    let server = Server::new(&shop);
    (shop, server)
}

#[tokio::test]
async fn every_address_has_its_status() {
    let (shop, server) = shop();
    let (v, r) = (shop.version("places"), shop.version("rain"));
    for (path, status) in [
        ("/health/live", 200),
        ("/health/ready", 200),
        ("/status.json", 200),
        ("/catalog.json", 200),
        ("/tiles/places.json", 200),
        ("/tiles/rain.json?time=20261122T010000Z", 200),
        ("/tiles/rain.json?time=20261122T013000Z", 404),
        ("/tiles/rain.json?time=", 400),
        ("/tiles/rain.json?color=red", 400),
        ("/tiles/nowhere.json", 404),
        ("/tiles/places/4/14/6", 200),
        ("/tiles/places/4/14/6.mvt", 200),
        ("/tiles/places/4/14/6.pbf", 200),
        ("/tiles/places/4/14/6.png", 400),
        ("/tiles/places/5/28/12", 204),
        ("/tiles/places/5/0/0", 404),
        ("/tiles/places/3/7/3", 404),
        ("/tiles/places/9/450/200", 404),
        ("/tiles/places/4/16/6", 400),
        ("/tiles/places/25/0/0", 400),
        ("/tiles/places/4/x/6", 400),
        ("/tiles/places/4/14/6?time=20261122T010000Z", 404),
        ("/tiles/places/4/14/6?z=1", 400),
        ("/tiles/places/4/14", 404),
        ("/tiles/nowhere/4/14/6", 404),
        ("/tiles/rain/4/14/6?time=2026-11-22T01:00:00Z", 200),
        ("/tiles/rain/4/14/6?time=2026-11-22T10:00:00%2B09:00", 200),
        (&format!("/tiles/places/{v}/-/4/14/6.mvt"), 200),
        (&format!("/tiles/places/{v}/-/5/28/12.mvt"), 204),
        (&format!("/tiles/places/{v}/{FIRST_STEP}/4/14/6.mvt"), 404),
        (&format!("/tiles/places/{v}/-/4/14/6.mvt?time=20261122T010000Z"), 400),
        (&format!("/tiles/places/{v}/yesterday/4/14/6.mvt"), 400),
        (&format!("/tiles/rain/{r}/{FIRST_STEP}/4/14/6.mvt"), 200),
        (&format!("/tiles/rain/{r}/-/4/14/6.mvt"), 404),
        ("/tiles/places/20200101T000000Z-00000000/-/4/14/6.mvt", 404),
        (&format!("/archives/places/{v}/-.pmtiles"), 200),
        (&format!("/archives/rain/{r}/{FIRST_STEP}.pmtiles"), 200),
        (&format!("/archives/rain/{r}/-.pmtiles"), 404),
        (&format!("/archives/places/{v}/-.mbtiles"), 404),
        ("/archives/places", 404),
        ("/forest", 404),
        ("/tiles/", 404),
        ("/status.json?verbose=1", 400),
        ("/", 503),
    ] {
        let answer = server.get(path, &[GZIP]).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert!(answer.header("vary").contains("Accept-Encoding"), "{path}");
        assert!(answer.header("jomo-generation").starts_with("2026"), "{path}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
        if 400 <= status && path != "/" {
            let problem = answer.json();
            assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
            assert_eq!(problem["status"], status, "{path}");
            assert!(problem["code"].is_string() && problem["title"].is_string(), "{path}");
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(!body.contains("nowhere") && !body.contains("/tmp"), "{body}");
        }
    }
}

#[tokio::test]
async fn a_tile_is_the_stored_bytes_or_their_inflation() {
    let (shop, server) = shop();
    let path = format!("/tiles/places/{}/-/4/14/6.mvt", shop.version("places"));
    let stored = server.get(&path, &[GZIP]).await;
    assert_eq!(stored.body, gzip(b"places one None"));
    assert_eq!(stored.header("content-encoding"), "gzip");
    assert_eq!(stored.header("content-type"), "application/vnd.mapbox-vector-tile");
    assert_eq!(stored.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(stored.header("content-length"), stored.body.len().to_string());
    assert_eq!(stored.header("jomo-mode"), "fictional");
    let plain = server.get(&path, &[]).await;
    assert_eq!(plain.body, b"places one None".as_slice());
    assert_eq!(plain.header("content-encoding"), "");
    assert_ne!(plain.header("etag"), stored.header("etag"));

    for (accepts, tag, status) in [
        (GZIP, stored.header("etag"), 304),
        (GZIP, plain.header("etag"), 200),
        (GZIP, "\"other\", *", 304),
        ("accept-encoding: identity", plain.header("etag"), 304),
        ("accept-encoding: identity", stored.header("etag"), 200),
    ] {
        let condition = format!("if-none-match: {tag}");
        let answer = server.get(&path, &[accepts, &condition]).await;
        assert_eq!(answer.status, status, "{accepts} {tag}");
        for name in ["cache-control", "vary", "jomo-generation", "jomo-mode"] {
            assert_eq!(answer.header(name), stored.header(name), "{name}");
        }
        if status == 304 {
            assert!(answer.body.is_empty() && !answer.header("etag").is_empty());
        }
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let (shop, server) = shop();
    let archive = format!("/archives/places/{}/-.pmtiles", shop.version("places"));
    for path in ["/catalog.json", "/tiles/places/4/14/6", "/tiles/places.json", &archive] {
        let get = server.get(path, &[GZIP]).await;
        let head = server.request("HEAD", path, &[GZIP]).await;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        assert_eq!(head.headers, get.headers, "{path}");
        assert_eq!(head.header("content-length"), get.body.len().to_string(), "{path}");
    }
}

#[tokio::test]
async fn an_archive_comes_in_parts() {
    let (shop, server) = shop();
    let path = format!("/archives/places/{}/-.pmtiles", shop.version("places"));
    let whole = server.get(&path, &[]).await;
    let length = whole.body.len();
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let magic = server.get(&path, &["range: bytes=0-6"]).await;
    assert_eq!((magic.status.as_u16(), magic.body.as_ref()), (206, b"PMTiles".as_slice()));
    assert_eq!(magic.header("content-range"), format!("bytes 0-6/{length}"));
    let tail = server.get(&path, &["range: bytes=-5"]).await;
    assert_eq!(tail.body, whole.body.slice(length - 5..));
    let beyond = server.get(&path, &["range: bytes=99999-"]).await;
    assert_eq!(
        (beyond.status.as_u16(), beyond.header("content-range").to_owned()),
        (416, format!("bytes */{length}"))
    );
    let tag = whole.header("etag");
    let same = server.get(&path, &["range: bytes=0-6", &format!("if-range: {tag}")]).await;
    assert_eq!(same.status, 206);
    let other = server.get(&path, &["range: bytes=0-6", "if-range: \"other\""]).await;
    assert_eq!((other.status.as_u16(), other.body.len()), (200, length));
    let known = server.get(&path, &[&format!("if-none-match: {tag}")]).await;
    assert_eq!(known.status, 304);
}

#[tokio::test]
async fn documents_say_where_the_tiles_are() {
    let (shop, server) = shop();
    let catalogue = server.get("/catalog.json", &["host: map.example:8443"]).await;
    let json = catalogue.json();
    assert_eq!(json["generation"], catalogue.header("jomo-generation"));
    assert_eq!(json["layers"][1]["id"], "rain");
    assert_eq!(json["layers"][1]["tilejson"], "http://map.example:8443/tiles/rain.json");
    assert!(catalogue.header("vary").contains("Host"));
    let tag = format!("if-none-match: {}", catalogue.header("etag"));
    assert_eq!(server.get("/catalog.json", &["host: map.example:8443", &tag]).await.status, 304);

    let version = shop.version("rain");
    let answer = server.get("/tiles/rain.json", &["accept-language: en"]).await;
    let json = answer.json();
    let base = format!("http://127.0.0.1:8080/tiles/rain/{version}");
    assert_eq!(json["tilejson"], "3.0.0");
    assert_eq!(json["tiles"][0], format!("{base}/{FIRST_STEP}/{{z}}/{{x}}/{{y}}.mvt"));
    assert_eq!(json["temporal"]["tiles"], format!("{base}/{{time}}/{{z}}/{{x}}/{{y}}.mvt"));
    assert_eq!(json["temporal"]["current"], "2026-11-22T01:00:00Z");
    assert_eq!(json["temporal"]["clock"], PUBLISHED);
    assert_eq!(json["attribution"], "Fictional &lt;prefecture&gt;");
    assert_eq!(json["vector_layers"][0]["id"], "rain");
    assert_eq!(json["vector_layers"][0]["fields"]["name"], "String");
    assert_eq!(json["layer"]["version"], version.as_str());

    let timeless = server.get("/tiles/places.json", &[]).await.json();
    assert!(timeless["temporal"].is_null());
    assert!(timeless["tiles"][0].as_str().unwrap().contains("/-/{z}/{x}/{y}.mvt"));
    let forged = server.get("/catalog.json", &["host: evil.example/x\"y"]).await.json();
    assert_eq!(forged["layers"][0]["tilejson"], "http://127.0.0.1:8080/tiles/places.json");
}

/// What was missing when a layer was made stands in every document that tells of it, by code and in
/// words; a layer that lacks nothing has no such key.
#[tokio::test]
async fn documents_tell_what_was_missing() {
    let shop = Shop::new();
    shop.publish(&[levels(Mode::Fictional, Access::Public), places()], "one", at(PUBLISHED));
    let server = Server::new(&shop);
    let catalogue = server.get("/catalog.json", &[]).await.json();
    let description = server.get("/tiles/levels.json", &[]).await.json();
    for fault in [&catalogue["layers"][0]["faults"], &description["faults"]] {
        assert_eq!(fault[0]["code"], "forecast-rain-late");
        assert_eq!(fault[0]["count"], 1);
        assert!(fault[0]["title"]["ja"].as_str().unwrap().contains("降水予測"), "{fault}");
        assert!(fault[0]["title"]["en"].as_str().unwrap().contains("late"), "{fault}");
    }
    assert_eq!(description["layer"]["run"]["faults"]["forecast-rain-late"]["places"][0], "90 min");
    // What stands in the tables all year is told apart.
    for fault in [&catalogue["layers"][0]["standing"], &description["standing"]] {
        assert_eq!((&fault[0]["code"], &fault[0]["count"]), (&"gauge-outside".into(), &2.into()));
        assert!(fault[0]["title"]["ja"].as_str().unwrap().contains("水位計"), "{fault}");
        assert_eq!(fault.as_array().unwrap().len(), 1);
    }
    assert!(catalogue["layers"][1].get("standing").is_none());
    assert!(catalogue["layers"][1].get("faults").is_none());
    assert!(server.get("/tiles/places.json", &[]).await.json().get("faults").is_none());
    let status = server.get("/status.json", &[]).await.json();
    assert_eq!(status["layers"][0]["faults"], 1);
    assert!(status["layers"][1].get("faults").is_none());
}

/// The series of a place has one address for each version, and is as public and as new as its layer.
#[tokio::test]
async fn series_are_served_with_their_layer() {
    let shop = Shop::new();
    shop.publish(&[levels(Mode::Fictional, Access::Public), places()], "one", at(PUBLISHED));
    let server = Server::new(&shop);
    let (version, other) = (shop.version("levels"), shop.version("places"));
    let path = format!("/series/levels/{version}/g1.json");
    let plain = server.get(&path, &[]).await;
    assert_eq!(plain.status, 200);
    assert_eq!(plain.json()["says"], "one");
    assert_eq!(plain.header("content-type"), "application/json");
    assert_eq!(plain.header("jomo-mode"), "fictional");
    assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
    // Clients know features by their numbers.
    let told = server.get("/tiles/levels.json", &[]).await.json();
    assert_eq!(told["series"]["ids"][fid("g1").to_string()], "g1");
    let address = format!("http://127.0.0.1:8080/series/levels/{version}/{{id}}.json");
    assert_eq!(told["series"]["address"], address);
    assert!(server.get("/tiles/places.json", &[]).await.json().get("series").is_none());
    let packed = server.get(&path, &[GZIP]).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(inflate(&packed.body), plain.body);
    let tag = format!("if-none-match: {}", packed.header("etag"));
    assert_eq!(server.get(&path, &[GZIP, &tag]).await.status, 304);
    // An id may hold characters that have to be encoded in an address.
    let encoded = server.get(&format!("/series/levels/{version}/%67%31.json"), &[]).await;
    assert_eq!(encoded.status, 200);
    assert_eq!(encoded.body, plain.body);
    let odd = server.get(&format!("/series/levels/{version}/k%202%2F%23%25.json"), &[]).await;
    assert_eq!(odd.status, 200);
    assert_eq!(odd.body, plain.body);
    for (path, code) in [
        (format!("/series/levels/{version}/g2.json"), "series-unknown"),
        (format!("/series/levels/{version}/%ff.json"), "series-unknown"),
        (format!("/series/levels/{version}/g1%.json"), "series-unknown"),
        (format!("/series/levels/{version}/..%2flayer.json"), "series-unknown"),
        (format!("/series/levels/{other}/g1.json"), "version-unknown"),
        (format!("/series/places/{other}/g1.json"), "series-unknown"),
        (format!("/series/nowhere/{version}/g1.json"), "layer-unknown"),
        (format!("/series/levels/{version}/g1.json.gz"), "route-unknown"),
        (format!("/series/levels/{version}/a/g1.json"), "route-unknown"),
    ] {
        let answer = server.get(&path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["code"], code, "{path}");
    }
    assert_eq!(server.get(&format!("{path}?time=now"), &[]).await.status, 400);
}

/// A live series is gone with its layer, and one that is restricted is nowhere for the public.
#[tokio::test]
async fn series_expire_and_are_kept_from_the_public() {
    let shop = Shop::new();
    shop.publish(&[places()], "one", at(PUBLISHED));
    shop.publish(&[levels(Mode::Live, Access::Restricted)], "secret", at(PUBLISHED));
    let server = Server::new(&shop);
    let generation = shop.store.current(Access::Restricted).unwrap().unwrap();
    let version = &generation.layers["levels"].layer.version;
    let asked = server.get(&format!("/series/levels/{version}/g1.json"), &[]).await;
    let unknown = server.get(&format!("/series/nowhere/{version}/g1.json"), &[]).await;
    assert_eq!((asked.status.as_u16(), &asked.body), (404, &unknown.body));

    let shop = Shop::new();
    let live = Layer { kind: Kind::Relayed, ..levels(Mode::Live, Access::Public) };
    shop.publish(&[live], "one", at(PUBLISHED));
    let server = Server::new(&shop);
    let path = format!("/series/levels/{}/g1.json", shop.version("levels"));
    server.set_now("2026-11-22T00:29:50Z");
    let last = server.get(&path, &[]).await;
    assert_eq!((last.status.as_u16(), last.header("cache-control")), (200, "private, max-age=10"));
    server.set_now("2026-11-22T00:30:00Z");
    assert_eq!(server.get(&path, &[]).await.status, 410);
}

#[tokio::test]
async fn documents_are_compressed_where_that_is_read() {
    let (_shop, server) = shop();
    for path in ["/catalog.json", "/tiles/rain.json"] {
        let plain = server.get(path, &[]).await;
        for _ in 0..2 {
            let small = server.get(path, &[GZIP]).await;
            assert_eq!(small.header("content-encoding"), "gzip", "{path}");
            assert!(small.body.len() < plain.body.len(), "{path}");
            assert_eq!(inflate(&small.body), plain.body, "{path}");
            assert_ne!(small.header("etag"), plain.header("etag"), "{path}");
            assert_eq!(small.header("content-length"), small.body.len().to_string());
            let tag = format!("if-none-match: {}", small.header("etag"));
            let known = server.get(path, &[GZIP, &tag]).await;
            assert_eq!((known.status.as_u16(), known.body.len()), (304, 0), "{path}");
            assert_eq!(server.get(path, &[&tag]).await.status, 200, "{path}");
        }
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        // Another host, another document.
        let other = server.get(path, &[GZIP, "host: other.example"]).await;
        let text = String::from_utf8(inflate(&other.body)).unwrap();
        assert!(text.contains("http://other.example/tiles/"), "{text}");
    }
}

/// Also a refusal says whose now the layer lives in.
#[tokio::test]
async fn refusals_about_a_layer_name_its_mode() {
    let (shop, server) = shop();
    let version = shop.version("rain");
    for (path, code, mode) in [
        ("/tiles/rain/4/14/6?time=20261122T013000Z".to_owned(), "time-unknown", "replay"),
        ("/tiles/rain.json?time=20261122T013000Z".to_owned(), "time-unknown", "replay"),
        ("/tiles/rain/9/0/0".to_owned(), "zoom-outside", "replay"),
        ("/tiles/rain/5/0/0".to_owned(), "tile-outside", "replay"),
        (format!("/tiles/rain/{version}/-/4/14/6"), "time-unknown", "replay"),
        (format!("/archives/rain/{version}/-.pmtiles"), "time-unknown", "replay"),
        ("/tiles/rain/20200101T000000Z-00000000/-/4/14/6".to_owned(), "version-unknown", "replay"),
        ("/tiles/nothing/4/14/6".to_owned(), "layer-unknown", ""),
        ("/tiles/rain/x/14/6".to_owned(), "address-malformed", ""),
    ] {
        let answer = server.get(&path, &[]).await;
        assert_eq!(answer.json()["code"], code, "{path}");
        assert_eq!(answer.header("jomo-mode"), mode, "{path}");
    }
}

#[tokio::test]
async fn problems_speak_the_readers_language() {
    let (_shop, server) = shop();
    let path = "/tiles/nowhere.json";
    let japanese = server.get(path, &[]).await;
    assert_eq!(japanese.header("content-language"), "ja");
    assert_eq!(japanese.json()["title"], "その層はありません");
    let english = server.get(path, &["accept-language: en-GB, ja;q=0.3"]).await;
    assert_eq!(english.header("content-language"), "en");
    assert_eq!(english.json()["title"], "No such layer");
    assert_eq!(english.json()["code"], japanese.json()["code"]);
    assert!(english.header("vary").contains("Accept-Language"));
}

#[tokio::test]
async fn other_methods_and_bodies_are_refused() {
    let (_shop, server) = shop();
    for method in ["POST", "PUT", "DELETE", "PATCH", "BREW"] {
        let answer = server.request(method, "/catalog.json", &[]).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET, HEAD, OPTIONS"));
    }
    let preflight = server.request("OPTIONS", "/tiles/places.json", &["origin: http://a"]).await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-methods"), "GET, HEAD, OPTIONS");
    assert_eq!(preflight.header("access-control-allow-credentials"), "");
    let body = Request::get("/catalog.json").body(Body::from("x")).unwrap();
    assert_eq!(server.send(body).await.status, 413);
}

#[tokio::test]
async fn hostile_addresses_end_in_problems() {
    let (_shop, server) = shop();
    let long = format!("/{}", "a".repeat(10_000));
    for path in [
        "/..%2f..%2fetc/passwd",
        "/../../etc/passwd",
        "/assets/../../Cargo.toml",
        "/tiles/..%2fplaces/4/14/6",
        "/tiles/../4/14/6",
        "/tiles/places/%00/14/6",
        "/tiles/places%00/4/14/6",
        "/tiles/places/4/4294967296/6",
        "/tiles/places/4/99999999999999999999/6",
        "/tiles/places/255/0/0",
        "/tiles/places/256/0/0",
        "/tiles/places/-1/0/0",
        "/tiles/places/4/-14/6",
        "/tiles/places/4/+14/6",
        "/tiles/places/4/14/6.mvt.mvt",
        "/tiles/places/4/%EF%BC%91%EF%BC%94/6",
        "/tiles/places/%2e%2e/-/4/14/6",
        "/tiles/places/4//6",
        "//tiles/places/4/14/6",
        "/archives/places/../places/x/-.pmtiles",
        "/archives/places/%2e%2e/-.pmtiles",
        "/tiles/rain/4/14/6?time=%00",
        "/tiles/rain/4/14/6?time=99999999T999999Z",
        "/tiles/rain/4/14/6?time=-009999-01-01T00:00:00Z",
        "/tiles/rain/4/14/6?time=2026-11-22T01:00:00Z&time=2026-11-22T01:00:00Z",
        "/tiles/rain/4/14/6?%74ime=20261122T010000Z",
        long.as_str(),
    ] {
        let answer = server.get(path, &[]).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
    }
    assert_eq!(server.get(&long, &[]).await.status, 414);
    for header in ["accept-encoding: ;;q=,,", "range: bytes=a-b", "accept-language: ;q=2,,"] {
        assert!(server.get("/tiles/places/4/14/6", &[header]).await.status.is_success());
    }
}

/// A restricted layer does not exist for the public: not even its bytes differ.
#[tokio::test]
async fn restricted_and_unknown_are_the_same_bytes() {
    let shop = Shop::new();
    let secret = Layer { id: "nests".to_owned(), access: Access::Restricted, ..places() };
    shop.publish(&[places(), secret], "one", at(PUBLISHED));
    let server = Server::new(&shop);
    for path in ["/tiles/X.json", "/tiles/X/4/14/6", "/tiles/X/20200101T000000Z-00000000/-/4/14/6"]
    {
        let secret = server.get(&path.replace('X', "nests"), &[]).await;
        let unknown = server.get(&path.replace('X', "nothing"), &[]).await;
        assert_eq!(secret.status, 404, "{path}");
        assert_eq!(secret.body, unknown.body);
        assert_eq!(secret.headers, unknown.headers);
    }
    assert!(
        !String::from_utf8_lossy(&server.get("/catalog.json", &[]).await.body).contains("nest")
    );
    assert!(!String::from_utf8_lossy(&server.get("/status.json", &[]).await.body).contains("nest"));
}

#[tokio::test]
async fn the_page_is_served_by_name() {
    let files = [
        ("index.html", "<!doctype html>"),
        ("assets/index-12345678.js", "let map"),
        ("assets/index-12345678.js.gz", "compressed"),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), Bytes::from(text)));
    let server = Server::of(Page::new(files.into_iter()));
    let index = server.get("/?layer=rain", &[]).await;
    assert_eq!((index.status.as_u16(), index.header("cache-control")), (200, "no-cache"));
    let policy = index.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(index.header("referrer-policy"), "same-origin");
    let script = "/assets/index-12345678.js";
    let plain = server.get(script, &[]).await;
    let small = server.get(script, &[GZIP]).await;
    assert_eq!(
        (plain.body.as_ref(), plain.header("content-encoding")),
        (b"let map".as_slice(), "")
    );
    assert_eq!(
        (small.body.as_ref(), small.header("content-encoding")),
        (b"compressed".as_slice(), "gzip")
    );
    assert!(small.header("cache-control").contains("immutable"));
    assert_ne!(small.header("etag"), plain.header("etag"));
    let known = server.get(script, &[&format!("if-none-match: {}", plain.header("etag"))]).await;
    assert_eq!(known.status, 304);
    assert_eq!(server.get("/assets/other.js", &[]).await.status, 404);

    let unbuilt = Server::of(Page::new(std::iter::empty())).get("/", &[]).await;
    assert_eq!(unbuilt.status, 503);
    assert!(String::from_utf8_lossy(&unbuilt.body).contains("make setup"));
}

#[tokio::test]
async fn the_status_stays_small() {
    let shop = Shop::new();
    let layers: Vec<Layer> = (0..100)
        .map(|i| Layer { id: format!("{}_{i:02}", "a_rather_long_name".repeat(3)), ..places() })
        .chain([rain(Mode::Live)])
        .collect();
    shop.publish(&layers, "one", at(PUBLISHED));
    let server = Server::new(&shop);
    server.set_now("2026-11-22T01:31:00Z");
    let answer = server.get("/status.json", &[]).await;
    assert!(answer.body.len() <= 2048, "{} bytes", answer.body.len());
    let status = answer.json();
    let shown = status["layers"].as_array().unwrap().len() as u64;
    assert_eq!(shown + status["omitted"].as_u64().unwrap(), 101);
    assert_eq!((&status["layer_count"], &status["expired_count"]), (&101.into(), &1.into()));
    let first = &status["layers"][0];
    assert_eq!(
        (&first["id"], &first["expired"], &first["age_s"]),
        (&"rain".into(), &true.into(), &5460.into())
    );
}
