//! Signing in and out over HTTP.

use crate::fixture::PUBLISHED;
use crate::office::{HOST, JSON, ORIGIN, Office, PASSWORD};

const FORM: &str = "content-type: application/x-www-form-urlencoded";

#[tokio::test]
async fn somebody_signs_in_and_out() {
    let office = Office::new();
    let answer = office.sign_in("vera", PASSWORD).await;
    assert_eq!(answer.status, 200);
    let cookie = answer.header("set-cookie").to_owned();
    let (token, attributes) =
        cookie.strip_prefix("jomo_session=").unwrap().split_once("; ").unwrap();
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Path=/; Max-Age=43200");
    // 256 bits, in whatever alphabet.
    assert!(43 <= token.len(), "{token}");
    let document = answer.json();
    assert_eq!(document["enabled"], true);
    assert_eq!(document["signed_in"], true);
    assert_eq!(document["person"]["login"], "vera");
    assert_eq!(document["person"]["fictional"], true);
    // The register was opened without its key.
    assert!(document["person"]["name"].is_null());
    assert_eq!(document["expires"], "2026-11-22T12:00:00Z");
    let grants = serde_json::json!([
        { "role": "viewer", "organisation": "prefecture", "kind": "prefecture", "area": "all",
          "title": { "ja": "架空", "en": "X" } }
    ]);
    assert_eq!(document["grants"], grants);
    assert_eq!(answer.header("cache-control"), "no-store");

    let cookie = format!("cookie: a=b; jomo_session={token}");
    let session = office.get("/api/v1/session", &[&cookie]).await;
    assert_eq!(session.json(), document);
    let out = office.post("/logout", &[HOST, ORIGIN, &cookie], "").await;
    assert_eq!(out.status, 204);
    let cleared = "jomo_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0";
    assert_eq!(out.header("set-cookie"), cleared);
    let signed_out = serde_json::json!({ "enabled": true, "signed_in": false });
    assert_eq!(office.get("/api/v1/session", &[&cookie]).await.json(), signed_out);
    // The token is over, not only the cookie; signing out twice is no fault.
    let again = office.post("/logout", &[HOST, ORIGIN, &cookie], "").await;
    assert_eq!(again.status, 204);
}

#[tokio::test]
async fn a_form_signs_in_without_script() {
    let office = Office::new();
    let body = "login=vera&password=correct+horse+battery";
    let answer = office.post("/login", &[HOST, ORIGIN, FORM], body).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "./"));
    assert!(answer.header("set-cookie").starts_with("jomo_session="));
    let wrong = "login=vera&password=wrong";
    let answer = office.post("/login", &[HOST, ORIGIN, FORM, "accept-language: en"], wrong).await;
    assert_eq!(answer.status, 401);
    assert!(answer.header("content-type").starts_with("text/html"));
    assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(answer.header("set-cookie"), "");
    let page = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(page.contains("Login or password is wrong") && page.contains("./"), "{page}");
    let out = office.post("/logout", &[HOST, FORM], "").await;
    assert_eq!((out.status.as_u16(), out.header("location")), (303, "./"));
}

/// What is wrong with a sign-in is told; whether the login exists is not.
#[tokio::test]
async fn a_refused_sign_in_tells_nothing() {
    let office = Office::new();
    let wrong = office.sign_in("vera", "wrong password").await;
    let unknown = office.sign_in("nobody", "wrong password").await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.json()["code"].as_str()),
        (401, Some("sign-in-refused"))
    );
    assert_eq!((&wrong.headers, &wrong.body), (&unknown.headers, &unknown.body));
    assert!(!wrong.headers.contains_key("set-cookie"));
    let good = serde_json::json!({ "login": "vera", "password": PASSWORD }).to_string();
    let long = format!("{{\"login\":\"vera\",\"password\":\"{}\"}}", "x".repeat(5000));
    for (headers, body, status, code) in [
        (vec![HOST, ORIGIN], good.as_str(), 415, "content-type-refused"),
        (vec![HOST, ORIGIN, "content-type: text/plain"], &good, 415, "content-type-refused"),
        (vec![HOST, ORIGIN, JSON], "{}", 400, "body-malformed"),
        (vec![HOST, ORIGIN, JSON], "{\"login\":1,\"password\":2}", 400, "body-malformed"),
        (vec![HOST, ORIGIN, JSON], "", 400, "body-malformed"),
        (vec![HOST, ORIGIN, FORM], "login=a&login=b&password=c", 400, ""),
        (vec![HOST, ORIGIN, JSON], &long, 413, "body-too-large"),
        (vec![HOST, JSON], &good, 403, "origin-refused"),
        (vec![ORIGIN, JSON], &good, 403, "origin-refused"),
        (vec![HOST, "origin: null", JSON], &good, 403, "origin-refused"),
        (vec![HOST, "origin: http://evil.example", JSON], &good, 403, "origin-refused"),
    ] {
        let answer = office.post("/login", &headers, body.to_owned()).await;
        assert_eq!(answer.status, status, "{headers:?} {body}");
        assert!(!answer.headers.contains_key("set-cookie"), "{headers:?} {body}");
        if !code.is_empty() {
            assert_eq!(answer.json()["code"], code, "{headers:?} {body}");
        }
    }
    let query = office.post("/login?login=vera", &[HOST, ORIGIN, JSON], good).await;
    assert_eq!(query.status, 400);
}

/// A new session ends the one that the browser had.
#[tokio::test]
async fn a_browser_holds_one_session() {
    let office = Office::new();
    let before = office.cookie("vera").await;
    let body = serde_json::json!({ "login": "eda", "password": PASSWORD }).to_string();
    let answer = office.post("/login", &[HOST, ORIGIN, JSON, &before], body).await;
    assert_eq!(answer.status, 200);
    let session = office.get("/api/v1/session", &[&before]).await;
    assert_eq!(session.json()["signed_in"], false);
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let office = Office::new();
    for _ in 0..10 {
        assert_eq!(office.sign_in("vera", "wrong password").await.status, 401);
    }
    // The login: refused even with the right password, until the time has passed.
    let refused = office.sign_in("vera", PASSWORD).await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()["code"].as_str()),
        (429, Some("too-many-tries"))
    );
    let wait: i64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    assert_eq!(office.sign_in("eda", PASSWORD).await.status, 200);

    // The address: many logins, a few tries each.
    for n in 0..20 {
        assert_eq!(office.sign_in(&format!("n{n}"), "wrong password").await.status, 401);
    }
    assert_eq!(office.sign_in("eda", PASSWORD).await.status, 429);
    let body = serde_json::json!({ "login": "eda", "password": PASSWORD }).to_string();
    let elsewhere = ["peer: 192.0.2.77", HOST, ORIGIN, JSON];
    assert_eq!(office.post("/login", &elsewhere, body).await.status, 200);
    office.server.set_now("2026-11-22T00:15:01Z");
    assert_eq!(office.sign_in("eda", PASSWORD).await.status, 200);
    assert_eq!(office.sign_in("vera", PASSWORD).await.status, 200);
    office.server.set_now(PUBLISHED);
}

/// What a browser sends by itself changes nothing unless a page of ours sent it.
#[tokio::test]
async fn pages_of_others_change_nothing() {
    let office = Office::new();
    let cookie = office.cookie("eda").await;
    let job = office.job("eda").id;
    let words = r#"{"words":["import","upload:D/a.csv","--layer","a"]}"#;
    let words = words.replace('D', &"0".repeat(64));
    let paths = [
        "/logout".to_owned(),
        "/api/v1/jobs".to_owned(),
        "/api/v1/files?name=a".to_owned(),
        format!("/api/v1/jobs/{job}/cancel"),
    ];
    for origin in
        ["", "origin: http://evil.example", "origin: null", "origin: http://map.example.evil"]
    {
        for path in &paths {
            let mut headers = vec![HOST, JSON, cookie.as_str()];
            headers.extend((!origin.is_empty()).then_some(origin));
            let answer = office.post(path, &headers, words.clone()).await;
            assert_eq!(answer.status, 403, "{path} {origin}");
            assert_eq!(answer.json()["code"], "origin-refused", "{path} {origin}");
        }
    }
    assert_eq!(office.open().jobs(&jomo_register::JobFilter::default()).unwrap().len(), 1);
    assert_eq!(office.get("/api/v1/session", &[&cookie]).await.json()["signed_in"], true);
    // A key is not sent by itself.
    let key = format!("authorization: Bearer {}", office.key("eda", None));
    assert_eq!(office.post("/api/v1/jobs", &[HOST, JSON, &key], words).await.status, 201);
    // Other pages may not even ask whether they may.
    let ask = office.server.request("OPTIONS", "/api/v1/jobs", &["origin: http://evil"]).await;
    assert_eq!(ask.status, 204);
    assert_eq!(ask.header("access-control-allow-origin"), "");
    assert_eq!(ask.header("access-control-allow-methods"), "");
}

#[tokio::test]
async fn hostile_headers_are_nobody() {
    let office = Office::new();
    let cookie = office.cookie("vera").await;
    let bytes = |value: Vec<u8>| axum::http::HeaderValue::from_bytes(&value).unwrap();
    let huge = [b"jomo_session=".to_vec(), vec![b'0'; 30 << 10]].concat();
    for (name, value) in [
        ("cookie", huge),
        ("cookie", b"jomo_session=\xff\xfe\x80".to_vec()),
        ("cookie", b"jomo_session=' OR 1=1 --".to_vec()),
        ("authorization", b"Bearer ".to_vec()),
        ("authorization", b"Bearer jomo__".to_vec()),
        ("authorization", b"Bearer \xe7\xbe\xa4".to_vec()),
        ("authorization", [b"Bearer jomo_".to_vec(), vec![b'_'; 30 << 10]].concat()),
        ("x-login", b"ada".to_vec()),
    ] {
        let mut request =
            crate::office::request("GET", "/tiles/nests/4/14/6", &[], axum::body::Body::empty());
        request.headers_mut().insert(name, bytes(value.clone()));
        let answer = office.server.send(request).await;
        assert_eq!(answer.status, 404, "{name} {:?}", String::from_utf8_lossy(&value));
        assert_eq!(answer.json()["code"], "layer-unknown");
    }
    let token = cookie.strip_prefix("cookie: ").unwrap();
    let twice = format!("cookie: {token}; {token}");
    let both = format!("authorization: Bearer {}", office.key("vera", None));
    for headers in [vec![twice.as_str()], vec![&cookie, &both], vec![&cookie, &cookie]] {
        let answer = office.get("/tiles/nests/4/14/6", &headers).await;
        assert_eq!(answer.status, 400, "{headers:?}");
        assert_eq!(answer.json()["code"], "identity-ambiguous");
    }
}
