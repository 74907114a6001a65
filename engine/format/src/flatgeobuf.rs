//! `FlatGeobuf` version 3: features with a spatial index, the form in which layers are published.
//!
//! The tables of the format are verified before they are read ([`read()`]); what the verification
//! leaves open (lengths of parts, offsets within vectors, property bytes, the size of the index)
//! is checked here. The crate `flatgeobuf` lends the table definitions and the tree; its own
//! reader takes these numbers as they come and would panic on a damaged file.

mod properties;
mod read;
mod shape;
#[cfg(test)]
mod tests;
mod write;

pub use read::read;
pub use write::{write, write_in};

/// First bytes of a file: name, major version 3, name, patch version.
const MAGIC: [u8; 8] = *b"fgb\x03fgb\x00";

/// Children of a node of the spatial index, as other writers choose.
const NODE_SIZE: u16 = 16;

/// Bytes of a node: four 64-bit floats and an offset.
const NODE_LENGTH: u64 = 40;

/// Bytes of the index over `features` features with `node_size` children a node; `None` where
/// that is no number of 64 bits.
fn index_length(features: u64, node_size: u16) -> Option<u64> {
    let mut level = features;
    let mut nodes = features;
    loop {
        level = level.div_ceil(u64::from(node_size));
        nodes = nodes.checked_add(level)?;
        if level <= 1 {
            return nodes.checked_mul(NODE_LENGTH);
        }
    }
}
