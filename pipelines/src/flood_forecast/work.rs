//! The work of one cycle: the stages in their order, and what the record of the run says of them.

use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use jomo_core::fault::Faults;
use jomo_flood::BasinError;
use jomo_flood::basin::{Ensemble, Member, ModelSpread};
use jomo_flood::ensemble::representatives;
use jomo_flood::rainfall::{Cube, Product};
use serde_json::{Value, json};

use super::cycle::{Ahead, Cycle, Now};
use super::inundation::{self, Inundation};
use super::judged::GaugeRecord;
use super::layers::{self, BankLines, Issue};
use super::model::{Given, Model};
use super::record::{GaugeForecast, STEP_MIN, valid_times};
use super::shortfall::{added, volume_m3};
use super::soil::{self, Soil, SoilForecast};
use super::storage::{self, StorageForecasts};
use super::{Inputs, Request, band, breach, hits, levels, state};
use crate::dressing_table::Origin;
use crate::failure::{Exit, Failure};
use crate::flood_layers::{Edition, Told, stage_layers};
use crate::run::{Context, Made, Plan};

/// Share of the soil's store that is full at a cold start, the middle of the members: between weeks
/// (0.15) and days (0.3) since rain. The rain of the warm-up and the gauges do the rest.
pub(super) const FIRST_WETNESS: f64 = 0.25;

/// When each stage of the cycle began and how long it took.
pub(super) struct StageTimes {
    began: Instant,
    context: Context,
    stages: Vec<(&'static str, f64)>,
}

impl StageTimes {
    pub(super) fn new(context: &Context) -> Self {
        Self { began: Instant::now(), context: context.clone(), stages: Vec::new() }
    }

    pub(super) fn begin(&mut self, stage: &'static str) {
        self.context.progress.stage(stage, None);
        self.stages.push((stage, self.began.elapsed().as_secs_f64()));
    }

    /// Stages with their begin and length in s since the first.
    fn told(&self) -> Value {
        let end = self.began.elapsed().as_secs_f64();
        let ends = self.stages.iter().skip(1).map(|(_, began)| *began).chain([end]);
        let stage = |((stage, began), end): (&(&str, f64), f64)| json!({ "stage": stage, "began_s": millis(*began), "took_s": millis(end - began) });
        json!(self.stages.iter().zip(ends).map(stage).collect::<Vec<_>>())
    }
}

/// Begins of the steps in which a part of the basin has no rain data.
fn gaps<'a>(cube: &'a Cube, model: &'a Model) -> impl Iterator<Item = Timestamp> + 'a {
    let mut rates = vec![0.0; cube.cells().count()];
    let under = model.basin.slopes().under_rain_m2();
    let is_gap = move |step: &usize| {
        cube.rates(*step, &mut rates);
        rates.iter().zip(under).any(|(rate, area)| rate.is_nan() && 0.0 < *area)
    };
    (0..cube.timeline().steps).filter(is_gap).map(|step| cube.timeline().begin(step))
}

/// Gauges by where the spread of their bands comes from.
fn origins(gauges: &[GaugeForecast]) -> Value {
    let count = |origin| gauges.iter().filter(|gauge| gauge.origin == origin).count();
    Origin::ALL.into_iter().map(|origin| (origin.name(), count(origin))).collect()
}

fn millis(seconds: f64) -> f64 {
    (1_000.0 * seconds).round() / 1_000.0
}

/// A member with the factors of a calibration, in the order of [`crate::flood::FACTORS`]; that of
/// the channels is one of the rivers.
pub(super) fn with_factors(member: Member, factors: [f64; 4]) -> Member {
    let [_, roughness, soil_depth, conductivity] = factors;
    Member {
        roughness: member.roughness * roughness,
        soil_depth: member.soil_depth * soil_depth,
        conductivity: member.conductivity * conductivity,
        ..member
    }
}

/// A cycle at work.
pub(super) struct Work<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) inputs: &'a Inputs,
    pub(super) plan: &'a Plan,
    pub(super) context: &'a Context,
}

impl Work<'_> {
    /// `products` is the rain of the inputs, handed over: the prefecture's has 80 MB.
    pub(super) fn make(
        &self,
        stage: &Path,
        mut timeline: StageTimes,
        products: Vec<Product>,
    ) -> Result<Made, Failure> {
        let Work { request, inputs, context, .. } = self;
        let region = &request.region;
        let failed = |fault| Failure::new(Exit::Failed, fault);
        timeline.begin("model");
        let prepared = inputs.basin.open(region.zone)?;
        let (cells, land) = (&inputs.rain.cells, inputs.land.as_ref());
        let given = Given {
            cells,
            stations: &inputs.stations,
            land,
            dams: &inputs.dams,
            storage: &inputs.storage,
            parameters: inputs.parameters.as_ref(),
            start: inputs.start,
        };
        let model = Model::new(region, &prepared, &given)?;
        let cube = self.cube(products)?;
        let cycle = Cycle {
            model: &model,
            stations: &inputs.stations,
            dressings: &inputs.dressings,
            cube: &cube,
            reference_time: request.reference_time,
        };
        timeline.begin("catch-up");
        let start = self.start(&model, &cube)?;
        let mut now = cycle.catch_up(start, |_| ()).map_err(failed)?;
        let (soil, tanks) = self.soil(&model, &cube).map_err(failed)?;
        let saved = inputs.state.as_ref().map(state::Saved::storage).unwrap_or_default();
        let storage = model.storage.run(&cube, cycle.past_steps(), saved).map_err(failed)?;
        timeline.begin("ahead");
        let hours = region.forecasts.inundation_hours.min(region.forecasts.hours);
        let hours = if request.is_inundated() { hours } else { 0 };
        let steps = usize::try_from(i64::from(hours) * 60 / STEP_MIN).unwrap_or(0);
        let ahead = cycle.ahead(&mut now, steps, |_| ()).map_err(failed)?;
        if let Some(folder) = request.state_folder() {
            // With the forecast of this cycle, by which later ones judge the model.
            let (key, time) = (inputs.key(region), request.reference_time);
            state::save(folder, &key, time, &model, (&now, tanks, storage.saved()))?;
        }
        let inundation = if 0 < steps {
            timeline.begin("inundation");
            Some(self.inundation(&model, &now.ensemble, &ahead, (steps, stage))?)
        } else {
            None
        };
        timeline.begin("tiles");
        let times = valid_times(request.reference_time, region.forecasts.hours);
        let mut faults = self.faults((&model, &now), &ahead, &cube);
        let case = inundation.as_ref().and_then(|known| known.told.first());
        faults.merge(case.map(breach::faults).unwrap_or_default());
        let water_m3 = inundation.iter().flat_map(|known| known.told.iter());
        let water_m3 = water_m3.filter_map(|case| case["added_m3"].as_f64()).fold(0.0, f64::max);
        if 0.0 < water_m3 {
            faults.add("forecast-water-added", || format!("{water_m3:.0} m3"));
        }
        let standing = self.standing(&model);
        let issue = Issue {
            region,
            plan: self.plan,
            mode: request.mode,
            reference_time: request.reference_time,
            times: &times,
            context,
            has_breach: inundation.as_ref().is_some_and(|known| breach::is_open(&known.told)),
            faults: &faults,
            standing: &standing,
        };
        let mut made = self.put(stage, &issue, (&prepared, &model), (&ahead, &soil))?;
        self.put_storage(stage, &issue, (&model, &storage), (&ahead, &mut made))?;
        made.more.extend(self.snow_told(&model, &now, &cube));
        if let Some(inundation) = &inundation {
            self.put_inundation(stage, &issue, inundation, &mut made)?;
        }
        made.faults.merge(faults);
        made.standing = standing;
        Ok(self.tell(made, (&model, &now), &ahead, (&cube, timeline.told())))
    }

    /// The plain of the members that stand for the low, the middle and the high.
    fn inundation(
        &self,
        model: &Model,
        ensemble: &Ensemble,
        ahead: &Ahead,
        (steps, stage): (usize, &Path),
    ) -> Result<Inundation, Failure> {
        // With what is added: where all members stay in their banks, that makes the cases.
        let more = |member: usize| added(&ahead.stretches, &ahead.gauges, (member, steps));
        let water_m3: Vec<f64> = (0..)
            .zip(&ahead.overflow_m3)
            .map(|(member, overflow_m3)| overflow_m3 + volume_m3(&more(member)))
            .collect();
        let members = representatives(&water_m3).unwrap_or_default();
        let waterway = model.basin.waterway();
        let file = self.inputs.breaches.as_ref();
        let breaches = file.map(|(file, _)| file.on(waterway)).unwrap_or_default();
        let start = inundation::Start {
            model,
            breaches: &breaches,
            ensemble,
            lateral_m3_s: &ahead.lateral_m3_s,
            members,
            added: members.map(more),
            steps,
            least_km2: self.request.region.forecasts.inundation_km2,
        };
        let progress = &self.context.progress;
        let folder = stage.with_file_name("inundation");
        inundation::run(&start, &folder, |done| progress.step("inundation", done as u64))
    }

    fn put_inundation(
        &self,
        stage: &Path,
        issue: &Issue<'_>,
        inundation: &Inundation,
        made: &mut Made,
    ) -> Result<(), Failure> {
        let region = issue.region;
        let told = Told {
            mode: issue.mode,
            start: issue.reference_time,
            edition: Edition::default(),
            valid_for_min: region.forecasts.valid_for_min,
            audience: issue.audience(),
            credit: if issue.has_breach { layers::BREACH } else { "credit-flood" },
            faults: issue.faults.clone(),
            standing: issue.standing.clone(),
        };
        let (plan, context) = (issue.plan, issue.context);
        made.layers.extend(stage_layers(
            &inundation.folder,
            (region, told),
            (plan, stage),
            context,
        )?);
        made.layers.push(band::put(issue, stage, &inundation.cases)?);
        if let Some(facilities) = &self.inputs.facilities {
            let (layer, table) = hits::put(issue, stage, facilities, &inundation.cases)?;
            levels::write(&stage.with_file_name(hits::FILE), &table)?;
            made.layers.push(layer);
        }
        made.more.insert("inundation".to_owned(), json!(inundation.told));
        Ok(())
    }

    fn cube(&self, products: Vec<Product>) -> Result<Cube, Failure> {
        let Inputs { rain, start, .. } = self.inputs;
        let timeline = self.request.timeline(*start);
        Cube::join(rain.cells, products, &timeline)
            .map_err(|fault| Failure::new(Exit::Input, fault))
    }

    /// The soil water index ahead, and its tanks at the reference time.
    fn soil(
        &self,
        model: &Model,
        cube: &Cube,
    ) -> Result<(SoilForecast, Vec<soil::SavedTanks>), BasinError> {
        let known = self.inputs.rain.soil_water.as_ref();
        let saved = self.inputs.state.as_ref().map(state::Saved::tanks);
        let reference = self.request.reference_time;
        let mut soil = Soil::new(&model.basin, cube, known, saved)?;
        soil.until(&model.basin, cube, reference)?;
        let tanks = soil.saved();
        Ok((soil.ahead(&model.basin, cube, reference)?, tanks))
    }

    /// The members at the start: as they were saved, or cold; under snow if it is followed.
    fn start(&self, model: &Model, cube: &Cube) -> Result<Now, Failure> {
        let mut now = self.start_without_snow(model)?;
        if let Some(snow) = &self.inputs.snow {
            let seed = self.request.region.forecasts.seed;
            let over = (&self.inputs.rain.cells, cube.timeline());
            now.ensemble = snow.over(now.ensemble, (model, seed), over)?;
        }
        Ok(now)
    }

    /// What the record says of snow, if it is followed.
    fn snow_told(&self, model: &Model, now: &Now, cube: &Cube) -> Option<(String, Value)> {
        let snow = self.inputs.snow.as_ref()?;
        let members = (&model.basin, &now.ensemble);
        Some(("snow".to_owned(), snow.tell(members, cube.timeline(), self.inputs.state.as_ref())))
    }

    /// The storage functions beside the model, if there are any.
    fn put_storage(
        &self,
        stage: &Path,
        issue: &Issue<'_>,
        (model, storage): (&Model, &StorageForecasts),
        (ahead, made): (&Ahead, &mut Made),
    ) -> Result<(), Failure> {
        if self.inputs.storage.input.is_none() {
            return Ok(());
        }
        let (basins, flows) = (&model.storage, &ahead.outlets_m3_s);
        let times = (issue.reference_time, issue.times);
        if let Some(folder) = stage.parent() {
            let table = basins.table(storage, flows, times);
            levels::write(&folder.join(storage::FILE), &table)?;
        }
        made.more.insert("storage_functions".to_owned(), basins.tell(storage, flows));
        Ok(())
    }

    fn start_without_snow(&self, model: &Model) -> Result<Now, Failure> {
        let region = &self.request.region;
        let spread = ModelSpread::default();
        let members: Vec<Member> = self
            .request
            .perturbations()?
            .into_iter()
            .map(|rain| {
                let member = Member::new(rain, &spread, FIRST_WETNESS);
                let known = self.inputs.parameters.as_ref();
                known.map_or(member.clone(), |known| with_factors(member, known.factors))
            })
            .collect();
        let seed = region.forecasts.seed;
        let mut ensemble = Ensemble::new(&model.basin, members, &model.river, seed)
            .map_err(|fault| Failure::new(Exit::Input, fault))?;
        for dam in &model.dams.dams {
            ensemble
                .fill(dam.node as usize, dam.first_depth_m(self.inputs.start))
                .map_err(|fault| Failure::new(Exit::Failed, fault))?;
        }
        let ids = model.gauges.iter().map(|gauge| {
            let station = &self.inputs.stations.stations[gauge.station];
            station.gauge.id.clone()
        });
        let records = ids.map(|id| GaugeRecord { id, ..GaugeRecord::default() }).collect();
        let now = Now {
            ensemble,
            records,
            used: 0,
            rejected: Vec::new(),
            agreed: 0,
            doubted: Vec::new(),
        };
        match &self.inputs.state {
            None => Ok(now),
            Some(saved) => saved.take_up(model, now, seed),
        }
    }

    fn put(
        &self,
        stage: &Path,
        issue: &Issue<'_>,
        (prepared, model): (&jomo_terrain::Prepared<'_>, &Model),
        (ahead, soil): (&Ahead, &SoilForecast),
    ) -> Result<Made, Failure> {
        let stations = &self.inputs.stations.stations;
        let network = prepared.network();
        let reach_ids: Vec<String> = (0..network.reaches().len())
            .map(|reach| network.id(reach).unwrap_or_default())
            .collect();
        let lines = BankLines {
            zone: network.placement().zone,
            banks: prepared.banks(),
            nodes: model.basin.waterway().nodes(),
            reach_ids: &reach_ids,
            stations,
        };
        let table = levels::table(issue, stations, &ahead.gauges);
        if let Some(folder) = stage.parent() {
            levels::write(&folder.join(levels::FILE), &table)?;
            let table = soil.table(issue, (&model.basin, &reach_ids));
            levels::write(&folder.join(soil::FILE), &table)?;
        }
        let layers = vec![
            layers::put_banks(issue, stage, &lines, &ahead.banks)?,
            layers::put_gauges(issue, stage, stations, &ahead.gauges)?,
            soil.put(issue, stage, &self.inputs.rain.cells)?,
        ];
        let mut made = Made { layers, ..Made::default() };
        made.more.insert("soil_water".to_owned(), soil.told());
        Ok(made)
    }

    /// What the tables make every cycle leave out.
    fn standing(&self, model: &Model) -> Faults {
        let mut standing = self.inputs.standing.clone();
        for (code, id) in &model.left_out {
            standing.add(code, || id.clone());
        }
        standing
    }

    /// What was missing or not believed in this cycle.
    fn faults(&self, (model, now): (&Model, &Now), ahead: &Ahead, cube: &Cube) -> Faults {
        let mut faults = self.inputs.faults.clone();
        for (code, id) in &model.dams.doubted {
            faults.add(code, || id.clone());
        }
        // Below a dam that the model does not know, every forecast is one without its releases.
        for (code, id) in &model.dams.left_out {
            faults.add(code, || id.clone());
        }
        for place in &now.rejected {
            faults.add("forecast-observation-rejected", || place.clone());
        }
        let reference = self.request.reference_time;
        for time in gaps(cube, model).take_while(|time| *time < reference) {
            faults.add("forecast-rain-gap", || time.to_string());
        }
        for dam in &model.dams.dams {
            if let Some((code, place)) = dam.fault(reference) {
                faults.add(code, || place);
            }
        }
        faults.merge(ahead.faults.clone());
        faults
    }

    /// What the record of the run says besides.
    fn tell(
        &self,
        mut made: Made,
        (model, now): (&Model, &Now),
        ahead: &Ahead,
        (cube, timeline): (&Cube, Value),
    ) -> Made {
        let reference = self.request.reference_time;
        let count = |number: usize| number as u64;
        let stations = self.inputs.stations.stations.iter();
        let never = stations.filter(|station| station.readings.as_slice().is_empty()).count();
        made.counts.extend([
            ("nodes".to_owned(), count(model.basin.waterway().nodes().len())),
            ("slope_elements".to_owned(), count(model.basin.slopes().elements().len())),
            ("basin_cells".to_owned(), count(model.heights.values().len())),
            ("members".to_owned(), count(now.ensemble.count())),
            ("gauges".to_owned(), count(model.gauges.len())),
            ("observations_used".to_owned(), now.used),
            ("silences_agreed".to_owned(), now.agreed),
            ("gauges_never_heard".to_owned(), count(never)),
        ]);
        let rain_until = cube.last_with_data().map(|step| cube.timeline().begin(step + 1));
        made.more.extend([
            ("reference_time".to_owned(), json!(reference)),
            ("rain_until".to_owned(), json!(rain_until)),
            ("timeline".to_owned(), timeline),
            ("bands".to_owned(), origins(&ahead.gauges)),
            ("dams".to_owned(), model.dams.dams.iter().map(|dam| dam.tell(reference)).collect()),
            ("volume_error".to_owned(), json!(ahead.volume_error)),
            ("rain_refused".to_owned(), json!(self.inputs.rain.refused)),
            ("cold_start".to_owned(), json!(self.inputs.state.is_none())),
        ]);
        made
    }
}
