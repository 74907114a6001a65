//! How members become a forecast at each gauge: the table that `jomo flood verify` fits and writes,
//! and that `[forecast] dressing` names.
//!
//! One row for each gauge and lead: `gauge,lead_min,kept,share,spread_m,forecasts,storms`; the gauge
//! `*` stands for every other one, fitted to all of them together. Spreads are of what the gauge
//! reads. A table that is not whole is refused: half a fit would make a band that looks sure.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use jomo_core::layer::InputFile;
use jomo_core::message::{Arguments, Coded};
use jomo_flood::ensemble::{Dressing, LeadDressing};

use crate::failure::Failure;
use crate::source::Source;

/// Name of the table in the folder of scores.
pub const FILE: &str = "dressing.csv";
/// Stands for every gauge that is not named.
pub const ALL_GAUGES: &str = "*";
/// Largest table that is read, in bytes: 2,000 gauges have 2 MB.
const TABLE_MAX: u64 = 8 << 20;
/// Columns, in the order of writing.
const COLUMNS: [&str; 7] =
    ["gauge", "lead_min", "kept", "share", "spread_m", "forecasts", "storms"];

/// Why a table of dressings was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DressingError {
    /// The header is another one.
    #[error("columns missing: {missing}")]
    Columns {
        /// The missing ones.
        missing: String,
    },
    /// A row that cannot be read.
    #[error("line {line} is not a row of seven sound values")]
    Row {
        /// Its number, the header is 1.
        line: u64,
    },
    /// Leads of a gauge out of order, or numbers out of their range.
    #[error("the leads of gauge {gauge} do not rise, or a number is out of range")]
    Leads {
        /// The gauge.
        gauge: String,
    },
    /// No row at all.
    #[error("the table has no row")]
    Empty,
}

impl Coded for DressingError {
    fn code(&self) -> &'static str {
        match self {
            Self::Columns { .. } => "dressing-columns",
            Self::Row { .. } => "dressing-row",
            Self::Leads { .. } => "dressing-leads",
            Self::Empty => "dressing-empty",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Columns { missing } => vec![("missing", missing.clone())],
            Self::Row { line } => vec![("line", line.to_string())],
            Self::Leads { gauge } => vec![("gauge", gauge.clone())],
            Self::Empty => Vec::new(),
        }
    }
}

/// Where the dressing of a gauge comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Fitted to its own kept forecasts.
    Own,
    /// Fitted to those of all gauges together.
    Pooled,
    /// From the latest errors of the model at the gauge.
    Errors,
    /// A guess.
    Guess,
}

impl Origin {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Own, Self::Pooled, Self::Errors, Self::Guess];

    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Pooled => "pooled",
            Self::Errors => "errors",
            Self::Guess => "guess",
        }
    }
}

/// One row: what was fitted, and to how much.
#[derive(Clone, Debug, PartialEq)]
pub struct DressingRow {
    /// The gauge, or [`ALL_GAUGES`].
    pub gauge: String,
    /// The lead in min.
    pub lead_min: u32,
    /// What was fitted.
    pub fitted: LeadDressing,
    /// Forecasts with a reading at the lead.
    pub forecasts: usize,
    /// Storms among them.
    pub storms: usize,
}

/// The dressings of a region.
#[derive(Clone, Debug, Default)]
pub struct Dressings {
    of: BTreeMap<String, Dressing>,
    /// The file.
    pub input: Option<InputFile>,
}

impl Dressings {
    /// Reads a table.
    ///
    /// # Errors
    /// If it cannot be read, or anything in it is not sound.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let source = Source::read(path, TABLE_MAX)?;
        let text = String::from_utf8_lossy(&source.bytes);
        let of = parse(&text).map_err(|fault| Failure::input(path, fault))?;
        Ok(Self { of, input: Some(source.file) })
    }

    /// That of a gauge, else that of all gauges.
    #[must_use]
    pub fn of(&self, gauge: &str) -> Option<(&Dressing, Origin)> {
        let own = self.of.get(gauge).map(|own| (own, Origin::Own));
        own.or_else(|| Some((self.of.get(ALL_GAUGES)?, Origin::Pooled)))
    }
}

/// The text of a table.
#[must_use]
pub fn table(rows: &[DressingRow]) -> String {
    let mut text = COLUMNS.join(",");
    text.push('\n');
    for row in rows {
        let LeadDressing { kept, share, spread_m, .. } = row.fitted;
        // Writing to a text does not fail.
        let _ = writeln!(
            text,
            "{},{},{kept:.4},{share:.2},{spread_m:.4},{},{}",
            row.gauge, row.lead_min, row.forecasts, row.storms
        );
    }
    text
}

fn parse(text: &str) -> Result<BTreeMap<String, Dressing>, DressingError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = (1_u64..).zip(text.lines());
    let header: Vec<&str> =
        lines.next().map_or("", |(_, header)| header).split(',').map(str::trim).collect();
    let missing: Vec<&str> = COLUMNS.into_iter().filter(|name| !header.contains(name)).collect();
    if !missing.is_empty() {
        return Err(DressingError::Columns { missing: missing.join(", ") });
    }
    let places = COLUMNS.map(|name| header.iter().position(|other| *other == name).unwrap_or(0));
    let mut leads: BTreeMap<String, Vec<LeadDressing>> = BTreeMap::new();
    for (line, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
        let cells: Vec<&str> = text.split(',').map(str::trim).collect();
        let (gauge, fitted) = row(&cells, places).ok_or(DressingError::Row { line })?;
        leads.entry(gauge).or_default().push(fitted);
    }
    if leads.is_empty() {
        return Err(DressingError::Empty);
    }
    let dressing = |(gauge, leads): (String, Vec<LeadDressing>)| match Dressing::new(leads, 0.0) {
        Some(dressing) => Ok((gauge, dressing)),
        None => Err(DressingError::Leads { gauge }),
    };
    leads.into_iter().map(dressing).collect()
}

/// Gauge and numbers of a row; counts need only be counts.
fn row(cells: &[&str], places: [usize; COLUMNS.len()]) -> Option<(String, LeadDressing)> {
    let cell = |column: usize| cells.get(places[column]).copied();
    let number = |column: usize| cell(column)?.parse::<f64>().ok().filter(|n| n.is_finite());
    let gauge = cell(0).filter(|gauge| !gauge.is_empty())?.to_owned();
    let lead_min: u32 = cell(1)?.parse().ok()?;
    let (kept, share, spread_m) = (number(2)?, number(3)?, number(4)?);
    let counts = [cell(5)?.parse::<u64>(), cell(6)?.parse::<u64>()];
    let lead_h = f64::from(lead_min) / 60.0;
    // A band without width would promise.
    let is_sound = counts.iter().all(Result::is_ok) && 0.0 < spread_m;
    is_sound.then_some((gauge, LeadDressing { lead_h, kept, share, spread_m }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<DressingRow> {
        let row = |gauge: &str, lead_min: u32, kept: f64| DressingRow {
            gauge: gauge.to_owned(),
            lead_min,
            fitted: LeadDressing {
                lead_h: f64::from(lead_min) / 60.0,
                kept,
                share: 0.6,
                spread_m: 0.1234,
            },
            forecasts: 812,
            storms: 14,
        };
        vec![row("G1", 10, 0.9321), row("G1", 60, 0.5), row(ALL_GAUGES, 10, 1.0)]
    }

    /// What is written is read, for the gauge itself, for others, and in any order of columns.
    #[test]
    fn a_table_comes_back() {
        let text = table(&rows());
        insta::assert_snapshot!(text, @r"
        gauge,lead_min,kept,share,spread_m,forecasts,storms
        G1,10,0.9321,0.60,0.1234,812,14
        G1,60,0.5000,0.60,0.1234,812,14
        *,10,1.0000,0.60,0.1234,812,14
        ");
        let read = Dressings { of: parse(&text).unwrap(), input: None };
        let (own, origin) = read.of("G1").unwrap();
        let expected: Vec<LeadDressing> = rows()[..2].iter().map(|row| row.fitted).collect();
        assert_eq!((own.leads(), origin), (&expected[..], Origin::Own));
        let (all, origin) = read.of("other").unwrap();
        assert_eq!((all.leads(), origin), (&[rows()[2].fitted][..], Origin::Pooled));
        assert!(Dressings::default().of("G1").is_none());
        let turned = "storms,spread_m,gauge,share,kept,lead_min,forecasts\n14,0.1234,*,0.6,1,10,8";
        assert_eq!(parse(turned).unwrap()["*"], *all);
    }

    /// A table that is not whole is no table.
    #[test]
    fn a_damaged_table_is_refused() {
        let header = "gauge,lead_min,kept,share,spread_m,forecasts,storms\n";
        let told: Vec<String> = [
            "gauge,lead_min,kept\n",
            header,
            &format!("{header}G1,10,0.9,0.6,0.1,8\n"),
            &format!("{header}G1,10,0.9,0.6,NaN,8,1\n"),
            &format!("{header}G1,-10,0.9,0.6,0.1,8,1\n"),
            &format!("{header}G1,10,0.9,0.6,0.1,8,x\n"),
            &format!("{header},10,0.9,0.6,0.1,8,1\n"),
            &format!("{header}G1,10,1.1,0.6,0.1,8,1\n"),
            &format!("{header}G1,10,0.9,0.6,0.1,8,1\nG1,10,0.9,0.6,0.1,8,1\n"),
            &format!("{header}G1,4294967295,0.9,0.6,0.1,8,1\n"),
        ]
        .into_iter()
        .map(|text| parse(text).unwrap_err())
        .map(|fault| format!("{}: {fault}", fault.code()))
        .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        dressing-columns: columns missing: share, spread_m, forecasts, storms
        dressing-empty: the table has no row
        dressing-row: line 2 is not a row of seven sound values
        dressing-row: line 2 is not a row of seven sound values
        dressing-row: line 2 is not a row of seven sound values
        dressing-row: line 2 is not a row of seven sound values
        dressing-row: line 2 is not a row of seven sound values
        dressing-leads: the leads of gauge G1 do not rise, or a number is out of range
        dressing-leads: the leads of gauge G1 do not rise, or a number is out of range
        dressing-leads: the leads of gauge G1 do not rise, or a number is out of range
        ");
    }

    /// Every prefix and 2,000 flipped bits are answered; what is taken is sound.
    #[test]
    fn damage_is_answered() {
        let text = table(&rows());
        for end in 0..text.len() {
            let _ = parse(&text[..end]);
        }
        let mut bits = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..2_000 {
            // Xorshift (Marsaglia 2003).
            for shift in [13, -7, 17_i32] {
                let by = shift.unsigned_abs();
                bits ^= if 0 < shift { bits << by } else { bits >> by };
            }
            let mut bytes = text.clone().into_bytes();
            let place = usize::try_from(bits % (8 * bytes.len() as u64)).unwrap();
            bytes[place / 8] ^= 1 << (place % 8);
            if let Ok(read) = parse(&String::from_utf8_lossy(&bytes)) {
                for lead in read.values().flat_map(Dressing::leads) {
                    assert!(lead.spread_m.is_finite() && (0.0..=1.0).contains(&lead.kept));
                }
            }
        }
    }
}
