//! Rain that runs off, and rain that stays.

use jomo_flood::{
    Compass, Flow, Forcing, Ground, Rain, Real, Roughness, Scheme, Series, Simulation, Start,
};

use crate::chance::Dice;
use crate::flows::Plane;
use crate::lab::{depths, each, settings, whole};
use crate::plot::Plot;
use crate::report::{Outcome, Row};

/// Rain from the start to a time, mm/h.
fn shower(rate_mm_h: f64, until_s: f64) -> Rain {
    let points = vec![[0.0, rate_mm_h], [until_s, rate_mm_h], [until_s + 1e-3, 0.0]];
    Rain::uniform(Series::new("rain", points).unwrap())
}

/// What leaves the domain, m³/s, as means over intervals of `every_s`, at their middles.
fn outflow<R: Real>(run: &mut Simulation<R>, every_s: f64, count: u32) -> Vec<[f64; 2]> {
    let mut left_m3 = 0.0;
    let mut line = Vec::new();
    for k in 1..=count {
        let end_s = every_s * f64::from(k);
        run.advance_to(end_s).unwrap();
        let gone_m3 = -run.ledger().rim_m3;
        line.push([end_s - 0.5 * every_s, (gone_m3 - left_m3) / every_s]);
        left_m3 = gone_m3;
    }
    line
}

fn row<R: Real>(run: &Simulation<R>, variant: &str, norm: &'static str, value: f64) -> Row {
    let ledger = run.ledger();
    let run = Some((ledger.steps, ledger.relative_error().abs()));
    Row { variant: variant.to_owned(), norm, value, bound: None, run }
}

/// A line of discharges, and the row of the run that gave it.
type Hydrograph = (Vec<[f64; 2]>, Row);

const PLANE: Plane =
    Plane { length: 100.0, slope: 0.05, roughness: 0.03, rain: 50.0 / 3.6e6, until: 900.0 };

fn sheet<R: Real>(scheme: Scheme) -> Hydrograph {
    let bed = (0..100).map(|i| 500.0 - PLANE.slope * (f64::from(i) + 0.5)).collect();
    let ground = Ground::new([1, 100], 1.0, bed, Roughness::Uniform(PLANE.roughness)).unwrap();
    let forcing = Forcing {
        rim: vec![whole(Compass::East, Flow::Open { slope: PLANE.slope })],
        rain: Some(shower(50.0, PLANE.until)),
        ..Forcing::default()
    };
    let mut run =
        Simulation::<R>::new(&ground, &Start::default(), forcing, settings(scheme)).unwrap();
    let line = outflow(&mut run, 20.0, 120);
    let mean = line.iter().map(|[t, _]| PLANE.discharge(*t)).sum::<f64>() / line.len() as f64;
    let [off, spread] = line.iter().fold([0.0, 0.0], |[off, spread], [t, q]| {
        let exact = PLANE.discharge(*t);
        [off + (q - exact).powi(2), spread + (exact - mean).powi(2)]
    });
    let row = row(&run, "", "1 − NSE", off / spread);
    (line, row)
}

fn hydrograph(runs: &[(&'static str, Hydrograph)], exact: Vec<[f64; 2]>) -> Plot {
    let lines = runs.iter().filter(|(variant, _)| variant.contains("f32"));
    Plot {
        axes: ["時刻 time (s)", "流量 discharge (m³/s)"],
        exact,
        lines: lines.map(|(name, (line, _))| ((*name).to_owned(), line.clone())).collect(),
        ..Plot::default()
    }
}

/// Rows of hydrographs with one bound.
fn rows(runs: Vec<(&'static str, Hydrograph)>, bound: f64) -> Vec<Row> {
    let row = |(variant, (_, row)): (&'static str, Hydrograph)| Row {
        variant: variant.to_owned(),
        bound: Some(bound),
        ..row
    };
    runs.into_iter().map(row).collect()
}

pub(crate) fn plane() -> Outcome {
    let runs = each!(sheet);
    let exact = (0..=480).map(|k| 5.0 * f64::from(k)).map(|t| [t, PLANE.discharge(t)]).collect();
    let plot = Some(hydrograph(&runs, exact));
    let grid = "100 × 1, dx 1 m, S 0.05, n 0.03, 50 mm/h × 900 s, t 2,400 s";
    Outcome { id: "kinematic-plane", grid, rows: rows(runs, 0.005), plot, tables: Vec::new() }
}

/// Two planes of 800 m × 1,000 m with a channel of 20 m between them.
const EQUILIBRIUM_M3_S: f64 = 10.8 / 3.6e6 * 1_620.0 * 1_000.0;

fn valley<R: Real>(scheme: Scheme) -> Hydrograph {
    let (rows, columns, dx) = (50, 81, 20.0);
    let cells = || (0..rows).flat_map(|r| (0..columns).map(move |c| [r as f64, c as f64 - 40.0]));
    let bed = cells().map(|[r, c]| 100.0 - 0.02 * dx * r + 0.05 * dx * c.abs());
    let roughness = cells().map(|[_, c]| if c.abs() < 0.5 { 0.15 } else { 0.015 });
    let ground =
        Ground::new([rows, columns], dx, bed.collect(), Roughness::Cells(roughness.collect()));
    let outlet = whole(Compass::South, Flow::Open { slope: 0.02 });
    let forcing = Forcing {
        rim: vec![jomo_flood::Stretch { range_m: Some([800.0, 820.0]), ..outlet }],
        rain: Some(shower(10.8, 5_400.0)),
        ..Forcing::default()
    };
    let mut run =
        Simulation::<R>::new(&ground.unwrap(), &Start::default(), forcing, settings(scheme))
            .unwrap();
    let line = outflow(&mut run, 60.0, 180);
    let last = line.iter().filter(|[t, _]| (4_800.0..5_400.0).contains(t));
    let (sum, count) = last.fold((0.0, 0.0), |(sum, count), [_, q]| (sum + q, count + 1.0));
    let off = (sum / count - EQUILIBRIUM_M3_S).abs() / EQUILIBRIUM_M3_S;
    let row = row(&run, "", "plateau, relative", off);
    (line, row)
}

pub(crate) fn two_slopes() -> Outcome {
    let runs = each!(valley);
    let exact = vec![[4_800.0, EQUILIBRIUM_M3_S], [5_400.0, EQUILIBRIUM_M3_S]];
    let reference = "平衡流量 equilibrium";
    let plot = Some(Plot { reference, ..hydrograph(&runs, exact) });
    let grid = "81 × 50, dx 20 m, n 0.015 / 0.15, 10.8 mm/h × 90 min, t 3 h";
    Outcome { id: "v-catchment", grid, rows: rows(runs, 0.005), plot, tables: Vec::new() }
}

/// Share of 50 mm of rain over rough walls that is missing or too much.
pub(crate) fn kept<R: Real>(scheme: Scheme) -> (f64, f64, Row) {
    let edge = 100;
    let mut dice = Dice::new(3);
    let bed = (0..edge * edge).map(|i| {
        let (r, c) = ((i / edge) as f64, (i % edge) as f64);
        2_000.0 + 0.2 * (c - 50.0).abs() + 0.5 * r + dice.share()
    });
    let ground = Ground::new([edge, edge], 10.0, bed.collect(), Roughness::Uniform(0.05)).unwrap();
    let forcing = Forcing { rain: Some(shower(50.0, 3_600.0)), ..Forcing::default() };
    let mut run =
        Simulation::<R>::new(&ground, &Start::default(), forcing, settings(scheme)).unwrap();
    run.advance_to(3_700.0).unwrap();
    let ledger = run.ledger();
    let volume = 0.05 * 1e6;
    let off = (ledger.storage_m3 + ledger.waiting_m3 - volume).abs() / volume;
    let least = depths(&run).into_iter().fold(f64::INFINITY, f64::min);
    (off, (-least).max(0.0), row(&run, "", "volume", off))
}

pub(crate) fn closed_valley() -> Outcome {
    let mut rows = Vec::new();
    for (variant, (_, negative, volume)) in each!(kept) {
        let variant = variant.to_owned();
        rows.push(Row { variant: variant.clone(), bound: Some(1e-6), ..volume });
        let norm = "negative depth, m";
        rows.push(Row { variant, norm, value: negative, bound: Some(0.0), run: None });
    }
    let grid = "100 × 100, dx 10 m, n 0.05, 50 mm/h × 1 h";
    Outcome { id: "closed-valley", grid, rows, plot: None, tables: Vec::new() }
}
