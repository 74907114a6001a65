//! Reading archives: the index of all tiles, from the whole file or from its two ends.

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

/// Most bytes behind the tiles, where metadata and leaves lie, that are read at once.
const BEHIND_MAX: u64 = 256 << 20;

/// An archive whose directories have been decoded and checked.
///
/// `B` holds the whole file: a memory map, `bytes::Bytes`, `Vec<u8>`.
#[derive(Debug)]
pub struct Archive<B: AsRef<[u8]>> {
    bytes: B,
    index: Index,
}

/// Where every tile of an archive lies.
#[derive(Debug)]
pub struct Index {
    header: Header,
    metadata: serde_json::Value,
    entries: Vec<Entry>,
}

/// The parts of a file that hold its directories: its beginning, and what else is needed.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    /// The first bytes; [`Ends::HEAD`] of them or the whole file.
    pub head: &'a [u8],
    /// The bytes of the range that [`Ends::behind`] names.
    pub behind: &'a [u8],
    /// Where that range begins.
    pub behind_offset: u64,
    /// Length of the file.
    pub length: u64,
}

impl Ends<'_> {
    /// Header and root directory lie within the first 16,384 bytes.
    pub const HEAD: u64 = 16_384;

    /// What must be read besides the head of a file of `length` bytes: metadata and leaf
    /// directories, which writers put before or behind the tiles.
    ///
    /// # Errors
    /// If the head is no head of an archive, or this part is larger than any honest one.
    pub fn behind(head: &[u8], length: u64) -> Result<Range<u64>, PmTilesError> {
        let header = Header::decode(head, length)?;
        let known = head.len() as u64;
        let missing = [header.metadata, header.leaves].into_iter();
        let missing = missing.filter(|part| 0 < part.length && known < part.offset + part.length);
        let (mut start, mut end) = (u64::MAX, 0);
        for Section { offset, length } in missing {
            (start, end) = (offset.min(start), (offset + length).max(end));
        }
        if end <= start {
            return Ok(0..0);
        }
        if BEHIND_MAX < end - start {
            let part = "metadata and leaf directories";
            return Err(PmTilesError::TooLarge { part, offset: start, limit: BEHIND_MAX });
        }
        Ok(start..end)
    }

    /// The bytes of a section; none if it lies in neither part.
    fn slice(&self, section: Section) -> &[u8] {
        let within = |bytes: &'_ [u8], begin: u64| {
            let start = usize::try_from(section.offset.checked_sub(begin)?).ok()?;
            let end = start.checked_add(usize::try_from(section.length).ok()?)?;
            (end <= bytes.len()).then_some(start..end)
        };
        if let Some(range) = within(self.head, 0) {
            return self.head.get(range).unwrap_or_default();
        }
        let range = within(self.behind, self.behind_offset);
        range.and_then(|range| self.behind.get(range)).unwrap_or_default()
    }
}

impl<B: AsRef<[u8]>> Archive<B> {
    /// Decodes header, metadata and all directories, and checks that every tile lies within the
    /// file. The tiles themselves are not looked at.
    ///
    /// # Errors
    /// [`PmTilesError`], naming the part and its place in the file.
    pub fn open(bytes: B) -> Result<Self, PmTilesError> {
        let head = bytes.as_ref();
        let length = head.len() as u64;
        let index = Index::open(&Ends { head, behind: &[], behind_offset: 0, length })?;
        Ok(Self { bytes, index })
    }

    /// Where every tile lies.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// What the archive says about itself.
    pub fn header(&self) -> &Header {
        self.index.header()
    }

    /// Name, attribution, `vector_layers` and so on: always an object.
    pub fn metadata(&self) -> &serde_json::Value {
        self.index.metadata()
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &B {
        &self.bytes
    }

    /// Where the bytes of a tile lie in the file; `None` if the archive does not have it.
    pub fn tile(&self, tile: TileId) -> Option<Range<usize>> {
        self.index.tile(tile)
    }

    /// All tiles in the order of their numbers, with where their bytes lie in the file.
    pub fn tiles(&self) -> impl Iterator<Item = (TileId, Range<usize>)> + '_ {
        self.index.tiles()
    }

    /// Where the contents lie in the file, one for each run of equal tiles; a content that stands
    /// in several places comes several times.
    pub fn contents(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.index.contents()
    }
}

impl Index {
    /// Decodes header, metadata and all directories, and checks that every tile lies within the
    /// file.
    ///
    /// # Errors
    /// [`PmTilesError`], naming the part and its place in the file.
    pub fn open(ends: &Ends<'_>) -> Result<Self, PmTilesError> {
        let header = Header::decode(ends.head, ends.length)?;
        let metadata = metadata(ends, &header)?;
        let mut entries = Vec::new();
        read_directory(&Place { ends, header: &header, depth: 1 }, header.root, &mut entries)?;
        if header.tile_entries != 0 && header.tile_entries != entries.len() as u64 {
            let (expected, found) = (header.tile_entries, entries.len());
            let reason = format!("{expected} tile entries announced, {found} found");
            return Err(PmTilesError::Unsound { part: "header", offset: 80, reason });
        }
        Ok(Self { header, metadata, entries })
    }

    /// What the archive says about itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Name, attribution, `vector_layers` and so on: always an object.
    #[must_use]
    pub fn metadata(&self) -> &serde_json::Value {
        &self.metadata
    }

    /// Where the bytes of a tile lie in the file; `None` if the archive does not have it.
    #[must_use]
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

    /// Number of tiles, runs counted in full: what [`Self::tiles`] will give.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.entries.iter().map(|entry| u64::from(entry.run)).sum()
    }

    /// Whether there is no tile.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
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
    ends: &'a Ends<'a>,
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
    let bytes = match unpack(place.ends.slice(section), place.header, limit) {
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

fn metadata(ends: &Ends<'_>, header: &Header) -> Result<serde_json::Value, PmTilesError> {
    let (part, offset) = ("metadata", header.metadata.offset);
    let unsound = |reason: String| PmTilesError::Unsound { part, offset, reason };
    let bytes = unpack(ends.slice(header.metadata), header, METADATA_MAX)
        .map_err(|error| unsound(error.to_string()))?
        .ok_or(PmTilesError::TooLarge { part, offset, limit: METADATA_MAX })?;
    let value: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| unsound(error.to_string()))?;
    if value.is_object() { Ok(value) } else { Err(unsound("no JSON object".to_owned())) }
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
