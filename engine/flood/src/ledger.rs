//! The water balance of a run.

/// Where the water came from and went, in m³, and the work done.
///
/// `error_m3` is what is stored less what must be: 0 but for rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Stored at the start.
    pub start_m3: f64,
    /// Rain that fell on the domain.
    pub rain_m3: f64,
    /// Of that, what the ground kept.
    pub infiltration_m3: f64,
    /// Rain that fell but is not yet on the cells: less than 0.1 mm.
    pub waiting_m3: f64,
    /// Taken by drains.
    pub drained_m3: f64,
    /// In over the rim, less out.
    pub rim_m3: f64,
    /// In at sources.
    pub source_m3: f64,
    /// Out at pumps.
    pub pumped_m3: f64,
    /// Stored now.
    pub storage_m3: f64,
    /// Steps done.
    pub steps: u64,
    /// Cells advanced, over all steps.
    pub cell_updates: u64,
}

impl Ledger {
    /// What is stored less what must be, m³.
    #[must_use]
    pub fn error_m3(&self) -> f64 {
        let gained = self.rain_m3 - self.infiltration_m3 - self.waiting_m3 - self.drained_m3;
        let moved = self.rim_m3 + self.source_m3 - self.pumped_m3;
        (self.storage_m3 - self.start_m3) - (gained + moved)
    }

    /// The error as a share of all the water that there was: at the start or let in.
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        let water = self.start_m3 + self.rain_m3 + self.source_m3 + self.rim_m3.max(0.0);
        if 0.0 < water { self.error_m3() / water } else { 0.0 }
    }

    /// The sums that a run carries on, in m³.
    pub(crate) fn sums(&self) -> [f64; 6] {
        let Self { start_m3, rain_m3, infiltration_m3, drained_m3, source_m3, pumped_m3, .. } =
            *self;
        [start_m3, rain_m3, infiltration_m3, drained_m3, source_m3, pumped_m3]
    }

    /// Sets what [`Ledger::sums`] gives.
    pub(crate) fn set_sums(&mut self, sums: [f64; 6]) {
        let [start_m3, rain_m3, infiltration_m3, drained_m3, source_m3, pumped_m3] = sums;
        *self =
            Self { start_m3, rain_m3, infiltration_m3, drained_m3, source_m3, pumped_m3, ..*self };
    }

    pub(crate) fn count_source(&mut self, volume_m3: f64) {
        if volume_m3 < 0.0 {
            self.pumped_m3 -= volume_m3;
        } else {
            self.source_m3 += volume_m3;
        }
    }
}
