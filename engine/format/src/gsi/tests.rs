use proptest::prelude::*;

use super::*;

/// The n-th number of a fixed sequence (Steele et al. 2014, `SplitMix64`).
fn random(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn flip(bytes: &mut [u8], random: u64) {
    let bit = usize::try_from(random % (8 * bytes.len() as u64)).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
}

fn picture(size: [u32; 2], colour: png::ColorType, pixels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size[0], size[1]);
    encoder.set_color(colour);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

fn bits(heights: &[f32]) -> Vec<u32> {
    heights.iter().map(|height| height.to_bits()).collect()
}

/// Heights of a slope with a hole, as colours and as text.
fn slope() -> (Vec<u8>, String) {
    let (mut colours, mut text) = (Vec::new(), String::new());
    for row in 0..EDGE {
        let words: Vec<String> = (0..EDGE)
            .map(|column| {
                let centimetres = i32::try_from(row / 32 * 100 + column / 64).unwrap() - 300;
                let none = row == column;
                let code = if none { 0x80_0000 } else { centimetres.rem_euclid(0x100_0000) };
                colours.extend(&code.to_be_bytes()[1..]);
                if none { "e".to_owned() } else { format!("{:.2}", f64::from(centimetres) / 100.0) }
            })
            .collect();
        text += &(words.join(",") + "\n");
    }
    (colours, text)
}

proptest! {
    /// Every colour is the height that its text says.
    #[test]
    fn colours_and_texts_agree(code in 0_i32..0x100_0000) {
        let [_, red, green, blue] = code.to_be_bytes();
        let centimetres = if code < 0x80_0000 { code } else { code - 0x100_0000 };
        let word = format!("{:.2}", f64::from(centimetres) / 100.0);
        let expected = if code == 0x80_0000 { f32::NAN } else { height(&word).unwrap() };
        prop_assert_eq!(metres(red, green, blue).to_bits(), expected.to_bits());
    }
}

#[test]
fn pictures_and_texts_agree() {
    let (colours, words) = slope();
    let heights = text(words.as_bytes()).unwrap();
    assert_eq!(bits(&heights)[1], (-3.0_f32).to_bits());
    let file = picture([256, 256], png::ColorType::Rgb, &colours);
    assert!(bits(&png(&file).unwrap()) == bits(&heights));
    let windows = words.replace('\n', "\r\n");
    assert!(bits(&text(windows.as_bytes()).unwrap()) == bits(&heights));
    let opaque: Vec<u8> = colours.chunks(3).flat_map(|c| [c[0], c[1], c[2], 255]).collect();
    let file = picture([256, 256], png::ColorType::Rgba, &opaque);
    assert!(bits(&png(&file).unwrap()) == bits(&heights));
    let clear: Vec<u8> = colours.chunks(3).flat_map(|c| [c[0], c[1], c[2], 0]).collect();
    let file = picture([256, 256], png::ColorType::Rgba, &clear);
    assert!(png(&file).unwrap().iter().all(|height| height.is_nan()));
}

#[test]
fn other_pictures_are_refused() {
    let grey = picture([256, 256], png::ColorType::Grayscale, &vec![0; 65_536]);
    insta::assert_snapshot!(png(&grey).unwrap_err(), @"the picture is 256 x 256, Grayscale, Eight; 256 x 256 in 8-bit red, green, blue wanted");
    let small = picture([2, 256], png::ColorType::Rgb, &[0; 1_536]);
    insta::assert_snapshot!(png(&small).unwrap_err(), @"the picture is 2 x 256, Rgb, Eight; 256 x 256 in 8-bit red, green, blue wanted");
    assert_eq!(png(b"GIF89a").unwrap_err().code(), "gsi-png");
    // 2^31 by 2^31 pixels in 33 bytes.
    let mut bomb = picture([2, 2], png::ColorType::Rgb, &[0; 12]);
    bomb[16..24].copy_from_slice(&[0x7F, 255, 255, 255, 0x7F, 255, 255, 255]);
    assert!(png(&bomb).is_err());
}

#[test]
fn other_texts_are_refused() {
    let (_, words) = slope();
    let refused = |text_: &str| text(text_.as_bytes()).unwrap_err();
    insta::assert_snapshot!(refused(&words.replacen(",-3.00", "", 1)), @"line 1: 255 found, 256 wanted");
    insta::assert_snapshot!(refused(&words.replacen("-3.00", "inf", 1)), @r#"line 1, number 2: "inf" is no height"#);
    insta::assert_snapshot!(refused(&words.replacen("-3.00", "1e3", 1)), @r#"line 1, number 2: "1e3" is no height"#);
    insta::assert_snapshot!(refused(words.split_once('\n').unwrap().1), @"line 0: 255 found, 256 wanted");
    insta::assert_snapshot!(refused(&format!("{words}{words}")), @"line 257: 256 found, 256 wanted");
    assert_eq!(text(&vec![b'1'; 2 << 20]).unwrap_err().code(), "gsi-too-long");
}

#[test]
fn names_give_addresses() {
    for name in [
        "8/229/94.png",
        "a1/8/229/94.txt",
        "8-229-94.txt",
        "gsi-dem-z8-x229-y94.png",
        "dem_8_229_94",
    ] {
        let tile = address(name).unwrap();
        assert_eq!((tile.z(), tile.x(), tile.y()), (8, 229, 94), "{name}");
    }
    for name in ["", "94.png", "229/94.png", "8/999/94.png", "99999999999/229/94.png"] {
        assert_eq!(address(name).unwrap_err().code(), "gsi-address", "{name}");
    }
}

/// Tiles of one row share the lattice of cells.
#[test]
fn neighbours_fit() {
    let at = |x, y| place(TileId::new(8, x, y).unwrap());
    let (here, east, south) = (at(229, 94), at(230, 94), at(229, 95));
    let [cell, _] = here.cell;
    assert!((east.origin[0] - here.origin[0] - 256.0 * cell).abs() < 1e-6);
    assert!((here.origin[1] - south.origin[1] - 256.0 * cell).abs() < 1e-6);
}

/// Every prefix and 2,000 flips of a small picture and of a text: an error or heights.
#[test]
fn hostile_bytes_end_in_an_error() {
    let (colours, words) = slope();
    let file = picture([256, 256], png::ColorType::Rgb, &colours);
    assert!(file.len() <= 4_096, "{}", file.len());
    for end in 0..file.len() - 12 {
        assert!(png(&file[..end]).is_err(), "{end}");
    }
    let short = &words.as_bytes()[..4_096];
    for end in 0..short.len() {
        assert!(text(&short[..end]).is_err(), "{end}");
    }
    for n in 0..2_000 {
        let mut bytes = file.clone();
        flip(&mut bytes, random(n));
        let _ = png(&bytes);
        let mut bytes = words.as_bytes()[..4_096].to_vec();
        flip(&mut bytes, random(n));
        assert!(text(&bytes).is_err());
    }
}

/// The real tile: every cell as the text and the colours say; 200 prefixes of each are refused.
#[test]
#[expect(clippy::disallowed_methods, reason = "real files are found by the environment")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn the_real_tile_decodes_exactly() {
    let Some(root) = std::env::var_os("JOMO_REAL_DATA") else {
        println!("skipped: the_real_tile_decodes_exactly: JOMO_REAL_DATA is not set");
        return;
    };
    let path = std::path::Path::new(&root).join("forest-samples/gsi-dem-z8-x229-y94.png");
    let picture = std::fs::read(&path).unwrap();
    let words = std::fs::read(path.with_extension("txt")).unwrap();
    let (by_colour, by_word) = (png(&picture).unwrap(), text(&words).unwrap());
    // The picture was made by cutting the centimetres of a height in f32, the text by rounding
    // it: 5,513 of 53,009 heights are one centimetre lower in the picture.
    let own_words: Vec<&str> = std::str::from_utf8(&words).unwrap().split([',', '\n']).collect();
    let mut lower = 0;
    for (index, (colour, word)) in by_colour.iter().zip(&by_word).enumerate() {
        let centimetres = |height: f32| (f64::from(height) * 100.0).round();
        let own = own_words[index];
        assert_eq!(own == "e", colour.is_nan(), "{index}");
        assert_eq!(own == "e", word.is_nan(), "{index}");
        if own != "e" {
            assert_eq!(word.to_bits(), own.parse::<f32>().unwrap().to_bits(), "{index}");
            let step = centimetres(*word) - centimetres(*colour);
            assert!((-0.5..1.5).contains(&step), "{index}: {colour} and {word}");
            lower += usize::from(0.5 < step);
        }
    }
    assert_eq!(lower, 5_513);
    assert_eq!(by_word[0].to_bits(), 565.42_f32.to_bits());
    assert_eq!(by_word.iter().filter(|height| height.is_nan()).count(), 12_527);
    for n in 0..200 {
        let end = |length: usize| usize::try_from(random(n) % (length as u64 - 12)).unwrap();
        assert!(png(&picture[..end(picture.len())]).is_err());
        assert!(text(&words[..end(words.len())]).is_err());
    }
}
