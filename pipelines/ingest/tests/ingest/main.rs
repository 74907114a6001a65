//! `jomo-ingest` as a person and `jomo` use it: a program, its report, its files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

mod bombs;
mod folders;
mod formats;
mod hostile;
mod raster;
mod raster_bombs;
mod real;
mod support;
mod telling;
mod walls;
