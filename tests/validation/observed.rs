//! What was observed: the agency's soil water, and the real gauges. Both need the real data.

use jomo_flood::verify::Interval;

use crate::report::{Outcome, Row, Table};

#[allow(dead_code, reason = "the tests of the engine use the rest")]
#[path = "../../engine/flood/tests/flood/soil_water/agency.rs"]
mod agency;
#[allow(dead_code, reason = "the tests of the engine use the rest")]
#[path = "../../engine/flood/tests/flood/gauge/hour_ahead.rs"]
mod hour_ahead;
#[allow(dead_code, reason = "the tests of the engine use the rest")]
#[path = "../../engine/flood/tests/flood/gauge/real_gauges.rs"]
mod real_gauges;

use self::hour_ahead::{HourAhead, Scored};
use self::real_gauges::{FIVE, Station, sound, spilling, stations, suspicious};

fn row(variant: &str, norm: &'static str, value: f64, bound: Option<f64>) -> Row {
    Row { variant: variant.to_owned(), norm, value, bound, run: None }
}

/// The tank model from the agency's state at +1 h to +6 h, cells without rain.
pub(crate) fn tanks() -> Outcome {
    let id = "soil-water-states";
    let Some(drained) = agency::drained(id) else { return Outcome::skipped(id) };
    let cells = drained.cells as f64;
    let mut rows = vec![
        row("", "cells without rain", cells, None),
        row("", "cells off 63,390", (cells - 63_390.0).abs(), Some(0.0)),
        row("persistence", "median size of the error (mm)", drained.persistence_mm, None),
        row(
            "persistence",
            "median size of the error off 8.0 (mm)",
            (drained.persistence_mm - 8.0).abs(),
            Some(1e-9),
        ),
    ];
    for (place, way) in drained.variants.iter().enumerate() {
        let variant = format!("middle tank {}, {} steps", way.middle_share, way.steps);
        let bound = (place == 0).then_some(2.0);
        rows.push(row(&variant, "median size of the error (mm)", way.median_size_mm, bound));
        rows.push(row(&variant, "median error (mm)", way.median_mm, None));
        rows.push(row(&variant, "cells within 2 mm, share", way.within_2_mm, None));
        rows.push(row(&variant, "greatest size of the error (mm)", way.worst_mm, None));
    }
    Outcome {
        id,
        grid: "Psw_FH01-06, 2017-08-07 15:20 UTC, 1 km, +1 h to +6 h",
        rows,
        plot: None,
        tables: Vec::new(),
    }
}

/// All readings of the real gauges through quality control, and the hour ahead of each event.
pub(crate) fn gauges() -> Outcome {
    let id = "real-gauges";
    let Some(stations) = stations(id) else { return Outcome::skipped(id) };
    let ahead = HourAhead::new(&stations);
    let tables = vec![
        Table { key: "suspicious", rows: list(&stations) },
        Table { key: "overall", rows: overall(&ahead) },
        Table { key: "events", rows: events(&stations, &ahead) },
    ];
    Outcome {
        id,
        grid: "47 gauges, 5,213 readings, about hourly, 2025-09-12 to 2026-06-30",
        rows: counts(&stations, &ahead),
        plot: None,
        tables,
    }
}

fn counts(stations: &[Station], ahead: &HourAhead) -> Vec<Row> {
    let readings: usize = stations.iter().map(|station| station.faults.len()).sum();
    let found = suspicious(stations);
    let missed = FIVE.iter().filter(|id| found.iter().all(|one| one.station.gauge.id != **id));
    let [spilling, unmarked] = spilling(stations).map(|count| count as f64);
    let quality = "quality control";
    let mut rows = vec![
        row(quality, "gauges with readings", stations.len() as f64, None),
        row(quality, "readings", readings as f64, None),
        row(quality, "readings without a fault", sound(stations) as f64, None),
        row(quality, "suspicious gauges", found.len() as f64, None),
        row(quality, "of the five 2 to 7 m too high, not found", missed.count() as f64, Some(0.0)),
        row(quality, "readings at or above overflow", spilling, None),
        row(quality, "of these without a fault", unmarked, Some(0.0)),
    ];
    for (which, told, above) in [
        (
            0,
            "greatest upper end of the change of MAE by 20 seeds (mm)",
            "upper end of the change of MAE above 0 (mm)",
        ),
        (
            1,
            "greatest upper end of the change of RMSE by 20 seeds (mm)",
            "upper end of the change of RMSE above 0 (mm)",
        ),
    ] {
        let greatest_mm = 1_000.0 * ahead.upper_ends(which)[1];
        rows.push(row("an hour ahead, by storms", told, greatest_mm, None));
        rows.push(row("an hour ahead, by storms", above, greatest_mm.max(0.0), Some(0.0)));
    }
    rows
}

fn list(stations: &[Station]) -> Vec<Vec<String>> {
    let one = |one: &real_gauges::Suspicious<'_>| {
        vec![
            one.station.name.clone(),
            one.station.gauge.id.clone(),
            one.station.faults.len().to_string(),
            format!("{:+.2}", one.highest_m),
            one.told(),
        ]
    };
    suspicious(stations).iter().map(one).collect()
}

fn millimetres(scored: &Scored) -> String {
    let [before, after] = [scored.persistence_m, scored.fit_m].map(|m| 1_000.0 * m);
    let Interval { low, high } = scored.change_m;
    let [low, high] = [low, high].map(|m| 1_000.0 * m);
    format!("{before:.1} → {after:.1} ({low:+.1} … {high:+.1})")
}

fn overall(ahead: &HourAhead) -> Vec<Vec<String>> {
    let blocks = [format!("{} events", ahead.events.len()), format!("{} storms", ahead.storms())];
    let rows = blocks.into_iter().zip(ahead.overall());
    rows.map(|(blocks, [mae, rmse])| {
        let cells = [&mae, &rmse].map(|scored| [millimetres(scored), scored.verdict.to_owned()]);
        let [[mae, said], [rmse, told]] = cells;
        vec![blocks, ahead.forecasts().to_string(), mae, said, rmse, told]
    })
    .collect()
}

fn events(stations: &[Station], ahead: &HourAhead) -> Vec<Vec<String>> {
    let one = |event: &hour_ahead::EventScores| {
        let [mae, rmse] = &event.scores;
        let station = &stations[event.station];
        vec![
            format!("{} {}", station.name, station.gauge.id),
            event.span.start.to_string(),
            event.storm.to_string(),
            event.forecasts.to_string(),
            millimetres(mae),
            mae.verdict.to_owned(),
            millimetres(rmse),
            rmse.verdict.to_owned(),
        ]
    };
    ahead.events.iter().map(one).collect()
}
