use jomo_core::feature::FieldType;
use jomo_core::message::Coded;
use proptest::prelude::*;

use super::*;
use crate::vector::hostile::{prefixes_and_flips, random_prefixes, real_file};
use crate::vector::{GeometryFault, IdSource, Limits};

fn collection(features: &[&str]) -> String {
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
}

fn point(more: &str) -> String {
    format!(
        r#"{{"type":"Feature","geometry":{{"type":"Point","coordinates":[139.1,36.4]}},{more}}}"#
    )
}

fn shape(geometry: &str) -> String {
    format!(r#"{{"type":"Feature","properties":{{"n":1}},"geometry":{geometry}}}"#)
}

fn read_text(text: &str) -> Result<VectorRead, VectorError> {
    read(text.as_bytes(), &ReadOptions::default())
}

fn told(text: &str) -> String {
    let error = read_text(text).unwrap_err();
    format!("{}: {error}", error.code())
}

fn faults(read: &VectorRead) -> String {
    let lines =
        read.faults.iter().map(|(code, fault)| format!("{code} {}", fault.places.join(" ")));
    lines.collect::<Vec<_>>().join("\n")
}

fn names(read: &VectorRead) -> Vec<(&str, FieldType)> {
    read.table.fields.iter().map(|field| (field.name.as_str(), field.kind)).collect()
}

#[test]
fn columns_come_in_the_order_of_the_file_with_the_narrowest_type() {
    let text = collection(&[
        &point(r#""properties":{"z":1,"a":true,"mixed":1,"n":null,"big":9007199254740993}"#),
        &point(
            r#""properties":{"z":2.5,"a":null,"mixed":"x","nested":{"b":[1,2.5],"a":null},"big":1}"#,
        ),
    ]);
    let read = read_text(&text).unwrap();
    assert_eq!(
        names(&read),
        [
            ("z", FieldType::Float),
            ("a", FieldType::Bool),
            ("mixed", FieldType::Text),
            ("n", FieldType::Text),
            ("big", FieldType::Text),
            ("nested", FieldType::Text),
        ]
    );
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    assert_eq!(
        read.table.features[0].values,
        [
            Some(Value::Float(1.0)),
            Some(Value::Bool(true)),
            text("1"),
            None,
            text("9007199254740993"),
            None
        ]
    );
    assert_eq!(read.table.features[1].values[5], text(r#"{"b":[1,2.5],"a":null}"#));
    assert_eq!(read.id_source, IdSource::RowNumber);
    assert_eq!(read.table.features[1].id, "row-2");
}

/// One feature per way in which a geometry can be bad; each is counted, none stops the file.
#[test]
fn a_bad_feature_is_counted_and_kept_out() {
    let ring = "[[0,0],[1,0],[1,1],[0,0]]";
    let features = [
        shape(r#"{"type":"Point","coordinates":[139,36]}"#),
        shape("null"),
        shape(r#"{"type":"GeometryCollection","geometries":[]}"#),
        shape(r#"{"type":"Point","coordinates":["139",36]}"#),
        shape(r#"{"type":"Point","coordinates":[]}"#),
        shape(r#"{"type":"Point","coordinates":[181,36]}"#),
        shape(r#"{"type":"LineString","coordinates":[[139,36]]}"#),
        shape(r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,0]]]}"#),
        shape(r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}"#),
        shape(r#"{"type":"MultiPolygon","coordinates":[[]]}"#),
        shape(&format!(r#"{{"type":"MultiPolygon","coordinates":[[{ring}],[{ring},[]]]}}"#)),
        shape(r#"{"coordinates":[139,36]}"#),
        "7".to_owned(),
        r#"{"type":"Topology"}"#.to_owned(),
        shape(&format!(r#"{{"type":"Polygon","coordinates":[{ring},{ring}]}}"#)),
    ];
    let features: Vec<&str> = features.iter().map(String::as_str).collect();
    let read = read_text(&collection(&features)).unwrap();
    let ids: Vec<_> = read.table.features.iter().map(|feature| feature.id.as_str()).collect();
    assert_eq!(ids, ["row-1", "row-15"]);
    insta::assert_snapshot!(faults(&read), @r"
    feature-form row 13 row 14
    geometry-empty row 5 row 10 row 11
    geometry-form row 4 row 12
    geometry-line-short row 7
    geometry-missing row 2
    geometry-outside row 6
    geometry-ring-open row 9
    geometry-ring-short row 8
    geometry-type row 3
    ");
    assert_eq!(read.faults.total(), 13);
    assert!(GeometryFault::ALL.iter().all(|fault| fault.code().starts_with("geometry-")));
}

#[test]
fn ids_come_from_the_first_usable_source() {
    let of = |more: &[&str], id_field: Option<&str>| {
        let features: Vec<String> = more.iter().map(|more| point(more)).collect();
        let features: Vec<&str> = features.iter().map(String::as_str).collect();
        let options =
            ReadOptions { id_field: id_field.map(str::to_owned), ..ReadOptions::default() };
        read(collection(&features).as_bytes(), &options).map(|read| {
            let names: Vec<_> = read.table.fields.iter().map(|f| f.name.clone()).collect();
            let ids: Vec<_> = read.table.features.iter().map(|f| f.id.clone()).collect();
            (read.id_source, ids.join(" "), names.join(" "))
        })
    };
    let both =
        [r#""id":7,"properties":{"id":"a","code":1}"#, r#""id":"x","properties":{"id":"b"}"#];
    let source = |source: &str| source.to_owned();
    assert_eq!(
        of(&both, None).unwrap(),
        (IdSource::Member, source("7 x"), source("source_id code"))
    );
    assert_eq!(
        of(&both, Some("id")).unwrap(),
        (IdSource::Field(source("id")), source("a b"), source("code"))
    );
    let column = [r#""id":7,"properties":{"id":"a","code":1}"#, r#""properties":{"id":2}"#];
    assert_eq!(of(&column, None).unwrap(), (IdSource::Column, source("a 2"), source("code")));
    let repeated = [r#""properties":{"id":"a","source_id":1}"#, r#""properties":{"id":"a"}"#];
    assert_eq!(
        of(&repeated, None).unwrap(),
        (IdSource::RowNumber, source("row-1 row-2"), source("source_id_ source_id"))
    );
    let code = of(&both[..1], Some("code")).unwrap();
    assert_eq!(code, (IdSource::Field(source("code")), source("1"), source("source_id code")));
    assert!(matches!(of(&both, Some("no")), Err(VectorError::NoColumn { .. })));
}

/// All unusable ids are told at once, each with its row.
#[test]
fn unusable_ids_refuse_the_file() {
    let long = format!(r#""id":"{}","properties":null"#, "x".repeat(65));
    let features = [
        point(r#""id":"a","properties":null"#),
        point(r#""id":"前橋","properties":null"#),
        point(r#""id":"a","properties":null"#),
        point(&long),
        point(r#""id":"a","properties":null"#),
        point(r#""id":"  ","properties":null"#),
    ];
    let features: Vec<&str> = features.iter().map(String::as_str).collect();
    insta::assert_snapshot!(told(&collection(&features)), @r#"vector-ids: ids from id: 1 missing, 2 not 1 to 64 printable ASCII characters, 2 used before; rows 2 "前橋", 3 "a" (= 1), 4 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 5 "a" (= 1), 6"#);
}

#[test]
fn a_bad_file_is_refused() {
    let swapped = shape(r#"{"type":"LineString","coordinates":[[36.4,139.1],[36.5,139.2]]}"#);
    let metres = shape(r#"{"type":"Point","coordinates":[-69302.6,43670.3]}"#);
    let crs = |name: &str| {
        format!(
            r#"{{"type":"FeatureCollection","features":[],"crs":{{"type":"name","properties":{{"name":"{name}"}}}}}}"#
        )
    };
    let deep = format!("{}{}", r#"{"type":"Feature","geometry":"#, "[".repeat(100_000));
    let texts = [
        String::new(),
        "[1]".to_owned(),
        r#"{"type":"FeatureCollection"}"#.to_owned(),
        r#"{"type":"Topology","features":[]}"#.to_owned(),
        r#"{"type":"FeatureCollection","features":[],"features":[]}"#.to_owned(),
        collection(&[&shape(r#"{"type":"Point","coordinates":[1e400,36]}"#)]),
        format!("{} x", collection(&[])),
        collection(&[&swapped, &swapped]),
        collection(&[&metres]),
        crs("urn:ogc:def:crs:EPSG::6677"),
        crs("OGC:4326"),
        deep,
    ];
    let lines: Vec<String> = texts.iter().map(|text| told(text)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    geojson-syntax: no valid JSON at line 1, column 0: EOF while parsing a value
    geojson-syntax: no valid JSON at line 1, column 0: invalid type: sequence, expected a GeoJSON object
    geojson-root: a FeatureCollection or a Feature is expected, but the type is "FeatureCollection"
    geojson-root: a FeatureCollection or a Feature is expected, but the type is "Topology"
    geojson-syntax: no valid JSON at line 1, column 52: a second member `features`
    geojson-syntax: no valid JSON at line 1, column 126: number out of range
    geojson-syntax: no valid JSON at line 1, column 44: trailing characters
    vector-axes-swapped: longitude and latitude are swapped: all 4 positions have 20 to 46 first
    vector-not-degrees: the positions are not in degrees: the first is -69302.6, 43670.3
    vector-crs: the CRS is urn:ogc:def:crs:EPSG::6677, but lon/lat (EPSG:4326, EPSG:6668 or CRS84) is expected
    vector-crs: the CRS is OGC:4326, but lon/lat (EPSG:4326, EPSG:6668 or CRS84) is expected
    geojson-syntax: no valid JSON at line 1, column 156: recursion limit exceeded
    "#);
    for (name, epsg) in [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", 4326),
        ("EPSG:4326", 4326),
        ("urn:ogc:def:crs:EPSG::6668", 6668),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", 4326),
    ] {
        assert_eq!(read_text(&crs(name)).unwrap().crs_epsg, Some(epsg), "{name}");
    }
}

/// One feature out of two with swapped axes is a fault of that feature, not of the file.
#[test]
fn axes_are_judged_over_the_whole_file() {
    let swapped = shape(r#"{"type":"Point","coordinates":[36.4,139.1]}"#);
    let sound = shape(r#"{"type":"Point","coordinates":[139.1,36.4]}"#);
    let read = read_text(&collection(&[&swapped, &sound])).unwrap();
    assert_eq!(faults(&read), "geometry-outside row 1");
}

#[test]
fn a_small_file_cannot_ask_for_much_memory() {
    let features: Vec<String> =
        (0..10).map(|n| point(&format!(r#""properties":{{"f{n}":1}}"#))).collect();
    let features: Vec<&str> = features.iter().map(String::as_str).collect();
    let text = collection(&features);
    let with = |limits| {
        let options = ReadOptions { limits, ..ReadOptions::default() };
        read(text.as_bytes(), &options).map(|read| read.table.features.len())
    };
    let all = Limits { features: 10, fields: 10, cells: 100 };
    assert_eq!(with(all).unwrap(), 10);
    for (limits, what) in [
        (Limits { features: 9, ..all }, "features"),
        (Limits { fields: 9, ..all }, "fields"),
        (Limits { cells: 99, ..all }, "values"),
    ] {
        let error = with(limits).unwrap_err();
        assert!(matches!(error, VectorError::TooLarge { what: w, .. } if w == what), "{error}");
    }
}

#[test]
fn one_feature_is_a_file_too() {
    let read = read_text(&point(r#""id":"a","properties":{"n":1}"#)).unwrap();
    assert_eq!(read.table.features.len(), 1);
    assert_eq!(read.table.features[0].id, "a");
}

#[test]
fn hostile_bytes_end_in_an_answer() {
    let fixture = collection(&[
        &point(r#""id":"a","properties":{"n":1,"名":"前橋"}"#),
        &shape(r#"{"type":"Polygon","coordinates":[[[139,36],[140,36],[140,37],[139,36]]]}"#),
        &shape(r#"{"type":"MultiLineString","coordinates":[[[139,36],[140,36]]]}"#),
    ]);
    prefixes_and_flips(fixture.as_bytes(), |bytes| {
        let _ = read(bytes, &ReadOptions::default());
    });
}

proptest! {
    /// Any text at all gets an answer.
    #[test]
    fn any_text_gets_an_answer(text in r#"[{}\[\]":,a-z0-9.e\-\\ ]{0,200}"#) {
        let _ = read_text(&text);
    }
}

#[test]
fn the_municipalities_of_gunma_are_read() {
    let Some(file) = real_file(
        "the_municipalities_of_gunma_are_read",
        "n03-gunma/N03-21_10_210101.s0010.geojson",
    ) else {
        return;
    };
    let options = ReadOptions { id_field: Some("N03_007".to_owned()), ..ReadOptions::default() };
    let found = read(&file, &options).unwrap();
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    assert_eq!(found.table.features.len(), 35);
    assert_eq!(
        names(&found),
        ["N03_001", "N03_002", "N03_003", "N03_004", "N03_007"].map(|n| (n, FieldType::Text))
    );
    assert_eq!(found.table.features[0].id, "10201");
    random_prefixes(&file, |bytes| {
        let _ = read(bytes, &options);
    });
}

#[test]
fn the_shelters_of_gunma_are_read() {
    for (path, count) in [("gunma_emergency", 1_750), ("gunma_evacuation", 1_674)] {
        let path = format!("gunma-shelters/{path}.geojson");
        let Some(file) = real_file("the_shelters_of_gunma_are_read", &path) else { return };
        let options =
            ReadOptions { id_field: Some("共通ID".to_owned()), ..ReadOptions::default() };
        let found = read(&file, &options).unwrap();
        assert!(found.faults.is_empty(), "{:?}", found.faults);
        assert_eq!(found.table.features.len(), count);
        assert!(found.table.features.iter().all(|f| matches!(f.geometry, Geometry::Point(_))));
        random_prefixes(&file, |bytes| {
            let _ = read(bytes, &options);
        });
    }
}

/// One feature a line, or each behind a record separator, is read as the collection of them.
#[test]
fn sequences_are_collections() {
    let features =
        [point(r#""id":7,"properties":{"n":1}"#), point(r#""id":8,"properties":{"n":2}"#)];
    let whole = read_text(&collection(&[&features[0], &features[1]])).unwrap();
    let lines = features.join("\n");
    let windows = format!("\u{feff}\r\n{}\r\n", features.join("\r\n\r\n"));
    let records = format!("\u{1e}{}\n", features.join("\n\u{1e}\n"));
    for text in [lines, windows, records] {
        let read = read_text(&text).unwrap();
        assert_eq!((&read.table, read.id_source), (&whole.table, IdSource::Member), "{text:?}");
    }
}

/// A bad record is told with its line; a record that is no feature is counted.
#[test]
fn sequences_tell_their_faults() {
    let feature = point(r#""properties":{"n":1}"#);
    let broken = format!("{feature}\n\n{feature}\n{{\"type\":");
    assert_eq!(
        told(&broken),
        "geojson-syntax: no valid JSON at line 4, column 8: EOF while parsing a value"
    );
    let odd = read_text(&format!("{feature}\n{{\"type\":\"Point\"}}\n{feature}")).unwrap();
    assert_eq!((odd.table.features.len(), faults(&odd).as_str()), (2, "feature-form row 2"));
}

proptest! {
    /// Any lines end in an answer.
    #[test]
    fn hostile_lines_end_in_an_answer(lines in prop::collection::vec(r#"\PC{0,40}|\{\}|\{"type":"Feature"\}"#, 0..6), separated: bool) {
        let begin = if separated { "\u{1e}" } else { "{}\n{" };
        let _ = read_text(&format!("{begin}{}", lines.join("\n")));
    }
}
