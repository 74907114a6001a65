//! The water of all members as bytes, from cycle to cycle.
//!
//! All numbers are little-endian: `jomoens` and the version of the form (8 bytes); numbers of
//! members, zones, blocks and cells of snow, 0 without snow (u64); the logarithm of the rain factors
//! (f64, by zone, then member); for each block the length of its hillsides' state and that state,
//! the length of its rivers' state and that state, and of the snow three sums in m³ and the water
//! over each rain cell in m (f64, by sum or cell, then lane); the xxh3-64 of everything before it.

use xxhash_rust::xxh3::xxh3_64;

use super::snow::Snow;
use super::{Basin, Block, Ensemble, LANES, Member};
use crate::basin_error::BasinError;
use crate::river;
use crate::runoff::Runoff;

/// First bytes; the last is the version of the form.
const MAGIC: &[u8; 8] = b"jomoens\x02";
/// Bytes before the rain factors.
const HEAD: usize = 40;
/// Most that a rain factor may have wandered: a hundredfold.
const RAIN_LOG_MOST: f64 = 4.7;

impl Ensemble {
    /// The state as bytes; [`Ensemble::load`] goes on from it bit for bit.
    #[must_use]
    pub fn save(&self, basin: &Basin) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let zones = self.rain_log.len() / self.members.len().max(1);
        let is_snowy = self.blocks.iter().all(|block| block.snow.is_some());
        let snow_cells = if is_snowy { basin.slopes.rain_cells() } else { 0 };
        for count in [self.members.len(), zones, self.blocks.len(), snow_cells] {
            bytes.extend((count as u64).to_le_bytes());
        }
        for log in &self.rain_log {
            bytes.extend(log.to_le_bytes());
        }
        for block in &self.blocks {
            for part in [block.runoff.save(&basin.slopes), block.river.save()] {
                bytes.extend((part.len() as u64).to_le_bytes());
                bytes.extend(part);
            }
            for number in block.snow.iter().filter(|_| is_snowy).flat_map(Snow::numbers) {
                bytes.extend(number.to_le_bytes());
            }
        }
        let sum = xxh3_64(&bytes);
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    /// Takes up a saved state with members that may make something else of the rain from here on.
    ///
    /// # Errors
    /// A state that is damaged, of another basin, or of another number of members.
    pub fn load(
        basin: &Basin,
        members: Vec<Member>,
        river: &river::Settings,
        seed: u64,
        bytes: &[u8],
    ) -> Result<Self, BasinError> {
        let mut ensemble = Self::new(basin, members, river, seed)?;
        let fault = |offset, expected| BasinError::Saved { offset, expected };
        let body = bytes.len().checked_sub(8).ok_or_else(|| fault(0, "a state of members"))?;
        let mut reader = Reader { bytes: &bytes[..body], at: 0 };
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(fault(0, "a state of members, form 2"));
        }
        let zones = ensemble.rain_log.len() / ensemble.members.len();
        let marks = [
            (ensemble.members.len(), "the same number of members"),
            (zones, "the same gauges"),
            (ensemble.blocks.len(), "the same number of blocks"),
        ];
        for (mark, expected) in marks {
            let offset = reader.at;
            if reader.count()? != mark {
                return Err(fault(offset, expected));
            }
        }
        let offset = reader.at;
        let snow_cells = reader.count()?;
        if snow_cells != 0 && snow_cells != basin.slopes.rain_cells() {
            return Err(fault(offset, "snow over the same rain cells, or none"));
        }
        if number(bytes, body).map(u64::from_le_bytes) != Some(xxh3_64(&bytes[..body])) {
            return Err(fault(body, "the sum of the bytes before"));
        }
        reader.at = HEAD;
        for log in &mut ensemble.rain_log {
            let offset = reader.at;
            *log = f64::from_le_bytes(reader.number()?);
            if !(-RAIN_LOG_MOST..=RAIN_LOG_MOST).contains(log) {
                return Err(fault(offset, "the logarithm of a rain factor"));
            }
        }
        let Self { blocks, members, .. } = &mut ensemble;
        for (block, members) in blocks.iter_mut().zip(members.chunks(LANES)) {
            let factors = Block::factors(members);
            let start = reader.at + 8;
            let state = reader.part()?;
            block.runoff = Runoff::load(&basin.slopes, &factors, state)
                .map_err(|error| within(error, start))?;
            let start = reader.at + 8;
            let state = reader.part()?;
            block.river.restore(state).map_err(|error| within(error, start))?;
            block.river.set_roughness(factors.roughness)?;
            if 0 < snow_cells {
                block.snow = Some(reader.snow(snow_cells)?);
            }
        }
        if reader.at != body {
            return Err(fault(reader.at, "the end"));
        }
        Ok(ensemble)
    }
}

/// A fault of a part, at its place in the whole.
fn within(error: BasinError, start: usize) -> BasinError {
    match error {
        BasinError::Saved { offset, expected } => {
            BasinError::Saved { offset: start + offset, expected }
        }
        other => other,
    }
}

fn number(bytes: &[u8], offset: usize) -> Option<[u8; 8]> {
    bytes.get(offset..)?.first_chunk().copied()
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], BasinError> {
        let end = self.at.checked_add(length);
        let part = end.and_then(|end| self.bytes.get(self.at..end));
        let expected = "more bytes";
        let part = part.ok_or(BasinError::Saved { offset: self.at, expected })?;
        self.at += length;
        Ok(part)
    }

    fn number(&mut self) -> Result<[u8; 8], BasinError> {
        let offset = self.at;
        let part = self.take(8)?;
        part.first_chunk().copied().ok_or(BasinError::Saved { offset, expected: "more bytes" })
    }

    fn count(&mut self) -> Result<usize, BasinError> {
        let offset = self.at;
        let count = u64::from_le_bytes(self.number()?);
        let expected = "a number of things";
        usize::try_from(count).map_err(|_beyond| BasinError::Saved { offset, expected })
    }

    fn snow(&mut self, cells: usize) -> Result<Snow, BasinError> {
        let offset = self.at;
        let mut lanes = || -> Result<[f64; LANES], BasinError> {
            let mut lanes = [0.0; LANES];
            for number in &mut lanes {
                *number = f64::from_le_bytes(self.number()?);
            }
            Ok(lanes)
        };
        let sums_m3 = [lanes()?, lanes()?, lanes()?];
        let water_m: Result<Vec<_>, BasinError> = (0..cells).map(|_| lanes()).collect();
        let expected = "water of snow, 0 or more";
        Snow::saved(water_m?, sums_m3).map_err(|_unsound| BasinError::Saved { offset, expected })
    }

    fn part(&mut self) -> Result<&'a [u8], BasinError> {
        let length = self.count()?;
        self.take(length)
    }
}
