//! Snow by degree-days: what falls as snow lies until days above freezing melt it.
//!
//! A pack lies over each rain cell and stands between the rain and the hillsides: what it lets
//! through is the rain of [`super::Runoff::step`].

use crate::basin_error::BasinError;

/// Fall of the temperature with height, in °C/m: that of the standard atmosphere (ISO 2533).
pub const LAPSE_C_M: f64 = 0.0065;

/// Seconds of a day.
const DAY_S: f64 = 86_400.0;

/// Share of rain that melts in addition, per °C of its temperature: heat capacity of water over
/// heat of fusion, 4.19 / 334.
const RAIN_MELT_PER_C: f64 = 0.0125;

/// How snow falls and melts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SnowModel {
    /// Melt for each degree above freezing, in mm/(°C day).
    pub melt_mm_c_day: f64,
    /// At and below this temperature all is snow, at and above the second all is rain, in °C; the
    /// share is linear between.
    pub falls_c: [f64; 2],
}

impl SnowModel {
    /// 4.5 mm/(°C day), the middle of what Hock (2003) lists for snow without trees; sleet from
    /// 0 to 3 °C.
    pub const USUAL: Self = Self { melt_mm_c_day: 4.5, falls_c: [0.0, 3.0] };

    fn check(&self) -> Result<(), BasinError> {
        let [snow_c, rain_c] = self.falls_c;
        if !(self.melt_mm_c_day.is_finite() && 0.0 <= self.melt_mm_c_day) {
            let (what, value) = ("melt_mm_c_day", self.melt_mm_c_day);
            return Err(BasinError::Setting { what, value, expected: "0 or more" });
        }
        if !(snow_c.is_finite() && rain_c.is_finite() && snow_c < rain_c) {
            let (what, value) = ("falls_c", rain_c);
            return Err(BasinError::Setting { what, value, expected: "above that of snow" });
        }
        Ok(())
    }

    /// Share of what falls that is snow.
    fn snow_share(&self, temperature_c: f64) -> f64 {
        let [snow_c, rain_c] = self.falls_c;
        ((rain_c - temperature_c) / (rain_c - snow_c)).clamp(0.0, 1.0)
    }
}

/// Temperature at a height from one at another, both heights in m.
#[must_use]
pub fn at_height_c(temperature_c: f64, measured_at_m: f64, height_m: f64) -> f64 {
    temperature_c - LAPSE_C_M * (height_m - measured_at_m)
}

/// Snow over the rain cells, by member.
#[derive(Clone, Debug, PartialEq)]
pub struct Snowpack<const W: usize> {
    model: SnowModel,
    /// Water in the snow, in m.
    water_m: Vec<[f64; W]>,
}

impl<const W: usize> Snowpack<W> {
    /// Snow of a given water equivalent over each cell, in m.
    ///
    /// # Errors
    /// A model out of its range; a depth below 0 or not finite.
    pub fn new(model: SnowModel, water_m: Vec<[f64; W]>) -> Result<Self, BasinError> {
        model.check()?;
        let is_sound = |depth: &f64| depth.is_finite() && 0.0 <= *depth;
        if let Some(index) = water_m.iter().position(|lanes| !lanes.iter().all(is_sound)) {
            let expected = "a water equivalent of 0 or more";
            return Err(BasinError::Item { what: "snow cell", index, expected });
        }
        Ok(Self { model, water_m })
    }

    /// Lets it snow, rain and melt for `step_s`: turns the precipitation of each cell in m/s into
    /// what reaches the ground as water. A cell whose temperature is not known keeps its snow and
    /// passes all as rain.
    ///
    /// # Errors
    /// Another number of cells than at the start; a step that is not above 0; precipitation below
    /// 0 or not finite. Nothing has changed then.
    pub fn step(
        &mut self,
        temperature_c: &[f64],
        precipitation_m_s: &mut [[f64; W]],
        step_s: f64,
    ) -> Result<(), BasinError> {
        let expected = self.water_m.len();
        for (what, found) in
            [("temperatures", temperature_c.len()), ("rain cells", precipitation_m_s.len())]
        {
            if expected != found {
                return Err(BasinError::Count { what, expected, found });
            }
        }
        if !(step_s.is_finite() && 0.0 < step_s) {
            let (what, value) = ("step_s", step_s);
            return Err(BasinError::Setting { what, value, expected: "above 0" });
        }
        let is_sound = |rate: &f64| rate.is_finite() && 0.0 <= *rate;
        if let Some(index) = precipitation_m_s.iter().position(|row| !row.iter().all(is_sound)) {
            let expected = "rain of 0 or more";
            return Err(BasinError::Item { what: "rain cell", index, expected });
        }
        let cells = self.water_m.iter_mut().zip(temperature_c).zip(precipitation_m_s);
        for ((water_m, temperature_c), rates_m_s) in cells {
            if temperature_c.is_nan() {
                continue;
            }
            let snow_share = self.model.snow_share(*temperature_c);
            let above_c = temperature_c.max(0.0);
            let melt_m = self.model.melt_mm_c_day / 1_000.0 * above_c * (step_s / DAY_S);
            for (water_m, rate_m_s) in water_m.iter_mut().zip(rates_m_s) {
                let fallen_m = *rate_m_s * step_s;
                let snow_m = fallen_m * snow_share;
                let rain_m = fallen_m - snow_m;
                let before_m = *water_m + snow_m;
                let melted_m = (melt_m + RAIN_MELT_PER_C * above_c * rain_m).min(before_m);
                *water_m = before_m - melted_m;
                *rate_m_s = (rain_m + melted_m) / step_s;
            }
        }
        Ok(())
    }

    /// The same snow, that falls and melts by another model from here on.
    ///
    /// # Errors
    /// A model out of its range.
    pub fn with_model(self, model: SnowModel) -> Result<Self, BasinError> {
        model.check()?;
        Ok(Self { model, ..self })
    }

    /// Water in the snow over each cell, in m.
    #[must_use]
    pub fn water_m(&self) -> &[[f64; W]] {
        &self.water_m
    }
}
