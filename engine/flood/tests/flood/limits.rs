//! The least, the most and the impossible.

use jomo_flood::{
    Compass, Field, FloodError, Flow, Forcing, Ground, Infiltration, Rain, Roughness, Scheme,
    Series, Settings, Simulation, Source, Start, Stretch, Water,
};

const SCHEMES: [Scheme; 2] = [Scheme::First, Scheme::Second];

fn ground(shape: [usize; 2], bed: Vec<f64>) -> Result<Ground, FloodError> {
    Ground::new(shape, 10.0, bed, Roughness::Uniform(0.03))
}

fn begin(
    ground: &Ground,
    start: &Start,
    forcing: Forcing,
    scheme: Scheme,
) -> Result<Simulation<f32>, FloodError> {
    Simulation::new(ground, start, forcing, Settings { scheme, ..Settings::default() })
}

fn rain(rate_mm_h: f64) -> Forcing {
    Forcing { rain: Some(Rain::uniform(Series::constant(rate_mm_h))), ..Forcing::default() }
}

#[test]
fn ground_that_is_none_is_refused() {
    let fault = |shape, bed| ground(shape, bed).unwrap_err().to_string();
    assert_eq!(fault([0, 3], vec![]), "a domain of 0 x 3 cells has no cells");
    assert_eq!(fault([3, 0], vec![]), "a domain of 3 x 0 cells has no cells");
    assert_eq!(fault([2, 2], vec![0.0; 3]), "bed has 3 values for 2 x 2 cells");
    assert_eq!(fault([usize::MAX, 2], vec![0.0]).split(' ').next(), Some("bed"));
    assert_eq!(fault([1, 2], vec![f64::NAN; 2]), "all 1 x 2 cells of the bed are no-data");
    assert_eq!(fault([1, 2], vec![0.0, f64::INFINITY]), "bed of inf m at row 0, column 1");
    assert_eq!(fault([1, 2], vec![-2e5, 0.0]), "bed of -200000 m at row 0, column 0");
    for size in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused = Ground::new([1, 1], size, vec![0.0], Roughness::Uniform(0.0));
        assert!(matches!(refused, Err(FloodError::CellSize { .. })), "{size}");
    }
    for n in [-0.1, 11.0, f64::NAN] {
        let refused = Ground::new([1, 1], 1.0, vec![0.0], Roughness::Uniform(n));
        assert!(matches!(refused, Err(FloodError::Roughness { .. })), "{n}");
    }
}

#[test]
fn impossible_starts_and_forcings_are_refused() {
    let plain = ground([2, 2], vec![0.0; 4]).unwrap();
    let water = |water| Start { water: Some(water), velocity_m_s: None };
    for (start, expected) in [
        (
            water(Water::Depth(vec![0.0, 0.0, -1.0, 0.0])),
            "depth of -1 at the start, at row 1, column 0",
        ),
        (
            water(Water::Depth(vec![0.0, f64::NAN, 0.0, 0.0])),
            "depth of NaN at the start, at row 0, column 1",
        ),
        (water(Water::Depth(vec![0.0; 3])), "depth has 3 values for 2 x 2 cells"),
        (water(Water::Level(vec![1e6; 4])), "level of 1000000 at the start, at row 0, column 0"),
    ] {
        let error = begin(&plain, &start, Forcing::default(), Scheme::First).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let source = |cell| Forcing {
        sources: vec![Source { cell, discharge: Series::constant(1.0) }],
        ..Forcing::default()
    };
    let open = |slope| Forcing {
        rim: vec![Stretch { side: Compass::East, range_m: None, flow: Flow::Open { slope } }],
        ..Forcing::default()
    };
    let loss = |rate_mm_h| Forcing {
        infiltration: Infiltration::Constant { rate_mm_h },
        ..Forcing::default()
    };
    let drains = Forcing { drainage_mm_h: f64::NAN, ..Forcing::default() };
    for forcing in [source([2, 0]), source([0, 9]), open(-0.1), open(2.0), loss(-1.0), drains] {
        assert!(begin(&plain, &Start::default(), forcing, Scheme::First).is_err());
    }
    for settings in [
        Settings { cfl: 0.0, ..Settings::default() },
        Settings { cfl: 0.6, ..Settings::default() },
        Settings { tile_edge: 0, ..Settings::default() },
        Settings { tile_edge: 5_000, ..Settings::default() },
    ] {
        let refused =
            Simulation::<f32>::new(&plain, &Start::default(), Forcing::default(), settings);
        assert!(matches!(refused, Err(FloodError::Setting { .. })));
    }
    for points in [vec![], vec![[1.0, 0.0], [0.0, 0.0]], vec![[0.0, f64::INFINITY]]] {
        assert!(matches!(Series::new("q", points), Err(FloodError::Series { .. })));
    }
    assert!(Rain::zoned(vec![Series::constant(1.0)], vec![0, 1]).is_err());
}

/// Nothing moves, and nothing is computed.
#[test]
fn dry_ground_stays_dry() {
    for scheme in SCHEMES {
        let plain = ground([3, 5], vec![1.0; 15]).unwrap();
        let mut run = begin(&plain, &Start::default(), Forcing::default(), scheme).unwrap();
        run.advance_to(1e6).unwrap();
        assert!(run.raster(Field::Depth, f32::NAN).iter().all(|h| *h == 0.0));
        assert!(run.raster(Field::Arrival, 0.0).iter().all(|t| t.is_nan()));
        assert_eq!(run.ledger().cell_updates, 0);
        assert_eq!(run.ledger().relative_error().to_bits(), 0);
    }
}

/// A row, a column and a single cell are domains as well; holes stay what they are.
#[test]
fn narrow_domains_and_holes_work() {
    for shape in [[1, 1], [1, 2], [1, 130], [130, 1], [2, 2]] {
        for scheme in SCHEMES {
            let cells = shape[0] * shape[1];
            let bed = (0..cells).map(|i| if i == 77 { f64::NAN } else { i as f64 * 0.01 });
            let ground = ground(shape, bed.collect()).unwrap();
            let depth = (0..cells).map(|i| if i < cells / 2 { 1.0 } else { 0.0 }).collect();
            let start = Start { water: Some(Water::Depth(depth)), velocity_m_s: None };
            let mut run = begin(&ground, &start, rain(50.0), scheme).unwrap();
            run.advance_to(100.0).unwrap();
            let depths = run.raster(Field::Depth, f32::NAN);
            for (at, depth) in depths.iter().enumerate() {
                assert_eq!(depth.is_nan(), at == 77, "{shape:?} {at}");
                assert!(at == 77 || 0.0 < *depth, "{shape:?} {at}: {depth}");
            }
            assert!(run.ledger().relative_error().abs() <= 1e-7, "{:?}", run.ledger());
            assert!(run.at([0, 77]).is_none() || shape[0] != 1);
        }
    }
}

/// 1,000 m of rain in an hour: correct, and told as it is.
#[test]
fn a_deluge_is_no_special_case() {
    for scheme in SCHEMES {
        let bed = (0..100).map(|i| f64::from(i % 10) * 3.0 + f64::from(i / 10)).collect();
        let ground = ground([10, 10], bed).unwrap();
        let mut run = begin(&ground, &Start::default(), rain(1e6), scheme).unwrap();
        run.advance_to(60.0).unwrap();
        let ledger = run.ledger();
        let fallen = 1e6 / 3.6e6 * 60.0 * 100.0 * 100.0;
        assert!((ledger.rain_m3 - fallen).abs() <= 1e-9 * fallen, "{ledger:?}");
        assert!(ledger.relative_error().abs() <= 1e-6, "{ledger:?}");
        assert!(run.raster(Field::Depth, f32::NAN).iter().all(|h| 0.0 < *h));
    }
}

/// A breach of 10,000 m³/s into one dry cell between cliffs.
#[test]
fn a_flood_wave_out_of_nothing_is_no_special_case() {
    for scheme in SCHEMES {
        let mut bed = vec![300.0; 81];
        bed[40] = 0.0;
        let ground = ground([9, 9], bed).unwrap();
        let discharge = Series::constant(1e4);
        let forcing =
            Forcing { sources: vec![Source { cell: [4, 4], discharge }], ..Forcing::default() };
        let mut run = begin(&ground, &Start::default(), forcing, scheme).unwrap();
        run.advance_to(10.0).unwrap();
        let ledger = run.ledger();
        assert!((ledger.source_m3 - 1e5).abs() <= 0.1, "{ledger:?}");
        assert!(ledger.relative_error().abs() <= 1e-6, "{ledger:?}");
        assert!(run.raster(Field::Depth, f32::NAN).iter().all(|h| 0.0 <= *h));
    }
}
