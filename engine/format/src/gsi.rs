//! 地理院タイル 標高タイル: heights of 256 by 256 points as PNG or as text.
//!
//! A picture codes a height in its colours: with `x = 65536 R + 256 G + B`, the height is
//! `0.01 x` metres for `x < 2^23`, none for `x = 2^23`, and `0.01 (x - 2^24)` beyond. A text holds
//! 256 lines of 256 numbers, `e` for none. Both give the same numbers, in exact centimetres.
//!
//! A height belongs to the north-west corner of its pixel. As everywhere here a cell is an area
//! around its value, a tile is placed half a cell to the north-west of its square on the map
//! ([`place`]); neighbouring tiles fit together without a seam.
//!
//! The heights of PNG tiles must be decoded before anything is resampled: a mean of colours is no
//! mean of heights.
//!
//! Source: 国土地理院, 標高タイルの詳細仕様 (maps.gsi.go.jp/development/demtile.html); the placement
//! after 産総研 シームレス標高タイル.

use std::io::Cursor;

use jomo_core::mercator::{HALF_WORLD, TileId};
use jomo_core::message::{Arguments, Coded};

use crate::geotiff::{Place, Sample};

/// Points along each edge of a tile.
pub const EDGE: usize = 256;
/// A line of 256 heights such as `-1234.56,` has at most 2.5 kB; spaces may double it.
const TEXT_BYTES_MAX: usize = 16 * EDGE * EDGE;
/// A tile of 8-bit RGBA takes 256 KiB; an interlaced one is unpacked twice.
const PNG_BYTES_MAX: usize = 2 << 20;
const EPSG_WEB_MERCATOR: u32 = 3_857;

/// Why a tile was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GsiError {
    /// Not a PNG, or a broken one.
    #[error("not a readable PNG: {reason}")]
    Png {
        /// What the decoder says.
        reason: String,
    },
    /// Another picture than a tile of heights.
    #[error("the picture is {found}; 256 x 256 in 8-bit red, green, blue wanted")]
    Picture {
        /// Size, colours and depth.
        found: String,
    },
    /// More bytes than a tile of text has.
    #[error("{bytes} bytes are more than a tile's text of at most {TEXT_BYTES_MAX}")]
    TooLong {
        /// Length of the text.
        bytes: usize,
    },
    /// Too few or too many numbers.
    #[error("line {line}: {found} found, {EDGE} wanted")]
    Count {
        /// Line of the text from 1; 0 for the number of lines.
        line: usize,
        /// Numbers, or lines, found.
        found: usize,
    },
    /// Something that is no height.
    #[error("line {line}, number {column}: {found:?} is no height")]
    Number {
        /// Line of the text from 1.
        line: usize,
        /// Number in the line from 1.
        column: usize,
        /// What is there.
        found: String,
    },
    /// No tile address in the name.
    #[error("no tile address in {name:?}")]
    Address {
        /// The name.
        name: String,
    },
}

impl Coded for GsiError {
    fn code(&self) -> &'static str {
        match self {
            Self::Png { .. } => "gsi-png",
            Self::Picture { .. } => "gsi-picture",
            Self::TooLong { .. } => "gsi-too-long",
            Self::Count { .. } => "gsi-count",
            Self::Number { .. } => "gsi-number",
            Self::Address { .. } => "gsi-address",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Png { reason } => vec![("reason", reason.clone())],
            Self::Picture { found } => vec![("found", found.clone())],
            Self::TooLong { bytes } => {
                vec![("bytes", bytes.to_string()), ("limit", TEXT_BYTES_MAX.to_string())]
            }
            Self::Count { line, found } => vec![
                ("line", line.to_string()),
                ("found", found.to_string()),
                ("expected", EDGE.to_string()),
            ],
            Self::Number { line, column, found } => vec![
                ("line", line.to_string()),
                ("column", column.to_string()),
                ("found", found.clone()),
            ],
            Self::Address { name } => vec![("name", name.clone())],
        }
    }
}

/// Heights of a PNG tile in metres, row by row from the north; none is `NaN`.
///
/// A transparent pixel has no height, whatever its colour.
///
/// # Errors
/// If it is no PNG of 256 by 256 pixels in 8-bit colours; hostile bytes end in one, too.
pub fn png(bytes: &[u8]) -> Result<Vec<f32>, GsiError> {
    let fault = |reason: png::DecodingError| GsiError::Png { reason: reason.to_string() };
    let limits = png::Limits { bytes: PNG_BYTES_MAX };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let head = decoder.read_header_info().map_err(fault)?;
    let (width, height) = (head.width, head.height);
    let picture = format!("{width} x {height}, {:?}, {:?}", head.color_type, head.bit_depth);
    let wrong = || GsiError::Picture { found: picture.clone() };
    let coloured = matches!(
        head.color_type,
        png::ColorType::Rgb | png::ColorType::Rgba | png::ColorType::Indexed
    );
    let square = [width, height].iter().all(|size| usize::try_from(*size) == Ok(EDGE));
    if !square || !coloured || head.bit_depth == png::BitDepth::Sixteen {
        return Err(wrong());
    }
    // Palettes become colours.
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(fault)?;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or_default()];
    let frame = reader.next_frame(&mut pixels).map_err(fault)?;
    let channels = frame.color_type.samples();
    if !matches!(channels, 3 | 4) || pixels.len() != EDGE * EDGE * channels {
        return Err(wrong());
    }
    let height = |pixel: &[u8]| match pixel {
        [_, _, _, 0] => f32::NAN,
        [red, green, blue, ..] => metres(*red, *green, *blue),
        _ => f32::NAN,
    };
    Ok(pixels.chunks_exact(channels).map(height).collect())
}

/// Height of a colour in metres.
///
/// ```
/// assert_eq!(jomo_format::gsi::metres(0, 0, 123), 1.23);
/// assert!(jomo_format::gsi::metres(128, 0, 0).is_nan());
/// assert_eq!(jomo_format::gsi::metres(255, 255, 255), -0.01);
/// ```
#[must_use]
pub fn metres(red: u8, green: u8, blue: u8) -> f32 {
    let code = i32::from_be_bytes([0, red, green, blue]);
    let centimetres = match code {
        0x80_0000 => return f32::NAN,
        0x80_0001.. => code - 0x100_0000,
        _ => code,
    };
    f32::from_f64(f64::from(centimetres) / 100.0)
}

/// Heights of a text tile in metres, row by row from the north; none is `NaN`.
///
/// # Errors
/// If it is not 256 lines of 256 numbers or `e`.
pub fn text(bytes: &[u8]) -> Result<Vec<f32>, GsiError> {
    if TEXT_BYTES_MAX < bytes.len() {
        return Err(GsiError::TooLong { bytes: bytes.len() });
    }
    let text = String::from_utf8_lossy(bytes);
    let mut heights = Vec::with_capacity(EDGE * EDGE);
    let mut lines = 0;
    for (line, content) in text.lines().enumerate() {
        let before = heights.len();
        for (column, word) in content.split(',').enumerate() {
            heights.push(height(word.trim()).ok_or_else(|| GsiError::Number {
                line: line + 1,
                column: column + 1,
                found: word.chars().take(32).collect(),
            })?);
        }
        let found = heights.len() - before;
        lines = line + 1;
        if found != EDGE || EDGE < lines {
            return Err(GsiError::Count { line: lines, found });
        }
    }
    if lines == EDGE { Ok(heights) } else { Err(GsiError::Count { line: 0, found: lines }) }
}

fn height(word: &str) -> Option<f32> {
    if word == "e" {
        return Some(f32::NAN);
    }
    // A plain decimal number: neither `inf` nor an exponent.
    let plain = word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-'));
    word.parse().ok().filter(|value: &f64| plain && value.is_finite()).map(f32::from_f64)
}

/// Where the heights of a tile lie in Web Mercator (EPSG:3857), each in the middle of its cell.
///
/// ```
/// use jomo_core::mercator::TileId;
/// let place = jomo_format::gsi::place(TileId::new(0, 0, 0).unwrap());
/// // The first height belongs to the north-west corner of the world.
/// let first = [place.origin[0] + place.cell[0] / 2.0, place.origin[1] - place.cell[1] / 2.0];
/// assert!((first[0] + 20_037_508.34).abs() < 0.01 && (first[1] - 20_037_508.34).abs() < 0.01);
/// ```
#[must_use]
pub fn place(tile: TileId) -> Place {
    let cells = EDGE as f64 * f64::from(1_u32 << tile.z());
    let cell = 2.0 * HALF_WORLD / cells;
    let edge = |index: u32| f64::from(index) * EDGE as f64 - 0.5;
    Place {
        epsg: Some(EPSG_WEB_MERCATOR),
        origin: [edge(tile.x()) * cell - HALF_WORLD, HALF_WORLD - edge(tile.y()) * cell],
        cell: [cell; 2],
    }
}

/// The tile address at the end of a path: `…/8/229/94.png`, `8-229-94.txt`, `z8-x229-y94.png`.
///
/// ```
/// let tile = jomo_format::gsi::address("dem/gsi-dem-z8-x229-y94.png")?;
/// assert_eq!((tile.z(), tile.x(), tile.y()), (8, 229, 94));
/// # Ok::<(), jomo_format::gsi::GsiError>(())
/// ```
///
/// # Errors
/// If the last three numbers are no tile.
pub fn address(path: &str) -> Result<TileId, GsiError> {
    let unknown = || GsiError::Address { name: path.chars().take(200).collect() };
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let numbers: Vec<&str> = stem
        .rsplit(|letter: char| !letter.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .take(3)
        .collect();
    let [y, x, z] = numbers[..] else { return Err(unknown()) };
    let (Ok(z), Ok(x), Ok(y)) = (z.parse(), x.parse(), y.parse()) else { return Err(unknown()) };
    TileId::new(z, x, y).ok_or_else(unknown)
}

#[cfg(test)]
mod tests;
