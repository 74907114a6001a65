//! Writing archives in one pass.

use std::collections::HashMap;
use std::io::{Seek, SeekFrom, Write};

use jomo_core::hilbert::tile_number;
use jomo_core::mercator::TileId;
use xxhash_rust::xxh3::xxh3_128;

use super::directory::{Entry, encode, gzip};
use super::error::PmTilesError;
use super::header::{HEADER_LENGTH, Header, Section};

/// Header and root directory together fit into the first request of a reader: 16 KiB.
const HEAD_LENGTH: usize = 16_384;

/// Entries of a leaf to begin with, as in the specification.
const LEAF_ENTRIES: usize = 4_096;

/// What an archive says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    /// Lowest zoom.
    pub min_zoom: u8,
    /// Highest zoom.
    pub max_zoom: u8,
    /// West, south, east, north in degrees; the map opens at its centre.
    pub bounds_deg: [f64; 4],
    /// A JSON object: `name`, `attribution`, `vector_layers` and so on.
    pub metadata: serde_json::Value,
}

/// Writes gzipped MVT tiles into an archive.
///
/// Order in the file: header and root directory in the first 16 KiB, tiles in the order of their
/// numbers (clustered), metadata, leaf directories. Equal tiles are stored once. The bytes depend
/// on the tiles and the [`Meta`] alone. Memory: 24 bytes for each run of equal tiles and some 40
/// for each distinct one.
#[derive(Debug)]
pub struct Writer<W: Write + Seek> {
    out: W,
    header: Header,
    metadata: Vec<u8>,
    entries: Vec<Entry>,
    /// Contents by hash: where they lie in the tile data, and their length. Two of 2^32 contents
    /// have the same 128 bits with a probability of 10^-20.
    contents: HashMap<u128, (u64, u32)>,
    written: u64,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins an archive at the start of `out`.
    ///
    /// # Errors
    /// If the metadata is no JSON object or `out` refuses.
    pub fn new(mut out: W, meta: &Meta) -> Result<Self, PmTilesError> {
        if !meta.metadata.is_object() {
            let reason = "no JSON object".to_owned();
            return Err(PmTilesError::Unsound { part: "metadata", offset: 0, reason });
        }
        let metadata = gzip(meta.metadata.to_string().as_bytes())?;
        out.seek(SeekFrom::Start(0))?;
        out.write_all(&[0; HEAD_LENGTH])?;
        Ok(Self {
            out,
            header: Header::new([meta.min_zoom, meta.max_zoom], meta.bounds_deg),
            metadata,
            entries: Vec::new(),
            contents: HashMap::new(),
            written: 0,
        })
    }

    /// Adds a tile, gzipped MVT. Tiles come in ascending order of [`tile_number`].
    ///
    /// # Errors
    /// If the tile is out of order, empty or 4 GiB long, or `out` refuses.
    pub fn add(&mut self, tile: TileId, gzip_bytes: impl AsRef<[u8]>) -> Result<(), PmTilesError> {
        let bytes = gzip_bytes.as_ref();
        let (z, x, y) = (tile.z(), tile.x(), tile.y());
        let number = tile_number(tile);
        let length = match u32::try_from(bytes.len()) {
            Ok(length) if 0 < length => length,
            _ => {
                return Err(PmTilesError::TileLength { z, x, y, length: bytes.len() });
            }
        };
        let free = self.entries.last().map_or(0, |last| last.tile + u64::from(last.run));
        if number < free {
            return Err(PmTilesError::Order { z, x, y });
        }
        let key = xxh3_128(bytes);
        let (offset, length) = if let Some(&known) = self.contents.get(&key) {
            known
        } else {
            self.out.write_all(bytes)?;
            let place = (self.written, length);
            self.written += u64::from(length);
            self.contents.insert(key, place);
            place
        };
        self.header.addressed_tiles += 1;
        match self.entries.last_mut() {
            Some(last) if number == free && last.offset == offset && last.run < u32::MAX => {
                last.run += 1;
            }
            _ => self.entries.push(Entry { tile: number, offset, length, run: 1 }),
        }
        Ok(())
    }

    /// Writes directories, metadata and header, and gives `out` back, flushed.
    ///
    /// # Errors
    /// If `out` refuses.
    pub fn finish(mut self) -> Result<W, PmTilesError> {
        let header = &mut self.header;
        header.tile_entries = self.entries.len() as u64;
        header.tile_contents = self.contents.len() as u64;
        header.data = Section { offset: HEAD_LENGTH as u64, length: self.written };
        let behind_data = header.data.offset + header.data.length;
        header.metadata = Section { offset: behind_data, length: self.metadata.len() as u64 };
        let (root, leaves) = directories(&self.entries)?;
        header.leaves =
            Section { offset: behind_data + header.metadata.length, length: leaves.len() as u64 };
        header.root = Section { offset: HEADER_LENGTH as u64, length: root.len() as u64 };
        self.out.write_all(&self.metadata)?;
        self.out.write_all(&leaves)?;
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&self.header.encode())?;
        self.out.write_all(&root)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// The root directory, and the leaves where the root alone would not fit into its room.
fn directories(entries: &[Entry]) -> Result<(Vec<u8>, Vec<u8>), PmTilesError> {
    let limit = HEAD_LENGTH - HEADER_LENGTH;
    if entries.len() <= limit {
        let root = gzip(&encode(entries))?;
        if root.len() <= limit {
            return Ok((root, Vec::new()));
        }
    }
    let mut leaf_entries = LEAF_ENTRIES;
    loop {
        let mut leaves = Vec::new();
        let mut heads = Vec::new();
        for part in entries.chunks(leaf_entries) {
            let leaf = gzip(&encode(part))?;
            let offset = leaves.len() as u64;
            let length = u32::try_from(leaf.len()).unwrap_or(u32::MAX);
            let tile = part.first().map_or(0, |first| first.tile);
            heads.push(Entry { tile, offset, length, run: 0 });
            leaves.extend_from_slice(&leaf);
        }
        let root = gzip(&encode(&heads))?;
        if root.len() <= limit {
            return Ok((root, leaves));
        }
        leaf_entries += leaf_entries / 5;
    }
}
