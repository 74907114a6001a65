//! `jomo register`: the file that people's edits, accounts and jobs live in.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jomo_register::{
    ChainReport, KeepDays, Manifest, MasterKey, OPERATOR, Register, RegisterError, Uuid,
};
use serde_json::json;

use crate::failure::{CommandError, Exit, Failure};
use crate::outcome::{Outcome, Status};
use crate::run::Context;
use crate::source::read_bounded;

/// Largest file of periods in bytes.
const KEEP_MAX: u64 = 64 << 10;

/// What a file of periods may hold.
const KEEP_FORM: &str = "jobs = 90, uploads = 30, outbox = 90, read_log = 1095, \
    deleted_records = 365, [deleted_records_of] note = 365";

/// Which register, and the key of its personal values.
#[derive(Debug, Args)]
pub struct RegisterFlags {
    /// The register.
    #[arg(long)]
    pub register: PathBuf,
    /// The key file; without it names and other personal values are absent.
    #[arg(long)]
    pub key_file: Option<PathBuf>,
}

impl RegisterFlags {
    /// Opens the register.
    ///
    /// # Errors
    /// If it or the key file cannot be used.
    pub fn open(&self) -> Result<Register, Failure> {
        let key = self
            .key_file
            .as_deref()
            .map(|path| MasterKey::read(path).map_err(|fault| Failure::from(fault).at(path)));
        let key = key.transpose()?;
        Register::open(&self.register, key).map_err(|fault| Failure::from(fault).at(&self.register))
    }
}

/// Commands on the register itself.
#[derive(Debug, Subcommand)]
pub enum RegisterCommand {
    /// Make an empty register, and the key file if it is named and not there.
    Create {
        /// Where.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// Check pages, references, every edit of the chain and every row.
    Verify {
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
        /// A backup whose chain must be the beginning of this one.
        #[arg(long)]
        since: Option<PathBuf>,
    },
    /// Copy the register into a new folder while others go on writing.
    Backup {
        /// The folder.
        dir: PathBuf,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// Verify a backup and put it where there is no register.
    Restore {
        /// The folder of the backup.
        dir: PathBuf,
        /// Where to.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// Destroy a person's values, credentials and login for good.
    Erase {
        /// Login of the person, or the id of another subject of personal values.
        login: String,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// Remove what has been kept long enough.
    Purge {
        /// File with the periods in days; without it those of the documentation.
        #[arg(long)]
        keep: Option<PathBuf>,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// List who has read a person's values.
    Readings {
        /// Login of the person, or the id of another subject of personal values.
        login: String,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
}

/// Runs a command on the register itself.
///
/// # Errors
/// Those of the register.
pub fn run(command: RegisterCommand, context: &Context) -> Result<Outcome, Failure> {
    if context.dry_run {
        return Ok(Outcome::new(Status::DryRun));
    }
    match command {
        RegisterCommand::Create { at } => create(&at, context),
        RegisterCommand::Verify { at, since } => verify(&at, since.as_deref()),
        RegisterCommand::Backup { dir, at } => {
            let manifest = at.open()?.backup(&dir, context.now)?;
            Ok(of_manifest("register-backed-up", &dir, &manifest))
        }
        RegisterCommand::Restore { dir, at } => {
            let manifest = Register::restore(&dir, &at.register)?;
            Ok(of_manifest("register-restored", &at.register, &manifest))
        }
        RegisterCommand::Erase { login, at } => {
            let mut register = at.open()?;
            match person_or_subject(&register, &login)? {
                Subject::Person(id) => register.erase(id, OPERATOR, context.now)?,
                Subject::Other(id) => register.erase_subject(id)?,
            }
            Ok(Outcome::new(Status::Done).telling("register-erased-told", &[("login", login)]))
        }
        RegisterCommand::Purge { keep, at } => purge(keep.as_deref(), &at, context),
        RegisterCommand::Readings { login, at } => {
            let register = at.open()?;
            let (Subject::Person(id) | Subject::Other(id)) = person_or_subject(&register, &login)?;
            let readings = register.readings(id)?;
            let mut outcome = Outcome::new(Status::Done);
            outcome.lines =
                readings.iter().map(|r| format!("{}\t{}\t{}", r.time, r.reader, r.place)).collect();
            outcome.more.insert("readings", json!(readings));
            Ok(outcome)
        }
    }
}

fn create(at: &RegisterFlags, context: &Context) -> Result<Outcome, Failure> {
    let made = match &at.key_file {
        // Also a link that leads nowhere is somebody's.
        Some(path) if path.symlink_metadata().is_err() => {
            MasterKey::generate(path)?;
            true
        }
        _ => false,
    };
    Register::create(&at.register, context.now)?;
    // Bound to the key from the beginning.
    at.open()?;
    let path = at.register.display().to_string();
    let mut outcome =
        Outcome::new(Status::Done).telling("register-created", &[("path", path.clone())]);
    if let (true, Some(key)) = (made, &at.key_file) {
        outcome = outcome.telling("register-key-made", &[("path", key.display().to_string())]);
    }
    outcome.more.insert("register", json!(path));
    Ok(outcome)
}

fn verify(at: &RegisterFlags, since: Option<&Path>) -> Result<Outcome, Failure> {
    let register = at.open()?;
    let checked = || {
        register.check_integrity()?;
        match since {
            None => register.verify_chain(),
            Some(dir) => register.verify_chain_since(&Manifest::read(dir)?.chain),
        }
    };
    let chain: ChainReport = checked().map_err(|fault| Failure::from(fault).at(&at.register))?;
    let arguments = [("edits", chain.edits.to_string()), ("head", chain.head.clone())];
    let mut outcome = Outcome::new(Status::Done).telling("register-verified", &arguments);
    outcome.more.insert("chain", json!(chain));
    Ok(outcome)
}

fn of_manifest(text: &'static str, path: &Path, manifest: &Manifest) -> Outcome {
    let arguments = [
        ("path", path.display().to_string()),
        ("edits", manifest.chain.edits.to_string()),
        ("bytes", manifest.bytes.to_string()),
    ];
    let mut outcome = Outcome::new(Status::Done).telling(text, &arguments);
    outcome.more.insert("manifest", json!(manifest));
    outcome
}

fn purge(keep: Option<&Path>, at: &RegisterFlags, context: &Context) -> Result<Outcome, Failure> {
    let keep = match keep {
        None => KeepDays::default(),
        Some(path) => {
            let bytes = read_bounded(path, KEEP_MAX)?;
            let text = String::from_utf8_lossy(&bytes);
            toml::from_str(&text).map_err(|fault: toml::de::Error| {
                // The parser's reason is English; the line and the form say it in any language.
                let before = fault.span().and_then(|span| text.get(..span.start)).unwrap_or("");
                let line = before.matches('\n').count() + 1;
                let value = format!("{}:{line}", path.display());
                let expected = KEEP_FORM.to_owned();
                Failure::input(path, CommandError::Flag { flag: "keep", value, expected })
            })?
        }
    };
    let report = at.open()?.purge(&keep, OPERATOR, context.now)?;
    let records: u64 = report.records.values().sum();
    let arguments = [
        ("records", records.to_string()),
        ("jobs", report.jobs.to_string()),
        ("uploads", report.uploads.to_string()),
    ];
    let mut outcome = Outcome::new(Status::Done).telling("register-purged", &arguments);
    outcome.more.insert("purged", json!(report));
    Ok(outcome)
}

/// Whose values a command is about.
enum Subject {
    Person(Uuid),
    Other(Uuid),
}

fn person_or_subject(register: &Register, word: &str) -> Result<Subject, Failure> {
    if let Some(person) = register.person(word)? {
        return Ok(Subject::Person(person.id));
    }
    let unknown = || unknown_login(word);
    let id = Uuid::parse_str(word).map_err(|_not_an_id| unknown())?;
    let person = register.people()?.into_iter().any(|person| person.id == id);
    Ok(if person { Subject::Person(id) } else { Subject::Other(id) })
}

/// The failure for a login that nobody has.
#[must_use]
pub fn unknown_login(login: &str) -> Failure {
    RegisterError::Unknown { kind: "login", id: login.to_owned() }.into()
}

impl From<RegisterError> for Failure {
    fn from(error: RegisterError) -> Self {
        let exit = match &error {
            RegisterError::Missing { .. }
            | RegisterError::Exists { .. }
            | RegisterError::Unknown { .. }
            | RegisterError::Taken { .. }
            | RegisterError::TooAlike { .. }
            | RegisterError::Erased { .. }
            | RegisterError::Invalid { .. }
            | RegisterError::Password { .. }
            | RegisterError::KeyNeeded
            | RegisterError::JobRefused { .. }
            | RegisterError::JobValue { .. }
            | RegisterError::JobIncomplete { .. }
            | RegisterError::JobRepeated { .. } => Exit::Usage,
            RegisterError::NotARegister { .. }
            | RegisterError::Newer { .. }
            | RegisterError::Schema { .. }
            | RegisterError::Damaged { .. }
            | RegisterError::KeyFile { .. }
            | RegisterError::KeyFileMode { .. }
            | RegisterError::WrongKey
            | RegisterError::ChainBroken { .. }
            | RegisterError::Backup { .. } => Exit::Input,
            RegisterError::LastAdministrator => Exit::Blocked,
            _ => Exit::Failed,
        };
        Self::new(exit, error)
    }
}

/// A word of a flag that is not one of those accepted.
#[must_use]
pub fn wrong_flag(flag: &'static str, value: &str, expected: &str) -> Failure {
    let (value, expected) = (value.to_owned(), expected.to_owned());
    Failure::new(Exit::Usage, CommandError::Flag { flag, value, expected })
}
