//! Bands, chances, arrival times and representatives of ensembles.
#![allow(clippy::float_cmp, reason = "exact values are meant")]

use jiff::Timestamp;
use jomo_flood::ensemble::{
    CASES_MIN, Dressing, Earlier, Heard, LEADS_MIN, LeadDressing, Mixture, fit, joined, quantile,
    reaches, representatives,
};
use jomo_flood::gauge::ErrorMemory;
use proptest::prelude::*;

use crate::chance::Dice;

#[test]
fn a_mixture_of_one_is_the_normal_distribution() {
    let one = Mixture::new(&[3.0], 0.5).unwrap();
    let bands = one.bands();
    // Quantiles of the standard normal distribution from tables.
    for (found, z) in [
        (bands.p05, -1.644_853_6),
        (bands.p10, -1.281_551_6),
        (bands.p50, 0.0),
        (bands.p90, 1.281_551_6),
        (bands.p95, 1.644_853_6),
    ] {
        assert!((found - (3.0 + 0.5 * z)).abs() < 1e-6, "{found} {z}");
    }
    assert!((one.exceedance(3.5) - 0.158_655_25).abs() < 1e-7);
    assert!((one.exceedance(2.5) - 0.841_344_75).abs() < 1e-7);
}

#[test]
fn members_alone_are_their_own_quantiles() {
    let members = [4.0, 1.0, 3.0, 2.0, 5.0];
    let alone = Mixture::new(&members, 0.0).unwrap();
    let bands = alone.bands();
    assert_eq!([bands.p50, bands.p90], [3.0, 4.6]);
    assert_eq!(alone.exceedance(4.0), 0.4);
    assert_eq!(quantile(&[], 0.5), None);
    assert_eq!(quantile(&[1.0], 1.5), None);
    for (members, spread) in
        [(vec![], 0.0), (vec![f64::NAN], 0.0), (vec![1.0], f64::NAN), (vec![1.0], -1.0)]
    {
        assert_eq!(Mixture::new(&members, spread), None);
    }
}

proptest! {
    /// Quantiles rise with their share, and the chance at a quantile is what is left.
    #[test]
    fn quantiles_and_chances_belong_together(
        members in proptest::collection::vec(-5.0..5.0_f64, 1..24),
        spread in 0.01..2.0_f64,
        share in 0.01..0.99_f64,
    ) {
        let mixture = Mixture::new(&members, spread).unwrap();
        let level = mixture.quantile(share);
        prop_assert!((mixture.exceedance(level) - (1.0 - share)).abs() < 1e-6);
        prop_assert!(level <= mixture.quantile(share + 0.005));
        prop_assert!(mixture.exceedance(level + 0.1) <= mixture.exceedance(level));
        let mut turned = members.clone();
        turned.reverse();
        prop_assert_eq!(Mixture::new(&turned, spread).unwrap(), mixture);
    }
}

#[test]
fn the_first_time_at_the_threshold_is_its_arrival() {
    let start: Timestamp = "2030-07-01T00:00:00Z".parse().unwrap();
    let times: Vec<Timestamp> =
        (0..4).map(|n| start + jiff::SignedDuration::from_mins(10 * n)).collect();
    assert_eq!(reaches(&times, &[1.0, f64::NAN, 2.0, 3.0], 2.0), Some(times[2]));
    assert_eq!(reaches(&times, &[1.0; 4], 2.0), None);
    assert_eq!(reaches(&times, &[], 2.0), None);
}

#[test]
fn three_members_stand_for_all() {
    let volumes: Vec<f64> = (0..21).map(f64::from).rev().collect();
    assert_eq!(representatives(&volumes), Some([18, 10, 2]));
    assert_eq!(representatives(&[0.0; 5]), Some([0; 3]));
    assert_eq!(representatives(&[]), None);
    assert_eq!(representatives(&[0.0, f64::NAN]), None);
}

/// The score of a sure forecast is its error; that of a normal one at its mean is
/// `s (2 φ(0) - 1/√π)`; that of two members is by hand.
#[test]
fn the_ranked_score_is_as_worked_by_hand() {
    let score = |members: &[f64], spread, value| Mixture::new(members, spread).unwrap().crps(value);
    assert_eq!(score(&[2.0], 0.0, 5.0), 3.0);
    // Mean distance to the value 1.5, half the mean distance between two of them 0.5.
    assert!((score(&[1.0, 3.0], 0.0, 3.5) - (1.5 - 0.5)).abs() < 1e-12);
    let normal = std::f64::consts::FRAC_2_PI.sqrt() - 1.0 / std::f64::consts::PI.sqrt();
    assert!((score(&[4.0], 0.5, 4.0) - 0.5 * normal).abs() < 1e-6);
    // Far away it is the distance less half the mean distance between two values.
    let far = 10.0 - 0.5 / std::f64::consts::PI.sqrt();
    assert!((score(&[0.0], 0.5, 10.0) - far).abs() < 1e-6);
}

/// Standard normal, by the sum of twelve.
fn normal(dice: &mut Dice) -> f64 {
    (0..12).map(|_| dice.share()).sum::<f64>() - 6.0
}

/// Forecasts of a model that errs: members now and then, what is heard, the reading and the level
/// then. `shock` gives what of the error is new.
struct Made {
    now_m: Vec<f64>,
    then_m: Vec<f64>,
    heard: Heard,
    reading_m: f64,
    level_m: f64,
}

const SIGMA_M: f64 = 0.05;
const KEPT: f64 = 0.7;

fn made(count: usize, dice: &mut Dice, shock: impl Fn(&mut Dice) -> f64) -> Vec<Made> {
    let one = |_| {
        let [now, then] = [10.0 + normal(dice), 11.0 + normal(dice)];
        let apart: Vec<f64> = (0..10).map(|_| 0.02 * normal(dice)).collect();
        let error = 0.4 * normal(dice);
        let level_m = then + KEPT * error + shock(dice);
        Made {
            now_m: apart.iter().map(|apart| now + apart).collect(),
            then_m: apart.iter().map(|apart| then + apart).collect(),
            heard: Heard::Level(now + error + SIGMA_M * normal(dice)),
            reading_m: level_m + SIGMA_M * normal(dice),
            level_m,
        }
    };
    (0..count).map(one).collect()
}

fn earlier(made: &[Made]) -> Vec<Earlier<'_>> {
    let cases = made.iter().map(|one| Earlier {
        now_m: &one.now_m,
        heard: one.heard,
        then_m: &one.then_m,
        reading_m: one.reading_m,
    });
    cases.collect()
}

/// Shares of levels and of readings inside their bands from 5 to 95 %.
fn covers(dressing: &Dressing, made: &[Made]) -> [f64; 2] {
    let mut inside = [0.0; 2];
    for one in made {
        let (now, then) = (&one.now_m, &one.then_m);
        let both = [
            (dressing.level(now, one.heard, then, 1.0), one.level_m),
            (dressing.reading(now, one.heard, then, 1.0), one.reading_m),
        ];
        for (inside, (mixture, value)) in inside.iter_mut().zip(both) {
            let bands = mixture.unwrap().bands();
            *inside += f64::from(u8::from(bands.p05 <= value && value <= bands.p95));
        }
    }
    inside.map(|inside| inside / made.len() as f64)
}

/// The fit finds the share and the spread that the errors were made with, and its band holds 90 %
/// of the levels and of the readings of other forecasts.
#[test]
fn the_fit_finds_what_errors_are_made_of() {
    let mut dice = Dice::new(29);
    let shock = |dice: &mut Dice| 0.15 * normal(dice);
    let training = made(3_000, &mut dice, shock);
    let at = fit(1.0, &earlier(&training), SIGMA_M).unwrap();
    // The error of the reading makes what is heard of the error a little less worth.
    let kept = KEPT * 0.16 / (0.16 + SIGMA_M * SIGMA_M);
    assert!((at.kept - kept).abs() < 0.02, "{at:?}");
    // What is new, and the error of the reading as far as it is carried on.
    let spread_m = 0.15_f64.hypot(KEPT * SIGMA_M);
    assert!((at.spread_m / spread_m - 1.0).abs() < 0.08, "{at:?} {spread_m}");
    let dressing = Dressing::new(vec![at], SIGMA_M).unwrap();
    for cover in covers(&dressing, &made(3_000, &mut dice, shock)) {
        assert!((0.87..0.93).contains(&cover), "{cover}");
    }
    assert_eq!(fit(1.0, &earlier(&training), SIGMA_M), Some(at));
}

/// Errors of two sizes, as of falling and of rising rivers: the band holds what it says all the
/// same, where one of the errors' standard deviation would hold more.
#[test]
fn a_band_of_errors_of_two_sizes_holds_what_it_says() {
    let mut dice = Dice::new(31);
    let shock = |dice: &mut Dice| {
        let size = if dice.share() < 0.1 { 1.0 } else { 0.1 };
        size * normal(dice)
    };
    let at = fit(1.0, &earlier(&made(3_000, &mut dice, shock)), SIGMA_M).unwrap();
    let dressing = Dressing::new(vec![at], SIGMA_M).unwrap();
    let others = made(3_000, &mut dice, shock);
    for cover in covers(&dressing, &others) {
        assert!((0.87..0.93).contains(&cover), "{cover}");
    }
    let spread_m = (0.1_f64 * 1.0 + 0.9 * 0.01).sqrt();
    let wide = Dressing::new(vec![LeadDressing { spread_m, ..at }], SIGMA_M).unwrap();
    assert!(covers(&wide, &others).iter().all(|cover| 0.93 < *cover));
}

/// Members that differ as the forecast is unsure keep their differences; members that differ for
/// nothing are drawn together.
#[test]
fn members_are_kept_apart_as_far_as_they_tell() {
    let mut dice = Dice::new(41);
    let mut cases = |is_telling: bool| -> Vec<Made> {
        let one = |_| {
            // Now and then the members are unsure.
            let unsure = if dice.share() < 0.3 { 1.0 } else { 0.05 };
            let then_m: Vec<f64> = (0..20).map(|_| unsure * normal(&mut dice)).collect();
            let level_m =
                if is_telling { unsure * normal(&mut dice) } else { 0.3 * normal(&mut dice) };
            let now_m = vec![0.0; 20];
            Made { now_m, then_m, heard: Heard::Level(0.0), reading_m: level_m, level_m }
        };
        (0..400).map(one).collect()
    };
    let [telling, idle] = [cases(true), cases(false)].map(|made| fit(1.0, &earlier(&made), 0.0));
    let (telling, idle) = (telling.unwrap(), idle.unwrap());
    assert!(0.8 <= telling.share && telling.spread_m < 0.1, "{telling:?}");
    assert!(idle.share <= 0.2 && 0.25 < idle.spread_m, "{idle:?}");
}

/// The error of a reading is counted once: it is no part of the level's spread, and all of it is in
/// the reading's.
#[test]
fn the_error_of_a_reading_is_counted_once() {
    let mut dice = Dice::new(43);
    let one = |_| {
        let level_m = 0.2 * normal(&mut dice);
        let reading_m = level_m + 0.3 * normal(&mut dice);
        let nothing = vec![0.0; 4];
        let heard = Heard::Level(0.0);
        Made { now_m: nothing.clone(), then_m: nothing, heard, reading_m, level_m }
    };
    let made: Vec<Made> = (0..2_000).map(one).collect();
    for (sigma_m, spread_m) in [(0.3, 0.2), (0.0, 0.2_f64.hypot(0.3))] {
        let at = fit(1.0, &earlier(&made), sigma_m).unwrap();
        assert!((at.spread_m / spread_m - 1.0).abs() < 0.15, "{at:?} {spread_m}");
    }
}

#[test]
fn too_little_fits_nothing() {
    let mut dice = Dice::new(37);
    let made = made(CASES_MIN, &mut dice, |_| 0.0);
    let cases = earlier(&made);
    assert!(fit(1.0, &cases, SIGMA_M).is_some());
    assert_eq!(fit(1.0, &cases[1..], SIGMA_M), None);
    let with = |change: fn(&mut Earlier<'_>)| {
        let mut cases = cases.clone();
        change(&mut cases[3]);
        fit(1.0, &cases, SIGMA_M)
    };
    assert_eq!(with(|one| one.heard = Heard::Nothing), None);
    assert_eq!(with(|one| one.reading_m = f64::NAN), None);
    assert_eq!(with(|one| one.heard = Heard::Silent(f64::INFINITY)), None);
    assert_eq!(with(|one| one.now_m = &one.now_m[1..]), None);
    for (lead_h, sigma_m) in [(f64::NAN, 0.1), (1.0, f64::NAN), (1.0, -0.1)] {
        assert_eq!(fit(lead_h, &cases, sigma_m), None);
    }
}

fn at(lead_h: f64, kept: f64, share: f64, spread_m: f64) -> LeadDressing {
    LeadDressing { lead_h, kept, share, spread_m }
}

#[test]
fn dressings_that_make_no_sense_are_refused() {
    let sound = at(1.0, 0.5, 0.5, 0.1);
    assert!(Dressing::new(vec![sound, at(2.0, 0.0, 1.0, 0.0)], 0.0).is_some());
    for leads in [
        vec![],
        vec![sound, sound],
        vec![at(2.0, 0.5, 0.5, 0.1), sound],
        vec![at(-1.0, 0.5, 0.5, 0.1)],
        vec![at(f64::NAN, 0.5, 0.5, 0.1)],
        vec![at(1.0, 1.1, 0.5, 0.1)],
        vec![at(1.0, 0.5, -0.1, 0.1)],
        vec![at(1.0, 0.5, 0.5, f64::INFINITY)],
        vec![at(1.0, 0.5, 0.5, 20.1)],
    ] {
        assert_eq!(Dressing::new(leads.clone(), 0.0), None, "{leads:?}");
    }
    assert_eq!(Dressing::new(vec![sound], f64::NAN), None);
    assert_eq!(Dressing::new(vec![sound], -0.1), None);
}

/// Between leads everything is linear, outside it stays; nothing heard is as the longest lead.
#[test]
fn a_dressing_is_known_at_every_lead() {
    let (first, last) = (at(1.0, 0.8, 1.0, 0.1), at(3.0, 0.4, 0.5, 0.3));
    let dressing = Dressing::new(vec![first, last], 0.4).unwrap();
    assert_eq!(dressing.at(1.0), first);
    assert_eq!([dressing.at(0.0), dressing.at(9.0)], [first, last]);
    let middle = dressing.at(2.0);
    for (found, expected) in
        [(middle.kept, 0.6), (middle.share, 0.75), (middle.spread_m, 0.2), (middle.lead_h, 2.0)]
    {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
    // Two members half a metre below what is heard: 0.8 of it is carried on.
    let (now, then) = ([4.0, 5.0], [6.0, 7.0]);
    let level = dressing.level(&now, Heard::Level(5.0), &then, 1.0).unwrap();
    assert_eq!(level, Mixture::new(&[6.8, 7.0], 0.1).unwrap());
    let reading = dressing.reading(&now, Heard::Level(5.0), &then, 3.0).unwrap();
    // Carried to 6.4 and 7.0, drawn together to 6.55 and 6.85, 0.3 m and 0.4 m about it.
    assert!((reading.quantile(0.5) - 6.7).abs() < 1e-9);
    assert!((reading.exceedance(6.7 + 0.5) - 0.17).abs() < 0.02);
    // A silent gauge lowers the members above its start level only.
    assert_eq!([4.0, 5.0].map(|now| Heard::Silent(4.5).error_m(now)), [0.0, -0.5]);
    let nothing = dressing.level(&now, Heard::Nothing, &then, 1.0).unwrap();
    assert_eq!(nothing, Mixture::new(&[6.25, 6.75], 0.3).unwrap());
    assert_eq!(dressing.level(&[], Heard::Nothing, &[], 1.0), None);
}

/// The guess is the autoregression it is made from.
#[test]
fn a_guess_fades_as_an_autoregression() {
    let memory = ErrorMemory { memory_h: 1.5, spread_m: 0.3 };
    let guess = Dressing::guess(memory).unwrap();
    assert_eq!(guess.leads().len(), LEADS_MIN.len());
    for lead in guess.leads() {
        assert!((lead.kept - (-lead.lead_h / 1.5).exp()).abs() < 1e-12);
        assert!((lead.spread_m - memory.doubt_m(lead.lead_h)).abs() < 1e-12);
    }
    assert_eq!(Dressing::guess(ErrorMemory { memory_h: f64::NAN, spread_m: 0.3 }), None);
}

/// Members beside a level that the gauge knows by itself.
#[test]
fn members_are_joined_with_the_gauge() {
    let of = |members: &[f64], model_m, alone| joined(members, model_m, alone).unwrap();
    // Alone, members and what is left of the model's error beside what they differ by.
    let members = [4.0, 6.0];
    assert_eq!(of(&members, 1.0, None), Mixture::new(&members, 0.003).unwrap());
    assert_eq!(of(&members, 1.25, None), Mixture::new(&members, 0.75).unwrap());
    // Equally sure and of one mind: as sure as each, since errors may go together.
    let both = of(&[5.0], 0.4, Some([5.0, 0.4]));
    assert_eq!(both, Mixture::new(&[5.0], 0.4).unwrap());
    // Of two minds: in the middle, and as wide as they are apart.
    let apart = of(&[3.0], 0.4, Some([5.0, 0.4]));
    assert_eq!(apart, Mixture::new(&[4.0], 0.4_f64.hypot(1.0)).unwrap());
    // A sure gauge beats a wide model, and a sure model a wide gauge.
    assert!((of(&[3.0], 3.0, Some([5.0, 0.05])).quantile(0.5) - 5.0).abs() < 0.01);
    assert!((of(&[3.0], 0.05, Some([5.0, 3.0])).quantile(0.5) - 3.0).abs() < 0.01);
    // The cold start of the fictional event: the model 2.1 m under a river that rises.
    let rising = of(&[73.9, 74.0], 1.8, Some([76.6, 0.4]));
    assert!(0.6 < rising.exceedance(76.17) && 76.0 < rising.quantile(0.5));
    assert_eq!(joined(&[], 0.3, None), None);
    assert_eq!(joined(&[f64::NAN], 0.3, Some([5.0, 0.4])), None);
    assert_eq!(joined(&[5.0], f64::NAN, None), None);
    assert_eq!(joined(&[5.0], 0.3, Some([5.0, f64::NAN])), None);
}
