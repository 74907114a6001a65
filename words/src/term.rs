//! Facts that are words of ours, or the reasons of others, in the reader's language.
//!
//! An error carries every fact in English: `an empty file`, `12 bytes`. English texts show them
//! as they are; for Japanese ones `words/terms.ftl` has them, found by the words themselves.

use crate::{Language, system_reason, text};

/// Facts that may be words of ours. The others hold what stood in a file and stay as they are.
const NAMES: [&str; 7] = ["action", "expected", "found", "how", "part", "reason", "what"];
/// Longest fact that is looked up, in bytes.
const LONGEST: usize = 200;
/// Names of the numbers in a fact, in their order.
const NUMBERS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
/// English words in a row that make prose.
const PROSE: usize = 3;

/// A fact of an error as its reader is told it.
#[must_use]
pub fn fact(language: Language, name: &str, value: String) -> String {
    if let Some(reason) = system_reason(language, &value) {
        return reason;
    }
    if language == Language::En || !NAMES.contains(&name) {
        return value;
    }
    // One word alone may be what stands in the file.
    let may_be_raw = name == "found" && !value.contains(' ') && value != "none";
    let (id, numbers) = id(&value);
    let known = text(language, &id, &numbers).filter(|_| value.len() <= LONGEST && !may_be_raw);
    match known {
        Some(term) => term,
        // The reason of a library that has no Japanese: its own words, and told as such.
        None if name == "reason" && is_prose(&value) => {
            text(language, "words-of-others", &[("words", value.clone())]).unwrap_or(value)
        }
        None => value,
    }
}

/// The id of a fact, and the numbers in it.
fn id(value: &str) -> (String, Vec<(&'static str, String)>) {
    let mut id = "term".to_owned();
    let mut numbers = Vec::new();
    let words = value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    for word in words.take(LONGEST) {
        id.push('-');
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            id.push('n');
            if let Some(name) = NUMBERS.get(numbers.len()) {
                numbers.push((*name, word.to_owned()));
            }
        } else {
            id.push_str(&word.to_ascii_lowercase());
        }
    }
    (id, numbers)
}

/// Whether a text has three English words in a row.
fn is_prose(value: &str) -> bool {
    let mut row = 0;
    value.split(' ').any(|word| {
        let letters = word.trim_matches(|c: char| c.is_ascii_punctuation());
        let is_word = letters.bytes().all(|byte| byte.is_ascii_alphabetic());
        row = if is_word && !letters.is_empty() { row + 1 } else { 0 };
        PROSE <= row
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, value: &str) -> String {
        fact(Language::Ja, name, value.to_owned())
    }

    #[test]
    fn our_own_words_are_told_in_japanese() {
        assert_eq!(told("found", "an empty file"), "空のファイル");
        assert_eq!(told("found", "12 bytes"), "12 バイト");
        assert_eq!(told("expected", "1 to 1024"), "1〜1024");
        assert_eq!(told("reason", "EOF while parsing a value"), "値があるはずの所で終わっています");
        assert_eq!(
            told("reason", "4 tile entries announced, 3 found"),
            "4 個と書かれた項目が 3 個です"
        );
        let login = "1 to 64 of a-z 0-9 . _ @ -, a letter or digit first";
        assert!(told("expected", login).contains("1〜64 文字"), "{}", told("expected", login));
        assert_eq!(fact(Language::En, "found", "an empty file".to_owned()), "an empty file");
    }

    #[test]
    fn what_stood_in_a_file_stays() {
        for (name, value) in [
            ("found", "header"),
            ("name", "an empty file"),
            ("columns", "a raster"),
            ("reason", ""),
            ("reason", "x y"),
            ("found", &"an ".repeat(400)),
        ] {
            assert_eq!(told(name, value), *value);
        }
        assert_eq!(told("reason", "no such luck today"), "原文「no such luck today」");
    }
}
