//! A field of a GRIB2 file as rain or soil water on the cells of a region.

use jiff::SignedDuration;
use jomo_flood::rainfall::{Cells, Product, Source};
use jomo_format::grib2::{LatLonGrid, LevelGrid, Quantity, Submessage};

use super::{SpoolFault, boxed};
use crate::failure::BoxedError;

/// Largest amount of an interval in mm: three times the rain of the wettest hour on record.
const AMOUNT_MAX_MM: f32 = 1_000.0;
/// Longest interval of an amount of rain.
const INTERVAL_MAX: SignedDuration = SignedDuration::from_hours(24);
/// An hour that begins this long after the reference time belongs to the extended forecast.
const EXTENDED_FROM: SignedDuration = SignedDuration::from_hours(6);
/// Background process of products carried on from radar.
const RADAR: u8 = 151;

/// What a field is to a forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// An amount of rain.
    Rain(Source),
    /// Soil water in all tanks.
    SoilTotal,
    /// Soil water in the first tank.
    SoilUpper,
    /// Known, and not used here: risk levels, the tank of unconfirmed meaning.
    Aside,
    /// Anything else.
    Other,
}

impl Use {
    pub(super) fn of(field: &Submessage<'_>) -> Self {
        let product = field.product();
        let is_rain = (product.discipline, product.category, product.number) == (0, 1, 200);
        if let Some(interval) = product.interval
            && is_rain
        {
            let is_amount = interval.process == 1
                && SignedDuration::ZERO < interval.length
                && interval.length <= INTERVAL_MAX;
            return if is_amount { Self::Rain(source(field)) } else { Self::Other };
        }
        match product.quantity() {
            Some(Quantity::SoilWaterIndex) => Self::SoilTotal,
            Some(Quantity::SoilWaterTank1) => Self::SoilUpper,
            Some(Quantity::SoilWaterUnconfirmed | Quantity::LandslideRisk) => Self::Aside,
            _ => Self::Other,
        }
    }
}

/// An amount that had fallen by the reference time is an analysis.
fn source(field: &Submessage<'_>) -> Source {
    let product = field.product();
    if product.valid_time <= product.reference_time {
        Source::Analysis
    } else if product.process.background == RADAR {
        Source::Nowcast
    } else if EXTENDED_FROM <= product.forecast_time {
        Source::Extended
    } else {
        Source::Forecast
    }
}

/// Reads a rain field on the cells.
pub(super) fn rain(
    field: &Submessage<'_>,
    source: Source,
    cells: &Cells,
) -> Result<Option<Product>, BoxedError> {
    let product = field.product();
    let Some(interval) = product.interval else { return Ok(None) };
    let Ok(from) = interval.end.checked_sub(interval.length) else { return Ok(None) };
    let amount_mm = values(field, cells)?;
    let is_wrong = |amount: &&f32| !(0.0 <= **amount && **amount <= AMOUNT_MAX_MM);
    if let Some(wrong) = amount_mm.iter().filter(|amount| !amount.is_nan()).find(is_wrong) {
        return Err(boxed(SpoolFault::Amount { amount_mm: *wrong }));
    }
    let reference_time = product.reference_time;
    Ok(Some(Product { source, reference_time, from, to: interval.end, amount_mm }))
}

/// Values of a field on the cells: as they are where the grids are the same, of the cell that
/// holds the middle where the field is coarser, their mean where it is finer.
pub(super) fn values(field: &Submessage<'_>, cells: &Cells) -> Result<Vec<f32>, BoxedError> {
    // Cutting out a window stops early; damage behind it says that the file is not whole.
    field.check().map_err(boxed)?;
    let grid = field.grid();
    let outside = || SpoolFault::Outside { grid: grid.bounds_deg() };
    let window = grid.window_of(cells.bounds_deg()).ok_or_else(|| boxed(outside()))?;
    let decoded = field.decode(&window).map_err(boxed)?;
    let shape = cells.shape().map(|count| count as usize);
    if *grid == LatLonGrid::JMA_1KM && decoded.shape() == shape {
        return Ok(decoded.values());
    }
    let [own, other] = [cells.step_deg(), grid.step_deg()];
    if other[0] < 0.75 * own[0] && other[1] < 0.75 * own[1] {
        Ok(means(grid, &decoded, cells))
    } else {
        Ok(looked_up(grid, &decoded, cells))
    }
}

/// The value of the cell that holds the middle of each.
fn looked_up(grid: &LatLonGrid, decoded: &LevelGrid, cells: &Cells) -> Vec<f32> {
    let window = decoded.window();
    let [rows, columns] = decoded.shape();
    let values = decoded.values();
    let bounds = grid.bounds_of(window);
    let count = [rows, columns].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    let Ok(coarse) = Cells::new(bounds, count) else {
        return vec![f32::NAN; cells.count()];
    };
    let value = |cell: u32| {
        let at = coarse.cell_of(cells.centre_deg(cell));
        at.and_then(|at| values.get(at as usize)).copied().unwrap_or(f32::NAN)
    };
    (0_u32..).take(cells.count()).map(value).collect()
}

/// The mean of the cells whose middle each holds; one without a value makes no hole.
fn means(grid: &LatLonGrid, decoded: &LevelGrid, cells: &Cells) -> Vec<f32> {
    let window = decoded.window();
    let mut sums = vec![(0.0_f64, 0_u32); cells.count()];
    let places = window
        .rows
        .clone()
        .flat_map(|row| window.columns.clone().map(move |column| grid.centre_deg(row, column)));
    for (value, place) in decoded.values().into_iter().zip(places) {
        let at = cells.cell_of(place).filter(|_| !value.is_nan());
        if let Some((sum, count)) = at.and_then(|at| sums.get_mut(at as usize)) {
            *sum += f64::from(value);
            *count += 1;
        }
    }
    let mean = |(sum, count): (f64, u32)| {
        if count == 0 { f32::NAN } else { narrowed(sum / f64::from(count)) }
    };
    sums.into_iter().map(mean).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "amounts are f32: 7 digits")]
fn narrowed(value: f64) -> f32 {
    value as f32
}
