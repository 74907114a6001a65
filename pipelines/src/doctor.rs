//! `jomo doctor`: what this machine lacks, and how to mend it.

use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use jomo_core::layer::Access;
use jomo_store::Store;
use jomo_words::{Language, say};
use serde_json::json;

use crate::outcome::{Outcome, Status};

/// Least free space in bytes before the doctor warns: a day of forecasts of a prefecture.
const FREE_LEAST: u64 = 5 << 30;
/// Least number of open files; a server with 1,000 archives and 2,000 connections needs more
/// than the usual 1,024.
const FILES_LEAST: u64 = 4_096;

/// How one check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    Warning,
    Bad,
}

struct Finding {
    check: &'static str,
    verdict: Verdict,
    found: String,
}

/// Checks the machine and prints the findings.
pub fn run(
    store: Option<&Path>,
    language: Language,
    now: Timestamp,
    print: &dyn Fn(&str),
    json: bool,
) -> Outcome {
    let mut findings = vec![
        program("gdal", "gdalinfo", "--version"),
        program("chromium", "chromium", "--version"),
        open_files(),
        cores(),
        clock(now),
        free_space(store.unwrap_or(Path::new("."))),
    ];
    if let Some(path) = store {
        findings.extend([writable(path), published(path, now)]);
    }
    let mut outcome = Outcome::new(Status::Done);
    let word = |verdict| match verdict {
        Verdict::Good => "good",
        Verdict::Warning => "warning",
        Verdict::Bad => "bad",
    };
    if json {
        let list: Vec<_> = findings
            .iter()
            .map(|f| json!({ "check": f.check, "verdict": word(f.verdict), "found": f.found }))
            .collect();
        outcome.more.insert("checks", json!(list));
    } else {
        for finding in &findings {
            print(&line(finding, word(finding.verdict), language));
        }
    }
    for finding in findings.iter().filter(|finding| finding.verdict == Verdict::Bad) {
        outcome.faults.add("doctor", || finding.check.to_owned());
    }
    outcome
}

fn line(finding: &Finding, verdict: &str, language: Language) -> String {
    let title = say(language, &format!("doctor-{}", finding.check), &[]);
    let verdict = say(language, &format!("doctor-{verdict}"), &[]);
    let text = format!("{verdict} {title}: {}\n", finding.found);
    if finding.verdict == Verdict::Good {
        return text;
    }
    let mend = say(language, &format!("doctor-{}-mend", finding.check), &[]);
    format!("{text}      {mend}\n")
}

/// A program that only tests or later stages need.
fn program(check: &'static str, name: &str, flag: &str) -> Finding {
    let output = Command::new(name).arg(flag).output();
    let version = output.ok().filter(|output| output.status.success());
    let version = version.map(|output| {
        String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned()
    });
    match version {
        Some(found) => Finding { check, verdict: Verdict::Good, found },
        None => Finding { check, verdict: Verdict::Warning, found: "-".to_owned() },
    }
}

fn open_files() -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let enough = limit.is_none_or(|limit| FILES_LEAST <= limit);
    let found = limit.map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string());
    let verdict = if enough { Verdict::Good } else { Verdict::Warning };
    Finding { check: "open-files", verdict, found }
}

fn cores() -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let verdict = if 2 <= cores { Verdict::Good } else { Verdict::Warning };
    Finding { check: "cores", verdict, found: cores.to_string() }
}

/// A clock before this code was written is wrong, and a wrong clock shows stale data as current.
fn clock(now: Timestamp) -> Finding {
    let built = Timestamp::constant(1_793_000_000, 0);
    let verdict = if built <= now { Verdict::Good } else { Verdict::Bad };
    Finding { check: "clock", verdict, found: now.to_string() }
}

fn free_space(path: &Path) -> Finding {
    let check = "free-space";
    match rustix::fs::statvfs(path) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let verdict = if FREE_LEAST <= free { Verdict::Good } else { Verdict::Warning };
            Finding { check, verdict, found: format!("{} GiB", free >> 30) }
        }
        Err(fault) => Finding { check, verdict: Verdict::Bad, found: fault.to_string() },
    }
}

fn writable(store: &Path) -> Finding {
    let check = "writable";
    let probe = store.join(format!(".doctor-{}", std::process::id()));
    let tried = std::fs::write(&probe, b"x").and_then(|()| std::fs::remove_file(&probe));
    match tried {
        Ok(()) => Finding { check, verdict: Verdict::Good, found: store.display().to_string() },
        Err(fault) => Finding { check, verdict: Verdict::Bad, found: fault.to_string() },
    }
}

/// The live generation can be read, and which of its live layers have expired.
fn published(path: &Path, now: Timestamp) -> Finding {
    let check = "published";
    let generation = Store::open(path).and_then(|store| store.current(Access::Public));
    match generation {
        Ok(Some(generation)) => {
            let expired: Vec<_> = generation
                .layers
                .values()
                .filter(|version| version.layer.is_expired(now))
                .map(|version| version.layer.id.clone())
                .collect();
            let verdict = if expired.is_empty() { Verdict::Good } else { Verdict::Warning };
            let found = format!("{} {}", generation.id, expired.join(" "));
            Finding { check, verdict, found: found.trim_end().to_owned() }
        }
        Ok(None) => Finding { check, verdict: Verdict::Warning, found: "-".to_owned() },
        Err(fault) => Finding { check, verdict: Verdict::Bad, found: fault.to_string() },
    }
}
