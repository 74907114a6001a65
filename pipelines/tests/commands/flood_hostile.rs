//! What may stand in the way of `jomo flood simulate`: absurd numbers, grounds of a single row,
//! files and folders that cannot be used, other runs, and a sudden end.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jomo::failure::Exit;

use super::Said;
use super::flood::{Basin, RAIN, codes};

/// Numbers that have no place in a case, and the greatest that a file can hold.
const NUMBERS: [&str; 9] = [
    "nan",
    "inf",
    "-inf",
    "-1",
    "1e308",
    "-1e308",
    "9223372036854775807",
    "99999999999999999999",
    "5e-324",
];

/// Every number of a case, as it stands there and with a place for another.
const PLACES: [(&str, &str); 15] = [
    ("roughness = 0.03", "roughness = #"),
    ("depth = 0.1", "depth = #"),
    ("depth = 0.1", "level = #"),
    ("velocity = [0, 0]", "velocity = [#, 0]"),
    ("from = 10", "from = #"),
    ("to = 20", "to = #"),
    ("slope = 0.1", "slope = #"),
    ("value = 1", "value = #"),
    ("at = [35, 25]", "at = [35, #]"),
    ("rate_mm_h = 36", "rate_mm_h = #"),
    ("suction_mm = 110", "suction_mm = #"),
    ("deficit = 0.3", "deficit = #"),
    ("duration_s = 2", "duration_s = #"),
    ("cfl = 0.5", "cfl = #"),
    ("arrival_depth_m = 0.1", "arrival_depth_m = #"),
];

const NUMBERED: &str = r#"
[domain]
dem = "dem.asc"
roughness = 0.03
[initial]
depth = 0.1
velocity = [0, 0]
[boundary]
west = { kind = "discharge", value = 1, from = 10, to = 20 }
south = { kind = "open", slope = 0.1 }
[[source]]
at = [35, 25]
value = 0.5
[rain]
rate_mm_h = 36
infiltration = { kind = "green-ampt", conductivity_mm_h = 3, suction_mm = 110, deficit = 0.3 }
[run]
duration_s = 2
cfl = 0.5
[output]
arrival_depth_m = 0.1
"#;

/// Refused with the line, or computed at once.
#[test]
fn absurd_numbers_are_refused() {
    let basin = Basin::new();
    assert_eq!(basin.simulate(NUMBERED, &[]).exit, Exit::Done);
    let mut computed = Vec::new();
    for (own, other) in PLACES {
        assert!(NUMBERED.contains(own), "{own}");
        for number in NUMBERS {
            let text = other.replace('#', number);
            let said = basin.simulate(&NUMBERED.replace(own, &text), &["--json"]);
            match said.exit {
                Exit::Done => computed.push(text),
                Exit::Input => {
                    let told = said.json()["errors"][0]["detail"].to_string();
                    assert!(told.len() < 300, "{text}: {told}");
                }
                _ => panic!("{text}: {}", said.err),
            }
        }
    }
    // Numbers too small to matter, a level below the ground, a stretch beyond its side, a pump.
    let harmless = |text: &String| {
        let below = ["level = -1", "velocity = [-1, 0]", "value = -1", "level = 5e-324"];
        text.contains("5e-324") || text.starts_with("to = ") || below.contains(&text.as_str())
    };
    assert!(computed.iter().all(harmless), "{computed:?}");
    assert!(!computed.iter().any(|text| text.contains("depth_m") || text.contains("cfl")));
}

/// One row, one column, one cell: rain stays, whatever the scheme.
#[test]
fn single_rows_hold_their_rain() {
    let basin = Basin::new();
    let case = RAIN.split("[output]").next().unwrap();
    for shape in [[1, 8], [5, 1], [1, 1]] {
        basin.grid("dem.asc", shape, 10.0, |row, column| ((row + column) % 3) as f64);
        for flags in [&["--order", "1"][..], &["--order", "2"], &["--scheme", "inertial"]] {
            let said = basin.simulate(case, &[flags, &["--json"]].concat());
            assert_eq!(said.exit, Exit::Done, "{shape:?} {flags:?}: {}", said.err);
            let ledger = &said.json()["ledger"];
            let rain_m3 = 0.006 * 100.0 * (shape[0] * shape[1]) as f64;
            let held =
                ledger["storage_m3"].as_f64().unwrap() + ledger["waiting_m3"].as_f64().unwrap();
            assert!((held - rain_m3).abs() < 1e-6 * rain_m3, "{shape:?} {flags:?}: {held}");
        }
    }
}

/// Headers that promise more than there is are believed in nothing.
#[test]
fn headers_that_lie_are_refused() {
    let basin = Basin::new();
    let case = RAIN.split("[output]").next().unwrap();
    let header = |columns: &str, rows: &str, cell: &str| {
        format!("ncols {columns}\nnrows {rows}\nxllcorner 0\nyllcorner 0\ncellsize {cell}\n1 1\n")
    };
    for (text, code) in [
        (header("16384", "16384", "10"), "aaigrid-count"),
        (header("65536", "65536", "10"), "aaigrid-too-large"),
        (header("99999999999999999999", "2", "10"), "aaigrid-header"),
        (header("-2", "1", "10"), "aaigrid-header"),
        (header("2", "1", "nan"), "aaigrid-number"),
        (header("2", "1", "0"), "aaigrid-header"),
        (header("2", "1", "1e-300"), "flood-cell-size"),
        (header("2", "1", "1e300"), "flood-cell-size"),
        (header("2", "1", "10").replace("1 1", "1 -99999"), "flood-bed"),
        (header("2", "1", "10").replace("1 1", "1 1e300"), "flood-bed"),
        (String::new(), "aaigrid-header"),
    ] {
        basin.write("dem.asc", &text);
        assert_eq!(codes(&basin.simulate(case, &["--json"])), [code], "{text}");
    }
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let basin = Basin::new();
    let pipe = basin.path("pipe.asc");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (name, code) in [
        ("pipe.asc", "cli-not-a-file"),
        (".", "cli-not-a-file"),
        ("/dev/zero", "cli-not-a-file"),
        ("https://example.org/dem.tif", "cli-io"),
    ] {
        let said = basin.simulate(&RAIN.replace("dem.asc", name), &["--json"]);
        assert_eq!(codes(&said), [code], "{name}");
        let told = said.json()["errors"][0]["detail"].to_string();
        assert!(!told.contains("os error"), "{told}");
    }
    let locked = basin.path("dem.asc");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    fs::set_permissions(&locked, mode).unwrap();
    if fs::File::open(&locked).is_ok() {
        println!("skipped: files_that_cannot_be_read_are_told: nothing is closed to root");
        return;
    }
    let said = basin.simulate(RAIN, &["--json"]);
    assert_eq!((said.exit, codes(&said)), (Exit::Input, vec!["cli-io".to_owned()]));
}

/// A case that computes for as long as nobody stops it.
fn endless(basin: &Basin) -> String {
    basin.grid("dem.asc", [300, 300], 1.0, |row, column| ((row * 7 + column * 13) % 17) as f64);
    RAIN.replace("= 600", "= 6e6").replace("= 250", "= 100").replace("[75, 25]", "[7, 2]")
}

/// Starts a case as a process of its own and waits until it writes.
fn start(basin: &Basin, case: &str) -> Child {
    basin.write("endless.toml", case);
    let mut child = Command::new(env!("CARGO_BIN_EXE_jomo"))
        .args(["flood", "simulate", &basin.path("endless.toml"), "--out", &basin.path("out")])
        .args(["--quiet", "--progress", "none"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let first = basin.path("out.part/depth_0.tif");
    let began = Instant::now();
    while !Path::new(&first).exists() && began.elapsed() < Duration::from_mins(1) {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(Path::new(&first).exists(), "the start is written first");
    child
}

fn stop(mut child: Child, signal: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    child.wait().unwrap();
}

fn there(basin: &Basin) -> Vec<&'static str> {
    let names = ["out", "out.part", "out.old", "out.failed"];
    names.into_iter().filter(|name| Path::new(&basin.path(name)).exists()).collect()
}

/// Two runs never fill one folder; the second is told, the first goes on.
#[test]
fn two_runs_of_one_folder_do_not_mix() {
    let basin = Basin::new();
    let case = endless(&basin);
    let child = start(&basin, &case);
    let said: Said = basin.simulate(&case.replace("= 6e6", "= 1"), &["--json"]);
    assert_eq!((said.exit, codes(&said)), (Exit::Failed, vec!["cli-part-busy".to_owned()]));
    assert!(Path::new(&basin.path("out.part/depth_0.tif")).exists(), "untouched");
    stop(child, "-KILL");
    // What is left says that it is not whole, and the next run takes it away.
    let rest = fs::read_to_string(basin.path("out.part/run.json")).unwrap();
    assert_eq!(rest, r#"{"status":"running"}"#);
    assert!(!Path::new(&basin.path("out")).exists());
    assert_eq!(basin.simulate(&case.replace("= 6e6", "= 1"), &[]).exit, Exit::Done);
    assert_eq!(there(&basin), ["out"]);
    assert!(!Path::new(&basin.path("out/depth_100.tif")).exists(), "nothing of the other run");
}

/// Whatever ends a run, the earlier result stays as it was.
#[test]
fn an_earlier_result_outlives_a_run_that_ends() {
    let basin = Basin::new();
    let case = endless(&basin);
    assert_eq!(basin.simulate(&case.replace("= 6e6", "= 1"), &[]).exit, Exit::Done);
    let record = fs::read(basin.path("out/run.json")).unwrap();
    for signal in ["-INT", "-TERM", "-KILL"] {
        stop(start(&basin, &case), signal);
        assert_eq!(fs::read(basin.path("out/run.json")).unwrap(), record, "{signal}");
        let rest: &[&str] = if signal == "-KILL" { &["out", "out.part"] } else { &["out"] };
        assert_eq!(there(&basin), rest, "{signal}");
    }
}

/// A disk that takes no more is told in words, and no half of a result stays.
#[test]
fn a_full_disk_leaves_no_half() {
    let basin = Basin::new();
    basin.grid("dem.asc", [200, 200], 10.0, |row, column| ((row * 31 + column * 17) % 97) as f64);
    basin.write("case.toml", RAIN);
    let (case, out) = (basin.path("case.toml"), basin.path("out"));
    // A file may have 4 or 8 KiB, as the shell counts.
    let limited = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let ended = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_jomo"), "flood", "simulate", &case])
        .args(["--out", &out, "--lang", "ja", "--progress", "none"])
        .output()
        .unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("ファイルが大きすぎます") && !told.contains("os error"), "{told}");
    assert_eq!(there(&basin), ["out.failed"]);
    basin.write("file", "x");
    let under = basin.path("file/out");
    assert_eq!(super::jomo(&["flood", "simulate", &case, "--out", &under]).exit, Exit::Failed);
}

/// Faults of a kind stand under one heading.
#[test]
fn faults_share_their_heading() {
    let basin = Basin::new();
    let case = RAIN.replace("rate_mm_h = 36", "series = \"r.csv\"");
    basin.write("r.csv", "time_s,value\n0,-9999\n1,nan\n2,x\n");
    let said = basin.simulate(&case, &["--lang", "en"]);
    insta::assert_snapshot!(said.err.replace(&basin.path(""), ""), @"
    error: 3 faults
      a value of a series out of its range
        r.csv: line 2: -9999. Accepted: mm/h, 0 to 1000000
        hint: Check the unit and the digits. Where a number such as -9999 stands for a missing value, remove the line.
      a row of a series that cannot be read
        r.csv: line 3: “1,nan” is not a time (s) and a value.
        r.csv: line 4: “2,x” is not a time (s) and a value.
        hint: Write two finite numbers with a comma between, and remove empty lines.
    ");
}

/// Water given to a side without ground would be lost without a word.
#[test]
fn a_boundary_on_no_ground_is_a_fault() {
    let basin = Basin::new();
    let hole = |_: usize, column: usize| if column == 0 { f64::NAN } else { 1.0 };
    basin.grid("dem.asc", super::flood::GROUND, 10.0, hole);
    for (kind, exit) in [
        ("{ kind = \"discharge\", value = 1 }", Exit::Input),
        ("{ kind = \"stage\", value = 2 }", Exit::Input),
        ("{ kind = \"open\", slope = 0.1 }", Exit::Input),
        ("\"wall\"", Exit::Done),
    ] {
        let case = format!(
            "[domain]\ndem = \"dem.asc\"\nroughness = 0.03\n[boundary]\nwest = {kind}\n\
             [run]\nduration_s = 1\n"
        );
        let said = basin.simulate(&case, &["--json"]);
        assert_eq!(said.exit, exit, "{kind}: {}", said.err);
        if exit == Exit::Input {
            assert_eq!(codes(&said), ["flood-case-stretch"], "{kind}");
        }
    }
}
