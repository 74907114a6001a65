//! Rain on the domain, what the ground keeps of it, and what drains take.

use crate::error::FloodError;
use crate::real::Real;
use crate::series::Series;

/// Rain over the domain: zones with a series each.
#[derive(Clone, Debug)]
pub struct Rain {
    zones: Vec<Series>,
    zone_of_cell: Option<Vec<u32>>,
}

impl Rain {
    /// The same rain everywhere, mm/h.
    #[must_use]
    pub fn uniform(rate_mm_h: Series) -> Self {
        Self { zones: vec![rate_mm_h], zone_of_cell: None }
    }

    /// Rain by zones, mm/h; `zone_of_cell` gives the zone of each cell, row by row.
    ///
    /// # Errors
    /// If a cell names a zone that is not there.
    pub fn zoned(zones: Vec<Series>, zone_of_cell: Vec<u32>) -> Result<Self, FloodError> {
        let known = |zone: &u32| usize::try_from(*zone).is_ok_and(|zone| zone < zones.len());
        if let Some(row) = zone_of_cell.iter().position(|zone| !known(zone)) {
            return Err(FloodError::Series { what: "rain".to_owned(), row });
        }
        Ok(Self { zones, zone_of_cell: Some(zone_of_cell) })
    }

    /// Zone of each cell; `None` if there is one zone only.
    pub(crate) fn zone_of_cell(&self) -> Option<&[u32]> {
        self.zone_of_cell.as_deref()
    }

    pub(crate) fn zones(&self) -> usize {
        self.zones.len()
    }
}

/// What the ground keeps of the rain before it runs off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Infiltration {
    /// Nothing.
    None,
    /// Up to a constant rate.
    Constant {
        /// mm/h.
        rate_mm_h: f64,
    },
    /// Green and Ampt (1911): the wetting front slows as it deepens.
    GreenAmpt {
        /// Saturated conductivity, mm/h.
        conductivity_mm_h: f64,
        /// Suction at the wetting front, mm.
        suction_mm: f64,
        /// Share of the volume that can still fill with water, 0 to 1.
        deficit: f64,
    },
    /// Curve number of the Soil Conservation Service, with an initial loss of a fifth of the
    /// retention (National Engineering Handbook, part 630, chapter 10).
    ScsCurveNumber {
        /// Curve number, above 0 to 100.
        curve_number: f64,
    },
}

impl Infiltration {
    /// # Errors
    /// If a number is out of its range.
    pub fn check(self) -> Result<Self, FloodError> {
        let fault = |what, value, expected| Err(FloodError::Setting { what, value, expected });
        let rate = |value: f64| value.is_finite() && 0.0 <= value;
        match self {
            Self::Constant { rate_mm_h } if !rate(rate_mm_h) => {
                fault("rate_mm_h", rate_mm_h, ">= 0")
            }
            Self::GreenAmpt { conductivity_mm_h, .. } if !rate(conductivity_mm_h) => {
                fault("conductivity_mm_h", conductivity_mm_h, ">= 0")
            }
            Self::GreenAmpt { suction_mm, .. } if !rate(suction_mm) => {
                fault("suction_mm", suction_mm, ">= 0")
            }
            Self::GreenAmpt { deficit, .. } if !(0.0..=1.0).contains(&deficit) => {
                fault("deficit", deficit, "0 .. 1")
            }
            Self::ScsCurveNumber { curve_number }
                if !(0.0 < curve_number && curve_number <= 100.0) =>
            {
                fault("curve_number", curve_number, "0 < CN <= 100")
            }
            sound => Ok(sound),
        }
    }
}

/// State of the ground of one zone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Soil {
    /// Rain so far, mm.
    pub rain_mm: f64,
    /// Infiltrated so far, mm.
    pub infiltrated_mm: f64,
}

impl Soil {
    /// Takes in `rain_mm` that fell in `hours` and gives what runs off, mm.
    pub(crate) fn excess_mm(&mut self, law: Infiltration, rain_mm: f64, hours: f64) -> f64 {
        let kept = match law {
            Infiltration::None => 0.0,
            Infiltration::Constant { rate_mm_h } => rain_mm.min(rate_mm_h * hours),
            Infiltration::GreenAmpt { conductivity_mm_h, suction_mm, deficit } => {
                let front_mm = suction_mm * deficit;
                rain_mm.min(ponded_mm(self.infiltrated_mm, conductivity_mm_h * hours, front_mm))
            }
            Infiltration::ScsCurveNumber { curve_number } => {
                let runoff = |rain| scs_runoff_mm(rain, curve_number);
                rain_mm - (runoff(self.rain_mm + rain_mm) - runoff(self.rain_mm)).min(rain_mm)
            }
        };
        self.rain_mm += rain_mm;
        self.infiltrated_mm += kept;
        rain_mm - kept
    }
}

/// What ponded ground takes in, mm, after `infiltrated_mm`: the root `F` of
/// `F - front ln((F + front) / (F0 + front)) = F0 + conducted`, less `F0`.
fn ponded_mm(infiltrated_mm: f64, conducted_mm: f64, front_mm: f64) -> f64 {
    if front_mm <= 0.0 || conducted_mm <= 0.0 {
        return conducted_mm;
    }
    // From above: suction acting through the depth already wet can only be weaker than now.
    let mut gain = conducted_mm + (2.0 * front_mm * conducted_mm).sqrt();
    for _ in 0..30 {
        let depth = infiltrated_mm + gain + front_mm;
        let value = gain - conducted_mm - front_mm * (depth / (infiltrated_mm + front_mm)).ln();
        let slope = 1.0 - front_mm / depth;
        if slope <= 0.0 {
            break;
        }
        let next = (gain - value / slope).max(conducted_mm);
        if (next - gain).abs() <= 1e-12 * gain {
            return next;
        }
        gain = next;
    }
    gain
}

/// Runoff of a storm of `rain_mm`, mm.
fn scs_runoff_mm(rain_mm: f64, curve_number: f64) -> f64 {
    let retention_mm = 25_400.0 / curve_number - 254.0;
    let after_loss = rain_mm - 0.2 * retention_mm;
    if after_loss <= 0.0 { 0.0 } else { after_loss * after_loss / (after_loss + retention_mm) }
}

/// Water waiting to be put on the cells of each zone.
#[derive(Clone, Debug)]
pub(crate) struct Sky {
    rain: Option<Rain>,
    law: Infiltration,
    drainage_mm_h: f64,
    pub soils: Vec<Soil>,
    /// Rain of each zone, less what the ground kept, not yet put on its cells, m.
    pub waiting_m: Vec<f64>,
    /// What the drains could have taken since they last did, m.
    pub to_drain_m: f64,
    /// Seconds since water was put on the cells.
    pub waited_s: f64,
    /// Rain and infiltration of each zone in the last step, m.
    last_m: Vec<[f64; 2]>,
}

/// Water is put on the cells when this much waits, m: adding less to deep water loses digits and
/// makes every cell of the domain work in every step.
const PORTION_M: f64 = 1e-4;
/// ... or when it has waited so long, s.
const PATIENCE_S: f64 = 10.0;

impl Sky {
    pub(crate) fn new(rain: Option<Rain>, law: Infiltration, drainage_mm_h: f64) -> Self {
        let zones = rain.as_ref().map_or(1, Rain::zones);
        Self {
            rain,
            law,
            drainage_mm_h,
            soils: vec![Soil::default(); zones],
            waiting_m: vec![0.0; zones],
            to_drain_m: 0.0,
            waited_s: 0.0,
            last_m: vec![[0.0; 2]; zones],
        }
    }

    /// Whether nothing ever comes from it.
    pub(crate) fn is_clear(&self) -> bool {
        self.rain.is_none() && self.drainage_mm_h <= 0.0
    }

    pub(crate) fn rain(&self) -> Option<&Rain> {
        self.rain.as_ref()
    }

    /// Longest step that does not outrun the rain, s.
    pub(crate) fn patience_s(&self) -> f64 {
        if self.is_clear() { f64::INFINITY } else { (PATIENCE_S - self.waited_s).max(0.01) }
    }

    /// Lets it rain between two times; whether water is due on the cells.
    pub(crate) fn gather(&mut self, from_s: f64, to_s: f64) -> bool {
        if self.is_clear() {
            return false;
        }
        let hours = (to_s - from_s) / 3_600.0;
        let mut due = false;
        for zone in 0..self.waiting_m.len() {
            let rain = self.rain.as_ref().map(|rain| &rain.zones[zone]);
            let fallen = rain.map_or(0.0, |rain| rain.integral(from_s, to_s) / 3_600.0).max(0.0);
            let excess = self.soils[zone].excess_mm(self.law, fallen, hours);
            self.last_m[zone] = [fallen / 1_000.0, (fallen - excess) / 1_000.0];
            self.waiting_m[zone] += excess / 1_000.0;
            due |= PORTION_M <= self.waiting_m[zone];
        }
        self.to_drain_m += self.drainage_mm_h * hours / 1_000.0;
        due |= PORTION_M <= self.to_drain_m;
        self.waited_s += to_s - from_s;
        due || PATIENCE_S <= self.waited_s
    }

    /// Whether water waits to be put on the cells or taken from them.
    pub(crate) fn waits(&self) -> bool {
        0.0 < self.to_drain_m || self.waiting_m.iter().any(|waiting_m| 0.0 < *waiting_m)
    }

    /// Rain and infiltration of the last step, summed over the cells of all zones, m.
    pub(crate) fn count(&mut self, cells_of_zone: &[u64]) -> [f64; 2] {
        let mut sums = [0.0; 2];
        for (last_m, cells) in self.last_m.iter_mut().zip(cells_of_zone) {
            let [fallen, kept] = std::mem::take(last_m);
            sums[0] += fallen * *cells as f64;
            sums[1] += kept * *cells as f64;
        }
        sums
    }

    /// Takes the waiting water of each zone, as far as it can be put on a cell exactly. What was
    /// rounded up is owed by the next portion: none is below zero.
    pub(crate) fn portions<R: Real>(&mut self) -> Vec<R> {
        let take = |waiting: &mut f64| {
            let portion = R::of(*waiting).at_least(R::ZERO);
            *waiting -= portion.wide();
            portion
        };
        self.waited_s = 0.0;
        self.waiting_m.iter_mut().map(take).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Green-Ampt after Chow, Maidment and Mays (1988), Applied Hydrology, example 4.3.1: silt
    /// loam, K 0.65 cm/h, ψΔθ 5.68 cm: 3.17 cm in one hour under ponding.
    #[test]
    fn green_ampt_gives_the_textbook_depth() {
        assert!((ponded_mm(0.0, 6.5, 56.8) - 31.7).abs() < 0.1);
    }

    /// In parts as in one go: the law has no memory but the depth infiltrated.
    #[test]
    fn green_ampt_does_not_depend_on_the_step() {
        let mut depth = 0.0;
        for _ in 0..100 {
            depth += ponded_mm(depth, 0.065, 56.8);
        }
        assert!((depth - ponded_mm(0.0, 6.5, 56.8)).abs() < 1e-6, "{depth}");
    }

    /// NEH 630.10: CN 80 and 100 mm give Q = (100 - 12.7)² / (100 + 50.8) = 50.5 mm.
    #[test]
    fn the_curve_number_gives_the_handbook_runoff() {
        let mut soil = Soil::default();
        let law = Infiltration::ScsCurveNumber { curve_number: 80.0 };
        let runoff: f64 = (0..50).map(|_| soil.excess_mm(law, 2.0, 0.1)).sum();
        assert!((runoff - 50.54).abs() < 0.01, "{runoff}");
    }
}
