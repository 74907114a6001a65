//! Where a raster lies and what its numbers mean: `GeoKeys`, tie point, GDAL's own tags.
//!
//! Sources: OGC 19-008r4 (`GeoTIFF` 1.1); GDAL's `GTiff` driver page.

use std::fmt::Write;
use std::io::{Read, Seek};

use jomo_core::grid::Placement;
use jomo_core::projection::Zone;

use super::directory::{Directory, File, tag};
use super::error::GeoTiffError;

const KEY_MODEL_TYPE: u16 = 1_024;
const KEY_RASTER_TYPE: u16 = 1_025;
const KEY_GEODETIC_CRS: u16 = 2_048;
const KEY_ANGULAR_UNIT: u16 = 2_054;
const KEY_PROJECTED_CRS: u16 = 3_072;
const KEY_LINEAR_UNIT: u16 = 3_076;
const MODEL_PROJECTED: u16 = 1;
const MODEL_GEOGRAPHIC: u16 = 2;
const RASTER_IS_AREA: u16 = 1;
const RASTER_IS_POINT: u64 = 2;
const METRE: u16 = 9_001;
const DEGREE: u16 = 9_102;
/// Codes from here on are "user-defined" or private.
const EPSG_END: u64 = 32_767;

/// Where a raster lies: north up, a pixel is an area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// EPSG code of the CRS; `None` if the file has none or spells it out in parameters.
    pub epsg: Option<u32>,
    /// Outer north-west corner `[x, y]` in units of the CRS, east and north (longitude, latitude).
    pub origin: [f64; 2],
    /// Width and height of a cell in units of the CRS, both positive.
    pub cell: [f64; 2],
}

impl From<Placement> for Place {
    fn from(placement: Placement) -> Self {
        let Placement { zone, origin_m, cell_size_m } = placement;
        Self { epsg: Some(zone.epsg()), origin: origin_m, cell: [cell_size_m; 2] }
    }
}

impl Place {
    /// The place in a planar zone of JGD2011.
    ///
    /// # Errors
    /// [`GeoTiffError::Crs`] for any other CRS, [`GeoTiffError::Placement`] if the cells are not
    /// square to a millionth.
    pub fn planar(&self) -> Result<Placement, GeoTiffError> {
        let zone = self.epsg.and_then(Zone::from_epsg);
        let zone = zone.ok_or(GeoTiffError::Crs { epsg: self.epsg })?;
        let [width, height] = self.cell;
        if 1e-6 * width < (width - height).abs() {
            let found = self.cell.to_vec();
            return Err(GeoTiffError::Placement { tag: "ModelPixelScale", found });
        }
        Ok(Placement { zone, origin_m: self.origin, cell_size_m: width })
    }

    pub(super) fn read<R: Read + Seek>(
        file: &mut File<R>,
        directory: &Directory,
    ) -> Result<Self, GeoTiffError> {
        let keys = file.shorts(directory, tag::GEO_KEYS)?;
        let key = |wanted: u16| {
            let mut entries = keys.chunks_exact(4).skip(1);
            entries.find(|key| key[0] == u64::from(wanted) && key[1] == 0).map(|key| key[3])
        };
        let epsg = key(KEY_PROJECTED_CRS).or_else(|| key(KEY_GEODETIC_CRS));
        let epsg = epsg.filter(|code| (1_024..EPSG_END).contains(code));
        let half = if key(KEY_RASTER_TYPE) == Some(RASTER_IS_POINT) { 0.5 } else { 0.0 };
        let [corner, cell] = corner_and_cell(file, directory)?;
        // Of a point raster, the position is the middle of its cell.
        let origin = [corner[0] - half * cell[0], corner[1] + half * cell[1]];
        if !origin.iter().all(|value| value.is_finite()) {
            return Err(GeoTiffError::Placement { tag: "ModelTiepoint", found: origin.to_vec() });
        }
        Ok(Self { epsg: epsg.and_then(|code| u32::try_from(code).ok()), origin, cell })
    }

    /// Pixel scale, tie point and `GeoKeys` as they are written.
    pub(super) fn tags(&self) -> ([f64; 3], [f64; 6], Vec<u16>) {
        let [width, height] = self.cell;
        let [x, y] = self.origin;
        let mut keys = vec![(KEY_RASTER_TYPE, RASTER_IS_AREA)];
        if let Some(code) = self.epsg.and_then(|code| u16::try_from(code).ok()) {
            // The geodetic codes of EPSG lie between 4000 and 4999, and Japan's between 6666 and 6668.
            let geographic = matches!(code, 4_000..=4_999 | 6_666..=6_668);
            let [model, crs, unit] = if geographic {
                [
                    (KEY_MODEL_TYPE, MODEL_GEOGRAPHIC),
                    (KEY_GEODETIC_CRS, code),
                    (KEY_ANGULAR_UNIT, DEGREE),
                ]
            } else {
                [
                    (KEY_MODEL_TYPE, MODEL_PROJECTED),
                    (KEY_PROJECTED_CRS, code),
                    (KEY_LINEAR_UNIT, METRE),
                ]
            };
            keys.insert(0, model);
            keys.extend([crs, unit]);
        }
        let mut shorts = vec![1, 1, 0, u16::try_from(keys.len()).unwrap_or_default()];
        for (key, value) in keys {
            shorts.extend([key, 0, 1, value]);
        }
        ([width, height, 0.0], [0.0, 0.0, 0.0, x, y, 0.0], shorts)
    }
}

/// North-west corner (or centre, of a point raster) and cell, from either pair of tags.
fn corner_and_cell<R: Read + Seek>(
    file: &mut File<R>,
    directory: &Directory,
) -> Result<[[f64; 2]; 2], GeoTiffError> {
    let scale = file.doubles(directory, tag::PIXEL_SCALE)?;
    let tie = file.doubles(directory, tag::TIE_POINT)?;
    let matrix = file.doubles(directory, tag::TRANSFORMATION)?;
    if scale.is_empty() && 16 <= matrix.len() {
        let (turned, cell) = ([matrix[1], matrix[4]], [matrix[0], -matrix[5]]);
        // GDAL writes exact zeros for an image that is not turned.
        if turned.iter().any(|value| *value != 0.0) || !cell.iter().all(|size| positive(*size)) {
            return Err(GeoTiffError::NotNorthUp { found: matrix });
        }
        return Ok([[matrix[3], matrix[7]], cell]);
    }
    let [width, height, ..] = scale[..] else {
        return Err(GeoTiffError::Placement { tag: "ModelPixelScale", found: scale });
    };
    if positive(width) && positive(-height) {
        return Err(GeoTiffError::NotNorthUp { found: scale });
    }
    if !(positive(width) && positive(height)) {
        return Err(GeoTiffError::Placement { tag: "ModelPixelScale", found: scale });
    }
    let [column, row, _, x, y, _] = tie[..] else {
        // More than one tie point is a rubber sheet, not a grid.
        return Err(GeoTiffError::Placement { tag: "ModelTiepoint", found: tie });
    };
    Ok([[x - column * width, y + row * height], [width, height]])
}

fn positive(size: f64) -> bool {
    size.is_finite() && 0.0 < size
}

/// What the stored numbers mean: `value = stored * scale + offset`, except `no_data`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Meaning {
    /// The stored number that stands for no data. `NaN` is no data in floats in any case.
    pub no_data: Option<f64>,
    /// Factor.
    pub scale: f64,
    /// Summand.
    pub offset: f64,
}

impl Default for Meaning {
    fn default() -> Self {
        Self { no_data: None, scale: 1.0, offset: 0.0 }
    }
}

impl Meaning {
    /// The value of a stored number in its unit; no data is `NaN`.
    #[must_use]
    #[inline]
    pub fn of(&self, stored: f64) -> f64 {
        if self.no_data == Some(stored) {
            f64::NAN
        } else {
            stored.mul_add(self.scale, self.offset)
        }
    }

    /// The meaning of each band.
    pub(super) fn read<R: Read + Seek>(
        file: &mut File<R>,
        directory: &Directory,
        bands: usize,
    ) -> Result<Vec<Self>, GeoTiffError> {
        let number = |text: &str| text.trim_matches(['\0', ' ', '\n']).parse::<f64>().ok();
        let no_data = number(&file.text(directory, tag::GDAL_NO_DATA)?);
        let metadata = file.text(directory, tag::GDAL_METADATA)?;
        let finite = |role, band| {
            item(&metadata, role, band).and_then(number).filter(|value| value.is_finite())
        };
        // A band without an item of its own is as stored; a text of a few items cannot make a
        // long search, because only its bands are looked for.
        Ok((0..bands)
            .map(|band| Self {
                no_data,
                scale: finite("scale", band).unwrap_or(1.0),
                offset: finite("offset", band).unwrap_or(0.0),
            })
            .collect())
    }

    /// The text of GDAL's no-data tag.
    pub(super) fn no_data_text(&self) -> Option<String> {
        let no_data = self.no_data?;
        Some(if no_data.is_nan() { "nan".to_owned() } else { no_data.to_string() })
    }

    /// The text of GDAL's metadata tag; `None` if the numbers are the values.
    pub(super) fn metadata_text(&self, bands: usize) -> Option<String> {
        let Self { scale, offset, .. } = *self;
        if self.plain() {
            return None;
        }
        let mut text = "<GDALMetadata>\n".to_owned();
        for band in 0..bands {
            let item = |text: &mut String, name, role, value: f64| {
                writeln!(
                    text,
                    "  <Item name=\"{name}\" sample=\"{band}\" role=\"{role}\">{value}</Item>"
                )
            };
            // Writing to a string does not fail.
            let _ = item(&mut text, "SCALE", "scale", scale);
            let _ = item(&mut text, "OFFSET", "offset", offset);
        }
        text.push_str("</GDALMetadata>\n");
        Some(text)
    }

    fn plain(&self) -> bool {
        self.scale.to_bits() == 1.0_f64.to_bits() && self.offset.to_bits() == 0.0_f64.to_bits()
    }
}

/// The text of the first `<Item … role="ROLE" …>TEXT</Item>` for a band in GDAL's XML.
fn item<'a>(metadata: &'a str, role: &str, band: usize) -> Option<&'a str> {
    let (role, own) = (format!("role=\"{role}\""), format!("sample=\"{band}\""));
    metadata.split("<Item").skip(1).find_map(|element| {
        let (attributes, rest) = element.split_once('>')?;
        let ours = attributes.contains(&own) || band == 0 && !attributes.contains("sample=");
        let text = rest.split_once("</Item")?.0;
        (ours && attributes.contains(&role)).then_some(text)
    })
}
