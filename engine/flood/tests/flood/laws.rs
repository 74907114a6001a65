//! Laws that hold for any ground and any water.
use jomo_flood::{
    Field, Forcing, Ground, Real, Roughness, Scheme, Settings, Simulation, Start, Water,
};

fn noise(i: usize) -> f64 {
    ((i.wrapping_mul(2_654_435_761) >> 7) % 10_007) as f64 / 10_007.0
}

fn at_rest<R: Real>(scheme: Scheme) {
    let n = 100;
    let bed: Vec<f64> = (0..n * n)
        .map(|i| {
            2000.0
                + noise(i) * 1.0
                + 3.0
                    * f64::exp(
                        -(((i / n) as f64 - 50.0).powi(2) + ((i % n) as f64 - 50.0).powi(2))
                            / 200.0,
                    )
        })
        .collect();
    let ground = Ground::new([n, n], 5.0, bed.clone(), Roughness::Uniform(0.0)).unwrap();
    let start = Start { water: Some(Water::Level(vec![2002.0; n * n])), velocity_m_s: None };
    let mut run = Simulation::<R>::new(
        &ground,
        &start,
        Forcing::default(),
        Settings { scheme, ..Settings::default() },
    )
    .unwrap();
    let before = run.raster(Field::Depth, f32::NAN);
    run.advance_to(1000.0).unwrap();
    let after = run.raster(Field::Depth, f32::NAN);
    assert!(before.iter().zip(&after).all(|(a, b)| a.to_bits() == b.to_bits()));
    assert!(run.raster(Field::DischargeEast, 0.0).iter().all(|q| *q == 0.0));
}

#[test]
fn water_at_rest_stays_at_rest() {
    for scheme in [Scheme::First, Scheme::Second] {
        at_rest::<f32>(scheme);
        at_rest::<f64>(scheme);
    }
}
