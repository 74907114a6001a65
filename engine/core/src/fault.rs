//! Per-feature faults: a bad feature is counted and kept out, it does not stop a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many places are kept per code; the count goes on beyond.
const PLACES_KEPT: usize = 20;

/// Faults by stable code, each with its first places.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Faults(BTreeMap<String, Fault>);

/// One kind of fault: how often, and where it was first seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Number of features or rows with this fault.
    pub count: u64,
    /// The first places (`row 17`, `feature 3`, an id), at most 20.
    pub places: Vec<String>,
}

impl Faults {
    /// Counts one fault at `place`.
    pub fn add(&mut self, code: &str, place: impl FnOnce() -> String) {
        let fault = self.0.entry(code.to_owned()).or_default();
        fault.count += 1;
        if fault.places.len() < PLACES_KEPT {
            fault.places.push(place());
        }
    }

    /// Adds all faults of `other`, which come after those counted so far.
    pub fn merge(&mut self, other: Self) {
        for (code, more) in other.0 {
            let fault = self.0.entry(code).or_default();
            fault.count += more.count;
            let room = PLACES_KEPT.saturating_sub(fault.places.len());
            fault.places.extend(more.places.into_iter().take(room));
        }
    }

    /// Whether nothing was found wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All faults, by code.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Fault)> {
        self.0.iter().map(|(code, fault)| (code.as_str(), fault))
    }

    /// The counts alone: a place can be the id of a row that not everybody may see.
    #[must_use]
    pub fn without_places(&self) -> Self {
        let counts = self.0.iter();
        let count = |fault: &Fault| Fault { count: fault.count, places: Vec::new() };
        Self(counts.map(|(code, fault)| (code.clone(), count(fault))).collect())
    }

    /// Number of faults of all codes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().map(|fault| fault.count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_go_on_beyond_the_places_kept() {
        let mut faults = Faults::default();
        for row in 0..30 {
            faults.add("row-short", || format!("row {row}"));
        }
        let mut more = Faults::default();
        more.add("row-short", || "row 99".to_owned());
        more.add("id-twice", || "a".to_owned());
        faults.merge(more);
        assert_eq!(faults.total(), 32);
        let (code, fault) = faults.iter().last().unwrap();
        assert_eq!((code, fault.count, fault.places.len()), ("row-short", 31, 20));
        let counts = faults.without_places();
        assert_eq!(counts.total(), 32);
        assert!(counts.iter().all(|(_, fault)| fault.places.is_empty()));
    }
}
