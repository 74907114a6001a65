//! `jomo tiles build`: files of features become one archive.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use jomo_core::fault::Faults;
use jomo_core::feature::FeatureTable;
use jomo_core::mercator::ZOOM_MAX;
use jomo_format::pmtiles::Meta;
use jomo_format::vector::{ReadOptions, VectorError, VectorRead};
use jomo_tile::{Ids, LayerSource, Loss, Report, Settings};
use serde_json::{Value, json};

use super::name_of;
use crate::failure::{CommandError, Exit, Failure};
use crate::foreign::ForeignOptions;
use crate::import::read_any;
use crate::layer_files::{bounds, field_types, write_archive};
use crate::outcome::{Outcome, Status};
use crate::run::Context;
use crate::source::read_bounded;

/// Largest file that is read, in bytes: it is held in memory.
const FILE_MAX: u64 = 2 << 30;
/// First bytes of an archive.
const MAGIC: &[u8] = b"PMTiles";

/// What `jomo tiles build` takes.
#[derive(Debug, Args)]
pub struct BuildArguments {
    /// Files of features; the stem of a name is the name of its layer.
    #[arg(required_unless_present = "layer")]
    inputs: Vec<PathBuf>,
    /// The archive to write, `PMTiles`.
    #[arg(long, short)]
    output: PathBuf,
    /// A file of features with the name of its layer; again for more.
    #[arg(long, value_name = "NAME=FILE", value_parser = named_file)]
    layer: Vec<(String, PathBuf)>,
    /// Lowest zoom.
    #[arg(long, default_value_t = 0, value_parser = zoom())]
    min_zoom: u8,
    /// Highest zoom.
    #[arg(long, default_value_t = 14, value_parser = zoom())]
    max_zoom: u8,
    /// Leave nothing out and simplify nothing.
    #[arg(long, conflicts_with = "simplify")]
    loss_free: bool,
    /// How far a line or border may move below the highest zoom, in 1/4096 of a tile.
    #[arg(long, value_name = "UNITS", default_value_t = 1.0, value_parser = units)]
    simplify: f64,
    /// How far lines and polygons reach over the edge of a tile, in 1/4096 of it.
    #[arg(long, value_name = "UNITS", default_value_t = 64, value_parser = clap::value_parser!(u16).range(0..=2_048))]
    buffer: u16,
    /// Fields that tiles do without; again for more.
    #[arg(long, value_name = "FIELD")]
    drop: Vec<String>,
    /// Column that holds the ids.
    #[arg(long)]
    id_field: Option<String>,
}

fn zoom() -> clap::builder::RangedI64ValueParser<u8> {
    clap::value_parser!(u8).range(0..=i64::from(ZOOM_MAX))
}

fn units(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (0.0..=4_096.0).contains(number));
    number.ok_or_else(|| "0..=4096".to_owned())
}

fn named_file(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => {
            Ok((name.to_owned(), file.into()))
        }
        _ => Err("NAME=FILE".to_owned()),
    }
}

/// A file of features that is to be a layer.
struct Input {
    layer: String,
    table: FeatureTable,
}

pub(super) fn run(arguments: &BuildArguments, context: &Context) -> Result<Outcome, Failure> {
    if arguments.max_zoom < arguments.min_zoom {
        let (value, expected) =
            (arguments.min_zoom.to_string(), format!("0..={}", arguments.max_zoom));
        let error = CommandError::Flag { flag: "min-zoom", value, expected };
        return Err(Failure::new(Exit::Usage, error));
    }
    check_output(&arguments.output, context)?;
    context.progress.stage("read", None);
    let mut faults = Faults::default();
    let mut inputs = Vec::new();
    for (layer, file) in files(arguments)? {
        let read = read(&file, arguments)?;
        if read.table.features.is_empty() {
            let seen = read.faults.total();
            return Err(Failure::input(&file, CommandError::Empty { seen }));
        }
        faults.merge(read.faults);
        inputs.push(Input { layer, table: read.table });
    }
    drop_fields(&mut inputs, &arguments.drop)?;
    if context.dry_run {
        return Ok(Outcome::new(Status::DryRun));
    }
    context.progress.stage("tiles", None);
    let report = write(arguments, &inputs)?;
    Ok(told(arguments, &inputs, &report, faults))
}

/// The files with the names of their layers; a name may come several times.
fn files(arguments: &BuildArguments) -> Result<Vec<(String, PathBuf)>, Failure> {
    let mut files = Vec::new();
    for file in &arguments.inputs {
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if stem.is_empty() {
            let path = file.display().to_string();
            return Err(Failure::new(Exit::Usage, CommandError::NotAFile { path }));
        }
        files.push((stem.to_owned(), file.clone()));
    }
    files.extend(arguments.layer.iter().cloned());
    Ok(files)
}

/// An archive may be replaced, another file if that is asked for; a folder or device never.
fn check_output(output: &Path, context: &Context) -> Result<(), Failure> {
    let path = output.display().to_string();
    let error = match fs::metadata(output) {
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(fault) => return Err(Failure::new(Exit::Failed, CommandError::io(output, &fault))),
        Ok(meta) if !meta.is_file() => CommandError::NotAFile { path },
        Ok(_) if context.force || begins_as_archive(output) => return Ok(()),
        Ok(_) => CommandError::FileOccupied { path },
    };
    Err(Failure::new(Exit::Usage, error))
}

fn begins_as_archive(path: &Path) -> bool {
    let mut head = [0; MAGIC.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == MAGIC
}

fn read(file: &Path, arguments: &BuildArguments) -> Result<VectorRead, Failure> {
    let options = ReadOptions { id_field: arguments.id_field.clone(), ..ReadOptions::default() };
    let bytes = read_bounded(file, FILE_MAX)?;
    let scratch = part_of(&arguments.output, "foreign");
    read_any(file, &bytes, &options, &ForeignOptions::default(), &scratch)
}

/// A place beside the archive that no other run uses.
fn part_of(output: &Path, what: &str) -> PathBuf {
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    output.with_file_name(format!(".{name}.{}.{what}", std::process::id()))
}

/// Takes fields out of all tables. One that no table has is wrong use: a misspelt name would leave
/// in the tiles what is to be kept out.
fn drop_fields(inputs: &mut [Input], names: &[String]) -> Result<(), Failure> {
    let mut columns: Vec<String> = Vec::new();
    for field in inputs.iter().flat_map(|input| &input.table.fields) {
        if !columns.contains(&field.name) {
            columns.push(field.name.clone());
        }
    }
    if let Some(name) = names.iter().find(|name| !columns.contains(name)) {
        let error = VectorError::NoColumn { field: name.clone(), columns };
        return Err(Failure::new(Exit::Usage, error));
    }
    for Input { table, .. } in inputs {
        let keeps: Vec<bool> =
            table.fields.iter().map(|field| !names.contains(&field.name)).collect();
        retain(&mut table.fields, &keeps);
        for feature in &mut table.features {
            retain(&mut feature.values, &keeps);
        }
    }
    Ok(())
}

fn retain<T>(items: &mut Vec<T>, keeps: &[bool]) {
    let mut keeps = keeps.iter();
    items.retain(|_| keeps.next() == Some(&true));
}

/// Writes the archive beside its place and moves it there when it is whole.
fn write(arguments: &BuildArguments, inputs: &[Input]) -> Result<Report, Failure> {
    let output = &arguments.output;
    let disk = |fault| Failure::new(Exit::Failed, CommandError::io(output, &fault));
    let settings = Settings {
        buffer: arguments.buffer,
        tolerance: arguments.simplify,
        loss_free: arguments.loss_free,
        ids: Ids::Kept,
        ..Settings::default()
    };
    let zooms = arguments.min_zoom..=arguments.max_zoom;
    let sources: Vec<LayerSource<'_>> = inputs
        .iter()
        .map(|Input { layer, table }| LayerSource { name: layer, table, zooms: zooms.clone() })
        .collect();
    let part = part_of(output, "part");
    let written = write_archive(&part, &meta(arguments, inputs), &sources, &settings)
        .map_err(|failure| failure.at(output))
        .and_then(|report| {
            File::open(&part).and_then(|file| file.sync_all()).map_err(disk)?;
            fs::rename(&part, output).map_err(disk)?;
            Ok(report)
        });
    if written.is_err() {
        // What is left of a failure is told by the failure.
        let _ = fs::remove_file(&part);
    }
    written
}

fn meta(arguments: &BuildArguments, inputs: &[Input]) -> Meta {
    let mut fields: BTreeMap<&str, serde_json::Map<String, Value>> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for Input { layer, table } in inputs {
        if !order.contains(&layer.as_str()) {
            order.push(layer);
        }
        fields.entry(layer).or_default().extend(field_types(&table.fields));
    }
    let [min_zoom, max_zoom] = [arguments.min_zoom, arguments.max_zoom];
    let layers: Vec<Value> = order
        .iter()
        .map(|id| json!({ "id": id, "minzoom": min_zoom, "maxzoom": max_zoom, "fields": fields[id] }))
        .collect();
    let all = inputs.iter().filter_map(|input| bounds(&input.table));
    let bounds_deg =
        all.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]);
    Meta {
        min_zoom,
        max_zoom,
        bounds_deg: bounds_deg.unwrap_or([-180.0, -85.0, 180.0, 85.0]),
        metadata: json!({ "name": order.join(", "), "type": "overlay", "vector_layers": layers }),
    }
}

/// What was made and, zoom by zoom, what is not drawn as it is.
fn told(arguments: &BuildArguments, inputs: &[Input], report: &Report, faults: Faults) -> Outcome {
    let mut outcome = Outcome::new(Status::Done);
    outcome.faults = faults;
    let features: usize = inputs.iter().map(|input| input.table.features.len()).sum();
    outcome.counts = BTreeMap::from([
        ("features".to_owned(), features as u64),
        ("tiles".to_owned(), report.tiles),
        ("bytes".to_owned(), report.bytes),
        ("tiles_over_budget".to_owned(), report.over_budget.len() as u64),
    ]);
    let mut zooms = Vec::new();
    for (zoom, made) in &report.zooms {
        let losses: BTreeMap<&str, u64> =
            made.losses.iter().map(|(loss, count)| (Loss::code(*loss), *count)).collect();
        let listed: Vec<String> =
            losses.iter().map(|(code, count)| format!("{code} {count}")).collect();
        outcome.lines.push(format!(
            "z{zoom}: {} tiles, {} bytes, {} features, {} copies{}{}",
            made.tiles,
            made.bytes,
            made.features,
            made.copies,
            if listed.is_empty() { "" } else { "; " },
            listed.join(", "),
        ));
        zooms.push(json!({
            "zoom": zoom,
            "tiles": made.tiles,
            "bytes": made.bytes,
            "features": made.features,
            "copies": made.copies,
            "losses": losses,
        }));
    }
    outcome.more.insert("zooms", json!(zooms));
    let largest =
        report.largest.map(|large| json!({ "tile": name_of(large.tile), "bytes": large.bytes }));
    outcome.more.insert("largest", json!(largest));
    outcome.telling(
        "tiles-built",
        &[
            ("path", arguments.output.display().to_string()),
            ("features", features.to_string()),
            ("tiles", report.tiles.to_string()),
            ("bytes", report.bytes.to_string()),
        ],
    )
}
