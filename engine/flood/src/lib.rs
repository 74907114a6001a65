//! Shallow-water flow on rasters: the inundation of flood plains.
//!
//! A [`Simulation`] holds the depth and the discharge of every cell of a [`Ground`] and carries
//! them forward in time by a finite-volume scheme (HLLC with surface reconstruction, Manning
//! friction fully implicit). Water at rest stays at rest bit for bit, no depth becomes negative,
//! and the same bits come out on any number of threads and for any size of tiles.
//!
//! `docs/methods/shallow-water.md` gives the equations, proofs, limits and sources.

#![expect(
    clippy::inline_always,
    reason = "a row becomes vector code of the processor only if all of it is inlined"
)]
#![expect(clippy::many_single_char_names, reason = "symbols of the equations")]

pub mod assimilate;
pub mod basin;
mod basin_error;
mod bench;
mod build;
pub mod calibrate;
mod case;
mod cell;
pub mod ensemble;
mod entering;
mod error;
mod face;
mod feed;
pub mod gauge;
mod ground;
mod inertial;
mod joint;
mod layout;
mod ledger;
mod local;
mod rain;
pub mod rainfall;
mod real;
mod restart;
mod rim;
pub mod river;
pub mod runoff;
mod series;
mod simd;
mod simulation;
mod slopes;
pub mod soil_water;
mod tile;
pub mod verify;
mod watch;
pub mod waterway;

pub use basin_error::BasinError;
pub use case::{Forcing, Scheme, Settings, Source, Start, TimeStep, Water};
pub use cell::DRY_M;
pub use error::FloodError;
pub use face::GRAVITY;
pub use ground::{Ground, Roughness};
pub use ledger::Ledger;
pub use rain::{Infiltration, Rain};
pub use real::Real;
pub use rim::{Flow, Stretch};
pub use series::Series;
pub use simulation::{Field, Simulation};
pub use tile::Compass;
pub use watch::Thresholds;
