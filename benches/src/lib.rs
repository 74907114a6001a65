//! Benches live in `benches/`; here is what several of them share.

pub mod cases;
pub mod lone;
pub mod spent;
