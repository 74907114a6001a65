//! One version of a layer, open for serving.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::HeaderValue;
use bytes::Bytes;
use jomo_core::Timestamp;
use jomo_core::layer::{Layer, Mode};
use jomo_core::mercator::TileId;
use jomo_format::pmtiles::{Archive, Compression, Index};
use jomo_store::{LayerVersion, StoreError, series_id};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::LoadError;
use crate::problem::Problem;
use crate::remote::RemoteArchive;

/// How much of an archive is read ahead when it is opened. Clustered archives begin with the low
/// zooms, which every visitor asks for; a prefecture's layer is smaller than this as a whole.
const PREWARM_BYTES: usize = 64 << 20;

/// Most bytes of the series of a version, packed; they are kept in memory. A gauge has 5 kB.
const SERIES_MAX: u64 = 64 << 20;

/// The number of vector tiles in the header of a `PMTiles` archive.
const TYPE_MVT: u8 = 1;

/// A version of a layer with its archives open.
#[derive(Debug)]
pub struct LayerView {
    /// The content of `layer.json`.
    pub layer: Layer,
    /// `Jomo-Mode` of its answers.
    pub mode: HeaderValue,
    /// `vector_layers` of its `TileJSON`.
    pub vector_layers: serde_json::Value,
    steps: Vec<StepView>,
    /// Series of its gauges and sections by id, as stored.
    series: BTreeMap<String, StoredTile>,
}

/// The tiles of one step.
#[derive(Debug)]
pub struct StepView {
    /// Valid time; `None` for a layer without time.
    pub time: Option<Timestamp>,
    /// Entity tag of the archive as a whole.
    pub archive_tag: String,
    source: Source,
    tags: ContentTags,
}

/// Where the tiles come from.
#[derive(Debug)]
pub enum Source {
    /// A file in memory.
    Mapped(Box<Archive<Bytes>>),
    /// An object store.
    Remote(Arc<RemoteArchive>),
}

impl Source {
    fn index(&self) -> &Index {
        match self {
            Self::Mapped(archive) => archive.index(),
            Self::Remote(archive) => archive.index(),
        }
    }
}

/// A stored tile or series: gzip bytes, and the hash of them.
#[derive(Clone, Debug)]
pub struct StoredTile {
    /// A slice of the map or of what was fetched, not a copy.
    pub bytes: Bytes,
    /// xxh3-64 of the bytes.
    pub hash: u64,
}

impl LayerView {
    /// Opens every archive of a version and reads its first part ahead.
    ///
    /// # Errors
    /// If a listed archive cannot be opened or is not what `layer.json` says.
    pub fn open(version: &LayerVersion) -> Result<Self, LoadError> {
        let layer = version.layer.clone();
        let times: Vec<Option<Timestamp>> = match layer.valid_times.as_slice() {
            [] => vec![None],
            times => times.iter().copied().map(Some).collect(),
        };
        let mut steps = Vec::with_capacity(times.len());
        for time in times {
            steps.extend(StepView::open(version, time)?);
        }
        let mode = HeaderValue::from_static(match layer.mode {
            Mode::Live => "live",
            Mode::Replay => "replay",
            Mode::Fictional => "fictional",
        });
        let vector_layers = steps
            .iter()
            .find_map(|step| step.source.index().metadata().get("vector_layers").cloned())
            .unwrap_or_else(|| crate::document::vector_layers(&layer));
        let series = open_series(version)?;
        Ok(Self { layer, mode, vector_layers, steps, series })
    }

    /// Ids of the features that have a series.
    pub fn series_ids(&self) -> impl Iterator<Item = &str> {
        self.series.keys().map(String::as_str)
    }

    /// The series of a gauge or section.
    #[must_use]
    pub fn series(&self, id: &str) -> Option<StoredTile> {
        self.series.get(id).cloned()
    }

    /// The tiles of a step.
    #[must_use]
    pub fn step(&self, time: Option<Timestamp>) -> Option<&StepView> {
        let index = self.steps.binary_search_by_key(&time, |step| step.time).ok()?;
        self.steps.get(index)
    }

    /// Whether the layer has this step at all, with or without tiles.
    #[must_use]
    pub fn has_time(&self, time: Option<Timestamp>) -> bool {
        match time {
            None => self.layer.valid_times.is_empty(),
            Some(time) => self.layer.valid_times.binary_search(&time).is_ok(),
        }
    }

    /// Whether a tile touches the layer's bounds.
    #[must_use]
    pub fn covers(&self, tile: TileId) -> bool {
        let [west, south, east, north] = tile.bounds_deg();
        let [from_west, from_south, to_east, to_north] = self.layer.bbox;
        west <= to_east && from_west <= east && south <= to_north && from_south <= north
    }
}

impl StepView {
    fn open(version: &LayerVersion, time: Option<Timestamp>) -> Result<Option<Self>, LoadError> {
        let name = LayerVersion::tiles_name(time);
        let Some(listed) = version.layer.files.get(&name) else { return Ok(None) };
        let source = if let Some(file) = version.remote(&name) {
            Source::Remote(Arc::new(RemoteArchive::open(version, &name, file)?))
        } else {
            let Some(mapped) = version.file(&name)? else { return Ok(None) };
            let bytes = Bytes::from(mapped);
            prewarm(&bytes);
            let unsound = |source| StoreError::Tiles { path: version.dir().join(&name), source };
            Source::Mapped(Box::new(Archive::open(bytes).map_err(unsound)?))
        };
        let form = source.index().header();
        if form.tile_type != TYPE_MVT || form.tile_compression != Compression::Gzip {
            return Err(LoadError::TileForm { layer: version.layer.id.clone() });
        }
        let tags = ContentTags::new(source.index());
        // The hash in `layer.json` is hexadecimal if the writer followed the specification; it
        // goes into a header, so nothing else is taken from there.
        let hash: String = listed.sha256.chars().filter(char::is_ascii_hexdigit).take(32).collect();
        let archive_tag = format!("\"{hash}\"");
        Ok(Some(Self { time, archive_tag, source, tags }))
    }

    /// A tile, if the archive has it.
    ///
    /// # Errors
    /// [`Problem::StoreUnreachable`].
    pub async fn tile(&self, id: TileId) -> Result<Option<StoredTile>, Problem> {
        let found = match &self.source {
            Source::Mapped(archive) => {
                archive.tile(id).map(|range| (range.start, archive.bytes().slice(range)))
            }
            Source::Remote(archive) => archive.tile(id).await?,
        };
        Ok(found.map(|(offset, bytes)| {
            let hash = self.tags.hash(offset, &bytes);
            StoredTile { bytes, hash }
        }))
    }

    /// Length of the archive in bytes.
    #[must_use]
    pub fn archive_length(&self) -> usize {
        match &self.source {
            Source::Mapped(archive) => archive.bytes().len(),
            Source::Remote(archive) => archive.length(),
        }
    }

    /// A part of the archive.
    ///
    /// # Errors
    /// [`Problem::StoreUnreachable`].
    pub async fn archive_part(&self, range: Range<usize>) -> Result<Body, Problem> {
        match &self.source {
            Source::Mapped(archive) => Ok(Body::from(archive.bytes().slice(range))),
            Source::Remote(archive) => archive.body(range).await,
        }
    }
}

/// Reads the series of a version: some kilobytes for each gauge.
fn open_series(version: &LayerVersion) -> Result<BTreeMap<String, StoredTile>, LoadError> {
    let listed = version.layer.files.iter();
    let named: Vec<_> =
        listed.filter_map(|(name, file)| Some((series_id(name)?, name, file))).collect();
    let bytes = named.iter().fold(0_u64, |sum, (_, _, file)| sum.saturating_add(file.bytes));
    if SERIES_MAX < bytes {
        tracing::warn!(layer = %version.layer.id, bytes, "the series are too long to be served");
        return Ok(BTreeMap::new());
    }
    let mut series = BTreeMap::new();
    for (id, name, _) in named {
        let Some(mapped) = version.file(name)? else { continue };
        let bytes = Bytes::copy_from_slice(mapped.as_ref());
        let hash = xxh3_64(&bytes);
        series.insert(id, StoredTile { bytes, hash });
    }
    Ok(series)
}

/// Content hashes of the tiles of an archive, each computed when it is first asked for.
///
/// A hash per tile rather than one per archive: an unchanged tile keeps its tag, and the browser
/// its copy, across versions.
#[derive(Debug)]
struct ContentTags {
    /// Offsets of the distinct contents, ascending.
    offsets: Vec<usize>,
    /// The hash of each; 0 until it is known.
    hashes: Vec<AtomicU64>,
}

impl ContentTags {
    fn new(index: &Index) -> Self {
        let mut offsets: Vec<usize> = index.contents().map(|range| range.start).collect();
        offsets.sort_unstable();
        offsets.dedup();
        let hashes = offsets.iter().map(|_| AtomicU64::new(0)).collect();
        Self { offsets, hashes }
    }

    fn hash(&self, offset: usize, bytes: &[u8]) -> u64 {
        let slot = self.offsets.binary_search(&offset).ok().and_then(|i| self.hashes.get(i));
        // Relaxed is enough: the value depends on nothing but the bytes, whoever computes it.
        match slot.map(|slot| slot.load(Ordering::Relaxed)) {
            Some(known) if known != 0 => known,
            _ => {
                let hash = xxh3_64(bytes).max(1);
                if let Some(slot) = slot {
                    slot.store(hash, Ordering::Relaxed);
                }
                hash
            }
        }
    }
}

/// Touches the first pages, so that the first visitors do not wait for the disk on a thread that
/// answers others too.
fn prewarm(bytes: &[u8]) {
    const PAGE: usize = 4096;
    let ahead = bytes.get(..bytes.len().min(PREWARM_BYTES)).unwrap_or_default();
    let sum = ahead.iter().step_by(PAGE).fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    std::hint::black_box(sum);
}

/// A shared view.
pub type SharedView = Arc<LayerView>;
