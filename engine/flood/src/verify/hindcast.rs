//! Forecasts of levels by lead, scored against what came, against persistence and against the
//! gauge's own past, with intervals from blocks.

use std::collections::BTreeMap;

use super::bootstrap::{Blocks, Draws, Interval, bootstrap};
use super::sums::{Chances, Fit, Sums};

/// Forecast of one level at one time, and what came. What is not known is `NaN` or `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// What belongs together when intervals are drawn: an event, a storm.
    pub block: u32,
    /// Time from the forecast to what it is for, in min.
    pub lead_min: u32,
    /// Forecast quantiles of 5, 10, 50, 90, 95 % in m.
    pub quantiles_m: [f64; 5],
    /// What came, in m.
    pub observed_m: f64,
    /// Level of the gauge when the forecast was made, in m.
    pub now_m: f64,
    /// Its rise then, in m/h.
    pub rise_m_h: f64,
    /// A level that means something at the gauge, from which heights are counted, in m.
    pub base_m: f64,
    /// Danger level and overflow level.
    pub chances: [Chance; 2],
}

/// Forecast chance that a level is reached, and whether it was.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chance {
    /// 0 to 1, if the gauge has the level.
    pub probability: Option<f64>,
    /// Whether it was reached, if that is known.
    pub happened: Option<bool>,
}

/// A score and the interval that holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The score; `None` where it is not defined.
    pub value: Option<f64>,
    /// Its interval; `None` where blocks do not give one.
    pub interval: Option<Interval>,
}

/// What can be said of the forecasts of one lead.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadScores {
    /// The lead in min.
    pub lead_min: u32,
    /// Cases with a level on both sides.
    pub levels: u64,
    /// Blocks among them.
    pub blocks: usize,
    /// Every score by its name, always the same names in the same order. Those of levels are of the
    /// median, in m, of heights above the base; `*_gain_m` is the error of the other forecast minus
    /// that of this one over the cases that both have: above 0 this one is better.
    pub scores: Vec<(&'static str, Scored)>,
    /// Cases, occurrences, hits, misses and false alarms of the danger and the overflow level.
    pub chances: [Chances; 2],
}

impl LeadScores {
    /// A score by its name.
    #[must_use]
    pub fn score(&self, name: &str) -> Option<Scored> {
        self.scores.iter().find(|(known, _)| *known == name).map(|(_, score)| *score)
    }
}

/// A score as a function of sums over cases.
type Score = fn(&Sums) -> Option<f64>;

/// All scores.
const SCORES: [(&str, Score); 23] = [
    ("nse", Sums::nse),
    ("kge", Sums::kge),
    ("rmse_m", Sums::rmse),
    ("mae_m", Sums::mae),
    ("bias_m", Sums::bias),
    ("cover_80", Sums::cover_80),
    ("cover_90", Sums::cover_90),
    ("width_90_m", Sums::width_90),
    ("persistence_rmse_m", |sums| sums.persistence.other_rmse()),
    ("persistence_mae_m", |sums| sums.persistence.other_mae()),
    ("persistence_rmse_gain_m", |sums| sums.persistence.rmse_gain()),
    ("persistence_mae_gain_m", |sums| sums.persistence.mae_gain()),
    ("autoregression_rmse_m", |sums| sums.autoregression.other_rmse()),
    ("autoregression_rmse_gain_m", |sums| sums.autoregression.rmse_gain()),
    ("autoregression_mae_gain_m", |sums| sums.autoregression.mae_gain()),
    ("danger_brier", |sums| sums.chances[0].brier()),
    ("danger_csi", |sums| sums.chances[0].table().critical_success()),
    ("danger_pod", |sums| sums.chances[0].table().detection()),
    ("danger_far", |sums| sums.chances[0].table().false_alarm_ratio()),
    ("overflow_brier", |sums| sums.chances[1].brier()),
    ("overflow_csi", |sums| sums.chances[1].table().critical_success()),
    ("overflow_pod", |sums| sums.chances[1].table().detection()),
    ("overflow_far", |sums| sums.chances[1].table().false_alarm_ratio()),
];

/// Scores of every lead in ascending order; a lead without any pair of a level or of a chance is
/// not in it.
///
/// **Persistence** is the level when the forecast was made. **Autoregression** is that level plus
/// a share of its rise and of its height above the base, for each lead the shares of least squares
/// over the cases of all other blocks: it never sees the block that it is judged on. An occurrence
/// is forecast where its chance is a half or more. Intervals are of whole blocks.
#[must_use]
pub fn hindcast(cases: &[Case], draws: Draws) -> Vec<LeadScores> {
    let mut leads: BTreeMap<u32, BTreeMap<u32, Vec<&Case>>> = BTreeMap::new();
    for case in cases {
        leads.entry(case.lead_min).or_default().entry(case.block).or_default().push(case);
    }
    leads.into_iter().filter_map(|(lead, blocks)| score(lead, &blocks, draws)).collect()
}

fn score(lead_min: u32, blocks: &BTreeMap<u32, Vec<&Case>>, draws: Draws) -> Option<LeadScores> {
    let lead_h = f64::from(lead_min) / 60.0;
    let fits: Vec<Fit> = blocks.values().map(|cases| Fit::of(cases, lead_h)).collect();
    let all = fits.iter().fold(Fit::default(), |all, fit| all.plus(fit));
    let sums: Vec<Sums> = blocks
        .values()
        .zip(&fits)
        .map(|(cases, own)| {
            let shares = all.less(own).shares();
            cases
                .iter()
                .fold(Sums::default(), |sums, case| sums.plus(&Sums::of(case, shares, lead_h)))
        })
        // A block without any pair would only thin the others out.
        .filter(|sums| !sums.is_empty())
        .collect();
    let total = sums.iter().fold(Sums::default(), |total, sums| total.plus(sums));
    if total.is_empty() {
        return None;
    }
    let single: Vec<_> = (0..sums.len()).map(|block| block..block + 1).collect();
    let scores = SCORES
        .into_iter()
        .map(|(name, score)| {
            let of = |drawn: &[usize]| {
                score(&drawn.iter().fold(Sums::default(), |sum, block| sum.plus(&sums[*block])))
            };
            let value = score(&total);
            // Nothing can be said of how sure one block is.
            let has_interval = value.is_some() && 1 < sums.len();
            let interval =
                has_interval.then(|| bootstrap(Blocks::Events(&single), draws, of)).flatten();
            (name, Scored { value, interval })
        })
        .collect();
    Some(LeadScores {
        lead_min,
        levels: total.levels(),
        blocks: sums.len(),
        scores,
        chances: total.chances,
    })
}
