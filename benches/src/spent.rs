//! What the process has used, as the system accounts for it. On a machine that others use too,
//! processor time says more than the clock on the wall.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A moment to measure from.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    processor: Duration,
    wall: Instant,
}

impl Moment {
    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        Self { processor: processor(), wall: Instant::now() }
    }

    /// Processor time of all threads since then.
    #[must_use]
    pub fn processor(self) -> Duration {
        processor().saturating_sub(self.processor)
    }

    /// Time on the wall since then.
    #[must_use]
    pub fn wall(self) -> Duration {
        self.wall.elapsed()
    }
}

/// Processor time of all threads so far.
fn processor() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(spent.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(spent.tv_nsec).unwrap_or(0))
}

/// Greatest memory held so far, bytes; `None` where the system does not tell.
#[must_use]
pub fn peak_memory_bytes() -> Option<u64> {
    field_bytes("/proc/self/status", "VmHWM:")
}

/// Memory that can be had without swapping, bytes; `None` where the system does not tell.
#[must_use]
pub fn available_memory_bytes() -> Option<u64> {
    field_bytes("/proc/meminfo", "MemAvailable:")
}

/// A line `NAME 123 kB` of a file of the system.
fn field_bytes(path: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}
