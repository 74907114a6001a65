use proptest::prelude::*;

use super::*;

const SMALL: &str = "NCOLS 3\nnrows 2\nxllcorner 100\nyllcorner 200\ncellsize 10\n\
                     NODATA_value -9999\n1 2 3\n4 -9999 6e0\n";

fn parse(text: &str) -> Result<AsciiGrid, AsciiGridError> {
    read(text.as_bytes(), 1_000)
}

#[test]
fn rows_come_from_the_north() {
    let grid = parse(SMALL).unwrap();
    assert_eq!(grid.shape, [2, 3]);
    assert_eq!(grid.place, Place { epsg: None, origin: [100.0, 220.0], cell: [10.0, 10.0] });
    assert_eq!(grid.values[..4], [1.0, 2.0, 3.0, 4.0]);
    assert!(grid.values[4].is_nan());
    let centres = SMALL.replace("xllcorner 100", "xllcenter 105");
    assert_eq!(parse(&centres).unwrap().place, grid.place);
    let in_one_line = SMALL.replace('\n', " \r\n ").replace("1 2 3", "1\n2\t3");
    assert_eq!(parse(&in_one_line).unwrap().values[..4], grid.values[..4]);
    let sides = SMALL.replace("cellsize 10", "dx 10 dy 20");
    assert_eq!(
        parse(&sides).unwrap().place.cell.map(f64::to_bits),
        [10.0_f64, 20.0].map(f64::to_bits)
    );
}

#[test]
fn no_data_is_what_the_header_says() {
    let text = SMALL.replace("NODATA_value -9999", "NODATA_value nan").replace(" 6e0", " NaN");
    let values = parse(&text).unwrap().values;
    assert!((values[4] + 9_999.0).abs() < 1e-9 && values[5].is_nan());
    let text = SMALL.replace("NODATA_value -9999\n", "");
    assert!(parse(&text).unwrap().values[4].is_nan(), "-9999 unless the header says otherwise");
}

/// The line is part of the message: pin it.
#[test]
fn every_fault_names_its_line() {
    let faults = [
        SMALL.replace("NCOLS 3", "NCOLS 3.5"),
        SMALL.replace("NCOLS 3", "NCOLS 1e9"),
        SMALL.replace("nrows 2\n", ""),
        SMALL.replace("cellsize 10", "cellsize -1"),
        SMALL.replace("cellsize", "cellsice"),
        SMALL.replace("nrows", "ncols"),
        SMALL.replace("4 -9999", "4 x"),
        SMALL.replace("4 -9999", "4 inf"),
        SMALL.replace("4 -9999", "4"),
        SMALL.replace("4 -9999", "4 5 6"),
        SMALL.replace("4 -9999", &"4".repeat(100)),
        String::new(),
    ];
    let told: Vec<_> = faults.iter().map(|text| parse(text).unwrap_err().to_string()).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    line 1: ncols expected, found "3.5"
    1000000000 x 2 cells are more than 1000
    line 6: nrows expected, found ""
    line 5: cellsize expected, found "-1"
    line 5: ncols, nrows, xllcorner, yllcorner, cellsize expected, found "cellsice"
    line 2: each key once expected, found "ncols"
    line 8: "x" is not a number
    line 8: "inf" is not a number
    6 values announced, 5 found
    6 values announced, 7 found
    line 8: "44444444444444444444444444444444444444444444444444444444444444444" is not a number
    line 1: ncols expected, found ""
    "#);
}

/// Every beginning of a file is refused, but for those that end behind the last number.
#[test]
fn every_prefix_is_refused() {
    let whole = SMALL.trim_end().len();
    for length in 0..whole {
        let read = parse(&SMALL[..length]);
        // "6e0" without its last digits is another number, or none.
        assert!(read.is_err() || whole - 2 <= length, "{length}: {read:?}");
    }
}

#[test]
fn flipped_bits_end_in_a_grid_or_an_error() {
    let mut seed = 0x9e37_79b9_u64;
    for _ in 0..2_000 {
        let mut bytes = SMALL.as_bytes().to_vec();
        for _ in 0..=seed % 3 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(seed >> 33).unwrap() % bytes.len();
            bytes[at] ^= 1 << (seed >> 30 & 7);
        }
        if let Ok(grid) = read(&bytes[..], 1_000) {
            assert_eq!(grid.values.len(), grid.shape[0] * grid.shape[1]);
            assert!(grid.values.iter().all(|value| !value.is_infinite()));
        }
    }
}

proptest! {
    /// What is written as text comes back to the last bit, however the reader's buffer cuts it.
    #[test]
    fn numbers_come_back(values in prop::collection::vec(-1e6_f64..1e6, 12), buffer in 1_usize..40) {
        let mut text = "ncols 4\nnrows 3\nxllcorner 0\nyllcorner 0\ncellsize 1\n".to_owned();
        for row in values.chunks(4) {
            text.push_str(&row.iter().map(f64::to_string).collect::<Vec<_>>().join(" "));
            text.push('\n');
        }
        let source = std::io::BufReader::with_capacity(buffer, text.as_bytes());
        prop_assert_eq!(read(source, 12).unwrap().values, values);
    }
}
