//! The programs that the build stage has made, and the interpreters that set-up has installed.

use std::path::PathBuf;
use std::process::{Command, Output};

/// A binary of this workspace, in the profile of this test.
pub(crate) fn binary(name: &str) -> PathBuf {
    jomo_tests::program(name).unwrap_or_else(|fault| panic!("{fault}"))
}

/// `jomo`, which must end with exit code 0; gives what it printed.
pub(crate) fn jomo_ok(arguments: &[&str]) -> String {
    let mut command = Command::new(binary("jomo"));
    finished(command.args(arguments).args(["--lang", "en"]))
}

/// What a program printed, which must end well.
pub(crate) fn finished(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let words = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?}: {:?}\n{words}", status.code());
    String::from_utf8(stdout).unwrap()
}

/// Python with the packages of `requirements.txt`.
pub(crate) fn python() -> PathBuf {
    let path = jomo_tests::repository().join(".venv/bin/python");
    assert!(path.is_file(), "{} is missing: make setup", path.display());
    path
}
