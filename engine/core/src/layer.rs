//! What a published layer says about itself: the content of `layer.json`.
//!
//! The form is fixed by `docs/spec/published-store.md`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fault::Faults;
use crate::feature::Field;
use crate::organisation::{OrganisationKind, RowAccess};

/// Version of the published-store specification that this code writes.
pub const SPEC_VERSION: u32 = 1;

/// A text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

impl Text {
    /// A text from its Japanese and English form.
    #[must_use]
    pub fn new(ja: &str, en: &str) -> Self {
        Self { ja: ja.to_owned(), en: en.to_owned() }
    }
}

/// What kind of statement a layer makes; it decides who may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something measured.
    Observation,
    /// Something designated by an authority.
    Designated,
    /// Another issuer's product, passed on unchanged.
    Relayed,
    /// A prediction of our own.
    Forecast,
    /// A survey of things.
    Inventory,
    /// Records that people edit.
    Register,
}

/// Whose now a layer lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The wall clock.
    Live,
    /// A past event, shown by its own clock.
    Replay,
    /// Invented, shown by its own clock.
    Fictional,
}

/// In which root of the store a layer lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Everybody.
    Public,
    /// Signed-in readers only.
    Restricted,
}

/// One line of a legend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegendEntry {
    /// What the symbol means.
    pub label: Text,
    /// CSS colour of the symbol.
    pub color: String,
    /// `fill`, `line` or `circle`.
    pub symbol: Symbol,
}

/// How a legend entry is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Symbol {
    /// A filled square.
    Fill,
    /// A line.
    Line,
    /// A dot.
    Circle,
}

/// An input of a run, by content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputFile {
    /// File name without its folder: a path says something about one machine only.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// How a layer came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The command, e.g. `flood rain`.
    pub command: String,
    /// SHA-256 over command, settings, input hashes and engine version. The public version of a
    /// pair has one that only readers of the restricted version can trace back.
    pub key: String,
    /// 128 random bits in hexadecimal, which only restricted versions have: they blind the id of
    /// the version, and make the key of the public version of a pair out of this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
    /// SHA-256 of the settings; empty in the public version of a pair.
    pub settings_sha256: String,
    /// The inputs; none in the public version of a pair, whose input holds what is restricted.
    pub inputs: Vec<InputFile>,
    /// Version of the engine.
    pub engine_version: String,
    /// What this run lacked, did not believe or kept out, by code.
    #[serde(default, skip_serializing_if = "Faults::is_empty")]
    pub faults: Faults,
    /// What every run keeps out or assumes until somebody mends a table, by code.
    #[serde(default, skip_serializing_if = "Faults::is_empty")]
    pub standing: Faults,
}

/// One file of a layer version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedFile {
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// The content of `layer.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// [`SPEC_VERSION`] of the writer.
    pub spec: u32,
    /// Layer id: `[a-z][a-z0-9_]*`, at most 64 bytes.
    pub id: String,
    /// `<UTC time>-<8 hex>`.
    pub version: String,
    /// Title for people.
    pub title: Text,
    /// What kind of statement it makes.
    pub kind: Kind,
    /// Whose now it lives in.
    pub mode: Mode,
    /// Who may see it.
    pub access: Access,
    /// Whose people may see a restricted layer; empty means the default of [`Layer::readers`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<OrganisationKind>,
    /// Set if rows differ in who may see them: such a layer has no prebuilt tiles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_access: Option<RowAccess>,
    /// Credit line.
    pub attribution: Text,
    /// Licence or terms.
    pub licence: String,
    /// CRS of the source, `EPSG:6668`.
    pub source_crs: String,
    /// West, south, east, north in degrees.
    pub bbox: [f64; 4],
    /// Lowest zoom with tiles.
    pub minzoom: u8,
    /// Highest zoom with tiles.
    pub maxzoom: u8,
    /// Columns.
    pub fields: Vec<Field>,
    /// `MapLibre` style layers without `id`, `source` and `source-layer`.
    pub style: Vec<serde_json::Value>,
    /// Legend.
    pub legend: Vec<LegendEntry>,
    /// What stands over the legend, such as the manual that its classes and colours come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legend_title: Option<Text>,
    /// Whether a map begins without it: one of several views of the same thing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// Number of features (of each valid time, if there are several).
    pub feature_count: u64,
    /// 初期時刻 of the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_time: Option<Timestamp>,
    /// 対象時刻, ascending; empty for a layer without time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub valid_times: Vec<Timestamp>,
    /// After this moment a live layer is stale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The now of a replay or fictional layer; default its reference time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Timestamp>,
    /// How it came about.
    pub run: Run,
    /// Files by path relative to the version's folder.
    pub files: BTreeMap<String, PublishedFile>,
}

impl Layer {
    /// Whose people may see this layer if it is restricted: the stated audience, else the
    /// prefecture's own staff only.
    #[must_use]
    pub fn readers(&self) -> &[OrganisationKind] {
        if self.audience.is_empty() { &[OrganisationKind::Prefecture] } else { &self.audience }
    }

    /// The now that this layer is judged against: `wall` for a live layer, its own clock for any
    /// other (its reference time, then the wall clock, where none is stated).
    #[must_use]
    pub fn now(&self, wall: Timestamp) -> Timestamp {
        match self.mode {
            Mode::Live => wall,
            Mode::Replay | Mode::Fictional => self.clock.or(self.reference_time).unwrap_or(wall),
        }
    }

    /// Whether a live layer is past its validity at `wall`. Replay and fictional layers never are.
    #[must_use]
    pub fn is_expired(&self, wall: Timestamp) -> bool {
        self.mode == Mode::Live && self.expires.is_some_and(|expires| expires <= wall)
    }

    /// Which step a request without a time means.
    #[must_use]
    pub fn current_step(&self, wall: Timestamp) -> Step {
        if self.is_expired(wall) {
            return Step::Expired;
        }
        let Some(&last) = self.valid_times.last() else { return Step::Timeless };
        let now = self.now(wall);
        match self.valid_times.iter().find(|time| now <= **time) {
            Some(&time) => Step::At(time),
            None if self.mode == Mode::Live => Step::Expired,
            None => Step::At(last),
        }
    }
}

/// The answer to "which step is now".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The layer has no time axis.
    Timeless,
    /// This valid time.
    At(Timestamp),
    /// A live layer past its validity or its last step.
    Expired,
}

/// Whether the law lets a layer of this kind and mode stand in the public store.
///
/// A prediction of our own is for officials (気象業務法 17条); what is invented harms nobody.
#[must_use]
pub fn may_be_public(kind: Kind, mode: Mode) -> bool {
    kind != Kind::Forecast || mode == Mode::Fictional
}

/// Whether `id` can be a layer id: `[a-z][a-z0-9_]*`, at most 64 bytes.
#[must_use]
pub fn is_layer_id(id: &str) -> bool {
    id.len() <= 64
        && id.starts_with(|first: char| first.is_ascii_lowercase())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(mode: Mode) -> Layer {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        Layer {
            spec: SPEC_VERSION,
            id: "rain_forecast".to_owned(),
            version: "20170807T001000Z-00000000".to_owned(),
            title: Text::default(),
            kind: Kind::Relayed,
            mode,
            access: Access::Public,
            audience: Vec::new(),
            row_access: None,
            attribution: Text::default(),
            licence: String::new(),
            source_crs: "EPSG:6668".to_owned(),
            bbox: [138.4, 36.0, 139.7, 37.1],
            minzoom: 4,
            maxzoom: 11,
            fields: Vec::new(),
            style: Vec::new(),
            legend: Vec::new(),
            legend_title: None,
            hidden: false,
            feature_count: 0,
            reference_time: Some(at("2017-08-07T00:10:00Z")),
            valid_times: vec![at("2017-08-07T01:10:00Z"), at("2017-08-07T02:10:00Z")],
            expires: Some(at("2017-08-07T01:40:00Z")),
            clock: None,
            run: Run {
                command: String::new(),
                key: String::new(),
                seal: None,
                settings_sha256: String::new(),
                inputs: Vec::new(),
                engine_version: String::new(),
                faults: Faults::default(),
                standing: Faults::default(),
            },
            files: BTreeMap::new(),
        }
    }

    /// A live layer follows the wall clock, and is never current past its validity.
    #[test]
    fn a_live_layer_expires_by_the_wall_clock() {
        let live = layer(Mode::Live);
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let step = |text: &str| live.current_step(at(text));
        assert_eq!(step("2017-08-07T00:20:00Z"), Step::At(at("2017-08-07T01:10:00Z")));
        assert_eq!(step("2017-08-07T01:10:01Z"), Step::At(at("2017-08-07T02:10:00Z")));
        assert_eq!(step("2017-08-07T01:40:00Z"), Step::Expired);
        let endless = Layer { expires: None, ..live.clone() };
        assert_eq!(endless.current_step(at("2017-08-07T02:10:01Z")), Step::Expired);
    }

    /// Replay and fictional layers follow their own clock, whatever the wall clock says.
    #[test]
    fn a_replay_follows_its_own_clock() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let wall = at("2026-11-22T00:00:00Z");
        for mode in [Mode::Replay, Mode::Fictional] {
            let mut layer = layer(mode);
            assert_eq!(layer.current_step(wall), Step::At(at("2017-08-07T01:10:00Z")));
            layer.clock = Some(at("2017-08-07T01:30:00Z"));
            assert_eq!(layer.current_step(wall), Step::At(at("2017-08-07T02:10:00Z")));
            layer.clock = Some(at("2017-08-08T00:00:00Z"));
            assert_eq!(layer.current_step(wall), Step::At(at("2017-08-07T02:10:00Z")));
            assert!(!layer.is_expired(wall));
        }
    }

    /// 気象業務法 17条: no setting makes a computed forecast public.
    #[test]
    fn only_invented_forecasts_are_public() {
        assert!(!may_be_public(Kind::Forecast, Mode::Live));
        assert!(!may_be_public(Kind::Forecast, Mode::Replay));
        assert!(may_be_public(Kind::Forecast, Mode::Fictional));
        assert!(may_be_public(Kind::Relayed, Mode::Live));
    }

    #[test]
    fn layer_ids_are_plain() {
        for good in ["a", "rain_forecast", "z8"] {
            assert!(is_layer_id(good), "{good}");
        }
        for bad in ["", "8a", "_a", "Rain", "a-b", "a/b", "..", "前橋", &"a".repeat(65)] {
            assert!(!is_layer_id(bad), "{bad}");
        }
    }

    /// Deny by default: a layer that names nobody is for the prefecture alone.
    #[test]
    fn a_restricted_layer_is_for_the_prefecture_unless_it_says_otherwise() {
        let mut layer = layer(Mode::Live);
        assert_eq!(layer.readers(), [OrganisationKind::Prefecture]);
        layer.audience = vec![OrganisationKind::Owner];
        assert_eq!(layer.readers(), [OrganisationKind::Owner]);
    }

    #[test]
    fn layer_json_round_trips_and_refuses_unknown_keys() {
        let layer = layer(Mode::Replay);
        let text = serde_json::to_string(&layer).unwrap();
        assert_eq!(serde_json::from_str::<Layer>(&text).unwrap(), layer);
        let more = text.replacen('{', "{\"colour\":1,", 1);
        assert!(serde_json::from_str::<Layer>(&more).is_err());
    }
}
