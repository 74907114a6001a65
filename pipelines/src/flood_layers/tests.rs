use std::convert::Infallible;
use std::io::Read;

use geo_types::{Geometry, Polygon};
use jomo_core::feature::{FeatureTable, Value};
use jomo_core::frame::Position;
use jomo_core::grid::Placement;
use jomo_core::layer::LegendEntry;
use jomo_core::projection::{Zone, forward};
use jomo_tile::{Settings, build, verify};
use proptest::prelude::*;

use super::areas::classes;
use super::theme::DRY_CELL;
use super::*;

const PLACE: Placement =
    Placement { zone: Zone::IX, origin_m: [95_000.0, -263_000.0], cell_size_m: 10.0 };

fn grid(shape: [usize; 2], values: Vec<f32>) -> Grid<f32> {
    Grid::new(shape, PLACE, values).unwrap()
}

fn open(count: usize) -> Domain {
    Domain { outside: vec![false; count], river: vec![false; count] }
}

fn areas_of(theme: Theme, grid: &Grid<f32>, domain: &Domain) -> Areas {
    areas(theme, grid, domain, &Corners::new(grid.shape(), PLACE).unwrap())
}

fn number(value: Option<&Value>) -> f64 {
    match value {
        Some(Value::Int(number)) => *number as f64,
        Some(Value::Float(number)) => *number,
        _ => f64::NAN,
    }
}

/// One column of a table by name.
fn column(table: &FeatureTable, name: &str) -> Vec<f64> {
    let at = table.fields.iter().position(|field| field.name == name).unwrap();
    table.features.iter().map(|feature| number(feature.values[at].as_ref())).collect()
}

/// Bounds of a class, 1 and more.
fn around(bounds: &[f64], class: f64) -> [f64; 2] {
    let at =
        (1..).zip(bounds.windows(2)).find(|(number, _)| (f64::from(*number) - class).abs() < 0.5);
    let (_, pair) = at.unwrap();
    [pair[0], pair[1]]
}

/// A column as text.
fn told(table: &FeatureTable, name: &str) -> String {
    column(table, name).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Area of a polygon in the plane, m².
fn planar_m2(polygon: &Polygon<f64>) -> f64 {
    let ring = |line: &geo_types::LineString<f64>| {
        let metres = |at: &geo_types::Coord<f64>| {
            forward(Zone::IX, Position::lon_lat([at.x, at.y])).unwrap().xy
        };
        let points: Vec<[f64; 2]> = line.0.iter().map(metres).collect();
        let [x0, y0] = points[0];
        let twice = |pair: &[[f64; 2]]| {
            (pair[0][0] - x0) * (pair[1][1] - y0) - (pair[1][0] - x0) * (pair[0][1] - y0)
        };
        (0.5 * points.windows(2).map(twice).sum::<f64>()).abs()
    };
    ring(polygon.exterior()) - polygon.interiors().iter().map(ring).sum::<f64>()
}

/// Depths with walls, dry ground, and all classes up to 10 m.
fn floods() -> impl Strategy<Value = ([usize; 2], Vec<f32>)> {
    let depth =
        prop_oneof![Just(f32::NAN), Just(0.0_f32), 0.0_f32..0.3, 0.0_f32..1.2, 0.0_f32..6.0,];
    (1_usize..14, 1_usize..14).prop_flat_map(move |(rows, columns)| {
        (Just([rows, columns]), prop::collection::vec(depth.clone(), rows * columns))
    })
}

/// Bounds and colours of both editions, and to which class a bound belongs.
#[test]
fn depth_classes_are_those_of_the_manual() {
    let legend = |edition| {
        let entries = Theme::Depth.legend(edition);
        let line = |entry: &LegendEntry| format!("{} {}", entry.color, entry.label.ja);
        entries.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(legend(Edition::Detailed), @r"
    #ffffb3 0.3m未満
    #f7f5a9 0.3〜0.5m未満
    #f8e1a6 0.5〜1.0m未満
    #ffd8c0 1.0〜3.0m未満
    #ffb7b7 3.0〜5.0m未満
    #ff9191 5.0〜10.0m未満
    #f285c9 10.0〜20.0m未満
    #dc7adc 20.0m以上
    #f4f4f2 浸水なし(計算の範囲内)
    #b9d9ee 河川(計算開始時の水面)
    ");
    insta::assert_snapshot!(legend(Edition::Standard), @r"
    #f7f5a9 0.5m未満
    #ffd8c0 0.5〜3.0m未満
    #ffb7b7 3.0〜5.0m未満
    #ff9191 5.0〜10.0m未満
    #f285c9 10.0〜20.0m未満
    #dc7adc 20.0m以上
    #f4f4f2 浸水なし(計算の範囲内)
    #b9d9ee 河川(計算開始時の水面)
    ");
    for (depth_m, class) in [
        (0.0, DRY_CELL),
        (0.099, DRY_CELL),
        (0.1, 1),
        (0.299, 1),
        (0.3, 2),
        (0.5, 3),
        (1.0, 4),
        (2.999, 4),
        (3.0, 5),
        (5.0, 6),
        (10.0, 7),
        (20.0, 8),
        (1e9, 8),
        (f64::NAN, DRY_CELL),
    ] {
        assert_eq!(Theme::Depth.class_of(depth_m), class, "{depth_m} m");
    }
}

proptest! {
    /// The areas of the classes are the cells of the classes; no feature reaches out of its class;
    /// the standard edition joins classes of the detailed one and splits none.
    #[test]
    fn areas_are_cells((shape, values) in floods()) {
        let grid = grid(shape, values);
        let mut domain = open(grid.values().len());
        domain.outside = grid.values().iter().map(|depth_m| depth_m.is_nan()).collect();
        let found = areas_of(Theme::Depth, &grid, &domain);
        let class = column(&found.all, "depth_class");
        let standard = column(&found.all, "depth_class_standard");
        let [low, high] = ["depth_min_m", "depth_max_m"].map(|name| column(&found.all, name));
        let area = column(&found.all, "area_m2");
        let bounds = [0.1, 0.3, 0.5, 1.0, 3.0, 5.0, 10.0];
        let wide = [0.1, 0.5, 3.0, 5.0, 10.0];
        let mut wet_m2 = 0.0;
        for (at, feature) in found.all.features.iter().enumerate() {
            let Geometry::Polygon(polygon) = &feature.geometry else { panic!("{feature:?}") };
            prop_assert!((planar_m2(polygon) - area[at]).abs() < 1e-3 * area[at]);
            if class[at] < 0.5 {
                prop_assert!(low[at].is_nan() && standard[at] < 0.5);
                continue;
            }
            wet_m2 += area[at];
            let [from, to] = around(&bounds, class[at]);
            // Values are told in centimetres, rounded.
            prop_assert!(from - 0.005 <= low[at] && low[at] <= high[at] && high[at] <= to + 0.005);
            let [from, to] = around(&wide, standard[at]);
            prop_assert!(from - 0.005 <= low[at] && high[at] <= to + 0.005);
        }
        let wet = grid.values().iter().filter(|depth_m| 0.1 <= f64::from(**depth_m)).count();
        prop_assert!((wet_m2 - 100.0 * wet as f64).abs() < 1e-6);
        prop_assert_eq!(found.wet_cells, wet as u64);
        let ids: std::collections::BTreeSet<&str> =
            found.all.features.iter().map(|feature| feature.id.as_str()).collect();
        prop_assert_eq!(ids.len(), found.all.features.len());
    }

    /// Every tile of both tables is sound by the verifier's own reading of the specification.
    #[test]
    fn tiles_are_sound((shape, values) in floods()) {
        let grid = grid(shape, values);
        let found = areas_of(Theme::DepthMax, &grid, &open(grid.values().len()));
        for (table, zooms) in [(&found.coarse, 11..=12), (&found.all, 13..=14)] {
            let sources = [LayerSource { name: "flood_depth_max", table, zooms }];
            build::<Infallible>(&sources, &Settings::default(), |tile, bytes| {
                let mut raw = Vec::new();
                flate2::read::GzDecoder::new(bytes).read_to_end(&mut raw).unwrap();
                assert!(verify(&raw).is_ok(), "{tile:?}: {:?}", verify(&raw));
                Ok(())
            })
            .unwrap();
        }
    }
}

/// Outside, river, dry and flooded are four different things; the river wins over its flood.
#[test]
fn dry_outside_and_river_differ() {
    let grid = grid([1, 4], vec![f32::NAN, 4.0, 0.02, 4.0]);
    let domain =
        Domain { outside: vec![true, false, false, false], river: vec![false, true, false, false] };
    assert_eq!(classes(Theme::Depth, grid.values(), &domain), [0, RIVER, DRY_CELL, 5]);
    let found = areas_of(Theme::Depth, &grid, &domain);
    assert_eq!(found.wet_cells, 1);
    let ids: Vec<&str> = found.all.features.iter().map(|feature| feature.id.as_str()).collect();
    assert_eq!(ids, ["c5-r0c3", "c9-r0c1", "c0-r0c2"]);
}

/// Never wet is dry, not an arrival; minutes are whole.
#[test]
fn arrival_and_duration_are_told_in_minutes() {
    let grid = grid([1, 3], vec![f32::NAN, 1_799.0, 7_290.0]);
    let arrival = areas_of(Theme::Arrival, &grid, &open(3)).all;
    assert_eq!(told(&arrival, "arrival_class"), "1 4 0");
    assert_eq!(told(&arrival, "arrival_from_min"), "29 121 NaN");
    let duration = areas_of(Theme::Duration, &grid, &open(3)).all;
    assert_eq!(told(&duration, "duration_class"), "1 4 0");
}

/// At small scales a puddle joins what lies around it, and what is large enough stays.
#[test]
fn small_areas_join_their_neighbours() {
    let mut values = vec![0.0_f32; 20 * 20];
    values[5 * 20 + 5] = 2.0;
    for row in 10..15 {
        for column in 10..15 {
            values[row * 20 + column] = 2.0;
        }
    }
    values[12 * 20 + 12] = 0.2;
    let found = areas_of(Theme::Depth, &grid([20, 20], values), &open(400));
    assert_eq!(found.all.features.len(), 4);
    let kept: Vec<&str> = found.coarse.features.iter().map(|feature| feature.id.as_str()).collect();
    assert_eq!(kept, ["class-4", "class-0"]);
    let Geometry::MultiPolygon(flood) = &found.coarse.features[0].geometry else { panic!() };
    assert_eq!(flood.0.len(), 1);
    assert!((planar_m2(&flood.0[0]) - 2_500.0).abs() < 1.0);
}
