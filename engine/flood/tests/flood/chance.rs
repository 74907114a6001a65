//! Floods by chance: any ground, any water, any forcing; and the same ones seen from another side.
//! Used by the tests of this crate and by `tests/validation`.

use jomo_flood::{
    Compass, Field, FloodError, Flow, Forcing, GRAVITY, Ground, Infiltration, Rain, Real,
    Roughness, Scheme, Series, Settings, Simulation, Source, Start, Stretch, Water,
};

/// Numbers that follow from a seed (splitmix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    /// 0 or more, below 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of the choices; one given twice comes twice as often.
    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        let count = u64::try_from(choices.len()).unwrap();
        choices[usize::try_from(self.bits() % count).unwrap()]
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.bits() % u64::try_from(count).unwrap()).unwrap()
    }
}

/// A flood as data.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) shape: [usize; 2],
    pub(crate) cell_size_m: f64,
    pub(crate) bed_m: Vec<f64>,
    pub(crate) roughness: Vec<f32>,
    pub(crate) start: Start,
    pub(crate) forcing: Forcing,
    pub(crate) zones: Vec<u32>,
    pub(crate) rates_mm_h: Vec<f64>,
    pub(crate) settings: Settings,
}

/// How a case is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// Rows as columns.
    Transposed,
    /// Turned by 90°: what lay in the east lies in the north.
    Turned,
}

impl View {
    /// The cell that is seen at a place; `width` is the number of columns of the original.
    pub(crate) fn cell(self, [row, column]: [usize; 2], width: usize) -> [usize; 2] {
        match self {
            Self::Transposed => [column, row],
            Self::Turned => [column, width - 1 - row],
        }
    }

    fn side(self, side: Compass) -> Compass {
        match (self, side) {
            (Self::Transposed, Compass::West) | (Self::Turned, Compass::East) => Compass::North,
            (Self::Transposed, Compass::East) | (Self::Turned, Compass::West) => Compass::South,
            (_, Compass::North) => Compass::West,
            (_, Compass::South) => Compass::East,
        }
    }

    /// To the east and to the north.
    pub(crate) fn velocity([east, north]: [f64; 2], view: Self) -> [f64; 2] {
        match view {
            Self::Transposed => [-north, -east],
            Self::Turned => [-north, east],
        }
    }

    /// A raster as it is seen.
    pub(crate) fn raster<T: Copy>(self, [rows, columns]: [usize; 2], values: &[T]) -> Vec<T> {
        let places = (0..columns).flat_map(|row| (0..rows).map(move |column| [row, column]));
        let cells = places.map(|place| self.cell(place, columns));
        cells.map(|[row, column]| values[row * columns + column]).collect()
    }
}

impl Case {
    /// The flood of a seed.
    pub(crate) fn random(shape: [usize; 2], seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let cell_size_m = dice.of(&[0.5, 5.0, 50.0]);
        let bed_m = bed(shape, cell_size_m, &mut dice);
        let roughness = match dice.of(&[0, 1, 1]) {
            0 => vec![dice.of(&[0.0, 0.03]); bed_m.len()],
            _ => bed_m.iter().map(|_| dice.of(&[0.0_f32, 0.02, 0.05, 0.3])).collect(),
        };
        let heights = bed_m.iter().filter(|z| !z.is_nan());
        let span =
            heights.fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], z| [a.min(*z), b.max(*z)]);
        let start = start(&bed_m, span, &mut dice);
        let mut rim = Vec::new();
        for side in Compass::ALL {
            let length = if side.is_row() { shape[1] } else { shape[0] };
            rim.extend(stretch(side, length, cell_size_m, span, &mut dice));
        }
        let sources = (0..dice.of(&[0, 1, 2])).filter_map(|_| {
            let cell = [dice.below(shape[0]), dice.below(shape[1])];
            let most = dice.of(&[0.01, 1.0, 30.0, -2.0]) * cell_size_m;
            let discharge = Series::new("source", vec![[0.0, 0.0], [20.0, most]]).unwrap();
            (!bed_m[cell[0] * shape[1] + cell[1]].is_nan()).then_some(Source { cell, discharge })
        });
        let sources = sources.collect();
        let rates_mm_h = vec![dice.of(&[0.0, 0.0, 20.0, 500.0, 1e6]), dice.of(&[0.0, 50.0])];
        let zones = bed_m.iter().map(|_| dice.of(&[0, 0, 1])).collect();
        let infiltration = dice.of(&[
            Infiltration::None,
            Infiltration::Constant { rate_mm_h: 10.0 },
            Infiltration::GreenAmpt { conductivity_mm_h: 5.0, suction_mm: 100.0, deficit: 0.3 },
            Infiltration::ScsCurveNumber { curve_number: 80.0 },
        ]);
        let drainage_mm_h = dice.of(&[0.0, 0.0, 40.0]);
        let forcing = Forcing { rim, sources, rain: None, infiltration, drainage_mm_h };
        let settings = Settings {
            scheme: dice.of(&[Scheme::First, Scheme::Second]),
            tile_edge: dice.of(&[8, 16, 64]),
            ..Settings::default()
        };
        let case = Self {
            shape,
            cell_size_m,
            bed_m,
            roughness,
            start,
            forcing,
            zones,
            rates_mm_h,
            settings,
        };
        case.with_rain()
    }

    /// With the rain that its zones and rates say.
    fn with_rain(mut self) -> Self {
        let rates = self.rates_mm_h.iter().map(|rate| Series::constant(*rate)).collect();
        let rains = self.rates_mm_h.iter().any(|rate| 0.0 < *rate);
        self.forcing.rain = rains.then(|| Rain::zoned(rates, self.zones.clone()).unwrap());
        self
    }

    /// With other settings.
    pub(crate) fn with(&self, settings: Settings) -> Self {
        Self { settings, ..self.clone() }
    }

    /// Its ground.
    pub(crate) fn ground(&self) -> Ground {
        let roughness = Roughness::Cells(self.roughness.clone());
        Ground::new(self.shape, self.cell_size_m, self.bed_m.clone(), roughness).unwrap()
    }

    /// The flood at its start.
    ///
    /// # Errors
    /// Those of the solver.
    pub(crate) fn begin<R: Real>(&self) -> Result<Simulation<R>, FloodError> {
        Simulation::new(&self.ground(), &self.start, self.forcing.clone(), self.settings)
    }

    /// The same flood, seen otherwise.
    pub(crate) fn seen(&self, view: View) -> Self {
        let [rows, columns] = self.shape;
        let numbers = |values: &[f64]| view.raster(self.shape, values);
        let water = self.start.water.as_ref().map(|water| match water {
            Water::Depth(depth) => Water::Depth(numbers(depth)),
            Water::Level(level) => Water::Level(numbers(level)),
        });
        let velocity_m_s = self.start.velocity_m_s.as_ref().map(|[east, north]| {
            let both: Vec<[f64; 2]> =
                east.iter().zip(north).map(|(u, v)| View::velocity([*u, *v], view)).collect();
            let both = view.raster(self.shape, &both);
            [both.iter().map(|uv| uv[0]).collect(), both.iter().map(|uv| uv[1]).collect()]
        });
        let rim = self.forcing.rim.iter().map(|stretch| {
            let width_m = columns as f64 * self.cell_size_m;
            let flips = view == View::Turned && stretch.side.is_row();
            let flip = |[from, to]: [f64; 2]| [width_m - to, width_m - from];
            let range_m = stretch.range_m.map(|range| if flips { flip(range) } else { range });
            Stretch { side: view.side(stretch.side), range_m, flow: stretch.flow.clone() }
        });
        let sources = self.forcing.sources.iter().map(|source| {
            let [row, column] = source.cell;
            let cell = match view {
                View::Transposed => [column, row],
                View::Turned => [columns - 1 - column, row],
            };
            Source { cell, discharge: source.discharge.clone() }
        });
        let forcing =
            Forcing { rim: rim.collect(), sources: sources.collect(), ..self.forcing.clone() };
        let case = Self {
            shape: [columns, rows],
            bed_m: numbers(&self.bed_m),
            roughness: view.raster(self.shape, &self.roughness),
            start: Start { water, velocity_m_s },
            forcing,
            zones: view.raster(self.shape, &self.zones),
            ..self.clone()
        };
        case.with_rain()
    }

    /// Signal speed of the water that its rim and sources let in, m/s: critical flow, and a dam
    /// break at a stage.
    fn entering_m_s(&self) -> f64 {
        let [rows, columns] = self.shape;
        let critical = |q: f64| 2.0 * (GRAVITY * q.max(0.0)).cbrt();
        let rim = self.forcing.rim.iter().map(|stretch| {
            let length = if stretch.side.is_row() { columns } else { rows };
            let cells = (0..length).filter(|at| {
                let middle_m = (*at as f64 + 0.5) * self.cell_size_m;
                stretch.range_m.is_none_or(|[from, to]| from <= middle_m && middle_m < to)
            });
            let beds = cells.map(|at| match stretch.side {
                Compass::North => at,
                Compass::South => (rows - 1) * columns + at,
                Compass::West => at * columns,
                Compass::East => at * columns + columns - 1,
            });
            let beds: Vec<f64> = beds.map(|at| self.bed_m[at]).filter(|z| !z.is_nan()).collect();
            let lowest = beds.iter().copied().fold(f64::INFINITY, f64::min);
            match &stretch.flow {
                Flow::Discharge(series) if !beds.is_empty() => {
                    critical(series.peak() / (beds.len() as f64 * self.cell_size_m))
                }
                Flow::Stage(series) => {
                    let most = [0.0, 30.0].map(|t| series.at(t)).into_iter().fold(lowest, f64::max);
                    if beds.is_empty() { 0.0 } else { 2.0 * (GRAVITY * (most - lowest)).sqrt() }
                }
                _ => 0.0,
            }
        });
        let sources = self.forcing.sources.iter();
        let sources = sources.map(|source| critical(source.discharge.at(20.0) / self.cell_size_m));
        rim.chain(sources).fold(0.0, f64::max)
    }

    /// Computes some steps and checks every law in each. Gives the greatest error of mass.
    ///
    /// # Errors
    /// The law that does not hold, in words.
    pub(crate) fn obey<R: Real>(&self, windows: usize) -> Result<f64, String> {
        let mut run = self.begin::<R>().map_err(|error| error.to_string())?;
        let reach_m = self.settings.cfl * self.cell_size_m;
        let rain_m_s = self.rates_mm_h.iter().copied().fold(0.0, f64::max) / 3.6e6;
        let sky = self.forcing.rain.is_some()
            || 0.0 < self.forcing.drainage_mm_h
            || !self.forcing.sources.is_empty();
        let (mut before, mut worst) = (run.ledger(), 0.0_f64);
        for window in 0..windows {
            let flow = run.fastest().1;
            let splash = if sky { 2.0 * (GRAVITY * (1e-4 + 10.0 * rain_m_s)).sqrt() } else { 0.0 };
            let need = flow.max(self.entering_m_s()) + splash;
            let short = window % 2 == 0;
            let wanted_s = if short { 0.999 * reach_m / need } else { 1.001 * reach_m / flow };
            let length_s = wanted_s.min(10.0);
            run.advance_to(run.time_s() + length_s).map_err(|error| error.to_string())?;
            let after = run.ledger();
            let (steps, when) = (after.steps - before.steps, format!("window {window}"));
            // Rain, drains and pumps come between steps, and the water may be faster after them.
            let faster = (length_s * run.fastest().1 / reach_m).ceil();
            let most = if sky { 4.0 + faster } else { 1.0 };
            // A film may run fast for a while and be gone when the window ends.
            let ever = |field| {
                let values = run.raster(field, 0.0).into_iter();
                values.map(f64::from).fold(0.0, f64::max)
            };
            let greatest =
                || ever(Field::GreatestSpeed) + (GRAVITY * ever(Field::GreatestDepth)).sqrt();
            let between = || 4.0 + (length_s * greatest() / reach_m).ceil();
            if short && most < steps as f64 && !(sky && steps as f64 <= between()) {
                return Err(format!("{when}: {steps} steps in {length_s} s, {need} m/s"));
            }
            if !short && wanted_s <= 10.0 && steps < 2 {
                return Err(format!("{when}: one step of {length_s} s at {flow} m/s"));
            }
            for field in [Field::Depth, Field::GreatestDepth, Field::GreatestSpeed] {
                let values = run.raster(field, 0.0);
                let sound = |value: &f32| value.is_finite() && 0.0 <= *value;
                if let Some(at) = values.iter().position(|value| !sound(value)) {
                    return Err(format!("{when}: {field:?} of {} at cell {at}", values[at]));
                }
            }
            worst = worst.max(after.relative_error().abs());
            before = after;
        }
        let bound = if R::DIGITS < 32 { 1e-6 } else { 1e-12 };
        if worst <= bound { Ok(worst) } else { Err(format!("mass {worst:e}: {before:?}")) }
    }
}

/// Slopes, noise, cliffs and holes.
fn bed([rows, columns]: [usize; 2], cell_size_m: f64, dice: &mut Dice) -> Vec<f64> {
    let datum = dice.of(&[0.0, 300.0, 2_500.0]);
    let fall = [0, 1].map(|_| dice.of(&[0.0, 0.001, -0.05, 0.8]) * cell_size_m);
    let noise = dice.of(&[0.0, 0.01, 1.0, 20.0]);
    let cliff = dice.of(&[0.0, 0.0, 5.0, 200.0]);
    let wall = [dice.below(rows), dice.below(columns)];
    let holes = dice.of(&[0.0, 0.0, 0.05, 0.4]);
    let mut bed = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        for column in 0..columns {
            let stands = row < wall[0] && column < wall[1];
            let slope = fall[0] * row as f64 + fall[1] * column as f64;
            let z = datum + slope + noise * dice.share() + if stands { cliff } else { 0.0 };
            bed.push(if dice.share() < holes { f64::NAN } else { z });
        }
    }
    let middle = rows / 2 * columns + columns / 2;
    bed[middle] = if bed[middle].is_nan() { datum } else { bed[middle] };
    bed
}

/// Dry, patches, a level, or films; in half of the cases it moves.
fn start(bed_m: &[f64], [low, high]: [f64; 2], dice: &mut Dice) -> Start {
    let water = match dice.of(&[0, 1, 2, 3]) {
        0 => None,
        1 => Some(Water::Depth(bed_m.iter().map(|_| dice.of(&[0.0, 0.0, 0.3, 2.0])).collect())),
        2 => {
            let level = low + (high - low).min(5.0) * dice.share();
            Some(Water::Level(vec![level; bed_m.len()]))
        }
        _ => Some(Water::Depth(bed_m.iter().map(|_| 1e-3 * dice.share().powi(3)).collect())),
    };
    let fast = dice.of(&[0.0, 0.0, 1.0, 8.0]);
    let mut speeds = || bed_m.iter().map(|_| fast * (2.0 * dice.share() - 1.0)).collect();
    Start { water, velocity_m_s: Some([speeds(), speeds()]) }
}

fn stretch(
    side: Compass,
    length: usize,
    cell_size_m: f64,
    [low, high]: [f64; 2],
    dice: &mut Dice,
) -> Option<Stretch> {
    let from = dice.below(length);
    let to = (from + 1 + dice.below(length)).min(length);
    let range_m = [from, to].map(|cell| cell as f64 * cell_size_m);
    let range_m = dice.of(&[None, Some(range_m)]);
    let flow = match dice.of(&[0, 1, 2, 3]) {
        0 => return None,
        1 => Flow::Open { slope: dice.of(&[0.0, 0.01, 1.0]) },
        2 => {
            let most = dice.of(&[0.1, 5.0, 100.0, -1.0]) * cell_size_m * (to - from) as f64;
            Flow::Discharge(Series::new("q", vec![[0.0, 0.1 * most], [30.0, most]]).unwrap())
        }
        _ => {
            let level = |dice: &mut Dice| low + ((high - low).min(4.0) + 1.0) * dice.share();
            let levels = vec![[0.0, level(dice)], [30.0, level(dice)]];
            Flow::Stage(Series::new("stage", levels).unwrap())
        }
    };
    Some(Stretch { side, range_m, flow })
}
