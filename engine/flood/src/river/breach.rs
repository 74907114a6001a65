//! Levees that give way.

use crate::basin_error::BasinError;
use crate::river::River;
use crate::river::channel::NONE;

/// How a breach grows, and where the rule may be used.
///
/// Width in m of a full breach: `factor · log10(B)^exponent + offset`, `B` the width of the river
/// in m. It opens at once over `first_share` of that and grows evenly to all of it in `growth_s`.
#[derive(Clone, Debug, PartialEq)]
pub struct BreachRule {
    /// Factor, exponent and offset of the width.
    pub width: [f64; 3],
    /// Share that opens at once, 0 to 1.
    pub first_share: f64,
    /// Time to the full width in s.
    pub growth_s: f64,
    /// Least height of the levee above the land behind it, m.
    pub least_levee_m: f64,
    /// Least width of the river, m.
    pub least_river_m: f64,
    /// Where the numbers come from.
    pub source: String,
}

impl BreachRule {
    /// # Errors
    /// [`BasinError::Setting`] with the first number outside its range.
    pub fn check(&self) -> Result<(), BasinError> {
        let setting = |what, value, expected| Err(BasinError::Setting { what, value, expected });
        for (what, value) in ["width factor", "width exponent", "width offset"]
            .into_iter()
            .zip(self.width)
            .chain([("least_levee_m", self.least_levee_m), ("least_river_m", self.least_river_m)])
        {
            if !(0.0..=1e4).contains(&value) {
                return setting(what, value, "0 to 10000");
            }
        }
        if !(0.0..=1.0).contains(&self.first_share) {
            return setting("first_share", self.first_share, "0 to 1");
        }
        if !(1.0..=1e6).contains(&self.growth_s) {
            return setting("growth_s", self.growth_s, "1 to 1000000 s");
        }
        Ok(())
    }

    /// Width of a full breach of a river, m.
    #[must_use]
    pub fn full_width_m(&self, river_width_m: f64) -> f64 {
        let [factor, exponent, offset] = self.width;
        factor * river_width_m.max(1.0).log10().powf(exponent) + offset
    }
}

/// When a levee gives way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trigger {
    /// When the river has stood above the crest by so many m for so many s.
    OverCrest {
        /// Height above the crest in m; negative for a levee that gives way below it.
        by_m: f64,
        /// Time in s.
        for_s: f64,
    },
    /// At a time in s: an operator says so.
    At(f64),
}

/// A levee that may give way.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// Index of the node.
    pub node: u32,
    /// 0 left, 1 right.
    pub side: usize,
    /// When it does.
    pub trigger: Trigger,
    /// Level down to which it opens, m; that of the land behind it where absent.
    pub sill_m: Option<f64>,
    /// How it grows.
    pub rule: BreachRule,
}

/// A breach in its place.
#[derive(Clone, Debug)]
pub(crate) struct Gap<const W: usize> {
    pub breach: Breach,
    pub pond: usize,
    at: usize,
    full_m: f64,
    /// For how long the river has stood high enough, s, and when the levee gave way, s.
    pub waited_s: [f64; W],
    pub opened_s: [f64; W],
}

impl<const W: usize> Gap<W> {
    /// Width at a time, m.
    fn width_m(&self, lane: usize, time_s: f64) -> f64 {
        let since = time_s - self.opened_s[lane];
        if since < 0.0 {
            return 0.0;
        }
        let rule = &self.breach.rule;
        let grown = (since / rule.growth_s).min(1.0);
        self.full_m * (rule.first_share + (1.0 - rule.first_share) * grown)
    }
}

impl<const W: usize> River<W> {
    /// Lets a levee give way. The land behind it must be in place ([`crate::river::Works::ponds`]).
    ///
    /// # Errors
    /// [`BasinError::Item`] (`breach`, its number among those of this river) where there is no
    /// such node, no land on that side, or no levee to which the rule applies: rivers without a
    /// levee spill over their banks and do not breach. [`BasinError::Setting`] for an impossible
    /// rule.
    pub fn expect_breach(&mut self, breach: Breach) -> Result<(), BasinError> {
        breach.rule.check()?;
        let index = self.gaps.len();
        let item = |expected| BasinError::Item { what: "breach", index, expected };
        let known = self.channels.place_of_node.get(breach.node as usize);
        let at = *known.ok_or_else(|| item("a known node"))? as usize;
        let place = &self.channels.places[at];
        let pond = place.ponds.get(breach.side).copied().unwrap_or(NONE) as usize;
        let placed = self.ponds.get(pond).ok_or_else(|| item("a side with land behind it"))?;
        // The wider of two gaps would be lost: a place has one.
        if self.gaps.iter().any(|gap| gap.pond == pond) {
            return Err(item("a side that no other breach opens"));
        }
        let levee_m = placed.crest_m - placed.land.floor_m;
        if levee_m <= 0.0 || levee_m < breach.rule.least_levee_m {
            return Err(item("a bank with a levee as high as the rule asks for"));
        }
        if place.width_m < breach.rule.least_river_m {
            return Err(item("a river as wide as the rule asks for"));
        }
        let sound = match breach.trigger {
            Trigger::OverCrest { by_m, for_s } => by_m.is_finite() && 0.0 <= for_s,
            Trigger::At(time_s) => time_s.is_finite(),
        };
        let sill = breach.sill_m.is_none_or(|sill_m| sill_m < placed.crest_m);
        if !(sound && sill) {
            return Err(item("a time, and a sill below the crest"));
        }
        let full_m = breach.rule.full_width_m(place.width_m).min(placed.length_m);
        let (waited_s, opened_s) = ([0.0; W], [f64::MAX; W]);
        self.gaps.push(Gap { breach, pond, at, full_m, waited_s, opened_s });
        Ok(())
    }

    /// When the levees of [`River::expect_breach`], in their order, gave way in each member, in s.
    #[must_use]
    pub fn breached_s(&self) -> Vec<[Option<f64>; W]> {
        let known = |time_s: f64| (time_s < f64::MAX).then_some(time_s);
        self.gaps.iter().map(|gap| gap.opened_s.map(known)).collect()
    }

    /// Looks after the levees at the start of a step.
    pub(crate) fn watch_levees(&mut self, step_s: f64) {
        for index in 0..self.gaps.len() {
            let gap = &mut self.gaps[index];
            let place = &self.channels.places[gap.at];
            let pond = &mut self.ponds[gap.pond];
            for lane in 0..W {
                let level_m = place.bed_m + self.volume_m3[gap.at][lane] / place.area_m2;
                let due = match gap.breach.trigger {
                    Trigger::At(time_s) => time_s <= self.time_s,
                    Trigger::OverCrest { by_m, for_s } => {
                        let due = pond.crest_m + by_m <= level_m;
                        let waited = gap.waited_s[lane];
                        gap.waited_s[lane] = if due { waited + step_s } else { 0.0 };
                        due && for_s <= waited
                    }
                };
                if due && self.time_s < gap.opened_s[lane] {
                    // A breach of before the start has grown since.
                    gap.opened_s[lane] = match gap.breach.trigger {
                        Trigger::At(time_s) => time_s,
                        Trigger::OverCrest { .. } => self.time_s,
                    };
                }
                pond.gap_m[lane] = gap.width_m(lane, self.time_s + 0.5 * step_s);
            }
            pond.gap_sill_m = gap.breach.sill_m.unwrap_or(pond.ground_m).max(place.bed_m);
        }
    }
}
