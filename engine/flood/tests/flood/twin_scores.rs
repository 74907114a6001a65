//! What the forecasts of the twin experiment are worth; `tests/validation` runs many events.

use std::collections::BTreeMap;

use jomo_flood::ensemble::{Bands, Dressing, Earlier, Heard, Mixture, fit};
use jomo_flood::gauge::ErrorMemory;
use jomo_flood::verify::{Blocks, Case, Chance, Draws, Interval, LeadScores, bootstrap, hindcast};

use crate::twin::{Basin, EVERY, Forecast, GAUGES, LEADS, SIGMA_M};

/// Leads that are fitted, in steps: those of [`jomo_flood::ensemble::LEADS_MIN`] to 6 h.
pub(crate) const FITTED: [usize; 12] = [1, 2, 3, 4, 5, 6, 9, 12, 18, 24, 30, 36];

/// What is fitted to readings of training events.
pub(crate) struct Fitted {
    /// How members become a forecast, by gauge.
    pub(crate) members: Vec<Dressing>,
    /// Error of the open loop, by gauge.
    pub(crate) open: Vec<ErrorMemory>,
}

/// What a gauge says when a forecast is made.
pub(crate) fn heard(forecast: &Forecast) -> Heard {
    match forecast.reading_m {
        Some(reading) => Heard::Level(reading),
        None => forecast.silent_below_m.map_or(Heard::Nothing, Heard::Silent),
    }
}

/// What is forecast of the level and of the reading for a lead (1 for the first step).
pub(crate) fn forecast(forecast: &Forecast, dressing: &Dressing, lead: usize) -> [Mixture; 2] {
    let (now, then) = (&forecast.now_m, &forecast.members_m[lead - 1]);
    let (heard, lead_h) = (heard(forecast), lead as f64 / 6.0);
    let both =
        [dressing.level(now, heard, then, lead_h), dressing.reading(now, heard, then, lead_h)];
    both.map(Option::unwrap)
}

/// The dressing of a gauge, from readings alone.
fn dressing(forecasts: &[&Forecast]) -> Dressing {
    let leads = FITTED.map(|lead| {
        let earlier: Vec<Earlier<'_>> = forecasts
            .iter()
            .filter_map(|one| {
                let reading_m = one.readings_m[lead - 1]?;
                let (now_m, then_m) = (&one.now_m[..], &one.members_m[lead - 1][..]);
                Some(Earlier { now_m, heard: heard(one), then_m, reading_m })
            })
            .collect();
        fit(lead as f64 / 6.0, &earlier, SIGMA_M)
    });
    // A few events of the censored gauge are not enough: then a guess.
    let known: Vec<_> = leads.into_iter().flatten().collect();
    let guess = || Dressing::guess(ErrorMemory { memory_h: 1.5, spread_m: 0.3 });
    Dressing::new(known, SIGMA_M).or_else(guess).unwrap()
}

impl Fitted {
    pub(crate) fn new(training: &[Forecast]) -> Self {
        let of = |gauge: usize| training.iter().filter(move |f| f.gauge == gauge);
        let members = (0..GAUGES.len()).map(|gauge| dressing(&of(gauge).collect::<Vec<_>>()));
        let open = (0..GAUGES.len()).map(|gauge| {
            let mut errors = Vec::new();
            let mut place = 0.0;
            let mut event = u32::MAX;
            for forecast in of(gauge) {
                // Events lie far apart.
                place += if forecast.event == event { EVERY as f64 / 6.0 } else { 1e3 };
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
    /// The level against the truth, every step.
    pub(crate) leads: Vec<LeadScores>,
    /// The reading against the readings, at the leads that are fitted: what `jomo flood verify`
    /// can know.
    pub(crate) readings: Vec<LeadScores>,
    /// Share of the levels of each gauge inside the 90 % band, by lead from the first step.
    pub(crate) gauge_covers: Vec<[f64; 3]>,
    /// Root mean square error of this forecast, the open loop, and the open loop with its error
    /// carried on as a first-order autoregression, by lead from the first step.
    pub(crate) rmse_m: Vec<[f64; 3]>,
    /// Interval of the error of that autoregression less that of this forecast.
    pub(crate) over_autoregression: Vec<Option<Interval>>,
}

pub(crate) fn score(basin: &Basin, fitted: &Fitted, forecasts: &[Forecast]) -> Scores {
    let (mut cases, mut read) = (Vec::new(), Vec::new());
    // Cases inside the band and all, by lead and gauge.
    let mut inside = vec![[[0.0; 2]; 3]; LEADS];
    // Sums of squares of three forecasts, by lead and event.
    let mut squares: Vec<BTreeMap<u32, [f64; 4]>> = vec![BTreeMap::new(); LEADS];
    for one in forecasts {
        let dressing = &fitted.members[one.gauge];
        for lead in 1..=LEADS {
            let lead_h = lead as f64 / 6.0;
            let [level, reading] = forecast(one, dressing, lead);
            let bands = level.bands();
            let truth = one.truth_m[lead - 1];
            let [held, all] = &mut inside[lead - 1][one.gauge];
            *held += f64::from(u8::from(bands.p05 <= truth && truth <= bands.p95));
            *all += 1.0;
            let of = |bands: Bands, observed_m| Case {
                block: one.event,
                lead_min: u32::try_from(10 * lead).unwrap(),
                quantiles_m: [bands.p05, bands.p10, bands.p50, bands.p90, bands.p95],
                observed_m,
                now_m: one.reading_m.unwrap_or(f64::NAN),
                rise_m_h: one.rise_m_h.unwrap_or(f64::NAN),
                base_m: basin.base_m(one.gauge),
                chances: [Chance::default(); 2],
            };
            cases.push(of(bands, truth));
            if let Some(observed_m) = one.readings_m[lead - 1]
                && FITTED.contains(&lead)
            {
                read.push(of(reading.bands(), observed_m));
            }
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
    let readings = hindcast(&read, Draws::default());
    let gauge_covers = inside.iter().map(|lead| lead.map(|[held, all]| held / all)).collect();
    Scores { leads, readings, gauge_covers, rmse_m, over_autoregression }
}

/// A few events: gauges at least halve the error an hour ahead, and the same bits come again.
#[test]
fn gauges_halve_the_error_of_members() {
    let basin = Basin::new();
    let run = |numbers: std::ops::Range<u32>| -> Vec<Forecast> {
        numbers.flat_map(|number| crate::twin::event(&basin, number, 5)).collect()
    };
    let forecasts = run(0..6);
    let fitted = Fitted::new(&forecasts);
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
