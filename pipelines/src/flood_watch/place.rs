//! What a watch reads: the spool, the readings, the live forecast; and the folder that it keeps.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jomo_core::fault::Faults;
use jomo_core::layer::{Access, Layer};
use jomo_core::time::compact;
use jomo_flood::rainfall::Source as Origin;
use jomo_format::gauge_csv;
use jomo_store::{Store, StoreError, sha256_hex, staged_layers};
use serde::Deserialize;
use serde_json::Value;

use super::WatchError;
use super::rules::{Kind, Made, SpoolEntry, Verdict};
use crate::failure::{CommandError, Exit, Failure};
use crate::rainfall::{Looked, look};
use crate::region::Region;
use crate::source::{Source, read_bounded};

/// The command whose results are watched over.
pub(super) const COMMAND: &str = "flood forecast";
/// Largest product that is read, in bytes; the largest known one has 120 MB.
const GRIB_MAX: u64 = 512 << 20;
/// Largest file of readings that is read, in bytes.
const READINGS_MAX: u64 = 512 << 20;
/// Largest record of a cycle that is read, in bytes.
const RECORD_MAX: u64 = 16 << 20;
/// Most files of a spool that are looked at: a day of every product has some 500.
const FILES_MAX: usize = 20_000;
/// Records of cycles that are kept: those of a week.
const KEPT: usize = 1_008;
/// The file that tells how the watch fares.
const STATE: &str = "watch.json";

/// The folders of a watch.
pub(super) struct Place {
    spool: PathBuf,
    work: PathBuf,
    region: Region,
    /// Newest reading of each file of readings, by name, size and time of writing.
    known: BTreeMap<PathBuf, (u64, Option<Timestamp>, Option<Timestamp>)>,
    /// Keeps other watches out of `work` for as long as it is open.
    _lock: File,
}

impl Place {
    /// Takes the folder `work`, which is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be used, or another watch does.
    pub(super) fn open(region: &Region, spool: &Path, work: &Path) -> Result<Self, Failure> {
        let fail = |source: &io::Error| Failure::new(Exit::Failed, CommandError::io(work, source));
        fs::create_dir_all(work.join("cycles")).map_err(|source| fail(&source))?;
        let lock = File::create(work.join("watch.lock")).map_err(|source| fail(&source))?;
        if matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)) {
            let path = work.display().to_string();
            return Err(Failure::new(Exit::Failed, WatchError::Busy { path }));
        }
        Ok(Self {
            spool: spool.to_owned(),
            work: work.to_owned(),
            region: region.clone(),
            known: BTreeMap::new(),
            _lock: lock,
        })
    }

    /// The products in the spool by name, the newest of too many; `None` if it cannot be read just now.
    pub(super) fn entries(&self) -> Option<Vec<SpoolEntry>> {
        let mut entries: Vec<_> =
            files(&self.spool, "bin").ok()?.iter().filter_map(|path| entry(path)).collect();
        let surplus = entries.len().saturating_sub(FILES_MAX);
        if 0 < surplus {
            entries.sort_by_key(|entry| entry.modified);
            entries.drain(..surplus);
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Some(entries)
    }

    /// What stands in a file of the spool, with its size and time as they were before reading.
    pub(super) fn read(&self, name: &str) -> Option<(SpoolEntry, Verdict)> {
        let path = self.spool.join(name);
        let before = entry(&path)?;
        Some((before, verdict(&path, &self.region)))
    }

    /// The newest reading of all gauges. A file that cannot be read just now says nothing.
    pub(super) fn newest_reading(&mut self) -> Option<Timestamp> {
        let path = self.region.gauges.readings.clone()?;
        let paths = if path.is_dir() { files(&path, "csv").ok()? } else { vec![path] };
        let mut known = BTreeMap::new();
        for path in paths {
            let Ok(meta) = fs::metadata(&path) else { continue };
            let modified = meta.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
            let before = self.known.remove(&path);
            let same = before.filter(|(bytes, time, _)| (*bytes, *time) == (meta.len(), modified));
            let newest = match same {
                Some((_, _, newest)) => newest,
                None => newest_reading(&path),
            };
            known.insert(path, (meta.len(), modified, newest));
        }
        self.known = known;
        self.known.values().filter_map(|(_, _, newest)| *newest).max()
    }

    /// The folder of the cycle of a slot.
    pub(super) fn cycle(&self, slot: Timestamp) -> PathBuf {
        self.work.join("cycles").join(compact(slot))
    }

    /// What the cycle of a slot has left to be published.
    pub(super) fn made(&self, slot: Timestamp) -> Option<Made> {
        let staged = staged_layers(&self.cycle(slot).join("stage")).ok()?;
        let layers: Vec<&Layer> = staged.iter().map(|version| &version.layer).collect();
        // The weakest of its layers says how old it is and how long it holds.
        let times = layers.iter().map(|layer| layer.reference_time.unwrap_or(slot));
        let expires = layers.iter().filter_map(|layer| layer.expires).min();
        times.min().map(|reference_time| Made { reference_time, expires })
    }

    /// What the record of the cycle of a slot tells.
    pub(super) fn record(&self, slot: Timestamp) -> Option<Record> {
        let bytes = read_bounded(&self.cycle(slot).join("run.json"), RECORD_MAX).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Removes the layers of a published cycle, and the oldest records. What else a cycle has left,
    /// such as its table of levels, stays for `jomo flood verify`.
    pub(super) fn tidy(&self, slot: Timestamp) {
        let stage = self.cycle(slot).join("stage");
        // What cannot be removed now takes room, and nothing else.
        for path in folders(&stage) {
            let _ = fs::remove_dir_all(path);
        }
        let mut cycles = folders(&self.work.join("cycles"));
        cycles.sort();
        let surplus = cycles.len().saturating_sub(KEPT);
        for path in cycles.iter().take(surplus) {
            let _ = fs::remove_dir_all(path);
        }
    }

    /// Writes how the watch fares: whole or not at all.
    pub(super) fn tell(&self, state: &Value) -> io::Result<()> {
        let part = self.work.join(".watch.json.part");
        fs::write(&part, format!("{state:#}\n"))?;
        fs::rename(part, self.work.join(STATE))
    }
}

/// The plain files of a folder with an extension; names that begin with a dot are in work.
fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        if !name.starts_with(b".") && path.extension().is_some_and(|own| own == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    entries.filter(is_folder).map(|entry| entry.path()).collect()
}

fn entry(path: &Path) -> Option<SpoolEntry> {
    let meta = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let modified = Timestamp::try_from(meta.modified().ok()?).ok()?;
    // A name that is no text cannot be named to anybody; it is left alone.
    let name = path.file_name()?.to_str()?.to_owned();
    Some(SpoolEntry { name, bytes: meta.len(), modified })
}

/// What stands in a product.
fn verdict(path: &Path, region: &Region) -> Verdict {
    let faulty = |code: &str| Verdict::Faulty { code: code.to_owned() };
    let source = match Source::read(path, GRIB_MAX) {
        Ok(source) => source,
        Err(failure) => return faulty(failure.errors.first().map_or("cli-io", |e| e.code())),
    };
    let Looked { rain, reference_time } = match look(&source.bytes, region) {
        Ok(looked) => looked,
        Err(fault) => return faulty(fault.code()),
    };
    let kind = match rain {
        Some(Origin::Analysis) => Kind::Analysis,
        Some(Origin::Forecast) => Kind::Forecast,
        // The hours beyond and the minutes between come for the same slots.
        _ => Kind::Other,
    };
    let hash = sha256_hex(&source.bytes);
    let content = u64::from_str_radix(hash.get(..16).unwrap_or_default(), 16).unwrap_or(0);
    Verdict::Whole { content, kind, reference_time }
}

fn newest_reading(path: &Path) -> Option<Timestamp> {
    let bytes = read_bounded(path, READINGS_MAX).ok()?;
    let read = gauge_csv::readings(&bytes).ok()?;
    read.readings.values().flatten().map(|row| row.time).max()
}

/// What is live.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Live {
    pub(super) made: Made,
    /// Key of its run.
    pub(super) key: String,
    /// What was missing when it was made, as its layers tell.
    pub(super) missing: Faults,
    /// What its tables make every cycle leave out.
    pub(super) standing: Faults,
}

/// What is read of the record of a cycle.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Record {
    pub(super) key: String,
    #[serde(default)]
    pub(super) faults: Faults,
    #[serde(default)]
    pub(super) standing: Faults,
}

/// The live forecast of a store: its newest layers, and the first of them to end.
///
/// # Errors
/// If the store cannot be read.
pub(super) fn live(store: &Path) -> Result<Option<Live>, StoreError> {
    if !jomo_store::is_remote(store) && !store.exists() {
        return Ok(None);
    }
    let store = Store::open(store)?;
    let mut live: Option<Live> = None;
    for access in [Access::Restricted, Access::Public] {
        let generation = store.current(access)?;
        let versions = generation.into_iter().flat_map(|generation| generation.layers);
        for (_, version) in versions {
            let layer = version.layer;
            let Some(reference_time) = layer.reference_time else { continue };
            if layer.run.command != COMMAND {
                continue;
            }
            let made = Made { reference_time, expires: layer.expires };
            let run = layer.run;
            let own = Live { made, key: run.key, missing: run.faults, standing: run.standing };
            live = Some(match live {
                Some(known) => known.joined(own),
                None => own,
            });
        }
    }
    Ok(live)
}

impl Live {
    /// The newer of two layers; of one time what ends first, with all that was missing.
    ///
    /// A layer that the last cycle did not make may still stand there from an older one.
    fn joined(self, own: Self) -> Self {
        let [known_time, own_time] = [&self, &own].map(|live| live.made.reference_time);
        if known_time != own_time {
            return if own_time < known_time { self } else { own };
        }
        let expires = [self.made.expires, own.made.expires].into_iter().flatten().min();
        let made = Made { expires, ..own.made };
        // All layers of a cycle tell the same faults.
        let told = if self.missing.total() < own.missing.total() { own } else { self };
        Self { made, ..told }
    }
}
