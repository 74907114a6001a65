//! `levels.csv`: the forecast of every gauge as a table, for scores and for other programs.

use std::fmt::Write as _;
use std::path::Path;

use super::layers::Issue;
use super::record::GaugeForecast;
use crate::failure::{CommandError, Exit, Failure};
use crate::gauge_tables::Station;

/// Its name in the folder of a forecast.
pub(super) const FILE: &str = "levels.csv";

/// One row for each gauge and valid time; levels in m above the gauge's datum, chances 0 to 1,
/// empty where the gauge has no such level. The members before they were dressed stand where a
/// dressing is fitted: when the gauge was last heard (or at the reference time) on the first row of
/// a gauge, and at the leads of [`LEADS_MIN`](jomo_flood::ensemble::LEADS_MIN). `model_error_m` is
/// how far the model is off where that is far, and empty where it is not.
pub(super) fn table(
    issue: &Issue<'_>,
    stations: &[Station],
    forecasts: &[GaugeForecast],
) -> String {
    let mut text = String::from(
        "reference_time,valid_time,gauge,p05_m,p10_m,p50_m,p90_m,p95_m,p_danger,p_overflow,\
         members_now_m,members_m,model_error_m\n",
    );
    for forecast in forecasts {
        let id = &stations[forecast.station].gauge.id;
        for (step, (time, band)) in issue.times.iter().zip(&forecast.bands).enumerate() {
            let _ = write!(
                text,
                "{},{time},{id},{:.3},{:.3},{:.3},{:.3},{:.3}",
                issue.reference_time, band.p05, band.p10, band.p50, band.p90, band.p95,
            );
            for chances in &forecast.chances {
                text.push(',');
                if let Some(chances) = chances {
                    let _ = write!(text, "{:.4}", chances[step]);
                }
            }
            text.push(',');
            if step == 0 {
                put_members(&mut text, &forecast.members.now_m);
            }
            text.push(',');
            put_members(&mut text, forecast.kept_m(step).unwrap_or_default());
            text.push(',');
            if let Some(error_m) = forecast.disagrees_m {
                let _ = write!(text, "{error_m:.2}");
            }
            text.push('\n');
        }
    }
    text
}

/// Levels with a space between them.
fn put_members(text: &mut String, levels_m: &[f64]) {
    for (place, level_m) in levels_m.iter().enumerate() {
        let space = if place == 0 { "" } else { " " };
        // Writing to a text does not fail.
        let _ = write!(text, "{space}{level_m:.3}");
    }
}

pub(super) fn write(path: &Path, table: &str) -> Result<(), Failure> {
    std::fs::write(path, table)
        .map_err(|fault| Failure::new(Exit::Failed, CommandError::io(path, &fault)))
}
