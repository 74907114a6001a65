//! What must change nothing: the side from which a flood is seen, threads, tiles, a pause.

use jomo_flood::{Real, Scheme, Settings, Simulation, TimeStep};

use crate::chance::{Case, View};
use crate::lab::each;
use crate::report::{Outcome, Row};

fn row(variant: &str, norm: &'static str, value: f64, bound: f64) -> Row {
    Row { variant: variant.to_owned(), norm, value, bound: Some(bound), run: None }
}

/// Depth and velocities of all cells of the domain; -0 as 0.
fn state<R: Real>(run: &Simulation<R>) -> Vec<Option<[u64; 3]>> {
    let [rows, columns] = run.shape();
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| [row, column]));
    let bits = |cell| run.at(cell).map(|values| values.map(|value| (value + 0.0).to_bits()));
    cells.map(bits).collect()
}

fn differing<T: PartialEq>(one: &[T], other: &[T]) -> f64 {
    one.iter().zip(other).filter(|(a, b)| a != b).count() as f64
}

/// Time of some 30 steps of a case.
fn end_s<R: Real>(case: &Case) -> f64 {
    15.0 * case.cell_size_m / (1.0 + case.begin::<R>().unwrap().fastest().1)
}

fn run<R: Real>(case: &Case, threads: usize) -> Vec<Option<[u64; 3]>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mut run = case.begin::<R>().unwrap();
        run.advance_to(end_s::<R>(case)).unwrap();
        state(&run)
    })
}

/// Cells that differ between 40 floods and the same floods seen from another side.
fn unlike<R: Real>(view: View, scheme: Scheme) -> f64 {
    let one = |seed: u64| {
        let case = Case::random([47, 61], 5_000 + seed);
        let case = case.with(Settings { scheme, ..case.settings });
        let mut here = case.begin::<R>().unwrap();
        let mut there = case.seen(view).begin::<R>().unwrap();
        here.advance_to(end_s::<R>(&case)).unwrap();
        there.advance_to(end_s::<R>(&case)).unwrap();
        let [rows, columns] = there.shape();
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| [row, column]));
        let differs = |cell: &[usize; 2]| {
            let seen = here.at(view.cell(*cell, 61)).map(|[h, u, v]| {
                let [u, v] = View::velocity([u, v], view);
                [h, u, v]
            });
            there.at(*cell) != seen
        };
        cells.filter(differs).count() as f64
    };
    (0..40_u64).map(one).sum()
}

pub(crate) fn turned() -> Outcome {
    let mut rows = Vec::new();
    for scheme in [Scheme::First, Scheme::Second] {
        let order = if scheme == Scheme::First { "1st" } else { "2nd" };
        let told = |what: &str| format!("{what}, {order}");
        let norm = "differing cells";
        let transposed = unlike::<f32>(View::Transposed, scheme);
        rows.push(row(&told("transposed, f32"), norm, transposed, 0.0));
        let transposed = unlike::<f64>(View::Transposed, scheme);
        rows.push(row(&told("transposed, f64"), norm, transposed, 0.0));
        let turned = unlike::<f32>(View::Turned, scheme);
        rows.push(row(&told("turned by 90°, f32"), norm, turned, 0.0));
        let turned = unlike::<f64>(View::Turned, scheme);
        rows.push(row(&told("turned by 90°, f64"), norm, turned, 0.0));
    }
    Outcome { id: "rotation", grid: "40 × (47 × 61)", rows, plot: None, tables: Vec::new() }
}

/// Schemes and steps, and how they are told.
const MODES: [(&str, Scheme, TimeStep); 4] = [
    ("1st f32", Scheme::First, TimeStep::Global),
    ("2nd f32", Scheme::Second, TimeStep::Global),
    ("inertial f32", Scheme::Inertial, TimeStep::Global),
    ("local steps, 1st f32", Scheme::First, TimeStep::Local),
];

pub(crate) fn threads_and_tiles() -> Outcome {
    let mut rows = Vec::new();
    for (mode, scheme, time_step) in MODES {
        let one = |seed: u64| {
            let case = Case::random([150, 140], 6_000 + seed);
            let with =
                |tile_edge| case.with(Settings { scheme, time_step, tile_edge, ..case.settings });
            let base = run::<f32>(&with(32), 1);
            let unlike =
                |tile_edge, threads| differing(&base, &run::<f32>(&with(tile_edge), threads));
            let tiles = match time_step {
                TimeStep::Global => unlike(64, 1) + unlike(128, 2),
                // Which tiles may go slower depends on what lies in them.
                TimeStep::Local => 0.0,
            };
            [unlike(32, 2) + unlike(32, 3), tiles]
        };
        let sums = (0..4).map(one).fold([0.0; 2], |a, b| [a[0] + b[0], a[1] + b[1]]);
        let norm = "differing cells";
        rows.push(row(&format!("1, 2, 3 threads, {mode}"), norm, sums[0], 0.0));
        if time_step == TimeStep::Global {
            rows.push(row(&format!("tiles of 32, 64, 128, {mode}"), norm, sums[1], 0.0));
        }
    }
    Outcome {
        id: "threads-and-tiles",
        grid: "4 × (150 × 140)",
        rows,
        plot: None,
        tables: Vec::new(),
    }
}

/// Cells that differ between floods and the same floods saved and loaded half way.
fn paused<R: Real>(scheme: Scheme, time_step: TimeStep) -> f64 {
    let one = |seed: u64| {
        let case = Case::random([50, 70], 7_000 + seed);
        let case = case.with(Settings { scheme, time_step, ..case.settings });
        let end_s = end_s::<R>(&case);
        let mut run = case.begin::<R>().unwrap();
        run.advance_to(0.5 * end_s).unwrap();
        let mut bytes = Vec::new();
        run.save(&case.ground(), &mut bytes).unwrap();
        run.advance_to(end_s).unwrap();
        let mut later = Simulation::<R>::load(
            &case.ground(),
            case.forcing.clone(),
            case.settings,
            &mut bytes.as_slice(),
        )
        .unwrap();
        later.advance_to(end_s).unwrap();
        differing(&state(&run), &state(&later))
    };
    (0..20_u64).map(one).sum()
}

pub(crate) fn restart() -> Outcome {
    let mut found = each!(paused, TimeStep::Global);
    found.push(("inertial f32", paused::<f32>(Scheme::Inertial, TimeStep::Global)));
    found.push(("local steps, 1st f32", paused::<f32>(Scheme::First, TimeStep::Local)));
    let row = |(variant, value)| row(variant, "differing cells", value, 0.0);
    let rows = found.into_iter().map(row).collect();
    Outcome { id: "restart", grid: "20 × (50 × 70)", rows, plot: None, tables: Vec::new() }
}

/// `JOMO_CHANCE_CASES` sets another number than 10,000.
pub(crate) fn by_chance() -> Outcome {
    let cases = std::env::var("JOMO_CHANCE_CASES").ok().and_then(|text| text.parse().ok());
    let cases: u64 = cases.unwrap_or(10_000);
    let one = |seed: u64| {
        let shape = [8 + seed % 33, 8 + seed / 33 % 33].map(|n| usize::try_from(n).unwrap());
        let case = Case::random(shape, seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        [case.obey::<f32>(40), case.obey::<f64>(40)]
    };
    let found: Vec<[Result<f64, String>; 2]> = (0..cases).map(one).collect();
    let mut rows = Vec::new();
    for (at, variant, bound) in [(0, "f32", 1e-6), (1, "f64", 1e-12)] {
        for (seed, fault) in found
            .iter()
            .enumerate()
            .filter_map(|(seed, pair)| pair[at].as_ref().err().map(|fault| (seed, fault)))
        {
            println!("by chance, seed {seed}, {variant}: {fault}");
        }
        let faults = found.iter().filter(|pair| pair[at].is_err()).count() as f64;
        let worst = found.iter().filter_map(|pair| pair[at].as_ref().ok()).copied();
        rows.push(Row { bound: None, ..row(variant, "cases", cases as f64, 0.0) });
        rows.push(row(variant, "cases at fault", faults, 0.0));
        rows.push(row(variant, "mass", worst.fold(0.0, f64::max), bound));
    }
    let grid = "10,000 (JOMO_CHANCE_CASES) × (8–40 × 8–40), dx 0.5, 5, 50 m";
    Outcome { id: "by-chance", grid, rows, plot: None, tables: Vec::new() }
}
