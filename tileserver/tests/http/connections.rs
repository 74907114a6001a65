//! Connections: slow and idle clients do not keep others out.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jomo_server::listen::{Limits, serve};
use tokio::net::TcpListener;

use crate::fixture::{PUBLISHED, Server, Shop, at, places};

const HEADER: Duration = Duration::from_millis(300);

/// What comes until the server ends the connection; it may end it with an error.
fn read_all(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

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
