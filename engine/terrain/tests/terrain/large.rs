//! Tiles in a scratch give the bits of the functions in memory.

use std::convert::Infallible;
use std::ops::Range;

use jomo_core::grid::Grid;
use jomo_core::walk::{InMemory, RowSource};
use jomo_terrain::large::{LargeError, Scratch, drain};
use jomo_terrain::{Breach, Conditioning, Flow, Network, accumulation, condition};
use proptest::prelude::*;

use crate::sample::{bits, grid, noise, on_threads, rough};

/// Bytes that were never written cannot be read.
#[derive(Default)]
struct Bytes(Vec<Option<u8>>);

impl Scratch for Bytes {
    type Error = Infallible;

    fn read(&mut self, offset: u64, out: &mut [u8]) -> Result<(), Infallible> {
        let from = usize::try_from(offset).unwrap();
        for (out, byte) in out.iter_mut().zip(&self.0[from..]) {
            *out = byte.expect("written before");
        }
        Ok(())
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Infallible> {
        let from = usize::try_from(offset).unwrap();
        if self.0.len() < from + bytes.len() {
            self.0.resize(from + bytes.len(), None);
        }
        for (place, byte) in self.0[from..].iter_mut().zip(bytes) {
            *place = Some(*byte);
        }
        Ok(())
    }
}

fn agree(dem: &Grid<f32>, conditioning: &Conditioning) -> Result<(), TestCaseError> {
    let whole = Conditioning { patch_cells: 64, ..*conditioning };
    let conditioned = condition(dem, &whole).unwrap();
    let flow = Flow::new(&conditioned).unwrap();
    let upstream = accumulation(&flow).unwrap();
    let mut scratch = Bytes::default();
    let mut source = InMemory { shape: dem.shape(), values: dem.values() };
    let expected = Network::new(&conditioned, &flow, &upstream, 4).unwrap();
    let (heights, codes, sums, network) = on_threads(2, || {
        let mut drained = drain(&mut source, &mut scratch, conditioning).unwrap();
        let rows = 0..dem.shape()[0];
        let Ok(heights) = drained.heights(rows.clone());
        let Ok(codes) = drained.codes(rows.clone());
        let Ok(sums) = drained.upstream(rows);
        (heights, codes, sums, drained.network(dem.placement(), 4).unwrap())
    });
    let heights: Vec<u32> = heights.iter().map(|height| height.to_bits()).collect();
    prop_assert_eq!(heights, bits(conditioned.heights()));
    prop_assert_eq!(codes.as_slice(), flow.codes().values());
    prop_assert_eq!(sums.as_slice(), upstream.values());
    prop_assert_eq!(network, expected);
    Ok(())
}

proptest! {
    #[test]
    fn tiles_give_the_bits_of_the_whole(
        dem in rough(), patch_cells in 2_usize..12,
        breach in proptest::option::of((0.0..9.0_f32, 1_usize..4)),
    ) {
        let breach = breach.map(|(depth_m, reach_cells)| Breach { depth_m, reach_cells });
        agree(&dem, &Conditioning { breach, patch_cells })?;
    }

    /// Lakes that cross many tiles, and rivers that wind through them.
    #[test]
    fn long_flats_cross_tiles(seed in any::<u64>(), patch_cells in 2_usize..9) {
        let dem = grid([40, 33], |row, column| {
            let wide = noise(seed, row / 5, column / 4) * 3.0;
            if 0.9 < noise(!seed, row / 3, column / 7) { f32::NAN } else { wide.floor() }
        });
        if dem.values().iter().any(|height| !height.is_nan()) {
            agree(&dem, &Conditioning { breach: None, patch_cells })?;
        }
    }
}

/// A source that fails, and heights that are refused.
struct Broken;

impl RowSource for Broken {
    type Error = Infallible;

    fn shape(&self) -> [usize; 2] {
        [1 << 20, 1 << 20]
    }

    fn read(&mut self, _: Range<usize>, _: &mut [f32]) -> Result<(), Infallible> {
        Ok(())
    }
}

#[test]
fn unsound_heights_are_refused_here_too() {
    let mut scratch = Bytes::default();
    let usual = Conditioning { patch_cells: 2, ..Conditioning::default() };
    let mut refused = |values: &[f32]| {
        let mut source = InMemory { shape: [3, 2], values };
        let Err(LargeError::Terrain(error)) = drain(&mut source, &mut scratch, &usual) else {
            panic!("taken")
        };
        error.to_string()
    };
    let mut infinite = [0.0; 6];
    infinite[5] = f32::NEG_INFINITY;
    assert_eq!(refused(&infinite), "height of -inf m at row 2, column 1");
    assert_eq!(refused(&[f32::NAN; 6]), "none of the 3 x 2 cells has a height");
    let Err(LargeError::Terrain(error)) = drain(&mut Broken, &mut scratch, &usual) else {
        panic!("taken")
    };
    assert_eq!(error.to_string(), "1048576 x 1048576 cells: at most 4294967295 can be computed");
}
