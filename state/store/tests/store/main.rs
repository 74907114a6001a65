//! Laws of the published store: whole or not at all, N or N+1, never what may not be seen. One
//! suite runs against a folder, a store in memory and a local S3 stand-in.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod folder;
mod pairs;
mod places;
mod stand_in;
mod trouble;
mod withdrawal;

use std::collections::BTreeMap;
use std::fs;

use jomo_core::Timestamp;
use jomo_core::fault::Faults;
use jomo_core::layer::{Access, Kind, Layer, Mode, Run, SPEC_VERSION, Text};
use jomo_store::{LayerStage, Store};
use tempfile::TempDir;

pub(crate) fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap()
}

pub(crate) fn layer(id: &str) -> Layer {
    Layer {
        spec: SPEC_VERSION,
        id: id.to_owned(),
        version: String::new(),
        title: Text::new("水位計", "Gauges"),
        kind: Kind::Observation,
        mode: Mode::Live,
        access: Access::Public,
        audience: Vec::new(),
        row_access: None,
        attribution: Text::new("国土交通省", "MLIT"),
        licence: String::new(),
        source_crs: "EPSG:6668".to_owned(),
        bbox: [138.4, 36.0, 139.7, 37.1],
        minzoom: 4,
        maxzoom: 12,
        fields: Vec::new(),
        style: Vec::new(),
        legend: Vec::new(),
        legend_title: None,
        hidden: false,
        feature_count: 0,
        reference_time: None,
        valid_times: Vec::new(),
        expires: None,
        clock: None,
        run: Run {
            command: "import".to_owned(),
            key: format!("key of {id}"),
            seal: None,
            settings_sha256: String::new(),
            inputs: Vec::new(),
            engine_version: "0".to_owned(),
            faults: Faults::default(),
            standing: Faults::default(),
        },
        files: BTreeMap::new(),
    }
}

/// Stages one layer with one file and gives the folder of its stage.
pub(crate) fn stage(content: &str, layer: Layer, now: Timestamp) -> TempDir {
    let folder = TempDir::new().unwrap();
    let mut stage = LayerStage::begin(folder.path(), &layer.id).unwrap();
    fs::write(stage.path("features.fgb").unwrap(), content).unwrap();
    stage.add("features.fgb").unwrap();
    stage.finish(layer, now).unwrap();
    folder
}

pub(crate) fn put(store: &Store, id: &str, content: &str, minute: i64) -> String {
    let staged = stage(content, layer(id), at(minute));
    let published = store.publish(staged.path(), None, at(minute)).unwrap();
    published.generations[&Access::Public].clone()
}

/// What a layer of the live generation holds.
pub(crate) fn content_of(store: &Store, access: Access, id: &str) -> String {
    let generation = store.current(access).unwrap().unwrap();
    let file = generation.layers[id].file("features.fgb").unwrap().unwrap();
    String::from_utf8(file.as_ref().to_vec()).unwrap()
}

pub(crate) fn content(store: &Store, id: &str) -> String {
    content_of(store, Access::Public, id)
}
