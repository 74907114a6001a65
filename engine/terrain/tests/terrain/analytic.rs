//! Ground whose rivers are known.

use jomo_terrain::flow::OUTLET;
use jomo_terrain::{Breach, Conditioning, condition};

use crate::sample::{Made, fill_only, grid};

const EAST: u8 = 1;
const SOUTH: u8 = 3;

#[test]
fn a_tilted_plane_runs_off_in_parallel() {
    let dem = grid([7, 9], |_, column| 100.0 - column as f32);
    let made = Made::new(&dem, &Conditioning::default(), 1);
    assert_eq!((made.conditioned.lowered, made.conditioned.raised), (0, 0));
    for row in 0..7 {
        for column in 0..9 {
            let code = if column == 8 { OUTLET } else { EAST };
            assert_eq!(made.flow.codes().at(row, column), Some(code));
            assert_eq!(made.upstream.at(row, column), u32::try_from(column + 1).ok());
        }
    }
    assert_eq!(made.network.reaches().len(), 7);
    for reach in made.network.reaches() {
        // Eight steps, and half a one at the outlet; it falls over the eight.
        assert!((reach.length_m - 85.0).abs() < 1e-9);
        assert!((reach.slope - 8.0 / 85.0).abs() < 1e-12);
        assert_eq!((reach.strahler, reach.upstream_cells, reach.downstream), (1, 9, None));
    }
}

#[test]
fn a_cone_sheds_water_on_all_sides() {
    let radius = |row: usize, column: usize| (row as f32 - 20.0).hypot(column as f32 - 20.0);
    let dem = grid([41, 41], |row, column| 500.0 - 3.0 * radius(row, column));
    let made = Made::new(&dem, &Conditioning::default(), 10);
    assert_eq!((made.conditioned.lowered, made.conditioned.raised), (0, 0));
    for cell in 0..41 * 41 {
        if let Some(next) = made.flow.receiver(cell) {
            assert!(radius(cell / 41, cell % 41) < radius(next / 41, next % 41));
        }
    }
}

#[test]
fn a_bowl_is_filled_to_its_lowest_rim_where_no_cut_reaches() {
    let bowl = |row: usize, column: usize| {
        let radius = (row as f32 - 20.0).hypot(column as f32 - 20.0);
        if (row, column) == (20, 40) { 51.0 } else { 3.0 * radius }
    };
    let limits = Breach { depth_m: 10.0, reach_cells: 30 };
    let conditioning = Conditioning { breach: Some(limits), patch_cells: 16 };
    let made = condition(&grid([41, 41], bowl), &conditioning).unwrap();
    assert_eq!(made.lowered, 0);
    assert!((made.deepest_fill_m - 57.0).abs() < 1e-6, "the cell before the outlet stands at 57");
    assert!(
        made.heights()
            .values()
            .iter()
            .all(|height| (51.0..=51.0).contains(height) || 57.0 <= *height)
    );
}

/// Two slopes meet in the middle column, which falls to the south.
#[test]
fn a_valley_has_one_river_with_banks_to_the_east_and_west() {
    let valley =
        |row: usize, column: usize| 200.0 - 0.5 * row as f32 + 4.0 * column.abs_diff(10) as f32;
    let made = Made::new(&grid([50, 21], valley), &Conditioning::default(), 60);
    let [reach] = made.network.reaches() else { panic!("one reach") };
    assert_eq!((reach.upstream_cells, reach.strahler), (1_050, 1));
    assert_eq!(made.network.id(0).as_deref(), Some("6677_-6989500_3950500"));
    assert!((reach.slope * reach.length_m - 0.5 * (reach.cells.len() - 1) as f64).abs() < 1e-3);
    for row in 3..49 {
        assert_eq!(made.flow.codes().at(row, 10), Some(SOUTH));
    }
    let middle_m = -70_000.0 + 105.0;
    let half_m = 0.5 * made.sections[0].width_m;
    // 0.105 km²: 5 * 0.105^0.35 = 2.27 m.
    assert!((2.0 * half_m - 2.272).abs() < 1e-3);
    for bank in &made.banks {
        // Whoever looks south has the east on the left.
        assert!((bank.left_m[0] - middle_m - half_m).abs() < 1e-9);
        assert!((middle_m - half_m - bank.right_m[0]).abs() < 1e-9);
        assert!((bank.left_m[1] - bank.right_m[1]).abs() < 1e-9);
    }
    assert!(made.catchments.values().iter().all(|label| *label == 1));
}

/// A valley with a saddle across it, one cell wide: cut if the limits allow it, else the valley
/// behind it is filled.
#[test]
fn a_saddle_is_cut_or_the_valley_behind_it_filled() {
    let ground = |row: usize, column: usize| {
        let slope = 100.0 - 0.125 * row as f32 + 2.0 * column.abs_diff(8) as f32;
        if row == 20 { slope.max(99.0) } else { slope }
    };
    let dem = grid([40, 17], ground);
    let with = |depth_m, reach_cells| {
        let breach = Some(Breach { depth_m, reach_cells });
        condition(&dem, &Conditioning { breach, patch_cells: 512 }).unwrap()
    };
    // The pit before the saddle lies 1.375 m below it.
    let pit = ground(19, 8);
    let cut = with(1.375, 2);
    assert_eq!((cut.lowered, cut.raised), (1, 0));
    assert_eq!(cut.heights().at(20, 8), Some(pit));
    assert!((cut.deepest_cut_m - 1.375).abs() < 1e-6);
    let shallow = with(1.25, 2);
    let short = with(1.375, 1);
    for kept in [shallow, short, condition(&dem, &fill_only(8)).unwrap()] {
        assert_eq!(kept.lowered, 0);
        assert_eq!(kept.heights().at(19, 8), Some(99.0));
        assert!((kept.deepest_fill_m - 1.375).abs() < 1e-6);
    }
}

/// Steps down a valley, each with a pit before it: every pit is led to the next.
#[test]
fn a_chain_of_pits_becomes_a_stream() {
    let ground = |row: usize, column: usize| {
        let wall = 30.0 * column.abs_diff(5) as f32;
        let pit = if row % 4 == 2 { 3.0 } else { 0.0 };
        300.0 - 2.0 * row as f32 - pit + wall
    };
    let dem = grid([41, 11], ground);
    let made = Made::new(&dem, &Conditioning::default(), 40);
    assert_eq!(made.conditioned.raised, 0);
    assert!(made.conditioned.deepest_cut_m <= 1.0 + 1e-5);
    let filled = condition(&dem, &fill_only(64)).unwrap();
    assert_eq!((filled.lowered, filled.raised), (0, 10));
    assert_eq!(made.network.reaches().len(), 1);
}

/// Two valleys of order 1 meet in one of order 2.
#[test]
fn orders_are_those_of_strahler() {
    let dem = grid([40, 31], |row, column| {
        let aside = 5.0 + 0.5 * row.min(20) as f32;
        let column = column as f32;
        let valley = (column - aside).abs().min((column - 30.0 + aside).abs());
        200.0 - row as f32 + 4.0 * valley
    });
    let made = Made::new(&dem, &Conditioning::default(), 100);
    let reaches = made.network.reaches();
    let orders: Vec<u8> = reaches.iter().map(|reach| reach.strahler).collect();
    assert_eq!(orders, [1, 1, 2]);
    assert_eq!(reaches[0].downstream, Some(2));
    assert_eq!(reaches[1].downstream, Some(2));
    assert_eq!(reaches[2].downstream, None);
    // All but the cells that leave at the southern corners.
    assert!((1_220..1_240).contains(&reaches[2].upstream_cells));
    assert!(reaches.iter().all(|reach| reach.basin == 2));
}
