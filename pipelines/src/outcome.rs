//! How a command ends well: as data on stdout, as a few words on stderr.

use std::collections::BTreeMap;

use jomo_core::fault::Faults;
use jomo_core::layer::Access;
use jomo_words::{Language, fault_title, say};
use serde_json::{Value, json};

use crate::failure::Exit;
use crate::run::{Made, RunRecord};

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It did its work.
    Done,
    /// The same result was already there.
    Unchanged,
    /// It would have worked.
    DryRun,
}

/// The result of a command.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What became of it.
    pub status: Status,
    /// The key of the run.
    pub key: Option<String>,
    /// Layers made: id, version, features, steps.
    pub layers: Vec<(String, String, u64, usize)>,
    /// Live generation of each root that was changed.
    pub generations: BTreeMap<Access, String>,
    /// What was missing, not believed or kept out.
    pub faults: Faults,
    /// What every run keeps out or assumes until somebody mends a table.
    pub standing: Faults,
    /// Counts by name.
    pub counts: BTreeMap<String, u64>,
    /// Anything else, for `--json`.
    pub more: BTreeMap<&'static str, Value>,
    /// Seconds on the wall.
    pub wall_s: Option<f64>,
    /// The text that tells what was done.
    pub done: &'static str,
    /// Data as lines for stdout, where `--json` is not asked for.
    pub lines: Vec<String>,
    /// Texts for stderr with their arguments.
    pub told: Vec<(&'static str, Vec<(&'static str, String)>)>,
    /// How it ends, where faults do not say so.
    pub ends: Option<Exit>,
}

/// The texts that tell what was done.
pub const PUBLISHED: &str = "cli-published";
/// A generation was made live again.
pub const ROLLED_BACK: &str = "cli-rolled-back";
/// Generations were removed.
pub const COLLECTED: &str = "cli-collected";

impl Outcome {
    /// An outcome with nothing made.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Self {
            status,
            key: None,
            layers: Vec::new(),
            generations: BTreeMap::new(),
            faults: Faults::default(),
            standing: Faults::default(),
            counts: BTreeMap::new(),
            more: BTreeMap::new(),
            wall_s: None,
            done: PUBLISHED,
            lines: Vec::new(),
            told: Vec::new(),
            ends: None,
        }
    }

    /// The same outcome with one more text for people.
    #[must_use]
    pub fn telling(mut self, id: &'static str, arguments: &[(&'static str, String)]) -> Self {
        self.told.push((id, arguments.to_vec()));
        self
    }

    /// The outcome of a run.
    #[must_use]
    pub fn of(record: &RunRecord, made: &Made) -> Self {
        let mut outcome = Self::new(Status::Done);
        outcome.key = Some(record.key.clone());
        outcome.layers = made
            .layers
            .iter()
            .map(|l| (l.id.clone(), l.version.clone(), l.feature_count, l.valid_times.len()))
            .collect();
        outcome.faults = made.faults.clone();
        outcome.standing = made.standing.clone();
        outcome.counts = made.counts.clone();
        outcome.wall_s = Some(record.wall_s);
        outcome
    }

    /// The exit code. What a table makes every run keep out is kept out of this one, too: "done with
    /// faults" holds for both kinds, and whoever wants the faults of this run alone reads `faults`.
    #[must_use]
    pub fn exit(&self) -> Exit {
        let is_whole = self.faults.is_empty() && self.standing.is_empty();
        self.ends.unwrap_or(if is_whole { Exit::Done } else { Exit::Faults })
    }

    /// The outcome as data.
    #[must_use]
    pub fn json(&self) -> Value {
        let status = match self.status {
            Status::Done => "done",
            Status::Unchanged => "unchanged",
            Status::DryRun => "dry-run",
        };
        let layers: Vec<_> = self
            .layers
            .iter()
            .map(|(id, version, features, steps)| {
                json!({ "id": id, "version": version, "features": features, "steps": steps })
            })
            .collect();
        let mut value = json!({
            "status": status,
            "key": self.key,
            "layers": layers,
            "generations": self.generations,
            "faults": self.faults,
            "standing": self.standing,
            "counts": self.counts,
            "wall_s": self.wall_s,
        });
        if let Value::Object(object) = &mut value {
            object.extend(self.more.iter().map(|(name, more)| ((*name).to_owned(), more.clone())));
        }
        value
    }

    /// The outcome in words.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let mut lines = Vec::new();
        match self.status {
            Status::Unchanged => lines.push(say(language, "cli-unchanged", &[])),
            Status::DryRun => lines.push(say(language, "cli-dry-run", &[])),
            Status::Done => {}
        }
        lines.extend(self.told.iter().map(|(id, arguments)| say(language, id, arguments)));
        for (id, version, features, steps) in &self.layers {
            let arguments = [
                ("layer", id.clone()),
                ("version", version.clone()),
                ("features", features.to_string()),
                ("steps", steps.to_string()),
            ];
            let text = if *steps == 0 { "cli-layer-made" } else { "cli-layer-made-steps" };
            lines.push(say(language, text, &arguments));
        }
        for (text, faults) in [("cli-fault", &self.faults), ("cli-standing", &self.standing)] {
            for (code, fault) in faults.iter() {
                let arguments = [
                    ("code", fault_title(language, code)),
                    ("count", fault.count.to_string()),
                    ("places", fault.places.iter().take(3).cloned().collect::<Vec<_>>().join(", ")),
                ];
                lines.push(say(language, text, &arguments));
            }
        }
        if let Some(generation) = self.generations.get(&Access::Public) {
            lines.push(say(language, self.done, &[("generation", generation.clone())]));
        } else if self.done == COLLECTED {
            let count = |name: &str| self.counts.get(name).copied().unwrap_or(0).to_string();
            let names = ["generations", "versions", "bytes"];
            lines.push(say(language, COLLECTED, &names.map(|name| (name, count(name)))));
        }
        lines.join("\n")
    }
}
