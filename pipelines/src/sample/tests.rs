use std::collections::BTreeMap;
use std::fs;

use jomo_core::frame::Position;
use jomo_core::projection::{Zone, forward};
use jomo_format::geotiff::{self, Limits};
use jomo_format::grib2::{self, LatLonGrid};
use jomo_store::sha256_hex;
use serde_json::Value;

use super::*;
use crate::sample::drainage::neighbours;

fn coarse() -> Settings {
    Settings { cell_size_m: 40.0, ..Settings::default() }
}

/// The region at 40 m, made once for all tests that only read it.
fn region() -> &'static Path {
    static REGION: std::sync::OnceLock<tempfile::TempDir> = std::sync::OnceLock::new();
    REGION
        .get_or_init(|| {
            let directory = tempfile::tempdir().unwrap();
            generate(&coarse(), directory.path()).unwrap();
            directory
        })
        .path()
}

fn text(name: &str) -> String {
    fs::read_to_string(region().join(name)).unwrap()
}

fn features(name: &str) -> Vec<Value> {
    let value: Value = serde_json::from_str(&text(name)).unwrap();
    value["features"].as_array().unwrap().clone()
}

fn rows(name: &str) -> Vec<BTreeMap<String, String>> {
    let text = text(name);
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), header.len(), "{line}");
        header.iter().zip(cells).map(|(k, v)| ((*k).to_owned(), v.to_owned())).collect()
    };
    lines.map(row).collect()
}

fn metres(lon_lat: [f64; 2]) -> [f64; 2] {
    forward(Zone::IX, Position::lon_lat(lon_lat)).unwrap().xy
}

fn line(feature: &Value) -> Vec<[f64; 2]> {
    let points = feature["geometry"]["coordinates"].as_array().unwrap();
    points.iter().map(|p| metres([p[0].as_f64().unwrap(), p[1].as_f64().unwrap()])).collect()
}

/// Distance of a place from a line, metres.
fn from_line([x, y]: [f64; 2], line: &[[f64; 2]]) -> f64 {
    let from_piece = |pair: &[[f64; 2]]| {
        let (dx, dy) = (pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]);
        let along = (x - pair[0][0]) * dx + (y - pair[0][1]) * dy;
        let t = (along / (dx * dx + dy * dy).max(1e-12)).clamp(0.0, 1.0);
        (pair[0][0] + t * dx - x).hypot(pair[0][1] + t * dy - y)
    };
    line.windows(2).map(from_piece).fold(f64::INFINITY, f64::min)
}

/// The same settings give the same bytes in every file, on one thread and on three.
#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = |threads: usize| {
        let directory = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let summary = pool.install(|| generate(&coarse(), directory.path())).unwrap();
        let digest = |name: &PathBuf| {
            let bytes = fs::read(directory.path().join(name)).unwrap();
            (name.clone(), sha256_hex(&bytes))
        };
        summary.files.iter().map(digest).collect::<Vec<_>>()
    };
    let one = run(1);
    assert_eq!(one.len(), 40);
    assert_eq!(one, run(3));
}

/// Every cell that is not on the edge has a strictly lower neighbour; so water reaches the edge.
#[test]
fn every_cell_drains() {
    let bytes = fs::read(region().join("terrain/dem.tif")).unwrap();
    let raster = geotiff::read(&bytes, Limits::default()).unwrap();
    let grid = raster.into_grid().unwrap();
    let [n, columns] = grid.shape();
    assert_eq!((n, columns), (500, 500));
    let heights = grid.values();
    for at in 0..n * n {
        let edge = at / n == 0 || at % n == 0 || at / n == n - 1 || at % n == n - 1;
        assert!(edge || neighbours(n, at).any(|(next, _)| heights[next] < heights[at]), "{at}");
    }
    let low = heights.iter().copied().fold(f32::INFINITY, f32::min);
    let high = heights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    assert!(-5.0 < low && low < 10.0 && 600.0 < high && high < 1_300.0, "{low} to {high}");
}

/// Rivers run downhill, and all but the main stem end on the river that they join.
#[test]
fn rivers_run_downhill_into_each_other() {
    let plan = Plan::new(&coarse()).unwrap();
    let valley = Valley::new(&plan);
    let rivers = rivers::rivers(&relief::land(&plan, &valley), &valley);
    assert!(12 < rivers.len());
    for river in &rivers {
        assert!(river.bed_m.is_sorted_by(|a, b| b <= a), "{}", river.number);
        assert!(river.basin_km2.is_sorted(), "{}", river.number);
        if let Some(host) = rivers.iter().find(|host| host.number == river.joins) {
            let mouth = river.line[river.line.len() - 1];
            assert!(from_line(mouth, &host.line) < 1e-6);
            assert!(river.bed_m[river.bed_m.len() - 1] + 1.0 < river.bed_m[0]);
        }
    }
    assert_eq!(rivers.iter().filter(|river| river.joins == 0).count(), 1);
    let basin = rivers[0].basin_km2.last().unwrap();
    assert!((300.0..400.0).contains(basin), "{basin}");
}

#[test]
fn gauges_stand_on_rivers_and_in_their_municipality() {
    let rivers: Vec<Vec<[f64; 2]>> = features("rivers.geojson").iter().map(line).collect();
    let plan = Plan::new(&coarse()).unwrap();
    let areas = Areas::new(&plan);
    let names = Names::new().unwrap();
    let gauges = rows("gauges.csv");
    assert_eq!(gauges.len(), 12);
    for gauge in &gauges {
        let number = |key: &str| gauge[key].parse::<f64>().unwrap();
        let place = metres([number("lon"), number("lat")]);
        let nearest = rivers.iter().map(|r| from_line(place, r)).fold(f64::INFINITY, f64::min);
        assert!(nearest < 50.0, "{}: {nearest} m", gauge["name"]);
        let [west, north] = plan.north_west_m();
        let area = areas.at([place[0] - west, north - place[1]]).unwrap();
        assert_eq!(gauge["town_code"], names.municipality[area].code);
        assert!(number("start_level") < number("flood_level"));
        if !gauge["warn_level"].is_empty() {
            assert!(number("start_level") < number("warn_level"));
            assert!(number("warn_level") < number("flood_level"));
        }
    }
    assert_eq!(gauges.iter().filter(|gauge| gauge["warn_level"].is_empty()).count(), 2);
}

/// Reports come at and above the start level only, every ten minutes, with the flag of the level.
#[test]
fn reports_agree_with_their_thresholds() {
    let gauges: BTreeMap<String, _> =
        rows("gauges.csv").into_iter().map(|gauge| (gauge["code"].clone(), gauge)).collect();
    let mut flags = BTreeMap::new();
    let mut flooded = std::collections::BTreeSet::new();
    for reading in rows("gauge_levels.csv") {
        let gauge = &gauges[&reading["code"]];
        let level: f64 = reading["level"].parse().unwrap();
        let over = |key: &str| gauge[key].parse().is_ok_and(|least: f64| least <= level);
        let expected = match (over("start_level"), over("warn_level"), over("flood_level")) {
            (_, _, true) => "111",
            (_, true, _) => "11",
            (true, ..) => "1",
            _ => panic!("below the start level: {reading:?}"),
        };
        assert_eq!(reading["over"], expected, "{reading:?}");
        assert!(reading["obs_time"].ends_with(":00+09:00"));
        reading["obs_time"].parse::<jiff::Timestamp>().unwrap();
        if expected == "111" {
            flooded.insert(reading["code"].clone());
        }
        *flags.entry(reading["over"].clone()).or_insert(0) += 1;
    }
    assert!(flags.values().all(|count| 20 < *count) && flags.len() == 3, "{flags:?}");
    // Some rivers leave their beds, some do not.
    assert!((4..=10).contains(&flooded.len()), "{flooded:?}");
}

#[test]
fn shelters_have_the_real_keys() {
    let shelters = features("shelters.geojson");
    assert_eq!(shelters.len(), 60);
    let mut ids: Vec<&str> =
        shelters.iter().map(|s| s["properties"]["共通ID"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 60);
    assert!(ids.iter().all(|id| id.starts_with("E99") && id.len() == 14));
    let flood = shelters.iter().filter(|s| s["properties"]["洪水"] == "1").count();
    assert!((5..55).contains(&flood), "{flood}");
    let keys = shelters[0]["properties"].as_object().unwrap().len();
    assert_eq!(keys, 15);
}

/// Whatever a person reads on the map says that it is invented.
#[test]
fn every_name_says_that_it_is_invented() {
    for (file, key) in [
        ("rivers.geojson", "name"),
        ("banks.geojson", "name"),
        ("municipalities.geojson", "N03_001"),
        ("municipalities.geojson", "N03_004"),
        ("shelters.geojson", "施設・場所名"),
        ("shelters.geojson", "都道府県名及び市町村名"),
        ("facilities.geojson", "name"),
        ("facilities.geojson", "city"),
        ("hazard_zones.geojson", "A33_005"),
    ] {
        for feature in features(file) {
            let name = feature["properties"][key].as_str().unwrap();
            assert!(name.ends_with("（架空）"), "{file}: {name}");
        }
    }
    for gauge in rows("gauges.csv") {
        assert!(gauge["name"].ends_with("（架空）") && gauge["city"].ends_with("（架空）"));
        assert!(gauge["code"].starts_with('9') && gauge["town_code"].starts_with("99"));
    }
    for (file, title) in [("region.toml", "架空流域"), ("SOURCE.toml", "（架空）")] {
        assert!(text(file).contains(title));
    }
}

/// The case of the flood says that it is invented, and names the main stem and four tributaries.
#[test]
fn the_flood_is_a_case_of_its_own() {
    let case = text("flood/CASE.toml");
    assert!(case.contains("架空") && !case.contains("{ja") && !case.contains("\n{"));
    let table: toml::Table = toml::from_str(&case).unwrap();
    let west = &table["boundary"]["west"];
    let sources = table["source"].as_array().unwrap();
    let named = |from: &toml::Value| from["series"].as_str().unwrap().to_owned();
    let series: Vec<String> = sources.iter().map(named).chain([named(west)]).collect();
    assert_eq!(series.len(), 5);
}

/// What our reader decodes is the event, rounded down to a level of the table.
#[test]
fn rain_files_hold_the_event() {
    let plan = Plan::new(&coarse()).unwrap();
    let event = Event::new(&plan).unwrap();
    let grid = LatLonGrid::JMA_1KM;
    let window = grid.window_of(plan.bbox_deg().unwrap()).unwrap();
    let mut most = 0.0_f64;
    for (name, first_hour, count) in [("ANAL", 0.0, 1), ("FH01-06", 1.0, 6)] {
        let name = format!(
            "rain/Z__C_RJTD_20260901120000_SRF_GPV_Ggis1km_Prr60lv_{name}_fictional_grib2.bin"
        );
        let bytes = fs::read(region().join(name)).unwrap();
        let fields = grib2::read(&bytes).unwrap();
        assert_eq!(fields.len(), count);
        for (index, field) in (0_u32..).zip(&fields) {
            let found = field.decode(&window).unwrap();
            let [rows, columns] = window.shape();
            for (row, column) in (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c))) {
                let centre = grid.centre_deg(
                    window.rows.start + u32::try_from(row).unwrap(),
                    window.columns.start + u32::try_from(column).unwrap(),
                );
                let meant = event.hourly_mm(first_hour + f64::from(index), centre);
                let value = found.value_at(row, column).unwrap();
                let width = if value < 77.0 { 1.0 } else { 5.0 };
                let agrees = if meant <= 0.0 {
                    value.abs() < 1e-9
                } else if meant < 1.0 {
                    (value - 0.4).abs() < 1e-9
                } else {
                    (value..value + width).contains(&meant)
                };
                assert!(agrees, "{meant} mm was written as {value}");
                most = most.max(value);
            }
        }
    }
    assert!((50.0..=120.0).contains(&most), "{most} mm in an hour");
}

#[test]
fn a_region_is_replaced_and_nothing_else_is() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { cell_size_m: 80.0, ..Settings::default() };
    let place = directory.path().join("basin");
    generate(&settings, &place).unwrap();
    fs::write(place.join("gauges.csv"), "stale").unwrap();
    generate(&settings, &place).unwrap();
    assert_ne!(fs::read_to_string(place.join("gauges.csv")).unwrap(), "stale");
    let left: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["basin"]);

    fs::write(place.join("terrain/notes.txt"), "mine").unwrap();
    assert_eq!(generate(&settings, &place).unwrap_err().code(), "sample-occupied");
    assert_eq!(fs::read_to_string(place.join("terrain/notes.txt")).unwrap(), "mine");

    let home = directory.path().join("home");
    fs::create_dir(&home).unwrap();
    fs::write(home.join("letter"), "dear").unwrap();
    let refused = generate(&settings, &home).unwrap_err();
    assert_eq!(refused.code(), "sample-occupied");
    assert_eq!(fs::read_to_string(home.join("letter")).unwrap(), "dear");
    let odd = Settings { cell_size_m: 7.0, ..settings };
    insta::assert_snapshot!(generate(&odd, &place).unwrap_err(), @"a cell of 7 m does not fit; 5, 10, 20, 40 and 80 m do");
}

/// The region files are read by the parser that every command uses, and name files that exist.
#[test]
fn region_files_are_accepted() {
    let sample = crate::region::Region::parse(&text("region.toml"), region()).unwrap();
    assert!(sample.fictional);
    assert_eq!(sample.id, "sample");
    let sources: Vec<PathBuf> = sample.layers.values().filter_map(|l| l.source.clone()).collect();
    assert_eq!(sources.len(), 7);
    let inputs = [
        sample.terrain.dem.unwrap(),
        sample.rainfall.spool.unwrap(),
        sample.rivers.land.unwrap(),
        sample.rivers.dams.unwrap(),
        sample.rivers.releases.unwrap(),
        sample.gauges.table.unwrap(),
        sample.gauges.readings.unwrap(),
    ];
    for path in sources.iter().chain(&inputs) {
        assert!(path.exists(), "{}", path.display());
    }
    assert!(sample.rivers.facilities.iter().all(|layer| sample.layers.contains_key(layer)));
    // Every column has a title, so that no raw key meets a person.
    for (layer, file) in [
        ("emergency_shelters", "shelters.geojson"),
        ("banks", "banks.geojson"),
        ("facilities", "facilities.geojson"),
        ("hazard_zones", "hazard_zones.geojson"),
    ] {
        let properties = features(file)[0]["properties"].as_object().unwrap().clone();
        for key in properties.keys() {
            assert!(sample.layers[layer].fields[key].title.is_some(), "{layer}: {key}");
        }
    }

    let gunma = include_str!("../../../data-samples/gunma/region.toml");
    let gunma = crate::region::Region::parse(gunma, Path::new("")).unwrap();
    assert!(!gunma.fictional);
    assert_eq!(gunma.layers.len(), 4);
}

/// Facilities stand in their municipality; bridges on rivers, the rest on low ground beside them.
#[test]
fn facilities_stand_where_water_reaches() {
    let rivers: Vec<Vec<[f64; 2]>> = features("rivers.geojson").iter().map(line).collect();
    let plan = Plan::new(&coarse()).unwrap();
    let (areas, names) = (Areas::new(&plan), Names::new().unwrap());
    let mut kinds = BTreeMap::new();
    let mut ids = std::collections::BTreeSet::new();
    for facility in features("facilities.geojson") {
        let properties = &facility["properties"];
        let kind = properties["kind"].as_str().unwrap().to_owned();
        assert!(ids.insert(properties["id"].as_str().unwrap().to_owned()));
        let at = facility["geometry"]["coordinates"].as_array().unwrap();
        let place = metres([at[0].as_f64().unwrap(), at[1].as_f64().unwrap()]);
        let from_river =
            rivers.iter().map(|river| from_line(place, river)).fold(f64::INFINITY, f64::min);
        let is_bridge = kind == "bridge";
        assert_eq!(from_river < 50.0, is_bridge, "{kind}: {from_river} m");
        assert_eq!(properties["soffit_m"].is_number(), is_bridge);
        assert!(from_river < 1_300.0);
        let [west, north] = plan.north_west_m();
        let area = areas.at([place[0] - west, north - place[1]]).unwrap();
        assert_eq!(properties["municipality"], *names.municipality[area].code);
        *kinds.entry(kind).or_insert(0) += 1;
    }
    let counts: Vec<_> = kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    insta::assert_snapshot!(counts.join(", "), @"bridge 14, hospital 6, school 10, underpass 4, welfare 16");
}

/// Each class covers a part that a landscape has; rivers are water.
#[test]
fn the_ground_is_covered() {
    let bytes = fs::read(region().join("landcover.tif")).unwrap();
    let raster = geotiff::read(&bytes, Limits::default()).unwrap();
    let grid = raster.into_grid().unwrap();
    assert_eq!(grid.shape(), [500, 500]);
    let share = |class: f32| {
        grid.values().iter().filter(|value| (**value - class).abs() < 0.1).count() as f64
            / 250_000.0
    };
    let shares = [1.0, 2.0, 3.0, 4.0, 5.0].map(share);
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{shares:?}");
    assert!((0.3..0.9).contains(&shares[0]), "{shares:?}");
    for part in &shares[1..] {
        assert!((0.002..0.4).contains(part), "{shares:?}");
    }
}

/// What the dam did not let through is in its lake; the flood below it is lower.
#[test]
fn the_dam_keeps_its_books() {
    let dams = rows("dam.csv");
    assert_eq!(dams.len(), 1);
    assert!(dams[0]["name"].ends_with("（架空）"));
    let record = rows("dam_release.csv");
    assert_eq!(record.len(), 30 * 6 + 1);
    let column =
        |key: &str| -> Vec<f64> { record.iter().map(|row| row[key].parse().unwrap()).collect() };
    let (inflow, outflow, level) =
        (column("inflow_m3_s"), column("outflow_m3_s"), column("level_m"));
    let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    assert!(most(&outflow) < 0.9 * most(&inflow), "{} {}", most(&outflow), most(&inflow));
    let basin_km2: f64 = dams[0]["basin_km2"].parse().unwrap();
    let normal: f64 = dams[0]["normal_level_m"].parse().unwrap();
    let mut stored = 0.0;
    for (index, (inflow, outflow)) in inflow.iter().zip(&outflow).enumerate() {
        stored += 600.0 * (inflow - outflow);
        let exact = normal + stored / (1e6 * 0.012 * basin_km2);
        // A tenth of a cubic metre per second in each line, and the level to a centimetre.
        let rounding = 0.02 + 60.0 * (index + 1) as f64 / (1e6 * 0.012 * basin_km2);
        assert!((level[index] - exact).abs() < rounding, "{index}: {} {exact}", level[index]);
    }
}

/// Zones are closed rings, counter-clockwise; a special zone lies in its zone.
#[test]
fn hazard_zones_are_in_the_form_of_a33() {
    let zones = features("hazard_zones.geojson");
    assert!((60..160).contains(&zones.len()), "{}", zones.len());
    let area = |zone: &Value| {
        let ring: Vec<[f64; 2]> = zone["geometry"]["coordinates"][0]
            .as_array()
            .unwrap()
            .iter()
            .map(|at| metres([at[0].as_f64().unwrap(), at[1].as_f64().unwrap()]))
            .collect();
        assert_eq!(ring[0].map(f64::to_bits), ring[ring.len() - 1].map(f64::to_bits));
        ring.windows(2).map(|pair| 0.5 * (pair[0][0] * pair[1][1] - pair[1][0] * pair[0][1])).sum()
    };
    let mut seen = [0, 0];
    let mut whole = f64::INFINITY;
    for zone in &zones {
        let own: f64 = area(zone);
        let properties = &zone["properties"];
        assert!(0.0 < own && own < 60_000.0, "{own}");
        seen[usize::try_from(properties["A33_001"].as_u64().unwrap()).unwrap() - 1] += 1;
        if properties["A33_002"] == 1 {
            whole = own;
        } else {
            assert!(own < 0.5 * whole);
        }
    }
    assert!(seen.iter().all(|count| 20 < *count), "{seen:?}");
}

/// The history is read as forecasts read it: hours observed, three forecasts that get worse with
/// their lead, and one to 15 hours.
#[test]
fn rain_of_the_hours_before_can_be_read() {
    use jiff::SignedDuration;
    use jomo_flood::rainfall::{Cube, Source, Timeline};
    let sample = crate::region::Region::parse(&text("region.toml"), region()).unwrap();
    let at = Settings::default().reference_time;
    let hours = |count: i64| SignedDuration::from_hours(count);
    let spool = sample.rainfall.spool.clone().unwrap();
    let arrived =
        crate::rainfall::read_spool(&spool, &sample, [at - hours(12), at + hours(36)], at).unwrap();
    let count =
        |source: Source| arrived.products.iter().filter(|product| product.source == source).count();
    assert_eq!(Source::ALL.map(count), [12, 0, 18, 9]);
    assert!(arrived.faults.is_empty(), "{:?}", arrived.faults);
    // The hour that ended twelve hours before says nothing about what came after.
    let refused: Vec<_> = arrived.refused.iter().map(|(_, code)| *code).collect();
    assert_eq!(refused, ["rainfall-old"]);
    let timeline = Timeline { start: at - hours(12), step_s: 600, steps: 6 * 48, now: at };
    let cube = Cube::join(arrived.cells, arrived.products.clone(), &timeline).unwrap();
    assert_eq!(cube.last_with_data(), Some(6 * 27 - 1));
    let origin = |step: usize| cube.step_origin(step).main();
    assert_eq!(origin(71), Some(Source::Analysis));
    assert_eq!(origin(72), Some(Source::Forecast));
    assert_eq!(origin(6 * 18), Some(Source::Extended));
    assert!(cube.gaps().iter().all(|gap| 6 * 27 <= gap.step));
    // The forecast of two hours before against the exact one, for hours that both have.
    let of = |reference: i64, end: i64| {
        let found = arrived.products.iter().find(|product| {
            product.source == Source::Forecast
                && product.reference_time == at + hours(reference)
                && product.to == at + hours(end)
        });
        &found.unwrap().amount_mm
    };
    let error = |reference: i64, end: i64| {
        let pairs = of(reference, end).iter().zip(of(0, end));
        pairs.map(|(a, b)| f64::from((a - b).abs())).sum::<f64>()
    };
    assert!(0.0 < error(-1, 1) && error(-1, 1) < error(-2, 4), "{} {}", error(-1, 1), error(-2, 4));
}
