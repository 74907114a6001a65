//! `jomo flood simulate` as its contract has it (`docs/spec/flood-case.md`), written from the page:
//! every key, every way to write a value, every file, every field of the record.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use jomo::failure::Exit;
use jomo_format::geotiff::{CogWriter, Layout, Place, Reader, ReaderLimits, SampleType};
use serde_json::{Value, json};

use super::flood::{Basin, codes};

/// The case that the contract prints.
const CASE: &str = r#"
[domain]
dem = "dem.tif"
roughness = 0.03
[initial]
depth = "h0.tif"
velocity = ["u0.tif","v0.tif"]
[boundary]
west = { kind = "discharge", series = "west.csv" }
east = { kind = "stage", series = "east.csv" }
south = { kind = "open", slope = 0.001 }
[[source]]
at = [1234.5, 678.9]
series = "q.csv"
[rain]
rate_mm_h = 50.0
infiltration = { kind = "none" }
[run]
duration_s = 60
output_every_s = 25
cfl = 0.5
[output]
gauges = [ { id = "g1", at = [100.0, 200.0] } ]
arrival_depth_m = 0.1
"#;

/// 100 x 130 cells of 10 m with a hole; the corner is the origin, and no CRS is stated.
const SHAPE: [usize; 2] = [100, 130];
const PLACE: Place = Place { epsg: None, origin: [0.0, 1_000.0], cell: [10.0, 10.0] };

fn bed(row: usize, column: usize) -> f32 {
    if (40..44).contains(&row) && (60..70).contains(&column) {
        return f32::NAN;
    }
    let [across, along] = [row.abs_diff(32), column].map(|steps| u16::try_from(steps).unwrap());
    5.0 - 0.01 * f32::from(along) + 0.05 * f32::from(across)
}

fn raster(basin: &Basin, name: &str, place: Place, value: impl Fn(usize, usize) -> f32) {
    let path = basin.path(name);
    let mut writer = CogWriter::create(Path::new(&path), &Layout::new(SHAPE, place)).unwrap();
    let values: Vec<f32> =
        (0..SHAPE[0] * SHAPE[1]).map(|at| value(at / SHAPE[1], at % SHAPE[1])).collect();
    writer.write_rows(&values).unwrap();
    writer.finish().unwrap();
}

fn laboratory(place: Place) -> Basin {
    let basin = Basin::new();
    raster(&basin, "dem.tif", place, bed);
    raster(&basin, "n.tif", place, |row, _| if row < 50 { 0.03 } else { 0.05 });
    raster(&basin, "h0.tif", place, |row, _| if row.abs_diff(32) < 4 { 0.5 } else { 0.0 });
    let level = |_, column| if column < 40 { 5.2 } else { f32::NAN };
    raster(&basin, "level.tif", place, level);
    raster(&basin, "u0.tif", place, |_, _| 0.25);
    raster(&basin, "v0.tif", place, |_, _| 0.0);
    basin.write("west.csv", "time_s,value\n0,0\n30,20\n60,5\n");
    basin.write("east.csv", "time_s,value\n0,3.5\n60,4.5\n");
    basin.write("q.csv", "time_s,value\n0,1\n60,2\n");
    basin.write("rain.csv", "time_s,mm/h\n0,0\n30,80\n60,20\n");
    basin
}

fn record(basin: &Basin, folder: &str) -> Value {
    serde_json::from_slice(&fs::read(basin.path(&format!("{folder}/run.json"))).unwrap()).unwrap()
}

/// Shape, place and values of a raster of the result, which is one band of `f32`.
fn read(basin: &Basin, name: &str) -> (Place, Vec<f32>) {
    let bytes = fs::read(basin.path(&format!("out/{name}"))).unwrap();
    let mut reader = Reader::open(Cursor::new(bytes), ReaderLimits::default()).unwrap();
    assert_eq!((reader.bands(), reader.sample(), reader.shape()), (1, SampleType::F32, SHAPE));
    assert!(reader.meanings()[0].no_data.is_some_and(f64::is_nan), "{name}");
    let mut values = vec![0.0; SHAPE[0] * SHAPE[1]];
    let window = jomo_format::geotiff::Window::whole(SHAPE);
    reader.read([0, 0], &window, &mut values).unwrap();
    (reader.place(), values)
}

#[test]
fn the_case_of_the_contract_gives_what_the_contract_says() {
    let basin = laboratory(PLACE);
    let said = basin.simulate(CASE, &[]);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    let mut names: Vec<String> = fs::read_dir(basin.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [
        "arrival_s.tif",
        "depth_0.tif",
        "depth_25.tif",
        "depth_50.tif",
        "depth_60.tif",
        "depth_max.tif",
        "duration_s.tif",
        "gauges.csv",
        "hazard_max.tif",
        "run.json",
        "velocity_max.tif",
    ];
    assert_eq!(names, expected);
    let greatest = read(&basin, "depth_max.tif").1;
    for name in expected.iter().filter(|name| !["gauges.csv", "run.json"].contains(name)) {
        let (place, values) = read(&basin, name);
        assert_eq!(place, PLACE, "{name}");
        for (at, value) in values.iter().enumerate() {
            let is_outside = bed(at / SHAPE[1], at % SHAPE[1]).is_nan();
            match *name {
                "arrival_s.tif" => assert_eq!(
                    value.is_nan(),
                    is_outside || greatest[at] < 0.1,
                    "never wet is NaN: {at}"
                ),
                _ => assert_eq!(value.is_nan(), is_outside, "{name}: dry is 0: {at}"),
            }
            assert!(value.is_nan() || 0.0 <= *value, "{name} {at}: {value}");
        }
    }
    let gauges = fs::read_to_string(basin.path("out/gauges.csv")).unwrap();
    let mut lines = gauges.lines();
    assert_eq!(lines.next(), Some("time_s,id,depth_m,level_m,u_m_s,v_m_s"));
    let starts: Vec<String> =
        lines.map(|line| line.split(',').take(2).collect::<Vec<_>>().join(",")).collect();
    assert_eq!(starts, ["0,g1", "25,g1", "50,g1", "60,g1"]);
}

#[test]
fn the_record_has_every_field_of_the_contract() {
    let basin = laboratory(PLACE);
    let said = basin.simulate(CASE, &["--threads", "2", "--order", "2", "--precision", "f64"]);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    let record = record(&basin, "out");
    for key in ["steps", "cell_updates", "wall_s", "cpu_s", "peak_rss_bytes"] {
        assert!(record[key].as_f64().is_some_and(|number| 0.0 < number), "{key}: {}", record[key]);
    }
    for key in ["rain", "infiltration", "rim", "source", "storage", "error"] {
        assert!(record["ledger"][format!("{key}_m3")].is_f64(), "{key}");
    }
    assert!(record["ledger"]["relative_error"].as_f64().unwrap().abs() < 1e-6);
    for key in ["row", "column", "x", "y"] {
        assert!(record["limiting_cell"][key].is_number(), "{key}");
    }
    let inputs = record["inputs"].as_array().unwrap();
    let names: Vec<&str> = inputs.iter().map(|input| input["name"].as_str().unwrap()).collect();
    let files =
        ["case.toml", "dem.tif", "h0.tif", "u0.tif", "v0.tif", "west.csv", "east.csv", "q.csv"];
    assert_eq!(names, files);
    for input in inputs {
        let name = input["name"].as_str().unwrap();
        let file = jomo_store::sha256_file(Path::new(&basin.path(name))).unwrap();
        assert_eq!((&input["sha256"], &input["bytes"]), (&json!(file.sha256), &json!(file.bytes)));
    }
    assert_eq!((&record["status"], &record["threads"]), (&json!("done"), &json!(2)));
    let side = |side: &str, kind: &str, value: Value, slope: Value| {
        json!({
            "side": side, "kind": kind, "value": value, "slope": slope, "from": null, "to": null,
        })
    };
    let expected = json!({
        "scheme": "hllc", "order": 2, "precision": "f64",
        "case": {
            "domain": { "dem": "dem.tif", "roughness": 0.03 },
            "initial": { "depth": "h0.tif", "level": null, "velocity": ["u0.tif", "v0.tif"] },
            "boundary": [
                side("west", "discharge", json!("west.csv"), Value::Null),
                side("east", "stage", json!("east.csv"), Value::Null),
                side("south", "open", Value::Null, json!(0.001)),
            ],
            "source": [{ "at": [1_234.5, 678.9], "discharge_m3_s": "q.csv" }],
            "rain": { "rain": 50.0, "infiltration": { "kind": "none" }, "drainage_mm_h": 0.0 },
            "run": {
                "duration_s": 60.0, "output_every_s": 25.0, "cfl": 0.5, "time_step": "global",
                "restart": null, "save": null,
            },
            "output": {
                "gauges": [{ "id": "g1", "at": [100.0, 200.0] }],
                "arrival_depth_m": 0.1, "duration_depth_m": 0.5,
            },
        },
    });
    assert_eq!(record["settings"], expected);
}

/// What the flags were stands in the record of a run that fails too.
#[test]
fn a_failed_run_has_the_same_settings() {
    let basin = laboratory(PLACE);
    let flags = ["--scheme", "inertial", "--precision", "f64", "--threads", "1"];
    assert_eq!(basin.simulate(CASE, &flags).exit, Exit::Done);
    let done = record(&basin, "out");
    // It breaks after the case is read: a raster of the start is damaged.
    basin.write("h0.tif", b"II*\0damaged");
    assert_eq!(basin.simulate(CASE, &flags).exit, Exit::Input);
    let failed = record(&basin, "out.failed");
    assert_eq!(failed["settings"], done["settings"]);
    assert_eq!(failed["inputs"].as_array().unwrap().len(), 8);
    assert_eq!(failed["threads"], 1);
    assert_eq!(record(&basin, "out")["status"], "done", "the earlier result stays");
}

/// Every way in which the contract lets a value be written.
#[test]
fn every_form_of_a_value_is_computed() {
    let basin = laboratory(PLACE);
    let depth = "depth = \"h0.tif\"";
    let rate = "rate_mm_h = 50.0";
    let infiltration = "{ kind = \"none\" }";
    let velocity = "[\"u0.tif\",\"v0.tif\"]";
    let west = "{ kind = \"discharge\", series = \"west.csv\" }";
    for (from, to) in [
        ("roughness = 0.03", "roughness = \"n.tif\""),
        (depth, "depth = 0.25"),
        (depth, "level = 4.9"),
        (depth, "level = \"level.tif\""),
        (velocity, "[0.5, -0.25]"),
        (velocity, "[0.5, \"v0.tif\"]"),
        (west, "\"wall\""),
        (west, "{ kind = \"wall\" }"),
        (west, "{ kind = \"discharge\", series = \"west.csv\", from = 300.0, to = 360 }"),
        (west, "{ kind = \"stage\", series = \"east.csv\" }"),
        (west, "{ kind = \"open\" }"),
        (rate, "series = \"rain.csv\""),
        (infiltration, "{ kind = \"constant\", rate_mm_h = 10 }"),
        (
            infiltration,
            "{ kind = \"green-ampt\", conductivity_mm_h = 3, suction_mm = 110, deficit = 0.3 }",
        ),
        (infiltration, "{ kind = \"scs-cn\", curve_number = 75 }"),
        ("output_every_s = 25\n", ""),
        ("cfl = 0.5\n", ""),
        ("arrival_depth_m = 0.1\n", ""),
        ("gauges = [ { id = \"g1\", at = [100.0, 200.0] } ]\n", ""),
    ] {
        assert!(CASE.contains(from), "{from}");
        let said = basin.simulate(&CASE.replace(from, to), &["--scheme", "inertial"]);
        assert_eq!(said.exit, Exit::Done, "{to}: {}", said.err);
        let error = record(&basin, "out")["ledger"]["relative_error"].as_f64().unwrap();
        assert!(error.abs() < 1e-6, "{to}: {error}");
    }
    let least = "[domain]\ndem = \"dem.tif\"\nroughness = 0.03\n[run]\nduration_s = 10\n";
    assert_eq!(basin.simulate(least, &[]).exit, Exit::Done, "all else is optional");
    for flags in [
        &["--scheme", "hllc"][..],
        &["--order", "1"],
        &["--order", "2"],
        &["--precision", "f32"],
        &["--precision", "f64", "--threads", "1"],
    ] {
        assert_eq!(basin.simulate(CASE, flags).exit, Exit::Done, "{flags:?}");
    }
}

/// The agency's own file of 7 August 2017, over a ground near Takasaki.
#[test]
fn real_rain_falls_on_a_ground_of_zone_ix() {
    let Some(root) = std::env::var_os("JOMO_REAL_DATA") else {
        println!("skipped: real_rain_falls_on_a_ground_of_zone_ix: JOMO_REAL_DATA is not set");
        return;
    };
    let name = "Z__C_RJTD_20170807001000_SRF_GPV_Ggis1km_Prr60lv_Fper10min_FH01-06_grib2.bin";
    let file = Path::new(&root).join("jma-grib2").join(name);
    let gunma = Place { epsg: Some(6_677), origin: [-72_000.0, 43_000.0], ..PLACE };
    let basin = laboratory(gunma);
    let case = |start: &str, duration: &str| {
        let jma = format!("jma = [\"{}\"]\nstart = \"{start}\"", file.display());
        CASE.replace("rate_mm_h = 50.0", &jma)
            .replace("[1234.5, 678.9]", "[-70765.5, 42678.9]")
            .replace("[100.0, 200.0]", "[-71900.0, 42200.0]")
            .replace("duration_s = 60", duration)
    };
    let said = basin.simulate(&case("2017-08-07T00:10:00Z", "duration_s = 60"), &[]);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    let record = record(&basin, "out");
    assert_eq!(record["inputs"].as_array().unwrap().len(), 9);
    assert!(record["ledger"]["rain_m3"].as_f64().is_some_and(|rain| 0.0 <= rain));
    assert_eq!(read(&basin, "depth_60.tif").0, gunma, "the CRS of the ground");
    for (start, duration) in [
        ("2017-08-07T00:09:59Z", "duration_s = 60"),
        ("2017-08-07T00:10:00Z", "duration_s = 21601"),
    ] {
        let said = basin.simulate(&case(start, duration), &["--dry-run", "--json"]);
        assert_eq!(codes(&said), ["flood-file-rain-gap"], "{start} {duration}");
    }
}
