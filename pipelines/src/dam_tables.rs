//! Dams and their releases as forecasts take them.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use jomo_core::fault::Faults;
use jomo_core::layer::InputFile;
use jomo_format::dam_csv::{self, DamRow, ReleaseRow};

use crate::failure::Failure;
use crate::gauge_tables::{TABLE_MAX, reading_files};
use crate::source::Source;

/// A dam and what it let out, in ascending time.
#[derive(Clone, Debug, PartialEq)]
pub struct DamRecord {
    /// As the table has it.
    pub dam: DamRow,
    /// What it did until the time asked for.
    pub releases: Vec<ReleaseRow>,
}

/// All dams of a region.
#[derive(Clone, Debug, Default)]
pub struct Dams {
    /// The dams, in the order of the table.
    pub dams: Vec<DamRecord>,
    /// Rows kept out, by code.
    pub faults: Faults,
    /// The files, that of the dams first.
    pub inputs: Vec<InputFile>,
}

/// Reads the table of dams and the releases up to `until`: one file, or every `*.csv` of a folder
/// in the order of their names, of which the later says what a release was.
///
/// # Errors
/// If a table cannot be read as a whole; a bad row is counted and kept out.
pub fn dams(table: &Path, releases: Option<&Path>, until: Timestamp) -> Result<Dams, Failure> {
    let mut all = Dams::default();
    let source = Source::read(table, TABLE_MAX)?;
    let rows = dam_csv::dams(&source.bytes).map_err(|fault| Failure::input(table, fault))?;
    all.inputs.push(source.file);
    all.faults.merge(rows.faults);
    let mut known: BTreeMap<String, BTreeMap<Timestamp, ReleaseRow>> = BTreeMap::new();
    for path in reading_files(releases)? {
        let source = Source::read(&path, TABLE_MAX)?;
        let read =
            dam_csv::releases(&source.bytes).map_err(|fault| Failure::input(&path, fault))?;
        all.inputs.push(source.file);
        all.faults.merge(read.faults);
        for (id, rows) in read.releases {
            let own = known.entry(id).or_default();
            own.extend(rows.iter().filter(|row| row.time <= until).map(|row| (row.time, *row)));
        }
    }
    for dam in rows.dams {
        let releases = known.remove(&dam.id).unwrap_or_default().into_values().collect();
        all.dams.push(DamRecord { dam, releases });
    }
    for id in known.into_keys() {
        all.faults.add("release-without-dam", || id);
    }
    Ok(all)
}
