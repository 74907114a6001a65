//! The folder that a run fills: taken by one run at a time, put in its place whole or not at all.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jomo_store::is_remote;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::Value;

use super::{RunRecord, Target, read_record};
use crate::failure::{CommandError, Exit, Failure};

/// Leaves only the record of a failed run, unless somebody else's folder has the name.
pub(super) fn leave_failed(target: &Path, record: &RunRecord) {
    let failed = with_suffix(target, ".failed");
    if failed.symlink_metadata().is_ok() && !is_record_of_failure(&failed) {
        return;
    }
    // The failure itself is told; a disk that refuses the record changes nothing.
    let _ = fs::create_dir_all(&failed).and_then(|()| write_record(&failed, record));
}

/// The file that says what a folder is.
const RECORD: &str = "run.json";

/// Status of a folder that is being filled, or is no longer wanted: what marks it as ours.
const RUNNING: &str = "running";

/// Marks a folder as one that a run may take away.
fn mark(part: &Path) -> io::Result<()> {
    let text = serde_json::to_vec(&serde_json::json!({ "status": RUNNING }))?;
    fs::write(part.join(RECORD), text)
}

/// Whether the folder at `path` is one that a run was filling, or was about to take away.
fn is_own_rest(path: &Path) -> bool {
    let is_folder = path.symlink_metadata().is_ok_and(|found| found.is_dir());
    let bytes = crate::source::read_bounded(&path.join(RECORD), 16 << 20).ok();
    let record = bytes.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    is_folder && record.map_or_else(is_empty, |record| record["status"] == RUNNING)
}

/// Whether a folder holds the record of a failed run and nothing else.
fn is_record_of_failure(folder: &Path) -> bool {
    let count = fs::read_dir(folder).map_or(0, Iterator::count);
    let is_folder = folder.symlink_metadata().is_ok_and(|found| found.is_dir());
    let is_failure = || read_record(folder).is_some_and(|record| record.status == "failed");
    is_folder && (count == 0 || (count == 1 && is_failure()))
}

/// Takes away what an earlier run has left beside its folder; what is not ours stays, and nothing
/// is done.
fn clear(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    if !is_own_rest(path) {
        return Err(occupied(path));
    }
    remove(path).map_err(|source| failed(path, &source))
}

/// Makes the folder at `part`, or empties what an ended run has left there, and keeps other runs
/// out of it for as long as the returned file is open.
///
/// The lock is on the folder itself: it ends with the process, however that ends.
fn take(part: &Path) -> Result<File, Failure> {
    let fail = |source: io::Error| failed(part, &source);
    if let Some(parent) = part.parent() {
        fs::create_dir_all(parent).map_err(|source| failed(parent, &source))?;
    }
    // A run that ends moves its folder away: then there is a new one to make.
    for _ in 0..TRIES {
        let is_new = match fs::create_dir(part) {
            Ok(()) => true,
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => false,
            Err(fault) => return Err(fail(fault)),
        };
        if part.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
            return Err(occupied(part));
        }
        let Some(lock) = lock(part).map_err(fail)? else {
            let path = part.display().to_string();
            return Err(Failure::new(Exit::Failed, CommandError::PartBusy { path }));
        };
        if !is_at(&lock, part) {
            continue;
        }
        if !is_new {
            if !is_own_rest(part) {
                return Err(occupied(part));
            }
            empty(part).map_err(fail)?;
        }
        mark(part).map_err(fail)?;
        return Ok(lock);
    }
    Err(occupied(part))
}

/// Tries of a folder that others move away meanwhile.
const TRIES: usize = 10;

/// The folder, locked; `None` if another process has locked it. Where the file system knows no
/// locks there is none.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let file = File::open(folder)?;
    let is_taken = matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock));
    Ok((!is_taken).then_some(file))
}

/// Whether an open folder is still the one at `path`.
fn is_at(folder: &File, path: &Path) -> bool {
    let id = |found: fs::Metadata| (found.dev(), found.ino());
    let (own, there) = (folder.metadata().map(id), path.symlink_metadata().map(id));
    matches!((own, there), (Ok(own), Ok(there)) if own == there)
}

/// Removes what is in a folder; the mark that it is ours goes last, so that a rest is still ours.
fn empty(folder: &Path) -> io::Result<()> {
    let mark = folder.join(RECORD);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(path)?;
        } else if path != mark {
            fs::remove_file(path)?;
        }
    }
    if mark.symlink_metadata().is_ok() { fs::remove_file(mark) } else { Ok(()) }
}

fn remove(folder: &Path) -> io::Result<()> {
    empty(folder).and_then(|()| fs::remove_dir(folder))
}

fn occupied(path: &Path) -> Failure {
    let path = path.display().to_string();
    Failure::new(Exit::Usage, CommandError::PartOccupied { path })
}

fn failed(path: &Path, source: &io::Error) -> Failure {
    Failure::new(Exit::Failed, CommandError::io(path, source))
}

/// The folder being filled, removed when the process is interrupted.
static IN_WORK: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Whether the process is being interrupted: what fails from now on fails because of that.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Removes the folder in work: the last act of an interrupted process.
pub fn remove_work_in_progress() {
    INTERRUPTED.store(true, Ordering::SeqCst);
    if let Ok(mut part) = IN_WORK.lock()
        && let Some(part) = part.take()
    {
        // The work goes on meanwhile and may have put another file there: a few tries see its
        // end. The process ends with its own code; a rest is removed by the next run.
        for _ in 0..20 {
            if remove(&part).is_ok() || !part.exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// An interrupted process leaves no record of a failure: this thread waits for its end.
pub(super) fn wait_if_interrupted() {
    while INTERRUPTED.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

pub(super) struct Folders {
    pub(super) part: PathBuf,
    target: Option<PathBuf>,
    /// The folder of the store, if this run has made it.
    made: Option<PathBuf>,
    /// Keeps other runs out of the folder in work.
    _lock: Option<File>,
}

impl Folders {
    pub(super) fn begin(target: &Target) -> Result<Self, Failure> {
        // An interrupt waits until the folder is known: made, but not known, it would stay behind.
        let mut in_work = IN_WORK.lock().unwrap_or_else(PoisonError::into_inner);
        let (part, target, made, lock) = match target {
            Target::Out(path) => {
                let part = with_suffix(path, ".part");
                let lock = take(&part)?;
                if let Err(failure) = clear(&with_suffix(path, ".old")) {
                    // Nothing is left where nothing was done.
                    let _ = remove(&part);
                    return Err(failure);
                }
                (part, Some(path.clone()), None, Some(lock))
            }
            Target::Store(path) => {
                let made = (!is_remote(path) && !path.exists()).then(|| path.clone());
                (stage_of(path)?, None, made, None)
            }
        };
        *in_work = Some(part.clone());
        Ok(Self { part, target, made, _lock: lock })
    }

    pub(super) fn drop_part(&self) {
        // A rest is removed by the next run.
        let _ = remove(&self.part);
        if let Some(store) = &self.made {
            // Refused by the system unless it is empty: a failed first run leaves no store.
            let _ = fs::remove_dir(store);
        }
        if let Ok(mut in_work) = IN_WORK.lock() {
            *in_work = None;
        }
    }

    /// Puts the folder in its place, instead of an older run of the same command.
    pub(super) fn keep(&self, record: &RunRecord) -> Result<(), Failure> {
        let Some(target) = &self.target else { return Ok(()) };
        write_record(&self.part, record).map_err(|source| failed(&self.part, &source))?;
        if target.exists() {
            self.replace(target).map_err(|source| failed(target, &source))?;
        } else {
            fs::rename(&self.part, target).map_err(|source| failed(target, &source))?;
        }
        let failed = with_suffix(target, ".failed");
        if is_record_of_failure(&failed) {
            let _ = fs::remove_dir_all(&failed);
        }
        if let Ok(mut in_work) = IN_WORK.lock() {
            *in_work = None;
        }
        Ok(())
    }

    /// Puts the folder where an older one stands, which then goes.
    fn replace(&self, target: &Path) -> io::Result<()> {
        // Until it is gone, the older one lies where other runs look for their folder.
        let _older = lock(target)?;
        // In one step, so that there is a result at any moment.
        if renameat_with(CWD, &self.part, CWD, target, RenameFlags::EXCHANGE).is_ok() {
            // A rest is removed by the next run.
            let _ = mark(&self.part).and_then(|()| remove(&self.part));
            return Ok(());
        }
        // Not every file system can swap.
        let old = with_suffix(target, ".old");
        fs::rename(target, &old)?;
        fs::rename(&self.part, target)?;
        let _ = mark(&old).and_then(|()| remove(&old));
        Ok(())
    }

    /// Leaves only the record of a failed run.
    pub(super) fn fail(&self, record: &RunRecord) {
        self.drop_part();
        if let Some(target) = &self.target {
            leave_failed(target, record);
        }
    }
}

fn write_record(folder: &Path, record: &RunRecord) -> io::Result<()> {
    let text = serde_json::to_vec_pretty(record)?;
    fs::write(folder.join(RECORD), text)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Makes the folder in which what goes into a store is staged.
fn stage_of(store: &Path) -> Result<PathBuf, Failure> {
    // A stage lies beside what it becomes: no copy leaves the disk. What goes to an object store
    // is staged on this machine.
    let folder = if is_remote(store) { std::env::temp_dir() } else { store.to_owned() };
    remove_dead_stages(&folder);
    let stage = folder.join(format!(".jomo-stage-{}", std::process::id()));
    let made = if stage.exists() { fs::remove_dir_all(&stage) } else { Ok(()) };
    // The folder for temporary files is everybody's; what is staged may not be.
    made.and_then(|()| fs::create_dir_all(&folder))
        .and_then(|()| fs::DirBuilder::new().mode(0o700).create(&stage))
        .map_err(|source| failed(&stage, &source))?;
    Ok(stage)
}

/// Removes stages of processes that are no longer there.
fn remove_dead_stages(store: &Path) {
    let Ok(entries) = fs::read_dir(store) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let pid = name.to_string_lossy().strip_prefix(".jomo-stage-").map(str::to_owned);
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
