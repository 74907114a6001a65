//! Why an archive cannot be used.

use jomo_core::message::{Arguments, Coded, Names};
use zip::result::ZipError;

/// Why an archive cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// Too many entries.
    #[error("{found} entries or more, at most {limit} are read")]
    Entries {
        /// As announced; 65,535 in archives of the larger form.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// The parts are too large together.
    #[error("more than {limit} bytes when unpacked")]
    Size {
        /// The limit.
        limit: u64,
    },
    /// A part grows too much: a bomb.
    #[error("a part grows to more than {limit} times its packed size")]
    Ratio {
        /// The limit.
        limit: u64,
    },
    /// A part needs a password.
    #[error("the archive is encrypted")]
    Encrypted,
    /// The archive is damaged or none.
    #[error("no sound zip archive: {reason}")]
    Broken {
        /// What is wrong, in words that `words/terms.ftl` has too, or the system's reason.
        reason: String,
    },
    /// Only further archives inside.
    #[error("archives within the archive are not opened: {found}", found = Names(found))]
    Nested {
        /// The entries.
        found: Vec<String>,
    },
    /// Nothing that can be read inside.
    #[error("no data that can be read in the archive: {found}", found = Names(found))]
    NoData {
        /// The entries.
        found: Vec<String>,
    },
}

impl From<&ZipError> for ArchiveError {
    fn from(fault: &ZipError) -> Self {
        let reason = match fault {
            ZipError::Io(fault) => return Self::of_part(fault),
            ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
                "it is packed in a way that is not read"
            }
            _ => "it is no whole zip",
        };
        Self::Broken { reason: reason.to_owned() }
    }
}

impl ArchiveError {
    /// A part could not be unpacked: the system refused, or the bytes are damaged.
    pub(super) fn of_part(fault: &std::io::Error) -> Self {
        let reason = match fault.raw_os_error() {
            Some(_) => fault.to_string(),
            None => "a part cannot be unpacked".to_owned(),
        };
        Self::Broken { reason }
    }
}

impl Coded for ArchiveError {
    fn code(&self) -> &'static str {
        match self {
            Self::Entries { .. } => "archive-entries",
            Self::Size { .. } => "archive-size",
            Self::Ratio { .. } => "archive-ratio",
            Self::Encrypted => "archive-encrypted",
            Self::Broken { .. } => "archive-broken",
            Self::Nested { .. } => "archive-nested",
            Self::NoData { .. } => "archive-no-data",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Entries { found, limit } => {
                vec![("found", found.to_string()), ("limit", limit.to_string())]
            }
            Self::Size { limit } | Self::Ratio { limit } => vec![("limit", limit.to_string())],
            Self::Encrypted => Vec::new(),
            Self::Broken { reason } => vec![("reason", reason.clone())],
            Self::Nested { found } | Self::NoData { found } => {
                vec![("found", Names(found).shown()), ("more", Names(found).more())]
            }
        }
    }
}
