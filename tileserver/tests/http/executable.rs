//! The built executable: start, signals, exit codes, words.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use jomo_core::layer::Mode;

use crate::fixture::{PUBLISHED, Shop, at, places, rain};

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
}

impl Running {
    fn start(shop: &Shop) -> Self {
        let store = shop.path().to_str().unwrap();
        let mut child = command(&["--store", store, "--listen", "127.0.0.1:0", "--lang", "en"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let address = line.split("http://").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        // The pipe must be read to the end, or the server waits for room in it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
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
