//! Which command lines may be queued as jobs.
//!
//! A list of what is allowed, not of what is not: a flag that is added to a command later is
//! refused until somebody has thought about it here.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::RegisterError;
use crate::register::beside;

/// Where a job's words came from; it decides which files they may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The command line of the machine itself: any file.
    Local,
    /// HTTP: uploaded files only.
    Remote,
}

/// What follows a flag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Nothing.
    Nothing,
    /// One value that is no file.
    Value,
    /// One value or more that are no files.
    Values,
    /// One file or more.
    Files,
    /// One file, which a remote job may not name.
    LocalFile,
}

struct Command {
    /// The words that begin the command line.
    name: &'static str,
    /// Whether it takes a file that no flag announces.
    takes_file: bool,
    flags: &'static [(&'static str, Takes)],
}

/// Longest command line and longest word in bytes.
const WORDS_MAX: usize = 200;
const WORD_MAX: usize = 1_024;

const COMMANDS: [Command; 2] = [
    Command {
        name: "import",
        takes_file: true,
        flags: &[
            ("--layer", Takes::Value),
            ("--region", Takes::LocalFile),
            ("--id-field", Takes::Value),
            ("--lon-field", Takes::Value),
            ("--lat-field", Takes::Value),
            ("--label-field", Takes::Value),
            ("--encoding", Takes::Value),
            ("--title-ja", Takes::Value),
            ("--title-en", Takes::Value),
            ("--kind", Takes::Value),
            ("--access", Takes::Value),
            ("--audience", Takes::Values),
            ("--restricted-field", Takes::Values),
            ("--public-rows", Takes::Value),
            ("--attribution", Takes::Value),
            ("--licence", Takes::Value),
            ("--min-zoom", Takes::Value),
            ("--max-zoom", Takes::Value),
            ("--color", Takes::Value),
            ("--symbol", Takes::Value),
            ("--crs", Takes::Value),
            ("--source-layer", Takes::Value),
            ("--x-field", Takes::Value),
            ("--y-field", Takes::Value),
            ("--fictional", Takes::Nothing),
            ("--force", Takes::Nothing),
        ],
    },
    Command {
        name: "flood rain",
        takes_file: false,
        flags: &[
            ("--grib", Takes::Files),
            ("--region", Takes::LocalFile),
            ("--force", Takes::Nothing),
        ],
    },
];

/// Words that may be queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobWords {
    pub(crate) kind: &'static str,
    pub(crate) words: Vec<String>,
    pub(crate) source: Source,
}

impl JobWords {
    /// Accepts only commands and flags of the list, and for [`Source::Remote`] only
    /// `upload:<sha256>/<name>` where a file is named.
    ///
    /// # Errors
    /// [`RegisterError::JobRefused`] with the word that is refused.
    pub fn check(words: Vec<String>, source: Source) -> Result<Self, RegisterError> {
        let refused = |word: &str| {
            let word = word.chars().take(80).collect();
            Err(RegisterError::JobRefused { word })
        };
        let long = words.iter().find(|word| {
            word.is_empty() || WORD_MAX < word.len() || word.chars().any(char::is_control)
        });
        if let Some(word) = long {
            return refused(word);
        }
        let begins = |command: &&Command| {
            let name: Vec<&str> = command.name.split(' ').collect();
            words.len() <= WORDS_MAX
                && words.iter().map(String::as_str).take(name.len()).eq(name.iter().copied())
        };
        let Some(command) = COMMANDS.iter().find(begins) else {
            return refused(&words.join(" "));
        };
        let mut expected = None;
        for word in words.iter().skip(command.name.split(' ').count()) {
            match step(command, expected, word, source) {
                Some(next) => expected = next,
                None => return refused(word),
            }
        }
        match expected {
            // The last flag waits for its value.
            Some((flag, Takes::Value | Takes::LocalFile)) => refused(flag),
            _ => Ok(Self { kind: command.name, words, source }),
        }
    }

    /// The command: `import`, `flood rain`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// The words.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The words with `upload:<sha256>/<name>` replaced by the files of the register at
    /// `register`.
    ///
    /// # Errors
    /// [`RegisterError::JobRefused`] for a file that is not there or not a plain file.
    pub fn resolve(&self, register: &Path) -> Result<Vec<String>, RegisterError> {
        let resolve = |word: &String| {
            let Some(named) = word.strip_prefix("upload:") else { return Ok(word.clone()) };
            let refused = || RegisterError::JobRefused { word: word.clone() };
            let (sha256, name) = named.split_once('/').ok_or_else(refused)?;
            let path = upload_path(register, sha256, name).ok_or_else(refused)?;
            // A link could lead anywhere.
            let plain = path.symlink_metadata().is_ok_and(|found| found.is_file());
            if !plain {
                return Err(refused());
            }
            path.to_str().map(str::to_owned).ok_or_else(refused)
        };
        self.words.iter().map(resolve).collect()
    }
}

/// A flag that has been read and what it still takes.
type Expected = Option<(&'static str, Takes)>;

/// Reads one word; `None` if it may not stand here.
fn step(command: &Command, expected: Expected, word: &str, source: Source) -> Option<Expected> {
    let values = matches!(expected, Some((_, Takes::Values))) && !word.starts_with('-');
    if values || matches!(expected, Some((_, Takes::Value))) {
        // It would become the path of a file on this machine.
        if word.starts_with("upload:") {
            return None;
        }
        if values {
            return Some(expected);
        }
        // Numbers may be negative; anything else with a hyphen would be read as a flag.
        let number = word.parse::<f64>().is_ok();
        return (!word.starts_with('-') || number).then_some(None);
    }
    if word.starts_with('-') {
        if let Some((_, Takes::LocalFile)) = expected {
            return None;
        }
        let (name, value) = word.split_once('=').map_or((word, None), |(n, v)| (n, Some(v)));
        let (flag, takes) = command.flags.iter().find(|(flag, _)| *flag == name).copied()?;
        if takes == Takes::LocalFile && source == Source::Remote {
            return None;
        }
        return match (takes, value) {
            (Takes::Nothing, None) | (Takes::Value | Takes::Values | Takes::LocalFile, Some(_)) => {
                Some(None)
            }
            // A file is a word of its own, so that it can be replaced by its path.
            (Takes::Nothing | Takes::Files, Some(_)) => None,
            (takes, None) => Some(Some((flag, takes))),
        };
    }
    match expected {
        Some((_, Takes::LocalFile)) => (!word.starts_with("upload:")).then_some(None),
        Some((flag, Takes::Files)) => may_name(word, source).then_some(Some((flag, Takes::Files))),
        _ => (command.takes_file && may_name(word, source)).then_some(None),
    }
}

/// Whether a job from there may name this file.
fn may_name(file: &str, source: Source) -> bool {
    match file.strip_prefix("upload:") {
        Some(named) => named
            .split_once('/')
            .is_some_and(|(sha256, name)| upload_path(Path::new("r"), sha256, name).is_some()),
        None => source == Source::Local,
    }
}

/// Where an uploaded file of the register at `register` lies, or will lie:
/// `<register>.files/<sha256>/<name>`. `None` if the digest is not 64 small hexadecimal digits
/// or the name is not that of a plain file.
#[must_use]
pub fn upload_path(register: &Path, sha256: &str, name: &str) -> Option<PathBuf> {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let digest = sha256.len() == 64 && sha256.bytes().all(digit);
    let plain = !name.is_empty()
        && name.len() <= 200
        && !name.starts_with(['.', '-'])
        && !name.chars().any(|letter| letter.is_control() || matches!(letter, '/' | '\\'));
    (digest && plain).then(|| beside(register, ".files").join(sha256).join(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn check(line: &str, source: Source) -> Result<JobWords, RegisterError> {
        let words = line.replace("D/", &format!("{DIGEST}/"));
        JobWords::check(words.split(' ').map(str::to_owned).collect(), source)
    }

    #[test]
    fn a_remote_job_names_uploads_only() {
        for line in [
            "import upload:D/a.geojson --layer a",
            "import --layer=a upload:D/樹木.zip --encoding cp932 --fictional",
            "import upload:D/a --layer a --restricted-field 所有者 連絡先 --audience prefecture owner",
            "flood rain --grib upload:D/a.bin upload:D/b.bin --force",
        ] {
            assert!(check(line, Source::Remote).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_is_not_on_the_list_is_refused() {
        for line in [
            "",
            "register erase a",
            "work",
            "flood",
            "import /etc/passwd --layer a",
            "import a.geojson --layer a",
            "import upload:D/../x --layer a",
            "import upload:D/.x --layer a",
            "import upload:d/x --layer a",
            "import upload:D/a/b --layer a",
            "import upload:D/a --layer",
            "import upload:D/a --layer --store",
            "import upload:D/a --layer a --store /s",
            "import upload:D/a --layer a --store=/s",
            "import upload:D/a --layer a --out /s",
            "import upload:D/a --layer a --register r",
            "import upload:D/a --layer a --region r",
            "import upload:D/a --layer a --region=r",
            "import upload:D/a --layer a --audience prefecture upload:D/b",
            "import upload:D/a --layer a --licence upload:D/b",
            "flood rain --grib=upload:D/a.bin",
            "import upload:D/a --layer a -q",
            "import upload:D/a --layer a --",
            "import upload:D/a --layer a --fictional=1",
            "import upload:D/a --layer -- --store=/s",
            "flood rain --grib a.bin",
            "flood rain --grib=a.bin",
            "flood rain upload:D/a.bin",
            "flood rain --grib upload:D/a.bin --region /r",
        ] {
            let refused = check(line, Source::Remote);
            assert!(matches!(refused, Err(RegisterError::JobRefused { .. })), "{line}");
        }
    }

    #[test]
    fn a_local_job_names_any_file_but_no_target() {
        for line in ["import a.geojson --layer a --region r.toml", "flood rain --grib a --region r"]
        {
            assert!(check(line, Source::Local).is_ok(), "{line}");
        }
        for line in
            ["import a --layer a --out b", "import a --layer a --store b", "import a --out=b"]
        {
            assert!(check(line, Source::Local).is_err(), "{line}");
        }
    }

    proptest! {
        /// Whatever is accepted from outside, the words never lead out of the folder of uploads.
        #[test]
        fn no_remote_word_leads_elsewhere(name in r"[./a-z\\~-]{1,12}") {
            let line = format!("import upload:D/{name} --layer a");
            if check(&line, Source::Remote).is_ok() {
                let path = upload_path(Path::new("/r/x.sqlite"), DIGEST, &name).unwrap();
                let folder = Path::new("/r/x.sqlite.files").join(DIGEST);
                prop_assert_eq!(path.parent(), Some(folder.as_path()));
                prop_assert_eq!(path.components().count(), folder.components().count() + 1);
            }
        }
    }
}
