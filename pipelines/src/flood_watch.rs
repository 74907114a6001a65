//! `jomo flood watch`: a cycle for each new product of rain, for as long as it is not told to stop.
//!
//! The watch never computes itself. It starts `jomo flood forecast` for a slot, and `jomo publish`
//! for what that has left; when to do so, and when not, is decided by [`rules`].

#[cfg(test)]
mod laws;
mod place;
pub mod rules;
mod runner;
pub mod settings;
pub mod spool;
mod state;
#[cfg(test)]
mod trial;

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use jomo_core::message::{Arguments, Coded};

use self::place::Place;
use self::runner::Runner;
use crate::failure::{CommandError, Exit, Failure};
use crate::outcome::{Outcome, Status};
use crate::region::Region;
use crate::run::Context;
use crate::work::Attending;

/// Arguments of `jomo flood watch`.
#[derive(Clone, Debug, Args)]
pub struct WatchArguments {
    /// Region file, or the folder it is in.
    pub region: PathBuf,
    /// The store to publish in.
    #[arg(long)]
    pub store: PathBuf,
    /// Where the watch keeps its state and the record of each cycle.
    #[arg(long)]
    pub work: Option<PathBuf>,
    /// Compute what is there, and end.
    #[arg(long)]
    pub once: bool,
    /// Seconds between two looks at the spool.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub poll_s: u64,
    /// Time at which the clock of the watch begins; for fictional regions.
    #[arg(long)]
    pub now: Option<Timestamp>,
    /// The program that computes and publishes; by default this one.
    #[arg(long, hide = true)]
    pub program: Option<PathBuf>,
}

/// Why a watch cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The region file lacks a key that this command needs.
    #[error("the region has no `{key}`")]
    Lacks {
        /// The key with its table.
        key: &'static str,
    },
    /// Another watch works in the same folder.
    #[error("another watch works in {path}")]
    Busy {
        /// The folder.
        path: String,
    },
    /// Another clock than that on the wall, for a real region.
    #[error("--now is for fictional regions only")]
    Clock,
}

impl Coded for WatchError {
    fn code(&self) -> &'static str {
        match self {
            Self::Lacks { .. } => "forecast-region-key",
            Self::Busy { .. } => "watch-busy",
            Self::Clock => "watch-clock",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Lacks { key } => vec![("key", (*key).to_owned())],
            Self::Busy { path } => vec![("path", path.clone())],
            Self::Clock => Vec::new(),
        }
    }
}

/// Watches the spool of a region until told to stop.
///
/// # Errors
/// If the region or its folders cannot be used. A cycle that fails is no failure of the watch.
pub fn run(arguments: &WatchArguments, context: &Context) -> Result<Outcome, Failure> {
    let region = Region::open(&arguments.region)?;
    if arguments.now.is_some() && !region.fictional {
        return Err(Failure::new(Exit::Blocked, WatchError::Clock));
    }
    let lacks = |key| Failure::input(&arguments.region, WatchError::Lacks { key });
    let spool = region.rainfall.spool.clone().ok_or_else(|| lacks("rainfall.spool"))?;
    if let Err(source) = std::fs::read_dir(&spool) {
        return Err(Failure::input(&spool, CommandError::io(&spool, &source)));
    }
    let state = || region.forecasts.state.as_ref().map(|state| state.join("watch"));
    let work = arguments.work.clone().or_else(state).ok_or_else(|| lacks("forecast.state"))?;
    if context.dry_run {
        return Ok(Outcome::new(Status::DryRun));
    }
    let place = Place::open(&region, &spool, &work)?;
    let _attending = Attending::begin();
    Runner::new(arguments, context, &region, place).serve()
}
