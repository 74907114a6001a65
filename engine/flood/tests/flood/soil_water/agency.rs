//! The agency's own states, stepped without rain; `tests/validation` tells the same figures.

use jomo_flood::soil_water::{MIDDLE_SHARE, Steps, TankModel, Tanks};
use jomo_format::grib2::{self, Quantity};

use crate::real;

/// Soil-water index and upper tank of 2017-08-07 15:20 UTC, hourly to +6 h.
const FILE: &str =
    "jma-grib2/Z__C_RJTD_20170807152000_SRF_GPV_Ggis1km_Psw_Fper10min_FH01-06_grib2.bin";

/// Total index and upper tank of one lead, in mm; missing is `NaN`.
type Fields = [Vec<f32>; 2];

/// The two known fields of each lead, 1 to 6 h.
fn forecast_fields(bytes: &[u8]) -> Vec<Fields> {
    let fields = grib2::read(bytes).unwrap();
    let values = |fields: &[grib2::Submessage<'_>], quantity| {
        let field = fields.iter().find(|field| field.product().quantity() == Some(quantity));
        field.unwrap().decode_all().unwrap().values()
    };
    fields
        .chunks(3)
        .map(|three| {
            [Quantity::SoilWaterIndex, Quantity::SoilWaterTank1].map(|what| values(three, what))
        })
        .collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How the tanks were stepped, and by what they differ from the agency at +6 h, in mm.
pub(crate) struct Variant {
    /// Share of the water below the upper tank that is put into the middle one.
    pub(crate) middle_share: f64,
    /// Steps in the five hours.
    pub(crate) steps: u32,
    /// Median error and median of its size.
    pub(crate) median_mm: f64,
    pub(crate) median_size_mm: f64,
    /// Cells within 2 mm, as a share.
    pub(crate) within_2_mm: f64,
    /// Greatest size.
    pub(crate) worst_mm: f64,
}

/// What the cells without rain tell.
pub(crate) struct Drained {
    /// Cells whose total and upper tank never rise, total 60 to 160 mm in every hour.
    pub(crate) cells: usize,
    /// Ours first, then other shares and steps.
    pub(crate) variants: Vec<Variant>,
    /// Median error of the state at +1 h taken for +6 h, mm.
    pub(crate) persistence_mm: f64,
    /// Index at +1 h of the first cell, by the agency and by the tanks it was split into.
    first_mm: [f64; 2],
}

/// Cells without rain in the agency's forecast, from its state at +1 h to +6 h. `None`, told by
/// name, without the real data.
pub(crate) fn drained(test: &str) -> Option<Drained> {
    let leads = forecast_fields(&real::file(test, FILE)?);
    assert_eq!(leads.len(), 6);
    let is_dry = |cell: &usize| {
        let falls =
            |field: usize| leads.windows(2).all(|two| two[1][field][*cell] <= two[0][field][*cell]);
        let is_wet = |lead: &Fields| (60.0..=160.0).contains(&lead[0][*cell]);
        leads.iter().all(is_wet) && falls(0) && falls(1)
    };
    let dry: Vec<usize> = (0..leads[0][0].len()).filter(is_dry).collect();
    let variant = |(middle_share, steps): (f64, u32)| {
        let five_hours = Steps::new(&TankModel::JMA, 5.0, steps).unwrap();
        let error = |cell: &usize| {
            let [index, upper] = [0, 1].map(|field| f64::from(leads[0][field][*cell]));
            let rest = (index - upper).max(0.0);
            let start = Tanks {
                upper_mm: upper,
                middle_mm: middle_share * rest,
                lower_mm: rest - middle_share * rest,
            };
            let after = TankModel::JMA.advance(start, 0.0, five_hours).0;
            after.index_mm() - f64::from(leads[5][0][*cell])
        };
        let errors: Vec<f64> = dry.iter().map(error).collect();
        let sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
        let within = sizes.iter().filter(|size| **size <= 2.0).count();
        Variant {
            middle_share,
            steps,
            median_mm: median(errors),
            worst_mm: sizes.iter().copied().fold(0.0, f64::max),
            within_2_mm: within as f64 / sizes.len() as f64,
            median_size_mm: median(sizes),
        }
    };
    let ways = [(MIDDLE_SHARE, 30), (0.2, 30), (0.5, 30), (MIDDLE_SHARE, 5), (MIDDLE_SHARE, 300)];
    let persistence =
        dry.iter().map(|cell| f64::from(leads[0][0][*cell] - leads[5][0][*cell]).abs()).collect();
    let [index, upper] = [0, 1].map(|field| f64::from(leads[0][field][dry[0]]));
    Some(Drained {
        cells: dry.len(),
        variants: ways.into_iter().map(variant).collect(),
        persistence_mm: median(persistence),
        first_mm: [index.max(upper), Tanks::from_index(index, upper).index_mm()],
    })
}

/// Five hours after the agency's state at +1 h, the tanks hold what it says for +6 h.
#[test]
#[allow(clippy::print_stdout, reason = "the figures that docs/methods/soil-water.md quotes")]
fn the_agencys_tanks_drain_alike() {
    let Some(drained) = drained("the_agencys_tanks_drain_alike") else { return };
    println!("soil water: {} cells without rain", drained.cells);
    for way in &drained.variants {
        println!(
            "soil water: middle share {}, {} steps: median error {:.2} mm, median |error| {:.2} \
             mm, within 2 mm {:.1} %, worst {:.1} mm",
            way.middle_share,
            way.steps,
            way.median_mm,
            way.median_size_mm,
            100.0 * way.within_2_mm,
            way.worst_mm
        );
    }
    println!("soil water: persistence: median |error| {:.2} mm", drained.persistence_mm);
    assert_eq!(drained.cells, 63_390);
    assert!(drained.variants[0].median_size_mm <= 2.0);
    assert!((drained.persistence_mm - 8.0).abs() < 1e-9);
    let [index, split] = drained.first_mm;
    assert!((index - split).abs() < 1e-12);
}
