//! `jomo-server`: the published store over HTTP.
//!
//! ```text
//! store ──► watch, pair ──► serving (a generation of each root, behind an atomic pointer)
//!                              │ what the caller sees
//! connection ─ listen, wire ─ answer ─ route ─ access ─► tiles, document, page
//!                                                │  └──► sign_in, record, job, events, upload
//!                                     identity ──┴─ clerk ──► register
//! ```
//!
//! A request takes one serving and answers from it alone. What everybody may see is a memory map
//! and no lock away; the register is asked only where the answer depends on who asks, on threads
//! of its own. Who may do what is one table in [`access`]. The contract of every address is
//! `docs/spec/http-api.md`.

pub mod access;
pub mod answer;
pub mod app;
pub mod body;
pub mod clerk;
pub mod command;
pub mod document;
pub mod error;
pub mod events;
pub mod freshness;
pub mod identity;
pub mod job;
pub mod listen;
pub mod negotiate;
pub mod packed;
pub mod page;
pub mod pair;
pub mod problem;
pub mod record;
pub mod remote;
pub mod route;
pub mod serving;
pub mod sign_in;
pub mod throttle;
pub mod tiles;
pub mod upload;
pub mod view;
pub mod watch;
pub mod wire;

pub use answer::router;
pub use app::{App, Clock, Fault, People, PeopleLimits, Settings, wall_clock};
