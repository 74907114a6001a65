//! Whose now: live layers expire by the wall clock, all others live by their own.

use jomo_core::layer::{Layer, Mode};

use crate::fixture::{FIRST_STEP, PUBLISHED, SECOND_STEP, Server, Shop, at, rain};

#[tokio::test]
async fn a_live_layer_expires_by_the_wall_clock() {
    let shop = Shop::new();
    shop.publish(&[rain(Mode::Live)], "one", at(PUBLISHED));
    let server = Server::new(&shop);
    let version = shop.version("rain");
    let pinned = |step: &str| format!("/tiles/rain/{version}/{step}/4/14/6.mvt");
    let (first, second) = (pinned(FIRST_STEP), pinned(SECOND_STEP));
    let archive = format!("/archives/rain/{version}/{SECOND_STEP}.pmtiles");
    let alias = "/tiles/rain/4/14/6";
    let asked = "/tiles/rain/4/14/6?time=20261122T010000Z";
    let past = (410, Some("step-past"), "");
    let gone = (410, Some("layer-expired"), "");
    let shown = |cache: &'static str| (200, None, cache);
    for (now, path, expected) in [
        ("2026-11-22T00:10:00Z", alias, shown("private, max-age=60")),
        ("2026-11-22T00:10:00Z", first.as_str(), shown("private, max-age=60")),
        ("2026-11-22T00:59:50Z", alias, shown("private, max-age=10")),
        ("2026-11-22T01:00:00Z", first.as_str(), shown("private, max-age=0")),
        ("2026-11-22T01:00:01Z", first.as_str(), past),
        ("2026-11-22T01:00:01Z", asked, past),
        ("2026-11-22T01:00:01Z", alias, shown("private, max-age=60")),
        ("2026-11-22T01:29:30Z", second.as_str(), shown("private, max-age=30")),
        ("2026-11-22T01:29:30Z", archive.as_str(), shown("private, max-age=30")),
        ("2026-11-22T01:30:00Z", alias, gone),
        ("2026-11-22T01:30:00Z", first.as_str(), gone),
        ("2026-11-22T01:30:00Z", second.as_str(), gone),
        ("2026-11-22T01:30:00Z", archive.as_str(), gone),
    ] {
        server.set_now(now);
        let answer = server.get(path, &["accept-encoding: gzip"]).await;
        let (status, reason, cache) = expected;
        assert_eq!(answer.status, status, "{now} {path}");
        if let Some(reason) = reason {
            let problem = answer.json();
            assert_eq!(problem["reason"], reason, "{now} {path}");
            assert_eq!(problem["code"], "expired");
            assert_eq!(answer.header("cache-control"), "no-store");
        } else {
            assert_eq!(answer.header("cache-control"), cache, "{now} {path}");
            assert_eq!(answer.header("jomo-mode"), "live");
        }
    }
    // Stale is shown as stale: the description stays, without a current step; ready stays ready.
    let description = server.get("/tiles/rain.json", &[]).await;
    assert_eq!(description.status, 200);
    assert!(description.json()["temporal"]["current"].is_null());
    assert_eq!(description.header("cache-control"), "private, max-age=0");
    assert_eq!(server.get("/health/ready", &[]).await.status, 200);
    assert_eq!(server.get("/status.json", &[]).await.json()["layers"][0]["expired"], true);
    assert_eq!(
        server.get("/catalog.json", &[]).await.header("cache-control"),
        "private, max-age=0"
    );
}

#[tokio::test]
async fn after_the_last_step_a_live_layer_is_gone() {
    let shop = Shop::new();
    let endless = Layer { expires: None, ..rain(Mode::Live) };
    shop.publish(&[endless], "one", at(PUBLISHED));
    let server = Server::new(&shop);
    server.set_now("2026-11-22T02:00:01Z");
    let answer = server.get("/tiles/rain/4/14/6", &[]).await;
    assert_eq!(answer.json()["reason"], "step-past");
    assert_eq!(answer.json()["since"], "2026-11-22T02:00:00Z");
}

/// An observed step, at or before the reference time, stays as long as its layer.
#[tokio::test]
async fn observed_steps_of_a_live_layer_stay() {
    let shop = Shop::new();
    let observed = Layer { reference_time: Some(at("2026-11-22T01:00:00Z")), ..rain(Mode::Live) };
    shop.publish(&[observed], "one", at(PUBLISHED));
    let server = Server::new(&shop);
    server.set_now("2026-11-22T01:20:00Z");
    let asked = server.get("/tiles/rain/4/14/6?time=20261122T010000Z", &[]).await;
    assert_eq!(asked.status, 200);
}

#[tokio::test]
async fn replay_and_fictional_layers_live_by_their_own_clock() {
    for (mode, name) in [(Mode::Replay, "replay"), (Mode::Fictional, "fictional")] {
        for (clock, body) in [
            (None, "rain one Some(2026-11-22T01:00:00Z)"),
            (Some(at("2026-11-22T01:10:00Z")), "rain one Some(2026-11-22T02:00:00Z)"),
            (Some(at("2027-01-01T00:00:00Z")), "rain one Some(2026-11-22T02:00:00Z)"),
        ] {
            let shop = Shop::new();
            shop.publish(&[Layer { clock, ..rain(mode) }], "one", at(PUBLISHED));
            let server = Server::new(&shop);
            server.set_now("2031-01-01T00:00:00Z");
            let answer = server.get("/tiles/rain/4/14/6", &[]).await;
            assert_eq!(answer.body, body.as_bytes(), "{mode:?} {clock:?}");
            assert_eq!(answer.header("jomo-mode"), name);
            assert!(answer.header("cache-control").starts_with("public, max-age=30"));
            let pinned = format!("/tiles/rain/{}/{FIRST_STEP}/4/14/6", shop.version("rain"));
            let answer = server.get(&pinned, &[]).await;
            assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        }
    }
}
