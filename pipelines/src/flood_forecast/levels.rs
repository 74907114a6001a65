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
/// empty where the gauge has no such level.
pub(super) fn table(
    issue: &Issue<'_>,
    stations: &[Station],
    forecasts: &[GaugeForecast],
) -> String {
    let mut text = String::from(
        "reference_time,valid_time,gauge,p05_m,p10_m,p50_m,p90_m,p95_m,p_danger,p_overflow\n",
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
            text.push('\n');
        }
    }
    text
}

pub(super) fn write(path: &Path, table: &str) -> Result<(), Failure> {
    std::fs::write(path, table)
        .map_err(|fault| Failure::new(Exit::Failed, CommandError::io(path, &fault)))
}
