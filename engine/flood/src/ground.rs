//! The ground: bed, roughness and extent of a domain.

use xxhash_rust::xxh3::Xxh3;

use crate::error::FloodError;

/// Bed and roughness of a raster of square cells, row 0 in the north.
#[derive(Clone, Debug)]
pub struct Ground {
    shape: [usize; 2],
    cell_size_m: f64,
    bed_m: Vec<f64>,
    roughness: Roughness,
}

/// Manning's n in s/m^(1/3).
#[derive(Clone, Debug)]
pub enum Roughness {
    /// The same everywhere.
    Uniform(f64),
    /// Cell by cell, as many as the bed.
    Cells(Vec<f32>),
}

/// Greatest Manning's n taken; a dense forest floor has 0.8.
const ROUGHNESS_LIMIT: f64 = 10.0;

impl Ground {
    /// `bed_m` holds `shape[0] * shape[1]` heights in metres, row by row from the north; `NaN`
    /// lies outside the domain, behind a wall.
    ///
    /// # Errors
    /// If a shape, size, height or roughness is impossible; the error names the cell.
    pub fn new(
        shape: [usize; 2],
        cell_size_m: f64,
        bed_m: Vec<f64>,
        roughness: Roughness,
    ) -> Result<Self, FloodError> {
        let [rows, columns] = shape;
        if rows == 0 || columns == 0 {
            return Err(FloodError::NoCells { shape });
        }
        if !(cell_size_m.is_finite() && 0.0 < cell_size_m) {
            return Err(FloodError::CellSize { cell_size_m });
        }
        let cells = rows.checked_mul(columns);
        if cells != Some(bed_m.len()) {
            return Err(FloodError::Count { what: "bed", shape, found: bed_m.len() });
        }
        let cell = |at: usize| [at / columns, at % columns];
        if let Some(at) = bed_m.iter().position(|z| z.is_infinite() || 1e5 < z.abs()) {
            return Err(FloodError::Bed { cell: cell(at), height_m: bed_m[at] });
        }
        if bed_m.iter().all(|z| z.is_nan()) {
            return Err(FloodError::AllOutside { shape });
        }
        let sound = |n: f64| (0.0..=ROUGHNESS_LIMIT).contains(&n);
        match &roughness {
            Roughness::Uniform(n) if !sound(*n) => {
                return Err(FloodError::Roughness { cell: [0, 0], roughness: *n });
            }
            Roughness::Cells(values) if values.len() != bed_m.len() => {
                return Err(FloodError::Count { what: "roughness", shape, found: values.len() });
            }
            Roughness::Cells(values) => {
                let bad = |(n, z): (&f32, &f64)| !z.is_nan() && !sound(f64::from(*n));
                if let Some(at) = values.iter().zip(&bed_m).position(bad) {
                    let roughness = f64::from(values[at]);
                    return Err(FloodError::Roughness { cell: cell(at), roughness });
                }
            }
            Roughness::Uniform(_) => {}
        }
        Ok(Self { shape, cell_size_m, bed_m, roughness })
    }

    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Edge of a cell in metres.
    #[must_use]
    pub fn cell_size_m(&self) -> f64 {
        self.cell_size_m
    }

    /// Heights in metres, row by row; `NaN` outside.
    #[must_use]
    pub fn bed_m(&self) -> &[f64] {
        &self.bed_m
    }

    /// Roughness as given.
    #[must_use]
    pub fn roughness(&self) -> &Roughness {
        &self.roughness
    }

    /// Manning's n of a cell by its place in the row-by-row order.
    pub(crate) fn manning(&self, at: usize) -> f64 {
        match &self.roughness {
            Roughness::Uniform(n) => *n,
            Roughness::Cells(values) => f64::from(values[at]),
        }
    }

    /// A hash of everything in it, xxh3-64.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hash = Xxh3::new();
        hash.update(&self.cell_size_m.to_le_bytes());
        for z in &self.bed_m {
            hash.update(&z.to_le_bytes());
        }
        match &self.roughness {
            Roughness::Uniform(n) => hash.update(&n.to_le_bytes()),
            Roughness::Cells(values) => values.iter().for_each(|n| hash.update(&n.to_le_bytes())),
        }
        hash.digest()
    }

    /// Greatest less least height of the domain in metres.
    pub(crate) fn relief_m(&self) -> f64 {
        let inside = self.bed_m.iter().filter(|z| !z.is_nan());
        let (low, high) =
            inside.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), z| (a.min(*z), b.max(*z)));
        high - low
    }
}

/// The lattice on which the bed lies, so that differences of bed and depth are exact.
///
/// With all beds, levels and depths on multiples of `quantum_m` and depths below
/// `2^digits * quantum_m`, depth plus bed difference is computed without rounding: water at rest
/// stays at rest bit for bit. The lattice is some micrometres wide (`f32`), far below what any
/// survey knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lattice {
    quantum_m: f64,
}

impl Lattice {
    /// For a ground of `relief_m` and water of `depth_m` at the start, in numbers of `digits`
    /// bits. Depths up to 16 m stay exact on any ground of that relief.
    pub(crate) fn new(relief_m: f64, depth_m: f64, digits: i32) -> Self {
        let span_m = depth_m.max(relief_m.min(16.0)).max(2.0_f64.powi(-10));
        // One bit for sums of depth and bed, one for the halves of second order.
        Self { quantum_m: 2.0_f64.powf(span_m.log2().ceil()) * 2.0_f64.powi(2 - digits) }
    }

    /// A lattice of known width, m.
    pub(crate) fn of(quantum_m: f64) -> Self {
        Self { quantum_m }
    }

    /// Its width, m.
    pub(crate) fn quantum_m(self) -> f64 {
        self.quantum_m
    }

    /// The nearest point of the lattice.
    pub(crate) fn round(self, height_m: f64) -> f64 {
        (height_m / self.quantum_m).round_ties_even() * self.quantum_m
    }
}
