//! Small pictures that ask for much: each ends in time, in memory, with an error that can be told.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bombs::bounded_as;
use crate::support::{Done, Files};

/// A picture that lies somewhere, read as one: where it lies stands in a file beside it.
fn picture(path: &Path, flags: &[&str]) -> Done {
    std::fs::write(path.with_extension("wld"), "0.5\n0\n0\n-0.5\n0.25\n-0.25\n").unwrap();
    let mut all = vec!["--crs", "6677", "--nodata", "0"];
    all.extend(flags);
    bounded_as("raster", "6677", path, &all)
}

fn raster(path: &Path) -> Done {
    bounded_as("raster", "6677", path, &["--nodata", "0"])
}

fn gdal(program: &str, flags: &[&str], paths: &[&Path]) {
    let output = Command::new(program).arg("-q").args(flags).args(paths).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The checksum of a part of a PNG.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
    let table: Vec<u32> = (0..256).map(|byte| (0..8).fold(byte, |crc, _| step(crc))).collect();
    !bytes.iter().fold(!0, |crc, byte| {
        let low = usize::from(crc.to_le_bytes()[0] ^ byte);
        table[low] ^ (crc >> 8)
    })
}

/// Deflated zeros, at least as many as asked for: fixed codes, one zero, then 258 more by each 13
/// bits. Unending where it ends: there is no last block.
fn zeros(count: u64) -> Vec<u8> {
    let mut bits = vec![false, true, false];
    bits.extend([false, false, true, true, false, false, false, false]);
    // The length 258 is code 285 of 8 bits, the distance 1 code 0 of 5 bits.
    let pair =
        [true, true, false, false, false, true, false, true, false, false, false, false, false];
    while bits.len() % 8 != 0 {
        bits.extend(pair);
    }
    let pack = |bits: &[bool]| -> Vec<u8> {
        let byte =
            |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
        bits.chunks(8).map(byte).collect()
    };
    let round = pack(&pair.repeat(8));
    let rounds = usize::try_from(count / (8 * 258) + 1).unwrap();
    let mut bytes = vec![0x78, 0x01];
    bytes.extend(pack(&bits));
    bytes.extend(round.repeat(rounds));
    bytes
}

/// A grey picture of 8 bits.
fn png([columns, rows]: [u32; 2], packed: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = [columns.to_be_bytes(), rows.to_be_bytes()].concat();
    head.extend([8, 0, 0, 0, 0]);
    for (name, body) in [(b"IHDR", head.as_slice()), (b"IDAT", packed), (b"IEND", &[])] {
        bytes.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        let part = [name.as_slice(), body].concat();
        bytes.extend(&part);
        bytes.extend(crc(&part).to_be_bytes());
    }
    bytes
}

#[test]
fn pictures_without_end() {
    let files = Files::new();
    let tiny = zeros(1);
    for (name, size) in [("a.png", [0x7fff_ffff; 2]), ("b.png", [1_000_000; 2]), ("c.png", [0; 2])]
    {
        let done = picture(&files.write(name, png(size, &tiny)), &[]);
        assert_eq!(done.code, 3, "{name}: {}", done.words);
    }
    // One row is larger than the memory: 2 GB of zeros in 13 MB.
    let packed = zeros(2_000_000_000);
    let wide = picture(&files.write("wide.png", png([2_000_000_000, 1], &packed)), &[]);
    assert_eq!(wide.code, 3, "{}", wide.words);
    // Every row is sound, and all together take too long.
    let packed = zeros(1_700_000_000);
    let bomb = files.write("bomb.png", png([40_000, 40_000], &packed));
    let done = picture(&bomb, &["--max-seconds", "3"]);
    assert_eq!(done.error(), "ingest-time", "{}", done.words);
    // The same as an elevation tile, which is read by ourselves.
    let tile = bounded_as("raster", "6677", &bomb, &["--tile", "8/229/94"]);
    assert_eq!(tile.error(), "gsi-picture", "{}", tile.words);
}

/// One entry of a directory: tag, type, count, value.
type Entry = (u16, u16, u32, u32);

/// A TIFF of one directory, which names `next` as the one after it. What does not fit into an
/// entry stands at [`EXTRA`].
fn tiff(entries: &[Entry], next: u32, extra: &[u8]) -> Vec<u8> {
    let mut all = entries.to_vec();
    // The cell, the corner and the CRS: half a metre, the origin, EPSG:6677.
    all.extend([(33_550, 12, 3, PLACE), (33_922, 12, 6, PLACE + 24), (34_735, 3, 16, PLACE + 72)]);
    all.sort_unstable();
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend(u16::try_from(all.len()).unwrap().to_le_bytes());
    for (tag, kind, count, value) in all {
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.extend(next.to_le_bytes());
    bytes.resize(PLACE as usize, 0);
    for number in [0.5_f64, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0] {
        bytes.extend(number.to_le_bytes());
    }
    let keys = [1_u16, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 6677];
    bytes.extend(keys.iter().flat_map(|key| key.to_le_bytes()));
    bytes.resize(EXTRA as usize, 0);
    bytes.extend(extra);
    bytes
}

/// Where the place stands in a file of [`tiff`], and where the rest does.
const PLACE: u32 = 400;
const EXTRA: u32 = 600;

/// Columns, rows, bits, compression, meaning, bands.
fn shape([columns, rows]: [u32; 2], compression: u32, bands: u32) -> Vec<Entry> {
    vec![
        (256, 4, 1, columns),
        (257, 4, 1, rows),
        (258, 3, 1, 8),
        (259, 3, 1, compression),
        (262, 3, 1, 1),
        (277, 3, 1, bands),
        (284, 3, 1, 1),
    ]
}

/// Tiles of `bytes` each; the two lists of them begin at [`EXTRA`].
fn tiled(size: [u32; 2], edge: u32, tiles: u32, bytes: u32) -> Vec<Entry> {
    let mut entries = shape(size, 8, 1);
    // A single number stands in the entry itself.
    let lists = if tiles == 1 { [EXTRA, bytes] } else { [EXTRA, EXTRA + 4 * tiles] };
    entries.extend([(322, 4, 1, edge), (323, 4, 1, edge)]);
    entries.extend([(324, 4, tiles, lists[0]), (325, 4, tiles, lists[1])]);
    entries
}

#[test]
fn tiffs_without_end() {
    let files = Files::new();
    let write = |name: &str, bytes: Vec<u8>| -> PathBuf { files.write(name, bytes) };
    // A million by a million cells in 961 tiles of a gigabyte, none of which is there.
    let sparse = tiff(&tiled([1_000_000; 2], 32_768, 961, 0), 0, &vec![0; 961 * 8]);
    assert_eq!(raster(&write("sparse.tif", sparse)).code, 3);
    // Sides beyond every number, with lists of tiles that are not there.
    let lie = tiff(&tiled([0x7fff_ffff; 2], 256, 0x1fff_ffff, 0), 0, &[]);
    assert_eq!(raster(&write("lie.tif", lie)).code, 3);
    // One tile of a gigabyte out of seven megabytes.
    let packed = zeros(1 << 30);
    let bytes = u32::try_from(packed.len()).unwrap();
    let deflate = tiff(&tiled([32_768; 2], 32_768, 1, bytes), 0, &packed);
    let done = raster(&write("deflate.tif", deflate));
    assert_eq!(done.error(), "ingest-memory", "{}", done.words);
    // A million by a million cells in tiles of 16 MB, each of which is the same 100 KB.
    let (packed, tiles) = (zeros(1 << 24), 245 * 245);
    let bytes = u32::try_from(packed.len()).unwrap();
    let lists = [EXTRA + 8 * tiles, bytes].map(|all| all.to_le_bytes().repeat(tiles as usize));
    let shared = [lists.concat(), packed].concat();
    let shared = tiff(&tiled([1_000_000; 2], 4_096, tiles, 0), 0, &shared);
    let path = write("shared.tif", shared);
    let flags = ["--nodata", "0", "--max-seconds", "3"];
    assert_eq!(bounded_as("raster", "6677", &path, &flags).code, 3);
    // One strip of a million rows.
    let packed = zeros(1 << 28);
    let mut entries = shape([1_000_000; 2], 8, 1);
    let bytes = u32::try_from(packed.len()).unwrap();
    entries.extend([(278, 4, 1, 1_000_000), (273, 4, 1, EXTRA), (279, 4, 1, bytes)]);
    assert_eq!(raster(&write("strip.tif", tiff(&entries, 0, &packed))).code, 3);
    // A directory that is its own successor, and one that is nowhere.
    for next in [8, 0x7fff_fff0] {
        let mut entries = shape([4, 4], 1, 1);
        entries.extend([(278, 4, 1, 4), (273, 4, 1, EXTRA), (279, 4, 1, 16)]);
        raster(&write("loop.tif", tiff(&entries, next, &[7; 16])));
    }
    for bands in [1_025, 65_000, 65_535] {
        let mut entries = shape([4, 4], 1, bands);
        entries.extend([(278, 4, 1, 4), (273, 4, 1, EXTRA), (279, 4, 1, 16 * bands)]);
        let done = raster(&write("bands.tif", tiff(&entries, 0, &vec![7; 16 * 65_535])));
        assert_eq!(done.code, 3, "{bands}: {}", done.words);
    }
}

/// A strip of LZW that grows a thousandfold, by GDAL's own writer.
#[test]
fn a_strip_of_lzw() {
    let files = Files::new();
    let path = files.path("lzw.tif");
    let flags = ["-ot", "Byte", "-bands", "1", "-outsize", "20000", "20000", "-burn", "0"];
    let place = ["-a_srs", "EPSG:6677", "-a_ullr", "0", "0", "10000", "-10000"];
    let packing = ["-co", "COMPRESS=LZW", "-co", "BLOCKYSIZE=20000"];
    let output = Command::new("gdal_create")
        .args([&flags[..], &place[..], &packing[..]].concat())
        .arg(&path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = path.metadata().unwrap().len();
    assert!(bytes < 4 << 20, "{bytes}");
    let done = bounded_as("raster", "6677", &path, &["--nodata", "0", "--max-seconds", "4"]);
    assert!(["ingest-memory", "ingest-time"].contains(&done.error()), "{}", done.words);
}

/// A photograph of 16 x 16 cells that announces 65,500 x 65,500.
#[test]
fn photographs_that_lie() {
    let files = Files::new();
    let source = files.path("small.tif");
    let flags = ["-ot", "Byte", "-bands", "3", "-outsize", "16", "16", "-burn", "90"];
    let output = Command::new("gdal_create").args(flags).arg(&source).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (name, progressive) in [("base.jpg", "NO"), ("progressive.jpg", "YES")] {
        let path = files.path(name);
        let how = format!("PROGRESSIVE={progressive}");
        gdal("gdal_translate", &["-of", "JPEG", "-co", &how], &[&source, &path]);
        let mut bytes = std::fs::read(&path).unwrap();
        // The start of a frame: marker, length, bits, then rows and columns.
        let frame = bytes.windows(2).position(|two| two == [0xff, 0xc0] || two == [0xff, 0xc2]);
        let frame = frame.unwrap();
        bytes[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
        std::fs::write(&path, bytes).unwrap();
        let done = picture(&path, &["--max-seconds", "4"]);
        assert_eq!(done.code, 3, "{name}: {}", done.words);
    }
}

/// No driver for JPEG 2000 is among those that are kept.
#[test]
fn jpeg_2000_is_not_opened() {
    let files = Files::new();
    let boxed = b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 ";
    let stream = b"\xff\x4f\xff\x51\0\x2f\0\0\x7f\xff\xff\xff\x7f\xff\xff\xff";
    for (name, bytes) in [("a.jp2", boxed.as_slice()), ("a.j2k", stream)] {
        assert_eq!(raster(&files.write(name, bytes)).error(), "ingest-format", "{name}");
    }
}
