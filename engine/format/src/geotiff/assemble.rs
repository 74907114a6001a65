//! The bytes of a COG before its tiles: header, note on the layout, directories.

use super::cog::{Colour, Layout, TILE};
use super::directory::tag;
use super::sample::SampleType;

/// GDAL's "ghost area". The space at the end leaves room for a program that edits the file in
/// place to turn NO into YES.
const NOTE: &str = "LAYOUT=IFDS_BEFORE_DATA\nBLOCK_ORDER=ROW_MAJOR\nBLOCK_LEADER=SIZE_AS_UINT4\n\
                    BLOCK_TRAILER=LAST_4_BYTES_REPEATED\nKNOWN_INCOMPATIBLE_EDITION=NO\n ";
/// Bytes around each tile: its length before, its last four bytes after.
const LEADER: u64 = 4;
const AROUND: u64 = 8;

/// Shape and lengths of the tiles of each level, finest first.
pub(super) type Images<'a> = Vec<([usize; 2], &'a [u32])>;

/// What stands before the tiles.
pub(super) struct Head {
    pub(super) bytes: Vec<u8>,
    /// Length of the whole file.
    pub(super) length: u64,
}

/// Values of one tag, little-endian.
struct Field {
    tag: u16,
    kind: u16,
    count: u64,
    bytes: Vec<u8>,
}

fn shorts(tag: u16, values: &[u16]) -> Field {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Field { tag, kind: 3, count: values.len() as u64, bytes }
}

fn long(tag: u16, value: u32) -> Field {
    Field { tag, kind: 4, count: 1, bytes: value.to_le_bytes().to_vec() }
}

fn doubles(tag: u16, values: &[f64]) -> Field {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Field { tag, kind: 12, count: values.len() as u64, bytes }
}

fn text(tag: u16, text: &str) -> Field {
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    Field { tag, kind: 2, count: bytes.len() as u64, bytes }
}

/// Widths of the parts of a directory, classic or big.
#[derive(Clone, Copy)]
struct Form {
    big: bool,
}

impl Form {
    fn header(self) -> u64 {
        if self.big { 16 } else { 8 }
    }

    /// Count, entries, and the place of the next directory.
    fn size(self, entries: usize) -> u64 {
        let entries = entries as u64;
        if self.big { 8 + 20 * entries + 8 } else { 2 + 12 * entries + 4 }
    }

    /// Appends a directory and its lists to `out`, which begins at byte `start` of the file; the
    /// next one follows unless this is the last.
    fn directory(self, fields: &[Field], start: u64, last: bool, out: &mut Vec<u8>) {
        let lists_at = start + out.len() as u64 + self.size(fields.len());
        let mut lists = Vec::new();
        if self.big {
            out.extend((fields.len() as u64).to_le_bytes());
        } else {
            out.extend(u16::try_from(fields.len()).unwrap_or_default().to_le_bytes());
        }
        for field in fields {
            out.extend(field.tag.to_le_bytes());
            out.extend(field.kind.to_le_bytes());
            self.put(out, field.count);
            let wide = if self.big { 8 } else { 4 };
            if field.bytes.len() <= wide {
                out.extend(&field.bytes);
                out.resize(out.len() + wide - field.bytes.len(), 0);
            } else {
                self.put(out, lists_at + lists.len() as u64);
                lists.extend(&field.bytes);
                lists.resize(lists.len().next_multiple_of(8), 0);
            }
        }
        let end = (lists_at + lists.len() as u64).next_multiple_of(8);
        self.put(out, if last { 0 } else { end });
        out.extend(lists);
        out.resize(usize::try_from(end - start).unwrap_or_default(), 0);
    }

    fn put(self, out: &mut Vec<u8>, value: u64) {
        if self.big {
            out.extend(value.to_le_bytes());
        } else {
            out.extend(u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes());
        }
    }
}

/// Everything before the tiles.
pub(super) fn head(layout: &Layout, sample: SampleType, images: &Images<'_>) -> Head {
    let classic = assemble(layout, sample, images, Form { big: false });
    if classic.length <= layout.classic_bytes.min(u64::from(u32::MAX)) {
        classic
    } else {
        assemble(layout, sample, images, Form { big: true })
    }
}

fn assemble(layout: &Layout, sample: SampleType, images: &Images<'_>, form: Form) -> Head {
    let file = File { layout, sample, images, form };
    let note = format!("GDAL_STRUCTURAL_METADATA_SIZE={:06} bytes\n{NOTE}", NOTE.len());
    let start = (form.header() + note.len() as u64).next_multiple_of(8);
    // The places of tiles are known only when the length of all directories is: those lists are
    // made twice, first with zeros.
    let empty = |images: &Images<'_>| -> Vec<Vec<u64>> {
        images.iter().map(|(_, lengths)| vec![0; lengths.len()]).collect()
    };
    let directories = file.directories(&empty(images), start);
    let mut at = start + directories.len() as u64;
    let mut places = empty(images);
    for ((_, lengths), places) in images.iter().zip(&mut places).rev() {
        for (length, place) in lengths.iter().zip(places) {
            *place = at + LEADER;
            at += u64::from(*length) + AROUND;
        }
    }
    let mut bytes = Vec::new();
    bytes.extend(b"II");
    if form.big {
        bytes.extend([43, 0, 8, 0, 0, 0]);
    } else {
        bytes.extend([42, 0]);
    }
    form.put(&mut bytes, start);
    bytes.extend(note.as_bytes());
    bytes.resize(usize::try_from(start).unwrap_or_default(), 0);
    bytes.extend(file.directories(&places, start));
    Head { bytes, length: at }
}

/// What the directories say.
struct File<'a> {
    layout: &'a Layout,
    sample: SampleType,
    images: &'a Images<'a>,
    form: Form,
}

impl File<'_> {
    /// All directories with their lists, the first at byte `start`.
    fn directories(&self, places: &[Vec<u64>], start: u64) -> Vec<u8> {
        let mut out = Vec::new();
        for (level, ((shape, lengths), places)) in self.images.iter().zip(places).enumerate() {
            let mut fields = image(self.layout, self.sample, level, *shape);
            fields.extend(tiles(lengths, places, self.form));
            fields.extend(place(self.layout, level));
            fields.sort_by_key(|field| field.tag);
            let last = level + 1 == self.images.len();
            self.form.directory(&fields, start, last, &mut out);
        }
        out
    }
}

/// Size, samples and packing of one level.
fn image(
    layout: &Layout,
    sample: SampleType,
    level: usize,
    [rows, columns]: [usize; 2],
) -> Vec<Field> {
    let size = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let short = |value: usize| u16::try_from(value).unwrap_or(u16::MAX);
    let bands = layout.bands;
    let (photometric, coloured, extra) = match layout.colour {
        Colour::Rgb if 3 <= bands => (2, 3, 0),
        Colour::RgbAlpha if 4 <= bands => (2, 3, 2),
        _ => (1, 1, 0),
    };
    let mut fields = vec![
        long(tag::COLUMNS, size(columns)),
        long(tag::ROWS, size(rows)),
        shorts(tag::BITS, &vec![short(8 * sample.bytes()); bands]),
        shorts(tag::COMPRESSION, &[8]),
        shorts(tag::PHOTOMETRIC, &[photometric]),
        shorts(tag::BANDS, &[short(bands)]),
        shorts(tag::PLANAR, &[1]),
        shorts(tag::PREDICTOR, &[sample.predictor()]),
        shorts(tag::TILE_COLUMNS, &[short(TILE)]),
        shorts(tag::TILE_ROWS, &[short(TILE)]),
        shorts(tag::SAMPLE_FORMAT, &vec![sample.format(); bands]),
    ];
    if coloured < bands {
        let mut extras = vec![0; bands - coloured];
        extras[0] = extra;
        fields.push(shorts(tag::EXTRA_SAMPLES, &extras));
    }
    if 0 < level {
        fields.push(long(tag::SUBFILE, 1));
    }
    fields
}

fn tiles(lengths: &[u32], places: &[u64], form: Form) -> [Field; 2] {
    let count = lengths.len() as u64;
    let mut list = Vec::new();
    for place in places {
        form.put(&mut list, *place);
    }
    let kind = if form.big { 16 } else { 4 };
    let bytes = lengths.iter().flat_map(|length| length.to_le_bytes()).collect();
    [
        Field { tag: tag::TILE_OFFSETS, kind, count, bytes: list },
        Field { tag: tag::TILE_BYTES, kind: 4, count, bytes },
    ]
}

/// Place and meaning; overviews repeat only which number is no data.
fn place(layout: &Layout, level: usize) -> Vec<Field> {
    let no_data = layout.meaning.no_data_text().map(|number| text(tag::GDAL_NO_DATA, &number));
    let mut fields: Vec<Field> = no_data.into_iter().collect();
    if level == 0 {
        let (scale, tie, keys) = layout.place.tags();
        fields.push(doubles(tag::PIXEL_SCALE, &scale));
        fields.push(doubles(tag::TIE_POINT, &tie));
        fields.push(shorts(tag::GEO_KEYS, &keys));
        let metadata = layout.meaning.metadata_text(layout.bands);
        fields.extend(metadata.map(|metadata| text(tag::GDAL_METADATA, &metadata)));
    }
    fields
}
