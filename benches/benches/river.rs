//! Rivers: a day and a half of flood on a network of thousands of nodes, for a block of members.
//!
//! Without `--bench`, as under `cargo test`, a small network runs once and the volume is checked.
#![expect(clippy::print_stdout, reason = "prints figures that are no times of one call")]

use std::error::Error;

use jomo_benches::spent::Moment;
use jomo_flood::river::{Pond, River, Settings, Works};
use jomo_flood::waterway::{Node, Waterway};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Rain of the slopes beside a stream 1 km apart from the next, m of slope on both sides.
const SLOPE_M: f64 = 1_300.0;

/// Uniform numbers from 0 to 1.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 31)
    }
}

/// A network of reaches of random length, many shorter than a node may be; slopes, widths and
/// depths by drained area as in mountains that open to a plain.
fn network(reaches: usize) -> Outcome<Waterway> {
    let mut numbers = Numbers(7);
    let mut area_m2 = vec![0.5e6; reaches];
    let mut below = vec![None; reaches];
    for reach in 0..reaches {
        area_m2[reach] += 1.5e6 * numbers.next();
        if reach + 1 < reaches && numbers.next() < 0.995 {
            let choice = (reaches - reach - 1).min(8 + reach / 4);
            let next = (0..choice).rev().find(|k| *k as f64 <= numbers.next() * choice as f64);
            let next = reach + 1 + next.unwrap_or(0);
            below[reach] = Some(next);
            area_m2[next] += area_m2[reach];
        }
    }
    let length_m: Vec<f64> =
        (0..reaches).map(|_| 10.0 - 1_200.0 * numbers.next().max(1e-9).ln()).collect();
    let slope = |area_m2: f64| (0.1 * (area_m2 / 1e6).powf(-0.6)).clamp(8e-4, 0.2);
    let mut foot_m = vec![0.0; reaches];
    for reach in (0..reaches).rev() {
        if let Some(next) = below[reach] {
            foot_m[reach] = foot_m[next] + slope(area_m2[next]) * length_m[next];
        }
    }
    let mut first = Vec::with_capacity(reaches);
    let mut count = 0_u32;
    for length_m in &length_m {
        first.push(count);
        count += pieces(*length_m);
    }
    let mut nodes = Vec::new();
    for reach in 0..reaches {
        let parts = pieces(length_m[reach]);
        for part in 0..parts {
            let span_m = length_m[reach] / f64::from(parts);
            let station_m = (f64::from(part) + 0.5) * span_m;
            let square_km = area_m2[reach] / 1e6;
            let bed_m = foot_m[reach] + slope(area_m2[reach]) * (length_m[reach] - station_m);
            let last = part + 1 == parts;
            let next = if last { below[reach].map(|next| first[next]) } else { None };
            nodes.push(Node {
                reach: u32::try_from(reach)?,
                station_m,
                at_m: [0.0, 0.0],
                length_m: span_m,
                width_m: 5.0 * square_km.powf(0.35),
                bed_m,
                crest_m: [bed_m + 1.9 * square_km.powf(0.20); 2],
                upstream_m2: area_m2[reach],
                downstream: if last { next } else { Some(first[reach] + part + 1) },
            });
        }
    }
    Ok(Waterway::new(nodes)?)
}

/// Nodes of a reach, at most 200 m each.
fn pieces(length_m: f64) -> u32 {
    (1..1_000).find(|count| length_m <= 200.0 * f64::from(*count)).unwrap_or(1)
}

/// A storm of 40 mm/h on 0.3 mm/h, stronger from member to member.
fn run<const W: usize>(waterway: &Waterway, hours: u32, step_s: f64) -> Outcome {
    let nodes = waterway.nodes();
    let settings = Settings { step_s, ..Settings::default() };
    let mut river = River::<W>::new(waterway, settings)?;
    let pond =
        |node: &Node| Some(Pond { area_m2: 200.0 * node.length_m, floor_m: node.crest_m[0] });
    let ponds = (0_u32..).zip(nodes).map(|(i, node)| (i, [pond(node), pond(node)])).collect();
    river.install(Works { ponds, ..Works::default() })?;
    let inflow = |hour: f64| -> Vec<[f64; W]> {
        let rain_mm_h = 0.3 + 40.0 * (-((hour - 6.0) / 2.0).powi(2)).exp();
        let lateral = |node: &Node| {
            let flow = node.length_m * SLOPE_M * rain_mm_h / 3.6e6;
            std::array::from_fn(|lane| flow * (0.8 + 0.1 * lane as f64))
        };
        nodes.iter().map(lateral).collect()
    };
    river.set_normal(&inflow(-100.0))?;
    let began = Moment::now();
    let mut peak = 0.0_f64;
    for step in 0..6 * hours {
        river.advance(600.0, &inflow(f64::from(step) / 6.0))?;
        peak = peak.max(river.discharge_m3_s(nodes.len() - 1)[0]);
    }
    let spent = began.processor().as_secs_f64();
    let spilled: f64 =
        (0..nodes.len()).flat_map(|node| river.spilled_m3(node)).map(|s| s[W - 1]).sum();
    println!(
        "{} nodes, {W} member(s), {hours} h in steps of {step_s} s: {spent:.2} s of processor, {:.1} s for 20 \
         members; peak {peak:.1} m³/s, {spilled:.0} m³ beside the rivers; {:?}",
        nodes.len(),
        spent * 20.0 / W as f64,
        river.effort(),
    );
    for error in river.ledger().relative_error() {
        assert!(error.abs() <= 1e-9, "{:?}", river.ledger());
    }
    Ok(())
}

fn main() -> Outcome {
    if !std::env::args().any(|word| word == "--bench") {
        return run::<4>(&network(40)?, 2, 60.0);
    }
    let waterway = network(800)?;
    run::<1>(&waterway, 36, 60.0)?;
    for step_s in [10.0, 30.0, 60.0, 120.0, 300.0] {
        run::<4>(&waterway, 36, step_s)?;
    }
    Ok(())
}
