//! Time series of a case: CSV with the header `time_s,value`.

use std::path::Path;

use jomo_flood::Series;

use super::fault::FileFault;
use crate::failure::{BoxedError, Failure};
use crate::source::read_bounded;

/// Largest file of a series in bytes: two million rows.
const SERIES_MAX: u64 = 64 << 20;
/// Faults of one file that are told; the first ones show what is wrong.
const FAULTS_MAX: usize = 10;
/// Longest row that is shown, in characters.
const SHOWN: usize = 40;

/// What a series or a single number is of. Beyond its range it is in another unit, or a mark for
/// a missing value; the computation would crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// m³/s, a hundred times that of the largest rivers.
    Discharge,
    /// m.
    Level,
    /// mm/h, not below zero.
    Rain,
}

impl Kind {
    /// Least and greatest value.
    pub(super) fn range(self) -> [f64; 2] {
        match self {
            Self::Discharge => [-1e7, 1e7],
            Self::Level => [-1e5, 1e5],
            Self::Rain => [0.0, 1e6],
        }
    }

    /// The range in words.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Discharge => "m3/s, -10000000 to 10000000",
            Self::Level => "metres, -100000 to 100000",
            Self::Rain => "mm/h, 0 to 1000000",
        }
    }
}

/// Reads a series.
///
/// # Errors
/// All faults of the file, at most ten.
pub(super) fn read(path: &Path, kind: Kind) -> Result<Series, Vec<BoxedError>> {
    let bytes = read_bounded(path, SERIES_MAX).map_err(|failure: Failure| failure.errors)?;
    let boxed = |faults: Vec<FileFault>| -> Vec<BoxedError> {
        faults.into_iter().map(|fault| Box::new(fault) as BoxedError).collect()
    };
    let points = parse(&String::from_utf8_lossy(&bytes), kind).map_err(boxed)?;
    Series::new(&path.display().to_string(), points).map_err(|fault| vec![Box::new(fault) as _])
}

/// The points of a series, `[time_s, value]`.
fn parse(text: &str, kind: Kind) -> Result<Vec<[f64; 2]>, Vec<FileFault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = (1_u64..).zip(text.lines());
    let shown = |row: &str| row.trim().chars().take(SHOWN).collect::<String>();
    let header = lines.next().map_or("", |(_, header)| header);
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    if !matches!(names[..], ["time_s", value] if value.parse::<f64>().is_err()) {
        return Err(vec![FileFault::Header { found: shown(header) }]);
    }
    let (mut points, mut faults) = (Vec::new(), Vec::new());
    let mut before_s = f64::NEG_INFINITY;
    for (line, row) in lines {
        let Some([time_s, value]) = numbers(row) else {
            faults.push(FileFault::Row { line, found: shown(row) });
            continue;
        };
        if time_s <= before_s {
            faults.push(FileFault::Order { line, time_s, before_s });
        }
        let [low, high] = kind.range();
        if !(low..=high).contains(&value) {
            faults.push(FileFault::Range { line, value, expected: kind.expected() });
        }
        before_s = before_s.max(time_s);
        points.push([time_s, value]);
    }
    if points.is_empty() && faults.is_empty() {
        faults.push(FileFault::NoRows);
    }
    faults.truncate(FAULTS_MAX);
    if faults.is_empty() { Ok(points) } else { Err(faults) }
}

/// Two finite numbers.
fn numbers(row: &str) -> Option<[f64; 2]> {
    let mut cells = row.split(',').map(|cell| cell.trim().parse::<f64>().ok());
    let numbers = [cells.next()??, cells.next()??];
    let sound = cells.next().is_none() && numbers.iter().all(|number| number.is_finite());
    sound.then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let faults = parse(text, Kind::Rain).unwrap_err();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_series_is_read() {
        let text = "\u{feff}time_s , value\r\n-10,1\r\n 0 , 2e0 \r\n5.5,3";
        assert_eq!(parse(text, Kind::Level).unwrap(), [[-10.0, 1.0], [0.0, 2.0], [5.5, 3.0]]);
        assert!(parse("time_s,rate_mm_h\n0,0\n", Kind::Rain).is_ok());
        assert!(parse("time_s,value\n0,-1\n", Kind::Discharge).is_ok(), "a pump");
    }

    /// All faults with their lines: the text is part of the interface.
    #[test]
    fn every_fault_of_a_series_has_its_line() {
        let text = "time_s,value\n0,1\n0,2\n\n10,nan\n20,inf\n5,-1\n30\n40,1,2\n50,x\n";
        insta::assert_snapshot!(told(text), @r#"
        line 3: 0 s does not come after 0 s
        line 4: "" is not a time and a value
        line 5: "10,nan" is not a time and a value
        line 6: "20,inf" is not a time and a value
        line 7: -1: expected mm/h, 0 to 1000000
        line 8: "30" is not a time and a value
        line 9: "40,1,2" is not a time and a value
        line 10: "50,x" is not a time and a value
        "#);
        let many = format!("time_s,value\n{}", "x\n".repeat(99));
        assert_eq!(told(&many).lines().count(), FAULTS_MAX);
        for (text, expected) in [
            ("", "line 1: \"\" is not the header `time_s,value`"),
            ("0,1\n1,2\n", "line 1: \"0,1\" is not the header `time_s,value`"),
            ("time_s,3\n", "line 1: \"time_s,3\" is not the header `time_s,value`"),
            ("time_s,value\n", "no row below the header"),
        ] {
            assert_eq!(told(text), expected);
        }
    }
}
