//! What covers the ground, and what that does to water.

use crate::basin_error::BasinError;

/// How rain goes into the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Infiltration {
    /// Green and Ampt (1911), the water in the soil taken for the depth of the wetting front: as
    /// the soil drains, it takes in more again.
    GreenAmpt {
        /// Saturated conductivity downwards, in m/s.
        conductivity_m_s: f64,
        /// Suction at the wetting front, in m.
        suction_m: f64,
    },
    /// Curve number of the Soil Conservation Service, with an initial loss of a fifth of the
    /// retention: the simple law, for ground that is known by its curve number only. The soil
    /// holds 1.2 times the retention at most; its depth and porosity are not used.
    CurveNumber {
        /// Above 0 to 100.
        curve_number: f64,
    },
}

/// A kind of ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Land {
    /// Manning's roughness of the flow over it, in s/m^(1/3).
    pub roughness: f64,
    /// Depth of water that stays before any runs off, in m: bunds of paddies, hollows.
    pub ponding_m: f64,
    /// Depth of the soil, in m.
    pub soil_depth_m: f64,
    /// Share of the soil's volume that fills and drains.
    pub porosity: f64,
    /// Share of that in fine pores: up to it water creeps, with the fourth power of what is there;
    /// beyond, it runs in the wide ones (Tachikawa et al. 2004). 0: all runs.
    pub matrix_share: f64,
    /// Saturated conductivity along the slope, in m/s.
    pub lateral_conductivity_m_s: f64,
    /// How rain goes in.
    pub infiltration: Infiltration,
    /// Rate at which saturated soil feeds the slow store below, in m/s; in proportion to the water
    /// in the soil.
    pub percolation_m_s: f64,
    /// Share of that which never comes back to the rivers here.
    pub deep_loss: f64,
}

impl Land {
    /// Forest. Rain of any strength goes in (Murai and Iwasaki 1975 measured 258 mm/h under
    /// Japanese forests); it flows in a metre of soil and over saturated ground. The soil holds
    /// 300 mm, 180 mm of it in fine pores.
    pub const FOREST: Self = Self {
        roughness: 0.4,
        ponding_m: 0.002,
        soil_depth_m: 1.0,
        porosity: 0.3,
        matrix_share: 0.6,
        lateral_conductivity_m_s: 0.01,
        infiltration: Infiltration::GreenAmpt { conductivity_m_s: 7e-5, suction_m: 0.11 },
        percolation_m_s: 2e-7,
        deep_loss: 0.0,
    };
    /// Paddy: bunds keep 2 cm more than the farmer's level; the plough pan lets 15 mm/day through.
    pub const PADDY: Self = Self {
        roughness: 0.3,
        ponding_m: 0.02,
        soil_depth_m: 0.3,
        porosity: 0.15,
        matrix_share: 0.7,
        lateral_conductivity_m_s: 1e-5,
        infiltration: Infiltration::GreenAmpt { conductivity_m_s: 1.7e-7, suction_m: 0.2 },
        percolation_m_s: 1.7e-7,
        deep_loss: 0.0,
    };
    /// Field, orchard, grass: sandy loam.
    pub const FIELD: Self = Self {
        roughness: 0.2,
        ponding_m: 0.003,
        soil_depth_m: 0.6,
        porosity: 0.3,
        matrix_share: 0.6,
        lateral_conductivity_m_s: 1e-3,
        infiltration: Infiltration::GreenAmpt { conductivity_m_s: 3.0e-6, suction_m: 0.110 },
        percolation_m_s: 3e-7,
        deep_loss: 0.0,
    };
    /// Town: most of the ground is sealed, clay loam between.
    pub const URBAN: Self = Self {
        roughness: 0.05,
        ponding_m: 0.001,
        soil_depth_m: 0.3,
        porosity: 0.15,
        matrix_share: 0.6,
        lateral_conductivity_m_s: 1e-4,
        infiltration: Infiltration::GreenAmpt { conductivity_m_s: 2.8e-7, suction_m: 0.209 },
        percolation_m_s: 1e-7,
        deep_loss: 0.0,
    };
    /// Open water: rain runs at once.
    pub const WATER: Self = Self {
        roughness: 0.03,
        ponding_m: 0.0,
        soil_depth_m: 0.0,
        porosity: 0.0,
        matrix_share: 0.0,
        lateral_conductivity_m_s: 0.0,
        infiltration: Infiltration::GreenAmpt { conductivity_m_s: 0.0, suction_m: 0.0 },
        percolation_m_s: 0.0,
        deep_loss: 0.0,
    };
    /// By the class of a land cover raster: 1 forest, 2 paddy, 3 field, 4 urban, 5 water; 0, where
    /// nothing is known, is forest, which covers two thirds of the country.
    pub const CLASSES: [Self; 6] =
        [Self::FOREST, Self::FOREST, Self::PADDY, Self::FIELD, Self::URBAN, Self::WATER];

    /// Most water that the soil holds, in m.
    #[must_use]
    pub fn capacity_m(&self) -> f64 {
        match self.infiltration {
            Infiltration::GreenAmpt { .. } => self.soil_depth_m * self.porosity,
            Infiltration::CurveNumber { curve_number } => 1.2 * retention_m(curve_number),
        }
    }

    /// What is out of its range.
    fn fault(&self) -> Option<&'static str> {
        let amount = |value: f64| value.is_finite() && 0.0 <= value;
        let share = |value: f64| (0.0..=1.0).contains(&value);
        let infiltration = match self.infiltration {
            Infiltration::GreenAmpt { conductivity_m_s, suction_m } => {
                amount(conductivity_m_s) && amount(suction_m)
            }
            Infiltration::CurveNumber { curve_number } => {
                0.0 < curve_number && curve_number <= 100.0
            }
        };
        let depths = [self.ponding_m, self.soil_depth_m];
        let rates = [self.lateral_conductivity_m_s, self.percolation_m_s];
        if !(self.roughness.is_finite() && 0.0 < self.roughness) {
            Some("a roughness above 0")
        } else if !depths.into_iter().all(amount) {
            Some("depths of 0 or more")
        } else if !rates.into_iter().all(amount) {
            Some("conductivity and percolation of 0 or more")
        } else if ![self.porosity, self.matrix_share, self.deep_loss].into_iter().all(share) {
            Some("porosity, fine pores and loss of 0 to 1")
        } else if !infiltration {
            Some("infiltration of 0 or more, a curve number above 0 to 100")
        } else {
            None
        }
    }

    /// # Errors
    /// The first land with a number out of its range.
    pub(crate) fn check(lands: &[Self]) -> Result<(), BasinError> {
        for (index, land) in lands.iter().enumerate() {
            if let Some(expected) = land.fault() {
                return Err(BasinError::Item { what: "land", index, expected });
            }
        }
        Ok(())
    }
}

/// Potential retention of a curve number, in m.
pub(crate) fn retention_m(curve_number: f64) -> f64 {
    (25.4 / curve_number - 0.254).max(0.0)
}
