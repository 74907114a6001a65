//! What a file is, told by its content: names lie, and GDAL is asked with one driver only.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::IngestError;

/// How much of a file is looked at.
const HEAD: u64 = 4096;

/// A format that is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// ESRI shapefile, by its `.shp`.
    Shapefile,
    /// OGC `GeoPackage`.
    GeoPackage,
    /// KML text.
    Kml,
    /// KML in a zip.
    Kmz,
    /// `GeoJSON`.
    GeoJson,
    /// `FlatGeobuf`.
    FlatGeobuf,
    /// GPX.
    Gpx,
    /// Office Open XML workbook.
    Xlsx,
    /// Drawing interchange format.
    Dxf,
    /// Table of text.
    Csv,
    /// Zip with files of the formats above.
    Zip,
    /// TIFF of any kind.
    Tiff,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 14] = [
        Self::Shapefile,
        Self::GeoPackage,
        Self::Kml,
        Self::Kmz,
        Self::GeoJson,
        Self::FlatGeobuf,
        Self::Gpx,
        Self::Xlsx,
        Self::Dxf,
        Self::Csv,
        Self::Zip,
        Self::Tiff,
        Self::Png,
        Self::Jpeg,
    ];

    /// The one GDAL driver that may open it; `None` where we read it ourselves.
    #[must_use]
    pub fn driver(self) -> Option<&'static str> {
        match self {
            Self::Shapefile => Some("ESRI Shapefile"),
            Self::GeoPackage => Some("GPKG"),
            Self::Kml | Self::Kmz => Some("LIBKML"),
            Self::GeoJson => Some("GeoJSON"),
            Self::FlatGeobuf => Some("FlatGeobuf"),
            Self::Gpx => Some("GPX"),
            Self::Xlsx => Some("XLSX"),
            Self::Dxf => Some("DXF"),
            Self::Csv | Self::Zip => None,
            Self::Tiff => Some("GTiff"),
            Self::Png => Some("PNG"),
            Self::Jpeg => Some("JPEG"),
        }
    }

    /// Its name for reports: the driver, or what reads it instead.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Zip => "ZIP",
            _ => self.driver().unwrap_or_default(),
        }
    }

    /// Whether it holds cells, not features.
    #[must_use]
    pub fn is_raster(self) -> bool {
        matches!(self, Self::Tiff | Self::Png | Self::Jpeg)
    }
}

/// The format of the file at `path`.
///
/// # Errors
/// [`IngestError::Format`] with what the content looks like, [`IngestError::Io`].
pub fn sniff(path: &Path) -> Result<Format, IngestError> {
    let fail = |fault: &std::io::Error| IngestError::io(path, fault);
    let mut head = Vec::new();
    let file = File::open(path).map_err(|fault| fail(&fault))?;
    file.take(HEAD).read_to_end(&mut head).map_err(|fault| fail(&fault))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return crate::archive::kind(path);
    }
    of_head(&head).map_err(|found| IngestError::Format { name, found: found.to_owned() })
}

/// The format by the first bytes, zips aside; otherwise what they look like.
pub(crate) fn of_head(head: &[u8]) -> Result<Format, &'static str> {
    const MAGIC: &[(&[u8], Format)] = &[
        (b"\x00\x00\x27\x0a", Format::Shapefile),
        (b"SQLite format 3\0", Format::GeoPackage),
        (b"fgb\x03", Format::FlatGeobuf),
        (b"II*\0", Format::Tiff),
        (b"MM\0*", Format::Tiff),
        (b"II+\0", Format::Tiff),
        (b"MM\0+", Format::Tiff),
        (b"\x89PNG\r\n\x1a\n", Format::Png),
        (b"\xff\xd8\xff", Format::Jpeg),
        (b"AutoCAD Binary DXF\r\n\x1a\0", Format::Dxf),
    ];
    if let Some((_, format)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Ok(*format);
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match text.first() {
        None => Err("an empty file"),
        Some(b'<') => of_xml(text),
        Some(b'{') => Ok(Format::GeoJson),
        _ if text.contains(&0) => Err("binary data of an unknown kind"),
        _ if is_dxf(text) => Ok(Format::Dxf),
        _ if text.contains(&b',') => Ok(Format::Csv),
        _ => Err("text of an unknown kind"),
    }
}

/// The format by the name of the first element.
fn of_xml(text: &[u8]) -> Result<Format, &'static str> {
    let mut rest = text;
    // Declaration, comments and a document type may stand before it.
    while let Some(start) = rest.iter().position(|byte| *byte == b'<') {
        rest = &rest[start + 1..];
        let name: &[u8] =
            rest.split(|b| b.is_ascii_whitespace() || b">/".contains(b)).next().unwrap_or_default();
        match name {
            [b'?' | b'!', ..] | [] => {}
            _ => {
                let local = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
                return match local {
                    b"kml" => Ok(Format::Kml),
                    b"gpx" => Ok(Format::Gpx),
                    b"VRTDataset" | b"OGRVRTDataSource" | b"OGRVRTLayer" => {
                        Err("a virtual dataset that only points to other files")
                    }
                    _ => Err("XML that is neither KML nor GPX"),
                };
            }
        }
    }
    Err("XML without an element")
}

/// Group codes and values line by line: a section or a comment comes first.
fn is_dxf(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    matches!((lines.next(), lines.next()), (Some(b"0"), Some(b"SECTION")) | (Some(b"999"), Some(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        for (head, expected) in [
            (&b"<?xml version=\"1.0\"?><!-- < --><kml xmlns=\"\">"[..], Ok(Format::Kml)),
            (b"\xef\xbb\xbf<gpx>", Ok(Format::Gpx)),
            (b"  {\"type\"", Ok(Format::GeoJson)),
            (b"  0\r\nSECTION\r\n", Ok(Format::Dxf)),
            (b"a,b\n1,2\n", Ok(Format::Csv)),
            (b"II*\0", Ok(Format::Tiff)),
            (b"", Err("an empty file")),
            (
                b"<!DOCTYPE x [<!ENTITY a \"b\">]><OGRVRTDataSource>",
                Err("XML that is neither KML nor GPX"),
            ),
            (
                b"<VRTDataset rasterXSize=\"1\">",
                Err("a virtual dataset that only points to other files"),
            ),
            (b"\0\0\0\0", Err("binary data of an unknown kind")),
        ] {
            let found = of_head(head);
            assert_eq!(found.is_ok(), expected.is_ok(), "{head:?}: {found:?}");
            if expected.is_ok() {
                assert_eq!(found, expected);
            }
        }
    }
}
