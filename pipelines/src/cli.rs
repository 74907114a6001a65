//! The command line: raw arguments, checked requests, exit codes.

mod help;

use std::path::{Path, PathBuf};

use clap::{Args, FromArgMatches, Parser, Subcommand};
use jiff::Timestamp;
use jomo_words::{Language, UsageError, failed_json, language_flag, language_of};

use self::help::localised;
use crate::failure::{CommandError, Exit, Failure};
use crate::flood::SimulateArguments;
use crate::flood_forecast::ForecastArguments;
use crate::flood_forecast::calibrate::{self, CalibrateArguments};
use crate::flood_layers::{Edition, LayersRequest};
use crate::flood_prepare::PrepareArguments;
use crate::flood_replay::ReplayArguments;
use crate::flood_verify::VerifyArguments;
use crate::flood_watch::WatchArguments;
use crate::import::arguments::ImportArguments;
use crate::jobs::JobCommand;
use crate::outcome::{Outcome, Status};
use crate::people::{GrantCommand, KeyCommand, OrganisationCommand, UserCommand};
use crate::progress::{Progress, ProgressMode};
use crate::rain::RainRequest;
use crate::register::{RegisterCommand, RegisterFlags};
use crate::run::{Context, Target};
use crate::tiles::TilesCommand;
use crate::work::WorkArguments;
use crate::{
    doctor, flood, flood_forecast, flood_layers, flood_prepare, flood_replay, flood_verify,
    flood_watch, import, jobs, people, publication, rain, register, sample, tiles, work,
};

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
    /// End when the process that started this one ends: for `jomo work`.
    #[arg(long, global = true, hide = true)]
    pub attached: bool,
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
        /// A register to check as well.
        #[arg(long)]
        register: Option<PathBuf>,
        /// The key file of the register.
        #[arg(long, requires = "register")]
        key_file: Option<PathBuf>,
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
    /// The register: people, records, jobs.
    #[command(subcommand)]
    Register(RegisterCommand),
    /// Organisations.
    #[command(subcommand)]
    Organisation(OrganisationCommand),
    /// People who sign in.
    #[command(subcommand)]
    User(UserCommand),
    /// What people may do.
    #[command(subcommand)]
    Grant(GrantCommand),
    /// API keys of programs.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Commands that a worker runs.
    #[command(subcommand)]
    Job(JobCommand),
    /// Archives of vector tiles.
    #[command(subcommand)]
    Tiles(TilesCommand),
    /// Run jobs until told to stop.
    Work(WorkArguments),
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
        /// Write the rain of the whole event too, every ten minutes for a day, into `event/`.
        #[arg(long)]
        event: bool,
    },
    /// Add the invented people of the sample to a register and print their passwords, this once.
    People {
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
}

/// Commands on floods.
#[derive(Debug, Subcommand)]
pub enum FloodCommand {
    /// Forecast rivers and inundation.
    Forecast(ForecastArguments),
    /// Publish a computed flood as areas of classes.
    Layers(LayersArguments),
    /// Prepare the basin of a region for forecasts.
    Prepare(PrepareArguments),
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
    /// Search the parameters that make an observed flood out of its rain.
    Calibrate(CalibrateArguments),
    /// Make the forecasts of a past event again.
    Replay(ReplayArguments),
    /// Compute the inundation of a case.
    Simulate(SimulateArguments),
    /// Score kept forecasts against readings.
    Verify(VerifyArguments),
    /// Forecast whenever new rain has come, until told to stop.
    Watch(WatchArguments),
}

/// What `jomo flood layers` takes.
#[derive(Debug, Args)]
pub struct LayersArguments {
    /// Folder of a finished `jomo flood simulate`.
    run: PathBuf,
    /// Region file, or the folder it is in.
    #[arg(long)]
    region: PathBuf,
    /// When the computation begins.
    #[arg(long)]
    start: Timestamp,
    /// Depth classes on the map.
    #[arg(long, value_enum, default_value_t)]
    edition: Edition,
    /// The store to publish in.
    #[arg(long)]
    store: Option<PathBuf>,
    /// A folder for the result, to be published later.
    #[arg(long)]
    out: Option<PathBuf>,
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
                let error = UsageError::from(&fault);
                if as_json {
                    (self.print)(&format!("{:#}\n", failed_json(language, &error)));
                }
                (self.tell)(&error.text(language));
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
        if common.attached {
            // A system without this tells nobody: the lease of the job still runs out.
            let _ = rustix::process::set_parent_process_death_signal(Some(
                rustix::process::Signal::TERM,
            ));
        }
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
                } else {
                    for line in &outcome.lines {
                        (self.print)(&format!("{line}\n"));
                    }
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
        if let Command::Doctor { store, register, key_file } = &command {
            let places = doctor::Places {
                store: store.as_deref(),
                register: register.as_deref(),
                key_file: key_file.as_deref(),
            };
            return Ok(doctor::run(places, language, self.now, self.print, common.json));
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
        Command::Flood(FloodCommand::Layers(arguments)) => {
            let LayersArguments { run, region, start, edition, store, out } = arguments;
            let target = Target::from_flags(store, out)?;
            flood_layers::run(&LayersRequest { run, region, start, edition, target }, context)
        }
        Command::Flood(FloodCommand::Forecast(arguments)) => {
            flood_forecast::run(&arguments, context)
        }
        Command::Flood(FloodCommand::Calibrate(arguments)) => calibrate::run(&arguments, context),
        Command::Flood(FloodCommand::Prepare(arguments)) => flood_prepare::run(&arguments, context),
        Command::Flood(FloodCommand::Replay(arguments)) => flood_replay::run(&arguments, context),
        Command::Flood(FloodCommand::Simulate(arguments)) => flood::run(&arguments, context),
        Command::Flood(FloodCommand::Verify(arguments)) => flood_verify::run(&arguments, context),
        Command::Flood(FloodCommand::Watch(arguments)) => flood_watch::run(&arguments, context),
        Command::Import(arguments) => import::run(&arguments.request()?, context),
        Command::Sample(SampleCommand::Generate { dir, seed, event }) => {
            let default = sample::Settings::default();
            let seed = seed.unwrap_or(default.seed);
            generate(&dir, &sample::Settings { seed, event, ..default }, context)
        }
        Command::Sample(SampleCommand::People { at }) => people::sample(&at, context),
        Command::Publish { dir, store } => publication::publish(&dir, &store, context),
        Command::Rollback { store, to } => publication::rollback(&store, to.as_deref(), context),
        Command::Gc { store, keep, region } => {
            publication::collect(&store, keep, region.as_deref(), context)
        }
        Command::Register(command) => register::run(command, context),
        Command::Organisation(command) => people::organisation(command, context),
        Command::User(command) => people::user(command, context),
        Command::Grant(command) => people::grant(command, context),
        Command::Key(command) => people::key(command, context),
        Command::Job(command) => jobs::run(command, context),
        Command::Tiles(command) => tiles::run(&command, context),
        Command::Work(arguments) => work::run(&arguments, context),
        // Answered before a pool is made.
        Command::Doctor { .. } | Command::Completions { .. } => Ok(Outcome::new(Status::Done)),
    }
}

fn generate(
    dir: &Path,
    settings: &sample::Settings,
    context: &Context,
) -> Result<Outcome, Failure> {
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
    if !context.force && sample::is_current(settings, dir).map_err(failed)? {
        return Ok(Outcome::new(Status::Unchanged));
    }
    context.progress.stage("sample", None);
    let summary = sample::generate(settings, dir).map_err(failed)?;
    let mut outcome = Outcome::new(Status::Done);
    outcome.counts.extend([
        ("files".to_owned(), summary.files.len() as u64),
        ("rivers".to_owned(), summary.rivers as u64),
        ("gauges".to_owned(), summary.gauges as u64),
        ("readings".to_owned(), summary.readings as u64),
    ]);
    Ok(outcome)
}

#[cfg(test)]
mod usage_tests;
