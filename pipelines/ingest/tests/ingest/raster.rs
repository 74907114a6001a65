//! Cells of any accepted format, beside gdalwarp where it can do the same.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use jomo_format::geotiff::{
    CogWriter, Colour, Layout, Meaning, Place, Reader, ReaderLimits, Sample, Window,
};
use jomo_ingest::drivers;
use jomo_ingest::raster::{self, RasterRequest, Resampling};
use serde_json::json;

use crate::support::{Done, Files, real, run, zip};

fn cog<T: Sample>(path: &Path, layout: &Layout, values: &[T]) {
    let mut writer = CogWriter::create(path, layout).unwrap();
    writer.write_rows(values).unwrap();
    writer.finish().unwrap();
}

fn open(path: &Path) -> Reader<File> {
    Reader::open(File::open(path).unwrap(), ReaderLimits::default()).unwrap()
}

fn values(path: &Path, band: usize) -> Vec<f32> {
    let mut reader = open(path);
    let mut out = vec![0.0; reader.shape()[0] * reader.shape()[1]];
    let window = Window::whole(reader.shape());
    reader.read_values([0, band], &window, &mut out).unwrap();
    out
}

fn place(epsg: u32, cell: f64) -> Place {
    Place { epsg: Some(epsg), origin: [-62_000.0, 58_000.0], cell: [cell; 2] }
}

/// Hills with a hole.
fn hills(shape: [usize; 2]) -> Vec<f32> {
    (0..shape[0] * shape[1])
        .map(|index| {
            let (row, column) = ((index / shape[1]) as f32, (index % shape[1]) as f32);
            let hole = (row - 90.0).hypot(column - 120.0) < 25.0;
            let height = 300.0 + 40.0 * (row / 17.0).sin() * (column / 23.0).cos();
            if hole { f32::NAN } else { height }
        })
        .collect()
}

/// The same target by gdalwarp; `None` if there is no such program.
fn gdalwarp(done: &Done, source: &Path, how: &str) -> Option<Vec<f32>> {
    let reader = open(&done.out.join("raster.tif"));
    let ([rows, columns], place) = (reader.shape(), reader.place());
    let [west, north] = place.origin;
    let [cell, _] = place.cell;
    let (east, south) = (west + columns as f64 * cell, north - rows as f64 * cell);
    let path = done.folder.path().join("peer.tif");
    let bounds = [west, south, east, north].map(|bound| bound.to_string());
    let size = [columns, rows].map(|size| size.to_string());
    let target = format!("EPSG:{}", place.epsg.unwrap());
    let output = Command::new("gdalwarp")
        .args([
            "-q",
            "-et",
            "0",
            "-ovr",
            "NONE",
            "-r",
            how,
            "-dstnodata",
            "nan",
            "-t_srs",
            &target,
            "-te",
        ])
        .args(&bounds)
        .arg("-ts")
        .args(&size)
        .arg(source)
        .arg(&path)
        .output()
        .ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(values(&path, 0))
}

/// Nearest cells are equal, and so are the edges of data; distances differ by rounding. GDAL's mean
/// takes the box between two corners of a turned cell, ours the box around all four: on slopes of
/// two metres a source cell they differ by centimetres.
#[test]
fn gdalwarp_makes_the_same() {
    let files = Files::new();
    let source = files.path("hills.tif");
    let shape = [260, 310];
    let meaning = Meaning { no_data: Some(f64::NAN), ..Meaning::default() };
    cog(&source, &Layout { meaning, ..Layout::new(shape, place(6677, 2.0)) }, &hills(shape));
    for (flag, peer, cell, worst) in [
        ("nearest", "near", "2", 0.0),
        ("bilinear", "bilinear", "2", 2e-3),
        ("average", "average", "10", 0.05),
    ] {
        let flags = ["--resampling", flag, "--cell-size-m", cell];
        let done = run("raster", "6691", &source, &flags);
        assert_eq!(done.code, 0, "{}", done.words);
        let own = values(&done.out.join("raster.tif"), 0);
        let Some(peer) = gdalwarp(&done, &source, peer) else {
            println!("skipped: gdalwarp_makes_the_same: no gdalwarp on PATH");
            return;
        };
        assert_eq!(own.len(), peer.len());
        let columns = open(&done.out.join("raster.tif")).shape()[1];
        // A cell with its eight neighbours in the data of both.
        let inner = |index: usize| {
            (0..9).all(|place| {
                let at = (index + place / 3 * columns + place % 3).checked_sub(columns + 1);
                let known =
                    |cells: &[f32]| at.and_then(|at| cells.get(at)).is_some_and(|v| !v.is_nan());
                known(&own) && known(&peer)
            })
        };
        let (mut both, mut far, mut one, mut most, mut far_inside) = (0, 0, 0, 0.0_f32, 0);
        for (index, (own, peer)) in own.iter().zip(&peer).enumerate() {
            if own.is_nan() != peer.is_nan() {
                one += 1;
            } else if !own.is_nan() {
                both += 1;
                let step = (own - peer).abs();
                if worst < step {
                    far += 1;
                    far_inside += usize::from(inner(index));
                } else {
                    most = most.max(step);
                }
            }
        }
        println!(
            "{flag}: {both} in both, {one} in one, {far} ({far_inside} inside) beyond {worst} m, else {most} m"
        );
        assert!(1_000 < both, "{flag}");
        // Whether a cell at the edge of the data has any is a matter of taste.
        assert!(one * 20 <= both, "{flag}: {one} of {both} in one only");
        assert!(
            far * 20 <= both && far_inside * 50 <= both,
            "{flag}: {far} of {both} beyond {worst} m"
        );
    }
}

/// In its own plane a raster keeps its bits, its place and its numbers for no data.
#[test]
fn an_aligned_raster_is_kept() {
    let files = Files::new();
    let source = files.path("classes.tif");
    let meaning = Meaning { no_data: Some(0.0), scale: 0.5, offset: 1.0 };
    let layout = Layout { meaning, ..Layout::new([300, 400], place(6677, 0.5)) };
    let classes: Vec<u8> = (0..300 * 400).map(|i| u8::try_from(i / 50 % 13).unwrap()).collect();
    cog(&source, &layout, &classes);
    let done = run("raster", "6677", &source, &[]);
    assert_eq!(done.code, 0, "{}", done.words);
    let raster = &done.report["raster"];
    assert_eq!(raster["resampling"], "nearest");
    assert_eq!(raster["cell_size_m"], 0.5);
    assert_eq!(raster["origin_m"], json!([-62_000.0, 58_000.0]));
    let path = done.out.join("raster.tif");
    assert_eq!(open(&path).meanings(), [meaning]);
    let (own, kept) = (values(&source, 0), values(&path, 0));
    assert!(own.iter().zip(&kept).all(|(a, b)| a.to_bits() == b.to_bits()));
    let info = Command::new("gdalinfo").arg(&path).output();
    if let Ok(info) = info {
        assert!(String::from_utf8_lossy(&info.stdout).contains("LAYOUT=COG"));
    }
}

/// A photograph without a number for no data gets a band of opacity.
#[test]
fn a_photograph_becomes_opaque_where_it_is() {
    let files = Files::new();
    let source = files.path("photo.tif");
    let layout =
        Layout { bands: 3, colour: Colour::Rgb, ..Layout::new([90, 100], place(6677, 1.0)) };
    let photo: Vec<u8> = (0..90 * 100 * 3).map(|i| u8::try_from(i % 250).unwrap()).collect();
    cog(&source, &layout, &photo);
    let done = run("raster", "6676", &source, &[]);
    assert_eq!(done.code, 0, "{}", done.words);
    assert_eq!(done.report["raster"]["bands"], 4);
    let alpha = values(&done.out.join("raster.tif"), 3);
    let [clear, opaque] =
        [0.0, 255.0].map(|own| alpha.iter().filter(|v| v.total_cmp(&own).is_eq()).count());
    assert!(clear + opaque == alpha.len() && 0 < clear && 8_000 < opaque, "{clear} {opaque}");
    // Classes of one band have no room for an opacity.
    let classes = files.path("classes.tif");
    cog(&classes, &Layout::new([9, 10], place(6677, 1.0)), &[3_u8; 90]);
    let refused = run("raster", "6676", &classes, &[]);
    assert_eq!((refused.code, refused.error()), (3, "raster-no-data"));
    assert_eq!(run("raster", "6676", &classes, &["--nodata", "0"]).code, 0);
}

#[test]
fn a_guess_is_refused() {
    let files = Files::new();
    let source = files.path("far.tif");
    cog(&source, &Layout::new([9, 10], place(6677, 1.0)), &[1.0_f32; 90]);
    // ETRS89 to JGD2011: only a ballpark operation is known.
    let refused = run("raster", "6677", &source, &["--crs", "25832"]);
    assert_eq!((refused.code, refused.error()), (3, "crs-ballpark"), "{}", refused.words);
    let target = run("raster", "4326", &source, &[]);
    assert_eq!((target.code, target.error()), (2, "ingest-target"));
    let flag = run("raster", "6677", &source, &["--resampling", "cubic"]);
    assert_eq!((flag.code, flag.error()), (2, "ingest-flag"));
}

/// A mesh of 4 by 3 cells at a column of the lattice.
fn mesh(column: u32, datum: &str) -> String {
    let west = 139.0 + f64::from(column) * 0.2 / 3_600.0;
    let (east, north) = (west + 0.8 / 3_600.0, 36.25 + 0.6 / 3_600.0);
    let tuples = format!("地表面,{column}.50\n").repeat(12);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Dataset xmlns=\"http://fgd.gsi.go.jp/spec/2008/FGD_GMLSchema\" \
         xmlns:gml=\"http://www.opengis.net/gml/3.2\"><DEM><type>5m</type><mesh>{column}</mesh><coverage>\
         <gml:Envelope srsName=\"fguuid:{datum}.bl\"><gml:lowerCorner>36.25 {west:.9}</gml:lowerCorner>\
         <gml:upperCorner>{north:.9} {east:.9}</gml:upperCorner></gml:Envelope>\
         <gml:GridEnvelope><gml:low>0 0</gml:low><gml:high>3 2</gml:high></gml:GridEnvelope>\
         <gml:tupleList>{tuples}</gml:tupleList><gml:GridFunction><gml:startPoint>0 0</gml:startPoint>\
         </gml:GridFunction></coverage></DEM></Dataset>"
    )
}

/// Meshes of a zip stand beside each other; the gap between two has no data.
#[test]
fn meshes_become_one_raster() {
    let files = Files::new();
    let (west, east) = (mesh(0, "jgd2024"), mesh(8, "jgd2024"));
    let parts: [(&str, &[u8]); 3] = [
        ("FG-GML-5438-00-DEM5A.xml", west.as_bytes()),
        ("folder/FG-GML-5438-01-DEM5A.xml", east.as_bytes()),
        ("fmdid.xml", b"<other/>"),
    ];
    let done = run("raster", "6677", &files.write("dem.zip", zip(&parts)), &[]);
    assert_eq!(done.code, 0, "{}", done.words);
    let raster = &done.report["raster"];
    assert_eq!(raster["elevation"]["vertical_datum"], "JGD2024");
    assert_eq!(raster["elevation"]["meshes"], json!(["0", "8"]));
    assert_eq!(raster["elevation"]["surfaces"], json!({ "ground": 24 }));
    assert_eq!(raster["cell_size_m"], 5.0);
    let found = values(&done.out.join("raster.tif"), 0);
    assert!(found.iter().all(|height| height.is_nan() || [0.5, 8.5].contains(height)));
    for height in [0.5, 8.5] {
        assert!(8 <= found.iter().filter(|own| own.total_cmp(&height).is_eq()).count(), "{height}");
    }
    assert!(found.iter().filter(|height| height.is_nan()).count() * 5 > found.len());
    let mixed = mesh(8, "jgd2011");
    let parts: [(&str, &[u8]); 2] = [parts[0], ("FG-GML-5438-01-DEM5A.xml", mixed.as_bytes())];
    let refused = run("raster", "6677", &files.write("mixed.zip", zip(&parts)), &[]);
    assert_eq!((refused.code, refused.error()), (3, "raster-mixed"));
    let broken = west.replace("地表面", "地面");
    let refused = run("raster", "6677", &files.write("mesh.xml", broken), &[]);
    assert_eq!((refused.code, refused.error()), (3, "raster-mesh"));
    let unknown = mesh(0, "mars");
    let path = files.write("unknown.xml", unknown);
    assert_eq!(run("raster", "6677", &path, &[]).error(), "crs-missing");
    assert_eq!(run("raster", "6677", &path, &["--crs", "6668"]).code, 0);
}

fn fetch(data: &Path, name: &str, files: &Files) -> PathBuf {
    let path = files.path(Path::new(name).file_name().unwrap().to_str().unwrap());
    fs::copy(data.join(name), &path).unwrap();
    path
}

/// The real mesh, tile and photograph.
#[test]
fn real_rasters_come_in() {
    let Some(data) = real("real_rasters_come_in") else { return };
    let files = Files::new();
    let path = fetch(&data, "fgd-dem/FG-GML-5238-74-00-DEM5A-20161001.xml", &files);
    let done = run("raster", "6676", &path, &[]);
    assert_eq!(done.code, 0, "{}", done.words);
    let raster = &done.report["raster"];
    assert_eq!(raster["elevation"]["surfaces"], json!({ "ground": 33_448, "inland_water": 302 }));
    assert_eq!(raster["cell_size_m"], 5.0);
    // A mesh of 5 m is 1,137 m wide and 926 m high.
    assert_eq!((&raster["columns"], &raster["rows"]), (&json!(228), &json!(186)));
    assert_eq!(done.report["source"]["driver"], "FGD DEM");
    let range = raster["first_band"]["range"].as_array().unwrap();
    let [low, high] = [0, 1].map(|end| range[end].as_f64().unwrap());
    assert!((100.0..146.0).contains(&low) && (200.0..700.0).contains(&high), "{low} {high}");

    let picture = fetch(&data, "forest-samples/gsi-dem-z8-x229-y94.png", &files);
    let text = fetch(&data, "forest-samples/gsi-dem-z8-x229-y94.txt", &files);
    let flags = ["--resampling", "nearest", "--cell-size-m", "500"];
    let (picture, text) =
        (run("raster", "6677", &picture, &flags), run("raster", "6677", &text, &flags));
    assert_eq!((picture.code, text.code), (0, 0), "{}{}", picture.words, text.words);
    assert_eq!(picture.report["raster"]["elevation"], json!({ "tile": "8/229/94" }));
    let [by_colour, by_word] = [picture, text].map(|done| values(&done.out.join("raster.tif"), 0));
    let pairs = by_colour.iter().zip(&by_word);
    // The picture cuts centimetres, the text rounds them.
    assert!(
        pairs
            .clone()
            .all(|(a, b)| a.is_nan() == b.is_nan() && (a.is_nan() || (a - b).abs() < 0.011))
    );

    let photo = fetch(&data, "forest-scene/scene-20261122/ortho.tif", &files);
    let done = run("raster", "6677", &photo, &["--resampling", "nearest"]);
    assert_eq!(done.code, 0, "{}", done.words);
    for band in 0..4 {
        assert!(values(&photo, band) == values(&done.out.join("raster.tif"), band), "band {band}");
    }
}

/// A photograph of three bands as GDAL writes it in another format, with its world file.
fn photograph(files: &Files, driver: &str, name: &str) -> PathBuf {
    let source = files.path("photo.tif");
    let layout =
        Layout { bands: 3, colour: Colour::Rgb, ..Layout::new([90, 100], place(6677, 0.5)) };
    let photo: Vec<u8> = (0..90 * 100 * 3).map(|i| u8::try_from(i / 7 % 250).unwrap()).collect();
    cog(&source, &layout, &photo);
    let path = files.path(name);
    let flags = ["-q", "-of", driver, "-co", "WORLDFILE=YES"];
    let output =
        Command::new("gdal_translate").args(flags).args([&source, &path]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // What GDAL wrote beside it for itself says nothing to us.
    let _ = fs::remove_file(files.path(&format!("{name}.aux.xml")));
    path
}

/// A picture lies where the file beside it says, whichever of its names that has.
#[test]
fn pictures_lie_where_their_world_file_says() {
    for (driver, name, worlds) in [
        ("PNG", "photo.png", ["wld", "pgw", "pngw"]),
        ("JPEG", "photo.jpg", ["wld", "jgw", "jpgw"]),
    ] {
        let files = Files::new();
        let path = photograph(&files, driver, name);
        let world = fs::read(path.with_extension("wld")).unwrap();
        fs::remove_file(path.with_extension("wld")).unwrap();
        let lost = run("raster", "6677", &path, &["--crs", "6677"]);
        assert_eq!((lost.code, lost.error()), (3, "raster-place"), "{name}: {}", lost.words);
        // What GDAL itself makes of the picture.
        let peer = files.path("peer.tif");
        let place = ["-a_srs", "EPSG:6677", "-a_ullr", "-62000", "58000", "-61950", "57955"];
        let output = Command::new("gdal_translate")
            .arg("-q")
            .args(place)
            .args([&path, &peer])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for extension in worlds {
            let beside = path.with_extension(extension);
            fs::write(&beside, &world).unwrap();
            let without = run("raster", "6677", &path, &[]);
            assert_eq!((without.code, without.error()), (3, "crs-missing"), "{extension}");
            let flags = ["--crs", "6677", "--resampling", "nearest"];
            let done = run("raster", "6677", &path, &flags);
            assert_eq!(done.code, 0, "{extension}: {}", done.words);
            let raster = &done.report["raster"];
            assert_eq!(raster["origin_m"], json!([-62_000.0, 58_000.0]));
            assert_eq!((&raster["rows"], &raster["columns"]), (&json!(90), &json!(100)));
            assert_eq!((&raster["cell_size_m"], &raster["bands"]), (&json!(0.5), &json!(4)));
            for band in 0..3 {
                let found = values(&done.out.join("raster.tif"), band);
                assert!(found == values(&peer, band), "{extension}: band {band}");
            }
            fs::remove_file(&beside).unwrap();
        }
    }
}

/// One, two and three threads write the same bytes, for every way of making values.
#[test]
fn threads_change_no_byte() {
    drivers::prepare();
    let files = Files::new();
    let shape = [300, 420];
    let heights = files.path("hills.tif");
    let meaning = Meaning { no_data: Some(f64::NAN), ..Meaning::default() };
    cog(&heights, &Layout { meaning, ..Layout::new(shape, place(6677, 2.0)) }, &hills(shape));
    let photo = files.path("photo.tif");
    let layout = Layout { bands: 3, colour: Colour::Rgb, ..Layout::new(shape, place(6677, 2.0)) };
    let cells = shape[0] * shape[1] * 3;
    cog(&photo, &layout, &(0..cells).map(|i| u8::try_from(i % 251).unwrap()).collect::<Vec<_>>());
    let mut sources = vec![heights, photo];
    if let Some(data) = real("threads_change_no_byte, its real part") {
        sources.push(data.join("fgd-dem/FG-GML-5238-74-00-DEM5A-20161001.xml"));
        sources.push(data.join("forest-scene/scene-20261122/ortho.tif"));
    }
    for source in sources {
        for (how, cell) in
            [(Resampling::Nearest, 1.7), (Resampling::Bilinear, 1.7), (Resampling::Average, 7.0)]
        {
            let request = RasterRequest {
                to_crs: 6691,
                crs: None,
                resampling: Some(how),
                cell_size_m: Some(cell),
                no_data: None,
                tile: None,
            };
            let written = [1, 2, 3].map(|threads| {
                let out = files.path(&format!("out-{threads}"));
                fs::create_dir_all(out.join("work")).unwrap();
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let done = pool.install(|| {
                    assert_eq!(rayon::current_num_threads(), threads);
                    raster::run(&source, &request, &out, &out.join("work")).map(drop)
                });
                done.unwrap_or_else(|fault| panic!("{}: {fault}", source.display()));
                let bytes = fs::read(out.join(raster::NAME)).unwrap();
                fs::remove_dir_all(&out).unwrap();
                bytes
            });
            assert!(2_000 < written[0].len());
            assert!(written[1..].iter().all(|bytes| *bytes == written[0]), "{how:?}");
        }
    }
}

/// A cell larger than all that is there would hold nearly nothing of it.
#[test]
fn cells_larger_than_the_raster_are_refused() {
    let files = Files::new();
    let source = files.path("small.tif");
    cog(&source, &Layout::new([200, 300], place(6677, 1.0)), &vec![1.0_f32; 60_000]);
    for asked in ["400", "1e9", "1e300"] {
        let done = run("raster", "6677", &source, &["--cell-size-m", asked]);
        assert_eq!((done.code, done.error()), (3, "raster-extent"), "{asked}: {}", done.words);
        assert!(done.words.contains("300.000 m") && done.words.len() < 400, "{}", done.words);
    }
    let done = run("raster", "6677", &source, &["--cell-size-m", "300"]);
    assert_eq!(done.code, 0, "{}", done.words);
}

/// A cell size that asks for too many cells is refused at once, with one that does not.
#[test]
fn too_many_cells_are_refused_with_a_size_that_fits() {
    let files = Files::new();
    let source = files.path("small.tif");
    cog(&source, &Layout::new([200, 300], place(6677, 1.0)), &vec![1.0_f32; 60_000]);
    for asked in ["0.001", "0.000001", "1e-200", "1e-310"] {
        let done = run("raster", "6677", &source, &["--cell-size-m", asked]);
        assert_eq!((done.code, done.error()), (3, "raster-size"), "{asked}: {}", done.words);
        let error = &done.report["errors"][0];
        assert_eq!(error["arguments"]["limit"], "17179869184");
        // 60,000 m² in 2^34 cells: 1.87 mm each, rounded up to three digits.
        assert_eq!(error["arguments"]["fits_m"], "0.00187", "{asked}");
        assert!(error["hint"].as_str().unwrap().contains("0.00187"));
    }
    let done = run("raster", "6677", &source, &["--cell-size-m", "0.001"]);
    let error = &done.report["errors"][0];
    let detail = "300000 x 200000 = 60000000000 cells are more than the limit of 17179869184.";
    assert_eq!(error["detail"], detail);
    // The size of the hint is taken, as far as the clock allows.
    let bounds = ["--cell-size-m", "0.00187", "--max-seconds", "1"];
    assert_eq!(run("raster", "6677", &source, &bounds).error(), "ingest-time");
}
