//! The executable; see the library for what it does.

use std::process::ExitCode;

fn main() -> ExitCode {
    let locale = |name: &str| std::env::var(name).ok();
    ExitCode::from(jomo_server::command::run(std::env::args_os(), locale))
}
