//! How a command ends badly: an exit code, the place, and errors that can be told.

use std::path::Path;
use std::process::ExitCode;

use jomo_core::message::{Arguments, Coded};
use jomo_store::StoreError;
use jomo_words::{Language, coded_json, lines, tell};
use serde_json::json;

/// Exit codes of every command (`docs/spec/cli.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Wrong use.
    Usage = 2,
    /// The input is invalid.
    Input = 3,
    /// Done, but features were kept out.
    Faults = 4,
    /// Stale, or blocked for safety.
    Blocked = 5,
    /// Interrupted.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that can be told and sent to another thread.
pub type BoxedError = Box<dyn Coded + Send + Sync>;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The file or folder concerned.
    pub place: Option<String>,
    /// What is wrong, all of it.
    pub errors: Vec<BoxedError>,
    /// Whether the record of the failed run has been written.
    pub recorded: bool,
}

impl Failure {
    /// A failure with one error.
    pub fn new(exit: Exit, error: impl Coded + Send + Sync + 'static) -> Self {
        Self { exit, place: None, errors: vec![Box::new(error)], recorded: false }
    }

    /// An input file that cannot be used.
    pub fn input(path: &Path, error: impl Coded + Send + Sync + 'static) -> Self {
        Self::new(Exit::Input, error).at(path)
    }

    /// The same failure with its place.
    #[must_use]
    pub fn at(mut self, path: &Path) -> Self {
        self.place = Some(path.display().to_string());
        self
    }

    /// The failure as text for people.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let one = |error: &BoxedError| {
            let mut told = tell(language, error.as_ref());
            if let Some(place) = error.place().or(self.place.as_deref())
                && !told.detail.contains(place)
            {
                told.detail = format!("{place}: {}", told.detail);
            }
            told
        };
        lines(language, &self.errors.iter().map(one).collect::<Vec<_>>()).join("\n")
    }

    /// The failure as data.
    #[must_use]
    pub fn json(&self, language: Language) -> serde_json::Value {
        let one = |error: &BoxedError| {
            let mut told = coded_json(language, error.as_ref());
            if let Some(place) = error.place() {
                told["place"] = json!(place);
            }
            told
        };
        let errors: Vec<_> = self.errors.iter().map(one).collect();
        json!({ "status": "failed", "place": self.place, "errors": errors })
    }
}

/// One of several errors, with the file that it is about.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {error}")]
pub struct Placed {
    /// The file.
    pub place: String,
    /// What is wrong with it.
    pub error: BoxedError,
}

impl Coded for Placed {
    fn code(&self) -> &'static str {
        self.error.code()
    }

    fn arguments(&self) -> Arguments {
        self.error.arguments()
    }

    fn place(&self) -> Option<&str> {
        Some(&self.place)
    }

    fn hint(&self) -> Option<&'static str> {
        self.error.hint()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match &error {
            StoreError::Missing { .. } | StoreError::NoGeneration { .. } => Exit::Usage,
            StoreError::Document { .. }
            | StoreError::Tiles { .. }
            | StoreError::Content { .. }
            | StoreError::NothingStaged { .. } => Exit::Input,
            StoreError::NotPublic { .. }
            | StoreError::Moved { .. }
            | StoreError::Expired { .. }
            | StoreError::Older { .. }
            | StoreError::OtherAccess { .. }
            | StoreError::RollbackWithdrawn { .. }
            | StoreError::RollbackAudience { .. }
            | StoreError::Withdrawn { .. }
            | StoreError::RollbackStale { .. } => Exit::Blocked,
            _ => Exit::Failed,
        };
        Self::new(exit, error)
    }
}

/// Errors of the command line itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// A file or folder could not be read or written.
    #[error("{path}: {reason}")]
    Io {
        /// The file or folder.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// A file is too large to be what is expected.
    #[error("{path} has {bytes} bytes, more than {limit}")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Not a plain file: a folder, a pipe, a device.
    #[error("{path} is not a plain file")]
    NotAFile {
        /// The path.
        path: String,
    },
    /// Neither `--store` nor `--out` was given, or both.
    #[error("give either --store or --out")]
    NoTarget,
    /// `--out` names a folder that is not one of ours.
    #[error("{path} exists and holds no run.json of `{command}`")]
    OutOccupied {
        /// The folder.
        path: String,
        /// The command.
        command: String,
    },
    /// A file that is to be written is there and was not made by the same command.
    #[error("{path} exists and is another kind of file")]
    FileOccupied {
        /// The file.
        path: String,
    },
    /// The name of a folder that a run needs beside `--out` is taken by something else.
    #[error("{path} exists and was not left by a run")]
    PartOccupied {
        /// The folder.
        path: String,
    },
    /// Another run is filling the folder that a run needs beside `--out`.
    #[error("another run is filling {path}")]
    PartBusy {
        /// The folder.
        path: String,
    },
    /// A layer id is not plain.
    #[error("{id:?} cannot be a layer id")]
    LayerId {
        /// The id as given.
        id: String,
    },
    /// A value of a flag is not one of those accepted.
    #[error("--{flag} {value:?}: expected {expected}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// Its value.
        value: String,
        /// What is accepted.
        expected: String,
    },
    /// The file is in another CRS than lon/lat.
    #[error("the file is in EPSG:{epsg}")]
    Crs {
        /// Its EPSG code.
        epsg: u32,
    },
    /// Nothing in the file can be used.
    #[error("no usable feature among {seen}")]
    Empty {
        /// Features seen.
        seen: u64,
    },
    /// An id cannot be used.
    #[error(transparent)]
    Id(#[from] jomo_core::feature::IdError),
    /// Tiles could not be built.
    #[error("tiles: {reason}")]
    Tiles {
        /// Why.
        reason: String,
    },
    /// The thread pool could not be made.
    #[error("threads: {reason}")]
    Threads {
        /// Why.
        reason: String,
    },
}

impl CommandError {
    /// The system refused `path`.
    #[must_use]
    pub fn io(path: &Path, source: &std::io::Error) -> Self {
        Self::Io { path: path.display().to_string(), reason: source.to_string() }
    }
}

impl Coded for CommandError {
    fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "cli-io",
            Self::TooLarge { .. } => "cli-too-large",
            Self::NotAFile { .. } => "cli-not-a-file",
            Self::NoTarget => "cli-no-target",
            Self::OutOccupied { .. } => "cli-out-occupied",
            Self::FileOccupied { .. } => "cli-file-occupied",
            Self::PartOccupied { .. } => "cli-part-occupied",
            Self::PartBusy { .. } => "cli-part-busy",
            Self::LayerId { .. } => "cli-layer-id",
            Self::Flag { .. } => "cli-flag",
            Self::Crs { .. } => "cli-crs",
            Self::Empty { .. } => "cli-empty",
            Self::Id(_) => "cli-id",
            Self::Tiles { .. } => "cli-tiles",
            Self::Threads { .. } => "cli-threads",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Io { path, reason } => vec![("path", path.clone()), ("reason", reason.clone())],
            Self::TooLarge { path, bytes, limit } => vec![
                ("path", path.clone()),
                ("bytes", bytes.to_string()),
                ("limit", limit.to_string()),
            ],
            Self::NotAFile { path }
            | Self::FileOccupied { path }
            | Self::PartOccupied { path }
            | Self::PartBusy { path } => vec![("path", path.clone())],
            Self::NoTarget => Vec::new(),
            Self::OutOccupied { path, command } => {
                vec![("path", path.clone()), ("command", command.clone())]
            }
            Self::LayerId { id } => vec![("id", id.clone())],
            Self::Flag { flag, value, expected } => vec![
                ("flag", (*flag).to_owned()),
                ("value", value.clone()),
                ("expected", expected.clone()),
            ],
            Self::Crs { epsg } => vec![("epsg", epsg.to_string())],
            Self::Empty { seen } => vec![("seen", seen.to_string())],
            Self::Id(fault) => vec![("reason", fault.to_string())],
            Self::Tiles { reason } | Self::Threads { reason } => vec![("reason", reason.clone())],
        }
    }
}
