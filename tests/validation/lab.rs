//! Flumes and basins, and the schemes and precisions that run them.

use jomo_flood::{
    Compass, Flow, Forcing, Ground, Real, Roughness, Scheme, Settings, Simulation, Start, Stretch,
    Water,
};

use crate::report::Row;

/// Both orders and both precisions of a case `fn<R: Real>(Scheme, ...) -> T`.
macro_rules! each {
    ($case:ident $(, $argument:expr)*) => {
        vec![
            ("1st f32", $case::<f32>(jomo_flood::Scheme::First $(, $argument)*)),
            ("1st f64", $case::<f64>(jomo_flood::Scheme::First $(, $argument)*)),
            ("2nd f32", $case::<f32>(jomo_flood::Scheme::Second $(, $argument)*)),
            ("2nd f64", $case::<f64>(jomo_flood::Scheme::Second $(, $argument)*)),
        ]
    };
}

pub(crate) use each;

/// A case computed: places, depths, exact depths, steps and error of mass.
pub(crate) struct Ran {
    pub places: Vec<f64>,
    pub found: Vec<f64>,
    pub exact: Vec<f64>,
    pub steps: u64,
    pub mass: f64,
}

impl Ran {
    /// One of its numbers as a row.
    pub(crate) fn row(&self, variant: &str, norm: &'static str, value: f64, bound: f64) -> Row {
        let run = Some((self.steps, self.mass));
        Row { variant: variant.to_owned(), norm, value, bound: Some(bound), run }
    }

    /// A number that is told, without a bound.
    pub(crate) fn told(&self, variant: &str, norm: &'static str, value: f64) -> Row {
        Row { bound: None, ..self.row(variant, norm, value, 0.0) }
    }

    /// Places and depths, on top of a bed.
    pub(crate) fn surface(&self, bed: &[f64]) -> Vec<[f64; 2]> {
        self.places.iter().zip(self.found.iter().zip(bed)).map(|(x, (h, z))| [*x, h + z]).collect()
    }

    /// The exact surface.
    pub(crate) fn exact_surface(&self, bed: &[f64]) -> Vec<[f64; 2]> {
        self.places.iter().zip(self.exact.iter().zip(bed)).map(|(x, (h, z))| [*x, h + z]).collect()
    }
}

/// Settings with a scheme.
pub(crate) fn settings(scheme: Scheme) -> Settings {
    Settings { scheme, ..Settings::default() }
}

/// A condition on a whole side.
pub(crate) fn whole(side: Compass, flow: Flow) -> Stretch {
    Stretch { side, range_m: None, flow }
}

/// Water of given depths at rest.
pub(crate) fn deep(depths: Vec<f64>) -> Start {
    Start { water: Some(Water::Depth(depths)), velocity_m_s: None }
}

/// Water of one level at rest.
pub(crate) fn level(cells: usize, level_m: f64) -> Start {
    Start { water: Some(Water::Level(vec![level_m; cells])), velocity_m_s: None }
}

/// Depths of all cells, row by row.
pub(crate) fn depths<R: Real>(run: &Simulation<R>) -> Vec<f64> {
    let [rows, columns] = run.shape();
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| [row, column]));
    cells.map(|cell| run.at(cell).map_or(f64::NAN, |[h, _, _]| h)).collect()
}

/// A flume of one row of cells.
pub(crate) struct Flume {
    /// Length of a cell, m.
    pub dx: f64,
    /// Bed of the cells, m.
    pub bed: Vec<f64>,
    /// Manning's n.
    pub roughness: f64,
    /// Water at the start.
    pub start: Start,
    /// Conditions in the west and in the east.
    pub ends: [Flow; 2],
}

impl Flume {
    /// Middles of cells, from the western end.
    pub(crate) fn middles(cells: usize, dx: f64) -> Vec<f64> {
        (0..cells).map(|i| (i as f64 + 0.5) * dx).collect()
    }

    /// Runs it to a time.
    pub(crate) fn run<R: Real>(&self, scheme: Scheme, end_s: f64) -> Simulation<R> {
        let shape = [1, self.bed.len()];
        let ground =
            Ground::new(shape, self.dx, self.bed.clone(), Roughness::Uniform(self.roughness));
        let [west, east] = self.ends.clone();
        let rim = vec![whole(Compass::West, west), whole(Compass::East, east)];
        let forcing = Forcing { rim, ..Forcing::default() };
        let mut run =
            Simulation::new(&ground.unwrap(), &self.start, forcing, settings(scheme)).unwrap();
        run.advance_to(end_s).unwrap();
        run
    }

    /// The same, against exact depths.
    pub(crate) fn ran<R: Real>(&self, scheme: Scheme, end_s: f64, exact: Vec<f64>) -> Ran {
        let run = self.run::<R>(scheme, end_s);
        let ledger = run.ledger();
        Ran {
            places: Self::middles(self.bed.len(), self.dx),
            found: depths(&run),
            exact,
            steps: ledger.steps,
            mass: ledger.relative_error().abs(),
        }
    }
}
