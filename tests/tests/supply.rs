//! Licences, bans and sources of everything from outside, by the `deny.toml` that cargo-deny
//! reads; and a reason for each direct dependency.
//!
//! Only packages of the platform of this machine are seen: others need not be downloaded here.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, Licensee, ParseMode};

use crate::tree::{expect_none, metadata, text};

/// The platform of the compiler, such as `x86_64-unknown-linux-gnu`.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    told.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// What is built on this machine: all packages, our own included, and who uses whom.
fn build() -> Value {
    let metadata = metadata(&["--filter-platform", &host()]);
    let packages = metadata["packages"].as_array().unwrap().len();
    assert!(100 < packages, "cargo metadata lists only {packages} packages");
    metadata
}

fn deny() -> toml::Table {
    text("deny.toml").parse().unwrap()
}

#[test]
fn licences_are_permissive() {
    let deny = deny();
    let allowed: Vec<Licensee> = deny["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .map(|licence| Licensee::parse(licence.as_str().unwrap()).unwrap())
        .collect();
    let mut faults = Vec::new();
    for package in build()["packages"].as_array().unwrap() {
        let (name, licence) = (&package["name"], package["license"].as_str().unwrap_or(""));
        match Expression::parse_mode(licence, ParseMode::LAX) {
            Err(reason) => faults.push(format!("{name}: licence {licence:?}: {}", reason.reason)),
            Ok(expression) => {
                if !expression.evaluate(|asked| allowed.iter().any(|ours| ours.satisfies(asked))) {
                    faults.push(format!("{name}: {licence}"));
                }
            }
        }
    }
    expect_none(&faults, "licences outside `licenses.allow` of deny.toml");
}

#[test]
fn banned_packages_stay_out() {
    let deny = deny();
    let build = build();
    let names: BTreeMap<&str, &str> = build["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
        .collect();
    let mut faults = Vec::new();
    for ban in deny["bans"]["deny"].as_array().unwrap() {
        let name = ban["crate"].as_str().unwrap();
        let reason = ban["reason"].as_str().unwrap();
        let wrappers: Vec<&str> = ban
            .get("wrappers")
            .and_then(toml::Value::as_array)
            .map(|wrappers| wrappers.iter().filter_map(toml::Value::as_str).collect())
            .unwrap_or_default();
        for node in build["resolve"]["nodes"].as_array().unwrap() {
            let user = names[node["id"].as_str().unwrap()];
            let dependencies = node["dependencies"].as_array().unwrap().iter();
            let brings =
                dependencies.map(|id| names[id.as_str().unwrap()]).any(|brought| brought == name);
            if brings && !wrappers.contains(&user) {
                faults.push(format!("{user} brings {name}: {reason}"));
            }
        }
    }
    expect_none(&faults, "packages banned by deny.toml");
}

#[test]
fn everything_comes_from_the_crates_registry() {
    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
    let mut faults = Vec::new();
    let lock: toml::Table = text("Cargo.lock").parse().unwrap();
    for package in lock["package"].as_array().unwrap() {
        if let Some(source) = package.get("source").and_then(toml::Value::as_str)
            && source != REGISTRY
        {
            faults.push(format!("{}: {source}", package["name"]));
        }
    }
    expect_none(&faults, "packages of Cargo.lock from elsewhere");
}

#[test]
fn requirements_have_one_version_each() {
    let workspace: toml::Table = text("Cargo.toml").parse().unwrap();
    let declared = workspace["workspace"]["dependencies"].as_table().unwrap();
    let mut faults = Vec::new();
    for (name, requirement) in declared {
        let version = version_of(requirement);
        if version.is_some_and(|version| version.contains('*')) {
            faults.push(format!("{name}: a wildcard"));
        }
    }
    let mut used = BTreeSet::new();
    for package in metadata(&["--no-deps"])["packages"].as_array().unwrap() {
        for dependency in package["dependencies"].as_array().unwrap() {
            let name = dependency["name"].as_str().unwrap();
            used.insert(name.to_owned());
            if !declared.contains_key(name) {
                faults.push(format!(
                    "{}: {name} is not in [workspace.dependencies]",
                    package["name"]
                ));
            }
        }
    }
    let unused = declared.keys().filter(|name| !used.contains(*name));
    faults.extend(unused.map(|name| format!("{name}: declared, but no package uses it")));
    expect_none(&faults, "dependencies are declared once, in the root Cargo.toml, and used");
}

fn version_of(requirement: &toml::Value) -> Option<&str> {
    requirement.as_str().or_else(|| requirement.get("version")?.as_str())
}

/// The part of a version that decides compatibility: `1`, or `0.33` before 1.0.
fn compatible(version: &str) -> String {
    let version = version.trim_start_matches('=');
    let mut parts = version.split('.');
    match (parts.next(), parts.next()) {
        (Some("0"), Some(minor)) => format!("0.{minor}"),
        (Some(major), _) => major.to_owned(),
        (None, _) => String::new(),
    }
}

/// `docs/dependencies.md` has a table row `| name | version | used by | reason |` for each.
#[test]
fn every_dependency_has_a_reason() {
    let page = text("docs/dependencies.md");
    let told: BTreeMap<&str, (&str, &str)> = page
        .lines()
        .filter_map(|line| {
            let cells = line.strip_prefix("| `")?.strip_suffix(" |")?;
            let mut cells = cells.split(" | ");
            let name = cells.next()?.trim_end_matches('`');
            Some((name, (cells.next()?, cells.nth(1)?)))
        })
        .collect();
    let workspace: toml::Table = text("Cargo.toml").parse().unwrap();
    let declared = workspace["workspace"]["dependencies"].as_table().unwrap();
    let mut faults = Vec::new();
    let mut known = BTreeSet::new();
    for (name, requirement) in declared {
        let Some(version) = version_of(requirement) else { continue };
        known.insert(name.as_str());
        match told.get(name.as_str()) {
            None => faults.push(format!("{name}: no row")),
            Some((told, _)) if *told != compatible(version) => {
                faults.push(format!("{name}: the row says {told}, Cargo.toml {version}"));
            }
            Some((_, reason)) if reason.len() < 10 => faults.push(format!("{name}: no reason")),
            Some(_) => {}
        }
    }
    let page_only = told.keys().filter(|name| !known.contains(*name));
    faults.extend(page_only.map(|name| format!("{name}: a row, but not in Cargo.toml")));
    expect_none(&faults, "docs/dependencies.md and [workspace.dependencies] differ");
}
