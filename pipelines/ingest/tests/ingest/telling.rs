//! What a person is told: short whatever the file holds, and in Japanese no English prose.

use std::path::PathBuf;
use std::process::Command;

use crate::support::{Files, program, run, vector, zip};

/// What the program says in Japanese of one bad file: the code and the detail.
fn told(verb: &str, to: &str, source: &PathBuf, flags: &[&str]) -> (String, String) {
    let files = Files::new();
    let output = program()
        .args([verb, "--json", "--lang", "ja", "--to-crs", to, "--out"])
        .arg(files.path("out"))
        .arg(source)
        .args(flags)
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let error = &report["errors"][0];
    let text = |name: &str| error[name].as_str().unwrap_or("-").to_owned();
    (text("code"), text("detail"))
}

/// A text without what it quotes and without paths.
fn unquoted(text: &str) -> String {
    let mut left = text.to_owned();
    for [open, close] in [["「", "」"], ["\"", "\""], ["`", "`"], ["“", "”"]] {
        while let Some((before, rest)) = left.split_once(open) {
            let Some((_, after)) = rest.split_once(close) else { break };
            left = format!("{before}。{after}");
        }
    }
    left.split(' ').filter(|word| !word.contains('/')).collect::<Vec<_>>().join(" ")
}

/// Three English words in a row.
fn prose(text: &str) -> Option<String> {
    let text = unquoted(text);
    let is_word = |word: &str| 2 <= word.len() && word.bytes().all(|b| b.is_ascii_alphabetic());
    let words: Vec<&str> = text.split(' ').collect();
    let found = words.windows(3).find(|three| three.iter().all(|word| is_word(word)));
    found.map(|three| three.join(" "))
}

#[test]
fn japanese_holds_no_english_prose() {
    let files = Files::new();
    let write = |name: &str, bytes: &[u8]| files.write(name, bytes);
    let sound = zip(&[("a.geojson", b"{\"type\":\"FeatureCollection\"}")]);
    let mut damaged =
        zip(&[("a.geojson", b"{\"type\":\"FeatureCollection\"}".repeat(90).as_slice())]);
    damaged[42] ^= 0x55;
    let mesh = "<Dataset xmlns=\"http://fgd.gsi.go.jp/spec/2008/FGD_GMLSchema\"><DEM></Dataset>";
    let geocentric = write("a.csv", b"lon,lat\n139,36\n");
    let bad = [
        ("vector", write("empty.geojson", b""), &[][..], "ingest-format"),
        ("vector", write("text.geojson", b"no data here"), &[], "ingest-format"),
        ("vector", write("binary", b"\0\x01\0\x01"), &[], "ingest-format"),
        ("vector", write("a.vrt", b"<OGRVRTDataSource/>"), &[], "ingest-format"),
        ("vector", write("a.xml", b"<html><body>not found</body></html>"), &[], "ingest-format"),
        ("vector", write("a.png", b"\x89PNG\r\n\x1a\n"), &[], "ingest-format"),
        ("vector", write("cut.geojson", b"{\"type\":"), &[], "ingest-open"),
        ("vector", write("cut.zip", &sound[..40]), &[], "archive-broken"),
        ("vector", write("damaged.zip", &damaged), &[], "archive-broken"),
        (
            "vector",
            write("png.zip", &zip(&[("a.geojson", b"\x89PNG\r\n\x1a\n")])),
            &[],
            "ingest-format",
        ),
        ("vector", write("cut.gpkg", b"SQLite format 3\0...."), &[], "ingest-open"),
        ("vector", geocentric.clone(), &["--crs", "4978"], "crs-unsupported"),
        ("vector", geocentric.clone(), &["--layer", "b"], "ingest-layer"),
        ("vector", geocentric.clone(), &["--encoding", "ebcdic"], "ingest-flag"),
        ("vector", write("b.csv", b"a,b\n1,2\n"), &[], "table-no-position"),
        ("vector", files.path("missing.shp"), &[], "ingest-io"),
        ("raster", geocentric, &["--cell-size-m", "0"], "ingest-flag"),
        ("raster", write("c.gpx", b"<gpx></gpx>"), &[], "ingest-format"),
        ("raster", write("cut.tif", b"II*\0\x08\0\0\0"), &[], "ingest-open"),
        ("raster", write("mesh.xml", mesh.as_bytes()), &[], "raster-mesh"),
        ("raster", write("tile.png", b"\x89PNG\r\n\x1a\n"), &["--tile", "8/229/94"], "gsi-png"),
    ];
    for (verb, path, flags, code) in bad {
        let to = if verb == "raster" { "6677" } else { "6668" };
        let (found, detail) = told(verb, to, &path, flags);
        println!("{found}: {detail}");
        assert_eq!(found, code, "{}: {detail}", path.display());
        assert_eq!(prose(&detail), None, "{}: {detail}", path.display());
        assert!(!detail.contains("{$") && !detail.contains("{ $"), "{detail}");
    }
    // The check itself sees prose, and lets names, paths and quotations pass.
    assert_eq!(prose("壊れています: Could not find EOCD").as_deref(), Some("Could not find"));
    for fine in ["「Could not find EOCD」", "GDAL 3.6 PROJ 9", "a /b c d", "u8, u16, f32"] {
        assert_eq!(prose(fine), None, "{fine}");
    }
}

/// Wrong use is told in the caller's language, as data and as words.
#[test]
fn wrong_use_holds_no_english_prose() {
    for (line, code) in [
        ("", "cli-usage-no-command"),
        ("fly", "cli-usage-command"),
        ("vector", "cli-usage-missing"),
        ("vector a --out o --to-crs abc", "cli-usage-value"),
        ("vector a --out o --to-crs 6668 --bogus", "cli-usage-unknown"),
        ("vector a --out o --to-crs 6668 --max-seconds 0", "cli-usage-value"),
        ("vector a --out o --to-crs 6668 --max-features x", "cli-usage-number"),
        ("vector a --out o --to-crs 6668 --x-field x", "cli-usage-missing"),
        ("raster a --out o --to-crs 6677 --cell-size-m x", "cli-usage-number"),
        ("raster a --out o --out p", "cli-usage-repeated"),
        ("vector a --to-crs 6668 --out", "cli-usage-no-value"),
    ] {
        let words = line.split(' ').filter(|word| !word.is_empty());
        let output = program().args(["--json", "--lang", "ja"]).args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let error = &report["errors"][0];
        assert_eq!(error["code"], code, "{line}: {error}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(prose(error["detail"].as_str().unwrap()), None, "{line}: {error}");
        assert_eq!(prose(&told), None, "{line}: {told}");
        assert!(told.contains("使い方が違います"), "{line}: {told}");
    }
}

/// A database that is none of the format is told as that: nothing tries to load an extension.
#[test]
fn no_text_speaks_of_an_extension() {
    let files = Files::new();
    let source = files.write("a.geojson", br#"{"type":"Point","coordinates":[139,36]}"#);
    for table in ["spatial_ref_sys", "contents", "geometry_columns"] {
        let path = files.ogr2ogr(&format!("{table}.gpkg"), &source, &[]);
        let drop = format!("DROP TABLE gpkg_{table}");
        let dropped = Command::new("ogrinfo").arg(&path).args(["-sql", &drop]).output().unwrap();
        assert!(dropped.status.success(), "{}", String::from_utf8_lossy(&dropped.stderr));
        let (_, detail) = told("vector", "6668", &path, &[]);
        assert!(!detail.contains("extension"), "{table}: {detail}");
    }
}

/// The names of 100,000 columns are told by the first eight and their number.
#[test]
fn long_lists_are_told_short() {
    let files = Files::new();
    let columns: Vec<String> = (0..100_000).map(|n| format!("column_{n}")).collect();
    let table = files.write("wide.csv", format!("{}\n1\n", columns.join(",")));
    for flags in [&[][..], &["--x-field", "x", "--y-field", "y"]] {
        let done = vector(&table, flags);
        assert_eq!(done.code, 3, "{}", done.words);
        let error = done.report["errors"][0].to_string();
        assert!(error.len() < 2_000 && done.words.len() < 1_000, "{} bytes", error.len());
        let detail = done.report["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.ends_with("column_7 and 99992 more"), "{detail}");
        let (_, detail) = told("vector", "6668", &table, flags);
        assert!(detail.ends_with("column_7、ほか 99992 件"), "{detail}");
    }
    // A name as long as a book.
    let long = files.write("long.csv", format!("b,{}\n1,2\n", "x".repeat(1 << 20)));
    let done = vector(&long, &[]);
    assert_eq!(done.error(), "table-no-position");
    assert!(done.report["errors"][0].to_string().len() < 1_000);
    let names: Vec<String> = (0..300).map(|n| format!("{n}.txt")).collect();
    let parts: Vec<(&str, &[u8])> =
        names.iter().map(|name| (name.as_str(), b"a".as_slice())).collect();
    let done = run("vector", "6668", &files.write("texts.zip", zip(&parts)), &[]);
    assert_eq!(done.error(), "archive-no-data");
    let detail = done.report["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.ends_with("7.txt and 292 more"), "{detail}");
}
