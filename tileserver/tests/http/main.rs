//! The HTTP contract, driven in this process by requests without a socket, and the built
//! executable by its signals and exit codes.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers in hand-made archives"
)]

mod contract;
mod executable;
mod fixture;
mod generations;
mod time;
