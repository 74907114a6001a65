//! Readings and releases that do not come: a forecast is made of what there is, and says so.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use jomo::failure::Exit;
use serde_json::Value;

use super::{AT, CLOCK, region};
use crate::{Said, jomo_at};

fn levels(region: &Path, out: &Path) -> (Said, Value) {
    let (region, folder) = (region.to_str().unwrap(), out.to_str().unwrap());
    let line = ["flood", "forecast", region, "--at", AT, "--levels-only", "--out", folder];
    let said = jomo_at(CLOCK, &line);
    let record = fs::read(out.join("run.json")).unwrap_or_else(|_| panic!("{}", said.err));
    (said, serde_json::from_slice(&record).unwrap())
}

/// Puts a table of its own in the place of one of the sample.
fn put(region: &Path, name: &str, text: &str) {
    fs::remove_file(region.join(name)).unwrap();
    fs::write(region.join(name), text).unwrap();
}

/// Members at the reference time, by gauge.
fn members_now(out: &Path) -> Vec<String> {
    let text = fs::read_to_string(out.join("levels.csv")).unwrap();
    let rows = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let first = rows.filter(|cells| !cells[10].is_empty());
    first.map(|cells| format!("{} {}", cells[2], cells[10])).collect()
}

/// An empty or broken table of readings or releases is a fault of the run, not the end of it.
#[test]
fn empty_tables_are_faults() {
    let (folder, region) = region(|text| text.replace("state = \"state\"\n", ""));
    put(&region, "gauge_levels.csv", "");
    put(&region, "dam_release.csv", "");
    let out = folder.path().join("empty");
    let (said, told) = levels(&region, &out);
    assert_eq!(said.exit, Exit::Faults, "{}", said.err);
    let fault = &told["faults"]["table-no-header"];
    assert_eq!(
        fault["places"],
        serde_json::json!(["gauge_levels.csv", "dam_release.csv"]),
        "{told}"
    );
    assert_eq!(told["faults"]["forecast-feed-silent"]["places"][0], "crisis (12)", "{told}");
    assert_eq!(told["counts"]["observations_used"], 0, "{told}");
    assert!(said.err.contains("表が空です"), "{}", said.err);
    put(&region, "gauge_levels.csv", "code,level\n9000000001,75\n");
    fs::remove_file(region.join("dam_release.csv")).unwrap();
    let (said, told) = levels(&region, &folder.path().join("broken"));
    assert_eq!(said.exit, Exit::Faults, "{}", said.err);
    assert_eq!(told["faults"]["gauge-csv-columns"]["places"][0], "gauge_levels.csv", "{told}");
    assert_eq!(told["faults"]["cli-io"]["places"][0], "dam_release.csv", "{told}");
    // The tables of gauges and dams themselves are what the model is made of.
    put(&region, "gauges.csv", "");
    let out = folder.path().join("none");
    let line = ["flood", "forecast", region.to_str().unwrap(), "--at", AT, "--levels-only"];
    let said = jomo_at(CLOCK, &[&line[..], &["--out", out.to_str().unwrap()]].concat());
    assert_eq!(said.exit, Exit::Input, "{}", said.err);
}

/// All readings stop in the storm, each gauge after its daily report well below its start level:
/// nothing is taken from the silence, and the run says what is out.
#[test]
fn a_silent_feed_in_rain_lowers_no_river() {
    let (folder, region) = region(|text| text.replace("state = \"state\"\n", ""));
    let header = "code,obs_time,level\n";
    put(&region, "gauge_levels.csv", header);
    let never = folder.path().join("never");
    let (said, told) = levels(&region, &never);
    assert_eq!(said.exit, Exit::Faults, "{}", said.err);
    assert_eq!(told["faults"]["forecast-feed-silent"]["count"], 1, "{told}");
    let gauges = fs::read_to_string(region.join("gauges.csv")).unwrap();
    let mut daily = String::new();
    for line in gauges.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let start_m: f64 = cells[6].parse().unwrap();
        writeln!(daily, "{},2026-09-01T09:00:00+09:00,{:.2}", cells[0], start_m - 0.5).unwrap();
    }
    put(&region, "gauge_levels.csv", &format!("{header}{daily}"));
    let silent = folder.path().join("silent");
    let (said, told) = levels(&region, &silent);
    assert_eq!(said.exit, Exit::Faults, "{}", said.err);
    assert_eq!(told["faults"]["forecast-feed-silent"]["places"][0], "crisis (12)", "{told}");
    let counts = &told["counts"];
    assert_eq!((&counts["silences_agreed"], &counts["observations_used"]), (&0.into(), &0.into()));
    assert_eq!(members_now(&silent), members_now(&never));
    // One gauge that came up over its start level and stopped.
    let first: Vec<&str> = gauges.lines().nth(1).unwrap().split(',').collect();
    let start_m: f64 = first[6].parse().unwrap();
    let up = format!("{},2026-09-01T21:20:00+09:00,{:.2}\n", first[0], start_m + 0.07);
    put(&region, "gauge_levels.csv", &format!("{header}{daily}{up}"));
    let (_, told) = levels(&region, &folder.path().join("stopped"));
    let stopped = &told["faults"]["forecast-gauge-stopped"]["places"];
    assert_eq!(
        *stopped,
        serde_json::json!([format!("{} 2026-09-01T12:20:00Z", first[0])]),
        "{told}"
    );
}

/// A gauge that is on no river, a reading without a gauge and doubts of long ago are no news: the
/// run tells them apart, its layers too, and nothing of this cycle was missing.
#[test]
fn what_stands_in_the_tables_is_no_fault_of_the_cycle() {
    let (folder, region) = region(|text| text.replace("state = \"state\"\n", ""));
    let gauges = fs::read_to_string(region.join("gauges.csv")).unwrap();
    let first: Vec<&str> = gauges.lines().nth(1).unwrap().split(',').collect();
    let columns: Vec<&str> = gauges.lines().next().unwrap().split(',').collect();
    let mut away = first.clone();
    away[0] = "9000000099";
    for (place, column) in columns.iter().enumerate() {
        if *column == "lat" {
            away[place] = "";
        }
    }
    put(&region, "gauges.csv", &format!("{}\n{}\n", gauges.trim_end(), away.join(",")));
    let readings = fs::read_to_string(region.join("gauge_levels.csv")).unwrap();
    // Far above the overflow level, out of nothing, and hours ago: a sensor that was mended since.
    let doubted =
        format!("{},2026-09-01T06:00:00+09:00,999,,,\nZZ,2026-09-01T21:00:00+09:00,1,,,", first[0]);
    put(&region, "gauge_levels.csv", &format!("{}\n{doubted}\n", readings.trim_end()));
    let out = folder.path().join("out");
    let (said, told) = levels(&region, &out);
    assert_eq!(said.exit, Exit::Faults, "{}", said.err);
    let codes = |faults: &Value| faults.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(codes(&told["standing"]), ["gauge-without-place", "reading-without-gauge"]);
    assert_eq!(told["standing"]["gauge-without-place"]["places"][0], "9000000099");
    assert!(codes(&told["faults"]).iter().all(|code| code == "forecast-model-disagrees"), "{told}");
    assert!(said.err.contains("直すまで毎回同じ"), "{}", said.err);
    let layer = fs::read(out.join("stage/river_forecast/layer.json")).unwrap();
    let layer: Value = serde_json::from_slice(&layer).unwrap();
    assert_eq!(layer["run"]["standing"], told["standing"], "{layer}");
    assert_eq!(layer["run"].get("faults").unwrap_or(&serde_json::json!({})), &told["faults"]);
}

/// A gauge without the label of invented ones gives no public forecast, whatever the region says.
#[test]
fn real_gauges_in_an_invented_region_are_refused() {
    let (folder, region) = region(|text| text);
    let gauges = fs::read_to_string(region.join("gauges.csv")).unwrap();
    let real: String = gauges
        .lines()
        .enumerate()
        .map(|(row, line)| if row == 2 { line.replace("（架空）", "") } else { line.to_owned() } + "\n")
        .collect();
    put(&region, "gauges.csv", &real);
    let out = folder.path().join("out");
    let line = ["flood", "forecast", region.to_str().unwrap(), "--at", AT, "--levels-only"];
    let said = jomo_at(CLOCK, &[&line[..], &["--out", out.to_str().unwrap()]].concat());
    assert_eq!(said.exit, Exit::Blocked, "{}", said.err);
    for part in ["gauges.csv", "2 行目", "9000000002", "「架空」", "気象業務法", "name の列"]
    {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    assert!(!out.exists());
}

/// Whatever printable characters the id of a gauge holds, its forecast is written and found.
#[test]
fn any_id_of_a_gauge_has_a_series() {
    let (folder, region) = region(|text| text.replace("state = \"state\"\n", ""));
    let odd = "KP12.5/#%?";
    for name in ["gauges.csv", "gauge_levels.csv"] {
        let text = fs::read_to_string(region.join(name)).unwrap();
        put(&region, name, &text.replace("9000000001,", &format!("{odd},")));
    }
    let out = folder.path().join("out");
    let (said, told) = levels(&region, &out);
    assert!(matches!(said.exit, Exit::Done | Exit::Faults), "{}", said.err);
    assert!(told["standing"].as_object().unwrap().is_empty(), "{told}");
    let stage = out.join("stage/river_forecast");
    let layer: Value =
        serde_json::from_slice(&fs::read(stage.join("layer.json")).unwrap()).unwrap();
    let name = jomo_store::series_file(odd);
    assert!(layer["files"].get(&name).is_some() && stage.join(&name).is_file(), "{name}");
    assert!(fs::read_to_string(out.join("levels.csv")).unwrap().contains(odd));
}

/// A basin of which nothing was written is called empty, not of another kind.
#[test]
fn an_empty_basin_is_called_empty() {
    let (folder, region) = region(|text| text.replace("basin = \"basin\"", "basin = \"empty\""));
    fs::create_dir(region.join("empty")).unwrap();
    fs::write(region.join("empty/basin.jomo"), "").unwrap();
    let out = folder.path().join("out");
    let line = ["flood", "forecast", region.to_str().unwrap(), "--at", AT, "--levels-only"];
    let said = jomo_at(CLOCK, &[&line[..], &["--out", out.to_str().unwrap()]].concat());
    assert_eq!(said.exit, Exit::Input, "{}", said.err);
    assert!(said.err.contains("ファイルが空です"), "{}", said.err);
}

/// A gauge that reports beyond its range (`>77.00`) is no low river, and a table of which no gauge
/// can be read is no cycle without faults.
#[test]
fn what_cannot_be_read_is_told() {
    let (folder, region) = region(|text| text.replace("state = \"state\"\n", ""));
    let gauges = fs::read_to_string(region.join("gauges.csv")).unwrap();
    let code = gauges.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    let readings = fs::read_to_string(region.join("gauge_levels.csv")).unwrap();
    let mut text = String::new();
    for line in readings.lines().filter(|line| !line.starts_with(&code)) {
        text += line;
        text.push('\n');
    }
    writeln!(text, "{code},2026-09-01T09:00:00+09:00,70.00,,,").unwrap();
    put(&region, "gauge_levels.csv", &text);
    let (_, low) = levels(&region, &folder.path().join("low"));
    for minute in [20, 30, 40, 50] {
        writeln!(text, "{code},2026-09-01T21:{minute}:00+09:00,>77.00,,,").unwrap();
    }
    put(&region, "gauge_levels.csv", &text);
    let (said, told) = levels(&region, &folder.path().join("beyond"));
    assert_eq!(said.exit, Exit::Faults, "{}", said.err);
    assert_eq!(
        told["faults"]["reading-unreadable"]["places"][0],
        format!("{code} 2026-09-01T12:50:00Z")
    );
    let agreed = |record: &Value| record["counts"]["silences_agreed"].as_u64().unwrap();
    assert!(agreed(&told) < agreed(&low), "{told}");
    assert!(low["faults"].get("reading-unreadable").is_none(), "{low}");
    // Longitudes with a letter: no gauge is left, and that is no standing matter.
    let mut broken = String::new();
    for (place, line) in gauges.lines().enumerate() {
        let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        let cell = |(column, cell): (usize, &String)| {
            if 0 < place && column == 5 { format!("{cell} E") } else { cell.clone() }
        };
        let cells: Vec<String> = cells.iter().enumerate().map(cell).collect();
        broken += &cells.join(",");
        broken.push('\n');
    }
    put(&region, "gauges.csv", &broken);
    let (said, told) = levels(&region, &folder.path().join("broken"));
    assert_eq!(said.exit, Exit::Faults, "{}", said.err);
    let faults = told["faults"].as_object().unwrap();
    assert!(faults.values().any(|fault| fault["count"] == 12), "{told}");
    assert!(
        told["standing"]
            .as_object()
            .is_none_or(|standing| !standing.keys().any(|code| code.starts_with("gauge-"))),
        "{told}"
    );
}
