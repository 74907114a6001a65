//! Writing fields as the Japan Meteorological Agency does.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::error::{GribError, ProductPart};
use super::grid::LatLonGrid;
use super::levels::LevelTable;
use super::octets::{magnitude_8, magnitude_16, magnitude_32};
use super::product::{Identification, Interval, Product, RainOperations, Remarks, Surface};
use super::run_length;

/// One message with any number of fields on one grid, for fixtures and the fictional region.
#[derive(Clone, Debug)]
pub struct FileWriter {
    identification: Identification,
    grid: LatLonGrid,
    discipline: u8,
    /// Section 4 to 7 of each field.
    fields: Vec<u8>,
}

impl FileWriter {
    /// A message of meteorology (discipline 0) without fields.
    #[must_use]
    pub fn new(identification: Identification, grid: LatLonGrid) -> Self {
        Self { identification, grid, discipline: 0, fields: Vec::new() }
    }

    /// Adds a field: one level per cell, row by row from the north, 0 where missing.
    ///
    /// # Errors
    /// If the levels do not fill the grid or leave the table, or if the product does not belong
    /// to the message or to its template.
    pub fn field(
        &mut self,
        product: &Product,
        table: &LevelTable,
        levels: &[u8],
    ) -> Result<(), GribError> {
        let expected = self.grid.cells();
        if u64::try_from(levels.len()) != Ok(expected) {
            return Err(GribError::LevelCount { expected, found: levels.len() });
        }
        let largest = levels.iter().copied().max().unwrap_or(0);
        if table.len() < usize::from(largest) {
            return Err(GribError::LevelUnknown { level: largest, table: table.len() });
        }
        let belongs = product.discipline == self.discipline
            && product.reference_time == self.identification.reference_time;
        if !belongs {
            let (template, part) = (product.template, ProductPart::Message);
            return Err(GribError::Product { template, part });
        }
        section(&mut self.fields, 4, &product_octets(product)?);
        section(&mut self.fields, 5, &packing_octets(self.grid.cells(), largest, table));
        section(&mut self.fields, 6, &[255]);
        section(&mut self.fields, 7, &run_length::encode(largest, levels));
        Ok(())
    }

    /// The bytes of the file.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        let mut sections = Vec::new();
        section(&mut sections, 1, &identification_octets(&self.identification));
        section(&mut sections, 3, &grid_octets(&self.grid));
        let length = 16 + sections.len() + self.fields.len() + 4;
        let mut file = b"GRIB\xff\xff".to_vec();
        file.extend([self.discipline, 2]);
        file.extend(u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
        file.extend(sections);
        file.extend(self.fields);
        file.extend(b"7777");
        file
    }
}

/// Appends a section from its octets after the fifth.
fn section(to: &mut Vec<u8>, number: u8, octets: &[u8]) {
    to.extend(u32::try_from(5 + octets.len()).unwrap_or(u32::MAX).to_be_bytes());
    to.push(number);
    to.extend(octets);
}

fn identification_octets(identification: &Identification) -> Vec<u8> {
    let mut octets = identification.centre.to_be_bytes().to_vec();
    octets.extend(identification.subcentre.to_be_bytes());
    octets.extend([
        identification.master_tables,
        identification.local_tables,
        identification.significance,
    ]);
    octets.extend(time_octets(identification.reference_time));
    octets.extend([identification.status, identification.data_type]);
    octets
}

fn grid_octets(grid: &LatLonGrid) -> Vec<u8> {
    let signed = |udeg: i32| magnitude_32(udeg).to_be_bytes();
    let mut octets = vec![0];
    octets.extend(u32::try_from(grid.cells()).unwrap_or(u32::MAX).to_be_bytes());
    octets.extend([0, 0, 0, 0]);
    // GRS80: no radius; axes 6378137.0 m and 6356752.3 m with one decimal.
    octets.extend([4, 255, 255, 255, 255, 255]);
    octets.push(1);
    octets.extend(63_781_370_u32.to_be_bytes());
    octets.push(1);
    octets.extend(63_567_523_u32.to_be_bytes());
    octets.extend(grid.columns.to_be_bytes());
    octets.extend(grid.rows.to_be_bytes());
    // Basic angle 0, subdivisions missing: microdegrees.
    octets.extend([0, 0, 0, 0, 255, 255, 255, 255]);
    octets.extend(signed(grid.first_udeg[1]));
    octets.extend(signed(grid.first_udeg[0]));
    octets.push(0x30);
    octets.extend(signed(grid.last_udeg[1]));
    octets.extend(signed(grid.last_udeg[0]));
    octets.extend(grid.increment_udeg.iter().flat_map(|udeg| udeg.to_be_bytes()));
    octets.push(0);
    octets
}

fn product_octets(product: &Product) -> Result<Vec<u8>, GribError> {
    let template = product.template;
    let wrong = |part| GribError::Product { template, part };
    let minutes = |span: SignedDuration| {
        let minutes = i32::try_from(span.as_mins()).ok()?;
        (SignedDuration::from_mins(minutes.into()) == span)
            .then(|| magnitude_32(minutes).to_be_bytes())
    };
    let minutes = |span| minutes(span).ok_or_else(|| wrong(ProductPart::Time));
    let process = product.process;
    let mut octets = vec![0, 0];
    octets.extend(template.to_be_bytes());
    octets.extend([product.category, product.number]);
    octets.extend([process.kind, process.background, process.model]);
    octets.extend(process.cutoff_hours.to_be_bytes());
    // Unit of time 0: minutes.
    octets.extend([process.cutoff_minutes, 0]);
    octets.extend(minutes(product.forecast_time)?);
    octets.extend(surface_octets(product.first_surface));
    octets.extend(surface_octets(product.second_surface));
    if let Some(Interval { end, length, process, increment }) = product.interval {
        octets.extend(time_octets(end));
        // One time range, no field missing; unit of its length: minutes.
        octets.extend([1, 0, 0, 0, 0, process, increment, 0]);
        octets.extend(minutes(length)?);
        octets.extend([0, 0, 0, 0, 0]);
    }
    match (template, &product.remarks, product.interval) {
        (0, Remarks::None, None) => {}
        (50000, Remarks::Sources(sources), None) => {
            for source in sources {
                octets.push(source.product);
                octets.extend(source.hours.to_be_bytes());
                octets.push(source.minutes);
            }
        }
        (50008, Remarks::Rain(operations), Some(_)) => octets.extend(rain_octets(operations)),
        (50009, Remarks::BlendedRain(operations, blend), Some(_)) => {
            octets.extend(rain_octets(operations));
            let areas = u16::try_from(blend.ratios.len()).ok();
            let areas = areas.ok_or_else(|| wrong(ProductPart::Template))?;
            octets.extend(areas.to_be_bytes());
            octets.push(blend.scale);
            octets.extend(blend.ratios.iter().flat_map(|ratio| ratio.to_be_bytes()));
        }
        (50011, Remarks::Raw(rest), Some(_)) => octets.extend(rest),
        _ => return Err(wrong(ProductPart::Template)),
    }
    Ok(octets)
}

fn surface_octets(surface: Surface) -> [u8; 6] {
    let [a, b, c, d] = surface.value.map_or(u32::MAX, magnitude_32).to_be_bytes();
    [surface.kind, surface.scale.map_or(u8::MAX, magnitude_8), a, b, c, d]
}

fn rain_octets(operations: &RainOperations) -> [u8; 24] {
    let mut octets = [0; 24];
    let words = [operations.radars[0], operations.radars[1], operations.gauges];
    for (octets, word) in octets.chunks_exact_mut(8).zip(words) {
        octets.copy_from_slice(&word.to_be_bytes());
    }
    octets
}

fn packing_octets(cells: u64, largest: u8, table: &LevelTable) -> Vec<u8> {
    let mut octets = u32::try_from(cells).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    octets.extend(200_u16.to_be_bytes());
    octets.push(8);
    octets.extend(u16::from(largest).to_be_bytes());
    octets.extend(u16::try_from(table.len()).unwrap_or(u16::MAX).to_be_bytes());
    octets.push(magnitude_8(table.decimal_scale()));
    octets.extend(table.scaled().iter().flat_map(|value| magnitude_16(*value).to_be_bytes()));
    octets
}

/// Seven octets in UTC; years of the format run from 0 to 9999 here, as those of `jiff` do.
fn time_octets(time: Timestamp) -> [u8; 7] {
    let civil = time.to_zoned(TimeZone::UTC).datetime();
    let [y0, y1] = u16::try_from(civil.year()).unwrap_or(0).to_be_bytes();
    let small = |part: i8| part.unsigned_abs();
    [
        y0,
        y1,
        small(civil.month()),
        small(civil.day()),
        small(civil.hour()),
        small(civil.minute()),
        small(civil.second()),
    ]
}
