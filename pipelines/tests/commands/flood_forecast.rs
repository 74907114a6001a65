//! The forecast cycle through the command line, on the fictional basin with cells of 40 m.

mod gaps;
mod parts;
mod snow;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jomo::failure::Exit;
use jomo::sample;
use jomo_core::feature::Value;
use jomo_format::flatgeobuf;
use jomo_format::vector::ReadOptions;
use tempfile::TempDir;

use crate::{Said, jomo_at};

const AT: &str = "2026-09-01T13:00:00Z";
const CLOCK: &str = "2026-09-01T13:05:00Z";

/// A coarse sample with its prepared basin, made once.
fn sample() -> &'static Path {
    static SAMPLE: OnceLock<TempDir> = OnceLock::new();
    let folder = SAMPLE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = sample::Settings::default();
        settings.cell_size_m = 40.0;
        let dir = folder.path().join("sample");
        sample::generate(&settings, &dir).unwrap();
        let said = jomo_at(CLOCK, &["flood", "prepare", dir.to_str().unwrap()]);
        assert_eq!(said.exit, Exit::Done, "{}", said.err);
        folder
    });
    folder.path()
}

/// A region of its own that shares the files of the sample.
fn region(change: impl Fn(String) -> String) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("region");
    fs::create_dir_all(&dir).unwrap();
    for entry in fs::read_dir(sample().join("sample")).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "region.toml" {
            std::os::unix::fs::symlink(entry.path(), dir.join(entry.file_name())).unwrap();
        }
    }
    let text = fs::read_to_string(sample().join("sample/region.toml")).unwrap();
    // Quick: few members, half a day.
    let text = text.replace(
        "[forecast]\n",
        "[forecast]\nmembers = 6\nhours = 9\nwarm_up_hours = 6\ninundation_hours = 1\n",
    );
    fs::write(dir.join("region.toml"), change(text)).unwrap();
    (folder, dir)
}

fn forecast(region: &Path, more: &[&str]) -> Said {
    let region = region.to_str().unwrap();
    jomo_at(CLOCK, &[&["flood", "forecast", region, "--at", AT, "--json"], more].concat())
}

/// Every file below a folder but the records of times.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().unwrap() != "run.json" {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Same inputs, same seed: one thread and two publish the same bytes, and a second run is none.
#[test]
fn threads_change_no_byte() {
    let (folder, region) = region(|text| text.replace("state = \"state\"\n", ""));
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    for (threads, out) in [("1", &one), ("2", &two)] {
        let out = out.to_str().unwrap();
        let said = forecast(&region, &["--threads", threads, "--out", out]);
        assert!([Exit::Done, Exit::Faults].contains(&said.exit), "{}", said.err);
    }
    let (one_files, two_files) = (files(&one), files(&two));
    assert_eq!(one_files.keys().collect::<Vec<_>>(), two_files.keys().collect::<Vec<_>>());
    for (name, bytes) in &one_files {
        assert!(two_files[name] == *bytes, "{name} differs");
    }
    for part in ["levels.csv", "hits.csv", "stage/river_forecast/series/9000000001.json.gz"] {
        assert!(one_files.contains_key(part), "{part} of {:?}", one_files.keys());
    }
    let again = forecast(&region, &["--out", one.to_str().unwrap()]);
    assert_eq!(again.json()["status"], "unchanged");
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(one.join("run.json")).unwrap()).unwrap();
    assert!(record["volume_error"].as_f64().unwrap() < 1e-6, "{record}");
    for case in record["inundation"].as_array().unwrap() {
        assert!(case["volume_error"].as_f64().unwrap().abs() < 1e-6, "{case}");
    }
    let stages: Vec<&str> = record["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    assert_eq!(stages, ["read", "model", "catch-up", "ahead", "inundation", "tiles"]);
}

/// Levels rise with the quantile, chances lie between 0 and 1, and every step of every gauge is
/// there.
#[test]
fn the_table_of_levels_is_whole() {
    let (folder, region) = region(|text| text);
    let out = folder.path().join("out");
    let said = forecast(&region, &["--levels-only", "--out", out.to_str().unwrap()]);
    assert!([Exit::Done, Exit::Faults].contains(&said.exit), "{}", said.err);
    let text = fs::read_to_string(out.join("levels.csv")).unwrap();
    let mut steps = BTreeMap::<String, usize>::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let levels: Vec<f64> = cells[3..8].iter().map(|cell| cell.parse().unwrap()).collect();
        assert!(levels.is_sorted(), "{line}");
        for chance in cells[8..10].iter().filter(|cell| !cell.is_empty()) {
            assert!((0.0..=1.0).contains(&chance.parse::<f64>().unwrap()), "{line}");
        }
        let step = steps.entry(cells[2].to_owned()).or_default();
        *step += 1;
        // All members on the first row, and where a lead is fitted: 10 to 60, 90, 120 min, 3, 4, 5, 6
        // and 9 h.
        let counts: Vec<usize> =
            cells[10..12].iter().map(|cell| cell.split_ascii_whitespace().count()).collect();
        let is_kept = [1, 2, 3, 4, 5, 6, 9, 12, 18, 24, 30, 36, 54].contains(step);
        let [first, kept] = [*step == 1, is_kept].map(|has| if has { 6 } else { 0 });
        assert_eq!(counts, [first, kept], "{line}");
        // How far the model is off, where it is.
        let error = Some(cells[12]).filter(|cell| !cell.is_empty());
        assert!(error.is_none_or(|cell| 0.5 < cell.parse::<f64>().unwrap()), "{line}");
    }
    assert!(9 < steps.len() && steps.values().all(|count| *count == 54), "{steps:?}");
}

/// Banks beside a gauge that the model is far from name it and are never told 0 or 100 %; others
/// say what their members do.
fn banks_know_of_gauges(out: &Path) {
    let bytes = fs::read(out.join("stage/river_risk/features.fgb")).unwrap();
    let table = flatgeobuf::read(&bytes, &ReadOptions::default()).unwrap().table;
    let place = |name: &str| table.fields.iter().position(|field| field.name == name).unwrap();
    let [gauge, error] = ["judged_by", "model_error_m"].map(place);
    let chances = ["p_over_1h", "p_over_3h", "p_over_6h"].map(place);
    let mut counts = [0, 0];
    for bank in &table.features {
        let told = chances.map(|chance| match bank.values[chance] {
            Some(Value::Int(percent)) => percent,
            ref other => panic!("{other:?}"),
        });
        match (&bank.values[gauge], &bank.values[error]) {
            (Some(Value::Text(name)), Some(Value::Float(error_m))) => {
                assert!(!name.is_empty() && 0.5 <= *error_m, "{bank:?}");
                assert!(told.iter().all(|percent| (1..=99).contains(percent)), "{bank:?}");
                counts[0] += 1;
            }
            (None, None) => counts[1] += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(counts.iter().all(|count| 20 < *count), "{counts:?}");
}

/// What was fitted makes the bands of its gauge and, pooled, those of all others; it is an input of
/// the run, and a table that is damaged stops the forecast.
#[test]
fn bands_are_those_that_were_fitted() {
    let (folder, region) =
        region(|text| text.replace("[forecast]\n", "[forecast]\ndressing = \"dressing.csv\"\n"));
    let header = "gauge,lead_min,kept,share,spread_m,forecasts,storms,rows\n";
    // Without members' deviations, 90 % lies within 1.645 spreads on either side.
    let sound = format!("{header}9000000001,10,1,0,0.1,100,10,2\n*,10,1,0,0.2,100,10,2\n");
    fs::write(region.join("dressing.csv"), sound).unwrap();
    let out = folder.path().join("out");
    // Before any gauge speaks: no error of the model is known.
    let place = region.to_str().unwrap();
    let line = ["flood", "forecast", place, "--at", "2026-09-01T12:10:00Z", "--levels-only"];
    let said = jomo_at(CLOCK, &[&line[..], &["--out", out.to_str().unwrap()]].concat());
    assert!([Exit::Done, Exit::Faults].contains(&said.exit), "{}", said.err);
    let text = fs::read_to_string(out.join("levels.csv")).unwrap();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [low, high] = [3, 7].map(|place| cells[place].parse::<f64>().unwrap());
        let spread = if cells[2] == "9000000001" { 0.1 } else { 0.2 };
        assert!((high - low - 2.0 * 1.644_85 * spread).abs() < 2e-3, "{line}");
    }
    let record = fs::read(out.join("run.json")).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    let bands = &record["bands"];
    assert_eq!(
        (&bands["own"], &bands["errors"], &bands["guess"]),
        (&1.into(), &0.into(), &0.into())
    );
    assert!(0 < bands["pooled"].as_u64().unwrap(), "{bands}");
    let inputs = record["inputs"].as_array().unwrap();
    assert!(inputs.iter().any(|input| input["name"] == "dressing.csv"), "{inputs:?}");
    // Where the model errs by more than three of the spreads that were fitted, they are not taken.
    let out = folder.path().join("rising");
    let said = forecast(&region, &["--levels-only", "--out", out.to_str().unwrap()]);
    assert_eq!(said.exit, Exit::Faults, "{}", said.err);
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("run.json")).unwrap()).unwrap();
    let far = record["faults"]["forecast-model-disagrees"]["count"].as_u64().unwrap();
    let own =
        record["bands"]["errors"].as_u64().unwrap() + record["bands"]["guess"].as_u64().unwrap();
    assert!(0 < far && far == own, "{record}");
    banks_know_of_gauges(&out);
    fs::write(region.join("dressing.csv"), format!("{header}*,10,1,0\n")).unwrap();
    let out = folder.path().join("other");
    let said = forecast(&region, &["--levels-only", "--out", out.to_str().unwrap()]);
    assert_eq!(said.exit, Exit::Input, "{}", said.err);
    assert!(said.err.contains("dressing.csv"), "{}", said.err);
}

/// The second cycle goes on from the state of the first; a state of other settings is passed over.
#[test]
fn a_cycle_goes_on_from_the_last() {
    let (folder, region) = region(|text| text);
    let line = |at: &'static str, out: &str| {
        let region = region.to_str().unwrap();
        let out = folder.path().join(out).to_str().unwrap().to_owned();
        let said = jomo_at(
            CLOCK,
            &["flood", "forecast", region, "--at", at, "--levels-only", "--out", &out],
        );
        assert!([Exit::Done, Exit::Faults].contains(&said.exit), "{}", said.err);
        let record = fs::read(Path::new(&out).join("run.json")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&record).unwrap()
    };
    let first = line("2026-09-01T11:50:00Z", "first");
    assert_eq!(first["cold_start"], true);
    // Ten minutes later there is no state of an hour before yet: the oldest is taken. Afterwards
    // the last hour is computed again, with what has come since.
    assert_eq!(line("2026-09-01T12:00:00Z", "soon")["settings"]["start"], "2026-09-01T11:50:00Z");
    let second = line(AT, "second");
    assert_eq!(second["cold_start"], false);
    assert_eq!(second["settings"]["start"], "2026-09-01T12:00:00Z");
    // States that a full disk cut: the one before them is taken.
    let states = || fs::read_dir(region.join("state")).unwrap().map(|entry| entry.unwrap().path());
    let of_noon = states().find(|path| path.to_string_lossy().contains("T120000Z")).unwrap();
    let bytes = fs::read(&of_noon).unwrap();
    fs::write(&of_noon, &bytes[..bytes.len() - 64]).unwrap();
    let cut = line(AT, "cut");
    assert_eq!(cut["settings"]["start"], "2026-09-01T11:50:00Z", "{cut}");
    assert_eq!(cut["faults"]["forecast-state-other"]["count"], 1, "{cut}");
    let text = fs::read_to_string(region.join("region.toml")).unwrap();
    fs::write(region.join("region.toml"), text.replace("members = 6", "members = 5")).unwrap();
    let other = line(AT, "third");
    assert_eq!(other["cold_start"], true);
    assert_eq!(other["faults"]["forecast-state-other"]["count"], 3, "{other}");
}

/// Without a rain forecast of the last two hours there is none of rivers, and nothing is left behind.
#[test]
fn stale_rain_is_no_forecast() {
    let (folder, region) = region(|text| text);
    let out = folder.path().join("out");
    let region = region.to_str().unwrap();
    let late = "2026-09-01T14:10:00Z";
    let line = ["flood", "forecast", region, "--at", late, "--out", out.to_str().unwrap()];
    let said = jomo_at("2026-09-01T14:11:00Z", &line);
    assert_eq!(said.exit, Exit::Blocked, "{}", said.err);
    assert!(said.err.contains("降水予測が届いていません"), "{}", said.err);
    assert!(!out.exists());
}

/// A result that its store would refuse is not begun; a folder takes it, to be scored.
#[test]
fn a_forecast_that_would_come_too_late_is_not_begun() {
    let (folder, region) = region(|text| text.replace("fictional = true\n", ""));
    let (region, store) = (region.to_str().unwrap(), folder.path().join("store"));
    let line = ["flood", "forecast", region, "--at", AT, "--json", "--store"];
    let line = [&line[..], &[store.to_str().unwrap()]].concat();
    let said = jomo_at("2026-09-01T14:00:00Z", &line);
    assert_eq!(said.exit, Exit::Blocked, "{}", said.err);
    assert_eq!(said.json()["errors"][0]["code"], "forecast-stale");
    assert!(!store.exists());
    // In time it is begun, and lacks the rain: what the sample invents is not for real regions.
    let said = jomo_at("2026-09-01T13:05:00Z", &line);
    assert_eq!(said.json()["errors"][0]["code"], "forecast-no-rain");
}

/// Each missing part is named with what to do.
#[test]
fn missing_parts_are_told() {
    for (change, exit, word) in [
        ("basin = \"basin\"", Exit::Input, "jomo flood prepare"),
        ("spool = \"rain\"", Exit::Input, "rainfall.spool"),
        ("table = \"gauges.csv\"", Exit::Input, "gauges.table"),
    ] {
        let (folder, region) = region(|text| match change {
            "basin = \"basin\"" => text.replace(change, "basin = \"none\""),
            _ => text.replace(change, ""),
        });
        let out = folder.path().join("out");
        let said = forecast(&region, &["--out", out.to_str().unwrap()]);
        assert_eq!(said.exit, exit, "{}", said.err);
        assert!(said.err.contains(word), "{}", said.err);
    }
}

/// A replay is no live forecast, keeps every table, and is scored.
#[test]
fn a_replay_can_be_scored() {
    let (folder, region) = region(|text| text);
    let out = folder.path().join("replay");
    let line = [
        "flood",
        "replay",
        region.to_str().unwrap(),
        "--from",
        "2026-09-01T12:00:00Z",
        "--to",
        "2026-09-01T13:00:00Z",
        "--every-min",
        "30",
        "--levels-only",
        "--out",
        out.to_str().unwrap(),
    ];
    let said = jomo_at("2026-11-22T12:00:00Z", &line);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    let folders: Vec<PathBuf> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    assert_eq!(folders.len(), 3, "{folders:?}");
    for folder in folders {
        assert!(folder.join("levels.csv").is_file());
    }
}
