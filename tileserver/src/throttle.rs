//! How often one address may fail to sign in.
//!
//! The register limits the failures of one login; this limits one client that tries many logins,
//! before a password costs any computing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jomo_core::Timestamp;

/// Failures of one address within [`WINDOW_S`]. An office behind one address with 100 people who
/// mistype one time in ten at nine o'clock stays below it.
const FAILURES: u32 = 30;

/// Seconds until failures are forgotten.
const WINDOW_S: i64 = 15 * 60;

/// Addresses that are remembered, some 600 KB; the oldest gives way to the next.
const ADDRESSES: usize = 10_000;

/// Failed sign-ins by address.
#[derive(Debug, Default)]
pub struct Throttle {
    windows: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    start: Timestamp,
    failures: u32,
}

impl Window {
    /// Seconds until it ends; `None` if it has.
    fn remaining_s(&self, now: Timestamp) -> Option<u64> {
        let end_s = self.start.as_second().saturating_add(WINDOW_S);
        u64::try_from(end_s - now.as_second()).ok().filter(|seconds| 0 < *seconds)
    }
}

impl Throttle {
    /// Counts a try as failed until [`Throttle::forgive`] says otherwise, so that tries at the
    /// same time are counted too.
    ///
    /// # Errors
    /// Seconds to wait if there were too many.
    pub fn begin(&self, address: IpAddr, now: Timestamp) -> Result<(), u64> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let key = subscriber(address);
        if ADDRESSES <= windows.len() && !windows.contains_key(&key) {
            windows.retain(|_, window| window.remaining_s(now).is_some());
            let oldest = windows.iter().min_by_key(|(_, window)| window.start).map(|(key, _)| *key);
            if let Some(oldest) = oldest.filter(|_| ADDRESSES <= windows.len()) {
                windows.remove(&oldest);
            }
        }
        let window = windows.entry(key).or_insert(Window { start: now, failures: 0 });
        match window.remaining_s(now) {
            None => *window = Window { start: now, failures: 1 },
            Some(seconds) if FAILURES <= window.failures => return Err(seconds),
            Some(_) => window.failures += 1,
        }
        Ok(())
    }

    /// A try that did not fail.
    pub fn forgive(&self, address: IpAddr) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(window) = windows.get_mut(&subscriber(address)) {
            window.failures = window.failures.saturating_sub(1);
        }
    }
}

/// One subscriber has a whole /64 of IPv6.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::from((v6.to_bits() >> 64 << 64).to_be_bytes()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn too_many_failures_wait_for_the_end_of_the_window() {
        let throttle = Throttle::default();
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..FAILURES {
            assert_eq!(throttle.begin(address, at(0)), Ok(()));
        }
        assert_eq!(throttle.begin(address, at(100)), Err(800));
        assert_eq!(throttle.begin("::ffff:192.0.2.1".parse().unwrap(), at(899)), Err(1));
        assert_eq!(throttle.begin("192.0.2.2".parse().unwrap(), at(100)), Ok(()));
        assert_eq!(throttle.begin(address, at(900)), Ok(()));
        // Those who succeed are not counted.
        for _ in 0..3 * FAILURES {
            assert_eq!(throttle.begin(address, at(901)), Ok(()));
            throttle.forgive(address);
        }
    }

    #[test]
    fn a_subscriber_does_not_multiply_by_changing_addresses() {
        let throttle = Throttle::default();
        for host in 0..FAILURES {
            let address = format!("2001:db8::{host:x}").parse().unwrap();
            assert_eq!(throttle.begin(address, at(0)), Ok(()));
        }
        assert!(throttle.begin("2001:db8::ffff".parse().unwrap(), at(0)).is_err());
        assert_eq!(throttle.begin("2001:db8:0:1::1".parse().unwrap(), at(0)), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        for n in 0..u32::try_from(ADDRESSES).unwrap() + 50 {
            let _ = throttle.begin(IpAddr::from(n.to_be_bytes()), at(i64::from(n) / 100));
        }
        assert_eq!(throttle.windows.lock().unwrap().len(), ADDRESSES);
    }
}
