use proptest::prelude::*;

use super::*;

const PLACE: Placement =
    Placement { zone: Zone::IX, origin_m: [80_000.0, -250_000.0], cell_size_m: 10.0 };

fn ramp(shape: [usize; 2]) -> Grid<f32> {
    let values = (0_u16..=60_000)
        .cycle()
        .take(shape[0] * shape[1])
        .map(|i| f32::from(i) * 0.37 - 3.0)
        .collect();
    Grid::new(shape, PLACE, values).unwrap()
}

fn flip(bytes: &mut [u8], random: u64) {
    let bit = usize::try_from(random % (8 * bytes.len() as u64)).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
}

/// The n-th number of a fixed sequence (Steele et al. 2014, `SplitMix64`).
fn random(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What is written is read back, bit by bit, at any size around a tile's edge.
    #[test]
    fn rasters_round_trip(rows in 1_usize..530, columns in 1_usize..530, seed in 0_u64..1_000) {
        let cells = || (0..rows * columns).map(|i| random(seed + i as u64));
        let floats: Vec<f32> = cells().map(|r| f32::from(u16::try_from(r >> 48).unwrap()) * 0.1).collect();
        let shorts: Vec<u16> = cells().map(|r| u16::try_from(r >> 48).unwrap()).collect();
        let bytes: Vec<u8> = cells().map(|r| u8::try_from(r >> 56).unwrap()).collect();
        let shape = [rows, columns];
        let meaning = Meaning { no_data: Some(7.0), ..Meaning::default() };
        for (file, values) in [
            (write(&Grid::new(shape, PLACE, floats.clone()).unwrap(), &meaning), Values::F32(floats)),
            (write(&Grid::new(shape, PLACE, shorts.clone()).unwrap(), &meaning), Values::U16(shorts)),
            (write(&Grid::new(shape, PLACE, bytes.clone()).unwrap(), &meaning), Values::U8(bytes)),
        ] {
            let found = read(&file.unwrap(), Limits::default()).unwrap();
            prop_assert_eq!(&found, &Raster { shape, placement: PLACE, values, meaning });
        }
    }
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
fn the_bytes_do_not_depend_on_the_threads() {
    let grid = ramp([300, 200]);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| write(&grid, &Meaning::default()).unwrap())
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn a_limit_is_a_limit() {
    let file = write(&ramp([10, 10]), &Meaning::default()).unwrap();
    let refused = read(&file, Limits { cells: 99 }).unwrap_err();
    insta::assert_snapshot!(refused, @"10 x 10 cells are more than the limit of 99");
    assert_eq!(refused.code(), "geotiff-too-large");
}

/// Every prefix and 2,000 flips: an error or a raster, never a panic.
#[test]
fn hostile_bytes_end_in_an_error() {
    let meaning = Meaning { no_data: Some(-9_999.0), scale: 2.0, offset: 1.0 };
    let file = write(&ramp([20, 12]), &meaning).unwrap();
    assert!(file.len() <= 4_096, "{}", file.len());
    for end in 0..file.len() {
        if let Ok(found) = read(&file[..end], Limits::default()) {
            panic!("{end} of {} bytes gave {:?}", file.len(), found.shape);
        }
    }
    let mut refused = 0;
    for n in 0..2_000 {
        let mut bytes = file.clone();
        flip(&mut bytes, random(n));
        refused += usize::from(read(&bytes, Limits::default()).is_err());
    }
    assert!(100 < refused, "{refused}");
}

/// A few bytes that declare a huge image are refused before memory is asked for.
#[test]
fn a_bomb_is_refused() {
    let file = write(&ramp([20, 12]), &Meaning::default()).unwrap();
    let mut bomb = file.clone();
    // Width of the image and of its one tile.
    for tag in [[0, 1, 4, 0, 1, 0, 0, 0], [66, 1, 4, 0, 1, 0, 0, 0]] {
        let entry = file.windows(8).rposition(|bytes| bytes == tag).unwrap();
        bomb[entry + 8..entry + 12].copy_from_slice(&4_000_000_u32.to_le_bytes());
    }
    let refused = read(&bomb, Limits::default()).unwrap_err();
    assert_eq!(refused.code(), "geotiff-truncated", "{refused}");
}

/// GDAL on the same bytes: CRS, corner, cell, no-data, scale, and the last value.
#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn gdal_reads_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ramp.tif");
    let grid = ramp([300, 260]);
    let meaning = Meaning { no_data: Some(-9_999.0), scale: 0.5, offset: 100.0 };
    std::fs::write(&path, write(&grid, &meaning).unwrap()).unwrap();
    let Ok(run) = std::process::Command::new("gdalinfo").arg("-stats").arg(&path).output() else {
        println!("skipped: gdal_reads_the_same: no gdalinfo on PATH");
        return;
    };
    let text = String::from_utf8_lossy(&run.stdout);
    for part in [
        "Size is 260, 300",
        "ID[\"EPSG\",6677]",
        "Origin = (80000.000000000000000,-250000.000000000000000)",
        "Pixel Size = (10.000000000000000,-10.000000000000000)",
        "NoData Value=-9999",
        "Offset: 100,   Scale:0.5",
        "COMPRESSION=DEFLATE",
        "Block=256x256",
        "STATISTICS_MINIMUM=-3",
    ] {
        assert!(text.contains(part), "{part} not in:\n{text}");
    }
    let last = std::process::Command::new("gdallocationinfo")
        .args(["-valonly", path.to_str().unwrap(), "259", "299"])
        .output()
        .unwrap();
    let value: f32 = String::from_utf8_lossy(&last.stdout).trim().parse().unwrap();
    assert_eq!(Some(value), grid.at(299, 259));
}

/// 200 prefixes of a real file (three bands, UTM 17N): an error each time, also for the whole.
#[test]
#[expect(clippy::disallowed_methods, reason = "real files are found by the environment")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn prefixes_of_a_real_file_end_in_an_error() {
    let Some(root) = std::env::var_os("JOMO_REAL_DATA") else {
        println!("skipped: prefixes_of_a_real_file_end_in_an_error: JOMO_REAL_DATA is not set");
        return;
    };
    let path = std::path::Path::new(&root).join("forest-samples/OSBS_029.tif");
    let file = std::fs::read(path).unwrap();
    for n in 0..200 {
        let end = usize::try_from(random(n) % file.len() as u64).unwrap();
        assert!(read(&file[..end], Limits::default()).is_err(), "{end} bytes");
    }
    assert!(read(&file, Limits::default()).is_err());
}
