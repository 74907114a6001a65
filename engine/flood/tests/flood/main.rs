//! Laws and exact solutions, on small grids; `tests/validation` runs the long ones of the solver.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::many_single_char_names, reason = "symbols of the equations")]

mod assimilate;
mod calibrate;
#[allow(dead_code, reason = "tests/validation uses the rest")]
mod chance;
mod coupled;
mod dams;
mod ensemble;
mod entries;
mod exact;
#[allow(dead_code, reason = "tests/validation uses the rest")]
mod flows;
mod gauge;
mod hindcast;
mod laws;
mod limits;
mod rainfall;
mod real;
mod river;
mod runoff;
mod snow;
mod soil_water;
mod time;
#[allow(dead_code, reason = "tests/validation uses the rest")]
mod twin;
#[allow(dead_code, reason = "tests/validation uses the rest")]
mod twin_scores;
mod verify;
