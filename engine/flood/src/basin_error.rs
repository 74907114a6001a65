//! What can be wrong with a model of a basin: its elements, its nodes, its numbers.

use jomo_core::message::{Arguments, Coded};

/// Why a basin was not modelled.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BasinError {
    /// One thing of a list that is not sound.
    #[error("{what} {index}: expected {expected}")]
    Item {
        /// Which list: node, element, gate, dam …
        what: &'static str,
        /// Index in it, from 0.
        index: usize,
        /// What would be sound.
        expected: &'static str,
    },
    /// A setting outside its range.
    #[error("{what} = {value}: expected {expected}")]
    Setting {
        /// Name of the setting.
        what: &'static str,
        /// The value as given.
        value: f64,
        /// Its range.
        expected: &'static str,
    },
    /// Two parts that do not belong together.
    #[error("{what}: {found} where {expected} are expected")]
    Count {
        /// Which part.
        what: &'static str,
        /// Number that the other part asks for.
        expected: usize,
        /// Number given.
        found: usize,
    },
    /// The state holds a value that is not a number.
    #[error("{what} {index} is not a number")]
    Broken {
        /// Which quantity.
        what: &'static str,
        /// Index of the element or node.
        index: usize,
    },
    /// A saved state is not one of this basin, or is damaged.
    #[error("saved state, byte {offset}: {expected} expected")]
    Saved {
        /// Place in the file.
        offset: usize,
        /// What was expected there.
        expected: &'static str,
    },
}

impl Coded for BasinError {
    fn code(&self) -> &'static str {
        match self {
            Self::Item { .. } => "basin-item",
            Self::Setting { .. } => "basin-setting",
            Self::Count { .. } => "basin-count",
            Self::Broken { .. } => "basin-broken",
            Self::Saved { .. } => "basin-saved",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Item { what, index, expected } => vec![
                ("what", (*what).to_owned()),
                ("index", (index + 1).to_string()),
                ("expected", (*expected).to_owned()),
            ],
            Self::Setting { what, value, expected } => vec![
                ("what", (*what).to_owned()),
                ("value", value.to_string()),
                ("expected", (*expected).to_owned()),
            ],
            Self::Count { what, expected, found } => vec![
                ("what", (*what).to_owned()),
                ("expected", expected.to_string()),
                ("found", found.to_string()),
            ],
            Self::Broken { what, index } => {
                vec![("what", (*what).to_owned()), ("index", (index + 1).to_string())]
            }
            Self::Saved { offset, expected } => {
                vec![("offset", offset.to_string()), ("expected", (*expected).to_owned())]
            }
        }
    }
}
