//! The published store: immutable layer versions and one live generation per root.
//!
//! Readers see generation N or N+1, never a mix: a generation is a small document that names one
//! version of every layer, and it goes live by one atomic write of `current`: a rename in a
//! folder, a conditional put in an object store. The form is fixed by
//! `docs/spec/published-store.md`.

mod address;
mod collect;
mod error;
mod folder;
mod map;
mod objects;
mod pair;
mod place;
mod publish;
mod read;
mod rollback;
mod seal;
mod series;
mod stage;
mod withdraw;

pub use address::{Environment, is_remote};
pub use collect::{Collected, Retention};
pub use error::StoreError;
pub use map::Mapped;
pub use objects::RemoteFile;
pub use pair::LiveIds;
pub use publish::Published;
pub use read::{Generation, GenerationDocument, LayerEntry, LayerVersion, Store, TileArchive};
pub use seal::{public_run_key, seal_pair};
pub use series::{series_file, series_id};
pub use stage::{LayerStage, sha256_file, sha256_hex, staged_layers};
