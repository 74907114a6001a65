//! The folder of the result and the one beside it, in which it is made.

use std::fs;
use std::path::Path;

use crate::support::{Files, program};

/// Exit code, and the code of the error.
fn ingest(source: &Path, out: &Path) -> (i32, String) {
    let output = program()
        .arg("vector")
        .arg(source)
        .args(["--to-crs", "6668", "--json", "--lang", "ja", "--out"])
        .arg(out)
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let error = &report["errors"][0];
    let code = error["code"].as_str().unwrap_or_default().to_owned();
    assert!(code.is_empty() || error["hint"].is_string(), "{report}");
    (output.status.code().unwrap(), code)
}

fn source(files: &Files) -> std::path::PathBuf {
    files.write("a.csv", "id,lon,lat\na,139.1,36.4\n")
}

#[test]
fn a_foreign_folder_beside_the_result_is_not_touched() {
    let files = Files::new();
    let (source, out, part) = (source(&files), files.path("out"), files.path("out.part"));
    let refused = (2, "ingest-part-occupied".to_owned());
    for (name, content) in [("photo.jpg", "x"), ("report.json", r#"{"tool":"jomo-ingest"}"#)] {
        fs::create_dir(&part).unwrap();
        fs::write(part.join(name), content).unwrap();
        assert_eq!(ingest(&source, &out), refused, "{name}");
        assert!(part.join(name).is_file() && !out.exists());
        fs::remove_dir_all(&part).unwrap();
    }
    fs::write(&part, "a file").unwrap();
    assert_eq!(ingest(&source, &out), refused);
    fs::remove_file(&part).unwrap();
    std::os::unix::fs::symlink(files.path("."), &part).unwrap();
    assert_eq!(ingest(&source, &out), refused);
    fs::remove_file(&part).unwrap();

    // What a killed run has left is in nobody's way.
    fs::create_dir_all(part.join("work")).unwrap();
    fs::write(part.join("half.fgb"), "x").unwrap();
    let mark = r#"{"status":"running","tool":"jomo-ingest"}"#;
    fs::write(part.join("report.json"), mark).unwrap();
    assert_eq!(ingest(&source, &out).0, 0);
    assert!(out.join("report.json").is_file() && !part.exists());
    assert!(!out.join("half.fgb").exists() && !out.join("work").exists());
}

/// A folder that cannot be written is no fault of the input.
#[test]
fn an_unwritable_result_is_a_failure() {
    let files = Files::new();
    let (source, file) = (source(&files), files.write("file", "x"));
    for out in [file.join("out"), "/proc/jomo-ingest-out".into()] {
        assert_eq!(ingest(&source, &out), (1, "ingest-out".to_owned()), "{}", out.display());
    }
}
