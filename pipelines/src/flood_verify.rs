//! `jomo flood verify`: forecasts that were kept, against what the gauges said afterwards.
//!
//! `docs/methods/verification.md` gives the scores, `docs/methods/assimilation.md` what is
//! compared with what.

mod archive;
mod fitted;
mod pairs;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use jomo_core::message::{Arguments, Coded};
use jomo_flood::ensemble::LEADS_MIN;
use jomo_flood::verify::{Case, Draws, hindcast};
use serde_json::json;

use crate::dressing_table::{self, DressingRow, table};
use crate::failure::{Exit, Failure};
use crate::gauge_tables::stations;
use crate::outcome::{Outcome, Status};
use crate::run::{Context, Made, Plan, Target, record_failure_of};

/// Name of the command in records.
const COMMAND: &str = "flood verify";

/// Arguments of `jomo flood verify`.
#[derive(Clone, Debug, Args)]
pub struct VerifyArguments {
    /// Folders of forecasts, or folders of such folders.
    #[arg(required = true)]
    pub archives: Vec<PathBuf>,
    /// Table of readings, or a folder of them.
    #[arg(long)]
    pub readings: PathBuf,
    /// Table of gauges with their levels.
    #[arg(long)]
    pub gauges: PathBuf,
    /// A folder for the scores.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// Why forecasts were not scored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A folder holds no forecast.
    #[error("no levels.csv in {path}")]
    NoForecasts {
        /// The folder.
        path: String,
    },
    /// A table of forecasts lacks columns.
    #[error("columns missing: {missing}")]
    Columns {
        /// The missing ones.
        missing: String,
    },
    /// No forecast is for a time and gauge with a reading.
    #[error("none of {forecasts} forecast levels meets a reading")]
    Nothing {
        /// Forecast levels read.
        forecasts: usize,
    },
}

impl Coded for VerifyError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoForecasts { .. } => "verify-no-forecasts",
            Self::Columns { .. } => "verify-columns",
            Self::Nothing { .. } => "verify-nothing",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::NoForecasts { path } => vec![("path", path.clone())],
            Self::Columns { missing } => vec![("missing", missing.clone())],
            Self::Nothing { forecasts } => vec![("forecasts", forecasts.to_string())],
        }
    }
}

/// Scores the forecasts of archives; with `--out` writes `scores.json`, `scores.csv`, and, where the
/// archive kept members enough, `dressing.csv`.
///
/// # Errors
/// If a table cannot be read, nothing can be compared, or the folder cannot be written.
pub fn run(arguments: &VerifyArguments, context: &Context) -> Result<Outcome, Failure> {
    let draws = Draws::default();
    let settings = BTreeMap::from([
        ("leads_min".to_owned(), json!(LEADS_MIN)),
        ("resamples".to_owned(), json!(draws.resamples)),
        ("draws_seed".to_owned(), json!(draws.seed)),
    ]);
    let plan = Plan { command: COMMAND, settings, inputs: Vec::new(), layers: Vec::new() };
    let Some(out) = &arguments.out else {
        let scored = score(arguments, draws, context)?;
        if context.dry_run {
            return Ok(Outcome::new(Status::DryRun));
        }
        let mut outcome = Outcome::new(Status::Done);
        outcome.faults = scored.made.faults.clone();
        outcome.counts = scored.made.counts.clone();
        return Ok(scored.tell(outcome));
    };
    let target = Target::Out(out.clone());
    record_failure_of(plan, &target, context, |plan| {
        let mut scored = score(arguments, draws, context)?;
        plan.inputs = std::mem::take(&mut scored.inputs);
        let made = scored.made.clone();
        let outcome = plan.clone().execute(context, &target, |_, folder| {
            report::write(folder, &scored.leads, draws)?;
            if !scored.dressing.is_empty() {
                report::put(&folder.join(dressing_table::FILE), &table(&scored.dressing))?;
            }
            Ok(made)
        })?;
        Ok(scored.tell(outcome))
    })
}

/// What is known before anything is written.
struct Scored {
    leads: Vec<jomo_flood::verify::LeadScores>,
    dressing: Vec<DressingRow>,
    /// Whether there is a folder for it.
    is_kept: bool,
    inputs: Vec<jomo_core::layer::InputFile>,
    made: Made,
}

impl Scored {
    fn tell(self, mut outcome: Outcome) -> Outcome {
        if outcome.status == Status::Done {
            outcome.lines = report::lines(&self.leads);
            outcome.more.insert("scores", report::json(&self.leads));
            let outcome = report::tell(outcome, &self.leads);
            if !self.is_kept {
                return outcome;
            }
            // The last row is that of all gauges.
            let gauges: BTreeSet<&str> = self.dressing.iter().map(|r| r.gauge.as_str()).collect();
            match gauges.len().checked_sub(1) {
                None => outcome.telling("verify-undressed", &[]),
                Some(gauges) => {
                    outcome.telling("verify-dressed", &[("gauges", gauges.to_string())])
                }
            }
        } else {
            outcome
        }
    }
}

fn score(arguments: &VerifyArguments, draws: Draws, context: &Context) -> Result<Scored, Failure> {
    context.progress.stage("read", None);
    let mut found = archive::read(&arguments.archives, &LEADS_MIN)?;
    let last = found.rows.iter().map(|row| row.valid_time).max().unwrap_or(context.now);
    let all = stations(&arguments.gauges, Some(&arguments.readings), last)?.whole()?;
    found.faults.merge(all.all_faults());
    found.inputs.extend(all.inputs);
    context.progress.stage("score", None);
    let pairs = pairs::pairs(&found.rows, &all.stations, &mut found.faults);
    let cases: Vec<Case> = pairs.iter().map(|pair| pair.case).collect();
    let leads = hindcast(&cases, draws);
    if leads.is_empty() {
        let forecasts = found.rows.len();
        return Err(Failure::new(Exit::Input, VerifyError::Nothing { forecasts }));
    }
    let dressing = fitted::rows(&pairs, &found.now_m);
    let counts = BTreeMap::from([
        ("dressing_rows".to_owned(), dressing.len() as u64),
        ("forecast_files".to_owned(), found.files),
        ("forecast_levels".to_owned(), found.rows.len() as u64),
        ("compared".to_owned(), cases.len() as u64),
    ]);
    let made = Made { faults: found.faults, counts, ..Made::default() };
    let is_kept = arguments.out.is_some();
    Ok(Scored { leads, dressing, is_kept, inputs: found.inputs, made })
}
