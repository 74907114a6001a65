//! Tests across crates: tidiness, the crate graph, the supply chain, words, and programs as
//! people run them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod crate_graph;
mod foreign;
mod interop;
mod object_store;
mod programs;
mod real_rain;
#[path = "../../state/store/tests/store/stand_in.rs"]
mod stand_in;
mod store_kill;
mod supply;
mod tidy;
mod tree;
mod words;
