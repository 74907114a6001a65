use std::time::{Duration, Instant};

use jomo_core::message::Coded;

use super::*;

/// Reads everything that a file promises, through a small cache.
fn read_all(bytes: &[u8]) -> Result<usize, GeoTiffError> {
    let limits = ReaderLimits { block_bytes: 16 << 20, cache_bytes: 1 << 20 };
    let mut reader = Reader::open(Cursor::new(bytes), limits)?;
    let mut cells = 0;
    for (level, [rows, columns]) in reader.levels().into_iter().enumerate() {
        for band in 0..reader.bands().min(4) {
            let window = Window { rows: 0..rows.min(600), columns: 0..columns.min(600) };
            let mut out = vec![0.0; window.rows.len() * window.columns.len()];
            reader.read_values([level, band], &window, &mut out)?;
            cells += out.len();
        }
    }
    Ok(cells)
}

/// Two levels in 4 KiB.
fn small() -> Vec<u8> {
    let meaning = Meaning { no_data: Some(-9_999.0), scale: 2.0, offset: 1.0 };
    let layout = Layout { meaning, ..Layout::new([40, 300], PLACE.into()) };
    let values: Vec<i16> = (0..40 * 300).map(|i| i % 60 / 20).collect();
    let file = cog(&layout, &values, 40);
    assert!(file.len() <= 4_096, "{}", file.len());
    assert_eq!(read_all(&file).unwrap(), 40 * 300 + 20 * 150);
    file
}

/// Every prefix and 2,000 flips: an error or a raster, never a panic.
#[test]
fn hostile_bytes_end_in_an_error() {
    let file = small();
    for end in 0..file.len() {
        if let Ok(found) = read_all(&file[..end]) {
            // The last bytes repeat the last of the tile.
            assert!(file.len() - 4 <= end, "{end} of {} bytes gave {found} cells", file.len());
        }
        let _ = read(&file[..end], Limits::default());
    }
    let mut refused = 0;
    for n in 0..2_000 {
        let mut bytes = file.clone();
        flip(&mut bytes, random(n));
        refused += usize::from(read_all(&bytes).is_err());
        let _ = read(&bytes, Limits { cells: 1 << 20 });
    }
    assert!(500 < refused, "{refused}");
}

/// The place of the value of the n-th entry of a tag, inline.
fn entry(file: &[u8], tag: u16) -> usize {
    let first = usize::try_from(u32::from_le_bytes(file[4..8].try_into().unwrap())).unwrap();
    let count = usize::from(u16::from_le_bytes([file[first], file[first + 1]]));
    let entries = (0..count).map(|n| first + 2 + 12 * n);
    entries.into_iter().find(|at| file[*at..*at + 2] == tag.to_le_bytes()).unwrap()
}

fn with(file: &[u8], changes: &[(u16, u32)]) -> Vec<u8> {
    let mut file = file.to_vec();
    for (tag, value) in changes {
        let at = entry(&file, *tag);
        let short = file[at + 2] == 3;
        let count = u32::from_le_bytes(file[at + 4..at + 8].try_into().unwrap());
        assert_eq!(count, 1, "tag {tag}");
        let value = value.to_le_bytes();
        if short {
            // A short becomes a long: 4 bytes have room for it.
            file[at + 2] = 4;
        }
        file[at + 8..at + 12].copy_from_slice(&value);
    }
    file
}

/// A few bytes that declare a huge image are refused at once and before memory is asked for.
#[test]
#[expect(clippy::disallowed_methods, reason = "a bomb must end at once")]
fn bombs_are_refused() {
    let shape = [20, 12];
    let layout = Layout::new(shape, PLACE.into());
    let file = cog(&layout, &ramp(shape), 20);
    let (columns, rows, tile_columns, tile_rows, bands) = (256, 257, 322, 323, 277);
    let huge = 1 << 31;
    for (changes, code) in [
        (&[(columns, huge), (rows, huge)][..], "geotiff-truncated"),
        (
            &[(columns, huge), (rows, huge), (tile_columns, huge), (tile_rows, huge)],
            "geotiff-memory",
        ),
        (&[(tile_columns, 1_000_000_000)], "geotiff-memory"),
        (&[(tile_columns, 8_192), (tile_rows, 8_192)], "geotiff-memory"),
        // Unpacks to 4 MiB at most, by the ratio of DEFLATE.
        (&[(tile_columns, 2_048), (tile_rows, 2_048)], "geotiff-block"),
        (&[(bands, u32::MAX)], "geotiff-memory"),
        (&[(rows, 0)], "geotiff-unreadable"),
        (&[(tile_rows, 0)], "geotiff-unreadable"),
    ] {
        let bomb = with(&file, changes);
        let clock = Instant::now();
        let refused = read_all(&bomb).unwrap_err();
        assert_eq!(refused.code(), code, "{changes:?}: {refused}");
        assert!(read(&bomb, Limits::default()).is_err());
        assert!(clock.elapsed() < Duration::from_millis(200), "{changes:?}");
    }
}

/// A chain of directories that comes back to itself.
#[test]
fn a_circle_of_directories_is_refused() {
    let mut file = small();
    let first = usize::try_from(u32::from_le_bytes(file[4..8].try_into().unwrap())).unwrap();
    let next = first + 2 + 12 * usize::from(file[first]);
    let own = u32::try_from(first).unwrap().to_le_bytes();
    file[next..next + 4].copy_from_slice(&own);
    let refused = read_all(&file).unwrap_err();
    insta::assert_snapshot!(
        refused,
        @"chain of directories at byte 192: expected at most 64, none twice, found 1"
    );
}

/// Bytes of any kind end, too: LZW has no checksum.
#[test]
fn lzw_of_any_bytes_ends() {
    for n in 0..2_000 {
        let packed: Vec<u8> = (0..64).flat_map(|i| random(n * 64 + i).to_le_bytes()).collect();
        let mut out = vec![0; 10_000];
        assert!(lzw::unpack(&packed, &mut out) <= out.len());
    }
}

/// 200 prefixes of each real file: an error each time, for the whole file its pixels.
#[test]
#[expect(clippy::disallowed_methods, reason = "real files are found by the environment")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn prefixes_of_real_files_end_in_an_error() {
    let Some(root) = std::env::var_os("JOMO_REAL_DATA") else {
        println!("skipped: prefixes_of_real_files_end_in_an_error: JOMO_REAL_DATA is not set");
        return;
    };
    let scene = "forest-scene/scene-20261122";
    for name in ["forest-samples/OSBS_029.tif", &format!("{scene}/truth.tif")] {
        let file = std::fs::read(std::path::Path::new(&root).join(name)).unwrap();
        for n in 0..200 {
            let end = usize::try_from(random(n) % file.len() as u64).unwrap();
            assert!(read(&file[..end], Limits::default()).is_err(), "{end} bytes");
            // A short file may still hold the window that `read_all` asks for.
            let _ = read_all(&file[..end]);
        }
        assert!(read_all(&file).is_ok());
    }
}
