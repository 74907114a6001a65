//! `jomo-server`: the published store over HTTP.
//!
//! ```text
//! store ──► watch ──► serving (one generation, behind an atomic pointer)
//!                        │
//! connection ─ listen ─ answer ─ route, negotiate, freshness ─► tile, archive, document, page
//! ```
//!
//! A request takes one generation and answers from it alone. It reads a memory map, never a
//! file; it takes no lock; and the only thing that it computes is the JSON of a document. The
//! contract of every address is `docs/spec/http-api.md`.

pub mod answer;
pub mod app;
pub mod command;
pub mod document;
pub mod error;
pub mod freshness;
pub mod listen;
pub mod negotiate;
pub mod page;
pub mod problem;
pub mod route;
pub mod serving;
pub mod view;
pub mod watch;

pub use answer::router;
pub use app::{App, Clock, Fault, Settings, wall_clock};
