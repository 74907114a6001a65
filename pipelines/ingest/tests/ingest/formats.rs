//! Every accepted format, with the same three places of Maebashi in it.

use std::process::Command;

use geo_types::Geometry;
use jomo_core::feature::{FieldType, Value};

use crate::support::{Done, Files, dbf, points, vector, zip};

const PLACES: [[f64; 2]; 3] = [[139.0608, 36.3911], [139.07, 36.4], [139.08, 36.38]];
const NAMES: [&str; 3] = ["前橋市役所", "敷島公園", "群馬県庁"];

fn geojson() -> String {
    let feature = |(place, name): (&[f64; 2], &&str)| {
        format!(
            r#"{{"type":"Feature","properties":{{"name":"{name}","floors":12}},"geometry":{{"type":"Point","coordinates":{place:?}}}}}"#
        )
    };
    let features: Vec<String> = PLACES.iter().zip(&NAMES).map(feature).collect();
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
}

/// Names and places, in the order of the file.
fn read(done: &Done) -> Vec<(String, [f64; 2])> {
    let table = done.table(0);
    let column = table.fields.iter().position(|f| ["name", "Name"].contains(&f.name.as_str()));
    let mut found: Vec<_> = table
        .features
        .iter()
        .map(|feature| {
            let Geometry::Point(point) = &feature.geometry else { panic!("no point") };
            let name = match column.and_then(|column| feature.values[column].clone()) {
                Some(Value::Text(name)) => name,
                _ => String::new(),
            };
            (name, [point.x(), point.y()])
        })
        .collect();
    found.sort_by(|a, b| a.1[0].total_cmp(&b.1[0]));
    found
}

fn assert_places(done: &Done, tolerance: f64) {
    assert_eq!(done.code, 0, "{} {}", done.words, done.report);
    let found = read(done);
    assert_eq!(found.len(), 3);
    for ((name, place), (expected_name, expected)) in found.iter().zip(NAMES.iter().zip(PLACES)) {
        assert_eq!(name, expected_name);
        let off = (place[0] - expected[0]).abs().max((place[1] - expected[1]).abs());
        assert!(off <= tolerance, "{name}: {place:?}");
    }
}

#[test]
fn formats_with_names_and_places() {
    let files = Files::new();
    let source = files.write("source.geojson", geojson());
    for (name, driver, flags) in [
        ("a.gpkg", "GPKG", &[][..]),
        ("a.kml", "LIBKML", &["-f", "LIBKML", "-dsco", "NAME=x"]),
        ("a.kmz", "LIBKML", &["-f", "LIBKML"]),
        ("a.fgb", "FlatGeobuf", &[]),
        ("a.shp", "ESRI Shapefile", &["-lco", "ENCODING=UTF-8"]),
        ("a.gpx", "GPX", &["-f", "GPX", "-nln", "waypoints", "-dsco", "GPX_USE_EXTENSIONS=YES"]),
    ] {
        let made = files.ogr2ogr(name, &source, flags);
        // The name does not matter, the content does; a shapefile has others beside it.
        let read = if name == "a.shp" {
            made
        } else {
            let other = files.path("renamed.bin");
            std::fs::copy(made, &other).unwrap();
            other
        };
        let done = vector(&read, &[]);
        assert_places(&done, 1e-9);
        assert_eq!(done.report["source"]["driver"], driver, "{name}");
        assert_eq!(done.report["sandbox"]["seccomp"], "on");
    }
    assert_places(&vector(&source, &[]), 0.0);
}

/// Every CRS ends at the same places: planes, older datums, WGS 84.
#[test]
fn any_crs_ends_in_jgd2011() {
    let files = Files::new();
    let source = files.write("source.geojson", geojson());
    for epsg in ["6677", "3857", "32654", "6691"] {
        let to = format!("{epsg}.gpkg");
        let made = files.ogr2ogr(&to, &source, &["-t_srs", &format!("EPSG:{epsg}")]);
        let done = vector(&made, &[]);
        assert_places(&done, 2e-9);
        let crs = &done.report["layers"][0]["crs"];
        assert!(crs["source"].as_str().unwrap().contains(epsg), "{crs}");
    }
    // The published shift at Maebashi, through the whole program (05-inputs 6).
    let (shp, shx) = points(&[[139.0630, 36.3883]]);
    files.write("tokyo.shx", shx);
    let tokyo = files.write("tokyo.shp", shp);
    for (crs, expected) in
        [("4301", [139.059_813_72, 36.391_435_84]), ("6668", [139.0630, 36.3883])]
    {
        let done = vector(&tokyo, &["--crs", crs]);
        assert_eq!(done.code, 0, "{}", done.words);
        let place = read(&done)[0].1;
        let off = (place[0] - expected[0]).abs().max((place[1] - expected[1]).abs());
        assert!(off <= 5.1e-9, "{crs}: {place:?}");
    }
    let refused = vector(&tokyo, &["--crs", "4258"]);
    assert_eq!((refused.code, refused.error()), (3, "crs-ballpark"));
    let (shp, shx) = points(&[[143.0, 38.2], [139.063, 36.3883]]);
    files.write("sea.shx", shx);
    let sea = files.write("sea.shp", shp);
    let done = vector(&sea, &["--crs", "4612"]);
    assert_eq!(done.code, 4);
    assert_eq!(done.report["layers"][0]["faults"]["crs-outside-grid"]["count"], 1);
    assert_eq!(done.report["layers"][0]["features"], 1);
}

/// Tables: full-width digits, other names for the columns, swapped columns.
#[test]
fn tables_with_columns_for_the_position() {
    let files = Files::new();
    let csv = "name,緯度,経度\n前橋市役所,３６．３９１１,139.0608\n敷島公園,36.4,139.07\n群馬県庁,36.38,139.08\n";
    let (cp932, _, _) = encoding_rs::SHIFT_JIS.encode(csv);
    for (name, bytes) in [("utf8.csv", csv.as_bytes()), ("cp932.csv", &cp932)] {
        assert_places(&vector(&files.write(name, bytes), &[]), 0.0);
    }
    let plain = files.write("plain.csv", csv.replace("３６．３９１１", "36.3911"));
    let book = files.ogr2ogr("a.xlsx", &plain, &["-oo", "AUTODETECT_TYPE=YES"]);
    let done = vector(&book, &[]);
    assert_places(&done, 0.0);
    assert_eq!(done.report["source"]["driver"], "XLSX");
    // Every cell is text: the first row still names the columns.
    let book = files.ogr2ogr("text.xlsx", &plain, &[]);
    assert_places(&vector(&book, &[]), 0.0);
    let swapped = csv.replace("緯度,経度", "経度,緯度");
    let refused = vector(&files.write("swapped.csv", swapped), &[]);
    assert_eq!((refused.code, refused.error()), (3, "vector-axes-swapped"));
    let plane = "name,e,n\n前橋市役所,-69302.6017,43670.3491\n";
    let plane = files.write("plane.csv", plane);
    assert_eq!(vector(&plane, &[]).error(), "table-no-position");
    let flags = ["--x-field", "e", "--y-field", "n", "--crs", "6677"];
    let done = vector(&plane, &flags);
    assert_eq!(done.code, 0, "{}", done.words);
    assert!((read(&done)[0].1[0] - 139.0608).abs() < 1e-8);
}

/// What does not fit its encoding is counted and marked, not guessed.
#[test]
fn text_and_numbers_of_a_table() {
    let (name, _, _) = encoding_rs::SHIFT_JIS.encode("高崎");
    let mut broken = name.to_vec();
    broken.push(0x81);
    let columns = [("NAME", b'C', 5), ("HEIGHT", b'N', 6), ("KEY", b'C', 4)];
    let rows = vec![
        vec![name.to_vec(), b" 4.500".to_vec(), b"0012".to_vec()],
        vec![broken, b"  x".to_vec(), b"".to_vec()],
        vec![name.to_vec(), b"******".to_vec(), b"7".to_vec()],
    ];
    let (shp, shx) = points(&PLACES);
    let files = Files::new();
    let source = files.write("t.shp", &shp);
    files.write("t.shx", &shx);
    for (language, found_by) in [(0x13, "language-byte"), (0, "content")] {
        files.write("t.dbf", dbf(language, &columns, &rows));
        let done = vector(&source, &["--crs", "6668"]);
        assert_eq!(done.code, 4, "{}", done.words);
        let layer = &done.report["layers"][0];
        assert_eq!(layer["encoding"]["found_by"], found_by);
        assert_eq!(layer["faults"]["text-undecodable"]["count"], 1);
        assert_eq!(layer["faults"]["dbf-number"]["count"], 1);
        assert_eq!(layer["features"], 3);
        let table = done.table(0);
        let kinds: Vec<_> = table.fields.iter().map(|field| field.kind).collect();
        assert_eq!(kinds, [FieldType::Text, FieldType::Float, FieldType::Text]);
        let first = table.features.iter().find(|feature| feature.id == "row-1").unwrap();
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        assert_eq!(first.values, [text("高崎"), Some(Value::Float(4.5)), text("0012")]);
    }
    files.write("t.cpg", "CP932\n");
    assert_eq!(
        vector(&source, &["--crs", "6668"]).report["layers"][0]["encoding"]["found_by"],
        "cpg"
    );
    let wrong = vector(&source, &["--crs", "6668", "--encoding", "utf-8"]);
    assert_eq!(wrong.report["layers"][0]["faults"]["text-undecodable"]["count"], 3);
    let unknown = vector(&source, &["--crs", "6668", "--encoding", "ebcdic"]);
    assert_eq!((unknown.code, unknown.error()), (2, "ingest-flag"));
}

/// Two runs give the same bytes.
#[test]
fn the_result_is_deterministic() {
    let files = Files::new();
    let source = files.write("source.geojson", geojson());
    let bytes = || {
        let done = vector(&source, &[]);
        std::fs::read(done.out.join("source.fgb")).unwrap()
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn layers_are_chosen_by_name() {
    let files = Files::new();
    let (shp, shx) = points(&PLACES);
    let prj = br#"GEOGCS["GCS_JGD_2011",DATUM["D_JGD_2011",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;
    let (name, _, _) = encoding_rs::SHIFT_JIS.encode("公園");
    let cp932 = [name.to_vec(), b".shp".to_vec()].concat();
    assert!(std::str::from_utf8(&cp932).is_err());
    let archive = zip(&[
        ("a/one.shp", &shp),
        ("a/one.SHX", &shx),
        ("a/one.prj", prj),
        ("b/../../../two.shp", &shp),
        ("b/../../../two.shx", &shx),
        ("b/../../../two.prj", prj),
        ("readme.txt", b"x"),
    ]);
    let source = files.write("a.zip", archive);
    let both = vector(&source, &[]);
    assert_eq!(both.code, 0, "{}", both.words);
    let names: Vec<_> =
        both.report["layers"].as_array().unwrap().iter().map(|l| l["name"].clone()).collect();
    assert_eq!(names, ["one", "two"]);
    let one = vector(&source, &["--layer", "two"]);
    assert_eq!(one.report["layers"].as_array().unwrap().len(), 1);
    let none = vector(&source, &["--layer", "three"]);
    assert_eq!((none.code, none.error()), (3, "ingest-layer"));
    assert!(none.words.contains("one, two"), "{}", none.words);
}

/// The golden point of the plane rectangular system IX, as another program reads it, and a place
/// that the system does not reach.
#[test]
fn a_planar_result_is_in_metres() {
    let files = Files::new();
    let point = |[lon, lat]: [f64; 2]| {
        let at = serde_json::json!({ "type": "Point", "coordinates": [lon, lat] });
        serde_json::json!({ "type": "Feature", "properties": {}, "geometry": at })
    };
    let features = [point([139.0608, 36.3911]), point([100.0, 36.0])];
    let both = serde_json::json!({ "type": "FeatureCollection", "features": features });
    let source = files.write("p.geojson", both.to_string());
    let done = crate::support::run("vector", "EPSG:6677", &source, &[]);
    assert_eq!(done.code, 4, "{}", done.words);
    assert_eq!(done.report["layers"][0]["faults"]["crs-outside-zone"]["count"], 1);
    let told = Command::new("ogrinfo").args(["-al", "-q"]).arg(done.out.join("p.fgb")).output();
    let told = String::from_utf8(told.unwrap().stdout).unwrap();
    assert!(told.contains("POINT (-69302.601"), "{told}");
    assert!(told.contains("43670.349"), "{told}");
}

/// Wrong use and unusable input, by exit code and code.
#[test]
fn what_is_refused_and_how() {
    let files = Files::new();
    let geojson = files.write("a.geojson", geojson());
    for (name, bytes, code, error) in [
        ("empty.shp", &b""[..], 3, "ingest-format"),
        ("text.kml", b"hello", 3, "ingest-format"),
        ("gml.xml", b"<?xml version=\"1.0\"?><gml:FeatureCollection>", 3, "ingest-format"),
        ("raster.tif", b"II*\0\x08\0\0\0", 3, "ingest-format"),
        ("short.shp", b"\x00\x00\x27\x0a\0\0", 3, "ingest-open"),
        ("a.gpkg", b"SQLite format 3\0garbage", 3, "ingest-open"),
    ] {
        let done = vector(&files.write(name, bytes), &[]);
        assert_eq!((done.code, done.error()), (code, error), "{name}: {}", done.words);
    }
    let nested = zip(&[("inner.zip", &zip(&[("a.geojson", b"{}")]))]);
    let useless = zip(&[("a.txt", b"x")]);
    for (name, bytes, error) in [
        ("nested.zip", nested, "archive-nested"),
        ("useless.zip", useless, "archive-no-data"),
        ("broken.zip", b"PK\x03\x04 and no more".to_vec(), "archive-broken"),
    ] {
        let done = vector(&files.write(name, bytes), &[]);
        assert_eq!((done.code, done.error()), (3, error), "{name}: {}", done.words);
    }
    let other = crate::support::run("vector", "3857", &geojson, &[]);
    assert_eq!((other.code, other.error()), (2, "ingest-target"));
    for odd in ["/dev/null", "/vsicurl/http://127.0.0.1/a", "http://127.0.0.1/a.tif", "GPKG:/a:b"] {
        let done = vector(odd.as_ref(), &[]);
        assert_eq!(done.code, 3, "{odd}");
        assert!(["ingest-source", "ingest-io"].contains(&done.error()), "{odd}: {}", done.error());
    }
    // A folder that is somebody else's stays as it is.
    let own = files.path("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("thesis.txt"), "x").unwrap();
    let output = crate::support::program()
        .arg("vector")
        .arg(&geojson)
        .args(["--to-crs", "6668", "--out"])
        .arg(&own)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(own.join("thesis.txt").exists());
}
