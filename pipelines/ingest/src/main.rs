//! `jomo-ingest`: foreign files in, canonical ones out.

use std::io::Write;
use std::process::ExitCode;

use jomo_ingest::cli::Shell;

fn main() -> ExitCode {
    let shell = Shell {
        locale: &|name| std::env::var(name).ok(),
        // A reader that has gone (`| head`) is no fault of ours.
        print: &|text| drop(std::io::stdout().write_all(text.as_bytes())),
        tell: &|text| drop(writeln!(std::io::stderr(), "{text}")),
    };
    ExitCode::from(shell.run(std::env::args_os().collect()))
}
