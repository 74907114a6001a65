//! Members carried on by the error that they have now, with the doubt that is left.

use super::mixture::Mixture;
use crate::gauge::ErrorMemory;

/// How members at a gauge become a forecast: fitted to readings of earlier events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dressing {
    /// How long the error of a member lasts, and how large it is without a reading.
    pub memory: ErrorMemory,
    /// Share of the members' deviations from their mean that is kept: members that differ more
    /// than they err are drawn together.
    pub share: f64,
    /// Standard deviation of a reading, in m.
    pub sigma_m: f64,
}

impl Dressing {
    /// The distribution of a level `lead_h` ahead of a forecast, in m: `then_m` is what the members
    /// say, `now_m` what they say of the gauge when the forecast is made, `reading_m` what it says
    /// (for a silent gauge its start level where a member stands above it: see
    /// [`Dressing::silent`]). `None` where [`Mixture::new`] refuses.
    #[must_use]
    pub fn read(
        &self,
        now_m: &[f64],
        then_m: &[f64],
        reading_m: f64,
        lead_h: f64,
    ) -> Option<Mixture> {
        let error = |now: &f64| reading_m - now;
        self.carried(now_m.iter().map(error), then_m, self.sigma_m, lead_h)
    }

    /// The same where the gauge is silent below `start_m`: members above it are lowered to it.
    #[must_use]
    pub fn silent(
        &self,
        now_m: &[f64],
        then_m: &[f64],
        start_m: f64,
        lead_h: f64,
    ) -> Option<Mixture> {
        let error = |now: &f64| (start_m - now).min(0.0);
        self.carried(now_m.iter().map(error), then_m, 0.0, lead_h)
    }

    fn carried(
        &self,
        errors_m: impl Iterator<Item = f64>,
        then_m: &[f64],
        sigma_m: f64,
        lead_h: f64,
    ) -> Option<Mixture> {
        let mut levels: Vec<f64> = then_m
            .iter()
            .zip(errors_m)
            .map(|(then, error)| then + self.memory.expected_m(error, lead_h))
            .collect();
        let mean = levels.iter().sum::<f64>() / levels.len() as f64;
        for level in &mut levels {
            *level = mean + self.share * (*level - mean);
        }
        // The error of the reading is carried on with it.
        let carried_m = self.memory.expected_m(sigma_m, lead_h);
        Mixture::new(&levels, self.memory.doubt_m(lead_h).hypot(carried_m))
    }
}
