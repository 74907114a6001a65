//! `jomo flood simulate`: exact flows, balances, faults and files, from the command line.

use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use jomo::failure::Exit;
use jomo_format::geotiff::{CogWriter, Layout, Meaning, Place, Reader, ReaderLimits, Window};
use serde_json::Value;
use tempfile::TempDir;

use super::{Said, jomo};

/// A folder with a case.
pub(super) struct Basin {
    folder: TempDir,
}

/// A ground that falls to the east by 1 cm a cell, 5 x 8 cells of 10 m.
pub(super) const GROUND: [usize; 2] = [5, 8];

impl Basin {
    pub(super) fn new() -> Self {
        let basin = Self { folder: tempfile::tempdir().unwrap() };
        basin.grid("dem.asc", GROUND, 10.0, |_, column| 1.0 - 0.01 * column as f64);
        basin
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Writes an ASCII grid whose south-western corner is the origin.
    pub(super) fn grid(
        &self,
        name: &str,
        [rows, columns]: [usize; 2],
        cell_m: f64,
        value: impl Fn(usize, usize) -> f64,
    ) {
        let mut text = format!(
            "ncols {columns}\nnrows {rows}\nxllcorner 0\nyllcorner 0\ncellsize {cell_m}\n\
             NODATA_value -9999\n"
        );
        for row in 0..rows {
            for column in 0..columns {
                let value = value(row, column);
                let value = if value.is_nan() { -9_999.0 } else { value };
                write!(text, "{value} ").unwrap();
            }
            text.push('\n');
        }
        self.write(name, text);
    }

    /// Writes a case and runs it; `more` are flags.
    pub(super) fn simulate(&self, case: &str, more: &[&str]) -> Said {
        self.write("case.toml", case);
        let (case, out) = (self.path("case.toml"), self.path("out"));
        let mut line = vec!["flood", "simulate", &case, "--out", &out];
        line.extend(more);
        jomo(&line)
    }

    fn done(&self, case: &str, more: &[&str]) -> Value {
        let said = self.simulate(case, more);
        assert_eq!(said.exit, Exit::Done, "{}", said.err);
        self.record("out")
    }

    fn record(&self, folder: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(&format!("{folder}/run.json"))).unwrap())
            .unwrap()
    }

    fn raster(&self, name: &str) -> Vec<f32> {
        let bytes = fs::read(self.path(&format!("out/{name}.tif"))).unwrap();
        let mut reader = Reader::open(Cursor::new(bytes), ReaderLimits::default()).unwrap();
        let shape = reader.shape();
        let mut values = vec![0.0; shape[0] * shape[1]];
        reader.read_values([0, 0], &Window::whole(shape), &mut values).unwrap();
        values
    }

    /// Time, id and four numbers of each row.
    fn gauges(&self) -> Vec<(f64, String, [f64; 4])> {
        let text = fs::read_to_string(self.path("out/gauges.csv")).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("time_s,id,depth_m,level_m,u_m_s,v_m_s"));
        let row = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            let number = |index: usize| cells[index].parse::<f64>().unwrap();
            (number(0), cells[1].to_owned(), [2, 3, 4, 5].map(number))
        };
        lines.map(row).collect()
    }

    fn files(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

pub(super) fn codes(said: &Said) -> Vec<String> {
    let json = said.json();
    let errors = json["errors"].as_array().unwrap();
    errors.iter().map(|error| error["code"].as_str().unwrap().to_owned()).collect()
}

pub(super) const RAIN: &str = r#"
[domain]
dem = "dem.asc"
roughness = 0.03
[rain]
rate_mm_h = 36
[run]
duration_s = 600
output_every_s = 250
[output]
gauges = [{ id = "low", at = [75, 25] }, { id = "rim", at = [80.0, 0.0] }]
"#;

/// Depth and velocity of a dam break onto water (Stoker 1957) at `x` from the dam after `t`.
fn stoker([left_m, right_m]: [f64; 2], x: f64, t: f64) -> [f64; 2] {
    let g: f64 = 9.806_65;
    let speed = |h: f64| 2.0 * ((g * left_m).sqrt() - (g * h).sqrt());
    let push = |h: f64| (h - right_m) * (0.5 * g * (1.0 / h + 1.0 / right_m)).sqrt();
    let (mut low, mut high) = (right_m, left_m);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if push(middle) < speed(middle) { low = middle } else { high = middle }
    }
    let (middle, behind) = (low, speed(low));
    let shock = middle * behind / (middle - right_m);
    let (head, along) = ((g * left_m).sqrt(), x / t);
    if along <= -head {
        [left_m, 0.0]
    } else if along <= behind - (g * middle).sqrt() {
        [(2.0 * head - along).powi(2) / (9.0 * g), 2.0 / 3.0 * (head + along)]
    } else if along <= shock {
        [middle, behind]
    } else {
        [right_m, 0.0]
    }
}

#[test]
fn a_dam_break_is_that_of_stoker() {
    let basin = Basin::new();
    let shape = [3, 400];
    basin.grid("dem.asc", shape, 5.0, |_, _| 0.0);
    basin.grid("h0.asc", shape, 5.0, |_, column| if column < 200 { 2.0 } else { 0.5 });
    let places = [600.0, 890.0, 1_050.0, 1_100.0, 1_500.0];
    let gauges: Vec<_> =
        places.iter().map(|x| format!("{{ id = \"x{x}\", at = [{x}.0, 7.5] }}")).collect();
    let case = format!(
        "[domain]\ndem = \"dem.asc\"\nroughness = 0\n[initial]\ndepth = \"h0.asc\"\n\
         [run]\nduration_s = 40\noutput_every_s = 40\n[output]\ngauges = [{}]\n",
        gauges.join(", ")
    );
    for (flags, bound) in
        [(&["--order", "1"][..], 0.03), (&["--order", "2"], 0.01), (&["--precision", "f64"], 0.03)]
    {
        let record = basin.done(&case, flags);
        assert!(record["ledger"]["relative_error"].as_f64().unwrap().abs() < 1e-7);
        let rows = basin.gauges();
        assert_eq!(rows.len(), 2 * places.len(), "the start is an output");
        for (time, id, [depth, level, east, north]) in rows {
            // The middle of the cell, seen from the dam.
            let x = id[1..].parse::<f64>().unwrap() + 2.5 - 1_000.0;
            let [h, speed] = stoker([2.0, 0.5], x, time.max(1e-9));
            assert!((depth - h).abs() < bound, "{flags:?} {time} s, {x} m: {depth} for {h}");
            assert!(
                (east - speed).abs() < 3.0 * bound,
                "{flags:?} {time} s, {x} m: {east} for {speed}"
            );
            assert!((level - depth).abs() < 1e-9 && north.abs() < 1e-6);
        }
    }
}

/// What has fallen is what lies on the ground, in the rasters as in the account.
#[test]
fn rain_stays_in_the_basin() {
    let basin = Basin::new();
    let record = basin.done(RAIN, &[]);
    let volume: f64 = basin.raster("depth_600").iter().map(|depth| f64::from(*depth) * 100.0).sum();
    let rain_m3 = 0.036 / 6.0 * 4_000.0;
    let ledger = &record["ledger"];
    assert!((ledger["rain_m3"].as_f64().unwrap() - rain_m3).abs() < 1e-9);
    let waiting = ledger["waiting_m3"].as_f64().unwrap();
    assert!((volume + waiting - rain_m3).abs() < 1e-5, "{volume} + {waiting} for {rain_m3}");
    assert!(ledger["relative_error"].as_f64().unwrap().abs() < 1e-6);
    let files = [
        "arrival_s.tif",
        "depth_0.tif",
        "depth_250.tif",
        "depth_500.tif",
        "depth_600.tif",
        "depth_max.tif",
        "duration_s.tif",
        "gauges.csv",
        "hazard_max.tif",
        "run.json",
        "velocity_max.tif",
    ];
    assert_eq!(basin.files("out"), files);
    for key in ["steps", "cell_updates", "wall_s", "cpu_s", "peak_rss_bytes", "threads"] {
        assert!(0.0 < record[key].as_f64().unwrap(), "{key}");
    }
    assert_eq!(record["inputs"].as_array().unwrap().len(), 2, "the case and the ground");
    assert_eq!(
        (&record["settings"]["scheme"], &record["settings"]["order"]),
        (&"hllc".into(), &1.into())
    );
    assert!(record["limiting_cell"]["row"].as_u64().is_some_and(|row| (1..=5).contains(&row)));
    assert!(basin.raster("arrival_s").iter().all(|time| time.is_nan()), "6 mm do not arrive");
}

#[test]
fn the_same_case_is_not_computed_twice() {
    let basin = Basin::new();
    basin.done(RAIN, &[]);
    let said = basin.simulate(RAIN, &["--lang", "ja"]);
    assert!(said.exit == Exit::Done && said.err.contains("変更なし"), "{}", said.err);
    let said = basin.simulate(RAIN, &["--precision", "f64", "--json"]);
    assert_eq!(said.json()["status"], "done", "other settings, other result");
    basin.grid("dem.asc", GROUND, 10.0, |_, column| 2.0 - 0.01 * column as f64);
    assert_eq!(basin.simulate(RAIN, &["--precision", "f64", "--json"]).json()["status"], "done");
    let said = basin.simulate(RAIN, &["--force", "--dry-run", "--json"]);
    assert_eq!(said.json()["status"], "dry-run");
    basin.write("taken", "mine");
    let (case, taken) = (basin.path("case.toml"), basin.path("taken"));
    assert_eq!(jomo(&["flood", "simulate", &case, "--out", &taken]).exit, Exit::Usage);
    assert_eq!(fs::read(taken).unwrap(), b"mine");
}

/// Byte for byte, but for `run.json`.
#[test]
fn threads_change_nothing() {
    let basin = Basin::new();
    let rough = |row: usize, column: usize| ((row * 7 + column * 13) % 17) as f64 * 0.1;
    basin.grid("dem.asc", [90, 140], 10.0, rough);
    let case = RAIN.replace("[75, 25]", "[705, 25]");
    let mut first: Option<Vec<(String, Vec<u8>)>> = None;
    for threads in ["1", "2", "3"] {
        basin.done(&case, &["--threads", threads, "--force"]);
        let names = basin.files("out").into_iter().filter(|name| name != "run.json");
        let read = |name: String| {
            let bytes = fs::read(basin.path(&format!("out/{name}"))).unwrap();
            (name, bytes)
        };
        let files: Vec<_> = names.map(read).collect();
        assert_eq!(files.len(), 10);
        assert!(*first.get_or_insert_with(|| files.clone()) == files, "{threads} threads");
    }
}

/// Holes in the ground lie outside: no water, no number.
#[test]
fn holes_lie_outside() {
    let basin = Basin::new();
    let hole = |row, column| if (row, column) == (2, 3) { f64::NAN } else { 1.0 };
    basin.grid("dem.asc", GROUND, 10.0, hole);
    let record = basin.done(RAIN, &[]);
    assert_eq!(record["counts"]["cells"], 39);
    for name in ["depth_600", "depth_max", "velocity_max", "hazard_max", "duration_s"] {
        let values = basin.raster(name);
        assert!(
            values.iter().enumerate().all(|(at, value)| value.is_nan() == (at == 19)),
            "{name}"
        );
    }
    let rain_m3 = record["ledger"]["rain_m3"].as_f64().unwrap();
    assert!((rain_m3 - 0.006 * 3_900.0).abs() < 1e-9, "{rain_m3}");
    let said = basin.simulate(&RAIN.replace("[75, 25]", "[35, 25]"), &["--json"]);
    assert_eq!(codes(&said), ["flood-case-no-ground"]);
}

/// The same heights as text and as `GeoTIFF`, stored as `f32`, `f64` or scaled integers.
#[test]
fn formats_agree() {
    let basin = Basin::new();
    basin.grid("dem.asc", GROUND, 10.0, |row, column| ((row * 3 + column * 5) % 7) as f64 * 0.5);
    basin.done(RAIN, &[]);
    let expected = basin.raster("depth_600");
    let place = Place { epsg: Some(6677), origin: [0.0, 50.0], cell: [10.0, 10.0] };
    let halves = |at: usize| u16::try_from((at / 8 * 3 + at % 8 * 5) % 7).unwrap();
    let plain = Layout::new(GROUND, place);
    let mut writer = CogWriter::create(Path::new(&basin.path("dem.tif")), &plain).unwrap();
    let heights: Vec<f32> = (0..40).map(|at| f32::from(halves(at)) * 0.5).collect();
    writer.write_rows(&heights).unwrap();
    writer.finish().unwrap();
    let case = RAIN.replace("dem.asc", "dem.tif");
    basin.done(&case, &[]);
    assert_eq!(basin.raster("depth_600"), expected);

    let meaning = Meaning { no_data: Some(65_535.0), scale: 0.5, offset: 0.0 };
    let scaled = Layout { meaning, ..plain };
    let mut writer = CogWriter::create(Path::new(&basin.path("dem.tif")), &scaled).unwrap();
    writer.write_rows(&(0..40).map(halves).collect::<Vec<u16>>()).unwrap();
    writer.finish().unwrap();
    basin.done(&case, &[]);
    assert_eq!(basin.raster("depth_600"), expected);
    let bytes = fs::read(basin.path("out/depth_max.tif")).unwrap();
    let reader = Reader::open(Cursor::new(bytes), ReaderLimits::default()).unwrap();
    assert_eq!(reader.place(), place);
}

/// Rain so heavy that there is nothing else ends in water, not in a panic; so do single rows.
#[test]
fn extremes_are_computed_or_refused() {
    let basin = Basin::new();
    let heavy = RAIN.replace("rate_mm_h = 36", "rate_mm_h = 1e6").replace("600", "60");
    let record = basin.done(&heavy.replace("= 250", "= 60"), &[]);
    assert!(record["ledger"]["relative_error"].as_f64().unwrap().abs() < 1e-6);
    for shape in [[1, 8], [5, 1], [1, 1]] {
        basin.grid("dem.asc", shape, 10.0, |_, _| 1.0);
        let case = RAIN.split("[output]").next().unwrap();
        basin.done(case, &["--force"]);
        basin.done(&case.replace("[rain]\nrate_mm_h = 36", ""), &["--order", "2"]);
        assert!(basin.raster("depth_max").iter().all(|depth| *depth <= 0.0), "dry stays dry");
    }
    basin.grid("dem.asc", GROUND, 10.0, |_, _| f64::NAN);
    let case = RAIN.split("[output]").next().unwrap();
    let said = basin.simulate(case, &["--json"]);
    assert_eq!(codes(&said), ["flood-all-outside"]);
    basin.write("dem.asc", "ncols 0\nnrows 0\nxllcorner 0\nyllcorner 0\ncellsize 1\n");
    assert_eq!(codes(&basin.simulate(case, &["--json"])), ["aaigrid-header"]);
}

/// A failed run leaves its record, with the flags that it had, and nothing else.
#[test]
fn a_failure_leaves_its_record_only() {
    let basin = Basin::new();
    let said = basin.simulate(&RAIN.replace("dem.asc", "no.asc"), &["--precision", "f64"]);
    assert_eq!(said.exit, Exit::Input);
    assert_eq!(basin.files("out.failed"), ["run.json"]);
    let record = basin.record("out.failed");
    assert_eq!(
        (&record["status"], &record["settings"]["precision"]),
        (&"failed".into(), &"f64".into())
    );
    assert!(
        !Path::new(&basin.path("out")).exists() && !Path::new(&basin.path("out.part")).exists()
    );
    basin.done(RAIN, &[]);
    assert!(!Path::new(&basin.path("out.failed")).exists(), "mended");
}

/// A run that goes on from a saved state is the run that never stopped.
#[test]
fn a_saved_run_goes_on() {
    let basin = Basin::new();
    let inflow = "[[source]]\nat = [15, 25]\nvalue = 0.5\n[run]\nsave = \"state.bin\"";
    let whole = RAIN.replace("[run]", inflow).replace("= 250", "= 300");
    basin.done(&whole, &[]);
    let expected = ["depth_600", "depth_max", "arrival_s", "duration_s"].map(|n| basin.raster(n));
    basin.done(&whole.replace("duration_s = 600", "duration_s = 300"), &["--force"]);
    fs::copy(basin.path("out/state.bin"), basin.path("state.bin")).unwrap();
    let rest = whole.replace("save = \"state.bin\"", "restart = \"state.bin\"");
    let record = basin.done(&rest, &["--force"]);
    let again = ["depth_600", "depth_max", "arrival_s", "duration_s"].map(|n| basin.raster(n));
    let bits =
        |all: [Vec<f32>; 4]| all.map(|one| one.into_iter().map(f32::to_bits).collect::<Vec<_>>());
    assert_eq!(bits(again), bits(expected));
    assert_eq!(record["inputs"].as_array().unwrap().len(), 3, "the state is an input");
    assert!(!basin.files("out").contains(&"depth_0.tif".to_owned()));

    let ended = rest.replace("duration_s = 600", "duration_s = 300");
    assert_eq!(codes(&basin.simulate(&ended, &["--json"])), ["flood-case-ends-before"]);
    let said = basin.simulate(&rest, &["--json", "--order", "2"]);
    assert_eq!(codes(&said), ["flood-saved"]);
    let both = format!("{rest}\n[initial]\ndepth = 1\n");
    assert_eq!(codes(&basin.simulate(&both, &["--json"])), ["flood-case-not-used"]);
    basin.write("state.bin", b"nonsense");
    assert_eq!(codes(&basin.simulate(&rest, &["--json"])), ["flood-saved"]);
}

/// Sides, stretches and their ends: from the north on the western side, from the west on the
/// southern one.
#[test]
fn stretches_are_measured_from_the_north_and_the_west() {
    let basin = Basin::new();
    let dry = "[domain]\ndem = \"dem.asc\"\nroughness = 0.03\n[run]\nduration_s = 5\n";
    let inflow = "[boundary]\neast = \"wall\"\nwest = { kind = \"discharge\", value = 2, from = 10, to = 20 }\n";
    basin.done(&format!("{dry}{inflow}"), &[]);
    let depths = basin.raster("depth_5");
    assert!(0.01 < depths[8] && depths[8 + 7] <= 0.0 && depths[32] < depths[8], "{depths:?}");
    let south = "[[boundary.south]]\nkind = \"stage\"\nvalue = 1.5\nto = 10\n\
                 [[boundary.south]]\nkind = \"open\"\nfrom = 60\n";
    basin.done(&format!("{dry}{south}"), &["--scheme", "inertial"]);
    let depths = basin.raster("depth_5");
    assert!(0.01 < depths[32] && depths[39] <= 0.0, "{depths:?}");
}

/// Hourly rain on 1 km cells falls on the cells of the ground below them, hour by hour.
#[test]
fn gridded_rain_falls_where_it_is() {
    use jomo_format::grib2::{FileWriter, Identification, LatLonGrid, Product, rain_levels_2017};
    let basin = Basin::new();
    let place = Place { epsg: Some(6677), origin: [-70_000.0, 43_000.0], cell: [100.0, 100.0] };
    let ground = |place: Place| {
        let path = basin.path("dem.tif");
        let mut writer =
            CogWriter::create(Path::new(&path), &Layout::new([30, 40], place)).unwrap();
        writer.write_rows(&[1.0_f32; 1_200]).unwrap();
        writer.finish().unwrap();
    };
    ground(place);
    let reference = super::time("2026-11-22T11:00:00Z");
    let grid = LatLonGrid::from_outer([138.9, 36.3, 139.2, 36.6], 36, 24).unwrap();
    let file = |missing: bool| {
        let mut writer = FileWriter::new(Identification::forecast(reference), grid);
        for lead in [1, 2] {
            let product = Product::rain_forecast(reference, lead).unwrap();
            // Level 3 is 1 mm, 4 is 2 mm; the second hour has the double of the first.
            let level =
                |cell: usize| if missing && cell.is_multiple_of(3) { 0 } else { 2 + lead * 2 - 1 };
            let levels: Vec<u8> = (0..864).map(level).collect();
            writer.field(&product, &rain_levels_2017(), &levels).unwrap();
        }
        basin.write("rain.bin", writer.finish());
    };
    file(false);
    let case = |start: &str, duration: u32| {
        format!(
            "[domain]\ndem = \"dem.tif\"\nroughness = 0.03\n[rain]\njma = [\"rain.bin\"]\n\
         start = \"{start}\"\n[run]\nduration_s = {duration}\n"
        )
    };
    // Half of the first hour at 1 mm/h and half of the second at 3 mm/h.
    let record = basin.done(&case("2026-11-22T11:30:00Z", 3_600), &[]);
    let rain_m3 = record["ledger"]["rain_m3"].as_f64().unwrap();
    let expected = 0.002 * 1_200.0 * 1e4;
    assert!((rain_m3 - expected).abs() < 1e-6 * expected, "{rain_m3} for {expected}");
    let said = basin.simulate(&case("2026-11-22T11:30:00Z", 5_401), &["--json"]);
    assert_eq!(codes(&said), ["flood-file-rain-gap"]);
    let said = basin.simulate(&case("2026-11-22T10:59:59Z", 60), &["--json"]);
    assert_eq!(codes(&said), ["flood-file-rain-gap"]);
    file(true);
    let said = basin.simulate(&case("2026-11-22T11:30:00Z", 60), &["--json"]);
    assert_eq!(codes(&said), ["flood-file-no-rain"]);
    ground(Place { origin: [0.0, 0.0], ..place });
    let said = basin.simulate(&case("2026-11-22T11:30:00Z", 60), &["--json"]);
    assert_eq!(codes(&said), ["flood-file-no-rain"]);
    ground(Place { epsg: None, ..place });
    let said = basin.simulate(&case("2026-11-22T11:30:00Z", 60), &["--json"]);
    assert_eq!(codes(&said), ["flood-file-zone"]);
    basin.write("rain.bin", b"GRIB");
    let said = basin.simulate(&case("2026-11-22T11:30:00Z", 60), &["--json"]);
    assert_eq!(codes(&said).len(), 1);
}

/// The case of the guide, as it is printed there, runs.
#[test]
fn the_case_of_the_guide_runs() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guide/flood.md");
    let guide = fs::read_to_string(guide).unwrap();
    let blocks = |kind: &str| -> Vec<String> {
        let fence = format!("```{kind}\n");
        let all = guide.split(&fence).skip(1);
        all.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
    };
    let (texts, cases) = (blocks("text"), blocks("toml"));
    let basin = Basin::new();
    basin.write("dem.asc", &texts[0]);
    basin.write("west.csv", &texts[1]);
    let record = basin.done(&cases[0], &[]);
    assert!(record["ledger"]["relative_error"].as_f64().unwrap().abs() < 1e-6);
    let rows = basin.gauges();
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().skip(1).all(|(_, _, [depth, ..])| 0.01 < *depth), "{rows:?}");
}

/// Ctrl-C leaves nothing behind, and says so by its code.
#[test]
fn an_interrupted_run_leaves_nothing() {
    let basin = Basin::new();
    basin.grid("dem.asc", [300, 300], 1.0, |row, column| ((row * 7 + column * 13) % 17) as f64);
    let long =
        RAIN.replace("= 600", "= 6e6").replace("= 250", "= 100").replace("[75, 25]", "[7, 2]");
    basin.write("case.toml", &long);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_jomo"))
        .args(["flood", "simulate", &basin.path("case.toml"), "--out", &basin.path("out")])
        .args(["--quiet", "--progress", "none"])
        .spawn()
        .unwrap();
    let first = basin.path("out.part/depth_0.tif");
    let began = std::time::Instant::now();
    while !Path::new(&first).exists() && began.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(Path::new(&first).exists(), "the start is written first");
    let told = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(told.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    for name in ["out", "out.part", "out.failed"] {
        assert!(!Path::new(&basin.path(name)).exists(), "{name}");
    }
}
