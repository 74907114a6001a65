//! Passwords as people give them: from a file, through a pipe, or typed twice without echo.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::Path;

use jomo_register::RegisterError;
use jomo_words::{Language, say};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::failure::{CommandError, Exit, Failure};

/// Longest line that is read; the register refuses passwords long before.
const LINE_MAX: u64 = 8_192;

/// Reads a password; it never is an argument, which every process of the machine can see.
///
/// # Errors
/// If the file cannot be read, or two typed passwords differ.
pub(super) fn read(file: Option<&Path>, language: Language) -> Result<String, Failure> {
    if let Some(path) = file {
        let fault =
            |source: &std::io::Error| Failure::new(Exit::Usage, CommandError::io(path, source));
        let file = File::open(path).map_err(|source| fault(&source))?;
        return first_line(BufReader::new(file)).map_err(|source| fault(&source));
    }
    let stdin = std::io::stdin();
    let fault = |source: &std::io::Error| {
        Failure::new(Exit::Failed, CommandError::io(Path::new("stdin"), source))
    };
    if !stdin.is_terminal() {
        return first_line(stdin.lock()).map_err(|source| fault(&source));
    }
    let first =
        typed(&say(language, "user-password-prompt", &[])).map_err(|source| fault(&source))?;
    let second =
        typed(&say(language, "user-password-again", &[])).map_err(|source| fault(&source))?;
    if first == second {
        return Ok(first);
    }
    let expected = "the same password twice";
    let (what, value) = ("password", String::new());
    Err(RegisterError::Invalid { what, value, expected }.into())
}

fn first_line(from: impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    from.take(LINE_MAX).read_line(&mut line)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

/// Sets the terminal back when it goes.
struct Quiet(Termios);

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that has gone needs no echo.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, &self.0);
    }
}

fn typed(prompt: &str) -> std::io::Result<String> {
    let before = tcgetattr(std::io::stdin())?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    quiet.local_modes.insert(LocalModes::ECHONL);
    let back = Quiet(before);
    tcsetattr(std::io::stdin(), OptionalActions::Flush, &quiet)?;
    let mut stderr = std::io::stderr();
    write!(stderr, "{prompt}: ")?;
    stderr.flush()?;
    let line = first_line(std::io::stdin().lock());
    drop(back);
    line
}
