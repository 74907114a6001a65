//! Temperatures of the air, observed and foreseen: CSV with a header.
//!
//! One row for each station and instant: `id`, `height_m` (of the station over the sea), `time`
//! (when it holds), `temperature_c`, and for what was foreseen or came late `issued` (when it became
//! known; where empty, at `time`). Both times are RFC 3339 with an offset.
//!
//! UTF-8 or CP932, LF or CRLF. Blank rows are skipped; a bad row is counted under a stable code
//! (`temperature-*`, `row-*`) with its number from 1 after the header, and kept out. Column names
//! are compared without case and underscores ([`crate::rows`]).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jomo_core::fault::Faults;

use crate::rows::{Row, Rows, TableError, TableKind};

/// Columns that must be there.
const COLUMNS: [&str; 4] = ["id", "height_m", "time", "temperature_c"];
/// Heights of the earth's stations in m; temperatures that Japan has had, with room, in °C.
const HEIGHT_M: [f64; 2] = [-500.0, 9_000.0];
const TEMPERATURE_C: [f64; 2] = [-60.0, 60.0];

/// One temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TemperatureRow {
    /// When it holds.
    pub time: Timestamp,
    /// When it became known.
    pub issued: Timestamp,
    /// Height of the station, m.
    pub height_m: f64,
    /// The temperature, °C.
    pub temperature_c: f64,
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TemperaturesRead {
    /// The sound rows by station, each in ascending time, of one time in the order of their issue.
    pub stations: BTreeMap<String, Vec<TemperatureRow>>,
    /// The rows kept out.
    pub faults: Faults,
}

/// Reads temperatures.
///
/// Two rows of one station, instant and issue: the later one is kept out, counted as
/// `temperature-repeated` if they agree, else as `temperature-contradicts`.
///
/// ```
/// let text = "id,height_m,time,temperature_c\nT1,420,2026-03-01T09:00:00+09:00,-1.5\n";
/// let read = jomo_format::temperature_csv::temperatures(text.as_bytes())?;
/// assert_eq!(read.stations["T1"][0].temperature_c, -1.5);
/// # Ok::<(), jomo_format::rows::TableError>(())
/// ```
///
/// # Errors
/// [`TableError`]: no text, no header, columns that are missing.
pub fn temperatures(bytes: &[u8]) -> Result<TemperaturesRead, TableError> {
    type Series = BTreeMap<(Timestamp, Timestamp), TemperatureRow>;
    let mut faults = Faults::default();
    let mut found: BTreeMap<String, Series> = BTreeMap::new();
    let rows = Rows::new(bytes, TableKind::Temperatures, &COLUMNS, &[])?;
    rows.each(&mut faults, |row| {
        let id = row.id("id").ok_or("temperature-id")?;
        let known = temperature(row)?;
        let series = found.entry(id).or_default();
        match series.get(&(known.time, known.issued)) {
            Some(first) if *first == known => Err("temperature-repeated"),
            Some(_) => Err("temperature-contradicts"),
            None => {
                series.insert((known.time, known.issued), known);
                Ok(())
            }
        }
    })?;
    let in_order = |(id, series): (String, Series)| (id, series.into_values().collect());
    Ok(TemperaturesRead { stations: found.into_iter().map(in_order).collect(), faults })
}

fn temperature(row: &Row<'_>) -> Result<TemperatureRow, &'static str> {
    let time_of = |text: &str| text.parse().map_err(|_refused| "temperature-time");
    let time: Timestamp = time_of(row.text("time"))?;
    let issued = match row.text("issued") {
        "" => time,
        text => time_of(text)?,
    };
    let number =
        |name, bounds| row.number(name, bounds, "temperature-number")?.ok_or("temperature-number");
    let height_m = number("height_m", HEIGHT_M)?;
    let temperature_c = number("temperature_c", TEMPERATURE_C)?;
    Ok(TemperatureRow { time, issued, height_m, temperature_c })
}

#[cfg(test)]
mod tests {
    use jomo_core::message::Coded as _;

    use super::*;
    use crate::vector::hostile::prefixes_and_flips;

    const TABLE: &str = "\u{feff}ID,name,height_m,time,temperature_c,issued\r\n\
        T1,upper,1223,2026-03-01T10:00:00+09:00,-3.5,\r\n\
        T1,upper,1223,2026-03-01T09:00:00+09:00,-4.5,\r\n\
        T2,lower,112,2026-03-01T12:00:00+09:00,9,2026-03-01T09:00:00+09:00\r\n\
        \r\n\
        T2,lower,112,2026-03-01T12:00:00+09:00,8,2026-03-01T06:00:00+09:00\r\n";

    /// In the order of their times, what was foreseen in the order of its issue.
    #[test]
    fn temperatures_are_read() {
        let read = temperatures(TABLE.as_bytes()).unwrap();
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        let told = |id: &str| -> Vec<String> {
            let row = |row: &TemperatureRow| {
                format!("{} {} {} {}", row.time, row.issued, row.height_m, row.temperature_c)
            };
            read.stations[id].iter().map(row).collect()
        };
        insta::assert_snapshot!([told("T1"), told("T2")].concat().join("\n"), @r"
        2026-03-01T00:00:00Z 2026-03-01T00:00:00Z 1223 -4.5
        2026-03-01T01:00:00Z 2026-03-01T01:00:00Z 1223 -3.5
        2026-03-01T03:00:00Z 2026-02-28T21:00:00Z 112 8
        2026-03-01T03:00:00Z 2026-03-01T00:00:00Z 112 9
        ");
    }

    #[test]
    fn a_bad_row_is_counted_with_its_number() {
        let rows = "id,height_m,time,temperature_c,issued\n\
                    a,0,2026-03-01T09:00:00Z,1,\n\
                    a,0,2026-03-01T09:00:00Z,1,2026-03-01T09:00:00Z\n\
                    a,0,2026-03-01T09:00:00Z,2,\n\
                    b c,0,2026-03-01T09:00:00Z,1,\n\
                    d,0,2026-03-01T09:00:00,1,\n\
                    e,0,2026-03-01T09:00:00Z,1,yesterday\n\
                    f,0,2026-03-01T09:00:00Z,NaN,\n\
                    g,0,2026-03-01T09:00:00Z,1e308,\n\
                    h,0,2026-03-01T09:00:00Z,,\n\
                    i,-1e308,2026-03-01T09:00:00Z,1,\n\
                    j,inf,2026-03-01T09:00:00Z,1,\n\
                    k,0,2026-03-01T09:00:00Z\n\
                    l,0,2026-03-01T09:00:00Z,1,,9\n";
        let read = temperatures(rows.as_bytes()).unwrap();
        assert_eq!((read.stations.len(), read.stations["a"].len()), (1, 1));
        let told =
            read.faults.iter().map(|(code, fault)| format!("{code} {}", fault.places.join(" ")));
        insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r"
        row-long row 13
        row-short row 12
        temperature-contradicts row 3
        temperature-id row 4
        temperature-number row 7 row 8 row 9 row 10 row 11
        temperature-repeated row 2
        temperature-time row 5 row 6
        ");
    }

    #[test]
    fn a_bad_table_is_refused() {
        let faults =
            [temperatures(b"").unwrap_err(), temperatures(b"id,time,celsius\n").unwrap_err()];
        let told = faults.map(|fault| format!("{}: {fault}", fault.code()));
        insta::assert_snapshot!(told.join("\n"), @r"
        table-no-header: the table is empty: a header is expected in its first line
        temperature-csv-columns: no column height_m, temperature_c; the columns are id, time, celsius
        ");
    }

    #[test]
    fn hostile_bytes_end_in_an_answer() {
        prefixes_and_flips(TABLE.as_bytes(), |bytes| {
            let _read = temperatures(bytes);
        });
    }
}
