//! The rules of `jomo flood watch` over feeds with every fault, on virtual clocks.

use crate::report::{Outcome, Row};

// The files of the program itself: to link it, with its stores and registers, would take longer
// than these seeds.
#[allow(dead_code, unreachable_pub, reason = "the program uses the rest, and shows it")]
#[path = "../../pipelines/src/flood_watch/rules.rs"]
mod rules;
#[allow(dead_code, unreachable_pub, reason = "the program uses the rest, and shows it")]
#[path = "../../pipelines/src/flood_watch/settings.rs"]
mod settings;
#[allow(dead_code, unreachable_pub, reason = "the program uses the rest, and shows it")]
#[path = "../../pipelines/src/flood_watch/spool.rs"]
mod spool;
#[path = "../../pipelines/src/flood_watch/trial.rs"]
mod trial;

use self::trial::{Ills, Report, trial, trial_with};

fn row(variant: &str, norm: &'static str, value: u64, bound: Option<f64>) -> Row {
    Row { variant: variant.to_owned(), norm, value: value as f64, bound, run: None }
}

/// Every fault of a feed, of the programs and of the clock, by seed; then sound feeds and cycles of
/// growing length.
pub(crate) fn faulty_feeds() -> Outcome {
    let seeds = std::env::var("JOMO_WATCH_SEEDS").ok().and_then(|text| text.parse().ok());
    let seeds: u64 = seeds.unwrap_or(1_000);
    let (mut broken, mut sum) = (0, Report::default());
    for seed in 0..seeds {
        match trial(seed) {
            Ok(report) => {
                sum.begun += report.begun;
                sum.published += report.published;
                sum.preempted += report.preempted;
                sum.lost += report.lost;
                sum.refused += report.refused;
                sum.longest_wait_s = sum.longest_wait_s.max(report.longest_wait_s);
            }
            Err(law) => {
                broken += 1;
                println!("watch, {law}");
            }
        }
    }
    let faulty = "1,000 seeds (JOMO_WATCH_SEEDS)";
    let mut rows = vec![
        row(faulty, "seeds with a law broken", broken, Some(0.0)),
        row(faulty, "cycles begun", sum.begun, None),
        row(faulty, "results published", sum.published, None),
        row(faulty, "cycles given up for a newer one", sum.preempted, None),
        row(faulty, "cycles failed, or refused as too late", sum.lost, None),
        row(faulty, "files named as refused, at the same time", sum.refused, None),
        row(faulty, "longest wait of a slot, s", sum.longest_wait_s, None),
    ];
    for minutes in [1, 4, 8, 12, 16] {
        let variant = format!("sound feed, cycles of {minutes} min");
        let report = trial_with(0, Ills::none(60 * minutes)).unwrap_or_else(|law| {
            println!("watch, {variant}: {law}");
            Report { stopped: u64::MAX, ..Report::default() }
        });
        let bound = (minutes < 10).then_some(0.0);
        rows.push(row(&variant, "polls without a valid result", report.stopped, bound));
        rows.push(row(&variant, "polls", report.polls, None));
        rows.push(row(&variant, "longest time between results, s", report.longest_gap_s, None));
    }
    let grid = "6 h, slots of 10 min, polls every 4–20 s";
    Outcome { id: "watch", grid, rows, plot: None, tables: Vec::new() }
}
