//! The dressing of each gauge, fitted to the members that the archive kept and to what came.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jomo_flood::ensemble::{Earlier, fit};

use super::pairs::Pair;
use crate::dressing_table::{ALL_GAUGES, DressingRow};

/// Fewest storms of a fit: the errors of one storm are alike.
const STORMS_MIN: usize = 10;

/// Members of a forecast at its reference time, by gauge and time.
pub(super) type Now = BTreeMap<(String, Timestamp), Vec<f64>>;

/// Fits all gauges together at every lead with forecasts enough of storms enough, and each gauge
/// that has enough at all of those leads. The same archive gives the same rows.
pub(super) fn rows(pairs: &[Pair<'_>], now: &Now) -> Vec<DressingRow> {
    let known: Vec<Known<'_>> = pairs.iter().filter_map(|pair| Known::of(pair, now)).collect();
    let mut by_gauge: BTreeMap<&str, BTreeMap<u32, Vec<&Known<'_>>>> = BTreeMap::new();
    for one in &known {
        for gauge in [one.gauge, ALL_GAUGES] {
            by_gauge.entry(gauge).or_default().entry(one.lead_min).or_default().push(one);
        }
    }
    let mut rows = Vec::new();
    let pooled = by_gauge.remove(ALL_GAUGES).map_or_else(Vec::new, |leads| of(ALL_GAUGES, &leads));
    for (gauge, leads) in &by_gauge {
        let own = of(gauge, leads);
        // With some leads only, the others would be guessed from a shorter one.
        if own.len() == pooled.len() {
            rows.extend(own);
        }
    }
    rows.extend(pooled);
    rows
}

fn of(gauge: &str, leads: &BTreeMap<u32, Vec<&Known<'_>>>) -> Vec<DressingRow> {
    leads.iter().filter_map(|(lead_min, known)| row(gauge, *lead_min, known)).collect()
}

/// A forecast of which everything is known that a fit needs.
struct Known<'a> {
    gauge: &'a str,
    lead_min: u32,
    now_m: &'a [f64],
    then_m: Vec<f64>,
    pair: &'a Pair<'a>,
}

impl<'a> Known<'a> {
    fn of(pair: &'a Pair<'a>, now: &'a Now) -> Option<Self> {
        let row = pair.row;
        let now_m = now.get(&(row.gauge.clone(), row.reference_time))?;
        let then_m: Vec<f64> = row.members_m[1].iter().map(|level| f64::from(*level)).collect();
        let is_whole =
            !then_m.is_empty() && then_m.len() == now_m.len() && pair.case.observed_m.is_finite();
        is_whole.then_some(Self { gauge: &row.gauge, lead_min: row.lead_min, now_m, then_m, pair })
    }
}

fn row(gauge: &str, lead_min: u32, known: &[&Known<'_>]) -> Option<DressingRow> {
    let storms: BTreeSet<u32> = known.iter().map(|one| one.pair.case.block).collect();
    if storms.len() < STORMS_MIN {
        return None;
    }
    let earlier: Vec<Earlier<'_>> = known
        .iter()
        .map(|one| Earlier {
            now_m: one.now_m,
            heard: one.pair.heard,
            then_m: &one.then_m,
            reading_m: one.pair.case.observed_m,
        })
        .collect();
    let fitted = fit(f64::from(lead_min) / 60.0, &earlier, 0.0)?;
    Some(DressingRow {
        gauge: gauge.to_owned(),
        lead_min,
        fitted,
        forecasts: earlier.len(),
        storms: storms.len(),
    })
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use jomo_flood::ensemble::Heard;
    use jomo_flood::verify::{Case, Chance};

    use super::*;
    use crate::flood_verify::archive::Row;

    /// Forecasts of a gauge, twelve a day, of two members a metre apart that
    /// err by `error_m` at every lead.
    fn forecasts(gauge: &str, days: i64, leads_min: &[u32], error_m: f64) -> (Vec<Row>, Now) {
        let start: Timestamp = "2030-07-01T00:00:00Z".parse().unwrap();
        let (mut rows, mut now) = (Vec::new(), Now::new());
        for (day, tenth) in (0..days).flat_map(|day| (0..12).map(move |tenth| (day, tenth))) {
            let reference_time = start + SignedDuration::from_mins(1_440 * day + 10 * tenth);
            now.insert((gauge.to_owned(), reference_time), vec![1.0, 2.0]);
            for lead_min in leads_min {
                rows.push(Row {
                    reference_time,
                    valid_time: reference_time + SignedDuration::from_mins((*lead_min).into()),
                    lead_min: *lead_min,
                    gauge: gauge.to_owned(),
                    quantiles_m: [error_m; 5],
                    chances: [None; 2],
                    members_m: [vec![], vec![3.0, 4.0]],
                });
            }
        }
        (rows, now)
    }

    /// What came: 3.5 m and the error kept in the quantiles.
    fn pairs<'a>(rows: &'a [Row]) -> Vec<Pair<'a>> {
        let pair = |row: &'a Row| {
            let Row { reference_time, lead_min, quantiles_m, .. } = row;
            let case = Case {
                block: u32::try_from(reference_time.as_second() / 86_400).unwrap(),
                lead_min: *lead_min,
                quantiles_m: *quantiles_m,
                observed_m: 3.5 + quantiles_m[0],
                now_m: f64::NAN,
                rise_m_h: f64::NAN,
                base_m: 0.0,
                chances: [Chance::default(); 2],
            };
            Pair { row, heard: Heard::Level(1.5), case }
        };
        rows.iter().map(pair).collect()
    }

    fn told(parts: &[(Vec<Row>, Now)]) -> String {
        let all: Vec<Row> = parts.iter().flat_map(|(rows, _)| rows.iter().cloned()).collect();
        let now = parts.iter().flat_map(|(_, now)| now.clone()).collect();
        crate::dressing_table::table(&rows(&pairs(&all), &now))
    }

    /// A gauge has its own rows only with every lead of all gauges together; ten storms are enough,
    /// nine are not; the order of gauges changes nothing.
    #[test]
    fn a_gauge_needs_every_lead_and_ten_storms() {
        let leads = [10, 60];
        let whole = forecasts("A", 10, &leads, 0.0);
        let few = forecasts("B", 9, &leads, 0.4);
        let part = forecasts("C", 12, &[10], 0.0);
        let text = told(&[whole.clone(), few.clone(), part.clone()]);
        let counts: Vec<(&str, &str, &str, &str)> = text
            .lines()
            .skip(1)
            .map(|line| line.split(',').collect::<Vec<_>>())
            .map(|cells| (cells[0], cells[1], cells[5], cells[6]))
            .collect();
        assert_eq!(
            counts,
            [
                ("A", "10", "120", "10"),
                ("A", "60", "120", "10"),
                ("*", "10", "372", "12"),
                ("*", "60", "228", "10")
            ]
        );
        assert_eq!(told(&[part, few.clone(), whole]), text);
        assert_eq!(told(&[few]).lines().count(), 1, "nine storms alone");
    }

    /// Without the members at the reference time, or with another number of them, nothing is known.
    #[test]
    fn members_must_be_there_at_both_times() {
        let (rows, now) = forecasts("A", 10, &[10], 0.0);
        assert_eq!(told(&[(rows.clone(), now.clone())]).lines().count(), 3);
        assert_eq!(told(&[(rows.clone(), Now::new())]).lines().count(), 1);
        let short = now.keys().map(|key| (key.clone(), vec![1.0])).collect();
        assert_eq!(told(&[(rows.clone(), short)]).lines().count(), 1);
        // One forecast with other members is left out and spoils no other.
        let mut one = now.clone();
        one.values_mut().next().unwrap().pop();
        assert_eq!(told(&[(rows.clone(), one)]).lines().count(), 3);
        let bare = Row { members_m: [vec![], vec![]], ..rows[0].clone() };
        assert_eq!(told(&[(vec![bare; 100], now)]).lines().count(), 1);
    }
}
