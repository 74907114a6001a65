//! The prepared file: what goes in comes out, and nothing else opens.

use jomo_terrain::{Conditioning, Prepared, PreparedError};
use proptest::prelude::*;

use crate::sample::{Made, fill_only, grid, noise, on_threads, rough};

fn small() -> Made {
    let dem = grid([9, 11], |row, column| {
        let hole = (3 * row + column).is_multiple_of(17);
        if hole { f32::NAN } else { row as f32 + 8.0 * noise(5, row, column) }
    });
    Made::new(&dem, &Conditioning::default(), 6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Everything comes back, and the bytes are the same on any threads.
    #[test]
    fn a_basin_comes_back(dem in rough(), threshold in 1_u32..12, patch in 2_usize..20) {
        let made = on_threads(1, || Made::new(&dem, &Conditioning::default(), threshold));
        let bytes = made.file();
        let conditioning = Conditioning { patch_cells: patch, ..Conditioning::default() };
        let other = on_threads(3, || Made::new(&dem, &conditioning, threshold));
        prop_assert_eq!(&other.file(), &bytes);
        let opened = Prepared::open(&bytes).unwrap();
        opened.verify().unwrap();
        prop_assert_eq!(opened.network(), &made.network);
        prop_assert_eq!(opened.sections(), made.sections.as_slice());
        prop_assert_eq!(opened.banks(), made.banks.as_slice());
        prop_assert_eq!(opened.codes(), made.flow.codes().values());
        prop_assert_eq!(&opened.upstream().collect::<Vec<_>>(), made.upstream.values());
        prop_assert_eq!(&opened.catchments().collect::<Vec<_>>(), made.catchments.values());
        let heights: Vec<u32> = opened.heights().map(f32::to_bits).collect();
        prop_assert_eq!(heights, crate::sample::bits(made.conditioned.heights()));
        for cell in 0..opened.cells() {
            prop_assert_eq!(opened.receiver(cell), made.flow.receiver(cell));
        }
    }
}

/// Opens and reads everything, whatever it holds.
fn read(bytes: &[u8]) -> Result<(), PreparedError> {
    let opened = Prepared::open(bytes)?;
    for reach in 0..opened.network().reaches().len() {
        opened.network().id(reach).unwrap();
    }
    for cell in 0..opened.cells() {
        let _ = opened.receiver(cell);
    }
    opened.verify()
}

/// Puts the sums right again after a change.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let number = |bytes: &[u8], at: usize| {
        bytes.get(at..at + 8).map_or(0, |eight| {
            usize::try_from(u64::from_le_bytes(eight.try_into().unwrap())).unwrap_or(usize::MAX)
        })
    };
    for entry in (80..248).step_by(24) {
        let (offset, length) = (number(&bytes, entry), number(&bytes, entry + 8));
        let Some(array) = bytes.get(offset..offset.saturating_add(length)) else { continue };
        let sum = xxhash_rust::xxh3::xxh3_64(array);
        bytes[entry + 16..entry + 24].copy_from_slice(&sum.to_le_bytes());
    }
    let sum = xxhash_rust::xxh3::xxh3_64(&bytes[..248]);
    bytes[248..256].copy_from_slice(&sum.to_le_bytes());
    bytes
}

#[test]
fn no_part_of_a_file_is_taken_for_the_whole() {
    let bytes = small().file();
    assert!(bytes.len() <= 4_096, "a fixture of {} bytes", bytes.len());
    read(&bytes).unwrap();
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).is_err(), "{length} bytes");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(read(&longer).is_err());
}

/// One bit in 2,000 places: it is always found; with the sums put right nothing panics, and ways
/// still end.
#[test]
fn flipped_bits_are_found_or_harmless() {
    let bytes = small().file();
    for flip in 0..2_000_u64 {
        let place = usize::try_from(flip.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24).unwrap();
        let mut changed = bytes.clone();
        changed[place % bytes.len()] ^= 1 << (flip % 8);
        assert!(read(&changed).is_err(), "byte {}", place % bytes.len());
        let changed = sealed(changed);
        if let Ok(opened) = Prepared::open(&changed)
            && opened.verify().is_ok()
        {
            for start in 0..opened.cells() {
                let mut steps = 0;
                let mut cell = start;
                while let Some(next) = opened.receiver(cell) {
                    (cell, steps) = (next, steps + 1);
                    assert!(steps <= opened.cells(), "water runs in a circle");
                }
            }
        }
    }
}

#[test]
fn errors_name_the_place_and_what_was_expected() {
    let made = small();
    let bytes = made.file();
    let changed = |at: usize, with: &[u8]| {
        let mut changed = bytes.clone();
        changed[at..at + with.len()].copy_from_slice(with);
        read(&sealed(changed)).unwrap_err().to_string()
    };
    let codes = usize::try_from(u64::from_le_bytes(bytes[152..160].try_into().unwrap())).unwrap();
    let told = [
        read(b"II*\0").unwrap_err().to_string(),
        read(&bytes[..100]).unwrap_err().to_string(),
        read(&bytes[..bytes.len() - 1]).unwrap_err().to_string(),
        changed(7, &[2]),
        changed(8, &4326_u32.to_le_bytes()),
        changed(16, &u64::MAX.to_le_bytes()),
        changed(48, &f64::NAN.to_le_bytes()),
        changed(56, &u64::MAX.to_le_bytes()),
        changed(256, &9_999_u32.to_le_bytes()),
        changed(260, &0_u32.to_le_bytes()),
        changed(256 + 48, &(-1.0_f64).to_le_bytes()),
        changed(codes + 30, &[200]),
        {
            let mut flipped = bytes.clone();
            flipped[300] ^= 1;
            read(&flipped).unwrap_err().to_string()
        },
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    not a prepared basin: it begins with [49, 49, 2a, 00]
    prepared basin: 100 bytes, 256 announced
    prepared basin: 2635 bytes, 2636 announced
    prepared basin of version 2: this program reads version 1
    prepared basin, byte 8: expected the EPSG of a planar zone, found 4326
    prepared basin, byte 16: expected at most 4294967295 cells, found 18446744073709551615 x 11
    prepared basin, byte 48: expected a finite number, found NaN
    prepared basin, byte 56: expected fewer things than a file can hold, found 18446744073709551615, 16, 7
    prepared basin, byte 256: expected 1 to 16 cells, found 9999
    prepared basin, byte 260: expected a later reach, found 0
    prepared basin, byte 304: expected more than 0 m, found -1
    prepared basin, byte 1246: expected a direction of 0 to 9, found 200
    prepared basin, byte 256: expected xxh3 5f2386ae991b5c76, found xxh3 d9ccdeb38d5f543a
    ");
}

#[test]
fn parts_of_different_basins_are_not_joined() {
    let (mut one, other) = (small(), Made::new(&grid([5, 5], |r, _| r as f32), &fill_only(8), 2));
    one.catchments = other.catchments;
    let basin = jomo_terrain::Basin {
        conditioned: &one.conditioned,
        flow: &one.flow,
        upstream: &one.upstream,
        catchments: &one.catchments,
        network: &one.network,
        sections: &one.sections,
        banks: &one.banks,
    };
    let error = jomo_terrain::prepared::write(&basin, &mut Vec::new()).unwrap_err();
    insta::assert_snapshot!(
        error,
        @"catchments: 5 x 5 values, 9 x 11 in the same place expected"
    );
}
