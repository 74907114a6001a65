//! Files of the National Land Numerical Information, as they are downloaded.

use std::process::Command;

use geo_types::Geometry;
use jomo_core::feature::Value;

use crate::support::{Files, points, real, vector};

/// P23: two shapefiles in CP932 under a folder of the zip, JGD2000 by their `.prj`.
#[test]
fn coastal_works_of_ehime() {
    let Some(data) = real("coastal_works_of_ehime") else { return };
    let source = data.join("ksj-samples/P23-12_38_GML.zip");
    let done = vector(&source, &[]);
    assert_eq!(done.code, 0, "{}", done.words);
    let layers = done.report["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 2);
    for layer in layers {
        let name = layer["name"].as_str().unwrap();
        let inside = format!("/vsizip/{}/P23-12_38_GML/{name}.shp", source.display());
        let info = Command::new("ogrinfo").args(["-so", "-al"]).arg(inside).output().unwrap();
        let info = String::from_utf8_lossy(&info.stdout).into_owned();
        let expected = format!("Feature Count: {}\n", layer["features"]);
        assert!(info.contains(&expected), "{name}: {expected} {info}");
        assert_eq!(layer["encoding"]["found_by"], "language-byte");
        assert_eq!(layer["crs"]["found_by"], "file");
        // Ehime was not revised in 2011: the coordinates stay, and the report says why.
        assert_eq!(layer["crs"]["source"], "EPSG:4612 (JGD2000)");
        assert!(0 < layer["crs"]["unrevised"].as_u64().unwrap());
    }
    let table = done.table(0);
    let column = |name: &str| table.fields.iter().position(|field| field.name == name).unwrap();
    let with = |name: &str, value: &Value| {
        let column = column(name);
        table
            .features
            .iter()
            .filter(|feature| feature.values[column].as_ref() == Some(value))
            .count()
    };
    assert!(0 < with("P23a_003", &Value::Text("愛媛県知事".to_owned())));
    assert!(0 < with("P23a_006", &Value::Bool(true)), "t/f are read as what they are");
    // Declared without decimals, written with them: GDAL alone would cut 4.500 to 4.
    let heights = column("P23a_012");
    let heights = table.features.iter().filter_map(|feature| feature.values[heights].as_ref());
    let fractions = heights.filter(|h| matches!(h, Value::Float(h) if h.fract() != 0.0)).count();
    assert!(100 < fractions, "{fractions}");
}

/// A30a5: no `.prj`, no `.cpg`. Without an override it is refused by name, with one it is read.
#[test]
fn sediment_disasters_of_hachijo() {
    let Some(data) = real("sediment_disasters_of_hachijo") else { return };
    let source = data.join("ksj-samples/A30a5-11_4939-jgd_GML.zip");
    let refused = vector(&source, &[]);
    assert_eq!((refused.code, refused.error()), (3, "crs-missing"));
    assert!(refused.words.contains("--crs"), "{}", refused.words);
    assert!(!refused.out.exists());

    let done = vector(&source, &["--crs", "4612", "--encoding", "cp932"]);
    assert_eq!(done.code, 0, "{}", done.words);
    let layer = &done.report["layers"][0];
    assert_eq!(layer["crs"]["found_by"], "override");
    assert_eq!(layer["encoding"]["found_by"], "override");
    let table = done.table(0);
    assert_eq!(table.features.len(), 1);
    let text = |name: &str| {
        let column = table.fields.iter().position(|field| field.name == name).unwrap();
        table.features[0].values[column].clone()
    };
    assert_eq!(text("A30a5_001"), Some(Value::Text("東京都".to_owned())));
    assert_eq!(text("A30a5_004"), Some(Value::Text("がけ崩れ".to_owned())));
}

/// W09: the table of lakes has its language byte; its `.shp` is not part of the sample, so
/// points stand for the outlines.
#[test]
fn lakes_by_their_language_byte() {
    let Some(data) = real("lakes_by_their_language_byte") else { return };
    let table = std::fs::read(data.join("ksj-samples/cp932.dbf")).unwrap();
    let places: Vec<[f64; 2]> = (0..556).map(|n| [139.0 + f64::from(n) / 1e4, 36.5]).collect();
    let (shp, shx) = points(&places);
    let files = Files::new();
    files.write("lakes.dbf", table);
    files.write("lakes.shx", shx);
    let source = files.write("lakes.shp", shp);
    let done = vector(&source, &["--crs", "6668"]);
    assert_eq!(done.code, 0, "{}", done.words);
    assert_eq!(done.report["layers"][0]["encoding"]["used"], "cp932");
    let table = done.table(0);
    let name_at = |lon: f64| {
        let here = |geometry: &Geometry<f64>| matches!(geometry, Geometry::Point(point) if (point.x() - lon).abs() < 1e-9);
        let feature = table.features.iter().find(|feature| here(&feature.geometry)).unwrap();
        feature.values[0].clone()
    };
    assert_eq!(name_at(139.0), Some(Value::Text("さっぽろ湖".to_owned())));
    assert_eq!(name_at(139.0 + 555.0 / 1e4), Some(Value::Text("かんな湖".to_owned())));
}
