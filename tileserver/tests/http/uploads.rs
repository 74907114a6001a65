//! Files that people hand in, and those who only pretend to.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jomo_server::app::PeopleLimits;
use jomo_server::listen::Limits;

use crate::office::{HOST, ORIGIN, Office};
use crate::socket::{Listening, read_all};

const LIMIT: usize = 1 << 20;

fn limits() -> PeopleLimits {
    PeopleLimits {
        body: Duration::from_millis(400),
        file_bytes: LIMIT as u64,
        ..PeopleLimits::default()
    }
}

fn folder(office: &Office) -> PathBuf {
    let mut name = office.register.clone().into_os_string();
    name.push(".files");
    PathBuf::from(name)
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return vec![] };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn a_file_is_kept_by_its_digest() {
    let office = Office::new();
    let cookie = office.cookie("eda").await;
    let headers = [HOST, ORIGIN, cookie.as_str()];
    let path = "/api/v1/files?name=..%2F%E6%9E%97%20%E5%88%86.csv";
    for _ in 0..2 {
        let answer = office.post(path, &headers, "id,lon,lat\n").await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        let document = answer.json();
        assert_eq!((&document["bytes"], &document["name"]), (&11.into(), &"林_分.csv".into()));
        let stored = folder(&office).join(document["sha256"].as_str().unwrap()).join("林_分.csv");
        assert_eq!(files(&folder(&office)), std::slice::from_ref(&stored));
        assert_eq!(fs::read(&stored).unwrap(), b"id,lon,lat\n");
        assert_eq!(document["sha256"], jomo_store::sha256_hex(b"id,lon,lat\n"));
        assert_eq!(fs::metadata(&stored).unwrap().permissions().mode() & 0o777, 0o600);
        let home = stored.parent().unwrap();
        assert_eq!(fs::metadata(home).unwrap().permissions().mode() & 0o777, 0o700);
    }
    let empty = office.post("/api/v1/files?name=empty", &headers, "").await;
    assert_eq!((empty.status.as_u16(), &empty.json()["bytes"]), (201, &0.into()));
    for query in ["", "?", "?name=a&name=b", "?name=a&x=1", "?file=a", "?name=%ff", "?name"] {
        let answer = office.post(&format!("/api/v1/files{query}"), &headers, "x").await;
        assert_eq!(answer.status, 400, "{query}");
    }
}

fn cookie_of(office: &Office) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(office.cookie("eda"))
}

#[test]
fn hostile_uploads_leave_nothing() {
    let mut office = Office::new();
    office.limited(limits());
    let cookie = cookie_of(&office);
    let server = Listening::new(&office.server, Limits::default(), "127.0.0.1:0");
    let origin = format!("origin: http://{}", server.address);
    let head = |more: &str| {
        format!("POST /api/v1/files?name=a HTTP/1.1\r\n{cookie}\r\n{origin}\r\n{more}")
    };
    let nothing_left = |told: &str| {
        let start = Instant::now();
        while !files(&folder(&office)).is_empty() {
            assert!(start.elapsed() < Duration::from_secs(30), "{told}: a part stays");
            std::thread::sleep(Duration::from_millis(10));
        }
    };

    // Says at once that it is too long.
    let answer = server.ask(&head("content-length: 99999999999"), b"");
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("body-too-large"), "{answer}");
    nothing_left("declared");

    // Never ends.
    let mut stream = server.connect();
    let endless = head("transfer-encoding: chunked");
    write!(stream, "{endless}\r\nhost: {}\r\n\r\n", server.address).unwrap();
    let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
    let mut sent = 0;
    while sent < 64 * LIMIT && stream.write_all(&chunk).is_ok() {
        sent += chunk.len();
    }
    assert!(sent < 64 * LIMIT, "all of it was taken");
    nothing_left("chunked");

    // Ends early: the length was a lie, and the client has gone.
    let mut stream = server.connect();
    write!(stream, "{}\r\nhost: {}\r\n\r\nabc", head("content-length: 1000"), server.address)
        .unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let answer = read_all(&mut stream);
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    nothing_left("broken off");

    // Sends a byte and waits.
    let start = Instant::now();
    let mut stream = server.connect();
    write!(stream, "{}\r\nhost: {}\r\n\r\nabc", head("content-length: 1000"), server.address)
        .unwrap();
    let answer = read_all(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    nothing_left("slow");

    // No chunk at all.
    let answer = server.ask(&head("transfer-encoding: chunked"), b"nonsense\r\n");
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    nothing_left("nonsense");

    // Nobody in particular: nothing of it is written.
    let path = "POST /api/v1/files?name=a HTTP/1.1";
    let answer = server.ask(&format!("{path}\r\ncontent-length: 3"), b"abc");
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let answer = server.ask(&head("content-length: 3"), b"abc");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

/// A sign-in that trickles in holds its place for a moment only.
#[test]
fn slow_sign_ins_are_broken_off() {
    let mut office = Office::new();
    office.limited(limits());
    let server = Listening::new(&office.server, Limits::default(), "127.0.0.1:0");
    let mut stream = server.connect();
    let address = server.address;
    write!(
        stream,
        "POST /login HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n"
    )
    .unwrap();
    let start = Instant::now();
    let mut writer = stream.try_clone().unwrap();
    let trickle = std::thread::spawn(move || {
        while writer.write_all(b" ").is_ok() && start.elapsed() < Duration::from_secs(8) {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let answer = read_all(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    trickle.join().unwrap();
}
