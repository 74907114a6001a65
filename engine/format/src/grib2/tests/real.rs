//! The files of the agency, found by `JOMO_REAL_DATA`.

use std::io::Cursor;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::super::*;

const NOWCAST: &str = "Z__C_RJTD_20160822020000_NOWC_GPV_Ggis10km_Pphw10_FH0000-0100_grib2.bin";
const RAIN: &str = "Z__C_RJTD_20161121010000_SRF_GPV_Ggis1km_Prr60lv_Aper10min_ANAL_grib2.bin";
const RAIN_FORECAST: &str =
    "Z__C_RJTD_20170807001000_SRF_GPV_Ggis1km_Prr60lv_Fper10min_FH01-06_grib2.bin";
const SOIL: &str = "Z__C_RJTD_20170807170000_SRF_GPV_Ggis1km_Psw_Aper10min_ANAL_grib2.bin";
const SOIL_FORECAST: &str =
    "Z__C_RJTD_20170807152000_SRF_GPV_Ggis1km_Psw_Fper10min_FH01-06_grib2.bin";
const LANDSLIDE: &str = "Z__C_RJTD_20180706095000_MET_INF_Jdosha_Ggis1km_ANAL_grib2.bin";
const LANDSLIDE_FORECAST: &str =
    "Z__C_RJTD_20180706095000_MET_INF_Jdosha_Ggis1km_FH00-03_grib2.bin";

/// Every real file, with its number of fields.
const FILES: [(&str, usize); 7] = [
    (NOWCAST, 7),
    (RAIN, 1),
    (RAIN_FORECAST, 6),
    (SOIL, 3),
    (SOIL_FORECAST, 18),
    (LANDSLIDE, 1),
    (LANDSLIDE_FORECAST, 4),
];

/// The folder of the real files; `None` if the test is to be skipped.
#[expect(clippy::disallowed_methods, reason = "real files are found by the environment")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn folder(test: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("JOMO_REAL_DATA") else {
        println!("skipped: {test}: JOMO_REAL_DATA is not set");
        return None;
    };
    Some(PathBuf::from(root).join("jma-grib2"))
}

fn bytes_of(test: &str, file: &str) -> Option<Vec<u8>> {
    folder(test).map(|folder| std::fs::read(folder.join(file)).unwrap())
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Number of missing cells, largest value and sum of a field.
fn measures(field: &Submessage<'_>) -> (usize, f64, f64) {
    let grid = field.decode_all().unwrap();
    let mut counts = vec![0_u32; grid.table().len() + 1];
    for level in grid.levels().bytes().unwrap() {
        counts[usize::from(*level)] += 1;
    }
    let missing = counts[0] as usize;
    let used = (1_u16..).zip(&counts[1..]).filter(|(_, count)| 0 < **count);
    let values: Vec<(f64, f64)> =
        used.map(|(level, count)| (grid.value(level).unwrap(), f64::from(*count))).collect();
    let largest = values.iter().map(|(value, _)| *value).fold(f64::NEG_INFINITY, f64::max);
    (missing, largest, values.iter().map(|(value, count)| value * count).sum())
}

/// Counts, extremes and sums were taken with two independent decoders.
#[test]
fn fields_have_the_known_sums() {
    for (file, fields, cells, missing, largest, sum) in [
        (NOWCAST, 7, 86_016, 71_493, 3.0, 14_739.0),
        // The sums 1,078,816.602 and 1,594,013.401 were taken in f32 values; these are exact.
        (RAIN, 1, 8_601_600, 6_296_565, 115.0, 1_078_816.6),
        (RAIN_FORECAST, 6, 8_601_600, 6_217_410, 52.0, 1_594_013.4),
        (SOIL, 3, 8_601_600, 8_177_820, 265.0, 16_280_970.0),
    ] {
        let Some(bytes) = bytes_of("fields_have_the_known_sums", file) else { return };
        let found = read(&bytes).unwrap();
        assert_eq!(found.len(), fields, "{file}");
        assert_eq!(found[0].grid().cells(), cells, "{file}");
        let measured = measures(&found[0]);
        assert_eq!((measured.0, measured.1.to_bits()), (missing, f64::to_bits(largest)), "{file}");
        assert!((measured.2 - sum).abs() < 1e-3, "{file}: {}", measured.2);
    }
}

/// `grib` 0.20.2 decodes the first field of each file to the same values, cell by cell (all
/// 28 do: 22 s, nearly all of it the peer's). It reads table values without their sign, so
/// fields with negative ones are left out.
#[test]
fn every_cell_is_that_of_the_grib_crate() {
    let mut compared = 0;
    for (file, _) in FILES {
        let Some(bytes) = bytes_of("every_cell_is_that_of_the_grib_crate", file) else { return };
        let peer = grib::from_reader(Cursor::new(&bytes)).unwrap();
        for (field, (_, peer)) in read(&bytes).unwrap().iter().zip(peer.iter()).take(1) {
            if field.table().scaled().iter().any(|value| *value < 0) {
                continue;
            }
            let values = field.decode_all().unwrap().values();
            let decoder = grib::Grib2SubmessageDecoder::from(peer).unwrap();
            let mut count = 0;
            for (own, peer) in values.iter().zip(decoder.dispatch().unwrap()) {
                assert!(
                    own.to_bits() == peer.to_bits() || (own.is_nan() && peer.is_nan()),
                    "{file}: cell {count}: {own} or {peer}"
                );
                count += 1;
            }
            assert_eq!(count, values.len(), "{file}");
            compared += 1;
        }
    }
    // Tornado, rain and soil water; landslide risk has negative values.
    assert_eq!(compared, 5);
}

#[test]
fn the_forecast_holds_at_the_end_of_each_hour() {
    let test = "the_forecast_holds_at_the_end_of_each_hour";
    let Some(bytes) = bytes_of(test, RAIN_FORECAST) else { return };
    let fields = read(&bytes).unwrap();
    for (hour, field) in (1..).zip(&fields) {
        let product = field.product();
        assert_eq!(product.reference_time, time("2017-08-07T00:10:00Z"));
        assert_eq!(product.forecast_time, SignedDuration::from_hours(hour - 1));
        assert_eq!(product.valid_time, time(&format!("2017-08-07T0{hour}:10:00Z")));
        assert_eq!(product.quantity(), Some(Quantity::HourlyRain));
        assert_eq!((product.template, product.process.kind), (50009, 2));
        let Remarks::BlendedRain(operations, blend) = &product.remarks else { panic!("{hour}") };
        assert_eq!(operations.gauges, 0xffff_ffff_fffe_0007);
        assert_eq!((blend.scale, blend.ratios.len()), (0, 13));
        assert!(blend.ratios.iter().all(|percent| *percent <= 100));
        assert_eq!(field.table(), rain_levels_2017());
    }
    assert_eq!(fields.len(), 6);
}

#[test]
fn the_analysis_starts_an_hour_before_its_time() {
    let test = "the_analysis_starts_an_hour_before_its_time";
    let Some(bytes) = bytes_of(test, RAIN) else { return };
    let fields = read(&bytes).unwrap();
    let product = fields[0].product();
    assert_eq!(product.forecast_time, SignedDuration::from_mins(-60));
    assert_eq!(product.valid_time, time("2016-11-21T01:00:00Z"));
    assert_eq!(product.valid_time, product.reference_time);
    assert_eq!(product.quantity(), Some(Quantity::HourlyRain));
    assert_eq!(*fields[0].grid(), LatLonGrid::JMA_1KM);
    // The table of 2016 ends at 120 mm with level 88, and is a part of that of 2017.
    let (old, new) = (fields[0].table(), rain_levels_2017());
    assert_eq!((old.len(), old.value(88)), (88, Some(120.0)));
    assert_eq!(old.scaled(), &new.scaled()[..88]);
    assert_eq!(fields[0].identification().centre, 34);
}

#[test]
fn the_soil_water_index_is_told_from_its_tanks() {
    let test = "the_soil_water_index_is_told_from_its_tanks";
    let three = [
        Some(Quantity::SoilWaterIndex),
        Some(Quantity::SoilWaterTank1),
        Some(Quantity::SoilWaterUnconfirmed),
    ];
    let Some(bytes) = bytes_of(test, SOIL) else { return };
    let fields = read(&bytes).unwrap();
    let quantities: Vec<_> = fields.iter().map(|field| field.product().quantity()).collect();
    assert_eq!(quantities, three);
    // Only the third has a sign: its table ends at -255.0.
    assert_eq!(fields[2].table().value(127), Some(-255.0));

    let Some(bytes) = bytes_of(test, SOIL_FORECAST) else { return };
    let fields = read(&bytes).unwrap();
    assert_eq!(fields.len(), 18);
    for (hour, fields) in (1..).zip(fields.chunks(3)) {
        for (field, quantity) in fields.iter().zip(three) {
            let product = field.product();
            assert_eq!((product.template, product.interval), (0, None));
            assert_eq!(product.quantity(), quantity);
            let lead = SignedDuration::from_hours(hour);
            assert_eq!(product.valid_time, time("2017-08-07T15:20:00Z") + lead);
        }
    }
}

#[test]
fn landslide_risk_has_two_flags() {
    let test = "landslide_risk_has_two_flags";
    for (file, hours) in [(LANDSLIDE, 1), (LANDSLIDE_FORECAST, 4)] {
        let Some(bytes) = bytes_of(test, file) else { return };
        let fields = read(&bytes).unwrap();
        assert_eq!(fields.len(), hours, "{file}");
        for (hour, field) in (0..).zip(&fields) {
            assert_eq!(field.table().scaled(), [-2, -1, 0, 1, 2, 3, 4, 5, 6, 7]);
            assert_eq!(field.product().quantity(), Some(Quantity::LandslideRisk));
            assert_eq!(field.product().forecast_time, SignedDuration::from_hours(hour));
            // The analysis has 577 missing cells beside the flags, the forecasts have none.
            let (missing, largest, _) = measures(field);
            assert_eq!(missing, if hours == 1 { 577 } else { 0 });
            assert_eq!(largest.to_bits(), f64::to_bits(if hours == 1 { 4.0 } else { 3.0 }));
        }
    }
}

/// Fields written again give the bytes of the agency, from the first to the last. Only its
/// landslide forecasts come from another encoder, which declares the whole table as in use and
/// writes a digit of 0 after each run of one.
#[test]
fn the_writer_writes_as_the_agency() {
    for (file, count) in FILES {
        let Some(bytes) = bytes_of("the_writer_writes_as_the_agency", file) else { return };
        let fields = read(&bytes).unwrap();
        assert_eq!(fields.len(), count, "{file}");
        let mut writer = FileWriter::new(*fields[0].identification(), *fields[0].grid());
        let planes: Vec<_> = fields.iter().map(|field| field.decode_all().unwrap()).collect();
        for (field, plane) in fields.iter().zip(&planes) {
            let levels = plane.levels().bytes().unwrap();
            writer.field(field.product(), &field.table(), levels).unwrap();
        }
        let written = writer.finish();
        if file == LANDSLIDE_FORECAST {
            assert!(written.len() < bytes.len());
            let again = read(&written).unwrap();
            let again: Vec<_> = again.iter().map(|field| field.decode_all().unwrap()).collect();
            assert_eq!(again, planes);
        } else {
            let differs = written.iter().zip(&bytes).position(|(own, real)| own != real);
            assert_eq!((written.len(), differs), (bytes.len(), None), "{file}");
        }
    }
}

/// What is cropped while decoding is what is cropped afterwards; Gunma has no missing cell.
#[test]
fn a_window_is_a_part_of_the_field() {
    let Some(bytes) = bytes_of("a_window_is_a_part_of_the_field", RAIN_FORECAST) else { return };
    let gunma = LatLonGrid::JMA_1KM.window_of([138.4, 36.0, 139.7, 37.1]).unwrap();
    assert_eq!(gunma.shape(), [132, 104]);
    for field in read(&bytes).unwrap() {
        field.check().unwrap();
        let all = field.decode_all().unwrap();
        let all = all.levels().bytes().unwrap();
        let part = field.decode(&gunma).unwrap();
        let part = part.levels().bytes().unwrap();
        let cropped: Vec<u8> = all
            .chunks(2560)
            .skip(1308)
            .take(132)
            .flat_map(|row| row[1632..1736].iter().copied())
            .collect();
        assert_eq!(part, cropped);
        assert!(!part.contains(&0));
    }
}

/// A file cut short is refused, wherever it is cut.
#[test]
fn parts_of_real_files_are_refused() {
    let mut random = super::hostile::Random(0x4a6f_6d6f);
    for (file, _) in FILES {
        let Some(bytes) = bytes_of("parts_of_real_files_are_refused", file) else { return };
        for _ in 0..200 {
            let part = &bytes[..random.below(bytes.len())];
            assert!(read(part).is_err(), "{file}: {} bytes", part.len());
        }
    }
}
