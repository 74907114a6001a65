//! A real mesh of heights, found by `JOMO_REAL_DATA`.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use jomo_core::grid::{Grid, Placement};
use jomo_core::projection::Zone;
use jomo_format::fgd::Surface;
use jomo_terrain::flow::OUTLET;
use jomo_terrain::{Breach, Conditioning, Prepared, with_waters};

use crate::sample::{Made, bits, fill_only, on_threads};

/// The mesh 52387400 of 0.2″. Its cells are taken for squares of 5 m: this test looks at how
/// things hang together, not at lengths.
fn mesh(test: &str) -> Option<(Grid<f32>, Grid<u8>)> {
    #[expect(clippy::disallowed_methods, reason = "tests find real data by the environment")]
    let Some(root) = std::env::var_os("JOMO_REAL_DATA") else {
        println!("skipped: {test}: JOMO_REAL_DATA is not set");
        return None;
    };
    let path = PathBuf::from(root).join("fgd-dem/FG-GML-5238-74-00-DEM5A-20161001.xml");
    let mesh = jomo_format::fgd::read(BufReader::new(File::open(path).unwrap())).unwrap();
    let placement = Placement { zone: Zone::IX, origin_m: [0.0, 0.0], cell_size_m: 5.0 };
    let inland = |surface: &Surface| u8::from(*surface == Surface::Inland);
    let water = mesh.surfaces.iter().map(inland).collect();
    let water = Grid::new(mesh.shape, placement, water).unwrap();
    Some((Grid::new(mesh.shape, placement, mesh.heights_m.clone()).unwrap(), water))
}

#[test]
fn the_real_mesh_drains_and_adds_up() {
    let Some((dem, _)) = mesh("the_real_mesh_drains_and_adds_up") else { return };
    let made = on_threads(2, || Made::new(&dem, &Conditioning::default(), 500));
    let cells = dem.values().iter().filter(|height| !height.is_nan()).count();
    let mut outlets = 0_usize;
    for (cell, code) in made.flow.codes().values().iter().enumerate() {
        if *code == OUTLET {
            outlets += made.upstream.values()[cell] as usize;
        }
    }
    assert_eq!(outlets, cells, "the outlets drain every cell with a height");
    let labelled = made.catchments.values().iter().filter(|label| **label != 0).count();
    let own: u32 = made.network.reaches().iter().map(|reach| reach.own_cells).sum();
    assert_eq!(labelled, own as usize);
    let filled = Made::new(&dem, &fill_only(64), 500);
    let (cut, fill) = (&made.conditioned, &filled.conditioned);
    println!(
        "cut: {} lowered, {} raised, at most {} and {} m; filled: {} raised, at most {} m; {} reaches of order up to {}",
        cut.lowered,
        cut.raised,
        cut.deepest_cut_m,
        cut.deepest_fill_m,
        fill.raised,
        fill.deepest_fill_m,
        made.network.reaches().len(),
        made.network.reaches().iter().map(|reach| reach.strahler).max().unwrap_or(0),
    );
    assert!(cut.raised < fill.raised, "channels take the place of lakes");
    assert!(cut.deepest_cut_m <= 10.0);
    let bytes = made.file();
    let opened = Prepared::open(&bytes).unwrap();
    opened.verify().unwrap();
    assert_eq!(opened.network(), &made.network);
    let limits = Breach { depth_m: 10.0, reach_cells: 30 };
    let other = Conditioning { breach: Some(limits), patch_cells: 37 };
    assert_eq!(on_threads(3, || Made::new(&dem, &other, 500)).file(), bytes);
}

/// With heights for its 302 cells of water the mesh has no hole, and fewer ways out of it.
#[test]
fn real_waters_get_heights_from_their_shores() {
    let Some((dem, water)) = mesh("real_waters_get_heights_from_their_shores") else { return };
    let closed = with_waters(&dem, &water, 1.0).unwrap();
    assert!(closed.values().iter().all(|height| !height.is_nan()));
    let kept = dem.values().iter().zip(closed.values()).filter(|(before, _)| !before.is_nan());
    assert!(kept.into_iter().all(|(before, after)| before.to_bits() == after.to_bits()));
    let outlets = |dem: &Grid<f32>| {
        let made = Made::new(dem, &Conditioning::default(), 500);
        let codes = made.flow.codes().values();
        let longest = made.network.reaches().iter().map(|reach| reach.upstream_cells).max();
        let outlets: usize = codes.iter().map(|code| usize::from(*code == OUTLET)).sum();
        (outlets, longest.unwrap())
    };
    let (holes, whole) = (outlets(&dem), outlets(&closed));
    println!("outlets and largest basin: {holes:?} with holes, {whole:?} without");
    assert!(whole.0 < holes.0 && holes.1 <= whole.1);
    let none = Grid::new(dem.shape(), dem.placement(), vec![0; dem.values().len()]).unwrap();
    assert_eq!(bits(&with_waters(&dem, &none, 1.0).unwrap()), bits(&dem));
}
