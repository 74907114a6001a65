//! Image file directories of classic TIFF and `BigTIFF`, read from any byte order.
//!
//! Nothing is allocated by a number of the file before the file is known to be that long.
//!
//! Sources: TIFF 6.0 (1992) section 2; `BigTIFF` design (Aware Systems, 2004).

use std::io::{Read, Seek, SeekFrom};

use super::error::GeoTiffError;
use super::sample::SampleType;

/// Entries of one directory; GDAL writes about 25.
const ENTRIES_MAX: u64 = 1_024;
/// Directories of one file: 32 halvings reach one cell, and masks double them.
const DIRECTORIES_MAX: usize = 64;
/// Bytes of one text or list of doubles.
const TEXT_MAX: u64 = 1 << 20;

pub(super) mod tag {
    pub(crate) const SUBFILE: u16 = 254;
    pub(crate) const COLUMNS: u16 = 256;
    pub(crate) const ROWS: u16 = 257;
    pub(crate) const BITS: u16 = 258;
    pub(crate) const COMPRESSION: u16 = 259;
    pub(crate) const PHOTOMETRIC: u16 = 262;
    pub(crate) const STRIP_OFFSETS: u16 = 273;
    pub(crate) const BANDS: u16 = 277;
    pub(crate) const ROWS_PER_STRIP: u16 = 278;
    pub(crate) const STRIP_BYTES: u16 = 279;
    pub(crate) const PLANAR: u16 = 284;
    pub(crate) const PREDICTOR: u16 = 317;
    pub(crate) const TILE_COLUMNS: u16 = 322;
    pub(crate) const TILE_ROWS: u16 = 323;
    pub(crate) const TILE_OFFSETS: u16 = 324;
    pub(crate) const TILE_BYTES: u16 = 325;
    pub(crate) const EXTRA_SAMPLES: u16 = 338;
    pub(crate) const SAMPLE_FORMAT: u16 = 339;
    pub(crate) const PIXEL_SCALE: u16 = 33_550;
    pub(crate) const TIE_POINT: u16 = 33_922;
    pub(crate) const TRANSFORMATION: u16 = 34_264;
    pub(crate) const GEO_KEYS: u16 = 34_735;
    pub(crate) const GDAL_METADATA: u16 = 42_112;
    pub(crate) const GDAL_NO_DATA: u16 = 42_113;
}

/// How the bytes of a block are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Lzw,
    Deflate,
}

/// One image of a file.
#[derive(Clone, Debug)]
pub(super) struct Image {
    /// Rows and columns.
    pub(super) shape: [usize; 2],
    /// Rows and columns of a block: a tile, or a strip over the whole width.
    pub(super) block: [usize; 2],
    pub(super) tiled: bool,
    pub(super) bands: usize,
    pub(super) sample: SampleType,
    pub(super) packing: Packing,
    pub(super) predictor: u16,
    /// Whether each band has its own blocks.
    pub(super) planar: bool,
    pub(super) offsets: Vec<u64>,
    pub(super) lengths: Vec<u64>,
}

impl Image {
    /// Blocks down and across.
    pub(super) fn blocks(&self) -> [usize; 2] {
        [self.shape[0].div_ceil(self.block[0]), self.shape[1].div_ceil(self.block[1])]
    }

    /// Rows that block row `down` really has: strips end with the image, tiles do not.
    pub(super) fn rows_of(&self, down: usize) -> usize {
        let left = self.shape[0] - down * self.block[0];
        if self.tiled { self.block[0] } else { self.block[0].min(left) }
    }

    /// Bands in one block.
    pub(super) fn block_bands(&self) -> usize {
        if self.planar { 1 } else { self.bands }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// Where the values stand.
    at: u64,
}

impl Entry {
    fn width(self) -> Option<u64> {
        Some(match self.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16 | 17 | 18 => 8,
            _ => return None,
        })
    }
}

/// The entries of one directory.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) at: u64,
    entries: Vec<Entry>,
}

impl Directory {
    pub(super) fn find(&self, tag: u16) -> Option<Entry> {
        self.entries.iter().find(|entry| entry.tag == tag).copied()
    }
}

/// The bytes of a TIFF.
#[derive(Debug)]
pub(super) struct File<R> {
    source: R,
    pub(super) length: u64,
    pub(super) big_endian: bool,
    big: bool,
}

fn number(bytes: &[u8], big_endian: bool) -> u64 {
    let join = |value: u64, byte: &u8| (value << 8) | u64::from(*byte);
    if big_endian { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) }
}

impl<R: Read + Seek> File<R> {
    /// Reads the header; gives the place of the first directory, too.
    pub(super) fn open(mut source: R) -> Result<(Self, u64), GeoTiffError> {
        let length = source.seek(SeekFrom::End(0)).map_err(GeoTiffError::io("seek"))?;
        let mut file = Self { source, length, big_endian: false, big: false };
        let wrong = |found: &[u8]| GeoTiffError::Malformed {
            what: "TIFF header",
            offset: 0,
            expected: "II or MM and the number 42 or 43".to_owned(),
            found: format!("{found:02x?}"),
        };
        let mut head = [0; 16];
        let there = usize::try_from(length.min(16)).unwrap_or(16);
        file.fill(0, &mut head[..there], "TIFF header")?;
        file.big_endian = match &head[..2] {
            b"II" => false,
            b"MM" => true,
            _ => return Err(wrong(&head[..4])),
        };
        let first = match number(&head[2..4], file.big_endian) {
            42 if 8 <= there => number(&head[4..8], file.big_endian),
            43 if 16 <= there
                && number(&head[4..8], file.big_endian)
                    == if file.big_endian { 8 << 16 } else { 8 } =>
            {
                file.big = true;
                number(&head[8..16], file.big_endian)
            }
            _ => return Err(wrong(&head[..8])),
        };
        Ok((file, first))
    }

    /// Fills `out` from byte `at`.
    pub(super) fn fill(
        &mut self,
        at: u64,
        out: &mut [u8],
        what: &'static str,
    ) -> Result<(), GeoTiffError> {
        self.inside(at, out.len() as u64, what)?;
        self.source.seek(SeekFrom::Start(at)).map_err(GeoTiffError::io("seek"))?;
        self.source.read_exact(out).map_err(GeoTiffError::io("read"))
    }

    fn inside(&self, at: u64, bytes: u64, what: &'static str) -> Result<(), GeoTiffError> {
        if at.checked_add(bytes).is_some_and(|end| end <= self.length) {
            return Ok(());
        }
        Err(GeoTiffError::Malformed {
            what,
            offset: at,
            expected: format!("{bytes} bytes"),
            found: format!("the end at {}", self.length),
        })
    }

    /// The bytes of a block.
    pub(super) fn block(&mut self, at: u64, bytes: u64) -> Result<Vec<u8>, GeoTiffError> {
        self.inside(at, bytes, "block")?;
        let mut out = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
        self.fill(at, &mut out, "block")?;
        Ok(out)
    }

    /// All directories of the chain.
    pub(super) fn directories(&mut self, first: u64) -> Result<Vec<Directory>, GeoTiffError> {
        let (mut found, mut at): (Vec<Directory>, u64) = (Vec::new(), first);
        while at != 0 {
            if found.iter().any(|known| known.at == at) || found.len() == DIRECTORIES_MAX {
                return Err(GeoTiffError::Malformed {
                    what: "chain of directories",
                    offset: at,
                    expected: format!("at most {DIRECTORIES_MAX}, none twice"),
                    found: found.len().to_string(),
                });
            }
            let (directory, next) = self.directory(at)?;
            found.push(directory);
            at = next;
        }
        Ok(found)
    }

    fn directory(&mut self, at: u64) -> Result<(Directory, u64), GeoTiffError> {
        // Bytes of the count, of an entry, and of an offset.
        let (head, entry, wide) = if self.big { (8, 20, 8_usize) } else { (2, 12, 4) };
        let mut count = [0; 8];
        self.fill(at, &mut count[..head], "directory")?;
        let count = number(&count[..head], self.big_endian);
        if count == 0 || ENTRIES_MAX < count {
            return Err(GeoTiffError::Malformed {
                what: "directory",
                offset: at,
                expected: format!("1 to {ENTRIES_MAX} entries"),
                found: count.to_string(),
            });
        }
        let count = usize::try_from(count).unwrap_or_default();
        let start = at + head as u64;
        let mut bytes = vec![0; count * entry + wide];
        self.fill(start, &mut bytes, "directory")?;
        let mut entries = Vec::with_capacity(count);
        for (index, bytes) in bytes.chunks_exact(entry).take(count).enumerate() {
            let part = |from: usize, to: usize| number(&bytes[from..to], self.big_endian);
            let mut found = Entry {
                tag: u16::try_from(part(0, 2)).unwrap_or_default(),
                kind: u16::try_from(part(2, 4)).unwrap_or_default(),
                count: part(4, 4 + wide),
                at: start + (index * entry + 4 + wide) as u64,
            };
            let size = found.width().and_then(|width| width.checked_mul(found.count));
            if size.is_none_or(|size| (wide as u64) < size) {
                found.at = part(4 + wide, 4 + 2 * wide);
            }
            entries.push(found);
        }
        let next = number(&bytes[count * entry..], self.big_endian);
        Ok((Directory { at, entries }, next))
    }

    /// The first `count` whole numbers of an entry.
    fn list(&mut self, entry: Entry, count: u64) -> Result<Vec<u64>, GeoTiffError> {
        let width = entry.width().filter(|_| matches!(entry.kind, 1 | 3 | 4 | 13 | 16));
        let Some(width) = width.filter(|_| count <= entry.count) else {
            return Err(GeoTiffError::Malformed {
                what: "entry",
                offset: entry.at,
                expected: format!("{count} whole numbers in tag {}", entry.tag),
                found: format!("{} of type {}", entry.count, entry.kind),
            });
        };
        let size = count.saturating_mul(width);
        let bytes = self.block(entry.at, size)?;
        let width = usize::try_from(width).unwrap_or(8);
        Ok(bytes.chunks_exact(width).map(|bytes| number(bytes, self.big_endian)).collect())
    }

    /// The first whole number of a tag.
    pub(super) fn first(
        &mut self,
        directory: &Directory,
        tag: u16,
    ) -> Result<Option<u64>, GeoTiffError> {
        let Some(entry) = directory.find(tag) else { return Ok(None) };
        Ok(self.list(entry, 1)?.first().copied())
    }

    /// A short list of whole numbers; empty if the tag is not there.
    pub(super) fn shorts(
        &mut self,
        directory: &Directory,
        tag: u16,
    ) -> Result<Vec<u64>, GeoTiffError> {
        let Some(entry) = directory.find(tag) else { return Ok(Vec::new()) };
        self.list(entry, entry.count.min(TEXT_MAX / 8))
    }

    /// A list of doubles; empty if the tag is not there or holds something else.
    pub(super) fn doubles(
        &mut self,
        directory: &Directory,
        tag: u16,
    ) -> Result<Vec<f64>, GeoTiffError> {
        let Some(entry) = directory.find(tag).filter(|entry| entry.kind == 12) else {
            return Ok(Vec::new());
        };
        let bytes = self.block(entry.at, entry.count.min(TEXT_MAX / 8) * 8)?;
        let big_endian = self.big_endian;
        Ok(bytes.chunks_exact(8).map(|b| f64::from_bits(number(b, big_endian))).collect())
    }

    /// A text; empty if the tag is not there or too long.
    pub(super) fn text(&mut self, directory: &Directory, tag: u16) -> Result<String, GeoTiffError> {
        let entry = directory.find(tag);
        let Some(entry) = entry.filter(|entry| entry.kind == 2 && entry.count <= TEXT_MAX) else {
            return Ok(String::new());
        };
        let bytes = self.block(entry.at, entry.count)?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.trim_end_matches('\0').to_owned())
    }

    /// The image of a directory; blocks may be at most `block_bytes` long.
    pub(super) fn image(
        &mut self,
        directory: &Directory,
        block_bytes: u64,
    ) -> Result<Image, GeoTiffError> {
        let one = |file: &mut Self, tag, default| -> Result<u64, GeoTiffError> {
            Ok(file.first(directory, tag)?.unwrap_or(default))
        };
        let (columns, rows) = (one(self, tag::COLUMNS, 0)?, one(self, tag::ROWS, 0)?);
        let bands = one(self, tag::BANDS, 1)?;
        let sample = self.sample(directory)?;
        let packing = match one(self, tag::COMPRESSION, 1)? {
            1 => Packing::None,
            5 => Packing::Lzw,
            8 | 32_946 => Packing::Deflate,
            other => return Err(unsupported("compression", other, "1, 5 (LZW), 8 (DEFLATE)")),
        };
        if let photometric @ 4.. = one(self, tag::PHOTOMETRIC, 1)? {
            return Err(unsupported("photometric interpretation", photometric, "0 to 3"));
        }
        let predictor = match one(self, tag::PREDICTOR, 1)? {
            1 => 1,
            2 => 2,
            3 if sample.is_float() => 3,
            other => return Err(unsupported("predictor", other, "1, 2, or 3 for floats")),
        };
        let planar = match one(self, tag::PLANAR, 1)? {
            1 => false,
            2 => 1 < bands,
            other => return Err(unsupported("planar configuration", other, "1 or 2")),
        };
        let tiled = directory.find(tag::TILE_OFFSETS).is_some();
        let block = if tiled {
            [one(self, tag::TILE_ROWS, 0)?, one(self, tag::TILE_COLUMNS, 0)?]
        } else {
            [one(self, tag::ROWS_PER_STRIP, rows)?.min(rows), columns]
        };
        let size =
            |value: u64| usize::try_from(value).ok().filter(|size| (1..1 << 32).contains(size));
        let sizes = [rows, columns, block[0], block[1], bands].map(size);
        let [Some(rows), Some(columns), Some(block_rows), Some(block_columns), Some(bands)] = sizes
        else {
            return Err(GeoTiffError::Malformed {
                what: "size of the image",
                offset: directory.at,
                expected: "rows, columns and blocks of at least one cell".to_owned(),
                found: format!("{rows} x {columns}, blocks {block:?}, bands {bands}"),
            });
        };
        let mut image = Image {
            shape: [rows, columns],
            block: [block_rows, block_columns],
            tiled,
            bands,
            sample,
            packing,
            predictor,
            planar,
            offsets: Vec::new(),
            lengths: Vec::new(),
        };
        self.blocks(directory, &mut image, block_bytes)?;
        Ok(image)
    }

    /// Places and lengths of the blocks.
    fn blocks(
        &mut self,
        directory: &Directory,
        image: &mut Image,
        limit: u64,
    ) -> Result<(), GeoTiffError> {
        let [rows, columns] = image.block;
        let cell = (image.block_bands() * image.sample.bytes()) as u64;
        let bytes = (rows as u64).saturating_mul(columns as u64).saturating_mul(cell);
        if limit < bytes {
            return Err(GeoTiffError::Memory { what: "a tile or strip", bytes, limit });
        }
        let [down, across] = image.blocks();
        let planes = if image.planar { image.bands } else { 1 };
        let count = (down as u64).saturating_mul(across as u64).saturating_mul(planes as u64);
        // A block has at least one byte for its offset in the file, so that a count beyond its
        // length is a lie, whatever the directory says.
        if self.length < count {
            let [rows, columns] = image.shape.map(|size| size as u64);
            return Err(GeoTiffError::Truncated { columns, rows, bytes: self.length });
        }
        let tags = if image.tiled {
            [tag::TILE_OFFSETS, tag::TILE_BYTES]
        } else {
            [tag::STRIP_OFFSETS, tag::STRIP_BYTES]
        };
        let mut lists = [Vec::new(), Vec::new()];
        for (list, tag) in lists.iter_mut().zip(tags) {
            let Some(entry) = directory.find(tag) else {
                return Err(GeoTiffError::Malformed {
                    what: "directory",
                    offset: directory.at,
                    expected: format!("tag {tag}"),
                    found: "none".to_owned(),
                });
            };
            *list = self.list(entry, count)?;
        }
        [image.offsets, image.lengths] = lists;
        Ok(())
    }

    fn sample(&mut self, directory: &Directory) -> Result<SampleType, GeoTiffError> {
        let same = |list: &[u64], default: u64| {
            let first = list.first().copied().unwrap_or(default);
            list.iter().all(|value| *value == first).then_some(first)
        };
        let bits = same(&self.shorts(directory, tag::BITS)?, 1);
        let format = same(&self.shorts(directory, tag::SAMPLE_FORMAT)?, 1);
        let sample =
            bits.zip(format).and_then(|(bits, format)| SampleType::from_tags(bits, format));
        sample.ok_or_else(|| GeoTiffError::Samples {
            expected: "u8, u16, u32, i16, i32, f32 or f64, the same in all bands",
            found: format!("{bits:?} bits of format {format:?}"),
        })
    }
}

fn unsupported(what: &'static str, found: u64, expected: &'static str) -> GeoTiffError {
    GeoTiffError::Unsupported { what, found: found.to_string(), expected }
}
