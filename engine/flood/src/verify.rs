//! Scores of forecasts against what was observed, and how sure they are.
//!
//! All scores take a forecast and an observation per case, in the same order; a pair with a
//! number missing (`NaN`) on either side is left out, and so is what stands beyond the shorter
//! list. A score that is not defined (no pairs, an observation that never changes, an event that
//! never happened) is `None`, never a number that looks like one.
//!
//! [`bootstrap`] resamples whole blocks, because errors that follow each other are alike: taking
//! them for independent gives intervals that are too short. `docs/methods/verification.md` gives
//! the definitions with sources.

mod bootstrap;
mod hindcast;
mod level;
mod occurrence;
mod sums;

pub(crate) use bootstrap::Numbers;
pub use bootstrap::{Blocks, Draws, Interval, block_length, bootstrap};
pub use hindcast::{Case, Chance, LeadScores, Scored, hindcast};
pub use level::{Efficiency, LeadScore, bias, by_lead, coverage, kge, mae, nse, rmse};
pub use occurrence::{Contingency, brier};
pub use sums::Chances;
