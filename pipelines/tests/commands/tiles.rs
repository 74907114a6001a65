//! `jomo tiles`: archives are built, looked into, checked and compared.

use std::fs;

use jomo::failure::Exit;
use jomo_core::mercator::TileId;
use jomo_format::pmtiles::{Meta, Writer};
use serde_json::{Value, json};

use super::{Desk, Said, jomo};

const LINES: &str = r#"{"type":"Feature","id":5,"properties":{"name":"沼田"},"geometry":{"type":"Point","coordinates":[139.04,36.64]}}
{"type":"Feature","id":6,"properties":{"name":"短い"},"geometry":{"type":"LineString","coordinates":[[139.05,36.6],[139.0500001,36.6]]}}
"#;

fn told(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{} {}", said.out, said.err))
}

/// Builds `name` of the desk's points and of lines.
fn build(desk: &Desk, name: &str, lines: &str, more: &[&str]) -> Said {
    let (points, out) = (desk.path("points.csv"), desk.path(name));
    let layer = format!("roads={}", desk.write("any.geojsonl", lines.as_bytes()));
    let mut line = vec!["tiles", "build", &points, "-o", &out, "--layer", &layer, "--json"];
    line.extend(["--min-zoom", "4", "--max-zoom", "8"]);
    line.extend(more);
    jomo(&line)
}

#[test]
fn an_archive_is_built_and_told() {
    let desk = Desk::new();
    let said = build(&desk, "a.pmtiles", LINES, &[]);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    let made = told(&said);
    assert_eq!(made["counts"]["features"], 4);
    // What is left out is counted at each zoom.
    assert_eq!(made["zooms"][0]["losses"], json!({ "tile-short-line": 1 }));
    assert_eq!(made["zooms"][4]["features"], 3);

    let archive = desk.path("a.pmtiles");
    let seen = told(&jomo(&["tiles", "inspect", &archive, "--json"]));
    assert_eq!(seen["counts"]["tiles"], made["counts"]["tiles"]);
    let layers: Vec<&Value> =
        seen["metadata"]["vector_layers"].as_array().unwrap().iter().map(|l| &l["id"]).collect();
    assert_eq!(layers, ["points", "roads"]);
    let tile = told(&jomo(&["tiles", "inspect", &archive, "--tile", "4/14/6", "--json"]));
    assert_eq!(tile["tile"]["layers"][0]["points"], 2, "{tile}");
    let absent = jomo(&["tiles", "inspect", &archive, "--tile", "4/0/0"]);
    assert_eq!(absent.exit, Exit::Usage, "{}", absent.err);

    let sound = jomo(&["tiles", "verify", &archive, "--json"]);
    assert_eq!((sound.exit, &told(&sound)["counts"]["faults"]), (Exit::Done, &json!(0)));
    for (checked, built) in
        told(&sound)["zooms"].as_array().unwrap().iter().zip(made["zooms"].as_array().unwrap())
    {
        assert_eq!((&checked["tiles"], &checked["copies"]), (&built["tiles"], &built["copies"]));
    }
}

/// Loss-free tiles hold the line without length; a field can be dropped; other tiles differ.
#[test]
fn archives_are_compared() {
    let desk = Desk::new();
    for (name, more) in [
        ("a.pmtiles", &[][..]),
        ("b.pmtiles", &[]),
        ("c.pmtiles", &["--loss-free"]),
        ("d.pmtiles", &["--drop", "level"]),
    ] {
        assert_eq!(build(&desk, name, LINES, more).exit, Exit::Done);
    }
    let read = |name: &str| fs::read(desk.path(name)).unwrap();
    assert!(read("a.pmtiles") == read("b.pmtiles"), "the bytes depend on more than the input");
    let compare = |name: &str| {
        let said = jomo(&["tiles", "diff", &desk.path("a.pmtiles"), &desk.path(name), "--json"]);
        (said.exit, told(&said)["counts"].clone())
    };
    let all = told(&jomo(&["tiles", "inspect", &desk.path("a.pmtiles"), "--json"]));
    let all = all["counts"]["tiles"].as_u64().unwrap();
    let same = json!({ "same": all, "changed": 0, "gone": 0, "new": 0 });
    assert_eq!(compare("b.pmtiles"), (Exit::Done, same));
    let (exit, counts) = compare("c.pmtiles");
    assert_eq!((exit, counts["gone"].as_u64()), (Exit::Faults, Some(0)));
    assert!(0 < counts["changed"].as_u64().unwrap() + counts["new"].as_u64().unwrap());
    let (exit, counts) = compare("d.pmtiles");
    assert_eq!((exit, counts["new"].as_u64()), (Exit::Faults, Some(0)));
    assert!(0 < counts["changed"].as_u64().unwrap(), "{counts}");
}

/// An archive is replaced; any other file, and what a failure would leave, is not touched.
#[test]
fn nothing_of_others_is_overwritten() {
    let desk = Desk::new();
    let before = b"name,lon\n".as_slice();
    desk.write("notes.csv", before);
    let said = build(&desk, "notes.csv", LINES, &[]);
    assert_eq!(said.exit, Exit::Usage);
    assert_eq!(told(&said)["errors"][0]["code"], "cli-file-occupied");
    assert_eq!(fs::read(desk.path("notes.csv")).unwrap(), before);
    assert_eq!(build(&desk, "notes.csv", LINES, &["--force"]).exit, Exit::Done);
    assert_eq!(build(&desk, "notes.csv", LINES, &[]).exit, Exit::Done);

    let kept = fs::read(desk.path("notes.csv")).unwrap();
    let bad = build(&desk, "notes.csv", "{\"type\":\n{\"", &[]);
    assert_eq!(bad.exit, Exit::Input, "{}", bad.err);
    assert_eq!(fs::read(desk.path("notes.csv")).unwrap(), kept);
    let left: Vec<_> = fs::read_dir(desk.folder.path()).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().starts_with('.')));

    let folder =
        jomo(&["tiles", "build", &desk.path("points.csv"), "-o", &desk.path("."), "--force"]);
    assert_eq!(folder.exit, Exit::Usage, "{}", folder.err);
    // A misspelt field would stay in the tiles.
    let misspelt = build(&desk, "x.pmtiles", LINES, &["--drop", "nmae"]);
    assert_eq!(
        (misspelt.exit, &told(&misspelt)["errors"][0]["code"]),
        (Exit::Usage, &json!("vector-no-column"))
    );
    let turned = build(&desk, "x.pmtiles", LINES, &["--max-zoom", "3"]);
    assert_eq!(turned.exit, Exit::Usage, "{}", turned.err);
}

/// Archives cut short, that are none, or that hold no tiles, end in an answer.
#[test]
fn hostile_archives_end_in_an_answer() {
    let desk = Desk::new();
    assert_eq!(build(&desk, "a.pmtiles", LINES, &[]).exit, Exit::Done);
    let whole = fs::read(desk.path("a.pmtiles")).unwrap();
    for (name, bytes) in [
        ("empty.pmtiles", &b""[..]),
        ("text.pmtiles", b"PMTiles, not"),
        ("cut.pmtiles", &whole[..whole.len() - 40]),
        ("head.pmtiles", &whole[..127]),
    ] {
        let path = desk.write(name, bytes);
        for command in ["inspect", "verify"] {
            let said = jomo(&["tiles", command, &path]);
            assert_eq!(said.exit, Exit::Input, "{name}: {}", said.err);
            assert!(said.err.contains(name), "{}", said.err);
        }
    }

    let path = desk.path("rotten.pmtiles");
    let meta = Meta { min_zoom: 0, max_zoom: 1, bounds_deg: [0.0; 4], metadata: json!({}) };
    let mut writer = Writer::new(fs::File::create(&path).unwrap(), &meta).unwrap();
    writer.add(TileId::new(0, 0, 0).unwrap(), b"no gzip").unwrap();
    writer.add(TileId::new(1, 0, 0).unwrap(), b"no gzip").unwrap();
    writer.finish().unwrap();
    let said = jomo(&["tiles", "verify", &path, "--json"]);
    assert_eq!(said.exit, Exit::Input);
    // Equal contents are judged once.
    assert_eq!(told(&said)["faults"]["tile-unreadable"]["count"], 1, "{}", said.out);
    assert_eq!(jomo(&["tiles", "inspect", &path, "--tile", "0/0/0"]).exit, Exit::Input);
}
