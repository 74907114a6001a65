//! What can be wrong with a gauge and its series.

use jomo_core::message::{Arguments, Coded};

/// Why a gauge or its series was not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GaugeError {
    /// A level that is not finite.
    #[error("the {level} level is {level_m} m")]
    Level {
        /// Which level.
        level: &'static str,
        /// As given.
        level_m: f64,
    },
    /// Levels that do not rise in the order of what they mean.
    #[error("the {upper} level, {upper_m} m, is not above the {lower} level, {lower_m} m")]
    Order {
        /// The level that must be lower.
        lower: &'static str,
        /// It, in m.
        lower_m: f64,
        /// The level that must be higher.
        upper: &'static str,
        /// It, in m.
        upper_m: f64,
    },
    /// No level at all.
    #[error("none of the levels is given")]
    NoLevel,
    /// A reading out of order, or whose level is not finite.
    #[error("reading {} is out of order or not a number", index + 1)]
    Reading {
        /// Index of the reading.
        index: usize,
    },
}

impl Coded for GaugeError {
    fn code(&self) -> &'static str {
        match self {
            Self::Level { .. } => "gauge-level-number",
            Self::Order { .. } => "gauge-level-order",
            Self::NoLevel => "gauge-levels-none",
            Self::Reading { .. } => "gauge-reading-order",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Level { level, level_m } => {
                vec![("level", (*level).to_owned()), ("value", level_m.to_string())]
            }
            Self::Order { lower, lower_m, upper, upper_m } => vec![
                ("lower", (*lower).to_owned()),
                ("lower-value", lower_m.to_string()),
                ("upper", (*upper).to_owned()),
                ("upper-value", upper_m.to_string()),
            ],
            Self::NoLevel => vec![],
            Self::Reading { index } => vec![("row", (index + 1).to_string())],
        }
    }
}
