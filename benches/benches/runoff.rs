//! Runoff: 20 members through 36 h of rain over 20,000 elements, on one thread.
//!
//! Work is counted in members of elements advanced by one step of 300 s. Without `--bench`, as
//! under `cargo test`, a hundredth of it is run.
#![expect(clippy::print_stdout, reason = "prints what a forecast cycle spends")]

use std::error::Error;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use jomo_benches::spent::Moment;
use jomo_flood::runoff::{Element, Land, Members, Receiver, Runoff, STEP_MAX_S, Slopes, Start};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Steps of the rain of 36 h.
const RAIN_STEPS: u32 = 216;
const RAIN_STEP_S: f64 = 600.0;
const BLOCKS: u32 = 5;

/// Hillsides of five bands each, of all kinds of ground.
fn hillsides(elements: u32) -> Outcome<Slopes> {
    let bands = 5;
    let mut list = Vec::new();
    let nodes = elements / bands;
    for index in 0..nodes * bands {
        let (node, band) = (index % nodes, index / nodes);
        list.push(Element {
            area_m2: 15_000.0 + f64::from(index * 7 % 11) * 2_000.0,
            length_m: 130.0,
            slope: 0.002 + f64::from(index * 5 % 13) * 0.03,
            receiver: if band + 1 == bands {
                Receiver::Node(node)
            } else {
                Receiver::Element(index + nodes)
            },
            rain_cell: node / 40,
            land: u8::try_from(node % 6)?,
        });
    }
    Ok(Slopes::new(list, Land::CLASSES.to_vec(), nodes as usize)?)
}

fn members(block: u32) -> Members<4> {
    let factors =
        |step: f64| std::array::from_fn(|lane| 0.7 + step * (lane as f64 + f64::from(block)));
    Members { roughness: factors(0.03), soil_depth: factors(0.02), conductivity: factors(0.04) }
}

/// A storm in mm/h that moves over the rain cells.
fn rain_m_s(step: u32, cells: usize) -> Vec<[f64; 4]> {
    (0..cells)
        .map(|cell| {
            let away = (cell as f64 / cells as f64 * 100.0 + 40.0 - f64::from(step)) / 25.0;
            let rate = 40.0 * (-away * away).exp() / 3.6e6;
            [rate, 0.8 * rate, 1.2 * rate, 0.0]
        })
        .collect()
}

/// Carries a block through the first steps of the rain; gives the worst of its ledger.
fn forecast(slopes: &Slopes, block: u32, steps: u32) -> Outcome<f64> {
    let start = Start { wetness: [0.3; 4], base_flow_m3_s_km2: [0.02; 4] };
    let mut runoff = Runoff::<4>::new(slopes, &members(block), &start)?;
    let mut lateral = vec![[0.0; 4]; slopes.nodes()];
    for step in 0..steps {
        let rain = rain_m_s(step, slopes.rain_cells());
        runoff.step(slopes, &rain, RAIN_STEP_S, &mut lateral)?;
    }
    let errors = runoff.ledger().error(&runoff.stored_m3(slopes));
    Ok(errors.into_iter().map(f64::abs).fold(0.0, f64::max))
}

fn kernel(criterion: &mut Criterion, slopes: &Slopes) -> Outcome {
    let start = Start { wetness: [0.3; 4], base_flow_m3_s_km2: [0.0; 4] };
    let mut runoff = Runoff::<4>::new(slopes, &members(0), &start)?;
    let mut lateral = vec![[0.0; 4]; slopes.nodes()];
    let rain = rain_m_s(60, slopes.rain_cells());
    let mut group = criterion.benchmark_group("runoff");
    group.sample_size(10).throughput(Throughput::Elements(4 * slopes.elements().len() as u64));
    group.bench_function("block_of_four", |bencher| {
        bencher.iter_custom(|passes| {
            let began = Moment::now();
            for _ in 0..passes {
                if runoff.step(slopes, &rain, STEP_MAX_S, &mut lateral).is_err() {
                    return Duration::MAX;
                }
            }
            began.processor()
        });
    });
    group.finish();
    Ok(())
}

fn main() -> Outcome {
    let is_bench = std::env::args().any(|word| word == "--bench");
    let (elements, steps) = if is_bench { (20_000, RAIN_STEPS) } else { (2_000, 22) };
    let slopes = hillsides(elements)?;
    let mut criterion = Criterion::default().configure_from_args();
    kernel(&mut criterion, &slopes)?;
    let began = Moment::now();
    let mut worst = 0.0_f64;
    for block in 0..BLOCKS {
        worst = worst.max(forecast(&slopes, block, steps)?);
    }
    let spent = began.processor().as_secs_f64();
    let advanced = f64::from(elements) * f64::from(4 * BLOCKS * steps) * RAIN_STEP_S / STEP_MAX_S;
    println!(
        "{} members, {} h, {elements} elements: {spent:.1} s of processor, {:.1} ns for each step \
         of a member of an element, volume error {worst:.1e}",
        4 * BLOCKS,
        f64::from(steps) * RAIN_STEP_S / 3_600.0,
        1e9 * spent / advanced,
    );
    assert!(worst <= 1e-12, "{worst:e}");
    criterion.final_summary();
    Ok(())
}
