//! Connections: slow and idle clients do not keep others out.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use jomo_server::listen::{Limits, serve};
use jomo_server::page::Page;
use tokio::net::TcpListener;

use crate::fixture::{PUBLISHED, Server, Shop, at, places};
use crate::socket::{Listening, read_all};

const HEADER: Duration = Duration::from_millis(300);

#[test]
fn idle_and_slow_connections_make_room() {
    let shop = Shop::new();
    shop.publish(&[places()], "one", at(PUBLISHED));
    let router = jomo_server::router(Arc::clone(&Server::new(&shop).app));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Limits {
        connections: 2,
        header: HEADER,
        stop: Duration::from_millis(200),
        ..Limits::default()
    };
    let (end, told) = tokio::sync::oneshot::channel::<()>();
    let serving = runtime.spawn(serve(listener, router, limits, async {
        let _ = told.await;
    }));

    let mut idle = TcpStream::connect(address).unwrap();
    let mut slow = TcpStream::connect(address).unwrap();
    slow.write_all(b"GET /health/live HTTP/1.1\r\nx: ").unwrap();
    let start = Instant::now();
    let mut third = TcpStream::connect(address).unwrap();
    let request = b"GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    third.write_all(request).unwrap();
    assert!(read_all(&mut third).starts_with("HTTP/1.1 200"));
    assert!(HEADER / 2 < start.elapsed(), "the places of the first two were not counted");
    assert!(!read_all(&mut idle).starts_with("HTTP/1.1 200"));
    assert!(!read_all(&mut slow).starts_with("HTTP/1.1 200"));

    // Heads beyond the limit are refused, not collected.
    let mut large = TcpStream::connect(address).unwrap();
    let head = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(100_000));
    let _ = large.write_all(head.as_bytes());
    assert!(!read_all(&mut large).starts_with("HTTP/1.1 200"));

    end.send(()).unwrap();
    let ended = async { tokio::time::timeout(Duration::from_secs(5), serving).await };
    runtime.block_on(ended).unwrap().unwrap();
}

/// Who asks and does not read holds a connection for a while, not for ever.
#[test]
fn clients_that_never_read_make_room() {
    // More than the buffers of both ends hold.
    let large = Bytes::from(vec![b'x'; 48 << 20]);
    let server = Server::of(Page::new([("large.bin".to_owned(), large)].into_iter()));
    let unread = Duration::from_millis(300);
    let limits = Limits { connections: 1, unread, ..Limits::default() };
    let listening = Listening::new(&server, limits, "127.0.0.1:0");
    let mut deaf = listening.connect();
    deaf.write_all(b"GET /large.bin HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    let start = Instant::now();
    let answer = listening.ask("GET /health/live HTTP/1.1", b"");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(unread / 2 < start.elapsed(), "the deaf client's place was not counted");
    // Whoever reads slowly but steadily gets everything.
    let mut slow = listening.connect();
    slow.write_all(b"GET /large.bin HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
    let (mut total, mut buffer) = (0, vec![0; 4 << 20]);
    while let Ok(count @ 1..) = slow.read(&mut buffer) {
        total += count;
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(48 << 20 < total, "{total}");
}

/// A head that is too long to be read at all is answered like every other refusal.
#[test]
fn heads_beyond_all_limits_are_problems() {
    let server = Server::of(Page::default());
    let listening = Listening::new(&server, Limits::default(), "127.0.0.1:0");
    for (path, header, status, code) in [
        (3_000, 1, "414 URI Too Long", "address-too-long"),
        (40_000, 1, "414 URI Too Long", "address-too-long"),
        (200_000, 1, "414 URI Too Long", "address-too-long"),
        (1, 40_000, "431 Request Header Fields Too Large", "headers-too-large"),
        (1, 200_000, "431 Request Header Fields Too Large", "headers-too-large"),
    ] {
        // The second request of a connection is told apart from the first.
        let mut stream = listening.connect();
        stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        let mut first = [0; 8];
        stream.read_exact(&mut first).unwrap();
        let (path, header) = ("a".repeat(path), "b".repeat(header));
        let close = "connection: close";
        let head = format!("GET /{path} HTTP/1.1\r\nhost: a\r\nx: {header}\r\n{close}\r\n\r\n");
        let _ = stream.write_all(head.as_bytes());
        let answer = read_all(&mut stream);
        let told = &answer[answer.len().saturating_sub(600)..];
        assert!(answer.contains(&format!("HTTP/1.1 {status}\r\n")), "{}: {told}", head.len());
        assert!(answer.contains("content-type: application/problem+json"), "{told}");
        assert!(answer.ends_with('}') && answer.contains(&format!("\"{code}\"")), "{told}");
    }
}
