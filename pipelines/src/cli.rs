//! The command line: raw arguments, checked requests, exit codes.

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use jiff::Timestamp;
use jomo_core::layer::Access;
use jomo_store::{Retention, Store};
use jomo_words::{Language, language_of, say, text};
use serde_json::json;

use crate::failure::{CommandError, Exit, Failure};
use crate::import::arguments::ImportArguments;
use crate::outcome::{COLLECTED, Outcome, ROLLED_BACK, Status};
use crate::progress::{Progress, ProgressMode};
use crate::rain::RainRequest;
use crate::region::open_if_given;
use crate::run::{Context, Target, read_record};
use crate::{doctor, import, rain, sample};

/// Most threads: beyond any machine of today; thousands would only keep each other from working.
const THREADS_MAX: i64 = 512;

/// Jomo: maps of a prefecture, computed and published.
#[derive(Debug, Parser)]
#[command(name = "jomo", version, propagate_version = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Flags of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that a person types")]
pub struct Common {
    /// The result as JSON on stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// How progress is shown on stderr.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub progress: ProgressMode,
    /// Number of threads; 0 is one per core.
    #[arg(long, global = true, default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=THREADS_MAX))]
    pub threads: u16,
    /// Say what would be done, and do nothing.
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Compute again even if nothing has changed.
    #[arg(long, global = true)]
    pub force: bool,
    /// No words but errors.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// More words.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Language: ja or en.
    #[arg(long, global = true, value_enum)]
    pub lang: Option<Tongue>,
}

/// A language by its code.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Tongue {
    /// Japanese.
    Ja,
    /// English.
    En,
}

impl From<Tongue> for Language {
    fn from(tongue: Tongue) -> Self {
        match tongue {
            Tongue::Ja => Self::Ja,
            Tongue::En => Self::En,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check this machine and say how to mend what is missing.
    Doctor {
        /// A store to check as well.
        #[arg(long)]
        store: Option<PathBuf>,
    },
    /// Sample data.
    #[command(subcommand)]
    Sample(SampleCommand),
    /// Floods: rain, rivers, inundation.
    #[command(subcommand)]
    Flood(FloodCommand),
    /// Publish a file of features as a layer.
    Import(Box<ImportArguments>),
    /// Publish what a run has left in a folder.
    Publish {
        /// The folder.
        dir: PathBuf,
        /// The store.
        #[arg(long)]
        store: PathBuf,
    },
    /// Make an earlier generation live again.
    Rollback {
        /// The store.
        #[arg(long)]
        store: PathBuf,
        /// The generation; by default the one before the live one.
        #[arg(long)]
        to: Option<String>,
    },
    /// Remove generations and versions that are no longer kept.
    Gc {
        /// The store.
        #[arg(long)]
        store: PathBuf,
        /// Number of generations kept besides the live one.
        #[arg(long)]
        keep: Option<usize>,
        /// Region file whose `[retention]` says what is kept.
        #[arg(long)]
        region: Option<PathBuf>,
    },
    /// Completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Commands on sample data.
#[derive(Debug, Subcommand)]
pub enum SampleCommand {
    /// Write the fictional sample region.
    Generate {
        /// The folder to write.
        dir: PathBuf,
        /// Seed of the generator.
        #[arg(long)]
        seed: Option<u64>,
    },
}

/// Commands on floods.
#[derive(Debug, Subcommand)]
pub enum FloodCommand {
    /// Publish gridded rain over a region.
    Rain {
        /// GRIB2 files of the Japan Meteorological Agency.
        #[arg(long, required = true, num_args = 1..)]
        grib: Vec<PathBuf>,
        /// Region file, or the folder it is in.
        #[arg(long)]
        region: PathBuf,
        /// The store to publish in.
        #[arg(long)]
        store: Option<PathBuf>,
        /// A folder for the result, to be published later.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

/// Runs the command line and gives its exit code.
///
/// `now` is the time of the command, `locale` reads the locale's variables; `print` writes data
/// to stdout, `tell` words to stderr.
pub struct Shell<'a> {
    /// The time of the command.
    pub now: Timestamp,
    /// Reads a locale variable.
    pub locale: &'a dyn Fn(&str) -> Option<String>,
    /// Writes data.
    pub print: &'a dyn Fn(&str),
    /// Writes words.
    pub tell: &'a dyn Fn(&str),
}

impl Shell<'_> {
    /// Runs one command line, program name first.
    #[must_use]
    pub fn run(&self, line: Vec<std::ffi::OsString>) -> Exit {
        let flagged = language_flag(&line);
        let language = language_of(flagged, self.locale);
        let as_json = line.iter().any(|word| word == "--json");
        let parsed = localised(language)
            .try_get_matches_from(line)
            .and_then(|matches| Arguments::from_arg_matches(&matches));
        let arguments = match parsed {
            Ok(arguments) => arguments,
            Err(fault) if fault.use_stderr() => {
                if as_json {
                    let detail = fault.to_string();
                    let errors = json!([{ "code": "cli-usage", "detail": detail }]);
                    let failure = json!({ "status": "failed", "errors": errors });
                    (self.print)(&format!("{failure:#}\n"));
                }
                (self.tell)(&say(language, "cli-usage", &[("fault", fault.to_string())]));
                return Exit::Usage;
            }
            Err(help) => {
                (self.print)(&help.to_string());
                return Exit::Done;
            }
        };
        self.carry_out(arguments, language)
    }

    fn carry_out(&self, arguments: Arguments, language: Language) -> Exit {
        let Arguments { command, common } = arguments;
        if let Command::Completions { shell } = command {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut localised(language), "jomo", &mut script);
            (self.print)(&String::from_utf8_lossy(&script));
            return Exit::Done;
        }
        let mode = if common.quiet { ProgressMode::None } else { common.progress };
        let progress = Progress::new(mode, language);
        let result = self.in_pool(&common, &progress, language, command);
        progress.finish();
        match result {
            Ok(outcome) => {
                if common.json {
                    (self.print)(&format!("{:#}\n", outcome.json()));
                }
                let words = outcome.text(language);
                if !common.quiet && !words.is_empty() {
                    (self.tell)(&words);
                }
                outcome.exit()
            }
            Err(failure) => {
                if common.json {
                    (self.print)(&format!("{:#}\n", failure.json(language)));
                }
                (self.tell)(&failure.text(language));
                failure.exit
            }
        }
    }

    fn in_pool(
        &self,
        common: &Common,
        progress: &Progress,
        language: Language,
        command: Command,
    ) -> Result<Outcome, Failure> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(common.threads.into()).build();
        let pool = pool.map_err(|fault| {
            Failure::new(Exit::Failed, CommandError::Threads { reason: fault.to_string() })
        })?;
        let context = Context {
            now: self.now,
            threads: pool.current_num_threads(),
            force: common.force,
            dry_run: common.dry_run,
            progress: progress.clone(),
        };
        if let Command::Doctor { store } = &command {
            return Ok(doctor::run(store.as_deref(), language, self.now, self.print, common.json));
        }
        pool.install(|| dispatch(command, &context))
    }
}

fn dispatch(command: Command, context: &Context) -> Result<Outcome, Failure> {
    match command {
        Command::Flood(FloodCommand::Rain { grib, region, store, out }) => {
            let target = Target::from_flags(store, out)?;
            rain::run(&RainRequest { grib, region, target }, context)
        }
        Command::Import(arguments) => import::run(&arguments.request()?, context),
        Command::Sample(SampleCommand::Generate { dir, seed }) => generate(&dir, seed, context),
        Command::Publish { dir, store } => publish(&dir, &store, context),
        Command::Rollback { store, to } => {
            let store = Store::open(&store)?;
            if context.dry_run {
                return Ok(Outcome::new(Status::DryRun));
            }
            let mut outcome = Outcome { done: ROLLED_BACK, ..Outcome::new(Status::Done) };
            let id = store.rollback(to.as_deref(), context.now)?;
            outcome.generations.insert(Access::Public, id);
            Ok(outcome)
        }
        Command::Gc { store, keep, region } => {
            let region = open_if_given(region.as_deref())?;
            let kept = keep.or(region.and_then(|region| region.keep_generations));
            let retention =
                Retention { generations: kept.unwrap_or(Retention::default().generations) };
            let store = Store::open(&store)?;
            if context.dry_run {
                return Ok(Outcome::new(Status::DryRun));
            }
            let collected = store.collect(retention)?;
            let mut outcome = Outcome { done: COLLECTED, ..Outcome::new(Status::Done) };
            outcome.counts.insert("generations".to_owned(), collected.generations);
            outcome.counts.insert("versions".to_owned(), collected.versions);
            outcome.counts.insert("bytes".to_owned(), collected.bytes);
            Ok(outcome)
        }
        // Answered before a pool is made.
        Command::Doctor { .. } | Command::Completions { .. } => Ok(Outcome::new(Status::Done)),
    }
}

fn generate(
    dir: &std::path::Path,
    seed: Option<u64>,
    context: &Context,
) -> Result<Outcome, Failure> {
    let mut settings = sample::Settings::default();
    if let Some(seed) = seed {
        settings.seed = seed;
    }
    if context.dry_run {
        return Ok(Outcome::new(Status::DryRun));
    }
    let failed = |fault: sample::SampleError| {
        let exit = match &fault {
            sample::SampleError::Occupied { .. } => Exit::Usage,
            _ => Exit::Failed,
        };
        Failure::new(exit, fault).at(dir)
    };
    if !context.force && sample::is_current(&settings, dir).map_err(failed)? {
        return Ok(Outcome::new(Status::Unchanged));
    }
    context.progress.stage("sample", None);
    let summary = sample::generate(&settings, dir).map_err(failed)?;
    let mut outcome = Outcome::new(Status::Done);
    outcome.counts.extend([
        ("files".to_owned(), summary.files.len() as u64),
        ("rivers".to_owned(), summary.rivers as u64),
        ("gauges".to_owned(), summary.gauges as u64),
        ("readings".to_owned(), summary.readings as u64),
    ]);
    Ok(outcome)
}

fn publish(
    dir: &std::path::Path,
    store: &std::path::Path,
    context: &Context,
) -> Result<Outcome, Failure> {
    let done = read_record(dir).is_some_and(|record| record.status == "done");
    if !done {
        let path = dir.to_owned();
        return Err(jomo_store::StoreError::NothingStaged { path }.into());
    }
    if context.dry_run {
        return Ok(Outcome::new(Status::DryRun));
    }
    let store = Store::create(store)?;
    let stage = dir.join("stage");
    if !context.force && is_live(&store, &stage)? {
        return Ok(Outcome::new(Status::Unchanged));
    }
    context.progress.stage("publish", None);
    let published = store.publish(&stage, None, context.now)?;
    let mut outcome = Outcome::new(Status::Done);
    outcome.more.insert("versions", json!(published.versions));
    outcome.generations = published.generations;
    Ok(outcome)
}

/// Whether every staged version is live already.
fn is_live(store: &Store, stage: &std::path::Path) -> Result<bool, Failure> {
    let staged = jomo_store::staged_layers(stage)?;
    for access in [Access::Public, Access::Restricted] {
        let live = store.current(access)?.map(|generation| generation.document.layers);
        let live = live.unwrap_or_default();
        let mut own = staged.iter().filter(|version| version.layer.access == access);
        let same = |version: &jomo_store::LayerVersion| {
            live.get(&version.layer.id).is_some_and(|e| e.version == version.layer.version)
        };
        if !own.all(same) {
            return Ok(false);
        }
    }
    Ok(!staged.is_empty())
}

/// `--lang` before the arguments are parsed: their faults are told in this language too.
fn language_flag(line: &[std::ffi::OsString]) -> Option<Language> {
    let words: Vec<_> = line.iter().filter_map(|word| word.to_str()).collect();
    let value = words.iter().enumerate().find_map(|(index, word)| match *word {
        "--lang" => words.get(index + 1).copied(),
        word => word.strip_prefix("--lang="),
    });
    match value? {
        "ja" => Some(Language::Ja),
        "en" => Some(Language::En),
        _ => None,
    }
}

/// The parser with its help in a language: texts `help-<command>` and `help-<command>-<flag>`.
fn localised(language: Language) -> clap::Command {
    fn visit(command: clap::Command, path: &str, language: Language) -> clap::Command {
        let own = |id: &str| text(language, id, &[]);
        let names: Vec<String> =
            command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        let mut command = match own(&format!("help-{path}")) {
            Some(about) => command.about(about.clone()).long_about(about),
            None => command,
        };
        command = command.mut_args(|argument| {
            let name = argument.get_id().as_str().replace('_', "-");
            let help =
                own(&format!("help-{path}-{name}")).or_else(|| own(&format!("help-common-{name}")));
            match help {
                Some(help) => argument.help(help.clone()).long_help(help),
                None => argument,
            }
        });
        for name in names {
            let path = format!("{path}-{name}");
            command = command.mut_subcommand(name, |sub| visit(sub, &path, language));
        }
        command
    }
    visit(Arguments::command(), "jomo", language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_is_sound() {
        for language in [Language::Ja, Language::En] {
            localised(language).debug_assert();
        }
    }

    /// Every command and flag has its help in Japanese.
    #[test]
    fn help_is_complete() {
        fn visit(command: &clap::Command, path: &str, missing: &mut Vec<String>) {
            if text(Language::Ja, &format!("help-{path}"), &[]).is_none() {
                missing.push(format!("help-{path}"));
            }
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str().replace('_', "-");
                let ids = [format!("help-{path}-{name}"), format!("help-common-{name}")];
                if ids.iter().all(|id| text(Language::Ja, id, &[]).is_none()) {
                    missing.push(format!("help-{path}-{name}"));
                }
            }
            for sub in command.get_subcommands() {
                visit(sub, &format!("{path}-{}", sub.get_name()), missing);
            }
        }
        let mut missing = Vec::new();
        visit(&Arguments::command(), "jomo", &mut missing);
        assert!(missing.is_empty(), "{missing:#?}");
    }
}
