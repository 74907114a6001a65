//! The case file of `jomo flood simulate`: TOML, read once, every fault with its line.
//!
//! `docs/spec/flood-case.md` is the contract; relative paths start at the folder of the case.

mod settings;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jomo_flood::{Compass, Infiltration, TimeStep};
use serde::Serialize;
use toml::de::{DeTable, DeValue};

use super::fault::CaseFault;
use super::series::Kind;
use super::table::{Entry, Reading, Section, number, pair, text};

/// Longest id of a gauge, in characters.
const ID_MAX: usize = 64;
/// Most outputs: each is a file of its own.
const OUTPUTS_MAX: u64 = 100_000;

/// A checked case.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Case {
    pub(super) dem: FileName,
    pub(super) roughness: Quantity,
    pub(super) water: Option<(WaterKind, Quantity)>,
    pub(super) velocity: Option<[Quantity; 2]>,
    pub(super) boundary: Vec<Condition>,
    pub(super) sources: Vec<Inflow>,
    pub(super) rain: Option<Sky>,
    pub(super) run: Run,
    pub(super) gauges: Vec<Gauge>,
    pub(super) arrival_depth_m: f64,
    pub(super) duration_depth_m: f64,
}

/// A file that the case names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FileName {
    /// As it is written.
    pub(super) written: String,
    /// Where it is.
    pub(super) path: PathBuf,
}

impl Serialize for FileName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written)
    }
}

/// A number for all cells, or a raster.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Quantity {
    Number(f64),
    Raster(FileName),
}

/// What the water at the start is given as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaterKind {
    Depth,
    Level,
}

/// A number for all times, or a series.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Course {
    Value(f64),
    Series(FileName),
}

/// What holds on a side, or on a stretch of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    pub(super) side: Compass,
    pub(super) line: usize,
    pub(super) key: String,
    /// From and to, m along the side from its northern or western end.
    pub(super) from_m: Option<f64>,
    pub(super) to_m: Option<f64>,
    pub(super) kind: ConditionKind,
}

/// Kind of a condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ConditionKind {
    Wall,
    Open { slope: f64 },
    Discharge(Course),
    Stage(Course),
}

/// Water that comes in at a point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Inflow {
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) at: [f64; 2],
    pub(super) course: Course,
}

/// Rain, and what becomes of it on the ground.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sky {
    pub(super) rain: Option<RainKind>,
    pub(super) infiltration: Infiltration,
    pub(super) drainage_mm_h: f64,
}

/// Where the rain comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RainKind {
    Everywhere(Course),
    Gridded { files: Vec<FileName>, start: Timestamp },
}

/// When and how to compute.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    pub(super) duration_s: f64,
    pub(super) output_every_s: f64,
    pub(super) cfl: f64,
    pub(super) time_step: TimeStep,
    /// Line of the duration.
    pub(super) line: usize,
    /// A saved state from which the run goes on.
    pub(super) restart: Option<FileName>,
    /// Name of the file in the result in which the last state is saved.
    pub(super) save: Option<String>,
}

/// A place whose water is written down.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gauge {
    pub(super) line: usize,
    pub(super) id: String,
    pub(super) at: [f64; 2],
}

impl Case {
    /// Checks the text of a case whose relative paths start at `folder`.
    ///
    /// # Errors
    /// All faults.
    pub(super) fn parse(text: &str, folder: &Path) -> Result<Self, Vec<CaseFault>> {
        let mut reading = Reading::new(text);
        let document = DeTable::parse(text).map_err(|fault| {
            let line = fault.span().map_or(1, |span| reading.line(span.start));
            let reason = fault.message().split_whitespace().collect::<Vec<_>>().join(" ");
            vec![CaseFault::Syntax { line, reason }]
        })?;
        let case = read_case(&mut Section::root(document.get_ref(), &mut reading), folder);
        match case {
            Some(case) if reading.faults.is_empty() => Ok(case),
            _ => {
                reading.faults.sort_by_key(CaseFault::line);
                Err(reading.faults)
            }
        }
    }

    /// Times of output in s of a run that begins at `start_s`, that and the end among them.
    pub(super) fn times(&self, start_s: f64) -> Vec<f64> {
        let Run { duration_s, output_every_s, .. } = self.run;
        // An output a rounding before the end is the end.
        let inner = (0..=OUTPUTS_MAX).map(|index| index as f64 * output_every_s);
        let inner = inner.take_while(|time| *time < duration_s * (1.0 - 1e-9));
        let inner = inner.filter(|time| start_s < *time);
        [start_s].into_iter().chain(inner).chain([duration_s]).collect()
    }

    /// All files that are read, each once, in the order of the page.
    pub(super) fn files(&self) -> Vec<&FileName> {
        fn raster(quantity: &Quantity) -> Option<&FileName> {
            match quantity {
                Quantity::Raster(file) => Some(file),
                Quantity::Number(_) => None,
            }
        }
        fn series(course: &Course) -> Option<&FileName> {
            match course {
                Course::Series(file) => Some(file),
                Course::Value(_) => None,
            }
        }
        let mut all = vec![&self.dem];
        all.extend(raster(&self.roughness));
        all.extend(self.water.iter().filter_map(|(_, water)| raster(water)));
        all.extend(self.velocity.iter().flatten().filter_map(raster));
        all.extend(self.boundary.iter().filter_map(|condition| match &condition.kind {
            ConditionKind::Discharge(course) | ConditionKind::Stage(course) => series(course),
            ConditionKind::Wall | ConditionKind::Open { .. } => None,
        }));
        all.extend(self.sources.iter().filter_map(|source| series(&source.course)));
        match self.rain.as_ref().and_then(|sky| sky.rain.as_ref()) {
            Some(RainKind::Everywhere(course)) => all.extend(series(course)),
            Some(RainKind::Gridded { files, .. }) => all.extend(files),
            None => {}
        }
        all.extend(&self.run.restart);
        let mut once: Vec<&FileName> = Vec::new();
        for file in all {
            if once.iter().all(|known| known.path != file.path) {
                once.push(file);
            }
        }
        once
    }
}

/// The name of a side in case files.
pub(super) fn side_name(side: Compass) -> &'static str {
    match side {
        Compass::West => "west",
        Compass::East => "east",
        Compass::North => "north",
        Compass::South => "south",
    }
}

fn read_case(section: &mut Section<'_, '_, '_>, folder: &Path) -> Option<Case> {
    let domain = section.table("domain", |section| {
        let dem = section.required("dem", "a path", |entry| file(entry, folder));
        let roughness = section.required("roughness", "Manning's n, 0 to 10, or a path", |entry| {
            quantity(entry, folder, |n| (0.0..=10.0).contains(&n))
        });
        (dem, roughness)
    });
    if domain.is_none() && !section.has("domain") {
        section.missing("domain");
    }
    let initial = section.table("initial", |section| read_initial(section, folder));
    let mut boundary = Vec::new();
    section.table("boundary", |section| {
        for side in Compass::ALL {
            if section.says(side_name(side), "wall") {
                continue;
            }
            boundary.extend(section.tables(side_name(side), |s| read_condition(s, side, folder)));
        }
    });
    let sources = section.tables("source", |section| read_source(section, folder));
    let rain = section.table("rain", |section| read_sky(section, folder));
    let run = section.table("run", |section| read_run(section, folder));
    let restarts = run.as_ref().and_then(Option::as_ref).is_some_and(|run| run.restart.is_some());
    if restarts {
        section.refuse(&["initial"], "restart");
    }
    if run.is_none() && !section.has("run") {
        section.missing("run");
    }
    let output = section.table("output", read_output);
    section.refuse_unknown();
    let (dem, roughness) = domain?;
    let (water, velocity) = initial.unwrap_or_default();
    let (gauges, arrival, duration) = output.unwrap_or_default();
    Some(Case {
        dem: dem?,
        roughness: roughness?,
        water,
        velocity,
        boundary,
        sources,
        rain,
        run: run.flatten()?,
        gauges,
        arrival_depth_m: arrival.unwrap_or(0.1),
        duration_depth_m: duration.unwrap_or(0.5),
    })
}

type Initial = (Option<(WaterKind, Quantity)>, Option<[Quantity; 2]>);

fn read_initial(section: &mut Section<'_, '_, '_>, folder: &Path) -> Initial {
    let water = match section.one_of(&["depth", "level"]) {
        Some("depth") => section
            .optional("depth", "metres, 0 to 10000, or a path", |entry| {
                quantity(entry, folder, |depth| (0.0..=1e4).contains(&depth))
            })
            .map(|depth| (WaterKind::Depth, depth)),
        Some(_) => section
            .optional("level", "a level of -100000 to 100000 m, or a path", |entry| {
                quantity(entry, folder, |level| level.abs() <= 1e5)
            })
            .map(|level| (WaterKind::Level, level)),
        None => None,
    };
    section.know(&["depth", "level"]);
    let velocity =
        section.optional("velocity", "[east, north]: m/s, -1000 to 1000, or a path", |entry| {
            pair(entry, |entry| quantity(entry, folder, |speed| speed.abs() <= 1e3))
        });
    (water, velocity)
}

fn read_condition(
    section: &mut Section<'_, '_, '_>,
    side: Compass,
    folder: &Path,
) -> Option<Condition> {
    let (line, key) = (section.line, section.name(""));
    let key = key.trim_end_matches('.').to_owned();
    let from_m = section.optional("from", "metres, 0 or more", not_negative);
    let to_m = section.optional("to", "metres, more than `from`", |entry| {
        number(entry).filter(|to| from_m.unwrap_or(0.0) < *to)
    });
    let kind =
        section.required("kind", "\"wall\", \"open\", \"discharge\" or \"stage\"", |entry| {
            text(entry)
                .filter(|kind| ["wall", "open", "discharge", "stage"].contains(&kind.as_str()))
        });
    let kind = match kind.as_deref() {
        Some("wall") => {
            section.refuse(&["slope", "series", "value"], "wall");
            Some(ConditionKind::Wall)
        }
        Some("open") => {
            section.refuse(&["series", "value"], "open");
            let slope = section.optional("slope", "m/m, 0 to 1", |entry| within(entry, [0.0, 1.0]));
            Some(ConditionKind::Open { slope: slope.unwrap_or(0.0) })
        }
        Some(kind) => {
            section.refuse(&["slope"], kind);
            let unit = if kind == "stage" { Kind::Level } else { Kind::Discharge };
            let course = read_course(section, folder, unit);
            course.map(if kind == "stage" {
                ConditionKind::Stage
            } else {
                ConditionKind::Discharge
            })
        }
        None => {
            section.know(&["slope", "series", "value"]);
            None
        }
    };
    Some(Condition { side, line, key, from_m, to_m, kind: kind? })
}

/// `series` or `value`.
fn read_course(section: &mut Section<'_, '_, '_>, folder: &Path, unit: Kind) -> Option<Course> {
    let course = match section.one_of(&["series", "value"]) {
        Some("series") => {
            section.optional("series", "a path", |entry| file(entry, folder).map(Course::Series))
        }
        Some(_) => {
            let read = |entry| within(entry, unit.range()).map(Course::Value);
            section.optional("value", unit.expected(), read)
        }
        None => {
            if !section.has("series") {
                section.missing_one(&["series", "value"]);
            }
            None
        }
    };
    section.know(&["series", "value"]);
    course
}

fn read_source(section: &mut Section<'_, '_, '_>, folder: &Path) -> Option<Inflow> {
    let (line, key) = (section.line, section.name("at"));
    let at = section.required("at", "[x, y] in metres", |entry| pair(entry, number));
    let course = read_course(section, folder, Kind::Discharge);
    Some(Inflow { line, key, at: at?, course: course? })
}

fn read_sky(section: &mut Section<'_, '_, '_>, folder: &Path) -> Sky {
    let rain = match section.one_of(&["rate_mm_h", "series", "jma"]) {
        Some("rate_mm_h") => section
            .optional("rate_mm_h", Kind::Rain.expected(), rate)
            .map(|rate| RainKind::Everywhere(Course::Value(rate))),
        Some("series") => section
            .optional("series", "a path", |entry| file(entry, folder))
            .map(|series| RainKind::Everywhere(Course::Series(series))),
        Some(_) => read_gridded(section, folder),
        None => None,
    };
    if !section.has("jma") {
        section.refuse(&["start"], "rate_mm_h");
    }
    section.know(&["rate_mm_h", "series", "jma", "start"]);
    let drainage = section.optional("drainage_mm_h", Kind::Rain.expected(), rate);
    let infiltration = section.table("infiltration", read_infiltration).flatten();
    if !["rate_mm_h", "series", "jma", "drainage_mm_h"].iter().any(|key| section.has(key)) {
        section.missing_one(&["rate_mm_h", "series", "jma"]);
    }
    Sky {
        rain,
        infiltration: infiltration.unwrap_or(Infiltration::None),
        drainage_mm_h: drainage.unwrap_or(0.0),
    }
}

fn read_gridded(section: &mut Section<'_, '_, '_>, folder: &Path) -> Option<RainKind> {
    let files = section.optional("jma", "[\"file\", …]", |entry| {
        let list = entry.value.as_array().filter(|list| !list.is_empty())?;
        let one = |value: &toml::Spanned<DeValue<'_>>| {
            file(Entry { value: value.get_ref(), line: entry.line }, folder)
        };
        list.iter().map(one).collect::<Option<Vec<_>>>()
    });
    let start = section.required("start", "a time such as \"2017-08-07T00:10:00Z\"", |entry| {
        match entry.value {
            DeValue::Datetime(time) => time.to_string().parse().ok(),
            _ => entry.value.as_str()?.parse().ok(),
        }
    });
    Some(RainKind::Gridded { files: files?, start: start? })
}

fn read_infiltration(section: &mut Section<'_, '_, '_>) -> Option<Infiltration> {
    const KINDS: [&str; 4] = ["none", "constant", "green-ampt", "scs-cn"];
    const NUMBERS: [&str; 5] =
        ["rate_mm_h", "conductivity_mm_h", "suction_mm", "deficit", "curve_number"];
    let kind =
        section.required("kind", "\"none\", \"constant\", \"green-ampt\" or \"scs-cn\"", |entry| {
            text(entry).filter(|kind| KINDS.contains(&kind.as_str()))
        });
    let Some(kind) = kind else {
        section.know(&NUMBERS);
        return None;
    };
    let own: &[&str] = match kind.as_str() {
        "constant" => &NUMBERS[..1],
        "green-ampt" => &NUMBERS[1..4],
        "scs-cn" => &NUMBERS[4..],
        _ => &[],
    };
    for other in NUMBERS.iter().filter(|name| !own.contains(name)) {
        section.refuse(&[other], &kind);
    }
    Some(match kind.as_str() {
        "constant" => {
            let rate_mm_h = section.required("rate_mm_h", Kind::Rain.expected(), rate);
            Infiltration::Constant { rate_mm_h: rate_mm_h? }
        }
        "green-ampt" => {
            let conductivity_mm_h =
                section.required("conductivity_mm_h", Kind::Rain.expected(), rate);
            let suction_mm =
                section.required("suction_mm", "mm, 0 to 10000", |entry| within(entry, [0.0, 1e4]));
            let deficit = section.required("deficit", "0 to 1", |entry| within(entry, [0.0, 1.0]));
            Infiltration::GreenAmpt {
                conductivity_mm_h: conductivity_mm_h?,
                suction_mm: suction_mm?,
                deficit: deficit?,
            }
        }
        "scs-cn" => {
            let curve_number = section.required("curve_number", "more than 0, to 100", |entry| {
                number(entry).filter(|number| 0.0 < *number && *number <= 100.0)
            });
            Infiltration::ScsCurveNumber { curve_number: curve_number? }
        }
        _ => Infiltration::None,
    })
}

fn read_run(section: &mut Section<'_, '_, '_>, folder: &Path) -> Option<Run> {
    // 30 years: a longer run is a slip of the pen, and would not end.
    let duration = section.required("duration_s", "seconds, more than 0, to 1000000000", |entry| {
        positive(entry).filter(|seconds| *seconds <= 1e9)
    });
    let every = section.optional("output_every_s", "seconds, more than 0", positive);
    let cfl = section.optional("cfl", "0.001 to 0.5", |entry| within(entry, [0.001, 0.5]));
    let time_step = section.optional("time_step", "\"global\" or \"local\"", |entry| {
        match entry.value.as_str()? {
            "global" => Some(TimeStep::Global),
            "local" => Some(TimeStep::Local),
            _ => None,
        }
    });
    let restart = section.optional("restart", "a path", |entry| file(entry, folder));
    let save = section.optional("save", "a plain file name such as \"state.bin\"", |entry| {
        text(entry).filter(|name| is_plain_name(name))
    });
    let duration_s = duration?;
    let output_every_s = every.unwrap_or(duration_s);
    let outputs = (duration_s / output_every_s).ceil();
    if OUTPUTS_MAX as f64 <= outputs {
        let line = section.line_of("output_every_s");
        section.reading.faults.push(CaseFault::TooManyOutputs {
            line,
            outputs,
            limit: OUTPUTS_MAX,
        });
        return None;
    }
    let line = section.line_of("duration_s");
    let (cfl, time_step) = (cfl.unwrap_or(0.5), time_step.unwrap_or_default());
    Some(Run { duration_s, output_every_s, cfl, time_step, line, restart, save })
}

/// A name in the folder of the result that none of its files has.
fn is_plain_name(name: &str) -> bool {
    let letters = |letter: char| letter.is_alphanumeric() || "._-".contains(letter);
    let own = [".tif", ".csv", ".json", ".part"];
    name.len() <= 100
        && name.chars().all(letters)
        && !name.starts_with(['.', '-'])
        && !own.iter().any(|ending| name.to_lowercase().ends_with(ending))
}

type Output = (Vec<Gauge>, Option<f64>, Option<f64>);

fn read_output(section: &mut Section<'_, '_, '_>) -> Output {
    let mut gauges: Vec<Gauge> = Vec::new();
    let found = section.tables("gauges", |section| {
        let line = section.line;
        let id = section.required("id", "1 to 64 characters", |entry| {
            let plain =
                |id: &String| id.chars().count() <= ID_MAX && !id.contains(char::is_control);
            text(entry).filter(plain)
        });
        let at = section.required("at", "[x, y] in metres", |entry| pair(entry, number));
        Some(Gauge { line, id: id?, at: at? })
    });
    for gauge in found {
        if gauges.iter().any(|known| known.id == gauge.id) {
            let (line, id) = (gauge.line, gauge.id);
            section.reading.faults.push(CaseFault::RepeatedGauge { line, id });
        } else {
            gauges.push(gauge);
        }
    }
    // From the depth below which water does not flow to the deepest that may be given.
    let mut depth =
        |key| section.optional(key, "metres, 0.0001 to 10000", |entry| within(entry, [1e-4, 1e4]));
    let (arrival, duration) = (depth("arrival_depth_m"), depth("duration_depth_m"));
    (gauges, arrival, duration)
}

fn within(entry: Entry<'_, '_>, [low, high]: [f64; 2]) -> Option<f64> {
    number(entry).filter(|value| (low..=high).contains(value))
}

/// A rate in mm/h.
fn rate(entry: Entry<'_, '_>) -> Option<f64> {
    within(entry, Kind::Rain.range())
}

fn positive(entry: Entry<'_, '_>) -> Option<f64> {
    number(entry).filter(|value| 0.0 < *value)
}

fn not_negative(entry: Entry<'_, '_>) -> Option<f64> {
    number(entry).filter(|value| 0.0 <= *value)
}

fn file(entry: Entry<'_, '_>, folder: &Path) -> Option<FileName> {
    let written = text(entry).filter(|written| !written.contains('\0'))?;
    let path = folder.join(&written);
    Some(FileName { written, path })
}

fn quantity(entry: Entry<'_, '_>, folder: &Path, sound: impl Fn(f64) -> bool) -> Option<Quantity> {
    match number(entry) {
        Some(value) => sound(value).then_some(Quantity::Number(value)),
        None => file(entry, folder).map(Quantity::Raster),
    }
}
