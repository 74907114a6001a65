//! Tiles as their readers see them.

mod borders;
mod hostile;
mod laws;
mod pitfalls;
mod real;
mod support;
mod values;
