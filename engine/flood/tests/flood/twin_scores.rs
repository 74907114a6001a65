//! What the forecasts of the twin experiment are worth; `tests/validation` runs many events.

use std::collections::BTreeMap;

use jomo_flood::ensemble::{Dressing, Mixture};
use jomo_flood::gauge::ErrorMemory;
use jomo_flood::verify::{Blocks, Case, Chance, Draws, Interval, LeadScores, bootstrap, hindcast};

use crate::twin::{Basin, Forecast, GAUGES, LEADS, SIGMA_M};

/// Leads that the fit looks at, in steps.
const FITTED: [usize; 7] = [1, 2, 3, 6, 12, 18, 36];
/// Memories that are tried, in h, spreads, in m, and shares of the members' deviations.
const MEMORY_H: [f64; 7] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
const SPREAD_M: [f64; 7] = [0.03, 0.06, 0.09, 0.13, 0.18, 0.25, 0.35];
const SHARE: [f64; 5] = [0.2, 0.4, 0.6, 0.8, 1.0];

/// What is fitted to readings of training events.
pub(crate) struct Fitted {
    /// Error about the members, by gauge.
    pub(crate) members: Vec<Dressing>,
    /// Error of the open loop, by gauge.
    pub(crate) open: Vec<ErrorMemory>,
}

/// What is forecast for a lead (1 for the first step).
fn forecast(basin: &Basin, forecast: &Forecast, dressing: &Dressing, lead: usize) -> Mixture {
    let lead_h = lead as f64 / 6.0;
    let (now, then) = (&forecast.now_m, &forecast.members_m[lead - 1]);
    let mixture = match forecast.reading_m {
        Some(reading) => dressing.read(now, then, reading, lead_h),
        None => dressing.silent(now, then, basin.start_m(forecast.gauge).unwrap(), lead_h),
    };
    mixture.unwrap()
}

/// The dressing under which the readings were likeliest.
fn likeliest(basin: &Basin, forecasts: &[&Forecast]) -> Dressing {
    let of = |memory_h, spread_m, share| Dressing {
        memory: ErrorMemory { memory_h, spread_m },
        share,
        sigma_m: SIGMA_M,
    };
    let mut best = (f64::NEG_INFINITY, of(1.0, 0.1, 1.0));
    for memory_h in MEMORY_H {
        for spread_m in SPREAD_M {
            for share in SHARE {
                let dressing = of(memory_h, spread_m, share);
                let mut sum = 0.0;
                for one in forecasts {
                    for lead in FITTED {
                        let Some(reading) = one.readings_m[lead - 1] else { continue };
                        sum += forecast(basin, one, &dressing, lead).log_density(reading, SIGMA_M);
                    }
                }
                if best.0 < sum {
                    best = (sum, dressing);
                }
            }
        }
    }
    best.1
}

impl Fitted {
    pub(crate) fn new(basin: &Basin, training: &[Forecast]) -> Self {
        let of = |gauge: usize| training.iter().filter(move |f| f.gauge == gauge);
        let members =
            (0..GAUGES.len()).map(|gauge| likeliest(basin, &of(gauge).collect::<Vec<_>>()));
        let open = (0..GAUGES.len()).map(|gauge| {
            let mut errors = Vec::new();
            let mut place = 0.0;
            let mut event = u32::MAX;
            for forecast in of(gauge) {
                // Events lie far apart.
                place += if forecast.event == event { 0.5 } else { 1e3 };
                event = forecast.event;
                errors.extend(forecast.reading_m.map(|level| [place, level - forecast.open_now_m]));
            }
            // The censored gauge has few readings in few events.
            ErrorMemory::fit(&errors).unwrap_or(ErrorMemory { memory_h: 1.5, spread_m: 0.3 })
        });
        Self { members: members.collect(), open: open.collect() }
    }
}

/// Scores by lead, and of the other forecasts.
pub(crate) struct Scores {
    pub(crate) leads: Vec<LeadScores>,
    /// Root mean square error of this forecast, the open loop, and the open loop with its error
    /// carried on as a first-order autoregression, by lead from the first step.
    pub(crate) rmse_m: Vec<[f64; 3]>,
    /// Interval of the error of that autoregression less that of this forecast.
    pub(crate) over_autoregression: Vec<Option<Interval>>,
}

pub(crate) fn score(basin: &Basin, fitted: &Fitted, forecasts: &[Forecast]) -> Scores {
    let mut cases = Vec::new();
    // Sums of squares of three forecasts, by lead and event.
    let mut squares: Vec<BTreeMap<u32, [f64; 4]>> = vec![BTreeMap::new(); LEADS];
    for one in forecasts {
        let dressing = &fitted.members[one.gauge];
        for lead in 1..=LEADS {
            let lead_h = lead as f64 / 6.0;
            let bands = forecast(basin, one, dressing, lead).bands();
            let truth = one.truth_m[lead - 1];
            cases.push(Case {
                block: one.event,
                lead_min: u32::try_from(10 * lead).unwrap(),
                quantiles_m: [bands.p05, bands.p10, bands.p50, bands.p90, bands.p95],
                observed_m: truth,
                now_m: one.reading_m.unwrap_or(f64::NAN),
                rise_m_h: one.rise_m_h.unwrap_or(f64::NAN),
                base_m: basin.base_m(one.gauge),
                chances: [Chance::default(); 2],
            });
            let error = one.reading_m.map(|level| level - one.open_now_m);
            let carried = fitted.open[one.gauge].expected_m(error.unwrap_or(0.0), lead_h);
            let open = one.open_m[lead - 1];
            let sums = squares[lead - 1].entry(one.event).or_default();
            for (sum, level) in sums.iter_mut().zip([bands.p50, open, open + carried]) {
                *sum += (level - truth).powi(2);
            }
            sums[3] += 1.0;
        }
    }
    let mut rmse_m = Vec::new();
    let mut over_autoregression = Vec::new();
    for events in &squares {
        let events: Vec<[f64; 4]> = events.values().copied().collect();
        let rmse = |drawn: &[usize], which: usize| {
            let sum = |place: usize| drawn.iter().map(|event| events[*event][place]).sum::<f64>();
            (sum(which) / sum(3)).sqrt()
        };
        let all: Vec<usize> = (0..events.len()).collect();
        rmse_m.push([0, 1, 2].map(|which| rmse(&all, which)));
        let blocks: Vec<_> = (0..events.len()).map(|event| event..event + 1).collect();
        over_autoregression.push(bootstrap(Blocks::Events(&blocks), Draws::default(), |drawn| {
            Some(rmse(drawn, 2) - rmse(drawn, 0))
        }));
    }
    let leads = hindcast(&cases, Draws { resamples: 500, ..Draws::default() });
    Scores { leads, rmse_m, over_autoregression }
}

/// A few events: gauges at least halve the error an hour ahead, and the same bits come again.
#[test]
fn gauges_halve_the_error_of_members() {
    let basin = Basin::new();
    let run = |numbers: std::ops::Range<u32>| -> Vec<Forecast> {
        numbers.flat_map(|number| crate::twin::event(&basin, number, 5)).collect()
    };
    let forecasts = run(0..6);
    let fitted = Fitted::new(&basin, &forecasts);
    let scores = score(&basin, &fitted, &forecasts);
    let [own, open, _] = scores.rmse_m[5];
    assert!(own <= 0.5 * open, "{own} {open}");
    for lead in [6, 12, 18, 36] {
        let gain = scores.leads[lead - 1].score("persistence_rmse_gain_m").unwrap();
        assert!(0.0 < gain.value.unwrap(), "{lead}");
    }
    // The same event once more: the same bits.
    let again = run(2..3);
    let first: Vec<&Forecast> = forecasts.iter().filter(|one| one.event == 2).collect();
    assert_eq!(first.len(), again.len());
    for (one, other) in first.into_iter().zip(&again) {
        assert_eq!(one.members_m, other.members_m);
    }
}
