//! River gauges: their levels, the quality of their readings, what silence means, events, and a
//! forecast an hour ahead from levels alone, and the error of a model carried forward.
//!
//! Two families of gauges stand in the rivers, with levels that mean different things and are
//! never compared ([`Kind`]). A **reference station** reports always; its levels are those of the
//! flood-fighting law for a reach. A **gauge for times of danger** reports every ten minutes above
//! its start level and otherwise about once a day: its silence is information
//! ([`observation`]). Levels are in metres above the gauge's own [`Datum`].
//!
//! A reading is never deleted: [`check`] says what is wrong with it, and people decide.
//! `docs/methods/gauges.md` gives rules, limits, measured results and sources.

mod correction;
mod error;
mod event;
mod forecast;
mod level;
mod quality;
mod silence;
mod trend;

pub use correction::ErrorMemory;
pub use error::GaugeError;
pub use event::{EVENT_GAP_H, STORM_GAP_H, Span, events, storms};
pub use forecast::{Moments, PRIOR_STEPS, Recession, Step, steps};
pub use level::{CrisisLevel, CrisisLevels, Datum, Gauge, Kind, ReferenceLevel, ReferenceLevels};
pub use quality::{Fault, Faults, Limits, check, check_alone, risen};
pub use silence::{FEED_ALIVE, Observation, OutageCause, Silence, Told, believed, observation};
pub use trend::Trend;

use jiff::Timestamp;

/// One reading of a gauge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// When it was taken.
    pub time: Timestamp,
    /// Level in m above the gauge's datum.
    pub level_m: f64,
}

/// Readings of one gauge in strictly ascending time, every level a number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Readings(Vec<Reading>);

impl Readings {
    /// Accepts sound series only, so every later search is sound.
    ///
    /// # Errors
    /// [`GaugeError::Reading`] with the index of the first reading that is not later than the one
    /// before it, or whose level is not finite.
    pub fn new(readings: Vec<Reading>) -> Result<Self, GaugeError> {
        for (index, reading) in readings.iter().enumerate() {
            let rises = index == 0 || readings[index - 1].time < reading.time;
            if !(rises && reading.level_m.is_finite()) {
                return Err(GaugeError::Reading { index });
            }
        }
        Ok(Self(readings))
    }

    /// The readings.
    #[must_use]
    pub fn as_slice(&self) -> &[Reading] {
        &self.0
    }

    /// The last reading at or before an instant.
    #[must_use]
    pub fn last_at(&self, time: Timestamp) -> Option<Reading> {
        let after = self.0.partition_point(|reading| reading.time <= time);
        after.checked_sub(1).map(|index| self.0[index])
    }
}

/// Hours from one instant to another; negative if the second is earlier.
fn hours(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 3_600.0
}
