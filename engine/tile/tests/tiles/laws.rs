use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon,
    Point, Polygon,
};
use jomo_core::mercator::TileId;
use jomo_tile::{Ids, LayerSource, Loss, Settings, build};
use proptest::prelude::*;

use crate::support::{area_of, at_units, read, table, tiles_of};

/// Coordinates that meet: few distinct values, some far away, some not of this world.
fn coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![
        10 => (-40_i32..40).prop_map(|step| f64::from(step) * 0.01),
        5 => -60.0..60.0_f64,
        2 => -89.0..89.0_f64,
        1 => prop::sample::select(vec![180.0, -180.0, 200.0, 90.0, 1e300, f64::NAN, f64::INFINITY]),
    ]
}

fn coordinates(
    size: impl Into<prop::collection::SizeRange>,
) -> impl Strategy<Value = Vec<Coord<f64>>> {
    let coord = (coordinate(), coordinate()).prop_map(|(x, y)| Coord { x, y });
    // Points again and again, and there and back.
    prop::collection::vec((coord, 0_u8..8), size).prop_map(|drawn| {
        let mut path: Vec<Coord<f64>> = Vec::new();
        for (coord, mood) in drawn {
            let before = path.len().checked_sub(2).map(|at| path[at]);
            match (mood, before) {
                (0, _) => path.extend([coord, coord]),
                (1, Some(before)) => path.push(before),
                _ => path.push(coord),
            }
        }
        path
    })
}

fn polygon() -> impl Strategy<Value = Polygon<f64>> {
    (coordinates(0..14), prop::collection::vec(coordinates(0..6), 0..3)).prop_map(
        |(shell, holes)| {
            Polygon::new(LineString(shell), holes.into_iter().map(LineString).collect())
        },
    )
}

pub(crate) fn geometry() -> impl Strategy<Value = Geometry<f64>> {
    let leaf = prop_oneof![
        coordinates(1..2).prop_map(|at| Geometry::Point(Point(at[0]))),
        coordinates(0..5).prop_map(|at| MultiPoint(at.into_iter().map(Point).collect()).into()),
        coordinates(0..12).prop_map(|at| LineString(at).into()),
        prop::collection::vec(coordinates(0..6), 0..4).prop_map(|lines| {
            MultiLineString(lines.into_iter().map(LineString).collect()).into()
        }),
        polygon().prop_map(Geometry::Polygon),
        prop::collection::vec(polygon(), 0..3).prop_map(|parts| MultiPolygon(parts).into()),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop::collection::vec(inner, 0..3)
            .prop_map(|parts| Geometry::GeometryCollection(GeometryCollection(parts)))
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    (
        prop::sample::select(vec![0_u16, 1, 64, 200]),
        0_u16..20,
        prop::sample::select(vec![0.0, 1.0, 9.0]),
        any::<bool>(),
    )
        .prop_map(|(buffer, point_buffer, tolerance, loss_free)| Settings {
            buffer,
            point_buffer,
            tolerance,
            loss_free,
            gzip_level: 1,
            ..Settings::default()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever goes in, sound tiles come out ([`tiles_of`] verifies them), and every feature is
    /// either drawn or counted as lost.
    #[test]
    fn every_tile_is_sound(
        geometries in prop::collection::vec(geometry(), 1..6),
        settings in settings(),
        z in 0_u8..5,
    ) {
        let table = table(geometries);
        let (report, tiles) = tiles_of(&table, 0..=z, &settings);
        prop_assert_eq!(report.tiles as usize, tiles.len());
        for zoom in report.zooms.values() {
            let kept_out: u64 = [Loss::NoGeometry, Loss::BadCoordinate, Loss::OutsideWorld, Loss::ShortLine]
                .iter()
                .filter_map(|loss| zoom.losses.get(loss))
                .sum();
            prop_assert!(table.features.len() as u64 <= zoom.features + kept_out);
            let left_out = [Loss::ShortLine, Loss::ShortPart, Loss::SmallPart];
            let is_whole = left_out.iter().all(|loss| !zoom.losses.contains_key(loss));
            prop_assert!(is_whole || !settings.loss_free, "{:?}", zoom.losses);
        }
    }

    /// Without loss every line and polygon of the world is drawn at every zoom, however small.
    #[test]
    fn loss_free_tiles_show_every_feature(
        places in prop::collection::vec((-179.0..179.0_f64, -84.0..84.0_f64, 0.0..1e-3_f64), 1..8),
    ) {
        let geometries = places.iter().flat_map(|&(x, y, size)| {
            let corner = |dx: f64, dy: f64| Coord { x: x + size * dx, y: y + size * dy };
            let line = LineString(vec![corner(0.0, 0.0), corner(1.0, 1.0)]);
            let ring = LineString(vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0)]);
            [line.into(), Polygon::new(ring, vec![]).into(), Point(corner(0.0, 0.0)).into()]
        });
        let table = table(geometries);
        let settings = Settings { loss_free: true, ids: Ids::Kept, ..Settings::default() };
        let (report, tiles) = tiles_of(&table, 0..=6, &settings);
        for zoom in report.zooms.values() {
            prop_assert_eq!(zoom.features, table.features.len() as u64);
        }
        let mut shown: Vec<u64> =
            tiles.iter().flat_map(|(_, tile)| read(tile)).map(|(id, _)| id).collect();
        shown.sort_unstable();
        shown.dedup();
        prop_assert_eq!(shown, (0..table.features.len() as u64).collect::<Vec<_>>());
    }

    /// A tile shows what lies in it: tiles without buffer share out the area of a polygon.
    #[test]
    fn clipping_keeps_the_area(corners in prop::collection::vec((0_u32..7000, 0_u32..7000), 3..9)) {
        // A star around the middle is simple whatever the radii.
        let around = corners.len() as f64;
        let ring: Vec<Coord<f64>> = corners
            .iter()
            .enumerate()
            .map(|(index, (radius, _))| {
                let angle = index as f64 / around * std::f64::consts::TAU;
                let radius = 200.0 + f64::from(*radius);
                let [x, y] = at_units(4, [
                    (32_768.0 + radius * angle.cos()).round(),
                    (32_768.0 + radius * angle.sin()).round(),
                ]);
                Coord { x, y }
            })
            .collect();
        let table = table([Polygon::new(LineString(ring), vec![]).into()]);
        let parts = Settings { buffer: 0, ..Settings::default() };
        let (_, tiles) = tiles_of(&table, 4..=4, &parts);
        let sum: f64 = tiles.iter().map(|(_, tile)| area_of(tile)).sum();
        // With a buffer of five tiles, the tile in the middle sees all of it.
        let (_, one) = tiles_of(&table, 4..=4, &Settings { buffer: 20_480, ..Settings::default() });
        let middle = one.iter().find(|(tile, _)| (tile.x(), tile.y()) == (8, 8)).unwrap();
        let area = area_of(&middle.1);
        // Each of at most 18 cuts may move an end by half a unit over an edge in a tile.
        let allowed = 0.5 * 4096.0 * 18.0;
        prop_assert!((sum - area).abs() <= allowed, "{sum} and {area}");
    }

    /// Without a buffer each point is in exactly one tile of a zoom.
    #[test]
    fn a_point_is_in_one_tile(lon in -180.0..=180.0_f64, lat in -85.0..85.0_f64, z in 0_u8..9) {
        let table = table([Point::new(lon, lat).into()]);
        let (report, tiles) = tiles_of(&table, z..=z, &Settings::default());
        prop_assert_eq!(tiles.len(), 1);
        prop_assert_eq!(report.zooms[&z].copies, 1);
        let near = TileId::at([lon, lat], z).unwrap();
        prop_assert!(tiles[0].0.x().abs_diff(near.x()) <= 1 && tiles[0].0.y().abs_diff(near.y()) <= 1);
    }
}

/// The thread count must not change a single bit.
#[test]
fn bytes_do_not_depend_on_threads() {
    let cells = crate::borders::cells(40, 30, |row, column| (row * 7 + column * 3) % 5 != 0);
    let lines = table((0..60).map(|index| {
        let x = f64::from(index) * 0.01;
        LineString(vec![Coord { x: 138.0, y: 36.0 + x }, Coord { x: 139.0 + x, y: 37.0 }]).into()
    }));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let sources = [
            LayerSource { name: "cells", table: &cells, zooms: 4..=12 },
            LayerSource { name: "lines", table: &lines, zooms: 6..=11 },
        ];
        let mut tiles = Vec::new();
        let report = pool.install(|| {
            build::<std::convert::Infallible>(&sources, &Settings::default(), |tile, bytes| {
                tiles.push((tile, bytes.to_vec()));
                Ok(())
            })
        });
        (report.unwrap(), tiles)
    };
    let one = run(1);
    assert!(50 < one.1.len());
    assert_eq!(one, run(2));
    assert_eq!(one, run(3));
}

#[test]
fn a_refusing_sink_ends_the_build() {
    let table = table([Point::new(139.0, 36.0).into()]);
    let sources = [LayerSource { name: "a", table: &table, zooms: 3..=9 }];
    let mut calls = 0;
    let error = build(&sources, &Settings::default(), |_, _| {
        calls += 1;
        if calls == 3 { Err(std::io::Error::other("full")) } else { Ok(()) }
    })
    .unwrap_err();
    assert_eq!(calls, 3);
    assert_eq!(error.to_string(), "tile 5/28/12 was not taken");
    let code = jomo_core::message::Coded::code(&error);
    assert_eq!(code, "tile-sink");
}

#[test]
fn impossible_orders_are_refused() {
    let everywhere = table([geo_types::Rect::new((-179.0, -80.0), (179.0, 80.0)).into()]);
    let order = |name, zooms| {
        let sources = [LayerSource { name, table: &everywhere, zooms }];
        build::<std::convert::Infallible>(&sources, &Settings::default(), |_, _| Ok(()))
            .unwrap_err()
    };
    assert_eq!(order("", 0..=1).to_string(), "source 0 has no layer name");
    assert_eq!(order("a", 3..=25).to_string(), "layer `a` asks for zoom 25; the last one is 24");
    assert_eq!(
        order("a", 20..=20).to_string(),
        "at zoom 20 the features cover more than 16777216 tiles"
    );
}

/// Points on the eastern and southern edges of the world belong to its last tile.
#[test]
fn the_edge_of_the_world_is_drawn() {
    let table = table([Point::new(180.0, -85.06).into()]);
    let (_, tiles) = tiles_of(&table, 2..=2, &Settings::default());
    assert_eq!((tiles[0].0.x(), tiles[0].0.y()), (3, 3));
    assert_eq!(read(&tiles[0].1)[0].1, MultiPoint::from(vec![Point::new(4095, 4095)]).into());
}
