//! Small files that ask for much: each ends in time, in memory, with an error that can be told.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use crate::support::{Done, Files, points, run, vector, zip};

const MEMORY_MIB: u64 = 384;
const SECONDS: u64 = 20;

/// Ends within its bounds; what is over is the start of the program and the watch.
fn bounded(source: &Path, flags: &[&str]) -> Done {
    bounded_as("vector", "6668", source, flags)
}

pub(crate) fn bounded_as(verb: &str, to: &str, source: &Path, flags: &[&str]) -> Done {
    let memory = MEMORY_MIB.to_string();
    let seconds = SECONDS.to_string();
    let mut all = vec!["--max-memory-mib", &memory];
    if !flags.contains(&"--max-seconds") {
        all.extend(["--max-seconds", &seconds]);
    }
    all.extend(flags);
    let done = run(verb, to, source, &all);
    let name = source.file_name().unwrap().to_string_lossy();
    assert!(done.wall <= Duration::from_secs(SECONDS + 10), "{name}: {:?}", done.wall);
    assert!(done.peak_mib() <= MEMORY_MIB + 160, "{name}: {} MiB", done.peak_mib());
    assert!([0, 3, 4].contains(&done.code), "{name}: {}", done.words);
    assert!(done.code != 3 || done.report["errors"][0]["title"].is_string());
    done
}

#[test]
fn archives() {
    let files = Files::new();
    let zeros = vec![0; 64 << 20];
    for name in ["a.shp", "a.geojson"] {
        let done = bounded(&files.write("bomb.zip", zip(&[(name, &zeros)])), &[]);
        assert_eq!(done.error(), "archive-ratio", "{name}");
    }
    let workbook = zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", b"<workbook/>"),
        ("xl/sharedStrings.xml", &zeros),
    ]);
    assert_eq!(bounded(&files.write("a.xlsx", workbook), &[]).error(), "archive-ratio");
    assert_eq!(
        bounded(&files.write("a.kmz", zip(&[("doc.kml", &zeros)])), &[]).error(),
        "archive-ratio"
    );
    let many = bounded(&many_entries(&files, 1_000_000), &[]);
    assert_eq!(many.error(), "archive-entries");
}

/// A zip of empty files; the announced number is cut to what the small form holds.
fn many_entries(files: &Files, count: u32) -> std::path::PathBuf {
    let path = files.path("many.zip");
    let mut out = BufWriter::new(File::create(&path).unwrap());
    let name = |number: u32| format!("{number:07}.shp");
    let mut offset = 0_u32;
    let mut directory = Vec::new();
    for number in 0..count {
        let name = name(number);
        out.write_all(b"PK\x03\x04\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0b\0\0\0")
            .unwrap();
        out.write_all(name.as_bytes()).unwrap();
        directory.extend(b"PK\x01\x02\x0a\0\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0b\0\0\0\0\0\0\0\0\0\0\0\0\0");
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
        offset += 41;
    }
    out.write_all(&directory).unwrap();
    out.write_all(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff").unwrap();
    out.write_all(&u32::try_from(directory.len()).unwrap().to_le_bytes()).unwrap();
    out.write_all(&offset.to_le_bytes()).unwrap();
    out.write_all(b"\0\0").unwrap();
    out.flush().unwrap();
    path
}

#[test]
fn nesting_without_end() {
    let files = Files::new();
    let deep = 200_000;
    let kml = format!(
        "<kml xmlns=\"http://www.opengis.net/kml/2.2\">{}{}</kml>",
        "<Folder>".repeat(deep),
        "</Folder>".repeat(deep)
    );
    bounded(&files.write("deep.kml", kml), &[]);
    let geometry = format!(
        "<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Placemark>{}{}</Placemark></kml>",
        "<MultiGeometry>".repeat(deep),
        "</MultiGeometry>".repeat(deep)
    );
    bounded(&files.write("deep2.kml", geometry), &[]);
    let json = format!("{{\"type\":\"FeatureCollection\",\"features\":{}", "[".repeat(deep));
    assert_eq!(bounded(&files.write("deep.geojson", json), &[]).code, 3);
    let coordinates = format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[{{\"type\":\"Feature\",\"properties\":{{}},\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":{}{}}}}}]}}",
        "[".repeat(deep),
        "]".repeat(deep)
    );
    bounded(&files.write("deep2.geojson", coordinates), &[]);
    let laughs = (1..10).map(|n| {
        let inner = format!("&a{};", n - 1).repeat(10);
        format!("<!ENTITY a{n} \"{inner}\">")
    });
    let laughs: String = laughs.collect();
    let gpx = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE gpx [<!ENTITY a0 \"ha\">{laughs}]><gpx version=\"1.1\" creator=\"t\" xmlns=\"http://www.topografix.com/GPX/1/1\"><wpt lat=\"36\" lon=\"139\"><name>&a9;</name></wpt></gpx>"
    );
    bounded(&files.write("laughs.gpx", &gpx), &[]);
    let kml = gpx.replace("gpx", "kml");
    bounded(&files.write("laughs.kml", kml), &[]);
}

#[test]
fn workbook_of_many_strings() {
    let files = Files::new();
    // Strings that pack just within the ratio: pseudo-random letters between long runs.
    let mut strings =
        String::from("<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">");
    let mut seed = 1_u64;
    let run = "a".repeat(300);
    for _ in 0..600_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        write!(strings, "<si><t>{seed:016x}{run}</t></si>").unwrap();
    }
    strings.push_str("</sst>");
    let types = br#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"#;
    let book = br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    let links = br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>"#;
    let sheet = br#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>"#;
    let workbook = zip(&[
        ("[Content_Types].xml", types),
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", links),
        ("xl/worksheets/sheet1.xml", sheet),
        ("xl/sharedStrings.xml", strings.as_bytes()),
    ]);
    bounded(&files.write("strings.xlsx", workbook), &[]);
}

#[test]
fn databases() {
    let files = Files::new();
    let geojson = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":"x"},"geometry":{"type":"Point","coordinates":[139,36]}}]}"#;
    let source = files.write("a.geojson", geojson);
    let script = |database: &Path, sql: &str| {
        for statement in sql.split(';').filter(|statement| !statement.trim().is_empty()) {
            let output = std::process::Command::new("ogrinfo")
                .arg(database)
                .args(["-sql", statement])
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    };
    // A layer that is a query without end.
    let endless = files.ogr2ogr("endless.gpkg", &source, &["-nln", "a"]);
    script(
        &endless,
        "CREATE VIEW v AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c) SELECT n AS fid, geom FROM a, c WHERE n < 0;\
         INSERT INTO gpkg_contents(table_name,data_type,identifier,srs_id) VALUES ('v','features','v',4326);\
         INSERT INTO gpkg_geometry_columns VALUES ('v','geom','POINT',4326,0,0)",
    );
    let done = bounded(&endless, &["--max-seconds", "3"]);
    assert_eq!(done.error(), "ingest-time");
    // A value that asks for a gigabyte.
    let giant = files.ogr2ogr("giant.gpkg", &source, &["-nln", "a"]);
    script(
        &giant,
        "CREATE VIEW v AS SELECT 1 AS fid, geom, hex(zeroblob(400000000)) AS t FROM a;\
         INSERT INTO gpkg_contents(table_name,data_type,identifier,srs_id) VALUES ('v','features','v',4326);\
         INSERT INTO gpkg_geometry_columns VALUES ('v','geom','POINT',4326,0,0)",
    );
    bounded(&giant, &[]);
}

#[test]
fn lying_lengths() {
    let files = Files::new();
    let (mut shp, shx) = points(&[[139.0, 36.0], [139.1, 36.1]]);
    files.write("lie.shx", &shx);
    // A polygon of 2^30 parts in a record of 20 bytes; a record longer than the file.
    shp[100 + 4..100 + 8].copy_from_slice(&0x7fff_ffff_i32.to_be_bytes());
    shp[108..112].copy_from_slice(&5_i32.to_le_bytes());
    bounded(&files.write("lie.shp", &shp), &["--crs", "6668"]);
    let mut shx = shx;
    shx[104..108].copy_from_slice(&0x7fff_ffff_i32.to_be_bytes());
    files.write("lie.shx", &shx);
    bounded(&files.write("lie.shp", &shp), &["--crs", "6668"]);
    // Two points announced by an index of 2^29 entries.
    shx[24..28].copy_from_slice(&0x7fff_fff0_i32.to_be_bytes());
    files.write("lie.shx", &shx);
    bounded(&files.write("lie.shp", &shp), &["--crs", "6668"]);

    let polyline =
        "0\nSECTION\n2\nENTITIES\n0\nLWPOLYLINE\n90\n2000000000\n10\n1\n20\n2\n0\nENDSEC\n0\nEOF\n";
    bounded(&files.write("lie.dxf", polyline), &["--crs", "6677"]);
    let mut blocks = String::new();
    for n in 0..30 {
        let next = n + 1;
        let insert = |at: u8| format!("0\nINSERT\n2\nB{next}\n10\n{at}\n20\n{at}\n");
        let [first, second] = [insert(0), insert(1)];
        write!(blocks, "0\nBLOCK\n2\nB{n}\n70\n0\n{first}{second}0\nENDBLK\n").unwrap();
    }
    let dxf = format!(
        "0\nSECTION\n2\nBLOCKS\n{blocks}0\nBLOCK\n2\nB30\n70\n0\n0\nPOINT\n10\n1\n20\n2\n0\nENDBLK\n0\nENDSEC\n0\nSECTION\n2\nENTITIES\n0\nINSERT\n2\nB0\n10\n0\n20\n0\n0\nENDSEC\n0\nEOF\n"
    );
    bounded(&files.write("blocks.dxf", dxf), &["--crs", "6677"]);
}

/// A file that is mostly hole: ten gigabytes to read, none to keep.
#[test]
fn a_hole_of_ten_gigabytes() {
    let files = Files::new();
    let path = files.write("hole.geojson", "{\"type\":\"FeatureCollection\",\"features\":[");
    let mut file = File::options().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(10 << 30)).unwrap();
    file.write_all(b"]}").unwrap();
    drop(file);
    let done = vector(&path, &["--max-seconds", "5", "--max-memory-mib", "256"]);
    assert_eq!(done.code, 3, "{}", done.words);
}
