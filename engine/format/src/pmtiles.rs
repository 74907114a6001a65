//! `PMTiles` version 3: vector tiles of all zooms in one file.
//!
//! [`Writer`] takes gzipped tiles in the order of their numbers and leaves a clustered archive in
//! which equal tiles are stored once. [`Archive`] decodes every directory when it is opened, so
//! that finding a tile is one binary search without I/O. Source: `PMTiles` specification 3.4.

mod directory;
mod error;
mod header;
#[cfg(test)]
mod peer;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use error::PmTilesError;
pub use header::{Compression, Header};
pub use read::{Archive, Ends, Index};
pub use write::{Meta, Writer};
