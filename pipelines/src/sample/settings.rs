//! How the sample region is made: `data-samples/fictional/settings.toml`, checked.

use jiff::Timestamp;
use jomo_core::frame::Position;
use jomo_core::projection::{Zone, inverse};
use serde::Deserialize;

use super::SampleError;

pub(super) const RECIPE: &str = include_str!("../../../data-samples/fictional/settings.toml");

/// Cell sizes that divide the lattice of the relief (40 m) or are multiples of it.
const CELL_SIZES_M: [f64; 5] = [5.0, 10.0, 20.0, 40.0, 80.0];

/// What a person may choose. A coarser cell is the same landscape, made faster.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// Seed of every theme.
    pub seed: u64,
    /// Reference time (初期時刻) of the rain; the event lies around it.
    pub reference_time: Timestamp,
    /// Cell of the terrain in metres: 5, 10, 20, 40 or 80.
    pub cell_size_m: f64,
    /// Whether the whole event is written too, as an archive of rain in `event/`.
    pub event: bool,
}

impl Default for Settings {
    /// The region of every demonstration: seed 20260901, 2026-09-01T12:00:00Z, 10 m.
    fn default() -> Self {
        let reference_time = Timestamp::constant(1_788_264_000, 0);
        Self { seed: 20_260_901, reference_time, cell_size_m: 10.0, event: false }
    }
}

/// Settings and recipe together, checked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) reference_time: Timestamp,
    pub(super) cell_size_m: f64,
    pub(super) event: bool,
    pub(super) zone: Zone,
    pub(super) south_west_m: [f64; 2],
    pub(super) extent_m: f64,
    pub(super) stem: Stem,
    pub(super) relief: Relief,
    pub(super) municipalities: Borders,
    pub(super) flood: Flood,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipe {
    planar_crs: u32,
    south_west_m: [f64; 2],
    extent_m: f64,
    stem: Stem,
    relief: Relief,
    municipalities: Borders,
    flood: Flood,
}

/// The course of the main river and the levels along it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stem {
    pub(super) course_km: Vec<[f64; 2]>,
    pub(super) mouth_level_m: f64,
    pub(super) plain_slope: f64,
    pub(super) rise_m: f64,
}

/// How steep mountains and hills are.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Relief {
    pub(super) mountains_m: f64,
    pub(super) hills_m: f64,
    pub(super) steepest: f64,
}

/// Corners of the municipalities, and the corners of each in order.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Borders {
    pub(super) corners_km: Vec<[f64; 2]>,
    pub(super) rings: Vec<Vec<usize>>,
}

/// The flood: its domain and its run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flood {
    /// West, north, east, south, kilometres from the north-west corner.
    pub(super) window_km: [f64; 4],
    /// Ground this much over the bed of the main stem is outside, metres.
    pub(super) above_bed_m: f64,
    /// Share of the runoff that reaches the plain within the event.
    pub(super) runoff_share: f64,
    /// Manning's n.
    pub(super) roughness: f64,
    pub(super) duration_s: u32,
    pub(super) output_every_s: u32,
}

impl Plan {
    pub(super) fn new(settings: &Settings) -> Result<Self, SampleError> {
        let Settings { seed, reference_time, cell_size_m, event } = *settings;
        if !CELL_SIZES_M.iter().any(|size| (size - cell_size_m).abs() < 1e-9) {
            return Err(SampleError::CellSize { cell_size_m });
        }
        let wrong = |reason: String| SampleError::Recipe { file: "settings.toml", reason };
        let recipe: Recipe = toml::from_str(RECIPE).map_err(|fault| wrong(fault.to_string()))?;
        let zone = Zone::from_epsg(recipe.planar_crs)
            .ok_or_else(|| wrong(format!("planar_crs = {}", recipe.planar_crs)))?;
        let corners = recipe.municipalities.corners_km.len();
        if recipe.municipalities.rings.iter().flatten().any(|corner| corners <= *corner) {
            return Err(wrong("municipalities.rings name a corner that is not there".to_owned()));
        }
        if recipe.stem.course_km.len() < 4 {
            return Err(wrong("stem.course_km has fewer than four points".to_owned()));
        }
        Ok(Self {
            seed,
            reference_time,
            cell_size_m,
            event,
            zone,
            south_west_m: recipe.south_west_m,
            extent_m: recipe.extent_m,
            stem: recipe.stem,
            relief: recipe.relief,
            municipalities: recipe.municipalities,
            flood: recipe.flood,
        })
    }

    /// Outer north-west corner `[easting, northing]`.
    pub(super) fn north_west_m(&self) -> [f64; 2] {
        [self.south_west_m[0], self.south_west_m[1] + self.extent_m]
    }

    /// Longitude and latitude of a place `[east, south]` of the north-west corner, rounded to
    /// 1e-8 degrees (1 mm): the same text for the same place on every border that it is on.
    pub(super) fn lon_lat(&self, [x, y]: [f64; 2]) -> Result<[f64; 2], SampleError> {
        let [west, north] = self.north_west_m();
        let place = inverse(Position::planar(self.zone, [west + x, north - y]))?;
        Ok(place.xy.map(|degrees| (degrees * 1e8).round() / 1e8))
    }

    /// West, south, east, north of the region in degrees, outward to 1e-6.
    pub(super) fn bbox_deg(&self) -> Result<[f64; 4], SampleError> {
        let mut bbox = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        let steps = 40;
        for step in 0..=steps {
            let along = self.extent_m * f64::from(step) / f64::from(steps);
            let end = self.extent_m;
            for place in [[along, 0.0], [along, end], [0.0, along], [end, along]] {
                let [lon, lat] = self.lon_lat(place)?;
                bbox = [bbox[0].min(lon), bbox[1].min(lat), bbox[2].max(lon), bbox[3].max(lat)];
            }
        }
        let low = |degrees: f64| (degrees * 1e6).floor() / 1e6;
        let high = |degrees: f64| (degrees * 1e6).ceil() / 1e6;
        Ok([low(bbox[0]), low(bbox[1]), high(bbox[2]), high(bbox[3])])
    }
}
