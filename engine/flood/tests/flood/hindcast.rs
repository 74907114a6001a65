//! Scores of forecasts by lead: the same numbers as from the single scores, and honest intervals.

use jomo_flood::verify::{
    Case, Chance, Contingency, Draws, LeadScores, brier, coverage, hindcast, kge, mae, nse, rmse,
};
use proptest::prelude::*;

const DRAWS: Draws = Draws { resamples: 200, seed: 5, share: 0.95 };

fn case(block: u32, lead_min: u32, [p50, observed, now]: [f64; 3]) -> Case {
    Case {
        block,
        lead_min,
        quantiles_m: [p50 - 0.4, p50 - 0.3, p50, p50 + 0.3, p50 + 0.4],
        observed_m: observed,
        now_m: now,
        rise_m_h: 0.1,
        base_m: 100.0,
        chances: [Chance::default(); 2],
    }
}

fn value(scores: &LeadScores, name: &str) -> Option<f64> {
    scores.score(name).unwrap().value
}

prop_compose! {
    fn cases()(
        rows in proptest::collection::vec(
            (0..6_u32, 100.0..103.0_f64, 100.0..103.0_f64, 100.0..103.0_f64, 0.0..1.0_f64),
            12..60,
        ),
    ) -> Vec<Case> {
        rows.into_iter()
            .map(|(block, p50, observed, now, probability)| {
                let danger = Chance {
                    probability: Some(probability),
                    happened: Some(102.0 <= observed),
                };
                let mut case = case(block, 60, [p50, observed, now]);
                case.rise_m_h = p50 - now;
                case.chances[0] = danger;
                case
            })
            .collect()
    }
}

proptest! {
    /// From sums come the same scores as from the cases.
    #[test]
    fn sums_give_the_scores_of_the_cases(cases in cases()) {
        let scores = hindcast(&cases, DRAWS);
        prop_assert_eq!(scores.len(), 1);
        let scores = &scores[0];
        prop_assert_eq!(scores.levels, cases.len() as u64);
        let list = |of: fn(&Case) -> f64| cases.iter().map(of).collect::<Vec<f64>>();
        let (forecast, observed) =
            (list(|c| c.quantiles_m[2] - 100.0), list(|c| c.observed_m - 100.0));
        let now = list(|c| c.now_m - 100.0);
        let near = |name: &str, expected: Option<f64>| {
            let found = value(scores, name);
            match (found, expected) {
                (Some(found), Some(expected)) => (found - expected).abs() < 1e-8,
                (None, None) => true,
                _ => false,
            }
        };
        prop_assert!(near("rmse_m", rmse(&forecast, &observed)));
        prop_assert!(near("mae_m", mae(&forecast, &observed)));
        prop_assert!(near("nse", nse(&forecast, &observed)));
        prop_assert!(near("kge", kge(&forecast, &observed).map(|kge| kge.kge)));
        prop_assert!(near("persistence_rmse_m", rmse(&now, &observed)));
        let bands: Vec<[f64; 2]> =
            cases.iter().map(|c| [c.quantiles_m[0], c.quantiles_m[4]]).collect();
        let levels: Vec<f64> = cases.iter().map(|c| c.observed_m).collect();
        prop_assert!(near("cover_90", coverage(&bands, &levels)));
        let chances: Vec<f64> = cases.iter().map(|c| c.chances[0].probability.unwrap()).collect();
        let happened: Vec<bool> = cases.iter().map(|c| c.chances[0].happened.unwrap()).collect();
        prop_assert!(near("danger_brier", brier(&chances, &happened)));
        // A chance of a half or more is a forecast: both lists as levels over a threshold.
        let outcome: Vec<f64> =
            happened.iter().map(|happened| f64::from(u8::from(*happened))).collect();
        let table = Contingency::of(&chances, &outcome, 0.5);
        prop_assert_eq!(scores.chances[0].table(), table);
        for (name, scored) in &scores.scores {
            if let Some(interval) = scored.interval {
                prop_assert!(interval.low <= interval.high, "{name}");
            }
        }
    }
}

/// A level that falls by a tenth of its height each hour: the autoregression finds it from the
/// other blocks, persistence cannot, and a perfect forecast beats both for sure.
#[test]
fn the_past_of_the_gauge_is_learnt_from_other_blocks() {
    let mut cases = Vec::new();
    for block in 0..8 {
        for step in 0..6 {
            let height = f64::from(1 + block) * 0.9_f64.powi(step);
            let rise = 0.05 * f64::from((step * 7 + i32::try_from(block).unwrap() * 3) % 5);
            let (now, next) = (100.0 + height, 100.0 + height * 0.9 + 0.5 * rise);
            cases.push(Case { rise_m_h: rise, ..case(block, 60, [next, next, now]) });
        }
    }
    let scores = &hindcast(&cases, DRAWS)[0];
    assert!(value(scores, "autoregression_rmse_m").unwrap() < 1e-9);
    assert!(value(scores, "rmse_m").unwrap() < 1e-6);
    let gain = scores.score("persistence_rmse_gain_m").unwrap();
    assert!(0.1 < gain.value.unwrap() && gain.interval.unwrap().excludes_zero());
    assert_eq!(value(scores, "cover_90"), Some(1.0));
    assert_eq!((scores.levels, scores.blocks), (48, 8));
    // One block alone has nothing to learn from, and no interval.
    let alone: Vec<Case> = cases.iter().filter(|case| case.block == 3).copied().collect();
    let scores = &hindcast(&alone, DRAWS)[0];
    assert_eq!(value(scores, "autoregression_rmse_m"), value(scores, "persistence_rmse_m"));
    assert!(scores.scores.iter().all(|(_, scored)| scored.interval.is_none()));
}

#[test]
fn what_is_missing_is_left_out() {
    let whole = case(0, 60, [101.0, 101.5, 101.0]);
    let silent = Case {
        observed_m: f64::NAN,
        now_m: f64::NAN,
        chances: [
            Chance { probability: Some(0.7), happened: Some(false) },
            Chance { probability: Some(0.1), happened: None },
        ],
        ..whole
    };
    let nothing = Case { lead_min: 30, chances: [Chance::default(); 2], ..silent };
    let scores = hindcast(&[whole, silent, nothing], DRAWS);
    assert_eq!(scores.len(), 1, "a lead of which nothing is known is not listed");
    let scores = &scores[0];
    assert_eq!((scores.lead_min, scores.levels, scores.blocks), (60, 1, 1));
    assert_eq!(scores.chances[0].table().false_alarms, 1);
    assert_eq!(scores.chances[1].cases(), 0);
    assert_eq!(value(scores, "overflow_brier"), None);
    // A level with nothing to compare it with, and a case turned round.
    let lone = Case { now_m: f64::NAN, ..whole };
    let scores = &hindcast(&[lone], DRAWS)[0];
    assert_eq!(value(scores, "persistence_rmse_m"), None);
    assert_eq!(value(scores, "rmse_m"), Some(0.5));
    assert_eq!(hindcast(&[], DRAWS), []);
}
