//! Zip archives: looked through with caps, and only the parts that are data come out, under names
//! of our own.

mod error;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use encoding_rs::SHIFT_JIS;
use zip::ZipArchive;

pub use error::ArchiveError;

use crate::error::IngestError;
use crate::sniff::{self, Format};

/// Most entries; a national KSJ archive by municipalities has some 4,000.
const ENTRIES_MAX: u64 = 10_000;
/// Most bytes of all parts together when unpacked.
const TOTAL_MAX: u64 = 4 << 30;
/// Most bytes of a part for each of its packed bytes. Attribute tables padded with blanks reach
/// some 100; a bomb of zeros reaches 1,000.
const RATIO_MAX: u64 = 250;
/// Parts up to this size are not weighed: small tables of blanks pack very well.
const RATIO_FROM: u64 = 1 << 20;
/// How far from its end the directory of an archive may be announced.
const TAIL: u64 = 66_000;
/// Parts of a shapefile that are unpacked.
const SHAPEFILE_PARTS: [&str; 5] = ["shp", "shx", "dbf", "prj", "cpg"];
/// Extensions of other data, the most telling first: of two files with one name the first wins.
const DATA: [&str; 7] = ["geojson", "fgb", "gpkg", "shp", "kml", "gpx", "json"];

/// A data set found in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name in the archive, without folders and extension.
    pub name: String,
    /// Where it was unpacked.
    pub path: PathBuf,
    /// What it is.
    pub format: Format,
}

/// One entry of the directory.
struct Entry {
    index: usize,
    folder: String,
    stem: String,
    extension: String,
}

/// What a zip is: a workbook, a KMZ or an archive of files.
pub(crate) fn kind(path: &Path) -> Result<Format, IngestError> {
    let mut archive = open(path)?;
    let names = entries(&mut archive)?;
    let has = |folder: &str, stem: &str, extension: &str| {
        names.iter().any(|e| e.folder == folder && e.stem == stem && e.extension == extension)
    };
    if has("xl", "workbook", "xml") && has("", "[Content_Types]", "xml") {
        return Ok(Format::Xlsx);
    }
    let kml = names.iter().any(|entry| entry.folder.is_empty() && entry.extension == "kml");
    let other = names.iter().any(|entry| entry.extension != "kml" && is_data(entry));
    Ok(if kml && !other { Format::Kmz } else { Format::Zip })
}

fn is_data(entry: &Entry) -> bool {
    DATA.contains(&entry.extension.as_str())
}

/// Checks the whole archive against the caps, unpacking nothing: for zips that GDAL opens itself.
///
/// # Errors
/// [`ArchiveError`].
pub fn weigh(path: &Path) -> Result<(), IngestError> {
    let mut archive = open(path)?;
    let mut total = 0;
    for index in 0..archive.len() {
        total += copy(&mut archive, index, &mut std::io::sink(), total)?;
    }
    Ok(())
}

/// Unpacks the data sets of an archive into `folder`.
///
/// # Errors
/// [`ArchiveError`] beyond a cap, for encrypted parts, and if there is no data in it.
pub fn unpack(path: &Path, folder: &Path) -> Result<Vec<Found>, IngestError> {
    let mut archive = open(path)?;
    let names = entries(&mut archive)?;
    let mut best: BTreeMap<String, (usize, &Entry)> = BTreeMap::new();
    for entry in &names {
        let Some(rank) = DATA.iter().position(|data| *data == entry.extension) else { continue };
        // The same set stands beside itself in UTF-8 and CP932 in newer archives.
        let utf8 = entry.folder.to_ascii_lowercase().contains("utf-8");
        let rank = 2 * rank + usize::from(!utf8);
        let key = entry.stem.to_lowercase();
        match best.get(&key) {
            Some((known, _)) if *known <= rank => {}
            _ => {
                best.insert(key, (rank, entry));
            }
        }
    }
    if best.is_empty() {
        let nested = names.iter().any(|entry| entry.extension == "zip");
        let found: Vec<String> = names.iter().map(written).collect();
        return Err(if nested {
            ArchiveError::Nested { found }.into()
        } else {
            ArchiveError::NoData { found }.into()
        });
    }
    let mut total = 0;
    let mut sets = Vec::new();
    for (number, (_, entry)) in best.into_values().enumerate() {
        let home = folder.join(format!("set-{number}"));
        std::fs::create_dir(&home).map_err(|fault| IngestError::io(&home, &fault))?;
        let parts = names.iter().filter(|part| match entry.extension.as_str() {
            "shp" => {
                part.folder == entry.folder
                    && part.stem.eq_ignore_ascii_case(&entry.stem)
                    && SHAPEFILE_PARTS.contains(&part.extension.as_str())
            }
            _ => part.index == entry.index,
        });
        for part in parts {
            let path = home.join(format!("data.{}", part.extension));
            let mut file = File::create(&path).map_err(|fault| IngestError::io(&path, &fault))?;
            total += copy(&mut archive, part.index, &mut file, total)?;
        }
        let path = home.join(format!("data.{}", entry.extension));
        let format = sniff::sniff(&path).map_err(|fault| match fault {
            IngestError::Format { found, .. } => {
                IngestError::Format { name: written(entry), found }
            }
            other => other,
        })?;
        if format == Format::Zip || format.is_raster() {
            let found = "an archive or a raster".to_owned();
            return Err(IngestError::Format { name: written(entry), found });
        }
        sets.push(Found { name: entry.stem.clone(), path, format });
    }
    Ok(sets)
}

fn written(entry: &Entry) -> String {
    let Entry { folder, stem, extension, .. } = entry;
    let slash = if folder.is_empty() { "" } else { "/" };
    let dot = if extension.is_empty() { "" } else { "." };
    format!("{folder}{slash}{stem}{dot}{extension}").chars().take(200).collect()
}

fn open(path: &Path) -> Result<ZipArchive<File>, IngestError> {
    let fail = |fault: &std::io::Error| IngestError::io(path, fault);
    let mut file = File::open(path).map_err(|fault| fail(&fault))?;
    let entries = announced(&mut file).map_err(|fault| fail(&fault))?;
    if ENTRIES_MAX < entries {
        return Err(ArchiveError::Entries { found: entries, limit: ENTRIES_MAX }.into());
    }
    ZipArchive::new(file).map_err(|fault| ArchiveError::from(&fault).into())
}

/// Number of entries as the archive announces it, before anything is allocated by it. An archive
/// of the larger form counts as too many: 65,535 entries are beyond the cap in any case.
fn announced(file: &mut File) -> std::io::Result<u64> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let most = tail.windows(12).filter(|window| window.starts_with(b"PK\x05\x06"));
    let counts = most.map(|window| u64::from(u16::from_le_bytes([window[10], window[11]])));
    Ok(counts.max().unwrap_or(0))
}

fn entries(archive: &mut ZipArchive<File>) -> Result<Vec<Entry>, IngestError> {
    let broken = |fault: zip::result::ZipError| ArchiveError::from(&fault);
    let mut found = Vec::new();
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(broken)?;
        if part.is_dir() || part.is_symlink() {
            continue;
        }
        if part.encrypted() {
            return Err(ArchiveError::Encrypted.into());
        }
        let name = decode(part.name_raw());
        let (folder, file) = name.rsplit_once(['/', '\\']).unwrap_or(("", &name));
        let (stem, extension) = file.rsplit_once('.').unwrap_or((file, ""));
        found.push(Entry {
            index,
            folder: folder.to_owned(),
            stem: stem.to_owned(),
            extension: extension.to_ascii_lowercase(),
        });
    }
    Ok(found)
}

/// Names are UTF-8, or CP932 as Windows writes them.
fn decode(name: &[u8]) -> String {
    match std::str::from_utf8(name) {
        Ok(name) => name.to_owned(),
        Err(_) => SHIFT_JIS.decode_without_bom_handling(name).0.into_owned(),
    }
}

/// Unpacks one part, whatever size it claims, with `before` bytes unpacked already.
fn copy(
    archive: &mut ZipArchive<File>,
    index: usize,
    out: &mut impl std::io::Write,
    before: u64,
) -> Result<u64, IngestError> {
    let part = archive.by_index(index).map_err(|fault| ArchiveError::from(&fault))?;
    let packed = part.compressed_size();
    let by_ratio = packed.saturating_mul(RATIO_MAX).max(RATIO_FROM);
    let by_total = TOTAL_MAX.saturating_sub(before);
    let limit = by_ratio.min(by_total);
    let copied = std::io::copy(&mut part.take(limit + 1), out)
        .map_err(|fault| ArchiveError::of_part(&fault))?;
    if limit < copied {
        return Err(if by_ratio < by_total {
            ArchiveError::Ratio { limit: RATIO_MAX }.into()
        } else {
            ArchiveError::Size { limit: TOTAL_MAX }.into()
        });
    }
    Ok(copied)
}
