//! Snow over the hillsides: between the rain of all members and the ground.
//!
//! A rain cell has one temperature, that of its mean height; every member has its own snow, because
//! each makes something else of the rain.

use jiff::Timestamp;

use super::{Basin, Block, Ensemble, LANES};
use crate::basin_error::BasinError;
use crate::rainfall::Timeline;
use crate::runoff::{Slopes, SnowModel, Snowpack, at_height_c};

/// Temperatures over a basin: one for the sea level in each step, and the heights of the rain cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Temperatures {
    start: Timestamp,
    step_s: u32,
    sea_level_c: Vec<f64>,
    heights_m: Vec<f64>,
}

impl Temperatures {
    /// `sea_level_c` has a temperature in °C, reduced to the sea level, for each step of `timeline`
    /// and `heights_m` the mean height of each rain cell in m; `NaN` where either is not known.
    ///
    /// # Errors
    /// A number that is infinite; a timeline without length of its steps.
    pub fn new(
        timeline: &Timeline,
        sea_level_c: Vec<f64>,
        heights_m: Vec<f64>,
    ) -> Result<Self, BasinError> {
        for (what, values) in [("temperature", &sea_level_c), ("height", &heights_m)] {
            if let Some(index) = values.iter().position(|value| value.is_infinite()) {
                return Err(BasinError::Item { what, index, expected: "a finite number, or none" });
            }
        }
        if timeline.step_s == 0 {
            let (what, value) = ("step_s", 0.0);
            return Err(BasinError::Setting { what, value, expected: "above 0" });
        }
        let Timeline { start, step_s, .. } = *timeline;
        Ok(Self { start, step_s, sea_level_c, heights_m })
    }

    /// Temperatures of the first `cells` rain cells in the step that begins at a time; `NaN` before
    /// the first and after the last step.
    fn at(&self, begin: Timestamp, cells: usize) -> Vec<f64> {
        let after_s = begin.as_second().saturating_sub(self.start.as_second());
        let step = usize::try_from(after_s.div_euclid(self.step_s.into())).ok();
        let sea_level_c = step.and_then(|step| self.sea_level_c.get(step)).copied();
        let sea_level_c = sea_level_c.unwrap_or(f64::NAN);
        let height_m = |cell| self.heights_m.get(cell).copied().unwrap_or(f64::NAN);
        (0..cells).map(|cell| at_height_c(sea_level_c, 0.0, height_m(cell))).collect()
    }
}

/// Snow of the members of a block, and where its water came from and went, in m³.
#[derive(Clone, Debug)]
pub(super) struct Snow {
    pack: Snowpack<LANES>,
    /// In the snow at the start, fallen since as rain and snow, let through to the ground.
    sums_m3: [[f64; LANES]; 3],
}

impl Snow {
    fn new(slopes: &Slopes, model: SnowModel, start_m: f64) -> Result<Self, BasinError> {
        let pack = Snowpack::new(model, vec![[start_m; LANES]; slopes.rain_cells()])?;
        let none = [0.0; LANES];
        let mut snow = Self { pack, sums_m3: [none; 3] };
        snow.sums_m3[0] = snow.stored_m3(slopes);
        Ok(snow)
    }

    /// Snow as it was saved.
    pub(super) fn saved(
        water_m: Vec<[f64; LANES]>,
        sums_m3: [[f64; LANES]; 3],
    ) -> Result<Self, BasinError> {
        let pack = Snowpack::new(SnowModel::USUAL, water_m)?;
        if let Some(index) =
            sums_m3.iter().flatten().position(|sum| !(sum.is_finite() && 0.0 <= *sum))
        {
            return Err(BasinError::Item { what: "sum of snow", index, expected: "0 or more" });
        }
        Ok(Self { pack, sums_m3 })
    }

    /// The numbers that [`Snow::saved`] takes: sums, then water by cell.
    pub(super) fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        self.sums_m3.iter().chain(self.pack.water_m()).flatten().copied()
    }

    /// Turns the precipitation of a step into what reaches the ground.
    pub(super) fn step(
        &mut self,
        slopes: &Slopes,
        temperature_c: &[f64],
        rain_m_s: &mut [[f64; LANES]],
        step_s: f64,
    ) -> Result<(), BasinError> {
        let volume_m3 = |rain_m_s: &[[f64; LANES]]| {
            let depths = rain_m_s.iter().map(|rates| rates.map(|rate| rate * step_s));
            sum_m3(slopes, depths)
        };
        let fallen_m3 = volume_m3(rain_m_s);
        self.pack.step(temperature_c, rain_m_s, step_s)?;
        let passed_m3 = volume_m3(rain_m_s);
        for (sums, more) in self.sums_m3[1..].iter_mut().zip([fallen_m3, passed_m3]) {
            for (sum, more) in sums.iter_mut().zip(more) {
                *sum += more;
            }
        }
        Ok(())
    }

    /// Water in the snow.
    fn stored_m3(&self, slopes: &Slopes) -> [f64; LANES] {
        sum_m3(slopes, self.pack.water_m().iter().copied())
    }

    /// Water that appeared or vanished as a share of all that was there.
    pub(super) fn error(&self, slopes: &Slopes) -> [f64; LANES] {
        let [start, fallen, passed] = self.sums_m3;
        let stored = self.stored_m3(slopes);
        std::array::from_fn(|lane| {
            let came_m3 = start[lane] + fallen[lane];
            let error_m3 = came_m3 - passed[lane] - stored[lane];
            if 0.0 < came_m3 { error_m3 / came_m3 } else { error_m3 }
        })
    }
}

/// Volume of depths over the ground of each rain cell.
fn sum_m3(slopes: &Slopes, depths_m: impl Iterator<Item = [f64; LANES]>) -> [f64; LANES] {
    depths_m.zip(slopes.under_rain_m2()).fold([0.0; LANES], |sums, (depths_m, area_m2)| {
        std::array::from_fn(|lane| sums[lane] + depths_m[lane] * area_m2)
    })
}

impl Ensemble {
    /// The same members under falling and melting snow. Snow that lies already, that of a saved
    /// state, goes on; else it lies `start_m` deep (as water) over all of the basin.
    ///
    /// # Errors
    /// A model out of its range; a depth below 0 or not finite.
    pub fn with_snow(
        mut self,
        basin: &Basin,
        model: SnowModel,
        start_m: f64,
        temperatures: Temperatures,
    ) -> Result<Self, BasinError> {
        for block in &mut self.blocks {
            block.snow = Some(match block.snow.take() {
                None => Snow::new(&basin.slopes, model, start_m)?,
                Some(Snow { pack, sums_m3 }) => Snow { pack: pack.with_model(model)?, sums_m3 },
            });
        }
        self.temperatures = Some(temperatures.into());
        Ok(self)
    }

    /// Snow as it lies over other members, those of an older state of the same basin, instead of
    /// one's own; that of a member that the others do not have stays as it is.
    pub fn take_snow(&mut self, other: &Self) {
        for (block, other) in self.blocks.iter_mut().zip(&other.blocks) {
            if let Some(snow) = &other.snow {
                block.snow = Some(snow.clone());
            }
        }
    }

    /// Water in the snow over the basin for every member, in m³; `None` without snow.
    #[must_use]
    pub fn snow_m3(&self, basin: &Basin) -> Option<Vec<f64>> {
        let is_snowy = self.blocks.iter().all(|block| block.snow.is_some());
        let stored = |block: &Block| {
            let snow = block.snow.as_ref();
            snow.map_or([0.0; LANES], |snow| snow.stored_m3(&basin.slopes))
        };
        is_snowy.then(|| self.gather(stored))
    }

    /// Temperatures of the rain cells in a step, where there is snow.
    pub(super) fn temperatures_c(&self, basin: &Basin, begin: Timestamp) -> Vec<f64> {
        let cells = basin.slopes.rain_cells();
        match &self.temperatures {
            Some(known) => known.at(begin, cells),
            None => vec![f64::NAN; cells],
        }
    }
}
