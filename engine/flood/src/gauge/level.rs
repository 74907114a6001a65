//! Levels of two families that are never mixed.
//!
//! ```compile_fail
//! use jomo_flood::gauge::{CrisisLevel, ReferenceLevel};
//! // A level of one family is neither above nor below one of the other.
//! let _ = ReferenceLevel::FloodDanger < CrisisLevel::Danger;
//! ```

use super::error::GaugeError;

/// A level of a reference station (基準水位観測所), lowest first: the order is severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferenceLevel {
    /// 水防団待機水位.
    FloodFightingStandby,
    /// 氾濫注意水位.
    FloodCaution,
    /// 避難判断水位.
    EvacuationJudgement,
    /// 氾濫危険水位.
    FloodDanger,
}

impl ReferenceLevel {
    /// All levels, lowest first.
    pub const ALL: [Self; 4] = [
        Self::FloodFightingStandby,
        Self::FloodCaution,
        Self::EvacuationJudgement,
        Self::FloodDanger,
    ];

    /// Name in errors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FloodFightingStandby => "standby",
            Self::FloodCaution => "caution",
            Self::EvacuationJudgement => "judgement",
            Self::FloodDanger => "flood-danger",
        }
    }
}

/// A level of a gauge for times of danger (危機管理型水位計), lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrisisLevel {
    /// 観測開始水位: below it the gauge is silent.
    ObservationStart,
    /// 危険水位; not every gauge has one.
    Danger,
    /// 氾濫開始水位: the river spills.
    OverflowStart,
}

impl CrisisLevel {
    /// All levels, lowest first.
    pub const ALL: [Self; 3] = [Self::ObservationStart, Self::Danger, Self::OverflowStart];

    /// Name in errors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ObservationStart => "start",
            Self::Danger => "danger",
            Self::OverflowStart => "overflow",
        }
    }
}

/// The levels of a reference station in m above its datum. Small rivers often have only some.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReferenceLevels([Option<f64>; 4]);

impl ReferenceLevels {
    /// The levels in the order of [`ReferenceLevel::ALL`].
    ///
    /// # Errors
    /// A level that is not finite, levels that do not rise strictly, or none at all.
    pub fn new(levels_m: [Option<f64>; 4]) -> Result<Self, GaugeError> {
        rising(&ReferenceLevel::ALL.map(ReferenceLevel::name), &levels_m)?;
        Ok(Self(levels_m))
    }

    /// A level in m, if the station has it.
    #[must_use]
    pub fn level_m(&self, level: ReferenceLevel) -> Option<f64> {
        self.0[level as usize]
    }

    /// The highest level that the water has reached.
    #[must_use]
    pub fn reached(&self, water_m: f64) -> Option<ReferenceLevel> {
        let has_reached =
            |level: &ReferenceLevel| self.level_m(*level).is_some_and(|m| m <= water_m);
        ReferenceLevel::ALL.into_iter().rfind(has_reached)
    }
}

/// The levels of a gauge for times of danger in m above its datum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrisisLevels {
    start: f64,
    danger: Option<f64>,
    overflow: f64,
}

impl CrisisLevels {
    /// Start, danger (8 of the 70 real gauges have none) and overflow level.
    ///
    /// # Errors
    /// A level that is not finite, or levels that do not rise strictly.
    pub fn new(start_m: f64, danger_m: Option<f64>, overflow_m: f64) -> Result<Self, GaugeError> {
        let levels_m = [Some(start_m), danger_m, Some(overflow_m)];
        rising(&CrisisLevel::ALL.map(CrisisLevel::name), &levels_m)?;
        Ok(Self { start: start_m, danger: danger_m, overflow: overflow_m })
    }

    /// Below it the gauge is silent.
    #[must_use]
    pub fn start_m(&self) -> f64 {
        self.start
    }

    /// From here on the river spills.
    #[must_use]
    pub fn overflow_m(&self) -> f64 {
        self.overflow
    }

    /// A level in m, if the gauge has it.
    #[must_use]
    pub fn level_m(&self, level: CrisisLevel) -> Option<f64> {
        match level {
            CrisisLevel::ObservationStart => Some(self.start),
            CrisisLevel::Danger => self.danger,
            CrisisLevel::OverflowStart => Some(self.overflow),
        }
    }

    /// The highest level that the water has reached.
    #[must_use]
    pub fn reached(&self, water_m: f64) -> Option<CrisisLevel> {
        let has_reached = |level: &CrisisLevel| self.level_m(*level).is_some_and(|m| m <= water_m);
        CrisisLevel::ALL.into_iter().rfind(has_reached)
    }
}

/// Checks that the levels given are finite and rise strictly, and that there is one.
fn rising(names: &[&'static str], levels_m: &[Option<f64>]) -> Result<(), GaugeError> {
    let mut below: Option<(&'static str, f64)> = None;
    for (name, given) in names.iter().zip(levels_m) {
        let Some(upper_m) = *given else { continue };
        if !upper_m.is_finite() {
            return Err(GaugeError::Level { level: name, level_m: upper_m });
        }
        if let Some((lower, lower_m)) = below.filter(|(_, lower_m)| upper_m <= *lower_m) {
            return Err(GaugeError::Order { lower, lower_m, upper: name, upper_m });
        }
        below = Some((name, upper_m));
    }
    below.map(|_| ()).ok_or(GaugeError::NoLevel)
}

/// What the levels of a gauge are measured from. Levels of gauges are compared with their own
/// levels only, whatever the datum.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Datum {
    /// Not known, as in all tables seen so far.
    #[default]
    Unstated,
    /// Mean sea level of Tokyo Bay (T.P.).
    TokyoPeil,
    /// The zero of the gauge (零点高), and its height above T.P. in m if known.
    GaugeZero(Option<f64>),
    /// The overflow level is 0, as some prefectures publish it.
    Overflow,
}

/// Family of a gauge, with its levels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A gauge for times of danger: silent below its start level but for a daily report.
    Crisis(CrisisLevels),
    /// A reference station, which reports always.
    Reference {
        /// Its levels.
        levels: ReferenceLevels,
        /// Minutes between its reports.
        interval_min: u32,
    },
}

/// A gauge.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    /// Its code.
    pub id: String,
    /// Family and levels.
    pub kind: Kind,
    /// What they are measured from.
    pub datum: Datum,
}
