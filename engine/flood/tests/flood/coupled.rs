//! Rivers and the plain together, breaches, and nodes out of heights.

use jomo_core::grid::{Grid, Placement};
use jomo_core::projection::Zone;
use jomo_flood::river::{
    Breach, BreachRule, Coupled, GivenCrest, Outlet, Plain, Pond, River, Settings, Trigger, Works,
};
use jomo_flood::waterway::{Node, Waterway};
use jomo_flood::{Compass, Flow, Forcing, Ground, Rain, Real, Roughness, Series, Stretch};
use jomo_terrain::{
    Conditioning, Flow as Ways, Network, SectionRule, accumulation, banks, condition, sections,
};

/// A plain of 60 x 60 cells of 10 m that falls to the east, with a river 15 m wide through it at
/// 3 m below the ground, between levees of `levee_m` on cells 20 to 30 m from its middle.
fn plain(levee_m: f64) -> (Waterway, Plain) {
    let land = |x: f64| 20.0 - 0.002 * x;
    let node = |index: u32| {
        let x = 25.0 + 50.0 * f64::from(index);
        Node {
            reach: 0,
            station_m: x,
            at_m: [x, 300.0],
            length_m: 50.0,
            width_m: 15.0,
            bed_m: land(x) - 3.0,
            crest_m: [land(x) + levee_m; 2],
            upstream_m2: 1e7,
            downstream: (index < 11).then_some(index + 1),
        }
    };
    let waterway = Waterway::new((0..12).map(node).collect()).unwrap();
    let bed = (0..3_600)
        .map(|cell| {
            let (row, column) = (f64::from(cell / 60), f64::from(cell % 60));
            let away = (300.0 - (600.0 - 10.0 * (row + 0.5))).abs();
            let height = if 20.0 < away && away < 30.0 { levee_m } else { 0.0 };
            land(10.0 * (column + 0.5)) + height - if away < 10.0 { 2.0 } else { 0.0 }
        })
        .collect();
    let ground = Ground::new([60, 60], 10.0, bed, Roughness::Uniform(0.05)).unwrap();
    let rim =
        vec![Stretch { side: Compass::East, range_m: None, flow: Flow::Open { slope: 0.002 } }];
    let forcing = Forcing { rim, ..Forcing::default() };
    let settings = jomo_flood::Settings::default();
    let node_of_cell = Vec::new();
    (waterway, Plain { ground, origin_m: [0.0, 600.0], forcing, settings, node_of_cell })
}

fn inflow(flow: f64) -> Vec<[f64; 1]> {
    let mut lateral = vec![[0.0]; 12];
    lateral[0] = [flow];
    lateral
}

#[test]
fn what_spills_floods_the_plain_and_nothing_is_lost() {
    let (waterway, mut plain) = plain(0.0);
    plain.forcing.rain = Some(Rain::uniform(Series::constant(20.0)));
    let mut river = River::<1>::new(&waterway, Settings::default()).unwrap();
    river.set_normal(&inflow(60.0)).unwrap();
    let mut both = Coupled::new(river, &waterway, plain).unwrap();
    assert!(100 <= both.bank_cells().len());
    both.advance(600.0, &inflow(60.0)).unwrap();
    // Bank-full is some 95 m³/s: only rain runs off the plain into the river.
    assert!(both.ledger().spilled_m3 < 0.0, "{:?}", both.ledger());
    both.advance(2_400.0, &inflow(200.0)).unwrap();
    let high = both.ledger();
    assert!(1e4 < high.spilled_m3, "{high:?}");
    assert!(high.relative_error().abs() <= 1e-6, "{:e}", high.relative_error());
    let exact = high.error_m3() - high.plain.error_m3();
    assert!(exact.abs() <= 1e-9 * high.river.lateral_m3[0], "{exact:e}");
    both.advance(7_200.0, &inflow(5.0)).unwrap();
    let low = both.ledger();
    assert!(low.spilled_m3 < high.spilled_m3, "some came back: {low:?}");
    assert!(low.relative_error().abs() <= 1e-6, "{:e}", low.relative_error());
    let exact = low.error_m3() - low.plain.error_m3();
    assert!(exact.abs() <= 1e-9 * low.river.lateral_m3[0], "{exact:e}");
}

/// A river over its banks whose water stands in ponds beside it.
fn ponded(waterway: &Waterway) -> River<1> {
    let mut river = River::<1>::new(waterway, Settings::default()).unwrap();
    let pond = |node: &Node| Some(Pond { area_m2: 6_000.0, floor_m: node.crest_m[0] - 0.2 });
    let ponds = waterway.nodes().iter().map(|node| [pond(node), pond(node)]);
    river.install(Works { ponds: (0..).zip(ponds).collect(), ..Works::default() }).unwrap();
    river.set_normal(&inflow(60.0)).unwrap();
    river.advance(1_800.0, &inflow(200.0)).unwrap();
    river
}

#[test]
fn water_on_the_land_stays_there() {
    let (waterway, mut plain) = plain(0.0);
    let river = ponded(&waterway);
    let stood_m3: f64 =
        (0..12).map(|node| river.spilled_m3(node).map(|side| side[0]).iter().sum::<f64>()).sum();
    assert!(1e4 < stood_m3, "{stood_m3}");
    let in_channel = |river: &River<1>| -> f64 { (0..12).map(|node| river.depth_m(node)[0]).sum() };
    let before = in_channel(&river);

    // Without land of its own the water returns to the channel.
    let back = Coupled::new(river.clone(), &waterway, plain.clone()).unwrap();
    assert!(back.plain().storage_m3() < 1e-9 && before + 1.0 < in_channel(back.river()));

    plain.node_of_cell = (0..3_600_u32).map(|cell| (cell % 60) / 5).collect();
    plain.settings.time_step = jomo_flood::TimeStep::Local;
    plain.settings.tile_edge = 32;
    let mut both = Coupled::new(river, &waterway, plain).unwrap();
    let start = both.ledger();
    assert!((both.plain().storage_m3() / stood_m3 - 1.0).abs() < 1e-6, "{start:?}");
    assert!((in_channel(both.river()) - before).abs() < 1e-9);
    assert!(start.error_m3().abs() <= 1e-9 * stood_m3, "{start:?}");
    // Level water on the lowest land: the cells of a node share one surface.
    let cells = (0..60).flat_map(|row| (10..15).map(move |column| [row, column]));
    let bed = |[row, column]: [usize; 2]| {
        let away = (300.0 - (600.0 - 10.0 * (row as f64 + 0.5))).abs();
        (20.0 - 0.02 * (column as f64 + 0.5), 20.0 < away)
    };
    let levels = cells.filter_map(|cell| {
        let (bed_m, is_land) = bed(cell);
        let [depth, ..] = both.plain().at(cell)?;
        (is_land && 1e-3 < depth).then_some(bed_m + depth)
    });
    let (low, high) =
        levels.fold((f64::MAX, f64::MIN), |(a, b), level| (a.min(level), b.max(level)));
    assert!(high - low < 1e-4 && low < high + 1.0, "{low} {high}");

    both.advance(1_800.0, &inflow(200.0)).unwrap();
    both.advance(1_800.0, &inflow(20.0)).unwrap();
    let end = both.ledger();
    assert!(end.relative_error().abs() <= 1e-6, "{:e}", end.relative_error());
    let exact = end.error_m3() - end.plain.error_m3();
    assert!(exact.abs() <= 1e-9 * end.river.lateral_m3[0], "{exact:e}");
}

#[test]
fn levees_hold_until_they_breach() {
    let (waterway, plain) = plain(1.5);
    let mut river = River::<1>::new(&waterway, Settings::default()).unwrap();
    river.set_normal(&inflow(120.0)).unwrap();
    let mut both = Coupled::new(river, &waterway, plain).unwrap();
    let rule = BreachRule {
        width: [1.6, 3.8, 20.0],
        first_share: 0.5,
        growth_s: 3_600.0,
        least_levee_m: 1.0,
        least_river_m: 10.0,
        source: "test".to_owned(),
    };
    let breach = Breach {
        node: 6,
        side: 1,
        trigger: Trigger::At(1_200.0),
        sill_m: None,
        rule: rule.clone(),
    };
    both.river_mut().expect_breach(breach.clone()).unwrap();
    let low = BreachRule { least_levee_m: 3.0, ..rule.clone() };
    assert!(both.river_mut().expect_breach(Breach { rule: low, ..breach.clone() }).is_err());
    assert!(both.river_mut().expect_breach(Breach { node: 99, ..breach.clone() }).is_err());
    // A side has one gap: a second would take the place of the first.
    let again = Breach { trigger: Trigger::At(0.0), ..breach.clone() };
    let refused = both.river_mut().expect_breach(again).unwrap_err().to_string();
    assert!(refused.contains("no other breach"), "{refused}");
    both.advance(1_200.0, &inflow(120.0)).unwrap();
    assert!(both.ledger().spilled_m3.abs() < 1e-9, "{:?}", both.ledger());
    both.advance(3_600.0, &inflow(120.0)).unwrap();
    assert_eq!(both.river().breached_s(), vec![[Some(1_200.0)]]);
    let ledger = both.ledger();
    let [left, right] = both.river().spilled_m3(6);
    assert!(left[0].abs() < 1e-9 && 1e4 < right[0], "{left:?} {right:?}");
    // What went through the breach is what the plain got, to the rounding of the plain.
    assert!((right[0] / ledger.spilled_m3 - 1.0).abs() < 1e-6, "{right:?} {ledger:?}");
    assert!(ledger.relative_error().abs() <= 1e-6, "{:e}", ledger.relative_error());
    // The plain beside the breach is wet, that beyond the other levee is dry.
    let depth = |row: usize| both.plain().at([row, 32]).unwrap()[0];
    assert!(0.1 < depth(34) && depth(20) < 1e-9, "{} {}", depth(34), depth(20));
}

#[test]
fn an_overtopped_levee_breaches_after_a_while() {
    let (waterway, _) = plain(1.0);
    let mut river = River::<2>::new(&waterway, Settings::default()).unwrap();
    let ponds = |node: &Node| {
        let pond = Some(Pond { area_m2: 1e6, floor_m: node.crest_m[0] - 1.0 });
        [pond, pond]
    };
    let ponds = (0_u32..).zip(waterway.nodes()).map(|(i, node)| (i, ponds(node))).collect();
    river.install(Works { ponds, ..Works::default() }).unwrap();
    let rule = BreachRule {
        width: [0.0, 1.0, 30.0],
        first_share: 0.5,
        growth_s: 600.0,
        least_levee_m: 0.5,
        least_river_m: 5.0,
        source: "test".to_owned(),
    };
    let trigger = Trigger::OverCrest { by_m: 0.05, for_s: 300.0 };
    river.expect_breach(Breach { node: 3, side: 0, trigger, sill_m: None, rule }).unwrap();
    let mut lateral = vec![[0.0; 2]; 12];
    lateral[0] = [60.0, 300.0];
    river.set_normal(&lateral).unwrap();
    let saved = river.save();
    river.advance(3_600.0, &lateral).unwrap();
    let [[calm, high]] = river.breached_s()[..] else { panic!("one levee") };
    assert!(calm.is_none() && high.is_some_and(|time| (300.0..900.0).contains(&time)), "{high:?}");
    assert!(river.spilled_m3(3)[0][1] > 2.0 * river.spilled_m3(3)[1][1]);
    for error in river.ledger().relative_error() {
        assert!(error.abs() <= 1e-10, "{error:e}");
    }
    let end = river.save();
    river.restore(&saved).unwrap();
    river.advance(3_600.0, &lateral).unwrap();
    assert_eq!(river.save(), end);
}

/// A valley with levees on a fall to the south: beds fall, crests are the levees.
#[test]
fn nodes_follow_the_heights() {
    let (rows, columns, cell) = (120_usize, 41_usize, 10.0);
    // Levees stand in the southern half: in the northern one the sides drain into the stream.
    let height = |row: usize, column: usize| {
        let away = (column as f64 - 20.0).abs();
        let base = 100.0 - 0.02 * row as f64 + 0.11 * away;
        match away {
            away if away < 0.5 => base - 2.0,
            away if away < 1.5 && 60 <= row => base + 3.0,
            _ => base,
        }
    };
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| [row, column]));
    let values: Vec<f32> = cells.map(|[row, column]| f32::of(height(row, column))).collect();
    let place = Placement { zone: Zone::IX, origin_m: [1_000.0, 5_000.0], cell_size_m: cell };
    let dem = Grid::new([rows, columns], place, values).unwrap();
    let conditioned = condition(&dem, &Conditioning::default()).unwrap();
    let ways = Ways::new(&conditioned).unwrap();
    let upstream = accumulation(&ways).unwrap();
    let network = Network::new(&conditioned, &ways, &upstream, 300).unwrap();
    let sections = sections(&network, &SectionRule::RRI, &[]).unwrap();
    let banks = banks(&network, &sections, 200.0).unwrap();
    let heights = conditioned.heights();
    let waterway = Waterway::from_terrain(&network, &sections, &banks, heights, &[]).unwrap();
    let nodes = waterway.nodes();
    assert_eq!(nodes.len(), banks.len());
    let outlets = nodes.iter().filter(|node| node.downstream.is_none()).count();
    assert_eq!(outlets, network.reaches().iter().filter(|r| r.downstream.is_none()).count());
    for node in nodes {
        if let Some(next) = node.downstream {
            assert!(nodes[next as usize].bed_m <= node.bed_m);
            assert!(node.upstream_m2 < nodes[next as usize].upstream_m2);
        }
        let depth = sections[node.reach as usize].depth_m;
        assert!(depth - 1e-9 <= node.bank_full_m(), "{node:?}");
        if node.at_m[1] < 4_300.0 && (node.at_m[0] - 1_205.0).abs() < 1.0 {
            // Levees stand 5 m above the stream.
            assert!(4.9 < node.bank_full_m(), "{node:?}");
        }
    }
    let given = GivenCrest { node: 0, crest_m: [Some(nodes[0].bed_m + 9.0), None] };
    let given = Waterway::from_terrain(&network, &sections, &banks, heights, &[given]).unwrap();
    assert!((given.nodes()[0].crest_m[0] - nodes[0].bed_m - 9.0).abs() < 1e-9);
    assert!(Waterway::from_terrain(&network, &sections[1..], &banks, heights, &[]).is_err());
    // Water that is let in everywhere leaves at the outlets.
    let mut river = River::<1>::new(&waterway, Settings::default()).unwrap();
    river
        .install(Works {
            outlets: vec![(u32::try_from(nodes.len() - 1).unwrap(), Outlet::Normal)],
            ..Works::default()
        })
        .unwrap();
    let lateral = vec![[0.1]; nodes.len()];
    river.set_normal(&lateral).unwrap();
    river.advance(36_000.0, &lateral).unwrap();
    let outflow: f64 = (0..nodes.len())
        .filter(|node| nodes[*node].downstream.is_none())
        .map(|node| river.discharge_m3_s(node)[0])
        .sum();
    assert!((outflow / (0.1 * nodes.len() as f64) - 1.0).abs() < 1e-3, "{outflow}");
}
