//! Tables of dams and of what they take in and let out: CSV with a header.
//!
//! That of **dams** has one row for each: `id`, `normal_level_m` (the level that its lake is kept
//! at while nothing happens), and where known `name`, `lat`, `lon`, `basin_km2` (what drains into
//! it), `lake_km2` (area of the lake at that level), `crest_level_m` and `crest_length_m` (the
//! spillway that nobody can close), `flood_m3_s` and `release_share` (inflow at which flood control
//! begins, and the share of what is above that is let through; both or neither). That of
//! **releases** has one row for each dam and instant: `id`, `time` (RFC 3339 with an offset),
//! `outflow_m3_s`, and where known `inflow_m3_s` and `level_m`, in the datum of the first table.
//!
//! UTF-8 or CP932, LF or CRLF. Blank rows are skipped; a bad row is counted under a stable code
//! (`dam-*`, `release-*`, `row-*`) with its number from 1 after the header, and kept out. Column
//! names are compared without case and underscores ([`crate::rows`]).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jomo_core::fault::Faults;

use crate::rows::{Row, Rows, TableError, TableKind};

/// Bounds of a level in m, of an area in km², of a flow in m³/s, of a length in m.
const LEVEL_M: [f64; 2] = [-4_000.0, 4_000.0];
const AREA_KM2: [f64; 2] = [1e-4, 1e5];
const FLOW_M3_S: [f64; 2] = [0.0, 1e5];
const LENGTH_M: [f64; 2] = [0.1, 1e4];

/// One dam.
#[derive(Clone, Debug, PartialEq)]
pub struct DamRow {
    /// Its id, 1 to 64 printable ASCII characters without spaces.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Longitude and latitude in degrees.
    pub lon_lat: Option<[f64; 2]>,
    /// What drains into its lake, km².
    pub basin_km2: Option<f64>,
    /// Level of the lake while nothing happens, m.
    pub normal_level_m: f64,
    /// Area of the lake at that level, km².
    pub lake_km2: Option<f64>,
    /// Level of the crest of the free spillway, m; above the normal level.
    pub crest_level_m: Option<f64>,
    /// Its length, m.
    pub crest_length_m: Option<f64>,
    /// Inflow at which flood control begins, m³/s, and the share let through of what is above.
    pub flood_rule: Option<[f64; 2]>,
}

/// What a dam did at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReleaseRow {
    /// When.
    pub time: Timestamp,
    /// What it let out, m³/s.
    pub outflow_m3_s: f64,
    /// What came in, m³/s.
    pub inflow_m3_s: Option<f64>,
    /// Level of the lake, m.
    pub level_m: Option<f64>,
}

/// The table of dams.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DamsRead {
    /// The sound rows, in the order of the file.
    pub dams: Vec<DamRow>,
    /// The rows kept out.
    pub faults: Faults,
}

/// The table of releases.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReleasesRead {
    /// The sound rows by dam, each in ascending time.
    pub releases: BTreeMap<String, Vec<ReleaseRow>>,
    /// The rows kept out.
    pub faults: Faults,
}

/// Reads the table of dams.
///
/// ```
/// let read = jomo_format::dam_csv::dams(b"id,normal_level_m,lake_km2\nD1,419.6,0.4\n")?;
/// assert_eq!((read.dams[0].lake_km2, read.dams[0].flood_rule), (Some(0.4), None));
/// # Ok::<(), jomo_format::rows::TableError>(())
/// ```
///
/// # Errors
/// [`TableError`]: no text, no header, columns that are missing.
pub fn dams(bytes: &[u8]) -> Result<DamsRead, TableError> {
    let mut read = DamsRead::default();
    let mut seen = BTreeSet::new();
    let rows = Rows::new(bytes, TableKind::Dams, &["id", "normal_level_m"], &[])?;
    rows.each(&mut read.faults, |row| {
        let dam = dam(row)?;
        if !seen.insert(dam.id.clone()) {
            return Err("dam-id-repeated");
        }
        read.dams.push(dam);
        Ok(())
    })?;
    Ok(read)
}

fn dam(row: &Row<'_>) -> Result<DamRow, &'static str> {
    let id = row.id("id").ok_or("dam-id")?;
    let lon_lat = row.lon_lat()?;
    let number = |name, bounds| row.number(name, bounds, "dam-number");
    let normal_level_m = number("normal_level_m", LEVEL_M)?.ok_or("dam-number")?;
    let crest_level_m = number("crest_level_m", LEVEL_M)?;
    if crest_level_m.is_some_and(|crest_m| crest_m <= normal_level_m) {
        return Err("dam-crest");
    }
    let rule = [number("flood_m3_s", FLOW_M3_S)?, number("release_share", [0.0, 1.0])?];
    let flood_rule = match rule {
        [Some(from_m3_s), Some(share)] => Some([from_m3_s, share]),
        [None, None] => None,
        _ => return Err("dam-rule"),
    };
    Ok(DamRow {
        id,
        name: row.text("name").to_owned(),
        lon_lat,
        basin_km2: number("basin_km2", AREA_KM2)?,
        normal_level_m,
        lake_km2: number("lake_km2", AREA_KM2)?,
        crest_level_m,
        crest_length_m: number("crest_length_m", LENGTH_M)?,
        flood_rule,
    })
}

/// Reads the table of releases.
///
/// Two rows of one dam and instant: the later one is kept out, counted as `release-repeated` if
/// they agree, else as `release-contradicts`.
///
/// # Errors
/// [`TableError`]: no text, no header, columns that are missing.
pub fn releases(bytes: &[u8]) -> Result<ReleasesRead, TableError> {
    let mut faults = Faults::default();
    let mut found: BTreeMap<String, BTreeMap<Timestamp, ReleaseRow>> = BTreeMap::new();
    let rows = Rows::new(bytes, TableKind::Dams, &["id", "time", "outflow_m3_s"], &[])?;
    rows.each(&mut faults, |row| {
        let id = row.id("id").ok_or("dam-id")?;
        let time: Timestamp = row.text("time").parse().map_err(|_refused| "release-time")?;
        let number = |name, bounds| row.number(name, bounds, "release-number");
        let outflow_m3_s = number("outflow_m3_s", FLOW_M3_S)?.ok_or("release-number")?;
        // Inflow is what the level tells: in calm water it may come out a little below nothing.
        let inflow_m3_s = number("inflow_m3_s", [-1e5, 1e5])?;
        let level_m = number("level_m", LEVEL_M)?;
        let release = ReleaseRow { time, outflow_m3_s, inflow_m3_s, level_m };
        let series = found.entry(id).or_default();
        match series.get(&time) {
            Some(first) if *first == release => Err("release-repeated"),
            Some(_) => Err("release-contradicts"),
            None => {
                series.insert(time, release);
                Ok(())
            }
        }
    })?;
    let in_order = |(id, series): (String, BTreeMap<_, _>)| (id, series.into_values().collect());
    Ok(ReleasesRead { releases: found.into_iter().map(in_order).collect(), faults })
}

#[cfg(test)]
mod tests {
    use jomo_core::message::Coded as _;

    use super::*;
    use crate::vector::hostile::prefixes_and_flips;

    const DAMS: &str = "id,name,lat,lon,basin_km2,normal_level_m,lake_km2,crest_level_m,\
        crest_length_m,flood_m3_s,release_share\n\
        D1,upper,36.5,139.1,34.3,419.6,0.41,430,25,27.5,0.4\n\
        D2,lower,,,,300,,,,,\n";
    const RELEASES: &str = "id,time,inflow_m3_s,outflow_m3_s,level_m\n\
        D1,2026-09-01T09:10:00+09:00,2.5,1.7,419.61\n\
        D1,2026-09-01T09:00:00+09:00,,1.7,\n";

    fn told(faults: &Faults) -> String {
        let told = faults.iter().map(|(code, fault)| format!("{code} {}", fault.places.join(" ")));
        told.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn tables_are_read() {
        let read = dams(DAMS.as_bytes()).unwrap();
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        assert_eq!(read.dams[0].flood_rule, Some([27.5, 0.4]));
        assert_eq!(read.dams[0].lon_lat, Some([139.1, 36.5]));
        assert_eq!((read.dams[1].crest_level_m, read.dams[1].flood_rule), (None, None));
        let read = releases(RELEASES.as_bytes()).unwrap();
        let times: Vec<i64> = read.releases["D1"].iter().map(|r| r.time.as_second()).collect();
        assert_eq!(times[1] - times[0], 600);
        assert_eq!(read.releases["D1"][1].level_m, Some(419.61));
    }

    #[test]
    fn bad_rows_are_counted_with_their_numbers() {
        let rows = "id,normal_level_m,crest_level_m,flood_m3_s,release_share,lake_km2,lat,lon\n\
                    a,10,,,,,,\n\
                    a,11,,,,,,\n\
                    b c,10,,,,,,\n\
                    d,,,,,,,\n\
                    e,10,10,,,,,\n\
                    f,10,,5,,,,\n\
                    g,10,,5,1.5,,,\n\
                    h,10,,,,-1,,\n\
                    i,10,,,,,36,x\n\
                    j,10,,,,,136,139\n\
                    k,10,,,,\n";
        let read = dams(rows.as_bytes()).unwrap();
        assert_eq!(read.dams.len(), 1);
        insta::assert_snapshot!(told(&read.faults), @r"
        dam-crest row 5
        dam-id row 3
        dam-id-repeated row 2
        dam-number row 4 row 7 row 8
        dam-rule row 6
        geometry-outside row 10
        position-not-a-number row 9
        row-short row 11
        ");
        let rows = "id,time,outflow_m3_s\n\
                    a,2026-09-01T09:00:00+09:00,1\n\
                    a,2026-09-01T09:00:00+09:00,1\n\
                    a,2026-09-01T09:00:00+09:00,2\n\
                    a,2026-09-01T09:00:00,1\n\
                    a,2026-09-01T09:10:00+09:00,-1\n\
                    a,2026-09-01T09:10:00+09:00,\n\
                    ,2026-09-01T09:10:00+09:00,1\n";
        let read = releases(rows.as_bytes()).unwrap();
        assert_eq!(read.releases["a"].len(), 1);
        insta::assert_snapshot!(told(&read.faults), @r"
        dam-id row 7
        release-contradicts row 3
        release-number row 5 row 6
        release-repeated row 2
        release-time row 4
        ");
    }

    #[test]
    fn bad_tables_are_refused() {
        let faults = [dams(b"").unwrap_err(), releases(b"id,inflow\n").unwrap_err()];
        let told = faults.map(|fault| format!("{}: {fault}", fault.code()));
        insta::assert_snapshot!(told.join("\n"), @r"
        table-no-header: the table is empty: a header is expected in its first line
        dam-csv-columns: no column time, outflow_m3_s; the columns are id, inflow
        ");
    }

    #[test]
    fn hostile_bytes_end_in_an_answer() {
        prefixes_and_flips(DAMS.as_bytes(), |bytes| {
            let _read = dams(bytes);
        });
        prefixes_and_flips(RELEASES.as_bytes(), |bytes| {
            let _read = releases(bytes);
        });
    }
}
