//! `jomo flood layers`: from the rasters of a run to published layers.

use std::fs;

use geo_types::{Geometry, LineString, Polygon};
use jomo::failure::Exit;
use jomo::flood_layers::{DRY, Edition, RIVER, Theme};
use jomo_core::feature::{FeatureTable, Value};
use jomo_core::grid::{Grid, Placement};
use jomo_core::layer::{Access, Kind, Layer, Mode};
use jomo_core::projection::{Zone, inverse};
use jomo_format::flatgeobuf;
use jomo_format::geotiff::{self, Meaning};
use jomo_format::vector::ReadOptions;
use jomo_store::{LayerVersion, Store};
use serde_json::json;

use super::{Desk, Said, jomo, time};

const START: &str = "2026-09-01T12:00:00Z";
const SHAPE: [usize; 2] = [12, 16];
const PLACE: Placement =
    Placement { zone: Zone::IX, origin_m: [95_000.0, -263_000.0], cell_size_m: 10.0 };

/// Depth of a flood that comes from the west: the river in column 2, a hill in the east.
fn depth_m(seconds: f32, row: usize, column: usize) -> f32 {
    if column == 15 || (row, column) == (0, 0) {
        return f32::NAN;
    }
    if column == 2 {
        return 1.5 + seconds / 600.0;
    }
    let level = seconds / 300.0 - 0.02 * row as f32;
    (level - 0.4 * column as f32).max(0.0)
}

fn raster(value: impl Fn(usize, usize) -> f32) -> Vec<u8> {
    raster_of(SHAPE, value)
}

fn raster_of([rows, columns]: [usize; 2], value: impl Fn(usize, usize) -> f32) -> Vec<u8> {
    let values = (0..rows * columns).map(|at| value(at / columns, at % columns)).collect();
    geotiff::write(&Grid::new([rows, columns], PLACE, values).unwrap(), &Meaning::default())
        .unwrap()
}

/// A desk with a finished run in `run/`, and a region.
fn desk(fictional: bool) -> Desk {
    let desk = Desk::new();
    let region = format!(
        "id = \"basin\"\ntitle = {{ ja = \"流域\", en = \"Basin\" }}\nplanar_crs = 6677\n\
         bbox = [140.0, 33.0, 141.0, 34.0]\nfictional = {fictional}\n"
    );
    desk.write("basin.toml", region.as_bytes());
    fs::create_dir(desk.path("run")).unwrap();
    for seconds in [0_u16, 600, 1200] {
        let depth = raster(|row, column| depth_m(f32::from(seconds), row, column));
        desk.write(&format!("run/depth_{seconds}.tif"), &depth);
    }
    let most = |row, column| depth_m(1_200.0, row, column);
    desk.write("run/depth_max.tif", &raster(most));
    let arrival = |row, column| if 0.1 <= most(row, column) { 900.0 } else { f32::NAN };
    desk.write("run/arrival_s.tif", &raster(arrival));
    desk.write("run/duration_s.tif", &raster(|row, column| 100.0 * most(row, column)));
    desk.write("run/hazard_max.tif", &raster(|row, column| 0.7 * most(row, column)));
    desk.write("run/run.json", record("flood simulate", "done").as_bytes());
    desk
}

fn record(command: &str, status: &str) -> String {
    let dem = json!({ "name": "dem.tif", "bytes": 1, "sha256": "0".repeat(64) });
    json!({
        "status": status, "command": command, "settings": {}, "inputs": [dem],
        "engine_version": "0", "seed": null, "threads": 1, "key": "0", "faults": {},
        "counts": {}, "wall_s": 0.0, "cpu_s": 0.0, "peak_memory_bytes": 0,
    })
    .to_string()
}

fn layers(desk: &Desk, more: &[&str]) -> Said {
    let [run, region, store] = ["run", "basin.toml", "store"].map(|name| desk.path(name));
    let mut line = vec!["flood", "layers", &run, "--region", &region, "--start", START];
    line.extend(["--store", &store]);
    line.extend(more);
    jomo(&line)
}

fn version(desk: &Desk, access: Access, id: &str) -> LayerVersion {
    let store = Store::open(desk.path("store")).unwrap();
    let mut live = store.current(access).unwrap().unwrap().layers;
    live.remove(id).unwrap()
}

fn features(version: &LayerVersion, at: Option<&str>) -> FeatureTable {
    let name = LayerVersion::features_name(at.map(time));
    let bytes = fs::read(version.dir().join(name)).unwrap();
    flatgeobuf::read(&bytes, &ReadOptions::default()).unwrap().table
}

/// Whether a ring winds around a place: crossings of a ray to the east.
fn winds(ring: &LineString<f64>, [x, y]: [f64; 2]) -> bool {
    let crosses = |pair: &[geo_types::Coord<f64>]| {
        let ([a, b], straddles) = ([pair[0], pair[1]], (pair[0].y <= y) != (pair[1].y <= y));
        straddles && x < a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x)
    };
    ring.0.windows(2).filter(|pair| crosses(pair)).count() % 2 == 1
}

fn holds(polygon: &Polygon<f64>, at: [f64; 2]) -> bool {
    winds(polygon.exterior(), at) && !polygon.interiors().iter().any(|hole| winds(hole, at))
}

/// Whoever clicks a cell is told the class of its depth in the raster beside it: at every cell and
/// step there is exactly one area, and none outside.
#[test]
fn a_place_has_the_class_of_its_cell() {
    let desk = desk(true);
    let said = layers(&desk, &["--json"]);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    let depth = version(&desk, Access::Public, "flood_depth");
    let bounds = [0.3, 0.5, 1.0, 3.0, 5.0, 10.0, 20.0];
    for (at, seconds) in [("2026-09-01T12:10:00Z", 600.0), ("2026-09-01T12:20:00Z", 1_200.0)] {
        let table = features(&depth, Some(at));
        let names: Vec<&str> = table.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(
            names,
            ["depth_class", "depth_class_standard", "depth_min_m", "depth_max_m", "area_m2"]
        );
        let published = fs::read(depth.dir().join(LayerVersion::raster_name(Some(time(at)))));
        let grid = geotiff::read(&published.unwrap(), geotiff::Limits::default());
        let grid = grid.unwrap().into_grid().unwrap();
        for (row, column) in (0..12).flat_map(|row| (0..16).map(move |column| (row, column))) {
            let depth_m = depth_m(seconds, row, column);
            assert_eq!(grid.at(row, column).unwrap().to_bits(), depth_m.to_bits());
            let place = jomo_core::frame::Position::planar(Zone::IX, grid.centre_m(row, column));
            let place = inverse(place).unwrap().xy;
            let found: Vec<i64> = table
                .features
                .iter()
                .filter(|feature| match &feature.geometry {
                    Geometry::Polygon(polygon) => holds(polygon, place),
                    Geometry::MultiPolygon(parts) => parts.0.iter().any(|part| holds(part, place)),
                    _ => false,
                })
                .filter_map(|feature| match feature.values[0] {
                    Some(Value::Int(class)) => Some(class),
                    _ => None,
                })
                .collect();
            let expected = if depth_m.is_nan() {
                vec![]
            } else if column == 2 {
                vec![i64::from(RIVER)]
            } else if depth_m < 0.1 {
                vec![DRY]
            } else {
                let above = bounds.iter().filter(|bound| **bound <= f64::from(depth_m)).count();
                vec![1 + i64::try_from(above).unwrap()]
            };
            assert_eq!(found, expected, "{depth_m} m at row {row}, column {column}");
        }
    }
}

/// What the layers say about themselves: a prediction, invented, by its own clock, with its inputs.
#[test]
fn five_layers_say_what_they_are() {
    let desk = desk(true);
    assert_eq!(layers(&desk, &[]).exit, Exit::Done);
    for theme in Theme::ALL {
        let Layer { title, kind, mode, access, clock, hidden, run, legend_title, .. } =
            version(&desk, Access::Public, theme.layer()).layer;
        assert_eq!((kind, mode, access), (Kind::Forecast, Mode::Fictional, Access::Public));
        assert!(title.ja.contains("予測(参考値、架空)") && title.en.contains("fictional"));
        assert_eq!(clock, Some(time(START)));
        assert_eq!(hidden, theme != Theme::Depth);
        assert!(legend_title.is_some());
        // The elevation of the run, seven rasters.
        assert_eq!(run.inputs.len(), 8);
        assert_eq!(run.command, "flood layers");
    }
    let depth = version(&desk, Access::Public, "flood_depth").layer;
    assert_eq!(depth.valid_times, ["2026-09-01T12:10:00Z", "2026-09-01T12:20:00Z"].map(time));
    assert!(depth.legend_title.unwrap().ja.contains("水害ハザードマップ作成の手引き 詳細版"));

    let again = layers(&desk, &[]);
    assert_eq!(again.exit, Exit::Done);
    assert!(again.err.contains("変更なし"), "{}", again.err);
    assert_eq!(layers(&desk, &["--edition", "standard"]).exit, Exit::Done);
    let depth = version(&desk, Access::Public, "flood_depth").layer;
    assert!(depth.legend_title.unwrap().ja.contains("標準版"));
    assert_eq!(depth.legend.len(), 8);
    assert_eq!(Edition::default(), Edition::Detailed);
}

/// What was missing when the flood was computed is told by each of its layers, the map first of all.
#[test]
fn each_layer_tells_what_was_missing() {
    let desk = desk(true);
    let mut record: serde_json::Value =
        serde_json::from_str(&record("flood simulate", "done")).unwrap();
    record["faults"] = json!({ "forecast-rain-late": { "count": 1, "places": ["110 min"] } });
    desk.write("run/run.json", record.to_string().as_bytes());
    assert_eq!(layers(&desk, &[]).exit, Exit::Done);
    for theme in Theme::ALL {
        let told = version(&desk, Access::Public, theme.layer()).layer.run.faults;
        assert_eq!(json!(told), record["faults"], "{theme:?}");
    }
}

/// A prediction for a real place never reaches the public store (気象業務法 17条).
#[test]
fn a_real_prediction_is_restricted() {
    let desk = desk(false);
    let said = layers(&desk, &[]);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    let depth = version(&desk, Access::Restricted, "flood_depth").layer;
    assert_eq!((depth.mode, depth.access), (Mode::Replay, Access::Restricted));
    assert!(!depth.title.ja.contains("架空"));
    let store = Store::open(desk.path("store")).unwrap();
    let public = store.current(Access::Public).unwrap();
    assert!(public.is_none_or(|live| live.layers.is_empty()));
}

/// Each thing that cannot be published is told, and leaves nothing behind.
#[test]
fn unfit_runs_are_refused() {
    let none = Vec::new();
    for (spoilt, bytes, code) in [
        ("run.json", record("flood simulate", "failed").into_bytes(), "flood-layers-run"),
        ("run.json", record("flood rain", "done").into_bytes(), "flood-layers-run"),
        ("run.json", b"{".to_vec(), "flood-layers-run"),
        ("arrival_s.tif", raster_of([12, 15], |_, _| 0.0), "flood-layers-cells"),
        ("depth_max.tif", b"II*\0".to_vec(), "geotiff"),
        ("depth_", none, "flood-layers-steps"),
    ] {
        let desk = desk(true);
        if spoilt == "depth_" {
            for seconds in [600, 1_200] {
                fs::remove_file(desk.path(&format!("run/depth_{seconds}.tif"))).unwrap();
            }
        } else {
            desk.write(&format!("run/{spoilt}"), &bytes);
        }
        let said = layers(&desk, &["--json"]);
        assert_eq!(said.exit, Exit::Input, "{code}: {}", said.err);
        assert!(said.out.contains(code), "{code}: {}", said.out);
        assert!(!fs::exists(desk.path("store")).unwrap());
    }
}

/// The layers say what depth arrival and duration are of: a run of others is not published.
#[test]
fn other_depths_of_arrival_and_duration_are_refused() {
    for (key, other) in [("arrival_depth_m", 0.3), ("duration_depth_m", 1.0)] {
        let desk = desk(true);
        let mut record: serde_json::Value =
            serde_json::from_str(&record("flood simulate", "done")).unwrap();
        let mut output = json!({ "arrival_depth_m": 0.1, "duration_depth_m": 0.5 });
        record["settings"] = json!({ "case": { "output": output } });
        desk.write("run/run.json", record.to_string().as_bytes());
        assert_eq!(layers(&desk, &[]).exit, Exit::Done);
        output[key] = json!(other);
        record["settings"] = json!({ "case": { "output": output } });
        desk.write("run/run.json", record.to_string().as_bytes());
        let said = layers(&desk, &["--force"]);
        assert_eq!(said.exit, Exit::Input);
        assert!(said.err.contains(key), "{}", said.err);
    }
}
