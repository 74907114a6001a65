//! What a region file says of rivers, gauges, snow and forecasts: `[rivers]`, `[gauges]`, `[snow]`,
//! `[forecast]`.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use toml::Value;

use super::section::Section;
use super::{audience, number, plain, texts};
use jomo_core::organisation::OrganisationKind;
use jomo_flood::runoff::SnowModel;

/// Rivers and the slopes that drain into them.
#[derive(Clone, Debug, PartialEq)]
pub struct Rivers {
    /// The prepared basin that `jomo flood prepare` writes, resolved against the region file.
    pub basin: Option<PathBuf>,
    /// Drained area at which a stream begins, km².
    pub stream_km2: f64,
    /// `Cw` and `Sw` of the width of an unsurveyed section, `W = Cw A^Sw`.
    pub width: [f64; 2],
    /// `Cd` and `Sd` of its depth, `D = Cd A^Sd`.
    pub depth: [f64; 2],
    /// Manning's n of the channels, s/m^(1/3).
    pub roughness: f64,
    /// Raster of land classes 1 to 5 (forest, paddy, field, town, water).
    pub land: Option<PathBuf>,
    /// Layers of facilities that water may reach: their `source` is read.
    pub facilities: Vec<String>,
    /// Factors on the first guesses of the model, as `jomo flood calibrate` writes them.
    pub parameters: Option<PathBuf>,
    /// Levees that may give way in the inundation of a forecast.
    pub breaches: Option<PathBuf>,
    /// The table of dams.
    pub dams: Option<PathBuf>,
    /// Their releases: a file, or a folder in which files arrive.
    pub releases: Option<PathBuf>,
    /// The table of basins for the storage function method, computed beside the model.
    pub storage_functions: Option<PathBuf>,
}

impl Default for Rivers {
    /// Streams from half a square kilometre, sections of the RRI model's first guess.
    fn default() -> Self {
        Self {
            basin: None,
            stream_km2: 0.5,
            width: [5.0, 0.35],
            depth: [0.95, 0.20],
            roughness: 0.035,
            land: None,
            facilities: Vec::new(),
            parameters: None,
            breaches: None,
            dams: None,
            releases: None,
            storage_functions: None,
        }
    }
}

/// Where gauges and their readings are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GaugeTables {
    /// The table of gauges.
    pub table: Option<PathBuf>,
    /// Their readings: a file, or a folder in which files arrive.
    pub readings: Option<PathBuf>,
}

/// Snow between the rain and the hillsides.
#[derive(Clone, Debug, PartialEq)]
pub struct Snow {
    /// Temperatures of the air, observed and foreseen: a file, or a folder in which files arrive.
    pub temperatures: PathBuf,
    /// Melt for each degree above freezing, mm/(°C day).
    pub melt_mm_c_day: f64,
    /// Water of the snow over all of the basin where no state tells, mm.
    pub start_mm: f64,
}

/// How forecasts of rivers are made and who may see them.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecasts {
    /// Members of the ensemble.
    pub members: usize,
    /// Seed of their errors.
    pub seed: u64,
    /// Lead of levels, h.
    pub hours: u32,
    /// Lead of inundation, h.
    pub inundation_hours: u32,
    /// Rivers that drain less than this are not followed over their banks, km².
    pub inundation_km2: f64,
    /// Hours of past rain before a first forecast.
    pub warm_up_hours: u32,
    /// Minutes after its reference time for which a forecast is current.
    pub valid_for_min: f64,
    /// Minutes after which rain forecasts no longer do, though they hold no more.
    pub rain_late_min: f64,
    /// Folder of the states between cycles.
    pub state: Option<PathBuf>,
    /// How members become a forecast: the table that `jomo flood verify` writes.
    pub dressing: Option<PathBuf>,
    /// Why others than the prefecture's own staff may see it.
    pub legal: Vec<LegalBasis>,
}

impl Default for Forecasts {
    fn default() -> Self {
        Self {
            members: 20,
            seed: 1,
            hours: 36,
            inundation_hours: 6,
            inundation_km2: 2.0,
            warm_up_hours: 12,
            valid_for_min: 30.0,
            rain_late_min: 120.0,
            state: None,
            dressing: None,
            legal: Vec::new(),
        }
    }
}

/// The legal basis on which an audience sees forecasts (気象業務法 17条, 水防法 11条).
#[derive(Clone, Debug, PartialEq)]
pub struct LegalBasis {
    /// Who.
    pub audience: Vec<OrganisationKind>,
    /// `internal`, `joint-flood-forecast`, `permit`, or another basis in words.
    pub basis: String,
    /// When it was given.
    pub since: Date,
    /// Who approved it.
    pub approver: Option<String>,
}

fn path(folder: &Path) -> impl Fn(&Value) -> Option<PathBuf> {
    move |value| plain(value).map(|path| folder.join(path))
}

fn within(low: f64, high: f64) -> impl Fn(&Value) -> Option<f64> {
    move |value| number(value).filter(|value| (low..=high).contains(value))
}

fn whole(low: i64, high: i64) -> impl Fn(&Value) -> Option<u32> {
    move |value| {
        let value = value.as_integer().filter(|value| (low..=high).contains(value))?;
        u32::try_from(value).ok()
    }
}

/// A factor above 0 and an exponent of 0 to 2.
fn power(value: &Value) -> Option<[f64; 2]> {
    let numbers: Option<Vec<f64>> = value.as_array()?.iter().map(number).collect();
    let [factor, exponent] = <[f64; 2]>::try_from(numbers?).ok()?;
    let sound = factor.is_finite() && 0.0 < factor && (0.0..=2.0).contains(&exponent);
    sound.then_some([factor, exponent])
}

pub(super) fn rivers(section: &mut Section<'_>, folder: &Path) -> Rivers {
    let known = Rivers::default();
    let rule = "[factor above 0, exponent 0 to 2]";
    Rivers {
        basin: section.optional("basin", "a path", path(folder)),
        stream_km2: section
            .optional("stream_km2", "km², 0.01 to 1000", within(0.01, 1_000.0))
            .unwrap_or(known.stream_km2),
        width: section.optional("width", rule, power).unwrap_or(known.width),
        depth: section.optional("depth", rule, power).unwrap_or(known.depth),
        roughness: section
            .optional("roughness", "Manning's n, 0.01 to 0.2", within(0.01, 0.2))
            .unwrap_or(known.roughness),
        land: section.optional("land", "a path", path(folder)),
        facilities: section.optional("facilities", "[\"layer\", …]", texts).unwrap_or_default(),
        parameters: section.optional("parameters", "a path", path(folder)),
        breaches: section.optional("breaches", "a path", path(folder)),
        dams: section.optional("dams", "a path", path(folder)),
        releases: section.optional("releases", "a path", path(folder)),
        storage_functions: section.optional("storage_functions", "a path", path(folder)),
    }
}

pub(super) fn gauges(section: &mut Section<'_>, folder: &Path) -> GaugeTables {
    GaugeTables {
        table: section.optional("table", "a path", path(folder)),
        readings: section.optional("readings", "a path", path(folder)),
    }
}

/// `None` without a table of temperatures, which is a fault then.
pub(super) fn snow(section: &mut Section<'_>, folder: &Path) -> Option<Snow> {
    let temperatures = section.required("temperatures", "a path", path(folder));
    let melt_mm_c_day =
        section.optional("melt_mm_c_day", "mm/(°C day), 0 to 20", within(0.0, 20.0));
    let start_mm = section.optional("start_mm", "mm, 0 to 5000", within(0.0, 5_000.0));
    Some(Snow {
        temperatures: temperatures?,
        melt_mm_c_day: melt_mm_c_day.unwrap_or(SnowModel::USUAL.melt_mm_c_day),
        start_mm: start_mm.unwrap_or(0.0),
    })
}

pub(super) fn forecasts(section: &mut Section<'_>, folder: &Path) -> Forecasts {
    let known = Forecasts::default();
    let members = section.optional("members", "1 to 64", whole(1, 64));
    let seed = section.optional("seed", "0 to 9223372036854775807", |value| {
        value.as_integer().and_then(|seed| u64::try_from(seed).ok())
    });
    let mut legal = Vec::new();
    section.each("legal", |_, section| legal.extend(basis(section)));
    Forecasts {
        members: members.map_or(known.members, |members| members as usize),
        seed: seed.unwrap_or(known.seed),
        hours: section.optional("hours", "1 to 72", whole(1, 72)).unwrap_or(known.hours),
        inundation_hours: section
            .optional("inundation_hours", "0 to 24", whole(0, 24))
            .unwrap_or(known.inundation_hours),
        inundation_km2: section
            .optional("inundation_km2", "km², 0.01 to 100000", within(0.01, 100_000.0))
            .unwrap_or(known.inundation_km2),
        warm_up_hours: section
            .optional("warm_up_hours", "0 to 240", whole(0, 240))
            .unwrap_or(known.warm_up_hours),
        valid_for_min: section
            .optional("valid_for_min", "minutes, 10 to 180", within(10.0, 180.0))
            .unwrap_or(known.valid_for_min),
        rain_late_min: section
            .optional("rain_late_min", "minutes, 0 to 360", within(0.0, 360.0))
            .unwrap_or(known.rain_late_min),
        state: section.optional("state", "a path", path(folder)),
        dressing: section.optional("dressing", "a path", path(folder)),
        legal,
    }
}

fn basis(section: &mut Section<'_>) -> Option<LegalBasis> {
    let audience = section.required("audience", super::AUDIENCES, audience);
    let basis = section.required("basis", "text", plain);
    let since =
        section.required("since", "a date, 2026-11-23", |value| plain(value)?.parse::<Date>().ok());
    let approver = section.optional("approver", "text", plain);
    Some(LegalBasis { audience: audience?, basis: basis?, since: since?, approver })
}
