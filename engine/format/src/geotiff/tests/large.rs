//! A raster larger than the memory allowed, written and read in strips by a child process.

use std::path::Path;
use std::process::Command;

use jomo_core::walk::RowSource;

use super::*;

/// 400 MB of bytes.
const EDGE: usize = 20_000;
/// The child's limit on data (heap, stacks of threads), in KiB: 64 MiB.
const DATA_KIB: usize = 65_536;
const PATH: &str = "JOMO_TEST_LARGE_RASTER";

fn cell(row: usize, column: usize) -> u8 {
    let steps = row / 96 + column / 160 + (row / 512) * (column / 512);
    steps.to_le_bytes()[0]
}

fn fill(row: usize, out: &mut [u8]) {
    // Nothing changes within 32 columns: 160 and 512 are multiples.
    for (run, out) in out.chunks_mut(32).enumerate() {
        out.fill(cell(row, 32 * run));
    }
}

fn write_large(path: &Path) {
    let layout = Layout {
        overviews: Overviews::Nearest,
        effort: Effort::Fast,
        memory_bytes: 32 << 20,
        ..Layout::new([EDGE, EDGE], PLACE.into())
    };
    let mut writer = CogWriter::<u8>::create(path, &layout).unwrap();
    let mut strip = vec![0; 50 * EDGE];
    for first in (0..EDGE).step_by(50) {
        for (row, out) in strip.chunks_exact_mut(EDGE).enumerate() {
            fill(first + row, out);
        }
        writer.write_rows(&strip).unwrap();
    }
    writer.finish().unwrap();
}

fn read_large(path: &Path) {
    let limits = ReaderLimits { cache_bytes: 8 << 20, ..ReaderLimits::default() };
    let open = || Reader::open(std::fs::File::open(path).unwrap(), limits).unwrap();
    let mut reader = open();
    let mut strip = vec![0_u8; 128 * EDGE];
    let mut expected = vec![0; EDGE];
    for first in (0..EDGE).step_by(128) {
        let last = (first + 128).min(EDGE);
        let strip = &mut strip[..(last - first) * EDGE];
        let window = Window { rows: first..last, columns: 0..EDGE };
        reader.read([0, 0], &window, strip).unwrap();
        for (row, found) in strip.chunks_exact(EDGE).enumerate() {
            fill(first + row, &mut expected);
            assert!(found == expected, "row {}", first + row);
        }
    }
    let mut overview = [0_u8; 100];
    let window = Window { rows: 700..710, columns: 900..910 };
    reader.read([4, 0], &window, &mut overview).unwrap();
    for (index, found) in overview.into_iter().enumerate() {
        assert_eq!(found, cell(16 * (700 + index / 10), 16 * (900 + index % 10)));
    }
    let mut rows = open().rows(0).unwrap();
    let mut strip = vec![0.0; 3 * EDGE];
    rows.read(0..3, &mut strip).unwrap();
    assert!(
        strip
            .iter()
            .take(EDGE)
            .enumerate()
            .all(|(column, v)| v.total_cmp(&f32::from(cell(0, column))).is_eq())
    );
}

/// What the child does; without its environment, nothing.
#[test]
#[expect(clippy::disallowed_methods, reason = "the parent test tells the child by the environment")]
fn in_small_memory() {
    let Some(path) = std::env::var_os(PATH) else { return };
    if path == "hold" {
        // The control: the raster itself does not fit.
        let held = vec![1_u8; EDGE * EDGE];
        assert_eq!(held.iter().map(|value| u64::from(*value)).sum::<u64>(), 400_000_000);
        return;
    }
    write_large(Path::new(&path));
    read_large(Path::new(&path));
}

fn child(what: &Path) -> std::process::Output {
    let program = std::env::current_exe().unwrap();
    let line = format!("ulimit -c 0; ulimit -d {DATA_KIB} && exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &line])
        .arg(program)
        .args(["--exact", "geotiff::tests::large::in_small_memory", "--test-threads=1"])
        .env(PATH, what)
        .env("RAYON_NUM_THREADS", "2")
        .output()
        .unwrap()
}

#[test]
fn a_raster_larger_than_memory_is_written_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.tif");
    let done = child(&path);
    let words = String::from_utf8_lossy(&done.stderr) + String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{words}");
    assert!(path.is_file(), "{words}");
    assert!(!child(Path::new("hold")).status.success(), "the limit does not bite");
}
