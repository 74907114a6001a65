//! What the readers of features share: options, identity, column types, and the checks that every
//! feature passes before it is kept.
//!
//! A bad feature is counted under a stable code and kept out; a bad file is refused with all its
//! faults. The codes are those of [`GeometryFault`] and of the readers.

mod collect;
mod error;
mod geometry;
#[cfg(test)]
pub(crate) mod hostile;

use std::borrow::Cow;

use encoding_rs::SHIFT_JIS;
use jomo_core::fault::Faults;
use jomo_core::feature::FeatureTable;

pub use collect::{Cell, Collector, Row};
pub use error::VectorError;
pub(crate) use geometry::positions;
pub use geometry::{GeometryFault, Ring, line, polygon};

/// Magnitude below which every integer is exact in a 64-bit float, and thus in JavaScript.
pub(crate) const EXACT_INTEGER_MAX: i64 = 1 << 53;

/// How to read a file of features.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Column that holds the ids. Its values must be present, unique and plain ASCII.
    pub id_field: Option<String>,
    /// Column of a table that holds the longitude; otherwise found by its usual names.
    pub lon_field: Option<String>,
    /// Column of a table that holds the latitude; otherwise found by its usual names.
    pub lat_field: Option<String>,
    /// Encoding of the text; otherwise UTF-8, and CP932 where the bytes are no UTF-8.
    pub encoding: Option<Encoding>,
    /// Sizes beyond which a file is refused.
    pub limits: Limits,
}

/// An encoding of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// Windows code page 932, the common superset of `Shift_JIS`.
    Cp932,
}

/// Sizes beyond which a file is refused, so that a small file cannot ask for much memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most features.
    pub features: usize,
    /// Most columns.
    pub fields: usize,
    /// Most values: features times columns, 32 bytes each without their text.
    pub cells: usize,
}

impl Default for Limits {
    /// The forest register of a prefecture has some 300,000 rows of 25 columns; this is six times
    /// as much.
    fn default() -> Self {
        Self { features: 5_000_000, fields: 512, cells: 50_000_000 }
    }
}

/// What a file of features holds.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorRead {
    /// The sound features, in the order of the file; geometry in lon/lat degrees.
    pub table: FeatureTable,
    /// The features kept out, by code; their place is `row <number>`, counted from 1.
    pub faults: Faults,
    /// EPSG code that the file names, `None` if it names none. Always 4326 or 6668, which are the
    /// same here (null shift).
    pub crs_epsg: Option<u32>,
    /// Where the ids come from.
    pub id_source: IdSource,
}

/// Where the ids of a file come from.
///
/// Without [`ReadOptions::id_field`] the first usable of these is taken: the member `id` of the
/// features (`GeoJSON`; usable if every feature has one, and then it must be sound), the column
/// `id` (usable if complete, unique and plain ASCII), the number of the row. A column `id` that
/// does not give the ids becomes the field `source_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdSource {
    /// The column named by the caller.
    Field(String),
    /// The member `id` of the features.
    Member,
    /// The column `id`.
    Column,
    /// `row-<number>`, counted from 1 over all rows of the file, bad ones included.
    RowNumber,
}

/// The text of a file, without a byte order mark.
///
/// Bytes that are no UTF-8 are taken for CP932, unless they are mostly UTF-8: a few broken bytes
/// in a UTF-8 file would turn the rest into a wrong text.
///
/// # Errors
/// [`VectorError::Encoding`] with the place of the first byte that does not fit.
pub fn decode(bytes: &[u8], encoding: Option<Encoding>) -> Result<Cow<'_, str>, VectorError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let cp932 = || SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes);
    let refused = |offset: usize| VectorError::Encoding { offset };
    let utf8 = std::str::from_utf8(bytes).map(Cow::Borrowed);
    match (encoding, utf8) {
        (Some(Encoding::Cp932), _) => cp932().ok_or_else(|| refused(0)),
        (_, Ok(text)) => Ok(text),
        (Some(Encoding::Utf8), Err(error)) => Err(refused(error.valid_up_to())),
        (None, Err(error)) => {
            if is_mostly_utf8(bytes) {
                return Err(refused(error.valid_up_to()));
            }
            cp932().ok_or_else(|| refused(error.valid_up_to()))
        }
    }
}

/// Whether well-formed multi-byte characters outnumber the broken places four to one. In CP932
/// text a pair of bytes is well-formed UTF-8 only by accident, so there the broken places win.
#[must_use]
pub fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let mut sound = 0_usize;
    let mut broken = 0_usize;
    for chunk in bytes.utf8_chunks() {
        sound += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    broken.saturating_mul(4) < sound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_utf8_or_cp932() {
        let (cp932, _, _) = SHIFT_JIS.encode("名称,緯度\n前橋市役所,36.39");
        for encoding in [None, Some(Encoding::Cp932)] {
            assert_eq!(decode(&cp932, encoding).unwrap(), "名称,緯度\n前橋市役所,36.39");
        }
        assert!(matches!(
            decode(&cp932, Some(Encoding::Utf8)),
            Err(VectorError::Encoding { offset: 0 })
        ));
        assert_eq!(decode("\u{feff}前橋".as_bytes(), None).unwrap(), "前橋");
    }

    /// A broken byte in a UTF-8 file is told, not turned into another text.
    #[test]
    fn damaged_utf8_is_not_taken_for_cp932() {
        let mut bytes = "群馬県前橋市".as_bytes().to_vec();
        bytes.truncate(bytes.len() - 1);
        assert!(matches!(decode(&bytes, None), Err(VectorError::Encoding { offset: 15 })));
    }
}
