//! `jomo flood watch` as a process, with a program that stands in for the forecast.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use jomo_core::Timestamp;
use jomo_core::layer::Access;
use jomo_format::grib2::{FileWriter, Identification, LatLonGrid, Product, rain_levels_2017};
use jomo_store::Store;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

const JOMO: &str = env!("CARGO_BIN_EXE_jomo");
const REFERENCE: &str = "2017-08-07T00:10:00Z";
const NOW: &str = "2017-08-07T00:16:00Z";
const REGION: &str = r#"
id = "ward"
title = { ja = "架空の区", en = "Invented ward" }
planar_crs = 6677
bbox = [138.9, 36.3, 139.2, 36.6]
fictional = true
[rainfall]
spool = "rain"
[forecast]
state = "state"
"#;

/// A folder with a region, its spool and the program of the cycle.
struct Post {
    folder: TempDir,
}

impl Post {
    /// `forecast` are the words of the shell that stand in for a cycle; `$out` is its folder.
    fn new(forecast: &str) -> Self {
        let post = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(post.path("rain")).unwrap();
        fs::write(post.path("region.toml"), REGION).unwrap();
        let rain = format!(
            "exec {JOMO} flood rain --grib {} --region {} --out \"$out\" --quiet",
            post.path("rain/f.bin").display(),
            post.path("region.toml").display()
        );
        let script = format!(
            "#!/bin/sh\nfor word in \"$@\"; do case $word in --out=*) out=${{word#--out=}};; esac; \
             done\necho \"$@\" >> {}\nif [ \"$1\" != flood ]; then exec {JOMO} \"$@\"; fi\n{}\n",
            post.path("calls").display(),
            forecast.replace("RAIN", &rain)
        );
        fs::write(post.path("program"), script).unwrap();
        fs::set_permissions(post.path("program"), fs::Permissions::from_mode(0o755)).unwrap();
        post
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Both products of the reference time, as tests.
    fn rain(&self) {
        self.rain_of(1);
    }

    /// The same with a production status.
    fn rain_of(&self, status: u8) {
        let reference: Timestamp = REFERENCE.parse().unwrap();
        let grid = LatLonGrid::from_outer([138.9, 36.3, 139.2, 36.6], 12, 10).unwrap();
        let levels: Vec<u8> = (0..120).map(|cell| cell % 12).collect();
        let forecast = Product::rain_forecast(reference, 1).unwrap();
        let analysis = Product::rain_analysis(reference);
        for (name, identification, product) in [
            ("rain/f.bin", Identification::forecast(reference), forecast),
            ("rain/a.bin", Identification::analysis(reference), analysis),
        ] {
            // An invented region takes tests only.
            let mut writer = FileWriter::new(Identification { status, ..identification }, grid);
            writer.field(&product, &rain_levels_2017(), &levels).unwrap();
            fs::write(self.path(name), writer.finish()).unwrap();
        }
    }

    fn watch(&self, more: &[&str]) -> Command {
        let mut command = Command::new(JOMO);
        command.args(["--lang", "ja", "flood", "watch"]).arg(self.path("region.toml"));
        command.arg("--store").arg(self.path("store")).arg("--program").arg(self.path("program"));
        command.args(["--now", NOW, "--poll-s", "1"]).args(more).stdin(Stdio::null());
        command
    }

    fn once(&self) -> Output {
        self.watch(&["--once"]).output().unwrap()
    }

    fn state(&self) -> Value {
        let bytes = fs::read(self.path("state/watch/watch.json")).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.path("calls")).unwrap_or_default()
    }
}

/// Waits for something to come true.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_mins(1), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn stop(child: &Child) {
    kill_process(Pid::from_child(child), Signal::TERM).unwrap();
}

/// From files in the spool to a published layer, a state that says so and a record that stays.
#[test]
fn what_is_there_is_computed_and_published() {
    let post = Post::new("RAIN");
    post.rain();
    // Neither hidden names nor other files are products.
    fs::write(post.path("rain/.x.bin"), b"GRIB").unwrap();
    fs::write(post.path("rain/notes.txt"), b"x").unwrap();
    let said = post.once();
    let (out, err) =
        (String::from_utf8(said.stdout).unwrap(), String::from_utf8(said.stderr).unwrap());
    assert_eq!(said.status.code(), Some(0), "{out}{err}");
    assert!(out.starts_with("計算正常 2017-08-07 09:10 JST"), "{out}");
    let store = Store::open(post.path("store")).unwrap();
    assert!(store.current(Access::Public).unwrap().unwrap().layers.contains_key("rain_forecast"));
    let state = post.state();
    assert_eq!(state["health"], "normal");
    assert_eq!(state["live"]["reference_time"], REFERENCE);
    assert_eq!(state["counts"]["published"], 1);
    assert_eq!(state["files"]["whole"], 2);
    let cycle = post.path("state/watch/cycles/20170807T001000Z");
    assert!(cycle.join("run.json").is_file());
    assert!(!cycle.join("stage/rain_forecast").exists());
    let calls = post.calls();
    assert!(calls.starts_with("flood forecast"), "{calls}");
    assert!(calls.contains("--at=2017-08-07T00:10:00Z"), "{calls}");
    assert_eq!(calls.lines().count(), 2, "{calls}");
}

/// A forecast that lacked something is published, and told as such by code and in words.
#[test]
fn what_a_forecast_lacked_is_told() {
    let late = r#"{"forecast-rain-late": {"count": 1, "places": ["90 min"]}}"#;
    let post = Post::new(&format!(
        "(RAIN) && sed -i 's/\"faults\": {{}}/\"faults\": {late}/' \"$out/run.json\" && exit 4"
    ));
    post.rain();
    let said = post.once();
    let (out, err) =
        (String::from_utf8(said.stdout).unwrap(), String::from_utf8(said.stderr).unwrap());
    assert_eq!(said.status.code(), Some(4), "{out}{err}");
    assert!(
        out.starts_with("計算しましたが、足りないデータがあります 2017-08-07 09:10 JST"),
        "{out}"
    );
    assert!(out.contains("降水予測が更新されていません"), "{out}");
    assert!(err.contains("足りないデータがあるまま公開しました"), "{err}");
    let state = post.state();
    assert_eq!(state["health"], "degraded");
    assert_eq!(state["missing"][0]["code"], "forecast-rain-late");
    assert_eq!(state["missing"][0]["places"][0], "90 min");
    assert_eq!(state["counts"]["published"], 1);
}

/// What the tables lack all year is told apart, and does not make a good result look degraded.
#[test]
fn what_stands_in_the_tables_is_told_apart() {
    let outside = r#"{"gauge-outside": {"count": 2, "places": ["g8", "g9"]}}"#;
    let post = Post::new(&format!(
        "(RAIN) && sed -i 's/\"standing\": {{}}/\"standing\": {outside}/' \"$out/run.json\" && exit 4"
    ));
    post.rain();
    let said = post.once();
    let (out, err) =
        (String::from_utf8(said.stdout).unwrap(), String::from_utf8(said.stderr).unwrap());
    // Something was kept out, as ever: the code of the exit says so, the sentence does not.
    assert_eq!(said.status.code(), Some(4), "{out}{err}");
    assert!(out.starts_with("計算正常 2017-08-07 09:10 JST"), "{out}");
    assert!(!err.contains("足りないデータがあるまま"), "{err}");
    let state = post.state();
    assert_eq!((&state["health"], &state["missing"]), (&"normal".into(), &serde_json::json!([])));
    assert_eq!(state["standing"][0]["code"], "gauge-outside");
    assert_eq!(state["standing"][0]["places"], serde_json::json!(["g8", "g9"]));
}

/// A blocked forecast publishes nothing, and nothing is told as normal.
#[test]
fn a_refused_forecast_is_told_as_stale() {
    let post = Post::new("echo no rain >&2; exit 5");
    post.rain();
    let said = post.once();
    let err = String::from_utf8(said.stderr).unwrap();
    assert_eq!(said.status.code(), Some(5), "{err}");
    assert!(err.contains("no rain"), "{err}");
    assert_eq!(post.state()["health"], "nothing");
    assert_eq!(post.state()["counts"]["discarded"], 1);
    assert!(!post.path("store").exists());
}

/// What is computed from real rain is for officials: it never becomes public as invented.
#[test]
fn real_rain_in_an_invented_region_is_refused() {
    let post = Post::new("RAIN");
    post.rain_of(0);
    assert_eq!(post.once().status.code(), Some(5));
    // What cannot be used may still be arriving, and is named after a while.
    assert_eq!(post.state()["files"]["waiting"], 2);
    assert_eq!(post.state()["health"], "nothing");
    assert_eq!(post.calls(), "");
}

/// A half-written file begins nothing, and is neither moved nor deleted.
#[test]
fn a_half_written_file_begins_nothing() {
    let post = Post::new("RAIN");
    post.rain();
    fs::remove_file(post.path("rain/a.bin")).unwrap();
    let whole = fs::read(post.path("rain/f.bin")).unwrap();
    fs::write(post.path("rain/f.bin"), &whole[..whole.len() / 2]).unwrap();
    assert_eq!(post.once().status.code(), Some(5));
    assert_eq!(post.state()["files"]["waiting"], 1);
    assert_eq!(post.calls(), "");
    assert!(post.path("rain/f.bin").is_file());
}

/// An interrupt ends the cycle with the watch; meanwhile no second watch works in its folder.
#[test]
fn an_interrupt_ends_the_cycle_too() {
    let post = Post::new("echo $$ > \"${0%program}pid\"; exec sleep 300");
    post.rain();
    let quiet = || Stdio::null();
    let mut watch = post.watch(&[]).stdout(quiet()).stderr(quiet()).spawn().unwrap();
    let pid = || fs::read_to_string(post.path("pid")).ok().filter(|pid| pid.ends_with('\n'));
    until("the cycle begins", || pid().is_some());
    until("the state says so", || post.state()["in_work"] == REFERENCE);
    assert_eq!(post.once().status.code(), Some(1));
    stop(&watch);
    assert_eq!(watch.wait().unwrap().code(), Some(130));
    let cycle = PathBuf::from("/proc").join(pid().unwrap().trim());
    until("the cycle ends", || !cycle.exists());
    assert_eq!(post.state()["health"], "nothing");
}

/// A real region has no clock but that on the wall.
#[test]
fn a_real_region_is_not_watched_by_another_clock() {
    let post = Post::new("RAIN");
    let real = REGION.replace("fictional = true\n", "");
    fs::write(post.path("region.toml"), real).unwrap();
    assert_eq!(post.once().status.code(), Some(5));
}
