use jomo_core::grid::Placement;
use jomo_core::projection::inverse;

use super::*;

fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minutes)
}

/// An hour to the reference time, and `ahead_h` beyond it.
fn timeline(ahead_h: usize) -> Timeline {
    Timeline { start: at(0), step_s: 600, steps: 6 + 6 * ahead_h, now: at(60) }
}

fn cover(rows: &[(i64, f64)]) -> (tempfile::TempDir, SnowCover) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("temperatures.csv");
    let lines: Vec<String> =
        rows.iter().map(|(minutes, c)| format!("A,0,{},{c},{}", at(*minutes), at(-600))).collect();
    let text = format!("id,height_m,time,temperature_c,issued\n{}\n", lines.join("\n"));
    std::fs::write(&path, text).unwrap();
    let settings = Settings { temperatures: path, melt_mm_c_day: 4.5, start_mm: 20.0 };
    let cover = SnowCover::read(&settings, at(60));
    (folder, cover)
}

fn told(cover: &SnowCover, ahead_h: usize) -> String {
    let (mut faults, mut standing) = (Faults::default(), Faults::default());
    cover.count(&timeline(ahead_h), [&mut faults, &mut standing]);
    let told = faults.iter().chain(standing.iter());
    let told = told.map(|(code, f)| format!("{code} {} {}", f.count, f.places.join(" ")));
    told.collect::<Vec<_>>().join("\n")
}

/// Old temperatures tell their age, steps without one their time, and where they end.
#[test]
fn what_is_missing_is_told() {
    let (_folder, none) = cover(&[]);
    assert_eq!(told(&none, 3), "forecast-temperature-none 1 temperatures.csv");
    // Known until 18:00 the day before and six hours on, then at 00:20 and for six hours again.
    let (_folder, gappy) = cover(&[(-360, 1.0), (25, 2.0)]);
    insta::assert_snapshot!(told(&gappy, 6), @r"
    forecast-temperature-gap 2 2026-03-01T00:00:00Z 2026-03-01T00:10:00Z
    forecast-temperature-late 1 660 min
    forecast-temperature-short 1 2026-03-01T06:30:00Z
    ");
    let (_folder, whole) = cover(&[(-10, 1.0), (290, 2.0), (600, 1.0)]);
    assert_eq!(told(&whole, 6), "forecast-temperature-late 1 660 min");
    let mut fresh = whole;
    let row = format!("id,height_m,time,temperature_c\nA,0,{},1\n", at(60));
    let path = fresh.settings.temperatures.with_file_name("now.csv");
    std::fs::write(&path, row).unwrap();
    fresh.settings.temperatures = path.parent().unwrap().to_owned();
    let fresh = SnowCover::read(&fresh.settings, at(60));
    assert_eq!(told(&fresh, 6), "");
    let mut faults = Faults::default();
    fresh.count_start(at(60), &mut faults);
    let told: Vec<_> = faults.iter().map(|(code, f)| (code, f.places.join(" "))).collect();
    assert_eq!(told, [("forecast-snow-assumed", "20 mm".to_owned())]);
}

/// The height of a rain cell is the mean of the ground under it, holes left out; cells without
/// ground, or beyond the raster, have none.
#[test]
fn cells_are_as_high_as_their_ground() {
    let zone = Zone::from_epsg(6677).unwrap();
    let placement = Placement { zone, origin_m: [-64_000.0, 44_000.0], cell_size_m: 50.0 };
    // A slope that rises by 1 m each metre eastwards, over 4 km.
    let east_m = |column: usize| 50.0 * (column as f64 + 0.5);
    #[expect(clippy::cast_possible_truncation, reason = "whole metres")]
    let values: Vec<f32> = (0..80 * 80).map(|cell| east_m(cell % 80) as f32).collect();
    let ground = Grid::new([80, 80], placement, values.clone()).unwrap();
    let [west, south] = inverse(Position::planar(zone, [-63_000.0, 41_000.0])).unwrap().xy;
    let cells = Cells::new([west, south, west + 0.06, south + 0.01], [1, 4]).unwrap();
    let heights = heights_m(&ground, &cells, &[1.0, 1.0, 0.0, 1.0]);
    // The middle of the first cell, by the projection.
    for cell in 0..2 {
        let middle = forward(zone, Position::lon_lat(cells.centre_deg(cell))).unwrap();
        let expected = middle.xy[0] + 64_000.0;
        let found = heights[cell as usize];
        assert!((found - expected).abs() < 25.0, "{found} where {expected} is due");
    }
    assert!(heights[2].is_nan() && heights[3].is_nan(), "{heights:?}");
    let mut half = values;
    half.chunks_exact_mut(80).for_each(|row| row[..30].fill(f32::NAN));
    let east = Grid::new([80, 80], placement, half).unwrap();
    let higher = heights_m(&east, &cells, &[1.0; 4]);
    assert!(heights[0] + 50.0 < higher[0], "{higher:?} {heights:?}");
}
