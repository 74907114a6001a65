//! Reading archives that lie in memory.

use std::io::Read;
use std::ops::Range;

use jomo_core::hilbert::{tile_at, tile_number};
use jomo_core::mercator::{TileId, ZOOM_MAX};

use super::directory::{Entry, decode};
use super::error::PmTilesError;
use super::header::{Compression, Header, Section};

/// Most entries of all directories together. 24 bytes each are held in memory; a prefecture has
/// some 5,000 tiles, the whole of Japan to zoom 14 some 400,000.
const ENTRIES_MAX: usize = 16_000_000;

/// Most bytes of one directory after unpacking. A root of 16 KiB or a leaf of 4,096 entries
/// unpacks to less than 100 KiB; a gzip bomb of 16 KiB to 16 MiB.
const DIRECTORY_MAX: u64 = 16 << 20;

/// Most bytes of metadata after unpacking.
const METADATA_MAX: u64 = 4 << 20;

/// Directories below each other; honest archives have two (root and leaves).
const DEPTH_MAX: usize = 3;

/// An archive whose directories have been decoded and checked.
///
/// `B` holds the whole file: a memory map, `bytes::Bytes`, `Vec<u8>`.
#[derive(Debug)]
pub struct Archive<B: AsRef<[u8]>> {
    bytes: B,
    header: Header,
    metadata: serde_json::Value,
    entries: Vec<Entry>,
}

impl<B: AsRef<[u8]>> Archive<B> {
    /// Decodes header, metadata and all directories, and checks that every tile lies within the
    /// file. The tiles themselves are not looked at.
    ///
    /// # Errors
    /// [`PmTilesError`], naming the part and its place in the file.
    pub fn open(bytes: B) -> Result<Self, PmTilesError> {
        let file = bytes.as_ref();
        let header = Header::decode(file)?;
        let metadata = metadata(file, &header)?;
        let mut entries = Vec::new();
        read_directory(&Place { file, header: &header, depth: 1 }, header.root, &mut entries)?;
        if header.tile_entries != 0 && header.tile_entries != entries.len() as u64 {
            let (expected, found) = (header.tile_entries, entries.len());
            let reason = format!("{expected} tile entries announced, {found} found");
            return Err(PmTilesError::Unsound { part: "header", offset: 80, reason });
        }
        Ok(Self { bytes, header, metadata, entries })
    }

    /// What the archive says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Name, attribution, `vector_layers` and so on: always an object.
    pub fn metadata(&self) -> &serde_json::Value {
        &self.metadata
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &B {
        &self.bytes
    }

    /// Where the bytes of a tile lie in the file; `None` if the archive does not have it.
    pub fn tile(&self, tile: TileId) -> Option<Range<usize>> {
        let number = tile_number(tile);
        let behind = self.entries.partition_point(|entry| entry.tile <= number);
        let entry = self.entries.get(behind.checked_sub(1)?)?;
        (number - entry.tile < u64::from(entry.run)).then(|| self.range(entry))?
    }

    /// All tiles in the order of their numbers, with where their bytes lie in the file.
    pub fn tiles(&self) -> impl Iterator<Item = (TileId, Range<usize>)> + '_ {
        self.entries.iter().flat_map(move |entry| {
            let numbers = entry.tile..entry.tile + u64::from(entry.run);
            numbers.filter_map(move |number| Some((tile_at(number)?, self.range(entry)?)))
        })
    }

    /// Where the contents lie in the file, one for each run of equal tiles; a content that stands
    /// in several places comes several times.
    pub fn contents(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.entries.iter().filter_map(|entry| self.range(entry))
    }

    /// Always there: entries were checked against the length of the file.
    fn range(&self, entry: &Entry) -> Option<Range<usize>> {
        let start = usize::try_from(self.header.data.offset + entry.offset).ok()?;
        Some(start..start + usize::try_from(entry.length).ok()?)
    }
}

/// What reading a directory needs to know.
struct Place<'a> {
    file: &'a [u8],
    header: &'a Header,
    depth: usize,
}

/// Appends the tile entries of a directory and of the leaves below it.
fn read_directory(
    place: &Place,
    section: Section,
    tiles: &mut Vec<Entry>,
) -> Result<(), PmTilesError> {
    let part = if place.depth == 1 { "root" } else { "leaf" };
    let offset = section.offset;
    let unsound = |reason: &str| {
        let reason = reason.to_owned();
        PmTilesError::Unsound { part, offset, reason }
    };
    let too_large = PmTilesError::TooLarge { part, offset, limit: ENTRIES_MAX as u64 };
    let room = ENTRIES_MAX.saturating_sub(tiles.len());
    let limit = (room as u64).saturating_mul(20).min(DIRECTORY_MAX);
    let bytes = match unpack(slice(place.file, section), place.header, limit) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(too_large),
        Err(error) => return Err(unsound(&error.to_string())),
    };
    let entries = decode(&bytes).map_err(unsound)?;
    drop(bytes);
    for entry in entries {
        let end = entry.offset.saturating_add(u64::from(entry.length));
        let (part, home) = match entry.run {
            0 => ("leaf", place.header.leaves),
            _ => ("tile", place.header.data),
        };
        if home.length < end {
            let (offset, length) = (entry.offset, u64::from(entry.length));
            return Err(PmTilesError::Truncated { part, offset, length, found: home.length });
        }
        // Entries ascend within their directory; this holds leaves to their place in the whole.
        let free = tiles.last().map_or(0, |last| last.tile + u64::from(last.run));
        if entry.tile < free {
            return Err(unsound("tile numbers do not ascend"));
        }
        if entry.run == 0 {
            if place.depth == DEPTH_MAX {
                return Err(unsound("directories are nested too deeply"));
            }
            let below = Place { depth: place.depth + 1, ..*place };
            let section =
                Section { offset: home.offset + entry.offset, length: u64::from(entry.length) };
            let known = tiles.len();
            read_directory(&below, section, tiles)?;
            if tiles.get(known).is_none_or(|first| first.tile < entry.tile) {
                return Err(unsound("a leaf is empty or begins before its entry"));
            }
            continue;
        }
        if tile_at(entry.tile + u64::from(entry.run) - 1).is_none() {
            return Err(unsound(&format!("a tile beyond zoom {ZOOM_MAX}")));
        }
        if tiles.len() == ENTRIES_MAX {
            return Err(too_large);
        }
        tiles.push(entry);
    }
    Ok(())
}

fn metadata(file: &[u8], header: &Header) -> Result<serde_json::Value, PmTilesError> {
    let (part, offset) = ("metadata", header.metadata.offset);
    let unsound = |reason: String| PmTilesError::Unsound { part, offset, reason };
    let bytes = unpack(slice(file, header.metadata), header, METADATA_MAX)
        .map_err(|error| unsound(error.to_string()))?
        .ok_or(PmTilesError::TooLarge { part, offset, limit: METADATA_MAX })?;
    let value: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| unsound(error.to_string()))?;
    if value.is_object() { Ok(value) } else { Err(unsound("no JSON object".to_owned())) }
}

/// The bytes of a section, whose place was checked when the header was read.
fn slice(file: &[u8], section: Section) -> &[u8] {
    let start = usize::try_from(section.offset).unwrap_or(usize::MAX);
    let length = usize::try_from(section.length).unwrap_or(usize::MAX);
    file.get(start..start.saturating_add(length)).unwrap_or_default()
}

/// The bytes without their compression; `None` if there are more than `limit`.
fn unpack(bytes: &[u8], header: &Header, limit: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut unpacked = Vec::new();
    match header.internal_compression {
        Compression::Gzip => {
            flate2::read::GzDecoder::new(bytes).take(limit + 1).read_to_end(&mut unpacked)?
        }
        _ => bytes.take(limit + 1).read_to_end(&mut unpacked)?,
    };
    Ok((unpacked.len() as u64 <= limit).then_some(unpacked))
}
