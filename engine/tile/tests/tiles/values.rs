//! Ids and values as readers of other hands see them.

use std::collections::HashMap;

use geo_types::{Geometry, Point};
use jomo_core::feature::{Feature, FeatureTable, Field, FieldType, Value, fid};
use jomo_core::layer::Text;
use jomo_tile::{LayerSource, Loss, Settings, verify};
use mvt::{GeomEncoder, GeomType};
use mvt_reader::Reader;
use mvt_reader::feature::Value as Read;

use crate::support::{read, table, tiles_of, tiles_of_sources};

fn full_table() -> FeatureTable {
    let field = |name: &str, kind| Field::new(name, kind, Text::default());
    let fields = vec![
        field("yes", FieldType::Bool),
        field("count", FieldType::Int),
        field("rain_mm", FieldType::Float),
        field("name", FieldType::Text),
    ];
    let row = |id: &str, values: Vec<Option<Value>>| Feature {
        id: id.to_owned(),
        geometry: Geometry::Point(Point::new(139.06, 36.39)),
        values,
    };
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let features = vec![
        row(
            "a",
            vec![
                Some(Value::Bool(true)),
                Some(Value::Int(i64::MAX)),
                Some(Value::Float(0.1)),
                text("前橋"),
            ],
        ),
        row("b", vec![Some(Value::Bool(false)), Some(Value::Int(i64::MIN)), None, text("前橋")]),
        row("c", vec![None, Some(Value::Int(0)), Some(Value::Float(f64::NAN)), text("")]),
        row("d", vec![]),
    ];
    FeatureTable { fields, features }
}

#[test]
fn ids_and_values_survive() {
    let table = full_table();
    let (report, tiles) = tiles_of(&table, 9..=9, &Settings::default());
    assert_eq!(report.zooms[&9].losses[&Loss::BadValue], 1);
    let features = Reader::new(tiles[0].1.clone()).unwrap().get_features(0).unwrap();
    let ids: Vec<u64> = features.iter().filter_map(|feature| feature.id).collect();
    assert_eq!(ids, ["a", "b", "c", "d"].map(fid));
    let name = |name: &str| Read::String(name.to_owned());
    let expected: [&[(&str, Read)]; 4] = [
        &[
            ("yes", Read::Bool(true)),
            ("count", Read::UInt(i64::MAX.unsigned_abs())),
            ("rain_mm", Read::Double(0.1)),
            ("name", name("前橋")),
        ],
        &[("yes", Read::Bool(false)), ("count", Read::SInt(i64::MIN)), ("name", name("前橋"))],
        &[("count", Read::UInt(0)), ("name", name(""))],
        &[],
    ];
    for (feature, expected) in features.iter().zip(expected) {
        let expected: HashMap<String, Read> =
            expected.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        assert_eq!(feature.properties.clone().unwrap_or_default(), expected);
    }
    let summary = verify(&tiles[0].1).unwrap();
    // The name is listed once though two features have it.
    assert_eq!((summary.layers[0].keys, summary.layers[0].values), (4, 8));
}

/// Two sources fill one layer, a third one its own.
#[test]
fn sources_may_share_a_layer() {
    let (many, few) = (full_table(), table([Point::new(139.06, 36.39).into()]));
    let sources = [
        LayerSource { name: "one", table: &few, zooms: 4..=9 },
        LayerSource { name: "two", table: &few, zooms: 9..=9 },
        LayerSource { name: "one", table: &many, zooms: 9..=10 },
    ];
    let (report, tiles) = tiles_of_sources(&sources, &Settings::default());
    assert_eq!(report.tiles, 7);
    let layers = |z: u8| -> Vec<(String, usize)> {
        let (_, bytes) = tiles.iter().find(|(tile, _)| tile.z() == z).unwrap();
        verify(bytes).unwrap().layers.into_iter().map(|layer| (layer.name, layer.points)).collect()
    };
    assert_eq!(layers(8), [("one".to_owned(), 1)]);
    assert_eq!(layers(9), [("one".to_owned(), 5), ("two".to_owned(), 1)]);
    assert_eq!(layers(10), [("one".to_owned(), 4)]);
}

/// Another encoder, fed with our normal form, writes a tile that both read alike.
#[test]
fn another_encoder_agrees() {
    let cells = crate::borders::cells(6, 6, |row, column| (row + column) % 2 == 0);
    let (_, tiles) = tiles_of(&cells, 10..=10, &Settings::default());
    for (_, ours) in &tiles {
        let mut tile = mvt::Tile::new(4096);
        let mut layer = tile.create_layer("layer");
        for (id, geometry) in read(ours) {
            let Geometry::MultiPolygon(parts) = geometry else { panic!("{geometry:?}") };
            let mut encoder = GeomEncoder::new(GeomType::Polygon);
            for part in &parts {
                let ring = &part.exterior().0;
                for at in &ring[..ring.len() - 1] {
                    encoder.add_point(f64::from(at.x), f64::from(at.y)).unwrap();
                }
                encoder.complete_geom().unwrap();
            }
            let mut feature = layer.into_feature(encoder.encode().unwrap());
            feature.set_id(id);
            layer = feature.into_layer();
        }
        tile.add_layer(layer).unwrap();
        let theirs = tile.to_bytes().unwrap();
        assert_eq!(read(&theirs), read(ours));
        assert_eq!(verify(&theirs), verify(ours));
    }
}
