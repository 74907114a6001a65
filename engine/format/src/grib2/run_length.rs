//! The run-length code of template 5.200 / 7.200.
//!
//! Symbols up to MV, the largest level in use, are levels; the symbols above it are digits of
//! the run length of the level before them, least significant first, to the base
//! `LNGU = 2^bits - 1 - MV`: the run is `1 + sum(digit_k * LNGU^k)`. A level without digits is a
//! run of one. MV differs from field to field, and the base with it.

use std::ops::{ControlFlow, Range};

use super::error::GribError;
use super::grid::Window;

/// How the symbols of one field are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coding {
    /// Bits of a symbol: 8 or 16.
    pub(super) bits: u8,
    /// Largest level in use (MV).
    pub(super) largest: u16,
    /// Points that the runs must fill.
    pub(super) count: u64,
    /// Start of the symbols in the file, for errors.
    pub(super) offset: usize,
}

impl Coding {
    /// Base of the run digits (LNGU); 0 if every symbol is a level.
    fn base(self) -> u64 {
        (u64::from(u16::MAX) >> (16 - self.bits.min(16))).saturating_sub(u64::from(self.largest))
    }

    /// Tells `sink` each run with its level, first and one past its last point, until the runs
    /// end or the sink stops; checks that they fill the points exactly.
    fn each_run(
        self,
        data: &[u8],
        sink: impl FnMut(Run) -> ControlFlow<()>,
    ) -> Result<(), GribError> {
        if self.bits == 8 {
            self.each_run_of(data.iter().copied().map(u16::from), sink)
        } else {
            let (pairs, rest) = data.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(GribError::Truncated {
                    offset: self.offset.saturating_add(data.len() - 1),
                    needed: 2,
                    left: 1,
                });
            }
            self.each_run_of(pairs.iter().map(|pair| u16::from_be_bytes(*pair)), sink)
        }
    }

    fn each_run_of(
        self,
        mut symbols: impl ExactSizeIterator<Item = u16>,
        mut sink: impl FnMut(Run) -> ControlFlow<()>,
    ) -> Result<(), GribError> {
        let total = symbols.len();
        let octets = usize::from(self.bits / 8);
        let at = |left: usize| self.offset.saturating_add((total - left) * octets);
        let overflow = |left: usize, found: u64| GribError::RunTotal {
            offset: at(left),
            expected: self.count,
            found,
        };
        let base = self.base();
        let mut start = 0_u64;
        let mut next = symbols.next();
        while let Some(level) = next {
            if self.largest < level {
                return Err(GribError::RunStart { offset: at(symbols.len() + 1) });
            }
            let mut run = 1_u64;
            let mut weight = 1_u64;
            next = symbols.next();
            while let Some(symbol) = next
                && self.largest < symbol
            {
                let digit = u64::from(symbol - self.largest - 1);
                run = run.saturating_add(digit.saturating_mul(weight));
                weight = weight.saturating_mul(base);
                next = symbols.next();
            }
            let end = start.saturating_add(run);
            if self.count < end {
                return Err(overflow(symbols.len() + usize::from(next.is_some()), end));
            }
            if sink(Run { level, start, end }).is_break() {
                return Ok(());
            }
            start = end;
        }
        if start == self.count { Ok(()) } else { Err(overflow(0, start)) }
    }

    /// Reads all runs without storing a cell: do they fill the points exactly?
    pub(super) fn check(self, data: &[u8]) -> Result<(), GribError> {
        self.each_run(data, |_| ControlFlow::Continue(()))
    }

    /// Fills the cells of a window, which must lie in a grid of `columns`; `cells` are 0 before.
    /// Reading ends with the last row of the window.
    pub(super) fn fill<T: Cell>(
        self,
        data: &[u8],
        columns: u32,
        window: &Window,
        cells: &mut [T],
    ) -> Result<(), GribError> {
        let width = u64::from(columns);
        let first = u64::from(window.rows.start) * width;
        let stop = u64::from(window.rows.end) * width;
        let whole_rows = window.columns == (0..columns);
        self.each_run(data, |run| {
            let (start, end) = (run.start.max(first), run.end.min(stop));
            if run.level != 0 && start < end {
                let level = T::from_level(run.level);
                if whole_rows {
                    paint(cells, start - first..end - first, level);
                } else {
                    paint_rows(cells, start - first..end - first, window, columns, level);
                }
            }
            if run.end < stop { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    }
}

/// Points `start..end` of a grid that have one level.
#[derive(Clone, Copy, Debug)]
struct Run {
    level: u16,
    start: u64,
    end: u64,
}

/// A stored level.
pub(super) trait Cell: Copy {
    fn from_level(level: u16) -> Self;
}

impl Cell for u8 {
    /// Used only where no level above 255 is in use.
    fn from_level(level: u16) -> Self {
        Self::try_from(level).unwrap_or(Self::MAX)
    }
}

impl Cell for u16 {
    fn from_level(level: u16) -> Self {
        level
    }
}

fn paint<T: Cell>(cells: &mut [T], points: Range<u64>, level: T) {
    let position = |point: u64| usize::try_from(point).unwrap_or(usize::MAX);
    if let Some(cells) = cells.get_mut(position(points.start)..position(points.end)) {
        cells.fill(level);
    }
}

/// Paints the part of `points`, counted from the first row of the window, that lies in its
/// columns.
fn paint_rows<T: Cell>(
    cells: &mut [T],
    points: Range<u64>,
    window: &Window,
    columns: u32,
    level: T,
) {
    let width = u64::from(columns);
    let (left, right) = (u64::from(window.columns.start), u64::from(window.columns.end));
    let mut row = points.start / width;
    while row * width < points.end {
        let start = points.start.saturating_sub(row * width).max(left);
        let end = (points.end - row * width).min(right);
        if start < end {
            let origin = row * (right - left);
            paint(cells, origin + start - left..origin + end - left, level);
        }
        row += 1;
    }
}

/// Encodes levels in 8-bit symbols, none above `largest` (MV). Runs are as long as they can be,
/// and no digit is written for a run of one, as the agency does.
pub(super) fn encode(largest: u8, levels: &[u8]) -> Vec<u8> {
    let base = usize::from(u8::MAX - largest);
    let mut symbols = Vec::new();
    for run in levels.chunk_by(|a, b| a == b) {
        // Base 1 has the digit 0 alone, base 0 no digit: each point is a run of its own.
        if base < 2 {
            symbols.extend_from_slice(run);
            continue;
        }
        symbols.push(run[0]);
        let mut rest = run.len() - 1;
        while 0 < rest {
            let digit = u8::try_from(rest % base).unwrap_or(u8::MAX);
            symbols.push(largest.saturating_add(1).saturating_add(digit));
            rest /= base;
        }
    }
    symbols
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coding(largest: u16, count: u64) -> Coding {
        Coding { bits: 8, largest, count, offset: 100 }
    }

    fn decoded(largest: u16, count: u64, data: &[u8]) -> Result<Vec<u8>, GribError> {
        let mut cells = vec![0; usize::try_from(count).unwrap()];
        let columns = u32::try_from(count).unwrap();
        let window = Window { rows: 0..1, columns: 0..columns };
        coding(largest, count).fill(data, columns, &window, &mut cells).map(|()| cells)
    }

    /// MV 3 leaves the base 255 - 3 = 252: symbol 4 is digit 0, symbol 255 digit 251.
    #[test]
    fn a_run_by_hand() {
        assert_eq!(decoded(3, 4, &[1, 3, 5, 0]).unwrap(), [1, 3, 3, 0]);
        assert_eq!(decoded(3, 253, &[2, 4, 5]).unwrap(), [2; 253]);
        // 252 more points of level 2 to the base 253: one digit.
        assert_eq!(encode(2, &[2; 253]), [2, 3 + 252]);
        assert_eq!(encode(2, &[2; 254]), [2, 3, 4]);
    }

    #[test]
    fn runs_that_do_not_fit_are_refused() {
        assert_eq!(
            decoded(3, 4, &[1, 3, 5]),
            Err(GribError::RunTotal { offset: 103, expected: 4, found: 3 })
        );
        assert_eq!(
            decoded(3, 4, &[1, 3, 9, 0]),
            Err(GribError::RunTotal { offset: 103, expected: 4, found: 7 })
        );
        assert_eq!(decoded(3, 4, &[9, 1]), Err(GribError::RunStart { offset: 100 }));
        // Digits beyond any count saturate.
        let digits = [[1].as_slice(), &[255; 400]].concat();
        assert!(matches!(decoded(3, 4, &digits), Err(GribError::RunTotal { .. })));
    }

    /// MV 254 leaves base 1 and MV 255 base 0, with which no run can be longer than one.
    #[test]
    fn the_largest_levels_have_no_digits() {
        for largest in [253, 254, 255] {
            let levels = [vec![largest; 5], vec![7; 3]].concat();
            let symbols = encode(largest, &levels);
            assert_eq!(decoded(largest.into(), 8, &symbols).unwrap(), levels);
        }
    }

    #[test]
    fn symbols_of_two_bytes() {
        let coding = Coding { bits: 16, largest: 300, count: 5, offset: 0 };
        let data: Vec<u8> =
            [300_u16, 304, 7].iter().flat_map(|symbol| symbol.to_be_bytes()).collect();
        let mut cells = [0_u16; 5];
        let window = Window { rows: 0..1, columns: 0..5 };
        coding.fill(&data, 5, &window, &mut cells).unwrap();
        assert_eq!(cells, [300, 300, 300, 300, 7]);
        assert!(coding.check(&data[..3]).is_err());
    }
}
