//! What enters and leaves over the rim, and when it is said to have come.

use jomo_flood::{
    Compass, Field, FloodError, Flow, Forcing, Ground, Roughness, Scheme, Series, Settings,
    Simulation, Source, Start, Stretch, Thresholds, TimeStep, Water,
};

const EDGE: usize = 41;
const SCHEMES: [Scheme; 3] = [Scheme::First, Scheme::Second, Scheme::Inertial];

fn plain() -> Ground {
    Ground::new([EDGE; 2], 10.0, vec![0.0; EDGE * EDGE], Roughness::Uniform(0.03)).unwrap()
}

/// Nothing for a minute, then up to `most` within another.
fn late(most: f64) -> Series {
    Series::new("late", vec![[0.0, 0.0], [60.0, 0.0], [120.0, most]]).unwrap()
}

fn over(side: Compass, flow: Flow) -> Forcing {
    Forcing { rim: vec![Stretch { side, range_m: None, flow }], ..Forcing::default() }
}

/// Greatest depth (m) and what came in over the rim (m³) after 600 s with an output every so often.
fn after(forcing: Forcing, settings: Settings, every_s: f64) -> [f64; 2] {
    let mut run = Simulation::<f64>::new(&plain(), &Start::default(), forcing, settings).unwrap();
    while run.time_s() < 600.0 {
        run.advance_to((run.time_s() + every_s).min(600.0)).unwrap();
    }
    let deepest = run.raster(Field::GreatestDepth, 0.0).into_iter().fold(0.0, f32::max);
    [f64::from(deepest), run.ledger().rim_m3]
}

/// A step never jumps over the time at which water begins to enter dry ground.
#[test]
fn a_late_wave_comes_in_as_a_wave() {
    let discharge_m3 = 100.0 * (30.0 + 480.0);
    for scheme in SCHEMES {
        for time_step in [TimeStep::Global, TimeStep::Local] {
            if time_step == TimeStep::Local && scheme != Scheme::First {
                continue;
            }
            let settings = Settings { scheme, time_step, tile_edge: 16, ..Settings::default() };
            let told = format!("{scheme:?}, {time_step:?}");
            let source = Source { cell: [20, 20], discharge: late(100.0) };
            let forcing = || Forcing { sources: vec![source.clone()], ..Forcing::default() };
            let [rare, often] = [600.0, 10.0].map(|every_s| after(forcing(), settings, every_s)[0]);
            assert!((rare - often).abs() < 0.05 * often, "{told}: source {rare} {often}");
            let forcing = || over(Compass::West, Flow::Discharge(late(100.0)));
            for every_s in [600.0, 10.0] {
                let [deepest, rim_m3] = after(forcing(), settings, every_s);
                assert!((rim_m3 / discharge_m3 - 1.0).abs() < 1e-9, "{told}: {rim_m3} m³");
                assert!(deepest < 3.0, "{told}: {deepest} m");
            }
            let forcing = || over(Compass::West, Flow::Stage(late(2.0)));
            let [rare, often] = [600.0, 10.0].map(|every_s| after(forcing(), settings, every_s)[1]);
            assert!((rare / often - 1.0).abs() < 0.02, "{told}: stage {rare} {often}");
        }
    }
}

#[test]
fn nothing_enters_where_water_only_leaves() {
    for scheme in SCHEMES {
        let start = Start {
            water: Some(Water::Depth(vec![1.0; EDGE * EDGE])),
            velocity_m_s: Some([vec![1.0; EDGE * EDGE], vec![0.0; EDGE * EDGE]]),
        };
        let forcing = over(Compass::West, Flow::Open { slope: 0.0 });
        let settings = Settings { scheme, ..Settings::default() };
        let mut run = Simulation::<f32>::new(&plain(), &start, forcing, settings).unwrap();
        let mut before = 0.0;
        for step in 1..40 {
            run.advance_to(0.5 * f64::from(step)).unwrap();
            let rim_m3 = run.ledger().rim_m3;
            assert!(rim_m3 <= before, "{scheme:?}: {before} m³, then {rim_m3}");
            before = rim_m3;
        }
    }
}

/// Durations and arrivals are those that looking at the depth after each short window gives.
#[test]
fn durations_are_the_times_that_water_stood() {
    let window_s = 0.05;
    for scheme in SCHEMES {
        let mound = |at: usize| {
            let [row, column] = [at / EDGE, at % EDGE].map(|i| i as f64 - 20.0);
            if row * row + column * column < 40.0 { 4.0 } else { 0.0 }
        };
        let depth = (0..EDGE * EDGE).map(mound).collect();
        let start = Start { water: Some(Water::Depth(depth)), velocity_m_s: None };
        let limits = Thresholds { arrival_depth_m: 0.1, duration_depth_m: 0.4 };
        let settings = Settings { scheme, watch: Some(limits), ..Settings::default() };
        let begin =
            || Simulation::<f64>::new(&plain(), &start, Forcing::default(), settings).unwrap();
        let mut run = begin();
        let mut stood = vec![0.0; EDGE * EDGE];
        for window in 1..=600 {
            run.advance_to(f64::from(window) * window_s).unwrap();
            for (stood, depth) in stood.iter_mut().zip(run.raster(Field::Depth, 0.0)) {
                *stood += if 0.4 <= depth { window_s } else { 0.0 };
            }
        }
        let told = run.raster(Field::Duration, 0.0);
        let worst = told.iter().zip(&stood).map(|(told, stood)| (f64::from(*told) - stood).abs());
        let worst = worst.fold(0.0, f64::max);
        assert!(worst < 0.11, "{scheme:?}: {worst} s");
        let passing = stood.iter().filter(|stood| (1.0..29.0).contains(*stood)).count();
        assert!(50 < passing, "{scheme:?}: {passing} cells whose water came and went");
    }
}

#[test]
fn a_state_is_not_taken_up_with_other_limits() {
    let settings = Settings::default();
    let ground = plain();
    let run =
        Simulation::<f32>::new(&ground, &Start::default(), Forcing::default(), settings).unwrap();
    let mut saved = Vec::new();
    run.save(&ground, &mut saved).unwrap();
    for limits in [
        Thresholds { arrival_depth_m: 0.2, ..Thresholds::default() },
        Thresholds { duration_depth_m: 50.0, ..Thresholds::default() },
    ] {
        let settings = Settings { watch: Some(limits), ..settings };
        let loaded =
            Simulation::<f32>::load(&ground, Forcing::default(), settings, &mut saved.as_slice());
        assert!(matches!(loaded, Err(FloodError::Saved { .. })), "{limits:?}");
    }
}
