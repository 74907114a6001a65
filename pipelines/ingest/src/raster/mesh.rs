//! Elevation meshes of the 基盤地図情報, one or a zip of them, as one raster. Gaps have no data.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use jomo_format::fgd::{self, Elevation, Reference, Surface};
use jomo_format::geotiff::Window;
use serde::Serialize;
use zip::ZipArchive;

use super::error::RasterError;
use super::file_name;
use crate::archive::ArchiveError;
use crate::error::IngestError;
use crate::warp::Affine;

/// Parts of one archive: a second mesh has 100 third meshes, some delivered twice.
const PARTS_MAX: usize = 10_000;
/// Bytes of one mesh; the largest, 1,125 by 750 cells, has 15 MB.
const MESH_BYTES_MAX: u64 = 64 << 20;
const SURFACES: [(Surface, &str); 6] = [
    (Surface::None, "none"),
    (Surface::Ground, "ground"),
    (Surface::Top, "top"),
    (Surface::Sea, "sea"),
    (Surface::Inland, "inland_water"),
    (Surface::Other, "other"),
];

/// What the meshes say, for the report.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MeshReport {
    /// Mesh codes.
    pub(crate) meshes: BTreeSet<String>,
    /// Products as the files name them.
    pub(crate) products: BTreeSet<String>,
    /// First and last day of survey.
    pub(crate) dates: BTreeSet<String>,
    /// Name of the CRS in the files.
    pub(crate) reference: String,
    /// What heights are measured from, where the name is known.
    pub(crate) vertical_datum: Option<&'static str>,
    /// Cells by what their height is of.
    pub(crate) surfaces: BTreeMap<&'static str, usize>,
}

/// One mesh on the lattice: rows from the north edge of all, columns from the west edge.
struct Placed {
    row: i64,
    column: i64,
    shape: [usize; 2],
    /// First cell in the file of heights.
    at: u64,
}

/// Meshes of one product. Their heights wait in a file, one mesh after the other.
pub(crate) struct Mosaic {
    placed: Vec<Placed>,
    heights: File,
    cells: u64,
    cell_arcsec: f64,
    reference: Option<Reference>,
    /// North, west, south, east in cells.
    bounds: [i64; 4],
    report: MeshReport,
}

impl Mosaic {
    /// Reads one file or every mesh of a zip; `work` is a folder for the heights.
    pub(crate) fn read(source: &Path, is_zip: bool, work: &Path) -> Result<Self, IngestError> {
        let path = work.join("heights.f32");
        let fail = |fault: &std::io::Error| IngestError::io(&path, fault);
        let heights =
            File::options().read(true).write(true).create(true).truncate(true).open(&path);
        let mut mosaic = Self {
            placed: Vec::new(),
            heights: heights.map_err(|fault| fail(&fault))?,
            cells: 0,
            cell_arcsec: 0.0,
            reference: None,
            bounds: [i64::MIN, i64::MAX, i64::MAX, i64::MIN],
            report: MeshReport {
                meshes: BTreeSet::new(),
                products: BTreeSet::new(),
                dates: BTreeSet::new(),
                reference: String::new(),
                vertical_datum: None,
                surfaces: BTreeMap::new(),
            },
        };
        let file = File::open(source).map_err(|fault| IngestError::io(source, &fault))?;
        if is_zip {
            mosaic.add_archive(file, &path)?;
        } else {
            let name = file_name(source);
            mosaic.add_stream(&name, BufReader::new(file.take(MESH_BYTES_MAX)), &path)?;
        }
        Ok(mosaic)
    }

    fn add_archive(&mut self, file: File, path: &Path) -> Result<(), IngestError> {
        let broken = |fault: zip::result::ZipError| ArchiveError::from(&fault);
        let mut archive = ZipArchive::new(file).map_err(broken)?;
        if PARTS_MAX < archive.len() {
            let (found, limit) = (archive.len() as u64, PARTS_MAX as u64);
            return Err(ArchiveError::Entries { found, limit }.into());
        }
        let mut found = Vec::new();
        for index in 0..archive.len() {
            let part = archive.by_index(index).map_err(broken)?;
            let name = String::from_utf8_lossy(part.name_raw()).into_owned();
            let name = name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
            let is_mesh = name.to_ascii_lowercase().ends_with(".xml") && name.contains("DEM");
            if is_mesh && part.is_file() {
                self.add_stream(&name, BufReader::new(part.take(MESH_BYTES_MAX)), path)?;
            }
            found.push(name);
        }
        if self.placed.is_empty() {
            found.truncate(20);
            return Err(ArchiveError::NoData { found }.into());
        }
        Ok(())
    }

    fn add_stream(
        &mut self,
        name: &str,
        stream: impl std::io::BufRead,
        path: &Path,
    ) -> Result<(), IngestError> {
        let mesh = fgd::read(stream)
            .map_err(|source| RasterError::Mesh { name: name.to_owned(), source })?;
        self.add(name, &mesh)?;
        let bytes: Vec<u8> = mesh.heights_m.iter().flat_map(|h| h.to_le_bytes()).collect();
        self.heights.write_all(&bytes).map_err(|fault| IngestError::io(path, &fault))
    }

    /// Finds the place of a mesh; all of one raster have the same cells and CRS.
    fn add(&mut self, name: &str, mesh: &Elevation) -> Result<(), RasterError> {
        let label = |arcsec: f64, reference: &Reference| format!("{arcsec}″, {}", reference.id);
        match &self.reference {
            Some(known)
                if *known != mesh.reference
                    || self.cell_arcsec.to_bits() != mesh.cell_arcsec.to_bits() =>
            {
                return Err(RasterError::Mixed {
                    name: name.to_owned(),
                    expected: label(self.cell_arcsec, known),
                    found: label(mesh.cell_arcsec, &mesh.reference),
                });
            }
            Some(_) => {}
            None => {
                self.cell_arcsec = mesh.cell_arcsec;
                self.reference = Some(mesh.reference.clone());
                self.report.reference.clone_from(&mesh.reference.id);
                self.report.vertical_datum = mesh.reference.vertical_datum;
            }
        }
        let [rows, columns] = mesh.shape;
        let [north, west] = mesh.corner;
        let wide = |size: usize| i64::try_from(size).unwrap_or(i64::MAX / 4);
        let (south, east) = (north - wide(rows), west + wide(columns));
        let [n, w, s, e] = self.bounds;
        self.bounds = [n.max(north), w.min(west), s.min(south), e.max(east)];
        self.placed.push(Placed { row: north, column: west, shape: mesh.shape, at: self.cells });
        self.cells += (rows * columns) as u64;
        let report = &mut self.report;
        report.meshes.insert(mesh.mesh.clone());
        report.products.insert(mesh.product.clone());
        report.dates.insert(mesh.date.clone());
        while 2 < report.dates.len() {
            let middle = report.dates.iter().nth(1).cloned().unwrap_or_default();
            report.dates.remove(&middle);
        }
        for (surface, name) in SURFACES {
            let count = mesh.count(surface);
            if 0 < count {
                *report.surfaces.entry(name).or_default() += count;
            }
        }
        Ok(())
    }

    /// Code of the horizontal CRS, where its name is known.
    pub(crate) fn epsg(&self) -> Option<u32> {
        self.reference.as_ref().and_then(|reference| reference.epsg)
    }

    /// What the meshes say.
    pub(crate) fn report(&self) -> &MeshReport {
        &self.report
    }

    pub(crate) fn shape(&self) -> [usize; 2] {
        let [north, west, south, east] = self.bounds;
        [north - south, east - west].map(|size| usize::try_from(size).unwrap_or_default())
    }

    pub(crate) fn affine(&self) -> Affine {
        let cell = self.cell_arcsec / 3_600.0;
        let [north, west, ..] = self.bounds.map(|cells| cells as f64 * self.cell_arcsec / 3_600.0);
        Affine::north_up([west, north], [cell; 2])
    }

    /// Heights of a window; gaps are `NaN`, and of meshes that lie on each other the last counts.
    pub(crate) fn heights(&mut self, window: &Window, out: &mut [f32]) -> std::io::Result<()> {
        out.fill(f32::NAN);
        let [north, west, ..] = self.bounds;
        let wide = window.columns.len();
        for mesh in &self.placed {
            let offset = |cells: i64| usize::try_from(cells).unwrap_or_default();
            let (top, left) = (offset(north - mesh.row), offset(mesh.column - west));
            let [rows, columns] = mesh.shape;
            let from = window.columns.start.max(left);
            let to = window.columns.end.min(left + columns);
            if to <= from {
                continue;
            }
            for row in window.rows.start.max(top)..window.rows.end.min(top + rows) {
                let cell = mesh.at + ((row - top) * columns + from - left) as u64;
                self.heights.seek(SeekFrom::Start(4 * cell))?;
                let mut bytes = vec![0; 4 * (to - from)];
                self.heights.read_exact(&mut bytes)?;
                let start = (row - window.rows.start) * wide + from - window.columns.start;
                let line = &mut out[start..start + to - from];
                for (height, bytes) in line.iter_mut().zip(bytes.chunks_exact(4)) {
                    let mut own = [0; 4];
                    own.copy_from_slice(bytes);
                    let value = f32::from_le_bytes(own);
                    if !value.is_nan() {
                        *height = value;
                    }
                }
            }
        }
        Ok(())
    }
}
