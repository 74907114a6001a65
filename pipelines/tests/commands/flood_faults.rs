//! What `jomo flood simulate` refuses, and in which words: all faults at once, with their lines.

use jomo::failure::Exit;

use super::flood::{Basin, GROUND, RAIN, codes};

/// A case with nearly every fault that a case file can have.
const FAULTY: &str = r#"
[domain]
dem = 5
rougness = 0.03
[initial]
depth = -1
level = 2.0
[boundary]
west = { kind = "discharge", value = 1, series = "q.csv", slope = 0.1 }
east = [{ kind = "open", value = 2 }, { kind = "weir" }, 7]
north = { kind = "stage", from = 20, to = 10 }
[[source]]
at = [1]
value = nan
[rain]
rate_mm_h = -3
infiltration = { kind = "green-ampt", deficit = 1.5, rate_mm_h = 2 }
[run]
duration_s = 0
cfl = 0.9
save = "../state"
[output]
gauges = [{ id = "a", at = [0, 0] }, { id = "a", at = [0, 0] }]
arrival_depth_m = "deep"
"#;

/// What a person reads: the detail of each fault.
fn details(basin: &Basin, case: &str, language: &str) -> String {
    let said = basin.simulate(case, &["--json", "--lang", language]);
    assert_eq!(said.exit, Exit::Input, "{}", said.err);
    let folder = basin.path("");
    let json = said.json();
    let one = |error: &serde_json::Value| {
        let text = |key: &str| error[key].as_str().unwrap_or_default().replace(&folder, "");
        let place = error["place"].as_str().unwrap_or_default().replace(&folder, "");
        format!("{} {}| {} | {}", place, text("title"), text("detail"), text("hint"))
    };
    json["errors"].as_array().unwrap().iter().map(one).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_fault_of_a_case_is_told_in_japanese() {
    insta::assert_snapshot!(details(&Basin::new(), FAULTY, "ja"), @r#"
    ケースファイルに項目が足りません| 2 行目: `domain.roughness` がありません。 | docs/spec/flood-case.md を見て書き足してください。
    ケースファイルの値が正しくありません| 3 行目: `domain.dem` = 5 | 使える値: ファイルのパス
    ケースファイルに知らない項目があります| 4 行目: `domain.rougness` は使われません。 | もしかして: roughness
    同時には書けない項目があります| 7 行目: `initial.depth`, `initial.level` のうち書けるのは 1 つだけです。 | どれか 1 つを残してください。
    この種類では使わない項目があります| 9 行目: `boundary.west.slope` は「discharge」では使いません。 | 項目を消すか、種類を直してください。
    同時には書けない項目があります| 9 行目: `boundary.west.series`, `boundary.west.value` のうち書けるのは 1 つだけです。 | どれか 1 つを残してください。
    この種類では使わない項目があります| 10 行目: `boundary.east[0].value` は「open」では使いません。 | 項目を消すか、種類を直してください。
    ケースファイルの値が正しくありません| 10 行目: `boundary.east[1].kind` = "weir" | 使える値: "wall"、"open"、"discharge"、"stage"
    ケースファイルの値が正しくありません| 10 行目: `boundary.east[2]` = 7 | 使える値: 表([…])
    ケースファイルの値が正しくありません| 11 行目: `boundary.north.to` = 10 | 使える値: from より大きい数(m)
    ケースファイルに項目が足りません| 11 行目: `boundary.north.series`, `boundary.north.value` がありません。 | docs/spec/flood-case.md を見て書き足してください。
    ケースファイルの値が正しくありません| 13 行目: `source[0].at` = [1] | 使える値: [東西, 南北](m)
    ケースファイルの値が正しくありません| 14 行目: `source[0].value` = nan | 使える値: ±10000000 m³/s まで
    ケースファイルの値が正しくありません| 16 行目: `rain.rate_mm_h` = -3 | 使える値: 0〜1000000 mm/h
    この種類では使わない項目があります| 17 行目: `rain.infiltration.rate_mm_h` は「green-ampt」では使いません。 | 項目を消すか、種類を直してください。
    ケースファイルに項目が足りません| 17 行目: `rain.infiltration.conductivity_mm_h` がありません。 | docs/spec/flood-case.md を見て書き足してください。
    ケースファイルに項目が足りません| 17 行目: `rain.infiltration.suction_mm` がありません。 | docs/spec/flood-case.md を見て書き足してください。
    ケースファイルの値が正しくありません| 17 行目: `rain.infiltration.deficit` = 1.5 | 使える値: 0〜1
    ケースファイルの値が正しくありません| 19 行目: `run.duration_s` = 0 | 使える値: 0 より大きく 1000000000 以下の数(秒)
    ケースファイルの値が正しくありません| 20 行目: `run.cfl` = 0.9 | 使える値: 0.001〜0.5
    ケースファイルの値が正しくありません| 21 行目: `run.save` = "../state" | 使える値: "state.bin" のようなフォルダを含まないファイル名
    同じ ID の観測点が 2 つあります| 23 行目: 「a」はすでにあります。 | 観測点ごとに違う ID を付けてください。
    ケースファイルの値が正しくありません| 24 行目: `output.arrival_depth_m` = "deep" | 使える値: 0.0001〜10000 m
    "#);
}

#[test]
fn every_fault_of_a_case_is_told_in_english() {
    insta::assert_snapshot!(details(&Basin::new(), FAULTY, "en"), @r#"
    the case file lacks a key| line 2: `domain.roughness` is missing. | Add it; docs/spec/flood-case.md lists all keys.
    a value of the case file is not sound| line 3: `domain.dem` = 5 | Accepted: a path
    the case file has a key that nobody reads| line 4: `domain.rougness` is not used. | Did you mean: roughness
    keys that exclude each other| line 7: of `initial.depth`, `initial.level` only one may stand. | Keep one of them.
    a key that this kind does not take| line 9: `boundary.west.slope` is not used with “discharge”. | Remove the key, or change the kind.
    keys that exclude each other| line 9: of `boundary.west.series`, `boundary.west.value` only one may stand. | Keep one of them.
    a key that this kind does not take| line 10: `boundary.east[0].value` is not used with “open”. | Remove the key, or change the kind.
    a value of the case file is not sound| line 10: `boundary.east[1].kind` = "weir" | Accepted: "wall", "open", "discharge" or "stage"
    a value of the case file is not sound| line 10: `boundary.east[2]` = 7 | Accepted: a table
    a value of the case file is not sound| line 11: `boundary.north.to` = 10 | Accepted: metres, more than `from`
    the case file lacks a key| line 11: `boundary.north.series`, `boundary.north.value` is missing. | Add it; docs/spec/flood-case.md lists all keys.
    a value of the case file is not sound| line 13: `source[0].at` = [1] | Accepted: [x, y] in metres
    a value of the case file is not sound| line 14: `source[0].value` = nan | Accepted: m3/s, -10000000 to 10000000
    a value of the case file is not sound| line 16: `rain.rate_mm_h` = -3 | Accepted: mm/h, 0 to 1000000
    a key that this kind does not take| line 17: `rain.infiltration.rate_mm_h` is not used with “green-ampt”. | Remove the key, or change the kind.
    the case file lacks a key| line 17: `rain.infiltration.conductivity_mm_h` is missing. | Add it; docs/spec/flood-case.md lists all keys.
    the case file lacks a key| line 17: `rain.infiltration.suction_mm` is missing. | Add it; docs/spec/flood-case.md lists all keys.
    a value of the case file is not sound| line 17: `rain.infiltration.deficit` = 1.5 | Accepted: 0 to 1
    a value of the case file is not sound| line 19: `run.duration_s` = 0 | Accepted: seconds, more than 0, to 1000000000
    a value of the case file is not sound| line 20: `run.cfl` = 0.9 | Accepted: 0.001 to 0.5
    a value of the case file is not sound| line 21: `run.save` = "../state" | Accepted: a plain file name such as "state.bin"
    two gauges of one id| line 23: “a” is there already. | Give each gauge an id of its own.
    a value of the case file is not sound| line 24: `output.arrival_depth_m` = "deep" | Accepted: metres, 0.0001 to 10000
    "#);
}

/// A case with a fault in each of its files.
const FILES: &str = r#"
[domain]
dem = "dem.asc"
roughness = "n.asc"
[initial]
depth = "h.asc"
velocity = ["u.asc", "none.asc"]
[boundary]
west = { kind = "discharge", series = "q.csv" }
east = { kind = "stage", value = 1, from = 12, to = 14 }
south = { kind = "open", from = 100 }
[[source]]
at = [-5, 20]
series = "dem.asc"
[rain]
series = "r.csv"
[run]
duration_s = 60
[output]
gauges = [{ id = "hole", at = [15, 45] }]
"#;

fn faulty_files() -> Basin {
    let basin = Basin::new();
    let hole = |row, column| if (row, column) == (0, 1) { f64::NAN } else { 1.0 };
    basin.grid("dem.asc", GROUND, 10.0, hole);
    basin.grid("n.asc", [5, 7], 10.0, |_, _| 0.03);
    basin.grid("h.asc", GROUND, 10.5, |_, _| 0.0);
    basin.write("u.asc", "ncols 8\nnrows 5\nxllcorner 0\nyllcorner 0\ncellsize 10\n1 2 x");
    basin.write("q.csv", "time_s,value\n0,1\n60,nan\n30,2\n20,2\n");
    basin.write("r.csv", "time_s,value\n0,-5\n");
    basin
}

#[test]
fn every_fault_of_the_files_is_told_in_japanese() {
    insta::assert_snapshot!(details(&faulty_files(), FILES, "ja"), @"
    n.asc ラスタが標高データに重なりません| 列数 × 行数が 7 x 5 で、標高データ dem.asc の 8 x 5 と違います。 | 標高データと同じ格子に切りそろえてください（gdalwarp -te と -ts）。
    h.asc ラスタが標高データに重なりません| セルの大きさが 10.5, 10.5 で、標高データ dem.asc の 10, 10 と違います。 | 標高データと同じ格子に切りそろえてください（gdalwarp -te と -ts）。
    u.asc 数として読めません| 6 行目: 「x」 | 値は空白で区切った数だけにしてください。値のないセルは NODATA_value の数で表します。
    none.asc ファイルを読み書きできません| none.asc: そのファイルやフォルダはありません | パスと権限を確かめてください。
    q.csv 時系列の行を読めません| 3 行目: 「60,nan」は時刻（秒）と値ではありません。 | 有限な数を 2 つ、コンマで区切って書き、空の行は消してください。
    q.csv 時系列が時刻の順に並んでいません| 5 行目: 20 秒は、前の 30 秒より後ではありません。 | 時刻の順に並べ、同じ時刻は 1 行にしてください。
    dem.asc 時系列の見出しがありません| 1 行目は「ncols 8」です。 | 1 行目に time_s,value と書き、2 行目から秒と値をコンマで区切って書いてください。
    r.csv 時系列の値が範囲の外です| 2 行目: -5。使える値: 0〜1000000 mm/h | 単位と桁を確かめてください。-9999 のような数で欠測を表しているときは、その行を消してください。
    case.toml 区間に標高のあるセルがありません| 10 行目: `boundary.east` の 12 〜 14 m。辺の長さは 50 m です。 | from と to は、西・東の辺では北端から、北・南の辺では西端からの距離（m）です。標高のあるセルの中心を含めてください。
    case.toml 区間に標高のあるセルがありません| 11 行目: `boundary.south` の 100 〜 80 m。辺の長さは 80 m です。 | from と to は、西・東の辺では北端から、北・南の辺では西端からの距離（m）です。標高のあるセルの中心を含めてください。
    case.toml 標高データの外の位置です| 12 行目: `source[0].at` = [-5, 20]。範囲は東西 0 〜 80、南北 0 〜 50 です。 | 標高データと同じ座標系で、[東西, 南北] の順に書いてください。
    case.toml 標高のないセルの位置です| 20 行目: `output.gauges hole` は 1 行 2 列（北西から）にあり、そこに標高がありません。 | 標高のある場所に移すか、標高データを補ってください。
    ");
}

#[test]
fn every_fault_of_the_files_is_told_in_english() {
    let basin = faulty_files();
    basin.grid("none.asc", GROUND, 10.0, |_, _| 0.0);
    insta::assert_snapshot!(details(&basin, FILES, "en"), @"
    n.asc a raster that does not lie on the elevation model| Its columns x rows are 7 x 5, those of the elevation model dem.asc are 8 x 5. | Bring it to the grid of the elevation model (gdalwarp -te and -ts).
    h.asc a raster that does not lie on the elevation model| Its cells are 10.5, 10.5, those of the elevation model dem.asc are 10, 10. | Bring it to the grid of the elevation model (gdalwarp -te and -ts).
    u.asc not a number| line 6: “x” | Values are numbers between blanks. Cells without a value hold the number of NODATA_value.
    q.csv a row of a series that cannot be read| line 3: “60,nan” is not a time (s) and a value. | Write two finite numbers with a comma between, and remove empty lines.
    q.csv a series out of order| line 5: 20 s does not come after 30 s. | Sort by time, with one line for each time.
    dem.asc a series without its header| Line 1 is “ncols 8”. | Line 1 is time_s,value; seconds and values follow, with a comma between.
    r.csv a value of a series out of its range| line 2: -5. Accepted: mm/h, 0 to 1000000 | Check the unit and the digits. Where a number such as -9999 stands for a missing value, remove the line.
    case.toml a stretch without a cell of ground| line 10: `boundary.east` from 12 to 14 m; the side is 50 m long. | `from` and `to` are metres from the northern end of the west and east sides, from the western end of the others. Let them hold the middle of a cell with an elevation.
    case.toml a stretch without a cell of ground| line 11: `boundary.south` from 100 to 80 m; the side is 80 m long. | `from` and `to` are metres from the northern end of the west and east sides, from the western end of the others. Let them hold the middle of a cell with an elevation.
    case.toml a place beside the elevation model| line 12: `source[0].at` = [-5, 20]; the model reaches from 0 to 80 and from 0 to 50. | Give places in the CRS of the elevation model, easting first.
    case.toml a place without elevation| line 20: `output.gauges hole` lies in row 1, column 2 (from the north-west), where there is no elevation. | Move it to where there is elevation, or fill the model.
    ");
}

#[test]
fn grounds_that_cannot_be_computed_are_told() {
    use jomo_format::geotiff::{CogWriter, Layout, Place};
    let basin = Basin::new();
    let case = RAIN.replace("dem.asc", "dem.tif").split("[output]").next().unwrap().to_owned();
    let place = Place { epsg: Some(6677), origin: [0.0, 50.0], cell: [10.0, 10.0] };
    let degrees = Place { epsg: Some(6668), origin: [139.0, 36.5], cell: [1e-4, 1e-4] };
    let oblong = Place { cell: [10.0, 5.0], ..place };
    let mut told = Vec::new();
    for (layout, heights) in [
        (Layout::new(GROUND, degrees), vec![1.0_f32; 40]),
        (Layout::new(GROUND, oblong), vec![1.0; 40]),
        (Layout::new(GROUND, Place { cell: [1e-6; 2], ..place }), vec![1.0; 40]),
        (Layout { bands: 2, ..Layout::new(GROUND, place) }, vec![1.0; 80]),
        (Layout::new(GROUND, place), vec![-9_999.0; 40]),
        (Layout::new(GROUND, place), vec![f32::NAN; 40]),
    ] {
        let path = basin.path("dem.tif");
        let mut writer = CogWriter::create(std::path::Path::new(&path), &layout).unwrap();
        writer.write_rows(&heights).unwrap();
        writer.finish().unwrap();
        told.extend(["ja", "en"].map(|language| details(&basin, &case, language)));
    }
    insta::assert_snapshot!(told.join("\n"), @"
    dem.tif 標高データの単位が度です| 座標系 EPSG:6668 は経度・緯度です。メートルの平面座標系が必要です。 | 平面直角座標系に変換してください。群馬県は第Ⅸ系です: gdalwarp -t_srs EPSG:6677 -tr 10 10
    dem.tif the elevation model is in degrees| EPSG:6668 is longitude and latitude; a planar CRS in metres is needed. | Transform it, for Gunma to zone IX: gdalwarp -t_srs EPSG:6677 -tr 10 10
    dem.tif セルが正方形ではありません| 幅 10、高さ 5 です。 | gdalwarp -tr で縦横の等しいセルにしてください。
    dem.tif cells that are not square| They are 10 wide and 5 high. | Make them equal with gdalwarp -tr.
    dem.tif セルの大きさが正しくありません| 0.000001 m のセルは計算できません。 | 標高データのセルの大きさを確かめてください。
    dem.tif the size of the cells is not sound| Cells of 0.000001 m cannot be computed. | Check the size of the cells of the elevation model.
    dem.tif ラスタのバンドが 1 つではありません| 2 バンドあります。 | gdal_translate -b 1 で 1 つを取り出してください。
    dem.tif a raster of several bands| It has 2 bands instead of one. | Take one with gdal_translate -b 1.
    dem.tif ありえない標高です| 1 行 1 列（北西から）: -9999 m | 使える標高は ±9000 m までです。-9999 などが値のないセルの数なら、no-data として書いてください（gdal_edit.py -a_nodata -9999）。
    dem.tif an impossible elevation| row 1, column 1 (from the north-west): -9999 m | Elevations are within 9000 m of zero. Where a number such as -9999 stands for a cell without a value, declare it as no-data (gdal_edit.py -a_nodata -9999).
     標高が 1 つもありません| 8 × 5 セルのすべてに値がありません。 | 切り出した範囲と no-data の値を確かめてください。
     there is no elevation at all| None of 8 x 5 cells has a value. | Check what was cut out, and the number for no-data.
    ");
}

/// The text of a case that is no TOML, in the lines where it is broken.
#[test]
fn a_case_that_is_no_toml_is_told_with_its_line() {
    let basin = Basin::new();
    let told = ["[domain]\ndem = \n", "[domain\n", "[run]\nduration_s = 1\nduration_s = 2\n"]
        .map(|case| details(&basin, case, "en"));
    insta::assert_snapshot!(told.join("\n"), @"
    cannot read the case file| line 2: string values must be quoted, expected literal string | Check the TOML (UTF-8). docs/guide/flood.md has an example.
    cannot read the case file| line 1: unclosed table, expected `]` | Check the TOML (UTF-8). docs/guide/flood.md has an example.
    cannot read the case file| line 3: duplicate key | Check the TOML (UTF-8). docs/guide/flood.md has an example.
    ");
    assert_eq!(codes(&basin.simulate("", &["--json"])), ["flood-case-missing-key"; 2]);
}

#[test]
fn wrong_flags_end_with_2() {
    let basin = Basin::new();
    for flags in [
        &["--order", "3"][..],
        &["--scheme", "roe"],
        &["--precision", "f16"],
        &["--scheme", "inertial", "--order", "2"],
    ] {
        assert_eq!(basin.simulate(RAIN, flags).exit, Exit::Usage, "{flags:?}");
        assert!(!std::path::Path::new(&basin.path("out.failed")).exists());
    }
}

/// Whatever a case file holds, it is refused or computed.
#[test]
fn broken_cases_never_panic() {
    let basin = Basin::new();
    for length in (0..RAIN.len()).step_by(3) {
        let said = basin.simulate(&RAIN[..length], &["--dry-run"]);
        assert!(matches!(said.exit, Exit::Input | Exit::Done), "{length}: {}", said.err);
    }
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..300 {
        let mut bytes = FAULTY.as_bytes().to_vec();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(seed >> 33).unwrap() % bytes.len();
        bytes[at] ^= 1 << (seed >> 28 & 7);
        basin.write("broken.toml", bytes);
        let (case, out) = (basin.path("broken.toml"), basin.path("out"));
        let said = super::jomo(&["flood", "simulate", &case, "--out", &out, "--dry-run"]);
        assert_eq!(said.exit, Exit::Input, "{}", said.err);
    }
}
