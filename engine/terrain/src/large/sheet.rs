//! Rasters in a scratch.

use std::marker::PhantomData;

use crate::cells::Shape;
use crate::patch::Window;

/// Bytes outside memory, such as a file of the working folder. It grows as it is written to.
pub trait Scratch {
    /// Why bytes could not be read or written.
    type Error;

    /// Fills `out` with the bytes from `offset` on; they were written before.
    ///
    /// # Errors
    /// If the scratch fails.
    fn read(&mut self, offset: u64, out: &mut [u8]) -> Result<(), Self::Error>;

    /// Writes bytes from `offset` on.
    ///
    /// # Errors
    /// If the scratch fails, or is full.
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Self::Error>;
}

/// A number of one cell.
pub(crate) trait Cell: Copy {
    /// What lies beyond the raster.
    const OUTSIDE: Self;
    /// Bytes in the scratch.
    const BYTES: usize = size_of::<Self>();

    fn put(self, out: &mut [u8]);
    fn take(bytes: &[u8]) -> Self;
}

impl Cell for u8 {
    const OUTSIDE: Self = 0;

    fn put(self, out: &mut [u8]) {
        out.copy_from_slice(&[self]);
    }

    fn take(bytes: &[u8]) -> Self {
        bytes.first().copied().unwrap_or(0)
    }
}

impl Cell for u32 {
    const OUTSIDE: Self = 0;

    fn put(self, out: &mut [u8]) {
        out.copy_from_slice(&self.to_le_bytes());
    }

    fn take(bytes: &[u8]) -> Self {
        bytes.first_chunk().copied().map_or(0, Self::from_le_bytes)
    }
}

impl Cell for f32 {
    const OUTSIDE: Self = f32::NAN;

    fn put(self, out: &mut [u8]) {
        out.copy_from_slice(&self.to_le_bytes());
    }

    fn take(bytes: &[u8]) -> Self {
        bytes.first_chunk().copied().map_or(f32::NAN, Self::from_le_bytes)
    }
}

/// A raster of one kind of number, row by row from an offset of the scratch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sheet<T> {
    offset: u64,
    pub(crate) shape: Shape,
    number: PhantomData<T>,
}

impl<T: Cell> Sheet<T> {
    pub(crate) fn new(offset: u64, shape: Shape) -> Self {
        Self { offset, shape, number: PhantomData }
    }

    /// The first byte after it.
    pub(crate) fn end(&self) -> u64 {
        self.place(self.shape.rows, 0)
    }

    fn place(&self, row: usize, column: usize) -> u64 {
        let cell = row as u64 * self.shape.columns as u64 + column as u64;
        self.offset + cell * T::BYTES as u64
    }

    /// A window with `frame` cells around it.
    pub(crate) fn read<S: Scratch>(
        &self,
        scratch: &mut S,
        window: &Window,
        frame: usize,
    ) -> Result<Vec<T>, S::Error> {
        let width = window.columns.len() + 2 * frame;
        let mut cells = vec![T::OUTSIDE; (window.rows.len() + 2 * frame) * width];
        let columns = window.columns.start.saturating_sub(frame)
            ..(window.columns.end + frame).min(self.shape.columns);
        let left = columns.start + frame - window.columns.start;
        let mut bytes = vec![0; columns.len() * T::BYTES];
        for (line, out) in cells.chunks_exact_mut(width).enumerate() {
            let row = (window.rows.start + line).checked_sub(frame);
            let Some(row) = row.filter(|row| *row < self.shape.rows) else { continue };
            scratch.read(self.place(row, columns.start), &mut bytes)?;
            for (cell, bytes) in out[left..].iter_mut().zip(bytes.chunks_exact(T::BYTES)) {
                *cell = T::take(bytes);
            }
        }
        Ok(cells)
    }

    /// The cells of a window.
    pub(crate) fn write<S: Scratch>(
        &self,
        scratch: &mut S,
        window: &Window,
        cells: &[T],
    ) -> Result<(), S::Error> {
        let width = window.columns.len();
        let mut bytes = vec![0; width * T::BYTES];
        for (row, line) in window.rows.clone().zip(cells.chunks_exact(width)) {
            for (bytes, cell) in bytes.chunks_exact_mut(T::BYTES).zip(line) {
                cell.put(bytes);
            }
            scratch.write(self.place(row, window.columns.start), &bytes)?;
        }
        Ok(())
    }
}
