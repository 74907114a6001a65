//! Scores as files, as a table, as words.

use std::fmt::Write;
use std::path::Path;

use jomo_flood::verify::{Chances, Draws, LeadScores, Scored};
use serde_json::{Value, json};

use crate::failure::{CommandError, Exit, Failure};
use crate::outcome::Outcome;

/// Scores of the table on the terminal, with the decimals that are shown.
const TABLE: [(&str, usize); 9] = [
    ("rmse_m", 3),
    ("persistence_rmse_m", 3),
    ("persistence_rmse_gain_m", 3),
    ("autoregression_rmse_gain_m", 3),
    ("nse", 2),
    ("kge", 2),
    ("cover_90", 2),
    ("danger_brier", 3),
    ("danger_csi", 2),
];

fn chances(of: &Chances) -> Value {
    let table = of.table();
    json!({
        "cases": of.cases(),
        "hits": table.hits,
        "misses": table.misses,
        "false_alarms": table.false_alarms,
        "correct_rejections": table.correct_rejections,
    })
}

/// All scores as data.
pub(super) fn json(leads: &[LeadScores]) -> Value {
    let one = |lead: &LeadScores| {
        let scores: serde_json::Map<String, Value> = lead
            .scores
            .iter()
            .map(|(name, scored)| {
                let [low, high] = ends(scored);
                let value = json!({ "value": scored.value, "low": low, "high": high });
                ((*name).to_owned(), value)
            })
            .collect();
        json!({
            "lead_min": lead.lead_min,
            "levels": lead.levels,
            "blocks": lead.blocks,
            "scores": scores,
            "danger": chances(&lead.chances[0]),
            "overflow": chances(&lead.chances[1]),
        })
    };
    Value::Array(leads.iter().map(one).collect())
}

fn ends(scored: &Scored) -> [Option<f64>; 2] {
    [scored.interval.map(|interval| interval.low), scored.interval.map(|interval| interval.high)]
}

/// Writes `scores.json` and `scores.csv`.
pub(super) fn write(folder: &Path, leads: &[LeadScores], draws: Draws) -> Result<(), Failure> {
    let document = json!({
        "interval_share": draws.share,
        "resamples": draws.resamples,
        "seed": draws.seed,
        "leads": json(leads),
    });
    put(&folder.join("scores.json"), &format!("{document:#}\n"))?;
    put(&folder.join("scores.csv"), &csv(leads))
}

/// Writes a file.
pub(super) fn put(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|source| Failure::new(Exit::Failed, CommandError::io(path, &source)))
}

fn csv(leads: &[LeadScores]) -> String {
    let mut text = "lead_min,score,value,low,high,levels,blocks\n".to_owned();
    let cell = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    for lead in leads {
        for (name, scored) in &lead.scores {
            let [low, high] = ends(scored).map(cell);
            let value = cell(scored.value);
            let (minutes, levels, blocks) = (lead.lead_min, lead.levels, lead.blocks);
            // Writing to a text does not fail.
            let _ = writeln!(text, "{minutes},{name},{value},{low},{high},{levels},{blocks}");
        }
    }
    text
}

/// The table on the terminal: a row per lead, a score with its interval per column.
pub(super) fn lines(leads: &[LeadScores]) -> Vec<String> {
    let mut rows = vec![
        ["lead_min", "levels", "storms"]
            .into_iter()
            .chain(TABLE.iter().map(|(name, _)| *name))
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    ];
    for lead in leads {
        let numbers = [u64::from(lead.lead_min), lead.levels, lead.blocks as u64];
        let scores = TABLE.iter().map(|(name, decimals)| shown(lead.score(name), *decimals));
        rows.push(numbers.iter().map(u64::to_string).chain(scores).collect());
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..rows[0].len()).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
        cells.join("  ")
    };
    rows.iter().map(line).collect()
}

fn shown(scored: Option<Scored>, decimals: usize) -> String {
    let Some(Scored { value: Some(value), interval }) = scored else { return "-".to_owned() };
    match interval {
        Some(interval) => {
            format!("{value:.decimals$} [{:.decimals$},{:.decimals$}]", interval.low, interval.high)
        }
        None => format!("{value:.decimals$}"),
    }
}

/// What may be claimed: of each lead, whether the forecast is better or worse than persistence
/// for sure.
pub(super) fn tell(outcome: Outcome, leads: &[LeadScores]) -> Outcome {
    let sure = |sign: f64| {
        let is_sure = |lead: &&LeadScores| {
            let interval = lead.score("persistence_rmse_gain_m").and_then(|scored| scored.interval);
            interval.is_some_and(|i| i.excludes_zero() && 0.0 < sign * (i.low + i.high))
        };
        let named: Vec<String> =
            leads.iter().filter(is_sure).map(|lead| lead.lead_min.to_string()).collect();
        named.join(", ")
    };
    let levels = leads.iter().map(|lead| lead.levels).max().unwrap_or(0).to_string();
    let storms = leads.iter().map(|lead| lead.blocks).max().unwrap_or(0).to_string();
    let mut outcome = outcome.telling("verify-compared", &[("levels", levels), ("storms", storms)]);
    for (id, sign) in [("verify-better", 1.0), ("verify-worse", -1.0)] {
        let named = sure(sign);
        if !named.is_empty() {
            outcome = outcome.telling(id, &[("leads", named)]);
        }
    }
    outcome
}
