//! Laws of reading and writing, and the texts of errors.

use std::io::Cursor;

use jiff::{SignedDuration, Timestamp};
use jomo_core::message::Coded;
use proptest::prelude::*;

use super::super::*;

/// A grid of cells of 30" x 45" in the sample region.
pub(super) fn grid_of(rows: u32, columns: u32) -> LatLonGrid {
    let [west, north] = [140.65, 33.65];
    let east = west + f64::from(columns) / 80.0;
    let south = north - f64::from(rows) / 120.0;
    LatLonGrid::from_outer([west, south, east, north], rows, columns).unwrap()
}

fn time() -> Timestamp {
    "2030-06-01T03:00:00Z".parse().unwrap()
}

/// One product for each template.
fn products() -> Vec<Product> {
    let analysis = Product::rain_analysis(time());
    let index = Product {
        template: 0,
        number: 206,
        forecast_time: SignedDuration::ZERO,
        interval: None,
        first_surface: Surface { kind: 201, scale: Some(0), value: Some(-2) },
        remarks: Remarks::None,
        ..analysis.clone()
    };
    let sources = [1, 3].map(|product| Source { product, hours: 2, minutes: 30 });
    let risk = Product {
        template: 50000,
        number: 208,
        remarks: Remarks::Sources(sources),
        ..index.clone()
    };
    let nowcast = Product {
        template: 50011,
        number: 203,
        remarks: Remarks::Raw(vec![1, 2, 3]),
        ..analysis.clone()
    };
    let forecast = Product::rain_forecast(time(), 6).unwrap();
    vec![analysis, forecast, index, risk, nowcast]
}

/// A file of five fields below 4 KiB.
pub(super) fn fixture() -> Vec<u8> {
    let mut writer = FileWriter::new(Identification::analysis(time()), grid_of(12, 20));
    let table = LevelTable::new(1, (0..12).map(|mm| mm * 10).collect()).unwrap();
    for (seed, product) in (0_usize..).zip(products()) {
        let levels: Vec<u8> = (0..240)
            .map(|cell| u8::try_from((cell / 7 + seed) * (cell / 31) % 13).unwrap())
            .collect();
        writer.field(&product, &table, &levels).unwrap();
    }
    writer.finish()
}

#[test]
fn every_template_round_trips() {
    let bytes = fixture();
    let fields = read(&bytes).unwrap();
    let found: Vec<Product> = fields.iter().map(|field| field.product().clone()).collect();
    assert_eq!(found, products());
    assert_eq!(*fields[4].grid(), grid_of(12, 20));
    assert_eq!(found[1].valid_time, time() + SignedDuration::from_hours(6));
}

/// Two messages in a file are read as one list.
#[test]
fn messages_follow_each_other() {
    let bytes = [fixture(), fixture()].concat();
    assert_eq!(read(&bytes).unwrap().len(), 10);
}

/// A field may bring its own grid, with or without a local section before it.
#[test]
fn sections_repeat_within_a_message() {
    let mut small = FileWriter::new(Identification::analysis(time()), grid_of(2, 3));
    small.field(&products()[2], &rain_levels_2017(), &[1, 1, 2, 2, 3, 3]).unwrap();
    let small = small.finish();
    let local = [0, 0, 0, 7, 2, 1, 2];
    for between in [&[][..], &local] {
        let first = fixture();
        let end = first.len() - 4;
        let mut bytes = [&first[..end], between, &small[37..]].concat();
        let total = u64::try_from(bytes.len()).unwrap();
        bytes[8..16].copy_from_slice(&total.to_be_bytes());
        let fields = read(&bytes).unwrap();
        let grids: Vec<_> = fields.iter().map(|field| *field.grid()).collect();
        assert_eq!(grids[..5], [grid_of(12, 20); 5]);
        assert_eq!(grids[5..], [grid_of(2, 3)]);
        assert_eq!(fields[5].decode_all().unwrap().value_at(1, 2), Some(1.0));
    }
}

fn any_field() -> impl Strategy<Value = (u32, u32, Vec<u8>)> {
    // Runs of random length, so that short and long ones occur.
    (1..20_u32, 1..30_u32, any::<[u8; 3]>()).prop_flat_map(|(rows, columns, tops)| {
        let runs =
            proptest::collection::vec((0..=tops[0] % 99, 1..=1 + usize::from(tops[1])), 1..60);
        runs.prop_map(move |runs| {
            let cells = usize::try_from(rows * columns).unwrap();
            let mut levels: Vec<u8> =
                runs.into_iter().flat_map(|(level, run)| vec![level; run]).collect();
            levels.resize(cells, tops[2] % 99);
            (rows, columns, levels)
        })
    })
}

proptest! {
    /// What is written is read back: levels, table, product, and any window of it.
    #[test]
    fn levels_round_trip(
        (rows, columns, levels) in any_field(),
        forecast in any::<bool>(),
        cut in any::<[u32; 4]>(),
    ) {
        let product = products()[usize::from(forecast)].clone();
        let mut writer = FileWriter::new(Identification::analysis(time()), grid_of(rows, columns));
        writer.field(&product, &rain_levels_2017(), &levels).unwrap();
        let bytes = writer.finish();
        let fields = read(&bytes).unwrap();
        prop_assert_eq!(fields[0].product(), &product);
        prop_assert_eq!(fields[0].table(), rain_levels_2017());
        let all = fields[0].decode_all().unwrap();
        prop_assert_eq!(all.levels().bytes().unwrap(), levels.as_slice());

        let range = |a: u32, b: u32, count: u32| {
            let start = a % count;
            start..start + 1 + b % (count - start)
        };
        let window = Window {
            rows: range(cut[0], cut[1], rows),
            columns: range(cut[2], cut[3], columns),
        };
        let part = fields[0].decode(&window).unwrap();
        let [height, width] = part.shape();
        for row in 0..height {
            for column in 0..width {
                let (top, left) = (window.rows.start as usize, window.columns.start as usize);
                prop_assert_eq!(
                    part.value_at(row, column),
                    all.value_at(top + row, left + column)
                );
            }
        }
    }

    /// The crate `grib` reads what is written here.
    #[test]
    fn the_grib_crate_reads_it((rows, columns, levels) in any_field(), forecast in any::<bool>()) {
        let product = products()[usize::from(forecast)].clone();
        let mut writer = FileWriter::new(Identification::analysis(time()), grid_of(rows, columns));
        writer.field(&product, &rain_levels_2017(), &levels).unwrap();
        let bytes = writer.finish();
        let own = read(&bytes).unwrap()[0].decode_all().unwrap().values();
        let peer = grib::from_reader(Cursor::new(&bytes)).unwrap();
        let (_, field) = peer.iter().next().unwrap();
        prop_assert_eq!(field.prod_def().prod_tmpl_num(), product.template);
        let values: Vec<f32> =
            grib::Grib2SubmessageDecoder::from(field).unwrap().dispatch().unwrap().collect();
        prop_assert_eq!(own.len(), values.len());
        for (own, peer) in own.iter().zip(values) {
            prop_assert!(own.to_bits() == peer.to_bits() || (own.is_nan() && peer.is_nan()));
        }
    }

    /// The window of a cell's own box, drawn in by a metre, is that cell.
    #[test]
    fn a_cell_is_its_own_window(row in 0..3360_u32, column in 0..2560_u32) {
        let grid = LatLonGrid::JMA_1KM;
        let cell = Window { rows: row..row + 1, columns: column..column + 1 };
        let [west, south, east, north] = grid.bounds_of(&cell);
        prop_assert_eq!(grid.window_of([west, south, east, north]), Some(cell.clone()));
        // The exact edges are those of the third mesh, known to half a microdegree.
        prop_assert!((west - (118.0 + f64::from(column) / 80.0)).abs() < 6e-7);
        prop_assert!((north - (48.0 - f64::from(row) / 120.0)).abs() < 6e-7);
        let [lon, lat] = grid.centre_deg(row, column);
        prop_assert!(west < lon && lon < east && south < lat && lat < north);
        let around = [west - 1e-5, south - 1e-5, east + 1e-5, north + 1e-5];
        let wider = grid.window_of(around).unwrap();
        prop_assert!(wider.rows.contains(&row) && wider.columns.contains(&column));
        prop_assert!(1 < wider.rows.len() && 1 < wider.columns.len());
    }

    /// Any four numbers give a window inside the grid, or none.
    #[test]
    fn windows_stay_inside(bbox in any::<[f64; 4]>()) {
        let grid = grid_of(12, 20);
        if let Some(window) = grid.window_of(bbox) {
            prop_assert!(grid.check(&window).is_ok());
        }
    }
}

#[test]
fn windows_that_leave_the_grid_are_refused() {
    let bytes = fixture();
    let field = &read(&bytes).unwrap()[0];
    #[expect(clippy::reversed_empty_ranges, reason = "an empty range is the case")]
    for (rows, columns) in [(0..13, 0..1), (3..3, 0..1), (0..1, 20..21), (0..1, 5..4)] {
        assert!(matches!(
            field.decode(&Window { rows, columns }),
            Err(GribError::Window { shape: [12, 20], .. })
        ));
    }
    assert_eq!(grid_of(12, 20).window_of([0.0, 0.0, 1.0, 1.0]), None);
    assert_eq!(grid_of(12, 20).window_of([141.0, 33.0, 140.0, 34.0]), None);
    assert_eq!(grid_of(12, 20).window_of([140.0, f64::NAN, 141.0, 34.0]), None);
    let everything = [f64::NEG_INFINITY, -90.0, f64::INFINITY, 90.0];
    assert_eq!(grid_of(12, 20).window_of(everything), Some(grid_of(12, 20).whole()));
    assert_eq!(LatLonGrid::from_outer([0.0, 0.0, 0.0, 1.0], 1, 1), None);
    assert_eq!(LatLonGrid::from_outer([0.0, 0.0, f64::NAN, 1.0], 1, 1), None);
}

#[test]
fn what_does_not_belong_is_not_written() {
    let mut writer = FileWriter::new(Identification::analysis(time()), grid_of(2, 2));
    let (table, analysis) = (rain_levels_2017(), Product::rain_analysis(time()));
    assert!(writer.field(&analysis, &table, &[1; 3]).is_err());
    assert!(writer.field(&analysis, &table, &[99; 4]).is_err());
    for wrong in [
        Product { template: 50009, ..analysis.clone() },
        Product { reference_time: time() + SignedDuration::from_secs(1), ..analysis.clone() },
        Product { forecast_time: SignedDuration::from_secs(1), ..analysis.clone() },
    ] {
        assert!(writer.field(&wrong, &table, &[1; 4]).is_err());
    }
    writer.field(&analysis, &table, &[98; 4]).unwrap();
    assert_eq!(read(&writer.finish()).unwrap()[0].table().value(98), Some(255.0));
}

/// The fixture with some bytes replaced.
fn patched(at: usize, octets: &[u8]) -> String {
    let mut bytes = fixture();
    bytes[at..at + octets.len()].copy_from_slice(octets);
    let error = read(&bytes).unwrap_err();
    format!("{}: {error}", error.code())
}

/// Offsets in the fixture: section 1 at 16, section 3 at 37, section 4 at 109, section 5 at
/// 191, section 6 at 232, section 7 at 238.
#[test]
fn errors_say_what_and_where() {
    let bytes = fixture();
    let last = bytes.len();
    let texts = [
        patched(0, b"BUFR"),
        patched(7, &[1]),
        patched(8, &[0, 0, 0, 0, 0, 0, 255, 255]),
        patched(last - 4, b"7778"),
        patched(16 + 4, &[2]),
        patched(16 + 14, &[13]),
        patched(37 + 12, &[0, 30]),
        patched(37 + 34, &[0, 0, 0, 13]),
        patched(37 + 46, &[1, 0, 0, 0]),
        patched(37 + 71, &[64]),
        patched(109 + 7, &[0, 8]),
        patched(109 + 17, &[4]),
        patched(109 + 38, &[4]),
        patched(109 + 41, &[2]),
        patched(191 + 5, &[0, 0, 0, 239]),
        patched(191 + 9, &[0, 0]),
        patched(191 + 11, &[12]),
        patched(191 + 12, &[0, 99]),
        patched(191 + 14, &[0, 97]),
        patched(232 + 5, &[254]),
        patched(232 + 5, &[0]),
        patched(238 + 3, &[0]),
    ];
    insta::assert_snapshot!(texts.join("\n"), @r"
    grib-no-message: no GRIB message begins at byte 0
    grib-unsupported: at byte 0: edition 1 is not supported
    grib-truncated: at byte 0: 65535 bytes needed, 1056 left
    grib-no-end: the message does not end with `7777` at byte 1052
    grib-section-order: at byte 16: section 2 after section 0
    grib-time: at byte 28: no date and time
    grib-unsupported: at byte 37: grid-template 30 is not supported
    grib-count: at byte 37: 240 points for a grid of 260
    grib-grid: at byte 37: no grid of 20 x 12 points lies between [140656250, 16777216] and [140893750, 33554167] (longitude, latitude in microdegrees)
    grib-unsupported: at byte 37: scanning-mode 64 is not supported
    grib-unsupported: at byte 109: product-template 8 is not supported
    grib-unsupported: at byte 109: time-unit 4 is not supported
    grib-interval: at byte 109: the interval ends 2030-06-01T04:00:00Z, but start and length give 2030-06-01T03:00:00Z
    grib-unsupported: at byte 109: time-ranges 2 is not supported
    grib-count: at byte 191: 239 points for a grid of 240
    grib-unsupported: at byte 191: packing-template 0 is not supported
    grib-unsupported: at byte 191: symbol-bits 12 is not supported
    grib-levels: at byte 191: level 99 in use, but the table ends at 12
    grib-section-length: at byte 191: section 5 has 41 bytes, its content 211
    grib-unsupported: at byte 232: bitmap 254 is not supported
    grib-unsupported: at byte 232: bitmap 0 is not supported
    grib-section-length: at byte 238: section 7 has 0 bytes, its content 5
    ");
}

#[test]
fn broken_runs_say_what_and_where() {
    let mut bytes = fixture();
    bytes[238 + 5] = 255;
    let text = |bytes: &[u8]| read(bytes).unwrap()[0].decode_all().unwrap_err().to_string();
    let start = text(&bytes);
    let mut bytes = fixture();
    let largest = u8::try_from(read(&bytes).unwrap()[0].largest_level()).unwrap();
    bytes[238 + 6] = largest + 1;
    let short = text(&bytes);
    bytes[238 + 6] = 255;
    let long = text(&bytes);
    insta::assert_snapshot!([start, short, long].join("\n"), @r"
    at byte 243: a run length without a level
    up to byte 311: runs of 210 points for a grid of 240
    up to byte 245: runs of 243 points for a grid of 240
    ");
}
