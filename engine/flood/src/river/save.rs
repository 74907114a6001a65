//! Saving rivers in motion, and taking them up again bit for bit.
//!
//! A saved state is a sequence of little-endian numbers: what it belongs to (form, members, nodes,
//! ponds, levees that may breach, a hash of the nodes), time, factors, balance, volumes,
//! discharges, ponds, levees, and an
//! xxh3-64 of everything before it. Settings and works are not in it: whoever restores it gives
//! the same again, or others, which starts another future from the same present.

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::basin_error::BasinError;
use crate::river::River;

/// First bytes; the last is the version of the form.
const MAGIC: &[u8; 8] = b"jomoriv\x01";

struct Numbers<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Numbers<'_> {
    fn count(&mut self) -> Result<u64, BasinError> {
        let fault = BasinError::Saved { offset: self.offset, expected: "more bytes" };
        let (number, rest) = self.bytes.split_first_chunk::<8>().ok_or(fault)?;
        self.bytes = rest;
        self.offset += 8;
        Ok(u64::from_le_bytes(*number))
    }

    fn expect(&mut self, number: u64, expected: &'static str) -> Result<(), BasinError> {
        let offset = self.offset;
        if self.count()? == number { Ok(()) } else { Err(BasinError::Saved { offset, expected }) }
    }

    fn number(&mut self) -> Result<f64, BasinError> {
        let offset = self.offset;
        let number = f64::from_bits(self.count()?);
        let expected = "a finite number";
        if number.is_finite() { Ok(number) } else { Err(BasinError::Saved { offset, expected }) }
    }

    fn lanes<const W: usize>(&mut self) -> Result<[f64; W], BasinError> {
        let mut lanes = [0.0; W];
        for lane in &mut lanes {
            *lane = self.number()?;
        }
        Ok(lanes)
    }

    fn volumes<const W: usize>(&mut self) -> Result<[f64; W], BasinError> {
        let offset = self.offset;
        let lanes = self.lanes()?;
        let expected = "no negative volume";
        if lanes.iter().all(|volume| 0.0 <= *volume) {
            Ok(lanes)
        } else {
            Err(BasinError::Saved { offset, expected })
        }
    }
}

impl<const W: usize> River<W> {
    /// The state as bytes; [`River::restore`] goes on from it as if nothing had happened.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        let mut put = |number: u64| out.extend(number.to_le_bytes());
        let marks = [W, self.volume_m3.len(), self.ponds.len(), self.gaps.len()];
        let marks = marks.map(|count| count as u64);
        marks.into_iter().for_each(&mut put);
        put(self.fingerprint());
        put(self.time_s.to_bits());
        let mut lanes = |lanes: &[f64; W]| lanes.iter().for_each(|lane| put(lane.to_bits()));
        lanes(&self.roughness);
        self.ledger.sums().iter().for_each(&mut lanes);
        self.volume_m3.iter().chain(&self.discharge_m3_s).for_each(&mut lanes);
        for pond in &self.ponds {
            [&pond.volume_m3, &pond.spilled_m3, &pond.recent_m3].into_iter().for_each(&mut lanes);
        }
        for gap in &self.gaps {
            [&gap.waited_s, &gap.opened_s].into_iter().for_each(&mut lanes);
        }
        let hash = xxh3_64(&out);
        out.extend(hash.to_le_bytes());
        out
    }

    /// Takes up a saved state of the same nodes and ponds; on an error nothing changes.
    ///
    /// # Errors
    /// [`BasinError::Saved`] if it is damaged, or of other nodes, ponds or members.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), BasinError> {
        let mut numbers = Numbers { bytes, offset: 0 };
        if numbers.count()? != u64::from_le_bytes(*MAGIC) {
            return Err(BasinError::Saved { offset: 0, expected: "a state of rivers" });
        }
        numbers.expect(W as u64, "as many members")?;
        numbers.expect(self.volume_m3.len() as u64, "as many nodes")?;
        numbers.expect(self.ponds.len() as u64, "as many ponds")?;
        numbers.expect(self.gaps.len() as u64, "as many levees that may breach")?;
        numbers.expect(self.fingerprint(), "the same nodes")?;
        // Only now is the length known to be that of this river.
        let expected = "the hash of the state";
        let (body, hash) = bytes
            .split_last_chunk::<8>()
            .ok_or(BasinError::Saved { offset: bytes.len(), expected })?;
        if xxh3_64(body) != u64::from_le_bytes(*hash) {
            return Err(BasinError::Saved { offset: body.len(), expected });
        }
        let mut river = self.clone();
        river.time_s = numbers.number()?;
        river.roughness = numbers.lanes()?;
        let mut sums = river.ledger.sums();
        for sum in &mut sums {
            *sum = numbers.lanes()?;
        }
        river.ledger.set_sums(sums);
        for volume in &mut river.volume_m3 {
            *volume = numbers.volumes()?;
        }
        for flow in &mut river.discharge_m3_s {
            *flow = numbers.lanes()?;
        }
        for pond in &mut river.ponds {
            pond.volume_m3 = numbers.volumes()?;
            pond.spilled_m3 = numbers.lanes()?;
            pond.recent_m3 = numbers.lanes()?;
        }
        for gap in &mut river.gaps {
            gap.waited_s = numbers.lanes()?;
            gap.opened_s = numbers.lanes()?;
        }
        numbers.count()?;
        if numbers.bytes.is_empty() {
            *self = river;
            return Ok(());
        }
        Err(BasinError::Saved { offset: numbers.offset, expected: "no more bytes" })
    }

    /// A hash of the nodes and of the ponds' sizes, xxh3-64.
    fn fingerprint(&self) -> u64 {
        let mut hash = Xxh3::new();
        for place in &self.channels.places {
            let [left, right] = place.crest_m;
            for number in [place.length_m, place.width_m, place.bed_m, left, right] {
                hash.update(&number.to_le_bytes());
            }
            hash.update(&place.next.to_le_bytes());
        }
        for pond in &self.ponds {
            hash.update(&pond.land.area_m2.to_le_bytes());
            hash.update(&pond.ground_m.to_le_bytes());
        }
        hash.digest()
    }
}
