//! Looking into finished archives.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use jomo_core::fault::Faults;
use jomo_core::mercator::TileId;
use jomo_core::message::{Arguments, Coded};
use jomo_format::pmtiles::{Archive, Compression};
use jomo_tile::{TileSummary, VerifyFault, verify};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::name_of;
use crate::failure::{BoxedError, Exit, Failure};
use crate::outcome::{Outcome, Status};
use crate::run::Context;
use crate::source::read_bounded;

/// Largest archive that is read, in bytes: it is held in memory.
const FILE_MAX: u64 = 4 << 30;
/// Most bytes of a decompressed tile: a bomb is none.
const TILE_MAX: u64 = 64 << 20;
/// Tiles of a difference that are named.
const NAMED: usize = 20;

/// Most tiles, runs counted in full: a few bytes can announce billions.
const TILES_MAX: u64 = 1 << 26;

/// Why a question about an archive has no answer.
#[derive(Debug, thiserror::Error)]
enum ArchiveError {
    /// The tile asked for is not there.
    #[error("no tile {tile}")]
    NoTile {
        /// Its address.
        tile: String,
    },
    /// The archive announces more tiles than are looked at.
    #[error("{tiles} tiles, more than {limit}")]
    TooMany {
        /// Tiles announced.
        tiles: u64,
        /// Most tiles.
        limit: u64,
    },
    /// A tile cannot be decompressed.
    #[error("{tile}: {reason}")]
    Unreadable {
        /// Its address.
        tile: String,
        /// What the decompression says.
        reason: String,
    },
    /// A tile breaks a rule of the specification.
    #[error("{tile}: {fault}")]
    Unsound {
        /// Its address.
        tile: String,
        /// The rule, and where.
        fault: VerifyFault,
    },
}

impl Coded for ArchiveError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoTile { .. } => "tile-absent",
            Self::TooMany { .. } => "tile-announced",
            Self::Unreadable { .. } => "tile-unreadable",
            Self::Unsound { fault, .. } => fault.code(),
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::NoTile { tile } => vec![("tile", tile.clone())],
            Self::TooMany { tiles, limit } => {
                vec![("tiles", tiles.to_string()), ("limit", limit.to_string())]
            }
            Self::Unreadable { tile, reason } => {
                vec![("tile", tile.clone()), ("reason", reason.clone())]
            }
            Self::Unsound { fault, .. } => fault.arguments(),
        }
    }
}

fn open(path: &Path) -> Result<Archive<Vec<u8>>, Failure> {
    let archive = Archive::open(read_bounded(path, FILE_MAX)?);
    let archive = archive.map_err(|fault| Failure::input(path, fault))?;
    let tiles = archive.index().len();
    if TILES_MAX < tiles {
        return Err(Failure::input(path, ArchiveError::TooMany { tiles, limit: TILES_MAX }));
    }
    Ok(archive)
}

pub(super) fn inspect(path: &Path, tile: Option<TileId>) -> Result<Outcome, Failure> {
    let archive = open(path)?;
    let mut outcome = Outcome::new(Status::Done);
    if let Some(tile) = tile {
        let Some(place) = archive.tile(tile) else {
            let error = ArchiveError::NoTile { tile: name_of(tile) };
            return Err(Failure::new(Exit::Usage, error).at(path));
        };
        let length = place.len();
        let layers = match summary(&archive, tile, place) {
            Ok(summary) => summary.layers,
            Err(errors) => {
                let errors = errors.into_iter().map(|error| -> BoxedError { Box::new(error) });
                let place = Some(path.display().to_string());
                let (errors, recorded) = (errors.collect(), false);
                return Err(Failure { exit: Exit::Input, place, errors, recorded });
            }
        };
        for layer in &layers {
            outcome.lines.push(format!(
                "{}: {} points, {} lines, {} polygons, {} keys, {} values, extent {}",
                layer.name,
                layer.points,
                layer.lines,
                layer.polygons,
                layer.keys,
                layer.values,
                layer.extent,
            ));
        }
        let layers: Vec<Value> = layers
            .iter()
            .map(|layer| {
                json!({
                    "name": layer.name,
                    "extent": layer.extent,
                    "points": layer.points,
                    "lines": layer.lines,
                    "polygons": layer.polygons,
                    "keys": layer.keys,
                    "values": layer.values,
                })
            })
            .collect();
        outcome
            .more
            .insert("tile", json!({ "id": name_of(tile), "bytes": length, "layers": layers }));
        return Ok(outcome);
    }
    let header = archive.header();
    let mut zooms: BTreeMap<u8, [u64; 3]> = BTreeMap::new();
    for (tile, place) in archive.tiles() {
        let [tiles, bytes, largest] = zooms.entry(tile.z()).or_default();
        *tiles += 1;
        *bytes += place.len() as u64;
        *largest = (*largest).max(place.len() as u64);
    }
    let [west, south, east, north] = header.bounds_deg;
    let [low, high] = [header.min_zoom, header.max_zoom];
    outcome.lines.push(format!("zooms {low}-{high}, bounds {west},{south},{east},{north}"));
    for layer in archive.metadata()["vector_layers"].as_array().into_iter().flatten() {
        let fields = layer["fields"].as_object().map_or(0, Map::len);
        outcome.lines.push(format!("{}: {fields} fields", layer["id"].as_str().unwrap_or("?")));
    }
    let mut listed = Vec::new();
    for (zoom, [tiles, bytes, largest]) in &zooms {
        outcome.lines.push(format!("z{zoom}: {tiles} tiles, {bytes} bytes, largest {largest}"));
        listed.push(json!({ "zoom": zoom, "tiles": tiles, "bytes": bytes, "largest": largest }));
    }
    let tiles: u64 = zooms.values().map(|[tiles, ..]| tiles).sum();
    outcome.counts = BTreeMap::from([
        ("bytes".to_owned(), archive.bytes().len() as u64),
        ("contents".to_owned(), header.tile_contents),
        ("tiles".to_owned(), tiles),
    ]);
    outcome.more.insert("zooms", json!(listed));
    outcome.more.insert("metadata", archive.metadata().clone());
    Ok(outcome)
}

/// Checks each content once, in parallel, and names the first tile that it stands for.
pub(super) fn verify_all(path: &Path, context: &Context) -> Result<Outcome, Failure> {
    let archive = open(path)?;
    context.progress.stage("tiles", None);
    // Contents by their place, with the first tile of each.
    let mut first: HashMap<usize, usize> = HashMap::new();
    let mut contents: Vec<(TileId, Range<usize>)> = Vec::new();
    let mut tiles: Vec<(TileId, usize)> = Vec::new();
    for (tile, place) in archive.tiles() {
        let number = *first.entry(place.start).or_insert_with(|| {
            contents.push((tile, place));
            contents.len() - 1
        });
        tiles.push((tile, number));
    }
    let checked: Vec<Result<u64, Vec<ArchiveError>>> = contents
        .par_iter()
        .map(|(tile, place)| Ok(features_of(&summary(&archive, *tile, place.clone())?)))
        .collect();
    let mut zooms: BTreeMap<u8, [u64; 2]> = BTreeMap::new();
    for (tile, number) in &tiles {
        let [count, copies] = zooms.entry(tile.z()).or_default();
        *count += 1;
        *copies += checked[*number].as_ref().copied().unwrap_or_default();
    }
    let mut faults = Faults::default();
    for error in checked.into_iter().filter_map(Result::err).flatten() {
        faults.add(error.code(), || error.to_string());
    }
    let tiles = tiles.len() as u64;
    let mut outcome = Outcome::new(Status::Done);
    outcome.counts = BTreeMap::from([
        ("tiles".to_owned(), tiles),
        ("contents".to_owned(), contents.len() as u64),
        ("faults".to_owned(), faults.total()),
    ]);
    let listed: Vec<Value> = zooms
        .iter()
        .map(|(zoom, [tiles, copies])| json!({ "zoom": zoom, "tiles": tiles, "copies": copies }))
        .collect();
    outcome.more.insert("zooms", json!(listed));
    outcome.ends = (!faults.is_empty()).then_some(Exit::Input);
    let told = if faults.is_empty() { "tiles-sound" } else { "tiles-unsound" };
    let arguments = [
        ("path", path.display().to_string()),
        ("tiles", tiles.to_string()),
        ("faults", faults.total().to_string()),
    ];
    outcome.faults = faults;
    Ok(outcome.telling(told, &arguments))
}

pub(super) fn diff(paths: [&Path; 2], context: &Context) -> Result<Outcome, Failure> {
    let [before, after] = [open(paths[0])?, open(paths[1])?];
    context.progress.stage("tiles", None);
    let mut outcome = Outcome::new(Status::Done);
    let mut zooms: BTreeMap<u8, BTreeMap<Change, u64>> = BTreeMap::new();
    let mut count = |tile: TileId, change: Change| {
        *zooms.entry(tile.z()).or_default().entry(change).or_default() += 1;
        if change != Change::Same && outcome.lines.len() < NAMED {
            outcome.lines.push(format!("{} {}", change.mark(), name_of(tile)));
        }
    };
    for (tile, place) in before.tiles() {
        let change = match after.tile(tile) {
            None => Change::Gone,
            Some(other) => {
                let is_same = before.bytes()[place.clone()] == after.bytes()[other.clone()];
                // The same tile may have been compressed by another program.
                let plain = || [plain(&before, place), plain(&after, other)];
                let is_alike = || matches!(plain(), [Ok(ours), Ok(theirs)] if ours == theirs);
                if is_same || is_alike() { Change::Same } else { Change::Changed }
            }
        };
        count(tile, change);
    }
    for (tile, _) in after.tiles().filter(|(tile, _)| before.tile(*tile).is_none()) {
        count(tile, Change::New);
    }
    let of = |change: Change| zooms.values().filter_map(|counts| counts.get(&change)).sum();
    let counts: [(&str, u64); 4] = Change::ALL.map(|change| (change.name(), of(change)));
    outcome.counts = counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    let listed = zooms.iter().map(|(zoom, changes)| {
        let named = changes.iter().map(|(change, count)| (change.name().to_owned(), json!(count)));
        let mut listed: Map<String, Value> = named.collect();
        listed.insert("zoom".to_owned(), json!(zoom));
        Value::Object(listed)
    });
    let listed: Vec<Value> = listed.collect();
    outcome.more.insert("zooms", json!(listed));
    outcome.ends = counts[1..].iter().any(|(_, count)| 0 < *count).then_some(Exit::Faults);
    Ok(outcome.telling("tiles-compared", &counts.map(|(name, count)| (name, count.to_string()))))
}

/// What became of a tile from one archive to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Same,
    Changed,
    Gone,
    New,
}

impl Change {
    const ALL: [Self; 4] = [Self::Same, Self::Changed, Self::Gone, Self::New];

    fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::New => "new",
        }
    }

    fn mark(self) -> char {
        match self {
            Self::Same => '=',
            Self::Changed => '~',
            Self::Gone => '-',
            Self::New => '+',
        }
    }
}

/// Features of all layers of a tile.
fn features_of(summary: &TileSummary) -> u64 {
    summary.layers.iter().map(|layer| (layer.points + layer.lines + layer.polygons) as u64).sum()
}

/// What a tile holds, or all that is wrong with it.
fn summary(
    archive: &Archive<Vec<u8>>,
    tile: TileId,
    place: Range<usize>,
) -> Result<TileSummary, Vec<ArchiveError>> {
    let tile = name_of(tile);
    match plain(archive, place) {
        Err(reason) => Err(vec![ArchiveError::Unreadable { tile, reason }]),
        Ok(plain) => verify(&plain).map_err(|faults| {
            let unsound = |fault| ArchiveError::Unsound { tile: tile.clone(), fault };
            faults.into_iter().map(unsound).collect()
        }),
    }
}

/// The bytes of a tile, decompressed.
fn plain(archive: &Archive<Vec<u8>>, place: Range<usize>) -> Result<Vec<u8>, String> {
    let bytes = &archive.bytes()[place];
    match archive.header().tile_compression {
        Compression::None => Ok(bytes.to_vec()),
        Compression::Gzip => {
            let mut plain = Vec::new();
            let mut limited = MultiGzDecoder::new(bytes).take(TILE_MAX + 1);
            limited.read_to_end(&mut plain).map_err(|fault| fault.to_string())?;
            let is_whole = plain.len() as u64 <= TILE_MAX;
            if is_whole { Ok(plain) } else { Err(format!("more than {TILE_MAX} bytes")) }
        }
        other => Err(format!("{other:?}")),
    }
}
