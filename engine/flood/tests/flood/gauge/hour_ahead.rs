//! One hour ahead from levels alone, on the events of the real gauges, against persistence.

use std::collections::BTreeMap;
use std::ops::Range;

use jomo_flood::gauge::{Moments, Recession, Span, Step, events, steps, storms};
use jomo_flood::verify::{Blocks, Draws, Interval, block_length, bootstrap, mae, rmse};

use super::real_gauges::Station;
#[cfg(test)]
use super::real_gauges::stations;

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

    fn scored(&self, blocks: Blocks<'_>, score: Score, count: usize) -> Scored {
        let [persistence_m, fit_m] = self.scores(score);
        let change_m = self.change(blocks, score);
        Scored { persistence_m, fit_m, change_m, verdict: verdict(count, change_m) }
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

/// One score of persistence and of the fit, and the interval of its change.
pub(crate) struct Scored {
    pub(crate) persistence_m: f64,
    pub(crate) fit_m: f64,
    pub(crate) change_m: Interval,
    pub(crate) verdict: &'static str,
}

/// What is said of an event.
pub(crate) struct EventScores {
    /// Index of the station.
    pub(crate) station: usize,
    pub(crate) span: Span,
    pub(crate) storm: usize,
    pub(crate) forecasts: usize,
    /// MAE and RMSE.
    pub(crate) scores: [Scored; 2],
    fit: Recession,
    told: String,
}

/// What is said of all events.
pub(crate) struct HourAhead {
    pub(crate) events: Vec<EventScores>,
    all: Errors,
    event_ranges: Vec<Range<usize>>,
    in_storms: Errors,
    storm_ranges: Vec<Range<usize>>,
}

/// Names and functions of the two scores.
const SCORES: [(&str, Score); 2] = [("MAE", mae), ("RMSE", rmse)];

impl HourAhead {
    pub(crate) fn new(stations: &[Station]) -> Self {
        let events = events_of(stations);
        let mut own = Self {
            events: Vec::new(),
            all: Errors::default(),
            event_ranges: Vec::new(),
            in_storms: Errors::default(),
            storm_ranges: Vec::new(),
        };
        let mut by_storm: BTreeMap<usize, Errors> = BTreeMap::new();
        for event in &events {
            let fit = fit(&events, event);
            let mut errors = Errors::default();
            errors.add(&fit, &event.steps);
            let count = event.steps.len();
            let blocks = Blocks::Moving { count, length: block_length(count) };
            own.events.push(EventScores {
                station: event.station,
                span: event.span,
                storm: event.storm,
                forecasts: count,
                scores: SCORES.map(|(_, score)| errors.scored(blocks, score, count)),
                fit,
                told: errors.told(blocks),
            });
            by_storm.entry(event.storm).or_default().add(&fit, &event.steps);
            let start = own.all.fit.len();
            own.all.add(&fit, &event.steps);
            own.event_ranges.push(start..own.all.fit.len());
        }
        for errors in by_storm.values() {
            let start = own.in_storms.fit.len();
            own.in_storms.persistence.extend(&errors.persistence);
            own.in_storms.fit.extend(&errors.fit);
            own.storm_ranges.push(start..own.in_storms.fit.len());
        }
        own
    }

    /// Forecasts in all.
    pub(crate) fn forecasts(&self) -> usize {
        self.all.fit.len()
    }

    /// Storms in all.
    pub(crate) fn storms(&self) -> usize {
        self.storm_ranges.len()
    }

    /// MAE and RMSE over all, by whole events and by whole storms.
    pub(crate) fn overall(&self) -> [[Scored; 2]; 2] {
        let (events, storms) =
            (Blocks::Events(&self.event_ranges), Blocks::Events(&self.storm_ranges));
        [(&self.all, events), (&self.in_storms, storms)].map(|(errors, blocks)| {
            SCORES.map(|(_, score)| errors.scored(blocks, score, self.forecasts()))
        })
    }

    /// Least and greatest upper end of the change over storms by 20 seeds: a claim that hangs on
    /// the seed is none.
    pub(crate) fn upper_ends(&self, which: usize) -> [f64; 2] {
        let highs = (1..=20).map(|seed| {
            let draws = Draws { seed, ..Draws::default() };
            let storms = Blocks::Events(&self.storm_ranges);
            self.in_storms.change_by(storms, SCORES[which].1, draws).high
        });
        highs.fold([f64::INFINITY, f64::NEG_INFINITY], |[least, greatest], high| {
            [least.min(high), greatest.max(high)]
        })
    }

    /// Number of events by verdict.
    pub(crate) fn verdicts(&self) -> BTreeMap<String, usize> {
        let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
        for event in &self.events {
            for ((name, _), scored) in SCORES.iter().zip(&event.scores) {
                *verdicts.entry(format!("{name} {}", scored.verdict)).or_default() += 1;
            }
        }
        verdicts
    }
}

/// Per event with moving blocks, over all events and over all storms with these as blocks. Only
/// what excludes zero is claimed.
#[test]
#[allow(clippy::print_stdout, reason = "the table that docs/methods/gauges.md quotes")]
fn an_hour_ahead_is_scored_per_event() {
    let Some(stations) = stations("an_hour_ahead_is_scored_per_event") else { return };
    let ahead = HourAhead::new(&stations);
    for event in &ahead.events {
        println!(
            "hour ahead: {} {} {} storm {} n {}: {}, carry {:.2}, drain {:.3}/h",
            stations[event.station].gauge.id,
            stations[event.station].name,
            event.span.start,
            event.storm,
            event.forecasts,
            event.told,
            event.fit.carry,
            event.fit.drain_per_h,
        );
    }
    let summary = format!(
        "{} forecasts, {} events: {}\n{} storms: {}\n{:?}",
        ahead.forecasts(),
        ahead.events.len(),
        ahead.all.told(Blocks::Events(&ahead.event_ranges)),
        ahead.storms(),
        ahead.in_storms.told(Blocks::Events(&ahead.storm_ranges)),
        ahead.verdicts(),
    );
    println!("hour ahead: {summary}");
    for (which, (name, _)) in SCORES.iter().enumerate() {
        let [least, greatest] = ahead.upper_ends(which);
        println!("hour ahead: upper ends of {name} by 20 seeds: {least:+.5} to {greatest:+.5}");
        assert!(greatest < 0.0, "{name}");
    }
    insta::assert_snapshot!(summary, @r#"
    961 forecasts, 39 events: MAE 0.0183 -> 0.0164 (-0.0045 to -0.0003), RMSE 0.0332 -> 0.0290 (-0.0078 to -0.0018)
    11 storms: MAE 0.0183 -> 0.0164 (-0.0035 to -0.0002), RMSE 0.0332 -> 0.0290 (-0.0062 to -0.0017)
    {"MAE better": 2, "MAE open": 13, "MAE too short": 19, "MAE worse": 5, "RMSE better": 5, "RMSE open": 13, "RMSE too short": 19, "RMSE worse": 2}
    "#);
}
