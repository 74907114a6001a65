//! Why a CRS cannot be used.

use jomo_core::message::{Arguments, Coded};

/// Why a CRS cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CrsError {
    /// Neither a code nor a description that PROJ knows.
    #[error("{given:?} is no CRS that PROJ knows")]
    Unknown {
        /// The code or the start of the description.
        given: String,
    },
    /// A CRS that cannot be brought to longitude and latitude.
    #[error("{crs} cannot be used: {reason}")]
    Unsupported {
        /// The CRS.
        crs: String,
        /// Why.
        reason: &'static str,
    },
    /// No operation is accurate enough: only a guess would be left.
    #[error("no operation from {from} to {to} within {accuracy_m} m, and a ballpark is refused")]
    Ballpark {
        /// The CRS of the source.
        from: String,
        /// The CRS wanted.
        to: String,
        /// The accuracy demanded, in metres.
        accuracy_m: f64,
    },
    /// The file names no CRS, and nobody has given one.
    #[error("{layer}: the file names no CRS")]
    Missing {
        /// The layer or file.
        layer: String,
    },
}

impl Coded for CrsError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "crs-unknown",
            Self::Unsupported { .. } => "crs-unsupported",
            Self::Ballpark { .. } => "crs-ballpark",
            Self::Missing { .. } => "crs-missing",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Unknown { given } => vec![("given", given.clone())],
            Self::Unsupported { crs, reason } => {
                vec![("crs", crs.clone()), ("reason", (*reason).to_owned())]
            }
            Self::Ballpark { from, to, accuracy_m } => vec![
                ("from", from.clone()),
                ("to", to.clone()),
                ("accuracy_m", accuracy_m.to_string()),
            ],
            Self::Missing { layer } => vec![("layer", layer.clone())],
        }
    }
}
