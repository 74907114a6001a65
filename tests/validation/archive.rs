//! The forecasts of the twin as the product keeps them, scored by `jomo flood verify`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use jomo_flood::ensemble::{Dressing, Heard, LeadDressing};
use jomo_flood::gauge::{
    CrisisLevels, Datum, Gauge, Kind, Limits, Observation, Reading, Readings, ReferenceLevels,
    Span, Told, check, observation,
};
use jomo_flood::verify::LeadScores;
use serde_json::Value;

use crate::twin::{Basin, Forecast, GAUGES};
use crate::twin_scores::{FITTED, Fitted, forecast, heard};

/// Days from one event to the next: more than a storm lasts.
const APART_DAYS: i64 = 10;
/// Scores that the program and this crate compute alike.
const ALIKE: [&str; 8] = [
    "rmse_m",
    "mae_m",
    "bias_m",
    "cover_80",
    "cover_90",
    "width_90_m",
    "persistence_rmse_m",
    "persistence_rmse_gain_m",
];

/// When a step of an event is.
fn time(event: u32, step: usize) -> Timestamp {
    let start: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    let minutes = i64::from(event) * APART_DAYS * 1_440 + 10 * i64::try_from(step).unwrap();
    start + SignedDuration::from_mins(minutes)
}

fn id(gauge: usize) -> String {
    format!("W{}", gauge + 1)
}

/// Writes `gauges.csv`, `readings.csv` and a folder with `levels.csv` for each event.
pub(crate) fn write(
    folder: &Path,
    basin: &Basin,
    fitted: &Fitted,
    (forecasts, judged): (&[Forecast], &Judged),
) {
    std::fs::write(folder.join("gauges.csv"), gauges(basin)).unwrap();
    std::fs::write(folder.join("readings.csv"), table_of_readings(judged)).unwrap();
    let mut tables: BTreeMap<u32, String> = BTreeMap::new();
    for one in forecasts {
        let text = tables.entry(one.event).or_insert_with(|| {
            "reference_time,valid_time,gauge,p05_m,p10_m,p50_m,p90_m,p95_m,p_danger,p_overflow,\
             members_now_m,members_m\n"
                .to_owned()
        });
        let gauge = id(one.gauge);
        let begin = time(one.event, one.now);
        for lead in FITTED {
            let [_, reading] = forecast(one, &fitted.members[one.gauge], lead);
            let bands = reading.bands();
            let now = if lead == 1 { members(&one.now_m) } else { String::new() };
            let _ = writeln!(
                text,
                "{begin},{},{gauge},{:.3},{:.3},{:.3},{:.3},{:.3},,,{now},{}",
                time(one.event, one.now + lead),
                bands.p05,
                bands.p10,
                bands.p50,
                bands.p90,
                bands.p95,
                members(&one.members_m[lead - 1]),
            );
        }
    }
    for (event, text) in tables {
        let event = folder.join("cycles").join(format!("event-{event}"));
        std::fs::create_dir_all(&event).unwrap();
        std::fs::write(event.join("levels.csv"), text).unwrap();
    }
}

fn members(levels_m: &[f64]) -> String {
    levels_m.iter().map(|level| format!("{level:.3}")).collect::<Vec<_>>().join(" ")
}

/// The first gauge is one for times of danger, silent below its start level; the others always
/// report. Levels that no flood of the twin reaches are there because a table has them.
fn gauge(basin: &Basin, gauge: usize) -> Gauge {
    let (base_m, top_m) = (basin.base_m(gauge), basin.base_m(gauge) + 14.0);
    let kind = match basin.start_m(gauge) {
        Some(start_m) => Kind::Crisis(CrisisLevels::new(start_m, None, top_m).unwrap()),
        None => Kind::Reference {
            levels: ReferenceLevels::new([Some(base_m), None, None, Some(top_m)]).unwrap(),
            interval_min: 10,
        },
    };
    Gauge { id: id(gauge), kind, datum: Datum::Unstated }
}

fn gauges(basin: &Basin) -> String {
    let mut text = "code,name,start_level,flood_level,warn_level,standby_level,caution_level,\
                    judgement_level,danger_level,feed\n"
        .to_owned();
    for gauge in 0..GAUGES.len() {
        let id = id(gauge);
        let (base_m, top_m) = (basin.base_m(gauge), basin.base_m(gauge) + 14.0);
        let _ = match basin.start_m(gauge) {
            Some(start_m) => writeln!(text, "{id},{id},{start_m},{top_m},,,,,,twin"),
            None => writeln!(text, "{id},{id},,,,{base_m},,,{top_m},twin"),
        };
    }
    text
}

/// Every reading of every event, once, by gauge and time. A gauge that is silent below its start
/// level tells about daily that it lives: at the start of each event, well below that level.
fn readings(basin: &Basin, forecasts: &[Forecast]) -> Levels {
    let mut known = BTreeMap::new();
    for one in forecasts {
        let ahead = (1..).zip(&one.readings_m).filter_map(|(lead, level)| Some((lead, (*level)?)));
        let now = one.reading_m.map(|level| (0, level));
        for (lead, level_m) in ahead.chain(now) {
            known.insert((one.gauge, time(one.event, one.now + lead)), level_m);
        }
        if let Some(start_m) = basin.start_m(one.gauge) {
            known.insert((one.gauge, time(one.event, 0)), start_m - 0.3);
        }
    }
    known
}

/// Levels by gauge and time.
type Levels = BTreeMap<(usize, Timestamp), f64>;

/// The sound readings, and how many are out.
pub(crate) struct Judged {
    readings_m: Levels,
    pub(crate) doubted: usize,
}

/// Takes the readings as the product does: those that quality control doubts are out, and what a
/// gauge says is its last reading of up to half an hour.
pub(crate) fn judge(basin: &Basin, forecasts: &mut [Forecast]) -> Judged {
    let mut all = readings(basin, forecasts);
    let times = all.keys().map(|(_, time)| *time);
    let record = Span { start: times.clone().min().unwrap(), end: times.max().unwrap() };
    let mut doubted = BTreeSet::new();
    let mut gauges = Vec::new();
    for place in 0..GAUGES.len() {
        let own = all.iter().filter(|((gauge, _), _)| *gauge == place);
        let own = own.map(|((_, time), level_m)| Reading { time: *time, level_m: *level_m });
        let own = Readings::new(own.collect()).unwrap();
        let faults = check(&gauge(basin, place), &own, record, &Limits::default());
        let (good, bad): (Vec<_>, Vec<_>) =
            own.as_slice().iter().zip(faults).partition(|(_, faults)| faults.are_used());
        doubted.extend(bad.iter().map(|(reading, _)| (place, reading.time)));
        gauges.push(good.iter().map(|(reading, _)| **reading).collect());
    }
    for one in forecasts {
        let said = said(basin, &gauges, one.gauge, time(one.event, one.now));
        (one.reading_m, one.silent_below_m) = match said {
            Observation::Level(reading) => (Some(reading.level_m), None),
            Observation::BelowStart { start_m, .. } => (None, Some(start_m)),
            Observation::SilentHigh { .. } | Observation::Outage { .. } => (None, None),
        };
        for (lead, reading) in (1..).zip(&mut one.readings_m) {
            if doubted.contains(&(one.gauge, time(one.event, one.now + lead))) {
                *reading = None;
            }
        }
    }
    all.retain(|place, _| !doubted.contains(place));
    Judged { readings_m: all, doubted: doubted.len() }
}

/// What a gauge says, of its sound readings (the table has no others) and those of its feed.
fn said(basin: &Basin, gauges: &[Vec<Reading>], place: usize, now: Timestamp) -> Observation {
    let until = |of: usize| {
        let end = gauges[of].partition_point(|reading| reading.time <= now);
        &gauges[of][..end]
    };
    let own = until(place);
    let others = (0..gauges.len()).filter(|other| *other != place);
    let told = Told {
        last: own.last().copied(),
        before: own.iter().nth_back(1).copied(),
        reported: own.last().map(|last| last.time),
        others: others.filter_map(|other| Some(until(other).last()?.time)).max(),
    };
    observation(&gauge(basin, place), &told, now)
}

fn table_of_readings(judged: &Judged) -> String {
    let mut text = "code,obs_time,level\n".to_owned();
    for ((gauge, time), level_m) in &judged.readings_m {
        let _ = writeln!(text, "{},{time},{level_m:.6}", id(*gauge));
    }
    text
}

/// What `jomo flood verify` says of an archive: its `scores.json`.
///
/// # Panics
/// If the program is not built, or fails.
pub(crate) fn verify(folder: &Path) -> Value {
    let program = jomo_tests::program("jomo").unwrap_or_else(|told| panic!("{told}"));
    let out = folder.join("scores");
    let said = Command::new(program)
        .args(["flood", "verify"])
        .arg(folder.join("cycles"))
        .arg("--readings")
        .arg(folder.join("readings.csv"))
        .arg("--gauges")
        .arg(folder.join("gauges.csv"))
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    // Done, or done with readings kept out.
    let is_done = [Some(0), Some(4)].contains(&said.status.code());
    assert!(is_done, "{}", String::from_utf8_lossy(&said.stderr));
    serde_json::from_slice(&std::fs::read(out.join("scores.json")).unwrap()).unwrap()
}

/// How the `dressing.csv` that `jomo flood verify` wrote differs from what was fitted here: the
/// greatest difference of a share of the error kept, and the greatest rise, over gauges and leads,
/// of the mean continuous ranked probability score of the readings, as a share of it. Share of the
/// members' distance and spread are not compared by themselves: where two shares are as good as each
/// other, members told in millimetres decide. Infinite where a gauge or a lead is missing.
pub(crate) fn apart(folder: &Path, fitted: &Fitted, forecasts: &[Forecast]) -> [f64; 2] {
    let text = std::fs::read_to_string(folder.join("scores/dressing.csv")).unwrap_or_default();
    let mut known: BTreeMap<(&str, u32), LeadDressing> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [kept, share, spread_m] = [2, 3, 4].map(|place| cells[place].parse().unwrap());
        let lead_min: u32 = cells[1].parse().unwrap();
        let lead_h = f64::from(lead_min) / 60.0;
        known.insert((cells[0], lead_min), LeadDressing { lead_h, kept, share, spread_m });
    }
    let mut greatest = [0.0_f64; 2];
    for (gauge, own) in fitted.members.iter().enumerate() {
        let id = id(gauge);
        for at in own.leads() {
            let lead = FITTED.into_iter().find(|lead| (6.0 * at.lead_h - *lead as f64).abs() < 0.1);
            let lead = lead.unwrap();
            let Some(their) = known.get(&(id.as_str(), 10 * u32::try_from(lead).unwrap())) else {
                return [f64::INFINITY; 2];
            };
            greatest[0] = greatest[0].max((their.kept - at.kept).abs());
            // The spread in the file is that of a reading.
            let their = Dressing::new(vec![*their], 0.0).unwrap();
            let made = || forecasts.iter().filter(|one| one.gauge == gauge);
            let [theirs, ours] = [&their, own].map(|dressing| mean_crps(made(), dressing, lead));
            greatest[1] = greatest[1].max(theirs / ours - 1.0);
        }
    }
    greatest
}

/// Mean score of the readings for a lead, in m.
fn mean_crps<'a>(
    forecasts: impl Iterator<Item = &'a Forecast>,
    dressing: &Dressing,
    lead: usize,
) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for one in forecasts.filter(|one| heard(one) != Heard::Nothing) {
        if let Some(reading_m) = one.readings_m[lead - 1] {
            let [_, reading] = forecast(one, dressing, lead);
            sum += reading.crps(reading_m);
            count += 1.0;
        }
    }
    sum / count
}

/// The greatest difference, over all leads, between a score or an end of its interval in
/// `scores.json` and that computed here; infinite where one has what the other has not.
pub(crate) fn difference(document: &Value, own: &[LeadScores]) -> f64 {
    let leads = document["leads"].as_array().unwrap();
    if leads.len() != own.len() {
        return f64::INFINITY;
    }
    let mut greatest = 0.0_f64;
    for (theirs, ours) in leads.iter().zip(own) {
        let is_same = theirs["lead_min"] == ours.lead_min
            && theirs["levels"] == ours.levels
            && theirs["blocks"] == ours.blocks;
        if !is_same {
            return f64::INFINITY;
        }
        for name in ALIKE {
            let scored = ours.score(name).unwrap();
            let interval = scored.interval;
            for (key, value) in [
                ("value", scored.value),
                ("low", interval.map(|interval| interval.low)),
                ("high", interval.map(|interval| interval.high)),
            ] {
                let their = theirs["scores"][name][key].as_f64();
                let apart = match (their, value) {
                    (Some(their), Some(own)) => (their - own).abs(),
                    (None, None) => 0.0,
                    _ => f64::INFINITY,
                };
                greatest = greatest.max(apart);
            }
        }
    }
    greatest
}

/// Rows of the page: figures of `scores.json` with their intervals.
pub(crate) fn told(document: &Value) -> Vec<Vec<String>> {
    let one = |lead: &Value| {
        let cell = |name: &str| {
            let number = |key: &str| lead["scores"][name][key].as_f64();
            match (number("value"), number("low"), number("high")) {
                (Some(value), Some(low), Some(high)) => {
                    format!("{value:.3} ({low:.3} … {high:.3})")
                }
                _ => "-".to_owned(),
            }
        };
        let mut row = ["lead_min", "levels", "blocks"].map(|key| lead[key].to_string()).to_vec();
        let scores = ["rmse_m", "persistence_rmse_m", "persistence_rmse_gain_m", "nse", "cover_90"];
        row.extend(scores.map(cell));
        row
    };
    document["leads"].as_array().unwrap().iter().map(one).collect()
}
