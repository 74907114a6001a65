//! The flags of `jomo import`, and what they ask for.

use std::path::PathBuf;

use clap::Args;
use jomo_core::layer::Text;
use jomo_format::vector::Encoding;

use super::{ImportRequest, flag_word};
use crate::failure::{CommandError, Exit, Failure};
use crate::region::{LayerDescription, is_color};
use crate::run::Target;

/// Arguments of `jomo import`.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// `GeoJSON`, `FlatGeobuf`, or CSV with longitude and latitude.
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
    #[arg(long)]
    lon_field: Option<String>,
    /// Column of the latitude.
    #[arg(long)]
    lat_field: Option<String>,
    /// Column that labels features on the map.
    #[arg(long)]
    label_field: Option<String>,
    /// Encoding of the text: utf-8 or cp932.
    #[arg(long)]
    encoding: Option<String>,
    /// Title in Japanese.
    #[arg(long, requires = "title_en")]
    title_ja: Option<String>,
    /// Title in English.
    #[arg(long, requires = "title_ja")]
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
            fictional: a.fictional,
        })
    }
}
