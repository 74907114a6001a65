//! Jobs over HTTP, and their progress as a stream over a real socket.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use jomo_core::layer::Text;
use jomo_register::{
    JobProgress, OPERATOR, Organisation, OrganisationKind, Outcome, Role, Uuid, WAITING_EACH,
};
use jomo_server::app::PeopleLimits;
use jomo_server::events::STREAMS_EACH;
use jomo_server::listen::Limits;

use crate::fixture::{PUBLISHED, at};
use crate::office::{HOST, JSON, ORIGIN, Office};
use crate::socket::{Listening, Stream, Told};

const WORKER: &str = "worker";

/// The test looks more often than people do.
fn quick() -> PeopleLimits {
    PeopleLimits {
        poll: Duration::from_millis(20),
        keep_alive: Duration::from_millis(200),
        ..PeopleLimits::default()
    }
}

fn words(line: &str) -> String {
    let line = line.replace("D/", &format!("{}/", "0".repeat(64)));
    serde_json::json!({ "words": line.split(' ').collect::<Vec<_>>() }).to_string()
}

#[tokio::test]
async fn a_job_is_queued_listed_read_and_cancelled() {
    let office = Office::new();
    let cookie = office.cookie("eda").await;
    let headers = [HOST, ORIGIN, JSON, cookie.as_str()];
    let line = "import upload:D/a.geojson --layer trees";
    let queued = office.post("/api/v1/jobs", &headers, words(line)).await;
    assert_eq!(queued.status, 201, "{:?}", queued.body);
    let document = queued.json();
    let id = document["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/jobs/{id}");
    assert_eq!(queued.header("location"), path);
    let keys: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "attempts",
            "by",
            "cancel_requested",
            "created",
            "finished",
            "id",
            "kind",
            "message",
            "progress",
            "started",
            "state",
            "words",
        ]
    );
    assert_eq!((&document["kind"], &document["state"]), (&"import".into(), &"queued".into()));
    assert_eq!((&document["by"], &document["created"]), (&"eda".into(), &PUBLISHED.into()));
    assert_eq!(document["words"][3], "trees");
    assert_eq!(office.get(&path, &headers).await.json(), document);

    let other = office.job("emil").id.to_string();
    let listed = async |who: &str, query: &str| {
        let cookie = office.cookie(who).await;
        let answer = office.get(&format!("/api/v1/jobs{query}"), &[&cookie]).await;
        assert_eq!(answer.status, 200, "{query}");
        let json = answer.json();
        let jobs = json["jobs"].as_array().unwrap();
        let mut ids: Vec<String> =
            jobs.iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    let mut both = vec![id.clone(), other];
    both.sort();
    assert_eq!(listed("eda", "").await, std::slice::from_ref(&id));
    assert_eq!(listed("vera", "").await, Vec::<String>::new());
    assert_eq!(listed("ada", "").await, both);
    assert_eq!(listed("eda", "?state=queued").await, std::slice::from_ref(&id));
    assert_eq!(listed("eda", "?state=running").await, Vec::<String>::new());
    for query in ["?state=asleep", "?state=", "?by=emil", "?state=queued&state=done"] {
        let answer = office.get(&format!("/api/v1/jobs{query}"), &headers).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].as_str()),
            (400, Some("query-unknown"))
        );
    }

    for _ in 0..2 {
        let cancelled = office.post(&format!("{path}/cancel"), &headers, "").await;
        assert_eq!(cancelled.status, 202);
        assert_eq!(cancelled.json()["state"], "cancelled");
    }
    for malformed in ["x", "00000000-0000-7000-8000-00000000000", "../session", &id.to_uppercase()]
    {
        let answer = office.get(&format!("/api/v1/jobs/{malformed}"), &headers).await;
        assert_eq!(answer.status, 404, "{malformed}");
    }
}

#[tokio::test]
async fn what_may_not_run_is_not_queued() {
    let office = Office::new();
    let cookie = office.cookie("eda").await;
    let headers = [HOST, ORIGIN, JSON, cookie.as_str()];
    for line in [
        "register erase eda",
        "work",
        "import /etc/passwd --layer a",
        "import upload:D/../../etc/passwd --layer a",
        "import upload:D/a.csv --layer a --store elsewhere",
        "import upload:D/a.csv --register other.sqlite",
        "import upload:D/a.csv --out folder",
        "import --region /etc/region.toml upload:D/a.csv",
    ] {
        let answer = office.post("/api/v1/jobs", &headers, words(line)).await;
        assert_eq!(answer.status, 422, "{line}");
        assert_eq!(answer.json()["code"], "job-refused", "{line}");
    }
    // What could not run is refused now, not by the worker in an hour.
    for (line, code, detail) in [
        ("import upload:D/a.csv", "job-incomplete", "--layer is missing."),
        ("import upload:D/a.csv --layer A", "job-value", "--layer cannot be “A”."),
        ("import upload:D/a.csv --layer a --crs x", "job-value", "--crs cannot be “x”."),
        (
            "import upload:D/a.csv --layer a --force --force",
            "job-repeated",
            "--force may stand only once.",
        ),
    ] {
        let english = [HOST, ORIGIN, JSON, cookie.as_str(), "accept-language: en"];
        let answer = office.post("/api/v1/jobs", &english, words(line)).await;
        assert_eq!(answer.status, 422, "{line}");
        assert_eq!(
            (&answer.json()["code"], &answer.json()["detail"]),
            (&code.into(), &detail.into())
        );
    }
    let long = words(&format!("import {}", "x".repeat(70_000)));
    for (body, status) in [
        ("{\"words\":[]}", 422),
        ("{\"words\":[\"import\\u0000\"]}", 422),
        ("{\"words\":\"import\"}", 400),
        ("{\"words\":[\"work\"],\"state\":\"done\"}", 400),
        ("[", 400),
        (&long, 413),
    ] {
        let answer = office.post("/api/v1/jobs", &headers, body.to_owned()).await;
        assert_eq!(answer.status, status, "{}", body.chars().take(60).collect::<String>());
    }
    let plain = [HOST, ORIGIN, cookie.as_str()];
    assert_eq!(office.post("/api/v1/jobs", &plain, words("import a")).await.status, 415);
    assert!(office.open().jobs(&jomo_register::JobFilter::default()).unwrap().is_empty());
}

/// Twenty jobs of one desk wait, the next is asked to come back; others go on.
#[tokio::test]
async fn waiting_jobs_have_an_end() {
    let office = Office::new();
    let cookie = office.cookie("eda").await;
    let headers = [HOST, ORIGIN, JSON, cookie.as_str()];
    let line = "import upload:D/a.geojson --layer trees";
    let mut last = String::new();
    for _ in 0..WAITING_EACH {
        let answer = office.post("/api/v1/jobs", &headers, words(line)).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        last = answer.json()["id"].as_str().unwrap().to_owned();
    }
    for _ in 0..2 {
        let answer = office.post("/api/v1/jobs", &headers, words(line)).await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.header("retry-after"), "60");
        let problem = answer.json();
        assert_eq!(problem["code"], "job-quota");
        let detail = "1人が入れられるのは 20 件までです。入れて取り消したものも1時間は数えます。";
        assert_eq!(problem["detail"], detail);
        // A job that was cancelled before it began makes no room.
        let path = format!("/api/v1/jobs/{last}/cancel");
        assert_eq!(office.post(&path, &headers, "").await.status, 202);
    }
    let jobs = office.open().jobs(&jomo_register::JobFilter::default()).unwrap();
    assert_eq!(jobs.len(), WAITING_EACH as usize);
    let other = office.cookie("ada").await;
    let headers = [HOST, ORIGIN, JSON, other.as_str()];
    assert_eq!(office.post("/api/v1/jobs", &headers, words(line)).await.status, 201);
}

/// The message of a failed job, stored by a worker of any language, is told in the language of
/// whoever reads it: read, listed, cancelled and in the stream.
#[test]
fn a_failed_job_is_told_in_the_readers_language() {
    let mut office = Office::new();
    office.limited(quick());
    let cookie = cookie_of(&office, "eda");
    let job = office.job("eda").id;
    claim(&office);
    let stored = jomo_words::failed_json(
        jomo_words::Language::Ja,
        &jomo_register::RegisterError::UploadMissing { name: "木.zip".to_owned() },
    );
    office.open().finish(job, WORKER, Outcome::Failed(stored), at(PUBLISHED)).unwrap();
    let server = Listening::new(&office.server, Limits::default(), "127.0.0.1:0");
    let path = format!("/api/v1/jobs/{job}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (language, title) in
        [("ja", "アップロードしたファイルがありません"), ("en", "The uploaded file is not there")]
    {
        let accept = format!("accept-language: {language}");
        let headers = [HOST, cookie.as_str(), accept.as_str()];
        let read = runtime.block_on(office.get(&path, &headers));
        assert_eq!(read.header("content-language"), language);
        let listed = runtime.block_on(office.get("/api/v1/jobs", &headers));
        let mut stream = Stream::open(&server, &format!("{path}/events"), &[&cookie, &accept]);
        let Told::Event(_, told) = stream.next() else { unreachable!() };
        for document in [&read.json(), &listed.json()["jobs"][0], &told] {
            let error = &document["message"]["errors"][0];
            assert_eq!(
                (&error["code"], &error["title"]),
                (&"job-upload-missing".into(), &title.into())
            );
            assert_eq!(error["arguments"]["name"], "木.zip");
            assert!(error["detail"].as_str().unwrap().starts_with("木.zip"), "{error}");
        }
    }
}

fn progress(done: u64) -> JobProgress {
    JobProgress { stage: "tiles".to_owned(), done, total: Some(10) }
}

fn claim(office: &Office) -> Uuid {
    let lease = SignedDuration::from_secs(15);
    office.open().claim(WORKER, lease, at(PUBLISHED)).unwrap().unwrap().id
}

fn state(told: &Told) -> (&str, Option<u64>) {
    match told {
        Told::Event(_, job) => (job["state"].as_str().unwrap(), job["progress"]["done"].as_u64()),
        other => unreachable!("{other:?} in place of an event"),
    }
}

fn cookie_of(office: &Office, login: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(office.cookie(login))
}

#[test]
fn progress_reaches_whoever_follows() {
    let mut office = Office::new();
    office.limited(quick());
    let cookie = cookie_of(&office, "eda");
    let job = office.job("eda").id;
    let server = Listening::new(&office.server, Limits::default(), "127.0.0.1:0");
    let path = format!("/api/v1/jobs/{job}/events");
    let mut stream = Stream::open(&server, &path, &[&cookie]);
    assert!(stream.head.starts_with("HTTP/1.1 200"), "{}", stream.head);
    for expected in ["content-type: text/event-stream", "cache-control: no-store"] {
        assert!(stream.head.contains(expected), "{}", stream.head);
    }
    assert_eq!(state(&stream.next()), ("queued", None));
    assert_eq!(stream.next(), Told::Alive);
    assert_eq!(claim(&office), job);
    assert_eq!(state(&next_event(&mut stream)), ("running", None));
    office.open().heartbeat(job, WORKER, Some(&progress(3)), at(PUBLISHED)).unwrap();
    let start = Instant::now();
    let third = next_event(&mut stream);
    assert_eq!(state(&third), ("running", Some(3)));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());

    // Somebody who comes back is told what is new, not what they have.
    let Told::Event(revision, _) = third else { unreachable!() };
    let last = format!("last-event-id: {revision}");
    let mut again = Stream::open(&server, &path, &[&cookie, &last]);
    office.open().heartbeat(job, WORKER, Some(&progress(4)), at(PUBLISHED)).unwrap();
    assert_eq!(state(&next_event(&mut again)), ("running", Some(4)));
    let done = Outcome::Done(serde_json::json!({ "status": "done" }));
    office.open().finish(job, WORKER, done, at(PUBLISHED)).unwrap();
    for stream in [&mut stream, &mut again] {
        let mut told = next_event(stream);
        while state(&told).0 == "running" {
            told = next_event(stream);
        }
        let Told::Event(_, document) = &told else { unreachable!() };
        assert_eq!(document["message"]["status"], "done");
        assert_eq!(stream.next(), Told::End);
    }
    // Whoever has the end is told not to come back.
    let revision = office.open().job(job).unwrap().unwrap().revision;
    let over = Stream::open(&server, &path, &[&cookie, &format!("last-event-id: {revision}")]);
    assert!(over.head.starts_with("HTTP/1.1 204"), "{}", over.head);
    let mut late = Stream::open(&server, &path, &[&cookie]);
    assert_eq!(state(&late.next()), ("done", Some(4)));
    assert_eq!(late.next(), Told::End);
}

/// The next event, past signs of life.
fn next_event(stream: &mut Stream) -> Told {
    let start = Instant::now();
    loop {
        match stream.next() {
            Told::Alive => assert!(start.elapsed() < Duration::from_secs(10), "nothing is told"),
            told => return told,
        }
    }
}

#[test]
fn a_stream_ends_with_the_right_to_it() {
    let mut office = Office::new();
    office.limited(quick());
    let job = office.job("eda").id;
    let path = format!("/api/v1/jobs/{job}/events");
    let server = Listening::new(&office.server, Limits::default(), "127.0.0.1:0");
    let ended = |mut stream: Stream| {
        let start = Instant::now();
        assert_eq!(next_event(&mut stream), Told::End);
        assert!(start.elapsed() < Duration::from_secs(30));
    };
    let open = |credential: &str| {
        let mut stream = Stream::open(&server, &path, &[credential]);
        assert_eq!(state(&stream.next()), ("queued", None), "{}", stream.head);
        stream
    };
    let cookie = cookie_of(&office, "eda");
    let stream = open(&cookie);
    let token = cookie.split('=').nth(1).unwrap();
    office.open().sign_out(token).unwrap();
    ended(stream);

    let key = office.key("eda", None);
    let stream = open(&format!("authorization: Bearer {key}"));
    office.open().revoke_key(key.split('_').nth(1).unwrap(), OPERATOR, at(PUBLISHED)).unwrap();
    ended(stream);

    let stream = open(&cookie_of(&office, "eda"));
    office.server.set_now("2026-11-22T12:00:00Z");
    ended(stream);
}

#[test]
fn streams_are_counted() {
    let mut office = Office::new();
    office.limited(quick());
    let job = office.job("eda").id;
    let path = format!("/api/v1/jobs/{job}/events");
    let (eda, ada) = (cookie_of(&office, "eda"), cookie_of(&office, "ada"));
    let server = Listening::new(&office.server, Limits::default(), "127.0.0.1:0");
    let mut streams: Vec<Stream> =
        (0..STREAMS_EACH).map(|_| Stream::open(&server, &path, &[&eda])).collect();
    let more = Stream::open(&server, &path, &[&eda]);
    assert!(more.head.starts_with("HTTP/1.1 503"), "{}", more.head);
    assert!(more.head.contains("retry-after: "), "{}", more.head);
    assert!(Stream::open(&server, &path, &[&ada]).head.starts_with("HTTP/1.1 200"));
    // A place is free again soon after a client has gone.
    streams.pop();
    let start = Instant::now();
    while !Stream::open(&server, &path, &[&eda]).head.starts_with("HTTP/1.1 200") {
        assert!(start.elapsed() < Duration::from_secs(30), "the place stays taken");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The server is restarted while a job runs: the client comes back and the job is still there.
#[test]
fn a_job_survives_a_restart_of_the_server() {
    let mut office = Office::new();
    office.limited(quick());
    let cookie = cookie_of(&office, "eda");
    let job = office.job("eda").id;
    claim(&office);
    let path = format!("/api/v1/jobs/{job}/events");
    let mut server = Listening::new(&office.server, Limits::default(), "127.0.0.1:0");
    let mut stream = Stream::open(&server, &path, &[&cookie]);
    let Told::Event(revision, _) = next_event(&mut stream) else { unreachable!() };
    let start = Instant::now();
    server.stop();
    assert!(start.elapsed() < Duration::from_secs(3), "an open stream holds up the stop");
    assert_eq!(next_event(&mut stream), Told::End);
    office.open().heartbeat(job, WORKER, Some(&progress(7)), at(PUBLISHED)).unwrap();

    office.limited(quick());
    let address = server.address.to_string();
    let server = Listening::new(&office.server, Limits::default(), &address);
    let last = format!("last-event-id: {revision}");
    let mut stream = Stream::open(&server, &path, &[&cookie, &last]);
    assert_eq!(state(&next_event(&mut stream)), ("running", Some(7)));
}

/// Who does not publish for the prefecture publishes under the name of their own organisation,
/// and learns nothing of the layers that others have.
#[tokio::test]
async fn other_organisations_publish_under_their_own_name() {
    let office = Office::new();
    let cookie = office.cookie("olga").await;
    let headers = [HOST, ORIGIN, JSON, cookie.as_str()];
    let mut refusals = Vec::new();
    for (line, status) in [
        ("import upload:D/a.geojson --layer nests", 403),
        ("import upload:D/a.geojson --layer nosuch", 403),
        ("import upload:D/a.geojson --layer=owner", 403),
        ("import upload:D/a.geojson --layer=ownership", 403),
        ("import upload:D/a.geojson --layer owner_trees --layer=nests", 403),
        ("import upload:D/a.geojson", 403),
        ("flood rain --grib upload:D/a.bin", 403),
        ("import upload:D/a.geojson --layer owner_trees", 201),
        ("import upload:D/a.geojson --layer=owner_trees", 201),
    ] {
        let answer = office.post("/api/v1/jobs", &headers, words(line)).await;
        assert_eq!(answer.status, status, "{line}: {:?}", answer.body);
        if status == 403 {
            refusals.push(answer.body);
        }
    }
    assert!(refusals.windows(2).all(|pair| pair[0] == pair[1]));
    // Another organisation's id begins with this one's: from then on its layers are its own.
    let (id, kind) = ("owner-trees".to_owned(), OrganisationKind::Owner);
    let other = Organisation { id, kind, title: Text::new("架空", "X") };
    office.open().add_organisation(&other, OPERATOR, at(PUBLISHED)).unwrap();
    for (layer, status) in [("owner_trees_old", 403), ("owner_trees", 201), ("owner_treesold", 201)]
    {
        let line = format!("import upload:D/a.geojson --layer {layer}");
        let answer = office.post("/api/v1/jobs", &headers, words(&line)).await;
        assert_eq!(answer.status, status, "{layer}");
    }
    // Whoever edits for both has both.
    office.allow("olga", Role::Editor, "owner-trees", "all");
    let line = words("import upload:D/a.geojson --layer owner_trees_old");
    assert_eq!(office.post("/api/v1/jobs", &headers, line).await.status, 201);
    let cookie = office.cookie("eda").await;
    let headers = [HOST, ORIGIN, JSON, cookie.as_str()];
    let line = words("import upload:D/a.geojson --layer nests");
    assert_eq!(office.post("/api/v1/jobs", &headers, line).await.status, 201);
}
