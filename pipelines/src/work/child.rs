//! The process of one job: its progress, its answer, its end.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jomo_register::JobProgress;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;

/// Longest line of progress and longest answer in bytes; what is beyond is read and dropped.
const LINE_MAX: u64 = 64 << 10;
const ANSWER_MAX: usize = 1 << 20;
/// How much of other words is kept for the message of a job that gives no answer.
const ERRORS_MAX: usize = 4 << 10;
/// How long the rest of the output may take after the end of the process: something that it has
/// started may hold the pipe.
const DRAIN: Duration = Duration::from_secs(2);

/// What a child has said so far.
#[derive(Default)]
struct Said {
    progress: Option<JobProgress>,
    answer: Vec<u8>,
    errors: String,
}

/// How a child ended.
pub(crate) struct Ended {
    /// Its exit code; `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) output: String,
    /// The end of what it said besides progress.
    pub(crate) errors: String,
}

/// A process of its own group: a stop reaches also what it has started.
pub(crate) struct Child {
    process: std::process::Child,
    said: Arc<Mutex<Said>>,
    readers: Vec<JoinHandle<()>>,
    told_to_stop: Option<Instant>,
}

/// A line of `--progress json`.
#[derive(Deserialize)]
struct Line {
    stage: String,
    #[serde(default)]
    done: u64,
    total: Option<u64>,
}

impl Child {
    /// Starts this same executable with other words.
    pub(crate) fn start(words: &[String]) -> std::io::Result<Self> {
        Self::start_program(&std::env::current_exe()?, words)
    }

    /// Starts an executable that takes the words of this one.
    pub(crate) fn start_program(program: &Path, words: &[String]) -> std::io::Result<Self> {
        let mut process = Command::new(program)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let said = Arc::new(Mutex::new(Said::default()));
        let mut readers = Vec::new();
        if let Some(stdout) = process.stdout.take() {
            let said = Arc::clone(&said);
            readers.push(std::thread::spawn(move || read_answer(stdout, &said)));
        }
        if let Some(stderr) = process.stderr.take() {
            let said = Arc::clone(&said);
            readers.push(std::thread::spawn(move || read_progress(stderr, &said)));
        }
        Ok(Self { process, said, readers, told_to_stop: None })
    }

    /// How far it says that it has come.
    pub(crate) fn progress(&self) -> Option<JobProgress> {
        self.said.lock().ok()?.progress.clone()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<Ended> {
        let code = match self.process.try_wait() {
            Ok(None) => return None,
            Ok(Some(status)) => status.code(),
            // The system has lost track of it: as good as killed.
            Err(_lost) => None,
        };
        let began = Instant::now();
        while self.readers.iter().any(|reader| !reader.is_finished()) && began.elapsed() < DRAIN {
            std::thread::sleep(Duration::from_millis(5));
        }
        let said = self.said.lock().ok()?;
        let output = String::from_utf8_lossy(&said.answer).into_owned();
        Some(Ended { code, output, errors: said.errors.clone() })
    }

    /// Asks it to stop, and kills it if it has not done so in time.
    pub(crate) fn stop(&mut self, grace: Duration) {
        match self.told_to_stop {
            None => {
                self.signal(Signal::INT);
                self.told_to_stop = Some(Instant::now());
            }
            Some(told) if grace <= told.elapsed() => self.signal(Signal::KILL),
            Some(_) => {}
        }
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        // Nothing of it is wanted any more.
        let _ = self.process.wait();
    }

    fn signal(&self, signal: Signal) {
        // A group that has ended meanwhile needs no signal.
        let _ = kill_process_group(Pid::from_child(&self.process), signal);
    }
}

fn read_answer(mut from: impl Read, said: &Mutex<Said>) {
    let mut buffer = [0; 8 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let (Some(part), Ok(mut said)) = (buffer.get(..count), said.lock()) else { return };
        if said.answer.len() + count <= ANSWER_MAX {
            said.answer.extend_from_slice(part);
        }
    }
}

fn read_progress(from: impl Read, said: &Mutex<Said>) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = from.by_ref().take(LINE_MAX).read_until(b'\n', &mut line);
        if !matches!(read, Ok(1..)) {
            return;
        }
        let Ok(mut said) = said.lock() else { return };
        if let Ok(Line { stage, done, total }) = serde_json::from_slice(&line) {
            said.progress = Some(JobProgress { stage, done, total });
        } else {
            said.errors.push_str(&String::from_utf8_lossy(&line));
            let surplus = said.errors.len().saturating_sub(ERRORS_MAX);
            let cut = said.errors.ceil_char_boundary(surplus);
            said.errors.drain(..cut);
        }
    }
}
