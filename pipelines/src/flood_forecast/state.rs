//! The state of the members between cycles: one file for each reference time, in a folder.
//!
//! A file is a line of JSON (form, key, reference time, gauges with their errors), a newline, and
//! the bytes of [`Ensemble::save`], which carry a sum of their own.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_core::layer::InputFile;
use jomo_core::time::{compact, parse_compact};
use jomo_flood::basin::{Ensemble, Member};
use jomo_flood::{BasinError, river};
use jomo_store::sha256_hex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::cycle::Now;
use super::judged::GaugeRecord;
use super::model::Model;
use super::soil::SavedTanks;
use super::storage::SavedStorage;
use crate::dam_tables::Dams;
use crate::failure::{CommandError, Exit, Failure};
use crate::flood::Parameters;
use crate::region::Region;
use crate::source::Source;

/// Form of the file.
/// 2: lakes and the tanks of the soil water index are in it. 3: with the sum of what follows.
/// 4: members at gauges and forecasts to be judged. 5: snow and basins of the storage function.
const FORM: u32 = 5;
const SUFFIX: &str = ".state";
/// Largest state that is read, in bytes: 200,000 slope elements and 64 members have 0.3 GB.
const STATE_MAX: u64 = 4 << 30;
/// What each cycle computes again, because rain analyses and readings of it come late: analyses take
/// up to half an hour, and a telemetry that was cut off sends what it has kept.
const REDONE: SignedDuration = SignedDuration::from_hours(1);
/// Oldest state whose snow is taken where the rest is too old: after ten days of spring there may be
/// none left, and a state of another winter is none.
const SNOW_OLDEST: SignedDuration = SignedDuration::from_hours(240);
/// States that are kept: three hours of cycles, so that a late file can begin before it.
const KEPT: usize = 18;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    form: u32,
    key: String,
    reference_time: Timestamp,
    gauges: Vec<GaugeRecord>,
    /// Tanks of the soil water index by rain cell.
    tanks: Vec<SavedTanks>,
    /// Basins of the storage function.
    storage: Vec<SavedStorage>,
    /// SHA-256 of the members, which follow.
    sum: String,
}

/// A state as found.
pub(super) struct Saved {
    /// When it holds.
    pub(super) time: Timestamp,
    pub(super) file: InputFile,
    path: PathBuf,
    gauges: Vec<GaugeRecord>,
    tanks: Vec<SavedTanks>,
    storage: Vec<SavedStorage>,
    bytes: Vec<u8>,
}

/// What must be the same for a state to go on: basin, dams, parameters and number of members, and
/// whether there is snow.
pub(super) fn key(
    basin: &InputFile,
    region: &Region,
    (dams, parameters): (&Dams, Option<&Parameters>),
) -> String {
    let text = json!([
        basin.sha256,
        dams.inputs.first().map(|table| &table.sha256),
        parameters.map(|known| &known.file.sha256),
        region.bbox,
        region.forecasts.members,
        region.forecasts.seed,
        region.rivers.roughness,
        region.snow.is_some(),
        crate::run::ENGINE_VERSION,
    ]);
    sha256_hex(text.to_string().as_bytes())
}

/// The state of a folder from which a cycle of `to` begins, none before `from`: the newest that is
/// [`REDONE`] old, so that what has come late since then still enters; where there is none yet, the
/// oldest of the younger ones. One that does not fit is counted and passed over: the forecast
/// starts cold rather than not at all.
pub(super) fn begin(
    folder: &Path,
    key: &str,
    [from, to]: [Timestamp; 2],
    faults: &mut Faults,
) -> Result<Option<Saved>, Failure> {
    let mut times = times(folder)?;
    times.retain(|time| from <= *time && *time <= to);
    let redone = to.checked_sub(REDONE).unwrap_or(Timestamp::MIN);
    let younger = times.split_off(times.partition_point(|time| *time <= redone));
    for time in times.into_iter().rev().chain(younger) {
        let path = folder.join(format!("{}{SUFFIX}", compact(time)));
        match open(&path, key, time) {
            Some(saved) => return Ok(Some(saved)),
            None => faults.add("forecast-state-other", || {
                path.file_name().unwrap_or_default().to_string_lossy().into_owned()
            }),
        }
    }
    Ok(None)
}

/// The newest state before a time whose snow may still lie.
pub(super) fn snow_before(
    folder: &Path,
    key: &str,
    time: Timestamp,
) -> Result<Option<Saved>, Failure> {
    let oldest = time.checked_sub(SNOW_OLDEST).unwrap_or(Timestamp::MIN);
    let times = times(folder)?;
    let near = times.into_iter().rev().filter(|known| oldest <= *known && *known < time);
    let path = |time| folder.join(format!("{}{SUFFIX}", compact(time)));
    Ok(near.into_iter().find_map(|time| open(&path(time), key, time)))
}

fn open(path: &Path, key: &str, time: Timestamp) -> Option<Saved> {
    let Source { file, mut bytes } = Source::read(path, STATE_MAX).ok()?;
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
    let fits = head.form == FORM && head.key == key && head.reference_time == time;
    let is_whole = fits && head.sum == sha256_hex(&bytes[end + 1..]);
    is_whole.then(|| {
        bytes.drain(..=end);
        let Head { gauges, tanks, storage, .. } = head;
        Saved { time, file, path: path.to_owned(), gauges, tanks, storage, bytes }
    })
}

/// Times of the states in a folder, ascending; none if it is not there.
fn times(folder: &Path) -> Result<Vec<Timestamp>, Failure> {
    let fail = |fault: &std::io::Error| Failure::new(Exit::Failed, CommandError::io(folder, fault));
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(fault) => return Err(fail(&fault)),
    };
    let mut times = Vec::new();
    for entry in entries {
        let name = entry.map_err(|fault| fail(&fault))?.file_name();
        let name = name.to_string_lossy();
        times.extend(name.strip_suffix(SUFFIX).and_then(parse_compact));
    }
    times.sort_unstable();
    Ok(times)
}

impl Saved {
    /// Tanks of the soil water index.
    pub(super) fn tanks(&self) -> &[SavedTanks] {
        &self.tanks
    }

    /// Basins of the storage function.
    pub(super) fn storage(&self) -> &[SavedStorage] {
        &self.storage
    }

    /// The members as they were, with what each makes of the rain from now on.
    pub(super) fn members(
        &self,
        model: &Model,
        members: Vec<Member>,
        seed: u64,
    ) -> Result<Ensemble, Failure> {
        let river: &river::Settings = &model.river;
        Ensemble::load(&model.basin, members, river, seed, &self.bytes)
            .map_err(|fault: BasinError| Failure::input(&self.path, fault))
    }

    /// The members with what is known of the gauges.
    pub(super) fn take_up(&self, model: &Model, mut now: Now, seed: u64) -> Result<Now, Failure> {
        let members = now.ensemble.members().to_vec();
        now.ensemble = self.members(model, members, seed)?;
        for record in &mut now.records {
            if let Some(known) = self.gauges.iter().find(|known| known.id == record.id) {
                record.clone_from(known);
            }
        }
        Ok(now)
    }
}

/// Writes the state of a reference time, whole or not at all, and removes the oldest beyond those
/// that are kept.
pub(super) fn save(
    folder: &Path,
    key: &str,
    time: Timestamp,
    model: &Model,
    (now, tanks, storage): (&Now, Vec<SavedTanks>, Vec<SavedStorage>),
) -> Result<(), Failure> {
    let fail = |path: &Path, fault: &std::io::Error| {
        Failure::new(Exit::Failed, CommandError::io(path, fault))
    };
    fs::create_dir_all(folder).map_err(|fault| fail(folder, &fault))?;
    let name = format!("{}{SUFFIX}", compact(time));
    let (path, part) = (folder.join(&name), folder.join(format!(".{name}.part")));
    let members = now.ensemble.save(&model.basin);
    let head = json!(Head {
        form: FORM,
        sum: sha256_hex(&members),
        key: key.to_owned(),
        reference_time: time,
        gauges: now.records.clone(),
        tanks,
        storage,
    });
    let write = || {
        let mut out = File::create(&part)?;
        out.write_all(head.to_string().as_bytes())?;
        out.write_all(b"\n")?;
        out.write_all(&members)?;
        out.sync_all()?;
        fs::rename(&part, &path)
    };
    write().map_err(|fault| fail(&path, &fault))?;
    let known = times(folder)?;
    let older: Vec<&Timestamp> = known.iter().filter(|known| **known < time).collect();
    for time in &older[..older.len().saturating_sub(KEPT)] {
        let path = folder.join(format!("{}{SUFFIX}", compact(**time)));
        fs::remove_file(&path).map_err(|fault| fail(&path, &fault))?;
    }
    Ok(())
}
