use encoding_rs::SHIFT_JIS;
use jomo_core::feature::{FieldType, Value};
use jomo_core::message::Coded;

use super::*;
use crate::vector::IdSource;
use crate::vector::hostile::{prefixes_and_flips, random_prefixes, real_file};

fn read_text(text: &str) -> Result<VectorRead, VectorError> {
    read(text.as_bytes(), &ReadOptions::default())
}

const SHELTERS: &str = "\u{feff}名称,緯度,経度,収容人数,コード,備考\r\n\
    荻窪南公園,36.415923,139.132398,120,00123,\r\n\
    \"県立前橋\r\n高等学校\",３６．３９,139.096237,,00124,\"a,b\"\r\n";

#[test]
fn japanese_headers_crlf_and_quotes_are_read_in_both_encodings() {
    let utf8 = read_text(SHELTERS).unwrap();
    let (cp932, _, unmappable) = SHIFT_JIS.encode(SHELTERS.trim_start_matches('\u{feff}'));
    assert!(!unmappable);
    assert_eq!(read(&cp932, &ReadOptions::default()).unwrap(), utf8);

    let fields: Vec<_> = utf8.table.fields.iter().map(|f| (f.name.as_str(), f.kind)).collect();
    assert_eq!(
        fields,
        [
            ("名称", FieldType::Text),
            ("収容人数", FieldType::Int),
            ("コード", FieldType::Text),
            ("備考", FieldType::Text)
        ]
    );
    let second = &utf8.table.features[1];
    assert_eq!(second.geometry, Geometry::Point(Point::new(139.096_237, 36.39)));
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    assert_eq!(second.values, [text("県立前橋\r\n高等学校"), None, text("00124"), text("a,b")]);
    assert_eq!(utf8.table.features[0].values[1], Some(Value::Int(120)));
}

#[test]
fn columns_of_the_position_are_found_by_their_usual_names() {
    for header in ["lon,lat", "LNG,Latitude", "経度,緯度", "ｘ,Ｙ", " Longitude , LAT "] {
        let read = read_text(&format!("{header}\n139,36\n")).unwrap();
        assert_eq!(read.table.features[0].geometry, Geometry::Point(Point::new(139.0, 36.0)));
        assert!(read.table.fields.is_empty(), "{header}");
    }
    let options = ReadOptions {
        lon_field: Some("E".to_owned()),
        lat_field: Some("N".to_owned()),
        ..ReadOptions::default()
    };
    let read = read(b"x,y,N,E\n1,2,36,139\n", &options).unwrap();
    assert_eq!(read.table.features[0].geometry, Geometry::Point(Point::new(139.0, 36.0)));
    assert_eq!(read.table.features[0].values, [Some(Value::Int(1)), Some(Value::Int(2))]);
}

#[test]
fn a_bad_row_is_counted_with_its_number() {
    let text = "id,lon,lat\na,139,36\nb,139\n\nc,139,36,,\nd,139,36,more\ne,,36\nf,東経139,36\n\
                ,,\ng,139,NaN\nh,139,96\n";
    let read = read_text(text).unwrap();
    let ids: Vec<_> = read.table.features.iter().map(|feature| feature.id.as_str()).collect();
    assert_eq!((ids, read.id_source), (vec!["a", "c"], IdSource::Column));
    let lines: Vec<_> =
        read.faults.iter().map(|(c, f)| format!("{c} {}", f.places.join(" "))).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    geometry-missing row 5
    geometry-outside row 9
    position-not-a-number row 6 row 8
    row-long row 4
    row-short row 2
    ");
}

#[test]
fn a_bad_table_is_refused() {
    let lines: Vec<String> = [
        "",
        "name,code\na,1\n",
        "name,lon\na,1\n",
        "a,lon,a,lat,b,b\n",
        "lon,lat\n36.4,139.1\n36.5,139.2\n",
    ]
    .iter()
    .map(|text| read_text(text).unwrap_err())
    .map(|error| format!("{}: {error}", error.code()))
    .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    table-no-header: the table is empty: a header is expected in its first line
    table-no-position: no column for longitude, latitude; the columns are name, code
    table-no-position: no column for latitude; the columns are name, lon
    table-header-repeated: column names used more than once: a, b
    vector-axes-swapped: longitude and latitude are swapped: all 2 positions have 20 to 46 first
    ");
    let options = ReadOptions { lon_field: Some("keido".to_owned()), ..ReadOptions::default() };
    assert!(matches!(read(b"lon,lat\n", &options), Err(VectorError::NoColumn { .. })));
}

#[test]
fn hostile_bytes_end_in_an_answer() {
    prefixes_and_flips(SHELTERS.as_bytes(), |bytes| {
        let _ = read(bytes, &ReadOptions::default());
    });
}

#[test]
fn the_gauges_of_gunma_are_read() {
    let Some(file) =
        real_file("the_gauges_of_gunma_are_read", "gunma-river-levels/gunma_crisis_gauges.csv")
    else {
        return;
    };
    let options = ReadOptions { id_field: Some("code".to_owned()), ..ReadOptions::default() };
    let found = read(&file, &options).unwrap();
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    assert_eq!(found.table.features.len(), 70);
    assert_eq!(found.table.features[0].id, "1000000005");
    let fields: Vec<_> = found.table.fields.iter().map(|f| (f.name.as_str(), f.kind)).collect();
    assert_eq!(
        fields,
        [
            ("code", FieldType::Int),
            ("name", FieldType::Text),
            ("town_code", FieldType::Int),
            ("city", FieldType::Text),
            ("start_level", FieldType::Float),
            ("warn_level", FieldType::Float),
            ("flood_level", FieldType::Float)
        ]
    );
    random_prefixes(&file, |bytes| {
        let _ = read(bytes, &options);
    });
}

/// A header of 100,000 columns, each of them twice: told short, and found without comparing all
/// with all.
#[test]
fn a_header_of_repetitions_is_told_short() {
    let names: Vec<String> = (0..50_000).map(|n| format!("c{n}")).collect();
    let header = format!("{0},{0}\n", names.join(","));
    let fault = read(header.as_bytes(), &ReadOptions::default()).unwrap_err();
    let told = fault.to_string();
    assert_eq!(
        told,
        "column names used more than once: c0, c1, c2, c3, c4, c5, c6, c7 and 49992 more"
    );
}
