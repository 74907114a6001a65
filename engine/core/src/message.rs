//! Errors that a person can be told about in any language.
//!
//! An error carries facts; the sentences live in `words/{ja,en}.ftl` and are put together only
//! in the binaries (crate `jomo-words`).

/// Named facts of an error, in the order in which they are told.
pub type Arguments = Vec<(&'static str, String)>;

/// An error with a stable code, the facts it speaks of and the next step.
pub trait Coded: std::error::Error {
    /// Stable code, lower-case ASCII with `-`; the id of its text in `words/*.ftl`.
    fn code(&self) -> &'static str;

    /// The facts that the texts mention, by the names that they use.
    fn arguments(&self) -> Arguments;

    /// The file that it is about, where that differs from that of the errors told with it.
    fn place(&self) -> Option<&str> {
        None
    }

    /// The code whose `.hint` says what to do next; by default that of the error itself.
    fn hint(&self) -> Option<&'static str> {
        Some(self.code())
    }
}

/// Names shown of a list that a file holds.
const SHOWN: usize = 8;
/// Longest name shown, in characters.
const LONGEST: usize = 64;

/// A list of names out of a file, short enough for a person whatever the file holds: the first
/// eight, cut to 64 characters each, and how many there are besides.
///
/// ```
/// use jomo_core::message::Names;
/// let columns: Vec<String> = (1..=10).map(|n| format!("c{n}")).collect();
/// assert_eq!(Names(&columns).to_string(), "c1, c2, c3, c4, c5, c6, c7, c8 and 2 more");
/// assert_eq!(Names(&columns[..2]).to_string(), "c1, c2");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Names<'a>(pub &'a [String]);

impl Names<'_> {
    /// The names that are shown, for a fact such as `columns`.
    #[must_use]
    pub fn shown(self) -> String {
        let names: Vec<String> = self.0.iter().take(SHOWN).map(|name| short(name)).collect();
        names.join(", ")
    }

    /// How many are not shown, for the fact `more`; `none` if all are.
    #[must_use]
    pub fn more(self) -> String {
        match self.0.len().saturating_sub(SHOWN) {
            0 => "none".to_owned(),
            more => more.to_string(),
        }
    }
}

impl std::fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())?;
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// A name out of a file, cut where it is too long to show.
#[must_use]
pub fn short(name: &str) -> String {
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
