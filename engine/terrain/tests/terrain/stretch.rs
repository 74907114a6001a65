//! Cells and the stretch of river that they drain into.

use jomo_terrain::TerrainError;
use jomo_terrain::stretch::{Hillsides, stretch_of_cells};
use proptest::prelude::*;

use crate::sample::{Made, fill_only, grid, noise, rough};

/// Walks from a cell to the first cell on a stream; gives that and the length of the way.
fn way_down(made: &Made, start: usize) -> Option<(usize, f64)> {
    let on_stream = |cell: usize| made.network.cells().iter().any(|other| *other as usize == cell);
    let (mut cell, mut length_m) = (start, 0.0);
    while !on_stream(cell) {
        let next = made.flow.receiver(cell)?;
        let columns = made.network.shape()[1];
        let apart =
            (cell % columns).abs_diff(next % columns) + (cell / columns).abs_diff(next / columns);
        length_m += 10.0 * (apart as f64).sqrt();
        cell = next;
    }
    Some((cell, length_m))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Every cell above a stream is met once, with its way to the stream; no other is met.
    #[test]
    fn hillsides_are_what_drains_into_streams(dem in rough(), threshold in 2_u32..20) {
        let made = Made::new(&dem, &fill_only(64), threshold);
        let hillsides = Hillsides::new(&made.network, made.flow.codes().values()).unwrap();
        let mut found = vec![None; dem.values().len()];
        for cell in made.network.cells() {
            hillsides.visit(*cell, |here| {
                assert!(found[here.cell].is_none(), "met twice");
                assert_eq!(here.next, (here.cell != *cell as usize).then(|| {
                    made.flow.receiver(here.cell).unwrap()
                }));
                found[here.cell] = Some((*cell as usize, here.distance_m));
            });
        }
        for (cell, found) in found.into_iter().enumerate() {
            let Some((stream, distance_m)) = found else {
                prop_assert_eq!(made.catchments.values()[cell], 0);
                continue;
            };
            let (expected, length_m) = way_down(&made, cell).unwrap();
            prop_assert_eq!(stream, expected);
            prop_assert!((distance_m - length_m).abs() < 1e-6);
        }
    }

    /// The stretch of a cell is one of its own reach, and the nearest along it.
    #[test]
    fn stretches_are_those_of_the_banks(dem in rough(), threshold in 2_u32..20) {
        let made = Made::new(&dem, &fill_only(64), threshold);
        let stretches = stretch_of_cells(&made.network, &made.banks).unwrap();
        prop_assert_eq!(stretches.len(), made.network.cells().len());
        for (index, reach) in made.network.reaches().iter().enumerate() {
            let own = &stretches[reach.cells.clone()];
            prop_assert!(own.is_sorted());
            for stretch in own {
                prop_assert_eq!(made.banks[*stretch as usize].reach as usize, index);
            }
        }
    }
}

/// A valley of 40 cells of 10 m with banks every 100 m: ten cells each; the middle of the first
/// lies at 0 m.
#[test]
fn stretches_share_a_straight_river() {
    let dem = grid([5, 40], |row, column| {
        100.0 - column as f32 + (row as f32 - 2.0).abs() + noise(1, row, column) * 1e-3
    });
    let made = Made::new(&dem, &fill_only(64), 30);
    let banks = jomo_terrain::banks(&made.network, &made.sections, 100.0).unwrap();
    let stretches = stretch_of_cells(&made.network, &banks).unwrap();
    let longest = made.network.reaches().iter().max_by_key(|reach| reach.cells.len()).unwrap();
    let own = &stretches[longest.cells.clone()];
    let first = own.iter().filter(|stretch| *stretch == &own[0]).count();
    let spans = banks[own[0] as usize].span_m;
    assert!((first as f64 * 10.0 - spans).abs() <= 10.0, "{first} {spans}");
}

#[test]
fn parts_of_something_else_are_refused() {
    let dem = grid([12, 12], |row, column| 50.0 - row as f32 + (column as f32 - 6.0).abs());
    let made = Made::new(&dem, &fill_only(64), 8);
    let short = &made.banks[..made.banks.len() - 1];
    assert!(matches!(
        stretch_of_cells(&made.network, short),
        Err(TerrainError::Mismatch { what: "banks", .. })
    ));
    let mut long = made.banks.clone();
    long.push(made.banks[0]);
    assert!(stretch_of_cells(&made.network, &long).is_err());
    let codes = &made.flow.codes().values()[1..];
    assert!(matches!(
        Hillsides::new(&made.network, codes),
        Err(TerrainError::Mismatch { what: "flow", .. })
    ));
}

/// Directions that lead round and round, and into no stream, end the walk all the same.
#[test]
fn any_directions_end() {
    let dem = grid([12, 12], |row, column| 50.0 - row as f32 + (column as f32 - 6.0).abs());
    let made = Made::new(&dem, &fill_only(64), 8);
    for seed in 0..200 {
        // Codes of 0 to 11: the last two mean nothing.
        let code = |cell| {
            let level = noise(seed, cell, 1) * 12.0;
            (0_u8..12).rev().find(|code| f32::from(*code) <= level).unwrap()
        };
        let codes: Vec<u8> = (0..144).map(code).collect();
        let hillsides = Hillsides::new(&made.network, &codes).unwrap();
        let mut met = 0;
        for cell in made.network.cells() {
            hillsides.visit(*cell, |_| met += 1);
        }
        assert!(met <= 144);
        hillsides.visit(u32::MAX, |_| panic!("no such cell"));
    }
}
