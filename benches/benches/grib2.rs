//! Rain of the 1 km grid, 8.6 million cells: the whole field and the window of Gunma, beside the
//! crate `grib`. With `JOMO_REAL_DATA` also the agency's forecast of 2017-08-07.

use std::hint::black_box;
use std::io::Cursor;
use std::path::PathBuf;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jomo_format::grib2::{
    self, FileWriter, Identification, LatLonGrid, LevelGrid, Product, Submessage, rain_levels_2017,
};

const GUNMA_DEG: [f64; 4] = [138.4, 36.0, 139.7, 37.1];
const FORECAST: &str =
    "jma-grib2/Z__C_RJTD_20170807001000_SRF_GPV_Ggis1km_Prr60lv_Fper10min_FH01-06_grib2.bin";

/// Bands of rain with showers between missing corners, 380 kB packed; a real hour has 202 to
/// 266 kB.
fn bands() -> Vec<u8> {
    let grid = LatLonGrid::JMA_1KM;
    let mut levels = Vec::new();
    for row in 0..grid.rows {
        for column in 0..grid.columns {
            let (x, y) = (f64::from(column) / 2560.0, f64::from(row) / 3360.0);
            let band = (7.0 * x + 3.0 * y).sin() * (19.0 * y - 5.0 * x).cos();
            let shower = (190.0 * x).sin() * (230.0 * y).cos();
            let level = (60.0 * (band - 0.55) + 9.0 * shower).clamp(1.0, 90.0);
            let missing = x + y < 0.7 || 1.3 < x + y;
            levels.push(if missing { 0 } else { narrow(level) });
        }
    }
    let Ok(time) = "2030-01-01T00:00:00Z".parse() else { return Vec::new() };
    let mut writer = FileWriter::new(Identification::analysis(time), grid);
    let written = writer.field(&Product::rain_analysis(time), &rain_levels_2017(), &levels);
    assert!(written.is_ok(), "{written:?}");
    writer.finish()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the caller clamps to 1 to 90"
)]
fn narrow(level: f64) -> u8 {
    level as u8
}

/// The first field of a file, with something done to it.
fn first<T>(bytes: &[u8], work: impl FnOnce(&Submessage<'_>) -> Option<T>) -> Option<T> {
    work(grib2::read(bytes).ok()?.first()?)
}

fn gunma(field: &Submessage<'_>) -> Option<LevelGrid> {
    field.decode(&field.grid().window_of(GUNMA_DEG)?).ok()
}

fn all(field: &Submessage<'_>) -> Option<LevelGrid> {
    field.decode_all().ok()
}

/// All values of the first field by the crate `grib`.
fn peer(bytes: &[u8]) -> Option<Vec<f32>> {
    let file = grib::from_reader(Cursor::new(bytes)).ok()?;
    let (_, field) = file.iter().next()?;
    Some(grib::Grib2SubmessageDecoder::from(field).ok()?.dispatch().ok()?.collect())
}

fn measure(criterion: &mut Criterion, name: &str, bytes: &[u8]) {
    let mut group = criterion.benchmark_group("grib2_decode");
    group.sample_size(10);
    group.bench_function(BenchmarkId::new("gunma", name), |bencher| {
        bencher.iter(|| black_box(first(bytes, gunma)));
    });
    group.throughput(Throughput::Elements(LatLonGrid::JMA_1KM.cells()));
    group.bench_function(BenchmarkId::new("check", name), |bencher| {
        bencher.iter(|| black_box(first(bytes, |field| field.check().ok())));
    });
    group.bench_function(BenchmarkId::new("levels", name), |bencher| {
        bencher.iter(|| black_box(first(bytes, all)));
    });
    group.bench_function(BenchmarkId::new("values", name), |bencher| {
        bencher.iter(|| black_box(first(bytes, |field| all(field).map(|grid| grid.values()))));
    });
    group.bench_function(BenchmarkId::new("values_by_grib", name), |bencher| {
        bencher.iter(|| black_box(peer(bytes)));
    });
    group.finish();
}

fn grib2_decode(criterion: &mut Criterion) {
    measure(criterion, "bands", &bands());
    if let Some(root) = std::env::var_os("JOMO_REAL_DATA")
        && let Ok(bytes) = std::fs::read(PathBuf::from(root).join(FORECAST))
    {
        measure(criterion, "forecast_2017", &bytes);
    }
}

criterion_group!(benches, grib2_decode);
criterion_main!(benches);
