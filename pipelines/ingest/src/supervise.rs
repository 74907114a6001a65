//! The half that is trusted: it never opens the source itself.
//!
//! It starts the reader with an empty environment but our own settings of GDAL, watches clock
//! and memory, turns its death into an error that can be told, and renames the folder of the
//! result only when all is written.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use jomo_words::Language;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::drivers;
use crate::error::IngestError;
use crate::raster::RasterRequest;
use crate::report;
use crate::vector::VectorRequest;

/// How often the reader is looked at.
const TICK: Duration = Duration::from_millis(10);
/// Longest report in bytes: a layer has at most 512 fields.
const REPORT_MAX: u64 = 32 << 20;
/// How much of what the reader says on stderr is kept.
const WORDS_MAX: u64 = 64 << 10;
/// Share of the memory limit from which an abort is put down to memory, in percent.
const NEARLY_ALL: u64 = 70;

/// What the reader is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The work.
    pub task: Task,
    /// The source, an absolute path for the reader.
    pub source: PathBuf,
    /// Language of the texts in the report.
    #[serde(with = "tongue")]
    pub language: Language,
    /// What it may use.
    pub bounds: Bounds,
}

/// The work.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Read features.
    Vector(VectorRequest),
    /// Read cells.
    Raster(RasterRequest),
    /// Say what is accepted and which walls stand.
    Formats,
}

/// What the reader may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Seconds by the clock and of the processor.
    pub seconds: u64,
}

/// What the reader gets on stdin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The job.
    pub job: Job,
    /// The folder for the result.
    pub part: Option<PathBuf>,
}

/// How a job ended, well or not.
#[derive(Debug)]
pub struct Ended {
    /// The report.
    pub report: Value,
    /// The exit code.
    pub exit: u8,
}

mod tongue {
    use jomo_words::Language;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
    pub(super) fn serialize<S: Serializer>(language: &Language, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(match language {
            Language::Ja => "ja",
            Language::En => "en",
        })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Language, D::Error> {
        let name = String::deserialize(from)?;
        Ok(if name == "en" { Language::En } else { Language::Ja })
    }
}

/// Has a job done; the result is in `out` if it went well.
///
/// # Errors
/// [`IngestError`] for a request that cannot be carried out, and for a reader that died.
pub fn run(job: &Job, out: Option<&Path>) -> Result<Ended, IngestError> {
    let Some(out) = out else {
        return read(job, None);
    };
    let source = plain_file(&job.source)?;
    check_free(out)?;
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(|fault| IngestError::out(parent, &fault))?;
    let part = with_suffix(out, ".part");
    clear(&part)?;
    let name = part.join(report::NAME);
    let work = part.join("work");
    let marked = std::fs::create_dir(&part)
        .and_then(|()| std::fs::write(&name, format!("{:#}\n", mark())))
        .and_then(|()| std::fs::create_dir(&work));
    marked.map_err(|fault| IngestError::out(&part, &fault))?;
    let absolute = part.canonicalize().map_err(|fault| IngestError::out(&part, &fault))?;
    let ended = match read(&Job { source, ..job.clone() }, Some(absolute)) {
        Ok(ended) if matches!(ended.exit, 0 | 4) => ended,
        failed => {
            remove(&part)?;
            return failed;
        }
    };
    remove(&work)?;
    // What depends on the machine is told, not kept: equal sources leave equal files.
    let mut kept = ended.report.clone();
    if let Some(report) = kept.as_object_mut() {
        report.remove("peak_memory_kib");
    }
    let text = format!("{kept:#}\n");
    std::fs::write(&name, text).map_err(|fault| IngestError::out(&name, &fault))?;
    remove(out)?;
    std::fs::rename(&part, out).map_err(|fault| IngestError::out(out, &fault))?;
    Ok(ended)
}

/// The source as an absolute path of a plain file: no pipe, no device, nothing that GDAL would
/// take for a driver's name.
fn plain_file(source: &Path) -> Result<PathBuf, IngestError> {
    let refused = || IngestError::Source { path: source.display().to_string() };
    if source.as_os_str().as_encoded_bytes().starts_with(b"/vsi") {
        return Err(refused());
    }
    let meta = std::fs::metadata(source).map_err(|fault| IngestError::io(source, &fault))?;
    let path = source.canonicalize().map_err(|fault| IngestError::io(source, &fault))?;
    if !meta.is_file() || path.as_os_str().as_encoded_bytes().starts_with(b"/vsi") {
        return Err(refused());
    }
    Ok(path)
}

/// A folder that is there is replaced only if it holds a report of ours.
fn check_free(out: &Path) -> Result<(), IngestError> {
    let occupied = || IngestError::Occupied { path: out.display().to_string() };
    if out.file_name().is_none() {
        return Err(occupied());
    }
    if out.symlink_metadata().is_err() {
        return Ok(());
    }
    let text = std::fs::read(out.join(report::NAME)).map_err(|_fault| occupied())?;
    let report: Value = serde_json::from_slice(&text).map_err(|_fault| occupied())?;
    if report["tool"] == report::TOOL { Ok(()) } else { Err(occupied()) }
}

/// The report of a folder that is being filled: what marks it as ours.
fn mark() -> Value {
    json!({ "tool": report::TOOL, "status": "running" })
}

/// Takes away the folder that an earlier run was filling; anything else stays, and nothing is
/// done.
fn clear(part: &Path) -> Result<(), IngestError> {
    let Ok(found) = part.symlink_metadata() else { return Ok(()) };
    let text = std::fs::read(part.join(report::NAME)).ok();
    let left = text.and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let is_empty = || std::fs::read_dir(part).is_ok_and(|mut entries| entries.next().is_none());
    let is_own = || left.map_or_else(is_empty, |left| left == mark());
    if !found.is_dir() || !is_own() {
        return Err(IngestError::PartOccupied { path: part.display().to_string() });
    }
    remove(part)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().map(OsStr::to_os_string).unwrap_or_default();
    name.push(suffix);
    path.with_file_name(name)
}

fn remove(folder: &Path) -> Result<(), IngestError> {
    match std::fs::remove_dir_all(folder) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => {
            Err(IngestError::out(folder, &fault))
        }
        _ => Ok(()),
    }
}

/// Starts the reader and waits for its end.
fn read(job: &Job, part: Option<PathBuf>) -> Result<Ended, IngestError> {
    let failed = |reason: String| IngestError::Sandbox { what: "reader", reason };
    let program = std::env::current_exe().map_err(|fault| failed(fault.to_string()))?;
    let scratch = part.as_ref().map_or_else(|| PathBuf::from("/nonexistent"), |p| p.join("work"));
    let order = Order { job: job.clone(), part };
    let order = serde_json::to_vec(&order).map_err(|fault| failed(fault.to_string()))?;
    let mut child = Command::new(program)
        .arg("reader")
        .env_clear()
        .envs(drivers::ENVIRONMENT.iter().copied())
        .env("TMPDIR", &scratch)
        .env("CPL_TMPDIR", &scratch)
        .env("PROJ_USER_WRITABLE_DIRECTORY", &scratch)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|fault| failed(fault.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A reader that is gone already is told by its status.
        let _ = stdin.write_all(&order);
    }
    let answer = child.stdout.take().map(|pipe| drain(pipe, REPORT_MAX));
    let words = child.stderr.take().map(|pipe| drain(pipe, WORDS_MAX));
    let (status, peak_kib) = watch(&mut child, job.bounds)?;
    let text = |thread: Option<thread::JoinHandle<Vec<u8>>>| {
        thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
    };
    let (answer, words) = (text(answer), text(words));
    let exit = status.code().and_then(|code| u8::try_from(code).ok());
    if let (Some(exit), Ok(mut report)) = (exit, serde_json::from_slice::<Value>(&answer))
        && report["tool"] == report::TOOL
    {
        report["peak_memory_kib"] = peak_kib.into();
        return Ok(Ended { report, exit });
    }
    Err(death(status, &words, peak_kib, job.bounds))
}

/// Reads a pipe to its end and keeps its start, so that the other side never waits.
fn drain(mut pipe: impl Read + Send + 'static, most: u64) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut kept = Vec::new();
        let _ = pipe.by_ref().take(most).read_to_end(&mut kept);
        let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        kept
    })
}

/// Waits for the end, and brings it about where it does not come in time.
fn watch(child: &mut Child, bounds: Bounds) -> Result<(ExitStatus, u64), IngestError> {
    let failed =
        |fault: std::io::Error| IngestError::Sandbox { what: "reader", reason: fault.to_string() };
    let began = Instant::now();
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak_kib = 0;
    loop {
        peak_kib = peak(&status).unwrap_or(0).max(peak_kib);
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok((status, peak_kib));
        }
        if Duration::from_secs(bounds.seconds) <= began.elapsed() {
            child.kill().map_err(failed)?;
            child.wait().map_err(failed)?;
            return Err(IngestError::Time { limit_s: bounds.seconds });
        }
        thread::sleep(TICK);
    }
}

/// The most memory that a process has held, in KiB.
fn peak(status: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// Why a reader ended without a report.
fn death(status: ExitStatus, words: &[u8], peak_kib: u64, bounds: Bounds) -> IngestError {
    let words = String::from_utf8_lossy(words);
    let signal = status.signal();
    let starved = ["memory allocation of", "bad_alloc", "Out of memory", "Cannot allocate"];
    let nearly_all = bounds.memory_mib * 1024 / 100 * NEARLY_ALL;
    if starved.iter().any(|sign| words.contains(sign))
        || (signal.is_some() && nearly_all <= peak_kib)
    {
        return IngestError::Memory { limit_mib: bounds.memory_mib };
    }
    // The kernel ends a process whose processor time is up by SIGXCPU, then by SIGKILL.
    if matches!(signal, Some(libc::SIGXCPU | libc::SIGKILL)) {
        return IngestError::Time { limit_s: bounds.seconds };
    }
    let how = match (signal, status.code()) {
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => "unknown".to_owned(),
    };
    IngestError::Crashed { how }
}
