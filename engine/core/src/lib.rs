//! What every part of Jomo shares: frames and projection, grids and the strip walk, time,
//! features, layer metadata and messages.
//!
//! Nothing here touches the network, the clock, the environment or a random device: time and
//! seeds are arguments, and every function gives the same bits on any number of threads.

pub mod fault;
pub mod feature;
pub mod frame;
pub mod grid;
pub mod hilbert;
pub mod layer;
pub mod mercator;
pub mod mesh;
pub mod message;
pub mod organisation;
pub mod projection;
pub mod reduce;
pub mod time;
pub mod walk;

pub use jiff::Timestamp;
