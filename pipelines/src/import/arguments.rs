//! The flags of `jomo import`, and what they ask for.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use jomo_core::layer::Text;
use jomo_core::organisation::OrganisationKind;
use jomo_format::vector::Encoding;

use super::{ImportRequest, flag_word};
use crate::failure::{CommandError, Exit, Failure};
use crate::foreign::ForeignOptions;
use crate::region::{AUDIENCES, LayerDescription, RowFilter, is_color};
use crate::run::Target;

/// Arguments of `jomo import`.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// `GeoJSON`, `FlatGeobuf`, CSV with longitude and latitude, or a format that `jomo-ingest`
    /// reads.
    file: PathBuf,
    /// Id of the layer: small letters, digits and `_`.
    #[arg(long)]
    layer: String,
    /// The store to publish in.
    #[arg(long)]
    store: Option<PathBuf>,
    /// A folder for the result, to be published later.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Region file that describes the layer.
    #[arg(long)]
    region: Option<PathBuf>,
    /// Column that holds the ids.
    #[arg(long)]
    id_field: Option<String>,
    /// Column of the longitude.
    #[arg(long, visible_alias = "x-field")]
    lon_field: Option<String>,
    /// Column of the latitude.
    #[arg(long, visible_alias = "y-field")]
    lat_field: Option<String>,
    /// Column that labels features on the map.
    #[arg(long)]
    label_field: Option<String>,
    /// Encoding of the text: utf-8 or cp932.
    #[arg(long)]
    encoding: Option<String>,
    /// EPSG code of the source, over what the file says.
    #[arg(long, value_parser = epsg)]
    crs: Option<u32>,
    /// The layer of a source with several.
    #[arg(long)]
    source_layer: Option<String>,
    /// Title in Japanese.
    #[arg(long, requires = "title_en", value_parser = NonEmptyStringValueParser::new())]
    title_ja: Option<String>,
    /// Title in English.
    #[arg(long, requires = "title_ja", value_parser = NonEmptyStringValueParser::new())]
    title_en: Option<String>,
    /// observation, designated, relayed, forecast, inventory or register.
    #[arg(long)]
    kind: Option<String>,
    /// public or restricted.
    #[arg(long)]
    access: Option<String>,
    /// Credit line.
    #[arg(long)]
    attribution: Option<String>,
    /// Licence or terms.
    #[arg(long)]
    licence: Option<String>,
    /// Lowest zoom with tiles.
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=16))]
    min_zoom: Option<u8>,
    /// Highest zoom with tiles.
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=16))]
    max_zoom: Option<u8>,
    /// Colour, #rrggbb.
    #[arg(long)]
    color: Option<String>,
    /// fill, line or circle.
    #[arg(long)]
    symbol: Option<String>,
    /// The content is invented.
    #[arg(long)]
    fictional: bool,
    /// Columns that only signed-in readers may see.
    #[arg(long = "restricted-field", value_name = "NAME", num_args = 1..)]
    restricted_field: Vec<String>,
    /// Rows that everybody may see, `FIELD=VALUE[,VALUE…]`; all others are restricted.
    #[arg(long, value_name = "FIELD=VALUE")]
    public_rows: Option<String>,
    /// Whose people see what is restricted.
    #[arg(long, value_name = "KIND", num_args = 1..)]
    audience: Vec<String>,
}

/// `4612` or `EPSG:4612`.
fn epsg(text: &str) -> Result<u32, String> {
    let digits = match text.get(..5) {
        Some(head) if head.eq_ignore_ascii_case("epsg:") => text.get(5..).unwrap_or_default(),
        _ => text,
    };
    digits.parse().map_err(|_not_a_number| "4612, EPSG:4612".to_owned())
}

impl ImportArguments {
    /// Checks the flags.
    ///
    /// # Errors
    /// With exit code 2, naming the flag and what it accepts.
    pub fn request(self) -> Result<ImportRequest, Failure> {
        let a = self;
        let color = match a.color {
            Some(value) if !is_color(&value) => {
                let expected = "#rrggbb".to_owned();
                let error = CommandError::Flag { flag: "color", value, expected };
                return Err(Failure::new(Exit::Usage, error));
            }
            color => color,
        };
        let encoding = match a.encoding.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None => None,
            Some("utf-8" | "utf8") => Some(Encoding::Utf8),
            Some("cp932" | "shift_jis" | "sjis") => Some(Encoding::Cp932),
            Some(value) => {
                let (value, expected) = (value.to_owned(), "utf-8, cp932".to_owned());
                let error = CommandError::Flag { flag: "encoding", value, expected };
                return Err(Failure::new(Exit::Usage, error));
            }
        };
        let audience = a.audience.iter().map(|name| {
            OrganisationKind::named(name).ok_or_else(|| flag("audience", name, AUDIENCES))
        });
        let audience = audience.collect::<Result<Vec<_>, _>>()?;
        let public_rows = a.public_rows.map(|text| {
            row_filter(&text).ok_or_else(|| flag("public-rows", &text, "FIELD=VALUE[,VALUE…]"))
        });
        let kinds = "observation, designated, relayed, forecast, inventory, register";
        let flags = LayerDescription {
            title: a.title_ja.zip(a.title_en).map(|(ja, en)| Text { ja, en }),
            kind: flag_word("kind", a.kind, kinds)?,
            access: flag_word("access", a.access, "public, restricted")?,
            attribution: a.attribution.map(|credit| Text { ja: credit.clone(), en: credit }),
            licence: a.licence,
            id_field: a.id_field,
            label_field: a.label_field,
            min_zoom: a.min_zoom,
            max_zoom: a.max_zoom,
            color,
            symbol: flag_word("symbol", a.symbol, "fill, line, circle")?,
            restricted_fields: a.restricted_field,
            public_rows: public_rows.transpose()?,
            audience,
            ..LayerDescription::default()
        };
        Ok(ImportRequest {
            file: a.file,
            layer: a.layer,
            region: a.region,
            target: Target::from_flags(a.store, a.out)?,
            flags,
            columns: [a.lon_field, a.lat_field],
            encoding,
            foreign: ForeignOptions { crs: a.crs, layer: a.source_layer },
            fictional: a.fictional,
        })
    }
}

fn flag(flag: &'static str, value: &str, expected: &str) -> Failure {
    let (value, expected) = (value.to_owned(), expected.to_owned());
    Failure::new(Exit::Usage, CommandError::Flag { flag, value, expected })
}

fn row_filter(text: &str) -> Option<RowFilter> {
    let (field, values) = text.split_once('=')?;
    let values: Vec<String> = values.split(',').map(str::to_owned).collect();
    let is_sound = !field.is_empty() && values.iter().all(|value| !value.is_empty());
    is_sound.then(|| RowFilter { field: field.to_owned(), values })
}
