//! Parameters of the storage function method (貯留関数法), one basin a row: CSV with a header, as
//! river offices keep them.
//!
//! Columns `code`, `area_km2`, `k`, `p`, `lag_h`, `f1` (primary runoff ratio), `rsa_mm`
//! (saturation rainfall) and, if there is one, `base_flow_m3_s`; where its outlet is, `reach` (the
//! id of the reach at whose lower end it is) or `lon` and `lat`; others are not read. UTF-8 or
//! CP932, LF or CRLF. A bad row is counted under a stable code (`storage-*`, `row-*`) with its
//! number from 1 after the header, and kept out.

use std::collections::BTreeSet;

use jomo_core::fault::Faults;

use crate::rows::{Row, Rows, TableError, TableKind};

/// Columns that must be there.
const COLUMNS: [&str; 7] = ["code", "area_km2", "k", "p", "lag_h", "f1", "rsa_mm"];

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
    /// Id of the reach at whose lower end the outlet is.
    pub reach: Option<String>,
    /// Longitude and latitude of the outlet in degrees.
    pub lon_lat: Option<[f64; 2]>,
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StorageRead {
    /// The sound rows, in the order of the file.
    pub basins: Vec<StorageRow>,
    /// The rows kept out.
    pub faults: Faults,
}

/// Reads the parameters of basins.
///
/// ```
/// let text = "code,area_km2,k,p,lag_h,f1,rsa_mm\nB1,36.5,25,0.6,1.2,0.5,120\n";
/// let read = jomo_format::storage_csv::basins(text.as_bytes())?;
/// assert_eq!((read.basins[0].k, read.basins[0].base_flow_m3_s), (25.0, 0.0));
/// # Ok::<(), jomo_format::rows::TableError>(())
/// ```
///
/// # Errors
/// [`TableError`]: no text, no header, or columns that are missing.
pub fn basins(bytes: &[u8]) -> Result<StorageRead, TableError> {
    let mut read = StorageRead::default();
    let mut seen = BTreeSet::new();
    let rows = Rows::new(bytes, TableKind::StorageBasins, &COLUMNS, &[])?;
    rows.each(&mut read.faults, |row| {
        let basin = basin(row)?;
        if !seen.insert(basin.code.clone()) {
            return Err("storage-code-repeated");
        }
        read.basins.push(basin);
        Ok(())
    })?;
    Ok(read)
}

/// The basin of a row, or the code of its fault.
fn basin(row: &Row<'_>) -> Result<StorageRow, &'static str> {
    let code = row.id("code").ok_or("storage-code")?;
    let optional = |name, bounds| row.number(name, bounds, "storage-number");
    let number = |name, bounds| optional(name, bounds)?.ok_or("storage-number");
    let reach = match row.text("reach") {
        "" => None,
        _ => Some(row.id("reach").ok_or("storage-reach")?),
    };
    Ok(StorageRow {
        code,
        area_km2: number("area_km2", [1e-3, 1e5])?,
        k: number("k", [1e-3, 1e4])?,
        p: number("p", [0.1, 1.0])?,
        lag_h: number("lag_h", [0.0, 240.0])?,
        primary_ratio: number("f1", [0.0, 1.0])?,
        saturation_mm: number("rsa_mm", [0.0, 1e4])?,
        base_flow_m3_s: optional("base_flow_m3_s", [0.0, 1e5])?.unwrap_or(0.0),
        reach,
        lon_lat: row.lon_lat()?,
    })
}

#[cfg(test)]
mod tests {
    use jomo_core::message::Coded as _;

    use super::*;
    use crate::vector::hostile::prefixes_and_flips;

    const TABLE: &str = "\u{feff}code,name,AREA_km2,k,p,lag_h,f1,rsa_mm,base_flow_m3_s,reach,lon,lat\r\n\
        B1,upper,36.5,25,0.6,1.2,0.5,120,0.8,a7f3,,\r\n\
        \r\n\
        B2,lower,12,18.5,0.55,0,1,0,,,139.1,36.5\r\n";

    #[test]
    fn basins_are_read() {
        let read = basins(TABLE.as_bytes()).unwrap();
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        let told: Vec<String> = read.basins.iter().map(|basin| format!("{basin:?}")).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        StorageRow { code: "B1", area_km2: 36.5, k: 25.0, p: 0.6, lag_h: 1.2, primary_ratio: 0.5, saturation_mm: 120.0, base_flow_m3_s: 0.8, reach: Some("a7f3"), lon_lat: None }
        StorageRow { code: "B2", area_km2: 12.0, k: 18.5, p: 0.55, lag_h: 0.0, primary_ratio: 1.0, saturation_mm: 0.0, base_flow_m3_s: 0.0, reach: None, lon_lat: Some([139.1, 36.5]) }
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

    /// An outlet that cannot be read keeps its row out: it would be looked for elsewhere.
    #[test]
    fn a_bad_outlet_is_counted_with_its_number() {
        let rows = "code,area_km2,k,p,lag_h,f1,rsa_mm,reach,lon,lat\n\
                    a,1,1,0.5,0,1,0,a b,,\n\
                    b,1,1,0.5,0,1,0,,139,x\n\
                    c,1,1,0.5,0,1,0,,139,136\n\
                    d,1e308,1,0.5,0,1,0,r,,\n\
                    e,1,1,0.5,0,1,0,,,\n";
        let read = basins(rows.as_bytes()).unwrap();
        assert_eq!(read.basins.iter().map(|row| row.code.as_str()).collect::<Vec<_>>(), ["e"]);
        let told =
            read.faults.iter().map(|(code, fault)| format!("{code} {}", fault.places.join(" ")));
        insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r"
        geometry-outside row 3
        position-not-a-number row 2
        storage-number row 4
        storage-reach row 1
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
