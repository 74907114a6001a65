//! Why an archive cannot be read or written.

use jomo_core::message::{Arguments, Coded};

/// Why an archive cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PmTilesError {
    /// The file is no `PMTiles` archive of version 3.
    #[error("no PMTiles archive of version 3: the first bytes are {found}")]
    Magic {
        /// The first 8 bytes in hexadecimal.
        found: String,
    },
    /// A part of the archive lies beyond the end of the file.
    #[error("{part} at {offset} with {length} bytes lies beyond the {found} bytes there are")]
    Truncated {
        /// `header`, `root`, `metadata`, `leaf directories`, `tile data`, `leaf` or `tile`.
        part: &'static str,
        /// Where it begins.
        offset: u64,
        /// Its length in bytes.
        length: u64,
        /// Bytes in the file, or in the section that should hold the part.
        found: u64,
    },
    /// A compression other than none and gzip.
    #[error("the directories are compressed by method {code}, expected 1 (none) or 2 (gzip)")]
    Compression {
        /// The code in the header.
        code: u8,
    },
    /// A part that cannot be decoded, or that contradicts the specification.
    #[error("unsound {part} at {offset}: {reason}")]
    Unsound {
        /// `header`, `root`, `leaf` or `metadata`.
        part: &'static str,
        /// Where it begins.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// A part that unpacks to more than is sensible.
    #[error("the {part} at {offset} unpacks to more than {limit}")]
    TooLarge {
        /// `root`, `leaf` or `metadata`.
        part: &'static str,
        /// Where it begins.
        offset: u64,
        /// The limit, in bytes for the metadata and in entries for directories.
        limit: u64,
    },
    /// A tile was added after one with an equal or higher number.
    #[error("tile {z}/{x}/{y} comes out of order")]
    Order {
        /// Zoom.
        z: u8,
        /// Column.
        x: u32,
        /// Row.
        y: u32,
    },
    /// A tile of no bytes, or of 4 GiB and more.
    #[error("tile {z}/{x}/{y} has {length} bytes")]
    TileLength {
        /// Zoom.
        z: u8,
        /// Column.
        x: u32,
        /// Row.
        y: u32,
        /// Its length in bytes.
        length: usize,
    },
    /// The destination refuses the bytes.
    #[error("cannot write the archive")]
    Write {
        /// The operating system's reason.
        #[from]
        source: std::io::Error,
    },
}

impl Coded for PmTilesError {
    fn code(&self) -> &'static str {
        match self {
            Self::Magic { .. } => "pmtiles-magic",
            Self::Truncated { .. } => "pmtiles-truncated",
            Self::Compression { .. } => "pmtiles-compression",
            Self::Unsound { .. } => "pmtiles-unsound",
            Self::TooLarge { .. } => "pmtiles-too-large",
            Self::Order { .. } => "pmtiles-order",
            Self::TileLength { .. } => "pmtiles-tile-length",
            Self::Write { .. } => "pmtiles-write",
        }
    }

    fn arguments(&self) -> Arguments {
        let tile = |z: &u8, x: &u32, y: &u32| ("tile", format!("{z}/{x}/{y}"));
        match self {
            Self::Magic { found } => vec![("found", found.clone())],
            Self::Truncated { part, offset, length, found } => vec![
                ("part", (*part).to_owned()),
                ("offset", offset.to_string()),
                ("length", length.to_string()),
                ("found", found.to_string()),
            ],
            Self::Compression { code } => vec![("method", code.to_string())],
            Self::Unsound { part, offset, reason } => vec![
                ("part", (*part).to_owned()),
                ("offset", offset.to_string()),
                ("reason", reason.clone()),
            ],
            Self::TooLarge { part, offset, limit } => vec![
                ("part", (*part).to_owned()),
                ("offset", offset.to_string()),
                ("limit", limit.to_string()),
            ],
            Self::Order { z, x, y } => vec![tile(z, x, y)],
            Self::TileLength { z, x, y, length } => {
                vec![tile(z, x, y), ("length", length.to_string())]
            }
            Self::Write { source } => vec![("reason", source.to_string())],
        }
    }
}
