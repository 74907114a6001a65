//! The reading side: the live generation and the versions that it names.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jomo_core::layer::{Access, Layer, SPEC_VERSION, is_layer_id};
use jomo_core::time::{compact, parse_compact};
use jomo_format::pmtiles::Archive;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Mapped, StoreError};

/// Largest document (`layer.json`, a generation) that is read, in bytes. The largest known, a
/// layer with thousands of valid times, has about 1 MiB.
const DOCUMENT_MAX: u64 = 16 << 20;

/// Tiles of one layer version and step.
pub type TileArchive = Archive<Mapped>;

/// A published store, or the place for one.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
}

/// `generations/<id>.json`: one version of every layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerationDocument {
    /// Version of the specification that the writer followed.
    pub spec: u32,
    /// Id, `<UTC time>-<8 hex>`.
    pub id: String,
    /// When it was published.
    pub created: Timestamp,
    /// The generation that was live before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// The generation of the other root that was published together with this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// Layers by id.
    pub layers: BTreeMap<String, LayerEntry>,
}

/// What a generation says of one layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerEntry {
    /// The version.
    pub version: String,
    /// The key of the run that made it.
    pub run: String,
}

/// A generation with the metadata of all its layers.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Its id.
    pub id: String,
    /// The document.
    pub document: GenerationDocument,
    /// Layers by id.
    pub layers: BTreeMap<String, LayerVersion>,
}

/// One version of a layer.
#[derive(Clone, Debug)]
pub struct LayerVersion {
    /// The content of `layer.json`.
    pub layer: Layer,
    dir: PathBuf,
}

impl Store {
    /// Opens a store.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is no folder.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if path.is_dir() {
            Ok(Self { path: path.to_owned() })
        } else {
            Err(StoreError::Missing { path: path.to_owned() })
        }
    }

    /// Opens a store, making the folder if there is none.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(path).map_err(|source| StoreError::io(path, source))?;
        Self::open(path)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn root(&self, access: Access) -> PathBuf {
        self.path.join(match access {
            Access::Public => "public",
            Access::Restricted => "restricted",
        })
    }

    /// Id of the live generation; `None` before the first publication.
    ///
    /// # Errors
    /// If `current` cannot be read or names no generation.
    pub fn current_id(&self, access: Access) -> Result<Option<String>, StoreError> {
        let path = self.root(access).join("current");
        let mut text = String::new();
        let file = match File::open(&path) {
            Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|source| StoreError::io(&path, source))?,
        };
        let read = file.take(100).read_to_string(&mut text);
        read.map_err(|source| StoreError::io(&path, source))?;
        let id = text.trim_end();
        if is_version(id) {
            Ok(Some(id.to_owned()))
        } else {
            Err(StoreError::document(&path, &format!("{id:?} is no id of a generation")))
        }
    }

    /// The live generation; `None` before the first publication.
    ///
    /// # Errors
    /// If one of its documents cannot be read.
    pub fn current(&self, access: Access) -> Result<Option<Generation>, StoreError> {
        let Some(id) = self.current_id(access)? else { return Ok(None) };
        self.generation(access, &id).map(Some)
    }

    /// A generation that is kept.
    ///
    /// # Errors
    /// If there is none, or one of its documents cannot be read.
    pub fn generation(&self, access: Access, id: &str) -> Result<Generation, StoreError> {
        let document = self.document(access, id)?;
        let mut layers = BTreeMap::new();
        for (layer, entry) in &document.layers {
            layers.insert(layer.clone(), self.version(access, layer, &entry.version)?);
        }
        Ok(Generation { id: id.to_owned(), document, layers })
    }

    pub(crate) fn document(
        &self,
        access: Access,
        id: &str,
    ) -> Result<GenerationDocument, StoreError> {
        if !is_version(id) {
            return Err(StoreError::NoGeneration { id: Some(id.to_owned()) });
        }
        let path = self.root(access).join("generations").join(format!("{id}.json"));
        if !path.exists() {
            return Err(StoreError::NoGeneration { id: Some(id.to_owned()) });
        }
        let document: GenerationDocument = read_json(&path)?;
        let sound = document.spec == SPEC_VERSION
            && document.id == id
            && document.layers.iter().all(|(id, e)| is_layer_id(id) && is_version(&e.version));
        if sound { Ok(document) } else { Err(StoreError::document(&path, &"not a generation")) }
    }

    pub(crate) fn version(
        &self,
        access: Access,
        layer: &str,
        version: &str,
    ) -> Result<LayerVersion, StoreError> {
        let dir = self.root(access).join("layers").join(layer).join(version);
        let found = LayerVersion::open(&dir)?;
        let own = &found.layer;
        if own.id == layer && own.version == version && own.access == access {
            Ok(found)
        } else {
            Err(StoreError::document(&dir.join("layer.json"), &"describes another layer"))
        }
    }
}

impl LayerVersion {
    /// Reads the `layer.json` of a version or of a staged layer.
    ///
    /// # Errors
    /// If it is missing or not as specified.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("layer.json");
        let layer: Layer = read_json(&path)?;
        check(&layer).map_err(|reason| StoreError::document(&path, &reason))?;
        Ok(Self { layer, dir: dir.to_owned() })
    }

    /// The folder of this version.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Path of the tiles of a step (`None`: a layer without time), relative to the version.
    #[must_use]
    pub fn tiles_name(time: Option<Timestamp>) -> String {
        time.map_or_else(
            || "tiles.pmtiles".to_owned(),
            |time| format!("tiles/{}.pmtiles", compact(time)),
        )
    }

    /// Path of the features of a step, relative to the version.
    #[must_use]
    pub fn features_name(time: Option<Timestamp>) -> String {
        time.map_or_else(
            || "features.fgb".to_owned(),
            |time| format!("features/{}.fgb", compact(time)),
        )
    }

    /// Opens the tiles of a step; `None` if this version has none for it.
    ///
    /// # Errors
    /// If the archive is listed but cannot be read.
    pub fn tiles(&self, time: Option<Timestamp>) -> Result<Option<TileArchive>, StoreError> {
        let name = Self::tiles_name(time);
        let Some(listed) = self.layer.files.get(&name) else { return Ok(None) };
        let path = self.dir.join(&name);
        let mapped = Mapped::open(&path)?;
        let found = mapped.as_ref().len();
        if u64::try_from(found).ok() != Some(listed.bytes) {
            let expected = format!("{} bytes", listed.bytes);
            return Err(StoreError::Content { path, expected, found: format!("{found} bytes") });
        }
        Archive::open(mapped).map(Some).map_err(|source| StoreError::Tiles { path, source })
    }
}

/// Reads a JSON document of bounded size.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    let file = File::open(path).map_err(|source| StoreError::io(path, source))?;
    let mut text = Vec::new();
    let read = file.take(DOCUMENT_MAX + 1).read_to_end(&mut text);
    read.map_err(|source| StoreError::io(path, source))?;
    if DOCUMENT_MAX < text.len() as u64 {
        return Err(StoreError::document(path, &format!("longer than {DOCUMENT_MAX} bytes")));
    }
    serde_json::from_slice(&text).map_err(|fault| StoreError::document(path, &fault))
}

/// What a type cannot say of a `layer.json`.
fn check(layer: &Layer) -> Result<(), String> {
    let [west, south, east, north] = layer.bbox;
    let ranges = west <= east && south <= north;
    let faults = [
        (layer.spec != SPEC_VERSION, "spec"),
        (!is_layer_id(&layer.id), "id"),
        (!is_version(&layer.version), "version"),
        (!ranges || ![west, south, east, north].iter().all(|v| v.is_finite()), "bbox"),
        (layer.maxzoom < layer.minzoom || jomo_core::mercator::ZOOM_MAX < layer.maxzoom, "zooms"),
        (!layer.valid_times.is_sorted_by(|a, b| a < b), "valid_times"),
        (!layer.files.keys().all(|name| is_file_name(name)), "files"),
    ];
    match faults.iter().find(|(wrong, _)| *wrong) {
        None => Ok(()),
        Some((_, field)) => Err(format!("`{field}` is not as specified")),
    }
}

/// `<UTC time>-<8 hex>`.
pub(crate) fn is_version(id: &str) -> bool {
    let hex = |text: &str| {
        text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    id.split_once('-').is_some_and(|(time, tail)| parse_compact(time).is_some() && hex(tail))
}

/// A relative path of plain names, none of which begins with a dot.
pub(crate) fn is_file_name(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    };
    name.len() <= 200 && name.split('/').all(plain) && name != "layer.json"
}
