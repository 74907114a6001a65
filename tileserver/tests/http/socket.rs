//! A server at a real socket, and clients that write what they like.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use jomo_server::listen::{Limits, serve};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::fixture::Server;

/// Serves until it is dropped.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    runtime: Runtime,
    end: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl Listening {
    pub(crate) fn new(server: &Server, limits: Limits, address: &str) -> Self {
        let app = Arc::clone(&server.app);
        let router = jomo_server::router(Arc::clone(&app));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind(address)).unwrap();
        let address = listener.local_addr().unwrap();
        let (end, told) = oneshot::channel::<()>();
        let stop = async move {
            let _ = told.await;
            if let Some(people) = app.people() {
                people.hub.stop();
            }
        };
        let serving = runtime.spawn(serve(listener, router, limits, stop));
        Self { address, runtime, end: Some(end), serving: Some(serving) }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends a request and reads the answer to the end of the connection.
    pub(crate) fn ask(&self, head: &str, body: &[u8]) -> String {
        let mut stream = self.connect();
        let host = self.address;
        write!(stream, "{head}\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
        let _ = stream.write_all(body);
        read_all(&mut stream)
    }

    /// Stops the server; all its connections end.
    pub(crate) fn stop(&mut self) {
        if let (Some(end), Some(serving)) = (self.end.take(), self.serving.take()) {
            let _ = end.send(());
            let ended = async { tokio::time::timeout(Duration::from_secs(8), serving).await };
            self.runtime.block_on(ended).unwrap().unwrap();
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What comes until the connection ends; it may end with an error.
pub(crate) fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// A stream of events that is being read.
pub(crate) struct Stream {
    pub(crate) head: String,
    lines: BufReader<TcpStream>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    /// Id and document.
    Event(u64, serde_json::Value),
    Alive,
    End,
}

impl Stream {
    pub(crate) fn open(server: &Listening, path: &str, headers: &[&str]) -> Self {
        let mut stream = server.connect();
        let host = format!("host: {}", server.address);
        let lines = [&[host.as_str()], headers].concat().join("\r\n");
        write!(stream, "GET {path} HTTP/1.1\r\n{lines}\r\n\r\n").unwrap();
        let mut lines = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head).unwrap_or(0) != 0 {}
        Self { head, lines }
    }

    /// The next thing that is told. The frame of each chunk is skipped: a chunk is whole lines.
    pub(crate) fn next(&mut self) -> Told {
        let mut id = None;
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap_or(0) == 0 {
                return Told::End;
            }
            let line = line.trim_end();
            if let Some(number) = line.strip_prefix("id: ") {
                id = Some(number.parse().unwrap());
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Told::Event(id.unwrap(), serde_json::from_str(data).unwrap());
            } else if line == ":" {
                return Told::Alive;
            } else if line == "0" {
                return Told::End;
            }
        }
    }
}
