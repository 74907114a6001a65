//! The real gauges: 5,213 readings of 47 gauges, about hourly, September 2025 to June 2026.

use jomo_flood::gauge::{
    CrisisLevel, CrisisLevels, Datum, Fault, Faults, Gauge, Kind, Limits, Reading, Readings, Span,
    check,
};
use jomo_format::gauge_csv::{self, LevelCells};

use crate::real;

/// A gauge with its readings and what is wrong with them.
pub(crate) struct Station {
    pub(crate) gauge: Gauge,
    pub(crate) name: String,
    pub(crate) start_m: f64,
    pub(crate) overflow_m: f64,
    pub(crate) readings: Readings,
    pub(crate) faults: Vec<Faults>,
}

/// All gauges that have readings, in the order of their codes.
pub(crate) fn stations(test: &str) -> Option<Vec<Station>> {
    let gauges = real::file(test, "gunma-river-levels/gunma_crisis_gauges.csv")?;
    let rows = real::file(test, "gunma-river-levels/gunma_levels_2025-09_2026-06.csv")?;
    let table = gauge_csv::gauges(&gauges).unwrap();
    let mut series = gauge_csv::readings(&rows).unwrap();
    assert!(table.faults.is_empty() && series.faults.is_empty());
    let times = series.readings.values().flatten().map(|reading| reading.time);
    let record = Span { start: times.clone().min().unwrap(), end: times.max().unwrap() };
    let mut found = Vec::new();
    let mut unlike = 0;
    let mut rows = table.gauges;
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    for row in rows {
        let LevelCells::Crisis { start: Some(start_m), danger, overflow: Some(overflow_m) } =
            row.levels
        else {
            panic!("{}: {:?}", row.id, row.levels);
        };
        let levels = CrisisLevels::new(start_m, danger, overflow_m).unwrap();
        let Some(series) = series.readings.remove(&row.id) else { continue };
        for reading in &series {
            let own = levels.reached(reading.level_m).map_or(0, |level| match level {
                CrisisLevel::ObservationStart => 1,
                CrisisLevel::Danger => 2,
                CrisisLevel::OverflowStart => 3,
            });
            unlike += usize::from(reading.reached != Some(own));
        }
        let readings =
            series.iter().map(|row| Reading { time: row.time, level_m: row.level_m }).collect();
        let gauge = Gauge { id: row.id, kind: Kind::Crisis(levels), datum: Datum::Unstated };
        let readings = Readings::new(readings).unwrap();
        let faults = check(&gauge, &readings, record, &Limits::default());
        found.push(Station { gauge, name: row.name, start_m, overflow_m, readings, faults });
    }
    // What the issuer says is reached is what the levels of the table say, but for two readings
    // of one gauge 2 cm below its start level: the table holds the levels as last seen.
    assert_eq!(unlike, 2);
    assert!(series.readings.is_empty());
    Some(found)
}

/// Number of readings with each fault.
fn counts(faults: &[Faults]) -> Vec<(Fault, usize)> {
    let count = |fault: Fault| faults.iter().filter(|faults| faults.contains(fault)).count();
    let all = Fault::ALL.into_iter().map(|fault| (fault, count(fault)));
    all.filter(|(_, count)| 0 < *count).collect()
}

/// A gauge with readings that have faults.
pub(crate) struct Suspicious<'a> {
    pub(crate) station: &'a Station,
    /// Its highest reading over the level at which the river spills, m.
    pub(crate) highest_m: f64,
    /// Number of readings with each fault.
    pub(crate) counts: Vec<(Fault, usize)>,
}

impl Suspicious<'_> {
    /// Faults and their numbers in one line.
    pub(crate) fn told(&self) -> String {
        let counts = self.counts.iter().map(|(fault, n)| format!("{} {n}", fault.code()));
        counts.collect::<Vec<_>>().join(", ")
    }
}

/// All gauges with a fault, in the order of their codes.
pub(crate) fn suspicious(stations: &[Station]) -> Vec<Suspicious<'_>> {
    let mut found = Vec::new();
    for station in stations {
        let counts = counts(&station.faults);
        if counts.is_empty() {
            continue;
        }
        let levels = station.readings.as_slice().iter().map(|reading| reading.level_m);
        let highest_m = levels.fold(f64::NEG_INFINITY, f64::max) - station.overflow_m;
        found.push(Suspicious { station, highest_m, counts });
    }
    found
}

/// Readings without a fault.
pub(crate) fn sound(stations: &[Station]) -> usize {
    stations.iter().flat_map(|s| &s.faults).filter(|faults| faults.is_empty()).count()
}

/// Readings at or above the level at which the river spills, and those of them without a fault.
pub(crate) fn spilling(stations: &[Station]) -> [usize; 2] {
    let spilling = stations.iter().flat_map(|station| {
        let readings = station.readings.as_slice().iter().zip(&station.faults);
        readings.filter(|(reading, _)| station.overflow_m <= reading.level_m)
    });
    spilling.fold([0, 0], |[all, unmarked], (_, faults)| {
        [all + 1, unmarked + usize::from(faults.is_empty())]
    })
}

/// The gauges whose levels stand 2.08 to 7.33 m above the level at which the river spills.
pub(crate) const FIVE: [&str; 5] =
    ["1000000054", "1000000077", "1000000101", "1000000201", "8300000145"];

/// As a cycle would have judged them when they came: of the 159 readings more than a metre above the
/// level at which the river spills two would have been used, of a gauge that nothing was known
/// against, while others rose.
#[test]
fn impossible_levels_are_not_used_when_they_come() {
    use jomo_flood::gauge::{check_alone, risen};

    let Some(stations) = stations("impossible_levels_are_not_used_when_they_come") else { return };
    let limits = Limits::default();
    let start = stations.iter().map(|s| s.readings.as_slice()[0].time).min().unwrap();
    let until = |station: &Station, end| {
        let known = station.readings.as_slice().iter().filter(|reading| reading.time <= end);
        let readings = Readings::new(known.copied().collect()).unwrap();
        let faults = check(&station.gauge, &readings, Span { start, end }, &limits);
        (readings, faults)
    };
    let (mut high, mut used) = (0, Vec::new());
    for (index, station) in stations.iter().enumerate() {
        for reading in station.readings.as_slice() {
            if reading.level_m <= station.overflow_m + limits.above_overflow_m {
                continue;
            }
            let (readings, mut faults) = until(station, reading.time);
            let before = jiff::SignedDuration::from_hours(12);
            check_alone(&station.gauge, &readings, &mut faults, &limits, |time| {
                stations.iter().enumerate().any(|(other, station)| {
                    let (readings, faults) = until(station, time);
                    let risen = risen(&station.gauge, &readings, &faults, &limits);
                    let last = risen.last().filter(|_| other != index);
                    last.is_some_and(|last| time.duration_since(*last) <= before)
                })
            });
            high += 1;
            if faults.last().unwrap().are_used() {
                used.push(format!("{} {}", station.gauge.id, reading.time));
            }
        }
    }
    insta::assert_snapshot!(format!("{} of {high} used\n{}", used.len(), used.join("\n")), @r"
    2 of 159 used
    1000000101 2025-09-19T06:50:00Z
    1000000101 2025-09-19T07:50:00Z
    ");
}

/// All readings go through quality control; the gauges with faults are known, among them the five
/// whose levels stand 2.08 to 7.33 m above the level at which the river spills.
#[test]
#[allow(clippy::print_stdout, reason = "the list that docs/methods/gauges.md quotes")]
fn suspicious_gauges_are_found() {
    let Some(stations) = stations("suspicious_gauges_are_found") else { return };
    let readings: usize = stations.iter().map(|station| station.faults.len()).sum();
    assert_eq!((stations.len(), readings), (47, 5_213));
    let told: Vec<String> = suspicious(&stations)
        .iter()
        .map(|one| {
            format!(
                "{} of {}, highest {:+.2} m from spilling: {}",
                one.station.gauge.id,
                one.station.faults.len(),
                one.highest_m,
                one.told()
            )
        })
        .collect();
    for (one, told) in suspicious(&stations).iter().zip(&told) {
        println!("suspicious: {} {told}", one.station.name);
    }
    println!(
        "suspicious: {} gauges of 47; {} of {readings} readings without a fault",
        told.len(),
        sound(&stations)
    );
    for id in FIVE {
        let five = stations.iter().find(|station| station.gauge.id == id).unwrap();
        assert!(five.faults.iter().any(|faults| faults.contains(Fault::TooHigh)), "{id}");
    }
    let [all, unmarked] = spilling(&stations);
    assert_eq!((all, unmarked), (169, 0), "no reading above the overflow level is without a fault");
    insta::assert_snapshot!(told.join("\n"), @r"
    1000000007 of 476, highest -2.30 m from spilling: reading-stuck 471
    1000000010 of 1, highest -0.50 m from spilling: reading-apart 1
    1000000019 of 1, highest -0.31 m from spilling: reading-apart 1
    1000000054 of 223, highest +3.03 m from spilling: reading-too-high 40, reading-rate 7, reading-stuck 169, reading-apart 219
    1000000066 of 512, highest -1.17 m from spilling: reading-stuck 512
    1000000077 of 3, highest +2.41 m from spilling: reading-too-high 3, reading-apart 3
    1000000101 of 32, highest +2.08 m from spilling: reading-too-high 32, reading-apart 32
    1000000107 of 181, highest +0.61 m from spilling: reading-erratic 167
    1000000111 of 11, highest +0.14 m from spilling: reading-apart 8
    1000000122 of 17, highest -0.15 m from spilling: reading-apart 8
    1000000201 of 1, highest +2.78 m from spilling: reading-too-high 1, reading-apart 1
    1000000319 of 375, highest -0.07 m from spilling: reading-stuck 48
    1000000338 of 1385, highest -2.18 m from spilling: reading-apart 1286, reading-erratic 25
    8300000145 of 97, highest +7.33 m from spilling: reading-too-high 83, reading-apart 97
    8300000190 of 21, highest -0.35 m from spilling: reading-apart 21
    ");
}
