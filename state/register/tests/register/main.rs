//! The register from outside: what an office relies on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod backup;
mod chain;
mod hostile;
mod jobs;
mod kill;
mod people;
mod records;
mod seal;
mod support;
mod uploads;
