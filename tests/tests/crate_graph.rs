//! The edges between crates are part of the design: a new one is decided, not slipped in.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::tree::{expect_none, metadata};

/// Who uses whom, by the names of packages; `docs/decisions/0001-crates.md` gives the reasons.
const EDGES: &[(&str, &[&str])] = &[
    ("jomo-core", &[]),
    ("jomo-coverage", &["jomo-core"]),
    ("jomo-flood", &["jomo-core", "jomo-terrain"]),
    ("jomo-format", &["jomo-core"]),
    ("jomo-terrain", &["jomo-core"]),
    ("jomo-tile", &["jomo-core", "jomo-coverage"]),
    ("jomo-register", &["jomo-core"]),
    ("jomo-store", &["jomo-core", "jomo-format"]),
    ("jomo-words", &["jomo-core"]),
    (
        "jomo",
        &[
            "jomo-core",
            "jomo-coverage",
            "jomo-flood",
            "jomo-format",
            "jomo-register",
            "jomo-store",
            "jomo-terrain",
            "jomo-tile",
            "jomo-words",
        ],
    ),
    ("jomo-ingest", &["jomo-core", "jomo-format", "jomo-words"]),
    ("jomo-server", &["jomo-core", "jomo-format", "jomo-register", "jomo-store", "jomo-words"]),
];

/// Packages of tests and benches may use anything; nothing may use them.
const JUDGES: &[&str] = &["jomo-tests", "jomo-benches"];

/// Libraries that only the binaries may use, and what for.
const EDGE_ONLY: &[(&str, &str)] = &[
    ("anyhow", "a library has a typed error"),
    ("clap", "the command line belongs to the binaries"),
    ("axum", "HTTP belongs to tileserver"),
    ("tokio", "HTTP belongs to tileserver"),
    ("hyper", "HTTP belongs to tileserver"),
    ("tracing-subscriber", "the binary owns the log"),
    ("indicatif", "progress belongs to the command line"),
];

/// The exceptions: who uses such a library all the same. The client of object stores waits for
/// the network on a runtime (`docs/decisions/0008-object-store.md`). Words of the parser of command
/// lines are told in one place for all programs (`docs/decisions/0001-crates.md`).
const EXCEPTIONS: &[(&str, &str)] = &[("jomo-store", "tokio"), ("jomo-words", "clap")];

/// Names of the packages that one depends on, but for its tests.
fn dependencies(package: &Value) -> Vec<&str> {
    let all = package["dependencies"].as_array().unwrap().iter();
    let mut names: Vec<&str> =
        all.filter(|d| d["kind"] != "dev").map(|d| d["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn edges_are_those_decided() {
    let metadata = metadata(&["--no-deps"]);
    let packages = metadata["packages"].as_array().unwrap();
    let mut decided: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut faults = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let mut found = dependencies(package);
        found.retain(|dependency| *dependency == "jomo" || dependency.starts_with("jomo-"));
        if JUDGES.contains(&name) {
            continue;
        }
        match decided.remove(name) {
            None => faults.push(format!("{name}: a package without a line in EDGES")),
            Some(expected) if expected != found => {
                faults.push(format!("{name}: decided {expected:?}, found {found:?}"));
            }
            Some(_) => {}
        }
    }
    faults.extend(decided.keys().map(|name| format!("{name}: decided, but no such package")));
    expect_none(&faults, "edges between crates differ from tests/tests/crate_graph.rs");
}

#[test]
fn engine_and_state_know_no_edge_of_the_program() {
    let metadata = metadata(&["--no-deps"]);
    let mut faults = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        if JUDGES.contains(&name) || ["jomo", "jomo-ingest", "jomo-server"].contains(&name) {
            continue;
        }
        let found = dependencies(package);
        for (library, reason) in EDGE_ONLY.iter().filter(|(library, _)| found.contains(library)) {
            if EXCEPTIONS.contains(&(name, library)) {
                continue;
            }
            faults.push(format!("{name} uses {library}: {reason}"));
        }
    }
    expect_none(&faults, "a library below the binaries uses what only they may use");
}
