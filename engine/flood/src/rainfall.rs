//! Rain over a basin: analyses, nowcasts and forecasts joined to one series for each cell, and
//! members that tell how wrong it may be.
//!
//! A [`Product`] is an amount that fell, or will fall, between two times on the cells of a window
//! ([`Cells`]). A [`Cube`] joins products to rates at equal steps: what was observed comes before
//! what was foreseen, the newer before the older, and what nobody knows stays a gap. [`members`]
//! draws perturbations of the forecast from a seed.
//!
//! `docs/methods/rainfall.md` gives the rules, limits and sources.
//!
//! ```
//! use jomo_flood::rainfall::{Cells, Cube, Product, Source, Timeline};
//! use jiff::{SignedDuration, Timestamp};
//!
//! let now: Timestamp = "2030-07-01T00:00:00Z".parse()?;
//! let hour = SignedDuration::from_hours(1);
//! let cells = Cells::new([138.0, 36.0, 138.025, 36.0 + 1.0 / 120.0], [1, 2])?;
//! let observed = Product {
//!     source: Source::Analysis,
//!     reference_time: now,
//!     from: now - hour,
//!     to: now,
//!     amount_mm: vec![12.0, f32::NAN],
//! };
//! let timeline = Timeline { start: now - hour, step_s: 600, steps: 6, now };
//! let cube = Cube::join(cells, vec![observed], &timeline)?;
//! let mut rate_mm_h = [0.0; 2];
//! cube.rates(0, &mut rate_mm_h);
//! assert!(rate_mm_h[0] == 12.0 && rate_mm_h[1].is_nan());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cube;
mod members;
mod summary;

use jiff::Timestamp;

use crate::basin_error::BasinError;

pub use cube::{Cube, Origin, Timeline};
pub use members::{Perturbation, Spread, members};
pub use summary::{BasinMean, Gap, StepOrigin};

/// Kilometres of a degree of a meridian on a sphere of 6,371 km: 0.3 % from the ellipsoid, less
/// than a hundredth of a cell in any shift met here.
const KM_PER_DEGREE: f64 = 111.195;
/// Most cells of a window, 16 million: the whole grid of Japan has 8.6 million.
const CELLS_MAX: u32 = 1 << 24;

/// Where a product comes from, in the order in which one is preferred to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Observed by radar and rain gauges (解析雨量).
    Analysis,
    /// Carried on from the radar for an hour (降水ナウキャスト).
    Nowcast,
    /// The very-short-range forecast to 6 h (降水短時間予報).
    Forecast,
    /// The forecast behind it, hours 7 to 15, on a coarser grid (降水15時間予報).
    Extended,
}

impl Source {
    /// All sources, the preferred one first.
    pub const ALL: [Self; 4] = [Self::Analysis, Self::Nowcast, Self::Forecast, Self::Extended];

    /// Place in [`Self::ALL`].
    #[must_use]
    pub fn rank(self) -> usize {
        match self {
            Self::Analysis => 0,
            Self::Nowcast => 1,
            Self::Forecast => 2,
            Self::Extended => 3,
        }
    }
}

/// Rain that fell, or is expected to fall, between two times.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Where it comes from.
    pub source: Source,
    /// Reference time (初期時刻): nothing later went into it.
    pub reference_time: Timestamp,
    /// Begin of the interval.
    pub from: Timestamp,
    /// End of the interval.
    pub to: Timestamp,
    /// Amount in mm for each cell, row by row from the north-west; `NaN` is missing.
    pub amount_mm: Vec<f32>,
}

/// A window of equal cells on parallels and meridians; row 0 in the north, column 0 in the west.
///
/// Longitudes and latitudes are geodetic degrees (EPSG:6668).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cells {
    bounds_deg: [f64; 4],
    rows: u32,
    columns: u32,
}

impl Cells {
    /// A box `[west, south, east, north]` in degrees cut into `[rows, columns]`.
    ///
    /// # Errors
    /// [`BasinError::Setting`] if the box has no extent or there are no cells or too many.
    pub fn new(bounds_deg: [f64; 4], [rows, columns]: [u32; 2]) -> Result<Self, BasinError> {
        let [west, south, east, north] = bounds_deg;
        let fault = |what, value, expected| Err(BasinError::Setting { what, value, expected });
        if !(-360.0 <= west && west < east && east <= 360.0) {
            return fault("rain window: east", east, "more than west, within 360 degrees");
        }
        if !(-90.0 <= south && south < north && north <= 90.0) {
            return fault("rain window: north", north, "more than south, within 90 degrees");
        }
        let cells = u64::from(rows) * u64::from(columns);
        if cells == 0 || u64::from(CELLS_MAX) < cells {
            return fault("rain window: cells", cells as f64, "1 to 16777216");
        }
        Ok(Self { bounds_deg, rows, columns })
    }

    /// Outer edges `[west, south, east, north]` in degrees.
    #[must_use]
    pub fn bounds_deg(&self) -> [f64; 4] {
        self.bounds_deg
    }

    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> [u32; 2] {
        [self.rows, self.columns]
    }

    /// Number of cells, at least 1.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows as usize * self.columns as usize
    }

    /// The cell that holds a place `[longitude, latitude]`; `None` outside. A place on a border
    /// belongs to the cell east or south of it; the far edges of the window are outside.
    #[must_use]
    pub fn cell_of(&self, [lon, lat]: [f64; 2]) -> Option<u32> {
        let [dx, dy] = self.step_deg();
        let column = index((lon - self.bounds_deg[0]) / dx, self.columns)?;
        let row = index((self.bounds_deg[3] - lat) / dy, self.rows)?;
        Some(row * self.columns + column)
    }

    /// Centre of a cell `[longitude, latitude]` in degrees.
    #[must_use]
    pub fn centre_deg(&self, cell: u32) -> [f64; 2] {
        let [dx, dy] = self.step_deg();
        let (row, column) = (cell / self.columns, cell % self.columns);
        let [west, _, _, north] = self.bounds_deg;
        [west + (f64::from(column) + 0.5) * dx, north - (f64::from(row) + 0.5) * dy]
    }

    /// Size of a cell along parallel and meridian in degrees.
    #[must_use]
    pub fn step_deg(&self) -> [f64; 2] {
        let [west, south, east, north] = self.bounds_deg;
        [(east - west) / f64::from(self.columns), (north - south) / f64::from(self.rows)]
    }

    /// Size of a cell in the middle of the window in km, east and north.
    #[must_use]
    pub fn cell_km(&self) -> [f64; 2] {
        let [dx, dy] = self.step_deg();
        let middle = 0.5 * (self.bounds_deg[1] + self.bounds_deg[3]);
        [KM_PER_DEGREE * dx * middle.to_radians().cos(), KM_PER_DEGREE * dy]
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
fn index(steps: f64, count: u32) -> Option<u32> {
    (0.0 <= steps && steps < f64::from(count)).then_some(steps as u32)
}
