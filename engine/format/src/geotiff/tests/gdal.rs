//! GDAL on our files, we on GDAL's, and the crate `tiff` on both.

use std::path::Path;
use std::process::Command;

use tiff::decoder::{Decoder, DecodingResult};

use super::*;

/// The output of one of GDAL's programs; `None` (and a line of text) if it is not installed.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn gdal(test: &str, program: &str, arguments: &[&str]) -> Option<String> {
    let Ok(run) = Command::new(program).args(arguments).output() else {
        println!("skipped: {test}: no {program} on PATH");
        return None;
    };
    assert!(run.status.success(), "{program}: {}", String::from_utf8_lossy(&run.stderr));
    Some(String::from_utf8_lossy(&run.stdout).into_owned())
}

/// The numbers of a file as GDAL reads them, pixel by pixel, by its raw ENVI format.
fn by_gdal<T: Sample>(test: &str, path: &Path, more: &[&str]) -> Option<Vec<T>> {
    let raw = path.with_extension("raw");
    let (path, raw) = (path.to_string_lossy().into_owned(), raw.to_string_lossy().into_owned());
    let mut words = vec!["-q", "-of", "ENVI", "-co", "INTERLEAVE=BIP"];
    words.extend(more);
    words.extend([&*path, &*raw]);
    gdal(test, "gdal_translate", &words)?;
    let bytes = std::fs::read(&raw).unwrap();
    let width = T::TYPE.bytes();
    Some(bytes.chunks_exact(width).map(|bytes| <T as sample::Bytes>::take(bytes)).collect())
}

fn smooth<T: Sample>(count: usize) -> Vec<T> {
    (0..count).map(|i| T::from_f64(((i % 997) as f64 * 0.11).sin() * 100.0 + 120.0)).collect()
}

fn agrees<T: Sample>(folder: &Path, layout: &Layout) -> Option<()> {
    let test = "gdal_reads_the_same";
    let values = smooth::<T>(layout.shape[0] * layout.shape[1] * layout.bands);
    let path = folder.join(format!("{}-{}.tif", T::TYPE.name(), layout.classic_bytes));
    let mut writer = CogWriter::create(&path, layout).unwrap();
    writer.write_rows(&values).unwrap();
    writer.finish().unwrap();
    let bits = |values: &[T]| values.iter().map(|v| v.to_f64().to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&by_gdal(test, &path, &[])?), bits(&values), "{path:?}");
    let info = gdal(test, "gdalinfo", &["-json", &path.to_string_lossy()])?;
    let info: serde_json::Value = serde_json::from_str(&info).unwrap();
    assert_eq!(info["metadata"]["IMAGE_STRUCTURE"]["LAYOUT"], "COG");
    assert_eq!(info["metadata"]["IMAGE_STRUCTURE"]["COMPRESSION"], "DEFLATE");
    let [x, y] = layout.place.origin;
    let [width, height] = layout.place.cell;
    assert_eq!(info["geoTransform"], serde_json::json!([x, width, 0.0, y, 0.0, -height]));
    let epsg = layout.place.epsg.unwrap();
    let crs = info["coordinateSystem"]["wkt"].as_str().unwrap();
    assert!(crs.ends_with(&format!("ID[\"EPSG\",{epsg}]]")), "{crs}");
    for band in info["bands"].as_array().unwrap() {
        assert_eq!(band["block"], serde_json::json!([256, 256]));
        assert_eq!(band["noDataValue"].as_f64(), layout.meaning.no_data);
        assert_eq!(band["scale"].as_f64().unwrap_or(1.0).to_bits(), layout.meaning.scale.to_bits());
        assert_eq!(
            band["offset"].as_f64().unwrap_or(0.0).to_bits(),
            layout.meaning.offset.to_bits()
        );
        let sizes: Vec<_> = band["overviews"].as_array().into_iter().flatten().collect();
        let expected: Vec<_> = layout.levels()[1..]
            .iter()
            .map(|[rows, columns]| serde_json::json!({"size": [columns, rows]}))
            .collect();
        assert_eq!(sizes.len(), expected.len());
        for (found, expected) in sizes.iter().zip(&expected) {
            assert_eq!(found["size"], expected["size"]);
        }
    }
    for level in 0..layout.levels().len() - 1 {
        let level_text = format!("OVERVIEW_LEVEL={level}");
        let found = by_gdal::<T>(test, &path, &["-oo", &level_text])?;
        let own = pixels::<T>(&std::fs::read(&path).unwrap(), level + 1);
        assert_eq!(bits(&found), bits(&own), "overview {level}");
    }
    by_tiff(&std::fs::read(&path).unwrap(), &values, layout);
    Some(())
}

/// The crate `tiff` on the same bytes (it gives tiled pixels of one to four bands).
fn by_tiff<T: Sample>(bytes: &[u8], values: &[T], layout: &Layout) {
    let mut decoder = Decoder::new(Cursor::new(bytes)).unwrap();
    let [rows, columns] = layout.shape.map(|size| u32::try_from(size).unwrap());
    assert_eq!(decoder.dimensions().unwrap(), (columns, rows));
    let numbers: Vec<f64> = match decoder.read_image().unwrap() {
        DecodingResult::U8(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::U16(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::U32(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::I16(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::I32(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::F32(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::F64(values) => values,
        other => panic!("{other:?}"),
    };
    let expected: Vec<f64> = values.iter().map(|value| value.to_f64()).collect();
    assert!(numbers == expected, "the crate tiff reads other numbers");
}

/// Every sample type, classic and big, one band and several, by GDAL and by the crate `tiff`.
#[test]
fn others_read_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let layout = |bands, colour, no_data| Layout {
        bands,
        colour,
        meaning: Meaning { no_data, ..Meaning::default() },
        ..Layout::new([700, 530], PLACE.into())
    };
    let run = || -> Option<()> {
        let one = layout(1, Colour::Values, Some(7.0));
        let scaled =
            Layout { meaning: Meaning { scale: 0.5, offset: 100.0, ..one.meaning }, ..one };
        agrees::<u16>(folder.path(), &scaled)?;
        agrees::<u32>(folder.path(), &one)?;
        agrees::<i16>(folder.path(), &one)?;
        agrees::<i32>(folder.path(), &one)?;
        agrees::<f64>(folder.path(), &one)?;
        agrees::<f32>(folder.path(), &one)?;
        agrees::<f32>(folder.path(), &Layout { classic_bytes: 0, ..one })?;
        agrees::<u8>(folder.path(), &layout(4, Colour::RgbAlpha, None))?;
        agrees::<u8>(folder.path(), &Layout { classic_bytes: 1, ..layout(3, Colour::Rgb, None) })?;
        for place in [
            Place { epsg: Some(3_857), origin: [1.5e7, 4.5e6], cell: [2.5, 2.5] },
            Place { epsg: Some(4_326), origin: [138.5, 36.5], cell: [0.25, 0.125] },
            Place { epsg: Some(6_668), origin: [138.5, 36.5], cell: [0.25, 0.125] },
        ] {
            let layout = Layout { place, overviews: Overviews::None, ..one };
            agrees::<u8>(folder.path(), &Layout { classic_bytes: 1 << 30, ..layout })?;
        }
        Some(())
    };
    run();
}

/// `NaN` as no-data reaches GDAL as its own no-data.
#[test]
fn gdal_knows_our_holes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("holes.tif");
    let meaning = Meaning { no_data: Some(f64::NAN), ..Meaning::default() };
    let layout = Layout { meaning, ..Layout::new([20, 30], PLACE.into()) };
    let mut values = ramp([20, 30]);
    values[..300].fill(f32::NAN);
    let mut writer = CogWriter::create(&path, &layout).unwrap();
    writer.write_rows(&values).unwrap();
    writer.finish().unwrap();
    let words = ["-stats", &*path.to_string_lossy()];
    let Some(text) = gdal("gdal_knows_our_holes", "gdalinfo", &words) else { return };
    assert!(text.contains("NoData Value=nan"), "{text}");
    assert!(text.contains("STATISTICS_VALID_PERCENT=50"), "{text}");
}

/// One file of GDAL: kind of number, packing, further options, predictor.
struct Made {
    kind: &'static str,
    packing: &'static str,
    shape: &'static str,
    predictor: usize,
}

/// Every pair of kind, packing and shape that GDAL writes and reads back itself.
fn combinations() -> Vec<Made> {
    let mut all = Vec::new();
    let kinds = ["Byte", "Int16", "UInt32", "Float32", "Float64"];
    let shapes = [
        "TILED=YES|BLOCKXSIZE=64|BLOCKYSIZE=32",
        "BLOCKYSIZE=7",
        "INTERLEAVE=BAND",
        "INTERLEAVE=BAND|TILED=YES",
        "ENDIANNESS=BIG",
        "BIGTIFF=YES|ENDIANNESS=BIG",
    ];
    for (a, kind) in kinds.into_iter().enumerate() {
        for (b, packing) in ["NONE", "LZW", "DEFLATE"].into_iter().enumerate() {
            for (c, shape) in shapes.into_iter().enumerate() {
                let most = match (packing, kind.starts_with("Float")) {
                    ("NONE", _) => 1,
                    // GDAL 3.6.2 cannot read its own files with predictor 3 in this order.
                    (_, true) if !shape.contains("BIG") => 3,
                    _ => 2,
                };
                if (a + b + c) % 3 == 0 {
                    all.extend((1..=most).map(|predictor| Made {
                        kind,
                        packing,
                        shape,
                        predictor,
                    }));
                }
            }
        }
    }
    all
}

/// Files of GDAL in tiles and strips, with each packing, predictor, order of bands and bytes.
#[test]
fn we_read_what_gdal_writes() {
    let test = "we_read_what_gdal_writes";
    let folder = tempfile::tempdir().unwrap();
    let (source, path) = (folder.path().join("source.tif"), folder.path().join("other.tif"));
    let shape = [201, 317];
    let layout = Layout { bands: 3, ..Layout::new(shape, PLACE.into()) };
    let values = smooth::<f32>(201 * 317 * 3);
    let mut writer = CogWriter::create(&source, &layout).unwrap();
    writer.write_rows(&values).unwrap();
    writer.finish().unwrap();
    for Made { kind, packing, shape: options, predictor } in combinations() {
        let (pack, predict) = (format!("COMPRESS={packing}"), format!("PREDICTOR={predictor}"));
        let mut words = vec!["-q", "-ot", kind, "-co", &pack];
        if packing != "NONE" {
            words.extend(["-co", &predict]);
        }
        words.extend(options.split('|').flat_map(|option| ["-co", option]));
        let (from, to) = (source.to_string_lossy(), path.to_string_lossy());
        words.extend([&*from, &*to]);
        if gdal(test, "gdal_translate", &words).is_none() {
            return;
        }
        let file = std::fs::read(&path).unwrap();
        let mut reader = open(&file);
        let mut out = vec![0.0; shape[0] * shape[1]];
        reader.read_values([0, 2], &Window::whole(shape), &mut out).unwrap();
        let float = kind.starts_with("Float");
        let expected = values.iter().skip(2).step_by(3);
        let expected = expected.map(|value| if float { *value } else { value.round() });
        assert!(out.iter().copied().eq(expected), "{kind} {packing} {options} {predictor}");
        assert_eq!(reader.place(), PLACE.into());
    }
}

/// The forest scene reads equal to GDAL, cell by cell.
#[test]
#[expect(clippy::disallowed_methods, reason = "real files are found by the environment")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn real_files_read_as_gdal_reads_them() {
    let test = "real_files_read_as_gdal_reads_them";
    let Some(root) = std::env::var_os("JOMO_REAL_DATA") else {
        println!("skipped: {test}: JOMO_REAL_DATA is not set");
        return;
    };
    let root = Path::new(&root);
    let folder = tempfile::tempdir().unwrap();
    let same = |name: &str| -> Option<()> {
        let path = folder.path().join("copy.tif");
        let file = std::fs::read(root.join(name)).unwrap();
        std::fs::write(&path, &file).unwrap();
        if open(&file).sample() == SampleType::F32 {
            assert!(by_gdal::<f32>(test, &path, &[])? == pixels::<f32>(&file, 0), "{name}");
        } else {
            assert!(by_gdal::<u8>(test, &path, &[])? == pixels::<u8>(&file, 0), "{name}");
        }
        Some(())
    };
    for name in ["ortho", "chm_0p2m", "dem_1m", "truth"] {
        let name = format!("forest-scene/scene-20261122/{name}.tif");
        if same(&name).is_none() {
            return;
        }
    }
    same("forest-samples/OSBS_029.tif");
}
