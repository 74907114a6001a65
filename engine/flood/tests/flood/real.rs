//! The real files, found by `JOMO_REAL_DATA`.

use std::path::PathBuf;

/// A file of the real data; `None`, told by name, where there is none on this machine. Set but
/// missing is a failure.
#[allow(clippy::disallowed_methods, reason = "the tests find the real data by this name")]
#[allow(clippy::print_stdout, reason = "a skipped test says so")]
pub(crate) fn file(test: &str, path: &str) -> Option<Vec<u8>> {
    let Some(folder) = std::env::var_os("JOMO_REAL_DATA") else {
        println!("skipped: {test}: JOMO_REAL_DATA is not set");
        return None;
    };
    let path = PathBuf::from(folder).join(path);
    Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}
