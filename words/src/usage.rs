//! Wrong use of a command line, told in the language of the caller.
//!
//! The parser says what is wrong as a kind with facts; its own sentences are English. A kind that
//! is not known here keeps them, below a heading in the caller's language.

use std::error::Error as _;
use std::net::AddrParseError;
use std::num::{ParseFloatError, ParseIntError};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use jomo_core::message::{Arguments, Coded};

use crate::{Language, lines, say, tell};

/// A time, and an address, as they are written.
const TIME: &str = "2026-01-31T09:00:00+09:00, 2026-01-31T00:00:00Z";
const ADDRESS: &str = "127.0.0.1:8080";

/// A command line that cannot be carried out.
#[derive(Debug, thiserror::Error)]
#[error("{shown}")]
pub struct UsageError {
    code: &'static str,
    arguments: Arguments,
    /// How the command is used: its line without the heading.
    usage: Option<String>,
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
        let (code, mut arguments) = facts(fault);
        let text = fault.to_string();
        let line = text.lines().next().unwrap_or_default();
        let shown = line.strip_prefix("error: ").unwrap_or(line).to_owned();
        if code == "cli-usage" {
            arguments = vec![("fault", shown.clone())];
        }
        let usage = fault.get(ContextKind::Usage).map(ToString::to_string);
        let usage = usage.as_deref().and_then(|usage| usage.trim().strip_prefix("Usage:"));
        let usage = usage.map(|usage| usage.trim().to_owned());
        Self { code, arguments, usage, shown }
    }
}

impl UsageError {
    /// The error for people, with how the command is used.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let mut told = tell(language, self);
        let near = self.arguments.iter().find(|(name, value)| *name == "near" && !value.is_empty());
        let near = near.map(|near| say(language, "cli-usage-near", std::slice::from_ref(near)));
        let usage = self.usage.as_ref();
        let usage = usage.map(|usage| say(language, "cli-usage-line", &[("usage", usage.clone())]));
        for line in near.into_iter().chain(usage).chain(told.hint.take()) {
            told.detail.push('\n');
            told.detail.push_str(&line);
        }
        lines(language, &[told]).join("\n")
    }
}

/// The code of a fault and what its texts mention.
fn facts(fault: &clap::Error) -> (&'static str, Arguments) {
    let words = |kind| fault.get(kind).map(plain).unwrap_or_default();
    let argument = words(ContextKind::InvalidArg);
    let value = words(ContextKind::InvalidValue);
    match fault.kind() {
        ErrorKind::UnknownArgument => {
            let near = words(ContextKind::SuggestedArg);
            ("cli-usage-unknown", vec![("argument", argument), ("near", near)])
        }
        ErrorKind::InvalidSubcommand => {
            let command = words(ContextKind::InvalidSubcommand);
            let near = words(ContextKind::SuggestedSubcommand);
            ("cli-usage-command", vec![("command", command), ("near", near)])
        }
        ErrorKind::MissingSubcommand => {
            ("cli-usage-no-command", vec![("commands", words(ContextKind::ValidSubcommand))])
        }
        ErrorKind::MissingRequiredArgument => ("cli-usage-missing", vec![("argument", argument)]),
        ErrorKind::ArgumentConflict => {
            let other = words(ContextKind::PriorArg);
            if other == argument {
                ("cli-usage-repeated", vec![("argument", argument)])
            } else {
                ("cli-usage-conflict", vec![("argument", argument), ("other", other)])
            }
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if value.is_empty() => {
            ("cli-usage-no-value", vec![("argument", argument)])
        }
        ErrorKind::InvalidValue => {
            let expected = words(ContextKind::ValidValue);
            let near = words(ContextKind::SuggestedValue);
            let arguments = vec![
                ("argument", argument),
                ("value", value),
                ("expected", expected),
                ("near", near),
            ];
            ("cli-usage-value", arguments)
        }
        ErrorKind::ValueValidation => refused(fault, argument, value),
        _ => ("cli-usage", Arguments::new()),
    }
}

/// A value that could not be read.
fn refused(fault: &clap::Error, argument: String, value: String) -> (&'static str, Arguments) {
    let source = fault.source();
    let is_number =
        source.is_some_and(|why| why.is::<ParseIntError>() || why.is::<ParseFloatError>());
    if is_number {
        return ("cli-usage-number", vec![("argument", argument), ("value", value)]);
    }
    // These say in English what was wrong; the form of what is right needs no language.
    let form = source.and_then(|why| {
        let time = why.is::<jiff::Error>().then_some(TIME);
        time.or_else(|| why.is::<AddrParseError>().then_some(ADDRESS))
    });
    let why = form.map(str::to_owned).or_else(|| source.map(ToString::to_string));
    let why = why.unwrap_or_default();
    // The parser's sentence for a number outside its range.
    let range = why.strip_prefix(&format!("{value} is not in "));
    let expected = range.map_or_else(|| why.clone(), str::to_owned);
    let arguments = vec![
        ("argument", argument),
        ("value", value),
        ("expected", expected),
        ("near", String::new()),
    ];
    ("cli-usage-value", arguments)
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
