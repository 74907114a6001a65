//! The local S3 stand-in: a process of Python's moto, shared by the tests that run at once.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};

use jomo_store::Store;

const BUCKET: &str = "jomo-test";

pub(crate) struct StandIn {
    process: Child,
    port: u16,
}

impl StandIn {
    /// The one that runs, or a new one.
    #[allow(dead_code, reason = "tests of the programs have their own")]
    pub(crate) fn shared() -> Arc<Self> {
        static RUNNING: Mutex<Weak<StandIn>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().unwrap();
        if let Some(known) = running.upgrade() {
            return known;
        }
        let made = Arc::new(Self::start());
        *running = Arc::downgrade(&made);
        made
    }

    /// One that nobody else uses.
    #[allow(dead_code, reason = "tests of the server stop it")]
    pub(crate) fn own() -> Self {
        Self::start()
    }

    /// The number of its process.
    #[allow(dead_code, reason = "tests of the server stop it")]
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    fn start() -> Self {
        let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = crate_folder.ancestors().find(|folder| folder.join("Cargo.lock").exists());
        let root = root.unwrap();
        let python = root.join(".venv/bin/python");
        assert!(python.exists(), "{} is not there: run `make setup`", python.display());
        let mut process = Command::new(python)
            .arg(root.join("state/store/tests/store/stand_in.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port =
            line.trim().parse().unwrap_or_else(|_| panic!("moto does not start: run `make setup`"));
        let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let request =
            format!("PUT /{BUCKET} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n");
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(" 200 "), "{answer}");
        Self { process, port }
    }

    /// An empty store of its own.
    #[allow(dead_code, reason = "tests of the programs have theirs open it")]
    pub(crate) fn store(&self) -> Store {
        static STORES: AtomicU32 = AtomicU32::new(0);
        let address = format!("s3://{BUCKET}/{}", STORES.fetch_add(1, Ordering::Relaxed));
        Store::open_in(address, &|name| self.variable(name)).unwrap()
    }

    /// The environment of a program that is to use it.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        match name {
            "AWS_ENDPOINT_URL" => Some(format!("http://127.0.0.1:{}", self.port)),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            _ => None,
        }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // An error means that it has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
