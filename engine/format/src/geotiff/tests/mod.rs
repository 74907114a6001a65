mod gdal;
mod hostile;
mod large;
mod laws;

use std::io::Cursor;

use jomo_core::projection::Zone;

use super::*;

pub(super) const PLACE: Placement =
    Placement { zone: Zone::IX, origin_m: [80_000.0, -250_000.0], cell_size_m: 10.0 };

/// The n-th number of a fixed sequence (Steele et al. 2014, `SplitMix64`).
pub(super) fn random(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

pub(super) fn flip(bytes: &mut [u8], random: u64) {
    let bit = usize::try_from(random % (8 * bytes.len() as u64)).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
}

pub(super) fn ramp(shape: [usize; 2]) -> Vec<f32> {
    let ramp = (0_u16..=60_000).cycle().take(shape[0] * shape[1]);
    ramp.map(|i| f32::from(i) * 0.37 - 3.0).collect()
}

/// A COG in memory, its rows given `height` at a time.
pub(super) fn cog<T: Sample>(layout: &Layout, values: &[T], height: usize) -> Vec<u8> {
    let mut writer = CogWriter::in_memory(layout).unwrap();
    for rows in values.chunks(height * layout.shape[1] * layout.bands) {
        writer.write_rows(rows).unwrap();
    }
    writer.finish_in_memory().unwrap()
}

pub(super) fn open(bytes: &[u8]) -> Reader<Cursor<&[u8]>> {
    Reader::open(Cursor::new(bytes), ReaderLimits::default()).unwrap()
}

/// All numbers of all bands of a level.
pub(super) fn pixels<T: Sample>(bytes: &[u8], level: usize) -> Vec<T> {
    let mut reader = open(bytes);
    let shape = reader.levels()[level];
    let mut out = vec![T::default(); shape[0] * shape[1] * reader.bands()];
    reader.read_pixels(level, &Window::whole(shape), &mut out).unwrap();
    out
}

#[test]
fn scale_offset_and_no_data_make_the_meaning() {
    let grid = Grid::new([1, 3], PLACE, vec![0_u16, 100, 65_535]).unwrap();
    let meaning = Meaning { no_data: Some(65_535.0), scale: 0.01, offset: -5.0 };
    let found = read(&write(&grid, &meaning).unwrap(), Limits::default()).unwrap();
    assert_eq!(found.meaning, meaning);
    let grid = found.into_grid().unwrap();
    assert_eq!(grid.at(0, 0), Some(-5.0));
    assert_eq!(grid.at(0, 1), Some(-4.0));
    assert!(grid.at(0, 2).unwrap().is_nan());
}

#[test]
fn a_limit_is_a_limit() {
    let shape = [10, 10];
    let grid = Grid::new(shape, PLACE, ramp(shape)).unwrap();
    let file = write(&grid, &Meaning::default()).unwrap();
    let refused = read(&file, Limits { cells: 99 }).unwrap_err();
    insta::assert_snapshot!(refused, @"10 x 10 cells are more than the limit of 99");
    let narrow = ReaderLimits { block_bytes: 1_000, cache_bytes: 0 };
    let refused = Reader::open(Cursor::new(&file), narrow).unwrap_err();
    insta::assert_snapshot!(refused, @"a tile or strip of 262144 bytes is more than the limit of 1000");
    let layout = Layout { memory_bytes: 1_000_000, ..Layout::new(shape, PLACE.into()) };
    let refused = CogWriter::<f32>::in_memory(&layout).err().unwrap();
    insta::assert_snapshot!(refused, @"writing rows of this width of 1048597 bytes is more than the limit of 1000000");
}

#[test]
fn misuse_is_refused() {
    let layout = Layout::new([3, 4], PLACE.into());
    let mut writer = CogWriter::<u8>::in_memory(&layout).unwrap();
    insta::assert_snapshot!(writer.write_rows(&[0; 5]).unwrap_err(), @"12 cells wanted, 5 given");
    writer.write_rows(&[0; 8]).unwrap();
    insta::assert_snapshot!(writer.write_rows(&[0; 8]).unwrap_err(), @"4 cells wanted, 8 given");
    insta::assert_snapshot!(writer.finish_in_memory().unwrap_err(), @"12 cells wanted, 8 given");
    let meaning = Meaning { no_data: Some(-1.0), ..Meaning::default() };
    let layout = Layout { meaning, ..layout };
    insta::assert_snapshot!(CogWriter::<u8>::in_memory(&layout).err().unwrap(), @"no-data -1 is no u8");
    let file = cog(&Layout::new([3, 4], PLACE.into()), &[0_u8; 12], 1);
    let mut reader = open(&file);
    let all = Window::whole([3, 4]);
    let mut out = [0_u8; 12];
    for (refused, code) in [
        (reader.read([1, 0], &all, &mut out), "geotiff-outside"),
        (reader.read([0, 1], &all, &mut out), "geotiff-outside"),
        (reader.read([0, 0], &Window { rows: 1..4, ..all.clone() }, &mut out), "geotiff-outside"),
        (reader.read([0, 0], &all, &mut out[1..]), "geotiff-cells"),
        (reader.read([0, 0], &all, &mut [0_u16; 12]), "geotiff-samples"),
    ] {
        assert_eq!(jomo_core::message::Coded::code(&refused.unwrap_err()), code);
    }
}

#[test]
fn files_appear_complete_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("raster.tif");
    let names = || std::fs::read_dir(folder.path()).unwrap().count();
    let layout = Layout::new([600, 300], PLACE.into());
    let mut writer = CogWriter::<f32>::create(&target, &layout).unwrap();
    writer.write_rows(&ramp([599, 300])).unwrap();
    assert_eq!(names(), 3, "a spill for each level");
    assert_eq!(writer.finish().unwrap_err().to_string(), "180000 cells wanted, 179700 given");
    assert_eq!(names(), 0);
    let mut writer = CogWriter::<f32>::create(&target, &layout).unwrap();
    writer.write_rows(&ramp([600, 300])).unwrap();
    let length = writer.finish().unwrap();
    assert_eq!(names(), 1);
    let file = std::fs::read(&target).unwrap();
    assert_eq!(file.len() as u64, length);
    assert_eq!(file, cog(&layout, &ramp([600, 300]), 1));
    assert!(CogWriter::<f32>::create(&folder.path().join("no/where.tif"), &layout).is_err());
}

/// A point raster lies half a cell to the north-west of its positions.
#[test]
fn a_point_raster_is_moved_by_half_a_cell() {
    let layout = Layout { overviews: Overviews::None, ..Layout::new([2, 2], PLACE.into()) };
    let mut file = cog(&layout, &[1_u8, 2, 3, 4], 2);
    assert_eq!(open(&file).place().planar().unwrap(), PLACE);
    let key = [1, 4, 0, 0, 1, 0, 1, 0];
    let at = file.windows(8).position(|bytes| bytes == key).unwrap();
    file[at + 6] = 2;
    let origin = open(&file).place().origin.map(f64::to_bits);
    assert_eq!(origin, [79_995.0_f64, -249_995.0].map(f64::to_bits));
}

#[test]
fn turned_images_are_refused() {
    let layout = Layout { overviews: Overviews::None, ..Layout::new([2, 2], PLACE.into()) };
    let mut file = cog(&layout, &[1_u8, 2, 3, 4], 2);
    let cell = [10.0_f64.to_le_bytes(), 10.0_f64.to_le_bytes()].concat();
    let at = file.windows(16).position(|bytes| bytes == cell).unwrap();
    file[at + 8..at + 16].copy_from_slice(&(-10.0_f64).to_le_bytes());
    let refused = Reader::open(Cursor::new(&file), ReaderLimits::default()).unwrap_err();
    insta::assert_snapshot!(refused, @"the image is turned or south is up: [10.0, -10.0, 0.0]");
}

/// Codes of geodetic systems and of Web Mercator, and none.
#[test]
fn any_crs_is_kept() {
    for epsg in [Some(4_326), Some(6_668), Some(3_857), Some(6_677), Some(32_654), None] {
        let place = Place { epsg, origin: [139.0, 36.5], cell: [0.25, 0.5] };
        let file = cog(&Layout::new([2, 2], place), &[1.0_f64, 2.0, f64::NAN, 4.0], 2);
        assert_eq!(open(&file).place(), place);
        assert!(place.planar().is_err(), "{epsg:?}");
    }
}
