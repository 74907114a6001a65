//! Rain joined from products: mass, order of preference, gaps, members.

use jiff::{SignedDuration, Timestamp};
use jomo_flood::BasinError;
use jomo_flood::rainfall::{
    Cells, Cube, Origin, Perturbation, Product, Source, Spread, StepOrigin, Timeline, members,
};
use proptest::prelude::*;

/// Minutes after a fixed moment, a full hour.
fn at(minutes: i64) -> Timestamp {
    Timestamp::constant(1_909_094_400, 0) + SignedDuration::from_mins(minutes)
}

/// 1 km cells at 36 N.
fn cells(rows: u32, columns: u32) -> Cells {
    let [width, height] = [f64::from(columns) / 80.0, f64::from(rows) / 120.0];
    Cells::new([139.0, 36.0, 139.0 + width, 36.0 + height], [rows, columns]).unwrap()
}

fn product(source: Source, reference: i64, [from, to]: [i64; 2], amount_mm: &[f32]) -> Product {
    let amount_mm = amount_mm.to_vec();
    Product { source, reference_time: at(reference), from: at(from), to: at(to), amount_mm }
}

fn analysis(end: i64, amount_mm: &[f32]) -> Product {
    product(Source::Analysis, end, [end - 60, end], amount_mm)
}

fn forecast(reference: i64, lead_h: i64, amount_mm: &[f32]) -> Product {
    let end = reference + 60 * lead_h;
    product(Source::Forecast, reference, [end - 60, end], amount_mm)
}

fn line(start: i64, steps: usize, now: i64) -> Timeline {
    Timeline { start: at(start), step_s: 600, steps, now: at(now) }
}

fn rates(cube: &Cube, step: usize) -> Vec<f32> {
    let mut out = vec![0.0; cube.cells().count()];
    cube.rates(step, &mut out);
    out
}

fn of_member(cube: &Cube, step: usize, member: &Perturbation) -> Vec<f32> {
    let mut out = vec![0.0; cube.cells().count()];
    cube.rate_of_member(step, member, &mut out);
    out
}

fn bits(rates: &[f32]) -> Vec<u32> {
    rates.iter().map(|rate| rate.to_bits()).collect()
}

/// The origin of a step with one cell.
fn origin(cube: &Cube, step: usize) -> Option<(Source, i64)> {
    let Origin { source, reference_time } = cube.origin(step, 0)?;
    Some((source, (reference_time.as_second() - at(0).as_second()) / 60))
}

proptest! {
    /// Hours that follow each other keep their sum to the last bit on steps that fit them, and to
    /// rounding on steps that do not.
    #[test]
    fn totals_that_follow_each_other_keep_their_sum(
        amounts in prop::collection::vec(0_u16..200, 2..9),
        shift_min in 0_i64..60,
        step_s in prop::sample::select(vec![60_u32, 300, 420, 600, 900]),
    ) {
        let hours = i64::try_from(amounts.len()).unwrap();
        let products: Vec<Product> = amounts
            .iter()
            .zip(1..)
            .map(|(mm, hour)| analysis(60 * hour, &[f32::from(*mm)]))
            .collect();
        let whole = line(0, 6 * amounts.len(), 60 * hours);
        let cube = Cube::join(cells(1, 1), products.clone(), &whole).unwrap();
        let fallen = |cube: &Cube| -> f64 {
            let share = f64::from(cube.timeline().step_s) / 3_600.0;
            (0..cube.timeline().steps).map(|step| f64::from(cube.rate(step, 0)) * share).sum()
        };
        let sum: f64 = amounts.iter().map(|mm| f64::from(*mm)).sum();
        prop_assert!((fallen(&cube) - sum).abs() <= 1e-12 * sum);

        let length_s = 3_600 * hours - 60 * shift_min;
        let steps = usize::try_from(length_s / i64::from(step_s)).unwrap();
        let odd = Timeline { start: at(shift_min), step_s, steps, now: at(60 * hours) };
        let cube = Cube::join(cells(1, 1), products, &odd).unwrap();
        let end_s = 60 * shift_min + i64::from(step_s) * i64::try_from(steps).unwrap();
        let exact: f64 = (0_i64..)
            .zip(&amounts)
            .map(|(hour, mm)| {
                let from = (3_600 * hour).max(60 * shift_min);
                let to = (3_600 * (hour + 1)).min(end_s);
                f64::from(*mm) * (to - from).max(0) as f64 / 3_600.0
            })
            .sum();
        prop_assert!((fallen(&cube) - exact).abs() <= 1e-6 * exact.max(1.0), "{exact}");
    }

    /// A rate has an origin, a gap has none; the order of the files does not matter; no product
    /// that is not known yet counts; the rates of single cells are those of the whole step.
    #[test]
    fn whatever_products_there_are_rates_and_origins_agree(
        drawn in prop::collection::vec(
            (0_usize..4, -18_i64..18, -12_i64..12, 1_i64..18, prop::collection::vec(0_u8..12, 4)),
            0..12,
        ),
        start in -100_i64..100,
    ) {
        let known = |(rank, reference, from, length, amounts): &(usize, i64, i64, i64, Vec<u8>)| {
            let amounts: Vec<f32> = amounts
                .iter()
                .map(|mm| if *mm < 3 { f32::NAN } else { f32::from(*mm) })
                .collect();
            let to = from + length;
            let source = Source::ALL[*rank];
            let late = if source == Source::Analysis { to.max(*reference) } else { *reference };
            product(source, 10 * late, [10 * from, 10 * to], &amounts)
        };
        let products: Vec<Product> = drawn.iter().map(known).collect();
        let timeline = line(start, 12, 30);
        let cube = Cube::join(cells(2, 2), products.clone(), &timeline).unwrap();
        let early: Vec<Product> =
            products.iter().filter(|p| p.reference_time <= at(30)).cloned().collect();
        let of_the_known = Cube::join(cells(2, 2), early, &timeline).unwrap();
        let mut gaps = 0;
        for step in 0..12 {
            let found = rates(&cube, step);
            prop_assert_eq!(bits(&found), bits(&rates(&of_the_known, step)));
            for (cell, rate) in (0_u32..).zip(&found) {
                let origin = cube.origin(step, cell);
                prop_assert_eq!(rate.is_nan(), origin.is_none());
                prop_assert_eq!(rate.to_bits(), cube.rate(step, cell).to_bits());
                prop_assert!(origin.is_none_or(|origin| origin.reference_time <= at(30)));
                gaps += usize::from(rate.is_nan());
            }
            let told = cube.step_origin(step);
            prop_assert!((told.shares.iter().sum::<f64>() + told.missing - 1.0).abs() < 1e-12);
        }
        prop_assert_eq!(cube.gaps().iter().map(|gap| gap.cells).sum::<usize>(), gaps);
        let last = (0..12).rev().find(|step| rates(&cube, *step).iter().any(|r| !r.is_nan()));
        prop_assert_eq!(cube.last_with_data(), last);
    }
}

/// Rain that rises evenly, seen as totals of an hour every ten minutes, comes back without lag:
/// between the first and the last middle of the totals no step is more than half a step off.
#[test]
fn overlapping_totals_are_centred() {
    // 1 mm/h more each hour: the mean of an hour is the rate at its middle.
    let rate = |minutes: f64| minutes / 60.0;
    for every in [10, 30, 60] {
        let totals = (60..=600).step_by(every).map(|end| {
            #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
            let mean = rate(end as f64 - 30.0) as f32;
            analysis(end, &[mean])
        });
        let cube = Cube::join(cells(1, 1), totals.collect(), &line(0, 60, 600)).unwrap();
        let mut lags = Vec::new();
        for step in 3..57_u8 {
            let middle = 10.0 * f64::from(step) + 5.0;
            lags.push(60.0 * f64::from(cube.rate(step.into(), 0)) - middle);
        }
        let most = if every == 10 { 5.0 } else { 0.5 * every as f64 };
        assert!(lags.iter().all(|lag| lag.abs() < most + 1e-3), "{every} min: {lags:?}");
        let mean = lags.iter().sum::<f64>() / lags.len() as f64;
        // Ties of totals every ten minutes go to the newer one.
        assert!(mean.abs() < 5.0 + 1e-3, "{every} min: {mean}");
    }
}

/// Observed before nowcast before newest forecast before older forecast before extended.
#[test]
fn the_better_known_product_is_taken() {
    let all = vec![
        product(Source::Extended, 0, [0, 60], &[5.0]),
        forecast(-60, 2, &[4.0]),
        forecast(0, 1, &[3.0]),
        product(Source::Nowcast, 0, [0, 10], &[2.0]),
        product(Source::Analysis, 60, [0, 60], &[1.0]),
    ];
    let expected = [
        (Source::Extended, 0, 5.0),
        (Source::Forecast, -60, 4.0),
        (Source::Forecast, 0, 3.0),
        (Source::Nowcast, 0, 12.0),
        (Source::Analysis, 60, 1.0),
    ];
    for (count, (source, reference, rate)) in (1..).zip(expected) {
        let cube = Cube::join(cells(1, 1), all[..count].to_vec(), &line(0, 1, 60)).unwrap();
        assert_eq!(origin(&cube, 0), Some((source, reference)));
        assert_eq!(rates(&cube, 0), [rate]);
    }
    // An hour earlier the analysis is not known yet.
    let cube = Cube::join(cells(1, 1), all, &line(0, 2, 0)).unwrap();
    assert_eq!(origin(&cube, 0), Some((Source::Nowcast, 0)));
    assert_eq!(origin(&cube, 1), Some((Source::Forecast, 0)));
}

/// Nowcasts of five minutes make a step of ten; a step that half of a product covers is a gap.
#[test]
fn parts_of_a_step_are_weighed() {
    let five = |from: i64, mm: f32| product(Source::Nowcast, 0, [from, from + 5], &[mm]);
    let cube = Cube::join(cells(1, 1), vec![five(0, 1.0), five(5, 2.0)], &line(0, 2, 0)).unwrap();
    // 3 mm in ten minutes.
    assert_eq!(rates(&cube, 0), [18.0]);
    assert!(rates(&cube, 1)[0].is_nan());
    let half = Cube::join(cells(1, 1), vec![five(0, 1.0)], &line(0, 1, 0)).unwrap();
    assert!(rates(&half, 0)[0].is_nan() && half.origin(0, 0).is_none());
    // A run that begins at 0:03 sees the first hour for 57 minutes.
    let hours = vec![forecast(0, 1, &[6.0]), forecast(0, 2, &[12.0])];
    let cube = Cube::join(cells(1, 1), hours, &line(3, 6, 0)).unwrap();
    assert_eq!(rates(&cube, 4), [6.0]);
    assert!((cube.rate(5, 0) - (0.7 * 6.0 + 0.3 * 12.0)).abs() < 1e-6);
    assert_eq!(cube.rate(99, 0).to_bits(), f32::NAN.to_bits());
}

/// A hole in one product is filled from the next, cell by cell; what is nowhere stays a gap.
#[test]
fn gaps_stay_gaps() {
    let products = vec![
        analysis(60, &[1.0, f32::NAN, f32::NAN, 0.0]),
        forecast(0, 1, &[9.0, 2.0, f32::NAN, 9.0]),
    ];
    let cube = Cube::join(cells(1, 4), products, &line(0, 7, 60)).unwrap();
    let found = rates(&cube, 0);
    assert!(found[2].is_nan());
    assert_eq!(bits(&[found[0], found[1], found[3]]), bits(&[1.0, 2.0, 0.0]));
    let gaps: Vec<_> = cube.gaps().iter().map(|gap| (gap.step, gap.cells)).collect();
    assert_eq!(gaps, [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 4)]);
    assert_eq!(cube.last_with_data(), Some(5));
    let told = cube.step_origin(0);
    let expected = StepOrigin {
        shares: [0.5, 0.0, 0.25, 0.0],
        missing: 0.25,
        oldest_age: Some(SignedDuration::from_mins(60)),
    };
    assert_eq!((told, told.main()), (expected, Some(Source::Analysis)));
    assert_eq!(cube.step_origin(6).main(), None);
    // Weights 1 : 3 over the two known cells and one gap of weight 4.
    let means = cube.basin_mean(&[(0, 1.0), (1, 3.0), (2, 4.0), (99, 7.0), (3, f64::NAN)]);
    assert_eq!((means[0].rate_mm_h, means[0].covered), (1.75, 0.5));
    assert!(means[6].rate_mm_h.is_nan() && means[6].covered == 0.0);
    let nothing = Cube::join(cells(1, 4), Vec::new(), &line(0, 2, 0)).unwrap();
    assert_eq!((nothing.gaps().len(), nothing.last_with_data()), (2, None));
}

#[test]
fn places_belong_to_one_cell() {
    let cells = cells(2, 3);
    assert_eq!(cells.cell_of([139.0, 36.01]), Some(0));
    assert_eq!(cells.cell_of([139.0126, 36.001]), Some(4));
    assert_eq!(cells.cell_of([139.03, 36.0001]), Some(5));
    for outside in [[138.999, 36.01], [139.04, 36.01], [139.01, 36.02], [139.01, f64::NAN]] {
        assert_eq!(cells.cell_of(outside), None, "{outside:?}");
    }
    for cell in 0..6 {
        assert_eq!(cells.cell_of(cells.centre_deg(cell)), Some(cell));
    }
    // 45" of a parallel at 36 N and 30" of a meridian.
    let [width, height] = cells.cell_km();
    assert!((width - 1.1244).abs() < 1e-3 && (height - 0.9266).abs() < 1e-3);
    for (bounds, shape) in [
        ([1.0, 0.0, 1.0, 1.0], [1, 1]),
        ([0.0, 0.0, 1.0, f64::NAN], [1, 1]),
        ([f64::NEG_INFINITY, 0.0, 1.0, 1.0], [1, 1]),
        ([0.0, 0.0, 1.0, 91.0], [1, 1]),
        ([0.0, 0.0, 1.0, 1.0], [0, 1]),
        ([0.0, 0.0, 1.0, 1.0], [u32::MAX, u32::MAX]),
    ] {
        assert!(Cells::new(bounds, shape).is_err(), "{bounds:?} {shape:?}");
    }
}

#[test]
fn unsound_products_and_times_are_refused() {
    let sound = analysis(60, &[1.0]);
    let told = |product: Product, timeline: &Timeline| {
        Cube::join(cells(1, 1), vec![sound.clone(), product], timeline).unwrap_err().to_string()
    };
    let timeline = line(0, 6, 60);
    let faults = [
        Product { to: at(0), ..sound.clone() },
        Product { from: Timestamp::MIN, ..sound.clone() },
        Product { reference_time: at(59), ..sound.clone() },
        Product { amount_mm: vec![1.0, 2.0], ..sound.clone() },
        Product { amount_mm: vec![-0.1], ..sound.clone() },
        Product { amount_mm: vec![f32::INFINITY], ..sound.clone() },
    ];
    let told = faults.map(|product| told(product, &timeline));
    insta::assert_snapshot!(told.join("\n"), @r"
    rain product 1: expected an interval of 1 s to 10 days
    rain product 1: expected an interval of 1 s to 10 days
    rain product 1: expected an analysis that ends by its reference time
    rain product 1: expected an amount for each cell
    rain product 1: expected amounts of 0 mm or more
    rain product 1: expected amounts of 0 mm or more
    ");
    for timeline in [
        Timeline { step_s: 0, ..timeline },
        Timeline { step_s: u32::MAX, ..timeline },
        Timeline { steps: 0, ..timeline },
        Timeline { steps: usize::MAX, ..timeline },
    ] {
        let fault = Cube::join(cells(1, 1), vec![sound.clone()], &timeline).unwrap_err();
        assert!(matches!(fault, BasinError::Setting { .. }), "{fault}");
    }
    // The end of time is no gap in our arithmetic.
    let last = Timeline { start: Timestamp::MAX, ..timeline };
    assert!(Cube::join(cells(1, 1), vec![sound.clone()], &last).unwrap().rate(0, 0).is_nan());
}

/// A cube of forecasts only, 30 x 30 cells with rain in one of them, 6 h.
fn spot(cell: usize) -> Cube {
    let mut amounts = vec![0.0; 900];
    amounts[cell] = 10.0;
    let hours = (1..=6).map(|lead| forecast(0, lead, &amounts)).collect();
    Cube::join(cells(30, 30), hours, &line(0, 36, 0)).unwrap()
}

#[test]
fn members_follow_from_their_seed() {
    let spread = Spread::default();
    let twenty = members(20, 7, &spread).unwrap();
    assert_eq!(twenty, members(20, 7, &spread).unwrap());
    assert_eq!(twenty[..5], members(5, 7, &spread).unwrap());
    assert_eq!(twenty[0], Perturbation::none());
    let cube = spot(435);
    for step in [0, 35] {
        assert_eq!(bits(&of_member(&cube, step, &twenty[0])), bits(&rates(&cube, step)));
    }
    for (index, member) in twenty.iter().enumerate().skip(1) {
        assert!(twenty[..index].iter().all(|other| other != member));
        assert!(member.lag <= spread.lags);
    }
    assert_ne!(twenty[1..], members(20, 8, &spread).unwrap()[1..]);
    let flat = members(3, 7, &Spread::NONE).unwrap();
    for member in &flat {
        assert_eq!(bits(&of_member(&cube, 20, member)), bits(&rates(&cube, 20)));
    }
    for wrong in [
        Spread { lags: 101, ..spread },
        Spread { shift_km_per_h: f64::NAN, ..spread },
        Spread { shift_most_km: -1.0, ..spread },
        Spread { log_per_h: f64::INFINITY, ..spread },
        Spread { log_most: 3.0, ..spread },
        Spread { memory_h: 0.0, ..spread },
        Spread { observed_log: 1.5, ..spread },
    ] {
        assert!(members(2, 7, &wrong).is_err(), "{wrong:?}");
    }
}

/// The factor of many members has mean 1 and the spread asked for, which grows with the lead; two
/// values an hour apart are correlated as the memory says.
#[test]
fn factors_have_the_spread_asked_for() {
    let spread = Spread::default();
    let many = members(20_001, 11, &spread).unwrap();
    let moments = |value: &dyn Fn(&Perturbation) -> f64| {
        let count = 20_000.0;
        let mean = many[1..].iter().map(value).sum::<f64>() / count;
        let square = many[1..].iter().map(|m| (value(m) - mean).powi(2)).sum::<f64>() / count;
        (mean, square.sqrt())
    };
    let log_sigma = |lead: f64| 0.6 * (1.0 - (-0.2 * lead / 0.6_f64).exp());
    for lead in [0.0, 1.0, 3.0, 6.0, 15.0] {
        let (mean, _) = moments(&|member| member.forecast_factor(lead, lead));
        assert!((mean - 1.0).abs() < 0.02, "{lead} h: {mean}");
        let (_, sigma) = moments(&|member| member.forecast_factor(lead, lead).ln());
        // Cutting at 2.5 takes 1.1 % off the standard deviation.
        assert!((sigma - 0.989 * log_sigma(lead)).abs() < 0.01, "{lead} h: {sigma}");
        let (mean, sigma) = moments(&|member| member.shift_km(lead)[0]);
        let exact = 0.989 * 20.0 * (1.0 - (-4.0 * lead / 20.0_f64).exp());
        assert!(mean.abs() < 0.3 && (sigma - exact).abs() < 0.3, "{lead} h: {mean} {sigma}");
    }
    let (mean, sigma) = moments(&|member| member.observed_factor());
    assert!((mean - 1.0).abs() < 0.01 && (sigma - 0.1).abs() < 0.01, "{mean} {sigma}");
    // ln factor = sigma z - sigma² / 2 at a fixed lead: z from the factor.
    let z = |member: &Perturbation, ahead: f64| {
        let sigma = log_sigma(6.0);
        member.forecast_factor(6.0, ahead).ln() / sigma + 0.5 * sigma
    };
    let (_, one) = moments(&|member| z(member, 2.0));
    let (_, other) = moments(&|member| z(member, 3.0));
    let (_, sum) = moments(&|member| z(member, 2.0) + z(member, 3.0));
    let correlation = (sum * sum - one * one - other * other) / (2.0 * one * other);
    assert!((correlation - (-1.0 / 3.0_f64).exp()).abs() < 0.03, "{correlation}");
}

/// Rain moves where its member says, the farther the later; no rain is lost in a uniform field,
/// and what lies behind the edge of the window is taken from the edge.
#[test]
fn rain_is_shifted_with_its_lead() {
    let cube = spot(15 * 30 + 15);
    let spread = Spread { lags: 0, ..Spread::default() };
    let [width, height] = cube.cells().cell_km();
    let mut moved = 0;
    for member in &members(40, 3, &spread).unwrap()[1..] {
        for step in [0, 9, 18] {
            let lead_h = (step as f64 + 0.5) / 6.0;
            let [east, north] = member.shift_km(lead_h);
            let column = 15.0 + (east / width).round();
            let row = 15.0 - (north / height).round();
            let inside = |place: f64| (0.0..30.0).contains(&place);
            if !(inside(row) && inside(column)) {
                continue;
            }
            let found = of_member(&cube, step, member);
            let wet: Vec<usize> = (0..900).filter(|cell| 0.0 < found[*cell]).collect();
            assert_eq!(wet.len(), 1, "{row} {column}: {wet:?}");
            let place = [(wet[0] / 30) as f64, (wet[0] % 30) as f64];
            assert!((place[0] - row).abs() < 0.5 && (place[1] - column).abs() < 0.5);
            moved += usize::from(wet[0] != 15 * 30 + 15);
        }
    }
    assert!(40 < moved, "{moved}");
    // A uniform field stays uniform under any shift.
    let even = (1..=6).map(|lead| forecast(0, lead, &[3.0; 900])).collect();
    let even = Cube::join(cells(30, 30), even, &line(0, 36, 0)).unwrap();
    for member in &members(10, 3, &spread).unwrap() {
        let found = of_member(&even, 35, member);
        assert!(found.iter().all(|rate| rate.to_bits() == found[0].to_bits()));
    }
}

/// Observed rain is scaled a little and never moved; a hole behind the shift is filled from the
/// cell itself.
#[test]
fn observed_rain_stays_in_its_place() {
    let mut amounts = vec![0.0_f32; 900];
    amounts[435] = 10.0;
    let cube = Cube::join(cells(30, 30), vec![analysis(0, &amounts)], &line(-60, 6, 0)).unwrap();
    for member in &members(10, 5, &Spread::default()).unwrap()[1..] {
        let found = of_member(&cube, 5, member);
        let factor = f64::from(found[435]) / 10.0;
        assert!((factor - member.observed_factor()).abs() < 1e-6 && (factor - 1.0).abs() < 0.3);
        assert_eq!(found.iter().filter(|rate| 0.0 < **rate).count(), 1);
    }
    let mut holes = vec![f32::NAN; 900];
    holes[435] = 10.0;
    let hours = (1..=6).map(|lead| forecast(0, lead, &holes)).collect();
    let cube = Cube::join(cells(30, 30), hours, &line(0, 36, 0)).unwrap();
    for member in &members(10, 5, &Spread::default()).unwrap() {
        let found = of_member(&cube, 30, member);
        assert!(found[435] > 0.0);
    }
}

/// A lagged member runs on the forecast before, which is what the cube of that time was, and
/// where that one ends on the newest.
#[test]
fn lagged_members_use_older_forecasts() {
    let products: Vec<Product> = [-120, -60, 0]
        .into_iter()
        .zip([1.0, 2.0, 3.0])
        .flat_map(|(reference, mm)| (1..=6).map(move |lead| forecast(reference, lead, &[mm])))
        .chain([analysis(0, &[9.0])])
        .collect();
    let timeline = line(-60, 42, 0);
    let cube = Cube::join(cells(1, 1), products.clone(), &timeline).unwrap();
    let known = [cube.rate(0, 0), cube.rate(6, 0), cube.rate(41, 0)];
    assert_eq!(bits(&known), bits(&[9.0, 3.0, 3.0]));
    for lag in 0..=4_u32 {
        let lagged =
            Cube::join_lagged(cells(1, 1), products.clone(), &timeline, lag as usize).unwrap();
        let mut member = Perturbation::none();
        member.lag = lag;
        for step in 0..42 {
            let found = of_member(&cube, step, &member)[0];
            let of_then = lagged.rate(step, 0);
            if !of_then.is_nan() {
                assert_eq!(found.to_bits(), of_then.to_bits(), "lag {lag}, step {step}");
            }
        }
        let expected = [3.0, 2.0, 1.0, 1.0, 1.0][lag as usize];
        assert_eq!(of_member(&cube, 6, &member), [expected]);
        // Beyond the reach of older ones the next newer one goes on: never a gap.
        assert!((0..42).all(|step| !of_member(&cube, step, &member)[0].is_nan()));
        let end = |hours: usize| of_member(&cube, 6 * hours + 5, &member)[0];
        if lag == 2 {
            assert_eq!(bits(&[end(4), end(5), end(6)]), bits(&[1.0, 2.0, 3.0]));
        }
    }
}
