//! `jomo doctor`: what this machine lacks, and how to mend it.

use std::path::Path;
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use jomo_core::layer::Access;
use jomo_register::{MasterKey, Register, RegisterError};
use jomo_store::Store;
use jomo_words::{Language, fact, say, tell};
use serde_json::json;

use crate::foreign;
use crate::outcome::{Outcome, Status};

/// Least free space in bytes before the doctor warns: a day of forecasts of a prefecture.
const FREE_LEAST: u64 = 5 << 30;
/// Least number of open files; a server with 1,000 archives and 2,000 connections needs more
/// than the usual 1,024.
const FILES_LEAST: u64 = 4_096;

/// Oldest backup that is no reason to warn: a weekend between two working days.
const BACKUP_AGE: SignedDuration = SignedDuration::from_hours(72);

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

/// What to check besides the machine itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Places<'a> {
    /// A store.
    pub store: Option<&'a Path>,
    /// A register.
    pub register: Option<&'a Path>,
    /// The key file of the register.
    pub key_file: Option<&'a Path>,
}

/// Checks the machine and prints the findings.
pub fn run(
    places: Places<'_>,
    language: Language,
    now: Timestamp,
    print: &dyn Fn(&str),
    json: bool,
) -> Outcome {
    let mut findings = vec![
        program("gdal", "gdalinfo", "--version"),
        program("chromium", "chromium", "--version"),
        open_files(language),
        cores(),
        clock(now),
        free_space(places.store.unwrap_or(Path::new(".")), language),
    ];
    findings.extend(ingest(language));
    if let Some(path) = places.store {
        findings.extend([writable(path, language), published(path, now, language)]);
    }
    if let Some(path) = places.register {
        findings.extend(register(path, places.key_file, now, language));
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

/// The program for foreign formats, what it is linked with, and the walls around it.
fn ingest(language: Language) -> Vec<Finding> {
    let missing = |check| Finding { check, verdict: Verdict::Warning, found: "-".to_owned() };
    let Ok(report) = foreign::formats() else { return vec![missing("ingest")] };
    let word = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let grids = report["grids"].as_array().map(Vec::as_slice).unwrap_or_default();
    let grids: Vec<String> = grids.iter().map(word).collect();
    let (gdal, proj, grids) = (word(&report["gdal"]), word(&report["proj"]), grids.join(", "));
    let found = format!("GDAL {gdal}, PROJ {proj}; {grids}");
    let lacking = report["formats"]
        .as_array()
        .is_some_and(|formats| formats.iter().any(|format| format["available"] != true));
    let verdict = if lacking { Verdict::Warning } else { Verdict::Good };
    let walls = &report["sandbox"];
    let [seccomp, landlock, rlimits] =
        ["seccomp", "landlock", "rlimits"].map(|wall| word(&walls[wall]));
    let whole = landlock == "full" && seccomp == "on" && rlimits == "on";
    let states = [("seccomp", seccomp), ("landlock", landlock), ("rlimits", rlimits)];
    let words = say(language, "doctor-ingest-walls-found", &states);
    vec![
        Finding { check: "ingest", verdict, found },
        Finding {
            check: "ingest-walls",
            verdict: if whole { Verdict::Good } else { Verdict::Warning },
            found: words,
        },
    ]
}

fn open_files(language: Language) -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let enough = limit.is_none_or(|limit| FILES_LEAST <= limit);
    let found = limit
        .map_or_else(|| fact(language, "what", "unlimited".to_owned()), |limit| limit.to_string());
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

fn free_space(path: &Path, language: Language) -> Finding {
    let check = "free-space";
    match rustix::fs::statvfs(path) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let verdict = if FREE_LEAST <= free { Verdict::Good } else { Verdict::Warning };
            Finding { check, verdict, found: format!("{} GiB", free >> 30) }
        }
        Err(fault) => {
            let found = fact(language, "reason", fault.to_string());
            Finding { check, verdict: Verdict::Bad, found }
        }
    }
}

fn writable(store: &Path, language: Language) -> Finding {
    let check = "writable";
    let probe = store.join(format!(".doctor-{}", std::process::id()));
    let tried = std::fs::write(&probe, b"x").and_then(|()| std::fs::remove_file(&probe));
    match tried {
        Ok(()) => Finding { check, verdict: Verdict::Good, found: store.display().to_string() },
        Err(fault) => {
            let found = fact(language, "reason", fault.to_string());
            Finding { check, verdict: Verdict::Bad, found }
        }
    }
}

/// The live generation can be read, and which of its live layers have expired.
fn published(path: &Path, now: Timestamp, language: Language) -> Finding {
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
        Err(fault) => {
            Finding { check, verdict: Verdict::Bad, found: tell(language, &fault).detail }
        }
    }
}

/// The register opens with its key, holds together, and was backed up of late.
fn register(
    path: &Path,
    key_file: Option<&Path>,
    now: Timestamp,
    language: Language,
) -> Vec<Finding> {
    let good = |check, found| Finding { check, verdict: Verdict::Good, found };
    let bad = |check, fault: &RegisterError| Finding {
        check,
        verdict: Verdict::Bad,
        found: tell(language, fault).detail,
    };
    let mut findings = Vec::new();
    let key = match key_file.map(MasterKey::read).transpose() {
        Ok(key) => {
            let found = key_file.map(|path| path.display().to_string());
            findings.push(match found {
                Some(found) => good("register-key", found),
                // Names cannot be read then, and nothing else is lost.
                None => Finding {
                    check: "register-key",
                    verdict: Verdict::Warning,
                    found: "-".to_owned(),
                },
            });
            key
        }
        Err(fault) => {
            findings.push(bad("register-key", &fault));
            None
        }
    };
    let register = match Register::open(path, key) {
        Ok(register) => register,
        Err(fault) => {
            findings.push(bad("register-schema", &fault));
            return findings;
        }
    };
    findings.push(good("register-schema", Register::schema().to_string()));
    findings.push(match register.check_integrity() {
        Ok(()) => good("register-integrity", "ok".to_owned()),
        Err(fault) => bad("register-integrity", &fault),
    });
    findings.push(match register.verify_chain() {
        Ok(chain) => good("register-chain", format!("{} {}", chain.edits, chain.head)),
        Err(fault) => bad("register-chain", &fault),
    });
    findings.push(match register.last_backup() {
        Ok(Some(time)) => {
            let recent = now.duration_since(time) <= BACKUP_AGE;
            let verdict = if recent { Verdict::Good } else { Verdict::Warning };
            Finding { check: "register-backup", verdict, found: time.to_string() }
        }
        Ok(None) => {
            Finding { check: "register-backup", verdict: Verdict::Warning, found: "-".to_owned() }
        }
        Err(fault) => bad("register-backup", &fault),
    });
    findings
}
