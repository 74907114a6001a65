//! Flows with a known solution. A bound is that of the project where the grid is the same, else
//! some 20 % above what was measured.

use jomo_flood::{
    Compass, Flow, Forcing, Ground, Rain, Real, Roughness, Scheme, Series, Settings, Simulation,
    Start, Stretch, Water,
};

use crate::flows::{Bowl, Plane, Stoker, relative_l1, ritter};

fn channel(columns: usize, dx: f64, bed: impl Fn(f64) -> f64, n: f64) -> Ground {
    let bed = (0..columns).map(|i| bed((i as f64 + 0.5) * dx)).collect();
    Ground::new([1, columns], dx, bed, Roughness::Uniform(n)).unwrap()
}

fn settings(scheme: Scheme) -> Settings {
    Settings { scheme, ..Settings::default() }
}

fn whole(side: Compass, flow: Flow) -> Stretch {
    Stretch { side, range_m: None, flow }
}

fn depths<R: Real>(run: &Simulation<R>) -> Vec<f64> {
    let [rows, columns] = run.shape();
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| [row, column]));
    cells.map(|cell| run.at(cell).unwrap()[0]).collect()
}

/// Depths of a dam break in the middle of a channel, from places and error of mass.
fn dam_break<R: Real>(scheme: Scheme, dx: f64, levels: [f64; 2]) -> ([Vec<f64>; 2], f64) {
    let columns = 1_000;
    let ground = channel(columns, dx, |_| 0.0, 0.0);
    let places: Vec<f64> = (0..columns).map(|i| (i as f64 - 499.5) * dx).collect();
    let depth = places.iter().map(|x| levels[usize::from(0.0 < *x)]).collect();
    let start = Start { water: Some(Water::Depth(depth)), velocity_m_s: None };
    let mut run =
        Simulation::<R>::new(&ground, &start, Forcing::default(), settings(scheme)).unwrap();
    run.advance_to(300.0).unwrap();
    ([places, depths(&run)], run.ledger().relative_error().abs())
}

fn breaks_as_known<R: Real>(scheme: Scheme, [dry, wet]: [f64; 2], mass_bound: f64) {
    let ([places, found], mass) = dam_break::<R>(scheme, 10.0, [2.0, 0.0]);
    let exact: Vec<f64> = places.iter().map(|x| ritter(2.0, *x, 300.0)).collect();
    let error = relative_l1(&found, &exact);
    assert!(error <= dry && mass <= mass_bound, "dry {scheme:?}: {error} {mass:e}");
    let stoker = Stoker::new(2.0, 0.5);
    let ([places, found], mass) = dam_break::<R>(scheme, 10.0, [2.0, 0.5]);
    let exact: Vec<f64> = places.iter().map(|x| stoker.depth(*x, 300.0)).collect();
    let error = relative_l1(&found, &exact);
    assert!(error <= wet && mass <= mass_bound, "wet {scheme:?}: {error} {mass:e}");
    let half = 0.5 * (stoker.middle + 0.5);
    let front = found.iter().rposition(|h| half < *h).unwrap();
    let away = (places[front] + 5.0) - stoker.shock * 300.0;
    assert!(away.abs() <= 10.0, "{scheme:?}: the shock is off by {away} m");
}

#[test]
fn dams_break_over_dry_and_wet_beds() {
    breaks_as_known::<f32>(Scheme::First, [0.008, 0.004], 1e-7);
    breaks_as_known::<f64>(Scheme::First, [0.008, 0.004], 1e-12);
    breaks_as_known::<f32>(Scheme::Second, [0.0012, 0.0012], 1e-7);
    breaks_as_known::<f64>(Scheme::Second, [0.0012, 0.0012], 1e-12);
}

/// Relative error of the depths in a bowl after one period of the rings.
fn bowl<R: Real>(scheme: Scheme, cells: usize) -> f64 {
    let bowl = Bowl { a: 1.0, h0: 0.1 };
    let dx = 4.0 / cells as f64;
    let axis = move |i: usize| (i as f64 + 0.5) * dx - 2.0;
    let places: Vec<[f64; 2]> =
        (0..cells).flat_map(|i| (0..cells).map(move |j| [axis(j), axis(i)])).collect();
    let bed = places.iter().map(|place| bowl.bed(*place)).collect();
    let depth = |t| places.iter().map(|place| bowl.radial_depth(0.8, *place, t)).collect();
    let ground = Ground::new([cells, cells], dx, bed, Roughness::Uniform(0.0)).unwrap();
    let start = Start { water: Some(Water::Depth(depth(0.0))), velocity_m_s: None };
    let mut run =
        Simulation::<R>::new(&ground, &start, Forcing::default(), settings(scheme)).unwrap();
    let period = bowl.radial_period();
    run.advance_to(period).unwrap();
    relative_l1(&depths(&run), &depth(period))
}

#[test]
fn water_swings_in_a_bowl() {
    for (scheme, cells, bound) in [(Scheme::First, 140, 0.05), (Scheme::Second, 160, 0.02)] {
        for error in [bowl::<f32>(scheme, cells), bowl::<f64>(scheme, cells)] {
            assert!(error <= bound, "{scheme:?}: {error}");
        }
    }
}

/// Depth in the middle of 60 cells down a slope, for Manning's discharge of `depth`.
fn running<R: Real>(scheme: Scheme, slope: f64, depth: f64) -> f64 {
    let (n, columns) = (0.03, 60);
    let dx = if depth < 0.1 { 2.0 } else { 10.0 };
    let q = depth.powf(5.0 / 3.0) * slope.sqrt() / n;
    let ground = channel(columns, dx, |x| 1_000.0 - slope * x, n);
    let rim = vec![
        whole(Compass::West, Flow::Discharge(Series::constant(q * dx))),
        whole(Compass::East, Flow::Open { slope }),
    ];
    let forcing = Forcing { rim, ..Forcing::default() };
    let mut run =
        Simulation::<R>::new(&ground, &Start::default(), forcing, settings(scheme)).unwrap();
    // Eight times what the water needs from end to end.
    run.advance_to(8.0 * columns as f64 * dx / (q / depth)).unwrap();
    run.at([0, 40]).unwrap()[0]
}

#[test]
fn uniform_flow_and_films_have_the_depth_of_manning() {
    for (slope, depth) in
        [(0.001, 1.0), (0.01, 0.5), (0.1, 0.5), (1.0, 0.001), (1.0, 0.005), (1.0, 0.02)]
    {
        for scheme in [Scheme::First, Scheme::Second] {
            for found in
                [running::<f32>(scheme, slope, depth), running::<f64>(scheme, slope, depth)]
            {
                let error = (found - depth).abs() / depth;
                assert!(error <= 0.001, "slope {slope}, {depth} m, {scheme:?}: {found}");
            }
        }
    }
}

/// Runoff of a plane rises, stays and falls as the kinematic wave says.
#[test]
fn rain_runs_off_a_plane() {
    let plane =
        Plane { length: 50.0, slope: 0.05, roughness: 0.03, rain: 100.0 / 3.6e6, until: 480.0 };
    let ground = channel(50, 1.0, |x| 100.0 - plane.slope * x, plane.roughness);
    let rate = vec![[0.0, 100.0], [480.0, 100.0], [480.001, 0.0]];
    let forcing = Forcing {
        rim: vec![whole(Compass::East, Flow::Open { slope: plane.slope })],
        rain: Some(Rain::uniform(Series::new("rain", rate).unwrap())),
        ..Forcing::default()
    };
    let mut run =
        Simulation::<f32>::new(&ground, &Start::default(), forcing, Settings::default()).unwrap();
    let (mut left, mut pairs) = (0.0, Vec::new());
    for k in 1..=60 {
        run.advance_to(20.0 * f64::from(k)).unwrap();
        let gone = -run.ledger().rim_m3;
        pairs.push([(gone - left) / 20.0, plane.discharge(20.0 * f64::from(k) - 10.0)]);
        left = gone;
    }
    let mean = pairs.iter().map(|[_, q]| q).sum::<f64>() / 60.0;
    let [off, spread] = pairs.iter().fold([0.0, 0.0], |[off, spread], [found, exact]| {
        [off + (found - exact).powi(2), spread + (exact - mean).powi(2)]
    });
    let efficiency = 1.0 - off / spread;
    assert!(0.995 <= efficiency, "Nash-Sutcliffe {efficiency}");
}

/// 50 mm of rain over rough walls: none of it is lost, and it all ends in the valley.
#[test]
fn a_closed_valley_keeps_its_rain() {
    let n = 100;
    let bed: Vec<f64> = (0..n * n)
        .map(|i| {
            let (r, c) = (i / n, i % n);
            let noise = (r * 7_919 + c * 104_729) % 101;
            2_000.0 + 0.2 * (c as f64 - 50.0).abs() + 0.5 * r as f64 + 0.01 * noise as f64
        })
        .collect();
    let ground = Ground::new([n, n], 10.0, bed, Roughness::Uniform(0.05)).unwrap();
    let volume = 0.05 * 1e6;
    for scheme in [Scheme::First, Scheme::Second] {
        let forcing =
            Forcing { rain: Some(Rain::uniform(Series::constant(50.0))), ..Forcing::default() };
        let mut run =
            Simulation::<f32>::new(&ground, &Start::default(), forcing, settings(scheme)).unwrap();
        run.advance_to(3_600.0).unwrap();
        let ledger = run.ledger();
        assert!((ledger.rain_m3 - volume).abs() <= 1e-9 * volume, "{ledger:?}");
        let stored = ledger.storage_m3 + ledger.waiting_m3;
        assert!((stored - volume).abs() <= 1e-6 * volume, "{scheme:?}: {ledger:?}");
        assert!(depths(&run).iter().all(|h| 0.0 <= *h));
    }
}
