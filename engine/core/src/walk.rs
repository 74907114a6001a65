//! The strip walk: rasters of any size through row functions, in bounded memory.
//!
//! Only this module knows strips, halo, memory and threads. A kernel is a row function over equal
//! slices; the walk pads every row with no-data, so that a kernel needs no branch at the border,
//! reads each row once, and drives several products in one pass.

use std::ops::Range;

use rayon::prelude::*;

/// Rows of a raster, from memory or from a file larger than memory.
pub trait RowSource {
    /// Why rows could not be read.
    type Error;

    /// Rows and columns.
    fn shape(&self) -> [usize; 2];

    /// Fills `out` with these rows, one after the other. Rows come in ascending order, each once.
    ///
    /// # Errors
    /// If the source fails.
    fn read(&mut self, rows: Range<usize>, out: &mut [f32]) -> Result<(), Self::Error>;
}

/// A row function: `window` holds the rows from `halo` above to `halo` below, each padded by
/// `halo` no-data cells on both sides; `out` is as long as the raster is wide. Column `c` of
/// `out` lies under column `c + halo` of the window.
pub type RowKernel<'a> = dyn Fn(&[&[f32]], &mut [f32]) + Sync + 'a;

/// Takes finished rows in order: the index of the first, and the rows.
pub type RowSink<'a, E> = dyn FnMut(usize, &[f32]) -> Result<(), E> + Send + 'a;

/// One product of a walk: a kernel and the place for its rows.
pub struct Product<'a, E> {
    /// The kernel.
    pub kernel: &'a RowKernel<'a>,
    /// The place for its rows.
    pub sink: &'a mut RowSink<'a, E>,
}

/// How to walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// Rows and columns of neighbourhood that the kernels look at on each side.
    pub halo: usize,
    /// Bound on the memory of one strip with all products, in bytes; at least one row is taken.
    pub memory_bytes: usize,
}

impl Walk {
    /// A walk with a neighbourhood of `halo` cells and 64 MiB, which keeps two cores busy on
    /// rasters of 100,000 columns.
    #[must_use]
    pub fn with_halo(halo: usize) -> Self {
        Self { halo, memory_bytes: 64 << 20 }
    }

    /// Sends every row of `source` through every product. The result does not depend on the
    /// memory bound or the number of threads.
    ///
    /// # Errors
    /// The first error of the source or of a sink.
    pub fn run<S: RowSource>(
        &self,
        source: &mut S,
        products: &mut [Product<'_, S::Error>],
    ) -> Result<(), S::Error> {
        let [rows, columns] = source.shape();
        if rows == 0 || columns == 0 {
            return Ok(());
        }
        let mut strip = Strip::new(self.halo, self.height(columns, products.len()), columns);
        let mut out = vec![0.0_f32; strip.height * columns];
        let mut first = 0;
        while first < rows {
            let last = (first + strip.height).min(rows);
            strip.advance(source, first, rows)?;
            for product in &mut *products {
                let out = &mut out[..(last - first) * columns];
                out.par_chunks_mut(columns).enumerate().for_each(|(row, out)| {
                    (product.kernel)(&strip.window(row), out);
                });
                (product.sink)(first, out)?;
            }
            first = last;
        }
        Ok(())
    }

    fn height(&self, columns: usize, products: usize) -> usize {
        let row_bytes =
            size_of::<f32>() * (columns + 2 * self.halo + columns.min(columns * products));
        (self.memory_bytes / row_bytes).saturating_sub(2 * self.halo).clamp(1, 4_096)
    }
}

/// The padded rows of one strip: `height` rows with `halo` more above and below.
struct Strip {
    halo: usize,
    height: usize,
    width: usize,
    cells: Vec<f32>,
    /// Rows of the raster read so far.
    read: usize,
    plain: Vec<f32>,
}

impl Strip {
    fn new(halo: usize, height: usize, columns: usize) -> Self {
        let width = columns + 2 * halo;
        let cells = vec![f32::NAN; (height + 2 * halo) * width];
        Self { halo, height, width, cells, read: 0, plain: Vec::new() }
    }

    /// Moves the strip so that its first row is `first`: rows that stay are moved up, the rest is
    /// read, and beyond the raster there is no data.
    fn advance<S: RowSource>(
        &mut self,
        source: &mut S,
        first: usize,
        rows: usize,
    ) -> Result<(), S::Error> {
        let columns = self.width - 2 * self.halo;
        let total = self.height + 2 * self.halo;
        // The row of the raster at the top of the buffer is `first - halo`.
        let known = (self.read + self.halo).saturating_sub(first).min(total);
        if 0 < first {
            let from = (self.height * self.width).min(self.cells.len());
            self.cells.copy_within(from.., 0);
        } else {
            self.cells[..self.halo * self.width].fill(f32::NAN);
        }
        let until = (first + self.height + self.halo).min(rows);
        if self.read < until {
            let count = until - self.read;
            self.plain.resize(count * columns, f32::NAN);
            source.read(self.read..until, &mut self.plain)?;
            let top = self.read + self.halo - first;
            for (row, values) in self.plain.chunks_exact(columns).enumerate() {
                let start = (top + row) * self.width + self.halo;
                self.cells[start..start + columns].copy_from_slice(values);
            }
            self.read = until;
        }
        let filled = (until + self.halo - first).max(known);
        self.cells[filled * self.width..].fill(f32::NAN);
        Ok(())
    }

    fn window(&self, row: usize) -> Vec<&[f32]> {
        self.cells.chunks_exact(self.width).skip(row).take(2 * self.halo + 1).collect()
    }
}

/// Rows of a raster in memory.
#[derive(Clone, Copy, Debug)]
pub struct InMemory<'a> {
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Values, row by row.
    pub values: &'a [f32],
}

impl RowSource for InMemory<'_> {
    type Error = std::convert::Infallible;

    fn shape(&self) -> [usize; 2] {
        self.shape
    }

    fn read(&mut self, rows: Range<usize>, out: &mut [f32]) -> Result<(), Self::Error> {
        let columns = self.shape[1];
        out.copy_from_slice(&self.values[rows.start * columns..rows.end * columns]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use proptest::prelude::*;

    /// Mean of the 3 x 3 window; `NaN` wherever the window holds one.
    fn mean_row(window: &[&[f32]], out: &mut [f32]) {
        for (column, out) in out.iter_mut().enumerate() {
            *out = window.iter().flat_map(|row| &row[column..column + 3]).sum::<f32>() / 9.0;
        }
    }

    fn copy_row(window: &[&[f32]], out: &mut [f32]) {
        out.copy_from_slice(&window[1][1..=out.len()]);
    }

    fn walk(
        shape: [usize; 2],
        values: &[f32],
        memory_bytes: usize,
        threads: usize,
    ) -> [Vec<u32>; 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (mut means, mut copies) = (Vec::new(), Vec::new());
        let mut collect_means = |_: usize, rows: &[f32]| -> Result<(), Infallible> {
            means.extend(rows.iter().map(|value| value.to_bits()));
            Ok(())
        };
        let mut collect_copies = |_: usize, rows: &[f32]| -> Result<(), Infallible> {
            copies.extend(rows.iter().map(|value| value.to_bits()));
            Ok(())
        };
        let mut products = [
            Product { kernel: &mean_row, sink: &mut collect_means },
            Product { kernel: &copy_row, sink: &mut collect_copies },
        ];
        let walk = Walk { halo: 1, memory_bytes };
        let mut source = InMemory { shape, values };
        let Ok(()) = pool.install(|| walk.run(&mut source, &mut products));
        [means, copies]
    }

    proptest! {
        /// Neither strips nor threads change a bit, and every row comes out once, in order.
        #[test]
        fn strips_and_threads_change_no_bit(
            rows in 1_usize..40, columns in 1_usize..20, memory in 1_usize..6_000,
            hole in any::<prop::sample::Index>(),
        ) {
            let mut values: Vec<f32> =
                (0..rows * columns).map(|i: usize| ((i * 7_919) % 1_013) as f32 * 0.37).collect();
            values[hole.index(rows * columns)] = f32::NAN;
            let whole = walk([rows, columns], &values, usize::MAX, 1);
            prop_assert_eq!(&walk([rows, columns], &values, memory, 1), &whole);
            prop_assert_eq!(&walk([rows, columns], &values, memory, 3), &whole);
            let copied: Vec<u32> = values.iter().map(|value: &f32| value.to_bits()).collect();
            prop_assert_eq!(&whole[1], &copied);
        }
    }

    /// The no-data law: a hole spreads to the cells whose window holds it, and to nothing else.
    #[test]
    fn no_data_never_becomes_data() {
        let mut values = vec![1.0_f32; 49];
        values[3 * 7 + 3] = f32::NAN;
        let [means, _] = walk([7, 7], &values, 200, 2);
        for (index, bits) in means.into_iter().enumerate() {
            let (row, column) = (index / 7, index % 7);
            let near_hole = row.abs_diff(3) <= 1 && column.abs_diff(3) <= 1;
            let border = matches!(row, 0 | 6) || matches!(column, 0 | 6);
            let value = f32::from_bits(bits);
            assert_eq!(value.is_nan(), near_hole || border, "row {row}, column {column}");
        }
    }

    #[test]
    fn an_empty_raster_has_no_rows() {
        assert!(walk([0, 5], &[], 100, 1).iter().all(Vec::is_empty));
    }
}
