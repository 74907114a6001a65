//! The water balance of rivers.

/// Where the water of each member came from and went, in m³.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RiverLedger<const W: usize> {
    /// Stored at the start, or put there by a steady start.
    pub start_m3: [f64; W],
    /// In from the sides.
    pub lateral_m3: [f64; W],
    /// Taken out at the sides, where lateral inflow was negative.
    pub taken_m3: [f64; W],
    /// Put in by corrections from gauges, less taken out.
    pub corrected_m3: [f64; W],
    /// Given to a plain that is computed apart, less what came back.
    pub exchanged_m3: [f64; W],
    /// Out through outlets, less what came back in there.
    pub outflow_m3: [f64; W],
    /// Stored now, on land beside the river too.
    pub storage_m3: [f64; W],
}

impl<const W: usize> Default for RiverLedger<W> {
    fn default() -> Self {
        let none = [0.0; W];
        Self {
            start_m3: none,
            lateral_m3: none,
            taken_m3: none,
            corrected_m3: none,
            exchanged_m3: none,
            outflow_m3: none,
            storage_m3: none,
        }
    }
}

impl<const W: usize> RiverLedger<W> {
    /// The sums that are carried on, without what is stored.
    pub(crate) fn sums(&self) -> [[f64; W]; 6] {
        let Self { start_m3, lateral_m3, taken_m3, corrected_m3, exchanged_m3, outflow_m3, .. } =
            *self;
        [start_m3, lateral_m3, taken_m3, corrected_m3, exchanged_m3, outflow_m3]
    }

    pub(crate) fn set_sums(&mut self, sums: [[f64; W]; 6]) {
        let [start_m3, lateral_m3, taken_m3, corrected_m3, exchanged_m3, outflow_m3] = sums;
        let storage_m3 = self.storage_m3;
        *self = Self {
            start_m3,
            lateral_m3,
            taken_m3,
            corrected_m3,
            exchanged_m3,
            outflow_m3,
            storage_m3,
        };
    }

    /// What is stored less what must be, m³.
    #[must_use]
    pub fn error_m3(&self) -> [f64; W] {
        std::array::from_fn(|lane| {
            let gained = self.lateral_m3[lane] - self.taken_m3[lane] + self.corrected_m3[lane];
            let left = self.outflow_m3[lane] + self.exchanged_m3[lane];
            self.storage_m3[lane] - self.start_m3[lane] - (gained - left)
        })
    }

    /// The error as a share of all the water that there was.
    #[must_use]
    pub fn relative_error(&self) -> [f64; W] {
        let error = self.error_m3();
        std::array::from_fn(|lane| {
            let entered = (-self.outflow_m3[lane]).max(0.0) + self.corrected_m3[lane].max(0.0);
            let water = self.start_m3[lane] + self.lateral_m3[lane] + entered;
            if 0.0 < water { error[lane] / water } else { 0.0 }
        })
    }
}
