//! The files of a spool folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use jomo_core::layer::InputFile;
use jomo_core::message::Coded;
use jomo_flood::rainfall::{Cells, Product, Source as Origin};
use jomo_format::grib2::{self, Submessage};
use rayon::prelude::*;

use super::field::{self, Use};
use super::{Arrived, SoilWater, SpoolFault, boxed, cells_of, is_product};
use crate::failure::{BoxedError, CommandError, Failure};
use crate::rain::check_status;
use crate::region::Region;
use crate::source::Source;

/// Largest GRIB2 file that is read, in bytes; the largest known product has 120 MB.
const GRIB_MAX: u64 = 512 << 20;
/// Most fields of a file: soil water of six hours has 18; each costs memory for all cells.
const FIELDS_MAX: usize = 256;
/// A file whose name tells a time this long before the window is not opened: no product reaches
/// farther ahead than 15 hours.
const NAMED_OLD: SignedDuration = SignedDuration::from_hours(24);
/// Digits of the time in the name of a product, behind the sender: `Z__C_RJTD_20170807001000_`.
const STAMP: usize = 14;

/// What stands in a file, without its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The preferred source of rain in it; `None` where it holds soil water only.
    pub rain: Option<Origin>,
    /// Its newest reference time.
    pub reference_time: Timestamp,
}

/// Looks at a file that has arrived: is it whole, and what is it? All of it is checked.
///
/// # Errors
/// As a file of [`read_spool`] is refused.
pub fn look(bytes: &[u8], region: &Region) -> Result<Looked, BoxedError> {
    let fields = fields(bytes, region)?;
    let (mut rain, mut newest) = (None, None);
    for (field, how) in &fields {
        field.check().map_err(boxed)?;
        match how {
            Use::Rain(source) => {
                rain = Some(rain.map_or(*source, |known: Origin| known.min(*source)));
            }
            Use::SoilTotal | Use::SoilUpper => {}
            Use::Aside | Use::Other => continue,
        }
        newest = newest.max(Some(field.identification().reference_time));
    }
    match newest {
        Some(reference_time) => Ok(Looked { rain, reference_time }),
        None => Err(boxed(SpoolFault::Other)),
    }
}

/// Reads the rain of a region that had arrived at a time, for a window of time.
///
/// Files are read in parallel and taken in the order of their names: the same files give the same
/// answer. Names that begin with a point or end in anything but `.bin` are left alone.
///
/// # Errors
/// If the folder cannot be listed or the region lies beside JMA's grid; never for a file.
pub fn read_spool(
    spool: &Path,
    region: &Region,
    window: [Timestamp; 2],
    at: Timestamp,
) -> Result<Arrived, Failure> {
    let cells = cells_of(region)?;
    let asked = Asked { region, cells: &cells, window, at };
    let paths = listed(spool)?;
    let read: Vec<(String, Read)> = paths
        .par_iter()
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let found = asked.read(path, &name);
            (name, found)
        })
        .collect();
    let mut arrived = Arrived {
        cells,
        products: Vec::new(),
        soil_water: None,
        inputs: Vec::new(),
        faults: jomo_core::fault::Faults::default(),
        refused: Vec::new(),
        later: 0,
    };
    let mut taken = Taken::default();
    for (name, found) in read {
        arrived.take(name, found, &mut taken);
    }
    // Soil water of one file replaces that of another.
    let unused = |file: &InputFile| {
        taken.soil_only.contains(&file.sha256) && taken.soil.as_ref() != Some(&file.sha256)
    };
    arrived.inputs.retain(|file| !unused(file));
    Ok(arrived)
}

/// Hashes of files while they are taken.
#[derive(Default)]
struct Taken {
    /// Name of each.
    names: BTreeMap<String, String>,
    /// Those with soil water only.
    soil_only: BTreeSet<String>,
    /// The one whose soil water is taken.
    soil: Option<String>,
}

/// The products of a folder in the order of their names.
fn listed(spool: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |source: &std::io::Error| Failure::input(spool, CommandError::io(spool, source));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(spool).map_err(|source| failed(&source))? {
        let path = entry.map_err(|source| failed(&source))?.path();
        if is_product(&path) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// What was found in a file.
pub(super) enum Read {
    /// Something to use.
    Used { file: InputFile, products: Vec<Product>, soil_water: Option<SoilWater> },
    /// It had not arrived yet.
    Later,
    /// It cannot be used.
    Refused(BoxedError),
    /// It is whole, but of no use here.
    Aside(SpoolFault),
    /// It holds nothing for this window, or only what others read.
    Foreign,
}

pub(super) struct Asked<'a> {
    pub(super) region: &'a Region,
    pub(super) cells: &'a Cells,
    pub(super) window: [Timestamp; 2],
    pub(super) at: Timestamp,
}

impl Asked<'_> {
    fn read(&self, path: &Path, name: &str) -> Read {
        if let Some(told) = self.told_by(name) {
            return told;
        }
        let source = match Source::read(path, GRIB_MAX) {
            Ok(source) => source,
            // One error stands in for the first; a file has no more than one.
            Err(failure) => {
                let fault = failure.errors.into_iter().next();
                return fault.map_or(Read::Foreign, Read::Refused);
            }
        };
        self.judged(source).unwrap_or_else(Read::Refused)
    }

    /// What the time in a name tells without opening the file.
    fn told_by(&self, name: &str) -> Option<Read> {
        let time = stamp(name)?;
        let [start, _] = self.window;
        if time.saturating_add(NAMED_OLD).is_ok_and(|end| end < start) {
            return Some(Read::Aside(SpoolFault::Old { end: time, start }));
        }
        let latest = self.at.saturating_add(NAMED_OLD).unwrap_or(Timestamp::MAX);
        (latest < time).then_some(Read::Later)
    }

    pub(super) fn judged(&self, source: Source) -> Result<Read, BoxedError> {
        let [start, end] = self.window;
        let (mut products, mut totals, mut uppers) = (Vec::new(), Vec::new(), Vec::new());
        let (mut seen, mut known, mut aside) = (false, false, false);
        let mut last = Timestamp::MIN;
        for (field, how) in fields(&source.bytes, self.region)? {
            aside |= how == Use::Aside;
            if matches!(how, Use::Aside | Use::Other) {
                continue;
            }
            seen = true;
            if self.at < field.identification().reference_time {
                continue;
            }
            known = true;
            let valid = field.product().valid_time;
            last = last.max(valid);
            match how {
                Use::Rain(of) if start < valid && begin(&field) < end => {
                    products.extend(field::rain(&field, of, self.cells)?);
                }
                Use::SoilTotal if self.is_recent(valid) => totals.push(field),
                Use::SoilUpper if self.is_recent(valid) => uppers.push(field),
                _ => {}
            }
        }
        let soil_water = self.soil_water(&totals, &uppers)?;
        if !products.is_empty() || soil_water.is_some() {
            return Ok(Read::Used { file: source.file, products, soil_water });
        }
        Ok(if !seen && !aside {
            Read::Refused(boxed(SpoolFault::Other))
        } else if seen && !known {
            Read::Later
        } else if seen && last <= start {
            Read::Aside(SpoolFault::Old { end: last, start })
        } else {
            Read::Foreign
        })
    }

    /// Whether soil water of this time can be where a run begins.
    fn is_recent(&self, valid: Timestamp) -> bool {
        self.window[0] <= valid && valid <= self.at
    }

    /// The newest time for which both fields are there.
    fn soil_water(
        &self,
        totals: &[Submessage<'_>],
        uppers: &[Submessage<'_>],
    ) -> Result<Option<SoilWater>, BoxedError> {
        let time = |field: &Submessage<'_>| {
            preference(field.product().valid_time, field.identification().reference_time)
        };
        let upper_of =
            |total: &Submessage<'_>| uppers.iter().find(|upper| time(upper) == time(total));
        let both = totals.iter().filter_map(|total| Some((total, upper_of(total)?)));
        let Some((total, upper)) = both.max_by_key(|(total, _)| time(total)) else {
            return Ok(None);
        };
        let (_, valid_time, reference_time) = time(total);
        let total_mm = field::values(total, self.cells)?;
        let upper_mm = field::values(upper, self.cells)?;
        Ok(Some(SoilWater { reference_time, valid_time, total_mm, upper_mm }))
    }
}

/// Soil water that was analysed comes before any that was foreseen, then the newer.
fn preference(valid: Timestamp, reference: Timestamp) -> (bool, Timestamp, Timestamp) {
    (valid <= reference, valid, reference)
}

/// The fields of a file, unless its issuer marks it as a test and the region is real, or the other
/// way round.
fn fields<'a>(bytes: &'a [u8], region: &Region) -> Result<Vec<(Submessage<'a>, Use)>, BoxedError> {
    let read = grib2::read(bytes).map_err(boxed)?;
    if FIELDS_MAX < read.len() {
        return Err(boxed(SpoolFault::Fields { fields: read.len(), most: FIELDS_MAX }));
    }
    let mut found = Vec::with_capacity(read.len());
    for field in read {
        check_status(&field, region).map_err(boxed)?;
        let how = Use::of(&field);
        found.push((field, how));
    }
    Ok(found)
}

fn begin(field: &Submessage<'_>) -> Timestamp {
    let product = field.product();
    let length = product.interval.map_or(SignedDuration::ZERO, |interval| interval.length);
    product.valid_time.checked_sub(length).unwrap_or(Timestamp::MIN)
}

/// The time in the name of a product, `YYYYMMDDhhmmss` between underscores.
fn stamp(name: &str) -> Option<Timestamp> {
    let digits = name
        .split('_')
        .find(|part| part.len() == STAMP && part.bytes().all(|byte| byte.is_ascii_digit()))?;
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i8>().ok();
    let year = digits.get(..4)?.parse::<i16>().ok()?;
    let civil = jiff::civil::DateTime::new(
        year,
        number(4..6)?,
        number(6..8)?,
        number(8..10)?,
        number(10..12)?,
        number(12..14)?,
        0,
    );
    civil.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

impl Arrived {
    /// Takes what was found in a file.
    fn take(&mut self, name: String, found: Read, taken: &mut Taken) {
        match found {
            Read::Used { file, products, soil_water } => {
                if let Some(first) = taken.names.get(&file.sha256) {
                    let fault = SpoolFault::Duplicate { name: first.clone() };
                    self.refused.push((name, fault.code()));
                    return;
                }
                taken.names.insert(file.sha256.clone(), name);
                if products.is_empty() {
                    taken.soil_only.insert(file.sha256.clone());
                }
                self.products.extend(products);
                let time = |soil: &SoilWater| preference(soil.valid_time, soil.reference_time);
                if self.soil_water.as_ref().map(time) < soil_water.as_ref().map(time) {
                    self.soil_water = soil_water;
                    taken.soil = Some(file.sha256.clone());
                }
                self.inputs.push(file);
            }
            Read::Later => self.later += 1,
            Read::Foreign => {}
            Read::Aside(fault) => self.refused.push((name, fault.code())),
            Read::Refused(fault) => {
                self.faults.add(fault.code(), || name.clone());
                self.refused.push((name, fault.code()));
            }
        }
    }
}
