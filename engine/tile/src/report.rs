//! What a build did, and what it left out.

use std::collections::BTreeMap;

use jomo_core::mercator::TileId;
use jomo_core::message::{Arguments, Coded};

/// Why a feature, or a part of one, is not drawn as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// The feature has no geometry. Left out.
    NoGeometry,
    /// A coordinate of the feature is not a number or not on the globe. Left out.
    BadCoordinate,
    /// The feature lies outside of the square world of the tile scheme. Left out.
    OutsideWorld,
    /// All lines of the feature are shorter than a unit. Left out.
    ShortLine,
    /// A line of a feature that has longer ones is shorter than a unit. Left out.
    ShortPart,
    /// A line is shorter than a unit: one of a unit stands for it
    /// ([`Settings::loss_free`](crate::Settings::loss_free)).
    ShortDrawn,
    /// All polygons of the feature, or with [`Settings::loss_free`](crate::Settings::loss_free) one
    /// of them, have no area in whole units: a square of one unit stands for them.
    Collapsed,
    /// A polygon of a feature that has larger ones has no area in whole units. Left out.
    SmallPart,
    /// A hole has no area in whole units. Filled.
    SmallHole,
    /// A hole leaves its shell or overlaps another hole. Filled.
    BadHole,
    /// A value is not a finite number. The feature is drawn without it.
    BadValue,
}

impl Loss {
    /// Stable code for reports.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoGeometry => "tile-no-geometry",
            Self::BadCoordinate => "tile-bad-coordinate",
            Self::OutsideWorld => "tile-outside-world",
            Self::ShortLine => "tile-short-line",
            Self::ShortPart => "tile-short-part",
            Self::ShortDrawn => "tile-short-drawn",
            Self::Collapsed => "tile-collapsed",
            Self::SmallPart => "tile-small-part",
            Self::SmallHole => "tile-small-hole",
            Self::BadHole => "tile-bad-hole",
            Self::BadValue => "tile-bad-value",
        }
    }
}

/// Losses by reason; reasons that did not occur are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Losses(pub(crate) BTreeMap<Loss, u64>);

impl Losses {
    pub(crate) fn add(&mut self, loss: Loss, number: usize) {
        if 0 < number {
            *self.0.entry(loss).or_default() += u64::try_from(number).unwrap_or(u64::MAX);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (loss, number) in &other.0 {
            *self.0.entry(*loss).or_default() += number;
        }
    }
}

/// What a build made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Number of tiles.
    pub tiles: u64,
    /// Bytes of all compressed tiles.
    pub bytes: u64,
    /// Zoom by zoom.
    pub zooms: BTreeMap<u8, ZoomReport>,
    /// The tile with the most compressed bytes; the first of equals.
    pub largest: Option<LargeTile>,
    /// Tiles above the size budget, in order. They are written whole.
    pub over_budget: Vec<LargeTile>,
}

/// What a build made at one zoom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoomReport {
    /// Number of tiles.
    pub tiles: u64,
    /// Bytes of the compressed tiles.
    pub bytes: u64,
    /// Features that are in a tile at all.
    pub features: u64,
    /// Features counted once for every tile that they are in.
    pub copies: u64,
    /// Features, parts, holes or values lost, by reason. Values count once for every tile.
    pub losses: BTreeMap<Loss, u64>,
}

/// A tile and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LargeTile {
    /// The tile.
    pub tile: TileId,
    /// Compressed bytes.
    pub bytes: u64,
}

/// Why tiles could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError<E> {
    /// A source has no layer name.
    #[error("source {source_index} has no layer name")]
    LayerName {
        /// Place of the source in the list, from 0.
        source_index: usize,
    },
    /// A source asks for a zoom that the tile scheme does not have.
    #[error("layer `{layer}` asks for zoom {zoom}; the last one is {limit}")]
    Zoom {
        /// Name of the layer.
        layer: String,
        /// The zoom asked for.
        zoom: u8,
        /// The highest zoom there is.
        limit: u8,
    },
    /// The features cover more tiles than allowed.
    #[error("at zoom {zoom} the features cover more than {limit} tiles")]
    TooManyTiles {
        /// The zoom.
        zoom: u8,
        /// Most tiles of one zoom, from the settings.
        limit: u64,
    },
    /// A layer of one tile outgrew the format.
    #[error("tile {}/{}/{} cannot be encoded", tile.z(), tile.x(), tile.y())]
    Encode {
        /// The tile.
        tile: TileId,
        /// What the encoder says.
        #[source]
        source: fast_mvt::MvtError,
    },
    /// A tile could not be compressed.
    #[error("tile {}/{}/{} cannot be compressed", tile.z(), tile.x(), tile.y())]
    Compress {
        /// The tile.
        tile: TileId,
        /// What the compressor says.
        #[source]
        source: std::io::Error,
    },
    /// The receiver of the tiles refused one.
    #[error("tile {}/{}/{} was not taken", tile.z(), tile.x(), tile.y())]
    Sink {
        /// The tile.
        tile: TileId,
        /// What the receiver says.
        #[source]
        source: E,
    },
}

impl<E: std::error::Error + 'static> Coded for BuildError<E> {
    fn code(&self) -> &'static str {
        match self {
            Self::LayerName { .. } => "tile-layer-name",
            Self::Zoom { .. } => "tile-zoom",
            Self::TooManyTiles { .. } => "tile-too-many",
            Self::Encode { .. } => "tile-encode",
            Self::Compress { .. } => "tile-compress",
            Self::Sink { .. } => "tile-sink",
        }
    }

    fn arguments(&self) -> Arguments {
        let name = |tile: &TileId| format!("{}/{}/{}", tile.z(), tile.x(), tile.y());
        match self {
            Self::LayerName { source_index } => vec![("source", source_index.to_string())],
            Self::Zoom { layer, zoom, limit } => vec![
                ("layer", layer.clone()),
                ("zoom", zoom.to_string()),
                ("limit", limit.to_string()),
            ],
            Self::TooManyTiles { zoom, limit } => {
                vec![("zoom", zoom.to_string()), ("limit", limit.to_string())]
            }
            Self::Encode { tile, source } => {
                vec![("tile", name(tile)), ("reason", source.to_string())]
            }
            Self::Compress { tile, source } => {
                vec![("tile", name(tile)), ("reason", source.to_string())]
            }
            Self::Sink { tile, source } => {
                vec![("tile", name(tile)), ("reason", source.to_string())]
            }
        }
    }
}
