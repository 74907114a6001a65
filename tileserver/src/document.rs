//! The JSON documents: catalogue, `TileJSON` and status.
//!
//! They depend on the clock and on the host by which the server was reached, so they are written
//! for each request, straight from the loaded generation without copies of it.

use std::collections::BTreeMap;

use jomo_core::Timestamp;
use jomo_core::fault::Faults;
use jomo_core::feature::{FieldType, fid};
use jomo_core::layer::{Access, Kind, Layer, Mode, Step, Text};
use jomo_core::time::compact;
use jomo_words::{Language, fault_title};
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::Fault;
use crate::serving::Seen;
use crate::view::LayerView;

/// Largest `status.json` in bytes: it must get through when nothing else does.
pub const STATUS_MAX: usize = 2048;

#[derive(Serialize)]
struct Catalogue<'a> {
    generation: Option<&'a str>,
    layers: Vec<CatalogueEntry<'a>>,
}

#[derive(Serialize)]
struct CatalogueEntry<'a> {
    id: &'a str,
    title: &'a Text,
    kind: Kind,
    mode: Mode,
    access: Access,
    version: &'a str,
    reference_time: Option<Timestamp>,
    valid_times: &'a [Timestamp],
    expires: Option<Timestamp>,
    bounds: [f64; 4],
    minzoom: u8,
    maxzoom: u8,
    tilejson: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<ToldFault<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    standing: Vec<ToldFault<'a>>,
}

/// What was missing, not believed or kept out when a layer was made, in words.
#[derive(Serialize)]
struct ToldFault<'a> {
    code: &'a str,
    count: u64,
    title: Text,
}

fn told(faults: &Faults) -> Vec<ToldFault<'_>> {
    let told = faults.iter().map(|(code, fault)| {
        let title = |language| fault_title(language, code);
        let title = Text { ja: title(Language::Ja), en: title(Language::En) };
        ToldFault { code, count: fault.count, title }
    });
    told.collect()
}

/// `catalog.json`.
#[must_use]
pub fn catalogue(seen: &Seen<'_>, base_url: &str) -> Vec<u8> {
    let entry = |view: &'_ LayerView| {
        let layer = &view.layer;
        format!("{base_url}/tiles/{}.json", layer.id)
    };
    let layers = seen.layers().into_iter().map(|view| {
        let layer = &view.layer;
        CatalogueEntry {
            id: &layer.id,
            title: &layer.title,
            kind: layer.kind,
            mode: layer.mode,
            access: layer.access,
            version: &layer.version,
            reference_time: layer.reference_time,
            valid_times: &layer.valid_times,
            expires: layer.expires,
            bounds: layer.bbox,
            minzoom: layer.minzoom,
            maxzoom: layer.maxzoom,
            tilejson: entry(view),
            faults: told(&layer.run.faults),
            standing: told(&layer.run.standing),
        }
    });
    encode(&Catalogue { generation: seen.generation(), layers: layers.collect() })
}

#[derive(Serialize)]
struct TileJson<'a> {
    tilejson: &'static str,
    name: &'a str,
    scheme: &'static str,
    tiles: [String; 1],
    minzoom: u8,
    maxzoom: u8,
    bounds: [f64; 4],
    attribution: String,
    vector_layers: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    temporal: Option<Temporal<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<SeriesAddress<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<ToldFault<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    standing: Vec<ToldFault<'a>>,
    layer: &'a Layer,
}

/// Where the series of features are.
#[derive(Serialize)]
struct SeriesAddress<'a> {
    /// With `{id}`.
    address: String,
    /// Ids of the features that have one, by their number in tiles.
    ids: BTreeMap<u64, &'a str>,
}

#[derive(Serialize)]
struct Temporal<'a> {
    reference_time: Option<Timestamp>,
    valid_times: &'a [Timestamp],
    current: Option<Timestamp>,
    expires: Option<Timestamp>,
    clock: Option<Timestamp>,
    mode: Mode,
    tiles: String,
}

/// For whom and for when a `TileJSON` is written.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// `scheme://host[:port]`.
    pub base_url: &'a str,
    /// Language of name and attribution.
    pub language: Language,
    /// The wall clock.
    pub wall: Timestamp,
}

/// `tiles/{layer}.json`: `TileJSON` 3.0.0 with the extensions `temporal` and `layer`. Its `tiles`
/// are pinned to the version, and to `time` or else the current step or else the last one.
#[must_use]
pub fn tile_json(view: &LayerView, time: Option<Timestamp>, reader: Reader<'_>) -> Vec<u8> {
    let layer = &view.layer;
    let current = match layer.current_step(reader.wall) {
        Step::At(time) => Some(time),
        Step::Timeless | Step::Expired => None,
    };
    let step = time.or(current).or(layer.valid_times.last().copied());
    let address = |step: &str| {
        format!(
            "{}/tiles/{}/{}/{step}/{{z}}/{{x}}/{{y}}.mvt",
            reader.base_url, layer.id, layer.version
        )
    };
    let in_language = |text: &'_ Text| match reader.language {
        Language::Ja => text.ja.clone(),
        Language::En => text.en.clone(),
    };
    let temporal = (!layer.valid_times.is_empty()).then(|| Temporal {
        reference_time: layer.reference_time,
        valid_times: &layer.valid_times,
        current,
        expires: layer.expires,
        clock: match layer.mode {
            Mode::Live => None,
            Mode::Replay | Mode::Fictional => layer.clock.or(layer.reference_time),
        },
        mode: layer.mode,
        tiles: address("{time}"),
    });
    let ids: BTreeMap<u64, &str> = view.series_ids().map(|id| (fid(id), id)).collect();
    let series = (!ids.is_empty()).then(|| SeriesAddress {
        address: format!("{}/series/{}/{}/{{id}}.json", reader.base_url, layer.id, layer.version),
        ids,
    });
    encode(&TileJson {
        tilejson: "3.0.0",
        name: &in_language(&layer.title),
        scheme: "xyz",
        tiles: [address(&step.map_or_else(|| "-".to_owned(), compact))],
        minzoom: layer.minzoom,
        maxzoom: layer.maxzoom,
        bounds: layer.bbox,
        attribution: escape_html(&in_language(&layer.attribution)),
        vector_layers: &view.vector_layers,
        temporal,
        series,
        faults: told(&layer.run.faults),
        standing: told(&layer.run.standing),
        layer,
    })
}

/// `TileJSON` says that clients may read the attribution as HTML, and map libraries do.
fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// `vector_layers` where an archive does not bring its own.
#[must_use]
pub fn vector_layers(layer: &Layer) -> Value {
    let kind = |kind| match kind {
        FieldType::Bool => "Boolean",
        FieldType::Int | FieldType::Float => "Number",
        FieldType::Text => "String",
    };
    let open = layer.fields.iter().filter(|field| !field.restricted);
    let fields: BTreeMap<_, _> = open.map(|f| (f.name.as_str(), kind(f.kind))).collect();
    json!([{
        "id": layer.id, "fields": fields, "minzoom": layer.minzoom, "maxzoom": layer.maxzoom,
    }])
}

#[derive(Serialize)]
struct Status<'a> {
    generation: Option<&'a str>,
    loaded: Timestamp,
    fault: Option<&'a Fault>,
    layer_count: usize,
    expired_count: usize,
    /// Layers that do not fit into [`STATUS_MAX`].
    omitted: usize,
    layers: &'a [LayerStatus<'a>],
}

#[derive(Serialize)]
struct LayerStatus<'a> {
    id: &'a str,
    mode: Mode,
    reference_time: Option<Timestamp>,
    age_s: Option<i64>,
    expired: bool,
    /// Number of faults of its run, without those that stand in its tables.
    #[serde(skip_serializing_if = "is_none")]
    faults: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_none(faults: &u64) -> bool {
    *faults == 0
}

/// `status.json`, at most [`STATUS_MAX`] bytes. Expired layers come first, then live ones; what
/// does not fit is counted.
#[must_use]
pub fn status(seen: &Seen<'_>, fault: Option<&Fault>, wall: Timestamp) -> Vec<u8> {
    let mut layers: Vec<LayerStatus<'_>> = seen
        .layers()
        .into_iter()
        .map(|view| {
            let layer = &view.layer;
            let age_s = |from: Timestamp| layer.now(wall).duration_since(from).as_secs();
            LayerStatus {
                id: &layer.id,
                mode: layer.mode,
                reference_time: layer.reference_time,
                age_s: layer.reference_time.map(age_s),
                expired: layer.current_step(wall) == Step::Expired,
                faults: layer.run.faults.total(),
            }
        })
        .collect();
    layers.sort_by_key(|layer| (!layer.expired, layer.mode != Mode::Live));
    let expired_count = layers.iter().filter(|layer| layer.expired).count();
    let write = |shown: usize| {
        encode(&Status {
            generation: seen.generation(),
            loaded: seen.loaded(),
            fault,
            layer_count: layers.len(),
            expired_count,
            omitted: layers.len() - shown,
            layers: layers.get(..shown).unwrap_or_default(),
        })
    };
    let mut shown = layers.len().min(STATUS_MAX / 64);
    loop {
        let bytes = write(shown);
        if bytes.len() <= STATUS_MAX || shown == 0 {
            return bytes;
        }
        shown -= 1;
    }
}

/// Nothing in these documents can fail to serialise: strings, numbers, times and maps with
/// string keys.
fn encode(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).unwrap_or_default()
}
