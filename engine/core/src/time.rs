//! Instants, their two written forms, and evenly or unevenly spaced time axes.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// The language of a text for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Japanese, the default of every page and command.
    #[default]
    Ja,
    /// English.
    En,
}

/// `YYYYMMDDTHHMMSSZ`: an instant as part of a file name or URL, in UTC.
///
/// ```
/// let time = "2017-08-07T01:10:00Z".parse()?;
/// assert_eq!(jomo_core::time::compact(time), "20170807T011000Z");
/// # Ok::<(), jiff::Error>(())
/// ```
#[must_use]
pub fn compact(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Reads `YYYYMMDDTHHMMSSZ`; nothing else is accepted.
#[must_use]
pub fn parse_compact(text: &str) -> Option<Timestamp> {
    let digits = |range: std::ops::Range<usize>| {
        let part = text.get(range)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i16>().ok())?
    };
    if text.len() != 16 || text.get(8..9)? != "T" || text.get(15..)? != "Z" {
        return None;
    }
    let small = |range| digits(range).and_then(|value| i8::try_from(value).ok());
    jiff::civil::DateTime::new(
        digits(0..4)?,
        small(4..6)?,
        small(6..8)?,
        small(9..11)?,
        small(11..13)?,
        small(13..15)?,
        0,
    )
    .ok()?
    .to_zoned(TimeZone::UTC)
    .ok()
    .map(|zoned| zoned.timestamp())
}

/// An instant in Japan Standard Time as people read it: the one function for that.
///
/// ```
/// use jomo_core::time::jst_text;
/// let time = "2017-08-07T01:10:00Z".parse()?;
/// assert_eq!(jst_text(time), "2017-08-07 10:10 JST");
/// # Ok::<(), jiff::Error>(())
/// ```
#[must_use]
pub fn jst_text(time: Timestamp) -> String {
    let zoned = time.to_zoned(TimeZone::fixed(Offset::constant(9)));
    zoned.strftime("%Y-%m-%d %H:%M JST").to_string()
}

/// Strictly ascending instants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeAxis(Vec<Timestamp>);

impl TimeAxis {
    /// Accepts strictly ascending instants only, so every later search is sound.
    #[must_use]
    pub fn new(times: Vec<Timestamp>) -> Option<Self> {
        times.is_sorted_by(|a, b| a < b).then_some(Self(times))
    }

    /// The instants.
    #[must_use]
    pub fn times(&self) -> &[Timestamp] {
        &self.0
    }

    /// Index of exactly this instant.
    #[must_use]
    pub fn position(&self, time: Timestamp) -> Option<usize> {
        self.0.binary_search(&time).ok()
    }

    /// Index of the first instant at or after `now`.
    #[must_use]
    pub fn at_or_after(&self, now: Timestamp) -> Option<usize> {
        let index = self.0.partition_point(|time| *time < now);
        (index < self.0.len()).then_some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What is written is read back, to the second.
        #[test]
        fn compact_form_round_trips(second in -62_000_000_000_i64..250_000_000_000) {
            let time = Timestamp::from_second(second).unwrap();
            prop_assume!(time >= "0000-01-01T00:00:00Z".parse().unwrap());
            prop_assert_eq!(parse_compact(&compact(time)), Some(time));
        }

        /// No text makes the reader panic, and only the one form is accepted.
        #[test]
        fn other_forms_are_refused(text in ".{0,20}") {
            if let Some(time) = parse_compact(&text) {
                prop_assert_eq!(compact(time), text);
            }
        }
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in ["20170230T000000Z", "20171301T000000Z", "20170807T246000Z", "+0170807T000000Z"]
        {
            assert_eq!(parse_compact(text), None, "{text}");
        }
    }

    #[test]
    fn an_axis_rises() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(TimeAxis::new(vec![at(1), at(1)]), None);
        let axis = TimeAxis::new(vec![at(10), at(20)]).unwrap();
        assert_eq!(axis.position(at(20)), Some(1));
        assert_eq!(axis.at_or_after(at(11)), Some(1));
        assert_eq!(axis.at_or_after(at(21)), None);
    }
}
