//! Every route with every kind of identity, from the table that the server itself applies.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use jomo_core::layer::{Access, Layer};
use jomo_core::organisation::{OrganisationKind, RowAccess};
use jomo_register::{OPERATOR, Role};
use jomo_server::access::{Need, Verb, is_personal, methods, need};
use jomo_server::identity::Trust;
use jomo_server::route::RouteName;

use crate::fixture::{Answer, PUBLISHED, Server, at, places};
use crate::office::{HOST, JSON, ORIGIN, Office, PASSWORD, nests};

/// How somebody comes to a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Identity {
    No,
    Wrong,
    Expired,
    /// Somebody, but not who is needed.
    Lower,
    Right,
}

const IDENTITIES: [Identity; 5] =
    [Identity::No, Identity::Wrong, Identity::Expired, Identity::Lower, Identity::Right];

/// By which of the two ways somebody is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Cookie,
    Key,
}

/// A request that succeeds for whoever may make it: address, body, status. A new route without a
/// row does not compile. `id` is that of the job or record.
fn row(route: RouteName, id: &str, version: &str) -> (String, String, u16) {
    use RouteName as R;
    let sign_in = serde_json::json!({ "login": "vera", "password": PASSWORD }).to_string();
    let words = r#"{"words":["import","upload:D/a.geojson","--layer","a"]}"#;
    let words = words.replace('D', &"0".repeat(64));
    let empty = String::new();
    match route {
        R::Live => ("/health/live".to_owned(), empty, 200),
        R::Ready => ("/health/ready".to_owned(), empty, 200),
        R::Page => ("/".to_owned(), empty, 503),
        R::Status => ("/status.json".to_owned(), empty, 200),
        R::Catalogue => ("/catalog.json".to_owned(), empty, 200),
        R::TileJson => ("/tiles/nests.json".to_owned(), empty, 200),
        R::Tile => ("/tiles/nests/4/14/6".to_owned(), empty, 200),
        R::PinnedTile => (format!("/tiles/nests/{version}/-/4/14/6"), empty, 200),
        R::Archive => (format!("/archives/nests/{version}/-.pmtiles"), empty, 200),
        // For its readers there is the layer, and no such series.
        R::Series => (format!("/series/nests/{version}/none.json"), empty, 404),
        R::Login => ("/login".to_owned(), sign_in, 200),
        R::Logout => ("/logout".to_owned(), empty, 204),
        R::Session => ("/api/v1/session".to_owned(), empty, 200),
        R::Files => ("/api/v1/files?name=a.csv".to_owned(), "a,b".to_owned(), 201),
        R::Jobs => ("/api/v1/jobs".to_owned(), words, 201),
        R::Job => (format!("/api/v1/jobs/{id}"), empty, 200),
        R::JobCancel => (format!("/api/v1/jobs/{id}/cancel"), empty, 202),
        R::JobEvents => (format!("/api/v1/jobs/{id}/events"), empty, 200),
        R::Records => {
            let new = r#"{"organisation":"prefecture","content":{"a":1}}"#;
            ("/api/v1/register/note".to_owned(), new.to_owned(), 201)
        }
        R::Record => {
            (format!("/api/v1/register/note/{id}"), r#"{"content":{"a":2}}"#.to_owned(), 200)
        }
        R::RecordHistory => (format!("/api/v1/register/note/{id}/history"), empty, 200),
    }
}

fn expected(route: RouteName, verb: Verb, identity: Identity, success: u16) -> u16 {
    let recognised = matches!(identity, Identity::Lower | Identity::Right);
    let one_layer = matches!(
        route,
        RouteName::TileJson
            | RouteName::Tile
            | RouteName::PinnedTile
            | RouteName::Archive
            | RouteName::Series
    );
    match need(route, verb) {
        None => 405,
        Some(Need::LayerReader) if one_layer && identity != Identity::Right => 404,
        Some(Need::SignedIn | Need::Role(_) | Need::OwnJob | Need::Record(_)) if !recognised => 401,
        Some(Need::SignedIn) => 200,
        Some(Need::Record(Role::Viewer) | Need::OwnJob) if identity == Identity::Lower => 404,
        // A viewer of the record's organisation knows that it is there.
        Some(Need::Role(_) | Need::Record(_)) if identity == Identity::Lower => 403,
        Some(
            Need::Anyone
            | Need::Asker
            | Need::LayerReader
            | Need::Role(_)
            | Need::OwnJob
            | Need::Record(_),
        ) => success,
    }
}

/// Who is the lower and who the right one for a route.
fn login(route: RouteName, verb: Verb, identity: Identity) -> &'static str {
    let usual = || need(route, Verb::Read).or(need(route, Verb::Write));
    match (need(route, verb).or_else(usual), identity) {
        (Some(Need::Record(Role::Viewer)), Identity::Lower) => "olga",
        (Some(Need::LayerReader), Identity::Lower) => "otto",
        (Some(Need::OwnJob), Identity::Lower) => "emil",
        (_, Identity::Lower) => "vera",
        _ => "eda",
    }
}

async fn credential(office: &Office, login: &str, identity: Identity, way: Way) -> Option<String> {
    match (identity, way) {
        (Identity::No, _) => None,
        (Identity::Wrong, Way::Cookie) => Some(format!("cookie: jomo_session={}", "0".repeat(64))),
        (Identity::Wrong, Way::Key) => {
            let known = office.key(login, None);
            let id = known.split('_').nth(1).unwrap();
            Some(format!("authorization: Bearer jomo_{id}_{}", "0".repeat(64)))
        }
        (Identity::Expired, Way::Cookie) => {
            // The session began thirteen hours before the present of the test.
            office.server.set_now("2026-11-21T11:00:00Z");
            let cookie = office.cookie(login).await;
            office.server.set_now(PUBLISHED);
            Some(cookie)
        }
        (Identity::Expired, Way::Key) => {
            Some(format!("authorization: Bearer {}", office.key(login, Some(PUBLISHED))))
        }
        (_, Way::Cookie) => Some(office.cookie(login).await),
        (_, Way::Key) => Some(format!("authorization: Bearer {}", office.key(login, None))),
    }
}

async fn send(office: &Office, verb: Verb, path: &str, headers: &[&str], body: &str) -> Answer {
    match verb {
        Verb::Read if path.ends_with("/events") => {
            // A stream does not end while its job waits; its head is enough.
            office.server.request("HEAD", path, headers).await
        }
        Verb::Read => office.get(path, headers).await,
        Verb::Write => office.post(path, headers, body.to_owned()).await,
        Verb::Replace => office.send("PUT", path, headers, body.to_owned()).await,
        Verb::Remove => office.send("DELETE", path, headers, "").await,
    }
}

#[tokio::test]
async fn every_route_asks_who_it_is() {
    let office = Office::new();
    let version = office.version_of("nests");
    // A few may wait for each person, and one that has been cancelled answers the same.
    let job = office.job("eda").id;
    let mut known: HashMap<_, Option<String>> = HashMap::new();
    for way in [Way::Cookie, Way::Key] {
        for &route in RouteName::ALL {
            for verb in Verb::ALL {
                for identity in IDENTITIES {
                    let id = match need(route, verb) {
                        Some(Need::OwnJob) => job,
                        Some(Need::Record(_)) => office.note("prefecture").id,
                        _ => OPERATOR,
                    };
                    let (path, body, success) = row(route, &id.to_string(), &version);
                    let who = login(route, verb, identity);
                    // Signing in or out ends the session that is shown.
                    let ends = matches!(route, RouteName::Login | RouteName::Logout);
                    let place = (ends.then_some(route as u8), who, identity as u8, way as u8);
                    let credential = match known.entry(place) {
                        Entry::Occupied(known) => known.get().clone(),
                        Entry::Vacant(place) => {
                            let shown = credential(&office, who, identity, way).await;
                            place.insert(shown).clone()
                        }
                    };
                    let mut headers = vec![HOST, ORIGIN, JSON, "if-match: \"1\""];
                    headers.extend(credential.as_deref());
                    let answer = send(&office, verb, &path, &headers, &body).await;
                    let told = format!("{route:?} {verb:?} {identity:?} {way:?}");
                    let wanted = expected(route, verb, identity, success);
                    assert_eq!(answer.status, wanted, "{told}: {:?}", answer.body);
                    check_headers(&answer, route, verb, identity, &told);
                }
            }
        }
    }
}

/// What belongs to somebody is in no cache and on no page of others.
fn check_headers(answer: &Answer, route: RouteName, verb: Verb, identity: Identity, told: &str) {
    if answer.status == 405 {
        assert_eq!(answer.header("allow"), methods(route), "{told}");
        return;
    }
    let reads = need(route, verb) == Some(Need::LayerReader) && identity == Identity::Right;
    let is_private = is_personal(route) || reads;
    assert_eq!(answer.header("access-control-allow-origin") == "*", !is_private, "{told}");
    let vary = answer.header("vary");
    if is_private {
        assert_eq!(answer.header("cache-control"), "no-store", "{told}");
        assert!(vary.contains("Cookie, Authorization"), "{told}: {vary}");
    }
    assert_eq!(answer.header("access-control-allow-credentials"), "", "{told}");
    let generation = answer.header("jomo-generation");
    assert_eq!(generation.contains('+'), reads, "{told}: {generation}");
    if matches!(route, RouteName::Catalogue | RouteName::Status) {
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(text.contains("nests"), reads, "{told}: {text}");
        assert!(text.contains(generation), "{told}: {text}");
        let count = answer.json()["layers"].as_array().unwrap().len();
        assert_eq!(count, if reads { 2 } else { 1 }, "{told}");
    }
}

/// Addresses of a layer `X` that exist, or would if it did.
fn addresses(version: &str) -> [String; 6] {
    [
        "/tiles/X.json".to_owned(),
        "/tiles/X/4/14/6".to_owned(),
        "/tiles/X/4/14/6?time=20261122T010000Z".to_owned(),
        "/tiles/X/9/0/0".to_owned(),
        format!("/tiles/X/{version}/-/4/14/6.mvt"),
        format!("/archives/X/{version}/-.pmtiles"),
    ]
}

fn same(secret: &Answer, unknown: &Answer, told: &str) {
    assert_eq!(secret.status, unknown.status, "{told}");
    assert_eq!(secret.headers, unknown.headers, "{told}");
    assert_eq!(secret.body, unknown.body, "{told}");
    assert_eq!(secret.status, 404, "{told}");
}

/// What somebody may not know about and what is not there are the same bytes, for everybody,
/// and no file is needed to say so.
#[tokio::test]
async fn unknown_and_forbidden_are_the_same_bytes() {
    let office = Office::new();
    let version = office.version_of("nests");
    let cookie = office.cookie("otto").await;
    let key = format!("authorization: Bearer {}", office.key("otto", None));
    let wrong = "cookie: jomo_session=0".to_owned();
    std::fs::remove_dir_all(office.shop.path().join("restricted")).unwrap();
    for who in [vec![], vec![cookie.as_str()], vec![key.as_str()], vec![wrong.as_str()]] {
        for method in ["GET", "HEAD", "POST", "OPTIONS"] {
            for path in addresses(&version) {
                let server = &office.server;
                let secret = server.request(method, &path.replace('X', "nests"), &who).await;
                let unknown = server.request(method, &path.replace('X', "nothing"), &who).await;
                let told = format!("{method} {path} {who:?}");
                if matches!(method, "GET" | "HEAD") {
                    same(&secret, &unknown, &told);
                } else {
                    assert_eq!(secret.headers, unknown.headers, "{told}");
                    assert_eq!(secret.body, unknown.body, "{told}");
                }
            }
        }
    }
    // A job of somebody else is no job.
    let own = office.job("eda").id;
    let cookie = office.cookie("emil").await;
    let headers = [HOST, ORIGIN, cookie.as_str()];
    for end in ["", "/events"] {
        let foreign = office.get(&format!("/api/v1/jobs/{own}{end}"), &headers).await;
        let unknown = "00000000-0000-7000-8000-000000000000";
        let unknown = office.get(&format!("/api/v1/jobs/{unknown}{end}"), &headers).await;
        same(&foreign, &unknown, end);
    }
    let cancel = |id: String| format!("/api/v1/jobs/{id}/cancel");
    let foreign = office.post(&cancel(own.to_string()), &headers, "").await;
    let unknown =
        office.post(&cancel("00000000-0000-7000-8000-000000000000".to_owned()), &headers, "").await;
    same(&foreign, &unknown, "cancel");
    let admin = office.cookie("ada").await;
    assert_eq!(office.get(&format!("/api/v1/jobs/{own}"), &[&admin]).await.status, 200);
}

/// A record of another organisation, of another kind or of nobody: the same bytes by every
/// method, also for the administrators of others.
#[tokio::test]
async fn unknown_and_forbidden_records_are_the_same_bytes() {
    let office = Office::new();
    let foreign = office.note("prefecture").id.to_string();
    let unknown = "00000000-0000-7000-8000-000000000000";
    let cookie = office.cookie("olga").await;
    let headers = [HOST, ORIGIN, JSON, "if-match: \"1\"", cookie.as_str()];
    for (method, end, body) in [
        ("GET", "", ""),
        ("HEAD", "", ""),
        ("GET", "?with=personal", ""),
        ("GET", "/history", ""),
        ("PUT", "", "{\"content\":{}}"),
        ("PUT", "", "["),
        ("DELETE", "", ""),
    ] {
        let ask = async |kind: &str, id: &str| {
            let path = format!("/api/v1/register/{kind}/{id}{end}");
            office.send(method, &path, &headers, body.to_owned()).await
        };
        let told = format!("{method} {end}");
        let nothing = ask("note", unknown).await;
        same(&ask("note", &foreign).await, &nothing, &told);
        same(&ask("other", &foreign).await, &nothing, &told);
    }
    let own = office.note("owner").id.to_string();
    let path = format!("/api/v1/register/note/{own}");
    assert_eq!(office.get(&path, &headers).await.status, 200);
    let other = path.replace("/note/", "/other/");
    let unknown = office.get(&format!("/api/v1/register/note/{unknown}"), &headers).await;
    same(&office.get(&other, &headers).await, &unknown, "of another kind");
}

/// What is public has the same bytes and headers whoever asks.
#[tokio::test]
async fn public_answers_do_not_depend_on_who_asks() {
    let office = Office::new();
    let version = office.version_of("places");
    let cookies = [office.cookie("eda").await, office.cookie("otto").await];
    let twice = "cookie: jomo_session=a; jomo_session=b".to_owned();
    let wrong = "authorization: Bearer jomo_x_y".to_owned();
    let mut paths = addresses(&version).map(|path| path.replace('X', "places")).to_vec();
    paths.extend(["/health/live".to_owned(), "/health/ready".to_owned(), "/".to_owned()]);
    for path in paths {
        let plain = office.get(&path, &[]).await;
        for credential in cookies.iter().chain([&twice, &wrong]) {
            let known = office.get(&path, &[credential]).await;
            assert_eq!(known.status, plain.status, "{path} {credential}");
            assert_eq!(known.headers, plain.headers, "{path} {credential}");
            assert_eq!(known.body, plain.body, "{path} {credential}");
        }
        let varies = plain.header("vary").contains("Cookie, Authorization");
        assert_eq!(varies, path.starts_with("/tiles/") || path.starts_with("/archives/"), "{path}");
    }
    // Whoever sees nothing more gets the public catalogue.
    for path in ["/catalog.json", "/status.json"] {
        let plain = office.get(path, &[]).await;
        let known = office.get(path, &[&cookies[1]]).await;
        assert_eq!((&known.headers, &known.body), (&plain.headers, &plain.body), "{path}");
        assert!(plain.header("vary").contains("Cookie, Authorization"), "{path}");
    }
}

#[tokio::test]
async fn the_audience_decides_and_rows_are_for_administrators() {
    let of = |id: &str, audience: Vec<OrganisationKind>, row_access| Layer {
        id: id.to_owned(),
        audience,
        row_access,
        ..nests()
    };
    let layers = [
        places(),
        of("for_default", vec![], None),
        of("for_owners", vec![OrganisationKind::Owner], None),
        of("for_both", vec![OrganisationKind::Owner, OrganisationKind::Prefecture], None),
        of("for_others", vec![OrganisationKind::RoadContractor], None),
        of("rows", vec![], Some(RowAccess::Organisation)),
        of("rows_of_owners", vec![OrganisationKind::Owner], Some(RowAccess::Area)),
    ];
    let office = Office::of(&layers, Trust::default());
    for (login, expected) in [
        ("vera", vec!["for_both", "for_default", "places"]),
        ("otto", vec!["for_both", "for_owners", "places"]),
        ("ada", vec!["for_both", "for_default", "places", "rows"]),
        ("olga", vec!["for_both", "for_owners", "places", "rows_of_owners"]),
    ] {
        let cookie = office.cookie(login).await;
        let catalogue = office.get("/catalog.json", &[&cookie]).await.json();
        let ids: Vec<&str> = catalogue["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|l| l["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, expected, "{login}");
        for layer in &layers {
            let tile = office.get(&format!("/tiles/{}/4/14/6", layer.id), &[&cookie]).await;
            let may = expected.contains(&layer.id.as_str());
            assert_eq!(tile.status, if may { 200 } else { 404 }, "{login} {}", layer.id);
            if may && layer.access == Access::Restricted {
                assert_eq!(tile.header("cache-control"), "no-store");
                assert_eq!(tile.header("jomo-mode"), "fictional");
            }
        }
    }
}

/// Nothing is kept between requests: who loses a right loses it at once.
#[tokio::test]
async fn rights_end_at_once() {
    let office = Office::new();
    let cookie = office.cookie("vera").await;
    let key = office.key("eda", None);
    let bearer = format!("authorization: Bearer {key}");
    let tile = "/tiles/nests/4/14/6";
    assert_eq!(office.get(tile, &[&cookie]).await.status, 200);
    assert_eq!(office.get(tile, &[&bearer]).await.status, 200);
    let mut register = office.open();
    let grant = register.grants(Some(office.person("vera"))).unwrap().remove(0).id;
    register.revoke_grant(grant, OPERATOR, at(PUBLISHED)).unwrap();
    assert_eq!(office.get(tile, &[&cookie]).await.status, 404);
    let session = office.get("/api/v1/session", &[&cookie]).await.json();
    assert_eq!((&session["signed_in"], &session["grants"]), (&true.into(), &serde_json::json!([])));
    register.revoke_key(key.split('_').nth(1).unwrap(), OPERATOR, at(PUBLISHED)).unwrap();
    assert_eq!(office.get(tile, &[&bearer]).await.status, 404);
    assert_eq!(office.get("/api/v1/jobs", &[&bearer]).await.status, 401);

    let cookie = office.cookie("ada").await;
    assert_eq!(office.get(tile, &[&cookie]).await.status, 200);
    register.disable(office.person("ada"), OPERATOR, at(PUBLISHED)).unwrap();
    assert_eq!(office.get(tile, &[&cookie]).await.status, 404);

    // A session ends after twelve hours, not a second before.
    let cookie = office.cookie("eda").await;
    office.server.set_now("2026-11-22T11:59:59Z");
    assert_eq!(office.get(tile, &[&cookie]).await.status, 200);
    office.server.set_now("2026-11-22T12:00:00Z");
    assert_eq!(office.get(tile, &[&cookie]).await.status, 404);
}

#[tokio::test]
async fn a_proxy_is_believed_by_its_address_alone() {
    let header = Some("x-login".parse().unwrap());
    let trust = Trust { proxies: vec!["192.0.2.9".parse().unwrap()], header };
    let office = Office::of(&[places(), nests()], trust);
    let ask = async |headers: &[&str]| {
        let request = crate::office::request("GET", "/tiles/nests/4/14/6", headers, "".into());
        office.server.send(request).await.status.as_u16()
    };
    assert_eq!(ask(&["peer: 192.0.2.9", "x-login: vera"]).await, 200);
    assert_eq!(ask(&["peer: 192.0.2.8", "x-login: vera"]).await, 404);
    assert_eq!(ask(&["peer: 192.0.2.9", "x-login: otto"]).await, 404);
    assert_eq!(ask(&["peer: 192.0.2.9", "x-login: nobody"]).await, 404);
    assert_eq!(ask(&["peer: 192.0.2.9"]).await, 404);
    assert_eq!(ask(&["peer: 192.0.2.9", "x-login: vera", "x-login: ada"]).await, 400);
    let key = format!("authorization: Bearer {}", office.key("vera", None));
    assert_eq!(ask(&["peer: 192.0.2.9", "x-login: vera", &key]).await, 400);
    assert_eq!(ask(&["peer: 192.0.2.8", "x-login: vera", &key]).await, 200);
}

/// A host that faces the internet has the public root and no register.
#[tokio::test]
async fn without_a_register_nobody_signs_in() {
    let office = Office::new();
    let cookie = office.cookie("ada").await;
    let server = Server::new(&office.shop);
    let session = server.get("/api/v1/session", &[&cookie]).await;
    assert_eq!(session.json(), serde_json::json!({ "enabled": false, "signed_in": false }));
    for path in ["/tiles/nests.json", "/tiles/nests/4/14/6"] {
        assert_eq!(server.get(path, &[&cookie]).await.status, 404, "{path}");
    }
    let catalogue = server.get("/catalog.json", &[&cookie]).await;
    assert_eq!(catalogue.json()["layers"].as_array().unwrap().len(), 1);
    assert!(!catalogue.header("vary").contains("Cookie"));
    for path in ["/login", "/logout", "/api/v1/jobs", "/api/v1/files?name=a"] {
        let request = crate::office::request("POST", path, &[HOST, ORIGIN, JSON], "{}".into());
        assert_eq!(server.send(request).await.status, 404, "{path}");
    }
    // It does not even look: a damaged restricted root is no fault of it.
    std::fs::write(office.shop.path().join("restricted/current"), "nonsense").unwrap();
    let server = Server::new(&office.shop);
    assert_eq!(server.get("/health/ready", &[]).await.status, 200);
    std::fs::remove_dir_all(office.shop.path().join("restricted")).unwrap();
    let server = Server::new(&office.shop);
    assert_eq!(server.get("/tiles/places/4/14/6", &[]).await.status, 200);
}

/// With the register overrun, people wait and the public does not notice.
#[tokio::test]
async fn a_busy_register_keeps_nobody_else_out() {
    let office = Office::new();
    let cookie = office.cookie("vera").await;
    let people = Arc::clone(office.server.app.people().unwrap());
    let (started, running) = tokio::sync::oneshot::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let (busy, mut waiting) = (Arc::clone(&people), vec![]);
    waiting.push(tokio::spawn(async move {
        let work = busy.clerk.call(move |_| {
            let _ = started.send(());
            let _ = ended.recv();
            Ok(())
        });
        let _ = work.await;
    }));
    running.await.unwrap();
    for _ in 0..300 {
        let people = Arc::clone(&people);
        waiting.push(tokio::spawn(async move {
            let _ = people.clerk.call(|_| Ok(())).await;
        }));
        tokio::task::yield_now().await;
    }
    for path in ["/tiles/nests/4/14/6", "/catalog.json", "/api/v1/session", "/api/v1/jobs"] {
        let answer = office.get(path, &[&cookie]).await;
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!(answer.json()["code"], "busy", "{path}");
        assert_eq!(answer.header("retry-after"), "1", "{path}");
    }
    for path in ["/tiles/places/4/14/6", "/tiles/places.json", "/status.json", "/health/ready"] {
        assert_eq!(office.get(path, &[&cookie]).await.status, 200, "{path}");
    }
    for path in ["/catalog.json", "/tiles/nests/4/14/6"] {
        assert_ne!(office.get(path, &[]).await.status, 503, "{path}");
    }
    // Signing in has a thread of its own.
    assert_eq!(office.sign_in("eda", PASSWORD).await.status, 200);
    end.send(()).unwrap();
    for call in waiting {
        call.await.unwrap();
    }
    assert_eq!(office.get("/tiles/nests/4/14/6", &[&cookie]).await.status, 200);
}
