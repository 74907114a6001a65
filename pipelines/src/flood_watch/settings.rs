//! How a watch behaves: how long it waits, what it gives up.

use std::time::Duration;

use jiff::SignedDuration;

use super::spool::Patience;

/// How a watch behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How files are judged.
    pub patience: Patience,
    /// How long a cycle waits for the companion of its first product.
    pub grace: Duration,
    /// How long a result is valid after its reference time by the clock on the wall; `None` where
    /// that clock does not rule, as in a fictional region.
    pub validity: Option<SignedDuration>,
    /// How much of the validity must be left when a result is published.
    pub margin: SignedDuration,
    /// A result older than this is told as one that has stopped.
    pub late_after: SignedDuration,
    /// How long rain may be silent before readings begin a cycle.
    pub silence: SignedDuration,
    /// What a cycle takes, until one has been measured.
    pub expected: Duration,
    /// The longest that a cycle may take.
    pub cycle_limit: Duration,
    /// The longest that a publication may take.
    pub publish_limit: Duration,
    /// After this time without a publication a running cycle is finished before a newer one.
    pub starves_after: Duration,
    /// Wait after a failure; it doubles up to five minutes.
    pub back_off: Duration,
}

impl Default for Settings {
    /// For products every ten minutes, cycles of four minutes and results that hold for 30.
    fn default() -> Self {
        Self {
            patience: Patience {
                settle: Duration::from_secs(4),
                half_written: Duration::from_mins(2),
                skew: SignedDuration::from_mins(10),
                slot: SignedDuration::from_mins(10),
            },
            grace: Duration::from_mins(1),
            validity: Some(SignedDuration::from_mins(30)),
            margin: SignedDuration::from_secs(20),
            late_after: SignedDuration::from_mins(30),
            silence: SignedDuration::from_mins(30),
            expected: Duration::from_mins(4),
            cycle_limit: Duration::from_mins(20),
            publish_limit: Duration::from_mins(2),
            starves_after: Duration::from_mins(20),
            back_off: Duration::from_secs(30),
        }
    }
}
