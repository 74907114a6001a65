//! The published store: immutable layer versions and one live generation per root.
//!
//! Readers see generation N or N+1, never a mix: a generation is a small document that names one
//! version of every layer, and it goes live by the rename of one file. The form on disk is fixed
//! by `docs/spec/published-store.md`.

mod error;
mod map;
mod publish;
mod read;
mod stage;

pub use error::StoreError;
pub use map::Mapped;
pub use publish::{Collected, Published, Retention};
pub use read::{Generation, GenerationDocument, LayerEntry, LayerVersion, Store, TileArchive};
pub use stage::{LayerStage, sha256_file, sha256_hex, staged_layers};
