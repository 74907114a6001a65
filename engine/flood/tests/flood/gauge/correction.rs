//! The error of a model carried forward.

use jomo_flood::gauge::ErrorMemory;
use jomo_flood::verify::coverage;
use proptest::prelude::*;

use crate::chance::Dice;

/// Twelve shares less six: nearly normal, mean 0, variance 1.
fn normal(dice: &mut Dice) -> f64 {
    (0..12).map(|_| dice.share()).sum::<f64>() - 6.0
}

/// Errors of a known memory and spread, unevenly spaced by 10 to 70 minutes.
fn errors(seed: u64, memory_h: f64, spread_m: f64, count: usize) -> Vec<[f64; 2]> {
    let mut dice = Dice::new(seed);
    let (mut time_h, mut error_m) = (0.0, spread_m * normal(&mut dice));
    (0..count)
        .map(|_| {
            let gap_h = 1.0 / 6.0 + dice.share();
            time_h += gap_h;
            let kept = (-gap_h / memory_h).exp();
            error_m = kept * error_m + spread_m * (1.0 - kept * kept).sqrt() * normal(&mut dice);
            [time_h, error_m]
        })
        .collect()
}

/// Memory and spread of a long record are found, and the 90 % band holds 90 % of what comes.
#[test]
fn the_fit_finds_memory_and_spread() {
    for (seed, memory_h) in [(1, 1.0), (2, 4.0), (3, 12.0)] {
        let record = errors(seed, memory_h, 0.2, 30_000);
        let fit = ErrorMemory::fit(&record[..26_000]).unwrap();
        assert!((fit.memory_h / memory_h - 1.0).abs() < 0.15, "{memory_h}: {fit:?}");
        assert!((fit.spread_m / 0.2 - 1.0).abs() < 0.10, "{memory_h}: {fit:?}");
        let ahead = record[26_000..].windows(4);
        let (bands, came): (Vec<[f64; 2]>, Vec<f64>) = ahead
            .map(|part| {
                let lead_h = part[3][0] - part[0][0];
                let (middle, doubt) = (fit.expected_m(part[0][1], lead_h), fit.doubt_m(lead_h));
                ([middle - 1.645 * doubt, middle + 1.645 * doubt], part[3][1])
            })
            .unzip();
        let covered = coverage(&bands, &came).unwrap();
        assert!((0.87..0.93).contains(&covered), "{memory_h}: {covered}");
    }
}

#[test]
fn too_little_gives_no_fit() {
    let record = errors(1, 2.0, 0.1, 11);
    assert!(ErrorMemory::fit(&record).is_some());
    assert_eq!(ErrorMemory::fit(&record[1..]), None);
    assert_eq!(ErrorMemory::fit(&[]), None);
    let far: Vec<[f64; 2]> = (0..50).map(|n| [f64::from(n) * 13.0, 0.1]).collect();
    assert_eq!(ErrorMemory::fit(&far), None);
    for wrong in [[record[4][0], 0.1], [f64::NAN, 0.1], [record[5][0], f64::NAN]] {
        let mut record = record.clone();
        record[5] = wrong;
        assert_eq!(ErrorMemory::fit(&record), None);
    }
    // A model without error is not trusted beyond the resolution of the gauge.
    let none: Vec<[f64; 2]> = (0..50).map(|n| [f64::from(n), 0.0]).collect();
    assert!(0.0 < ErrorMemory::fit(&none).unwrap().spread_m);
}

proptest! {
    /// The whole error at lead 0, none in the end, and doubt that only grows, up to the spread.
    #[test]
    fn errors_fade_and_doubt_grows(
        memory_h in 0.1..100.0_f64, spread_m in 0.01..2.0_f64, error_m in -3.0..3.0_f64,
        leads in (0.0..48.0_f64, 0.0..48.0_f64),
    ) {
        let memory = ErrorMemory { memory_h, spread_m };
        let (near, far) = (leads.0.min(leads.1), leads.0.max(leads.1));
        prop_assert!((memory.expected_m(error_m, 0.0) - error_m).abs() < 1e-15);
        prop_assert!(memory.doubt_m(0.0).abs() < 1e-15);
        prop_assert!(memory.expected_m(error_m, far).abs() <= memory.expected_m(error_m, near).abs());
        prop_assert!(memory.doubt_m(near) <= memory.doubt_m(far) && memory.doubt_m(far) <= spread_m);
        prop_assert!(memory.expected_m(error_m, 60.0 * memory_h).abs() < 1e-12);
        // Two steps are one: what is left, and the variance that came in.
        let kept = memory.expected_m(memory.expected_m(error_m, near), far - near);
        prop_assert!((kept - memory.expected_m(error_m, far)).abs() < 1e-12);
        let share = (-(far - near) / memory_h).exp();
        let both = (share * memory.doubt_m(near)).powi(2) + memory.doubt_m(far - near).powi(2);
        prop_assert!((both - memory.doubt_m(far).powi(2)).abs() < 1e-12);
    }
}

/// Errors of forecasts set the spread: each counts once, the guess as one more.
#[test]
fn the_spread_is_learned_from_forecasts() {
    let guess = ErrorMemory { memory_h: 1.5, spread_m: 0.3 };
    assert_eq!(guess.learned(&[]), guess);
    // Two forecasts wrong by 2 m after an hour and a half, one of them judged at ten leads.
    let wrong = vec![[1.5, 2.0]];
    let share = 1.0 - (-2.0_f64).exp();
    let expected = ((0.09 + 2.0 * 4.0 / share) / 3.0_f64).sqrt();
    let found = guess.learned(&[wrong.clone(), vec![[1.5, -2.0]; 10]]);
    assert!(
        (found.spread_m - expected).abs() < 1e-12 && found.memory_h.to_bits() == 1.5_f64.to_bits()
    );
    // What is no error is passed over, and no error makes a river less certain than 20 m.
    let none = vec![vec![[0.0, 1.0]], vec![[f64::NAN, 1.0]], vec![[-1.0, 1.0]], vec![]];
    assert_eq!(guess.learned(&none), guess);
    // Two days of calm make no model good.
    assert_eq!(guess.learned(&vec![vec![[1.0, 0.01]]; 96]), guess);
    assert!((guess.learned(&[vec![[1.0, 500.0]]]).spread_m - 20.0).abs() < 1e-12);
    // A quarter of an hour with 0.5 m tells of more than an hour and a half with 0.5 m.
    let [early, late] = [0.25, 1.5].map(|lead_h| guess.learned(&[vec![[lead_h, 0.5]]]).spread_m);
    assert!(1.5 * late < early);
}
