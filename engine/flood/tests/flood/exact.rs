//! Flows with a known solution.

use jomo_flood::{
    Compass, Field, Flow, Forcing, Ground, Rain, Real, Roughness, Scheme, Series, Settings,
    Simulation, Start, Stretch, Water,
};

fn channel(columns: usize, dx: f64, bed: impl Fn(f64) -> f64, n: f64) -> Ground {
    let bed = (0..columns).map(|i| bed((i as f64 + 0.5) * dx)).collect();
    Ground::new([1, columns], dx, bed, Roughness::Uniform(n)).unwrap()
}

fn relative_l1(found: &[f32], exact: &[f64]) -> f64 {
    let error: f64 = found.iter().zip(exact).map(|(a, b)| (f64::from(*a) - b).abs()).sum();
    error / exact.iter().sum::<f64>()
}

fn dam_break<R: Real>(
    scheme: Scheme,
    columns: usize,
    dx: f64,
    levels: [f64; 2],
    t: f64,
) -> (Vec<f32>, f64) {
    let ground = channel(columns, dx, |_| 0.0, 0.0);
    let half = columns / 2;
    let depth = (0..columns).map(|i| levels[usize::from(half <= i)]).collect();
    let start = Start { water: Some(Water::Depth(depth)), velocity_m_s: None };
    let mut run = Simulation::<R>::new(
        &ground,
        &start,
        Forcing::default(),
        Settings { scheme, ..Settings::default() },
    )
    .unwrap();
    run.advance_to(t).unwrap();
    let ledger = run.ledger();
    println!("steps {} mass {:e}", ledger.steps, ledger.relative_error());
    (run.raster(Field::Depth, f32::NAN), ledger.relative_error())
}

#[test]
fn ritter() {
    let (g, h0, t, dx, columns) = (9.80665_f64, 2.0_f64, 300.0, 10.0, 1000);
    let c = (g * h0).sqrt();
    let exact: Vec<f64> = (0..columns)
        .map(|i| {
            let x = (i as f64 + 0.5) * dx - 5000.0;
            if x < -c * t {
                h0
            } else if 2.0 * c * t < x {
                0.0
            } else {
                (2.0 * c - x / t).powi(2) / (9.0 * g)
            }
        })
        .collect();
    for scheme in [Scheme::First, Scheme::Second] {
        let (h, _) = dam_break::<f32>(scheme, columns, dx, [h0, 0.0], t);
        println!("ritter f32 {scheme:?} {}", relative_l1(&h, &exact));
        let (h, _) = dam_break::<f64>(scheme, columns, dx, [h0, 0.0], t);
        println!("ritter f64 {scheme:?} {}", relative_l1(&h, &exact));
    }
}

#[test]
fn uniform() {
    for (slope, depth, dx) in [
        (0.001, 1.0, 10.0),
        (0.01, 0.5, 10.0),
        (0.1, 0.5, 10.0),
        (1.0, 0.001, 10.0),
        (1.0, 0.02, 10.0),
        (0.1, 0.5, 1.0),
        (0.001, 1.0, 1.0),
    ] {
        let n: f64 = 0.03;
        let columns = 200;
        let q = f64::powf(depth, 5.0 / 3.0) * f64::sqrt(slope) / n;
        let ground = channel(columns, dx, |x| 1000.0 - slope * x, n);
        let forcing = Forcing {
            rim: vec![
                Stretch {
                    side: Compass::West,
                    range_m: None,
                    flow: Flow::Discharge(Series::constant(q * dx)),
                },
                Stretch { side: Compass::East, range_m: None, flow: Flow::Open { slope } },
            ],
            ..Forcing::default()
        };
        let mut run =
            Simulation::<f32>::new(&ground, &Start::default(), forcing, Settings::default())
                .unwrap();
        run.advance_to(20000.0).unwrap();
        let h = run.raster(Field::Depth, f32::NAN);
        println!(
            "S {slope} h {depth} dx {dx}: {:?} {:?} steps {} mass {:e}",
            &h[..4],
            &h[90..94],
            run.ledger().steps,
            run.ledger().relative_error()
        );
    }
}

#[test]
fn thacker_radial() {
    for (cells, scheme) in
        [(100_usize, Scheme::First), (100, Scheme::Second), (200, Scheme::Second)]
    {
        let g: f64 = 9.80665;
        let (l, a, h0, r0) = (4.0_f64, 1.0_f64, 0.1_f64, 0.8_f64);
        let dx = l / cells as f64;
        let omega = (8.0 * g * h0).sqrt() / a;
        let big_a = (a * a - r0 * r0) / (a * a + r0 * r0);
        let period = 2.0 * std::f64::consts::PI / omega;
        let r2 = |i: usize, j: usize| {
            let f = |k: usize| (k as f64 + 0.5) * dx - l / 2.0;
            f(i).powi(2) + f(j).powi(2)
        };
        let level = |r2: f64, t: f64| {
            let d = 1.0 - big_a * (omega * t).cos();
            h0 * ((1.0 - big_a * big_a).sqrt() / d
                - 1.0
                - r2 / (a * a) * ((1.0 - big_a * big_a) / (d * d) - 1.0))
        };
        let cells2: Vec<(usize, usize)> =
            (0..cells).flat_map(|i| (0..cells).map(move |j| (i, j))).collect();
        let bed: Vec<f64> = cells2.iter().map(|&(i, j)| -h0 * (1.0 - r2(i, j) / (a * a))).collect();
        let depth = |t: f64| {
            cells2
                .iter()
                .zip(&bed)
                .map(|(&(i, j), z)| (level(r2(i, j), t) - z).max(0.0))
                .collect::<Vec<f64>>()
        };
        let ground = Ground::new([cells, cells], dx, bed.clone(), Roughness::Uniform(0.0)).unwrap();
        let start = Start { water: Some(Water::Depth(depth(0.0))), velocity_m_s: None };
        let mut run = Simulation::<f32>::new(
            &ground,
            &start,
            Forcing::default(),
            Settings { scheme, ..Settings::default() },
        )
        .unwrap();
        for k in 1..=3 {
            run.advance_to(period * k as f64).unwrap();
            let h = run.raster(Field::Depth, f32::NAN);
            println!(
                "thacker {cells} period {k}: {} mass {:e} steps {}",
                relative_l1(&h, &depth(period * k as f64)),
                run.ledger().relative_error(),
                run.ledger().steps
            );
        }
    }
}

#[test]
fn closed_valley() {
    let n = 200;
    let bed: Vec<f64> = (0..n * n)
        .map(|i| {
            let (r, c) = (i / n, i % n);
            100.0
                + 0.02 * ((c as f64) - 100.0).abs() * 10.0
                + 0.05 * r as f64 * 10.0
                + ((r * 7919 + c * 104729) % 101) as f64 * 0.01
        })
        .collect();
    let ground = Ground::new([n, n], 10.0, bed, Roughness::Uniform(0.05)).unwrap();
    let forcing =
        Forcing { rain: Some(Rain::uniform(Series::constant(50.0))), ..Forcing::default() };
    let mut run =
        Simulation::<f32>::new(&ground, &Start::default(), forcing, Settings::default()).unwrap();
    run.advance_to(3600.0).unwrap();
    println!("{:?} rel {:e}", run.ledger(), run.ledger().relative_error());
}
