//! Saving the water on hillsides, and taking it up again bit for bit.
//!
//! All numbers are little-endian: `jomorun` and the version of the form (8 bytes); numbers of
//! members, elements and nodes and the fingerprint of the elements (u64); the ledger (start, rain,
//! added, rivers, deep), then for each element the water over it and in its soil, then the slow
//! store of each node (f64, one for each member); the xxh3-64 of everything before it.

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::kernel::Water;
use super::slopes::{Receiver, Slopes};
use super::{Ledger, Members, Runoff, Start};
use crate::basin_error::BasinError;

/// First bytes of a saved state; the last is the version of the form.
const MAGIC: &[u8; 8] = b"jomorun\x01";
/// Bytes before the ledger.
const HEAD: usize = 40;
const SUMS: usize = 5;

impl Slopes {
    /// A number that differs where the elements do: their areas, lengths, slopes, ways, grounds.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Xxh3::new();
        for element in self.elements() {
            for number in [element.area_m2, element.length_m, element.slope] {
                hash.update(&number.to_le_bytes());
            }
            let (kind, receiver) = match element.receiver {
                Receiver::Element(next) => (0_u8, next),
                Receiver::Node(node) => (1, node),
            };
            hash.update(&receiver.to_le_bytes());
            hash.update(&[kind, element.land]);
        }
        hash.digest()
    }
}

impl<const W: usize> Runoff<W> {
    /// The state as bytes; [`Runoff::load`] goes on from it as if nothing had happened.
    #[must_use]
    pub fn save(&self, slopes: &Slopes) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let counts = [W, self.waters.len(), self.slow_m3.len()].map(|count| count as u64);
        for number in counts.into_iter().chain([slopes.fingerprint()]) {
            bytes.extend(number.to_le_bytes());
        }
        let waters = self.waters.iter().flat_map(|water| [&water.surface_m, &water.soil_m]);
        for lanes in self.ledger.sums().into_iter().chain(waters).chain(&self.slow_m3) {
            for number in lanes {
                bytes.extend(number.to_le_bytes());
            }
        }
        let sum = xxh3_64(&bytes);
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    /// Takes up a saved state. The elements are those with which it was saved; the members may
    /// have other factors, and the lands other numbers, which starts another future from the same
    /// water.
    ///
    /// # Errors
    /// If the state is damaged, of other elements or of another number of members; a factor
    /// outside its range.
    pub fn load(slopes: &Slopes, members: &Members<W>, bytes: &[u8]) -> Result<Self, BasinError> {
        let fault = |offset, expected| Err(BasinError::Saved { offset, expected });
        let mut runoff = Self::new(slopes, members, &Start::DRY)?;
        if !bytes.starts_with(MAGIC) {
            return fault(0, "a state of hillsides, form 1");
        }
        let marks = [
            (W as u64, "the same number of members"),
            (runoff.waters.len() as u64, "the same number of elements"),
            (runoff.slow_m3.len() as u64, "the same number of nodes"),
            (slopes.fingerprint(), "the same elements"),
        ];
        for (index, (mark, expected)) in marks.into_iter().enumerate() {
            let offset = MAGIC.len() + 8 * index;
            if number(bytes, offset).map(u64::from_le_bytes) != Some(mark) {
                return fault(offset, expected);
            }
        }
        let lists = SUMS + 2 * runoff.waters.len() + runoff.slow_m3.len();
        let end = HEAD + 8 * W * lists;
        if bytes.len() != end + 8 {
            return fault(bytes.len().min(end + 8), "as many bytes as the elements need");
        }
        if number(bytes, end).map(u64::from_le_bytes) != Some(xxh3_64(&bytes[..end])) {
            return fault(end, "the sum of the bytes before");
        }
        let mut offset = HEAD;
        let Runoff { waters, slow_m3, ledger, .. } = &mut runoff;
        let depths = waters
            .iter_mut()
            .flat_map(|Water { surface_m, soil_m }| [surface_m, soil_m])
            .chain(slow_m3.iter_mut());
        let lists = ledger
            .sums_mut()
            .into_iter()
            .zip([false; SUMS])
            .chain(depths.zip(std::iter::repeat(true)));
        for (lanes, is_depth) in lists {
            for lane in lanes {
                let value = number(bytes, offset).map_or(f64::NAN, f64::from_le_bytes);
                if !value.is_finite() || (is_depth && value < 0.0) {
                    return fault(offset, "a finite number, no depth below 0");
                }
                *lane = value;
                offset += 8;
            }
        }
        Ok(runoff)
    }
}

impl<const W: usize> Ledger<W> {
    fn sums(&self) -> [&[f64; W]; SUMS] {
        [&self.start_m3, &self.rain_m3, &self.added_m3, &self.rivers_m3, &self.deep_m3]
    }

    fn sums_mut(&mut self) -> [&mut [f64; W]; SUMS] {
        let Self { start_m3, rain_m3, added_m3, rivers_m3, deep_m3 } = self;
        [start_m3, rain_m3, added_m3, rivers_m3, deep_m3]
    }
}

fn number(bytes: &[u8], offset: usize) -> Option<[u8; 8]> {
    bytes.get(offset..)?.first_chunk().copied()
}
