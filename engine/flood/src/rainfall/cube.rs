//! Products joined to rates at equal steps.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Cells, Perturbation, Product, Source};
use crate::basin_error::BasinError;

/// Most steps of a cube: a week of minutes.
const STEPS_MAX: usize = 10_080;
/// Longest step, in s.
const STEP_MAX_S: u32 = 86_400;
/// Longest interval of a product, in s.
const INTERVAL_MAX_S: i64 = 10 * 86_400;

/// The times of a cube.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeline {
    /// Begin of the first step; whole seconds.
    pub start: Timestamp,
    /// Length of a step in s; JMA's products fit steps of 600 s from a full ten minutes on.
    pub step_s: u32,
    /// Number of steps.
    pub steps: usize,
    /// Products of a later reference time are not known yet.
    pub now: Timestamp,
}

impl Timeline {
    /// Begin of a step, which may lie beyond the last.
    #[must_use]
    pub fn begin(&self, step: usize) -> Timestamp {
        let seconds = i64::try_from(step).unwrap_or(i64::MAX).saturating_mul(self.step_s.into());
        self.start.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    fn check(&self) -> Result<(), BasinError> {
        let fault = |what, value, expected| Err(BasinError::Setting { what, value, expected });
        if self.step_s == 0 || STEP_MAX_S < self.step_s {
            return fault("rain step in s", f64::from(self.step_s), "1 to 86400");
        }
        if self.steps == 0 || STEPS_MAX < self.steps {
            return fault("rain steps", self.steps as f64, "1 to 10080");
        }
        Ok(())
    }
}

/// The product that a rate was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Where it comes from.
    pub source: Source,
    /// Its reference time.
    pub reference_time: Timestamp,
}

/// A part of a step within which no product begins or ends, and the products that cover it. A
/// step of ten minutes is one piece where it begins at a full ten minutes.
#[derive(Clone, Debug, PartialEq)]
struct Piece {
    /// Share of the step.
    share: f64,
    /// Analyses and nowcasts, the preferred first.
    observed: Vec<u32>,
    /// Forecasts, the preferred first.
    forecast: Vec<u32>,
    /// Extended forecasts, the preferred first.
    extended: Vec<u32>,
}

/// Rates of rain at equal steps for every cell of a window, with the origin of each.
///
/// Of the products that cover a step and whose reference time is not after now, a cell takes the
/// first that has data there: analyses, then nowcasts, then forecasts, then extended forecasts;
/// of analyses the one whose middle is nearest to the step's (of two the newer), of the others
/// the newest. Hourly totals that overlap thus give a mean centred on the step, and totals that
/// follow each other keep their sum. A cell without any stays `NaN`.
#[derive(Clone, Debug)]
pub struct Cube {
    pub(super) cells: Cells,
    pub(super) timeline: Timeline,
    products: Arc<[Product]>,
    /// Of each product: how many newer reference times of forecasts there are.
    lags: Vec<u32>,
    steps: Vec<Vec<Piece>>,
}

impl Cube {
    /// Joins products.
    ///
    /// # Errors
    /// [`BasinError::Setting`] for times that cannot be, [`BasinError::Item`] with the first
    /// product whose interval or amounts cannot be, or that does not have a value for each cell.
    pub fn join(
        cells: Cells,
        products: Vec<Product>,
        timeline: &Timeline,
    ) -> Result<Self, BasinError> {
        timeline.check()?;
        for (index, product) in products.iter().enumerate() {
            if let Some(expected) = fault(product, &cells) {
                return Err(BasinError::Item { what: "rain product", index, expected });
            }
        }
        Ok(Self::joined(cells, products.into(), timeline))
    }

    /// Joins products as if the newest `lag` reference times of forecasts were not there.
    ///
    /// # Errors
    /// As [`Self::join`].
    pub fn join_lagged(
        cells: Cells,
        mut products: Vec<Product>,
        timeline: &Timeline,
        lag: usize,
    ) -> Result<Self, BasinError> {
        let mut references = forecast_references(&products, timeline.now);
        references.truncate(lag);
        products.retain(|product| {
            product.source != Source::Forecast || !references.contains(&product.reference_time)
        });
        Self::join(cells, products, timeline)
    }

    fn joined(cells: Cells, products: Arc<[Product]>, timeline: &Timeline) -> Self {
        let references = forecast_references(&products, timeline.now);
        let newer = |product: &Product| {
            let count = references.iter().take_while(|time| product.reference_time < **time);
            u32::try_from(count.count()).unwrap_or(u32::MAX)
        };
        let lags = products.iter().map(newer).collect();
        let steps = (0..timeline.steps).map(|step| pieces(&products, timeline, step)).collect();
        Self { cells, timeline: *timeline, products, lags, steps }
    }

    /// The cells.
    #[must_use]
    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    /// The times.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Rates of all cells in a step in mm/h; `NaN` is a gap. Beyond the last step all are gaps.
    /// `out` holds a value for each cell; what is missing of it is not written.
    pub fn rates(&self, step: usize, out: &mut [f32]) {
        self.fill(step, None, out);
    }

    /// Rates of a member: its forecast, shifted and scaled.
    pub fn rate_of_member(&self, step: usize, member: &Perturbation, out: &mut [f32]) {
        self.fill(step, Some(member), out);
    }

    /// Rate of one cell in mm/h; `NaN` is a gap.
    #[must_use]
    pub fn rate(&self, step: usize, cell: u32) -> f32 {
        let Some(pieces) = self.steps.get(step) else { return f32::NAN };
        let cell = cell as usize;
        let rate = |piece: &Piece| {
            let product = self.product_of(piece, cell)?;
            Some(product.amount_mm[cell] * per_hour(product))
        };
        match pieces.as_slice() {
            [whole] => rate(whole).unwrap_or(f32::NAN),
            [] => f32::NAN,
            parts => narrowed(parts.iter().map(|p| weighted(p, rate(p))).sum()),
        }
    }

    /// The product that the rate of a cell comes from; of several, that of the longest part of
    /// the step. `None` for a gap.
    #[must_use]
    pub fn origin(&self, step: usize, cell: u32) -> Option<Origin> {
        let mut longest: Option<(f64, &Product)> = None;
        for piece in self.steps.get(step)? {
            let product = self.product_of(piece, cell as usize)?;
            if longest.is_none_or(|(share, _)| share < piece.share) {
                longest = Some((piece.share, product));
            }
        }
        let (_, product) = longest?;
        Some(Origin { source: product.source, reference_time: product.reference_time })
    }

    fn product_of(&self, piece: &Piece, cell: usize) -> Option<&Product> {
        self.ranked(piece, 0)
            .find(|product| product.amount_mm.get(cell).is_some_and(|amount| !amount.is_nan()))
    }

    /// The products of a piece, the preferred first, for one who does not have the newest `lag`
    /// forecasts yet; those come behind the older ones, so that a lag leaves no gap.
    fn ranked(&self, piece: &Piece, lag: u32) -> impl Iterator<Item = &Product> {
        let split = piece.forecast.partition_point(|at| self.lags[*at as usize] < lag);
        let (newer, older) = piece.forecast.split_at(split);
        let forecasts = older.iter().chain(newer.iter().rev());
        let all = piece.observed.iter().chain(forecasts).chain(&piece.extended);
        all.map(|at| &self.products[*at as usize])
    }

    fn fill(&self, step: usize, member: Option<&Perturbation>, out: &mut [f32]) {
        out.fill(f32::NAN);
        match self.steps.get(step).map(Vec::as_slice) {
            None | Some([]) => {}
            Some([whole]) => self.fill_piece(step, whole, member, out),
            Some(parts) => {
                let mut sums = vec![0.0; out.len()];
                for part in parts {
                    out.fill(f32::NAN);
                    self.fill_piece(step, part, member, out);
                    for (sum, rate) in sums.iter_mut().zip(&*out) {
                        *sum += weighted(part, Some(*rate));
                    }
                }
                for (rate, sum) in out.iter_mut().zip(sums) {
                    *rate = narrowed(sum);
                }
            }
        }
    }

    fn fill_piece(
        &self,
        step: usize,
        piece: &Piece,
        member: Option<&Perturbation>,
        out: &mut [f32],
    ) {
        let lag = member.map_or(0, |member| member.lag);
        for product in self.ranked(piece, lag) {
            let change = member.map_or(Change::NONE, |member| self.change(step, product, member));
            if put(product, &self.cells, change, out) == 0 {
                break;
            }
        }
    }

    /// What a member makes of a product at a step.
    fn change(&self, step: usize, product: &Product, member: &Perturbation) -> Change {
        let middle = half_seconds(self.timeline.begin(step), self.timeline.begin(step + 1));
        let since = |time: Timestamp| (0.5 * middle as f64 - time.as_second() as f64) / 3_600.0;
        let (lead_h, ahead_h) = (since(product.reference_time), since(self.timeline.now));
        if product.source == Source::Analysis {
            let factor = narrowed(member.observed_factor());
            return Change { factor, ..Change::NONE };
        }
        let [east_km, north_km] = member.shift_km(lead_h);
        let [width_km, height_km] = self.cells.cell_km();
        Change {
            factor: narrowed(member.forecast_factor(lead_h, ahead_h)),
            // Rain moved to the south-east comes from cells in the north-west.
            rows: whole(north_km / height_km),
            columns: whole(-east_km / width_km),
        }
    }

    /// Whether a product covers each part of a step.
    pub(super) fn has_products(&self, step: usize) -> bool {
        let covered = |piece: &Piece| {
            !(piece.observed.is_empty() && piece.forecast.is_empty() && piece.extended.is_empty())
        };
        let pieces = self.steps.get(step).map_or(&[][..], Vec::as_slice);
        !pieces.is_empty() && pieces.iter().all(covered)
    }
}

/// Where a member takes the rain of a cell from, in cells, and what it makes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Change {
    rows: i64,
    columns: i64,
    factor: f32,
}

impl Change {
    const NONE: Self = Self { rows: 0, columns: 0, factor: 1.0 };
}

/// Fills the gaps of `out` with the rates of a product; returns how many are left. Rain from
/// beyond the window is that of its edge; where the shifted cell has no data the own one counts.
fn put(product: &Product, cells: &Cells, change: Change, out: &mut [f32]) -> usize {
    let [rows, columns] = cells.shape().map(|count| count as usize);
    let rate = change.factor * per_hour(product);
    let mut left = 0;
    for (row, out) in out.chunks_mut(columns).enumerate() {
        let own = &product.amount_mm[row * columns..][..columns];
        let from = moved(row, change.rows, rows);
        let other = &product.amount_mm[from * columns..][..columns];
        for (column, (out, own)) in out.iter_mut().zip(own).enumerate() {
            if out.is_nan() {
                let amount = other[moved(column, change.columns, columns)];
                *out = rate * if amount.is_nan() { *own } else { amount };
                left += usize::from(out.is_nan());
            }
        }
    }
    left
}

/// `at + by`, within `0..count`.
fn moved(at: usize, by: i64, count: usize) -> usize {
    let step = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
    if by < 0 { at.saturating_sub(step) } else { at.saturating_add(step).min(count - 1) }
}

/// mm/h of 1 mm: exactly 1 for an hour, exactly 6 for ten minutes.
fn per_hour(product: &Product) -> f32 {
    let seconds = product.to.as_second() - product.from.as_second();
    narrowed(3_600.0 / seconds as f64)
}

fn weighted(piece: &Piece, rate: Option<f32>) -> f64 {
    rate.map_or(f64::NAN, |rate| piece.share * f64::from(rate))
}

#[expect(clippy::cast_possible_truncation, reason = "rates are f32: 7 digits, below any error")]
fn narrowed(value: f64) -> f32 {
    value as f32
}

/// The nearest whole number; a shift is bounded by the window anyway.
#[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates; NaN becomes 0")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}

/// Twice the middle of an interval, in s: whole for whole seconds.
fn half_seconds(from: Timestamp, to: Timestamp) -> i64 {
    from.as_second() + to.as_second()
}

fn fault(product: &Product, cells: &Cells) -> Option<&'static str> {
    let length = product.to.as_second() - product.from.as_second();
    if !(1..=INTERVAL_MAX_S).contains(&length) {
        return Some("an interval of 1 s to 10 days");
    }
    if product.source == Source::Analysis && product.reference_time < product.to {
        return Some("an analysis that ends by its reference time");
    }
    if product.amount_mm.len() != cells.count() {
        return Some("an amount for each cell");
    }
    let is_sound = |amount: &f32| amount.is_nan() || (0.0 <= *amount && amount.is_finite());
    (!product.amount_mm.iter().all(is_sound)).then_some("amounts of 0 mm or more")
}

/// Reference times of the forecasts known at `now`, the newest first.
fn forecast_references(products: &[Product], now: Timestamp) -> Vec<Timestamp> {
    let known = |p: &&Product| p.source == Source::Forecast && p.reference_time <= now;
    let mut times: Vec<_> = products.iter().filter(known).map(|p| p.reference_time).collect();
    times.sort_unstable_by(|a, b| b.cmp(a));
    times.dedup();
    times
}

/// Cuts a step where products begin or end, and ranks the products of each part.
fn pieces(products: &[Product], timeline: &Timeline, step: usize) -> Vec<Piece> {
    let [begin, end] = [step, step + 1].map(|step| timeline.begin(step).as_second());
    let overlaps = |at: &u32| {
        let product = &products[*at as usize];
        product.reference_time <= timeline.now
            && product.from.as_second() < end
            && begin < product.to.as_second()
    };
    let near: Vec<u32> = (0_u32..).take(products.len()).filter(overlaps).collect();
    let mut cuts = vec![begin, end];
    for at in &near {
        let product = &products[*at as usize];
        let inside = |second: &i64| begin < *second && *second < end;
        cuts.extend([product.from.as_second(), product.to.as_second()].into_iter().filter(inside));
    }
    cuts.sort_unstable();
    cuts.dedup();
    let length = (end - begin).max(1) as f64;
    let piece = |[from, to]: [i64; 2]| Piece {
        share: (to - from) as f64 / length,
        observed: ranked(products, &near, [from, to], |source| source < Source::Forecast),
        forecast: ranked(products, &near, [from, to], |source| source == Source::Forecast),
        extended: ranked(products, &near, [from, to], |source| source == Source::Extended),
    };
    cuts.windows(2).map(|pair| piece([pair[0], pair[1]])).collect()
}

fn ranked(
    products: &[Product],
    near: &[u32],
    [from, to]: [i64; 2],
    of: impl Fn(Source) -> bool,
) -> Vec<u32> {
    let covers = |at: &&u32| {
        let product = &products[**at as usize];
        of(product.source) && product.from.as_second() <= from && to <= product.to.as_second()
    };
    let mut found: Vec<u32> = near.iter().filter(covers).copied().collect();
    found.sort_by_key(|at| {
        let product = &products[*at as usize];
        let length = product.to.as_second() - product.from.as_second();
        let away = match product.source {
            Source::Analysis => (half_seconds(product.from, product.to) - from - to).abs(),
            _ => 0,
        };
        let newest_first = std::cmp::Reverse(product.reference_time);
        (product.source, away, newest_first, length)
    });
    found
}
