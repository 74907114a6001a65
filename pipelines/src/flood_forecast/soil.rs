//! The soil water index (土壌雨量指数) of every rain cell, and the runoff index of every reach: the
//! agency's three tanks on the rain of the cycle, beside the model and independent of it.
//!
//! `docs/methods/runoff.md` (in the cycle) and `docs/methods/soil-water.md`.

use std::fmt::Write as _;
use std::path::Path;

use geo_types::{Geometry, LineString, Polygon};
use jiff::{SignedDuration, Timestamp};
use jomo_core::feature::{Code, Feature, FeatureTable, Field, FieldType, Value};
use jomo_core::layer::{Access, Layer, LegendEntry, Symbol};
use jomo_flood::BasinError;
use jomo_flood::basin::Basin;
use jomo_flood::rainfall::{Cells, Cube};
use jomo_flood::runoff::RunoffIndex;
use jomo_flood::soil_water::{SoilGrid, Steps, TankModel, Tanks};
use jomo_store::LayerStage;
use jomo_tile::LayerSource;
use jomo_words::both;
use serde_json::{Value as Json, json};

use super::layers::{Issue, Look};
use crate::failure::Failure;
use crate::layer_files::write_step;
use crate::rainfall::SoilWater;

/// Id of the layer, and the file of the runoff index.
pub(super) const SOIL: &str = "soil_water_index";
pub(super) const FILE: &str = "runoff_index.csv";
/// Leads in h that are published: as far as the very-short-range forecast reaches.
const LEADS_H: u32 = 6;
const ZOOMS: std::ops::RangeInclusive<u8> = 5..=12;
/// Tanks where nothing is known: 80 mm in all, 5 in the upper one. Cells without rain had 60 to
/// 160 mm in the agency's states that were looked at.
const ASSUMED_MM: [f64; 2] = [80.0, 5.0];
/// Hours for which the channels of the runoff index are filled by the flow of the first step.
const FILLING_H: i64 = 12;
/// Lower bounds of the classes that are drawn, mm, and their colours: our own, because a number of
/// mm means something else in every place; the agency's thresholds are not ours to draw.
const CLASSES: [(f64, &str); 6] = [
    (0.0, "#f3f0e8"),
    (50.0, "#dfd6bf"),
    (100.0, "#c3b28a"),
    (150.0, "#a08a5c"),
    (200.0, "#7a6238"),
    (250.0, "#503c1c"),
];

/// Water of a cell in a state: upper, middle and lower tank, mm; `None` without data.
pub(super) type SavedTanks = Option<[f64; 3]>;

/// What the tanks began from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Began {
    /// The agency's state of this time.
    Agency(Timestamp),
    /// The state of an earlier cycle, which began from either.
    Saved,
    /// An assumption.
    Assumed,
}

/// The tanks under the rain.
pub(super) struct Soil {
    grid: SoilGrid,
    index: RunoffIndex,
    began: Began,
    /// Minutes without data under each cell since it began; taken as dry.
    gap_min: Vec<u32>,
    /// Whether the channels have been filled.
    is_filled: bool,
    /// Next step of the cube.
    step: usize,
}

/// The tanks at a time.
pub(super) struct SoilStep {
    time: Timestamp,
    /// Index and upper tank of each cell, mm.
    tanks_mm: Vec<[f64; 2]>,
    /// Runoff index of each node.
    nodes: Vec<f64>,
}

impl Soil {
    /// The tanks at the start of a cube: those of the agency if its product holds within the past
    /// of the cube, else of a saved state, else an assumption.
    pub(super) fn new(
        basin: &Basin,
        cube: &Cube,
        known: Option<&SoilWater>,
        saved: Option<&[SavedTanks]>,
    ) -> Result<Self, BasinError> {
        let timeline = cube.timeline();
        let count = cube.cells().count();
        let within = |soil: &&SoilWater| {
            timeline.start <= soil.valid_time
                && soil.valid_time <= timeline.now
                // Analysed, not foreseen.
                && soil.valid_time <= soil.reference_time
                && [&soil.total_mm, &soil.upper_mm].iter().all(|values| values.len() == count)
        };
        let known = known.filter(within);
        let saved = saved.filter(|tanks| tanks.len() == count);
        let (tanks, began): (Vec<Tanks>, Began) = match (known, saved) {
            (Some(soil), _) => {
                let both = soil.total_mm.iter().zip(&soil.upper_mm);
                let tanks = both.map(|(total_mm, upper_mm)| {
                    Tanks::from_index(f64::from(*total_mm), f64::from(*upper_mm))
                });
                (tanks.collect(), Began::Agency(soil.valid_time))
            }
            (None, Some(saved)) => {
                let tanks = saved.iter().map(|tanks| match tanks {
                    Some([upper_mm, middle_mm, lower_mm]) => {
                        Tanks { upper_mm: *upper_mm, middle_mm: *middle_mm, lower_mm: *lower_mm }
                    }
                    None => Tanks::NO_DATA,
                });
                (tanks.collect(), Began::Saved)
            }
            (None, None) => {
                let [index_mm, upper_mm] = ASSUMED_MM;
                (vec![Tanks::from_index(index_mm, upper_mm); count], Began::Assumed)
            }
        };
        let start = match began {
            Began::Agency(time) => time,
            Began::Saved | Began::Assumed => timeline.start,
        };
        // A state in the middle of a step holds until its end: half of ten minutes at most is lost.
        let step = (0..timeline.steps).take_while(|step| timeline.begin(*step) < start).count();
        let shape = cube.cells().shape().map(|count| count as usize);
        let (what, found) = ("tanks", tanks.len());
        let grid = SoilGrid::new(shape, &tanks).ok_or(BasinError::Count {
            what,
            expected: count,
            found,
        })?;
        let index = RunoffIndex::new(basin.waterway());
        Ok(Self { grid, index, began, gap_min: vec![0; count], is_filled: false, step })
    }

    /// Carries tanks and channels on to a time; a gap of the rain is taken as dry, and counted.
    pub(super) fn until(
        &mut self,
        basin: &Basin,
        cube: &Cube,
        time: Timestamp,
    ) -> Result<(), BasinError> {
        let timeline = cube.timeline();
        let step_s = f64::from(timeline.step_s);
        let model = TankModel::JMA;
        let once = Steps::new(&model, step_s / 3_600.0, 1).unwrap_or(Steps::TEN_MINUTES);
        let mut rates = vec![f32::NAN; cube.cells().count()];
        while self.step < timeline.steps && timeline.begin(self.step) < time {
            cube.rates(self.step, &mut rates);
            for (rate, gap_min) in rates.iter_mut().zip(&mut self.gap_min) {
                if rate.is_nan() {
                    *rate = 0.0;
                    *gap_min += timeline.step_s / 60;
                }
                // mm/h to mm in the step.
                *rate *= narrowed(step_s / 3_600.0);
            }
            let ledger = self.grid.advance(&model, once, &rates);
            let (what, expected) = ("rain cells", rates.len());
            ledger.ok_or(BasinError::Count { what, expected, found: self.gap_min.len() })?;
            let side_mm = self.grid.side_mm();
            let (lateral_m3_s, _) = RunoffIndex::lateral_m3_s(basin.slopes(), side_mm, step_s)?;
            if !self.is_filled {
                for _ in 0..FILLING_H {
                    self.index.step(&lateral_m3_s, 3_600.0)?;
                }
                self.is_filled = true;
            }
            self.index.step(&lateral_m3_s, step_s)?;
            self.step += 1;
        }
        Ok(())
    }

    /// The tanks for the next cycle.
    pub(super) fn saved(&self) -> Vec<SavedTanks> {
        let tanks = (0..self.gap_min.len()).map_while(|cell| self.grid.tanks(cell));
        let saved = |tanks: Tanks| {
            let Tanks { upper_mm, middle_mm, lower_mm } = tanks;
            (!tanks.index_mm().is_nan()).then_some([upper_mm, middle_mm, lower_mm])
        };
        tanks.map(saved).collect()
    }

    /// The tanks now, and every hour ahead as far as rain is foreseen, at most [`LEADS_H`].
    pub(super) fn ahead(
        mut self,
        basin: &Basin,
        cube: &Cube,
        reference_time: Timestamp,
    ) -> Result<SoilForecast, BasinError> {
        let end = cube.last_with_data().map(|step| cube.timeline().begin(step + 1));
        let mut steps = vec![self.now(reference_time)];
        for hour in 1..=i64::from(LEADS_H) {
            let time = reference_time.checked_add(SignedDuration::from_hours(hour)).ok();
            let Some(time) = time.filter(|time| end.is_some_and(|end| *time <= end)) else { break };
            self.until(basin, cube, time)?;
            steps.push(self.now(time));
        }
        Ok(SoilForecast { began: self.began, gap_min: self.gap_min, steps })
    }

    fn now(&self, time: Timestamp) -> SoilStep {
        let tanks = (0..self.gap_min.len()).map_while(|cell| self.grid.tanks(cell));
        let tanks_mm = tanks.map(|tanks| [tanks.index_mm(), tanks.upper_mm]).collect();
        let nodes = self.index.discharge_m3_s().iter().map(|flow| flow.sqrt()).collect();
        SoilStep { time, tanks_mm, nodes }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a share of an hour")]
fn narrowed(value: f64) -> f32 {
    value as f32
}

/// The tanks at the reference time and ahead.
pub(super) struct SoilForecast {
    began: Began,
    gap_min: Vec<u32>,
    steps: Vec<SoilStep>,
}

impl SoilForecast {
    /// What the record of the run says.
    pub(super) fn told(&self) -> Json {
        let (began, state) = match self.began {
            Began::Agency(time) => ("agency", Some(time)),
            Began::Saved => ("saved", None),
            Began::Assumed => ("assumed", None),
        };
        let until = self.steps.last().map(|step| step.time);
        json!({ "began": began, "state_of": state, "until": until })
    }

    /// `runoff_index.csv`: of each reach the greatest index of its nodes at each time.
    pub(super) fn table(&self, issue: &Issue<'_>, (basin, ids): (&Basin, &[String])) -> String {
        let mut text = String::from("reference_time,valid_time,reach,runoff_index\n");
        for step in &self.steps {
            let mut most = vec![f64::NAN; ids.len()];
            for (node, index) in basin.waterway().nodes().iter().zip(&step.nodes) {
                if let Some(most) = most.get_mut(node.reach as usize) {
                    *most = most.max(*index);
                }
            }
            for (id, index) in ids.iter().zip(most).filter(|(_, index)| !index.is_nan()) {
                let _ = writeln!(text, "{},{},{id},{index:.3}", issue.reference_time, step.time);
            }
        }
        text
    }

    /// The layer, a step for each hour.
    pub(super) fn put(
        &self,
        issue: &Issue<'_>,
        stage: &Path,
        cells: &Cells,
    ) -> Result<Layer, Failure> {
        let mut layer = issue.describe(look(), issue.region.bbox);
        layer.valid_times = self.steps.iter().map(|step| step.time).collect();
        let mut staged = match layer.access {
            Access::Public => LayerStage::begin(stage, &layer.id),
            Access::Restricted => LayerStage::begin_restricted(stage, &layer.id),
        }?;
        for step in &self.steps {
            let features = self.features(step, cells, issue.region.bbox);
            layer.feature_count = layer.feature_count.max(features.len() as u64);
            let table = FeatureTable { fields: layer.fields.clone(), features };
            let source = LayerSource { name: &layer.id, table: &table, zooms: ZOOMS };
            write_step(&mut staged, &layer, Some(step.time), &table, &[source])?;
        }
        staged.finish(layer, issue.context.now).map_err(Failure::from)
    }

    fn features(&self, step: &SoilStep, cells: &Cells, bbox: [f64; 4]) -> Vec<Feature> {
        let [west, south, east, north] = bbox;
        let [width, height] = cells.step_deg().map(|size| 0.5 * size);
        let began = match self.began {
            Began::Agency(_) => 1,
            Began::Saved => 2,
            Began::Assumed => 3,
        };
        let one = |(cell, [index_mm, upper_mm]): (u32, &[f64; 2])| {
            let [lon, lat] = cells.centre_deg(cell);
            let is_within = west <= lon && lon <= east && south <= lat && lat <= north;
            if index_mm.is_nan() || !is_within {
                return None;
            }
            let corners = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0]];
            let ring = corners.map(|[x, y]| (lon + x * width, lat + y * height));
            let gap_min = self.gap_min.get(cell as usize).copied().unwrap_or(0);
            Some(Feature {
                id: format!("cell-{cell}"),
                geometry: Geometry::Polygon(Polygon::new(LineString::from(ring.to_vec()), vec![])),
                values: vec![
                    Some(millimetres(*index_mm)),
                    Some(millimetres(*upper_mm)),
                    Some(Value::Int(began)),
                    Some(Value::Int(i64::from(gap_min))),
                ],
            })
        };
        (0_u32..).zip(&step.tanks_mm).filter_map(one).collect()
    }
}

/// Tenths of a millimetre: the agency's own product has whole ones.
fn millimetres(value: f64) -> Value {
    Value::Float((10.0 * value).round() / 10.0)
}

fn look() -> Look {
    let float = |name: &str, words: &str| {
        Field::new(name, FieldType::Float, both(&format!("field-{words}"))).with_unit("mm")
    };
    let mut began = Field::new("began", FieldType::Int, both("field-soil-began"));
    began.codes = (1..=3)
        .map(|code| Code {
            value: json!(code),
            label: both(&format!("soil-began-{code}")),
            color: None,
        })
        .collect();
    let gap = Field::new("gap_min", FieldType::Int, both("field-soil-gap")).with_unit("min");
    let mut color = vec![json!("step"), json!(["get", "index_mm"]), json!(CLASSES[0].1)];
    for (from_mm, css) in &CLASSES[1..] {
        color.extend([json!(from_mm), json!(css)]);
    }
    let entry = |(class, (_, css)): (usize, &(f64, &str))| LegendEntry {
        label: both(&format!("soil-class-{class}")),
        color: (*css).to_owned(),
        symbol: Symbol::Fill,
    };
    Look {
        id: SOIL,
        fields: vec![float("index_mm", "soil-index"), float("upper_mm", "soil-upper"), began, gap],
        style: vec![json!({
            "type": "fill",
            "paint": { "fill-color": color, "fill-opacity": 0.5, "fill-antialias": false },
        })],
        legend: CLASSES.iter().enumerate().rev().map(entry).collect(),
        zooms: ZOOMS,
        hidden: true,
    }
}

#[cfg(test)]
mod tests;
