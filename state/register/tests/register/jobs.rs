//! Jobs: one worker at a time, nothing lost, whatever dies.

use std::collections::BTreeMap;

use jomo_register::{
    ATTEMPTS, JobFilter, JobProgress, JobState, JobWords, Outcome, RegisterError, Source, Uuid,
    WAITING_ALL, WAITING_EACH, new_id,
};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{Office, at, person, seconds};

fn words(layer: &str) -> JobWords {
    let words = ["import", "a.geojson", "--layer", layer].map(str::to_owned);
    JobWords::check(words.to_vec(), Source::Local).unwrap()
}

#[test]
fn a_job_from_queue_to_end() {
    let office = Office::new();
    let mut register = office.open();
    let someone = person(&mut register, "someone");
    let job = register.enqueue(words("a"), Some(someone.id), None, at(10)).unwrap();
    assert_eq!((job.state, job.attempts, job.kind.as_str()), (JobState::Queued, 0, "import"));
    assert_eq!(job.login.as_deref(), Some("someone"));
    let taken = register.claim("w1", seconds(15), at(11)).unwrap().unwrap();
    assert_eq!((taken.id, taken.state, taken.attempts), (job.id, JobState::Running, 1));
    assert_eq!(taken.started, Some(at(11)));
    assert!(register.claim("w2", seconds(15), at(12)).unwrap().is_none());

    let progress = JobProgress { stage: "tiles".to_owned(), done: 3, total: Some(9) };
    let beat = register.heartbeat(job.id, "w1", Some(&progress), at(13)).unwrap();
    assert!(!beat.cancel && !beat.lost);
    let seen = register.job(job.id).unwrap().unwrap();
    assert_eq!(seen.progress, Some(progress.clone()));
    // The same progress again is no change that a page must hear of.
    register.heartbeat(job.id, "w1", Some(&progress), at(14)).unwrap();
    register.heartbeat(job.id, "w1", None, at(15)).unwrap();
    let same = register.job(job.id).unwrap().unwrap();
    assert_eq!((same.revision, same.progress), (seen.revision, Some(progress)));

    let message = json!({"status": "done"});
    let done = register.finish(job.id, "w1", Outcome::Done(message.clone()), at(16)).unwrap();
    assert_eq!(
        (done.state, done.message, done.finished),
        (JobState::Done, Some(message), Some(at(16)))
    );
    assert!(matches!(
        register.finish(job.id, "w1", Outcome::Cancelled, at(17)),
        Err(RegisterError::JobLost { .. })
    ));
    let after = register.request_cancel(job.id, None, at(18)).unwrap();
    assert_eq!(after.state, JobState::Done);
}

#[test]
fn a_dead_worker_loses_its_job_and_three_are_enough() {
    let office = Office::new();
    let mut register = office.open();
    let job = register.enqueue(words("a"), None, None, at(0)).unwrap();
    let mut now = 1;
    for attempt in 1..=ATTEMPTS {
        let taken = register.claim(&format!("w{attempt}"), seconds(15), at(now)).unwrap().unwrap();
        assert_eq!((taken.id, taken.attempts), (job.id, attempt));
        assert!(register.claim("other", seconds(15), at(now + 14)).unwrap().is_none());
        now += 15;
    }
    assert!(register.claim("w4", seconds(15), at(now)).unwrap().is_none());
    let failed = register.job(job.id).unwrap().unwrap();
    assert_eq!(failed.state, JobState::Failed);
    assert_eq!(failed.message.unwrap()["errors"][0]["code"], "job-worker-lost");
    // The first worker wakes up.
    assert!(register.heartbeat(job.id, "w1", None, at(now)).unwrap().lost);
    assert!(register.finish(job.id, "w1", Outcome::Done(json!({})), at(now)).is_err());
}

#[test]
fn a_returned_job_has_lost_nothing() {
    let office = Office::new();
    let mut register = office.open();
    let job = register.enqueue(words("a"), None, None, at(0)).unwrap();
    for round in 0..10 {
        register.claim("w", seconds(15), at(round * 2 + 1)).unwrap().unwrap();
        let back = register.finish(job.id, "w", Outcome::Returned, at(round * 2 + 2)).unwrap();
        assert_eq!((back.state, back.attempts, back.started), (JobState::Queued, 0, None));
    }
    register.claim("w", seconds(15), at(100)).unwrap().unwrap();
    assert!(register.request_cancel(job.id, None, at(101)).unwrap().cancel_requested);
    assert!(register.heartbeat(job.id, "w", None, at(102)).unwrap().cancel);
    let ended = register.finish(job.id, "w", Outcome::Returned, at(103)).unwrap();
    assert_eq!((ended.state, ended.finished), (JobState::Cancelled, Some(at(103))));
}

#[test]
fn lists_are_filtered() {
    let office = Office::new();
    let mut register = office.open();
    let [a, b] = ["a", "b"].map(|login| person(&mut register, login).id);
    for (number, by) in [a, b, a].into_iter().enumerate() {
        let second = i64::try_from(number).unwrap();
        register.enqueue(words("x"), Some(by), None, at(second)).unwrap();
    }
    register.claim("w", seconds(15), at(5)).unwrap();
    let count = |state, by, limit| register.jobs(&JobFilter { state, by, limit }).unwrap().len();
    assert_eq!(count(None, None, 0), 3);
    assert_eq!(count(None, Some(a), 0), 2);
    assert_eq!(count(Some(JobState::Queued), Some(a), 0), 1);
    assert_eq!(count(None, None, 1), 1);
    let newest = register.jobs(&JobFilter::default()).unwrap();
    assert!(newest.windows(2).all(|pair| pair[1].created <= pair[0].created));
    let unknown = register.enqueue(words("x"), Some(new_id(at(0)).unwrap()), None, at(9));
    assert!(matches!(unknown, Err(RegisterError::Unknown { .. })));
}

/// Twenty of one person and two hundred in all wait; what runs or has run makes room, what was
/// cancelled before it began after an hour.
#[test]
fn waiting_jobs_have_an_end() {
    let office = Office::new();
    let mut register = office.open();
    let people: Vec<Uuid> =
        (0..11).map(|number| person(&mut register, &format!("p{number}")).id).collect();
    let refused = |result: Result<jomo_register::Job, RegisterError>| match result {
        Err(RegisterError::JobQuota { whose, limit }) => Some((whose, limit)),
        _ => None,
    };
    let mut first = Vec::new();
    for _ in 0..WAITING_EACH {
        first.push(register.enqueue(words("a"), Some(people[0]), None, at(0)).unwrap().id);
    }
    let again = register.enqueue(words("a"), Some(people[0]), None, at(1));
    assert_eq!(refused(again), Some(("person", WAITING_EACH)));
    // One that runs makes room; which of one time is taken first is not said.
    let claimed = register.claim("w", seconds(15), at(2)).unwrap().unwrap();
    first.retain(|id| *id != claimed.id);
    register.enqueue(words("a"), Some(people[0]), None, at(3)).unwrap();
    // One that is cancelled does not, for an hour.
    register.request_cancel(first[5], None, at(4)).unwrap();
    let again = register.enqueue(words("a"), Some(people[0]), None, at(3_603));
    assert_eq!(refused(again), Some(("person", WAITING_EACH)));
    register.enqueue(words("a"), Some(people[0]), None, at(3_604)).unwrap();

    for by in &people[1..10] {
        for _ in 0..WAITING_EACH {
            register.enqueue(words("a"), Some(*by), None, at(3_605)).unwrap();
        }
    }
    for by in [Some(people[10]), None] {
        let more = register.enqueue(words("a"), by, None, at(3_606));
        assert_eq!(refused(more), Some(("all", WAITING_ALL)));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Enqueue,
    Claim(usize),
    Beat(usize),
    Done(usize),
    Failed(usize),
    Returned(usize),
    Cancel(usize),
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let worker = 0_usize..3;
    prop::collection::vec(
        prop_oneof![
            Just(Step::Enqueue),
            worker.clone().prop_map(Step::Claim),
            worker.clone().prop_map(Step::Beat),
            worker.clone().prop_map(Step::Done),
            worker.clone().prop_map(Step::Failed),
            worker.prop_map(Step::Returned),
            (0_usize..6).prop_map(Step::Cancel),
            (0_i64..20).prop_map(Step::Wait),
        ],
        1..50,
    )
}

/// What a worker believes to hold, and until when.
type Held = BTreeMap<usize, (Uuid, i64)>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever workers and people do, in whatever order: a job in time is held by one worker,
    /// an end is never taken back, attempts and revisions only rise, and a lease in time is
    /// never lost.
    #[test]
    fn every_order_of_events_is_sound(steps in steps()) {
        let office = Office::new();
        let mut register = office.open();
        let (mut now, mut held) = (0_i64, Held::new());
        let mut seen: BTreeMap<Uuid, jomo_register::Job> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Enqueue => drop(register.enqueue(words("a"), None, None, at(now)).unwrap()),
                Step::Wait(seconds) => now += seconds,
                Step::Cancel(index) => {
                    if let Some(id) = seen.keys().nth(index) {
                        register.request_cancel(*id, None, at(now)).unwrap();
                    }
                }
                Step::Claim(worker) => {
                    let claimed = register.claim(&worker.to_string(), seconds(15), at(now)).unwrap();
                    if let Some(job) = claimed {
                        let others = held.iter().any(|(w, (id, until))| {
                            *w != worker && *id == job.id && now < *until
                        });
                        prop_assert!(!others, "{} is held by another", job.id);
                        prop_assert!(job.attempts <= ATTEMPTS);
                        held.insert(worker, (job.id, now + 15));
                    }
                }
                Step::Beat(worker) => {
                    if let Some((id, until)) = held.get(&worker).copied() {
                        let beat = register.heartbeat(id, &worker.to_string(), None, at(now)).unwrap();
                        prop_assert!(until <= now || !beat.lost, "lost in time");
                        if beat.lost { held.remove(&worker) } else { held.insert(worker, (id, now + 15)) };
                    }
                }
                Step::Done(worker) | Step::Failed(worker) | Step::Returned(worker) => {
                    let outcome = match step {
                        Step::Done(_) => Outcome::Done(json!({})),
                        Step::Failed(_) => Outcome::Failed(json!({})),
                        _ => Outcome::Returned,
                    };
                    if let Some((id, until)) = held.remove(&worker) {
                        let ended = register.finish(id, &worker.to_string(), outcome, at(now));
                        prop_assert!(ended.is_ok() || until <= now, "{ended:?}");
                    }
                }
            }
            for job in register.jobs(&JobFilter { limit: 1_000, ..JobFilter::default() }).unwrap() {
                if let Some(before) = seen.get(&job.id) {
                    prop_assert!(before.revision <= job.revision);
                    prop_assert!(before.revision < job.revision || *before == job);
                    prop_assert!(!before.state.is_terminal() || before.state == job.state);
                }
                prop_assert_eq!(job.state.is_terminal(), job.finished.is_some());
                seen.insert(job.id, job);
            }
        }
    }
}
