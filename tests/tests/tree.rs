//! The files of the repository and the answers of `cargo metadata`, for tests that read them.

use std::process::Command;

use jomo_tests::repository;
use serde_json::Value;

/// One text file of the repository.
pub(crate) struct Source {
    /// Path below the root, with `/`.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
}

impl Source {
    /// Whether the file name ends in one of these.
    pub(crate) fn ends_in(&self, extensions: &[&str]) -> bool {
        extensions.iter().any(|extension| self.path.ends_with(extension))
    }

    /// Rust that is part of a program or library, not of a test, bench or build script.
    pub(crate) fn is_product_rust(&self) -> bool {
        let inside = |folder: &str| self.path.split('/').any(|part| part == folder);
        self.ends_in(&[".rs"])
            && inside("src")
            && !inside("tests")
            && !inside("benches")
            && !self.ends_in(&["/tests.rs", "_tests.rs"])
    }

    /// The lines before the module of unit tests, with their numbers from 1.
    pub(crate) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_test = |line: &str| line.trim_start().starts_with("#[cfg(test)]");
        (1..).zip(self.text.lines()).take_while(move |(_, line)| !is_test(line))
    }
}

/// Paths below the root of all files that belong to the repository: tracked ones, and new ones
/// that git does not ignore.
pub(crate) fn paths() -> Vec<String> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(list).current_dir(repository()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).unwrap();
    let mut paths: Vec<String> =
        listed.split_terminator('\0').map(str::to_owned).filter(|path| is_file(path)).collect();
    paths.sort();
    paths.dedup();
    assert!(50 < paths.len(), "git lists only {} files", paths.len());
    paths
}

fn is_file(path: &str) -> bool {
    repository().join(path).is_file()
}

/// All files of the repository that are UTF-8 text.
pub(crate) fn sources() -> Vec<Source> {
    let read = |path: String| {
        let text = std::fs::read_to_string(repository().join(&path)).ok()?;
        Some(Source { path, text })
    };
    paths().into_iter().filter_map(read).collect()
}

/// The text of one file that must exist.
pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// What `cargo metadata` says, without asking any network.
pub(crate) fn metadata(arguments: &[&str]) -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(arguments)
        .current_dir(repository())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{told}\n(`cargo fetch` brings packages that are not here yet)"
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Fails with one fault a line; `rule` says what is asked.
pub(crate) fn expect_none(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n{}", faults.join("\n"));
}
