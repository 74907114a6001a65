use proptest::prelude::*;

use super::*;
use crate::crs::Crs;

/// Cells in memory, one band.
struct Memory {
    shape: [usize; 2],
    cells: Vec<f32>,
}

impl Cells<f32> for Memory {
    fn shape(&self) -> [usize; 2] {
        self.shape
    }
    fn bands(&self) -> usize {
        1
    }
    fn read(&mut self, _: usize, window: &Window, out: &mut [f32]) -> Result<(), IngestError> {
        let rows = self.cells.chunks_exact(self.shape[1]).skip(window.rows.start);
        for (row, out) in rows.zip(out.chunks_exact_mut(window.columns.len())) {
            out.copy_from_slice(&row[window.columns.clone()]);
        }
        Ok(())
    }
    fn mask(&mut self, _: &Window, _: &mut [u8]) -> Result<bool, IngestError> {
        Ok(false)
    }
    fn opacity(&self) -> Option<usize> {
        None
    }
}

fn operation(epsg: u32) -> Operation {
    Operation::new(&Crs::from_epsg(epsg).unwrap()).unwrap().to_zone(Zone::IX)
}

fn warped(
    source: &mut Memory,
    affine: Affine,
    (operation, resampling): (&Operation, Resampling),
    cell_size_m: Option<f64>,
) -> (Target, Vec<f32>) {
    let target = Target::around(&affine, source.shape, (operation, Zone::IX), cell_size_m).unwrap();
    let to_cells = affine.inverse().unwrap();
    let warp = Warp { operation, to_cells, target, resampling, absent: Some(-1.0), fill: f64::NAN };
    let mut out = vec![0.0; target.shape[0] * target.shape[1]];
    for (index, strip) in out.chunks_mut(BLOCK * target.shape[1]).enumerate() {
        warp.strip(source, index * BLOCK, strip).unwrap();
    }
    (target, out)
}

fn noise(shape: [usize; 2]) -> Memory {
    let cells = (0..shape[0] * shape[1]).map(|i| ((i * 7_919) % 1_013) as f32 * 0.37).collect();
    Memory { shape, cells }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The way there and back is the place one came from.
    #[test]
    fn an_affine_way_has_its_inverse(
        x in -1e6..1e6, y in -1e6..1e6, a in 0.1_f64..10.0, b in -0.05..0.05_f64, u in 0.0..1e4, v in 0.0..1e4,
    ) {
        let way = Affine { origin: [x, y], columns: [a, b], rows: [b, -a] };
        let [u2, v2] = way.inverse().unwrap().at(way.at([u, v]));
        prop_assert!((u - u2).abs() < 1e-6 && (v - v2).abs() < 1e-6);
    }

    /// A raster on the lattice of its own plane keeps every bit, by any way but the mean.
    #[test]
    fn an_aligned_raster_is_kept(rows in 1_usize..300, columns in 1_usize..300, hole in 0_usize..90_000) {
        let mut source = noise([rows, columns]);
        let hole = hole % source.cells.len();
        source.cells[hole] = -1.0;
        let affine = Affine::north_up([-62_000.0, 58_000.0], [0.5, 0.5]);
        for how in [Resampling::Nearest, Resampling::Bilinear] {
            let (target, found) = warped(&mut source, affine, (&operation(6677), how), None);
            prop_assert_eq!(target.shape, [rows, columns]);
            let origin = target.origin_m.map(f64::to_bits);
            prop_assert_eq!(origin, [-62_000.0_f64, 58_000.0].map(f64::to_bits));
            for (index, (found, own)) in found.iter().zip(&source.cells).enumerate() {
                prop_assert!(found.to_bits() == own.to_bits() || index == hole && found.is_nan());
            }
        }
    }

    /// A plane of heights in lon/lat stays that plane; blocks and threads change no bit.
    #[test]
    fn a_slope_stays_a_slope(step in 0.5_f64..3.0) {
        let shape = [180, 220];
        let affine = Affine::north_up([139.0, 36.4], [0.2 / 3_600.0, 0.2 / 3_600.0]);
        let cells = (0..shape[0] * shape[1]).map(|i| (i % shape[1]) as f32 + 0.5).collect();
        let mut source = Memory { shape, cells };
        let run = |source: &mut Memory, threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            // The operation holds handles that stay on their thread: it is made there.
            let how = Resampling::Bilinear;
            pool.install(|| warped(source, affine, (&operation(6668), how), Some(5.0 * step)))
        };
        let (target, found) = run(&mut source, 1);
        let (_, again) = run(&mut source, 3);
        prop_assert!(found.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()));
        let operation = operation(6668);
        for (index, value) in found.iter().enumerate() {
            if value.is_nan() {
                continue;
            }
            let mut middle = [target.middle(index / target.shape[1], index % target.shape[1])];
            operation.inverse(&mut middle);
            let column = (middle[0][0] - 139.0) * 3_600.0 / 0.2;
            let inner = (1.0..f64::from(219_u8)).contains(&column);
            prop_assert!(!inner || (f64::from(*value) - column).abs() < 0.02, "{value} {column}");
        }
    }
}

/// The mean over ten by ten cells is the mean, and holes have no weight.
#[test]
fn coarser_cells_are_means() {
    let mut source = noise([40, 60]);
    for row in 0..10 {
        for column in 0..10 {
            if row + column != 0 {
                source.cells[row * 60 + column] = -1.0;
            }
        }
    }
    let affine = Affine::north_up([1_000.0, 2_000.0], [1.0, 1.0]);
    let how = (&operation(6677), Resampling::Average);
    let (target, found) = warped(&mut source, affine, how, Some(10.0));
    assert_eq!(target.shape, [4, 6]);
    assert_eq!(found[0].to_bits(), source.cells[0].to_bits());
    let second: f64 = (0..100).map(|i| f64::from(source.cells[i / 10 * 60 + 10 + i % 10])).sum();
    assert!((f64::from(found[1]) - second / 100.0).abs() < 1e-4);
}

/// No data spreads to no cell and from no cell.
#[test]
fn no_data_never_becomes_data() {
    let mut source = noise([64, 64]);
    source.cells[32 * 64..].fill(-1.0);
    let affine = Affine::north_up([0.25, 100.0], [1.0, 1.0]);
    let how = (&operation(6677), Resampling::Bilinear);
    let (target, found) = warped(&mut source, affine, how, Some(0.5));
    for (index, value) in found.iter().enumerate() {
        let [_, y] = target.middle(index / target.shape[1], index % target.shape[1]);
        assert!(value.is_nan() || 68.0 <= y, "{index}");
    }
}

#[test]
fn wild_places_are_refused() {
    let shape = [10, 10];
    let around = |affine: &Affine, epsg| {
        Target::around(affine, shape, (&operation(epsg), Zone::IX), None).map(|target| target.shape)
    };
    let far = Affine::north_up([-100.0, 10.0], [1.0, 1.0]);
    assert!(matches!(around(&far, 6668), Err(RasterError::Outside)));
    assert!(Affine::north_up([0.0, 0.0], [0.0, 1.0]).inverse().is_none());
    assert!(Affine::north_up([f64::NAN, 0.0], [1.0, 1.0]).inverse().is_none());
    let huge = Affine::north_up([0.0, 0.0], [1e15, 1e15]);
    assert!(matches!(around(&huge, 6677), Err(RasterError::Outside)));
    let tiny = Some(1e-9);
    let affine = Affine::north_up([0.0, 0.0], [1.0, 1.0]);
    let refused = Target::around(&affine, shape, (&operation(6677), Zone::IX), tiny);
    assert!(matches!(refused, Err(RasterError::Size { .. })));
}

/// Cells of a twentieth of an arc second are about a metre, of 0.2″ about five.
#[test]
fn cell_sizes_are_round() {
    for (arcsec, expected) in [(0.04, 1.0), (0.2, 5.0), (0.4, 10.0)] {
        let cell = arcsec / 3_600.0;
        let affine = Affine::north_up([139.0, 36.5], [cell, cell]);
        let target =
            Target::around(&affine, [150, 225], (&operation(6668), Zone::IX), None).unwrap();
        assert_eq!(target.cell_size_m.to_bits(), f64::to_bits(expected));
    }
}
