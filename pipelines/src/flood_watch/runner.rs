//! The loop of a watch: looks at the spool, asks the rules, starts and ends programs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_core::time::jst_text;
use jomo_words::say;
use serde_json::Value;

use super::place::{COMMAND, Live, Place, Record, live};
use super::rules::{
    Action, Child, Clock, Event, GivenUp, Health, Made, Seen, Settings, SpoolEntry,
    Status as Stand, Trigger, Watch,
};
use super::{WatchArguments, state};
use crate::failure::{Exit, Failure};
use crate::outcome::{Outcome, Status};
use crate::region::Region;
use crate::run::Context;
use crate::work::child::{Child as Process, Ended};
use crate::work::stopping;

/// How often the process is looked at between two polls.
const BUSY: Duration = Duration::from_millis(25);
/// How long a process that is told to stop may clean up.
const GRACE: Duration = Duration::from_secs(5);
/// How often the live generation is looked up: others may publish and roll back.
const LOOK_UP: Duration = Duration::from_secs(30);
/// How often the state is written when nothing has changed but the age.
const TELL: Duration = Duration::from_secs(10);
/// How long files are read at a poll.
const READING: Duration = Duration::from_secs(1);

/// The process of a cycle.
struct Running {
    process: Process,
    slot: Timestamp,
    publishes: bool,
    stopped: bool,
}

/// A watch at work.
pub(super) struct Runner<'a> {
    arguments: &'a WatchArguments,
    context: &'a Context,
    place: Place,
    settings: Settings,
    watch: Watch,
    running: Option<Running>,
    /// The spool as it was last seen, and the files of it that are to be read.
    entries: Vec<SpoolEntry>,
    to_read: Vec<String>,
    /// Files that the log has named as refused.
    named: BTreeSet<(String, String)>,
    /// How the last process ended, until the rules are told.
    ended: Option<Child>,
    /// The time of what is live, what was missing in it, and what stands in its tables.
    missing: Option<(Timestamp, Lacks)>,
    began: Instant,
    /// Between the clock of this watch and that on the wall.
    offset: SignedDuration,
    looked_up: Option<Instant>,
    told: Option<(Instant, Value)>,
}

impl<'a> Runner<'a> {
    /// A watch over a region and a store.
    pub(super) fn new(
        arguments: &'a WatchArguments,
        context: &'a Context,
        region: &Region,
        place: Place,
    ) -> Self {
        let minutes = region.forecasts.valid_for_min;
        let valid = SignedDuration::try_from_secs_f64(60.0 * minutes);
        let known = Settings::default();
        let valid = valid.unwrap_or(known.late_after);
        // What is invented is never judged by the clock on the wall.
        let validity = (!region.fictional).then_some(valid);
        let settings = Settings { validity, late_after: valid, ..known };
        let offset =
            arguments.now.map_or(SignedDuration::ZERO, |now| now.duration_since(Timestamp::now()));
        let clock = Clock { wall: later(Timestamp::now(), offset), steady: Duration::ZERO };
        Self {
            arguments,
            context,
            place,
            settings,
            watch: Watch::new(settings, clock, None),
            running: None,
            entries: Vec::new(),
            to_read: Vec::new(),
            named: BTreeSet::new(),
            ended: None,
            missing: None,
            began: Instant::now(),
            offset,
            looked_up: None,
            told: None,
        }
    }

    fn clock(&self) -> Clock {
        Clock { wall: later(Timestamp::now(), self.offset), steady: self.began.elapsed() }
    }

    /// Polls until told to stop; with `--once` until there is nothing more to do.
    ///
    /// # Errors
    /// If the store that is there cannot be read at the start.
    pub(super) fn serve(mut self) -> Result<Outcome, Failure> {
        let live = live(&self.arguments.store)?.map(|live| self.learn(live));
        self.watch = Watch::new(self.settings, self.clock(), live);
        let poll = Duration::from_secs(self.arguments.poll_s);
        loop {
            self.poll();
            let clock = self.clock();
            let settled = self.settings.patience.settle + poll < clock.steady;
            if self.arguments.once && settled && self.watch.is_idle(clock) {
                break;
            }
            self.wait(poll);
            if stopping() {
                self.end_process();
                break;
            }
        }
        self.tell();
        Ok(self.outcome())
    }

    /// One look at everything.
    fn poll(&mut self) {
        let clock = self.clock();
        let child = self.child();
        // A spool that cannot be read just now is no reason to forget what was in it.
        if let Some(entries) = self.place.entries() {
            self.entries = entries;
        }
        let readings =
            self.watch.needs_readings(clock).then(|| self.place.newest_reading()).flatten();
        let live = self.look_up(&child);
        let seen = Seen { spool: &self.entries, readings, live, child };
        for action in self.watch.tick(clock, &seen) {
            match action {
                Action::Read(name) => self.to_read.push(name),
                Action::Begin(slot) => self.start(slot, &self.forecast(slot), Publishes::Not),
                Action::Publish(slot) => self.start(slot, &self.publish(slot), Publishes::Yes),
                Action::Stop => {
                    if let Some(running) = &mut self.running {
                        running.stopped = true;
                        running.process.stop(GRACE);
                    }
                }
            }
        }
        self.read();
        self.note();
        self.tell();
    }

    /// Reads files that stand still, the newest first and only for a moment: a spool may be full
    /// when the watch begins.
    fn read(&mut self) {
        let times: BTreeMap<&str, Timestamp> =
            self.entries.iter().map(|entry| (entry.name.as_str(), entry.modified)).collect();
        self.to_read.sort_by_key(|name| times.get(name.as_str()).copied());
        let began = Instant::now();
        while began.elapsed() < READING && !stopping() {
            let Some(name) = self.to_read.pop() else { return };
            // A file that has gone meanwhile is no file of the next poll.
            if let Some((before, verdict)) = self.place.read(&name) {
                self.watch.judge(self.clock(), &before, verdict);
            }
        }
    }

    /// What the process does; its end is told once.
    fn child(&mut self) -> Child {
        if let Some(ended) = self.ended.take() {
            return ended;
        }
        let Some(running) = &mut self.running else { return Child::None };
        if running.stopped {
            running.process.stop(GRACE);
        }
        match running.process.ended() {
            None => Child::Running,
            Some(Ended { code, errors, .. }) => {
                let (slot, publishes) = (running.slot, running.publishes);
                self.running = None;
                let made = if publishes { None } else { self.place.made(slot) };
                if publishes && matches!(code, Some(0 | 4)) {
                    self.place.tidy(slot);
                }
                let is_done = matches!(code, Some(0 | 4)) && (publishes || made.is_some());
                if !is_done && !errors.trim().is_empty() {
                    let said = errors.trim().to_owned();
                    let code = code.map_or_else(|| "-".to_owned(), |code| code.to_string());
                    self.context.progress.note("watch-said", &[("code", code), ("said", said)]);
                }
                Child::Ended { code, made }
            }
        }
    }

    /// The live forecast, looked up now and then, and whenever a result is about to join it.
    fn look_up(&mut self, child: &Child) -> Option<Made> {
        let is_needed = matches!(child, Child::Ended { .. }) || self.watch.hands_over();
        let is_fresh = self.looked_up.is_some_and(|at| at.elapsed() < LOOK_UP);
        if is_fresh && !is_needed {
            return None;
        }
        self.looked_up = Some(Instant::now());
        // A store that does not answer says nothing; the last that it said still holds.
        let live = live(&self.arguments.store).ok().flatten()?;
        Some(self.learn(live))
    }

    /// Keeps what was missing in what is live. The record of a cycle of our own knows more of it
    /// than its layers do.
    fn learn(&mut self, live: Live) -> Made {
        let time = live.made.reference_time;
        let own = self.place.record(time).filter(|record| record.key == live.key);
        let told = (live.missing, live.standing);
        self.missing = Some((time, own.map_or(told, |record| (record.faults, record.standing))));
        live.made
    }

    /// How things stand, with what was missing in what is live.
    fn status(&self, clock: Clock) -> Stand {
        let status = self.watch.status(clock);
        let Some(live) = status.live else { return status };
        let (missing, standing) = match &self.missing {
            Some((time, lacks)) if *time == live.reference_time => lacks.clone(),
            // The store has not answered since we published.
            _ => missing_in(self.place.record(live.reference_time)),
        };
        status.lacking(missing, standing)
    }

    /// The words of a cycle.
    fn forecast(&self, slot: Timestamp) -> Vec<String> {
        let [field, verb] = COMMAND.split_once(' ').map_or([COMMAND, ""], <[&str; 2]>::from);
        let mut words = vec![field.to_owned(), verb.to_owned()];
        words.push(self.arguments.region.display().to_string());
        words.push(format!("--at={slot}"));
        words.push(format!("--out={}", self.place.cycle(slot).display()));
        // What an earlier cycle of the slot has left may be without its layers.
        words.push("--force".to_owned());
        words.push(format!("--threads={}", self.context.threads));
        words.extend(["--progress=json", "--json", "--attached"].map(str::to_owned));
        words
    }

    /// The words of a publication.
    fn publish(&self, slot: Timestamp) -> Vec<String> {
        let mut words = vec!["publish".to_owned(), self.place.cycle(slot).display().to_string()];
        words.push(format!("--store={}", self.arguments.store.display()));
        words.extend(["--progress=json", "--json", "--attached"].map(str::to_owned));
        words
    }

    fn start(&mut self, slot: Timestamp, words: &[String], publishes: Publishes) {
        let started = match &self.arguments.program {
            Some(program) => Process::start_program(program, words),
            None => Process::start(words),
        };
        match started {
            Ok(process) => {
                let publishes = publishes == Publishes::Yes;
                self.running = Some(Running { process, slot, publishes, stopped: false });
            }
            Err(fault) => {
                let facts = [("code", "-".to_owned()), ("said", fault.to_string())];
                self.context.progress.note("watch-said", &facts);
                self.ended = Some(Child::Ended { code: None, made: None });
            }
        }
    }

    /// Ends the process, whatever it is doing: the store is switched whole or not at all.
    fn end_process(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        let told = Instant::now();
        while running.process.ended().is_none() {
            if GRACE <= told.elapsed() {
                running.process.kill();
                return;
            }
            running.process.stop(GRACE);
            std::thread::sleep(BUSY);
        }
    }

    /// Waits for the next poll; less long if the process ends or the watch is told to stop.
    fn wait(&mut self, poll: Duration) {
        let began = Instant::now();
        while began.elapsed() < poll && !stopping() && self.ended.is_none() {
            std::thread::sleep(BUSY);
            if self.running.is_some() {
                let child = self.child();
                self.ended = matches!(child, Child::Ended { .. }).then_some(child);
            }
        }
    }

    /// Says what has happened.
    fn note(&mut self) {
        let events = self.watch.events();
        let now = self.status(self.clock());
        for event in events {
            let (id, slot) = match event {
                Event::Began(slot, Trigger::Rain) => ("watch-began", slot),
                Event::Began(slot, Trigger::Readings) => ("watch-began-readings", slot),
                Event::Published(slot) => ("watch-published", slot),
                Event::GaveUp(slot, reason) => (reason_id(reason), slot),
            };
            let mut facts = vec![("time", jst_text(slot))];
            let is_live = now.live.is_some_and(|live| live.reference_time == slot);
            let lacks = id == "watch-published" && is_live && !now.missing.is_empty();
            if lacks {
                let language = self.context.progress.language();
                facts.push(("what", state::missing(language, &now.missing)));
            }
            let id = if lacks { "watch-published-lacking" } else { id };
            self.context.progress.note(id, &facts);
        }
        let refused: BTreeSet<_> = now.refused.into_iter().collect();
        for (file, code) in refused.difference(&self.named) {
            let title = say(self.context.progress.language(), &format!("{code}.title"), &[]);
            let facts = [("file", file.clone()), ("why", title)];
            self.context.progress.note("watch-file", &facts);
        }
        self.named = refused;
    }

    /// Writes the state, if it has changed or is about to look forgotten.
    fn tell(&mut self) {
        let clock = self.clock();
        let status = self.status(clock);
        let state = state::state(&status, self.settings.late_after);
        let is_told =
            self.told.as_ref().is_some_and(|(at, known)| at.elapsed() < TELL && *known == state);
        if is_told {
            return;
        }
        let good_for_s = 3 * (TELL.as_secs() + self.arguments.poll_s);
        let dated = state::dated(state.clone(), &status, clock.wall, good_for_s);
        // Without room on the disk the next poll tries again.
        if self.place.tell(&dated).is_ok() {
            self.told = Some((Instant::now(), state));
        }
    }

    fn outcome(&self) -> Outcome {
        let status = self.status(self.clock());
        let mut outcome = Outcome::new(Status::Done);
        let counts = status.counts;
        outcome.counts.extend(
            [
                ("begun", counts.begun),
                ("published", counts.published),
                ("preempted", counts.preempted),
                ("failed", counts.failed),
                ("discarded", counts.discarded),
            ]
            .map(|(name, count)| (name.to_owned(), count)),
        );
        for (file, code) in &status.refused {
            outcome.faults.add(code, || file.clone());
        }
        outcome.more.insert("state", state::state(&status, self.settings.late_after));
        outcome.faults.merge(status.missing.clone());
        outcome.standing.merge(status.standing.clone());
        if stopping() {
            outcome.ends = Some(Exit::Interrupted);
        } else if 0 < counts.failed && counts.published == 0 {
            outcome.ends = Some(Exit::Failed);
        } else if matches!(status.health, Health::Nothing | Health::Stopped) {
            outcome.ends = Some(Exit::Blocked);
        }
        let language = self.context.progress.language();
        outcome.lines.push(state::sentence(language, &status, self.settings.late_after));
        outcome
    }
}

/// Whether a process hands a result over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Publishes {
    Yes,
    Not,
}

/// What a cycle lacked, and what its tables make every cycle leave out.
type Lacks = (Faults, Faults);

/// What was missing in a cycle by its record. Where there is none to be read nobody knows, and that
/// is told: nothing known to be missing is not nothing missing.
fn missing_in(record: Option<Record>) -> Lacks {
    record.map_or_else(
        || {
            let mut unknown = Faults::default();
            unknown.add("forecast-faults-unknown", || "run.json".to_owned());
            (unknown, Faults::default())
        },
        |record| (record.faults, record.standing),
    )
}

fn reason_id(reason: GivenUp) -> &'static str {
    match reason {
        GivenUp::Preempted => "watch-preempted",
        GivenUp::Overdue => "watch-overdue",
        GivenUp::Expired => "watch-expired",
        GivenUp::Older => "watch-older",
        GivenUp::Failed => "watch-failed",
        GivenUp::Refused => "watch-refused",
    }
}

/// A time after another one, held within what a clock can show.
fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use jomo_words::{Language, fault_title};

    use super::*;

    /// A store that is silent and a record that cannot be read: what was missing is not known, and
    /// a result of which that is not known is not normal.
    #[test]
    fn what_is_not_known_is_missing() {
        let clock = Clock { wall: Timestamp::UNIX_EPOCH, steady: Duration::ZERO };
        let live = Made { reference_time: Timestamp::UNIX_EPOCH, expires: None };
        let status = || Watch::new(Settings::default(), clock, Some(live)).status(clock);
        assert_eq!(status().health, Health::Normal);
        let (missing, standing) = missing_in(None);
        let unknown = status().lacking(missing, standing);
        assert_eq!(unknown.health, Health::Degraded);
        for (code, _) in unknown.missing.iter() {
            for language in [Language::Ja, Language::En] {
                assert_ne!(fault_title(language, code), code, "{code} has words");
            }
        }
        let [faults, standing] = [Faults::default(), Faults::default()];
        let (missing, standing) = missing_in(Some(Record { key: String::new(), faults, standing }));
        assert_eq!(status().lacking(missing, standing).health, Health::Normal);
    }
}
