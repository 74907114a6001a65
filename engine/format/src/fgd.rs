//! 基盤地図情報 数値標高モデル: elevation as JPGIS (GML) of the 国土地理院.
//!
//! One file is one mesh: 225 by 150 cells of 0.2″ (5A, 5B, 5C), 1,125 by 750 of 0.4″ (10A, 10B) or
//! of 0.04″ (1A). Rows run from the north-west; the list of values may begin late (`startPoint`)
//! and end early, and what it leaves out has no height. Envelopes are latitude first.
//!
//! The file is read in one pass: markup by `quick-xml`, the list of values straight from the
//! stream. Document types, entities and deep nesting are refused.
//!
//! Sources: 国土地理院, 基盤地図情報ダウンロードデータファイル仕様書 4.1 (elevation); real file of
//! 05-inputs: mesh 52387400.

mod error;
mod markup;
mod tuples;

use std::io::BufRead;

pub use error::FgdError;

use crate::geotiff::Place;

/// Cells of one mesh at most; the largest product has 843,750.
const CELLS_MAX: u64 = 1 << 22;
const ARC_SECONDS: f64 = 3_600.0;

/// What a height is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Surface {
    /// データなし, or left out.
    None = 0,
    /// 地表面: bare ground.
    Ground = 1,
    /// 表層面: tops of trees and buildings.
    Top = 2,
    /// 海水面: the sea.
    Sea = 3,
    /// 内水面: lakes and rivers; the height is of the water, not of its bed.
    Inland = 4,
    /// その他.
    Other = 5,
}

/// The CRS that a file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name as it stands, such as `fguuid:jgd2011.bl`.
    pub id: String,
    /// EPSG code of the horizontal part; `None` for a name that is not known.
    pub epsg: Option<u32>,
    /// Vertical datum: `JGD2011`, `JGD2024` and so on; `None` for a name that is not known.
    pub vertical_datum: Option<&'static str>,
}

impl Reference {
    /// JGD2024 revised heights only: its latitudes and longitudes are those of JGD2011.
    fn of(id: &str) -> Self {
        let name = id.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
        let (epsg, vertical_datum) = match name.split('.').next().unwrap_or_default() {
            "jgd2024" => (Some(6_668), Some("JGD2024")),
            "jgd2011" => (Some(6_668), Some("JGD2011")),
            "jgd2000" => (Some(4_612), Some("JGD2000")),
            "tokyo" => (Some(4_301), Some("JSLD69")),
            _ => (None, None),
        };
        Self { id: id.to_owned(), epsg, vertical_datum }
    }
}

/// The heights of one mesh.
#[derive(Clone, Debug, PartialEq)]
pub struct Elevation {
    /// Mesh code, such as `52387400`.
    pub mesh: String,
    /// Product as the file names it, such as `5mメッシュ（標高）`.
    pub product: String,
    /// Day of the survey, `YYYY-MM-DD`, as the file writes it.
    pub date: String,
    /// The CRS.
    pub reference: Reference,
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Edge of a cell in arc seconds.
    pub cell_arcsec: f64,
    /// North edge and west edge in whole cells from the equator and from Greenwich.
    pub corner: [i64; 2],
    /// Heights in metres, row by row from the north; none is `NaN`.
    pub heights_m: Vec<f32>,
    /// What each height is of.
    pub surfaces: Vec<Surface>,
}

impl Elevation {
    /// Where the heights lie, in degrees; the EPSG code is `None` if the CRS is not known.
    #[must_use]
    pub fn place(&self) -> Place {
        let [north, west] = self.corner.map(|cells| cells as f64 * self.cell_arcsec / ARC_SECONDS);
        let cell = self.cell_arcsec / ARC_SECONDS;
        Place { epsg: self.reference.epsg, origin: [west, north], cell: [cell; 2] }
    }

    /// Number of cells of a surface.
    #[must_use]
    pub fn count(&self, surface: Surface) -> usize {
        self.surfaces.iter().filter(|own| **own == surface).count()
    }
}

/// Reads one mesh from a stream.
///
/// # Errors
/// Any [`FgdError`]; hostile bytes end in one, too.
pub fn read(source: impl BufRead) -> Result<Elevation, FgdError> {
    let markup = markup::read(source)?;
    let [columns, rows] = markup.high.map(|high| high.saturating_add(1));
    let cells = columns.saturating_mul(rows);
    let start = markup.start[1].saturating_mul(columns).saturating_add(markup.start[0]);
    let found = markup.tuples.len() as u64;
    if columns <= markup.start[0] || cells < start.saturating_add(found) {
        return Err(FgdError::TooManyValues { found, start, cells });
    }
    let [south, west] = markup.lower;
    let [north, east] = markup.upper;
    let cell_arcsec = cell([east - west, north - south], [columns, rows])?;
    // Envelopes have nine decimals: a thousandth of the finest cell.
    let whole = |degrees: f64| whole_cells(degrees, cell_arcsec);
    let (Some(north), Some(west)) = (whole(north), whole(west)) else {
        return Err(FgdError::Envelope { lower: markup.lower, upper: markup.upper });
    };
    let size = usize::try_from(cells).unwrap_or_default();
    let (mut heights_m, mut surfaces) = (vec![f32::NAN; size], vec![Surface::None; size]);
    let first = usize::try_from(start).unwrap_or_default();
    for (index, (surface, height)) in markup.tuples.into_iter().enumerate() {
        heights_m[first + index] = height;
        surfaces[first + index] = surface;
    }
    let size = |count: u64| usize::try_from(count).unwrap_or_default();
    Ok(Elevation {
        mesh: markup.mesh,
        product: markup.product,
        date: markup.date,
        reference: Reference::of(&markup.reference),
        shape: [size(rows), size(columns)],
        cell_arcsec,
        corner: [north, west],
        heights_m,
        surfaces,
    })
}

/// Edge of a cell in arc seconds, the same in both directions.
fn cell(span_deg: [f64; 2], cells: [u64; 2]) -> Result<f64, FgdError> {
    let [x, y] = [0, 1].map(|axis| span_deg[axis] * ARC_SECONDS / cells[axis] as f64);
    // Products have cells of 0.04″, 0.2″ and 0.4″: hundredths, exactly.
    let rounded = (x * 100.0).round() / 100.0;
    let near = |own: f64| (own - rounded).abs() < 1e-3 * rounded;
    if rounded.is_finite() && 0.01 <= rounded && near(x) && near(y) {
        return Ok(rounded);
    }
    Err(FgdError::Cell { arcsec: [x, y] })
}

fn whole_cells(degrees: f64, cell_arcsec: f64) -> Option<i64> {
    let cells = degrees * ARC_SECONDS / cell_arcsec;
    let whole = cells.round();
    // A mesh edge is a whole number of cells; 360° of the finest cells fit 53 bits.
    if !(degrees.abs() <= 360.0 && (cells - whole).abs() < 0.01) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 360° of 0.01″ by the line above")]
    let whole = whole as i64;
    Some(whole)
}

#[cfg(test)]
mod tests;
