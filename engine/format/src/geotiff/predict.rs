//! Predictors: differences of neighbours pack better than values.
//!
//! All work on one row of little-endian numbers, `bands` numbers to a pixel.
//!
//! Sources: TIFF 6.0 (1992) section 14 (2, differences); Adobe Photoshop TIFF Technical Note 3
//! (2005) (3, byte planes of floats, then differences).

/// One little-endian number from a slice of its length.
macro_rules! number {
    ($number:ty, $bytes:expr) => {{
        let mut own = [0; size_of::<$number>()];
        own.copy_from_slice($bytes);
        <$number>::from_le_bytes(own)
    }};
}

macro_rules! differences {
    ($number:ty, $row:expr, $out:expr, $stride:expr) => {{
        const WIDTH: usize = size_of::<$number>();
        let here = $row[$stride..].chunks_exact(WIDTH);
        let pairs = here.zip($row.chunks_exact(WIDTH));
        for (out, (here, before)) in $out[$stride..].chunks_exact_mut(WIDTH).zip(pairs) {
            let step = number!($number, here).wrapping_sub(number!($number, before));
            out.copy_from_slice(&step.to_le_bytes());
        }
    }};
}

macro_rules! sums {
    ($number:ty, $row:expr, $stride:expr) => {{
        const WIDTH: usize = size_of::<$number>();
        let mut at = $stride;
        while at + WIDTH <= $row.len() {
            let before = number!($number, &$row[at - $stride..at - $stride + WIDTH]);
            let here = number!($number, &$row[at..at + WIDTH]).wrapping_add(before);
            $row[at..at + WIDTH].copy_from_slice(&here.to_le_bytes());
            at += WIDTH;
        }
    }};
}

/// Differences of integers of `width` bytes from `row` to `out`, which is as long.
pub(super) fn difference(row: &[u8], out: &mut [u8], width: usize, bands: usize) {
    let stride = (width * bands).min(row.len());
    out[..stride].copy_from_slice(&row[..stride]);
    match width {
        1 => differences!(u8, row, out, stride),
        2 => differences!(u16, row, out, stride),
        4 => differences!(u32, row, out, stride),
        _ => differences!(u64, row, out, stride),
    }
}

/// The inverse of [`difference`], in place.
pub(super) fn sum(row: &mut [u8], width: usize, bands: usize) {
    let stride = width * bands;
    match width {
        1 => sums!(u8, row, stride),
        2 => sums!(u16, row, stride),
        4 => sums!(u32, row, stride),
        _ => sums!(u64, row, stride),
    }
}

/// Floats of `width` bytes from `row` to `out`: the most significant bytes of all numbers first,
/// and so on; then differences of bytes. `scratch` is as long as the row.
pub(super) fn split(row: &[u8], scratch: &mut [u8], out: &mut [u8], layout: [usize; 2]) {
    let [width, bands] = layout;
    let count = row.len() / width;
    for (byte, plane) in scratch.chunks_exact_mut(count).enumerate() {
        for (number, value) in row.chunks_exact(width).zip(plane) {
            *value = number[width - 1 - byte];
        }
    }
    difference(scratch, out, 1, bands);
}

/// The inverse of [`split`], in place.
pub(super) fn join(row: &mut [u8], scratch: &mut [u8], width: usize, bands: usize) {
    sum(row, 1, bands);
    let count = row.len() / width;
    scratch.copy_from_slice(row);
    for (byte, plane) in scratch.chunks_exact(count).enumerate() {
        for (number, value) in row.chunks_exact_mut(width).zip(plane) {
            number[width - 1 - byte] = *value;
        }
    }
}
