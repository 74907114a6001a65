//! The reading side: the live generation and the versions that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jomo_core::layer::{Access, Layer, SPEC_VERSION, is_layer_id};
use jomo_core::time::{compact, parse_compact};
use jomo_format::pmtiles::Archive;
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};

use crate::address::Environment;
use crate::objects::{Objects, RemoteFile};
use crate::place::{DOCUMENT_MAX, Found, Place, Tag};
use crate::{Mapped, StoreError, address};

/// What no generation names is left alone by [`Store::collect`] for this long in an object store:
/// another writer may be about to name it.
const GRACE: Duration = Duration::from_hours(1);

/// Tiles of one layer version and step.
pub type TileArchive = Archive<Mapped>;

/// A published store, or the place for one.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) place: Place,
    pub(crate) grace: Duration,
    address: PathBuf,
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
    /// Versions by layer that are not to be shown any more, though a reader may have them: public
    /// ones hold what has become restricted, restricted ones are for people who have lost the
    /// layer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub withdrawn: BTreeMap<String, BTreeSet<String>>,
}

impl GenerationDocument {
    /// Whether a version is not to be shown any more.
    #[must_use]
    pub fn withdraws(&self, layer: &str, version: &str) -> bool {
        self.withdrawn.get(layer).is_some_and(|versions| versions.contains(version))
    }
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
    objects: Option<(Objects, String)>,
}

impl Store {
    /// Opens a store: a folder, or a prefix in an object store, `s3://bucket/prefix`, whose
    /// endpoint, region and credentials the environment names (`AWS_ENDPOINT_URL`, `AWS_REGION`,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`). `memory://name` is for tests.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is no such folder or bucket, [`StoreError::Address`] for
    /// a URL that cannot be used, [`StoreError::Unreachable`] if the object store does not answer.
    pub fn open(address: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_in(address, &|name| std::env::var(name).ok())
    }

    /// [`Self::open`] in a given environment.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_in(
        address: impl AsRef<Path>,
        environment: Environment<'_>,
    ) -> Result<Self, StoreError> {
        let address = address.as_ref();
        let place = address::place(address, environment)?;
        let store = Self { place, grace: GRACE, address: address.to_owned() };
        match &store.place {
            Place::Folder(folder) if !folder.path("").is_dir() => {
                Err(StoreError::Missing { path: folder.path("") })
            }
            Place::Folder(_) => Ok(store),
            Place::Objects(objects) => objects.check().map(|()| store),
        }
    }

    /// Opens a store, making the folder if there is none. A bucket is not made.
    ///
    /// # Errors
    /// If the folder cannot be made, else as [`Self::open`].
    pub fn create(address: impl AsRef<Path>) -> Result<Self, StoreError> {
        let environment: Environment<'_> = &|name| std::env::var(name).ok();
        if let Place::Folder(folder) = address::place(address.as_ref(), environment)? {
            let path = folder.path("");
            fs::create_dir_all(&path).map_err(|source| StoreError::io(&path, source))?;
        }
        Self::open_in(address, environment)
    }

    /// A store in an object store of the caller, for tests of trouble.
    #[must_use]
    pub fn on(objects: Arc<dyn ObjectStore>, address: &str) -> Self {
        let place =
            Place::Objects(Objects::new(objects, object_store::path::Path::default(), address));
        Self { place, grace: GRACE, address: PathBuf::from(address) }
    }

    /// The same store, whose collection leaves what nobody names alone for `grace`, if it is an
    /// object store.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The address as given: a folder or a URL.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.address
    }

    /// Id of the live generation; `None` before the first publication.
    ///
    /// # Errors
    /// If `current` cannot be read or names no generation.
    pub fn current_id(&self, access: Access) -> Result<Option<String>, StoreError> {
        Ok(self.current_with_tag(access)?.map(|(id, _)| id))
    }

    pub(crate) fn current_with_tag(
        &self,
        access: Access,
    ) -> Result<Option<(String, Tag)>, StoreError> {
        let key = format!("{}/current", root(access));
        let Some(Found { bytes, tag }) = self.place.read(&key)? else { return Ok(None) };
        match std::str::from_utf8(&bytes).map(str::trim_end) {
            Ok(id) if is_version(id) => Ok(Some((id.to_owned(), tag))),
            _ => {
                let text: String = String::from_utf8_lossy(&bytes).chars().take(60).collect();
                let reason = format!("{text:?} is no id of a generation");
                Err(StoreError::document(&self.place.shown(&key), &reason))
            }
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

    /// The document of a generation that is kept, without those of its layers.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn document(&self, access: Access, id: &str) -> Result<GenerationDocument, StoreError> {
        let unknown = || StoreError::NoGeneration { id: Some(id.to_owned()) };
        if !is_version(id) {
            return Err(unknown());
        }
        let key = generation_key(access, id);
        let path = self.place.shown(&key);
        let found = self.place.read(&key)?.ok_or_else(unknown)?;
        let document: GenerationDocument = serde_json::from_slice(&found.bytes)
            .map_err(|fault| StoreError::document(&path, &fault))?;
        let names = [&document.previous, &document.partner];
        let sound = document.spec == SPEC_VERSION
            && document.id == id
            && names.into_iter().flatten().all(|id| is_version(id))
            && document.layers.iter().all(|(id, entry)| {
                is_layer_id(id)
                    && is_version(&entry.version)
                    && !document.withdraws(id, &entry.version)
            })
            && document.withdrawn.iter().all(|(id, versions)| {
                is_layer_id(id) && versions.iter().all(|version| is_version(version))
            });
        if sound { Ok(document) } else { Err(StoreError::document(&path, &"not a generation")) }
    }

    pub(crate) fn version(
        &self,
        access: Access,
        layer: &str,
        version: &str,
    ) -> Result<LayerVersion, StoreError> {
        let key = version_key(access, layer, version);
        let document = format!("{key}/layer.json");
        let path = self.place.shown(&document);
        let Found { bytes, .. } = self
            .place
            .read(&document)?
            .ok_or_else(|| StoreError::io(&path, std::io::ErrorKind::NotFound.into()))?;
        let own = parse_layer(&bytes, &path)?;
        if own.id == layer && own.version == version && own.access == access {
            let objects = match &self.place {
                Place::Folder(_) => None,
                Place::Objects(objects) => Some((objects.clone(), key.clone())),
            };
            Ok(LayerVersion { layer: own, dir: self.place.shown(&key), objects })
        } else {
            Err(StoreError::document(&path, &"describes another layer"))
        }
    }
}

/// Name of a root.
pub(crate) fn root(access: Access) -> &'static str {
    match access {
        Access::Public => "public",
        Access::Restricted => "restricted",
    }
}

pub(crate) fn generation_key(access: Access, id: &str) -> String {
    format!("{}/generations/{id}.json", root(access))
}

pub(crate) fn version_key(access: Access, layer: &str, version: &str) -> String {
    format!("{}/layers/{layer}/{version}", root(access))
}

impl LayerVersion {
    /// Reads the `layer.json` of a staged layer, or of a version in a folder.
    ///
    /// # Errors
    /// If it is missing or not as specified.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("layer.json");
        let file = File::open(&path).map_err(|source| StoreError::io(&path, source))?;
        let mut text = Vec::new();
        let read = file.take(DOCUMENT_MAX + 1).read_to_end(&mut text);
        read.map_err(|source| StoreError::io(&path, source))?;
        if DOCUMENT_MAX < text.len() as u64 {
            return Err(StoreError::document(&path, &format!("longer than {DOCUMENT_MAX} bytes")));
        }
        Ok(Self { layer: parse_layer(&text, &path)?, dir: dir.to_owned(), objects: None })
    }

    /// The folder of this version; its address, to be shown to people, in an object store.
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

    /// Path of the raster of a step, relative to the version.
    #[must_use]
    pub fn raster_name(time: Option<Timestamp>) -> String {
        time.map_or_else(|| "raster.tif".to_owned(), |time| format!("raster/{}.tif", compact(time)))
    }

    /// A file to be read in parts, if this version lies in an object store and lists the file.
    #[must_use]
    pub fn remote(&self, name: &str) -> Option<RemoteFile> {
        let listed = self.layer.files.get(name)?;
        let (objects, key) = self.objects.as_ref()?;
        Some(objects.file(&format!("{key}/{name}"), listed.bytes))
    }

    /// A whole file: mapped, or fetched from an object store. `None` if it is not listed.
    ///
    /// # Errors
    /// If the file is listed but cannot be read or has another size.
    pub fn file(&self, name: &str) -> Result<Option<Mapped>, StoreError> {
        let Some(listed) = self.layer.files.get(name) else { return Ok(None) };
        if let Some(remote) = self.remote(name) {
            let bytes = match listed.bytes {
                0 => bytes::Bytes::new(),
                length => remote.range_blocking(0..length)?,
            };
            return Ok(Some(Mapped::fetched(bytes)));
        }
        let path = self.dir.join(name);
        let mapped = Mapped::open(&path)?;
        let found = mapped.as_ref().len();
        if u64::try_from(found).ok() == Some(listed.bytes) {
            return Ok(Some(mapped));
        }
        let expected = format!("{} bytes", listed.bytes);
        Err(StoreError::Content { path, expected, found: format!("{found} bytes") })
    }

    /// Opens the tiles of a step; `None` if this version has none for it.
    ///
    /// # Errors
    /// If the archive is listed but cannot be read.
    pub fn tiles(&self, time: Option<Timestamp>) -> Result<Option<TileArchive>, StoreError> {
        let name = Self::tiles_name(time);
        let Some(mapped) = self.file(&name)? else { return Ok(None) };
        let path = self.dir.join(&name);
        Archive::open(mapped).map(Some).map_err(|source| StoreError::Tiles { path, source })
    }
}

fn parse_layer(text: &[u8], path: &Path) -> Result<Layer, StoreError> {
    let layer: Layer =
        serde_json::from_slice(text).map_err(|fault| StoreError::document(path, &fault))?;
    check(&layer).map_err(|reason| StoreError::document(path, &reason))?;
    Ok(layer)
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

/// Longest relative path in bytes: the series of an id of 64 bytes that are all written as three.
const NAME_MAX: usize = 207;

/// A relative path of plain names, none of which begins with a dot.
pub(crate) fn is_file_name(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    };
    name.len() <= NAME_MAX && name.split('/').all(plain) && name != "layer.json"
}
