//! Looking into finished archives.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use jomo_core::fault::Faults;
use jomo_core::mercator::TileId;
use jomo_format::pmtiles::{Archive, Compression};
use jomo_tile::{TileSummary, verify};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::name_of;
use crate::failure::{CommandError, Exit, Failure};
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

/// A tile that cannot be decompressed.
const UNREADABLE: &str = "tile-unreadable";

fn open(path: &Path) -> Result<Archive<Vec<u8>>, Failure> {
    let archive = Archive::open(read_bounded(path, FILE_MAX)?);
    let archive = archive.map_err(|fault| Failure::input(path, fault))?;
    let tiles = archive.index().len();
    if TILES_MAX < tiles {
        let reason = format!("{tiles} tiles announced, {TILES_MAX} at most");
        return Err(Failure::input(path, CommandError::Tiles { reason }));
    }
    Ok(archive)
}

pub(super) fn inspect(path: &Path, tile: Option<TileId>) -> Result<Outcome, Failure> {
    let archive = open(path)?;
    let mut outcome = Outcome::new(Status::Done);
    if let Some(tile) = tile {
        let Some(place) = archive.tile(tile) else {
            let (value, expected) = (name_of(tile), "a tile of the archive".to_owned());
            let error = CommandError::Flag { flag: "tile", value, expected };
            return Err(Failure::new(Exit::Usage, error).at(path));
        };
        let length = place.len();
        let read = summary(&archive, place);
        let layers = read.map_err(|faults| refused(path, tile, &faults))?.layers;
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
        let fields = layer["fields"].as_object().map_or(0, serde_json::Map::len);
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
    let checked: Vec<Result<u64, Vec<(&str, String)>>> = contents
        .par_iter()
        .map(|(tile, place)| match summary(&archive, place.clone()) {
            Ok(summary) => Ok(features_of(&summary)),
            Err(told) => {
                let named = |(code, what): (_, String)| (code, place_of(*tile, &what));
                Err(told.into_iter().map(named).collect())
            }
        })
        .collect();
    let mut zooms: BTreeMap<u8, [u64; 2]> = BTreeMap::new();
    for (tile, number) in &tiles {
        let [count, copies] = zooms.entry(tile.z()).or_default();
        *count += 1;
        *copies += checked[*number].as_ref().copied().unwrap_or_default();
    }
    let mut faults = Faults::default();
    for (code, place) in checked.into_iter().filter_map(Result::err).flatten() {
        faults.add(code, || place);
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
    let mut lines = Vec::new();
    let [mut same, mut changed, mut gone, mut new] = [0_u64; 4];
    let mut zooms: BTreeMap<u8, [u64; 3]> = BTreeMap::new();
    let mut differs = |tile: TileId, what: usize| {
        zooms.entry(tile.z()).or_default()[what] += 1;
        if lines.len() < NAMED {
            lines.push(format!("{} {}", ["~", "-", "+"][what], name_of(tile)));
        }
    };
    for (tile, place) in before.tiles() {
        match after.tile(tile) {
            None => {
                gone += 1;
                differs(tile, 1);
            }
            Some(other) if before.bytes()[place.clone()] == after.bytes()[other.clone()] => {
                same += 1;
            }
            Some(other) => {
                // The same tile may have been compressed by another program.
                let [ours, theirs] = [plain(&before, place), plain(&after, other)];
                if ours.is_ok() && ours == theirs {
                    same += 1;
                } else {
                    changed += 1;
                    differs(tile, 0);
                }
            }
        }
    }
    for (tile, _) in after.tiles().filter(|(tile, _)| before.tile(*tile).is_none()) {
        new += 1;
        differs(tile, 2);
    }
    let mut outcome = Outcome::new(Status::Done);
    outcome.lines = lines;
    let counts = [("same", same), ("changed", changed), ("gone", gone), ("new", new)];
    outcome.counts = counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    let listed: Vec<Value> = zooms
        .iter()
        .map(|(zoom, [changed, gone, new])| {
            json!({ "zoom": zoom, "changed": changed, "gone": gone, "new": new })
        })
        .collect();
    outcome.more.insert("zooms", json!(listed));
    outcome.ends = (0 < changed + gone + new).then_some(Exit::Faults);
    Ok(outcome.telling("tiles-compared", &counts.map(|(name, count)| (name, count.to_string()))))
}

/// Features of all layers of a tile.
fn features_of(summary: &TileSummary) -> u64 {
    summary.layers.iter().map(|layer| (layer.points + layer.lines + layer.polygons) as u64).sum()
}

/// What a tile holds, or the codes of what is wrong with it.
fn summary(
    archive: &Archive<Vec<u8>>,
    place: Range<usize>,
) -> Result<TileSummary, Vec<(&'static str, String)>> {
    let plain = plain(archive, place).map_err(|reason| vec![(UNREADABLE, reason)])?;
    verify(&plain).map_err(|faults| {
        faults.iter().map(|fault| ("tile-rule-broken", fault.to_string())).collect()
    })
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

fn place_of(tile: TileId, what: &str) -> String {
    format!("{}: {what}", name_of(tile))
}

fn refused(path: &Path, tile: TileId, faults: &[(&'static str, String)]) -> Failure {
    let reason: Vec<String> = faults.iter().map(|(_, what)| place_of(tile, what)).collect();
    Failure::input(path, CommandError::Tiles { reason: reason.join("; ") })
}
