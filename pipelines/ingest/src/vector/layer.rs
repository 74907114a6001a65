//! One layer: rows with geometry or tables with columns for the position, to a table of features.

use std::path::Path;

use gdal::vector::{Layer, LayerAccess};
use geo_types::{Coord, Geometry};
use jomo_format::table;
use jomo_format::vector::{Cell, Collector, GeometryFault, ReadOptions, Row, VectorError, decode};

use super::attributes::Attributes;
use super::text::{Encoding, Used};
use super::{LayerRead, VectorRequest, limits, operation};
use crate::crs::{Crs, Operation};
use crate::dbf::Table;
use crate::drivers;
use crate::error::IngestError;
use crate::report::CrsReport;
use crate::sniff::Format;
use crate::wkb;

/// Largest CSV file, which is held in memory.
const CSV_MAX: u64 = 512 << 20;
/// Code of a position that the operation does not reach.
const OUTSIDE: &str = "crs-outside-grid";
/// Code of what GDAL complains about while it reads on.
const GDAL: &str = "gdal-failure";

/// Where a layer comes from.
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) path: &'a Path,
    pub(super) format: Format,
}

/// Reads one layer of an open data set.
pub(super) fn read(
    layer: &mut Layer<'_>,
    source: &Source<'_>,
    encoding: Used,
    request: &VectorRequest,
) -> Result<LayerRead, IngestError> {
    let Source { name, path, format } = *source;
    let without_geometry = layer.defn().geom_fields().next().is_none();
    if without_geometry && format == Format::Xlsx {
        return workbook(layer, name, encoding, request);
    }
    let of_file = match layer.spatial_ref() {
        Some(found) => Some(Crs::from_spatial_ref(&found)?),
        None => None,
    };
    let of_format = matches!(format, Format::Gpx | Format::Kml | Format::Kmz | Format::GeoJson);
    let (crs, operation, found_by) =
        operation(name, of_file, of_format.then_some(4326), request.crs)?;
    let options = ReadOptions { limits: limits(request), ..ReadOptions::default() };
    let mut collector = Collector::new(&options);
    let dbf = path.with_extension("dbf");
    let mut attributes = if format == Format::Shapefile && dbf.is_file() {
        Attributes::of_table(Table::open(&dbf)?, encoding.used, &mut collector)?
    } else {
        Attributes::of_layer(layer, &mut collector)?
    };
    let mut way =
        Way { operation: &operation, crs: &crs, swapped: Swapped::default(), unrevised: 0 };
    drivers::take_failures();
    for (number, feature) in (1_u64..).zip(layer.features()) {
        let cells = attributes.cells(&feature, &mut collector, number)?;
        let row = Row { number, member: None, cells };
        let geometry = match feature.geometry().map(gdal::vector::Geometry::iso_wkb) {
            None => Err(GeometryFault::Missing),
            Some(Err(_)) => Err(GeometryFault::Form),
            Some(Ok(bytes)) => wkb::read(&bytes),
        };
        way.keep(&mut collector, row, geometry)?;
    }
    note_failures(&mut collector);
    way.finish(collector, encoding, found_by)
}

/// Complaints of GDAL while it reads are counted: the rest of the file may be missing.
fn note_failures(collector: &mut Collector<'_>) {
    let (count, first) = drivers::take_failures();
    for number in 0..count.min(1_000) {
        let place = if number == 0 { first.as_str() } else { "" };
        collector.note(GDAL, place);
    }
}

/// A workbook: GDAL gives its rows, the position stands in columns. Formulas are not computed:
/// the values are those that the file holds.
fn workbook(
    layer: &mut Layer<'_>,
    name: &str,
    encoding: Used,
    request: &VectorRequest,
) -> Result<LayerRead, IngestError> {
    let header: Vec<String> = layer.defn().fields().map(|field| field.name()).collect();
    let rows = layer.features().map(|feature| {
        Ok((0..header.len())
            .map(|index| feature.field_as_string(index).ok().flatten().unwrap_or_default())
            .collect())
    });
    points(name, &header, rows, encoding, request)
}

/// A table of text.
pub(super) fn table(
    path: &Path,
    name: &str,
    request: &VectorRequest,
) -> Result<LayerRead, IngestError> {
    let fail = |fault: &std::io::Error| IngestError::io(path, fault);
    let length = path.metadata().map_err(|fault| fail(&fault))?.len();
    if CSV_MAX < length {
        let limit = usize::try_from(CSV_MAX).unwrap_or(usize::MAX);
        return Err(VectorError::TooLarge { what: "bytes", limit }.into());
    }
    let bytes = std::fs::read(path).map_err(|fault| fail(&fault))?;
    let asked = request.encoding.map(|encoding| match encoding {
        Encoding::Cp932 => jomo_format::vector::Encoding::Cp932,
        _ => jomo_format::vector::Encoding::Utf8,
    });
    let text = decode(&bytes, asked)?;
    let used = match (request.encoding, &text) {
        (Some(used), _) => Used { used, found_by: "override" },
        (None, std::borrow::Cow::Borrowed(_)) => Used { used: Encoding::Utf8, found_by: "content" },
        (None, _) => Used { used: Encoding::Cp932, found_by: "content" },
    };
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let unsound = |fault: csv::Error| VectorError::Table {
        line: fault.position().map_or(0, csv::Position::line),
        reason: fault.to_string(),
    };
    let mut records = reader.records();
    let header = records.next().ok_or(VectorError::NoHeader)?.map_err(unsound)?;
    let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    let rows = records.map(|record| {
        let record = record.map_err(unsound)?;
        Ok(record.iter().map(str::to_owned).collect())
    });
    points(name, &header, rows, used, request)
}

/// Points from the columns of their position.
fn points(
    name: &str,
    header: &[String],
    rows: impl Iterator<Item = Result<Vec<String>, VectorError>>,
    encoding: Used,
    request: &VectorRequest,
) -> Result<LayerRead, IngestError> {
    let [x, y] = request.position.clone();
    let options = ReadOptions {
        lon_field: x,
        lat_field: y,
        limits: limits(request),
        ..ReadOptions::default()
    };
    let (x, y) = table::position_columns(header, &options)?;
    // Columns that people fill in by hand hold degrees, unless somebody says otherwise.
    let (crs, operation, found_by) = operation(name, None, Some(6668), request.crs)?;
    let mut collector = Collector::new(&options);
    let mut columns = Vec::new();
    for (index, title) in header.iter().enumerate() {
        let title = if title.is_empty() { format!("column_{}", index + 1) } else { title.clone() };
        let kept = index != x && index != y;
        columns.push(if kept { Some(collector.column(&title)?) } else { None });
    }
    let mut way =
        Way { operation: &operation, crs: &crs, swapped: Swapped::default(), unrevised: 0 };
    for (number, row) in (1_u64..).zip(rows) {
        let row = row?;
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if row.len() != header.len() {
            let code = if row.len() < header.len() { "row-short" } else { "row-long" };
            collector.fault(code, number);
            continue;
        }
        let place = table::position(row.get(x).map(String::as_str), row.get(y).map(String::as_str));
        let cells = columns.iter().zip(row).filter_map(|(column, text)| {
            let filled = !text.trim().is_empty();
            column.filter(|_| filled).map(|column| (column, Cell::Written(text)))
        });
        let row = Row { number, member: None, cells: cells.collect() };
        match place {
            Err(table::Unreadable) => collector.fault("position-not-a-number", number),
            Ok(point) => {
                let point = point.map(Geometry::Point).ok_or(GeometryFault::Missing);
                way.keep(&mut collector, row, point)?;
            }
        }
    }
    note_failures(&mut collector);
    way.finish(collector, encoding, found_by)
}

/// The way of the rows of a layer to JGD2011.
struct Way<'a> {
    operation: &'a Operation,
    crs: &'a Crs,
    swapped: Swapped,
    unrevised: u64,
}

/// Whether latitude stands first in all positions seen.
#[derive(Default)]
struct Swapped {
    seen: u64,
    swapped: u64,
}

impl Swapped {
    fn see(&mut self, positions: &[[f64; 2]]) {
        self.seen += positions.len() as u64;
        // Japan lies within 122-154 E, 20-46 N.
        let swapped =
            |xy: &&[f64; 2]| (20.0..=46.0).contains(&xy[0]) && (122.0..=154.0).contains(&xy[1]);
        self.swapped += positions.iter().filter(swapped).count() as u64;
    }
}

impl Way<'_> {
    /// Moves the geometry of a row and keeps it if all of it arrives.
    fn keep(
        &mut self,
        collector: &mut Collector<'_>,
        row: Row,
        geometry: Result<Geometry<f64>, GeometryFault>,
    ) -> Result<(), IngestError> {
        let mut geometry = match geometry {
            Ok(geometry) => geometry,
            Err(fault) => return Ok(collector.add(row, Err(fault))?),
        };
        let mut positions = Vec::new();
        wkb::positions_mut(&mut geometry, &mut |position| positions.push([position.x, position.y]));
        if positions.iter().flatten().any(|ordinate| !ordinate.is_finite()) {
            return Ok(collector.add(row, Err(GeometryFault::NotFinite))?);
        }
        if self.crs.is_geographic() {
            self.swapped.see(&positions);
        }
        let moved = self.operation.forward(&mut positions);
        self.unrevised += moved.unrevised;
        if 0 < moved.missed {
            collector.fault(OUTSIDE, row.number);
            return Ok(());
        }
        let mut arrived = positions.into_iter();
        wkb::positions_mut(&mut geometry, &mut |position| {
            if let Some([x, y]) = arrived.next() {
                *position = Coord { x, y };
            }
        });
        Ok(collector.add(row, Ok(geometry))?)
    }

    fn finish(
        self,
        collector: Collector<'_>,
        encoding: Used,
        found_by: &'static str,
    ) -> Result<LayerRead, IngestError> {
        if 0 < self.swapped.seen && self.swapped.seen == self.swapped.swapped {
            return Err(VectorError::AxesSwapped { positions: self.swapped.seen }.into());
        }
        let read = collector.finish(Some(6668))?;
        let crs = CrsReport {
            source: self.crs.label(),
            found_by,
            operation: self.operation.name().to_owned(),
            accuracy_m: self.operation.accuracy_m(),
            unrevised: self.unrevised,
        };
        Ok(LayerRead { read, crs, encoding })
    }
}
