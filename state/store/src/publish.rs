//! The writing side: publish, roll back, collect.
//!
//! Every step leaves the store readable: files and folders get their final name by a rename after
//! they have been synced, and `current` is renamed last. A process killed at any point leaves
//! names that begin with a dot; the next publication removes them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jomo_core::layer::{Access, Mode, SPEC_VERSION, may_be_public};
use jomo_core::time::compact;
use rustix::fs::{FlockOperation, flock};

use crate::StoreError;
use crate::read::{GenerationDocument, LayerEntry, LayerVersion, Store};
use crate::stage::{sha256_file, sha256_hex, staged_layers};

/// How long a publication waits for another one, in steps of 50 ms. One takes about 0.1 s.
const LOCK_TRIES: u32 = 200;
const LOCK_STEP: Duration = Duration::from_millis(50);

/// What a publication did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The live generation of each root that was changed.
    pub generations: BTreeMap<Access, String>,
    /// Versions by layer.
    pub versions: BTreeMap<String, String>,
}

/// Which generations are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Number of generations kept besides the live one, newest first.
    pub generations: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self { generations: 10 }
    }
}

/// What [`Store::collect`] removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Generations.
    pub generations: u64,
    /// Layer versions.
    pub versions: u64,
    /// Their files' size.
    pub bytes: u64,
}

/// Holds the lock of a store until it is dropped.
struct Lock {
    _file: File,
}

impl Store {
    /// Publishes what stands in `stage`: copies and checks every file, syncs it, and switches
    /// the live generation of each root concerned, the restricted one first. `base` is the
    /// public generation that the run began with, if it knew one.
    ///
    /// # Errors
    /// If a staged file is not what its `layer.json` says, a layer may not be public, a layer of
    /// the stage has moved since `base`, or the disk fails. The live generation is then as before.
    pub fn publish(
        &self,
        stage: &Path,
        base: Option<&str>,
        now: Timestamp,
    ) -> Result<Published, StoreError> {
        let staged = staged_layers(stage)?;
        if staged.is_empty() {
            return Err(StoreError::NothingStaged { path: stage.to_owned() });
        }
        for version in &staged {
            let layer = &version.layer;
            if layer.access == Access::Public && !may_be_public(layer.kind, layer.mode) {
                return Err(StoreError::NotPublic { layer: layer.id.clone() });
            }
        }
        let _lock = self.lock()?;
        self.remove_leftovers()?;
        self.check_base(&staged, base)?;
        self.check_ages(&staged, now)?;
        for version in &staged {
            self.copy_version(version)?;
        }
        self.switch(&staged, now)
    }

    /// Makes an earlier generation of the public root live again: the one before the live one,
    /// or `to`.
    ///
    /// # Errors
    /// If there is no such generation, one of its files is gone, or one of its live layers has
    /// expired at `now`: stale data never becomes current.
    pub fn rollback(&self, to: Option<&str>, now: Timestamp) -> Result<String, StoreError> {
        let _lock = self.lock()?;
        let previous = match to {
            Some(id) => Some(id.to_owned()),
            None => match self.current_id(Access::Public)? {
                Some(id) => self.document(Access::Public, &id)?.previous,
                None => None,
            },
        };
        let id = previous.ok_or(StoreError::NoGeneration { id: None })?;
        let generation = self.generation(Access::Public, &id)?;
        let live = match self.current_id(Access::Public)? {
            Some(id) => self.document(Access::Public, &id)?.layers,
            None => BTreeMap::new(),
        };
        for version in generation.layers.values() {
            let layer = &version.layer;
            if live.get(&layer.id).is_some_and(|entry| entry.version == layer.version) {
                continue;
            }
            if let (true, Some(expired)) = (layer.is_expired(now), layer.expires) {
                let (layer, generation) = (layer.id.clone(), id);
                return Err(StoreError::RollbackStale { layer, generation, expired });
            }
            for time in steps(&layer.valid_times) {
                version.tiles(time)?;
            }
        }
        write_and_rename(&self.root(Access::Public).join("current"), id.as_bytes())?;
        Ok(id)
    }

    /// Removes generations beyond `retention` and the versions that none of the rest names.
    ///
    /// # Errors
    /// If a document cannot be read or a file not removed.
    pub fn collect(&self, retention: Retention) -> Result<Collected, StoreError> {
        let _lock = self.lock()?;
        self.remove_leftovers()?;
        let mut collected = Collected::default();
        for access in [Access::Restricted, Access::Public] {
            self.collect_root(access, retention, &mut collected)?;
        }
        Ok(collected)
    }

    fn collect_root(
        &self,
        access: Access,
        retention: Retention,
        collected: &mut Collected,
    ) -> Result<(), StoreError> {
        let root = self.root(access);
        let Some(current) = self.current_id(access)? else { return Ok(()) };
        let mut others = Vec::new();
        for name in names(&root.join("generations"))? {
            match name.strip_suffix(".json") {
                Some(id) if id != current => others.push(self.document(access, id)?),
                _ => {}
            }
        }
        // Newest first; ids rise even if the clock was set back, `created` orders one second.
        others.sort_by(|a, b| (&b.id[..16], b.created).cmp(&(&a.id[..16], a.created)));
        let dropped = others.split_off(retention.generations.min(others.len()));
        let mut used = BTreeSet::new();
        for document in others.into_iter().chain([self.document(access, &current)?]) {
            for (layer, entry) in document.layers {
                used.insert((layer, entry.version));
            }
        }
        for GenerationDocument { id, .. } in &dropped {
            let path = root.join("generations").join(format!("{id}.json"));
            fs::remove_file(&path).map_err(|source| StoreError::io(&path, source))?;
            collected.generations += 1;
        }
        let layers = root.join("layers");
        for layer in names(&layers)? {
            for version in names(&layers.join(&layer))? {
                if used.contains(&(layer.clone(), version.clone())) {
                    continue;
                }
                let dir = layers.join(&layer).join(&version);
                collected.bytes += size_of_dir(&dir)?;
                collected.versions += 1;
                remove_dir(&dir)?;
            }
        }
        Ok(())
    }

    fn lock(&self) -> Result<Lock, StoreError> {
        let path = self.path().join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|source| StoreError::io(&path, source))?;
        for _ in 0..LOCK_TRIES {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(LOCK_STEP),
                Err(fault) => return Err(StoreError::io(&path, fault.into())),
            }
        }
        Err(StoreError::Locked { path })
    }

    /// Under the lock nobody else writes: names with a dot belong to a process that died.
    fn remove_leftovers(&self) -> Result<(), StoreError> {
        for access in [Access::Public, Access::Restricted] {
            let root = self.root(access);
            let mut folders = vec![root.clone(), root.join("generations")];
            let layers = root.join("layers");
            folders.extend(names(&layers)?.iter().map(|layer| layers.join(layer)));
            for folder in folders {
                for name in names(&folder)?.iter().filter(|name| name.starts_with('.')) {
                    let path = folder.join(name);
                    if path.is_dir() {
                        remove_dir(&path)?;
                    } else {
                        fs::remove_file(&path).map_err(|source| StoreError::io(&path, source))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn check_base(&self, staged: &[LayerVersion], base: Option<&str>) -> Result<(), StoreError> {
        let mut live = BTreeSet::new();
        for access in [Access::Public, Access::Restricted] {
            let Some(id) = self.current_id(access)? else { continue };
            for layer in self.document(access, &id)?.layers.into_keys() {
                live.insert((layer, access));
            }
        }
        for LayerVersion { layer, .. } in staged {
            let other = match layer.access {
                Access::Public => Access::Restricted,
                Access::Restricted => Access::Public,
            };
            if live.contains(&(layer.id.clone(), other)) {
                return Err(StoreError::OtherAccess { layer: layer.id.clone() });
            }
        }
        let current = self.current_id(Access::Public)?;
        let (Some(base_id), Some(current_id)) = (base, &current) else { return Ok(()) };
        if base_id == current_id {
            return Ok(());
        }
        let before = self.document(Access::Public, base_id)?.layers;
        let after = self.document(Access::Public, current_id)?.layers;
        match staged.iter().find(|v| before.get(&v.layer.id) != after.get(&v.layer.id)) {
            None => Ok(()),
            Some(version) => Err(StoreError::Moved {
                layer: version.layer.id.clone(),
                base: base.map(str::to_owned),
                current,
            }),
        }
    }

    /// Newer data may replace older, never the other way round while the newer is valid.
    fn check_ages(&self, staged: &[LayerVersion], now: Timestamp) -> Result<(), StoreError> {
        for LayerVersion { layer, .. } in staged {
            if let (true, Some(expired)) = (layer.is_expired(now), layer.expires) {
                return Err(StoreError::Expired { layer: layer.id.clone(), expired });
            }
            let Some(id) = self.current_id(layer.access)? else { continue };
            let Some(entry) = self.document(layer.access, &id)?.layers.remove(&layer.id) else {
                continue;
            };
            let live = self.version(layer.access, &layer.id, &entry.version)?.layer;
            let times = (layer.reference_time, live.reference_time);
            if let (Mode::Live, false, (Some(reference), Some(live_time))) =
                (live.mode, live.is_expired(now), times)
                && reference < live_time
            {
                let layer = layer.id.clone();
                return Err(StoreError::Older { layer, reference, live: live_time });
            }
        }
        Ok(())
    }

    fn copy_version(&self, staged: &LayerVersion) -> Result<(), StoreError> {
        let layer = &staged.layer;
        let folder = self.root(layer.access).join("layers").join(&layer.id);
        let target = folder.join(&layer.version);
        if target.exists() {
            // Versions are immutable and named by their content.
            return LayerVersion::open(&target).map(drop);
        }
        let part = folder.join(format!(".{}", layer.version));
        let result = fill(staged, &part).and_then(|()| rename(&part, &target));
        if result.is_err() && part.exists() {
            // The first error is the one to tell; what stays is removed by the next publication.
            let _ = fs::remove_dir_all(&part);
        }
        result
    }

    fn switch(&self, staged: &[LayerVersion], now: Timestamp) -> Result<Published, StoreError> {
        let mut documents = BTreeMap::new();
        for access in [Access::Restricted, Access::Public] {
            if staged.iter().any(|version| version.layer.access == access) {
                documents.insert(access, self.next_document(access, staged, now)?);
            }
        }
        let id = |access| documents.get(&access).map(|d: &GenerationDocument| d.id.clone());
        let partners =
            [(Access::Restricted, id(Access::Public)), (Access::Public, id(Access::Restricted))];
        for (access, partner) in partners {
            let Some(document) = documents.get_mut(&access) else { continue };
            document.partner = partner;
            let root = self.root(access);
            let path = root.join("generations").join(format!("{}.json", document.id));
            let text = serde_json::to_vec_pretty(document);
            write_and_rename(&path, &text.map_err(|fault| StoreError::document(&path, &fault))?)?;
            write_and_rename(&root.join("current"), document.id.as_bytes())?;
        }
        Ok(Published {
            generations: documents.into_iter().map(|(access, d)| (access, d.id)).collect(),
            versions: staged
                .iter()
                .map(|version| (version.layer.id.clone(), version.layer.version.clone()))
                .collect(),
        })
    }

    fn next_document(
        &self,
        access: Access,
        staged: &[LayerVersion],
        now: Timestamp,
    ) -> Result<GenerationDocument, StoreError> {
        let previous = self.current_id(access)?;
        let mut layers = match &previous {
            Some(id) => self.document(access, id)?.layers,
            None => BTreeMap::new(),
        };
        for LayerVersion { layer, .. } in staged.iter().filter(|v| v.layer.access == access) {
            let entry = LayerEntry { version: layer.version.clone(), run: layer.run.key.clone() };
            layers.insert(layer.id.clone(), entry);
        }
        let mut content = previous.clone().unwrap_or_default();
        for (layer, entry) in &layers {
            content.push('\0');
            content.push_str(layer);
            content.push('\0');
            content.push_str(&entry.version);
        }
        let tail = &sha256_hex(content.as_bytes())[..8];
        // Ids sort in the order of publication even if the clock was set back.
        let after = previous.as_deref().and_then(|id| jomo_core::time::parse_compact(&id[..16]));
        let time = after.map_or(now, |after| now.max(after));
        let id = format!("{}-{tail}", compact(time));
        Ok(GenerationDocument {
            spec: SPEC_VERSION,
            id,
            created: now,
            previous,
            partner: None,
            layers,
        })
    }
}

/// Writes the files of a staged version to `part`, checks and syncs them.
fn fill(staged: &LayerVersion, part: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(part).map_err(|source| StoreError::io(part, source))?;
    let mut folders = BTreeSet::from([part.to_owned()]);
    for (name, listed) in &staged.layer.files {
        let (source, target) = (staged.dir().join(name), part.join(name));
        let folder = target.parent().unwrap_or(part);
        fs::create_dir_all(folder).map_err(|fault| StoreError::io(folder, fault))?;
        folders.insert(folder.to_owned());
        let plain = fs::symlink_metadata(&source).is_ok_and(|meta| meta.is_file());
        if !plain {
            return Err(StoreError::document(&source, &"not a plain file"));
        }
        fs::copy(&source, &target).map_err(|fault| StoreError::io(&source, fault))?;
        let found = sha256_file(&target)?;
        if found != *listed {
            let text = |f: &jomo_core::layer::PublishedFile| {
                format!("{} bytes, sha256 {}", f.bytes, f.sha256)
            };
            let (expected, found) = (text(listed), text(&found));
            return Err(StoreError::Content { path: source, expected, found });
        }
        sync(&target)?;
    }
    let text = serde_json::to_vec_pretty(&staged.layer);
    let text = text.map_err(|fault| StoreError::document(part, &fault))?;
    write_synced(&part.join("layer.json"), &text)?;
    folders.iter().try_for_each(|folder| sync(folder))
}

fn steps(valid_times: &[Timestamp]) -> Vec<Option<Timestamp>> {
    if valid_times.is_empty() {
        vec![None]
    } else {
        valid_times.iter().copied().map(Some).collect()
    }
}

/// Names in a folder; none if there is no such folder.
fn names(folder: &Path) -> Result<Vec<String>, StoreError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| StoreError::io(folder, source))? {
        let entry = entry.map_err(|source| StoreError::io(folder, source))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

fn size_of_dir(folder: &Path) -> Result<u64, StoreError> {
    let mut bytes = 0;
    for name in names(folder)? {
        let path = folder.join(name);
        let meta = fs::symlink_metadata(&path).map_err(|source| StoreError::io(&path, source))?;
        bytes += if meta.is_dir() { size_of_dir(&path)? } else { meta.len() };
    }
    Ok(bytes)
}

fn remove_dir(path: &Path) -> Result<(), StoreError> {
    fs::remove_dir_all(path).map_err(|source| StoreError::io(path, source))
}

/// Forces a file or folder to the disk.
fn sync(path: &Path) -> Result<(), StoreError> {
    let file = File::open(path).map_err(|source| StoreError::io(path, source))?;
    file.sync_all().map_err(|source| StoreError::io(path, source))
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| StoreError::io(path, source))
}

/// Renames and forces the folder to the disk: only then is the new name there to stay.
fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|source| StoreError::io(to, source))?;
    to.parent().map_or(Ok(()), sync)
}

fn write_and_rename(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder: PathBuf = path.parent().map(Path::to_owned).unwrap_or_default();
    fs::create_dir_all(&folder).map_err(|source| StoreError::io(&folder, source))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let part = folder.join(format!(".{name}"));
    write_synced(&part, bytes)?;
    rename(&part, path)
}
