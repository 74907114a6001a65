//! The help of every command in the language of the caller.

use clap::CommandFactory;
use jomo_words::{Language, text};

use super::Arguments;

/// The parser with its help in a language: texts `help-<command>` and `help-<command>-<flag>`.
pub(super) fn localised(language: Language) -> clap::Command {
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
