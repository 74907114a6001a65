//! Events: readings of a gauge that belong together, and storms: events that do.

use std::ops::Range;

use jiff::Timestamp;

use super::quality::Faults;
use super::{Reading, hours};

/// Longest gap inside an event in h. A gauge above its start level reports every ten minutes; the
/// archive holds hourly snapshots, of which one in 16 is missing.
pub const EVENT_GAP_H: f64 = 3.0;
/// Events less than this apart, at whatever gauges, may be of one storm, in h.
pub const STORM_GAP_H: f64 = 24.0;

/// First and last instant of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first reading.
    pub start: Timestamp,
    /// Its last reading.
    pub end: Timestamp,
}

impl Span {
    /// The span of the readings; `None` if there are none.
    #[must_use]
    pub fn of(readings: &[Reading]) -> Option<Self> {
        Some(Self { start: readings.first()?.time, end: readings.last()?.time })
    }
}

/// Events as ranges of `readings`: the longest runs of readings that are used
/// ([`Faults::are_used`]) and without a gap of more than [`EVENT_GAP_H`]. A reading that is not ends
/// the run before it: what stands on both sides of it is not joined. `faults` is one entry per reading; readings beyond it are left
/// out.
#[must_use]
pub fn events(readings: &[Reading], faults: &[Faults]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (index, (reading, faults)) in readings.iter().zip(faults).enumerate() {
        if !faults.are_used() {
            continue;
        }
        match found.last_mut() {
            Some(run)
                if run.end == index
                    && hours(readings[index - 1].time, reading.time) <= EVENT_GAP_H =>
            {
                run.end = index + 1;
            }
            _ => found.push(index..index + 1),
        }
    }
    found
}

/// Numbers the storms of events from 0 in the order of time: two events are of one storm if less
/// than [`STORM_GAP_H`] lies between them, directly or through others. The answer has one number
/// per event, in their order.
#[must_use]
pub fn storms(events: &[Span]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|event| (events[*event].start, events[*event].end));
    let mut storm_of = vec![0; events.len()];
    let mut storm = 0;
    let mut ends: Option<Timestamp> = None;
    for event in order {
        let Span { start, end } = events[event];
        if ends.is_some_and(|ends| STORM_GAP_H <= hours(ends, start)) {
            storm += 1;
        }
        ends = Some(ends.map_or(end, |ends| ends.max(end)));
        storm_of[event] = storm;
    }
    storm_of
}
