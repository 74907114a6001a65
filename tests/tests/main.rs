//! Tests across crates: tidiness, the crate graph, the supply chain, words, and programs as
//! people run them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod crate_graph;
mod supply;
mod tidy;
mod tree;
mod words;
