//! One tile or strip: packed bytes to little-endian numbers and back.

use std::io::Write;

use flate2::{Decompress, FlushDecompress, Status};

use super::directory::{Image, Packing};
use super::error::GeoTiffError;
use super::sample::Sample;
use super::{lzw, predict};

/// DEFLATE cannot unfold one byte into more than 1,032.
const DEFLATE_RATIO_MAX: u64 = 1_032;
/// A code of LZW has at least 9 bits and stands for at most 3,839 bytes.
const LZW_RATIO_MAX: u64 = 3_840;

/// Unpacks a block of `rows` rows into little-endian numbers.
pub(super) fn unpack(
    image: &Image,
    index: usize,
    rows: usize,
    mut packed: Vec<u8>,
    big_endian: bool,
) -> Result<Vec<u8>, GeoTiffError> {
    let width = image.sample.bytes();
    let bands = image.block_bands();
    let line = image.block[1] * bands * width;
    let expected = rows * line;
    let ratio = match image.packing {
        Packing::None => 1,
        Packing::Lzw => LZW_RATIO_MAX,
        Packing::Deflate => DEFLATE_RATIO_MAX,
    };
    let fault = |found: String| GeoTiffError::Block {
        index: index as u64,
        expected: expected as u64,
        found,
    };
    let most = (packed.len() as u64).saturating_mul(ratio);
    if most < expected as u64 {
        return Err(fault(format!("{} packed bytes, at most {most}", packed.len())));
    }
    let mut cells = match image.packing {
        Packing::None => {
            packed.truncate(expected);
            packed
        }
        Packing::Lzw => {
            let mut cells = vec![0; expected];
            let found = lzw::unpack(&packed, &mut cells);
            if found < expected {
                return Err(fault(format!("{found} bytes")));
            }
            cells
        }
        Packing::Deflate => inflate(&packed, expected).map_err(fault)?,
    };
    if big_endian && image.predictor != 3 {
        cells.chunks_exact_mut(width).for_each(<[u8]>::reverse);
    }
    match image.predictor {
        2 => cells.chunks_exact_mut(line).for_each(|row| predict::sum(row, width, bands)),
        3 => {
            let mut scratch = vec![0; line];
            for row in cells.chunks_exact_mut(line) {
                predict::join(row, &mut scratch, width, bands);
            }
        }
        _ => {}
    }
    Ok(cells)
}

fn inflate(packed: &[u8], expected: usize) -> Result<Vec<u8>, String> {
    let mut cells = vec![0; expected];
    let mut state = Decompress::new(true);
    let status = state.decompress(packed, &mut cells, FlushDecompress::Finish);
    match status {
        // More than the expected bytes are packed in the last strips of some writers.
        Ok(Status::StreamEnd | Status::Ok | Status::BufError)
            if state.total_out() == expected as u64 =>
        {
            Ok(cells)
        }
        Ok(_) => Err(format!("{} bytes", state.total_out())),
        Err(reason) => Err(reason.to_string()),
    }
}

/// Room that is used again for each tile.
#[derive(Default)]
pub(super) struct Scratch {
    line: Vec<u8>,
    planes: Vec<u8>,
    plain: Vec<u8>,
}

/// Packs a tile of `edge` by `edge` pixels that starts at pixel `left` of these rows; what lies
/// beyond the rows repeats their last pixel and row.
pub(super) fn pack<T: Sample>(
    rows: &[&[T]],
    [edge, left, bands]: [usize; 3],
    level: flate2::Compression,
    scratch: &mut Scratch,
) -> std::io::Result<Vec<u8>> {
    let width = size_of::<T>();
    let size = edge * bands * width;
    scratch.line.resize(size, 0);
    scratch.planes.resize(size, 0);
    scratch.plain.resize(edge * size, 0);
    let Scratch { line, planes, plain } = scratch;
    for (row, out) in plain.chunks_exact_mut(size).enumerate() {
        if let Some(cells) = rows.get(row) {
            let to = cells.len().min((left + edge) * bands);
            let cells = &cells[left * bands..to];
            for (value, bytes) in cells.iter().zip(line.chunks_exact_mut(width)) {
                value.put(bytes);
            }
            let (pixel, mut known) = (bands * width, size_of_val(cells));
            while known < size {
                line.copy_within(known - pixel..known, known);
                known += pixel;
            }
        }
        if T::TYPE.is_float() {
            predict::split(line, planes, out, [width, bands]);
        } else {
            predict::difference(line, out, width, bands);
        }
    }
    let room = plain.len() / 2;
    let mut packed = flate2::write::ZlibEncoder::new(Vec::with_capacity(room), level);
    packed.write_all(plain)?;
    packed.finish()
}
