//! What a forecast says of gauges and banks: bands of levels, chances, and when a level is
//! reached.

use jiff::{SignedDuration, Timestamp};
use jomo_flood::ensemble::{
    Bands, Dressing, Heard, LEADS_MIN, LeadDressing, Mixture, joined, reaches,
};
use jomo_flood::gauge::{
    CrisisLevel, ErrorMemory, Kind, Observation, OutageCause, Reading, ReferenceLevel, Trend,
};

use crate::dressing_table::Origin;
use crate::gauge_tables::Station;

/// Steps of a forecast in minutes.
pub(super) const STEP_MIN: i64 = 10;
/// Leads in h for which a chance is told of each bank.
pub(super) const TOLD_H: [u32; 5] = [1, 3, 6, 12, 36];
/// Standard deviations between a fitted forecast and what the gauge says by itself, from which on
/// both are told: if both are right, seven in eight differences are smaller.
const CONTRADICTED: f64 = 1.5;
/// Valid times of a forecast, the first one step after the reference time.
pub(super) fn valid_times(reference_time: Timestamp, hours: u32) -> Vec<Timestamp> {
    let steps = i64::from(hours) * 60 / STEP_MIN;
    let at = |step| reference_time.checked_add(SignedDuration::from_mins(STEP_MIN * step));
    (1..=steps).filter_map(|step| at(step).ok()).collect()
}

/// What the members at a gauge are dressed by.
pub(super) enum Dress {
    /// By what was fitted to kept forecasts.
    Fitted(Dressing),
    /// By what its latest forecasts were wrong by, and by what the gauge says alone.
    Judged(ErrorMemory),
}

/// How the members at a gauge become a forecast.
pub(super) struct Dressed {
    pub(super) dress: Dress,
    pub(super) origin: Origin,
    /// How far the model is off, in m, where that is far.
    pub(super) disagrees_m: Option<f64>,
}

impl Dressed {
    /// Standard deviation of the model's error where nothing was heard, m.
    pub(super) fn spread_m(&self) -> f64 {
        match &self.dress {
            Dress::Fitted(dressing) => dressing.at(f64::INFINITY).spread_m,
            Dress::Judged(memory) => memory.spread_m,
        }
    }
}

/// Levels of the members at a gauge, in its datum.
pub(super) struct MemberLevels {
    /// When what the gauge said was said, or at the reference time; after readings were brought in.
    pub(super) now_m: Vec<f64>,
    /// Age of that at the reference time, in h.
    pub(super) age_h: f64,
    /// By step.
    pub(super) then_m: Vec<Vec<f64>>,
}

/// What a gauge says at the reference time.
pub(super) struct Said {
    pub(super) observation: Observation,
    /// What it says of the hours to come without any model; `None` if it is silent for good reason
    /// or for too long.
    pub(super) trend: Option<Trend>,
}

/// The forecast at one gauge, in metres above its own datum.
pub(super) struct GaugeForecast {
    /// Index of the station.
    pub(super) station: usize,
    /// What it said at the reference time.
    pub(super) observation: Observation,
    /// Where the spread of the bands comes from.
    pub(super) origin: Origin,
    /// How far the model is off, in m, where that is far: then the gauge is to be trusted.
    pub(super) disagrees_m: Option<f64>,
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
pub(super) fn heard(observation: Observation) -> Heard {
    match observation {
        Observation::Level(reading) => Heard::Level(reading.level_m),
        Observation::BelowStart { start_m, .. } => Heard::Silent(start_m),
        Observation::SilentHigh { .. } | Observation::Outage { .. } => Heard::Nothing,
    }
}

/// The reading that an observation is about, if a level may still be carried on from it: not where
/// silence says that the river is low, nor from a level before one that is doubted and may be true.
pub(super) fn spoken(observation: Observation) -> Option<Reading> {
    match observation {
        Observation::Level(last) | Observation::SilentHigh { last } => Some(last),
        Observation::Outage { cause: OutageCause::Doubted, .. }
        | Observation::BelowStart { .. } => None,
        Observation::Outage { last, .. } => last,
    }
}

impl Said {
    /// What the gauge says by itself `lead_h` after the reference time: level and standard
    /// deviation, m. The members say how much the river may move meanwhile.
    fn alone(
        &self,
        members: &MemberLevels,
        (step, lead_h): (usize, f64),
        reference: Timestamp,
    ) -> Option<[f64; 2]> {
        let trend = self.trend.as_ref()?;
        let since_h = reference.duration_since(trend.last().time).as_secs_f64() / 3_600.0;
        let mut then_m = members.then_m[step].clone();
        then_m.sort_by(f64::total_cmp);
        let of = |levels: &[f64], share| jomo_flood::ensemble::quantile(levels, share);
        let high_m = of(&then_m, 0.9);
        let mut now_m = members.now_m.clone();
        now_m.sort_by(f64::total_cmp);
        let moved_m = high_m.zip(of(&now_m, 0.5)).map_or(0.0, |(then, now)| then - now);
        let trend = trend.before_a_move(moved_m / (members.age_h + lead_h));
        Some([trend.level_m(since_h + lead_h), trend.doubt_m(since_h + lead_h)])
    }

    /// The distribution of what the gauge will read `lead_h` after the reference time.
    fn reading(
        &self,
        dressed: &Dressed,
        members: &MemberLevels,
        (step, lead_h): (usize, f64),
        reference: Timestamp,
    ) -> Option<Mixture> {
        let (heard, then_m) = (heard(self.observation), members.then_m[step].as_slice());
        let aged_h = lead_h + members.age_h;
        let alone = self.alone(members, (step, lead_h), reference);
        let memory = match &dressed.dress {
            Dress::Fitted(dressing) => {
                let fitted = dressing.reading(&members.now_m, heard, then_m, aged_h);
                return fitted.map_or_else(|| bare(alone), |fitted| contradicted(fitted, alone));
            }
            Dress::Judged(memory) => memory,
        };
        let at = LeadDressing {
            lead_h: aged_h,
            kept: memory.expected_m(1.0, aged_h),
            share: 1.0,
            spread_m: 0.0,
        };
        let error_m = match heard {
            Heard::Nothing => memory.spread_m,
            Heard::Level(_) | Heard::Silent(_) => memory.doubt_m(aged_h),
        };
        let joined = joined(&at.carried(&members.now_m, heard, then_m), error_m, alone);
        // A model that has broken down leaves the gauge.
        joined.or_else(|| bare(alone))
    }
}

/// What the gauge says, by itself.
fn bare(alone: Option<[f64; 2]>) -> Option<Mixture> {
    alone.and_then(|[level_m, doubt_m]| Mixture::new(&[level_m], doubt_m))
}

/// A fitted forecast, made wide where the gauge by itself says otherwise: fits are made over all
/// hours, and most of them are calm.
fn contradicted(fitted: Mixture, alone: Option<[f64; 2]>) -> Option<Mixture> {
    let Bands { p10, p50: middle_m, p90, .. } = fitted.bands();
    let spread_m = 0.5 * (p90 - p10) / P90;
    let apart = |[level_m, doubt_m]: &[f64; 2]| {
        CONTRADICTED * spread_m.hypot(*doubt_m) < (level_m - middle_m).abs()
    };
    match alone.filter(apart) {
        Some(alone) => joined(&[middle_m], spread_m, Some(alone)),
        None => Some(fitted),
    }
}

impl GaugeForecast {
    /// Each member is carried on by the error that it has now, and doubt is put about it; without
    /// a fitted dressing the members are joined with what the gauge says alone ([`joined`]).
    /// `None` if a level is not a number and the gauge says nothing either.
    pub(super) fn new(
        (index, station): (usize, &Station),
        said: &Said,
        members: MemberLevels,
        dressed: &Dressed,
        reference: Timestamp,
    ) -> Option<Self> {
        let thresholds_m = thresholds(&station.gauge.kind);
        let mut bands = Vec::with_capacity(members.then_m.len());
        let mut chances =
            thresholds_m.map(|level| level.map(|_| Vec::with_capacity(members.then_m.len())));
        for step in 0..members.then_m.len() {
            let lead_h = (step + 1) as f64 * STEP_MIN as f64 / 60.0;
            let mixture = said.reading(dressed, &members, (step, lead_h), reference)?;
            bands.push(mixture.bands());
            for (chance, level) in chances.iter_mut().zip(thresholds_m) {
                if let (Some(chance), Some(level)) = (chance, level) {
                    chance.push(mixture.exceedance(level));
                }
            }
        }
        Some(Self {
            station: index,
            observation: said.observation,
            origin: dressed.origin,
            disagrees_m: dressed.disagrees_m,
            bands,
            thresholds_m,
            chances,
            members,
        })
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

/// A gauge nearby that the model is far from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BankDoubt {
    /// Index of its station.
    pub(super) station: usize,
    /// How far the model is off there, m.
    pub(super) error_m: f64,
}

/// What a forecast says of the banks of one node: levels over the bed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BankForecast {
    /// Greatest depth of the middle and of the high, m.
    pub(super) depth_m: [f64; 2],
    /// First valid step at which the high and the middle reach the left and the right crest.
    pub(super) reached: [[Option<usize>; 2]; 2],
    /// Greatest chance of water over each crest up to each of [`TOLD_H`]: the share of the members,
    /// or more where a gauge nearby says so.
    pub(super) chance: [[f64; TOLD_H.len()]; 2],
    /// What the members are not to be trusted for alone.
    pub(super) doubt: Option<BankDoubt>,
}

/// Standard deviations from the middle of a Gaussian to its 90 % quantile.
const P90: f64 = 1.281_55;

impl BankForecast {
    pub(super) const NONE: Self = Self {
        depth_m: [0.0; 2],
        reached: [[None; 2]; 2],
        chance: [[0.0; TOLD_H.len()]; 2],
        doubt: None,
    };

    /// Takes the depths of all members at a step, in ascending order, and the heights of the
    /// crests over the bed.
    pub(super) fn take(&mut self, step: usize, sorted: &[f64], crests_m: [f64; 2]) {
        let at = |share: f64| jomo_flood::ensemble::quantile(sorted, share).unwrap_or(0.0);
        let over = |crest_m| {
            let over = sorted.len() - sorted.partition_point(|depth| *depth < crest_m);
            over as f64 / sorted.len().max(1) as f64
        };
        self.put(step, [at(0.9), at(0.5)], crests_m, over);
    }

    /// Takes a depth and its standard deviation at a step, in m, where the members alone are not to
    /// be trusted. Nothing is lowered by it: an error at a gauge may be one of that place. A chance
    /// is then never none and never certain.
    pub(super) fn raise(&mut self, step: usize, [depth_m, spread_m]: [f64; 2], crests_m: [f64; 2]) {
        let known = Mixture::new(&[depth_m], spread_m);
        let over = |crest_m| known.as_ref().map_or(0.0, |known| known.exceedance(crest_m));
        self.put(step, [depth_m + P90 * spread_m, depth_m], crests_m, over);
        for chance in self.chance.as_flattened_mut() {
            *chance = chance.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON);
        }
    }

    /// Takes the high and the middle depth of a step, and the chance of water over each crest.
    fn put(&mut self, step: usize, bands: [f64; 2], crests_m: [f64; 2], over: impl Fn(f64) -> f64) {
        self.depth_m = [self.depth_m[0].max(bands[1]), self.depth_m[1].max(bands[0])];
        let lead_h = (step + 1) as f64 * STEP_MIN as f64 / 60.0;
        for (side, crest_m) in crests_m.into_iter().enumerate() {
            for (first, level) in self.reached[side].iter_mut().zip(bands) {
                if crest_m <= level && first.is_none_or(|first| step < first) {
                    *first = Some(step);
                }
            }
            let over = over(crest_m);
            for (told, chance) in TOLD_H.iter().zip(&mut self.chance[side]) {
                if lead_h <= f64::from(*told) {
                    *chance = chance.max(over);
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

    const NOW_S: i64 = 1_909_137_600;

    fn reading(age_min: i64, level_m: f64) -> Reading {
        Reading { time: Timestamp::from_second(NOW_S - 60 * age_min).unwrap(), level_m }
    }

    fn judged(spread_m: f64) -> Dressed {
        let memory = ErrorMemory { memory_h: 1.5, spread_m };
        Dressed { dress: Dress::Judged(memory), origin: Origin::Guess, disagrees_m: None }
    }

    fn members(now_m: &[f64], age_h: f64, then_m: &[f64]) -> MemberLevels {
        MemberLevels { now_m: now_m.to_vec(), age_h, then_m: vec![then_m.to_vec(); 6] }
    }

    /// What the gauge reads `lead_h` ahead: 5, 50 and 95 %.
    fn told(said: &Said, dressed: &Dressed, members: &MemberLevels, step: usize) -> [f64; 3] {
        let lead_h = (step + 1) as f64 / 6.0;
        let now = Timestamp::from_second(NOW_S).unwrap();
        let mixture = said.reading(dressed, members, (step, lead_h), now).unwrap();
        [0.05, 0.5, 0.95].map(|share| mixture.quantile(share))
    }

    /// The cold start of the fictional event: a river that rises by 1.3 m/h, and members that fell
    /// back by 2 m within the hour. The forecast rises with the gauge, and the danger level 0.35 m
    /// above it is likely, not impossible.
    #[test]
    fn a_rising_gauge_is_carried_on() {
        let rising: Vec<Reading> =
            (0..5).map(|step| reading(40 - 10 * step, 74.94 + 0.22 * step as f64)).collect();
        let trend = Trend::of(&rising);
        let said = Said { observation: Observation::Level(rising[4]), trend };
        let low = members(&[75.1, 75.6, 76.4], 0.0, &[73.5, 73.9, 74.4]);
        let [_, soon, _] = told(&said, &judged(2.0), &low, 0);
        assert!(rising[4].level_m < soon, "{soon}");
        let [from, middle, to] = told(&said, &judged(2.0), &low, 5);
        assert!(76.2 < middle && from < 76.17 && 76.92 < to, "{from} {middle} {to}");
        // A model that is known to be good is heard an hour ahead.
        let close = members(&[75.8, 75.9], 0.0, &[76.9, 77.0]);
        let [from, middle, to] = told(&said, &judged(0.1), &close, 5);
        assert!((middle - 76.9).abs() < 0.15 && to - from < 0.6, "{from} {middle} {to}");
    }

    /// A river that has been calm does not outvote members that foresee its flood.
    #[test]
    fn a_calm_gauge_admits_a_foreseen_flood() {
        let calm: Vec<Reading> = (0..30).map(|step| reading(290 - 10 * step, 74.0)).collect();
        let said = Said { observation: Observation::Level(calm[29]), trend: Trend::of(&calm) };
        let foreseen = MemberLevels {
            now_m: vec![74.0; 5],
            age_h: 0.0,
            then_m: vec![vec![76.2, 76.6, 77.0, 77.4, 77.8]; 36],
        };
        let [_, middle, high] = told(&said, &judged(0.3), &foreseen, 35);
        assert!(76.0 < middle && 77.0 < high, "{middle} {high}");
    }

    /// A narrow fit made in calm hours does not hide a river that rises by 1.3 m/h, nor does a
    /// gauge that agrees widen it.
    #[test]
    fn a_rising_gauge_widens_a_fit() {
        let leads = [LeadDressing { lead_h: 1.0, kept: 1.0, share: 1.0, spread_m: 0.2 }].to_vec();
        let fitted =
            Dressed { dress: Dress::Fitted(Dressing::new(leads, 0.0).unwrap()), ..judged(0.3) };
        let of = |rise_m: f64| -> Vec<Reading> {
            (0..5).map(|step| reading(40 - 10 * step, 74.94 + rise_m * step as f64)).collect()
        };
        let said = |readings: &[Reading]| Said {
            observation: Observation::Level(readings[4]),
            trend: Trend::of(readings),
        };
        let flat = members(&[75.0], 0.0, &[75.0]);
        let [_, middle, high] = told(&said(&of(0.22)), &fitted, &flat, 5);
        assert!(75.9 < middle && 76.3 < high, "{middle} {high}");
        let [low, middle, high] = told(&said(&of(0.0)), &fitted, &flat, 5);
        assert!((middle - 74.94).abs() < 1e-3 && (high - low - 0.4 * 1.644_85).abs() < 1e-3);
        // Members that broke down leave the gauge.
        let broken = members(&[75.0], 0.0, &[f64::NAN]);
        assert!(75.82 < told(&said(&of(0.22)), &fitted, &broken, 0)[1]);
    }

    /// From a level before one that is doubted nothing is carried on: the doubted may be true.
    #[test]
    fn nothing_starts_from_before_a_doubted_level() {
        let last = Some(reading(20, 2.0));
        let outage = |cause| spoken(Observation::Outage { last, cause });
        assert_eq!(outage(OutageCause::Doubted), None);
        assert_eq!(outage(OutageCause::Stopped), last);
    }

    /// A reading of half an hour ago is compared with the members of then, and its error has aged:
    /// members that rose by half a metre since, as the river did, are right.
    #[test]
    fn an_old_reading_meets_the_members_of_its_time() {
        let fitted = |kept: [f64; 2]| {
            let at = |(lead_h, kept)| LeadDressing { lead_h, kept, share: 1.0, spread_m: 0.1 };
            let leads = [(0.5, kept[0]), (1.0, kept[1])].map(at).to_vec();
            let dress = Dress::Fitted(Dressing::new(leads, 0.0).unwrap());
            Dressed { dress, origin: Origin::Own, disagrees_m: None }
        };
        let said = Said { observation: Observation::Level(reading(30, 2.0)), trend: None };
        let of_then = members(&[2.0], 0.5, &[3.0]);
        let [.., middle, _] = told(&said, &fitted([1.0, 1.0]), &of_then, 2);
        assert!((middle - 3.0).abs() < 1e-6);
        // Half an hour ahead of now is an hour from what was heard.
        let wrong = members(&[1.0], 0.5, &[3.0]);
        let [.., middle, _] = told(&said, &fitted([1.0, 0.25]), &wrong, 2);
        assert!((middle - 3.25).abs() < 1e-6, "{middle}");
    }

    /// A spread beyond all measure, or members that have broken down, leave what the gauge says.
    #[test]
    fn a_gauge_never_vanishes() {
        let rising = [reading(10, 2.0), reading(0, 2.1)];
        let said = Said { observation: Observation::Level(rising[1]), trend: Trend::of(&rising) };
        let memory = ErrorMemory { memory_h: 1.5, spread_m: 0.3 }.learned(&[vec![[1.0, 90.0]]]);
        let wide = Dressed { dress: Dress::Judged(memory), ..judged(0.3) };
        let [from, middle, to] = told(&said, &wide, &members(&[2.0], 0.0, &[-50.0]), 5);
        assert!(from < middle && middle < to && (middle - 2.4).abs() < 0.5, "{middle}");
        let broken = members(&[2.0], 0.0, &[f64::NAN]);
        let [_, middle, _] = told(&said, &judged(0.3), &broken, 0);
        assert!((middle - 2.19).abs() < 0.02, "{middle}");
        // Where nothing was heard for long the model is as unsure as it ever was.
        let outage = Observation::SilentHigh { last: rising[1] };
        let silent = Said { observation: outage, trend: None };
        let [from, _, to] = told(&silent, &judged(0.5), &members(&[2.0], 0.0, &[2.0]), 0);
        assert!((to - from - 2.0 * 1.644_85 * 0.5).abs() < 1e-3, "{from} {to}");
    }
}
