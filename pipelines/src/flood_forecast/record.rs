//! What a forecast says of gauges and banks: bands of levels, chances, and when a level is
//! reached.

use jiff::{SignedDuration, Timestamp};
use jomo_flood::ensemble::{Bands, Dressing, Heard, LEADS_MIN, reaches};
use jomo_flood::gauge::{CrisisLevel, ErrorMemory, Kind, Observation, ReferenceLevel};

use crate::dressing_table::Origin;
use crate::gauge_tables::Station;

/// Steps of a forecast in minutes.
pub(super) const STEP_MIN: i64 = 10;
/// Leads in h for which a chance is told of each bank.
pub(super) const TOLD_H: [u32; 5] = [1, 3, 6, 12, 36];
/// How fast the error of a model at a gauge fades, and how large it becomes, where neither kept
/// forecasts nor its own record tell: a guess of an hour and a half and 0.3 m, stated in `run.json`.
pub(super) const FIRST_MEMORY: ErrorMemory = ErrorMemory { memory_h: 1.5, spread_m: 0.3 };

/// Valid times of a forecast, the first one step after the reference time.
pub(super) fn valid_times(reference_time: Timestamp, hours: u32) -> Vec<Timestamp> {
    let steps = i64::from(hours) * 60 / STEP_MIN;
    let at = |step| reference_time.checked_add(SignedDuration::from_mins(STEP_MIN * step));
    (1..=steps).filter_map(|step| at(step).ok()).collect()
}

/// How the members at a gauge become a forecast.
pub(super) struct Dressed {
    pub(super) dressing: Dressing,
    pub(super) origin: Origin,
}

/// Levels of the members at a gauge, in its datum.
pub(super) struct MemberLevels {
    /// At the reference time, after readings were brought in.
    pub(super) now_m: Vec<f64>,
    /// By step.
    pub(super) then_m: Vec<Vec<f64>>,
}

/// The forecast at one gauge, in metres above its own datum.
pub(super) struct GaugeForecast {
    /// Index of the station.
    pub(super) station: usize,
    /// What it said at the reference time.
    pub(super) observation: Observation,
    /// Where the spread of the bands comes from.
    pub(super) origin: Origin,
    /// Bands of what the gauge will read, at each valid time.
    pub(super) bands: Vec<Bands>,
    /// Level that counts as dangerous and level of overflow, as far as the gauge has them.
    pub(super) thresholds_m: [Option<f64>; 2],
    /// Chance of each at each valid time.
    pub(super) chances: [Option<Vec<f64>>; 2],
    /// The members themselves, from which a dressing can be fitted later.
    pub(super) members: MemberLevels,
}

/// What an observation tells of the error of the members.
fn heard(observation: Observation) -> Heard {
    match observation {
        Observation::Level(reading) => Heard::Level(reading.level_m),
        Observation::BelowStart { start_m, .. } => Heard::Silent(start_m),
        Observation::SilentHigh { .. } | Observation::Outage { .. } => Heard::Nothing,
    }
}

impl GaugeForecast {
    /// Each member is carried on by the error that it has now, and doubt is put about it
    /// ([`Dressing::reading`]). `None` if a level is not a number.
    pub(super) fn new(
        (index, station): (usize, &Station),
        observation: Observation,
        members: MemberLevels,
        dressed: &Dressed,
    ) -> Option<Self> {
        let thresholds_m = thresholds(&station.gauge.kind);
        let mut bands = Vec::with_capacity(members.then_m.len());
        let mut chances =
            thresholds_m.map(|level| level.map(|_| Vec::with_capacity(members.then_m.len())));
        let heard = heard(observation);
        for (step, then_m) in members.then_m.iter().enumerate() {
            let lead_h = (step + 1) as f64 * STEP_MIN as f64 / 60.0;
            let mixture = dressed.dressing.reading(&members.now_m, heard, then_m, lead_h)?;
            bands.push(mixture.bands());
            for (chance, level) in chances.iter_mut().zip(thresholds_m) {
                if let (Some(chance), Some(level)) = (chance, level) {
                    chance.push(mixture.exceedance(level));
                }
            }
        }
        let origin = dressed.origin;
        Some(Self { station: index, observation, origin, bands, thresholds_m, chances, members })
    }

    /// Members at a step of a lead for which a dressing is fitted.
    pub(super) fn kept_m(&self, step: usize) -> Option<&[f64]> {
        let lead_min = STEP_MIN.checked_mul(i64::try_from(step + 1).ok()?)?;
        let is_kept = LEADS_MIN.iter().any(|lead| i64::from(*lead) == lead_min);
        is_kept.then(|| self.members.then_m[step].as_slice())
    }

    /// When a level is reached by the high (90 %) and by the middle (50 %) of the band.
    pub(super) fn reached(&self, times: &[Timestamp], level_m: f64) -> [Option<Timestamp>; 2] {
        let of = |value: fn(&Bands) -> f64| {
            let values: Vec<f64> = self.bands.iter().map(value).collect();
            reaches(times, &values, level_m)
        };
        [of(|band| band.p90), of(|band| band.p50)]
    }

    /// The highest value of the high and of the middle, and when.
    pub(super) fn peaks(&self, times: &[Timestamp]) -> [Option<(Timestamp, f64)>; 2] {
        let of = |value: fn(&Bands) -> f64| {
            let values = times.iter().copied().zip(self.bands.iter().map(value));
            // Of equal values the first.
            values.reduce(|best, next| if best.1 < next.1 { next } else { best })
        };
        [of(|band| band.p90), of(|band| band.p50)]
    }

    /// The greatest chance of a level up to a lead, in percent.
    pub(super) fn chance_percent(&self, which: usize, hours: u32) -> Option<i64> {
        let steps = usize::try_from(i64::from(hours) * 60 / STEP_MIN).unwrap_or(usize::MAX);
        let chances = self.chances[which].as_ref()?;
        Some(percent(chances.iter().take(steps).copied().fold(0.0, f64::max)))
    }
}

/// Dangerous and overflow level of a gauge. A reference station has no overflow level.
pub(super) fn thresholds(kind: &Kind) -> [Option<f64>; 2] {
    match kind {
        Kind::Crisis(levels) => {
            [levels.level_m(CrisisLevel::Danger), levels.level_m(CrisisLevel::OverflowStart)]
        }
        Kind::Reference { levels, .. } => [levels.level_m(ReferenceLevel::FloodDanger), None],
    }
}

/// Whole percent; what can happen is never told as 0, what may not as never 100.
#[expect(clippy::cast_possible_truncation, reason = "0 to 100")]
pub(super) fn percent(chance: f64) -> i64 {
    let whole = (100.0 * chance.clamp(0.0, 1.0)).round() as i64;
    if 0.0 < chance && chance < 1.0 { whole.clamp(1, 99) } else { whole }
}

/// What a forecast says of the banks of one node: levels over the bed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BankForecast {
    /// Greatest depth of the middle and of the high, m.
    pub(super) depth_m: [f64; 2],
    /// First valid step at which the high and the middle reach the left and the right crest.
    pub(super) reached: [[Option<usize>; 2]; 2],
    /// Greatest share of members over each crest up to each of [`TOLD_H`].
    pub(super) chance: [[f64; TOLD_H.len()]; 2],
}

impl BankForecast {
    pub(super) const NONE: Self =
        Self { depth_m: [0.0; 2], reached: [[None; 2]; 2], chance: [[0.0; TOLD_H.len()]; 2] };

    /// Takes the depths of all members at a step, in ascending order, and the heights of the
    /// crests over the bed.
    pub(super) fn take(&mut self, step: usize, sorted: &[f64], crests_m: [f64; 2]) {
        let at = |share: f64| jomo_flood::ensemble::quantile(sorted, share).unwrap_or(0.0);
        let bands = [at(0.9), at(0.5)];
        self.depth_m = [self.depth_m[0].max(bands[1]), self.depth_m[1].max(bands[0])];
        let lead_h = (step + 1) as f64 * STEP_MIN as f64 / 60.0;
        for (side, crest_m) in crests_m.into_iter().enumerate() {
            for (first, level) in self.reached[side].iter_mut().zip(bands) {
                if first.is_none() && crest_m <= level {
                    *first = Some(step);
                }
            }
            let over = sorted.len() - sorted.partition_point(|depth| *depth < crest_m);
            let share = over as f64 / sorted.len().max(1) as f64;
            for (told, chance) in TOLD_H.iter().zip(&mut self.chance[side]) {
                if lead_h <= f64::from(*told) {
                    *chance = chance.max(share);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chance is told as none or as certain only if it is.
    #[test]
    fn percent_hides_no_chance() {
        let told = [0.0, 1e-9, 0.004, 0.25, 0.996, 1.0 - 1e-9, 1.0].map(percent);
        assert_eq!(told, [0, 1, 1, 25, 99, 99, 100]);
    }

    /// Water that rises by a decimetre a step in four members, apart by a decimetre each.
    #[test]
    fn banks_are_reached_by_the_high_before_the_middle() {
        let mut bank = BankForecast::NONE;
        for step in 0..12 {
            let sorted: Vec<f64> = (0..4).map(|m| 0.1 * (step + m) as f64).collect();
            bank.take(step, &sorted, [0.95, 9.0]);
        }
        // High: 0.1 step + 0.27; middle: 0.1 step + 0.15.
        assert_eq!(bank.reached, [[Some(7), Some(8)], [None, None]]);
        assert!((bank.depth_m[0] - 1.25).abs() < 1e-9 && (bank.depth_m[1] - 1.37).abs() < 1e-9);
        // Lead 1 h is step 5: 0.5 to 0.8 m, none over. Lead 3 h: all.
        assert_eq!(bank.chance[0].map(percent), [0, 100, 100, 100, 100]);
        assert_eq!(bank.chance[1].map(percent), [0; 5]);
    }

    #[test]
    fn the_first_valid_time_is_a_step_after_the_reference() {
        let start: Timestamp = "2030-07-01T00:00:00Z".parse().unwrap();
        let times = valid_times(start, 36);
        assert_eq!(times.len(), 216);
        assert_eq!(times[0].to_string(), "2030-07-01T00:10:00Z");
        assert_eq!(times[215].to_string(), "2030-07-02T12:00:00Z");
    }
}
