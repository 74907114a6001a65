//! The built executable: start, signals, exit codes, words.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jomo_core::layer::Mode;

use crate::fixture::{PUBLISHED, Shop, at, places, rain};
use crate::office::{Office, PASSWORD, nests};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jomo-server"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> (i32, String) {
    let Output { status, stderr, .. } = command(arguments).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

/// A running server; it is killed if the test fails before it has stopped.
struct Running {
    child: Child,
    address: String,
    log: Option<JoinHandle<Vec<String>>>,
}

impl Running {
    fn start(shop: &Shop) -> Self {
        Self::with(shop.path(), &[], "warn")
    }

    fn with(store: &Path, more: &[&str], log: &str) -> Self {
        let store = store.to_str().unwrap();
        let mut arguments = vec!["--store", store, "--listen", "127.0.0.1:0", "--lang", "en"];
        arguments.extend(more);
        let mut child =
            command(&arguments).env("RUST_LOG", log).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.by_ref().map(Result::unwrap).find(|line| line.contains("Serving at"));
        let line = line.unwrap();
        let address = line.split("http://").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        // The pipe must be read to the end, or the server waits for room in it.
        let log = std::thread::spawn(move || lines.map_while(Result::ok).collect());
        Self { child, address, log: Some(log) }
    }

    /// Stops it and gives the log.
    fn log(mut self) -> Vec<String> {
        self.signal(rustix::process::Signal::TERM);
        assert_eq!(self.exit_code(), Some(0));
        self.log.take().unwrap().join().unwrap()
    }

    fn ask(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (host, length) = (&self.address, body.len());
        write!(
            stream,
            "{head}\r\nhost: {host}\r\norigin: http://{host}\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    fn exit_code(&mut self) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(12) {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_serves_switches_and_stops_gracefully() {
    let shop = Shop::new();
    shop.publish(&[places()], "one", at(PUBLISHED));
    let mut server = Running::start(&shop);
    let answer = server.get("/tiles/places/4/14/6");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("places one None"), "{answer}");
    let unchanged = server.get("/tiles/places/5/28/12");
    assert!(unchanged.starts_with("HTTP/1.1 204"), "{unchanged}");
    assert!(!unchanged.to_lowercase().contains("content-length"), "{unchanged}");

    shop.publish(&[places()], "two", at("2026-11-22T00:01:00Z"));
    let start = Instant::now();
    while !server.get("/tiles/places/4/14/6").ends_with("places two None") {
        assert!(start.elapsed() < Duration::from_secs(5), "not switched");
        std::thread::sleep(Duration::from_millis(50));
    }

    // A request under way when the signal comes is answered.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    write!(stream, "GET /tiles/places/4/14/6 HTTP/1.1\r\nhost: a\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    server.signal(rustix::process::Signal::TERM);
    std::thread::sleep(Duration::from_millis(100));
    write!(stream, "\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(server.exit_code(), Some(0));
    assert!(TcpStream::connect(&server.address).is_err());
}

#[test]
fn an_interrupt_stops_it_too() {
    let shop = Shop::new();
    let mut server = Running::start(&shop);
    assert!(server.get("/health/ready").starts_with("HTTP/1.1 503"));
    server.signal(rustix::process::Signal::INT);
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn a_failed_start_says_what_to_do() {
    let (code, words) = run(&["--store", "no/such/store"]);
    assert_eq!(code, 1, "{words}");
    assert!(words.contains("ストア") && words.contains("no/such/store"), "{words}");

    let shop = Shop::new();
    let store = shop.path().to_str().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, words) = run(&["--store", store, "--listen", &address]);
    assert_eq!(code, 1, "{words}");
    assert!(words.contains("使用中") && words.contains("--listen"), "{words}");
    let (code, words) = run(&["--store", store, "--listen", &address, "--lang", "en"]);
    assert_eq!(code, 1, "{words}");
    assert!(words.contains("in use"), "{words}");

    for arguments in [&["--bad"][..], &[], &["--store", store, "--now", "tomorrow"]] {
        let (code, words) = run(arguments);
        assert_eq!(code, 2, "{words}");
        assert!(words.contains("使い方が違います"), "{words}");
    }
}

#[test]
fn a_set_clock_is_refused_with_a_live_layer() {
    let shop = Shop::new();
    shop.publish(&[rain(Mode::Live)], "one", at(PUBLISHED));
    let store = shop.path().to_str().unwrap();
    let (code, words) =
        run(&["--store", store, "--listen", "127.0.0.1:0", "--now", PUBLISHED, "--lang", "en"]);
    assert_eq!(code, 2, "{words}");
    assert!(words.contains("Layer rain is live"), "{words}");
}

/// The whole way with the real clock: sign in, see a restricted layer, sign out. Nothing secret
/// stands in the log, however much is logged.
#[test]
fn people_sign_in_and_leave_nothing_in_the_log() {
    let office = Office::new();
    let register = office.register.to_str().unwrap();
    let server = Running::with(office.shop.path(), &["--register", register], "trace");
    let body = format!("{{\"login\":\"vera\",\"password\":\"{PASSWORD}\"}}");
    let answer = server.ask("POST /login HTTP/1.1\r\ncontent-type: application/json", &body);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let token = answer.split("jomo_session=").nth(1).unwrap().split(';').next().unwrap();
    let key = office.key("eda", None);
    for credential in
        [format!("cookie: jomo_session={token}"), format!("authorization: Bearer {key}")]
    {
        let head = format!("GET /tiles/nests/4/14/6 HTTP/1.1\r\n{credential}");
        let answer = server.ask(&head, "");
        assert!(answer.ends_with("nests one None"), "{answer}");
        let head = format!("GET /status.json?secret-place=36.39,139.06 HTTP/1.1\r\n{credential}");
        assert!(server.ask(&head, "").starts_with("HTTP/1.1 400"));
    }
    let wrong = "{\"login\":\"vera\",\"password\":\"wrong-secret\"}";
    let answer = server.ask("POST /login HTTP/1.1\r\ncontent-type: application/json", wrong);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let log = server.log().join("\n");
    assert!(log.contains("\"route\":\"login\"") && log.contains("\"status\":200"), "{log}");
    let secret = key.rsplit('_').next().unwrap();
    for canary in [token, secret, PASSWORD, "wrong-secret", "secret-place", "36.39", "nests/4"] {
        assert!(!log.contains(canary), "{canary} stands in the log");
    }
}

/// A host that faces the internet mounts `public` alone, and has no register.
#[test]
fn an_internet_host_serves_the_public_root_alone() {
    let shop = Shop::new();
    shop.publish(&[places(), nests()], "one", at(PUBLISHED));
    std::fs::remove_dir_all(shop.path().join("restricted")).unwrap();
    let server = Running::start(&shop);
    assert!(server.get("/tiles/places/4/14/6").ends_with("places one None"));
    assert!(server.get("/tiles/nests/4/14/6").starts_with("HTTP/1.1 404"));
    let session = server.get("/api/v1/session");
    assert!(session.ends_with("{\"enabled\":false,\"signed_in\":false}"), "{session}");
    let answer = server.ask("POST /login HTTP/1.1\r\ncontent-type: application/json", "{}");
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[test]
fn a_register_that_cannot_be_used_is_told_at_the_start() {
    let shop = Shop::new();
    let store = shop.path().to_str().unwrap();
    for register in ["no/such/register.sqlite", store] {
        let (code, words) =
            run(&["--store", store, "--listen", "127.0.0.1:0", "--register", register]);
        assert_eq!(code, 1, "{words}");
        assert!(words.lines().count() <= 4, "{words}");
    }
}
