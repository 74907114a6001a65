//! The rules of a watch, one at a time and under every fault of a feed.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::rules::{
    Action, Child, Clock, Event, GivenUp, Health, Kind, Made, Seen, Settings, SpoolEntry, Verdict,
    Watch,
};
use super::trial::{Ills, trial, trial_with};

/// 50 seeds of faults; `make validate` has 1,000.
#[test]
fn the_laws_hold_whatever_the_feed_does() {
    let seeds = 50;
    let workers = 2;
    let broken = std::thread::scope(|scope| {
        let share = |worker| (worker..seeds).step_by(2).filter_map(|seed| trial(seed).err());
        let threads: Vec<_> =
            (0..workers).map(|own| scope.spawn(move || share(own).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(broken.is_empty(), "{broken:#?}");
}

/// On a sound feed every slot is computed while cycles are shorter than slots, and readers are
/// never without a valid result; longer cycles are finished too, as often as they can be.
#[test]
fn a_sound_feed_is_served_without_a_gap() {
    for cycle_s in [60, 240, 480] {
        let report = trial_with(7, Ills::none(cycle_s)).unwrap();
        assert_eq!([report.stopped, report.lost], [0, 0], "{cycle_s} s: {report:?}");
        assert!(35 <= report.published + report.preempted, "{cycle_s} s: {report:?}");
    }
    for cycle_s in [720, 960, 1_140] {
        let report = trial_with(7, Ills::none(cycle_s)).unwrap();
        assert!(report.longest_gap_s < 2 * cycle_s + 1_200, "{cycle_s} s: {report:?}");
        assert!(14 <= report.published, "{cycle_s} s: {report:?}");
    }
}

/// A watch with its clocks.
struct Desk {
    watch: Watch,
    spool: Vec<SpoolEntry>,
    readings: Option<Timestamp>,
    steady_s: i64,
    wall_s: i64,
}

const NOON_S: i64 = 1_789_992_000;

fn noon(minutes: i64) -> Timestamp {
    Timestamp::from_second(NOON_S + 60 * minutes).unwrap()
}

fn whole(content: u64, kind: Kind, reference_time: Timestamp) -> Verdict {
    Verdict::Whole { content, kind, reference_time }
}

impl Desk {
    fn new() -> Self {
        Self::with(Settings::default(), None)
    }

    fn with(settings: Settings, live: Option<Made>) -> Self {
        let clock = Clock { wall: noon(0), steady: Duration::ZERO };
        let watch = Watch::new(settings, clock, live);
        Self { watch, spool: Vec::new(), readings: None, steady_s: 0, wall_s: NOON_S }
    }

    fn clock(&self) -> Clock {
        let steady = Duration::from_secs(self.steady_s.unsigned_abs());
        Clock { wall: Timestamp::from_second(self.wall_s).unwrap(), steady }
    }

    fn write(&mut self, name: &str, bytes: u64) {
        self.spool.retain(|entry| entry.name != name);
        self.spool.push(SpoolEntry { name: name.to_owned(), bytes, modified: self.clock().wall });
    }

    fn tick(&mut self, after_s: i64, child: Child) -> Vec<Action> {
        self.steady_s += after_s;
        self.wall_s += after_s;
        let seen = Seen { spool: &self.spool, readings: self.readings, live: None, child };
        self.watch.tick(self.clock(), &seen)
    }

    /// Ticks until a file is to be read, and says what it is.
    fn read(&mut self, name: &str, verdict: Verdict) {
        for _ in 0..3 {
            if self.tick(4, Child::None).contains(&Action::Read(name.to_owned())) {
                let entry = self.spool.iter().find(|entry| entry.name == name).unwrap().clone();
                self.watch.judge(self.clock(), &entry, verdict);
                return;
            }
        }
        panic!("{name} is never read");
    }

    /// A cycle from its two products to its publication.
    fn cycle(&mut self, minutes: i64) {
        let content = minutes.unsigned_abs() * 2;
        self.write("a", content);
        self.write("f", content);
        self.tick(4, Child::None);
        self.tick(4, Child::None);
        for (name, kind, content) in
            [("a", Kind::Analysis, content), ("f", Kind::Forecast, content + 1)]
        {
            let entry = self.spool.iter().find(|entry| entry.name == name).unwrap().clone();
            self.watch.judge(self.clock(), &entry, whole(content, kind, noon(minutes)));
        }
        assert_eq!(self.tick(2, Child::None), [Action::Begin(noon(minutes))]);
        assert_eq!(self.tick(200, computed(minutes)), [Action::Publish(noon(minutes))]);
        assert_eq!(self.tick(2, ended(0)), []);
    }

    fn health(&self) -> Health {
        self.watch.status(self.clock()).health
    }
}

fn computed(minutes: i64) -> Child {
    let expires = Some(noon(minutes + 30));
    Child::Ended { code: Some(0), made: Some(Made { reference_time: noon(minutes), expires }) }
}

fn ended(code: i32) -> Child {
    Child::Ended { code: Some(code), made: None }
}

/// Both products begin a cycle at once; one of them alone after the grace.
#[test]
fn a_cycle_waits_for_the_companion_for_a_while() {
    let mut desk = Desk::new();
    desk.write("f", 10);
    desk.read("f", whole(1, Kind::Forecast, noon(-10)));
    assert_eq!(desk.tick(30, Child::None), []);
    assert_eq!(desk.tick(31, Child::None), [Action::Begin(noon(-10))]);
    let mut desk = Desk::new();
    desk.cycle(-10);
    assert_eq!(desk.health(), Health::Normal);
}

/// A file that grows is not read; one that stays cut is named, and used once it is whole.
#[test]
fn a_half_written_file_waits_and_is_then_named() {
    let mut desk = Desk::new();
    for bytes in 1..5 {
        desk.write("f", bytes);
        assert_eq!(desk.tick(3, Child::None), []);
    }
    let cut = Verdict::Faulty { code: "grib-truncated".to_owned() };
    desk.read("f", cut.clone());
    assert!(desk.watch.status(desk.clock()).refused.is_empty());
    assert_eq!(desk.tick(130, Child::None), [Action::Read("f".to_owned())]);
    let entry = desk.spool[0].clone();
    desk.watch.judge(desk.clock(), &entry, cut);
    let refused = desk.watch.status(desk.clock()).refused;
    assert_eq!(refused, [("f".to_owned(), "grib-truncated".to_owned())]);
    desk.write("f", 9);
    desk.read("f", whole(1, Kind::Forecast, noon(0)));
    assert!(desk.watch.status(desk.clock()).refused.is_empty());
    assert_eq!(desk.tick(61, Child::None), [Action::Begin(noon(0))]);
}

/// What comes after its validity, behind what is live, or before its time begins nothing.
#[test]
fn old_and_future_products_begin_no_cycle() {
    for minutes in [-31, -20, -10, 20] {
        let mut desk = Desk::new();
        desk.cycle(-10);
        desk.write("x", 77);
        desk.read("x", whole(77, Kind::Forecast, noon(minutes)));
        assert_eq!(desk.tick(61, Child::None), [], "{minutes}");
        let refused = desk.watch.status(desk.clock()).refused;
        assert_eq!(refused.len(), usize::from(minutes == 20));
    }
}

/// A slot behind one that was begun begins nothing, even where nothing is live.
#[test]
fn no_cycle_is_older_than_the_last() {
    let mut desk = Desk::new();
    desk.write("f", 10);
    desk.read("f", whole(1, Kind::Forecast, noon(0)));
    assert_eq!(desk.tick(61, Child::None), [Action::Begin(noon(0))]);
    desk.tick(10, ended(5));
    desk.spool.clear();
    desk.write("g", 11);
    desk.read("g", whole(2, Kind::Forecast, noon(-10)));
    assert_eq!(desk.tick(61, Child::None), []);
}

/// What somebody else has published stays if it is newer.
#[test]
fn a_newer_result_of_somebody_else_stays() {
    let mut desk = Desk::new();
    desk.write("f", 10);
    desk.read("f", whole(1, Kind::Forecast, noon(-10)));
    desk.tick(61, Child::None);
    let live = Some(Made { reference_time: noon(0), expires: Some(noon(30)) });
    let (spool, child) = (desk.spool.clone(), computed(-10));
    let seen = Seen { spool: &spool, readings: None, live, child };
    assert_eq!(desk.watch.tick(desk.clock(), &seen), []);
    let events = desk.watch.events();
    assert_eq!(events[1..], [Event::GaveUp(noon(-10), GivenUp::Older)]);
    assert_eq!(desk.watch.status(desk.clock()).live, live);
}

/// The last result stays with its age, and is told as stopped when it is no longer valid.
#[test]
fn the_last_good_result_stays_with_its_age() {
    let mut desk = Desk::new();
    desk.cycle(-10);
    for _ in 0..3 {
        desk.tick(600, Child::None);
        let status = desk.watch.status(desk.clock());
        assert_eq!(status.live.map(|live| live.reference_time), Some(noon(-10)));
        assert_eq!(status.age, Some(SignedDuration::from_secs(desk.wall_s - NOON_S + 600)));
    }
    assert_eq!(desk.health(), Health::Stopped);
}

/// A result that is done too late is not handed over.
#[test]
fn a_late_result_is_given_up() {
    let mut desk = Desk::new();
    desk.write("f", 10);
    desk.read("f", whole(1, Kind::Forecast, noon(-10)));
    desk.tick(61, Child::None);
    // The clock is set forwards while the program computes.
    desk.wall_s += 1_800;
    assert_eq!(desk.tick(60, computed(-10)), []);
    let events = desk.watch.events();
    assert_eq!(events[1..], [Event::GaveUp(noon(-10), GivenUp::Expired)]);
}

/// A young cycle gives way to a newer slot; in its first half it does if what is live will hold
/// until the newer result is due; in its second half it is finished.
#[test]
fn a_newer_slot_preempts_a_young_cycle() {
    let live = Some(Made { reference_time: noon(-20), expires: Some(noon(10)) });
    for (after_s, live, stops) in [
        (20, None, true),
        (80, None, false),
        (80, live, true),
        (130, live, false),
        (200, None, false),
    ] {
        let mut desk = Desk::with(Settings::default(), live);
        desk.write("f", 10);
        desk.read("f", whole(1, Kind::Forecast, noon(-10)));
        desk.tick(61, Child::None);
        for (name, kind, content) in [("g", Kind::Analysis, 2), ("h", Kind::Forecast, 3)] {
            desk.write(name, content);
            desk.tick(1, Child::Running);
            desk.tick(4, Child::Running);
            let entry = desk.spool.iter().find(|entry| entry.name == name).unwrap().clone();
            desk.watch.judge(desk.clock(), &entry, whole(content, kind, noon(0)));
        }
        let expected: &[Action] = if stops { &[Action::Stop] } else { &[] };
        assert_eq!(desk.tick(after_s, Child::Running), expected, "{after_s} {live:?}");
        if stops {
            assert_eq!(desk.tick(2, ended(130)), [Action::Begin(noon(0))]);
        } else {
            assert_eq!(desk.tick(40, computed(-10)), [Action::Publish(noon(-10))]);
            assert_eq!(desk.tick(2, ended(0)), [Action::Begin(noon(0))]);
        }
    }
}

/// A cycle that outlasts several slots is finished in the end, even where what is live never
/// expires.
#[test]
fn long_cycles_are_not_given_up_for_ever() {
    let minutes = Duration::from_mins;
    let known = Settings::default();
    let (expected, cycle_limit) = (minutes(50), minutes(90));
    let settings = Settings { validity: None, expected, cycle_limit, ..known };
    let live = Some(Made { reference_time: noon(-10), expires: None });
    let mut desk = Desk::with(settings, live);
    let (mut child, mut stops) = (Child::None, Vec::new());
    for minute in 0..60_i64 {
        if minute % 10 == 0 {
            desk.write(&format!("{minute}"), minute.unsigned_abs());
        }
        for action in desk.tick(60, child.clone()) {
            match action {
                Action::Read(name) => {
                    let entry = desk.spool.iter().find(|entry| entry.name == name).unwrap().clone();
                    let own = whole(entry.bytes, Kind::Forecast, noon(name.parse().unwrap()));
                    desk.watch.judge(desk.clock(), &entry, own);
                }
                Action::Begin(_) => child = Child::Running,
                Action::Stop => {
                    stops.push(minute);
                    child = ended(130);
                }
                Action::Publish(_) => panic!("nothing has been computed"),
            }
        }
    }
    // After 20 minutes without a publication the cycle in work is left alone.
    assert_eq!(stops.iter().filter(|minute| 30 < **minute).count(), 0, "{stops:?}");
    assert!(!stops.is_empty());
}

/// A cycle that hangs is ended, and counts as failed.
#[test]
fn a_cycle_that_hangs_is_ended() {
    let settings = Settings { validity: None, ..Settings::default() };
    let mut desk = Desk::with(settings, None);
    desk.write("f", 10);
    desk.read("f", whole(1, Kind::Forecast, noon(-10)));
    assert_eq!(desk.tick(61, Child::None), [Action::Begin(noon(-10))]);
    assert_eq!(desk.tick(1_190, Child::Running), []);
    assert_eq!(desk.tick(10, Child::Running), [Action::Stop]);
    assert_eq!(desk.tick(5, Child::Ended { code: None, made: None }), []);
    assert_eq!(desk.watch.status(desk.clock()).counts.failed, 1);
    let events = desk.watch.events();
    assert_eq!(events[1..], [Event::GaveUp(noon(-10), GivenUp::Overdue)]);
}

/// A failure is tried again after a wait, once; a result that the store refuses is not.
#[test]
fn failures_are_tried_again_after_a_wait() {
    for (code, waits_s) in [(1, Some(31)), (3, Some(31)), (5, None)] {
        let mut desk = Desk::new();
        desk.write("f", 10);
        desk.read("f", whole(1, Kind::Forecast, noon(-10)));
        desk.tick(61, Child::None);
        assert_eq!(desk.tick(10, ended(code)), [], "{code}");
        let again = desk.tick(waits_s.unwrap_or(100), Child::None);
        let expected = waits_s.map(|_| Action::Begin(noon(-10)));
        assert_eq!(again, expected.into_iter().collect::<Vec<_>>(), "{code}");
        desk.tick(10, ended(code));
        assert_eq!(desk.tick(300, Child::None), [], "{code}");
    }
}

/// When rain is silent, new readings begin a cycle.
#[test]
fn readings_begin_a_cycle_when_rain_is_silent() {
    let mut desk = Desk::new();
    desk.cycle(-10);
    desk.readings = Some(noon(8));
    assert_eq!(desk.tick(600, Child::None), []);
    desk.readings = Some(noon(23));
    assert_eq!(desk.tick(600, Child::None), [Action::Begin(noon(20))]);
}

/// A product that comes after its cycle has begun is used by one more cycle of the same slot.
#[test]
fn a_late_companion_is_used_too() {
    let mut desk = Desk::new();
    desk.write("a", 10);
    desk.read("a", whole(1, Kind::Analysis, noon(-10)));
    assert_eq!(desk.tick(61, Child::None), [Action::Begin(noon(-10))]);
    desk.tick(100, computed(-10));
    desk.tick(2, ended(0));
    desk.write("f", 11);
    desk.read("f", whole(2, Kind::Forecast, noon(-10)));
    assert_eq!(desk.tick(2, Child::None), [Action::Begin(noon(-10))]);
}
