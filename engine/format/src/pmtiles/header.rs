//! The header: 127 bytes that say where everything is.

use super::error::PmTilesError;

/// Length of the header in bytes.
pub(super) const HEADER_LENGTH: usize = 127;

/// Code of MVT as the type of tiles.
const TYPE_MVT: u8 = 1;

/// How bytes are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    None,
    /// By gzip.
    Gzip,
    /// By another method, as coded in the specification: 0 unknown, 3 brotli, 4 zstd.
    Other(u8),
}

impl Compression {
    fn of(code: u8) -> Self {
        match code {
            1 => Self::None,
            2 => Self::Gzip,
            other => Self::Other(other),
        }
    }

    pub(super) fn code(self) -> u8 {
        match self {
            Self::None => 1,
            Self::Gzip => 2,
            Self::Other(code) => code,
        }
    }
}

/// A part of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// What an archive says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    pub(super) root: Section,
    pub(super) metadata: Section,
    pub(super) leaves: Section,
    pub(super) data: Section,
    /// Number of tiles, runs counted in full; 0 if unknown.
    pub addressed_tiles: u64,
    /// Number of entries for tiles; 0 if unknown.
    pub tile_entries: u64,
    /// Number of distinct contents; 0 if unknown.
    pub tile_contents: u64,
    /// Whether contents lie in the order of tile numbers.
    pub clustered: bool,
    pub(super) internal_compression: Compression,
    /// How the tiles are compressed.
    pub tile_compression: Compression,
    /// What the tiles are: 1 is MVT.
    pub tile_type: u8,
    /// Lowest zoom.
    pub min_zoom: u8,
    /// Highest zoom.
    pub max_zoom: u8,
    /// West, south, east, north in degrees, to 1e-7.
    pub bounds_deg: [f64; 4],
    /// Zoom to begin with.
    pub center_zoom: u8,
    /// Longitude and latitude to begin with, in degrees, to 1e-7.
    pub center_deg: [f64; 2],
}

impl Header {
    /// The header of an archive of gzipped MVT, nothing in it yet.
    pub(super) fn new(zooms: [u8; 2], bounds_deg: [f64; 4]) -> Self {
        let [west, south, east, north] = bounds_deg;
        Self {
            root: Section::default(),
            metadata: Section::default(),
            leaves: Section::default(),
            data: Section::default(),
            addressed_tiles: 0,
            tile_entries: 0,
            tile_contents: 0,
            clustered: true,
            internal_compression: Compression::Gzip,
            tile_compression: Compression::Gzip,
            tile_type: TYPE_MVT,
            min_zoom: zooms[0],
            max_zoom: zooms[1],
            bounds_deg,
            center_zoom: zooms[0],
            center_deg: [f64::midpoint(west, east), f64::midpoint(south, north)],
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LENGTH);
        bytes.extend_from_slice(b"PMTiles\x03");
        for section in [self.root, self.metadata, self.leaves, self.data] {
            bytes.extend_from_slice(&section.offset.to_le_bytes());
            bytes.extend_from_slice(&section.length.to_le_bytes());
        }
        for count in [self.addressed_tiles, self.tile_entries, self.tile_contents] {
            bytes.extend_from_slice(&count.to_le_bytes());
        }
        bytes.extend_from_slice(&[
            u8::from(self.clustered),
            self.internal_compression.code(),
            self.tile_compression.code(),
            self.tile_type,
            self.min_zoom,
            self.max_zoom,
        ]);
        for degrees in self.bounds_deg {
            bytes.extend_from_slice(&to_e7(degrees).to_le_bytes());
        }
        bytes.push(self.center_zoom);
        for degrees in self.center_deg {
            bytes.extend_from_slice(&to_e7(degrees).to_le_bytes());
        }
        bytes
    }

    /// Reads the header of a file of `length` bytes that begins with `bytes`.
    pub(super) fn decode(bytes: &[u8], length: u64) -> Result<Self, PmTilesError> {
        if !bytes.starts_with(b"PMTiles\x03") {
            let first = bytes.iter().take(8).map(|byte| format!("{byte:02x}"));
            return Err(PmTilesError::Magic { found: first.collect() });
        }
        let Some(header) = bytes.first_chunk::<HEADER_LENGTH>() else {
            return Err(PmTilesError::Truncated {
                part: "header",
                offset: 0,
                length: HEADER_LENGTH as u64,
                found: bytes.len() as u64,
            });
        };
        let u64_at = |place: usize| {
            let mut value = [0; 8];
            value.copy_from_slice(&header[place..place + 8]);
            u64::from_le_bytes(value)
        };
        let degrees_at = |place: usize| {
            let mut value = [0; 4];
            value.copy_from_slice(&header[place..place + 4]);
            f64::from(i32::from_le_bytes(value)) / 1e7
        };
        let section = |place| Section { offset: u64_at(place), length: u64_at(place + 8) };
        let decoded = Self {
            root: section(8),
            metadata: section(24),
            leaves: section(40),
            data: section(56),
            addressed_tiles: u64_at(72),
            tile_entries: u64_at(80),
            tile_contents: u64_at(88),
            clustered: header[96] == 1,
            internal_compression: Compression::of(header[97]),
            tile_compression: Compression::of(header[98]),
            tile_type: header[99],
            min_zoom: header[100],
            max_zoom: header[101],
            bounds_deg: [102, 106, 110, 114].map(degrees_at),
            center_zoom: header[118],
            center_deg: [119, 123].map(degrees_at),
        };
        if let Compression::Other(code) = decoded.internal_compression {
            return Err(PmTilesError::Compression { code });
        }
        let found = length;
        for (part, Section { offset, length }) in [
            ("root", decoded.root),
            ("metadata", decoded.metadata),
            ("leaf directories", decoded.leaves),
            ("tile data", decoded.data),
        ] {
            if offset.checked_add(length).is_none_or(|end| found < end) {
                return Err(PmTilesError::Truncated { part, offset, length, found });
            }
        }
        Ok(decoded)
    }
}

/// Degrees as the specification stores them. Not a number becomes 0.
#[expect(clippy::cast_possible_truncation, reason = "180 degrees are 1.8e9: within 32 bits")]
fn to_e7(degrees: f64) -> i32 {
    (degrees.clamp(-180.0, 180.0) * 1e7).round() as i32
}
