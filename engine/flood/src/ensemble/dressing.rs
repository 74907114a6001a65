//! Members carried on by the error that they have now, with the doubt that is left, lead by lead.

use super::LEADS_MIN;
use super::mixture::Mixture;
use crate::gauge::ErrorMemory;

/// Greatest spread that is taken, in m: no river is less certain.
pub(super) const SPREAD_MAX_M: f64 = 20.0;
/// Longest lead, in h: a fortnight.
const LEAD_MAX_H: f64 = 336.0;

/// What a gauge says when a forecast is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Heard {
    /// A level, in the datum of the members, m.
    Level(f64),
    /// Silent below its start level, m: members above it are wrong by that much at least.
    Silent(f64),
    /// Nothing that tells of the error of the members.
    Nothing,
}

impl Heard {
    /// The error of a member, heard minus member, in m.
    #[must_use]
    pub fn error_m(&self, member_m: f64) -> f64 {
        match self {
            Self::Level(level_m) => level_m - member_m,
            Self::Silent(start_m) => (start_m - member_m).min(0.0),
            Self::Nothing => 0.0,
        }
    }
}

/// How members become a forecast at one lead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeadDressing {
    /// The lead in h.
    pub lead_h: f64,
    /// Share of the error of a member now that it is carried on by.
    pub kept: f64,
    /// Share of the members' deviations from their mean that is kept: members that differ more
    /// than they err are drawn together.
    pub share: f64,
    /// Standard deviation of the river's level about each member, in m.
    pub spread_m: f64,
}

impl LeadDressing {
    fn is_sound(&self) -> bool {
        let shares = [self.kept, self.share];
        (0.0..=LEAD_MAX_H).contains(&self.lead_h)
            && shares.iter().all(|share| (0.0..=1.0).contains(share))
            && (0.0..=SPREAD_MAX_M).contains(&self.spread_m)
    }

    /// Members `then_m` at the lead, each carried on by its own error now and all drawn together.
    /// The shorter list counts.
    #[must_use]
    pub fn carried(&self, now_m: &[f64], heard: Heard, then_m: &[f64]) -> Vec<f64> {
        let mut levels: Vec<f64> = then_m
            .iter()
            .zip(now_m)
            .map(|(then, now)| then + self.kept * heard.error_m(*now))
            .collect();
        let mean = levels.iter().sum::<f64>() / levels.len() as f64;
        for level in &mut levels {
            *level = mean + self.share * (*level - mean);
        }
        levels
    }
}

/// How members at a gauge become a forecast: fitted lead by lead to readings of earlier events
/// ([`fit`](super::fit)).
#[derive(Clone, Debug, PartialEq)]
pub struct Dressing {
    leads: Vec<LeadDressing>,
    sigma_m: f64,
}

impl Dressing {
    /// Leads in strictly ascending order, and the standard deviation of a reading in m. `None`
    /// without a lead, with leads out of order, shares outside 0 to 1, a spread outside 0 to 20 m
    /// or a `sigma_m` that is none.
    #[must_use]
    pub fn new(leads: Vec<LeadDressing>, sigma_m: f64) -> Option<Self> {
        let is_sound = !leads.is_empty()
            && leads.iter().all(LeadDressing::is_sound)
            && leads.is_sorted_by(|a, b| a.lead_h < b.lead_h)
            && (0.0..=SPREAD_MAX_M).contains(&sigma_m);
        is_sound.then_some(Self { leads, sigma_m })
    }

    /// A guess where there is nothing to fit to: an error that fades as a first-order
    /// autoregression, members as they are. `None` where [`Dressing::new`] refuses.
    #[must_use]
    pub fn guess(memory: ErrorMemory) -> Option<Self> {
        let at = |lead_min: u32| {
            let lead_h = f64::from(lead_min) / 60.0;
            LeadDressing {
                lead_h,
                kept: memory.expected_m(1.0, lead_h),
                share: 1.0,
                spread_m: memory.doubt_m(lead_h),
            }
        };
        Self::new(LEADS_MIN.into_iter().map(at).collect(), 0.0)
    }

    /// What was fitted, in ascending leads.
    #[must_use]
    pub fn leads(&self) -> &[LeadDressing] {
        &self.leads
    }

    /// Standard deviation of a reading, in m.
    #[must_use]
    pub fn sigma_m(&self) -> f64 {
        self.sigma_m
    }

    /// At any lead: linear between those fitted, the nearest one outside.
    #[must_use]
    pub fn at(&self, lead_h: f64) -> LeadDressing {
        let after = self.leads.partition_point(|at| at.lead_h <= lead_h);
        let Some(before) = after.checked_sub(1) else { return self.leads[0] };
        let low = self.leads[before];
        let Some(high) = self.leads.get(after) else { return low };
        let part = (lead_h - low.lead_h) / (high.lead_h - low.lead_h);
        let between = |a: f64, b: f64| a + part * (b - a);
        LeadDressing {
            lead_h,
            kept: between(low.kept, high.kept),
            share: between(low.share, high.share),
            spread_m: between(low.spread_m, high.spread_m),
        }
    }

    /// What is taken for a lead: without anything heard a forecast is as sure as one of the longest
    /// lead, at which what is heard now counts least.
    fn taken(&self, heard: Heard, lead_h: f64) -> LeadDressing {
        match heard {
            Heard::Nothing => self.leads[self.leads.len() - 1],
            Heard::Level(_) | Heard::Silent(_) => self.at(lead_h),
        }
    }

    /// The distribution of the river's level `lead_h` ahead, in m: `then_m` is what the members
    /// say, `now_m` what they say of the gauge when the forecast is made. `None` where
    /// [`Mixture::new`] refuses.
    #[must_use]
    pub fn level(
        &self,
        now_m: &[f64],
        heard: Heard,
        then_m: &[f64],
        lead_h: f64,
    ) -> Option<Mixture> {
        let at = self.taken(heard, lead_h);
        Mixture::new(&at.carried(now_m, heard, then_m), at.spread_m)
    }

    /// The distribution of what the gauge will read: that of the level with the error of a reading
    /// about it. This is what readings can judge.
    #[must_use]
    pub fn reading(
        &self,
        now_m: &[f64],
        heard: Heard,
        then_m: &[f64],
        lead_h: f64,
    ) -> Option<Mixture> {
        let at = self.taken(heard, lead_h);
        Mixture::new(&at.carried(now_m, heard, then_m), at.spread_m.hypot(self.sigma_m))
    }
}
