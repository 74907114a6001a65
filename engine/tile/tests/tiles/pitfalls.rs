//! Faults seen in an encoder that checks nothing, each as a test of ours. (Letters as in the
//! design page on serving, section 4.)

use geo_types::{
    Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};
use jomo_tile::{Loss, Settings};

use crate::support::{area_of, at_units, read, table, tiles_of};

const Z: u8 = 6;

/// A path in units of tile 6/32/24.
fn path(points: &[[f64; 2]]) -> LineString<f64> {
    let place = |[x, y]: [f64; 2]| {
        let [x, y] = at_units(Z, [131_072.0 + x, 98_304.0 + y]);
        Coord { x, y }
    };
    LineString(points.iter().copied().map(place).collect())
}

fn polygon(points: &[[f64; 2]]) -> Polygon<f64> {
    Polygon::new(path(points), vec![])
}

/// The geometry in the one tile that shows it.
fn drawn(geometry: Geometry<f64>) -> (Geometry<i32>, f64) {
    let (_, tiles) = tiles_of(&table([geometry]), Z..=Z, &Settings::default());
    assert_eq!(tiles.len(), 1);
    let mut features = read(&tiles[0].1);
    assert_eq!(features.len(), 1);
    (features.remove(0).1, area_of(&tiles[0].1))
}

const SQUARE: [[f64; 2]; 4] = [[100.0, 100.0], [200.0, 100.0], [200.0, 200.0], [100.0, 200.0]];

/// (a) A ring that begins where the one before it ended.
#[test]
fn a_ring_may_begin_at_the_end_of_another() {
    let second = polygon(&[[100.0, 200.0], [200.0, 300.0], [100.0, 300.0]]);
    let both = MultiPolygon(vec![polygon(&SQUARE), second]);
    let (geometry, area) = drawn(both.into());
    let Geometry::MultiPolygon(parts) = geometry else { panic!("{geometry:?}") };
    assert_eq!(parts.0.len(), 2);
    assert!((area - 15_000.0).abs() < 1e-9);
}

/// (b) A line that begins where the one before it ended.
#[test]
fn a_line_may_begin_at_the_end_of_another() {
    let parts = [&[[100.0, 100.0], [190.0, 100.0]], &[[190.0, 100.0], [190.0, 190.0]]];
    let (geometry, _) = drawn(MultiLineString(parts.map(|part| path(part)).to_vec()).into());
    let Geometry::MultiLineString(parts) = geometry else { panic!("{geometry:?}") };
    assert_eq!(parts.0.len(), 2);
    assert!(parts.iter().all(|part| part.0.len() == 2));
}

/// (c) A polygon that falls into one grid point.
#[test]
fn a_polygon_may_collapse() {
    let tiny = polygon(&[[100.0, 100.0], [100.1, 100.0], [100.1, 100.1]]);
    let (_, area) = drawn(tiny.clone().into());
    assert!((area - 1.0).abs() < 1e-9);
    let (report, tiles) = tiles_of(&table([tiny.into()]), Z..=Z, &Settings::default());
    assert_eq!((tiles.len(), report.zooms[&Z].losses[&Loss::Collapsed]), (1, 1));
}

/// (d) Rings wound either way: [`tiles_of`] verifies the winding.
#[test]
fn winding_is_put_right() {
    let hole = [[120.0, 120.0], [120.0, 150.0], [150.0, 150.0], [150.0, 120.0]];
    for (shell_reversed, hole_reversed) in
        [(false, false), (true, false), (false, true), (true, true)]
    {
        let wound = |points: &[[f64; 2]], reversed: bool| {
            let mut ring = path(points);
            if reversed {
                ring.0.reverse();
            }
            ring
        };
        let whole = Polygon::new(wound(&SQUARE, shell_reversed), vec![wound(&hole, hole_reversed)]);
        let (_, area) = drawn(whole.into());
        assert!((area - 9_100.0).abs() < 1e-9);
    }
}

/// (e) A closing point, given once or twice, is not drawn as an edge.
#[test]
fn a_closing_point_is_no_edge() {
    let mut closed = SQUARE.to_vec();
    closed.extend([SQUARE[0], SQUARE[0]]);
    let (geometry, area) = drawn(polygon(&closed).into());
    let Geometry::MultiPolygon(parts) = geometry else { panic!("{geometry:?}") };
    // Four corners; the reader adds the closing point.
    assert_eq!(parts.0[0].exterior().0.len(), 5);
    assert!((area - 10_000.0).abs() < 1e-9);
}

/// (f) A ring around a corner of the tile: the corner is filled where the polygon covers it and
/// left open where it does not.
#[test]
fn corners_of_a_tile_are_filled_only_where_covered() {
    let settings = Settings { buffer: 0, ..Settings::default() };
    let area_in_tile = |points: &[[f64; 2]]| {
        let (_, tiles) = tiles_of(&table([polygon(points).into()]), Z..=Z, &settings);
        let tile = tiles.iter().find(|(tile, _)| (tile.x(), tile.y()) == (32, 24));
        tile.map_or(0.0, |(_, bytes)| area_of(bytes))
    };
    // Passes outside of the corner, so that the corner is covered: a full quarter.
    let covering = [[-500.0, -500.0], [1000.0, -500.0], [1000.0, 1000.0], [-500.0, 1000.0]];
    assert!((area_in_tile(&covering) - 1e6).abs() < 1e-6);
    // An L around the corner without it.
    let bent = [
        [1000.0, -500.0],
        [1000.0, 500.0],
        [500.0, 500.0],
        [500.0, -200.0],
        [-200.0, -200.0],
        [-200.0, 1000.0],
        [-500.0, 1000.0],
        [-500.0, -500.0],
    ];
    assert!((area_in_tile(&bent) - 500.0 * 500.0).abs() < 1e-6);
}

/// A polygon cut in two by the edge of a tile becomes two, with no bridge along the edge; a hole
/// over the edge becomes part of the outline.
#[test]
fn cutting_leaves_no_bridges() {
    let settings = Settings { buffer: 0, ..Settings::default() };
    let fork = polygon(&[
        [3000.0, 100.0],
        [5000.0, 100.0],
        [5000.0, 900.0],
        [3000.0, 900.0],
        [3000.0, 700.0],
        [4500.0, 700.0],
        [4500.0, 300.0],
        [3000.0, 300.0],
    ]);
    let frame = Polygon::new(
        path(&[[3000.0, 1500.0], [5000.0, 1500.0], [5000.0, 2500.0], [3000.0, 2500.0]]),
        vec![path(&[[3500.0, 1700.0], [4500.0, 1700.0], [4500.0, 2300.0], [3500.0, 2300.0]])],
    );
    let (_, tiles) = tiles_of(&table([fork.into(), frame.into()]), Z..=Z, &settings);
    let (_, bytes) = tiles.iter().find(|(tile, _)| (tile.x(), tile.y()) == (32, 24)).unwrap();
    let shapes: Vec<(usize, usize)> = read(bytes)
        .into_iter()
        .map(|(_, geometry)| match geometry {
            Geometry::MultiPolygon(parts) => {
                (parts.0.len(), parts.iter().map(|part| part.interiors().len()).sum())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(shapes, [(2, 0), (1, 0)]);
    assert!((area_of(bytes) - (2.0 * 1096.0 * 200.0 + 1_096_000.0 - 596.0 * 600.0)).abs() < 1e-6);
}

/// Holes that touch the shell or each other stay; holes outside go and are counted.
#[test]
fn touching_holes_stay() {
    let whole = Polygon::new(
        path(&SQUARE),
        vec![
            path(&[[100.0, 150.0], [120.0, 140.0], [120.0, 160.0]]),
            path(&[[120.0, 160.0], [140.0, 160.0], [140.0, 180.0]]),
            path(&[[300.0, 300.0], [310.0, 300.0], [310.0, 310.0]]),
        ],
    );
    let (report, tiles) = tiles_of(&table([whole.into()]), Z..=Z, &Settings::default());
    assert_eq!(report.zooms[&Z].losses[&Loss::BadHole], 1);
    assert!((area_of(&tiles[0].1) - (10_000.0 - 200.0 - 200.0)).abs() < 1e-9);
}

/// A point is drawn where it is, to half a unit.
#[test]
fn points_are_where_they_are() {
    let at = path(&[[1234.4, 77.6]]).0[0];
    let (geometry, _) = drawn(Point(at).into());
    assert_eq!(geometry, MultiPoint::from(vec![Point::new(1234, 78)]).into());
}
