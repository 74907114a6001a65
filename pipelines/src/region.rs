//! The region file: which piece of the world a run is about, and how its layers are described.
//!
//! Raw TOML is read once; every fault is collected before anything is refused, and an unknown key
//! is a fault with the nearest known one.

mod river;
mod section;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jomo_core::layer::{Access, Kind, Symbol, Text, is_layer_id};
use jomo_core::message::{Arguments, Coded};
use jomo_core::organisation::OrganisationKind;
use jomo_core::projection::Zone;
use toml::{Table, Value};

pub use self::river::{Forecasts, GaugeTables, LegalBasis, Rivers, Snow};
use self::section::Section;
use crate::failure::{BoxedError, CommandError, Exit, Failure};

/// Largest region file that is read, in bytes.
const REGION_MAX: u64 = 1 << 20;
/// Longest validity of a rain forecast that an operator may set, in minutes: its last step.
const VALID_FOR_MAX_MIN: f64 = 360.0;
/// Validity unless the region says otherwise: the half-hourly product may miss once.
const VALID_FOR_DEFAULT_MIN: f64 = 60.0;

/// A checked region file.
#[derive(Clone, Debug)]
pub struct Region {
    /// Id, of the form of a layer id.
    pub id: String,
    /// Title.
    pub title: Text,
    /// The planar zone in which everything is measured.
    pub zone: Zone,
    /// West, south, east, north in degrees.
    pub bbox: [f64; 4],
    /// Whether it is invented: everything made from it is fictional.
    pub fictional: bool,
    /// Terrain.
    pub terrain: Terrain,
    /// Rain.
    pub rainfall: Rainfall,
    /// Rivers.
    pub rivers: Rivers,
    /// Gauges.
    pub gauges: GaugeTables,
    /// Snow, if it is followed.
    pub snow: Option<Snow>,
    /// Forecasts of rivers.
    pub forecasts: Forecasts,
    /// Descriptions of layers by id.
    pub layers: BTreeMap<String, LayerDescription>,
    /// Number of generations kept by `jomo gc`.
    pub keep_generations: Option<usize>,
}

/// Where the terrain is.
#[derive(Clone, Debug, Default)]
pub struct Terrain {
    /// Elevation model, resolved against the region file.
    pub dem: Option<PathBuf>,
}

/// Where rain comes from and how long it holds.
#[derive(Clone, Debug)]
pub struct Rainfall {
    /// Folder in which files arrive, resolved against the region file.
    pub spool: Option<PathBuf>,
    /// Minutes after its reference time for which a forecast is current.
    pub valid_for_min: f64,
    /// Credit line.
    pub attribution: Option<Text>,
    /// Licence or terms.
    pub licence: Option<String>,
}

/// How a layer is described to people.
#[derive(Clone, Debug, Default)]
pub struct LayerDescription {
    /// The file, resolved against the region file.
    pub source: Option<PathBuf>,
    /// Title.
    pub title: Option<Text>,
    /// Kind of statement.
    pub kind: Option<Kind>,
    /// Who may see it.
    pub access: Option<Access>,
    /// Credit line.
    pub attribution: Option<Text>,
    /// Licence or terms.
    pub licence: Option<String>,
    /// Field that holds the id.
    pub id_field: Option<String>,
    /// Field that labels a feature on the map.
    pub label_field: Option<String>,
    /// Lowest zoom with tiles.
    pub min_zoom: Option<u8>,
    /// Highest zoom with tiles.
    pub max_zoom: Option<u8>,
    /// CSS colour.
    pub color: Option<String>,
    /// How it is drawn.
    pub symbol: Option<Symbol>,
    /// Columns that only signed-in readers may see.
    pub restricted_fields: Vec<String>,
    /// Which rows everybody may see, if not all.
    pub public_rows: Option<RowFilter>,
    /// Whose people see what is restricted; empty means the prefecture's.
    pub audience: Vec<OrganisationKind>,
    /// Fields by name.
    pub fields: BTreeMap<String, FieldDescription>,
}

/// Rows whose column has one of some values. A row without a value is not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFilter {
    /// The column.
    pub field: String,
    /// The values, as they are written in a file.
    pub values: Vec<String>,
}

impl RowFilter {
    /// Whether a value is one of them.
    #[must_use]
    pub fn admits(&self, value: &jomo_core::feature::Value) -> bool {
        let text = Self::text(value);
        self.values.contains(&text)
    }

    /// A value as it is written in a file.
    #[must_use]
    pub fn text(value: &jomo_core::feature::Value) -> String {
        use jomo_core::feature::Value;
        match value {
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::Text(value) => value.clone(),
        }
    }
}

/// How a field is described to people.
#[derive(Clone, Debug, Default)]
pub struct FieldDescription {
    /// Title.
    pub title: Option<Text>,
    /// Unit.
    pub unit: Option<String>,
    /// Whether it is left out of what is published.
    pub hidden: bool,
}

/// One fault of a region file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RegionFault {
    /// Not TOML.
    #[error("not TOML: {reason}")]
    Syntax {
        /// The parser's words, with line and column.
        reason: String,
    },
    /// A key that nobody reads.
    #[error("unknown key `{key}`, did you mean `{nearest}`?")]
    UnknownKey {
        /// The key with its table.
        key: String,
        /// The most similar known key, or all of them.
        nearest: String,
    },
    /// A key that must be there.
    #[error("`{key}` is missing")]
    MissingKey {
        /// The key with its table.
        key: String,
    },
    /// A value of the wrong type or out of range.
    #[error("`{key}` = {found}: expected {expected}")]
    Unexpected {
        /// The key with its table.
        key: String,
        /// The value as found.
        found: String,
        /// What is accepted.
        expected: &'static str,
    },
}

impl Coded for RegionFault {
    fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "region-syntax",
            Self::UnknownKey { .. } => "region-unknown-key",
            Self::MissingKey { .. } => "region-missing-key",
            Self::Unexpected { .. } => "region-value",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Syntax { reason } => vec![("reason", reason.clone())],
            Self::UnknownKey { key, nearest } => {
                vec![("key", key.clone()), ("nearest", nearest.clone())]
            }
            Self::MissingKey { key } => vec![("key", key.clone())],
            Self::Unexpected { key, found, expected } => vec![
                ("key", key.clone()),
                ("found", found.clone()),
                ("expected", (*expected).to_owned()),
            ],
        }
    }
}

impl Region {
    /// Reads a region file; a folder means the `region.toml` in it.
    ///
    /// # Errors
    /// With all faults at once.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let path = if path.is_dir() { path.join("region.toml") } else { path.to_owned() };
        let bytes = crate::source::read_bounded(&path, REGION_MAX)?;
        let text = String::from_utf8_lossy(&bytes);
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::parse(&text, &folder).map_err(|faults| Failure {
            exit: Exit::Input,
            place: Some(path.display().to_string()),
            errors: faults.into_iter().map(|fault| Box::new(fault) as BoxedError).collect(),
            recorded: false,
        })
    }

    /// Checks the text of a region file whose relative paths start at `folder`.
    ///
    /// # Errors
    /// All faults.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<RegionFault>> {
        let table: Table = toml::from_str(text)
            .map_err(|fault| vec![RegionFault::Syntax { reason: fault.to_string() }])?;
        let mut faults = Vec::new();
        let region = read_region(&mut Section::new("", &table, &mut faults), folder);
        match region {
            Some(region) if faults.is_empty() => Ok(region),
            _ => Err(faults),
        }
    }
}

fn read_region(section: &mut Section<'_>, folder: &Path) -> Option<Region> {
    let id = section.required("id", "[a-z][a-z0-9_]*", |value| {
        value.as_str().filter(|id| is_layer_id(id)).map(str::to_owned)
    });
    let title = section.required("title", "{ ja = \"…\", en = \"…\" }", text);
    let zone = section.required("planar_crs", "EPSG 6669 to 6692", |value| {
        u32::try_from(value.as_integer()?).ok().and_then(Zone::from_epsg)
    });
    let bbox = section.required("bbox", "[west, south, east, north] in degrees", bbox);
    let fictional = section.optional("fictional", "true or false", Value::as_bool);
    let terrain = section.table("terrain", |section| Terrain {
        dem: section.optional("dem", "a path", |value| value.as_str().map(|p| folder.join(p))),
    });
    let rainfall = section.table("rainfall", |section| read_rainfall(section, folder));
    let rivers = section.table("rivers", |section| river::rivers(section, folder));
    let gauges = section.table("gauges", |section| river::gauges(section, folder));
    let snow = section.table("snow", |section| river::snow(section, folder)).flatten();
    let forecasts = section.table("forecast", |section| river::forecasts(section, folder));
    let keep_generations = section.table("retention", |section| {
        section.optional("generations", "1 to 10000", |value| {
            usize::try_from(value.as_integer()?).ok().filter(|n| (1..=10_000).contains(n))
        })
    });
    let mut layers = BTreeMap::new();
    section.each("layers", |id, section| {
        if !is_layer_id(id) {
            let (key, found) = (format!("layers.{id}"), id.to_owned());
            let expected = "[a-z][a-z0-9_]*";
            section.faults.push(RegionFault::Unexpected { key, found, expected });
        }
        layers.insert(id.to_owned(), read_layer(section, folder));
    });
    section.refuse_unknown();
    let rainfall = rainfall.unwrap_or(Rainfall {
        spool: None,
        valid_for_min: VALID_FOR_DEFAULT_MIN,
        attribution: None,
        licence: None,
    });
    Some(Region {
        id: id?,
        title: title?,
        zone: zone?,
        bbox: bbox?,
        fictional: fictional.unwrap_or(false),
        terrain: terrain.unwrap_or_default(),
        rainfall,
        rivers: rivers.unwrap_or_default(),
        gauges: gauges.unwrap_or_default(),
        snow,
        forecasts: forecasts.unwrap_or_default(),
        layers,
        keep_generations: keep_generations.flatten(),
    })
}

fn read_rainfall(section: &mut Section<'_>, folder: &Path) -> Rainfall {
    let valid_for_min = section.optional("valid_for_min", "minutes, 1 to 360", |value| {
        number(value).filter(|minutes| (1.0..=VALID_FOR_MAX_MIN).contains(minutes))
    });
    Rainfall {
        spool: section.optional("spool", "a path", |value| value.as_str().map(|p| folder.join(p))),
        valid_for_min: valid_for_min.unwrap_or(VALID_FOR_DEFAULT_MIN),
        attribution: section.optional("attribution", "{ ja = \"…\", en = \"…\" }", text),
        licence: section.optional("licence", "text", plain),
    }
}

fn read_layer(section: &mut Section<'_>, folder: &Path) -> LayerDescription {
    let zoom = |value: &Value| u8::try_from(value.as_integer()?).ok().filter(|zoom| *zoom <= 16);
    let min_zoom = section.optional("min_zoom", "0 to 16", zoom);
    let max_zoom = section.optional("max_zoom", "min_zoom to 16", |value| {
        zoom(value).filter(|max| min_zoom.unwrap_or(0) <= *max)
    });
    let mut fields = BTreeMap::new();
    section.each("fields", |name, section| {
        let field = FieldDescription {
            title: section.optional("title", "{ ja = \"…\", en = \"…\" }", text),
            unit: section.optional("unit", "text", plain),
            hidden: section.optional("hidden", "true or false", Value::as_bool).unwrap_or(false),
        };
        fields.insert(name.to_owned(), field);
    });
    LayerDescription {
        source: section
            .optional("source", "a path", |value| value.as_str().map(|path| folder.join(path))),
        title: section.optional("title", "{ ja = \"…\", en = \"…\" }", text),
        kind: section.optional(
            "kind",
            "observation, designated, relayed, forecast, inventory or register",
            |value| plain(value).and_then(|name| word(&name)),
        ),
        access: section.optional("access", "public or restricted", |value| {
            plain(value).and_then(|name| word(&name))
        }),
        attribution: section.optional("attribution", "{ ja = \"…\", en = \"…\" }", text),
        licence: section.optional("licence", "text", plain),
        id_field: section.optional("id_field", "text", plain),
        label_field: section.optional("label_field", "text", plain),
        min_zoom,
        max_zoom,
        color: section
            .optional("color", "#rrggbb", |value| plain(value).filter(|color| is_color(color))),
        symbol: section.optional("symbol", "fill, line or circle", |value| {
            plain(value).and_then(|name| word(&name))
        }),
        restricted_fields: section
            .optional("restricted_fields", "[\"column\", …]", texts)
            .unwrap_or_default(),
        public_rows: section.optional(
            "public_rows",
            "{ field = \"column\", values = [\"…\"] }",
            row_filter,
        ),
        audience: section.optional("audience", AUDIENCES, audience).unwrap_or_default(),
        fields,
    }
}

/// What an audience may name.
pub(crate) const AUDIENCES: &str =
    "prefecture, municipality, forestry-enterprise, road-contractor, co-creation, owner";

fn audience(value: &Value) -> Option<Vec<OrganisationKind>> {
    texts(value)?.iter().map(|name| OrganisationKind::named(name)).collect()
}

/// A list of texts, none of them empty.
fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(plain).collect()
}

fn row_filter(value: &Value) -> Option<RowFilter> {
    let table = value.as_table().filter(|table| table.len() == 2)?;
    let values = texts(table.get("values")?)?;
    let field = plain(table.get("field")?)?;
    (!values.is_empty()).then_some(RowFilter { field, values })
}

/// Reads one of the words of an enum by its written form.
pub(crate) fn word<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(name)).ok()
}

/// `#rrggbb`.
pub(crate) fn is_color(text: &str) -> bool {
    text.len() == 7
        && text.starts_with('#')
        && text.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit())
}

fn plain(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn text(value: &Value) -> Option<Text> {
    let table = value.as_table()?;
    let part = |key| table.get(key).and_then(plain);
    (table.len() == 2).then_some(Text { ja: part("ja")?, en: part("en")? })
}

/// TOML quantities may be integers or floats.
fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|n| n as f64))
}

fn bbox(value: &Value) -> Option<[f64; 4]> {
    let numbers: Option<Vec<f64>> = value.as_array()?.iter().map(number).collect();
    let [west, south, east, north] = <[f64; 4]>::try_from(numbers?).ok()?;
    let inside = -180.0 <= west && west < east && east <= 180.0;
    let upright = -85.0 <= south && south < north && north <= 85.0;
    (inside && upright).then_some([west, south, east, north])
}

/// The region of a run, or the fault that it is missing.
///
/// # Errors
/// If the file cannot be read or has faults.
pub fn open_if_given(path: Option<&Path>) -> Result<Option<Region>, Failure> {
    path.map(Region::open).transpose()
}

impl Region {
    /// The description of a layer, empty where the region has none.
    #[must_use]
    pub fn describe(&self, layer_id: &str) -> LayerDescription {
        self.layers.get(layer_id).cloned().unwrap_or_default()
    }
}

/// Refuses ids that cannot be layer ids.
///
/// # Errors
/// With exit code 2.
pub fn check_layer_id(id: &str) -> Result<(), Failure> {
    if is_layer_id(id) {
        Ok(())
    } else {
        Err(Failure::new(Exit::Usage, CommandError::LayerId { id: id.to_owned() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"
        id = "gunma"
        title = { ja = "群馬県", en = "Gunma" }
        planar_crs = 6677
        bbox = [138.4, 36, 139.7, 37.1]
        [rainfall]
        spool = "rain"
        [layers.gauges]
        title = { ja = "水位計", en = "Gauges" }
        kind = "observation"
        [layers.gauges.fields.name]
        title = { ja = "名称", en = "Name" }
    "#;

    #[test]
    fn a_sound_file_is_read() {
        let region = Region::parse(SOUND, Path::new("data")).unwrap();
        assert_eq!(region.zone, Zone::IX);
        assert_eq!(format!("{:?}", region.bbox), "[138.4, 36.0, 139.7, 37.1]");
        assert_eq!(region.rainfall.spool.as_deref(), Some(Path::new("data/rain")));
        assert_eq!(region.describe("gauges").kind, Some(Kind::Observation));
        assert!(!region.fictional);
    }

    /// All faults at once, each with its key: the text is part of the interface.
    #[test]
    fn every_fault_is_told_at_once() {
        let text = SOUND
            .replace("planar_crs", "planer_crs")
            .replace("138.4, 36", "138.4, 38")
            .replace("observation", "measured")
            .replace("spool", "spol");
        let faults = Region::parse(&text, Path::new("")).unwrap_err();
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(faults.join("\n"), @r#"
        `planar_crs` is missing
        `bbox` = [138.4, 38, 139.7, 37.1]: expected [west, south, east, north] in degrees
        unknown key `rainfall.spol`, did you mean `spool`?
        `layers.gauges.kind` = "measured": expected observation, designated, relayed, forecast, inventory or register
        unknown key `planer_crs`, did you mean `planar_crs`?
        "#);
    }

    /// Without `[snow]` there is none; with it, its temperatures must be named.
    #[test]
    fn snow_is_an_option() {
        assert_eq!(Region::parse(SOUND, Path::new("")).unwrap().snow, None);
        let with = |lines: &str| Region::parse(&format!("{SOUND}[snow]\n{lines}"), Path::new("a"));
        let snow = with("temperatures = \"t.csv\"\nstart_mm = 120").unwrap().snow.unwrap();
        assert_eq!(snow.temperatures, Path::new("a/t.csv"));
        assert_eq!(format!("{} {}", snow.melt_mm_c_day, snow.start_mm), "4.5 120");
        let faults = with("temperature = \"t.csv\"\nmelt_mm_c_day = nan\nstart_mm = 5001");
        let faults: Vec<_> = faults.unwrap_err().iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(faults.join("\n"), @r"
        `snow.temperatures` is missing
        `snow.melt_mm_c_day` = nan: expected mm/(°C day), 0 to 20
        `snow.start_mm` = 5001: expected mm, 0 to 5000
        unknown key `snow.temperature`, did you mean `temperatures`?
        ");
    }
}
