//! From tables of features to tiles, zoom by zoom.
//!
//! The tiles of a zoom are made in *chunks*: the up to 16 tiles below one tile two zooms up,
//! which follow each other in the order of the archive. A chunk finds the shapes that touch it,
//! clips them on the way down and encodes its tiles. Chunks run in parallel, a batch at a time,
//! and are handed over in order: the bytes depend neither on the number of threads nor on the
//! batch, and a batch is all that is held in memory.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use jomo_core::feature::FeatureTable;
use jomo_core::hilbert::{curve_position, tile_number};
use jomo_core::mercator::{TileId, ZOOM_MAX};
use rayon::prelude::*;

use crate::EXTENT;
use crate::clip::{clip_lines, clip_rings};
use crate::encode::{LayerEncoder, Normal, Packer};
use crate::paths::{Bounds, Paths, Point};
use crate::report::{BuildError, LargeTile, Loss, Losses, Report, ZoomReport};
use crate::shapes::{Detail, Kind, Shape, Source, ZoomShapes};

/// Features that go into one layer at some zooms. Several sources may share a layer, for example
/// areas at small scales and single cells at large ones.
#[derive(Clone, Debug)]
pub struct LayerSource<'a> {
    /// Name of the layer in tiles.
    pub name: &'a str,
    /// The features, in lon/lat degrees.
    pub table: &'a FeatureTable,
    /// Zooms at which they are drawn. At the last one they are rounded to whole units and not
    /// simplified.
    pub zooms: RangeInclusive<u8>,
}

/// How tiles are built. Units are 1/4096 of a tile.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How far lines and polygons reach over the edge of their tile, in units, so that the edge
    /// is not seen. 64 serves lines of usual width; wide casings need 128.
    pub buffer: u16,
    /// How far points are repeated beyond the edge of their tile, in units. 0: each point is in
    /// one tile, since renderers place symbols across edges.
    pub point_buffer: u16,
    /// How far a line or border may move when it is simplified, in units.
    pub tolerance: f64,
    /// Whether nothing may be left out: no zoom is simplified, whatever the tolerance, and a line or
    /// polygon without size is drawn one unit long or wide.
    pub loss_free: bool,
    /// Compression of gzip, 0 to 12.
    pub gzip_level: u8,
    /// What numbers features in tiles.
    pub ids: Ids,
    /// Compressed bytes above which a tile is reported.
    pub size_budget: u64,
    /// Most tiles that the features may cover at one zoom, as a guard against a polygon over half
    /// the world at a high zoom. Counted in steps of 16.
    pub tile_limit: u64,
}

/// What numbers features in tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// The number of [`fid`](jomo_core::feature::fid), whatever the id.
    Hashed,
    /// An id that is a number below 2^53 stays that number; of any other, as with
    /// [`Ids::Hashed`].
    Kept,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            buffer: 64,
            point_buffer: 0,
            tolerance: 1.0,
            loss_free: false,
            gzip_level: 6,
            ids: Ids::Hashed,
            size_budget: 500_000,
            tile_limit: 1 << 24,
        }
    }
}

/// Builds all tiles of all sources and hands them to `sink` as gzipped MVT 2.1, in the order of
/// [`tile_number`]. Tiles without a feature are not made.
///
/// Runs on the current rayon pool; the bytes are the same for any number of threads. Layers come
/// in the order of their first source, features in the order of their tables. A feature with
/// points, lines and polygons in one collection becomes one tile feature for each of the three,
/// with the same id.
///
/// # Errors
/// If a source has no name or an impossible zoom, if the features cover more tiles than
/// [`Settings::tile_limit`], or if `sink` fails.
pub fn build<E>(
    sources: &[LayerSource<'_>],
    settings: &Settings,
    mut sink: impl FnMut(TileId, &[u8]) -> Result<(), E>,
) -> Result<Report, BuildError<E>> {
    check(sources)?;
    let prepared: Vec<Source> =
        sources.iter().map(|source| Source::of(source.table, settings.loss_free)).collect();
    let first = sources.iter().map(|source| *source.zooms.start()).min().unwrap_or(0);
    let last = sources.iter().map(|source| *source.zooms.end()).max().unwrap_or(0);
    let mut report = Report::default();
    for z in first..=last {
        let shapes = |(source, prepared): (&LayerSource<'_>, &Source)| {
            if !source.zooms.contains(&z) {
                return ZoomShapes::default();
            }
            let is_whole = settings.loss_free || z == *source.zooms.end();
            let tolerance = if is_whole { 0.0 } else { settings.tolerance };
            prepared.at_zoom(z, Detail { tolerance, loss_free: settings.loss_free })
        };
        let shapes: Vec<ZoomShapes> = sources.par_iter().zip(&prepared).map(shapes).collect();
        let zoom = Zoom { z, sources, settings, shapes };
        zoom.build(&mut report, &mut sink)?;
    }
    Ok(report)
}

fn check<E>(sources: &[LayerSource<'_>]) -> Result<(), BuildError<E>> {
    for (source_index, source) in sources.iter().enumerate() {
        if source.name.is_empty() {
            return Err(BuildError::LayerName { source_index });
        }
        let zoom = (*source.zooms.start()).max(*source.zooms.end());
        if ZOOM_MAX < zoom {
            let layer = source.name.to_owned();
            return Err(BuildError::Zoom { layer, zoom, limit: ZOOM_MAX });
        }
    }
    Ok(())
}

/// Levels of the quadtree below a chunk: 16 tiles.
const CHUNK_LEVELS: u8 = 2;

/// Chunks of a batch for each thread: enough to even out their loads.
const CHUNKS_PER_THREAD: usize = 8;

/// Everything that the tiles of one zoom need.
struct Zoom<'a> {
    z: u8,
    sources: &'a [LayerSource<'a>],
    settings: &'a Settings,
    /// One for each source; empty where the source is not drawn at this zoom.
    shapes: Vec<ZoomShapes>,
}

/// Number of a shape: its source, and its place there.
type ShapeKey = (usize, usize);

/// A shape on its way down the quadtree.
#[derive(Clone)]
struct Item<'a> {
    key: ShapeKey,
    shape: &'a Shape,
    /// Borrowed while no clipping has touched it.
    paths: Cow<'a, Paths>,
    bounds: Bounds,
}

/// What came of a chunk.
#[derive(Default)]
struct ChunkTiles {
    tiles: Vec<(TileId, Vec<u8>)>,
    /// The shapes that are in some tile, once for each tile.
    shown: Vec<ShapeKey>,
    losses: Losses,
}

/// A chunk in work.
struct Work<'p> {
    packer: &'p mut Packer,
    made: ChunkTiles,
}

/// A tile of the quadtree above or at the zoom of the build.
#[derive(Clone, Copy)]
struct Node {
    z: u8,
    xy: [u32; 2],
}

impl Zoom<'_> {
    fn build<E>(
        &self,
        report: &mut Report,
        sink: &mut impl FnMut(TileId, &[u8]) -> Result<(), E>,
    ) -> Result<(), BuildError<E>> {
        let chunks = self.chunks()?;
        let groups: Vec<&[Entry]> = chunks.chunk_by(|a, b| a.position == b.position).collect();
        let mut zoom = ZoomReport::default();
        let mut shown: Vec<Vec<bool>> =
            self.shapes.iter().map(|source| vec![false; source.shapes.len()]).collect();
        let mut losses = Losses::default();
        let packer = || Packer::new(self.settings.gzip_level);
        for batch in groups.chunks(CHUNKS_PER_THREAD * rayon::current_num_threads()) {
            let made: Vec<Result<ChunkTiles, Refusal>> =
                batch.par_iter().map_init(packer, |packer, own| self.chunk(own, packer)).collect();
            for chunk in made {
                let chunk = chunk.map_err(Refusal::into_error)?;
                losses.merge(&chunk.losses);
                zoom.copies += count(chunk.shown.len());
                for (source, shape) in chunk.shown {
                    shown[source][shape] = true;
                }
                for (tile, bytes) in chunk.tiles {
                    sink(tile, &bytes).map_err(|source| BuildError::Sink { tile, source })?;
                    self.count_tile(tile, count(bytes.len()), &mut zoom, report);
                }
            }
        }
        for (source, shown) in self.shapes.iter().zip(&shown) {
            losses.merge(&source.losses);
            let hidden = shown.iter().filter(|shown| !**shown).count();
            losses.add(Loss::OutsideWorld, hidden);
            let mut features: Vec<usize> = (source.shapes.iter().zip(shown))
                .filter(|(_, shown)| **shown)
                .map(|(shape, _)| shape.feature)
                .collect();
            features.dedup();
            zoom.features += count(features.len());
        }
        zoom.losses = losses.0;
        report.tiles += zoom.tiles;
        report.bytes += zoom.bytes;
        report.zooms.insert(self.z, zoom);
        Ok(())
    }

    fn count_tile(&self, tile: TileId, bytes: u64, zoom: &mut ZoomReport, report: &mut Report) {
        zoom.tiles += 1;
        zoom.bytes += bytes;
        let large = LargeTile { tile, bytes };
        if report.largest.is_none_or(|largest| largest.bytes < bytes) {
            report.largest = Some(large);
        }
        if self.settings.size_budget < bytes {
            report.over_budget.push(large);
        }
    }

    /// Which shapes touch which chunk, in the order of chunks, sources and shapes.
    fn chunks<E>(&self) -> Result<Vec<Entry>, BuildError<E>> {
        let z = self.z.saturating_sub(CHUNK_LEVELS);
        let side = f64::from(EXTENT) * f64::from(1_u32 << (self.z - z));
        let last = f64::from((1_u32 << z) - 1);
        let tiles_per_chunk = 1_u64 << (2 * (self.z - z));
        let limit = self.settings.tile_limit / tiles_per_chunk;
        let mut entries: Vec<Entry> = Vec::new();
        for (source, shapes) in self.shapes.iter().enumerate() {
            for (index, shape) in shapes.shapes.iter().enumerate() {
                let reach = self.reach(shape.kind);
                let range = |axis: usize| {
                    let low = ((shape.bounds.min[axis] - reach) / side).floor().max(0.0);
                    let high = ((shape.bounds.max[axis] + reach) / side).floor().min(last);
                    (low <= high).then(|| (tile_index(low), tile_index(high)))
                };
                let (Some((west, east)), Some((north, south))) = (range(0), range(1)) else {
                    continue;
                };
                let covered = u64::from(east - west + 1) * u64::from(south - north + 1);
                if limit.max(1) < covered || limit.max(1) * 64 < count(entries.len()) {
                    let limit = self.settings.tile_limit;
                    return Err(BuildError::TooManyTiles { zoom: self.z, limit });
                }
                for y in north..=south {
                    for x in west..=east {
                        let position = curve_position(z, [x, y]);
                        entries.push(Entry { position, xy: [x, y], key: (source, index) });
                    }
                }
            }
        }
        entries.sort_unstable_by_key(|entry| (entry.position, entry.key));
        Ok(entries)
    }

    /// How far shapes of a kind are drawn beyond the edge of a tile, in units.
    fn reach(&self, kind: Kind) -> f64 {
        match kind {
            Kind::Points => f64::from(self.settings.point_buffer),
            Kind::Lines | Kind::Polygons => f64::from(self.settings.buffer),
        }
    }

    fn chunk(&self, entries: &[Entry], packer: &mut Packer) -> Result<ChunkTiles, Refusal> {
        let mut work = Work { packer, made: ChunkTiles::default() };
        let Some(first) = entries.first() else { return Ok(work.made) };
        let whole = |entry: &Entry| {
            let shape = &self.shapes[entry.key.0].shapes[entry.key.1];
            Item { key: entry.key, shape, paths: Cow::Borrowed(&shape.paths), bounds: shape.bounds }
        };
        let z = self.z.saturating_sub(CHUNK_LEVELS);
        let node = Node { z, xy: first.xy };
        let items: Vec<Item<'_>> = entries.iter().map(whole).collect();
        self.descend(node, &self.cut(node, &items), &mut work)?;
        work.made.tiles.sort_by_key(|(tile, _)| tile_number(*tile));
        Ok(work.made)
    }

    fn descend(&self, node: Node, items: &[Item<'_>], work: &mut Work<'_>) -> Result<(), Refusal> {
        if items.is_empty() {
            return Ok(());
        }
        if node.z == self.z {
            return self.tile(node, items, work);
        }
        for [dx, dy] in [[0, 0], [1, 0], [0, 1], [1, 1]] {
            let child = Node { z: node.z + 1, xy: [2 * node.xy[0] + dx, 2 * node.xy[1] + dy] };
            self.descend(child, &self.cut(child, items), work)?;
        }
        Ok(())
    }

    /// The box of a node in units of this zoom, grown by `reach`.
    fn bounds(&self, node: Node, reach: f64) -> Bounds {
        let side = f64::from(EXTENT) * f64::from(1_u32 << (self.z - node.z));
        let corner = node.xy.map(|index| f64::from(index) * side);
        Bounds { min: corner.map(|low| low - reach), max: corner.map(|low| low + side + reach) }
    }

    /// The parts of shapes within a node.
    fn cut<'i>(&self, node: Node, items: &[Item<'i>]) -> Vec<Item<'i>> {
        let wide = self.bounds(node, self.reach(Kind::Lines));
        let narrow = self.bounds(node, self.reach(Kind::Points));
        items
            .iter()
            .filter_map(|item| match item.shape.kind {
                Kind::Points => item.cut_with(&narrow, points_of),
                Kind::Lines => item.cut_with(&wide, clip_lines),
                Kind::Polygons => item.cut_with(&wide, clip_rings),
            })
            .collect()
    }

    fn tile(&self, node: Node, items: &[Item<'_>], work: &mut Work<'_>) -> Result<(), Refusal> {
        let Work { packer, made } = work;
        let Some(tile) = TileId::new(node.z, node.xy[0], node.xy[1]) else { return Ok(()) };
        let refuse = |source| Refusal::Encode { tile, source };
        let origin = self.bounds(node, 0.0).min;
        let mut bytes: Vec<u8> = Vec::new();
        for (index, source) in self.sources.iter().enumerate() {
            let name = source.name;
            if self.sources[..index].iter().any(|before| before.name == name) {
                continue;
            }
            let mut layer: Option<LayerEncoder> = None;
            for item in items.iter().filter(|item| self.sources[item.key.0].name == name) {
                let Some(normal) = item.normal() else { continue };
                let open = match layer.take() {
                    Some(open) => open,
                    None => LayerEncoder::new(name, self.settings.ids).map_err(refuse)?,
                };
                let table = self.sources[item.key.0].table;
                layer = Some(open.add(table, item.shape.feature, &normal, origin).map_err(refuse)?);
                made.shown.push(item.key);
            }
            if let Some(layer) = layer {
                let (encoded, losses) = layer.finish();
                bytes.extend(encoded);
                made.losses.merge(&losses);
            }
        }
        if !bytes.is_empty() {
            let packed =
                packer.gzip(&bytes).map_err(|source| Refusal::Compress { tile, source })?;
            made.tiles.push((tile, packed));
        }
        Ok(())
    }
}

impl Item<'_> {
    fn cut_with(&self, bounds: &Bounds, clip: fn(&Paths, &Bounds) -> Paths) -> Option<Self> {
        if !bounds.touches(&self.bounds) {
            return None;
        }
        // The eastern and southern edges of a box belong to the next tile, for points only.
        let on_far_edge = (0..2).any(|axis| bounds.max[axis] <= self.bounds.max[axis]);
        if bounds.holds(&self.bounds) && !(on_far_edge && self.shape.kind == Kind::Points) {
            return Some(self.clone());
        }
        let paths = clip(&self.paths, bounds);
        let (key, shape, bounds) = (self.key, self.shape, paths.bounds());
        (!paths.is_empty()).then_some(Self { key, shape, paths: Cow::Owned(paths), bounds })
    }

    fn normal(&self) -> Option<Normal> {
        match &self.paths {
            Cow::Borrowed(paths) => Normal::of_whole(self.shape.kind, paths),
            Cow::Owned(paths) => Normal::of_clipped(self.shape.kind, paths),
        }
    }
}

/// The points in a box, its eastern and southern edges left out.
fn points_of(points: &Paths, bounds: &Bounds) -> Paths {
    let inside = |point: &Point| {
        (0..2).all(|axis| bounds.min[axis] <= point[axis] && point[axis] < bounds.max[axis])
    };
    let mut kept = Paths::default();
    for point in points.iter().flatten().filter(|point| inside(point)) {
        kept.push([*point]);
    }
    kept
}

/// A shape in a chunk.
#[derive(Clone, Copy)]
struct Entry {
    /// Of the chunk along the curve.
    position: u64,
    /// Of the chunk.
    xy: [u32; 2],
    key: ShapeKey,
}

/// Why a tile was not made, before the type of the sink's error comes in.
enum Refusal {
    Encode { tile: TileId, source: fast_mvt::MvtError },
    Compress { tile: TileId, source: std::io::Error },
}

impl Refusal {
    fn into_error<E>(self) -> BuildError<E> {
        match self {
            Self::Encode { tile, source } => BuildError::Encode { tile, source },
            Self::Compress { tile, source } => BuildError::Compress { tile, source },
        }
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "floored, and between 0 and 2^24"
)]
fn tile_index(position: f64) -> u32 {
    position as u32
}
