//! The work of one cycle: the stages in their order, and what the record of the run says of them.

use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use jomo_core::fault::Faults;
use jomo_flood::basin::{Ensemble, Member, ModelSpread};
use jomo_flood::ensemble::representatives;
use jomo_flood::rainfall::{Cube, Product, Timeline};
use serde_json::{Value, json};

use super::cycle::{Ahead, Cycle, GaugeRecord, Now};
use super::inundation::{self, Inundation};
use super::layers::{self, BankLines, Issue};
use super::model::{Given, Model};
use super::record::{GaugeForecast, STEP_MIN, valid_times};
use super::soil::{self, Soil, SoilForecast};
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
        let start = self.start(&model)?;
        let mut now = cycle.catch_up(start, |_| ()).map_err(failed)?;
        let mut soil = self.soil(&model, &cube)?;
        soil.until(&model.basin, &cube, request.reference_time).map_err(failed)?;
        if let Some(folder) = request.state_folder() {
            let (key, time) = (inputs.key(region), request.reference_time);
            state::save(folder, &key, time, &model, (&now, soil.saved()))?;
        }
        let soil = soil.ahead(&model.basin, &cube, request.reference_time).map_err(failed)?;
        timeline.begin("ahead");
        let hours = region.forecasts.inundation_hours.min(region.forecasts.hours);
        let hours = if request.is_inundated() { hours } else { 0 };
        let steps = usize::try_from(i64::from(hours) * 60 / STEP_MIN).unwrap_or(0);
        let at_reference = (0 < steps).then(|| now.ensemble.clone());
        let ahead = cycle.ahead(&mut now, steps, |_| ()).map_err(failed)?;
        let inundation = match &at_reference {
            None => None,
            Some(ensemble) => {
                timeline.begin("inundation");
                Some(self.inundation(&model, ensemble, &ahead, (steps, stage))?)
            }
        };
        timeline.begin("tiles");
        let times = valid_times(request.reference_time, region.forecasts.hours);
        let faults = self.faults((&model, &now), &ahead, &cube);
        let issue = Issue {
            region,
            plan: self.plan,
            mode: request.mode,
            reference_time: request.reference_time,
            times: &times,
            context,
            has_breach: inundation.as_ref().is_some_and(|known| breach::is_open(&known.told)),
            faults: &faults,
        };
        let mut made = self.put(stage, &issue, (&prepared, &model), (&ahead, &soil))?;
        if let Some(inundation) = &inundation {
            self.put_inundation(stage, &issue, inundation, &mut made)?;
        }
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
        let members = representatives(&ahead.overflow_m3).unwrap_or_default();
        let waterway = model.basin.waterway();
        let file = self.inputs.breaches.as_ref();
        let breaches = file.map(|(file, _)| file.on(waterway)).unwrap_or_default();
        let start = inundation::Start {
            model,
            breaches: &breaches,
            ensemble,
            lateral_m3_s: &ahead.lateral_m3_s,
            members,
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
        made.faults.merge(inundation.told.first().map(breach::faults).unwrap_or_default());
        made.more.insert("inundation".to_owned(), json!(inundation.told));
        Ok(())
    }

    fn cube(&self, products: Vec<Product>) -> Result<Cube, Failure> {
        let Inputs { rain, start, .. } = self.inputs;
        let request = self.request;
        let past = request.reference_time.duration_since(*start).as_mins() / STEP_MIN;
        let ahead = i64::from(request.region.forecasts.hours) * 60 / STEP_MIN;
        let timeline = Timeline {
            start: *start,
            step_s: 600,
            steps: usize::try_from(past + ahead).unwrap_or(0),
            now: request.reference_time,
        };
        Cube::join(rain.cells, products, &timeline)
            .map_err(|fault| Failure::new(Exit::Input, fault))
    }

    /// The tanks of the soil water index at the start.
    fn soil(&self, model: &Model, cube: &Cube) -> Result<Soil, Failure> {
        let known = self.inputs.rain.soil_water.as_ref();
        let saved = self.inputs.state.as_ref().map(state::Saved::tanks);
        Soil::new(&model.basin, cube, known, saved)
            .map_err(|fault| Failure::new(Exit::Failed, fault))
    }

    /// The members at the start: as they were saved, or cold.
    fn start(&self, model: &Model) -> Result<Now, Failure> {
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
        let records = ids.map(|id| GaugeRecord { id, errors: Vec::new() }).collect();
        let now = Now { ensemble, records, used: 0, rejected: Vec::new(), agreed: 0 };
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

    /// What was missing or not believed.
    fn faults(&self, (model, now): (&Model, &Now), ahead: &Ahead, cube: &Cube) -> Faults {
        let mut faults = self.inputs.faults.clone();
        for (code, id) in model.left_out.iter().chain(&model.dams.left_out) {
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
        let mut faults = self.faults((model, now), ahead, cube);
        faults.merge(made.faults.clone());
        let count = |number: usize| number as u64;
        made.counts.extend([
            ("nodes".to_owned(), count(model.basin.waterway().nodes().len())),
            ("slope_elements".to_owned(), count(model.basin.slopes().elements().len())),
            ("basin_cells".to_owned(), count(model.heights.values().len())),
            ("members".to_owned(), count(now.ensemble.count())),
            ("gauges".to_owned(), count(model.gauges.len())),
            ("observations_used".to_owned(), now.used),
            ("silences_agreed".to_owned(), now.agreed),
        ]);
        let rain_until = cube.last_with_data().map(|step| cube.timeline().begin(step + 1));
        made.more.extend([
            ("reference_time".to_owned(), json!(reference)),
            ("rain_until".to_owned(), json!(rain_until)),
            ("timeline".to_owned(), timeline),
            ("bands".to_owned(), origins(&ahead.gauges)),
            ("dams".to_owned(), model.dams.dams.iter().map(|dam| dam.tell(reference)).collect()),
            ("volume_error".to_owned(), json!(now.ensemble.volume_error(&model.basin))),
            ("rain_refused".to_owned(), json!(self.inputs.rain.refused)),
            ("cold_start".to_owned(), json!(self.inputs.state.is_none())),
        ]);
        made.faults = faults;
        made
    }
}
