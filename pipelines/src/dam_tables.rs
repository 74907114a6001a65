//! Dams and their releases as forecasts take them.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use jomo_core::fault::Faults;
use jomo_core::layer::InputFile;
use jomo_format::dam_csv::{self, DamRow, ReleaseRow};

use crate::failure::Failure;
use crate::gauge_tables::{TABLE_MAX, read_all};
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
#[derive(Debug, Default)]
pub struct Dams {
    /// The dams, in the order of the table.
    pub dams: Vec<DamRecord>,
    /// Files of releases without a single sound row, by what is wrong with their rows.
    pub faults: Faults,
    /// Rows kept out, by code: facts of the tables, the same whenever they are read.
    pub standing: Faults,
    /// The files, that of the dams first.
    pub inputs: Vec<InputFile>,
    /// Files of releases that could not be read: what they hold is missing.
    pub unread: Vec<Failure>,
}

impl Dams {
    /// The dams and releases, all of them.
    ///
    /// # Errors
    /// The first file that could not be read.
    pub fn whole(mut self) -> Result<Self, Failure> {
        if self.unread.is_empty() { Ok(self) } else { Err(self.unread.swap_remove(0)) }
    }
}

/// Reads the table of dams and the releases up to `until`: one file, or every `*.csv` of a folder
/// in the order of their names, of which the later says what a release was.
///
/// A file of releases that cannot be read is kept with what is wrong: [`Dams::unread`].
///
/// # Errors
/// If the table of dams cannot be read as a whole; a bad row is counted and kept out.
pub fn dams(table: &Path, releases: Option<&Path>, until: Timestamp) -> Result<Dams, Failure> {
    let mut all = Dams::default();
    let source = Source::read(table, TABLE_MAX)?;
    let rows = dam_csv::dams(&source.bytes).map_err(|fault| Failure::input(table, fault))?;
    all.inputs.push(source.file);
    all.standing.merge(rows.faults);
    let mut known: BTreeMap<String, BTreeMap<Timestamp, ReleaseRow>> = BTreeMap::new();
    let (tables, unread) = read_all(releases, dam_csv::releases);
    all.unread = unread;
    for (file, read) in tables {
        all.inputs.push(file);
        let rows = if read.releases.is_empty() { &mut all.faults } else { &mut all.standing };
        rows.merge(read.faults);
        for (id, rows) in read.releases {
            let own = known.entry(id).or_default();
            own.extend(rows.iter().filter(|row| row.time <= until).map(|row| (row.time, *row)));
        }
    }
    if rows.dams.is_empty() {
        all.faults.merge(std::mem::take(&mut all.standing));
    }
    for dam in rows.dams {
        let releases = known.remove(&dam.id).unwrap_or_default().into_values().collect();
        all.dams.push(DamRecord { dam, releases });
    }
    for id in known.into_keys() {
        all.standing.add("release-without-dam", || id);
    }
    Ok(all)
}
