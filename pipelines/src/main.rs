//! `jomo`: the batch command line.

use std::io::Write;
use std::process::ExitCode;

use jomo::cli::Shell;

/// Times are published to the second, like the names that hold them.
fn whole_second(now: jiff::Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now)
}

fn main() -> ExitCode {
    // Without the handler an interrupt (SIGINT, SIGTERM, SIGHUP) ends the process at once, which
    // is as safe but leaves the folder in work behind. A worker gives its job back first.
    let _ = ctrlc::set_handler(|| {
        if jomo::work::ask_to_stop() {
            return;
        }
        jomo::run::remove_work_in_progress();
        std::process::exit(130);
    });
    let shell = Shell {
        now: whole_second(jiff::Timestamp::now()),
        locale: &|name| std::env::var(name).ok(),
        // A reader that has gone (`| head`) is no fault of ours.
        print: &|text| drop(std::io::stdout().write_all(text.as_bytes())),
        tell: &|text| drop(writeln!(std::io::stderr(), "{text}")),
    };
    shell.run(std::env::args_os().collect()).into()
}
