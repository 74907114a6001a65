//! Other people's readers on what we write: GDAL, and the Python packages pmtiles and
//! mapbox-vector-tile.

use std::path::{Path, PathBuf};
use std::process::Command;

use jomo_core::layer::Access;
use jomo_store::{LayerVersion, Store};
use jomo_tests::{real_data, repository};

use crate::programs::{finished, jomo_ok, python};

/// The sample region, with all its layers published.
struct Sample {
    _folder: tempfile::TempDir,
    data: PathBuf,
    store: PathBuf,
}

fn sample() -> Sample {
    let folder = tempfile::tempdir().unwrap();
    let (data, store) = (folder.path().join("sample"), folder.path().join("store"));
    let (data_text, store_text) = (data.to_string_lossy(), store.to_string_lossy());
    jomo_ok(&["sample", "generate", &data_text]);
    let forecast = std::fs::read_dir(data.join("rain"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("FH01-06"))
        .max()
        .unwrap();
    let forecast = forecast.to_string_lossy();
    jomo_ok(&[
        "flood",
        "rain",
        "--grib",
        &forecast,
        "--region",
        &data_text,
        "--store",
        &store_text,
    ]);
    let layers = [
        ("municipalities", "municipalities.geojson"),
        ("rivers", "rivers.geojson"),
        ("gauges", "gauges.csv"),
    ];
    for (layer, file) in layers {
        let file = data.join(file);
        let file = file.to_string_lossy();
        jomo_ok(&[
            "import",
            &file,
            "--layer",
            layer,
            "--region",
            &data_text,
            "--store",
            &store_text,
        ]);
    }
    Sample { _folder: folder, data, store }
}

fn versions(store: &Path) -> Vec<LayerVersion> {
    let generation = Store::open(store).unwrap().current(Access::Public).unwrap().unwrap();
    generation.layers.into_values().collect()
}

/// Checks every archive of a store; gives the largest tile of each with its feature count.
fn check_archives(store: &Path, folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut archives = Vec::new();
    for version in versions(store) {
        let names = version.layer.files.keys().filter(|name| name.starts_with("tiles"));
        archives.extend(names.map(|name| version.dir().join(name)));
    }
    let script = repository().join("tests/interop/check_tiles.py");
    let mut tiles = Vec::new();
    for (number, archive) in archives.iter().enumerate() {
        let own = folder.join(number.to_string());
        std::fs::create_dir(&own).unwrap();
        let line =
            finished(Command::new(python()).arg(&script).arg("--tile").arg(own).arg(archive));
        let report: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(0 < report["tiles"].as_u64().unwrap(), "{}", archive.display());
        let tile = PathBuf::from(report["tile"].as_str().unwrap());
        tiles.push((tile, report["tile_features"].as_u64().unwrap()));
    }
    tiles
}

/// GDAL's count of features in all layers of a file.
fn gdal_count(path: &Path, more: &[&str]) -> u64 {
    let report = finished(Command::new("ogrinfo").args(["-ro", "-al", "-so"]).args(more).arg(path));
    let counts = report.lines().filter_map(|line| line.strip_prefix("Feature Count: "));
    counts.map(|count| count.parse::<u64>().unwrap()).sum()
}

fn check_store(store: &Path) {
    let folder = tempfile::tempdir().unwrap();
    for (tile, features) in check_archives(store, folder.path()) {
        assert_eq!(gdal_count(&tile, &[]), features, "{}", tile.display());
    }
    for version in versions(store) {
        let names = version.layer.files.keys().filter(|name| name.starts_with("features"));
        for name in names {
            let path = version.dir().join(name);
            let found = gdal_count(&path, &[]);
            assert_eq!(found, version.layer.feature_count, "{}", path.display());
            let [west, south, east, north] = version.layer.bbox.map(|degrees| degrees.to_string());
            let box_of_all = ["-spat", west.as_str(), &south, &east, &north];
            assert_eq!(gdal_count(&path, &box_of_all), found, "{}", path.display());
            let elsewhere = ["-spat", "0", "0", "1", "1"];
            assert_eq!(gdal_count(&path, &elsewhere), 0, "{}", path.display());
        }
    }
}

#[test]
fn others_read_the_sample_store() {
    let sample = sample();
    check_store(&sample.store);
    let dem = finished(Command::new("gdalinfo").arg(sample.data.join("terrain/dem.tif")));
    assert!(dem.contains("ID[\"EPSG\",6677]"), "{dem}");
    assert!(dem.contains("NoData Value="), "{dem}");
}

#[test]
fn others_read_the_store_of_real_files() {
    let Some(data) = real_data("others_read_the_store_of_real_files") else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let (region, store_text) = (repository().join("data-samples/gunma"), store.to_string_lossy());
    let region = region.to_string_lossy();
    let files = [
        ("municipalities", "n03-gunma/N03-21_10_210101.s0010.geojson"),
        ("gauges", "gunma-river-levels/gunma_crisis_gauges.csv"),
        ("emergency_shelters", "gunma-shelters/gunma_emergency.geojson"),
    ];
    for (layer, file) in files {
        let file = data.join(file);
        let file = file.to_string_lossy();
        jomo_ok(&["import", &file, "--layer", layer, "--region", &region, "--store", &store_text]);
    }
    check_store(&store);
}
