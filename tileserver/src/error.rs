//! Why the server does not start, or refuses a generation.

use std::io;
use std::net::SocketAddr;

use jomo_core::message::{Arguments, Coded};
use jomo_register::RegisterError;
use jomo_store::StoreError;
use jomo_words::UsageError;

use crate::clerk::ClerkError;

/// Why a generation is not served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A part of it cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It names a layer that the public may not see.
    #[error("layer {layer} may not be served in public")]
    NotPublic {
        /// The layer.
        layer: String,
    },
    /// An archive holds something else than vector tiles as gzip.
    #[error("the tiles of layer {layer} are not vector tiles as gzip")]
    TileForm {
        /// The layer.
        layer: String,
    },
    /// It names a live layer, and the clock is set by hand.
    #[error("layer {layer} is live, but the clock is set by --now")]
    LiveWithSetClock {
        /// The layer.
        layer: String,
    },
    /// Its id cannot stand in a header.
    #[error("{id:?} is no id of a generation")]
    Id {
        /// The id.
        id: String,
    },
    /// A generation was live, and now the store names none.
    #[error("the store names no live generation any more")]
    Vanished,
}

impl Coded for LoadError {
    fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::NotPublic { .. } => "server-not-public",
            Self::TileForm { .. } => "server-tile-form",
            Self::LiveWithSetClock { .. } => "server-now-with-live-layer",
            Self::Id { .. } => "server-generation-id",
            Self::Vanished => "server-generation-vanished",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Store(error) => error.arguments(),
            Self::NotPublic { layer }
            | Self::TileForm { layer }
            | Self::LiveWithSetClock { layer } => {
                vec![("layer", layer.clone())]
            }
            Self::Id { id } => vec![("id", id.clone())],
            Self::Vanished => Vec::new(),
        }
    }
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The store or its live generation.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The register or its key.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// Something else listens at the address.
    #[error("address {address} is in use")]
    AddressInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The operating system refuses the address.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Its reason.
        #[source]
        source: io::Error,
    },
    /// The operating system refuses a thread or a signal.
    #[error("cannot start: {source}")]
    System {
        /// Its reason.
        #[source]
        source: io::Error,
    },
    /// The command line is not as documented.
    #[error(transparent)]
    Usage(#[from] UsageError),
}

impl StartError {
    /// The exit code: 2 for wrong use, 1 for everything else.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Load(LoadError::LiveWithSetClock { .. }) => 2,
            _ => 1,
        }
    }
}

impl From<ClerkError> for StartError {
    fn from(error: ClerkError) -> Self {
        match error {
            ClerkError::Register(error) => Self::Register(error),
            ClerkError::Thread(source) => Self::System { source },
        }
    }
}

impl Coded for StartError {
    fn code(&self) -> &'static str {
        match self {
            Self::Load(error) => error.code(),
            Self::Register(error) => error.code(),
            Self::AddressInUse { .. } => "server-address-in-use",
            Self::Listen { .. } => "server-listen",
            Self::System { .. } => "server-system",
            Self::Usage(error) => error.code(),
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Load(error) => error.arguments(),
            Self::Register(error) => error.arguments(),
            Self::AddressInUse { address } => {
                vec![("address", address.to_string()), ("port", address.port().to_string())]
            }
            Self::Listen { address, source } => {
                vec![("address", address.to_string()), ("reason", source.to_string())]
            }
            Self::System { source } => vec![("reason", source.to_string())],
            Self::Usage(error) => error.arguments(),
        }
    }
}
