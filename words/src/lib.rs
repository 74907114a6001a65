//! Texts for people in Japanese and English, put together from `words/*.ftl` (Fluent).
//!
//! An error carries a code and facts ([`Coded`]); its sentences are the attributes `title`,
//! `detail` and `hint` of the message with that code. Only the binaries render texts; the web
//! page imports the same files.

mod coded;
mod term;
mod terminal;
mod usage;

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use jomo_core::layer::Text;
use jomo_core::message::Coded;
pub use jomo_core::time::Language;
use unic_langid::{LanguageIdentifier, langid};

pub use self::coded::{coded_json, failed_json, retold};
pub use self::term::fact;
pub use self::terminal::lines;
pub use self::usage::UsageError;

macro_rules! area {
    ($($name:literal),* $(,)?) => {
        [$((
            $name,
            include_str!(concat!("../", $name, ".ja.ftl")),
            include_str!(concat!("../", $name, ".en.ftl")),
        )),*]
    };
}

/// Every file of texts: area, Japanese, English.
const AREAS: &[(&str, &str, &str)] = &area![
    "aaigrid",
    "basin",
    "cli",
    "core",
    "dam",
    "elevation",
    "flood",
    "flood-layers",
    "forecast",
    "gauge",
    "geotiff",
    "grib",
    "ingest",
    "rainfall",
    "register",
    "river",
    "runoff",
    "sample",
    "server",
    "store",
    "system",
    "terrain",
    "tile",
    "vector",
    "verify",
];

/// Facts of errors in Japanese; their English is what the errors carry.
const TERMS: &str = include_str!("../terms.ftl");

static JAPANESE: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| bundle(langid!("ja"), AREAS.iter().map(|area| area.1).chain([TERMS])));
static ENGLISH: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| bundle(langid!("en"), AREAS.iter().map(|area| area.2)));

fn bundle<'a>(
    language: LanguageIdentifier,
    sources: impl Iterator<Item = &'a str>,
) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Terminals and JSON show the isolation marks as boxes.
    bundle.set_use_isolating(false);
    for source in sources {
        // A file with a fault still gives its sound messages; the tests refuse the fault.
        let resource = match FluentResource::try_new(source.to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// One text: `id` or `id.attribute`, with its arguments filled in; `None` if there is no such
/// text.
#[must_use]
pub fn text(language: Language, id: &str, arguments: &[(&str, String)]) -> Option<String> {
    filled(language, id, arguments).map(|(text, _)| text)
}

/// Like [`text`], and whether every argument that the text mentions was there.
fn filled(language: Language, id: &str, arguments: &[(&str, String)]) -> Option<(String, bool)> {
    let bundle = match language {
        Language::Ja => &*JAPANESE,
        Language::En => &*ENGLISH,
    };
    let (id, attribute) = id.split_once('.').map_or((id, None), |(id, rest)| (id, Some(rest)));
    let message = bundle.get_message(id)?;
    let pattern = match attribute {
        Some(name) => message.get_attribute(name)?.value(),
        None => message.value()?,
    };
    let mut named = FluentArgs::new();
    for (name, value) in arguments {
        named.set(*name, FluentValue::from(value.as_str()));
    }
    // A missing argument leaves `{$name}` in the text: odd, but better than no text.
    let mut faults = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&named), &mut faults).into_owned();
    Some((text, faults.is_empty()))
}

/// Like [`text`], with the id itself where there is no such text.
#[must_use]
pub fn say(language: Language, id: &str, arguments: &[(&str, String)]) -> String {
    text(language, id, arguments).unwrap_or_else(|| id.to_owned())
}

/// A text in both languages, for what is published.
#[must_use]
pub fn both(id: &str) -> Text {
    Text { ja: say(Language::Ja, id, &[]), en: say(Language::En, id, &[]) }
}

/// The name of a fault that is counted: the reader that counts it has its title among its own texts.
#[must_use]
pub fn fault_title(language: Language, code: &str) -> String {
    let own = text(language, &format!("{code}.title"), &[]);
    own.unwrap_or_else(|| say(language, &format!("fault-{code}"), &[]))
}

/// The texts of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What happened, in a few words.
    pub title: String,
    /// Which file, which place, what was expected.
    pub detail: String,
    /// What to do next.
    pub hint: Option<String>,
}

/// Tells an error to a person. Without texts for its code, the English log line is the detail.
#[must_use]
pub fn tell(language: Language, error: &dyn Coded) -> Told {
    let mut arguments = error.arguments();
    for (name, value) in &mut arguments {
        *value = fact(language, name, std::mem::take(value));
    }
    let part = |code: &str, part: &str| text(language, &format!("{code}.{part}"), &arguments);
    Told {
        title: part(error.code(), "title").unwrap_or_else(|| error.code().to_owned()),
        detail: part(error.code(), "detail").unwrap_or_else(|| error.to_string()),
        hint: error.hint().and_then(|code| part(code, "hint")),
    }
}

/// The system's reason in the reader's language: what ends in `(os error N)`, as the standard
/// library writes it. The number stays in the English log line.
fn system_reason(language: Language, value: &str) -> Option<String> {
    let (_, rest) = value.rsplit_once("(os error ")?;
    let number = rest.strip_suffix(')')?;
    let known = number.bytes().all(|digit| digit.is_ascii_digit());
    text(language, &format!("os-error-{number}"), &[]).filter(|_| known)
}

/// The language that `--lang` names, found before the arguments are parsed: their faults are told
/// in it too.
#[must_use]
pub fn language_flag(line: &[std::ffi::OsString]) -> Option<Language> {
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

/// The language of a command: `--lang`, else the first set of `LC_ALL`, `LC_MESSAGES`, `LANG`
/// (`ja*` is Japanese, any other English), else Japanese.
#[must_use]
pub fn language_of(flag: Option<Language>, locale: impl Fn(&str) -> Option<String>) -> Language {
    let from_locale = || {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| locale(name).filter(|value| !value.is_empty()))
            .map(|value| if value.starts_with("ja") { Language::Ja } else { Language::En })
    };
    flag.or_else(from_locale).unwrap_or_default()
}

/// The language that an `Accept-Language` header prefers; Japanese unless English stands higher.
///
/// ```
/// use jomo_words::{accepted, Language};
/// assert_eq!(accepted("en-GB,en;q=0.8,ja;q=0.5"), Language::En);
/// assert_eq!(accepted("fr"), Language::Ja);
/// ```
#[must_use]
pub fn accepted(header: &str) -> Language {
    let quality = |wanted: &str| {
        let mut best = 0.0_f32;
        for range in header.split(',').take(20) {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let q = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse().ok());
            if tag.split('-').next().is_some_and(|tag| tag.eq_ignore_ascii_case(wanted)) {
                best = best.max(q.unwrap_or(1.0));
            }
        }
        best
    };
    if quality("ja") < quality("en") { Language::En } else { Language::Ja }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids at the start of a line, with the names of their arguments.
    fn ids(source: &str) -> Vec<(String, std::collections::BTreeSet<String>)> {
        let mut found: Vec<(String, std::collections::BTreeSet<String>)> = Vec::new();
        for line in source.lines() {
            if line.starts_with(|first: char| first.is_ascii_lowercase()) {
                let id = line.split('=').next().unwrap().trim().to_owned();
                found.push((id, std::collections::BTreeSet::new()));
            }
            if line.starts_with('#') {
                continue;
            }
            let Some((_, arguments)) = found.last_mut() else { continue };
            for rest in line.split('$').skip(1) {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
                arguments.insert(rest[..end.unwrap_or(rest.len())].to_owned());
            }
        }
        found
    }

    #[test]
    fn both_languages_have_the_same_texts_with_the_same_arguments() {
        let mut seen = std::collections::BTreeSet::new();
        for (area, ja, en) in AREAS {
            for source in [ja, en] {
                let faults = FluentResource::try_new((*source).to_owned()).err();
                assert!(faults.is_none(), "{area}: {:?}", faults.map(|(_, faults)| faults));
            }
            let (mut ja, mut en) = (ids(ja), ids(en));
            ja.sort();
            en.sort();
            assert_eq!(ja, en, "{area}");
            for (id, _) in ja {
                assert!(seen.insert(id.clone()), "{id} is defined twice");
            }
        }
    }

    #[test]
    fn every_term_is_sound_and_there_once() {
        assert!(FluentResource::try_new(TERMS.to_owned()).is_ok());
        let mut seen = std::collections::BTreeSet::new();
        for (id, _) in ids(TERMS) {
            assert!(id.starts_with("term-") && seen.insert(id.clone()), "{id}");
        }
    }

    #[test]
    fn the_locale_decides_unless_a_flag_does() {
        let locale =
            |value: &'static str| move |name: &str| (name == "LANG").then(|| value.to_owned());
        assert_eq!(language_of(None, |_| None), Language::Ja);
        assert_eq!(language_of(None, locale("ja_JP.UTF-8")), Language::Ja);
        assert_eq!(language_of(None, locale("C.UTF-8")), Language::En);
        assert_eq!(language_of(Some(Language::Ja), locale("C")), Language::Ja);
    }

    #[test]
    fn the_systems_reasons_are_told_in_the_readers_language() {
        let full = std::io::Error::from_raw_os_error(28).to_string();
        assert!(full.contains("(os error 28)"), "{full}");
        let ja = system_reason(Language::Ja, &full).unwrap();
        assert_eq!(ja, "ディスクに空きがありません");
        let en = system_reason(Language::En, &full).unwrap();
        assert_eq!(en, "the disk is full");
        for other in ["", "x (os error 9999)", "(os error )", "(os error 2", "(os error 2x)"] {
            assert_eq!(system_reason(Language::Ja, other), None, "{other}");
        }
    }

    #[test]
    fn a_header_full_of_nonsense_is_japanese() {
        for header in ["", ",;q=", "*", "en;q=0", "ja,en"] {
            assert_eq!(accepted(header), Language::Ja, "{header}");
        }
        assert_eq!(accepted("ja;q=0.2, EN-us"), Language::En);
    }
}
