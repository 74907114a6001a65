//! Elements from a terrain.

use jomo_core::grid::{Grid, Placement};
use jomo_core::projection::Zone;
use jomo_flood::runoff::{Cover, Land, Receiver, Slopes, SlopesError, Terrain};
use jomo_terrain::bank::Bank;
use jomo_terrain::{
    Conditioned, Conditioning, Flow, Network, SectionRule, accumulation, banks, catchments,
    condition, sections,
};

struct Valley {
    conditioned: Conditioned,
    flow: Flow,
    network: Network,
    banks: Vec<Bank>,
    drained: usize,
}

const CELL_M: f64 = 20.0;

/// A valley that falls to the east, its sides at a fifth.
fn valley() -> Valley {
    let (rows, columns) = (41, 60);
    let placement =
        Placement { zone: Zone::IX, origin_m: [80_000.0, -270_000.0], cell_size_m: CELL_M };
    let height = |cell: usize| {
        let (row, column) = ((cell / columns) as f32, (cell % columns) as f32);
        300.0 - 0.2 * column + 4.0 * (row - 20.0).abs()
    };
    let heights = (0..rows * columns).map(height).collect();
    let dem = Grid::new([rows, columns], placement, heights).unwrap();
    let conditioned = condition(&dem, &Conditioning { breach: None, patch_cells: 64 }).unwrap();
    let flow = Flow::new(&conditioned).unwrap();
    let upstream = accumulation(&flow).unwrap();
    let network = Network::new(&conditioned, &flow, &upstream, 200).unwrap();
    let drained = catchments(&flow, &network).unwrap();
    let drained = drained.values().iter().filter(|label| **label != 0).count();
    let sections = sections(&network, &SectionRule::RRI, &[]).unwrap();
    let banks = banks(&network, &sections, 200.0).unwrap();
    Valley { conditioned, flow, network, banks, drained }
}

fn slopes(
    valley: &Valley,
    band_m: f64,
    rain_cell: &(dyn Fn([f64; 2]) -> Option<u32> + Sync),
    land: &(dyn Fn(usize) -> u8 + Sync),
) -> Result<Slopes, SlopesError> {
    let heights = valley.conditioned.heights().values();
    let terrain = Terrain {
        network: &valley.network,
        banks: &valley.banks,
        codes: valley.flow.codes().values(),
        height_m: &|cell| heights[cell],
    };
    Slopes::from_terrain(&terrain, band_m, Land::CLASSES.to_vec(), &Cover { rain_cell, land })
}

/// All ground that drains into the river is in one element; bands lie one below the other.
#[test]
fn the_elements_are_the_catchment() {
    let valley = valley();
    // Forest to the north, fields to the south; a rain cell for each 500 m to the east.
    let land = |cell: usize| if cell / 60 < 20 { 1 } else { 3 };
    let rain =
        |[east, _]: [f64; 2]| (0..3).rev().find(|cell| 80_000.0 + 500.0 * f64::from(*cell) <= east);
    let slopes = slopes(&valley, 100.0, &rain, &land).unwrap();
    let area_m2 = valley.drained as f64 * CELL_M * CELL_M;
    assert!((slopes.area_m2() - area_m2).abs() < 1e-6, "{} {area_m2}", slopes.area_m2());
    assert_eq!(slopes.nodes(), valley.banks.len());
    assert_eq!(slopes.rain_cells(), 3);
    let bank_of = |node: u32| valley.banks[node as usize];
    let pairs = slopes.elements().iter().zip(slopes.node_of_elements()).enumerate();
    let mut in_band = 0;
    for (index, (element, node)) in pairs {
        match element.receiver {
            Receiver::Element(next) => {
                assert!(index < next as usize);
                assert_eq!(slopes.node_of_elements().nth(next as usize), Some(node));
            }
            Receiver::Node(own) => assert_eq!(own, node),
        }
        // Sides of a fifth (0.14 along a diagonal), the middle of the rain cell's 500 m.
        assert!(0.1 < element.slope && element.slope <= 0.2 + 1e-4, "{element:?}");
        let [left, right] = [bank_of(node).left_m, bank_of(node).right_m];
        let middle = 0.5 * (left[0] + right[0]);
        let rain_east = 80_250.0 + 500.0 * f64::from(element.rain_cell);
        assert!((middle - rain_east).abs() < 600.0, "{middle} {rain_east}");
        in_band += usize::from((element.length_m - 100.0).abs() < 1e-9);
    }
    // 400 m on each side: four bands, three of which are whole.
    assert!(valley.banks.len() <= in_band, "{in_band}");
}

/// A band longer than any hillside: one element for a node that has cells.
#[test]
fn one_band_is_one_element() {
    let valley = valley();
    let slopes = slopes(&valley, 10_000.0, &|_| Some(0), &|_| 0).unwrap();
    assert!(slopes.elements().len() <= valley.banks.len());
    assert!(slopes.elements().iter().all(|e| matches!(e.receiver, Receiver::Node(_))));
    assert!(slopes.elements().iter().all(|element| 20.0 <= element.length_m));
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let valley = valley();
    let faults = [
        slopes(&valley, 100.0, &|_| None, &|_| 0).unwrap_err().to_string(),
        slopes(&valley, 100.0, &|_| Some(u32::MAX), &|_| 0).unwrap_err().to_string(),
        slopes(&valley, f64::NAN, &|_| Some(0), &|_| 0).unwrap_err().to_string(),
        slopes(&valley, 100.0, &|_| Some(0), &|cell| u8::from(cell == 1_234) * 99)
            .unwrap_err()
            .to_string(),
    ];
    insta::assert_snapshot!(faults.join("\n"), @"
    element 0: expected a rain cell over it
    element 0: expected a rain cell
    band_m = NaN: expected above 0
    cell 1234: expected a known kind of ground
    ");
}
