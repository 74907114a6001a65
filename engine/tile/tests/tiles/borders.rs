//! Shared borders stay shared.

use std::collections::{BTreeMap, BTreeSet};

use geo_types::{Coord, Geometry, LineString, Point, Polygon};
use jomo_core::feature::{FeatureTable, fid};
use jomo_coverage::polygonise;
use jomo_tile::{Loss, Settings};
use proptest::prelude::*;

use crate::support::{area_of, at_units, read, table, tiles_of};

/// Cells of 1 km where `shown` says so.
pub(crate) fn cells(rows: u32, columns: u32, shown: impl Fn(u32, u32) -> bool) -> FeatureTable {
    let cell = |row: u32, column: u32| -> Geometry<f64> {
        let corner = |row: u32, column: u32| Coord {
            x: 138.0 + f64::from(column) / 80.0,
            y: 37.0 - f64::from(row) / 120.0,
        };
        geo_types::Rect::new(corner(row, column), corner(row + 1, column + 1)).into()
    };
    table(
        (0..rows)
            .flat_map(|row| (0..columns).map(move |column| (row, column)))
            .filter(|&(row, column)| shown(row, column))
            .map(|(row, column)| cell(row, column)),
    )
}

/// Two regions with a wavy border from north to south, one to the west of it and one to the east.
fn neighbours(wave: &[f64]) -> FeatureTable {
    let place = |x: f64, y: f64| {
        let [x, y] = at_units(3, [16_384.0 + x, 12_288.0 + y]);
        Coord { x, y }
    };
    let border: Vec<Coord<f64>> = wave
        .iter()
        .enumerate()
        .map(|(index, x)| place(1000.0 + x, 200.0 + 9.0 * index as f64))
        .collect();
    let south = 200.0 + 9.0 * (wave.len() - 1) as f64;
    let mut west = border.clone();
    west.extend([place(300.0, south), place(300.0, 200.0)]);
    let mut east: Vec<Coord<f64>> = border.into_iter().rev().collect();
    east.extend([place(1700.0, 200.0), place(1700.0, south)]);
    table([west, east].map(|ring| Polygon::new(LineString(ring), vec![]).into()))
}

fn ring_points(geometry: &Geometry<i32>) -> Vec<Coord<i32>> {
    let polygons: Vec<&Polygon<i32>> = match geometry {
        Geometry::Polygon(polygon) => vec![polygon],
        Geometry::MultiPolygon(many) => many.iter().collect(),
        _ => Vec::new(),
    };
    polygons.iter().flat_map(|polygon| polygon.exterior().0.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Both sides of a border have the same vertices on it at every zoom, and simplifying takes
    /// vertices away but no area from the two together.
    #[test]
    fn neighbours_share_their_border(wave in prop::collection::vec(-40.0..40.0_f64, 20..200)) {
        let table = neighbours(&wave);
        let settings = Settings { tolerance: 20.0, ..Settings::default() };
        let (_, tiles) = tiles_of(&table, 0..=4, &settings);
        for (tile, bytes) in tiles.iter().filter(|(tile, _)| tile.z() <= 3) {
            let sides: Vec<Vec<Coord<i32>>> =
                read(bytes).iter().map(|(_, geometry)| ring_points(geometry)).collect();
            prop_assert_eq!(sides.len(), 2);
            let scale = f64::from(1_u32 << (3 - tile.z()));
            // Everything but the two far corners of each side is the common border.
            let (low, high) = ((400.0 / scale) as i32, (1600.0 / scale) as i32);
            let origin = if tile.z() == 0 { 0 } else { 4096 * tile.x() as i32 };
            let west_edge = (16_384.0 / scale) as i32 - origin;
            let on_border = |side: &[Coord<i32>]| -> BTreeSet<[i32; 2]> {
                side.iter()
                    .filter(|at| (low..high).contains(&(at.x - west_edge)))
                    .map(|at| [at.x, at.y])
                    .collect()
            };
            prop_assert_eq!(on_border(&sides[0]), on_border(&sides[1]));
            // A wave of 80 units cannot hide its simplification by 20.
            if tile.z() == 3 && 100 < wave.len() {
                prop_assert!(on_border(&sides[0]).len() < wave.len());
            }
            let outline = (1400.0 / scale) * (9.0 * (wave.len() - 1) as f64 / scale);
            prop_assert!((area_of(bytes) - outline).abs() <= 2.0 * 3000.0 / scale);
        }
    }

    /// The areas of a coverage sum up to the area of the cells at every zoom, to the rounding of
    /// its outline; a sliver between classes would be missing or counted twice.
    #[test]
    fn a_coverage_has_no_slivers(
        classes in prop::collection::vec(1_u8..4, 12 * 12),
        tolerance in prop::sample::select(vec![0.0, 1.0, 3.0]),
        loss_free: bool,
    ) {
        let corner = |row: usize, column: usize| {
            at_units(6, [132_072.0 + 19.3 * column as f64, 99_304.0 + 21.7 * row as f64])
        };
        let table = table(polygonise([12, 12], &classes, corner).into_iter().map(|(_, area)| area.into()));
        let settings = Settings { tolerance, loss_free, ..Settings::default() };
        let (_, tiles) = tiles_of(&table, 4..=7, &settings);
        for (tile, bytes) in &tiles {
            let scale = 2.0_f64.powi(6 - i32::from(tile.z()));
            let (width, height) = (12.0 * 19.3 / scale, 12.0 * 21.7 / scale);
            // Straight outline: only its corners move, by half a unit; the tile's own area.
            let allowed = width + height + 1.0;
            prop_assert!(
                (area_of(bytes) - width * height).abs() <= allowed,
                "{tile:?}: {} and {}", area_of(bytes), width * height
            );
        }
    }
}

/// A hole and what fills it have one ring, simplified once.
#[test]
fn an_island_fills_its_hole_at_every_zoom() {
    let place = |x: f64, y: f64| {
        let [x, y] = at_units(8, [525_188.0 + x, 394_116.0 + y]);
        Coord { x, y }
    };
    let square = vec![
        place(100.0, 100.0),
        place(3000.0, 100.0),
        place(3000.0, 3000.0),
        place(100.0, 3000.0),
    ];
    let circle: Vec<Coord<f64>> = (0..300)
        .map(|step| f64::from(step) / 300.0 * std::f64::consts::TAU)
        .map(|angle| place(1500.0 + 900.0 * angle.cos(), 1500.0 + 900.0 * angle.sin()))
        .collect();
    // The island starts elsewhere and runs the other way.
    let mut island: Vec<Coord<f64>> = circle.iter().copied().rev().collect();
    island.rotate_left(77);
    let table = table([
        Polygon::new(LineString(square), vec![LineString(circle)]).into(),
        Polygon::new(LineString(island), vec![]).into(),
    ]);
    let settings = Settings { tolerance: 8.0, ..Settings::default() };
    let (_, tiles) = tiles_of(&table, 5..=9, &settings);
    for (tile, bytes) in tiles.iter().filter(|(tile, _)| tile.z() <= 8) {
        let by_id: BTreeMap<u64, Geometry<i32>> = read(bytes).into_iter().collect();
        let Geometry::MultiPolygon(outer) = &by_id[&fid("0")] else { panic!("{by_id:?}") };
        let hole: BTreeSet<[i32; 2]> =
            outer.0[0].interiors()[0].0.iter().map(|at| [at.x, at.y]).collect();
        let filling: BTreeSet<[i32; 2]> =
            ring_points(&by_id[&fid("1")]).iter().map(|at| [at.x, at.y]).collect();
        assert_eq!(hole, filling, "{tile:?}");
        assert!(filling.len() < 60, "{tile:?}: {}", filling.len());
    }
}

/// A place too small to draw is a square of one unit; nothing vanishes uncounted.
#[test]
fn what_is_too_small_is_counted() {
    let small = geo_types::Rect::new((139.0, 36.0), (139.0001, 36.0001));
    let short = LineString(vec![Coord { x: 139.0, y: 36.0 }, Coord { x: 139.0001, y: 36.0 }]);
    let nothing = LineString::<f64>(vec![]);
    let table = table([
        small.into(),
        short.into(),
        nothing.into(),
        Point::new(f64::NAN, 0.0).into(),
        Point::new(190.0, 10.0).into(),
    ]);
    let (report, tiles) = tiles_of(&table, 4..=4, &Settings::default());
    assert!((area_of(&tiles[0].1) - 1.0).abs() < 1e-9);
    let losses: Vec<(Loss, u64)> = report.zooms[&4].losses.iter().map(|(k, n)| (*k, *n)).collect();
    let expected = [
        Loss::NoGeometry,
        Loss::BadCoordinate,
        Loss::OutsideWorld,
        Loss::ShortLine,
        Loss::Collapsed,
    ];
    assert_eq!(losses, expected.map(|loss| (loss, 1)));
    assert_eq!((report.zooms[&4].features, report.zooms[&4].copies), (1, 1));
}
