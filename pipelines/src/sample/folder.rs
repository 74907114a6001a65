//! The folder of a sample region: written beside its place, then moved there in one step.

use std::fs;
use std::path::{Path, PathBuf};

use super::SampleError;

/// The file that marks a folder as a sample region, and the line that it must hold.
const SOURCE: &str = "SOURCE.toml";
const MARK: &str = "made_by = \"jomo sample generate\"";

/// A folder under construction: `DIR.part`.
pub(super) struct Folder {
    place: PathBuf,
    part: PathBuf,
    files: Vec<PathBuf>,
}

fn beside(place: &Path, suffix: &str) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_os_string();
    name.push(suffix);
    place.with_file_name(name)
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> SampleError {
    move |source| SampleError::Write { path: path.to_owned(), source }
}

fn removed(path: &Path) -> Result<(), SampleError> {
    match fs::remove_dir_all(path) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => Err(failed(path)(fault)),
        _ => Ok(()),
    }
}

/// Whether a folder carries the mark of a sample region.
pub(super) fn is_ours(place: &Path) -> bool {
    let source = fs::read_to_string(place.join(SOURCE)).unwrap_or_default();
    source.lines().any(|line| line == MARK)
}

/// Names in a sample region: files, and folders with the endings of their files.
const FILES: [&str; 13] = [
    SOURCE,
    "banks.geojson",
    "dam.csv",
    "dam_release.csv",
    "facilities.geojson",
    "gauge_levels.csv",
    "gauges.csv",
    "hazard_zones.geojson",
    "landcover.tif",
    "municipalities.geojson",
    "region.toml",
    "rivers.geojson",
    "shelters.geojson",
];
///
/// `basin` and `state` are what the commands of forecasts leave where the region file says; they are
/// of no use to another region.
const FOLDERS: [(&str, &[&str]); 6] = [
    ("basin", &[".jomo", ".json"]),
    ("event", &["_grib2.bin"]),
    ("flood", &[".csv", ".tif", ".toml"]),
    ("rain", &["_grib2.bin"]),
    ("state", &[".state"]),
    ("terrain", &[".tif"]),
];

/// Whether every file is one that we write: a person's own file is never removed with ours.
fn holds_nothing_else(place: &Path) -> bool {
    let names = |folder: &Path| -> Option<Vec<String>> {
        let entries = fs::read_dir(folder).ok()?;
        entries.map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect()
    };
    let known = |name: &String| {
        let folder = FOLDERS.iter().find(|(folder, _)| folder == name);
        FILES.contains(&name.as_str())
            || folder.is_some_and(|(_, endings)| {
                let is_ours = |name: &String| endings.iter().any(|ending| name.ends_with(ending));
                names(&place.join(name)).is_some_and(|names| names.iter().all(is_ours))
            })
    };
    names(place).is_some_and(|names| names.iter().all(known))
}

/// Whether `place` may be replaced: it is not there, empty, or a sample region made before.
pub(super) fn check(place: &Path) -> Result<(), SampleError> {
    let occupied = || SampleError::Occupied { path: place.to_owned() };
    match fs::read_dir(place) {
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(_) => Err(occupied()),
        Ok(mut entries) => {
            let ours = || is_ours(place) && holds_nothing_else(place);
            if entries.next().is_none() || ours() { Ok(()) } else { Err(occupied()) }
        }
    }
}

/// Whether `place` holds a sample region made from exactly these facts. The folder was moved
/// there whole, so its mark stands for its content.
pub(super) fn is_current(place: &Path, facts: &str) -> bool {
    fs::read_to_string(place.join(SOURCE)).is_ok_and(|text| text == marked(facts))
}

fn marked(facts: &str) -> String {
    format!("{MARK}\n{facts}")
}

impl Folder {
    pub(super) fn begin(place: &Path) -> Result<Self, SampleError> {
        check(place)?;
        let part = beside(place, ".part");
        removed(&part)?;
        fs::create_dir_all(&part).map_err(failed(&part))?;
        Ok(Self { place: place.to_owned(), part, files: Vec::new() })
    }

    pub(super) fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), SampleError> {
        let path = self.part.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        fs::write(&path, bytes).map_err(failed(&path))?;
        self.files.push(PathBuf::from(name));
        Ok(())
    }

    /// Writes what marks the folder, and moves it to its place. Returns the files in it.
    pub(super) fn finish(mut self, facts: &str) -> Result<Vec<PathBuf>, SampleError> {
        self.put(SOURCE, marked(facts).as_bytes())?;
        check(&self.place)?;
        let old = beside(&self.place, ".old");
        removed(&old)?;
        if self.place.exists() {
            fs::rename(&self.place, &old).map_err(failed(&self.place))?;
        }
        fs::rename(&self.part, &self.place).map_err(failed(&self.place))?;
        removed(&old)?;
        self.files.sort();
        Ok(self.files)
    }
}
