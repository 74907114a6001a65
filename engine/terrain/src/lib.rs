//! From heights to rivers: depressions, flow directions, drained area, streams and their reaches,
//! basins, banks, cross-sections, and the prepared basin that a forecast opens.
//!
//! ```text
//! heights -> with_waters -> condition -> Flow -> accumulation -> Network -> banks, sections -> prepared file
//! ```
//!
//! Every function gives the same bits for any number of threads and any size of patch, because
//! each result is defined without an order of work: levels as minima over ways, distances within
//! flats, sums of whole numbers. The few ties are decided by the place of a cell.

pub mod accumulation;
pub mod bank;
pub mod breach;
pub mod catchment;
mod cells;
pub mod condition;
mod error;
mod fill;
mod flat;
pub mod flow;
pub mod large;
mod patch;
pub mod prepared;
pub mod section;
pub mod stream;
pub mod stretch;
pub mod water;

pub use accumulation::accumulation;
pub use bank::banks;
pub use breach::Breach;
pub use catchment::catchments;
pub use condition::{Conditioned, Conditioning, condition};
pub use error::TerrainError;
pub use flow::Flow;
pub use prepared::{Basin, Prepared, PreparedError};
pub use section::{Section, SectionRule, sections};
pub use stream::{Network, Reach};
pub use water::with_waters;
