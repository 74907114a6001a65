//! The HTTP contract, driven in this process by requests without a socket, and the built
//! executable by its signals and exit codes.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test ends where something is missing; numbers in hand-made archives are small"
)]

mod access;
mod connections;
mod contract;
mod executable;
mod fixture;
mod generations;
mod jobs;
mod office;
mod pairs;
mod records;
mod remote;
mod sign_in;
mod socket;
#[path = "../../../state/store/tests/store/stand_in.rs"]
mod stand_in;
mod time;
mod uploads;
