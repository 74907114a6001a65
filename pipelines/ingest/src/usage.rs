//! Wrong use of the command line, told in the language of the caller.
//!
//! The parser says what is wrong as a kind with facts; its own sentences are English. The texts
//! are `cli-usage-*`, those of every command line here.

use std::error::Error as _;
use std::num::{ParseFloatError, ParseIntError};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use jomo_core::message::{Arguments, Coded};

/// A command line that cannot be carried out.
#[derive(Debug, thiserror::Error)]
#[error("{shown}")]
pub(crate) struct UsageError {
    code: &'static str,
    arguments: Arguments,
    /// The first line of what the parser itself says.
    shown: String,
}

impl Coded for UsageError {
    fn code(&self) -> &'static str {
        self.code
    }

    fn arguments(&self) -> Arguments {
        self.arguments.clone()
    }
}

impl From<&clap::Error> for UsageError {
    fn from(fault: &clap::Error) -> Self {
        let text = fault.to_string();
        let line = text.lines().next().unwrap_or_default();
        let shown = line.strip_prefix("error: ").unwrap_or(line).to_owned();
        let (code, arguments) =
            facts(fault).unwrap_or_else(|| ("cli-usage", vec![("fault", shown.clone())]));
        Self { code, arguments, shown }
    }
}

/// The code of a fault and what its texts mention; `None` for a kind that is not known here.
fn facts(fault: &clap::Error) -> Option<(&'static str, Arguments)> {
    let words = |kind| fault.get(kind).map(plain).unwrap_or_default();
    let argument = ("argument", words(ContextKind::InvalidArg));
    let value = words(ContextKind::InvalidValue);
    Some(match fault.kind() {
        ErrorKind::UnknownArgument => ("cli-usage-unknown", vec![argument]),
        ErrorKind::MissingRequiredArgument => ("cli-usage-missing", vec![argument]),
        ErrorKind::ArgumentConflict => {
            let other = words(ContextKind::PriorArg);
            if other == argument.1 {
                ("cli-usage-repeated", vec![argument])
            } else {
                ("cli-usage-conflict", vec![argument, ("other", other)])
            }
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if value.is_empty() => {
            ("cli-usage-no-value", vec![argument])
        }
        ErrorKind::InvalidValue => {
            let expected = words(ContextKind::ValidValue);
            ("cli-usage-value", vec![argument, ("value", value), ("expected", expected)])
        }
        ErrorKind::ValueValidation => {
            let source = fault.source();
            let is_number =
                source.is_some_and(|why| why.is::<ParseIntError>() || why.is::<ParseFloatError>());
            if is_number {
                return Some(("cli-usage-number", vec![argument, ("value", value)]));
            }
            let why = source.map(ToString::to_string).unwrap_or_default();
            // The parser's sentence for a number outside its range, or the form of a right value.
            let range = why.strip_prefix(&format!("{value} is not in "));
            let expected = range.unwrap_or(&why).to_owned();
            ("cli-usage-value", vec![argument, ("value", value), ("expected", expected)])
        }
        ErrorKind::InvalidSubcommand => {
            let command = words(ContextKind::InvalidSubcommand);
            ("cli-usage-command", vec![("command", command)])
        }
        ErrorKind::MissingSubcommand => {
            ("cli-usage-no-command", vec![("commands", words(ContextKind::ValidSubcommand))])
        }
        _ => return None,
    })
}

/// A fact as plain words.
fn plain(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(all) => all.join(", "),
        ContextValue::StyledStrs(all) => {
            all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        ContextValue::None => String::new(),
        one => one.to_string(),
    }
}
