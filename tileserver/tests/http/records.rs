//! Records over HTTP: two editors lose nothing, and everybody sees what is for them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jomo_register::{MasterKey, OPERATOR, PasswordCost, Register, Role, Uuid};
use serde_json::{Value, json};

use crate::fixture::{Answer, PUBLISHED, at};
use crate::office::{HOST, JSON, ORIGIN, Office, request};

const NOTES: &str = "/api/v1/register/note";

/// Somebody with a session, at a page of this server.
struct Desk<'o> {
    office: &'o Office,
    cookie: String,
}

impl<'o> Desk<'o> {
    async fn of(office: &'o Office, login: &str) -> Self {
        Self { office, cookie: office.cookie(login).await }
    }

    async fn send(&self, method: &str, path: &str, more: &[&str], body: Option<Value>) -> Answer {
        let mut headers = vec![HOST, ORIGIN, self.cookie.as_str()];
        headers.extend(body.is_some().then_some(JSON));
        headers.extend(more);
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.office.send(method, path, &headers, body).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    async fn create(&self, content: Value) -> Answer {
        let mut new = json!({ "organisation": "prefecture" });
        new["content"] = content;
        self.send("POST", NOTES, &[], Some(new)).await
    }

    async fn put(&self, path: &str, tag: &str, content: Value) -> Answer {
        let (tag, mut change) = (format!("if-match: {tag}"), json!({}));
        change["content"] = content;
        self.send("PUT", path, &[&tag], Some(change)).await
    }

    async fn delete(&self, path: &str, tag: &str) -> Answer {
        self.send("DELETE", path, &[&format!("if-match: {tag}")], None).await
    }
}

fn problem(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), "application/problem+json");
    (answer.status.as_u16(), answer.json()["code"].as_str().unwrap().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_record_is_made_read_changed_and_withdrawn() {
    let office = Office::new();
    let eda = Desk::of(&office, "eda").await;
    let made = eda.create(json!({ "text": "倒木", "height_m": 3 })).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let document = made.json();
    let path = made.header("location").to_owned();
    assert_eq!(path, format!("{NOTES}/{}", document["id"].as_str().unwrap()));
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!(
        document,
        json!({
            "id": document["id"], "kind": "note", "revision": 1, "deleted": false,
            "content": { "text": "倒木", "height_m": 3 }, "organisation": "prefecture",
            "municipality": null, "updated": PUBLISHED, "by": "eda",
        })
    );
    let read = eda.get(&path).await;
    assert_eq!((read.status.as_u16(), read.header("etag"), read.json()), (200, "\"1\"", document));
    assert_eq!(read.header("cache-control"), "no-store");
    let head = eda.send("HEAD", &path, &[], None).await;
    assert_eq!((head.status.as_u16(), head.header("etag")), (200, "\"1\""));

    let emil = Desk::of(&office, "emil").await;
    let changed = emil.put(&path, "\"1\"", json!({ "text": "片付け済み" })).await;
    assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "\"2\""));
    assert_eq!(changed.json()["by"], "emil");
    let withdrawn = eda.delete(&path, "\"2\"").await;
    assert_eq!((withdrawn.status.as_u16(), withdrawn.header("etag")), (200, "\"3\""));
    assert_eq!(withdrawn.json()["deleted"], true);
    assert_eq!(eda.get(&path).await.json(), withdrawn.json());
    assert_eq!(eda.get(NOTES).await.json(), json!({ "records": [], "next": null }));

    let history = eda.get(&format!("{path}/history")).await.json();
    let told = |name: &str| -> Vec<Value> {
        history["edits"].as_array().unwrap().iter().map(|edit| edit[name].clone()).collect()
    };
    assert_eq!(told("act"), ["create", "update", "delete"]);
    assert_eq!(told("by"), ["eda", "emil", "eda"]);
    assert_eq!(told("revision"), [1, 2, 3]);
    assert_eq!(told("content")[1], json!({ "text": "片付け済み" }));
    assert_eq!(history["next"], Value::Null);
    // The hashes are those of the chain.
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    for (edit, hash) in office.open().history(id).unwrap().iter().zip(told("hash")) {
        let hex = edit.hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        assert_eq!(hash, hex);
    }
    let second = eda.get(&format!("{path}/history?limit=1")).await.json();
    let next = second["next"].as_u64().unwrap();
    let rest = eda.get(&format!("{path}/history?after={next}&limit=1000")).await.json();
    assert_eq!(rest["edits"].as_array().unwrap()[..], history["edits"].as_array().unwrap()[1..]);
}

/// The acceptance line: both read, one writes, the other is told all versions and nothing is lost.
#[tokio::test]
async fn the_second_of_two_editors_gets_both_versions() {
    let office = Office::new();
    let (eda, emil) = (Desk::of(&office, "eda").await, Desk::of(&office, "emil").await);
    let first = json!({ "text": "落石", "lane": "left", "count": 1 });
    let path = eda.create(first.clone()).await.header("location").to_owned();
    let (seen_by_eda, seen_by_emil) = (eda.get(&path).await, emil.get(&path).await);
    assert_eq!(seen_by_eda.json(), seen_by_emil.json());

    let of_eda = json!({ "text": "落石", "lane": "right", "count": 2 });
    let won = eda.put(&path, seen_by_eda.header("etag"), of_eda.clone()).await;
    assert_eq!(won.status, 200);
    let of_emil = json!({ "text": "落石", "lane": "left", "count": 3, "photo": "a.jpg" });
    let lost = emil.put(&path, seen_by_emil.header("etag"), of_emil.clone()).await;
    assert_eq!(problem(&lost), refused(412, "record-changed"));
    assert_eq!(lost.header("cache-control"), "no-store");
    let document = lost.json();
    assert_eq!((&document["expected"], &document["found"]), (&json!(1), &json!(2)));
    assert_eq!(document["base"], json!({ "revision": 1, "content": first }));
    assert_eq!(document["yours"], json!({ "revision": 1, "content": of_emil }));
    assert_eq!(document["theirs"], won.json());
    assert_eq!(
        document["fields"],
        json!([
            { "name": "count", "changed": "both", "base": 1, "yours": 3, "theirs": 2 },
            { "name": "lane", "changed": "theirs", "base": "left", "yours": "left",
              "theirs": "right" },
            { "name": "photo", "changed": "yours", "yours": "a.jpg" },
        ])
    );
    for (language, title) in
        [("ja", "ほかの人が先に変更しました"), ("en", "Somebody else has changed it")]
    {
        let language = format!("accept-language: {language}");
        let headers = ["if-match: \"1\"", language.as_str()];
        let told = emil.send("PUT", &path, &headers, Some(json!({ "content": {} }))).await;
        assert_eq!(told.json()["title"], title);
        assert!(told.json()["detail"].as_str().unwrap().contains('2'));
    }
    // Nothing was written, and the merge goes through on what stands.
    assert_eq!(emil.get(&path).await.json(), won.json());
    let merged = json!({ "text": "落石", "lane": "right", "count": 3, "photo": "a.jpg" });
    let tag = format!("\"{}\"", document["found"]);
    let again = emil.put(&path, &tag, merged.clone()).await;
    assert_eq!((again.status.as_u16(), again.header("etag")), (200, "\"3\""));
    assert_eq!(eda.get(&path).await.json()["content"], merged);
    let history = eda.get(&format!("{path}/history")).await.json();
    assert_eq!(history["edits"][1]["content"], of_eda);

    // A withdrawal on an old version is no better, and nothing is written over a withdrawn record.
    let lost = eda.delete(&path, "\"2\"").await;
    assert_eq!(problem(&lost), refused(412, "record-changed"));
    assert_eq!((&lost.json()["yours"], &lost.json()["theirs"]), (&Value::Null, &again.json()));
    assert_eq!(eda.delete(&path, "\"3\"").await.status, 200);
    for tag in ["\"3\"", "\"4\""] {
        let lost = emil.put(&path, tag, json!({})).await;
        assert_eq!(problem(&lost), refused(412, "record-withdrawn"));
        assert_eq!(lost.json()["theirs"]["deleted"], true);
    }
    // A version that never was has no base.
    let lost = emil.put(&path, "\"18446744073709551615\"", json!({})).await;
    assert_eq!((lost.status.as_u16(), &lost.json()["base"]), (412, &Value::Null));
    office.open().verify_chain().unwrap();
}

/// Of contents with more members than anybody looks through, each version is sent once: without
/// its comparison the answer stays below four times the largest content.
#[tokio::test]
async fn a_refusal_of_large_contents_is_bounded() {
    const MEMBERS: usize = 80_000;
    let office = Office::new();
    let (eda, emil) = (Desk::of(&office, "eda").await, Desk::of(&office, "emil").await);
    let content = |value: usize| -> Value {
        let members = (0..MEMBERS).map(|n| (format!("{n:05}"), json!(value)));
        Value::Object(members.collect())
    };
    let path = eda.create(content(1)).await.header("location").to_owned();
    assert_eq!(eda.put(&path, "\"1\"", content(2)).await.status, 200);
    let lost = emil.put(&path, "\"1\"", content(3)).await;
    assert_eq!(problem(&lost), refused(412, "record-changed"));
    let document = lost.json();
    assert_eq!((&document["compared"], document.get("fields")), (&json!(false), None));
    for (version, value) in [("base", 1), ("yours", 3), ("theirs", 2)] {
        assert_eq!(document[version]["content"], content(value), "{version}");
    }
    assert!(lost.body.len() < 4 * content(1).to_string().len(), "{} bytes", lost.body.len());

    // Somebody who may not see it cannot tell by the time that it is there.
    let olga = Desk::of(&office, "olga").await;
    let unknown = path.replace(path.rsplit('/').next().unwrap(), &Uuid::nil().to_string());
    let mut times = [Duration::MAX; 3];
    for _ in 0..7 {
        for (desk, path, best) in [(&olga, &path, 0), (&olga, &unknown, 1), (&eda, &path, 2)] {
            let begun = Instant::now();
            let answer = desk.get(path).await;
            times[best] = times[best].min(begun.elapsed());
            assert_eq!(answer.status, if best == 2 { 200 } else { 404 });
        }
    }
    let [forbidden, unknown, read] = times;
    assert!(forbidden < read / 4, "{forbidden:?} forbidden, {unknown:?} unknown, {read:?} read");
}

/// Each of eight reads, adds one and writes until it has won: the sum is whole, and every version
/// has exactly one author.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writers_one_wins_each_version() {
    const WRITERS: u64 = 8;
    const EACH: u64 = 5;
    let office = Arc::new(Office::new());
    let path = {
        let eda = Desk::of(&office, "eda").await;
        eda.create(json!({ "sum": 0 })).await.header("location").to_owned()
    };
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let (office, path) = (Arc::clone(&office), path.clone());
        writers.push(tokio::spawn(async move {
            let login = if writer % 2 == 0 { "eda" } else { "emil" };
            let desk = Desk::of(&office, login).await;
            let (mut won, mut lost) = (Vec::new(), 0_u64);
            while (won.len() as u64) < EACH {
                let read = desk.get(&path).await;
                let sum = read.json()["content"]["sum"].as_u64().unwrap();
                let tag = read.header("etag").to_owned();
                tokio::task::yield_now().await;
                let answer = desk.put(&path, &tag, json!({ "sum": sum + 1 })).await;
                match answer.status.as_u16() {
                    200 => won.push(answer.json()["revision"].as_u64().unwrap()),
                    412 => lost += 1,
                    other => panic!("{other}: {:?}", answer.body),
                }
            }
            (won, lost)
        }));
    }
    let (mut versions, mut lost) = (Vec::new(), 0);
    for writer in writers {
        let (won, refusals) = writer.await.unwrap();
        versions.extend(won);
        lost += refusals;
    }
    versions.sort_unstable();
    assert_eq!(versions, (2..=1 + WRITERS * EACH).collect::<Vec<_>>());
    assert!(0 < lost, "the writers never met");
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let register = office.open();
    assert_eq!(
        register.read_record(id).unwrap().unwrap().content,
        json!({ "sum": WRITERS * EACH })
    );
    assert_eq!(register.history(id).unwrap().len() as u64, 1 + WRITERS * EACH);
    register.verify_chain().unwrap();
}

#[tokio::test]
async fn a_change_names_the_version_that_it_was_made_on() {
    let office = Office::new();
    let eda = Desk::of(&office, "eda").await;
    let path = eda.create(json!({})).await.header("location").to_owned();
    for method in ["PUT", "DELETE"] {
        let body = (method == "PUT").then(|| json!({ "content": { "a": 1 } }));
        for headers in [
            vec![],
            vec!["if-match: *"],
            vec!["if-match: 1"],
            vec!["if-match: W/\"1\""],
            vec!["if-match: \"1\", \"2\""],
            vec!["if-match: \"1\"", "if-match: \"1\""],
        ] {
            let answer = eda.send(method, &path, &headers, body.clone()).await;
            assert_eq!(problem(&answer), refused(428, "precondition-required"), "{headers:?}");
        }
    }
    assert_eq!(eda.get(&path).await.header("etag"), "\"1\"");
}

#[tokio::test]
async fn what_is_not_of_the_form_is_refused() {
    let office = Office::new();
    let eda = Desk::of(&office, "eda").await;
    let path = eda.create(json!({})).await.header("location").to_owned();
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    let deep = json!({ "organisation": "prefecture", "content": { "a": deep } }).to_string();
    let large = json!({ "organisation": "prefecture", "content": { "a": "x".repeat(1 << 20) } });
    let large = large.to_string();
    for (body, status, code) in [
        ("", 400, "body-malformed"),
        ("[", 400, "body-malformed"),
        ("[]", 400, "body-malformed"),
        (r#"{"organisation":"prefecture"}"#, 400, "body-malformed"),
        (r#"{"organisation":"prefecture","content":[1]}"#, 400, "body-malformed"),
        (r#"{"organisation":"prefecture","content":{},"revision":7}"#, 400, "body-malformed"),
        (r#"{"organisation":"prefecture","content":{"a":1e999}}"#, 400, "body-malformed"),
        (
            r#"{"organisation":"prefecture","content":{},"personal":{"n":1}}"#,
            422,
            "personal-not-kept",
        ),
        (r#"{"organisation":"prefecture","content":{},"municipality":"1"}"#, 422, "record-refused"),
        (deep.as_str(), 422, "record-refused"),
        (large.as_str(), 413, "body-too-large"),
        (r#"{"organisation":"owner","content":{}}"#, 403, "role-needed"),
        (r#"{"organisation":"nowhere","content":{}}"#, 403, "role-needed"),
    ] {
        let headers = [HOST, ORIGIN, JSON, eda.cookie.as_str()];
        let answer = office.post(NOTES, &headers, body.to_owned()).await;
        let shown: String = body.chars().take(70).collect();
        assert_eq!(problem(&answer), refused(status, code), "{shown}");
    }
    for body in ["", "{}", r#"{"content":{},"kind":"x"}"#, r#"{"content":{},"personal":[]}"#] {
        let headers = [HOST, ORIGIN, JSON, "if-match: \"1\"", eda.cookie.as_str()];
        let answer = office.send("PUT", &path, &headers, body.to_owned()).await;
        assert_eq!(problem(&answer), refused(400, "body-malformed"), "{body}");
    }
    let form = [HOST, ORIGIN, "if-match: \"1\"", eda.cookie.as_str()];
    assert_eq!(office.post(NOTES, &form, "{}".to_owned()).await.status, 415);
    assert_eq!(office.send("PUT", &path, &form, "{}".to_owned()).await.status, 415);
    assert_eq!(office.send("DELETE", &path, &form, "{}".to_owned()).await.status, 413);
    for query in ["?with=", "?with=all", "?limit=1", "?with=personal&with=personal"] {
        assert_eq!(problem(&eda.get(&format!("{path}{query}")).await).0, 400, "{query}");
    }
    for query in ["?limit=0", "?limit=1001", "?after=1", "?with=personal", "?limit=1&limit=2"] {
        assert_eq!(problem(&eda.get(&format!("{NOTES}{query}")).await).0, 400, "{query}");
        let new = Some(json!({ "organisation": "prefecture", "content": {} }));
        let answer = eda.send("POST", &format!("{NOTES}{query}"), &[], new).await;
        assert_eq!(problem(&answer).0, 400, "{query}");
    }
    let upper = path.to_uppercase().replace("/API/V1/REGISTER/NOTE", NOTES);
    for (address, code) in [
        ("/api/v1/register", "route-unknown"),
        ("/api/v1/register/", "route-unknown"),
        ("/api/v1/register/Note", "route-unknown"),
        ("/api/v1/register/note/", "record-unknown"),
        ("/api/v1/register/note/x", "record-unknown"),
        (upper.as_str(), "record-unknown"),
        (&format!("{path}/"), "route-unknown"),
        (&format!("{path}/history/1"), "route-unknown"),
    ] {
        assert_eq!(problem(&eda.get(address).await), refused(404, code), "{address}");
    }
    // Nothing of all that was kept.
    let listed = eda.get(NOTES).await.json();
    assert_eq!(listed["records"].as_array().unwrap().len(), 1);
    assert_eq!(office.open().verify_chain().unwrap().edits, listed_edits(&office));
}

/// The edits of the people, their rights and one record.
fn listed_edits(office: &Office) -> u64 {
    let register = office.open();
    let people = register.people().unwrap().len() as u64;
    // A person, a password and a grant each; the organisations; the record.
    people * 3 + register.organisations().unwrap().len() as u64 + 1
}

/// A page of others cannot use the cookie; a key is no cookie.
#[tokio::test]
async fn changes_come_from_pages_of_this_server() {
    let office = Office::new();
    let eda = Desk::of(&office, "eda").await;
    let path = eda.create(json!({})).await.header("location").to_owned();
    let key = format!("authorization: Bearer {}", office.key("eda", None));
    for (method, path, body) in [
        ("POST", NOTES, r#"{"organisation":"prefecture","content":{}}"#),
        ("PUT", &path, r#"{"content":{}}"#),
        ("DELETE", &path, ""),
    ] {
        for origin in [vec![], vec!["origin: http://evil.example"]] {
            let mut headers = vec![HOST, JSON, "if-match: \"1\"", eda.cookie.as_str()];
            headers.extend(origin);
            let answer = office.send(method, path, &headers, body.to_owned()).await;
            assert_eq!(problem(&answer), refused(403, "origin-refused"), "{method}");
        }
    }
    let headers = [HOST, JSON, "if-match: \"1\"", key.as_str()];
    let changed = office.send("PUT", &path, &headers, r#"{"content":{}}"#.to_owned()).await;
    assert_eq!(changed.status, 200);
    let options = office.send("OPTIONS", &path, &[HOST, "origin: http://evil.example"], "").await;
    assert_eq!(options.header("access-control-allow-methods"), "");
    assert_eq!(options.header("allow"), "DELETE, GET, HEAD, OPTIONS, PUT");
}

/// Grants decide by organisation and place who sees a record, and by role who changes it.
#[tokio::test]
async fn grants_decide_record_by_record() {
    let office = Office::new();
    let new = |municipality: Value| json!({ "organisation": "prefecture", "municipality": municipality, "content": {} });
    let eda = Desk::of(&office, "eda").await;
    let mut paths = Vec::new();
    for municipality in [json!("10201"), json!("10202"), Value::Null] {
        let made = eda.send("POST", NOTES, &[], Some(new(municipality))).await;
        paths.push(made.header("location").to_owned());
    }
    // Otto is of the owners; now he also edits for the prefecture in one town.
    office.allow("otto", Role::Editor, "prefecture", "10202,10203");
    let otto = Desk::of(&office, "otto").await;
    for (path, status) in paths.iter().zip([404, 200, 404]) {
        assert_eq!(otto.get(path).await.status, status);
        assert_eq!(otto.put(path, "\"1\"", json!({ "by": "otto" })).await.status, status);
        assert_eq!(otto.get(&format!("{path}/history")).await.status, status);
    }
    for (municipality, status) in [
        (json!("10201"), 403),
        (json!("10202"), 201),
        (json!("10203"), 201),
        (Value::Null, 403),
        (json!("x"), 403),
    ] {
        let made = otto.send("POST", NOTES, &[], Some(new(municipality))).await;
        assert_eq!(made.status, status);
    }
    let seen = |answer: &Answer| -> Vec<String> {
        let document = answer.json();
        let records = document["records"].as_array().unwrap();
        let place = |record: &Value| record["municipality"].as_str().unwrap_or("-").to_owned();
        // Records of one moment come in any order.
        let mut places: Vec<String> = records.iter().map(place).collect();
        places.sort();
        places
    };
    assert_eq!(seen(&otto.get(NOTES).await), ["10202", "10202", "10203"]);
    let vera = Desk::of(&office, "vera").await;
    assert_eq!(seen(&vera.get(NOTES).await), ["-", "10201", "10202", "10202", "10203"]);
    assert_eq!(seen(&vera.get("/api/v1/register/other").await), Vec::<String>::new());
    let olga = Desk::of(&office, "olga").await;
    assert_eq!(seen(&olga.get(NOTES).await), Vec::<String>::new());

    // In pages by the key of the last one.
    let (mut after, mut all) = (String::new(), Vec::new());
    loop {
        let page = vera.get(&format!("{NOTES}?limit=2{after}")).await;
        all.extend(seen(&page));
        let Some(next) = page.json()["next"].as_str().map(str::to_owned) else { break };
        after = format!("&after={next}");
    }
    all.sort();
    assert_eq!(all, ["-", "10201", "10202", "10202", "10203"]);

    // Who reads does not write, and is told so.
    assert_eq!(
        problem(&vera.put(&paths[0], "\"1\"", json!({})).await),
        refused(403, "role-needed")
    );
    assert_eq!(problem(&vera.delete(&paths[0], "\"1\"").await), refused(403, "role-needed"));
    // What is revoked is over at once.
    let mut register = office.open();
    for grant in register.grants(Some(office.person("otto"))).unwrap() {
        register.revoke_grant(grant.id, OPERATOR, at(PUBLISHED)).unwrap();
    }
    assert_eq!(otto.get(&paths[1]).await.status, 404);
    assert_eq!(seen(&otto.get(NOTES).await), Vec::<String>::new());
}

/// Personal values are for officers who ask for them, and for nobody by accident.
#[tokio::test]
async fn personal_values_never_appear_without_the_right() {
    const CANARY: &str = "Kanaria Hanako";
    let mut office = Office::new();
    let key = office.sealed();
    let (eda, ada) = (Desk::of(&office, "eda").await, Desk::of(&office, "ada").await);
    let new = json!({
        "organisation": "prefecture", "content": { "a": 1 }, "personal": { "reporter": CANARY },
    });
    let mut answers = vec![eda.send("POST", NOTES, &[], Some(new)).await];
    assert_eq!(answers[0].status, 201);
    let path = answers[0].header("location").to_owned();
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let personal = format!("{path}?with=personal");
    for desk in [&eda, &ada] {
        for path in [&path, NOTES, &format!("{path}/history")] {
            answers.push(desk.get(path).await);
        }
    }
    let denied = eda.get(&personal).await;
    assert_eq!(problem(&denied), refused(403, "role-needed"));
    answers.push(denied);
    let change = json!({ "content": { "a": 2 }, "personal": { "reporter": CANARY, "tel": 1 } });
    answers.push(eda.send("PUT", &path, &["if-match: \"1\""], Some(change.clone())).await);
    assert_eq!(answers.last().unwrap().status, 200);
    for desk in [&eda, &ada] {
        let late = desk.send("PUT", &path, &["if-match: \"1\""], Some(change.clone())).await;
        assert_eq!(late.status, 412);
        answers.push(late);
    }
    let holds_it = |answer: &Answer| String::from_utf8_lossy(&answer.body).contains(CANARY);
    for answer in &answers {
        assert!(!holds_it(answer), "{:?}", answer.body);
        assert!(!String::from_utf8_lossy(&answer.body).contains("\"personal\""));
    }
    let open = || {
        let key = MasterKey::read(&key).unwrap();
        Register::open_with(&office.register, Some(key), PasswordCost::CHEAPEST).unwrap()
    };
    assert!(open().readings(id).unwrap().is_empty(), "a refused reading is logged as one");
    let shown = ada.get(&personal).await;
    assert_eq!(shown.json()["personal"], json!({ "reporter": CANARY, "tel": 1 }));
    assert_eq!(shown.header("cache-control"), "no-store");
    let readings = open().readings(id).unwrap();
    assert_eq!(readings.len(), 1);
    assert_eq!(readings[0].reader, office.person("ada"));

    // A change without them leaves them as they are; a withdrawn record shows them to nobody.
    assert_eq!(ada.put(&path, "\"2\"", json!({ "a": 3 })).await.status, 200);
    assert_eq!(ada.get(&personal).await.json()["personal"]["tel"], 1);
    assert!(!holds_it(&ada.delete(&path, "\"3\"").await));
    let gone = ada.get(&personal).await;
    assert_eq!((gone.status.as_u16(), &gone.json()["personal"]), (200, &Value::Null));
    assert_eq!(open().readings(id).unwrap().len(), 2);
}

/// Without a register there are no records to ask for.
#[tokio::test]
async fn without_a_register_there_are_no_records() {
    let office = Office::new();
    let server = crate::fixture::Server::new(&office.shop);
    let id = office.note("prefecture").id;
    for path in [NOTES.to_owned(), format!("{NOTES}/{id}"), format!("{NOTES}/{id}/history")] {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let answer = server.send(request(method, &path, &[HOST, ORIGIN], "".into())).await;
            assert!([404, 405].contains(&answer.status.as_u16()), "{method} {path}");
        }
    }
}
