use jiff::SignedDuration;
use jomo_core::projection::inverse;
use jomo_flood::rainfall::{Cells, Product, Source as RainSource, Timeline};
use jomo_flood::river::Works;
use jomo_flood::runoff::{Element, Land, Receiver, Slopes};
use jomo_flood::waterway::Waterway;

use super::*;

const ORIGIN_M: [f64; 2] = [10_000.0, 20_000.0];

fn zone() -> Zone {
    Zone::from_epsg(6677).unwrap()
}

fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-09-01T00:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minutes)
}

/// Two brooks of two nodes each that meet in a river of two: reaches 0, 1 and 2, 1 km² beside each
/// node, the first brook under rain cell 0 and all else under cell 1.
fn basin() -> Basin {
    let node = |index: u32, upstream_km2: f64, downstream: Option<u32>| Node {
        reach: index / 2,
        station_m: 100.0 + 200.0 * f64::from(index % 2),
        at_m: [ORIGIN_M[0] + 1_000.0 * f64::from(index), ORIGIN_M[1]],
        length_m: 200.0,
        width_m: 10.0,
        bed_m: 100.0 - f64::from(index),
        crest_m: [104.0; 2],
        upstream_m2: 1e6 * upstream_km2,
        downstream,
    };
    let nodes = vec![
        node(0, 1.0, Some(1)),
        node(1, 2.0, Some(4)),
        node(2, 1.0, Some(3)),
        node(3, 2.0, Some(4)),
        node(4, 5.0, Some(5)),
        node(5, 6.0, None),
    ];
    let element = |index: u32| Element {
        area_m2: 1e6,
        length_m: 500.0,
        slope: 0.2,
        receiver: Receiver::Node(index),
        rain_cell: u32::from(2 <= index),
        land: 0,
    };
    let waterway = Waterway::new(nodes).unwrap();
    let elements = (0..6).map(element).collect();
    let slopes = Slopes::new(elements, Land::CLASSES.to_vec(), 6).unwrap();
    Basin::new(waterway, slopes, Works::default(), &[]).unwrap()
}

/// Rain in mm/h on the two cells for some hours, then none that is known; the reference time is two
/// hours in.
fn cube([start, hours]: [i64; 2], steps: usize, rates: [f32; 2]) -> Cube {
    let cells = Cells::new([139.0, 36.0, 139.025, 36.01], [1, 2]).unwrap();
    let product = |hour: i64| Product {
        source: if hour < 2 { RainSource::Analysis } else { RainSource::Forecast },
        reference_time: at(if hour < 2 { 60 * (hour + 1) } else { 120 }),
        from: at(60 * hour),
        to: at(60 * (hour + 1)),
        amount_mm: rates.to_vec(),
    };
    let timeline = Timeline { start: at(start), step_s: 600, steps, now: at(120) };
    Cube::join(cells, (0..hours).map(product).collect(), &timeline).unwrap()
}

fn rows(lines: &[&str]) -> Vec<StorageRow> {
    let header = "code,area_km2,k,p,lag_h,f1,rsa_mm,base_flow_m3_s,reach,lon,lat";
    let text = [&[header], lines].concat().join("\n");
    let read = storage_csv::basins(text.as_bytes()).unwrap();
    assert!(read.faults.is_empty(), "{:?}", read.faults);
    read.basins
}

fn basins(lines: &[&str]) -> (StorageBasins, Vec<(&'static str, String)>) {
    let basin = basin();
    let ids = ["left", "right", "below"].map(str::to_owned);
    let (mut found, mut left_out) = (Vec::new(), Vec::new());
    for row in rows(lines) {
        match place(zone(), basin.waterway().nodes(), &ids, &row) {
            Ok(node) => found.push(Outlet::new(&row, node, &basin)),
            Err(code) => left_out.push((code, row.code)),
        }
    }
    (StorageBasins(found), left_out)
}

/// By its reach an outlet is at the lower end of it, by its place at the nearest river that drains
/// as much; one that is neither is named with the reason.
#[test]
fn outlets_are_found_on_the_network() {
    let place_of = |metres: f64| {
        let there = [ORIGIN_M[0] + metres, ORIGIN_M[1] + 90.0];
        let [lon, lat] = inverse(Position::planar(zone(), there)).unwrap().xy;
        format!("{lon:.7},{lat:.7}")
    };
    let (on, off) = (place_of(4_050.0), place_of(60_000.0));
    let lines = [
        "A,2.1,10,0.6,0,1,0,,right,,".to_owned(),
        format!("B,5,10,0.6,0,1,0,,,{on}"),
        "C,6,10,0.6,0,1,0,,below,,".to_owned(),
        "D,6,10,0.6,0,1,0,,elsewhere,,".to_owned(),
        "E,9.1,10,0.6,0,1,0,,below,,".to_owned(),
        format!("F,5,10,0.6,0,1,0,,,{off}"),
        format!("G,1,10,0.6,0,1,0,,,{on}"),
        "H,6,10,0.6,0,1,0,,,,".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (found, left_out) = basins(&lines);
    assert_eq!(found.nodes().collect::<Vec<_>>(), [3, 4, 5]);
    let told: Vec<String> = left_out.iter().map(|(code, id)| format!("{code} {id}")).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    storage-outlet-outside D
    storage-outlet-area E
    storage-outlet-outside F
    storage-outlet-area G
    storage-outlet-none H
    ");
    // What drains there, and nothing else.
    let under: Vec<_> = found.0.iter().map(|outlet| outlet.under.clone()).collect();
    assert_eq!(under, [vec![(1, 2e6)], vec![(0, 2e6), (1, 3e6)], vec![(0, 2e6), (1, 4e6)]]);
}

/// Under constant rain the discharge becomes rain times area, by the rain of the basin's own cells:
/// 36 mm/h on 2 km² are 20 m³/s; a third of 36 mm/h on 6 km² too.
#[test]
fn constant_rain_comes_out_whole() {
    let (basins, left_out) = basins(&["A,2,10,0.6,0.5,1,0,,left,,", "B,6,5,1,0,1,0,1.5,below,,"]);
    assert!(left_out.is_empty(), "{left_out:?}");
    let cube = cube([0, 60], 360, [36.0, 0.0]);
    let forecasts = basins.run(&cube, 12, &[]).unwrap();
    for (forecast, expected) in forecasts.0.iter().zip([20.0, 21.5]) {
        let last = forecast.flows_m3_s.last().unwrap();
        assert!((last - expected).abs() < 1e-3, "{last} where {expected} is due");
        assert_eq!((forecast.flows_m3_s.len(), forecast.began), (348, "assumed"));
    }
    // Half of what is not covered by any rain is dry.
    let times: Vec<Timestamp> = (1..=348).map(|step| at(120 + 10 * step)).collect();
    let model = vec![vec![vec![3.0, 1.0, 2.0], vec![7.0]]; 348];
    let table = basins.table(&forecasts, &model, (at(120), &times));
    let mut lines = table.lines();
    assert_eq!(
        lines.next(),
        Some("reference_time,valid_time,basin,rain_mm,storage_m3_s,model_m3_s")
    );
    assert_eq!(table.lines().count(), 1 + 2 * 348);
    let last = table.lines().last().unwrap();
    assert_eq!(last, "2026-09-01T02:00:00Z,2026-09-03T12:00:00Z,B,2.00,21.500,7.000");
    let told = basins.tell(&forecasts, &model);
    assert_eq!(told[0]["model_peak_m3_s"], 2.0);
    assert_eq!((&told[1]["peak_m3_s"], &told[1]["drains_km2"]), (&21.5.into(), &6.0.into()));
}

/// A cycle that goes on from the last one, through the text of a state, is one that never stopped;
/// other parameters, and damaged numbers, begin anew.
#[test]
fn basins_go_on_from_a_state() {
    let line = "A,6,20,0.5,1.2,0.4,30,0.5,below,,";
    let (known, _) = basins(&[line]);
    let whole = known.run(&cube([0, 8], 72, [9.0, 5.0]), 12, &[]).unwrap();
    let saved = serde_json::to_string(&whole.saved()).unwrap();
    let mut saved: Vec<SavedStorage> = serde_json::from_str(&saved).unwrap();
    let later = cube([120, 8], 60, [9.0, 5.0]);
    let again = known.run(&later, 0, &saved).unwrap();
    assert_eq!(again.0[0].began, "saved");
    assert!(0.5 < whole.0[0].flows_m3_s[0], "the state is empty");
    for (again, whole) in again.0[0].flows_m3_s.iter().zip(&whole.0[0].flows_m3_s) {
        assert!((again - whole).abs() <= 1e-12 * whole, "{again} {whole}");
    }
    // The state is that of the reference time, not that of the end.
    let here = known.run(&later, 0, &saved).unwrap();
    assert_eq!(here.saved(), saved);
    let (other, _) = basins(&["A,6,21,0.5,1.2,0.4,30,0.5,below,,"]);
    assert_eq!(other.run(&later, 0, &saved).unwrap().0[0].began, "assumed");
    saved[0].stored_mm[0] = 1e308;
    assert_eq!(known.run(&later, 0, &saved).unwrap().0[0].began, "assumed");
    saved[0].stored_mm[0] = 1.0;
    saved[0].underway_mm_h.clear();
    assert_eq!(known.run(&later, 0, &saved).unwrap().0[0].began, "assumed");
}

/// After a dry day the saturation rainfall counts anew, not after 23 hours; drizzle is dry.
#[test]
fn a_dry_day_ends_a_storm() {
    let (basins, _) = basins(&["A,6,20,0.5,0,0.4,30,,below,,"]);
    let fallen = |hours: i64, past: usize| {
        let forecasts = basins.run(&cube([0, hours], past, [10.0; 2]), past, &[]).unwrap();
        forecasts.saved()[0].fallen_mm
    };
    assert!((fallen(4, 24) - 40.0).abs() < 1e-4);
    assert!((fallen(4, 24 + 143) - 40.0).abs() < 1e-4);
    assert!(fallen(4, 24 + 144) <= 0.0);
    let drizzle = basins.run(&cube([0, 60], 200, [0.4; 2]), 200, &[]).unwrap();
    assert!(drizzle.saved()[0].fallen_mm < 0.1, "{:?}", drizzle.saved());
}

/// A table that cannot be read is a fault, and no basin; nothing panics.
#[test]
fn what_cannot_be_read_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("storage.csv");
    let header = "code,area_km2,k,p,lag_h,f1,rsa_mm,reach";
    for (text, code, rows) in [
        (None, "io", 0),
        (Some(String::new()), "table-no-header", 0),
        (Some("code,k\nA,1\n".to_owned()), "storage-csv-columns", 0),
        (Some(format!("{header}\nA,1,1,0.5,0,1,0,a\nB,NaN,1,0.5,0,1,0,b")), "storage-number", 1),
        (Some(format!("{header}\nA,1e308,1,0.5,0,1,0,a\n")), "storage-number", 0),
        (Some(format!("{header}\nA,1,1,0.5")), "row-short", 0),
    ] {
        if let Some(text) = &text {
            std::fs::write(&path, text).unwrap();
        }
        let (mut faults, mut standing) = (Faults::default(), Faults::default());
        let table = StorageTable::read(&path, [&mut faults, &mut standing]);
        let codes: Vec<&str> = faults.iter().chain(standing.iter()).map(|(code, _)| code).collect();
        assert_eq!(table.rows.len(), rows, "{text:?}");
        assert_eq!(codes.len(), 1, "{text:?}: {codes:?}");
        assert!(codes[0].contains(code), "{text:?}: {codes:?}");
    }
}
