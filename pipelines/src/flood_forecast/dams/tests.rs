use jomo_core::projection::inverse;
use jomo_format::dam_csv;

use super::*;

const ORIGIN_M: [f64; 2] = [10_000.0, 20_000.0];

fn zone() -> Zone {
    Zone::from_epsg(6677).unwrap()
}

/// A river of 10 nodes that drains 20 to 29 km², and a brook 100 m beside it that drains 1.
fn nodes() -> Vec<Node> {
    let node = |index: u32, north_m: f64, upstream_km2: f64, downstream: Option<u32>| Node {
        reach: 0,
        station_m: 0.0,
        at_m: [ORIGIN_M[0] + 200.0 * f64::from(index % 10), ORIGIN_M[1] + north_m],
        length_m: 200.0,
        width_m: 12.0,
        bed_m: 100.0 - f64::from(index % 10),
        crest_m: [104.0; 2],
        upstream_m2: 1e6 * upstream_km2,
        downstream,
    };
    let brook = (0..10).map(|index| node(index, 100.0, 1.0, (index < 9).then_some(index + 1)));
    let river = (10..20)
        .map(|index| node(index, 0.0, 10.0 + f64::from(index), (index < 19).then_some(index + 1)));
    brook.chain(river).collect()
}

fn records(table: &str, releases: &str) -> Vec<DamRecord> {
    let read = dam_csv::dams(table.as_bytes()).unwrap();
    let mut known = dam_csv::releases(releases.as_bytes()).unwrap().releases;
    let releases_of = |id: &str, known: &mut std::collections::BTreeMap<_, _>| known.remove(id);
    let with = |dam: dam_csv::DamRow| {
        let releases = releases_of(&dam.id, &mut known).unwrap_or_default();
        DamRecord { dam, releases }
    };
    read.dams.into_iter().map(with).collect()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Cells `lat,lon` of a place on the plane.
fn place_of(at_m: [f64; 2]) -> String {
    let [lon, lat] = inverse(Position::planar(zone(), at_m)).unwrap().xy;
    format!("{lat:.7},{lon:.7}")
}

fn table(rows: &[&str]) -> String {
    let header = "id,name,lat,lon,basin_km2,normal_level_m,lake_km2,crest_level_m,crest_length_m,\
        flood_m3_s,release_share";
    [&[header], rows].concat().join("\n")
}

const RELEASES: &str = "id,time,outflow_m3_s,level_m\n\
    D1,2026-09-01T00:00:00Z,3,50.0\n\
    D1,2026-09-01T00:10:00Z,5,50.5\n\
    D1,2026-09-01T00:20:00Z,7,\n\
    D1,2026-09-01T00:30:00Z,7,999\n\
    D1,2026-09-01T00:40:00Z,4000,50.5\n";

#[test]
fn a_dam_stands_at_the_river_that_drains_as_much() {
    let [x, y] = ORIGIN_M;
    // The brook is nearer; one dam is without a place, one far away, one drains too much.
    let near = place_of([x + 810.0, y + 90.0]);
    let rows = [
        format!("D1,a,{near},25,50,0.4,60,30,20,0.5"),
        "D2,b,,,25,50,,,,,".to_owned(),
        format!("D3,c,{},25,50,,,,,", place_of([x + 9_000.0, y])),
        format!("D4,d,{near},300,50,,,,,"),
        format!("D5,e,{near},24,50,,,,,"),
        format!("D6,f,{near},,50,,,,,"),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let records = records(&table(&rows), RELEASES);
    let nodes = nodes();
    let dams = ModelDams::place(zone(), &nodes, &records, at("2026-09-01T00:00:00Z")).unwrap();
    let placed: Vec<(&str, u32)> = dams.dams.iter().map(|dam| (&*dam.id, dam.node)).collect();
    assert_eq!(placed, [("D1", 14), ("D6", 4)]);
    let told = |found: &[(&str, String)]| {
        found.iter().map(|(code, id)| format!("{code} {id}")).collect::<Vec<_>>()
    };
    assert_eq!(
        told(&dams.left_out),
        ["dam-without-place D2", "dam-outside D3", "dam-basin D4", "dam-shares-node D5"]
    );
    // What a dam is told to have done now is no fact of the tables.
    assert_eq!(told(&dams.doubted), ["dam-release-far D1", "dam-level-far D1"]);
    // The crest of the spillway is the bed of the river; the lake lies below, and never backs up.
    let waterway = Waterway::new(nodes.clone()).unwrap();
    let dug = dams.dig(&waterway).unwrap();
    assert!((dug.nodes()[14].bed_m - (96.0 - 40.0)).abs() < 1e-9);
    assert!((dams.dams[0].law.spillway_m[0] - 96.0).abs() < 1e-9);
    assert_eq!(dug.nodes()[13], nodes[13]);
    // Where the table says nothing, what is assumed is told.
    let told = dams.dams[1].tell(at("2026-09-01T01:00:00Z"));
    assert_eq!(
        told["assumed"],
        json!(["lake_km2", "crest_level_m", "crest_length_m", "flood_m3_s"])
    );
    assert_eq!(told["then"], json!({ "rule": "inflow" }));
    let told = dams.dams[0].tell(at("2026-09-01T01:00:00Z"));
    assert_eq!(told["assumed"], json!([]));
    // A level that was refused is told nowhere: the last that was believed is.
    assert_eq!((&told["level_m"], &told["release_m3_s"]), (&json!(50.5), &json!(7.0)));
}

#[test]
fn a_release_is_held_for_an_hour_and_its_age_is_told() {
    let place = place_of([ORIGIN_M[0] + 800.0, ORIGIN_M[1]]);
    let rows = [
        format!("D1,a,{place},25,50,0.4,60,30,20,0.5"),
        format!("D2,b,{},26,50,0.4,60,30,20,0.5", place_of([ORIGIN_M[0] + 1_200.0, ORIGIN_M[1]])),
    ];
    let records = records(&table(&[&rows[0], &rows[1]]), RELEASES);
    let start = at("2026-09-01T00:00:00Z");
    let dams = ModelDams::place(zone(), &nodes(), &records, start).unwrap().dams;
    let second = |text: &str| at(text).as_second() as f64;
    let release = &dams[0].law.release;
    for (time, m3_s) in [
        ("2026-08-31T22:00:00Z", 3.0),
        ("2026-09-01T00:05:00Z", 4.0),
        ("2026-09-01T00:20:00Z", 7.0),
        ("2026-09-01T01:30:00Z", 7.0),
    ] {
        assert!((release.at(second(time)) - m3_s).abs() < 1e-9, "{time}");
    }
    assert_eq!(dams[0].law.rule, Rule::Cut { from_m3_s: 20.0, share: 0.5 });
    for (reference, told) in [
        ("2026-09-01T00:30:00Z", None),
        ("2026-09-01T01:30:00Z", None),
        ("2026-09-01T01:40:00Z", Some(("forecast-dam-late", "D1 70 min".to_owned()))),
    ] {
        assert_eq!(dams[0].fault(at(reference)), told, "{reference}");
    }
    assert_eq!(dams[0].tell(at("2026-09-01T01:40:00Z"))["age_min"], 70);
    assert_eq!(dams[1].fault(start), Some(("forecast-dam-silent", "D2".to_owned())));
    // Of releases long before the cycle only the age is left: the rule holds from the start.
    let late = ModelDams::place(zone(), &nodes(), &records, at("2026-09-01T03:00:00Z")).unwrap();
    let told = late.dams[0].fault(at("2026-09-01T04:00:00Z"));
    assert_eq!(told, Some(("forecast-dam-late", "D1 210 min".to_owned())));
    assert!(late.dams[0].law.release.at(second("2026-09-01T03:00:00Z")).abs() < 1e-12);
}

#[test]
fn levels_are_depths_over_the_lake_of_the_model() {
    let place = place_of([ORIGIN_M[0] + 800.0, ORIGIN_M[1]]);
    let row = format!("D1,a,{place},25,50,0.4,60,30,20,0.5");
    let records = records(&table(&[&row]), RELEASES);
    let start = at("2026-09-01T00:00:00Z");
    let dam = &ModelDams::place(zone(), &nodes(), &records, start).unwrap().dams[0];
    let minute = |minute: i64| start + SignedDuration::from_mins(minute);
    assert!((dam.first_depth_m(minute(-1)) - 30.0).abs() < 1e-9);
    assert!((dam.first_depth_m(minute(15)) - 30.5).abs() < 1e-9);
    // A level of the very moment is known.
    assert!((dam.first_depth_m(minute(10)) - 30.5).abs() < 1e-9);
    let within = |from, to| dam.depth_within_m([minute(from), minute(to)]);
    assert_eq!(within(0, 10), Some(30.5));
    assert_eq!(within(10, 30), None);
    assert_eq!(within(-10, 0), Some(30.0));
}
