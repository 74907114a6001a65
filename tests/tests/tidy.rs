//! House rules that a program can check. Each test is one rule; a fault names file and line.

use std::collections::{BTreeMap, BTreeSet};

use jomo_tests::repository;

use crate::tree::{Source, expect_none, paths, sources, text};

/// Written by programs, or texts of others: house rules are not for them.
const FOREIGN: &[&str] = &["Cargo.lock", "package-lock.json", "requirements.txt", "LICENSE-APACHE"];

fn written_here() -> impl Iterator<Item = Source> {
    sources().into_iter().filter(|source| !source.ends_in(FOREIGN))
}

/// 600 lines, or 900 where one of the first ten lines is `// long: <reason>`.
#[test]
fn files_are_short() {
    let mut faults = Vec::new();
    for source in written_here().filter(|s| s.ends_in(&[".rs", ".ts", ".mjs", ".js", ".sh"])) {
        let lines = source.text.lines().count();
        let reasoned = source.text.lines().take(10).any(|line| line.starts_with("// long: "));
        let limit = if reasoned { 900 } else { 600 };
        if limit < lines {
            faults.push(format!("{}: {lines} lines", source.path));
        }
    }
    expect_none(&faults, "files of more than 600 lines (900 with `// long: <reason>`)");
}

/// A path below somebody's home or working folder means that a file works on one machine only.
#[test]
fn no_path_of_one_machine() {
    // In parts, so that this file keeps the rule.
    let roots = ["home", "root", "work", "Users"].map(|root| format!("/{root}/"));
    let mut faults = Vec::new();
    for source in written_here() {
        for (number, line) in (1..).zip(source.text.lines()) {
            for root in &roots {
                let starts_path = |at: usize| {
                    let before = line[..at].chars().next_back();
                    before.is_none_or(|c| c.is_whitespace() || "\"'`=(:".contains(c))
                };
                if line.match_indices(root.as_str()).any(|(at, _)| starts_path(at)) {
                    faults.push(format!("{}:{number}: {}", source.path, line.trim()));
                }
            }
        }
    }
    expect_none(&faults, "absolute paths of one machine");
}

#[test]
fn work_left_over_has_a_number() {
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat()];
    let mut faults = Vec::new();
    for source in written_here() {
        for (number, line) in (1..).zip(source.text.lines()) {
            for word in &words {
                let whole = |at: usize| {
                    let letter =
                        |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                    !letter(line[..at].chars().next_back())
                        && !letter(line[at + word.len()..].chars().next())
                };
                let numbered = line.contains(&format!("{word}(#"));
                if !numbered && line.match_indices(word.as_str()).any(|(at, _)| whole(at)) {
                    faults.push(format!("{}:{number}: {}", source.path, line.trim()));
                }
            }
        }
    }
    expect_none(&faults, "left-over work without the number of its issue");
}

fn is_japanese(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ff01}'..='\u{ff9f}')
}

/// Texts for people live in words/*.ftl and in data files. Comments may name a legal term;
/// `tests/japanese.toml` lists the files that must know a Japanese column name, with the reason.
#[test]
fn japanese_lives_in_words_and_data() {
    let allowed: toml::Table = text("tests/japanese.toml").parse().unwrap();
    let mut faults = Vec::new();
    let mut found = BTreeMap::new();
    for source in written_here() {
        let is_web = source.path.starts_with("tileserver/web/src/") && source.ends_in(&[".ts"]);
        if !source.is_product_rust() && !is_web {
            continue;
        }
        for (number, line) in source.product_lines() {
            let code = line.trim_start();
            if ["//", "/*", "*"].iter().any(|mark| code.starts_with(mark))
                || !code.contains(is_japanese)
            {
                continue;
            }
            if code.split("//").next().is_some_and(|code| !code.contains(is_japanese)) {
                continue;
            }
            found.insert(source.path.clone(), number);
            if !allowed.contains_key(&source.path) {
                faults.push(format!("{}:{number}: {code}", source.path));
            }
        }
    }
    for (path, reason) in &allowed {
        if !found.contains_key(path) {
            faults.push(format!("{path}: allowed in tests/japanese.toml, but has none"));
        }
        if reason.as_str().is_none_or(|reason| reason.len() < 10) {
            faults.push(format!("{path}: no reason in tests/japanese.toml"));
        }
    }
    expect_none(&faults, "Japanese outside words/ and data files");
}

#[test]
fn sample_data_tell_their_source() {
    let folders = std::fs::read_dir(repository().join("data-samples")).unwrap();
    let mut faults = Vec::new();
    for folder in folders.map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        let name = format!("data-samples/{}/SOURCE.toml", folder.file_name().display());
        let Ok(text) = std::fs::read_to_string(repository().join(&name)) else {
            faults.push(format!("{name}: missing"));
            continue;
        };
        let table: toml::Table = text.parse().unwrap_or_else(|e| panic!("{name}: {e}"));
        for key in ["title", "origin", "licence"] {
            if !table.contains_key(key) {
                faults.push(format!("{name}: no `{key}`"));
            }
        }
        let listed: BTreeSet<&str> = table
            .get("files")
            .and_then(toml::Value::as_array)
            .map(|files| files.iter().filter_map(toml::Value::as_str).collect())
            .unwrap_or_default();
        let found = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
        for file in found.map(|entry| entry.file_name().display().to_string()) {
            if file != "SOURCE.toml" && !listed.contains(file.as_str()) {
                faults.push(format!("{name}: `files` does not list {file}"));
            }
        }
    }
    expect_none(&faults, "sample data without a source");
}

/// Real data and pictures stay outside; a fixture is a few KiB or is generated.
#[test]
fn no_big_file_is_kept() {
    const LIMIT_BYTES: u64 = 512 * 1024;
    let mut faults = Vec::new();
    for path in paths() {
        let bytes = std::fs::metadata(repository().join(&path)).unwrap().len();
        if LIMIT_BYTES < bytes {
            faults.push(format!("{path}: {} KiB", bytes / 1024));
        }
    }
    expect_none(&faults, "files of more than 512 KiB");
}

/// A lock file names packages and digests, never the host that one machine asked.
#[test]
fn lock_files_name_no_host() {
    let mut faults = Vec::new();
    for source in sources() {
        if source.ends_in(&["package-lock.json"]) && source.text.contains("\"resolved\"") {
            faults.push(format!("{}: `resolved` (see .npmrc)", source.path));
        }
        let is_python = source.ends_in(&["requirements.txt", "requirements.in"]);
        if is_python && (source.text.contains("://") || source.text.contains("--find-links")) {
            faults.push(format!("{}: an index or a folder of packages", source.path));
        }
    }
    expect_none(&faults, "lock files that name a host");
}

/// What `make` offers is told on the first page, in both languages.
#[test]
fn readme_names_every_target() {
    let makefile = text("Makefile");
    let targets = makefile
        .lines()
        .filter_map(|line| line.split_once(':').filter(|(_, rest)| rest.contains("## ")))
        .filter(|(target, _)| target.bytes().all(|byte| byte.is_ascii_lowercase()))
        .map(|(target, _)| target.to_owned());
    let mut faults = Vec::new();
    for target in targets.filter(|target| target != "help") {
        for page in ["README.md", "README.en.md"] {
            if !text(page).contains(&format!("make {target}")) {
                faults.push(format!("{page}: no `make {target}`"));
            }
        }
    }
    expect_none(&faults, "targets that the first page does not name");
}

/// A link in a page leads to a file that is there.
#[test]
fn links_between_pages_lead_somewhere() {
    let mut faults = Vec::new();
    for source in written_here().filter(|source| source.ends_in(&[".md"])) {
        let folder = repository().join(&source.path);
        let folder = folder.parent().unwrap();
        for target in source.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap_or("");
            if target.is_empty() || target.contains("://") || target.contains(' ') {
                continue;
            }
            if !folder.join(target).exists() {
                faults.push(format!("{}: {target}", source.path));
            }
        }
    }
    expect_none(&faults, "links to files that are not there");
}
