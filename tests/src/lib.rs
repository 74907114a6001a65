//! What the tests across crates share: where the repository, the programs and the real data are.

use std::path::{Path, PathBuf};

/// The root folder of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The folder of real data, or `None` after telling that `test` is skipped.
///
/// Set but wrong is no reason to skip: a file missing below it fails the test that reads it.
#[must_use]
#[expect(clippy::print_stdout, reason = "a skipped test says so by name")]
pub fn real_data(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("JOMO_REAL_DATA").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: {test}: JOMO_REAL_DATA is not set");
    }
    folder
}

/// A program of this workspace, built in the profile of the running test or program.
///
/// # Errors
/// The path looked at, if the program has not been built: `cargo build --workspace --bins` does.
pub fn program(name: &str) -> Result<PathBuf, String> {
    let test = std::env::current_exe().map_err(|reason| reason.to_string())?;
    // Tests are target/<profile>/deps/<test>, programs lie in target/<profile>.
    let folder = test.parent().unwrap_or(&test);
    let profile = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let program = profile.join(name);
    if program.is_file() {
        Ok(program)
    } else {
        Err(format!("{} is not built: cargo build --workspace --bins", program.display()))
    }
}
