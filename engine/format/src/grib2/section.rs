//! Messages and their sections.

use super::CELLS_MAX;
use super::error::{Feature, GribError};
use super::grid::{LatLonGrid, Window};
use super::levels::{LevelGrid, LevelTable, Levels};
use super::octets::{Octets, index, signed_8};
use super::product::{Identification, Product};
use super::run_length::Coding;

/// Bytes of section 0.
const INDICATOR: usize = 16;

/// One field of a message: its grid, product and packed values.
#[derive(Clone, Debug)]
pub struct Submessage<'a> {
    identification: Identification,
    grid: LatLonGrid,
    product: Product,
    packing: Packing<'a>,
    coding: Coding,
    data: &'a [u8],
}

impl Submessage<'_> {
    /// Section 1 of its message.
    #[must_use]
    pub fn identification(&self) -> &Identification {
        &self.identification
    }

    /// Its grid.
    #[must_use]
    pub fn grid(&self) -> &LatLonGrid {
        &self.grid
    }

    /// What it shows and when.
    #[must_use]
    pub fn product(&self) -> &Product {
        &self.product
    }

    /// The table of its levels.
    #[must_use]
    pub fn table(&self) -> LevelTable {
        LevelTable::read(self.packing.decimal_scale, self.packing.table)
    }

    /// Largest level in use in this field, as it states (MV).
    #[must_use]
    pub fn largest_level(&self) -> u16 {
        self.packing.largest
    }

    /// The levels of a window. Reading ends with the last row of the window; what lies behind
    /// is not looked at (see [`Self::check`]).
    ///
    /// # Errors
    /// If the window is empty, leaves the grid or has more than [`CELLS_MAX`] cells, or if the
    /// runs are broken, too many or too few.
    pub fn decode(&self, window: &Window) -> Result<LevelGrid, GribError> {
        self.grid.check(window)?;
        let [rows, columns] = window.shape();
        let cells = rows.checked_mul(columns).filter(|cells| *cells <= CELLS_MAX);
        let Some(cells) = cells else {
            let cells = u64::from(window.rows.end - window.rows.start)
                * u64::from(window.columns.end - window.columns.start);
            return Err(GribError::TooLarge { cells, most: CELLS_MAX });
        };
        let levels = if u8::try_from(self.packing.largest).is_ok() {
            let mut plane = vec![0; cells];
            self.coding.fill(self.data, self.grid.columns, window, &mut plane)?;
            Levels::Byte(plane)
        } else {
            let mut plane = vec![0; cells];
            self.coding.fill(self.data, self.grid.columns, window, &mut plane)?;
            Levels::Word(plane)
        };
        Ok(LevelGrid { window: window.clone(), levels, table: self.table() })
    }

    /// All levels.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn decode_all(&self) -> Result<LevelGrid, GribError> {
        self.decode(&self.grid.whole())
    }

    /// Reads all runs without keeping a cell: do they fill the grid exactly?
    ///
    /// # Errors
    /// If the runs are broken, too many or too few.
    pub fn check(&self) -> Result<(), GribError> {
        self.coding.check(self.data)
    }
}

/// Section 5.
#[derive(Clone, Copy, Debug)]
struct Packing<'a> {
    bits: u8,
    largest: u16,
    decimal_scale: i8,
    table: &'a [u8],
}

impl<'a> Packing<'a> {
    fn read(section: Octets<'a>, grid: &LatLonGrid) -> Result<Self, GribError> {
        let offset = section.offset;
        let unsupported =
            |what, found| Err(GribError::Unsupported { offset, what, found: u32::from(found) });
        let template = section.u16(10)?;
        if template != 200 {
            return unsupported(Feature::PackingTemplate, template);
        }
        let found = u64::from(section.u32(6)?);
        if found != grid.cells() {
            return Err(GribError::Count { offset, expected: grid.cells(), found });
        }
        let bits = section.u8(12)?;
        let symbols = match bits {
            8 => u16::from(u8::MAX),
            16 => u16::MAX,
            _ => return unsupported(Feature::SymbolBits, bits.into()),
        };
        let largest = section.u16(13)?;
        let levels = section.u16(15)?;
        let last = levels.min(symbols);
        if last < largest {
            return Err(GribError::Levels { offset, largest, table: last });
        }
        let decimal_scale = signed_8(section.u8(17)?);
        exact_length(section, 5, 17 + 2 * usize::from(levels))?;
        Ok(Self { bits, largest, decimal_scale, table: section.from(18) })
    }
}

/// All fields of a file, in order. Nothing is decoded yet: the fields refer to `bytes`.
///
/// # Errors
/// If the file is no sequence of GRIB2 messages, if lengths, order or counts contradict each
/// other, and if a message uses a part of GRIB2 that is not read here.
pub fn read(bytes: &[u8]) -> Result<Vec<Submessage<'_>>, GribError> {
    let mut fields = Vec::new();
    let mut offset = 0;
    loop {
        offset = message(bytes, offset, &mut fields)?;
        if offset == bytes.len() {
            return Ok(fields);
        }
    }
}

/// Reads the message at `offset`; returns where it ends.
fn message<'a>(
    bytes: &'a [u8],
    offset: usize,
    fields: &mut Vec<Submessage<'a>>,
) -> Result<usize, GribError> {
    let rest = bytes.get(offset..).unwrap_or_default();
    if !rest.starts_with(b"GRIB") {
        return Err(GribError::NoMessage { offset });
    }
    let indicator = Octets::new(rest, offset);
    let edition = indicator.u8(8)?;
    if edition != 2 {
        let found = u32::from(edition);
        return Err(GribError::Unsupported { offset, what: Feature::Edition, found });
    }
    let discipline = indicator.u8(7)?;
    let needed = indicator.u64(9)?;
    let length = usize::try_from(needed).ok().filter(|length| *length <= rest.len());
    let Some(length) = length else {
        return Err(GribError::Truncated { offset, needed, left: rest.len() });
    };
    let end = offset + length;
    let Some(body) = rest[..length].strip_suffix(b"7777").and_then(|body| body.get(INDICATOR..))
    else {
        return Err(GribError::NoEnd { offset: end.saturating_sub(4) });
    };
    Sections { discipline, body, offset: offset + INDICATOR, last: 0 }.read(fields)?;
    Ok(end)
}

/// The sections of a message between indicator and end.
struct Sections<'a> {
    discipline: u8,
    body: &'a [u8],
    offset: usize,
    /// Number of the section read last.
    last: u8,
}

impl<'a> Sections<'a> {
    fn read(mut self, fields: &mut Vec<Submessage<'a>>) -> Result<(), GribError> {
        let identification = {
            let section = self.expect(1, 21)?;
            Identification::read(section)?
        };
        let mut grid = None;
        let mut product = None;
        let mut packing = None;
        while let Some((number, section)) = self.next()? {
            match (number, &grid, &product, &packing) {
                (2, ..) => {}
                (3, ..) => grid = Some(LatLonGrid::read(at_least(section, 3, 72)?)?),
                (4, Some(_), ..) => {
                    let section = at_least(section, 4, 34)?;
                    let time = identification.reference_time;
                    product = Some(Product::read(section, self.discipline, time)?);
                }
                (5, Some(grid), Some(_), _) => {
                    packing = Some(Packing::read(at_least(section, 5, 17)?, grid)?);
                }
                (6, ..) => no_bitmap(at_least(section, 6, 6)?)?,
                (7, Some(grid), Some(product), Some(packing)) => fields.push(Submessage {
                    identification,
                    grid: *grid,
                    product: product.clone(),
                    packing: *packing,
                    coding: Coding {
                        bits: packing.bits,
                        largest: packing.largest,
                        count: grid.cells(),
                        offset: section.offset + 5,
                    },
                    data: section.from(6),
                }),
                _ => return Err(self.out_of_order(section.offset, number)),
            }
        }
        if self.last == 7 { Ok(()) } else { Err(self.out_of_order(self.offset, 8)) }
    }

    /// The next section, if it may follow the one before; `None` at the end of the message.
    fn next(&mut self) -> Result<Option<(u8, Octets<'a>)>, GribError> {
        if self.body.is_empty() {
            return Ok(None);
        }
        let (offset, head) = (self.offset, Octets::new(self.body, self.offset));
        let needed = head.u32(1)?;
        let number = head.u8(5)?;
        let length = index(needed);
        if length < 5 {
            let section = number;
            return Err(GribError::SectionLength { offset, section, expected: 5, found: length });
        }
        let Some((bytes, rest)) = self.body.split_at_checked(length) else {
            let left = self.body.len();
            return Err(GribError::Truncated { offset, needed: needed.into(), left });
        };
        if !follows(self.last, number) {
            return Err(self.out_of_order(offset, number));
        }
        self.last = number;
        self.body = rest;
        self.offset += length;
        Ok(Some((number, Octets::new(bytes, offset))))
    }

    /// The next section, which must have this number and at least this length.
    fn expect(&mut self, number: u8, length: usize) -> Result<Octets<'a>, GribError> {
        match self.next()? {
            Some((found, section)) if found == number => at_least(section, number, length),
            _ => Err(self.out_of_order(self.offset, 8)),
        }
    }

    fn out_of_order(&self, offset: usize, found: u8) -> GribError {
        GribError::SectionOrder { offset, after: self.last, found }
    }
}

/// Whether a section may follow another: after the data of a field, sections 2 to 7, 3 to 7 or
/// 4 to 7 may come again; what is not repeated stays in force.
fn follows(last: u8, next: u8) -> bool {
    match last {
        1 => matches!(next, 2 | 3),
        7 => matches!(next, 2..=4),
        _ => next == last + 1,
    }
}

fn no_bitmap(section: Octets<'_>) -> Result<(), GribError> {
    match section.u8(6)? {
        255 => Ok(()),
        indicator => Err(GribError::Unsupported {
            offset: section.offset,
            what: Feature::Bitmap,
            found: u32::from(indicator),
        }),
    }
}

fn at_least(section: Octets<'_>, number: u8, expected: usize) -> Result<Octets<'_>, GribError> {
    let (offset, found) = (section.offset, section.len());
    if found < expected {
        return Err(GribError::SectionLength { offset, section: number, expected, found });
    }
    Ok(section)
}

fn exact_length(section: Octets<'_>, number: u8, expected: usize) -> Result<(), GribError> {
    let (offset, found) = (section.offset, section.len());
    if found != expected {
        return Err(GribError::SectionLength { offset, section: number, expected, found });
    }
    Ok(())
}
