//! The prepared basin: everything that follows from heights alone, in one file that opens at
//! once.
//!
//! All numbers are little-endian. A head of 256 bytes, then seven arrays, each at a multiple of
//! 64 bytes; the bytes between are 0.
//!
//! | bytes | meaning |
//! |---|---|
//! | 0-7 | `jomobsn` and the version of the form, 1 |
//! | 8, 12 | EPSG of the zone, cells that make a stream (u32) |
//! | 16, 24 | rows, columns (u64) |
//! | 32, 40, 48 | easting and northing of the north-west corner, edge of a cell in m (f64) |
//! | 56, 64, 72 | number of reaches, of their cells, of banks (u64) |
//! | 80-247 | for each array its offset, its length in bytes and its xxh3-64 (u64) |
//! | 248 | xxh3-64 of bytes 0 to 247 |
//!
//! Arrays: reaches (64 bytes: number of cells, downstream or 2^32 - 1, basin, Strahler order,
//! upstream cells, own cells, step onwards (u32), 4 bytes of 0, length, slope, width, depth (f64)), their cells
//! (u32), banks (56 bytes: reach (u32), 4 bytes of 0, station, span, left x and y, right x and y
//! (f64)), directions (u8), catchments, upstream cells (u32), heights (f32).
//!
//! Opening checks the head and the first three arrays, which it keeps as [`Network`], sections
//! and banks; the rasters stay where they are (the file may be mapped) and are read by slices.
//! [`Prepared::verify`] reads all of them once.

use jomo_core::grid::Placement;
use jomo_core::message::{Arguments, Coded};
use jomo_core::projection::Zone;
use xxhash_rust::xxh3::xxh3_64;

use crate::bank::Bank;
use crate::cells::{MOST_CELLS, Shape};
use crate::flow::{self, OUTLET, OUTSIDE};
use crate::section::Section;
use crate::stream::{NONE, Network, Reach};

mod write;

pub use self::write::{Basin, write};

/// First bytes; the eighth is the version.
const MAGIC: &[u8; 7] = b"jomobsn";
const VERSION: u8 = 1;
const HEAD: usize = 256;
const ALIGN: usize = 64;
const REACH: usize = 64;
const BANK: usize = 56;

/// Number of arrays.
const ARRAYS: usize = 7;

/// Why a prepared basin was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PreparedError {
    /// No byte at all.
    #[error("prepared basin: the file is empty")]
    Empty,
    /// The first bytes are those of another kind of file.
    #[error("not a prepared basin: it begins with {found:02x?}")]
    Kind {
        /// The first bytes, at most eight.
        found: Vec<u8>,
    },
    /// A form of another version of Jomo.
    #[error("prepared basin of version {found}: this program reads version {expected}")]
    Version {
        /// The version read here.
        expected: u8,
        /// That of the file.
        found: u8,
    },
    /// Fewer bytes than the head asks for, or more.
    #[error("prepared basin: {found} bytes, {expected} announced")]
    Length {
        /// Bytes that the head asks for, or those of a head.
        expected: usize,
        /// Bytes that are there.
        found: usize,
    },
    /// A byte is not what it must be.
    #[error("prepared basin, byte {offset}: expected {expected}, found {found}")]
    Damaged {
        /// Place in the file.
        offset: usize,
        /// What must be there.
        expected: String,
        /// What is.
        found: String,
    },
}

impl Coded for PreparedError {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "terrain-basin-empty",
            Self::Kind { .. } => "terrain-basin-kind",
            Self::Version { .. } => "terrain-basin-version",
            Self::Length { .. } => "terrain-basin-length",
            Self::Damaged { .. } => "terrain-basin-damaged",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Empty => Vec::new(),
            Self::Kind { found } => vec![("found", format!("{found:02x?}"))],
            Self::Version { expected, found } => {
                vec![("expected", expected.to_string()), ("found", found.to_string())]
            }
            Self::Length { expected, found } => {
                vec![("expected", expected.to_string()), ("found", found.to_string())]
            }
            Self::Damaged { offset, expected, found } => vec![
                ("offset", offset.to_string()),
                ("expected", expected.clone()),
                ("found", found.clone()),
            ],
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "called with temporaries")]
fn damaged(offset: usize, expected: impl ToString, found: impl ToString) -> PreparedError {
    PreparedError::Damaged { offset, expected: expected.to_string(), found: found.to_string() }
}

/// Where the arrays of a basin lie: offset and length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    arrays: [[usize; 2]; ARRAYS],
    end: usize,
}

impl Layout {
    /// `None` if the file would have more bytes than there are addresses.
    fn new(reaches: usize, stream_cells: usize, banks: usize, cells: usize) -> Option<Self> {
        let lengths = [
            reaches.checked_mul(REACH)?,
            stream_cells.checked_mul(4)?,
            banks.checked_mul(BANK)?,
            cells,
            cells.checked_mul(4)?,
            cells.checked_mul(4)?,
            cells.checked_mul(4)?,
        ];
        let mut arrays = [[0; 2]; ARRAYS];
        let mut end = HEAD;
        for (array, length) in arrays.iter_mut().zip(lengths) {
            let offset = end.checked_next_multiple_of(ALIGN)?;
            *array = [offset, length];
            end = offset.checked_add(length)?;
        }
        Some(Self { arrays, end })
    }
}

/// Numbers out of bytes; what lies beyond the end is 0, because lengths are checked before.
#[derive(Clone, Copy)]
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn array<const N: usize>(self, at: usize) -> [u8; N] {
        self.0.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
    }

    fn u32(self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    fn u64(self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    fn f64(self, at: usize) -> f64 {
        f64::from_le_bytes(self.array(at))
    }

    /// A number of things, as far as there are addresses for them.
    fn count(self, at: usize) -> Result<usize, PreparedError> {
        let number = self.u64(at);
        usize::try_from(number).map_err(|_beyond| damaged(at, "a number of things", number))
    }
}

/// A prepared basin in bytes that may be mapped.
#[derive(Clone, Debug)]
pub struct Prepared<'a> {
    bytes: &'a [u8],
    layout: Layout,
    network: Network,
    sections: Vec<Section>,
    banks: Vec<Bank>,
}

impl<'a> Prepared<'a> {
    /// Opens a prepared basin. The time is that of its streams; the rasters are not touched.
    ///
    /// # Errors
    /// Another kind or version; bytes that contradict the form, with offset, expected and found.
    pub fn open(bytes: &'a [u8]) -> Result<Self, PreparedError> {
        let (mut network, banks, layout) = head(bytes)?;
        let part = |index: usize| {
            let [offset, length] = layout.arrays[index];
            (offset, &bytes[offset..offset + length])
        };
        for index in 0..3 {
            check_sum(bytes, &layout, index)?;
        }
        let (offset, cells) = part(1);
        network.cells = cells.as_chunks().0.iter().copied().map(u32::from_le_bytes).collect();
        let most = network.shape[0] * network.shape[1];
        if let Some(at) = network.cells.iter().position(|cell| most <= *cell as usize) {
            let expected = format!("a cell below {most}");
            return Err(damaged(offset + 4 * at, expected, network.cells[at]));
        }
        let (offset, records) = part(0);
        let sections = reaches(offset, records, &mut network)?;
        let (offset, records) = part(2);
        let banks = banks_of(offset, records, banks, network.reaches.len())?;
        Ok(Self { bytes, layout, network, sections, banks })
    }

    /// The streams.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The cross-section of each reach.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The points on the banks.
    #[must_use]
    pub fn banks(&self) -> &[Bank] {
        &self.banks
    }

    /// Number of cells of the raster.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.network.shape[0] * self.network.shape[1]
    }

    /// Codes of flow directions, as in [`flow::Flow`].
    #[must_use]
    pub fn codes(&self) -> &'a [u8] {
        self.raster(3)
    }

    /// The cell that the water of a cell goes to.
    #[must_use]
    pub fn receiver(&self, cell: usize) -> Option<usize> {
        flow::receiver(self.codes(), Shape::new(self.network.shape), cell)
    }

    /// The reach that each cell drains into: its index + 1; 0 for none.
    pub fn catchments(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.raster(4).as_chunks().0.iter().copied().map(u32::from_le_bytes)
    }

    /// Number of cells that drain through each cell.
    pub fn upstream(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.raster(5).as_chunks().0.iter().copied().map(u32::from_le_bytes)
    }

    /// Conditioned heights in m; `NaN` outside.
    pub fn heights(&self) -> impl ExactSizeIterator<Item = f32> + use<'a> {
        self.raster(6).as_chunks().0.iter().copied().map(f32::from_le_bytes)
    }

    /// Conditioned height of one cell in m; `NaN` outside and beyond the raster.
    #[must_use]
    pub fn height_m(&self, cell: usize) -> f32 {
        let heights = self.raster(6).as_chunks().0;
        heights.get(cell).map_or(f32::NAN, |bytes| f32::from_le_bytes(*bytes))
    }

    /// Reads all rasters once: their sums, and that every way of the water ends. A file from
    /// elsewhere should be verified before its directions are followed.
    ///
    /// # Errors
    /// The first byte that is not what it must be.
    pub fn verify(&self) -> Result<(), PreparedError> {
        for index in 3..ARRAYS {
            check_sum(self.bytes, &self.layout, index)?;
        }
        let upstream = Numbers(self.raster(5));
        let most = self.network.reaches.len();
        for (cell, (code, catchment)) in self.codes().iter().zip(self.catchments()).enumerate() {
            let place = self.layout.arrays[3][0] + cell;
            if OUTLET < *code {
                return Err(damaged(place, "a direction of 0 to 9", code));
            }
            if most < catchment as usize {
                let expected = format!("a reach of at most {most}");
                return Err(damaged(self.layout.arrays[4][0] + 4 * cell, expected, catchment));
            }
            if matches!(*code, OUTSIDE | OUTLET) {
                continue;
            }
            // More cells drain through the next cell than through this one: no way comes back.
            let next = self.receiver(cell).filter(|next| self.codes()[*next] != OUTSIDE);
            let Some(next) = next else {
                return Err(damaged(place, "a direction to a cell with a height", code));
            };
            let [here, there] = [cell, next].map(|cell| upstream.u32(4 * cell));
            if there <= here {
                let offset = self.layout.arrays[5][0] + 4 * next;
                return Err(damaged(offset, format!("more than {here}"), there));
            }
        }
        Ok(())
    }

    fn raster(&self, index: usize) -> &'a [u8] {
        let [offset, length] = self.layout.arrays[index];
        &self.bytes[offset..offset + length]
    }
}

/// Checks the head; gives a network without reaches, the number of banks, and where things lie.
fn head(bytes: &[u8]) -> Result<(Network, usize, Layout), PreparedError> {
    if bytes.is_empty() {
        return Err(PreparedError::Empty);
    }
    if !bytes.starts_with(MAGIC) {
        return Err(PreparedError::Kind { found: bytes[..bytes.len().min(8)].to_vec() });
    }
    if bytes.len() < HEAD {
        return Err(PreparedError::Length { expected: HEAD, found: bytes.len() });
    }
    let numbers = Numbers(bytes);
    if bytes[7] != VERSION {
        return Err(PreparedError::Version { expected: VERSION, found: bytes[7] });
    }
    let sum = xxh3_64(&bytes[..HEAD - 8]);
    if sum != numbers.u64(HEAD - 8) {
        let [sum, found] = [sum, numbers.u64(HEAD - 8)].map(|sum| format!("xxh3 {sum:016x}"));
        return Err(damaged(HEAD - 8, sum, found));
    }
    let epsg = numbers.u32(8);
    let Some(zone) = Zone::from_epsg(epsg) else {
        return Err(damaged(8, "the EPSG of a planar zone", epsg));
    };
    let [east, north, cell_size_m] = [32, 40, 48].map(|at| numbers.f64(at));
    if let Some(at) = [32, 40, 48].into_iter().find(|at| !numbers.f64(*at).is_finite()) {
        return Err(damaged(at, "a finite number", numbers.f64(at)));
    }
    if cell_size_m <= 0.0 {
        return Err(damaged(48, "a cell of more than 0 m", cell_size_m));
    }
    let shape = [numbers.count(16)?, numbers.count(24)?];
    let cells = shape[0].checked_mul(shape[1]).filter(|cells| *cells <= MOST_CELLS);
    let Some(cells) = cells else {
        let found = format!("{} x {}", shape[0], shape[1]);
        return Err(damaged(16, format!("at most {MOST_CELLS} cells"), found));
    };
    let counts = [numbers.count(56)?, numbers.count(64)?, numbers.count(72)?];
    let Some(layout) = Layout::new(counts[0], counts[1], counts[2], cells) else {
        let found = format!("{}, {}, {}", counts[0], counts[1], counts[2]);
        return Err(damaged(56, "fewer things than a file can hold", found));
    };
    if layout.end != bytes.len() {
        return Err(PreparedError::Length { expected: layout.end, found: bytes.len() });
    }
    for (index, array) in layout.arrays.iter().enumerate() {
        let at = 80 + 24 * index;
        let found = [numbers.u64(at), numbers.u64(at + 8)];
        if found != array.map(|number| number as u64) {
            let [expected, found] = [array.map(|number| number as u64), found]
                .map(|[offset, length]| format!("an array at {offset} of {length} bytes"));
            return Err(damaged(at, expected, found));
        }
    }
    check_gaps(bytes, &layout)?;
    let network = Network {
        placement: Placement { zone, origin_m: [east, north], cell_size_m },
        shape,
        threshold_cells: numbers.u32(12),
        cells: Vec::new(),
        reaches: Vec::new(),
    };
    Ok((network, counts[2], layout))
}

/// Between the arrays every byte is 0.
fn check_gaps(bytes: &[u8], layout: &Layout) -> Result<(), PreparedError> {
    let mut end = HEAD;
    for [offset, length] in layout.arrays {
        if let Some(at) = bytes[end..offset].iter().position(|byte| *byte != 0) {
            return Err(damaged(end + at, 0, bytes[end + at]));
        }
        end = offset + length;
    }
    Ok(())
}

fn check_sum(bytes: &[u8], layout: &Layout, index: usize) -> Result<(), PreparedError> {
    let [offset, length] = layout.arrays[index];
    let stated = Numbers(bytes).u64(80 + 24 * index + 16);
    let sum = xxh3_64(&bytes[offset..offset + length]);
    if sum == stated {
        return Ok(());
    }
    let [expected, found] = [stated, sum].map(|sum| format!("xxh3 {sum:016x}"));
    Err(damaged(offset, expected, found))
}

/// Reads the reaches into the network, and their sections.
fn reaches(
    offset: usize,
    records: &[u8],
    network: &mut Network,
) -> Result<Vec<Section>, PreparedError> {
    let count = records.len() / REACH;
    let mut sections = Vec::with_capacity(count);
    let mut first = 0_usize;
    for (index, record) in records.chunks_exact(REACH).enumerate() {
        let place = offset + index * REACH;
        let numbers = Numbers(record);
        let [cells, downstream, basin, strahler] = [0, 4, 8, 12].map(|at| numbers.u32(at));
        let last = first + cells as usize;
        if cells == 0 || network.cells.len() < last {
            let expected = format!("1 to {} cells", network.cells.len() - first);
            return Err(damaged(place, expected, cells));
        }
        // Whatever a reach flows into comes after it.
        let below = downstream as usize;
        if downstream != NONE && !(index < below && below < count) {
            return Err(damaged(place + 4, "a later reach", downstream));
        }
        if !(index <= basin as usize && (basin as usize) < count) {
            return Err(damaged(place + 8, "this reach or a later one", basin));
        }
        let Some(strahler) = u8::try_from(strahler).ok().filter(|order| 0 < *order) else {
            return Err(damaged(place + 12, "an order of 1 to 255", strahler));
        };
        let Some(way_on) = u8::try_from(numbers.u32(24)).ok().filter(|way| (1..=8).contains(way))
        else {
            return Err(damaged(place + 24, "a direction of 1 to 8", numbers.u32(24)));
        };
        let [length_m, slope, width_m, depth_m] = [32, 40, 48, 56].map(|at| numbers.f64(at));
        for (at, value) in [(32, length_m), (48, width_m), (56, depth_m)] {
            if !(value.is_finite() && 0.0 < value) {
                return Err(damaged(place + at, "more than 0 m", value));
            }
        }
        if !(slope.is_finite() && 0.0 <= slope) {
            return Err(damaged(place + 40, "a slope of 0 or more", slope));
        }
        network.reaches.push(Reach {
            cells: first..last,
            downstream: (downstream != NONE).then_some(downstream),
            way_on,
            basin,
            strahler,
            length_m,
            slope,
            upstream_cells: numbers.u32(16),
            own_cells: numbers.u32(20),
        });
        sections.push(Section { width_m, depth_m });
        first = last;
    }
    if first != network.cells.len() {
        let expected = format!("reaches of {} cells together", network.cells.len());
        return Err(damaged(offset, expected, first));
    }
    Ok(sections)
}

fn banks_of(
    offset: usize,
    records: &[u8],
    count: usize,
    reaches: usize,
) -> Result<Vec<Bank>, PreparedError> {
    let mut banks = Vec::with_capacity(count);
    for (index, record) in records.chunks_exact(BANK).enumerate() {
        let place = offset + index * BANK;
        let numbers = Numbers(record);
        let reach = numbers.u32(0);
        if reaches <= reach as usize {
            return Err(damaged(place, format!("a reach below {reaches}"), reach));
        }
        let values = [8, 16, 24, 32, 40, 48].map(|at| (at, numbers.f64(at)));
        if let Some((at, value)) = values.iter().find(|(_, value)| !value.is_finite()) {
            return Err(damaged(place + at, "a finite number", value));
        }
        let [station_m, span_m, left_x, left_y, right_x, right_y] = values.map(|(_, value)| value);
        let (left_m, right_m) = ([left_x, left_y], [right_x, right_y]);
        banks.push(Bank { reach, station_m, span_m, left_m, right_m });
    }
    Ok(banks)
}
