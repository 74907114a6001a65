//! What the gauges say, brought into the members of an ensemble.
//!
//! [`update`] is a serial ensemble square-root filter: gauge after gauge, it moves the members in
//! the direction in which they themselves differ, and draws them together as far as the gauge is
//! sure. No random number is drawn: equal members and readings give equal bits. A gauge that is
//! silent because the water is below its start level is no gap but a bound ([`Observed::AtMost`]).
//!
//! The filter knows variables and members only; [`Zones`] says what the variables of a basin are
//! (discharge, soil, rain around each gauge) and carries what the filter found back to the nodes
//! and slopes of the model. `docs/methods/assimilation.md` gives equations, limits and sources.

mod blend;
mod doubted;
mod filter;
mod states;
mod taper;
mod zones;

pub use blend::{Blends, Bounds};
pub use doubted::believed_sigma;
pub use filter::{Analysis, Observation, Observed, Outcome, Settings, Target, update};
pub use states::States;
pub use taper::gaspari_cohn;
pub use zones::{Quantity, Radius, Wander, Zones};
