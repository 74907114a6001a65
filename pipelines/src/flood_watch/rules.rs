//! The rules of `jomo flood watch`: when a cycle begins, when it is given up, what is published.
//!
//! A pure machine: it reads no clock, no file and no process. Each [`Watch::tick`] is told what
//! there is and says what to do. The law behind the rules: the last good result stays, with its
//! age, until a newer one is ready, and nothing is published that is older than what is live or no
//! longer valid.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;

pub use super::settings::Settings;
pub use super::spool::{Clock, Kind, SpoolEntry, Verdict};
use super::spool::{Slot, Spool, Standing};

/// Longest wait after failures: half the distance of two slots.
pub const BACK_OFF_MAX: Duration = Duration::from_mins(5);
/// How often one slot is computed if it fails, and how often a result is handed over.
const TRIES: u32 = 2;
const PUBLISH_TRIES: u32 = 3;
/// How often in a row a cycle gives way although nothing that is live outlasts the next.
const GIVES_WAY_MAX: u32 = 2;
/// Wait before a result is handed over again.
const PUBLISH_AGAIN: Duration = Duration::from_secs(5);

/// A result: of which moment, and how long it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its reference time.
    pub reference_time: Timestamp,
    /// When it stops being valid by the clock on the wall.
    pub expires: Option<Timestamp>,
}

/// What the process of the running cycle does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Child {
    /// There is none.
    None,
    /// It runs.
    Running,
    /// It has ended since the last tick.
    Ended {
        /// Its exit code; `None` if a signal ended it or it could not be started.
        code: Option<i32>,
        /// What it has left to be published.
        made: Option<Made>,
    },
}

/// What there is at a tick.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// The files of the spool.
    pub spool: &'a [SpoolEntry],
    /// The newest reading of a gauge.
    pub readings: Option<Timestamp>,
    /// The live result of the store, where it was looked up.
    pub live: Option<Made>,
    /// The process.
    pub child: Child,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read this file and say with [`Watch::judge`] what it is.
    Read(String),
    /// Start the cycle of this time.
    Begin(Timestamp),
    /// Hand the result of the cycle of this time to the store.
    Publish(Timestamp),
    /// End the process.
    Stop,
}

/// Why a cycle was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenUp {
    /// A newer slot is ready.
    Preempted,
    /// It took too long.
    Overdue,
    /// Its validity is over.
    Expired,
    /// Something newer is live.
    Older,
    /// The program failed, or left no result.
    Failed,
    /// The store refused the result.
    Refused,
}

/// What happened, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A cycle began; it was begun by rain, or by readings because rain is silent.
    Began(Timestamp, Trigger),
    /// A result went live.
    Published(Timestamp),
    /// A cycle came to nothing.
    GaveUp(Timestamp, GivenUp),
}

/// What begins a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Products of rain.
    Rain,
    /// Readings: rain has been silent.
    Readings,
}

/// What has come about since the watch began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cycles begun.
    pub begun: u64,
    /// Results published.
    pub published: u64,
    /// Cycles given up for a newer slot.
    pub preempted: u64,
    /// Cycles that failed or took too long.
    pub failed: u64,
    /// Results that came too late, or were refused by the store.
    pub discarded: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Computing,
    Publishing { made: Made, tries: u32, again_at: Option<Duration> },
}

/// The cycle in work.
#[derive(Clone, Debug)]
struct Job {
    slot: Timestamp,
    phase: Phase,
    since: Duration,
    stopping: Option<GivenUp>,
}

/// A slot that was begun, with what was there for it.
#[derive(Clone, Debug)]
struct Begun {
    slot: Timestamp,
    kinds: BTreeSet<Kind>,
    tries: u32,
    /// It came to nothing, and may come to something if it is tried again.
    failed: bool,
}

/// A slot that may be begun.
struct Candidate {
    slot: Timestamp,
    kinds: BTreeSet<Kind>,
    trigger: Trigger,
}

/// The watch.
#[derive(Clone, Debug)]
pub struct Watch {
    settings: Settings,
    spool: Spool,
    live: Option<Made>,
    job: Option<Job>,
    begun: Option<Begun>,
    failures: u32,
    given_way: u32,
    served: Duration,
    not_before: Duration,
    durations: [Option<Duration>; 3],
    rain: Option<Timestamp>,
    began_at: Timestamp,
    counts: Counts,
    events: Vec<Event>,
}

impl Watch {
    /// A watch over a store in which `live` is live.
    #[must_use]
    pub fn new(settings: Settings, clock: Clock, live: Option<Made>) -> Self {
        Self {
            settings,
            spool: Spool::new(settings.patience),
            live,
            job: None,
            begun: None,
            failures: 0,
            given_way: 0,
            served: clock.steady,
            not_before: Duration::ZERO,
            durations: [None; 3],
            rain: None,
            began_at: clock.wall,
            counts: Counts::default(),
            events: Vec::new(),
        }
    }

    /// What the reader found in a file; `read` is the file as it was before reading.
    pub fn judge(&mut self, clock: Clock, read: &SpoolEntry, verdict: Verdict) {
        self.spool.judge(clock, read, verdict);
    }

    /// One look at everything; says what to do, in this order.
    pub fn tick(&mut self, clock: Clock, seen: &Seen<'_>) -> Vec<Action> {
        if seen.live.is_some() {
            self.live = seen.live;
        }
        let mut actions: Vec<Action> =
            self.spool.see(clock, seen.spool).into_iter().map(Action::Read).collect();
        let slots = self.spool.slots(clock);
        if let Some(newest) = slots.last() {
            self.rain = self.rain.max(Some(newest.at));
        }
        if let Child::Ended { code, made } = &seen.child {
            self.ended(clock, *code, *made);
        }
        let candidate = self.candidate(clock, &slots, seen.readings);
        match &self.job {
            Some(_) => actions.extend(self.attend(clock, candidate.as_ref())),
            None => actions.extend(candidate.and_then(|candidate| self.begin(clock, candidate))),
        }
        actions
    }

    /// Whether the newest reading would be of use at the next tick: rain is silent.
    #[must_use]
    pub fn needs_readings(&self, clock: Clock) -> bool {
        let silent_since = self.rain.unwrap_or(self.began_at);
        self.settings.silence <= clock.wall.duration_since(silent_since)
    }

    /// Whether a result waits to be handed over: then the next tick is to know what is live.
    #[must_use]
    pub fn hands_over(&self) -> bool {
        let phase = self.job.as_ref().map(|job| job.phase);
        matches!(phase, Some(Phase::Publishing { again_at: Some(_), .. }))
    }

    /// Whether nothing is in work, no file is arriving, and no slot that is there may be begun now
    /// or soon.
    #[must_use]
    pub fn is_idle(&self, clock: Clock) -> bool {
        let arrives = || self.spool.standings(clock).into_values().any(|s| s == Standing::Arriving);
        let begins = self.spool.slots(clock).last().is_some_and(|slot| {
            let (slot, kinds) = (slot.at, slot.kinds.clone());
            self.may_begin(clock, &Candidate { slot, kinds, trigger: Trigger::Rain })
        });
        self.job.is_none() && !begins && !arrives()
    }

    /// When a result of this slot stops being valid.
    fn end_of(&self, slot: Timestamp) -> Option<Timestamp> {
        self.settings.validity.and_then(|validity| slot.saturating_add(validity).ok())
    }

    /// Whether a result could still be published at `wall`.
    fn is_publishable(&self, made: Made, wall: Timestamp) -> Result<(), GivenUp> {
        let latest =
            made.expires.and_then(|expires| expires.saturating_sub(self.settings.margin).ok());
        if latest.is_some_and(|latest| latest <= wall) {
            return Err(GivenUp::Expired);
        }
        if self.live.is_some_and(|live| made.reference_time < live.reference_time) {
            return Err(GivenUp::Older);
        }
        Ok(())
    }

    /// The newest slot that may be begun now, if it is newer than what was begun or is live, was
    /// begun without a product that has come since, or failed and may be tried again.
    fn candidate(
        &self,
        clock: Clock,
        slots: &[Slot],
        readings: Option<Timestamp>,
    ) -> Option<Candidate> {
        let by_rain = slots.last().map(|slot| Candidate {
            slot: slot.at,
            kinds: slot.kinds.clone(),
            trigger: Trigger::Rain,
        });
        let by_rain = by_rain.filter(|candidate| {
            let since = slots.last().map_or(clock.steady, |slot| slot.since);
            let is_complete = 2 <= candidate.kinds.len();
            is_complete || self.settings.grace <= clock.steady.saturating_sub(since)
        });
        let by_rain = by_rain.filter(|candidate| self.may_begin(clock, candidate));
        by_rain.or_else(|| {
            if !self.needs_readings(clock) {
                return None;
            }
            let slot = self.spool.slot_of(clock, readings?)?;
            let candidate = Candidate { slot, kinds: BTreeSet::new(), trigger: Trigger::Readings };
            self.may_begin(clock, &candidate).then_some(candidate)
        })
    }

    fn may_begin(&self, clock: Clock, candidate: &Candidate) -> bool {
        let made = Made { reference_time: candidate.slot, expires: self.end_of(candidate.slot) };
        if self.is_publishable(made, clock.wall).is_err() {
            return false;
        }
        match &self.begun {
            Some(begun) if candidate.slot == begun.slot => {
                let is_richer =
                    candidate.trigger == Trigger::Rain && begun.kinds.len() < candidate.kinds.len();
                is_richer || (begun.failed && begun.tries < TRIES)
            }
            Some(begun) if candidate.slot < begun.slot => false,
            // What is live was made before this watch began, or by hand.
            _ => self.live.is_none_or(|live| live.reference_time < candidate.slot),
        }
    }

    fn begin(&mut self, clock: Clock, candidate: Candidate) -> Option<Action> {
        if clock.steady < self.not_before {
            return None;
        }
        let Candidate { slot, kinds, trigger } = candidate;
        let before = self.begun.take().filter(|begun| begun.slot == slot && begun.failed);
        let tries = before.map_or(1, |begun| begun.tries + 1);
        self.begun = Some(Begun { slot, kinds, tries, failed: false });
        self.job = Some(Job { slot, phase: Phase::Computing, since: clock.steady, stopping: None });
        self.counts.begun += 1;
        self.events.push(Event::Began(slot, trigger));
        Some(Action::Begin(slot))
    }

    /// What the cycle in work needs.
    fn attend(&mut self, clock: Clock, candidate: Option<&Candidate>) -> Option<Action> {
        let job = self.job.clone()?;
        let lasted = clock.steady.saturating_sub(job.since);
        if job.stopping.is_some() {
            return None;
        }
        match job.phase {
            Phase::Computing => {
                let made = Made { reference_time: job.slot, expires: self.end_of(job.slot) };
                let reason = if self.settings.cycle_limit <= lasted {
                    GivenUp::Overdue
                } else if let Err(reason) = self.is_publishable(made, clock.wall) {
                    reason
                } else if candidate.is_some_and(|newer| {
                    job.slot < newer.slot && self.gives_way(clock, &job, lasted)
                }) {
                    GivenUp::Preempted
                } else {
                    return None;
                };
                self.stop(reason)
            }
            Phase::Publishing { again_at: None, .. } => {
                let is_overdue = self.settings.publish_limit <= lasted;
                is_overdue.then(|| self.stop(GivenUp::Overdue)).flatten()
            }
            Phase::Publishing { made, tries, again_at: Some(again_at) } => {
                (again_at <= clock.steady).then(|| self.hand_over(clock, made, tries)).flatten()
            }
        }
    }

    fn stop(&mut self, reason: GivenUp) -> Option<Action> {
        self.job.as_mut()?.stopping = Some(reason);
        Some(Action::Stop)
    }

    /// What a cycle takes: the longest of the last three.
    fn expected(&self) -> Duration {
        self.durations.iter().flatten().max().copied().unwrap_or(self.settings.expected)
    }

    /// Whether the running cycle gives way to a newer slot: if its own result would come too late,
    /// if it has hardly begun, or if it is in its first half and what is live will still be valid
    /// when the newer result is due. Otherwise the sooner of two results would be lost, and readers
    /// might be left without a valid one.
    fn gives_way(&self, clock: Clock, job: &Job, lasted: Duration) -> bool {
        let expected = self.expected();
        let after = |duration| clock.wall.saturating_add(duration).unwrap_or(Timestamp::MAX);
        let own = Made { reference_time: job.slot, expires: self.end_of(job.slot) };
        if self.is_publishable(own, after(expected.saturating_sub(lasted))).is_err() {
            return true;
        }
        // It has hardly begun, or it takes so much longer than others that it may never end.
        let overruns = expected * 3 / 2 < lasted;
        if (lasted < expected / 4 || overruns) && self.given_way < GIVES_WAY_MAX {
            return true;
        }
        if self.settings.starves_after <= clock.steady.saturating_sub(self.served) {
            return false;
        }
        let holds_until = |live: Made| live.expires.unwrap_or(Timestamp::MAX);
        let due = after(expected + self.settings.grace);
        let holds = self.live.is_some_and(|live| due < holds_until(live));
        holds && (lasted < expected / 2 || overruns)
    }

    /// The process has ended.
    fn ended(&mut self, clock: Clock, code: Option<i32>, made: Option<Made>) {
        let Some(job) = self.job.take() else { return };
        let is_done = matches!(code, Some(0 | 4));
        match job.phase {
            Phase::Computing => {
                if let (true, Some(made)) = (is_done, made) {
                    self.durations.rotate_right(1);
                    self.durations[0] = Some(clock.steady.saturating_sub(job.since));
                    let phase = Phase::Publishing { made, tries: 0, again_at: Some(clock.steady) };
                    self.job = Some(Job { phase, stopping: None, ..job });
                } else if let Some(reason) = job.stopping {
                    self.give_up(clock, job.slot, reason);
                } else {
                    let blocked = code == Some(5);
                    let reason = if blocked { GivenUp::Refused } else { GivenUp::Failed };
                    self.give_up(clock, job.slot, reason);
                }
            }
            Phase::Publishing { made, .. } if is_done => {
                self.live = Some(made);
                self.served = clock.steady;
                (self.failures, self.given_way, self.not_before) = (0, 0, Duration::ZERO);
                self.counts.published += 1;
                self.events.push(Event::Published(made.reference_time));
            }
            Phase::Publishing { .. } if code == Some(5) => {
                self.give_up(clock, job.slot, GivenUp::Refused);
            }
            Phase::Publishing { made, tries, .. } if tries < PUBLISH_TRIES => {
                let again_at = Some(clock.steady + PUBLISH_AGAIN);
                let phase = Phase::Publishing { made, tries, again_at };
                self.job = Some(Job { phase, stopping: None, ..job });
            }
            Phase::Publishing { .. } => self.give_up(clock, job.slot, GivenUp::Failed),
        }
    }

    /// Hands a result to the store, unless it is too late for that.
    fn hand_over(&mut self, clock: Clock, made: Made, tries: u32) -> Option<Action> {
        let slot = self.job.as_ref()?.slot;
        if let Err(reason) = self.is_publishable(made, clock.wall) {
            self.job = None;
            self.give_up(clock, slot, reason);
            return None;
        }
        let phase = Phase::Publishing { made, tries: tries + 1, again_at: None };
        self.job = Some(Job { slot, phase, since: clock.steady, stopping: None });
        Some(Action::Publish(slot))
    }

    fn give_up(&mut self, clock: Clock, slot: Timestamp, reason: GivenUp) {
        self.events.push(Event::GaveUp(slot, reason));
        let is_final = matches!(reason, GivenUp::Older | GivenUp::Refused);
        if let Some(begun) = &mut self.begun {
            begun.failed = !is_final;
        }
        match reason {
            GivenUp::Preempted => {
                self.counts.preempted += 1;
                self.given_way += 1;
            }
            GivenUp::Expired | GivenUp::Older | GivenUp::Refused => self.counts.discarded += 1,
            GivenUp::Overdue | GivenUp::Failed => {
                self.counts.failed += 1;
                let wait = self.settings.back_off * 2_u32.saturating_pow(self.failures.min(10));
                self.failures += 1;
                self.not_before = clock.steady + wait.min(BACK_OFF_MAX);
            }
        }
    }

    /// What has happened since this was last asked.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// How things stand, for people and for the alert stage.
    #[must_use]
    pub fn status(&self, clock: Clock) -> Status {
        let standings = self.spool.standings(clock);
        let count = |wanted: &Standing| standings.values().filter(|own| *own == wanted).count();
        let refused = standings.iter().filter_map(|(name, standing)| match standing {
            Standing::Refused(code) => Some(((*name).to_owned(), code.clone())),
            _ => None,
        });
        let age = self.live.map(|live| clock.wall.duration_since(live.reference_time));
        let is_valid =
            self.live.is_some_and(|live| live.expires.is_none_or(|expires| clock.wall < expires));
        let health = match age {
            None => Health::Nothing,
            Some(age) if is_valid && age <= self.settings.late_after && !self.is_behind(age) => {
                Health::Normal
            }
            Some(_) => Health::Stopped,
        };
        Status {
            health,
            live: self.live,
            age,
            in_work: self.job.as_ref().map(|job| job.slot),
            rain: self.rain,
            rain_is_silent: self.needs_readings(clock),
            refused: refused.collect(),
            whole: count(&Standing::Whole),
            waiting: count(&Standing::Arriving) + count(&Standing::HalfWritten),
            duplicates: count(&Standing::Duplicate),
            counts: self.counts,
            missing: Faults::default(),
            standing: Faults::default(),
        }
    }

    /// Whether the clock stands before what is live: then no age is right.
    fn is_behind(&self, age: SignedDuration) -> bool {
        age < -self.settings.patience.skew
    }
}

/// How a watch fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// No result yet.
    Nothing,
    /// What is live is valid and new.
    Normal,
    /// The same, but something was missing or not believed when it was made.
    Degraded,
    /// What is live is old, no longer valid, or the clock is wrong.
    Stopped,
}

/// How things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// How the watch fares.
    pub health: Health,
    /// The last good result.
    pub live: Option<Made>,
    /// Time since its reference time.
    pub age: Option<SignedDuration>,
    /// The slot of the cycle in work.
    pub in_work: Option<Timestamp>,
    /// The newest slot of rain.
    pub rain: Option<Timestamp>,
    /// Whether nothing newer has come for longer than it may take.
    pub rain_is_silent: bool,
    /// Files that are not used, each with the code of its reason.
    pub refused: Vec<(String, String)>,
    /// Files that are whole.
    pub whole: usize,
    /// Files that are not yet whole.
    pub waiting: usize,
    /// Files whose content stands under another name too.
    pub duplicates: usize,
    /// What has come about.
    pub counts: Counts,
    /// What was missing or not believed when the last good result was made.
    pub missing: Faults,
    /// What the tables make every result leave out until somebody mends them.
    pub standing: Faults,
}

impl Status {
    /// The same, with what was missing when the live result was made: then nothing is normal. What
    /// stands in the tables all year is told besides and hides no new fault: it changes no health.
    #[must_use]
    pub fn lacking(mut self, missing: Faults, standing: Faults) -> Self {
        if self.health == Health::Normal && !missing.is_empty() {
            self.health = Health::Degraded;
        }
        (self.missing, self.standing) = (missing, standing);
        self
    }
}
