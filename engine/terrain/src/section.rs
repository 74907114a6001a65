//! Cross-sections of reaches that nobody has surveyed.

use crate::error::TerrainError;
use crate::stream::Network;

/// A rectangular cross-section.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// Width between the banks in m.
    pub width_m: f64,
    /// Depth from the banks to the bed in m.
    pub depth_m: f64,
}

/// Width and depth by the drained area `A` in km²: `W = Cw A^Sw`, `D = Cd A^Sd`, in m.
///
/// ```
/// use jomo_terrain::section::SectionRule;
/// let section = SectionRule::RRI.at(1e6);
/// assert_eq!((section.width_m, section.depth_m), (5.0, 0.95));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SectionRule {
    /// `Cw` and `Sw`.
    pub width: [f64; 2],
    /// `Cd` and `Sd`.
    pub depth: [f64; 2],
}

impl SectionRule {
    /// The numbers that the RRI model starts from (Sayama et al. 2012, Hydrological Sciences
    /// Journal 57; its user's manual): `W = 5.0 A^0.35`, `D = 0.95 A^0.20`. They are a beginning
    /// for rivers without any survey, not a measurement of the rivers of a region.
    pub const RRI: Self = Self { width: [5.0, 0.35], depth: [0.95, 0.20] };

    /// The section where `area_m2` drain together.
    #[must_use]
    pub fn at(&self, area_m2: f64) -> Section {
        let square_km = area_m2 / 1e6;
        let power = |[factor, exponent]: [f64; 2]| factor * square_km.powf(exponent);
        Section { width_m: power(self.width), depth_m: power(self.depth) }
    }

    fn check(&self) -> Result<(), TerrainError> {
        for (what, [factor, exponent]) in [("width", self.width), ("depth", self.depth)] {
            if !(factor.is_finite() && 0.0 < factor) {
                let expected = "more than 0";
                return Err(TerrainError::Setting { what, value: factor, expected });
            }
            if !(0.0..=2.0).contains(&exponent) {
                let expected = "an exponent of 0 to 2";
                return Err(TerrainError::Setting { what, value: exponent, expected });
            }
        }
        Ok(())
    }
}

/// The section of every reach: as given by its id, else by the rule at its lower end.
///
/// # Errors
/// A rule or a given section that is not positive; a given id that no reach has.
pub fn sections(
    network: &Network,
    rule: &SectionRule,
    given: &[(String, Section)],
) -> Result<Vec<Section>, TerrainError> {
    rule.check()?;
    let mut sections: Vec<Section> = network.upstream_m2().map(|area| rule.at(area)).collect();
    if given.is_empty() {
        return Ok(sections);
    }
    let ids: std::collections::HashMap<String, usize> =
        (0..sections.len()).filter_map(|reach| Some((network.id(reach)?, reach))).collect();
    for (id, section) in given {
        let Some(reach) = ids.get(id) else {
            return Err(TerrainError::NoReach { id: id.clone() });
        };
        for (what, value) in [("width_m", section.width_m), ("depth_m", section.depth_m)] {
            if !(value.is_finite() && 0.0 < value) {
                let expected = "more than 0";
                return Err(TerrainError::Setting { what, value, expected });
            }
        }
        sections[*reach] = *section;
    }
    Ok(sections)
}
