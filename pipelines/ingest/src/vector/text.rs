//! Encodings of attribute tables.
//!
//! Only the tables beside shapefiles leave it open; the other formats prescribe UTF-8.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::IngestError;
use crate::sniff::Format;

/// Where the language byte of a `.dbf` stands.
const LANGUAGE_BYTE: u64 = 29;
/// How much of a `.dbf` is looked at to tell its encoding.
const SAMPLE: u64 = 1 << 20;

/// An encoding of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
    /// Windows code page 932, the common superset of `Shift_JIS`.
    #[serde(rename = "cp932")]
    Cp932,
    /// ISO 8859-1, as the format itself prescribes for tables that say nothing.
    #[serde(rename = "latin-1")]
    Latin1,
}

impl Encoding {
    /// An encoding by one of its names.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let folded: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase();
        match folded.as_str() {
            "utf8" | "65001" => Some(Self::Utf8),
            "cp932" | "932" | "shiftjis" | "sjis" | "windows31j" | "ms932" | "ansi932" => {
                Some(Self::Cp932)
            }
            "latin1" | "iso88591" | "88591" => Some(Self::Latin1),
            _ => None,
        }
    }
}

/// The encoding used for a layer, and what said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Used {
    /// The encoding.
    pub used: Encoding,
    /// `override`, `cpg`, `language-byte`, `content` or `format`.
    pub found_by: &'static str,
}

/// The encoding of the attributes of a file.
pub(crate) fn of(
    format: Format,
    path: &Path,
    given: Option<Encoding>,
) -> Result<Used, IngestError> {
    if format != Format::Shapefile {
        return Ok(Used { used: Encoding::Utf8, found_by: "format" });
    }
    if let Some(used) = given {
        return Ok(Used { used, found_by: "override" });
    }
    let cpg = path.with_extension("cpg");
    if let Ok(text) = std::fs::read_to_string(&cpg)
        && let Some(used) = Encoding::named(text.trim())
    {
        return Ok(Used { used, found_by: "cpg" });
    }
    let dbf = path.with_extension("dbf");
    let Ok(mut file) = File::open(&dbf) else {
        return Ok(Used { used: Encoding::Utf8, found_by: "content" });
    };
    let fail = |fault: &std::io::Error| IngestError::io(&dbf, fault);
    let mut language = [0];
    file.seek(SeekFrom::Start(LANGUAGE_BYTE)).map_err(|fault| fail(&fault))?;
    let there = file.read(&mut language).map_err(|fault| fail(&fault))?;
    // dBASE IV: 0x13 Japanese (code page 932), 0x7b the same under Windows.
    if there == 1 && matches!(language[0], 0x13 | 0x7b) {
        return Ok(Used { used: Encoding::Cp932, found_by: "language-byte" });
    }
    let mut sample = Vec::new();
    file.take(SAMPLE).read_to_end(&mut sample).map_err(|fault| fail(&fault))?;
    let used = if jomo_format::vector::is_mostly_utf8(&sample) || sample.is_ascii() {
        Encoding::Utf8
    } else {
        Encoding::Cp932
    };
    Ok(Used { used, found_by: "content" })
}
