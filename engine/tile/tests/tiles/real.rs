//! The municipalities of the prefecture.

use std::collections::BTreeMap;

use geo_types::{Coord, Geometry, LineString, MultiPolygon, Polygon};
use jomo_tile::Settings;

use crate::support::{area_of, read, table, tiles_of};

fn ring(value: &serde_json::Value) -> LineString<f64> {
    let point =
        |at: &serde_json::Value| Coord { x: at[0].as_f64().unwrap(), y: at[1].as_f64().unwrap() };
    LineString(value.as_array().unwrap().iter().map(point).collect())
}

fn polygon(value: &serde_json::Value) -> Polygon<f64> {
    let mut rings = value.as_array().unwrap().iter().map(ring);
    Polygon::new(rings.next().unwrap(), rings.collect())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "real data are found by the environment")]
fn municipalities_stay_a_coverage() {
    let Some(root) = std::env::var_os("JOMO_REAL_DATA") else {
        println!("skipped: municipalities_stay_a_coverage: JOMO_REAL_DATA is not set");
        return;
    };
    let path = std::path::Path::new(&root).join("n03-gunma/N03-21_10_210101.s0010.geojson");
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let geometry = |feature: &serde_json::Value| -> Geometry<f64> {
        let shape = &feature["geometry"];
        if shape["type"] == "Polygon" {
            polygon(&shape["coordinates"]).into()
        } else {
            let parts = shape["coordinates"].as_array().unwrap();
            MultiPolygon(parts.iter().map(polygon).collect()).into()
        }
    };
    let table = table(json["features"].as_array().unwrap().iter().map(geometry));
    assert_eq!(table.features.len(), 35);
    let settings = Settings { tolerance: 4.0, ..Settings::default() };
    let (report, tiles) = tiles_of(&table, 4..=12, &settings);
    println!("{} tiles, {} bytes", report.tiles, report.bytes);
    assert!(report.zooms.values().all(|zoom| zoom.features == 35));
    assert!(report.zooms.values().all(|zoom| zoom.losses.is_empty()), "{report:?}");
    // At zoom 5 one tile holds all: each border between two is in both, edge by edge.
    let (_, whole) = tiles.iter().find(|(tile, _)| tile.z() == 5).unwrap();
    let mut uses: BTreeMap<[[i32; 2]; 2], usize> = BTreeMap::new();
    for (_, geometry) in read(whole) {
        let Geometry::MultiPolygon(parts) = geometry else { panic!("{geometry:?}") };
        for ring in
            parts.iter().flat_map(|part| std::iter::once(part.exterior()).chain(part.interiors()))
        {
            for pair in ring.0.windows(2) {
                *uses.entry([[pair[0].x, pair[0].y], [pair[1].x, pair[1].y]]).or_default() += 1;
            }
        }
    }
    let shared = uses.keys().filter(|[a, b]| uses.contains_key(&[*b, *a])).count();
    assert!(uses.values().all(|count| *count == 1));
    println!("{shared} of {} edges are shared; area {}", uses.len(), area_of(whole));
    assert!(uses.len() < 2 * shared);
}
