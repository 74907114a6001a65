//! The commands that may be queued, their flags, and what a value of each must be.
//!
//! The rules of a value are those of the command itself (`jomo import`, `jomo flood rain`): what
//! is taken here runs there. The crate `jomo` tests that both agree.

use jomo_core::layer::{Access, Kind, Symbol, is_layer_id};
use jomo_core::organisation::OrganisationKind;
use serde::de::DeserializeOwned;

/// Highest zoom of a layer that says nothing of its own.
pub(super) const MAX_ZOOM: u8 = 12;
/// Highest zoom with tiles.
const ZOOMS: u8 = 16;

/// What follows a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing.
    Nothing,
    /// One value that is no file.
    One(Value),
    /// One value or more that are no files.
    Many(Value),
    /// One file or more.
    Files,
    /// One file, which a remote job may not name.
    LocalFile,
}

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Any text.
    Text,
    /// The id of a layer.
    Layer,
    /// An encoding.
    Encoding,
    /// A kind of layer.
    Kind,
    /// A root of the store.
    Access,
    /// A kind of organisation.
    Organisation,
    /// `FIELD=VALUE[,VALUE…]`.
    Rows,
    /// A zoom.
    Zoom,
    /// `#rrggbb`.
    Color,
    /// How a layer is drawn.
    Symbol,
    /// A code of EPSG.
    Epsg,
}

pub(super) struct Flag {
    /// As it is written.
    pub(super) name: &'static str,
    /// Another name of the same.
    pub(super) alias: Option<&'static str>,
    pub(super) takes: Takes,
}

pub(super) struct Command {
    /// The words that begin the command line.
    pub(super) name: &'static str,
    /// Whether it takes a file that no flag announces, and cannot do without.
    pub(super) takes_file: bool,
    /// Flags that it cannot do without.
    pub(super) required: &'static [&'static str],
    /// Flags of which none stands alone.
    pub(super) together: &'static [[&'static str; 2]],
    pub(super) flags: &'static [Flag],
}

const fn flag(name: &'static str, takes: Takes) -> Flag {
    Flag { name, alias: None, takes }
}

const fn also(name: &'static str, alias: &'static str, takes: Takes) -> Flag {
    Flag { name, alias: Some(alias), takes }
}

pub(super) const COMMANDS: [Command; 2] = [
    Command {
        name: "import",
        takes_file: true,
        required: &["--layer"],
        together: &[["--title-ja", "--title-en"]],
        flags: &[
            flag("--layer", Takes::One(Value::Layer)),
            flag("--region", Takes::LocalFile),
            flag("--id-field", Takes::One(Value::Text)),
            also("--lon-field", "--x-field", Takes::One(Value::Text)),
            also("--lat-field", "--y-field", Takes::One(Value::Text)),
            flag("--label-field", Takes::One(Value::Text)),
            flag("--encoding", Takes::One(Value::Encoding)),
            flag("--title-ja", Takes::One(Value::Text)),
            flag("--title-en", Takes::One(Value::Text)),
            flag("--kind", Takes::One(Value::Kind)),
            flag("--access", Takes::One(Value::Access)),
            flag("--audience", Takes::Many(Value::Organisation)),
            flag("--restricted-field", Takes::Many(Value::Text)),
            flag("--public-rows", Takes::One(Value::Rows)),
            flag("--attribution", Takes::One(Value::Text)),
            flag("--licence", Takes::One(Value::Text)),
            flag("--min-zoom", Takes::One(Value::Zoom)),
            flag("--max-zoom", Takes::One(Value::Zoom)),
            flag("--color", Takes::One(Value::Color)),
            flag("--symbol", Takes::One(Value::Symbol)),
            flag("--crs", Takes::One(Value::Epsg)),
            flag("--source-layer", Takes::One(Value::Text)),
            flag("--fictional", Takes::Nothing),
            flag("--force", Takes::Nothing),
        ],
    },
    Command {
        name: "flood rain",
        takes_file: false,
        required: &["--grib"],
        together: &[],
        flags: &[
            flag("--grib", Takes::Files),
            // The worker names its own where a job names none.
            flag("--region", Takes::LocalFile),
            flag("--force", Takes::Nothing),
        ],
    },
];

impl Command {
    /// The flag of this name.
    pub(super) fn flag(&self, name: &str) -> Option<&'static Flag> {
        self.flags.iter().find(|flag| flag.name == name || flag.alias == Some(name))
    }
}

impl Value {
    /// Whether the command takes this value.
    pub(super) fn accepts(self, text: &str) -> bool {
        match self {
            Self::Text => !text.is_empty(),
            Self::Layer => is_layer_id(text),
            Self::Encoding => ["utf-8", "utf8", "cp932", "shift_jis", "sjis"]
                .iter()
                .any(|name| text.eq_ignore_ascii_case(name)),
            Self::Kind => is_word::<Kind>(text),
            Self::Access => is_word::<Access>(text),
            Self::Symbol => is_word::<Symbol>(text),
            Self::Organisation => OrganisationKind::named(text).is_some(),
            Self::Rows => text.split_once('=').is_some_and(|(field, values)| {
                !field.is_empty() && values.split(',').all(|value| !value.is_empty())
            }),
            Self::Zoom => zoom(text).is_some(),
            Self::Color => {
                text.len() == 7
                    && text.starts_with('#')
                    && text.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit())
            }
            Self::Epsg => epsg(text),
        }
    }

    /// What is accepted, in signs of every language.
    pub(super) const fn expected(self) -> &'static str {
        match self {
            Self::Text => "…",
            Self::Layer => "[a-z][a-z0-9_]*, <= 64",
            Self::Encoding => "utf-8, cp932",
            Self::Kind => "observation, designated, relayed, forecast, inventory, register",
            Self::Access => "public, restricted",
            Self::Organisation => {
                "prefecture, municipality, forestry-enterprise, road-contractor, co-creation, owner"
            }
            Self::Rows => "FIELD=VALUE[,VALUE…]",
            Self::Zoom => "0..=16",
            Self::Color => "#rrggbb",
            Self::Symbol => "fill, line, circle",
            Self::Epsg => "4612, EPSG:4612",
        }
    }
}

/// Whether a word is one of those of an enumeration of the layer's metadata.
fn is_word<T: DeserializeOwned>(text: &str) -> bool {
    serde_json::from_value::<T>(serde_json::Value::from(text)).is_ok()
}

/// A zoom with tiles.
pub(super) fn zoom(text: &str) -> Option<u8> {
    text.parse().ok().filter(|zoom| *zoom <= ZOOMS)
}

/// `4612` or `EPSG:4612`.
fn epsg(text: &str) -> bool {
    let digits = match text.get(..5) {
        Some(head) if head.eq_ignore_ascii_case("epsg:") => text.get(5..).unwrap_or_default(),
        _ => text,
    };
    digits.parse::<u32>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_organisations_are_all_there() {
        for name in Value::Organisation.expected().split(", ") {
            assert!(Value::Organisation.accepts(name), "{name}");
        }
        for value in [Value::Kind, Value::Access, Value::Symbol, Value::Encoding, Value::Epsg] {
            for name in value.expected().split(", ") {
                assert!(value.accepts(name), "{name}");
            }
        }
    }
}
