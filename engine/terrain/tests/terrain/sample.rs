//! Grids to test with.

use jomo_core::grid::{Grid, Placement};
use jomo_core::projection::Zone;
use jomo_terrain::{
    Basin, Conditioned, Conditioning, Flow, Network, Section, SectionRule, accumulation, banks,
    catchments, condition, sections,
};
use proptest::prelude::*;

/// A grid of 10 m cells.
pub(crate) fn grid(shape: [usize; 2], value: impl Fn(usize, usize) -> f32) -> Grid<f32> {
    let placement =
        Placement { zone: Zone::IX, origin_m: [-70_000.0, 40_000.0], cell_size_m: 10.0 };
    let cells = (0..shape[0]).flat_map(|row| (0..shape[1]).map(move |column| (row, column)));
    Grid::new(shape, placement, cells.map(|(row, column)| value(row, column)).collect()).unwrap()
}

/// A number of 0 to 1 that hangs on a place and a seed alone (splitmix64).
pub(crate) fn noise(seed: u64, row: usize, column: usize) -> f32 {
    let mut x = seed ^ ((row as u64) << 32 | column as u64);
    for _ in 0..2 {
        x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
    }
    f32::from(u16::try_from(x >> 48).unwrap()) / 65_536.0
}

/// Rough ground: a few whole heights, so that flats and ties are everywhere, and some holes; or
/// heights that hardly ever tie.
pub(crate) fn rough() -> impl Strategy<Value = Grid<f32>> {
    (1_usize..24, 1_usize..24, any::<u64>(), 2_u8..40, 0.0..0.3_f32).prop_map(
        |(rows, columns, seed, levels, holes)| {
            grid([rows, columns], |row, column| {
                let value = noise(seed, row, column);
                if noise(!seed, row, column) < holes && row + column != 0 {
                    f32::NAN
                } else if levels < 30 {
                    (value * f32::from(levels)).floor()
                } else {
                    value * 20.0
                }
            })
        },
    )
}

pub(crate) fn fill_only(patch_cells: usize) -> Conditioning {
    Conditioning { breach: None, patch_cells }
}

pub(crate) fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

pub(crate) fn bits(grid: &Grid<f32>) -> Vec<u32> {
    grid.values().iter().map(|value| value.to_bits()).collect()
}

/// Everything that follows from heights.
pub(crate) struct Made {
    pub(crate) conditioned: Conditioned,
    pub(crate) flow: Flow,
    pub(crate) upstream: Grid<u32>,
    pub(crate) catchments: Grid<u32>,
    pub(crate) network: Network,
    pub(crate) sections: Vec<Section>,
    pub(crate) banks: Vec<jomo_terrain::bank::Bank>,
}

impl Made {
    pub(crate) fn new(dem: &Grid<f32>, conditioning: &Conditioning, threshold: u32) -> Self {
        let conditioned = condition(dem, conditioning).unwrap();
        let flow = Flow::new(&conditioned).unwrap();
        let upstream = accumulation(&flow).unwrap();
        let network = Network::new(&conditioned, &flow, &upstream, threshold).unwrap();
        let catchments = catchments(&flow, &network).unwrap();
        let sections = sections(&network, &SectionRule::RRI, &[]).unwrap();
        let banks = banks(&network, &sections, 200.0).unwrap();
        Self { conditioned, flow, upstream, catchments, network, sections, banks }
    }

    pub(crate) fn file(&self) -> Vec<u8> {
        let basin = Basin {
            conditioned: &self.conditioned,
            flow: &self.flow,
            upstream: &self.upstream,
            catchments: &self.catchments,
            network: &self.network,
            sections: &self.sections,
            banks: &self.banks,
        };
        let mut bytes = Vec::new();
        jomo_terrain::prepared::write(&basin, &mut bytes).unwrap();
        bytes
    }
}
