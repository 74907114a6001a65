//! The tanks under every cell of a grid.

use rayon::prelude::*;

use super::{Steps, TankModel, Tanks};

/// One row of the tanks, in mm, changed in place, and what goes to the river during the steps.
#[derive(Debug)]
pub struct TankRows<'a> {
    /// Upper tanks.
    pub upper_mm: &'a mut [f64],
    /// Middle tanks.
    pub middle_mm: &'a mut [f64],
    /// Lower tanks.
    pub lower_mm: &'a mut [f64],
    /// Written: water through the sides of all three.
    pub side_mm: &'a mut [f64],
}

/// Carries one row of tanks through `steps` with `rain_mm` per cell in total; returns its ledger.
///
/// A cell with no data in the rain or the tanks has none afterwards: a gap does not become data,
/// whatever falls later. Such cells are outside the ledger. The rows must be equally long; cells
/// beyond the shortest are left alone.
#[must_use]
pub fn soil_water_row(
    model: &TankModel,
    steps: Steps,
    rain_mm: &[f32],
    tanks: &mut TankRows<'_>,
) -> SoilLedger {
    let TankRows { upper_mm, middle_mm, lower_mm, side_mm } = tanks;
    let cells = upper_mm.iter_mut().zip(middle_mm.iter_mut()).zip(lower_mm.iter_mut());
    let mut ledger = SoilLedger::default();
    for ((((upper, middle), lower), side), rain) in cells.zip(side_mm.iter_mut()).zip(rain_mm) {
        let before = Tanks { upper_mm: *upper, middle_mm: *middle, lower_mm: *lower };
        let rain = f64::from(*rain);
        let (after, flow) = if before.index_mm().is_nan() {
            model.advance(before, f64::NAN, steps)
        } else {
            model.advance(before, rain, steps)
        };
        (*upper, *middle, *lower) = (after.upper_mm, after.middle_mm, after.lower_mm);
        *side = flow.side_mm();
        if after.index_mm().is_nan() {
            ledger.cells_without_data += 1;
        } else {
            ledger.rain_mm += rain;
            ledger.side_mm += flow.side_mm();
            ledger.deep_mm += flow.deep_mm;
            ledger.before_mm += before.index_mm();
            ledger.after_mm += after.index_mm();
        }
    }
    ledger
}

/// Where the water of all cells went, in mm summed over cells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoilLedger {
    /// Rain.
    pub rain_mm: f64,
    /// To the river.
    pub side_mm: f64,
    /// To deep groundwater.
    pub deep_mm: f64,
    /// In the tanks before.
    pub before_mm: f64,
    /// In the tanks afterwards.
    pub after_mm: f64,
    /// Cells without data, which are in none of the sums.
    pub cells_without_data: u64,
}

impl SoilLedger {
    /// Water that appeared or vanished, as a share of all that was there: rounding only.
    #[must_use]
    pub fn error(&self) -> f64 {
        let all = self.before_mm + self.rain_mm;
        let left = self.after_mm + self.side_mm + self.deep_mm;
        if 0.0 < all { (all - left) / all } else { all - left }
    }

    fn add(self, other: Self) -> Self {
        Self {
            rain_mm: self.rain_mm + other.rain_mm,
            side_mm: self.side_mm + other.side_mm,
            deep_mm: self.deep_mm + other.deep_mm,
            before_mm: self.before_mm + other.before_mm,
            after_mm: self.after_mm + other.after_mm,
            cells_without_data: self.cells_without_data + other.cells_without_data,
        }
    }
}

/// The tanks under a grid, row by row from the north, 32 bytes a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct SoilGrid {
    shape: [usize; 2],
    upper_mm: Vec<f64>,
    middle_mm: Vec<f64>,
    lower_mm: Vec<f64>,
    side_mm: Vec<f64>,
}

impl SoilGrid {
    /// A grid of `[rows, columns]` with the tanks given by cell; no data is [`Tanks::NO_DATA`].
    /// `None` if their number is not that of the cells.
    #[must_use]
    pub fn new(shape: [usize; 2], tanks: &[Tanks]) -> Option<Self> {
        let cells = shape[0].checked_mul(shape[1])?;
        (tanks.len() == cells).then(|| Self {
            shape,
            upper_mm: tanks.iter().map(|tank| tank.upper_mm).collect(),
            middle_mm: tanks.iter().map(|tank| tank.middle_mm).collect(),
            lower_mm: tanks.iter().map(|tank| tank.lower_mm).collect(),
            side_mm: vec![0.0; cells],
        })
    }

    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// The tanks of a cell, counted row by row; `None` beyond the grid.
    #[must_use]
    pub fn tanks(&self, cell: usize) -> Option<Tanks> {
        Some(Tanks {
            upper_mm: *self.upper_mm.get(cell)?,
            middle_mm: *self.middle_mm.get(cell)?,
            lower_mm: *self.lower_mm.get(cell)?,
        })
    }

    /// Water that went to the river during the last call of [`SoilGrid::advance`], by cell, in mm.
    #[must_use]
    pub fn side_mm(&self) -> &[f64] {
        &self.side_mm
    }

    /// Carries all cells through `steps`; `rain_mm` has one value per cell. Rows are independent
    /// and their ledgers are added from the north: the same bits on any number of threads.
    /// `None`, and nothing done, if the rain does not have one value per cell.
    #[must_use]
    pub fn advance(
        &mut self,
        model: &TankModel,
        steps: Steps,
        rain_mm: &[f32],
    ) -> Option<SoilLedger> {
        if rain_mm.len() != self.upper_mm.len() {
            return None;
        }
        let columns = self.shape[1].max(1);
        let tanks = (
            self.upper_mm.par_chunks_mut(columns),
            self.middle_mm.par_chunks_mut(columns),
            self.lower_mm.par_chunks_mut(columns),
            self.side_mm.par_chunks_mut(columns),
            rain_mm.par_chunks(columns),
        );
        let rows: Vec<SoilLedger> = tanks
            .into_par_iter()
            .map(|(upper_mm, middle_mm, lower_mm, side_mm, rain_mm)| {
                let mut tanks = TankRows { upper_mm, middle_mm, lower_mm, side_mm };
                soil_water_row(model, steps, rain_mm, &mut tanks)
            })
            .collect();
        Some(rows.into_iter().fold(SoilLedger::default(), SoilLedger::add))
    }
}
