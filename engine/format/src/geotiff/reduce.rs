//! Half as many rows and columns: the cells of an overview.

use rayon::prelude::*;

use super::sample::{Absent, Sample};

/// How the cells of an overview come from two by two cells of the finer level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overviews {
    /// No overviews: only for rasters that nobody looks at from afar.
    None,
    /// The north-western cell of the four, which is GDAL's nearest: for classes.
    Nearest,
    /// The mean of those that are not no-data, rounded to the nearest number of the sample type:
    /// for heights, depths, photographs.
    Average,
}

/// Halves rows of pixels of `bands` numbers; the last row or column may stand alone.
pub(super) fn halve<T: Sample>(
    rows: &[T],
    [columns, bands]: [usize; 2],
    how: Overviews,
    absent: Absent<T>,
) -> Vec<T> {
    let line = columns * bands;
    let narrow = columns.div_ceil(2) * bands;
    let count = rows.len() / line;
    let mut out = vec![T::default(); count.div_ceil(2) * narrow];
    out.par_chunks_mut(narrow).zip(rows.par_chunks(2 * line)).for_each(|(out, pair)| {
        let (north, south) = pair.split_at(line);
        let south = if south.is_empty() { north } else { south };
        match how {
            Overviews::Average => average(north, south, bands, absent, out),
            Overviews::Nearest | Overviews::None => {
                for (out, pixel) in out.chunks_exact_mut(bands).zip(north.chunks(2 * bands)) {
                    out.copy_from_slice(&pixel[..bands]);
                }
            }
        }
    });
    out
}

fn average<T: Sample>(north: &[T], south: &[T], bands: usize, absent: Absent<T>, out: &mut [T]) {
    let pairs = north.chunks(2 * bands).zip(south.chunks(2 * bands));
    for (out, (north, south)) in out.chunks_exact_mut(bands).zip(pairs) {
        // A column or row that stands alone counts twice, which changes no mean.
        let east = north.len() - bands;
        for (band, out) in out.iter_mut().enumerate() {
            let four = [north[band], north[east + band], south[band], south[east + band]];
            *out = mean(four, absent);
        }
    }
}

#[inline]
fn mean<T: Sample>(four: [T; 4], absent: Absent<T>) -> T {
    let (mut sum, mut count, mut last) = (0.0, 0.0, None);
    for value in four {
        if !absent.is(value) {
            sum += value.to_f64();
            count += 1.0;
            last = Some(value);
        }
    }
    let Some(last) = last else { return absent.value() };
    let mean = T::from_f64(sum / count);
    // 99 and 101 do not become a hole where 100 stands for no data.
    if absent.is(mean) { last } else { mean }
}
