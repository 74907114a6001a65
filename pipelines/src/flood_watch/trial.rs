//! A watch on virtual clocks, over a feed with every fault that a seed chooses: the laws that must
//! hold whatever comes. Used by the tests of this crate and by `tests/validation`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::rules::{
    Action, BACK_OFF_MAX, Child, Clock, Health, Kind, Made, Seen, Settings, SpoolEntry, Trigger,
    Verdict, Watch,
};

/// Noon of a day.
const START_S: i64 = 1_789_992_000;
/// How long a trial lasts.
const LASTS: Duration = Duration::from_hours(6);
/// The longest time between two polls.
const POLL_MAX: Duration = Duration::from_secs(20);
/// What a stopped process may take before it is killed.
const KILLED_AFTER: Duration = Duration::from_secs(5);

/// Numbers that follow from a seed (splitmix64).
pub(crate) struct Dice(u64);

impl Dice {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    /// From `low` up to but not including `high`.
    fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.bits() % (high - low).max(1)
    }

    fn seconds(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_secs(self.within(low, high))
    }

    /// True in so many of a hundred cases.
    fn chance(&mut self, percent: u64) -> bool {
        self.within(0, 100) < percent
    }
}

/// How often what goes wrong, in percent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ills {
    half_written: u64,
    cut: u64,
    corrupt: u64,
    duplicate: u64,
    renamed: u64,
    late: u64,
    future: u64,
    silence: u64,
    clock: u64,
    elsewhere: u64,
    restart: u64,
    crash: u64,
    hang: u64,
    blocked: u64,
    /// Seconds that a cycle takes, at least and at most.
    cycle_s: [u64; 2],
}

impl Ills {
    /// Each ill is absent, rare or common, as the dice fall.
    fn of(dice: &mut Dice) -> Self {
        let mut ill = |common: u64| match dice.within(0, 3) {
            0 => 0,
            1 => common.div_ceil(4),
            _ => common,
        };
        let mut ills = Self {
            half_written: ill(60),
            cut: ill(20),
            corrupt: ill(20),
            duplicate: ill(40),
            renamed: ill(20),
            late: ill(40),
            future: ill(10),
            silence: ill(6),
            clock: ill(4),
            elsewhere: ill(10),
            restart: ill(4),
            crash: ill(40),
            hang: ill(15),
            blocked: ill(20),
            cycle_s: [30, 240],
        };
        ills.cycle_s[1] = [120, 240, 480, 900, 1_800][usize::try_from(dice.within(0, 5)).unwrap()];
        ills
    }

    /// A sound feed, and cycles of one length.
    pub(crate) fn none(cycle_s: u64) -> Self {
        Self { cycle_s: [cycle_s, cycle_s + 1], ..Self::default() }
    }
}

/// What happens from outside.
#[derive(Clone, Debug)]
enum Happening {
    Write(String, u64, Verdict),
    Remove(String),
    Rename(String, String),
    Reading(Timestamp),
    SetClock(SignedDuration),
    /// Somebody publishes a forecast of this time by hand.
    Elsewhere(Timestamp),
    Restart,
}

/// What a trial has shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Report {
    /// Polls.
    pub(crate) polls: u64,
    /// Cycles begun.
    pub(crate) begun: u64,
    /// Cycles begun by readings.
    pub(crate) by_readings: u64,
    /// Results published.
    pub(crate) published: u64,
    /// Cycles given up for a newer slot.
    pub(crate) preempted: u64,
    /// Cycles that came to nothing for another reason.
    pub(crate) lost: u64,
    /// Files named as refused at some time.
    pub(crate) refused: u64,
    /// Polls at which a valid and new result was live.
    pub(crate) normal: u64,
    /// Polls after the first publication at which there was none.
    pub(crate) stopped: u64,
    /// The longest time without a publication, s.
    pub(crate) longest_gap_s: u64,
    /// The longest that a slot waited which could have been begun, s.
    pub(crate) longest_wait_s: u64,
}

/// A process of the virtual machine.
struct Process {
    slot: Timestamp,
    publishes: Option<Made>,
    /// When it ends and how; never if it hangs.
    end: Option<(Duration, i32)>,
    deaf: bool,
    /// What has come in from outside when it was started.
    meddled: u64,
}

/// The virtual machine with its watch.
struct World {
    dice: Dice,
    ills: Ills,
    plan: Vec<(Duration, Happening)>,
    files: BTreeMap<String, (SpoolEntry, Verdict, Duration)>,
    reading: Option<Timestamp>,
    offset: SignedDuration,
    steady: Duration,
    settings: Settings,
    watch: Watch,
    watching_since: Duration,
    live: Option<Made>,
    looked_up: Duration,
    /// How often somebody has set the clock or published, and how often at the last look-up.
    meddled: [u64; 2],
    process: Option<Process>,
    newest_begun: Option<Timestamp>,
    failed_at: Option<Duration>,
    published_at: Duration,
    /// The slot that could be begun, and since when nothing was in its way.
    waiting: Option<(Timestamp, Duration)>,
    report: Report,
}

fn time(offset_s: i64) -> Timestamp {
    Timestamp::from_second(START_S + offset_s).unwrap()
}

/// The feed of a trial: what is written when, with what goes wrong.
fn plan(dice: &mut Dice, ills: Ills) -> Vec<(Duration, Happening)> {
    let mut plan = Vec::new();
    let mut silent_until = 0;
    for slot in 0..LASTS.as_secs() / 600 {
        let begins = slot * 600;
        if silent_until <= begins && dice.chance(ills.silence) {
            silent_until = begins + dice.within(1_800, 14_400);
        }
        let at = i64::try_from(begins).unwrap();
        if dice.chance(90) {
            plan.push((Duration::from_secs(begins + 180), Happening::Reading(time(at))));
        }
        if dice.chance(ills.future) {
            let bogus = time(at + 36_000);
            plan.push((Duration::from_secs(begins + 200), Happening::Reading(bogus)));
        }
        // Half of the silences end with all that was missed, at once.
        let held_back = (begins < silent_until && silent_until % 2 == 0).then_some(silent_until);
        if begins < silent_until && held_back.is_none() {
            continue;
        }
        for kind in [Kind::Analysis, Kind::Forecast] {
            let delay = dice.within(300, 420);
            let comes = held_back.map_or(begins + delay, |until| until + dice.within(0, 30));
            product(dice, ills, &mut plan, (kind, at, comes));
        }
        if dice.chance(ills.clock) {
            let step = i64::try_from(dice.within(0, 21_600)).unwrap() - 10_800;
            let until = begins + dice.within(120, 3_600);
            plan.push((
                Duration::from_secs(begins),
                Happening::SetClock(SignedDuration::from_secs(step)),
            ));
            plan.push((Duration::from_secs(until), Happening::SetClock(SignedDuration::ZERO)));
        }
        if dice.chance(ills.elsewhere) {
            let when = Duration::from_secs(begins + dice.within(300, 900));
            plan.push((when, Happening::Elsewhere(time(at))));
        }
        if dice.chance(ills.restart) {
            plan.push((Duration::from_secs(begins + dice.within(0, 600)), Happening::Restart));
        }
    }
    plan.sort_by_key(|(when, _)| *when);
    plan
}

/// One product: how its file comes into the spool.
fn product(
    dice: &mut Dice,
    ills: Ills,
    plan: &mut Vec<(Duration, Happening)>,
    (kind, at, comes): (Kind, i64, u64),
) {
    let name = format!("{at:06}-{kind:?}.bin");
    let content = u64::try_from(at).unwrap() * 2 + u64::from(kind == Kind::Forecast);
    let late = if dice.chance(ills.late) { dice.within(60, 9_000) } else { 0 };
    let mut when = Duration::from_secs(comes + late);
    let cut = || Verdict::Faulty { code: "grib-truncated".to_owned() };
    let ahead = if dice.chance(ills.future) { 86_400 } else { 0 };
    let reference_time = time(at + ahead);
    let whole = Verdict::Whole { content, kind, reference_time };
    let mut write = |when, bytes, verdict: Verdict| {
        plan.push((when, Happening::Write(name.clone(), bytes, verdict)));
    };
    if dice.chance(ills.half_written) {
        for part in 1..4 {
            write(when, part * 1_000, cut());
            when += dice.seconds(1, 100);
        }
    }
    if dice.chance(ills.cut) {
        write(when, 5_000, cut());
        return;
    }
    if dice.chance(ills.corrupt) {
        write(when, 6_000, Verdict::Faulty { code: "grib-runs".to_owned() });
        // Some are sent again.
        when += dice.seconds(30, 900);
        if dice.chance(50) {
            return;
        }
    }
    write(when, 6_001, whole.clone());
    let other = format!("again-{name}");
    if dice.chance(ills.duplicate) {
        plan.push((when + dice.seconds(0, 4_000), Happening::Write(other, 6_001, whole)));
    } else if dice.chance(ills.renamed) {
        plan.push((when + dice.seconds(0, 400), Happening::Rename(name.clone(), other)));
    }
    let hours = dice.seconds(3_600, 10_800);
    plan.push((when + hours, Happening::Remove(name)));
}

/// Runs the trial of a seed.
///
/// # Errors
/// The law that did not hold, in words.
pub(crate) fn trial(seed: u64) -> Result<Report, String> {
    let mut dice = Dice(seed);
    let ills = Ills::of(&mut dice);
    trial_with(seed, ills)
}

/// Runs a trial with known ills.
///
/// # Errors
/// The law that did not hold, in words.
pub(crate) fn trial_with(seed: u64, ills: Ills) -> Result<Report, String> {
    let mut dice = Dice(seed.wrapping_add(1 << 40));
    let mut plan = plan(&mut dice, ills);
    plan.reverse();
    let settings = Settings::default();
    let clock = Clock { wall: time(0), steady: Duration::ZERO };
    let mut world = World {
        dice,
        ills,
        plan,
        files: BTreeMap::new(),
        reading: None,
        offset: SignedDuration::ZERO,
        steady: Duration::ZERO,
        settings,
        watch: Watch::new(settings, clock, None),
        watching_since: Duration::ZERO,
        live: None,
        looked_up: Duration::ZERO,
        meddled: [0, 0],
        process: None,
        newest_begun: None,
        failed_at: None,
        published_at: Duration::ZERO,
        waiting: None,
        report: Report::default(),
    };
    while world.steady < LASTS {
        world.steady += world.dice.seconds(2, POLL_MAX.as_secs());
        world.poll().map_err(|law| format!("seed {seed} at {:?}: {law}", world.steady))?;
    }
    Ok(world.report)
}

impl World {
    fn clock(&self) -> Clock {
        let since = SignedDuration::try_from(self.steady).unwrap();
        Clock { wall: time(0) + since + self.offset, steady: self.steady }
    }

    fn happen(&mut self) {
        while self.plan.last().is_some_and(|(when, _)| *when <= self.steady) {
            let Some((_, happening)) = self.plan.pop() else { return };
            match happening {
                Happening::Write(name, bytes, verdict) => {
                    let modified = self.clock().wall;
                    let entry = SpoolEntry { name: name.clone(), bytes, modified };
                    self.files.insert(name, (entry, verdict, self.steady));
                }
                Happening::Remove(name) => drop(self.files.remove(&name)),
                Happening::Rename(from, to) => {
                    if let Some((mut entry, verdict, _)) = self.files.remove(&from) {
                        entry.name.clone_from(&to);
                        self.files.insert(to, (entry, verdict, self.steady));
                    }
                }
                Happening::Reading(at) => self.reading = self.reading.max(Some(at)),
                Happening::SetClock(offset) => {
                    self.offset = offset;
                    self.meddled[0] += 1;
                    self.waiting = None;
                }
                Happening::Elsewhere(reference_time) => {
                    let expires = reference_time + SignedDuration::from_mins(30);
                    let is_newer =
                        self.live.is_none_or(|live| live.reference_time < reference_time);
                    if is_newer && self.clock().wall < expires {
                        self.live = Some(Made { reference_time, expires: Some(expires) });
                        self.meddled[0] += 1;
                    }
                }
                Happening::Restart => {
                    self.process = None;
                    self.watch = Watch::new(self.settings, self.clock(), self.live);
                    self.watching_since = self.steady;
                    self.newest_begun = None;
                    self.waiting = None;
                }
            }
        }
    }

    /// The end of the process, if it has come; a result is live from then on.
    fn process_state(&mut self) -> Result<Child, String> {
        let steady = self.steady;
        let Some(process) = &self.process else { return Ok(Child::None) };
        let Some((_, mut code)) = process.end.filter(|(when, _)| *when <= steady) else {
            return Ok(Child::Running);
        };
        let Some(process) = self.process.take() else { return Ok(Child::None) };
        let expires = process.slot + SignedDuration::from_mins(30);
        let mut made = None;
        if let (Some(result), true) = (process.publishes, matches!(code, 0 | 4)) {
            // The store refuses what is expired or older; it must not have to, unless somebody has
            // set the clock or published meanwhile.
            let wall = self.clock().wall;
            let is_expired = result.expires.is_some_and(|expires| expires <= wall);
            let is_older =
                self.live.is_some_and(|live| result.reference_time < live.reference_time);
            if is_expired || is_older {
                if process.meddled == self.meddled[0] {
                    return Err(format!("{result:?} was handed over at {wall}"));
                }
                code = 5;
            } else {
                let gap = steady.saturating_sub(self.published_at).as_secs();
                self.report.longest_gap_s = self.report.longest_gap_s.max(gap);
                (self.live, self.published_at) = (Some(result), steady);
                self.report.published += 1;
            }
        } else if process.publishes.is_none() && matches!(code, 0 | 4) {
            // Now and then a program says that all is well and has left nothing.
            let is_made = !(self.dice.chance(self.ills.crash) && self.dice.chance(20));
            let result = Made { reference_time: process.slot, expires: Some(expires) };
            made = is_made.then_some(result);
        }
        if !matches!(code, 0 | 4 | 5) || (process.publishes.is_none() && made.is_none()) {
            self.failed_at = Some(steady);
        }
        Ok(Child::Ended { code: Some(code).filter(|code| 0 <= *code), made })
    }

    fn start(&mut self, slot: Timestamp, publishes: Option<Made>) -> Result<(), String> {
        if self.process.is_some() {
            return Err("two processes at once".to_owned());
        }
        let [least, most] = self.ills.cycle_s;
        let lasts = match publishes {
            Some(_) => self.dice.seconds(1, 10),
            None => self.dice.seconds(least, most),
        };
        let code = if self.dice.chance(self.ills.crash) {
            if self.dice.chance(50) { 1 } else { -1 }
        } else if self.dice.chance(self.ills.blocked) {
            5
        } else {
            [0, 4][usize::try_from(self.dice.within(0, 2)).unwrap()]
        };
        let hangs = self.dice.chance(self.ills.hang);
        let end = (!hangs).then_some((self.steady + lasts, code));
        let deaf = self.dice.chance(30);
        self.process = Some(Process { slot, publishes, end, deaf, meddled: self.meddled[0] });
        Ok(())
    }

    fn poll(&mut self) -> Result<(), String> {
        self.happen();
        let child = self.process_state()?;
        let clock = self.clock();
        let entries: Vec<SpoolEntry> = self.files.values().map(|file| file.0.clone()).collect();
        let is_over = matches!(child, Child::Ended { .. }) || self.watch.hands_over();
        let is_due = Duration::from_secs(30) <= self.steady.saturating_sub(self.looked_up);
        let live = self.live.filter(|_| is_over || is_due);
        if is_over || is_due {
            (self.looked_up, self.meddled[1]) = (self.steady, self.meddled[0]);
        }
        let seen = Seen { spool: &entries, readings: self.reading, live, child };
        for action in self.watch.tick(clock, &seen) {
            match action {
                Action::Read(name) => {
                    let (entry, verdict, _) = &self.files[&name];
                    self.watch.judge(clock, entry, verdict.clone());
                }
                Action::Begin(slot) => self.begin(slot)?,
                Action::Publish(slot) => {
                    let expires = Some(slot + SignedDuration::from_mins(30));
                    self.start(slot, Some(Made { reference_time: slot, expires }))?;
                }
                Action::Stop => {
                    let takes = self.dice.seconds(1, KILLED_AFTER.as_secs());
                    let Some(process) = &mut self.process else {
                        return Err("nothing to stop".to_owned());
                    };
                    let end = if process.deaf {
                        (self.steady + KILLED_AFTER, -9)
                    } else {
                        (self.steady + takes, 130)
                    };
                    // Done before it heard that it should stop.
                    process.end = Some(process.end.filter(|own| own.0 < end.0).unwrap_or(end));
                }
            }
        }
        for event in self.watch.events() {
            if matches!(event, super::rules::Event::Began(_, Trigger::Readings)) {
                self.report.by_readings += 1;
            }
        }
        self.laws()
    }

    fn begin(&mut self, slot: Timestamp) -> Result<(), String> {
        if self.newest_begun.is_some_and(|newest| slot < newest) {
            return Err(format!("{slot} begun after {:?}", self.newest_begun));
        }
        let is_known = self.meddled[0] == self.meddled[1];
        if is_known && self.live.is_some_and(|live| slot < live.reference_time) {
            return Err(format!("{slot} begun when {:?} was live", self.live));
        }
        let wall = self.clock().wall;
        if slot + SignedDuration::from_mins(30) <= wall {
            return Err(format!("{slot} begun at {wall}"));
        }
        if wall + SignedDuration::from_mins(10) < slot {
            return Err(format!("{slot} begun before its time, at {wall}"));
        }
        self.newest_begun = Some(slot);
        self.waiting = None;
        self.report.begun += 1;
        self.start(slot, None)
    }

    /// The newest slot of which a product is whole, and whose result would still be valid.
    fn possible(&self) -> Option<Timestamp> {
        let wall = self.clock().wall;
        let slots = self.files.values().filter_map(|(_, verdict, _)| match verdict {
            Verdict::Whole { reference_time, .. } => Some(*reference_time),
            Verdict::Faulty { .. } => None,
        });
        let slot = slots.filter(|time| *time <= wall + SignedDuration::from_mins(10)).max()?;
        let known = self.newest_begun.max(self.live.map(|live| live.reference_time));
        let is_new = known.is_none_or(|known| known < slot);
        let is_valid = wall < slot + SignedDuration::from_secs(30 * 60 - 30);
        (is_new && is_valid).then_some(slot)
    }

    /// What holds at every poll.
    fn laws(&mut self) -> Result<(), String> {
        let clock = self.clock();
        let status = self.watch.status(clock);
        self.report.polls += 1;
        if status.live != self.live && self.meddled[0] == self.meddled[1] {
            return Err(format!("{:?} is told, {:?} is live", status.live, self.live));
        }
        let age = status.live.map(|live| clock.wall.duration_since(live.reference_time));
        if status.age != age {
            return Err(format!("an age of {:?} is told, it is {age:?}", status.age));
        }
        let is_valid = |live: Made| live.expires.is_some_and(|at| clock.wall < at);
        let is_valid = status.live.is_some_and(is_valid);
        match status.health {
            Health::Normal | Health::Degraded if !is_valid => {
                return Err("told as normal when over".to_owned());
            }
            Health::Nothing if status.live.is_some() => {
                return Err("the last is forgotten".to_owned());
            }
            Health::Normal | Health::Degraded => self.report.normal += 1,
            Health::Stopped => self.report.stopped += 1,
            Health::Nothing => {}
        }
        // Faulty files are named in time, and only files that deserve it.
        let patience = self.settings.patience;
        let in_time = patience.settle + patience.half_written + 3 * POLL_MAX;
        for (name, (_, verdict, written)) in &self.files {
            let is_named = status.refused.iter().any(|(own, _)| own == name);
            let since = self.steady.saturating_sub((*written).max(self.watching_since));
            let deserves = match verdict {
                Verdict::Faulty { .. } => true,
                Verdict::Whole { reference_time, .. } => {
                    clock.wall + patience.skew < *reference_time
                }
            };
            if deserves && in_time < since && !is_named {
                return Err(format!("{name} is not named as refused"));
            }
            if is_named && !deserves {
                return Err(format!("{name} is named as refused"));
            }
        }
        let named = u64::try_from(status.refused.len()).unwrap();
        self.report.refused = self.report.refused.max(named);
        self.report.preempted = self.report.preempted.max(status.counts.preempted);
        let lost = status.counts.failed + status.counts.discarded;
        self.report.lost = self.report.lost.max(lost);
        self.nothing_waits()
    }

    /// A slot that could be begun is begun soon, unless a cycle is in work or has just failed.
    fn nothing_waits(&mut self) -> Result<(), String> {
        let has_failed = self
            .failed_at
            .is_some_and(|at| self.steady.saturating_sub(at) < BACK_OFF_MAX + 2 * POLL_MAX);
        let Some(slot) = self.possible().filter(|_| self.process.is_none() && !has_failed) else {
            self.waiting = None;
            return Ok(());
        };
        let (_, since) = *self.waiting.get_or_insert((slot, self.steady));
        if self.waiting.is_some_and(|(own, _)| own != slot) {
            self.waiting = Some((slot, self.steady));
            return Ok(());
        }
        let waited = self.steady.saturating_sub(since);
        self.report.longest_wait_s = self.report.longest_wait_s.max(waited.as_secs());
        let patience = self.settings.patience;
        // A file that is renamed stands still once more before it is read.
        if self.settings.grace + 2 * patience.settle + 6 * POLL_MAX < waited {
            return Err(format!("{slot} waits since {waited:?}"));
        }
        Ok(())
    }
}
