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

    /// The code whose `.hint` says what to do next; by default that of the error itself.
    fn hint(&self) -> Option<&'static str> {
        Some(self.code())
    }
}
