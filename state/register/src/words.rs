//! Which command lines may be queued as jobs.
//!
//! A list of what is allowed, not of what is not: a flag that is added to a command later is
//! refused until somebody has thought about it here. What is allowed is read as the command itself
//! would read it, so that nothing waits in the queue only to be refused.

mod flags;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::flags::{COMMANDS, Command, Flag, MAX_ZOOM, Takes, Value, zoom};
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

/// Longest command line and longest word in bytes.
const WORDS_MAX: usize = 200;
const WORD_MAX: usize = 1_024;

/// Words that may be queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobWords {
    pub(crate) kind: &'static str,
    pub(crate) words: Vec<String>,
    pub(crate) source: Source,
}

impl JobWords {
    /// Accepts only commands and flags of the list, with values that the command takes, and for
    /// [`Source::Remote`] only `upload:<sha256>/<name>` where a file is named.
    ///
    /// # Errors
    /// [`RegisterError::JobRefused`] with the word that is refused, [`RegisterError::JobValue`],
    /// [`RegisterError::JobRepeated`] and [`RegisterError::JobIncomplete`] with the flag.
    pub fn check(words: Vec<String>, source: Source) -> Result<Self, RegisterError> {
        let odd = |word: &String| {
            word.is_empty() || WORD_MAX < word.len() || word.chars().any(char::is_control)
        };
        if let Some(word) = words.iter().find(|word| odd(word)) {
            return Err(refused(word));
        }
        let begins = |command: &&Command| {
            let name: Vec<&str> = command.name.split(' ').collect();
            words.len() <= WORDS_MAX
                && words.iter().map(String::as_str).take(name.len()).eq(name.iter().copied())
        };
        let Some(command) = COMMANDS.iter().find(begins) else {
            return Err(refused(&words.join(" ")));
        };
        let mut reading = Reading::new(command, source);
        for word in words.iter().skip(command.name.split(' ').count()) {
            reading.word(word)?;
        }
        reading.end()?;
        Ok(Self { kind: command.name, words, source })
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
    /// [`RegisterError::UploadMissing`] for a file that is not there or not a plain file.
    pub fn resolve(&self, register: &Path) -> Result<Vec<String>, RegisterError> {
        let resolve = |word: &String| {
            let Some(named) = word.strip_prefix("upload:") else { return Ok(word.clone()) };
            let (sha256, name) = named.split_once('/').ok_or_else(|| refused(word))?;
            let path = upload_path(register, sha256, name).ok_or_else(|| refused(word))?;
            // A link could lead anywhere.
            let plain = path.symlink_metadata().is_ok_and(|found| found.is_file());
            if !plain {
                return Err(RegisterError::UploadMissing { name: name.to_owned() });
            }
            path.to_str().map(str::to_owned).ok_or_else(|| refused(word))
        };
        self.words.iter().map(resolve).collect()
    }
}

/// A refusal that shows the beginning of a word: a hostile one may be long.
fn refused(word: &str) -> RegisterError {
    RegisterError::JobRefused { word: beginning(word) }
}

fn beginning(word: &str) -> String {
    word.chars().filter(|letter| !letter.is_control()).take(80).collect()
}

fn value_refused(flag: &Flag, value: &str, expected: &str) -> RegisterError {
    let (value, expected) = (beginning(value), expected.to_owned());
    RegisterError::JobValue { flag: flag.name, value, expected }
}

/// A command line as far as it has been read.
struct Reading {
    command: &'static Command,
    source: Source,
    /// The last flag, and how many words it has taken, while it may take one.
    open: Option<(&'static Flag, usize)>,
    /// Flags that have stood.
    seen: Vec<&'static str>,
    has_file: bool,
    /// Lowest and highest zoom as given.
    zooms: [Option<u8>; 2],
}

impl Reading {
    fn new(command: &'static Command, source: Source) -> Self {
        let (seen, zooms) = (Vec::new(), [None; 2]);
        Self { command, source, open: None, seen, has_file: false, zooms }
    }

    fn word(&mut self, word: &str) -> Result<(), RegisterError> {
        if word.starts_with('-') {
            self.close()?;
            return self.flag(word);
        }
        let Some((flag, taken)) = self.open.take() else { return self.file(word) };
        match flag.takes {
            Takes::Nothing => return self.file(word),
            Takes::One(value) => self.value(flag, value, word)?,
            Takes::Many(value) => {
                self.value(flag, value, word)?;
                self.open = Some((flag, taken + 1));
            }
            Takes::Files if may_name(word, self.source) => self.open = Some((flag, taken + 1)),
            Takes::LocalFile if !word.starts_with("upload:") => {}
            Takes::Files | Takes::LocalFile => return Err(refused(word)),
        }
        Ok(())
    }

    fn file(&mut self, word: &str) -> Result<(), RegisterError> {
        if self.has_file || !self.command.takes_file || !may_name(word, self.source) {
            return Err(refused(word));
        }
        self.has_file = true;
        Ok(())
    }

    fn flag(&mut self, word: &str) -> Result<(), RegisterError> {
        let (name, value) = word.split_once('=').map_or((word, None), |(n, v)| (n, Some(v)));
        let flag = self.command.flag(name).ok_or_else(|| refused(word))?;
        if flag.takes == Takes::LocalFile && self.source == Source::Remote {
            return Err(refused(word));
        }
        let may_repeat = matches!(flag.takes, Takes::Many(_) | Takes::Files);
        if self.seen.contains(&flag.name) && !may_repeat {
            return Err(RegisterError::JobRepeated { flag: flag.name });
        }
        self.seen.push(flag.name);
        match (flag.takes, value) {
            (Takes::Nothing, None) => Ok(()),
            (_, None) => {
                self.open = Some((flag, 0));
                Ok(())
            }
            (Takes::One(kind) | Takes::Many(kind), Some(value)) => self.value(flag, kind, value),
            (Takes::LocalFile, Some(value)) if !value.is_empty() => Ok(()),
            // A file is a word of its own, so that it can be replaced by its path.
            (Takes::Nothing | Takes::Files | Takes::LocalFile, Some(_)) => Err(refused(word)),
        }
    }

    fn value(&mut self, flag: &Flag, value: Value, text: &str) -> Result<(), RegisterError> {
        // It would become the path of a file on this machine.
        if text.starts_with("upload:") {
            return Err(refused(text));
        }
        if !value.accepts(text) {
            return Err(value_refused(flag, text, value.expected()));
        }
        match flag.name {
            "--min-zoom" => self.zooms[0] = zoom(text),
            "--max-zoom" => self.zooms[1] = zoom(text),
            _ => {}
        }
        Ok(())
    }

    /// The last flag gets no more words.
    fn close(&mut self) -> Result<(), RegisterError> {
        match self.open.take() {
            Some((flag, 0)) => {
                let expected = match flag.takes {
                    Takes::One(value) | Takes::Many(value) => value.expected(),
                    _ => "upload:<sha256>/<name>",
                };
                Err(value_refused(flag, "", expected))
            }
            _ => Ok(()),
        }
    }

    fn end(mut self) -> Result<(), RegisterError> {
        self.close()?;
        let missing = |missing| Err(RegisterError::JobIncomplete { missing });
        if self.command.takes_file && !self.has_file {
            return missing("upload:<sha256>/<name>");
        }
        let stood = |flag: &&str| self.seen.contains(flag);
        if let Some(flag) = self.command.required.iter().find(|flag| !stood(flag)) {
            return missing(flag);
        }
        for pair in self.command.together {
            if let (true, Some(flag)) = (pair.iter().any(&stood), pair.iter().find(|f| !stood(f))) {
                return missing(flag);
            }
        }
        // A region may say more of the zooms.
        let highest = self.zooms[1].or_else(|| (!stood(&"--region")).then_some(MAX_ZOOM));
        match (self.zooms[0], highest, self.command.flag("--min-zoom")) {
            (Some(low), Some(high), Some(flag)) if high < low => {
                Err(value_refused(flag, &low.to_string(), &format!("0..={high}")))
            }
            _ => Ok(()),
        }
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
    is_upload(sha256, name).then(|| beside(register, ".files").join(sha256).join(name))
}

/// Whether these are the digest and the name of an uploaded file.
pub(crate) fn is_upload(sha256: &str, name: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let digest = sha256.len() == 64 && sha256.bytes().all(digit);
    let plain = !name.is_empty()
        && name.len() <= 200
        && !name.starts_with(['.', '-'])
        && !name.chars().any(|letter| letter.is_control() || matches!(letter, '/' | '\\'));
    digest && plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use jomo_core::message::Coded as _;
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
            "import --x-field=東 --y-field 北 upload:D/a.csv --layer a --crs epsg:6677 --min-zoom 3",
            "import upload:D/a --layer a --audience owner --audience prefecture --title-ja=-5 --title-en b",
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
            "flood simulate upload:D/case.toml",
            "flood layers upload:D/run",
        ] {
            let code = check(line, Source::Remote).err().map(|refused| refused.code());
            let expected = ["job-refused", "job-value", "job-incomplete"];
            assert!(code.is_some_and(|code| expected.contains(&code)), "{line}: {code:?}");
        }
    }

    /// A command that could not run is refused with the word or flag that keeps it from running.
    #[test]
    fn what_could_not_run_is_refused() {
        let told = |line: &str| check(line, Source::Remote).unwrap_err().to_string();
        let lines = [
            "import upload:D/a",
            "import --layer a",
            "import upload:D/a upload:D/b --layer a",
            "import upload:D/a --layer a --layer b",
            "import upload:D/a --layer a --x-field x --lon-field x",
            "import upload:D/a --layer A",
            "import upload:D/a --layer a --min-zoom 99",
            "import upload:D/a --layer a --min-zoom 13",
            "import upload:D/a --layer a --min-zoom 9 --max-zoom 3",
            "import upload:D/a --layer a --audience --fictional",
            "import upload:D/a --layer a --audience nobody",
            "import upload:D/a --layer a --title-ja x",
            "import upload:D/a --layer a --crs four",
            "import upload:D/a --layer a --public-rows open",
            "import upload:D/a --layer a --id-field -5",
            "flood rain --force",
            "flood rain --grib",
        ];
        let all: Vec<String> = lines.into_iter().map(told).collect();
        let expected = [
            "a job lacks --layer",
            "a job lacks upload:<sha256>/<name>",
            &format!("a job may not contain \"upload:{DIGEST}/b\""),
            "a job may say --layer only once",
            "a job may say --lon-field only once",
            "--layer \"A\": expected [a-z][a-z0-9_]*, <= 64",
            "--min-zoom \"99\": expected 0..=16",
            "--min-zoom \"13\": expected 0..=12",
            "--min-zoom \"9\": expected 0..=3",
            "--audience \"\": expected prefecture, municipality, forestry-enterprise, road-contractor, co-creation, owner",
            "--audience \"nobody\": expected prefecture, municipality, forestry-enterprise, road-contractor, co-creation, owner",
            "a job lacks --title-en",
            "--crs \"four\": expected 4612, EPSG:4612",
            "--public-rows \"open\": expected FIELD=VALUE[,VALUE…]",
            "--id-field \"\": expected …",
            "a job lacks --grib",
            "--grib \"\": expected upload:<sha256>/<name>",
        ];
        assert_eq!(all, expected);
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
