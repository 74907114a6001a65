//! One-dimensional flow whose water is known. A bound is some 20 % above what was measured.

use jomo_flood::river::{
    Barrier, Dam, Outlet, Passes, Pond, River, Rule, Settings, Works, weir_m2_s,
};
use jomo_flood::waterway::{Node, Waterway};
use jomo_flood::{BasinError, GRAVITY, Series};
use proptest::prelude::*;

use crate::flows::root;

/// A straight channel of nodes from `x = 0` on, with crests 10 m above the bed.
pub(crate) fn canal(count: u32, length_m: f64, width_m: f64, bed: impl Fn(f64) -> f64) -> Waterway {
    let node = |index: u32| {
        let x = (f64::from(index) + 0.5) * length_m;
        Node {
            reach: 0,
            station_m: x,
            at_m: [x, 0.0],
            length_m,
            width_m,
            bed_m: bed(x),
            crest_m: [bed(x) + 10.0; 2],
            upstream_m2: 1e6,
            downstream: (index + 1 < count).then_some(index + 1),
        }
    };
    Waterway::new((0..count).map(node).collect()).unwrap()
}

pub(crate) fn settings(manning: f64, step_s: f64) -> Settings {
    Settings { manning: vec![manning], step_s, ..Settings::default() }
}

/// Inflow at the first node of `count` only.
pub(crate) fn from_above<const W: usize>(count: usize, inflow: [f64; W]) -> Vec<[f64; W]> {
    let mut lateral = vec![[0.0; W]; count];
    lateral[0] = inflow;
    lateral
}

/// Discharge of uniform flow.
fn manning(width: f64, depth: f64, slope: f64, n: f64) -> f64 {
    let area = width * depth;
    area * (area / (width + 2.0 * depth)).powf(2.0 / 3.0) * slope.sqrt() / n
}

fn closes<const W: usize>(river: &River<W>) {
    for error in river.ledger().relative_error() {
        assert!(error.abs() <= 1e-11, "{error:e}: {:?}", river.ledger());
    }
}

#[test]
fn uniform_flow_has_the_depth_of_manning() {
    for (slope, depth, width) in [
        (0.0002, 3.0, 40.0),
        (0.001, 1.0, 20.0),
        (0.01, 0.5, 8.0),
        (0.1, 0.3, 4.0),
        (0.3, 0.02, 2.0),
    ] {
        let flow = manning(width, depth, slope, 0.03);
        let waterway = canal(40, 100.0, width, |x| 1_000.0 - slope * x);
        let mut river = River::<1>::new(&waterway, settings(0.03, 60.0)).unwrap();
        let lateral = from_above(40, [flow]);
        river.advance(200_000.0, &lateral).unwrap();
        let [found] = river.depth_m(20);
        assert!((found / depth - 1.0).abs() <= 1e-3, "slope {slope}: {found} for {depth}");
        closes(&river);
        let mut steady = River::<1>::new(&waterway, settings(0.03, 60.0)).unwrap();
        steady.set_normal(&lateral).unwrap();
        assert!((steady.depth_m(20)[0] / depth - 1.0).abs() <= 1e-3);
        assert!((steady.discharge_m3_s(39)[0] / flow - 1.0).abs() <= 1e-3);
    }
}

/// Levels of steady flow at and above an end, by `dH/dx = -S_f` without kinetic head, which the
/// local inertial equations leave out: Runge and Kutta's method against the stream.
fn backwater(width: f64, slope: f64, flow: f64, end: f64, points: &[f64]) -> Vec<f64> {
    let n = 0.03;
    let change = |h: f64| {
        let area: f64 = width * h;
        let friction = (flow * n / area).powi(2) / (area / (width + 2.0 * h)).powf(4.0 / 3.0);
        slope - friction
    };
    let (mut x, mut h, mut out) = (0.0, end, Vec::new());
    for point in points {
        let steps = 200;
        let dx = (point - x) / f64::from(steps);
        for _ in 0..steps {
            let k1 = -change(h);
            let k2 = -change(h + 0.5 * dx * k1);
            let k3 = -change(h + 0.5 * dx * k2);
            let k4 = -change(h + dx * k3);
            h += dx / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
        }
        x = *point;
        out.push(h);
    }
    out
}

#[test]
fn a_raised_level_backs_water_up() {
    let (width, slope, flow) = (20.0, 0.001, 40.0);
    for (nodes, length, bound) in [(40, 200.0, 0.012), (160, 50.0, 0.002)] {
        let waterway = canal(nodes, length, width, |x| 50.0 - slope * x);
        let mut river = River::<1>::new(&waterway, settings(0.03, 60.0)).unwrap();
        let end_bed = 50.0 - slope * 8_000.0;
        let stage = Outlet::Stage(Series::constant(end_bed + 4.0));
        let outlets = vec![(nodes - 1, stage)];
        river.install(Works { outlets, ..Works::default() }).unwrap();
        let lateral = from_above(nodes as usize, [flow]);
        river.set_normal(&lateral).unwrap();
        river.advance(100_000.0, &lateral).unwrap();
        let middles: Vec<f64> = (0..nodes).map(|index| (f64::from(index) + 0.5) * length).collect();
        let exact = backwater(width, slope, flow, 4.0, &middles);
        for (index, exact) in exact.iter().enumerate() {
            let [found] = river.depth_m(nodes as usize - 1 - index);
            assert!((found / exact - 1.0).abs() <= bound, "{index} of {nodes}: {found} {exact}");
        }
        closes(&river);
    }
}

#[test]
fn water_comes_in_where_the_level_outside_is_higher() {
    let waterway = canal(20, 100.0, 10.0, |_| 0.0);
    let mut river = River::<1>::new(&waterway, settings(0.03, 30.0)).unwrap();
    let outlets = vec![(19, Outlet::Stage(Series::constant(2.0)))];
    river.install(Works { outlets, ..Works::default() }).unwrap();
    river.advance(100_000.0, &from_above(20, [0.0])).unwrap();
    for node in 0..20 {
        assert!((river.level_m(node)[0] - 2.0).abs() < 1e-6, "{node}: {:?}", river.level_m(node));
    }
    assert!((river.ledger().outflow_m3[0] + 2_000.0 * 10.0 * 2.0).abs() < 0.1);
    closes(&river);
}

/// A small wave on a steep river moves at the speed of kinematic waves and keeps its volume.
#[test]
fn a_wave_travels_at_its_celerity() {
    let (width, slope, n, base) = (10.0, 0.01, 0.03, 20.0);
    let depth = root(0.01, 10.0, |h| manning(width, h, slope, n) - base);
    let by_depth = (manning(width, depth + 1e-6, slope, n) - base) / 1e-6;
    let celerity = by_depth / width;
    let waterway = canal(200, 100.0, width, |x| 500.0 - slope * x);
    let mut river = River::<1>::new(&waterway, settings(n, 20.0)).unwrap();
    river.set_normal(&from_above(200, [base])).unwrap();
    // First moment of the wave at two places: its delay is distance over celerity.
    let mut moments = [[0.0; 2]; 2];
    for step in 0..900 {
        let t = 20.0 * f64::from(step);
        let pulse = (-((t - 3_000.0) / 600.0_f64).powi(2)).exp();
        river.advance(20.0, &from_above(200, [base + 0.2 * pulse])).unwrap();
        for (moment, node) in moments.iter_mut().zip([20, 180]) {
            let [flow] = river.discharge_m3_s(node);
            moment[0] += flow - base;
            moment[1] += (flow - base) * t;
        }
    }
    let delays = moments.map(|[mass, first]| first / mass);
    let expected = 16_000.0 / celerity;
    assert!(((delays[1] - delays[0]) / expected - 1.0).abs() < 0.01, "{delays:?} {expected}");
    assert!((moments[1][0] / moments[0][0] - 1.0).abs() < 1e-3, "{moments:?}");
    closes(&river);
}

/// Fast water in short steps: waves of the local inertial equations would grow on it without end
/// where they are not held (peak 429 m³/s instead of 198).
#[test]
fn a_flood_on_fast_water_does_not_grow() {
    let waterway = canal(400, 50.0, 20.0, |x| 500.0 - 0.01 * x);
    let mut river = River::<1>::new(&waterway, settings(0.035, 5.0)).unwrap();
    river.set_normal(&from_above(400, [20.0])).unwrap();
    let (mut peak, mut steepest) = (0.0_f64, 0.0_f64);
    for step in 0..80 {
        let wave = (-((300.0 * f64::from(step) - 7_200.0) / 2_400.0_f64).powi(2)).exp();
        river.advance(300.0, &from_above(400, [20.0 + 180.0 * wave])).unwrap();
        peak = peak.max(river.discharge_m3_s(399)[0]);
        let between = |node: usize| (river.depth_m(node + 1)[0] - river.depth_m(node)[0]).abs();
        steepest = (0..399).map(between).fold(steepest, f64::max);
    }
    assert!((195.0..200.0).contains(&peak), "{peak}");
    assert!(steepest < 0.05, "{steepest}");
    closes(&river);
}

/// The wave of a long deep canal without friction swings with the period of its length.
#[test]
fn water_swings_in_a_closed_canal() {
    let (count, depth) = (100, 4.0);
    let waterway = canal(count, 100.0, 50.0, |_| 0.0);
    let mut river = River::<1>::new(&waterway, settings(0.005, 1.0)).unwrap();
    river.install(Works { outlets: vec![(99, Outlet::Closed)], ..Works::default() }).unwrap();
    let middle = |node: usize| (f64::from(u32::try_from(node).unwrap()) + 0.5) * 100.0;
    let fill: Vec<[f64; 1]> = (0..100)
        .map(|node| {
            let swing = (std::f64::consts::PI * middle(node) / 10_000.0).cos();
            [(depth + 0.02 * swing) * 5_000.0]
        })
        .collect();
    river.advance(1e-6, &fill.iter().map(|[volume]| [volume / 1e-6]).collect::<Vec<_>>()).unwrap();
    let none = vec![[0.0]; 100];
    let period = 2.0 * 10_000.0 / (GRAVITY * depth).sqrt();
    let mut lows = Vec::new();
    let mut last = [f64::INFINITY; 2];
    for second in 0..12_000 {
        river.advance(1.0, &none).unwrap();
        let [level] = river.level_m(0);
        if last[1] < last[0] && last[1] < level {
            lows.push(f64::from(second) - 1.0);
        }
        last = [last[1], level];
    }
    let found = lows[1] - lows[0];
    assert!((found / period - 1.0).abs() < 0.01, "{lows:?}: {found} for {period}");
    closes(&river);
}

#[test]
fn level_pools_rest_and_dams_break_without_loss() {
    let waterway = canal(50, 40.0, 8.0, |x| 0.002 * (x - 1_000.0).abs());
    let settings = || settings(0.03, 30.0);
    let closed = || Works { outlets: vec![(49, Outlet::Closed)], ..Works::default() };
    let mut river = River::<1>::new(&waterway, settings()).unwrap();
    river.install(closed()).unwrap();
    let levels = |level: f64, from: usize| -> Vec<[f64; 1]> {
        let volume = |(index, node): (usize, &Node)| {
            if index < from { 0.0 } else { (level - node.bed_m).max(0.0) * 320.0 / 1e-6 }
        };
        waterway.nodes().iter().enumerate().map(|pair| [volume(pair)]).collect()
    };
    river.advance(1e-6, &levels(1.0, 0)).unwrap();
    let before: Vec<u64> = (0..50).map(|node| river.level_m(node)[0].to_bits()).collect();
    river.advance(36_000.0, &[[0.0]; 50]).unwrap();
    for (node, before) in before.iter().enumerate() {
        let moved = river.level_m(node)[0] - f64::from_bits(*before);
        assert!(moved.abs() < 1e-9, "{node}: {moved:e}");
    }
    // A wall at 25 goes: water runs over dry bed and comes to rest at one level.
    let mut river = River::<1>::new(&waterway, settings()).unwrap();
    river.install(closed()).unwrap();
    river.advance(1e-6, &levels(2.5, 25)).unwrap();
    river.advance(86_400.0, &[[0.0]; 50]).unwrap();
    let rest = river.level_m(25)[0];
    for node in 0..50 {
        assert!((river.level_m(node)[0] - rest).abs() < 1e-4 || river.depth_m(node)[0] < 1e-3);
        assert!(0.0 <= river.depth_m(node)[0]);
    }
    closes(&river);
}

/// Four metres of water appear at the end of a dry canal, and the step is ten minutes: no method
/// gets through that in one step, so it is taken in parts.
#[test]
fn a_step_too_long_is_taken_in_parts() {
    let waterway = canal(160, 50.0, 20.0, |x| 50.0 - 0.0005 * x);
    let mut river = River::<2>::new(&waterway, settings(0.03, 600.0)).unwrap();
    let outlets = vec![(159, Outlet::Stage(Series::constant(50.0)))];
    river.install(Works { outlets, ..Works::default() }).unwrap();
    let mut alone = River::<1>::new(&waterway, settings(0.03, 600.0)).unwrap();
    let outlets = vec![(159, Outlet::Stage(Series::constant(50.0)))];
    alone.install(Works { outlets, ..Works::default() }).unwrap();
    for step in 0..20 {
        let calm = if step < 10 { 0.0 } else { 1.0 };
        river.advance(600.0, &from_above(160, [calm, 40.0])).unwrap();
        alone.advance(600.0, &from_above(160, [40.0])).unwrap();
    }
    assert!(20 < alone.effort().solved && alone.effort().unfinished == 0, "{:?}", alone.effort());
    for node in 0..160 {
        assert_eq!(river.depth_m(node)[1].to_bits(), alone.depth_m(node)[0].to_bits());
        assert!(river.depth_m(node)[0] < 4.1, "{node}: {:?}", river.depth_m(node));
    }
    closes(&river);
}

#[test]
fn rivers_run_dry_and_give_no_more_than_they_have() {
    let waterway = canal(30, 100.0, 10.0, |x| 50.0 - 0.005 * x);
    let mut river = River::<1>::new(&waterway, settings(0.03, 60.0)).unwrap();
    river.set_normal(&from_above(30, [30.0])).unwrap();
    let mut lateral = vec![[0.0]; 30];
    lateral[15] = [-50.0];
    river.advance(86_400.0, &lateral).unwrap();
    for node in 0..30 {
        assert!((0.0..1e-2).contains(&river.depth_m(node)[0]), "{node}: {:?}", river.depth_m(node));
    }
    assert!(river.depth_m(15)[0] < 1e-9);
    let ledger = river.ledger();
    assert!(0.0 < ledger.taken_m3[0] && ledger.taken_m3[0] < 50.0 * 86_400.0);
    closes(&river);
}

#[test]
fn the_law_of_honma_is_one_curve() {
    let free = weir_m2_s(0.8, 0.0);
    assert!((free - 0.35 * 0.8 * (2.0 * GRAVITY * 0.8).sqrt()).abs() < 1e-12);
    let ratio = weir_m2_s(1.0, 2.0 / 3.0) / weir_m2_s(1.0, 0.666);
    assert!((ratio - 0.3503 / 0.35).abs() < 2e-4, "{ratio}");
    assert!(weir_m2_s(1.0, 1.0).abs() < 1e-12 && weir_m2_s(0.0, 0.0).abs() < 1e-12);
}

/// Steady flow over a sill, under a gate and out of a dam: the law is met in each.
#[test]
fn structures_pass_what_their_laws_say() {
    let waterway = canal(20, 100.0, 10.0, |x| 50.0 - 0.001 * x);
    let lateral = from_above(20, [12.0]);
    let steady = |barrier: Barrier| {
        let mut river = River::<1>::new(&waterway, settings(0.03, 60.0)).unwrap();
        river.install(Works { barriers: vec![(9, barrier)], ..Works::default() }).unwrap();
        river.advance(400_000.0, &lateral).unwrap();
        assert!((river.discharge_m3_s(9)[0] - 12.0).abs() < 1e-3, "{:?}", river.discharge_m3_s(9));
        closes(&river);
        river
    };
    let bed = waterway.nodes()[9].bed_m;
    let river = steady(Barrier::Sill { crest_m: bed + 2.0, width_m: 8.0 });
    let head = river.level_m(9)[0] - (bed + 2.0);
    assert!((8.0 * weir_m2_s(head, 0.0) / 12.0 - 1.0).abs() < 1e-3, "{head}");
    let gate = |passes| Barrier::Gate {
        sill_m: bed,
        width_m: 4.0,
        opening_m: Series::constant(0.6),
        passes,
    };
    let river = steady(gate(Passes::Downstream));
    let (above, below) = (river.level_m(9)[0] - bed, river.level_m(10)[0] - bed);
    let fall = above - below.max(0.61 * 0.6);
    let flow = 0.61 * 4.0 * 0.6 * (2.0 * GRAVITY * fall).sqrt();
    assert!((flow / 12.0 - 1.0).abs() < 1e-3 && 1.0 < above, "{above} {below}");
    let dam = Dam {
        area_m2: 1e5,
        spillway_m: [bed + 8.0, 10.0],
        release: Series::new("release", vec![[0.0, 3.0], [7_200.0, 3.0]]).unwrap(),
        rule: Rule::Cut { from_m3_s: 4.0, share: 0.25 },
    };
    let mut river = River::<1>::new(&waterway, settings(0.03, 60.0)).unwrap();
    river.install(Works { barriers: vec![(9, Barrier::Dam(dam))], ..Works::default() }).unwrap();
    river.advance(7_000.0, &lateral).unwrap();
    assert!((river.discharge_m3_s(9)[0] - 3.0).abs() < 1e-9);
    river.advance(20_000.0, &lateral).unwrap();
    let [inflow] = river.discharge_m3_s(8);
    let rule = 4.0 + 0.25 * (inflow - 4.0);
    assert!((river.discharge_m3_s(9)[0] - rule).abs() < 0.01 && 4.0 < inflow, "{inflow}");
    river.advance(400_000.0, &lateral).unwrap();
    let head = river.level_m(9)[0] - (bed + 8.0);
    let spills = 10.0 * weir_m2_s(head, 0.0);
    assert!((spills / 6.0 - 1.0).abs() < 0.02 && 0.3 < head, "{head} {spills}");
    closes(&river);
}

#[test]
fn flaps_keep_high_water_out() {
    let waterway = canal(10, 100.0, 5.0, |_| 0.0);
    let mut river = River::<1>::new(&waterway, settings(0.03, 30.0)).unwrap();
    let flap = Barrier::Gate {
        sill_m: 0.0,
        width_m: 2.0,
        opening_m: Series::constant(1.0),
        passes: Passes::Downstream,
    };
    let outlets = vec![(9, Outlet::Stage(Series::constant(3.0)))];
    river.install(Works { outlets, barriers: vec![(4, flap)], ..Works::default() }).unwrap();
    river.advance(50_000.0, &from_above(10, [0.0])).unwrap();
    assert!(river.depth_m(4)[0] < 1e-9 && (river.depth_m(5)[0] - 3.0).abs() < 1e-5);
    closes(&river);
}

fn with_crests(waterway: &Waterway, height: f64) -> Waterway {
    let lowered = |mut node: Node| {
        node.crest_m = [node.bed_m + height, node.bed_m + height + 0.5];
        node
    };
    Waterway::new(waterway.nodes().iter().copied().map(lowered).collect()).unwrap()
}

#[test]
fn water_spills_over_the_lower_bank_and_comes_back() {
    let waterway = with_crests(&canal(20, 100.0, 10.0, |x| 50.0 - 0.001 * x), 2.0);
    let mut river = River::<2>::new(&waterway, settings(0.03, 60.0)).unwrap();
    let pond = |node: &Node| Some(Pond { area_m2: 50_000.0, floor_m: node.crest_m[0] - 0.2 });
    let ponds = (0_u32..).zip(waterway.nodes()).map(|(i, node)| (i, [pond(node), None])).collect();
    river.install(Works { ponds, ..Works::default() }).unwrap();
    // Bank-full is some 27 m³/s: one member stays within, the other does not.
    river.set_normal(&from_above(20, [20.0, 20.0])).unwrap();
    for _ in 0..36 {
        river.advance(600.0, &from_above(20, [22.0, 80.0])).unwrap();
    }
    let spilled = |river: &River<2>, lane: usize| -> f64 {
        (0..20).map(|node| river.spilled_m3(node)[0][lane]).sum()
    };
    assert!(spilled(&river, 0).abs() < 1e-9 && 1e5 < spilled(&river, 1));
    assert!(river.spilled_m3(5)[1].iter().all(|volume| volume.abs() < 1e-9), "no pond there");
    assert!(river.discharge_m3_s(19)[1] < 60.0);
    closes(&river);
    let most = spilled(&river, 1);
    for _ in 0..144 {
        river.advance(600.0, &from_above(20, [10.0, 10.0])).unwrap();
    }
    // What stands above the crest comes back; the rest stays behind it.
    let left = spilled(&river, 1);
    assert!(left < 0.9 * most, "{left} of {most}");
    for node in 0..20 {
        let level = river.pond_level_m(node)[0][1];
        assert!(level <= waterway.nodes()[node].crest_m[0] + 0.03, "{node}: {level}");
    }
    closes(&river);
}

/// Two tributaries of very different size, and nodes of 2 m among those of 200 m.
fn fork() -> Waterway {
    let mut nodes = Vec::new();
    let mut chain = |count: u32, length_m: f64, width_m: f64, top: f64, next: u32| {
        for index in 0..count {
            let last = index + 1 == count;
            let here = u32::try_from(nodes.len()).unwrap();
            let bed_m = top - 0.005 * length_m * f64::from(index);
            nodes.push(Node {
                reach: 0,
                station_m: 0.0,
                at_m: [0.0; 2],
                length_m,
                width_m,
                bed_m,
                crest_m: [bed_m + 2.0; 2],
                upstream_m2: 1e6,
                downstream: if last { (0 < next).then_some(next) } else { Some(here + 1) },
            });
        }
    };
    chain(1, 2.0, 3.0, 20.0, 12);
    chain(5, 200.0, 5.0, 25.0, 6);
    chain(6, 3.0, 20.0, 19.5, 12);
    chain(20, 150.0, 22.0, 19.0, 0);
    Waterway::new(nodes).unwrap()
}

fn stormy<const W: usize>(step: u32, factors: [f64; W]) -> Vec<[f64; W]> {
    let wave = (-((f64::from(step) - 12.0) / 5.0).powi(2)).exp();
    (0..32).map(|node| factors.map(|f| f * (0.1 + wave * f64::from(1 + node % 3)))).collect()
}

fn prepared<const W: usize>() -> River<W> {
    let waterway = fork();
    let mut river = River::<W>::new(&waterway, Settings::default()).unwrap();
    let pond = |node: &Node| Some(Pond { area_m2: 3_000.0, floor_m: node.crest_m[0] });
    let ponds =
        (0_u32..).zip(waterway.nodes()).map(|(i, node)| (i, [pond(node), pond(node)])).collect();
    let sill = Barrier::Sill { crest_m: waterway.nodes()[20].bed_m + 0.5, width_m: 15.0 };
    river.install(Works { ponds, barriers: vec![(20, sill)], ..Works::default() }).unwrap();
    river
}

/// Members together have the bits of each alone, with one, two or four in a block.
#[test]
fn lanes_do_not_see_each_other() {
    let factors = [0.2, 1.0, 3.0, 0.7];
    let mut together = prepared::<4>();
    together.set_roughness([0.8, 1.0, 1.2, 1.4]).unwrap();
    together.set_normal(&stormy(0, factors)).unwrap();
    (0..48).for_each(|step| together.advance(600.0, &stormy(step, factors)).unwrap());
    for lane in 0..4 {
        let mut alone = prepared::<1>();
        let roughness = [0.8, 1.0, 1.2, 1.4][lane];
        alone.set_roughness([roughness]).unwrap();
        alone.set_normal(&stormy(0, [factors[lane]])).unwrap();
        (0..48).for_each(|step| alone.advance(600.0, &stormy(step, [factors[lane]])).unwrap());
        for node in 0..32 {
            let bits = |a: f64, b: f64| assert_eq!(a.to_bits(), b.to_bits(), "{lane} {node}");
            bits(together.depth_m(node)[lane], alone.depth_m(node)[0]);
            bits(together.discharge_m3_s(node)[lane], alone.discharge_m3_s(node)[0]);
            bits(together.spilled_m3(node)[1][lane], alone.spilled_m3(node)[1][0]);
        }
    }
    closes(&together);
    assert_eq!(together.effort().unfinished, 0, "{:?}", together.effort());
    assert!((0..32).any(|node| 0.0 < together.spilled_m3(node)[0][2]));
}

#[test]
fn a_saved_river_goes_on_bit_for_bit() {
    let factors = [2.5];
    let mut river = prepared::<1>();
    (0..12).for_each(|step| river.advance(600.0, &stormy(step, factors)).unwrap());
    let saved = river.save();
    let mut again = prepared::<1>();
    again.restore(&saved).unwrap();
    assert_eq!(again.save(), saved);
    for step in 12..30 {
        river.advance(600.0, &stormy(step, factors)).unwrap();
        again.advance(600.0, &stormy(step, factors)).unwrap();
    }
    assert_eq!(river.save(), again.save());
    assert!(saved.len() <= 4_096, "{}", saved.len());
    let mut victim = prepared::<1>();
    for length in 0..saved.len() {
        assert!(matches!(victim.restore(&saved[..length]), Err(BasinError::Saved { .. })));
    }
    let mut flipped = saved.clone();
    let mut random = 88_172_645_463_325_252_u64;
    for _ in 0..2_000 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let at = usize::try_from(random % saved.len() as u64).unwrap();
        let bit = 1_u8 << (random >> 60 & 7);
        flipped[at] ^= bit;
        assert!(matches!(victim.restore(&flipped), Err(BasinError::Saved { .. })));
        flipped[at] ^= bit;
    }
    assert_eq!(victim.save(), prepared::<1>().save());
    assert!(River::<2>::new(&fork(), Settings::default()).unwrap().restore(&saved).is_err());
}

#[test]
fn corrections_are_counted() {
    let mut river = prepared::<2>();
    river.set_normal(&stormy(0, [1.0, 1.0])).unwrap();
    let before = river.depth_m(10);
    let added = river.scale_depth(10, [1.2, 0.5]).unwrap();
    assert!((river.depth_m(10)[0] / before[0] - 1.2).abs() < 1e-12);
    assert!(0.0 < added[0] && added[1] < 0.0);
    river.advance(600.0, &stormy(0, [1.0, 1.0])).unwrap();
    closes(&river);
    assert!(river.scale_depth(10, [-1.0, 1.0]).is_err());
    assert!(river.scale_depth(32, [1.0, 1.0]).is_err());
}

#[test]
fn impossible_rivers_are_refused() {
    let waterway = fork();
    let river =
        |settings: Settings| River::<1>::new(&waterway, settings).err().map(|e| e.to_string());
    assert_eq!(river(settings(0.0, 60.0)).unwrap(), "manning = 0: expected 0.005 to 1 s/m^(1/3)");
    assert_eq!(river(settings(0.03, 0.0)).unwrap(), "step_s = 0: expected 0.01 to 3600 s");
    let few = Settings { manning: vec![0.03; 3], ..Settings::default() };
    assert_eq!(river(few).unwrap(), "roughness of nodes: 3 where 32 are expected");
    let mut river = River::<1>::new(&waterway, Settings::default()).unwrap();
    let outlets = vec![(3, Outlet::Closed)];
    let fault = river.install(Works { outlets, ..Works::default() }).unwrap_err();
    assert_eq!(fault.to_string(), "outlet 0: expected a node without one downstream");
    let barriers = vec![(99, Barrier::Sill { crest_m: 1.0, width_m: 1.0 })];
    assert!(river.install(Works { barriers, ..Works::default() }).is_err());
    let mut lateral = vec![[1.0]; 32];
    assert!(river.advance(0.0, &lateral).is_err());
    lateral[7] = [f64::NAN];
    let fault = river.advance(60.0, &lateral).unwrap_err();
    assert_eq!(fault, BasinError::Broken { what: "lateral inflow", index: 7 });
    assert!(river.set_roughness([20.0]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever flows in, in whatever steps: no depth is negative and no water is lost.
    #[test]
    fn any_inflow_keeps_its_volume(
        inflows in prop::collection::vec((-5.0..40.0_f64, 0_usize..32), 1..12),
        seconds in 1.0..4_000.0_f64,
    ) {
        let mut river = prepared::<1>();
        for (inflow, node) in inflows {
            let mut lateral = vec![[0.0]; 32];
            lateral[node] = [inflow];
            river.advance(seconds, &lateral).unwrap();
            for node in 0..32 {
                prop_assert!(0.0 <= river.depth_m(node)[0]);
            }
            let [error] = river.ledger().relative_error();
            prop_assert!(error.abs() <= 1e-9, "{error:e}");
        }
    }
}
