//! The run itself: from output time to output time, each written as it comes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use jomo_flood::{
    Field, FloodError, Forcing, Ground, Ledger, Real, Scheme, Settings, Simulation, Thresholds,
};
use jomo_format::geotiff::{CogWriter, Effort, Layout, Meaning, Overviews, Place};
use serde_json::{Value, json};

use super::case::{Case, FileName};
use super::fault::CaseFault;
use super::prepare::Prepared;
use super::raster::{self, Frame};
use crate::failure::{CommandError, Exit, Failure, Placed};
use crate::outcome::{Outcome, Status};
use crate::run::{Context, Made, Target, peak_memory_bytes, read_record};

/// A case that is computed.
pub(super) struct Computation<'a> {
    pub(super) case: &'a Case,
    /// The case file.
    pub(super) path: &'a Path,
    pub(super) scheme: Scheme,
    pub(super) context: &'a Context,
}

impl Computation<'_> {
    /// Computes the case and writes everything into a folder.
    ///
    /// # Errors
    /// If the start does not fit the ground, the computation breaks down, or a file cannot be
    /// written.
    pub(super) fn run<R: Real>(&self, prepared: Prepared, folder: &Path) -> Result<Made, Failure> {
        let Prepared { frame, ground, start, forcing, gauges } = prepared;
        let watch = Thresholds {
            arrival_depth_m: self.case.arrival_depth_m,
            duration_depth_m: self.case.duration_depth_m,
        };
        let settings = Settings {
            scheme: self.scheme,
            time_step: self.case.run.time_step,
            cfl: self.case.run.cfl,
            watch: Some(watch),
            ..Settings::default()
        };
        let simulation: Simulation<R> = match &self.case.run.restart {
            None => Simulation::new(&ground, &start, forcing, settings)
                .map_err(|fault| Failure::input(self.path, fault))?,
            Some(file) => self.take_up(&ground, forcing, settings, file)?,
        };
        // The tiles have taken what they need: the largest rasters go before the water moves.
        drop(start);
        let cells = cells_inside(&ground);
        let ground = self.case.run.save.is_some().then_some(ground);
        let gauges = Gauges::create(folder, gauges)?;
        let times = self.case.times(simulation.time_s());
        let mut work = Work { simulation, frame, folder, gauges };
        let progress = &self.context.progress;
        progress.stage("flood", Some(times.len() as u64));
        let mut outputs = Vec::new();
        for (done, time_s) in (1..).zip(&times) {
            work.simulation.advance_to(*time_s).map_err(|fault| self.broken(fault))?;
            work.output(*time_s)?;
            outputs.push(balance(*time_s, &work.simulation.ledger()));
            progress.step("flood", done);
        }
        work.finish()?;
        if let (Some(name), Some(ground)) = (&self.case.run.save, ground) {
            work.save(name, &ground)?;
        }
        Ok(work.made(cells, &outputs))
    }

    /// Goes on from a saved state.
    fn take_up<R: Real>(
        &self,
        ground: &Ground,
        forcing: Forcing,
        settings: Settings,
        file: &FileName,
    ) -> Result<Simulation<R>, Failure> {
        let opened = raster::open(&file.path).map_err(|error| {
            let place = file.path.display().to_string();
            Failure::new(Exit::Input, Placed { place, error })
        })?;
        let simulation = Simulation::load(ground, forcing, settings, &mut BufReader::new(opened))
            .map_err(|fault| Failure::input(&file.path, fault))?;
        let (line, duration_s) = (self.case.run.line, self.case.run.duration_s);
        let time_s = simulation.time_s();
        if duration_s <= time_s {
            let fault = CaseFault::EndsBefore { line, duration_s, time_s };
            return Err(Failure::input(self.path, fault));
        }
        Ok(simulation)
    }

    /// What became of the water, not of the input.
    fn broken(&self, fault: FloodError) -> Failure {
        Failure::new(Exit::Failed, fault).at(self.path)
    }
}

fn cells_inside(ground: &Ground) -> u64 {
    ground.bed_m().iter().filter(|bed| !bed.is_nan()).count() as u64
}

/// A simulation and where its results go.
struct Work<'a, R> {
    simulation: Simulation<R>,
    frame: Frame,
    folder: &'a Path,
    gauges: Gauges,
}

impl<R: Real> Work<'_, R> {
    /// Writes the depth and the gauges of a time.
    fn output(&mut self, time_s: f64) -> Result<(), Failure> {
        self.raster(&format!("depth_{}", seconds(time_s)), Field::Depth)?;
        self.gauges.write(time_s, &self.simulation)
    }

    /// Writes what was recorded over all steps.
    fn finish(&mut self) -> Result<(), Failure> {
        for (name, field) in [
            ("depth_max", Field::GreatestDepth),
            ("velocity_max", Field::GreatestSpeed),
            ("hazard_max", Field::GreatestForce),
            ("arrival_s", Field::Arrival),
            ("duration_s", Field::Duration),
        ] {
            self.raster(name, field)?;
        }
        self.gauges.finish()
    }

    /// Saves the state with which another run can go on.
    fn save(&self, name: &str, ground: &Ground) -> Result<(), Failure> {
        let path = self.folder.join(name);
        let fail = |fault: std::io::Error| failed(&path, &fault);
        let mut out = BufWriter::new(File::create(&path).map_err(fail)?);
        self.simulation.save(ground, &mut out).and_then(|()| out.flush()).map_err(fail)
    }

    fn raster(&self, name: &str, field: Field) -> Result<(), Failure> {
        let path = self.folder.join(format!("{name}.tif"));
        let fail = |fault| Failure::new(Exit::Failed, fault).at(&path);
        let layout = layout(&self.frame);
        let mut writer = CogWriter::create(&path, &layout).map_err(fail)?;
        writer.write_rows(&self.simulation.raster(field, f32::NAN)).map_err(fail)?;
        writer.finish().map_err(fail)?;
        Ok(())
    }

    /// What is said of the run in `run.json`.
    fn made(&self, cells: u64, outputs: &[Value]) -> Made {
        let ledger = self.simulation.ledger();
        let ([row, column], signal_m_s) = self.simulation.fastest();
        let Place { origin: [west, north], cell: [width, height], .. } = self.frame.place;
        let x = west + (column as f64 + 0.5) * width;
        let y = north - (row as f64 + 0.5) * height;
        let mut counts = BTreeMap::new();
        counts.insert("cells".to_owned(), cells);
        counts.insert("outputs".to_owned(), outputs.len() as u64);
        let limiting = json!({
            "row": row + 1, "column": column + 1, "x": x, "y": y, "signal_m_s": signal_m_s,
        });
        let more = BTreeMap::from([
            ("steps".to_owned(), json!(ledger.steps)),
            ("cell_updates".to_owned(), json!(ledger.cell_updates)),
            ("peak_rss_bytes".to_owned(), json!(peak_memory_bytes())),
            ("ledger".to_owned(), account(&ledger)),
            ("limiting_cell".to_owned(), limiting),
            ("outputs".to_owned(), json!(outputs)),
        ]);
        Made { counts, more, ..Made::default() }
    }
}

/// One band of `f32`: 0 is dry, `NaN` lies outside the domain.
fn layout(frame: &Frame) -> Layout {
    let no_data = Some(f64::NAN);
    Layout {
        meaning: Meaning { no_data, ..Meaning::default() },
        overviews: Overviews::Average,
        effort: Effort::Fast,
        ..Layout::new(frame.shape, frame.place)
    }
}

/// A time in names: whole seconds where they are whole, else at most six decimals.
fn seconds(time_s: f64) -> String {
    let text = format!("{time_s:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The water balance, m³.
fn account(ledger: &Ledger) -> Value {
    json!({
        "start_m3": ledger.start_m3,
        "rain_m3": ledger.rain_m3,
        "infiltration_m3": ledger.infiltration_m3,
        "waiting_m3": ledger.waiting_m3,
        "drained_m3": ledger.drained_m3,
        "rim_m3": ledger.rim_m3,
        "source_m3": ledger.source_m3,
        "pumped_m3": ledger.pumped_m3,
        "storage_m3": ledger.storage_m3,
        "error_m3": ledger.error_m3(),
        "relative_error": ledger.relative_error(),
    })
}

fn balance(time_s: f64, ledger: &Ledger) -> Value {
    json!({
        "time_s": time_s,
        "steps": ledger.steps,
        "storage_m3": ledger.storage_m3,
        "relative_error": ledger.relative_error(),
    })
}

/// `gauges.csv` on its way.
struct Gauges {
    /// Id as it is written, cell, bed in m.
    places: Vec<(String, [usize; 2], f64)>,
    out: BufWriter<File>,
}

impl Gauges {
    fn create(folder: &Path, places: Vec<(String, [usize; 2], f64)>) -> Result<Self, Failure> {
        let path = folder.join("gauges.csv");
        let fail = |fault: std::io::Error| failed(&path, &fault);
        let mut out = BufWriter::new(File::create(&path).map_err(fail)?);
        writeln!(out, "time_s,id,depth_m,level_m,u_m_s,v_m_s").map_err(fail)?;
        let quoted = |id: String| {
            let is_plain = !id.contains([',', '"']);
            if is_plain { id } else { format!("\"{}\"", id.replace('"', "\"\"")) }
        };
        let places = places.into_iter().map(|(id, cell, bed)| (quoted(id), cell, bed)).collect();
        Ok(Self { places, out })
    }

    fn write<R: Real>(&mut self, time_s: f64, simulation: &Simulation<R>) -> Result<(), Failure> {
        let mut rows = String::new();
        for (id, cell, bed_m) in &self.places {
            let [depth_m, u_m_s, v_m_s] = simulation.at(*cell).unwrap_or([f64::NAN; 3]);
            let level_m = bed_m + depth_m;
            let time = seconds(time_s);
            // Writing to a string does not fail. Nine digits are a nanometre.
            let _ = writeln!(rows, "{time},{id},{depth_m:.9},{level_m:.9},{u_m_s:.9},{v_m_s:.9}");
        }
        let fail = |fault: std::io::Error| failed(Path::new("gauges.csv"), &fault);
        self.out.write_all(rows.as_bytes()).map_err(fail)
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|fault| failed(Path::new("gauges.csv"), &fault))
    }
}

fn failed(path: &Path, fault: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, CommandError::io(path, fault))
}

/// Says in words what a run has made.
pub(super) fn tell(mut outcome: Outcome, target: &Target) -> Outcome {
    let (Status::Done, Target::Out(folder)) = (outcome.status, target) else { return outcome };
    let record = read_record(folder).map(|record| record.more).unwrap_or_default();
    for name in ["steps", "cell_updates", "peak_rss_bytes", "ledger", "limiting_cell"] {
        outcome.more.insert(name, record.get(name).cloned().unwrap_or_default());
    }
    let count = |name: &str| outcome.counts.get(name).copied().unwrap_or(0).to_string();
    let error = outcome.more["ledger"]["relative_error"].as_f64().unwrap_or(0.0);
    let arguments = [
        ("cells", count("cells")),
        ("outputs", count("outputs")),
        ("steps", outcome.more["steps"].to_string()),
        ("error", format!("{error:.1e}")),
        ("folder", folder.display().to_string()),
    ];
    outcome.telling("flood-done", &arguments)
}
