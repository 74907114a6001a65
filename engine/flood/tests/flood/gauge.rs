//! Gauges: levels of two families, silence, quality, events, and the forecast of an hour.

mod correction;
#[allow(dead_code, reason = "tests/validation uses the rest")]
mod hour_ahead;
#[allow(dead_code, reason = "tests/validation uses the rest")]
mod real_gauges;
mod silence;
mod trend;

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use jomo_core::message::Coded;
use jomo_flood::gauge::{
    CrisisLevel, CrisisLevels, Datum, Fault, Faults, Gauge, Kind, Limits, Moments, Reading,
    Readings, Recession, ReferenceLevel, ReferenceLevels, Span, Step, check, check_alone, events,
    risen, steps, storms,
};
use proptest::prelude::*;

use crate::chance::Dice;

fn time(minutes: i64) -> Timestamp {
    let start: Timestamp = "2030-07-01T00:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minutes)
}

/// A record that cuts off no series of these tests.
fn year() -> Span {
    Span { start: time(-60 * 24 * 180), end: time(60 * 24 * 180) }
}

fn crisis() -> Gauge {
    let levels = CrisisLevels::new(10.0, Some(11.0), 12.0).unwrap();
    Gauge { id: "C".to_owned(), kind: Kind::Crisis(levels), datum: Datum::Unstated }
}

fn reference() -> Gauge {
    let levels = ReferenceLevels::new([Some(1.0), Some(2.0), Some(2.5), None]).unwrap();
    let kind = Kind::Reference { levels, interval_min: 10 };
    Gauge { id: "R".to_owned(), kind, datum: Datum::GaugeZero(Some(88.0)) }
}

/// Readings every `minutes` from the start.
fn series(minutes: i64, levels_m: impl IntoIterator<Item = f64>) -> Readings {
    let readings = (0..).zip(levels_m);
    Readings::new(
        readings.map(|(n, level_m)| Reading { time: time(n * minutes), level_m }).collect(),
    )
    .unwrap()
}

#[test]
fn levels_rise_or_are_refused() {
    let faults = [
        CrisisLevels::new(10.0, Some(9.0), 12.0).unwrap_err(),
        CrisisLevels::new(10.0, None, 10.0).unwrap_err(),
        CrisisLevels::new(f64::NAN, None, 10.0).unwrap_err(),
        ReferenceLevels::new([None; 4]).unwrap_err(),
        ReferenceLevels::new([Some(1.0), None, None, Some(0.5)]).unwrap_err(),
        Readings::new(vec![Reading { time: time(0), level_m: f64::INFINITY }]).unwrap_err(),
        Readings::new(vec![Reading { time: time(0), level_m: 1.0 }; 2]).unwrap_err(),
    ];
    let told: Vec<_> = faults.iter().map(|fault| format!("{}: {fault}", fault.code())).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    gauge-level-order: the danger level, 9 m, is not above the start level, 10 m
    gauge-level-order: the overflow level, 10 m, is not above the start level, 10 m
    gauge-level-number: the start level is NaN m
    gauge-levels-none: none of the levels is given
    gauge-level-order: the flood-danger level, 0.5 m, is not above the standby level, 1 m
    gauge-reading-order: reading 1 is out of order or not a number
    gauge-reading-order: reading 2 is out of order or not a number
    ");
}

#[test]
fn a_level_is_reached_from_itself_on() {
    let levels = CrisisLevels::new(10.0, None, 12.0).unwrap();
    let reached = [9.99, 10.0, 11.99, 12.0].map(|level| levels.reached(level));
    let (start, spills) = (Some(CrisisLevel::ObservationStart), Some(CrisisLevel::OverflowStart));
    assert_eq!(reached, [None, start, start, spills]);
    let levels = ReferenceLevels::new([Some(1.0), None, Some(2.5), Some(3.0)]).unwrap();
    let reached = [0.0, 1.0, 2.5, 9.0].map(|level| levels.reached(level));
    let (standby, judgement, danger) = (
        Some(ReferenceLevel::FloodFightingStandby),
        Some(ReferenceLevel::EvacuationJudgement),
        Some(ReferenceLevel::FloodDanger),
    );
    assert_eq!(reached, [None, standby, judgement, danger]);
    assert_eq!(levels.level_m(ReferenceLevel::FloodCaution), None);
}

#[test]
fn the_last_reading_is_that_of_the_time() {
    let readings = series(10, [10.1, 10.2]);
    assert_eq!(readings.last_at(time(-1)), None);
    assert_eq!(readings.last_at(time(19)), Some(readings.as_slice()[1]));
}

/// A wave that rises from the start level and drains back to it.
fn wave(readings: i64) -> Vec<f64> {
    (0..readings)
        .map(|n| {
            let hours = n as f64;
            10.05 + 1.2 * (hours / 6.0) * (1.0 - hours / 6.0).exp()
        })
        .collect()
}

fn found(gauge: &Gauge, readings: &Readings) -> Vec<Vec<Fault>> {
    let faults = check(gauge, readings, year(), &Limits::default());
    faults.into_iter().map(|faults| faults.iter().collect()).collect()
}

#[test]
fn a_sound_wave_has_no_fault() {
    for minutes in [10, 60] {
        assert!(found(&crisis(), &series(minutes, wave(40))).iter().all(Vec::is_empty));
    }
}

/// Each fault is put into a sound wave, and found there and nowhere else.
#[test]
fn every_fault_is_found_where_it_is() {
    let mut spike = wave(40);
    spike[20] = 13.5;
    let marks = found(&crisis(), &series(60, spike));
    assert_eq!(marks[20], [Fault::TooHigh, Fault::Rate]);
    assert_eq!(
        (&marks[19], &marks[21], &marks[22]),
        (&vec![Fault::Rate], &vec![Fault::Rate], &vec![])
    );
    let mut hole = wave(40);
    hole[20] = -0.5;
    assert_eq!(found(&crisis(), &series(60, hole))[20], [Fault::TooLow, Fault::Rate]);

    let stuck: Vec<f64> = wave(10).into_iter().chain([10.8; 25]).chain([10.7, 10.6]).collect();
    let marks = found(&crisis(), &series(60, stuck));
    let is_stuck = |marks: &Vec<Fault>| *marks == [Fault::Stuck];
    assert_eq!(marks.iter().position(is_stuck), Some(10));
    assert_eq!(marks.iter().filter(|marks| is_stuck(marks)).count(), 25);
    let shorter: Vec<f64> = wave(10).into_iter().chain([10.8; 24]).chain([10.7, 10.6]).collect();
    assert!(!found(&crisis(), &series(60, shorter)).iter().any(is_stuck));

    let mut dice = Dice::new(3);
    let noise: Vec<f64> = (0..30).map(|_| 10.3 + dice.share()).collect();
    assert!(found(&crisis(), &series(60, noise)).iter().all(|marks| *marks == [Fault::Erratic]));
}

/// A run that neither comes from the start level nor goes back to it stands apart, unless the
/// record cuts it off; a reference station has no start level.
#[test]
fn a_run_apart_from_its_start_level_is_found() {
    let levels = [10.1, 10.2, 10.1, 11.4, 11.5, 11.4, 10.2, 10.1];
    let minutes = [0, 60, 120, 600, 660, 720, 1_200, 1_260];
    let run = |part: Range<usize>| {
        let readings = part.map(|n| Reading { time: time(minutes[n]), level_m: levels[n] });
        Readings::new(readings.collect()).unwrap()
    };
    let apart = |gauge: &Gauge, start, end| -> Vec<usize> {
        let record = Span { start: time(start), end: time(end) };
        let faults = check(gauge, &run(0..8), record, &Limits::default());
        (0..8).filter(|n| faults[*n].contains(Fault::Apart)).collect()
    };
    assert_eq!(apart(&crisis(), -1_000, 2_000), [3, 4, 5]);
    assert_eq!(apart(&crisis(), 419, 901), [3, 4, 5]);
    assert!(apart(&crisis(), 420, 2_000).is_empty());
    assert!(apart(&crisis(), -1_000, 900).is_empty());
    assert!(apart(&reference(), -1_000, 2_000).is_empty());
    // A fast rise, and a fast fall, each from or to the start level, are no fault.
    for levels in [[10.2, 11.4, 11.5], [11.5, 11.4, 10.2]] {
        assert!(found(&crisis(), &series(60, levels)).iter().all(Vec::is_empty));
    }
}

#[test]
fn a_reference_station_has_a_range_too() {
    let marks = found(&reference(), &series(10, [1.0, 7.6, -9.1]));
    assert!(marks[0].iter().all(|fault| *fault == Fault::Rate));
    assert!(marks[1].contains(&Fault::TooHigh) && marks[2].contains(&Fault::TooLow));
}

/// The flood of a century: no height is a reason not to use a reading that the water was seen to
/// rise to, or that other gauges support; one out of nothing is not used.
#[test]
fn the_highest_flood_is_used() {
    // From the start level to 3 m above the overflow level in ten hours, and down again.
    let rise = (0..60).map(|n| 10.0 + 5.0 * (f64::from(n) * std::f64::consts::PI / 60.0).sin());
    let flood = series(10, rise);
    let highest = flood.as_slice().iter().position(|reading| 14.9 < reading.level_m).unwrap();
    let judged = |gauge: &Gauge, readings: &Readings, neighbours: bool| {
        let limits = Limits::default();
        let record = Span { end: readings.as_slice().last().unwrap().time, ..year() };
        let mut faults = check(gauge, readings, record, &limits);
        check_alone(gauge, readings, &mut faults, &limits, |_| neighbours);
        faults
    };
    let faults = judged(&crisis(), &flood, false);
    assert_eq!(faults[highest].iter().collect::<Vec<_>>(), [Fault::TooHigh]);
    assert!(faults.iter().all(|faults| faults.are_used()));
    assert_eq!(events(flood.as_slice(), &faults).len(), 1);
    // The gauge comes back from an outage in the middle of it.
    let back = Readings::new(flood.as_slice()[highest..highest + 5].to_vec()).unwrap();
    for (neighbours, expected) in
        [(true, vec![Fault::TooHigh]), (false, vec![Fault::TooHigh, Fault::Alone])]
    {
        let faults = judged(&crisis(), &back, neighbours);
        assert!(faults.iter().all(|faults| faults.iter().eq(expected.iter().copied())));
        assert_eq!(faults[0].are_used(), neighbours);
    }
    // A jump, and it stays there: nobody saw it rise.
    let jump = series(10, [10.1, 10.2, 15.0, 15.0, 15.0]);
    let faults = judged(&crisis(), &jump, false);
    assert_eq!(faults[2].iter().collect::<Vec<_>>(), [Fault::TooHigh, Fault::Rate, Fault::Alone]);
    assert_eq!(faults[4].iter().collect::<Vec<_>>(), [Fault::TooHigh, Fault::Alone]);
    // Begun half-way up and then high: the beginning was not seen.
    let late = series(60, [11.0, 12.5, 14.0]);
    assert!(judged(&crisis(), &late, false)[2].contains(Fault::Alone));
    // A reference station reports always: from below its lowest level.
    let station = series(60, [0.9, 3.5, 6.1, 8.0]);
    let faults = judged(&reference(), &station, false);
    assert_eq!(faults[3].iter().collect::<Vec<_>>(), [Fault::TooHigh]);
    assert!(judged(&reference(), &series(10, [8.0]), false)[0].contains(Fault::Alone));
}

/// A gauge supports others only with a flood that it was seen to rise to.
#[test]
fn only_a_flood_that_was_seen_to_rise_supports_others() {
    let times = |gauge: &Gauge, levels_m: &[f64]| {
        let readings = series(10, levels_m.iter().copied());
        let faults = check(gauge, &readings, year(), &Limits::default());
        let risen = risen(gauge, &readings, &faults, &Limits::default());
        risen.into_iter().map(|at| at.duration_since(time(0)).as_mins() / 10).collect::<Vec<_>>()
    };
    assert_eq!(times(&crisis(), &[10.1, 10.5, 10.51, 11.0, 10.4, 10.6]), [2, 3, 5]);
    // Always high; up by a jump; too high itself.
    assert_eq!(times(&crisis(), &[10.6, 11.0, 11.4]), [] as [i64; 0]);
    assert_eq!(times(&crisis(), &[10.1, 12.1, 12.2]), [] as [i64; 0]);
    assert_eq!(times(&crisis(), &[10.1, 11.5, 12.9, 13.1]), [1, 2]);
    assert_eq!(times(&reference(), &[0.9, 1.0, 1.2]), [1, 2]);
    assert_eq!(times(&reference(), &[1.0, 1.2]), [] as [i64; 0]);
}

proptest! {
    /// Quality control has one answer per reading, marks nothing because of a shift of all levels
    /// and the gauge together, and events never hold a faulty reading or a long gap.
    #[test]
    fn quality_is_of_the_gauge_and_not_of_the_datum(
        steps in prop::collection::vec((1_i64..400, -2.5..4.0_f64), 0..80),
        shift_cm in -1_000_i32..100_000,
    ) {
        let mut minutes = 0;
        let mut readings = Vec::new();
        for (gap, height_m) in steps {
            minutes += gap;
            readings.push(Reading { time: time(minutes), level_m: 10.0 + height_m });
        }
        let shift = f64::from(shift_cm) / 128.0;
        let shifted: Vec<Reading> = readings.iter().map(|r| Reading { level_m: r.level_m + shift, ..*r }).collect();
        let levels = CrisisLevels::new(10.0 + shift, Some(11.0 + shift), 12.0 + shift).unwrap();
        let gauge = Gauge { kind: Kind::Crisis(levels), ..crisis() };
        let limits = Limits::default();
        let readings = Readings::new(readings).unwrap();
        let faults = check(&crisis(), &readings, year(), &limits);
        prop_assert_eq!(faults.len(), readings.as_slice().len());
        prop_assert_eq!(&faults, &check(&gauge, &Readings::new(shifted).unwrap(), year(), &limits));
        let mut sound = 0;
        for event in events(readings.as_slice(), &faults) {
            sound += event.len();
            prop_assert!(faults[event.clone()].iter().all(|faults| faults.are_used()));
            let part = &readings.as_slice()[event];
            prop_assert!(part.windows(2).all(|two| two[1].time.duration_since(two[0].time).as_hours() <= 3));
        }
        prop_assert_eq!(sound, faults.iter().filter(|faults| faults.are_used()).count());
    }

    /// Storms do not depend on the order in which events are listed.
    #[test]
    fn storms_are_those_of_time(starts in prop::collection::vec((0_i64..20_000, 0_i64..600), 1..20)) {
        let spans: Vec<Span> = starts.iter().map(|(start, length)| Span { start: time(*start), end: time(start + length) }).collect();
        let storm_of = storms(&spans);
        let backwards: Vec<Span> = spans.iter().rev().copied().collect();
        let mut other = storms(&backwards);
        other.reverse();
        prop_assert_eq!(&storm_of, &other);
        for (a, first) in spans.iter().zip(&storm_of) {
            for (b, second) in spans.iter().zip(&storm_of) {
                let gap = b.start.duration_since(a.end).max(a.start.duration_since(b.end));
                prop_assert!(first == second || SignedDuration::from_hours(24) <= gap);
            }
        }
    }

    /// A river that does what the model says is found out, and forecast to rounding.
    #[test]
    fn the_fit_finds_the_numbers_of_its_own_model(carry in -0.5..0.9_f64, drain in 0.0..0.2_f64) {
        let mut levels = vec![11.0, 11.3];
        for n in 1..30 {
            levels.push(levels[n] + carry * (levels[n] - levels[n - 1]) - drain * (levels[n] - 10.0));
        }
        let readings = series(60, levels);
        let steps = steps(readings.as_slice(), &(0..31), 10.0);
        prop_assert_eq!(steps.len(), 29);
        let moments = Moments::of(&steps);
        let fit = Recession::fit(&moments, &moments);
        prop_assume!((fit.carry, fit.drain_per_h) != (0.0, 0.0));
        for step in &steps {
            prop_assert!((fit.forecast_m(step) - step.outcome_m).abs() < 1e-6);
        }
        prop_assert!((fit.carry - carry).abs() < 1e-3 && (fit.drain_per_h - drain).abs() < 1e-3);
    }
}

#[test]
fn a_day_between_two_events_makes_two_storms() {
    let event = |start, end| Span { start: time(start), end: time(end) };
    let day = 24 * 60;
    assert_eq!(storms(&[event(0, 60), event(60 + day, 90 + day)]), [0, 1]);
    assert_eq!(storms(&[event(0, 60), event(59 + day, 90 + day)]), [0, 0]);
    // A long event holds together what it covers.
    assert_eq!(storms(&[event(0, 9 * day), event(60, 120), event(8 * day, 9 * day)]), [0, 0, 0]);
}

#[test]
fn without_steps_the_forecast_is_persistence() {
    let fit = Recession::fit(&Moments::default(), &Moments::default());
    let step =
        Step { level_m: 10.5, rise_m_h: 0.3, above_start_m: 0.5, lead_h: 1.0, outcome_m: 10.7 };
    assert!((fit.forecast_m(&step) - 10.5).abs() < 1e-15);
    // One step cannot tell two numbers apart.
    let one = Moments::of(&[step]);
    assert_eq!(Recession::fit(&one, &one), Recession::default());
    let readings = series(60, [10.1, 10.2, 10.4, 10.3]);
    assert!(steps(readings.as_slice(), &(0..9), 10.0).is_empty());
    assert!(steps(series(10, wave(9)).as_slice(), &(0..9), 10.0).is_empty(), "ten minutes ahead");
    assert_eq!(steps(readings.as_slice(), &(0..4), 10.0).len(), 2);
}

#[test]
fn an_event_ends_at_a_gap_and_at_a_fault() {
    let minutes = [0, 60, 241, 300, 360, 420];
    let readings: Vec<Reading> =
        minutes.iter().map(|m| Reading { time: time(*m), level_m: 10.5 }).collect();
    let mut faults = vec![Faults::default(); 6];
    assert_eq!(events(&readings, &faults), [0..2, 2..6]);
    let mut spiky = readings.clone();
    let limits = Limits { jump_m: 19.0, apart_m: 9.0, ..Limits::default() };
    // Too low is wrong, too high is to be confirmed.
    for (level_m, expected) in [(-1.0, vec![0..2, 2..4, 5..6]), (14.0, vec![0..2, 2..6])] {
        spiky[4].level_m = level_m;
        faults = check(&crisis(), &Readings::new(spiky.clone()).unwrap(), year(), &limits);
        assert!(!faults[4].is_empty());
        assert_eq!(events(&spiky, &faults), expected);
    }
    assert_eq!(Span::of(&readings), Some(Span { start: time(0), end: time(420) }));
    assert_eq!(Span::of(&[]), None);
}
