//! The program, and files made byte by byte.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use jomo_core::feature::FeatureTable;
use jomo_format::vector::ReadOptions;
use serde_json::Value;
use tempfile::TempDir;

/// How a run ended.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) report: Value,
    pub(crate) words: String,
    pub(crate) wall: Duration,
    pub(crate) out: PathBuf,
    // Removed with the value.
    pub(crate) folder: TempDir,
}

impl Done {
    pub(crate) fn error(&self) -> &str {
        self.report["errors"][0]["code"].as_str().unwrap_or("-")
    }

    pub(crate) fn peak_mib(&self) -> u64 {
        self.report["peak_memory_kib"].as_u64().unwrap_or(0) / 1024
    }

    /// The features of a layer.
    pub(crate) fn table(&self, layer: usize) -> FeatureTable {
        let file = self.report["layers"][layer]["file"].as_str().unwrap();
        let bytes = fs::read(self.out.join(file)).unwrap();
        jomo_format::flatgeobuf::read(&bytes, &ReadOptions::default()).unwrap().table
    }

    /// Every byte that the run has left.
    pub(crate) fn left(&self) -> Vec<u8> {
        let mut all = self.report.to_string().into_bytes();
        all.extend(self.words.bytes());
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    all.extend(fs::read(path).unwrap());
                }
            }
        }
        all
    }
}

pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_jomo-ingest"))
}

/// Reads features of `source` with further flags.
pub(crate) fn vector(source: &Path, flags: &[&str]) -> Done {
    run("vector", "6668", source, flags)
}

pub(crate) fn run(verb: &str, to_crs: &str, source: &Path, flags: &[&str]) -> Done {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    let began = Instant::now();
    let output = program()
        .arg(verb)
        .arg(source)
        .args(["--to-crs", to_crs, "--json", "--lang", "en", "--out"])
        .arg(&out)
        .args(flags)
        .output()
        .unwrap();
    let wall = began.elapsed();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|fault| panic!("{fault}: {words} {:?}", output.status));
    let part = folder.path().join("out.part");
    assert!(!part.exists(), "nothing half-made stays");
    Done { code: output.status.code().unwrap(), report, words, wall, out, folder }
}

/// The folder of real data; `None` says that the test is skipped.
pub(crate) fn real(test: &str) -> Option<PathBuf> {
    let found = std::env::var_os("JOMO_REAL_DATA").map(PathBuf::from);
    if found.is_none() {
        println!("skipped: {test}: JOMO_REAL_DATA is not set");
    }
    found
}

pub(crate) struct Files {
    pub(crate) folder: TempDir,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// What GDAL's own program makes of a file.
    pub(crate) fn ogr2ogr(&self, to: &str, from: &Path, flags: &[&str]) -> PathBuf {
        let path = self.path(to);
        let output = Command::new("ogr2ogr").args(flags).arg(&path).arg(from).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        path
    }
}

/// A zip with these parts.
pub(crate) fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A shapefile of points: `.shp` and `.shx`.
pub(crate) fn points(places: &[[f64; 2]]) -> (Vec<u8>, Vec<u8>) {
    let (mut shp, mut shx) = (Vec::new(), Vec::new());
    let head = |words: usize| {
        let mut head = vec![0_u8; 100];
        head[..4].copy_from_slice(&9994_i32.to_be_bytes());
        head[24..28].copy_from_slice(&i32::try_from(words).unwrap().to_be_bytes());
        head[28..32].copy_from_slice(&1000_i32.to_le_bytes());
        head[32..36].copy_from_slice(&1_i32.to_le_bytes());
        head
    };
    shp.extend(head(50 + 14 * places.len()));
    shx.extend(head(50 + 4 * places.len()));
    for (number, [x, y]) in places.iter().enumerate() {
        let offset = i32::try_from(shp.len() / 2).unwrap();
        shx.extend(offset.to_be_bytes());
        shx.extend(10_i32.to_be_bytes());
        shp.extend(i32::try_from(number + 1).unwrap().to_be_bytes());
        shp.extend(10_i32.to_be_bytes());
        shp.extend(1_i32.to_le_bytes());
        shp.extend(x.to_le_bytes());
        shp.extend(y.to_le_bytes());
    }
    (shp, shx)
}

/// A table with columns `(name, type, width)` and rows of fields as they stand in the file.
pub(crate) fn dbf(language: u8, columns: &[(&str, u8, u8)], rows: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let record: usize = 1 + columns.iter().map(|column| usize::from(column.2)).sum::<usize>();
    let header = 33 + 32 * columns.len();
    let mut bytes = vec![0; 32];
    bytes[0] = 3;
    bytes[4..8].copy_from_slice(&u32::try_from(rows.len()).unwrap().to_le_bytes());
    bytes[8..10].copy_from_slice(&u16::try_from(header).unwrap().to_le_bytes());
    bytes[10..12].copy_from_slice(&u16::try_from(record).unwrap().to_le_bytes());
    bytes[29] = language;
    for (name, kind, width) in columns {
        let mut column = vec![0; 32];
        column[..name.len()].copy_from_slice(name.as_bytes());
        (column[11], column[16]) = (*kind, *width);
        bytes.extend(column);
    }
    bytes.push(0x0d);
    for row in rows {
        bytes.push(b' ');
        for (field, (_, _, width)) in row.iter().zip(columns) {
            let mut field = field.clone();
            field.resize(usize::from(*width), b' ');
            bytes.extend(field);
        }
    }
    bytes
}

/// Whether `needle` is in `hay`.
pub(crate) fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

pub(crate) fn extension(path: &Path) -> &str {
    path.extension().and_then(OsStr::to_str).unwrap_or_default()
}
