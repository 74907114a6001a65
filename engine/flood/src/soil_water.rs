//! Soil water index: three tanks in a row under every cell, as the Japan Meteorological Agency
//! runs them.
//!
//! Rain fills the upper tank. Each tank loses water through side outlets to the river, in
//! proportion to the depth above the outlet, and through its floor to the tank below, in
//! proportion to its whole depth; the floor of the lower tank leads to deep groundwater. The index
//! is the water in all three, in mm. It tells how wet the slopes are, not how much water runs.
//!
//! `docs/methods/soil-water.md` gives equations, steps, the comparison with the agency's own
//! fields, limits and sources.
//!
//! ```
//! use jomo_flood::soil_water::{Steps, TankModel, Tanks};
//! // 100 mm in the upper tank: an hour drains 40 x 0.15 + 85 x 0.10 mm/h at first.
//! let start = Tanks::from_index(100.0, 100.0);
//! let (after, flow) = TankModel::JMA.advance(start, 0.0, Steps::TEN_MINUTES);
//! assert!((flow.upper_mm - (40.0 * 0.15 + 85.0 * 0.10) / 6.0).abs() < 1e-12);
//! assert!((after.index_mm() + flow.side_mm() - 100.0).abs() < 1e-12);
//! ```

mod grid;

pub use grid::{SoilGrid, SoilLedger, TankRows, soil_water_row};

/// Share of the water below the upper tank that is taken to be in the middle one, where only the
/// total and the upper tank are known: an assumption (the agency publishes no third field with a
/// confirmed meaning). `docs/methods/soil-water.md` tells what other shares give.
pub const MIDDLE_SHARE: f64 = 0.35;

/// A hole in the side of a tank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlet {
    /// Height above the floor in mm.
    pub height_mm: f64,
    /// Outflow per depth above it, in 1/h.
    pub rate_per_h: f64,
}

impl Outlet {
    fn flow_mm_h(self, depth_mm: f64) -> f64 {
        self.rate_per_h * (depth_mm - self.height_mm).max(0.0)
    }
}

/// Outlets and floors of the three tanks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TankModel {
    /// Side outlets of the upper tank.
    pub upper: [Outlet; 2],
    /// Side outlet of the middle tank.
    pub middle: Outlet,
    /// Side outlet of the lower tank.
    pub lower: Outlet,
    /// Loss through the floor of the upper, middle and lower tank per depth, in 1/h.
    pub floors_per_h: [f64; 3],
}

impl TankModel {
    /// The parameters of the agency, one set for the whole country.
    ///
    /// Source: Ishihara, Y. and Kobatake, S. (1979), Runoff model for flood forecasting, Bulletin
    /// of the Disaster Prevention Research Institute, Kyoto University, 29(1), 27-43.
    pub const JMA: Self = Self {
        upper: [
            Outlet { height_mm: 15.0, rate_per_h: 0.10 },
            Outlet { height_mm: 60.0, rate_per_h: 0.15 },
        ],
        middle: Outlet { height_mm: 15.0, rate_per_h: 0.05 },
        lower: Outlet { height_mm: 15.0, rate_per_h: 0.01 },
        floors_per_h: [0.12, 0.05, 0.01],
    };

    /// The greatest share of a tank that leaves it in an hour; a step of `1 / fastest` hours is
    /// the longest that never empties a tank below zero.
    #[must_use]
    pub fn fastest_per_h(&self) -> f64 {
        let upper = self.upper[0].rate_per_h + self.upper[1].rate_per_h + self.floors_per_h[0];
        let middle = self.middle.rate_per_h + self.floors_per_h[1];
        let lower = self.lower.rate_per_h + self.floors_per_h[2];
        upper.max(middle).max(lower)
    }

    /// The tanks after `steps` with `rain_mm` in total, spread evenly over them, and what left.
    ///
    /// Every flow of a step is that at its start (explicit Euler); rain of the step enters at its
    /// end. Rain that is negative or not a number makes all of it `NaN`.
    #[must_use]
    pub fn advance(&self, start: Tanks, rain_mm: f64, steps: Steps) -> (Tanks, SoilFlow) {
        let mut tanks = start;
        let mut flow = SoilFlow::default();
        if !(0.0 <= rain_mm && rain_mm.is_finite()) {
            return (Tanks::NO_DATA, SoilFlow::NO_DATA);
        }
        let rain_of_step_mm = rain_mm / f64::from(steps.count);
        for _ in 0..steps.count {
            self.step(&mut tanks, &mut flow, rain_of_step_mm, steps.step_h);
        }
        (tanks, flow)
    }

    fn step(&self, tanks: &mut Tanks, flow: &mut SoilFlow, rain_mm: f64, step_h: f64) {
        let upper_mm = (self.upper[0].flow_mm_h(tanks.upper_mm)
            + self.upper[1].flow_mm_h(tanks.upper_mm))
            * step_h;
        let middle_mm = self.middle.flow_mm_h(tanks.middle_mm) * step_h;
        let lower_mm = self.lower.flow_mm_h(tanks.lower_mm) * step_h;
        let [first_mm, second_mm, deep_mm] = [
            self.floors_per_h[0] * tanks.upper_mm * step_h,
            self.floors_per_h[1] * tanks.middle_mm * step_h,
            self.floors_per_h[2] * tanks.lower_mm * step_h,
        ];
        tanks.upper_mm += rain_mm - upper_mm - first_mm;
        tanks.middle_mm += first_mm - middle_mm - second_mm;
        tanks.lower_mm += second_mm - lower_mm - deep_mm;
        flow.upper_mm += upper_mm;
        flow.middle_mm += middle_mm;
        flow.lower_mm += lower_mm;
        flow.deep_mm += deep_mm;
    }
}

/// How a stretch of time is cut: `count` steps of `step_h` hours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steps {
    count: u32,
    step_h: f64,
}

impl Steps {
    /// One step of ten minutes, the interval of the agency's product.
    pub const TEN_MINUTES: Self = Self { count: 1, step_h: 1.0 / 6.0 };
    /// An hour: six steps of ten minutes, bit for bit what six calls with a sixth of the rain give.
    pub const HOUR: Self = Self { count: 6, step_h: 1.0 / 6.0 };

    /// `hours` cut into `count` steps; `None` if a step is not positive and finite, or so long
    /// that `model` would empty a tank below zero.
    #[must_use]
    pub fn new(model: &TankModel, hours: f64, count: u32) -> Option<Self> {
        let step_h = hours / f64::from(count);
        let is_sound = 0.0 < step_h && step_h * model.fastest_per_h() <= 1.0;
        (step_h.is_finite() && is_sound).then_some(Self { count, step_h })
    }
}

/// Water in the three tanks, in mm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tanks {
    /// In the upper tank: soil near the surface.
    pub upper_mm: f64,
    /// In the middle tank.
    pub middle_mm: f64,
    /// In the lower tank: groundwater.
    pub lower_mm: f64,
}

impl Tanks {
    /// No data.
    pub const NO_DATA: Self = Self { upper_mm: f64::NAN, middle_mm: f64::NAN, lower_mm: f64::NAN };

    /// The soil water index.
    #[must_use]
    pub fn index_mm(&self) -> f64 {
        self.upper_mm + self.middle_mm + self.lower_mm
    }

    /// Tanks from the agency's total index and upper tank; the rest is split by [`MIDDLE_SHARE`].
    /// Both fields are rounded to whole mm, so the rest can be -1: then it is 0.
    #[must_use]
    pub fn from_index(index_mm: f64, upper_mm: f64) -> Self {
        let rest_mm = index_mm - upper_mm;
        if rest_mm.is_nan() {
            return Self::NO_DATA;
        }
        let rest_mm = rest_mm.max(0.0);
        let middle_mm = MIDDLE_SHARE * rest_mm;
        Self { upper_mm, middle_mm, lower_mm: rest_mm - middle_mm }
    }
}

/// Water that left the tanks over a stretch of time, in mm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoilFlow {
    /// Through the side of the upper tank.
    pub upper_mm: f64,
    /// Through the side of the middle tank.
    pub middle_mm: f64,
    /// Through the side of the lower tank.
    pub lower_mm: f64,
    /// Through the floor of the lower tank.
    pub deep_mm: f64,
}

impl SoilFlow {
    /// No data.
    pub const NO_DATA: Self =
        Self { upper_mm: f64::NAN, middle_mm: f64::NAN, lower_mm: f64::NAN, deep_mm: f64::NAN };

    /// What went to the river: through the sides of all tanks.
    #[must_use]
    pub fn side_mm(&self) -> f64 {
        self.upper_mm + self.middle_mm + self.lower_mm
    }
}
