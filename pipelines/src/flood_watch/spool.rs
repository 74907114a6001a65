//! The files of a spool as they are seen from poll to poll: growing, waiting, whole, refused.
//!
//! Nothing is moved or deleted. What a file is follows from the files that are there now and from
//! the clock, so that a file that is mended, replaced, renamed or removed is judged anew.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The two clocks of a watch. Ages and validity are judged by `wall`, which may be set forwards
/// and backwards; how long something lasts by `steady`, which only goes forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The time of day.
    pub wall: Timestamp,
    /// Time since the watch began.
    pub steady: Duration,
}

/// A file as the folder shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolEntry {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was last written.
    pub modified: Timestamp,
}

/// What a product of rain says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Rain that has fallen.
    Analysis,
    /// Rain to come.
    Forecast,
    /// Anything else: it begins no cycle.
    Other,
}

/// What the reader found in a file that stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is whole.
    Whole {
        /// A hash of its bytes: equal contents are one product under two names.
        content: u64,
        /// What it says.
        kind: Kind,
        /// Its newest reference time.
        reference_time: Timestamp,
    },
    /// It is cut short, damaged or nothing that can be read.
    Faulty {
        /// The stable code of the fault.
        code: String,
    },
}

/// Where a file stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It grows, or is not yet read.
    Arriving,
    /// It is not whole, but may still become so.
    HalfWritten,
    /// It is whole.
    Whole,
    /// The same content stands under another name.
    Duplicate,
    /// It is not used, for the reason of this code.
    Refused(String),
}

/// A slot of the cycle and what has come for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its time.
    pub at: Timestamp,
    /// Kinds of products that are there.
    pub kinds: BTreeSet<Kind>,
    /// When its first product was found whole.
    pub since: Duration,
}

/// Code of a product whose reference time lies ahead of the clock.
pub const FUTURE: &str = "watch-future";

/// Slots whose arrival is remembered: more than a day of them.
const ARRIVALS_KEPT: usize = 200;

/// How files are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long size and time of a file stand still before it is read.
    pub settle: Duration,
    /// How long a file that is not whole may stand still before it is named as refused.
    pub half_written: Duration,
    /// How far ahead of the clock a reference time may lie.
    pub skew: SignedDuration,
    /// Distance of slots.
    pub slot: SignedDuration,
}

#[derive(Clone, Debug)]
struct File {
    bytes: u64,
    modified: Timestamp,
    still_since: Duration,
    /// How often its reading was asked for.
    asked: u8,
    read: Option<(Duration, Verdict)>,
}

/// The files of a spool.
#[derive(Clone, Debug)]
pub struct Spool {
    patience: Patience,
    files: BTreeMap<String, File>,
    /// When the first product of a slot was found whole, whatever has become of its file since.
    arrived: BTreeMap<Timestamp, Duration>,
}

impl Spool {
    /// A spool of which nothing has been seen.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self { patience, files: BTreeMap::new(), arrived: BTreeMap::new() }
    }

    /// Takes note of what the folder shows, and gives the names of the files to read now.
    pub fn see(&mut self, clock: Clock, entries: &[SpoolEntry]) -> Vec<String> {
        let names: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        self.files.retain(|name, _| names.contains(name.as_str()));
        let mut to_read = Vec::new();
        for entry in entries {
            let fresh = File {
                bytes: entry.bytes,
                modified: entry.modified,
                still_since: clock.steady,
                asked: 0,
                read: None,
            };
            let file = self.files.entry(entry.name.clone()).or_insert_with(|| fresh.clone());
            if file.bytes != entry.bytes || file.modified != entry.modified {
                *file = fresh;
            }
            let still = clock.steady.saturating_sub(file.still_since);
            // Before a file is refused it is read once more: not every file system tells of every
            // write at once.
            let is_faulty = matches!(file.read, Some((_, Verdict::Faulty { .. })));
            let is_due = match file.asked {
                0 => self.patience.settle <= still,
                1 => is_faulty && self.patience.half_written <= still,
                _ => false,
            };
            if is_due {
                file.asked += 1;
                to_read.push(entry.name.clone());
            }
        }
        to_read
    }

    /// Takes note of what the reader found; a file that has changed since is read again later.
    pub fn judge(&mut self, clock: Clock, read: &SpoolEntry, verdict: Verdict) {
        if let Some(file) = self.files.get_mut(&read.name)
            && 0 < file.asked
        {
            if file.bytes == read.bytes && file.modified == read.modified {
                if let Verdict::Whole { reference_time, .. } = &verdict {
                    let at = slot_of(*reference_time, self.patience.slot);
                    self.arrived.entry(at).or_insert(clock.steady);
                    if ARRIVALS_KEPT < self.arrived.len() {
                        self.arrived.pop_first();
                    }
                }
                file.read = Some((clock.steady, verdict));
            } else {
                file.asked = 0;
            }
        }
    }

    /// Whether a reference time lies further ahead of the clock than clocks differ.
    fn is_ahead(&self, clock: Clock, time: Timestamp) -> bool {
        clock.wall.saturating_add(self.patience.skew).is_ok_and(|limit| limit < time)
    }

    /// Where each file stands, by name.
    #[must_use]
    pub fn standings(&self, clock: Clock) -> BTreeMap<&str, Standing> {
        let mut first: BTreeMap<u64, (Duration, &str)> = BTreeMap::new();
        for (name, file) in &self.files {
            if let Some((since, Verdict::Whole { content, .. })) = &file.read {
                let own = (*since, name.as_str());
                first.entry(*content).and_modify(|known| *known = own.min(*known)).or_insert(own);
            }
        }
        let standing = |name: &str, file: &File| match &file.read {
            None => Standing::Arriving,
            Some((_, Verdict::Faulty { code })) => {
                if file.asked < 2 {
                    Standing::HalfWritten
                } else {
                    Standing::Refused(code.clone())
                }
            }
            Some((_, Verdict::Whole { content, reference_time, .. })) => {
                if self.is_ahead(clock, *reference_time) {
                    Standing::Refused(FUTURE.to_owned())
                } else if first.get(content).is_some_and(|(_, holder)| *holder != name) {
                    Standing::Duplicate
                } else {
                    Standing::Whole
                }
            }
        };
        self.files.iter().map(|(name, file)| (name.as_str(), standing(name, file))).collect()
    }

    /// The slots of the whole products of rain that are there, oldest first.
    #[must_use]
    pub fn slots(&self, clock: Clock) -> Vec<Slot> {
        let mut slots: BTreeMap<Timestamp, Slot> = BTreeMap::new();
        for file in self.files.values() {
            let Some((since, Verdict::Whole { kind, reference_time, .. })) = &file.read else {
                continue;
            };
            if *kind == Kind::Other || self.is_ahead(clock, *reference_time) {
                continue;
            }
            let at = slot_of(*reference_time, self.patience.slot);
            let since = self.arrived.get(&at).copied().unwrap_or(*since);
            let slot = slots.entry(at).or_insert(Slot { at, kinds: BTreeSet::new(), since });
            slot.kinds.insert(*kind);
        }
        slots.into_values().collect()
    }

    /// The slot of a time, unless it lies ahead of the clock.
    #[must_use]
    pub fn slot_of(&self, clock: Clock, time: Timestamp) -> Option<Timestamp> {
        (!self.is_ahead(clock, time)).then(|| slot_of(time, self.patience.slot))
    }
}

/// The last whole multiple of `slot` at or before a time.
fn slot_of(time: Timestamp, slot: SignedDuration) -> Timestamp {
    let seconds = time.as_second().div_euclid(slot.as_secs().max(1)) * slot.as_secs().max(1);
    Timestamp::from_second(seconds).unwrap_or(time)
}
