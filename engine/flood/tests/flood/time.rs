//! Steps in time: taking a run up again, and tiles at their own pace.

use jomo_flood::{
    Compass, Field, FloodError, Flow, Forcing, Ground, Rain, Roughness, Scheme, Series, Settings,
    Simulation, Source, Start, Stretch, TimeStep, Water,
};

const EDGE: usize = 96;

/// A valley with a channel that falls to the north, and rough slopes.
fn valley() -> Ground {
    let bed = (0..EDGE * EDGE).map(|at| {
        let (row, column) = (at / EDGE, at % EDGE);
        let off = (column as f64 - 48.0).abs();
        let channel = if off < 3.0 { 4.0 } else { 0.0 };
        let rough = (row * 7_919 + column * 104_729) % 101;
        100.0 + 0.2 * off + 0.1 * row as f64 + 0.01 * rough as f64 - channel
    });
    Ground::new([EDGE; 2], 10.0, bed.collect(), Roughness::Uniform(0.04)).unwrap()
}

fn forcing() -> Forcing {
    let river = Flow::Discharge(Series::constant(150.0));
    Forcing {
        rain: Some(Rain::uniform(Series::constant(40.0))),
        sources: vec![Source { cell: [40, 20], discharge: Series::constant(5.0) }],
        rim: vec![
            Stretch { side: Compass::South, range_m: Some([455.0, 505.0]), flow: river },
            Stretch { side: Compass::North, range_m: None, flow: Flow::Open { slope: 0.01 } },
        ],
        ..Forcing::default()
    }
}

fn settings(scheme: Scheme, time_step: TimeStep) -> Settings {
    Settings { scheme, time_step, tile_edge: 32, ..Settings::default() }
}

fn depths(run: &Simulation<f32>) -> Vec<f32> {
    run.raster(Field::Depth, f32::NAN)
}

/// Every field of a run that was saved and loaded goes on as that of the run itself.
#[test]
fn a_run_taken_up_again_goes_on_bit_for_bit() {
    let ground = valley();
    let modes = [
        (Scheme::First, TimeStep::Global),
        (Scheme::First, TimeStep::Local),
        (Scheme::Second, TimeStep::Global),
        (Scheme::Inertial, TimeStep::Global),
    ];
    for (scheme, time_step) in modes {
        let settings = settings(scheme, time_step);
        let mut run =
            Simulation::<f32>::new(&ground, &Start::default(), forcing(), settings).unwrap();
        run.advance_to(200.5).unwrap();
        let mut saved = Vec::new();
        run.save(&ground, &mut saved).unwrap();
        let mut other =
            Simulation::<f32>::load(&ground, forcing(), settings, &mut saved.as_slice()).unwrap();
        run.advance_to(400.0).unwrap();
        other.advance_to(400.0).unwrap();
        for field in [Field::Depth, Field::DischargeNorth, Field::Arrival, Field::GreatestForce] {
            let bits = |run: &Simulation<f32>| -> Vec<u32> {
                run.raster(field, -1.0).into_iter().map(f32::to_bits).collect()
            };
            assert_eq!(bits(&run), bits(&other), "{scheme:?} {time_step:?} {field:?}");
        }
        assert_eq!(run.ledger(), other.ledger(), "{scheme:?} {time_step:?}");
    }
}

/// No damage of a saved state goes unnoticed, and none is a panic.
#[test]
fn a_damaged_state_is_refused() {
    let ground = Ground::new([8, 8], 1.0, vec![0.0; 64], Roughness::Uniform(0.0)).unwrap();
    let settings = settings(Scheme::First, TimeStep::Global);
    let run =
        Simulation::<f32>::new(&ground, &Start::default(), Forcing::default(), settings).unwrap();
    let mut saved = Vec::new();
    run.save(&ground, &mut saved).unwrap();
    let load = |bytes: &[u8]| {
        Simulation::<f32>::load(&ground, Forcing::default(), settings, &mut &*bytes).map(|_| ())
    };
    assert_eq!(load(&saved), Ok(()));
    for length in 0..saved.len() {
        assert!(matches!(load(&saved[..length]), Err(FloodError::Saved { .. })), "{length}");
    }
    for at in 0..saved.len() {
        let mut bytes = saved.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(load(&bytes).is_err(), "{at}");
    }
    let other = Ground::new([8, 8], 1.0, vec![1.0; 64], Roughness::Uniform(0.0)).unwrap();
    let loaded =
        Simulation::<f32>::load(&other, Forcing::default(), settings, &mut saved.as_slice());
    assert!(matches!(loaded, Err(FloodError::Saved { expected: "ground", .. })));
}

/// Tiles at their own pace give the flood of one pace for all, and lose no water.
#[test]
fn local_steps_give_the_same_flood() {
    let ground = valley();
    let run = |time_step: TimeStep, cfl: f64| {
        let settings = Settings { cfl, ..settings(Scheme::First, time_step) };
        let mut run =
            Simulation::<f32>::new(&ground, &Start::default(), forcing(), settings).unwrap();
        run.advance_to(600.0).unwrap();
        run
    };
    // Local steps use 0.9 of what is allowed.
    let (global, local) = (run(TimeStep::Global, 0.45), run(TimeStep::Local, 0.5));
    let (a, b) = (depths(&global), depths(&local));
    let error: f64 = a.iter().zip(&b).map(|(a, b)| f64::from((a - b).abs())).sum();
    let whole: f64 = a.iter().map(|a| f64::from(*a)).sum();
    assert!(local.ledger().relative_error().abs() < 1e-7);
    assert!(local.ledger().cell_updates < global.ledger().cell_updates);
    assert!(error / whole < 1e-3, "{:e}", error / whole);
    assert!(b.iter().all(|depth| 0.0 <= *depth));
}

/// A pond that breaks beside dry ground, and a spring that begins at once: water comes into tiles
/// that rested when the steps were chosen. Local steps stay as near to short steps as the one step
/// for all does.
#[test]
fn what_a_resting_tile_is_about_to_take_shortens_its_step() {
    let ground = valley();
    let mut depth_m = vec![0.0; EDGE * EDGE];
    for row in 33..63 {
        depth_m[row * EDGE + 33..row * EDGE + 63].fill(6.0);
    }
    let start = Start { water: Some(Water::Depth(depth_m)), ..Start::default() };
    let run = |time_step: TimeStep, cfl: f64| {
        let settings = Settings { cfl, tile_edge: 16, ..settings(Scheme::First, time_step) };
        let spring = Source { cell: [80, 80], discharge: Series::constant(60.0) };
        let forcing = Forcing { sources: vec![spring], ..Forcing::default() };
        let mut run = Simulation::<f32>::new(&ground, &start, forcing, settings).unwrap();
        run.advance_to(60.0).unwrap();
        assert!(run.ledger().relative_error().abs() < 1e-7);
        depths(&run)
    };
    let short = run(TimeStep::Global, 0.1);
    let error = |depths: &[f32]| -> f64 {
        let off = short.iter().zip(depths).map(|(a, b)| f64::from((a - b).abs()));
        off.sum::<f64>() / short.iter().map(|a| f64::from(*a)).sum::<f64>()
    };
    let (global, local) = (run(TimeStep::Global, 0.5), run(TimeStep::Local, 0.5));
    let (global, local) = (error(&global), error(&local));
    assert!(local < 1.25 * global, "{local:e} {global:e}");
}
