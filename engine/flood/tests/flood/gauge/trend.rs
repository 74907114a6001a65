//! A gauge carried on by what it says alone.

use jiff::{SignedDuration, Timestamp};
use jomo_flood::gauge::{Reading, Trend};
use proptest::prelude::*;

/// Readings every ten minutes.
fn every_ten(levels_m: &[f64]) -> Vec<Reading> {
    let first: Timestamp = "2030-07-01T00:00:00Z".parse().unwrap();
    let at = |step: i64| first.checked_add(SignedDuration::from_mins(10 * step)).unwrap();
    (0..)
        .zip(levels_m)
        .map(|(step, level_m)| Reading { time: at(step), level_m: *level_m })
        .collect()
}

fn rising(count: usize, rise_m_h: f64) -> Vec<f64> {
    (0..count).map(|step| 75.0 + rise_m_h * step as f64 / 6.0).collect()
}

/// A steady rise goes on, fades in an hour, and is doubted the more the longer it is carried.
#[test]
fn a_rise_goes_on_and_fades() {
    let trend = Trend::of(&every_ten(&rising(5, 1.2))).unwrap();
    assert!((trend.rise_m_h().unwrap() - 1.2).abs() < 1e-9);
    let last_m = trend.last().level_m;
    let carried = |lead_h: f64| trend.level_m(lead_h) - last_m;
    assert!((carried(1.0 / 6.0) - 1.2 * 0.153_518).abs() < 1e-4);
    assert!((carried(1.0) - 1.2 * 0.632_121).abs() < 1e-4 && carried(36.0) <= 1.2);
    // 3 cm, and 0.35 of the steepest rise with the power 1.5 of the lead.
    assert!((trend.doubt_m(0.0) - 0.03).abs() < 1e-9);
    let grown_h = 6.0 * (1.0 - (-1.0_f64 / 6.0).exp());
    let expected = 0.03_f64.hypot(0.35 * 1.2 * grown_h.powf(1.5));
    assert!((trend.doubt_m(1.0) - expected).abs() < 1e-9);
    // A river that does not move is known well, never to the millimetre.
    let quiet = Trend::of(&every_ten(&rising(5, 0.0))).unwrap();
    assert!(quiet.doubt_m(1.0) < 0.05 && 0.03 < quiet.doubt_m(1.0));
}

/// Calm says nothing of rain to come: where others foresee a rise, doubt grows with it.
#[test]
fn calm_is_no_reason_against_a_foreseen_rise() {
    let quiet = Trend::of(&every_ten(&rising(30, 0.0))).unwrap();
    let grown_h = 6.0 * (1.0 - (-3.0_f64 / 6.0).exp());
    // No faster than 3 m/h.
    for (rise_m_h, counted_m_h) in [(1.2, 1.2), (-1.2, 1.2), (52.0, 3.0)] {
        let warned = quiet.before_a_move(rise_m_h);
        let expected = 0.03_f64.hypot(0.35 * counted_m_h * grown_h.powf(1.5));
        assert!((warned.doubt_m(3.0) - expected).abs() < 1e-9, "{rise_m_h}");
        assert!((warned.level_m(3.0) - 75.0).abs() < 1e-9);
    }
    for less in [0.0, 0.05, f64::NAN, f64::INFINITY] {
        assert_eq!(quiet.before_a_move(less), quiet);
    }
}

/// Stamps a tenth of a second apart cost no more than those a minute apart.
#[test]
fn a_flood_of_readings_is_thinned() {
    let slow = every_ten(&rising(90, 1.2));
    let mut fast = Vec::new();
    for pair in slow.windows(2) {
        fast.push(pair[0]);
        for tenth in 1..6_000 {
            let time = pair[0].time.checked_add(SignedDuration::from_millis(100 * tenth)).unwrap();
            fast.push(Reading { time, level_m: pair[0].level_m + 0.2 * tenth as f64 / 6_000.0 });
        }
    }
    fast.push(slow[89]);
    let (slow, fast) = (Trend::of(&slow).unwrap(), Trend::of(&fast).unwrap());
    assert_eq!(fast.last(), slow.last());
    assert!((fast.rise_m_h().unwrap() - 1.2).abs() < 1e-3);
}

/// The first report of a gauge says nothing of its rise: the doubt admits a flood.
#[test]
fn a_single_reading_is_doubted_by_a_metre_an_hour() {
    let trend = Trend::of(&every_ten(&[75.0])).unwrap();
    assert_eq!(trend.rise_m_h(), None);
    assert!((trend.level_m(3.0) - 75.0).abs() < 1e-12);
    assert!((0.9..1.0).contains(&trend.doubt_m(1.0)));
    assert_eq!(Trend::of(&[]), None);
    // A reading of two hours before is no neighbour.
    let mut far = every_ten(&[75.0, 76.0]);
    far[0].time = far[0].time.checked_sub(SignedDuration::from_hours(2)).unwrap();
    assert_eq!(Trend::of(&far).unwrap().rise_m_h(), None);
    // An hour before is one.
    let mut near = every_ten(&[75.0, 76.0]);
    near[0].time = near[1].time.checked_sub(SignedDuration::from_hours(1)).unwrap();
    assert!((Trend::of(&near).unwrap().rise_m_h().unwrap() - 1.0).abs() < 1e-9);
}

/// A gauge that turned again and again is doubted more than one that rose steadily as steeply.
#[test]
fn what_it_would_have_said_widens_its_doubt() {
    let steady = Trend::of(&every_ten(&rising(19, 0.6))).unwrap();
    let saw: Vec<f64> =
        (0..19).map(|step| 75.0 + 0.1 * f64::from([0, 1, 2, 3, 2, 1][step % 6])).collect();
    let turning = Trend::of(&every_ten(&saw)).unwrap();
    assert!((steady.doubt_m(0.0) - 0.03).abs() < 1e-9);
    assert!(1.2 * steady.doubt_m(0.5) < turning.doubt_m(0.5), "{turning:?}");
}

proptest! {
    /// Sound for any readings, and moved with its datum.
    #[test]
    fn any_readings_give_a_sound_trend(
        levels in prop::collection::vec(-100.0..3_000.0_f64, 1..60), shift in -500.0..500.0_f64,
    ) {
        let trend = Trend::of(&every_ten(&levels)).unwrap();
        let moved: Vec<f64> = levels.iter().map(|level| level + shift).collect();
        let moved = Trend::of(&every_ten(&moved)).unwrap();
        let mut before = 0.0;
        for lead_h in [0.0, 0.2, 1.0, 6.0, 36.0, 1e6] {
            let (level, doubt) = (trend.level_m(lead_h), trend.doubt_m(lead_h));
            prop_assert!(level.is_finite() && doubt.is_finite() && before <= doubt);
            let scale = 1.0 + level.abs() + doubt;
            prop_assert!((moved.level_m(lead_h) - level - shift).abs() < 1e-6 * scale);
            prop_assert!((moved.doubt_m(lead_h) - doubt).abs() < 1e-6 * scale);
            before = doubt;
        }
    }
}
