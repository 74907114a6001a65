//! Where the water of the hillsides came from and where it went.

/// Volumes since the start in m³, by member.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ledger<const W: usize> {
    /// In the stores at the start.
    pub start_m3: [f64; W],
    /// Rain.
    pub rain_m3: [f64; W],
    /// Put in by an assimilation; less than 0 where it took water out.
    pub added_m3: [f64; W],
    /// To the rivers.
    pub rivers_m3: [f64; W],
    /// To deep groundwater.
    pub deep_m3: [f64; W],
}

impl<const W: usize> Ledger<W> {
    pub(crate) const fn new(start_m3: [f64; W]) -> Self {
        let none = [0.0; W];
        Self { start_m3, rain_m3: none, added_m3: none, rivers_m3: none, deep_m3: none }
    }

    /// Water that appeared or vanished as a share of all that was there, where `stored_m3` is in
    /// the stores now: rounding only.
    #[must_use]
    pub fn error(&self, stored_m3: &[f64; W]) -> [f64; W] {
        std::array::from_fn(|lane| {
            let came_m3 = self.start_m3[lane] + self.rain_m3[lane] + self.added_m3[lane].max(0.0);
            let left_m3 = self.rivers_m3[lane]
                + self.deep_m3[lane]
                + stored_m3[lane]
                + (-self.added_m3[lane]).max(0.0);
            if 0.0 < came_m3 { (came_m3 - left_m3) / came_m3 } else { came_m3 - left_m3 }
        })
    }
}
