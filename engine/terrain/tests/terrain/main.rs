//! Laws, closed forms, a real mesh and hostile bytes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a skipped test says so, a real one shows its figures")]

mod analytic;
mod conditioning;
mod flow;
mod large;
mod prepared;
mod real;
mod sample;
mod streams;
mod stretch;
mod water;
