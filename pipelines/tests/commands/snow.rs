//! Snow and storage functions in the forecast cycle.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jomo::failure::Exit;
use jomo_terrain::Prepared;
use serde_json::Value;
use tempfile::TempDir;

use super::{AT, CLOCK, files, region, sample};
use crate::jomo_at;

/// A region without what corrects the model: readings and dams. Everything that is told of it comes
/// from its rain.
fn open_loop(change: impl Fn(String) -> String) -> (TempDir, PathBuf) {
    region(|text| {
        let kept = text.lines().filter(|line| {
            !["readings = ", "dams = ", "releases = "].iter().any(|key| line.starts_with(key))
        });
        let text: String = kept.flat_map(|line| [line, "\n"]).collect();
        change(text.replace("[rivers]\n", "[rivers]\nstorage_functions = \"storage.csv\"\n"))
    })
}

fn with_snow(text: String) -> String {
    text + "\n[snow]\ntemperatures = \"temperatures.csv\"\n"
}

fn stateless(text: &str) -> String {
    text.replace("state = \"state\"\n", "")
}

/// Every three hours of three days `celsius(hours)` at the height of the sea, foreseen the day before.
fn temperatures(region: &Path, celsius: impl Fn(i64) -> f64) {
    let mut text = String::from("id,height_m,time,temperature_c,issued\n");
    let start: jiff::Timestamp = "2026-08-31T00:00:00Z".parse().unwrap();
    for hours in (0..96).step_by(3) {
        let time = start + jiff::SignedDuration::from_hours(hours);
        writeln!(text, "T1,0,{time},{},2026-09-01T11:00:00Z", celsius(hours)).unwrap();
    }
    fs::write(region.join("temperatures.csv"), text).unwrap();
}

/// The basin with the most water, and one that is nowhere.
fn storage(region: &Path) {
    let bytes = fs::read(sample().join("sample/basin/basin.jomo")).unwrap();
    let prepared = Prepared::open(&bytes).unwrap();
    let network = prepared.network();
    let areas = network.upstream_m2().enumerate();
    let (reach, area_m2) = areas.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    let text = format!(
        "code,area_km2,k,p,lag_h,f1,rsa_mm,reach,lon,lat\n\
         OUT,{:.3},20,0.6,0.5,0.6,50,{},,\n\
         FAR,10,20,0.6,0.5,0.6,50,,100,10\n",
        1e-6 * area_m2,
        network.id(reach).unwrap(),
    );
    fs::write(region.join("storage.csv"), text).unwrap();
}

fn cycle(region: &Path, (at, threads): (&str, &str), out: &Path) -> Value {
    let (place, folder) = (region.to_str().unwrap(), out.to_str().unwrap());
    let line = ["flood", "forecast", place, "--at", at, "--levels-only", "--threads", threads];
    let said = jomo_at(CLOCK, &[&line[..], &["--out", folder]].concat());
    assert!([Exit::Done, Exit::Faults].contains(&said.exit), "{}", said.err);
    serde_json::from_slice(&fs::read(out.join("run.json")).unwrap()).unwrap()
}

/// Discharges by the storage function and by the model, in the order of time.
fn flows(out: &Path) -> Vec<[f64; 2]> {
    let text = fs::read_to_string(out.join("storage_functions.csv")).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[2], "OUT", "{line}");
        [4, 5].map(|place| cells[place].parse::<f64>().unwrap())
    };
    text.lines().skip(1).map(row).collect()
}

fn most(flows: &[[f64; 2]], which: usize) -> f64 {
    flows.iter().map(|flow| flow[which]).fold(0.0, f64::max)
}

/// Faults of a record whose codes begin with a word.
fn told(record: &Value, word: &str) -> BTreeMap<String, String> {
    let all = record["faults"].as_object().unwrap().iter();
    let own = all.filter(|(code, _)| code.starts_with(word));
    own.map(|(code, fault)| (code.clone(), fault["places"][0].as_str().unwrap().to_owned()))
        .collect()
}

/// In the cold the rain of a storm lies as snow and the rivers stay as they were, while the storage
/// function, that knows of no snow, shows the flood; the ledger closes, and threads change nothing.
#[test]
fn a_storm_in_the_cold_is_no_flood() {
    let (folder, region) = open_loop(|text| stateless(&text));
    storage(&region);
    let out = folder.path().join("rain");
    let record = cycle(&region, (AT, "2"), &out);
    assert!(record["snow"].is_null() && record["settings"]["snow"].is_null(), "{record}");
    let rain = flows(&out);
    assert_eq!(rain.len(), 54);
    let basin = &record["storage_functions"][0];
    assert_eq!((&basin["basin"], &basin["began"]), (&"OUT".into(), &"assumed".into()));
    assert!(
        (basin["drains_km2"].as_f64().unwrap() / basin["area_km2"].as_f64().unwrap() - 1.0).abs()
            < 1e-3
    );
    assert_eq!(record["standing"]["storage-outlet-outside"]["places"][0], "FAR", "{record}");
    let names: Vec<&str> =
        record["inputs"].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"storage.csv"), "{names:?}");

    let (snowy, region) = open_loop(|text| with_snow(stateless(&text)));
    storage(&region);
    temperatures(&region, |_| -12.0);
    let [one, two] = ["one", "two"].map(|name| snowy.path().join(name));
    let record = cycle(&region, (AT, "1"), &one);
    cycle(&region, (AT, "2"), &two);
    let (one_files, two_files) = (files(&one), files(&two));
    assert_eq!(one_files.keys().collect::<Vec<_>>(), two_files.keys().collect::<Vec<_>>());
    for (name, bytes) in &one_files {
        assert!(two_files[name] == *bytes, "{name} differs");
    }
    let cold = flows(&one);
    // The same rain in both.
    assert!(rain.iter().zip(&cold).all(|(rain, cold)| (rain[0] - cold[0]).abs() < 1e-9));
    // What still drains from the soil of the start is all that comes.
    let [flood, calm] = [&rain, &cold].map(|flows| most(flows, 1));
    assert!(5.0 * calm < flood, "{calm} and {flood} m3/s");
    assert!(2.0 * calm < most(&cold, 0), "{calm} m3/s of the model");
    let water: Vec<f64> = record["snow"]["water_mm"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mm| mm.as_f64().unwrap())
        .collect();
    assert!(10.0 < water[0] && water.is_sorted(), "{water:?}");
    assert_eq!(
        (&record["snow"]["began"], record["snow"]["age_min"].as_i64()),
        (&"assumed".into(), Some(120))
    );
    assert!(record["volume_error"].as_f64().unwrap() < 1e-9, "{record}");
    assert_eq!(
        told(&record, "forecast-snow").keys().collect::<Vec<_>>(),
        ["forecast-snow-assumed"]
    );
    assert!(told(&record, "forecast-temperature").is_empty(), "{record}");
}

/// Snow and storage functions go on from the last cycle; snow of an older one is taken at a cold
/// start, with its age.
#[test]
fn snow_lasts_from_cycle_to_cycle() {
    let (folder, region) = open_loop(|text| {
        let text = with_snow(text.replace("warm_up_hours = 6", "warm_up_hours = 1"));
        text + "start_mm = 80\nmelt_mm_c_day = 9\n"
    });
    storage(&region);
    // Frost, and a thaw within hours from 12:00 on.
    temperatures(&region, |hours| if hours <= 36 { -12.0 } else { 20.0 });
    let out = |name: &str| folder.path().join(name);
    let water = |record: &Value| record["snow"]["water_mm"][1].as_f64().unwrap();
    let first = cycle(&region, ("2026-09-01T11:50:00Z", "2"), &out("first"));
    assert!(80.0 < water(&first), "{first}");
    let second = cycle(&region, ("2026-09-01T12:10:00Z", "2"), &out("second"));
    assert_eq!(
        (&second["snow"]["began"], &second["snow"]["snow_of"]),
        (&"saved".into(), &"2026-09-01T11:50:00Z".into())
    );
    assert_eq!(second["storage_functions"][0]["began"], "saved");
    assert!(told(&second, "forecast-snow").is_empty(), "{second}");
    assert!((water(&second) - water(&first)).abs() < 20.0 && 80.0 < water(&second), "{second}");
    assert!(second["volume_error"].as_f64().unwrap() < 1e-9, "{second}");
    // No state of the last hour: the snow of the one before is there all the same.
    fs::remove_file(region.join("state/20260901T121000Z.state")).unwrap();
    let older = cycle(&region, (AT, "2"), &out("older"));
    assert_eq!((&older["cold_start"], &older["snow"]["began"]), (&true.into(), &"older".into()));
    assert_eq!(
        told(&older, "forecast-snow"),
        BTreeMap::from([("forecast-snow-old".to_owned(), "1 h".to_owned())])
    );
    assert!((water(&older) - water(&first)).abs() < 40.0, "{older}");
    // The thaw is in the forecast: more comes than without snow.
    fs::remove_dir_all(region.join("state")).unwrap();
    let text = fs::read_to_string(region.join("region.toml")).unwrap();
    fs::write(region.join("region.toml"), text.replace("start_mm = 80", "start_mm = 0")).unwrap();
    let bare = cycle(&region, (AT, "2"), &out("bare"));
    assert!(water(&bare) + 60.0 < water(&older), "{bare}");
    let [with, without] = ["older", "bare"].map(|name| most(&flows(&out(name)), 1));
    assert!(1.05 * without < with, "{with} and {without} m3/s");
}

/// Without temperatures rain stays rain, to the byte; what is wrong with the tables is told, and
/// stops nothing.
#[test]
fn tables_that_cannot_be_read_stop_nothing() {
    let (folder, plain) = open_loop(|text| stateless(&text));
    let (_kept, region) = open_loop(|text| with_snow(stateless(&text)));
    let levels = |out: &Path| fs::read(out.join("levels.csv")).unwrap();
    let rain = folder.path().join("rain");
    let record = cycle(&plain, (AT, "2"), &rain);
    // The table is named and not there.
    assert_eq!(told(&record, "cli-io")["cli-io"], "storage.csv");
    assert!(!rain.join("storage_functions.csv").exists());
    for (name, text, code) in [
        ("none", None, "cli-io"),
        ("empty", Some(""), "table-no-header"),
        ("columns", Some("id,time\nT1,2026-09-01T00:00:00Z\n"), "temperature-csv-columns"),
        (
            "numbers",
            Some(
                "id,height_m,time,temperature_c\nT1,0,2026-09-01T12:00:00Z,NaN\nT1,1e308,2026-09-01T12:00:00Z,1\nT1,0,2026-09-0",
            ),
            "temperature-number",
        ),
        (
            "future",
            Some("id,height_m,time,temperature_c\nT1,0,2026-09-01T13:10:00Z,-20\n"),
            "forecast-temperature-none",
        ),
    ] {
        if let Some(text) = text {
            fs::write(region.join("temperatures.csv"), text).unwrap();
        }
        let out = folder.path().join(name);
        let record = cycle(&region, (AT, "2"), &out);
        assert!(!told(&record, code).is_empty(), "{name}: {record}");
        assert_eq!(
            told(&record, "forecast-temperature")["forecast-temperature-none"],
            "temperatures.csv"
        );
        assert!(levels(&out) == levels(&rain), "{name}: rain is no longer rain");
    }
}
