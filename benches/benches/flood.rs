//! Floods: the kernel with all cells wet, whole runs with all outputs on one and two threads, the
//! cost of a domain that is mostly dry, and memory a cell.
//!
//! Work is counted in cell updates (a cell advanced by one step) a second of processor time.
//! Without `--bench`, as under `cargo test`, everything runs once on small domains, and two laws
//! are held that do not depend on the speed of the machine: the kernel is vector code, and its
//! memory a cell is bounded.
#![expect(clippy::print_stdout, reason = "prints the figures that criterion has no place for")]

use std::error::Error;
use std::process::Command;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use jomo_benches::cases::{CELL_M, lake_m, river_m, valleys_m};
use jomo_benches::lone::Lone;
use jomo_benches::spent::{Moment, available_memory_bytes, peak_memory_bytes};
use jomo_flood::{
    Field, Forcing, Ground, Rain, Real, Roughness, Scheme, Series, Settings, Simulation, Start,
    Water,
};
use rayon::{ThreadPool, ThreadPoolBuilder};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// First word of the command line of a process that measures its memory.
const MEMORY: &str = "memory";

/// First order without records: the least that a run needs.
fn bare() -> Settings {
    Settings { watch: None, ..Settings::default() }
}

/// Second order with all records: the most.
fn full() -> Settings {
    Settings { scheme: Scheme::Second, ..Settings::default() }
}

/// Everything that can be written.
const OUTPUTS: [Field; 6] = [
    Field::Depth,
    Field::GreatestDepth,
    Field::GreatestSpeed,
    Field::GreatestForce,
    Field::Arrival,
    Field::Duration,
];

fn threads(count: usize) -> Outcome<ThreadPool> {
    Ok(ThreadPoolBuilder::new().num_threads(count).build()?)
}

/// Water of given depths on a bed, both in m.
fn ponded<R: Real>(
    shape: [usize; 2],
    [bed_m, depth_m]: [Vec<f64>; 2],
    settings: Settings,
) -> Outcome<Simulation<R>> {
    let ground = Ground::new(shape, CELL_M, bed_m, Roughness::Uniform(0.03))?;
    let start = Start { water: Some(Water::Depth(depth_m)), ..Start::default() };
    Ok(Simulation::new(&ground, &start, Forcing::default(), settings)?)
}

/// Dry valleys under 50 mm/h of rain.
fn rained_on<R: Real>(shape: [usize; 2], settings: Settings) -> Outcome<Simulation<R>> {
    let ground = Ground::new(shape, CELL_M, valleys_m(shape), Roughness::Uniform(0.05))?;
    let rain = Some(Rain::uniform(Series::constant(50.0)));
    let forcing = Forcing { rain, ..Forcing::default() };
    Ok(Simulation::new(&ground, &Start::default(), forcing, settings)?)
}

/// Work and time of a part of a run.
#[derive(Clone, Copy)]
struct Spent {
    updates: u64,
    steps: u64,
    processor: Duration,
    wall: Duration,
}

impl Spent {
    /// Cell updates a second of processor time, millions.
    fn pace(self) -> f64 {
        self.updates as f64 / self.processor.as_secs_f64() / 1e6
    }
}

/// Advances a run by `duration_s`.
fn spend<R: Real>(simulation: &mut Simulation<R>, duration_s: f64) -> Outcome<Spent> {
    let (before, began) = (simulation.ledger(), Moment::now());
    simulation.advance_to(simulation.time_s() + duration_s)?;
    let (processor, wall) = (began.processor(), began.wall());
    let after = simulation.ledger();
    Ok(Spent {
        updates: after.cell_updates - before.cell_updates,
        steps: after.steps - before.steps,
        processor,
        wall,
    })
}

/// The kernel alone, every cell wet. Criterion is given processor time, so that its throughput is
/// in cell updates a second of it.
fn kernel<R: Real>(criterion: &mut Criterion, name: &str, settings: Settings) -> Outcome {
    let (pool, shape) = (threads(1)?, [512, 512]);
    let mut simulation = ponded::<R>(shape, lake_m(shape), settings)?;
    let cells = 512 * 512_u64;
    let mut group = criterion.benchmark_group("flood_kernel");
    group.sample_size(10).throughput(Throughput::Elements(cells));
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|passes| {
            let wanted = (passes * cells) as f64;
            let (mut done, mut spent) = (0.0, Duration::ZERO);
            while done < wanted {
                let part = pool.install(|| spend(&mut simulation, 1.0));
                let Ok(part) = part else { return Duration::MAX };
                done += part.updates as f64;
                spent += part.processor;
            }
            spent.mul_f64(wanted / done)
        });
    });
    group.finish();
    Ok(())
}

/// Nanoseconds of a cell update with numbers that go in vectors and with [`Lone`] ones.
///
/// The same kernel on the same 4,096 cells in one tile, so that no cache and no thread tells them
/// apart; of ten turns the least of each counts.
fn together_and_alone() -> Outcome<[f64; 2]> {
    let shape = [64, 64];
    let mut together = ponded::<f32>(shape, lake_m(shape), bare())?;
    let mut alone = ponded::<Lone>(shape, lake_m(shape), bare())?;
    let mut least = [f64::INFINITY; 2];
    for _ in 0..10 {
        least[0] = least[0].min(1e3 / spend(&mut together, 20.0)?.pace());
        least[1] = least[1].min(1e3 / spend(&mut alone, 20.0)?.pace());
    }
    let [vectors, plain] = [together.raster(Field::Depth, 0.0), alone.raster(Field::Depth, 0.0)];
    assert!(vectors == plain, "vectors change the depths");
    Ok(least)
}

/// The least by which vectors must be faster. Measured: 11, and 1.8 where the compiler is told to make
/// none (`-C no-vectorize-loops -C no-vectorize-slp`).
const LEAST_RATIO: f64 = 3.0;

/// Notices when the kernel stops being vector code.
fn guard() -> Outcome {
    let [together_ns, alone_ns] = together_and_alone()?;
    let ratio = alone_ns / together_ns;
    println!("vectors: {together_ns:.1} ns a cell with them, {alone_ns:.1} without: {ratio:.1}");
    assert!(LEAST_RATIO <= ratio, "{ratio:.2} < {LEAST_RATIO}: the kernel is no vector code");
    Ok(())
}

/// An hour of rain on rough valleys with all records and outputs, by threads.
fn whole_runs(edge: usize, duration_s: f64) -> Outcome {
    let mut walls = Vec::new();
    let mut depths: Vec<Vec<f32>> = Vec::new();
    for count in [1, 2] {
        let pool = threads(count)?;
        let mut simulation =
            pool.install(|| rained_on::<f32>([edge, edge], Settings::default()))?;
        let began = Moment::now();
        let mut rasters = Vec::new();
        pool.install(|| -> Outcome {
            simulation.advance_to(duration_s)?;
            rasters = OUTPUTS.map(|field| simulation.raster(field, f32::NAN)).into();
            Ok(())
        })?;
        let (processor, wall) = (began.processor(), began.wall());
        let ledger = simulation.ledger();
        let (updates, steps) = (ledger.cell_updates, ledger.steps);
        let spent = Spent { updates, steps, processor, wall };
        println!(
            "whole run, {edge} x {edge}, {duration_s} s, {count} thread(s): {steps} steps, {:.1} s \
             of processor, {:.1} s of wall, {:.1} M updates/core-s, volume error {:.1e}",
            spent.processor.as_secs_f64(),
            spent.wall.as_secs_f64(),
            spent.pace(),
            ledger.relative_error(),
        );
        assert!(ledger.relative_error().abs() <= 1e-6, "{ledger:?}");
        assert!(rasters[0].iter().all(|depth| 0.0 <= *depth), "a depth is negative");
        walls.push(spent.wall.as_secs_f64());
        depths.push(rasters.swap_remove(0));
    }
    assert!(depths[0] == depths[1], "threads change the depths");
    println!("two threads are {:.2} times as fast", walls[0] / walls[1]);
    Ok(())
}

/// Cost of a step by the share of the domain that is wet.
fn shares(edge: usize, duration_s: f64) -> Outcome {
    let mut whole = None;
    for share in [1.0, 0.1, 0.01] {
        let shape = [edge, edge];
        let mut simulation = ponded::<f32>(shape, river_m(shape, share), bare())?;
        let spent = spend(&mut simulation, duration_s)?;
        let step_s = spent.processor.as_secs_f64() / spent.steps as f64;
        let whole_s = *whole.get_or_insert(step_s);
        println!(
            "{:.0} % of {edge} x {edge} cells wet: {:.2} ms of processor a step, {:.1} % of all wet",
            100.0 * share,
            1e3 * step_s,
            100.0 * step_s / whole_s,
        );
    }
    Ok(())
}

/// A run in a process of its own; gives its peak of memory in bytes a cell.
fn memory_of(what: &str, edge: usize) -> Outcome<f64> {
    let own = std::env::current_exe()?;
    let child = Command::new(own).args([MEMORY, what, &edge.to_string()]).output()?;
    let text = String::from_utf8(child.stdout)?;
    let bytes = text.trim().parse::<f64>();
    Ok(bytes.map_err(|fault| format!("{fault}: {}", String::from_utf8_lossy(&child.stderr)))?)
}

/// The child of [`memory_of`]: some steps with what a user holds meanwhile. The bed of the ground
/// (8 bytes a cell) is dropped when the run is set up.
fn measure_memory(what: &str, edge: usize) -> Outcome {
    let peak = || peak_memory_bytes().ok_or("the system does not tell");
    let before = peak()?;
    let settings = if what == "second" { full() } else { bare() };
    let mut simulation = threads(2)?.install(|| rained_on::<f32>([edge, edge], settings))?;
    simulation.advance_to(60.0)?;
    if what == "second" {
        for field in OUTPUTS {
            assert_eq!(simulation.raster(field, f32::NAN).len(), edge * edge);
        }
    }
    println!("{:.1}", (peak()? - before) as f64 / (edge * edge) as f64);
    Ok(())
}

fn memory(edge: usize) -> Outcome {
    for (what, most) in [("first", 48.0), ("second", 80.0)] {
        let bytes = memory_of(what, edge)?;
        println!(
            "memory, {what} order: {bytes:.1} bytes a cell, {:.1} GiB for 100 million cells",
            bytes * 1e8 / f64::from(1 << 30),
        );
        assert!(bytes <= most, "{what} order: {bytes} bytes a cell, more than {most}");
    }
    Ok(())
}

/// 100 million cells, where there is the memory.
fn huge() -> Outcome {
    let room = available_memory_bytes().unwrap_or(0);
    if room < 8 << 30 {
        println!("100 million cells: skipped, as less than 8 GiB of memory are free");
        return Ok(());
    }
    let began = Moment::now();
    let bytes = memory_of("first", 10_000)?;
    println!(
        "100 million cells, a minute of rain: {bytes:.1} bytes a cell, {:.1} GiB, {:.0} s in all",
        bytes * 1e8 / f64::from(1 << 30),
        began.wall().as_secs_f64(),
    );
    Ok(())
}

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().collect();
    if let [_, first, what, edge] = &words[..]
        && first == MEMORY
    {
        return measure_memory(what, edge.parse()?);
    }
    let one = threads(1)?;
    one.install(guard)?;
    let mut criterion = Criterion::default().configure_from_args();
    kernel::<f32>(&mut criterion, "f32_first", bare())?;
    kernel::<f32>(&mut criterion, "f32_first_records", Settings::default())?;
    kernel::<f32>(&mut criterion, "f32_second", Settings { watch: None, ..full() })?;
    kernel::<f64>(&mut criterion, "f64_first", bare())?;
    kernel::<f64>(&mut criterion, "f64_second", Settings { watch: None, ..full() })?;
    if words.iter().any(|word| word == "--bench") {
        one.install(|| shares(4_096, 30.0))?;
        whole_runs(1_000, 3_600.0)?;
        memory(3_000)?;
        huge()?;
    } else {
        one.install(|| shares(256, 5.0))?;
        whole_runs(100, 300.0)?;
        memory(1_500)?;
    }
    criterion.final_summary();
    Ok(())
}
