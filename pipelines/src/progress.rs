//! Progress on stderr: a bar for people at a terminal, lines for logs, JSON lines for programs.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex};

use indicatif::{ProgressBar, ProgressStyle};
use jomo_words::{Language, say};
use serde_json::json;

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ProgressMode {
    /// A bar at a terminal, otherwise plain lines.
    #[default]
    Auto,
    /// One line a stage.
    Plain,
    /// One JSON object a line.
    Json,
    /// Nothing.
    None,
}

/// Shows which stage a command is at.
#[derive(Clone, Debug)]
pub struct Progress {
    mode: ProgressMode,
    language: Language,
    bar: Option<Arc<ProgressBar>>,
    /// Steps of the stage, where that is known.
    total: Arc<Mutex<Option<u64>>>,
}

impl Progress {
    /// Progress for a command in `language`.
    #[must_use]
    pub fn new(mode: ProgressMode, language: Language) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let mode = match mode {
            ProgressMode::Auto if !terminal => ProgressMode::Plain,
            other => other,
        };
        let bar = (mode == ProgressMode::Auto).then(|| {
            let bar = ProgressBar::no_length();
            if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
                bar.set_style(style);
            }
            Arc::new(bar)
        });
        Self { mode, language, bar, total: Arc::default() }
    }

    /// No progress at all.
    #[must_use]
    pub fn none() -> Self {
        Self { mode: ProgressMode::None, language: Language::Ja, bar: None, total: Arc::default() }
    }

    /// A stage begins; `steps` is the number of its steps where that is known.
    pub fn stage(&self, name: &'static str, steps: Option<u64>) {
        let title = say(self.language, &format!("stage-{name}"), &[]);
        match self.mode {
            ProgressMode::None => {}
            ProgressMode::Json => {
                if let Ok(mut total) = self.total.lock() {
                    *total = steps;
                }
                self.json(name, 0);
            }
            ProgressMode::Plain => line(&title),
            ProgressMode::Auto => {
                if let Some(bar) = &self.bar {
                    bar.set_message(title);
                    bar.set_position(0);
                    bar.set_length(steps.unwrap_or(1));
                }
            }
        }
    }

    /// One step of the stage is done.
    pub fn step(&self, name: &'static str, done: u64) {
        match (self.mode, &self.bar) {
            (ProgressMode::Json, _) => self.json(name, done),
            (ProgressMode::Auto, Some(bar)) => bar.set_position(done),
            _ => {}
        }
    }

    fn json(&self, stage: &str, done: u64) {
        let total = self.total.lock().ok().and_then(|total| *total);
        line(&json!({ "stage": stage, "done": done, "total": total }).to_string());
    }

    /// Says something on the way, unless nothing is to be said.
    pub fn note(&self, id: &str, arguments: &[(&str, String)]) {
        match self.mode {
            ProgressMode::None => {}
            ProgressMode::Json => {
                let facts: serde_json::Map<_, _> = arguments
                    .iter()
                    .map(|(name, fact)| ((*name).to_owned(), json!(fact)))
                    .collect();
                line(&json!({ "note": id, "arguments": facts }).to_string());
            }
            ProgressMode::Plain | ProgressMode::Auto => line(&say(self.language, id, arguments)),
        }
    }

    /// The language of what is said.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn line(text: &str) {
    // A closed stderr is no reason to stop a computation.
    let _ = writeln!(std::io::stderr(), "{text}");
}
