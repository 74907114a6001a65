//! The long tests of the flood engine: every case of which the water is known, what was observed,
//! and the twin experiment, each with its bound. Writes `docs/validation.md` and its plots, and
//! compares each norm with that stored in `docs/validation/norms.tsv`; `JOMO_STORE_NORMS=1` stores
//! those found. Arguments, parts of the names of cases, run these only: they are told and nothing
//! is written, or, with `JOMO_STORE_NORMS=1`, their part of the page and of the norms. Cases of
//! real data need `JOMO_REAL_DATA`; without it they are skipped and what is written of them stays.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "says which case runs and what fails")]
#![allow(clippy::many_single_char_names, reason = "symbols of the equations")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

mod archive;
mod bowls;
#[allow(dead_code, reason = "the tests of the solver use the rest")]
#[path = "../../engine/flood/tests/flood/chance.rs"]
mod chance;
mod channels;
mod dams;
#[allow(dead_code, reason = "the tests of the solver use the rest")]
#[path = "../../engine/flood/tests/flood/flows.rs"]
mod flows;
mod lab;
mod modes;
mod observed;
mod plot;
mod rains;
#[path = "../../engine/flood/tests/flood/real.rs"]
mod real;
mod report;
mod rest;
#[path = "../../engine/flood/tests/flood/twin.rs"]
mod twin;
#[path = "../../engine/flood/tests/flood/twin_scores.rs"]
mod twin_scores;
mod twins;
mod valley;
mod watch;
mod waves;

/// A case and its name.
type Case = (&'static str, fn() -> report::Outcome);

/// All cases, in the order of the page.
const CASES: &[Case] = &[
    ("lake-at-rest", rest::lakes),
    ("lake-that-swings", rest::swings),
    ("ritter", dams::dry),
    ("stoker", dams::wet),
    ("thacker-radial", bowls::radial),
    ("thacker-planar", bowls::planar),
    ("uniform-flow", channels::uniform),
    ("films", channels::films),
    ("macdonald-subcritical", channels::made_slow),
    ("macdonald-transcritical", channels::made_turning),
    ("macdonald-jump", channels::made_jumping),
    ("bump-subcritical", channels::bump_slow),
    ("bump-transcritical", channels::bump_fast),
    ("bump-jump", channels::bump_jumping),
    ("non-breaking-wave", waves::creeping_wave),
    ("kinematic-plane", rains::plane),
    ("v-catchment", rains::two_slopes),
    ("closed-valley", rains::closed_valley),
    ("rotation", modes::turned),
    ("threads-and-tiles", modes::threads_and_tiles),
    ("restart", modes::restart),
    ("local-steps", valley::local_steps),
    ("local-inertial", waves::inertial),
    ("soil-water-states", observed::tanks),
    ("real-gauges", observed::gauges),
    ("watch", watch::faulty_feeds),
    ("by-chance", modes::by_chance),
    ("twin-experiment", twins::experiment),
];

fn tell(case: fn() -> report::Outcome) -> report::Outcome {
    let start = Instant::now();
    let outcome = case();
    let kept = outcome.rows.iter().filter(|row| row.passes()).count();
    let (rows, seconds) = (outcome.rows.len(), start.elapsed().as_secs_f64());
    let said = if outcome.is_skipped() { "skipped".to_owned() } else { format!("{kept}/{rows}") };
    println!("{:24} {said}  {seconds:.1} s", outcome.id);
    for row in outcome.rows.iter().filter(|row| !row.passes()) {
        println!("  {} {} = {:.4e}", row.variant, row.norm, row.value);
    }
    outcome
}

/// Runs cases, one on each core at a time, the last one first: it is the longest.
fn run_all(cases: &[Case]) -> Vec<report::Outcome> {
    let left: Mutex<Vec<usize>> = Mutex::new((0..cases.len()).collect());
    let done = Mutex::new(Vec::new());
    let work = || {
        // A pool of one thread: the many small steps of a case gain nothing from more.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        loop {
            let Some(index) = left.lock().unwrap().pop() else { break };
            let outcome = pool.install(|| tell(cases[index].1));
            done.lock().unwrap().push((index, outcome));
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Writes the page, its plots and, if asked to, the norms; what skipped cases have there stays.
/// The faults that are left.
fn write(outcomes: &[report::Outcome], is_stored: bool) -> Vec<String> {
    let texts: toml::Table = include_str!("cases.toml").parse().unwrap();
    let docs = jomo_tests::repository().join("docs");
    let folder = docs.join("validation");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, svg) in outcomes.iter().filter_map(|outcome| report::picture(outcome, &texts)) {
        std::fs::write(folder.join(name), svg).unwrap();
    }
    let page = docs.join("validation.md");
    let before = std::fs::read_to_string(&page).unwrap_or_default();
    std::fs::write(page, report::page(outcomes, &texts, &before)).unwrap();
    let store = folder.join("norms.tsv");
    let read = || report::read_norms(&std::fs::read_to_string(&store).unwrap_or_default());
    if is_stored {
        let norms = report::norms_to_store(outcomes, &read());
        std::fs::write(&store, report::write_norms(&norms)).unwrap();
    }
    report::faults(outcomes, &read())
}

fn main() -> ExitCode {
    let only: Vec<String> = std::env::args().skip(1).collect();
    let is_named = |case: &Case| only.iter().any(|name| case.0.contains(name.as_str()));
    let is_stored = std::env::var_os("JOMO_STORE_NORMS").is_some();
    let cases: Vec<Case> =
        CASES.iter().filter(|case| only.is_empty() || is_named(case)).copied().collect();
    let mut done = run_all(&cases);
    if only.is_empty() || is_stored {
        let outcomes: Vec<report::Outcome> = CASES
            .iter()
            .map(|(id, _)| match done.iter().position(|outcome| outcome.id == *id) {
                Some(place) => done.swap_remove(place),
                None => report::Outcome::skipped(id),
            })
            .collect();
        let faults = write(&outcomes, is_stored);
        for fault in &faults {
            println!("{fault}");
        }
        return if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    for row in done.iter().flat_map(|outcome| &outcome.rows) {
        println!("{}\t{}\t{:.5}", row.variant, row.norm, row.value);
    }
    let kept = done.iter().all(|case| case.rows.iter().all(report::Row::passes));
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
