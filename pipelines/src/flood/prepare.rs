//! From a checked case to what the kernel takes: rasters and series are read, places become cells.

use std::path::Path;

use jomo_core::layer::InputFile;
use jomo_core::message::Coded;
use jomo_flood::{
    Compass, Flow, Forcing, Ground, Rain, Roughness, Series, Source, Start, Stretch, Water,
};
use jomo_store::sha256_file;

use super::case::{
    Case, Condition, ConditionKind, Course, FileName, Quantity, RainKind, WaterKind,
};
use super::fault::CaseFault;
use super::jma::{self, Domain};
use super::raster::{self, Frame};
use super::series::{self, Kind};
use crate::failure::{BoxedError, Exit, Failure, Placed};

/// Everything that a run needs, in memory.
pub(super) struct Prepared {
    pub(super) frame: Frame,
    pub(super) ground: Ground,
    pub(super) start: Start,
    pub(super) forcing: Forcing,
    /// Id, cell and bed in m of each gauge.
    pub(super) gauges: Vec<(String, [usize; 2], f64)>,
}

/// Name, size and hash of every file of a case, the case first.
///
/// # Errors
/// All files that cannot be read.
pub(super) fn inputs(path: &Path, case: &Case) -> Result<Vec<InputFile>, Failure> {
    let mut faults = Faults::default();
    let mut inputs = Vec::new();
    for path in std::iter::once(path).chain(case.files().iter().map(|file| file.path.as_path())) {
        let hashed = raster::open(path)
            .and_then(|_| sha256_file(path).map_err(|fault| Box::new(fault) as BoxedError));
        match hashed {
            Ok(file) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                inputs.push(InputFile { name, bytes: file.bytes, sha256: file.sha256 });
            }
            Err(error) => faults.add(path, error),
        }
    }
    faults.or(inputs)
}

/// Reads all files of a case.
///
/// # Errors
/// All faults of the files and of places that do not lie on the ground.
pub(super) fn prepare(path: &Path, case: &Case) -> Result<Prepared, Failure> {
    let mut faults = Faults::default();
    let dem = match raster::read_dem(&case.dem) {
        Ok(dem) => dem,
        Err(error) => {
            faults.add(&case.dem.path, error);
            // Series can be told all the same; rasters have nothing to lie on.
            let _ = Reader { case, path, faults: &mut faults }.courses();
            return faults.or_none();
        }
    };
    let (frame, bed_m) = (dem.frame, dem.values);
    let mut reader = Reader { case, path, faults: &mut faults };
    let roughness = reader.roughness(&frame);
    let start = reader.start(&frame);
    let courses = reader.courses();
    let rim = reader.rim((&frame, &bed_m), courses.rim);
    let sources = reader.sources(&frame, &bed_m, courses.sources);
    let gauges = reader.gauges(&frame, &bed_m);
    let rain = match (courses.rain, case.rain.as_ref().and_then(|sky| sky.rain.as_ref())) {
        (_, Some(RainKind::Gridded { files, start })) => {
            let domain = Domain { frame: &frame, bed_m: &bed_m };
            let read = jma::read(files, &domain, *start, case.run.duration_s);
            match read {
                Ok(rain) => Some(rain),
                Err(all) => {
                    for (place, error) in all {
                        let place = place.unwrap_or_else(|| path.display().to_string());
                        faults.0.push(Box::new(Placed { place, error }));
                    }
                    None
                }
            }
        }
        (rain, _) => rain.map(Rain::uniform),
    };
    if !faults.0.is_empty() {
        return faults.or_none();
    }
    let ground = Ground::new(frame.shape, frame.place.cell[0], bed_m, roughness)
        .map_err(|fault| Failure::input(&case.dem.path, fault))?;
    let sky = case.rain.as_ref();
    let forcing = Forcing {
        rim,
        sources,
        rain,
        infiltration: sky.map_or(jomo_flood::Infiltration::None, |sky| sky.infiltration),
        drainage_mm_h: sky.map_or(0.0, |sky| sky.drainage_mm_h),
    };
    Ok(Prepared { frame, ground, start, forcing, gauges })
}

/// Faults so far, each with its file.
#[derive(Default)]
struct Faults(Vec<BoxedError>);

impl Faults {
    fn add(&mut self, path: &Path, error: BoxedError) {
        let place = path.display().to_string();
        self.0.push(Box::new(Placed { place, error }));
    }

    fn or<T>(self, value: T) -> Result<T, Failure> {
        if self.0.is_empty() {
            return Ok(value);
        }
        Err(Failure { exit: Exit::Input, place: None, errors: self.0, recorded: false })
    }

    /// The failure that these faults are; they are some.
    fn or_none<T>(self) -> Result<T, Failure> {
        Err(Failure { exit: Exit::Input, place: None, errors: self.0, recorded: false })
    }
}

/// All series of a case; those with faults are constant.
struct Courses {
    rim: Vec<Option<Series>>,
    sources: Vec<Series>,
    rain: Option<Series>,
}

struct Reader<'a, 'f> {
    case: &'a Case,
    /// The case file.
    path: &'a Path,
    faults: &'f mut Faults,
}

impl Reader<'_, '_> {
    fn fault(&mut self, fault: impl Coded + Send + Sync + 'static) {
        self.faults.add(self.path, Box::new(fault));
    }

    fn series(&mut self, course: &Course, kind: Kind) -> Series {
        match course {
            Course::Value(value) => Series::constant(*value),
            Course::Series(file) => match series::read(&file.path, kind) {
                Ok(series) => series,
                Err(all) => {
                    for error in all {
                        self.faults.add(&file.path, error);
                    }
                    Series::constant(0.0)
                }
            },
        }
    }

    fn courses(&mut self) -> Courses {
        let case = self.case;
        let rim = case.boundary.iter().map(|condition| match &condition.kind {
            ConditionKind::Discharge(course) => Some(self.series(course, Kind::Discharge)),
            ConditionKind::Stage(course) => Some(self.series(course, Kind::Level)),
            ConditionKind::Wall | ConditionKind::Open { .. } => None,
        });
        let rim = rim.collect();
        let sources = case.sources.iter();
        let sources = sources.map(|source| self.series(&source.course, Kind::Discharge));
        let sources = sources.collect();
        let rain = match case.rain.as_ref().and_then(|sky| sky.rain.as_ref()) {
            Some(RainKind::Everywhere(course)) => Some(self.series(course, Kind::Rain)),
            _ => None,
        };
        Courses { rim, sources, rain }
    }

    fn raster(&mut self, file: &FileName, frame: &Frame) -> Vec<f64> {
        raster::read_on(file, frame).unwrap_or_else(|error| {
            self.faults.add(&file.path, error);
            Vec::new()
        })
    }

    fn roughness(&mut self, frame: &Frame) -> Roughness {
        match &self.case.roughness {
            Quantity::Number(n) => Roughness::Uniform(*n),
            Quantity::Raster(file) => {
                let values = self.raster(file, frame);
                Roughness::Cells(values.into_iter().map(narrow).collect())
            }
        }
    }

    /// The values of a quantity at the start; where it is unknown, there is none of it.
    fn field(&mut self, quantity: &Quantity, frame: &Frame) -> Vec<f64> {
        let [rows, columns] = frame.shape;
        match quantity {
            Quantity::Number(value) => vec![*value; rows * columns],
            Quantity::Raster(file) => self.raster(file, frame),
        }
    }

    fn start(&mut self, frame: &Frame) -> Start {
        let none = |mut values: Vec<f64>| {
            values.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = 0.0);
            values
        };
        let case = self.case;
        let water = case.water.as_ref().map(|(kind, quantity)| {
            let values = self.field(quantity, frame);
            match kind {
                WaterKind::Depth => Water::Depth(none(values)),
                WaterKind::Level => Water::Level(values),
            }
        });
        let velocity = case.velocity.as_ref();
        let velocity_m_s =
            velocity.map(|both| both.each_ref().map(|one| none(self.field(one, frame))));
        Start { water, velocity_m_s }
    }

    fn rim(
        &mut self,
        (frame, bed_m): (&Frame, &[f64]),
        courses: Vec<Option<Series>>,
    ) -> Vec<Stretch> {
        let case = self.case;
        let mut rim = Vec::new();
        for (condition, series) in case.boundary.iter().zip(courses) {
            let range_m = self.range(condition, (frame, bed_m));
            let flow = match (&condition.kind, series) {
                (ConditionKind::Open { slope }, _) => Flow::Open { slope: *slope },
                (ConditionKind::Discharge(_), Some(series)) => Flow::Discharge(series),
                (ConditionKind::Stage(_), Some(series)) => Flow::Stage(series),
                _ => Flow::Wall,
            };
            rim.push(Stretch { side: condition.side, range_m, flow });
        }
        rim
    }

    /// The stretch of a condition; one without the middle of a cell, or without any ground for
    /// water to pass over, is a fault.
    fn range(
        &mut self,
        condition: &Condition,
        (frame, bed_m): (&Frame, &[f64]),
    ) -> Option<[f64; 2]> {
        let Condition { from_m, to_m, .. } = condition;
        let [rows, columns] = frame.shape;
        // Cells of the side, the first of them and the way to the next.
        let (cells, first, next) = match condition.side {
            Compass::West => (rows, 0, columns),
            Compass::East => (rows, columns - 1, columns),
            Compass::North => (columns, 0, 1),
            Compass::South => (columns, (rows - 1) * columns, 1),
        };
        let size = frame.place.cell[0];
        let length_m = cells as f64 * size;
        let range_m = [from_m.unwrap_or(0.0), to_m.unwrap_or(length_m)];
        let inside = |i: &usize| {
            let middle_m = (*i as f64 + 0.5) * size;
            range_m[0] <= middle_m && middle_m < range_m[1]
        };
        let mut inside = (0..cells).filter(inside).peekable();
        let is_wall = matches!(condition.kind, ConditionKind::Wall);
        let passes = |i: usize| is_wall || !bed_m[first + i * next].is_nan();
        if inside.peek().is_none() || !inside.any(passes) {
            let (line, key) = (condition.line, condition.key.clone());
            self.fault(CaseFault::EmptyStretch { line, key, range_m, length_m });
        }
        (from_m.is_some() || to_m.is_some()).then_some(range_m)
    }

    fn sources(&mut self, frame: &Frame, bed_m: &[f64], courses: Vec<Series>) -> Vec<Source> {
        let case = self.case;
        let mut sources = Vec::new();
        for (source, discharge) in case.sources.iter().zip(courses) {
            let key = source.key.clone();
            if let Some((cell, _)) = self.place(source.line, key, source.at, (frame, bed_m)) {
                sources.push(Source { cell, discharge });
            }
        }
        sources
    }

    fn gauges(&mut self, frame: &Frame, bed_m: &[f64]) -> Vec<(String, [usize; 2], f64)> {
        let case = self.case;
        let mut gauges = Vec::new();
        for gauge in &case.gauges {
            let key = format!("output.gauges {}", gauge.id);
            if let Some((cell, bed_m)) = self.place(gauge.line, key, gauge.at, (frame, bed_m)) {
                gauges.push((gauge.id.clone(), cell, bed_m));
            }
        }
        gauges
    }

    /// The cell of a place, and its bed.
    fn place(
        &mut self,
        line: usize,
        key: String,
        at: [f64; 2],
        (frame, bed_m): (&Frame, &[f64]),
    ) -> Option<([usize; 2], f64)> {
        let Some(cell) = frame.cell(at) else {
            let bounds = frame.bounds();
            self.fault(CaseFault::Beside { line, key, at, bounds });
            return None;
        };
        let bed_m = bed_m[cell[0] * frame.shape[1] + cell[1]];
        if bed_m.is_nan() {
            self.fault(CaseFault::NoGround { line, key, cell });
            return None;
        }
        Some((cell, bed_m))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "roughness has two or three digits")]
fn narrow(value: f64) -> f32 {
    value as f32
}
