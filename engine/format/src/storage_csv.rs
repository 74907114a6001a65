//! Parameters of the storage function method (貯留関数法), one basin a row: CSV with a header, as
//! river offices keep them.
//!
//! Columns `code`, `area_km2`, `k`, `p`, `lag_h`, `f1` (primary runoff ratio), `rsa_mm`
//! (saturation rainfall) and, if there is one, `base_flow_m3_s`; others are not read. UTF-8 or
//! CP932, LF or CRLF. A bad row is counted under a stable code (`storage-*`, `row-*`) with its
//! number from 1 after the header, and kept out.

use std::collections::BTreeSet;

use jomo_core::fault::Faults;
use jomo_core::message::{Arguments, Coded, Names};

use crate::table::{header_names, unsound};
use crate::vector::{VectorError, decode};

/// Longest code of a basin, as ids are everywhere.
const CODE_MAX: usize = 64;

/// Columns that must be there, in the order of the numbers of a row after the code.
const COLUMNS: [&str; 7] = ["code", "area_km2", "k", "p", "lag_h", "f1", "rsa_mm"];

/// Least and greatest value of the numbers of a row after the code, bounds included.
const RANGES: [[f64; 2]; 6] =
    [[1e-3, 1e5], [1e-3, 1e4], [0.1, 1.0], [0.0, 240.0], [0.0, 1.0], [0.0, 1e4]];

/// One basin.
#[derive(Clone, Debug, PartialEq)]
pub struct StorageRow {
    /// Code of the basin, 1 to 64 printable ASCII characters without spaces.
    pub code: String,
    /// Area, km².
    pub area_km2: f64,
    /// `K` of `S = K q^p`, for `S` in mm and `q` in mm/h.
    pub k: f64,
    /// `p`.
    pub p: f64,
    /// Lag in h.
    pub lag_h: f64,
    /// Share of the basin that runs off from the start.
    pub primary_ratio: f64,
    /// Rain after which the rest runs off too, mm.
    pub saturation_mm: f64,
    /// Base flow, m³/s; 0 where the table does not say.
    pub base_flow_m3_s: f64,
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StorageRead {
    /// The sound rows, in the order of the file.
    pub basins: Vec<StorageRow>,
    /// The rows kept out.
    pub faults: Faults,
}

/// Why a table of basins could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageCsvError {
    /// No text, no header, or a header with repeated names.
    #[error(transparent)]
    Table(#[from] VectorError),
    /// Columns that must be there are not.
    #[error("no column {}; the columns are {}", missing.join(", "), Names(columns))]
    Columns {
        /// Names of all columns that are missing.
        missing: Vec<&'static str>,
        /// The columns of the file.
        columns: Vec<String>,
    },
}

impl Coded for StorageCsvError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::Columns { .. } => "storage-csv-columns",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Table(error) => error.arguments(),
            Self::Columns { missing, columns } => vec![
                ("missing", missing.join(", ")),
                ("columns", Names(columns).shown()),
                ("more", Names(columns).more()),
            ],
        }
    }
}

/// Reads the parameters of basins.
///
/// ```
/// let text = "code,area_km2,k,p,lag_h,f1,rsa_mm\nB1,36.5,25,0.6,1.2,0.5,120\n";
/// let read = jomo_format::storage_csv::basins(text.as_bytes())?;
/// assert_eq!((read.basins[0].k, read.basins[0].base_flow_m3_s), (25.0, 0.0));
/// # Ok::<(), jomo_format::storage_csv::StorageCsvError>(())
/// ```
///
/// # Errors
/// [`StorageCsvError`]: no text, no header, or columns that are missing.
pub fn basins(bytes: &[u8]) -> Result<StorageRead, StorageCsvError> {
    let text = decode(bytes, None)?;
    let mut records = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
        .into_records();
    let header = records.next().ok_or(VectorError::NoHeader)?;
    let names = header_names(&header.map_err(|error| unsound(&error))?)?;
    let place = |name: &str| names.iter().position(|other| other.eq_ignore_ascii_case(name));
    let missing: Vec<_> = COLUMNS.into_iter().filter(|name| place(name).is_none()).collect();
    if !missing.is_empty() {
        return Err(StorageCsvError::Columns { missing, columns: names });
    }
    let places: Vec<usize> = COLUMNS.into_iter().filter_map(place).collect();
    let base_flow = place("base_flow_m3_s");
    let mut read = StorageRead::default();
    let mut seen = BTreeSet::new();
    for (number, record) in (1_u64..).zip(records) {
        let record = record.map_err(|error| unsound(&error))?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let beyond = record.iter().skip(names.len()).any(|cell| !cell.trim().is_empty());
        let cell = |place: usize| record.get(place).unwrap_or_default().trim();
        let row = if record.len() < names.len() {
            Err("row-short")
        } else if beyond {
            Err("row-long")
        } else {
            basin(&places.iter().map(|place| cell(*place)).collect::<Vec<_>>(), base_flow.map(cell))
        };
        match row {
            Ok(basin) if !seen.insert(basin.code.clone()) => {
                read.faults.add("storage-code-repeated", || format!("row {number}"));
            }
            Ok(basin) => read.basins.push(basin),
            Err(code) => read.faults.add(code, || format!("row {number}")),
        }
    }
    Ok(read)
}

/// A row from its cells in the order of [`COLUMNS`], or the code of its fault.
fn basin(cells: &[&str], base_flow: Option<&str>) -> Result<StorageRow, &'static str> {
    let Some((code, cells)) = cells.split_first() else { return Err("storage-code") };
    let is_sound =
        (1..=CODE_MAX).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_sound {
        return Err("storage-code");
    }
    let mut numbers = [0.0; RANGES.len()];
    for ((number, cell), [low, high]) in numbers.iter_mut().zip(cells).zip(RANGES) {
        let value = cell.parse().ok().filter(|value| (low..=high).contains(value));
        *number = value.ok_or("storage-number")?;
    }
    let base_flow_m3_s = match base_flow.unwrap_or_default() {
        "" => 0.0,
        cell => {
            cell.parse().ok().filter(|value| (0.0..=1e5).contains(value)).ok_or("storage-number")?
        }
    };
    let [area_km2, k, p, lag_h, primary_ratio, saturation_mm] = numbers;
    let code = (*code).to_owned();
    Ok(StorageRow { code, area_km2, k, p, lag_h, primary_ratio, saturation_mm, base_flow_m3_s })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::hostile::prefixes_and_flips;

    const TABLE: &str = "\u{feff}code,name,AREA_km2,k,p,lag_h,f1,rsa_mm,base_flow_m3_s\r\n\
        B1,upper,36.5,25,0.6,1.2,0.5,120,0.8\r\n\
        \r\n\
        B2,lower,12,18.5,0.55,0,1,0,\r\n";

    #[test]
    fn basins_are_read() {
        let read = basins(TABLE.as_bytes()).unwrap();
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        let told: Vec<String> = read.basins.iter().map(|basin| format!("{basin:?}")).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        StorageRow { code: "B1", area_km2: 36.5, k: 25.0, p: 0.6, lag_h: 1.2, primary_ratio: 0.5, saturation_mm: 120.0, base_flow_m3_s: 0.8 }
        StorageRow { code: "B2", area_km2: 12.0, k: 18.5, p: 0.55, lag_h: 0.0, primary_ratio: 1.0, saturation_mm: 0.0, base_flow_m3_s: 0.0 }
        "#);
    }

    #[test]
    fn a_bad_row_is_counted_with_its_number() {
        let rows = "code,area_km2,k,p,lag_h,f1,rsa_mm\n\
                    a,1,1,0.5,0,1,0\n\
                    a,2,1,0.5,0,1,0\n\
                    b c,1,1,0.5,0,1,0\n\
                    d,0,1,0.5,0,1,0\n\
                    e,1,1,1.5,0,1,0\n\
                    f,1,1,NaN,0,1,0\n\
                    g,1,1,0.5,0,1\n\
                    h,1,1,0.5,0,1,0,9\n\
                    i,1,1,0.5,,1,0\n";
        let read = basins(rows.as_bytes()).unwrap();
        assert_eq!(read.basins.len(), 1);
        let told =
            read.faults.iter().map(|(code, fault)| format!("{code} {}", fault.places.join(" ")));
        insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r"
        row-long row 8
        row-short row 7
        storage-code row 3
        storage-code-repeated row 2
        storage-number row 4 row 5 row 6 row 9
        ");
    }

    #[test]
    fn a_bad_table_is_refused() {
        let faults = [basins(b"").unwrap_err(), basins(b"code,k,p,f1\n").unwrap_err()];
        let told = faults.map(|fault| format!("{}: {fault}", fault.code()));
        insta::assert_snapshot!(told.join("\n"), @r"
        table-no-header: the table is empty: a header is expected in its first line
        storage-csv-columns: no column area_km2, lag_h, rsa_mm; the columns are code, k, p, f1
        ");
    }

    #[test]
    fn hostile_bytes_end_in_an_answer() {
        prefixes_and_flips(TABLE.as_bytes(), |bytes| {
            let _read = basins(bytes);
        });
    }
}
