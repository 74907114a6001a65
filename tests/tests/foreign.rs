//! `jomo import` of formats that only `jomo-ingest` reads.

use std::path::Path;
use std::process::Command;

use jomo_core::feature::{FeatureTable, Value};
use jomo_core::layer::Access;
use jomo_format::vector::ReadOptions;
use jomo_store::{LayerVersion, Store};
use jomo_tests::real_data;
use serde_json::Value as Json;

use crate::programs::binary;

/// `jomo import` into a store: exit code and report.
fn import(file: &Path, store: &Path, flags: &[&str]) -> (Option<i32>, Json) {
    let mut command = Command::new(binary("jomo"));
    command.env("JOMO_INGEST", binary("jomo-ingest"));
    command.arg("import").arg(file).arg("--store").arg(store);
    let output = command.args(["--layer", "places", "--json"]).args(flags).output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Json::Null);
    (output.status.code(), report)
}

fn published(store: &Path) -> FeatureTable {
    let generation = Store::open(store).unwrap().current(Access::Public).unwrap().unwrap();
    let path = generation.layers["places"].dir().join(LayerVersion::features_name(None));
    let bytes = std::fs::read(path).unwrap();
    jomo_format::flatgeobuf::read(&bytes, &ReadOptions::default()).unwrap().table
}

#[test]
fn a_foreign_file_becomes_a_layer() {
    let folder = tempfile::tempdir().unwrap();
    let (file, store) = (folder.path().join("a.kml"), folder.path().join("store"));
    let place = |name: &str, place: &str| {
        format!(
            "<Placemark><name>{name}</name><Point><coordinates>{place}</coordinates></Point></Placemark>"
        )
    };
    let text = format!(
        "<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>{}{}</Document></kml>",
        place("前橋", "139.06,36.39"),
        place("高崎", "139.0,36.32"),
    );
    std::fs::write(&file, text).unwrap();
    let (code, report) = import(&file, &store, &[]);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(published(&store).features.len(), 2);
    let (_, again) = import(&file, &store, &[]);
    assert_eq!(again["status"], "unchanged");

    std::fs::write(&file, "<OGRVRTDataSource/>").unwrap();
    let (code, report) = import(&file, &store, &[]);
    assert_eq!((code, &report["errors"][0]["code"]), (Some(3), &Json::from("ingest-format")));
}

#[test]
fn national_land_information_is_imported() {
    let Some(data) = real_data("national_land_information_is_imported") else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let file = data.join("ksj-samples/P23-12_38_GML.zip");
    let (code, report) = import(&file, &store, &[]);
    assert_eq!((code, &report["errors"][0]["code"]), (Some(2), &Json::from("foreign-several")));
    let (code, report) = import(&file, &store, &["--source-layer", "P23a-12_38"]);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(published(&store).features.len(), 805);

    let file = data.join("ksj-samples/A30a5-11_4939-jgd_GML.zip");
    let (code, report) = import(&file, &store, &[]);
    assert_eq!((code, &report["errors"][0]["code"]), (Some(3), &Json::from("crs-missing")));
    let (code, report) = import(&file, &store, &["--crs", "4612", "--encoding", "cp932"]);
    assert_eq!(code, Some(0), "{report}");
    let table = published(&store);
    let tokyo = Some(Value::Text("東京都".to_owned()));
    assert!(table.features[0].values.contains(&tokyo), "{:?}", table.features[0].values);
}
