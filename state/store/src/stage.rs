//! The staging side: a run writes the files of a layer, then its `layer.json`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jomo_core::layer::{Access, Layer, PublishedFile};
use jomo_core::time::compact;
use sha2::{Digest, Sha256};

use crate::StoreError;
use crate::read::{LayerVersion, is_file_name};
use crate::seal::random_hex;

/// A layer in the making, in a folder of its own below `DIR/stage`.
#[derive(Debug)]
pub struct LayerStage {
    dir: PathBuf,
    files: BTreeMap<String, PublishedFile>,
}

impl LayerStage {
    /// Begins a layer in `stage/<layer id>`.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn begin(stage: &Path, layer_id: &str) -> Result<Self, StoreError> {
        Self::begin_in(stage.join(layer_id))
    }

    /// Begins the restricted version of a layer whose public version is staged too, in
    /// `stage/<layer id>.restricted`.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn begin_restricted(stage: &Path, layer_id: &str) -> Result<Self, StoreError> {
        Self::begin_in(stage.join(format!("{layer_id}.restricted")))
    }

    fn begin_in(dir: PathBuf) -> Result<Self, StoreError> {
        fs::create_dir_all(&dir).map_err(|source| StoreError::io(&dir, source))?;
        Ok(Self { dir, files: BTreeMap::new() })
    }

    /// Where to write the file `name` (a relative path such as `features.fgb`); its folder is
    /// made. Say [`Self::add`] once it is complete.
    ///
    /// # Errors
    /// If the name is not a plain relative path, or its folder cannot be made.
    pub fn path(&self, name: &str) -> Result<PathBuf, StoreError> {
        let path = self.dir.join(name);
        if !is_file_name(name) {
            return Err(StoreError::document(&path, &"not a plain relative path"));
        }
        let folder = path.parent().unwrap_or(&self.dir);
        fs::create_dir_all(folder).map_err(|source| StoreError::io(folder, source))?;
        Ok(path)
    }

    /// Lists a complete file with its size and hash.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn add(&mut self, name: &str) -> Result<(), StoreError> {
        let file = sha256_file(&self.dir.join(name))?;
        self.files.insert(name.to_owned(), file);
        Ok(())
    }

    /// Ends the layer: sets version and files, and writes `layer.json`. The version carries the
    /// time of publication and a hash of everything else, so equal public content at one time is
    /// one version. A restricted layer without a seal gets one: nobody checks a guess of its
    /// content by its id.
    ///
    /// # Errors
    /// If the document cannot be written, or the system gives no random bytes.
    pub fn finish(self, mut layer: Layer, now: Timestamp) -> Result<Layer, StoreError> {
        let path = self.dir.join("layer.json");
        layer.files = self.files;
        layer.version = String::new();
        if layer.access == Access::Restricted && layer.run.seal.is_none() {
            layer.run.seal = Some(random_hex::<16>()?);
        }
        let encode = |layer: &Layer| {
            serde_json::to_vec_pretty(layer).map_err(|fault| StoreError::document(&path, &fault))
        };
        let hash = sha256_hex(&encode(&layer)?);
        layer.version = format!("{}-{}", compact(now), &hash[..8]);
        fs::write(&path, encode(&layer)?).map_err(|source| StoreError::io(&path, source))?;
        Ok(layer)
    }
}

/// The layers that a run has staged, in the order of their ids; a layer with something restricted
/// comes twice, the public version first.
///
/// # Errors
/// If a folder or a `layer.json` cannot be read.
pub fn staged_layers(stage: &Path) -> Result<Vec<LayerVersion>, StoreError> {
    let mut dirs = Vec::new();
    if stage.is_dir() {
        for entry in fs::read_dir(stage).map_err(|source| StoreError::io(stage, source))? {
            dirs.push(entry.map_err(|source| StoreError::io(stage, source))?.path());
        }
    }
    dirs.sort();
    dirs.iter().filter(|dir| dir.is_dir()).map(|dir| LayerVersion::open(dir)).collect()
}

/// Size and SHA-256 of a file.
///
/// # Errors
/// If it cannot be read.
pub fn sha256_file(path: &Path) -> Result<PublishedFile, StoreError> {
    let mut file = File::open(path).map_err(|source| StoreError::io(path, source))?;
    let mut hasher = Hasher::default();
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        let count = file.read(&mut buffer).map_err(|source| StoreError::io(path, source))?;
        if count == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(&buffer[..count]);
    }
}

/// Size and hash of bytes that come in parts.
#[derive(Default)]
pub(crate) struct Hasher {
    hash: Sha256,
    bytes: u64,
}

impl Hasher {
    pub(crate) fn update(&mut self, part: &[u8]) {
        self.hash.update(part);
        self.bytes += part.len() as u64;
    }

    pub(crate) fn finish(self) -> PublishedFile {
        PublishedFile { bytes: self.bytes, sha256: hex(&self.hash.finalize()) }
    }
}

/// Refuses a staged file that is not what its `layer.json` says.
pub(crate) fn check_staged(
    path: &Path,
    listed: &PublishedFile,
    found: &PublishedFile,
) -> Result<(), StoreError> {
    if found == listed {
        return Ok(());
    }
    let text = |file: &PublishedFile| format!("{} bytes, sha256 {}", file.bytes, file.sha256);
    let (expected, found) = (text(listed), text(found));
    Err(StoreError::Content { path: path.to_owned(), expected, found })
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
