//! Building vector tiles: features a second through all zooms, by threads.

use std::convert::Infallible;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use geo_types::{Coord, Geometry, LineString, Polygon};
use jomo_core::feature::{Feature, FeatureTable, Field, FieldType, Value};
use jomo_core::layer::Text;
use jomo_core::mesh::GridSquare;
use jomo_tile::{LayerSource, Settings, build};

/// A coverage of `rows * columns` regions whose borders wave and are shared: 40 vertices a side.
fn regions(rows: u32, columns: u32) -> FeatureTable {
    const STEPS: u32 = 40;
    let place = |row: f64, column: f64| {
        let wave = |a: f64, b: f64| {
            0.08 * ((7.3 * a).sin() * (5.1 * b).cos() + (41.0 * (a + b)).sin() / 9.0)
        };
        let (x, y) = (column + wave(row, column), row + wave(column, row));
        Coord { x: 138.4 + 0.03 * x, y: 36.0 + 0.02 * y }
    };
    let region = |row: u32, column: u32| -> Geometry<f64> {
        let (row, column) = (f64::from(row), f64::from(column));
        // The same numbers on both sides of a border, whichever way it runs.
        let up = (0..STEPS).map(|step| f64::from(step) / f64::from(STEPS));
        let down = (1..=STEPS).rev().map(|step| f64::from(step) / f64::from(STEPS));
        let south = up.clone().map(|share| place(row, column + share));
        let east = up.map(|share| place(row + share, column + 1.0));
        let north = down.clone().map(|share| place(row + 1.0, column + share));
        let west = down.map(|share| place(row + share, column));
        let ring = south.chain(east).chain(north).chain(west).collect();
        Polygon::new(LineString(ring), Vec::new()).into()
    };
    table((0..rows).flat_map(|row| (0..columns).map(move |column| region(row, column))))
}

/// The 13,728 cells of 1 km of a forecast over the prefecture.
fn cells() -> FeatureTable {
    let bounds = |row: u32, column: u32| GridSquare::new(row, column).map(GridSquare::bounds_deg);
    table(
        (1_308..1_440).flat_map(|row| (1_632..1_736).map(move |column| (row, column))).filter_map(
            |(row, column)| {
                let [west, south, east, north] = bounds(row, column)?;
                Some(geo_types::Rect::new((west, south), (east, north)).into())
            },
        ),
    )
}

fn table(geometries: impl Iterator<Item = Geometry<f64>>) -> FeatureTable {
    let feature = |(index, geometry): (usize, Geometry<f64>)| Feature {
        id: format!("f{index}"),
        geometry,
        values: vec![Some(Value::Float(f64::from(u8::try_from(index % 50).unwrap_or(0))))],
    };
    let fields = vec![Field::new("rain_mm", FieldType::Float, Text::default())];
    FeatureTable { fields, features: geometries.enumerate().map(feature).collect() }
}

fn tiles(criterion: &mut Criterion) {
    let cases =
        [("regions/2000/z4-12", regions(40, 50), 4..=12), ("cells/13728/z4-11", cells(), 4..=11)];
    for (name, table, zooms) in cases {
        let mut group = criterion.benchmark_group(format!("tiles/{name}"));
        group.sample_size(10);
        group.throughput(Throughput::Elements(table.features.len() as u64));
        let sources = [LayerSource { name: "layer", table: &table, zooms }];
        for threads in [1, 2] {
            let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() else {
                continue;
            };
            group.bench_function(BenchmarkId::new("threads", threads), |bencher| {
                let once = || {
                    build::<Infallible>(&sources, &Settings::default(), |_, _| Ok(()))
                        .map(|report| report.bytes)
                };
                pool.install(|| bencher.iter(once));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, tiles);
criterion_main!(benches);
