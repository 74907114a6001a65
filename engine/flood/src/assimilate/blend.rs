//! What a filter did, as weights: each member becomes a blend of all members.
//!
//! The filter is linear in the variables: with the same observations and the same taper every
//! variable of a zone is blended with the same weights. So they are found once per zone, from as
//! many unit vectors as there are members, and whatever the zone holds goes through them: the
//! water of every slope and of every node, each by its own correlation with the gauges.

use super::filter::{Analysis, Observation, Settings, Target, update};
use super::states::{States, covariance, mean};
use super::zones::Zones;
use crate::basin_error::BasinError;

/// Weights of the members of every zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Blends {
    members: usize,
    /// `[zone][from][to]`.
    weights: Vec<f64>,
    relaxation: f64,
}

/// How the values of a quantity are blended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// A value below it is as good as none: it is taken for this in the logarithm.
    pub floor: f64,
    /// Most that the logarithm of a value changes.
    pub most: f64,
}

impl Bounds {
    /// Of a depth in a river, in m: a millimetre; three times as deep at most.
    pub const DEPTH: Self = Self { floor: 1e-3, most: 1.1 };
    /// Of water over a slope, in m: a tenth of a millimetre; three times as much at most.
    pub const SURFACE: Self = Self { floor: 1e-4, most: 1.1 };
    /// Of water in a soil, in m: it changes slowly, so by 1.65 times at most.
    pub const SOIL: Self = Self { floor: 1e-4, most: 0.5 };
}

impl Zones {
    /// Brings observations in: observation `i` is of the gauge `gauge_of[i]`.
    ///
    /// # Errors
    /// As [`update`]; no observation at all.
    pub fn blends(
        &self,
        observations: &[Observation],
        gauge_of: &[usize],
        settings: &Settings,
    ) -> Result<(Blends, Analysis), BasinError> {
        let Some(first) = observations.first() else {
            return Err(BasinError::Count { what: "observations", expected: 1, found: 0 });
        };
        let members = first.predicted.len();
        let mut units = vec![0.0; self.count() * members * members];
        for (place, value) in units.iter_mut().enumerate() {
            let (from, to) = (place / members % members, place % members);
            *value = f64::from(u8::from(from == to));
        }
        let mut states = States::new(members, units)?;
        let bare = Settings { relaxation: 0.0, ..*settings };
        let by_gauge = self.reach(gauge_of);
        let taper = |observation: usize, target: Target| match target {
            Target::Variable(variable) => by_gauge(observation, variable / members),
            Target::Observation(other) => {
                gauge_of.get(other).map_or(0.0, |gauge| by_gauge(observation, *gauge))
            }
        };
        let analysis = update(&mut states, observations, taper, &bare)?;
        if !(0.0..=1.0).contains(&settings.relaxation) {
            let (what, value) = ("relaxation", settings.relaxation);
            return Err(BasinError::Setting { what, value, expected: "0 to 1" });
        }
        let weights = states.into_values();
        Ok((Blends { members, weights, relaxation: settings.relaxation }, analysis))
    }
}

impl Blends {
    /// Blends a variable of a zone, one value per member, and gives back a share of the spread
    /// that it lost. A zone that is not there, or another number of values, is left as it is.
    pub fn blend(&self, zone: usize, values: &mut [f64]) {
        let size = self.members * self.members;
        let weights = self.weights.get(zone * size..(zone + 1) * size);
        let Some(weights) = weights.filter(|_| values.len() == self.members) else { return };
        let before = covariance(values, values).sqrt();
        let mut blended = vec![0.0; self.members];
        for (value, row) in values.iter().zip(weights.chunks_exact(self.members)) {
            for (sum, weight) in blended.iter_mut().zip(row) {
                *sum += value * weight;
            }
        }
        values.copy_from_slice(&blended);
        let after = covariance(values, values).sqrt();
        if 0.0 < after && after < before {
            let factor = 1.0 + self.relaxation * (before - after) / after;
            let centre = mean(values);
            for value in values {
                *value = centre + factor * (*value - centre);
            }
        }
    }

    /// What to multiply a quantity of a zone by, for each member: its logarithm is blended.
    /// Members below the floor keep what they have: there is nothing to multiply.
    #[must_use]
    pub fn factors(&self, zone: usize, values: &[f64], bounds: Bounds) -> Vec<f64> {
        let floor = bounds.floor.max(f64::MIN_POSITIVE);
        if values.iter().all(|value| *value <= floor) {
            return vec![1.0; values.len()];
        }
        let before: Vec<f64> = values.iter().map(|value| value.max(floor).ln()).collect();
        let mut after = before.clone();
        self.blend(zone, &mut after);
        let most = bounds.most.max(0.0);
        let change = |(after, before): (&f64, &f64)| (after - before).clamp(-most, most).exp();
        let changes = after.iter().zip(&before).map(change);
        changes.zip(values).map(|(f, value)| if *value <= floor { 1.0 } else { f }).collect()
    }
}
