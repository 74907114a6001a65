//! Forecast levels as `jomo flood forecast` keeps them: `levels.csv` in folders.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jomo_core::fault::Faults;
use jomo_core::layer::InputFile;

use super::VerifyError;
use super::fitted::Now;
use crate::failure::{CommandError, Exit, Failure};
use crate::source::Source;

/// Name of the table in the folder of a forecast.
const TABLE: &str = "levels.csv";
/// Largest table that is read, in bytes: 500 gauges for 36 h have 10 MB.
const TABLE_MAX: u64 = 64 << 20;
/// Folders within folders that are looked into.
const DEPTH_MAX: u32 = 4;
/// Most members of a forecast.
const MEMBERS_MAX: usize = 64;
/// Columns that a table may have besides: members at the reference time, on the first row of a
/// gauge, and at the valid time.
const MEMBERS: [&str; 2] = ["members_now_m", "members_m"];
/// Columns that must be there, in the order of [`Row`].
const COLUMNS: [&str; 10] = [
    "reference_time",
    "valid_time",
    "gauge",
    "p05_m",
    "p10_m",
    "p50_m",
    "p90_m",
    "p95_m",
    "p_danger",
    "p_overflow",
];

/// One forecast level.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) reference_time: Timestamp,
    pub(super) valid_time: Timestamp,
    pub(super) lead_min: u32,
    pub(super) gauge: String,
    pub(super) quantiles_m: [f64; 5],
    pub(super) chances: [Option<f64>; 2],
    /// Members before they were dressed, now and then; empty where they are not kept.
    pub(super) members_m: [Vec<f32>; 2],
}

/// All forecast levels of the leads asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Archive {
    pub(super) rows: Vec<Row>,
    /// Members at the reference time, by gauge and time.
    pub(super) now_m: Now,
    pub(super) inputs: Vec<InputFile>,
    pub(super) faults: Faults,
    pub(super) files: u64,
}

/// Reads every table of forecasts under `places`, folders in the order of their names. Of two
/// forecasts of one gauge, reference time and valid time the first counts.
///
/// # Errors
/// A place without a forecast, a table that cannot be read or lacks columns; a bad row is counted
/// and kept out.
pub(super) fn read(places: &[PathBuf], leads_min: &[u32]) -> Result<Archive, Failure> {
    let mut archive = Archive::default();
    let mut seen = HashSet::new();
    for place in places {
        let mut files = Vec::new();
        find(place, DEPTH_MAX, &mut files)?;
        if files.is_empty() {
            let path = place.display().to_string();
            return Err(Failure::input(place, VerifyError::NoForecasts { path }));
        }
        for file in files {
            let source = Source::read(&file, TABLE_MAX)?;
            archive.files += 1;
            archive.inputs.push(source.file);
            let text = String::from_utf8_lossy(&source.bytes);
            let rows = parse(&text, leads_min, &mut archive.faults)
                .map_err(|fault| Failure::input(&file, fault))?;
            for row in rows {
                if seen.insert((row.reference_time, row.valid_time, row.gauge.clone())) {
                    let now = &row.members_m[0];
                    if !now.is_empty() {
                        let place = (row.gauge.clone(), row.reference_time);
                        archive.now_m.insert(place, now.iter().map(|m| f64::from(*m)).collect());
                    }
                    archive.rows.push(row);
                } else {
                    archive.faults.add("verify-repeated", || {
                        format!("{} {} {}", row.gauge, row.reference_time, row.valid_time)
                    });
                }
            }
        }
    }
    Ok(archive)
}

/// Tables in a place: the file itself, that of the folder, or those of the folders in it. What a
/// run has left half done or failed is passed over.
fn find(place: &Path, depth: u32, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if place.is_file() {
        files.push(place.to_owned());
        return Ok(());
    }
    let fail = |source: &std::io::Error| {
        Failure::new(Exit::Input, CommandError::io(place, source)).at(place)
    };
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(place).map_err(|source| fail(&source))? {
        let entry = entry.map_err(|source| fail(&source))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if name == TABLE && path.is_file() {
            files.push(path);
            return Ok(());
        }
        // A link could lead back to where it stands.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_left_over = name.starts_with('.')
            || [".part", ".failed", ".old"].iter().any(|end| name.ends_with(end));
        if is_folder && !is_left_over {
            folders.push(path);
        }
    }
    folders.sort();
    if 0 < depth {
        for folder in folders {
            find(&folder, depth - 1, files)?;
        }
    }
    Ok(())
}

/// The rows of a table.
fn parse(text: &str, leads_min: &[u32], faults: &mut Faults) -> Result<Vec<Row>, VerifyError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = (1_u64..).zip(text.lines());
    let header = lines.next().map_or("", |(_, header)| header);
    let places: BTreeMap<&str, usize> =
        header.split(',').map(str::trim).enumerate().map(|(place, name)| (name, place)).collect();
    let missing: Vec<&str> =
        COLUMNS.into_iter().filter(|name| !places.contains_key(name)).collect();
    if !missing.is_empty() {
        return Err(VerifyError::Columns { missing: missing.join(", ") });
    }
    let columns = COLUMNS.map(|name| places[name]);
    let members = MEMBERS.map(|name| places.get(name).copied());
    let mut rows = Vec::new();
    for (line, text) in lines {
        if text.trim().is_empty() {
            continue;
        }
        match row(text, columns, members) {
            Some(row) if leads_min.contains(&row.lead_min) => rows.push(row),
            Some(_) => {}
            None => faults.add("verify-row", || format!("line {line}")),
        }
    }
    Ok(rows)
}

/// Levels with a space between them.
fn levels(cell: &str) -> Option<Vec<f32>> {
    let mut levels = Vec::new();
    for number in cell.split_ascii_whitespace() {
        let level: f32 = number.parse().ok()?;
        if !level.is_finite() || levels.len() == MEMBERS_MAX {
            return None;
        }
        levels.push(level);
    }
    Some(levels)
}

/// A row whose numbers are sound: quantiles in ascending order, chances between 0 and 1.
fn row(text: &str, columns: [usize; 10], members: [Option<usize>; 2]) -> Option<Row> {
    let cells: Vec<&str> = text.split(',').map(str::trim).collect();
    let cell = |column: usize| cells.get(columns[column]).copied();
    let number = |column: usize| cell(column)?.parse::<f64>().ok().filter(|n| n.is_finite());
    let chance = |column: usize| match cell(column)? {
        "" => Some(None),
        _ => number(column).filter(|share| (0.0..=1.0).contains(share)).map(Some),
    };
    let reference_time: Timestamp = cell(0)?.parse().ok()?;
    let valid_time: Timestamp = cell(1)?.parse().ok()?;
    let gauge = cell(2).filter(|gauge| !gauge.is_empty())?.to_owned();
    let lead_min = u32::try_from(valid_time.duration_since(reference_time).as_mins()).ok()?;
    let quantiles_m = [number(3)?, number(4)?, number(5)?, number(6)?, number(7)?];
    let chances = [chance(8)?, chance(9)?];
    let of = |column: Option<usize>| match column {
        Some(column) => levels(cells.get(column)?),
        None => Some(Vec::new()),
    };
    let members_m = [of(members[0])?, of(members[1])?];
    quantiles_m.is_sorted().then_some(Row {
        reference_time,
        valid_time,
        lead_min,
        gauge,
        quantiles_m,
        chances,
        members_m,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        "reference_time,valid_time,gauge,p05_m,p10_m,p50_m,p90_m,p95_m,p_danger,p_overflow\n";

    #[test]
    fn a_table_is_read_row_by_row() {
        let good = "2030-07-01T00:00:00Z,2030-07-01T00:10:00Z,G1,1,1.1,1.2,1.3,1.4,0.5,\n";
        let text = [
            HEADER,
            good,
            "2030-07-01T00:00:00Z,2030-07-01T00:15:00Z,G1,1,1.1,1.2,1.3,1.4,0.5,0\n",
            "2030-07-01T00:00:00Z,2030-07-01T00:20:00Z,G1,2,1.1,1.2,1.3,1.4,0.5,0\n",
            "2030-07-01T00:00:00Z,2030-07-01T00:20:00Z,G1,1,1.1,1.2,1.3,1.4,1.5,0\n",
            "2030-07-01T00:10:00Z,2030-07-01T00:00:00Z,G1,1,1.1,1.2,1.3,1.4,0.5,0\n",
            "2030-07-01T00:00:00Z,2030-07-01T00:20:00Z,G1,1,1.1,nan,1.3,1.4,0.5,0\n",
            "\n,,\n",
        ]
        .concat();
        let mut faults = Faults::default();
        let rows = parse(&text, &[10, 20], &mut faults).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].lead_min, rows[0].chances), (10, [Some(0.5), None]));
        assert_eq!(format!("{:?}", rows[0].quantiles_m), "[1.0, 1.1, 1.2, 1.3, 1.4]");
        assert_eq!(faults.iter().map(|(_, fault)| fault.count).sum::<u64>(), 5);
        // Columns stand in any order.
        let turned = "gauge,p05_m,p10_m,p50_m,p90_m,p95_m,p_danger,p_overflow,valid_time,\
                      reference_time\nG1,1,1.1,1.2,1.3,1.4,0.5,,2030-07-01T00:10:00Z,\
                      2030-07-01T00:00:00Z\n";
        assert_eq!(parse(turned, &[10], &mut faults).unwrap(), rows);
        let missing = parse("gauge,p05_m\n", &[10], &mut faults).unwrap_err();
        insta::assert_snapshot!(missing, @"columns missing: reference_time, valid_time, p10_m, p50_m, p90_m, p95_m, p_danger, p_overflow");
    }

    /// Members are kept where they are there, and a row with too many or with none that is a number
    /// is no row.
    #[test]
    fn members_are_read_where_they_are() {
        let row = |members: &str| {
            let header = HEADER.trim_end();
            let text = format!(
                "{header},members_now_m,members_m\n2030-07-01T00:00:00Z,2030-07-01T00:10:00Z,G1,\
                 1,1.1,1.2,1.3,1.4,,,{members}\n"
            );
            let mut faults = Faults::default();
            parse(&text, &[10], &mut faults).unwrap().pop()
        };
        assert_eq!(row("1.5 1.25,2 3").unwrap().members_m, [vec![1.5, 1.25], vec![2.0, 3.0]]);
        assert_eq!(row(",2").unwrap().members_m, [vec![], vec![2.0]]);
        for wrong in ["x,", "nan,", ",1e99", &format!(",{}", "1 ".repeat(65))] {
            assert!(row(wrong).is_none(), "{wrong}");
        }
        assert_eq!(row(&format!(",{}", "1 ".repeat(64))).unwrap().members_m[1].len(), 64);
    }

    /// Any prefix of a table is read without a panic.
    #[test]
    fn every_prefix_is_answered() {
        let text = format!(
            "{HEADER}2030-07-01T00:00:00Z,2030-07-01T00:10:00Z,G1,1,1.1,1.2,1.3,1.4,0.5,1\n"
        );
        for end in 0..text.len() {
            let mut faults = Faults::default();
            if let Ok(rows) = parse(&text[..end], &[10], &mut faults) {
                assert!(rows.len() <= 1);
            }
        }
    }
}
