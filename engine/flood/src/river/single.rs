//! One member taken out of a block, to be computed with the plain.

use crate::basin_error::BasinError;
use crate::river::{River, RiverLedger};

impl<const W: usize> River<W> {
    /// The water of one member in rivers of its own: `fresh` is made of the same waterway and
    /// works. Time goes on, the balance starts anew.
    ///
    /// # Errors
    /// No such member; rivers of other nodes or ponds.
    pub fn single(&self, lane: usize, mut fresh: River<1>) -> Result<River<1>, BasinError> {
        let counts = [
            ("members", W, (lane + 1).max(W)),
            ("nodes", self.volume_m3.len(), fresh.volume_m3.len()),
            ("ponds", self.ponds.len(), fresh.ponds.len()),
        ];
        for (what, expected, found) in counts {
            if expected != found {
                return Err(BasinError::Count { what, expected, found });
            }
        }
        for (own, all) in fresh.volume_m3.iter_mut().zip(&self.volume_m3) {
            *own = [all[lane]];
        }
        for (own, all) in fresh.discharge_m3_s.iter_mut().zip(&self.discharge_m3_s) {
            *own = [all[lane]];
        }
        for (own, all) in fresh.ponds.iter_mut().zip(&self.ponds) {
            own.volume_m3 = [all.volume_m3[lane]];
        }
        fresh.time_s = self.time_s;
        fresh.roughness = [self.roughness[lane]];
        fresh.ledger = RiverLedger::default();
        fresh.ledger.start_m3 = fresh.ledger().storage_m3;
        Ok(fresh)
    }
}
