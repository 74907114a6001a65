//! Rasters: writing a COG from rows and reading one back, on one and two threads, and reading an
//! elevation mesh of 1,125 by 750 cells. `benches/peers/cog.sh` has GDAL write the same raster.

use std::fmt::Write;
use std::hint::black_box;
use std::io::Cursor;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jomo_core::grid::Placement;
use jomo_core::projection::Zone;
use jomo_format::fgd;
use jomo_format::geotiff::{CogWriter, Layout, Reader, ReaderLimits, Sample, Window};

const EDGE: usize = 4_096;

/// Hills with the noise of centimetres that laser heights have.
fn heights() -> Vec<f32> {
    (0..EDGE * EDGE)
        .map(|index| {
            let (x, y) = ((index % EDGE) as f32, (index / EDGE) as f32);
            let noise = (index as f32 * 12.9898).sin() * 0.05;
            let height = 400.0 + 150.0 * (x / 300.0).sin() * (y / 410.0).cos() + noise;
            (height * 100.0).round() / 100.0
        })
        .collect()
}

fn write<T: Sample>(values: &[T]) -> Vec<u8> {
    let place = Placement { zone: Zone::IX, origin_m: [0.0, 0.0], cell_size_m: 1.0 };
    let layout = Layout::new([EDGE, EDGE], place.into());
    let Ok(mut writer) = CogWriter::in_memory(&layout) else { return Vec::new() };
    let written = writer.write_rows(values);
    assert!(written.is_ok(), "{written:?}");
    writer.finish_in_memory().unwrap_or_default()
}

fn read<T: Sample>(file: &[u8]) -> Option<Vec<T>> {
    let mut reader = Reader::open(Cursor::new(file), ReaderLimits::default()).ok()?;
    let mut out = vec![T::default(); EDGE * EDGE];
    reader.read([0, 0], &Window::whole([EDGE, EDGE]), &mut out).ok()?;
    Some(out)
}

fn kind<T: Sample>(criterion: &mut Criterion, values: &[T]) {
    let mut group = criterion.benchmark_group(format!("cog_{}", T::TYPE.name()));
    group.sample_size(10);
    group.throughput(Throughput::Bytes((values.len() * T::TYPE.bytes()) as u64));
    let file = write(values);
    assert!(read::<T>(&file).is_some_and(|found| found == values));
    for threads in [1, 2] {
        let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() else { return };
        group.bench_function(BenchmarkId::new("write", threads), |bencher| {
            bencher.iter(|| pool.install(|| black_box(write(values))));
        });
        group.bench_function(BenchmarkId::new("read", threads), |bencher| {
            bencher.iter(|| pool.install(|| black_box(read::<T>(&file))));
        });
    }
    group.finish();
}

fn rasters(criterion: &mut Criterion) {
    let heights = heights();
    kind(criterion, &heights);
    let bytes: Vec<u8> =
        heights.iter().map(|height| u8::from_f64(f64::from(*height) / 3.0)).collect();
    kind(criterion, &bytes);
}

/// A mesh of 10B: 843,750 values, 14 MB of text.
fn meshes(criterion: &mut Criterion) {
    let mut text = "<Dataset><DEM><mesh>543800</mesh><Envelope srsName=\"fguuid:jgd2011.bl\">\
                    <lowerCorner>36.0 139.0</lowerCorner>\
                    <upperCorner>36.083333333 139.125</upperCorner></Envelope>\
                    <GridEnvelope><low>0 0</low><high>1124 749</high></GridEnvelope><tupleList>\n"
        .to_owned();
    for index in 0..1_125 * 750 {
        // Writing to a string does not fail.
        let _ = writeln!(text, "地表面,{:.2}", f64::from(index % 90_000) / 100.0);
    }
    text.push_str("</tupleList></DEM></Dataset>\n");
    let found = fgd::read(text.as_bytes());
    assert!(found.is_ok(), "{found:?}");
    let mut group = criterion.benchmark_group("fgd");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("1125x750", |bencher| {
        bencher.iter(|| black_box(fgd::read(text.as_bytes()).is_ok()));
    });
    group.finish();
}

criterion_group!(benches, rasters, meshes);
criterion_main!(benches);
