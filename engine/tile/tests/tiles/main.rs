//! Tiles as their readers see them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may end, and says what it skipped"
)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "tile units and counts of small cases"
)]

mod borders;
mod hostile;
mod laws;
mod pitfalls;
mod real;
mod support;
mod values;
