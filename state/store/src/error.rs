//! Why the store could not be read or changed.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jomo_core::message::{Arguments, Coded};
use jomo_format::pmtiles::PmTilesError;

/// Why the store could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no store at this place.
    #[error("no store at {}", path.display())]
    Missing {
        /// The folder as given.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Its reason.
        #[source]
        source: io::Error,
    },
    /// A document of the store is not what the specification says.
    #[error("{}: {reason}", path.display())]
    Document {
        /// The document.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An archive of tiles cannot be read.
    #[error("{}: {source}", path.display())]
    Tiles {
        /// The archive.
        path: PathBuf,
        /// Why.
        #[source]
        source: PmTilesError,
    },
    /// A staged file differs from what its `layer.json` says.
    #[error("{}: layer.json says {expected}, found {found}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Size or hash as stated.
        expected: String,
        /// Size or hash as found.
        found: String,
    },
    /// Another process is publishing.
    #[error("another process has locked {}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A layer has been published by somebody else since the run began.
    #[error("layer {layer} moved from generation {base:?} to {current:?} since the run began")]
    Moved {
        /// The layer.
        layer: String,
        /// The generation that the run began with.
        base: Option<String>,
        /// The live generation.
        current: Option<String>,
    },
    /// The law does not let this layer stand in the public store.
    #[error("layer {layer} is a computed forecast and cannot be public")]
    NotPublic {
        /// The layer.
        layer: String,
    },
    /// The same layer is staged or published with another access.
    #[error("layer {layer} is published with another access")]
    OtherAccess {
        /// The layer.
        layer: String,
    },
    /// A live layer whose validity is over.
    #[error("layer {layer} expired at {expired}")]
    Expired {
        /// The layer.
        layer: String,
        /// When it expired.
        expired: Timestamp,
    },
    /// A live layer that is still valid would be replaced by an older one.
    #[error("layer {layer} of {reference} is older than the live one of {live}")]
    Older {
        /// The layer.
        layer: String,
        /// Reference time of the staged layer.
        reference: Timestamp,
        /// Reference time of the live layer.
        live: Timestamp,
    },
    /// The public version of a layer holds what only signed-in readers may see.
    #[error("the public version of {layer} holds {part}")]
    NotForPublic {
        /// The layer.
        layer: String,
        /// The field, or where it is used.
        part: String,
    },
    /// The public and the restricted version of a layer are not of one run.
    #[error("the versions of layer {layer} differ in {part}")]
    UnequalPair {
        /// The layer.
        layer: String,
        /// The key of `layer.json`.
        part: &'static str,
    },
    /// An address that names no store.
    #[error("{}: {reason}", path.display())]
    Address {
        /// The address as given.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An object store refuses or does not answer.
    #[error("{}: {reason}", path.display())]
    Unreachable {
        /// The object.
        path: PathBuf,
        /// Its reason.
        reason: String,
    },
    /// There is no such object.
    #[error("no object at {}", path.display())]
    NoObject {
        /// The object.
        path: PathBuf,
    },
    /// Other writers were faster every time.
    #[error("{}: other writers were faster {tries} times", path.display())]
    Contended {
        /// The document that all of them replace.
        path: PathBuf,
        /// How often this was tried.
        tries: u32,
    },
    /// Nothing is staged.
    #[error("nothing is staged in {}", path.display())]
    NothingStaged {
        /// The stage.
        path: PathBuf,
    },
    /// There is no such generation to go back to.
    #[error("there is no generation {id:?} to go back to")]
    NoGeneration {
        /// The generation as asked for; `None`: the live one has no predecessor.
        id: Option<String>,
    },
    /// Going back would make an expired live layer current.
    #[error("layer {layer} of generation {generation} expired at {expired}")]
    RollbackStale {
        /// The layer.
        layer: String,
        /// The generation asked for.
        generation: String,
        /// When it expired.
        expired: Timestamp,
    },
    /// Going back would show what has become restricted since.
    #[error("layer {layer} has been restricted further since generation {generation}")]
    RollbackWithdrawn {
        /// The layer.
        layer: String,
        /// The generation asked for.
        generation: String,
    },
    /// Going back would show a restricted layer to people who have lost it since.
    #[error("layer {layer} is for fewer people since generation {generation}")]
    RollbackAudience {
        /// The layer.
        layer: String,
        /// The public generation asked for.
        generation: String,
    },
    /// A staged version shows what has become restricted since it was made, or is for people who
    /// have lost the layer since.
    #[error("version {version} of layer {layer} has been withdrawn")]
    Withdrawn {
        /// The layer.
        layer: String,
        /// The version.
        version: String,
    },
    /// A withdrawn version is on the list that readers obey, but its files are still there.
    #[error("files of withdrawn versions of layer {layer} are still there: {reason}")]
    Unremoved {
        /// The layer.
        layer: String,
        /// Why they could not be removed.
        reason: String,
    },
}

impl StoreError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn document(path: &Path, reason: &impl ToString) -> Self {
        Self::Document { path: path.to_owned(), reason: reason.to_string() }
    }
}

impl Coded for StoreError {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "store-missing",
            Self::Io { .. } => "store-io",
            Self::Document { .. } => "store-document",
            Self::Tiles { .. } => "store-tiles",
            Self::Content { .. } => "store-content",
            Self::Locked { .. } => "store-locked",
            Self::Moved { .. } => "store-moved",
            Self::NotPublic { .. } => "store-not-public",
            Self::OtherAccess { .. } => "store-other-access",
            Self::Expired { .. } => "store-expired",
            Self::Older { .. } => "store-older",
            Self::NotForPublic { .. } => "store-not-for-public",
            Self::UnequalPair { .. } => "store-unequal-pair",
            Self::Address { .. } => "store-address",
            Self::Unreachable { .. } => "store-unreachable",
            Self::NoObject { .. } => "store-no-object",
            Self::Contended { .. } => "store-contended",
            Self::NothingStaged { .. } => "store-nothing-staged",
            Self::NoGeneration { .. } => "store-no-generation",
            Self::RollbackStale { .. } => "store-rollback-stale",
            Self::RollbackWithdrawn { .. } => "store-rollback-withdrawn",
            Self::RollbackAudience { .. } => "store-rollback-audience",
            Self::Withdrawn { .. } => "store-withdrawn",
            Self::Unremoved { .. } => "store-unremoved",
        }
    }

    fn arguments(&self) -> Arguments {
        let shown = |path: &Path| path.display().to_string();
        let or_none = |id: &Option<String>| id.clone().unwrap_or_else(|| "-".to_owned());
        match self {
            Self::Missing { path }
            | Self::Locked { path }
            | Self::NoObject { path }
            | Self::NothingStaged { path } => vec![("path", shown(path))],
            Self::Io { path, source } => {
                vec![("path", shown(path)), ("reason", source.to_string())]
            }
            Self::Document { path, reason }
            | Self::Address { path, reason }
            | Self::Unreachable { path, reason } => {
                vec![("path", shown(path)), ("reason", reason.clone())]
            }
            Self::Contended { path, tries } => {
                vec![("path", shown(path)), ("tries", tries.to_string())]
            }
            Self::NotForPublic { layer, part } => {
                vec![("layer", layer.clone()), ("part", part.clone())]
            }
            Self::UnequalPair { layer, part } => {
                vec![("layer", layer.clone()), ("part", (*part).to_owned())]
            }
            Self::Tiles { path, source } => {
                vec![("path", shown(path)), ("reason", source.to_string())]
            }
            Self::Content { path, expected, found } => vec![
                ("path", shown(path)),
                ("expected", expected.clone()),
                ("found", found.clone()),
            ],
            Self::Moved { layer, base, current } => vec![
                ("layer", layer.clone()),
                ("base", or_none(base)),
                ("current", or_none(current)),
            ],
            Self::NotPublic { layer } | Self::OtherAccess { layer } => {
                vec![("layer", layer.clone())]
            }
            Self::Expired { layer, expired } => {
                vec![("layer", layer.clone()), ("expired", jomo_core::time::jst_text(*expired))]
            }
            Self::Older { layer, reference, live } => vec![
                ("layer", layer.clone()),
                ("reference", jomo_core::time::jst_text(*reference)),
                ("live", jomo_core::time::jst_text(*live)),
            ],
            Self::NoGeneration { id } => vec![("id", or_none(id))],
            Self::RollbackWithdrawn { layer, generation }
            | Self::RollbackAudience { layer, generation } => {
                vec![("layer", layer.clone()), ("generation", generation.clone())]
            }
            Self::Withdrawn { layer, version } => {
                vec![("layer", layer.clone()), ("version", version.clone())]
            }
            Self::Unremoved { layer, reason } => {
                vec![("layer", layer.clone()), ("reason", reason.clone())]
            }
            Self::RollbackStale { layer, generation, expired } => vec![
                ("layer", layer.clone()),
                ("generation", generation.clone()),
                ("expired", jomo_core::time::jst_text(*expired)),
            ],
        }
    }
}
