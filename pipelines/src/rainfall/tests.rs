use std::fs;
use std::path::PathBuf;

use jiff::SignedDuration;
use jomo_core::layer::InputFile;
use jomo_flood::rainfall::Source as Origin;
use jomo_format::grib2::{
    self, FileWriter, Identification, Interval, Product as Coded4, Surface, rain_levels_2017,
};

use super::spool::{Asked, Read};
use super::*;
use crate::source::Source;

const NOW: &str = "2030-07-01T00:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

fn region(fictional: bool) -> Region {
    let text = format!(
        "id = \"test\"\ntitle = {{ ja = \"x\", en = \"x\" }}\nplanar_crs = 6677\n\
         bbox = [139.0, 36.4, 139.1, 36.5]\nfictional = {fictional}\n"
    );
    Region::parse(&text, Path::new("")).unwrap()
}

/// A coarse grid over the region and its margin: 16 rows and 16 columns of 3' x 3.75'.
fn coarse() -> LatLonGrid {
    LatLonGrid::from_outer([138.5, 36.0, 139.5, 36.8], 16, 16).unwrap()
}

/// A file with a field for each product; every cell has the level of its field.
fn file(grid: LatLonGrid, identification: Identification, fields: &[(Coded4, u8)]) -> Vec<u8> {
    let mut writer = FileWriter::new(identification, grid);
    let count = usize::try_from(grid.cells()).unwrap();
    for (product, level) in fields {
        writer.field(product, &rain_levels_2017(), &vec![*level; count]).unwrap();
    }
    writer.finish()
}

/// The same as a test product (code table 1.3), which invented regions take.
fn test(identification: Identification) -> Identification {
    Identification { status: 1, ..identification }
}

fn analysis(time: Timestamp, level: u8) -> Vec<u8> {
    file(coarse(), Identification::analysis(time), &[(Coded4::rain_analysis(time), level)])
}

fn forecast(time: Timestamp, leads: std::ops::RangeInclusive<u8>, level: u8) -> Vec<u8> {
    let fields: Vec<_> =
        leads.map(|lead| (Coded4::rain_forecast(time, lead).unwrap(), level)).collect();
    file(coarse(), Identification::forecast(time), &fields)
}

fn soil(time: Timestamp) -> Vec<u8> {
    let of = |kind, value| Coded4 {
        template: 0,
        number: 206,
        interval: None,
        forecast_time: SignedDuration::ZERO,
        first_surface: Surface { kind, scale: Some(0), value },
        remarks: grib2::Remarks::None,
        ..Coded4::rain_analysis(time)
    };
    let fields = [(of(200, None), 60), (of(201, Some(1)), 20), (of(201, Some(2)), 3)];
    file(coarse(), Identification::analysis(time), &fields)
}

struct Spool(tempfile::TempDir);

impl Spool {
    fn new(files: &[(&str, Vec<u8>)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        Self(folder)
    }

    fn read(&self, region: &Region) -> Arrived {
        let window = [now() - hours(3), now() + hours(15)];
        read_spool(self.0.path(), region, window, now()).unwrap()
    }
}

fn sources(arrived: &Arrived) -> Vec<(Origin, i64, i64)> {
    let hour = |time: Timestamp| time.duration_since(now()).as_hours();
    arrived.products.iter().map(|p| (p.source, hour(p.reference_time), hour(p.to))).collect()
}

/// What arrives is told apart by its content, whatever its name.
#[test]
fn products_are_known_by_their_content() {
    let spool = Spool::new(&[
        ("a.bin", analysis(now(), 6)),
        ("b.bin", forecast(now(), 1..=2, 12)),
        ("c.bin", forecast(now(), 7..=8, 22)),
        ("d.bin", soil(now())),
        ("e.bin", soil(now() - hours(1))),
        ("f.bin", forecast(now() - hours(1), 1..=1, 0)),
        ("g.bin", analysis(now() + hours(1), 6)),
    ]);
    let arrived = spool.read(&region(false));
    let (forecast, extended) = (Origin::Forecast, Origin::Extended);
    let expected = [
        (Origin::Analysis, 0, 0),
        (forecast, 0, 1),
        (forecast, 0, 2),
        (extended, 0, 7),
        (extended, 0, 8),
        (forecast, -1, 0),
    ];
    assert_eq!(sources(&arrived), expected);
    // Level 6 is 4 mm: 0, 0.4, 1, 2, 3 before it.
    assert!(arrived.products[0].amount_mm.iter().all(|mm| (mm - 4.0).abs() < 1e-6));
    assert!(arrived.products[5].amount_mm.iter().all(|mm| mm.is_nan()));
    for product in &arrived.products {
        assert_eq!(product.amount_mm.len(), arrived.cells.count());
    }
    let soil = arrived.soil_water.unwrap();
    assert_eq!((soil.valid_time, soil.reference_time), (now(), now()));
    assert!(soil.total_mm.iter().all(|mm| (mm - 58.0).abs() < 1e-4));
    assert!(soil.upper_mm.iter().all(|mm| (mm - 18.0).abs() < 1e-4));
    assert_eq!((arrived.later, arrived.refused.len()), (1, 0));
    let names: Vec<_> = arrived.inputs.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["a.bin", "b.bin", "c.bin", "d.bin", "f.bin"]);
    // The window is the region with 0.3 degrees around it, on third meshes.
    let expected = [138.7, 36.1, 139.4, 36.8];
    for (found, expected) in arrived.cells.bounds_deg().into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-5, "{:?}", arrived.cells.bounds_deg());
    }
    assert_eq!(arrived.cells.shape(), [84, 56]);
}

/// A cycle goes on with what is whole; the rest is counted by code and named.
#[test]
fn bad_files_are_counted_and_named() {
    let whole = forecast(now(), 1..=6, 12);
    let half = whole[..whole.len() / 2].to_vec();
    let mut damaged = whole.clone();
    // The last run, before the four bytes of the end.
    let at = damaged.len() - 5;
    damaged[at] ^= 0xff;
    let tested = test(Identification::analysis(now()));
    let tested = file(coarse(), tested, &[(Coded4::rain_analysis(now()), 6)]);
    let beside = file(
        LatLonGrid::from_outer([130.0, 30.0, 131.0, 31.0], 4, 4).unwrap(),
        Identification::analysis(now()),
        &[(Coded4::rain_analysis(now()), 6)],
    );
    let old = analysis(now() - hours(5), 6);
    let spool = Spool::new(&[
        ("0.bin", Vec::new()),
        ("1.bin", b"no grib at all".to_vec()),
        ("2.bin", half),
        ("3.bin", damaged),
        ("4.bin", tested),
        ("5.bin", beside),
        ("6.bin", old),
        ("7.bin", whole.clone()),
        ("8.bin", whole),
        (".9.bin", b"hidden".to_vec()),
        ("a.bin.part", b"arriving".to_vec()),
        ("b.tmp", b"arriving".to_vec()),
        ("Z__C_RJTD_20300601000000_SRF_old_by_name.bin", b"never opened".to_vec()),
        ("Z__C_RJTD_20300801000000_SRF_late_by_name.bin", b"never opened".to_vec()),
        ("Z__C_RJTD_20301301000000_SRF_no_such_month.bin", b"opened".to_vec()),
    ]);
    fs::create_dir(spool.0.path().join("folder.bin")).unwrap();
    let arrived = spool.read(&region(false));
    assert_eq!(sources(&arrived).len(), 6);
    let refused: Vec<String> =
        arrived.refused.iter().map(|(name, code)| format!("{name} {code}")).collect();
    insta::assert_snapshot!(refused.join("\n"), @r"
    0.bin grib-no-message
    1.bin grib-no-message
    2.bin grib-truncated
    3.bin grib-run-total
    4.bin rain-not-operational
    5.bin rainfall-outside
    6.bin rainfall-old
    8.bin rainfall-duplicate
    Z__C_RJTD_20300601000000_SRF_old_by_name.bin rainfall-old
    Z__C_RJTD_20301301000000_SRF_no_such_month.bin grib-no-message
    ");
    assert_eq!(arrived.later, 1);
    let counts = arrived.faults.iter().map(|(code, fault)| format!("{code} {}", fault.count));
    let counts = counts.collect::<Vec<_>>().join(", ");
    insta::assert_snapshot!(counts, @"grib-no-message 3, grib-run-total 1, grib-truncated 1, rain-not-operational 1, rainfall-outside 1");
    assert_eq!(arrived.inputs.len(), 1);
    // A fictional region is made of what is marked as a test, and of nothing else.
    let invented = spool.read(&region(true));
    assert_eq!(sources(&invented), [(Origin::Analysis, 0, 0)]);
    assert!(invented.refused.contains(&("7.bin".to_owned(), "rain-operational")));
}

/// An amount that no rain has makes a fault, not a flood.
#[test]
fn impossible_amounts_are_refused() {
    let table = grib2::LevelTable::new(0, vec![0, 32_000, -5]).unwrap();
    for (level, expected) in [(1, None), (2, Some("rainfall-amount")), (3, Some("rainfall-amount"))]
    {
        let mut writer = FileWriter::new(Identification::analysis(now()), coarse());
        writer.field(&Coded4::rain_analysis(now()), &table, &[level; 256]).unwrap();
        let arrived = Spool::new(&[("a.bin", writer.finish())]).read(&region(false));
        assert_eq!(arrived.refused.first().map(|(_, code)| *code), expected);
        assert_eq!(arrived.products.is_empty(), expected.is_some());
    }
}

/// A file of very many fields cannot take all memory.
#[test]
fn files_with_too_many_fields_are_refused() {
    let region = region(true);
    let tiny = LatLonGrid::from_outer([138.5, 36.0, 139.5, 36.8], 1, 1).unwrap();
    for (count, expected) in [(256, None), (257, Some("rainfall-fields"))] {
        let field = (Coded4::rain_analysis(now()), 6);
        let bytes = file(tiny, test(Identification::analysis(now())), &vec![field; count]);
        assert_eq!(look(&bytes, &region).err().map(|fault| fault.code()), expected);
    }
}

/// A cell of 1 km takes the value of the coarse cell that holds its middle, and the mean of the
/// fine cells whose middle it holds; its own value on its own grid.
#[test]
fn values_come_from_where_they_hold() {
    let cells = cells_of(&region(false)).unwrap();
    let product = Coded4::rain_analysis(now());
    let on = |grid: LatLonGrid, levels: &[u8]| {
        let mut writer = FileWriter::new(Identification::analysis(now()), grid);
        writer.field(&product, &rain_levels_2017(), levels).unwrap();
        let bytes = writer.finish();
        let fields = grib2::read(&bytes).unwrap();
        field::rain(&fields[0], Origin::Analysis, &cells).unwrap().unwrap().amount_mm
    };
    // Level 2 + column: 1, 2, 3 … mm from west to east.
    let columns: Vec<u8> = (0..256).map(|cell| u8::try_from(cell % 16).unwrap() + 3).collect();
    let found = on(coarse(), &columns);
    for cell in (0..u32::try_from(cells.count()).unwrap()).step_by(7) {
        let [lon, _] = cells.centre_deg(cell);
        let expected = 1.0 + ((lon - 138.5) / 0.0625).floor();
        assert!((f64::from(found[cell as usize]) - expected).abs() < 1e-6);
    }
    // Half-size cells in pairs of 1 and 3 mm: the mean is 2.
    let fine = LatLonGrid::from_outer(cells.bounds_deg(), 168, 112).unwrap();
    let pairs: Vec<u8> = (0..168 * 112).map(|cell| if cell % 2 == 0 { 3 } else { 5 }).collect();
    assert!(on(fine, &pairs).iter().all(|mm| (mm - 2.0).abs() < 1e-5));
    // JMA's own grid, a single wet cell.
    let grid = LatLonGrid::JMA_1KM;
    let (row, column) = (1_400_u32, 1_690_u32);
    let mut levels = vec![1; usize::try_from(grid.cells()).unwrap()];
    levels[(row * grid.columns + column) as usize] = 12;
    let found = on(grid, &levels);
    let wet: Vec<usize> = (0..found.len()).filter(|cell| 0.0 < found[*cell]).collect();
    let expected = cells.cell_of(grid.centre_deg(row, column)).unwrap();
    assert_eq!(wet, [expected as usize]);
}

fn asked<'a>(region: &'a Region, cells: &'a Cells) -> Asked<'a> {
    Asked { region, cells, window: [now() - hours(3), now() + hours(15)], at: now() }
}

fn source(bytes: Vec<u8>) -> Source {
    let file = InputFile { name: "x.bin".to_owned(), bytes: 0, sha256: String::new() };
    Source { file, bytes }
}

/// No prefix of a file and no flipped bit ends in a panic, and no prefix is taken for whole.
#[test]
fn broken_files_are_refused() {
    let (region, real) = (region(true), region(false));
    let cells = cells_of(&region).unwrap();
    let mut writer = FileWriter::new(test(Identification::forecast(now())), coarse());
    let levels: Vec<u8> = (0..256).map(|cell| u8::try_from(cell % 40).unwrap()).collect();
    for lead in [1, 7] {
        let product = Coded4::rain_forecast(now(), lead).unwrap();
        writer.field(&product, &rain_levels_2017(), &levels).unwrap();
    }
    let whole = writer.finish();
    assert!(whole.len() <= 4_096, "{}", whole.len());
    for end in 0..whole.len() {
        let found = asked(&region, &cells).judged(source(whole[..end].to_vec()));
        assert!(found.is_err(), "{end} bytes are taken for whole");
        assert!(look(&whole[..end], &region).is_err());
    }
    let mut state = 20_261_123_u64;
    let mut used = 0;
    for _ in 0..2_000 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bit = usize::try_from(state >> 33).unwrap() % (8 * whole.len());
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let _ = look(&flipped, &real);
        let found = asked(&region, &cells).judged(source(flipped));
        if let Ok(Read::Used { products, .. }) = found {
            used += 1;
            for product in &products {
                assert_eq!(product.amount_mm.len(), cells.count());
                assert!(product.amount_mm.iter().all(|mm| mm.is_nan() || 0.0 <= *mm));
            }
        }
    }
    // Flips in values and remarks leave a readable file.
    assert!(0 < used && used < 2_000, "{used}");
}

#[test]
fn a_file_is_looked_at_as_it_is_read() {
    let (invented, real) = (region(true), region(false));
    let told = |bytes: &[u8]| look(bytes, &real).map_err(|fault| fault.code());
    let rain = |source| Looked { rain: Some(source), reference_time: now() };
    assert_eq!(told(&analysis(now(), 6)), Ok(rain(Origin::Analysis)));
    assert_eq!(told(&forecast(now(), 6..=7, 6)), Ok(rain(Origin::Forecast)));
    assert_eq!(told(&forecast(now(), 7..=8, 6)), Ok(rain(Origin::Extended)));
    assert_eq!(told(&soil(now())), Ok(Looked { rain: None, reference_time: now() }));
    let radar = Coded4 {
        process: grib2::Process { background: 151, ..Coded4::rain_analysis(now()).process },
        forecast_time: SignedDuration::ZERO,
        valid_time: now() + SignedDuration::from_mins(10),
        interval: Some(Interval {
            end: now() + SignedDuration::from_mins(10),
            length: SignedDuration::from_mins(10),
            process: 1,
            increment: 2,
        }),
        ..Coded4::rain_analysis(now())
    };
    let nowcast = file(coarse(), Identification::forecast(now()), &[(radar, 6)]);
    assert_eq!(told(&nowcast), Ok(rain(Origin::Nowcast)));
    let risk = Coded4 {
        template: 0,
        number: 208,
        interval: None,
        forecast_time: SignedDuration::ZERO,
        remarks: grib2::Remarks::None,
        ..Coded4::rain_analysis(now())
    };
    let risk = file(coarse(), Identification::analysis(now()), &[(risk, 2)]);
    assert_eq!(told(&risk), Err("rainfall-other"));
    assert_eq!(told(b""), Err("grib-no-message"));
    let tested = Identification { status: 2, ..Identification::analysis(now()) };
    let tested = file(coarse(), tested, &[(Coded4::rain_analysis(now()), 6)]);
    assert!(look(&tested, &invented).is_ok());
    assert_eq!(told(&tested), Err("rain-not-operational"));
    assert_eq!(look(&analysis(now(), 6), &invented).unwrap_err().code(), "rain-operational");
}

#[test]
fn folders_and_regions_that_cannot_be_are_failures() {
    let window = [now(), now() + hours(6)];
    let missing = Path::new("no-such-spool");
    assert_eq!(read_spool(missing, &region(true), window, now()).unwrap_err().exit, Exit::Input);
    let mut far = region(true);
    far.bbox = [10.0, 50.0, 11.0, 51.0];
    let spool = Spool::new(&[]);
    let failure = read_spool(spool.0.path(), &far, window, now()).unwrap_err();
    assert_eq!(failure.errors[0].code(), "rain-outside");
    let empty = read_spool(spool.0.path(), &region(true), window, now()).unwrap();
    assert!(empty.products.is_empty() && empty.inputs.is_empty() && empty.faults.is_empty());
}

/// The real files as one spool: the forecast of a morning, the soil water of that afternoon.
#[test]
fn real_products_are_read_for_gunma() {
    let Ok(data) = std::env::var("JOMO_REAL_DATA") else {
        println!("skipped: real_products_are_read_for_gunma: JOMO_REAL_DATA is not set");
        return;
    };
    let spool = PathBuf::from(data).join("jma-grib2");
    let gunma = include_str!("../../../data-samples/gunma/region.toml");
    let gunma = Region::parse(gunma, Path::new("")).unwrap();
    let at: Timestamp = "2017-08-07T00:10:00Z".parse().unwrap();
    let arrived = read_spool(&spool, &gunma, [at - hours(1), at + hours(15)], at).unwrap();
    let leads: Vec<i64> =
        arrived.products.iter().map(|p| p.to.duration_since(at).as_hours()).collect();
    assert_eq!(leads, [1, 2, 3, 4, 5, 6]);
    assert!(arrived.products.iter().all(|product| {
        product.source == Origin::Forecast
            && product.reference_time == at
            && product.amount_mm.iter().all(|mm| !mm.is_nan())
    }));
    let bytes = fs::read(spool.join(&arrived.inputs[0].name)).unwrap();
    let fields = grib2::read(&bytes).unwrap();
    let grid = fields[0].grid();
    let window = grid.window_of(arrived.cells.bounds_deg()).unwrap();
    for (field, product) in fields.iter().zip(&arrived.products) {
        assert_eq!(field.decode(&window).unwrap().values(), product.amount_mm);
    }
    assert!(arrived.soil_water.is_none() && arrived.faults.is_empty());
    let at: Timestamp = "2017-08-07T17:30:00Z".parse().unwrap();
    let arrived = read_spool(&spool, &gunma, [at - hours(12), at + hours(15)], at).unwrap();
    let soil = arrived.soil_water.unwrap();
    assert_eq!(soil.valid_time, at - SignedDuration::from_mins(30));
    // Lakes have no soil.
    let pairs = soil.total_mm.iter().zip(&soil.upper_mm);
    let known: Vec<(f32, f32)> =
        pairs.filter(|(total, _)| !total.is_nan()).map(|(total, upper)| (*total, *upper)).collect();
    assert!(soil.total_mm.len() / 20 * 19 < known.len(), "{}", known.len());
    // Both are rounded to whole mm.
    let is_sound = |(total, upper): &(f32, f32)| *total < 400.0 && *upper <= *total + 1.0;
    assert!(known.iter().all(is_sound));
    let analysed: Timestamp = "2016-11-21T01:30:00Z".parse().unwrap();
    let window = [analysed - hours(3), analysed];
    let arrived = read_spool(&spool, &gunma, window, analysed).unwrap();
    let sources: Vec<_> = arrived.products.iter().map(|product| product.source).collect();
    assert_eq!(sources, [Origin::Analysis]);
}
