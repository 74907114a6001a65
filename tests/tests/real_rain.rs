//! The main job on real input: rain and places of Gunma, read, published, read back.

use std::path::Path;

use jomo_core::feature::Value;
use jomo_core::layer::{Access, Kind, Layer, Mode};
use jomo_core::mesh::GridSquare;
use jomo_core::time::compact;
use jomo_format::grib2;
use jomo_format::vector::ReadOptions;
use jomo_store::{LayerVersion, Store};
use jomo_tests::{real_data, repository};

use crate::programs::jomo_ok;

const RAIN: &str =
    "jma-grib2/Z__C_RJTD_20170807001000_SRF_GPV_Ggis1km_Prr60lv_Fper10min_FH01-06_grib2.bin";

fn region() -> String {
    repository().join("data-samples/gunma/region.toml").to_string_lossy().into_owned()
}

fn live(store: &Path, layer: &str) -> LayerVersion {
    let generation = Store::open(store).unwrap().current(Access::Public).unwrap().unwrap();
    generation.layers[layer].clone()
}

#[test]
fn real_rain_is_published_cell_by_cell() {
    let Some(data) = real_data("real_rain_is_published_cell_by_cell") else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let file = data.join(RAIN);
    let (file, store_text) = (file.to_string_lossy(), store.to_string_lossy());
    let arguments =
        ["flood", "rain", "--grib", &file, "--region", &region(), "--store", &store_text];
    jomo_ok(&arguments);
    let version = live(&store, "rain_forecast");
    let layer: &Layer = &version.layer;
    assert_eq!(
        (layer.kind, layer.mode, layer.access),
        (Kind::Relayed, Mode::Replay, Access::Public)
    );
    assert_eq!(layer.reference_time.unwrap().to_string(), "2017-08-07T00:10:00Z");
    assert_eq!(layer.clock, layer.reference_time);
    let times: Vec<_> = layer.valid_times.iter().map(|time| compact(*time)).collect();
    let expected = ["01", "02", "03", "04", "05", "06"].map(|hour| format!("20170807T{hour}1000Z"));
    assert_eq!(times, expected);

    let bytes = std::fs::read(data.join(RAIN)).unwrap();
    let fields = grib2::read(&bytes).unwrap();
    for (time, field) in layer.valid_times.iter().zip(&fields) {
        let path = version.dir().join(LayerVersion::features_name(Some(*time)));
        let features = std::fs::read(path).unwrap();
        let options = ReadOptions { id_field: Some("id".to_owned()), ..ReadOptions::default() };
        let read = jomo_format::flatgeobuf::read(&features, &options).unwrap();
        assert_eq!(read.table.features.len(), 104 * 132, "{time}");
        let whole = field.decode_all().unwrap();
        for feature in &read.table.features {
            let square = GridSquare::from_code(feature.id.parse().unwrap()).unwrap();
            let rain_mm = whole.value_at(square.row.into(), square.column.into()).unwrap();
            assert_eq!(feature.values, [Some(Value::Float(rain_mm))], "{}", feature.id);
        }
        assert!(version.tiles(Some(*time)).unwrap().is_some());
    }
    let again = jomo_ok(&[&arguments[..], &["--json"]].concat());
    assert!(again.contains("\"unchanged\""), "{again}");
}

#[test]
fn real_places_are_published_whole() {
    let Some(data) = real_data("real_places_are_published_whole") else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let layers = [
        ("municipalities", "n03-gunma/N03-21_10_210101.s0010.geojson", 35),
        ("gauges", "gunma-river-levels/gunma_crisis_gauges.csv", 70),
        ("emergency_shelters", "gunma-shelters/gunma_emergency.geojson", 1_750),
        ("evacuation_shelters", "gunma-shelters/gunma_evacuation.geojson", 1_674),
    ];
    for (layer, file, count) in layers {
        let file = data.join(file);
        let (file, store_text) = (file.to_string_lossy(), store.to_string_lossy());
        let region = region();
        jomo_ok(&["import", &file, "--layer", layer, "--region", &region, "--store", &store_text]);
        assert_eq!(live(&store, layer).layer.feature_count, count, "{layer}");
    }
    let gauges = live(&store, "gauges");
    let bytes = std::fs::read(gauges.dir().join("features.fgb")).unwrap();
    let read = jomo_format::flatgeobuf::read(&bytes, &ReadOptions::default()).unwrap();
    let column = |name: &str| {
        let index = read.table.fields.iter().position(|field| field.name == name).unwrap();
        read.table.features.iter().filter(|feature| feature.values[index].is_some()).count()
    };
    // Eight of the 70 gauges have no 危険水位 (page 15, 1.3 of the design).
    assert_eq!((column("start_level"), column("warn_level"), column("flood_level")), (70, 62, 70));
}
