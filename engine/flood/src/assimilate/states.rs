//! Variables of all members of an ensemble.

use crate::basin_error::BasinError;

/// Fewest members that have a spread.
pub(super) const MEMBERS_MIN: usize = 2;

/// Values `[variable][member]`.
#[derive(Clone, Debug, PartialEq)]
pub struct States {
    members: usize,
    values: Vec<f64>,
}

impl States {
    /// Values of `members` members, those of the first variable first.
    ///
    /// # Errors
    /// Fewer than two members, values that are no whole rows of them, or one that is not finite.
    pub fn new(members: usize, values: Vec<f64>) -> Result<Self, BasinError> {
        if members < MEMBERS_MIN {
            let (what, value) = ("members", members as f64);
            return Err(BasinError::Setting { what, value, expected: "2 or more" });
        }
        let found = values.len();
        if !found.is_multiple_of(members) {
            let expected = found.next_multiple_of(members);
            return Err(BasinError::Count { what: "values of members", expected, found });
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(BasinError::Broken { what: "variable", index: place / members });
        }
        Ok(Self { members, values })
    }

    /// Number of members.
    #[must_use]
    pub fn members(&self) -> usize {
        self.members
    }

    /// Number of variables.
    #[must_use]
    pub fn variables(&self) -> usize {
        self.values.len() / self.members
    }

    /// One variable, a value per member; empty beyond the last.
    #[must_use]
    pub fn variable(&self, variable: usize) -> &[f64] {
        self.values.chunks_exact(self.members).nth(variable).unwrap_or_default()
    }

    /// All values, those of the first variable first.
    pub(super) fn into_values(self) -> Vec<f64> {
        self.values
    }

    /// All variables in turn.
    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [f64]> {
        self.values.chunks_exact_mut(self.members)
    }
}

/// Mean of values.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Covariance of two rows of members, by `members - 1`.
pub(super) fn covariance(left: &[f64], right: &[f64]) -> f64 {
    let (left_mean, right_mean) = (mean(left), mean(right));
    let products = left.iter().zip(right).map(|(l, r)| (l - left_mean) * (r - right_mean));
    products.sum::<f64>() / (left.len() as f64 - 1.0)
}
