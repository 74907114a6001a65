//! The case that `benches/peers/flood` sets beside other programs: rain on rough valleys.
//!
//!     valleys bed EDGE FILE.npy           writes the bed, EDGE x EDGE cells
//!     valleys run EDGE THREADS [SCHEME]   computes an hour of 50 mm/h and prints one line of JSON;
//!                                         SCHEME is first (if absent) or inertial
#![expect(clippy::print_stdout, reason = "the line of JSON is what it is for")]

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};

use jomo_benches::cases::{CELL_M, valleys_m};
use jomo_benches::spent::Moment;
use jomo_flood::{
    Field, Forcing, Ground, Rain, Roughness, Scheme, Series, Settings, Simulation, Start,
};

type Outcome = Result<(), Box<dyn Error>>;

/// Writes an array of `f64` in the format of `NumPy`, version 1.0: magic, length and text of the
/// header, which ends on a multiple of 64 bytes, and the values row by row.
fn write_bed(edge: usize, path: &str) -> Outcome {
    let mut header =
        format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({edge}, {edge}), }}");
    let padding = 63 - (10 + header.len()) % 64;
    header.push_str(&" ".repeat(padding));
    header.push('\n');
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"\x93NUMPY\x01\x00")?;
    file.write_all(&u16::try_from(header.len())?.to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    for z in valleys_m([edge, edge]) {
        file.write_all(&z.to_le_bytes())?;
    }
    Ok(file.flush()?)
}

fn run(edge: usize, threads: usize, (name, scheme): (&str, Scheme)) -> Outcome {
    let shape = [edge, edge];
    let ground = Ground::new(shape, CELL_M, valleys_m(shape), Roughness::Uniform(0.05))?;
    let rain = Some(Rain::uniform(Series::constant(50.0)));
    let forcing = Forcing { rain, ..Forcing::default() };
    // Itzï and Landlab take 0.7 too, the usual bound of these equations (de Almeida et al. 2012).
    let cfl = if scheme == Scheme::Inertial { 0.7 } else { 0.5 };
    let settings = Settings { scheme, cfl, ..Settings::default() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let mut simulation = Simulation::<f32>::new(&ground, &Start::default(), forcing, settings)?;
    let began = Moment::now();
    let depth = pool.install(|| {
        let done = simulation.advance_to(3_600.0);
        done.map(|()| simulation.raster(Field::Depth, f32::NAN))
    })?;
    let (spent, wall) = (began.processor(), began.wall());
    let ledger = simulation.ledger();
    let area_m2 = CELL_M * CELL_M;
    let volume_m3: f64 = depth.iter().map(|depth| f64::from(*depth)).sum::<f64>() * area_m2;
    println!(
        "{{\"name\": \"jomo, {name}, {threads} thread(s)\", \"cells\": {}, \"steps\": {}, \
         \"updates\": {}, \"cpu_s\": {}, \"wall_s\": {}, \"rain_m3\": {}, \
         \"volume_m3\": {volume_m3}, \"error\": {:e}, \"least_m\": {}, \"most_m\": {}}}",
        edge * edge,
        ledger.steps,
        ledger.cell_updates,
        spent.as_secs_f64(),
        wall.as_secs_f64(),
        ledger.rain_m3,
        ledger.relative_error(),
        depth.iter().copied().fold(f32::INFINITY, f32::min),
        depth.iter().copied().fold(f32::NEG_INFINITY, f32::max),
    );
    Ok(())
}

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bed", edge, path] => write_bed(edge.parse()?, path),
        ["run", edge, threads] | ["run", edge, threads, "first"] => {
            run(edge.parse()?, threads.parse()?, ("first order", Scheme::First))
        }
        ["run", edge, threads, "inertial"] => {
            run(edge.parse()?, threads.parse()?, ("local inertial", Scheme::Inertial))
        }
        _ => Err("valleys bed EDGE FILE.npy | valleys run EDGE THREADS [SCHEME]".into()),
    }
}
