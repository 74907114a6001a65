//! Damaged bytes of every format, read in one process without walls: nothing may end it.
//!
//! GDAL's own code can crash on damaged bytes; that is what the walls and the watch are for, and
//! `bombs` and `walls` test them. Here a child process reads all damaged copies of a small fixture
//! in a row, so that our own code meets whatever GDAL hands over. A crash of the child names its
//! file and is a failure of this test, and so is a child that asks for a gigabyte or a copy that
//! takes longer than 20 s: on two busy cores a copy takes 3 ms.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use jomo_core::message::Coded;
use jomo_ingest::vector::VectorRequest;
use jomo_ingest::{drivers, vector};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::support::{Files, dbf, extension, points, real, zip};

const FLIPS: usize = 2_000;
/// What the child may hold, in bytes: damage must not be able to ask for more.
const MEMORY: u64 = 1 << 30;
/// The longest that one copy may take.
const LONGEST: Duration = Duration::from_secs(20);
/// Processor seconds of a child; a loop without end is cut off here.
const SECONDS: u64 = 240;

fn fixtures(files: &Files) -> Vec<PathBuf> {
    let feature = |lon: f64| {
        format!(
            r#"{{"type":"Feature","properties":{{"name":"x","n":{lon}}},"geometry":{{"type":"Polygon","coordinates":[[[{lon},36],[139.5,36],[139.5,36.5],[{lon},36]]]}}}}"#
        )
    };
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[{},{}]}}"#,
        feature(139.0),
        feature(139.1)
    );
    let geojson = files.write("a.geojson", text);
    let (shp, shx) = points(&[[139.0, 36.0], [139.1, 36.1]]);
    let table = dbf(
        0x13,
        &[("A", b'C', 8), ("N", b'N', 5)],
        &[vec![b"a".to_vec(), b"1".to_vec()], vec![b"b".to_vec(), b"2.5".to_vec()]],
    );
    let prj = b"GEOGCS[\"GCS_JGD_2000\",DATUM[\"D_JGD_2000\",SPHEROID[\"GRS_1980\",6378137.0,298.257222101]],PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]]";
    let archive = zip(&[("a.shp", &shp), ("a.shx", &shx), ("a.dbf", &table), ("a.prj", prj)]);
    let mut all = vec![
        geojson.clone(),
        files.ogr2ogr("a.kml", &geojson, &["-f", "LIBKML"]),
        files.ogr2ogr("a.fgb", &geojson, &[]),
        files.write("a.zip", archive),
        files.write("a.csv", "name,lat,lon\nx,36.1,139.1\n\"y, z\",36.2,139.2\n"),
        files.write("a.gpx", "<gpx version=\"1.1\" creator=\"t\" xmlns=\"http://www.topografix.com/GPX/1/1\"><wpt lat=\"36\" lon=\"139\"><name>a</name></wpt></gpx>"),
        files.write("a.dxf", "0\nSECTION\n2\nENTITIES\n0\nPOINT\n10\n139\n20\n36\n0\nENDSEC\n0\nEOF\n"),
    ];
    all.push(database(files, &geojson));
    let csv = files.write("sheet.csv", "name,lat,lon\nx,36.1,139.1\ny,36.2,139.2\n");
    all.push(files.ogr2ogr("a.xlsx", &csv, &["-oo", "AUTODETECT_TYPE=YES"]));
    all.push(files.write("b.shp", &shp));
    files.write("b.shx", &shx);
    files.write("b.dbf", &table);
    files.write("b.prj", prj);
    all
}

/// A small database: short pages, and none of the tables that no reader needs.
fn database(files: &Files, from: &Path) -> PathBuf {
    let pragma = ["--config", "OGR_SQLITE_PRAGMA", "page_size=512"];
    let plain = ["-lco", "SPATIAL_INDEX=NO", "-dsco", "ADD_GPKG_OGR_CONTENTS=NO"];
    let path = files.ogr2ogr("a.gpkg", from, &[&pragma[..], &plain[..]].concat());
    let tables = ["metadata_reference", "metadata", "tile_matrix", "tile_matrix_set", "extensions"];
    let drops = tables.map(|table| format!("DROP TABLE gpkg_{table}"));
    for statement in drops.iter().map(String::as_str).chain(["VACUUM"]) {
        let output = Command::new("ogrinfo").arg(&path).args(["-sql", statement]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    path
}

/// Numbers by xorshift with a fixed seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap()
    }
}

/// Reads one damaged copy; the outcome must be sound or an error with a code. Tells which.
fn read(path: &Path, scratch: &Path) -> bool {
    let _ = fs::remove_dir_all(scratch);
    fs::create_dir_all(scratch.join("work")).unwrap();
    let request = VectorRequest { crs: Some(6668), ..VectorRequest::default() };
    let began = Instant::now();
    let outcome = vector::run(path, &request, scratch, &scratch.join("work"));
    if let Err(error) = &outcome {
        assert!(!error.code().is_empty() && !error.to_string().is_empty());
    }
    drivers::take_failures();
    assert!(began.elapsed() < LONGEST, "{}: {:?}", path.display(), began.elapsed());
    outcome.is_ok()
}

/// The parts of a zip, unpacked.
fn parts(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let count = archive.len();
    let part = |index| {
        let mut part = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).unwrap();
        (part.name().unwrap().into_owned(), bytes)
    };
    (0..count).map(part).collect()
}

/// Flips within the parts of an archive, packed again: the checksums are right, so what is wrong
/// comes to whatever reads the parts.
fn flip_within(sound: &[u8], path: &Path, out: &Path) {
    let parts = parts(sound);
    let length = parts.iter().map(|(_, bytes)| bytes.len()).sum();
    let mut random = Random(0x706b);
    for _ in 0..FLIPS {
        let mut damaged = parts.clone();
        let mut place = random.below(length);
        for (_, bytes) in &mut damaged {
            if place < bytes.len() {
                bytes[place] ^= 1 << random.below(8);
                break;
            }
            place -= bytes.len();
        }
        let packed: Vec<(&str, &[u8])> =
            damaged.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        fs::write(path, zip(&packed)).unwrap();
        read(path, out);
    }
}

fn copies(fixture: &Path, scratch: &Path) {
    let sound = fs::read(fixture).unwrap();
    let name = format!("damaged.{}", extension(fixture));
    let path = scratch.join(&name);
    for part in ["shx", "dbf", "prj"] {
        let beside = fixture.with_extension(part);
        if extension(fixture) == "shp" && beside.exists() {
            fs::copy(beside, path.with_extension(part)).unwrap();
        }
    }
    let out = scratch.join("out");
    fs::write(&path, &sound).unwrap();
    assert!(read(&path, &out), "undamaged, it can be read");
    let step = (sound.len() / 4_096).max(1);
    for end in (0..sound.len()).step_by(step) {
        fs::write(&path, &sound[..end]).unwrap();
        read(&path, &out);
    }
    let mut random = Random(0x6a6f_6d6f);
    for _ in 0..FLIPS {
        let mut damaged = sound.clone();
        let place = random.below(damaged.len());
        damaged[place] ^= 1 << random.below(8);
        fs::write(&path, &damaged).unwrap();
        read(&path, &out);
    }
    // The parts of a zip of shapefiles are fixtures of their own.
    if extension(fixture) == "xlsx" {
        flip_within(&sound, &path, &out);
    }
}

/// Bounds for what a child does with damaged bytes.
fn bound() {
    for (resource, most) in [(Resource::Data, MEMORY), (Resource::Cpu, SECONDS)] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }).unwrap();
    }
}

#[test]
fn every_prefix_and_flip_ends_in_an_outcome() {
    if let Some(fixture) = std::env::var_os("JOMO_TEST_ALONE") {
        bound();
        drivers::prepare();
        let files = Files::new();
        copies(Path::new(&fixture), files.folder.path());
        return;
    }
    let files = Files::new();
    for fixture in fixtures(&files) {
        let began = Instant::now();
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "--test-threads=1",
                "hostile::every_prefix_and_flip_ends_in_an_outcome",
            ])
            .env_clear()
            .envs(drivers::ENVIRONMENT.iter().copied())
            .env("JOMO_TEST_ALONE", &fixture)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        println!("{}: {:?}", extension(&fixture), began.elapsed());
        assert!(output.status.success(), "{}: {:?} {said}", fixture.display(), output.status);
    }
}

/// 200 random prefixes of each real file.
#[test]
fn prefixes_of_real_files() {
    if std::env::var_os("JOMO_TEST_ALONE").is_some() {
        let Some(data) = real("prefixes_of_real_files") else { return };
        bound();
        drivers::prepare();
        let files = Files::new();
        let mut random = Random(17);
        for name in ["P23-12_38_GML.zip", "A30a5-11_4939-jgd_GML.zip"] {
            let sound = fs::read(data.join("ksj-samples").join(name)).unwrap();
            for _ in 0..200 {
                let path = files.write("cut.zip", &sound[..random.below(sound.len())]);
                read(&path, &files.path("out"));
            }
        }
        return;
    }
    let Some(data) = real("prefixes_of_real_files") else { return };
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--test-threads=1", "hostile::prefixes_of_real_files"])
        .env_clear()
        .envs(drivers::ENVIRONMENT.iter().copied())
        .env("JOMO_REAL_DATA", data)
        .env("JOMO_TEST_ALONE", "yes")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
