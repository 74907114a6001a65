//! The contract of the command line: exit codes, words, files; in process, with a given clock.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "commands/flood.rs"]
mod flood;
#[path = "commands/flood_contract.rs"]
mod flood_contract;
#[path = "commands/flood_faults.rs"]
mod flood_faults;
#[path = "commands/flood_forecast.rs"]
mod flood_forecast;
#[path = "commands/flood_hostile.rs"]
mod flood_hostile;
#[path = "commands/flood_layers.rs"]
mod flood_layers;
#[path = "commands/pairs.rs"]
mod pairs;
#[path = "commands/people.rs"]
mod people;
#[path = "commands/tiles.rs"]
mod tiles;
#[path = "commands/watch.rs"]
mod watch;
#[path = "commands/work.rs"]
mod work;

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use jomo::cli::Shell;
use jomo::failure::Exit;
use jomo_core::Timestamp;
use jomo_core::layer::{Access, Layer, Mode};
use jomo_format::grib2::{FileWriter, Identification, LatLonGrid, Product, rain_levels_2017};
use jomo_store::Store;
use tempfile::TempDir;

const NOW: &str = "2026-11-22T12:00:00Z";

/// What a command said.
struct Said {
    exit: Exit,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn jomo_at(now: &str, line: &[&str]) -> Said {
    let (out, err) = (RefCell::new(String::new()), RefCell::new(String::new()));
    let shell = Shell {
        now: time(now),
        locale: &|_| None,
        print: &|text| out.borrow_mut().push_str(text),
        tell: &|text| {
            err.borrow_mut().push_str(text);
            err.borrow_mut().push('\n');
        },
    };
    let line = ["jomo", "--progress", "none"].iter().chain(line).map(Into::into).collect();
    let exit = shell.run(line);
    Said { exit, out: out.into_inner(), err: err.into_inner() }
}

fn jomo(line: &[&str]) -> Said {
    jomo_at(NOW, line)
}

/// A folder with a region, points and two hours of rain.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        desk.write("region.toml", REGION.as_bytes());
        desk.write("points.csv", b"code,lon,lat,level\na,139.0,36.4,1.5\nb,139.1,36.5,\n");
        desk
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn rain(&self, name: &str, reference: &str, status: u8) -> String {
        let reference = time(reference);
        let identification = Identification { status, ..Identification::forecast(reference) };
        let grid = LatLonGrid::from_outer([138.9, 36.3, 139.2, 36.6], 12, 10).unwrap();
        let mut writer = FileWriter::new(identification, grid);
        for lead in [1, 2] {
            let product = Product::rain_forecast(reference, lead).unwrap();
            let levels: Vec<u8> = (0..120).map(|cell| (cell * lead) % 12).collect();
            writer.field(&product, &rain_levels_2017(), &levels).unwrap();
        }
        self.write(name, &writer.finish())
    }

    fn flood_rain(&self, now: &str, grib: &str, more: &[&str]) -> Said {
        let (region, store) = (self.path("region.toml"), self.path("store"));
        let mut line = vec!["flood", "rain", "--grib", grib, "--region", &region];
        if !more.contains(&"--out") {
            line.extend(["--store", &store]);
        }
        line.extend(more);
        jomo_at(now, &line)
    }

    fn import(&self, more: &[&str]) -> Said {
        let (points, store) = (self.path("points.csv"), self.path("store"));
        let mut line = vec!["import", &points, "--layer", "points", "--id-field", "code"];
        if !more.contains(&"--out") {
            line.extend(["--store", &store]);
        }
        line.extend(more);
        jomo(&line)
    }

    fn layer(&self, id: &str) -> Layer {
        let store = Store::open(Path::new(&self.path("store"))).unwrap();
        store.current(Access::Public).unwrap().unwrap().layers[id].layer.clone()
    }
}

const REGION: &str = r#"
id = "test"
title = { ja = "試験", en = "Test" }
planar_crs = 6677
bbox = [138.9, 36.3, 139.2, 36.6]
"#;

#[test]
fn words_are_japanese_unless_asked_otherwise() {
    let desk = Desk::new();
    let missing = desk.path("no.csv");
    let line = ["import", &missing, "--layer", "points", "--store", "s"];
    let said = jomo(&line);
    assert_eq!(said.exit, Exit::Input);
    assert!(said.err.contains("エラー: ") && said.err.contains("対処: "), "{}", said.err);
    assert!(said.err.contains(&missing), "{}", said.err);
    assert_eq!(said.out, "", "words go to stderr only");
    let said = jomo(&[&line[..], &["--lang", "en"]].concat());
    assert!(said.err.contains("error: ") && said.err.contains("hint: "), "{}", said.err);
    let said = jomo(&[&line[..], &["--json"]].concat());
    assert_eq!(said.json()["errors"][0]["code"], "cli-io");
}

#[test]
fn wrong_use_ends_with_2() {
    let desk = Desk::new();
    let points = desk.path("points.csv");
    let lines: [&[&str]; 8] = [
        &["doctor", "--threads", "100000"],
        &[],
        &["fly"],
        &["import", &points, "--layer", "points"],
        &["import", &points, "--layer", "Points", "--store", "s"],
        &["import", &points, "--layer", "points", "--store", "s", "--kind", "guess"],
        &["import", &points, "--layer", "points", "--store", "s", "--color", "red"],
        &["publish", "--store", "s"],
    ];
    for line in lines {
        assert_eq!(jomo(line).exit, Exit::Usage, "{line:?}");
    }
    assert_eq!(jomo(&["rollback", "--store", &desk.path("none")]).exit, Exit::Usage);
}

#[test]
fn help_is_japanese_and_goes_to_stdout() {
    let said = jomo(&["flood", "rain", "--help"]);
    assert_eq!((said.exit, said.err.as_str()), (Exit::Done, ""));
    assert!(said.out.contains("気象庁の格子雨量を地域で切り出して公開する"), "{}", said.out);
    let said = jomo(&["completions", "bash"]);
    assert!(said.out.contains("_jomo"), "{}", said.out);
}

#[test]
fn every_fault_of_a_region_is_told_at_once() {
    let desk = Desk::new();
    let grib = desk.rain("rain.bin", "2026-11-22T11:00:00Z", 0);
    let text = REGION.replace("planar_crs", "planer_crs").replace("138.9,", "140.0,");
    desk.write("region.toml", text.as_bytes());
    let said = desk.flood_rain(NOW, &grib, &["--lang", "en", "--json"]);
    assert_eq!(said.exit, Exit::Input);
    let codes: Vec<_> = said.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["code"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(codes, ["region-missing-key", "region-value", "region-unknown-key"]);
    assert!(said.err.contains("Did you mean: planar_crs"), "{}", said.err);
}

/// The law of page 00: live only within a day of the reference time.
#[test]
fn rain_is_live_for_a_day_and_a_replay_afterwards() {
    let desk = Desk::new();
    let grib = desk.rain("rain.bin", "2026-11-22T11:30:00Z", 0);
    assert_eq!(desk.flood_rain(NOW, &grib, &[]).exit, Exit::Done);
    let live = desk.layer("rain_forecast");
    assert_eq!(live.mode, Mode::Live);
    assert_eq!((live.clock, live.expires), (None, Some(time("2026-11-22T12:30:00Z"))));
    assert_eq!(live.feature_count, 110, "10 cells of 120 are missing");

    let said = desk.flood_rain(NOW, &grib, &["--lang", "ja"]);
    assert!(said.err.contains("変更なし") && said.exit == Exit::Done, "{}", said.err);
    assert_eq!(desk.flood_rain("2026-11-23T11:31:00Z", &grib, &[]).exit, Exit::Done);
    let replay = desk.layer("rain_forecast");
    assert_eq!((replay.mode, replay.clock), (Mode::Replay, replay.reference_time));
}

#[test]
fn rain_of_another_time_or_world_is_blocked() {
    let desk = Desk::new();
    let future = desk.rain("future.bin", "2026-11-22T12:11:00Z", 0);
    assert_eq!(desk.flood_rain(NOW, &future, &[]).exit, Exit::Blocked);
    let test = desk.rain("test.bin", "2026-11-22T11:30:00Z", 1);
    let said = desk.flood_rain(NOW, &test, &["--json"]);
    assert_eq!(said.exit, Exit::Blocked);
    assert_eq!(said.json()["errors"][0]["code"], "rain-not-operational");
    assert!(!Path::new(&desk.path("store")).join("public").exists(), "nothing is published");

    desk.write("region.toml", format!("{REGION}\nfictional = true\n").as_bytes());
    let real = desk.rain("real.bin", "2026-11-22T11:30:00Z", 0);
    let said = desk.flood_rain(NOW, &real, &["--json"]);
    assert_eq!(said.exit, Exit::Blocked);
    let error = &said.json()["errors"][0];
    assert_eq!(error["code"], "rain-operational");
    assert_eq!(error["arguments"]["key"], "fictional = true");
    assert!(!Path::new(&desk.path("store")).join("public").exists(), "nothing is published");
    assert_eq!(desk.flood_rain(NOW, &test, &[]).exit, Exit::Done);
    let layer = desk.layer("rain_forecast");
    assert_eq!(layer.mode, Mode::Fictional);
    assert!(layer.title.ja.contains("架空"), "{}", layer.title.ja);
}

/// Every prefix of a file ends in exit code 3 and publishes nothing.
#[test]
fn truncated_rain_is_refused() {
    let desk = Desk::new();
    let whole = fs::read(desk.rain("rain.bin", "2026-11-22T11:30:00Z", 0)).unwrap();
    for length in (0..whole.len()).step_by(7) {
        let cut = desk.write("cut.bin", &whole[..length]);
        let said = desk.flood_rain(NOW, &cut, &["--json"]);
        assert_eq!(said.exit, Exit::Input, "{length} bytes: {}", said.err);
        assert!(said.err.contains("cut.bin"), "{}", said.err);
    }
    assert!(!Path::new(&desk.path("store/public")).exists());
}

#[test]
fn the_newest_reference_time_wins() {
    let desk = Desk::new();
    let old = desk.rain("old.bin", "2026-11-22T10:00:00Z", 0);
    let new = desk.rain("new.bin", "2026-11-22T11:10:00Z", 0);
    let region = desk.path("region.toml");
    let store = desk.path("store");
    let line = ["flood", "rain", "--grib", &new, &old, "--region", &region, "--store", &store];
    assert_eq!(jomo(&line).exit, Exit::Done);
    let layer = desk.layer("rain_forecast");
    assert_eq!(layer.reference_time, Some(time("2026-11-22T11:10:00Z")));
    let hours: Vec<_> = layer.valid_times.iter().map(ToString::to_string).collect();
    assert_eq!(hours, ["2026-11-22T12:10:00Z", "2026-11-22T13:10:00Z"], "of one run only");
    assert_eq!(layer.run.inputs.len(), 2);
}

/// Stale data never replace current data, whichever way they come.
#[test]
fn older_rain_does_not_replace_newer() {
    let desk = Desk::new();
    let new = desk.rain("new.bin", "2026-11-22T11:50:00Z", 0);
    let old = desk.rain("old.bin", "2026-11-22T11:40:00Z", 0);
    let stale = desk.rain("stale.bin", "2026-11-22T10:00:00Z", 0);
    assert_eq!(desk.flood_rain(NOW, &stale, &["--json"]).exit, Exit::Blocked, "expired at 11:00");
    assert_eq!(desk.flood_rain(NOW, &new, &[]).exit, Exit::Done);
    let live = desk.layer("rain_forecast").version;
    let said = desk.flood_rain(NOW, &old, &["--json"]);
    assert_eq!(said.json()["errors"][0]["code"], "store-older");
    let run = desk.path("run");
    assert_eq!(desk.flood_rain(NOW, &old, &["--out", &run]).exit, Exit::Done);
    let said = jomo(&["publish", &run, "--store", &desk.path("store")]);
    assert_eq!(said.exit, Exit::Blocked, "{}", said.err);
    assert_eq!(desk.layer("rain_forecast").version, live);
}

#[test]
fn an_analysis_is_not_called_a_forecast() {
    let desk = Desk::new();
    let reference = time("2026-11-22T11:50:00Z");
    let grid = LatLonGrid::from_outer([138.9, 36.3, 139.2, 36.6], 12, 10).unwrap();
    let mut writer = FileWriter::new(Identification::analysis(reference), grid);
    writer.field(&Product::rain_analysis(reference), &rain_levels_2017(), &[5; 120]).unwrap();
    let analysis = desk.write("analysis.bin", &writer.finish());
    assert_eq!(desk.flood_rain(NOW, &analysis, &[]).exit, Exit::Done);
    assert!(desk.layer("rain_forecast").title.ja.contains("解析雨量"));
}

/// What is made from sample input is fictional, whatever region it is given to.
#[test]
fn the_sample_cannot_pass_for_real() {
    let desk = Desk::new();
    let dir = desk.path("sample");
    assert_eq!(jomo(&["sample", "generate", &dir]).exit, Exit::Done);
    let rain = fs::read_dir(Path::new(&dir).join("rain")).unwrap();
    for file in rain.map(|entry| entry.unwrap().path()) {
        let said = desk.flood_rain("2026-11-22T12:00:00Z", &file.to_string_lossy(), &[]);
        assert_eq!(said.exit, Exit::Blocked, "{}", said.err);
    }
    let (gauges, store) = (format!("{dir}/gauges.csv"), desk.path("store"));
    let said = jomo(&["import", &gauges, "--layer", "gauges", "--store", &store]);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    let layer = desk.layer("gauges");
    assert_eq!(layer.mode, Mode::Fictional);
    assert!(layer.title.ja.contains("架空"), "{}", layer.title.ja);
}

#[test]
fn cells_without_data_are_no_layer() {
    let desk = Desk::new();
    let reference = time("2026-11-22T11:50:00Z");
    let grid = LatLonGrid::from_outer([138.9, 36.3, 139.2, 36.6], 12, 10).unwrap();
    let mut writer = FileWriter::new(Identification::forecast(reference), grid);
    let product = Product::rain_forecast(reference, 1).unwrap();
    writer.field(&product, &rain_levels_2017(), &[0; 120]).unwrap();
    let missing = desk.write("missing.bin", &writer.finish());
    let out = desk.path("out");
    let said = desk.flood_rain(NOW, &missing, &["--out", &out, "--json"]);
    assert_eq!(said.json()["errors"][0]["code"], "rain-no-data");
    assert!(Path::new(&desk.path("out.failed/run.json")).is_file());
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_at_once() {
    let desk = Desk::new();
    let pipe = desk.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let said = jomo(&["import", &pipe, "--layer", "points", "--store", "s", "--json"]);
    assert_eq!(said.json()["errors"][0]["code"], "cli-not-a-file");
}

#[test]
fn flags_that_contradict_the_data_are_refused() {
    let desk = Desk::new();
    assert_eq!(desk.import(&["--min-zoom", "9", "--max-zoom", "3"]).exit, Exit::Usage);
    let said = desk.import(&["--label-field", "nme"]);
    assert_eq!(said.exit, Exit::Usage);
    assert!(said.err.contains("level"), "names the columns: {}", said.err);
    assert_eq!(desk.import(&["--kind", "register"]).exit, Exit::Done);
    let store = Store::open(Path::new(&desk.path("store"))).unwrap();
    assert!(store.current(Access::Public).unwrap().is_none(), "a register is not public");
}

#[test]
fn a_run_folder_is_whole_or_not_there() {
    let desk = Desk::new();
    let out = desk.path("run");
    assert_eq!(desk.import(&["--out", &out]).exit, Exit::Done);
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(Path::new(&out).join("run.json")).unwrap()).unwrap();
    assert_eq!((&record["status"], &record["command"]), (&"done".into(), &"import".into()));
    assert_eq!(record["inputs"][0]["name"], "points.csv");
    assert!(0 < record["peak_memory_bytes"].as_u64().unwrap());
    assert!(!Path::new(&desk.path("run.part")).exists());

    let said = desk.import(&["--out", &out, "--json"]);
    assert_eq!(said.json()["status"], "unchanged");
    desk.write("points.csv", b"code,lon,lat\na,x,36.4\n");
    assert_eq!(desk.import(&["--out", &out]).exit, Exit::Input);
    assert!(Path::new(&out).join("stage/points/layer.json").is_file(), "the old run stays");
    let failed = fs::read_dir(desk.path("run.failed")).unwrap();
    let names: Vec<PathBuf> = failed.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names, [Path::new(&desk.path("run.failed")).join("run.json")]);

    let store = desk.path("store");
    assert_eq!(jomo(&["publish", &out, "--store", &store]).exit, Exit::Done);
    assert_eq!(desk.layer("points").feature_count, 2);
    let again = jomo(&["publish", &out, "--store", &store, "--json"]);
    assert_eq!(again.json()["status"], "unchanged");
}

#[test]
fn a_folder_of_somebody_else_is_not_touched() {
    let desk = Desk::new();
    let out = desk.path("mine");
    fs::create_dir(&out).unwrap();
    fs::write(Path::new(&out).join("thesis.txt"), "years").unwrap();
    assert_eq!(desk.import(&["--out", &out]).exit, Exit::Usage);
    assert_eq!(fs::read_to_string(Path::new(&out).join("thesis.txt")).unwrap(), "years");
    assert_eq!(jomo(&["publish", &out, "--store", &desk.path("s")]).exit, Exit::Input);
}

/// Beside `--out` a run needs names of its own; whoever has taken one keeps what they have.
#[test]
fn a_foreign_folder_beside_the_result_is_not_touched() {
    let desk = Desk::new();
    let out = desk.path("run");
    for suffix in ["part", "old"] {
        let beside = PathBuf::from(format!("{out}.{suffix}"));
        for foreign in ["photo.jpg", "run.json"] {
            fs::create_dir(&beside).unwrap();
            fs::write(beside.join(foreign), r#"{"status":"done","key":"k"}"#).unwrap();
            let said = desk.import(&["--out", &out]);
            assert_eq!(said.exit, Exit::Usage, "{suffix} {foreign}: {}", said.err);
            assert!(
                said.err.contains("作業用のフォルダの名前がすでに使われています"),
                "{}",
                said.err
            );
            assert!(said.err.contains("別の --out"), "{}", said.err);
            assert!(beside.join(foreign).is_file() && !Path::new(&out).exists());
            fs::remove_dir_all(&beside).unwrap();
        }
    }
    let elsewhere = desk.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, format!("{out}.part")).unwrap();
    assert_eq!(desk.import(&["--out", &out]).exit, Exit::Usage);
    fs::remove_file(format!("{out}.part")).unwrap();

    // What an interrupted run has left, and what is empty, is in nobody's way.
    let failed = format!("{out}.failed");
    fs::create_dir(&failed).unwrap();
    fs::write(format!("{failed}/letter.txt"), "mine").unwrap();
    fs::create_dir(format!("{out}.part")).unwrap();
    fs::write(format!("{out}.part/run.json"), r#"{"status":"running"}"#).unwrap();
    fs::write(format!("{out}.part/half"), "x").unwrap();
    fs::create_dir(format!("{out}.old")).unwrap();
    assert_eq!(desk.import(&["--out", &out]).exit, Exit::Done);
    assert!(!Path::new(&out).join("half").exists());
    assert_eq!(fs::read(format!("{failed}/letter.txt")).unwrap(), b"mine");
    for suffix in ["part", "old"] {
        assert!(!Path::new(&format!("{out}.{suffix}")).exists(), "{suffix}");
    }
    desk.write("points.csv", b"code,lon,lat\na,x,36.4\n");
    assert_eq!(desk.import(&["--out", &out]).exit, Exit::Input);
    assert_eq!(fs::read_dir(&failed).unwrap().count(), 1, "a foreign folder gets no record");
}

/// A folder that cannot be written is no fault of the input.
#[test]
fn an_unwritable_result_is_a_failure() {
    let desk = Desk::new();
    let file = desk.write("file", b"x");
    for out in [format!("{file}/run"), "/proc/jomo-run".to_owned()] {
        let said = desk.import(&["--out", &out]);
        assert_eq!(said.exit, Exit::Failed, "{out}: {}", said.err);
    }
    let (points, store) = (desk.path("points.csv"), format!("{file}/store"));
    let said = jomo(&["import", &points, "--layer", "points", "--store", &store]);
    assert_eq!(said.exit, Exit::Failed, "{}", said.err);
}

#[test]
fn bad_rows_are_counted_and_kept_out() {
    let desk = Desk::new();
    desk.write("points.csv", b"code,lon,lat\na,139.0,36.4\nb,999,36.5\nc,139.2,36.5\n");
    let said = desk.import(&["--json"]);
    assert_eq!(said.exit, Exit::Faults);
    assert_eq!(said.json()["layers"][0]["features"], 2);
    assert_eq!(said.json()["faults"].as_object().unwrap().len(), 1);
    assert_eq!(desk.layer("points").run.faults.total(), 1);
}

#[test]
fn ids_used_twice_are_refused() {
    let desk = Desk::new();
    desk.write("points.csv", b"code,lon,lat\na,139.0,36.4\na,139.1,36.5\n");
    let said = desk.import(&[]);
    assert_eq!(said.exit, Exit::Input);
    assert!(said.err.contains('a'), "{}", said.err);
}

#[test]
fn a_dry_run_writes_nothing() {
    let desk = Desk::new();
    assert_eq!(desk.import(&["--dry-run"]).exit, Exit::Done);
    assert!(!Path::new(&desk.path("store")).exists());
}

#[test]
fn generations_go_back_and_are_collected() {
    let desk = Desk::new();
    let store = desk.path("store");
    assert_eq!(desk.import(&[]).exit, Exit::Done);
    let first = desk.layer("points").version;
    assert_eq!(
        desk.import(&["--force", "--title-ja", "点", "--title-en", "Points"]).exit,
        Exit::Done
    );
    assert_ne!(desk.layer("points").version, first);
    assert_eq!(jomo(&["rollback", "--store", &store]).exit, Exit::Done);
    assert_eq!(desk.layer("points").version, first);
    let said = jomo(&["gc", "--store", &store, "--keep", "0", "--json"]);
    assert_eq!(said.json()["counts"]["versions"], 1);
    assert_eq!(jomo(&["rollback", "--store", &store]).exit, Exit::Usage);
}

#[test]
fn a_computed_forecast_cannot_be_imported_as_public() {
    let desk = Desk::new();
    let said = desk.import(&["--kind", "forecast"]);
    assert_eq!(said.exit, Exit::Blocked);
    assert!(said.err.contains("気象業務法"), "{}", said.err);
    assert_eq!(desk.import(&["--kind", "forecast", "--fictional"]).exit, Exit::Done);
    assert!(desk.layer("points").title.ja.contains("架空"));
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let desk = Desk::new();
    let grib = desk.rain("rain.bin", "2026-11-22T11:30:00Z", 0);
    let hashes = |threads: &str| {
        let out = desk.path(threads);
        let said = desk.flood_rain(NOW, &grib, &["--out", &out, "--threads", threads]);
        assert_eq!(said.exit, Exit::Done, "{}", said.err);
        fs::read(Path::new(&out).join("stage/rain_forecast/layer.json")).unwrap()
    };
    let one = hashes("1");
    assert_eq!(one, hashes("2"));
    assert_eq!(one, hashes("3"));
}

#[test]
fn the_sample_is_made_once_and_replaces_nothing_else() {
    let desk = Desk::new();
    let dir = desk.path("sample");
    fs::create_dir(&dir).unwrap();
    fs::write(Path::new(&dir).join("thesis.txt"), "years").unwrap();
    assert_eq!(jomo(&["sample", "generate", &dir]).exit, Exit::Usage);
    fs::remove_file(Path::new(&dir).join("thesis.txt")).unwrap();
    let statuses = || jomo(&["sample", "generate", &dir, "--json"]).json()["status"].clone();
    assert_eq!((statuses(), statuses()), ("done".into(), "unchanged".into()));
    let said = jomo(&["sample", "generate", &dir, "--seed", "7", "--dry-run"]);
    assert_eq!(said.exit, Exit::Done);
    fs::write(Path::new(&dir).join("rain/notes.txt"), "mine").unwrap();
    assert_eq!(jomo(&["sample", "generate", &dir, "--force"]).exit, Exit::Usage);
    assert!(Path::new(&dir).join("rain/notes.txt").is_file());
}

#[test]
fn the_doctor_says_what_it_found() {
    let desk = Desk::new();
    assert_eq!(desk.import(&[]).exit, Exit::Done);
    let said = jomo(&["doctor", "--store", &desk.path("store"), "--json"]);
    let checks = said.json()["checks"].as_array().unwrap().len();
    assert!(8 <= checks, "{}", said.out);
    let said = jomo_at("2001-01-01T00:00:00Z", &["doctor"]);
    assert_eq!(said.exit, Exit::Faults, "a clock in the past is a fault");
    assert!(said.out.contains("不良 時計"), "{}", said.out);
}
