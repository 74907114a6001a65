//! One-dimensional flow whose water is known.

use jomo_flood::GRAVITY;
use jomo_flood::river::{River, Settings};
use jomo_flood::waterway::{Node, Waterway};

/// A straight channel of nodes from `x = 0` on.
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

fn manning_flow(width: f64, depth: f64, slope: f64, n: f64) -> f64 {
    let area = width * depth;
    area * (area / (width + 2.0 * depth)).powf(2.0 / 3.0) * slope.sqrt() / n
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
        let flow = manning_flow(width, depth, slope, 0.03);
        let waterway = canal(40, 100.0, width, |x| 1_000.0 - slope * x);
        let mut river = River::<1>::new(&waterway, settings(0.03, 60.0)).unwrap();
        let lateral = from_above(40, [flow]);
        river.advance(200_000.0, &lateral).unwrap();
        let [found] = river.depth_m(20);
        assert!((found / depth - 1.0).abs() <= 1e-3, "slope {slope}: {found} for {depth}");
        let [error] = river.ledger().relative_error();
        assert!(error.abs() <= 1e-12, "{error:e}");
        let mut steady = River::<1>::new(&waterway, settings(0.03, 60.0)).unwrap();
        steady.set_normal(&lateral).unwrap();
        assert!((steady.depth_m(20)[0] / depth - 1.0).abs() <= 1e-3);
        assert!((steady.discharge_m3_s(39)[0] / flow - 1.0).abs() <= 1e-3);
    }
    assert!(GRAVITY > 9.8);
}
