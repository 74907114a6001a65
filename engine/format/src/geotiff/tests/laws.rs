use jomo_core::walk::RowSource;
use proptest::prelude::*;

use super::*;

const KINDS: usize = 7;

/// Calls a generic function with the n-th sample type.
macro_rules! with_kind {
    ($kind:expr, $function:ident, $($argument:expr),*) => {
        match $kind {
            0 => $function::<u8>($($argument),*),
            1 => $function::<u16>($($argument),*),
            2 => $function::<u32>($($argument),*),
            3 => $function::<i16>($($argument),*),
            4 => $function::<i32>($($argument),*),
            5 => $function::<f32>($($argument),*),
            _ => $function::<f64>($($argument),*),
        }
    };
}

fn numbers<T: Sample>(count: usize, seed: u64) -> Vec<T> {
    let mut known = 0.0;
    (0..count as u64)
        .map(|i| {
            let r = random(seed.wrapping_add(i));
            // Runs, steps and jumps, as in real rasters.
            known = match r % 8 {
                0..4 => known,
                4..7 => known + (r >> 8 & 7) as f64 - 3.0,
                _ => (r >> 8 & 0xFFFF) as f64 * if T::TYPE.is_float() { 0.37 } else { 1.0 },
            };
            T::from_f64(known)
        })
        .collect()
}

fn round_trip<T: Sample>(shape: [usize; 2], bands: usize, height: usize, seed: u64) -> Layout {
    let meaning = Meaning { no_data: Some(7.0), ..Meaning::default() };
    let layout = Layout { bands, meaning, ..Layout::new(shape, PLACE.into()) };
    let values = numbers::<T>(shape[0] * shape[1] * bands, seed);
    let file = cog(&layout, &values, height);
    assert!(pixels::<T>(&file, 0) == values);
    let mut reader = open(&file);
    assert_eq!(reader.meanings(), vec![meaning; bands]);
    // A window of one band.
    let cut = |size: usize, r: u64| {
        let r = usize::try_from(r % 1_000_003).unwrap();
        let start = r % size;
        start..start + 1 + r / 7 % (size - start)
    };
    let window =
        Window { rows: cut(shape[0], random(seed)), columns: cut(shape[1], random(!seed)) };
    let band = usize::try_from(seed).unwrap() % bands;
    let mut found = vec![T::default(); window.rows.len() * window.columns.len()];
    reader.read([0, band], &window, &mut found).unwrap();
    let expected = window.rows.clone().flat_map(|row| {
        let values = &values;
        window.columns.clone().map(move |column| values[(row * shape[1] + column) * bands + band])
    });
    assert!(found.iter().copied().eq(expected), "{window:?}");
    layout
}

/// The cells of an overview by the definition, from the whole finer level.
fn halved<T: Sample>(
    fine: &[T],
    [rows, columns]: [usize; 2],
    layout: &Layout,
) -> (Vec<T>, [usize; 2]) {
    let (bands, none) = (layout.bands, layout.meaning.no_data);
    let shape = [rows.div_ceil(2), columns.div_ceil(2)];
    let mut out = Vec::new();
    for row in 0..shape[0] {
        for column in 0..shape[1] {
            for band in 0..bands {
                let at = |row: usize, column: usize| fine[(row * columns + column) * bands + band];
                if layout.overviews == Overviews::Nearest {
                    out.push(at(2 * row, 2 * column));
                    continue;
                }
                let mut known = Vec::new();
                for row in [2 * row, (2 * row + 1).min(rows - 1)] {
                    for column in [2 * column, (2 * column + 1).min(columns - 1)] {
                        let value = at(row, column).to_f64();
                        if !value.is_nan() && Some(value) != none {
                            known.push(value);
                        }
                    }
                }
                let mean = known.iter().sum::<f64>() / known.len() as f64;
                let mean = T::from_f64(mean).to_f64();
                let mean = match known.last() {
                    None => none.unwrap_or(f64::NAN),
                    Some(last) if Some(mean) == none => *last,
                    _ => mean,
                };
                out.push(T::from_f64(mean));
            }
        }
    }
    (out, shape)
}

fn check_overviews<T: Sample>(layout: &Layout, values: Vec<T>) {
    let file = cog(layout, &values, 100);
    let levels = open(&file).levels();
    assert_eq!(levels, layout.levels());
    let (mut finer, mut shape) = (values, layout.shape);
    for (level, expected) in levels.iter().enumerate().skip(1) {
        (finer, shape) = halved(&finer, shape, layout);
        assert_eq!(&shape, expected);
        let bits = |values: &[T]| values.iter().map(|v| v.to_f64().to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&pixels::<T>(&file, level)), bits(&finer), "level {level}");
    }
    assert!(shape.iter().all(|size| *size <= 256));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// What is written is read back, bit by bit, at any size around a tile's edge, however the
    /// rows come.
    #[test]
    fn rasters_round_trip(
        rows in 1_usize..530, columns in 1_usize..530, bands in 1_usize..5,
        height in 1_usize..300, kind in 0..KINDS, seed in 0_u64..1_000_000,
    ) {
        with_kind!(kind, round_trip, [rows, columns], bands, height, seed);
    }

    /// Neither strips, threads, nor the way to the disk change a byte.
    #[test]
    fn bytes_depend_on_the_rows_only(
        rows in 250_usize..600, columns in 250_usize..600, height in 1_usize..600, seed in 0_u64..1_000,
    ) {
        let layout = Layout::new([rows, columns], PLACE.into());
        let values = numbers::<f32>(rows * columns, seed);
        let run = |threads, height| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| cog(&layout, &values, height))
        };
        let whole = run(1, rows);
        prop_assert!(whole == run(3, height));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tif");
        let mut writer = CogWriter::create(&path, &layout).unwrap();
        writer.write_rows(&values).unwrap();
        writer.finish().unwrap();
        prop_assert!(whole == std::fs::read(&path).unwrap());
    }

    /// Overviews are what their definition says, with holes.
    #[test]
    fn overviews_are_right(
        rows in 200_usize..1_100, columns in 200_usize..600, bands in 1_usize..3, seed in 0_u64..1_000,
    ) {
        let nearest = Layout {
            bands, overviews: Overviews::Nearest,
            meaning: Meaning { no_data: Some(0.0), ..Meaning::default() },
            ..Layout::new([rows, columns], PLACE.into())
        };
        check_overviews(&nearest, numbers::<u8>(rows * columns * bands, seed));
        let average = Layout { overviews: Overviews::Average, ..nearest };
        check_overviews(&average, numbers::<u8>(rows * columns * bands, seed));
        check_overviews(&average, numbers::<i16>(rows * columns * bands, seed));
        let holes = Layout { meaning: Meaning { no_data: None, ..Meaning::default() }, ..average };
        let mut heights = numbers::<f32>(rows * columns * bands, seed);
        for (index, height) in heights.iter_mut().enumerate() {
            if random(index as u64).is_multiple_of(3) {
                *height = f32::NAN;
            }
        }
        check_overviews(&holes, heights);
    }
}

/// 99 and 101 average to 100, which stands for no data here: a neighbour is taken instead.
#[test]
fn an_average_makes_no_hole() {
    let meaning = Meaning { no_data: Some(100.0), ..Meaning::default() };
    let layout = Layout { meaning, ..Layout::new([2, 400], PLACE.into()) };
    let values: Vec<u8> = (0..800).map(|i| if i % 2 == 0 { 99 } else { 101 }).collect();
    let file = cog(&layout, &values, 2);
    assert_eq!(pixels::<u8>(&file, 1), [101; 200]);
}

/// Rows of a file feed the strip walk: its source is the raster in its unit.
#[test]
fn rows_of_a_file_are_a_source() {
    let shape = [300, 70];
    let meaning = Meaning { no_data: Some(3.0), scale: 0.5, offset: -1.0 };
    let layout = Layout { meaning, bands: 2, ..Layout::new(shape, PLACE.into()) };
    let values = numbers::<i16>(300 * 70 * 2, 5);
    let file = cog(&layout, &values, 300);
    let mut rows = open(&file).rows(1).unwrap();
    assert_eq!(rows.shape(), shape);
    let mut found = Vec::new();
    for first in (0..300).step_by(7) {
        let last = (first + 7).min(300);
        let mut strip = vec![0.0; (last - first) * 70];
        rows.read(first..last, &mut strip).unwrap();
        found.extend(strip);
    }
    for (index, value) in found.into_iter().enumerate() {
        let stored = values[2 * index + 1];
        if stored == 3 {
            assert!(value.is_nan());
        } else {
            assert_eq!(value.to_bits(), (f32::from(stored) * 0.5 - 1.0).to_bits());
        }
    }
}
