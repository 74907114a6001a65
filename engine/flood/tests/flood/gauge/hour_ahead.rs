//! One hour ahead from levels alone, on the events of the real gauges, against persistence.

use std::collections::BTreeMap;
use std::ops::Range;

use jomo_flood::gauge::{Moments, Recession, Span, Step, events, steps, storms};
use jomo_flood::verify::{Blocks, Draws, Interval, block_length, bootstrap, mae, rmse};

use super::real_gauges::{Station, stations};

/// Fewest forecasts of an event that is scored.
const STEPS_MIN: usize = 6;
/// Fewest forecasts of an event about which anything is claimed.
const CLAIM_MIN: usize = 12;

/// A score of forecasts against observations.
type Score = fn(&[f64], &[f64]) -> Option<f64>;

/// The steps of one event, in the order of time.
struct Event {
    station: usize,
    span: Span,
    steps: Vec<Step>,
    storm: usize,
}

/// The events with forecasts enough, of all gauges.
fn events_of(stations: &[Station]) -> Vec<Event> {
    let mut found = Vec::new();
    for (station, of) in stations.iter().enumerate() {
        let readings = of.readings.as_slice();
        for event in events(readings, &of.faults) {
            let steps = steps(readings, &event, of.start_m);
            if STEPS_MIN <= steps.len() {
                let span = Span::of(&readings[event]).unwrap();
                found.push(Event { station, span, steps, storm: 0 });
            }
        }
    }
    let spans: Vec<Span> = found.iter().map(|event| event.span).collect();
    for (event, storm) in found.iter_mut().zip(storms(&spans)) {
        event.storm = storm;
    }
    found
}

/// The fit for an event from the events of other times: none that is within a day of it, at
/// whatever gauge, goes in.
fn fit(events: &[Event], held: &Event) -> Recession {
    let day_s = 24 * 3_600;
    let is_other = |event: &&Event| {
        let gap = |from: Span, to: Span| to.start.as_second() - from.end.as_second();
        day_s <= gap(held.span, event.span) || day_s <= gap(event.span, held.span)
    };
    let sum = |sum: Moments, event: &Event| sum.plus(&Moments::of(&event.steps), 1.0);
    let own = events.iter().filter(is_other).filter(|event| event.station == held.station);
    let own = own.fold(Moments::default(), sum);
    Recession::fit(&own, &events.iter().filter(is_other).fold(Moments::default(), sum))
}

/// Errors in m of persistence and of the fit, forecast by forecast.
#[derive(Default)]
struct Errors {
    persistence: Vec<f64>,
    fit: Vec<f64>,
}

impl Errors {
    fn add(&mut self, fit: &Recession, steps: &[Step]) {
        for step in steps {
            self.persistence.push(step.level_m - step.outcome_m);
            self.fit.push(fit.forecast_m(step) - step.outcome_m);
        }
    }

    /// Scores of persistence and of the fit.
    fn scores(&self, score: Score) -> [f64; 2] {
        let zeros = vec![0.0; self.fit.len()];
        [&self.persistence, &self.fit].map(|errors| score(errors, &zeros).unwrap())
    }

    /// Interval of the score of the fit less that of persistence: below 0 the fit is better.
    fn change(&self, blocks: Blocks<'_>, score: Score) -> Interval {
        self.change_by(blocks, score, Draws::default())
    }

    fn change_by(&self, blocks: Blocks<'_>, score: Score, draws: Draws) -> Interval {
        let change = |cases: &[usize]| {
            let pick = |errors: &[f64]| cases.iter().map(|case| errors[*case]).collect::<Vec<_>>();
            let zeros = vec![0.0; cases.len()];
            Some(score(&pick(&self.fit), &zeros)? - score(&pick(&self.persistence), &zeros)?)
        };
        bootstrap(blocks, draws, change).unwrap()
    }

    fn told(&self, blocks: Blocks<'_>) -> String {
        let part = |name, score: Score| {
            let ([before, after], Interval { low, high }) =
                (self.scores(score), self.change(blocks, score));
            format!("{name} {before:.4} -> {after:.4} ({low:+.4} to {high:+.4})")
        };
        format!("{}, {}", part("MAE", mae), part("RMSE", rmse))
    }
}

/// What may be said of an event by one score.
fn verdict(count: usize, change: Interval) -> &'static str {
    if count < CLAIM_MIN {
        "too short"
    } else if !change.excludes_zero() {
        "open"
    } else if change.high < 0.0 {
        "better"
    } else {
        "worse"
    }
}

/// Per event with moving blocks, over all events and over all storms with these as blocks. Only
/// what excludes zero is claimed.
#[test]
#[expect(clippy::print_stdout, reason = "the table that docs/methods/gauges.md quotes")]
fn an_hour_ahead_is_scored_per_event() {
    let Some(stations) = stations("an_hour_ahead_is_scored_per_event") else { return };
    let events = events_of(&stations);
    let mut all = Errors::default();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut by_storm: BTreeMap<usize, Errors> = BTreeMap::new();
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    for event in &events {
        let fit = fit(&events, event);
        let mut errors = Errors::default();
        errors.add(&fit, &event.steps);
        let count = event.steps.len();
        let blocks = Blocks::Moving { count, length: block_length(count) };
        for (name, score) in [("MAE", mae as Score), ("RMSE", rmse)] {
            let verdict = verdict(count, errors.change(blocks, score));
            *verdicts.entry(format!("{name} {verdict}")).or_default() += 1;
        }
        println!(
            "hour ahead: {} {} {} storm {} n {count}: {}, carry {:.2}, drain {:.3}/h",
            stations[event.station].gauge.id,
            stations[event.station].name,
            event.span.start,
            event.storm,
            errors.told(blocks),
            fit.carry,
            fit.drain_per_h,
        );
        by_storm.entry(event.storm).or_default().add(&fit, &event.steps);
        let start = all.fit.len();
        all.add(&fit, &event.steps);
        ranges.push(start..all.fit.len());
    }
    let mut storm_ranges: Vec<Range<usize>> = Vec::new();
    let mut in_storms = Errors::default();
    for errors in by_storm.values() {
        let start = in_storms.fit.len();
        in_storms.persistence.extend(&errors.persistence);
        in_storms.fit.extend(&errors.fit);
        storm_ranges.push(start..in_storms.fit.len());
    }
    let summary = format!(
        "{} forecasts, {} events: {}\n{} storms: {}\n{verdicts:?}",
        all.fit.len(),
        events.len(),
        all.told(Blocks::Events(&ranges)),
        by_storm.len(),
        in_storms.told(Blocks::Events(&storm_ranges)),
    );
    println!("hour ahead: {summary}");
    // A claim that hangs on the seed is none.
    let storms = Blocks::Events(&storm_ranges);
    for (name, score) in [("MAE", mae as Score), ("RMSE", rmse)] {
        let highs = (1..=20).map(|seed| {
            let draws = Draws { seed, ..Draws::default() };
            in_storms.change_by(storms, score, draws).high
        });
        let highs: Vec<f64> = highs.collect();
        let [least, greatest] = [f64::min as fn(f64, f64) -> f64, f64::max]
            .map(|of| highs.iter().copied().fold(highs[0], of));
        println!("hour ahead: upper ends of {name} by 20 seeds: {least:+.5} to {greatest:+.5}");
        assert!(greatest < 0.0, "{name}");
    }
    insta::assert_snapshot!(summary, @r#"
    961 forecasts, 39 events: MAE 0.0183 -> 0.0164 (-0.0045 to -0.0003), RMSE 0.0332 -> 0.0290 (-0.0078 to -0.0018)
    11 storms: MAE 0.0183 -> 0.0164 (-0.0035 to -0.0002), RMSE 0.0332 -> 0.0290 (-0.0062 to -0.0017)
    {"MAE better": 2, "MAE open": 13, "MAE too short": 19, "MAE worse": 5, "RMSE better": 5, "RMSE open": 13, "RMSE too short": 19, "RMSE worse": 2}
    "#);
}
