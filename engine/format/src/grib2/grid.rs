//! The grid of a field: template 3.0, points on parallels and meridians.

use std::ops::Range;

use super::error::{Feature, GribError};
use super::octets::{Octets, index};

/// How far a cell must reach into a box to be part of its window, in degrees (0.1 m): corners
/// are stored in whole microdegrees, so the edges of cells are known no better.
const TOUCH_DEG: f64 = 1e-6;

const MICRO: f64 = 1e6;

/// A grid on parallels and meridians: row 0 in the north, column 0 in the west. A point is the
/// centre of its cell. Longitudes and latitudes are geodetic degrees on GRS80 (earth shape 4),
/// used as EPSG:6668 without a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LatLonGrid {
    /// Points along a parallel (Ni), at least 1.
    pub columns: u32,
    /// Points along a meridian (Nj), at least 1.
    pub rows: u32,
    /// Centre of the first (north-western) cell, longitude and latitude in microdegrees.
    pub first_udeg: [i32; 2],
    /// Centre of the last (south-eastern) cell, longitude and latitude in microdegrees.
    pub last_udeg: [i32; 2],
    /// Increments as stored (Di, Dj), in microdegrees; rounded, so only a single row or column
    /// takes its size from here.
    pub increment_udeg: [u32; 2],
}

/// Rows and columns of a grid, ends excluded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Rows from the north.
    pub rows: Range<u32>,
    /// Columns from the west.
    pub columns: Range<u32>,
}

impl Window {
    /// Rows and columns of the window; 0 where a range is empty.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        [&self.rows, &self.columns].map(|range| index(range.end.saturating_sub(range.start)))
    }
}

impl LatLonGrid {
    /// The 1 km grid of rain, soil water index and landslide risk: 3,360 rows of 2,560 cells of
    /// 30" x 45", the third meshes of JIS X 0410 from 118 E, 48 N to 150 E, 20 N.
    pub const JMA_1KM: Self = Self {
        columns: 2560,
        rows: 3360,
        first_udeg: [118_006_250, 47_995_833],
        last_udeg: [149_993_750, 20_004_167],
        increment_udeg: [12_500, 8_333],
    };

    /// A grid of `rows` x `columns` equal cells that fill a box `[west, south, east, north]` in
    /// degrees; centres are rounded to microdegrees. `None` if that leaves no grid.
    #[must_use]
    pub fn from_outer(
        [west, south, east, north]: [f64; 4],
        rows: u32,
        columns: u32,
    ) -> Option<Self> {
        if rows == 0 || columns == 0 {
            return None;
        }
        let step = [(east - west) / f64::from(columns), (north - south) / f64::from(rows)];
        let first = [west + step[0] / 2.0, north - step[1] / 2.0];
        let last = [east - step[0] / 2.0, south + step[1] / 2.0];
        let grid = Self {
            columns,
            rows,
            first_udeg: [whole(first[0] * MICRO)?, whole(first[1] * MICRO)?],
            last_udeg: [whole(last[0] * MICRO)?, whole(last[1] * MICRO)?],
            // Cut, not rounded: the agency writes 8333 for 1/120 degree.
            increment_udeg: [
                u32::try_from(whole((step[0] * MICRO + TOUCH_DEG).floor())?).ok()?,
                u32::try_from(whole((step[1] * MICRO + TOUCH_DEG).floor())?).ok()?,
            ],
        };
        grid.is_sound().then_some(grid)
    }

    /// Number of cells.
    #[must_use]
    pub fn cells(&self) -> u64 {
        u64::from(self.columns) * u64::from(self.rows)
    }

    /// Size of a cell along parallel and meridian in degrees, both positive. From the corners:
    /// the stored increment of 8333 microdegrees for 1/120 degree would shift the last row of
    /// the 1 km grid by 0.0011 degree (124 m).
    #[must_use]
    pub fn step_deg(&self) -> [f64; 2] {
        let step = |axis: usize, points: u32| {
            if points < 2 {
                return f64::from(self.increment_udeg[axis]) / MICRO;
            }
            let span = (f64::from(self.last_udeg[axis]) - f64::from(self.first_udeg[axis])).abs();
            span / f64::from(points - 1) / MICRO
        };
        [step(0, self.columns), step(1, self.rows)]
    }

    /// Outer edges of the whole grid, `[west, south, east, north]` in degrees.
    #[must_use]
    pub fn bounds_deg(&self) -> [f64; 4] {
        self.bounds_of(&self.whole())
    }

    /// Outer edges of the cells of a window, `[west, south, east, north]` in degrees.
    #[must_use]
    pub fn bounds_of(&self, window: &Window) -> [f64; 4] {
        let [dx, dy] = self.step_deg();
        let [west, north] = self.first_udeg.map(|udeg| f64::from(udeg) / MICRO);
        let x = |column: u32| west + (f64::from(column) - 0.5) * dx;
        let y = |row: u32| north - (f64::from(row) - 0.5) * dy;
        [x(window.columns.start), y(window.rows.end), x(window.columns.end), y(window.rows.start)]
    }

    /// Centre of a cell, longitude and latitude in degrees; also beyond the grid.
    #[must_use]
    pub fn centre_deg(&self, row: u32, column: u32) -> [f64; 2] {
        let [dx, dy] = self.step_deg();
        let [west, north] = self.first_udeg.map(|udeg| f64::from(udeg) / MICRO);
        [west + f64::from(column) * dx, north - f64::from(row) * dy]
    }

    /// The window of all cells.
    #[must_use]
    pub fn whole(&self) -> Window {
        Window { rows: 0..self.rows, columns: 0..self.columns }
    }

    /// The cells that a box `[west, south, east, north]` in degrees touches by more than a
    /// microdegree; `None` if there are none. Longitudes are taken as the grid counts them, up
    /// to 360.
    ///
    /// ```
    /// use jomo_format::grib2::{LatLonGrid, Window};
    /// let gunma = LatLonGrid::JMA_1KM.window_of([138.4, 36.0, 139.7, 37.1]);
    /// assert_eq!(gunma, Some(Window { rows: 1308..1440, columns: 1632..1736 }));
    /// ```
    #[must_use]
    pub fn window_of(&self, [west, south, east, north]: [f64; 4]) -> Option<Window> {
        let [left, _, _, top] = self.bounds_deg();
        let [dx, dy] = self.step_deg();
        let columns = touched([west - left, east - left], dx, self.columns)?;
        let rows = touched([top - north, top - south], dy, self.rows)?;
        Some(Window { rows, columns })
    }

    /// Refuses an empty window and one that leaves the grid.
    pub(super) fn check(&self, window: &Window) -> Result<(), GribError> {
        let inside = |range: &Range<u32>, count: u32| range.start < range.end && range.end <= count;
        if inside(&window.rows, self.rows) && inside(&window.columns, self.columns) {
            return Ok(());
        }
        Err(GribError::Window {
            rows: window.rows.clone(),
            columns: window.columns.clone(),
            shape: [self.rows, self.columns],
        })
    }

    /// Reads section 3.
    pub(super) fn read(section: Octets<'_>) -> Result<Self, GribError> {
        let unsupported =
            |what, found| Err(GribError::Unsupported { offset: section.offset, what, found });
        let source = section.u8(6)?;
        let template = section.u16(13)?;
        if source != 0 || template != 0 {
            return unsupported(Feature::GridTemplate, u32::from(template));
        }
        if section.u8(11)? != 0 {
            return unsupported(Feature::IrregularRows, u32::from(section.u8(11)?));
        }
        let basic_angle = section.u32(39)?;
        if basic_angle != 0 {
            return unsupported(Feature::BasicAngle, basic_angle);
        }
        let scanning = section.u8(72)?;
        if scanning != 0 {
            return unsupported(Feature::Scanning, u32::from(scanning));
        }
        let grid = Self {
            columns: section.u32(31)?,
            rows: section.u32(35)?,
            first_udeg: [section.i32(51)?, section.i32(47)?],
            last_udeg: [section.i32(60)?, section.i32(56)?],
            increment_udeg: [section.u32(64)?, section.u32(68)?],
        };
        let found = u64::from(section.u32(7)?);
        if found != grid.cells() {
            let expected = grid.cells();
            return Err(GribError::Count { offset: section.offset, expected, found });
        }
        if !grid.is_sound() {
            return Err(GribError::Grid {
                offset: section.offset,
                columns: grid.columns,
                rows: grid.rows,
                first: grid.first_udeg,
                last: grid.last_udeg,
            });
        }
        Ok(grid)
    }

    /// Whether the counts are not 0, the corners lie on Earth, and the second one lies
    /// south-east of the first one where there is more than one column or row.
    fn is_sound(&self) -> bool {
        let [west, north] = self.first_udeg;
        let [east, south] = self.last_udeg;
        let on_earth = (-360_000_000..=360_000_000).contains(&west)
            && (-360_000_000..=360_000_000).contains(&east)
            && (-90_000_000..=90_000_000).contains(&north)
            && (-90_000_000..=90_000_000).contains(&south);
        let [dx, dy] = self.increment_udeg;
        let along = |low: i32, high: i32, points: u32, increment: u32| match points {
            0 => false,
            1 => low == high && 0 < increment,
            _ => low < high,
        };
        on_earth && along(west, east, self.columns, dx) && along(south, north, self.rows, dy)
    }
}

/// Cells of size `step` that a stretch `[from, to]`, measured from the first cell's outer edge,
/// touches.
fn touched([from, to]: [f64; 2], step: f64, count: u32) -> Option<Range<u32>> {
    // `max` and `min` would turn NaN into a bound.
    if from.is_nan() || to.is_nan() || to <= from {
        return None;
    }
    let start = ((from + TOUCH_DEG) / step).floor().max(0.0);
    let end = ((to - TOUCH_DEG) / step).ceil().min(f64::from(count));
    let start = u32::try_from(whole_64(start)?).ok()?;
    let end = u32::try_from(whole_64(end)?).ok()?;
    (start < end).then_some(start..end)
}

/// The nearest whole number; `None` beyond `i32`.
fn whole(value: f64) -> Option<i32> {
    i32::try_from(whole_64(value)?).ok()
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
fn whole_64(value: f64) -> Option<i64> {
    let rounded = value.round();
    (rounded.abs() <= 1e15).then_some(rounded as i64)
}
