//! The twin experiment: members and gauges against a truth that they do not know.

use crate::archive;
use crate::report::{Outcome, Row, Table};
use crate::twin::{Basin, Forecast, event};
use crate::twin_scores::{Fitted, Scores, score};

/// Events that memory and spread of the error are fitted to, and events that are scored.
const TRAINING: u32 = 60;
const SCORED: u32 = 200;
/// Seed of the events.
const SEED: u64 = 5;

pub(crate) fn experiment() -> Outcome {
    let basin = Basin::new();
    let run = |numbers: std::ops::Range<u32>| -> Vec<Forecast> {
        numbers.flat_map(|number| event(&basin, number, SEED)).collect()
    };
    let mut training = run(0..TRAINING);
    let judged = archive::judge(&basin, &mut training);
    let mut doubted = judged.doubted;
    let fitted = Fitted::new(&training);
    let past = tempfile::tempdir().unwrap();
    archive::write(past.path(), &basin, &fitted, (&training, &judged));
    archive::verify(past.path());
    let mut forecasts = run(TRAINING..TRAINING + SCORED);
    let judged = archive::judge(&basin, &mut forecasts);
    doubted += judged.doubted;
    let scores = score(&basin, &fitted, &forecasts);
    let folder = tempfile::tempdir().unwrap();
    archive::write(folder.path(), &basin, &fitted, (&forecasts, &judged));
    let document = archive::verify(folder.path());
    let mut rows = rows(&scores);
    let [kept, rise] = archive::apart(past.path(), &fitted, &training);
    rows.push(Row {
        variant: "quality control".to_owned(),
        norm: "sound readings doubted and not used",
        value: doubted as f64,
        bound: None,
        run: None,
    });
    for (norm, value, bound) in [
        (
            "greatest difference of a score or an end of its interval",
            archive::difference(&document, &scores.readings),
            2e-3,
        ),
        ("greatest difference of a share of the error kept", kept, 2e-3),
        ("greatest rise of the CRPS by the fitted numbers, share of it", rise, 1e-2),
    ] {
        let variant = "jomo flood verify".to_owned();
        rows.push(Row { variant, norm, value, bound: Some(bound), run: None });
    }
    Outcome {
        id: "twin-experiment",
        grid: "80 nodes, 320 slopes, 20 members, 200 events of 14 h, forecasts of 6 h",
        rows,
        plot: None,
        tables: vec![Table { key: "verify", rows: archive::told(&document) }],
    }
}

fn rows(scores: &Scores) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |lead_min: usize, norm: &'static str, value: f64, bound: Option<f64>| {
        rows.push(Row { variant: format!("+{lead_min} min"), norm, value, bound, run: None });
    };
    for lead in [1, 2, 3, 4, 5, 6, 12, 18, 36] {
        let lead_min = 10 * lead;
        let [own, open, carried] = scores.rmse_m[lead - 1];
        let at = &scores.leads[lead - 1];
        let value = |name: &str| at.score(name).and_then(|scored| scored.value).unwrap();
        row(lead_min, "RMSE (m)", own, None);
        row(lead_min, "RMSE / open loop", own / open, (lead == 6).then_some(0.5));
        let is_short = lead < 6;
        row(lead_min, "RMSE / AR(1) of the error", own / carried, is_short.then_some(1.0));
        if is_short {
            let past = value("autoregression_rmse_m");
            row(lead_min, "RMSE / AR(1) of the gauge", own / past, Some(1.0));
            let gain = scores.over_autoregression[lead - 1];
            let below = (-gain.unwrap().low).max(0.0);
            row(lead_min, "interval of the gain over AR(1) below 0 (m)", below, None);
        }
        row(lead_min, "RMSE / persistence", own / value("persistence_rmse_m"), None);
        if !is_short {
            let gain = at.score("persistence_rmse_gain_m").and_then(|scored| scored.interval);
            let below = (-gain.unwrap().low).max(0.0);
            row(lead_min, "interval of the gain over persistence below 0 (m)", below, Some(0.0));
        }
        let read =
            scores.readings.iter().find(|at| at.lead_min == u32::try_from(lead_min).unwrap());
        let of_reading = read.unwrap().score("cover_90").and_then(|scored| scored.value).unwrap();
        for (told, off, cover) in [
            (
                "90 % band of the level: cover",
                "90 % band of the level: cover off 0.9",
                value("cover_90"),
            ),
            (
                "90 % band of the reading: cover",
                "90 % band of the reading: cover off 0.9",
                of_reading,
            ),
        ] {
            row(lead_min, told, cover, None);
            row(lead_min, off, (cover - 0.9).abs(), Some(0.05));
        }
    }
    for (gauge, name) in
        ["gauge 1 (silent below its start level)", "gauge 2", "gauge 3"].into_iter().enumerate()
    {
        for (norm, lead) in [
            ("90 % band of the level: cover at +10 min", 1),
            ("90 % band of the level: cover at +60 min", 6),
            ("90 % band of the level: cover at +180 min", 18),
            ("90 % band of the level: cover at +360 min", 36),
        ] {
            let value = scores.gauge_covers[lead - 1][gauge];
            rows.push(Row { variant: name.to_owned(), norm, value, bound: None, run: None });
        }
    }
    // All leads weigh alike: each has the same cases.
    let covers = scores.leads.iter().filter_map(|at| at.score("cover_90")?.value);
    let cover = covers.sum::<f64>() / scores.leads.len() as f64;
    let variant = "all leads".to_owned();
    let (value, bound) = ((cover - 0.9).abs(), Some(0.05));
    rows.push(Row {
        variant,
        norm: "90 % band of the level: cover off 0.9",
        value,
        bound,
        run: None,
    });
    rows
}
