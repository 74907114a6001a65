//! The walls around the process that reads foreign files.
//!
//! They are put up before the first call into GDAL and cannot be taken down again:
//!
//! | wall | what it stops | where missing |
//! |---|---|---|
//! | limits of the process | endless memory, time, files | refused to run |
//! | system call filter | every socket, every other program, a look into other processes | refused to run |
//! | landlock | files other than the source, GDAL's and PROJ's own data and the folder of the result | goes on; the report says so |
//!
//! The filter names what is allowed and refuses the rest, so a call added to the kernel later is
//! refused too.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use serde::Serialize;

use crate::error::IngestError;

mod calls;

/// Data folders of GDAL and PROJ on Debian; read, never written.
const DATA_FOLDERS: [&str; 4] =
    ["/usr/share/gdal", "/usr/share/proj", "/usr/local/share/gdal", "/usr/local/share/proj"];
/// Most open files: a shapefile has five.
const OPEN_FILES: u64 = 64;

/// What the process may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Memory for data in bytes.
    pub memory_bytes: u64,
    /// Processor time in seconds.
    pub cpu_s: u64,
    /// Largest file that may be written, in bytes.
    pub file_bytes: u64,
}

/// What the process may touch.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Files that may be read.
    pub read: Vec<PathBuf>,
    /// Folders in which files may be made and read.
    pub write: Vec<PathBuf>,
}

/// Which walls stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Walls {
    /// The system call filter.
    pub seccomp: &'static str,
    /// `full`, `partial` or `none`.
    pub landlock: &'static str,
    /// The limits of the process.
    pub rlimits: &'static str,
}

/// Puts up the walls around this process.
///
/// # Errors
/// [`IngestError::Sandbox`] if the limits or the filter cannot be set. A kernel without landlock
/// is no error.
pub fn enter(limits: Limits, reach: &Reach) -> Result<Walls, IngestError> {
    limit(limits)?;
    let landlock = restrict_files(reach)?;
    calls::filter()?;
    Ok(Walls { seccomp: "on", landlock, rlimits: "on" })
}

fn refused(what: &'static str) -> impl Fn(String) -> IngestError {
    move |reason| IngestError::Sandbox { what, reason }
}

fn limit(limits: Limits) -> Result<(), IngestError> {
    // Without the parent nobody watches the clock.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|fault| refused("parent death signal")(fault.to_string()))?;
    let all = [
        (Resource::Core, 0),
        (Resource::Cpu, limits.cpu_s),
        (Resource::Fsize, limits.file_bytes),
        (Resource::Nofile, OPEN_FILES),
        (Resource::Data, limits.memory_bytes),
        // Code and read-only views of files come on top of the data.
        (Resource::As, limits.memory_bytes.saturating_add(2 << 30)),
    ];
    for (resource, most) in all {
        // A limit that the caller has set lower already stays.
        let most = rustix::process::getrlimit(resource).maximum.map_or(most, |own| own.min(most));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
            .map_err(|fault| refused("limits of the process")(fault.to_string()))?;
    }
    Ok(())
}

fn restrict_files(reach: &Reach) -> Result<&'static str, IngestError> {
    let failed = |fault: landlock::RulesetError| refused("landlock")(fault.to_string());
    let abi = ABI::V6;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = read
        | AccessFs::WriteFile
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Truncate;
    let data = DATA_FOLDERS.iter().map(Path::new).filter(|folder| folder.is_dir());
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(abi)))
        .and_then(|rules| rules.scope(Scope::from_all(abi)))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules(&reach.read, read)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(data, read)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(&reach.write, write)))
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(failed)?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => "full",
        RulesetStatus::PartiallyEnforced => "partial",
        RulesetStatus::NotEnforced => "none",
    })
}
