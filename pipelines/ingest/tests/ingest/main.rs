//! `jomo-ingest` as a person and `jomo` use it: a program, its report, its files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bombs;
mod formats;
mod hostile;
mod real;
mod support;
mod walls;
