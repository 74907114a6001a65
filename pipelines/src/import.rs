//! `jomo import`: a file of features becomes a published layer.

pub mod arguments;
mod restricted;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use geo_types::Geometry;
use jomo_core::fault::Faults;
use jomo_core::feature::{FeatureTable, Field};
use jomo_core::layer::{Access, Kind, Layer, LegendEntry, Mode, SPEC_VERSION, Symbol, Text};
use jomo_format::vector::{Encoding, ReadOptions, VectorError, VectorRead};
use jomo_format::{flatgeobuf, geojson, table};
use jomo_store::{LayerStage, seal_pair};
use jomo_tile::LayerSource;
use jomo_words::both;
use serde_json::json;

use self::restricted::{Division, divide, public_part, public_words};
use crate::failure::{CommandError, Exit, Failure};
use crate::foreign::{self, ForeignOptions};
use crate::layer_files::{bounds, write_step};
use crate::outcome::Outcome;
use crate::region::{LayerDescription, Region, check_layer_id, open_if_given};
use crate::run::{Context, Made, Plan, Target, record_failure};
use crate::sample;
use crate::source::Source;

/// Name of the command in records.
const COMMAND: &str = "import";
/// Largest file that is read, in bytes: it is held in memory.
const FILE_MAX: u64 = 2 << 30;
/// Zooms of a layer that says nothing of its own.
const MIN_ZOOM: u8 = 4;
const MAX_ZOOM: u8 = 12;
/// Colours of layers that have none, one per symbol.
const FILL: &str = "#7a6f5d";
const LINE: &str = "#1f5fa8";
const CIRCLE: &str = "#c4161c";

/// What to import and how to describe it. What is `None` comes from the region, then from a
/// default.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// The file.
    pub file: PathBuf,
    /// The layer to make.
    pub layer: String,
    /// The region file with descriptions of layers.
    pub region: Option<PathBuf>,
    /// Where the layer goes.
    pub target: Target,
    /// Description by flags.
    pub flags: LayerDescription,
    /// Columns of the position, for tables.
    pub columns: [Option<String>; 2],
    /// Encoding of the text.
    pub encoding: Option<Encoding>,
    /// How a file of a foreign format is read.
    pub foreign: ForeignOptions,
    /// Whether the content is invented.
    pub fictional: bool,
}

/// Reads the file and publishes the layer.
///
/// # Errors
/// If the file cannot be read or holds nothing usable, or the result cannot be written.
pub fn run(request: &ImportRequest, context: &Context) -> Result<Outcome, Failure> {
    record_failure(COMMAND, &request.target, context, || publish(request, context))
}

fn publish(request: &ImportRequest, context: &Context) -> Result<Outcome, Failure> {
    check_layer_id(&request.layer)?;
    let region = open_if_given(request.region.as_deref())?;
    context.progress.stage("read", None);
    let source = Source::read(&request.file, FILE_MAX)?;
    let description = merge(&request.flags, region.as_ref(), &request.layer);
    let zooms = [description.min_zoom.unwrap_or(0), description.max_zoom.unwrap_or(MAX_ZOOM)];
    if zooms[1] < zooms[0] {
        let (value, expected) = (zooms[0].to_string(), format!("0..={}", zooms[1]));
        let error = CommandError::Flag { flag: "min-zoom", value, expected };
        return Err(Failure::new(Exit::Usage, error));
    }
    let fictional = request.fictional
        || region.as_ref().is_some_and(|region| region.fictional)
        || sample::made(&request.file);
    let options = ReadOptions {
        id_field: description.id_field.clone(),
        lon_field: request.columns[0].clone(),
        lat_field: request.columns[1].clone(),
        encoding: request.encoding,
        ..ReadOptions::default()
    };
    let mut inputs = vec![source.file.clone()];
    for part in foreign::siblings(&request.file) {
        inputs.push(Source::read(&part, FILE_MAX)?.file);
    }
    let plan = Plan {
        command: COMMAND,
        settings: BTreeMap::from([
            ("foreign".to_owned(), json!(format!("{:?}", request.foreign))),
            ("layer".to_owned(), json!(request.layer)),
            ("description".to_owned(), json!(format!("{description:?}"))),
            ("options".to_owned(), json!(format!("{options:?}"))),
            ("fictional".to_owned(), json!(fictional)),
        ]),
        inputs,
        layers: vec![request.layer.clone()],
    };
    plan.execute(context, &request.target, |plan, stage| {
        let scratch = stage.with_file_name("foreign");
        let read = read_any(&request.file, &source.bytes, &options, &request.foreign, &scratch)?;
        let work = Work { plan, request, description: &description, fictional, context };
        make(&work, read, stage)
    })
}

struct Work<'a> {
    plan: &'a Plan,
    request: &'a ImportRequest,
    description: &'a LayerDescription,
    fictional: bool,
    context: &'a Context,
}

fn merge(flags: &LayerDescription, region: Option<&Region>, layer: &str) -> LayerDescription {
    let mut merged = region.map(|region| region.describe(layer)).unwrap_or_default();
    // The place of the file on this machine is no property of the layer.
    merged.source = None;
    let flags = flags.clone();
    merged.title = flags.title.or(merged.title);
    merged.kind = flags.kind.or(merged.kind);
    merged.access = flags.access.or(merged.access);
    merged.attribution = flags.attribution.or(merged.attribution);
    merged.licence = flags.licence.or(merged.licence);
    merged.id_field = flags.id_field.or(merged.id_field);
    merged.label_field = flags.label_field.or(merged.label_field);
    merged.min_zoom = flags.min_zoom.or(merged.min_zoom);
    merged.max_zoom = flags.max_zoom.or(merged.max_zoom);
    merged.color = flags.color.or(merged.color);
    merged.symbol = flags.symbol.or(merged.symbol);
    // What the region restricts stays restricted whatever a flag adds.
    merged.restricted_fields.extend(flags.restricted_fields);
    merged.restricted_fields.sort_unstable();
    merged.restricted_fields.dedup();
    merged.public_rows = merged.public_rows.or(flags.public_rows);
    if !flags.audience.is_empty() {
        merged.audience = flags.audience;
    }
    merged.audience.sort_unstable();
    merged.audience.dedup();
    merged
}

/// Reads a format of our own here, any other by `jomo-ingest`, and so a format of our own whose
/// positions are in another CRS. `scratch` is a folder that `jomo-ingest` makes and that is gone
/// afterwards.
pub(crate) fn read_any(
    path: &Path,
    bytes: &[u8],
    options: &ReadOptions,
    asked: &ForeignOptions,
    scratch: &Path,
) -> Result<VectorRead, Failure> {
    let is_plain = *asked == ForeignOptions::default();
    if is_plain && !foreign::is_foreign(bytes) {
        match read_features(path, bytes, options) {
            Err(failure) if is_other_crs(&failure) => {}
            read => return read,
        }
    }
    let columns = [options.lon_field.clone(), options.lat_field.clone()];
    let taken = foreign::take_in(path, asked, &columns, options.encoding, scratch)?;
    let options = ReadOptions { id_field: options.id_field.clone(), ..ReadOptions::default() };
    let mut read = read_features(path, &taken.bytes, &options)?;
    let mut faults = taken.faults;
    faults.merge(read.faults);
    read.faults = faults;
    Ok(read)
}

fn is_other_crs(failure: &Failure) -> bool {
    failure.errors.iter().any(|error| ["vector-crs", "cli-crs"].contains(&error.code()))
}

/// The format is told by the content, then by the name: a wrong extension is common.
pub(crate) fn read_features(
    path: &Path,
    bytes: &[u8],
    options: &ReadOptions,
) -> Result<VectorRead, Failure> {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let brace = text.iter().find(|byte| !matches!(byte, b'\x1e' | b' ' | b'\t' | b'\r' | b'\n'))
        == Some(&b'{');
    let named = |name: &str| extension.eq_ignore_ascii_case(name);
    let read = if bytes.starts_with(b"fgb") || named("fgb") {
        flatgeobuf::read(bytes, options)
    } else if brace || named("geojson") || named("json") {
        geojson::read(bytes, options)
    } else {
        table::read(bytes, options)
    };
    let read = read.map_err(|fault| Failure::input(path, fault))?;
    match read.crs_epsg {
        None | Some(4326 | 6668) => Ok(read),
        Some(epsg) => Err(Failure::input(path, CommandError::Crs { epsg })),
    }
}

fn make(work: &Work<'_>, read: VectorRead, stage: &Path) -> Result<Made, Failure> {
    let VectorRead { table, faults, id_source, .. } = read;
    let path = &work.request.file;
    let access = access_of(work.description);
    let division = divide(work.description, access, &table, &id_source);
    let division = division.map_err(|failure| failure.at(path))?;
    let table = describe_fields(table, work.description);
    if let Some(name) = &work.description.label_field
        && !table.fields.iter().any(|field| field.name == *name)
    {
        let columns = table.fields.iter().map(|field| field.name.clone()).collect();
        let error = VectorError::NoColumn { field: name.clone(), columns };
        return Err(Failure::new(Exit::Usage, error).at(path));
    }
    let layer = describe(work, &table, &faults);
    work.context.progress.stage("tiles", None);
    let mut counts = BTreeMap::from([("features".to_owned(), table.features.len() as u64)]);
    let mut layers = Vec::new();
    let mut write = |layer: Layer, table: &FeatureTable, begun: Begun| {
        let (layer, tiles) = write_version(work, layer, table, begun?)?;
        layers.push(layer);
        Ok::<u64, Failure>(tiles)
    };
    let tiles = match division {
        Division::Whole => write(layer, &table, LayerStage::begin(stage, &work.request.layer))?,
        Division::Pair { public_rows } => {
            let public_table = public_part(&table, &public_rows);
            let mut public = describe(work, &public_table, &faults);
            public_words(&mut public);
            let mut whole = Layer { access: Access::Restricted, ..layer };
            seal_pair(&mut public, &mut whole)?;
            counts.insert("public_features".to_owned(), public_table.features.len() as u64);
            write(public, &public_table, LayerStage::begin(stage, &work.request.layer))?;
            write(whole, &table, LayerStage::begin_restricted(stage, &work.request.layer))?
        }
    };
    counts.insert("tiles".to_owned(), tiles);
    Ok(Made { layers, faults, counts, ..Made::default() })
}

type Begun = Result<LayerStage, jomo_store::StoreError>;

/// Writes one version of the layer and gives it with the number of its tiles.
fn write_version(
    work: &Work<'_>,
    mut layer: Layer,
    table: &FeatureTable,
    mut stage: LayerStage,
) -> Result<(Layer, u64), Failure> {
    let path = &work.request.file;
    let Some(bbox) = bounds(table) else {
        let seen = layer.run.faults.total();
        return Err(Failure::input(path, CommandError::Empty { seen }));
    };
    layer.bbox = bbox;
    let zooms = layer.minzoom..=layer.maxzoom;
    let sources = [LayerSource { name: &layer.id, table, zooms }];
    let report = write_step(&mut stage, &layer, None, table, &sources)
        .map_err(|failure| if failure.place.is_none() { failure.at(path) } else { failure })?;
    Ok((stage.finish(layer, work.context.now)?, report.tiles))
}

/// What people register can name people: public only where somebody says so.
fn access_of(description: &LayerDescription) -> Access {
    let is_register = description.kind == Some(Kind::Register);
    let default = if is_register { Access::Restricted } else { Access::Public };
    description.access.unwrap_or(default)
}

/// Titles and units for the columns; hidden ones go.
fn describe_fields(table: FeatureTable, description: &LayerDescription) -> FeatureTable {
    let known = |field: &Field| description.fields.get(&field.name);
    let keep: Vec<bool> =
        table.fields.iter().map(|field| known(field).is_none_or(|known| !known.hidden)).collect();
    let mut fields = Vec::new();
    for (mut field, _) in table.fields.into_iter().zip(&keep).filter(|(_, keep)| **keep) {
        if let Some(known) = description.fields.get(&field.name) {
            if let Some(title) = &known.title {
                field.title = title.clone();
            }
            field.unit.clone_from(&known.unit);
        }
        field.restricted = description.restricted_fields.contains(&field.name);
        fields.push(field);
    }
    let mut features = table.features;
    for feature in &mut features {
        let mut kept = keep.iter();
        feature.values.retain(|_| kept.next().copied().unwrap_or(true));
    }
    FeatureTable { fields, features }
}

fn describe(work: &Work<'_>, table: &FeatureTable, faults: &Faults) -> Layer {
    let Work { plan, request, description, fictional, context } = work;
    let plain = Text::new(&request.layer, &request.layer);
    let natural = symbol_of(table);
    // An area may be drawn by its outline; nothing else can be drawn as something else.
    let symbol = description
        .symbol
        .filter(|symbol| *symbol == natural || (*symbol, natural) == (Symbol::Line, Symbol::Fill))
        .unwrap_or(natural);
    let default_color = match symbol {
        Symbol::Fill => FILL,
        Symbol::Line => LINE,
        Symbol::Circle => CIRCLE,
    };
    let color = description.color.clone().unwrap_or_else(|| default_color.to_owned());
    let mut drawn = style(symbol, &color);
    // An area drawn by its outline is still named in its middle.
    let name = description.label_field.as_deref();
    drawn.extend(name.map(|field| label(natural, field)));
    let max_zoom = description.max_zoom.unwrap_or(MAX_ZOOM);
    let title = marked(description.title.clone().unwrap_or(plain), *fictional);
    let now = context.now;
    let kind = description.kind.unwrap_or(Kind::Inventory);
    Layer {
        spec: SPEC_VERSION,
        id: request.layer.clone(),
        version: String::new(),
        kind,
        mode: if *fictional { Mode::Fictional } else { Mode::Live },
        access: access_of(description),
        audience: description.audience.clone(),
        row_access: None,
        attribution: description.attribution.clone().unwrap_or_else(|| both("credit-unknown")),
        licence: description.licence.clone().unwrap_or_else(|| both("licence-unknown").ja),
        source_crs: "EPSG:6668".to_owned(),
        bbox: [0.0; 4],
        minzoom: description.min_zoom.unwrap_or(MIN_ZOOM).min(max_zoom),
        maxzoom: max_zoom,
        fields: table.fields.clone(),
        style: drawn,
        legend: vec![LegendEntry { label: title.clone(), color, symbol }],
        legend_title: None,
        hidden: false,
        title,
        feature_count: table.features.len() as u64,
        reference_time: Some(now),
        valid_times: Vec::new(),
        expires: None,
        clock: None,
        run: plan.provenance(faults, &Faults::default()),
        files: BTreeMap::new(),
    }
}

/// What is invented says so wherever its title is seen.
fn marked(title: Text, fictional: bool) -> Text {
    let word = both("word-fictional");
    if !fictional || title.ja.contains(&word.ja) {
        return title;
    }
    Text { ja: format!("{}（{}）", title.ja, word.ja), en: format!("{} ({})", title.en, word.en) }
}

fn symbol_of(table: &FeatureTable) -> Symbol {
    match table.features.first().map(|feature| &feature.geometry) {
        Some(Geometry::Polygon(_) | Geometry::MultiPolygon(_)) => Symbol::Fill,
        Some(Geometry::LineString(_) | Geometry::MultiLineString(_)) => Symbol::Line,
        _ => Symbol::Circle,
    }
}

/// Style layers for all geometry types, so that a layer with mixed ones is drawn whole.
fn style(symbol: Symbol, color: &str) -> Vec<serde_json::Value> {
    let of = |kind: &str| json!(["==", ["geometry-type"], kind]);
    let width = json!(["interpolate", ["linear"], ["zoom"], 6, 0.8, 12, 2.4]);
    let radius = json!(["interpolate", ["linear"], ["zoom"], 6, 2.0, 10, 4.5, 14, 7]);
    let line = json!({ "type": "line", "paint": { "line-color": color, "line-width": width } });
    match symbol {
        Symbol::Fill => vec![
            json!({ "type": "fill", "filter": of("Polygon"),
                    "paint": { "fill-color": color, "fill-opacity": 0.15 } }),
            line,
        ],
        // A clear fill under an outline: a tap inside still finds the feature.
        Symbol::Line => vec![
            json!({ "type": "fill", "filter": of("Polygon"),
                    "paint": { "fill-color": color, "fill-opacity": 0.01 } }),
            line,
        ],
        Symbol::Circle => vec![json!({ "type": "circle", "filter": of("Point"), "paint": {
            "circle-color": color,
            "circle-radius": radius,
            "circle-stroke-color": "#ffffff",
            "circle-stroke-width": 1.2,
        } })],
    }
}

/// Names: along lines, below points and only from close by, where they have room.
fn label(symbol: Symbol, field: &str) -> serde_json::Value {
    let (placement, offset, minzoom) = match symbol {
        Symbol::Fill => ("point", [0.0, 0.0], 8),
        Symbol::Line => ("line", [0.0, 0.0], 8),
        Symbol::Circle => ("point", [0.0, 1.2], 13),
    };
    json!({
        "type": "symbol",
        "minzoom": minzoom,
        "layout": {
            "text-field": ["to-string", ["get", field]],
            "text-size": 12,
            "text-offset": offset,
            "text-optional": true,
            "symbol-placement": placement,
            "symbol-spacing": 400,
        },
        "paint": {
            "text-color": "#1a1a1c",
            "text-halo-color": "#ffffff",
            "text-halo-width": 1.4,
        },
    })
}

/// Reads one of the words of a flag.
///
/// # Errors
/// With exit code 2, naming what is accepted.
fn flag_word<T: serde::de::DeserializeOwned>(
    flag: &'static str,
    value: Option<String>,
    expected: &str,
) -> Result<Option<T>, Failure> {
    let Some(value) = value else { return Ok(None) };
    if let Some(word) = crate::region::word(&value) {
        return Ok(Some(word));
    }
    let expected = expected.to_owned();
    Err(Failure::new(Exit::Usage, CommandError::Flag { flag, value, expected }))
}
