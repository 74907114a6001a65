//! Parts of the forecast cycle: dams, late rain, soil water, breaches, calibrated parameters.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jomo::failure::Exit;
use jomo_core::frame::Position;
use jomo_core::projection::{Zone, forward};
use serde_json::Value;
use tempfile::TempDir;

use super::{AT, CLOCK, forecast, region, sample};
use crate::{Said, jomo_at};

fn record(out: &Path) -> Value {
    serde_json::from_slice(&fs::read(out.join("run.json")).unwrap()).unwrap()
}

fn layer(out: &Path, id: &str) -> Value {
    let path = out.join("stage").join(id).join("layer.json");
    serde_json::from_slice(&fs::read(&path).unwrap_or_else(|_| panic!("{}", path.display())))
        .unwrap()
}

fn levels(region: &Path, (clock, at): (&str, &str), out: &Path) -> Said {
    let (region, out) = (region.to_str().unwrap(), out.to_str().unwrap());
    jomo_at(clock, &["flood", "forecast", region, "--at", at, "--levels-only", "--out", out])
}

/// The record of a cycle to which nothing is missing. Cells of 40 m are no match for every gauge of
/// the sample: a model that is far from one is the one fault that may be left.
fn whole(said: &Said, out: &Path) -> Value {
    let told = record(out);
    let faults = told["faults"].as_object().unwrap();
    assert!(faults.keys().all(|code| code == "forecast-model-disagrees"), "{}", said.err);
    let exit = if faults.is_empty() { Exit::Done } else { Exit::Faults };
    assert_eq!(said.exit, exit, "{}", said.err);
    told
}

/// Nothing is missing in the sample: dams, soil and gauges are told, and no fault is left.
#[test]
fn a_whole_cycle_has_no_faults() {
    let (folder, region) = region(|text| text);
    let out = folder.path().join("out");
    let at = "2026-09-01T12:50:00Z";
    let said = levels(&region, (CLOCK, at), &out);
    let told = whole(&said, &out);
    let dam = &told["dams"][0];
    assert_eq!((dam["age_min"].as_i64(), &dam["then"]["rule"]), (Some(0), &Value::from("cut")));
    assert_eq!(dam["assumed"], serde_json::json!([]));
    assert!(10.0 < dam["release_m3_s"].as_f64().unwrap(), "{dam}");
    assert_eq!(told["soil_water"]["began"], "assumed");
    let soil = layer(&out, "soil_water_index");
    assert_eq!(soil["valid_times"].as_array().unwrap().len(), 7, "{soil}");
    assert_eq!(soil["valid_times"][0], at);
    assert!(100 < soil["feature_count"].as_u64().unwrap());
    assert_eq!((&soil["kind"], &soil["mode"]), (&"forecast".into(), &"fictional".into()));
    let table = fs::read_to_string(out.join("runoff_index.csv")).unwrap();
    assert!(table.lines().skip(1).count() % 7 == 0 && 70 < table.lines().count());
    // The next cycle goes on from lakes and tanks.
    let out = folder.path().join("next");
    let said = levels(&region, (CLOCK, AT), &out);
    let told = whole(&said, &out);
    assert_eq!(
        (&told["cold_start"], &told["soil_water"]["began"]),
        (&false.into(), &"saved".into())
    );
}

/// Without releases a dam goes by its rule, and that is told; with old ones, their age.
#[test]
fn missing_releases_are_a_fault() {
    let releases = fs::read_to_string(sample().join("sample/dam_release.csv")).unwrap();
    // Until 20:30 JST: ninety minutes before the reference time.
    let old: Vec<&str> =
        releases.lines().filter(|line| !line.contains("T22") && !line.contains("-02T")).collect();
    let old: Vec<&str> = old
        .into_iter()
        .filter(|line| !(line.contains("T21") || line.contains("T23") || line.contains("T20:4")))
        .filter(|line| !line.contains("T20:5"))
        .collect();
    for (keep, code, place) in [
        (None, "forecast-dam-silent", "9000001"),
        (Some(old.join("\n")), "forecast-dam-late", "9000001 90 min"),
    ] {
        let (folder, region) = region(|text| match &keep {
            None => text.replace("releases = \"dam_release.csv\"\n", ""),
            Some(_) => text.replace("dam_release.csv", "old.csv"),
        });
        if let Some(text) = &keep {
            fs::write(region.join("old.csv"), text).unwrap();
        }
        let out = folder.path().join("out");
        let said = levels(&region, (CLOCK, AT), &out);
        assert_eq!(said.exit, Exit::Faults, "{}", said.err);
        let told = record(&out);
        assert_eq!(told["faults"][code]["places"][0], place, "{told}");
    }
}

/// When rain is late a cycle goes on with the last forecast of it, and says how old that is; when it
/// is too late there is none.
#[test]
fn late_rain_is_a_fault_and_then_none() {
    let (folder, region) = region(|text| text);
    // The last forecast of rain is that of 12:00.
    for (at, clock, age_min) in [
        ("2026-09-01T13:00:00Z", "2026-09-01T13:01:00Z", Some(60)),
        ("2026-09-01T14:00:00Z", "2026-09-01T14:01:00Z", Some(120)),
        ("2026-09-01T14:10:00Z", "2026-09-01T14:11:00Z", None),
    ] {
        let out = folder.path().join(clock.replace(':', ""));
        let said = levels(&region, (clock, at), &out);
        match age_min {
            None => assert_eq!(said.exit, Exit::Blocked, "{at} {}", said.err),
            Some(60) => drop(whole(&said, &out)),
            Some(age_min) => {
                assert_eq!(said.exit, Exit::Faults, "{at} {}", said.err);
                let told = record(&out);
                let places = &told["faults"]["forecast-rain-late"]["places"];
                assert_eq!(places[0], format!("{age_min} min"));
                assert!(said.err.contains("降水予測が更新されていません"), "{}", said.err);
            }
        }
    }
}

/// Levees of the sample give way at an operator's word; where there is none, the breach is refused
/// and the forecast goes on.
#[test]
fn breaches_open_where_there_is_a_levee() {
    let banks: Value =
        serde_json::from_slice(&fs::read(sample().join("sample/banks.geojson")).unwrap()).unwrap();
    let zone = Zone::from_epsg(6677).unwrap();
    let mut file = String::from(
        "[rule]\nwidth = [1.6, 3.8, 62]\nfirst_share = 0.5\ngrowth_s = 3600\nsource = \"a test\"\n\
         applies_when = { levee_height_m = 0.3, river_width_m = 5.0 }\n",
    );
    let levees = banks["features"].as_array().unwrap().iter().filter(|bank| {
        let levee = &bank["properties"]["levee"];
        levee.as_bool().unwrap_or(levee == 1 || levee == "1")
    });
    let mut count = 1;
    for bank in levees.step_by(2) {
        let at = &bank["geometry"]["coordinates"][0];
        let lon_lat = Position::lon_lat([0, 1].map(|axis| at[axis].as_f64().unwrap()));
        let [x, y] = forward(zone, lon_lat).unwrap().xy;
        let side = bank["properties"]["side"].as_str().unwrap();
        let time = "2026-09-01T12:30:00Z";
        let _ = writeln!(
            file,
            "[[breach]]\nat = [{x:.1}, {y:.1}]\nside = \"{side}\"\ntime = \"{time}\""
        );
        count += 1;
    }
    // In the hills far away from everything.
    file += "[[breach]]\nat = [0.0, 0.0]\nside = \"left\"\nover_crest_m = 0.0\nfor_s = 600\n";
    let (folder, region) =
        region(|text| text.replace("[rivers]\n", "[rivers]\nbreaches = \"breach.toml\"\n"));
    fs::write(region.join("breach.toml"), file).unwrap();
    let out = folder.path().join("out");
    let said = forecast(&region, &["--out", out.to_str().unwrap()]);
    assert_eq!(said.exit, Exit::Faults, "{}", said.err);
    let told = record(&out);
    let refused = &told["faults"]["forecast-breach-refused"];
    assert!(refused["places"].as_array().unwrap().contains(&count.to_string().into()), "{refused}");
    // Every layer tells it, that of the levels too.
    for id in ["river_forecast", "flood_depth", "flood_band"] {
        let faults = &layer(&out, id)["run"]["faults"];
        assert_eq!(*faults, told["faults"], "{id}");
    }
    let breaches = told["inundation"][0]["breaches"].as_array().unwrap().clone();
    assert_eq!(breaches.len(), count);
    let open: Vec<&Value> = breaches.iter().filter(|breach| !breach["opened"].is_null()).collect();
    assert!(!open.is_empty(), "{breaches:?}");
    assert!(open.iter().all(|breach| breach["opened"] == "2026-09-01T12:30:00Z"), "{open:?}");
    for case in told["inundation"].as_array().unwrap() {
        assert!(case["volume_error"].as_f64().unwrap().abs() < 1e-6, "{case}");
    }
    for (id, assumes) in [("flood_band", true), ("flood_depth", true), ("river_risk", false)] {
        let said = layer(&out, id)["attribution"]["ja"].as_str().unwrap().contains("破堤を仮定");
        assert_eq!(said, assumes, "{id}");
    }
}

/// A sample with the rain of the whole event, coarser still.
fn event_region() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("sample");
    let mut settings = sample::Settings::default();
    (settings.cell_size_m, settings.event) = (80.0, true);
    sample::generate(&settings, &dir).unwrap();
    // Analyses from the warm-up to the end of the window, and forecasts of an hour: to read a whole
    // day takes longer than to compute.
    for entry in fs::read_dir(dir.join("event")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let stamp = name.split('_').find(|part| part.starts_with("20260901")).unwrap_or_default();
        let is_near = ("20260901090000".."20260901173000").contains(&stamp);
        let is_forecast = name.contains("FH01-06") && stamp.starts_with("2026090112");
        if !(is_near && (name.contains("ANAL") || is_forecast)) {
            fs::remove_file(path).unwrap();
        }
    }
    let text = fs::read_to_string(dir.join("region.toml")).unwrap();
    let quick = "[forecast]\nmembers = 4\nhours = 6\nwarm_up_hours = 3\n";
    fs::write(dir.join("region.toml"), text.replace("[forecast]\nstate = \"state\"\n", quick))
        .unwrap();
    let said = jomo_at(CLOCK, &["flood", "prepare", dir.to_str().unwrap()]);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    (folder, dir)
}

fn calibrate(region: &Path, threads: &str, out: &Path) -> Said {
    let line = [
        "flood",
        "calibrate",
        region.to_str().unwrap(),
        "--from",
        "2026-09-01T12:00:00Z",
        "--to",
        "2026-09-01T17:00:00Z",
        "--check-from",
        "2026-09-01T15:00:00Z",
        "--runs",
        "20",
        "--threads",
        threads,
        "--out",
        out.to_str().unwrap(),
    ];
    jomo_at(CLOCK, &line)
}

/// A search finds the same on one thread and on two, something no worse than the first guess where
/// it looked, and a forecast takes it up.
#[test]
fn parameters_are_found_and_taken_up() {
    let (folder, region) = event_region();
    let outs: [PathBuf; 2] = ["one", "two"].map(|name| folder.path().join(name));
    for (threads, out) in ["1", "2"].iter().zip(&outs) {
        let said = calibrate(&region, threads, out);
        assert!([Exit::Done, Exit::Faults].contains(&said.exit), "{}", said.err);
    }
    let [one, two] = outs.each_ref().map(|out| fs::read(out.join("parameters.toml")).unwrap());
    assert_eq!(one, two);
    let told = record(&outs[0]);
    let score = |which: &str, part: &str| told[which][part].as_f64().unwrap();
    assert!(
        score("uncalibrated", "kge_calibration") <= score("calibrated", "kge_calibration"),
        "{told}"
    );
    let is_better = score("uncalibrated", "kge_check") < score("calibrated", "kge_check");
    assert_eq!(told["faults"]["calibrate-not-better"].is_null(), is_better, "{told}");
    let first = folder.path().join("first");
    let said = levels(&region, (CLOCK, AT), &first);
    assert_eq!(whole(&said, &first)["settings"]["parameters"], Value::Null);
    let text = fs::read_to_string(region.join("region.toml")).unwrap();
    let path = outs[0].join("parameters.toml");
    let text =
        text.replace("[rivers]\n", &format!("[rivers]\nparameters = \"{}\"\n", path.display()));
    fs::write(region.join("region.toml"), text).unwrap();
    let out = folder.path().join("forecast");
    let said = levels(&region, (CLOCK, AT), &out);
    assert_eq!(whole(&said, &out)["settings"]["parameters"], told["parameters"]);
    let [first, taken] = [&first, &out].map(|out| fs::read(out.join("levels.csv")).unwrap());
    assert_ne!(first, taken, "the factors change nothing");
    // A file with a factor out of its range is refused with its line.
    fs::write(&path, String::from_utf8(one).unwrap().replace("channel = ", "channel = 9")).unwrap();
    let said = levels(&region, (CLOCK, AT), &folder.path().join("refused"));
    assert_eq!(said.exit, Exit::Input, "{}", said.err);
    assert!(said.err.contains("channel"), "{}", said.err);
}

/// Windows that make no sense, and windows without rain or readings, are told.
#[test]
fn windows_of_a_calibration_are_checked() {
    let (folder, region) = region(|text| text);
    let out = folder.path().join("out");
    for (from, to, exit, word) in [
        ("2026-09-01T13:00:00Z", "2026-09-01T09:00:00Z", Exit::Usage, "期間の指定"),
        ("2026-08-01T00:00:00Z", "2026-09-01T09:00:00Z", Exit::Usage, "期間の指定"),
        ("2025-09-01T00:00:00Z", "2025-09-01T09:00:00Z", Exit::Input, "解析雨量"),
        ("2026-09-01T03:00:00Z", "2026-09-01T03:20:00Z", Exit::Input, "水位の観測"),
    ] {
        let region = region.to_str().unwrap();
        let out = out.to_str().unwrap();
        let line = ["flood", "calibrate", region, "--from", from, "--to", to, "--out", out];
        let said = jomo_at(CLOCK, &line);
        assert_eq!(said.exit, exit, "{from} {}", said.err);
        assert!(said.err.contains(word), "{from} {}", said.err);
    }
}

/// 土砂災害警戒区域 are published as given: designated, whole, beside the index.
#[test]
fn hazard_zones_are_published_as_given() {
    let (folder, region) = region(|text| text);
    let file = sample().join("sample/hazard_zones.geojson");
    let out = folder.path().join("zones");
    let line = [
        "import",
        file.to_str().unwrap(),
        "--layer",
        "hazard_zones",
        "--region",
        region.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let said = jomo_at(CLOCK, &line);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    let zones: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let told = layer(&out, "hazard_zones");
    assert_eq!((&told["kind"], &told["access"]), (&"designated".into(), &"public".into()));
    let count = zones["features"].as_array().unwrap().len() as u64;
    assert_eq!(told["feature_count"].as_u64(), Some(count));
}

/// Rain was missed: gauges stand over their banks where the members see no flood. Then water is on
/// the map beside them, more of it in the high case, and none is made where gauges say nothing.
#[test]
fn a_gauge_over_its_banks_floods_the_plain() {
    let with = |rise_m: Option<f64>| {
        let (folder, region) = region(|text| text.replace("state = \"state\"\n", ""));
        let path = region.join("gauge_levels.csv");
        let text = fs::read_to_string(&path).unwrap();
        let (header, _) = text.split_once('\n').unwrap();
        let mut told = format!("{header}\n");
        for step in 0..7 {
            let part = f64::from(step) / 6.0;
            for (code, calm_m) in [("9000000001", 74.90), ("9000000002", 34.85)] {
                let level_m = calm_m + part * rise_m.unwrap_or_default();
                let _ = writeln!(
                    told,
                    "{code},2026-09-01T{:02}:{:02}:00+09:00,{level_m:.2},1,1,",
                    21 + step / 6,
                    10 * (step % 6)
                );
            }
        }
        fs::remove_file(&path).unwrap();
        fs::write(&path, if rise_m.is_some() { told } else { format!("{header}\n") }).unwrap();
        let out = folder.path().join("out");
        let said = forecast(&region, &["--out", out.to_str().unwrap()]);
        assert_eq!(said.exit, Exit::Faults, "{}", said.err);
        let record = record(&out);
        let cases = record["inundation"].as_array().unwrap();
        let of = |name: &str| cases.iter().find(|case| case["case"] == name).unwrap().clone();
        let number = |case: &Value, key: &str| case[key].as_f64().unwrap();
        for case in cases {
            assert!(number(case, "volume_error").abs() < 1e-6, "{case}");
        }
        let [middle, high] = ["middle", "high"].map(of);
        [&middle, &high].map(|case| [number(case, "added_m3"), number(case, "spilled_m3")])
    };
    let [[added_m3, spilled_m3], [added_high_m3, spilled_high_m3]] = with(Some(2.9));
    assert!(0.0 < added_m3 && added_m3 < added_high_m3, "{added_m3} {added_high_m3}");
    assert!(1e4 < spilled_m3 && spilled_m3 < spilled_high_m3, "{spilled_m3} {spilled_high_m3}");
    let [[none_m3, dry_m3], _] = with(None);
    assert!(none_m3 <= 0.0 && dry_m3 < spilled_m3, "{none_m3} {dry_m3}");
}

/// In fair weather all members are alike, and with one member they are one: the cases of the plain
/// are one run then, and the forecast is whole.
#[test]
fn cases_that_are_one_run_are_published() {
    let (folder, region) = region(|text| {
        text.replace("state = \"state\"\n", "").replace("members = 6", "members = 1")
    });
    let out = folder.path().join("out");
    let said = forecast(&region, &["--out", out.to_str().unwrap()]);
    assert!([Exit::Done, Exit::Faults].contains(&said.exit), "{}", said.err);
    let record = record(&out);
    let cases = record["inundation"].as_array().unwrap();
    assert_eq!(cases.iter().map(|case| &case["case"]).collect::<Vec<_>>(), ["middle"]);
    assert_eq!(layer(&out, "flood_depth")["id"], "flood_depth");
}
