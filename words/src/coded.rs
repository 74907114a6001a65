//! Errors as data: code and facts, which stay, and their sentences, which depend on the reader.

use jomo_core::message::Coded;
use serde_json::{Map, Value, json};

use crate::{Language, fact, filled, tell};

/// Most errors of one message that are told again; a command stops long before.
const ERRORS_MAX: usize = 100;

/// An error as data: `code`, `arguments`, and in a language `title`, `detail` and `hint` (a text
/// or null).
#[must_use]
pub fn coded_json(language: Language, error: &dyn Coded) -> Value {
    let told = tell(language, error);
    let arguments: Map<_, _> = error
        .arguments()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::String(value)))
        .collect();
    json!({
        "code": error.code(),
        "title": told.title,
        "detail": told.detail,
        "hint": told.hint,
        "arguments": arguments,
    })
}

/// A failed command as data, without a place.
#[must_use]
pub fn failed_json(language: Language, error: &dyn Coded) -> Value {
    json!({ "status": "failed", "errors": [coded_json(language, error)] })
}

/// A stored message with its `errors` told in the language of whoever reads it now. What has no
/// text, or lacks a fact that its text mentions, stays as it was stored.
#[must_use]
pub fn retold(language: Language, mut message: Value) -> Value {
    if let Some(errors) = message.get_mut("errors").and_then(Value::as_array_mut) {
        for error in errors.iter_mut().take(ERRORS_MAX) {
            if let Some(error) = error.as_object_mut() {
                retell(language, error);
            }
        }
    }
    message
}

fn retell(language: Language, error: &mut Map<String, Value>) {
    let Some(code) = error.get("code").and_then(Value::as_str).map(str::to_owned) else { return };
    let facts = error.get("arguments").and_then(Value::as_object);
    let arguments: Vec<(String, String)> = facts
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| {
            let value = value.as_str()?;
            Some((name.clone(), fact(language, name, value.to_owned())))
        })
        .collect();
    let arguments: Vec<(&str, String)> =
        arguments.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    for part in ["title", "detail", "hint"] {
        // An error that says itself that it has no hint keeps none.
        if part == "hint" && error.get(part).is_some_and(Value::is_null) {
            continue;
        }
        let text = filled(language, &format!("{code}.{part}"), &arguments);
        match text {
            Some((text, true)) => drop(error.insert(part.to_owned(), text.into())),
            Some((text, false)) if !error.contains_key(part) => {
                error.insert(part.to_owned(), text.into());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("no register at {path}")]
    struct Missing {
        path: &'static str,
    }

    impl Coded for Missing {
        fn code(&self) -> &'static str {
            "register-io"
        }

        fn arguments(&self) -> jomo_core::message::Arguments {
            let reason = std::io::Error::from_raw_os_error(28).to_string();
            vec![("path", self.path.to_owned()), ("reason", reason)]
        }
    }

    /// Whatever language an error was stored in, it reads as if it had been stored in the
    /// reader's own.
    #[test]
    fn a_stored_error_is_told_in_the_readers_language() {
        let languages = [Language::Ja, Language::En];
        for stored in languages {
            for reader in languages {
                let message = failed_json(stored, &Missing { path: "r.sqlite" });
                assert_eq!(
                    retold(reader, message),
                    failed_json(reader, &Missing { path: "r.sqlite" })
                );
            }
        }
        let ja = failed_json(Language::Ja, &Missing { path: "r" });
        assert_eq!(ja["errors"][0]["detail"], "r: ディスクに空きがありません");
    }

    #[test]
    fn what_cannot_be_told_stays() {
        for message in [
            json!({ "status": "done" }),
            json!({ "errors": [{ "code": "no-such-code", "detail": "x" }] }),
            // A fact is lacking.
            json!({ "errors": [{ "code": "register-io", "detail": "x", "title": "ファイルを読み書きできません", "hint": null }] }),
            json!({ "errors": ["x", 3, null, { "code": 3 }] }),
            json!(null),
        ] {
            assert_eq!(retold(Language::Ja, message.clone()), message);
        }
        let bare = json!({ "errors": [{ "code": "job-worker-lost" }] });
        let told = retold(Language::En, bare);
        assert!(told["errors"][0]["title"].is_string() && told["errors"][0]["hint"].is_string());
    }
}
