//! Names of the files of series: an id in characters that every file system and address takes.
//!
//! Ids of gauges come from other people's tables. Whatever printable characters they hold, a result
//! that was computed for minutes is not lost for a name at its end.

use std::fmt::Write as _;

/// The file of the series of a feature: `series/<name>.json.gz`, where each byte of the id but
/// ASCII letters, digits, `-` and inner `.` is written as `_` and two hexadecimal digits.
///
/// ```
/// assert_eq!(jomo_store::series_file("KP 12.5#a"), "series/KP_2012.5_23a.json.gz");
/// assert_eq!(jomo_store::series_id("series/KP_2012.5_23a.json.gz").unwrap(), "KP 12.5#a");
/// ```
#[must_use]
pub fn series_file(id: &str) -> String {
    let mut name = String::from("series/");
    for (place, byte) in id.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || (byte == b'.' && 0 < place) {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "_{byte:02x}");
        }
    }
    name + ".json.gz"
}

/// The id whose series a file is; `None` for any other file.
#[must_use]
pub fn series_id(file: &str) -> Option<String> {
    let name = file.strip_prefix("series/")?.strip_suffix(".json.gz")?;
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'_' => {
                let mut digit = || u8::try_from(char::from(rest.next()?).to_digit(16)?).ok();
                (digit()? << 4) | digit()?
            }
            byte => byte,
        });
    }
    // One id has one name.
    String::from_utf8(bytes).ok().filter(|id| series_file(id) == file)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::read::is_file_name;

    /// The longest id, of characters that all have to be written otherwise.
    #[test]
    fn the_longest_name_is_one() {
        assert!(is_file_name(&series_file(&"#".repeat(64))));
    }

    /// Other names are no series: two files would be one.
    #[test]
    fn one_id_has_one_name() {
        for name in ["g1", "series/g1", "series/_67.json.gz", "series/_2G.json.gz", "series/_2"] {
            assert_eq!(series_id(name), None, "{name}");
        }
        for name in ["series/a_2F.json.gz", "series/a/b.json.gz", "series/_ff.json.gz"] {
            assert_eq!(series_id(name), None, "{name}");
        }
    }

    proptest! {
        /// Every id has a name that a store takes, and is found again by it.
        #[test]
        fn names_are_reversible(id in "[ -~\u{3042}-\u{3046}]{1,21}") {
            let file = series_file(&id);
            prop_assert!(is_file_name(&file), "{}", file);
            prop_assert_eq!(series_id(&file), Some(id));
        }
    }
}
