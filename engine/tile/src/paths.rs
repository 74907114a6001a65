//! Many paths in two allocations.

/// A position `[x, y]`.
pub(crate) type Point = [f64; 2];

/// Rings (not repeating their first point) or lines, one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Paths {
    points: Vec<Point>,
    ends: Vec<usize>,
}

impl Paths {
    /// Adds one path; an empty one is left out.
    pub(crate) fn push(&mut self, path: impl IntoIterator<Item = Point>) {
        let start = self.points.len();
        self.points.extend(path);
        if start < self.points.len() {
            self.ends.push(self.points.len());
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[Point]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let path = &self.points[start..end];
            start = end;
            path
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The box around all points.
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds::around(self.points.iter().copied())
    }
}

/// A box, borders included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) min: Point,
    pub(crate) max: Point,
}

impl Bounds {
    /// The smallest box around points; of none, one that touches nothing.
    pub(crate) fn around(points: impl IntoIterator<Item = Point>) -> Self {
        let none = Self { min: [f64::INFINITY; 2], max: [f64::NEG_INFINITY; 2] };
        points.into_iter().fold(none, |Self { min, max }, [x, y]| Self {
            min: [min[0].min(x), min[1].min(y)],
            max: [max[0].max(x), max[1].max(y)],
        })
    }

    /// Whether the two have a point in common.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        (0..2).all(|axis| self.min[axis] <= other.max[axis] && other.min[axis] <= self.max[axis])
    }

    /// Whether `other` lies within, borders included.
    pub(crate) fn holds(&self, other: &Self) -> bool {
        (0..2).all(|axis| self.min[axis] <= other.min[axis] && other.max[axis] <= self.max[axis])
    }
}
