//! Files of foreign formats: read by `jomo-ingest`, a process of its own behind walls.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use jomo_core::fault::Faults;
use jomo_core::message::{Arguments, Coded, Names};
use jomo_format::vector::Encoding;
use serde_json::Value;

use crate::failure::{Exit, Failure};

/// Name of the program.
const PROGRAM: &str = "jomo-ingest";
/// Variable that says where it is.
const VARIABLE: &str = "JOMO_INGEST";
/// The program stops itself after 600 s; this is for one that does not.
const PATIENCE: Duration = Duration::from_mins(11);
const TICK: Duration = Duration::from_millis(20);
/// Longest report in bytes.
const REPORT_MAX: u64 = 32 << 20;
/// Codes and facts of errors that the program reports: ours to tell, by the same words.
const CODES: &[&str] = &[
    "archive-broken",
    "archive-encrypted",
    "archive-entries",
    "archive-nested",
    "archive-no-data",
    "archive-ratio",
    "archive-size",
    "crs-ballpark",
    "crs-missing",
    "crs-unknown",
    "crs-unsupported",
    "ingest-crashed",
    "ingest-flag",
    "ingest-format",
    "ingest-io",
    "ingest-layer",
    "ingest-memory",
    "ingest-no-layer",
    "ingest-open",
    "ingest-out",
    "ingest-part-occupied",
    "ingest-out",
    "ingest-read",
    "ingest-sandbox",
    "ingest-source",
    "ingest-time",
    "table-header-repeated",
    "table-no-header",
    "table-no-position",
    "table-syntax",
    "vector-axes-swapped",
    "vector-encoding",
    "vector-no-column",
    "vector-not-degrees",
    "vector-too-large",
];
const FACTS: &[&str] = &[
    "accuracy_m",
    "columns",
    "crs",
    "driver",
    "expected",
    "field",
    "flag",
    "found",
    "from",
    "given",
    "how",
    "known",
    "layer",
    "limit",
    "limit_mib",
    "limit_s",
    "line",
    "more",
    "name",
    "offset",
    "path",
    "positions",
    "reason",
    "repeated",
    "to",
    "value",
    "what",
    "x",
    "y",
];

/// How to read a foreign file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignOptions {
    /// EPSG code of the source, over what the file says.
    pub crs: Option<u32>,
    /// The layer of the source.
    pub layer: Option<String>,
}

/// What became of a foreign file.
#[derive(Debug)]
pub struct TakenIn {
    /// The layer as `FlatGeobuf`.
    pub bytes: Vec<u8>,
    /// What the program counted.
    pub faults: Faults,
}

/// Whether only `jomo-ingest` can read this content.
#[must_use]
pub fn is_foreign(head: &[u8]) -> bool {
    const MAGIC: &[&[u8]] = &[
        b"PK\x03\x04",
        b"SQLite format 3\0",
        b"\x00\x00\x27\x0a",
        b"AutoCAD Binary DXF",
        b"II*\0",
        b"MM\0*",
        b"\x89PNG",
        b"\xff\xd8\xff",
    ];
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let dxf = (lines.next(), lines.next());
    MAGIC.iter().any(|magic| head.starts_with(magic))
        || text.first() == Some(&b'<')
        || matches!(dxf, (Some(b"0"), Some(b"SECTION")))
}

/// The files that belong to `path`: those beside a shapefile.
#[must_use]
pub fn siblings(path: &Path) -> Vec<PathBuf> {
    let is_shp = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("shp"));
    let parts = ["cpg", "dbf", "prj", "shx"].into_iter().filter(|_| is_shp);
    parts.map(|part| path.with_extension(part)).filter(|path| path.is_file()).collect()
}

/// Why a foreign file was not taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignError {
    /// The program is not there.
    #[error("{program} cannot be started: {reason}")]
    Start {
        /// The program, as it was looked for.
        program: String,
        /// The system's reason.
        reason: String,
    },
    /// The program does not come to an end.
    #[error("{PROGRAM} was not done after {limit_s} s")]
    Time {
        /// Seconds.
        limit_s: u64,
    },
    /// The program gives no report.
    #[error("{PROGRAM} gave no report: {reason}")]
    Answer {
        /// What came instead.
        reason: String,
    },
    /// The file has several layers, and none was chosen.
    #[error("the file has several layers: {}", Names(known))]
    Several {
        /// Their names.
        known: Vec<String>,
    },
    /// What the program says of the file.
    #[error("{detail}")]
    Told {
        /// Its code.
        code: &'static str,
        /// Its facts.
        arguments: Arguments,
        /// The sentence for logs.
        detail: String,
    },
}

impl Coded for ForeignError {
    fn code(&self) -> &'static str {
        match self {
            Self::Start { .. } => "foreign-start",
            Self::Time { .. } => "ingest-time",
            Self::Answer { .. } => "foreign-answer",
            Self::Several { .. } => "foreign-several",
            Self::Told { code, .. } => code,
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Start { program, reason } => {
                vec![("program", program.clone()), ("reason", reason.clone())]
            }
            Self::Time { limit_s } => vec![("limit_s", limit_s.to_string())],
            Self::Answer { reason } => vec![("reason", reason.clone())],
            Self::Several { known } => {
                vec![("known", Names(known).shown()), ("more", Names(known).more())]
            }
            Self::Told { arguments, .. } => arguments.clone(),
        }
    }
}

/// Where the program is: as the environment says, beside this program, or on the path.
#[must_use]
pub fn program() -> PathBuf {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        return named.into();
    }
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name(PROGRAM));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| PROGRAM.into())
}

/// Has `path` read, in a folder of its own at `scratch` that is gone afterwards.
///
/// # Errors
/// What the program says of the file, and what kept it from saying anything.
pub fn take_in(
    path: &Path,
    options: &ForeignOptions,
    columns: &[Option<String>; 2],
    encoding: Option<Encoding>,
    scratch: &Path,
) -> Result<TakenIn, Failure> {
    let mut command = Command::new(program());
    command.arg("vector").arg(path).args(["--to-crs", "6668", "--json", "--lang", "en"]);
    command.arg("--out").arg(scratch);
    let mut flag = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            command.arg(format!("--{name}={value}"));
        }
    };
    flag("crs", options.crs.map(|code| code.to_string()));
    flag("layer", options.layer.clone());
    flag("x-field", columns[0].clone());
    flag("y-field", columns[1].clone());
    let named = |encoding| match encoding {
        Encoding::Utf8 => "utf-8".to_owned(),
        Encoding::Cp932 => "cp932".to_owned(),
    };
    flag("encoding", encoding.map(named));
    let report = ask(&mut command)?;
    let taken = result(&report, scratch).map_err(|failure| failure.at(path));
    // What is left of a failure is in the report; the folder is inside one that is removed.
    let _ = std::fs::remove_dir_all(scratch);
    taken
}

/// What `jomo doctor` asks: the formats, the versions, the walls.
///
/// # Errors
/// If the program cannot be asked.
pub fn formats() -> Result<Value, Failure> {
    ask(Command::new(program()).args(["formats", "--json", "--lang", "en"]))
}

fn result(report: &Value, folder: &Path) -> Result<TakenIn, Failure> {
    let answer = |reason: &str| {
        Failure::new(Exit::Failed, ForeignError::Answer { reason: reason.to_owned() })
    };
    if let Some(errors) = report["errors"].as_array().filter(|errors| !errors.is_empty()) {
        let errors = errors.iter().map(|error| Box::new(told(error)) as _).collect();
        return Err(Failure { exit: Exit::Input, place: None, errors, recorded: false });
    }
    let layers = report["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let [layer] = layers else {
        let name = |layer: &Value| layer["name"].as_str().unwrap_or_default().to_owned();
        let known = layers.iter().map(name).collect();
        return Err(Failure::new(Exit::Usage, ForeignError::Several { known }));
    };
    let file = layer["file"].as_str().unwrap_or_default();
    if file.is_empty() || file.contains('/') {
        return Err(answer("no file name"));
    }
    let faults = serde_json::from_value(layer["faults"].clone()).unwrap_or_default();
    let bytes = std::fs::read(folder.join(file)).map_err(|fault| answer(&fault.to_string()))?;
    Ok(TakenIn { bytes, faults })
}

/// An error of the report as one of ours.
fn told(error: &Value) -> ForeignError {
    let detail = error["detail"].as_str().unwrap_or_default().to_owned();
    let code = CODES.iter().find(|code| error["code"] == **code);
    let Some(code) = code else { return ForeignError::Answer { reason: detail } };
    let mut arguments = Arguments::new();
    for (name, value) in error["arguments"].as_object().into_iter().flatten() {
        if let (Some(name), Some(value)) = (FACTS.iter().find(|fact| *fact == name), value.as_str())
        {
            arguments.push((name, value.to_owned()));
        }
    }
    ForeignError::Told { code, arguments, detail }
}

/// Runs the program and reads its report.
fn ask(command: &mut Command) -> Result<Value, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |reason: String| {
        let program = program.clone();
        Failure::new(Exit::Failed, ForeignError::Start { program, reason })
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|fault| failed(fault.to_string()))?;
    let pipe = child.stdout.take();
    let answer = thread::spawn(move || {
        let mut answer = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.by_ref().take(REPORT_MAX).read_to_end(&mut answer);
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        }
        answer
    });
    wait(&mut child).map_err(|error| match error {
        Some(fault) => failed(fault.to_string()),
        None => Failure::new(Exit::Failed, ForeignError::Time { limit_s: PATIENCE.as_secs() }),
    })?;
    let answer = answer.join().unwrap_or_default();
    let report: Result<Value, _> = serde_json::from_slice(&answer);
    match report {
        Ok(report) if report["tool"] == PROGRAM => Ok(report),
        _ => {
            let reason = String::from_utf8_lossy(&answer).chars().take(200).collect();
            Err(Failure::new(Exit::Failed, ForeignError::Answer { reason }))
        }
    }
}

/// Waits for the end; `None` for one that does not come.
fn wait(child: &mut Child) -> Result<(), Option<std::io::Error>> {
    let began = Instant::now();
    loop {
        if child.try_wait().map_err(Some)?.is_some() {
            return Ok(());
        }
        if PATIENCE <= began.elapsed() {
            let _ = child.kill();
            let _ = child.wait();
            return Err(None);
        }
        thread::sleep(TICK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jomo_words::{Language, text};

    /// Every code that can be reported can be told, with no fact left open.
    #[test]
    fn codes_have_their_words() {
        for code in CODES {
            for language in [Language::Ja, Language::En] {
                let facts: Vec<_> = FACTS.iter().map(|fact| (*fact, String::new())).collect();
                let title = text(language, &format!("{code}.title"), &facts);
                let detail = text(language, &format!("{code}.detail"), &facts);
                let detail = detail.unwrap_or_else(|| panic!("{code}"));
                assert!(title.is_some() && !detail.contains("{$"), "{code}: {detail}");
            }
        }
    }

    #[test]
    fn own_formats_are_not_foreign() {
        for own in ["{\"type\":\"FeatureCollection\"}", "fgb\x03fgb\0", "a,b\n1,2\n", "", "0,1\n"] {
            assert!(!is_foreign(own.as_bytes()), "{own}");
        }
        for foreign in ["PK\x03\x04", "<?xml", " <kml>", "SQLite format 3\0", "  0\r\nSECTION\r\n"]
        {
            assert!(is_foreign(foreign.as_bytes()), "{foreign}");
        }
    }
}
