//! Laws of reaches, catchments and banks.

use jomo_core::grid::{Grid, Placement};
use jomo_terrain::section::SectionRule;
use jomo_terrain::{Conditioning, Section, banks, sections};
use proptest::prelude::*;

use crate::sample::{Made, grid, noise, on_threads, rough};

/// The same heights in a larger raster without data around them.
fn embedded(dem: &Grid<f32>, [above, left, below, right]: [usize; 4]) -> Grid<f32> {
    let [rows, columns] = dem.shape();
    let Placement { zone, origin_m: [x, y], cell_size_m } = dem.placement();
    let origin_m = [x - left as f64 * cell_size_m, y + above as f64 * cell_size_m];
    let shape = [rows + above + below, columns + left + right];
    let values = (0..shape[0]).flat_map(|row| (0..shape[1]).map(move |column| (row, column)));
    let at = |(row, column): (usize, usize)| {
        let (row, column) = (row.checked_sub(above)?, column.checked_sub(left)?);
        dem.at(row, column)
    };
    let values = values.map(|place| at(place).unwrap_or(f32::NAN)).collect();
    Grid::new(shape, Placement { zone, origin_m, cell_size_m }, values).unwrap()
}

fn ids(made: &Made) -> Vec<String> {
    (0..made.network.reaches().len()).map(|reach| made.network.id(reach).unwrap()).collect()
}

proptest! {
    /// Reaches share no cell, cover every stream, and hand on all that they drain.
    #[test]
    fn reaches_cover_the_streams(dem in rough(), threshold in 1_u32..12) {
        let made = Made::new(&dem, &Conditioning::default(), threshold);
        let network = &made.network;
        let mut cells = network.cells().to_vec();
        cells.sort_unstable();
        let streams: Vec<u32> = (0..u32::try_from(dem.values().len()).unwrap())
            .filter(|cell| threshold <= made.upstream.values()[*cell as usize])
            .collect();
        prop_assert_eq!(cells, streams);
        let mut into = vec![Vec::new(); network.reaches().len()];
        for (index, reach) in network.reaches().iter().enumerate() {
            let path = &network.cells()[reach.cells.clone()];
            for pair in path.windows(2) {
                prop_assert_eq!(made.flow.receiver(pair[0] as usize), Some(pair[1] as usize));
            }
            let last = *path.last().unwrap() as usize;
            prop_assert_eq!(reach.upstream_cells, made.upstream.values()[last]);
            let next = made.flow.receiver(last);
            prop_assert_eq!(next.is_some(), reach.downstream.is_some());
            if let Some(below) = reach.downstream {
                let below = below as usize;
                prop_assert!(index < below);
                let first = network.cells()[network.reaches()[below].cells.start];
                prop_assert_eq!(next, Some(first as usize));
                prop_assert_eq!(reach.basin, network.reaches()[below].basin);
                into[below].push(index);
            }
            prop_assert!(0.0 < reach.length_m && 0.0 <= reach.slope);
        }
        for (reach, above) in network.reaches().iter().zip(&into) {
            let drained: u32 = above.iter().map(|r| network.reaches()[*r].upstream_cells).sum();
            prop_assert_eq!(reach.own_cells, reach.upstream_cells - drained);
            prop_assert!(above.len() != 1, "one reach alone never begins another");
            let mut orders: Vec<u8> = above.iter().map(|r| network.reaches()[*r].strahler).collect();
            orders.sort_unstable();
            let expected = match orders.as_slice() {
                [] => 1,
                [.., a, b] if a == b => b + 1,
                [.., b] => *b,
            };
            prop_assert_eq!(reach.strahler, expected);
        }
    }

    /// Every cell belongs to the first reach that its water meets, and each reach has as many of
    /// them as it says.
    #[test]
    fn catchments_add_up(dem in rough(), threshold in 1_u32..12) {
        let made = on_threads(3, || Made::new(&dem, &Conditioning::default(), threshold));
        let labels = made.catchments.values();
        let mut counts = vec![0_u32; made.network.reaches().len()];
        for cell in 0..labels.len() {
            if let Some(next) = made.flow.receiver(cell)
                && made.upstream.values()[cell] < threshold
            {
                prop_assert_eq!(labels[cell], labels[next]);
            }
            if labels[cell] != 0 {
                counts[labels[cell] as usize - 1] += 1;
            }
        }
        let own: Vec<u32> = made.network.reaches().iter().map(|reach| reach.own_cells).collect();
        prop_assert_eq!(counts, own);
    }

    /// Ids and everything measured stay when the raster is extended without data.
    #[test]
    fn ids_stay_in_a_larger_raster(
        dem in rough(), threshold in 1_u32..8, frame in prop::array::uniform4(0_usize..9),
    ) {
        let small = Made::new(&dem, &Conditioning::default(), threshold);
        let large = Made::new(&embedded(&dem, frame), &Conditioning::default(), threshold);
        prop_assert_eq!(ids(&small), ids(&large));
        prop_assert_eq!(small.network.reaches(), large.network.reaches());
        for (a, b) in small.banks.iter().zip(&large.banks) {
            prop_assert!((a.left_m[0] - b.left_m[0]).abs() < 1e-6);
            prop_assert!((a.right_m[1] - b.right_m[1]).abs() < 1e-6);
        }
    }

    /// Banks lie one width apart on the right sides, no more than the pitch along the stream, and
    /// stand for all of it.
    #[test]
    fn banks_accompany_every_reach(
        seed in any::<u64>(), threshold in 5_u32..60, pitch_m in 15.0..200.0_f64,
    ) {
        let dem = grid([30, 24], |r, c| (r * 3) as f32 + 9.0 * noise(seed, r / 3, c / 3));
        let made = Made::new(&dem, &Conditioning::default(), threshold);
        let banks = banks(&made.network, &made.sections, pitch_m).unwrap();
        let mut spans = vec![0.0; made.network.reaches().len()];
        for bank in &banks {
            let reach = bank.reach as usize;
            prop_assert!(bank.span_m <= pitch_m);
            prop_assert!((bank.station_m - spans[reach] - 0.5 * bank.span_m).abs() < 1e-6);
            spans[reach] += bank.span_m;
            let across = [0, 1].map(|axis| bank.left_m[axis] - bank.right_m[axis]);
            let width = made.sections[reach].width_m;
            prop_assert!((across[0].hypot(across[1]) - width).abs() < 1e-9);
        }
        for (span, reach) in spans.iter().zip(made.network.reaches()) {
            prop_assert!((span - reach.length_m).abs() < 1e-6);
        }
    }
}

#[test]
fn given_sections_replace_the_rule() {
    let dem = grid([12, 12], |r, c| r as f32 + 2.0 * c.abs_diff(6) as f32);
    let made = Made::new(&dem, &Conditioning::default(), 20);
    let given = Section { width_m: 12.5, depth_m: 2.0 };
    let last = made.network.reaches().len() - 1;
    let id = made.network.id(last).unwrap();
    let taken = sections(&made.network, &SectionRule::RRI, &[(id, given)]).unwrap();
    assert_eq!(taken[last], given);
    assert_eq!(taken[..last], made.sections[..last]);
    let unknown = [("6677_1_2".to_owned(), given)];
    let told = [
        sections(&made.network, &SectionRule::RRI, &unknown).unwrap_err().to_string(),
        sections(&made.network, &SectionRule { width: [0.0, 1.0], ..SectionRule::RRI }, &[])
            .unwrap_err()
            .to_string(),
        banks(&made.network, &made.sections, 201.0).unwrap_err().to_string(),
        banks(&made.network, &[], 100.0).unwrap_err().to_string(),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    no reach has the id "6677_1_2"
    width = 0: expected more than 0
    pitch_m = 201: expected 1 to 200
    sections: 0 x 1 values, 3 x 1 in the same place expected
    "#);
}
