//! Time series: a number that changes linearly between given times.

use crate::error::FloodError;

/// A quantity over time: linear between its points, constant before the first and after the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    points: Vec<[f64; 2]>,
}

impl Series {
    /// The same value at all times.
    #[must_use]
    pub fn constant(value: f64) -> Self {
        Self { points: vec![[0.0, value]] }
    }

    /// From points `[time_s, value]`; `what` names the series in errors.
    ///
    /// # Errors
    /// If there is no point, a number is not finite, or times do not rise.
    pub fn new(what: &str, points: Vec<[f64; 2]>) -> Result<Self, FloodError> {
        let fault = |row| FloodError::Series { what: what.to_owned(), row };
        if points.is_empty() {
            return Err(fault(0));
        }
        for (row, point) in points.iter().enumerate() {
            let rises = row == 0 || points[row - 1][0] < point[0];
            if !(rises && point.iter().all(|number| number.is_finite())) {
                return Err(fault(row));
            }
        }
        Ok(Self { points })
    }

    /// The value at a time.
    #[must_use]
    pub fn at(&self, time_s: f64) -> f64 {
        let next = self.points.partition_point(|point| point[0] <= time_s);
        let Some(before) = next.checked_sub(1) else { return self.points[0][1] };
        let [t0, v0] = self.points[before];
        match self.points.get(next) {
            None => v0,
            Some([t1, v1]) => v0 + (v1 - v0) * ((time_s - t0) / (t1 - t0)),
        }
    }

    /// The time of the last point, s.
    pub(crate) fn end_s(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point[0])
    }

    /// The integral between two times, exact for the broken line.
    #[must_use]
    pub fn integral(&self, from_s: f64, to_s: f64) -> f64 {
        let inner = self.points.iter().map(|point| point[0]);
        let inner = inner.filter(|time| from_s < *time && *time < to_s);
        let mut sum = 0.0;
        let mut start = from_s;
        for end in inner.chain([to_s]) {
            sum += 0.5 * (self.at(start) + self.at(end)) * (end - start);
            start = end;
        }
        sum
    }

    /// The mean between two times; the value where they are the same.
    #[must_use]
    pub fn mean(&self, from_s: f64, to_s: f64) -> f64 {
        if from_s < to_s { self.integral(from_s, to_s) / (to_s - from_s) } else { self.at(to_s) }
    }

    /// The greatest value between two times.
    #[must_use]
    pub fn most(&self, from_s: f64, to_s: f64) -> f64 {
        let inner = self.points.iter().filter(|point| from_s < point[0] && point[0] < to_s);
        inner.map(|point| point[1]).fold(self.at(from_s).max(self.at(to_s)), f64::max)
    }

    /// The greatest magnitude.
    #[must_use]
    pub fn peak(&self) -> f64 {
        self.points.iter().map(|point| point[1].abs()).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_a_broken_line() {
        let series = Series::new("q", vec![[10.0, 2.0], [20.0, 4.0]]).unwrap();
        let values = [0.0, 10.0, 15.0, 20.0, 99.0].map(|t| series.at(t));
        let expected = [2.0, 2.0, 3.0, 4.0, 4.0];
        assert!(values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{values:?}");
        assert!((series.integral(0.0, 30.0) - (20.0 + 30.0 + 40.0)).abs() < 1e-12);
        assert!((series.mean(0.0, 30.0) - 3.0).abs() < 1e-12);
        let pulse = Series::new("q", vec![[10.0, 0.0], [12.0, 9.0], [14.0, 0.0]]).unwrap();
        assert!(pulse.most(0.0, 20.0) >= 9.0 && pulse.most(0.0, 11.0) <= 4.5 + 1e-12);
    }

    #[test]
    fn impossible_series_are_refused_with_the_row() {
        let row = |points| match Series::new("q", points) {
            Err(FloodError::Series { row, .. }) => Some(row),
            _ => None,
        };
        assert_eq!(row(vec![]), Some(0));
        assert_eq!(row(vec![[0.0, 1.0], [0.0, 2.0]]), Some(1));
        assert_eq!(row(vec![[0.0, 1.0], [1.0, f64::NAN]]), Some(1));
    }
}
