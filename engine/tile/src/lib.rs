//! Vector tiles: from features in lon/lat to gzipped MVT 2.1 tiles in the order of an archive.
//!
//! One zoom at a time, every source is simplified and rounded to tile units once ([`build()`]); its
//! shapes then fall down a quadtree, are clipped to each tile, put into the form that the
//! specification demands, encoded and compressed. [`verify()`] checks finished tiles by a reading
//! of the specification of its own.
//!
//! Positions inside are `[x, y]` in *units* of a zoom: `2^z * 4096` units span the world, x to the
//! east and y to the south. The method is told in `docs/methods/tiles.md`.

mod build;
mod clip;
mod encode;
mod paths;
mod report;
mod rings;
mod shapes;
mod topology;
mod verify;
mod wire;

pub use build::{Ids, LayerSource, Settings, build};
pub use report::{BuildError, LargeTile, Loss, Report, ZoomReport};
pub use verify::{LayerSummary, Rule, TileSummary, VerifyFault, verify};

/// Units along the edge of a tile.
pub const EXTENT: u32 = 4096;
