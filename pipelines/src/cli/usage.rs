//! Wrong use of the command line, told in the language of the caller.
//!
//! The parser says what is wrong as a kind with facts; its own sentences are English. A kind that
//! is not known here keeps them, below a heading in the caller's language.

use std::error::Error as _;
use std::net::AddrParseError;
use std::num::{ParseFloatError, ParseIntError};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use jomo_core::message::{Arguments, Coded};
use jomo_words::{Language, say, tell};

/// A time, and an address, as they are written.
const TIME: &str = "2026-01-31T09:00:00+09:00, 2026-01-31T00:00:00Z";
const ADDRESS: &str = "127.0.0.1:8080";

/// A command line that cannot be carried out.
#[derive(Debug, thiserror::Error)]
#[error("{shown}")]
pub(super) struct UsageError {
    code: &'static str,
    arguments: Arguments,
    /// How the command is used: its line without the heading.
    usage: Option<String>,
    /// What the parser itself says.
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
        let shown = fault.to_string();
        if code == "cli-usage" {
            arguments = vec![("fault", shown.trim_end().to_owned())];
        }
        let usage = fault.get(ContextKind::Usage).map(ToString::to_string);
        let usage = usage.as_deref().and_then(|usage| usage.trim().strip_prefix("Usage:"));
        let usage = usage.map(|usage| usage.trim().to_owned());
        Self { code, arguments, usage, shown }
    }
}

impl UsageError {
    /// The error for people.
    pub(super) fn text(&self, language: Language) -> String {
        let told = tell(language, self);
        let mut lines = vec![say(language, "cli-error", &[("title", told.title)])];
        lines.extend(told.detail.lines().map(|line| format!("  {line}")));
        if let Some(near) = self.arguments.iter().find(|(name, _)| *name == "near")
            && !near.1.is_empty()
        {
            lines
                .push(format!("  {}", say(language, "cli-usage-near", std::slice::from_ref(near))));
        }
        if let Some(usage) = &self.usage {
            lines.push(format!(
                "  {}",
                say(language, "cli-usage-line", &[("usage", usage.clone())])
            ));
        }
        lines.extend(told.hint.map(|hint| format!("  {hint}")));
        lines.join("\n")
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

#[cfg(test)]
mod tests {
    use super::*;
    use jomo_words::text;

    use crate::cli::help::localised;

    fn told(language: Language, line: &[&str]) -> String {
        let line = ["jomo"].iter().chain(line);
        let fault = localised(language).try_get_matches_from(line).unwrap_err();
        UsageError::from(&fault).text(language)
    }

    /// What people see when they mistype: no English but the words of the command line itself.
    #[test]
    fn wrong_use_is_told_in_japanese() {
        let lines: [&[&str]; 13] = [
            &["publish", "d", "--stor", "s"],
            &["fly"],
            &["imprt", "a.csv"],
            &["publish", "d"],
            &["publish", "d", "--store"],
            &["publish", "d", "--store", "s", "--store", "t"],
            &["import", "a", "--layer", "a", "--min-zoom", "99"],
            &["import", "a", "--layer", "a", "--min-zoom", "x"],
            &["import", "a", "--layer", "a", "--crs", "x"],
            &["import", "a", "--layer", "a", "--title-ja", "x"],
            &["doctor", "--lang", "fr"],
            &["job", "show", "x"],
            &["key", "create", "a", "--until", "xx"],
        ];
        let all = lines.map(|line| told(Language::Ja, line)).join("\n\n");
        insta::assert_snapshot!(all, @"
        エラー: 使い方が違います
          --stor という指定はありません。
          もしかして: --store
          書き方: jomo publish --store <STORE> <DIR>
          使える指定は --help で見られます。

        エラー: 使い方が違います
          fly という命令はありません。
          書き方: jomo [OPTIONS] <COMMAND>
          使える命令は --help で見られます。

        エラー: 使い方が違います
          imprt という命令はありません。
          もしかして: import
          書き方: jomo [OPTIONS] <COMMAND>
          使える命令は --help で見られます。

        エラー: 使い方が違います
          次の指定が要ります: --store <STORE>
          書き方: jomo publish --store <STORE> <DIR>
          詳しくは --help で見られます。

        エラー: 使い方が違います
          --store <STORE> の値がありません。

        エラー: 使い方が違います
          --store <STORE> は1回だけ書けます。
          書き方: jomo publish [OPTIONS] --store <STORE> <DIR>

        エラー: 使い方が違います
          --min-zoom <MIN_ZOOM> に「99」は使えません。使える値: 0..=16

        エラー: 使い方が違います
          --min-zoom <MIN_ZOOM> の「x」は数ではありません。

        エラー: 使い方が違います
          --crs <CRS> に「x」は使えません。使える値: 4612, EPSG:4612

        エラー: 使い方が違います
          次の指定が要ります: --title-en <TITLE_EN>
          書き方: jomo import --layer <LAYER> --title-ja <TITLE_JA> --title-en <TITLE_EN> <FILE>
          詳しくは --help で見られます。

        エラー: 使い方が違います
          --lang <LANG> に「fr」は使えません。使える値: ja, en

        エラー: 使い方が違います
          <ID> に「x」は使えません。使える値: xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx

        エラー: 使い方が違います
          --until <UNTIL> に「xx」は使えません。使える値: 2026-01-31T09:00:00+09:00, 2026-01-31T00:00:00Z
        ");
    }

    #[test]
    fn wrong_use_is_told_in_english() {
        let all = [
            told(Language::En, &["publish", "d", "--stor", "s"]),
            told(Language::En, &["doctor", "--lang", "fr"]),
            told(Language::En, &["import", "a", "--layer", "a", "--min-zoom", "99"]),
        ]
        .join("\n\n");
        insta::assert_snapshot!(all, @"
        error: wrong use
          There is no --stor.
          Perhaps: --store
          Usage: jomo publish --store <STORE> <DIR>
          --help lists what there is.

        error: wrong use
          --lang <LANG> cannot be “fr”. Accepted: ja, en

        error: wrong use
          --min-zoom <MIN_ZOOM> cannot be “99”. Accepted: 0..=16
        ");
    }

    /// The facts of an error stay out of its sentences where there are none.
    #[test]
    fn every_code_has_its_texts() {
        let codes = [
            "unknown",
            "command",
            "no-command",
            "missing",
            "repeated",
            "conflict",
            "no-value",
            "value",
            "number",
        ];
        for code in codes {
            for language in [Language::Ja, Language::En] {
                let id = format!("cli-usage-{code}");
                for part in ["title", "detail"] {
                    assert!(text(language, &format!("{id}.{part}"), &[]).is_some(), "{id}.{part}");
                }
            }
        }
    }
}
