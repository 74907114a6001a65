//! `jomo flood simulate`: the inundation of a case, from files to rasters.
//!
//! `docs/spec/flood-case.md` is the contract of the case file and of what is written.

mod breach;
mod case;
mod fault;
mod jma;
mod parameters;
mod prepare;
mod raster;
mod series;
mod simulate;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jomo_flood::Scheme;
use serde_json::json;

pub use self::breach::{BreachFile, BreachPlace, When};
use self::case::Case;
pub use self::fault::{CaseFault, FileFault};
pub use self::parameters::{FACTORS, Parameters};
use crate::failure::{BoxedError, CommandError, Exit, Failure};
use crate::outcome::Outcome;
use crate::run::{Context, Plan, Target, record_failure_of};
use crate::source::read_bounded;

/// Name of the command in records.
const COMMAND: &str = "flood simulate";
/// Largest case file that is read, in bytes.
const CASE_MAX: u64 = 1 << 20;

/// Arguments of `jomo flood simulate`.
#[derive(Clone, Debug, Args)]
pub struct SimulateArguments {
    /// The case file.
    pub case: PathBuf,
    /// A folder for the result.
    #[arg(long)]
    pub out: PathBuf,
    /// How fluxes are computed.
    #[arg(long, value_enum, default_value_t)]
    pub scheme: SchemeName,
    /// Order of the scheme in space and time.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub order: u8,
    /// Numbers that it computes with.
    #[arg(long, value_enum, default_value_t)]
    pub precision: Precision,
}

/// How fluxes are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SchemeName {
    /// The full equations of shallow water.
    #[default]
    Hllc,
    /// The local inertial equations: cheaper, for slow flow over plains.
    Inertial,
}

/// Numbers that a run computes with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    /// 32 bits: fast.
    #[default]
    F32,
    /// 64 bits: to check.
    F64,
}

impl SimulateArguments {
    /// The kernel's scheme.
    fn scheme(&self) -> Result<Scheme, Failure> {
        match (self.scheme, self.order) {
            (SchemeName::Hllc, 2) => Ok(Scheme::Second),
            (SchemeName::Hllc, _) => Ok(Scheme::First),
            (SchemeName::Inertial, 1) => Ok(Scheme::Inertial),
            (SchemeName::Inertial, order) => {
                let (value, expected) = (order.to_string(), "1 (--scheme inertial)".to_owned());
                Err(Failure::new(
                    Exit::Usage,
                    CommandError::Flag { flag: "order", value, expected },
                ))
            }
        }
    }
}

/// Computes a case.
///
/// # Errors
/// If the case or one of its files has faults, if the computation breaks down, or if the result
/// cannot be written.
pub fn run(arguments: &SimulateArguments, context: &Context) -> Result<Outcome, Failure> {
    let target = Target::Out(arguments.out.clone());
    let name = |value: Option<clap::builder::PossibleValue>| {
        json!(value.map(|value| value.get_name().to_owned()))
    };
    let settings = BTreeMap::from([
        ("scheme".to_owned(), name(arguments.scheme.to_possible_value())),
        ("order".to_owned(), json!(arguments.order)),
        ("precision".to_owned(), name(arguments.precision.to_possible_value())),
    ]);
    let plan = Plan { command: COMMAND, settings, inputs: Vec::new(), layers: Vec::new() };
    record_failure_of(plan, &target, context, |plan| compute(arguments, plan, &target, context))
}

fn compute(
    arguments: &SimulateArguments,
    plan: &mut Plan,
    target: &Target,
    context: &Context,
) -> Result<Outcome, Failure> {
    let scheme = arguments.scheme()?;
    context.progress.stage("read", None);
    let case = open(&arguments.case)?;
    plan.settings.insert("case".to_owned(), case.settings());
    plan.inputs = match prepare::inputs(&arguments.case, &case) {
        Ok(inputs) => inputs,
        // What else is wrong is told with the files that are missing.
        Err(missing) => {
            return Err(prepare::prepare(&arguments.case, &case).err().unwrap_or(missing));
        }
    };
    if let Some(unchanged) = plan.unchanged(context, target)? {
        return Ok(unchanged);
    }
    let prepared = prepare::prepare(&arguments.case, &case)?;
    let computation = simulate::Computation { case: &case, path: &arguments.case, scheme, context };
    let outcome = plan.clone().execute(context, target, |_, folder| match arguments.precision {
        Precision::F32 => computation.run::<f32>(prepared, folder),
        Precision::F64 => computation.run::<f64>(prepared, folder),
    })?;
    Ok(simulate::tell(outcome, target))
}

/// Reads and checks a case file.
fn open(path: &Path) -> Result<Case, Failure> {
    let bytes = read_bounded(path, CASE_MAX)?;
    let text = String::from_utf8(bytes).map_err(|fault| {
        let sound = &fault.as_bytes()[..fault.utf8_error().valid_up_to()];
        let line = String::from_utf8_lossy(sound).matches('\n').count() + 1;
        Failure::input(path, CaseFault::Syntax { line, reason: "not UTF-8".to_owned() })
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Case::parse(text, path.parent().unwrap_or(Path::new(""))).map_err(|faults| Failure {
        exit: Exit::Input,
        place: Some(path.display().to_string()),
        errors: faults.into_iter().map(|fault| Box::new(fault) as BoxedError).collect(),
        recorded: false,
    })
}
