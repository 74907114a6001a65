//! How members become a forecast at each gauge: the table that `jomo flood verify` fits and writes,
//! and that `[forecast] dressing` names.
//!
//! One row for each gauge and lead: `gauge,lead_min,kept,share,spread_m,forecasts,storms,rows`; the
//! gauge `*` stands for every other one, fitted to all of them together. Spreads are of what the
//! gauge reads. `rows` is how many rows the table has, the same in each, and the last line ends like
//! the others: so a table that was cut short is told from a whole one wherever the cut fell. It is
//! refused: half a fit would make a band that looks sure.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use jomo_core::layer::InputFile;
use jomo_core::message::{Arguments, Coded};
use jomo_flood::ensemble::{Dressing, LeadDressing};
use jomo_format::rows::{Row, Rows, TableError, TableKind};

use crate::failure::Failure;
use crate::source::Source;

/// Name of the table in the folder of scores.
pub const FILE: &str = "dressing.csv";
/// Stands for every gauge that is not named.
pub const ALL_GAUGES: &str = "*";
/// Largest table that is read, in bytes: 2,000 gauges have 2 MB.
const TABLE_MAX: u64 = 8 << 20;
/// Columns, in the order of writing.
const COLUMNS: [&str; 8] =
    ["gauge", "lead_min", "kept", "share", "spread_m", "forecasts", "storms", "rows"];

/// Why a table of dressings was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DressingError {
    /// No table, or one with other columns.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A row that cannot be read.
    #[error("row {row} does not hold eight sound values")]
    Row {
        /// Its number, from 1 after the header.
        row: u64,
    },
    /// The last line has no end: what stands there may be half of a number.
    #[error("the table breaks off within row {row}")]
    Cut {
        /// Its last row, from 1 after the header.
        row: u64,
    },
    /// Fewer or more rows than each of them says.
    #[error("the table says that it has {expected} rows, and {found} are there")]
    Count {
        /// What the rows say.
        expected: u64,
        /// Rows that are there.
        found: u64,
    },
    /// Leads of a gauge out of order, or numbers out of their range.
    #[error("the leads of gauge {gauge} do not rise, or a number is out of range")]
    Leads {
        /// The gauge.
        gauge: String,
    },
    /// Gauges with different leads: a shorter set would be carried on by a guess.
    #[error("gauge {gauge} has other leads than gauge {first}")]
    Uneven {
        /// The gauge.
        gauge: String,
        /// The one that it was compared with.
        first: String,
    },
    /// No row at all.
    #[error("the table has no row")]
    Empty,
}

impl Coded for DressingError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::Row { .. } => "dressing-row",
            Self::Cut { .. } => "dressing-cut",
            Self::Count { .. } => "dressing-count",
            Self::Leads { .. } => "dressing-leads",
            Self::Uneven { .. } => "dressing-uneven",
            Self::Empty => "dressing-empty",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::Table(error) => error.arguments(),
            Self::Row { row } | Self::Cut { row } => vec![("row", row.to_string())],
            Self::Count { expected, found } => {
                vec![("expected", expected.to_string()), ("found", found.to_string())]
            }
            Self::Leads { gauge } => vec![("gauge", gauge.clone())],
            Self::Uneven { gauge, first } => {
                vec![("gauge", gauge.clone()), ("first", first.clone())]
            }
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
        let of = parse(&source.bytes).map_err(|fault| Failure::input(path, fault))?;
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
            "{},{},{kept:.4},{share:.2},{spread_m:.4},{},{},{}",
            row.gauge,
            row.lead_min,
            row.forecasts,
            row.storms,
            rows.len()
        );
    }
    text
}

fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Dressing>, DressingError> {
    let mut leads: BTreeMap<String, Vec<(u32, LeadDressing)>> = BTreeMap::new();
    let (mut found, mut expected, mut unsound) = (0_u64, None, None);
    Rows::new(bytes, TableKind::Bands, &COLUMNS, &[])?.all(|number, row| {
        found += 1;
        let fitted = row.ok().and_then(|row| fitted(&row));
        // A row that announces another number than the first is as broken as one without any.
        let agreed = fitted.filter(|fitted| *expected.get_or_insert(fitted.rows) == fitted.rows);
        match agreed {
            Some(Fitted { gauge, lead_min, lead, .. }) => {
                leads.entry(gauge).or_default().push((lead_min, lead));
            }
            None => unsound = unsound.or(Some(number)),
        }
    })?;
    if 0 < found && !bytes.ends_with(b"\n") {
        return Err(DressingError::Cut { row: found });
    }
    match expected {
        None if found == 0 => return Err(DressingError::Empty),
        Some(expected) if expected != found => {
            return Err(DressingError::Count { expected, found });
        }
        _ => {}
    }
    if let Some(row) = unsound {
        return Err(DressingError::Row { row });
    }
    let minutes = |leads: &[(u32, LeadDressing)]| -> Vec<u32> {
        leads.iter().map(|(lead_min, _)| *lead_min).collect()
    };
    if let Some((first, own)) = leads.first_key_value() {
        let other = leads.iter().find(|(_, leads)| minutes(leads) != minutes(own));
        if let Some((gauge, _)) = other {
            return Err(DressingError::Uneven { gauge: gauge.clone(), first: first.clone() });
        }
    }
    let dressing = |(gauge, leads): (String, Vec<(u32, LeadDressing)>)| {
        let leads = leads.into_iter().map(|(_, lead)| lead).collect();
        match Dressing::new(leads, 0.0) {
            Some(dressing) => Ok((gauge, dressing)),
            None => Err(DressingError::Leads { gauge }),
        }
    };
    leads.into_iter().map(dressing).collect()
}

/// What a row says.
struct Fitted {
    gauge: String,
    lead_min: u32,
    lead: LeadDressing,
    /// Rows of the whole table.
    rows: u64,
}

/// Counts need only be counts.
fn fitted(row: &Row<'_>) -> Option<Fitted> {
    let number = |name| row.text(name).parse::<f64>().ok().filter(|n| n.is_finite());
    let count = |name| row.text(name).parse::<u64>().ok();
    let lead_min: u32 = row.text("lead_min").parse().ok()?;
    let (kept, share, spread_m) = (number("kept")?, number("share")?, number("spread_m")?);
    let (_forecasts, _storms, rows) = (count("forecasts")?, count("storms")?, count("rows")?);
    let lead = LeadDressing { lead_h: f64::from(lead_min) / 60.0, kept, share, spread_m };
    // A band without width would promise.
    (0.0 < spread_m).then_some(Fitted { gauge: row.id("gauge")?, lead_min, lead, rows })
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
        vec![
            row("G1", 10, 0.9321),
            row("G1", 60, 0.5),
            row(ALL_GAUGES, 10, 1.0),
            row(ALL_GAUGES, 60, 0.75),
        ]
    }

    /// What is written is read, for the gauge itself, for others, and in any order of columns.
    #[test]
    fn a_table_comes_back() {
        let text = table(&rows());
        insta::assert_snapshot!(text, @r"
        gauge,lead_min,kept,share,spread_m,forecasts,storms,rows
        G1,10,0.9321,0.60,0.1234,812,14,4
        G1,60,0.5000,0.60,0.1234,812,14,4
        *,10,1.0000,0.60,0.1234,812,14,4
        *,60,0.7500,0.60,0.1234,812,14,4
        ");
        let read = Dressings { of: parse(text.as_bytes()).unwrap(), input: None };
        let (own, origin) = read.of("G1").unwrap();
        let expected: Vec<LeadDressing> = rows()[..2].iter().map(|row| row.fitted).collect();
        assert_eq!((own.leads(), origin), (&expected[..], Origin::Own));
        let (all, origin) = read.of("other").unwrap();
        let expected: Vec<LeadDressing> = rows()[2..].iter().map(|row| row.fitted).collect();
        assert_eq!((all.leads(), origin), (&expected[..], Origin::Pooled));
        assert!(Dressings::default().of("G1").is_none());
        let turned = "storms,rows,spread_m,gauge,share,kept,lead_min,forecasts\n\
                      14,2,0.1234,*,0.6,1,10,8\n14,2,0.1234,*,0.6,0.75,60,8\n";
        assert_eq!(parse(turned.as_bytes()).unwrap()["*"], *all);
    }

    /// A table that is not whole is no table.
    #[test]
    fn a_damaged_table_is_refused() {
        let header = "gauge,lead_min,kept,share,spread_m,forecasts,storms,rows\n";
        let told: Vec<String> = [
            "",
            "gauge,lead_min,kept\n",
            header,
            &format!("{header}G1,10,0.9,0.6,0.1,8,1\n"),
            &format!("{header}G1,10,0.9,0.6,0.1,8,1,1,1\n"),
            &format!("{header}G1,10,0.9,0.6,NaN,8,1,1\n"),
            &format!("{header}G1,-10,0.9,0.6,0.1,8,1,1\n"),
            &format!("{header}G1,10,0.9,0.6,0.1,8,x,1\n"),
            &format!("{header},10,0.9,0.6,0.1,8,1,1\n"),
            &format!("{header}G1,10,0.9,0.6,0.0,8,1,1\n"),
            &format!("{header}G1,10,0.9,0.6,-0.1,8,1,1\n"),
            &format!("{header}G1,10,0.9,0.6,0.1,8,1,2\nG1,20,0.9,0.6,0.1,8,1,3\n"),
            &format!("{header}G1,10,0.9,0.6,0.1,8,1,2\n"),
            &format!("{header}G1,10,0.9,0.6,0.1,8,1,1\nG1,20,0.9,0.6,0.1,8,1,1\n"),
            &format!("{header}G1,10,1.1,0.6,0.1,8,1,1\n"),
            &format!("{header}G1,10,0.9,0.6,0.1,8,1,2\nG1,10,0.9,0.6,0.1,8,1,2\n"),
            &format!("{header}G1,4294967295,0.9,0.6,0.1,8,1,1\n"),
            &format!("{header}G1,10,0.9,0.6,0.1,8,1,2\nG2,20,0.9,0.6,0.1,8,1,2\n"),
            &format!("{header}G1,10,0.9,0.6,0.1,8,1,1"),
        ]
        .into_iter()
        .map(|text| parse(text.as_bytes()).unwrap_err())
        .map(|fault| format!("{}: {fault}", fault.code()))
        .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        table-no-header: the table is empty: a header is expected in its first line
        dressing-columns: no column share, spread_m, forecasts, storms, rows; the columns are gauge, lead_min, kept
        dressing-empty: the table has no row
        dressing-row: row 1 does not hold eight sound values
        dressing-row: row 1 does not hold eight sound values
        dressing-row: row 1 does not hold eight sound values
        dressing-row: row 1 does not hold eight sound values
        dressing-row: row 1 does not hold eight sound values
        dressing-row: row 1 does not hold eight sound values
        dressing-row: row 1 does not hold eight sound values
        dressing-row: row 1 does not hold eight sound values
        dressing-row: row 2 does not hold eight sound values
        dressing-count: the table says that it has 2 rows, and 1 are there
        dressing-count: the table says that it has 1 rows, and 2 are there
        dressing-leads: the leads of gauge G1 do not rise, or a number is out of range
        dressing-leads: the leads of gauge G1 do not rise, or a number is out of range
        dressing-leads: the leads of gauge G1 do not rise, or a number is out of range
        dressing-uneven: gauge G2 has other leads than gauge G1
        dressing-cut: the table breaks off within row 1
        ");
    }

    /// A table cut short is refused wherever the cut falls: with ten rows and more, within the
    /// number of rows in the first of them, too.
    #[test]
    fn every_prefix_is_refused() {
        let row = |gauge: &str, lead_min: u32| DressingRow {
            gauge: gauge.to_owned(),
            lead_min,
            ..rows()[0].clone()
        };
        for gauges in [1_u32, 2, 5, 6] {
            let ids = (1..gauges).map(|gauge| format!("G{gauge}")).chain(["*".to_owned()]);
            let all: Vec<DressingRow> = ids.flat_map(|id| [row(&id, 10), row(&id, 60)]).collect();
            let text = table(&all);
            assert_eq!(parse(text.as_bytes()).unwrap().len(), gauges as usize);
            for end in 0..text.len() {
                assert!(parse(&text.as_bytes()[..end]).is_err(), "{}", &text[..end]);
            }
        }
    }

    /// 2,000 flipped bits are answered; what is taken is sound.
    #[test]
    fn damage_is_answered() {
        let text = table(&rows());
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
            if let Ok(read) = parse(&bytes) {
                for lead in read.values().flat_map(Dressing::leads) {
                    assert!(lead.spread_m.is_finite() && 0.0 < lead.spread_m);
                    assert!((0.0..=1.0).contains(&lead.kept));
                }
            }
        }
    }
}
