//! What silence means, whatever was cut off and when.

use jiff::Timestamp;
use jomo_flood::assimilate::{
    Observation as Assimilated, Observed, Settings, States, Target, update,
};
use jomo_flood::gauge::{
    CrisisLevels, Gauge, Kind, Observation, OutageCause, Reading, Silence, Told, believed,
    observation,
};
use proptest::prelude::*;

use super::{crisis, reference, time};

const START_M: f64 = 10.0;

fn at(minutes: i64, level_m: f64) -> Reading {
    Reading { time: time(minutes), level_m }
}

/// What a gauge says at a time of which its last report, the one before, and the newest of another
/// gauge are known.
fn says(gauge: &Gauge, [before, last]: [Option<Reading>; 2], others: i64, now: i64) -> Observation {
    let reported = last.map(|last| last.time);
    let told = Told { last, before, reported, others: Some(time(others)) };
    observation(gauge, &told, time(now))
}

/// Silence of a gauge for times of danger that went down to its start level is information for 25 h,
/// then an outage; that of a reference station is an outage at once; silence from high up is an
/// emergency for good.
#[test]
fn silence_has_a_meaning_that_ages() {
    let (before, low) = (at(-10, 10.2), at(0, 10.1));
    let out = |last, cause| Observation::Outage { last: Some(last), cause };
    let below = |last| Observation::BelowStart { start_m: START_M, last };
    for (now, expected) in [
        (0, Observation::Level(low)),
        (30, Observation::Level(low)),
        (31, below(low)),
        (25 * 60, below(low)),
        (25 * 60 + 1, out(low, OutageCause::Overdue)),
    ] {
        assert_eq!(says(&crisis(), [Some(before), Some(low)], now, now), expected, "{now} min");
    }
    let high = at(0, 11.0);
    for now in [31, 25 * 60, 100 * 60] {
        let said = says(&crisis(), [None, Some(high)], now, now);
        assert_eq!(said, Observation::SilentHigh { last: high });
    }
    let station = at(0, 2.4);
    assert_eq!(says(&reference(), [None, Some(station)], 30, 30), Observation::Level(station));
    let said = says(&reference(), [None, Some(station)], 31, 31);
    assert_eq!(said, out(station, OutageCause::Overdue));
    let danger = at(0, 2.5);
    let said = says(&reference(), [None, Some(danger)], 31, 31);
    assert_eq!(said, Observation::SilentHigh { last: danger });
    let never = Observation::Outage { last: None, cause: OutageCause::Overdue };
    assert_eq!(says(&crisis(), [None, None], 0, 0), never);
    assert_eq!(says(&crisis(), [None, Some(low)], -1, -1), never);
}

/// The last reports must go down to the start level: the level counts by what it fell before.
#[test]
fn a_gauge_that_stops_above_its_start_level_is_out() {
    for (before, last, is_below) in [
        (None, 9.9, true),
        (None, 10.0, true),
        // It came up: one report above the start level, and no more.
        (None, 10.01, false),
        (Some((-10, 9.0)), 10.05, false),
        (Some((-10, 10.1)), 10.11, false),
        (Some((-10, 10.1)), 10.1, true),
        (Some((-10, 10.3)), 10.15, true),
        (Some((-10, 10.16)), 10.16, false),
        (Some((-60, 10.5)), 10.3, true),
        (Some((-60, 10.5)), 10.34, false),
        // Too long ago to tell of a fall.
        (Some((-181, 10.5)), 10.05, false),
    ] {
        let before = before.map(|(minutes, level_m)| at(minutes, level_m));
        let said = says(&crisis(), [before, Some(at(0, last))], 60, 60);
        let expected = if is_below {
            Observation::BelowStart { start_m: START_M, last: at(0, last) }
        } else {
            Observation::Outage { last: Some(at(0, last)), cause: OutageCause::Stopped }
        };
        assert_eq!(said, expected, "{before:?} {last}");
    }
}

/// Only another gauge of the feed shows that a silent one would be heard; what quality control
/// doubts shows that it is not silent.
#[test]
fn a_feed_must_be_alive_and_a_gauge_believed() {
    let daily = at(0, 9.2);
    let silent = Observation::BelowStart { start_m: START_M, last: daily };
    let out = |cause| Observation::Outage { last: Some(daily), cause };
    for (others, expected) in [
        (600, silent),
        (580, silent),
        (579, out(OutageCause::Unproven)),
        (-1, out(OutageCause::Unproven)),
        // Not yet known at the time.
        (601, out(OutageCause::Unproven)),
    ] {
        assert_eq!(says(&crisis(), [None, Some(daily)], others, 600), expected, "{others}");
    }
    let doubted = |reported: i64| {
        let told = Told {
            last: Some(daily),
            reported: Some(time(reported)),
            others: Some(time(600)),
            ..Told::default()
        };
        observation(&crisis(), &told, time(600))
    };
    assert_eq!(doubted(595), out(OutageCause::Doubted));
    assert_eq!(doubted(500), out(OutageCause::Doubted));
    assert_eq!(doubted(0), silent);
    let unheard = Told { reported: Some(time(595)), ..Told::default() };
    let never = Observation::Outage { last: None, cause: OutageCause::Doubted };
    assert_eq!(observation(&crisis(), &unheard, time(600)), never);
}

fn silence(age_h: f64, below: &[bool]) -> Silence {
    Silence { age_h, below: below.to_vec() }
}

/// Members that are low at one gauge and high at the other explain neither silence at once.
#[test]
fn silences_of_several_gauges_are_weighed_together() {
    let low_at = |from: usize, to: usize| -> Vec<bool> {
        (0..20).map(|member| (from..to).contains(&member)).collect()
    };
    // A fifth of the members, the same and others.
    let same = [silence(6.0, &low_at(0, 4)), silence(6.0, &low_at(0, 4))];
    assert_eq!(believed(&same), [true, true]);
    let apart = [silence(6.0, &low_at(0, 4)), silence(6.0, &low_at(4, 8))];
    assert_eq!(believed(&apart), [false, false]);
    // The younger report tells when all were heard last.
    let young = [silence(0.5, &low_at(0, 1)), silence(6.0, &low_at(0, 1))];
    assert_eq!(believed(&young), [true, true]);
    // One that the members agree with is not asked with the others.
    let third = [apart[0].clone(), apart[1].clone(), silence(6.0, &low_at(0, 10))];
    assert_eq!(believed(&third), [false, false, true]);
    assert_eq!(believed(&[]), [] as [bool; 0]);
}

fn whole(step: usize) -> i64 {
    i64::try_from(step).unwrap()
}

/// Rivers of a storm, in m about the start level by ten minutes: from below it to a peak and back.
fn rivers() -> impl Strategy<Value = Vec<Vec<f64>>> {
    let river = (-0.6..-0.1_f64, 0.0..0.95_f64, 10..100_usize, 4.0..30.0_f64).prop_map(
        |(base_m, peak_m, middle, width)| {
            (0..144)
                .map(|step| {
                    let from_peak = (f64::from(step) - middle as f64) / width;
                    base_m + (peak_m - base_m) * (-from_peak * from_peak).exp()
                })
                .collect()
        },
    );
    prop::collection::vec(river, 3..8)
}

/// Which gauges are cut off when: a bit for each, from and to a step.
fn outages() -> impl Strategy<Value = Vec<(u8, usize, usize)>> {
    prop::collection::vec((1..=255_u8, 0..144_usize, 1..144_usize), 0..4).prop_map(|cuts| {
        cuts.into_iter().map(|(gauges, from, long)| (gauges, from, from + long)).collect()
    })
}

/// Steps at which a gauge is heard: every ten minutes above its start level, besides once when the
/// record begins, and never while it is cut off.
fn heard(gauge: usize, river_m: &[f64], cuts: &[(u8, usize, usize)]) -> Vec<usize> {
    let is_cut = |step: usize| {
        cuts.iter()
            .any(|(gauges, from, to)| gauges & 1 << gauge != 0 && (*from..*to).contains(&step))
    };
    let speaks = |step: &usize| 0.0 <= river_m[*step] || *step == 0;
    (0..river_m.len()).filter(speaks).filter(|step| !is_cut(*step)).collect()
}

/// What each gauge says at a step.
fn all_say(rivers: &[Vec<f64>], heard: &[Vec<usize>], step: usize) -> Vec<Observation> {
    let now: Timestamp = time(10 * whole(step));
    let levels = CrisisLevels::new(START_M, None, START_M + 1.0).unwrap();
    let gauge = Gauge { kind: Kind::Crisis(levels), ..crisis() };
    let until = |gauge: usize| heard[gauge].iter().rev().filter(|known| **known <= step);
    let reading = |gauge: usize, step: usize| at(10 * whole(step), START_M + rivers[gauge][step]);
    let say = |index: usize| {
        let mut own = until(index).map(|known| reading(index, *known));
        let (last, before) = (own.next(), own.next());
        let others = (0..rivers.len()).filter(|other| *other != index);
        let others = others.filter_map(|other| until(other).next()).max();
        let told = Told {
            last,
            before,
            reported: last.map(|last| last.time),
            others: others.map(|step| time(10 * whole(*step))),
        };
        observation(&gauge, &told, now)
    };
    (0..rivers.len()).map(say).collect()
}

proptest! {
    /// A feed that is cut off as a whole says nothing of any gauge after 20 minutes.
    #[test]
    fn a_dead_feed_says_nothing(rivers in rivers(), from in 0..120_usize, long in 3..24_usize) {
        let cuts = [(255, from, from + long)];
        let heard: Vec<_> = (0..rivers.len()).map(|g| heard(g, &rivers[g], &cuts)).collect();
        for step in from + 3..from + long {
            for said in all_say(&rivers, &heard, step) {
                prop_assert!(!matches!(said, Observation::BelowStart { .. }), "{said:?}");
            }
        }
    }

    /// Whatever is cut off: a river above its start level for more than 20 minutes is said to be
    /// below it only where its gauge was cut off at or below that level, or going down to it, while
    /// another is heard.
    #[test]
    fn a_high_river_is_not_said_to_be_low(rivers in rivers(), cuts in outages()) {
        let heard: Vec<_> = (0..rivers.len()).map(|g| heard(g, &rivers[g], &cuts)).collect();
        for step in 2..144 {
            for (index, said) in all_say(&rivers, &heard, step).into_iter().enumerate() {
                let Observation::BelowStart { last, .. } = said else { continue };
                if rivers[index][step - 2..=step].iter().any(|river_m| *river_m < 0.0) {
                    continue;
                }
                prop_assert!(last.level_m <= START_M + 0.3, "{said:?}");
                let others = (0..rivers.len()).filter(|other| *other != index);
                let mut lately = others.flat_map(|other| heard[other].iter());
                prop_assert!(lately.any(|known| (step - 2..=step).contains(known)));
            }
        }
    }

    /// No pattern of outages lowers what members know of a river that has risen over its start
    /// level, at any gauge.
    #[test]
    fn no_outage_lowers_a_risen_river(
        rivers in rivers(),
        cuts in outages(),
        spread_m in 0.01..0.2_f64,
    ) {
        let heard: Vec<_> = (0..rivers.len()).map(|g| heard(g, &rivers[g], &cuts)).collect();
        let member = |member: usize| spread_m * (member as f64 - 3.5) / 3.5;
        for step in (0..144).step_by(6) {
            let rows: Vec<Vec<f64>> = rivers
                .iter()
                .map(|river| (0..8).map(|m| START_M + river[step] + member(m)).collect())
                .collect();
            let mut silent = Vec::new();
            for (gauge, said) in all_say(&rivers, &heard, step).into_iter().enumerate() {
                if let Observation::BelowStart { last, .. } = said {
                    let below = rows[gauge].iter().map(|level| *level <= START_M).collect();
                    let age_h = time(10 * whole(step)).duration_since(last.time).as_secs_f64();
                    silent.push((gauge, Silence { age_h: age_h / 3_600.0, below }));
                }
            }
            let weighed: Vec<Silence> = silent.iter().map(|(_, silence)| silence.clone()).collect();
            let verdicts = believed(&weighed).into_iter().zip(&silent);
            let (own, kept): (Vec<usize>, Vec<Assimilated>) = verdicts
                .filter(|(verdict, _)| *verdict)
                .map(|(_, (gauge, _))| {
                    let predicted = rows[*gauge].clone();
                    let observed = Observed::AtMost(START_M);
                    (*gauge, Assimilated { predicted, observed, sigma: 0.11 })
                })
                .unzip();
            let mut after = States::new(8, rows.concat()).unwrap();
            // Every river is a river of its own: an observation moves the one that it is of.
            let taper = |observation: usize, target: Target| {
                f64::from(u8::from(target == Target::Variable(own[observation])))
            };
            let settings = Settings { relaxation: 0.0, ..Settings::default() };
            update(&mut after, &kept, taper, &settings).unwrap();
            for (gauge, row) in rows.iter().enumerate() {
                if row.iter().all(|level| START_M < *level) {
                    prop_assert_eq!(row.as_slice(), after.variable(gauge));
                }
            }
        }
    }

    /// More members below never turn a low river into an outage, more hours never an outage into a
    /// low river.
    #[test]
    fn doubt_grows_with_age_and_shrinks_with_members(
        below in 0..20_usize,
        more in 0..5_usize,
        age_h in 0.0..25.0_f64,
        later_h in 0.0..10.0_f64,
    ) {
        let members = |below: usize| (0..20).map(|m| m < below).collect::<Vec<_>>();
        for gauges in 1..4_usize {
            let ask = |age_h: f64, below: usize| {
                believed(&vec![silence(age_h, &members(below)); gauges])[0]
            };
            prop_assert!(!ask(age_h, below) || ask(age_h, (below + more).min(20)));
            prop_assert!(ask(age_h, below) || !ask(age_h + later_h, below));
            // Two of three members are enough, none is none.
            prop_assert!(ask(age_h, 14) && !ask(age_h, 0));
        }
    }
}
