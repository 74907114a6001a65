use std::io::Cursor;

use flatgeobuf::{FallibleStreamingIterator, FgbReader};
use geo_types::{
    Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};
use jomo_core::feature::{Feature, FeatureTable, Field, FieldType, Value};
use jomo_core::layer::Text;
use jomo_core::message::Coded;
use proptest::prelude::*;

use super::*;
use crate::vector::hostile::{prefixes_and_flips, random_prefixes, real_file};
use crate::vector::{IdSource, ReadOptions, VectorError};

fn bytes_of(table: &FeatureTable) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(table, "layer", &mut bytes).unwrap();
    bytes
}

/// The table with its features in the order of their ids: writing sorts them by place.
fn by_id(mut table: FeatureTable) -> FeatureTable {
    table.features.sort_by(|one, other| one.id.cmp(&other.id));
    table
}

fn position() -> impl Strategy<Value = Coord<f64>> {
    (-180.0..=180.0_f64, -90.0..=90.0_f64).prop_map(|(x, y)| Coord { x, y })
}

fn line_of() -> impl Strategy<Value = LineString<f64>> {
    prop::collection::vec(position(), 2..6).prop_map(LineString::new)
}

fn polygon_of() -> impl Strategy<Value = Polygon<f64>> {
    let ring = prop::collection::vec(position(), 3..6).prop_map(|mut ring| {
        ring.push(ring[0]);
        LineString::new(ring)
    });
    prop::collection::vec(ring, 1..4).prop_map(|mut rings| Polygon::new(rings.remove(0), rings))
}

fn geometry_of(kind: usize) -> BoxedStrategy<Geometry<f64>> {
    let many = 1..4;
    match kind {
        0 => position().prop_map(|at| Geometry::Point(Point(at))).boxed(),
        1 => line_of().prop_map(Geometry::LineString).boxed(),
        2 => polygon_of().prop_map(Geometry::Polygon).boxed(),
        3 => prop::collection::vec(position().prop_map(Point), many)
            .prop_map(|points| Geometry::MultiPoint(MultiPoint(points)))
            .boxed(),
        4 => prop::collection::vec(line_of(), many)
            .prop_map(|lines| Geometry::MultiLineString(MultiLineString(lines)))
            .boxed(),
        5 => prop::collection::vec(polygon_of(), many)
            .prop_map(|polygons| Geometry::MultiPolygon(MultiPolygon(polygons)))
            .boxed(),
        _ => (0..6_usize).prop_flat_map(geometry_of).boxed(),
    }
}

fn value_of(kind: FieldType) -> BoxedStrategy<Option<Value>> {
    let value = match kind {
        FieldType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        FieldType::Int => any::<i64>().prop_map(Value::Int).boxed(),
        FieldType::Float => {
            any::<f64>().prop_filter("finite", |v| v.is_finite()).prop_map(Value::Float).boxed()
        }
        FieldType::Text => ".{0,8}".prop_map(Value::Text).boxed(),
    };
    prop::option::of(value).boxed()
}

/// Tables of one type of geometry (0 to 5) or of all (6).
fn table_of() -> impl Strategy<Value = FeatureTable> {
    let kind = prop::sample::select(vec![
        FieldType::Bool,
        FieldType::Int,
        FieldType::Float,
        FieldType::Text,
    ]);
    (0..=6_usize, prop::collection::vec(kind, 0..5)).prop_flat_map(|(shape, kinds)| {
        let values: Vec<_> = kinds.iter().map(|kind| value_of(*kind)).collect();
        let fields: Vec<Field> = kinds
            .iter()
            .enumerate()
            .map(|(place, kind)| {
                let name = format!("欄{place}");
                Field::new(&name, *kind, Text::new(&name, &name))
            })
            .collect();
        prop::collection::vec((geometry_of(shape), values), 0..40).prop_map(move |rows| {
            let feature = |(number, (geometry, values))| Feature {
                id: format!("id-{number:03}"),
                geometry,
                values,
            };
            let features = rows.into_iter().enumerate().map(feature).collect();
            FeatureTable { fields: fields.clone(), features }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// What is written is read back, and writing it again gives the same bytes.
    #[test]
    fn tables_come_back(table in table_of()) {
        let bytes = bytes_of(&table);
        prop_assert_eq!(&bytes, &bytes_of(&table));
        let found = read(&bytes, &ReadOptions::default()).unwrap();
        prop_assert!(found.faults.is_empty());
        prop_assert_eq!(found.crs_epsg, Some(4326));
        prop_assert!(table.features.is_empty() || found.id_source == IdSource::Column);
        prop_assert_eq!(by_id(found.table), table);
    }

    /// The peer finds by the index exactly the features whose boxes meet the asked one.
    #[test]
    fn the_peer_finds_features_by_the_index(table in table_of(), a in position(), b in position()) {
        prop_assume!(!table.features.is_empty());
        let (west, east) = (a.x.min(b.x), a.x.max(b.x));
        let (south, north) = (a.y.min(b.y), a.y.max(b.y));
        let meets = |feature: &&Feature| {
            let mut extent = flatgeobuf::packed_r_tree::NodeItem::create(0);
            crate::vector::positions(&feature.geometry, &mut |at| extent.expand_xy(at.x, at.y));
            extent.min_x <= east && west <= extent.max_x
                && extent.min_y <= north && south <= extent.max_y
        };
        let expected = table.features.iter().filter(meets).count();
        let bytes = bytes_of(&table);
        let peer = FgbReader::open(Cursor::new(&bytes)).unwrap();
        let mut selected = peer.select_bbox(west, south, east, north).unwrap();
        let mut found = 0;
        while selected.next().unwrap().is_some() {
            found += 1;
        }
        prop_assert_eq!(found, expected);
    }
}

/// A grid of 32 x 32 points given in scattered order: along the curve, neighbours in the file are
/// neighbours on the map, so a small box is a few reads. Scattered, the way is 17 times as long.
#[test]
fn neighbours_in_the_file_are_neighbours_on_the_map() {
    let features = (0_u32..1_024).map(|number| {
        let cell = number * 389 % 1_024;
        let (x, y) = (f64::from(cell % 32), f64::from(cell / 32));
        Feature {
            id: cell.to_string(),
            geometry: Geometry::Point(Point::new(x, y)),
            values: Vec::new(),
        }
    });
    let table = FeatureTable { fields: Vec::new(), features: features.collect() };
    let found = read(&bytes_of(&table), &ReadOptions::default()).unwrap().table;
    let points: Vec<Point<f64>> = found
        .features
        .iter()
        .map(|feature| Point::try_from(feature.geometry.clone()).unwrap())
        .collect();
    let way: f64 =
        points.windows(2).map(|two| (two[1].x() - two[0].x()).hypot(two[1].y() - two[0].y())).sum();
    assert!(way < 1.1 * 1_023.0, "{way}");
}

/// Three features and every type of value in less than 4 KiB.
fn small_table() -> FeatureTable {
    let kinds = [FieldType::Bool, FieldType::Int, FieldType::Float, FieldType::Text];
    let field = |kind: &FieldType| {
        let name = format!("{kind:?}");
        Field::new(&name, *kind, Text::new(&name, &name))
    };
    let at = |x, y| Coord { x, y };
    let ring =
        LineString::new(vec![at(139.0, 36.0), at(139.1, 36.0), at(139.1, 36.1), at(139.0, 36.0)]);
    let polygon = Polygon::new(ring.clone(), vec![ring.clone()]);
    let geometries = [
        Geometry::Point(Point(at(139.0, 36.4))),
        Geometry::MultiLineString(MultiLineString(vec![ring.clone(), ring])),
        Geometry::MultiPolygon(MultiPolygon(vec![polygon.clone(), polygon])),
    ];
    let values = vec![
        Some(Value::Bool(true)),
        Some(Value::Int(-7)),
        Some(Value::Float(0.5)),
        Some(Value::Text("前橋".to_owned())),
    ];
    let feature = |(id, geometry): (&str, Geometry<f64>)| Feature {
        id: id.to_owned(),
        geometry,
        values: values.clone(),
    };
    FeatureTable {
        fields: kinds.iter().map(field).collect(),
        features: ["a", "b", "c"].into_iter().zip(geometries).map(feature).collect(),
    }
}

#[test]
fn hostile_bytes_end_in_an_answer() {
    let fixture = bytes_of(&small_table());
    assert_eq!(by_id(read(&fixture, &ReadOptions::default()).unwrap().table), small_table());
    prefixes_and_flips(&fixture, |bytes| {
        let _ = read(bytes, &ReadOptions::default());
    });
}

/// A table may be named several times: 36 KiB would unfold to 80 MB of positions.
#[test]
fn shared_tables_do_not_unfold() {
    use flatgeobuf as fgb;
    let mut builder = flatbuffers::FlatBufferBuilder::new();
    let xy = Some(builder.create_vector(&[0.5_f64; 2_000]));
    let part = fgb::Geometry::create(
        &mut builder,
        &fgb::GeometryArgs { xy, ..fgb::GeometryArgs::default() },
    );
    let parts = Some(builder.create_vector(&vec![part; 5_000]));
    let geometry = Some(fgb::Geometry::create(
        &mut builder,
        &fgb::GeometryArgs { parts, ..fgb::GeometryArgs::default() },
    ));
    let feature = fgb::Feature::create(
        &mut builder,
        &fgb::FeatureArgs { geometry, ..fgb::FeatureArgs::default() },
    );
    builder.finish_size_prefixed(feature, None);
    let mut empty = bytes_of(&FeatureTable::default());
    empty.extend_from_slice(builder.finished_data());
    assert!(empty.len() < 40_000);
    insta::assert_snapshot!(told(&empty), @"flatgeobuf-unsound: unsound feature at 160: Apparent size too large.");
}

fn told(bytes: &[u8]) -> String {
    let error = read(bytes, &ReadOptions::default()).unwrap_err();
    format!("{}: {error}", error.code())
}

#[test]
fn a_bad_file_is_refused() {
    let sound = bytes_of(&small_table());
    let with = |place: usize, value: &[u8]| {
        let mut bytes = sound.clone();
        bytes[place..place + value.len()].copy_from_slice(value);
        bytes
    };
    let header_length = usize::try_from(u32::from_le_bytes(*sound[8..].first_chunk().unwrap()));
    let index = 12 + header_length.unwrap();
    let features = index + usize::try_from(index_length(3, NODE_SIZE).unwrap()).unwrap();
    let lines: Vec<String> = [
        Vec::new(),
        with(3, &[2]),
        sound[..10].to_vec(),
        with(8, &u32::MAX.to_le_bytes()),
        with(8, &3_u32.to_le_bytes()),
        with(12, &u32::MAX.to_le_bytes()),
        sound[..index + 10].to_vec(),
        sound[..features].to_vec(),
        sound[..features + 2].to_vec(),
        sound[..sound.len() - 1].to_vec(),
        with(features, &u32::MAX.to_le_bytes()),
        [&sound[..], &sound[features..]].concat(),
    ]
    .iter()
    .map(|bytes| told(bytes))
    .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    flatgeobuf-magic: no FlatGeobuf file of version 3: the first bytes are 
    flatgeobuf-magic: no FlatGeobuf file of version 3: the first bytes are 6667620266676200
    flatgeobuf-truncated: the file ends early: header at 8 needs 4 bytes, 2 are left
    flatgeobuf-truncated: the file ends early: header at 8 needs 4294967299 bytes, 1296 are left
    flatgeobuf-unsound: unsound header at 8: too short
    flatgeobuf-unsound: unsound header at 8: Type `i32` at position 4294967299 is unaligned.
    flatgeobuf-truncated: the file ends early: index at 320 needs 160 bytes, 10 are left
    flatgeobuf-unsound: unsound count at 480: fewer features than announced
    flatgeobuf-truncated: the file ends early: feature at 480 needs 4 bytes, 2 are left
    flatgeobuf-truncated: the file ends early: feature at 864 needs 440 bytes, 439 are left
    flatgeobuf-truncated: the file ends early: feature at 480 needs 4294967299 bytes, 824 are left
    flatgeobuf-unsound: unsound count at 1304: more features than announced
    ");
}

#[test]
fn an_index_is_as_long_as_its_nodes() {
    for (features, node_size, nodes) in [(1, 16, 2), (16, 16, 17), (17, 16, 20), (5, 2, 11)] {
        assert_eq!(index_length(features, node_size), Some(nodes * NODE_LENGTH), "{features}");
        let peer = flatgeobuf::packed_r_tree::PackedRTree::index_size(
            usize::try_from(features).unwrap(),
            node_size,
        );
        assert_eq!(index_length(features, node_size), Some(peer as u64));
    }
    assert_eq!(index_length(u64::MAX, 2), None);
}

#[test]
fn what_cannot_be_read_back_is_not_written() {
    let sound = small_table();
    let with = |change: fn(&mut FeatureTable)| {
        let mut table = sound.clone();
        change(&mut table);
        match write(&table, "layer", &mut Vec::new()) {
            Err(VectorError::Unwritable { id, reason }) => format!("{id}: {reason}"),
            other => format!("{other:?}"),
        }
    };
    let lines = [
        with(|table| table.fields[1].name = "id".to_owned()),
        with(|table| table.fields[1].name = "Bool".to_owned()),
        with(|table| drop(table.features[1].values.pop())),
        with(|table| table.features[2].values[0] = Some(Value::Int(1))),
        with(|table| table.features[0].values[2] = Some(Value::Float(f64::NAN))),
        with(|table| table.features[0].geometry = Geometry::Point(Point::new(f64::NAN, 0.0))),
        with(|table| table.features[0].geometry = Geometry::MultiPoint(MultiPoint(vec![]))),
        with(|table| table.features[0].geometry = Geometry::MultiPolygon(MultiPolygon(vec![]))),
        with(|table| {
            table.features[0].geometry =
                Geometry::GeometryCollection(geo_types::GeometryCollection::default());
        }),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r"
    : two fields of one name, or a field called `id`
    : two fields of one name, or a field called `id`
    b: not as many values as fields
    c: a value of another type than its field
    a: a value is not finite
    a: a position is not finite
    a: a geometry without positions
    a: a geometry without positions
    a: a geometry other than point, line, polygon and their multiples
    ");
}

#[test]
fn the_forest_register_is_read() {
    let Some(file) = real_file("the_forest_register_is_read", "forest-register/fukuchi.fgb") else {
        return;
    };
    let found = read(&file, &ReadOptions::default()).unwrap();
    assert_eq!(found.table.features.len(), 3_297, "{:?}", found.faults);
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    assert_eq!(found.crs_epsg, Some(4326));
    let fields: Vec<String> =
        found.table.fields.iter().map(|f| format!("{} {:?}", f.name, f.kind)).collect();
    insta::assert_snapshot!(fields.join(", "), @"link_key Text, as_of_ymd Text, keikakuku_ Text, city_name Text, ooaza_name Text, aza Text, rin Text, syohan Text, syohan_eda Text, syohan_ho Text, hoban_men Float, zyusyu_nam Text, rinrei Int, kousin_y Int, reikyu Int, rinsyu_nam Text, seg_kbn_na Text, layer_kbn_ Text, growth Int, growth_so Int, label Text, st_area_sh Float, st_length_ Float");
    let again = read(&bytes_of(&found.table), &ReadOptions::default()).unwrap();
    assert_eq!(by_id(again.table), by_id(found.table));
    random_prefixes(&file, |bytes| {
        assert!(read(bytes, &ReadOptions::default()).is_err());
    });
}

/// Metres of zone IX are refused by their CRS, not taken for degrees.
#[test]
fn a_planar_file_is_refused() {
    let Some(file) =
        real_file("a_planar_file_is_refused", "forest-scene/scene-20261122/stands.fgb")
    else {
        return;
    };
    assert_eq!(
        told(&file),
        "vector-crs: the CRS is EPSG:6677, but lon/lat (EPSG:4326, EPSG:6668 or CRS84) is expected"
    );
}
